"""
Rasters as one: a file or a folder of tiles, read in windows; what is unknown is NaN, never a number.

Tiles of one system and cell size that lie on a common grid make a layer. Where tiles overlap, the first
by file name that knows a value gives it, so the order of a folder's listing changes nothing.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from notspot_geodata.errors import InputError, NotFoundError, Problem

Float32s = NDArray[np.float32]
Look = tuple[NDArray[np.float64], Float32s, int, tuple[float, ...]]  # places, values, cells, odd values

SUFFIXES = (".tif", ".tiff", ".img", ".asc", ".dem", ".hgt", ".vrt", ".nc", ".grd", ".bil", ".flt", ".dt2")
SENTINELS = (-32768.0, -32767.0, 32767.0, -9999.0, -99999.0, 65535.0)  # no height; with or without a key
TOO_LARGE = 1e30  # ±3.4e38, the ends of float32, and infinity
CACHE_MB = 64  # of GDAL, while something is read
OPEN_FILES = 16
SAMPLE_TILES = 64  # looked into when a folder is opened
WHOLE_CELLS = 16_000_000  # together: so much is read whole, of more only blocks
BLOCK, BLOCKS = 32, 256  # cells a side, and how many of them in all


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
        return self.transform.b != 0 or self.transform.d != 0


@dataclass(frozen=True, slots=True)
class Layer:
    """Tiles on one grid: `transform` is that of cell (0, 0), `crs` the one that the keys state."""

    crs: str | None
    transform: Affine
    width: int
    height: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """
    A look at a layer: the whole of a small one, blocks spread over a large one.

    Attributes
    ----------
    xy
        Shape (n, 2): places of the cells that are known, in the layer's system.
    values
        Shape (n,), after factor and offset.
    unknown
        Share of cells that are unknown, 0 to 1.
    sentinels
        Values met that stand for 'unknown' although no key says so.
    """

    xy: NDArray[np.float64]
    values: Float32s
    unknown: float
    sentinels: tuple[float, ...]


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

    def read(self, layer: Layer, column: int, row: int, columns: int, rows: int) -> Float32s:
        """Values, shape (rows, columns), of a window that may reach over the layer; NaN where unknown."""
        out = np.full((rows, columns), np.nan, dtype=np.float32)
        with rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
            for tile in tiles_in(layer, column, row, columns, rows):
                left, top = max(column, tile.column), max(row, tile.row)
                right = min(column + columns, tile.column + tile.width)
                bottom = min(row + rows, tile.row + tile.height)
                part = out[top - row : bottom - row, left - column : right - column]
                if not (empty := np.isnan(part)).any():
                    continue
                found, _ = self._values(
                    tile, left - tile.column, top - tile.row, (bottom - top, right - left)
                )
                part[empty] = found[empty]
        return out

    def sample(self, layer: Layer) -> Sample:
        """At most `SAMPLE_TILES` tiles; where there is nothing in the blocks, every cell is looked at."""
        tiles = layer.tiles[:: -(-len(layer.tiles) // SAMPLE_TILES)]
        looked = [look for tile in tiles for look in self._look(tile, len(tiles))]
        if not any(len(values) for _, values, _, _ in looked):
            looked = [look for tile in layer.tiles for look in self._strips(tile)]
        cells = sum(count for _, _, count, _ in looked)
        known = sum(len(values) for _, values, _, _ in looked)
        return Sample(
            np.concatenate([xy for xy, _, _, _ in looked]),
            np.concatenate([values for _, values, _, _ in looked]),
            1 - known / cells,
            tuple(sorted({s for _, _, _, found in looked for s in found})),
        )

    def unknown_cells(self, layer: Layer, every: float) -> Iterator[NDArray[np.float64]]:
        """Places without a value, shape (n, 2), tile by tile, of about each `every`-th cell both ways."""
        for tile in layer.tiles:
            shape = max(1, round(tile.height / every)), max(1, round(tile.width / every))
            with rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
                values, _ = self._values(tile, 0, 0, (tile.height, tile.width), shape)
            hollow = np.where(np.isnan(values), np.float32(0), np.float32(np.nan))
            yield _known(tile, hollow, 0, 0, (tile.height, tile.width))[0]

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _dataset(self, path: Path) -> Any:
        if path not in self._open:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._open[path] = rasterio.open(path)
            if len(self._open) > OPEN_FILES:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(path)
        return self._open[path]

    def _values(
        self,
        tile: Tile,
        column: int,
        row: int,
        shape: tuple[int, int],
        out_shape: tuple[int, int] | None = None,
    ) -> tuple[Float32s, tuple[float, ...]]:
        rows, columns = shape
        window = Window(
            tile.width - column - columns if tile.flip[1] else column,
            tile.height - row - rows if tile.flip[0] else row,
            columns,
            rows,
        )
        try:
            raw = self._dataset(tile.path).read(1, window=window, out_shape=out_shape, masked=True)
        except rasterio.errors.RasterioIOError as error:
            problem = Problem(None, "", f"cannot be read at row {row}, column {column}: {error}")
            raise InputError(
                tile.path, [problem], hint="The file is damaged or broke off: get it again."
            ) from None
        out = np.asarray(raw.data).astype(np.float32)
        unknown = np.ma.getmaskarray(raw) | ~(np.abs(out) < TOO_LARGE)
        odd = tuple(
            s for s in SENTINELS if (hit := (out == np.float32(s)) & ~unknown).any() and _mark(unknown, hit)
        )
        if tile.factor != 1 or tile.offset != 0:
            out = (out.astype(np.float64) * tile.factor + tile.offset).astype(np.float32)
        out[unknown] = np.nan
        return np.ascontiguousarray(out[:: -1 if tile.flip[0] else 1, :: -1 if tile.flip[1] else 1]), odd

    def _look(self, tile: Tile, tiles: int) -> Iterator[Look]:
        if tile.width * tile.height <= WHOLE_CELLS / tiles:
            yield from self._strips(tile)
            return
        side = max(2, int(sqrt(BLOCKS / tiles)))
        rows, columns = min(tile.height, BLOCK), min(tile.width, BLOCK)
        for row in np.linspace(0, tile.height - rows, side).astype(int):
            for column in np.linspace(0, tile.width - columns, side).astype(int):
                yield self._piece(tile, int(column), int(row), (rows, columns))

    def _strips(self, tile: Tile) -> Iterator[Look]:
        """Every cell of a tile, a strip at a time."""
        strip = max(1, 4_000_000 // tile.width)
        for row in range(0, tile.height, strip):
            yield self._piece(tile, 0, row, (min(strip, tile.height - row), tile.width))

    def _piece(self, tile: Tile, column: int, row: int, shape: tuple[int, int]) -> Look:
        with rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
            values, odd = self._values(tile, column, row, shape)
        return (*_known(tile, values, column, row, shape), values.size, odd)


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


def _mark(unknown: NDArray[np.bool_], hit: NDArray[np.bool_]) -> bool:
    unknown |= hit
    return True


def _known(
    tile: Tile, values: Float32s, column: int, row: int, shape: tuple[int, int]
) -> tuple[NDArray[np.float64], Float32s]:
    rows, columns = np.nonzero(np.isfinite(values))
    px = column + (columns + 0.5) * (shape[1] / values.shape[1])
    py = row + (rows + 0.5) * (shape[0] / values.shape[0])
    t = tile.transform
    xy = np.column_stack([t.c + px * t.a + py * t.b, t.f + px * t.d + py * t.e])
    return xy, values[rows, columns]


def _joins(first: Tile, tile: Tile) -> bool:
    a, b = first.transform, tile.transform
    if first.crs != tile.crs or first.rotated or tile.rotated:
        return False
    if abs(a.a - b.a) * max(tile.width, first.width) > 0.01 * a.a:
        return False
    if abs(a.e - b.e) * max(tile.height, first.height) > 0.01 * abs(a.e):
        return False
    column, row = (b.c - a.c) / a.a, (b.f - a.f) / a.e
    return abs(column - round(column)) < 0.01 and abs(row - round(row)) < 0.01


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
