"""
A look at rasters before they are used: a small one whole, of a large one blocks spread over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_geodata.raster_tiles import Float32s, Layer, Reader, Tile

Floats = NDArray[np.float64]

SAMPLE_TILES = 64  # looked into, evenly spread
WHOLE_CELLS = 16_000_000  # together: so much is read whole, of more only blocks
BLOCK, BLOCKS = 32, 256  # cells a side, and how many of them in all
STRIP_CELLS = 1_000_000  # read at once
PLACES = 4_000  # kept of a strip or block
KINDS = 256  # different values that are listed


@dataclass(frozen=True, slots=True)
class Sample:
    """
    What a layer holds.

    Attributes
    ----------
    land
        Shape (n, 2): places of some cells above 0, in the layer's system; where there is none, of any.
    highest, lowest
        The extremes that were met, after factor and offset.
    peaks
        Shape (n, 3): place and value of the highest cell of each strip or block.
    kinds
        The different values, where they are few; else None.
    unknown
        Share of cells that are unknown, 0 to 1.
    sentinels
        Values met that stand for 'unknown' although no key says so.
    """

    land: Floats
    highest: float
    lowest: float
    peaks: Floats
    kinds: tuple[float, ...] | None
    unknown: float
    sentinels: tuple[float, ...]


def look(reader: Reader, layer: Layer) -> Sample | None:
    """
    Sample of a layer, of at most `SAMPLE_TILES` tiles; None where no cell at all holds a value.

    Where there is nothing in the blocks, every cell is looked at.
    """
    tiles = layer.tiles[:: -(-len(layer.tiles) // SAMPLE_TILES)]
    pieces = [piece for tile in tiles for piece in _pieces(reader, tile, len(tiles))]
    if not any(piece.known for piece in pieces):
        pieces = [piece for tile in layer.tiles for piece in _strips(reader, tile)]
    held = [piece for piece in pieces if piece.known]
    if not held:
        return None
    land = np.concatenate([piece.land for piece in held])
    kinds = {k for piece in held for k in (piece.kinds or ())}
    few = all(piece.kinds is not None for piece in held) and len(kinds) <= KINDS
    return Sample(
        land=land if len(land) else np.concatenate([piece.peak[:, :2] for piece in held]),
        highest=max(float(piece.peak[0, 2]) for piece in held),
        lowest=min(piece.lowest for piece in held),
        peaks=np.concatenate([piece.peak for piece in held]),
        kinds=tuple(sorted(kinds)) if few else None,
        unknown=1 - sum(piece.known for piece in pieces) / sum(piece.cells for piece in pieces),
        sentinels=tuple(sorted({s for piece in pieces for s in piece.sentinels})),
    )


def unknown_places(reader: Reader, layer: Layer, every: float) -> Iterator[Floats]:
    """Places without a value, shape (n, 2), tile by tile, of about each `every`-th cell both ways."""
    for tile in layer.tiles:
        thinned = max(1, round(tile.height / every)), max(1, round(tile.width / every))
        values, _ = reader.values(tile, 0, 0, (tile.height, tile.width), thinned)
        rows, columns = np.nonzero(np.isnan(values))
        yield _places(
            tile, (columns + 0.5) * (tile.width / thinned[1]), (rows + 0.5) * (tile.height / thinned[0])
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    cells: int
    known: int
    land: Floats
    peak: Floats
    lowest: float
    kinds: tuple[float, ...] | None
    sentinels: tuple[float, ...]


def _pieces(reader: Reader, tile: Tile, tiles: int) -> Iterator[_Piece]:
    if tile.width * tile.height <= WHOLE_CELLS / tiles:
        yield from _strips(reader, tile)
        return
    side = max(2, int(sqrt(BLOCKS / tiles)))
    rows, columns = min(tile.height, BLOCK), min(tile.width, BLOCK)
    for row in np.linspace(0, tile.height - rows, side).astype(int):
        for column in np.linspace(0, tile.width - columns, side).astype(int):
            yield _piece(reader, tile, int(column), int(row), (rows, columns))


def _strips(reader: Reader, tile: Tile) -> Iterator[_Piece]:
    """Every cell of a tile, a strip at a time."""
    strip = max(1, STRIP_CELLS // tile.width)
    for row in range(0, tile.height, strip):
        yield _piece(reader, tile, 0, row, (min(strip, tile.height - row), tile.width))


def _piece(reader: Reader, tile: Tile, column: int, row: int, shape: tuple[int, int]) -> _Piece:
    values, odd = reader.values(tile, column, row, shape)
    known = np.isfinite(values)
    count = int(known.sum())
    if not count:
        return _Piece(values.size, 0, np.empty((0, 2)), np.empty((0, 3)), 0.0, (), odd)
    rows, columns = np.nonzero(known & (values > 0))
    step = -(-len(rows) // PLACES) or 1
    land = _places(tile, column + columns[::step] + 0.5, row + rows[::step] + 0.5)
    top_row, top_column = np.unravel_index(int(np.nanargmax(values)), shape)
    place = _places(tile, np.array([column + top_column + 0.5]), np.array([row + top_row + 0.5]))
    peak = np.column_stack([place, values[top_row, top_column]])
    return _Piece(values.size, count, land, peak, float(np.nanmin(values)), _kinds(values[known]), odd)


def _kinds(values: Float32s) -> tuple[float, ...] | None:
    if len(np.unique(values[:1000])) > KINDS:
        return None
    found = np.unique(values)
    return None if len(found) > KINDS else tuple(found.tolist())


def _places(tile: Tile, u: NDArray[Any], v: NDArray[Any]) -> Floats:
    t = tile.transform
    return np.column_stack([t.c + u * t.a + v * t.b, t.f + u * t.d + v * t.e])
