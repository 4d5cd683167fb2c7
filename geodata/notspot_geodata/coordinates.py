"""
Points out of a table: coordinates as people write them, checked against each other and against the place
that the row claims.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Geod

from notspot_geodata import crs as systems
from notspot_geodata import places
from notspot_geodata.degrees import Pair, find_pairs, lone_column, parse, split
from notspot_geodata.errors import Problem, UsageError
from notspot_geodata.places import Claims, claims_of, is_blank

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

_MISSING = "coordinates are missing"
DISAGREE_M = 500.0  # two pairs of coordinates of one place that are further apart cannot both be right
COUNTY_KM = 5.0  # a point this far outside the county it claims is wrong; harbours and islets stay within
TOWN_KM = 15.0  # communities moved to safer ground keep the name of their township: up to 6 km seen


@dataclass(slots=True)
class Points:
    """
    What came of a table's coordinates.

    Attributes
    ----------
    frame
        GeoDataFrame of all rows of the table, in its order; geometry null where a row has a problem.
    crs, crs_reason
        System of the coordinates as written, and how that is known.
    columns
        The columns the coordinates came from.
    problems, notes
        By row, and what was concluded.
    """

    frame: gpd.GeoDataFrame
    crs: str | None
    crs_reason: str
    columns: tuple[str, ...]
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def points_of(
    frame: pd.DataFrame,
    *,
    crs: Any = None,
    to_crs: Any = "EPSG:3824",
    rows: Sequence[int] | None = None,
) -> Points:
    """
    Points of a table, one a row, and everything that is wrong with them.

    Coordinates may be text, full-width, in degrees, minutes and seconds, latitude first, in TM2 of either
    zone, in TWD67, or both numbers in one column. Where a table has two pairs (TM2 and degrees), longitude
    and latitude are used, and rows whose pairs disagree by more than `DISAGREE_M` are problems. Rows that
    name a county or township (by code or by name) are checked against it.

    Parameters
    ----------
    frame
        Any table; columns are known by their names.
    crs
        The system, where the caller knows it; else it is found by `crs.guess_crs`.
    to_crs
        System of the result.
    rows
        Row number in the file of each row, for problems; without it the header is taken to be row 1.

    Raises
    ------
    UsageError
        The table has no column of coordinates.
    """
    pairs = find_pairs(frame.columns)
    if not pairs:
        pairs = lone_column(frame)
    if not pairs:
        raise UsageError(
            "no coordinates found: columns such as longitude and latitude, 經度 and 緯度, X座標 and Y座標 "
            "are needed"
        )
    numbers = list(rows) if rows is not None else list(range(2, len(frame) + 2))
    claims = claims_of(frame)
    read = [_read_pair(frame, pair, numbers, claims, crs if i == 0 else None) for i, pair in enumerate(pairs)]
    first = read[0]
    problems = list(first.problems)
    notes = list(first.notes)
    lonlat = first.lonlat
    bad = {p.row for p in problems}
    for other in read[1:]:
        problems += _disagreements(first, other, numbers, claims, bad)
        notes += other.notes
        rescued = np.isnan(lonlat).any(axis=1) & first.blank & np.isfinite(other.lonlat).all(axis=1)
        if rescued.any():
            lonlat = np.where(rescued[:, None], other.lonlat, lonlat)
            at = {numbers[i] for i in np.flatnonzero(rescued)}
            problems = [p for p in problems if p.row not in at or p.field != first.label]
            notes.append(f"{len(at):,} rows without {first.label} take {other.label}")
    bad = {p.row for p in problems}
    placed, remarks = misplaced(lonlat, numbers, claims, bad, first.label, first.raw, first.crs)
    problems += placed
    notes += remarks
    bad = {p.row for p in problems}
    ok = np.isfinite(lonlat).all(axis=1) & np.array([n not in bad for n in numbers], dtype=bool)
    problems.sort(key=lambda p: (p.row or 0, p.field))
    return Points(
        _geo_frame(frame, lonlat, ok, to_crs),
        first.crs,
        first.reason,
        tuple(c for pair in pairs for c in pair.columns),
        problems,
        list(dict.fromkeys(notes)),
    )


@dataclass(slots=True)
class _Read:
    label: str
    lonlat: Floats
    raw: Floats
    blank: NDArray[np.bool_]
    crs: str | None
    reason: str
    swapped: bool
    problems: list[Problem]
    notes: list[str]


def _read_pair(frame: pd.DataFrame, pair: Pair, numbers: list[int], claims: Claims, crs: Any) -> _Read:
    problems: list[Problem] = []
    notes: list[str] = []
    raw = np.full((len(frame), 2), np.nan)
    blank = np.zeros(len(frame), dtype=bool)
    cells: list[tuple[object, object]]
    if pair.y is None:
        cells = [(None, None) if is_blank(c) else split(c) for c in frame[pair.x]]
        whole = list(frame[pair.x])
    else:
        cells = list(zip(frame[pair.x], frame[pair.y], strict=True))
        whole = [f"{a}, {b}" for a, b in cells]
    marked = 0
    for i, (cell, both) in enumerate(zip(cells, whole, strict=True)):
        if all(map(is_blank, cell)) and (pair.y is not None or is_blank(both)):
            blank[i] = True
            problems.append(Problem(numbers[i], pair.label, _MISSING))
            continue
        (a, axis_a), (b, axis_b) = parse(cell[0]), parse(cell[1])
        if math.isnan(a) or math.isnan(b):
            names = [c for c, v in zip(pair.columns, (a, b), strict=False) if math.isnan(v)]
            shown = str(both)[:60]
            problems.append(
                Problem(
                    numbers[i],
                    ", ".join(names) or pair.label,
                    f"{shown!r} is not a coordinate; write degrees such as 121.5042, or metres",
                    shown,
                )
            )
            continue
        if axis_a == "lat" or axis_b == "lon":
            a, b = b, a
            marked += 1
        if a == 0 and b == 0:
            problems.append(Problem(numbers[i], pair.label, "0, 0 is a placeholder, not a place", "0, 0"))
            continue
        raw[i] = a, b
    if marked:
        notes.append(f"{pair.label}: {marked:,} rows have the latitude first, as their N and E say")
    guess = _system(pair, raw, claims, crs)
    raw, turned = _turn(raw, guess, pair)
    if turned.any():
        said = _rows_said(turned, numbers)
        notes.append(f"{pair.label}: the two are swapped in {said}; turned round")
    lonlat = np.full_like(raw, np.nan)
    if guess.crs is None:
        if np.isfinite(raw).any():
            problems.append(Problem(None, pair.label, guess.reason))
    else:
        lonlat = systems.to_lonlat(raw, guess.crs)
        problems += _outside(lonlat, raw, pair, numbers, claims, guess.crs)
    return _Read(pair.label, lonlat, raw, blank, guess.crs, guess.reason, guess.swapped, problems, notes)


def _system(pair: Pair, raw: Floats, claims: Claims, crs: Any) -> systems.CrsGuess:
    found = systems.guess_crs(raw, county_codes=claims.counties, town_codes=claims.towns, datum=pair.datum)
    if crs is not None:
        code = systems.code_of(crs) or systems.parse_crs(crs).to_string()
        return systems.CrsGuess(code, "stated by the caller", {}, found.swapped and _same_unit(code, found))
    return found


def _same_unit(code: str, found: systems.CrsGuess) -> bool:
    fits = next(iter(found.candidates), None) or found.crs
    return fits is None or systems.parse_crs(code).is_geographic == systems.parse_crs(fits).is_geographic


def _turn(raw: Floats, guess: systems.CrsGuess, pair: Pair) -> tuple[Floats, NDArray[np.bool_]]:
    """Easting first; degrees are turned row by row, because files mix both orders."""
    if guess.crs is not None and systems.parse_crs(guess.crs).is_geographic:
        finite = np.isfinite(raw).all(axis=1)
        turned = finite & (np.abs(raw[:, 1]) > 90) & (np.abs(raw[:, 0]) <= 90)
        said = turned if pair.y is not None else np.zeros_like(turned)  # one column has no order to break
        return np.where(turned[:, None], raw[:, ::-1], raw), said
    turned = np.asarray(np.isfinite(raw).all(axis=1) & guess.swapped)
    return np.where(turned[:, None], raw[:, ::-1], raw), turned


def _outside(
    lonlat: Floats, raw: Floats, pair: Pair, numbers: list[int], claims: Claims, crs: str
) -> list[Problem]:
    given = np.asarray(np.isfinite(raw).all(axis=1))
    near = np.zeros(len(raw), dtype=bool)
    near[given] = places.near_taiwan(lonlat[given])
    problems = []
    for i in map(int, np.flatnonzero(given & ~near)):
        lon, lat = lonlat[i]
        where = f"{lat:.4f}° N, {lon:.4f}° E" if np.isfinite(lonlat[i]).all() else "nowhere"
        code = claims.code(i)
        if code is not None and np.isfinite(lonlat[i]).all():
            km = places.kilometres_off(lonlat[[i]], code)[0]
            where += f", {km:,.0f} km from {places.name_of(code)} that the row names"
        problems.append(
            Problem(
                numbers[i],
                pair.label,
                f"is outside Taiwan: {_number(raw[i, 0])}, {_number(raw[i, 1])} read as {crs} is {where}",
                f"{_number(raw[i, 0])}, {_number(raw[i, 1])}",
            )
        )
    return problems


def _disagreements(
    first: _Read, other: _Read, numbers: list[int], claims: Claims, bad: set[int | None]
) -> list[Problem]:
    """Rows whose two pairs are further apart than `DISAGREE_M`, or of which only one is in Taiwan."""
    out: list[Problem] = []
    ok = np.asarray(np.isfinite(np.hstack([first.lonlat, other.lonlat])).all(axis=1), dtype=bool)
    metres = np.zeros(len(ok))
    metres[ok] = Geod(ellps="GRS80").inv(*first.lonlat[ok].T, *other.lonlat[ok].T)[2]
    for i in map(int, np.flatnonzero(metres > DISAGREE_M)):
        verdict = _verdict(first, other, i, claims)
        out.append(
            Problem(
                numbers[i],
                f"{first.label} / {other.label}",
                f"the two pairs of coordinates are {_distance(metres[i])} apart{verdict}",
                f"{_number(other.raw[i, 0])}, {_number(other.raw[i, 1])}",
            )
        )
    told = {p.row for p in out} | bad
    # a second pair that is missing is no problem where the first is there
    out += [p for p in other.problems if p.row not in told and p.message != _MISSING]
    return out


def _verdict(first: _Read, other: _Read, i: int, claims: Claims) -> str:
    """Which of the two lies where the row says it should, if that can be told."""
    code = claims.code(i)
    if code is None:
        return ""
    off = [places.kilometres_off(r.lonlat[[i]], code)[0] for r in (first, other)]
    if np.isnan(off).any() or (min(off) > 1) or (max(off) <= 1):
        return ""
    right, wrong = (first, other) if off[0] < off[1] else (other, first)
    said = f"{right.label} lies in {places.name_of(code)} as the row says"
    return f"; {said}, {wrong.label} {max(off):,.0f} km outside"


def misplaced(
    lonlat: Floats,
    numbers: list[int],
    claims: Claims,
    bad: set[int | None],
    label: str,
    raw: Floats,
    crs: str | None,
) -> tuple[list[Problem], list[str]]:
    """
    Points that lie far from the county or township which their row names, and notes on those nearby.

    `lonlat` and `raw`, shape (n, 2), are the same points in degrees and as written in `crs`; rows in `bad`
    have a problem already and are passed over.
    """
    problems: list[Problem] = []
    nearby: list[str] = []
    if not claims:
        return problems, nearby
    off_county, off_town = _off(lonlat, claims.counties), _off(lonlat, claims.towns)
    for i, number in enumerate(numbers):
        county, town = claims.counties[i], claims.towns[i]
        by_county, by_town = off_county[i], off_town[i]
        if number in bad:
            continue
        if by_county > COUNTY_KM or by_town > TOWN_KM:
            code, km = (county, by_county) if by_county > COUNTY_KM else (town, by_town)
            assert code is not None
            problems.append(
                Problem(
                    number,
                    label,
                    _elsewhere(lonlat[i], code, km) + _other_zone(raw[[i]], crs, code),
                    f"{_number(raw[i, 0])}, {_number(raw[i, 1])}",
                )
            )
        elif by_town > 1:
            nearby.append(f"row {number} lies {by_town:.1f} km outside {places.name_of(str(town))}")
    if len(nearby) > 10:
        nearby = [
            *nearby[:10],
            f"… and {len(nearby) - 10:,} more rows up to {TOWN_KM:g} km outside their township",
        ]
    return problems, nearby


def _off(lonlat: Floats, codes: Sequence[str | None]) -> Floats:
    """Distance in km from each point to the unit its row names; NaN where it names none."""
    rows: dict[str, list[int]] = {}
    for i, code in enumerate(codes):
        if code is not None:
            rows.setdefault(code, []).append(i)
    out = np.full(len(codes), np.nan)
    for code, members in rows.items():
        out[members] = places.kilometres_off(lonlat[members], code)
    return out


def _elsewhere(point: Floats, code: str, km: float) -> str:
    at = places.county_at(point[None, :])[0]
    here = "at sea" if at is None else f"elsewhere in {places.name_of(at)}" if at == code[:5] else ""
    here = here or f"in {places.name_of(str(at))}"
    return f"lies {here}, {km:,.0f} km from {places.name_of(code)} that the row names"


def _other_zone(raw: Floats, crs: str | None, code: str) -> str:
    """``; read as EPSG:3825 it fits`` where the zone was mixed up."""
    zone = systems.OTHER_ZONE.get(crs or "")
    if zone and places.kilometres_off(systems.to_lonlat(raw, zone), code)[0] <= 1:
        return f"; read as {zone} ({systems.NAMES[zone]}) it fits"
    return ""


def _geo_frame(frame: pd.DataFrame, lonlat: Floats, ok: NDArray[np.bool_], to_crs: Any) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import shapely

    moved = lonlat.copy()
    target = systems.parse_crs(to_crs)
    if ok.any():
        move = systems.transformer("EPSG:3824", target)
        moved[ok] = np.column_stack(move.transform(lonlat[ok, 0], lonlat[ok, 1]))
    geometry = np.full(len(frame), None, dtype=object)
    geometry[ok] = shapely.points(moved[ok])
    table = frame.drop(columns=["geometry"], errors="ignore")
    return gpd.GeoDataFrame(table, geometry=gpd.array.from_shapely(geometry, crs=target), crs=target)


def _rows_said(mask: NDArray[np.bool_], numbers: list[int]) -> str:
    rows = [numbers[i] for i in np.flatnonzero(mask)]
    if len(rows) == len(mask):
        return "all rows"
    said = ", ".join(str(r) for r in rows[:5])
    return f"{len(rows):,} rows ({said}{', …' if len(rows) > 5 else ''})"


def _distance(metres: float) -> str:
    return f"{metres:,.0f} m" if metres < 10_000 else f"{metres / 1000:,.0f} km"


def _number(value: float) -> str:
    return f"{value:.{3 if abs(value) > 360 else 7}f}".rstrip("0").rstrip(".")
