"""
Mapbox Vector Tiles version 2 of points or of rings, written by whole columns.

https://github.com/mapbox/vector-tile-spec/tree/master/2.1: in a layer each feature is one point, or one polygon of one
ring, and has all the layer's keys; a column may leave out the features that it has nothing for. Layers written one
after another are a tile.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_geodata.cutting import compiled

Ints = NDArray[np.int64]

LOOKED_UP = 1 << 20  # whole numbers below it are found by a table, others by sorting
_NAME, _KEY, _VALUE, _EXTENT, _VERSION = 0x0A, 0x1A, 0x22, 0x28, 0x78
_TEXT, _DOUBLE, _UINT = 0x0A, 0x19, 0x28  # kinds of a value
POINT, POLYGON = 1, 3
MOST_BYTES, MOST_TAG, MOST_CORNER = 40, 12, 12  # of a feature without its tags, of a tag, and of a corner
ABSENT = -1


@dataclass(frozen=True, slots=True)
class Column:
    """
    A property of the features.

    Whole numbers >= 0 or floats; with `texts` the numbers say which of them. `has` is False where a feature goes
    without.
    """

    name: str
    values: NDArray[Any]
    texts: Sequence[str] | None = None
    has: NDArray[np.bool_] | None = None


def encoded(
    layer: str, x: Ints, y: Ints, extent: int, columns: Sequence[Column], rings: Ints | None = None
) -> bytes:
    """
    A tile with one layer, of points or of polygons.

    Parameters
    ----------
    x, y
        From the north-western corner, 0 to `extent` - 1 within the tile: of the n points, or of all corners.
    columns
        With n values each.
    rings
        Where the corners of each of n polygons begin, and where the last ends, shape (n + 1,). They go clockwise as
        one sees them, the first is not said again, and no two in succession are at one place.
    """
    values: list[bytes] = []
    picked: list[Ints] = []
    for column in columns:
        used = column.values if column.has is None else column.values[column.has]
        different, which = _numbered(used)
        if column.has is not None:
            spread = np.zeros(len(column.values), np.int64)
            spread[column.has] = which
            which = spread
        picked.append(which + len(values))
        values += [_value(one, column.texts) for one in different]
    body = [
        _field(_NAME, layer.encode()),
        _features(x, y, picked, columns, rings),
        *(_field(_KEY, column.name.encode()) for column in columns),
        *(_field(_VALUE, value) for value in values),
        bytes([_EXTENT]) + _varint(extent),
        bytes([_VERSION, 2]),
    ]
    return _field(_KEY, b"".join(body))  # field 3 of a tile is a layer


def _features(
    x: Ints, y: Ints, picked: Sequence[Ints], columns: Sequence[Column], rings: Ints | None
) -> bytes:
    """All features, one after another."""
    kind, starts = (POINT, np.arange(len(x) + 1)) if rings is None else (POLYGON, rings)
    count = len(starts) - 1
    which = np.empty((count, len(columns)), np.int64)
    for at, (numbers, column) in enumerate(zip(picked, columns, strict=True)):
        which[:, at] = numbers if column.has is None else np.where(column.has, numbers, ABSENT)
    corners = 0 if rings is None else len(x)
    out = np.empty(count * (MOST_BYTES + MOST_TAG * len(columns)) + corners * MOST_CORNER, np.uint8)
    done = _write(
        np.asarray(x, np.int64), np.asarray(y, np.int64), np.asarray(starts, np.int64), kind, which, out
    )
    return out[:done].tobytes()


@compiled
def _write(x: Ints, y: Ints, starts: Ints, kind: int, which: Ints, out: NDArray[np.uint8]) -> int:
    """Features into `out`; how many bytes they take."""
    at = 0
    for i in range(len(starts) - 1):
        first, end = starts[i], starts[i + 1]
        more = end - first - 1  # corners after the first
        geometry = 1 + _size(_zigzag(x[first])) + _size(_zigzag(y[first]))
        if kind == 3:
            geometry += _size(more << 3 | 2) + 1
            for c in range(first + 1, end):
                geometry += _size(_zigzag(x[c] - x[c - 1])) + _size(_zigzag(y[c] - y[c - 1]))
        tags = 0
        for k in range(which.shape[1]):
            if which[i, k] >= 0:
                tags += _size(k) + _size(which[i, k])
        out[at] = 0x12  # _FEATURE
        at = _put(out, at + 1, 1 + _size(tags) + tags + 2 + 1 + _size(geometry) + geometry)
        out[at] = 0x12  # _TAGS
        at = _put(out, at + 1, tags)
        for k in range(which.shape[1]):
            if which[i, k] >= 0:
                at = _put(out, at, k)
                at = _put(out, at, which[i, k])
        out[at], out[at + 1], out[at + 2] = 0x18, kind, 0x22  # _TYPE, _GEOMETRY
        at = _put(out, at + 3, geometry)
        out[at] = 9  # one MoveTo
        at = _put(out, at + 1, _zigzag(x[first]))
        at = _put(out, at, _zigzag(y[first]))
        if kind == 3:
            at = _put(out, at, more << 3 | 2)  # so many LineTo
            for c in range(first + 1, end):
                at = _put(out, at, _zigzag(x[c] - x[c - 1]))
                at = _put(out, at, _zigzag(y[c] - y[c - 1]))
            out[at] = 15  # ClosePath
            at += 1
    return at


@compiled
def _zigzag(number: int) -> int:
    """A whole number as one that is not negative."""
    return 2 * number if number >= 0 else -2 * number - 1


@compiled
def _size(number: int) -> int:
    """Bytes that a number takes."""
    size = 1
    while number > 127:
        number >>= 7
        size += 1
    return size


@compiled
def _put(out: NDArray[np.uint8], at: int, number: int) -> int:
    while number > 127:
        out[at] = (number & 127) | 128
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


def _numbered(values: NDArray[Any]) -> tuple[list[Any], Ints]:
    """The different values, rising, and for each row which of them it has."""
    if np.issubdtype(values.dtype, np.floating) or not len(values) or int(values.max()) >= LOOKED_UP:
        different, which = np.unique(values, return_inverse=True)
        return different.tolist(), which.astype(np.int64)
    there = np.zeros(int(values.max()) + 1, np.int64)
    there[values] = 1
    return np.flatnonzero(there).tolist(), (np.cumsum(there) - 1)[values]


def _value(value: float | int, texts: Sequence[str] | None) -> bytes:
    if texts is not None:
        return _field(_TEXT, texts[int(value)].encode())
    if isinstance(value, float):
        return bytes([_DOUBLE]) + struct.pack("<d", value)
    return bytes([_UINT]) + _varint(value)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append((number & 127) | 128)
        number >>= 7
    return bytes([*out, number])


def _field(tag: int, data: bytes) -> bytes:
    return bytes([tag]) + _varint(len(data)) + data
