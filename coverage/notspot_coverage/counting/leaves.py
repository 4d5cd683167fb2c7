"""
The smallest parts of two tables that are compared: villages, and what their parents have beside them. Every
unit is a sum of leaves, so that whatever is said of the leaves adds up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from notspot_coverage.counting.addition import Indices, Member, Values, added, over, part, ratios, sums_of
from notspot_coverage.counting.gathering import (
    CARRIED,
    COVERED,
    LEAST,
    LEVELS,
    MOST,
    NEW,
    OLD,
    PARENTS,
    QUANTITIES,
    TOTAL,
    UNKNOWN,
    Gathered,
    Table,
    above,
    gather,
)
from notspot_geodata.crosswalk import Crosswalk

Side = dict[str, Values]

KEYS = ["service", "of", "subject"]
WHOLE = ("people", "households", "places")


@dataclass(frozen=True, slots=True)
class Leaves:
    """
    The leaves of one service and subject, and the units that they add up to.

    Attributes
    ----------
    old, carried, new
        `QUANTITIES` of each leaf: of the old run, of the old run on the new boundaries, of the new run. ``least``
        and ``most`` are the bounds of what is covered. A leaf that is in one run only is carried to or from nothing.
    kept
        `carried`, but with what is carried to a leaf that the new run lacks.
    there
        Whether a leaf is in the old run on the new boundaries, and in the new run: 1 or 0, shape (2, leaves).
    units
        A row a unit, sorted by level and code: ``level, code, name, unit``; with ``old_`` and ``new_`` in front
        ``total, covered, unknown, least, most, share`` (of those known, percent), ``low, high``; and
        ``carried_total, carried_low, carried_high``.
    whole
        Whether the figures are whole numbers.
    one_sided
        Villages that are in one run only.
    """

    old: Side
    carried: Side
    new: Side
    kept: Side
    there: Values
    units: pd.DataFrame
    whole: bool
    one_sided: int
    _rows: Sequence[Indices]  # the unit of each leaf at each level, -1 for none
    _members: Mapping[int, Member]  # by row of the group

    def add(self, values: Values) -> Values:
        """Values of leaves, shape (leaves,), as sums of units; groups are as the old run has them."""
        return added(values, self._rows, self._members, len(self.units))

    def add_moving(self, parts: Mapping[str, Values]) -> dict[str, Values]:
        """
        Parts of leaves as sums of units, and ``rule``: what leaves bring to a group that they join, or take from one
        that they leave, at the mean of the two runs. A leaf that moves brings half of its own change to each group.
        """
        out = {name: self.add(values) for name, values in parts.items()}
        out["rule"] = np.zeros(len(self.units))
        mean = (self.old["covered"] + self.new["covered"]) / 2
        for at, (before, after) in self._members.items():
            for name, values in parts.items():
                out[name][at] = ((before + after) / 2) @ values
            out["rule"][at] = (after - before) @ mean
        return out

    def shares(self) -> dict[str, Values]:
        """
        Of each unit, from 0 to 1: ``first``, the old share of those known on the new boundaries (NaN where nobody is),
        and what is added to it by ``coverage``, the change of the leaves' shares at the mean of their weights; by
        ``rule``, their change of groups; and by ``presence``, their being in one run only. The last two are the
        mean over all orders in which groups, presence and weights can change (Shapley), at the mean of the shares.
        """
        w0, w1 = (side["total"] - side["unknown"] for side in (self.kept, self.new))
        s0, s1 = ratios(self.kept["covered"], w0, self.new["covered"], w1)
        gone, fresh = self.there[1] == 0, self.there[0] == 0
        w0, w1 = np.where(fresh, w1, w0), np.where(gone, w0, w1)
        mean, rise = (s0 + s1) / 2, s1 - s0
        length = len(self.units)
        out = {name: np.zeros(length) for name in ("first", "coverage", "rule", "presence")}
        whole = np.zeros(length)
        for rows in self._rows:
            at = np.flatnonzero(rows >= 0)
            row = rows[at]

            def weights(b: int, n: int, row: Indices = row, at: Indices = at) -> Values:
                weight = (self.there[b] * (w1 if n else w0))[at]
                return over(weight, sums_of(row, weight, length)[row])

            start, end = weights(0, 0), weights(1, 1)
            presence = (weights(1, 0) - start + end - weights(0, 1)) / 2
            out["first"] += sums_of(row, start * s0[at], length)
            out["coverage"] += sums_of(row, (start + end) / 2 * rise[at], length)
            out["presence"] += sums_of(row, presence * mean[at], length)
            whole += sums_of(row, (self.there[0] * w0)[at], length)
        for unit, member in self._members.items():
            cube = {
                (g, b, n): part(member[g] * self.there[b] * (w1 if n else w0))
                for g in (0, 1)
                for b in (0, 1)
                for n in (0, 1)
            }
            out["first"][unit] = cube[0, 0, 0] @ s0
            out["coverage"][unit] = (cube[0, 0, 0] + cube[1, 1, 1]) @ rise / 2
            out["rule"][unit] = _effect(cube, 0) @ mean
            out["presence"][unit] = _effect(cube, 1) @ mean
            whole[unit] = member[0] @ (self.there[0] * w0)
        out["first"][whole == 0] = np.nan
        return out


def _effect(cube: Mapping[tuple[int, int, int], Values], axis: int) -> Values:
    """What turning one of three factors changes, at the mean of the six orders in which all can turn."""
    out = np.zeros(len(cube[0, 0, 0]))
    for (one, two), weight in {(0, 0): 1 / 3, (0, 1): 1 / 6, (1, 0): 1 / 6, (1, 1): 1 / 3}.items():
        on, off = ((k, one, two) if axis == 0 else (one, k, two) for k in (1, 0))
        out += weight * (cube[on] - cube[off])
    return out


def leaves_of(
    old: pd.DataFrame,
    new: pd.DataFrame,
    crosswalk: Crosswalk | None,
    before: pd.DataFrame | None,
    after: pd.DataFrame | None,
) -> Leaves:
    """
    The leaves of two tables of one service and subject.

    Parameters
    ----------
    crosswalk
        From the villages of the old table to those of the new.
    before, after
        True where a township (index) is in a group (column), in the old and the new run.
    """
    whole = str(new["of"].iloc[0]) in WHOLE
    tables = (Table(old, whole), Table(new, whole))
    found, members, one_sided = gather(tables, crosswalk, (before, after), whole)
    units, rows = _units(found, tables)
    of_group = {
        at: members[code]
        for at, (level, code) in enumerate(zip(units["level"], units["code"], strict=True))
        if level == "group"
    }
    _fill(units, found, tables, rows, of_group)
    kept = dict(zip(QUANTITIES, found.figures[CARRIED].copy(), strict=True))
    found.figures[CARRIED][:, ~found.there[NEW]] = 0.0
    fresh = ~found.there[CARRIED]
    found.figures[CARRIED][:, fresh] = found.figures[NEW][:, fresh]
    there = found.there[[CARRIED, NEW]].astype(np.float64)
    sides = [dict(zip(QUANTITIES, figures, strict=True)) for figures in found.figures]
    return Leaves(
        sides[OLD], sides[CARRIED], sides[NEW], kept, there, units, whole, one_sided, rows, of_group
    )


# ------------------------------------------------------------------ units


def _units(found: Gathered, tables: tuple[Table, Table]) -> tuple[pd.DataFrame, list[Indices]]:
    """A row a unit, and for each level the row of each leaf's unit."""
    words: dict[tuple[str, str], tuple[str, str]] = {}
    for table in tables:
        for level in LEVELS:
            words |= {(level, c): w for c, w in zip(table.codes[level], table.words[level], strict=True)}
    parents = {level: above(found, level) for level in PARENTS}
    has_leaves = {
        (level, code)
        for level in PARENTS
        for code, own in zip(parents[level], found.levels, strict=True)
        if own != level
    }
    units = {key: at for at, key in enumerate(sorted(words, key=_order))}
    beside = np.array([key in has_leaves for key in zip(found.levels, found.codes, strict=True)], bool)
    rest = np.full(len(found.codes), -1, np.int64)
    rest[beside] = len(units) + np.arange(beside.sum())
    rows = [
        np.array([units.get((level, code), -1) for code in codes], np.int64)
        for level, codes in (
            (
                "village",
                [c if own == "village" else "" for own, c in zip(found.levels, found.codes, strict=True)],
            ),
            *parents.items(),
        )
    ]
    keys = list(units)
    named = [words[key] for key in keys]
    for at in np.flatnonzero(beside):
        keys.append(("rest", found.codes[at]))
        named.append(words[found.levels[at], found.codes[at]])
    frame = pd.DataFrame(
        {
            "level": [level for level, _ in keys],
            "code": [code for _, code in keys],
            "name": [name for name, _ in named],
            "unit": [unit for _, unit in named],
        },
        dtype=object,
    )
    return frame, [*rows, rest]


def _order(key: tuple[str, str]) -> tuple[int, str]:
    return LEVELS.index(key[0]), key[1]


def _fill(
    units: pd.DataFrame,
    found: Gathered,
    tables: tuple[Table, Table],
    rows: Sequence[Indices],
    members: Mapping[int, Member],
) -> None:
    """Figures of the units: those of the tables, and sums of leaves where a table lacks a unit."""
    length = len(units)
    keys = list(zip(units["level"], units["code"], strict=True))
    for name, side, table in (("old", OLD, tables[0]), ("new", NEW, tables[1])):
        figures = np.array([added(values, rows, members, length) for values in found.figures[side]])
        shares = np.array([over(100 * figures[q], figures[TOTAL], np.nan) for q in (LEAST, MOST)])
        row_of = {key: row for row, key in enumerate(keys)}
        for level in LEVELS:
            given = np.array([row_of[level, code] for code in table.codes[level]], np.int64)
            figures[:, given], shares[:, given] = table.figures[level], table.shares[level]
        for what, values in zip(QUANTITIES, figures, strict=True):
            units[f"{name}_{what}"] = values
        units[f"{name}_low"], units[f"{name}_high"] = shares
        units[f"{name}_share"] = over(100 * figures[COVERED], figures[TOTAL] - figures[UNKNOWN], np.nan)
    units["carried_total"] = added(found.figures[CARRIED, TOTAL], rows, members, length)
    village = rows[0]
    both = (village >= 0) & found.there[CARRIED] & found.there[NEW]
    for bound, quantity, which in (("low", LEAST, 0), ("high", MOST, 1)):
        moved = found.figures[CARRIED, quantity] - found.figures[OLD, quantity]
        value = units[f"old_{QUANTITIES[quantity]}"].to_numpy() + added(moved, rows, members, length)
        value[village[both]] = found.blurred[which][both]
        share = np.clip(over(100 * value, units["carried_total"].to_numpy(), np.nan), 0, 100)
        share[village[(village >= 0) & ~both]] = np.nan
        units[f"carried_{bound}"] = share
