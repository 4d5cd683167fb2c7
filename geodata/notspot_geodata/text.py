"""
Words in two languages, and how text from Taiwanese files is normalised.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """
    A sentence or name in Traditional Chinese and English; the data files hold both.

    Every file that it goes into can hold it: what is no letter (`letters`) becomes a mark.
    """

    zh: str
    en: str

    def __post_init__(self) -> None:
        for name in ("zh", "en"):
            given = getattr(self, name)
            if (kept := letters(given)) is not given:
                object.__setattr__(self, name, kept)

    @classmethod
    def of(cls, value: object) -> Text:
        """From a TOML table ``{zh = …, en = …}`` or one string that serves both languages."""
        if isinstance(value, dict):
            return cls(str(value["zh"]), str(value["en"]))
        return cls(str(value), str(value))

    @classmethod
    def typed(cls, words: str) -> Text | None:
        """From a command line: ``中文|English``, or words that serve both languages; None where there are none."""
        zh, _, en = (part.strip() for part in words.partition("|"))
        return cls(zh or en, en or zh) if zh or en else None


def letters(text: str) -> str:
    """
    Text with U+FFFD for halves of surrogate pairs: JSON can write them, Python reads them from bytes on the command
    line that are no UTF-8, and no file can hold them.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class _Fold(dict[int, str | int]):
    """A table for `str.translate`, filled as characters are met."""

    def __missing__(self, code: int) -> str | int:
        char = chr(code)
        if 0xFF01 <= code <= 0xFF5E:  # full-width ASCII block of Unicode
            self[code] = code - 0xFEE0
        elif unicodedata.category(char) == "Zs":
            self[code] = " "
        else:
            self[code] = "" if unicodedata.category(char) == "Cf" else code
        return self[code]


_FOLD = _Fold()


def tidy(value: str) -> str:
    """
    Trim and fold one cell of text: full-width letters, digits and signs to ASCII, U+3000 and
    no-break blanks to a blank, runs of blanks to one, zero-width and direction marks away.

    Chinese characters are left exactly as they are: 臺 and 台 differ in village names.
    """
    if not value.isascii():
        value = value.translate(_FOLD)
    return " ".join(value.split())


def official_name(name: str) -> str:
    """County or township name in its official spelling: 臺, never 台. Not for village names."""
    return tidy(name).replace("台", "臺")
