"""
The sentences of the report that are worked out from a run, and the words of its tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real

import pandas as pd

from notspot_coverage.definitions import Indicator, Part
from notspot_coverage.indicators import BOUNDS
from notspot_coverage.results import Results
from notspot_geodata import reference
from notspot_geodata.text import Text
from notspot_maps.words import KINDS, UNKNOWN, number

NOT_COMPUTED = Text("未計算", "not computed")

TOC = (
    ("scorecard", Text("計分卡", "Scorecard")),
    ("remote", Text("偏遠地區", "Remote areas")),
    ("divide", Text("數位落差", "The divide")),
    ("ranking", Text("最好與最差", "Best and worst")),
    ("unknown", Text("無資料與缺漏", "Unknown and missing")),
    ("method", Text("方法", "Method")),
    ("sources", Text("資料來源", "Sources")),
    ("files", Text("下載", "Downloads")),
)

FILES = (
    ("atlas.html", Text("互動地圖（單一檔案，離線可用）", "the interactive map (one file, works offline)")),
    (
        "indicators.xlsx",
        Text("各層級指標、定義與來源（試算表）", "indicators by level, definitions, sources (workbook)"),
    ),
    ("indicators.csv", Text("指標長表：每指標每單位一列", "the tidy table: a row an indicator and unit")),
    ("units.csv", Text("鄉鎮市區全部欄位", "townships with every column")),
    ("units.parquet", Text("同上，GeoParquet 1.1，含界線", "the same with boundaries, GeoParquet 1.1")),
    ("villages.parquet", Text("村里界線與所屬（無人口）", "villages with boundaries (no population)")),
    ("rejects.csv", Text("未採用或無法對應之資料列", "input rows refused or not matched")),
    (
        "results.zip",
        Text(
            "其餘計算結果，供 notspot atlas、figure、export 讀回",
            "the rest of what was found, for notspot atlas, figure and export",
        ),
    ),
    ("run.json", Text("重作所需：輸入之雜湊值、版本、研究設定", "what it takes to repeat the run")),
)


def toc(*, with_account: bool = False) -> tuple[tuple[str, Text], ...]:
    """Anchors and names of the report's sections; that of who is covered only where there is an account."""
    covered = (("covered", Text("誰在涵蓋範圍內", "Who is covered")),) if with_account else ()
    return (*TOC[:2], *covered, *TOC[2:])


HEADINGS: Mapping[str, Text] = {
    "group": Text("群組", "Group"),
    "name": Text("名稱", "Name"),
    "code": Text("代碼", "Code"),
    "town_code": Text("代碼", "Code"),
    "town": Text("鄉鎮市區", "Township"),
    "county": Text("縣市", "County"),
    "units": Text("鄉鎮市區數", "Townships"),
    "unknown_units": Text("無資料", "Unknown"),
    "population": Text("人口", "People"),
    "value": Text("數值", "Value"),
    "low": Text("下限", "Low"),
    "high": Text("上限", "High"),
    "official_2021": Text("官方 2021", "Official, 2021"),
    "target_2025": Text("目標 2025", "Target, 2025"),
    "unit": Text("單位", "Unit"),
}


def heading(column: object) -> Text:
    """The words of a column of a chart's table."""
    if isinstance(column, Text):
        return column
    return HEADINGS.get(str(column), Text(str(column), str(column)))


def cell(value: object) -> object:
    """A cell of a chart's table as text; missing is 無資料, floats have what a reader can use."""
    if isinstance(value, Text):
        return value
    if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NA:
        return UNKNOWN
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        return number(float(value))
    return str(value)


def official(indicator: Indicator) -> Text:
    """The published figure, with both counts where they were published."""
    if indicator.official_2021 is None:
        return Text("未公布", "not published")
    exact = f"{indicator.official_2021:,.10g}"  # as it was published, not rounded
    figure = Text(f"{exact} {indicator.unit.zh}", f"{exact} {indicator.unit.en}")
    top, bottom = indicator.official_numerator, indicator.official_denominator
    year = "" if indicator.as_of.startswith("2021") or indicator.recipe is not None else indicator.as_of[:7]
    if top is not None and bottom:
        share = f"{100 * top / bottom:.1f} %"
        figure = Text(
            f"{top:,.0f}／{bottom:,.0f} {indicator.unit.zh}（{share}）",
            f"{top:,.0f} of {bottom:,.0f} {indicator.unit.en} ({share})",
        )
    return Text(f"{figure.zh}（{year}）", f"{figure.en} ({year})") if year else figure


def target(indicator: Indicator) -> Text:
    """The target of 2025 as it was set."""
    if indicator.target_2025 is None:
        return Text("–", "–")
    exact = f"{indicator.target_2025:,.10g}"
    return Text(f"{exact} {indicator.unit.zh}", f"{exact} {indicator.unit.en}")


def part(item: Part) -> Text:
    """A figure that stands beside an indicator's own."""
    return Text(
        f"{item.name.zh}：{number(item.official_2021, 'count')} {item.unit.zh}",
        f"{item.name.en}: {number(item.official_2021, 'count')} {item.unit.en}",
    )


def atlas_view(indicator: str) -> str:
    """The address of an indicator in the atlas."""
    return f"atlas.html#i={indicator}"


def atlas_link(indicator: str, town_code: str) -> str:
    """The address of a township in the atlas."""
    return f"{atlas_view(indicator)}&p={town_code}"


def unknown(results: Results) -> list[Text]:
    """What the run does not know, and what its boundaries lack."""
    townships = results.townships.set_index("town_code")
    by_places: dict[tuple[str, ...], list[Text]] = {}
    for finding in results.divide:
        if finding.unknown:
            by_places.setdefault(finding.unknown, []).append(finding.name)
    out: list[Text] = []
    for codes, measures in by_places.items():
        names = "、".join(
            str(townships.at[code, "county"]) + str(townships.at[code, "town"]) for code in codes
        )
        names_en = ", ".join(str(townships.at[code, "town_en"]) for code in codes)
        of, of_en = "、".join(text.zh for text in measures), "; ".join(text.en for text in measures)
        out.append(Text(f"{names}無資料：{of}。", f"Unknown in {names_en}: {of_en}."))
    missing, holes = reference.missing_villages(), reference.holes()
    people = int(missing["people_2021_03"].sum())
    out += [
        Text(
            f"界線圖缺 {len(missing)} 個村里（2021 年 3 月共 {people:,} 人），另有 {len(holes)} 處空隙"
            f"（{holes['area_km2'].sum():.1f} 平方公里）；鄉鎮市區人口不受影響。",
            f"{len(missing)} villages ({people:,} people in March 2021) have no polygon, and the boundaries have "
            f"{len(holes)} holes ({holes['area_km2'].sum():.1f} km²); no township loses anyone.",
        ),
        Text(
            "內附資料沒有村里人口，故所有指標以鄉鎮市區為最小單位。"
            "若將鄉鎮市區人口平均分配至村里，20.7 % 之人口將錯置；"
            "按面積分配則為 40.6 %，兩者皆不採用。",
            "The embedded data hold no people by village, so townships are the smallest unit. Splitting a township's "
            "people evenly among its villages would misplace 20.7 % of them, by area 40.6 %: neither is done.",
        ),
    ]
    if len(results.ledger):
        count = len(results.ledger)
        out.append(
            Text(
                f"輸入資料有 {count:,} 列未採用或無法對應，見 rejects.csv。",
                f"{count:,} input rows: see rejects.csv.",
            )
        )
    else:
        out.append(Text("輸入資料全數採用，無退件。", "Every input row was used; none was refused."))
    return out


def method(results: Results) -> list[Text]:
    """How the figures came about, in plain words."""
    kinds = {i.kind for i in results.definitions.values() if i.recipe is not None}
    varied = [kind for kind in ("share", "existence", "measure") if kind in kinds]
    varied_zh = "".join(f"【{KINDS[kind].zh}】{BOUNDS[kind].zh}" for kind in varied)
    varied_en = " ".join(f"[{KINDS[kind].en}] {BOUNDS[kind].en}" for kind in varied)
    permutations = Text(
        "空間群聚採區域性 Moran 指數（LISA），以固定種子隨機排列檢定，"
        "顯著水準 5 %，未作多重檢定校正：368 個鄉鎮市區中約 18 個會因機率而顯著。",
        "Local clusters are local Moran statistics (LISA), tested by seeded permutation at 5 %, not "
        "corrected for the many tests: some 18 of 368 townships come out by chance.",
    )
    return [
        Text(
            "縣市、群組與全國之數值由鄉鎮市區之分子與分母分別加總後相除；速率以人口加權平均。",
            "Figures of counties, groups and the nation are sums of the townships' numerators over sums of their "
            "denominators; speeds are means weighted by people.",
        ),
        Text(f"上下限：{varied_zh}", f"Bounds: {varied_en}"),
        Text(
            "面積以橢球面計算。分母為零者留空，不以 0 % 或 100 % 代之；目標達成度不設上限。",
            "Areas are geodesic. Where a denominator is zero there is no figure, never 0 % or 100 %; progress to a "
            "target is never capped.",
        ),
        Text(
            "吉尼係數、羅倫茲曲線與集中指數以分母（人口、面積或部落數）加權；泰爾指數依縣市分解為縣市間與縣市內。",
            "Gini, Lorenz curve and concentration index are weighted by the denominator (people, area, communities); "
            "Theil is split between and within counties.",
        ),
        permutations,
        Text(
            "不同年份之數字並列時，年份標示於旁：熱點為 2025 年，部落名冊為 2022 年，其餘為 2021 年。",
            "Where figures of different years meet, the years stand beside them: hotspots are of 2025, the list of "
            "communities of 2022, the rest of 2021.",
        ),
    ]
