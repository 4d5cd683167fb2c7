"""
Classes of a map: which values share a colour.

Class edges are rounded to figures that a person can read, and the rounded edges decide the colour, so
that legend and map never disagree. A value equal to an edge belongs to the class below it.

The page of the atlas classes what its reader chooses by the same rules (``assets/classes.js``), to the last
digit: that is why sums run in one order, figures round half up, and quantiles count in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context
from typing import Literal, get_args

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
MOST = 7  # classes the palettes have colours for
SHARE_EDGES = (20.0, 40.0, 60.0, 80.0)  # percent; a share's classes mean the same for every indicator
SPEED_EDGES: dict[str, tuple[float, ...]] = {
    "dl_mbps": (25.0, 50.0, 100.0, 150.0, 200.0, 250.0),
    "ul_mbps": (5.0, 10.0, 20.0, 30.0, 40.0, 60.0),
}  # Mbps; 100 down and 20 up are what the official indicators ask for


@dataclass(frozen=True, slots=True)
class Choice:
    """
    How somebody wants an indicator classed: what `classes` takes beside the values.

    Written as the page's address writes it: ``natural:6``, ``fixed:20,40,60`` (edges; none: the rule's),
    ``diverging:6`` (around the target) or ``diverging:6:75.9`` (around a value).
    """

    method: Method
    count: int = COUNT
    edges: tuple[float, ...] = ()
    centre: float | None = None

    @classmethod
    def parse(cls, text: str) -> Choice:
        """Read ``method:count``, ``fixed:edge,edge`` or ``diverging:count:centre``; `UsageError` if it is none."""
        method, _, rest = text.partition(":")
        known = [name for name in get_args(Method) if name == method]
        count, _, centre = rest.partition(":")
        try:
            if known == ["fixed"]:
                return cls("fixed", edges=tuple(float(edge) for edge in rest.split(",") if edge))
            (found,) = known
            made = cls(found, int(count or COUNT), centre=float(centre) if centre else None)
        except ValueError:
            made = cls("values", 0)
        if not 2 <= made.count <= MOST:
            raise UsageError(
                f"'{text}' chooses no classes: write natural:6, quantiles:5 (2 to {MOST} classes), "
                "fixed:20,40,60, diverging:6, diverging:6:75.9 or values"
            )
        return made


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
        ``diverging`` (equal steps on each side of `centre`, as far as there are values) or ``values`` (one class
        a distinct value).
    count
        Classes wanted, at most 7. Fewer come out where the values do not bear as many.
    centre
        Where ``diverging`` parts: an edge with an even `count`, the middle of the middle class with an odd one.
    palette
        As in `notspot_maps.palette.colours`; ``puor`` for ``diverging`` and ``ylgnbu`` for the rest.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    distinct = np.unique(known)
    if method == "fixed":
        found = sorted({float(edge) for edge in edges if np.isfinite(edge)})
        if not 0 < len(found) < MOST:
            raise UsageError(f"fixed classes need 1 to {MOST - 1} edges, not {len(found)}")
    elif method == "diverging":
        if centre is None:
            raise UsageError("diverging classes need the centre they part at, for example a target")
        steps = _around(known, centre, count)
        first, last = _reached(steps, known)
        painted = colours(palette or "puor", len(steps) + 1)[first : last + 1]
        return Classes("diverging", tuple(steps[first:last]), painted)
    elif len(distinct) <= (MOST if method == "values" else count):
        found, method = [float(low) for low in distinct[:-1]], "values"
    else:
        method = "natural" if method == "natural" else "quantiles"
        found = _edges(
            known, natural_breaks(known, count) if method == "natural" else quantiles(known, count)
        )
    return Classes(method, tuple(found), colours(palette or "ylgnbu", len(found) + 1))


def classes_for(indicator: Indicator, values: npt.ArrayLike, choice: Choice | None = None) -> Classes:
    """
    The classes an indicator is shown in, unless a `choice` asks for others.

    Around the target where one is set and the values lie on both sides of it; fixed steps for shares and
    for measured speeds, so that maps compare; natural breaks for counts; quantiles for other measures.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    target, rule = indicator.target_2025, rule_edges(indicator)
    if choice is not None:
        edges = choice.edges or rule
        centre = target if choice.centre is None else choice.centre
        return classes(known, choice.method, count=choice.count, edges=edges, centre=centre)
    if len(np.unique(known)) <= 2:
        return classes(known, "values")
    if target is not None and known.min() < target < known.max():
        return classes(known, "diverging", centre=target, count=6)
    if rule:
        return classes(known, "fixed", edges=rule)
    return classes(known, "natural" if indicator.kind in ("count", "existence") else "quantiles")


def rule_edges(indicator: Indicator) -> tuple[float, ...]:
    """The fixed edges of an indicator, in its unit; none where there is no rule for its kind."""
    if indicator.kind == "share":
        return SHARE_EDGES
    return next((steps for prefix, steps in SPEED_EDGES.items() if indicator.id.startswith(prefix)), ())


def readable(value: float, digits: int = 2) -> float:
    """The value with so many significant digits, half up (integers below 1,000 are left alone)."""
    if value == 0 or not np.isfinite(value) or (value == round(value) and abs(value) < 1000):
        return float(value)
    return float(Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal_from_float(float(value)))


def _edges(known: npt.NDArray[np.float64], tops: npt.NDArray[np.float64]) -> list[float]:
    """Inner edges from the largest value of each class, rounded as far as none merges or leaves a class empty."""
    raw = np.unique(tops[tops < known.max()])
    for digits in (2, 3, 4, 6):
        found = sorted({readable(float(edge), digits) for edge in raw})
        filled = len(np.unique(np.searchsorted(np.array(found), known, side="left"))) == len(found) + 1
        if len(found) == len(raw) and filled:
            return found
    return [float(edge) for edge in raw]


def quantiles(values: npt.ArrayLike, count: int) -> npt.NDArray[np.float64]:
    """The values that end each of `count` classes of as many units: none but values that occur."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    return ordered[(len(ordered) - 1) * np.arange(1, count + 1) // count]


def natural_breaks(values: npt.ArrayLike, count: int) -> npt.NDArray[np.float64]:
    """
    The largest value of each of `count` classes that have the least variance within them.

    Fisher (1958), "On grouping for maximum homogeneity", JASA 53, 789–798: exact, by dynamic programming
    over the sorted distinct values, which keeps equal values together. Where the last class begins never
    falls as its end rises, so that each round of halving looks at every value once or twice: n log n a class
    instead of n². Written here because the library's takes seconds to import; the tests compare the two.
    """
    ordered, times = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    size = len(ordered)
    count = min(count, size)
    if not count:
        return ordered
    middle = ordered[0] / 2 + ordered[-1] / 2  # sums of squares of large values lose digits
    scaled = (ordered - middle) / ((ordered[-1] / 2 - ordered[0] / 2) or 1.0)
    weight = np.concatenate([[0], np.cumsum(times)])
    first = np.concatenate([[0.0], np.cumsum(times * scaled)])
    second = np.concatenate([[0.0], np.cumsum(times * (scaled * scaled))])
    least = np.full(size + 1, np.inf)
    least[0] = 0.0
    start = np.zeros((count, size + 1), dtype=np.int64)
    for each in range(count):
        least, start[each] = _one_class_more(each, least, weight, first, second)
    tops, end = np.empty(count), size
    for each in range(count - 1, -1, -1):
        tops[each] = ordered[end - 1]
        end = int(start[each, end])
    return tops


def _one_class_more(
    below: int, least: npt.NDArray[np.float64], *sums: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """
    Least sums of squares of the first so many values in ``below + 1`` classes, and where the last one begins.

    All middles of one round of halving at once: the beginnings to try for each lie between those found for
    the ends on either side of it. The earliest of equally good beginnings is taken.
    """
    weight, first, second = sums
    size = len(least) - 1
    found, start = np.full(size + 1, np.inf), np.zeros(size + 1, dtype=np.int64)
    low, high = (
        np.array([below + 1]),
        np.array([size]),
    )  # ends to be settled, and the beginnings they can have
    left, right = np.array([below]), np.array([size - 1])
    while len(low):
        end = (low + high) // 2
        width = np.minimum(right, end - 1) - left + 1
        offset = np.concatenate([[0], np.cumsum(width)[:-1]])
        whose = np.repeat(np.arange(len(end)), width)
        begin = np.arange(width.sum()) - offset[whose] + left[whose]
        spread = first[end[whose]] - first[begin]
        total = least[begin] + (
            second[end[whose]] - second[begin] - spread * spread / (weight[end[whose]] - weight[begin])
        )
        found[end] = np.minimum.reduceat(total, offset)
        hits = np.flatnonzero(total == found[end][whose])
        start[end] = begin[hits[np.unique(whose[hits], return_index=True)[1]]]
        low, high, left, right = (
            np.concatenate(pair)
            for pair in ((low, end + 1), (end - 1, high), (left, start[end]), (start[end], right))
        )
        some = low <= high
        low, high, left, right = low[some], high[some], left[some], right[some]
    return found, start


def _around(known: npt.NDArray[np.float64], centre: float, count: int) -> list[float]:
    """Equal steps on both sides of the centre, out to the farther end; an odd count has a class in the middle."""
    side, odd = max(1, count // 2), count % 2 if count > 1 else 0
    reach = max(float(known.max()) - centre, centre - float(known.min())) if len(known) else 1.0
    step = readable(reach / (side + odd / 2)) or 1.0
    if odd:
        return [centre + step * (i + 0.5) for i in range(-side, side)]
    return [centre + step * i for i in range(1 - side, side)]


def _reached(edges: list[float], known: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Which edges to keep: not those past the last value on a side, but always those next to the centre."""
    if not len(known):
        return 0, len(edges)
    smaller = np.searchsorted(
        edges, [known.min(), known.max()], side="left"
    )  # edges below the least, the most
    return min(int(smaller[0]), (len(edges) - 1) // 2), max(int(smaller[1]), len(edges) // 2 + 1)
