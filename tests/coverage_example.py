"""
A study that declares coverage of every kind and a figure for every official indicator, on synthetic files: no number
in it says anything about Taiwan.
"""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely

from notspot_coverage.definitions import load_indicators
from notspot_geodata import reference

OPERATORS = ("CHT", "TWM", "FET")
TAIPEI = (121.50, 25.00, 121.60, 25.08)  # west, south, east, north; degrees
HUALIEN = (121.30, 23.60, 121.50, 23.90)

STUDY = """
id = "example"
year = 2021
title = {zh = "範例（合成資料）", en = "Example (synthetic data)"}
boundaries = "embedded:2021-09"
rule = "remote_2020"
indicators = [{official}]

[[table]]
path = "embedded:townships_2021"
level = "township"

[[people]]
id = "registered"
name = {zh = "戶籍人口", en = "Registered people"}
path = "people.csv"
level = "village"
people = "人口"
households = "戶數"
as_of = "2021-12"

[[people]]
id = "day"
name = {zh = "日間人口", en = "People by day"}
path = "signalling.csv"
level = "township"
people = "停留人口"
where = {"時段" = "日"}
as_of = 2021-11-01

[[surface]]
id = "even"
kind = "even"

[[surface]]
id = "buildings"
kind = "footprints"
path = "buildings.geojson"

[[surface]]
id = "grid"
kind = "raster"
path = "people.tif"

[[layer]]
id = "drops_2g"
kind = "sites"
path = "drops.csv"
where = {"速率" = {at_least = 2000}, "就緒日" = {by = 2021-12-31}}
radius_m = 400
operator_column = "業者"
as_of = "2021-12"

[[layer]]
id = "drops_1g"
kind = "sites"
path = "drops.csv"
where = {"速率" = {at_least = 1000}, "就緒日" = {by = "110/12/31"}}
radius_m = 400
operator_column = "業者"
as_of = "2021-12"

[[layer]]
id = "claims_5g"
kind = "areas"
path = "claims.geojson"
operator_column = "operator"
basis = "claim"

[[layer]]
id = "model_5g"
kind = "raster"
path = "rsrp.tif"
quantity = "rsrp_dbm"
at_least = -105
location_sigma_db = 8
operator = "FET"
basis = "model"

[[layer]]
id = "town_speed"
kind = "table"
path = "speeds.csv"
level = "township"
column = "最高速率"
at_least = 1000
unknown_values = [0]

[[layer]]
id = "village_speed"
kind = "table"
path = "village_speeds.csv"
level = "village"
column = "最高速率"
at_least = 100

[[layer]]
id = "hotspots"
kind = "sites"
path = "hotspots.json"
radius_m = 250
outside = "not covered"
basis = "register"

[[layer]]
id = "debris"
kind = "areas"
path = "debris.gpkg"
basis = "model"

[[layer]]
id = "protection"
kind = "areas"
path = "earth_stations.gpkg"
basis = "register"

[[service]]
id = "fibre_2g"
name = {zh = "2 Gbps 光纖", en = "Fibre at 2 Gbps"}
layers = ["drops_2g"]
technology = "FTTH"
speed_mbps = 2000
operators = ["CHT", "TWM", "FET"]

[[service]]
id = "fibre_1g"
name = {zh = "1 Gbps 光纖", en = "Fibre at 1 Gbps"}
layers = ["drops_1g"]
technology = "FTTH"
speed_mbps = 1000

[[service]]
id = "mobile_5g"
name = "5G"
layers = ["claims_5g", "model_5g"]
technology = "NR"
basis = "claim"

[[service]]
id = "fixed_1g"
name = {zh = "可申裝 1 Gbps", en = "1 Gbps on offer"}
layers = ["town_speed"]

[[service]]
id = "fixed_100m"
name = {zh = "可申裝 100 Mbps", en = "100 Mbps on offer"}
layers = ["village_speed"]

[[service]]
id = "wifi"
name = {zh = "部落無線寬頻", en = "Community Wi-Fi"}
layers = ["hotspots"]
setting = "outdoor"

[[service]]
id = "hazard"
name = {zh = "土石流潛勢區", en = "Debris-flow zones"}
layers = ["debris"]

[[service]]
id = "fss_zone"
name = {zh = "衛星地球電臺保護區", en = "Protection zones of earth stations"}
layers = ["protection"]

[[service]]
id = "leo"
name = {zh = "低軌衛星", en = "Low-orbit satellites"}
layers = []
last_resort = true

[[places]]
id = "stations"
name = {zh = "補助基地臺", en = "Subsidised stations"}
path = "stations.csv"

[[places]]
id = "venues"
path = "venues.csv"

[[places]]
id = "communities"
name = {zh = "部落", en = "Communities"}
path = "communities.csv"
anchors = true
name_column = "部落名稱"

[[places]]
id = "mountain"
path = "mountain.csv"

[[places]]
id = "platforms"
path = "platforms.csv"
id_column = "編號"

[[places]]
id = "clinics"
path = "clinics.csv"

[[places]]
id = "sites_35"
name = "3.5 GHz"
path = "stations.csv"
where = {"頻率" = "3500"}

[[lines]]
id = "cables"
name = {zh = "海纜", en = "Cables"}
path = "cables.geojson"

[[lines]]
id = "trails"
path = "trails.json"

[bounds]
edges = true
location_percent = [50, 90, 95]
cell_m = 100

[[figure]]
indicator = "fixed_2g_households"
service = "fibre_2g"
of = "households"
within = "non_remote"

[[figure]]
indicator = "fixed_1g_households"
service = "fibre_1g"
of = "households"
subject = "registered"
within = "non_remote"

[[figure]]
indicator = "remote_towns_1g"
unit = "township"
within = "remote"
having = {service = "fixed_1g"}

[[figure]]
indicator = "remote_villages_100m"
unit = "village"
within = "remote"
having = {service = "fixed_100m"}

[[figure]]
indicator = "subsidised_fixed_builds"
things = {path = "builds.csv", where = {"等級" = "Gbps"}, column = "案數"}
[[figure]]
indicator = "subsidised_fixed_builds.100m"
things = {path = "builds.csv", where = {"等級" = "100 Mbps"}, column = "案數"}
[[figure]]
indicator = "subsidised_fixed_builds.island_cable"
things = {path = "builds.csv", where = {"等級" = "海纜"}}

[[figure]]
indicator = "mobile_5g_population"
service = "mobile_5g"
of = "people"
subject = "registered"
within = "non_remote"
[[figure]]
indicator = "mobile_5g_population_all"
service = "mobile_5g"
of = "people"
subject = "registered"

[[figure]]
indicator = "remote_towns_fast_mobile"
unit = "township"
within = "remote"
having = {places = "stations"}
[[figure]]
indicator = "subsidised_base_stations"
places = "stations"

[[figure]]
indicator = "venues_5g"
unit = "place"
subject = "venues"
having = {service = "mobile_5g"}

[[figure]]
indicator = "signalling_population"
of = "people"
subject = "day"

[[figure]]
indicator = "communities_wifi"
unit = "place"
subject = "communities"
having = {service = "wifi"}
[[figure]]
indicator = "communities_wifi.built"
things = {path = "works.csv", where = {"工作" = "新建"}}
[[figure]]
indicator = "communities_wifi.maintained"
things = {path = "works.csv", where = {"工作" = "維運"}}

[[figure]]
indicator = "mountain_sites"
places = "mountain"
[[figure]]
indicator = "trails_5g"
service = "mobile_5g"
of = "lines"
subject = "trails"

[[figure]]
indicator = "disaster_platforms"
places = "platforms"
[[figure]]
indicator = "disaster_platforms.fixed"
places = "platforms"
where = {"型式" = "固定"}
[[figure]]
indicator = "disaster_platforms.mobile"
places = "platforms"
where = {"型式" = "機動"}
[[figure]]
indicator = "disaster_platforms.upgraded"
places = "platforms"
where = {"型式" = "優化"}

[[figure]]
indicator = "clinics_100m"
places = "clinics"
where = [{"速率" = {at_least = 100}}, {"速率" = {at_least_column = "當地最高速率"}}]

[[figure]]
indicator = "telemedicine_sites"
places = "clinics"
where = {"遠距門診" = {by = 2021-12-31}}
[[figure]]
indicator = "telemedicine_sites.visits"
things = {path = "clinics.csv", column = "人次"}
[[figure]]
indicator = "telemedicine_sites.from_2022"
things = {path = "clinics.csv", where = {"遠距門診" = "2022"}}

[[figure]]
indicator = "schools_5g"
things = {path = "school_projects.csv", where = {"計畫" = "5G"}}
[[figure]]
indicator = "schools_5g.student_uses"
things = {path = "school_projects.csv", where = {"計畫" = "5G"}, column = "人次"}
[[figure]]
indicator = "schools_5g.smart_learning"
things = {path = "school_projects.csv", where = {"計畫" = ["5G", "智慧學習"]}}

[[figure]]
indicator = "landslide_layers"
things = {path = "hazard_layers.csv", where = {"類" = "圖層"}}
[[figure]]
indicator = "landslide_layers.maps"
things = {path = "hazard_layers.csv", where = {"類" = "圖幅"}}
[[figure]]
indicator = "villages_in_hazard"
unit = "village"
having = {service = "hazard"}

[[figure]]
indicator = "cable_corridor"
lines = "cables"

[[figure]]
indicator = "leo_backup.planned_2026"
things = {path = "satellites.csv"}
[[figure]]
indicator = "villages_satellite_only"
unit = "village"
having = {only = "leo"}

[[figure]]
indicator = "fss_protection"
things = {path = "earth_stations.gpkg"}
[[figure]]
indicator = "sites_in_fss_zones"
places = "sites_35"
service = "fss_zone"

[[figure]]
indicator = "microwave_relocation"
things = {path = "microwave.csv", where = {"頻段" = ["L6", "U6"]}}
"""

OWN = {
    "mobile_5g_population_all": "share",
    "trails_5g": "share",
    "villages_in_hazard": "existence",
    "villages_satellite_only": "existence",
    "sites_in_fss_zones": "count",
}  # indicators of the study's own


def own_indicators() -> str:
    words = 'name = "n"\ndefinition = "d"\nnumerator = "n"\nunit = "u"\nsource = "s"\nbasis = "model"\nas_of = "2021"\n'
    return "".join(
        f'\n[[indicator]]\nid = "{name}"\nkind = "{kind}"\ntheme = "frame"\n{words}'
        for name, kind in OWN.items()
    )


def write_example(folder: Path) -> Path:
    """All files of the example in `folder`, and the study; its path."""
    rng = np.random.default_rng(4)
    villages = reference.villages()
    towns = reference.townships()
    _people(folder, villages, towns, rng)
    _layers(folder, towns, villages, rng)
    _places(folder)
    _tables(folder)
    study = folder / "example.toml"
    official = [name for name, item in load_indicators().items() if item.recipe is None]
    listed = ", ".join(f'"{name}"' for name in ["population", *official])
    study.write_text(STUDY.replace("{official}", listed, 1) + own_indicators(), encoding="utf-8")
    return study


def spread(box, count, rng):
    west, south, east, north = box
    return rng.uniform(west, east, count).round(6), rng.uniform(south, north, count).round(6)


def _people(folder, villages, towns, rng) -> None:
    table = villages[["village_code", "village"]].copy()
    table["人口"] = rng.integers(0, 4000, len(table))
    table["戶數"] = table["人口"] // 3
    table.rename(columns={"village_code": "村里代碼", "village": "村里"}).to_csv(
        folder / "people.csv", index=False
    )
    rows = [
        {"鄉鎮市區代碼": code, "時段": time, "停留人口": int(rng.integers(100, 90_000))}
        for code in towns["town_code"]
        for time in "日夜"
    ]
    pd.DataFrame(rows).to_csv(folder / "signalling.csv", index=False)
    x, y = spread(TAIPEI, 30, rng)
    boxes = [
        shapely.box(a, b, a + 0.0002, b + 0.0001 * (1 + i % 3))
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    ]
    write(folder / "buildings.geojson", {"name": [f"B{i}" for i in range(30)]}, boxes)
    raster(folder / "people.tif", rng.integers(0, 40, (60, 60)).astype("int32"), nodata=-1)


def _layers(folder, towns, villages, rng) -> None:
    x, y = spread(TAIPEI, 60, rng)
    pd.DataFrame(
        {
            "投落點": [f"D{i}" for i in range(60)],
            "業者": [OPERATORS[i % 3] for i in range(60)],
            "速率": [(500, 1000, 2000)[i // 20] for i in range(60)],
            "就緒日": ["1101130" if i % 4 else "111/03/31" for i in range(60)],
            "經度": x,
            "緯度": y,
        }
    ).to_csv(folder / "drops.csv", index=False)
    areas = [shapely.box(121.50 + 0.02 * i, 25.0, 121.53 + 0.02 * i, 25.05) for i in range(4)]
    write(folder / "claims.geojson", {"operator": ["CHT", "CHT", "TWM", "TWM"]}, areas)
    raster(folder / "rsrp.tif", rng.uniform(-130, -60, (60, 60)).astype("float32"), nodata=-9999)
    speeds = towns[["county", "town"]].copy()
    speeds["最高速率"] = [(0, 500, 1000)[i % 3] for i in range(len(speeds))]
    speeds.rename(columns={"county": "縣市", "town": "鄉鎮市區"}).to_csv(folder / "speeds.csv", index=False)
    by_village = villages[["village_code"]].rename(columns={"village_code": "村里代碼"})
    by_village.assign(最高速率=[60 + 10 * (i % 9) for i in range(len(by_village))]).to_csv(
        folder / "village_speeds.csv", index=False
    )
    x, y = spread(HUALIEN, 12, rng)
    spots = [
        {"Name": f"H{i}", "Latitude": str(b), "Longitude": str(a)}
        for i, (a, b) in enumerate(zip(x, y, strict=True))
    ]
    (folder / "hotspots.json").write_text(json.dumps(spots), encoding="utf-8")
    x, y = spread(HUALIEN, 5, rng)
    zones = [shapely.box(a, b, a + 0.01, b + 0.01) for a, b in zip(x, y, strict=True)]
    write(folder / "debris.gpkg", {"name": [f"Z{i}" for i in range(5)]}, zones, to="EPSG:3826")
    write(folder / "earth_stations.gpkg", {"name": ["陽明山", "枋山"]}, [
        shapely.box(121.54, 25.02, 121.56, 25.04), shapely.box(120.68, 22.24, 120.70, 22.26)
    ])  # fmt: skip


def _places(folder) -> None:
    rng = np.random.default_rng(5)

    def points(name, box, count, **columns):
        x, y = spread(box, count, rng)
        pd.DataFrame(columns | {"經度": x, "緯度": y}).to_csv(folder / f"{name}.csv", index=False)

    points("stations", HUALIEN, 9, 名稱=[f"S{i}" for i in range(9)], 頻率=[700, 3500, 3500] * 3)
    points("venues", TAIPEI, 6, 名稱=[f"V{i}" for i in range(6)])
    points("communities", HUALIEN, 8, 部落名稱=[f"C{i}" for i in range(8)])
    points("mountain", HUALIEN, 7, 名稱=[f"M{i}" for i in range(7)])
    points("platforms", HUALIEN, 16, 編號=range(16), 型式=["固定"] * 6 + ["機動"] * 3 + ["優化"] * 7)
    points(
        "clinics", HUALIEN, 6, 名稱=[f"K{i}" for i in range(6)], 速率=[300, 100, 60, 60, 20, 20],
        當地最高速率=[500, 100, 60, 100, 60, 20], 遠距門診=["2020-05-01", "2021-01-01", "2022", "2022", "", ""],
        人次=[10, 20, 0, 0, 0, 0],
    )  # fmt: skip
    lines = [
        shapely.LineString([(121.4, 25.1), (119.9, 26.1)]),
        shapely.LineString([(120.6, 22.3), (119.6, 23.5)]),
    ]
    write(folder / "cables.geojson", {"name": ["馬祖", "澎湖"]}, lines)
    trails = [
        {"name": "北段", "points": [[121.3, 23.6, 900], [121.31, 23.61, 950], [121.32, 23.61, 990]]},
        {"name": "南段", "points": [[121.4, 23.7, 900], [121.41, 23.72, 950]]},
    ]
    (folder / "trails.json").write_text(json.dumps({"meta": {"count": 2}, "lines": trails}), encoding="utf-8")


def _tables(folder) -> None:
    tables = {
        "builds": "等級,案數,鄉鎮市區代碼\nGbps,12,10015030\nGbps,10,10015040\n100 Mbps,4,10015030\n海纜,1,09007010\n",
        "works": "部落,工作\n甲,新建\n乙,維運\n丙,維運\n",
        "school_projects": "學校,計畫,人次\n甲,5G,40\n乙,5G,50\n丙,智慧學習,70\n",
        "hazard_layers": "名稱,類\n地質敏感區,圖層\n順向坡,圖層\n山崩,圖幅\n",
        "satellites": "名稱,發射\nA,2025\nB,2026\n",
        "microwave": "站名,頻段\n甲,L6\n乙,U6\n丙,Ku\n",
    }
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def write(path: Path, columns, shapes, to: str | None = None) -> Path:
    """A map of `shapes` in degrees; `to` another system."""
    frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326")
    frame = frame if to is None else frame.to_crs(to)
    path.unlink(missing_ok=True)
    pyogrio.write_dataframe(frame, path)
    return path


def raster(
    path: Path,
    values,
    *,
    west=300_000,
    north=2_775_000,
    cell=100,
    crs="EPSG:3826",
    nodata=None,
    south_up=False,
):
    """A raster of one band; `south_up` stores the rows from south to north."""
    height = values.shape[0]
    transform = (
        rasterio.Affine(cell, 0, west, 0, cell, north - height * cell)
        if south_up
        else rasterio.transform.from_origin(west, north, cell, cell)
    )
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=values.shape[1], count=1, dtype=values.dtype, crs=crs,
        transform=transform, nodata=nodata,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path
