"""
Places of the example: communities and their hotspots, the mountains, disaster platforms, clinics, schools.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from notspot.example.files import Files, degrees, numbered
from notspot.example.ground import Floats, Ground, chance
from notspot.example.hazards import inside_zones

SHARED_POINT = 0.06  # communities that stand at another's anchor
SPOTTED = 0.78  # communities with a hotspot
MOUNTAIN_SITES = 60
TRAILS, TRAIL_STEPS, TRAIL_STEP_M = 36, 24, 250.0
IN_ZONES = 2  # trails and platforms that begin in a hazard zone
PLATFORMS = ("固定式",) * 5 + ("機動式",) * 2 + ("優化",) * 4
CLINICS = 90
SCHOOLS = 150
SCHOOL_KINDS = ("一般", "非山非市", "偏遠", "特偏")


def write_places(files: Files, ground: Ground) -> None:
    """The files of places, see the study."""
    _communities(files, ground)
    _mountains(files, ground)
    _platforms(files, ground)
    _clinics(files, ground)
    _schools(files, ground)


def _communities(files: Files, ground: Ground) -> None:
    """As many communities in each township as are approved, at made-up points; some share the point of another."""
    rng = chance("communities")
    towns = ground.townships.sort_index()
    by_town = {code: list(rows) for code, rows in ground.villages.groupby("town_code").indices.items()}
    chosen, town = [], []
    for code, number in towns["communities_2022"].items():
        chosen += list(rng.choice(by_town[str(code)], int(number))) if number else []
        town += [code] * int(number)
    xy = ground.inside(np.array(chosen), rng)
    same = np.flatnonzero(
        (rng.random(len(xy)) < SHARED_POINT) & np.r_[False, np.array(town[1:]) == town[:-1]]
    )
    for at in same:
        xy[at] = xy[at - 1]
    names = numbered("部落", len(xy))
    where = {"縣市": towns.loc[town, "county"].to_numpy(), "鄉鎮市區": towns.loc[town, "town"].to_numpy()}
    files.points("communities.csv", {"部落名稱": names, **where}, xy)
    spotted = rng.random(len(xy)) < SPOTTED
    angle = rng.uniform(0, 2 * np.pi, len(xy))
    metres = rng.gamma(2, 60, len(xy))  # most within 250 m, a few beyond
    spots = (xy + metres[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))[spotted]
    lon, lat = degrees(spots)
    files.json(
        "hotspots.json",
        [
            {"Name": name, "Latitude": f"{b:.6f}", "Longitude": f"{a:.6f}"}
            for name, a, b in zip(numbered("熱點 synthetic", len(spots)), lon, lat, strict=True)
        ],
    )
    work = rng.choice(["新建", "維運", ""], int(spotted.sum()), p=[0.06, 0.14, 0.8])
    done = pd.DataFrame({"部落": np.array(names)[spotted], "工作": work, "年": 2021})
    files.table("works.csv", done[done["工作"] != ""])


def _mountains(files: Files, ground: Ground) -> None:
    rng = chance("mountains")
    high = ground.townships["indigenous"] == "mountain"
    at = ground.towns_where(high, None, MOUNTAIN_SITES, rng)
    kind = rng.choice(["山屋", "登山口", "鄰近道路"], MOUNTAIN_SITES)
    columns = {
        "名稱": numbered("山區據點", MOUNTAIN_SITES),
        "類型": kind,
        "完成年": rng.integers(2018, 2022, MOUNTAIN_SITES),
    }
    files.points("mountain.csv", columns, ground.inside(at, rng))
    starts = ground.inside(ground.towns_where(high, None, TRAILS, rng), rng)
    starts[:IN_ZONES] = inside_zones(ground, IN_ZONES)
    turns = rng.normal(0, 0.5, (TRAILS, TRAIL_STEPS)).cumsum(axis=1) + rng.uniform(0, 2 * np.pi, (TRAILS, 1))
    lines = []
    for name, start, turn in zip(numbered("步道 synthetic", TRAILS), starts, turns, strict=True):
        steps = TRAIL_STEP_M * np.column_stack([np.cos(turn), np.sin(turn)])
        lines.append({"name": name, "points": _positions(np.vstack([start, start + steps.cumsum(axis=0)]))})
    files.json("trails.json", {"synthetic": True, "lines": lines})


def _positions(xy: Floats) -> list[list[float]]:
    return [[round(a, 6), round(b, 6)] for a, b in zip(*degrees(xy), strict=True)]


def _platforms(files: Files, ground: Ground) -> None:
    """Those on drones are among the mobile ones."""
    rng = chance("platforms")
    at = ground.towns_where(ground.townships["debris_flow_streams_2024"] > 0, None, len(PLATFORMS), rng)
    drone = ["是" if kind == "機動式" else "否" for kind in PLATFORMS]
    columns = {"名稱": numbered("平臺", len(at)), "型式": PLATFORMS, "無人機": drone}
    xy = ground.inside(at, rng)
    xy[-IN_ZONES:] = inside_zones(ground, IN_ZONES)
    files.points("platforms.csv", columns, xy)


def _clinics(files: Files, ground: Ground) -> None:
    """Clinics and mobile-clinic points, with their speed, the highest that may be had there, and telemedicine."""
    rng = chance("clinics")
    towns = ground.townships
    wanted = towns["offshore"].astype(bool) | towns["indigenous"].notna()
    at = ground.towns_where(wanted, None, CLINICS, rng)
    best = rng.choice([20, 60, 100, 300, 500], CLINICS, p=[0.1, 0.15, 0.25, 0.25, 0.25])
    speed = np.minimum(best, rng.choice([20, 60, 100, 300, 500], CLINICS, p=[0.1, 0.15, 0.4, 0.25, 0.1]))
    start = rng.choice(
        ["", "2020-05-01", "2020-09-01", "2021-03-01", "2022-02-01"], CLINICS, p=[0.7, 0.1, 0.05, 0.05, 0.1]
    )
    open_ = (start != "") & (start < "2022")
    files.points(
        "clinics.csv",
        {
            "名稱": numbered("衛生所", CLINICS),
            "類型": rng.choice(["衛生所", "巡迴醫療點"], CLINICS, p=[0.6, 0.4]),
            "速率": speed,
            "當地最高速率": best,
            "遠距門診起": start,
            "門診人次": np.where(open_, rng.integers(50, 600, CLINICS), 0),
        },
        ground.inside(at, rng),
    )


def _schools(files: Files, ground: Ground) -> None:
    """Schools with the typology of the Ministry of Education, which is not that of remote townships."""
    rng = chance("schools")
    land = ground.villages
    far = land["remote"].to_numpy()
    at = np.concatenate([ground.villages_where(far, 70, rng), ground.villages_where(~far, SCHOOLS - 70, rng)])
    kind = np.where(
        far[at],
        rng.choice(SCHOOL_KINDS, SCHOOLS, p=[0.05, 0.2, 0.45, 0.3]),
        rng.choice(SCHOOL_KINDS, SCHOOLS, p=[0.55, 0.3, 0.14, 0.01]),
    )
    demo = rng.random(SCHOOLS) < np.where(kind == "一般", 0.1, 0.4)
    files.points(
        "schools.csv",
        {
            "學校": numbered("學校", SCHOOLS),
            "類型": kind,
            "5G示範": np.where(demo, "是", "否"),
            "學生人次": np.where(demo, rng.integers(10, 90, SCHOOLS), 0),
            "智慧學習": np.where(demo | (rng.random(SCHOOLS) < 0.5), "是", "否"),
        },
        ground.inside(at, rng),
    )
