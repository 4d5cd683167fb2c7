"""
The shapes of a static map: which part of the country stands where, and townships as path data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

WIDTH, MAP_HEIGHT = 400.0, 532.0  # of the drawing's own coordinates
POLYGON = 3  # GEOS' number of the type
FINE = 10  # coordinates of shapes are whole tenths: shorter than decimals

Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a part of the country is drawn: which townships, in which projection, in which box."""

    name: Text
    of: Callable[[str], bool]
    crs: str
    box: tuple[float, float, float, float]  # x, y, width, height
    bar_km: float


INSETS = (
    Frame(Text("連江（馬祖）", "Matsu"), lambda c: c.startswith("09007"), "EPSG:3825", (4, 4, 112, 104), 20),
    Frame(Text("烏坵", "Wuqiu"), lambda c: c == "09020060", "EPSG:3825", (122, 4, 76, 70), 2),
    Frame(
        Text("金門", "Kinmen"),
        lambda c: c.startswith("09020") and c != "09020060",
        "EPSG:3825",
        (4, 114, 112, 98),
        10,
    ),
    Frame(Text("澎湖", "Penghu"), lambda c: c.startswith("10016"), "EPSG:3825", (4, 218, 104, 178), 10),
)
MAIN = Frame(
    Text("", ""), lambda c: not any(frame.of(c) for frame in INSETS), "EPSG:3826", (112, 4, 284, 524), 50
)


@dataclass(frozen=True, slots=True)
class Placed:
    """The townships of one frame as they are drawn: path data by code, county lines, km a drawing unit."""

    frame: Frame
    paths: dict[str, str]
    counties: str
    unit_km: float


def sheet(townships: gpd.GeoDataFrame, detail: float) -> list[Placed]:
    """
    Townships placed into the frames they belong to, simplified by `detail` (drawing units).

    Several maps of the same townships share one sheet: simplifying is what takes the time.
    """
    codes = townships["town_code"].astype(str)
    parts = ((frame, townships[codes.map(frame.of)]) for frame in (*INSETS, MAIN))
    return [_placed(part, frame, detail) for frame, part in parts if not part.empty]


def _placed(part: gpd.GeoDataFrame, frame: Frame, detail: float) -> Placed:
    projected = part.geometry.to_crs(frame.crs).to_numpy()
    west, south, east, north = shapely.total_bounds(projected)
    x, y, width, height = frame.box
    if frame is not MAIN:  # room for the name above and the bar below
        x, y, width, height = x + 5, y + 19, width - 10, height - 36
    unit = max((east - west) / width, (north - south) / height)  # metres per drawing unit
    left = x + (width - (east - west) / unit) / 2
    top = y + (height - (north - south) / unit) / 2
    simple = shapely.coverage_simplify(projected, unit * detail)

    def to_page(points: Points) -> Points:
        across, down = left + (points[:, 0] - west) / unit, top + (north - points[:, 1]) / unit
        page: Points = np.rint(np.column_stack([across, down]) * FINE)
        return page

    paths = {
        str(code): _path(shapely.transform(shape, to_page))
        for code, shape in zip(part["town_code"], simple, strict=True)
    }
    counties = []
    for county in sorted(set(part["county_code"])):
        inside = simple[(part["county_code"] == county).to_numpy()]
        counties.append(_path(shapely.transform(shapely.coverage_union_all(inside), to_page)))
    return Placed(frame, paths, "".join(counties), unit / 1000)


def _path(shape: shapely.Geometry) -> str:
    """Path data in whole units; parts too small to see are left out, but never a shape's largest."""
    polygons = sorted(shapely.get_parts(shape), key=lambda p: -p.area)
    rings = []
    for at, polygon in enumerate(polygons):
        if at and polygon.area < 12:  # tenths of a unit squared
            break
        rings.append(_ring(polygon.exterior))
        rings += [_ring(hole) for hole in polygon.interiors if shapely.Polygon(hole).area >= 12]
    return "".join(rings)


def path_data(shape: shapely.Geometry) -> str:
    """Path data of a shape in the drawing's own coordinates: whole tenths (`FINE`), nothing too small to see."""
    polygons = [part for part in shapely.get_parts(shape) if shapely.get_type_id(part) == POLYGON]
    if not polygons:
        return ""

    def to_tenths(points: Points) -> Points:
        return np.rint(points * FINE)

    return _path(shapely.transform(shapely.MultiPolygon(polygons), to_tenths))


def _ring(ring: shapely.LinearRing) -> str:
    points = np.asarray(ring.coords, dtype=np.int64)
    steps = np.diff(points, axis=0)
    steps = steps[(steps != 0).any(axis=1)][:-1]  # Z draws the last
    if len(steps) < 2:  # an islet smaller than the grid
        return f"M{points[0][0] - 3} {points[0][1] - 3}h6v6h-6Z"
    return (
        f"M{points[0][0]} {points[0][1]}l"
        + " ".join(f"{dx} {dy}" for dx, dy in steps).replace(" -", "-")
        + "Z"
    )
