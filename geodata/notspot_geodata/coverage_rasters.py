"""
Rasters of coverage or of people, looked at before a cell is counted: where they lie, what they hold, what
is unknown in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from notspot_geodata import crs as systems
from notspot_geodata import places
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.quantities import threshold_problem, threshold_remark, value_problem
from notspot_geodata.raster_sample import Sample
from notspot_geodata.raster_tiles import TOO_LARGE, Layer, Tile, tile_of
from notspot_geodata.terrain_checks import layer_bounds, short_name, split_crs, survey
from notspot_geodata.text import Text

GRID = "EPSG:3826"  # that coverage is counted on
HUGE = 1e19  # 1e20 and 3.4e38 are written where there is nothing
THINNED = 2_000  # cells a side, where single values are looked for
LOOKED = 24  # points a side, whether a raster reaches Taiwan at all
PEOPLE = "people"
_HINT = "Correct the file, or what the study says of it."


@dataclass(frozen=True, slots=True)
class CoverageRaster:
    """
    What was found.

    Attributes
    ----------
    crs
        The system that its cells are in, ``EPSG:…`` or WKT; not always the one that the file states.
    unknown
        Share of the cells without a value, 0 to 1.
    lowest, highest
        The extremes that were met.
    notes
        What was concluded, a sentence each.
    """

    path: Path
    crs: str
    unknown: float
    lowest: float
    highest: float
    notes: tuple[Text, ...]


def check_raster(
    path: str | Path, quantity: str, at_least: float | None = None, *, crs: Any = None
) -> CoverageRaster:
    """
    Check a raster of one band.

    Parameters
    ----------
    quantity
        A key of `quantities.LIMITS`, or `PEOPLE` for a surface of people (values at least 0).
    at_least
        The threshold that it will be asked for.
    crs
        Its system, where the file states none or a wrong one.

    Raises
    ------
    InputError
        With everything that is wrong: no system, a picture, values or a threshold that cannot be of the quantity,
        numbers such as -9999 that no nodata key explains, cells that lie outside Taiwan.
    """
    path = Path(path)
    problems: list[Problem] = []
    keyless: list[Tile] = []
    upside: list[Tile] = []

    def prepared(file: Path, dataset: Any) -> Tile:
        if found := _no_band_of_values(dataset):
            raise InputError(file, [Problem(None, "", found)], hint=_HINT)
        if dataset.crs is None and crs is None:
            raise InputError(
                file,
                [Problem(None, "", "states no coordinate system, so nobody can say where its cells lie")],
                hint='Say it in the study, such as crs = "EPSG:3826", or write it into the file.',
            )
        tile = tile_of(file, dataset)
        if tile.flip[0]:
            upside.append(tile)
        if tile.nodata is None and not _has_mask(dataset):
            keyless.append(tile)
        return replaced(tile, crs=split_crs(tile.crs)[0])

    try:
        found = survey(path, prepared, crs=crs)
    except InputError as error:
        hint = error.hint.replace("the terrain", "the raster").replace(
            "--dem-crs EPSG:3826", 'crs = "EPSG:3826"'
        )
        raise InputError(path, [_of_rasters(p) for p in error.problems], hint=hint) from error
    if len(found.parts) > 1:
        raise InputError(
            path, [Problem(None, "", f"holds {len(found.parts)} different grids; one is needed")]
        )
    part, sample = found.parts[0], found.samples[0]
    notes = _notes(path.name, part.crs, sample, upside, keyless)
    notes += [Text(note, note) for note in found.notes if "read as" in note or "as that it is read" in note]
    odd = _sentinels(sample, keyless)
    if odd:
        problems.append(_unmarked(path.name, odd, part.layer.tiles[0].nodata))
    usable = not any(abs(value) >= HUGE for value in (sample.lowest, sample.highest))
    why = ""
    if usable:
        why = _people_problem(sample) if quantity == PEOPLE else _values(quantity, sample)
    if why:
        problems.append(Problem(None, "values", why, f"{sample.lowest:g} to {sample.highest:g}"))
    if at_least is not None and quantity != PEOPLE:
        wrong = threshold_problem(quantity, at_least)
        if wrong:
            problems.append(Problem(None, "at_least", wrong, f"{at_least:g}"))
        elif usable and not why:
            remark = threshold_remark(quantity, at_least, sample.lowest, sample.highest)
            notes += [_named(path.name, remark)] if remark else []
    if not _reaches_taiwan(part.layer, part.crs):
        problems.append(Problem(None, "", _elsewhere(part.layer, part.crs)))
    if problems:
        raise InputError(path, problems, hint=_HINT)
    return CoverageRaster(path, part.crs, sample.unknown, sample.lowest, sample.highest, tuple(notes))


# ------------------------------------------------------------------ what the file is


def _no_band_of_values(dataset: Any) -> str:
    """Why an open raster is not one band of values; "" where it is."""
    kinds = set(dataset.colorinterp)
    if dataset.count == 0:
        return (
            f"holds several rasters and is none itself: convert one of {', '.join(dataset.subdatasets[:4])}"
        )
    if {ColorInterp.red, ColorInterp.green, ColorInterp.blue} & kinds:
        return f"is a picture: {dataset.count} bands of colour; values are needed, not their colours"
    if ColorInterp.palette in kinds:
        return "is a map of classes: its values have a colour table"
    if dataset.count - (ColorInterp.alpha in kinds) != 1:
        return (
            f"has {dataset.count} bands; one is needed, so write the one that is meant into a file of its own"
        )
    if "complex" in dataset.dtypes[0]:
        return f"holds complex numbers ({dataset.dtypes[0]})"
    return ""


def _has_mask(dataset: Any) -> bool:
    """Whether the file says in another way than by a key which cells are unknown."""
    return rasterio.enums.MaskFlags.all_valid not in dataset.mask_flag_enums[0]


def _of_rasters(problem: Problem) -> Problem:
    message = problem.message.replace("--dem-crs", "crs")
    return replaced(problem, message=message)


# ------------------------------------------------------------------ what it holds


def _notes(
    name: str, crs: str, sample: Sample, upside: Sequence[Tile], keyless: Sequence[Tile]
) -> list[Text]:
    notes = []
    if systems.code_of(crs) != GRID:
        label = short_name(crs)
        notes.append(
            Text(f"座標系統為 {label}，重投影至 {GRID} 計算。", f"is in {label} and reprojected to {GRID}.")
        )
    if upside:
        notes.append(
            Text(
                "列由南向北儲存（上下顛倒），讀取時已翻正。",
                "its rows run from south to north (upside down); they are turned when it is read.",
            )
        )
    if keyless and not sample.unknown:
        notes.append(
            Text(
                "未標示無資料值（nodata），每一格均視為已知。",
                "has no nodata key: every cell counts as known.",
            )
        )
    if sample.unknown > 0:
        share = f"{sample.unknown:.1%}"
        notes.append(
            Text(
                f"約 {share} 之格無資料，計為未知。",
                f"about {share} of the cells hold no value and count as unknown.",
            )
        )
    return [_named(name, note) for note in notes]


def _named(name: str, note: Text) -> Text:
    return Text(f"{name}：{note.zh}", f"{name}: {note.en}")


def _sentinels(sample: Sample, keyless: Sequence[Tile]) -> list[float]:
    """Numbers that stand for 'unknown' without a key that says so."""
    found = list(sample.sentinels)
    found += [v for v in (sample.lowest, sample.highest) if HUGE <= abs(v) < TOO_LARGE]
    if sample.unknown > 0:  # NaN says so itself, but the ends of float32 do not
        found += [v for tile in keyless for v in _endless(tile.path)]
    return sorted(set(found))


def _unmarked(name: str, odd: Sequence[float], key: float | None) -> Problem:
    said = ", ".join(f"{value:g}" for value in odd)
    has = "has no nodata key" if key is None else f"its nodata key is {key:g}"
    hint = f"Write the key: gdal_edit.py -a_nodata {odd[0]:g} {name}"
    if key is not None or len(odd) > 1:
        hint = "Give all of them one number, and name it as the key"
    return Problem(None, "nodata", f"holds {said} and {has}: these cells would count as known. {hint}", said)


def _endless(path: Path) -> list[float]:
    """Values beyond `TOO_LARGE` in a thinned reading."""
    with rasterio.open(path) as dataset:
        shape = min(dataset.height, THINNED), min(dataset.width, THINNED)
        values = dataset.read(1, out_shape=shape).astype(np.float64)
    return [float(f"{v:.3g}") for v in np.unique(values[np.abs(values) >= TOO_LARGE])[:2]]


def _values(quantity: str, sample: Sample) -> str:
    return value_problem(quantity, sample.lowest, sample.highest, sample.kinds)


def _people_problem(sample: Sample) -> str:
    if sample.lowest < 0:
        return f"holds {sample.lowest:g} people in a cell; is a number meant as nodata?"
    if sample.highest == 0:
        return "holds 0 people in every cell that was looked at"
    return ""


def _reaches_taiwan(layer: Layer, crs: str) -> bool:
    """Whether any of a grid of places spread over the raster is near Taiwan, or Taiwan within it."""
    at = (np.arange(LOOKED) + 0.5) / LOOKED
    u, v = (grid.ravel() for grid in np.meshgrid(at * layer.width, at * layer.height))
    t = layer.transform
    xy: NDArray[np.float64] = np.column_stack([t.c + u * t.a + v * t.b, t.f + u * t.d + v * t.e])
    with np.errstate(invalid="ignore"):
        lonlat = systems.to_lonlat(xy, crs)
    lonlat = lonlat[np.isfinite(lonlat).all(axis=1)]
    if not len(lonlat):
        return False
    if places.near_taiwan(lonlat).any():
        return True
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    return bool(west < 120.9 < east and south < 23.8 < north)  # coarse, and around the middle of Taiwan


def _elsewhere(layer: Layer, crs: str) -> str:
    west, south, east, north = layer_bounds(layer)
    corners = systems.to_lonlat(np.array([[west, south], [east, north]]), crs)
    (a, b), (c, d) = corners
    return (
        f"lies outside Taiwan: {b:.3f} to {d:.3f}° N, {a:.3f} to {c:.3f}° E, read as {short_name(crs)}; "
        "is the coordinate system right?"
    )
