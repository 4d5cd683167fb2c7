"""
The rows of a file of base stations: columns whose meaning is known, and where each row lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata import coordinates, sniff, vectors
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.grids import read_grid
from notspot_geodata.headers import find_body
from notspot_geodata.reading import Reading
from notspot_geodata.site_columns import SiteColumn, site_column

Floats = NDArray[np.float64]


class SiteTable:
    """The rows of a file: known columns with their cells, points in degrees (NaN where there is none)."""

    def __init__(self, reading: Reading, rows: list[int], lonlat: Floats) -> None:
        self.reading = reading
        self.rows = rows
        self.lonlat = lonlat
        self.columns: dict[str, SiteColumn] = {}
        self.unused: list[str] = []

    def add(self, column: SiteColumn | None, label: str, cells: Sequence[Any]) -> None:
        """One more column; the first of two with the same meaning is taken."""
        if column is None:
            self.unused.append(label)
        elif column.meaning in self.columns:
            first = self.columns[column.meaning].written
            self.reading.notes.append(f"'{first}' and '{label}' mean the same; the first is taken")
        else:
            column.cells = list(cells)
            self.columns[column.meaning] = column
            self.reading.columns[label] = column.meaning


def site_table(path: Path, crs: Any = None) -> SiteTable:
    """The table or map file at `path`. Raises `InputError` where it has no rows or no coordinates."""
    kind = sniff.kind_of(path)
    return _table(path, kind, crs) if kind in sniff.TABLES else _map(path, crs)


def _table(path: Path, kind: str, crs: Any) -> SiteTable:
    """A table: its own headers here, because ``site_id`` of statistics is the name of a township."""
    raw = read_grid(path, kind, sheet=None, encoding=None)
    reading = Reading(path.name, kind, raw.encoding, notes=list(raw.notes))
    body = find_body(raw, path, reading)
    # what the readers of statistics made of these headers is not what they mean here
    reading.notes = [n for n in reading.notes if " both mean " not in n]
    reading.columns = {}
    by_row = dict(raw.rows)
    headers = [by_row[row] for row in reading.header_rows]
    found: list[tuple[SiteColumn | None, str, list[str]]] = []
    others: dict[
        str, list[str]
    ] = {}  # as written, so that problems name them; claims of a place by their meaning
    names: list[str] = []
    about_place: set[str] = set()
    for at, label in enumerate(body.written):
        cells = [row[at] for _, row in body.rows]
        column = site_column(*([h[at] for h in headers if at < len(h)] or [label]))
        if column is None:
            place = body.known[at].name if at in body.known else ""
            claims = place.startswith(("county", "town", "village"))
            about_place |= {label} if claims else set()
            names.append(body.names[at] if claims or label in others else label)
            others[names[-1]] = cells
        else:
            names.append("")
        found.append((column, label, cells))
    rows = [row for row, _ in body.rows]
    reading.problems = list(body.problems)
    if not rows:
        raise InputError(path, [Problem(None, "", "has headers but no rows")])
    try:
        points = coordinates.points_of(pd.DataFrame(others, dtype=object), crs=crs, rows=rows)
    except UsageError as error:
        hint = "Name the columns of the coordinates, or give a map file of points."
        raise InputError(path, [Problem(None, "", str(error))], hint=hint) from error
    reading.crs, reading.crs_reason = points.crs, points.crs_reason
    reading.problems += points.problems
    reading.notes += points.notes
    source = SiteTable(reading, rows, _lonlat(points.frame.geometry.to_numpy()))
    for at, (column, label, cells) in enumerate(found):
        if names[at] in points.columns:
            reading.columns[label] = "position"
        elif column is not None or (label not in about_place and any(c.strip() for c in cells)):
            source.add(column, label, cells)
    return source


def _map(path: Path, crs: Any) -> SiteTable:
    frame, reading = vectors.examine_geo(path, crs=crs)
    rows = list(frame.attrs["rows"])
    shapes = frame.geometry.to_numpy()
    single = np.array([shapely.get_num_geometries(s) == 1 and shapely.get_dimensions(s) == 0 for s in shapes])
    given = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    reading.problems += [
        Problem(rows[i], "geometry", f"is a {shapes[i].geom_type}, not one point; give one point a site")
        for i in np.flatnonzero(given & ~single)
    ]
    shapes = shapes.copy()
    shapes[~(given & single)] = None
    source = SiteTable(reading, rows, _lonlat(shapes))
    named, reading.columns = dict(reading.columns), {}
    for label, name in named.items():
        source.add(site_column(label), label, list(frame[name]))
    return source


def _lonlat(points: NDArray[Any]) -> Floats:
    """Shape (n, 2); NaN where there is no point."""
    out = np.full((len(points), 2), np.nan)
    ok = ~(shapely.is_missing(points) | shapely.is_empty(points))
    inner = shapely.centroid(points[ok])  # of one point: the point, also of a MultiPoint of one
    out[ok] = np.column_stack([shapely.get_x(inner), shapely.get_y(inner)])
    return out
