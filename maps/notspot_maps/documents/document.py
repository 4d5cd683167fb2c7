"""
A report as a document without a file format: headings, paragraphs, lists, tables and pictures in one language.

`document_of_results` makes it from a run, `office_docx` and `office_odt` write it. It holds text only: what
looks like markup in a name is text here and stays so.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Literal

from notspot_maps.drawing.svg import text_columns
from notspot_maps.figures.pictures import picture
from notspot_maps.report.words import Lang
from notspot_maps.words import unturned

Style = Literal["body", "lead", "note", "finding"]

TEXT_WIDTH_MM, TEXT_HEIGHT_MM = 170.0, 250.0  # of A4 between the margins
MARGIN_MM = 20.0
TALLEST_MM = 150.0  # a picture, so that what it shows and its caption stand on the same page
DPI = 200

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")


def clean(text: object) -> str:
    """
    Text on one line as XML can hold it.

    Characters that XML has no place for become U+FFFD; marks that turn the direction of a line are left out;
    line ends and tabs are blanks.
    """
    said = unturned(_NOT_XML.sub("\ufffd", str(text).replace("\r\n", " ")))
    return re.sub(r"[\n\r\t\x85\u2028\u2029]", " ", said)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a `finding` is the sentence that a figure supports. One that is `kept` stays with what follows."""

    text: str
    style: Style = "body"
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table with one row of heads, which stand again on each page, and a caption above it.

    Attributes
    ----------
    numbers
        A column each: whether it holds figures, which are set to the right.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]

    @property
    def is_wide(self) -> bool:
        """Whether it has so many columns that its letters have to be small."""
        return len(self.heads) > 6

    def widths(self) -> list[float]:
        """
        Share of the table's width a column.

        Room for its longest word comes first; then for heads on two lines, figures that are cut before a
        bracket at most, and a few words of a text; then for its longest text.
        """
        columns = list(zip(self.heads, *self.rows, strict=True))
        needs = [_room(max(map(text_columns, _unbroken(cells)))) for cells in columns]
        for wish in (_whole, _wish):
            wished = [
                max(need, wish(cells, number))
                for need, cells, number in zip(needs, columns, self.numbers, strict=True)
            ]
            spare = max(0.0, LINE_COLUMNS[self.is_wide] - sum(needs))
            wanting = sum(wished) - sum(needs)
            share = min(1.0, spare / wanting) if wanting else 0.0
            needs = [need + share * (more - need) for need, more in zip(needs, wished, strict=True)]
        return [need / sum(needs) for need in needs]

    @property
    def is_short(self) -> bool:
        """Whether it takes so few lines that it stands on one page rather than be cut."""
        letters = [LINE_COLUMNS[self.is_wide] * width - CELL_EDGES for width in self.widths()]
        lines = sum(
            max(
                math.ceil(text_columns(cell) / max(1.0, room))
                for cell, room in zip(row, letters, strict=True)
            )
            for row in (self.heads, *self.rows)
        )
        return lines <= SHORT_LINES


LINE_COLUMNS = {False: 92.0, True: 112.0}  # letters on a line of a table: of 9 points, of 7.5 in a wide one
CELL_EDGES = 3.0  # letters that the edges of a cell take
SHORT_LINES = 12  # a fifth of a page; ten places and their heads


def _room(letters: float) -> float:
    return CELL_EDGES + 1.15 * letters


def _whole(cells: Sequence[str], number: bool) -> float:
    parts = [part for cell in cells[1:] for part in (_pieces(cell) if number else [cell])]
    longest = max(map(text_columns, parts), default=0)
    return _room(max(math.ceil(text_columns(cells[0]) / 2), min(longest, 24 if number else 16)))


def _pieces(figure: str) -> list[str]:
    """A short figure as it is, a long one cut before its bracket: '46.0 %', '（10,702,918／23,250,312）'."""
    return [figure] if text_columns(figure) <= 18 else re.split("(?=（)| (?=\\()", figure)


def _wish(cells: Sequence[str], number: bool) -> float:
    longest = max(text_columns(cell) for cell in cells[1:] or cells)
    return 2.0 + min(longest, 26 if number else max(12, 7 * math.sqrt(longest)))


def _unbroken(cells: Sequence[str]) -> list[str]:
    """What may not be broken: words of letters, single Chinese characters, and a short head as a whole."""
    words = [word for cell in cells for word in re.findall(r"[!-\u2e7f]+|[\u2e80-\uffef]", cell)]
    return [*words, cells[0]] if text_columns(cells[0]) <= 10 else words or [""]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its caption below it, and words for who does not see it."""

    svg: str
    caption: str
    alt: str


Block = Heading | Paragraph | Bullets | Table | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """
    The whole report.

    Attributes
    ----------
    subtitle
        Year, run and boundaries: below the title, and at the foot of each page.
    date
        Of the data: what the file says of when it was made, so that the same run gives the same bytes.
    """

    lang: Lang
    title: str
    subtitle: str
    date: datetime
    blocks: Sequence[Block]

    @property
    def labels(self) -> tuple[str, str]:
        """What numbered captions begin with: figure, table."""
        return ("圖", "表") if self.lang == "zh" else ("Figure", "Table")


def introduced(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, with the paragraphs that stand between a heading and a figure, table or heading kept with it."""
    out = list(blocks)
    starts = [at for at, block in enumerate(out) if isinstance(block, Heading)]
    for start in starts:
        between = list(takewhile(lambda block: isinstance(block, Paragraph), out[start + 1 :]))
        end = start + 1 + len(between)
        if end < len(out) and isinstance(out[end], Heading | Table | Picture):
            out[start + 1 : end] = [replace(one, kept=True) for one in between if isinstance(one, Paragraph)]
    return out


# ------------------------------------------------------------------ pictures

Draw = Callable[[Picture, Lang], bytes]


def drawn(one: Picture, lang: Lang) -> bytes:
    """The picture as PNG; raises NotFoundError where ``notspot[print]`` is not installed."""
    return picture(one.svg, "png", dpi=DPI, lang=lang)


def size_mm(png: bytes) -> tuple[float, float]:
    """Width and height at `DPI`, made smaller where they would not fit between the margins."""
    wide, high = (25.4 * pixels / DPI for pixels in struct.unpack(">II", png[16:24]))
    scale = min(1.0, TEXT_WIDTH_MM / wide, TALLEST_MM / high)
    return wide * scale, high * scale


def numbered(blocks: Iterable[Block]) -> list[tuple[Block, int]]:
    """Each block with its number among the figures or tables; 0 for others."""
    figures = tables = 0
    out: list[tuple[Block, int]] = []
    for block in blocks:
        figures += isinstance(block, Picture)
        tables += isinstance(block, Table)
        number = figures if isinstance(block, Picture) else tables if isinstance(block, Table) else 0
        out.append((block, number))
    return out
