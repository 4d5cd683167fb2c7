"""
Who is covered: services counted against people, places, lines and land, by unit, with bounds over what is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting import gaps as lists
from notspot_coverage.counting.atoms import Atoms
from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.operators import by_operators
from notspot_coverage.counting.painting import NO, UNKNOWN, YES, Painted, edged, paint, varies
from notspot_coverage.counting.ranking import ranking
from notspot_coverage.counting.rasters import Run
from notspot_coverage.counting.services import LAND, Account, Bounds, Lines, People, Places, Service, Surface
from notspot_coverage.counting.spreads import Locate, Spread, shares, spread
from notspot_coverage.counting.statuses import Edges, statuses
from notspot_coverage.counting.targets import Target, line_target, place_target
from notspot_coverage.counting.units import Sums, Units
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text

Values = NDArray[np.float64]
Step = Callable[[str], None]

UNITS = {
    "people": Text("人", "people"),
    "households": Text("戶", "households"),
    "area": Text("平方公里", "km²"),
    "places": Text("處", "places"),
    "lines": Text("公里", "km"),
}
KEYS = ["service", "of", "subject"]
COLUMNS = [
    *KEYS, "level", "code", "name", "total", "covered", "not_covered", "unknown", "low", "best", "high", "unit",
    "low_by", "high_by", "varied",
]  # fmt: skip
VARIANTS = [
    *KEYS, "level", "code", "surface", "edges", "location_percent", "anchors", "covered", "not_covered", "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variant:
    """One choice of every assumption; empty where it does not apply."""

    surface: str = ""
    edges: str = ""
    location_percent: float = float("nan")
    anchors: str = ""

    def words(self, varied: Sequence[str]) -> str:
        """What was chosen, of what is varied."""
        said = {
            "surface": self.surface,
            "edges": f"edges {self.edges}",
            "location": f"{self.location_percent:g} % of places",
            "anchors": f"shared points {self.anchors}",
        }
        return ", ".join(said[name] for name in varied if name in said)


@dataclass(frozen=True, slots=True)
class Counted:
    """Covered and unknown of every atom, shape (variants, atoms), of totals, shape (atoms,)."""

    variants: list[Variant]
    covered: Values
    unknown: Values
    total: Values
    sums: Sums
    names: dict[str, str] = field(default_factory=dict)


def count(
    lattice: Lattice,
    units: Units,
    services: Sequence[Service],
    *,
    locate: Locate,
    people: Sequence[People] = (),
    surfaces: Sequence[Surface] = (Surface(id="even"),),
    places: Sequence[Places] = (),
    lines: Sequence[Lines] = (),
    bounds: Bounds | None = None,
    step: Step = lambda _: None,
    run: Run | None = None,
) -> Account:
    """
    Count services against people, households, land, places and lines.

    Parameters
    ----------
    lattice, units
        Of the same villages.
    locate
        Village of points in degrees (longitudes, latitudes): their index in ``lattice.codes``, -1 for none.
    surfaces
        Where people are in their village; the first gives the best estimate, all are varied.
    step
        Called with a few words before each part of the work.
    run
        Who paints rasters, see `rasters.paint_raster`.

    Returns
    -------
    account
        See `Account`. People are whole numbers in every row: ``total = covered + not_covered + unknown``.

    Raises
    ------
    InputError
        Codes of people whose township does not exist; layers that cannot be read.
    """
    bounds = bounds or Bounds()
    _check(services, people, surfaces, bounds)
    step("surfaces")
    spreads = [spread(lattice, surface, locate) for surface in surfaces]
    targets = [place_target(lattice, units, item, locate) for item in places]
    targets += [line_target(lattice, units, item, locate) for item in lines]
    notes = [note for item in spreads for note in item.notes]
    notes += [note for item in targets for note in item.notes]
    atoms = {
        (item.id, of): Atoms.of(lattice, units, item, of)
        for item in people
        for of in ("people", "households")
        if of in item.counts
    }
    ground = Sums.of(units, lattice.codes)
    tables, variants, kinds, roaming, gaps = [], [], [], [], []
    for service in services:
        step(f"service {service.id}")
        painted = paint(lattice, service, bounds, run)
        reached = _reached(lattice, painted, spreads, bounds)
        for item in (p for p in people if service.counts(p.id)):
            for of in (name for name in ("people", "households") if name in item.counts):
                counted = _people(atoms[item.id, of], reached, spreads)
                table = table_of(counted, service.id, of, item.id)
                tables.append(table)
                variants.append(_variants(counted, service.id, of, item.id))
                if of == "people":
                    bare = counted.total - counted.covered[0] - counted.unknown[0]
                    found = by_operators(painted, item.id, atoms[item.id, of], spreads[0], bare)
                    kinds.append(found[0])
                    roaming.append(found[1])
                    if item is people[0] and item.level == "village" and not service.last_resort:
                        gaps.append(lists.village_gaps(lattice, units, service, table))
        if service.counts(LAND):
            counted = _land(lattice, ground, reached)
            tables.append(table_of(counted, service.id, "area", LAND))
            variants.append(_variants(counted, service.id, "area", LAND))
        percents = bounds.location_percent if varies(service) else bounds.location_percent[:1]
        for target in (t for t in targets if service.counts(t.id)):
            counted, status = _target(lattice, service, target, percents, bounds)
            tables.append(table_of(counted, service.id, target.of, target.id))
            variants.append(_variants(counted, service.id, target.of, target.id))
            if target.of == "places" and not service.last_resort:
                gaps.append(lists.place_gaps(lattice, units, service, target, status))
        del painted, reached
    table = _joined(tables, COLUMNS)
    return Account(
        table=table,
        variants=_joined(variants, VARIANTS),
        notspots=_joined(kinds, []),
        roaming=_joined(roaming, []),
        gaps=_joined(gaps, lists.COLUMNS),
        ranking=ranking(table, _joined(variants, VARIANTS)),
        services={service.id: service for service in services},
        notes=tuple(dict.fromkeys([*notes, *_people_notes(lattice, people)])),
    )


def _check(
    services: Sequence[Service], people: Sequence[People], surfaces: Sequence[Surface], bounds: Bounds
) -> None:
    named = {
        "service": [item.id for item in services],
        "people": [item.id for item in people],
        "surface": [item.id for item in surfaces],
    }
    for what, ids in named.items():
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise UsageError(f"the {what} {', '.join(twice)} is there twice; ids must differ")
    if not surfaces:
        raise UsageError('there is no surface; Surface(id="even") spreads people evenly over their village')
    if not bounds.location_percent or not all(0 < p < 100 for p in bounds.location_percent):
        raise UsageError("location percentages lie between 0 and 100, and there is at least one")


# ------------------------------------------------------------------ what is covered of atoms


def _reached(
    lattice: Lattice, painted: Painted, spreads: Sequence[Spread], bounds: Bounds
) -> dict[Variant, tuple[Values, Values]]:
    """
    Shares of villages that are reached, and that may be, by variant; the first is the best estimate. Land is under
    ``""``.
    """
    out = {}
    edges: tuple[Edges, ...] = (
        ("exact", "in", "out") if bounds.edges and edged(painted.service) else ("exact",)
    )
    for percent, cover in painted.covers.items():
        for how in edges:
            read = cover.edges(how)
            for item in spreads:
                out[Variant(item.id, how, percent)] = shares(item, read, len(lattice.codes))
            even = next((s for s in spreads if s.weight is lattice.pieces.area_m2), None)
            land = Variant("", how, percent)
            if even is not None:
                out[land] = out[Variant(even.id, how, percent)]
            else:
                pieces = lattice.pieces
                ground = Spread(
                    LAND, pieces.cell, pieces.village, pieces.mask, pieces.area_m2, lattice.area_km2
                )
                out[land] = shares(ground, read, len(lattice.codes))
    return out


def _edges(service: Service, bounds: Bounds) -> tuple[Edges, ...]:
    """How the edges of a service are read, as they are first."""
    return ("exact", "in", "out") if bounds.edges and edged(service) else ("exact",)


def _people(
    atoms: Atoms, reached: dict[Variant, tuple[Values, Values]], spreads: Sequence[Spread]
) -> Counted:
    """Whole people of each village (or township), by variant; those without a polygon are unknown."""
    variants = [variant for variant in reached if variant.surface]
    weights = {s.id: s.village_weight for s in spreads}
    number = atoms.number
    covered, either = np.zeros((2, len(variants), len(number)))
    for at, variant in enumerate(variants):
        weight = weights[variant.surface]
        yes, possible = (share[:, None] for share in reached[variant])
        # both are rounded and never their difference, so that what covers more never counts fewer
        covered[at] = np.rint(atoms.shares(yes, weight)[:, 0] * number)
        either[at] = np.rint(atoms.shares(possible, weight, rest=1.0)[:, 0] * number)
    return Counted(variants, covered, either - covered, number, atoms.sums)


def _land(lattice: Lattice, sums: Sums, reached: dict[Variant, tuple[Values, Values]]) -> Counted:
    variants = [variant for variant in reached if not variant.surface]
    covered = np.array([reached[v][0] for v in variants]) * lattice.area_km2
    either = np.array([reached[v][1] for v in variants]) * lattice.area_km2
    return Counted(variants, covered, either - covered, lattice.area_km2, sums)


def _target(
    lattice: Lattice, service: Service, target: Target, percents: Sequence[float], bounds: Bounds
) -> tuple[Counted, NDArray[np.int8]]:
    """Places and lines: status at the point itself. Also the status of each in the best estimate."""
    variants, covered, unknown = [], [], []
    found = statuses(lattice, service, target.x, target.y, target.village, percents, _edges(service, bounds))
    for (percent, how), status in found.items():
        for anchors in ("as placed", "out", "in") if target.shared.any() else ("",):
            read = status.copy()
            if anchors in ("out", "in"):
                read[target.shared] = NO if anchors == "out" else YES
            variants.append(Variant("", how, percent, anchors))
            covered.append(np.where(read == YES, target.size, 0.0))
            unknown.append(np.where(read == UNKNOWN, target.size, 0.0))
    best = found[percents[0], "exact"]
    return Counted(variants, np.array(covered), np.array(unknown), target.size, target.sums), best


# ------------------------------------------------------------------ frames


def table_of(counted: Counted, service: str, of: str, subject: str) -> pd.DataFrame:
    """Rows of an account's table for one service and subject."""
    total = counted.sums.add(counted.total)
    covered = counted.sums.add(counted.covered.T)
    unknown = counted.sums.add(counted.unknown.T)
    here = slice(None), 0
    known = np.maximum(total - unknown[here], 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = np.where(total > 0, total, np.nan)
        best = 100 * covered[here] / np.where((known > 0) & (total > 0), known, np.nan)
        low = np.clip(100 * covered / whole[:, None], 0, 100)
        high = np.clip(100 * (covered + unknown) / whole[:, None], 0, 100)
    best = np.clip(best, 0, 100)
    least = np.argmin(covered, axis=1)
    most = np.argmax(covered + unknown, axis=1)
    varied = _varied(counted)
    words = np.array([variant.words(varied) for variant in counted.variants], object)
    frame = counted.sums.frame.assign(
        service=service,
        of=of,
        subject=subject,
        total=total,
        covered=covered[here],
        not_covered=np.maximum(total - covered[here] - unknown[here], 0),
        unknown=unknown[here],
        best=best,
        low=np.fmin(low.min(axis=1), best),  # rounding only
        high=np.fmax(high.max(axis=1), best),
        unit=UNITS[of].zh,
        low_by=words[least],
        high_by=words[most],
        varied=", ".join(["unknown", *varied]),
    )
    # where every variant says the same, none made the difference
    same = (covered == covered[:, :1]).all(axis=1) & (unknown == unknown[:, :1]).all(axis=1)
    frame.loc[same, ["low_by", "high_by"]] = ""
    return frame[COLUMNS]


def _varied(counted: Counted) -> list[str]:
    fields = {"surface": "surface", "edges": "edges", "location": "location_percent", "anchors": "anchors"}
    return [
        name
        for name, attribute in fields.items()
        if len({str(getattr(variant, attribute)) for variant in counted.variants}) > 1
    ]


def _variants(counted: Counted, service: str, of: str, subject: str) -> pd.DataFrame:
    keep = (counted.sums.frame["level"] != "village").to_numpy()
    units = counted.sums.frame[keep]
    total = counted.sums.add(counted.total)[keep]
    covered = counted.sums.add(counted.covered.T)[keep]
    unknown = counted.sums.add(counted.unknown.T)[keep]
    frames = [
        pd.DataFrame(
            {
                "service": service, "of": of, "subject": subject, "level": units["level"], "code": units["code"],
                "surface": variant.surface, "edges": variant.edges, "location_percent": variant.location_percent,
                "anchors": variant.anchors, "covered": covered[:, at],
                "not_covered": np.maximum(total - covered[:, at] - unknown[:, at], 0), "unknown": unknown[:, at],
            }
        )
        for at, variant in enumerate(counted.variants)
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)[VARIANTS]


def _joined(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else pd.DataFrame(columns=list(columns))


def _people_notes(lattice: Lattice, people: Sequence[People]) -> list[Text]:
    out = []
    known = set(lattice.codes)
    for item in people:
        if item.level != "village":
            continue
        of = "people" if "people" in item.counts else "households"
        away = item.counts[~item.counts.index.isin(known)]
        if len(away):
            number = int(away[of].sum())
            out.append(
                Text(
                    f"「{item.name.zh}」有 {len(away):,} 個村里無界線，"
                    f"其 {number:,} {UNITS[of].zh}計入所屬鄉鎮市區，列為無資料。",
                    f"{len(away):,} villages of {item.name.en} have no polygon; their {number:,} {of} count as unknown "
                    "in their townships.",
                )
            )
        bare = len(known - set(item.counts.index))
        if bare:
            out.append(
                Text(
                    f"「{item.name.zh}」未列 {bare:,} 個有界線之村里，其人口以 0 計。",
                    f"{bare:,} villages with a polygon are not in {item.name.en}; they count with 0.",
                )
            )
    return out
