"""
The rows of a part of a large CSV file: some of their cells, and the rows as the bytes they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from notspot_geodata.csv_parts import CsvFile, CsvPart, decoded, encoding_of
from notspot_geodata.errors import InputError, Problem


@dataclass(slots=True)
class CsvRows:
    """
    The rows of a part.

    Attributes
    ----------
    numbers
        Line at which each row begins, shape (n,).
    cells
        Arrow arrays of text, one for each column that was asked for.
    records
        The rows as they are, without the ends of their lines: an Arrow array of bytes that it calls text.
    encoding
        Of the records.
    above
        Blank lines, which are no rows, by the row that they stand above.
    problems
        Rows with too many or too few cells, by position: message, and the first cell too many or the last one.
    """

    numbers: NDArray[np.int64]
    cells: list[Any]
    records: Any
    encoding: str
    above: dict[int, int] = field(default_factory=dict)
    problems: dict[int, tuple[str, str]] = field(default_factory=dict)


def read_rows(file: CsvFile, part: CsvPart, columns: Sequence[int]) -> CsvRows:
    """
    The rows of a part, with the cells of some columns (by position).

    Raises InputError where a cell is longer than any of a table.
    """
    with file.path.open("rb") as source:
        source.seek(part.start)
        data = source.read(part.size)
    encoding = file.encoding or encoding_of(data)
    return _quick(file, part, data, encoding, columns) or _slow(file, part, data, encoding, columns)


def appended(file: CsvFile, rows: CsvRows, added: Sequence[Any]) -> bytes:
    """The rows as bytes of the file's kind with cells added at their end: Arrow text, ASCII, null for blank."""
    cells = pc.binary_join_element_wise("", *added, file.separator, null_handling="replace")
    ends = pa.scalar(file.newline.decode())
    lines = pc.binary_join_element_wise(rows.records, cells, ends, "")
    if not rows.above:
        return text_bytes(lines)
    out: list[bytes] = []
    last = 0
    for at in sorted(rows.above):
        out += [text_bytes(lines[last:at]), file.newline * rows.above[at]]
        last = at
    return b"".join([*out, text_bytes(lines[last:])])


def rewritten(file: CsvFile, rows: CsvRows, columns: Sequence[int]) -> None:
    """Let the records of rows that were read whole have only some of the columns."""
    lines = joined([rows.cells[i] for i in columns], file.separator)
    if rows.encoding == "utf-8":
        rows.records = lines
    else:
        rows.records = _texts([line.encode(rows.encoding, "replace") for line in lines.to_pylist()])


def joined(cells: Sequence[Any], separator: str) -> Any:
    """Rows of text, without line ends, of Arrow columns of text; quoted where that is needed, null is blank."""
    columns = []
    for column in cells:
        odd = pc.match_substring_regex(column, f'[{re.escape(separator)}"\r\n]|^\\s|\\s$')
        if pc.any(odd).as_py():
            doubled = pc.replace_substring(column, '"', '""')
            column = pc.if_else(odd, pc.binary_join_element_wise('"', doubled, '"', ""), column)
        columns.append(column)
    return pc.binary_join_element_wise(*columns, separator, null_handling="replace")


def text_bytes(lines: Any) -> bytes:
    """The texts of an Arrow array, one after the other."""
    if not len(lines):
        return b""
    wide = pa.types.is_large_string(lines.type)
    start = np.frombuffer(lines.buffers()[1], np.int64 if wide else np.int32)
    first, last = start[lines.offset], start[lines.offset + len(lines)]
    return bytes(lines.buffers()[2].slice(int(first), int(last - first)))


def _quick(
    file: CsvFile, part: CsvPart, data: bytes, encoding: str, columns: Sequence[int]
) -> CsvRows | None:
    """By Arrow, where each line is a row with as many cells as the header; None where one is not."""
    names = [str(i) for i in range(len(file.header))]
    if len(names) == 1:
        return None  # an empty line cannot be told from an empty cell
    plain = encoding.lower() in ("utf-8", "utf-8-sig", "ascii")
    text = data if plain else decoded(data, encoding).encode()
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text),
            read_options=pacsv.ReadOptions(column_names=names, use_threads=False, block_size=len(text) + 1),
            parse_options=pacsv.ParseOptions(delimiter=file.separator, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=[names[i] for i in columns],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:  # a row of other length, or bytes that are not of the encoding
        return None
    if len(table) != lines:
        return None
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
    if len(ends) < lines:
        ends = np.append(ends, len(data))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    records = pa.StringArray.from_buffers(lines, pa.py_buffer(offsets), pa.py_buffer(data))
    numbers = np.arange(part.line, part.line + lines, dtype=np.int64)
    cells = [column.combine_chunks() for column in table.columns]
    return CsvRows(numbers, cells, pc.ascii_rtrim(records, "\r\n"), encoding)


def _slow(file: CsvFile, part: CsvPart, data: bytes, encoding: str, columns: Sequence[int]) -> CsvRows:
    """By Python's reader: lines in quotes, blank lines, rows that are cut off or have a cell too many."""
    raw = data.splitlines(keepends=True)
    width = len(file.header)
    rows: list[list[str]] = []
    records: list[bytes] = []
    numbers: list[int] = []
    above: dict[int, int] = {}
    problems: dict[int, tuple[str, str]] = {}
    text = [decoded(line, encoding).replace("\x00", "") for line in raw]
    reader = csv.reader(text, delimiter=file.separator)
    line = 0
    try:
        for cells in reader:
            record = b"".join(raw[line : reader.line_num]).rstrip(b"\r\n")
            if not record.strip():
                above[len(rows)] = above.get(len(rows), 0) + 1
            else:
                if len(cells) != width:
                    fault = _misfit(cells, width)
                    if fault is not None:
                        problems[len(rows)] = fault
                    if fault is None or len(cells) < width:  # so that what is added stands under its header
                        cells = (cells + [""] * width)[:width]
                    record = _record(cells, file.separator).encode(encoding, "replace")
                rows.append([cells[i] for i in columns])
                records.append(record)
                numbers.append(part.line + line)
            line = reader.line_num
    except csv.Error as error:
        raise InputError(file.path, [Problem(part.line + line, "", str(error))]) from error
    texts = [pa.array([row[k] for row in rows], pa.string()) for k in range(len(columns))]
    return CsvRows(np.array(numbers, np.int64), texts, _texts(records), encoding, above, problems)


def _texts(records: Sequence[bytes]) -> Any:
    """Bytes as an Arrow array that calls them text, in whatever encoding they are."""
    ends = np.cumsum([0, *map(len, records)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(records), pa.py_buffer(ends), pa.py_buffer(b"".join(records)))


def _record(cells: Sequence[str], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow(cells)
    return out.getvalue()


def _misfit(cells: list[str], width: int) -> tuple[str, str] | None:
    if len(cells) < width:
        return f"has {len(cells)} cells, the header has {width}: is it cut off?", cells[-1][:80]
    extra = [cell for cell in cells[width:] if cell.strip()]
    if not extra:
        return None
    message = f"has {len(cells)} cells, the header has {width}: is a comma or a quotation mark too many?"
    return message, extra[0][:80]
