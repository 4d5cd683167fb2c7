"""
Layers painted on the lattice: which sub-cells are covered, which are unknown, an operator at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Proj

from notspot_coverage.counting.bits import FULL, NONE, SIDE, Words, crossings, fill
from notspot_coverage.counting.lattice import CRS, Lattice, projected, rings_of
from notspot_coverage.counting.rasters import Run, paint_raster
from notspot_coverage.counting.services import Areas, Bounds, ByUnit, Layer, Raster, Service, Sites
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.crs import transformer

NO, YES, UNKNOWN = 0, 1, 2  # status of a whole unit
SEGMENT_DEG = 0.05  # 5 km: a straight line in degrees leaves one in metres by less than 0.3 m on it
MEND_M = 0.5  # gaps between claimed polygons that come from rounding
CODE_DIGITS = {"village": 11, "township": 8, "county": 5}

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Cover:
    """
    Where a service is, by one reading of the assumptions.

    Attributes
    ----------
    yes, unknown
        A word a cell. What one layer does not know stays in `unknown` where another covers: with its edge moved the
        other may not. `edges` takes out what is covered.
    outer, inner
        `yes` with its edge further out, and further in.
    unit
        Status by village (`NO`, `YES`, `UNKNOWN`) that comes from tables; None where there is none.
    """

    yes: Words
    unknown: Words
    outer: Words
    inner: Words
    unit: Bytes | None = None

    def edges(self, how: str) -> Cover:
        """This cover with its edges ``exact``, ``in`` or ``out``, and unknown only where it does not cover."""
        yes = {"exact": self.yes, "in": self.outer, "out": self.inner}[how]
        return replace(self, yes=yes, unknown=self.unknown & ~yes)


@dataclass(frozen=True, slots=True)
class Painted:
    """
    A service on the lattice.

    Attributes
    ----------
    covers
        Of all operators together, by location percentage, the best estimate first.
    operators
        Of each operator, at the first percentage.
    strongest
        Of each layer of the service the greatest value in every village, NaN without one; None where it is no raster.
    """

    service: Service
    covers: Mapping[float, Cover]
    operators: Mapping[str, Cover]
    strongest: tuple[NDArray[np.float64] | None, ...]


def paint(lattice: Lattice, service: Service, bounds: Bounds, run: Run | None = None) -> Painted:
    """
    A service painted on the lattice.

    A sub-cell is covered where its middle is: within the radius of a site (metres on the ground), in a polygon,
    in a cell of a raster that meets the threshold, in a unit whose figure does.
    """
    percents = bounds.location_percent if varies(service) else bounds.location_percent[:1]
    operators: dict[str, _Union] = {}
    together = {percent: _Union(edges=True) for percent in percents}
    strongest: list[NDArray[np.float64] | None] = []

    def add(operator: str, covers: Mapping[float, Cover]) -> None:
        for percent, cover in covers.items():
            together[percent].add(cover)
        operators.setdefault(operator, _Union(edges=False)).add(covers[percents[0]])

    for layer in service.layers:
        greatest: list[NDArray[np.float64]] = []
        for operator, covers in _paint_layer(lattice, layer, percents, run, greatest):
            add(operator, covers)
        strongest.append(greatest[0] if greatest else None)
    for operator in service.operators or ([] if operators else [""]):
        if operator not in operators:
            status = YES if service.everywhere else UNKNOWN
            add(operator, dict.fromkeys(percents, _blank(lattice, status)))
    return Painted(
        service,
        {percent: union.cover() for percent, union in together.items()},
        {operator: union.cover().edges("exact") for operator, union in operators.items()},
        tuple(strongest),
    )


class _Union:
    """What any of some covers covers. Unknown is what none covers and one does not know."""

    def __init__(self, *, edges: bool) -> None:
        self.edges = edges
        self.count = 0
        self.words: list[Words] = []  # yes, unknown, and with edges outer, inner
        self.unit: Bytes | None = None

    def add(self, cover: Cover) -> None:
        parts = [cover.yes, cover.unknown, *([cover.outer, cover.inner] if self.edges else [])]
        self.count += 1
        if self.count == 1:
            self.words, self.unit = parts, cover.unit
            return
        if self.count == 2:
            self.words = [words.copy() for words in self.words]  # the first were the cover's
        for words, part in zip(self.words, parts, strict=True):
            np.bitwise_or(words, part, out=words)
        if self.unit is None or cover.unit is None:
            self.unit = cover.unit if self.unit is None else self.unit
        else:
            either = (self.unit == YES) | (cover.unit == YES)
            self.unit = np.where(either, YES, np.maximum(self.unit, cover.unit)).astype(np.uint8)

    def cover(self) -> Cover:
        yes, unknown, *varied = self.words
        outer, inner = varied or (yes, yes)
        return Cover(yes, unknown, outer, inner, self.unit)


def varies(service: Service) -> bool:
    """Whether a location percentage changes anything in a service."""
    return any(isinstance(layer, Raster) and located(layer) for layer in service.layers)


def edged(service: Service) -> bool:
    """Whether any layer of a service has an edge that may lie further out or in."""
    return any(isinstance(layer, Raster) or layer.accuracy_m > 0 for layer in service.layers)


def located(layer: Raster) -> bool:
    """Whether a location percentage changes the threshold of a raster."""
    level = layer.quantity in ("rsrp_dbm", "level_dbm") and layer.location_sigma_db > 0
    return level or layer.quantity == "probability"


def threshold(layer: Raster, percent: float, first: float) -> float:
    """
    What a raster must reach so that the service is there at `percent` of the places in a cell.

    A level must be above its threshold by the quantile of its log-normal deviation (ITU-R P.1812, 4.9); a
    probability must reach the percentage itself, but for the `first`, which stands for the layer's own threshold.
    """
    if layer.quantity == "probability":
        return layer.at_least if percent == first else max(percent / 100, layer.at_least)
    if located(layer):
        return layer.at_least + NormalDist().inv_cdf(percent / 100) * layer.location_sigma_db
    return layer.at_least


def operators_of(frame: pd.DataFrame, layer: Layer) -> NDArray[Any]:
    """The operator of each feature: its own, or the layer's where it has none or an empty one."""
    if "operator" not in frame:
        return np.full(len(frame), layer.operator, object)
    own = frame["operator"].fillna("").astype(str)
    return own.where(own != "", layer.operator).to_numpy(object)


def site_circles(layer: Sites, rows: NDArray[np.bool_]) -> tuple[Any, Any, Any]:
    """Middle and radius of sites in EPSG:3826: metres on the ground times the scale of the projection there."""
    points = layer.points[rows]
    places = projected(points)
    x, y = places.x.to_numpy(np.float64), places.y.to_numpy(np.float64)
    radius = np.full(len(points), layer.radius_m, np.float64)
    if "radius_m" in points:
        own = points["radius_m"].to_numpy(np.float64)
        radius = np.where(np.isnan(own), radius, own)
    return x, y, radius * scale_at(x, y)


def scale_at(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres of EPSG:3826 in a metre of ground, at points in it, shape (n,)."""
    if not len(x):
        return np.empty(0)
    lon, lat = transformer(CRS, "EPSG:3824").transform(x, y)
    scale: NDArray[np.float64] = np.asarray(Proj(CRS).get_factors(lon, lat).meridional_scale, np.float64)
    return scale


def unit_status(lattice: Lattice, layer: ByUnit) -> Bytes:
    """Status of each village by the figure of its unit."""
    digits = CODE_DIGITS[layer.level]
    own = layer.values.reindex([code[:digits] for code in lattice.codes]).to_numpy(np.float64)
    away = UNKNOWN if layer.outside == "unknown" else NO
    return np.where(np.isnan(own), away, np.where(own >= layer.at_least, YES, NO)).astype(np.uint8)


# ------------------------------------------------------------------ by kind of layer


def _paint_layer(
    lattice: Lattice,
    layer: Layer,
    percents: tuple[float, ...],
    run: Run | None,
    strongest: list[NDArray[np.float64]],
) -> Iterator[tuple[str, dict[float, Cover]]]:
    if isinstance(layer, Raster):
        asked = [threshold(layer, percent, percents[0]) for percent in percents]
        different = sorted(set(asked))
        painted, greatest = paint_raster(lattice, layer, different, run)
        pieces = lattice.pieces
        strongest.append(_greatest(pieces.cell, pieces.village, greatest, len(lattice.codes)))
        found = {at_least: Cover(*words) for at_least, words in zip(different, painted, strict=True)}
        yield layer.operator, {p: found[t] for p, t in zip(percents, asked, strict=True)}
    elif isinstance(layer, ByUnit):
        cover = replace(_blank(lattice, NO), unit=unit_status(lattice, layer))
        yield layer.operator, dict.fromkeys(percents, cover)
    elif isinstance(layer, Sites):
        owners = operators_of(layer.points, layer)
        for operator in _named(owners, layer):
            circles = site_circles(layer, owners == operator)
            drawn = {off: _circles(lattice, circles, off) for off in _offsets(layer)}
            yield operator, dict.fromkeys(percents, _of_shapes(drawn, layer))
    elif isinstance(layer, Areas):
        owners = operators_of(layer.areas, layer)
        for operator in _named(owners, layer):
            shapes = area_shapes(layer, owners == operator)
            drawn = {off: _polygons(lattice, moved_shapes(shapes, off)) for off in _offsets(layer)}
            yield operator, dict.fromkeys(percents, _of_shapes(drawn, layer))
    else:
        raise TypeError(f"{type(layer).__name__} is no kind of layer that can be painted")


@compiled
def _greatest(
    cell: NDArray[np.int32], village: NDArray[np.int32], value: NDArray[np.float32], villages: int
) -> NDArray[np.float64]:
    """The greatest value of the cells of each village, NaN where they have none."""
    out = np.full(villages, np.nan)
    for i in range(len(cell)):
        if not value[cell[i]] <= out[village[i]] and value[cell[i]] == value[cell[i]]:
            out[village[i]] = value[cell[i]]
    return out


def _named(owners: NDArray[Any], layer: Layer) -> list[str]:
    """Operators in a layer; an empty layer still says that its operator is nowhere."""
    return sorted(set(owners)) or [layer.operator]


def _offsets(layer: Layer) -> tuple[float, ...]:
    return (0.0, layer.accuracy_m, -layer.accuracy_m) if layer.accuracy_m > 0 else (0.0,)


def _of_shapes(drawn: Mapping[float, Words], layer: Layer) -> Cover:
    yes = drawn[0.0]
    unknown = np.full_like(yes, FULL if layer.outside == "unknown" else NONE)
    outer, inner = drawn.get(layer.accuracy_m, yes), drawn.get(-layer.accuracy_m, yes)
    return Cover(yes, unknown, outer | yes, inner & yes)


def _blank(lattice: Lattice, status: int) -> Cover:
    nothing, all_of_it = lattice.words(), lattice.words(FULL)
    if status == YES:
        return Cover(all_of_it, nothing, all_of_it, all_of_it)
    return Cover(nothing, all_of_it if status == UNKNOWN else nothing, nothing, nothing)


def _circles(lattice: Lattice, circles: tuple[Any, Any, Any], off_m: float) -> Words:
    words = lattice.words()
    x, y, radius = circles
    some = radius + off_m > 0
    size = lattice.cell_m / SIDE
    west, north = lattice.grid.west, lattice.grid.north
    _discs(words, lattice.slot, x[some], y[some], radius[some] + off_m, west, north, size)
    return words


@compiled
def _discs(
    words: Words,
    slot: NDArray[np.int32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    radius: NDArray[np.float64],
    west: float,
    north: float,
    size: float,
) -> None:
    bottom = SIDE * slot.shape[0] - 1
    for i in range(len(x)):
        if not (np.isfinite(x[i]) and np.isfinite(y[i])):
            continue
        u, v, r = (x[i] - west) / size - 0.5, (north - y[i]) / size - 0.5, radius[i] / size
        for line in range(max(int(np.ceil(v - r)), 0), min(int(np.floor(v + r)), bottom) + 1):
            half = np.sqrt(max(r * r - (line - v) ** 2, 0.0))
            fill(words, slot, line, int(np.ceil(u - half)), int(np.floor(u + half)))


def area_shapes(layer: Areas, rows: NDArray[np.bool_]) -> NDArray[Any]:
    """Valid polygons of some rows in EPSG:3826, without empty ones."""
    areas = layer.areas[rows]
    if areas.crs is not None and areas.crs.is_geographic:
        areas = areas.set_geometry(areas.geometry.segmentize(SEGMENT_DEG))
    return _polygonal(projected(areas).to_numpy())


def moved_shapes(shapes: NDArray[Any], off_m: float) -> NDArray[Any]:
    """
    Polygons with their outline `off_m` further out (or, below 0, in). It is the outline of all of them together that
    moves in: where two meet, or leave a gap of less than `MEND_M`, there is no edge.
    """
    if off_m > 0:
        return _polygonal(shapely.buffer(shapes, off_m))
    if off_m < 0 and len(shapes):
        whole = shapely.union_all(shapely.buffer(shapes, MEND_M / 2))
        return _polygonal(np.array([shapely.buffer(whole, off_m - MEND_M / 2)]))
    return shapes


def _polygons(lattice: Lattice, shapes: NDArray[Any]) -> Words:
    words = lattice.words()
    xy, starts, first = rings_of(shapes)
    size = lattice.cell_m / SIDE
    _polygons_of(words, lattice.slot, xy, starts, first, lattice.grid.west, lattice.grid.north, size)
    return words


def _polygonal(shapes: NDArray[Any]) -> NDArray[Any]:
    """Valid polygons; what mending makes of lines and points is no area."""
    shapes = np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))
    parts = shapely.get_parts(shapes[~shapely.is_missing(shapes)])
    while (shapely.get_type_id(parts) == 7).any():  # collections within collections
        parts = shapely.get_parts(parts)
    kinds = shapely.get_type_id(parts)
    parts = np.concatenate([parts[kinds == 3], shapely.get_parts(parts[kinds == 6])])
    return parts[~shapely.is_empty(parts)]


@compiled
def _polygons_of(
    words: Words,
    slot: NDArray[np.int32],
    xy: NDArray[np.float64],
    starts: NDArray[np.int64],
    first: NDArray[np.int64],
    west: float,
    north: float,
    size: float,
) -> None:
    bottom = 8 * slot.shape[0]
    for polygon in range(len(first) - 1):
        rings = starts[first[polygon] : first[polygon + 1] + 1]
        rows, places = crossings(xy, rings, west, north, size, bottom)
        for i in range(0, len(rows) - 1, 2):
            a = int(np.ceil(places[i] - 0.5))
            fill(words, slot, rows[i], a, int(np.ceil(places[i + 1] - 0.5)) - 1)
