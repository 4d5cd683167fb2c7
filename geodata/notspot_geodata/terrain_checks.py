"""
Is it a terrain model, in which system, and in which unit? Judged before a height is used.

What a file states is believed where it can be true. Where it cannot, the numbers decide if only one
answer fits them, and a note says so; else an error says what to pass.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import ColorInterp

from notspot_geodata import crs as systems
from notspot_geodata import places
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.filekind import html_page
from notspot_geodata.raster_sample import Sample, look
from notspot_geodata.raster_tiles import Layer, Reader, Tile, find_files, layers_of, tile_of

HIGHEST_M = 9_000.0  # Everest is 8,849 m
LOWEST_M = -12_000.0  # the deepest trench is 10,935 m deep
HIGHEST_IN_TAIWAN_M = 3_952.0  # Yushan
TOO_HIGH_M = 1.05 * HIGHEST_IN_TAIWAN_M  # on land of Taiwan: looks like feet
ON_LAND_KM = 1.0  # the coast of the reference is generalised
FITS, FITS_NOT = 0.8, 0.2  # share of land cells that fall on land in the right system and in a wrong one

FOOT_M = 0.3048  # international foot, exact
SURVEY_FOOT_M = 1200 / 3937  # US survey foot, exact
UNITS = {
    "m": 1.0,
    "metre": 1.0,
    "metres": 1.0,
    "meter": 1.0,
    "meters": 1.0,
    "ft": FOOT_M,
    "foot": FOOT_M,
    "feet": FOOT_M,
    "us-ft": SURVEY_FOOT_M,
    "us survey foot": SURVEY_FOOT_M,
    "ussurveyfoot": SURVEY_FOOT_M,
    "foot_us": SURVEY_FOOT_M,
}  # metres in one


@dataclass(frozen=True, slots=True)
class Part:
    """A layer and the system that it is in, which need not be the one it states."""

    layer: Layer
    crs: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: `files` by name, `parts` by their first file with `samples`, `notes` a sentence each."""

    files: tuple[Path, ...]
    parts: tuple[Part, ...]
    samples: tuple[Sample, ...]
    notes: tuple[str, ...]


def survey_terrain(path: str | Path, *, crs: Any = None, unit: str | None = None) -> Survey:
    """
    The files of a terrain model, checked; heights come out in metres.

    Parameters
    ----------
    crs
        The system of the coordinates where the files state none or a wrong one.
    unit
        Of the heights: ``m``, ``ft`` (0.3048 m) or ``us-ft``, where the files state none or a wrong one.

    Raises
    ------
    NotFoundError, InputError, UsageError
    """
    if unit is not None and unit.strip().lower() not in UNITS:
        raise UsageError(f"unit {unit!r} is not known: give m, ft (0.3048 m) or us-ft (1200/3937 m)")
    notes: list[str] = []

    def prepared(file: Path, dataset: Any) -> Tile:
        if problems := not_heights(dataset):
            raise InputError(
                file, problems, hint="A terrain model is one band of heights (GeoTIFF or alike)."
            )
        tile = tile_of(file, dataset)
        horizontal, vertical = split_crs(tile.crs)
        factor, note = _metres(file, dataset, vertical, unit)
        if note and note not in notes:
            notes.append(note)
        return replace(tile, crs=horizontal, factor=tile.factor * factor, offset=tile.offset * factor)

    found = survey(path, prepared, crs=crs)
    for part, sample in zip(found.parts, found.samples, strict=True):
        _check_heights(part, sample, unit, found.files)
    return replace(found, notes=(*found.notes, *notes))


def survey(path: str | Path, prepared: Callable[[Path, Any], Tile], *, crs: Any = None) -> Survey:
    """Any raster or folder; `prepared` checks each open file and describes it."""
    files = find_files(path)
    tiles = [_opened(file, prepared) for file in files]
    notes: list[str] = []
    parts: list[Part] = []
    samples: list[Sample] = []
    layers = layers_of(tiles)
    with Reader() as reader:
        for layer in layers:
            name = _name(layer)
            sample = look(reader, layer)
            if sample is None:
                raise InputError(
                    layer.tiles[0].path if len(layer.tiles) == 1 else path,
                    [Problem(None, "", "holds no value: every cell is nodata")],
                    hint="Was the file cut at the wrong place, or written empty?",
                )
            system, note = true_crs(layer, sample, crs, name)
            parts.append(Part(layer, system))
            samples.append(sample)
            notes += [note] if note else []
            if sample.sentinels:
                said = ", ".join(f"{s:g}" for s in sample.sentinels)
                notes.append(f"{name}: {said} is read as 'unknown', although the file does not say so.")
            if sample.unknown > 0:
                keys = {t.nodata for t in layer.tiles if t.nodata is not None}
                key = f" ({', '.join(f'{k:g}' for k in sorted(keys))})" if keys else ""
                share = sample.unknown
                notes.append(f"{name}: about {share:.1%} of the cells hold no value{key}.")
    if len(layers) > 1:
        said = "; ".join(f"{_name(p.layer)} in {short_name(p.crs)}" for p in parts[:6])
        notes.append(f"the files are on {len(parts)} different grids, and the first by name leads: {said}.")
    return Survey(files, tuple(parts), tuple(samples), tuple(dict.fromkeys(notes)))


def not_heights(dataset: Any) -> list[Problem]:
    """Why an open raster cannot be a terrain model; empty where it can."""
    kinds = set(dataset.colorinterp)
    dtype = dataset.dtypes[0]
    said: str | None = None
    if dataset.count == 0:
        said = (
            f"holds several rasters and is none itself: convert one of {', '.join(dataset.subdatasets[:4])}"
        )
    elif {ColorInterp.red, ColorInterp.green, ColorInterp.blue} & kinds or (
        dataset.count in (3, 4) and dtype == "uint8"
    ):
        said = f"is a picture: {dataset.count} bands of colour"
    elif dataset.count - (ColorInterp.alpha in kinds) != 1:
        said = f"has {dataset.count} bands; a terrain model has one"
    elif ColorInterp.palette in kinds:
        said = "is a map of classes: its values have a colour table"
    elif "complex" in dtype:
        said = f"holds complex numbers ({dtype}), not heights"
    elif dtype in ("uint8", "int8", "bool") and dataset.driver not in ("XYZ", "AAIGrid"):
        said = "holds bytes: classes or a picture (heights that fit into a byte: convert them to Int16)"
    return [Problem(None, "", said)] if said else []


def true_crs(layer: Layer, sample: Sample, given: Any, name: str) -> tuple[str, str | None]:
    """The system that a layer is in, as ``EPSG:…`` or WKT, and a note where it is not what the file says."""
    west, south, east, north = layer_bounds(layer)
    metres = max(abs(west), abs(east)) > 361 or max(abs(south), abs(north)) > 91
    stated = systems.parse_crs(layer.crs) if layer.crs else None
    if given is not None:
        told = systems.parse_crs(given)
        if told.is_geographic and metres:
            raise UsageError(
                f"{name}: {short_name(told)} was passed, but the numbers are no degrees "
                f"(x {west:,.0f} to {east:,.0f}, y {south:,.0f} to {north:,.0f})"
            )
        if stated is None or systems.code_of(stated) != systems.code_of(told):
            says = f"states {short_name(stated)}" if stated else "states no coordinate system"
            return _code(told), f"{name}: read as {short_name(told)}, as told; the file {says}."
        return _code(told), None
    if stated is None or not (stated.is_geographic or stated.is_projected):
        says = (
            "no coordinate system is stated"
            if stated is None
            else f"{stated.name!r} is no system of the earth"
        )
        return _guessed(layer, sample, name, says)
    if stated.is_geographic and metres:
        return _guessed(layer, sample, name, f"{stated.name} is stated, but the numbers are metres")
    repaired = _tm2_in_name_only(stated)
    system = repaired or _code(stated)
    if system in systems.METRIC and system != "EPSG:3857":
        land = sample.land
        better = systems.guess_crs(land) if _on_land(land, system) < FITS_NOT else None
        if better is not None and better.crs not in (None, system) and not better.swapped:
            assert better.crs is not None
            if better.candidates[better.crs] >= FITS:
                says = f"{short_name(stated)} is stated, but there the land would be sea"
                return better.crs, f"{name}: {says}; read as {better.crs}: {_reason(better.reason)}."
    if repaired:
        return repaired, (
            f"{name}: {stated.name} on WGS 84 is stated; the projection is that of "
            f"{short_name(repaired)}, and as that it is read."
        )
    return system, None


def split_crs(wkt: str | None) -> tuple[str | None, float | None]:
    """The horizontal system, and metres in a unit of the vertical one; None where there is none."""
    if wkt is None:
        return None, None
    whole = systems.parse_crs(wkt)
    if whole.is_compound:
        flat, up = whole.sub_crs_list[:2]
        return flat.to_wkt(), float(up.axis_info[0].unit_conversion_factor) if up.axis_info else None
    if len(whole.axis_info) == 3:
        return whole.to_2d().to_wkt(), float(whole.axis_info[2].unit_conversion_factor)
    return wkt, None


def short_name(crs: Any) -> str:
    """``EPSG:3826 (TWD97 TM2 zone 121, metres)``, or the name where there is no code."""
    parsed = systems.parse_crs(crs)
    code = systems.code_of(parsed)
    return f"{code} ({systems.NAMES.get(code, parsed.name)})" if code else str(parsed.name)


def layer_bounds(layer: Layer) -> tuple[float, float, float, float]:
    """West, south, east, north of a layer in its own numbers."""
    t = layer.transform
    u = np.array([0, layer.width, layer.width, 0], dtype=float)
    v = np.array([0, 0, layer.height, layer.height], dtype=float)
    x, y = t.c + u * t.a + v * t.b, t.f + u * t.d + v * t.e
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def _opened(file: Path, prepared: Callable[[Path, Any], Tile]) -> Tile:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no georeference: said in our own words
            with rasterio.open(file) as dataset:
                return prepared(file, dataset)
    except rasterio.errors.RasterioIOError:
        problem = Problem(None, "", f"is no raster: {_kind(file)}")
        raise InputError(
            file, [problem], hint="Give a raster that GDAL reads, such as GeoTIFF, or a folder of them."
        ) from None


def _kind(file: Path) -> str:
    with file.open("rb") as opened:
        head = opened.read(4096)
    if not head.strip():
        return "it is empty"
    if html := html_page(head):
        return f"it {html}"
    for mark, said in (
        (b"%PDF", "it is a PDF"),
        (
            b"PK\x03\x04",
            "it is a ZIP archive (or a workbook): unpack it, and give the folder or the raster in it",
        ),
        (b"\x1f\x8b", "it is compressed with gzip: unpack it"),
        (b"7z\xbc\xaf", "it is a 7z archive: unpack it"),
        (b"Rar!", "it is a RAR archive: unpack it"),
        (b"II*\x00", "it is a TIFF that cannot be read: damaged, or broken off"),
        (b"MM\x00*", "it is a TIFF that cannot be read: damaged, or broken off"),
    ):
        if head.startswith(mark):
            return said
    return "it is text, or a table" if b"\x00" not in head else f"it begins with {head[:8]!r}"


def _metres(file: Path, dataset: Any, vertical: float | None, unit: str | None) -> tuple[float, str | None]:
    """What a height is multiplied by, and a note about it."""
    stated = (dataset.units[0] or "").strip()
    known = UNITS.get(stated.lower()) if stated else vertical
    if unit is not None:
        told = UNITS[unit.strip().lower()]
        differs = known is not None and known != told
        says = f", although the file states {stated or f'{vertical:g} m'}" if differs else ""
        return told, f"heights are read in {unit}, as told{says}." if told != 1 or differs else None
    if stated and known is None:
        problem = Problem(None, "", f"has values in {stated!r}, which is no unit of height", stated)
        raise InputError(
            file, [problem], hint='If they are heights, pass their unit: unit="m" (--dem-unit m).'
        )
    if known is None or known == 1:
        return 1.0, None
    name = {FOOT_M: "feet", SURVEY_FOOT_M: "US survey feet"}.get(known, f"units of {known:g} m")
    return known, f"heights are in {name}, as the file states: converted to metres."


def _check_heights(part: Part, sample: Sample, unit: str | None, files: Sequence[Path]) -> None:
    """`InputError` where the heights cannot be metres."""
    file = part.layer.tiles[0].path if len(part.layer.tiles) == 1 else files[0].parent
    top, bottom = sample.highest, sample.lowest
    feet = 'If they are feet, pass unit="ft" (--dem-unit ft).'
    if top > HIGHEST_M or bottom < LOWEST_M:
        odd = top if top > HIGHEST_M else bottom
        problem = Problem(
            None, "", f"holds {odd:,.0f} as a height in metres; no place on earth has it", f"{odd:g}"
        )
        raise InputError(
            file, [problem], hint=f"{feet} Is another number meant as nodata, or is it no terrain?"
        )
    if unit is None and top > TOO_HIGH_M:
        high = sample.peaks[sample.peaks[:, 2] > TOO_HIGH_M, :2]
        here = places.kilometres_off(systems.to_lonlat(high, part.crs)) == 0
        if here.any():
            problem = Problem(
                None,
                "",
                f"reaches {top:,.0f} on land of Taiwan, whose highest peak has {HIGHEST_IN_TAIWAN_M:,.0f} m: "
                "this looks like feet",
                f"{top:g}",
            )
            raise InputError(file, [problem], hint=f'{feet} If they are metres all the same, pass unit="m".')


def _guessed(layer: Layer, sample: Sample, name: str, says: str) -> tuple[str, str]:
    guess = systems.guess_crs(sample.land)
    if guess.crs is None or guess.swapped:
        why = _SWAPPED if guess.swapped else _reason(guess.reason)
        west, south, east, north = layer_bounds(layer)
        problem = Problem(
            None, "", f"{says} (x {west:,.6g} to {east:,.6g}, y {south:,.6g} to {north:,.6g}); {why}"
        )
        raise InputError(
            layer.tiles[0].path,
            [problem],
            hint="Pass the system of the terrain, for example --dem-crs EPSG:3826.",
        )
    return guess.crs, f"{name}: {says}; read as {guess.crs}: {_reason(guess.reason)}."


_SWAPPED = (
    "x and y look exchanged (northing first, as in the official sheets *.grd): convert them, "
    "or take the GeoTIFF of the same model"
)


def _reason(reason: str) -> str:
    return reason.replace("--crs", "--dem-crs").replace("the points", "the land cells")


def _on_land(xy: NDArray[np.float64], crs: str) -> float:
    some = xy[:: max(1, len(xy) // systems.SAMPLE)]
    return float((places.kilometres_off(systems.to_lonlat(some, crs)) <= ON_LAND_KM).mean())


def _tm2_in_name_only(stated: CRS) -> str | None:
    """EPSG:3825 or 3826 where the projection is theirs and only the datum is called WGS 84."""
    datum = stated.geodetic_crs.datum if stated.geodetic_crs is not None else None
    if datum is None or "84" not in datum.name:
        return None
    for code in ("EPSG:3826", "EPSG:3825"):
        if _numbers(stated) == _numbers(systems.parse_crs(code)):
            return code
    return None


def _numbers(crs: CRS) -> Any:
    operation = crs.coordinate_operation
    if operation is None:
        return None
    values = {round(float(p.value) * (p.unit_conversion_factor or 1), 9) for p in operation.params}
    return operation.method_name, values


def _code(crs: CRS) -> str:
    return systems.code_of(crs) or crs.to_wkt()


def _name(layer: Layer) -> str:
    first = layer.tiles[0].path.name
    return first if len(layer.tiles) == 1 else f"{first} and {len(layer.tiles) - 1:,} more"
