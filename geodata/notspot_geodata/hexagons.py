"""
Cells of the H3 grid as arrays: which cell a point is in, its parents, outline, area, and those on land.

H3 numbers hexagons on a sphere; longitudes and latitudes of TWD97 or WGS 84 go in as they are (h3geo.org, 2018).
Cells are 64-bit numbers here; `names` gives them as people write them (``884ba0a415fffff``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain, repeat
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from notspot_geodata import reference
from notspot_geodata.errors import UsageError
from notspot_geodata.locating import NOWHERE, locate_points

Floats = NDArray[np.float64]
Cells = NDArray[np.uint64]

RESOLUTIONS = (0, 15)
SIX = 6
NONE = np.uint64(0)  # no cell: a coordinate is missing
_RESOLUTION_BIT, _DIGIT_BITS = 52, 3  # of an index: H3 core library, "H3 index representations"
_SPHERE_KM = 6371.007180918475  # radius that H3's areas are of
_A_KM, _E2 = 6378.137, 0.006694380022900787  # GRS 80
_KM_PER_DEGREE = 100.0  # fewer than there are this far south of 26.6° N
_CHUNK = 50_000  # cells whose outlines are in memory at once


def cells_at(lonlat: Floats, resolution: int) -> Cells:
    """The cell of each point, shape (n, 2) in degrees; `NONE` where a coordinate is missing."""
    check_resolution(resolution)
    h3 = _h3()
    out = np.zeros(len(lonlat), dtype=np.uint64)
    ok = np.isfinite(lonlat).all(axis=1)
    lat, lon = lonlat[ok, 1].tolist(), lonlat[ok, 0].tolist()
    out[ok] = np.fromiter(map(h3.latlng_to_cell, lat, lon, repeat(resolution)), np.uint64, len(lat))
    return out


def check_resolution(resolution: int) -> None:
    """Raise `UsageError` unless H3 has it."""
    if not RESOLUTIONS[0] <= resolution <= RESOLUTIONS[1]:
        raise UsageError(
            f"resolution {resolution} is not one of H3; {RESOLUTIONS[0]} to {RESOLUTIONS[1]} are"
        )


def parents(cells: Cells, resolution: int) -> Cells:
    """The ancestors at a coarser `resolution` of cells that are all of one resolution."""
    check_resolution(resolution)
    if not len(cells):
        return cells.copy()
    own = resolution_of(cells)
    if resolution > own:
        raise UsageError(f"cells of resolution {own} have no parents of resolution {resolution}")
    # the digits below are all ones in an index, and its resolution stands in bits 52 to 55
    below = sum(7 << _DIGIT_BITS * (15 - digit) for digit in range(resolution + 1, 16))
    kept = cells & ~np.uint64(15 << _RESOLUTION_BIT)
    return kept | np.uint64(resolution << _RESOLUTION_BIT) | np.uint64(below)


def resolution_of(cells: Cells) -> int:
    """The resolution that all `cells` are of."""
    found = np.unique((cells >> np.uint64(_RESOLUTION_BIT)) & np.uint64(15))
    if len(found) != 1:
        raise UsageError(f"cells of one resolution are needed, these are of {found.tolist()}")
    return int(found[0])


def middles(cells: Cells) -> Floats:
    """Longitude and latitude of the middle of each cell, shape (…, 2)."""
    h3 = _h3()
    pairs = chain.from_iterable(map(h3.cell_to_latlng, cells.ravel().tolist()))
    found = np.fromiter(pairs, np.float64, 2 * cells.size)
    return found.reshape(-1, 2)[:, ::-1].reshape(*cells.shape, 2)


def outlines(cells: Cells) -> NDArray[Any]:
    """The hexagon of each cell as a polygon in degrees."""
    lonlat, which = corners(cells)
    return np.asarray(shapely.polygons(shapely.linearrings(lonlat, indices=which)))


def corners(cells: Cells) -> tuple[Floats, NDArray[np.int64]]:
    """
    The outline of each cell, corner by corner against the clock: longitudes and latitudes, and whose they are.

    Most cells have six; pentagons have fewer, and cells across an edge of H3's icosahedron more.
    """
    rings = list(map(_h3().cell_to_boundary, cells.tolist()))
    size = np.fromiter(map(len, rings), np.int64, len(rings))
    flat = chain.from_iterable(chain.from_iterable(rings))
    latlon = np.fromiter(flat, np.float64, 2 * int(size.sum())).reshape(-1, 2)
    return latlon[:, ::-1], np.repeat(np.arange(len(rings)), size)


def spots(cells: Cells, detail: int) -> tuple[Floats, Floats]:
    """
    Points spread evenly in each cell, and the share of the cell that each stands for.

    The six triangles between the middle and the corners are cut into `detail` ** 2 alike ones; the points are their
    middles. No point is on an edge, so that shapes which share an edge with the cell do not touch it.

    Returns
    -------
    points, shares
        Shape (n, 6 * detail ** 2, 2) in degrees, and (n, 6 * detail ** 2), adding up to 1 in each cell.
    """
    ring = _corners(cells)  # (n, 6, 2)
    centre = ring.mean(axis=1, keepdims=True)
    first, second = ring - centre, np.roll(ring, -1, axis=1) - centre
    along = _thirds(detail)  # (detail ** 2, 2)
    points = centre[:, :, None] + along[:, :1] * first[:, :, None] + along[:, 1:] * second[:, :, None]
    area = np.abs(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
    shares = np.repeat(area / area.sum(axis=1, keepdims=True) / detail**2, detail**2, axis=1)
    return points.reshape(len(cells), SIX * detail**2, 2), shares


def _thirds(detail: int) -> Floats:
    """Middles of the `detail` ** 2 small triangles of one, as shares of its two sides, shape (n, 2)."""
    found = [
        ((i + third) / detail, (j + third) / detail)
        for third, rows in ((1 / 3, detail), (2 / 3, detail - 1))
        for i in range(rows)
        for j in range(rows - i)
    ]
    return np.array(found, dtype=np.float64)


def _corners(cells: Cells) -> Floats:
    """The six corners of each cell in degrees, shape (n, 6, 2)."""
    h3 = _h3()
    rings = [h3.cell_to_boundary(cell) for cell in cells.tolist()]
    # where a cell lies across an edge of the icosahedron its sides have a slight bend, which is no corner
    six = [ring if len(ring) == SIX else _without_bends(ring) for ring in rings]
    return np.array(six, dtype=np.float64).reshape(-1, SIX, 2)[..., ::-1]


def _without_bends(ring: Any) -> Any:
    corners = list(ring)
    while len(corners) > SIX:
        xy = np.array(corners)
        side = np.roll(xy, -1, axis=0) - xy
        side /= np.hypot(*side.T)[:, None]
        before = np.roll(side, 1, axis=0)
        corners.pop(int(np.argmin(np.abs(before[:, 0] * side[:, 1] - before[:, 1] * side[:, 0]))))
    return corners


def areas_km2(cells: Cells) -> Floats:
    """Area of each cell on the ellipsoid (GRS 80), km²; H3's own areas are those of a sphere, 0.2 % more here."""
    h3 = _h3()
    sphere = np.array([h3.cell_area(cell, "km^2") for cell in cells.tolist()], dtype=np.float64)
    lat = np.radians(middles(cells)[:, 1])
    root = 1 - _E2 * np.sin(lat) ** 2
    # an element of longitude and latitude is M N cos(lat) on the ellipsoid and R² cos(lat) on the sphere
    ratio: Floats = _A_KM**2 * (1 - _E2) / root**2 / _SPHERE_KM**2
    return sphere * ratio


def edge_km(resolution: int) -> float:
    """Average length of an edge, km; it is the average distance from the middle to a corner, too."""
    return float(_h3().average_hexagon_edge_length(resolution, "km"))


def names(cells: Cells) -> list[str]:
    """Cells as text."""
    return [f"{cell:x}" for cell in cells.tolist()]


def numbers(texts: Any) -> Cells:
    """Cells of text; raises `UsageError` where one is no cell."""
    h3 = _h3()
    try:
        found = np.array([int(str(text), 16) for text in texts], dtype=np.uint64)
        good = all(map(h3.is_valid_cell, found.tolist()))
    except (ValueError, OverflowError):
        good = False
    if not good:
        raise UsageError("the column of cells holds something that is no H3 cell, such as 884ba0a415fffff")
    return found


def is_cell(number: int) -> bool:
    """Whether a 64-bit number is a cell."""
    return bool(_h3().is_valid_cell(number))


# ------------------------------------------------------------------ land


def land_cells(bounds: tuple[float, float, float, float], resolution: int) -> Cells:
    """Cells that may hold land, sorted: those near to it within `bounds` (west, south, east, north; degrees)."""
    check_resolution(resolution)
    h3 = _h3()
    reach = 2 * edge_km(resolution) / _KM_PER_DEGREE
    box = shapely.box(*bounds)
    found = [np.zeros(0, dtype=np.uint64)]
    for part in _land_parts():
        seen = shapely.intersection(shapely.box(*shapely.bounds(part)), box)
        if seen.is_empty:
            continue
        west, south, east, north = shapely.bounds(seen) + np.array([-1, -1, 1, 1]) * reach
        ring = [(south, west), (south, east), (north, east), (north, west)]
        cells = h3.polygon_to_cells(h3.LatLngPoly(ring), resolution)
        pieces = _chunks(np.asarray(cells, dtype=np.uint64))
        found += [some[shapely.intersects(part, outlines(some))] for some in pieces]
    return np.unique(np.concatenate(found))


def on_land(lonlat: Floats) -> NDArray[np.bool_]:
    """Whether each point, shape (n, 2) in degrees, lies in a village."""
    return np.asarray(locate_points(lonlat[:, 0], lonlat[:, 1]) != NOWHERE)


@cache
def _land_parts() -> NDArray[Any]:
    parts: NDArray[Any] = shapely.get_parts(reference.counties().geometry.to_numpy())
    shapely.prepare(parts)
    return parts


def _chunks(cells: Cells) -> Iterator[Cells]:
    for start in range(0, len(cells), _CHUNK):
        yield cells[start : start + _CHUNK]


@cache
def _h3() -> Any:
    import h3.api.numpy_int as h3

    return h3
