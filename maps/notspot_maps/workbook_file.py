"""
A workbook as a file: openpyxl's archive with the rows filled in as text and every date fixed.

openpyxl makes the workbook: sheets, styles, filters, widths. The rows, up to hundreds of thousands of
cells, are filled into its sheets as text, several times as fast; and the archive is packed with fixed
dates, so that the same sheets give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from notspot_geodata.text import Text
from notspot_maps.tables import is_formula, number_text

if TYPE_CHECKING:
    from openpyxl import Workbook

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
class Sheet:
    name: str
    header: list[Text]
    rows: list[Sequence[Value]]
    wrap: bool = False


def packed(sheets: Sequence[Sheet], *, title: str, identifier: str, dated: dt.datetime) -> bytes:
    """The workbook as bytes; `dated` stands for the time of its making and its saving."""
    os.environ.setdefault(
        "OPENPYXL_LXML", "False"
    )  # read by its import: the same bytes whether lxml is there or not
    from openpyxl import Workbook

    book = Workbook()
    del book["Sheet"]
    book.properties.title, book.properties.creator = _NOT_XML.sub("\ufffd", title), "Notspot"
    book.properties.created, book.properties.identifier = dated, identifier
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


def _framed(book: Workbook, sheet: Sheet) -> dict[str, int]:
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


def _rows_xml(sheet: Sheet, styles: Mapping[str, int]) -> str:
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
    distinct = {value if isinstance(value, str) else None for value in values if value is not None}
    widest = max((12 if text is None else _columns(text) for text in distinct), default=0)
    return float(min(_WIDEST, max(_NARROWEST, header, widest) + 2))


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if ord(char) > 0x2E7F else 1 for char in text)
