"""
From a station's radials to raster cells: which radial a cell lies on, and the terrain along it.

Each cell within the radius is one receiver. It is snapped onto the nearest radial at its own distance and
takes the terrain's height there: with the height of the cell's true centre the profile would jump sideways
at its end and make obstacles that are not there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from notspot_coverage.propagation.sightline import sight_radial
from notspot_coverage.propagation.sweep import radial
from notspot_coverage.propagation.terms import compiled

P1812, LINE_OF_SIGHT = 0, 1


def radials_for(radius_m: float, rim_m: float) -> int:
    """So many radials that their ends are at most `rim_m` apart; north, east, south and west are among them."""
    return max(4 * math.ceil(0.5 * math.pi * radius_m / rim_m), 8)


@compiled
def station(
    model: int,
    heights: Any,
    clutter: Any,
    zones: Any,
    west: float,
    north: float,
    dem_m: float,
    x: float,
    y: float,
    htg: float,
    hrg: float,
    radius_m: float,
    radials: int,
    grid_west: float,
    grid_north: float,
    cell_m: float,
    p: float,
    latitude: float,
    delta_n: float,
    bands: Any,
    loss: Any,
    floor: Any,
    elevation: Any,
) -> int:
    """
    Predict all cells around one station; the number of cells.

    Parameters
    ----------
    model
        `P1812` or `LINE_OF_SIGHT`.
    heights, clutter, zones
        Terrain in m with NaN where unknown, clutter in m, zones; float32, float32 and uint8 of one shape
        (rows, columns), row 0 in the north. `clutter` of shape (0, 0) is none, `zones` so is all inland.
    west, north, dem_m
        Outer corner of the first terrain cell and its size, m.
    x, y, htg, hrg
        The station, and the antennas' heights above ground, m.
    radius_m, radials
        How far, and how many radials.
    grid_west, grid_north, cell_m
        The same of the cells to predict, whose shape is that of `elevation`.
    p, latitude, delta_n
        As in `sweep.radial`.
    bands
        From `sweep.bands_of`; for `LINE_OF_SIGHT` the wavelengths in m, shape (bands, 1).
    loss, floor
        Out, shape (bands, rows, columns): as in `sweep.radial`, or the sight in `loss`. NaN where unknown
        and outside the radius.
    elevation
        Out, shape (rows, columns), mrad.
    """
    rows, columns = elevation.shape
    cells = rows * columns
    loss[:] = math.nan
    floor[:] = math.nan
    elevation[:] = math.nan
    spoke = np.full(cells, -1, np.int32)
    away = np.empty(cells)
    start = np.zeros(radials + 1, np.int64)
    turn = radials / (2.0 * math.pi)
    inside = 0
    for i in range(rows):
        dy = grid_north - (i + 0.5) * cell_m - y
        for k in range(columns):
            dx = grid_west + (k + 0.5) * cell_m - x
            square = dx * dx + dy * dy
            if square > radius_m * radius_m:
                continue
            ray = int(math.atan2(dx, dy) * turn + radials + 0.5) % radials
            spoke[i * columns + k] = ray
            away[i * columns + k] = math.sqrt(square) / 1000.0
            start[ray + 1] += 1
            inside += 1
    for ray in range(radials):
        start[ray + 1] += start[ray]

    # cells by radial and nearly by distance: rows and columns are walked outwards from the station
    order = np.empty(inside, np.int32)
    filled = start[:-1].copy()
    row0 = min(max(int((grid_north - y) / cell_m), 0), rows)
    col0 = min(max(int((x - grid_west) / cell_m), 0), columns)
    for a in range(rows):
        i = row0 - 1 - a if a < row0 else a
        for b in range(columns):
            k = col0 - 1 - b if b < col0 else b
            ray = spoke[i * columns + k]
            if ray >= 0:
                order[filled[ray]] = i * columns + k
                filled[ray] += 1

    step = dem_m / 1000.0
    most = 0
    for ray in range(radials):
        most = max(most, start[ray + 1] - start[ray])
    samples = int(radius_m / dem_m) + 3
    h, g = np.empty(samples), np.empty(samples)
    zone = np.empty(samples, np.uint8)
    scratch, index = np.empty((8, samples)), np.empty((4, samples), np.int32)
    distance, height = np.empty(most), np.empty(most)
    end_zone = np.empty(most, np.uint8)
    out, low, up = np.empty((len(bands), most)), np.empty((len(bands), most)), np.empty(most)
    inland, open_ground = zones.size == 0, clutter.size == 0
    for ray in range(radials):
        first, last = start[ray], start[ray + 1]
        count = last - first
        if count == 0:
            continue
        for i in range(first + 1, last):  # nearly sorted: insertion is the quickest
            cell, d = order[i], away[order[i]]
            k = i - 1
            while k >= first and away[order[k]] > d:
                order[k + 1] = order[k]
                k -= 1
            order[k + 1] = cell
        sine, cosine = math.sin(ray / turn), math.cos(ray / turn)
        n = min(int(away[order[last - 1]] / step) + 2, samples)
        cluttered = False
        for i in range(n):
            px = (x + i * dem_m * sine - west) / dem_m
            py = (north - y - i * dem_m * cosine) / dem_m
            h[i] = _between(heights, px, py)
            g[i] = h[i]
            if not open_ground:
                cover = _nearest(clutter, px, py)
                if cover > 0.0:
                    g[i] += cover
                    cluttered = True
            if not inland:
                zone[i] = _nearest(zones, px, py)
        for i in range(count):
            d = away[order[first + i]]
            px = (x + d * 1000.0 * sine - west) / dem_m
            py = (north - y - d * 1000.0 * cosine) / dem_m
            distance[i] = d
            height[i] = _between(heights, px, py)
            if not inland:
                end_zone[i] = _nearest(zones, px, py)
        if model == LINE_OF_SIGHT:
            sight_radial(
                step, g[:n], h[0] + htg, distance[:count], height[:count], hrg, delta_n, bands[:, 0], scratch,
                index, out[:, :count], up[:count],
            )  # fmt: skip
        else:
            radial(
                step, h[:n], g[:n], cluttered, zone[: 0 if inland else n], htg, distance[:count],
                height[:count], end_zone[: 0 if inland else count], hrg, p, latitude, delta_n, bands, scratch,
                index, out[:, :count], low[:, :count], up[:count],
            )  # fmt: skip
        for i in range(count):
            cell = order[first + i]
            a, b = cell // columns, cell % columns
            elevation[a, b] = up[i]
            for band in range(len(bands)):
                loss[band, a, b] = out[band, i]
                if model == P1812:
                    floor[band, a, b] = low[band, i]
    return inside


@compiled
def height_at(heights: Any, west: float, north: float, dem_m: float, x: float, y: float) -> float:
    """Terrain at a point, m; NaN where unknown."""
    return _between(heights, (x - west) / dem_m, (north - y) / dem_m)


@compiled
def _between(grid: Any, px: float, py: float) -> float:
    """
    Bilinear between the centres of cells; `px` and `py` count cells from the outer corner.

    NaN where the nearest cell is; elsewhere cells without a value have no weight.
    """
    nearest = _nearest(grid, px, py)
    if math.isnan(nearest):
        return math.nan
    rows, columns = grid.shape
    px, py = min(max(px - 0.5, 0.0), columns - 1.0), min(max(py - 0.5, 0.0), rows - 1.0)
    k, i = int(px), int(py)
    fx, fy = px - k, py - i
    k1, i1 = min(k + 1, columns - 1), min(i + 1, rows - 1)
    a, b, c, d = float(grid[i, k]), float(grid[i, k1]), float(grid[i1, k]), float(grid[i1, k1])
    value = (a * (1.0 - fx) + b * fx) * (1.0 - fy) + (c * (1.0 - fx) + d * fx) * fy
    if not math.isnan(value):
        return value
    total = weight = 0.0
    for w, v in (
        ((1.0 - fx) * (1.0 - fy), a),
        (fx * (1.0 - fy), b),
        ((1.0 - fx) * fy, c),
        (fx * fy, d),
    ):
        if not math.isnan(v):
            total += w * v
            weight += w
    return total / weight


@compiled
def _nearest(grid: Any, px: float, py: float) -> Any:
    """The cell that a point lies in; NaN (or inland) outside the grid."""
    rows, columns = grid.shape
    k, i = math.floor(px), math.floor(py)
    k -= 1 if k == columns and px == columns else 0
    i -= 1 if i == rows and py == rows else 0
    if k < 0 or i < 0 or k >= columns or i >= rows:
        return grid.dtype.type(math.nan)
    return grid[i, k]
