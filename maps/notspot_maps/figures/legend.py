"""
What stands on a printed map besides its shapes: legends, names, insets' frames and scale bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from notspot_geodata.text import Text
from notspot_maps.drawing.static_map import Entry
from notspot_maps.drawing.svg import LINE, SOFT, element, wrapped
from notspot_maps.figures.page import label, said, width_em
from notspot_maps.figures.shapes import Part, Sheet, Spot
from notspot_maps.figures.standalone import Language
from notspot_maps.palette import INK

ROW = 21.0  # pixels from one line of a legend to the next
_SWATCH = 34.0  # a swatch and the gap behind it

Edges = tuple[float, float, float, float]  # left, top, right, bottom
_SHIFTS = ((0, 0), (0, -11), (0, 11), (-16, 0), (16, 0), (0, -18), (0, 18), (-26, 0), (26, 0))


def column_key(
    entries: Sequence[Entry], caption: Text, lang: Language, *, at: tuple[float, float], width: float
) -> tuple[str, float]:
    """The legend as a column that begins at a point, and where it ends."""
    x, y = at
    out = []
    for line in _caption(caption, lang, width):
        y += 15
        out.append(label(x, y, line, size=12, weight=700))
    y += 8
    for entry in entries:
        out += _entry(entry, x, y, lang)
        y += ROW
    return "".join(out), y


def columns_key(entries: Sequence[Entry], caption: Text, lang: Language, width: float) -> tuple[str, float]:
    """The legend in columns over a width, read downwards, and its height."""
    out = []
    y = 0.0
    for line in _caption(caption, lang, width):
        y += 15
        out.append(label(0, y, line, size=12, weight=700))
    y += 8
    widest = max(_SWATCH + 24 + 12.5 * width_em(entry_text(entry, lang)) for entry in entries)
    many = max(1, min(4, int(width / widest), len(entries)))
    rows = -(-len(entries) // many)
    for at, entry in enumerate(entries):
        out += _entry(entry, width / many * (at // rows), y + ROW * (at % rows), lang)
    return "".join(out), y + ROW * rows


def entry_text(entry: Entry, lang: Language) -> str:
    """A line of a legend: what it stands for, and of how many units."""
    count = f"（{entry.count:,}）" if lang == "zh" else f" ({entry.count:,})"
    return said(entry.label, lang) + count


def swatch(entry: Entry, x: float, y: float) -> str:
    return element(
        "rect", x=x + 0.5, y=y, width=26, height=14, fill=entry.fill, stroke=SOFT, stroke_width=0.8
    )


def _entry(entry: Entry, x: float, y: float, lang: Language) -> list[str]:
    return [swatch(entry, x, y), label(x + _SWATCH, y + 11.5, entry_text(entry, lang), size=12.5)]


def _caption(caption: Text, lang: Language, width: float) -> list[str]:
    texts = [caption.zh, caption.en] if lang == "both" and caption.zh != caption.en else [said(caption, lang)]
    return [line for text in texts for line in wrapped(text, int(width / (12 * 0.56)))]


# ------------------------------------------------------------------ names, frames, scale bars


def names_on(sheet: Sheet, names: Mapping[str, str], *, size: float = 11) -> str:
    """
    Names by code where they have room, the widest units first, moved a little where that makes room.

    No name lies over another, over an inset or over the edge of its frame; one without room is left out.
    """
    spots = [
        (part.spots[code], names[code], part)
        for part in sheet.parts
        for code in part.spots
        if code in names and not part.frame.name.zh
    ]
    taken = [_edges(part) for part in sheet.parts if part.frame.name.zh]
    taken += [_bar_edges(sheet, part, size) for part in sheet.parts if not part.frame.name.zh]
    out = []
    for spot, name, part in sorted(spots, key=lambda found: -found[0].reach):
        wide, high = width_em(name) * size + 4, size * 1.2
        for across, down in _beside(spot, wide, high) or _SHIFTS:
            x, y = spot.x + across, spot.y + down
            box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
            if _within(box, _edges(part)) and not any(_meet(box, other) for other in taken):
                taken.append(box)
                out.append(label(x, y + size * 0.36, name, size=size, anchor="middle", halo=2.5))
                break
    return "".join(out)


def _beside(spot: Spot, wide: float, high: float) -> list[tuple[float, float]]:
    """Where the name of an island goes that is smaller than it: right, left, below, above."""
    if spot.islet is None or spot.reach > high:
        return []
    across, down = spot.islet[0] + wide / 2 + 1, spot.islet[1] + high / 2 + 1
    return [(across, 0), (-across, 0), (0, down), (0, -down)]


def furniture(sheet: Sheet, lang: Language, *, size: float = 11) -> str:
    """Frames and names of insets, and a scale bar for every frame; the main one's at the bottom right."""
    out = []
    for part in sheet.parts:
        x, y, width, height = part.frame.box
        length = bar_px(part)
        if part.frame.name.zh:
            out.append(element("rect", x=x, y=y, width=width, height=height, fill="none", stroke=LINE))
            out.append(label(x + 5, y + size + 2.5, said(part.frame.name, lang), size=size))
            left, foot, own = x + 6, y + height - 6, size * 0.9
        else:
            left, _, _, foot = _bar_edges(sheet, part, size)
            foot, own = foot - 3, size
        out.append(
            element("path", d=f"M{left:.2f} {foot - 4:.2f}v4h{length:.2f}v-4", fill="none", stroke=INK)
        )
        text = f"{part.frame.bar_km:g} km"
        out.append(label(left + length + 4, foot + 1, text, size=own, fill=SOFT, halo=2.5))
    return "".join(out)


def bar_px(part: Part) -> float:
    """Length of a frame's scale bar on the page."""
    return part.frame.bar_km / part.unit_km


def _bar_edges(sheet: Sheet, part: Part, size: float) -> Edges:
    x, _, width, _ = part.frame.box
    right, foot = x + width - 6, sheet.size[1] - 3
    return (
        right - width_em(f"{part.frame.bar_km:g} km") * size - 4 - bar_px(part),
        foot - size - 3,
        right,
        foot,
    )


def _edges(part: Part) -> Edges:
    x, y, width, height = part.frame.box
    return x, y, x + width, y + height


def _within(box: Edges, frame: Edges) -> bool:
    return box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _meet(a: Edges, b: Edges) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
