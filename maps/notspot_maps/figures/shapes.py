"""
Where the units of a printed map stand: the nation with its islands in insets, or one county with what is around it.

Coordinates are those of a page in CSS pixels, 1/96 inch; path data are whole tenths of them (`map_shapes.FINE`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from notspot_geodata.text import Text
from notspot_maps.drawing.map_shapes import INSETS, MAIN, Frame, path_data

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Level = Literal["county", "township", "village"]
Box = tuple[float, float, float, float]

DETAIL = 0.35  # pixels that simplifying may move a line: a tenth of a millimetre
KEYS: Mapping[Level, str] = {"county": "county_code", "township": "town_code", "village": "village_code"}

LONGEST = 0.5  # of a frame's width that its scale bar may take
NATION_SIZE = (680.0, 800.0)
# the main island takes the height; the islands stand in the sea to its west, and under them is room for a legend
_BOXES: Mapping[str, Box] = {
    "連江（馬祖）": (0, 0, 168, 140),
    "烏坵": (178, 0, 104, 96),
    "金門": (0, 150, 168, 130),
    "澎湖": (0, 290, 168, 226),
    "": (226, 0, 454, 790),
}
LEGEND_AT = (0.0, 530.0)
_SHORT = {"連江（馬祖）": Text("馬祖", "Matsu")}


@dataclass(frozen=True, slots=True)
class Spot:
    """
    A place for a name: the middle of a unit's widest part.

    Attributes
    ----------
    reach
        How far it is to the nearest border.
    islet
        Half the width and height of that part where sea is all around it, so that a name may stand beside it.
    """

    x: float
    y: float
    reach: float
    islet: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """
    The units of one frame as they are drawn.

    Attributes
    ----------
    paths
        Path data of each unit by its code.
    counties
        Path data of the counties' outlines.
    marked
        Path data of the outline of the place that the map points out.
    around
        Path data of the counties that lie beside, cut to the frame.
    spots
        Where names go, by code of counties and, at their level, of townships.
    unit_km
        Kilometres of a pixel.
    """

    frame: Frame
    paths: Mapping[str, str]
    counties: str
    marked: str
    around: str
    spots: Mapping[str, Spot]
    unit_km: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A map before it is coloured: its parts and its size in pixels."""

    parts: tuple[Part, ...]
    size: tuple[float, float]

    @property
    def codes(self) -> list[str]:
        """Of the units, each once: Kinmen County stands in two frames."""
        return list(dict.fromkeys(code for part in self.parts for code in part.paths))


def nation_sheet(shapes: gpd.GeoDataFrame, level: Level, *, scale: float = 1.0, mark: str = "") -> Sheet:
    """
    The whole country, of `scale` times `NATION_SIZE`.

    Parameters
    ----------
    shapes
        Villages for their level, townships for the others: ``town_code``, ``county_code`` and, of villages,
        ``village_code``; geometry in any CRS.
    mark
        Code of a place to outline.
    """
    parts = []
    for frame in (*INSETS, MAIN):
        x, y, width, height = (scale * length for length in _BOXES[frame.name.zh])
        own = dataclasses.replace(
            frame, box=(x, y, width, height), name=_SHORT.get(frame.name.zh, frame.name)
        )
        inside = shapes[shapes["town_code"].astype(str).map(frame.of)]
        if len(inside):
            pad = (0.0, 0.0, 0.0, 0.0) if frame is MAIN else _pads(scale)
            parts.append(_placed(inside, own, level, pad, mark=mark))
    return Sheet(tuple(parts), (scale * NATION_SIZE[0], scale * NATION_SIZE[1] + 8))


def county_sheet(
    shapes: gpd.GeoDataFrame, level: Level, place: str, around: gpd.GeoDataFrame, *, size: tuple[float, float]
) -> Sheet:
    """
    The county of `place`, as large as it fits into `size`; Wuqiu, 135 km from the rest of Kinmen, in an inset.

    Parameters
    ----------
    place
        Code of the county, or of a township or village in it, which is outlined.
    around
        Townships of the whole country, for the outlines of the counties beside.
    """
    islands = next(frame for frame in INSETS if frame.name.zh == "烏坵")
    county, mark = place[:5], place if len(place) > 5 else ""
    away = county == "09020"
    inside = shapes[shapes["county_code"].astype(str) == county]
    far = inside["town_code"].astype(str).map(islands.of) if away else None
    near = inside if far is None else inside[~far]
    crs = "EPSG:3825" if any(county.startswith(c) for c in ("09007", "09020", "10016")) else "EPSG:3826"
    frame = Frame(Text("", ""), lambda code: code.startswith(county), crs, (0, 0, *size), 0)
    part = _placed(near, frame, level, (12, 12, 12, 30), mark=mark, snug=True)  # the bar stands at the foot
    width, height = part.frame.box[2:]
    others = around[around["county_code"].astype(str) != county]
    part = dataclasses.replace(part, around=_around(others, near, part, below=18))
    parts = [part]
    if far is not None and far.any():
        box = (4.0, 4.0, 120.0, 110.0)
        parts.append(
            _placed(inside[far], dataclasses.replace(islands, box=box), level, _pads(1.0), mark=mark)
        )
    return Sheet(tuple(parts), (width, height))


def bar_km(width_km: float) -> float:
    """A round length of about a fifth of the map's width."""
    rough = width_km / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (5, 2, 1) if step * power <= rough)


# ------------------------------------------------------------------ helpers


def _pads(scale: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom: room for the name above and the bar below."""
    name = max(20 * min(scale, 1), 12)
    return 6 * scale, name, 6 * scale, name


def _placed(
    part: gpd.GeoDataFrame,
    frame: Frame,
    level: Level,
    pad: tuple[float, float, float, float],
    *,
    mark: str = "",
    snug: bool = False,
) -> Part:
    """The units of a frame, fitted into its box; `snug` cuts the box to what is drawn."""
    projected = part.geometry.to_crs(frame.crs).to_numpy()
    west, south, east, north = shapely.total_bounds(projected)
    x, y, width, height = frame.box
    inner = width - pad[0] - pad[2], height - pad[1] - pad[3]
    unit = max((east - west) / inner[0], (north - south) / inner[1])  # metres per pixel
    if snug:
        height = (north - south) / unit + pad[1] + pad[3]
        inner = inner[0], height - pad[1] - pad[3]
        frame = dataclasses.replace(frame, box=(x, y, width, height))
    left = x + pad[0] + (inner[0] - (east - west) / unit) / 2
    top = y + pad[1] + (inner[1] - (north - south) / unit) / 2

    def to_page(shapes: Iterable[shapely.Geometry]) -> list[shapely.Geometry]:
        return [shapely.transform(shape, _mover(left, top, west, north, unit)) for shape in shapes]

    simple = shapely.coverage_simplify(projected, unit * DETAIL)
    counties = _joined(simple, part["county_code"])
    units = counties if level == "county" else dict(zip(part[KEYS[level]].astype(str), simple, strict=True))
    drawn = dict(zip(units, to_page(units.values()), strict=True))
    outlines = dict(zip(counties, to_page(counties.values()), strict=True))
    named = outlines if level != "township" else {**outlines, **drawn}
    marked = ""
    if mark:
        inside = part[_finest(part)].astype(str).str.startswith(mark).to_numpy()
        if inside.any():
            (outline,) = to_page([shapely.coverage_union_all(simple[inside])])
            marked = path_data(outline)
    if not 0 < frame.bar_km * 1000 / unit < LONGEST * width:
        frame = dataclasses.replace(frame, bar_km=bar_km(width * unit / 1000))
    return Part(
        frame,
        {code: path_data(shape) for code, shape in drawn.items()},
        "".join(path_data(shape) for shape in outlines.values()),
        marked,
        "",
        _spots(named, drawn),
        unit / 1000,
    )


Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def _mover(left: float, top: float, west: float, north: float, unit: float) -> Callable[[Points], Points]:
    """From metres to pixels: the point (`west`, `north`) comes to (`left`, `top`)."""

    def move(points: Points) -> Points:
        page: Points = np.column_stack(
            [left + (points[:, 0] - west) / unit, top + (north - points[:, 1]) / unit]
        )
        return page

    return move


def _finest(shapes: gpd.GeoDataFrame) -> str:
    return next(KEYS[level] for level in ("village", "township") if KEYS[level] in shapes)


def _joined(shapes: Sequence[shapely.Geometry], keys: pd.Series[str]) -> dict[str, shapely.Geometry]:
    codes = keys.astype(str).to_numpy()
    found = np.asarray(shapes, dtype=object)
    return {str(code): shapely.coverage_union_all(found[codes == code]) for code in sorted(set(codes))}


def _around(others: gpd.GeoDataFrame, inside: gpd.GeoDataFrame, part: Part, *, below: float) -> str:
    """
    The outlines of other counties that reach into the frame of a county's map.

    `below` is by how many pixels the frame has more room under the county than above it.
    """
    west, south, east, north = inside.geometry.to_crs(part.frame.crs).total_bounds
    unit = part.unit_km * 1000
    x, y, width, height = part.frame.box
    across, up = (west + east) / 2, (south + north - below * unit) / 2
    window = (
        across - width * unit / 2, up - height * unit / 2, across + width * unit / 2, up + height * unit / 2
    )  # fmt: skip
    near = others.to_crs(part.frame.crs)
    near = near[near.intersects(shapely.box(*window))]
    if near.empty:
        return ""
    simple = shapely.coverage_simplify(near.geometry.to_numpy(), unit * DETAIL)
    move = _mover(x, y, window[0], window[3], unit)
    cut = (shapely.clip_by_rect(shape, *window) for shape in _joined(simple, near["county_code"]).values())
    return "".join(path_data(shapely.transform(shape, move)) for shape in cut)


def _spots(named: Mapping[str, shapely.Geometry], drawn: Mapping[str, shapely.Geometry]) -> dict[str, Spot]:
    """Where names go; of units, those that touch no other are islands."""
    units = list(drawn.values())
    tree = shapely.STRtree(units)
    out = {}
    for code, shape in named.items():
        largest = max(shapely.get_parts(shape), key=lambda polygon: float(polygon.area))
        radius = shapely.maximum_inscribed_circle(largest, tolerance=1.0)
        (x, y), _ = radius.coords
        west, north, east, south = largest.bounds
        alone = code in drawn and len(tree.query(largest, predicate="intersects")) == 1
        if alone:
            half = ((east - west) / 2, (south - north) / 2)
            out[code] = Spot((west + east) / 2, (north + south) / 2, float(radius.length), half)
        else:
            out[code] = Spot(float(x), float(y), float(radius.length))
    return out
