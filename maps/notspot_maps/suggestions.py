"""
What errors name in place of what is not there: indicators and places whose names hold what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from notspot_geodata.text import Text, tidy
from notspot_maps.words import folded_name

_MOST = 8  # that a reader looks through
_ALIKE = 0.5  # of ids with a slip of the finger, see difflib


class Named(NamedTuple):
    """A county, township or village: its code, the names of the units around it, and its own."""

    code: str
    above: str
    zh: str
    en: str


def indicators_like(typed: str, names: Mapping[str, Text]) -> list[str]:
    """
    Ids that hold what was typed, or whose name in a language holds every word of it; those that begin with it first.
    Where there are none, ids that are spelled alike.
    """
    words = [folded_name(word) for word in tidy(typed).split()]
    if not words:
        return []
    later = {}
    for key, name in names.items():
        own = [folded_name(tidy(each)) for each in (key, name.zh, name.en)]
        if all(any(word in each for each in own) for word in words):
            later[key] = not any(each.startswith(words[0]) for each in own)
    return sorted(later, key=later.__getitem__) or get_close_matches(typed, names, _MOST, _ALIKE)


def listing(ids: Sequence[str], names: Mapping[str, Text], most: int | None = _MOST) -> str:
    """Indicators by their id and name, one a line, and how many are left out."""
    shown = ids[:most]
    lines = [f"\n  {each:<34} {names[each].zh} · {names[each].en}" for each in shown]
    return "".join(lines) + (f"\n  … and {len(ids) - len(shown)} more" if len(ids) > len(shown) else "")


def places_like(typed: str, levels: Sequence[Sequence[Named]]) -> str:
    """
    Places whose name holds what was typed, 台 as 臺, with their codes; '' where there are none. Villages, the last of
    the levels, are named where nothing larger is called so.
    """
    wanted = folded_name(tidy(typed))
    if not wanted or wanted.isdigit():
        return ""
    for behind in (False, True):  # first by its own name, then with those of the units around it
        found: list[Named] = []
        for at, units in enumerate(levels):
            if at == 2 and found:
                break
            names = {unit: _folded(unit, behind) for unit in units}
            hits = [unit for unit in units if any(wanted in name for name in names[unit])]
            begins = {unit for unit in hits if any(name.startswith(wanted) for name in names[unit])}
            found += [*filter(begins.__contains__, hits), *(unit for unit in hits if unit not in begins)]
        if found:
            some = ", ".join(f"{one.code} {one.above}{one.zh} {one.en}".strip() for one in found[:_MOST])
            return some + (f", … ({len(found)} in all)" if len(found) > _MOST else "")
    return ""


def _folded(unit: Named, behind: bool) -> tuple[str, ...]:
    own = (unit.above + unit.zh,) if behind else (unit.zh, unit.en)
    return tuple(map(folded_name, own))
