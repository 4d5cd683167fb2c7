"""
Tables of millions of rows, a batch at a time: CSV and Parquet, each row with its number in the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from notspot_geodata import sniff
from notspot_geodata.degrees import find_pairs
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import tidy

BLOCK_BYTES = 16 * 1024**2
BATCH_ROWS = 262_144
SNIFFED_BYTES = 64 * 1024**2  # looked at to tell the encoding
HEADER_SEARCH = 12  # lines; titles above the headers are fewer
_DELIMITERS = ",\t;|"


@dataclass(slots=True)
class LongTable:
    """
    A table that is read in batches.

    Attributes
    ----------
    path, kind, encoding
        What the file is.
    columns
        Headers as written, tidied; made unique by a number where one occurs twice.
    header_row
        Number of the row of headers, counted from 1; None in Parquet, where rows count from 1.
    problems
        Rows that are no rows: too many or too few cells. Grows as batches are read.
    """

    path: Path
    kind: str
    encoding: str | None
    columns: list[str]
    header_row: int | None
    problems: list[Problem] = field(default_factory=list)
    _delimiter: str = ","
    _broken: list[int] = field(default_factory=list)

    def batches(self, names: list[str]) -> Iterator[tuple[NDArray[np.int64], list[pa.Array]]]:
        """Row numbers and the cells of the columns `names`, batch by batch; empty rows are passed over."""
        yield from self._parquet(names) if self.header_row is None else self._csv(names)

    def _parquet(self, names: list[str]) -> Iterator[tuple[NDArray[np.int64], list[pa.Array]]]:
        start = 1
        try:
            with pq.ParquetFile(self.path) as file:
                where = [self.columns.index(name) for name in names]
                written = [file.schema_arrow.names[at] for at in where]
                for batch in file.iter_batches(BATCH_ROWS, columns=written):
                    rows = np.arange(start, start + batch.num_rows, dtype=np.int64)
                    start += batch.num_rows
                    yield rows, [_plain(batch.column(batch.schema.get_field_index(name))) for name in written]
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                self.path, [Problem(None, "", f"is a damaged Parquet file ({_short(error)})")]
            ) from error

    def _csv(self, names: list[str]) -> Iterator[tuple[NDArray[np.int64], list[pa.Array]]]:
        assert self.header_row is not None
        start = self.header_row + 1
        keys = [f"c{i}" for i in range(len(self.columns))]  # headers may repeat
        where = [self.columns.index(name) for name in names]
        read = pc.ReadOptions(
            use_threads=False,  # else the reader does not know the number of a broken row
            block_size=BLOCK_BYTES,
            skip_rows=self.header_row,
            column_names=keys,
            encoding="utf-8" if self.encoding == "utf-8-sig" else self.encoding,
        )
        parse = pc.ParseOptions(
            delimiter=self._delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=self._broken_row,
        )
        convert = pc.ConvertOptions(
            column_types=dict.fromkeys(keys, pa.string()),
            include_columns=keys,
            strings_can_be_null=False,
        )
        try:
            with pc.open_csv(
                self.path, read_options=read, parse_options=parse, convert_options=convert
            ) as file:
                for batch in file:
                    rows = self._numbered(start, batch.num_rows)
                    if not len(rows):
                        continue
                    start = int(rows[-1]) + 1
                    full = _not_empty(batch)
                    if not full.all():
                        batch = batch.filter(pa.array(full))
                    yield rows[full], [batch.column(at) for at in where]
        except (pa.ArrowException, UnicodeDecodeError) as error:
            if "Could not skip" in str(error):  # there is nothing behind the headers
                return
            message = f"cannot be read as CSV in {self.encoding} ({_short(error)})"
            raise InputError(
                self.path, [Problem(None, "", message)], hint="Save it as CSV in UTF-8, or as Parquet."
            ) from error

    def _broken_row(self, row: Any) -> str:
        self._broken.append(int(row.number))
        if row.text.strip(" \t\r\n" + _DELIMITERS):  # else an empty line
            message = f"has {row.actual_columns} cells where the headers are {row.expected_columns}"
            self.problems.append(Problem(int(row.number), "", message, tidy(row.text)[:80]))
        return "skip"

    def _numbered(self, start: int, count: int) -> NDArray[np.int64]:
        """Numbers of the next `count` rows that are whole."""
        numbers = np.arange(start, start + count + len(self._broken), dtype=np.int64)
        return numbers[~np.isin(numbers, self._broken)][:count]


def long_table(path: str | Path, *, encoding: str | None = None) -> LongTable:
    """
    The table at `path`, with its headers read and nothing else.

    Raises `InputError` where it is neither CSV nor Parquet or has no headers, `NotFoundError` where it is not there.
    """
    path = Path(path)
    kind = sniff.kind_of(path)
    if kind in ("parquet", "geoparquet"):
        names = list(pq.read_schema(path).names)
        return LongTable(path, kind, None, _unique(names), None)
    if kind not in ("csv", "tsv"):
        what = "empty" if kind == "empty" else f"of the kind {kind!r}"
        message = f"is {what}; measurements are read from CSV or Parquet"
        raise InputError(path, [Problem(None, "", message)], hint="Save the table as CSV in UTF-8.")
    with path.open("rb") as file:
        data = file.read(SNIFFED_BYTES)
    if encoding is None:
        encoding, _ = sniff.text_encoding(data)
    text = data[: sniff.HEAD_BYTES].decode(encoding, "replace").removeprefix("\ufeff")
    at, delimiter, headers = _headers(path, text)
    return LongTable(path, kind, encoding, headers, at, _delimiter=delimiter)


def _headers(path: Path, text: str) -> tuple[int, str, list[str]]:
    """The first row that names coordinates, its delimiter and its cells."""
    for delimiter in sorted(_DELIMITERS, key=lambda d: -text[:4000].count(d)):
        rows = csv.reader(io.StringIO(text), delimiter=delimiter)
        for number, row in zip(range(1, HEADER_SEARCH + 1), rows, strict=False):
            if len(row) > 1 and find_pairs(row):
                return number, delimiter, _unique([tidy(cell) for cell in row])
    first = next(csv.reader(io.StringIO(text)), [])
    shown = ", ".join(tidy(cell) for cell in first[:8])
    known = "lon and lat, 經度 and 緯度, x and y"
    message = f"has no columns of coordinates such as {known}; its first row is {shown[:120]}"
    raise InputError(path, [Problem(None, "", message)])


def _unique(names: list[str]) -> list[str]:
    out: list[str] = []
    for name in names:
        new, n = tidy(name), 2
        while new in out:
            new, n = f"{tidy(name)}#{n}", n + 1
        out.append(new)
    return out


def _not_empty(batch: Any) -> NDArray[np.bool_]:
    """Which rows have anything in them; read off the lengths of the cells."""
    full = np.zeros(batch.num_rows, dtype=bool)
    for column in batch.columns:
        offsets = np.frombuffer(column.buffers()[1], np.int32)[
            column.offset : column.offset + len(column) + 1
        ]
        full |= np.diff(offsets) > 0
        if full.all():
            break
    return full


def _plain(column: Any) -> Any:
    """A dictionary as its values, large and fixed text as text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or column.type == pa.string_view():
        column = column.cast(pa.string())
    return column


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
