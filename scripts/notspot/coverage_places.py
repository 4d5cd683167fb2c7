"""
What is counted against coverage besides people: places and lines of a study, read; and the surfaces of people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot.coverage_files import Features, Files
from notspot.coverage_layers import shapes_of
from notspot.coverage_specs import LinesSpec, PlacesSpec, SurfaceSpec
from notspot_coverage.counting.services import Lines, Places, Surface
from notspot_coverage.groups import GROUPS
from notspot_geodata import places as whereabouts
from notspot_geodata import reference
from notspot_geodata.coverage_rasters import PEOPLE, check_raster
from notspot_geodata.errors import NotspotError, Problem, UsageError
from notspot_geodata.places import is_blank
from notspot_geodata.selection import column_of, no_such_column, numbers_of
from notspot_geodata.text import Text, tidy

if TYPE_CHECKING:
    import geopandas as gpd

METRES = "EPSG:3826"
UNPLACED = ("row", "id", "name", "town_code", "county_code", "reason")


@dataclass(frozen=True, slots=True)
class PlacesRead:
    """Places, and those whose point was refused: a row each, `UNPLACED`."""

    places: Places
    unplaced: pd.DataFrame


def is_sensitive(files: Files, spec: PlacesSpec | LinesSpec) -> bool:
    """
    Whether places or lines may not be drawn: the study says so, or says nothing and their file is sensitive, because
    sites that are not public stand in it too, or because it has the columns of a list of stations. A line between two
    stations ends at both.
    """
    return files.is_sensitive(spec.file.path) if spec.public is None else not spec.public


def places_of(
    files: Files, spec: PlacesSpec, groups: Mapping[str, Collection[str]] | None
) -> PlacesRead | None:
    """Places of the study; None where the file cannot be used. Points, or the middle of what is no point."""
    found = files.features(spec.file)
    if found is None:
        return None
    _named(files, spec, found)
    frame = shapes_of(files, spec, found, "points", keep_all=True)
    kept = set(frame["row"])
    left = [at for at, row in enumerate(found.rows) if row not in kept]
    claims = whereabouts.claims_of(found.frame)
    towns = _towns(frame)
    if spec.within:
        wanted = _wanted(spec.within, groups)
        inside = np.array([town is not None and _inside(town, wanted) for town in towns], dtype=bool)
        frame = frame[inside].reset_index(drop=True)
        left = [at for at in left if _inside(claims.towns[at] or claims.counties[at] or "", wanted)]
        if not len(frame):
            message = f"no place lies within {', '.join(spec.within)}"
            files.add(spec.file, [Problem(None, "within", message)])
    unplaced = pd.DataFrame(
        [
            {
                "row": found.rows[at],
                "id": _cell(found.frame, "id", at),
                "name": _cell(found.frame, "name", at),
                "town_code": claims.towns[at],
                "county_code": claims.counties[at],
                "reason": found.bad.get(found.rows[at], ""),
            }
            for at in left
        ]
        + [
            {"row": row, "id": "", "name": "", "town_code": None, "county_code": None, "reason": reason}
            for row, reason in found.refused.items()
            if not spec.within
        ],
        columns=list(UNPLACED),
    )
    places = Places(
        id=spec.id,
        name=spec.name,
        points=_single(frame),
        anchors=spec.anchors,
        as_of=spec.as_of,
        sensitive=_kept_out(files, spec),
    )
    return PlacesRead(places, unplaced)


def lines_of(files: Files, spec: LinesSpec) -> Lines | None:
    """Lines of the study; None where the file cannot be used."""
    found = files.features(spec.file)
    if found is None:
        return None
    _named(files, spec, found)
    frame = shapes_of(files, spec, found, "lines", keep_all=True)
    short = shapely.length(frame.geometry.to_numpy()) == 0
    if short.any():
        rows = frame.loc[short, "row"].tolist()
        told = [Problem(row, "geometry", "is a line without length") for row in rows]
        files.refuse(spec.file, found, told)
        frame = frame[~short].reset_index(drop=True)
    sensitive = _kept_out(files, spec)
    return Lines(id=spec.id, name=spec.name, lines=frame, as_of=spec.as_of, sensitive=sensitive)


def surface_of(files: Files, spec: SurfaceSpec) -> Surface | None:
    """A surface of people; None where the file cannot be used."""
    if spec.kind == "even" or spec.file is None:
        return Surface(id=spec.id)
    if spec.kind == "raster":
        try:
            checked = check_raster(files.path(spec.file), PEOPLE, crs=spec.file.crs)
        except NotspotError as error:
            files.fail(spec.file, error)
            return None
        files.enter(spec.file.path, None)
        files.notes += [note for note in checked.notes if note not in files.notes]
        return Surface(id=spec.id, kind="raster", path=files.path(spec.file), crs=checked.crs)
    found = files.features(spec.file, empty_is_harmless=True)
    if found is None:
        return None
    weight = _weights(files, spec, found)
    kind = "areas" if spec.kind == "footprints" else "points"
    frame = shapes_of(
        files, spec, found, "areas" if kind == "areas" else "points", columns={"weight": weight}
    )
    if kind == "areas":
        middle = frame.geometry.to_crs(METRES)
        if spec.weight is None:  # a large building holds more people
            frame = frame.assign(weight=middle.area)
        frame = frame.set_geometry(middle.representative_point().to_crs(frame.crs))
    frame = frame.explode(ignore_index=True)
    if not frame["weight"].sum() > 0:
        files.add(spec.file, [Problem(None, spec.weight or "", "has no weight above 0 anywhere")])
    return Surface(id=spec.id, kind="points", points=frame)


# ------------------------------------------------------------------ helpers


def _kept_out(files: Files, spec: PlacesSpec | LinesSpec) -> bool:
    """`is_sensitive`, which is noted where the study does not say it itself."""
    sensitive = is_sensitive(files, spec)
    if sensitive and spec.public is None:
        zh, en = ("處所", "places") if isinstance(spec, PlacesSpec) else ("路線", "lines")
        zh = f"可能是基地臺清單，{zh}只計數、不繪於地圖；若可公開請寫 public = true。"
        en = f"it may be a list of base stations: its {en} count and are not drawn; say public = true if they may be."
        files.note(spec.file, [Text(zh, en)])
    return sensitive


def _named(files: Files, spec: PlacesSpec | LinesSpec, found: Features) -> None:
    """Columns ``name`` and ``id`` as the study names them."""
    asked = {"name": spec.name_column}
    if isinstance(spec, PlacesSpec):
        asked["id"] = spec.id_column
    for name, header in asked.items():
        if header is None:
            continue
        column = column_of(found.frame, header, found.written)
        if column is None:
            files.add(spec.file, [no_such_column(found.frame, header)])
            continue
        values = found.frame[column].map(lambda cell: "" if is_blank(cell) else tidy(str(cell)))
        found.frame = found.frame.assign(**{name: values})
    if "id" in asked and asked["id"] is not None and "id" in found.frame:
        twice = int(found.frame["id"].duplicated().sum())
        if twice:
            zh = f"「{asked['id']}」有 {twice:,} 個重複值，仍各計為一處。"
            en = f"{twice:,} values of '{asked['id']}' stand twice; each row still counts as a place."
            files.note(spec.file, [Text(zh, en)])


def _weights(files: Files, spec: SurfaceSpec, found: Features) -> NDArray[np.float64]:
    assert spec.file is not None
    if spec.weight is None:
        return np.ones(len(found.frame))
    column = column_of(found.frame, spec.weight, found.written)
    if column is None:
        files.add(spec.file, [no_such_column(found.frame, spec.weight)])
        return np.ones(len(found.frame))
    values, problems = numbers_of(found.frame[column], found.rows, spec.weight)
    told = {p.row for p in problems}
    for at, value in enumerate(values):
        if np.isnan(value) and found.rows[at] not in told:
            problems.append(Problem(found.rows[at], spec.weight, "has no weight; write 0 where nobody is"))
        elif value < 0 or np.isinf(value):
            problems.append(Problem(found.rows[at], spec.weight, f"is {value:g}; a weight is at least 0"))
    files.refuse(spec.file, found, problems)
    return values


def _single(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A place is one point: of several the middle."""
    shapes = frame.geometry.to_numpy()
    many = shapely.get_type_id(shapes) == 4
    if not many.any():
        return frame
    shapes = shapes.copy()
    shapes[many] = shapely.centroid(shapes[many])
    return frame.set_geometry(shapes, crs=frame.crs)


def _towns(frame: gpd.GeoDataFrame) -> list[str | None]:
    """Township code of the point of each place; None at sea."""
    towns = reference.townships()
    tree = shapely.STRtree(towns.geometry.to_numpy())
    out: list[str | None] = [None] * len(frame)
    codes = towns["town_code"].tolist()
    for at, unit in tree.query(frame.geometry.to_numpy(), predicate="intersects").T:
        out[at] = codes[unit]
    return out


def _wanted(within: Collection[str], groups: Mapping[str, Collection[str]] | None) -> tuple[str, ...]:
    """Beginnings of the codes of townships."""
    out: list[str] = []
    for unit in within:
        if unit not in GROUPS:
            out.append(unit)
        elif groups is None or unit not in groups:
            raise UsageError(f"places within '{unit}' need the townships of that group: pass groups")
        else:
            out += groups[unit]
    return tuple(out)


def _inside(code: str, wanted: tuple[str, ...]) -> bool:
    return bool(code) and code.startswith(wanted)


def _cell(frame: gpd.GeoDataFrame, column: str, at: int) -> str:
    return "" if column not in frame or is_blank(frame[column].iloc[at]) else str(frame[column].iloc[at])
