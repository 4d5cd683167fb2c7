"""
Which cells of a grid are land of Taiwan, and how far the sea is: from the polygons of the reference.

The polygons are generalised (8,000 vertices in all), so the coast is good to some 100 m; the terrain
model says the rest. Eight gaps between villages (airfields, river reaches) count as land.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.features import geometry_mask

from notspot_geodata import crs as systems
from notspot_geodata import reference
from notspot_geodata.raster_sample import unknown_places
from notspot_geodata.raster_tiles import Reader
from notspot_geodata.terrain_checks import Part
from notspot_geodata.working_grid import cell_size_m

Floats = NDArray[np.float64]

SEA_STEP_M, SEA_STEPS = 1_000.0, 512  # of the thinned map: at least so far apart, at most so many a side
SURROUNDINGS = (114.0, 10.0, 124.0, 27.0)  # degrees: west, south, east, north; the far islands are in it


class Land:
    """The land of Taiwan in one metric system."""

    def __init__(self, crs: str) -> None:
        move = systems.transformer(reference.CRS, crs)
        shapes = shapely.union_all(reference.counties().geometry.to_numpy())
        whole = shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(shapes)))
        parts: Any = shapely.transform(whole, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
        rings: Any = shapely.get_exterior_ring(parts)
        self._parts = parts
        self._tree = shapely.STRtree(parts)
        self._coast: Any = shapely.multilinestrings(rings)
        shapely.prepare(self._coast)

    def cells(
        self, west_m: float, north_m: float, resolution_m: float, shape: tuple[int, int]
    ) -> NDArray[np.bool_]:
        """Whether the centre of each cell is on land, shape as given, row 0 in the north."""
        rows, columns = shape
        box = shapely.box(west_m, north_m - rows * resolution_m, west_m + columns * resolution_m, north_m)
        near = self._tree.query(box, predicate="intersects")
        if not len(near):
            return np.zeros(shape, dtype=np.bool_)
        pieces = shapely.clip_by_rect(self._parts[near], *shapely.bounds(shapely.buffer(box, resolution_m)))
        pieces = [p for p in shapely.get_parts(pieces) if p.geom_type == "Polygon" and not p.is_empty]
        if not pieces:
            return np.zeros(shape, dtype=np.bool_)
        transform = Affine(resolution_m, 0, west_m, 0, -resolution_m, north_m)
        out: NDArray[np.bool_] = geometry_mask(pieces, shape, transform, invert=True)
        return out

    def coast_distance_m(self, x: Floats, y: Floats) -> Floats:
        """Metres from places on land to the nearest coast, shape as given."""
        out: Floats = shapely.distance(shapely.points(x, y), self._coast)
        return out


class SeaCells:
    """Where a terrain model itself has no value, and that is the sea: a thinned map of it."""

    def __init__(
        self,
        reader: Reader,
        parts: Sequence[Part],
        crs: str,
        bounds: tuple[float, float, float, float],
    ) -> None:
        west, south, east, north = bounds
        step_m = max(SEA_STEP_M, max(east - west, north - south) / SEA_STEPS)
        found = [np.empty((0, 2))]
        for part in parts:
            move = systems.transformer(part.crs, crs)
            every = step_m / cell_size_m(part.layer, move)
            found += [
                np.column_stack(move.transform(xy[:, 0], xy[:, 1]))
                for xy in unknown_places(reader, part.layer, every)
            ]
        xy = np.concatenate(found)
        points: Any = shapely.points(xy[np.isfinite(xy).all(axis=1)])
        self._tree = shapely.STRtree(points)

    def distance_m(self, x: Floats, y: Floats) -> Floats:
        """Metres from places to the nearest of the sea; infinite where there is none."""
        out = np.full(x.shape, np.inf)
        if len(self._tree):
            (at, _), far = self._tree.query_nearest(
                shapely.points(x, y), return_distance=True, all_matches=False
            )
            out[at] = far
        return out


@lru_cache(maxsize=4)
def land_in(crs: str) -> Land:
    """`Land` in a system, made once."""
    return Land(crs)


def touches_surroundings(bounds: tuple[float, float, float, float], crs: Any) -> bool:
    """Whether bounds (west, south, east, north) in `crs` come into Taiwan's surroundings."""
    west, south, east, north = bounds
    along = np.linspace(0, 1, 9)
    x, y = np.meshgrid(west + along * (east - west), south + along * (north - south))
    lonlat = systems.to_lonlat(np.column_stack([x.ravel(), y.ravel()]), crs)
    lonlat = lonlat[np.isfinite(lonlat).all(axis=1)]
    if not len(lonlat):
        return False
    (w, s), (e, n) = lonlat.min(axis=0), lonlat.max(axis=0)
    a, b, c, d = SURROUNDINGS
    return bool(w <= c and e >= a and s <= d and n >= b)
