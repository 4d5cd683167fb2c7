"""
Rows of an account as typed records: how many of a unit are covered, not covered and unknown, and the share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import pandas as pd

Key = tuple[str, str, str]  # service, of, subject


@dataclass(frozen=True, slots=True)
class Counted:
    """
    A row of `Account.table`: persons, households, km², places or km (by `of`), shares in percent.

    `best` is NaN where nothing is known, the bounds are NaN where there is nothing to count.
    """

    of: str
    total: float
    covered: float
    not_covered: float
    unknown: float
    low: float
    best: float
    high: float
    low_by: str = ""
    high_by: str = ""
    varied: str = ""

    @property
    def known(self) -> float:
        """How many it is known of whether they are covered."""
        return self.total - self.unknown

    @property
    def is_known(self) -> bool:
        """Whether there is a best estimate."""
        return not math.isnan(self.best)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to count: not the same as unknown."""
        return not self.total > 0

    def meets(self, other: Counted) -> bool:
        """Whether the bounds of two shares leave open which is higher."""
        return self.low <= other.high and other.low <= self.high


def counted_by_code(rows: pd.DataFrame) -> dict[str, Counted]:
    """The rows of one service and subject by unit code."""
    names = [field.name for field in fields(Counted)]
    records = rows.drop_duplicates("code").set_index("code")[names]
    out = {}
    for code, *values in records.itertuples(name=None):
        total, covered, not_covered, unknown, low, best, high = map(float, values[1:8])
        words = [str(word) for word in values[8:]]
        out[str(code)] = Counted(
            str(values[0]), total, covered, not_covered, unknown, low, best, high, *words
        )
    return out


def upper_rows(table: pd.DataFrame) -> dict[Key, dict[str, Counted]]:
    """Nation and groups of every service and subject, in the order of the table."""
    upper = table[table["level"].isin(["nation", "group"])]
    grouped = upper.groupby(["service", "of", "subject"], sort=False)
    return {
        (str(service), str(of), str(subject)): counted_by_code(rows)
        for (service, of, subject), rows in grouped
    }
