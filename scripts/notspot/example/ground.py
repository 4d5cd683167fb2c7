"""
The ground that the example stands on: villages, their people by a rule that is written down, and a source of chance.

Open and real are the outlines, and by township the people, households, stations of 4G, communities and debris-flow
streams that ship with Notspot. All that is placed or measured on them is made up.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_coverage.rules import remote_townships
from notspot_geodata import reference

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

YEAR = 2021
METRES = "EPSG:3826"
DEGREES = "EPSG:4326"
TRIES = 60  # points drawn in the box of a village before its inner point is taken


def chance(name: str) -> np.random.Generator:
    """The random numbers of one file: the same in every run, and no other file's."""
    return np.random.default_rng([YEAR, zlib.crc32(name.encode())])


def dealt(total: pd.Series, codes: pd.Series) -> pd.Series:
    """
    Whole numbers by village that add up to those of its township: as equal as they can be, the rest to the first codes.

    Parameters
    ----------
    total
        By ``town_code``.
    codes
        Village codes, sorted; a village's township is its first 8 digits.
    """
    town = codes.str[:8]
    number = town.map(total).astype("int64")
    share, rest = np.divmod(number, town.map(town.value_counts()))
    return pd.Series(share + (codes.groupby(town).cumcount() < rest), codes.index)


@dataclass(frozen=True, slots=True)
class Ground:
    """
    Attributes
    ----------
    villages
        A row a village that has a polygon, in metres (EPSG:3826): ``village_code, village, town_code, town, county,
        area_km2, people, households, density`` (people per km²), ``remote, offshore``.
    people
        The same ``people`` and ``households`` of all villages, those without a polygon too.
    townships
        By ``town_code``: names, the embedded figures, ``remote``.
    """

    villages: gpd.GeoDataFrame
    people: pd.DataFrame
    townships: pd.DataFrame

    @classmethod
    def read(cls) -> Ground:
        """From the data that ship with Notspot."""
        towns = reference.townships().merge(reference.figures(), on="town_code", validate="one_to_one")
        towns["remote"] = towns["town_code"].map(remote_townships(towns, year=YEAR).flags)
        townships = pd.DataFrame(towns.drop(columns="geometry")).set_index("town_code")
        names = ["village_code", "village", "town_code", "town", "county"]
        villages = reference.villages()
        known = [villages[names], reference.missing_villages()[names]]
        people = pd.concat(known).sort_values("village_code", ignore_index=True)
        people["people"] = dealt(townships["population"], people["village_code"])
        people["households"] = dealt(townships["households"], people["village_code"])
        land = villages[[*names, "area_km2", "geometry"]].merge(
            people[["village_code", "people", "households"]], on="village_code", validate="one_to_one"
        )
        land = land.set_crs(DEGREES, allow_override=True).to_crs(METRES)
        land["density"] = land["people"] / land["area_km2"]
        for name in ("remote", "offshore"):
            land[name] = land["town_code"].map(townships[name]).astype(bool)
        return cls(land, people, townships)

    def inside(self, chosen: Indices, rng: np.random.Generator) -> Floats:
        """A point in the polygon of each chosen village (by position), metres, shape (n, 2)."""
        shapes = self.villages.geometry.to_numpy()[chosen]
        west, south, east, north = shapely.bounds(shapes).T
        out = shapely.get_coordinates(shapely.point_on_surface(shapes))
        open_ = np.arange(len(chosen))
        for _ in range(TRIES):
            at = rng.random((len(open_), 2))
            x = west[open_] + at[:, 0] * (east - west)[open_]
            y = south[open_] + at[:, 1] * (north - south)[open_]
            hit = shapely.contains_xy(shapes[open_], x, y)
            out[open_[hit]] = np.column_stack([x, y])[hit]
            open_ = open_[~hit]
            if not len(open_):
                break
        return out

    def villages_where(self, wanted: Flags, count: int, rng: np.random.Generator) -> Indices:
        """`count` villages of those wanted, drawn by their people, some of them more than once."""
        weight = np.where(wanted, self.villages["people"].to_numpy(np.float64) + 1, 0)
        return rng.choice(len(weight), count, p=weight / weight.sum())

    def towns_where(
        self, wanted: pd.Series, weight: str | None, count: int, rng: np.random.Generator
    ) -> Indices:
        """`count` villages in townships that are wanted, drawn by a figure of the township."""
        by_town = wanted.astype(float) if weight is None else wanted * self.townships[weight]
        town = self.villages["town_code"]
        odds = (town.map(by_town) / town.map(town.value_counts())).to_numpy(np.float64)
        return rng.choice(len(odds), count, p=odds / odds.sum())
