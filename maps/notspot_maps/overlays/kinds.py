"""
What lies over the atlas: rasters of footprints, places as points, trails and roads as lines, each with its status.

Overlays are made from rasters (`overlay_rasters`), from frames (`points_of`, `lines_of`) and from what a run counted
(`overlay_account`); `overlay_payload.packed` puts them into the page. Exact positions of base stations are sensitive:
an overlay that holds them says so, and no page takes it unless that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata import crs as systems
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

State = Literal["", "unknown", "no", "yes"]
Codes = NDArray[np.uint8]

NO, YES, UNKNOWN = 0, 1, 2  # status of a place or a piece of line, as accounts number them
STATUS = {
    "covered": YES, "涵蓋": YES, "已涵蓋": YES, "yes": YES, "true": YES, "1": YES, "是": YES, "有": YES,
    "not covered": NO, "未涵蓋": NO, "no": NO, "false": NO, "0": NO, "否": NO,
    "unknown": UNKNOWN, "無資料": UNKNOWN, "未知": UNKNOWN, "": UNKNOWN,
}  # fmt: skip  # 無 alone says neither: no coverage, or no data
BASES = ("claim", "model", "measurement", "register", "")
NOTICE = Text(
    "本檔含有基地臺之精確位置，屬敏感資料；未經同意請勿散布。",
    "This file holds exact positions of base stations, which are sensitive; do not pass it on without permission.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """
    What all overlays have.

    Attributes
    ----------
    id
        Small letters, digits and ``_``; it stands in the page's address.
    basis, as_of
        ``claim``, ``model``, ``measurement``, ``register`` or ""; an ISO date, month or year.
    note
        What a reader must know of it.
    sensitive
        It shows where base stations stand, or lets it be worked out.
    given
        Whoever made the atlas asked for it by name: a page lists it before those that a study has anyway.
    """

    id: str
    name: Text
    source: Text | None = None
    basis: str = ""
    as_of: str = ""
    note: Text | None = None
    sensitive: bool = False
    given: bool = False


@dataclass(frozen=True, slots=True)
class Shade:
    """One class of a raster: its name, its colour ``#rrggbb``, and whether it means covered, not covered or unknown."""

    name: Text
    colour: str
    state: State = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RasterOverlay(Overlay):
    """
    Classes in square cells of the Web Mercator projection (EPSG:3857), rows from the north.

    Attributes
    ----------
    codes
        Shape (rows, columns): index into `shades`; 0 is unknown.
    west, north, step
        In metres of EPSG:3857; `step` is the side of a cell.
    resolution_m
        The side of a cell in metres on the ground in the middle of Taiwan.
    """

    codes: Codes
    west: float
    north: float
    step: float
    resolution_m: float
    shades: tuple[Shade, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """
    How the places or lines of an overlay stand to one service.

    Attributes
    ----------
    frame
        ``at`` (row of the overlay's frame), ``status`` (`NO`, `YES`, `UNKNOWN`), ``by`` (who covers it, text); of lines
        also ``start`` and ``end``, shares of the length of the line from 0 to 1, in the order of `at` and `start`.
    """

    service: str
    name: Text
    frame: pd.DataFrame
    basis: str = ""
    as_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointOverlay(Overlay):
    """Places: `points` has ``name`` and a geometry of points in EPSG:3824; without `standings` they are only shown."""

    points: gpd.GeoDataFrame
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineOverlay(Overlay):
    """Trails, roads, routes: `lines` has ``name`` and a geometry of single lines in EPSG:3824."""

    lines: gpd.GeoDataFrame
    standings: tuple[Standing, ...] = ()
    resolution_m: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackedOverlay(Overlay):
    """An overlay as a page holds it (`overlay_payload.packed`): one that was read back."""

    data: Mapping[str, object]


def points_of(
    frame: gpd.GeoDataFrame,
    *,
    id: str,
    name: Text,
    service: Text | None = None,
    source: Text | None = None,
    basis: str = "",
    as_of: str = "",
    note: Text | None = None,
    sensitive: bool = False,
) -> PointOverlay:
    """
    Points of a frame with a CRS; columns ``name``, ``status`` and ``by`` (who covers it) are taken where there are any.

    Parameters
    ----------
    service
        What `status` is about.

    Raises
    ------
    InputError
        No CRS, a geometry that is no point, a status that is none of `STATUS`.
    """
    shapes = _degrees(frame, id, (0,), "point")
    said = {"id": id, "name": name, "source": source, "basis": basis, "as_of": as_of, "note": note}
    standings = _standing(frame, id, service, basis, as_of)
    return PointOverlay(points=shapes, standings=standings, sensitive=sensitive, **said)  # type: ignore[arg-type]


def lines_of(
    frame: gpd.GeoDataFrame,
    *,
    id: str,
    name: Text,
    service: Text | None = None,
    source: Text | None = None,
    basis: str = "",
    as_of: str = "",
    note: Text | None = None,
    resolution_m: float = 20.0,
    sensitive: bool = False,
) -> LineOverlay:
    """Lines of a frame with a CRS, each feature with one status; as `points_of`."""
    shapes = _degrees(frame, id, (1, 5), "line")
    standings = _standing(frame, id, service, basis, as_of)
    parts = shapes.reset_index(drop=True).explode()
    place = np.flatnonzero(shapely.length(parts.geometry.to_numpy()) > 0)
    parts = parts.iloc[place]
    row = parts.index.to_numpy()
    split = tuple(
        Standing(
            each.service,
            each.name,
            each.frame.iloc[row].assign(at=np.arange(len(row)), start=0.0, end=1.0).reset_index(drop=True),
            each.basis,
            each.as_of,
        )
        for each in standings
    )
    said = {"id": id, "name": name, "source": source, "basis": basis, "as_of": as_of, "note": note}
    lines = parts.reset_index(drop=True)
    rest = {"resolution_m": resolution_m, "sensitive": sensitive, **said}
    return LineOverlay(lines=lines, standings=split, **rest)  # type: ignore[arg-type]


def kind_name(overlay: Overlay) -> str:
    """``raster``, ``lines`` or ``points``."""
    if isinstance(overlay, PackedOverlay):
        return str(overlay.data["kind"])
    return (
        "points"
        if isinstance(overlay, PointOverlay)
        else "lines"
        if isinstance(overlay, LineOverlay)
        else "raster"
    )


def notice_of(overlays: Sequence[Overlay]) -> Text | None:
    """What a page must say at its top: `NOTICE` where an overlay is sensitive."""
    return NOTICE if any(overlay.sensitive for overlay in overlays) else None


def _degrees(frame: gpd.GeoDataFrame, id: str, kinds: tuple[int, ...], word: str) -> gpd.GeoDataFrame:
    """``name`` and geometry in EPSG:3824; an empty geometry stays empty."""
    if frame.crs is None:
        raise InputError(id, [Problem(None, "crs", "is missing: nobody can say where the coordinates lie")])
    shapes = frame.geometry.to_numpy()
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    wrong = np.flatnonzero(there & ~np.isin(shapely.get_type_id(shapes), kinds))
    if len(wrong):
        raise InputError(
            id,
            [Problem(int(at) + 1, "geometry", f"is a {shapes[at].geom_type}, not a {word}") for at in wrong],
        )
    places = systems.reproject(frame[[frame.geometry.name]], "EPSG:3824").geometry
    names = frame["name"].fillna("").astype(str).to_numpy() if "name" in frame else ""
    return named_shapes(places, names)


def named_shapes(shapes: gpd.GeoSeries, names: object) -> gpd.GeoDataFrame:
    """A frame of ``name`` and ``geometry``."""
    import geopandas as gpd

    out = gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes.to_numpy(), crs=shapes.crs))
    return out.assign(name=names)


def _standing(
    frame: gpd.GeoDataFrame, id: str, service: Text | None, basis: str, as_of: str
) -> tuple[Standing, ...]:
    if "status" not in frame:
        return ()
    status, problems = statuses_of(frame["status"])
    if problems:
        raise InputError(id, problems)
    by = frame["by"].fillna("").astype(str).to_numpy() if "by" in frame else ""
    own = pd.DataFrame({"at": np.arange(len(frame)), "status": status, "by": by})
    return (Standing("status", service or Text("涵蓋狀態", "Coverage"), own, basis, as_of),)


def statuses_of(cells: pd.Series) -> tuple[NDArray[np.int8], list[Problem]]:
    """`NO`, `YES` or `UNKNOWN` of each cell, and the cells that say neither."""
    said = cells.map(lambda cell: "" if pd.isna(cell) else _plain(cell))
    found = said.map(STATUS)
    known: Mapping[str, None] = dict.fromkeys(
        ["covered", "not covered", "unknown", "涵蓋", "未涵蓋", "無資料"]
    )
    problems = [
        Problem(int(at) + 1, "status", f"'{said.iloc[at]}' is none of {', '.join(known)}", str(said.iloc[at]))
        for at in np.flatnonzero(found.isna().to_numpy())
    ]
    return np.asarray(found.fillna(UNKNOWN), np.int8), problems


def _plain(cell: object) -> str:
    if isinstance(cell, float) and cell == int(cell):
        cell = int(cell)
    return " ".join(str(cell).replace("_", " ").split()).lower()
