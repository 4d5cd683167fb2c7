"""
Drawings as pictures for print: one SVG text becomes PNG, PDF or an SVG file that stands alone.

PNG and PDF are drawn by typst, with the letters of `picture_fonts`; text in a PDF is text, embedded and selectable.
The same drawing gives the same bytes.
"""

from __future__ import annotations

import struct
import tempfile
import warnings
import xml.etree.ElementTree as ET
import zlib
from copy import deepcopy
from pathlib import Path
from typing import Literal

from notspot_geodata.errors import UsageError
from notspot_maps.figures.fonts import FAMILY, MISSING, lacking, need, print_fonts
from notspot_maps.figures.standalone import SPACE, WIDTH, Language, standalone, with_halos, words_of, written

Format = Literal["png", "pdf", "svg"]
FORMATS: tuple[Format, ...] = ("png", "pdf", "svg")
DPI = (36, 1200)  # what may be asked for
PIXELS = 20_000  # a side; a picture of 20,000 × 20,000 pixels takes 1.6 GB
PX_PT = 0.75  # points of a CSS pixel


class MissingLetters(UserWarning):
    """Characters that the font lacks; they stand as 〓 in the picture."""


def picture(
    svg: str,
    format: Format,
    *,
    dpi: float = 200,
    lang: Language = "zh",
    width: float = WIDTH,
) -> bytes:
    """
    A drawing as a file.

    Parameters
    ----------
    svg
        One ``<svg>`` element, as in `Chart.svg`.
    format
        ``png``, ``pdf`` or ``svg``. An SVG file asks for Noto Sans TC and takes what the reader's machine has.
    dpi
        Of a PNG; one pixel of the drawing is 1/96 inch.
    lang
        ``zh``, ``en`` or ``both``.
    width
        In CSS pixels, of a drawing that is as wide as its column; others keep their size.

    Returns
    -------
    file
        Its bytes, the same for the same drawing.

    Raises
    ------
    NotFoundError
        The extra ``notspot[print]`` is not installed (PNG and PDF).
    UsageError
        A format, language or resolution that there is not; `svg` is no drawing.

    Warns
    -----
    MissingLetters
        No font has some of the characters: 〓 stands for each.
    """
    if format not in FORMATS:
        raise UsageError(f"no picture is '{format}'; there are {', '.join(FORMATS)}")
    if not DPI[0] <= dpi <= DPI[1]:
        raise UsageError(
            f"{dpi:g} dpi: between {DPI[0]} and {DPI[1]} can be drawn; 200 to 300 are fit for print"
        )
    root = standalone(svg, lang, width=width)
    _ground(root)
    if format == "svg":
        return written(with_halos(root)).encode()
    return _set(root, format, dpi)


def _ground(root: ET.Element) -> None:
    """White under the whole drawing: a reader's dark mode would swallow the ink."""
    x, y, width, height = root.get("viewBox", "0 0 0 0").split()
    sheet = ET.Element(
        f"{{{SPACE}}}rect", {"x": x, "y": y, "width": width, "height": height, "fill": "#ffffff"}
    )
    heads = sum(item.tag.rpartition("}")[2] in ("title", "desc", "defs") for item in root)
    root.insert(heads, sheet)


def _set(root: ET.Element, format: Format, dpi: float) -> bytes:
    typst = need("typst")
    wide, high = float(root.get("width", "0")), float(root.get("height", "0"))
    if not 0 < max(wide, high) * dpi / 96 <= PIXELS:
        raise UsageError(f"{wide:g} × {high:g} at {dpi:g} dpi is over {PIXELS:,} pixels; ask for fewer dpi")
    title, finding = (
        next((item.text or "" for item in root if item.tag.endswith(name)), "") for name in ("title", "desc")
    )
    lang = root.get("lang", "zh")[:2]
    region, colon = (', region: "TW"', "：") if lang == "zh" else ("", ": ")
    alt = f"{title}{colon}{finding}" if finding else title
    drawn, text = _lettered(root)
    page = (
        f"#set document(title: {_quoted(title)}, date: none)\n"
        f'#set text(font: "{FAMILY}", lang: {_quoted(lang)}{region})\n'
        "#set page(width: auto, height: auto, margin: 0pt)\n"
        f'#image("a.svg", width: {wide * PX_PT:.4f}pt, alt: {_quoted(alt)})'
    )
    with tempfile.TemporaryDirectory(prefix="notspot-") as name:
        folder = Path(name)
        (folder / "fonts").mkdir()
        for file, content in print_fonts(text).items():
            (folder / "fonts" / file).write_bytes(content)
        (folder / "a.svg").write_text(written(drawn), encoding="utf-8")
        (folder / "a.typ").write_text(page, encoding="utf-8")
        made: bytes = typst.compile(
            str(folder / "a.typ"),
            format=format,
            font_paths=[str(folder / "fonts")],
            ignore_system_fonts=True,
            timestamp=0,
            **({"ppi": dpi} if format == "png" else {}),
        )
    return _with_dpi(made, dpi) if format == "png" else made


def _lettered(root: ET.Element) -> tuple[ET.Element, str]:
    """A copy whose words use letters that there are, at weights that there are; and those words."""
    root = deepcopy(root)
    root.set("font-family", FAMILY)
    texts = [*words_of(root)]
    said = "".join(item.text or "" for item in texts)
    absent = lacking(said)
    if absent:
        shown = ", ".join(f"{char} (U+{ord(char):04X})" for char in absent)
        warnings.warn(f"no font has {shown}: {MISSING} stands there", MissingLetters, stacklevel=4)
        table = str.maketrans(dict.fromkeys(absent, MISSING))
        for item in texts:
            item.text = (item.text or "").translate(table)
    for item in texts:
        if item.get("font-weight") is not None:
            item.set("font-weight", "700" if float(item.get("font-weight", "400")) >= 550 else "400")
    return root, said


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _with_dpi(png: bytes, dpi: float) -> bytes:
    """The PNG with its resolution written in, so that a word processor shows it in its true size."""
    per_metre = round(dpi / 0.0254)
    data = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", 9) + data + struct.pack(">I", zlib.crc32(data))
    return png[:33] + chunk + png[33:]  # behind the signature (8) and IHDR (25)
