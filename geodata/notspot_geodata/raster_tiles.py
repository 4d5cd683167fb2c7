"""
Rasters as one: a file or a folder of tiles, read in windows; what is unknown is NaN, never a number.

Tiles of one system and cell size that lie on a common grid make a layer. Where tiles overlap, the first
by file name that knows a value gives it, so the order of a folder's listing changes nothing.
"""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.windows import Window

from notspot_geodata.errors import InputError, NotFoundError, Problem

Float32s = NDArray[np.float32]

SUFFIXES = (".tif", ".tiff", ".img", ".asc", ".dem", ".hgt", ".vrt", ".nc", ".grd", ".bil", ".flt", ".dt2")
SENTINELS = (
    -32768.0,
    -32767.0,
    32767.0,
    -999.0,
    -9999.0,
    -99999.0,
    65535.0,
)  # no height; with or without a key
TOO_LARGE = 1e30  # ±3.4e38, the ends of float32, and infinity
CACHE_MB = 64  # of GDAL, while something is read
OPEN_FILES = 16


@dataclass(frozen=True, slots=True)
class Tile:
    """
    One file.

    Attributes
    ----------
    transform
        Of the cells as they are handed out: rows from north to south, columns from west to east (a
        rotated raster keeps its own).
    flip
        Whether rows and columns are stored the other way round.
    nodata
        Its key; None without.
    factor, offset
        What a stored value is multiplied by, and then raised by.
    column, row
        Of its first cell in its layer.
    """

    path: Path
    crs: str | None
    transform: Affine
    width: int
    height: int
    flip: tuple[bool, bool]
    nodata: float | None
    dtype: str
    factor: float = 1.0
    offset: float = 0.0
    column: int = 0
    row: int = 0

    @property
    def rotated(self) -> bool:
        """Whether its rows do not run along an axis."""
        return bool(self.transform.b != 0 or self.transform.d != 0)


@dataclass(frozen=True, slots=True)
class Layer:
    """Tiles on one grid: `transform` is that of cell (0, 0), `crs` the one that the keys state."""

    crs: str | None
    transform: Affine
    width: int
    height: int
    tiles: tuple[Tile, ...]


def find_files(path: str | Path) -> tuple[Path, ...]:
    """The file, or the rasters in a folder and below it, by name; `NotFoundError` says what is there."""
    place = Path(path)
    if place.is_file():
        return (place,)
    if not place.is_dir():
        near = sorted(p.name for p in place.parent.iterdir())[:10] if place.parent.is_dir() else []
        there = f"{place.parent} holds {', '.join(near) or 'nothing'}" if near else "nor is its folder there"
        raise NotFoundError(f"{place}: no such file or folder. {there}")
    found = [p for p in place.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()]
    if not found:
        held = ", ".join(sorted(p.name for p in place.iterdir())[:10]) or "nothing"
        raise NotFoundError(f"{place}: no raster in this folder ({' '.join(SUFFIXES)}); it holds {held}")
    return tuple(sorted(found, key=lambda p: (p.name, str(p))))


def tile_of(path: Path, dataset: Any) -> Tile:
    """What is needed to read an open raster; `InputError` where it has no place on earth."""
    t = dataset.transform
    if t.is_identity or t.determinant == 0:
        raise InputError(
            path,
            [Problem(None, "", "has no georeference: where its cells lie is not stated")],
            hint="Give its world file (.tfw) the same name beside it, or write the position with gdal_edit.",
        )
    flip = (False, False)
    if t.b == 0 and t.d == 0:
        flip = (t.e > 0, t.a < 0)
        t = Affine(
            abs(t.a),
            0,
            t.c + min(0.0, t.a * dataset.width),
            0,
            -abs(t.e),
            t.f + max(0.0, t.e * dataset.height),
        )
    return Tile(
        path=path,
        crs=dataset.crs.to_wkt() if dataset.crs else None,
        transform=t,
        width=dataset.width,
        height=dataset.height,
        flip=flip,
        nodata=dataset.nodata,
        dtype=dataset.dtypes[0],
        factor=float(dataset.scales[0]),
        offset=float(dataset.offsets[0]),
    )


def layers_of(tiles: Sequence[Tile]) -> tuple[Layer, ...]:
    """Layers in the order of their first tile; tiles whose cells do not meet make layers of their own."""
    groups: list[list[Tile]] = []
    for tile in tiles:
        group = next((g for g in groups if _joins(g[0], tile)), None)
        if group is None:
            groups.append([tile])
        else:
            group.append(tile)
    return tuple(_layer(group) for group in groups)


class Reader:
    """Reads layers; keeps a few files open. Not for two threads at once; `close` it, or use ``with``."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, Any] = OrderedDict()
        self._process = os.getpid()

    def read(self, layer: Layer, column: int, row: int, columns: int, rows: int) -> Float32s:
        """Values, shape (rows, columns), of a window that may reach over the layer; NaN where unknown."""
        out = np.full((rows, columns), np.nan, dtype=np.float32)
        for tile in tiles_in(layer, column, row, columns, rows):
            left, top = max(column, tile.column), max(row, tile.row)
            right = min(column + columns, tile.column + tile.width)
            bottom = min(row + rows, tile.row + tile.height)
            part = out[top - row : bottom - row, left - column : right - column]
            if not (empty := np.isnan(part)).any():
                continue
            found, _ = self.values(tile, left - tile.column, top - tile.row, (bottom - top, right - left))
            part[empty] = found[empty]
        return out

    def values(
        self,
        tile: Tile,
        column: int,
        row: int,
        shape: tuple[int, int],
        thinned: tuple[int, int] | None = None,
    ) -> tuple[Float32s, tuple[float, ...]]:
        """
        Values of a window within a tile, `shape` or fewer of them (`thinned`), NaN where unknown.

        With them the values met that stand for 'unknown' although no key says so.
        """
        rows, columns = shape
        window = Window(
            tile.width - column - columns if tile.flip[1] else column,
            tile.height - row - rows if tile.flip[0] else row,
            columns,
            rows,
        )
        try:
            with rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
                raw = self._dataset(tile.path).read(1, window=window, out_shape=thinned, masked=True)
        except rasterio.errors.RasterioIOError as error:
            problem = Problem(None, "", f"cannot be read at row {row}, column {column}: {error}")
            raise InputError(
                tile.path, [problem], hint="The file is damaged or broke off: get it again."
            ) from None
        out = np.asarray(raw.data).astype(np.float32)
        unknown = np.ma.getmaskarray(raw) | ~(np.abs(out) < TOO_LARGE)
        odd: list[float] = []
        for value in SENTINELS:
            hit = (out == np.float32(value)) & ~unknown
            if hit.any():
                odd.append(value)
                unknown |= hit
        if tile.factor != 1 or tile.offset != 0:
            out = (out.astype(np.float64) * tile.factor + tile.offset).astype(np.float32)
        out[unknown] = np.nan
        turned = out[:: -1 if tile.flip[0] else 1, :: -1 if tile.flip[1] else 1]
        return np.ascontiguousarray(turned), tuple(odd)

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _dataset(self, path: Path) -> Any:
        if self._process != os.getpid():  # a forked process would share, and move, the position in open files
            self._open, self._process = OrderedDict(), os.getpid()
        if path not in self._open:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._open[path] = rasterio.open(path)
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(path)
        return self._open[path]


def tiles_in(layer: Layer, column: int, row: int, columns: int, rows: int) -> list[Tile]:
    """Tiles that a window of the layer's cells touches, by file name."""
    return [
        t
        for t in layer.tiles
        if t.column < column + columns
        and column < t.column + t.width
        and t.row < row + rows
        and row < t.row + t.height
    ]


def _joins(first: Tile, tile: Tile) -> bool:
    a, b = first.transform, tile.transform
    if first.crs != tile.crs or first.rotated or tile.rotated:
        return False
    if abs(a.a - b.a) * max(tile.width, first.width) > 0.01 * a.a:
        return False
    if abs(a.e - b.e) * max(tile.height, first.height) > 0.01 * abs(a.e):
        return False
    column, row = (b.c - a.c) / a.a, (b.f - a.f) / a.e
    return bool(abs(column - round(column)) < 0.01 and abs(row - round(row)) < 0.01)


def _layer(group: list[Tile]) -> Layer:
    a = group[0].transform
    if len(group) == 1:
        return Layer(group[0].crs, a, group[0].width, group[0].height, tuple(group))
    at = [(round((t.transform.c - a.c) / a.a), round((t.transform.f - a.f) / a.e)) for t in group]
    left, top = min(c for c, _ in at), min(r for _, r in at)
    tiles = tuple(replace(t, column=c - left, row=r - top) for t, (c, r) in zip(group, at, strict=True))
    return Layer(
        group[0].crs,
        Affine(a.a, 0, a.c + left * a.a, 0, a.e, a.f + top * a.e),
        max(t.column + t.width for t in tiles),
        max(t.row + t.height for t in tiles),
        tiles,
    )
