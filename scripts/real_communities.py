"""
Run a of `real_runs.py`: indigenous communities and free outdoor Wi-Fi.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.results import Results
from notspot_geodata.ledger import Ledger
from notspot_geodata.vectors import read_geo
from real_studies import COMMUNITIES, COMMUNITY_HOTSPOTS, HOTSPOTS, RADII_M
from real_text import one_of, share, span, table

METRES = "EPSG:3826"
KINDS = {"community": "community hotspots", "all": "hotspots of all kinds"}
SHOWN = 10
HEADER = 1  # line of the file that holds the headers


@dataclass(frozen=True, slots=True)
class Distances:
    """
    How far hotspots are.

    Attributes
    ----------
    frame
        Communities with a usable point, in EPSG:3826: ``name, county, town, place`` (what the point is) and km to the
        nearest ``community`` hotspot and to the nearest of ``all``.
    named
        Metres from a community hotspot to the nearest point of a community of the same township that it is named
        after.
    named_communities
        How many communities those are.
    hotspots
        Community hotspots by county.
    """

    frame: gpd.GeoDataFrame
    named: NDArray[np.float64]
    named_communities: int
    hotspots: pd.Series[int]


def distances(data: Path) -> Distances:
    """What lies between communities and hotspots."""
    places = read_geo(data / COMMUNITIES, to_crs=METRES, ledger=Ledger(), allow_rejects=True)
    own = read_geo(data / COMMUNITY_HOTSPOTS, to_crs=METRES)
    every = read_geo(data / HOTSPOTS, to_crs=METRES, ledger=Ledger(), allow_rejects=True)
    frame = places[["name", "county", "town", "定位點", "geometry"]].rename(columns={"定位點": "place"})
    for kind, spots in (("community", own), ("all", every)):
        near = frame[["geometry"]].sjoin_nearest(spots[["geometry"]], distance_col="m")
        frame[kind] = near["m"].groupby(level=0).first() / 1000
    named, communities = _named_after(own, places)
    return Distances(frame, named, communities, own["county"].value_counts())


def _named_after(spots: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> tuple[NDArray[np.float64], int]:
    core = [re.sub(r"[(（].*?[)）]|部落|社區", "", str(name)).strip() for name in places["name"]]
    found, seen = [], set()
    for name, county, spot in zip(spots["name"], spots["county"], spots.geometry, strict=True):
        fits = [
            at
            for at, (word, where, town) in enumerate(zip(core, places["county"], places["town"], strict=True))
            if where == county and len(word) >= 2 and word in name and str(town) in name
        ]
        if fits:
            found.append(float(places.geometry.iloc[fits].distance(spot).min()))
            seen.update(fits)
    return np.array(found), len(seen)


# ------------------------------------------------------------------ the page


def part(results: Results, found: Distances) -> str:
    """What the page says of run a."""
    return "\n\n".join([_shares(results), _official(results, found), _counties(results, found), _far(found)])


def nation(results: Results) -> pd.DataFrame:
    """The nation's row of each service against communities."""
    assert results.account is not None
    rows = results.account.table
    return rows[(rows["level"] == "nation") & (rows["subject"] == "communities")].set_index("service")


def refused(results: Results) -> pd.DataFrame:
    """Rows of the list of communities that were refused, with every reason."""
    ledger = results.ledger.to_frame()
    mine = ledger[ledger["file"] == Path(COMMUNITIES).name]
    return mine.groupby("row", sort=True)["reason"].agg("; ".join).reset_index()


def _shares(results: Results) -> str:
    assert results.account is not None
    rows = nation(results)
    lines = []
    for radius in RADII_M:
        cells = [f"{radius:,} m"]
        for kind in KINDS:
            row = rows.loc[f"{kind}_{radius}"]
            cells += [one_of(row["covered"], row["total"] - row["unknown"]), span(row)]
        lines.append(cells)
    head = ["within", *(cell for name in KINDS.values() for cell in (name, "low–high of all"))]
    total, lost = int(rows["total"].iloc[0]), int(rows["unknown"].iloc[0])
    shared = next(note.en for note in results.account.notes if "share a point" in note.en)
    said = (
        f"{total:,} communities are counted: {total - lost:,} with a usable point and {lost} whose point the checks "
        f"refuse; these stay in the total, as unknown. {shared}"
    )
    return f"{table(head, lines)}\n\n{said}\n\n{_refused(results)}"


def _refused(results: Results) -> str:
    """Each refused row with what the checks said of it."""
    lines = []
    for seq, reason in refused(results).itertuples(index=False):
        said = re.sub(r"(is outside Taiwan): .*? ([\d,.]+ km from)", r"\1, \2", reason)
        lines.append([str(seq - HEADER), re.sub(r"longitude, latitude", "degrees", said)])
    return table(["Seq", "what the checks say"], lines)


def _official(results: Results, found: Distances) -> str:
    one = results.definitions["communities_wifi"]
    had, of = float(one.official_numerator or 0), float(one.official_denominator or 0)
    near, wide = nation(results).loc["community_1000"], nation(results).loc["all_1000"]
    m = found.named
    half, quarter, tenth = np.percentile(m, [50, 75, 90])
    hits = int(found.hotspots.sum())
    points = [
        "**Years and lists.** The official figure is of 2021 and counts communities in the programme's books; the "
        "communities are those of 2022-07 and the open list of hotspots is of 2025-11. It holds "
        f"{hits} access points in {len(found.hotspots)} counties: to serve {had:,.0f} communities each would have to "
        f"reach {had / hits:.1f} of them. {len(m)} bear the name of a community of their township, "
        f"{found.named_communities} different ones in all.",
        "**Anchors.** The point of a community is a school, a police station or a bend of the road. Between the "
        f"{len(m)} hotspots and the point of the community that they are named after lie {half:,.0f} m in the "
        f"median, {quarter:,.0f} m or more for a quarter, {tenth:,.0f} m or more for a tenth. A range of 100 m "
        f"measures the anchors; {int((m > 1000).sum())} of the {len(m)} are further off than 1 km.",
        f"**Other hotspots.** Most hotspots of all kinds stand inside public buildings. {int(wide['covered'])} "
        f"communities lie within 1 km of one, {int((found.frame['all'] <= 2).sum())} within 2 km.",
    ]
    head = (
        f"Officially {had:,.0f} of {of:,.0f} communities ({share(had / of)}) had free outdoor Wi-Fi in 2021. "
        f"Points on a map find {int(near['covered'])} within 1 km of a community hotspot. What lies between:"
    )
    return head + "\n\n" + "\n".join(f"- {line}" for line in points)


def _counties(results: Results, found: Distances) -> str:
    assert results.account is not None
    rows = results.account.table
    rows = rows[(rows["level"] == "county") & (rows["subject"] == "communities")]
    wide = rows.pivot(index="name", columns="service", values="covered")
    total = rows.groupby("name")["total"].first().sort_values(ascending=False)
    known = total - rows.groupby("name")["unknown"].first()
    order = [name for name in total.index if total[name] > 0]
    lines = []
    for name in order:
        own, every = wide.loc[name, "community_1000"], wide.loc[name, "all_1000"]
        usable = known[name]
        lines.append(
            [
                name, f"{total[name]:,.0f}", str(int(found.hotspots.get(name, 0))), one_of(own, usable),
                one_of(every, usable),
            ]
        )  # fmt: skip
    head = ["county", "communities", "community hotspots", "within 1 km of one", "within 1 km of any"]
    first = order[:2]
    many = sum(total[name] for name in first)
    few = sum(int(found.hotspots.get(name, 0)) for name in first)
    said = (
        f"By county. {' and '.join(first)} have {many:,.0f} of {total.sum():,.0f} communities and {few} of "
        f"{int(found.hotspots.sum())} community hotspots: that is where the open list is thin."
    )
    return f"{said}\n\n{table(head, lines)}\n\n{_towns(results)}"


def _towns(results: Results) -> str:
    assert results.account is not None
    rows = results.account.table
    rows = rows[
        (rows["level"] == "township") & (rows["service"] == "all_1000") & (rows["subject"] == "communities")
    ]
    worst = rows.sort_values(["not_covered", "code"], ascending=[False, True]).head(8)
    said = ", ".join(
        f"{row.name_} {int(row.not_covered)} of {int(row.total)}"
        for row in worst.rename(columns={"name": "name_"}).itertuples()
    )
    return f"Townships with most communities further than 1 km from a hotspot of any kind: {said}."


def _far(found: Distances) -> str:
    far = found.frame.sort_values("all", ascending=False).head(SHOWN)
    lines = [
        [str(rank), row.name_, f"{row.county}{row.town}", row.place, f"{row.all:.1f}", f"{row.community:.1f}"]
        for rank, row in enumerate(far.rename(columns={"name": "name_"}).itertuples(), start=1)
    ]
    head = ["", "community", "township", "its point", "km to any hotspot", "km to a community hotspot"]
    beyond = int((found.frame["all"] > 5).sum())
    said = f"Furthest from any hotspot, straight line from the point of the community ({beyond} are further than 5 km):"
    return f"{said}\n\n{table(head, lines)}"
