"""
Large CSV files in parts: cut between rows without being understood, each then read by itself.

A part keeps its rows as the bytes they are, so that columns can be added and nothing else changes.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from notspot_geodata.cutting import compiled
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.grids import LINE_BYTES
from notspot_geodata.sniff import HEAD_BYTES, text_encoding

PART_BYTES = 8 * 1024**2  # some 100,000 rows; a few parts are in memory at once
SAMPLE_BYTES = 256 * 1024
_SEPARATORS = ",\t;|"


@dataclass(frozen=True, slots=True)
class CsvFile:
    """
    What is known of a CSV file before its rows are read.

    Attributes
    ----------
    path
        To its bytes.
    encoding
        None where the beginning is ASCII and says nothing; each part then tells its own.
    header
        Names of the columns as they are written.
    start, line
        Byte and line (from 1) at which the rows begin.
    head
        Bytes of the mark and the header's line, without the line's end.
    newline
        How lines end.
    """

    path: Path
    encoding: str | None
    separator: str
    header: tuple[str, ...]
    start: int
    line: int
    head: bytes
    newline: bytes

    @property
    def schema(self) -> Any:
        """All columns are text."""
        return pa.schema([(name, pa.string()) for name in self.header])


@dataclass(frozen=True, slots=True)
class CsvPart:
    """Whole rows: `size` bytes from byte `start`, which is the beginning of line `line`."""

    start: int
    size: int
    line: int


def open_csv(path: Path, *, encoding: str | None = None) -> CsvFile:
    """
    Look at the beginning of a CSV or TSV file in an encoding that ASCII is part of; `plain_copy` makes others so.

    Raises
    ------
    InputError
        It has no header.
    """
    with path.open("rb") as file:
        block = file.read(HEAD_BYTES)
        while b"\n" not in block and (more := file.read(HEAD_BYTES)):
            block += more
            _refuse_long(path, len(block), 1)
    found = encoding or text_encoding(block)[0]
    mark = codecs.BOM_UTF8 if block.startswith(codecs.BOM_UTF8) else b""
    start, line = len(mark), 1
    while True:  # blank lines above the header
        end = block.find(b"\n", start)
        head = block[start : len(block) if end < 0 else end]
        if head.strip() or end < 0:
            break
        start, line = end + 1, line + 1
    text = decoded(block[len(mark) :], found)
    separator = _separator(text)
    quoted = _last_end(np.frombuffer(block[start:] + b"\n", np.uint8), ord(separator), True)
    end = start + quoted - 1  # of the header's record, which may hold line ends in quotes
    head = block[len(mark) : end]
    header = next(csv.reader(io.StringIO(decoded(block[start:end], found)), delimiter=separator), [])
    if not any(name.strip() for name in header):
        raise InputError(path, [Problem(None, "", "has no header")])
    newline = b"\r\n" if block[end - 1 : end] == b"\r" else b"\n"
    told = None if encoding is None and block.isascii() else found.replace("utf-8-sig", "utf-8")
    first = min(end + 1, len(block))
    lines = block.count(b"\n", 0, first)
    return CsvFile(
        path,
        told,
        separator,
        tuple(name.strip() for name in header),
        first,
        lines + 1,
        mark + head.rstrip(b"\r"),
        newline,
    )


def parts_of(file: CsvFile, *, part_bytes: int = 0) -> Iterator[CsvPart]:
    """
    The parts of a file in order, cut where a record ends; line ends in quotes do not end one.

    A part has some `part_bytes`, 0 for `PART_BYTES`. Raises InputError where a record is longer than any of a
    table: a quotation mark is not closed.
    """
    part_bytes = part_bytes or PART_BYTES
    separator = ord(file.separator)
    with file.path.open("rb") as source:
        source.seek(file.start)
        start, line, rest = file.start, file.line, b""
        while True:
            block = rest + source.read(part_bytes)
            if not block:
                return
            ended = len(block) - len(rest) < part_bytes
            size = len(block) if ended else _cut(block, separator)
            if size == 0:
                _refuse_long(file.path, len(block), line)
                rest = block
                continue
            if ended and b'"' in block and _last_end(_bytes(block + b"\n"), separator, False) <= len(block):
                at = line + block.count(b"\n", 0, _last_end(_bytes(block), separator, False))
                message = (
                    "a quotation mark is opened and never closed: the rows below it cannot be told apart"
                )
                raise InputError(file.path, [Problem(at, "", message)])
            yield CsvPart(start, size, line)
            line += block.count(b"\n", 0, size)
            start += size
            rest = block[size:]


def sample_of(file: CsvFile) -> Any:
    """Rows from the beginning, the middle and the end, as an Arrow table of text; broken ones are left out."""
    size = file.path.stat().st_size
    rows: list[list[str]] = []
    for at in sorted({file.start, max(file.start, size // 2), max(file.start, size - SAMPLE_BYTES)}):
        with file.path.open("rb") as source:
            source.seek(at)
            data = source.read(SAMPLE_BYTES)
        lines = data.splitlines()
        if at > file.start:
            lines = lines[1:]
        if at + len(data) < size:
            lines = lines[:-1]
        encoding = file.encoding or encoding_of(b"\n".join(lines))
        for line in lines:
            cells = next(csv.reader([decoded(line, encoding)], delimiter=file.separator), [])
            if len(cells) == len(file.header):
                rows.append(cells)
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(file.header))]
    return pa.Table.from_arrays(columns, schema=file.schema)


def plain_copy(path: Path, copy: Path, *, encoding: str | None = None) -> str | None:
    """
    Write a file in UTF-16, or with lines that end in CR alone, which become LF, as UTF-8 to `copy`.

    Returns
    -------
    note
        What was done; None where the file is plain already, and no copy was made.

    Raises
    ------
    UsageError
        `encoding` is not known.
    """
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError as error:
        raise UsageError(f"'{encoding}' is no encoding that is known; try utf-8, cp950 or utf-16") from error
    with path.open("rb") as file:
        block = file.read(HEAD_BYTES)
    found = encoding or text_encoding(block)[0]
    wide = found.lower().replace("_", "-").startswith("utf-16")
    lone = not wide and b"\n" not in block and b"\r" in block.rstrip(b"\r")
    if not (wide or lone):
        return None
    with (
        path.open(encoding=found, errors="replace", newline=None if lone else "") as source,
        copy.open("w", encoding="utf-8-sig", newline="") as out,
    ):
        while text := source.read(1024**2):
            out.write(text.removeprefix("\ufeff"))
    return f"the file is in {found}{' with lines that end in CR' if lone else ''}; the result is UTF-8"


# ------------------------------------------------------------------ cutting


def _cut(block: bytes, separator: int) -> int:
    """Bytes of the whole records at the beginning of a block."""
    return block.rfind(b"\n") + 1 if b'"' not in block else int(_last_end(_bytes(block), separator, False))


def _bytes(block: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(block, np.uint8)


@compiled
def _last_end(data: NDArray[np.uint8], separator: int, first: bool) -> int:
    """Bytes up to the end of the last record, or of the first one; a quotation mark counts where a cell begins."""
    end = 0
    begins, quoted, closed = True, False, False
    for i in range(len(data)):
        byte = data[i]
        if quoted:
            if byte == 34:
                quoted, closed = False, True
            continue
        if closed and byte == 34:  # two in a row stand for one
            quoted, closed = True, False
            continue
        closed = False
        if byte == 10:
            end = i + 1
            if first:
                return end
            begins = True
        elif byte == separator:
            begins = True
        elif begins and byte == 34:
            quoted, begins = True, False
        else:
            begins = False
    return end


def _refuse_long(path: Path, size: int, line: int) -> None:
    if size > LINE_BYTES:
        limit = f"the row is longer than {LINE_BYTES // 1024**2} MB"
        raise InputError(
            path, [Problem(line, "", f"{limit}: this is no table, or a quotation mark is unclosed")]
        )


def _separator(text: str) -> str:
    """The separator that splits the first lines most evenly, quotes respected."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    best, score = ",", (0.0, 0)
    for candidate in _SEPARATORS:
        counts = [len(row) for row in csv.reader(lines, delimiter=candidate)]
        usual = max(set(counts), key=counts.count, default=1)
        found = (counts.count(usual) / len(counts) if usual > 1 else 0.0, usual)
        if found > score:
            best, score = candidate, found
    return best


def encoding_of(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return text_encoding(data)[0]
    return "utf-8"


def decoded(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "replace")
