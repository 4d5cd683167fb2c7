"""
Resilience and spectrum in the example: cables to islands, satellites, earth stations, microwave.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot.example.files import Files, metres, numbered
from notspot.example.ground import Floats, Ground, chance

# Landing points: the township, and degrees on the main island; on an island somewhere in its township.
LANDINGS: Mapping[str, tuple[str, tuple[float, float] | None]] = {
    "八里": ("八里區", (121.395, 25.155)),
    "淡海": ("淡水區", (121.420, 25.205)),
    "枋山": ("枋山鄉", (120.655, 22.262)),
    "將軍": ("將軍區", (120.105, 23.215)),
    "東港": ("東港鎮", (120.450, 22.465)),
    "臺東": ("臺東市", (121.165, 22.755)),
    "馬公一": ("馬公市", None),
    "馬公二": ("馬公市", None),
    "金城": ("金城鎮", None),
    "金寧": ("金寧鄉", None),
    "南竿一": ("南竿鄉", None),
    "南竿二": ("南竿鄉", None),
    "小琉球": ("琉球鄉", None),
    "綠島": ("綠島鄉", None),
    "蘭嶼": ("蘭嶼鄉", None),
}
CABLES = (
    ("馬公一", "將軍"),
    ("馬公二", "枋山"),
    ("馬公一", "枋山"),  # shares a landing with each of the two above
    ("金城", "八里"),
    ("金寧", "八里"),
    ("南竿一", "淡海"),
    ("南竿一", "八里"),  # both end at one place in Nangan: one independent link
    ("小琉球", "東港"),
    ("綠島", "臺東"),
    ("蘭嶼", "綠島"),
)
EARTH_STATIONS = {
    "陽明山": (121.56, 25.13, 6000),
    "枋山": (120.67, 22.24, 12_000),
    "南港": (121.61, 25.05, 2500),
}
MICROWAVE, LINKS = 180, 140
BANDS = ("L6", "U6", "7 GHz", "11 GHz")


def write_resilience(files: Files, ground: Ground) -> None:
    """The files of cables, satellites, earth stations and microwave links, see the study."""
    _cables(files, ground)
    files.table("satellites.csv", {"名稱": numbered("衛星", 4), "預計發射年": [2024, 2025, 2026, 2028]})
    _earth_stations(files)
    _microwave(files, ground)


def _cables(files: Files, ground: Ground) -> None:
    """Cables, their landing points, and by township of the islands how many independent links it has."""
    rng = chance("cables")
    land = ground.villages
    names = list(LANDINGS)
    first = {town: int(rows[0]) for town, rows in land.groupby("town").indices.items()}
    xy = ground.inside(np.array([first[LANDINGS[name][0]] for name in names]), rng)
    for at, name in enumerate(names):
        position = LANDINGS[name][1]
        if position is not None:
            xy[at] = metres(*position)
    where = dict(zip(names, xy, strict=True))
    towns = [LANDINGS[name][0] for name in names]
    files.points("landings.csv", {"登陸點": names, "鄉鎮市區名": towns}, xy)
    files.shapes(
        "cables.geojson",
        {
            "名稱": numbered("海纜", len(CABLES)),
            "一端": [a for a, _ in CABLES],
            "另一端": [b for _, b in CABLES],
        },
        [shapely.LineString([where[a], where[b]]) for a, b in CABLES],
    )
    offshore = ground.townships[ground.townships["offshore"].astype(bool)].sort_index()
    frame = pd.DataFrame(
        {"鄉鎮市區代碼": offshore.index, "縣市": offshore["county"], "鄉鎮市區": offshore["town"]}
    )
    files.table(
        "island_links.csv", frame.assign(獨立連線數=[_independent(town) for town in offshore["town"]])
    )


def _independent(town: str) -> int:
    """The most cables that end in a township and of which no two share a landing point."""
    here = [ends for ends in CABLES if town in (LANDINGS[ends[0]][0], LANDINGS[ends[1]][0])]
    for count in range(len(here), 1, -1):
        if any(
            len({end for ends in some for end in ends}) == 2 * count for some in combinations(here, count)
        ):
            return count
    return min(len(here), 1)


def _earth_stations(files: Files) -> None:
    xy = np.array([metres(lon, lat) for lon, lat, _ in EARTH_STATIONS.values()])
    names = [f"合成地球電臺 {name}" for name in EARTH_STATIONS]
    radius = [metres for *_, metres in EARTH_STATIONS.values()]
    files.points("earth_stations.csv", {"名稱": names, "頻段": "C"}, xy)
    files.shapes(
        "protection_zones.geojson", {"名稱": names}, list(shapely.buffer(shapely.points(xy), radius))
    )


def _microwave(files: Files, ground: Ground) -> None:
    """Stations of police and fire services; L6 and U6 are those that must change their band."""
    rng = chance("microwave")
    xy = ground.inside(ground.villages_where(~ground.villages["offshore"].to_numpy(), MICROWAVE, rng), rng)
    band = rng.choice(BANDS, MICROWAVE, p=[0.4, 0.3, 0.2, 0.1])
    service = rng.choice(["警政", "消防"], MICROWAVE)
    files.points("microwave.csv", {"站名": numbered("微波站", MICROWAVE), "機關": service, "頻段": band}, xy)
    ends = rng.choice(MICROWAVE, LINKS)
    far = np.array([_next(xy, band, at) for at in ends])
    lines = [shapely.LineString([xy[a], xy[b]]) for a, b in zip(ends, far, strict=True)]
    files.shapes("microwave_links.geojson", {"名稱": numbered("鏈路", LINKS), "頻段": band[ends]}, lines)


def _next(xy: Floats, band: NDArray[Any], at: int) -> int:
    """The nearest other station of the same band."""
    away = np.where(band == band[at], np.hypot(*(xy - xy[at]).T), np.inf)
    away[at] = np.inf
    return int(np.argmin(away))
