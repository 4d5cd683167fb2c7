"""
The figures of the example study worked out another way: by pandas, shapely, exactextract and geodesics, from its files.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import exactextract
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import rasterio
import rasterio.features
import shapely

from notspot_geodata import reference

METRES = "EPSG:3826"
GEOD = pyproj.Geod(ellps="GRS80")
THRESHOLD_DBM = -105
SIDES = 64  # of a polygon with the area of its circle
EQUAL_AREA = np.sqrt(2 * np.pi / (SIDES * np.sin(2 * np.pi / SIDES)))


def iso(text: str) -> str:
    """A day of the drop points; years below 1000 are of the Republic."""
    year, month, day = str(text).replace("/", "-").split("-")
    return f"{int(year) + 1911 * (int(year) < 1000)}-{month}-{day}"


@dataclass
class ByHand:
    """`remote`: codes of the remote townships."""

    folder: Path
    remote: frozenset[str]

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / name, dtype={"村里代碼": str, "鄉鎮市區代碼": str})

    def shapes(self, name: str) -> gpd.GeoDataFrame:
        return gpd.read_file(self.folder / name).to_crs(METRES)

    def points(self, name: str) -> gpd.GeoDataFrame:
        frame = self.read(name)
        return gpd.GeoDataFrame(
            frame, geometry=gpd.points_from_xy(frame["經度"], frame["緯度"]), crs=4326
        ).to_crs(METRES)

    @cached_property
    def villages(self) -> gpd.GeoDataFrame:
        """With a polygon: code, people, households, remote."""
        land = reference.villages()[["village_code", "geometry"]].set_crs(4326, allow_override=True)
        people = self.read("people.csv").set_index("村里代碼")
        land = land.to_crs(METRES).join(people[["人口", "戶數"]], on="village_code")
        return land.assign(remote=land["village_code"].str[:8].isin(self.remote))

    def towns_of(self, points: gpd.GeoDataFrame) -> pd.Series:
        """Township of points."""
        found = gpd.sjoin(points, self.villages[["village_code", "geometry"]], how="left", predicate="within")
        return found["village_code"].str[:8]

    # -------------------------------------------------------------- fibre

    def households_near(self, speed: int, ready_by: str, *, remote: bool) -> tuple[float, float]:
        """Households within 400 m of a drop point, and all those of villages that have a polygon."""
        drops = self.read("drops.csv")
        drops = drops[(drops["速率"] >= speed) & (drops["就緒日"].map(iso) <= ready_by)]
        middles = shapely.points(drops["TWD97橫座標"], drops["TWD97縱座標"])
        circles = shapely.buffer(middles, 400 * EQUAL_AREA, quad_segs=SIDES // 4)
        land = self.villages[self.villages["remote"] == remote]
        outlines = land.geometry.to_numpy()
        village, circle = shapely.STRtree(circles).query(outlines, predicate="intersects")
        order = np.argsort(village, kind="stable")
        near, first = np.unique(village[order], return_index=True)
        united = [shapely.union_all(circles[some]) for some in np.split(circle[order], first[1:])]
        share = np.zeros(len(land))
        share[near] = shapely.area(shapely.intersection(outlines[near], united)) / shapely.area(
            outlines[near]
        )
        number = land["戶數"].to_numpy()
        return float(np.rint(share * number).sum()), float(number.sum())

    # -------------------------------------------------------------- 5G

    @cached_property
    def grid(self) -> tuple[np.ndarray, rasterio.Affine]:
        """Cells that any of the three operators says it reaches."""
        covered = None
        for name in ("rsrp_a.tif", "rsrp_b.tif"):
            with rasterio.open(self.folder / name) as file:
                level, where = file.read(1), file.transform
            reached = level >= np.float32(THRESHOLD_DBM)
            covered = reached if covered is None else covered | reached
        polygons = self.shapes("claim_c.geojson").geometry
        return covered | (rasterio.features.rasterize(polygons, covered.shape, transform=where) > 0), where

    @cached_property
    def share_5g(self) -> pd.Series:
        """Of each village by its exact share of cells; null beyond the rasters, where nobody says anything."""
        covered, where = self.grid
        path = self.folder.parent / "5g_by_hand.tif"
        with rasterio.open(
            path, "w", driver="GTiff", height=covered.shape[0], width=covered.shape[1], count=1, dtype="uint8",
            crs=METRES, transform=where,
        ) as file:  # fmt: skip
            file.write(covered.astype("uint8"), 1)
        land = self.villages[["village_code", "geometry"]]
        found = exactextract.exact_extract(
            path, land, ["mean"], include_cols=["village_code"], output="pandas"
        )
        return found.set_index("village_code")["mean"].astype(float)

    def has_5g(self, xy: np.ndarray) -> np.ndarray:
        """At points in metres: 1, 0, or null beyond the rasters."""
        covered, where = self.grid
        column = np.floor((xy[:, 0] - where.c) / where.a).astype(int)
        row = np.floor((xy[:, 1] - where.f) / where.e).astype(int)
        on = (row >= 0) & (row < covered.shape[0]) & (column >= 0) & (column < covered.shape[1])
        out = np.full(len(xy), np.nan)
        out[on] = covered[row[on], column[on]]
        return out

    # -------------------------------------------------------------- places and lines

    def wifi(self) -> np.ndarray:
        """Whether a hotspot is within 250 m of each community, along the ellipsoid."""
        here = self.read("communities.csv")
        spots = pd.read_json(self.folder / "hotspots.json").astype({"Latitude": float, "Longitude": float})
        out = np.zeros(len(here), bool)
        for i, (lon, lat) in enumerate(zip(here["經度"], here["緯度"], strict=True)):
            near = spots[(spots["Latitude"] - lat).abs() < 0.01]
            lons, lats = np.full(len(near), lon), np.full(len(near), lat)
            away = GEOD.inv(lons, lats, near["Longitude"].to_numpy(), near["Latitude"].to_numpy())[2]
            out[i] = (away <= 250).any()
        return out

    @cached_property
    def trails(self) -> gpd.GeoSeries:
        lines = pd.read_json(self.folder / "trails.json")["lines"]
        return gpd.GeoSeries([shapely.LineString(line["points"]) for line in lines], crs=4326).to_crs(METRES)

    def trail_points(self, step_m: float) -> np.ndarray:
        """Points at even steps along all trails, shape (n, 2)."""
        along = [
            shapely.get_coordinates(
                shapely.line_interpolate_point(line, np.arange(step_m / 2, line.length, step_m))
            )
            for line in self.trails
        ]
        return np.vstack(along)

    def independent_links(self) -> pd.Series:
        """By offshore township the most cables that land there and of which no two share an end."""
        cables = self.shapes("cables.geojson")
        ends = [shapely.get_coordinates(line)[[0, -1]] for line in cables.geometry]
        spots = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.vstack(ends).T), crs=METRES)
        near = gpd.sjoin_nearest(spots, self.villages[["village_code", "geometry"]])
        towns = near[~near.index.duplicated()]["village_code"].str[:8].to_numpy().reshape(-1, 2)
        names = np.array([[f"{x:.0f} {y:.0f}" for x, y in pair] for pair in ends])
        figures = reference.figures()
        out = {}
        for town in figures.loc[figures["offshore"], "town_code"]:
            mine = names[(towns == town).any(axis=1)]
            out[town] = max((bin(k).count("1") for k in range(2 ** len(mine)) if _apart(mine, k)), default=0)
        return pd.Series(out)


def _apart(ends: np.ndarray, chosen: int) -> bool:
    """Whether the cables whose bits are set in `chosen` share no end."""
    some = [name for i, pair in enumerate(ends) if chosen >> i & 1 for name in pair]
    return len(some) == len(set(some))
