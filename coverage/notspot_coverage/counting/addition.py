"""
Adding leaves up to units, and what is left when they are taken from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.int64]
Member = tuple[Values, Values]  # of each leaf in a group, before and after: 1 or 0

NEAR = 1e-9  # of a whole: sums of figures that were written with 12 digits differ by less


def added(values: Values, rows: Sequence[Indices], members: Mapping[int, Member], length: int) -> Values:
    """
    Values of leaves as sums of units, shape (length,).

    Parameters
    ----------
    rows
        For each level the unit of each leaf, -1 for none.
    members
        Membership of the leaves in groups, by the group's row; the first counts.
    """
    out = np.zeros(length)
    for row in rows:
        here = row >= 0
        out += sums_of(row[here], values[here], length)
    for at, (before, _) in members.items():
        out[at] = before @ values
    return out


def difference(all_: Values, part: Values, whole: bool) -> Values:
    """What the parts leave of all; 0 where that is but rounding."""
    out: Values = all_ - part
    out[np.abs(out) <= NEAR * np.maximum(1, np.abs(all_))] = 0.0
    return np.asarray(np.rint(out), np.float64) if whole else out


def over(a: Values, b: Values, empty: float = 0.0) -> Values:
    """a / b, and `empty` where b is 0."""
    out: Values = np.divide(a, b, out=np.full(len(a), empty), where=b != 0)
    return out


def sums_of(rows: Indices, values: Values, length: int) -> Values:
    """Sums of values by their row."""
    out: Values = np.bincount(rows, values, length).astype(np.float64)
    return out


def part(weights: Values) -> Values:
    """Weights as shares of their sum; 0 where that is 0."""
    whole = float(weights.sum())
    return weights / whole if whole else np.zeros(len(weights))


def ratios(a: Values, b: Values, c: Values, d: Values) -> tuple[Values, Values]:
    """a / b and c / d; one that has no denominator is what the other is, and 0 where neither has one."""
    first, last = over(a, b, np.nan), over(c, d, np.nan)
    first, last = np.where(np.isnan(first), last, first), np.where(np.isnan(last), first, last)
    return np.nan_to_num(first), np.nan_to_num(last)
