"""
Tables with a row a unit: which column holds the codes, which of them stand twice, which are of another year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from notspot_geodata import reference
from notspot_geodata.codes import DIGITS, NAMES, Level, codes_by_name, embedded_codes
from notspot_geodata.errors import Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.row_tests import Selection
from notspot_geodata.selection import column_of, no_such_column, numbers_of, select
from notspot_geodata.tables import read_table
from notspot_geodata.text import Text, official_name

KEYS: Mapping[Level, str] = {
    "village": "village_code",
    "township": "town_code",
    "county": "county_code",
}
ENOUGH = 0.5  # of the codes of a table must be known; else it is of another year, or of something else


@dataclass(frozen=True, slots=True)
class UnitValues:
    """`values` by code, NaN where there is no figure; the reading's rows; what is wrong and what was concluded."""

    values: pd.Series
    rows: int
    problems: tuple[Problem, ...]
    notes: tuple[Text, ...]


def read_values(
    path: str | Path,
    level: Level,
    column: str,
    *,
    where: Selection = (),
    unknown: Sequence[float] = (),
    sheet: str | None = None,
    encoding: str | None = None,
    ledger: Ledger | None = None,
) -> UnitValues:
    """
    One column of a table, by code of unit. Rows with a problem are left out, and the problems handed back.

    Parameters
    ----------
    column
        Its header, or its meaning.
    unknown
        Numbers that stand for 'no figure'.
    ledger
        Takes units that have no polygon.

    Raises
    ------
    InputError
        The file is no table.
    """
    path = Path(path)
    frame = read_table(path, sheet=sheet, encoding=encoding, ledger=Ledger(), allow_rejects=True)
    reading = frame.attrs["reading"]
    rows = list(frame.attrs["rows"])
    frame.attrs = {}
    found = values_of(
        frame, level, column, rows=rows, written=reading.columns, where=where, unknown=unknown, file=path.name,
        ledger=ledger,
    )  # fmt: skip
    return UnitValues(found.values, reading.rows, (*reading.problems, *found.problems), found.notes)


def values_of(
    frame: pd.DataFrame,
    level: Level,
    column: str,
    *,
    rows: Sequence[int] | None = None,
    written: Mapping[str, str] | None = None,
    where: Selection = (),
    unknown: Sequence[float] = (),
    file: str = "",
    ledger: Ledger | None = None,
) -> UnitValues:
    """As `read_values`, of a frame."""
    numbers = list(rows) if rows is not None else list(range(2, len(frame) + 2))
    empty = pd.Series(dtype="float64", index=pd.Index([], dtype=object))
    chosen = select(frame, where, rows=numbers, written=written)
    problems = list(chosen.problems)
    if where and not problems:
        frame = frame[chosen.mask].reset_index(drop=True)
        numbers = [row for row, kept in zip(numbers, chosen.mask, strict=True) if kept]
    frame, found = with_codes(frame, level, numbers)
    problems += found
    name = column_of(frame, column, written)
    if name is None:
        problems.append(no_such_column(frame, column))
    if any(p.row is None for p in problems) or name is None:
        return UnitValues(empty, len(frame), tuple(problems), tuple(chosen.notes))
    codes = frame[KEYS[level]]
    values, found = numbers_of(frame[name], numbers, column)
    problems += found + repeated(codes, numbers)
    row_of = {code: row for code, row in zip(codes, numbers, strict=True) if isinstance(code, str)}
    problems += not_of_the_year(list(row_of), level, row_of)
    if unknown:
        values = np.where(np.isin(values, list(unknown)), np.nan, values)
    bad = {p.row for p in problems}
    good = codes.notna().to_numpy(bool) & np.array([row not in bad for row in numbers], dtype=bool)
    out = pd.Series(values[good], index=pd.Index(codes[good], dtype=object), name=column).sort_index()
    notes = list(chosen.notes)
    elsewhere = [str(code) for code in out.index if code not in embedded_codes(level)]
    if elsewhere:
        notes.append(_elsewhere(len(out), elsewhere))
        if ledger is not None:
            message = f"is not in the boundaries {reference.VINTAGE}; its figure is of no unit there"
            ledger.refuse(
                file, [Problem(row_of[code], KEYS[level], f"{code} {message}", code) for code in elsewhere]
            )
    return UnitValues(out, len(frame), tuple(problems), tuple(notes))


def with_codes(frame: pd.DataFrame, level: Level, rows: Sequence[int]) -> tuple[pd.DataFrame, list[Problem]]:
    """`frame` with its column of codes; townships and counties without codes are found by their names."""
    key = KEYS[level]
    if key in frame:
        return frame, []
    problems: list[Problem] = []
    if level == "township" and "town" in frame:
        codes, _ = codes_by_name(frame)
        what = "township"
    elif level == "county" and "county" in frame:
        counties = reference.counties()
        by_name = dict(zip(counties["county"], counties["county_code"], strict=True))
        codes = frame["county"].map(lambda name: by_name.get(official_name(str(name))))
        what = "county"
    else:
        other = next((k for k in KEYS if KEYS[k] in frame), None)
        hint = f'; it has codes of the level {other}: level = "{other}"?' if other else ""
        have = ", ".join(map(str, frame.columns))[:400]
        said = f"has no column of {DIGITS[level]}-digit codes ({NAMES[level]}){hint}"
        return frame, [Problem(None, "", f"{said}; its columns are: {have}")]
    for at in np.flatnonzero(codes.isna()).tolist():
        name = str(frame["town" if level == "township" else "county"].iloc[at])
        message = f"'{name}' is no {what} of the boundaries {reference.VINTAGE}"
        problems.append(Problem(rows[at], "town" if level == "township" else "county", message, name))
    return frame.assign(**{key: codes}), problems


def repeated(codes: pd.Series, rows: Sequence[int]) -> list[Problem]:
    """Codes that stand twice; one problem of the file where most do, for then rows are to be chosen."""
    twice = codes.duplicated(keep="first") & codes.notna()
    if not twice.any():
        return []
    if twice.mean() > ENOUGH:
        message = f"{int(twice.sum()):,} codes stand twice or more; a unit has one row"
        hint = 'choose the rows with where = {"column" = "value"}, such as one month'
        return [Problem(None, str(codes.name), f"{message}: {hint}")]
    first: dict[object, int] = {}
    problems = []
    for at, code in enumerate(codes):
        row = first.setdefault(code, rows[at])
        if twice.iloc[at]:
            message = f"{code} stands in row {row} already; a unit has one row"
            problems.append(Problem(rows[at], str(codes.name), message, str(code)))
    return problems


def not_of_the_year(codes: Sequence[str], level: Level, row_of: Mapping[str, int]) -> list[Problem]:
    """A table of which fewer than half of the codes are known; else those that are in no township at all."""
    known = embedded_codes(level)
    strange = [code for code in codes if code not in known]
    if codes and len(strange) > (1 - ENOUGH) * len(codes):
        shown = ", ".join(strange[:5]) + (" …" if len(strange) > 5 else "")
        there = len(codes) - len(strange)
        message = (
            f"only {there:,} of {len(codes):,} codes are in the boundaries {reference.VINTAGE}; not in them: "
            f"{shown}. The table is of another year: {SUGGEST}"
        )
        return [Problem(None, KEYS[level], message)]
    parents = embedded_codes("township") if level == "village" else known
    digits = 8 if level == "village" else DIGITS[level]
    unit = "county" if level == "county" else "township"
    return [
        Problem(
            row_of.get(code),
            KEYS[level],
            f"{code} is in no {unit} of the boundaries {reference.VINTAGE}",
            code,
        )
        for code in strange
        if code[:digits] not in parents
    ]


SUGGEST = "carry its figures over with a crosswalk from their year to 2021-09"


def _elsewhere(count: int, codes: Sequence[str]) -> Text:
    shown = ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")
    return Text(
        f"{count:,} 個代碼中 {count - len(codes):,} 個與 {reference.VINTAGE} 界線相符，{len(codes):,} 個不符"
        f"（{shown}），其數值不計。",
        f"{count - len(codes):,} of {count:,} codes are in the boundaries {reference.VINTAGE}, {len(codes):,} are not "
        f"({shown}): their figures are of no unit there.",
    )
