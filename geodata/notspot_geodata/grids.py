"""
The cells of a table as they stand in its file, before anything is understood: rows of text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.sniff import guard_zip, parse_json, text_encoding

FIELD_CHARS = 1_000_000  # no cell of a table is longer; an unclosed quote or a planted field is
LINE_BYTES = 16 * 1024**2
FILE_BYTES = 2 * 1024**3


@dataclass(slots=True)
class RawTable:
    """
    Rows of text, each with its row number in the file (from 1), as a person sees it.

    `named` is the header where the format has names of its own (JSON); None where it must be found.
    """

    rows: list[tuple[int, list[str]]]
    encoding: str | None = None
    notes: list[str] = field(default_factory=list)
    named: list[str] | None = None


def read_grid(path: Path, kind: str, *, sheet: str | None, encoding: str | None) -> RawTable:
    """The cells of a file of `kind` (one of `sniff.TABLES`). Raises `InputError` where it cannot be read."""
    if path.stat().st_size > FILE_BYTES:
        raise InputError(path, [Problem(None, "", f"is larger than {FILE_BYTES // 1024**3} GB; split it")])
    if kind in ("csv", "tsv"):
        return _delimited(path, encoding)
    if kind == "json":
        return _records(path, encoding)
    return _workbook(path, kind, sheet)


# ------------------------------------------------------------------ CSV and TSV


def _delimited(path: Path, encoding: str | None) -> RawTable:
    _refuse_endless_lines(path)
    data = path.read_bytes()
    text, used, reason = decoded(path, data, encoding)
    table = RawTable([], used, [f"encoding {used}: {reason}"])
    if "\x00" in text:
        table.notes.append(f"{text.count(chr(0)):,} NUL characters were left out")
        text = text.replace("\x00", "")
    broken = text.count("\ufffd")
    if broken:
        table.notes.append(f"{broken:,} characters could not be decoded and are shown as \ufffd")
    separator = _separator(text)
    if separator != ",":
        table.notes.append(f"columns are separated by {_SEPARATORS[separator]}")
    csv.field_size_limit(FIELD_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    row = 1
    try:
        for cells in reader:
            if any(cells):
                table.rows.append((row, cells))
            row = reader.line_num + 1
    except csv.Error as error:
        long = "field larger" in str(error)
        what = (
            f"a cell is longer than {FIELD_CHARS:,} characters; is a quotation mark unclosed?"
            if long
            else str(error)
        )
        raise InputError(path, [Problem(row, "", what)]) from error
    return table


def decoded(path: Path, data: bytes, encoding: str | None) -> tuple[str, str, str]:
    """Text, its encoding and how that is known; a given `encoding` is tried first and must fit."""
    if encoding is None:
        used, reason = text_encoding(data)
        return data.decode(used, "replace").removeprefix("\ufeff"), used, reason
    try:
        return data.decode(encoding).removeprefix("\ufeff"), encoding, "as given"
    except LookupError as error:
        raise UsageError(f"'{encoding}' is no encoding that is known; try utf-8, cp950 or utf-16") from error
    except UnicodeDecodeError as error:
        used, reason = text_encoding(data)
        message = f"is not {encoding}: byte {error.start:,} does not fit; it looks like {used} ({reason})"
        raise InputError(path, [Problem(None, "", message)]) from error


_SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", "，": "full-width commas"}


def _separator(text: str) -> str:
    """The separator that splits the first lines most evenly, quotes respected."""
    lines = [line for line in text[:65_536].splitlines()[:20] if line.strip()]
    best, score = ",", (0.0, 0)
    for candidate in _SEPARATORS:
        counts = [len(row) for row in csv.reader(lines, delimiter=candidate)] if len(candidate) == 1 else []
        if not counts:
            continue
        usual = max(set(counts), key=counts.count)
        found = (counts.count(usual) / len(counts) if usual > 1 else 0.0, usual)
        if found > score:
            best, score = candidate, found
    return best


def _refuse_endless_lines(path: Path) -> None:
    """Refuse a line that no table has before it is read into memory as a whole."""
    with path.open("rb") as file:
        length, row = 0, 1
        while block := file.read(1024**2):
            parts = block.split(b"\n")
            for part in parts[:-1]:
                length += len(part)
                if length > LINE_BYTES:
                    break
                row, length = row + 1, 0
            else:
                length += len(parts[-1])
            if length > LINE_BYTES:
                limit = f"the line is longer than {LINE_BYTES // 1024**2} MB"
                message = f"{limit}: this is no table, or a quotation mark is unclosed"
                raise InputError(path, [Problem(row, "", message)])


# ------------------------------------------------------------------ workbooks


def _workbook(path: Path, kind: str, sheet: str | None) -> RawTable:
    import python_calamine as calamine

    if kind in ("xlsx", "ods"):
        guard_zip(path)
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        filled = names if sheet is None else [sheet]
        if sheet is not None and sheet not in names:
            raise UsageError(f"{path.name} has no sheet '{sheet}'; it has: {', '.join(names)}")
        grids = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in filled[:20]}
    except (calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise InputError(path, [Problem(None, "", f"is a damaged workbook ({error})")]) from error
    except BaseException as error:  # a panic of the Rust library is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(path, [Problem(None, "", "is a damaged workbook")]) from error
    with_cells = [name for name, grid in grids.items() if any(any(c != "" for c in row) for row in grid)]
    if not with_cells:
        raise InputError(path, [Problem(None, "", "has no cells in any sheet")])
    chosen = with_cells[0]
    table = RawTable([])
    if sheet is None and len(names) > 1:
        others = ", ".join(name for name in names if name != chosen)
        table.notes.append(f"sheet '{chosen}' was read, the first with cells; others: {others} (--sheet)")
    for number, cells in enumerate(grids[chosen], start=1):
        row = [_cell_text(cell) for cell in cells]
        if any(row):
            table.rows.append((number, row))
    return table


def _cell_text(cell: object) -> str:
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


# ------------------------------------------------------------------ JSON


def _records(path: Path, encoding: str | None) -> RawTable:
    text, used, reason = decoded(path, path.read_bytes(), encoding)
    table = RawTable([], used, [f"encoding {used}: {reason}"])
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        lines = [line for line in text.splitlines() if line.strip()]
        found: object = [parse_json(path, line) for line in lines]
    else:
        found = parse_json(path, text)
    try:
        records = list(_find_records(found, ""))
    except RecursionError as error:
        raise InputError(path, [Problem(None, "", "is JSON nested too deep to be a table")]) from error
    if not records:
        message = 'is JSON without a list of records: [{…}, {…}] or {"data": [{…}]} is needed'
        raise InputError(path, [Problem(None, "", message)])
    places = sorted({place for place, _ in records})
    if places != [""]:
        table.notes.append(f"records were taken from {', '.join(places[:8])}")
    names: dict[str, None] = {}
    for _, record in records:
        names.update(dict.fromkeys(record))
    table.named = list(names)
    table.rows = [
        (number, [_json_text(record.get(name)) for name in names])
        for number, (_, record) in enumerate(records, 1)
    ]
    return table


def _find_records(value: object, place: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Records in JSON: a list of them, lists under names, or records under their keys (kept as ``key``)."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield place, item
        return
    if not isinstance(value, dict):
        return
    inner = [item for item in value.values() if isinstance(item, dict)]
    flat = [item for item in inner if not any(isinstance(v, dict | list) for v in item.values())]
    if len(value) > 1 and len(flat) == len(value) and len({frozenset(item) for item in flat}) <= 3:
        for key, item in value.items():
            yield place or "the keys of the object", {"key": key, **item}
        return
    for key, item in value.items():
        if isinstance(item, dict | list):
            yield from _find_records(item, f"{place}.{key}".strip("."))


def _json_text(value: object) -> str:
    import json

    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
