"""
The zones of points by an index of cells. Compiled.
"""

from __future__ import annotations

import numpy as np

from notspot_geodata.cell_index import EDGE, NONE, SIDE, Floats, Index, Ints
from notspot_geodata.cutting import compiled

BLOCK = 2048  # points that go together from one step to the next: the processor then waits for many at once
ROUNDING = 3.3306690738754716e-16  # (3 + 16ε)ε, of the terms of a determinant; Shewchuk 1997, ccwerrboundA


@compiled
def find(x: Floats, y: Floats, index: Index, out: Ints) -> float:
    """
    Fill `out` with the zone of each point, -1 where it is in none; the first one where shapes overlap.

    What is returned means nothing: it keeps the compiler from leaving out reads that only fetch memory.
    """
    # plain variables: a field of a tuple is counted as a reference each time it is read
    grid, cell, small, first, candidate, lines = index
    point, edge, bits = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    fetched = 0.0
    for begin in range(0, len(x), BLOCK):
        n = 0
        for i in range(begin, min(begin + BLOCK, len(x))):
            u, v = (x[i] - grid.west) * grid.per, (y[i] - grid.south) * grid.per
            what = NONE
            if u >= 0.0 and v >= 0.0 and u < grid.columns and v < grid.rows:  # never so for NaN
                what = cell[int(v) * grid.columns + int(u)]
            out[i] = what
            point[n] = i
            n += what <= EDGE
        left = 0
        for k in range(n):
            i = point[k]
            u, v = (x[i] - grid.west) * grid.per, (y[i] - grid.south) * grid.per
            bit = int((v - int(v)) * SIDE) * SIDE + int((u - int(u)) * SIDE)
            e = EDGE - out[i]
            what = small[e, bit]
            out[i] = what
            point[left], edge[left], bits[left] = i, e, bit
            left += what == EDGE
        for k in range(left):
            q = first[edge[k]]
            following = min(q + 1, first[edge[k] + 1] - 1)
            for at in (q, following):
                if candidate[at, 3] >= 0:
                    fetched += lines[candidate[at, 3] >> 32, 0]
        for k in range(left):
            i, bit = point[k], bits[k]
            out[i] = NONE
            for q in range(first[edge[k]], first[edge[k] + 1]):
                held = (candidate[q, 0] >> bit) & 1 == 1
                if (candidate[q, 1] >> bit) & 1:
                    span = candidate[q, 3]
                    held = _holds(x[i], y[i], lines, span >> 32, span & 0xFFFFFFFF)
                if held:
                    out[i] = candidate[q, 2]
                    break
    return fetched


@compiled
def _holds(x: float, y: float, lines: Floats, start: int, end: int) -> bool:
    """Whether an outline, all of whose pieces near the parallel of the point are given, holds or touches it."""
    odd, doubt = False, False
    for k in range(start, end):  # without a branch, for which way it goes cannot be foreseen
        x0, y0, x1, y1 = lines[k, 0], lines[k, 1], lines[k, 2], lines[k, 3]
        crosses = (y0 > y) != (y1 > y)
        one, other = (x0 - x) * (y1 - y), (y0 - y) * (x1 - x)
        side = one - other  # positive where the point is left of the piece
        odd ^= crosses & ((side > 0.0) == (y1 > y0))
        doubt |= (crosses & (abs(side) <= ROUNDING * (abs(one) + abs(other)))) | (y0 == y) | (y1 == y)
    return _holds_exactly(x, y, lines, start, end) if doubt else odd


@compiled
def _holds_exactly(x: float, y: float, lines: Floats, start: int, end: int) -> bool:
    """The same for a point on the outline, so near that rounding may decide, or level with a vertex."""
    odd = False
    for k in range(start, end):
        x0, y0, x1, y1 = lines[k, 0], lines[k, 1], lines[k, 2], lines[k, 3]
        if (y0 > y) != (y1 > y):
            side = _side(x0, y0, x1, y1, x, y)
            if side == 0.0:
                return True
            if (side > 0.0) == (y1 > y0):
                odd = not odd
        # the ray does not cross, but the point may be a vertex or lie on a level piece
        elif (y0 == y and x0 == x) or (y1 == y and (x1 == x or (y0 == y and (x0 > x) != (x1 > x)))):
            return True
    return odd


@compiled
def _side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
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
