"""
People of the example: by village from the township's official numbers, where in it, and by day and night.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from notspot.example.files import CELL_M, COLUMNS, NORTH_M, ROWS, WEST_M, Files
from notspot.example.ground import Ground, chance

HOMES = 32  # points that stand for a village's homes
SETTLED = 0.25  # their spread around the village's middle, in sides of a square of its size
PRESENT = {"日": (0.55, 1.25), "夜": (0.75, 1.05)}  # people present, of the registered
AWAY = "09020060"  # 烏坵: registered far beyond who is there
AWAY_PRESENT = {"日": 40, "夜": 52}


def write_people(files: Files, ground: Ground) -> None:
    """``people.csv``, ``homes.tif`` and ``signalling.csv``."""
    people = ground.people
    names = {
        "village_code": "村里代碼",
        "county": "縣市",
        "town": "鄉鎮市區",
        "village": "村里",
        "people": "人口",
        "households": "戶數",
    }
    files.table("people.csv", people.rename(columns=names)[list(names.values())])
    _homes(files, ground)
    rng = chance("signalling")
    towns = ground.townships
    rows = []
    for time, (low, high) in PRESENT.items():
        number = np.rint(towns["population"] * rng.uniform(low, high, len(towns))).astype(int)
        number[AWAY] = AWAY_PRESENT[time]
        frame = towns[["county", "town"]].assign(時段=time, 停留人口=number)
        rows.append(
            frame.reset_index().rename(
                columns={"town_code": "鄉鎮市區代碼", "county": "縣市", "town": "鄉鎮市區"}
            )
        )
    files.table("signalling.csv", pd.concat(rows))


def _homes(files: Files, ground: Ground) -> None:
    """People by cell of 500 m: around the middle of their village. Kinmen and Matsu lie beyond the raster."""
    rng = chance("homes")
    land = ground.villages
    middle = land.geometry.representative_point()
    side = 1000 * np.sqrt(land["area_km2"].to_numpy())
    grid = np.zeros((ROWS, COLUMNS))
    for _ in range(HOMES):
        away = rng.normal(0, SETTLED, (2, len(land))) * side
        column = np.floor((middle.x.to_numpy() + away[0] - WEST_M) / CELL_M).astype(int)
        row = np.floor((NORTH_M - middle.y.to_numpy() - away[1]) / CELL_M).astype(int)
        on = (column >= 0) & (column < COLUMNS) & (row >= 0) & (row < ROWS)
        np.add.at(grid, (row[on], column[on]), (land["people"].to_numpy() / HOMES)[on])
    files.raster("homes.tif", grid.round(2).astype(np.float32), nodata=-1)
