"""
The ledger: every input row that was refused or not matched. Nothing is lost silently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from notspot_geodata.errors import Problem

COLUMNS = ["file", "row", "field", "value", "reason", "people"]


@dataclass(slots=True)
class Ledger:
    """Refused or unplaced rows of all inputs of a run, in the order they were met."""

    rows: list[dict[str, object]] = field(default_factory=list)

    def refuse(
        self, file: str | Path, problems: Iterable[Problem], *, people: dict[int, int] | None = None
    ) -> None:
        """
        Enter `problems` of `file`.

        `people` gives the persons that stand in a refused row, by row number, where they are known.
        """
        for problem in problems:
            known = None if people is None or problem.row is None else people.get(problem.row)
            self.rows.append(
                {
                    "file": Path(file).name,
                    "row": problem.row,
                    "field": problem.field,
                    "value": problem.value,
                    "reason": problem.message,
                    "people": known,
                }
            )

    def add(self, other: Ledger) -> None:
        """The rows of another that are not here yet."""
        there = {(row["file"], row["row"], row["reason"]) for row in self.rows}
        self.rows += [row for row in other.rows if (row["file"], row["row"], row["reason"]) not in there]

    def __len__(self) -> int:
        return len(self.rows)

    def to_frame(self) -> pd.DataFrame:
        """One row a refused row: file, row, field, value, reason, people (persons; null if unknown)."""
        frame = pd.DataFrame(self.rows, columns=COLUMNS)
        return frame.astype({"row": "Int64", "people": "Int64"})
