"""
Cells of an overlay: classes brought into Web Mercator, and what of them would show where stations stand taken away.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.features import rasterize
from rasterio.transform import Affine, from_origin
from rasterio.warp import reproject, transform_bounds

from notspot_geodata import reference
from notspot_geodata.errors import UsageError

Codes = NDArray[np.uint8]

LATITUDE = 23.7  # the middle of Taiwan, where metres on the ground and of the projection are compared
MOST_CELLS = 40_000_000  # of an overlay: more cannot be read on a screen
_HALF_M = math.pi * 6378137.0  # half the width of the Web Mercator world


def warped(
    cells: NDArray[Any], place: Affine, system: Any, size_m: float
) -> tuple[NDArray[Any], float, float, float]:
    """Cells in Web Mercator by majority, or by the nearest where they are no larger; west, north and step in metres."""
    high, wide = cells.shape
    corners = [place * corner for corner in ((0, 0), (wide, 0), (0, high), (wide, high))]
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    south, north = min(y for _, y in corners), max(y for _, y in corners)
    west, south, east, north = transform_bounds(system, "EPSG:3857", west, south, east, north, densify_pts=41)
    step = size_m / math.cos(math.radians(LATITUDE))
    left, top = math.floor(west / step), math.ceil(north / step)
    columns, rows = math.ceil(east / step) - left, top - math.floor(south / step)
    if not all(math.isfinite(edge) and abs(edge) <= 1.01 * _HALF_M for edge in (west, south, east, north)):
        raise UsageError("the raster lies beyond what Web Mercator can show")
    if columns * rows > MOST_CELLS:
        raise UsageError(
            f"cells of {size_m:g} m would be {columns * rows:,}; {MOST_CELLS:,} are possible: take larger ones"
        )
    out = np.zeros((rows, columns), cells.dtype)
    degrees = rasterio.crs.CRS.from_user_input(system).is_geographic
    own_m = math.sqrt(abs(place.determinant)) * (111_320.0 if degrees else 1.0)
    reproject(
        cells,
        out,
        src_transform=place,
        src_crs=system,
        dst_transform=from_origin(left * step, top * step, step, step),
        dst_crs="EPSG:3857",
        resampling=Resampling.mode if size_m > 1.5 * own_m else Resampling.nearest,
        num_threads=1,
    )
    return out, left * step, top * step, step


def land_of(shape: tuple[int, ...], west: float, north: float, step: float) -> NDArray[np.bool_]:
    """Cells that townships touch, and those beside them."""
    drawn: NDArray[np.bool_] = rasterize(
        _townships(),
        out_shape=(shape[0], shape[1]),
        transform=from_origin(west, north, step, step),
        all_touched=True,
        dtype="uint8",
    ).astype(bool)
    out = drawn.copy()
    out[1:] |= drawn[:-1]
    out[:-1] |= drawn[1:]
    out[:, 1:] |= drawn[:, :-1]
    out[:, :-1] |= drawn[:, 1:]
    return out


@cache
def _townships() -> tuple[Any, ...]:
    return tuple(reference.townships().geometry.to_crs("EPSG:3857"))


def rimless(codes: Codes, land: NDArray[np.bool_], block: int, *, whole: bool) -> Codes:
    """
    Codes of land without the rim of what was computed, a circle around each station that its middle could be told from.

    In blocks of so many cells where land is unknown the lowest class (or with `whole` every class) is unknown too: the
    border between them follows the blocks.
    """
    rows, columns = (-(-side // block) for side in codes.shape)
    padded = np.zeros((rows * block, columns * block), bool)
    padded[: codes.shape[0], : codes.shape[1]] = land & (codes == 0)
    some = padded.reshape(rows, block, columns, block).any(axis=(1, 3))
    near = np.repeat(np.repeat(some, block, axis=0), block, axis=1)[: codes.shape[0], : codes.shape[1]]
    return np.where(near & ((codes == 1) | whole), 0, codes).astype(np.uint8)


def apart(servers: NDArray[Any]) -> Codes:
    """
    A colour a server, 1 to 7, so that neighbours differ: those with most neighbours first, each takes the colour that
    the fewest of its neighbours have. What number a server had cannot be told from it.
    """
    names, cells = np.unique(servers, return_inverse=True)
    cells = cells.reshape(servers.shape)
    pairs = np.concatenate(
        [
            np.stack([cells[:, 1:].ravel(), cells[:, :-1].ravel()], axis=1),
            np.stack([cells[1:].ravel(), cells[:-1].ravel()], axis=1),
        ]
    )
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    nobody = int(np.flatnonzero(names == 0)[0]) if (names == 0).any() else -1
    pairs = pairs[(pairs != nobody).all(axis=1)]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    start = np.searchsorted(both[:, 0], np.arange(len(names) + 1))
    colour = np.zeros(len(names), np.uint8)
    for one in np.argsort(-(np.diff(start)), kind="stable").tolist():
        if one == nobody:
            continue
        taken = np.bincount(colour[both[start[one] : start[one + 1], 1]], minlength=8)[1:8]
        colour[one] = 1 + int(np.argmin(taken))
    return colour[cells]
