"""
Polygons under a grid of cells, as arrays: what `locating` builds once and asks often.

Compiled; see `locating.Locator` for what it does.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from notspot_geodata.cutting import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

MARGIN = 1e-6  # of a cell: what lies so near a cell counts as in it, far more than rounding can move a point
FINEST = (
    2.0**-30
)  # size of a cell, of the largest coordinate: leaves `MARGIN` some ten units in the last place
SIDE = 8  # small cells along the side of an edge cell: their square is the number of bits in a word
WHOLE = -1  # all bits
BLOCK = 2048  # points whose cells are looked up together: the processor then waits for many at once
ROUNDING = 3.3306690738754716e-16  # (3 + 16ε)ε, of the terms of a determinant; Shewchuk 1997, ccwerrboundA


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
    What `find` needs.

    `cell` holds a zone (0 and up), -1 for none, or -2 - e for the edge cell e. This is divided into `SIDE` ×
    `SIDE` small cells, row by row from the south-west, each a bit of a word. ``edge[e]`` holds the small cells
    that an outline comes near, and the first row of `candidate`; the rows up to that of the next edge cell are its
    candidates, in order: the small cells that the candidate has if no outline is near, its zone, and start and end
    of its pieces of outline in `piece`, which holds the first vertex of each; end -1 where it has the whole cell.
    """

    grid: CellGrid
    cell: Ints
    edge: Longs
    candidate: Longs
    piece: Ints
    xy: Floats


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
    longest = max(width, height)
    least = max(
        float(np.abs([low, high]).max()) * FINEST, longest * 2.0**-16, np.finfo(np.float64).tiny * 2**40
    )
    size = max(math.sqrt(width * height / cells), least)
    west, south = (low - 0.5 * size).tolist()  # nothing lies on the rim
    grid = CellGrid(
        west, south, size, 1.0 / size, size * MARGIN, int(height / size) + 2, int(width / size) + 2
    )
    slab, base, piece = _slabs(xy, rings, zones, grid)
    cell, at, first, candidate = _cells(xy, zones, slab, base, piece, grid)
    return Index(grid, cell, _divided(xy, at, first, candidate, piece, grid), candidate, piece, xy)


@compiled
def _rows_of(low: float, high: float, grid: CellGrid) -> tuple[int, int]:
    """First and last row that y from `low` to `high` comes near."""
    a = int((low - grid.eps - grid.south) * grid.per)
    b = int((high + grid.eps - grid.south) * grid.per)
    return max(a, 0), min(b, grid.rows - 1)


@compiled
def _slabs(xy: Floats, rings: Longs, zones: Longs, grid: CellGrid) -> tuple[Longs, Longs, Ints]:
    """
    The pieces of outline by shape and row of cells.

    Returns
    -------
    slab, base, piece
        Pieces of the shape z in its k-th row are ``piece[slab[base[z] + k]:slab[base[z] + k + 1]]``, each by
        its first vertex; ``base[:, 0]`` is that base, ``base[:, 1]`` the grid row of k = 0.
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
    piece = np.empty(slab[-1], np.int32)
    for z in range(count):
        at = base[z, 0] - base[z, 1] + 1  # one further on, where the starts will have moved to
        for r in range(zones[z], zones[z + 1]):
            for i in range(rings[r], rings[r + 1] - 1):
                a, b = _rows_of(min(xy[i, 1], xy[i + 1, 1]), max(xy[i, 1], xy[i + 1, 1]), grid)
                for s in range(at + a, at + b + 1):
                    piece[slab[s]] = i
                    slab[s] += 1
    return slab[:-1], base, piece


@compiled
def _cells(
    xy: Floats, zones: Longs, slab: Longs, base: Longs, piece: Ints, grid: CellGrid
) -> tuple[Ints, Ints, Longs, Longs]:
    """The grid; the place of each edge cell in it, its first candidate, and the candidates, as `Index` has them."""
    columns = grid.columns
    cell = np.full(grid.rows * columns, -1, np.int32)
    touched = np.zeros(grid.rows * columns, np.int32)  # by the outline of which shape last, counted from 1
    pairs = np.empty((max(len(piece), 16), 4), np.int32)  # edge cell, zone, start, end
    at_edge = np.empty((max(len(piece), 16), 1), np.int32)
    found, edges, most = 0, 0, 0
    for s in range(len(slab) - 1):
        most = max(most, slab[s + 1] - slab[s])
    crossings = np.empty(most)
    for z in range(len(zones) - 1):
        for s in range(base[z, 0], base[z + 1, 0]):
            row = base[z, 1] + s - base[z, 0]
            for k in range(slab[s], slab[s + 1]):
                a, b = _columns_of(xy, piece[k], row, grid)
                for at in range(row * columns + a, row * columns + b + 1):
                    if touched[at] == z + 1:
                        continue
                    touched[at] = z + 1
                    if cell[at] >= 0:  # an earlier shape has all of it
                        continue
                    if cell[at] == -1:
                        cell[at] = -2 - edges
                        at_edge = _room(at_edge, edges)
                        at_edge[edges, 0] = at
                        edges += 1
                    pairs = _room(pairs, found)
                    _put(pairs, found, -2 - cell[at], z, slab[s], slab[s + 1])
                    found += 1
        for s in range(base[z, 0], base[z + 1, 0]):
            row = base[z, 1] + s - base[z, 0]
            n = _crossings(xy, piece[slab[s] : slab[s + 1]], grid.south + (row + 0.5) * grid.size, crossings)
            for j in range(0, n - 1, 2):
                # cells whose centre lies between: a crossing is half a cell from the centre of any other cell
                a = max(math.ceil((crossings[j] - grid.west) * grid.per - 0.5), 0)
                b = min(math.floor((crossings[j + 1] - grid.west) * grid.per - 0.5), columns - 1)
                for at in range(row * columns + a, row * columns + b + 1):
                    if touched[at] == z + 1 or cell[at] >= 0:
                        continue
                    if cell[at] == -1:
                        cell[at] = z
                    else:  # on the outline of an earlier shape that this one overlaps
                        pairs = _room(pairs, found)
                        _put(pairs, found, -2 - cell[at], z, 0, -1)
                        found += 1
    return cell, at_edge[:edges, 0], *_by_cell(pairs[:found], edges)


@compiled
def _columns_of(xy: Floats, i: int, row: int, grid: CellGrid) -> tuple[int, int]:
    """First and last cell of a row that the piece of outline from vertex `i` comes near."""
    x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    low, high = min(x0, x1), max(x0, x1)
    if y1 > y0:
        slope = (x1 - x0) / (y1 - y0)
        south = grid.south + row * grid.size
        u = x0 + (max(south - grid.eps, y0) - y0) * slope
        v = x0 + (min(south + grid.size + grid.eps, y1) - y0) * slope
        low, high = max(min(u, v), low), min(max(u, v), high)
    a = int((low - grid.eps - grid.west) * grid.per)
    b = int((high + grid.eps - grid.west) * grid.per)
    return max(a, 0), min(b, grid.columns - 1)


@compiled
def _crossings(xy: Floats, pieces: Ints, y: float, out: Floats) -> int:
    """Where pieces of outline cross a parallel, sorted into `out`; their number."""
    n = 0
    for i in pieces:
        y0, y1 = xy[i, 1], xy[i + 1, 1]
        if (y0 > y) != (y1 > y):
            out[n] = xy[i, 0] + (y - y0) * (xy[i + 1, 0] - xy[i, 0]) / (y1 - y0)
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
def _room(pairs: Ints, used: int) -> Ints:
    """`pairs`, or where it is full a copy with twice the room."""
    if used < len(pairs):
        return pairs
    wider = np.empty((2 * len(pairs), pairs.shape[1]), pairs.dtype)
    wider[:used] = pairs
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
        candidate[first[e], 0] = WHOLE
        for k in range(1, 4):
            candidate[first[e], k] = pairs[p, k]
        first[e] += 1
    return first[:-1], candidate


@compiled
def _divided(xy: Floats, at: Ints, first: Longs, candidate: Longs, piece: Ints, grid: CellGrid) -> Longs:
    """`edge` of `Index`, and the small cells of candidates."""
    edge = np.empty((len(first), 2), np.int64)
    edge[:, 1] = first
    edge[-1, 0] = 0
    for e in range(len(at)):
        west = grid.west + (at[e] % grid.columns) * grid.size
        south = grid.south + (at[e] // grid.columns) * grid.size
        near = 0
        for q in range(first[e], first[e + 1]):
            if candidate[q, 3] >= 0:
                touched, inside = _small_cells(xy, piece, candidate[q, 2], candidate[q, 3], west, south, grid)
                near |= touched
                candidate[q, 0] = inside
        edge[e, 0] = near
    return edge


@compiled
def _small_cells(
    xy: Floats, piece: Ints, start: int, end: int, west: float, south: float, grid: CellGrid
) -> tuple[int, int]:
    """Bits of the small cells that an outline comes near, and of those whose centre it holds."""
    size, per = grid.size / SIDE, grid.per * SIDE
    east = west + grid.size
    touched, inside = 0, 0
    for k in range(start, end):
        i = piece[k]
        x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
        low, high = min(x0, x1), max(x0, x1)
        if high < west - grid.eps:
            continue
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        bottom, top = (y0 - south) * per, (y1 - south) * per
        # rows whose centre the piece passes; two pieces with a common end agree on it
        a, b = max(math.ceil(bottom - 0.5), 0), min(math.ceil(top - 0.5), SIDE)
        if low > east + grid.eps:
            if a < b:
                inside ^= (WHOLE << (a * SIDE)) & ~((WHOLE << (b * SIDE - 1)) << 1)
            continue
        slope = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
        for row in range(a, b):
            # a ray from the east comes into the polygon or leaves it: all centres west of the piece
            x = x0 + (south + (row + 0.5) * size - y0) * slope
            west_of = min(max(math.ceil((x - west) * per - 0.5), 0), SIDE)
            inside ^= ((1 << west_of) - 1) << (row * SIDE)
        for row in range(
            max(int(bottom - MARGIN * SIDE), 0), min(math.floor(top + MARGIN * SIDE), SIDE - 1) + 1
        ):
            u, v = low, high
            if y1 > y0:
                line = south + row * size
                u = x0 + (max(line - grid.eps, y0) - y0) * slope
                v = x0 + (min(line + size + grid.eps, y1) - y0) * slope
                u, v = max(min(u, v), low), min(max(u, v), high)
            a = max(math.floor((u - grid.eps - west) * per), 0)
            b = min(math.floor((v + grid.eps - west) * per), SIDE - 1)
            if a <= b:
                touched |= ((1 << (b + 1)) - (1 << a)) << (row * SIDE)
    return touched, inside


# ------------------------------------------------------------------ the question


@compiled
def find(x: Floats, y: Floats, index: Index, out: Ints) -> None:
    """Fill `out` with the zone of each point, -1 where it is in none; the first one where shapes overlap."""
    # plain variables: a field of a tuple is counted as a reference each time it is read
    grid, cell, edge, candidate, piece, xy = index
    waiting = np.empty(BLOCK, np.int64)
    for begin in range(0, len(x), BLOCK):
        n = 0
        for i in range(begin, min(begin + BLOCK, len(x))):
            u, v = (x[i] - grid.west) * grid.per, (y[i] - grid.south) * grid.per
            what = -1
            if u >= 0.0 and v >= 0.0 and u < grid.columns and v < grid.rows:  # never so for NaN
                what = cell[int(v) * grid.columns + int(u)]
            out[i] = what
            waiting[n] = i
            n += what < -1
        for k in range(n):
            i = waiting[k]
            e = -2 - out[i]
            out[i] = -1
            u, v = (x[i] - grid.west) * grid.per, (y[i] - grid.south) * grid.per
            bit = int((v - int(v)) * SIDE) * SIDE + int((u - int(u)) * SIDE)
            near = (edge[e, 0] >> bit) & 1
            for q in range(edge[e, 1], edge[e + 1, 1]):
                if near:
                    start, end = candidate[q, 2], candidate[q, 3]
                    held = end < 0 or _holds(x[i], y[i], xy, piece, start, end)
                else:
                    held = (candidate[q, 0] >> bit) & 1 == 1
                if held:
                    out[i] = candidate[q, 1]
                    break


@compiled
def _holds(x: float, y: float, xy: Floats, piece: Ints, start: int, end: int) -> bool:
    """Whether an outline, all of whose pieces near the parallel of the point are given, holds or touches it."""
    odd = False
    for k in range(start, end):
        i = piece[k]
        x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
        if (y0 > y) != (y1 > y):
            one, other = (x0 - x) * (y1 - y), (y0 - y) * (x1 - x)
            side = one - other  # positive where the point is left of the piece
            if abs(side) <= ROUNDING * (abs(one) + abs(other)):
                side = _exact_side(x0, y0, x1, y1, x, y)
                if side == 0.0:
                    return True
            if (side > 0.0) == (y1 > y0):
                odd = not odd
        # the ray does not cross, but the point may be a vertex or lie on a level piece
        elif (y0 == y and x0 == x) or (y1 == y and (x1 == x or (y0 == y and (x0 > x) != (x1 > x)))):
            return True
    return odd


@compiled
def _exact_side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
    """
    Positive where a point is left of the line from a to b, negative right, 0 on it, without rounding.

    The six products of the determinant are each made exact as two numbers, and these are summed exactly.
    """
    total = np.zeros(12)  # an expansion: numbers that do not overlap, growing in size
    n = 0
    for p, q in ((ax, by), (-ax, y), (-x, by), (-ay, bx), (ay, x), (y, bx)):
        high = p * q
        p_high, q_high = _upper_half(p), _upper_half(q)
        p_low, q_low = p - p_high, q - q_high
        low = p_low * q_low - (((high - p_high * q_high) - p_low * q_high) - p_high * q_low)
        for part in (low, high):
            carry = part
            for k in range(n):  # Shewchuk 1997, Grow-Expansion with Knuth's two-sum
                whole = carry + total[k]
                shadow = whole - carry
                total[k] = (carry - (whole - shadow)) + (total[k] - shadow)
                carry = whole
            total[n] = carry
            n += 1
    largest = 0.0  # what is not 0 and stands last has the sign of the sum
    for k in range(n):
        if total[k] != 0.0:
            largest = total[k]
    return largest


@compiled
def _upper_half(value: float) -> float:
    """The upper 26 bits of a number (Dekker 1971)."""
    big = 134217729.0 * value  # 2^27 + 1
    return big - (big - value)
