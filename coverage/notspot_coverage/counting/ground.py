"""
Ground covered by circles and polygons that overlap, village by village: their union, clipped to land.

The union is never built. Every village is ruled with lines of constant northing; on a line a circle or a
polygon is a few intervals, whose union is exact and cheap, and the lines' lengths times their spacing are the
area (midpoint rule). Lines do not straddle a vertex, so that straight outlines are measured exactly, and a
circle's top and bottom are measured by their area. Lengths are weighted with the scale of the projection, so that
areas are those on the ground, and circles are drawn with their radius on the ground.

Lines are at most 5 m, 1/512 of the village's height and 1/160 of the smallest radius near it apart. Beside lines
eight times as close the covered part of a village then differs by at most 0.012 % of the village's area with
20,000 circles of 400 m at random places in the villages, 0.008 % with 100,000, 0.002 % with 2,000 of 50 m and
0.011 % with 300 of 5 km; the country's by 0.0006 % of what is covered.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from notspot_coverage.counting.ruling import BUCKET_M, EAST_M, RADIUS_M, SCALE, areas, by_strips, cover
from notspot_geodata.crs import reproject
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CRS = "EPSG:3826"
CHUNK = 64  # villages to a task of a thread
STEP_M, LINES, RADIUS_LINES = 5.0, 512, 160  # spacing of lines: at most, and at least so many


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Villages made ready to be covered, again and again.

    Attributes
    ----------
    x, y
        Vertices in metres, EPSG:3826; those of ring i are ``ring[i]`` to before ``ring[i + 1]``, and the rings
        of village v ``zone[v]`` to before ``zone[v + 1]``.
    area_m2
        Shape (villages,): on the ground, as measured in the projection.
    area_km2
        Shape (villages,): what shares are multiplied by; the column of the villages where they have one.
    index
        Of the villages.
    """

    x: Floats
    y: Floats
    ring: Integers
    zone: Integers
    area_m2: Floats
    area_km2: Floats
    index: pd.Index

    @classmethod
    def of(cls, villages: gpd.GeoDataFrame) -> Ground:
        """Valid polygons with a CRS, which may have the column ``area_km2``; empty ones have no ground."""
        x, y, ring, zone = _edges(villages.geometry, "the villages")
        measured = areas(x, y, ring, zone)
        area = villages["area_km2"].to_numpy(np.float64) if "area_km2" in villages else measured / 1e6
        return cls(x, y, ring, zone, measured, area, villages.index)

    def covered(
        self,
        *,
        points: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
        radius_m: float | Floats = 0.0,
        polygons: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """The same as `covered_area`, which see."""
        cx, cy, r = _circles(points, radius_m)
        buckets = _Buckets.of(polygons)
        out = np.empty(len(self.zone) - 1)

        def one(first: int) -> None:
            cover(
                self.x, self.y, self.ring, self.zone, self.area_m2, first, min(first + CHUNK, len(out)),
                cx, cy, r, r.max(initial=0.0),
                buckets.bottom, buckets.start, buckets.edge, buckets.x, buckets.y, buckets.owner, buckets.box,
                STEP_M, LINES, RADIUS_LINES, out,
            )  # fmt: skip

        with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
            list(pool.map(one, range(0, len(out), CHUNK)))
        return pd.DataFrame(
            {"covered_km2": out * self.area_km2, "area_km2": self.area_km2, "share": out}, index=self.index
        )


def covered_area(
    villages: gpd.GeoDataFrame | Ground,
    *,
    points: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
    radius_m: float | Floats = 0.0,
    polygons: gpd.GeoSeries | gpd.GeoDataFrame | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """
    How much of each village lies within `radius_m` of one of `points` or in one of `polygons`.

    Parameters
    ----------
    villages
        Valid polygons with a CRS, or what `Ground.of` made of them.
    points, polygons
        With a CRS; empty and missing ones cover nothing. Polygons must be valid, and may overlap.
    radius_m
        On the ground, metres: one, or one a point.

    Returns
    -------
    covered
        ``covered_km2``, ``area_km2``, ``share`` (0 to 1; NaN for a village without area), a row a village, with
        their index. 1 exactly where a village is covered as a whole. How large the error is stands above.

    Raises
    ------
    UsageError
        If a CRS is missing, a radius is negative or not finite, or a shape is not of its kind.
    """
    ground = villages if isinstance(villages, Ground) else Ground.of(villages)
    return ground.covered(points=points, radius_m=radius_m, polygons=polygons, threads=threads)


# ------------------------------------------------------------------ what is given


def _planar(shapes: gpd.GeoSeries | gpd.GeoDataFrame, what: str) -> NDArray[Any]:
    if shapes.crs is None:
        raise UsageError(f"{what} have no CRS: set it before areas are measured")
    geometry: NDArray[Any] = reproject(shapes.geometry.to_frame("geometry"), CRS).geometry.to_numpy()
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise UsageError(f"{what} have coordinates that are not finite, or cannot be brought to {CRS}")
    return geometry


def _edges(shapes: gpd.GeoSeries, what: str) -> tuple[Floats, Floats, Integers, Integers]:
    """Vertices, where each ring begins, and the first ring of each shape."""
    geometry = _planar(shapes, what)
    if not np.isin(shapely.get_type_id(geometry), (-1, 3, 6)).all():
        raise UsageError(f"{what} hold other shapes than polygons: take those out first")
    parts, shape = shapely.get_parts(geometry, return_index=True)
    rings, part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    owner = shape[part]
    xy, at = shapely.get_coordinates(rings, return_index=True)
    ring = np.searchsorted(at, np.arange(len(rings) + 1)).astype(np.int64)
    zone = np.searchsorted(owner, np.arange(len(geometry) + 1)).astype(np.int64)
    return np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]), ring, zone


def _circles(
    points: gpd.GeoSeries | gpd.GeoDataFrame | None, radius_m: float | Floats
) -> tuple[Floats, Floats, Floats]:
    """Centres and radii in metres of EPSG:3826, from south to north; twins once."""
    if points is None:
        return np.empty(0), np.empty(0), np.empty(0)
    geometry = _planar(points.geometry, "the points")
    if not np.isin(shapely.get_type_id(geometry), (-1, 0)).all():
        raise UsageError("the points hold other shapes than single points: take those out first")
    r = np.broadcast_to(np.asarray(radius_m, np.float64), len(geometry))
    if not (np.isfinite(r) & (r >= 0)).all():
        raise UsageError("radius_m must be finite and at least 0 for every point")
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry)) & (r > 0)
    xy = shapely.get_coordinates(geometry[there])
    u = (xy[:, 0] - EAST_M) / (SCALE * RADIUS_M)
    drawn = np.column_stack([xy[:, ::-1], r[there] * SCALE * np.cosh(u)])
    drawn = np.unique(drawn, axis=0)  # by northing
    return tuple(np.ascontiguousarray(drawn[:, k]) for k in (1, 0, 2))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _Buckets:
    """Edges of polygons by strips of northing; those of a strip stand by polygon."""

    bottom: float
    start: Integers
    edge: Integers
    x: Floats
    y: Floats
    owner: Integers
    box: Floats

    @classmethod
    def of(cls, polygons: gpd.GeoSeries | gpd.GeoDataFrame | None) -> _Buckets:
        if polygons is None or polygons.empty:
            none = np.zeros(1, np.int64)
            return cls(0.0, none, none[:0], np.empty((0, 2)), np.empty((0, 2)), none[:0], np.empty((0, 4)))
        x, y, ring, zone = _edges(polygons.geometry, "the polygons")
        first = np.setdiff1d(np.arange(len(x)), ring[1:] - 1)  # the last vertex of a ring begins no edge
        owner = np.repeat(np.arange(len(zone) - 1), np.diff(ring[zone]))[first]
        xs, ys = np.column_stack([x[first], x[first + 1]]), np.column_stack([y[first], y[first + 1]])
        bottom = float(y.min()) if len(y) else 0.0
        start, edge = by_strips(ys, bottom, BUCKET_M)
        box = np.full((len(zone) - 1, 4), np.nan)  # an empty polygon is near nothing
        full = np.flatnonzero(np.diff(ring[zone]))
        if len(full):
            begin = ring[zone][full]
            for k, (values, least) in enumerate(((x, True), (y, True), (x, False), (y, False))):
                box[full, k] = (np.minimum if least else np.maximum).reduceat(values, begin)
        return cls(bottom, start, edge, xs, ys, owner, box)
