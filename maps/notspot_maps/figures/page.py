"""
The sheet that a printed figure stands on: title, what it says, the drawing, source and run, in the language asked for.
"""

from __future__ import annotations

from notspot_geodata.text import Text
from notspot_maps.drawing.svg import Anchor, Chart, drawing, element, number, plain, wrapped
from notspot_maps.figures.standalone import Language, standalone, written
from notspot_maps.palette import INK

WIDTH = 680.0  # CSS pixels: 180 mm, an A4 page with margins of 15 mm
HEIGHT = 1009.0  # 267 mm, the same page
SECOND, LEAST = 0.86, 9.0  # size of the English below the Chinese; no letters are smaller, 6.75 points
LEADING = 1.42  # of lines, in sizes
_COLUMN_EM = 0.52  # width of a column of letters; a Chinese character takes two


def said(text: Text, lang: Language, between: str = " ") -> str:
    """A text on one line: one language, or the Chinese and the English behind it."""
    if lang != "both" or text.zh == text.en:
        return text.en if lang == "en" else text.zh
    return f"{text.zh}{between}{text.en}"


def width_em(text: str) -> float:
    """About how wide a line is, in ems; rather too wide than too narrow."""
    return sum(
        1.0 if ord(char) >= 0x2E80 else 0.3 if char in " .,:;()'|il·" else 0.9 if char in "mwMW%" else 0.66
        if char.isupper() else 0.58 for char in text
    )  # fmt: skip


def label(
    x: float,
    y: float,
    text: str,
    *,
    size: float = 12,
    weight: int | None = None,
    fill: str = INK,
    anchor: Anchor = "start",
    halo: float = 0,
) -> str:
    """One line of words; `halo` is the width of white around its letters."""
    shape: dict[str, object] = {
        "x": x, "y": y, "font_size": size, "font_weight": weight, "fill": fill,
        "text_anchor": None if anchor == "start" else anchor,
    }  # fmt: skip
    if halo:
        shape |= {
            "stroke": "#ffffff",
            "stroke_width": halo,
            "paint_order": "stroke",
            "stroke_linejoin": "round",
        }
    return element("text", plain(text), **shape)


class Page:
    """
    A figure that grows downwards.

    Parameters
    ----------
    lang
        Of all its words; with ``both`` the English stands under the Chinese.
    width
        In CSS pixels.
    """

    def __init__(self, lang: Language, width: float = WIDTH) -> None:
        self.lang = lang
        self.width = width
        self.y = 0.0
        self._body: list[str] = []

    def write(
        self, text: Text, *, size: float = 13, weight: int | None = None, fill: str = INK, after: float = 0
    ) -> None:
        """A paragraph over the whole width."""
        for line, own in self._lines(text, size):
            self.y += own * LEADING
            self._body.append(label(0, self.y - own * 0.36, line, size=own, weight=weight, fill=fill))
        self.y += after

    def height_of(self, text: Text, size: float) -> float:
        """What a paragraph would take."""
        return sum(own * LEADING for _, own in self._lines(text, size))

    def put(self, markup: str, height: float, *, after: float = 0) -> None:
        """A drawing whose own coordinates begin at 0, 0."""
        self._body.append(element("g", markup, transform=f"translate(0 {number(self.y)})"))
        self.y += height + after

    def chart(self, chart: Chart, *, width: float | None = None, after: float = 0) -> None:
        """A chart of the report, as wide as the page or as its own coordinates scaled to `width`."""
        root = standalone(chart.svg, self.lang, width=self.width, edge=0)
        own = float(root.get("width", "0"))
        scale = (width or self.width) / own
        inside = "".join(
            written(child, declared=False) for child in root if not child.tag.endswith(("title", "desc"))
        )
        moves = f"translate(0 {number(self.y)})" + (f" scale({number(scale, 4)})" if scale != 1 else "")
        self._body.append(element("g", inside, transform=moves))
        self.y += float(root.get("height", "0")) * scale + after

    def svg(self, title: Text, description: Text) -> str:
        """The whole figure as one ``<svg>`` element."""
        drawn = drawing(
            "figure",
            title,
            description,
            self._body,
            height=self.y,
            view=(self.width, self.y),
            max_width=self.width,
        )
        return written(standalone(drawn, self.lang), declared=False)

    def _lines(self, text: Text, size: float) -> list[tuple[str, float]]:
        """Lines with their size; the English under the Chinese is smaller, as far as it can be read."""
        if self.lang == "both" and text.zh != text.en:
            sizes = {text.zh: size, text.en: max(size * SECOND, min(size, LEAST))}
        else:
            sizes = {text.en if self.lang == "en" else text.zh: size}
        return [
            (line, own)
            for words, own in sizes.items()
            for line in wrapped(words, int(self.width / (own * _COLUMN_EM)))
        ]
