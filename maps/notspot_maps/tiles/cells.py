"""
Cells of a few pixels for each zoom, with exact sums: no point is left out, however far away one looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_maps.tiles.grid import BITS, Keys, coarser, runs
from notspot_maps.tiles.points import NO_WEIGHT, TilePoints

FINE_BITS, WIDE_BITS = 7, 6  # cells across a tile: 128 of 4 pixels far away, 64 of 8 pixels nearer
FINE_TO = 9  # the last zoom with the fine ones


@dataclass(frozen=True, slots=True)
class Cells:
    """
    Sums of the points in each cell that holds any.

    Attributes
    ----------
    keys, bits
        Positions of the cells along the curve, sorted, and of how many bits they are.
    counts
        Points not covered, covered and unknown, shape (n, 3).
    weights
        Their weight in `TilePoints.weight_parts`, shape (n, 3), or None.
    value_sum, value_count
        Sum of the known values and how many they are, or None.
    by_operator
        Points that each operator covers, shape (n, operators), or None.
    """

    keys: Keys
    bits: int
    counts: NDArray[np.int64]
    weights: NDArray[np.int64] | None = None
    value_sum: NDArray[np.float64] | None = None
    value_count: NDArray[np.int64] | None = None
    by_operator: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.keys)


def cell_bits(zoom: int) -> int:
    """Bits of the cells of a tile at a zoom: there are 2 to that power across it."""
    return FINE_BITS if zoom <= FINE_TO else WIDE_BITS


def cells_of(points: TilePoints, bits: int) -> Cells:
    """The cells of `bits` that the points lie in."""
    keys = coarser(points.keys, BITS, bits)
    begins = runs(keys)
    narrow = np.int64 if points.weight is not None else np.int32

    def summed(column: Any, kind: Any = np.int32) -> Any:
        return np.add.reduceat(column, begins[:-1], dtype=kind)

    def by_status(make: Callable[[Any], Any], kind: Any) -> Any:
        return np.stack([summed(make(points.status == s), kind) for s in range(3)], axis=1)

    counts = by_status(lambda is_it: is_it, np.int32)
    weights = value_sum = value_count = by_operator = None
    if points.weight is not None:
        weight = np.where(points.weight == NO_WEIGHT, 0, points.weight)
        weights = by_status(lambda is_it: np.where(is_it, weight, 0), narrow)
    if points.value is not None:
        known = np.isfinite(points.value)
        value_sum = summed(np.where(known, points.value, 0), np.float64)
        value_count = summed(known)
    if points.mask is not None:
        has = [(points.mask >> np.uint16(k)) & np.uint16(1) for k in range(len(points.operators))]
        by_operator = np.stack([summed(bit) for bit in has], axis=1) if has else None
    return Cells(keys[begins[:-1]], bits, counts, weights, value_sum, value_count, by_operator)


def merged(cells: Cells, bits: int) -> Cells:
    """The larger cells of fewer `bits`, with the sums of those in them."""
    if bits == cells.bits:
        return cells
    keys = coarser(cells.keys, cells.bits, bits)
    begins = runs(keys)[:-1]

    def summed(column: Any) -> Any:
        return None if column is None else np.add.reduceat(column, begins, axis=0)

    return Cells(
        keys[begins],
        bits,
        summed(cells.counts),
        summed(cells.weights),
        summed(cells.value_sum),
        summed(cells.value_count),
        summed(cells.by_operator),
    )


def pyramid(points: TilePoints, zooms: int) -> list[Cells]:
    """Cells of the zooms 0, 1 … `zooms` - 1."""
    if zooms == 0:
        return []
    out = [cells_of(points, zooms - 1 + cell_bits(zooms - 1))]
    for zoom in range(zooms - 2, -1, -1):
        out.append(merged(out[-1], zoom + cell_bits(zoom)))
    return out[::-1]
