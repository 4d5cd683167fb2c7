"""
The studies of `real_runs.py` as TOML, and the files that are made for them from the data.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray

from notspot_geodata import reference
from notspot_geodata.crs import transformer
from notspot_geodata.ledger import Ledger
from notspot_geodata.vectors import read_geo

COMMUNITIES = "indigenous/cip_tribes_20220725.csv"
COMMUNITY_HOTSPOTS = "wifi/itaiwan_cip_tribe_hotspots.csv"
HOTSPOTS = "wifi/itaiwan_hotspots_IpSelect_tw.json"
PEOPLE = "population/village_population_2021-03.csv"
TRAILS = "mountain/trails.json"
ZONES = "hazard/debris1736_20240611_twd97_UTF8.shp"
PLACES = {
    "schools": ("anchors/schools_4708.json", "學校", "schools", "2025-11"),
    "hospitals": ("anchors/hospitals.json", "醫院", "hospitals", ""),
    "shelters": ("anchors/evacuation_shelters.csv", "避難收容處所", "evacuation shelters", ""),
    "police": ("anchors/police_stations.json", "警察機關", "police stations", ""),
    "fire": ("anchors/fire_stations.json", "消防分隊", "fire stations", ""),
}

RADII_M = (100, 250, 500, 1000)
PERCENTS = (50, 90, 95)
SIGMA_DB = 7.0  # deviation of the level over the places in a cell: operators plan with 6 to 8 dB
LTE_DBM, NR_DBM = -105, -110  # thresholds of docs/sites.md: engineering assumptions
INDOOR_DB = 15  # assumed loss into a building
PROXY_CELL_M, PROXY_BLUR_M = 200.0, 600.0


@dataclass(frozen=True, slots=True)
class Made:
    """A study that was written, and the files it needs."""

    path: Path
    needs: Sequence[Path] = field(default_factory=tuple)


class Toml:
    """Tables of a study, written one after the other; paths are relative to its folder."""

    def __init__(self, folder: Path, name: str, zh: str, en: str) -> None:
        self.folder = folder.resolve()
        self.parts: list[str] = []
        self.head = {
            "id": name,
            "year": 2021,
            "title": {"zh": zh, "en": en},
            "boundaries": "embedded:2021-09",
            "rule": "remote_2020",
            "indicators": ["communities_wifi", "communities_towns_hotspot", "base_stations_4g"],
        }
        self.table("table", path="embedded:townships_2021", level="township")

    def table(self, kind: str, /, **entries: object) -> None:
        """One ``[[kind]]``; `entries` whose value is None are left out."""
        rows = [f"{key} = {_value(value)}" for key, value in entries.items() if value is not None]
        self.parts.append("\n".join([f"[[{kind}]]", *rows]))

    def bounds(self, *, edges: bool, percents: Iterable[int] = (50,)) -> None:
        """The ``[bounds]`` of the study."""
        self.parts.append(f"[bounds]\nedges = {_value(edges)}\nlocation_percent = {_value(list(percents))}")

    def file(self, path: Path) -> str:
        """`path` as the study names it."""
        return Path(os.path.relpath(path.resolve(), self.folder)).as_posix()

    def write(self) -> Path:
        """The file, named after the study."""
        self.folder.mkdir(parents=True, exist_ok=True)
        head = "\n".join(f"{key} = {_value(value)}" for key, value in self.head.items())
        path = self.folder / f"{self.head['id']}.toml"
        path.write_text("\n\n".join([head, *self.parts]) + "\n", encoding="utf-8", newline="\n")
        return path


def communities(data: Path, folder: Path) -> Path:
    """Run a: communities against hotspots, four ranges, those of communities and all of them."""
    study = Toml(folder, "real_a", "部落與戶外免費無線上網", "Communities and free outdoor Wi-Fi")
    kinds = {
        "community": (COMMUNITY_HOTSPOTS, "部落熱點", "community hotspots"),
        "all": (HOTSPOTS, "各類熱點", "hotspots of all kinds"),
    }
    study.table(
        "places", id="communities", name={"zh": "核定部落", "en": "approved communities"},
        path=study.file(data / COMMUNITIES), id_column="Seq", anchors=True, as_of="2022-07",
    )  # fmt: skip
    for kind, (path, zh, en) in kinds.items():
        for radius in RADII_M:
            name = f"{kind}_{radius}"
            study.table(
                "layer", id=name, kind="sites", path=study.file(data / path), radius_m=radius, basis="register",
                as_of="2025-11", source="iTaiwan",
            )  # fmt: skip
            said = {"zh": f"{zh} {radius} 公尺內", "en": f"within {radius} m of {en}"}
            study.table(
                "service", id=name, name=said, layers=[name], technology="Wi-Fi", subjects=["communities"]
            )
    study.table(
        "figure", indicator="communities_wifi", unit="place", subject="communities",
        having={"service": "community_1000"},
    )  # fmt: skip
    return study.write()


def people(data: Path, folder: Path) -> Path:
    """Run b: the people of 2021-03 as they are listed, carried to the boundaries of 2021-09, and by township."""
    study = Toml(folder, "real_b", "2021 年 3 月村里人口", "Village people of 2021-03")
    source = study.file(data / PEOPLE)
    columns = {"path": source, "people": "人口", "households": "戶數", "as_of": "2021-03", "level": "village"}
    study.table("people", id="listed", name={"zh": "原列村里", "en": "villages as listed"}, **columns)
    study.table(
        "people", id="carried", name={"zh": "換算至 2021 年 9 月", "en": "carried to 2021-09"},
        crosswalk="embedded:2021", **columns,
    )  # fmt: skip
    study.table(
        "layer", id="hotspots", kind="sites", path=study.file(data / HOTSPOTS), radius_m=500, basis="register",
        as_of="2025-11", source="iTaiwan",
    )  # fmt: skip
    said = {"zh": "公共熱點 500 公尺內", "en": "within 500 m of a public hotspot"}
    study.table(
        "service", id="hotspot_500", name=said, layers=["hotspots"], technology="Wi-Fi",
        subjects=["listed", "carried"],
    )  # fmt: skip
    study.bounds(edges=False)
    return study.write()


def model(data: Path, folder: Path, rasters: Mapping[str, Mapping[str, Path]]) -> Path:
    """
    Run d: five services of the synthetic network against people on three surfaces.

    `rasters` are the strongest levels by technology (``4G``, ``5G``) and operator.
    """
    study = Toml(folder, "real_d", "4G 與 5G 推估（合成站點）", "4G and 5G by model (synthetic sites)")
    _people_of(study, data)
    proxy, points = population_proxy(data, folder)
    study.table("surface", id="even", kind="even")
    study.table("surface", id="proxy", kind="raster", path=study.file(proxy))
    study.table("surface", id="points", kind="points", path=study.file(points), weight="weight")
    smallest = max(rasters["4G"])
    _mobile(study, rasters)
    study.table(
        "service", id="lte_one", name={"zh": "4G 戶外，僅最小業者", "en": "4G outdoors, smallest operator alone"},
        layers=[f"lte_{smallest.lower()}"], technology="4G",
    )  # fmt: skip
    study.bounds(edges=True, percents=PERCENTS)
    return study.write()


def places(data: Path, folder: Path, rasters: Mapping[str, Mapping[str, Path]], stations: Path) -> Path:
    """Run c: places, trails and debris-flow zones against the network of run d and against each other."""
    study = Toml(folder, "real_c", "重要場所與步道（合成站點）", "Places and trails (synthetic sites)")
    _people_of(study, data)
    for name, (path, zh, en, as_of) in PLACES.items():
        study.table(
            "places", id=name, name={"zh": zh, "en": en}, path=study.file(data / path), as_of=as_of or None
        )
    middles = zone_middles(data, folder)
    study.table(
        "places", id="zones", name={"zh": "土石流影響範圍", "en": "debris-flow zones"},
        path=study.file(middles), as_of="2024-06",
    )  # fmt: skip
    study.table(
        "places", id="stations", name={"zh": "合成 4G 站點", "en": "synthetic 4G sites"},
        path=study.file(stations),
    )  # fmt: skip
    study.table(
        "lines", id="trails", name={"zh": "登山步道", "en": "hiking trails"}, path=study.file(data / TRAILS)
    )
    study.table("surface", id="even", kind="even")
    study.table(
        "surface",
        id="points",
        kind="points",
        path=study.file(settlement_points(data, folder)),
        weight="weight",
    )
    _mobile(study, rasters, subjects=[*PLACES, "zones", "trails"])
    study.table(
        "layer", id="zones", kind="areas", path=study.file(data / ZONES), basis="register", as_of="2024-06"
    )
    said = {"zh": "位於土石流影響範圍", "en": "inside a debris-flow zone"}
    study.table(
        "service", id="in_zone", name=said, layers=["zones"], technology="hazard",
        subjects=["registered", "land", "stations", *PLACES],
    )  # fmt: skip
    study.bounds(edges=True, percents=PERCENTS)
    return study.write()


def _people_of(study: Toml, data: Path) -> None:
    study.table(
        "people", id="registered", name={"zh": "戶籍人口", "en": "registered people"},
        path=study.file(data / PEOPLE), level="village", people="人口", crosswalk="embedded:2021",
        as_of="2021-03",
    )  # fmt: skip


def _mobile(
    study: Toml, rasters: Mapping[str, Mapping[str, Path]], subjects: Sequence[str] | None = None
) -> None:
    """4G and 5G, outdoors and indoors, by any operator; against all without `subjects`."""
    for technology, short, level in (("4G", "lte", LTE_DBM), ("5G", "nr", NR_DBM)):
        for setting, more in (("outdoor", 0), ("indoor", INDOOR_DB)):
            names = []
            for operator, path in rasters[technology].items():
                names.append(f"{short}_{operator.lower()}{'_in' if more else ''}")
                study.table(
                    "layer", id=names[-1], kind="raster", path=study.file(path), quantity="rsrp_dbm",
                    at_least=level + more, location_sigma_db=SIGMA_DB, operator=operator, basis="model",
                    source="P.1812, synthetic sites",
                )  # fmt: skip
            zh = f"{technology} {'戶內' if more else '戶外'}，任一業者"
            en = f"{technology} {setting}s, any operator"
            study.table(
                "service", id=short if not more else f"{short}_indoor", name={"zh": zh, "en": en}, layers=names,
                technology=technology, setting=setting, subjects=subjects,
            )  # fmt: skip


# ------------------------------------------------------------------ files that are made


def settlement_points(data: Path, folder: Path) -> Path:
    """Schools and shelters, weight 1 each: where people gather, for want of buildings."""
    frames = [
        read_geo(data / PLACES[name][0], ledger=Ledger(), allow_rejects=True)
        for name in ("schools", "shelters")
    ]
    frame = pd.concat([pd.DataFrame({"lon": f.geometry.x, "lat": f.geometry.y}) for f in frames])
    path = folder / "settlement_points.csv"
    folder.mkdir(parents=True, exist_ok=True)
    frame.assign(weight=1).to_csv(path, index=False, lineterminator="\n")
    return path


def population_proxy(data: Path, folder: Path) -> tuple[Path, Path]:
    """
    A raster that stands in for where people are, and the points: **synthetic**, no census.

    Public places and hotspots, each smoothed over some hundred metres.
    """
    points = settlement_points(data, folder)
    kinds = [(data / PLACES[name][0]) for name in PLACES] + [data / HOTSPOTS]
    frames = [read_geo(path, to_crs="EPSG:3826", ledger=Ledger(), allow_rejects=True) for path in kinds]
    x = np.concatenate([f.geometry.x.to_numpy() for f in frames])
    y = np.concatenate([f.geometry.y.to_numpy() for f in frames])
    west, south, east, north = reference.villages().to_crs("EPSG:3826").total_bounds
    size = PROXY_CELL_M
    west, north = np.floor(west / size) * size, np.ceil(north / size) * size
    columns, rows = int(np.ceil((east - west) / size)), int(np.ceil((north - south) / size))
    at = np.floor((north - y) / size).astype(int), np.floor((x - west) / size).astype(int)
    inside = (at[0] >= 0) & (at[0] < rows) & (at[1] >= 0) & (at[1] < columns)
    grid = np.zeros((rows, columns))
    np.add.at(grid, (at[0][inside], at[1][inside]), 1.0)
    path = folder / "people_proxy.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs="EPSG:3826",
        transform=rasterio.Affine(size, 0, west, 0, -size, north), compress="deflate", tiled=True,
    ) as file:  # fmt: skip
        file.write(blurred(grid, PROXY_BLUR_M / size).astype(np.float32), 1)
        file.update_tags(TIFFTAG_IMAGEDESCRIPTION="Synthetic stand-in for people: density of public places")
    return path, points


def blurred(grid: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """`grid` smoothed by a normal curve of so many cells, cut at three deviations."""
    reach = int(np.ceil(3 * deviation))
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    weight /= weight.sum()
    for axis in (0, 1):
        moved = np.zeros_like(grid)
        for step, part in zip(range(-reach, reach + 1), weight, strict=True):
            source: list[slice] = [slice(None), slice(None)]
            target: list[slice] = [slice(None), slice(None)]
            size = grid.shape[axis]
            target[axis] = slice(max(step, 0), size + min(step, 0))
            source[axis] = slice(max(-step, 0), size - max(step, 0))
            moved[tuple(target)] += part * grid[tuple(source)]
        grid = moved
    return grid


def zone_middles(data: Path, folder: Path) -> Path:
    """A point in each debris-flow zone, with its number."""
    zones = read_geo(data / ZONES, to_crs="EPSG:3826")
    middle = zones.geometry.representative_point()
    lon, lat = transformer("EPSG:3826", "EPSG:3824").transform(middle.x.to_numpy(), middle.y.to_numpy())
    path = folder / "zone_middles.csv"
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame({"id": zones["Debrisno"], "name": zones["Debrisno"], "lon": lon, "lat": lat})
    frame.to_csv(path, index=False, lineterminator="\n")
    return path


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, int | float):
        return f"{value:g}"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
