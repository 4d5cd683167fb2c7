"""
A large file of points as work that can be shared out: its parts, and what becomes of each.

A job travels to whoever does a part of it, and reads the file there.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from notspot_geodata import reference
from notspot_geodata.csv_parts import CsvFile, CsvPart, parts_of, sample_of
from notspot_geodata.csv_rows import appended, joined, read_rows, rewritten, text_bytes
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.point_columns import PointColumns, is_shape
from notspot_geodata.positions import Placed, System, place
from notspot_maps.tables import BOM, NEWLINE

CODES = ("village_code", "town_code", "county_code")
DIGITS = (11, 8, 5)  # of the codes; each begins with the next
BATCH_ROWS = 131_072  # of Parquet: some 10 MB
PART_ROWS = 1_000_000  # of adjacent row groups that are read in one go
SAMPLE_ROWS = 2_000  # at the beginning, in the middle and at the end, that tell the system


@dataclass(slots=True)
class Done:
    """
    A batch of rows with their codes.

    `payload` is bytes of CSV or an Arrow batch, as the result's kind is; `by_county` counts located rows in the
    order of `reference.counties`; `far` of the problems are points outside Taiwan, the others rows without a
    usable position; `turned` rows had latitude and longitude the wrong way round.
    """

    payload: Any
    rows: int
    by_county: NDArray[np.int64]
    problems: list[Problem] = field(default_factory=list)
    far: int = 0
    turned: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A file and what is to be done with it: `kind` is that of the result, `dropped` are columns to leave out."""

    source: CsvSource | ParquetSource
    kind: str
    columns: PointColumns
    system: System
    dropped: tuple[int, ...] = ()

    def batch(self, given: Any) -> Done:
        """One batch of `source.batches`."""
        return self.source.finish(given, self)

    def part(self, part: Any) -> list[Done]:
        """All batches of a part."""
        return [self.batch(given) for given in self.source.batches([part])]

    @property
    def kept(self) -> list[int]:
        """Positions of the columns that the result has."""
        return [i for i in range(len(self.source.schema.names)) if i not in self.dropped]

    @property
    def schema(self) -> Any:
        """Of a Parquet result: the input's with its metadata, and the codes as text."""
        schema = self.source.schema
        fields = [schema.field(i) for i in self.kept]
        fields += [pa.field(name, pa.string()) for name in CODES]
        return pa.schema(_unlike(fields), metadata=schema.metadata)


# ------------------------------------------------------------------ who does it


def by_threads(job: Job, threads: int) -> Iterator[Done]:
    """Batches in order; at most two more than threads are in memory."""
    waiting: deque[Future[Done]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for given in job.source.batches(job.source.parts()):  # type: ignore[arg-type]
                waiting.append(pool.submit(job.batch, given))
                if len(waiting) > threads + 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def by_workers(job: Job, workers: int, scheduler: str, target: Path) -> Iterator[Done]:
    """The same by Dask workers, a part each; what is done before its turn waits on the disk."""
    from notspot.workers import by_cluster

    tasks = ((number, lambda part=part: (job, part)) for number, part in enumerate(job.source.parts()))
    following = 0
    with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        early: dict[int, Path] = {}
        try:
            for number, done in by_cluster(
                tasks, work=_part, workers=workers, scheduler=scheduler, run="locate"
            ):
                if number == following:
                    yield from done
                    following += 1
                else:
                    early[number] = Path(folder) / str(number)
                    early[number].write_bytes(pickle.dumps(done, protocol=5))
                while following in early:
                    path = early.pop(following)
                    yield from pickle.loads(path.read_bytes())  # noqa: S301 written above
                    path.unlink()
                    following += 1
        except FileNotFoundError as error:
            raise UsageError(
                f"a worker cannot read {error.filename}: all workers need the file under the same path"
            ) from error


def _part(given: tuple[Job, Any]) -> list[Done]:
    job, part = given
    return job.part(part)


# ------------------------------------------------------------------ CSV


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A CSV file; `path` is as the caller named it, `file` what is read."""

    path: Path
    file: CsvFile

    @property
    def schema(self) -> Any:
        return self.file.schema

    def sample(self) -> Any:
        return sample_of(self.file)

    def parts(self) -> Iterator[CsvPart]:
        return parts_of(self.file)

    def batches(self, parts: Iterable[CsvPart]) -> Iterator[CsvPart]:
        yield from parts

    def head(self, job: Job) -> bytes:
        if not job.dropped:
            head = self.file.head
        else:
            names = [pa.array([self.file.header[i]], pa.string()) for i in job.kept]
            mark = BOM.encode() if self.file.head.startswith(BOM.encode()) else b""
            written = text_bytes(joined(names, self.file.separator)).decode()
            head = mark + written.encode(self.file.encoding or "utf-8")
        return head + "".join(self.file.separator + name for name in CODES).encode() + self.file.newline

    def finish(self, part: CsvPart, job: Job) -> Done:
        every = job.kind == "parquet" or bool(job.dropped)
        rows = read_rows(self.file, part, range(len(self.file.header)) if every else job.columns.at)
        cells = [rows.cells[i] for i in job.columns.at] if every else rows.cells
        placed = place(cells, job.columns, job.system, rows.numbers)
        broken = {
            int(rows.numbers[i]): Problem(int(rows.numbers[i]), "", message, value)
            for i, (message, value) in rows.problems.items()
        }
        placed.village[list(rows.problems)] = -1  # its cells may stand in the wrong columns
        codes = code_arrays(placed.village)
        if job.kind == "parquet":
            columns = [rows.cells[i] for i in job.kept]
            return _done(pa.record_batch([*columns, *codes], schema=job.schema), placed, broken)
        if job.dropped:
            rewritten(self.file, rows, job.kept)
        return _done(appended(self.file, rows, codes), placed, broken)


# ------------------------------------------------------------------ Parquet


@dataclass(frozen=True, slots=True)
class ParquetPart:
    """Adjacent row groups, and how many rows stand before them."""

    groups: tuple[int, ...]
    before: int


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """A Parquet file and its schema."""

    path: Path
    schema: Any

    @classmethod
    def open(cls, path: Path) -> ParquetSource:
        with _reading(path), pq.ParquetFile(path) as file:
            return cls(path, file.schema_arrow)

    def sample(self) -> Any:
        with _reading(self.path), pq.ParquetFile(self.path) as file:
            count = file.metadata.num_row_groups
            pieces = []
            for group in sorted({0, count // 2, count - 1} - {-1}) if count else []:
                batches = file.iter_batches(SAMPLE_ROWS, row_groups=[group])
                pieces += [
                    pa.Table.from_batches([batch]) for batch in [next(batches, None)] if batch is not None
                ]
            return (
                pa.concat_tables(pieces, promote_options="permissive")
                if pieces
                else self.schema.empty_table()
            )

    def parts(self) -> Iterator[ParquetPart]:
        with _reading(self.path), pq.ParquetFile(self.path) as file:
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        groups: list[int] = []
        before = held = 0
        for group, size in enumerate(sizes):
            if groups and held + size > PART_ROWS:
                yield ParquetPart(tuple(groups), before)
                before, held, groups = before + held, 0, []
            groups.append(group)
            held += size
        if groups:
            yield ParquetPart(tuple(groups), before)

    def batches(self, parts: Iterable[ParquetPart]) -> Iterator[tuple[Any, int]]:
        with _reading(self.path), pq.ParquetFile(self.path) as file:
            for part in parts:
                row = part.before
                for batch in file.iter_batches(BATCH_ROWS, row_groups=list(part.groups)):
                    yield batch, row
                    row += len(batch)

    def head(self, job: Job) -> bytes:
        names = [pa.array([name], pa.string()) for name in job.schema.names]
        return BOM.encode() + text_bytes(joined(names, ",")) + NEWLINE.encode()

    def finish(self, given: tuple[Any, int], job: Job) -> Done:
        batch, before = given
        numbers = np.arange(before + 1, before + len(batch) + 1)  # features of a file count from 1
        placed = place([batch.column(i) for i in job.columns.at], job.columns, job.system, numbers)
        columns = [batch.column(i) for i in job.kept] + code_arrays(placed.village)
        if job.kind == "parquet":
            return _done(pa.record_batch(columns, schema=job.schema), placed, {})
        lines = joined([_as_text(column) for column in columns], ",")
        return _done(text_bytes(pc.binary_join_element_wise(lines, NEWLINE, "")), placed, {})


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors of Arrow about a damaged file are problems of that file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        message = f"cannot be read as Parquet: {str(error).splitlines()[0][:200]}"
        raise InputError(path, [Problem(None, "", message)]) from error


def require_text(schema: Any, kept: Sequence[int]) -> None:
    """Raise UsageError where a column of Parquet has no form in CSV."""
    nested = [
        schema.field(i).name
        for i in kept
        if pa.types.is_nested(schema.field(i).type) and not is_shape(schema.field(i).type)
    ]
    if nested:
        raise UsageError(f"CSV has no form for the columns {', '.join(nested)}; let --out end in .parquet")


def _as_text(column: Any) -> Any:
    """A column as CSV has it: numbers in the shortest form that reads back the same, points as WKT."""
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return _as_text(column.storage)
    if pa.types.is_dictionary(kind):
        return _as_text(column.dictionary_decode())
    if is_shape(kind):
        return pa.array(_wkt(column), pa.string())
    return pc.cast(column, pa.string())


def _wkt(column: Any) -> list[str | None]:
    if pa.types.is_struct(column.type) or pa.types.is_fixed_size_list(column.type):
        found = [list(p.values()) if isinstance(p, dict) else p for p in column.to_pylist()]
        return [None if p is None else f"POINT ({' '.join(repr(v) for v in p)})" for p in found]
    shapes = shapely.from_wkb(
        pc.cast(column, pa.large_binary()).to_numpy(zero_copy_only=False), on_invalid="ignore"
    )
    written: list[str | None] = shapely.to_wkt(shapes, rounding_precision=-1).tolist()
    return written


# ------------------------------------------------------------------ codes


def code_arrays(village: NDArray[np.int32], *, wide: bool = False) -> list[Any]:
    """
    Village, township and county codes as Arrow text, of rows in `reference.villages`; -1 is null.

    `wide` is large_string, which pandas takes as it is.
    """
    at = pa.array(village, mask=village < 0)
    return [codes.take(at) for codes in _codes(wide)]


@cache
def _codes(wide: bool = False) -> list[Any]:
    villages = reference.villages()["village_code"].to_numpy()
    kind = pa.large_string() if wide else pa.string()
    return [pa.array([code[:digits] for code in villages], kind) for digits in DIGITS]


@cache
def _county_of_village() -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.searchsorted(
        np.array(county_codes()), np.array(_codes()[2].to_pylist())
    ).astype(np.int64)
    return found


@cache
def county_codes() -> tuple[str, ...]:
    """Sorted."""
    return tuple(sorted(reference.counties()["county_code"]))


def _done(payload: Any, placed: Placed, broken: dict[int, Problem]) -> Done:
    """`broken` rows have their own problem, and no other."""
    village = placed.village
    counties = _county_of_village()[village[village >= 0]]
    problems = [p for p in placed.problems if p.row not in broken] + list(broken.values())
    problems.sort(key=lambda p: p.row or 0)
    far = len(placed.far - set(broken))
    by_county = np.bincount(counties, minlength=len(county_codes()))
    return Done(payload, len(village), by_county, problems, far, placed.turned)


def _unlike(fields: Sequence[Any]) -> list[Any]:
    """Fields with names that differ; a name that comes again, and one that is blank, is told apart by a number."""
    out: list[Any] = []
    taken = {f.name for f in fields if f.name}
    seen: set[str] = set()
    for at, each in enumerate(fields):
        name = each.name or f"column_{at + 1}"
        count = 2
        while name in seen or (name != each.name and name in taken):
            name = f"{each.name or 'column'}_{count}"
            count += 1
        seen.add(name)
        out.append(each.with_name(name))
    return out
