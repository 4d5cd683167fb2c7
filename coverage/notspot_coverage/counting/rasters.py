"""
Rasters painted on the lattice: the value at the middle of every sub-cell against a threshold, strip by strip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from notspot_coverage.counting.bits import FULL, NONE, SIDE, Words
from notspot_coverage.counting.edges import moved_edges
from notspot_coverage.counting.lattice import CRS, Lattice
from notspot_coverage.counting.services import Raster
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.crs import parse_crs, transformer
from notspot_geodata.errors import InputError, Problem

STRIP_CELLS = 1024  # rows of the raster that are read at a time, about
STRIP_ROWS = (64, 512)  # of the lattice: at least and at most
CACHE_BYTES = 64_000_000
MESH_M = 800.0  # between nodes where the raster is in another system
MIDDLE = 0.5 - 0.5 / SIDE  # of the outermost sub-cells, in cells from the middle of their cell

Floats = NDArray[np.float64]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Strip:
    """
    Some rows of the lattice, for one raster: a piece of work that needs the file and nothing else.

    Attributes
    ----------
    x, y
        Middles of the cells in EPSG:3826, metres.
    cell_m
        Side of a cell.
    thresholds
        What values must reach.
    """

    layer: Raster
    x: Floats
    y: Floats
    cell_m: float
    thresholds: tuple[float, ...]


Run = Callable[[Callable[[Strip], tuple[list[Words], Words, Values]], Iterable[Strip]], Iterable[Any]]


def paint_raster(
    lattice: Lattice, layer: Raster, thresholds: Sequence[float], run: Run | None = None
) -> tuple[list[tuple[Words, Words, Words, Words]], Values]:
    """
    What a raster covers at each of `thresholds`: (yes, unknown, outer, inner), words of the lattice's cells; and the
    greatest value in each cell, NaN where there is none.

    A sub-cell takes the value of the raster's cell that its middle lies in. In `outer` and `inner` the edge of coverage
    lies half a cell of the raster (at least a sub-cell) further out and in, for it runs somewhere between the middles
    of two of its cells. Where something is unknown there is no edge.

    `run` maps `paint_strip` over strips, in order: over threads without it, or over the workers of a cluster that
    read the file themselves. The result does not depend on it.
    """
    yes = [lattice.words() for _ in thresholds]
    known = lattice.words()
    greatest = np.empty(len(lattice), np.float32)
    with opened(layer.path) as file:
        size_m = _Place(file, layer, lattice.cell_m).size_m(*lattice.centres(slice(0, 1)))
    high = int(np.clip(STRIP_CELLS * size_m / lattice.cell_m, *STRIP_ROWS))
    firsts = np.arange(0, lattice.grid.rows + high, high, dtype=np.int32)
    ends = np.searchsorted(lattice.row, firsts)
    spans = [(a, b) for a, b in pairwise(ends) if a < b]
    strips = (
        Strip(layer, *lattice.centres(slice(a, b)), lattice.cell_m, tuple(thresholds)) for a, b in spans
    )
    for (a, b), found in zip(spans, (run or by_threads)(paint_strip, strips), strict=True):
        for words, part in zip(yes, found[0], strict=True):
            words[a:b] = part
        known[a:b], greatest[a:b] = found[1:]
    unknown = ~known if layer.outside == "unknown" else lattice.words()
    reach = max(int(np.ceil(size_m / 2 / (lattice.cell_m / SIDE) - 0.01)), 1)
    return [(words, unknown, *moved_edges(lattice, words, known, reach)) for words in yes], greatest


def paint_strip(strip: Strip) -> tuple[list[Words], Words, Values]:
    """What is covered at each threshold, what is known, and the greatest value, of the cells of a strip."""
    limits = np.asarray(strip.thresholds, np.float32)  # the file's own precision: -105 is met by -105
    yes = np.zeros((len(limits), len(strip.x)), np.uint64)
    known = np.zeros(len(strip.x), np.uint64)
    greatest = np.full(len(strip.x), np.nan, np.float32)
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), opened(strip.layer.path) as file:
        u, v, step = _Place(file, strip.layer, strip.cell_m).of(strip.x, strip.y)
        values, left, top = _window(file, u, v, step)
    _sample(yes, known, greatest, values, left, top, u, v, step, limits)
    return list(yes), known, greatest


def by_threads(work: Callable[[Strip], Any], strips: Iterable[Strip]) -> Iterable[Any]:
    """`work` done for each strip by the threads of this process, in order."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from pool.map(work, strips)


def values_at(layer: Raster, x: Floats, y: Floats) -> Values:
    """Values of a raster at points in EPSG:3826, shape (n,), float32; NaN where it holds none."""
    return values_about(layer, x, y, around=False)[0]


def values_about(
    layer: Raster, x: Floats, y: Floats, *, around: bool = True
) -> tuple[Values, Values, Values]:
    """
    Values at points in EPSG:3826, and the least and greatest within half a cell `around` them, shape (n,) each; NaN
    where there is none at the point itself.
    """
    offsets = [(0.0, 0.0)]
    if around:  # a square of half a cell to all sides reaches into no cells but those of its corners
        offsets += [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]
    with opened(layer.path) as file:
        move = transformer(CRS, _system(file, layer))
        u, v = _applied(~file.transform, *move.transform(x, y))
        found = _values(file, u, v, offsets)
    value, least, most = found[0], found[0], found[0]
    for beside in found[1:]:
        beside = np.where(np.isnan(value), np.float32(np.nan), beside)
        least, most = np.fmin(least, beside), np.fmax(most, beside)
    return value, least, most


def _values(file: Any, u: Floats, v: Floats, offsets: Sequence[tuple[float, float]]) -> Values:
    """Values at columns `u` and rows `v`, each `offsets` away; shape (offsets, n); read once by strips of blocks."""
    out = np.full((len(offsets), len(u)), np.nan, np.float32)
    with np.errstate(invalid="ignore"):
        row = np.floor(v)
        inside = (np.floor(u) >= 0) & (row >= 0) & (u < file.width) & (v < file.height)
    for index in _by_blocks(row, inside, file.block_shapes[0][0]):
        top, bottom = max(int(v[index].min() - 0.5), 0), min(int(v[index].max() + 0.5) + 1, file.height)
        left, right = max(int(u[index].min() - 0.5), 0), min(int(u[index].max() + 0.5) + 1, file.width)
        values = _read(file, Window(left, top, right - left, bottom - top))
        for found, (a, b) in zip(out, offsets, strict=True):
            rows = np.floor(v[index] + b).astype(np.int64) - top
            columns = np.floor(u[index] + a).astype(np.int64) - left
            there = (rows >= 0) & (columns >= 0) & (rows < values.shape[0]) & (columns < values.shape[1])
            found[index[there]] = values[rows[there], columns[there]]
    return out


def _by_blocks(row: Floats, inside: NDArray[np.bool_], rows: int) -> list[NDArray[np.int64]]:
    """Indices of the points inside, by the strip of blocks they fall in."""
    there = np.flatnonzero(inside)
    if not len(there):
        return []
    strip = row[there] // rows
    order = np.argsort(strip, kind="stable")
    return np.split(there[order], np.flatnonzero(np.diff(strip[order])) + 1)


def opened(path: Path) -> Any:
    """A raster file, open; InputError where it is none."""
    try:
        return rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(path, [Problem(None, "", "cannot be read as a raster")]) from error


def _system(file: Any, layer: Raster) -> Any:
    crs = layer.crs or file.crs
    if not crs:
        raise InputError(
            layer.path,
            [Problem(None, "crs", "is missing, and the layer names none")],
            hint='Add crs = "EPSG:3826".',
        )
    return parse_crs(crs)


class _Place:
    """Where the lattice's cells lie in a raster, in its columns (u) and rows (v)."""

    def __init__(self, file: Any, layer: Raster, cell_m: float) -> None:
        self.transform, self.cell_m = ~file.transform, cell_m
        system = _system(file, layer)
        self.move = None if system == parse_crs(CRS) else transformer(CRS, system)

    def size_m(self, x: Floats, y: Floats) -> float:
        """Side of a cell of the raster at the first of some points, metres."""
        du, dv = self._steps(x[:1], y[:1])
        return float(self.cell_m / np.sqrt(abs(du[0, 0] * dv[0, 1] - du[0, 1] * dv[0, 0])))

    def of(self, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Middle of cells, shape (n,), and what a cell to the east and to the south is, shape (n or 1, 4)."""
        if self.move is None:
            u, v = self._uv(x, y)
            du, dv = self._steps(x[:1], y[:1])
            return u, v, np.column_stack([du[:, 0], dv[:, 0], du[:, 1], dv[:, 1]])
        # straight between the nodes of a mesh, which leaves the curve by d^2 / 8 R: less than 2 cm
        d = MESH_M
        west, south = x.min() - d, y.min() - d
        columns, rows = int((x.max() - west) / d) + 2, int((y.max() - south) / d) + 2
        node_x, node_y = np.meshgrid(west + d * np.arange(columns), south + d * np.arange(rows))
        nodes = np.stack([part.reshape(rows, columns) for part in self._uv(node_x.ravel(), node_y.ravel())])
        column, row = ((x - west) / d).astype(np.int64), ((y - south) / d).astype(np.int64)
        s, t = (x - west) / d - column, (y - south) / d - row
        low_left, low_right = nodes[:, row, column], nodes[:, row, column + 1]
        up_left, up_right = nodes[:, row + 1, column], nodes[:, row + 1, column + 1]
        left, right = low_left + t * (up_left - low_left), low_right + t * (up_right - low_right)
        bottom, top = low_left + s * (low_right - low_left), up_left + s * (up_right - up_left)
        u, v = left + s * (right - left)
        east, south_ = (right - left) * (self.cell_m / d), (bottom - top) * (self.cell_m / d)
        return u, v, np.column_stack([*east, *south_])

    def _uv(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        if self.move is not None:
            x, y = self.move.transform(x, y)
        return _applied(self.transform, x, y)

    def _steps(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        half = self.cell_m / 2
        east = np.subtract(self._uv(x + half, y), self._uv(x - half, y))
        south = np.subtract(self._uv(x, y - half), self._uv(x, y + half))
        return np.column_stack([east[0], south[0]]), np.column_stack([east[1], south[1]])


def _applied(move: Any, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore"):  # points that are nowhere
        return move.a * x + move.b * y + move.c, move.d * x + move.e * y + move.f


def _window(file: Any, u: Floats, v: Floats, step: Floats) -> tuple[Values, int, int]:
    """Values of a file around places, and the column and row that they begin at."""
    reach = float(np.abs(step).sum(axis=1).max()) / 2 + 1
    left, right = max(int(u.min() - reach), 0), min(int(u.max() + reach) + 1, file.width)
    top, bottom = max(int(v.min() - reach), 0), min(int(v.max() + reach) + 1, file.height)
    if left >= right or top >= bottom:
        return np.full((1, 1), np.nan, np.float32), -10, -10
    return _read(file, Window(left, top, right - left, bottom - top)), left, top


def _read(file: Any, window: Window) -> Values:
    """Values with NaN for what is unknown, after scale and offset, in float32."""
    raw = file.read(1, window=window)
    flags = file.mask_flag_enums[0]
    if flags == [MaskFlags.nodata]:  # compared here: the file's mask would be read as a second band
        with np.errstate(over="ignore"):
            gone = raw == (raw.dtype.type(file.nodata) if raw.dtype.kind == "f" else file.nodata)
    else:
        gone = None if MaskFlags.all_valid in flags else file.read_masks(1, window=window) == 0
    scale, offset = file.scales[0], file.offsets[0]
    if (scale, offset) != (1.0, 0.0):
        raw = raw.astype(np.float64) * scale + offset  # as decimals are meant: -1051 x 0.1 is -105.1
    out: Values = raw.astype(np.float32)
    if gone is not None:
        out[gone] = np.nan
    out[~np.isfinite(out)] = np.nan
    return out


@compiled
def _sample(
    yes: Words,
    known: Words,
    greatest: Values,
    values: Values,
    left: int,
    top: int,
    u: Floats,
    v: Floats,
    step: Floats,
    limits: Values,
) -> None:
    """
    Fill `known` and `greatest`, shape (n,), and `yes`, shape (limits, n), from the values that the sub-cells' middles
    lie in.
    """
    height, width = values.shape
    columns, rows = np.empty(SIDE, np.int64), np.empty(SIDE, np.int64)
    found, parts = np.empty(SIDE * SIDE, np.float32), np.empty(SIDE * SIDE, np.uint64)
    for i in range(len(u)):
        east_u, east_v, south_u, south_v = step[i if len(step) > 1 else 0]
        reach_u, reach_v = (abs(east_u) + abs(south_u)) * MIDDLE, (abs(east_v) + abs(south_v)) * MIDDLE
        c0, c1 = int(np.floor(u[i] - reach_u)) - left, int(np.floor(u[i] + reach_u)) - left
        r0, r1 = int(np.floor(v[i] - reach_v)) - top, int(np.floor(v[i] + reach_v)) - top
        if c1 < 0 or r1 < 0 or c0 >= width or r0 >= height:
            continue
        n = 0
        if c0 == c1 and r0 == r1:  # the lattice's cell lies in one of the raster's
            found[0], parts[0] = values[r0, c0], FULL
            n = 1
        elif (
            east_v == 0 and south_u == 0
        ):  # both lie square: a cell of the raster has whole runs of sub-cells
            for k in range(SIDE):
                off = (k + 0.5) / SIDE - 0.5
                columns[k] = int(np.floor(u[i] + off * east_u)) - left
                rows[k] = int(np.floor(v[i] + off * south_v)) - top
            a = 0
            while a < SIDE:
                b = a + 1
                lines = np.uint64(1) << np.uint64(SIDE * a)
                while b < SIDE and rows[b] == rows[a]:
                    lines |= np.uint64(1) << np.uint64(SIDE * b)
                    b += 1
                c = 0
                while c < SIDE:
                    d = c + 1
                    while d < SIDE and columns[d] == columns[c]:
                        d += 1
                    if 0 <= rows[a] < height and 0 <= columns[c] < width:
                        found[n] = values[rows[a], columns[c]]
                        parts[n] = lines * (
                            ((np.uint64(1) << np.uint64(d - c)) - np.uint64(1)) << np.uint64(c)
                        )
                        n += 1
                    c = d
                a = b
        else:
            for k in range(SIDE * SIDE):
                down, along = (k // SIDE + 0.5) / SIDE - 0.5, (k % SIDE + 0.5) / SIDE - 0.5
                c = int(np.floor(u[i] + along * east_u + down * south_u)) - left
                r = int(np.floor(v[i] + along * east_v + down * south_v)) - top
                if 0 <= c < width and 0 <= r < height:
                    found[n], parts[n] = values[r, c], np.uint64(1) << np.uint64(k)
                    n += 1
        word, most = NONE, np.float32(-np.inf)
        for k in range(n):
            word |= parts[k] if found[k] == found[k] else NONE
            most = found[k] if found[k] > most else most
        known[i] = word
        if word != NONE:
            greatest[i] = most
        for t in range(len(limits)):
            word = NONE
            for k in range(n):
                word |= parts[k] if found[k] >= limits[t] else NONE
            yes[t, i] = word
