"""
Places and lines on the map: in which village they lie, and their status at the point itself, to the metre.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from notspot_coverage.counting.lattice import CRS, Lattice, projected
from notspot_coverage.counting.services import Lines, Places, Service
from notspot_coverage.counting.spreads import Locate
from notspot_coverage.counting.statuses import Status, statuses
from notspot_coverage.counting.units import Sums, Units
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.crs import transformer
from notspot_geodata.text import Text

Floats = NDArray[np.float64]

STEP_M = 10.0  # of the samples along a line
STRAIGHT_M = 5000.0  # a straight line in metres leaves one in degrees by less than 0.3 m on it
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
    line
        Which line a piece is of, counted from 0.
    part
        Which row of `shapes` a piece is of.
    shapes
        ``id, name, geometry`` of places, ``name, geometry`` of the parts of lines, EPSG:3824; None where they are
        sensitive.
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
    line: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    part: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    shapes: gpd.GeoDataFrame | None = None

    def status(self, lattice: Lattice, service: Service, percent: float, first: float) -> Status:
        """
        1 covered, 0 not, 2 unknown, at a location percentage; `first` is that of the best estimate.
        """
        found = statuses(lattice, service, self.x, self.y, self.village, (first, percent))
        return found[percent, "exact"]


def place_target(lattice: Lattice, units: Units, places: Places, locate: Locate) -> Target:
    """Places as points of size 1."""
    points = places.points
    degrees = projected(points, "EPSG:3824")
    lon, lat = degrees.x.to_numpy(np.float64), degrees.y.to_numpy(np.float64)
    metres = projected(points)
    x, y = metres.x.to_numpy(np.float64), metres.y.to_numpy(np.float64)
    here = np.isfinite(x) & np.isfinite(y)  # the ends of the world cannot be projected
    x, y = np.where(here, x, np.nan), np.where(here, y, np.nan)
    village, off = _village(lattice, locate, lon, lat, x, y)
    shared = np.zeros(len(points), np.bool_)
    if places.anchors:
        grid = pd.DataFrame({"lon": np.rint(lon / SHARED_DEG), "lat": np.rint(lat / SHARED_DEG)})
        shared = grid.duplicated(keep=False).to_numpy() & np.isfinite(lon) & np.isfinite(lat)
    name = points["name"].fillna("") if "name" in points else pd.Series("", index=points.index)
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
        frame = pd.concat([frame, lost[["id", "name"]].fillna("").astype(str)], ignore_index=True)
        notes += (
            Text(
                f"「{places.name.zh}」有 {len(lost):,} 處座標不可用，計入總數，列為無資料。",
                f"{len(lost):,} of {places.name.en} have no usable point; they count, as unknown.",
            ),
        )
    shapes = None
    if not places.sensitive:
        points = np.full(len(frame), None, object)
        points[: len(degrees)] = degrees.to_numpy()
        shapes = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(points, crs="EPSG:3824"))
    return Target(
        places.id, "places", x, y, village, np.ones(len(x)), shared, sums, frame, notes, shapes=shapes
    )


def line_target(lattice: Lattice, units: Units, lines: Lines, locate: Locate) -> Target:
    """
    Lines as the middles of pieces of at most `STEP_M`, with their geodesic length in km: the pieces of a line add
    up to its length.
    """
    given = lines.lines.reset_index(drop=True).explode()
    given = given[shapely.length(given.geometry.to_numpy()) > 0]  # a line from a point to itself is none
    if given.crs is not None and given.crs.is_projected:
        given = given.set_geometry(given.geometry.segmentize(STRAIGHT_M))
    parts = projected(given, "EPSG:3824")
    corners, line = shapely.get_coordinates(parts.to_numpy(), return_index=True)
    start = np.flatnonzero(line[1:] == line[:-1])  # of each straight stretch
    from_, to = corners[start], corners[start + 1]
    length = np.asarray(Geod(ellps="GRS80").inv(from_[:, 0], from_[:, 1], to[:, 0], to[:, 1])[2], np.float64)
    pieces = np.maximum(np.ceil(length / STEP_M), 1).astype(np.int64)
    of = np.repeat(np.arange(len(pieces)), pieces)
    t = (np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / pieces[of]
    lonlat = from_[of] + t[:, None] * (to - from_)[of]
    size = (length / pieces)[of] / 1000
    x, y = (np.asarray(v, np.float64) for v in transformer("EPSG:3824", CRS).transform(*lonlat.T))
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
    sums = Sums.at(units, village)
    part = line[start][of].astype(np.int32)
    name = given["name"].fillna("").astype(str).to_numpy() if "name" in given else [""] * len(given)
    shown = gpd.GeoDataFrame({"name": name}, geometry=parts.reset_index(drop=True))
    shapes = None if lines.sensitive else shown
    return Target(
        lines.id, "lines", x, y, village, size, none, sums, pd.DataFrame(), notes,
        parts.index.to_numpy(np.int64)[part], part, shapes,
    )  # fmt: skip


def _village(
    lattice: Lattice, locate: Locate, lon: Floats, lat: Floats, x: Floats, y: Floats
) -> tuple[NDArray[np.int32], int]:
    """Village of points; those off the land by at most `NEAR_M` go to the nearest. Also how many those are."""
    village = np.asarray(locate(lon, lat), np.int32).copy()
    off = np.flatnonzero(village < 0)
    if not len(off):
        return village, 0
    owner = np.full(len(lattice), -1, np.int32)
    by_size = np.argsort(lattice.pieces.area_m2, kind="stable")  # the largest of a cell is written last
    owner[lattice.pieces.cell[by_size]] = lattice.pieces.village[by_size]
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
