"""
Shapes stored once: a coverage of polygons as shared arcs on an integer grid, in few bytes.

`topology` cuts the rings of any polygon coverage where boundaries meet, so that a border between two
units is kept once. `Topology.pack` writes it as variable-length integers for a page to read;
`Topology.unpack` reads them back. On the grid the source lies on, nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from notspot_geodata.reference import GRID, Grid

if TYPE_CHECKING:
    import geopandas as gpd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ON_GRID = (
    0.01  # of a step: how far a coordinate may be off the grid and still lie on it (rounding of doubles)
)
FREE_STEP_DEG = 1e-5  # about 1.1 m; for shapes that lie on no grid we know


@dataclass(frozen=True, slots=True)
class Topology:
    """
    Units made of shared arcs.

    Attributes
    ----------
    points
        (n, 2) grid points of all arcs, one after another.
    starts
        Where each arc begins in `points`; one longer than there are arcs.
    units
        For each unit its polygons, each a list of rings (the outer one first), each a list of arcs:
        arc ``i`` forwards is ``i``, backwards ``~i``.
    """

    grid: Grid
    points: Ints
    starts: Ints
    units: list[list[list[list[int]]]]

    def arc(self, reference: int) -> Ints:
        """(k, 2) grid points of one arc, in the direction the reference asks for."""
        index = reference if reference >= 0 else ~reference
        found = self.points[self.starts[index] : self.starts[index + 1]]
        return found if reference >= 0 else found[::-1]

    def ring(self, references: Sequence[int]) -> Ints:
        """(k, 2) grid points of a closed ring; the last point repeats the first."""
        parts = [self.arc(reference) for reference in references]
        return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])

    def geometries(self) -> list[Any]:
        """The units as shapely (multi)polygons in degrees; an empty one for a unit without rings."""
        out: list[Any] = []
        for polygons in self.units:
            made = []
            for rings in polygons:
                shell, *holes = (self.grid.to_degrees(self.ring(ring)) for ring in rings)
                made.append(shapely.Polygon(shell, holes))
            out.append(
                made[0] if len(made) == 1 else shapely.MultiPolygon(made) if made else shapely.Polygon()
            )
        return out

    def pack(self) -> bytes:
        """
        As variable-length integers, seven bits a byte, lowest first.

        Counts of arcs, then of points an arc (less two); x steps of all points, then y steps, as zigzag
        differences to the point before (of the arc before, for the first point); the number of units; for
        each its polygons, rings, arcs, and each arc as ``2 * (next new arc - arc) + backwards``.
        """
        steps = np.diff(self.points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        zigzag = (steps << 1) ^ (steps >> 63)
        references: list[int] = [len(self.units)]
        fresh = 0
        for polygons in self.units:
            references.append(len(polygons))
            for rings in polygons:
                references.append(len(rings))
                for ring in rings:
                    references.append(len(ring))
                    for reference in ring:
                        index = reference if reference >= 0 else ~reference
                        references.append(2 * (fresh - index) + (reference < 0))
                        fresh += index == fresh
        head = np.array([len(self.starts) - 1], dtype=np.int64)
        lengths = np.diff(self.starts) - 2
        parts = [head, lengths, zigzag[:, 0], zigzag[:, 1], np.array(references, dtype=np.int64)]
        return varints(np.concatenate(parts))

    @classmethod
    def unpack(cls, data: bytes, grid: Grid) -> Topology:
        """What `pack` wrote."""
        values = from_varints(data)
        arcs = int(values[0])
        starts = np.concatenate([[0], np.cumsum(values[1 : arcs + 1] + 2)]).astype(np.int64)
        at, count = arcs + 1, int(starts[-1])
        zigzag = np.stack([values[at : at + count], values[at + count : at + 2 * count]], axis=1)
        points = np.cumsum((zigzag >> 1) ^ -(zigzag & 1), axis=0)
        rest = iter(values[at + 2 * count :].tolist())
        fresh = 0
        units: list[list[list[list[int]]]] = []
        for _ in range(next(rest)):
            polygons: list[list[list[int]]] = []
            for _ in range(next(rest)):
                rings: list[list[int]] = []
                for _ in range(next(rest)):
                    ring: list[int] = []
                    for _ in range(next(rest)):
                        code = next(rest)
                        index = fresh - (code >> 1)
                        fresh += index == fresh
                        ring.append(~index if code & 1 else index)
                    rings.append(ring)
                polygons.append(rings)
            units.append(polygons)
        return cls(grid, points, starts, units)


def topology(shapes: gpd.GeoSeries | Iterable[Any], *, grid: Grid | None = None) -> Topology:
    """
    Shared arcs of a polygon coverage.

    Parameters
    ----------
    shapes
        Polygons and multipolygons in degrees, one a unit; None and empty ones stay as units without rings.
    grid
        Without it that of the reference where every coordinate lies on it, else a grid of 1e-5 degrees.

    Notes
    -----
    Boundaries are shared where both sides have the same vertices (a clean coverage); elsewhere each side
    keeps its own, and nothing is lost. Rings that fall below three points on the grid are left out.
    """
    geometries = np.asarray(shapely.orient_polygons(np.array(list(shapes), dtype=object), exterior_cw=True))
    everything = shapely.get_coordinates(geometries)
    if grid is None:
        grid = GRID if lies_on(GRID, everything) else _free_grid(everything)
    parts, unit_of_part = shapely.get_parts(geometries, return_index=True)
    is_polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, unit_of_part = parts[is_polygon], unit_of_part[is_polygon]
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coordinates, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    points, ring_of_point = _without_repeats(grid.to_index(coordinates), ring_of_point)

    vertex, cut, bounds = _cuts(points, ring_of_point, len(rings))
    cutter = _Cutter(points, vertex, cut)
    units: list[list[list[list[int]]]] = [[] for _ in range(len(geometries))]
    last_part, kept = -1, False
    for number, part in enumerate(part_of_ring.tolist()):
        arcs = cutter.ring(int(bounds[number]), int(bounds[number + 1]))
        polygons = units[int(unit_of_part[part])]
        if part != last_part:  # an outer ring; without it its holes are nothing
            last_part, kept = part, bool(arcs)
            if kept:
                polygons.append([arcs])
        elif kept and arcs:
            polygons[-1].append(arcs)
    return Topology(grid, *cutter.arcs(), units)


def lies_on(grid: Grid, lonlat: Floats) -> bool:
    """Whether every coordinate of an (n, 2) array of degrees is a point of the grid."""
    off = np.abs(grid.to_degrees(grid.to_index(lonlat)) - lonlat) / np.array(grid.scale)
    return bool(off.max(initial=0.0) <= ON_GRID)


def varints(values: Ints) -> bytes:
    """Integers >= 0 as bytes of seven bits, lowest first, the eighth bit set on all but a number's last."""
    left = values.astype(np.uint64)
    length = np.ones(len(left), dtype=np.int64)
    for seven in range(1, 10):
        length += left >= np.uint64(1) << np.uint64(7 * seven)
    ends = np.cumsum(length)
    out = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    for place in range(int(length.max()) if len(length) else 0):
        has = length > place
        byte = (left[has] >> np.uint64(7 * place)) & np.uint64(127)
        more = (length[has] > place + 1).astype(np.uint64) << np.uint64(7)
        out[ends[has] - length[has] + place] = (byte | more).astype(np.uint8)
    return out.tobytes()


def from_varints(data: bytes) -> Ints:
    """What `varints` wrote."""
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(octets < 128)
    if len(octets) == 0:
        return np.zeros(0, dtype=np.int64)
    begins = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(octets)) - np.repeat(begins, ends - begins + 1)
    parts = (octets & 127).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.add.reduceat(parts, begins).astype(np.int64)


def _free_grid(lonlat: Floats) -> Grid:
    west, south = lonlat.min(axis=0) if len(lonlat) else (0.0, 0.0)
    return Grid((FREE_STEP_DEG, FREE_STEP_DEG), (float(west), float(south)))


def _without_repeats(points: Ints, ring: Ints) -> tuple[Ints, Ints]:
    """Rings without their closing point and without points that equal the one before them."""
    if len(points) == 0:
        return points, ring
    same_as_next = np.zeros(len(points), dtype=bool)
    same_as_next[:-1] = (ring[1:] == ring[:-1]) & (points[1:] == points[:-1]).all(axis=1)
    points, ring = points[~same_as_next], ring[~same_as_next]
    last = np.append(ring[1:] != ring[:-1], True)  # the closing point repeats the first one
    return points[~last], ring[~last]


def _cuts(points: Ints, ring: Ints, rings: int) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
    """Vertex number of every point, whether rings part there, and where each ring begins."""
    bounds = np.searchsorted(ring, np.arange(rings + 1))
    if len(points) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), bounds
    low = points.min(axis=0)
    span = int(points[:, 1].max() - low[1]) + 1
    _, vertex = np.unique((points[:, 0] - low[0]) * span + (points[:, 1] - low[1]), return_inverse=True)
    here = np.arange(len(points))
    before, after = here - 1, here + 1
    begins, ends = bounds[:-1], bounds[1:]
    filled = ends > begins
    before[begins[filled]] = ends[filled] - 1
    after[ends[filled] - 1] = begins[filled]
    one, two = vertex[before], vertex[after]
    pair = np.minimum(one, two) * (int(vertex.max()) + 1) + np.maximum(one, two)
    order = np.argsort(vertex, kind="stable")
    first = np.flatnonzero(np.diff(vertex[order], prepend=-1))
    parted = np.minimum.reduceat(pair[order], first) != np.maximum.reduceat(pair[order], first)
    return vertex, parted[vertex], bounds


class _Cutter:
    """Cuts rings into arcs and knows again the arcs it has seen, in either direction."""

    def __init__(self, points: Ints, vertex: Ints, cut: npt.NDArray[np.bool_]) -> None:
        self.points, self.vertex, self.cut = points, vertex, cut
        self.found: list[Ints] = []
        # an arc has no branch inside, so its first edge tells which one it is and in which direction
        self.known: dict[tuple[int, int], int] = {}

    def ring(self, begin: int, end: int) -> list[int]:
        if end - begin < 3:
            return []
        cuts = np.flatnonzero(self.cut[begin:end])
        if len(cuts) == 0:  # a border with one neighbour only, or a coast: begin where any other ring would
            cuts = np.array([int(self.vertex[begin:end].argmin())])
        walk = np.concatenate([np.arange(begin + cuts[0], end), np.arange(begin, begin + cuts[0] + 1)])
        stops = [*(cuts - cuts[0]).tolist(), len(walk) - 1]
        ids = self.vertex[walk].tolist()
        out = []
        for first, last in pairwise(stops):
            key = (ids[first], ids[first + 1])
            if key not in self.known:
                number = len(self.found)
                self.known[key] = number
                self.known.setdefault((ids[last], ids[last - 1]), ~number)
                self.found.append(walk[first : last + 1])
            out.append(self.known[key])
        return out

    def arcs(self) -> tuple[Ints, Ints]:
        starts = np.concatenate([[0], np.cumsum([len(arc) for arc in self.found])]).astype(np.int64)
        where = np.concatenate(self.found) if self.found else np.zeros(0, dtype=np.int64)
        return self.points[where].reshape(-1, 2), starts
