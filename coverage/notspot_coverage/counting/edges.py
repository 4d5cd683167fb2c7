"""
The edge of coverage on the lattice, moved out and in by whole sub-cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.counting.bits import FULL, NONE, SIDE, Words
from notspot_coverage.propagation.terms import compiled

if TYPE_CHECKING:
    from notspot_coverage.counting.lattice import Lattice

Ints = NDArray[np.int32]


def moved_edges(lattice: Lattice, yes: Words, known: Words, reach: int) -> tuple[Words, Words]:
    """
    What is covered with its edge `reach` sub-cells further out, and further in, along both axes; words.

    Only where something is known is there an edge: coverage neither grows into the unknown nor shrinks from it.
    """
    more, less = yes, known & ~yes
    left = reach
    while left > 0:
        step = min(left, SIDE)
        more, less = _grown(more, less, lattice.slot, lattice.row, lattice.column, step)
        left -= step
    return yes | (more & known), yes & ~less


@compiled
def _grown(
    first: Words, second: Words, slot: Ints, row: Ints, column: Ints, step: int
) -> tuple[Words, Words]:
    """Two sets of sub-cells, each grown by a square of `step` (1 to 8) sub-cells to all sides, at once."""
    n = len(row)
    wide_1, wide_2 = np.empty(n, np.uint64), np.empty(n, np.uint64)
    for i in range(n):
        # the cells beside it on its row are the ones before and after it, if they are there
        west = i > 0 and row[i - 1] == row[i] and column[i - 1] == column[i] - 1
        east = i + 1 < n and row[i + 1] == row[i] and column[i + 1] == column[i] + 1
        wide_1[i] = _wider(first[i - 1] if west else NONE, first[i], first[i + 1] if east else NONE, step)
        wide_2[i] = _wider(second[i - 1] if west else NONE, second[i], second[i + 1] if east else NONE, step)
    out_1, out_2 = np.empty(n, np.uint64), np.empty(n, np.uint64)
    rows = slot.shape[0]
    for i in range(n):
        north = slot[row[i] - 1, column[i]] if row[i] > 0 else -1
        south = slot[row[i] + 1, column[i]] if row[i] + 1 < rows else -1
        out_1[i] = _taller(
            wide_1[north] if north >= 0 else NONE, wide_1[i], wide_1[south] if south >= 0 else NONE, step
        )
        out_2[i] = _taller(
            wide_2[north] if north >= 0 else NONE, wide_2[i], wide_2[south] if south >= 0 else NONE, step
        )
    return out_1, out_2


@compiled
def _wider(west: np.uint64, word: np.uint64, east: np.uint64, step: int) -> np.uint64:
    """A word grown to the west and east, with what comes in from the words beside it."""
    if word == FULL or (word == NONE and west == NONE and east == NONE):
        return word
    out = word
    for s in range(1, step + 1):
        if s == SIDE:
            return out | west | east
        shift, back = np.uint64(s), np.uint64(SIDE - s)
        own = np.uint64(0x0101010101010101) * ((np.uint64(0xFF) << shift) & np.uint64(0xFF))  # columns s to 7
        out |= ((word << shift) & own) | ((west >> back) & ~own)
        own = np.uint64(0x0101010101010101) * (np.uint64(0xFF) >> shift)  # columns 0 to 7 - s
        out |= ((word >> shift) & own) | ((east << back) & ~own)
    return out


@compiled
def _taller(north: np.uint64, word: np.uint64, south: np.uint64, step: int) -> np.uint64:
    """A word grown to the north and south."""
    if word == FULL or (word == NONE and north == NONE and south == NONE):
        return word
    out = word
    for s in range(1, step + 1):
        if s == SIDE:
            return out | north | south
        shift, back = np.uint64(SIDE * s), np.uint64(SIDE * (SIDE - s))
        out |= (word << shift) | (word >> shift) | (north >> back) | (south << back)
    return out
