"""
Cells of land as 64 bits: 8 by 8 sub-cells, the bit of row i and column j counted from the north-west is 8 i + j.

Sets of sub-cells are machine words, so that the union of operators is an `or`, a threshold that is stricter gives
a subset, and a share is a count of bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.propagation.terms import compiled

Words = NDArray[np.uint64]

SIDE = 8  # sub-cells along the side of a cell
FULL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
NONE = np.uint64(0)


@compiled
def ones(word: np.uint64) -> int:
    """Number of bits set in a word."""
    x = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def portion(word: np.uint64, mask: np.uint64) -> float:
    """Share of the bits of a mask that a word holds; a sliver without any takes its whole cell's."""
    if mask == NONE:
        mask = FULL
    held = word & mask
    if held == NONE:
        return 0.0
    return 1.0 if held == mask else ones(held) / ones(mask)


@compiled
def span(first: int, last: int, line: int) -> np.uint64:
    """The word with the sub-columns `first` to `last` (inclusive, 0 to 7) of sub-row `line` set."""
    width = np.uint64(last - first + 1)
    low = (np.uint64(1) << width) - np.uint64(1) if width < np.uint64(64) else FULL
    return low << np.uint64(8 * line + first)


@compiled
def fill(words: Words, slot: NDArray[np.int32], sub_row: int, first: int, last: int) -> None:
    """
    Set the sub-columns `first` to `last` (inclusive, counted from the west of the lattice) of a sub-row.

    `slot` is the lattice's map of cells to words, -1 where there is no land; what lies outside is cut off.
    """
    rows, columns = slot.shape
    first, last = max(first, 0), min(last, 8 * columns - 1)
    row, line = sub_row // 8, sub_row % 8
    if first > last or row < 0 or row >= rows:
        return
    for column in range(first // 8, last // 8 + 1):
        at = slot[row, column]
        if at >= 0:
            a = max(first - 8 * column, 0)
            b = min(last - 8 * column, 7)
            words[at] |= span(a, b, line)


@compiled
def crossings(
    xy: NDArray[np.float64], starts: NDArray[np.int64], west: float, north: float, size: float, bottom: int
) -> tuple[Any, Any]:
    """
    Where the rings of one polygon cross the middle lines of the sub-rows.

    Parameters
    ----------
    xy, starts
        Closed rings, shape (n, 2), and where each begins, with n at the end; metres.
    west, north, size
        Corner of the lattice and side of a sub-cell, metres.
    bottom
        Number of sub-rows.

    Returns
    -------
    sub_rows, places
        Sorted by sub-row, then by place, which is in sub-columns from the west. They come in pairs: inside is
        between the first and second of a sub-row, and so on (even-odd).
    """
    count = 0
    rows, places = np.empty(0, np.int64), np.empty(0, np.float64)
    for step in range(2):  # counted, then written
        if step == 1:
            rows, places = np.empty(count, np.int64), np.empty(count, np.float64)
            count = 0
        for ring in range(len(starts) - 1):
            for i in range(starts[ring], starts[ring + 1] - 1):
                v0 = (north - xy[i, 1]) / size - 0.5
                v1 = (north - xy[i + 1, 1]) / size - 0.5
                if v0 == v1:
                    continue
                lowest, highest = min(v0, v1), max(v0, v1)
                a = max(int(np.ceil(lowest)), 0)
                b = min(int(np.ceil(highest)), bottom)  # half-open: a corner on a line is met once
                for k in range(a, b):
                    if step == 1:
                        t = (k - v0) / (v1 - v0)
                        rows[count] = k
                        places[count] = (xy[i, 0] + t * (xy[i + 1, 0] - xy[i, 0]) - west) / size
                    count += 1
    by_place = np.argsort(places)
    rows, places = rows[by_place], places[by_place]
    by_row = np.argsort(rows, kind="mergesort")
    return rows[by_row], places[by_row]
