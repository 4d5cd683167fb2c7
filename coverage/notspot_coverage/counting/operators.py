"""
Not-spots by kind: how many operators reach people, and who would be reached by roaming on another's network.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.atoms import Atoms
from notspot_coverage.counting.bits import FULL, NONE, Words, ones
from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.painting import NO, UNKNOWN, YES, Painted
from notspot_coverage.counting.services import People
from notspot_coverage.counting.spreads import Spread
from notspot_coverage.counting.units import Units
from notspot_coverage.propagation.terms import compiled

Values = NDArray[np.float64]


def by_operators(
    lattice: Lattice, units: Units, painted: Painted, people: People, spread: Spread
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Not-spots by kind and roaming, in the best estimate.

    Returns
    -------
    notspots
        ``service, subject, level, code, name, kind, operators, people``. ``complete``: no operator, all known;
        ``partial``: so many operators for certain, and at least one other known not to; ``none``: all;
        ``unknown``: none of these is certain. The rows of a unit add up to its people.
    roaming
        ``service, subject, operator, level, code, name, people, covered, not_covered, unknown, solved``: whom the
        operator does not reach and another does.
    """
    names = sorted(painted.operators)
    parts = _village_parts(lattice, painted, names, spread)
    count = len(names)
    atoms = Atoms.of(lattice, units, people, "people")
    number, sums = atoms.number, atoms.sums
    share = atoms.shares(parts, spread.village_weight)
    kinds, single, solved = np.split(share, [count + 2, 3 * count + 2], axis=1)
    counted = sums.add(_whole(number, kinds, complete=True))
    labels = [("complete", 0), *(("partial", k) for k in range(1, count)), ("none", count), ("unknown", None)]
    head = sums.frame.assign(service=painted.service.id, subject=people.id)
    notspots = pd.concat(
        [head.assign(kind=kind, operators=k, people=counted[:, at]) for at, (kind, k) in enumerate(labels)],
        ignore_index=True,
    ).astype({"operators": "Int64"})
    rows = []
    total = sums.add(number)
    for at, operator in enumerate(names):
        two = _whole(number, single[:, [at, count + at]], complete=False)
        if atoms.town is None:  # villages without a polygon
            two[len(lattice.codes) :, 1] = number[len(lattice.codes) :]
        helped = np.minimum(np.rint(number * solved[:, at]), number - two.sum(axis=1))
        added, more = sums.add(two), sums.add(helped)
        rows.append(
            head.assign(
                operator=operator,
                people=total,
                covered=added[:, 0],
                not_covered=total - added[:, 0] - added[:, 1],
                unknown=added[:, 1],
                solved=more,
            )
        )
    roaming = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    first = ["service", "subject"]
    notspots = notspots[[*first, "level", "code", "name", "kind", "operators", "people"]]
    if len(roaming):
        figures = ["people", "covered", "not_covered", "unknown", "solved"]
        roaming = roaming[[*first, "operator", "level", "code", "name", *figures]]
    return notspots, roaming


def _whole(number: Values, share: Values, *, complete: bool) -> Values:
    """
    Whole people by parts, cut at the rounded running sum, so that parts never add up to more than the number. With
    `complete` the last part takes what is left.
    """
    ends = np.minimum(np.rint(np.cumsum(share, axis=1) * number[:, None]), number[:, None])
    if complete:
        ends[:, -1] = number
    return np.diff(ends, axis=1, prepend=0)


def _village_parts(lattice: Lattice, painted: Painted, names: list[str], spread: Spread) -> Values:
    """Shares of each village: by number of operators (0 … n), unknown; then covered, unknown and solved by operator."""
    covers = [painted.operators[name] for name in names]
    yes = np.stack([cover.yes for cover in covers])
    unknown = np.stack([cover.unknown for cover in covers])
    blank = np.zeros(len(lattice.codes), np.uint8)
    unit = np.stack([blank if cover.unit is None else cover.unit for cover in covers])
    out, total = _parts_of(spread.cell, spread.village, spread.mask, spread.weight, yes, unknown, unit)
    whole = np.where(total > 0, total, 1)
    share: Values = out / whole[:, None]
    return share


@compiled
def _parts_of(
    cell: NDArray[np.int32],
    village: NDArray[np.int32],
    mask: Words,
    weight: Values,
    yes: Words,
    unknown: Words,
    unit: NDArray[np.uint8],
) -> tuple[Values, Values]:
    operators, villages = unit.shape
    out = np.zeros((villages, operators + 2 + 3 * operators))
    total = np.zeros(villages)
    planes = np.empty(6, np.uint64)  # the number of operators by sub-cell, a binary digit a word
    a = np.empty(operators, np.uint64)
    b = np.empty(operators, np.uint64)
    for i in range(len(cell)):
        v, w = village[i], weight[i]
        total[v] += w
        m = mask[i] if mask[i] != NONE else FULL
        part = w / ones(m)
        planes[:] = NONE
        any_yes, any_no, any_unknown = NONE, NONE, NONE
        for o in range(operators):
            word, open_ = (NONE, FULL) if cell[i] < 0 else (yes[o, cell[i]], unknown[o, cell[i]])
            if unit[o, v] == YES:
                word, open_ = FULL, NONE
            elif unit[o, v] == UNKNOWN:
                open_ = FULL & ~word
            a[o], b[o] = word, open_
            carry = word
            for digit in range(6):
                planes[digit], carry = planes[digit] ^ carry, planes[digit] & carry
            any_yes |= word
            any_unknown |= open_
            any_no |= ~(word | open_)
        for k in range(operators + 1):
            same = FULL
            for digit in range(6):
                same &= planes[digit] if (k >> digit) & 1 else ~planes[digit]
            if k == 0:
                same &= ~any_unknown
            elif k < operators:
                same &= any_no
            out[v, k] += part * ones(same & m)
        known_kind = (~any_yes & ~any_unknown) | (any_yes & (any_no | ~any_unknown))
        out[v, operators + 1] += part * ones(~known_kind & m)
        first = operators + 2
        for o in range(operators):
            out[v, first + o] += part * ones(a[o] & m)
            out[v, first + operators + o] += part * ones(b[o] & m)
            out[v, first + 2 * operators + o] += part * ones(~a[o] & ~b[o] & any_yes & m)
    return out, total


assert NO == 0  # a blank unit status
