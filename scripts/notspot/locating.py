"""
Points to their village: frames in and frames out, or files of any length, in batches.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from notspot.point_jobs import (
    CODES,
    CsvSource,
    Done,
    Job,
    ParquetSource,
    by_threads,
    by_workers,
    code_arrays,
    county_codes,
    require_text,
)
from notspot_geodata import crs as systems
from notspot_geodata import reference, sniff
from notspot_geodata.csv_parts import open_csv, plain_copy
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.frame_points import frame_points
from notspot_geodata.ledger import COLUMNS, Ledger
from notspot_geodata.locating import locate_points
from notspot_geodata.point_columns import PointColumns, point_columns
from notspot_geodata.positions import DEGREES, System, place, sample_frame, system_of
from notspot_maps.tables import BOM, NEWLINE, defused

PIECE_ROWS = 131_072  # of a frame, that one thread takes at a time
FRAME_ROWS = 1_000_000  # of text that one thread makes at a time
ENDINGS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".geoparquet": "parquet"}


def locate(
    points: Any,
    y: Any = None,
    *,
    crs: Any = None,
    replace: bool = False,
    ledger: Ledger | None = None,
    threads: int = 0,
) -> pd.DataFrame:
    """
    The village, township and county that each point lies in (boundaries of 2021-09).

    Borders are straight in degrees between their vertices. A point exactly on the border of two villages is in
    the one with the smaller code.

    Parameters
    ----------
    points
        A GeoDataFrame of points; a DataFrame with columns of coordinates under usual names (經度 and 緯度, lon
        and lat, X座標 and Y座標); or, with `y`, longitudes or eastings, shape (n,).
    y
        Latitudes or northings, shape (n,).
    crs
        System of the coordinates. Without it that of the GeoDataFrame; else degrees are known by their size,
        and TM2 where zone and datum are certain; arrays are degrees.
    replace
        Columns of the results' names that are there already are replaced; without it they are an error.
    ledger
        Takes the rows without a usable position, and those outside Taiwan, counted from 1. Without it they are
        not looked for.
    threads
        0 is one a processor.

    Returns
    -------
    located
        The frame's rows in their order with ``village_code`` (11 digits), ``town_code`` (8) and
        ``county_code`` (5) added as text; of arrays these columns alone. Null where a point lies in no village
        (at sea, in a hole of the boundaries) or has no usable position.

    Raises
    ------
    UsageError
        There are no coordinates, or their system is not certain.
    """
    if y is not None:
        return _code_frame(_in_arrays(points, y, crs, ledger, threads), None, threads)
    if not isinstance(points, pd.DataFrame):
        raise UsageError(
            "locate takes a DataFrame or GeoDataFrame, or two arrays: longitudes (or x) and latitudes (or y)"
        )
    there = [name for name in CODES if name in points.columns]
    if there and not replace:
        raise UsageError(f"the frame has {', '.join(there)} already; pass replace=True, or rename them")
    table = points.drop(columns=there)
    cells, columns, sample = frame_points(table)
    system = system_of(sample, columns, crs)
    village = _in_pieces(cells, columns, system, ledger, threads)
    out = table.copy(deep=False)
    for name, codes in _code_frame(village, table.index, threads).items():
        out[name] = codes
    return out


@dataclass(slots=True)
class Located:
    """
    What became of a file.

    Attributes
    ----------
    file, rejects
        The result, and the list of rows without a usable position or outside Taiwan; None where there is none.
    rows, located
        All rows, and those that lie in a village.
    outside, outside_taiwan
        Rows with a position in no village, at sea mostly; those of them that are far from Taiwan.
    without_position
        Rows whose position is missing or cannot be understood.
    by_county
        Located rows by county code.
    """

    file: Path
    rejects: Path | None = None
    rows: int = 0
    located: int = 0
    outside: int = 0
    outside_taiwan: int = 0
    without_position: int = 0
    crs: str = ""
    crs_reason: str = ""
    columns: tuple[str, ...] = ()
    by_county: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        names = dict(reference.counties()[["county_code", "county"]].to_numpy())
        counties = [
            {"county_code": c, "county": names[c], "rows": n} for c, n in sorted(self.by_county.items())
        ]
        return {
            "file": str(self.file),
            "rejects": None if self.rejects is None else str(self.rejects),
            "rows": self.rows,
            "located": self.located,
            "outside": self.outside,
            "outside_taiwan": self.outside_taiwan,
            "without_position": self.without_position,
            "crs": self.crs,
            "crs_reason": self.crs_reason,
            "columns": list(self.columns),
            "by_county": counties,
            "notes": self.notes,
        }


def locate_file(
    points: str | Path,
    out: str | Path,
    *,
    x: str | None = None,
    y: str | None = None,
    crs: Any = None,
    encoding: str | None = None,
    replace: bool = False,
    threads: int = 0,
    workers: int = 0,
    scheduler: str = "",
) -> Located:
    """
    A CSV or Parquet file of points with the codes of their units added; as `locate`, in bounded memory.

    Every row of the input is in the result, in the same order, with all its cells as they were; rows without a
    usable position have no codes and are listed in ``OUT.rejects.csv``. How many threads or workers there are
    changes no byte.

    Parameters
    ----------
    points
        CSV or TSV in any encoding, Parquet with columns of coordinates, or GeoParquet.
    out
        ``.csv`` or ``.parquet``.
    x, y
        Names of the columns, where they are not found by themselves.
    crs, encoding
        Where the file does not say it, or says it wrong.
    threads
        Of this process; 0 is one a processor.
    workers, scheduler
        Processes of a local Dask cluster, or the address of one that runs; its workers read the file themselves.

    Raises
    ------
    InputError
        The file cannot be read, or no row has a usable position.
    UsageError
        There are no coordinates, their system is not certain, or the result has columns of these names already.
    """
    if threads < 0 or workers < 0:
        raise UsageError("threads and workers cannot be fewer than 0")
    source, target = Path(points), Path(out)
    kind = ENDINGS.get(target.suffix.lower())
    if kind is None:
        raise UsageError(f"--out {target.name} must end in .csv or .parquet")
    if target.is_dir():
        raise UsageError(f"--out {target} is a folder; name a file in it")
    found = sniff.kind_of(source)
    if target.exists() and target.samefile(source):
        raise UsageError("--out is the input itself; name another file")
    target.parent.mkdir(parents=True, exist_ok=True)
    result = Located(target)
    with ExitStack() as stack:
        temporary = [target.with_name(f".{target.name}.{end}") for end in ("part", "rejects", "utf8")]
        for path in temporary:
            stack.callback(path.unlink, missing_ok=True)
        if found in ("csv", "tsv"):
            note = plain_copy(source, temporary[2], encoding=encoding)
            result.notes += [] if note is None else [note]
            read = temporary[2] if note else source
            opened: CsvSource | ParquetSource = CsvSource(
                source, open_csv(read, encoding=None if note else encoding)
            )
        elif found in ("parquet", "geoparquet"):
            opened = ParquetSource.open(source)
        else:
            raise _unreadable(source, found)
        job = _job(opened, kind, x, y, crs, replace)
        result.crs, result.crs_reason = job.system.name, job.system.reason
        result.columns = job.columns.names
        if workers or scheduler:
            done = by_workers(job, workers, scheduler, target)
        else:
            done = by_threads(job, threads or os.cpu_count() or 1)
        _write(done, job, temporary[0], temporary[1], result)
        if result.rows and result.without_position + result.outside_taiwan == result.rows:
            raise _useless(source, temporary[1], result)
        rejects = target.with_name(f"{target.name}.rejects.csv")
        temporary[0].replace(target)
        if temporary[1].exists():
            temporary[1].replace(rejects)
            result.rejects = rejects
        else:
            rejects.unlink(missing_ok=True)  # of an earlier run
    return result


# ------------------------------------------------------------------ files


def _job(
    source: CsvSource | ParquetSource, kind: str, x: str | None, y: str | None, crs: Any, replace: bool
) -> Job:
    """The work on a file, with its columns and their system settled."""
    if crs is not None:
        systems.parse_crs(crs)  # a wrong name is the caller's fault, not the file's
    names = source.schema.names
    there = [name for name in names if name in CODES]
    if there and not replace:
        raise UsageError(
            f"{source.path.name} has {', '.join(there)} already; pass --replace to have new ones in their place, or "
            "rename them"
        )
    dropped = tuple(i for i, name in enumerate(names) if name in CODES)
    if kind == "csv" and isinstance(source, ParquetSource):
        require_text(source.schema, [i for i in range(len(names)) if i not in dropped])
    sample = source.sample()
    try:
        columns = point_columns(source.schema, x=x, y=y, sample=sample_frame(sample))
    except UsageError as error:
        if x is not None or y is not None:
            raise
        raise InputError(source.path, [Problem(None, "", str(error))]) from error
    try:
        system = system_of(sample, columns, crs)
    except UsageError as error:
        raise InputError(source.path, [Problem(None, columns.label, str(error))]) from error
    return Job(source, kind, columns, system, dropped)


def _write(done: Iterable[Done], job: Job, out: Path, rejects: Path, result: Located) -> None:
    """Write batches as they come, and count them."""
    counties = np.zeros(len(county_codes()), np.int64)
    turned = 0
    with ExitStack() as stack:
        table = listed = None
        if job.kind == "parquet":
            table = stack.enter_context(pq.ParquetWriter(out, job.schema, compression="zstd"))
        else:
            text = stack.enter_context(out.open("wb"))
            text.write(job.source.head(job))
        for batch in done:
            if table is None:
                text.write(batch.payload)
            elif batch.rows:
                table.write_batch(batch.payload)
            if batch.problems:
                if listed is None:
                    listed = stack.enter_context(rejects.open("w", encoding="utf-8", newline=""))
                    listed.write(BOM + ",".join(COLUMNS) + NEWLINE)
                listed.write(_listed(job.source.path, batch.problems))
            counties += batch.by_county
            turned += batch.turned
            result.rows += batch.rows
            result.outside_taiwan += batch.far
            result.without_position += len(batch.problems) - batch.far
    result.located = int(counties.sum())
    result.outside = result.rows - result.located - result.without_position
    result.by_county = {c: int(n) for c, n in zip(county_codes(), counties, strict=True) if n}
    if turned:
        what = "latitude and longitude" if job.system.degrees else "easting and northing"
        result.notes.append(f"{job.columns.label}: {what} were swapped in {turned:,} rows; turned round")


def _listed(file: Path, problems: list[Problem]) -> str:
    """Lines of the list of rejects, as `Ledger` has them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=NEWLINE)
    for p in problems:
        writer.writerow(
            [defused(file.name), p.row, defused(p.field), defused(p.value), defused(p.message), ""]
        )
    return out.getvalue()


def _useless(source: Path, rejects: Path, result: Located) -> InputError:
    """No row can be used: the first problems, and how many there are."""
    listed = pd.read_csv(rejects, dtype=str, keep_default_na=False, nrows=1000, encoding="utf-8-sig")
    problems = [
        Problem(int(row), name, reason, value)
        for row, name, reason, value in listed[["row", "field", "reason", "value"]].to_numpy()
    ]
    return InputError(
        source,
        problems,
        summary=f"none of {result.rows:,} rows has a usable position",
        hint=f"The positions were taken from {', '.join(result.columns)}, read as {result.crs}. Name others with "
        "--lon and --lat or --x and --y, or their system with --crs.",
    )


def _unreadable(source: Path, kind: str) -> InputError:
    hint = ""
    if kind in (*sniff.TABLES, *sniff.MAPS):
        hint = "In Python, notspot.locate takes the frame that notspot.read_geo or notspot.read_table gives."
    problem = Problem(None, "", f"is {kind}; points are read from CSV and Parquet")
    return InputError(source, [problem], hint=hint)


# ------------------------------------------------------------------ frames and arrays


def _in_arrays(x: Any, y: Any, crs: Any, ledger: Ledger | None, threads: int) -> NDArray[np.int32]:
    system = System.of(reference.CRS if crs is None else crs)
    xs, ys = _numbers(x), _numbers(y)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise UsageError(f"two arrays of one length are needed, not of the shapes {xs.shape} and {ys.shape}")
    some = xs[:: len(xs) // 1000 + 1]
    some = np.abs(some[np.isfinite(some)])
    if crs is None and len(some) and np.median(some) > 360:
        raise UsageError("the numbers are no degrees; say their system, such as crs='EPSG:3826'")
    turned = len(ys) and (np.fmax.reduce(ys) > 90 or np.fmin.reduce(ys) < -90)
    if system.crs in DEGREES and ledger is None and not turned:
        return locate_points(xs, ys, threads=threads)
    return _in_pieces([xs, ys], PointColumns((0, 1), ("x", "y"), "two"), system, ledger, threads)


def _numbers(values: Any) -> NDArray[np.float64]:
    try:
        if isinstance(values, pd.Series | pd.Index):
            return values.to_numpy(np.float64, na_value=np.nan)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"coordinates must be numbers: {error}") from error


def _in_pieces(
    cells: list[Any], columns: PointColumns, system: System, ledger: Ledger | None, threads: int
) -> NDArray[np.int32]:
    """Villages of many rows, a piece each thread; problems go into the ledger with rows counted from 1."""
    out = np.empty(len(cells[0]), np.int32)

    def piece(start: int) -> list[Problem]:
        end = min(start + PIECE_ROWS, len(out))
        mine = [
            pa.array(c[start:end]) if isinstance(c, np.ndarray) else c.slice(start, end - start)
            for c in cells
        ]
        placed = place(mine, columns, system, np.arange(start + 1, end + 1), check=ledger is not None)
        out[start:end] = placed.village
        return placed.problems

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for problems in pool.map(piece, range(0, len(out), PIECE_ROWS)):
            if ledger is not None:
                ledger.refuse("points", problems)
    return out


def _code_frame(village: NDArray[np.int32], index: Any, threads: int) -> pd.DataFrame:
    """The codes as columns of text, made in pieces by threads."""
    pieces = [village[start : start + FRAME_ROWS] for start in range(0, max(len(village), 1), FRAME_ROWS)]
    with ThreadPoolExecutor(min(threads or os.cpu_count() or 1, len(pieces))) as pool:
        made = list(pool.map(lambda piece: code_arrays(piece, wide=True), pieces))
    columns = {
        name: pa.chunked_array(found) for name, found in zip(CODES, zip(*made, strict=True), strict=True)
    }
    frame: pd.DataFrame = pa.table(columns).to_pandas(split_blocks=True, self_destruct=True)
    return frame if index is None else frame.set_axis(index)
