"""
Who is covered: services counted against people, places, lines and land, by unit, with bounds over what is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting import gaps as lists
from notspot_coverage.counting.atoms import Atoms, whole
from notspot_coverage.counting.checks import check
from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.notes import figure_notes, people_notes
from notspot_coverage.counting.operators import by_operators
from notspot_coverage.counting.painting import NO, UNKNOWN, YES, Painted, edged, paint, varies
from notspot_coverage.counting.ranking import CHOICES, ranking
from notspot_coverage.counting.rasters import Run
from notspot_coverage.counting.services import (
    LAND,
    Account,
    Bounds,
    Lines,
    People,
    Places,
    Service,
    Subject,
    Surface,
)
from notspot_coverage.counting.spreads import Locate, Spread, shares, spread
from notspot_coverage.counting.standing import COLUMNS as STANDING
from notspot_coverage.counting.standing import WORDED, shapes_of, site_notes, standing_of
from notspot_coverage.counting.statuses import Edges, Status, statuses
from notspot_coverage.counting.targets import Target, line_target, place_target
from notspot_coverage.counting.units import Sums, Units
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
PEOPLE = ("people", "households")
KEYS = ["service", "of", "subject"]
ROUNDING = 1e-9  # of a sum of km or km²
COLUMNS = [
    *KEYS, "level", "code", "name", "total", "covered", "not_covered", "unknown", "low", "best", "high", "unit",
    "low_by", "high_by", "varied",
]  # fmt: skip
VARIANTS = [*KEYS, "level", "code", *CHOICES, "covered", "not_covered", "unknown"]


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
        Codes of people whose township does not exist, numbers that are none of people; layers that cannot be read.
    UsageError
        Ids that stand twice, no surface, percentages that are none.
    """
    bounds = bounds or Bounds()
    check(services, people, surfaces, [*places, *lines], bounds)
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
    tables, variants, kinds, roaming, gaps, standing = [], [], [], [], [], []
    for service in services:
        step(f"service {service.id}")
        painted = paint(lattice, service, bounds, run)
        reached = _reached(lattice, painted, spreads, bounds)
        for item in (p for p in people if service.counts(p.id)):
            for of in (name for name in PEOPLE if name in item.counts):
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
                        gaps.append(lists.village_gaps(lattice, units, painted, table))
        if service.counts(LAND):
            counted = _land(lattice, ground, reached)
            tables.append(table_of(counted, service.id, "area", LAND))
            variants.append(_variants(counted, service.id, "area", LAND))
        percents = bounds.location_percent if varies(service) else bounds.location_percent[:1]
        chosen = [target for target in targets if service.counts(target.id)]
        for target, said in zip(chosen, _statuses(lattice, service, chosen, percents, bounds), strict=True):
            counted, status = _target(target, said)
            tables.append(table_of(counted, service.id, target.of, target.id))
            variants.append(_variants(counted, service.id, target.of, target.id))
            standing.append(standing_of(lattice, service, target, status, percents[0]))
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
        subjects={
            **{(of, item.id): Subject(item.name, item.as_of) for item in people for of in PEOPLE},
            **{("places", item.id): Subject(item.name, item.as_of) for item in places},
            **{("lines", item.id): Subject(item.name, item.as_of) for item in lines},
        },
        notes=tuple(
            dict.fromkeys(
                [
                    *notes,
                    *people_notes(lattice, people),
                    *figure_notes(lattice, services),
                    *site_notes(services),
                ]
            )
        ),
        standing=_joined(standing, STANDING).astype(dict.fromkeys(WORDED, "category")),
        shapes=shapes_of(targets, services),
    )


# ------------------------------------------------------------------ what is covered of atoms


def _reached(
    lattice: Lattice, painted: Painted, spreads: Sequence[Spread], bounds: Bounds
) -> dict[Variant, tuple[Values, Values]]:
    """
    Shares of villages that are reached, and that may be, by variant; the first is the best estimate. Land is under
    ``""``.
    """
    villages = len(lattice.codes)
    pieces = lattice.pieces
    even = next((s for s in spreads if s.weight is pieces.area_m2), None)
    ground = even or Spread(LAND, pieces.cell, pieces.village, pieces.mask, pieces.area_m2, lattice.area_km2)
    taken = [*spreads] if even else [*spreads, ground]
    out = {}
    for percent, cover in painted.covers.items():
        for how in _edges(painted.service, bounds):
            read = cover.edges(how)
            with ThreadPoolExecutor() as pool:
                found = list(pool.map(lambda item, read=read: shares(item, read, villages), taken))
            for item, share in zip(taken, found, strict=True):
                if item is not ground or even:
                    out[Variant(item.id, how, percent)] = share
                if item is ground:
                    out[Variant("", how, percent)] = share
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
        covered[at] = whole(atoms.shares(yes, weight)[:, 0] * number)
        either[at] = whole(atoms.shares(possible, weight, rest=1.0)[:, 0] * number)
    return Counted(variants, covered, either - covered, number, atoms.sums)


def _land(lattice: Lattice, sums: Sums, reached: dict[Variant, tuple[Values, Values]]) -> Counted:
    variants = [variant for variant in reached if not variant.surface]
    covered = np.array([reached[v][0] for v in variants]) * lattice.area_km2
    either = np.array([reached[v][1] for v in variants]) * lattice.area_km2
    return Counted(variants, covered, either - covered, lattice.area_km2, sums)


def _statuses(
    lattice: Lattice, service: Service, targets: Sequence[Target], percents: Sequence[float], bounds: Bounds
) -> list[dict[tuple[float, Edges], Status]]:
    """Status of the places and lines by variant, all looked up at once: a raster is read once for them."""
    if not targets:
        return []
    x, y, village = (np.concatenate([getattr(t, name) for t in targets]) for name in ("x", "y", "village"))
    found = statuses(lattice, service, x, y, village, percents, _edges(service, bounds))
    ends = np.cumsum([len(target.x) for target in targets])[:-1]
    split = {key: np.split(status, ends) for key, status in found.items()}
    return [{key: parts[at] for key, parts in split.items()} for at in range(len(targets))]


def _target(target: Target, found: dict[tuple[float, Edges], Status]) -> tuple[Counted, Status]:
    """Places and lines: status at the point itself. Also the status of each in the best estimate."""
    sums, at = target.sums.pooled()  # lines are millions of pieces
    towns = int(sums.town.size)

    def of(flags: NDArray[np.bool_]) -> Values:
        added: Values = np.bincount(at, np.where(flags, target.size, 0.0), towns).astype(np.float64)
        return added

    variants, covered, unknown = [], [], []
    for (percent, how), status in found.items():
        for anchors in ("as placed", "out", "in") if target.shared.any() else ("",):
            read = status
            if anchors in ("out", "in"):
                read = np.where(target.shared, NO if anchors == "out" else YES, status)
            variants.append(Variant("", how, percent, anchors))
            covered.append(of(read == YES))
            unknown.append(of(read == UNKNOWN))
    total = of(np.ones(len(target.size), np.bool_))
    return Counted(variants, np.array(covered), np.array(unknown), total, sums), next(iter(found.values()))


# ------------------------------------------------------------------ frames


def table_of(counted: Counted, service: str, of: str, subject: str) -> pd.DataFrame:
    """Rows of an account's table for one service and subject."""
    total = counted.sums.add(counted.total)
    covered = counted.sums.add(counted.covered.T)
    unknown = counted.sums.add(counted.unknown.T)
    here = slice(None), 0
    known = _rest(total, unknown[here])
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
        not_covered=_rest(total, covered[here] + unknown[here]),
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


def _rest(total: Values, part: Values) -> Values:
    """What is left of totals: nothing where only the rounding of sums is."""
    rest = total - part
    return np.where(rest > ROUNDING * total, rest, 0.0)


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
    covered = counted.sums.add(counted.covered.T)[keep].T.ravel()
    unknown = counted.sums.add(counted.unknown.T)[keep].T.ravel()
    chosen = counted.variants
    columns = {
        "service": service, "of": of, "subject": subject,
        **{name: np.tile(units[name].to_numpy(object), len(chosen)) for name in ("level", "code")},
        **{name: np.repeat([getattr(variant, name) for variant in chosen], len(units)) for name in CHOICES},
        "covered": covered,
        "not_covered": _rest(np.tile(total, len(chosen)), covered + unknown),
        "unknown": unknown,
    }  # fmt: skip
    return pd.DataFrame(columns, index=range(len(covered)))[VARIANTS]


def _joined(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else pd.DataFrame(columns=list(columns))
