"""
Polygons under a grid of cells, as arrays: what `locating.Locator` builds once. Compiled.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from notspot_geodata.cutting import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

NONE, EDGE = -1, -2  # in place of a zone
SIDE = 8  # small cells along the side of an edge cell: their square is the number of bits in a word
WHOLE = -1  # all bits
MARGIN = 1e-6  # of a cell: what lies so near a cell counts as in it, far more than rounding can move a point
FINEST = (
    2.0**-30
)  # size of a cell, of the largest coordinate: leaves `MARGIN` some ten units in the last place
MOST_SIDE = 2.0**16  # cells along the longer side
DIVIDED = 8192  # edge cells that one thread divides at a time


class CellGrid(NamedTuple):
    """Square cells, row 0 in the south; `per` is 1 / `size`, and `eps` the margin in the coordinates' unit."""

    west: float
    south: float
    size: float
    per: float
    eps: float
    rows: int
    columns: int


class Index(NamedTuple):
    """
    What `cell_lookup.find` needs.

    `cell` holds a zone (0 and up), `NONE`, or ``EDGE - e`` for the edge cell e. This is divided into `SIDE` ×
    `SIDE` small cells, row by row from the south-west: ``small[e]`` holds a zone, `NONE`, or `EDGE` where an
    outline comes near. The candidates of an edge cell are the rows of `candidate` from ``first[e]`` to before
    ``first[e + 1]``, in order: the small cells that the candidate has, as the bits of a word; those that its outline
    comes near (of which the first word says nothing); its zone; and where its pieces of outline lie in `lines`,
    as start × 2³² + end. A piece is x0, y0, x1, y1.
    """

    grid: CellGrid
    cell: Ints
    small: Ints
    first: Longs
    candidate: Longs
    lines: Floats


def indexed(xy: Floats, rings: Longs, zones: Longs, cells: int) -> Index:
    """
    The index of outlines.

    Parameters
    ----------
    xy
        Vertices, shape (n, 2), each ring closed.
    rings, zones
        First vertex of each ring, first ring of each shape; both with the end added.
    cells
        About how many the grid has.
    """
    low, high = (xy.min(axis=0), xy.max(axis=0)) if len(xy) else (np.zeros(2), np.ones(2))
    width, height = (high - low).tolist()
    least = max(float(np.abs([low, high]).max()) * FINEST, max(width, height) / MOST_SIDE, 1e-290)
    size = max(math.sqrt(width * height / cells), least)
    west, south = (low - 0.5 * size).tolist()  # nothing lies on the rim
    grid = CellGrid(
        west, south, size, 1.0 / size, size * MARGIN, int(height / size) + 2, int(width / size) + 2
    )
    slab, base, lines = _slabs(xy, rings, zones, grid)
    cell, at, first, candidate = _cells(slab, base, lines, grid)
    small = np.empty((len(at), SIDE * SIDE), np.int32)
    starts = range(0, len(at), DIVIDED)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, max(len(starts), 1))) as pool:
        list(
            pool.map(
                lambda e: _divide(e, min(e + DIVIDED, len(at)), at, first, candidate, lines, grid, small),
                starts,
            )
        )
    return Index(grid, cell, small, first, candidate, lines)


@compiled
def _rows_of(low: float, high: float, grid: CellGrid) -> tuple[int, int]:
    """First and last row that y from `low` to `high` comes near."""
    a = int((low - grid.eps - grid.south) * grid.per)
    b = int((high + grid.eps - grid.south) * grid.per)
    return max(a, 0), min(b, grid.rows - 1)


@compiled
def _slabs(xy: Floats, rings: Longs, zones: Longs, grid: CellGrid) -> tuple[Longs, Longs, Floats]:
    """
    The pieces of outline by shape and row of cells; one that comes near several rows stands in each.

    Returns
    -------
    slab, base, lines
        Pieces of the shape z in its k-th row are ``lines[slab[base[z] + k]:slab[base[z] + k + 1]]``, where
        ``base[:, 0]`` is that base and ``base[:, 1]`` the grid row of k = 0.
    """
    count = len(zones) - 1
    base = np.zeros((count + 1, 2), np.int64)
    for z in range(count):
        low, high = np.inf, -np.inf
        for i in range(rings[zones[z]], rings[zones[z + 1]]):
            low, high = min(low, xy[i, 1]), max(high, xy[i, 1])
        base[z + 1, 0] = base[z, 0]
        if low <= high:
            a, b = _rows_of(low, high, grid)
            base[z, 1] = a
            base[z + 1, 0] += b - a + 1
    slab = np.zeros(base[count, 0] + 2, np.int64)
    for z in range(count):
        at = base[z, 0] - base[z, 1] + 2
        for r in range(zones[z], zones[z + 1]):
            for i in range(rings[r], rings[r + 1] - 1):
                a, b = _rows_of(min(xy[i, 1], xy[i + 1, 1]), max(xy[i, 1], xy[i + 1, 1]), grid)
                for s in range(at + a, at + b + 1):
                    slab[s] += 1
    for s in range(2, len(slab)):
        slab[s] += slab[s - 1]
    lines = np.empty((slab[-1], 4), np.float64)
    for z in range(count):
        at = base[z, 0] - base[z, 1] + 1  # one further on, where the starts will have moved to
        for r in range(zones[z], zones[z + 1]):
            for i in range(rings[r], rings[r + 1] - 1):
                a, b = _rows_of(min(xy[i, 1], xy[i + 1, 1]), max(xy[i, 1], xy[i + 1, 1]), grid)
                for s in range(at + a, at + b + 1):
                    k = slab[s]
                    lines[k, 0], lines[k, 1] = xy[i, 0], xy[i, 1]
                    lines[k, 2], lines[k, 3] = xy[i + 1, 0], xy[i + 1, 1]
                    slab[s] += 1
    return slab[:-1], base, lines


@compiled
def _upward(lines: Floats, k: int) -> tuple[float, float, float, float]:
    """A piece of outline with its lower end first."""
    x0, y0, x1, y1 = lines[k, 0], lines[k, 1], lines[k, 2], lines[k, 3]
    if y0 > y1:
        return x1, y1, x0, y0
    return x0, y0, x1, y1


@compiled
def _within(
    x0: float, y0: float, x1: float, y1: float, low: float, high: float, eps: float
) -> tuple[float, float]:
    """West and east of what a piece, its lower end first, has between two parallels, with the margin."""
    west, east = min(x0, x1), max(x0, x1)
    if y1 > y0:
        slope = (x1 - x0) / (y1 - y0)
        u = x0 + (max(low - eps, y0) - y0) * slope
        v = x0 + (min(high + eps, y1) - y0) * slope
        west, east = max(min(u, v), west), min(max(u, v), east)
    return west - eps, east + eps


@compiled
def _cells(slab: Longs, base: Longs, lines: Floats, grid: CellGrid) -> tuple[Ints, Ints, Longs, Longs]:
    """The grid; the place of each edge cell in it, its first candidate, and the candidates, as `Index` has them."""
    columns = grid.columns
    cell = np.full(grid.rows * columns, NONE, np.int32)
    touched = np.zeros(grid.rows * columns, np.int32)  # by the outline of which shape last, counted from 1
    pairs = np.empty((max(len(lines), 16), 4), np.int32)  # edge cell, zone, start, end
    at_edge = np.empty((max(len(lines), 16), 1), np.int32)
    found, edges, most = 0, 0, 0
    for s in range(len(slab) - 1):
        most = max(most, slab[s + 1] - slab[s])
    crossings = np.empty(most)
    for z in range(len(base) - 1):
        for s in range(base[z, 0], base[z + 1, 0]):
            row = base[z, 1] + s - base[z, 0]
            south = grid.south + row * grid.size
            for k in range(slab[s], slab[s + 1]):
                x0, y0, x1, y1 = _upward(lines, k)
                low, high = _within(x0, y0, x1, y1, south, south + grid.size, grid.eps)
                a = max(int((low - grid.west) * grid.per), 0)
                b = min(int((high - grid.west) * grid.per), columns - 1)
                for at in range(row * columns + a, row * columns + b + 1):
                    if touched[at] == z + 1:
                        continue
                    touched[at] = z + 1
                    if cell[at] >= 0:  # an earlier shape has all of it
                        continue
                    if cell[at] == NONE:
                        cell[at] = EDGE - edges
                        at_edge = _room(at_edge, edges)
                        at_edge[edges, 0] = at
                        edges += 1
                    pairs = _room(pairs, found)
                    _put(pairs, found, EDGE - cell[at], z, slab[s], slab[s + 1])
                    found += 1
        for s in range(base[z, 0], base[z + 1, 0]):
            row = base[z, 1] + s - base[z, 0]
            n = _crossings(lines, slab[s], slab[s + 1], grid.south + (row + 0.5) * grid.size, crossings)
            for j in range(0, n - 1, 2):
                # cells whose centre lies between: a crossing is half a cell from the centre of any other cell
                a = max(math.ceil((crossings[j] - grid.west) * grid.per - 0.5), 0)
                b = min(math.floor((crossings[j + 1] - grid.west) * grid.per - 0.5), columns - 1)
                for at in range(row * columns + a, row * columns + b + 1):
                    if touched[at] == z + 1 or cell[at] >= 0:
                        continue
                    if cell[at] == NONE:
                        cell[at] = z
                    else:  # on the outline of an earlier shape that this one overlaps
                        pairs = _room(pairs, found)
                        _put(pairs, found, EDGE - cell[at], z, 0, -1)
                        found += 1
    return cell, at_edge[:edges, 0], *_by_cell(pairs[:found], edges)


@compiled
def _crossings(lines: Floats, start: int, end: int, y: float, out: Floats) -> int:
    """Where pieces of outline cross a parallel, sorted into `out`; their number."""
    n = 0
    for k in range(start, end):
        x0, y0, x1, y1 = lines[k, 0], lines[k, 1], lines[k, 2], lines[k, 3]
        if (y0 > y) != (y1 > y):
            out[n] = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
            n += 1
    if n > 2:
        out[:n].sort()
    elif n == 2 and out[0] > out[1]:
        out[0], out[1] = out[1], out[0]
    return n


@compiled
def _put(pairs: Ints, at: int, edge: int, zone: int, start: int, end: int) -> None:
    """Enter a pair; a field at a time, which is twice as fast as a row."""
    pairs[at, 0] = edge
    pairs[at, 1] = zone
    pairs[at, 2] = start
    pairs[at, 3] = end


@compiled
def _room(rows: Ints, used: int) -> Ints:
    """`rows`, or where it is full a copy with twice the room."""
    if used < len(rows):
        return rows
    wider = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
    wider[:used] = rows
    return wider


@compiled
def _by_cell(pairs: Ints, edges: int) -> tuple[Longs, Longs]:
    """First candidate of each edge cell, and all: pairs gathered by edge cell, their order in it kept."""
    first = np.zeros(edges + 2, np.int64)
    for p in range(len(pairs)):
        first[pairs[p, 0] + 2] += 1
    for e in range(2, len(first)):
        first[e] += first[e - 1]
    candidate = np.empty((len(pairs), 4), np.int64)
    for p in range(len(pairs)):
        e = pairs[p, 0] + 1
        q = first[e]
        candidate[q, 0], candidate[q, 1] = WHOLE, 0
        candidate[q, 2] = pairs[p, 1]
        candidate[q, 3] = (np.int64(pairs[p, 2]) << 32) + pairs[p, 3]  # -1 where there is no piece
        first[e] += 1
    return first[:-1], candidate


# ------------------------------------------------------------------ small cells


@compiled
def _divide(
    begin: int, end: int, at: Ints, first: Longs, candidate: Longs, lines: Floats, grid: CellGrid, small: Ints
) -> None:
    """Enter some edge cells into `small`, and the words of their candidates; without pieces one has all its cell."""
    for e in range(begin, end):
        west = grid.west + (at[e] % grid.columns) * grid.size
        south = grid.south + (at[e] // grid.columns) * grid.size
        small[e] = NONE
        for q in range(first[e + 1] - 1, first[e] - 1, -1):  # the first candidate is entered last
            span = candidate[q, 3]
            if span >= 0:
                inside, near = _small_cells(lines, span >> 32, span & 0xFFFFFFFF, west, south, grid)
                candidate[q, 0], candidate[q, 1] = inside, near
            inside = candidate[q, 0]
            for bit in range(SIDE * SIDE):
                if (inside >> bit) & 1:
                    small[e, bit] = candidate[q, 2]
        near = 0
        for q in range(first[e], first[e + 1]):
            near |= candidate[q, 1]
        for bit in range(SIDE * SIDE):
            if (near >> bit) & 1:
                small[e, bit] = EDGE


@compiled
def _small_cells(
    lines: Floats, start: int, end: int, west: float, south: float, grid: CellGrid
) -> tuple[int, int]:
    """Bits of the small cells whose centre an outline holds, and of those that it comes near."""
    size, per = grid.size / SIDE, grid.per * SIDE
    east = west + grid.size
    inside, near = 0, 0
    for k in range(start, end):
        x0, y0, x1, y1 = _upward(lines, k)
        if max(x0, x1) < west - grid.eps:
            continue
        bottom, top = (y0 - south) * per, (y1 - south) * per
        # rows whose centre the piece passes; two pieces with a common end agree on it
        a, b = max(math.ceil(bottom - 0.5), 0), min(math.ceil(top - 0.5), SIDE)
        if min(x0, x1) > east + grid.eps:
            if a < b:
                inside ^= (WHOLE << (a * SIDE)) & ~((WHOLE << (b * SIDE - 1)) << 1)
            continue
        for row in range(a, b):
            # a ray from the east comes into the polygon or leaves it: all centres west of the piece
            x = x0 + (south + (row + 0.5) * size - y0) * (x1 - x0) / (y1 - y0)
            west_of = min(max(math.ceil((x - west) * per - 0.5), 0), SIDE)
            inside ^= ((1 << west_of) - 1) << (row * SIDE)
        a, b = max(int(bottom - MARGIN * SIDE), 0), min(math.floor(top + MARGIN * SIDE), SIDE - 1)
        for row in range(a, b + 1):
            low = south + row * size
            u, v = _within(x0, y0, x1, y1, low, low + size, grid.eps)
            a, b = max(math.floor((u - west) * per), 0), min(math.floor((v - west) * per), SIDE - 1)
            if a <= b:
                near |= ((1 << (b + 1)) - (1 << a)) << (row * SIDE)
    return inside, near
