"""
Not-spots by kind: how many operators reach people, and who would be reached by roaming on another's network.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.atoms import Atoms, whole
from notspot_coverage.counting.bits import FULL, NONE, Words, portion
from notspot_coverage.counting.painting import NO, UNKNOWN, YES, Painted
from notspot_coverage.counting.spreads import Spread
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.errors import UsageError

Values = NDArray[np.float64]

DIGITS = 6  # binary, of a number of operators
MOST = 2**DIGITS - 1


def by_operators(
    painted: Painted, people: str, atoms: Atoms, spread: Spread, not_covered: Values
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Not-spots by kind and roaming, in the best estimate.

    Parameters
    ----------
    people
        Id of the people that `atoms` are of.
    not_covered
        How many of each atom no operator covers, whole numbers: those of the account's table, shape (atoms,).

    Returns
    -------
    notspots
        ``service, subject, level, code, name, kind, operators, people``. ``complete``: no operator, all known;
        ``partial``: so many operators for certain, and at least one other known not to; ``none``: all;
        ``unknown``: none of these is certain. The rows of a unit add up to its people.
    roaming
        ``service, subject, operator, level, code, name, people, covered, not_covered, unknown, solved``: whom the
        operator does not reach and another does.

    Raises
    ------
    UsageError
        More than `MOST` operators.
    """
    names = sorted(painted.operators)
    count = len(names)
    if count > MOST:
        raise UsageError(
            f"the service {painted.service.id} has {count} operators; {MOST} can be counted at once"
        )
    number, sums = atoms.number, atoms.sums
    nowhere = np.zeros(4 * count + 1)  # what is said of people who are nowhere: all is unknown
    nowhere[count] = nowhere[2 * count + 1 : 3 * count + 1] = 1
    share = atoms.shares(_village_parts(painted, names, spread, nowhere), spread.village_weight, rest=nowhere)
    by_number, covered, either, solved = np.split(share, [count + 1, 2 * count + 1, 3 * count + 1], axis=1)
    head = sums.frame.assign(service=painted.service.id, subject=people)
    counted = sums.add(np.column_stack([not_covered, _parts(number, by_number, number - not_covered)]))
    labels = [("complete", 0), *(("partial", k) for k in range(1, count)), ("none", count), ("unknown", None)]
    notspots = pd.concat(
        [head.assign(kind=kind, operators=k, people=counted[:, at]) for at, (kind, k) in enumerate(labels)],
        ignore_index=True,
    ).astype({"operators": "Int64"})
    rows = []
    total = sums.add(number)
    for at, operator in enumerate(names):
        reached, open_ = whole(covered[:, at] * number), whole(either[:, at] * number)
        helped = np.minimum(whole(solved[:, at] * number), number - open_)
        added = sums.add(np.column_stack([reached, open_ - reached, helped]))
        rows.append(
            head.assign(
                operator=operator,
                people=total,
                covered=added[:, 0],
                not_covered=total - added[:, 0] - added[:, 1],
                unknown=added[:, 1],
                solved=added[:, 2],
            )
        )
    roaming = pd.concat(rows, ignore_index=True)
    first = ["service", "subject"]
    notspots = notspots[[*first, "level", "code", "name", "kind", "operators", "people"]]
    figures = ["people", "covered", "not_covered", "unknown", "solved"]
    return notspots, roaming[[*first, "operator", "level", "code", "name", *figures]]


def _parts(number: Values, share: Values, total: Values) -> Values:
    """
    Whole people by parts that make up `total`: cut at the rounded running sum. The last part that is anything takes
    what is left, so that what is nowhere counts nobody.
    """
    ends = np.minimum(whole(np.cumsum(share, axis=1) * number[:, None]), total[:, None])
    after = np.cumsum(share[:, ::-1], axis=1)[:, -2::-1]
    ends[:, :-1] = np.where(after > 0, ends[:, :-1], total[:, None])
    ends[:, -1] = total
    return np.diff(ends, axis=1, prepend=0)


def _village_parts(painted: Painted, names: list[str], spread: Spread, nowhere: Values) -> Values:
    """
    Shares of each village, shape (villages, 4 n + 1): reached by 1 to n operators; of no certain kind; then of each
    operator covered; covered or unknown; not covered, but by another. `nowhere` for villages without people anywhere.
    """
    covers = [painted.operators[name] for name in names]
    villages = len(spread.village_weight)
    yes = np.stack([cover.yes for cover in covers])
    unknown = np.stack([cover.unknown for cover in covers])
    blank = np.full(villages, NO, np.uint8)
    unit = np.stack([blank if cover.unit is None else cover.unit for cover in covers])
    out, total = _parts_of(spread.cell, spread.village, spread.mask, spread.weight, yes, unknown, unit)
    share: Values = np.tile(nowhere, (villages, 1))
    np.divide(out, total[:, None], out=share, where=(total > 0)[:, None])
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
    out = np.zeros((villages, 4 * operators + 1))
    total = np.zeros(villages)
    planes = np.empty(DIGITS, np.uint64)  # the number of operators by sub-cell, a binary digit a word
    a = np.empty(operators, np.uint64)
    b = np.empty(operators, np.uint64)
    for i in range(len(cell)):
        v, w, m = village[i], weight[i], mask[i]
        total[v] += w
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
            for digit in range(DIGITS):
                planes[digit], carry = planes[digit] ^ carry, planes[digit] & carry
            any_yes |= word
            any_unknown |= open_
            any_no |= ~(word | open_)
        kinds = ~(any_yes | any_unknown)  # none: known, and counted elsewhere
        for k in range(1, operators + 1):
            same = FULL
            for digit in range(DIGITS):
                same &= planes[digit] if (k >> digit) & 1 else ~planes[digit]
            if k < operators:
                same &= any_no
            kinds |= same
            out[v, k - 1] += w * portion(same, m)
        out[v, operators] += w * portion(~kinds, m)
        first = operators + 1
        for o in range(operators):
            out[v, first + o] += w * portion(a[o], m)
            out[v, first + operators + o] += w * portion(a[o] | b[o], m)
            out[v, first + 2 * operators + o] += w * portion(~(a[o] | b[o]) & any_yes, m)
    return out, total
