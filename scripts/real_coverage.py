"""
Runs c and d of `real_runs.py`: what a synthetic 4G and 5G network covers, of people, places, trails and zones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from notspot_coverage.results import Results
from real_network import (
    CANDIDATES,
    CELL_M,
    LICENCES_A_SITE,
    NR_RURAL,
    NR_URBAN,
    RADIUS_M,
    SEED,
    URBAN_PER_KM2,
    Network,
)
from real_studies import INDOOR_DB, LTE_DBM, NR_DBM, PERCENTS, PLACES, SIGMA_DB
from real_text import best, one_of, share, table

SERVICES = {
    "lte": "4G outdoors, any operator",
    "lte_indoor": "4G indoors, any operator",
    "lte_one": "4G outdoors, smallest operator alone",
    "nr": "5G outdoors, any operator",
    "nr_indoor": "5G indoors, any operator",
}
GROUPS = {"remote": "remote", "non_remote": "non-remote", "mountain_indigenous": "mountain indigenous"}
SHOWN = 10
BUSY = 2.5  # a load above it means that others were at work


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a run in a process of its own: seconds on the clock and of the processors, greatest memory."""

    wall_s: float
    cpu_s: float
    peak_gb: float
    load: float


def network_part(network: Network, folder: Path) -> str:
    """What the page says of the sites and their prediction."""
    towns = network.townships
    timing = {name: _timing(folder, name) for name in ("4g", "5g")}
    lines = [
        [
            name, f"{len(sites):,}", f"{said['sites']:,.0f}", f"{RADIUS_M[technology] / 1000:g} km",
            _minutes(said["seconds"]), _minutes(said["cpu_seconds"]), f"{said['peak_gb']:.2f} GB",
        ]
        for name, technology, sites, said in (
            ("4G, 780 MHz", "4G", network.lte, timing["4g"]), ("5G, 3.5 GHz", "5G", network.nr, timing["5g"]),
        )
    ]  # fmt: skip
    head = ["", "sites", "predicted", "radius", "time", "of processors", "peak memory"]
    few = towns[towns["licences"] < LICENCES_A_SITE]
    rejects = pd.read_csv(folder / "4g" / "rejects.csv")["reason"]
    away, twice = (int(rejects.str.contains(words).sum()) for words in ("outside the terrain", "repeats row"))
    said = (
        f"Made up from the {int(towns['licences'].sum()):,} 4G licences of 2021-12 in {len(towns)} townships: one "
        f"site of an operator for {LICENCES_A_SITE} licences (a mast carries several bands), at least one a "
        f"township ({len(few)} {'has' if len(few) == 1 else 'have'} fewer licences). Operators A to E have the "
        "shares that the five real ones have in each county. Villages get sites by their people of 2021-03, and "
        f"a site stands near a school, station or shelter of its village, at the middle height of {CANDIDATES} "
        f"places tried. No 5G counts are published: {100 * NR_URBAN:.0f} % of the 4G sites of A to C have 5G in "
        f"villages above {URBAN_PER_KM2:g} people a km², {100 * NR_RURAL:.0f} % elsewhere. Seed {SEED}. Power, "
        f"antennas and thresholds ({LTE_DBM} dBm for 4G, {NR_DBM} dBm for 5G) are the defaults of "
        f"[sites.md](sites.md); indoors asks for {INDOOR_DB} dB more; the level varies by {SIGMA_DB:g} dB over "
        f"the places in a cell. Cells of {CELL_M:g} m, ITU-R P.1812. Penghu, Kinmen and Matsu have no terrain "
        f"here: their {away} 4G sites are refused and their people unknown; {twice} sites fall on another of the "
        "same operator and count once."
    )
    loads = [load for name in timing if (load := timing[name].get("load", 0)) > BUSY]
    busy = f"\n\nPredicted on 2 cores that had other work (load {max(loads):.0f})." if loads else ""
    return f"{said}\n\n{table(head, lines)}{busy}"


def people_part(results: Results, cost: Cost) -> str:
    """What the page says of run d."""
    return "\n\n".join(
        [_services(results), _moves(results), _kinds(results), _villages(results), _cost(results, cost)]
    )


def places_part(results: Results) -> str:
    """What the page says of run c."""
    return "\n\n".join([_places(results), _trails(results), _zones(results)])


# ------------------------------------------------------------------ people


def _rows(results: Results, level: str, of: str, subject: str | None = None) -> pd.DataFrame:
    assert results.account is not None
    rows = results.account.table
    rows = rows[(rows["level"] == level) & (rows["of"] == of)]
    return rows if subject is None else rows[rows["subject"] == subject]


def _services(results: Results) -> str:
    nation = _rows(results, "nation", "people").set_index("service")
    groups = _rows(results, "group", "people").set_index(["service", "code"])
    lines = []
    for service, name in SERVICES.items():
        row = nation.loc[service]
        cells = [best(groups.loc[(service, code)]) for code in GROUPS]
        lines.append([name, best(row), f"{row['unknown']:,.0f}", *cells])
    head = ["synthetic network, best (low–high)", "people", "unknown people", *GROUPS.values()]
    total = nation["total"].iloc[0]
    said = (
        f"Of {total:,.0f} people. The best estimate is the share of those about whom something is known; low "
        "takes the unknown for uncovered, high for covered."
    )
    return f"{table(head, lines)}\n\n{said}"


def _moves(results: Results) -> str:
    """One assumption changed at a time."""
    assert results.account is not None
    rows = results.account.variants
    rows = rows[(rows["level"] == "nation") & (rows["of"] == "people")]
    first = {"surface": "even", "edges": "exact", "location_percent": 50.0}
    choices: list[tuple[str, dict[str, object]]] = [("best estimate: evenly, 50 % of places", {})]
    choices += [(f"surface: {name}", {"surface": name}) for name in ("proxy", "points")]
    choices += [(f"edge cells counted {name}", {"edges": name}) for name in ("in", "out")]
    choices += [(f"{p} % of the places in a cell", {"location_percent": float(p)}) for p in PERCENTS[1:]]
    services = ["lte", "lte_indoor", "nr", "nr_indoor"]
    lines = []
    for label, change in choices:
        cells = []
        for service in services:
            wanted = {**first, **change, "service": service}
            fits = rows[(rows[list(wanted)] == pd.Series(wanted)).all(axis=1)].iloc[0]
            cells.append(f"{fits['covered']:,.0f}")
        lines.append([label, *cells])
    head = ["people covered, synthetic network", *(SERVICES[name].split(",")[0] for name in services)]
    return "What moves the figure, one assumption at a time:\n\n" + table(head, lines)


def _kinds(results: Results) -> str:
    assert results.account is not None
    rows = results.account.notspots
    rows = rows[(rows["level"] == "nation")]
    lines = []
    for service in ("lte", "lte_indoor", "nr", "nr_indoor"):
        mine = rows[rows["service"] == service]
        people = {kind: float(mine.loc[mine["kind"] == kind, "people"].sum()) for kind in mine["kind"]}
        order = ("none", "partial", "complete", "unknown")
        lines.append([SERVICES[service].split(",")[0], *(f"{people.get(kind, 0):,.0f}" for kind in order)])
    head = ["people, synthetic network", "all operators", "some operators", "no operator", "unknown"]
    roam = results.account.roaming
    one = roam[(roam["level"] == "nation") & (roam["service"] == "lte")].sort_values("not_covered").iloc[-1]
    said = (
        f"A person is in the first column where every operator is known to serve. Operator {one['operator']} "
        f"leaves {one['not_covered']:,.0f} people without 4G outdoors; roaming on another network would reach "
        f"{one['solved']:,.0f} of them "
        f"({share(one['solved'] / one['not_covered']) if one['not_covered'] else 'none'})."
    )
    return f"{table(head, lines)}\n\n{said}"


def _villages(results: Results) -> str:
    assert results.account is not None
    rows = results.account.gaps
    rows = rows[(rows["service"] == "lte_indoor") & (rows["kind"] == "village")]
    remote = rows[rows["remote"].astype(bool) & (rows["not_covered"] > 0)]
    lines = [
        [
            row["name"], f"{row['people']:,.0f}", f"{row['not_covered']:,.0f}", f"{row['unknown']:,.0f}",
            row["nearest"], "" if math.isnan(row["distance_km"]) else f"{row['distance_km']:.1f}",
        ]
        for _, row in remote.head(SHOWN).iterrows()
    ]  # fmt: skip
    head = [
        "remote village, synthetic network",
        "people",
        "not covered",
        "unknown",
        "nearest served village",
        "km",
    ]
    said = (
        f"Villages where 4G indoors reaches less than half of those known: {len(rows):,}, of them {len(remote):,} "
        "remote with people known to be uncovered. The first:"
    )
    return f"{said}\n\n{table(head, lines)}"


def _cost(results: Results, cost: Cost) -> str:
    assert results.account is not None
    villages = len(results.villages)
    services = results.account.table["service"].nunique()
    surfaces = results.account.variants["surface"].replace("", None).nunique()
    said = (
        f"{villages:,} villages × {services} services × {surfaces} surfaces, with edges and "
        f"{', '.join(map(str, PERCENTS))} % of places, from the TOML to the account, with the start of Python and "
        f"the reading of all files: {cost.wall_s:.0f} s on the clock, {cost.cpu_s:.0f} s of processor time, "
        f"{cost.peak_gb:.2f} GB at most, on 2 cores"
    )
    busy = f" that had other work (load {cost.load:.0f})" if cost.load > BUSY else ""
    return said + busy + "."


# ------------------------------------------------------------------ places


def _places(results: Results) -> str:
    lines = []
    for subject, (_, _, name, _) in PLACES.items():
        rows = _rows(results, "nation", "places", subject).set_index("service")
        row = rows.loc["lte"]
        cells = [best(rows.loc[service]) for service in ("lte", "lte_indoor", "nr", "nr_indoor")]
        lines.append([name, f"{row['total']:,.0f}", f"{row['unknown']:,.0f}", *cells])
    head = [
        "synthetic network",
        "places",
        "unknown in 4G",
        "4G outdoors",
        "4G indoors",
        "5G outdoors",
        "5G indoors",
    ]
    ledger = results.ledger.to_frame()
    files = {Path(path).name: name for path, _, name, _ in PLACES.values()}
    refused = ledger[ledger["file"].isin(files)].groupby("file")["row"].nunique()
    told = ", ".join(f"{files[str(name)]} {count}" for name, count in refused.items())
    return (
        f"{table(head, lines)}\n\nPlaces whose point the checks refuse stay in the total, as unknown: {told}."
    )


def _trails(results: Results) -> str:
    rows = _rows(results, "nation", "lines", "trails").set_index("service")
    lines = [
        [
            SERVICES[service], f"{row['total']:.1f}", f"{row['covered']:.1f}", f"{row['not_covered']:.1f}",
            f"{row['unknown']:.1f}", best(row),
        ]
        for service, row in ((name, rows.loc[name]) for name in ("lte", "nr"))
    ]  # fmt: skip
    head = ["trails, km, synthetic network", "in all", "covered", "not covered", "unknown", "best (low–high)"]
    return table(head, lines)


def _zones(results: Results) -> str:
    stations = _rows(results, "nation", "places", "stations").set_index("service").loc["in_zone"]
    zones = _rows(results, "nation", "places", "zones").set_index("service").loc["lte"]
    area = _rows(results, "village", "area").set_index("service").loc[["in_zone"]]
    assert results.account is not None
    spread = results.account.variants
    spread = spread[
        (spread["service"] == "in_zone") & (spread["of"] == "people") & (spread["edges"] == "exact")
    ]
    people = spread[spread["level"] == "nation"].groupby("surface")["covered"].first()
    land = _rows(results, "nation", "area").set_index("service").loc["in_zone"]
    lines = [
        ["villages that a zone touches", one_of(int((area["covered"] > 0).sum()), len(area))],
        ["land in zones", f"{land['covered']:,.1f} km² ({share(land['covered'] / land['total'])})"],
        ["people in zones, evenly over their village", f"{people['even']:,.0f}"],
        ["people in zones, by schools and shelters", f"{people['points']:,.0f}"],
        ["synthetic 4G sites in a zone", one_of(stations["covered"], stations["total"])],
        [
            "zones with 4G outdoors at their middle, synthetic network",
            f"{best(zones)}, {zones['total']:,.0f} zones",
        ],
    ]
    for subject, (_, _, name, _) in PLACES.items():
        row = _rows(results, "nation", "places", subject).set_index("service").loc["in_zone"]
        lines.append([f"{name} in a zone", one_of(row["covered"], row["total"] - row["unknown"])])
    return table(["debris-flow zones of 2024-06", ""], lines)


def _timing(folder: Path, name: str) -> Mapping[str, float]:
    path = folder / f"timing_{name}.json"
    if path.exists():
        found: Mapping[str, float] = json.loads(path.read_text())
        return found
    return dict.fromkeys(("seconds", "cpu_seconds", "peak_gb", "sites"), math.nan)


def _minutes(seconds: float) -> str:
    if math.isnan(seconds):
        return "not measured"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
