"""
Terrain in windows: heights and radio-climatic zones on a metric grid, from any raster or folder of tiles.

A height that is not known stays unknown (NaN); the sea is 0 m. Only what a window needs is read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from notspot_geodata import reference
from notspot_geodata.clutter import Clutter, open_clutter
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.land_mask import SeaCells, land_in, touches_surroundings
from notspot_geodata.raster_tiles import Reader
from notspot_geodata.terrain_checks import HIGHEST_M, Survey, short_name, survey_terrain
from notspot_geodata.working_grid import (
    cell_words,
    chunk_cells,
    chunks,
    digest_of,
    lay_out,
    read_cells,
    working_system,
)

__all__ = ["COASTAL", "INLAND", "SEA", "Clutter", "Terrain", "Window", "open_clutter", "open_terrain"]

Float32s = NDArray[np.float32]
Bools = NDArray[np.bool_]
Sea = Literal["auto", "nodata", "none"]

SEA, COASTAL, INLAND = 1, 3, 4  # radio-climatic zones, Recommendation ITU-R P.1812, Table 2
COASTAL_HEIGHT_M = 100.0  # land up to this height ...
COASTAL_DISTANCE_M = 50_000.0  # ... and this near to the sea is coastal; P.1812, Table 2

KEPT_CHUNKS = 24  # of 1.3 MB: neighbouring windows share them
ZONE_STEP_M = 1_000.0  # the distance to the sea is found for blocks of this size
METHOD_VERSION = 1  # raised when the same files come to give other numbers


def open_terrain(
    path: str | Path,
    *,
    to_crs: Any = "EPSG:3826",
    resolution_m: float | None = None,
    crs: Any = None,
    unit: str | None = None,
    sea: Sea = "auto",
) -> Terrain:
    """
    A terrain model: a raster that GDAL reads, or a folder of tiles, which are then one.

    Parameters
    ----------
    to_crs
        The working system: projected, in metres, true to scale (not EPSG:3857).
    resolution_m
        The working cell size; without it that of the files, or its nearest equivalent in metres. Finer and
        about equal cells are interpolated, coarser ones averaged by area.
    crs, unit
        The system of the files and the unit of their heights (``m``, ``ft``, ``us-ft``), where they state
        none or a wrong one.
    sea
        ``auto``: around Taiwan, a cell off the land of the reference without a height or at most 0 m high
        is sea; unknown on land is a hole. ``nodata``: what holds no value within a file is sea. ``none``:
        nothing is sea.

    Raises
    ------
    NotFoundError
        No such file, or no raster in the folder.
    InputError
        Not a terrain model, empty, or with a system or unit that cannot be told.
    UsageError
        An unsuitable `to_crs`, `resolution_m`, `unit` or `sea`.
    """
    if sea not in get_args(Sea):
        raise UsageError(f"sea {sea!r} is none of {', '.join(get_args(Sea))}")
    system = working_system(to_crs)
    return Terrain(survey_terrain(path, crs=crs, unit=unit), system, resolution_m, sea)


@dataclass(frozen=True, slots=True)
class Window:
    """
    A part of a terrain; the arrays are C-contiguous, row 0 is the northernmost.

    Attributes
    ----------
    heights_m
        Float32, shape (rows, columns), at the centres of cells, metres above sea level; NaN where unknown.
    zones
        Uint8, the same shape: `SEA`, `COASTAL` or `INLAND`; where unknown `INLAND`.
    west_m, north_m
        The outer corner of the first cell, in the terrain's system.
    resolution_m
        Of the square cells.
    """

    heights_m: Float32s
    zones: NDArray[np.uint8]
    west_m: float
    north_m: float
    resolution_m: float


class Terrain:
    """
    A terrain model on its working grid; made by `open_terrain`.

    Can be pickled (files are opened anew) and read by several threads (one after the other).

    Attributes
    ----------
    crs, resolution_m
        The working system and cell size.
    bounds
        West, south, east, north of all files in `crs`, metres.
    notes
        What was concluded about the files, a sentence each.
    files
        All of them, by name.
    """

    def __init__(self, survey: Survey, to_crs: str, resolution_m: float | None, sea: Sea) -> None:
        self.crs = to_crs
        self.files = survey.files
        self.notes = list(survey.notes)
        self._parts = survey.parts
        self._grid, self.bounds, self._methods = lay_out(survey.parts, to_crs, resolution_m)
        self.resolution_m = self._grid.resolution_m
        if resolution_m is None and self._methods[0] != "same":
            said = f"{cell_words(survey.parts[0])} are worked with as cells of {self.resolution_m:g} m"
            self.notes.append(f"cells of {said} in {short_name(to_crs)}.")
        self._chunk = chunk_cells(survey.parts, to_crs, self.resolution_m)
        self.sea: Sea = sea
        if sea == "auto" and not touches_surroundings(self.bounds, to_crs):
            self.sea = "none"
            self.notes.append("the terrain lies far from Taiwan: nothing is taken for sea.")
        self._fresh()

    def window(self, west: float, south: float, east: float, north: float) -> Window:
        """
        The terrain between bounds in metres, snapped outwards to the working grid.

        It may reach over the files: what lies there is unknown. Raises `UsageError` for bounds that
        enclose nothing, `InputError` where a file cannot be read or holds an impossible height.
        """
        if not (west < east and south < north and np.isfinite([west, south, east, north]).all()):
            raise UsageError(
                f"a window needs west < east and south < north, not {west}, {south}, {east}, {north}"
            )
        left, top, columns, rows = self._grid.cells(west, south, east, north)
        heights = np.empty((rows, columns), dtype=np.float32)
        zones = np.empty((rows, columns), dtype=np.uint8)
        with self._lock:
            for row, column, here, there in chunks(left, top, columns, rows, self._chunk):
                part_heights, part_zones = self._worked_out(row, column)
                heights[here], zones[here] = part_heights[there], part_zones[there]
        return Window(heights, zones, *self._grid.corner(left, top), self.resolution_m)

    def digest(self) -> str:
        """SHA-256 over the content of the files and the settings: other numbers, another digest."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        settings = [METHOD_VERSION, self.crs, self._grid, self.sea, reference.VINTAGE]
        return digest_of(settings, self._parts, self.files)

    def _fresh(self) -> None:
        self._lock = threading.Lock()
        self._reader = Reader()
        self._kept: OrderedDict[tuple[int, int], tuple[Float32s, NDArray[np.uint8]]] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_lock", "_reader", "_kept")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._fresh()

    def _worked_out(self, row: int, column: int) -> tuple[Float32s, NDArray[np.uint8]]:
        """Heights and zones of a chunk, kept for a while."""
        if (row, column) not in self._kept:
            self._kept[row, column] = self._work_out(row * self._chunk, column * self._chunk)
            if len(self._kept) > KEPT_CHUNKS:
                self._kept.popitem(last=False)
        self._kept.move_to_end((row, column))
        return self._kept[row, column]

    def _work_out(self, row: int, column: int) -> tuple[Float32s, NDArray[np.uint8]]:
        n = self._chunk
        heights = np.full((n, n), np.nan, dtype=np.float32)
        inside = np.zeros((n, n), dtype=np.bool_)
        for part, method in zip(self._parts, self._methods, strict=True):
            found, within = read_cells(
                self._reader, part, self._grid, (row, column, n, n), self.crs, method, self.sea == "nodata"
            )
            np.copyto(heights, found, where=np.isnan(heights))
            inside |= within
        if (heights > HIGHEST_M).any():
            high = float(np.nanmax(heights))
            problem = Problem(None, "", f"holds {high:,.0f} as a height in metres; no place on earth has it")
            file = self.files[0] if len(self.files) == 1 else self.files[0].parent
            raise InputError(file, [problem], hint="Is the number meant as nodata?")
        sea = np.zeros((n, n), dtype=np.bool_)
        land = None
        if self.sea == "nodata":
            sea = inside & np.isnan(heights)
        elif self.sea == "auto" and inside.any():
            west, north = self._grid.corner(column, row)
            land = land_in(self.crs).cells(west, north, self.resolution_m, (n, n))
            sea = inside & ~land & ~(heights > 0)
        heights[sea] = 0.0
        zones = np.full((n, n), INLAND, dtype=np.uint8)
        zones[sea] = SEA
        low = ~sea & (heights <= COASTAL_HEIGHT_M)
        if self.sea != "none" and low.any():
            zones[low & self._near_sea(row, column, low, land)] = COASTAL
        return heights, zones

    def _near_sea(self, row: int, column: int, low: Bools, land: Bools | None) -> Bools:
        """Whether cells lie within `COASTAL_DISTANCE_M` of the sea; found for blocks of `ZONE_STEP_M`."""
        n, size = self._chunk, self.resolution_m
        out = np.zeros((n, n), dtype=np.bool_)
        block = max(1, min(n, int(ZONE_STEP_M // size)))
        starts = np.arange(0, n, block)
        middle = np.minimum(starts + block / 2, n)
        x, y = np.meshgrid(
            self._grid.west_m + (column + middle) * size, self._grid.north_m - (row + middle) * size
        )
        wanted = np.add.reduceat(np.add.reduceat(low, starts, axis=0, dtype=np.int64), starts, axis=1) > 0
        near = np.zeros(wanted.shape, dtype=np.bool_)
        if land is not None:
            near[wanted] = land_in(self.crs).coast_distance_m(x[wanted], y[wanted]) <= COASTAL_DISTANCE_M
        else:
            near[wanted] = self._sea_cells.distance_m(x[wanted], y[wanted]) <= COASTAL_DISTANCE_M
        out[:] = near.repeat(block, axis=0)[:n].repeat(block, axis=1)[:, :n]
        if land is not None:
            out |= ~land  # heights off the polygons: the shore, and islets that they leave out
        return out

    @cached_property
    def _sea_cells(self) -> SeaCells:
        return SeaCells(self._reader, self._parts, self.crs, self.bounds)
