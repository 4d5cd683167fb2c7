"""
The three figures that a reader should take away, as sentences made from the table of indicators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from notspot_coverage.definitions import Indicator
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.words import bounds, number, times, with_unit

PREFERRED = ("base_stations_4g_per_1000", "base_stations_4g_per_km2", "people_dl_worst_25")


def headlines(results: Results, count: int = 3) -> tuple[Text, ...]:
    """
    Up to `count` sentences that set remote townships beside the others.

    The first of `PREFERRED` that the study has, then its other measures and shares in their order; an
    indicator without a figure for either group makes no sentence.
    """
    table = results.indicators
    groups = table[(table["level"] == "group") & table["value"].notna()]
    rows: dict[str, dict[str, Bounded]] = {}
    columns = ["indicator", "code", "value", "low", "high", "numerator", "denominator"]
    for name, code, *figures in groups[columns].itertuples(index=False):
        rows.setdefault(str(name), {})[str(code)] = Bounded(*map(float, figures))
    whole = {name: found for name, found in rows.items() if name in results.definitions}  # not parts of one
    compared = [name for name, found in whole.items() if {"remote", "non_remote"} <= set(found)]
    rates = [name for name in compared if all(found.denominator > 0 for found in rows[name].values())]
    comparable = [name for name in rates if results.definitions[name].kind in ("measure", "share")]
    order = [name for name in PREFERRED if name in comparable]
    order += [name for name in comparable if name not in order and results.definitions[name].better != "none"]
    return tuple(comparison(results.definitions[name], rows[name]) for name in order[:count])


class Bounded(NamedTuple):
    """A figure, its bounds and the two counts behind it."""

    value: float
    low: float
    high: float
    numerator: float
    denominator: float


def comparison(indicator: Indicator, groups: Mapping[str, Bounded]) -> Text:
    """One sentence: the figure in remote townships beside that in the others (`groups` by group code)."""
    here, there = groups["remote"], groups["non_remote"]
    a, b = with_unit(here.value, indicator), with_unit(there.value, indicator)
    between_zh, between_en = _counts(here, indicator), _counts(here, indicator, english=True)
    if indicator.kind == "share":
        difference = here.value - there.value
        gap = f"{abs(difference):.0f}"  # whole: the two shares beside it are rounded too
        points = "percentage point" if gap == "1" else "percentage points"
        end_zh = f"，前者{'高' if difference >= 0 else '低'} {gap} 個百分點"
        end_en = f", the former {gap} {points} {'more' if difference >= 0 else 'less'}"
        if gap == "0":
            end_zh, end_en = "，兩者相當", ", about the same"
    elif there.value > 0:
        ratio = times(here.value / there.value)
        end_zh, end_en = f"，前者為後者的 {ratio.zh}", f", the former {ratio.en} as much"
        if here.value < 0.5 * there.value:
            end_en = f", the latter {there.value / here.value:.1f} times as much" if here.value > 0 else ""
    else:
        end_zh = end_en = ""
    return Text(
        f"{indicator.name.zh}：偏遠 {a.zh}{between_zh}，非偏遠 {b.zh}{end_zh}。",
        f"{indicator.name.en}: remote {a.en}{between_en}, non-remote {b.en}{end_en}.",
    )


def _counts(figure: Bounded, indicator: Indicator, *, english: bool = False) -> str:
    """Both counts of a share, and the bounds where something is open, in brackets."""
    inside = []
    if indicator.kind == "share" and indicator.denominator is not None:
        slash, unit = (" of ", " people") if english else ("／", " 人")
        if indicator.recipe is None or indicator.recipe.weight != "population":
            unit = ""  # of other counts only the definition says what they are
        inside.append(
            f"{number(figure.numerator, 'count')}{slash}{number(figure.denominator, 'count')}{unit}"
        )
    if range_ := bounds(figure.low, figure.high, indicator.kind):
        inside.append(("bounds " if english else "上下限 ") + range_)
    if not inside:
        return ""
    return f" ({'; '.join(inside)})" if english else f"（{'；'.join(inside)}）"
