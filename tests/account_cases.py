"""A made-up account of the whole of Taiwan, counted for real: seeded services, people, places and lines."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from notspot_coverage.counting.counting import count
from notspot_coverage.counting.lattice import lattice_of
from notspot_coverage.counting.services import (
    Account,
    Areas,
    ByUnit,
    Lines,
    People,
    Places,
    Service,
    Sites,
    Subject,
)
from notspot_coverage.counting.units import Units
from notspot_coverage.results import Results
from notspot_geodata.locating import locate_points
from notspot_geodata.text import Text

CELL_M = 200  # coarse: the numbers are made up, the counting is not


def whole_account(results: Results) -> Account:
    """
    Five services over the shipped boundaries: one operator; three, of which one has no figures for a county; speeds
    by village, some unknown; an operator of which nothing is known at all; satellites.
    """
    rng = np.random.default_rng(20210930)
    villages = results.villages.sort_values("village_code", ignore_index=True)
    middles = villages.geometry.representative_point()
    towns = results.townships
    lattice = lattice_of(results.villages, CELL_M)
    units = Units.of(results.villages, towns)
    people = _people(villages, towns, rng)
    places = Places(
        id="communities",
        name=Text("部落", "Indigenous communities"),
        points=gpd.GeoDataFrame(
            {"name": [f"部落{at}" for at in range(210)]},
            geometry=list(middles[villages["group"] == "mountain_indigenous"])[:200] + [middles[0]] * 10,
            crs=villages.crs,
        ),
        anchors=True,
        as_of="2022",
    )
    lines = Lines(id="trails", name=Text("步道", "Trails"), lines=_lines(middles), as_of="2024")
    services = [
        _fibre(middles, villages, rng),
        _mobile(middles, villages, towns, rng),
        _speed(villages, rng),
        Service(
            id="planned",
            name=Text("規劃中服務", "Planned service"),
            layers=(),
            operators=("甲電信",),
            as_of="2025",
        ),
        _satellite(),
    ]
    account = count(
        lattice, units, services, locate=locate_points, people=[people], places=[places], lines=[lines]
    )
    names = {("people", people.id): people, ("households", people.id): people}
    names |= {("places", places.id): places, ("lines", lines.id): lines}
    subjects = {key: Subject(item.name, item.as_of) for key, item in names.items()}
    return dataclasses.replace(account, subjects=account.subjects or subjects)


def _people(villages: gpd.GeoDataFrame, towns: pd.DataFrame, rng: np.random.Generator) -> People:
    """The people and households of each township on its villages by seeded shares, to the person."""
    population = dict(zip(towns["town_code"], towns["population"].astype(int), strict=True))
    households = dict(zip(towns["town_code"], towns["households"].astype(int), strict=True))
    codes, figures = [], []
    for town, own in villages.groupby("town_code"):
        codes += [*own["village_code"], f"{town}999"]
        share = np.append(rng.dirichlet(np.full(len(own), 4.0)) * 0.997, 0.003)  # some have no polygon
        figures.append(
            np.stack([rng.multinomial(of[town], share) for of in (population, households)], axis=1)
        )
    counts = pd.DataFrame(np.concatenate(figures), index=codes, columns=["people", "households"])
    return People(id="registered", name=Text("戶籍人口", "Registered people"), counts=counts, as_of="2021-03")


def _sites(middles: gpd.GeoSeries, chosen: np.ndarray, operator: str, radius_m: float, id: str) -> Sites:
    points = gpd.GeoDataFrame(geometry=middles[chosen], crs=middles.crs)
    return Sites(id=id, points=points, radius_m=radius_m, operator=operator, accuracy_m=60, as_of="2021-12")


def _fibre(middles: gpd.GeoSeries, villages: pd.DataFrame, rng: np.random.Generator) -> Service:
    remote = villages["remote"].to_numpy()
    chosen = rng.random(len(villages)) < np.where(remote, 0.25, 0.8)
    return Service(
        id="fibre_2g",
        name=Text("2 Gbps 光纖", "2 Gbps fibre"),
        layers=(_sites(middles, chosen, "", 900, "drops"),),
        technology="FTTP",
        speed_mbps=2000,
        setting="indoor",
        as_of="2021-12",
    )


def _mobile(
    middles: gpd.GeoSeries, villages: gpd.GeoDataFrame, towns: pd.DataFrame, rng: np.random.Generator
) -> Service:
    remote = villages["remote"].to_numpy()
    first = rng.random(len(villages)) < np.where(remote, 0.5, 0.9)
    second = rng.random(len(villages)) < np.where(remote, 0.2, 0.8)
    areas = gpd.GeoDataFrame(geometry=villages.geometry[second], crs=villages.crs)
    known = towns[towns["county_code"] != "10015"]
    stations = pd.Series(rng.integers(0, 12, len(known)), index=known["town_code"], dtype=float)
    return Service(
        id="mobile_5g",
        name=Text("行動 5G", "Mobile 5G"),
        layers=(
            _sites(middles, first, "甲電信", 1500, "a"),
            Areas(id="b", areas=areas, operator="乙電信", as_of="2021-12"),
            ByUnit(id="c", values=stations, level="township", at_least=4, operator="丙電信", as_of="2021-12"),
        ),
        technology="5G NR",
        basis="claim",
        as_of="2021-12",
    )


def _speed(villages: pd.DataFrame, rng: np.random.Generator) -> Service:
    speed = pd.Series(rng.gamma(4, 40, len(villages)), index=villages["village_code"])
    speed[rng.random(len(villages)) < 0.12] = np.nan
    layer = ByUnit(id="speed", values=speed, level="village", at_least=100, basis="measurement")
    return Service(
        id="speed_100",
        name=Text("下載 100 Mbps", "100 Mbps download"),
        layers=(layer,),
        speed_mbps=100,
        basis="measurement",
        as_of="2021",
    )


def _satellite() -> Service:
    name = Text("低軌衛星", "Satellite (LEO)")
    return Service(id="satellite", name=name, layers=(), last_resort=True, as_of="2023")


def _lines(middles: gpd.GeoSeries) -> gpd.GeoDataFrame:
    points = shapely.get_coordinates(middles.to_numpy())[::400]
    lines = [shapely.LineString([a, a + np.array([0.02, 0.01])]) for a in points]
    return gpd.GeoDataFrame(geometry=lines, crs=middles.crs)
