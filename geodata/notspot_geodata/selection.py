"""
Rows of a table or map chosen by what their cells say: equal to, at least, at most, by a date.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_geodata.cells import number, roc_date
from notspot_geodata.columns import meaning_of
from notspot_geodata.errors import Problem
from notspot_geodata.places import is_blank
from notspot_geodata.row_tests import RowTest, Selection
from notspot_geodata.text import Text, tidy

Bools = NDArray[np.bool_]
SHOWN = 10  # values of a column that are listed where the one that was asked for is not there


@dataclass(slots=True)
class Selected:
    """Which rows were chosen, what is wrong (whole file, or chosen by row), and what was concluded."""

    mask: Bools
    problems: list[Problem] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


def select(
    frame: pd.DataFrame,
    selection: Selection,
    *,
    rows: Sequence[int] | None = None,
    written: Mapping[str, str] | None = None,
) -> Selected:
    """
    The rows of `frame` that `selection` asks for.

    An empty cell passes no test. A cell that is no number where a limit is asked for, or no date, is a
    problem of its row, and the row is not chosen.

    Parameters
    ----------
    rows
        Row numbers in the file, for problems.
    written
        Header in the file → name in `frame`, as in ``Reading.columns``.
    """
    numbers = list(rows) if rows is not None else list(range(2, len(frame) + 2))
    out = Selected(np.zeros(len(frame), dtype=bool) if selection else np.ones(len(frame), dtype=bool))
    for tests in selection:
        fits = np.ones(len(frame), dtype=bool)
        for test in tests:
            fits &= _passes(frame, test, numbers, written or {}, out, fits)
        out.mask |= fits
    out.problems = list(dict.fromkeys(out.problems))
    if selection and not out.problems and len(frame) and not out.mask.any():
        out.notes.append(Text("條件未選到任何一列。", "no row was chosen: none passes the tests."))
    return out


def column_of(frame: pd.DataFrame, name: str, written: Mapping[str, str] | None = None) -> str | None:
    """The column of `frame` that a header or a meaning names; None where there is none."""
    if name in frame.columns:
        return name
    found = (written or {}).get(name)
    if found is None:
        meaning = meaning_of(name)
        found = None if meaning is None else meaning.name
    if found is None:
        alike = [c for c in frame.columns if tidy(str(c)).lower() == tidy(name).lower()]
        found = str(alike[0]) if len(alike) == 1 else None
    return found if found in frame.columns else None


def no_such_column(frame: pd.DataFrame, name: str) -> Problem:
    """That a file lacks a column, and which it has."""
    have = ", ".join(str(c) for c in frame.columns if c != "geometry")
    return Problem(None, name, f"is not in the file; its columns are: {have[:600]}")


def numbers_of(
    column: pd.Series, numbers: Sequence[int], label: str, among: Bools | None = None
) -> tuple[NDArray[np.float64], list[Problem]]:
    """
    A column as numbers, NaN where a cell is empty or says that there is no figure; cells that are no number
    are problems, those of rows `among` only.
    """
    if pd.api.types.is_numeric_dtype(column):
        return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan)), []
    out = np.full(len(column), np.nan)
    problems = []
    for at, cell in enumerate(column):
        if cell is None or cell is pd.NA or cell != cell:
            continue
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            out[at] = cell
            continue
        value, reason = number(str(cell))
        if value is not None:
            out[at] = value
        elif reason and (among is None or among[at]):
            problems.append(Problem(numbers[at], label, reason, str(cell)[:80]))
    return out, problems


# ------------------------------------------------------------------ helpers


def _passes(
    frame: pd.DataFrame,
    test: RowTest,
    numbers: Sequence[int],
    written: Mapping[str, str],
    out: Selected,
    among: Bools,
) -> Bools:
    """Which rows pass one test; what is wrong in rows that passed those before it (`among`) is told."""
    name = column_of(frame, test.column, written)
    if name is None:
        out.problems.append(no_such_column(frame, test.column))
        return np.zeros(len(frame), dtype=bool)
    column = frame[name]
    fits = np.ones(len(frame), dtype=bool)
    if test.equals:
        fits &= _equal(column, test, out)
        among = among & fits
    if test.at_least is not None or test.at_most is not None or test.at_least_column is not None:
        values, problems = numbers_of(column, numbers, test.column, among)
        out.problems += problems
        low, high = test.at_least, test.at_most
        fits &= values >= (-np.inf if low is None else low)
        fits &= values <= (np.inf if high is None else high)
        if test.at_least_column is not None:
            other = column_of(frame, test.at_least_column, written)
            if other is None:
                out.problems.append(no_such_column(frame, test.at_least_column))
                return np.zeros(len(frame), dtype=bool)
            limits, problems = numbers_of(frame[other], numbers, test.at_least_column, among)
            out.problems += problems
            fits &= values >= limits
        told = {p.row for p in out.problems}
        silent = np.array([row not in told for row in numbers], dtype=bool)
        empty = int((np.isnan(values) & among & silent).sum())
        if empty:
            out.notes.append(
                Text(
                    f"「{test.column}」有 {empty:,} 列沒有數值，均不選入。",
                    f"{empty:,} rows have no figure in '{test.column}' and are not chosen.",
                )
            )
    if test.by is not None:
        fits &= _by(column, test, numbers, out, among & fits)
    return fits


def _equal(column: pd.Series, test: RowTest, out: Selected) -> Bools:
    wanted = [tidy(value) for value in test.equals]
    fits = np.zeros(len(column), dtype=bool)
    if pd.api.types.is_bool_dtype(column):
        said = np.array([None if cell is pd.NA else str(bool(cell)).lower() for cell in column], dtype=object)
        fits |= np.isin(said.astype(str), [value.lower() for value in wanted])
    elif pd.api.types.is_numeric_dtype(column):  # 2021 is also 2021.0
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        asked = [found for word in wanted if (found := number(word)[0]) is not None]
        fits |= np.isin(values, asked)
    else:
        cells = ["" if is_blank(cell) else tidy(_written(cell)) for cell in column]
        fits |= np.isin(np.array(cells, dtype=str), wanted)
        dated = [w for w in wanted if "-" in w and w.replace("-", "").isdigit()]
        days = {day for word in dated if (day := roc_date(word)[0])}
        if days:  # however the file writes it
            fits |= np.array([roc_date(cell)[0] in days for cell in cells], dtype=bool)
    if len(column) and not fits.any():
        there = sorted({str(cell) for cell in column if not is_blank(cell)})
        listed = ", ".join(there[:SHOWN]) + (" …" if len(there) > SHOWN else "")
        asked_for = " or ".join(f"'{value}'" for value in test.equals)
        out.problems.append(
            Problem(None, test.column, f"is nowhere {asked_for}; it has: {listed or 'nothing'}")
        )
    return fits


def _by(column: pd.Series, test: RowTest, numbers: Sequence[int], out: Selected, among: Bools) -> Bools:
    assert test.by is not None
    limit = _span(test.by)[1]
    fits = np.zeros(len(column), dtype=bool)
    empty = unclear = 0
    known: dict[str, tuple[str | None, str]] = {}
    for at, cell in enumerate(column):
        if not among[at]:
            continue
        if is_blank(cell):
            empty += 1
            continue
        text = _written(cell)
        if text not in known:
            known[text] = roc_date(text)
        day, reason = known[text]
        if day is None:
            if reason:
                out.problems.append(Problem(numbers[at], test.column, reason, text[:80]))
            else:
                empty += 1
            continue
        first, last = _span(day)
        fits[at] = last <= limit
        unclear += first <= limit < last
    if empty:
        out.notes.append(
            Text(
                f"「{test.column}」有 {empty:,} 列沒有日期，視為尚未就緒而不選入。",
                f"{empty:,} rows have no date in '{test.column}' and are not chosen.",
            )
        )
    if unclear:
        out.notes.append(
            Text(
                f"「{test.column}」有 {unclear:,} 列只寫到月或年，無法確定是否在 {test.by} 以前，不選入。",
                f"{unclear:,} rows give only a month or year in '{test.column}' that {test.by} lies in, and are "
                "not chosen.",
            )
        )
    return fits


def _written(cell: object) -> str:
    """A cell as a person would write it: workbooks and maps hold numbers and timestamps as dates."""
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _span(day: str) -> tuple[str, str]:
    """First and last day, ISO text, of a date, month or year."""
    parts = [int(part) for part in day.split("-")]
    if len(parts) == 3:
        return day, day
    if len(parts) == 2:
        return f"{day}-01", f"{day}-{monthrange(parts[0], parts[1])[1]:02d}"
    return f"{day}-01-01", f"{day}-12-31"
