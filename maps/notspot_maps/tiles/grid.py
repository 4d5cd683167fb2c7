"""
Places on the grid of tiles: Web Mercator positions along a Hilbert curve, so that one order serves every zoom.

The curve is that of PMTiles version 3. A position's number at a coarser zoom is its number at a finer one without
the last bits: points sorted once lie tile by tile, and cell by cell, at all zooms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_geodata.cutting import compiled

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]

BITS = 27  # of a position in each direction: steps of 0.3 m at the equator (40,075 km / 2 ** 27)
LAT_MAX = 85.0511287798066  # of the square Web Mercator world, degrees (EPSG:3857)
PIECE = 1 << 20  # points that are turned into positions at a time


def keys_of(lon: Floats, lat: Floats) -> Keys:
    """Positions along the curve at `BITS` of longitudes and latitudes in degrees, shape (n,)."""
    out = np.empty(len(lon), np.uint64)
    side = 1 << BITS
    for at in pieces(len(lon)):
        x, y = (np.clip(np.floor(each), 0, side - 1) for each in fractions(lon[at], lat[at]))
        _along(x.astype(np.int64), y.astype(np.int64), BITS, out[at])
    return out


def fractions(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Columns and rows, from the north-west, of longitudes and latitudes at `BITS`; these may be fractions."""
    side = 1 << BITS
    phi = np.radians(np.clip(lat, -LAT_MAX, LAT_MAX))
    return (lon / 360 + 0.5) * side, (0.5 - np.arctanh(np.sin(phi)) / (2 * np.pi)) * side


def positions(keys: Keys, bits: int = BITS) -> tuple[Ints, Ints]:
    """Column and row, from the north-west, of positions along the curve with so many bits."""
    x, y = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    _off(keys, bits, x, y)
    return x, y


def along(x: Any, y: Any, bits: int) -> Keys:
    """Positions along the curve of columns and rows."""
    xs, ys = np.asarray(x, np.int64), np.asarray(y, np.int64)
    out = np.empty(len(xs), np.uint64)
    _along(xs, ys, bits, out)
    return out


def coarser(keys: Keys, bits: int, fewer: int) -> Keys:
    """Positions of `bits` at `fewer` bits."""
    return keys >> np.uint64(2 * (bits - fewer))


def runs(sorted_keys: Keys) -> Ints:
    """Where each run of equal keys begins; one more than there are runs, the last is the length."""
    if not len(sorted_keys):
        return np.zeros(1, np.int64)
    begins = np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1
    return np.concatenate([[0], begins, [len(sorted_keys)]]).astype(np.int64)


def tile_id(zoom: int, key: int) -> int:
    """Number of a tile among those of all zooms (PMTiles version 3, section 4.1)."""
    return ((1 << 2 * zoom) - 1) // 3 + key


def degrees(x: Floats, y: Floats, bits: int) -> tuple[Floats, Floats]:
    """Longitude and latitude of columns and rows (which may be fractions)."""
    side = float(1 << bits)
    return (x / side - 0.5) * 360, np.degrees(np.arcsin(np.tanh((0.5 - y / side) * 2 * np.pi)))


def pieces(count: int) -> Iterator[slice]:
    """Slices of so many rows, `PIECE` at a time."""
    for start in range(0, count, PIECE):
        yield slice(start, min(start + PIECE, count))


@compiled
def _along(x: Ints, y: Ints, bits: int, out: Keys) -> None:
    for i in range(len(x)):
        a, b, d = x[i], y[i], 0
        for level in range(bits - 1, -1, -1):
            s = 1 << level
            rx, ry = (a >> level) & 1, (b >> level) & 1
            d = (d << 2) | ((3 * rx) ^ ry)
            a, b = a & (s - 1), b & (s - 1)
            if ry == 0:
                if rx == 1:
                    a, b = s - 1 - a, s - 1 - b
                a, b = b, a
        out[i] = np.uint64(d)


@compiled
def _off(keys: Keys, bits: int, x: Ints, y: Ints) -> None:
    for i in range(len(keys)):
        left: Any = np.int64(keys[i])
        a, b = 0, 0
        for level in range(bits):
            s = 1 << level
            digit: Any = (left >> (2 * level)) & 3
            rx = digit >> 1
            ry = (digit ^ rx) & 1
            if ry == 0:
                if rx == 1:
                    a, b = s - 1 - a, s - 1 - b
                a, b = b, a
            a += rx << level
            b += ry << level
        x[i], y[i] = a, b
