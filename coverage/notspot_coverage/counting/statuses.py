"""
What a service says at points, to the metre: covered, not covered or unknown, with its edges as they are, in and out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.painting import (
    NO,
    UNKNOWN,
    YES,
    area_shapes,
    moved_shapes,
    operators_of,
    site_circles,
    threshold,
    unit_status,
)
from notspot_coverage.counting.rasters import values_about
from notspot_coverage.counting.services import Areas, ByUnit, Layer, Raster, Service, Sites
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.locating import Locator

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Status = NDArray[np.int8]
Edges = Literal["exact", "in", "out"]
MOST_BUCKETS = 4_000_000  # 32 MB
Reading = Callable[[float, Edges], tuple[Flags, Flags]]


def statuses(
    lattice: Lattice,
    service: Service,
    x: Floats,
    y: Floats,
    village: NDArray[np.int32],
    percents: Sequence[float],
    edges: Sequence[Edges] = ("exact",),
) -> dict[tuple[float, Edges], Status]:
    """
    Status of points, shape (n,), by location percentage and edges. By any operator: what one covers is covered, else
    what one does not know is unknown.

    Parameters
    ----------
    x, y
        In EPSG:3826, metres; where they are not finite all is unknown.
    village
        Index in the lattice's villages, -1 for none.
    percents
        The first is that of the best estimate.
    edges
        ``in``: what lies on the edge, as far as that may be off, is covered; ``out``: it is not, or unknown like all
        that lies outside.
    """
    keys = [(percent, how) for percent in percents for how in edges]
    yes = {key: np.full(len(x), service.everywhere) for key in keys}
    unknown = {key: np.zeros(len(x), np.bool_) for key in keys}
    there: set[str] = set()
    for layer in service.layers:
        reading = _reading(lattice, layer, x, y, village, percents[0], edges)
        for key in keys:
            found, open_ = reading(*key)
            yes[key] |= found
            unknown[key] |= open_
        there |= _operators(layer)
    silent = (
        bool(set(service.operators) - there) or not service.layers
    )  # somebody is expected and says nothing
    lost = ~(np.isfinite(x) & np.isfinite(y))
    out = {}
    for key in keys:
        said = np.where(yes[key], YES, np.where(unknown[key] | silent, UNKNOWN, NO))
        out[key] = np.where(lost, UNKNOWN, said).astype(np.int8)
    return out


def operators_at(
    lattice: Lattice, service: Service, x: Floats, y: Floats, village: NDArray[np.int32], percent: float
) -> dict[str, Flags]:
    """Which points each operator covers, in the best estimate, which is at `percent`; arguments as of `statuses`."""
    here = np.isfinite(x) & np.isfinite(y)
    out: dict[str, Flags] = {}
    for layer in service.layers:
        for operator, part in _of_operators(layer):
            found, _ = _reading(lattice, part, x, y, village, percent, ("exact",))(percent, "exact")
            out[operator] = out.get(operator, np.zeros(len(x), np.bool_)) | (found & here)
    if service.everywhere:
        out |= dict.fromkeys(service.operators, here)
    return out


@compiled
def nearest(x: Floats, y: Floats, sx: Floats, sy: Floats, radius: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """
    Distance from points to the edge of the circle that is nearest or covers most (negative inside), and which it is.

    `sx` is sorted. Shape (n,); infinite and -1 where there is no circle.
    """
    n, m = len(x), len(sx)
    best = np.full(n, np.inf)
    which = np.full(n, -1, np.int64)
    widest = radius.max() if m else 0.0
    for i in range(n):
        middle = np.searchsorted(sx, x[i])
        for way in (-1, 1):
            k = middle - 1 if way < 0 else middle
            while 0 <= k < m:
                if abs(sx[k] - x[i]) - widest > best[i]:
                    break
                gap = np.hypot(sx[k] - x[i], sy[k] - y[i]) - radius[k]
                if gap < best[i] or (gap == best[i] and k < which[i]):
                    best[i], which[i] = gap, k
                k += way
    return best, which


# ------------------------------------------------------------------ by kind of layer


def _reading(
    lattice: Lattice,
    layer: Layer,
    x: Floats,
    y: Floats,
    village: NDArray[np.int32],
    first: float,
    edges: Sequence[Edges],
) -> Reading:
    """What a layer says of points: (covered, unknown) by percentage and edges, read once for all of them."""
    away = layer.outside == "unknown"
    if isinstance(layer, Raster):
        value, weakest, strongest = values_about(layer, x, y, around=len(edges) > 1)
        values: dict[str, NDArray[np.float32]] = {"exact": value, "in": strongest, "out": weakest}
        gone = np.isnan(value) & away
        return lambda percent, how: (values[how] >= np.float32(threshold(layer, percent, first)), gone)
    if isinstance(layer, ByUnit):
        status = np.where(village >= 0, unit_status(lattice, layer)[np.maximum(village, 0)], UNKNOWN)
        return lambda percent, how: (status == YES, status == UNKNOWN)
    off = {"exact": 0.0, "in": layer.accuracy_m, "out": -layer.accuracy_m}
    within = _within_circles if isinstance(layer, Sites) else _within_polygons
    inside = within(layer, x, y, {off[how] for how in edges})
    exact = inside[0.0]
    held = {"exact": exact, "in": inside.get(off["in"], exact), "out": inside.get(off["out"], exact) & exact}
    return lambda percent, how: (held[how], ~held[how] & away)


def _within_circles(layer: Layer, x: Floats, y: Floats, offs: set[float]) -> dict[float, Flags]:
    assert isinstance(layer, Sites)
    sx, sy, radius = site_circles(layer, np.ones(len(layer.points), np.bool_))
    real = np.isfinite(sx) & np.isfinite(sy) & (radius > 0)
    sx, sy, radius = sx[real], sy[real], radius[real]
    reach = radius.max(initial=0.0) + max(offs)
    if not len(sx) or reach <= 0:
        return {off: np.zeros(len(x), np.bool_) for off in {0.0, *offs}}
    west, south = sx.min() - reach, sy.min() - reach
    wide, high = sx.max() + reach - west, sy.max() + reach - south
    side = max(reach, float(np.sqrt(wide * high / MOST_BUCKETS)), max(wide, high) / MOST_BUCKETS)
    columns, rows = int(wide / side) + 1, int(high / side) + 1
    bucket = ((sy - south) / side).astype(np.int64) * columns + ((sx - west) / side).astype(np.int64)
    order = np.argsort(bucket, kind="stable")
    start = np.searchsorted(bucket[order], np.arange(columns * rows + 1))
    gap = _gaps(x, y, sx[order], sy[order], radius[order], start, west, south, side, columns, rows, min(offs))
    return {off: np.asarray(gap <= off) for off in {0.0, *offs}}


@compiled
def _gaps(
    x: Floats,
    y: Floats,
    sx: Floats,
    sy: Floats,
    radius: Floats,
    start: NDArray[np.int64],
    west: float,
    south: float,
    side: float,
    columns: int,
    rows: int,
    enough: float,
) -> Floats:
    """
    Distance from points to the edge of the circle that covers most (negative inside), or of one that covers `enough`;
    infinite where no circle reaches.

    Circles stand by buckets of `side`, which no circle reaches across; `start` is the first of each bucket.
    """
    out = np.full(len(x), np.inf)
    for i in range(len(x)):
        u, v = (x[i] - west) / side, (y[i] - south) / side
        if not (u > -1 and v > -1 and u < columns + 1 and v < rows + 1):
            continue
        c, r = int(np.floor(u)), int(np.floor(v))
        for row in range(max(r - 1, 0), min(r + 2, rows)):
            for k in range(
                start[row * columns + max(c - 1, 0)], start[row * columns + min(c + 1, columns - 1) + 1]
            ):
                gap = np.hypot(sx[k] - x[i], sy[k] - y[i]) - radius[k]
                if gap < out[i]:
                    out[i] = gap
                    if gap <= enough:
                        break
            if out[i] <= enough:
                break
    return out


def _within_polygons(layer: Layer, x: Floats, y: Floats, offs: set[float]) -> dict[float, Flags]:
    assert isinstance(layer, Areas)
    shapes = area_shapes(layer, np.ones(len(layer.areas), np.bool_))
    return {off: Locator(moved_shapes(shapes, off)).find(x, y) >= 0 for off in {0.0, *offs}}


def _of_operators(layer: Layer) -> Iterator[tuple[str, Layer]]:
    """What each operator says in a layer."""
    frame: Any = None
    if isinstance(layer, Sites):
        frame = layer.points
    elif isinstance(layer, Areas):
        frame = layer.areas
    if frame is None or "operator" not in frame:
        yield layer.operator, layer
        return
    owners = operators_of(frame, layer)
    for name in sorted(set(owners)):
        own = frame[owners == name]
        yield name, replace(layer, **{"points" if isinstance(layer, Sites) else "areas": own})


def _operators(layer: Layer) -> set[str]:
    frame: Any = None
    if isinstance(layer, Sites):
        frame = layer.points
    elif isinstance(layer, Areas):
        frame = layer.areas
    return {layer.operator} if frame is None or frame.empty else set(operators_of(frame, layer))
