"""A small study to draw: nine square villages, four townships (one without figures), two counties."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pandas as pd
import shapely

from notspot_coverage.definitions import COLUMNS, parse_indicators
from notspot_coverage.results import Results
from notspot_geodata.text import Text

SCRIPT = "<script>alert('x')</script>"
RIGHT_TO_LEFT = '=‮"村"𠮷里'  # a formula to a spreadsheet, an override of direction, quotes, a rare character
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


def years() -> tuple[Results, list[Results]]:
    """Three years, 2019 to 2021, of `results`; its townships are of groups, and one name runs from right to left."""
    latest = results()
    towns = latest.townships.assign(
        remote=[False, True, True, True],
        indigenous=["mountain", None, None, "plains"],
        offshore=[False, False, True, True],
    )
    towns["town"] = towns["town"].replace("海三鄉", RIGHT_TO_LEFT)
    latest = dataclasses.replace(latest, townships=towns)
    earlier = []
    for year, slower in ((2020, 10.0), (2019, 15.0)):
        table = latest.indicators.copy()
        speeds = table["indicator"] == "speed"
        for name in ("value", "low", "high"):
            table[name] = table[name].where(~speeds, table[name] - slower)
        if year == 2019:
            table = table[table["indicator"] != "reached"]
        earlier.append(dataclasses.replace(latest, year=year, indicators=table))
    return latest, earlier


def many(side: int = 40) -> Results:
    """A board of `side` x `side` villages, four to a township, 16 to a county; the value of number n is n / 100."""
    rows, figures = [], []
    for y in range(side):
        for x in range(side):
            county, town = f"{x // 4:02d}{y // 4:02d}0", f"{x // 2:02d}{y // 2:02d}"
            number = y * side + x
            code = f"{county}{town[1]}{town[3]}0{1 + x % 2 + 2 * (y % 2):03d}"
            names = {
                "town_code": code[:8],
                "town": f"鄉{town}",
                "town_en": f"Town {town}",
                "county_code": county,
                "county": f"縣{county}",
                "county_en": f"County {county}",
            }
            shape = shapely.box(120.5 + x / 40, 23 + y / 40, 120.525 + x / 40, 23.025 + y / 40)
            rows.append(
                {
                    "village_code": code,
                    "village": f"村{number}",
                    "village_en": f"Village {number}",
                    **names,
                    "geometry": shape,
                }
            )
            share = min(100.0, number / 100)
            figures.append(
                _row(
                    "reached",
                    "village",
                    code,
                    share,
                    max(0.0, share - 1),
                    numerator=number,
                    denominator=10000,
                )
            )
    units = gpd.GeoDataFrame(rows, crs="EPSG:3824").sort_values("village_code", ignore_index=True)
    towns = units.dissolve("town_code", as_index=False)[
        ["town_code", "town", "town_en", "county_code", "county", "county_en", "geometry"]
    ]
    counties = units.dissolve("county_code", as_index=False)[
        ["county_code", "county", "county_en", "geometry"]
    ]
    means = pd.DataFrame(figures).assign(up=[row["code"] for row in figures])
    for level, digits in (("township", 8), ("county", 5)):
        for code, value in means.groupby(means["up"].str[:digits])["value"].mean().items():
            figures.append(_row("reached", level, code, round(float(value), 4)))
    return dataclasses.replace(
        results(),
        villages=units,
        townships=towns,
        counties=counties,
        indicators=pd.DataFrame(figures, columns=COLUMNS),
    )


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
