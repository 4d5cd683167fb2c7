"""
Clutter on the grid of a terrain: how high buildings and trees stand, by the raster's own heights or classes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.raster_tiles import Reader, Tile, tile_of
from notspot_geodata.resampling import Grid
from notspot_geodata.terrain_checks import Survey, split_crs, survey
from notspot_geodata.working_grid import bounds_in, chunks, digest_of, joined, read_cells, working_system

if TYPE_CHECKING:
    from notspot_geodata.terrain import Window

Float32s = NDArray[np.float32]

CLUTTER_HEIGHTS_M: Mapping[str, float] = {
    "water": 0.0,
    "open": 0.0,
    "rural": 0.0,
    "suburban": 10.0,
    "urban": 15.0,
    "forest": 15.0,
    "dense urban": 20.0,
}  # representative heights R by category, Recommendation ITU-R P.1812; a local measured value is better
TALLEST_M = 1_000.0  # no building or tree is
CHUNK = 512  # cells a side that are read at once
FEW_VALUES = 12  # whole numbers of so many kinds look like classes
METHOD_VERSION = 1  # raised when the same files come to give other numbers


def open_clutter(
    path: str | Path,
    *,
    to_crs: Any = "EPSG:3826",
    resolution_m: float,
    crs: Any = None,
    heights: Mapping[int, float] | None = None,
) -> Clutter:
    """
    Representative clutter heights: a raster that GDAL reads, or a folder of tiles.

    Parameters
    ----------
    to_crs, resolution_m
        Of the terrain that it goes with.
    crs
        The system of the files, where they state none or a wrong one.
    heights
        Metres by class, for a map of land use; see `CLUTTER_HEIGHTS_M`. Without it the values are metres.

    Raises
    ------
    NotFoundError
        No such file, or no raster in the folder.
    InputError
        A picture, classes without `heights` or that it does not name, heights that cannot be.
    UsageError
        An unsuitable `to_crs`, `resolution_m` or `heights`.
    """
    system = working_system(to_crs)
    if not resolution_m > 0:
        raise UsageError(f"resolution_m must be above 0, not {resolution_m:g}")
    for code, height in (heights or {}).items():
        if not 0 <= height <= TALLEST_M:
            raise UsageError(f"heights: class {code} has {height:g} m; give 0 to {TALLEST_M:,.0f}")

    def prepared(file: Path, dataset: Any) -> Tile:
        if problem := _not_clutter(dataset, heights is not None):
            raise InputError(file, [Problem(None, "", problem)], hint=_HINT)
        tile = tile_of(file, dataset)
        return replace(tile, crs=split_crs(tile.crs)[0])

    return Clutter(survey(path, prepared, crs=crs), system, float(resolution_m), heights)


class Clutter:
    """
    Clutter heights; made by `open_clutter`. Can be pickled and read by several threads.

    Attributes
    ----------
    crs, resolution_m, bounds, notes, files
        As of a `terrain.Terrain`.
    nodata_cells
        Cells handed out so far that hold no value, and count as 0 m.
    """

    def __init__(
        self, found: Survey, to_crs: str, resolution_m: float, heights: Mapping[int, float] | None
    ) -> None:
        self.crs, self.resolution_m, self.files = to_crs, resolution_m, found.files
        self.bounds = joined([bounds_in(part, to_crs) for part in found.parts])
        self.notes = [f"clutter: {note}" for note in found.notes]
        self.nodata_cells = 0
        self._parts = found.parts
        self._heights = None if heights is None else {int(k): float(heights[k]) for k in sorted(heights)}
        for sample in found.samples:
            kinds = sample.kinds or (sample.lowest, sample.highest)
            self._metres(np.array(kinds, dtype=np.float32))
        values = sorted({k for sample in found.samples for k in sample.kinds or (0.5,)})
        if heights is None and any(values) and len(values) <= FEW_VALUES and all(k % 1 == 0 for k in values):
            said = ", ".join(f"{k:g}" for k in values)
            self.notes.append(
                f"clutter: the values {said} are read as metres; if they are classes, pass heights."
            )
        if any(sample.unknown for sample in found.samples):
            self.notes.append("clutter: where there is no value, no clutter (0 m) is assumed.")
        self._fresh()

    def window(self, like: Window) -> Float32s:
        """
        Clutter heights in metres on the cells of a terrain's window, of the same shape, 0 where unknown.

        Each cell has the value at its centre; nothing is averaged, so classes stay classes. Raises
        `InputError` for a class without a height or an impossible height, `UsageError` for a window of
        another resolution.
        """
        size = self.resolution_m
        if abs(like.resolution_m - size) > 1e-9 * size:
            raise UsageError(
                f"the clutter was opened for cells of {size:g} m, the terrain has {like.resolution_m:g} m"
            )
        # the grid of the terrain, counted from the corner that is nearest to the origin of the system
        left, top = round(like.west_m // size), round(-like.north_m // size)
        grid = Grid(like.west_m - left * size, like.north_m + top * size, size)
        rows, columns = like.heights_m.shape
        out = np.full((rows, columns), np.nan, dtype=np.float32)
        with self._lock:
            for row, column, here, there in chunks(left, top, columns, rows, CHUNK):
                cells = row * CHUNK, column * CHUNK, CHUNK, CHUNK
                for part in self._parts:
                    found, _ = read_cells(self._reader, part, grid, cells, self.crs, "nearest", True)
                    np.copyto(out[here], found[there], where=np.isnan(out[here]))
        known = np.isfinite(out)
        self.nodata_cells += int(out.size - known.sum())
        out[known] = self._metres(out[known])
        out[~known] = 0.0
        return out

    def digest(self) -> str:
        """SHA-256 over the content of the files and the settings: other numbers, another digest."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        settings: list[object] = [METHOD_VERSION, self.crs, self.resolution_m, self._heights]
        return digest_of(settings, self._parts, self.files)

    def _metres(self, values: Float32s) -> Float32s:
        """Values as heights; `InputError` where one has none."""
        if not len(values):
            return values
        if self._heights is None:
            low, high = float(values.min()), float(values.max())
            if low < 0 or high > TALLEST_M:
                odd = low if low < 0 else high
                problem = Problem(None, "", f"holds {odd:,.6g} as a clutter height in metres", f"{odd:g}")
                raise InputError(
                    self.files[0], [problem], hint=f"Heights are 0 to {TALLEST_M:,.0f} m. {_HINT}"
                )
            return values
        codes = np.array(list(self._heights), dtype=np.float32)
        metres = np.array(list(self._heights.values()), dtype=np.float32)
        at = np.minimum(np.searchsorted(codes, values), max(0, len(codes) - 1))
        if len(codes) and (codes[at] == values).all():
            return metres[at]
        found = np.unique(values)
        missing = [f"{v:g}" for v in found if v not in self._heights]
        raise InputError(
            self.files[0],
            [Problem(None, "", f"class {code} has no height", code) for code in missing[:50]],
            summary="found are the classes " + ", ".join(f"{v:g}" for v in found[:50]),
            hint="Give heights for each; 0 for open land and water.",
        )

    def _fresh(self) -> None:
        self._lock = threading.Lock()
        self._reader = Reader()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_lock", "_reader")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._fresh()


_HINT = "Clutter is one band of metres, or of classes with heights for them."


def _not_clutter(dataset: Any, classes: bool) -> str | None:
    kinds = set(dataset.colorinterp)
    if dataset.count - (ColorInterp.alpha in kinds) != 1 or ColorInterp.red in kinds:
        return f"has {dataset.count} bands; clutter has one"
    if "complex" in dataset.dtypes[0]:
        return f"holds complex numbers ({dataset.dtypes[0]})"
    if ColorInterp.palette in kinds and not classes:
        return "is a map of classes (its values have a colour table), and no heights are given for them"
    return None
