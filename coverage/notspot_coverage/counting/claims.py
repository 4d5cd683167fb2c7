"""
What is claimed at a point: the layers of services, asked operator by operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray

from notspot_coverage.counting.rasters import values_at
from notspot_coverage.counting.services import Areas, ByUnit, Layer, Raster, Service, Sites
from notspot_geodata import crs as systems
from notspot_geodata import quantities
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.locating import NOWHERE, Locator, locate_points
from notspot_geodata.measurement_columns import operator_name
from notspot_geodata.reference import villages
from notspot_geodata.site_columns import technology

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
States = NDArray[np.int8]
Box = tuple[float, float, float, float]

NO, UNKNOWN, YES = np.int8(0), np.int8(1), np.int8(2)  # the larger one wins where layers of a claim differ
STATES = ("no", "unknown", "yes")

_PLANE = "EPSG:3826"
_A_M, _E2, _K0, _EAST_M = 6378137.0, 0.006694380022900787, 0.9999, 250_000.0  # of EPSG:3826
_SITES_AT_ONCE = 4_000


@dataclass(frozen=True, slots=True)
class _Part:
    """One layer of one operator: what it says at points in degrees, shape (n, 2), and where it says yes at most."""

    at: Callable[[Floats], States]
    box: Box | None


@dataclass(slots=True)
class Claims:
    """
    Claims by operator and technology.

    Attributes
    ----------
    keys
        (operator, technology) of each claim, sorted; ``""`` where the layers do not say.
    notes
        What was concluded or mended, a sentence each.
    """

    keys: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _parts: dict[tuple[str, str], list[_Part]] = field(default_factory=dict)

    @classmethod
    def of(cls, claims: Layer | Service | Iterable[Layer | Service]) -> Claims:
        """
        From layers, and services whose technology holds for their layers.

        Operators come from a column ``operator`` of points and polygons, else from the layer; spellings are made
        one (`operator_name`). One that a service names and that has no layer is unknown everywhere.

        Raises
        ------
        InputError
            A layer without a system, with shapes of the wrong kind, or with a value that cannot be.
        UsageError
            No claim at all.
        """
        out = cls()
        for item in [claims] if isinstance(claims, (Layer, Service)) else claims:
            if isinstance(item, Layer):
                out._add(item, "")
                continue
            kind = technology(item.technology)
            before = set(out._parts)
            for layer in item.layers:
                out._add(layer, kind)
            for name in item.operators:
                key = (operator_name(name), kind)
                if key not in out._parts and key not in before:
                    out._parts[key] = [_Part(lambda lonlat: np.full(len(lonlat), UNKNOWN), None)]
        if not out._parts:
            raise UsageError("there is no claim to challenge: give at least one layer")
        out.keys = sorted(out._parts)
        return out

    def at(self, key: tuple[str, str], lonlat: Floats) -> States:
        """`NO`, `UNKNOWN` or `YES` at points in degrees, shape (n, 2)."""
        out = np.full(len(lonlat), NO)
        for part in self._parts[key]:
            np.maximum(out, part.at(lonlat), out=out)
        return out

    def bounds(self) -> Box | None:
        """West, south, east and north of all that is claimed, degrees; None where that is nothing."""
        boxes = [part.box for parts in self._parts.values() for part in parts if part.box is not None]
        if not boxes:
            return None
        low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
        return float(low[0]), float(low[1]), float(high[2]), float(high[3])

    def _add(self, layer: Layer, kind: str) -> None:
        for name, part in _parts_of(layer, self.notes):
            self._parts.setdefault((name, kind), []).append(part)


def _parts_of(layer: Layer, notes: list[str]) -> list[tuple[str, _Part]]:
    if isinstance(layer, Areas):
        shapes = _polygons(layer, notes)
        return [
            (name, _areas(shapes[rows], layer)) for name, rows in _by_operator(layer.areas, layer.operator)
        ]
    if isinstance(layer, Sites):
        xy, radius = _points(layer)
        groups = _by_operator(layer.points, layer.operator)
        return [(name, _discs(xy[rows], radius[rows], layer)) for name, rows in groups]
    if isinstance(layer, Raster):
        return [(operator_name(layer.operator), _raster(layer, notes))]
    if isinstance(layer, ByUnit):
        return [(operator_name(layer.operator), _figures(layer))]
    raise UsageError(f"the layer {layer.id!r} is of no kind that can be challenged")


def _by_operator(frame: gpd.GeoDataFrame, default: str) -> list[tuple[str, NDArray[np.int64]]]:
    if "operator" not in frame.columns:
        return [(operator_name(default), np.arange(len(frame)))]
    given = frame["operator"].fillna("").astype(str)
    names = np.array([operator_name(name.strip() or default) for name in given], dtype=object)
    return [(name, np.flatnonzero(names == name)) for name in sorted(set(names))]


def _outside(layer: Layer) -> np.int8:
    return UNKNOWN if layer.outside == "unknown" else NO


# ------------------------------------------------------------------ polygons


def _polygons(layer: Areas, notes: list[str]) -> NDArray[Any]:
    """The polygons of a layer in degrees, invalid ones mended."""
    frame = layer.areas
    problems = _geometry_problems(frame, (3, 6), "polygon")
    if problems:
        raise InputError(layer.source or layer.id, problems)
    shapes: NDArray[Any] = systems.reproject(frame, "EPSG:3824").geometry.to_numpy().copy()
    bad = ~shapely.is_valid(shapes)
    if bad.any():
        mended = shapely.make_valid(shapes[bad])
        shapes[bad] = [
            shapely.MultiPolygon([p for p in _flat(shape) if p.geom_type == "Polygon"]) for shape in mended
        ]
        notes.append(f"{layer.id}: {int(bad.sum()):,} invalid polygons were mended")
    return shapes


def _flat(shape: Any) -> list[Any]:
    parts = list(shapely.get_parts(shape))
    return [p for part in parts for p in (_flat(part) if shapely.get_num_geometries(part) > 1 else [part])]


def _areas(shapes: NDArray[Any], layer: Areas) -> _Part:
    locator, outside = Locator(list(shapes)), _outside(layer)

    def at(lonlat: Floats) -> States:
        return np.where(locator.find(lonlat[:, 0], lonlat[:, 1]) != NOWHERE, YES, outside)

    filled = shapes[~shapely.is_empty(shapes)]
    return _Part(at, _box(shapely.total_bounds(filled)) if len(filled) else None)


# ------------------------------------------------------------------ sites


def _points(layer: Sites) -> tuple[Floats, Floats]:
    """Points in EPSG:3826 and the radius of each, metres on the ground."""
    frame = layer.points
    problems = _geometry_problems(frame, (0,), "point")
    radius = np.full(len(frame), layer.radius_m, dtype=np.float64)
    if "radius_m" in frame.columns:
        own = frame["radius_m"].astype(float).to_numpy()
        radius = np.where(np.isnan(own), radius, own)
    problems += [
        Problem(int(i) + 1, "radius_m", f"is {radius[i]:g} m; a radius is above 0")
        for i in np.flatnonzero(~(np.isfinite(radius) & (radius > 0)))
    ]
    if problems:
        raise InputError(layer.source or layer.id, problems)
    return shapely.get_coordinates(systems.reproject(frame, _PLANE).geometry.to_numpy()), radius


def _discs(xy: Floats, radius_m: Floats, layer: Sites) -> _Part:
    # EPSG:3826 stretches by up to 0.08 % in Kinmen; over a radius the stretch is the same in all directions
    reach = radius_m * _stretch(xy)
    sites, outside = np.asarray(shapely.points(xy)), _outside(layer)
    move = systems.transformer("EPSG:3824", _PLANE)

    def at(lonlat: Floats) -> States:
        out = np.full(len(lonlat), outside)
        x, y = move.transform(lonlat[:, 0], lonlat[:, 1])
        tree = shapely.STRtree(shapely.points(x, y))
        for start in range(0, len(sites), _SITES_AT_ONCE):
            piece = slice(start, start + _SITES_AT_ONCE)
            out[tree.query(sites[piece], predicate="dwithin", distance=reach[piece])[1]] = YES
        return out

    if not len(xy):
        return _Part(at, None)
    low, high = (xy - reach[:, None]).min(axis=0), (xy + reach[:, None]).max(axis=0)
    box = systems.transformer(_PLANE, "EPSG:3824").transform_bounds(*low, *high)
    return _Part(at, _box(box))


def _stretch(xy: Floats) -> Floats:
    """Scale of EPSG:3826 at points: k0 (1 + x²/(2 k0² M N)), x from the meridian (Snyder 1987, 8-11)."""
    # latitude to a few seconds is enough for the radii of curvature
    root = 1 - _E2 * np.sin(xy[:, 1] / 6_367_449.0) ** 2
    curved = _A_M**2 * (1 - _E2) / root**2
    scale: Floats = _K0 * (1 + (xy[:, 0] - _EAST_M) ** 2 / (2 * _K0**2 * curved))
    return scale


# ------------------------------------------------------------------ rasters and figures


def _raster(layer: Raster, notes: list[str]) -> _Part:
    wrong = quantities.threshold_problem(layer.quantity, layer.at_least)
    if wrong:
        raise InputError(layer.source or layer.id, [Problem(None, "at_least", wrong)])
    try:
        with rasterio.open(layer.path) as file:
            system = layer.crs or file.crs
            problems = [] if system else [Problem(None, "crs", "is missing, and the layer names none")]
            if file.count > 1:
                notes.append(f"{layer.path.name}: {file.count} bands; the first is taken")
            box = file.bounds
    except rasterio.errors.RasterioIOError as error:
        raise InputError(layer.path, [Problem(None, "", "cannot be read as a raster")]) from error
    if problems:
        raise InputError(layer.path, problems, hint="Name the system of the raster, such as EPSG:3826.")
    move, outside = systems.transformer("EPSG:3824", _PLANE), _outside(layer)
    limit = np.float32(layer.at_least)  # the precision that values_at reads with: -105 is met by -105

    def at(lonlat: Floats) -> States:
        values = values_at(layer, *move.transform(lonlat[:, 0], lonlat[:, 1]))
        seen = values[np.isfinite(values)]
        if len(seen) and (wrong := quantities.value_problem(layer.quantity, seen.min(), seen.max(), ())):
            raise InputError(layer.path, [Problem(None, layer.quantity, wrong)])
        with np.errstate(invalid="ignore"):
            return np.where(np.isnan(values), outside, np.where(values >= limit, YES, NO))

    corners = (
        min(box.left, box.right),
        min(box.bottom, box.top),
        max(box.left, box.right),
        max(box.bottom, box.top),
    )
    return _Part(at, _box(systems.transformer(system, "EPSG:3824").transform_bounds(*corners)))


def _figures(layer: ByUnit) -> _Part:
    frame, digits = villages(), {"village": 11, "township": 8, "county": 5}[layer.level]
    values = layer.values.reindex(frame["village_code"].str[:digits]).to_numpy(dtype=np.float64)
    outside = _outside(layer)
    said = np.where(np.isnan(values), outside, np.where(values >= layer.at_least, YES, NO)).astype(np.int8)
    said = np.append(said, outside)  # of a point in no village

    def at(lonlat: Floats) -> States:
        return said[locate_points(lonlat[:, 0], lonlat[:, 1])]

    there = said[:-1] == YES
    return _Part(at, _box(frame.geometry[there].total_bounds) if there.any() else None)


# ------------------------------------------------------------------ helpers


def _geometry_problems(frame: gpd.GeoDataFrame, kinds: Sequence[int], word: str) -> list[Problem]:
    if frame.crs is None:
        return [Problem(None, "crs", "is missing; name the system of the coordinates, such as EPSG:3826")]
    shapes = frame.geometry.to_numpy()
    none = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    other = ~none & ~np.isin(shapely.get_type_id(shapes), kinds)
    return [
        Problem(
            int(i) + 1, "geometry", "is empty" if none[i] else f"is a {shapes[i].geom_type}, not a {word}"
        )
        for i in np.flatnonzero(none | other)
    ]


def _box(bounds: Any) -> Box:
    west, south, east, north = (float(v) for v in bounds)
    return west, south, east, north
