"""
Coordinates as people write them: which columns hold them, and what a cell says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from notspot_geodata.text import tidy

LONGEST = 200  # characters; whatever is longer is not a coordinate, and not worth a regular expression


def parse_degrees(value: object) -> float:
    """
    Degrees, signed, of one written coordinate: ``121.5``, ``121°30'15.5"E``, ``121度30分15.5秒``,
    ``東經121-30-15.5``, full-width as well. NaN where it cannot be understood.

    Blank is NaN too; ``S``, ``W``, ``南緯`` and ``西經`` make it negative.
    """
    return parse(value)[0]


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair of columns: `x` and `y`, or one column `x` that holds both; `kind` degrees, metres or any."""

    x: str
    y: str | None
    kind: str
    datum: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.x,) if self.y is None else (self.x, self.y)

    @property
    def label(self) -> str:
        return ", ".join(self.columns)


def find_pairs(columns: Iterable[Any]) -> list[Pair]:
    """Pairs of coordinate columns by their names, degrees before metres, in the order of the table."""
    xs: dict[tuple[str, str], str] = {}
    ys: dict[tuple[str, str], str] = {}
    both: list[Pair] = []
    for column in columns:
        name = tidy(str(column)).lower().replace(" ", "_")
        stem = re.sub(r"[\s_\-()（）\[\]:]", "", name)
        datum = "67" if "67" in stem else "97" if "97" in stem else None
        plain = re.sub(r"(twd|wgs|tm2?|epsg)?(67|84|97|121|119|3826|3825|3828|3827)?", "", stem)
        axis = _axis(plain)
        if axis == "both":
            both.append(Pair(str(column), None, "degrees", datum))
        elif axis in ("lon", "lat"):
            (xs if axis == "lon" else ys).setdefault(("degrees", datum or ""), str(column))
        elif axis is not None:
            (xs if axis == "x" else ys).setdefault(("any", datum or ""), str(column))
    pairs = [Pair(xs[key], ys[key], key[0], key[1] or None) for key in xs if key in ys]
    pairs.sort(key=lambda p: p.kind != "degrees")
    return pairs or both


_X = (
    "x xx px cx xcoord coordx pointx centroidx easting east x軸 x座標 x坐標 座標x 坐標x 橫座標 橫坐標 "
    "東座標 東坐標 二度分帶x x二度分帶 二度分帶x座標 二度分帶x坐標 地理座標x 投影座標x"
)
_Y = (
    "y yy py cy ycoord coordy pointy centroidy northing north y軸 y座標 y坐標 座標y 坐標y 縱座標 縱坐標 "
    "北座標 北坐標 二度分帶y y二度分帶 二度分帶y座標 二度分帶y坐標 地理座標y 投影座標y"
)
_BOTH = (
    "latlon latlng latlong lonlat lnglat coordinates coordinate coords location gps gps座標 gps坐標 座標 坐標"
)


def _axis(plain: str) -> str | None:
    """What a heading without blanks, marks and datum names: ``lon``, ``lat``, ``x``, ``y``, ``both``."""
    if len(plain) > 20:
        return None
    east = any(word in plain for word in ("經", "経", "longitude", "longtitude")) or plain in (
        "lon",
        "lng",
        "long",
    )
    north = "緯" in plain or "latitude" in plain or plain == "lat"
    if (east and north) or plain in _BOTH.split():
        return "both"
    if east or north:
        return "lon" if east else "lat"
    return "x" if plain in _X.split() else "y" if plain in _Y.split() else None


_MARK = r"(?:[nsew]|東經|西經|北緯|南緯|東|西|南|北)"
_DMS = re.compile(
    rf"^(?P<a>{_MARK})?\s*(?P<sign>[-+])?(?P<d>\d+(?:\.\d+)?)\s*(?:[°º˚度d:\-\s])\s*"
    rf"(?:(?P<m>\d+(?:\.\d+)?)\s*(?:['′’‘`´分m:\-\s]|$)\s*)?"
    rf"(?:(?P<s>\d+(?:\.\d+)?)\s*(?:\"|″|”|“|''|′′|’’|秒|s)?\s*)?(?P<b>{_MARK})?$",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    rf"^(?P<a>{_MARK})?\s*(?P<v>[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
    rf"\s*(?:°|度|m|公尺)?\s*(?P<b>{_MARK})?$",
    re.IGNORECASE,
)
_SIGNS = {"−": "-", "–": "-", "—": "-", "〃": '"', "，": ",", "。": ".", "．": "."}


def parse(value: object) -> tuple[float, str | None]:
    """The number and which axis its mark names (``lat``, ``lon`` or None)."""
    if value is None or value is pd.NA:
        return math.nan, None
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return float(value), None
    written = str(value)
    if len(written) > LONGEST:
        return math.nan, None
    text = tidy(written)
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    text = text.strip(" ;,'\"()[]") if not re.search(r"\d['\"]\s*$", text) else text.strip(" ;,()[]")
    match = _NUMBER.match(text)
    if match:
        number = float(match["v"].replace(",", ""))
        return _marked(number, match["a"], match["b"])
    match = _DMS.match(text)
    if not match or (match["m"] is None and match["s"] is None and not re.search("[°º˚度]", text)):
        return math.nan, None
    minutes, seconds = float(match["m"] or 0), float(match["s"] or 0)
    if minutes >= 60 or seconds >= 60:
        return math.nan, None
    number = float(match["d"]) + minutes / 60 + seconds / 3600
    return _marked(-number if match["sign"] == "-" else number, match["a"], match["b"])


def _marked(number: float, before: str | None, after: str | None) -> tuple[float, str | None]:
    mark = (before or after or "").lower()
    if not mark:
        return number, None
    if mark in ("s", "w", "南緯", "西經", "南", "西"):
        number = -abs(number)
    return number, "lat" if mark in ("n", "s", "北緯", "南緯", "北", "南") else "lon"


_SPLIT = re.compile(r"\s*[,;，、；/|]\s*|\s+(?=(?:[-+]?\d+\.\d+|[東西南北eEwWnNsS])[^\s]*$)")


def split(value: object) -> tuple[object, object]:
    """The two halves of ``24.8, 121.5`` and the like; None twice where there are not two."""
    if isinstance(value, (list, tuple)) and len(value) >= 2:
        return value[0], value[1]
    written = str(value)
    if len(written) > LONGEST:
        return None, None
    text = tidy(written).strip("()[] ")
    if text.upper().startswith("POINT"):
        text = text[5:].strip("() ").replace(" ", ",", 1)
    halves = [h for h in _SPLIT.split(text) if h]
    return (halves[0], halves[1]) if len(halves) == 2 else (None, None)


def lone_column(frame: pd.DataFrame) -> list[Pair]:
    """A column of unknown name whose cells are all ``lat, lon``: found by content, from the first 50 rows."""
    for column in frame.columns:
        cells = [c for c in frame[column].head(50) if isinstance(c, str) and c.strip()]
        if len(cells) >= 1 and all(_plausible(split(c)) for c in cells):
            return [Pair(str(column), None, "degrees")]
    return []


def _plausible(halves: tuple[object, object]) -> bool:
    a, b = (parse(h)[0] for h in halves)
    return (118 <= a <= 123 and 20 <= b <= 27) or (118 <= b <= 123 and 20 <= a <= 27)
