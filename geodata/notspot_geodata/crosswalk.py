"""
Crosswalks between vintages of units: where the people of an old code are on the new boundaries, when units
were split, merged or given another code. People are conserved to the person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_geodata.codes import Level, embedded_codes
from notspot_geodata.crosswalk_checks import COLUMNS, checked_rows
from notspot_geodata.errors import InputError, NotFoundError, Problem, UsageError
from notspot_geodata.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """
    Where the people of old codes are now. Codes that are not in it are what they were.

    Attributes
    ----------
    rows
        A row an old and a new code, sorted by both: ``old_code, new_code`` (text), ``share`` (of the old unit's people
        that are in the new unit, above 0 up to 1), ``kind`` (one of `KINDS`), ``basis`` (what the share rests on:
        decision, register, area, points, …), ``plus_minus`` (how far off the share may be, 0 where it is a fact, NaN
        where that is not known), ``note``.
    level
        What the codes are.
    old, new
        The two vintages, as ``2021-03``.
    """

    rows: pd.DataFrame
    level: Level = "village"
    old: str = ""
    new: str = ""

    def links(self, codes: Iterable[str]) -> pd.DataFrame:
        """
        ``old_code, new_code, share, plus_minus`` for each of `codes`, sorted: one row with the share 1 to itself
        for a code that is not in the crosswalk. An unknown ``plus_minus`` is as much as the share leaves open.
        """
        wanted = sorted(set(codes))
        rows = self.rows[self.rows["old_code"].isin(set(wanted))]
        known = set(rows["old_code"])
        rest = [code for code in wanted if code not in known]
        alone = pd.DataFrame({"old_code": rest, "new_code": rest, "share": 1.0, "plus_minus": 0.0})
        named = ["old_code", "new_code", "share", "plus_minus"]
        out = pd.concat([rows[named], alone.astype({"old_code": object, "new_code": object})])
        open_to = out["share"].where(out["share"] > 0.5, 1 - out["share"])
        out["plus_minus"] = out["plus_minus"].fillna(open_to.where(out["share"] < 1, 0.0))
        return out.sort_values(["old_code", "new_code"], ignore_index=True)

    def then(self, later: Crosswalk) -> Crosswalk:
        """
        This crosswalk and a later one as one: from the old codes of this to the new codes of that.

        Raises
        ------
        UsageError
            The vintages do not meet, or the codes are not of one level.
        """
        if self.level != later.level:
            raise UsageError(f"a crosswalk of the {self.level} codes cannot go on in {later.level} codes")
        if self.new and later.old and self.new != later.old:
            raise UsageError(f"one crosswalk ends in {self.new}, the next begins in {later.old}")
        return Crosswalk(_composed(self.rows, later.rows), self.level, self.old, later.new)

    def __len__(self) -> int:
        return len(self.rows)


def carry(
    counts: pd.DataFrame,
    crosswalk: Crosswalk,
    *,
    ledger: Ledger | None = None,
    file: str = "",
    placed: Collection[str] | None = None,
) -> pd.DataFrame:
    """
    Counts by old code as counts by new code, every column conserved to the person.

    Each code is divided by its shares into whole numbers, by the largest remainder (Hamilton's method; of equal
    remainders the lower new code goes first). Rows in another order give the same.

    Parameters
    ----------
    counts
        Indexed by code (text, unique): whole numbers, at least 0, none missing; ``people``, ``households`` …
        A column ``name`` is left out.
    ledger
        Takes an entry for each code that was carried, with where to and on what grounds, and for each that is not
        in `placed` afterwards.
    file
        What the ledger calls the counts.
    placed
        Codes that have a polygon. People of other codes are kept, and are unplaced.

    Returns
    -------
    carried
        Indexed by new code, sorted; the same columns.

    Raises
    ------
    InputError
        Codes that stand twice, and counts that are no whole numbers: all of them.
    """
    counts = counts.drop(columns="name", errors="ignore")
    _check_counts(counts, file or "counts")
    links = crosswalk.links(counts.index)
    at = pd.Index(counts.index).get_indexer(links["old_code"])
    start = np.flatnonzero(np.r_[True, links["old_code"].to_numpy()[1:] != links["old_code"].to_numpy()[:-1]])
    share = links["share"].to_numpy(np.float64)
    parts = {
        str(column): divided(counts[column].to_numpy(np.int64)[at[start]], share, start) for column in counts
    }
    whole = pd.DataFrame(parts, index=pd.Index(links["new_code"], name=counts.index.name, dtype=object))
    out = whole.groupby(level=0, sort=True).sum().astype("int64")
    out.index.name = counts.index.name
    if ledger is not None:
        _enter(ledger, file, counts, crosswalk, out, placed)
    return out


def divided(
    totals: NDArray[np.int64], share: NDArray[np.float64], start: NDArray[np.intp]
) -> NDArray[np.int64]:
    """
    Whole totals, shape (units,), divided by the largest remainder into parts, shape (parts,).

    The parts of unit i begin at ``start[i]``; their shares add up to 1. Of equal remainders the first goes first.
    """
    unit = np.repeat(np.arange(len(start)), np.diff(np.r_[start, len(share)]))
    quota = totals[unit] * share
    part = np.floor(quota + 1e-9).astype(np.int64)  # 3 × 1/3 is one whole, whatever the rounding
    left = totals - np.bincount(unit, part, len(start)).astype(np.int64)
    order = np.lexsort((np.arange(len(share)), -np.round(quota - part, 9), unit))
    rank = np.empty(len(share), np.int64)
    rank[order] = np.arange(len(share)) - start[unit[order]]
    part += rank < left[unit]
    # shares that add up to a little more than 1: what is too much is taken from the last
    over = np.minimum(left, 0)
    last = np.r_[start[1:], len(share)].astype(np.intp) - 1
    if len(last):
        part[last] += over
    return part


def read_crosswalk(
    path: str | Path,
    *,
    level: Level = "village",
    old: str = "",
    new: str = "",
    known: Collection[str] | None = None,
) -> Crosswalk:
    """
    A crosswalk from a CSV file (UTF-8) with the columns `NEEDED`, and ``plus_minus`` and ``note`` where there are any.

    Parameters
    ----------
    known
        The codes of the new vintage; without it those of the embedded boundaries.

    Raises
    ------
    InputError
        With every problem: columns that are missing; codes that are malformed, or unknown in the new vintage;
        shares that are no numbers above 0 up to 1, or do not add up to 1 for an old code; kinds that contradict the
        shares; rows that stand twice; whole units that are handed round in a ring.
    NotFoundError
        No such file.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file")
    return _read(path.read_bytes(), path.name, level, old, new, known)


@cache
def village_changes() -> Crosswalk:
    """
    The villages of 2021-03 that are not those of 2021-09: the reorganisation of 屏東市 and 東港鎮, and two new names.

    ``docs/comparison.md`` says what each row rests on. Villages that kept their code and whose border moved are in it
    as far as that is known.
    """
    data = (files("notspot_geodata") / "data" / "village_changes_2021.csv").read_bytes()
    return _read(data, "village_changes_2021.csv", "village", "2021-03", "2021-09", None)


def write_crosswalk(crosswalk: Crosswalk, path: str | Path) -> None:
    """As `read_crosswalk` reads it: UTF-8 with BOM, shares so that they read back to the same numbers."""
    Path(path).write_text(
        crosswalk.rows[list(COLUMNS)].to_csv(index=False, lineterminator="\n"),
        encoding="utf-8-sig",
        newline="\r\n",
    )


def crosswalk_of(rows: pd.DataFrame, level: Level = "village", old: str = "", new: str = "") -> Crosswalk:
    """A crosswalk from a frame with the columns `COLUMNS` (the last two may be missing), checked as a file is."""
    text = pd.DataFrame({c: [_text(value) for value in rows[c]] for c in COLUMNS if c in rows}, dtype=object)
    return Crosswalk(checked_rows(text, "crosswalk", level), level, old, new)


def kinds(rows: pd.DataFrame) -> list[str]:
    """
    The kind of each row of ``old_code, new_code``, from the codes alone: several new codes are a split; one is the
    same, or a merge where others go there too, or else a recoding.
    """
    targets = rows.groupby("old_code")["new_code"].transform("size").to_numpy()
    sources = rows.groupby("new_code")["old_code"].transform("size").to_numpy()
    same = (rows["old_code"] == rows["new_code"]).to_numpy()
    return list(
        np.where(targets > 1, "split", np.where(same, "same", np.where(sources > 1, "merge", "recode")))
    )


# ------------------------------------------------------------------ helpers


def _read(
    data: bytes, name: str, level: Level, old: str, new: str, known: Collection[str] | None
) -> Crosswalk:
    try:
        rows = pd.read_csv(BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, [Problem(None, "", "is not UTF-8 text; save it as CSV UTF-8")]) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(name, [Problem(None, "", f"is no table: {error}")]) from error
    codes = embedded_codes(level) if known is None else known
    return Crosswalk(checked_rows(rows, name, level, codes), level, old, new)


def _composed(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    later = second.rename(columns={"old_code": "middle", "new_code": "code"})
    joined = first.rename(columns={"new_code": "middle"}).merge(
        later, on="middle", how="left", suffixes=("", "_2")
    )
    on = joined["code"].notna()
    joined["code"] = joined["code"].where(on, joined["middle"])
    share = joined["share_2"].where(on, 1.0)
    blurred = joined["plus_minus_2"].where(on, 0.0)
    joined["plus_minus"] = joined["plus_minus"] * share + joined["share"] * blurred
    joined["share"] = joined["share"] * share
    for column in ("kind", "basis", "note"):
        joined[column] = [
            _words(both) for both in zip(joined[column], joined[f"{column}_2"].fillna(""), strict=True)
        ]
    joined = joined.rename(columns={"code": "new_code"})[list(COLUMNS)]
    new = second[~second["old_code"].isin(set(first["old_code"]))]
    rows = pd.concat([joined, new[list(COLUMNS)]], ignore_index=True)
    rows["plus_minus"] = rows["plus_minus"].fillna(np.inf)  # what one part does not know, the whole does not
    grouped = rows.groupby(["old_code", "new_code"], sort=True)
    out = grouped[["share", "plus_minus"]].sum()
    for column in ("kind", "basis", "note"):
        out[column] = grouped[column].agg(_words)
    out = out.reset_index()
    out["plus_minus"] = out["plus_minus"].clip(upper=1.0).where(np.isfinite(out["plus_minus"]))
    plain = kinds(out)
    merged = ["merge" in str(kind) for kind in out["kind"]]
    out["kind"] = [
        "merge" if kind == "recode" and was else kind for kind, was in zip(plain, merged, strict=True)
    ]
    out.loc[out["kind"] != "split", "share"] = 1.0  # rounding only
    return out[list(COLUMNS)]


def _words(cells: Iterable[Any]) -> str:
    """What the cells say, each thing once."""
    return " / ".join(dict.fromkeys(word for cell in cells for word in str(cell).split(" / ") if word))


def _check_counts(counts: pd.DataFrame, file: str) -> None:
    problems = [
        Problem(None, "code", f"{code} stands more than once", str(code))
        for code in sorted(set(counts.index[counts.index.duplicated()]), key=str)
    ]
    for column in counts:
        values = pd.to_numeric(counts[column], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            bad = ~np.isfinite(values) | (values < 0) | (values != np.floor(values))
        for code, value in counts[column][bad].items():
            problems.append(
                Problem(
                    None, str(column), f"of {code} is {value}; whole numbers from 0 are carried", str(value)
                )
            )
    if problems:
        raise InputError(file, problems)


def _enter(
    ledger: Ledger,
    file: str,
    counts: pd.DataFrame,
    crosswalk: Crosswalk,
    carried: pd.DataFrame,
    placed: Collection[str] | None,
) -> None:
    field = "code" if counts.index.name is None else str(counts.index.name)
    moved = crosswalk.rows[
        crosswalk.rows["old_code"].isin(set(counts.index)) & (crosswalk.rows["kind"] != "same")
    ]
    for code, rows in moved.groupby("old_code", sort=True):
        where = "; ".join(_where(row) for row in rows.itertuples(index=False))
        _entry(ledger, file, field, str(code), f"carried over to {where}", _people(counts, code))
    if placed is None:
        return
    has = set(placed)
    for code in carried.index:
        if code not in has:
            reason = "has no polygon; its people are unplaced in the village and counted in its township"
            _entry(ledger, file, field, str(code), reason, _people(carried, code))


def _where(row: Any) -> str:
    part = "" if row.share == 1 else f" ({row.share:.1%})"
    return f"{row.new_code}{part}, {row.kind} by {row.basis}"


def _entry(ledger: Ledger, file: str, field: str, value: str, reason: str, people: int | None) -> None:
    ledger.rows.append(
        {
            "file": Path(file).name,
            "row": None,
            "field": field,
            "value": value,
            "reason": reason,
            "people": people,
        }
    )


def _people(counts: pd.DataFrame, code: object) -> int | None:
    return int(counts["people"].loc[str(code)]) if "people" in counts else None


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    return repr(value) if isinstance(value, float) else str(value)
