"""
Files of points to their village: CSV and Parquet of any length, in batches, by threads or by Dask.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from notspot.point_jobs import (
    CODES,
    CsvSource,
    Done,
    Job,
    ParquetSource,
    by_threads,
    by_workers,
    county_codes,
    require_text,
)
from notspot_geodata import crs as systems
from notspot_geodata import reference, sniff
from notspot_geodata.csv_parts import open_csv, plain_copy
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import COLUMNS
from notspot_geodata.point_columns import point_columns
from notspot_geodata.positions import sample_frame, system_of
from notspot_maps.tables import BOM, NEWLINE, defused

ENDINGS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".geoparquet": "parquet"}


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
    A CSV or Parquet file of points with the codes of their units added; as `locating.locate`, in bounded memory.

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
