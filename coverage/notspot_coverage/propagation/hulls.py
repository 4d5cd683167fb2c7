"""
Upper hulls of a terrain profile that grows outwards, and the questions that a receiver asks of them.

A hull is three arrays (distance in km, ordinate in m, index of the sample) and a count. Every sample is
pushed once and popped at most once; a question costs the logarithm of the hull's length. All answers are
exact: the sample they name is the one that a look at all samples would find.
"""

from __future__ import annotations

import math
from typing import Any

from notspot_coverage.propagation.terms import compiled


@compiled
def push(x: Any, z: Any, at: Any, count: int, new_x: float, new_z: float, index: int) -> int:
    """Add a point to the right of all others; the number of vertices after it."""
    while count >= 2:
        ax, az = x[count - 2], z[count - 2]
        if (z[count - 1] - az) * (new_x - ax) > (new_z - az) * (x[count - 1] - ax):
            break
        count -= 1
    x[count], z[count], at[count] = new_x, new_z, index
    return count + 1


@compiled
def highest(x: Any, z: Any, count: int, slope: float) -> float:
    """max (z − slope · x): how far the profile rises above a line through the origin."""
    low, high = 0, count - 1
    while low < high:
        mid = (low + high) >> 1
        if z[mid + 1] - z[mid] >= slope * (x[mid + 1] - x[mid]):
            low = mid + 1
        else:
            high = mid
    return z[low] - slope * x[low]


@compiled
def tangent(x: Any, z: Any, count: int, distance: float, height: float) -> int:
    """Vertex of max (z − height) / (distance − x), seen from a point to the right of all; the last of equals."""
    low, high = 0, count - 1
    while low < high:
        mid = (low + high) >> 1
        if (z[mid + 1] - height) * (distance - x[mid]) >= (z[mid] - height) * (distance - x[mid + 1]):
            low = mid + 1
        else:
            high = mid
    return low


@compiled
def closest(
    x: Any,
    z: Any,
    at: Any,
    count: int,
    profile: Any,
    step: float,
    curve: float,
    distance: float,
    foot: float,
    slope: float,
) -> tuple[float, int]:
    """
    min of c² / (x (D − x)) over all samples, c their clearance under the ray, and the sample.

    The ray is `foot` + `slope` · x in the coordinates of the hull, which is that of
    `profile` − `curve` · x² on the grid x = index · `step`. No sample may stand above the ray.

    Along the hull the clearance is convex and x (D − x) concave, so the ratio falls and then rises from
    vertex to vertex. A sample below an edge can win only where the edge itself beats the best vertex: an
    interval that holds no vertex, hence within one of the two edges beside that vertex.
    """
    low, high = 0, count - 1
    while low < high:
        mid = (low + high) >> 1
        c0 = foot + slope * x[mid] - z[mid]
        c1 = foot + slope * x[mid + 1] - z[mid + 1]
        if c1 * c1 * x[mid] * (distance - x[mid]) <= c0 * c0 * x[mid + 1] * (distance - x[mid + 1]):
            low = mid + 1
        else:
            high = mid
    c = max(foot + slope * x[low] - z[low], 0.0)
    best, where = c * c / (x[low] * (distance - x[low])), at[low]
    for edge in range(max(low - 1, 0), min(low + 1, count - 1)):
        if at[edge + 1] - at[edge] < 2:
            continue
        # the chord's clearance k·x + b, and where (k·x + b)² < best · x (D − x)
        gain = (z[edge + 1] - z[edge]) / (x[edge + 1] - x[edge])
        k = slope - gain
        b = foot - z[edge] + gain * x[edge]
        square = k * k + best
        linear = 2.0 * k * b - best * distance
        root = linear * linear - 4.0 * square * b * b
        if root <= 0.0 or square == 0.0:
            continue
        root = math.sqrt(root)
        first = int((-linear - root) / (2.0 * square) / step) - 1
        last = int((-linear + root) / (2.0 * square) / step) + 2
        for i in range(max(first, at[edge] + 1), min(last, at[edge + 1] - 1) + 1):
            xi = i * step
            c = max(foot + slope * xi - (profile[i] - curve * xi * xi), 0.0)
            ratio = c * c / (xi * (distance - xi))
            if ratio < best:
                best, where = ratio, i
    return best, where


@compiled
def smooth_edge(step: float, count: int, curve: float, distance: float, h1: float, h2: float) -> float:
    """
    ν · √λ of the Bullington construction [13]–[20] over bare curved ground, without a look at its samples.

    The samples stand at `step`, 2 `step` … `count` · `step`; `curve` is 500/a. The slopes to the samples
    are concave functions of distance with a known maximum, so the sample beside it wins.
    """
    slope = (h2 - h1) / distance
    i = min(max(int(math.sqrt(h1 / curve) / step), 1), count)
    k = min(i + 1, count)
    up = max(curve * (distance - i * step) - h1 / (i * step), curve * (distance - k * step) - h1 / (k * step))
    if up < slope:
        low, high = 1, count
        while low < high:
            mid = (low + high) >> 1
            x0, x1 = mid * step, (mid + 1) * step
            w0, w1 = x0 * (distance - x0), x1 * (distance - x1)
            c0, c1 = h1 + slope * x0 - curve * w0, h1 + slope * x1 - curve * w1
            if c1 * c1 * w0 <= c0 * c0 * w1:
                low = mid + 1
            else:
                high = mid
        w = low * step * (distance - low * step)
        return -(h1 + slope * low * step - curve * w) * math.sqrt(0.002 * distance / w)
    i = min(max(int((distance - math.sqrt(h2 / curve)) / step), 1), count)
    k = min(i + 1, count)
    down = max(curve * i * step - h2 / (distance - i * step), curve * k * step - h2 / (distance - k * step))
    where = (h2 - h1 + down * distance) / (up + down)
    return (up - slope) * where * math.sqrt(0.002 * distance / (where * (distance - where)))
