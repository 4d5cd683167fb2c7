"""
Places and lines on the map: in which village they lie, and their status at the point itself, to the metre.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from notspot_coverage.counting.lattice import CRS, Lattice
from notspot_coverage.counting.painting import (
    NO,
    UNKNOWN,
    YES,
    area_shapes,
    operators_of,
    site_circles,
    threshold,
    unit_status,
)
from notspot_coverage.counting.rasters import values_at
from notspot_coverage.counting.services import Areas, ByUnit, Layer, Lines, Places, Raster, Service, Sites
from notspot_coverage.counting.spreads import Locate
from notspot_coverage.counting.units import Sums, Units
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.text import Text

Floats = NDArray[np.float64]
Status = NDArray[np.int8]

STEP_M = 10.0  # of the samples along a line
NEAR_M = 2000.0  # a point at sea or in a hole belongs to a village this near, else to none
SHARED_DEG = 1e-5  # a metre: points this close are one


@dataclass(frozen=True, slots=True)
class Target:
    """
    Points that stand for places, or for pieces of lines.

    Attributes
    ----------
    x, y
        In EPSG:3826, metres.
    village
        Index in the lattice's villages, -1 for none.
    size
        1 a place, km a piece of line.
    shared
        Places whose point is another's too.
    frame
        A row a place: ``id, name``, for lists.
    """

    id: str
    of: str
    x: Floats
    y: Floats
    village: NDArray[np.int32]
    size: Floats
    shared: NDArray[np.bool_]
    sums: Sums
    frame: pd.DataFrame
    notes: tuple[Text, ...] = ()
    _held: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)

    def status(self, lattice: Lattice, service: Service, percent: float, first: float) -> Status:
        """
        1 covered, 0 not, 2 unknown, at a location percentage; `first` is that of the best estimate. By any
        operator: what one covers is covered, else what one does not know is unknown.
        """
        yes = np.zeros(len(self.x), np.bool_)
        unknown = np.zeros(len(self.x), np.bool_)
        there = set()
        for layer in service.layers:
            found, open_ = self._layer(lattice, layer, percent, first)
            yes |= found
            unknown |= open_
            there |= _operators(layer)
        if service.everywhere:
            yes[:] = True
        elif set(service.operators) - there or not service.layers:
            unknown[:] = True
        lost = np.isnan(self.x)  # places without a point
        yes[lost], unknown[lost] = False, True
        return np.where(yes, YES, np.where(unknown, UNKNOWN, NO)).astype(np.int8)

    def _layer(self, lattice: Lattice, layer: Layer, percent: float, first: float) -> tuple[Any, Any]:
        away = layer.outside == "unknown"
        if isinstance(layer, Raster):
            if id(layer) not in self._held:
                self._held[id(layer)] = values_at(layer, self.x, self.y)
            values = self._held[id(layer)]
            at_least = np.float32(threshold(layer, percent, first))
            yes = values >= at_least
            return yes, np.isnan(values) & away
        if isinstance(layer, ByUnit):
            status = unit_status(lattice, layer)[np.maximum(self.village, 0)]
            status = np.where(self.village >= 0, status, UNKNOWN)
            return status == YES, status == UNKNOWN
        if id(layer) not in self._held:
            self._held[id(layer)] = self._within(layer)
        inside: NDArray[np.bool_] = self._held[id(layer)]
        return inside, ~inside & away

    def _within(self, layer: Layer) -> NDArray[np.bool_]:
        if isinstance(layer, Sites):
            x, y, radius = site_circles(layer, np.ones(len(layer.points), np.bool_))
            order = np.argsort(x, kind="stable")
            gap, _ = nearest(self.x, self.y, x[order], y[order], radius[order])
            return np.asarray(gap <= 0)
        assert isinstance(layer, Areas)
        tree = shapely.STRtree(area_shapes(layer, np.ones(len(layer.areas), np.bool_)))
        hits = tree.query(shapely.points(self.x, self.y), predicate="intersects")[0]
        out = np.zeros(len(self.x), np.bool_)
        out[hits] = True
        return out


def place_target(lattice: Lattice, units: Units, places: Places, locate: Locate) -> Target:
    """Places as points of size 1."""
    points = places.points
    degrees = points.geometry.to_crs("EPSG:3824")
    lon, lat = degrees.x.to_numpy(np.float64), degrees.y.to_numpy(np.float64)
    metres = points.geometry.to_crs(CRS)
    x, y = metres.x.to_numpy(np.float64), metres.y.to_numpy(np.float64)
    village, off = _village(lattice, locate, lon, lat, x, y)
    shared = np.zeros(len(points), np.bool_)
    if places.anchors:
        grid = pd.DataFrame({"lon": np.rint(lon / SHARED_DEG), "lat": np.rint(lat / SHARED_DEG)})
        shared = grid.duplicated(keep=False).to_numpy()
    name = points["name"] if "name" in points else pd.Series("", index=points.index)
    own = points["id"] if "id" in points else pd.Series(range(1, len(points) + 1), index=points.index)
    frame = pd.DataFrame({"id": own.astype(str).to_numpy(), "name": name.astype(str).to_numpy()})
    notes = _off_notes(places.name, off, int((village < 0).sum()))
    if shared.any():
        number = int(shared.sum())
        notes += (
            Text(
                f"「{places.name.zh}」有 {number:,} 處與他處共用定位點：最佳估計依該點，上下限則兩可。",
                f"{number:,} of {places.name.en} share a point with another: the best estimate follows the point, the "
                "bounds allow both.",
            ),
        )
    sums = Sums.at(units, village)
    if places.unplaced is not None and len(places.unplaced):
        lost = places.unplaced
        codes = units.townships.index
        towns = [codes[t] if t >= 0 else None for t in sums.town]
        towns += [code if isinstance(code, str) else None for code in lost["town_code"]]
        sums = Sums.in_towns(units, towns)
        blank = np.full(len(lost), np.nan)
        x, y = np.concatenate([x, blank]), np.concatenate([y, blank])
        village = np.concatenate([village, np.full(len(lost), -1, np.int32)])
        shared = np.concatenate([shared, np.zeros(len(lost), np.bool_)])
        frame = pd.concat([frame, lost[["id", "name"]].astype(str)], ignore_index=True)
        notes += (
            Text(
                f"「{places.name.zh}」有 {len(lost):,} 處座標不可用，計入總數，列為無資料。",
                f"{len(lost):,} of {places.name.en} have no usable point; they count, as unknown.",
            ),
        )
    return Target(places.id, "places", x, y, village, np.ones(len(x)), shared, sums, frame, notes)


def line_target(lattice: Lattice, units: Units, lines: Lines, locate: Locate) -> Target:
    """
    Lines as the middles of pieces of at most `STEP_M`, with their geodesic length in km: the pieces of a line add
    up to its length.
    """
    parts = gpd.GeoSeries(lines.lines.geometry).to_crs("EPSG:3824").explode(index_parts=False)
    geod = Geod(ellps="GRS80")
    middles, sizes = [np.empty((0, 2))], [np.empty(0)]
    for line in parts:
        xy = shapely.get_coordinates(line)
        length = np.asarray(geod.inv(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])[2])
        pieces = np.maximum(np.ceil(length / STEP_M), 1).astype(np.int64)
        of = np.repeat(np.arange(len(pieces)), pieces)
        t = (np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / pieces[of]
        middles.append(xy[of] + t[:, None] * (xy[of + 1] - xy[of]))
        sizes.append((length / pieces)[of] / 1000)
    lonlat, size = np.concatenate(middles), np.concatenate(sizes)
    metres = gpd.GeoSeries(gpd.points_from_xy(lonlat[:, 0], lonlat[:, 1]), crs="EPSG:3824").to_crs(CRS)
    x, y = metres.x.to_numpy(np.float64), metres.y.to_numpy(np.float64)
    village, _ = _village(lattice, locate, lonlat[:, 0], lonlat[:, 1], x, y)
    none = np.zeros(len(size), np.bool_)
    away = float(size[village < 0].sum())
    notes: tuple[Text, ...] = ()
    if away:
        notes = (
            Text(
                f"「{lines.name.zh}」有 {away:,.1f} 公里不近任何村里，只計入全國。",
                f"{away:,.1f} km of {lines.name.en} are near no village and count in the nation only.",
            ),
        )
    return Target(
        lines.id, "lines", x, y, village, size, none, Sums.at(units, village), pd.DataFrame(), notes
    )


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


def _operators(layer: Layer) -> set[str]:
    if isinstance(layer, Sites):
        return set(operators_of(layer.points, layer)) or {layer.operator}
    if isinstance(layer, Areas):
        return set(operators_of(layer.areas, layer)) or {layer.operator}
    return {layer.operator}


def _village(
    lattice: Lattice, locate: Locate, lon: Floats, lat: Floats, x: Floats, y: Floats
) -> tuple[NDArray[np.int32], int]:
    """Village of points; those off the land by at most `NEAR_M` go to the nearest. Also how many those are."""
    village = np.asarray(locate(lon, lat), np.int32).copy()
    off = np.flatnonzero(village < 0)
    if not len(off):
        return village, 0
    owner = np.full(len(lattice), -1, np.int32)
    owner[lattice.pieces.cell] = lattice.pieces.village
    column = (x[off] - lattice.grid.west) / lattice.cell_m
    row = (lattice.grid.north - y[off]) / lattice.cell_m
    near = _near_land(lattice.slot, column, row, NEAR_M / lattice.cell_m)
    close = near >= 0
    village[off[close]] = owner[near[close]]
    return village, int(close.sum())


@compiled
def _near_land(slot: NDArray[np.int32], column: Floats, row: Floats, reach: float) -> NDArray[np.int32]:
    """Word of the cell whose middle is nearest to points, in cells from the north-west; -1 with none in `reach`."""
    out = np.full(len(column), -1, np.int32)
    rows, columns = slot.shape
    for i in range(len(column)):
        best = reach * reach
        if not (np.isfinite(column[i]) and np.isfinite(row[i])):
            continue
        for r in range(max(int(row[i] - reach), 0), min(int(row[i] + reach) + 1, rows)):
            for c in range(max(int(column[i] - reach), 0), min(int(column[i] + reach) + 1, columns)):
                if slot[r, c] >= 0:
                    off = (r + 0.5 - row[i]) ** 2 + (c + 0.5 - column[i]) ** 2
                    if off < best:
                        best, out[i] = off, slot[r, c]
    return out


def _off_notes(name: Text, moved: int, away: int) -> tuple[Text, ...]:
    out = []
    if moved:
        zh = f"「{name.zh}」有 {moved:,} 處不在村里內，計入 2 公里內最近之村里。"
        out.append(
            Text(zh, f"{moved:,} of {name.en} lie in no village and count in the nearest within 2 km.")
        )
    if away:
        zh = f"「{name.zh}」有 {away:,} 處不近任何村里，只計入全國。"
        out.append(Text(zh, f"{away:,} of {name.en} are near no village and count in the nation only."))
    return tuple(out)
