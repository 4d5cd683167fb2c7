"""
A country of six villages that a person can count by hand, on land in EPSG:3826.

Metres east of `WEST` and south of `NORTH`::

      0        400    750     1150
    0 +--------+------+--------+
      |   A    |  B   |   D    |     A, B: 甲縣甲一鎮      C: 甲縣甲二鄉 (remote, mountain)
  400 +--------+------+--------+     D, E: 乙縣乙一鎮      F: 乙縣乙二鄉 (remote, offshore)
      |   C    (hole) |   E    |     乙縣乙三鄉 (remote) has no polygon at all
  800 +---------------+--------+
                                 F: an islet of 200 by 200 with a rock of 100 by 50, at 1400, 300
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import Geod
from shapely.geometry import MultiPolygon, Point, Polygon, box

from notspot_coverage.counting.counting import count
from notspot_coverage.counting.lattice import Lattice, lattice_of
from notspot_coverage.counting.services import (
    Account,
    Areas,
    ByUnit,
    People,
    Raster,
    Service,
    Sites,
)
from notspot_coverage.counting.units import Units
from notspot_geodata.locating import Locator
from notspot_geodata.text import Text

WEST, NORTH = 250_000.0, 2_650_000.0  # EPSG:3826, inland
A, B, C = "10002010001", "10002010002", "10002020001"
D, E, F = "10013010001", "10013010002", "10013020001"
GONE, NOWHERE = (
    "10013020009",
    "10013030001",
)  # people without a polygon; the second's township has none at all
NAME = Text("名", "name")


def square(west: float, north: float, width: float, height: float | None = None) -> Polygon:
    """A rectangle by its north-west corner, metres east of `WEST` and south of `NORTH`."""
    south = north + (width if height is None else height)
    return box(WEST + west, NORTH - south, WEST + west + width, NORTH - north)


def at(east: float, south: float) -> Point:
    """A point, metres east of `WEST` and south of `NORTH`."""
    return Point(WEST + east, NORTH - south)


SHAPES = {
    A: square(0, 0, 400),
    B: square(400, 0, 350, 400),
    C: square(0, 400, 750, 400).difference(square(350, 500, 150, 200)),
    D: square(750, 0, 400),
    E: square(750, 400, 400),
    F: MultiPolygon([square(1400, 300, 200), square(1700, 300, 100, 50)]),
}
NAMES = {A: "甲村", B: "乙村", C: "丙村", D: "丁村", E: "戊村", F: "己村"}


@dataclass(frozen=True)
class Country:
    villages: gpd.GeoDataFrame
    townships: pd.DataFrame
    units: Units
    lattice: Lattice
    locate: Callable[[Any, Any], Any]

    def index(self, code: str) -> int:
        return self.lattice.codes.index(code)

    def count(self, *services: Service, **options: Any) -> Account:
        return count(self.lattice, self.units, services, locate=self.locate, **options)


@cache
def country(cell_m: float = 100.0) -> Country:
    """The country; built once."""
    villages = frame_of(SHAPES)
    townships = pd.DataFrame(
        [
            ("10002010", "甲一鎮", "10002", "甲縣", False, "rest"),
            ("10002020", "甲二鄉", "10002", "甲縣", True, "mountain_indigenous"),
            ("10013010", "乙一鎮", "10013", "乙縣", False, "rest"),
            ("10013020", "乙二鄉", "10013", "乙縣", True, "offshore"),
            ("10013030", "乙三鄉", "10013", "乙縣", True, "rest"),
        ],
        columns=["town_code", "town", "county_code", "county", "remote", "group"],
    )
    return made(villages, townships, cell_m)


def made(villages: gpd.GeoDataFrame, townships: pd.DataFrame, cell_m: float = 100.0) -> Country:
    """A country of villages and townships."""
    degrees = villages.sort_values("village_code").geometry.to_crs("EPSG:3824")
    return Country(
        villages,
        townships,
        Units.of(villages, townships),
        lattice_of(villages, cell_m),
        Locator(degrees.to_numpy()).find,
    )


def frame_of(shapes: dict[str, Any], crs: str = "EPSG:3826") -> gpd.GeoDataFrame:
    """Villages as the reference has them, from shapes by code."""
    frame = gpd.GeoDataFrame({"village_code": list(shapes)}, geometry=list(shapes.values()), crs=crs)
    frame["village"] = [NAMES.get(code, code[-3:]) for code in shapes]
    frame["town_code"] = frame["village_code"].str[:8]
    fine = gpd.GeoSeries(shapely.segmentize(frame.geometry.to_numpy(), 50), crs=crs).to_crs("EPSG:3824")
    geod = Geod(ellps="GRS80")
    frame["area_km2"] = [abs(geod.geometry_area_perimeter(shape)[0]) / 1e6 for shape in fine]
    return frame.sample(frac=1, random_state=4)  # in no order


def people(id: str = "registered", level: str = "village", **numbers: Any) -> People:
    """People by code: `people={code: number}`, `households={code: number}`."""
    return People(id=id, name=NAME, counts=pd.DataFrame(numbers), level=level)


PEOPLE = people(
    people={A: 1001, B: 77, C: 503, D: 2500, E: 13, F: 9, GONE: 40, NOWHERE: 6},
    households={A: 400, B: 31, C: 200, D: 1100, E: 5, F: 4, GONE: 17, NOWHERE: 2},
)


def sites(*points: Any, radius_m: float = 100, crs: str = "EPSG:3826", **rest: Any) -> Sites:
    """A layer of sites; a list or tuple ``operator``/``own_radius_m`` becomes a column."""
    columns = {}
    if "operators" in rest:
        columns["operator"] = list(rest.pop("operators"))
    if "radii_m" in rest:
        columns["radius_m"] = list(rest.pop("radii_m"))
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(list(points), crs="EPSG:3826"))
    return Sites(id=rest.pop("id", "sites"), points=frame.to_crs(crs), radius_m=radius_m, **rest)


def areas(*shapes: Any, **rest: Any) -> Areas:
    columns = {"operator": list(rest.pop("operators"))} if "operators" in rest else {}
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(list(shapes), crs="EPSG:3826"))
    return Areas(id=rest.pop("id", "areas"), areas=frame, **rest)


def by_unit(values: dict[str, float], at_least: float = 1.0, level: str = "village", **rest: Any) -> ByUnit:
    series = pd.Series(values, dtype=float)
    return ByUnit(id=rest.pop("id", "table"), values=series, at_least=at_least, level=level, **rest)


def raster(path: Path, at_least: float, quantity: str = "rsrp_dbm", **rest: Any) -> Raster:
    return Raster(id=rest.pop("id", "raster"), path=path, at_least=at_least, quantity=quantity, **rest)


def service(*layers: Any, id: str = "s", **rest: Any) -> Service:
    return Service(id=id, name=NAME, layers=layers, **rest)


def write_raster(
    path: Path,
    values: Any,
    *,
    cell_m: float = 100.0,
    west: float = 0.0,
    north: float = 0.0,
    nodata: float | None = -9999.0,
    crs: str | None = "EPSG:3826",
    transform: rasterio.Affine | None = None,
    dtype: str = "float32",
    scale: float = 1.0,
    offset: float = 0.0,
) -> Path:
    """A GeoTIFF from metres east of `WEST` and south of `NORTH`; NaN is written as nodata."""
    data = np.asarray(values, float)
    if nodata is not None:
        data = np.where(np.isnan(data), nodata, data)
    place = transform or rasterio.Affine(cell_m, 0, WEST + west, 0, -cell_m, NORTH - north)
    with rasterio.open(
        path, "w", driver="GTiff", width=data.shape[1], height=data.shape[0], count=1, dtype=dtype,
        crs=crs, nodata=nodata, transform=place,
    ) as file:  # fmt: skip
        file.write(data.astype(dtype), 1)
        if (scale, offset) != (1.0, 0.0):
            file.scales, file.offsets = (scale,), (offset,)
    return path


def bits(word: Any) -> np.ndarray:
    """A word as 8 by 8 flags, north-west first."""
    return (np.uint64(word) >> np.arange(64, dtype=np.uint64) & np.uint64(1)).astype(bool).reshape(8, 8)


def picture(lattice: Lattice, words: Any) -> np.ndarray:
    """Words as flags of all sub-cells, shape (8 rows, 8 columns); False at sea."""
    out = np.zeros((8 * lattice.grid.rows, 8 * lattice.grid.columns), bool)
    for word, row, column in zip(words, lattice.row, lattice.column, strict=True):
        out[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = bits(word)
    return out


def middles(lattice: Lattice) -> tuple[np.ndarray, np.ndarray]:
    """Middle of each sub-cell in EPSG:3826, as `picture` has them."""
    size = lattice.cell_m / 8
    x = lattice.grid.west + (np.arange(8 * lattice.grid.columns) + 0.5) * size
    y = lattice.grid.north - (np.arange(8 * lattice.grid.rows) + 0.5) * size
    return np.meshgrid(x, y)


def land(lattice: Lattice) -> np.ndarray:
    """Sub-cells whose cell is there, as `picture` has them."""
    return picture(lattice, lattice.words(np.uint64(0xFFFFFFFFFFFFFFFF)))


def row(frame: pd.DataFrame, **where: Any) -> pd.Series:
    """The one row of a frame where columns have these values."""
    keep = np.logical_and.reduce([frame[name] == value for name, value in where.items()])
    assert keep.sum() == 1, (where, int(keep.sum()))
    return frame[keep].iloc[0]
