"""
Codes of units: 11 digits a village, 8 a township, 5 a county, nested; and units found by their names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import pandas as pd

from notspot_geodata import reference
from notspot_geodata.errors import Problem
from notspot_geodata.text import official_name, tidy

Level = Literal["village", "township", "county"]
DIGITS: dict[Level, int] = {"village": 11, "township": 8, "county": 5}
NAMES: dict[Level, str] = {"village": "村里代碼", "township": "鄉鎮市區代碼", "county": "縣市代碼"}

_FORM = {
    "village": re.compile(r"[0-9]{11}|[0-9]{8}[A-Z][0-9]{2}"),  # …S01 is ground that no village has
    "township": re.compile(r"[0-9]{8}"),
    "county": re.compile(r"[0-9]{5}"),
}


@dataclass(slots=True)
class Codes:
    """
    A column of codes as it was understood.

    Attributes
    ----------
    values
        The codes, null where a cell is empty or refused; the index of the column given.
    refused
        Position in the column → why.
    repaired
        What was done to how many cells, a sentence each.
    unassigned
        How many cells are codes of unassigned ground (``…S01``).
    """

    values: pd.Series
    refused: dict[int, str] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)
    unassigned: int = 0


def unit_codes(column: pd.Series, level: Level, known: Collection[str] | None = None) -> Codes:
    """
    A column of codes in their official form.

    Separators, blanks and full-width digits are taken off (``65000010-001``), as is the ``.0`` that a
    workbook adds to a number. A code of another length is repaired only where exactly one repair (the
    leading zero that was lost, the last zero of a 7-digit township code) gives a code that exists, in
    `known` or in the embedded boundaries; otherwise it is refused. Codes of the right form are taken as
    they are, also of other vintages.
    """
    given = ["" if pd.isna(cell) else str(cell) for cell in column]
    text = [_bare(cell) for cell in given]
    form = _FORM[level]
    good = [form.fullmatch(value) is not None for value in text]
    codes = [value if ok else None for value, ok in zip(text, good, strict=True)]
    out = Codes(pd.Series(codes, index=column.index, dtype=object))
    changed = sum(ok and value != cell for ok, value, cell in zip(good, text, given, strict=True))
    if changed:
        out.repaired.append(f"separators or blanks were taken off {changed:,} {NAMES[level]}")
    if level == "village":
        out.unassigned = sum(code is not None and not code.isdigit() for code in codes)
    counts: dict[str, int] = {}
    for position in [i for i, ok in enumerate(good) if not ok]:
        value = text[position]
        if not value:
            continue
        repairs = {code: how for code, how in _candidates(value, level) if code in _known(level, known)}
        if len(repairs) == 1:
            ((code, how),) = repairs.items()
            out.values.iloc[position] = code
            counts[how] = counts.get(how, 0) + 1
        else:
            out.refused[position] = _why(value, level)
    out.repaired += [f"{how} in {count:,} {NAMES[level]}" for how, count in counts.items()]
    return out


def unit_code(text: str, level: Level, known: Collection[str] | None = None) -> tuple[str | None, str]:
    """One code in its official form, or why it is none; see `unit_codes`."""
    found = unit_codes(pd.Series([text]), level, known)
    return found.values.iloc[0], found.refused.get(0, "")


def codes_by_name(frame: pd.DataFrame) -> tuple[pd.Series, list[Problem]]:
    """
    Township codes found by county and township names, for tables without codes.

    臺 and 台 are the same in county and township names. A name is looked up within its county only, for
    大安區, 東區 and others occur in several.

    Parameters
    ----------
    frame
        ``town`` and, unless `town` begins with the county's name, ``county``.

    Returns
    -------
    codes, problems
        Null where no township matches; a problem for each distinct name that does not (row is None).
    """
    towns = reference.townships()
    by_name = {
        (c + t): code for c, t, code in zip(towns["county"], towns["town"], towns["town_code"], strict=True)
    }
    counties = set(towns["county"])
    wanted = frame["town"].fillna("").astype(str).map(official_name)
    if "county" in frame:
        county = frame["county"].fillna("").astype(str).map(official_name)
        full = pd.Series(
            [
                t if any(t.startswith(c) for c in counties) else c + t
                for c, t in zip(county, wanted, strict=True)
            ],
            index=frame.index,
        )
    else:
        full = wanted
    codes = full.map(by_name)
    problems = [
        Problem(None, "town", f"'{name}' is no township of the boundaries {reference.VINTAGE}", name)
        for name in sorted(set(full[codes.isna()]))
    ]
    return codes, problems


# ------------------------------------------------------------------ helpers


def _bare(value: str) -> str:
    if value.isascii() and value.isalnum():
        return value.upper()
    clean = tidy(value)
    clean = re.sub(r"\.0+$", "", clean)
    return re.sub(r"[\s\-_']", "", clean).upper()


def _candidates(value: str, level: Level) -> Sequence[tuple[str, str]]:
    if not (value.isascii() and value.isdigit()):
        return []
    missing = DIGITS[level] - len(value)
    out = []
    if missing == 1:
        out.append(("0" + value, "the leading zero was put back"))
        if level == "township":
            out.append((value + "0", "the last zero of the official 8 digits was added"))
        if level == "village":
            out.append((value[:7] + "0" + value[7:], "the last zero of the township's 8 digits was put in"))
    if missing == 2 and level == "township":
        out.append(("0" + value + "0", "the leading and the last zero were put back"))
    return out


def _known(level: Level, known: Collection[str] | None) -> Collection[str]:
    return embedded_codes(level) if known is None else {*known, *embedded_codes(level)}


@cache
def embedded_codes(level: Level) -> frozenset[str]:
    """The codes of the embedded boundaries, the villages without a polygon included."""
    if level == "county":
        return frozenset(reference.counties()["county_code"])
    if level == "township":
        return frozenset(reference.townships()["town_code"])
    return frozenset(reference.villages()["village_code"]) | frozenset(
        reference.missing_villages()["village_code"]
    )


def _why(value: str, level: Level) -> str:
    digits = DIGITS[level]
    if re.fullmatch(r"[0-9](\.[0-9]+)?E\+?[0-9]+", value):
        return f"'{value[:40]}': a spreadsheet has rounded the {NAMES[level]}; its digits are lost, export it as text"
    if not (value.isascii() and value.isdigit()):
        return f"'{value[:40]}' is not a {NAMES[level]}, which has {digits} digits"
    if len(value) == digits - 1:
        lost = "a leading zero was probably lost: read the column as text"
        return f"'{value}' has {len(value)} digits, {digits} are needed; {lost}"
    return f"'{value[:40]}' has {len(value)} digits, {digits} are needed"
