"""
How figures are worded: numbers with their unit, both counts and their bounds, in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from notspot_coverage.definitions import Indicator, Kind
from notspot_geodata.text import Text

UNKNOWN = Text("無資料", "unknown")
NOT_APPLICABLE = Text("不適用", "not applicable")  # known, but there is nothing to measure
KINDS: Mapping[Kind, Text] = {
    "share": Text("比率", "share"),
    "existence": Text("有無", "existence"),
    "count": Text("計數", "count"),
    "measure": Text("量值", "measure"),
}
BASIS: Mapping[str, Text] = {
    "register": Text("登記", "register"),
    "claim": Text("申報", "claim"),
    "measurement": Text("量測", "measurement"),
    "model": Text("推估", "model"),
}


def number(value: float | None, kind: Kind = "measure") -> str:
    """
    A figure without its unit: thousands with a comma; shares to one decimal, counts whole, measures to
    three significant digits. The missing figure is an en dash here; sentences say 無資料.
    """
    if value is None or pd.isna(value):
        return "–"
    value = float(value)
    if kind in ("count", "existence") or value == 0 or abs(value) >= 100:
        whole = kind in ("count", "existence") or abs(value) >= 1000 or value == 0
        return f"{value:,.0f}" if whole else f"{value:,.1f}"
    if kind == "share":
        return f"{value:.1f}"
    digits = 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def with_unit(value: float | None, indicator: Indicator) -> Text:
    """A figure with its unit: '38.5 %', '14.2 臺／千人', or 無資料."""
    if value is None or pd.isna(value):
        return UNKNOWN
    text = number(value, indicator.kind)
    return Text(f"{text} {indicator.unit.zh}", f"{text} {indicator.unit.en}")


def bounds(low: float | None, high: float | None, kind: Kind) -> str:
    """'98.0–98.4', or '' where there are none or nothing is left open between them."""
    if low is None or high is None or pd.isna(low) or pd.isna(high) or low == high:
        return ""
    return f"{number(low, kind)}–{number(high, kind)}"


def times(ratio: float) -> Text:
    """A ratio: '3.3 倍', and below a half its inverse, '1/13.5': a reader sees how far it is."""
    if ratio < 0.5:
        return Text(f"1/{1 / ratio:.1f}", f"1/{1 / ratio:.1f}") if ratio > 0 else Text("0 倍", "0 times")
    return Text(f"{ratio:.1f} 倍", f"{ratio:.1f} times")


def unturned(text: str) -> str:
    """Without the marks that turn the direction of a line, and with it what stands behind them on the line."""
    return re.sub("[\u202a-\u202e\u2066-\u2069]", "", text)


def folded_name(text: str) -> str:
    """Names of places compare without case and blanks, and with 台 as 臺."""
    return "".join(text.lower().split()).replace("台", "臺")


def both(text: Text | None) -> list[str] | None:
    """A text for the page: its two languages."""
    return None if text is None else [text.zh, text.en]
