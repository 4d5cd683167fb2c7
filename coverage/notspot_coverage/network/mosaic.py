"""
Parts into rasters: the layers of a network, strip by strip, as Cloud-Optimized GeoTIFF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.windows import Window

from notspot_coverage.network.part import NOBODY, Tally, open_part, read_rows

BLOCK = 512  # of the tiles in a file
CACHE_BYTES = 64_000_000  # for GDAL, whose own choice is a share of the machine
NO_COUNT = 65535
ALL, RSRP, LEVEL = "all", "rsrp_dbm", "level_dbm"
BYTES_OF_CELL = 14 + 16  # of a strip: a tally, and what is derived from it

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layer:
    """One raster: its file name, type, value for unknown, and what it tells."""

    name: str
    dtype: str
    nodata: float
    tells: str


def layers_of(groups: Sequence[tuple[str, str]], model: str, level: dict[str, str]) -> dict[str, list[Layer]]:
    """
    The rasters of all technologies (key ``all``), of each (``LTE``), and of each and operator (``LTE/operator``).

    `level` names what is measured by technology: ``rsrp_dbm`` or ``level_dbm``. Only levels of the same kind
    can be compared: ``all`` is made of those with RSRP, or where no level is given of all.
    """
    out: dict[str, list[Layer]] = {}
    for technology in _technologies(groups, level):
        operators = [o for t, o in groups if t == technology]
        for operator in ["", *operators]:
            stem = slug(technology) + (f"_{slug(operator)}" if operator else "")
            who = f"{technology if technology != ALL else 'all technologies'}, {operator or 'all operators'}"
            made = [
                Layer(f"{stem}_servers", "uint16", NO_COUNT, f"number of sites above the threshold; {who}")
            ]
            if model == "p1812":
                unit = level.get(technology, RSRP)
                made = [
                    Layer(f"{stem}_best_{unit}", "float32", float("nan"), f"strongest level, dBm; {who}"),
                    Layer(f"{stem}_best_server", "int32", -1, f"number in sites.csv of the strongest; {who}"),
                    *made,
                    Layer(
                        f"{stem}_probability", "float32", float("nan"),
                        f"share of places in the cell where the threshold is met, 0 to 1; {who}",
                    ),
                ]  # fmt: skip
            else:
                tells = {
                    "line-of-sight": "line of sight only, not a coverage prediction: 0 hidden, 1 visible, 2 with the "
                    "first Fresnel zone free",
                    "disk": "the crude model, a circle without terrain: 1 within the radius",
                }[model]
                made = [Layer(f"{stem}_{slug(model)}", "uint8", 255, f"{tells}; {who}"), *made]
            if not operator:
                made.append(
                    Layer(f"{stem}_operators", "uint16", NO_COUNT, f"operators that serve; {technology}")
                )
            out[f"{technology}/{operator}" if operator else technology] = made
    return out


def mosaic(
    parts: Sequence[Path],
    groups: Sequence[tuple[str, str]],
    layers: dict[str, list[Layer]],
    folder: Path,
    *,
    cell_m: float,
    crs: str,
    memory_bytes: int,
) -> list[Path]:
    """
    Reduce part files to one raster a layer in `folder`; the paths, in order.

    Memory is bounded by the height of the strips; the result does not depend on it.
    """
    boxes = {path: open_part(path)[0] for path in parts}
    top = min(b[0] for b in boxes.values())
    left = min(b[1] for b in boxes.values())
    bottom = max(b[0] + b[2] for b in boxes.values())
    right = max(b[1] + b[3] for b in boxes.values())
    width, height = right - left, bottom - top
    rows = int(memory_bytes / (width * BYTES_OF_CELL * (len(groups) + 1)))
    rows = max(min(rows // BLOCK * BLOCK, height), 64 if rows < BLOCK else BLOCK)
    profile = {
        "driver": "GTiff", "width": width, "height": height, "count": 1, "crs": crs, "tiled": True,
        "blockxsize": BLOCK, "blockysize": BLOCK, "BIGTIFF": "IF_SAFER", "compress": "LZW",
        "transform": rasterio.Affine(cell_m, 0, left * cell_m, 0, -cell_m, -top * cell_m),
    }  # fmt: skip
    raw = {name: [folder / f"{layer.name}.raw.tif" for layer in made] for name, made in layers.items()}
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), ExitStack() as stack:
        opened: dict[str, list[Any]] = {
            name: [
                stack.enter_context(
                    rasterio.open(path, "w", dtype=layer.dtype, nodata=layer.nodata, **profile)
                )
                for path, layer in zip(raw[name], made, strict=True)
            ]
            for name, made in layers.items()
        }
        for first in range(top, bottom, rows):
            last = min(first + rows, bottom)
            tallies = _strip(boxes, first, last, left, width, len(groups))
            for name, arrays in _values(tallies, groups, layers):
                for file, array in zip(opened[name], arrays, strict=True):
                    file.write(array, 1, window=Window(0, first - top, width, last - first))
    out = []
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
        for name, made in layers.items():
            for path, layer in zip(raw[name], made, strict=True):
                out.append(_optimize(path, folder / f"{layer.name}.tif", layer))
        return out


def slug(name: str) -> str:
    """A file name's part: letters of any script and digits, the rest as `-`."""
    return re.sub(r"[^\w]+", "-", name.strip().lower()).strip("-_") or "unnamed"


def _strip(
    boxes: dict[Path, Box], first: int, last: int, left: int, width: int, groups: int
) -> list[Tally | None]:
    tallies: list[Tally | None] = [None] * groups
    for path, box in boxes.items():
        if box[0] >= last or box[0] + box[2] <= first:
            continue
        for group, a, b, column, found in read_rows(path, first, last):
            whole = tallies[group]
            if whole is None:
                whole = tallies[group] = Tally.empty(last - first, width)
            columns = slice(column - left, column - left + found.best.shape[1])
            whole.rows(slice(a - first, b - first), columns).add(found)
    return tallies


def _values(
    tallies: list[Tally | None], groups: Sequence[tuple[str, str]], layers: dict[str, list[Layer]]
) -> Iterator[tuple[str, list[Any]]]:
    """Arrays of the layers of each key that have something in this strip."""
    merged = {t for t, _ in groups if not any(x.name.endswith(f"_best_{LEVEL}") for x in layers[t])}
    for technology in (key for key in layers if "/" not in key):
        whole: Tally | None = None
        serving: dict[str, Any] = {}
        for (t, operator), tally in zip(groups, tallies, strict=True):
            if tally is None or not (t == technology or (technology == ALL and t in merged)):
                continue
            if t == technology:
                yield f"{t}/{operator}", _arrays(tally, layers[f"{t}/{operator}"])
            if whole is None:
                whole = Tally.empty(*tally.best.shape)
            whole.add(tally)
            serving[operator] = serving.get(operator, False) | (tally.servers > 0)
        if whole is not None:
            arrays = _arrays(whole, layers[technology][:-1])
            operators = sum(served.astype(np.uint16) for served in serving.values())
            counted = np.where(np.isneginf(whole.best), np.uint16(NO_COUNT), operators)
            yield technology, [*arrays, counted]


def _technologies(groups: Sequence[tuple[str, str]], level: dict[str, str]) -> list[str]:
    found = list(dict.fromkeys(t for t, _ in groups))
    return [*([ALL] if any(level[t] == RSRP for t in found) else []), *found]


def _arrays(tally: Tally, layers: Sequence[Layer]) -> list[Any]:
    unknown = np.isneginf(tally.best)
    out: list[Any] = []
    for layer in layers:
        if layer.name.endswith("_servers"):
            out.append(np.where(unknown, np.uint16(NO_COUNT), tally.servers))
        elif layer.name.endswith("_best_server"):
            out.append(np.where(unknown | (tally.server == NOBODY), np.int32(-1), tally.server))
        elif layer.name.endswith("_probability"):
            out.append(np.where(unknown, np.float32(np.nan), tally.probability))
        elif layer.dtype == "uint8":
            out.append(np.where(unknown, 255, np.where(unknown, 0, tally.best)).astype(np.uint8))
        else:
            out.append(np.where(unknown, np.float32(np.nan), tally.best))
    return out


def _optimize(raw: Path, target: Path, layer: Layer) -> Path:
    with rasterio.open(raw, "r+") as file:
        file.update_tags(1, DESCRIPTION=layer.tells)
        file.set_band_description(1, layer.tells)
    rasterio.shutil.copy(
        raw, target, driver="COG", COMPRESS="DEFLATE", LEVEL=6, BLOCKSIZE=BLOCK, BIGTIFF="IF_SAFER",
        PREDICTOR="FLOATING_POINT" if layer.dtype == "float32" else "STANDARD", RESAMPLING="NEAREST",
        OVERVIEW_RESAMPLING="NEAREST", NUM_THREADS=1,
    )  # fmt: skip
    raw.unlink()
    return target
