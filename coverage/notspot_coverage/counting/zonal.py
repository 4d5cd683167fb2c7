"""
Shares of zones whose raster cells reach a threshold: exact along the outlines, in one pass over the raster.

Zones are cut along a raster's grid once and serve for every raster on that grid. A cell counts with the
share of it that lies in the zone; within a zone all cells count as equally large, which holds for a raster
in metres, and in degrees to the difference of latitude within the zone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
import shapely
from rasterio.enums import MaskFlags
from rasterio.windows import Window

from notspot_geodata.crs import parse_crs, reproject
from notspot_geodata.cutting import Cut, RasterGrid, compiled, cut
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.raster_tiles import Tile, tile_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

READ_CELLS = 8 * 1024**2  # read at a time by a thread
STRIP_ROWS = 256  # where the blocks of a file are lower
CACHE_BYTES = 64_000_000  # of GDAL, whose own choice is a share of the machine
OUTSIDE = 1e-9  # of a zone; what lies beyond the raster and is less comes from rounding


@dataclass(frozen=True, slots=True)
class Zones:
    """
    Zones prepared for the rasters of one grid; 20 bytes for a cell on an outline, 16 for a run of cells inside.

    Attributes
    ----------
    cut
        The zones' cells.
    cells
        Shape (zones,): size of each zone in cells, what lies beyond the grid included; 0 for an empty one.
    beyond
        Shape (zones,): of these, how many lie beyond the grid.
    run_start, edge_start
        Shape (rows + 1,): where the runs and edges of each row begin.
    """

    cut: Cut
    cells: Floats
    beyond: Floats
    run_start: Integers
    edge_start: Integers

    @classmethod
    def of(cls, shapes: Sequence[BaseGeometry | None] | gpd.GeoSeries, grid: RasterGrid) -> Zones:
        """`shapes`, in the coordinates of `grid`, cut along it; arguments and errors as of `cutting.cut`."""
        done = cut(shapes, grid)
        cells = shapely.area(np.asarray(shapes, dtype=object)) / (grid.dx * grid.dy)
        cells = np.nan_to_num(cells)  # missing shapes have no area
        within = np.zeros(len(cells))
        within += np.bincount(done.run_zone, done.run_last - done.run_first, len(cells))
        within += np.bincount(done.edge_zone, done.edge_fraction, len(cells))
        beyond = np.where(cells - within > OUTSIDE * cells, cells - within, 0.0)
        rows = np.arange(grid.rows + 1)
        return cls(
            done,
            cells=within + beyond,
            beyond=beyond,
            run_start=np.searchsorted(done.run_row, rows).astype(np.int64),
            edge_start=np.searchsorted(done.edge_row, rows).astype(np.int64),
        )

    @classmethod
    def over(cls, path: str | Path, villages: gpd.GeoDataFrame, *, crs: str | None = None) -> Zones:
        """
        `villages`, whose CRS must be known, cut along the grid of the raster in `path`.

        `crs` goes before the system that the file states. Raises as `raster_grid`, and where the system of
        either is not known.
        """
        grid = raster_grid(path)
        with _opened(Path(path)) as file:
            stated = crs or file.crs
        if not stated:
            problem = Problem(None, "crs", "is missing, and none was given")
            raise InputError(path, [problem], hint='Say which it is: crs = "EPSG:3826".')
        if villages.crs is None:
            raise UsageError("the zones have no CRS: set it before they are laid over a raster")
        shapes = reproject(villages, parse_crs(stated)).geometry
        return cls.of(shapes, grid)


@dataclass(frozen=True, slots=True)
class ZoneShares:
    """
    Shares of each zone, 0 to 1: ``covered + not_covered + unknown = 1``; NaN for a zone without area.

    Attributes
    ----------
    at_least
        Shape (thresholds,): the thresholds as they were given.
    covered, not_covered
        Shape (thresholds, zones): where the value reaches the threshold, and where it is known and does not.
    unknown
        Shape (zones,): where the raster holds no value, or has ended.
    """

    at_least: Floats
    covered: Floats
    not_covered: Floats
    unknown: Floats


def raster_grid(path: str | Path) -> RasterGrid:
    """
    The grid of a raster with north up, however its rows and columns are stored.

    Raises
    ------
    InputError
        If the file is no raster, has no georeference, or is rotated.
    """
    with _opened(Path(path)) as file:
        return _grid(_tile(Path(path), file))


def zone_shares(
    path: str | Path, zones: Zones, at_least: Sequence[float], *, band: int = 1, threads: int | None = None
) -> ZoneShares:
    """
    The share of each zone whose cells reach each of the thresholds `at_least` (in the raster's unit).

    A value reaches a threshold in the precision of the file: −105.3 stored as float32 reaches −105.3. Unknown
    are NaN, infinite, the file's nodata value and what its mask leaves out. The scale and offset of the file
    are applied. Only blocks that a zone touches are read, by `threads` at once (as many as there are
    processors if None); the result does not depend on it.

    Raises
    ------
    InputError
        If the file is no raster that `raster_grid` takes, or breaks off.
    UsageError
        If the zones were cut for another grid, a threshold is no number, or there is no such band.
    """
    path, limits = Path(path), np.asarray(at_least, np.float64)
    if limits.ndim != 1 or not len(limits) or np.isnan(limits).any():
        raise UsageError(f"at_least needs one or more numbers, not {at_least}")
    with _opened(path) as file:
        if not 1 <= band <= file.count:
            raise UsageError(f"{path.name} has no band {band}: it has {file.count}")
        tile = _tile(path, file)
        _same_grid(path, _grid(tile), zones.cut.grid)
        blocks = file.block_shapes[band - 1]
        windows = list(_windows(zones, blocks))
    reader = _Reader(tile, band)
    cells = np.zeros((len(limits) + 2, len(zones.cells)))

    def one(window: tuple[int, int, int, int]) -> Floats:
        row, rows, column, columns = window
        values, nodata = reader.read(row, rows, column, columns)
        # the file's own precision
        own = limits.astype(np.float32).astype(np.float64) if values.dtype == np.float32 else limits
        return _tally(values, nodata, own, row, column, zones)

    pool = ThreadPoolExecutor(max(1, threads or os.cpu_count() or 1))
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
        try:
            for found in pool.map(one, windows):  # in order, so that sums do not depend on the threads
                cells += found
        finally:
            pool.shutdown(cancel_futures=True)
            reader.close()  # not before the last thread is done with its file
    reached, known, unknown = cells[:-2], cells[-2], cells[-1] + zones.beyond
    with np.errstate(invalid="ignore"):
        shares = np.vstack([reached, known - reached, unknown[None]]) / (known + unknown)
    shares = np.clip(shares, 0.0, 1.0)  # sums of the same fractions in another order may differ by a rounding
    return ZoneShares(limits, shares[: len(limits)], shares[len(limits) : -1], shares[-1])


# ------------------------------------------------------------------ reading


def _opened(path: Path) -> Any:
    try:
        return rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(path, [Problem(None, "", f"cannot be read as a raster: {error}")]) from error


def _tile(path: Path, file: Any) -> Tile:
    tile = tile_of(path, file)
    if tile.rotated:
        raise InputError(
            path,
            [Problem(None, "", "is rotated: its rows do not run from west to east")],
            hint="Write it again with north up: gdalwarp does it.",
        )
    return tile


def _grid(tile: Tile) -> RasterGrid:
    t = tile.transform
    return RasterGrid(t.c, t.f, t.a, -t.e, tile.height, tile.width)


def _same_grid(path: Path, grid: RasterGrid, zones: RasterGrid) -> None:
    """Refuse a raster whose cells are not those that the zones were cut along, to a thousandth of a cell."""
    at, wanted = (np.array([g.west / grid.dx, g.north / grid.dy]) for g in (grid, zones))
    far = np.array([abs(grid.dx / zones.dx - 1) * grid.columns, abs(grid.dy / zones.dy - 1) * grid.rows])
    same = (grid.rows, grid.columns) == (zones.rows, zones.columns)
    if not same or max(*np.abs(at - wanted), *far) > 1e-3:
        raise UsageError(f"{path.name} has the grid {grid}, the zones were cut for {zones}: cut them for it")


def _windows(zones: Zones, blocks: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Row, rows, column and columns of the parts of the raster that zones touch, in whole blocks where they fit."""
    done, grid = zones.cut, zones.cut.grid
    high, wide = blocks
    high *= max(1, STRIP_ROWS // high)
    if high * wide > READ_CELLS:  # a file in one piece
        high, wide = STRIP_ROWS, min(grid.columns, READ_CELLS // STRIP_ROWS)
    most = max(1, READ_CELLS // (high * wide))
    count = -(-grid.columns // wide)
    for row in range(0, grid.rows, high):
        rows = min(high, grid.rows - row)
        runs = slice(zones.run_start[row], zones.run_start[row + rows])
        edges = slice(zones.edge_start[row], zones.edge_start[row + rows])
        met = np.bincount(done.edge_column[edges] // wide, minlength=count)
        steps = np.bincount(done.run_first[runs] // wide, minlength=count + 1)
        steps -= np.bincount((done.run_last[runs] - 1) // wide + 1, minlength=count + 1)
        touched = np.flatnonzero(met + np.cumsum(steps)[:count])
        for group in np.split(touched, np.flatnonzero(np.diff(touched) > 1) + 1):
            for part in np.split(group, range(most, len(group), most)):
                if len(part):
                    column = int(part[0]) * wide
                    yield row, rows, column, min(int(part[-1] + 1) * wide, grid.columns) - column


class _Reader:
    """Reads windows of a raster with north up; every thread has the file open for itself."""

    def __init__(self, tile: Tile, band: int) -> None:
        self.tile, self.band = tile, band
        self._own, self._all = local(), list[Any]()

    def read(self, row: int, rows: int, column: int, columns: int) -> tuple[NDArray[Any], float]:
        """Values as uint8, float32 or float64, shape (rows, columns), and the one that stands for unknown (or NaN)."""
        file, tile = self._file(), self.tile
        window = Window(
            tile.width - column - columns if tile.flip[1] else column,
            tile.height - row - rows if tile.flip[0] else row,
            columns,
            rows,
        )
        own_mask = not {MaskFlags.all_valid, MaskFlags.nodata} & set(file.mask_flag_enums[self.band - 1])
        try:
            values = file.read(self.band, window=window)
            mask = file.read_masks(self.band, window=window) if own_mask else None
        except rasterio.errors.RasterioIOError as error:
            problem = Problem(None, "", f"cannot be read at row {row}, column {column}: {error}")
            hint = "The file is damaged or broke off: get it again."
            raise InputError(tile.path, [problem], hint=hint) from error
        nodata = _as_stored(file.nodatavals[self.band - 1], values.dtype)
        scale, offset = file.scales[self.band - 1], file.offsets[self.band - 1]
        if (scale, offset) != (1.0, 0.0):
            unknown = values == nodata
            values = (values * np.float64(scale) + offset).astype(np.float32)
            values[unknown] = np.nan
            nodata = np.nan
        elif values.dtype != np.uint8:
            exact = values.dtype == np.float32 or values.dtype.itemsize <= 2
            values = values.astype(np.float32 if exact else np.float64, copy=False)
        if mask is not None:
            values = values.astype(np.float32 if values.dtype == np.uint8 else values.dtype, copy=False)
            values[mask == 0] = np.nan
        turned = values[:: -1 if tile.flip[0] else 1, :: -1 if tile.flip[1] else 1]
        return np.ascontiguousarray(turned), nodata

    def close(self) -> None:
        for file in self._all:
            file.close()

    def _file(self) -> Any:
        if not hasattr(self._own, "file"):
            self._own.file = _opened(self.tile.path)
            self._all.append(self._own.file)
        return self._own.file


def _as_stored(nodata: float | None, kind: np.dtype[Any]) -> float:
    """The value for unknown as an array of `kind` holds it; NaN where it holds none."""
    if nodata is None or np.isnan(nodata):
        return np.nan
    if kind.kind == "f":
        return float(kind.type(nodata))
    info = np.iinfo(kind)
    return float(nodata) if info.min <= nodata <= info.max else np.nan


# ------------------------------------------------------------------ counting


def _tally(
    values: NDArray[Any], nodata: float, limits: Floats, row: int, column: int, zones: Zones
) -> Floats:
    """Cells by zone within a window: those that reach each limit, those that are known, those that are not."""
    done = zones.cut
    cells = np.zeros((len(limits) + 2, len(zones.cells)))
    _add_runs(
        values,
        nodata,
        limits,
        row,
        column,
        zones.run_start,
        done.run_first,
        done.run_last,
        done.run_zone,
        cells,
    )
    _add_edges(
        values, nodata, limits, row, column, zones.edge_start,
        done.edge_column, done.edge_zone, done.edge_fraction, cells,
    )  # fmt: skip
    return cells


@compiled
def _add_runs(
    values: Any, nodata: float, limits: Any, row: int, column: int,
    start: Any, first: Any, last: Any, zone: Any, cells: Any,
) -> None:  # fmt: skip
    for i in range(values.shape[0]):
        for k in range(start[row + i], start[row + i + 1]):
            a = max(first[k] - column, 0)
            b = min(last[k] - column, values.shape[1])
            if a >= b:
                continue
            known = 0
            for j in range(a, b):
                v = values[i, j]
                known += abs(v) < np.inf and v != nodata
            cells[-2, zone[k]] += known
            cells[-1, zone[k]] += b - a - known
            for t in range(len(limits)):
                yes = 0
                for j in range(a, b):
                    v = values[i, j]
                    yes += v >= limits[t] and v < np.inf and v != nodata
                cells[t, zone[k]] += yes


@compiled
def _add_edges(
    values: Any, nodata: float, limits: Any, row: int, column: int,
    start: Any, cell: Any, zone: Any, fraction: Any, cells: Any,
) -> None:  # fmt: skip
    for i in range(values.shape[0]):
        for k in range(start[row + i], start[row + i + 1]):
            j = cell[k] - column
            if j < 0 or j >= values.shape[1]:
                continue
            v = values[i, j]
            if not (abs(v) < np.inf and v != nodata):
                cells[-1, zone[k]] += fraction[k]
                continue
            cells[-2, zone[k]] += fraction[k]
            for t in range(len(limits)):
                if v >= limits[t]:
                    cells[t, zone[k]] += fraction[k]
