"""
The workbook indicators.xlsx: a sheet a level, one of definitions, one of sources.

openpyxl makes the workbook: sheets, styles, filters, widths. The rows, up to hundreds of thousands of
cells, are filled into its sheets as text, ten times as fast; and the archive is packed with fixed dates,
so that the same results give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pandas as pd

from notspot_coverage.definitions import Indicator, Part
from notspot_coverage.groups import NAMES
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.absent import not_applicable
from notspot_maps.tables import is_formula, number_text
from notspot_maps.words import BASIS, KINDS, UNKNOWN

if TYPE_CHECKING:
    from openpyxl import Workbook

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
NOTHING = Text("不適用", "not applicable")  # a denominator of 0: there is nothing to measure

_FORMATS = {"share": "0.0", "existence": "#,##0", "count": "#,##0", "measure": "#,##0.00", "amount": "#,##0"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a ZIP can hold
_MAX_TEXT = 32_767  # characters in a cell, by the limits of Excel
_WIDEST, _NARROWEST = 60, 8  # characters of column width


@dataclass(frozen=True, slots=True)
class Number:
    """A typed number and the format it is shown in (a key of the formats above)."""

    value: float
    style: str


Value = str | Number | None


@dataclass(slots=True)
class _Sheet:
    name: str
    header: list[Text]
    rows: list[Sequence[Value]]
    wrap: bool = False
    widths: Mapping[int, float] = field(default_factory=dict)


def write_workbook(results: Results, path: str | Path) -> None:
    """
    Write the indicators of a run as an Excel workbook.

    One sheet a level that is in ``results.indicators`` (全國 nation, 群組 groups, 縣市 counties, 鄉鎮市區
    townships, 村里 villages), one row an indicator and unit, then 定義 definitions and 來源 sources. Numbers
    are typed; a value that is not known reads 無資料 and one with nothing to measure 不適用. Text is text:
    nothing in a cell is ever a formula. The same results give the same bytes.
    """
    sheets = [*_level_sheets(results), _definition_sheet(results), _source_sheet(results)]
    Path(path).write_bytes(_packed(sheets, results))


# ------------------------------------------------------------------ the sheets


def _level_sheets(results: Results) -> Iterator[_Sheet]:
    english = _english_names(results)
    nothing = {one.id: not_applicable(results.townships, one) for one in results.definitions.values()}
    for level, title in LEVELS.items():
        rows = results.indicators[results.indicators["level"] == level]
        if len(rows):
            nation = level == "nation"
            yield _Sheet(
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
    missing = NOTHING if row["code"] in nothing else UNKNOWN
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


def _definition_sheet(results: Results) -> _Sheet:
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
    return _Sheet("定義 definitions", header, rows, wrap=True)


def _source_sheet(results: Results) -> _Sheet:
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
    return _Sheet("來源 sources", header, rows, wrap=True)


def _number(value: Any, style: str) -> Number | None:
    return None if value is None or pd.isna(value) else Number(float(value), style)


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"


# ------------------------------------------------------------------ the file


def _packed(sheets: Sequence[_Sheet], results: Results) -> bytes:
    """The workbook as bytes: openpyxl's archive with the rows filled in and every date fixed."""
    from openpyxl import Workbook

    book = Workbook()
    del book["Sheet"]
    dated = dt.datetime(results.year, 12, 31)  # of the figures: a clock would make each run differ
    book.properties.title, book.properties.creator = results.title.zh, "Notspot"
    book.properties.created, book.properties.identifier = dated, results.run_id
    filled = {
        f"xl/worksheets/sheet{at}.xml": _rows_xml(sheet, _framed(book, sheet))
        for at, sheet in enumerate(sheets, start=1)
    }
    raw, out = io.BytesIO(), io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = source.read(name)
            if name in filled:
                content = content.replace(b"</sheetData>", filled[name].encode() + b"</sheetData>")
            elif name == "docProps/core.xml":  # openpyxl stamps the time of saving
                stamp = rb"\g<1>" + dated.isoformat().encode() + b"Z"
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", stamp, content)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            target.writestr(entry, content)
    return out.getvalue()


def _framed(book: Workbook, sheet: _Sheet) -> dict[str, int]:
    """Make the sheet with header, widths, filter and print set-up; give the style numbers of its rows."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    page = book.create_sheet(sheet.name)
    styles: dict[str, int] = {}
    for name, code in {**_FORMATS, "fine": "#,##0.0", "text": "General", "quoted": "General"}.items():
        cell = WriteOnlyCell(page)  # never written: it only enters its style in the book
        cell.number_format = code
        if sheet.wrap:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.quotePrefix = name == "quoted"  # stays text also when somebody edits it
        styles[name] = cell.style_id

    for at, title in enumerate(sheet.header, start=1):
        head = page.cell(1, at, f"{title.zh}\n{title.en}")
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", start_color="E6EEF3")
        head.alignment = Alignment(wrap_text=True, vertical="center")
        letter = get_column_letter(at)
        page.column_dimensions[letter].width = _width(title, (row[at - 1] for row in sheet.rows))
    page.row_dimensions[1].height = 34
    last = get_column_letter(len(sheet.header))
    page.auto_filter.ref = f"A1:{last}{len(sheet.rows) + 1}"
    page.freeze_panes = "A2"
    page.print_title_rows = "1:1"
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", 9  # A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    assert page.sheet_properties.pageSetUpPr is not None
    page.sheet_properties.pageSetUpPr.fitToPage = True
    return styles


def _rows_xml(sheet: _Sheet, styles: Mapping[str, int]) -> str:
    from openpyxl.utils import get_column_letter

    letters = [get_column_letter(at) for at in range(1, len(sheet.header) + 1)]
    out = []
    for number, row in enumerate(sheet.rows, start=2):
        cells = [
            _cell_xml(f"{letter}{number}", value, styles)
            for letter, value in zip(letters, row, strict=True)
            if value is not None and value != ""
        ]
        out.append(f'<row r="{number}">{"".join(cells)}</row>')
    return "".join(out)


_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def _cell_xml(place: str, value: str | Number, styles: Mapping[str, int]) -> str:
    if isinstance(value, Number):
        whole = value.style != "amount" or value.value == round(value.value)
        style = styles[value.style if whole else "fine"]
        return f'<c r="{place}" s="{style}"><v>{number_text(value.value)}</v></c>'
    text = _NOT_XML.sub("\ufffd", value)
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
    style = styles["quoted" if is_formula(text) else "text"]
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _width(title: Text, values: Iterable[Value]) -> float:
    """Wide enough for most of what is in the column; a Chinese character counts as two."""
    header = max(_columns(title.zh), _columns(title.en))
    seen = sorted({_columns(v) if isinstance(v, str) else 12 for v in values if v is not None}) or [0]
    return float(min(_WIDEST, max(_NARROWEST, header, seen[-1]) + 2))


def _columns(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)
