"""
What figures count, read: which of the places and lines are meant, and the things that stand in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot.coverage_files import Files
from notspot.coverage_specs import ALL, CoverageSpec, FigureSpec, Things
from notspot_geodata import reference
from notspot_geodata.errors import NotspotError, Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.places import claims_of
from notspot_geodata.selection import column_of, no_such_column, numbers_of, select
from notspot_geodata.tables import read_table

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, slots=True)
class FigureInput:
    """
    A figure and what it counts.

    Attributes
    ----------
    chosen
        Of a count of places or lines: which of them are meant, shape (n,); None where the figure counts no such.
    things
        Of a count of things: a row each, ``row, number`` and ``town_code`` (null where the table does not say it).
    """

    spec: FigureSpec
    chosen: NDArray[np.bool_] | None = None
    things: pd.DataFrame | None = None


def figure_inputs(
    files: Files,
    spec: CoverageSpec,
    places: Mapping[str, gpd.GeoDataFrame],
    lines: Mapping[str, gpd.GeoDataFrame],
) -> tuple[FigureInput, ...]:
    """The figures of `spec`; `places` and `lines` are frames by id."""
    paths = {item.id: item.file for item in spec.places} | {item.id: item.file for item in spec.lines}
    out = []
    for figure in spec.figures:
        if figure.things is not None:
            out.append(FigureInput(figure, things=_things(files, figure, figure.things)))
            continue
        name = figure.places or figure.lines
        frame = (places if figure.places else lines).get(name or "")
        if name is None or frame is None or figure.kind != "count":
            out.append(FigureInput(figure))
            continue
        reading = files.readings.get(paths[name].path)
        written = reading.columns if reading is not None else {}
        rows = frame["row"].tolist()
        chosen = select(frame, figure.where, rows=rows, written=written)
        files.add(paths[name], chosen.problems)
        files.note(paths[name], chosen.notes)
        out.append(FigureInput(figure, chosen=chosen.mask))
    return tuple(out)


def _things(files: Files, figure: FigureSpec, things: Things) -> pd.DataFrame | None:
    """A row a thing that is counted."""
    file = things.file
    try:
        if not files.table(file):
            found = files.features(file)
            if found is None:
                return None
            frame, rows, written = (
                pd.DataFrame(found.frame.drop(columns="geometry")),
                found.rows,
                found.written,
            )
        else:
            frame = read_table(
                files.path(file),
                sheet=file.sheet,
                encoding=file.encoding,
                ledger=Ledger(),
                allow_rejects=True,
            )
            reading = frame.attrs["reading"]
            rows, written = list(frame.attrs["rows"]), reading.columns
            frame.attrs = {}
            files.add(file, reading.problems)
            files.enter(file.path, reading.rows)
            chosen = select(frame, file.where, rows=rows, written=written)
            files.add(file, chosen.problems)
            files.note(file, chosen.notes)
            frame = frame[chosen.mask].reset_index(drop=True)
            rows = [row for row, kept in zip(rows, chosen.mask, strict=True) if kept]
    except NotspotError as error:
        files.fail(file, error)
        return None
    number = np.ones(len(frame))
    if things.column is not None:
        column = column_of(frame, things.column, written)
        if column is None:
            files.add(file, [no_such_column(frame, things.column)])
            return None
        number, problems = numbers_of(frame[column], rows, things.column)
        told = {p.row for p in problems}
        for at, value in enumerate(number):
            if rows[at] in told:
                continue
            if np.isnan(value) or value < 0 or np.isinf(value):
                what = "has no figure" if np.isnan(value) else f"is {value:g}: a count is at least 0"
                problems.append(Problem(rows[at], things.column, what))
        files.add(file, problems)
    towns = _towns(frame)
    if figure.within != ALL and len(frame):
        unknown = [rows[at] for at, town in enumerate(towns) if town is None]
        why = f"and '{figure.indicator}' counts within {figure.within}"
        if len(unknown) == len(rows):
            files.add(file, [Problem(None, "", f"no row names a township, {why}")])
        else:
            files.add(file, [Problem(row, "", f"names no township, {why}") for row in unknown])
    out = pd.DataFrame({"row": rows, "number": number, "town_code": pd.Series(towns, dtype=object)})
    return out[np.isfinite(number)].reset_index(drop=True)


def _towns(frame: pd.DataFrame) -> list[str | None]:
    """Township of each row by its code, or by the names of county and township."""
    known = set(reference.townships()["town_code"])
    claims = claims_of(frame)
    own = (
        frame["village_code"].str[:8]
        if "village_code" in frame
        else pd.Series([None] * len(frame), dtype=object)
    )
    return [code if code in known else claim for code, claim in zip(own, claims.towns, strict=True)]
