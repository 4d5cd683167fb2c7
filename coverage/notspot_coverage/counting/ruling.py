"""
Villages ruled with lines: on each, how much of the village lies within circles and polygons; compiled.

Coordinates are metres of EPSG:3826; `ground` says what is measured and how exactly. Vertices of shapes are
`x` and `y`, those of ring i ``ring[i]`` to before ``ring[i + 1]``, the rings of shape v ``zone[v]`` to before
``zone[v + 1]``. Edges of polygons, `ex` and `ey` of shape (n, 2), are found by strips of `BUCKET_M` from `bottom`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from notspot_geodata.cutting import compiled

EAST_M, SCALE = 250_000.0, 0.9999  # false easting and scale on the central meridian of TM2 zone 121
RADIUS_M = 6_363_700.0  # sqrt(rho * nu) of GRS 80 at 23.8° north; it varies by 0.02 % over Taiwan
TOP_LINES = 8  # from its top a circle is measured as a whole, not by its middle
BLOCK_LINES = 16  # for which circles and edges are picked out together
TOUCH_M = 1e-6  # intervals so close are one: polygons that share an edge
BUCKET_M = 100.0  # edges of polygons are looked up by northing
GAPS = (88573, 29524, 9841, 3280, 1093, 364, 121, 40, 13, 4, 1)  # of Shell's sort, (3^k - 1) / 2: Knuth


# ------------------------------------------------------------------ lengths and areas on the ground


@compiled
def _east(x: float) -> float:
    """
    Metres on the ground from the central meridian, times what makes areas of them: the integral of 1/k².

    With k = k0 cosh(u), u = (x − false easting) / (k0 R), of the transverse Mercator projection of a sphere that has
    the curvature of the ellipsoid here: k0² times it is k0 R tanh(u), of which three terms do up to 400 km.
    """
    u = (x - EAST_M) / (SCALE * RADIUS_M)
    return RADIUS_M / SCALE * (u - u**3 / 3.0 + 2.0 * u**5 / 15.0)


@compiled
def areas(x: Any, y: Any, ring: Any, zone: Any) -> Any:
    """Area of each shape on the ground in m², from the integral of `_east` along its rings (Simpson)."""
    out = np.zeros(len(zone) - 1)
    for v in range(len(out)):
        for i in range(zone[v], zone[v + 1]):
            total = 0.0
            for k in range(ring[i], ring[i + 1] - 1):
                middle = _east(0.5 * (x[k] + x[k + 1]))
                total += (y[k + 1] - y[k]) * (_east(x[k]) + 4.0 * middle + _east(x[k + 1])) / 6.0
            out[v] += total  # holes run the other way
    return out


# ------------------------------------------------------------------ lines


@compiled
def cover(
    x: Any, y: Any, ring: Any, zone: Any, area: Any, first: int, last: int,
    cx: Any, cy: Any, r: Any, farthest: float,
    bottom: float, start: Any, edge: Any, ex: Any, ey: Any, owner: Any, box: Any,
    step_m: float, lines: int, radius_lines: int, out: Any,
) -> None:  # fmt: skip
    """Fill `out` with the share of the villages `first` to before `last` that is covered."""
    for v in range(first, last):
        begin, end = ring[zone[v]], ring[zone[v + 1]]
        if end == begin or area[v] <= 0.0:
            out[v] = np.nan
            continue
        west, east = x[begin:end].min(), x[begin:end].max()
        south, north = y[begin:end].min(), y[begin:end].max()
        near, least, whole = _near(x[begin:end], y[begin:end], west, east, south, north, cx, cy, r, farthest)
        if whole:
            out[v] = 1.0
            continue
        if not len(near) and not len(edge):
            out[v] = 0.0
            continue
        spacing = min(step_m, (north - south) / lines)
        if len(near):
            spacing = min(spacing, least / radius_lines)
        breaks = _breaks(y[begin:end], west, east, south, north, bottom, start, edge, ex, ey, owner, box)
        at, weight = _lines(breaks, spacing)
        covered, total, bare = _rule(
            x, y, ring, zone[v], zone[v + 1], west, east, at, weight, cx, cy, r, near,
            bottom, start, edge, ex, ey, owner, box,
        )  # fmt: skip
        share = covered / area[v]
        if not bare and covered > 0.5 * total:  # what is left is the smaller error, and none where nothing is
            share = 1.0 - (total - covered) / area[v]
        out[v] = min(max(share, 0.0), 1.0)


@compiled
def _near(
    x: Any, y: Any, west: float, east: float, south: float, north: float,
    cx: Any, cy: Any, r: Any, farthest: float,
) -> Any:  # fmt: skip
    """Circles that may touch a village, by easting; the least radius; whether one holds the whole village."""
    low = np.searchsorted(cy, south - farthest)
    high = np.searchsorted(cy, north + farthest, side="right")
    found = np.empty(high - low, np.int64)
    n, least = 0, np.inf
    for k in range(low, high):
        dx = max(west - cx[k], 0.0, cx[k] - east)
        dy = max(south - cy[k], 0.0, cy[k] - north)
        limit = r[k] * r[k]
        if dx * dx + dy * dy >= limit:
            continue
        found[n] = k
        n += 1
        least = min(least, r[k])
        i = 0
        while i < len(x) and (x[i] - cx[k]) ** 2 + (y[i] - cy[k]) ** 2 <= limit:
            i += 1
        if i == len(x):
            return found[:n], least, True
    found = found[:n]
    _by_left(cx[found], found, n)
    return found, least, False


@compiled
def _breaks(
    y: Any, west: float, east: float, south: float, north: float,
    bottom: float, start: Any, edge: Any, ex: Any, ey: Any, owner: Any, box: Any,
) -> Any:  # fmt: skip
    """Northings of the village's vertices and of those of polygons near it: between them widths are linear."""
    first = min(max(int((south - bottom) // BUCKET_M), 0), len(start) - 1)
    last = max(min(int((north - bottom) // BUCKET_M) + 1, len(start) - 1), first)
    more = 2 * (start[last] - start[first]) if len(edge) else 0
    found, n = np.empty(len(y) + more), len(y)
    for i in range(n):
        found[i] = y[i]
    if more:
        for e in edge[start[first] : start[last]]:
            o = owner[e]
            if box[o, 0] > east or box[o, 2] < west or max(ex[e, 0], ex[e, 1]) < west:
                continue
            if min(ex[e, 0], ex[e, 1]) > east:
                continue
            for k in range(2):
                if south < ey[e, k] < north:
                    found[n] = ey[e, k]
                    n += 1
    _ascending(found, n)
    return found[:n]


@compiled
def _lines(breaks: Any, spacing: float) -> Any:
    """Northings of lines at most `spacing` apart, in the middle of what each stands for, and how high that is."""
    n = 0
    for i in range(len(breaks) - 1):
        n += math.ceil((breaks[i + 1] - breaks[i]) / spacing)
    at, weight = np.empty(n), np.empty(n)
    n = 0
    for i in range(len(breaks) - 1):
        count = math.ceil((breaks[i + 1] - breaks[i]) / spacing)
        for k in range(count):
            weight[n] = (breaks[i + 1] - breaks[i]) / count
            at[n] = breaks[i] + (k + 0.5) * weight[n]
            n += 1
    return at, weight


@compiled
def _rule(
    x: Any, y: Any, ring: Any, ring_first: int, ring_last: int,
    west: float, east: float, lines: Any, weight: Any, cx: Any, cy: Any, r: Any, near: Any,
    bottom: float, start: Any, edge: Any, ex: Any, ey: Any, owner: Any, box: Any,
) -> Any:  # fmt: skip
    """Covered area and area of the village by its lines, in m², and whether some lines have no cover at all."""
    covered, total, bare = 0.0, 0.0, False
    reach = 0.5 * weight.max()
    size = ring_last - ring_first + ring[ring_last] - ring[ring_first]
    own, cuts = np.empty(size, np.int64), np.empty(size)
    circles = np.empty(len(near), np.int64)
    line = 0
    while line < len(lines):
        ya = lines[line]
        until = min(line + BLOCK_LINES, len(lines))
        foreign = edge[:0]
        if len(edge):
            strip = int((ya - bottom) // BUCKET_M)
            while until > line + 1 and (lines[until - 1] - bottom) // BUCKET_M > strip:
                until -= 1
            if 0 <= strip < len(start) - 1:
                foreign = edge[start[strip] : start[strip + 1]]
        yb = lines[until - 1]
        n_circles = 0
        for k in near:
            dy = max(ya - cy[k], 0.0, cy[k] - yb)
            if dy < r[k] + reach:
                circles[n_circles] = k
                n_circles += 1
        if len(foreign):
            foreign = _active(foreign, ey, ex, owner, box, ya, yb, west, east)
        if n_circles == 0 and len(foreign) == 0:
            bare = True
            line = until
            continue
        n_own = 0
        for i in range(ring_first, ring_last):
            for k in range(ring[i], ring[i + 1] - 1):
                if min(y[k], y[k + 1]) <= yb and max(y[k], y[k + 1]) > ya:
                    own[n_own] = k
                    n_own += 1
        left, right = np.empty(n_circles + len(foreign)), np.empty(n_circles + len(foreign))
        other = np.empty(len(foreign))
        while line < until:
            at, high = lines[line], weight[line]
            line += 1
            n_cuts = 0
            for i in range(n_own):
                k = own[i]
                if (y[k] <= at) != (y[k + 1] <= at):
                    cuts[n_cuts] = x[k] + (at - y[k]) * ((x[k + 1] - x[k]) / (y[k + 1] - y[k]))
                    n_cuts += 1
            if n_cuts < 2:
                continue
            _ascending(cuts, n_cuts)
            n, done = 0, False
            for i in range(n_circles):
                k = circles[i]
                half = _half_chord(r[k], abs(at - cy[k]), high)
                if half > 0.0:
                    left[n], right[n] = cx[k] - half, cx[k] + half
                    if left[n] <= cuts[0] and right[n] >= cuts[n_cuts - 1]:
                        done = True
                        break
                    n += 1
            if done:
                for i in range(0, n_cuts - 1, 2):
                    length = _east(cuts[i + 1]) - _east(cuts[i])
                    covered += length * high
                    total += length * high
                continue
            if len(foreign):
                n = _polygon_spans(foreign, ex, ey, owner, at, other, left, right, n)
            inside, length = _length(cuts, n_cuts, left, right, n)
            covered += inside * high
            total += length * high
            if inside == 0.0:
                bare = True
    return covered, total, bare


@compiled
def _half_chord(r: float, off: float, high: float) -> float:
    """Half the chord of a circle at `off` from its centre, near its top or bottom the mean over the line's height."""
    if r - off > TOP_LINES * high:
        return math.sqrt(r * r - off * off)
    low, up = max(off - 0.5 * high, -r), min(off + 0.5 * high, r)
    return (_segment(r, up) - _segment(r, low)) / high if low < r else 0.0


@compiled
def _segment(r: float, t: float) -> float:
    """Integral of the half chord up to `t` from the centre."""
    return 0.5 * (t * math.sqrt(max(r * r - t * t, 0.0)) + r * r * math.asin(min(max(t / r, -1.0), 1.0)))


@compiled
def _active(
    edges: Any, ey: Any, ex: Any, owner: Any, box: Any, ya: float, yb: float, west: float, east: float
) -> Any:
    """Of the edges, in their order, those that lines from `ya` to `yb` may cross and that matter in the village."""
    out, n = np.empty(len(edges), np.int64), 0
    for e in edges:
        if min(ey[e, 0], ey[e, 1]) <= yb and max(ey[e, 0], ey[e, 1]) > ya:
            o = owner[e]
            if box[o, 0] <= east and box[o, 2] >= west:
                out[n] = e
                n += 1
    return out[:n]


@compiled
def _polygon_spans(
    edges: Any, ex: Any, ey: Any, owner: Any, at: float, other: Any, left: Any, right: Any, n: int
) -> int:
    """Append the intervals of a line inside each polygon (even-odd rule); how many there are then."""
    i = 0
    while i < len(edges):
        o, m = owner[edges[i]], 0
        while i < len(edges) and owner[edges[i]] == o:
            e = edges[i]
            if (ey[e, 0] <= at) != (ey[e, 1] <= at):
                slope = (ex[e, 1] - ex[e, 0]) / (ey[e, 1] - ey[e, 0])
                other[m] = ex[e, 0] + (at - ey[e, 0]) * slope
                m += 1
            i += 1
        _ascending(other, m)
        for k in range(0, m - 1, 2):
            left[n], right[n] = other[k], other[k + 1]
            n += 1
    return n


@compiled
def _length(cuts: Any, n_cuts: int, left: Any, right: Any, n: int) -> Any:
    """Length on the ground of a village's intervals within the union of others, and of all of them."""
    _by_left(left, right, n)
    inside, length, k = 0.0, 0.0, 0
    a, b = np.inf, -np.inf  # the interval of the union that was built last
    for i in range(0, n_cuts - 1, 2):
        p, q = cuts[i], cuts[i + 1]
        length += _east(q) - _east(p)
        while True:
            if a < q and b > p:
                inside += _east(min(b, q)) - _east(max(a, p))
            if b >= q or k >= n:
                break
            a, b = left[k], right[k]
            k += 1
            while k < n and left[k] <= b + TOUCH_M:
                b = max(b, right[k])
                k += 1
    return inside, length


@compiled
def _ascending(values: Any, n: int) -> None:
    """Sort the first `n` values (Shell's way: short, and quick on what is nearly in order)."""
    for gap in GAPS:
        for i in range(gap, n):
            value, j = values[i], i - gap
            while j >= 0 and values[j] > value:
                values[j + gap] = values[j]
                j -= gap
            values[j + gap] = value


@compiled
def _by_left(left: Any, right: Any, n: int) -> None:
    """Sort the first `n` pairs by their first."""
    for gap in GAPS:
        for i in range(gap, n):
            a, b, j = left[i], right[i], i - gap
            while j >= 0 and left[j] > a:
                left[j + gap], right[j + gap] = left[j], right[j]
                j -= gap
            left[j + gap], right[j + gap] = a, b


# ------------------------------------------------------------------ strips


@compiled
def by_strips(ys: Any, bottom: float, high: float) -> Any:
    """Where the edges of each strip begin, and the edges."""
    top = bottom
    for i in range(len(ys)):
        top = max(top, ys[i, 0], ys[i, 1])
    start = np.zeros(int((top - bottom) // high) + 3, np.int64)
    for i in range(len(ys)):
        low, up = min(ys[i, 0], ys[i, 1]), max(ys[i, 0], ys[i, 1])
        for b in range(int((low - bottom) // high), int((up - bottom) // high) + 1):
            start[b + 2] += 1
    for b in range(2, len(start)):
        start[b] += start[b - 1]
    edge = np.empty(start[-1], np.int64)
    for i in range(len(ys)):
        low, up = min(ys[i, 0], ys[i, 1]), max(ys[i, 0], ys[i, 1])
        for b in range(int((low - bottom) // high), int((up - bottom) // high) + 1):
            edge[start[b + 1]] = i
            start[b + 1] += 1
    return start[:-1], edge
