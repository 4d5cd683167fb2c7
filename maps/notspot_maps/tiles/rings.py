"""
H3 cells as the polygons that they are: their corners on the grid of tiles, and the tiles that they reach into.

A cell is owned by the tile that its middle lies in, where it is counted. Other tiles that it touches hold it again, so
that each can be drawn by itself; these say so, and are not counted. Corners are where H3 has them, to 0.3 m; the sides
between them are straight on the map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from notspot_geodata import hexagons
from notspot_maps.tiles.grid import BITS, Ints, Keys, along, coarser, fractions, pieces, positions, runs
from notspot_maps.tiles.points import TilePoints

TILE_PX = 512  # side of a tile where it is looked at
LEAST_PX = 6  # from side to side of the usual hexagon where they begin
MOST_BESIDE = (
    200_000  # of those held again, or as many as there are cells: one large cell touches many small tiles
)
_RESOLUTION_BIT = 52  # of an index: H3 core library, "H3 index representations"
_AROUND_KM = 40_075.017  # the equator
_REACH = (
    2.0  # of the average edge: no corner is farther from the middle, however H3's projection stretches a cell
)


@dataclass(frozen=True, slots=True)
class Rings:
    """
    Outlines of n cells, clockwise as one sees them.

    Attributes
    ----------
    x, y
        Columns and rows of all corners from the north-west, in steps of the grid of `BITS`.
    starts
        Where the corners of each begin, and where the last ends, shape (n + 1,).
    """

    x: Ints
    y: Ints
    starts: Ints


def resolutions(cells: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The resolution of each cell, shape (n,)."""
    return ((cells >> np.uint64(_RESOLUTION_BIT)) & np.uint64(15)).astype(np.uint8)


def rings(cells: NDArray[np.uint64], x: Ints) -> Rings:
    """The outlines of cells whose middles are in the columns `x`, each in one piece, shape (n,)."""
    lonlat, which = hexagons.corners(cells)
    across, down = (np.rint(each).astype(np.int64) for each in fractions(*lonlat.T))
    side = 1 << BITS
    across -= side * np.rint((across - x[which]) / side).astype(np.int64)  # over 180° it goes on
    end = np.cumsum(np.bincount(which, minlength=len(cells)))[which]
    first = np.searchsorted(which, which)
    turned = first + end - 1 - np.arange(len(which))  # H3 goes against the clock
    across, down = across[turned], down[turned]
    after = np.where(np.arange(len(which)) + 1 < end, np.arange(len(which)) + 1, first)
    kept = (across != across[after]) | (down != down[after])
    size = np.bincount(which[kept], minlength=len(cells))
    return Rings(across[kept], down[kept], np.concatenate([[0], np.cumsum(size)]))


def beside(points: TilePoints, zoom: int) -> tuple[Keys, Ints]:
    """
    The tiles that cells reach into from the one of their middle.

    Returns
    -------
    tiles, rows
        Tiles along the curve, rising, and rows of `points`, rising within each.
    """
    assert points.h3 is not None
    found = [(np.zeros(0, np.uint64), np.zeros(0, np.int64))]
    side, bits = 1 << (BITS - zoom), BITS - zoom
    for piece in pieces(len(points)):
        x, y = positions(points.keys[piece])
        far = _reach(resolutions(points.h3[piece]), y)
        inner = np.minimum.reduce([x & (side - 1), y & (side - 1), ~x & (side - 1), ~y & (side - 1)])
        rows = np.flatnonzero(inner <= far)
        if not len(rows):
            continue
        outline = rings(points.h3[piece][rows], x[rows])
        begins = outline.starts[:-1]
        west, east = np.minimum.reduceat(outline.x, begins), np.maximum.reduceat(outline.x, begins)
        north, south = np.minimum.reduceat(outline.y, begins), np.maximum.reduceat(outline.y, begins)
        which, column, row = _boxes(west >> bits, (east - 1) >> bits, north >> bits, (south - 1) >> bits)
        own = (column == x[rows][which] >> bits) & (row == y[rows][which] >> bits)
        there = (column >= 0) & (column < 1 << zoom) & (row >= 0) & (row < 1 << zoom)
        which, column, row = (each[there & ~own] for each in (which, column, row))
        corners = np.column_stack([outline.x, outline.y]).astype(np.float64)
        owner = np.repeat(np.arange(len(rows)), np.diff(outline.starts))
        shapes = np.asarray(shapely.polygons(shapely.linearrings(corners, indices=owner)))
        boxes = shapely.box(column * side, row * side, (column + 1) * side, (row + 1) * side)
        touched = shapely.intersects(shapes[which], boxes)
        found.append((along(column[touched], row[touched], zoom), piece.start + rows[which[touched]]))
    tiles, rows = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort([rows, tiles])
    return tiles[order], rows[order]


def hexagons_zoom(points: TilePoints, most: int, last: int) -> int:
    """
    The first zoom where the usual hexagon is `LEAST_PX` wide and the fullest tile holds at most `most`.

    At `last` at the latest, and before large cells among small ones are held again more often than `MOST_BESIDE`.
    """
    assert points.h3 is not None
    of = np.bincount(resolutions(points.h3), minlength=16)
    zoom = last
    while zoom > 0 and _times_beside(points, of, zoom) > max(MOST_BESIDE, len(points)):
        zoom -= 1
    for earlier in range(zoom):
        fullest = np.diff(runs(coarser(points.keys, BITS, earlier))).max()
        if usual_px(points, earlier) >= LEAST_PX and fullest <= most:
            return earlier
    return zoom


def usual_px(points: TilePoints, zoom: int) -> float:
    """From side to side of a hexagon of the middle resolution in the tiles of a zoom, in their 512 pixels."""
    assert points.h3 is not None
    upto = np.cumsum(np.bincount(resolutions(points.h3), minlength=16))
    usual = int(np.searchsorted(upto, len(points) / 2))
    return _width_tiles(points, usual, zoom) * TILE_PX


def _times_beside(points: TilePoints, of: Ints, zoom: int) -> float:
    """About how many tiles the cells reach into, by how many there are of each resolution."""
    return float(
        sum(n * ((1 + _width_tiles(points, r, zoom)) ** 2 - 1) for r, n in enumerate(of.tolist()) if n)
    )


def _width_tiles(points: TilePoints, resolution: int, zoom: int) -> float:
    """From side to side of a hexagon, in tiles of a zoom where the points are."""
    _, y = positions(points.keys[[0, len(points) // 2, -1]])
    shrunk = float(np.median(_shrunk(y)))
    return math.sqrt(3) * hexagons.edge_km(resolution) / (_AROUND_KM * shrunk) * (1 << zoom)


def _reach(resolution: NDArray[np.uint8], y: Ints) -> Any:
    """How far a corner may be from the middle, in steps of the grid."""
    edge_km = np.array([hexagons.edge_km(r) for r in range(16)])
    return _REACH * edge_km[resolution] / (_AROUND_KM * _shrunk(y)) * (1 << BITS) + 1


def _shrunk(y: Ints) -> Any:
    """How much smaller the world is in rows than at the equator: Mercator's scale, the cosine of the latitude."""
    return 1 / np.cosh((0.5 - y / (1 << BITS)) * 2 * np.pi)


def _boxes(west: Ints, east: Ints, north: Ints, south: Ints) -> tuple[Ints, Ints, Ints]:
    """All columns and rows of boxes, and which box each is of."""
    wide, high = east - west + 1, south - north + 1
    size = wide * high
    which = np.repeat(np.arange(len(size)), size)
    at = np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size)
    return which, west[which] + at % wide[which], north[which] + at // wide[which]
