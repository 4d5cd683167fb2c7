"""
The land of the villages cut into cells: which part of each cell belongs to which village, and how much ground that is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from notspot_coverage.counting.bits import FULL, NONE, SIDE, Words, crossings, span
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.crs import reproject
from notspot_geodata.cutting import RasterGrid, cut
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    import geopandas as gpd

CRS = "EPSG:3826"  # one system for all of Taiwan; what it stretches is taken out by village
CELL_M = 100.0
MARGIN = 1  # cells of sea around the land
MOST_CELLS = 500_000_000  # sea included: all of Taiwan with cells of 20 m; their map takes 2 GB

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pieces:
    """
    Parts of cells, sorted by village, row and column.

    Attributes
    ----------
    cell, village
        Index of the cell's word and of the village.
    mask
        The sub-cells whose middle lies in the village. A sliver may hold none: it takes its whole cell's.
    area_m2
        Ground on the ellipsoid; a village's pieces add up to its area.
    """

    cell: Ints
    village: Ints
    mask: Words
    area_m2: Floats


@dataclass(frozen=True, slots=True)
class Lattice:
    """
    Cells of `cell_m` metres in EPSG:3826, aligned to whole multiples, wherever there is land.

    Attributes
    ----------
    slot
        Shape (rows, columns): index of the cell's word, -1 at sea.
    row, column
        Of each word, in that order.
    codes
        Codes of the villages, sorted; a piece's village is an index into them.
    """

    grid: RasterGrid
    cell_m: float
    slot: Ints
    row: Ints
    column: Ints
    pieces: Pieces
    codes: tuple[str, ...]
    area_km2: Floats

    def __len__(self) -> int:
        return len(self.row)

    def words(self, value: np.uint64 = NONE) -> Words:
        """A word for each cell, shape (cells,)."""
        return np.full(len(self.row), value, np.uint64)

    def cells_at(self, x: Floats, y: Floats) -> tuple[Ints, NDArray[np.uint64]]:
        """Word (-1 at sea) and bit of points in EPSG:3826, shape (n,)."""
        size = self.cell_m / SIDE
        with np.errstate(invalid="ignore"):
            u = np.floor((x - self.grid.west) / size)
            v = np.floor((self.grid.north - y) / size)
            inside = (u >= 0) & (v >= 0) & (u < SIDE * self.grid.columns) & (v < SIDE * self.grid.rows)
        column, row = np.where(inside, u, 0).astype(np.int64), np.where(inside, v, 0).astype(np.int64)
        at = np.where(inside, self.slot[row // SIDE, column // SIDE], -1).astype(np.int32)
        return at, np.uint64(1) << (SIDE * (row % SIDE) + column % SIDE).astype(np.uint64)

    def centres(self, part: slice = slice(None)) -> tuple[Floats, Floats]:
        """Middle of each cell, or of a part of them, in EPSG:3826."""
        x = self.grid.west + (self.column[part] + 0.5) * self.cell_m
        y = self.grid.north - (self.row[part] + 0.5) * self.cell_m
        return np.asarray(x, np.float64), np.asarray(y, np.float64)

    def digest(self) -> str:
        """SHA-256 of what the cells are."""
        told = repr((self.grid, self.cell_m, self.codes)).encode()
        return hashlib.sha256(told + self.pieces.area_m2.tobytes()).hexdigest()


def lattice_of(villages: gpd.GeoDataFrame, cell_m: float = CELL_M) -> Lattice:
    """
    The lattice of villages.

    Parameters
    ----------
    villages
        ``village_code``, ``area_km2`` (geodesic), geometry with a CRS, valid and without overlaps.
    cell_m
        Side of a cell, 10 to 1,000 m. Its 64 sub-cells decide what is covered.

    Raises
    ------
    UsageError
        The side is out of range, or makes more than `MOST_CELLS`.
    """
    if not 10 <= cell_m <= 1000:
        raise UsageError(f"cells of {cell_m:g} m cannot be counted with; 10 to 1,000 m are possible")
    villages = villages.sort_values("village_code", ignore_index=True)
    shapes = projected(villages)
    grid = _grid(shapes.total_bounds, cell_m)
    if grid.rows * grid.columns > MOST_CELLS:
        least = np.ceil(cell_m * np.sqrt(grid.rows * grid.columns / MOST_CELLS))
        raise UsageError(
            f"{grid.rows:,} by {grid.columns:,} cells of {cell_m:g} m are more than the {MOST_CELLS:,} that fit; "
            f"choose cells of {least:g} m or more, or fewer villages"
        )
    found = cut(shapes.to_numpy(), grid)
    lengths = (found.run_last - found.run_first).astype(np.int64)
    inner = np.repeat(np.arange(len(lengths)), lengths)
    offset = np.arange(len(inner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    some = found.edge_fraction > 0
    row = np.concatenate([found.run_row[inner], found.edge_row[some]])
    column = np.concatenate([found.run_first[inner] + offset, found.edge_column[some]]).astype(np.int32)
    zone = np.concatenate([found.run_zone[inner], found.edge_zone[some]])
    fraction = np.concatenate([np.ones(len(inner)), found.edge_fraction[some]])
    del inner, offset, found
    order = np.lexsort((column, row, zone))
    row, column, zone, fraction = row[order], column[order], zone[order], fraction[order]

    flat = row.astype(np.int64) * grid.columns + column
    land = np.zeros(grid.rows * grid.columns, np.bool_)
    land[flat] = True
    cells = np.flatnonzero(land)
    slot = np.full(len(land), -1, np.int32)
    slot[cells] = np.arange(len(cells), dtype=np.int32)

    area = villages["area_km2"].to_numpy(np.float64)
    planar = np.bincount(zone, fraction, len(villages))
    mask = np.where(fraction < 1, NONE, FULL)
    _masks(mask, row, column, zone, shapes.to_numpy(), grid, cell_m / SIDE)
    pieces = Pieces(slot[flat], zone, mask, fraction * (area * 1e6 / np.where(planar > 0, planar, 1))[zone])
    return Lattice(
        grid,
        float(cell_m),
        slot.reshape(grid.rows, grid.columns),
        (cells // grid.columns).astype(np.int32),
        (cells % grid.columns).astype(np.int32),
        pieces,
        tuple(villages["village_code"]),
        area,
    )


def projected(frame: gpd.GeoDataFrame, system: str = CRS) -> gpd.GeoSeries:
    """Geometry of a frame in `system`; the shift of TWD67, which PROJ alone would pass over (850 m), is minded."""
    return reproject(frame[[frame.geometry.name]], system).geometry


def rings_of(shapes: NDArray[Any]) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """
    All rings of polygons and multipolygons as arrays: coordinates, shape (n, 2), where each ring begins (with n at
    the end), and which rings a shape has: those from ``first[i]`` to ``first[i + 1]``.
    """
    parts, whole = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():  # a collection holds multipolygons and other collections
        parts, inner = shapely.get_parts(parts, return_index=True)
        whole = whole[inner]
    rings, of = shapely.get_rings(parts, return_index=True)
    of = whole[of]
    xy = shapely.get_coordinates(rings)
    starts = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))]).astype(np.int64)
    first = np.searchsorted(of, np.arange(len(shapes) + 1)).astype(np.int64)
    return xy, starts, first


def _grid(bounds: Any, cell_m: float) -> RasterGrid:
    left, bottom = (int(np.floor(v / cell_m)) - MARGIN for v in bounds[:2])
    right, top = (int(np.ceil(v / cell_m)) + MARGIN for v in bounds[2:])
    return RasterGrid(left * cell_m, top * cell_m, cell_m, cell_m, top - bottom, right - left)


def _masks(
    mask: Words, row: Ints, column: Ints, zone: Ints, shapes: NDArray[Any], grid: RasterGrid, size: float
) -> None:
    """Fill in the sub-cells of the pieces that are not whole cells."""
    xy, starts, first = rings_of(shapes)
    begin = np.searchsorted(zone, np.arange(len(shapes) + 1)).astype(np.int64)
    _masks_of(mask, row, column, begin, xy, starts, first, grid.west, grid.north, size, SIDE * grid.rows)


@compiled
def _masks_of(
    mask: Words,
    row: Ints,
    column: Ints,
    begin: NDArray[np.int64],
    xy: Floats,
    starts: NDArray[np.int64],
    first: NDArray[np.int64],
    west: float,
    north: float,
    size: float,
    bottom: int,
) -> None:
    for village in range(len(begin) - 1):
        rings = starts[first[village] : first[village + 1] + 1]
        rows, places = crossings(xy, rings, west, north, size, bottom)
        at = begin[village]
        end = begin[village + 1]
        for i in range(0, len(rows) - 1, 2):
            a = int(np.ceil(places[i] - 0.5))
            b = int(np.ceil(places[i + 1] - 0.5)) - 1
            cell, line = rows[i] // 8, rows[i] % 8
            while at < end and row[at] < cell:
                at += 1
            k = at
            while k < end and row[k] == cell and 8 * column[k] <= b:
                if mask[k] != FULL and 8 * column[k] + 7 >= a:
                    mask[k] |= span(max(a - 8 * column[k], 0), min(b - 8 * column[k], 7), line)
                k += 1
