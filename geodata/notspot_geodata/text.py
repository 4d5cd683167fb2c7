"""
Words in two languages, and how text from Taiwanese files is normalised.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or name in Traditional Chinese and English; the data files hold both."""

    zh: str
    en: str

    @classmethod
    def of(cls, value: object) -> Text:
        """From a TOML table ``{zh = …, en = …}`` or one string that serves both languages."""
        if isinstance(value, dict):
            return cls(str(value["zh"]), str(value["en"]))
        return cls(str(value), str(value))

    @classmethod
    def typed(cls, words: str) -> Text | None:
        """
        From a command line: ``中文|English``, or words that serve both languages; None where there are none. Bytes that
        are no letters become marks.
        """
        whole = words.encode("utf-8", "replace").decode("utf-8")
        zh, _, en = (part.strip() for part in whole.partition("|"))
        return cls(zh or en, en or zh) if zh or en else None


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
