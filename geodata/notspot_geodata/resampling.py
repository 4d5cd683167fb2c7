"""
From the cells of a raster to those of the working grid: as they are, between four, or averaged.

Places are found with the project's own transformation (`crs.transformer`), which minds the datum. What
comes out for a cell depends on that cell alone, not on the window it is read through.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio import Affine

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Method = Literal["same", "bilinear", "average", "nearest"]

LATTICE = 16  # cells between places that are transformed exactly; between them linearly
LATTICE_M = 2_000.0  # at most: TM to TM the error is then below (2 km)² / 8 / 6,371 km = 0.08 m
DECIMALS = 4  # of a mean: the rounding of sums must not make land of a sea of zeros
KNOWN_SHARE = 0.5  # of a cell must be known, else it is unknown


@dataclass(frozen=True, slots=True)
class Grid:
    """The working grid: the corner of cell (0, 0), metres, and the size of its square cells."""

    west_m: float
    north_m: float
    resolution_m: float

    def corner(self, column: int, row: int) -> tuple[float, float]:
        """Easting and northing of the outer corner of a cell."""
        return self.west_m + column * self.resolution_m, self.north_m - row * self.resolution_m

    def cells(self, west: float, south: float, east: float, north: float) -> tuple[int, int, int, int]:
        """Column, row, columns, rows of the cells that bounds touch; a millionth of a cell is rounding."""
        size, slack = self.resolution_m, 1e-6
        left, top = floor((west - self.west_m) / size + slack), floor((self.north_m - north) / size + slack)
        right, bottom = ceil((east - self.west_m) / size - slack), ceil((self.north_m - south) / size - slack)
        return left, top, max(1, right - left), max(1, bottom - top)

    def x(self, columns: NDArray[np.int64]) -> Floats:
        """Eastings of the west edges of columns."""
        return np.asarray(self.west_m + columns * self.resolution_m, dtype=np.float64)

    def y(self, rows: NDArray[np.int64]) -> Floats:
        """Northings of the north edges of rows."""
        return np.asarray(self.north_m - rows * self.resolution_m, dtype=np.float64)


def corners(
    grid: Grid, column: int, row: int, columns: int, rows: int, move: Transformer | None, transform: Affine
) -> tuple[Floats, Floats]:
    """
    Where the corners of cells lie in a raster, in its cells (0 is the edge of the first).

    Parameters
    ----------
    column, row
        The first cell; multiples of `lattice_step`.
    move
        From the grid's system to the raster's; None where they are the same.
    transform
        Of the raster.

    Returns
    -------
    u, v
        Columns and rows, shape (rows + 1, columns + 1); infinite where there is no such place.
    """
    inverse = ~transform
    at_c, at_r = np.arange(column, column + columns + 1), np.arange(row, row + rows + 1)
    if move is None:
        x, y = np.meshgrid(grid.x(at_c), grid.y(at_r))
    else:
        step = lattice_step(grid.resolution_m)
        some_c, some_r = (_lattice(a, step) for a in (at_c, at_r))
        x, y = np.meshgrid(grid.x(some_c), grid.y(some_r))
        x, y = move.transform(x, y)
        x, y = (_between(_between(z, some_r, at_r).T, some_c, at_c).T for z in (x, y))
    return (
        inverse.a * x + inverse.b * y + inverse.c,
        inverse.d * x + inverse.e * y + inverse.f,
    )


def lattice_step(resolution_m: float) -> int:
    """Cells between exact places: a power of two up to `LATTICE`."""
    step = LATTICE
    while step > 1 and step * resolution_m > LATTICE_M:
        step //= 2
    return step


def centres(z: Floats) -> Floats:
    """Middle of each cell, shape (rows, columns), from its corners."""
    out: Floats = 0.25 * (z[:-1, :-1] + z[1:, :-1] + z[:-1, 1:] + z[1:, 1:])
    return out


def bilinear(values: Float32s, u: Floats, v: Floats) -> Float32s:
    """
    Values at places, linear between the four cells around; at the raster's edge that of the edge.

    Unknown cells have no part; where they weigh more than half the result is NaN.
    """
    rows, columns = values.shape
    u, v = np.clip(u - 0.5, 0, columns - 1), np.clip(v - 0.5, 0, rows - 1)
    c, r = (
        np.minimum(u.astype(np.int64), columns - 2 if columns > 1 else 0),
        np.minimum(v.astype(np.int64), rows - 2 if rows > 1 else 0),
    )
    fu, fv = u - c, v - r
    c1, r1 = np.minimum(c + 1, columns - 1), np.minimum(r + 1, rows - 1)
    total, weight = np.zeros(u.shape), np.zeros(u.shape)
    for rr, cc, w in (
        (r, c, (1 - fu) * (1 - fv)),
        (r, c1, fu * (1 - fv)),
        (r1, c, (1 - fu) * fv),
        (r1, c1, fu * fv),
    ):
        found = values[rr, cc].astype(np.float64)
        known = np.isfinite(found)
        total += np.where(known, found, 0.0) * w
        weight += np.where(known, w, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.where(weight >= KNOWN_SHARE, total / weight, np.nan)
    return out.astype(np.float32)


def average(values: Float32s, u: Floats, v: Floats) -> Float32s:
    """
    Mean over each cell by area, from its corners, shape (rows + 1, columns + 1).

    A cell is taken as the upright box through the middles of its sides: exact where the axes are
    parallel. Unknown area has no part; where it is more than half the result is NaN.
    """
    known = np.isfinite(values)
    base = float(values[known][0]) if known.any() else 0.0  # small sums keep their digits
    left, right = 0.5 * (u[:-1, :-1] + u[1:, :-1]), 0.5 * (u[:-1, 1:] + u[1:, 1:])
    top, bottom = 0.5 * (v[:-1, :-1] + v[:-1, 1:]), 0.5 * (v[1:, :-1] + v[1:, 1:])
    left, right = np.minimum(left, right), np.maximum(left, right)
    top, bottom = np.minimum(top, bottom), np.maximum(top, bottom)
    weight = _box(_sums(known.astype(np.float64)), left, right, top, bottom)
    total = _box(_sums(np.where(known, values.astype(np.float64) - base, 0.0)), left, right, top, bottom)
    area = (right - left) * (bottom - top)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.where(weight >= KNOWN_SHARE * area * (1 - 1e-9), base + total / weight, np.nan)
    return np.round(out, DECIMALS).astype(np.float32)


def nearest(values: Float32s, u: Floats, v: Floats) -> Float32s:
    """Value of the cell that each place lies in; NaN outside."""
    rows, columns = values.shape
    c, r = np.floor(u), np.floor(v)
    inside = (c >= 0) & (c < columns) & (r >= 0) & (r < rows)
    out = np.full(u.shape, np.nan, dtype=np.float32)
    out[inside] = values[r[inside].astype(np.int64), c[inside].astype(np.int64)]
    return out


def _lattice(at: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    first, last = int(at[0]) // step * step, -(-int(at[-1]) // step) * step
    return np.arange(first, last + 1, step)


def _between(z: Floats, some: NDArray[np.int64], at: NDArray[np.int64]) -> Floats:
    """Rows of `z`, given at `some`, linearly at `at`."""
    if len(some) == 1:
        return np.repeat(z, len(at), axis=0)
    step = some[1] - some[0]
    i = np.minimum((at - some[0]) // step, len(some) - 2)
    f = ((at - some[i]) / step)[:, None]
    out: Floats = z[i] * (1 - f) + z[i + 1] * f
    return out


def _sums(z: Floats) -> Floats:
    """Sums over all cells above and left of each corner, shape (rows + 1, columns + 1)."""
    out = np.zeros((z.shape[0] + 1, z.shape[1] + 1))
    out[1:, 1:] = z.cumsum(axis=0).cumsum(axis=1)
    return out


def _box(sums: Floats, left: Floats, right: Floats, top: Floats, bottom: Floats) -> Floats:
    out: Floats = (
        _at(sums, right, bottom) - _at(sums, left, bottom) - _at(sums, right, top) + _at(sums, left, top)
    )
    return out


def _at(sums: Floats, u: Floats, v: Floats) -> Floats:
    """The sum up to a place within a cell: linear, because a value is the same all over its cell."""
    rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
    u, v = np.clip(u, 0, columns), np.clip(v, 0, rows)
    c, r = np.minimum(u.astype(np.int64), columns - 1), np.minimum(v.astype(np.int64), rows - 1)
    fu, fv = u - c, v - r
    out: Floats = (sums[r, c] * (1 - fu) + sums[r, c + 1] * fu) * (1 - fv) + (
        sums[r + 1, c] * (1 - fu) + sums[r + 1, c + 1] * fu
    ) * fv
    return out
