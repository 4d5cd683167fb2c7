"""
Mobile coverage of the example: stations made up village by village, what three operators hand in about them, venues.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot.example.files import CELL_M, COLUMNS, NORTH_M, ROWS, WEST_M, Files, numbered
from notspot.example.fixed import OPERATORS
from notspot.example.ground import Floats, Ground, chance
from notspot.example.hazards import inside_zones

KM2_A_STATION = 7.0  # of a village that is served
MOST_STATIONS = 3
SERVED = (0.6, 0.45, 0.3)  # of the villages that are not remote, by operator
SERVED_REMOTE = (0.35, 0.2, 0.1)
BANDS_MHZ = (3500, 700, 2100)  # 5G, by operator; the first two have 28 GHz in places too
AT_100_M_DBM, SLOPE_DB = -64.0, 37.6  # a plain power law: no model of propagation
SHADOW_DB = 4.0
REACH_CELLS = 14
NOTHING_DBM = -140.0
THRESHOLD_DBM = -105.0  # at which the third operator draws its polygons
SUBSIDISED = 120
SUBSIDISED_TOWNS = 0.5
IN_ZONES = 4  # of them, inside hazard zones


def write_mobile(files: Files, ground: Ground) -> None:
    """``rsrp_a.tif``, ``rsrp_b.tif``, ``claim_c.geojson``, ``sites_5g.csv``, ``stations.csv`` and ``venues.csv``."""
    land = ground.villages
    remote = land["remote"].to_numpy()
    sites = []
    for i, operator in enumerate(OPERATORS):
        rng = chance(f"5g {i}")
        served = rng.random(len(land)) < np.where(remote, SERVED_REMOTE[i], SERVED[i])
        number = np.clip(np.ceil(land["area_km2"].to_numpy() / KM2_A_STATION), 1, MOST_STATIONS)
        at = np.repeat(np.arange(len(land)), np.where(served, number, 0).astype(int))
        xy = ground.inside(at, rng)
        level = _level(xy, rng)
        if i < 2:
            files.raster(f"rsrp_{'ab'[i]}.tif", level, nodata=-9999)
        else:
            claimed = _polygons(level >= THRESHOLD_DBM)
            files.shapes("claim_c.geojson", {"業者": [operator] * len(claimed)}, claimed)
        dense = land["density"].to_numpy()[at] > 10_000
        band = np.where(dense & (i < 2) & (rng.random(len(at)) < 0.2), 28_000, BANDS_MHZ[i])
        sites.append(pd.DataFrame({"業者": operator, "頻率": band, "x": xy[:, 0], "y": xy[:, 1]}))
    every = pd.concat(sites, ignore_index=True)
    columns = every[["業者", "頻率"]].assign(名稱=numbered("5G 站", len(every)))
    files.points("sites_5g.csv", columns, every[["x", "y"]].to_numpy())
    _subsidised(files, ground)
    _venues(files, ground)


def _level(xy: Floats, rng: np.random.Generator) -> NDArray[np.float32]:
    """The strongest level of any station in each cell, dBm; what is far from all is known to have nothing."""
    out = np.full((ROWS, COLUMNS), NOTHING_DBM)
    steps = np.arange(-REACH_CELLS, REACH_CELLS + 1)
    for x, y in xy:
        row, column = int((NORTH_M - y) // CELL_M), int((x - WEST_M) // CELL_M)
        rows, columns = row + steps, column + steps
        rows = rows[(rows >= 0) & (rows < ROWS)]
        columns = columns[(columns >= 0) & (columns < COLUMNS)]
        if not (len(rows) and len(columns)):
            continue  # in Kinmen or Matsu, which the raster leaves out
        dx = WEST_M + (columns + 0.5) * CELL_M - x
        dy = NORTH_M - (rows + 0.5) * CELL_M - y
        metres = np.maximum(np.hypot(dx[None, :], dy[:, None]), 100)
        level = AT_100_M_DBM - SLOPE_DB * np.log10(metres / 100)
        part = out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        np.maximum(part, level, out=part)
    shadow = rng.normal(0, SHADOW_DB, out.shape)
    return np.where(out > NOTHING_DBM, np.maximum(out + shadow, NOTHING_DBM), out).round(1).astype(np.float32)


def _polygons(covered: NDArray[np.bool_]) -> list[Any]:
    """Outlines of the covered cells, metres."""
    from rasterio.features import shapes
    from rasterio.transform import from_origin

    where = from_origin(WEST_M, NORTH_M, CELL_M, CELL_M)
    found = shapes(covered.astype(np.uint8), mask=covered, connectivity=4, transform=where)
    return [shapely.geometry.shape(one) for one, _ in found]


def _subsidised(files: Files, ground: Ground) -> None:
    """Stations built with a subsidy, in some of the remote townships; a few are finished in 2022 only."""
    rng = chance("stations")
    towns = ground.townships
    given = pd.Series(rng.random(len(towns)) < SUBSIDISED_TOWNS, towns.index) & towns["remote"].astype(bool)
    xy = ground.inside(ground.towns_where(given, None, SUBSIDISED, rng), rng)
    xy[:IN_ZONES] = inside_zones(ground, IN_ZONES)
    year = rng.choice(["2019", "2020", "2021", "2022"], SUBSIDISED, p=[0.25, 0.3, 0.35, 0.1])
    month = rng.integers(1, 13, SUBSIDISED)
    files.points(
        "stations.csv",
        {
            "名稱": numbered("補助基地臺", SUBSIDISED),
            "業者": rng.choice(OPERATORS, SUBSIDISED),
            "頻率": rng.choice([700, 900, 2100, 3500], SUBSIDISED),
            "完工月": [f"{y}-{m:02d}" for y, m in zip(year, month, strict=True)],
        },
        xy,
    )


def _venues(files: Files, ground: Ground) -> None:
    """Transport hubs and venues: most in towns, some on islands."""
    rng = chance("venues")
    land = ground.villages
    offshore = land["offshore"].to_numpy()
    chosen = np.concatenate(
        [
            ground.villages_where(~offshore & (land["density"] > 1000).to_numpy(), 40, rng),
            ground.villages_where(~offshore & land["remote"].to_numpy(), 6, rng),
            ground.villages_where(offshore, 8, rng),
        ]
    )
    kind = rng.choice(["交通樞紐", "展演場館"], len(chosen))
    files.points(
        "venues.csv", {"名稱": numbered("場館", len(chosen)), "類型": kind}, ground.inside(chosen, rng)
    )
