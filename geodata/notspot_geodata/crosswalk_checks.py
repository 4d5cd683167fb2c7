"""
What may be wrong with a crosswalk: every problem of its rows at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_geodata.codes import NAMES, Level, unit_codes
from notspot_geodata.errors import InputError, Problem

KINDS = ("same", "recode", "merge", "split")
NEEDED = ("old_code", "new_code", "share", "kind", "basis")
COLUMNS = (*NEEDED, "plus_minus", "note")
TOLERANCE = 1e-6  # of a share: six decimals in a file
FIRST_ROW = 2  # of a file, after its header


def checked_rows(
    rows: pd.DataFrame, name: str, level: Level, known: Collection[str] | None = None
) -> pd.DataFrame:
    """
    Rows of text as rows of a crosswalk: the columns `COLUMNS`, sorted by codes, the shares of a code adding up to 1.

    Parameters
    ----------
    name
        What errors call the rows.
    known
        The codes of the new vintage; None where any will do.

    Raises
    ------
    InputError
        See `notspot_geodata.crosswalk.read_crosswalk`.
    """
    missing = [Problem(1, column, "is missing from the header") for column in NEEDED if column not in rows]
    if missing:
        raise InputError(name, missing, hint=f"A crosswalk has the columns {', '.join(COLUMNS)}.")
    rows = rows.reset_index(drop=True)
    blank = pd.Series("", index=rows.index)
    problems: list[Problem] = []
    out = pd.DataFrame(
        {
            "old_code": _codes(rows["old_code"], "old_code", level, problems),
            "new_code": _codes(rows["new_code"], "new_code", level, problems),
            "share": _numbers(rows["share"], "share", problems),
            "kind": rows["kind"].str.strip(),
            "basis": rows["basis"].str.strip(),
            "plus_minus": _numbers(rows.get("plus_minus", blank), "plus_minus", problems),
            "note": rows.get("note", blank),
        }
    )
    problems += _of_rows(out, known)
    problems += _of_codes(out)
    if problems:
        bad = len({problem.row for problem in problems})
        raise InputError(
            name,
            sorted(problems, key=lambda problem: problem.row or 0),
            summary=f"{len(rows) - bad:,} of {len(rows):,} rows usable",
            hint="Nothing was carried: a crosswalk is used whole or not at all.",
        )
    out["share"] /= out.groupby("old_code")["share"].transform("sum")
    return out[list(COLUMNS)].sort_values(["old_code", "new_code"], ignore_index=True)


def _codes(column: pd.Series[Any], field: str, level: Level, problems: list[Problem]) -> pd.Series[Any]:
    found = unit_codes(column, level)
    for at, why in found.refused.items():
        problems.append(Problem(at + FIRST_ROW, field, why, str(column.iloc[at])))
    for at, (code, cell) in enumerate(zip(found.values, column, strict=True)):
        if code is None and at not in found.refused:
            problems.append(
                Problem(at + FIRST_ROW, field, f"is empty; a {NAMES[level]} is needed", str(cell))
            )
    return found.values


def _numbers(cells: pd.Series[Any], field: str, problems: list[Problem]) -> NDArray[np.float64]:
    """Shares above 0 up to 1; for ``plus_minus`` 0 and nothing are allowed as well."""
    needed = field == "share"
    out = np.full(len(cells), np.nan)
    for at, cell in enumerate(cells):
        text = str(cell).strip()
        if not text and not needed:
            continue
        try:
            value = float(text)
        except ValueError:
            problems.append(Problem(at + FIRST_ROW, field, f"{text[:40]!r} is not a number", text))
            continue
        if (value > 0 or (value == 0 and not needed)) and value <= 1 + TOLERANCE:
            out[at] = min(value, 1.0)
            continue
        span = "above 0 up to 1" if needed else "from 0 to 1"
        problems.append(
            Problem(at + FIRST_ROW, field, f"{text[:40]} is not {span}; 35 % is written 0.35", text)
        )
    return out


def _of_rows(rows: pd.DataFrame, known: Collection[str] | None) -> Iterator[Problem]:
    exists = None if known is None else frozenset(known)
    seen: dict[tuple[str, str], int] = {}
    for at, row in enumerate(_records(rows), start=FIRST_ROW):
        old, new, kind = row["old_code"], row["new_code"], row["kind"]
        if new is not None and exists is not None and new not in exists:
            yield Problem(at, "new_code", f"{new} is not in the new boundaries", new)
        if not row["basis"]:
            yield Problem(at, "basis", "is empty; say what the share rests on")
        if kind not in KINDS:
            yield Problem(at, "kind", f"{kind[:40]!r} is none of {', '.join(KINDS)}", kind)
        if old is None or new is None:
            continue
        if kind in KINDS and (why := _contradiction(old, new, kind, row["share"])):
            yield Problem(at, "kind", why, kind)
        if (old, new) in seen:
            yield Problem(at, "old_code", f"{old} to {new} stands in row {seen[old, new]} already", old)
        seen.setdefault((old, new), at)


def _contradiction(old: str, new: str, kind: str, share: float) -> str:
    if share == share and (share < 1 - TOLERANCE) != (kind == "split"):
        return f"is {kind} with the share {share:g}; a split has shares below 1, the others have 1"
    if kind == "same" and old != new:
        return f"is same, but {old} becomes {new}; that is a recode or a merge"
    if kind in ("recode", "merge") and old == new:
        return f"is {kind}, but the code stays {old}; that is the same"
    return ""


def _of_codes(rows: pd.DataFrame) -> Iterator[Problem]:
    """Shares that do not add up, and whole units that are handed round in a ring."""
    first: dict[str, int] = {}
    total: dict[str, list[float]] = {}
    goes: dict[str, set[str]] = {}
    for at, row in enumerate(_records(rows), start=FIRST_ROW):
        old, new = row["old_code"], row["new_code"]
        if old is None:
            continue
        first.setdefault(old, at)
        total.setdefault(old, []).append(row["share"])
        goes.setdefault(old, set())
        if new is not None:
            goes[old].add(new)
    for code, shares in total.items():
        share = sum(shares)  # NaN where one is no number, which is told of in its own row
        if abs(share - 1) > TOLERANCE * len(shares):
            message = f"of {code}: its shares add up to {share:.7g}, not to 1; people would be lost or made"
            yield Problem(first[code], "share", message, code)
    for ring in rings({code: new for code, new in goes.items() if code not in new}):
        message = f"goes round in a ring: {' → '.join([*ring, ring[0]])}; a crosswalk leads one way only"
        yield Problem(first[ring[0]], "new_code", message, ring[0])


def rings(goes: dict[str, set[str]]) -> list[list[str]]:
    """Rings in which codes lead to each other, one of each knot, each from its lowest code met."""
    left = dict(goes)
    out: list[list[str]] = []
    while left:
        ends = [code for code, new in left.items() if not new & left.keys()]
        for code in ends:
            del left[code]
        if ends or not left:
            continue
        path = [min(left)]  # every code that is left leads to another that is
        while (after := min(left[path[-1]] & left.keys())) not in path:
            path.append(after)
        out.append(path[path.index(after) :])
        for code in out[-1]:
            del left[code]
    return out


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]
