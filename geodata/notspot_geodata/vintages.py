"""
Two vintages of boundaries laid over each other: what share of each old unit is in which new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Proj

from notspot_geodata.codes import DIGITS, Level
from notspot_geodata.crosswalk import Crosswalk, crosswalk_of, kinds
from notspot_geodata.crs import reproject, to_lonlat
from notspot_geodata.errors import InputError, Problem, UsageError

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

EQUAL_AREA = "+proj=laea +lat_0=23.8 +lon_0=121 +ellps=GRS80 +units=m"  # areas true to 1.3e-6 over Taiwan
SLIVER = 0.01  # of an old unit's area: two drawings of one border lie this far apart
MOST_CELLS = 40_000_000  # of a raster of weights


def overlaid(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    code: str = "village_code",
    weights: gpd.GeoDataFrame | str | Path | None = None,
    sliver: float = SLIVER,
    level: Level = "village",
    vintages: tuple[str, str] = ("", ""),
) -> Crosswalk:
    """
    A crosswalk from the polygons of two vintages.

    People are taken to be where the weights are, or evenly over the land without any. An old unit in which no
    weight lies is divided by area. One that lies in no new unit is not in the crosswalk: its people keep their code
    and stay unplaced.

    Parameters
    ----------
    old, new
        Polygons with a CRS and the column `code`, each code once.
    weights
        Points with a column ``weight`` (1 without it), or a raster of people, whose cells count where their middle
        lies; cells without data and with 0 or less count nothing.
    sliver
        Pieces smaller than this share of their old unit come from two drawings of one border: the rest of the unit
        takes their people. Pieces with weights in them are kept if the weights are this share.
    vintages
        Names of the two.

    Returns
    -------
    crosswalk
        With the basis ``area``, ``points`` or ``raster``. ``plus_minus`` is not known, but for whole units 0.

    Raises
    ------
    UsageError
        No CRS; `sliver` is not from 0 up to 0.5.
    InputError
        Codes that are missing, malformed or stand twice; shapes that are empty or no polygons; weights below 0.
    """
    if not 0 <= sliver < 0.5:
        raise UsageError(f"sliver {sliver} is a share of an area: from 0 up to 0.5, for instance {SLIVER}")
    (old_codes, old_shapes), (new_codes, new_shapes) = (
        _units(frame, code, level, name) for frame, name in ((old, "old boundaries"), (new, "new boundaries"))
    )
    pieces = _pieces(old_shapes, new_shapes)
    pieces = pieces[pieces["area"] >= sliver * shapely.area(old_shapes)[pieces["old"]]]
    pieces["weight"], pieces["basis"] = pieces["area"], "area"
    if weights is not None:
        x, y, weight, basis = _weights(weights)
        found = _weighed(old_shapes, new_shapes, x, y, weight)
        found = found[
            found["weight"] >= sliver * found.groupby("old")["weight"].transform("sum").to_numpy()
        ].assign(basis=basis)
        rest = pieces[~pieces["old"].isin(found["old"])]
        pieces = pd.concat([found, rest[["old", "new", "weight", "basis"]]], ignore_index=True)
    rows = pd.DataFrame(
        {
            "old_code": np.array(old_codes, object)[pieces["old"]],
            "new_code": np.array(new_codes, object)[pieces["new"]],
            "share": (pieces["weight"] / pieces.groupby("old")["weight"].transform("sum")).to_numpy(),
            "basis": pieces["basis"].to_numpy(),
        }
    )
    rows["kind"] = kinds(rows)
    rows["plus_minus"] = np.where(rows["kind"] == "split", np.nan, 0.0)
    return crosswalk_of(rows, level, *vintages)


def changed(crosswalk: Crosswalk) -> Crosswalk:
    """Without the units that are what they were: a crosswalk says nothing else of a code that it leaves out."""
    rows = crosswalk.rows[crosswalk.rows["kind"] != "same"].reset_index(drop=True)
    return Crosswalk(rows, crosswalk.level, crosswalk.old, crosswalk.new)


# ------------------------------------------------------------------ helpers


def _units(frame: gpd.GeoDataFrame, code: str, level: Level, name: str) -> tuple[Sequence[str], NDArray[Any]]:
    if code not in frame:
        raise InputError(name, [Problem(None, code, "is missing")])
    if frame.crs is None:
        raise UsageError(f"{name}: no coordinate system; set one, as EPSG:3824")
    problems = []
    codes = frame[code].astype(str).tolist()
    seen: set[str] = set()
    for row, (own, shape) in enumerate(zip(codes, frame.geometry, strict=True), start=1):
        if not (len(own) == DIGITS[level] and own.isascii() and own.isdigit()):
            problems.append(Problem(row, code, f"{own[:40]!r} has not {DIGITS[level]} digits", own))
        elif own in seen:
            problems.append(Problem(row, code, f"{own} stands more than once", own))
        seen.add(own)
        if shape is None or shape.is_empty:
            problems.append(Problem(row, "geometry", f"of {own} is empty", own))
        elif shape.geom_type not in ("Polygon", "MultiPolygon"):
            problems.append(Problem(row, "geometry", f"of {own} is a {shape.geom_type}, not a polygon", own))
    if problems:
        raise InputError(name, problems)
    degrees = reproject(frame, "EPSG:3824").geometry.to_numpy()
    return codes, _valid(shapely.transform(degrees, lambda xy: np.column_stack(_plane(xy[:, 0], xy[:, 1]))))


def _plane(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = Proj(EQUAL_AREA)(lon, lat)
    return np.asarray(x), np.asarray(y)


def _valid(shapes: NDArray[Any]) -> NDArray[Any]:
    wrong = ~shapely.is_valid(shapes)
    shapes = np.array(shapes, dtype=object)
    shapes[wrong] = shapely.make_valid(shapes[wrong])
    return shapes


def _pieces(old: NDArray[Any], new: NDArray[Any]) -> pd.DataFrame:
    """``old, new`` (positions) and ``area`` (m²) of every pair that shares some."""
    tree = shapely.STRtree(new)
    one, two = tree.query(old, predicate="intersects")
    area = np.zeros(len(one))
    same = shapely.equals_exact(shapely.normalize(old[one]), shapely.normalize(new[two]), 0.0)
    area[same] = shapely.area(old[one[same]])
    area[~same] = shapely.area(shapely.intersection(old[one[~same]], new[two[~same]]))
    keep = area > 0
    return pd.DataFrame({"old": one[keep], "new": two[keep], "area": area[keep]}).sort_values(
        ["old", "new"], ignore_index=True
    )


def _weighed(old: NDArray[Any], new: NDArray[Any], x: Floats, y: Floats, weight: Floats) -> pd.DataFrame:
    """``old, new`` and the ``weight`` of the points in both; a point on a border counts in the first."""
    points = np.array(shapely.points(x, y), dtype=object).reshape(-1)
    at = [_first(shapes, points) for shapes in (old, new)]
    both = (at[0] >= 0) & (at[1] >= 0) & (weight > 0)
    frame = pd.DataFrame({"old": at[0][both], "new": at[1][both], "weight": weight[both]})
    return frame.groupby(["old", "new"], sort=True)[["weight"]].sum().reset_index()


def _first(shapes: NDArray[Any], points: NDArray[Any]) -> NDArray[np.int64]:
    out = np.full(len(points), len(shapes), np.int64)
    point, unit = shapely.STRtree(shapes).query(points, predicate="intersects")
    np.minimum.at(out, point, unit)
    return np.where(out == len(shapes), -1, out)


def _weights(source: gpd.GeoDataFrame | str | Path) -> tuple[Floats, Floats, Floats, str]:
    if isinstance(source, (str, Path)):
        return *_cells(Path(source)), "raster"
    if source.crs is None:
        raise UsageError("weights: no coordinate system; set one, as EPSG:3824")
    if not source.geometry.geom_type.eq("Point").all():
        raise InputError("weights", [Problem(None, "geometry", "is not of points only")])
    weight = source["weight"].to_numpy(np.float64) if "weight" in source else np.ones(len(source))
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(bad):
        problems = [
            Problem(int(at) + 1, "weight", f"{weight[at]} is no weight; numbers from 0 are") for at in bad
        ]
        raise InputError("weights", problems)
    degrees = reproject(source, "EPSG:3824").geometry
    return *_plane(degrees.x.to_numpy(), degrees.y.to_numpy()), weight, "points"


def _cells(path: Path) -> tuple[Floats, Floats, Floats]:
    """Middles of the cells of a raster that hold more than 0."""
    import rasterio

    with rasterio.open(path) as file:
        if file.crs is None:
            raise UsageError(f"{path.name}: no coordinate system; write one into the raster")
        if file.width * file.height > MOST_CELLS:
            raise UsageError(
                f"{path.name}: {file.width:,} × {file.height:,} cells; cut it to the units first"
            )
        values = file.read(1, masked=True).astype(np.float64).filled(0.0)
        row, column = np.nonzero(np.isfinite(values) & (values > 0))
        grid, u, v = file.transform, column + 0.5, row + 0.5
        x, y = grid.a * u + grid.b * v + grid.c, grid.d * u + grid.e * v + grid.f
        lonlat = to_lonlat(np.column_stack([x, y]), file.crs.to_wkt())
    return *_plane(lonlat[:, 0], lonlat[:, 1]), values[row, column]
