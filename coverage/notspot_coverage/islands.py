"""
How far offshore townships lie from the seat of their county government, on the ellipsoid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from notspot_geodata.errors import InputError, Problem

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

DISTANCES = ["nearest_km", "centroid_km", "farthest_km", "seat_township", "seat_island"]
_STEP_DEG = 0.0005  # about 50 m along a coast; at 5 km the nearest point is then out by less than 0.1 m


def seat_distances(townships: gpd.GeoDataFrame, seats: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """
    Geodesic distances of offshore townships from their county seat, one row a township.

    Parameters
    ----------
    townships
        Offshore townships only: ``town_code``, ``county_code``, geometry with a CRS.
    seats
        Longitude and latitude of the seat, in degrees, by ``county_code``.

    Returns
    -------
    distances
        Indexed by ``town_code``: ``nearest_km``, ``centroid_km``, ``farthest_km`` of the township's land
        (nearest is 0 where the seat lies in it), ``seat_township`` (the seat lies in it) and ``seat_island``
        (most of it is on the landmass that carries the seat).

    Raises
    ------
    InputError
        For every township without geometry or without a known seat, all at once.
    """
    import pandas as pd
    import shapely

    problems = [
        Problem(None, "county_code", f"no seat is known for county {code}: add a [[seat]] to the rules", code)
        for code in sorted(set(townships["county_code"]) - set(seats))
    ]
    problems += [
        Problem(None, "geometry", f"township {code} has no geometry, so its distance is unknown", code)
        for code in townships.loc[townships.geometry.isna() | townships.geometry.is_empty, "town_code"]
    ]
    if len(townships) and townships.crs is None:
        problems.append(Problem(None, "geometry", "has no CRS; distances need one"))
    if problems:
        raise InputError("townships", problems)

    degrees = townships.to_crs("EPSG:3824")
    rows = []
    for county, those in degrees.groupby("county_code"):
        lon, lat = seats[str(county)]
        seat = shapely.Point(lon, lat)
        land = shapely.union_all(shapely.make_valid(those.geometry.to_numpy()))
        home = next((part for part in shapely.get_parts(land) if part.covers(seat)), None)
        for code, shape in zip(those["town_code"], those.geometry, strict=True):
            rows.append((code, *_distances(shape, seat), shape.covers(seat), _mostly_on(shape, home)))
    return pd.DataFrame(rows, columns=["town_code", *DISTANCES]).set_index("town_code").sort_index()


def _distances(shape: BaseGeometry, seat: BaseGeometry) -> tuple[float, float, float]:
    import numpy as np
    import shapely
    from pyproj import Geod

    geod = Geod(ellps="GRS80")
    coast = shapely.get_coordinates(shapely.segmentize(shape, _STEP_DEG))
    # A centroid in degrees is that of the ground: over one township the two scales hardly change.
    points = np.vstack([shapely.get_coordinates(shape.centroid), coast])
    from_lon, from_lat = (np.full(len(points), value) for value in shapely.get_coordinates(seat)[0])
    metres = geod.inv(from_lon, from_lat, points[:, 0], points[:, 1])[2]
    km = np.asarray(metres) / 1000
    nearest = 0.0 if shape.covers(seat) else float(km[1:].min())
    return nearest, float(km[0]), float(km[1:].max())


def _mostly_on(shape: BaseGeometry, landmass: BaseGeometry | None) -> bool:
    if landmass is None:
        return False
    import shapely

    valid = shapely.make_valid(shape)
    return bool(valid.intersection(landmass).area > valid.area / 2)
