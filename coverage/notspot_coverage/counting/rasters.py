"""
Rasters painted on the lattice: the value at the middle of every sub-cell against a threshold, strip by strip.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from notspot_coverage.counting.bits import FULL, NONE, SIDE, Words
from notspot_coverage.counting.lattice import CRS, Lattice
from notspot_coverage.counting.services import Raster
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.crs import parse_crs, transformer
from notspot_geodata.errors import InputError, Problem

STRIP_ROWS = 64  # of lattice cells
CACHE_BYTES = 64_000_000
REACH_CELLS = 8  # of values that are kept around a strip, for cells that are seen at an angle

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


Run = Callable[[Callable[[Strip], tuple[list[Words], Words]], Iterable[Strip]], Iterable[Any]]


def paint_raster(
    lattice: Lattice, layer: Raster, thresholds: Sequence[float], run: Run | None = None
) -> list[tuple[Words, Words, Words, Words]]:
    """
    What a raster covers at each of `thresholds`: (yes, unknown, outer, inner), words of the lattice's cells.

    A sub-cell takes the value of the raster's cell that its middle lies in. `outer` and `inner` are a band about
    the edge of coverage: cells that are covered in part where the raster is finer than the lattice, else half a cell of
    the raster to both sides, for the edge runs somewhere between the middles of two of its cells.

    `run` maps `paint_strip` over strips, in order: over threads without it, or over the workers of a cluster that
    read the file themselves. The result does not depend on it.
    """
    yes = [lattice.words() for _ in thresholds]
    known = lattice.words()
    x, y = lattice.centres()
    firsts = np.arange(0, lattice.grid.rows + STRIP_ROWS, STRIP_ROWS)
    ends = np.searchsorted(lattice.row, firsts)
    spans = [(a, b) for a, b in pairwise(ends) if a < b]
    strips = (Strip(layer, x[a:b], y[a:b], lattice.cell_m, tuple(thresholds)) for a, b in spans)
    for (a, b), found in zip(spans, (run or by_threads)(paint_strip, strips), strict=True):
        for words, part in zip(yes, found[0], strict=True):
            words[a:b] = part
        known[a:b] = found[1]
    with _opened(layer) as file:
        size_m = _Place(file, layer, lattice.cell_m).size_m(x[0], y[0])
    band = _band(size_m, lattice.cell_m)
    unknown = ~known if layer.outside == "unknown" else lattice.words()
    return [(words, unknown, *_edges(lattice, words, known, band)) for words in yes]


def paint_strip(strip: Strip) -> tuple[list[Words], Words]:
    """What is covered at each threshold, and what is known, of the cells of a strip."""
    limits = np.asarray(strip.thresholds, np.float32)  # the file's own precision: -105 is met by -105
    yes = [np.full(len(strip.x), NONE) for _ in limits]
    known = np.full(len(strip.x), NONE)
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), _opened(strip.layer) as file:
        u, v, step = _Place(file, strip.layer, strip.cell_m).of(strip.x, strip.y)
        values, left, top = _window(file, u, v, step)
    for words, limit in zip(yes, limits, strict=True):
        _sample(words, known, values, left, top, u, v, step, limit)
    return yes, known


def by_threads(work: Callable[[Strip], Any], strips: Iterable[Strip]) -> Iterable[Any]:
    """`work` done for each strip by the threads of this process, in order."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from pool.map(work, strips)


def values_at(layer: Raster, x: Floats, y: Floats) -> Floats:
    """Values of a raster at points in EPSG:3826, shape (n,); NaN where it holds none."""
    out = np.full(len(x), np.nan)
    with _opened(layer) as file:
        move = transformer(CRS, _system(file, layer))
        u, v = ~file.transform * move.transform(x, y)
        with np.errstate(invalid="ignore"):
            column, row = np.floor(u), np.floor(v)
            inside = (column >= 0) & (row >= 0) & (column < file.width) & (row < file.height)
        for index in _by_blocks(row, inside, file.block_shapes[0][0]):
            rows, columns = row[index].astype(int), column[index].astype(int)
            top, left = int(rows.min()), int(columns.min())
            window = Window(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)
            out[index] = _read(file, window)[rows - top, columns - left]
    return out


def _by_blocks(row: Floats, inside: NDArray[np.bool_], rows: int) -> list[NDArray[np.int64]]:
    """Indices of the points inside, by the strip of blocks they fall in."""
    there = np.flatnonzero(inside)
    if not len(there):
        return []
    strip = row[there] // rows
    order = np.argsort(strip, kind="stable")
    return np.split(there[order], np.flatnonzero(np.diff(strip[order])) + 1)


def _opened(layer: Raster) -> Any:
    try:
        return rasterio.open(layer.path)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(layer.path, [Problem(None, "", "cannot be read as a raster")]) from error


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

    def size_m(self, x: float, y: float) -> float:
        """Side of a cell of the raster there, metres."""
        du, dv = self._steps(np.array([x]), np.array([y]))
        return float(self.cell_m / np.sqrt(abs(du[0, 0] * dv[0, 1] - du[0, 1] * dv[0, 0])))

    def of(self, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Middle of cells, shape (n,), and what a cell to the east and to the south is, shape (n or 1, 4)."""
        u, v = self._uv(x, y)
        few = slice(0, 1) if self.move is None else slice(None)
        du, dv = self._steps(x[few], y[few])
        return u, v, np.column_stack([du[:, 0], dv[:, 0], du[:, 1], dv[:, 1]])

    def _uv(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        if self.move is not None:
            x, y = self.move.transform(x, y)
        u, v = self.transform * (x, y)
        return np.asarray(u), np.asarray(v)

    def _steps(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        half = self.cell_m / 2
        east = np.subtract(self._uv(x + half, y), self._uv(x - half, y))
        south = np.subtract(self._uv(x, y - half), self._uv(x, y + half))
        return np.column_stack([east[0], south[0]]), np.column_stack([east[1], south[1]])


def _window(file: Any, u: Floats, v: Floats, step: Floats) -> tuple[Values, int, int]:
    """Values of a file around places, and the column and row that they begin at."""
    reach = float(np.abs(step).sum(axis=1).max()) / 2 + 1
    left, right = max(int(u.min() - reach), 0), min(int(u.max() + reach) + 1, file.width)
    top, bottom = max(int(v.min() - reach), 0), min(int(v.max() + reach) + 1, file.height)
    if left >= right or top >= bottom:
        return np.full((1, 1), np.nan, np.float32), -10, -10
    return _read(file, Window(left, top, right - left, bottom - top)), left, top


def _read(file: Any, window: Window) -> Values:
    """Values with NaN for what is unknown, after scale and offset."""
    values = file.read(1, window=window, masked=True)
    out = np.ma.filled(values.astype(np.float32), np.nan)
    scale, offset = file.scales[0], file.offsets[0]
    if (scale, offset) != (1.0, 0.0):
        out = (out * scale + offset).astype(np.float32)
    out[~np.isfinite(out)] = np.nan
    return out


@compiled
def _sample(
    yes: Words,
    known: Words,
    values: Values,
    left: int,
    top: int,
    u: Floats,
    v: Floats,
    step: Floats,
    at_least: float,
) -> None:
    height, width = values.shape
    for i in range(len(u)):
        k = i if len(step) > 1 else 0
        east_u, east_v, south_u, south_v = step[k]
        reach_u, reach_v = (abs(east_u) + abs(south_u)) * 0.4375, (abs(east_v) + abs(south_v)) * 0.4375
        c0, c1 = int(np.floor(u[i] - reach_u)) - left, int(np.floor(u[i] + reach_u)) - left
        r0, r1 = int(np.floor(v[i] - reach_v)) - top, int(np.floor(v[i] + reach_v)) - top
        if c0 == c1 and r0 == r1:  # the lattice's cell lies in one of the raster's
            if 0 <= c0 < width and 0 <= r0 < height:
                value = values[r0, c0]
                if value == value:
                    known[i] = FULL
                    if value >= at_least:
                        yes[i] = FULL
            continue
        word, seen = NONE, NONE
        for row in range(SIDE):
            b = (row + 0.5) / SIDE - 0.5
            for column in range(SIDE):
                a = (column + 0.5) / SIDE - 0.5
                c = int(np.floor(u[i] + a * east_u + b * south_u)) - left
                r = int(np.floor(v[i] + a * east_v + b * south_v)) - top
                if 0 <= c < width and 0 <= r < height:
                    value = values[r, c]
                    if value == value:
                        bit = np.uint64(1) << np.uint64(SIDE * row + column)
                        seen |= bit
                        if value >= at_least:
                            word |= bit
        known[i] = seen
        yes[i] = word


def _band(raster_m: float, cell_m: float) -> int:
    """Cells of the lattice to both sides of an edge: 0 where the raster is finer."""
    return 0 if raster_m < 0.99 * cell_m else int(np.ceil(raster_m / (2 * cell_m) - 0.01))


def _edges(lattice: Lattice, yes: Words, known: Words, band: int) -> tuple[Words, Words]:
    outer = np.where(yes != NONE, FULL, NONE)
    inner = np.where(yes == FULL, FULL, NONE)
    for _ in range(band):
        outer = np.where(_beside(lattice, outer == FULL) & (known != NONE), FULL, outer)
        gone = (inner != FULL) & (known != NONE)  # what is unknown is no edge
        inner = np.where(_beside(lattice, gone), NONE, inner)
    return outer | yes, inner & yes


def _beside(lattice: Lattice, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells with a neighbour (of four) for which a flag is set."""
    dense = np.zeros(lattice.slot.shape, np.bool_)
    dense[lattice.row, lattice.column] = flags
    near = np.zeros_like(dense)
    near[1:] |= dense[:-1]
    near[:-1] |= dense[1:]
    near[:, 1:] |= dense[:, :-1]
    near[:, :-1] |= dense[:, 1:]
    out: NDArray[np.bool_] = near[lattice.row, lattice.column]
    return out
