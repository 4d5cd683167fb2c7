"""
What 'remote' means by law, and which townships that makes remote.

A `Rule` is data (``data/rules.toml``): a dated definition with its parameters, citation and published
counts. No list of remote townships is kept anywhere; `remote_townships` works it out and says where it
stands beside the published count.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from notspot_geodata.errors import InputError, NotFoundError, Problem, UsageError
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

DEFAULT_RULE = "remote_2020"
NEAR = 0.02  # a township within 2 % of the threshold is named

Offshore = Literal["reach", "centroid", "nearest", "all_but_seat", "all", "none"]
AverageArea = Literal["official", "units"]


@dataclass(frozen=True, slots=True)
class Published:
    """How many townships (and villages) the authority counted as remote in the years from first to last."""

    first_year: int
    last_year: int
    townships: int
    villages: int | None
    source: Text


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a county government sits, in degrees."""

    county_code: str
    lon: float
    lat: float
    name: Text


@dataclass(frozen=True, slots=True)
class Deemed:
    """Areas that count as remote on approval: density between two fractions of the average, adjoining remote ones."""

    from_density: float
    to_density: float
    adjoining: bool
    citation: Text


@dataclass(frozen=True, slots=True)
class Rule:
    """A dated legal definition of 'remote'. Densities are fractions of the national average."""

    id: str
    name: Text
    definition: Text
    citation: Text
    issued: date
    in_force: date
    until: date | None
    density_below: float
    offshore_km: float
    national_area_km2: float
    deemed: Deemed | None
    published: tuple[Published, ...]
    seats: tuple[Seat, ...]
    later: Text | None = None

    def published_in(self, year: int) -> Published | None:
        """The published count that holds in `year`, or None."""
        return next((p for p in self.published if p.first_year <= year <= p.last_year), None)


@dataclass(frozen=True, slots=True)
class Variant:
    """
    How the words of the rule are read where they leave a choice.

    Attributes
    ----------
    average_area
        What the nation's people are divided by: the registered land area that the published national
        density stands on (``official``), or the sum of the units' own areas (``units``).
    offshore
        What of an offshore township must be at least 7.5 km from the county seat: some of its land
        (``reach``), its centroid, or all of it with the island that carries the seat left out
        (``nearest``). ``all_but_seat``, ``all`` and ``none`` do not measure. Only ``all``
        ever counts the township in which the seat lies.
    inclusive
        Whether a density of exactly the threshold counts (the law says below).
    """

    average_area: AverageArea = "official"
    offshore: Offshore = "reach"
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class RemoteFinding:
    """
    Which townships a rule makes remote, and how sure that is.

    Attributes
    ----------
    flags
        True where remote, indexed by ``town_code``, sorted.
    national_density, threshold
        People per km²; the threshold is the rule's fraction of the former.
    found, published
        Number of townships, here and by the authority for `year` (None where nothing was published).
    near_threshold
        Townships within 2 % of the threshold: town_code, town, county, density_per_km2, ratio (to it).
    alternatives
        One row another reading: reading_zh, reading_en, average_area, offshore, inclusive, found,
        difference (to published), added and dropped (names, against the reading used), used (bool).
    reasons
        One row a township: town_code, density_per_km2, by_density, by_offshore, and the distances of offshore
        townships from their county seat, nearest_km, centroid_km, farthest_km (null elsewhere), seat_island.
    deemed
        Candidates under the rule's second clause, remote only on approval and not in `flags`:
        town_code, town, county, density_per_km2, ratio (to the national average).
    """

    rule: Rule
    flags: pd.Series[bool]
    national_density: float
    threshold: float
    found: int
    published: int | None
    near_threshold: pd.DataFrame
    alternatives: pd.DataFrame
    notes: tuple[Text, ...]
    year: int = 2021
    variant: Variant = field(default_factory=Variant)
    reasons: pd.DataFrame | None = None
    deemed: pd.DataFrame | None = None
