"""
Overlays as the page holds them: classes of cells as runs, points and lines as differences of grid steps.
"""

from __future__ import annotations

import base64
import gzip
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata import crs as systems
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text
from notspot_maps.overlays.kinds import (
    UNKNOWN,
    LineOverlay,
    Overlay,
    PackedOverlay,
    PointOverlay,
    RasterOverlay,
    Standing,
)
from notspot_maps.words import both

GRID_DEG = 1e-5  # of points and lines: about a metre
CUT = 64  # parts of a stretch of a line, for where its status changes
METRES = "EPSG:3826"
_WORLD_PX = 256.0  # the Mercator world at zoom 0
_HALF_M = math.pi * 6378137.0
_FREE = "abcdefghijklmnopqrstuvwxyz0123456789_"


def packed(overlays: Sequence[Overlay], *, include_sites: bool = False) -> list[dict[str, Any]]:
    """
    ``data.overlays`` of the page.

    Raises
    ------
    UsageError
        Two overlays of one id, an id that cannot stand in an address; a sensitive overlay without `include_sites`.
    """
    seen: set[str] = set()
    out = []
    for overlay in overlays:
        if not overlay.id or set(overlay.id) - set(_FREE):
            raise UsageError(f"'{overlay.id}' is no id of an overlay: small letters, digits and _")
        if overlay.id in seen:
            raise UsageError(f"two overlays have the id '{overlay.id}'")
        if overlay.sensitive and not include_sites:
            raise UsageError(
                f"the overlay '{overlay.id}' shows where base stations stand: ask for it with --include-sites"
            )
        seen.add(overlay.id)
        given = {"given": True} if overlay.given else {}
        if isinstance(overlay, PackedOverlay):
            out.append({**overlay.data, **given})
            continue
        head = {
            "id": overlay.id,
            "name": both(overlay.name),
            "source": both(overlay.source),
            "basis": overlay.basis,
            "as_of": overlay.as_of,
            "note": both(overlay.note),
            "sensitive": overlay.sensitive,
            **given,
        }
        if isinstance(overlay, RasterOverlay):
            out.append(head | {"kind": "raster"} | _raster(overlay))
        elif isinstance(overlay, PointOverlay):
            out.append(head | {"kind": "points"} | _points(overlay))
        elif isinstance(overlay, LineOverlay):
            out.append(head | {"kind": "lines"} | _lines(overlay))
        else:
            raise UsageError(f"{type(overlay).__name__} is no overlay that a page can hold")
    return out


def unpacked(data: Sequence[dict[str, Any]]) -> tuple[PackedOverlay, ...]:
    """What `packed` gave, as overlays again that another page takes as they are."""
    return tuple(
        PackedOverlay(id=each["id"], name=Text(*each["name"]), sensitive=each["sensitive"], data=each)
        for each in data
    )


# ------------------------------------------------------------------ rasters


def _raster(overlay: RasterOverlay) -> dict[str, Any]:
    rows, columns = overlay.codes.shape
    scale = _WORLD_PX / (2 * _HALF_M)
    return {
        "resolution": round(overlay.resolution_m, 2),
        "shades": [[*(both(each.name) or []), each.colour, each.state] for each in overlay.shades],
        "west": (overlay.west + _HALF_M) * scale,
        "north": (_HALF_M - overlay.north) * scale,
        "step": overlay.step * scale,
        "columns": columns,
        "rows": rows,
        "cells": base64.b64encode(gzip.compress(runs(overlay.codes), 9, mtime=0)).decode("ascii"),
    }


def runs(codes: NDArray[np.uint8]) -> bytes:
    """
    Cells in reading order as runs: how many there are, the code of each, the length of each.

    Numbers are variable-length integers, seven bits a byte, the lowest first.
    """
    flat = codes.ravel()
    if not len(flat):
        return _varints(np.zeros(1, np.int64))
    first = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    length = np.diff(np.r_[first, len(flat)])
    return _varints(np.array([len(first)])) + flat[first].tobytes() + _varints(length)


def _varints(numbers: NDArray[np.int64]) -> bytes:
    digits = np.stack([(numbers >> shift) & 127 for shift in range(0, 35, 7)], axis=1)
    more = np.stack([numbers >> shift > 0 for shift in range(7, 42, 7)], axis=1)
    keep = np.concatenate([np.ones((len(numbers), 1), bool), more[:, :-1]], axis=1)
    return bytes((digits | (more << 7))[keep].astype(np.uint8).tobytes())


# ------------------------------------------------------------------ points


def _points(overlay: PointOverlay) -> dict[str, Any]:
    shapes = overlay.points.geometry.to_numpy()
    there = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
    lon, lat = shapely.get_coordinates(shapes[there]).T if len(there) else np.empty((2, 0))
    x, y = (np.rint(v / GRID_DEG).astype(np.int64) for v in (lon, lat))
    order = np.lexsort(
        (there, x, y, _along(x, y))
    )  # near ones together: small differences, and a list by place
    names = overlay.points["name"].fillna("").astype(str).to_numpy(object)[there[order]]
    place = np.full(len(shapes), -1)
    place[there[order]] = np.arange(len(order))
    return {
        "grid": GRID_DEG,
        "lost": len(shapes) - len(there),
        **_deltas(x[order], y[order]),
        "names": [" ".join(name.split()) for name in names],
        "services": [_place_service(each, place, len(order)) for each in overlay.standings],
    }


def _along(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which square of 0.02 degrees a point is in, in an order that keeps neighbours near (Morton)."""
    out = np.zeros(len(x), np.int64)
    for bit in range(14):
        out |= ((x // 2000 >> bit) & 1) << (2 * bit)
        out |= ((y // 2000 >> bit) & 1) << (2 * bit + 1)
    return out


def _deltas(x: NDArray[np.int64], y: NDArray[np.int64]) -> dict[str, list[int]]:
    return {"x": np.diff(x, prepend=0).tolist(), "y": np.diff(y, prepend=0).tolist()}


def _service(standing: Standing) -> dict[str, Any]:
    return {
        "id": standing.service,
        "name": both(standing.name),
        "basis": standing.basis,
        "as_of": standing.as_of,
    }


def _place_service(standing: Standing, place: NDArray[np.int64], count: int) -> dict[str, Any]:
    status = np.full(count, UNKNOWN)
    by = np.full(count, "", object)
    at = place[standing.frame["at"].to_numpy()]
    status[at[at >= 0]] = standing.frame["status"].to_numpy()[at >= 0]
    by[at[at >= 0]] = standing.frame["by"].astype(str).to_numpy(object)[at >= 0]
    lost = np.bincount(standing.frame["status"].to_numpy()[at < 0], minlength=3)
    who = sorted(set(by.tolist()) | {""})
    number = {name: i for i, name in enumerate(who)}
    out = _service(standing) | {"status": "".join(map(str, status.tolist())), "lost": lost.tolist()}
    return out | ({"who": who, "by": [number[name] for name in by]} if len(who) > 1 else {})


# ------------------------------------------------------------------ lines


def _lines(overlay: LineOverlay) -> dict[str, Any]:
    degrees = overlay.lines.geometry.to_numpy()
    metres = systems.reproject(overlay.lines[["geometry"]], METRES).geometry.to_numpy()
    kept, places = [], []
    for full, flat in zip(degrees, metres, strict=True):
        corners, index, length = _simplified(full, flat, overlay.resolution_m)
        kept.append(corners)
        places.append((index, length))
    counts = [len(corners) for corners in kept]
    all_ = np.concatenate(kept) if kept else np.empty((0, 2))
    x, y = (np.rint(v / GRID_DEG).astype(np.int64) for v in all_.T)
    names = overlay.lines["name"].fillna("").astype(str)
    return {
        "grid": GRID_DEG,
        "resolution": overlay.resolution_m,
        "counts": counts,
        **_deltas(x, y),
        "names": [" ".join(name.split()) for name in names],
        "km": [round(float(length[-1]) / 1000, 3) for _, length in places],
        "cut": CUT,
        "services": [_line_service(each, places) for each in overlay.standings],
    }


def _simplified(
    degrees: Any, metres: Any, resolution_m: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Corners of a line that are kept, in degrees; which ones they are; metres from its beginning to each corner."""
    corners = shapely.get_coordinates(degrees)
    flat = shapely.get_coordinates(metres)
    length = np.r_[0.0, np.cumsum(np.hypot(*np.diff(flat, axis=0).T))]
    thin = shapely.get_coordinates(shapely.simplify(metres, resolution_m, preserve_topology=False))
    index = np.zeros(len(thin), np.int64)
    at = 0
    for i, corner in enumerate(thin):  # those that are kept are among the corners, in their order
        at += int(np.flatnonzero((flat[at:] == corner).all(axis=1))[0])
        index[i] = at
        at += 1 if i + 1 < len(thin) else 0
    index[-1] = len(flat) - 1
    return corners[index], index, length


def _line_service(
    standing: Standing, places: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]
) -> dict[str, Any]:
    """Of each line its status, where that changes, the next status …; and km by status."""
    pieces: list[list[int]] = [[] for _ in places]
    km = np.zeros(3)
    frame: pd.DataFrame = standing.frame
    columns = (frame["at"], frame["status"], frame["start"], frame["end"])
    for at, status, start, end in zip(*(c.to_numpy() for c in columns), strict=True):
        index, length = places[at]
        km[status] += (end - start) * length[-1] / 1000
        own = pieces[at]
        if own and own[-1] == status:
            continue
        if own:
            own.append(_place(start * length[-1], index, length))
        own.append(int(status))
    return _service(standing) | {
        "pieces": [own or [UNKNOWN] for own in pieces],
        "lengths": [round(float(each), 3) for each in km],
    }


def _place(at_m: float, index: NDArray[np.int64], length: NDArray[np.float64]) -> int:
    """A place on the simplified line: stretches before it, times `CUT`. Corners that are kept stay where they are."""
    ends = length[index]
    stretch = int(np.clip(np.searchsorted(ends, at_m, side="right") - 1, 0, len(ends) - 2))
    share = (at_m - ends[stretch]) / max(ends[stretch + 1] - ends[stretch], 1e-9)
    return round((stretch + min(max(float(share), 0.0), 1.0)) * CUT)
