"""
The edge of coverage on the lattice, moved out and in by whole sub-cells.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.counting.bits import FULL, NONE, SIDE, Words
from notspot_coverage.propagation.terms import compiled

if TYPE_CHECKING:
    from notspot_coverage.counting.lattice import Lattice

Ints = NDArray[np.int32]

THREADS = os.cpu_count() or 1


def moved_edges(lattice: Lattice, yes: Words, known: Words, reach: int) -> tuple[Words, Words]:
    """
    What is covered with its edge `reach` sub-cells further out, and further in, along both axes; words.

    Only where something is known is there an edge: coverage neither grows into the unknown nor shrinks from it.
    """
    more, less = yes, known & ~yes
    left = reach
    while left > 0:
        step = min(left, SIDE)
        more, less = _grown(lattice, more, less, step)
        left -= step
    return yes | (more & known), yes & ~less


def _grown(lattice: Lattice, first: Words, second: Words, step: int) -> tuple[Words, Words]:
    """Two sets of sub-cells, each grown by a square of `step` (1 to 8) sub-cells to all sides, at once."""
    slot, row, column = lattice.slot, lattice.row, lattice.column
    wide, out = np.empty((2, len(row)), np.uint64), np.empty((2, len(row)), np.uint64)
    parts = np.linspace(0, len(row), THREADS + 1).astype(int)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda a, b: _widen(wide, first, second, row, column, step, a, b), parts, parts[1:]))
        list(pool.map(lambda a, b: _heighten(out, wide, slot, row, column, step, a, b), parts, parts[1:]))
    return out[0], out[1]


@compiled
def _widen(
    wide: Words, first: Words, second: Words, row: Ints, column: Ints, step: int, start: int, end: int
) -> None:
    for i in range(start, end):
        # the cells beside it on its row are the ones before and after it, if they are there
        west = i > 0 and row[i - 1] == row[i] and column[i - 1] == column[i] - 1
        east = i + 1 < len(row) and row[i + 1] == row[i] and column[i + 1] == column[i] + 1
        wide[0, i] = _wider(first[i - 1] if west else NONE, first[i], first[i + 1] if east else NONE, step)
        wide[1, i] = _wider(second[i - 1] if west else NONE, second[i], second[i + 1] if east else NONE, step)


@compiled
def _heighten(
    out: Words, wide: Words, slot: Ints, row: Ints, column: Ints, step: int, start: int, end: int
) -> None:
    rows = slot.shape[0]
    for i in range(start, end):
        north = slot[row[i] - 1, column[i]] if row[i] > 0 else -1
        south = slot[row[i] + 1, column[i]] if row[i] + 1 < rows else -1
        for k in range(2):
            above, below = wide[k, north] if north >= 0 else NONE, wide[k, south] if south >= 0 else NONE
            out[k, i] = _taller(above, wide[k, i], below, step)


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
