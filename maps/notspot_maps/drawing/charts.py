"""
Charts of the divide and of the official targets, each with the sentence that it supports.

Every sentence is worked out from the numbers drawn: it turns round when they do, and says so when they
are unknown. Marks differ in shape as well as in colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from notspot_coverage.definitions import Indicator, Kind
from notspot_coverage.divide import DivideFinding
from notspot_coverage.groups import GROUPS
from notspot_geodata.text import Text
from notspot_maps.drawing.chart_words import gap_sentence, lorenz_sentence, target_sentence, without_unit
from notspot_maps.drawing.marks import (
    BLUE,
    LEFT,
    VERMILLION,
    across,
    axis,
    bar,
    beside,
    exact,
    labelled,
    lowered,
    mark,
    top_of,
    track,
)
from notspot_maps.drawing.scatter import scatter_chart
from notspot_maps.drawing.svg import (
    LINE,
    SOFT,
    Chart,
    drawing,
    element,
    identifier,
    lines,
    percent,
    unknown_pattern,
    words,
    wrapped,
)
from notspot_maps.palette import INK
from notspot_maps.words import NOT_APPLICABLE, UNKNOWN, bounds, number

__all__ = ["Chart", "bullet_chart", "gap_chart", "lorenz_chart", "ranking_chart", "scatter_chart"]


def gap_chart(divide: DivideFinding) -> Chart:
    """Dot plot of the groups: the best estimate, a bar from low to high, the nation as a dashed line."""
    groups = divide.groups.set_index("group")
    groups = groups.loc[[code for code in GROUPS if code in groups.index]]
    top = top_of([*groups["value"], *groups["high"], divide.national])
    prefix = identifier(f"gap-{divide.measure}")
    body, y = [], 20.0
    if not math.isnan(divide.national):
        at = percent(across(divide.national, top))
        end = y + 46 * len(groups) + 8
        body.append(element("line", x1=at, x2=at, y1=y, y2=end, stroke=SOFT, stroke_dasharray="4 3"))
        body.append(
            beside(
                divide.national, top, y - 6, labelled("全國", "Nation", number(divide.national)), fill=SOFT
            )
        )
    for code, row in groups.iterrows():
        value, low, high = float(row["value"]), float(row["low"]), float(row["high"])
        said = number(value) if not math.isnan(value) else None
        between = bounds(low, high, "measure")
        label = GROUPS[str(code)]
        y += 46
        empty = NOT_APPLICABLE if row.get("not_applicable_units", 0) == row["units"] else UNKNOWN
        figure = empty if said is None else Text.of(said + (f" ({between})" if between else ""))
        body.append(words("0", y - 22, label, halo=True))
        body.append(words("100%", y - 22, figure, anchor="end", weight=600, halo=True))
        body.append(track(y - 8))
        if said is None and empty is NOT_APPLICABLE:
            continue
        if said is None:
            body.append(
                element(
                    "rect", x=percent(LEFT), y=y - 14, width="18%", height=12, fill=f"url(#{prefix}-hatch)"
                )
            )
            continue
        colour = VERMILLION if code == "remote" else BLUE
        if between:
            body.append(bar(low, high, top, y - 11, 6, fill=colour, fill_opacity=0.35))
        body.append(
            mark("diamond" if code == "remote" else "circle", percent(across(value, top)), y - 8, colour)
        )
    body += axis(top, y + 8, divide.unit)
    table = groups.reset_index()[["group", "units", "unknown_units", "population", "value", "low", "high"]]
    table["group"] = table["group"].map(GROUPS)
    table["population"] = table["population"].round().astype("Int64")
    title = Text(f"各群組之{divide.name.zh}", f"{divide.name.en}, by group")
    finding = gap_sentence(divide)
    svg = drawing(prefix, title, finding, body, height=y + 58, defs=[unknown_pattern(prefix)])
    return Chart(svg, title, finding, table)


def lorenz_chart(divide: DivideFinding) -> Chart:
    """Lorenz curve: what share of the total the share of people (or area) with the least of it has."""
    side, left, top = 300.0, 44.0, 12.0
    curve = divide.lorenz[["people_share", "value_share"]].to_numpy(dtype=float)
    curve = curve[~np.isnan(curve).any(axis=1)]
    points = [(left + side * x, top + side * (1 - y)) for x, y in curve]
    prefix = identifier(f"lorenz-{divide.measure}")
    frame = element("rect", x=left, y=top, width=side, height=side, fill="none", stroke=LINE)
    even = element(
        "line", x1=left, y1=top + side, x2=left + side, y2=top, stroke=SOFT, stroke_dasharray="4 3"
    )
    body = [
        frame,
        even,
        words(left + 0.4 * side, top + 0.52 * side, Text("均等", "equal"), anchor="end", fill=SOFT),
    ]
    if len(points) > 1:
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        shade = f"{path}L{left:.1f} {top + side:.1f}Z"
        body.append(element("path", d=shade, fill=BLUE, fill_opacity=0.12))
        body.append(element("path", d=path, fill="none", stroke=BLUE, stroke_width=2.5))
        half = float(np.interp(0.5, curve[:, 0], curve[:, 1]))
        x, y = left + side / 2, top + side * (1 - half)
        body.append(
            element("path", d=f"M{x} {top + side}V{y:.1f}H{left}", fill="none", stroke=INK, stroke_width=1)
        )
        body.append(element("circle", cx=x, cy=y, r=4.5, fill=INK))
        body.append(words(x + 8, y + 16, Text.of(f"{100 * half:.1f} %"), weight=600, halo=True))
    else:
        body.append(words(left + side / 2, top + side / 2, UNKNOWN, anchor="middle"))
    for share in (0, 25, 50, 75, 100):
        x, y = left + side * share / 100, top + side * (1 - share / 100)
        body.append(words(x, top + side + 17, Text.of(f"{share}"), anchor="middle", size=12, fill=SOFT))
        body.append(words(left - 6, y + 4, Text.of(f"{share}"), anchor="end", size=12, fill=SOFT))
    weight = without_unit(divide.weight_name)
    across = Text(
        f"橫軸：{weight.zh}累計 %（由少至多）；縱軸：總量累計 %",
        f"across: cumulative % of {weight.en}, from least to most; up: % of the total",
    )
    body.append(lines(left, top + side + 38, across, columns=48))
    title = Text(f"{divide.name.zh}分布得多不均", f"How unequally {lowered(divide.name.en)} is spread")
    finding = lorenz_sentence(divide)
    steps = np.linspace(0, 1, 11)
    shares = np.interp(steps, curve[:, 0], curve[:, 1]) if len(curve) else np.full(11, np.nan)
    columns = [Text(f"{weight.zh}累計（%）", f"% of {weight.en}"), Text("總量累計（%）", "% of the total")]
    table = pd.DataFrame({0: 100 * steps, 1: 100 * shares})
    table.columns = pd.Index(columns, dtype=object)
    svg = drawing(prefix, title, finding, body, height=400, view=(360, 400), max_width=440)
    return Chart(svg, title, finding, table)


def bullet_chart(definitions: Mapping[str, Indicator], indicators: pd.DataFrame | None = None) -> Chart:
    """
    The official figure of 2021 as a bar beside the target of 2025 as a line, for shares that have both.

    A figure beyond its target is drawn beyond it. With the table of `indicators` a diamond marks what was
    computed here, where anything was.
    """
    shown = [
        one for one in definitions.values()
        if one.target_2025 is not None and one.official_2021 is not None and one.kind == "share"
    ]  # fmt: skip
    computed = _computed(indicators, [one.id for one in shown])
    figures = [(float(one.official_2021 or 0), float(one.target_2025 or 0)) for one in shown]
    top = max([100.0, *(value for pair in figures for value in pair), *computed.values()])
    body: list[str] = []
    rows_of_name = max(
        (len(wrapped(name, 44)) for one in shown for name in (one.name.zh, one.name.en)), default=1
    )
    prefix, y = identifier("bullet-" + "-".join(one.id for one in shown)), 0.0
    for one, (value, target) in zip(shown, figures, strict=True):
        body.append(lines("0", y + 18, one.name, columns=44, size=13, fill=INK))
        y += 17 * (rows_of_name - 1)
        reached = value >= target if one.better != "lower" else value <= target
        body.append(bar(0, top, top, y + 28, 20, fill="#e9edf0"))
        body.append(bar(0, value, top, y + 33, 10, fill=BLUE))
        at = percent(across(target, top))
        body.append(element("line", x1=at, x2=at, y1=y + 24, y2=y + 52, stroke=INK, stroke_width=3))
        if one.id in computed:
            body.append(mark("diamond", percent(across(computed[one.id], top)), y + 38, VERMILLION))
        verdict = Text("已達", "reached") if reached else Text("未達", "not reached")
        said = Text(
            f"2021：{exact(value)} %　目標 2025：{exact(target)} %　{verdict.zh}",
            f"2021: {exact(value)} % · target 2025: {exact(target)} % · {verdict.en}",
        )
        body.append(words("0", y + 70, said))
        y += 92
    body += [] if shown else [words("50%", 30, UNKNOWN, anchor="middle")]
    key = Text(
        "藍條：2021 年公布值；黑線：2025 年目標", "blue bar: official figure, 2021; black line: target, 2025"
    )
    body.append(lines("0", y + 48, key, columns=50))
    body += axis(top, y, Text("%", "%"))[:-1] if shown else []
    title = Text("2021 年公布值與 2025 年目標", "Official figures of 2021 against the targets of 2025")
    finding = target_sentence(shown)
    rows = [
        (one.name, a, b, computed.get(one.id, math.nan)) for one, (a, b) in zip(shown, figures, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["name", "official_2021", "target_2025", "value"])
    if not computed:
        table = table.drop(columns="value")
    return Chart(drawing(prefix, title, finding, body, height=y + 74), title, finding, table)


class Ranked(Protocol):
    """What a chart of a ranking shows: a finding of the divide, or `Ranking`."""

    @property
    def measure(self) -> str: ...
    @property
    def name(self) -> Text: ...
    @property
    def unit(self) -> Text: ...
    @property
    def national(self) -> float: ...
    @property
    def best(self) -> pd.DataFrame: ...
    @property
    def worst(self) -> pd.DataFrame: ...


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ten townships at either end of an indicator that has no divide; see `DivideFinding`."""

    measure: str
    name: Text
    unit: Text
    national: float
    best: pd.DataFrame
    worst: pd.DataFrame


def ranking_chart(
    divide: Ranked,
    which: Literal["best", "worst"] = "worst",
    *,
    english: Mapping[str, str] | None = None,
    kind: Kind = "measure",
) -> Chart:
    """
    The ten townships with the best or worst values as bars from zero, the nation as a dashed line.

    `english` has their English names by ``town_code``; without, the Chinese ones serve both languages. `kind` is of the
    indicator, for its digits.
    """
    known = english or {}
    places = {
        str(row.town_code): Text(
            f"{row.county}{row.town}", known.get(str(row.town_code), f"{row.county}{row.town}")
        )
        for row in (divide.best if which == "best" else divide.worst).itertuples()
    }
    frame = divide.best if which == "best" else divide.worst
    top = top_of([*frame["value"], divide.national])
    prefix = identifier(f"{which}-{divide.measure}")
    body, y = [], 20.0
    for _, row in frame.iterrows():
        y += 36
        name = places[str(row["town_code"])]
        body.append(words("0", y - 18, name, halo=True))
        body.append(
            words("100%", y - 18, Text.of(number(row["value"], kind)), anchor="end", weight=600, halo=True)
        )
        body.append(track(y - 8))
        body.append(bar(0, float(row["value"]), top, y - 13, 10, fill=BLUE))
    if not math.isnan(divide.national):
        at = percent(across(divide.national, top))
        nation = labelled("全國", "Nation", number(divide.national, kind))
        body.insert(0, element("line", x1=at, x2=at, y1=20, y2=y + 4, stroke=SOFT, stroke_dasharray="4 3"))
        body.append(beside(divide.national, top, 14, nation, fill=SOFT))
    body += axis(top, y + 6, divide.unit)
    side = Text("最好", "best") if which == "best" else Text("最差", "worst")
    title = Text(
        f"{divide.name.zh}{side.zh}的鄉鎮市區", f"Townships with the {side.en} {lowered(divide.name.en)}"
    )
    if len(frame):
        first = frame.iloc[0]
        value = number(first["value"], kind)
        mean = number(divide.national, kind)
        place = places[str(first["town_code"])]
        finding = Text(
            f"{side.zh}的是{place.zh}：{value} {divide.unit.zh}（全國 {mean}）。",
            f"{side.en.capitalize()}: {place.en}, {value} {divide.unit.en} (nation: {mean}).",
        )
    else:
        finding = Text(f"{divide.name.zh}：無資料。", f"{divide.name.en}: unknown.")
    svg = drawing(prefix, title, finding, body, height=y + 56)
    table = frame.drop(columns="town_code").reset_index(drop=True)
    table["population"] = table["population"].round().astype("Int64")
    return Chart(svg, title, finding, table)


def _computed(indicators: pd.DataFrame | None, ids: list[str]) -> dict[str, float]:
    if indicators is None:
        return {}
    rows = indicators[(indicators["level"] == "nation") & (indicators["status"] == "computed")]
    rows = rows[rows["indicator"].isin(ids) & rows["value"].notna()]
    return dict(zip(rows["indicator"], rows["value"].astype(float), strict=True))
