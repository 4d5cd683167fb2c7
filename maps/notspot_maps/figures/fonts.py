"""
The letters of printed pictures: Noto Sans TC from a Python package, cut to the characters that are used.

The package holds the variable font, whose default is Thin, which is what a renderer of SVG draws at weight 400.
So the outlines are drawn at weights 400 and 700 and put into two small static fonts; glyphs are kept, since the
pictures of a report share most of theirs. A character that Noto Sans TC lacks is taken from its sisters for
simplified Chinese, Japanese and Korean.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from notspot_geodata.errors import NotFoundError

FAMILY = "Noto Sans TC"
WEIGHTS = {400: "Regular", 700: "Bold"}
MISSING = "〓"  # what Japanese and Chinese printers set for a sort they do not have
HINT = "pip install 'notspot[print]'"

_PACKAGE = "justmytype_intl_cjk"
_FILES = tuple(
    f"fonts/ofl/notosans{code}/NotoSans{code.upper()}[wght].ttf" for code in ("tc", "sc", "jp", "kr")
)


def need(package: str) -> Any:
    """
    A module of the optional extra ``print``.

    Raises
    ------
    NotFoundError
        It is not installed; says how to.
    """
    from importlib import import_module

    try:
        return import_module(package)
    except ImportError as error:
        raise NotFoundError(
            f"pictures as PNG or PDF need the package {package.split('.')[0]}: {HINT}"
        ) from error


def is_drawn(char: str) -> bool:
    """Whether a character leaves a mark: not control and direction marks, joiners, variation selectors."""
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") and not (
        0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
    )


def lacking(text: Iterable[str]) -> list[str]:
    """The characters that none of the fonts has, in order of their codes."""
    return sorted({char for char in text if is_drawn(char) and _home(char) is None})


def advance_em(text: str, weight: int = 400) -> float:
    """Width of a line of text in ems, at weight 400 or 700."""
    return sum(_glyph(char, weight)[1] for char in text if is_drawn(char) and _home(char) is not None) / 1000


def print_fonts(text: Iterable[str]) -> dict[str, bytes]:
    """
    Two static TrueType fonts, regular and bold, by file name, with the characters of `text` and no others.

    The same characters give the same bytes. No kerning: Chinese has none.
    """
    chars = sorted({char for char in text if is_drawn(char) and _home(char) is not None} | {" ", MISSING})
    return {f"{style}.ttf": _font(chars, weight) for weight, style in WEIGHTS.items()}


# ------------------------------------------------------------------ helpers


@cache
def _source(at: int) -> Any:
    """One of the variable fonts, from memory: a file would stay open; None where the package lacks it."""
    need(_PACKAGE)
    file = files(_PACKAGE) / _FILES[at]
    if file.is_file():
        return need("fontTools.ttLib").TTFont(io.BytesIO(file.read_bytes()), lazy=True)
    if at == 0:
        raise NotFoundError(f"the package {_PACKAGE} holds no {_FILES[0]}; another version may: {HINT}")
    return None


@cache
def _characters(at: int) -> dict[int, str]:
    font = _source(at)
    return {} if font is None else dict(font.getBestCmap())


@cache
def _outlines(at: int, weight: int) -> Any:
    return _source(at).getGlyphSet(location={"wght": weight})


@cache
def _home(char: str) -> int | None:
    """Number of the first font that has a character."""
    return next((at for at in range(len(_FILES)) if ord(char) in _characters(at)), None)


@cache
def _glyph(char: str, weight: int) -> tuple[Any, int]:
    """Outline at a weight, and its advance in thousandths of an em."""
    at = _home(char)
    assert at is not None, char
    return _drawn(at, _characters(at)[ord(char)], weight)


@cache
def _drawn(at: int, name: str, weight: int) -> tuple[Any, int]:
    pens = need("fontTools.pens.recordingPen"), need("fontTools.pens.ttGlyphPen")
    outlines = _outlines(at, weight)
    record = pens[0].DecomposingRecordingPen(outlines)
    outlines[name].draw(record)
    pen = pens[1].TTGlyphPen(None)
    record.replay(pen)
    return pen.glyph(), round(outlines[name].width)


def _font(chars: list[str], weight: int) -> bytes:
    main = _source(0)
    style = WEIGHTS[weight]
    names = {ord(char): f"u{ord(char):04x}" for char in chars}
    glyphs = {".notdef": _drawn(0, ".notdef", weight)}
    glyphs |= {names[ord(char)]: _glyph(char, weight) for char in chars}
    build = need("fontTools.fontBuilder").FontBuilder(main["head"].unitsPerEm, isTTF=True)
    build.setupGlyphOrder(list(glyphs))
    build.setupCharacterMap(names)
    build.setupGlyf({name: glyph for name, (glyph, _) in glyphs.items()})
    left = {name: getattr(build.font["glyf"][name], "xMin", 0) for name in glyphs}
    build.setupHorizontalMetrics({name: (width, left[name]) for name, (_, width) in glyphs.items()})
    build.setupHorizontalHeader(ascent=main["hhea"].ascent, descent=main["hhea"].descent)
    ps_name = f"{FAMILY.replace(' ', '')}-{style}"
    full = {"familyName": FAMILY, "styleName": style, "psName": ps_name, "fullName": f"{FAMILY} {style}"}
    build.setupNameTable(full, mac=False)
    kept = ("sTypoAscender", "sTypoDescender", "sxHeight", "sCapHeight", "usWinAscent", "usWinDescent")
    build.setupOS2(usWeightClass=weight, **{key: getattr(main["OS/2"], key) for key in kept})
    build.setupPost(keepGlyphNames=False)
    build.updateHead(created=0, modified=0)
    build.font.recalcTimestamp = False
    out = io.BytesIO()
    build.save(out)
    return out.getvalue()
