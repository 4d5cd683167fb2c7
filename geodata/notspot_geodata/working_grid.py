"""
The grid that terrain is worked with, and how the cells of files come onto it.

It is the files' own where they are in the working system, so that their values come through untouched;
else its lines are multiples of the cell size, so that all rasters of a study share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from math import ceil, floor, log10, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from notspot_geodata import crs as systems
from notspot_geodata import resampling
from notspot_geodata.errors import UsageError
from notspot_geodata.raster_tiles import Layer, Reader, tiles_in
from notspot_geodata.resampling import Float32s, Floats, Grid, Method
from notspot_geodata.terrain_checks import Part, layer_bounds, short_name

Bools = NDArray[np.bool_]
Bounds = tuple[float, float, float, float]

CHUNK = 512  # cells a side that are worked out at once; fewer where a cell averages many of the raster's
SOURCE_CELLS = 2_048  # of the raster a side that a chunk should not exceed
COARSEST = 128.0  # working cells of up to so many of the raster's a side
BILINEAR_UP_TO = 1.5  # cells of up to so many of the raster's are interpolated, larger ones averaged


def working_system(to_crs: Any) -> str:
    """``EPSG:…`` or WKT of a system to work in; `UsageError` where it is not metric or not true to scale."""
    parsed = systems.parse_crs(to_crs)
    units = {axis.unit_conversion_factor for axis in parsed.axis_info[:2]}
    if not parsed.is_projected or units != {1.0}:
        kind = "is in degrees" if parsed.is_geographic else "is not projected in metres"
        raise UsageError(
            f"{short_name(parsed)} {kind}; terrain is worked in metres: give EPSG:3826 or EPSG:3825"
        )
    code = systems.code_of(parsed)
    if code == "EPSG:3857":
        raise UsageError(
            "EPSG:3857 (Web Mercator) stretches distances by 8 to 11 % in Taiwan: give EPSG:3826 or EPSG:3825"
        )
    return code or parsed.to_wkt()


def lay_out(
    parts: Sequence[Part], to_crs: str, resolution_m: float | None
) -> tuple[Grid, Bounds, tuple[Method, ...]]:
    """The working grid, the bounds of all parts in its system, and how each part comes onto it."""
    leader = max(parts, key=lambda p: len(p.layer.tiles))  # the first of the largest
    own = _own_grid(leader, to_crs)
    if resolution_m is None:
        size = own.resolution_m if own else rounded(_size(leader, to_crs))
    else:
        size = float(resolution_m)
        finest = min(_size(p, to_crs) for p in parts)
        if not 0 < size <= COARSEST * finest:
            raise UsageError(
                f"a resolution of {resolution_m:g} m does not suit a terrain model with cells of {finest:.4g} m: "
                f"give more than 0 and at most {COARSEST * finest:,.0f}"
            )
    grid = own if own and abs(own.resolution_m - size) <= 1e-9 * size else Grid(0.0, 0.0, size)
    bounds = joined([bounds_in(p, to_crs) for p in parts])
    if grid is not own or len(parts) > 1:
        left, top, columns, rows = grid.cells(*bounds)
        west, north = grid.corner(left, top)
        bounds = west, north - rows * size, west + columns * size, north
        grid = Grid(west, north, size)
    return grid, bounds, tuple(_method(p, to_crs, grid) for p in parts)


def rounded(size_m: float) -> float:
    """A cell size that people would choose: two digits, from 20 the second one 0 or 5."""
    digit = 10.0 ** floor(log10(size_m))
    step = 0.1 if size_m / digit < 2 else 0.5
    return float(f"{round(size_m / digit / step) * step * digit:.6g}")


def chunk_cells(parts: Sequence[Part], to_crs: str, resolution_m: float) -> int:
    """Cells a side of what is worked out at once."""
    ratio = resolution_m / min(_size(p, to_crs) for p in parts)
    n = CHUNK
    while n > resampling.LATTICE and n * ratio > SOURCE_CELLS:
        n //= 2
    return n


def chunks(
    left: int, top: int, columns: int, rows: int, size: int
) -> Iterator[tuple[int, int, tuple[slice, slice], tuple[slice, slice]]]:
    """Row and column of each chunk that a window touches, its part of the window, and the window's of it."""
    for row in range(top // size, (top + rows - 1) // size + 1):
        here_r, there_r = _overlap(top, rows, row * size, size)
        for column in range(left // size, (left + columns - 1) // size + 1):
            here_c, there_c = _overlap(left, columns, column * size, size)
            yield row, column, (here_r, here_c), (there_r, there_c)


def read_cells(
    reader: Reader,
    part: Part,
    grid: Grid,
    cells: tuple[int, int, int, int],
    to_crs: str,
    method: Method,
    within_tiles: bool,
) -> tuple[Float32s, Bools]:
    """
    A part's values on cells (row, column, rows, columns) of the grid, and which cells lie within it.

    NaN where unknown. Within means the box around its tiles, or with `within_tiles` the tiles themselves.
    """
    row, column, rows, columns = cells
    layer = part.layer
    move = None if part.crs == to_crs else systems.transformer(to_crs, part.crs)
    u, v = resampling.corners(grid, column, row, columns, rows, move, layer.transform)
    lost = ~(np.isfinite(u) & np.isfinite(v))
    u, v = np.where(lost, -1e9, u), np.where(lost, -1e9, v)
    middle_u, middle_v = resampling.centres(u), resampling.centres(v)
    within = _within(layer, middle_u, middle_v, within_tiles)
    values = np.full((rows, columns), np.nan, dtype=np.float32)
    if not within.any():
        return values, within
    left, right = _span(
        u[:-1, :-1][within], u[1:, 1:][within], u[1:, :-1][within], u[:-1, 1:][within], layer.width
    )
    top, bottom = _span(
        v[:-1, :-1][within], v[1:, 1:][within], v[1:, :-1][within], v[:-1, 1:][within], layer.height
    )
    source = reader.read(layer, left, top, right - left, bottom - top)
    if method == "average":
        values = resampling.average(source, u - left, v - top)
    elif method == "bilinear":
        values = resampling.bilinear(source, middle_u - left, middle_v - top)
    else:  # the same cells: the nearest is the one
        values = resampling.nearest(source, middle_u - left, middle_v - top)
    values[~within] = np.nan
    return values, within


def digest_of(settings: Sequence[object], parts: Sequence[Part], files: Sequence[Path]) -> str:
    """SHA-256 over settings, the lay-out of the parts and the content of the files."""
    stated = list(settings)
    for part in parts:
        stated += [part.crs, part.layer.transform[:6]]
        stated += [(t.path.name, t.nodata, t.factor, t.offset, t.column, t.row) for t in part.layer.tiles]
    whole = hashlib.sha256(repr(stated).encode())
    for file in files:
        with file.open("rb") as opened:
            whole.update(hashlib.file_digest(opened, "sha256").digest())
    return whole.hexdigest()


def cell_size_m(layer: Layer, move: Transformer) -> float:
    """Side of a square as large as the cell in the middle of a layer, in metres of the system moved to."""
    u, v = layer.width / 2 + np.array([0, 1, 0]), layer.height / 2 + np.array([0, 0, 1])
    t = layer.transform
    x, y = move.transform(t.c + u * t.a + v * t.b, t.f + u * t.d + v * t.e)
    area = abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
    return sqrt(area)


def cell_words(part: Part) -> str:
    """Size of a part's cells in words, in its own unit."""
    t = part.layer.transform
    across, down = sqrt(t.a**2 + t.d**2), sqrt(t.b**2 + t.e**2)
    parsed = systems.parse_crs(part.crs)
    if parsed.is_geographic:
        return f"{across * 3600:.4g} by {down * 3600:.4g} arc-seconds"
    return f"{across:.6g} by {down:.6g} {parsed.axis_info[0].unit_name}s"


def bounds_in(part: Part, to_crs: str) -> Bounds:
    """West, south, east, north of a part in another system; its edges may be curved there."""
    if part.crs == to_crs:
        return layer_bounds(part.layer)
    along = np.linspace(0, 1, 65)
    u = np.concatenate([along, along, np.zeros(65), np.ones(65)]) * part.layer.width
    v = np.concatenate([np.zeros(65), np.ones(65), along, along]) * part.layer.height
    t = part.layer.transform
    x, y = systems.transformer(part.crs, to_crs).transform(t.c + u * t.a + v * t.b, t.f + u * t.d + v * t.e)
    ok = np.isfinite(x) & np.isfinite(y)
    if not ok.any():
        raise UsageError(f"the terrain lies where {short_name(to_crs)} does not reach: choose another system")
    return float(x[ok].min()), float(y[ok].min()), float(x[ok].max()), float(y[ok].max())


def _own_grid(part: Part, to_crs: str) -> Grid | None:
    t = part.layer.transform
    if part.crs != to_crs or t.b != 0 or t.d != 0 or abs(t.a + t.e) > 1e-9 * t.a:
        return None
    return Grid(t.c, t.f, t.a)


def _size(part: Part, to_crs: str) -> float:
    return cell_size_m(part.layer, systems.transformer(part.crs, to_crs))


def _method(part: Part, to_crs: str, grid: Grid) -> Method:
    own = _own_grid(part, to_crs)
    size = grid.resolution_m
    if own and abs(own.resolution_m - size) <= 1e-9 * size:
        off = ((own.west_m - grid.west_m) / size, (own.north_m - grid.north_m) / size)
        if all(abs(o - round(o)) < 1e-6 for o in off):
            return "same"
    return "bilinear" if size <= BILINEAR_UP_TO * _size(part, to_crs) else "average"


def _within(layer: Layer, u: Floats, v: Floats, by_tiles: bool) -> Bools:
    if not by_tiles:
        out: Bools = (u >= 0) & (u < layer.width) & (v >= 0) & (v < layer.height)
        return out
    out = np.zeros(u.shape, dtype=np.bool_)
    left, top = floor(u.min()), floor(v.min())
    for t in tiles_in(layer, left, top, floor(u.max()) - left + 1, floor(v.max()) - top + 1):
        out |= (u >= t.column) & (u < t.column + t.width) & (v >= t.row) & (v < t.row + t.height)
    return out


def _span(*sides: Any) -> tuple[int, int]:
    """First and one past the last cell that corners enclose, with the neighbours that interpolation asks."""
    *corners, size = sides
    first, last = min(float(c.min()) for c in corners), max(float(c.max()) for c in corners)
    return max(0, floor(first) - 1), min(int(size), ceil(last) + 2)


def _overlap(first: int, count: int, start: int, size: int) -> tuple[slice, slice]:
    left, right = max(first, start), min(first + count, start + size)
    return slice(left - first, right - first), slice(left - start, right - start)


def joined(all_bounds: Sequence[Bounds]) -> Bounds:
    west, south, east, north = zip(*all_bounds, strict=True)
    return min(west), min(south), max(east), max(north)
