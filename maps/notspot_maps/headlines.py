"""
The three figures that a reader should take away, as sentences made from the table of indicators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from notspot_coverage.definitions import Indicator
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.words import bounds, times, with_unit

PREFERRED = ("base_stations_4g_per_km2", "people_dl_worst_25", "community_hotspots_per_community")


def headlines(results: Results, count: int = 3) -> tuple[Text, ...]:
    """
    Up to `count` sentences that set remote townships beside the others.

    The first of `PREFERRED` that the study has, then its other measures and shares in their order; an
    indicator without a figure for either group makes no sentence.
    """
    table = results.indicators
    groups = table[(table["level"] == "group") & table["value"].notna()]
    rows: dict[str, dict[str, Bounded]] = {}
    for name, code, *figures in groups[["indicator", "code", "value", "low", "high"]].itertuples(index=False):
        rows.setdefault(str(name), {})[str(code)] = Bounded(*map(float, figures))
    compared = [name for name, found in rows.items() if {"remote", "non_remote"} <= set(found)]
    comparable = [name for name in compared if results.definitions[name].kind in ("measure", "share")]
    order = [name for name in PREFERRED if name in comparable]
    order += [name for name in comparable if name not in order and results.definitions[name].better != "none"]
    return tuple(comparison(results.definitions[name], rows[name]) for name in order[:count])


class Bounded(NamedTuple):
    """A figure and its bounds."""

    value: float
    low: float
    high: float


def comparison(indicator: Indicator, groups: Mapping[str, Bounded]) -> Text:
    """One sentence: the figure in remote townships beside that in the others (`groups` by group code)."""
    here, there = groups["remote"], groups["non_remote"]
    a, b = with_unit(here.value, indicator), with_unit(there.value, indicator)
    range_ = bounds(here.low, here.high, indicator.kind)
    between_zh = f"（{range_}）" if range_ else ""
    between_en = f" ({range_})" if range_ else ""
    if indicator.kind == "share":
        difference = here.value - there.value
        gap = f"{abs(difference):.0f}"  # whole: the two shares beside it are rounded too
        end_zh = f"，{'高' if difference >= 0 else '低'} {gap} 個百分點"
        end_en = f", {gap} percentage points {'more' if difference >= 0 else 'less'}"
    elif there.value > 0:
        ratio = times(here.value / there.value)
        end_zh, end_en = f"，為後者的 {ratio.zh}", f", {ratio.en} as much"
    else:
        end_zh = end_en = ""
    return Text(
        f"{indicator.name.zh}：偏遠 {a.zh}{between_zh}，非偏遠 {b.zh}{end_zh}。",
        f"{indicator.name.en}: remote {a.en}{between_en}, non-remote {b.en}{end_en}.",
    )
