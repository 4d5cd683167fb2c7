"""
Millions of points, or H3 cells, as a file of tiles and the page that shows it: what is too large for one file.

At low zooms a tile holds cells with the exact numbers of points covered, not covered and unknown; from some zoom on
the points or hexagons themselves. The sums over the tiles of every zoom are those of the input.
"""

from __future__ import annotations

import gzip
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text
from notspot_geodata.whole_files import make_folder, write_whole
from notspot_maps.tiles.archive import ENDING, write_archive
from notspot_maps.tiles.cells import Cells, cell_bits, pyramid
from notspot_maps.tiles.encoding import Column, encoded
from notspot_maps.tiles.grid import BITS, Ints, Keys, coarser, degrees, positions, runs, tile_id
from notspot_maps.tiles.page import tiles_page
from notspot_maps.tiles.points import NO_WEIGHT, STATUSES, TilePoints
from notspot_maps.tiles.rings import beside, hexagons_zoom, resolutions, rings, usual_px

POINTS, HEXAGONS, BESIDE = "points", "hexagons", "hexagons_beside"  # layers of the last zoom
FIRST_POINTS, LAST_POINTS = 9, 16  # zooms between which the points themselves begin
MOST_POINTS = 40_000  # in a tile, where a nearer zoom can make them fewer
EFFORT = 5  # of gzip: 9 takes ten times as long for 2 % fewer bytes
PAGE = "index.html"

_LAYERS: dict[str, dict[str, dict[str, str]]] = {
    POINTS: {POINTS: {}},
    HEXAGONS: {
        HEXAGONS: {"description": "every hexagon once, whole, in the tile of its middle"},
        BESIDE: {
            "description": "hexagons of other tiles that reach into this one, to be drawn but not counted"
        },
    },
}

Step = Callable[[str, float], None]
Works = Iterator[
    tuple[int, Callable[[], bytes]]
]  # tiles of a zoom along the curve, and what makes their bytes


@dataclass(frozen=True, slots=True)
class WrittenTiles:
    """
    What was written.

    Attributes
    ----------
    page, archive
        The viewer, and the file of tiles beside it.
    points_zoom
        The zoom of the tiles that hold the points themselves; those before it hold cells.
    tiles
        How many tiles there are.
    metadata
        What the archive says of itself: totals by status, names.
    """

    page: Path
    archive: Path
    points_zoom: int
    tiles: int
    metadata: dict[str, Any]


def write_tiles(
    points: TilePoints,
    out: str | Path,
    *,
    title: Text | str = "",
    name: str = "points",
    page: str = PAGE,
    weight: Text | str = "",
    value: Text | str = "",
    source: Text | str = "",
    refused: int = 0,
    threads: int = 0,
    step: Step | None = None,
) -> WrittenTiles:
    """
    Write ``NAME.pmtiles`` and a page, which reads it by parts, into a folder.

    Parameters
    ----------
    points
        From `points.tile_points`, `points.tile_hexagons` or `points.Gathered`.
    out
        The folder; made if need be, other files in it stay.
    title, weight, value, source
        Words for the page: what is shown, what the weight is (people, households), what the value is with its unit,
        where the points come from.
    name, page
        Of the file of tiles, without its ending, and of the page.
    refused
        Rows of the input that are not among the points; the page says how many.
    threads
        0 is one a processor; it changes no byte.
    step
        Called with what is done, and which share of it.

    Raises
    ------
    UsageError
        There are no points, `name` or `page` is no name for a file, or the folder cannot be written into.
    """
    if not len(points):
        raise UsageError("there are no points to make tiles of")
    for each in (name, page):
        if not each or Path(each).name != each or each.startswith("."):
            raise UsageError(f"{each!r} is no name for a file")
    folder = Path(out)
    make_folder(folder)
    zoom = points_zoom(points)
    metadata = _metadata(points, zoom, _text(title), _text(weight), _text(value), _text(source), refused)
    archive, viewer = folder / f"{name}{ENDING}", folder / page
    levels = pyramid(points, zoom)
    bounds = _bounds(points)
    count = write_archive(
        archive,
        _tiles(points, levels, zoom, threads or os.cpu_count() or 1, step),
        bounds=bounds,
        centre=((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, min(7, zoom)),
        metadata=metadata,
    )
    write_whole(viewer, tiles_page(archive.name, _text(title)))
    return WrittenTiles(viewer, archive, zoom, count, metadata)


def points_zoom(points: TilePoints) -> int:
    """
    The first zoom whose fullest tile holds at most `MOST_POINTS`, within bounds; with H3 cells as in `hexagons_zoom`.
    """
    if points.h3 is not None:
        return hexagons_zoom(points, MOST_POINTS, LAST_POINTS)
    for zoom in range(FIRST_POINTS, LAST_POINTS):
        if np.diff(runs(coarser(points.keys, BITS, zoom))).max(initial=0) <= MOST_POINTS:
            return zoom
    return LAST_POINTS


# ------------------------------------------------------------------ tiles


def _tiles(
    points: TilePoints, levels: list[Cells], last: int, threads: int, step: Step | None
) -> Iterator[tuple[int, bytes]]:
    """All tiles, rising; encoded and compressed by threads, few of them in memory at a time."""
    waiting: deque[tuple[int, Future[bytes]]] = deque()
    done, total = 0, sum(len(level) for level in levels) + len(points)
    with ThreadPoolExecutor(threads) as pool:
        for zoom in range(last + 1):
            if zoom < last:
                works = _cell_tiles(levels[zoom], zoom, points)
            else:
                works = _point_tiles(points, zoom) if points.h3 is None else _hexagon_tiles(points, zoom)
            for tile, work in works:
                waiting.append((tile_id(zoom, tile), pool.submit(work)))
                if len(waiting) > 4 * threads:
                    number, ready = waiting.popleft()
                    yield number, ready.result()
            done += len(levels[zoom]) if zoom < last else len(points)
            if step is not None:
                step(f"zoom {zoom}", done / total)
        while waiting:
            number, ready = waiting.popleft()
            yield number, ready.result()


def _cell_tiles(cells: Cells, zoom: int, points: TilePoints) -> Works:
    for tile, part in _parts(coarser(cells.keys, cells.bits, zoom)):
        yield tile, partial(_of_cells, cells, part, zoom, points)


def _point_tiles(points: TilePoints, zoom: int) -> Works:
    for tile, part in _parts(coarser(points.keys, BITS, zoom)):
        yield tile, partial(_of_points, points, part, zoom)


def _hexagon_tiles(points: TilePoints, zoom: int) -> Works:
    """Tiles that hold the middle of a hexagon, and those that one reaches into."""
    owned = coarser(points.keys, BITS, zoom)
    reached, rows = beside(points, zoom)
    tiles = np.union1d(owned, reached)
    cuts = [np.searchsorted(keys, tiles, side) for keys in (owned, reached) for side in ("left", "right")]
    for tile, start, end, first, after in zip(tiles.tolist(), *(each.tolist() for each in cuts), strict=True):
        yield tile, partial(_of_hexagons, points, np.arange(start, end), rows[first:after], zoom, tile)


def _parts(tiles: Keys) -> Iterator[tuple[int, slice]]:
    """Each of the sorted tiles, and its rows."""
    begins = runs(tiles)
    for tile, start, end in zip(
        tiles[begins[:-1]].tolist(), begins[:-1].tolist(), begins[1:].tolist(), strict=True
    ):
        yield tile, slice(start, end)


def _of_cells(cells: Cells, part: slice, zoom: int, points: TilePoints) -> bytes:
    side = cell_bits(zoom)
    x, y = positions(cells.keys[part], cells.bits)
    corner = (1 << side) - 1
    columns = [Column(status, cells.counts[part, at]) for at, status in enumerate(STATUSES)]
    if cells.weights is not None:
        columns += [
            Column(f"weight_{status}", _of_parts(cells.weights[part, at], points.weight_parts))
            for at, status in enumerate(STATUSES)
        ]
    if cells.value_sum is not None and cells.value_count is not None:
        columns += [
            Column("value_sum", cells.value_sum[part]),
            Column("value_count", cells.value_count[part]),
        ]
    if cells.by_operator is not None:
        columns += [
            Column(f"by:{operator}", cells.by_operator[part, at])
            for at, operator in enumerate(points.operators)
        ]
    # the middle of a cell, in halves of its side
    return _packed(encoded("cells", 2 * (x & corner) + 1, 2 * (y & corner) + 1, 2 << side, columns))


def _of_points(points: TilePoints, part: slice, zoom: int) -> bytes:
    x, y = positions(points.keys[part])
    extent = 1 << (BITS - zoom)
    return _packed(encoded(POINTS, x & (extent - 1), y & (extent - 1), extent, _facts(points, part)))


def _of_hexagons(points: TilePoints, owned: Ints, others: Ints, zoom: int, tile: int) -> bytes:
    """A layer of the hexagons that the tile owns, and one of those that reach into it."""
    assert points.h3 is not None
    extent = 1 << (BITS - zoom)
    column, row = (int(each[0]) for each in positions(np.array([tile], np.uint64), zoom))
    layers = []
    for layer, rows in ((HEXAGONS, owned), (BESIDE, others)):
        if not len(rows):
            continue
        rows = rows[np.argsort(resolutions(points.h3[rows]), kind="stable")]  # small ones upon large ones
        outline = rings(points.h3[rows], positions(points.keys[rows])[0])
        x, y = outline.x - column * extent, outline.y - row * extent
        layers.append(encoded(layer, x, y, extent, _facts(points, rows), outline.starts))
    return _packed(b"".join(layers))


def _facts(points: TilePoints, part: slice | Ints) -> list[Column]:
    """What is known of single points."""
    columns = [Column("status", points.status[part], STATUSES)]
    if points.weight is not None:
        weight = points.weight[part]
        has = weight != NO_WEIGHT
        columns.append(Column("weight", _of_parts(weight, points.weight_parts), has=has))
    if points.value is not None:
        value = points.value[part].astype(np.float64)
        columns.append(Column("value", value, has=np.isfinite(value)))
    if points.mask is not None:
        columns.append(_operators(points.mask[part], points.operators))
    if points.h3 is not None:
        different, which = np.unique(points.h3[part], return_inverse=True)
        columns.append(Column("h3", which.astype(np.int64), hexagons.names(different)))
    return columns


def _operators(mask: Any, names: Sequence[str]) -> Column:
    """Who covers each point, as text."""
    different, which = np.unique(mask, return_inverse=True)
    texts = [";".join(name for k, name in enumerate(names) if one >> k & 1) for one in different.tolist()]
    return Column("operators", which.astype(np.int64), texts)


def _of_parts(weight: Any, parts: int) -> Any:
    return weight if parts == 1 else weight / parts


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, EFFORT, mtime=0)


# ------------------------------------------------------------------ what the archive says of itself


def _metadata(
    points: TilePoints, zoom: int, title: Text, weight: Text, value: Text, source: Text, refused: int
) -> dict[str, Any]:
    weights = points.weights()
    said: dict[str, Any] = {
        "version": 1,
        "title": [title.zh, title.en],
        "source": [source.zh, source.en],
        "points_zoom": zoom,
        "cells": [1 << cell_bits(z) for z in range(zoom)],  # across a tile, by zoom
        "points": len(points),
        "counts": dict(zip(STATUSES, points.counts(), strict=True)),
        "refused": refused,
    }
    if points.h3 is not None:
        numbers = np.bincount(resolutions(points.h3), minlength=16).tolist()
        said["hexagons"] = {
            "resolutions": {str(at): n for at, n in enumerate(numbers) if n},
            "width": round(usual_px(points, zoom), 2),  # of the usual one, in the 512 pixels of a tile
            "owner": "the tile of the middle",
        }
    if weights is not None:
        said["weight"] = {
            "name": [weight.zh or "權重", weight.en or "weight"],
            "sums": dict(zip(STATUSES, _plain(weights, points.weight_parts), strict=True)),
            "missing": points.without_weight(),
        }
    if points.value is not None:
        said["value"] = {"name": [value.zh or "數值", value.en or "value"]}
    if points.operators:
        said["operators"] = list(points.operators)
    cells, single = dict.fromkeys(STATUSES, "Number"), {"status": "String"}  # what GDAL lets its users see
    if points.weight is not None:
        cells |= dict.fromkeys((f"weight_{status}" for status in STATUSES), "Number")
        single["weight"] = "Number"
    if points.value is not None:
        cells |= {"value_sum": "Number", "value_count": "Number"}
        single["value"] = "Number"
    if points.operators:
        cells |= dict.fromkeys((f"by:{operator}" for operator in points.operators), "Number")
        single["operators"] = "String"
    if points.h3 is not None:
        single["h3"] = "String"
    layers = [] if zoom == 0 else [{"id": "cells", "minzoom": 0, "maxzoom": zoom - 1, "fields": cells}]
    for layer, words in _LAYERS[POINTS if points.h3 is None else HEXAGONS].items():
        layers.append({"id": layer, **words, "minzoom": zoom, "maxzoom": zoom, "fields": single})
    return {
        "name": title.en or title.zh,
        "description": source.en or source.zh,
        "generator": "Notspot",
        "vector_layers": layers,
        "notspot": said,
    }


def _plain(weights: list[int], parts: int) -> list[float]:
    return [each if parts == 1 else each / parts for each in weights]


def _bounds(points: TilePoints) -> tuple[float, float, float, float]:
    west = north = float("inf")
    east = south = float("-inf")
    for start in range(0, len(points), 1 << 20):
        x, y = positions(points.keys[start : start + (1 << 20)])
        west, east = min(west, x.min()), max(east, x.max())
        north, south = min(north, y.min()), max(south, y.max())
    lon, lat = degrees(np.array([west, east + 1]), np.array([south + 1, north]), BITS)
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def _text(words: Text | str) -> Text:
    return words if isinstance(words, Text) else Text.of(words)
