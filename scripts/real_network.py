"""
A synthetic mobile network of Taiwan for `real_runs.py`: as many sites as the licences of each township suggest,
where people are, seeded. **Every position is made up**; only the counts are real.
"""

from __future__ import annotations

import json
import math
import os
import resource
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray

from notspot.prediction import Workers, predict
from notspot_coverage.network.batch import Settings
from notspot_geodata import reference
from notspot_geodata.crs import transformer
from notspot_geodata.ledger import Ledger
from notspot_geodata.locating import locate_points
from notspot_geodata.people import read_people
from notspot_geodata.tables import read_table
from notspot_geodata.vectors import read_geo

SEED = 2021
AS_OF = "2021-12-31"
LICENCES_A_SITE = 5  # assumed: an operator's mast carries about five licensed carriers or sectors
LTE_MHZ, NR_MHZ = 780.0, 3500.0  # the lowest band decides how far a 4G mast is heard; 5G stands on 3.5 GHz
URBAN_PER_KM2 = 300.0  # people: the threshold of an urban cluster in the degree of urbanisation (UN, 2020)
NR_URBAN, NR_RURAL = 0.5, 0.1  # assumed shares of 4G sites that have 5G too; no counts are published
NR_OPERATORS = 3  # the largest ones
OPERATORS = "ABCDE"  # letters, for no real operator has these sites

RADIUS_M = {"4G": 10_000.0, "5G": 6_000.0}
CELL_M = 100.0
TERRAIN = "terrain/taiwan_interpolated_100m.tif"

CANDIDATES = 8
NEAR_M = 400.0  # deviation of a candidate from the public place that it is drawn near
PUBLIC = ("schools_4708.json", "police_stations.json", "fire_stations.json", "evacuation_shelters.csv")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Network:
    """
    Sites of one technology in two tables, and how many there are by township.

    Attributes
    ----------
    lte, nr
        ``site_id, operator, technology, lon, lat, frequency_mhz``.
    townships
        Indexed by ``town_code``: ``licences, lte, nr``.
    """

    lte: pd.DataFrame
    nr: pd.DataFrame
    townships: pd.DataFrame


def synthesise(data: Path, *, seed: int = SEED) -> Network:
    """
    Sites by township and operator.

    A township has one site for `LICENCES_A_SITE` of its 4G licences, at least one; operators share them like the
    licences of the county. A village of it gets sites by its people; a site is the one of middle height of
    `CANDIDATES` places drawn near the village's public places, so that none stands on a peak.

    Parameters
    ----------
    data
        The folder with ``base_stations``, ``population``, ``anchors`` and ``terrain``.
    """
    rng = np.random.default_rng(seed)
    villages = reference.villages().sort_values("village_code", ignore_index=True)
    people = read_people(data / "population/village_population_2021-03.csv", "village", people="people")
    counts = people.counts["people"].reindex(villages["village_code"]).fillna(0).to_numpy(np.float64)
    licences = reference.figures().set_index("town_code")["base_stations_4g"].astype(int).sort_index()
    shares = operator_shares(data)
    village, operator = [], []
    for town, group in villages.groupby("town_code", sort=True):
        number = max(round(licences[town] / LICENCES_A_SITE), 1)
        weight = counts[group.index] if counts[group.index].sum() else np.ones(len(group))
        each = deal(rng, shares[str(town)[:5]], number)
        for name, sites in zip(OPERATORS, each, strict=True):
            village.append(np.repeat(group.index.to_numpy(), deal(rng, weight, int(sites))))
            operator += [name] * int(sites)
    at = np.concatenate(village)
    lon, lat = positions(data, villages, at, rng)
    lte = pd.DataFrame(
        {
            "site_id": [f"synthetic-{i:05d}" for i in range(1, len(at) + 1)],
            "operator": operator,
            "technology": "4G",
            "lon": lon.round(5),
            "lat": lat.round(5),
            "frequency_mhz": LTE_MHZ,
        }
    )
    density = counts / villages["area_km2"].to_numpy(np.float64)
    chance = np.where(density[at] >= URBAN_PER_KM2, NR_URBAN, NR_RURAL)
    both = lte["operator"].isin(list(OPERATORS[:NR_OPERATORS])).to_numpy() & (rng.random(len(at)) < chance)
    nr = lte[both].assign(technology="5G", frequency_mhz=NR_MHZ).reset_index(drop=True)
    towns = pd.Series(villages["town_code"].to_numpy()[at])
    counted = pd.DataFrame({"licences": licences})
    counted["lte"] = towns.value_counts().reindex(counted.index, fill_value=0)
    counted["nr"] = towns[both].value_counts().reindex(counted.index, fill_value=0)
    return Network(lte, nr, counted)


def predicted(data: Path, folder: Path, *, threads: int = 0) -> dict[str, dict[str, Path]]:
    """
    The rasters of the strongest level, by technology and operator, in `folder`; predicted where they are not there.

    Sites that stand on no terrain (Penghu, Kinmen, Matsu) are left out: what is there stays unknown.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network = synthesise(data)
    out = {}
    for technology, sites in (("4G", network.lte), ("5G", network.nr)):
        name = technology.lower()
        listed = folder / f"sites_{name}.csv"
        sites.to_csv(listed, index=False)
        start, used = time.perf_counter(), time.process_time()
        found = predict(
            listed, data / TERRAIN, folder / name, allow_rejects=True, workers=Workers(threads),
            settings=Settings(radius_m=RADIUS_M[technology], cell_m=CELL_M, rim_m=math.nan),
        )  # fmt: skip
        if not found.complete_before:
            said = {
                "seconds": time.perf_counter() - start,
                "cpu_seconds": time.process_time() - used,
                "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
                "sites": found.sites,
                "load": os.getloadavg()[0],
            }
            (folder / f"timing_{name}.json").write_text(json.dumps(said))
        levels = {path.name: path for path in found.files if path.name.endswith("_best_rsrp_dbm.tif")}
        stem = {"4G": "lte", "5G": "nr"}[technology]
        operators = sorted(set(sites["operator"]))
        out[technology] = {
            o: folder / name / levels[f"{stem}_{o.lower()}_best_rsrp_dbm.tif"].name for o in operators
        }
    return out


def operator_shares(data: Path) -> dict[str, Floats]:
    """Shares of the operators' 4G licences by county code, the largest operator of the nation first."""
    table = read_table(data / "base_stations/ncc_bs_by_county_operator_Syuanyu0422.csv")
    frame = pd.DataFrame(
        {
            "county": table["county"],
            "operator": table["operator"].astype(str).str.strip(),
            "licences": table["base_stations"].astype(int),
        }
    )[(table["period"].astype(str) == AS_OF) & (table["technology"] == "4G")]
    order = frame.groupby("operator")["licences"].sum().sort_values(ascending=False).index
    counties = reference.counties().set_index("county")["county_code"]
    wide = frame.pivot_table(
        index="county", columns="operator", values="licences", aggfunc="sum", fill_value=0
    )
    return {str(counties[name]): row.to_numpy(np.float64) for name, row in wide[order].iterrows()}


def deal(rng: np.random.Generator, weight: Floats, number: int) -> Ints:
    """`number` things dealt out by weight: each part gets its share rounded up or down, on average the share."""
    ends = np.concatenate([[0.0], np.cumsum(weight)]) * (number / float(np.sum(weight)))
    ends[-1] = number
    return (
        np.diff(np.floor(ends + rng.random())).astype(np.int64) if number else np.zeros(len(weight), np.int64)
    )


def positions(
    data: Path, villages: pd.DataFrame, at: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Longitude and latitude of a site in each of the villages `at` (rows of `villages`)."""
    lon, lat, owner = public_places(data)
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(len(villages) + 1))
    count = np.diff(first)
    pick = first[at][:, None] + (rng.random((len(at), CANDIDATES)) * count[at][:, None]).astype(np.int64)
    seen = order[np.minimum(pick, len(order) - 1)]
    north = rng.normal(0, NEAR_M, seen.shape) / 110_600  # metres of a degree of latitude at 22 to 26° N
    east = rng.normal(0, NEAR_M, seen.shape) / (111_320 * np.cos(np.radians(lat[seen])))
    x, y = lon[seen] + east, lat[seen] + north
    bare = count[at] == 0
    spots = villages.geometry.iloc[at[bare]].reset_index(drop=True)
    drawn = spots.sample_points(CANDIDATES, rng=rng).explode(index_parts=False)
    x[bare], y[bare] = (np.asarray(part).reshape(-1, CANDIDATES) for part in (drawn.x, drawn.y))
    inside = locate_points(x.ravel(), y.ravel()).reshape(x.shape) == at[:, None]
    middle = villages.geometry.representative_point()
    none = ~inside.any(axis=1)
    x[none, 0], y[none, 0] = middle.x.to_numpy()[at[none]], middle.y.to_numpy()[at[none]]
    inside[none, 0] = True
    height = np.where(inside, heights(data, x.ravel(), y.ravel()).reshape(x.shape), np.inf)
    rank = np.argsort(height, axis=1, kind="stable")
    rows = np.arange(len(at))
    chosen = rank[rows, (inside.sum(axis=1) - 1) // 2]
    return x[rows, chosen], y[rows, chosen]


@cache
def public_places(data: Path) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """Longitude, latitude and village of schools, stations and shelters: where settlements are."""
    frames = [read_geo(data / "anchors" / name, ledger=Ledger(), allow_rejects=True) for name in PUBLIC]
    lon = np.concatenate([frame.geometry.x.to_numpy() for frame in frames])
    lat = np.concatenate([frame.geometry.y.to_numpy() for frame in frames])
    owner = locate_points(lon, lat)
    return lon[owner >= 0], lat[owner >= 0], owner[owner >= 0]


def heights(data: Path, lon: Floats, lat: Floats) -> Floats:
    """Metres above the sea of points in degrees; 0 beyond the terrain."""
    with rasterio.open(data / TERRAIN) as file:
        ground = file.read(1)
        x, y = transformer("EPSG:3824", "EPSG:3826").transform(lon, lat)
        place = ~file.transform
        column = np.floor(place.a * np.asarray(x) + place.c).astype(np.int64)
        row = np.floor(place.e * np.asarray(y) + place.f).astype(np.int64)
        there = (column >= 0) & (row >= 0) & (column < file.width) & (row < file.height)
    out = np.zeros(len(lon))
    out[there] = ground[row[there], column[there]]
    return out
