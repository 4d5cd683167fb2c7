"""
Two runs compared: what changed in each unit, split into boundaries, population, coverage and rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from notspot_coverage.counting.addition import Values, ratios
from notspot_coverage.counting.definition import changed_definitions
from notspot_coverage.counting.gathering import QUANTITIES
from notspot_coverage.counting.leaves import KEYS, Leaves, leaves_of
from notspot_geodata.crosswalk import Crosswalk
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.text import Text

NEEDED = (*KEYS, "level", "code", "name", "total", "covered", "unknown", "low", "best", "high", "unit")
PARTS = ("boundary", "population", "coverage", "rule")
CHANGES = (
    *KEYS, "level", "code", "name", "unit",
    "old_total", "carried_total", "new_total", "old_covered", "new_covered",
    "change", *PARTS, "newly_known", "change_low", "change_high", "certain",
    "old_share", "new_share", "share_change", *(f"share_{part}" for part in PARTS), "share_low", "share_high",
    "verdict", "definition_changed",
)  # fmt: skip
DEFINITIONS = ("service", "field", "old", "new")
MOVED = ("code", "name", "left", "joined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    What one run counted.

    Attributes
    ----------
    table
        As `Account.table`.
    groups
        True where a township (index: its code) is in a group (column: its code); None where that is not known.
    services
        Definition of each service by its id, as plain values; see `definition.definition_of`.
    label
        What the run is called: a year, a folder.
    """

    table: pd.DataFrame
    groups: pd.DataFrame | None = None
    services: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    What changed from one run to the next.

    Attributes
    ----------
    changes
        A row a service, subject and unit, columns `CHANGES`. ``change = boundary + population + coverage + rule`` in
        the unit of the row, ``share_change = share_boundary + …`` in percentage points, both exactly; every parent
        is the sum of its children and of its row of the level ``rest``, which is what it has beside them (people
        without a place in a village). ``newly_known`` is the portion of ``coverage`` that comes of more or less being
        known. ``change_low <= change <= change_high``; ``certain`` where those two have the same sign.
        ``carried_total`` is the old total on the new boundaries. ``verdict`` is of the share within the new boundaries:
        ``up`` or ``down`` where the bounds of the two runs do not overlap, ``same`` where they are one number, else
        ``open``; empty where nobody is counted.
    moved
        Townships that changed groups: ``code, name, left, joined``.
    definitions
        What changed in the definition of a service: ``service, field, old, new``.
    notes
        What was assumed or left out, a sentence each.
    """

    changes: pd.DataFrame
    moved: pd.DataFrame
    definitions: pd.DataFrame
    notes: tuple[Text, ...] = ()


def compare(old: Run, new: Run, crosswalk: Crosswalk | None = None) -> Comparison:
    """
    Compare two runs, unit by unit, and say where each change comes from.

    The old figures of villages are carried onto the new boundaries; what that changes is ``boundary``. What is left
    is split between people and their coverage by the midpoint rule (Shapley's value of two factors), which gives
    neither the first say: ``population`` is the change of people times the mean of the two shares, ``coverage``
    the change of share times the mean of the people. A township that joins or leaves a group counts under
    ``rule`` with the mean of its two figures, and with half of its own change in each of its groups. Where the
    definition of a service changed, its ``coverage`` is ``rule``: nobody can tell from two counts by two yardsticks
    what the network did.

    Parameters
    ----------
    crosswalk
        From the villages of the old run to those of the new. Without it a village whose code is in one run only
        changes by ``boundary``.

    Returns
    -------
    comparison
        Of the services and subjects that both runs have.

    Raises
    ------
    InputError
        Tables that lack columns, have a unit twice, or figures that cannot be.
    UsageError
        The runs have nothing in common.
    """
    for run, name in ((old, "old run"), (new, "new run")):
        _check(run.table, run.label or name)
    keys = _keys(old.table, new.table)
    changed = changed_definitions(old.services, new.services)
    before, after = old.groups, new.groups
    notes = _scope_notes(old, new, keys)
    if before is None or after is None:
        before = after = before if before is not None else after
    frames, one_sided = [], 0
    tables = [dict(iter(run.table.groupby(KEYS, sort=False))) for run in (old, new)]
    for key in keys:
        leaves = leaves_of(tables[0][key], tables[1][key], crosswalk, before, after)
        one_sided = max(one_sided, leaves.one_sided)
        redefined = key[0] in set(changed["service"])
        frames.append(_changes(leaves, redefined).assign(**dict(zip(KEYS, key, strict=True))))
    changes = pd.concat(frames, ignore_index=True)[list(CHANGES)]
    if one_sided:
        notes.append(
            Text(
                f"{one_sided:,} 個村里只見於一次結果而無對照，其增減列為界線變動；請提供村里對照表。",
                f"{one_sided:,} villages are in one run only and in no crosswalk: their change counts as boundary. "
                "Give a crosswalk.",
            )
        )
    if len(changed):
        names = ", ".join(sorted(set(changed["service"])))
        notes.append(
            Text(
                f"服務定義已變更（{names}）：其涵蓋變動列為規則。",
                f"The definition of {names} changed: the change of coverage counts as rule.",
            )
        )
    return Comparison(changes, _moved(old, new), changed, tuple(notes))


# ------------------------------------------------------------------ one service and subject


def _changes(leaves: Leaves, redefined: bool) -> pd.DataFrame:
    """Rows of every unit of one service and subject."""
    rows = leaves.units.copy()
    for name, value in leaves.add_moving(_parts(leaves)).items():
        rows[name] = value
    rows["change"] = rows["new_covered"] - rows["old_covered"]
    shares = _share_parts(leaves, rows)
    for name, value in shares.items():
        rows[name] = value
    if redefined:
        rows["rule"], rows["coverage"] = rows["rule"] + rows["coverage"], 0.0
        rows["share_rule"] = rows["share_rule"] + rows["share_coverage"]
        rows["share_coverage"] = rows["share_coverage"] * 0.0
    rows["change_low"] = rows["new_least"] - rows["old_most"]
    rows["change_high"] = rows["new_most"] - rows["old_least"]
    rows["certain"] = (rows["change_low"] > 0) | (rows["change_high"] < 0)
    rows["verdict"] = _verdict(rows)
    rows["definition_changed"] = redefined
    return rows


def _parts(leaves: Leaves) -> dict[str, Values]:
    """Boundary, population, coverage and what of it is newly known, of each leaf; the first three add up exactly."""
    old, carried, new = leaves.old, leaves.carried, leaves.new
    boundary = carried["covered"] - old["covered"]
    first, last = ratios(carried["covered"], carried["total"], new["covered"], new["total"])  # of all people
    population = (new["total"] - carried["total"]) * (first + last) / 2
    known_first, known_last = ratios(
        carried["total"] - carried["unknown"], carried["total"], new["total"] - new["unknown"], new["total"]
    )
    best_first, best_last = ratios(
        carried["covered"],
        carried["total"] - carried["unknown"],
        new["covered"],
        new["total"] - new["unknown"],
    )
    newly = (carried["total"] + new["total"]) / 2 * (known_last - known_first) * (best_first + best_last) / 2
    if leaves.whole:  # the parts are whole people, so that they add up in every unit
        population, newly = np.rint(population), np.rint(newly)
    coverage = new["covered"] - carried["covered"] - population
    return {
        "boundary": boundary,
        "population": population,
        "coverage": coverage,
        "newly_known": newly,
    }


def _share_parts(leaves: Leaves, rows: pd.DataFrame) -> dict[str, Values]:
    """
    The change of the share of those known (percentage points) and its four parts, of each unit.

    A share is the mean of the leaves' shares s, weighted by their known people w. Coverage is the change of s at the
    mean weights, population the change of w at the mean s. Membership of a group is a factor of w; see
    `Leaves.shares`.
    """
    old, new = (rows[f"{run}_share"].to_numpy(np.float64) for run in ("old", "new"))
    found = {name: 100 * value for name, value in leaves.shares().items()}
    with np.errstate(invalid="ignore"):
        change = new - old
        empty = np.isnan(change)
        boundary = np.where(np.isnan(found["first"]), 0.0, found["first"] - old) + found["presence"]
        boundary, coverage, rule = (
            np.where(empty, np.nan, value) for value in (boundary, found["coverage"], found["rule"])
        )
        population = change - boundary - coverage - rule
    # what is left of rounding is not a movement of people
    noise = np.abs(population) < 1e-10
    boundary, population = np.where(noise, boundary + population, boundary), np.where(noise, 0.0, population)
    small = (np.abs(boundary) < 1e-10) & (coverage != 0)
    coverage, boundary = np.where(small, coverage + boundary, coverage), np.where(small, 0.0, boundary)
    return {
        "share_change": change,
        "share_boundary": boundary,
        "share_population": population,
        "share_coverage": coverage,
        "share_rule": rule,
        "share_low": rows["new_low"].to_numpy() - rows["old_high"].to_numpy(),
        "share_high": rows["new_high"].to_numpy() - rows["old_low"].to_numpy(),
    }


def _verdict(rows: pd.DataFrame) -> list[str]:
    """What the bounds of the two runs say of the share on the new boundaries."""
    low, high = rows["carried_low"].to_numpy(), rows["carried_high"].to_numpy()
    new_low, new_high = rows["new_low"].to_numpy(), rows["new_high"].to_numpy()
    near = 1e-9
    with np.errstate(invalid="ignore"):
        point = (high - low <= near) & (new_high - new_low <= near) & (np.abs(new_low - low) <= near)
        words = np.select(
            [np.isnan(new_low - low), point, new_low > high + near, new_high < low - near],
            ["", "same", "up", "down"],
            "open",
        )
    return [str(word) for word in words]


# ------------------------------------------------------------------ what goes in and what is said


def _check(table: pd.DataFrame, name: str) -> None:
    missing = [Problem(None, column, "is missing") for column in NEEDED if column not in table]
    if missing:
        raise InputError(name, missing, hint="A table of coverage, coverage.csv of a run, is needed.")
    unit = [*KEYS, "level", "code"]
    twice = table[table.duplicated(unit)][unit].drop_duplicates()
    problems = [
        Problem(None, "code", f"{' '.join(map(str, row))} stands more than once")
        for row in twice.itertuples(index=False)
    ]
    for column in QUANTITIES[:3]:
        values = table[column].to_numpy(np.float64, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            bad = ~np.isfinite(values) | (values < 0)
        for at in np.flatnonzero(bad):
            where = f"{table['service'].iloc[int(at)]} in {table['code'].iloc[int(at)]}"
            problems.append(Problem(None, column, f"of {where} is {values[at]}, not a number from 0"))
    if problems:
        raise InputError(name, problems)


def _keys(old: pd.DataFrame, new: pd.DataFrame) -> list[tuple[str, str, str]]:
    first = list(dict.fromkeys(old[KEYS].itertuples(index=False, name=None)))
    last = set(new[KEYS].itertuples(index=False, name=None))
    both = [key for key in first if key in last]
    if not both:
        services = [", ".join(sorted(set(table["service"]))) or "none" for table in (old, new)]
        raise UsageError(
            "the two runs have no service in common that is counted of the same subject: "
            f"{services[0]} in the old, {services[1]} in the new"
        )
    return both


def _scope_notes(old: Run, new: Run, keys: list[tuple[str, str, str]]) -> list[Text]:
    notes = []
    kept = {"/".join(key) for key in keys}
    for run, zh, en in ((old, "僅見於前次", "the old run only"), (new, "僅見於本次", "the new run only")):
        found = {"/".join(key) for key in run.table[KEYS].itertuples(index=False, name=None)}
        if alone := sorted(found - kept):
            listed = ", ".join(alone)
            notes.append(Text(f"{zh}，未比較：{listed}", f"In {en}, not compared: {listed}"))
    if old.groups is None or new.groups is None:
        notes.append(
            Text(
                "缺分組名單，無法分出規則變動。",
                "Who belongs to which group is not known of both runs: no change of groups can be told.",
            )
        )
    return notes


def _moved(old: Run, new: Run) -> pd.DataFrame:
    if old.groups is None or new.groups is None:
        return pd.DataFrame(columns=list(MOVED))
    codes = old.groups.index.intersection(new.groups.index)
    columns = [column for column in new.groups if column in old.groups]
    before = old.groups.loc[codes, columns].to_numpy(bool)
    after = new.groups.loc[codes, columns].to_numpy(bool)
    towns = new.table[new.table["level"] == "township"].drop_duplicates("code").set_index("code")["name"]
    rows: list[dict[str, Any]] = []
    for at in np.flatnonzero((before != after).any(axis=1)):
        left, joined = (
            ", ".join(str(c) for c, was, now in zip(columns, a[at], b[at], strict=True) if was and not now)
            for a, b in ((before, after), (after, before))
        )
        code = str(codes[int(at)])
        rows.append({"code": code, "name": str(towns.get(code, "")), "left": left, "joined": joined})
    return pd.DataFrame(rows, columns=list(MOVED)).sort_values("code", ignore_index=True)
