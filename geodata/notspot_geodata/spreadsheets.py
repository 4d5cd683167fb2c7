"""
One sheet of a workbook (XLSX, XLS, ODS) as rows of text.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.sniff import guard_zip

CELLS = 50_000_000  # of one sheet, empty ones between the outermost included; they are held in memory
PROLOG_BYTES = 4096
SHEETS = 20  # looked at for the first that has cells


def read_sheet(path: Path, kind: str, sheet: str | None) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """
    The rows of one sheet with their numbers (from 1), blank ones left out, and notes on what was concluded.

    A cell merged over several rows gives its text to each of them; formulas give the value stored with them.

    Raises
    ------
    InputError
        Damaged, hostile, larger than memory should hold, or without any cell.
    UsageError
        No such sheet.
    """
    import python_calamine as calamine

    notes: list[str] = []
    if kind in ("xlsx", "ods"):
        guard_zip(path)
        _refuse_entities(path)
    if kind == "xlsx":
        _guard_sheets(path, notes)
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        names = _sheets(book, calamine)
        if sheet is not None and sheet not in names:
            raise UsageError(f"{path.name} has no sheet '{sheet}'; it has: {', '.join(names)}")
        for name in names[:SHEETS] if sheet is None else [sheet]:
            rows = _rows(book.get_sheet_by_name(name))
            if rows:
                break
        else:
            where = "any sheet" if sheet is None else f"the sheet '{sheet}'"
            raise InputError(path, [Problem(None, "", f"has no cells in {where}")])
    except (InputError, UsageError):
        raise
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise InputError(path, [Problem(None, "", f"is a damaged workbook ({error})")]) from error
    except BaseException as error:  # a panic of the Rust library is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(path, [Problem(None, "", "is a damaged workbook")]) from error
    if sheet is None and len(names) > 1:
        others = ", ".join(other for other in names if other != name)
        notes.append(f"sheet '{name}' was read, the first with cells; others: {others} (--sheet)")
    return rows, notes


def _sheets(book: Any, calamine: Any) -> list[str]:
    """Names of the sheets that can hold a table, hidden ones last."""
    tables = [item for item in book.sheets_metadata if item.typ == calamine.SheetTypeEnum.WorkSheet]
    shown = calamine.SheetVisibleEnum.Visible
    return [item.name for item in sorted(tables, key=lambda item: item.visible != shown)]


def _rows(sheet: Any) -> list[tuple[int, list[str]]]:
    grid = [[_text(cell) for cell in cells] for cells in sheet.to_python(skip_empty_area=False)]
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or []:
        for row in range(top + 1, min(bottom + 1, len(grid))):
            if left < len(grid[row]) and not grid[row][left]:
                grid[row][left] = grid[top][left]
    return [(number, cells) for number, cells in enumerate(grid, 1) if any(cell.strip() for cell in cells)]


def _text(cell: object) -> str:
    """A cell as a person sees it: whole numbers without a point, days without a time."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return str(cell)


_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_UNSTORED = re.compile(
    rb"<(?:\w+:)?f>[^<]*</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_BLOCK = 4 * 1024**2


def _refuse_entities(path: Path) -> None:
    """Refuse a document type declaration: workbooks have none, and entities are how XML reads other files."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [name for name in archive.namelist() if name.lower().endswith((".xml", ".rels"))]
            declared = [name for name in parts if b"<!DOCTYPE" in _prolog(archive, name)]
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise InputError(path, [Problem(None, "", f"is a damaged workbook ({error})")]) from error
    if declared:
        message = "holds a document type declaration, which no workbook has and which may name other files"
        raise InputError(path, [Problem(None, "", message, declared[0])])


def _prolog(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(PROLOG_BYTES)


def _guard_sheets(path: Path, notes: list[str]) -> None:
    """
    Refuse a sheet whose outermost cells span more than memory should hold, before a grid is made of it.

    Formulas whose value was never stored are counted: their cells read as empty.
    """
    unstored = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if "/worksheets/" not in member or not member.endswith(".xml"):
                    continue
                with archive.open(member) as file:
                    height, width, without = _extent(file)
                unstored += without
                if height * width > CELLS:
                    what = f"spans {height:,} rows by {width:,} columns; at most {CELLS:,} cells are read"
                    hint = "Delete the stray cells far off the table, or save the table as CSV."
                    raise InputError(path, [Problem(None, "", what, Path(member).name)], hint=hint)
    except InputError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise InputError(path, [Problem(None, "", f"is a damaged workbook ({error})")]) from error
    if unstored:
        notes.append(
            f"{unstored:,} formulas have no stored value and read as empty cells; "
            "open the workbook in a spreadsheet program and save it"
        )


def _extent(file: IO[bytes]) -> tuple[int, int, int]:
    """Last row, last column and the number of formulas without a value, in the XML of a sheet."""
    height = width = unstored = 0
    rest = b""
    while block := file.read(_BLOCK):
        text = rest + block
        cut = text.rfind(b"</")  # the cell at the end may go on in the next block
        cut = max(text.rfind(b"<c ", 0, cut), 0) if len(text) < 2 * _BLOCK else len(text)
        whole, rest = (text, b"") if len(block) < _BLOCK else (text[:cut], text[cut:])
        for letters, digits in set(_CELL.findall(whole)):
            height, width = max(height, int(digits)), max(width, _column(letters))
        unstored += len(_UNSTORED.findall(whole))
    for letters, digits in set(_CELL.findall(rest)):
        height, width = max(height, int(digits)), max(width, _column(letters))
    return height, width, unstored


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
