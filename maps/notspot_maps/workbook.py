"""
The workbook indicators.xlsx: a sheet a level, one of definitions, one of sources.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from notspot_coverage.definitions import Indicator, Part
from notspot_coverage.groups import NAMES
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.absent import not_applicable
from notspot_maps.account.workbook import account_sheets
from notspot_maps.words import BASIS, KINDS, NOT_APPLICABLE, UNKNOWN
from notspot_maps.workbook_file import Number, Sheet, Value, packed

LEVELS: dict[str, Text] = {
    "nation": Text("全國", "nation"),
    "group": Text("群組", "groups"),
    "county": Text("縣市", "counties"),
    "township": Text("鄉鎮市區", "townships"),
    "village": Text("村里", "villages"),
}
STATUS: dict[str, Text] = {
    "computed": Text("計算值", "computed"),
    "official": Text("僅有公布值", "official"),
    "unknown": UNKNOWN,
}


def write_workbook(results: Results, path: str | Path) -> None:
    """
    Write the indicators of a run as an Excel workbook.

    One sheet a level that is in ``results.indicators`` (全國 nation, 群組 groups, 縣市 counties, 鄉鎮市區
    townships, 村里 villages), one row an indicator and unit, the sheets of the account where there is one
    (`account_sheets`), then 定義 definitions and 來源 sources. Numbers
    are typed; a value that is not known reads 無資料 and one with nothing to measure 不適用. Text is text:
    nothing in a cell is ever a formula. The same results give the same bytes.
    """
    sheets = [
        *_level_sheets(results),
        *account_sheets(results, _english_names(results)),
        _definition_sheet(results),
        _source_sheet(results),
    ]
    dated = dt.datetime(results.year, 12, 31)  # of the figures: a clock would make each run differ
    content = packed(sheets, title=results.title.zh, identifier=results.run_id, dated=dated)
    Path(path).write_bytes(content)


# ------------------------------------------------------------------ the sheets


def _level_sheets(results: Results) -> Iterator[Sheet]:
    english = _english_names(results)
    nothing = {one.id: not_applicable(results.townships, one) for one in results.definitions.values()}
    for level, title in LEVELS.items():
        rows = results.indicators[results.indicators["level"] == level]
        if len(rows):
            nation = level == "nation"
            yield Sheet(
                f"{title.zh} {title.en}",
                [text for text, only_nation in _HEADER if nation or not only_nation],
                [
                    _row(
                        row, results.definitions, english, nothing.get(row["indicator"], frozenset()), nation
                    )
                    for row in rows.to_dict("records")
                ],
            )


_HEADER = [
    (Text("指標", "Indicator (zh)"), False),
    (Text("指標（英）", "Indicator"), False),
    (Text("代碼", "Code"), False),
    (Text("地區", "Area (zh)"), False),
    (Text("地區（英）", "Area"), False),
    (Text("值", "Value"), False),
    (Text("下限", "Low"), False),
    (Text("上限", "High"), False),
    (Text("單位", "Unit (zh)"), False),
    (Text("單位（英）", "Unit"), False),
    (Text("分子", "Numerator"), False),
    (Text("分母", "Denominator"), False),
    (Text("狀態", "Status"), False),
    (Text("2021 公布值", "Official 2021"), True),
    (Text("2025 目標", "Target 2025"), True),
    (Text("資料時間", "As of"), False),
    (Text("類型", "Kind"), False),
    (Text("依據", "Basis"), False),
    (Text("偏遠規則", "Rule"), False),
    (Text("指標代號", "Indicator id"), False),
]


def _row(
    row: Mapping[Any, Any],
    definitions: Mapping[str, Indicator],
    english: Mapping[str, str],
    nothing: Collection[str],
    nation: bool,
) -> list[Value]:
    name, unit = _words_of(str(row["indicator"]), definitions)
    kind, status = str(row["kind"]), str(row["status"])
    missing = NOT_APPLICABLE if row["code"] in nothing else UNKNOWN
    figures: list[Value] = [_number(row[column], kind) for column in ("value", "low", "high")]
    if figures[0] is None:
        figures[0] = missing.zh
        status_text = f"{missing.zh} {missing.en}"
    else:
        status_text = _both(STATUS.get(status, Text.of(status)))
    official = [_number(row["official_2021"], kind), _number(row["target_2025"], kind)] if nation else []
    return [
        name.zh,
        name.en,
        str(row["code"]),
        str(row["name"]),
        english.get(str(row["code"]), ""),
        *figures,
        unit.zh,
        unit.en,
        _number(row["numerator"], "amount"),
        _number(row["denominator"], "amount"),
        status_text,
        *official,
        str(row["as_of"]),
        _both(KINDS[kind]) if kind in KINDS else kind,  # type: ignore[index]  # checked
        _both(BASIS.get(str(row["basis"]), Text.of(row["basis"]))),
        "" if pd.isna(row["rule"]) else str(row["rule"]),
        str(row["indicator"]),
    ]


def _words_of(identifier: str, definitions: Mapping[str, Indicator]) -> tuple[Text, Text]:
    """Name and unit of an indicator, or of one of its parts ('indicator.part')."""
    whole, _, part = identifier.partition(".")
    found: Indicator | Part | None = definitions.get(whole)
    if part and isinstance(found, Indicator):
        found = next((p for p in found.parts if p.id == part), found)
    return (found.name, found.unit) if found else (Text.of(identifier), Text("", ""))


def _english_names(results: Results) -> dict[str, str]:
    names = {code: text.en for code, text in NAMES.items()}
    counties, towns = results.counties, results.townships
    if "county_en" in counties:
        names |= dict(zip(counties["county_code"], counties["county_en"].fillna(""), strict=True))
    if {"town_en", "county_en"} <= set(towns.columns):
        full = towns["town_en"].fillna("") + ", " + towns["county_en"].fillna("")
        names |= dict(zip(towns["town_code"], full, strict=True))
    return names


def _definition_sheet(results: Results) -> Sheet:
    header = [
        Text("指標代號", "Indicator id"),
        Text("指標", "Indicator (zh)"),
        Text("指標（英）", "Indicator"),
        Text("類型", "Kind"),
        Text("單位", "Unit (zh)"),
        Text("單位（英）", "Unit"),
        Text("定義", "Definition (zh)"),
        Text("定義（英）", "Definition"),
        Text("分子", "Numerator (zh)"),
        Text("分子（英）", "Numerator"),
        Text("分母", "Denominator (zh)"),
        Text("分母（英）", "Denominator"),
        Text("2021 公布值", "Official 2021"),
        Text("2021 分子", "Official numerator"),
        Text("2021 分母", "Official denominator"),
        Text("2025 目標", "Target 2025"),
        Text("資料時間", "As of"),
        Text("依據", "Basis"),
        Text("注意", "Caveat (zh)"),
        Text("注意（英）", "Caveat"),
        Text("計算所缺之資料", "Input missing (zh)"),
        Text("計算所缺之資料（英）", "Input missing"),
    ]
    rows: list[Sequence[Value]] = []
    for one in results.definitions.values():
        denominator, caveat, needs = (
            text or Text("", "") for text in (one.denominator, one.caveat, one.needs)
        )
        words = [one.definition, one.numerator, denominator]
        rows.append(
            [
                *(one.id, one.name.zh, one.name.en, _both(KINDS[one.kind]), one.unit.zh, one.unit.en),
                *(part for text in words for part in (text.zh, text.en)),
                _number(one.official_2021, one.kind),
                _number(one.official_numerator, "amount"),
                _number(one.official_denominator, "amount"),
                _number(one.target_2025, one.kind),
                *(one.as_of, _both(BASIS[one.basis]), caveat.zh, caveat.en, needs.zh, needs.en),
            ]
        )
        for part in one.parts:
            start = [f"{one.id}.{part.id}", part.name.zh, part.name.en, _both(KINDS["count"])]
            blank = [""] * 6
            figures = [_number(part.official_2021, "amount"), None, None, None]
            rows.append([*start, part.unit.zh, part.unit.en, *blank, *figures, *[""] * 6])
    return Sheet("定義 definitions", header, rows, wrap=True)


def _source_sheet(results: Results) -> Sheet:
    from notspot_geodata import reference

    header = [
        Text("種類", "What"),
        Text("名稱", "Name (zh)"),
        Text("名稱（英）", "Name"),
        Text("發布機關或內容", "Publisher or content (zh)"),
        Text("發布機關或內容（英）", "Publisher or content"),
        Text("資料時間", "As of"),
        Text("授權", "Licence (zh)"),
        Text("授權（英）", "Licence"),
        Text("用於", "Used for"),
    ]
    rows: list[Sequence[Value]] = [
        [
            "執行 run",
            results.title.zh,
            results.title.en,
            "run id",
            results.run_id,
            str(results.year),
            "",
            "",
            "",
        ]
    ]
    used: dict[Text, list[str]] = {}
    for one in results.definitions.values():
        used.setdefault(one.source, []).append(one.id)
    for source, ids in used.items():
        rows.append(["指標來源 indicator", source.zh, source.en, "", "", "", "", "", ", ".join(ids)])
    for part in reference.sources():
        publisher, licence = part.publisher, part.licence
        words = [part.title.zh, part.title.en, publisher.zh, publisher.en, part.as_of, licence.zh, licence.en]
        rows.append(["內建資料 embedded", *words, ", ".join(part.columns)])
    rule = results.remote.rule
    in_force = rule.in_force.isoformat()
    rows.append(
        [
            "規則 rule",
            rule.name.zh,
            rule.name.en,
            rule.citation.zh,
            rule.citation.en,
            in_force,
            "",
            "",
            rule.id,
        ]
    )
    inputs = results.run.get("inputs")
    rows += [
        ["輸入 input", str(item["path"]), "", "SHA-256", str(item["sha256"]), "", "", "", ""]
        for item in (inputs if isinstance(inputs, list) else [])
    ]
    return Sheet("來源 sources", header, rows, wrap=True)


def _number(value: Any, style: str) -> Number | None:
    return None if value is None or pd.isna(value) else Number(float(value), style)


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"
