"""A small study to draw: nine square villages, four townships (one without figures), two counties."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from notspot_coverage.definitions import COLUMNS, parse_indicators
from notspot_coverage.results import Results
from notspot_geodata.text import Text

SCRIPT = "<script>alert('x')</script>"
DEFINITIONS = """
[[indicator]]
id = "speed"
kind = "measure"
theme = "mobile"
name = {zh = "下載速率", en = "Download speed"}
definition = {zh = "量測之下載速率。", en = "Measured download speed."}
numerator = {zh = "Mbps 合計", en = "sum of Mbps"}
denominator = {zh = "量測點", en = "points"}
unit = {zh = "Mbps", en = "Mbps"}
basis = "measurement"
source = {zh = "測試量測", en = "Test survey"}
as_of = "2021"
[[indicator]]
id = "reached"
kind = "share"
theme = "mobile"
name = {zh = "涵蓋人口比率", en = "People reached"}
definition = {zh = "涵蓋人口占比。", en = "Share of people reached."}
numerator = {zh = "涵蓋人口", en = "people reached"}
denominator = {zh = "人口", en = "people"}
unit = {zh = "%", en = "%"}
basis = "model"
source = {zh = "測試模型", en = "Test model"}
as_of = "2021"
target_2025 = 60
[[indicator]]
id = "published"
kind = "share"
theme = "fixed"
name = {zh = "僅公布全國", en = "Published only"}
definition = {zh = "僅全國。", en = "Nation only."}
numerator = {zh = "家戶", en = "households"}
unit = {zh = "%", en = "%"}
basis = "claim"
source = {zh = "公報", en = "Gazette"}
as_of = "2021"
official_2021 = 38.5
needs = {zh = "投落點", en = "drop points"}
"""

# (column, row) of a village on a 3 x 3 board, its township; township 03 has no figures
BOARD = {
    "00001001": [(0, 0), (1, 0)],
    "00001002": [(0, 1), (1, 1), (0, 2)],
    "00002001": [(2, 0), (2, 1)],
    "00002003": [(1, 2), (2, 2)],
}
TOWNS = {
    "00001001": ("臺一區", "Taiyi District"),
    "00001002": ("安二區", "Aner District"),
    "00002001": ("山一鄉", "Shanyi Township"),
    "00002003": ("海三鄉", "Haisan Township"),
}
COUNTIES = {"00001": ("臺東縣", "Taitung County"), "00002": ("海島縣", "Haidao County")}
SPEED = {"00001001": 20.0, "00001002": 80.5, "00002001": 140.25, "00002003": None}
REACHED = {
    "00001001": (30.0, 30.0, 30.0),
    "00001002": (70.0, 40.0, 80.0),
    "00002001": (100.0, 100.0, 100.0),
    "00002003": (None, 0.0, 100.0),
}


def villages() -> gpd.GeoDataFrame:
    rows = []
    for town, cells in BOARD.items():
        for number, (x, y) in enumerate(cells, start=1):
            rows.append(
                {
                    "village_code": f"{town}{number:03d}",
                    "village": SCRIPT if (x, y) == (0, 0) else f"村{x}{y}里",
                    "village_en": None if (x, y) == (1, 1) else f"Village {x}{y} Vil.",
                    **_town(town),
                    "area_km2": 100.0,
                    "geometry": shapely.box(121 + x / 10, 23.5 + y / 10, 121.1 + x / 10, 23.6 + y / 10),
                }
            )
    return gpd.GeoDataFrame(rows, crs="EPSG:3824").sort_values("village_code", ignore_index=True)


def results(*, indicators: bool = True) -> Results:
    units = villages()
    town_columns = ["town_code", "town", "town_en", "county_code", "county", "county_en"]
    towns = units.dissolve("town_code", as_index=False)[[*town_columns, "geometry"]]
    counties = units.dissolve("county_code", as_index=False)[
        ["county_code", "county", "county_en", "geometry"]
    ]
    definitions = parse_indicators(DEFINITIONS, "test") if indicators else {}
    rows = [_row("published", "nation", "TW", 38.5, status="official")] if indicators else []
    for code in BOARD if indicators else ():
        speed = SPEED[code]
        rows.append(
            _row(
                "speed",
                "township",
                code,
                speed,
                numerator=None if speed is None else speed * 4,
                denominator=4,
            )
        )
        value, low, high = REACHED[code]
        rows.append(
            _row(
                "reached",
                "township",
                code,
                value,
                low,
                high,
                numerator=None if value is None else value * 10,
                denominator=1000,
            )
        )
    if indicators:
        rows += [_row("speed", "county", "00001", 50.25), _row("speed", "county", "00002", 140.25)]
        rows += [_row("speed", "nation", "TW", 80.25), _row("reached", "nation", "TW", 66.7, 50.0, 75.0)]
        rows.append(_row("speed", "group", "remote", 140.25))
    return Results(
        run_id="test0001",
        title=Text("測試地圖", "Test atlas"),
        year=2021,
        villages=units,
        townships=towns,
        counties=counties,
        indicators=pd.DataFrame(rows, columns=COLUMNS),
        definitions=definitions,
        remote=None,
        divide=(),
    )


def _town(code: str) -> dict[str, str]:
    town, county = TOWNS[code], COUNTIES[code[:5]]
    return {
        "town_code": code,
        "town": town[0],
        "town_en": town[1],
        "county_code": code[:5],
        "county": county[0],
        "county_en": county[1],
    }


def _row(
    indicator, level, code, value, low=None, high=None, *, numerator=None, denominator=None, status="computed"
):
    return {
        "indicator": indicator,
        "level": level,
        "code": code,
        "name": code,
        "numerator": numerator,
        "denominator": denominator,
        "value": value,
        "low": value if low is None else low,
        "high": value if high is None else high,
        "unit": "",
        "kind": "measure",
        "status": "unknown" if value is None else status,
    }
