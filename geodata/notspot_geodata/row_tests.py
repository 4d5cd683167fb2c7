"""
What rows are asked for: tests of columns, as a study's ``where`` states them. `selection` applies them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowTest:
    """
    What the cells of one column must say; all that is given must hold.

    Attributes
    ----------
    column
        Its header, or its meaning in Notspot's words.
    equals
        One of these.
    at_least, at_most
        Limits of a number, both included.
    at_least_column
        Another column that this one must reach.
    by
        A date, month or year: the cell's date is not later. A month is over on its last day.
    """

    column: str
    equals: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    at_least_column: str | None = None
    by: str | None = None


Selection = tuple[tuple[RowTest, ...], ...]  # alternatives, of which one must hold; none: every row
