"""
The leaves of two tables: villages on old and new boundaries, and what their parents have beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.addition import NEAR, Indices, Member, Values, difference, sums_of
from notspot_coverage.groups import NATION
from notspot_geodata.crosswalk import Crosswalk, divided

QUANTITIES = (
    "total",
    "covered",
    "unknown",
    "least",
    "most",
)  # the last two are the bounds of what is covered
OLD, CARRIED, NEW = range(3)
TOTAL, COVERED, UNKNOWN, LEAST, MOST = range(5)
PARENTS = ("township", "county", "nation")
LEVELS = ("nation", "group", "county", "township", "village", "rest")
DIGITS = {"township": 8, "county": 5}


def gather(
    tables: tuple[Table, Table],
    crosswalk: Crosswalk | None,
    groups: tuple[pd.DataFrame | None, pd.DataFrame | None],
    whole: bool,
) -> tuple[Gathered, dict[str, Member], int]:
    """
    The leaves of an old and a new table, their membership in each group, and how many villages are in one only.

    Parameters
    ----------
    groups
        True where a township (index) is in a group (column), in the old and the new run.
    """
    found = _villages(tables, crosswalk, whole)
    one_sided = int((found.there[CARRIED] != found.there[NEW]).sum())
    for level in PARENTS:
        found = found.joined(_rest(found, tables, level, whole))
    found, members = _groups(found, tables, groups, whole)
    return found, members, one_sided


class Table:
    """One table, level by level: codes, and `QUANTITIES` in rows."""

    def __init__(self, frame: pd.DataFrame, whole: bool) -> None:
        level = frame["level"].to_numpy(object)
        code = frame["code"].to_numpy(object)
        total, covered, unknown, low, high = (
            frame[name].to_numpy(np.float64, na_value=np.nan)
            for name in ("total", "covered", "unknown", "low", "high")
        )
        least, most = (np.nan_to_num(share * total / 100) for share in (low, high))
        if whole:
            least, most = np.rint(least), np.rint(most)
        else:  # a bound that was written as a share is off by rounding
            near = NEAR * np.maximum(1, total)
            least, most = (np.where(np.abs(x - covered) <= near, covered, x) for x in (least, most))
        figures = np.array([total, covered, unknown, np.minimum(least, covered), np.maximum(most, covered)])
        words = [frame[name].to_numpy(object) for name in ("name", "unit")]
        self.codes: dict[str, list[str]] = {}
        self.figures: dict[str, Values] = {}
        self.shares: dict[str, Values] = {}
        self.words: dict[str, list[tuple[str, str]]] = {}
        for name in LEVELS:
            here = np.flatnonzero(level == name)
            self.codes[name] = [str(c) for c in code[here]]
            self.figures[name] = figures[:, here]
            self.shares[name] = np.array([low[here], high[here]])
            self.words[name] = list(zip(words[0][here], words[1][here], strict=True))

    def look_up(self, level: str, codes: Iterable[str]) -> Indices:
        at = {code: i for i, code in enumerate(self.codes[level])}
        return np.array([at.get(code, -1) for code in codes], np.int64)

    def of(self, level: str, at: Indices) -> Values:
        """`QUANTITIES` of rows; 0 where the position is -1."""
        out = np.zeros((len(QUANTITIES), len(at)))
        out[:, at >= 0] = self.figures[level][:, at[at >= 0]]
        return out


@dataclass(slots=True)
class Gathered:
    """
    Leaves of all levels.

    Attributes
    ----------
    levels, codes
        Of the village, or of the parent whose rest it is.
    figures
        Shape (sides, quantities, leaves).
    there
        Whether a side has the leaf, shape (sides, leaves).
    blurred
        ``least`` and ``most`` on the new boundaries where shares of the crosswalk may be off, shape (2, leaves).
    """

    levels: list[str]
    codes: list[str]
    figures: Values
    there: NDArray[np.bool_]
    blurred: Values

    def joined(self, other: Gathered) -> Gathered:
        return Gathered(
            self.levels + other.levels,
            self.codes + other.codes,
            np.concatenate([self.figures, other.figures], axis=2),
            np.concatenate([self.there, other.there], axis=1),
            np.concatenate([self.blurred, other.blurred], axis=1),
        )


def _villages(tables: tuple[Table, Table], crosswalk: Crosswalk | None, whole: bool) -> Gathered:
    before, after = (table.codes["village"] for table in tables)
    carried_codes, carried = before, tables[0].figures["village"]
    blurred = carried[[LEAST, MOST]]
    if crosswalk is not None and crosswalk.level == "village" and before:
        carried_codes, carried, blurred = _carried(tables[0], crosswalk, whole)
    codes = sorted({*before, *carried_codes, *after})
    moved = {code: at for at, code in enumerate(carried_codes)}
    at = [
        tables[0].look_up("village", codes),
        np.array([moved.get(code, -1) for code in codes], np.int64),
        tables[1].look_up("village", codes),
    ]
    figures = np.zeros((3, len(QUANTITIES), len(codes)))
    figures[OLD], figures[NEW] = tables[0].of("village", at[OLD]), tables[1].of("village", at[NEW])
    here = at[CARRIED] >= 0
    figures[CARRIED][:, here] = carried[:, at[CARRIED][here]]
    bounds = np.zeros((2, len(codes)))
    bounds[:, here] = blurred[:, at[CARRIED][here]]
    return Gathered(["village"] * len(codes), codes, figures, np.array(at).reshape(3, -1) >= 0, bounds)


def _carried(table: Table, crosswalk: Crosswalk, whole: bool) -> tuple[list[str], Values, Values]:
    """Figures on the new boundaries; the blurred bounds are those that a share off by its ``plus_minus`` would give."""
    links = crosswalk.links(table.codes["village"])
    own = table.of("village", table.look_up("village", links["old_code"]))
    share, blur = links["share"].to_numpy(np.float64), links["plus_minus"].to_numpy(np.float64)
    codes = links["old_code"].to_numpy(object)
    start = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    parts = own[[COVERED, UNKNOWN, TOTAL]]
    parts[2] -= parts[0] + parts[1]  # those who are not covered
    for row in parts:
        row[:] = divided(np.rint(row[start]).astype(np.int64), share, start) if whole else share * row
    figures = np.array([parts.sum(axis=0), parts[0], parts[1], share * own[LEAST], share * own[MOST]])
    bounds = np.array([np.maximum(share - blur, 0) * own[LEAST], np.minimum(share + blur, 1) * own[MOST]])
    to = sorted(set(links["new_code"]))
    place = {code: at for at, code in enumerate(to)}
    rows = np.array([place[code] for code in links["new_code"]], np.int64)
    return (
        to,
        np.array([sums_of(rows, values, len(to)) for values in figures]),
        np.array([sums_of(rows, values, len(to)) for values in bounds]),
    )


def _rest(found: Gathered, tables: tuple[Table, Table], level: str, whole: bool) -> Gathered:
    """What the units of a level have beside the leaves so far: all they have, where they have no leaves."""
    codes = sorted({*tables[0].codes[level], *tables[1].codes[level]})
    place = {code: at for at, code in enumerate(codes)}
    parent = np.array([place.get(code, -1) for code in above(found, level)], np.int64)
    parents = np.bincount(parent[parent >= 0], minlength=len(codes)) > 0
    figures = np.zeros((3, len(QUANTITIES), len(codes)))
    there = np.ones((3, len(codes)), bool)
    for side, table in ((OLD, tables[0]), (NEW, tables[1])):
        at = table.look_up(level, codes)
        own = table.of(level, at)
        for quantity in (TOTAL, COVERED, UNKNOWN):
            leaves = sums_of(parent[parent >= 0], found.figures[side, quantity][parent >= 0], len(codes))
            figures[side, quantity] = difference(np.where(at >= 0, own[quantity], leaves), leaves, whole)
        there[side] = (at >= 0) | parents
    return _beside(level, codes, figures, there, ~parents)


def _groups(
    found: Gathered,
    tables: tuple[Table, Table],
    groups: tuple[pd.DataFrame | None, pd.DataFrame | None],
    whole: bool,
) -> tuple[Gathered, dict[str, Member]]:
    """With a leaf for what each group has beside its townships; and the membership of every leaf in each group."""
    codes = sorted({*tables[0].codes["group"], *tables[1].codes["group"]})
    towns = [code[: DIGITS["township"]] for code in found.codes]
    members = {code: [_member(towns, frame, code) for frame in groups] for code in codes}
    figures = np.zeros((3, len(QUANTITIES), len(codes)))
    for side, table, which in ((OLD, tables[0], 0), (NEW, tables[1], 1)):
        at = table.look_up("group", codes)
        own = table.of("group", at)
        for quantity in (TOTAL, COVERED, UNKNOWN):
            sums = np.array([members[code][which] @ found.figures[side, quantity] for code in codes])
            figures[side, quantity] = difference(np.where(at >= 0, own[quantity], sums), sums, whole)
    rest = _beside("group", codes, figures, np.ones((3, len(codes)), bool), np.ones(len(codes), bool))
    alone = np.eye(len(codes))
    full = {
        code: (np.r_[member[0], alone[at]], np.r_[member[1], alone[at]])
        for at, (code, member) in enumerate(members.items())
    }
    return found.joined(rest), full


def _beside(
    level: str, codes: list[str], figures: Values, there: NDArray[np.bool_], alone: NDArray[np.bool_]
) -> Gathered:
    """Leaves of parents: those that are not nothing, and those that are all there is of their parent."""
    figures[:, LEAST] = figures[:, COVERED]
    figures[:, MOST] = figures[:, COVERED] + figures[:, UNKNOWN]
    figures[CARRIED], there[CARRIED] = figures[OLD], there[OLD]
    keep = alone | (figures[:, :3] != 0).any(axis=(0, 1))
    kept = [code for code, some in zip(codes, keep, strict=True) if some]
    return Gathered([level] * len(kept), kept, figures[:, :, keep], there[:, keep], np.zeros((2, len(kept))))


def above(found: Gathered, level: str) -> list[str]:
    """The unit of a level that each leaf is in, by its code; empty where it is in none."""
    if level == "nation":
        return ["" if own == "group" else NATION for own in found.levels]
    cut = DIGITS[level]
    return [
        code[:cut] if own not in ("group", "nation") and len(code) >= cut else ""
        for own, code in zip(found.levels, found.codes, strict=True)
    ]


def _member(towns: list[str], groups: pd.DataFrame | None, code: str) -> Values:
    if groups is None or code not in groups:
        return np.zeros(len(towns))
    belongs = dict(zip(groups.index, groups[code].astype(float), strict=True))
    return np.array([belongs.get(town, 0.0) for town in towns])
