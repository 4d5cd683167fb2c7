"""
Fixed broadband of the example: fibre drop points, speeds on offer, subsidised builds.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from notspot.example.files import Files, numbered
from notspot.example.ground import Floats, Ground, chance

OPERATORS = ("甲電信", "乙電信", "丙電信")
TOWNS_PER_KM2 = 200  # people per km² from which on a village gets drop points like a town
KM2_A_DROP = 0.5
MOST_DROPS = 5
AT_1G, AT_2G = 0.92, 0.42  # villages of towns with such drop points
RURAL_1G = 0.6
READY = (
    (date(2018, 1, 1), date(2021, 12, 31)),
    (date(2022, 1, 1), date(2022, 3, 31)),
    (date(2022, 4, 1), date(2022, 12, 31)),
)
READY_SHARES = (0.84, 0.08, 0.08)


def write_fixed(files: Files, ground: Ground) -> None:
    """``drops.csv``, ``speeds.csv``, ``village_speeds.csv`` and ``builds.csv``."""
    _drops(files, ground)
    _speeds(files, ground)
    _builds(files, ground)


def _drops(files: Files, ground: Ground) -> None:
    rng = chance("drops")
    land = ground.villages
    town = (land["density"] >= TOWNS_PER_KM2).to_numpy() & ~land["remote"].to_numpy()
    number = np.clip(
        np.ceil(land["area_km2"].to_numpy() / KM2_A_DROP), 1, np.where(town, MOST_DROPS, 3)
    ).astype(int)
    draw = rng.random(len(land))
    speed = np.where(town & (draw < AT_2G), 2000, np.where(draw < np.where(town, AT_1G, RURAL_1G), 1000, 500))
    number[~town & (speed == 500)] = 0
    at = np.repeat(np.arange(len(land)), number)
    xy = ground.inside(at, rng)
    ready = [_roc(day) if i % 3 == 0 else day.isoformat() for i, day in enumerate(_days(len(at), rng))]
    files.table(
        "drops.csv",
        {
            "投落點": numbered("投落點", len(at)),
            "業者": rng.choice(OPERATORS, len(at), p=[0.6, 0.25, 0.15]),
            "速率": speed[at],
            "就緒日": ready,
            "TWD97橫座標": xy[:, 0].round(1),
            "TWD97縱座標": xy[:, 1].round(1),
        },
    )


def _days(count: int, rng: np.random.Generator) -> list[date]:
    """Most by the end of 2021, some within the three months after it, some later."""
    chosen = rng.choice(len(READY), count, p=READY_SHARES)
    part: Floats = rng.random(count)
    return [
        READY[c][0] + timedelta(days=int(p * ((READY[c][1] - READY[c][0]).days + 1)))
        for c, p in zip(chosen, part, strict=True)
    ]


def _roc(day: date) -> str:
    return f"{day.year - 1911}/{day.month:02d}/{day.day:02d}"


def _speeds(files: Files, ground: Ground) -> None:
    """The highest speed on offer; a township with 0 gave no figure, a village that is left out neither."""
    rng = chance("speeds")
    towns = ground.townships
    draw = rng.random(len(towns))
    remote = towns["remote"].to_numpy()
    best = np.where(draw < np.where(remote, 0.88, 1.0), np.where(remote, 1000, 2000), 300)
    best[remote & (draw > 0.97)] = 0
    names = {"county": "縣市", "town": "鄉鎮市區"}
    files.table("speeds.csv", towns[["county", "town"]].rename(columns=names).assign(最高速率=best))
    people = ground.people
    far = people["town_code"].map(towns["remote"]).to_numpy(bool)
    draw = rng.random(len(people))
    kept = ~(far & (draw > 0.99))
    speed = np.where(draw < np.where(far, 0.9, 1.0), rng.choice([100, 300, 500, 1000], len(people)), 60)
    frame = pd.DataFrame({"村里代碼": people["village_code"], "最高速率": speed})
    files.table("village_speeds.csv", frame[kept])


def _builds(files: Files, ground: Ground) -> None:
    """Subsidised builds, a row a township and grade, and cables of islands."""
    rng = chance("builds")
    remote = ground.townships[ground.townships["remote"]].sort_index()
    chosen = remote.iloc[np.sort(rng.choice(len(remote), 12, replace=False))]
    islands = remote[remote["county"].isin(["澎湖縣", "連江縣"])].iloc[[0, -1]]
    rows = pd.concat([chosen, islands])
    files.table(
        "builds.csv",
        {
            "等級": ["Gbps"] * 9 + ["100 Mbps"] * 3 + ["離島海纜"] * 2,
            "案數": [*rng.integers(1, 4, 12), 1, 1],
            "鄉鎮市區代碼": rows.index,
            "縣市": rows["county"].to_numpy(),
            "鄉鎮市區": rows["town"].to_numpy(),
        },
    )
