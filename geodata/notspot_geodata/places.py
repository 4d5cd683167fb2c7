"""
Where points lie: near Taiwan, in which county, and how far from the place that their row claims.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata import reference
from notspot_geodata.text import official_name, tidy

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

FAR_ISLANDS = {
    "東沙島 Dongsha": (116.72, 20.70),
    "太平島 Taiping": (114.37, 10.38),
    "釣魚臺 Diaoyutai": (123.47, 25.75),
    "彭佳嶼 Pengjia": (122.08, 25.63),
}  # longitude and latitude, degrees; no polygon in the reference, and part of the country
OFFSHORE_KM = 24.0  # a point this far from land is still plausible: the territorial sea, 12 nautical miles
_KM_PER_DEGREE = 111.2  # of a great circle; distances are found in degrees first: at most 10 % too long


def near_taiwan(lonlat: Floats, *, within_km: float = OFFSHORE_KM) -> NDArray[np.bool_]:
    """Whether each point, shape (n, 2) in degrees, is on land or `within_km` of it, far islands included."""
    ok = kilometres_off(lonlat) <= within_km
    for lon, lat in FAR_ISLANDS.values():
        ok |= _kilometres(lonlat, (lon, lat)) <= max(within_km, OFFSHORE_KM)
    return ok


def kilometres_off(lonlat: Floats, code: str | None = None) -> Floats:
    """
    Distance in km from points to a county (5 digits), a township (8 digits) or, without `code`, to land.

    0 inside; NaN where a coordinate is missing or the code is not in the reference of 2021-09.
    """
    out = np.full(len(lonlat), np.nan)
    shape = _land() if code is None else _units().get(code)
    ok: NDArray[np.bool_] = np.asarray(np.isfinite(lonlat).all(axis=1))
    if shape is None or not ok.any():
        return out
    # degrees of longitude are shortened by the latitude, so that distances are the same in all directions
    out[ok] = 0.0
    ok[ok] = ~shapely.contains_xy(shape, lonlat[ok])  # most points are inside, and that is quick to see
    if not ok.any():
        return out
    found = lonlat[ok]
    lines = shapely.shortest_line(shapely.points(found), shape)
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    scale = np.column_stack([np.cos(np.radians(ends[:, 0, 1])), np.ones(len(ends))])
    out[ok] = np.hypot(*((ends[:, 0] - ends[:, 1]) * scale).T) * _KM_PER_DEGREE
    return out


def county_at(lonlat: Floats) -> list[str | None]:
    """County code at each point, None at sea."""
    frame = _counties()
    out: list[str | None] = [None] * len(lonlat)
    ok = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
    tree = shapely.STRtree(frame.geometry.to_numpy())
    for point, unit in tree.query(shapely.points(lonlat[ok]), predicate="intersects").T:
        out[ok[point]] = str(frame["county_code"].iloc[unit])
    return out


def name_of(code: str) -> str:
    """``澎湖縣`` of a county code, ``南投縣仁愛鄉`` of a township code; the code where it is unknown."""
    return _names().get(code, code)


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing: null, blanks, a dash or a word for it."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell):
        return True
    return isinstance(cell, str) and tidy(cell).lower() in _NOTHING


_NOTHING = ("", "-", "--", "na", "n/a", "nan", "null", "none", "無")


@dataclass(frozen=True, slots=True)
class Claims:
    """The county (5 digits) and township (8 digits) that each row names; None where none or unknown."""

    counties: tuple[str | None, ...]
    towns: tuple[str | None, ...]

    def __bool__(self) -> bool:
        return any(self.counties) or any(self.towns)

    def code(self, row: int) -> str | None:
        """The narrowest unit that a row names."""
        return self.towns[row] or self.counties[row]

    @classmethod
    def of(
        cls,
        length: int,
        counties: Sequence[str | None] | None = None,
        towns: Sequence[str | None] | None = None,
    ) -> Claims:
        """From codes, shape (length,); a township tells its county, and unknown codes are dropped."""
        known = _units()
        town = [t if t in known else None for t in (towns if towns is not None else [None] * length)]
        given = counties if counties is not None else [None] * length
        county = [c or (t[:5] if t else None) for c, t in zip(given, town, strict=True)]
        return cls(tuple(c if c in known else None for c in county), tuple(town))

    def take(self, index: NDArray[np.int64]) -> Claims:
        """The claims of some rows only."""
        return Claims(tuple(self.counties[i] for i in index), tuple(self.towns[i] for i in index))

    def agree(self, lonlat: Floats, level: str) -> tuple[float, int]:
        """Share of points inside the unit they claim, and how many claim one."""
        codes = self.towns if level == "town" else self.counties
        groups: dict[str, list[int]] = {}
        for i, code in enumerate(codes):
            if code is not None and np.isfinite(lonlat[i]).all():
                groups.setdefault(code, []).append(i)
        asked = sum(code is not None for code in codes)
        if not asked:
            return 0.0, 0
        shapes = _units()
        hits = 0
        for code, rows in groups.items():
            hits += int(shapely.contains_xy(shapes[code], lonlat[rows]).sum())
        return hits / asked, asked


_COLUMNS = {
    "town_code": "town_code towncode town_id townid 鄉鎮市區代碼 鄉鎮代碼 鄉鎮市區代號 行政區域代碼 "
    "village_code villcode",
    "county_code": "county_code countycode county_id 縣市代碼 縣市別代碼 縣市代號",
    "county": "county countyname 縣市 縣市別 縣市名稱 縣市別名稱 area city",
    "town": "town townname town_name 鄉鎮市區 鄉鎮市區名稱 鄉鎮 鄉鎮別 行政區 county_town urban district",
}  # headings, lower case, that say which place a row is in


def claims_of(frame: pd.DataFrame) -> Claims:
    """The county and township that rows name, by code or by name, as far as the reference knows them."""
    counties, towns, plain = _unit_names()
    by_name = {tidy(str(c)).lower().replace(" ", "_"): c for c in frame.columns}
    cells: dict[str, list[Any]] = {}
    for what, names in _COLUMNS.items():
        column = next((by_name[n] for n in names.split() if n in by_name), None)
        cells[what] = [None] * len(frame) if column is None else list(frame[column])
    rows: list[tuple[str | None, str | None]] = []
    for in_town, in_county, county, town in zip(*cells.values(), strict=True):
        digits = _digits(in_town)[:8]
        found_town = digits if digits in plain else None
        digits = _digits(in_county)[:5]
        found_county = digits if digits in plain else None
        named, whole = _name(county), _name(town)
        found_county = found_county or counties.get(named)
        if found_town is None and whole:
            found_town = towns.get(whole if whole[:3] in counties else named + whole)
            found_county = found_county or counties.get(whole[:3])
        if found_town and found_county and not found_town.startswith(found_county):
            found_town = None  # the codes contradict each other; which is wrong is not for the point to say
        rows.append((found_county or (found_town[:5] if found_town else None), found_town))
    return Claims(tuple(c for c, _ in rows), tuple(t for _, t in rows))


def _name(cell: object) -> str:
    return "" if is_blank(cell) else official_name(str(cell)[:40]).replace(" ", "")


def _digits(cell: object) -> str:
    return "" if is_blank(cell) else re.sub(r"\D", "", tidy(str(cell)[:40]))


@cache
def _unit_names() -> tuple[dict[str, str], dict[str, str], set[str]]:
    towns = reference.townships()
    counties = dict(zip(towns["county"], towns["county_code"], strict=True))
    named = dict(zip(towns["county"] + towns["town"], towns["town_code"], strict=True))
    return counties, named, set(towns["town_code"]) | set(towns["county_code"])


def _kilometres(lonlat: Floats, place: tuple[float, float]) -> Floats:
    east = (lonlat[:, 0] - place[0]) * np.cos(np.radians(place[1]))
    out: Floats = np.hypot(east, lonlat[:, 1] - place[1]) * _KM_PER_DEGREE
    return out


@cache
def _counties() -> gpd.GeoDataFrame:
    return reference.counties()


@cache
def _units() -> dict[str, Any]:
    """Prepared polygons of counties and townships by code."""
    towns = reference.townships()
    shapes = dict(zip(towns["town_code"], towns.geometry, strict=True))
    shapes |= dict(zip(_counties()["county_code"], _counties().geometry, strict=True))
    shapely.prepare(list(shapes.values()))
    return shapes


@cache
def _names() -> dict[str, str]:
    towns = reference.townships()
    names = dict(zip(towns["town_code"], towns["county"] + towns["town"], strict=True))
    return names | dict(zip(_counties()["county_code"], _counties()["county"], strict=True))


@cache
def _land() -> Any:
    land = shapely.MultiPolygon([p for g in _counties().geometry for p in shapely.get_parts(g)])
    shapely.prepare(land)
    return land
