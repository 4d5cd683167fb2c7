"""
A file of points or H3 cells as tiles: read in batches, each row used or listed with the reason why not.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa

from notspot.point_jobs import CsvSource, ParquetSource
from notspot.tile_columns import (
    BAD,
    Faults,
    TileColumns,
    h3_cells,
    numbers,
    operator_bits,
    statuses,
    tile_columns,
)
from notspot_geodata import crs as systems
from notspot_geodata import sniff
from notspot_geodata.csv_parts import open_csv, plain_copy
from notspot_geodata.csv_rows import read_rows
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import COLUMNS
from notspot_geodata.point_columns import PointColumns, point_columns
from notspot_geodata.positions import System, near_taiwan, place, sample_frame, system_of
from notspot_geodata.text import Text
from notspot_geodata.whole_files import make_folder, room
from notspot_maps.tables import BOM, NEWLINE, defused
from notspot_maps.tiles.points import Gathered
from notspot_maps.tiles.writing import PAGE, WrittenTiles, write_tiles

REJECTS = "rejects.csv"
LABELS = {
    Text("人口", "people"): ("people", "population", "persons", "residents", "人口", "人口數"),
    Text("戶數", "households"): ("households", "household", "homes", "戶數", "家戶"),
    Text("建物數", "buildings"): ("buildings", "建物", "建物數"),
}


@dataclass(slots=True)
class TiledFile:
    """
    What became of a file.

    Attributes
    ----------
    tiles
        What was written.
    rows, refused
        All rows, and those that are not in the tiles; they are in `rejects`, which is None where there are none.
    columns, crs
        Where positions were taken from, and their system.
    notes
        What else was concluded.
    """

    tiles: WrittenTiles
    rows: int
    refused: int
    rejects: Path | None
    columns: tuple[str, ...]
    crs: str
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        said = self.tiles.metadata["notspot"]
        return {
            "page": str(self.tiles.page),
            "archive": str(self.tiles.archive),
            "archive_bytes": self.tiles.archive.stat().st_size,
            "rejects": None if self.rejects is None else str(self.rejects),
            "rows": self.rows,
            "refused": self.refused,
            "points": said["points"],
            "counts": said["counts"],
            "weight": said.get("weight"),
            "tiles": self.tiles.tiles,
            "points_zoom": self.tiles.points_zoom,
            "columns": list(self.columns),
            "crs": self.crs,
            "notes": self.notes,
        }


def tile_file(
    points: str | Path,
    out: str | Path,
    *,
    x: str | None = None,
    y: str | None = None,
    crs: Any = None,
    h3: str | None = None,
    status: str | None = None,
    weight: str | None = None,
    value: str | None = None,
    operators: str | None = None,
    title: Text | None = None,
    weight_name: Text | None = None,
    value_name: Text | None = None,
    source: Text | None = None,
    encoding: str | None = None,
    page: str = PAGE,
    threads: int = 0,
    step: Callable[[str, float], None] | None = None,
) -> TiledFile:
    """
    Tiles of a CSV, Parquet or GeoParquet file of any length, and the page that shows them, in a folder.

    Parameters
    ----------
    points
        The output of ``notspot locate``, or any table with coordinates or H3 cells, and a status.
    out
        The folder: ``index.html``, ``points.pmtiles`` and, where rows were refused, ``rejects.csv``.
    x, y, crs
        Columns of coordinates and their system, where they are not found by themselves (as in ``locate``).
    h3
        Column of H3 cells, in place of coordinates; they are drawn as hexagons.
    status, weight, value, operators
        Columns: covered, not_covered or unknown; persons or households; a figure; operators separated by ``;``.
    title, weight_name, value_name, source
        Words for the page.
    page
        Its name, where the folder has an ``index.html`` of its own.

    Raises
    ------
    InputError
        The file cannot be read, or none of its rows can be used.
    UsageError
        A column is not there, the table is one of base stations, or the folder cannot be written into.
    """
    path, folder = Path(points), Path(out)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a folder")
    if h3 is not None and (x or y or crs):
        raise UsageError("name coordinates or a column of H3 cells, not both")
    if crs is not None:
        systems.parse_crs(crs)
    found = sniff.kind_of(path)
    make_folder(folder)
    copy, listed = folder / ".points.utf8", folder / f".{REJECTS}"
    notes: list[str] = []
    with room(folder), ExitStack() as stack:
        for each in (copy, listed):
            stack.callback(each.unlink, missing_ok=True)
        opened: CsvSource | ParquetSource
        if found in ("csv", "tsv"):
            note = plain_copy(path, copy, encoding=encoding)
            notes += [] if note is None else [note]
            opened = CsvSource(path, open_csv(copy if note else path, encoding=None if note else encoding))
        elif found in ("parquet", "geoparquet"):
            opened = ParquetSource.open(path)
        else:
            raise InputError(path, [Problem(None, "", f"is {found}; points are read from CSV and Parquet")])
        reading = _Reading(
            opened,
            tile_columns(
                opened.schema.names, status=status, weight=weight, value=value, operators=operators, h3=h3
            ),
            *((None, None) if h3 else _where(opened, x, y, crs)),
        )
        with listed.open("w", encoding="utf-8", errors="replace", newline="") as text:
            reading.read(text)
        if reading.refused == reading.rows:
            raise InputError(
                path,
                reading.first or [Problem(None, "", "has no rows")],
                summary=f"none of {reading.rows:,} rows can be used",
            )
        tiles = write_tiles(
            reading.gathered.finish(),
            folder,
            title=title or Text.of(path.stem),
            weight=weight_name or _label(weight),
            value=value_name or Text.of(value or ""),
            source=source or Text.of(path.name),
            refused=reading.refused,
            page=page,
            threads=threads,
            step=step,
        )
        rejects = folder / REJECTS
        if reading.refused:
            listed.replace(rejects)
        else:
            rejects.unlink(missing_ok=True)  # of an earlier run
    if reading.turned:
        notes.append(f"latitude and longitude were swapped in {reading.turned:,} rows; turned round")
    system = reading.system
    return TiledFile(
        tiles,
        reading.rows,
        reading.refused,
        rejects if reading.refused else None,
        (h3,) if h3 else reading.where.names if reading.where else (),
        "H3" if system is None else system.name,
        notes,
    )


def _where(
    opened: CsvSource | ParquetSource, x: str | None, y: str | None, crs: Any
) -> tuple[PointColumns, System]:
    """Columns of coordinates and their system."""
    sample = opened.sample()
    try:
        columns = point_columns(opened.schema, x=x, y=y, sample=sample_frame(sample))
        return columns, system_of(sample, columns, crs)
    except UsageError as error:
        if x is not None or y is not None:
            raise
        hint = "H3 cells are named with --h3."
        raise InputError(opened.path, [Problem(None, "", str(error))], hint=hint) from error


def _label(weight: str | None) -> Text:
    """What a column of weights counts, by its name."""
    if weight is None:
        return Text("", "")
    known = (text for text, names in LABELS.items() if weight.strip().lower() in names)
    return next(known, Text.of(weight))


@dataclass(slots=True)
class _Reading:
    """A file being read."""

    source: CsvSource | ParquetSource
    columns: TileColumns
    where: PointColumns | None
    system: System | None
    gathered: Gathered = field(default_factory=Gathered)
    rows: int = 0
    refused: int = 0
    turned: int = 0
    first: list[Problem] = field(default_factory=list)

    def read(self, rejects: TextIO) -> None:
        """Gather all rows that can be used, and list the others."""
        rejects.write(BOM + ",".join(COLUMNS) + NEWLINE)
        writer = csv.writer(rejects, lineterminator=NEWLINE)
        for cells, at, faults in self._batches():
            self._take(cells, at, faults, writer)

    def _batches(self) -> Iterator[tuple[dict[str, Any], Any, Faults]]:
        """Columns by name, row numbers, and rows that are broken in themselves."""
        names = list(dict.fromkeys([*self.columns.names, *(self.where.names if self.where else ())]))
        index = [self.source.schema.names.index(name) for name in names]
        if isinstance(self.source, CsvSource):
            for part in self.source.parts():
                rows = read_rows(self.source.file, part, index)
                faults: Faults = {i: ("", message, shown) for i, (message, shown) in rows.problems.items()}
                yield dict(zip(names, rows.cells, strict=True)), rows.numbers, faults
        else:
            for batch, before in self.source.batches(self.source.parts()):
                numbered = np.arange(before + 1, before + len(batch) + 1)
                yield {name: batch.column(i) for name, i in zip(names, index, strict=True)}, numbered, {}

    def _take(self, cells: dict[str, Any], at: Any, faults: Faults, writer: Any) -> None:
        columns, count, h3 = self.columns, len(at), None
        if columns.h3 is not None:
            h3, lonlat, more = h3_cells(cells[columns.h3], columns.h3)
            far = np.isfinite(lonlat[:, 0]) & ~near_taiwan(lonlat)
            for i in np.flatnonzero(far).tolist():
                more[i] = (columns.h3, "is outside Taiwan", "")
            lon, lat = lonlat.T
        else:
            assert self.where is not None
            assert self.system is not None
            placed = place([cells[name] for name in self.where.names], self.where, self.system, at, threads=0)
            self.turned += placed.turned
            position = {int(number): i for i, number in enumerate(at)} if placed.problems else {}
            more = {position[p.row or 0]: (p.field, p.message, p.value) for p in placed.problems}
            lon, lat = placed.lon, placed.lat
        faults = {**more, **faults}
        status, wrong = statuses(cells[columns.status], columns.status)
        faults = {**wrong, **faults}
        weight = value = None
        if columns.weight is not None:
            weight, wrong = numbers(cells[columns.weight], columns.weight, least=0)
            faults = {**wrong, **faults}
        if columns.value is not None:
            value, wrong = numbers(cells[columns.value], columns.value)
            faults = {**wrong, **faults}
        keep = np.ones(count, dtype=bool)
        keep[list(faults)] = False
        assert not (keep & ((status == BAD) | ~np.isfinite(lon))).any()
        bits = None
        if columns.operators is not None:
            bits = operator_bits(cells[columns.operators].filter(pa.array(keep)), self.gathered)
        self.gathered.add(
            lon[keep],
            lat[keep],
            status[keep],
            weight=None if weight is None else weight[keep],
            value=None if value is None else value[keep],
            mask=bits,
            h3=None if h3 is None else h3[keep],
        )
        self.rows += count
        self.refused += len(faults)
        for i in sorted(faults):
            name, message, shown = faults[i]
            people = "" if weight is None or not weight[i] >= 0 else f"{weight[i]:.12g}"
            writer.writerow(
                [
                    defused(self.source.path.name),
                    int(at[i]),
                    defused(name),
                    defused(shown),
                    defused(message),
                    people,
                ]
            )
            if len(self.first) < 1000:
                self.first.append(Problem(int(at[i]), name, message, shown))
