"""
Tables of people: registered, present by day or by night, and households, by village or township.

Nobody is lost: a unit that the boundaries lack keeps its people, who are unplaced; a row that cannot be counted
stands in the ledger with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from notspot_geodata import reference
from notspot_geodata.codes import embedded_codes
from notspot_geodata.crosswalk import Crosswalk, carry
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.row_tests import Selection
from notspot_geodata.selection import column_of, no_such_column, numbers_of, select
from notspot_geodata.tables import EXACT, read_table
from notspot_geodata.text import Text
from notspot_geodata.unit_tables import KEYS, SUGGEST, not_of_the_year, repeated, with_codes

HINT = "Fix the file, or pass --allow-rejects to go on without these rows (they stay in rejects.csv)."

Level = Literal["village", "township"]


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """
    People by unit.

    Attributes
    ----------
    counts
        Indexed by code, sorted: ``people`` and/or ``households``, whole numbers, none missing.
    rows
        How many rows of the file were counted.
    unplaced
        Codes without a polygon, with their counts.
    notes
        What was concluded.
    """

    counts: pd.DataFrame
    rows: int
    unplaced: pd.DataFrame
    notes: tuple[Text, ...]


def read_people(
    path: str | Path,
    level: Level,
    *,
    people: str | None = None,
    households: str | None = None,
    where: Selection = (),
    sheet: str | None = None,
    encoding: str | None = None,
    crosswalk: Crosswalk | None = None,
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
) -> PeopleTable:
    """
    People and households of a table, by code of unit.

    Parameters
    ----------
    level
        What a row is.
    people, households
        Headers, or meanings in Notspot's words; at least one.
    where
        Which rows: one month of several.
    crosswalk
        From the units of the table to those of the embedded boundaries.
    ledger
        Takes rows that cannot be counted, units that have no polygon, and codes that were carried, with their people.
    allow_rejects
        Go on without the rows that cannot be counted; without it they raise.

    Raises
    ------
    InputError
        With every problem of the file: numbers below 0, fractions, text, cells without a figure, codes that stand
        twice or are in no township, columns that are not there, codes of which fewer than half are known.
    """
    path = Path(path)
    known = set(embedded_codes(level))
    if crosswalk is not None:
        known |= set(crosswalk.rows["old_code"])
    refused = Ledger()
    frame = read_table(
        path, sheet=sheet, encoding=encoding, ledger=refused, allow_rejects=True, known_codes=known
    )
    reading = frame.attrs["reading"]
    table = _Table(
        frame,
        level,
        path.name,
        list(frame.attrs["rows"]),
        dict(reading.columns),
        list(reading.problems),
        reading.rows,
    )
    table.lost = {
        int(str(row["row"])): int(str(row["people"])) for row in refused.rows if row["row"] and row["people"]
    }
    return table.people(people, households, where, crosswalk, ledger, allow_rejects)


def people_of(
    frame: pd.DataFrame,
    level: Level,
    *,
    file: str,
    people: str | None = None,
    households: str | None = None,
    where: Selection = (),
    crosswalk: Crosswalk | None = None,
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
) -> PeopleTable:
    """As `read_people`, of a frame with ``village_code`` or ``town_code``; `file` is what problems call it."""
    rows = list(range(2, len(frame) + 2))
    table = _Table(frame.reset_index(drop=True), level, file, rows, {}, [], len(rows))
    return table.people(people, households, where, crosswalk, ledger, allow_rejects)


@dataclass(slots=True)
class _Table:
    frame: pd.DataFrame
    level: Level
    file: str
    rows: Sequence[int]
    written: dict[str, str]
    problems: list[Problem]
    total: int
    lost: dict[int, int] = field(default_factory=dict)  # people of refused rows
    notes: list[Text] = field(default_factory=list)

    def people(
        self,
        people: str | None,
        households: str | None,
        where: Selection,
        crosswalk: Crosswalk | None,
        ledger: Ledger | None,
        allow_rejects: bool,
    ) -> PeopleTable:
        self.frame = self.frame.copy(deep=False)
        self.frame.attrs = {}
        self._choose(where)
        key = KEYS[self.level]
        self.frame, problems = with_codes(self.frame, self.level, self.rows)
        self.problems += problems
        counts = self._counts({"people": people, "households": households})
        if key not in self.frame or counts is None:
            raise self._error()
        codes = self.frame[key].copy()
        self.problems += repeated(codes, self.rows)
        self._unassigned(codes, counts)
        bad = {p.row for p in self.problems}
        good = np.array([row not in bad for row in self.rows], dtype=bool) & codes.notna().to_numpy(bool)
        counts.index = pd.Index(codes, name=key)
        sound = counts[good].astype("int64")
        row_of = dict(zip(codes[good], np.array(self.rows)[good].tolist(), strict=True))
        carried = sound if crosswalk is None else carry(sound, crosswalk)
        if carried.empty and not self.problems:
            self.problems.append(Problem(None, "", "has no rows of people"))
        self.problems += not_of_the_year(list(carried.index), self.level, row_of)
        told = [p for p in self.problems if p.row is None]
        if told or (self.problems and not allow_rejects):
            raise self._error()
        lost_codes = {code for code, row in row_of.items() if row in {p.row for p in self.problems}}
        if lost_codes:
            sound = sound[~sound.index.isin(lost_codes)]
            carried = sound if crosswalk is None else carry(sound, crosswalk)
        placed = set(embedded_codes(self.level))
        if self.level == "village":
            placed -= set(reference.missing_villages()["village_code"])
        unplaced = carried[~carried.index.isin(placed)].sort_index()
        if ledger is not None:
            self._enter(ledger, sound, crosswalk, unplaced, row_of, placed)
        self._say_matches(carried, unplaced)
        return PeopleTable(carried.sort_index(), len(sound), unplaced, tuple(self.notes))

    def _error(self) -> InputError:
        problems = sorted(set(self.problems), key=lambda p: (p.row is not None, p.row or 0, p.field))
        bad = len({p.row for p in problems if p.row is not None})
        whole = any(p.row is None for p in problems)
        usable = f"{0 if whole else self.total - bad:,} of {self.total:,} rows usable"
        return InputError(self.file, problems, summary=usable, hint="" if whole else HINT)

    # -------------------------------------------------------------- columns

    def _choose(self, where: Selection) -> None:
        chosen = select(self.frame, where, rows=self.rows, written=self.written)
        self.problems += chosen.problems
        self.notes += [self._named(note) for note in chosen.notes]
        if where and not chosen.problems:
            self.frame = self.frame[chosen.mask].reset_index(drop=True)
            self.rows = [row for row, kept in zip(self.rows, chosen.mask, strict=True) if kept]

    def _named(self, note: Text) -> Text:
        return Text(f"{self.file}：{note.zh}", f"{self.file}: {note.en}")

    def _counts(self, columns: dict[str, str | None]) -> pd.DataFrame | None:
        out = {}
        for name, header in columns.items():
            if header is None:
                continue
            column = column_of(self.frame, header, self.written)
            if column is None:
                self.problems.append(no_such_column(self.frame, header))
                continue
            values, problems = numbers_of(self.frame[column], self.rows, header)
            self.problems += problems
            told = {p.row for p in self.problems}
            for at, value in enumerate(values):
                if why := _no_count(value):
                    if self.rows[at] not in told:
                        self.problems.append(
                            Problem(self.rows[at], header, why, "" if np.isnan(value) else f"{value:g}")
                        )
                    values[at] = 0
                elif name == "people":
                    self.lost[self.rows[at]] = int(value)
            out[name] = values
        if not out:
            return None
        return pd.DataFrame(out)

    # -------------------------------------------------------------- codes

    def _unassigned(self, codes: pd.Series, counts: pd.DataFrame) -> None:
        """Ground that no village has: rows without anybody are left out."""
        ground = np.array([isinstance(code, str) and not code.isdigit() for code in codes], dtype=bool)
        empty = ground & (counts.to_numpy() == 0).all(axis=1)
        if empty.any():
            codes[empty] = None
            count = int(empty.sum())
            self.notes.append(
                self._named(
                    Text(
                        f"{count:,} 列為未編定村里之土地，無人居住，不計。",
                        f"{count:,} rows are ground that no village has, without people, and are left out.",
                    )
                )
            )

    def _enter(
        self,
        ledger: Ledger,
        sound: pd.DataFrame,
        crosswalk: Crosswalk | None,
        unplaced: pd.DataFrame,
        row_of: dict[str, int],
        placed: set[str],
    ) -> None:
        entered: set[int | None] = set()
        for problem in self.problems:  # the people of a row are entered once, with its first problem
            people = None if problem.row in entered or problem.row is None else self.lost.get(problem.row)
            entered.add(problem.row)
            ledger.refuse(self.file, [problem], people={} if people is None else {problem.row or 0: people})
        if crosswalk is not None:
            carry(sound, crosswalk, ledger=ledger, file=self.file, placed=placed)
            return
        before = {
            (row["file"], row["row"], row["value"]) for row in ledger.rows
        }  # the same file as a [[table]]
        for code, counts in unplaced.iterrows():
            row = row_of[str(code)]
            if (self.file, row, code) in before:
                continue
            message = (
                f"{code} has no polygon in the boundaries {reference.VINTAGE}; its people are unplaced in the village "
                "and counted in its township"
            )
            people_ = {row: int(counts["people"])} if "people" in counts else {}
            ledger.refuse(self.file, [Problem(row, KEYS[self.level], message, str(code))], people=people_)

    def _say_matches(self, counts: pd.DataFrame, unplaced: pd.DataFrame) -> None:
        if unplaced.empty:
            return
        lacking = set(reference.missing_villages()["village_code"])
        missing = int(unplaced.index.isin(list(lacking)).sum())
        other = len(unplaced) - missing
        column = str(counts.columns[0])
        people = int(unplaced[column].sum())
        zh_unit, en_unit = {"people": ("人", "people"), "households": ("戶", "households")}[column]
        zh = [f"{missing:,} 個為界線缺漏之村里"] if missing else []
        en = [f"{missing:,} are villages that the boundaries lack"] if missing else []
        if other:
            zh.append(f"{other:,} 個屬其他年度（可於研究檔以 crosswalk 轉換）")
            en.append(f"{other:,} are of another year: {SUGGEST}")
        fits = len(counts) - len(unplaced)
        self.notes.append(
            self._named(
                Text(
                    f"{len(counts):,} 個代碼中 {fits:,} 個與 {reference.VINTAGE} 界線相符；{'，'.join(zh)}。"
                    f"此 {people:,} {zh_unit}無法定位於村里，計入其鄉鎮市區。",
                    f"{fits:,} of {len(counts):,} codes have a polygon in {reference.VINTAGE}; {'; '.join(en)}. "
                    f"These {people:,} {en_unit} are unplaced in the village and counted in the township.",
                )
            )
        )


def _no_count(value: float) -> str:
    """Why a number is no count of people; "" where it is one."""
    if np.isnan(value):
        return "has no figure; write 0 only where nobody lives"
    if value < 0:
        return f"is negative ({value:g})"
    if value != np.floor(value):
        return f"is not a whole number ({value:g}); is it a share, or in thousands?"
    if value > EXACT:
        return f"is too large for a count ({value:g})"
    return ""
