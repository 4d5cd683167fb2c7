"""
Tables and figures as the report's templates take them: heads, cells with links, charts with their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from notspot_geodata.text import Text
from notspot_maps.drawing.svg import Chart
from notspot_maps.report.text import cell, heading


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; numbers are set to the right."""

    text: Text
    number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, and where it leads."""

    text: Text
    href: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of the page."""

    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its table ready for the page, and what of the atlas it leads to."""

    svg: str
    title: Text
    finding: Text
    table: Grid
    href: str = ""


def plain_cell(value: object) -> Cell:
    """A cell of words or of anything that has a text."""
    return Cell(Text.of(value) if not isinstance(value, Text) else value)


def grid(frame: pd.DataFrame) -> Grid:
    """The table behind a chart: columns are `Text` or plain names, floats rounded to what a reader can use."""
    numeric = [pd.api.types.is_numeric_dtype(frame[c]) and frame[c].dtype != bool for c in frame.columns]
    heads = [
        Head(heading(column), is_number) for column, is_number in zip(frame.columns, numeric, strict=True)
    ]
    rows = [[plain_cell(cell(value)) for value in row] for row in frame.itertuples(index=False, name=None)]
    return Grid(heads, rows)


def charted(chart: Chart, href: str = "") -> Figure:
    """A chart with its numbers as a table of the page."""
    return Figure(chart.svg, chart.title, chart.finding, grid(chart.table), href)
