"""
Positions of the rows of large tables: by whole columns, and cell by cell only where a cell is odd.

What a cell means is the same as in `coordinates`, which reads small tables with more care: it also holds
every row against the place that the row names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from notspot_geodata import crs as systems
from notspot_geodata import places, reference
from notspot_geodata.degrees import parse, split
from notspot_geodata.errors import Problem, UsageError
from notspot_geodata.locating import locate_points
from notspot_geodata.places import is_blank
from notspot_geodata.point_columns import PointColumns, is_shape

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

DEGREES = ("EPSG:3824", "EPSG:4326")  # the same to a metre; borders are given in the first
CERTAIN = 3  # points more in the township they name, that tell one datum from another
KM_PER_DEGREE = 111.2  # as in `places`
_MISSING = "coordinates are missing"
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True, slots=True)
class System:
    """
    The system of coordinates.

    `crs` is a code or WKT, `name` for people, `reason` how it is known; `northing_first` says that the first
    number of all rows is the northing.
    """

    crs: str
    name: str
    degrees: bool
    reason: str
    northing_first: bool = False

    @classmethod
    def of(cls, crs: Any, reason: str = "stated by the caller", *, northing_first: bool = False) -> System:
        """Raises UsageError where `crs` is unknown, or cannot be joined to TWD97 without ignoring the datum."""
        parsed = systems.parse_crs(crs)
        systems.transformer(parsed, reference.CRS)
        code = systems.code_of(parsed)
        name = code or str(parsed.name)
        return cls(code or parsed.to_wkt(), name, parsed.is_geographic, reason, northing_first)


@dataclass(slots=True)
class Placed:
    """
    Rows and their villages.

    Attributes
    ----------
    village
        Row in `reference.villages` of each, shape (n,); -1 for none.
    problems
        Rows without a usable position, and those outside Taiwan, in the order of the rows.
    far
        Row numbers of those outside Taiwan; the other problems are rows without a usable position.
    turned
        How many rows had latitude and longitude the wrong way round.
    lon, lat
        Degrees of each, shape (n,); NaN where there is no position.
    """

    village: Ints
    problems: list[Problem] = field(default_factory=list)
    far: set[int] = field(default_factory=set)
    turned: int = 0
    lon: Floats = field(default_factory=lambda: np.zeros(0))
    lat: Floats = field(default_factory=lambda: np.zeros(0))


def place(
    cells: Sequence[Any],
    columns: PointColumns,
    system: System,
    numbers: NDArray[np.int64],
    *,
    check: bool = True,
    threads: int = 1,
) -> Placed:
    """
    The village of each row.

    Parameters
    ----------
    cells
        Arrow arrays of the columns, n rows each.
    numbers
        Row numbers in the file, shape (n,), for problems.
    check
        Tell the points outside Taiwan from those at sea: they are problems.
    """
    raw, odd = coordinates(cells, columns)
    raw, turned = _turned(raw, system)
    lon, lat = _to_degrees(raw, system)
    village = locate_points(lon, lat, threads=threads)
    problems = [
        Problem(int(numbers[i]), name, message, value) for i, (name, message, value) in sorted(odd.items())
    ]
    nowhere = np.flatnonzero((village < 0) & np.isfinite(raw).all(axis=1) & check)
    far = nowhere[~near_taiwan(np.column_stack([lon[nowhere], lat[nowhere]]))]
    if len(far):
        name = system.name
        problems += [
            _outside(int(numbers[i]), columns.label, raw[i], (lon[i], lat[i]), name) for i in far.tolist()
        ]
        problems.sort(key=lambda p: p.row or 0)
    return Placed(village, problems, set(numbers[far].tolist()), turned, lon, lat)


def near_taiwan(lonlat: Floats) -> NDArray[np.bool_]:
    """As `places.near_taiwan`, for millions of points, shape (n, 2) in degrees; False where not finite."""
    out = np.zeros(len(lonlat), dtype=bool)
    given = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
    if not len(given):
        return out
    found = lonlat[given]
    points: Any = shapely.points(found)
    # a degree is at most so long, and shorter along a parallel: between the two, look closer
    reach = places.OFFSHORE_KM / KM_PER_DEGREE
    near: Any = shapely.dwithin(_land(), points, reach * 0.999)
    shortened = np.cos(np.radians(np.clip(np.abs(found[:, 1]), 0, 60)))
    unsure: Any = ~near & shapely.dwithin(_land(), points, reach * 1.001 / shortened)
    for lon, lat in places.FAR_ISLANDS.values():
        unsure |= ~near & (np.abs(found - (lon, lat)) < 0.5).all(axis=1)
    near[unsure] = places.near_taiwan(found[unsure])
    out[given] = near
    return out


# ------------------------------------------------------------------ which system


def system_of(sample: Any, columns: PointColumns, crs: Any = None) -> System:
    """
    The system of a table, from a sample of its rows, an Arrow table with all columns.

    What the caller states goes before what the file states; without either, degrees are told by their size,
    and TM2 only where zone and datum are certain.

    Raises
    ------
    UsageError
        It cannot be told, or nothing lies in Taiwan in the one that the file states.
    """
    raw, _ = coordinates([chunk(sample.column(i)) for i in columns.at], columns)
    claims = places.claims_of(sample_frame(sample))
    guess = systems.guess_crs(raw, county_codes=claims.counties, town_codes=claims.towns, datum=columns.datum)
    if crs is not None:
        fits = next(iter(guess.candidates), None) or guess.crs
        metres = fits is not None and not systems.parse_crs(fits).is_geographic
        return System.of(crs, northing_first=guess.swapped and metres)
    if columns.crs is not None and not (systems.parse_crs(columns.crs).is_geographic and _are_metres(raw)):
        stated = System.of(columns.crs, "stated by the file")
        lonlat = systems.to_lonlat(raw[np.isfinite(raw).all(axis=1)], stated.crs)
        if len(lonlat) and not places.near_taiwan(lonlat).any():
            raise UsageError(
                f"read as {stated.name}, as the file states, nothing lies in Taiwan; pass --crs. "
                + (f"The numbers fit {guess.crs}: {guess.reason}" if guess.crs else guess.reason)
            )
        return stated
    if guess.crs is None:
        if not np.isfinite(raw).any():
            return System.of(reference.CRS, "there is no coordinate to tell the system from")
        raise UsageError(f"the coordinate system is not known: {guess.reason}")
    if systems.parse_crs(guess.crs).is_geographic:
        return System.of(guess.crs, guess.reason)
    if guess.crs != "EPSG:3857" and not _datum_is_told(raw, guess, claims, columns.datum):
        raise UsageError(
            f"the coordinate system is not certain: {guess.reason}. Pass --crs {guess.crs}, or --crs "
            f"{systems.TWD67_OF.get(guess.crs, 'EPSG:3828')} if the coordinates are TWD67: villages differ"
        )
    return System.of(guess.crs, guess.reason, northing_first=guess.swapped)


def sample_frame(sample: Any) -> pd.DataFrame:
    """An Arrow table as a frame of plain objects, without its geometry."""
    plain = {
        name: k for k, name in enumerate(sample.column_names) if not is_shape(sample.schema.field(k).type)
    }
    cells = {name: pd.Series(sample.column(k).to_pylist(), dtype=object) for name, k in plain.items()}
    return pd.DataFrame(cells, index=range(len(sample)))


def _datum_is_told(raw: Floats, guess: systems.CrsGuess, claims: places.Claims, datum: str | None) -> bool:
    """Whether a heading, or the townships that rows name, say which of TWD97 and TWD67 it is."""
    if datum is not None:
        return True
    shifted = {**systems.TWD67_OF, **{old: new for new, old in systems.TWD67_OF.items()}}
    ordered = raw[:, ::-1] if guess.swapped else raw
    assert guess.crs is not None
    (one, asked), (other, _) = (
        claims.agree(systems.to_lonlat(ordered, code), "town") for code in (guess.crs, shifted[guess.crs])
    )
    return (one - other) * asked >= CERTAIN


def _are_metres(raw: Floats) -> bool:
    finite = raw[np.isfinite(raw).all(axis=1)]
    return bool(len(finite)) and bool((np.abs(finite) > 360).any(axis=1).mean() > 0.5)


# ------------------------------------------------------------------ numbers out of cells

Odd = dict[int, tuple[str, str, str]]


def coordinates(cells: Sequence[Any], columns: PointColumns) -> tuple[Floats, Odd]:
    """Coordinates as written, shape (n, 2), NaN where there are none; field, message and value of those rows."""
    cells = [cell.storage if isinstance(cell, pa.ExtensionArray) else cell for cell in cells]
    if columns.kind in ("wkb", "xy"):
        shapes = cells[0]
        raw, what = _wkb_points(shapes) if columns.kind == "wkb" else _xy_points(shapes)
        odd: Odd = {i: (columns.label, said, "") for i, said in what.items()}
    else:
        raw = np.full((len(cells[0]), 2), np.nan)
        if columns.kind == "two":
            for k in (0, 1):
                raw[:, k] = _numbers(cells[k])
        odd = {}
        rest = np.flatnonzero(~np.isfinite(raw).all(axis=1))
        if len(rest):
            looked = [cell.take(pa.array(rest)).to_pylist() for cell in cells]
            for i, *written in zip(rest.tolist(), *looked, strict=True):
                found, problem = _careful(written, columns)
                raw[i] = found
                if problem is not None:
                    odd[i] = problem
    for i in np.flatnonzero((raw == 0).all(axis=1)).tolist():
        odd[i] = (columns.label, "0, 0 is a placeholder, not a place", "0, 0")
        raw[i] = np.nan
    return raw, odd


def _careful(written: Sequence[Any], columns: PointColumns) -> tuple[Any, tuple[str, str, str] | None]:
    """The coordinates of one row as people write them, or the problem with it."""
    nothing = (math.nan, math.nan)
    if all(map(is_blank, written)):
        return nothing, (columns.label, _MISSING, "")
    first, second = written if columns.kind == "two" else split(written[0])
    (a, axis_a), (b, axis_b) = parse(first), parse(second)
    if not (math.isfinite(a) and math.isfinite(b)):
        faulty = [n for n, v in zip(columns.names, (a, b), strict=False) if not math.isfinite(v)]
        shown = ", ".join("" if cell is None else str(cell) for cell in written)[:60]
        message = f"{shown!r} is not a coordinate; write degrees such as 121.5042, or metres"
        return nothing, (", ".join(faulty) or columns.label, message, shown)
    return ((b, a) if axis_a == "lat" or axis_b == "lon" else (a, b)), None


def _numbers(cells: Any) -> Floats:
    """Plain numbers of a column; NaN for all else."""
    types = pa.types
    if types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if types.is_floating(cells.type) or types.is_integer(cells.type) or types.is_decimal(cells.type):
        numbers = pc.cast(cells, pa.float64(), safe=False)
    elif types.is_string(cells.type) or types.is_large_string(cells.type) or types.is_string_view(cells.type):
        text = pc.utf8_trim_whitespace(cells)
        try:
            numbers = pc.cast(text, pa.float64())
        except pa.ArrowInvalid:
            plain = pc.match_substring_regex(text, _PLAIN)
            numbers = pc.cast(pc.if_else(plain, text, None), pa.float64())
    else:
        return np.full(len(cells), np.nan)
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)


def _wkb_points(cells: Any) -> tuple[Floats, dict[int, str]]:
    """Coordinates of WKB points; those that are plain (21 bytes, little-endian) by whole columns."""
    raw = np.full((len(cells), 2), np.nan)
    cells = pc.cast(cells, pa.large_binary())
    _, ends, data = cells.buffers()
    start = np.frombuffer(ends, np.int64)[cells.offset : cells.offset + len(cells) + 1]
    plain = np.diff(start) == 21
    if plain.any():
        held = np.frombuffer(data, np.uint8)
        if plain.all():  # one block, and no copy of the places
            block = held[start[0] : start[-1]].reshape(-1, 21)
        else:
            block = held[start[:-1][plain][:, None] + np.arange(21)]
        points = (block[:, :5] == np.frombuffer(b"\x01\x01\x00\x00\x00", np.uint8)).all(axis=1)
        xy = np.ascontiguousarray(block[:, 5:]).view("<f8")
        raw[plain] = np.where(points[:, None], xy, np.nan)
    rest = np.flatnonzero(~np.isfinite(raw).all(axis=1))
    said: dict[int, str] = {}
    if len(rest):
        shapes = shapely.from_wkb(
            cells.take(pa.array(rest)).to_numpy(zero_copy_only=False), on_invalid="ignore"
        )
        raw[rest], faults = shape_points(np.asarray(shapes, dtype=object))
        broken = cells.take(pa.array(rest)).is_valid().to_numpy(zero_copy_only=False)
        said = {
            int(rest[i]): "is not WKB" if shapes[i] is None and broken[i] else m for i, m in faults.items()
        }
    return raw, said


def shape_points(shapes: NDArray[Any]) -> tuple[Floats, dict[int, str]]:
    """Coordinates of point geometries, shape (n, 2), NaN where a shape is none; what is wrong with those."""
    raw = np.full((len(shapes), 2), np.nan)
    point = (shapely.get_type_id(shapes) == 0) & ~shapely.is_empty(shapes)
    raw[point] = shapely.get_coordinates(shapes[point])
    bare = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    said = {}
    for i in np.flatnonzero(~np.isfinite(raw).all(axis=1)).tolist():
        said[i] = _MISSING if bare[i] or point[i] else f"is a {shapes[i].geom_type}, not a point"
    return raw, said


def _xy_points(cells: Any) -> tuple[Floats, dict[int, str]]:
    """Coordinates of GeoArrow points, as a struct or as a list of two or more numbers."""
    raw = np.full((len(cells), 2), np.nan)
    if pa.types.is_struct(cells.type):
        for k, name in enumerate("xy"):
            if cells.type.get_field_index(name) < 0:
                raise UsageError(f"a column of points is no struct of x and y but {cells.type}")
            raw[:, k] = _numbers(pc.struct_field(cells, name))
    else:
        wide = cells.type.list_size
        held = np.asarray(cells.values.to_numpy(zero_copy_only=False), dtype=np.float64)
        raw[:] = held[cells.offset * wide : (cells.offset + len(cells)) * wide].reshape(-1, wide)[:, :2]
        raw[~cells.is_valid().to_numpy(zero_copy_only=False)] = np.nan
    return raw, dict.fromkeys(np.flatnonzero(~np.isfinite(raw).all(axis=1)).tolist(), _MISSING)


def chunk(column: Any) -> Any:
    """A column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


# ------------------------------------------------------------------ places


def _turned(raw: Floats, system: System) -> tuple[Floats, int]:
    """Easting first; degrees are turned row by row, because files mix both orders."""
    if not system.degrees:
        return (raw[:, ::-1], int(np.isfinite(raw).all(axis=1).sum())) if system.northing_first else (raw, 0)
    wrong = (np.abs(raw[:, 1]) > 90) & (np.abs(raw[:, 0]) <= 90)
    count = int(wrong.sum())
    return (np.where(wrong[:, None], raw[:, ::-1], raw) if count else raw), count


def _to_degrees(raw: Floats, system: System) -> tuple[Floats, Floats]:
    x, y = np.ascontiguousarray(raw[:, 0]), np.ascontiguousarray(raw[:, 1])
    if system.crs in DEGREES:
        return x, y
    lon, lat = systems.transformer(system.crs, reference.CRS).transform(x, y)
    return np.asarray(lon), np.asarray(lat)


def _outside(row: int, label: str, raw: Floats, lonlat: tuple[float, float], name: str) -> Problem:
    written = ", ".join(_number(value) for value in raw)
    there = np.isfinite(lonlat).all()
    where = f"{lonlat[1]:.4f}° N, {lonlat[0]:.4f}° E" if there else "nowhere"
    return Problem(row, label, f"is outside Taiwan: {written} read as {name} is {where}", written)


def _number(value: float) -> str:
    return f"{value:.{3 if abs(value) > 360 else 7}f}".rstrip("0").rstrip(".")


@cache
def _land() -> Any:
    shapes = reference.counties().geometry
    land = shapely.MultiPolygon([part for shape in shapes for part in shapely.get_parts(shape)])
    shapely.prepare(land)
    return land
