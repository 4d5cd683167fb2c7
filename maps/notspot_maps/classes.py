"""
Classes of a map: which values share a colour.

Class edges are rounded to figures that a person can read, and the rounded edges decide the colour, so
that legend and map never disagree. A value equal to an edge belongs to the class below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from notspot_coverage.definitions import Indicator
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text
from notspot_maps.palette import colours

Method = Literal["quantiles", "natural", "fixed", "diverging", "values"]

METHODS: dict[Method, Text] = {
    "quantiles": Text("各級單位數相近（分位數）", "about as many units in each class (quantiles)"),
    "natural": Text("自然斷點", "natural breaks"),
    "fixed": Text("固定級距", "fixed steps"),
    "diverging": Text("以目標值為中心分級", "steps on both sides of the target"),
    "values": Text("依實際數值", "one class a value"),
}

COUNT = 5  # classes a reader can still tell apart on a map
SHARE_EDGES = (20.0, 40.0, 60.0, 80.0)  # percent; a share's classes mean the same for every indicator
SPEED_EDGES: dict[str, tuple[float, ...]] = {
    "dl_mbps": (25.0, 50.0, 100.0, 150.0, 200.0, 250.0),
    "ul_mbps": (5.0, 10.0, 20.0, 30.0, 40.0, 60.0),
}  # Mbps; 100 down and 20 up are what the official indicators ask for


@dataclass(frozen=True, slots=True)
class Classes:
    """
    Edges between classes, rising, and one colour a class (one more than there are edges).

    Class ``i`` holds ``edges[i - 1] < value <= edges[i]``; the first and last are open.
    """

    method: Method
    edges: tuple[float, ...]
    colours: tuple[str, ...]

    def of(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Class number of each value; -1 where the value is unknown (NaN)."""
        numbers = np.asarray(values, dtype=np.float64)
        found = np.searchsorted(np.array(self.edges), numbers, side="left")
        return np.where(np.isnan(numbers), -1, found).astype(np.int64)


def classes(
    values: npt.ArrayLike,
    method: Method = "quantiles",
    *,
    count: int = COUNT,
    edges: Sequence[float] = (),
    centre: float | None = None,
    palette: str | None = None,
) -> Classes:
    """
    Classes for the values of a map.

    Parameters
    ----------
    values
        The units' values; NaN is unknown and has no say.
    method
        ``quantiles`` (as many units in each), ``natural`` (Fisher–Jenks), ``fixed`` (`edges` as given),
        ``diverging`` (as many steps on each side of `centre`) or ``values`` (one class a distinct value).
    count
        Classes wanted, at most 7. Fewer come out where the values do not bear as many.
    palette
        As in `notspot_maps.palette.colours`; ``puor`` for ``diverging`` and ``ylgnbu`` for the rest.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    distinct = np.unique(known)
    if method == "fixed":
        found = sorted(float(edge) for edge in edges)
        if not found:
            raise UsageError("fixed classes need their edges")
    elif method == "diverging":
        if centre is None:
            raise UsageError("diverging classes need the centre they part at, for example a target")
        found = _around(known, centre, count)
    elif method == "values" or len(distinct) <= count:
        found = (
            [float(low) for low in distinct[:-1]] if len(distinct) <= 7 else _edges(known, "quantiles", count)
        )
        method = "values" if len(distinct) <= 7 else "quantiles"
    else:
        found = _edges(known, method, count)
    return Classes(method, tuple(found), colours(palette or _palette(method), len(found) + 1))


def classes_for(indicator: Indicator, values: npt.ArrayLike) -> Classes:
    """
    The classes an indicator is shown in unless somebody asks for others.

    Around the target where one is set and the values lie on both sides of it; fixed steps for shares and
    for measured speeds, so that maps compare; natural breaks for counts; quantiles for other measures.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(np.unique(known)) <= 2:
        return classes(known, "values")
    target = indicator.target_2025
    if target is not None and known.min() < target < known.max():
        return classes(known, "diverging", centre=target, count=6)
    if indicator.kind == "share":
        return classes(known, "fixed", edges=SHARE_EDGES)
    for prefix, steps in SPEED_EDGES.items():
        if indicator.id.startswith(prefix):
            return classes(known, "fixed", edges=steps)
    return classes(known, "natural" if indicator.kind in ("count", "existence") else "quantiles")


def readable(value: float, digits: int = 2) -> float:
    """The value with so many significant digits (integers below 1,000 are left alone)."""
    if value == 0 or not np.isfinite(value) or (value == round(value) and abs(value) < 1000):
        return float(value)
    return float(f"{value:.{digits - 1}e}")


def _palette(method: Method) -> str:
    return "puor" if method == "diverging" else "ylgnbu"


def _edges(known: npt.NDArray[np.float64], method: Method, count: int) -> list[float]:
    """Inner edges, rounded as far as they stay apart and leave no class empty."""
    raw = natural_breaks(known, count) if method == "natural" else _quantiles(known, count)
    ordered = np.unique(known)
    at = np.unique(np.searchsorted(ordered, raw, side="right") - 1)
    raw = ordered[at[(at >= 0) & (at < len(ordered) - 1)]]  # edges that are values: no class stays empty
    for digits in (2, 3, 4, 6):
        found = sorted({readable(float(edge), digits) for edge in raw})
        filled = len(np.unique(np.searchsorted(np.array(found), known, side="left"))) == len(found) + 1
        if len(found) == len(raw) and filled:
            return found
    return [float(edge) for edge in raw]


def _quantiles(known: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    return np.unique(np.quantile(known, np.arange(1, count + 1) / count))


def natural_breaks(values: npt.ArrayLike, count: int) -> npt.NDArray[np.float64]:
    """
    The largest value of each of `count` classes that have the least variance within them.

    Fisher (1958), "On grouping for maximum homogeneity", JASA 53, 789–798: exact, by dynamic programming
    over the sorted distinct values, which keeps equal values together. Written here because the library's
    takes 0.15 s a map and seconds to import, a quarter of a report's time; the tests compare the two.
    """
    ordered, times = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    size = len(ordered)
    count = min(count, size)
    centred = ordered - ordered.mean()  # sums of squares of large values lose digits
    weight = np.concatenate([[0], np.cumsum(times)])
    first = np.concatenate([[0], np.cumsum(times * centred)])
    second = np.concatenate([[0], np.cumsum(times * centred**2)])
    least = np.full((count + 1, size + 1), np.inf)
    least[0, 0] = 0.0
    start = np.zeros((count + 1, size + 1), dtype=np.int64)
    for end in range(1, size + 1):
        begin = np.arange(end)
        within = (
            second[end] - second[begin] - (first[end] - first[begin]) ** 2 / (weight[end] - weight[begin])
        )
        for classes_ in range(1, min(count, end) + 1):
            total = least[classes_ - 1, :end] + within
            start[classes_, end] = int(np.argmin(total))
            least[classes_, end] = total[start[classes_, end]]
    tops, end = [], size
    for classes_ in range(count, 0, -1):
        tops.append(ordered[end - 1])
        end = int(start[classes_, end])
    return np.array(tops[::-1])


def _around(known: npt.NDArray[np.float64], centre: float, count: int) -> list[float]:
    """Edges with the centre in the middle and equal steps on both sides, out to the farther end."""
    side = max(1, count // 2)
    reach = max(float(known.max()) - centre, centre - float(known.min())) if len(known) else 1.0
    step = readable(reach / side) or 1.0
    return [centre + step * i for i in range(1 - side, side)]
