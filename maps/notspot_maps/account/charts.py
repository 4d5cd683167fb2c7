"""
Charts of an account: shares as intervals, and people by kind of not-spot as stacked bars.

Kinds differ by pattern and by the figure that stands in them, not by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from notspot_geodata.text import Text
from notspot_maps.account.rows import Counted
from notspot_maps.account.words import WHOLE, share, short_share
from notspot_maps.account.words import percent as share_of
from notspot_maps.drawing.marks import BLUE, LEFT, VERMILLION, across, axis, bar, mark
from notspot_maps.drawing.svg import (
    LINE,
    SOFT,
    Chart,
    Pattern,
    drawing,
    element,
    pattern,
    percent,
    text_columns,
    unknown_pattern,
    words,
)
from notspot_maps.palette import INK, colours, contrast
from notspot_maps.words import NOT_APPLICABLE, UNKNOWN

TOP = 100.0  # percent
WIDE = 10.0  # points between the bounds from which an interval carries dots
PALE = "#a6cde8"  # of BLUE
SEGMENT = 0.012  # of the bar that a column of letters takes on a phone: below it no figure stands in a part
MOST_SHADES = 7  # of the palette: beyond six operators some share a shade, and the figures tell them apart


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an interval chart, and whether it stands out."""

    label: Text
    row: Counted
    strong: bool = False


def interval_chart(prefix: str, title: Text, finding: Text, rows: Sequence[Line]) -> Chart:
    """
    Shares as intervals: a bar from low to high, a mark at the best estimate, the unknown hatched.

    The hatched part is what nothing is known of: it begins where the covered end.
    """
    body: list[str] = []
    y = 0.0
    for line in rows:
        row = line.row
        body.append(words("0", y + 15, line.label, halo=True))
        body.append(words("100%", y + 15, short_share(row), anchor="end", weight=600, halo=True))
        if not row.is_empty:
            body.append(bar(0, TOP, TOP, y + 23, 10, fill="#eef1f4"))
            if row.high > row.low:
                fill = f"url(#{prefix}-dots)" if row.high - row.low >= WIDE else PALE
                body.append(bar(row.low, row.high, TOP, y + 23, 10, fill=fill, stroke=BLUE, stroke_width=1))
            if row.unknown > 0:
                start, end = 100 * row.covered / row.total, 100 * (row.covered + row.unknown) / row.total
                body.append(bar(start, end, TOP, y + 23, 10, fill=f"url(#{prefix}-hatch)", stroke=SOFT))
        if row.is_known:
            at = percent(across(row.best, TOP))
            shape, colour = _MARKS[line.strong]
            body.append(mark(shape, at, y + 28, colour, size=6))
        y += 42
    body += [] if rows else [words("0", 20, UNKNOWN)]
    body += axis(TOP, max(y, 30), Text("%", "%"))[:-1]
    columns = {
        Text("地區", "Area"): [line.label for line in rows],
        Text("涵蓋率（涵蓋／已知）", "Covered (of those known)"): [share(line.row) for line in rows],
        Text("下限", "Low"): [_bound(line.row.low) for line in rows],
        Text("上限", "High"): [_bound(line.row.high) for line in rows],
        Text("未涵蓋", "Not covered"): _amounts(rows, "not_covered"),
        Text("無資料", "Unknown"): _amounts(rows, "unknown"),
        Text("全部", "All"): _amounts(rows, "total"),
    }
    defs = [unknown_pattern(prefix), pattern(prefix, "dots", PALE, BLUE)]
    svg = drawing(prefix, title, finding, body, height=y + 28, defs=defs)
    return Chart(svg, title, finding, pd.DataFrame(columns))


_MARKS: Mapping[bool, tuple[Literal["circle", "diamond"], str]] = {
    True: ("diamond", VERMILLION),
    False: ("circle", BLUE),
}  # by whether a line stands out


def _amounts(rows: Sequence[Line], name: str) -> pd.Series[Any]:
    """Numbers, whole where people and things are counted."""
    column = pd.Series([getattr(line.row, name) for line in rows], dtype="float64")
    return column.round().astype("Int64") if all(line.row.of in WHOLE for line in rows) else column


def _bound(value: float) -> Text:
    return NOT_APPLICABLE if math.isnan(value) else Text.of(share_of(value))


# ------------------------------------------------------------------ stacked bars


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of part of a bar: its words, how it is filled, what stands in it."""

    label: Text
    fill: str  # a colour, or the name of a pattern
    sign: str = ""  # in the part, where there is room; without one its percentage
    ink: str = INK


@dataclass(frozen=True, slots=True)
class Stack:
    """A bar: amounts by kind, in the order in which they stand."""

    label: Text
    figure: Text
    parts: Mapping[str, float]


PATTERNS: Mapping[Pattern, tuple[str, str]] = {
    "rise": ("#f3c3a0", VERMILLION),
    "dots": ("#ffffff", BLUE),
}  # fill and marks


def stacked_chart(
    prefix: str,
    title: Text,
    finding: Text,
    kinds: Mapping[str, Kind],
    stacks: Sequence[Stack],
    table: pd.DataFrame,
) -> Chart:
    """
    Bars of 100 %, cut into the kinds of their people.

    Parameters
    ----------
    kinds
        In the order in which parts stand and the legend lists them; parts of other kinds are left out.
    table
        The numbers drawn.
    """
    body: list[str] = []
    y = 0.0
    used = {key for stack in stacks for key, size in stack.parts.items() if size > 0}
    for stack in stacks:
        body.append(words("0", y + 15, stack.label, halo=True))
        body.append(words("100%", y + 15, stack.figure, anchor="end", weight=600, halo=True))
        body += _parts(prefix, kinds, stack, y + 22)
        y += 54
    body += axis(TOP, y - 8, Text("%", "%"))[:-1] if stacks else [words("0", 20, UNKNOWN)]
    y += 26
    for key, kind in kinds.items():
        if key in used:
            body.append(element("rect", x=1, y=y, width=30, height=15, fill=_fill(prefix, kind), stroke=SOFT))
            if kind.sign:
                body.append(words(16, y + 12, Text.of(kind.sign), anchor="middle", size=12, fill=kind.ink))
            body.append(words(40, y + 12, kind.label, size=12))
            y += 22
    defs = [unknown_pattern(prefix)]
    defs += [pattern(prefix, name, *paint) for name, paint in PATTERNS.items()]
    return Chart(drawing(prefix, title, finding, body, height=y + 4, defs=defs), title, finding, table)


def _parts(prefix: str, kinds: Mapping[str, Kind], stack: Stack, y: float) -> list[str]:
    total = sum(stack.parts.values())
    if not total > 0:
        return [words(percent(LEFT), y + 14, NOT_APPLICABLE, size=12, fill=SOFT)]
    out, start = [], 0.0
    for key, kind in kinds.items():
        size = 100 * stack.parts.get(key, 0.0) / total
        if size <= 0:
            continue
        fill = _fill(prefix, kind)
        out.append(bar(start, start + size, TOP, y, 20, fill=fill, stroke="#ffffff", stroke_width=1))
        sign = kind.sign or f"{size:.0f} %"
        if size / 100 > 0.03 + SEGMENT * 2 * text_columns(sign):
            at = percent(across(start + size / 2, TOP))
            halo = _is_pattern(kind)
            out.append(words(at, y + 14.5, Text.of(sign), anchor="middle", size=12, fill=kind.ink, halo=halo))
        start += size
    out.append(bar(0, TOP, TOP, y, 20, fill="none", stroke=LINE))
    return out


def _fill(prefix: str, kind: Kind) -> str:
    return f"url(#{prefix}-{kind.fill})" if _is_pattern(kind) else kind.fill


def _is_pattern(kind: Kind) -> bool:
    return kind.fill == "hatch" or kind.fill in PATTERNS


def operator_kinds(count: int) -> dict[str, Kind]:
    """How many of `count` operators reach people, all of them first: dark for all, light for one."""
    scale = colours("ylgnbu", min(max(count + 1, 3), MOST_SHADES))[1:]  # the lightest is nearly white
    out = {}
    for k in range(count, 0, -1):
        fill = scale[-1] if k == count else scale[min(k, len(scale) - 1) - 1]
        ink = "#ffffff" if contrast(fill, "#ffffff") > contrast(fill, INK) else INK
        every = Text(f"{k} 家業者皆有涵蓋", f"all {k} operators") if count > 1 else Text("有涵蓋", "covered")
        some = Text(f"部分訊號盲點：只有 {k} 家", f"partial not-spot: {k} of {count} operators")
        out[f"operators-{k}"] = Kind(every if k == count else some, fill, str(k), ink)
    out["complete"] = Kind(Text("完全訊號盲點：沒有業者涵蓋", "complete not-spot: no operator"), "rise", "0")
    out["unknown"] = Kind(UNKNOWN, "hatch", "?")
    return out
