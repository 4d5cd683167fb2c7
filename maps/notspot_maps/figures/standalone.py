"""
A drawing of a page made into a drawing that stands alone: one language, no styles of a page, no percentages.

The charts of the report hold their words in both languages and are as wide as their column. Here the language is
chosen, lengths become numbers, links go, and words with a halo are drawn twice, since word processors do not know
``paint-order``.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from copy import deepcopy
from typing import Literal

from notspot_geodata.errors import UsageError
from notspot_geodata.text import tidy
from notspot_maps.drawing.svg import FONT, number

Language = Literal["zh", "en", "both"]
LANGUAGES: tuple[Language, ...] = ("zh", "en", "both")

WIDTH = 640.0  # CSS pixels, 169 mm: the text of an A4 page
EDGE = 6.0  # white around a drawing: its letters begin at 0, and some reach over
SPACE = "http://www.w3.org/2000/svg"
_ACROSS = ("x", "x1", "x2", "cx", "dx", "width", "rx")
_UP = ("y", "y1", "y2", "cy", "dy", "height", "ry")
_OF_A_PAGE = ("class", "lang", "style", "tabindex", "href", "data-step", "pointer-events", "role")


def standalone(svg: str, lang: Language = "zh", *, width: float = WIDTH, edge: float = EDGE) -> ET.Element:
    """
    The ``<svg>`` element of a drawing, ready for a renderer or a file of its own.

    Parameters
    ----------
    svg
        One ``<svg>`` element as `notspot_maps.drawing.svg.drawing` makes it.
    lang
        ``zh``, ``en``, or ``both``: the two behind one another on a line, paragraphs one under the other.
    width
        In CSS pixels, of a drawing that has no coordinates of its own.
    edge
        White around it, in pixels.

    Raises
    ------
    UsageError
        `lang` is another one, or `svg` is not an SVG.
    """
    if lang not in LANGUAGES:
        raise UsageError(f"a picture has no language '{lang}'; there are {', '.join(LANGUAGES)}")
    if "<!" in svg:
        raise UsageError("an SVG drawing here has no declarations (<!…>)")  # entities may grow without end
    try:
        root = ET.fromstring(svg)  # noqa: S314 - without declarations nothing can be expanded
    except ET.ParseError as error:
        raise UsageError(f"this is not an SVG drawing: {error}") from error
    if _tag(root) != "svg":
        raise UsageError(f"this is not an SVG drawing but a <{_tag(root)}>")
    own = [float(part) for part in root.get("viewBox", "").replace(",", " ").split()]
    size = (own[2], own[3]) if len(own) == 4 else (width, _length(root.get("height", "0"), 0))
    _choose(root, lang)
    extra = _paragraphs(root) if lang == "both" else 0.0
    _settle(root, size)
    for name in [*root.attrib]:
        if name in (*_OF_A_PAGE, "x", "y", "overflow") or name.startswith("aria"):
            del root.attrib[name]
    wide, high = size[0] + 2 * edge, size[1] + extra + 2 * edge
    view = f"{number(-edge)} {number(-edge)} {number(wide)} {number(high)}"
    root.attrib |= {"width": number(wide), "height": number(high), "viewBox": view}
    root.attrib |= {"role": "img", "font-family": FONT, "lang": "en" if lang == "en" else "zh-Hant"}
    return root


def with_halos(root: ET.Element) -> ET.Element:
    """A copy in which words with a halo are drawn twice, outline first, for readers without ``paint-order``."""
    root = deepcopy(root)
    for parent in [*root.iter()]:
        for at in range(len(parent) - 1, -1, -1):
            child = parent[at]
            if child.get("paint-order") is None:
                continue
            under = deepcopy(child)
            del under.attrib["paint-order"], child.attrib["paint-order"]
            under.set("aria-hidden", "true")
            for name in ("stroke", "stroke-width", "stroke-linejoin"):
                child.attrib.pop(name, None)
            parent.insert(at, under)
    return root


def written(root: ET.Element, *, declared: bool = True) -> str:
    """The drawing as text, with the XML declaration of a file."""
    ET.register_namespace("", SPACE)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n' if declared else text


def words_of(root: ET.Element) -> Iterator[ET.Element]:
    """The elements that hold words which are drawn."""
    return (item for item in root.iter() if _tag(item) == "text")


# ------------------------------------------------------------------ languages


def _choose(parent: ET.Element, lang: Language) -> None:
    """Leave one language; or join the two elements that hold the same words."""
    kept: list[ET.Element] = []
    for child in parent:
        tag, names = _tag(child), child.get("class", "").split()
        if tag in ("title", "desc"):
            child.text = _half(child.text or "", lang)
        elif lang != "both" and ("en" if lang == "zh" else "zh") in names:
            continue
        elif lang == "both" and "en" in names and kept and _is_pair(kept[-1], child):
            if _bare(kept[-1]) != _bare(child):  # a figure is said once, whatever its brackets
                kept[-1].text = f"{kept[-1].text} {child.text}"
                kept[-1].set("data-en", child.text or "")
            continue
        _choose(child, lang)
        kept.append(child)
    parent[:] = kept


def _is_pair(zh: ET.Element, en: ET.Element) -> bool:
    place = ("x", "y", "dx")
    return "zh" in zh.get("class", "").split() and all(zh.get(name) == en.get(name) for name in place)


def _bare(words: ET.Element) -> str:
    return tidy(words.text or "").replace(" ", "")


def _half(text: str, lang: Language) -> str:
    """'中文｜English' in one language; other text as it is."""
    parts = text.split("｜")
    if lang == "both" or len(parts) != 2:
        return text
    if lang == "zh":
        return parts[0]
    head = re.match(r"[\u2e80-\uffef].* ", parts[0])  # the name of a place stands before the Chinese figure
    return (head.group() if head else "") + parts[1]


def _paragraphs(root: ET.Element) -> float:
    """
    Set the English lines of each paragraph under its Chinese ones and move what stands below down.

    Returns
    -------
    extra
        What the drawing grew by, in pixels.
    """
    moved = 0.0
    for block in [item for item in root if item.get("data-step")]:
        step, top = float(block.get("data-step", "0")), _top(block[0])
        english = []
        for line in [*block]:
            said = line.attrib.pop("data-en", None)
            if said is not None:
                line.text = (line.text or "")[: -len(said) - 1]
                under = deepcopy(line)
                under.text = said
                english.append(under)
            elif "en" in line.get("class", "").split():
                block.remove(line)
                english.append(line)
        more = step * (len(block) + len(english)) - step * max(len(block), len(english))
        first = float(block[0].get("y", "0")) if len(block) else top
        start = first + step * len(block)
        for at, line in enumerate(english):
            line.set("y", number(start + step * at))
            block.append(line)
        if more <= 0:
            continue
        after = [
            item
            for item in root
            if item is not block and _top(item) >= top and _tag(item) not in ("title", "desc", "defs")
        ]
        for item in after:
            lift = float(item.get("data-down", "0")) + more
            item.set("data-down", number(lift))
        moved += more
    for at, item in enumerate([*root]):
        down = item.attrib.pop("data-down", None)
        if down is not None:
            group = ET.Element(f"{{{SPACE}}}g", {"transform": f"translate(0 {down})"})
            root[at] = group
            group.append(item)
    return moved


def _top(item: ET.Element) -> float:
    """About where an element begins, from above; of a path where its pen starts."""
    for name in ("y", "y1", "cy"):
        if item.get(name) is not None:
            return _length(item.get(name, "0"), 0)
    path = re.match(r"M\s*-?[\d.]+[ ,](-?[\d.]+)", item.get("d", ""))
    if path:
        return float(path.group(1))
    return min((_top(child) for child in item), default=0.0)


# ------------------------------------------------------------------ lengths


def _settle(parent: ET.Element, size: tuple[float, float]) -> None:
    """Percentages become numbers, inner drawings groups, links what they hold; a page's attributes go."""
    for at, child in enumerate([*parent]):
        _settle(child, size)
        for name in [*child.attrib]:
            value = child.attrib[name]
            if name in _ACROSS and value.endswith("%"):
                child.set(name, number(_length(value, size[0])))
            elif name in _UP and value.endswith("%"):
                child.set(name, number(_length(value, size[1])))
            elif name in _OF_A_PAGE or name.startswith(("data-", "aria-")):
                del child.attrib[name]
        if _tag(child) == "text":
            for place, step in (("x", "dx"), ("y", "dy")):
                if child.get(step) is not None:
                    moved = float(child.get(place, "0")) + float(child.attrib.pop(step))
                    child.set(place, number(moved))
        elif _tag(child) == "svg":
            group = ET.Element(f"{{{SPACE}}}g")
            group.set("transform", f"translate({child.get('x', '0')} {child.get('y', '0')})")
            group[:] = child[:]
            parent[at] = group
        elif _tag(child) == "a":
            child.tag = f"{{{SPACE}}}g"


def _length(text: str, whole: float) -> float:
    if text.endswith("%"):
        return float(text[:-1]) / 100 * whole
    return float(text.removesuffix("px") or 0)


def _tag(item: ET.Element) -> str:
    return item.tag.rpartition("}")[2]
