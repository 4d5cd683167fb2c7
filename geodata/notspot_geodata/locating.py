"""
Which polygon a point lies in, for millions of points.

A grid of cells lies over the polygons. A cell that no outline comes near belongs to one polygon or to none,
and a point in it is looked up. A cell on an outline names its candidates and is divided into 64 small cells, which
are looked up alike. For a point in a small cell on an outline, each candidate has the pieces of outline in the
same row of cells: all that a ray from the point can meet, so that the answer is exact.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from notspot_geodata import reference
from notspot_geodata.cell_index import indexed
from notspot_geodata.cell_lookup import find
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

NOWHERE = -1  # index of a point that lies in no polygon, or has a coordinate that is not finite
CELLS_PER_VERTEX = 8  # cells of 300 m over the villages, small ones of 37 m at their borders
MOST_CELLS = 16_000_000  # 64 MB
CHUNK = 1 << 17  # points that one thread takes at a time


class Locator:
    """
    An index of polygons, built once and asked often; safe to ask from several threads.

    Parameters
    ----------
    shapes
        Polygons and multipolygons in one plane system (degrees count as plane: edges are straight in them),
        null and empty ones included. Heights are dropped. Where they overlap the first one has the point.
    cells
        About how many cells the grid has; 0 chooses. It changes no answer.

    Raises
    ------
    UsageError
        A shape is no polygon, or has a coordinate that is not finite.
    """

    def __init__(self, shapes: Sequence[BaseGeometry] | gpd.GeoSeries, *, cells: int = 0) -> None:
        xy, rings, zones = _outlines(np.asarray(shapes, dtype=object))
        wanted = cells or max(CELLS_PER_VERTEX * len(xy), 1024)
        self._index = indexed(xy, rings, zones, min(wanted, MOST_CELLS))

    def find(self, x: Any, y: Any, *, threads: int = 0) -> Ints:
        """
        Position among the shapes of the first one that holds each point, `NOWHERE` (-1) where none does.

        A point exactly on an outline is in the polygon: on a border that two share it is in the first of
        them. Exact at double precision.

        Parameters
        ----------
        x, y
            Shape (n,), in the system of the shapes.
        threads
            0 is one a processor.

        Raises
        ------
        UsageError
            The two are not of the same length, or no numbers.
        """
        xs, ys = _numbers(x), _numbers(y)
        if xs.shape != ys.shape:
            raise UsageError(f"points need as many x as y, not {len(xs):,} and {len(ys):,}")
        out = np.empty(len(xs), np.int32)

        def part(start: int) -> None:
            piece = slice(start, start + CHUNK)
            # a copy of a strided view is made a chunk at a time
            find(np.ascontiguousarray(xs[piece]), np.ascontiguousarray(ys[piece]), self._index, out[piece])

        starts = range(0, len(xs), CHUNK)
        at_once = min(threads or os.cpu_count() or 1, len(starts))
        if at_once <= 1:
            for start in starts:
                part(start)
        else:
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(part, starts))
        return out


def locate_points(lon: Any, lat: Any, *, threads: int = 0) -> Ints:
    """
    The village that each point lies in, as its row in `reference.villages` (sorted by code); -1 for none.

    Borders are straight in degrees (EPSG:3824) between their vertices. A point exactly on the border of two
    villages is in the one with the smaller code; points at sea, in holes or without a position are in none.

    Parameters
    ----------
    lon, lat
        Degrees, shape (n,).
    threads
        0 is one a processor.
    """
    return village_locator().find(lon, lat, threads=threads)


@cache
def village_locator() -> Locator:
    """The index of the embedded villages, built once."""
    return Locator(reference.villages().geometry)


# ------------------------------------------------------------------ the outlines as arrays


def _numbers(values: Any) -> Floats:
    try:
        out = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"coordinates must be numbers: {error}") from error
    if out.ndim != 1:
        raise UsageError(f"coordinates must be one-dimensional, not of shape {out.shape}")
    return out


def _outlines(shapes: NDArray[Any]) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Vertices, shape (n, 2); first vertex of each ring; first ring of each shape, both with the end added."""
    kinds = shapely.get_type_id(shapes)
    bare = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    wrong = np.flatnonzero(~bare & ~np.isin(kinds, (3, 6)))
    if len(wrong):
        names = sorted({shapes[i].geom_type for i in wrong})
        raise UsageError(
            f"points are located in polygons; {len(wrong):,} shapes are none ({', '.join(names)}), the first at "
            f"position {wrong[0]}"
        )
    parts, shape_of_part = shapely.get_parts(shapes, return_index=True)  # none of null and empty ones
    lines, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring_of_vertex = shapely.get_coordinates(lines, return_index=True)
    if not np.isfinite(xy).all():
        bad = np.flatnonzero(~np.isfinite(xy).all(axis=1))[0]
        position = shape_of_part[part_of_ring[ring_of_vertex[bad]]]
        raise UsageError(f"the polygon at position {position} has a coordinate that is not finite")
    rings: Any = np.searchsorted(ring_of_vertex, np.arange(len(lines) + 1))
    zones: Any = np.searchsorted(shape_of_part[part_of_ring], np.arange(len(shapes) + 1))
    return np.ascontiguousarray(xy), rings.astype(np.int64), zones.astype(np.int64)
