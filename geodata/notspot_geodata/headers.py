"""
Where a table begins and ends in its file: titles above the headers, one or two rows of headers, notes and
totals that are no data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from notspot_geodata.cells import number
from notspot_geodata.columns import Meaning, meaning_of, meanings
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.grids import RawTable
from notspot_geodata.reading import Reading
from notspot_geodata.text import tidy

HEADER_SEARCH = 12  # title rows of official workbooks are fewer
TOTALS = ("合計", "總計", "總和", "總數", "小計", "全國", "總 計", "合 計", "小 計", "total", "grand total")
_PLACES = ("county", "town", "village", "name", "county_en", "town_en", "village_en")
_NOTE = re.compile(
    r"(資料)?(來源|說明|截止|更新)|備\s?註|附\s?註|註\s*\d*\s*[:、.]|製表|填表|單位\s*:|※|\*|(source|notes?)\b",
    re.I,
)


@dataclass(slots=True)
class Body:
    """A table without its headers: names of columns, what is known of them, rows of equal length."""

    names: list[str]
    written: list[str]
    known: dict[int, Meaning]
    rows: list[tuple[int, list[str]]]
    problems: list[Problem] = field(default_factory=list)


def find_body(raw: RawTable, path: Path, reading: Reading) -> Body:
    """The data rows of `raw` under their headers; what was concluded goes into `reading`."""
    if raw.named is not None:
        names, known, notes = meanings([raw.named])
        reading.notes += notes
        reading.columns = dict(zip(raw.named, names, strict=True))
        body = Body(names, list(raw.named), known, list(raw.rows), list(raw.problems))
    else:
        body = _under_headers(raw, path, reading)
        _drop_notes(body, reading)
    _drop_totals(body, reading)
    return body


def _under_headers(raw: RawTable, path: Path, reading: Reading) -> Body:
    if not raw.rows:
        raise InputError(path, [Problem(None, "", "has no rows")])
    at = _header_row(raw.rows)
    headers = [raw.rows[at]]
    if at:
        reading.notes.append(f"{at} rows above the header were taken for a title")
    if at + 1 < len(raw.rows) and _is_second_header(raw.rows[at][1], raw.rows[at + 1][1], raw.rows[at + 2 :]):
        headers.append(raw.rows[at + 1])
        reading.notes.append(f"row {raw.rows[at + 1][0]} is a second header row")
    width = max(len(cells) for _, cells in headers)
    padded = [cells + [""] * (width - len(cells)) for _, cells in headers]
    while width > 1 and not any(
        row[width - 1].strip() for row in padded
    ):  # a separator at the end of each line
        width -= 1
        padded = [row[:width] for row in padded]
    if all(number(cell)[0] is not None for cell in padded[0] if cell.strip()):
        message = "has no header: its first row holds numbers only; put the names of the columns above it"
        raise InputError(path, [Problem(headers[0][0], "", message)])
    names, known, notes = meanings(padded)
    reading.notes += notes
    reading.header_rows = [number_ for number_, _ in headers]
    written = [next((tidy(row[i]) for row in padded if tidy(row[i])), names[i]) for i in range(width)]
    reading.columns = dict(zip(written, names, strict=False))
    body = Body(names, written, known, [])
    for row, cells in raw.rows[at + len(headers) :]:
        extra = [cell for cell in cells[width:] if cell.strip()]
        if extra:
            message = (
                f"has {len(cells)} cells, the header has {width}: is a comma or a quotation mark too many?"
            )
            body.problems.append(Problem(row, "", message, extra[0][:80]))
        elif len(cells) < width:
            message = f"has {len(cells)} cells, the header has {width}: is it cut off?"
            body.problems.append(Problem(row, "", message, cells[-1][:80]))
        body.rows.append((row, (cells + [""] * width)[:width]))
    return body


def _header_row(rows: Sequence[tuple[int, list[str]]]) -> int:
    """
    The first full row; a later or earlier one where more of its cells are headers that are known.

    One known word alone decides nothing in a wide row: a cell of data may say ``x`` or ``男``.
    """
    head = rows[:HEADER_SEARCH]
    filled = [[cell for cell in cells if cell.strip()] for _, cells in head]
    known = [sum(meaning_of(cell) is not None for cell in cells) for cells in filled]
    most = max(known)
    first = next(i for i, cells in enumerate(filled) if len(cells) >= max(1, 0.6 * max(map(len, filled))))
    if most > known[first]:
        best = known.index(most)
        if most >= 2 or len(filled[best]) <= 2:
            return best
    return first


def _is_second_header(first: list[str], second: list[str], rest: Sequence[tuple[int, list[str]]]) -> bool:
    filled = [cell for cell in second if cell.strip()]
    if not filled or any(number(cell)[0] is not None for cell in filled):
        return False
    chinese = sum(bool(re.search(r"[\u4e00-\u9fff]", cell)) for cell in filled)
    english = sum(cell.isascii() for cell in first if cell.strip())
    if chinese < 0.8 * len(filled) or english < 0.8 * sum(bool(cell.strip()) for cell in first):
        return False
    if not rest:
        return all(meaning_of(cell) for cell in filled)
    numeric = [i for i in range(len(second)) if _mostly_numbers(rest, i)]
    return any(second[i].strip() for i in numeric) or any(meaning_of(cell) for cell in filled)


def _mostly_numbers(rows: Sequence[tuple[int, list[str]]], at: int) -> bool:
    cells = [cells[at] for _, cells in rows[:20] if at < len(cells) and cells[at].strip()]
    return bool(cells) and sum(number(cell)[0] is not None for cell in cells) > 0.8 * len(cells)


def _drop_notes(body: Body, reading: Reading) -> None:
    """Leave out the notes under a table: rows of one cell at its end that begin as notes do."""
    start = len(body.rows)
    while len(body.names) > 1 and start and sum(bool(cell.strip()) for cell in body.rows[start - 1][1]) == 1:
        start -= 1
    for at in range(start, len(body.rows)):
        text = next((tidy(cell) for cell in body.rows[at][1] if cell.strip()), "")
        if _NOTE.match(text):
            shown = text[:30] + ("…" if len(text) > 30 else "")
            reading.notes.append(
                f"{len(body.rows) - at} rows of notes under the table were left out (row {body.rows[at][0]}: {shown})"
            )
            _keep(body, body.rows[:at])
            return


def _drop_totals(body: Body, reading: Reading) -> None:
    """
    Leave out rows of totals: no code, and the word where the name of a place (or, beside codes, a date) stands.

    A total in another column (all technologies of one township) is data.
    """
    codes = [at for at, meaning in body.known.items() if meaning.type == "code"]
    places = [at for at, meaning in body.known.items() if meaning.name in _PLACES]
    dates = [at for at, meaning in body.known.items() if meaning.type == "date" and codes]
    looked = sorted({*codes, *places, *dates}) or [0]
    kept, dropped = [], []
    for row, cells in body.rows:
        word = any(tidy(cells[at]).lower() in TOTALS for at in looked)
        if word and not any(tidy(cells[at])[:1].isdigit() for at in codes):
            dropped.append(row)
        else:
            kept.append((row, cells))
    if dropped:
        shown = ", ".join(str(row) for row in dropped[:5]) + (" …" if len(dropped) > 5 else "")
        reading.notes.append(f"{len(dropped)} total rows were left out (row {shown})")
        _keep(body, kept)


def _keep(body: Body, rows: list[tuple[int, list[str]]]) -> None:
    """Only `rows`, and the problems of the others gone with them."""
    gone = {row for row, _ in body.rows} - {row for row, _ in rows}
    body.rows[:] = rows
    body.problems = [problem for problem in body.problems if problem.row not in gone]
