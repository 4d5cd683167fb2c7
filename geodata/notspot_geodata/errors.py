"""
Errors that say what is wrong, what was found and what to do next.

Every error that Notspot raises on purpose is a `NotspotError` and also the builtin that a
Python programmer would expect (`ValueError`, `LookupError`, `ConnectionError`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHOWN_PROBLEMS = 20  # a terminal page; the ledger and --json have all of them


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One thing wrong in one input.

    `row` counts as a person does who opens the file: 1 is its first line, header lines included;
    features of a geographic file count from 1; None where the whole file is meant.
    """

    row: int | None
    field: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        where = "file" if self.row is None else f"row {self.row}"
        return f"{where:<10} {self.field + ' ' if self.field else ''}{self.message}"


class NotspotError(Exception):
    """Base of every error that Notspot raises on purpose."""


class InputError(NotspotError, ValueError):
    """An input has problems; `problems` lists all of them, not only the first."""

    def __init__(
        self, file: str | Path, problems: Sequence[Problem], *, summary: str = "", hint: str = ""
    ) -> None:
        self.file = str(file)
        self.problems = list(problems)
        self.hint = hint
        count = f"{len(self.problems):,} problem{'' if len(self.problems) == 1 else 's'}"
        lines = [f"{self.file}: {count}{', ' + summary if summary else ''}"]
        lines += [f"  {problem}" for problem in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            lines.append(f"  … and {len(self.problems) - SHOWN_PROBLEMS:,} more")
        if hint:
            lines.append(hint)
        super().__init__("\n".join(lines))


class UsageError(NotspotError, ValueError):
    """A call or a command that makes no sense: exit code 2 on the command line."""


class NotFoundError(NotspotError, LookupError):
    """A name, code or file that is not there; the message lists what is."""


class FetchError(NotspotError, ConnectionError):
    """A source could not be downloaded, or what came is not what it should be."""
