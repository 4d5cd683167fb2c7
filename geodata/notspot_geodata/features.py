"""
Features as a file has them, made ready: columns by their meaning, their system told, their shapes checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata import coordinates, places
from notspot_geodata import crs as systems
from notspot_geodata.codes import unit_codes
from notspot_geodata.columns import meanings
from notspot_geodata.errors import Problem
from notspot_geodata.reading import Reading
from notspot_geodata.text import official_name, tidy

if TYPE_CHECKING:
    import geopandas as gpd

EMPTY = ("has no geometry", "has an empty geometry")  # what problems say of features without a shape
MENDED_AREA = 0.01  # of an area; a mend that changes more than this changes the shape, and is a problem


def named(frame: gpd.GeoDataFrame, reading: Reading) -> gpd.GeoDataFrame:
    """Columns by their meaning; codes, county and township names in their official form."""
    shape = str(frame.geometry.name)
    frame = frame.rename_geometry("geometry") if shape != "geometry" else frame.copy()
    written = [str(c) for c in frame.columns if c != "geometry"]
    if not written:
        return frame
    names, found, notes = meanings([written])
    reading.columns = dict(zip(written, names, strict=True))
    reading.notes += notes
    frame = frame.rename(columns=dict(zip(written, names, strict=True)))
    for i, meaning in found.items():
        name = names[i]
        if meaning.level is not None:
            codes = unit_codes(frame[name], meaning.level)
            frame[name] = codes.values
            reading.notes += codes.repaired
            for at, why in codes.refused.items():
                reading.problems.append(Problem(at + 1, written[i], why))
        elif name in ("county", "town"):
            frame[name] = [official_name(c) if isinstance(c, str) else c for c in frame[name]]
        elif meaning.type == "text":
            frame[name] = [tidy(c) if isinstance(c, str) else c for c in frame[name]]
    return frame


def with_system(frame: gpd.GeoDataFrame, crs: Any, reading: Reading) -> tuple[gpd.GeoDataFrame, bool]:
    """The frame with its system; False, and a problem, where none can be told."""
    sample = _sample(frame)
    claims = places.claims_of(frame)
    found = systems.guess_crs(sample, county_codes=claims.counties, town_codes=claims.towns)
    stated = frame.crs
    if crs is not None:
        reading.crs, reading.crs_reason = _code(crs), "stated by the caller"
        return frame.set_crs(systems.parse_crs(crs), allow_override=True), True
    if stated is not None and stated.is_geographic and _are_metres(sample):
        stated = None  # GeoJSON is degrees by its standard, and people write metres into it all the same
        reading.notes.append("the file says degrees, the numbers are metres: its system is taken as missing")
    if stated is None:
        if found.crs is None or found.swapped:
            turned = "latitude comes before longitude; " if found.swapped else ""
            message = f"the coordinate system is missing: {turned}{found.reason}"
            reading.crs_reason = found.reason
            reading.problems.append(Problem(None, "geometry", message))
            return frame, False
        reading.crs, reading.crs_reason = found.crs, f"not stated by the file; {found.reason}"
        return frame.set_crs(found.crs, allow_override=True), True
    reading.crs, reading.crs_reason = _code(stated), "stated by the file"
    lonlat = systems.to_lonlat(sample[np.isfinite(sample).all(axis=1)], stated)
    if len(lonlat) and not places.near_taiwan(lonlat).any():
        fits = f"the numbers fit {found.crs}: {found.reason}" if found.crs else found.reason
        message = f"read as {reading.crs}, as the file states, nothing lies in Taiwan; {fits}"
        reading.problems.append(Problem(None, "geometry", message))
        return frame, False
    return frame, True


def _code(crs: Any) -> str:
    return systems.code_of(crs) or systems.parse_crs(crs).to_string()[:80]


def _are_metres(sample: NDArray[np.float64]) -> bool:
    finite = sample[np.isfinite(sample).all(axis=1)]
    return bool(len(finite)) and bool((np.abs(finite) > 360).any(axis=1).mean() > 0.5)


def _sample(frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """A point inside or on each feature, shape (n, 2); NaN where there is no geometry."""
    shapes = frame.geometry.to_numpy()
    out = np.full((len(frame), 2), np.nan)
    ok = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    inner = shapely.point_on_surface(shapely.force_2d(shapes[ok]))
    out[ok] = np.column_stack([shapely.get_x(inner), shapely.get_y(inner)])
    return out


def checked(frame: gpd.GeoDataFrame, rows: list[int], reading: Reading, to_crs: Any) -> gpd.GeoDataFrame:
    """Null, empty, invalid, outside Taiwan, elsewhere than claimed: mended or told; then moved."""
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    missing, empty = shapely.is_missing(shapes), shapely.is_empty(shapes)
    bounds = shapely.bounds(shapes)
    endless = ~(missing | empty) & ~np.isfinite(bounds).all(axis=1)
    for what, mask in zip((*EMPTY, "has an infinite geometry"), (missing, empty, endless), strict=True):
        reading.problems += [Problem(rows[i], "geometry", what) for i in np.flatnonzero(mask)]
    shapes[endless] = None
    shapes = _mend(shapes, rows, reading)
    source = systems.parse_crs(frame.crs)
    frame = frame.set_geometry(array_of(shapes, source), crs=source)
    sample = _sample(frame)
    lonlat = systems.to_lonlat(sample, source)
    given = np.asarray(np.isfinite(sample).all(axis=1))
    far = given.copy()
    far[given] = ~places.near_taiwan(lonlat[given])
    label = reading.crs or "the file's system"
    for i in map(int, np.flatnonzero(far)):
        where = f"{lonlat[i, 1]:.4f}° N, {lonlat[i, 0]:.4f}° E"
        message = f"lies outside Taiwan: {where}, read as {label}"
        reading.problems.append(Problem(rows[i], "geometry", message))
    bad = {p.row for p in reading.problems}
    claims = places.claims_of(frame)
    placed, notes = coordinates.misplaced(lonlat, rows, claims, bad, "geometry", sample, reading.crs)
    reading.problems += placed
    reading.notes += notes
    if len(placed) > 0.5 * max(given.sum(), 1):
        reading.notes.append("most features lie elsewhere than they say: is the coordinate system right?")
    return systems.reproject(frame, to_crs)


def _mend(shapes: NDArray[Any], rows: list[int], reading: Reading) -> NDArray[Any]:
    """Invalid polygons made valid; a problem where that changes their area, or leaves none."""
    polygon = np.isin(shapely.get_type_id(shapes), (3, 6))
    broken = np.flatnonzero(polygon & ~shapely.is_valid(shapes))
    mended: list[int] = []
    for i in map(int, broken):
        why = shapely.is_valid_reason(shapes[i]).split("[")[0].lower()
        fixed = shapely.make_valid(shapes[i], method="structure", keep_collapsed=False)
        before, after = abs(shapely.area(shapes[i])), shapely.area(fixed)
        if after == 0 or abs(after - before) > MENDED_AREA * max(before, after):
            message = f"is invalid ({why}) and would lose or gain over 1 % of its area when mended"
            reading.problems.append(Problem(rows[i], "geometry", message))
            continue
        shapes[i] = fixed
        mended.append(rows[i])
    if mended:
        said = ", ".join(map(str, mended[:10])) + (", …" if len(mended) > 10 else "")
        reading.notes.append(f"{len(mended):,} invalid geometries mended (rows {said})")
    return shapes


def array_of(shapes: NDArray[Any], crs: Any) -> Any:
    from geopandas.array import from_shapely

    return from_shapely(shapes, crs=crs)


def people_of(frame: gpd.GeoDataFrame, rows: list[int]) -> dict[int, int]:
    """Persons by row number, where the file has them: a refused row takes its people into the ledger."""
    if "population" not in frame:
        return {}
    people = pd.to_numeric(frame["population"], errors="coerce")
    return {row: int(count) for row, count in zip(rows, people, strict=True) if pd.notna(count)}
