"""
Run b of `real_runs.py`: the village people of 2021-03 on the boundaries of 2021-09, every person accounted for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from notspot_coverage.results import Results
from notspot_geodata import reference
from notspot_geodata.crosswalk import Crosswalk, village_changes
from notspot_geodata.people import read_people
from real_studies import PEOPLE
from real_text import best, table


@dataclass(frozen=True, slots=True)
class Listed:
    """The people of the file by village code, which codes have a polygon, and the crosswalk."""

    people: pd.Series[int]
    placed: pd.Series[bool]
    changes: Crosswalk

    @property
    def merged(self) -> pd.Series[int]:
        """Villages without a polygon that the crosswalk carries."""
        return self.people[~self.placed & self.people.index.isin(self.changes.rows["old_code"])]

    @property
    def missing(self) -> pd.Series[int]:
        """Villages without a polygon that it does not: the boundaries lack them."""
        return self.people[~self.placed & ~self.people.index.isin(self.changes.rows["old_code"])]


def listed(data: Path) -> Listed:
    """The file of 2021-03 as it is."""
    counts = read_people(data / PEOPLE, "village", people="人口").counts["people"]
    known = counts.index.isin(reference.villages()["village_code"])
    return Listed(counts, pd.Series(known, index=counts.index), village_changes())


def part(results: Results, file: Listed) -> str:
    """What the page says of run b."""
    return "\n\n".join([_ledger(results, file), _townships(file), _effect(results)])


def totals(results: Results, subject: str) -> pd.Series[float]:
    """People of one subject by level: nation, county, township and village each add up by themselves."""
    assert results.account is not None
    rows = results.account.table
    rows = rows[(rows["subject"] == subject) & (rows["of"] == "people") & (rows["level"] != "group")]
    parts = rows[["covered", "not_covered", "unknown"]].sum(axis=1)
    assert (parts == rows["total"]).all(), "people were lost between covered, not covered and unknown"
    return rows.groupby("level")["total"].sum()


def unplaced(results: Results, subject: str) -> int:
    """People of the nation that are in no village with a polygon."""
    assert results.account is not None
    rows = results.account.table
    rows = rows[(rows["level"] == "village") & (rows["subject"] == subject) & (rows["of"] == "people")]
    known = set(results.villages["village_code"])
    return int(rows.loc[~rows["code"].isin(known), "total"].sum())


def _ledger(results: Results, file: Listed) -> str:
    people, merged, missing = file.people, file.merged, file.missing
    rows = file.changes.rows
    into = rows.loc[rows["old_code"].isin(merged.index), "new_code"].nunique()
    others = people[file.placed & people.index.isin(rows["old_code"])]
    away, still = unplaced(results, "listed"), unplaced(results, "carried")
    lines = [
        ["in the file of 2021-03", f"{len(people):,}", f"{people.sum():,}"],
        ["code has a polygon of 2021-09", f"{int(file.placed.sum()):,}", f"{people[file.placed].sum():,}"],
        ["no polygon: merged, split or recoded in 2021", f"{len(merged)}", f"{merged.sum():,}"],
        ["no polygon: the boundaries lack the village", f"{len(missing)}", f"{missing.sum():,}"],
        ["**without the crosswalk** unplaced in the village", f"{len(merged) + len(missing)}", f"{away:,}"],
        [f"carried by the crosswalk into {into} villages", f"{len(merged)}", f"{merged.sum():,}"],
        ["**with the crosswalk** unplaced in the village", f"{len(missing)}", f"{still:,}"],
    ]
    sums = [totals(results, name) for name in ("listed", "carried")]
    same = {int(value) for total in sums for value in total}
    assert same == {int(people.sum())}, f"people were lost between levels: {same}"
    said = (
        f"Nobody is lost: villages, townships, counties and the nation each add up to {same.pop():,} people, with "
        "and without the crosswalk. The unplaced are counted in their township and all above it, as unknown. The "
        f"crosswalk also moves people between {len(others)} villages that kept their code while their borders "
        "changed. The ledger has a row for each village that was carried or is unplaced, with its people."
    )
    return f"{table(['', 'villages', 'people'], lines)}\n\n{said}"


def _townships(file: Listed) -> str:
    towns = reference.townships().set_index("town_code")
    frame = pd.DataFrame({"merged": file.merged, "missing": file.missing})
    by = frame.groupby(frame.index.str[:8])
    counted = by.count().assign(carried=by["merged"].sum(), unplaced=by["missing"].sum())
    counted = counted.sort_values(["carried", "unplaced"], ascending=False)
    lines = [
        [
            f"{towns.loc[code, 'county']}{towns.loc[code, 'town']}",
            f"{row.merged}" if row.merged else "",
            f"{row.carried:,.0f}" if row.merged else "",
            f"{row.missing}" if row.missing else "",
            f"{row.unplaced:,.0f}" if row.missing else "",
        ]
        for code, row in zip(counted.index, counted.itertuples(), strict=True)
    ]
    head = ["township", "merged or recoded", "people carried", "no polygon", "people unplaced"]
    return table(head, lines)


def _effect(results: Results) -> str:
    assert results.account is not None
    rows = results.account.table
    rows = rows[(rows["level"] == "nation") & (rows["of"] == "people")].set_index("subject")
    lines = [
        [name, f"{row['total']:,.0f}", f"{row['covered']:,.0f}", f"{row['unknown']:,.0f}", best(row)]
        for name, row in (
            (name, rows.loc[key]) for key, name in (("listed", "as listed"), ("carried", "carried"))
        )
    ]
    head = ["people", "total", "within 500 m of a public hotspot", "unknown", "best (low–high)"]
    return "What it does to a figure, people evenly over their village:\n\n" + table(head, lines)
