"""
Tables as people have them, read into frames: every file kind, one set of rules, nothing guessed silently.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from notspot_geodata.cells import MISSING, number, roc_date
from notspot_geodata.codes import embedded_codes, unit_codes
from notspot_geodata.columns import Meaning
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.grids import read_grid
from notspot_geodata.headers import Body, find_body
from notspot_geodata.ledger import Ledger
from notspot_geodata.reading import Reading
from notspot_geodata.reference import VINTAGE
from notspot_geodata.sniff import MAPS, TABLES, kind_of
from notspot_geodata.text import tidy

EXACT = 10**15  # larger numbers are identifiers or mistakes, and float64 no longer holds each of them
# telephone numbers and identifiers: digits that are no quantity
_AS_TEXT = re.compile(r"\s*(\+|[0０]\d|\d+[eE]\d+\s*$|\d{16})")
_PLAIN = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,30})?")
_FIRST = 50  # cells that are looked at before all of a column
UNIT_KEYS = ("village_code", "town_code", "county_code")
_KEYS = ("key", "code", "代碼", "代號", "id")
_BY_CONTENT = (
    (Meaning("village_code", "code", "village"), r"\d{8}[\s\-]?\d{3}", "codes of 11 digits"),
    (Meaning("town_code", "code", "township"), r"\d{7,8}", "codes of 7 or 8 digits"),
    (Meaning("county_code", "code", "county"), r"\d{5}", "codes of 5 digits"),
    (Meaning("county", "text"), r"[\u4e00-\u9fff]{2}[縣市]", "names of counties"),
    (
        Meaning("town", "text"),
        r"[\u4e00-\u9fff]{2}[縣市][\u4e00-\u9fff]{1,4}[鄉鎮市區]",
        "names of townships",
    ),
)


class Rows(tuple[int, ...]):
    """Row numbers of a frame. pandas copies attrs deeply at every step, which these need not bear."""

    def __deepcopy__(self, memo: object) -> Rows:
        return self


def read_table(
    path: str | Path,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
    known_codes: Collection[str] | None = None,
) -> pd.DataFrame:
    """
    A table file as a frame.

    Read are CSV, TSV, XLSX, XLS, ODS and JSON records, told from the content. Headers in Chinese, English
    or both become Notspot's words where they are known (`columns`); codes of units are text in their
    official form (`codes`); numbers and dates are read as people in Taiwan write them (`cells`).

    Parameters
    ----------
    sheet
        Of a workbook; without it the first that has cells.
    encoding
        Of text, where it is known better than the bytes tell.
    ledger
        Takes the rows that were refused, with their people where the table has them.
    allow_rejects
        Go on without the rows that have a problem; without it they raise.
    known_codes
        Codes that exist, beside the embedded ones: decides whether a code can be repaired.

    Returns
    -------
    frame
        One row a data row of the file. Known columns first under their meaning: codes and names as text,
        counts as Int64, other numbers as float64, dates as ISO 8601 text. Others keep their own header;
        they are numbers where every cell is one and no leading zero would be lost, else text.
        ``frame.attrs["reading"]`` is the `Reading`; ``frame.attrs["rows"]`` the rows' numbers in the file.

    Raises
    ------
    InputError
        The file cannot be read as a table, or it has problems (all of them) and `allow_rejects` is not set.
    NotFoundError, UsageError
        No such file; no such sheet or encoding.
    """
    path = Path(path)
    kind = kind_of(path)
    _refuse_other_kinds(path, kind)
    raw = read_grid(path, kind, sheet=sheet, encoding=encoding)
    reading = Reading(path.name, kind, raw.encoding, notes=list(raw.notes))
    body = find_body(raw, path, reading)
    work = _Work(body, reading, known_codes)
    frame = work.frame()
    reading.problems = work.sorted_problems()
    reading.rows = len(body.rows)
    bad = {problem.row for problem in reading.problems if problem.row is not None}
    reading.usable = reading.rows - len(bad)
    numbers = [row for row, _ in body.rows]
    if reading.problems:
        if not allow_rejects:
            raise InputError(
                path,
                reading.problems,
                summary=f"{reading.usable:,} of {reading.rows:,} rows usable",
                hint="Fix the file, or pass --allow-rejects to go on without these rows (see rejects.csv).",
            )
        if ledger is not None:
            people = _people(frame, numbers)
            for problem in reading.problems:  # the people of a row are entered once, with its first problem
                known = None if problem.row is None else people.pop(problem.row, None)
                ledger.refuse(path, [problem], people={} if known is None else {problem.row or 0: known})
        keep = [row not in bad for row in numbers]
        frame = frame[keep].reset_index(drop=True)
        numbers = [row for row, kept in zip(numbers, keep, strict=True) if kept]
    frame.attrs["reading"] = reading
    frame.attrs["rows"] = Rows(numbers)
    return frame


def _refuse_other_kinds(path: Path, kind: str) -> None:
    if kind in TABLES:
        return
    if kind in MAPS:
        raise InputError(path, [Problem(None, "", f"is a map ({kind}), not a table; read it with read_geo")])
    reasons = {
        "empty": "is empty",
        "html": "is a web page, not a table: the download failed or needs a login; fetch it again",
        "pdf": "is a PDF; ask for the table itself, or export it as CSV",
        "docx": "is a text document; copy the table into a workbook or CSV",
        "damaged zip": "is a damaged ZIP or workbook; it was probably cut off while it was copied",
        "zip": "is a ZIP without a workbook in it; unpack it and name one file",
        "gzip": "is packed with gzip; unpack it and name the file",
        "dbf": "is the attribute table of a Shapefile; name the .shp",
        "parquet": "is a Parquet file without geometry; write it as CSV",
        "tiff": "is a raster image",
        "image": "is a picture",
    }
    raise InputError(path, [Problem(None, "", reasons.get(kind, f"is no table that can be read ({kind})"))])


# ------------------------------------------------------------------ what the cells mean


class _Work:
    """Columns read one after the other, with every problem kept."""

    def __init__(self, body: Body, reading: Reading, known_codes: Collection[str] | None) -> None:
        self.body = body
        self.reading = reading
        self.known_codes = known_codes
        self.problems: list[Problem] = list(body.problems)
        self.numbers = [row for row, _ in body.rows]

    def frame(self) -> pd.DataFrame:
        columns: dict[str, pd.Series] = {}
        for at, name in enumerate(self.body.names):
            cells = pd.Series([cells[at] for _, cells in self.body.rows], dtype=object)
            meaning = self.body.known.get(at) or self._by_content(at, cells)
            if meaning is not None and meaning.name != name:
                name = meaning.name
                self.body.names[at] = name
                self.reading.columns[self.body.written[at]] = name
            columns[name] = self._column(cells, meaning, self.body.written[at])
        known = [m.name for m in self.body.known.values() if m.name in columns]
        frame = pd.DataFrame(
            {name: columns[name] for name in [*known, *(n for n in columns if n not in known)]}
        )
        self._check_keys(frame)
        return frame

    def sorted_problems(self) -> list[Problem]:
        return sorted(self.problems, key=lambda p: (p.row is not None, p.row or 0, p.field))

    # -------------------------------------------------------------- columns

    def _column(self, cells: pd.Series, meaning: Meaning | None, label: str) -> pd.Series:
        if meaning is None:
            return self._untyped(cells, label)
        if meaning.type == "code":
            return self._codes(cells, meaning, label)
        if meaning.type in ("number", "whole"):
            return self._numbers(cells, label, whole=meaning.type == "whole")
        if meaning.type == "date":
            return self._dates(cells, label)
        self._note_strange(cells, label)
        return _texts(cells)

    def _codes(self, cells: pd.Series, meaning: Meaning, label: str) -> pd.Series:
        assert meaning.level is not None
        found = unit_codes(cells, meaning.level, self.known_codes)
        self.reading.notes += [f"{label}: {note}" for note in found.repaired]
        if found.unassigned:
            ground = f"{found.unassigned:,} rows are ground that no village has (codes …S01)"
            self.reading.notes.append(f"{label}: {ground}; their names may be blank")
        elsewhere = sorted(set(found.values.dropna()) - set(embedded_codes(meaning.level)))
        elsewhere = [code for code in elsewhere if code.isdigit()]
        if elsewhere:
            shown = ", ".join(elsewhere[:5]) + (" …" if len(elsewhere) > 5 else "")
            self.reading.notes.append(
                f"{label}: {len(elsewhere):,} codes are not in the boundaries {VINTAGE} ({shown}): of another year, "
                "or wrong"
            )
        for at, reason in found.refused.items():
            self._refuse(at, label, reason, cells[at])
        empty = found.values.isna().to_numpy() & ~cells.index.isin(list(found.refused))
        for at in np.flatnonzero(empty).tolist():
            self._refuse(at, label, "is empty: no unit is named", "")
        return found.values

    def _numbers(self, cells: pd.Series, label: str, *, whole: bool) -> pd.Series:
        values, rest = _quick_numbers(cells)
        folded = 0
        for at in rest:
            value, reason = number(cells[at])
            if reason:
                self._refuse(at, label, reason, cells[at])
            elif value is not None:
                folded += 1
                values[at] = value
        if folded:
            self.reading.notes.append(
                f"{label}: {folded:,} numbers had separators, blanks or full-width digits"
            )
        if not whole:
            return pd.Series(values)
        for at in np.flatnonzero(~np.isnan(values)).tolist():
            if values[at] < 0:
                self._refuse(at, label, f"is negative ({cells[at]})", cells[at])
            elif values[at] > EXACT:
                self._refuse(at, label, f"is too large for a count ({cells[at][:40]})", cells[at])
            elif values[at] != np.floor(values[at]):
                self._refuse(at, label, f"is not a whole number ({cells[at]})", cells[at])
            else:
                continue
            values[at] = np.nan
        return pd.Series(values).astype("Int64")

    def _dates(self, cells: pd.Series, label: str) -> pd.Series:
        parsed = {text: roc_date(text) for text in cells.unique()}
        for at, text in cells.items():
            if parsed[text][1]:
                self._refuse(int(str(at)), label, parsed[text][1], text)
        example = next((t for t in parsed if parsed[t][0] and tidy(t) != parsed[t][0]), None)
        if example is not None:
            self.reading.notes.append(
                f"{label}: dates such as '{tidy(example)}' are read as {parsed[example][0]}"
            )
        return cells.map(lambda text: parsed[text][0])

    def _untyped(self, cells: pd.Series, label: str) -> pd.Series:
        values, rest = _quick_numbers(cells)
        bad = []
        for at in rest:
            value, reason = number(cells[at])
            if reason:
                bad.append(at)
                if len(bad) > 0.05 * len(cells) + 1:
                    break
            elif value is not None:
                values[at] = value
        numeric = int((~np.isnan(values)).sum())
        identifiers = any(_AS_TEXT.match(text) for text in cells)
        if numeric and not bad and not identifiers:
            found = values[~np.isnan(values)]
            whole = not (found % 1).any() and bool((np.abs(found) <= EXACT).all())
            return pd.Series(values).astype("Int64") if whole else pd.Series(values)
        if bad and len(bad) <= 0.05 * numeric and not identifiers:
            rows = ", ".join(str(self.numbers[at]) for at in bad[:5])
            self.reading.notes.append(
                f"'{label}' is kept as text: {numeric:,} cells are numbers, but not those of rows {rows}"
            )
        self._note_strange(cells, label)
        return _texts(cells)

    def _by_content(self, at: int, cells: pd.Series) -> Meaning | None:
        """A column whose header says little, told by what its cells look like; said in a note."""
        taken = {meaning.name for meaning in self.body.known.values()}
        label = self.body.written[at]
        filled = [text.strip() for text in cells if text.strip()]
        if not filled:
            return None
        for meaning, pattern, what in _BY_CONTENT:
            coded = meaning.type == "code"
            if meaning.name in taken or (
                coded and (taken & set(UNIT_KEYS) or tidy(label).lower() not in _KEYS)
            ):
                continue
            if not any(re.fullmatch(pattern, text) for text in filled[:_FIRST]):
                continue  # nine in ten are needed
            if sum(re.fullmatch(pattern, text) is not None for text in filled) > 0.9 * len(filled):
                self.body.known[at] = meaning
                self.reading.notes.append(f"'{label}' is taken for {meaning.name}: its cells are {what}")
                return meaning
        return None

    # -------------------------------------------------------------- rows

    def _check_keys(self, frame: pd.DataFrame) -> None:
        """A row that repeats another whole is told; where units are the key it is a problem."""
        if frame.empty:
            self.reading.notes.append("there are headers but no rows")
            return
        bad = {problem.row for problem in self.problems}
        sound = ~np.isin(self.numbers, [row for row in bad if row is not None])
        repeated = frame[sound].duplicated(keep="first").reindex(frame.index, fill_value=False)
        key = next((k for k in UNIT_KEYS if k in frame), None)
        if key is not None:
            often = int((frame.loc[sound & ~repeated.to_numpy(dtype=bool), key].value_counts() > 1).sum())
            if often:
                self.reading.notes.append(
                    f"{often:,} units have more than one row: {key} alone is no key here"
                )
        if not repeated.any():
            return
        if key is None or frame[key].duplicated().mean() > 0.5:
            self.reading.notes.append(
                f"{int(repeated.sum()):,} rows repeat another row of the table word for word"
            )
            return
        first: dict[tuple[object, ...], int] = {}
        for at, cells in enumerate(frame.itertuples(index=False, name=None)):
            shape = tuple("" if pd.isna(cell) else cell for cell in cells)
            if not sound[at]:
                continue
            if repeated.iloc[at]:
                self._refuse(
                    at,
                    key,
                    f"repeats row {self.numbers[first[shape]]} word for word",
                    str(frame[key].iloc[at]),
                )
            else:
                first.setdefault(shape, at)

    def _note_strange(self, cells: pd.Series, label: str) -> None:
        """Characters that fonts and other systems lack, kept as they are."""
        strange = [text for text in cells.unique() if re.search("[\ue000-\uf8ff\U000f0000-\U0010ffff]", text)]
        bracketed = [text for text in cells.unique() if re.search(r"\[[\u4e00-\u9fff]\]", text)]
        for found, what in ((strange, "private-use characters"), (bracketed, "a character in brackets")):
            if found:
                self.reading.notes.append(
                    f"{label}: {len(found)} names hold {what} and are kept ({tidy(found[0])[:20]})"
                )

    def _refuse(self, at: int, label: str, reason: str, value: str) -> None:
        self.problems.append(Problem(self.numbers[at], label, reason, value[:200]))


def _quick_numbers(cells: pd.Series) -> tuple[np.ndarray, list[int]]:
    """Cells that are plain numbers, and the positions of those that need a closer look."""
    plain = np.array([_PLAIN.fullmatch(text) is not None for text in cells], dtype=bool)
    values = np.full(len(cells), np.nan)
    if plain.any():
        values[plain] = cells[plain].astype(float).to_numpy()
    return values, [int(at) for at in np.flatnonzero(~plain) if cells[at] not in MISSING]


def _texts(cells: pd.Series) -> pd.Series:
    tidied = {text: tidy(text) or None for text in cells.unique()}
    return cells.map(tidied).astype(object).where(lambda s: s.notna(), None)


def _people(frame: pd.DataFrame, numbers: Sequence[int]) -> dict[int, int]:
    if "population" not in frame:
        return {}
    return {row: int(p) for row, p in zip(numbers, frame["population"], strict=True) if not pd.isna(p)}
