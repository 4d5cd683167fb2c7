"""
Townships and counties out of their villages: outlines dissolved, so that parents and children tile exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely

from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

Level = Literal["township", "county"]

DIGITS = {"town_code": 8, "county_code": 5}  # of an 11-digit village code
COLUMNS = {
    "township": ("town_code", "town", "town_en", "county_code", "county", "county_en"),
    "county": ("county_code", "county", "county_en"),
}
AREA_LOST = 1e-9  # of a parent; a union that differs more from the sum of its children has overlaps in it


def parents(villages: gpd.GeoDataFrame, level: Level, *, notes: list[Text] | None = None) -> gpd.GeoDataFrame:
    """
    The townships or counties that `villages` make up, sorted by code.

    Where neighbours share their edges vertex by vertex, as in the embedded reference, the edges between them are
    taken out and nothing is computed; the vertices are those of the villages. Where they do not, a parent is the
    union of its villages, which takes longer, and `notes` says which.

    Parameters
    ----------
    villages
        Valid polygons with ``village_code`` (11 digits), or the code of the level, or both.

    Returns
    -------
    parents
        Columns as in `reference.townships` and `reference.counties` as far as the villages have them (the names
        are those of the first village by code), and ``area_km2``, if they have it, as the sum of the villages'.

    Raises
    ------
    UsageError
        If the level is neither of the two or no code tells the parents.
    InputError
        If villages have no code or no polygon, or do not fit together for being invalid; all of them are named.
    """
    import geopandas as gpd

    if level not in COLUMNS:
        raise UsageError(f"villages make up a township or a county, not '{level}'")
    codes = _codes(villages, COLUMNS[level][0])
    _, shapes = dissolve(villages.geometry.to_numpy(), codes, notes=notes)
    own = villages["village_code"].astype(str) if "village_code" in villages else pd.Series(codes)
    order = np.arange(len(own)) if own.is_monotonic_increasing else np.argsort(own.to_numpy(), kind="stable")
    group, _ = pd.factorize(codes[order], sort=True)
    first = order[np.unique(group, return_index=True)[1]]
    words = pd.DataFrame(villages.drop(columns=villages.geometry.name)).iloc[first].reset_index(drop=True)
    out = gpd.GeoDataFrame(words, geometry=shapes, crs=villages.crs)
    out[COLUMNS[level][0]] = codes[first]
    if "county_code" in COLUMNS[level] and "county_code" not in out:
        out["county_code"] = out["town_code"].str[:5]
    kept = [column for column in COLUMNS[level] if column in out]
    if "area_km2" in villages:
        sums = villages["area_km2"].groupby(codes, sort=True).sum()
        out["area_km2"] = [round(each, 6) for each in sums]  # to the square metre, as the villages' own
        kept.append("area_km2")
    return out[[*kept, "geometry"]]


def dissolve(
    shapes: NDArray[Any], codes: Sequence[str] | NDArray[Any], *, notes: list[Text] | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """
    The codes, sorted, and one shape for each: the union of the `shapes` with that code.

    Parts, rings and where a ring starts are in one canonical order, outer rings anticlockwise, so that the
    result does not depend on the order of the shapes. `notes` and errors as of `parents`.
    """
    codes = np.asarray(codes, dtype=object)
    group, found = pd.factorize(codes, sort=True)
    by_code = np.argsort(group, kind="stable")
    parts = np.split(shapes[by_code], np.cumsum(np.bincount(group))[:-1]) if len(found) else []
    unions = np.array([_coverage_union(part) for part in parts], dtype=object)
    areas = shapely.area(shapes)
    sums = np.bincount(group, areas, len(found))
    # GEOS takes out edges that occur twice: shapes that overlap keep theirs, which cross, or lose area
    whole = shapely.is_valid(unions) & (np.abs(shapely.area(unions) - sums) <= AREA_LOST * sums)
    whole[group[areas <= 0]] = False  # a shape that crosses itself
    odd = np.flatnonzero(~whole)
    if odd.size:
        _refuse_invalid(shapes, codes, np.isin(group, odd))
        for k in odd:
            unions[k] = shapely.union_all(parts[k])
        if notes is not None:
            notes.append(_note([str(found[k]) for k in odd]))
    return found, shapely.orient_polygons(shapely.normalize(unions))


def _coverage_union(shapes: NDArray[Any]) -> Any:
    """The union of shapes that only share edges; None where GEOS sees that they do not."""
    if len(shapes) == 1:
        return shapes[0]
    try:
        return shapely.coverage_union_all(shapes)
    except shapely.errors.GEOSException:
        return None


def _codes(villages: gpd.GeoDataFrame, column: str) -> NDArray[Any]:
    """The parent's code of each village, text."""
    if column in villages:
        codes = villages[column]
    elif "village_code" in villages:
        codes = villages["village_code"].astype("string").str[: DIGITS[column]]
    elif column == "county_code" and "town_code" in villages:
        codes = villages["town_code"].astype("string").str[: DIGITS[column]]
    else:
        raise UsageError(f"villages have neither {column} nor village_code: nothing tells their parents")
    shapes = villages.geometry.to_numpy()
    problems = []
    for message, rows in (
        ("has no code", codes.isna().to_numpy(bool)),
        ("has no polygon", ~np.isin(shapely.get_type_id(shapes), (3, 6)) | shapely.is_empty(shapes)),
    ):
        problems += [Problem(int(i) + 1, column, message) for i in np.flatnonzero(rows)]
    if problems:
        raise InputError("villages", problems, hint="Take these out, or give them what is missing.")
    text: NDArray[Any] = codes.astype(str).to_numpy(dtype=object)
    return text


def _refuse_invalid(shapes: NDArray[Any], codes: NDArray[Any], looked_at: NDArray[np.bool_]) -> None:
    bad = np.flatnonzero(looked_at)
    bad = bad[~shapely.is_valid(shapes[bad])]
    if bad.size:
        reasons = shapely.is_valid_reason(shapes[bad])
        problems = [
            Problem(int(i) + 1, "geometry", f"is invalid ({reason}), in {codes[i]}")
            for i, reason in zip(bad, reasons, strict=True)
        ]
        raise InputError(
            "villages", problems, hint="Mend them first: shapely.coverage_clean keeps neighbours together."
        )


def _note(codes: list[str]) -> Text:
    named = ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")
    return Text(
        zh=f"{len(codes)} 個上級單位（{named}）之村里界線未逐點相接，改以聯集計算",
        en=f"{len(codes)} parents ({named}) have villages whose edges do not match: their outlines were computed",
    )
