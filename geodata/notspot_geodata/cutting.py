"""
Polygons cut along a grid: which cells lie wholly inside, and what share of each cell on the outline does.

The shares are exact. The outline of a polygon is walked cell by cell, and each piece adds the height it
covers and the signed area to its right, as rasterisers of fonts do (accumulated coverage, FreeType and
font-rs); the running sum along a row is then 0 outside and 1 inside.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np
import shapely

from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Kept = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Floats]

BAND_ROWS = 512  # rows cut at a time: what bounds the memory beside the result
SHORT = 24  # records that an insertion sort puts in order faster than numpy's


Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`function` as machine code, kept on disk between runs and free of the interpreter's lock."""
    return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@dataclass(frozen=True, slots=True)
class RasterGrid:
    """
    A grid of cells with north up.

    Cell (row, column) spans x from ``west + column * dx`` to ``west + (column + 1) * dx`` and y from
    ``north - (row + 1) * dy`` to ``north - row * dy``; `dx` and `dy` are positive, in the units of the
    coordinates.
    """

    west: float
    north: float
    dx: float
    dy: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        sizes = (self.west, self.north, self.dx, self.dy)
        if not all(math.isfinite(each) for each in sizes) or self.dx <= 0 or self.dy <= 0:
            raise UsageError(
                f"a grid needs a finite corner and cells of a positive size, not corner {self.west:g}, "
                f"{self.north:g} and cells of {self.dx:g} by {self.dy:g}"
            )
        if not (0 < self.rows < 2**31 and 0 < self.columns < 2**31):
            raise UsageError(
                f"a grid needs between 1 and 2^31 − 1 rows and columns, not {self.rows} by {self.columns}"
            )


@dataclass(frozen=True, slots=True)
class Cut:
    """
    Polygons cut along `grid`; the zone of a polygon is its position among the shapes.

    Attributes
    ----------
    run_row, run_first, run_last, run_zone
        int32, shape (r,): cells wholly inside one polygon, as runs along a row from column `run_first` to
        before `run_last`; no outline of that polygon passes through the inside of such a cell.
    edge_row, edge_column, edge_zone
        int32, shape (e,): every cell that a polygon's outline enters.
    edge_fraction
        float64, shape (e,): the share of that cell inside the polygon, 0 to 1 (both may occur).

    Runs and edges are sorted by row, then (first) column, then zone. A cell that the outline only touches
    from outside, along its line or in a corner, may be an edge cell or not.
    """

    grid: RasterGrid
    run_row: Ints
    run_first: Ints
    run_last: Ints
    run_zone: Ints
    edge_row: Ints
    edge_column: Ints
    edge_zone: Ints
    edge_fraction: Floats


def cut(
    shapes: Sequence[BaseGeometry | None] | gpd.GeoSeries, grid: RasterGrid, *, threads: int | None = None
) -> Cut:
    """
    `shapes` cut along `grid`; what lies outside the grid is cut off.

    Parameters
    ----------
    shapes
        Valid polygons or multipolygons in the grid's coordinates; of a collection only the polygons count.
        None and empty shapes have no cells. Where parts of one invalid shape overlap they count once in
        cells wholly inside and at most as a full cell on the outline.
    threads
        How many bands of rows are cut at once; as many as there are processors if None.

    Raises
    ------
    UsageError
        If a coordinate is not finite or a shape has no area by its kind (a point, a line).
    """
    columns, rows, ring_start, zone_start = _outlines(shapes, grid)
    bands = [(first, min(first + BAND_ROWS, grid.rows)) for first in range(0, grid.rows, BAND_ROWS)]
    lowest, highest = _heights(rows, ring_start, zone_start)

    def one(band: tuple[int, int]) -> Kept:
        kept: Kept = _cut_band(
            columns, rows, ring_start, zone_start, lowest, highest, band[0], band[1], grid.columns
        )
        return kept

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        parts = list(pool.map(one, bands))
    return Cut(grid, *(np.concatenate([part[k] for part in parts]) for k in range(8)))


def _outlines(
    shapes: Sequence[BaseGeometry | None] | gpd.GeoSeries, grid: RasterGrid
) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Vertices in units of cells (column, row), the first vertex of each ring and the first ring of each zone."""
    given = np.asarray(shapes, dtype=object)
    polygons, zone = _polygons(given)
    # outer rings anticlockwise, holes clockwise: what is inside lies to the left of every edge
    polygons = shapely.orient_polygons(polygons)
    rings, owner = shapely.get_rings(polygons, return_index=True)
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    if not np.isfinite(vertices).all():
        bad = np.unique(zone[owner[ring[~np.isfinite(vertices).all(axis=1)]]])
        raise UsageError(f"coordinates are not finite in shapes {_some(bad)}: check the transformation")
    ring_start = np.searchsorted(ring, np.arange(len(rings) + 1))
    zone_start = np.searchsorted(zone[owner], np.arange(len(given) + 1))
    columns = (vertices[:, 0] - grid.west) / grid.dx
    rows = (grid.north - vertices[:, 1]) / grid.dy
    return columns, rows, ring_start.astype(np.int64), zone_start.astype(np.int64)


def _polygons(given: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The single polygons of the shapes, and the position of the shape that each is from, ascending."""
    kind = shapely.get_type_id(given)
    flat = ~np.isin(kind, (-1, 3, 6, 7)) & ~shapely.is_empty(
        given
    )  # neither missing nor polygons nor a collection
    if flat.any():
        raise UsageError(
            f"shapes {_some(np.flatnonzero(flat))} are points or lines: only polygons can be cut"
        )
    parts, zone = shapely.get_parts(given, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():  # collections hold multipolygons and other collections
        parts, inner = shapely.get_parts(parts, return_index=True)
        zone = zone[inner]
    area = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    return parts[area], zone[area].astype(np.int64)


def _some(positions: NDArray[Any]) -> str:
    shown = ", ".join(str(each) for each in positions[:5])
    return shown if len(positions) <= 5 else f"{shown} and {len(positions) - 5:,} more"


@compiled
def _heights(rows: Floats, ring_start: Any, zone_start: Any) -> tuple[Floats, Floats]:
    """The highest and the lowest place of each zone, in rows from the top."""
    zones = len(zone_start) - 1
    lowest, highest = np.full(zones, np.inf), np.full(zones, -np.inf)
    for zone in range(zones):
        for i in range(ring_start[zone_start[zone]], ring_start[zone_start[zone + 1]]):
            lowest[zone] = min(lowest[zone], rows[i])
            highest[zone] = max(highest[zone], rows[i])
    return lowest, highest


@compiled
def _cut_band(
    u: Floats,
    v: Floats,
    ring_start: Any,
    zone_start: Any,
    lowest: Floats,
    highest: Floats,
    first: int,
    last: int,
    columns: int,
) -> Any:
    """The runs and edges of the rows from `first` to before `last`, sorted."""
    counts = np.zeros(last - first + 1, np.int64)
    none_i, none_f = np.empty(0, np.int32), np.empty(0, np.float64)
    _walk(
        u, v, ring_start, zone_start, lowest, highest, first, last, columns, True,
        counts, none_i, none_i, none_f, none_f,
    )  # fmt: skip
    start = np.zeros(last - first + 1, np.int64)
    for row in range(last - first):
        start[row + 1] = start[row] + counts[row]
    total = start[-1]
    zone, column = np.empty(total, np.int32), np.empty(total, np.int32)
    cover, area = np.empty(total, np.float64), np.empty(total, np.float64)
    place = start.copy()
    _walk(
        u, v, ring_start, zone_start, lowest, highest, first, last, columns, False,
        place, zone, column, cover, area,
    )  # fmt: skip
    return _sweep(start, zone, column, cover, area, first, columns)


@compiled
def _walk(
    u: Floats,
    v: Floats,
    ring_start: Any,
    zone_start: Any,
    lowest: Floats,
    highest: Floats,
    first: int,
    last: int,
    columns: int,
    counting: bool,
    place: Any,
    zones: Ints,
    cells: Ints,
    cover: Floats,
    area: Floats,
) -> None:
    """
    Walk all outlines and enter each piece within a cell: how high it is and the area to its right.

    What lies left of the grid is entered in column −1, what lies right of it nowhere. `place` counts the
    entries of each row if `counting`, else it holds where the next one of the row goes.
    """
    for zone in range(len(zone_start) - 1):
        if highest[zone] < first or lowest[zone] >= last:
            continue
        for ring in range(zone_start[zone], zone_start[zone + 1]):
            for i in range(ring_start[ring], ring_start[ring + 1] - 1):
                # always from the top down, so that two polygons find the same points on a common edge
                down = 1.0
                u0, v0, u1, v1 = u[i], v[i], u[i + 1], v[i + 1]
                if v0 > v1:
                    down = -1.0
                    u0, v0, u1, v1 = u1, v1, u0, v0
                if v1 < first or v0 >= last or min(u0, u1) >= columns:
                    continue
                if v1 == v0 and u1 == u0:
                    continue
                row = max(math.floor(max(v0, float(first))), first)
                bottom = math.floor(min(v1, float(last)))
                if bottom == v1 and v1 > v0:
                    bottom -= 1
                bottom = min(bottom, last - 1)
                slope = (u1 - u0) / (v1 - v0) if v1 > v0 else 0.0
                left, right = min(u0, u1), max(u0, u1)
                while row <= bottom:
                    ua, fa, ub, fb = u0, v0 - row, u1, v1 - row
                    if v0 < row:
                        ua, fa = min(max(u0 + (row - v0) * slope, left), right), 0.0
                    if v1 > row + 1:
                        ub, fb = min(max(u0 + (row + 1 - v0) * slope, left), right), 1.0
                    if ua > ub:
                        ua, fa, ub, fb = ub, fb, ua, fa
                    if ua < columns:
                        c0 = math.floor(ua) if ua >= 0.0 else -1
                        c1 = math.floor(min(ub, float(columns))) if ub >= 0.0 else -1
                        if c1 == ub and ub > ua:
                            c1 -= 1
                        c1 = max(min(c1, columns - 1), c0)
                        k = row - first
                        if counting:
                            place[k] += c1 - c0 + 1
                        else:
                            steep = (fb - fa) / (ub - ua) if ub > ua else 0.0
                            low, high = min(fa, fb), max(fa, fb)
                            us, fs = ua, fa
                            for c in range(c0, c1 + 1):
                                ue, fe = ub, fb
                                if c + 1 < ub:
                                    ue = float(c + 1)
                                    fe = min(max(fa + (ue - ua) * steep, low), high)
                                at = place[k]
                                place[k] += 1
                                zones[at] = zone
                                cells[at] = c
                                cover[at] = down * abs(fe - fs)
                                area[at] = cover[at] * (c + 1 - 0.5 * (us + ue))
                                us, fs = ue, fe
                    row += 1


@compiled
def _sweep(
    start: Any, zone: Ints, column: Ints, cover: Floats, area: Floats, first: int, columns: int
) -> Any:
    """Runs and edges from the entries of each row, which stand by zone."""
    total = len(zone)
    run_row, run_first = np.empty(total, np.int32), np.empty(total, np.int32)
    run_last, run_zone = np.empty(total, np.int32), np.empty(total, np.int32)
    edge_row, edge_column = np.empty(total, np.int32), np.empty(total, np.int32)
    edge_zone, edge_fraction = np.empty(total, np.int32), np.empty(total, np.float64)
    runs, edges = 0, 0
    for k in range(len(start) - 1):
        runs_before, edges_before = runs, edges
        a = start[k]
        while a < start[k + 1]:
            z = zone[a]
            b = a + 1
            while b < start[k + 1] and zone[b] == z:
                b += 1
            _by_column(column, cover, area, a, b)
            inside, done = 0.0, 0  # share of a cell that lies inside right of what was met; columns met
            i = a
            while i < b:
                c = column[i]
                height, share = 0.0, 0.0
                while i < b and column[i] == c:
                    height += cover[i]
                    share += area[i]
                    i += 1
                if c >= 0:
                    if inside > 0.5 and c > done:
                        run_row[runs], run_first[runs] = k + first, done
                        run_last[runs], run_zone[runs] = c, z
                        runs += 1
                    edge_row[edges], edge_column[edges], edge_zone[edges] = k + first, c, z
                    edge_fraction[edges] = min(max(inside + share, 0.0), 1.0)
                    edges += 1
                    done = c + 1
                inside += height
            if inside > 0.5 and columns > done:
                run_row[runs], run_first[runs] = k + first, done
                run_last[runs], run_zone[runs] = columns, z
                runs += 1
            a = b
        _in_order(run_first, run_zone, run_last, None, runs_before, runs)
        _in_order(edge_column, edge_zone, None, edge_fraction, edges_before, edges)
    return (
        run_row[:runs].copy(), run_first[:runs].copy(), run_last[:runs].copy(), run_zone[:runs].copy(),
        edge_row[:edges].copy(), edge_column[:edges].copy(), edge_zone[:edges].copy(),
        edge_fraction[:edges].copy(),
    )  # fmt: skip


@compiled
def _by_column(column: Ints, cover: Floats, area: Floats, a: int, b: int) -> None:
    """Sort the entries from `a` to before `b` by column."""
    if b - a > SHORT:
        order = np.argsort(column[a:b], kind="mergesort")
        column[a:b] = column[a:b][order]
        cover[a:b] = cover[a:b][order]
        area[a:b] = area[a:b][order]
        return
    for i in range(a + 1, b):
        c, h, s = column[i], cover[i], area[i]
        j = i - 1
        while j >= a and column[j] > c:
            column[j + 1], cover[j + 1], area[j + 1] = column[j], cover[j], area[j]
            j -= 1
        column[j + 1], cover[j + 1], area[j + 1] = c, h, s


@compiled
def _in_order(column: Ints, zone: Ints, whole: Any, share: Any, a: int, b: int) -> None:
    """Sort from `a` to before `b` by column, then zone, with what else belongs to each."""
    if b - a < 2:
        return
    key = np.empty(b - a, np.int64)
    for i in range(a, b):
        key[i - a] = (np.int64(column[i]) << 32) | zone[i]
    order = np.argsort(key, kind="mergesort")
    column[a:b] = column[a:b][order]
    zone[a:b] = zone[a:b][order]
    if whole is not None:
        whole[a:b] = whole[a:b][order]
    if share is not None:
        share[a:b] = share[a:b][order]
