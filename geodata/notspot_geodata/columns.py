"""
What a column means: headers in Chinese, English or both, matched to Notspot's words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from notspot_geodata.codes import Level
from notspot_geodata.text import tidy

Type = Literal["code", "number", "whole", "date", "text"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means and how its cells are read; `level` is of a code."""

    name: str
    type: Type
    level: Level | None = None


def meaning_of(header: str) -> Meaning | None:
    """The meaning of one header, or None where it is not known."""
    return _by_header().get(_key(header))


def meanings(headers: Sequence[Sequence[str]]) -> tuple[list[str], dict[int, Meaning], list[str]]:
    """
    Names and meanings of the columns under one or two rows of headers.

    Parameters
    ----------
    headers
        One row of headers, or an English one and the Chinese one under it, of the same length.

    Returns
    -------
    names, found, notes
        The name of each column: its meaning, or its own (tidied) header where that is not known, made
        distinct where two columns would have the same; the meanings by position; and what was concluded.
    """
    names: list[str] = []
    found: dict[int, Meaning] = {}
    notes: list[str] = []
    taken: dict[str, str] = {}
    for position in range(len(headers[0])):
        written = [tidy(row[position]) for row in headers if tidy(row[position])]
        meaning = next((m for header in written if (m := meaning_of(header))), None)
        label = written[0] if written else f"column_{position + 1}"
        if meaning is not None and meaning.name in taken:
            notes.append(
                f"'{taken[meaning.name]}' and '{label}' both mean {meaning.name}; the first is taken, "
                "the other keeps its own name"
            )
            meaning = None
        name = meaning.name if meaning else label
        if name in names:
            notes.append(f"two columns are named '{name}'; the later one is called '{name}.{position + 1}'")
            name = f"{name}.{position + 1}"
        if meaning:
            found[position] = meaning
            taken[meaning.name] = label
        names.append(name)
    return names, found, notes


def _key(header: str) -> str:
    clean = re.sub(r"[(（\[【].*?[)）\]】]", "", tidy(header)).lower()
    return re.sub(r"[\s_\-.、/:：*\"'()（）]", "", clean)


@cache
def _by_header() -> dict[str, Meaning]:
    data = files("notspot_geodata") / "data" / "columns.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    out = {}
    for name, entry in table.items():
        for header in (*entry["headers"], name):
            out[_key(header)] = Meaning(name, entry["type"], entry.get("level"))
    return out
