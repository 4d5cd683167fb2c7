"""What is written on the pages of a PDF that Chromium printed: enough of the format for tests, and no more."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator


def objects(pdf: bytes) -> dict[int, bytes]:
    """The objects of a PDF without object streams, by number."""
    return {int(at): body for at, body in re.findall(rb"(?ms)^(\d+) 0 obj\n(.*?)\nendobj", pdf)}


def pages(pdf: bytes) -> list[str]:
    """The text of each page in the order of drawing; glyphs that no font maps to a character are left out."""
    found = objects(pdf)
    fonts = {at: _letters(found, body) for at, body in found.items() if b"/ToUnicode" in body}
    return ["".join(_text(found, fonts, body)) for body in _in_order(found)]


def outline(pdf: bytes) -> list[str]:
    """The titles of the bookmarks."""
    entries = [body for body in objects(pdf).values() if b"/Dest " in body and b"/Title" in body]
    return [_title(body) for body in entries]


def _title(body: bytes) -> str:
    given = re.search(rb"/Title <FEFF([0-9A-F]*)>", body)
    if given:
        return bytes.fromhex(given[1].decode()).decode("utf-16-be")
    plain = re.search(rb"/Title \((.*?)\)\n", body, re.DOTALL)
    assert plain, body
    return plain[1].decode("latin-1")


def _in_order(found: dict[int, bytes]) -> Iterator[bytes]:
    root = next(body for body in found.values() if b"/Type /Catalog" in body)

    def walk(at: int) -> Iterator[bytes]:
        body = found[at]
        kids = re.search(rb"/Kids \[(.*?)\]", body, re.DOTALL)
        if kids is None:
            yield body
        else:
            for kid in re.findall(rb"(\d+) 0 R", kids[1]):
                yield from walk(int(kid))

    yield from walk(int(re.search(rb"/Pages (\d+)", root)[1]))  # type: ignore[index]


def _stream(body: bytes) -> bytes:
    data = body[body.index(b"stream\n") + 7 : body.rindex(b"\nendstream")]
    return zlib.decompress(data) if b"/FlateDecode" in body else data


def _letters(found: dict[int, bytes], font: bytes) -> dict[int, str]:
    table = _stream(found[int(re.search(rb"/ToUnicode (\d+)", font)[1])])  # type: ignore[index]
    out: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for code, char in re.findall(rb"<([0-9A-F]+)> <([0-9A-F]+)>", block):
            out[int(code, 16)] = bytes.fromhex(char.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, char in re.findall(rb"<([0-9A-F]+)> <([0-9A-F]+)> <([0-9A-F]+)>", block):
            for step in range(int(last, 16) - int(first, 16) + 1):
                out[int(first, 16) + step] = chr(int(char, 16) + step)
    return out


def _text(found: dict[int, bytes], fonts: dict[int, dict[int, str]], page: bytes) -> Iterator[str]:
    named = {name.decode(): int(at) for name, at in re.findall(rb"/(F\d+) (\d+) 0 R", page)}
    content = _stream(found[int(re.search(rb"/Contents (\d+)", page)[1])]).decode("latin-1")  # type: ignore[index]
    letters: dict[int, str] = {}
    width = 4
    for font, shown, end in re.findall(r"/(F\d+) [\d.]+ Tf|<([0-9A-F]*)> Tj|(ET)\n", content):
        if font:
            letters = fonts.get(named[font], {})
            width = 4 if b"/Type0" in found[named[font]] else 2
        elif end:
            yield "\n"
        else:
            codes = [int(shown[at : at + width], 16) for at in range(0, len(shown), width)]
            yield "".join(letters.get(code, "") for code in codes)
