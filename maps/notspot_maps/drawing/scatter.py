"""
The scatter chart: townships by two columns, remote ones marked by shape.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd

from notspot_coverage.definitions import Indicator, load_indicators
from notspot_coverage.groups import REMOTENESS
from notspot_geodata.text import Text
from notspot_maps.drawing.chart_words import correlation_sentence
from notspot_maps.drawing.marks import BLUE, VERMILLION, exact, lowered, mark, ticks
from notspot_maps.drawing.svg import SOFT, Chart, drawing, element, identifier, lines, percent, words
from notspot_maps.palette import INK
from notspot_maps.words import UNKNOWN, number


def scatter_chart(
    townships: pd.DataFrame,
    x: str,
    y: str,
    remote: pd.Series[bool],
    *,
    definitions: Mapping[str, Indicator] | None = None,
    columns: int = 50,
) -> Chart:
    """
    Townships by column `x` (on a logarithmic axis) and column `y`; remote ones are triangles.

    `y` is on a logarithmic axis too where most townships would otherwise lie on the ground. Bars show the
    median of each fifth of the townships by `x`; the table holds them. `definitions` give the words of the
    columns (else those that ship with Notspot). The words below break at so many `columns` of letters: 50 fit a
    phone.
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
    title = Text(f"{names[y].zh}與{names[x].zh}", f"{names[y].en} against {lowered(names[x].en)}")
    body: list[str] = []
    if len(drawn):
        body = _cloud(drawn, fifths, height)
        logarithmic = _is_skewed(drawn["y"])
    else:
        body, logarithmic = [words("50%", height / 2, UNKNOWN, anchor="middle")], False
    body += _scatter_key(height + 44)
    unit = known[y].unit if y in known else Text("", "")
    unit_x = known[x].unit if x in known else Text("", "")  # of other columns it stands in the name
    scale = Text("，對數", ", logarithmic") if logarithmic else Text("", "")
    axes = Text(
        f"橫軸：{names[x].zh}（{unit_x.zh}{'，' if unit_x.zh else ''}對數）；"
        f"縱軸：{names[y].zh}（{unit.zh}{scale.zh}）",
        f"across: {lowered(names[x].en)} ({unit_x.en}{', ' if unit_x.en else ''}logarithmic); "
        f"up: {unit.en or names[y].en}{scale.en}",
    )
    body.append(lines("0", height + 70, axes, columns=columns))
    svg = drawing(prefix, title, finding, body, height=height + 116)
    return Chart(svg, title, finding, _fifths_table(fifths, names[x]))


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
    levels = _log_ticks(first, last) if logarithmic else ticks(most * 1.04, 5)
    for level in levels:
        out.append(element("line", x1=percent(left), x2="100%", y1=up(level), y2=up(level), stroke="#e3e8ec"))
        out.append(
            words(
                percent(left), up(level) + 4, Text.of(exact(level)), anchor="end", dx=-6, size=12, fill=SOFT
            )
        )
    for level in _log_ticks(low, high):
        out.append(element("line", x1=across(level), x2=across(level), y1=top, y2=bottom, stroke="#e3e8ec"))
        out.append(
            words(across(level), bottom + 16, Text.of(exact(level)), anchor="middle", size=12, fill=SOFT)
        )
    for _, row in drawn[~drawn["remote"]].iterrows():
        out.append(element("circle", cx=across(row["x"]), cy=up(row["y"]), r=3, fill="#ffffff", stroke=BLUE))
    out += [
        mark("triangle", across(row["x"]), up(row["y"]), VERMILLION, 5)
        for _, row in drawn[drawn["remote"]].iterrows()
    ]
    for _, row in fifths.dropna(subset=["median"]).iterrows():
        y, ends = up(row["median"]), {"x1": across(row["low_x"]), "x2": across(row["high_x"])}
        out.append(element("line", **ends, y1=y, y2=y, stroke="#ffffff", stroke_width=6))
        out.append(element("line", **ends, y1=y, y2=y, stroke=INK, stroke_width=3))
    return out


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 10, 100 … between two logarithms; 2 and 5 of each too, or even steps, where that makes too few."""
    whole = [10.0**power for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]
    if len(whole) >= 3:
        return whole
    powers = range(math.floor(low), math.ceil(high) + 1)
    some = [f * 10.0**p for p in powers for f in (1, 2, 5) if low <= math.log10(f * 10.0**p) <= high]
    steps = ticks(10.0**high - 10.0**low, 4)
    if len(some) >= 3 or len(steps) < 2:
        return some
    step = steps[1]
    first = math.ceil(10.0**low / step - 1e-9)
    return [step * at for at in range(first, int(10.0**high / step + 1e-9) + 1)]


def _scatter_key(y: float) -> list[str]:
    """What the marks mean, on one line of percentages that a phone can hold."""
    marks = [
        mark("triangle", "6", y - 4, VERMILLION, 5),
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
