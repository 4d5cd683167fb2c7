"""
Charts of the divide and of the official targets, each with the sentence that it supports.

Every sentence is worked out from the numbers drawn: it turns round when they do, and says so when they
are unknown. Marks differ in shape as well as in colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from notspot_coverage.definitions import Indicator, load_indicators
from notspot_coverage.divide import DivideFinding
from notspot_coverage.groups import GROUPS, REMOTENESS
from notspot_geodata.text import Text
from notspot_maps.chart_words import (
    correlation_sentence,
    gap_sentence,
    lorenz_sentence,
    target_sentence,
    without_unit,
)
from notspot_maps.palette import INK, OKABE_ITO
from notspot_maps.svg import (
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
from notspot_maps.words import UNKNOWN, bounds, number

__all__ = ["Chart", "bullet_chart", "gap_chart", "lorenz_chart", "ranking_chart", "scatter_chart"]

BLUE, VERMILLION = OKABE_ITO[0], OKABE_ITO[5]  # 5.2:1 and 3.7:1 on white
LEFT, RIGHT = 0.02, 0.97  # of the width, between which marks stand
SHORT = 0.62  # a label to the right of this share of the width stands left of its mark


def gap_chart(divide: DivideFinding) -> Chart:
    """Dot plot of the groups: the best estimate, a bar from low to high, the nation as a dashed line."""
    groups = divide.groups.set_index("group")
    groups = groups.loc[[code for code in GROUPS if code in groups.index]]
    top = _top([*groups["value"], *groups["high"], divide.national])
    prefix = identifier(f"gap-{divide.measure}")
    body, y = [], 20.0
    if not math.isnan(divide.national):
        at = percent(_across(divide.national, top))
        end = y + 46 * len(groups) + 8
        body.append(element("line", x1=at, x2=at, y1=y, y2=end, stroke=SOFT, stroke_dasharray="4 3"))
        body.append(
            _beside(divide.national, top, y - 6, _of("全國", "Nation", number(divide.national)), fill=SOFT)
        )
    for code, row in groups.iterrows():
        value, low, high = float(row["value"]), float(row["low"]), float(row["high"])
        said = number(value) if not math.isnan(value) else None
        between = bounds(low, high, "measure")
        label = GROUPS[str(code)]
        y += 46
        figure = UNKNOWN if said is None else Text.of(said + (f" ({between})" if between else ""))
        body.append(words("0", y - 22, label, halo=True))
        body.append(words("100%", y - 22, figure, anchor="end", weight=600, halo=True))
        body.append(_track(y - 8))
        if said is None:
            body.append(
                element(
                    "rect", x=percent(LEFT), y=y - 14, width="18%", height=12, fill=f"url(#{prefix}-hatch)"
                )
            )
            continue
        colour = VERMILLION if code == "remote" else BLUE
        if between:
            body.append(_bar(low, high, top, y - 11, 6, fill=colour, fill_opacity=0.35))
        body.append(
            _mark("diamond" if code == "remote" else "circle", percent(_across(value, top)), y - 8, colour)
        )
    body += _axis(top, y + 8, divide.unit)
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
    title = Text(f"{divide.name.zh}分布得多不均", f"How unequally {_lower(divide.name.en)} is spread")
    finding = lorenz_sentence(divide)
    steps = np.linspace(0, 1, 11)
    shares = np.interp(steps, curve[:, 0], curve[:, 1]) if len(curve) else np.full(11, np.nan)
    columns = [Text(f"{weight.zh}累計（%）", f"% of {weight.en}"), Text("總量累計（%）", "% of the total")]
    table = pd.DataFrame({0: 100 * steps, 1: 100 * shares})
    table.columns = pd.Index(columns, dtype=object)
    svg = drawing(prefix, title, finding, body, height=400, view=(360, 400), max_width=440)
    return Chart(svg, title, finding, table)


def scatter_chart(
    townships: pd.DataFrame,
    x: str,
    y: str,
    remote: pd.Series[bool],
    *,
    definitions: Mapping[str, Indicator] | None = None,
) -> Chart:
    """
    Townships by column `x` (on a logarithmic axis) and column `y`; remote ones are triangles.

    `y` is on a logarithmic axis too where most townships would otherwise lie on the ground. Bars show the
    median of each fifth of the townships by `x`; the table holds them. `definitions` give the words of the
    columns (else those that ship with Notspot).
    """
    known = _shipped() if definitions is None else definitions
    frame = pd.DataFrame(
        {
            "x": pd.to_numeric(townships[x]).to_numpy(dtype=float),
            "y": pd.to_numeric(townships[y]).to_numpy(dtype=float),
            "remote": np.asarray(remote, dtype=bool),
        }
    )
    unknown = int((frame["x"].gt(0) & frame["y"].isna()).sum())
    frame = frame[frame["x"].gt(0)]
    drawn = frame.dropna(subset=["y"])
    names = {column: _named(column, known) for column in (x, y)}
    prefix, height = identifier(f"scatter-{x}-{y}"), 320.0
    fifths = _fifths(frame)
    finding = correlation_sentence(drawn, names[x], names[y], unknown)
    title = Text(f"{names[y].zh}與{names[x].zh}", f"{names[y].en} against {_lower(names[x].en)}")
    body: list[str] = []
    if len(drawn):
        body = _cloud(drawn, fifths, height)
        logarithmic = _is_skewed(drawn["y"])
    else:
        body, logarithmic = [words("50%", height / 2, UNKNOWN, anchor="middle")], False
    body += _scatter_key(height + 44)
    unit = known[y].unit if y in known else Text("", "")
    scale = Text("，對數", ", logarithmic") if logarithmic else Text("", "")
    axes = Text(
        f"橫軸：{names[x].zh}（對數）；縱軸：{names[y].zh}（{unit.zh}{scale.zh}）",
        f"across: {_lower(names[x].en)} (logarithmic); up: {unit.en or names[y].en}{scale.en}",
    )
    body.append(lines("0", height + 70, axes, columns=50))
    svg = drawing(prefix, title, finding, body, height=height + 116)
    return Chart(svg, title, finding, _fifths_table(fifths, names[x]))


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
        body.append(_bar(0, top, top, y + 28, 20, fill="#e9edf0"))
        body.append(_bar(0, value, top, y + 33, 10, fill=BLUE))
        at = percent(_across(target, top))
        body.append(element("line", x1=at, x2=at, y1=y + 24, y2=y + 52, stroke=INK, stroke_width=3))
        if one.id in computed:
            body.append(_mark("diamond", percent(_across(computed[one.id], top)), y + 38, VERMILLION))
        verdict = Text("已達", "reached") if reached else Text("未達", "not reached")
        said = Text(
            f"2021：{_exact(value)} %　目標 2025：{_exact(target)} %　{verdict.zh}",
            f"2021: {_exact(value)} % · target 2025: {_exact(target)} % · {verdict.en}",
        )
        body.append(words("0", y + 70, said))
        y += 92
    body += [] if shown else [words("50%", 30, UNKNOWN, anchor="middle")]
    key = Text(
        "藍條：2021 年公布值；黑線：2025 年目標", "blue bar: official figure, 2021; black line: target, 2025"
    )
    body.append(lines("0", y + 48, key, columns=50))
    body += _axis(top, y, Text("%", "%"))[:-1] if shown else []
    title = Text("2021 年公布值與 2025 年目標", "Official figures of 2021 against the targets of 2025")
    finding = target_sentence(shown)
    rows = [
        (one.name, a, b, computed.get(one.id, math.nan)) for one, (a, b) in zip(shown, figures, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["name", "official_2021", "target_2025", "value"])
    if not computed:
        table = table.drop(columns="value")
    return Chart(drawing(prefix, title, finding, body, height=y + 74), title, finding, table)


def ranking_chart(divide: DivideFinding, which: Literal["best", "worst"] = "worst") -> Chart:
    """The ten townships with the best or worst values as bars from zero, the nation as a dashed line."""
    frame = divide.best if which == "best" else divide.worst
    top = _top([*frame["value"], divide.national])
    prefix = identifier(f"{which}-{divide.measure}")
    body, y = [], 8.0
    for _, row in frame.iterrows():
        y += 36
        name = Text.of(f"{row['county']}{row['town']}")
        body.append(words("0", y - 18, name, halo=True))
        body.append(words("100%", y - 18, Text.of(number(row["value"])), anchor="end", weight=600, halo=True))
        body.append(_track(y - 8))
        body.append(_bar(0, float(row["value"]), top, y - 13, 10, fill=BLUE))
    if not math.isnan(divide.national):
        at = percent(_across(divide.national, top))
        body.insert(0, element("line", x1=at, x2=at, y1=8, y2=y + 4, stroke=SOFT, stroke_dasharray="4 3"))
    body += _axis(top, y + 6, divide.unit)
    side = Text("最好", "best") if which == "best" else Text("最差", "worst")
    title = Text(
        f"{divide.name.zh}{side.zh}的鄉鎮市區", f"Townships with the {side.en} {_lower(divide.name.en)}"
    )
    if len(frame):
        first = frame.iloc[0]
        value = number(first["value"])
        nation = number(divide.national)
        place = f"{first['county']}{first['town']}"
        finding = Text(
            f"{side.zh}的是{place}：{value} {divide.unit.zh}（全國 {nation}）。",
            f"{side.en.capitalize()}: {place}, {value} {divide.unit.en} (nation: {nation}).",
        )
    else:
        finding = Text(f"{divide.name.zh}：無資料。", f"{divide.name.en}: unknown.")
    svg = drawing(prefix, title, finding, body, height=y + 56)
    table = frame.drop(columns="town_code").reset_index(drop=True)
    table["population"] = table["population"].round().astype("Int64")
    return Chart(svg, title, finding, table)


# ------------------------------------------------------------------ scales and marks


def ticks(top: float, count: int = 5) -> list[float]:
    """Round figures from 0 to `top`, about so many of them."""
    if not top > 0:
        return [0.0]
    rough = top / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [step * i for i in range(int(top / step + 1e-9) + 1)]


def _top(values: list[float]) -> float:
    known = [float(value) for value in values if not math.isnan(float(value))]
    return max(known, default=0.0) * 1.04 or 1.0


def _across(value: float, top: float) -> float:
    return LEFT + (RIGHT - LEFT) * value / top


def _bar(low: float, high: float, top: float, y: float, height: float, **paint: object) -> str:
    start, end = _across(low, top), _across(high, top)
    return element("rect", x=percent(start), width=percent(max(end - start, 0)), y=y, height=height, **paint)


def _track(y: float) -> str:
    return element("line", x1=percent(LEFT), x2=percent(RIGHT), y1=y, y2=y, stroke=LINE)


def _mark(
    shape: Literal["circle", "diamond", "triangle"], x: str, y: float, colour: str, size: float = 7
) -> str:
    if shape == "circle":
        return element("circle", cx=x, cy=y, r=size - 1, fill=colour, stroke="#ffffff", stroke_width=1.5)
    outline = {
        "diamond": f"M0 -{size + 1}L{size + 1} 0L0 {size + 1}L-{size + 1} 0Z",
        "triangle": f"M0 -{size}L{size} {size - 1}H-{size}Z",
    }[shape]
    path = element("path", d=outline, fill=colour, stroke="#ffffff", stroke_width=1.2)
    return element("svg", path, x=x, y=y, overflow="visible")  # a path takes no percentages


def _beside(value: float, top: float, y: float, text: Text, *, fill: str) -> str:
    share = _across(value, top)
    right = share > SHORT
    return words(
        percent(share), y, text, anchor="end" if right else "start", dx=-4 if right else 4, size=12, fill=fill
    )


def _of(zh: str, en: str, figure: str) -> Text:
    return Text(f"{zh} {figure}", f"{en} {figure}")


def _axis(top: float, y: float, unit: Text) -> list[str]:
    out = []
    for tick in ticks(top, 4):
        at = percent(_across(tick, top))
        out.append(element("line", x1=at, x2=at, y1=y, y2=y + 5, stroke=SOFT))
        last = _across(tick, top) > 0.93  # half of it would be cut off
        label = Text.of(_exact(tick))
        out.append(
            words(
                at,
                y + 19,
                label,
                anchor="end" if last else "middle",
                dx=8 if last else None,
                size=12,
                fill=SOFT,
            )
        )
    return [*out, words("100%", y + 38, unit, anchor="end", size=12, fill=SOFT)]


def _exact(value: float) -> str:
    return f"{value:,.6g}" if abs(value) < 100_000 else f"{value:,.0f}"


def _lower(text: str) -> str:
    """For the middle of a sentence: 'Download speed' but '4G', 'Wi-Fi' and 'NCC' as they are."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


# ------------------------------------------------------------------ the scatter's parts


@cache
def _shipped() -> dict[str, Indicator]:
    return load_indicators()


def _named(column: str, definitions: Mapping[str, Indicator]) -> Text:
    if column in definitions:
        return definitions[column].name
    known = {
        "density_per_km2": Text("人口密度（人／平方公里）", "Population density (people per km²)"),
        "elevation_mean_m": Text("平均海拔（公尺）", "Mean elevation (m)"),
    }
    return known.get(column, Text.of(column))


def _is_skewed(values: pd.Series[float]) -> bool:
    return bool(values.gt(0).all() and values.max() > 10 * values.median())


def _fifths(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a fifth of the townships by `x`: low_x, high_x, units, remote, unknown, median, low, high."""
    ordered = frame.sort_values("x", kind="stable")
    edges = [round(len(ordered) * i / 5) for i in range(6)]
    rows = []
    for start, end in pairwise(edges):
        part = ordered.iloc[start:end]
        if len(part):
            y = part["y"]
            counts = (len(part), int(part["remote"].sum()), int(y.isna().sum()))
            rows.append((part["x"].min(), part["x"].max(), *counts, y.median(), y.min(), y.max()))
    return pd.DataFrame(
        rows, columns=["low_x", "high_x", "units", "remote", "unknown", "median", "low", "high"]
    )


def _fifths_table(fifths: pd.DataFrame, name: Text) -> pd.DataFrame:
    ranges = [f"{number(a)}–{number(b)}" for a, b in zip(fifths["low_x"], fifths["high_x"], strict=True)]
    table = pd.DataFrame({"x": ranges}).join(fifths[["units", "remote", "unknown", "median", "low", "high"]])
    heads: list[Text | str] = [
        name,
        "units",
        REMOTENESS["remote"],
        "unknown_units",
        Text("中位數", "Median"),
        Text("最小", "Least"),
        Text("最大", "Most"),
    ]
    table.columns = pd.Index(heads, dtype=object)
    return table


def _cloud(drawn: pd.DataFrame, fifths: pd.DataFrame, height: float) -> list[str]:
    """Points, medians of the fifths and axes; x is a share of the width from `left` on, y in pixels."""
    left, top, bottom = 0.11, 10.0, height
    low, high = math.log10(drawn["x"].min()), math.log10(drawn["x"].max())
    wide = (high - low) or 1.0
    logarithmic = _is_skewed(drawn["y"])
    most = float(drawn["y"].max()) or 1.0
    first = math.log10(drawn["y"].min()) if logarithmic else 0.0
    last = math.log10(most) if logarithmic else most * 1.04

    def across(value: float) -> str:
        return percent(left + 0.02 + (0.97 - left) * (math.log10(value) - low) / wide)

    def up(value: float) -> float:
        at = math.log10(value) if logarithmic else value
        return bottom - 8 - (bottom - top - 16) * (at - first) / ((last - first) or 1.0)

    out = []
    levels = _decades(first, last) if logarithmic else ticks(most * 1.04, 5)
    for level in levels:
        out.append(element("line", x1=percent(left), x2="100%", y1=up(level), y2=up(level), stroke="#e3e8ec"))
        out.append(
            words(
                percent(left), up(level) + 4, Text.of(_exact(level)), anchor="end", dx=-6, size=12, fill=SOFT
            )
        )
    for level in _decades(low, high):
        out.append(element("line", x1=across(level), x2=across(level), y1=top, y2=bottom, stroke="#e3e8ec"))
        out.append(
            words(across(level), bottom + 16, Text.of(_exact(level)), anchor="middle", size=12, fill=SOFT)
        )
    for _, row in drawn[~drawn["remote"]].iterrows():
        out.append(element("circle", cx=across(row["x"]), cy=up(row["y"]), r=3, fill="#ffffff", stroke=BLUE))
    out += [
        _mark("triangle", across(row["x"]), up(row["y"]), VERMILLION, 5)
        for _, row in drawn[drawn["remote"]].iterrows()
    ]
    for _, row in fifths.dropna(subset=["median"]).iterrows():
        y, ends = up(row["median"]), {"x1": across(row["low_x"]), "x2": across(row["high_x"])}
        out.append(element("line", **ends, y1=y, y2=y, stroke="#ffffff", stroke_width=6))
        out.append(element("line", **ends, y1=y, y2=y, stroke=INK, stroke_width=3))
    return out


def _decades(low: float, high: float) -> list[float]:
    """1, 10, 100 … between two logarithms; also 2 and 5 of each where that makes too few."""
    whole = [10.0**power for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]
    if len(whole) >= 3:
        return whole
    powers = range(math.floor(low), math.ceil(high) + 1)
    return [f * 10.0**p for p in powers for f in (1, 2, 5) if low <= math.log10(f * 10.0**p) <= high]


def _scatter_key(y: float) -> list[str]:
    """What the marks mean, on one line of percentages that a phone can hold."""
    marks = [
        _mark("triangle", "6", y - 4, VERMILLION, 5),
        element("circle", cx="26%", cy=y - 4, r=3.5, fill="#ffffff", stroke=BLUE, stroke_width=1.5),
        element(
            "svg",
            element("path", d="M-8 0H8", stroke=INK, stroke_width=3),
            x="58%",
            y=y - 4,
            overflow="visible",
        ),
    ]
    texts = [
        words("0", y, Text("偏遠", "remote"), dx=18, size=12),
        words("26%", y, Text("非偏遠", "non-remote"), dx=12, size=12),
        words("58%", y, Text("每五分之一之中位數", "median of a fifth"), dx=14, size=12),
    ]
    return [*marks, *texts]


def _computed(indicators: pd.DataFrame | None, ids: list[str]) -> dict[str, float]:
    if indicators is None:
        return {}
    rows = indicators[(indicators["level"] == "nation") & (indicators["status"] == "computed")]
    rows = rows[rows["indicator"].isin(ids) & rows["value"].notna()]
    return dict(zip(rows["indicator"], rows["value"].astype(float), strict=True))
