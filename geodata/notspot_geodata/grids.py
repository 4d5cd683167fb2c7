"""
The cells of a table as they stand in its file, before anything is understood: rows of text.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.sniff import parse_json, text_encoding
from notspot_geodata.spreadsheets import read_sheet
from notspot_geodata.text import letters

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
    problems: list[Problem] = field(default_factory=list)


def read_grid(path: Path, kind: str, *, sheet: str | None, encoding: str | None) -> RawTable:
    """The cells of a file of `kind` (one of `sniff.TABLES`). Raises `InputError` where it cannot be read."""
    if path.stat().st_size > FILE_BYTES:
        raise InputError(path, [Problem(None, "", f"is larger than {FILE_BYTES // 1024**3} GB; split it")])
    if kind in ("csv", "tsv"):
        return _delimited(path, encoding)
    if kind == "json":
        return _records(path, encoding)
    rows, notes = read_sheet(path, kind, sheet)
    table = RawTable(rows, notes=notes)
    _refuse_long_cells(path, table)
    return table


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
    row, last = 1, 1
    former = csv.field_size_limit(FIELD_CHARS)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                table.rows.append((row, cells))
            last, row = row, reader.line_num + 1
        if row - 1 > last:
            _refuse_unclosed(path, text, separator, last)
    except csv.Error as error:
        what = str(error)
        if "field larger" in what:
            what = f"a cell is longer than {FIELD_CHARS:,} characters; is a quotation mark unclosed?"
        raise InputError(path, [Problem(row, "", what)]) from error
    finally:
        csv.field_size_limit(former)
    return table


def _refuse_unclosed(path: Path, text: str, separator: str, row: int) -> None:
    """A quotation mark that is never closed swallows the rest of the file; say where it stands."""
    lines = itertools.islice(io.StringIO(text, newline=""), row - 1, None)
    try:
        for _ in csv.reader(lines, delimiter=separator, strict=True):
            pass
    except csv.Error as error:
        if "unexpected end" in str(error):
            message = "a quotation mark is opened and never closed: the rows below it cannot be told apart"
            raise InputError(path, [Problem(row, "", message)]) from error


def _refuse_long_cells(path: Path, table: RawTable) -> None:
    problems = [
        Problem(row, "", f"a cell is longer than {FIELD_CHARS:,} characters", cell[:80])
        for row, cells in table.rows
        for cell in cells
        if len(cell) > FIELD_CHARS
    ]
    if problems:
        raise InputError(path, problems)


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


# ------------------------------------------------------------------ JSON


def _records(path: Path, encoding: str | None) -> RawTable:
    _refuse_endless_strings(path)
    text, used, reason = decoded(path, path.read_bytes(), encoding)
    table = RawTable([], used, [f"encoding {used}: {reason}"])
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        found: object = _lines(path, text)
    else:
        found = parse_json(path, text)
    try:
        _fill(table, path, list(_lists(found, "")))
    except RecursionError as error:
        raise InputError(path, [Problem(None, "", "is JSON nested too deep to be a table")]) from error
    _refuse_long_cells(path, table)
    return table


def _lines(path: Path, text: str) -> list[object]:
    """One record a line; every line that is not JSON is told."""
    found, problems = [], []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                found.append(parse_json(path, line))
        except InputError as error:
            problems += [Problem(number, p.field, p.message, line[:80]) for p in error.problems]
    if problems:
        raise InputError(path, problems)
    return found


def _fill(table: RawTable, path: Path, lists: list[tuple[str, list[object]]]) -> None:
    """
    The records of one table: of the longest list, and of others whose records have the same names.

    Lists of other things (fields of a catalogue, attachments) are named in a note.
    """
    lists = [(place, items) for place, items in lists if any(isinstance(item, dict) for item in items)]
    if not lists:
        message = 'is JSON without a list of records: [{…}, {…}] or {"data": [{…}]} is needed'
        raise InputError(path, [Problem(None, "", message)])
    main = _names(max(lists, key=lambda entry: len(entry[1]))[1])
    alike = [(p, items) for p, items in lists if len(main & _names(items)) * 2 >= len(main | _names(items))]
    others = [place or "the file's own level" for place, items in lists if (place, items) not in alike]
    if alike[0][0] or len(alike) > 1:
        table.notes.append(f"records were taken from {', '.join(sorted({p for p, _ in alike})[:8])}")
    if others:
        table.notes.append(f"lists of other records were left out: {', '.join(sorted(set(others))[:8])}")
    records = [item for _, items in alike for item in items]
    names: dict[str, None] = {}
    for record in records:
        if isinstance(record, dict):
            names.update(dict.fromkeys(record))
    table.named = [letters(name) for name in names]
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            shown = _json_text(record)[:80]
            table.problems.append(
                Problem(number, "", f"is no record {{…}} but {shown[:40] or 'null'}", shown)
            )
            record = {}
        table.rows.append((number, [_json_text(record.get(name)) for name in names]))


def _names(items: list[object]) -> set[str]:
    return {name for item in items if isinstance(item, dict) for name in item}


def _lists(value: object, place: str) -> Iterator[tuple[str, list[object]]]:
    """Lists in JSON: the value itself, those under names, or records under their keys (kept as ``key``)."""
    if isinstance(value, list):
        yield place, value
        return
    if not isinstance(value, dict):
        return
    flat = [
        item
        for item in value.values()
        if isinstance(item, dict) and not any(isinstance(v, dict | list) for v in item.values())
    ]
    if len(value) > 1 and len(flat) == len(value) and len({frozenset(item) for item in flat}) <= 3:
        yield place or "the keys of the object", [{"key": key, **item} for key, item in value.items()]
        return
    for key, item in value.items():
        if isinstance(item, dict | list):
            yield from _lists(item, f"{place}.{key}".strip("."))


def _json_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return letters(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return letters(json.dumps(value, ensure_ascii=False))


def _refuse_endless_strings(path: Path) -> None:
    """Refuse JSON with a string that no table has before it is read into memory as a whole."""
    with path.open("rb") as file:
        length = 0
        while block := file.read(1024**2):
            first, last = block.find(b'"'), block.rfind(b'"')
            if first < 0:
                length += len(block)
            else:
                length = len(block) - last
            if length > LINE_BYTES:
                limit = f"{LINE_BYTES // 1024**2} MB without a quotation mark"
                raise InputError(path, [Problem(None, "", f"is JSON with {limit}: this is no table")])
