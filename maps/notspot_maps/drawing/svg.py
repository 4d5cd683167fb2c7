"""
SVG as text: escaped elements, words in both languages, patterns that tell marks apart without colour.

A drawing holds no script and loads nothing. Positions across may be percentages, so that a chart fills
its column while its letters keep their size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

import pandas as pd

from notspot_geodata.text import Text
from notspot_maps.palette import INK, UNKNOWN_FILL, UNKNOWN_HATCH

FONT = '"Noto Sans TC", "PingFang TC", "Microsoft JhengHei", system-ui, sans-serif'
SOFT, LINE = "#52606d", "#c3ccd4"  # secondary words (6.5:1 on white) and rules

Length = float | str
Anchor = Literal["start", "middle", "end"]
Pattern = Literal["hatch", "dots", "cross", "rise", "fall"]


@dataclass(frozen=True, slots=True)
class Chart:
    """
    A drawing with its words and numbers.

    Attributes
    ----------
    svg
        One ``<svg>`` element to put inline. Words stand twice, in elements of class ``zh`` and ``en``; the
        page shows one.
    title
        What is drawn, as a question or topic.
    finding
        What it shows, as a sentence made from the data.
    table
        The numbers drawn. Column names and texts are `Text` or plain.
    """

    svg: str
    title: Text
    finding: Text
    table: pd.DataFrame


_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def plain(text: object) -> str:
    """Text as it may stand between tags or in a quoted attribute of XML and HTML."""
    return escape(_NOT_XML.sub("\ufffd", str(text)), {'"': "&quot;", "'": "&#39;"})


def number(value: float, digits: int = 2) -> str:
    """A coordinate: at most so many decimals, no exponent, no negative zero."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def element(tag: str, *content: str, **attributes: object) -> str:
    """
    An element. Attributes with None are left out; ``_`` in a name is ``-`` (``class_`` is ``class``);
    numbers are written as coordinates. `content` is markup: texts go through `plain` first.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}>{''.join(content)}</{tag}>" if content else f"<{tag}{written}/>"


def _attribute(value: object) -> str:
    return number(value) if isinstance(value, (int, float)) else plain(value)


def percent(share: float) -> str:
    """A share of the drawing's width, as a length."""
    return f"{number(100 * share)}%"


def words(
    x: Length,
    y: float,
    text: Text,
    *,
    anchor: Anchor = "start",
    size: float = 13,
    weight: int | None = None,
    fill: str = INK,
    dx: float | None = None,
    dy: float | None = None,
    halo: bool = False,
) -> str:
    """One line of words in both languages; once only where they are the same (a number)."""
    shape: dict[str, object] = {
        "x": x,
        "y": y,
        "dx": dx,
        "dy": dy,
        "text_anchor": None if anchor == "start" else anchor,
        "font_size": size,
        "font_weight": weight,
        "fill": fill,
    }
    if halo:  # keeps words readable where they cross a line
        shape |= {"stroke": "#ffffff", "stroke_width": 3, "paint_order": "stroke", "stroke_linejoin": "round"}
    if text.zh == text.en:
        return element("text", plain(text.zh), **shape)
    both = (("zh", "zh-Hant", text.zh), ("en", "en", text.en))
    return "".join(
        element("text", plain(said), class_=name, lang=lang, **shape) for name, lang, said in both if said
    )


def lines(
    x: Length,
    y: float,
    text: Text,
    *,
    columns: int = 46,
    step: float = 17,
    size: float = 12,
    fill: str = SOFT,
) -> str:
    """Words on as many lines as they need at so many columns (a Chinese character takes two)."""
    zh, en = wrapped(text.zh, columns), wrapped(text.en, columns)
    count = max(len(zh), len(en))
    zh, en = zh + [""] * (count - len(zh)), en + [""] * (count - len(en))
    drawn = (
        words(x, y + step * at, Text(a, b), size=size, fill=fill)
        for at, (a, b) in enumerate(zip(zh, en, strict=True))
        if a or b
    )
    return element("g", *drawn, data_step=step)  # where both languages are shown, one stands under the other


def wrapped(text: str, columns: int) -> list[str]:
    """`text` in lines of at most so many columns, broken at blanks (not before '%') or between Chinese ones."""
    out, line, used = [], "", 0
    for piece in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+(?: %[^\s\u2e80-\uffef]*)?|\s+", text):
        width = text_columns(piece)
        closing = piece in "，。、；：）」％"
        if line and used + width > columns and not piece.isspace() and not closing:
            kept = line.rstrip("（「 ")  # an opening bracket goes with what follows
            opening = line[len(kept) :].strip()
            out.append(kept)
            line, used = opening, text_columns(opening)
        if line or not piece.isspace():
            line, used = line + piece, used + width
    return [*out, line.rstrip()] if line.strip() else out


def text_columns(text: str) -> int:
    """Columns that text takes: two for a Chinese character, one for a Latin one."""
    return sum(2 if ord(char) >= 0x2E80 else 1 for char in text)


def pattern(prefix: str, kind: Pattern, fill: str, mark: str, *, scale: float = 1) -> str:
    """A fill with marks, for ``<defs>``; used as ``url(#prefix-kind)``. `scale` undoes that of its group."""
    size = 7 if kind in ("dots", "cross") else 6
    turn = {"hatch": 45, "rise": -45, "fall": 45}.get(kind)
    moves = [f"scale({number(scale)})"] * (scale != 1) + [f"rotate({turn})"] * (turn is not None)
    if kind == "dots":
        marks = element("circle", cx=3.5, cy=3.5, r=1.3, fill=mark)
    elif kind == "cross":
        marks = element("path", d="M3.5 1V6M1 3.5H6", stroke=mark, stroke_width=1.1, fill="none")
    else:
        marks = element("path", d=f"M0 0V{size}", stroke=mark, stroke_width=2)
    return element(
        "pattern",
        element("rect", width=size, height=size, fill=fill),
        marks,
        id=f"{prefix}-{kind}",
        width=size,
        height=size,
        patternUnits="userSpaceOnUse",
        patternTransform=" ".join(moves) or None,
    )


def unknown_pattern(prefix: str, *, scale: float = 1) -> str:
    """The light grey with diagonal hatching that means: no data."""
    return pattern(prefix, "hatch", UNKNOWN_FILL, UNKNOWN_HATCH, scale=scale)


def identifier(text: str) -> str:
    """`text` as (the beginning of) an id: letters, digits, hyphen."""
    return "c-" + re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def drawing(
    prefix: str,
    title: Text,
    description: Text,
    body: Iterable[str],
    *,
    height: float,
    view: tuple[float, float] | None = None,
    max_width: float = 720,
    defs: Sequence[str] = (),
    role: Literal["img", "group"] = "img",
) -> str:
    """
    The ``<svg>`` element.

    Parameters
    ----------
    prefix
        Begins every id in it: two drawings of one page need two prefixes.
    title, description
        Its accessible name and description, in both languages.
    height
        In pixels. Without a `view` the drawing is as wide as its column and positions across are percentages.
    view
        Width and height of its own coordinates; then it is scaled as a whole.
    role
        ``group`` where it holds links, else ``img``.
    """
    style = f"width:100%;max-width:{number(max_width)}px;"
    style += "height:auto" if view else f"height:{number(height)}px"  # a rule of the page may not undo it
    content = [
        element("title", plain(f"{title.zh}｜{title.en}"), id=f"{prefix}-t"),
        element("desc", plain(f"{description.zh}｜{description.en}"), id=f"{prefix}-d"),
        element("defs", *defs) if defs else "",
        *body,
    ]
    return element(
        "svg",
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(view[0])} {number(view[1])}" if view else None,
        width=number(view[0]) if view else "100%",
        height=height,
        role=role,
        aria_labelledby=f"{prefix}-t",
        aria_describedby=f"{prefix}-d",
        font_family=FONT,
        style=style,
    )
