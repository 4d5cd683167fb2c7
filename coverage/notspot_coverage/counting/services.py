"""
What coverage comes as: layers of points, polygons, rasters and tables, gathered into services; and what is
counted against them: people, places, lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Basis = Literal["claim", "model", "measurement", "register"]
Outside = Literal["not covered", "unknown"]
Setting = Literal["outdoor", "indoor"]
Quantity = Literal["rsrp_dbm", "level_dbm", "mbps", "probability", "covered"]
UnitLevel = Literal["village", "township", "county"]

LAND = "land"  # subject of areas


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """
    A statement about where coverage is.

    Attributes
    ----------
    basis, as_of
        Who says so, and of when: an ISO date, month or year.
    operator
        Whose coverage it is, where the features do not say it themselves in a column ``operator``.
    outside
        What it means that a place lies in no feature: ``not covered`` where the layer is complete, ``unknown``
        where it only tells what is known to be covered.
    source
        Where it comes from, in words.
    accuracy_m
        How far the edge of what points and polygons cover may really be off, metres: varied in the bounds.
    """

    id: str
    basis: Basis = "claim"
    as_of: str = ""
    operator: str = ""
    outside: Outside = "not covered"
    source: str = ""
    accuracy_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites(Layer):
    """
    Sites that serve everything within `radius_m` metres on the ground: drop points, hotspots, stations.

    `points` has a CRS and a geometry of points; a column ``radius_m`` goes before the layer's own radius, a
    column ``operator`` before its operator. Positions are sensitive, and leave no trace in results, unless the
    layer is `public`.
    """

    points: gpd.GeoDataFrame
    radius_m: float
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas(Layer):
    """Polygons that are said to be covered; `areas` has a CRS and may have a column ``operator``."""

    areas: gpd.GeoDataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster(Layer):
    """
    A raster whose cells reach a threshold: RSRP or level (dBm), speed (Mbps), a probability (0 to 1) or 0/1.

    Cells without data, and places beyond the raster, are `outside`. `location_sigma_db` is the deviation
    of the level over the places in a cell: with it a threshold can be asked for at 90 or 95 % of them.
    """

    path: Path
    quantity: Quantity
    at_least: float
    location_sigma_db: float = 0.0
    crs: str | None = None  # where the file names none, or a wrong one
    outside: Outside = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByUnit(Layer):
    """
    Figures by unit code: the whole unit is covered where the figure is at least `at_least`.

    `values` is indexed by code (text); NaN, and units that are not in it, are `outside` (unknown).
    """

    values: pd.Series
    level: UnitLevel
    at_least: float
    outside: Outside = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """
    A kind of connectivity with a definition: what its layers say together, an operator at a time.

    Attributes
    ----------
    operators
        Who is expected to offer it. An operator that is named here and has no layer is unknown everywhere;
        empty: those that the layers name.
    last_resort
        It reaches everywhere by its nature (satellites), also without a layer, and is flagged: where nothing else
        reaches, people have only this.
    subjects
        Ids of the people, places and lines that it is counted against, and `LAND`; empty: all.
    """

    id: str
    name: Text
    layers: tuple[Layer, ...]
    technology: str = ""
    speed_mbps: float | None = None
    setting: Setting = "outdoor"
    basis: Basis = "claim"
    as_of: str = ""
    operators: tuple[str, ...] = ()
    last_resort: bool = False
    subjects: tuple[str, ...] = ()

    @property
    def everywhere(self) -> bool:
        """Whether no layer is needed to say where it is."""
        return self.last_resort and not self.layers

    @property
    def hides_sites(self) -> bool:
        """Whether it has sites that are not public: what it covers ends on circles around them."""
        return any(isinstance(layer, Sites) and not layer.public for layer in self.layers)

    def counts(self, subject: str) -> bool:
        """Whether it is counted against a subject."""
        return not self.subjects or subject in self.subjects


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """
    Registered or counted people by unit.

    Attributes
    ----------
    id
        ``registered``, ``day``, ``night`` …
    counts
        Indexed by code (text, unique), columns ``people`` and/or ``households``: whole numbers, at least 0, none
        missing. Codes that have no polygon keep their people: they are unplaced, and unknown in their parents; a column
        ``name`` says what they are called.
    level
        What a code is. People by township are spread over the township's land, and no village has figures.
    """

    id: str
    name: Text
    counts: pd.DataFrame
    level: Literal["village", "township"] = "village"
    as_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """
    Where in their village people are. Every village adds up to its own number whatever the surface says; a
    village of which it says nothing is taken evenly, and named in the notes.

    Attributes
    ----------
    kind
        ``even``: over the land of the village; ``raster``: like the values of `path`; ``points``: on `points`,
        by their column ``weight`` (1 without it). Footprints of buildings are points weighted by their area.
    """

    id: str
    kind: Literal["even", "raster", "points"] = "even"
    path: Path | None = None
    points: gpd.GeoDataFrame | None = None
    crs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    Points that should be covered: communities, clinics, schools, venues. `points` has a CRS; columns ``name``
    and ``id`` are carried into lists. With `anchors` a point only stands for its place, and places that share
    one are covered or not as the point says in the best estimate, both in the bounds.

    `unplaced` are places without a point (``id, name, town_code``, null where not even the township is known): they
    count, and whether they are covered is unknown. Places that are `sensitive` are counted and never drawn.
    """

    id: str
    name: Text
    points: gpd.GeoDataFrame
    anchors: bool = False
    as_of: str = ""
    unplaced: pd.DataFrame | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """
    Lines that should be covered, by length: roads, trails, cable routes; `lines` has a CRS. Lines that are `sensitive`,
    as those between stations are, are counted and never drawn.
    """

    id: str
    name: Text
    lines: gpd.GeoDataFrame
    as_of: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    What is varied between low and high. That the unknown may be covered or not is always.

    Attributes
    ----------
    edges
        The edge of coverage lies further out, then further in: by half a cell of a raster, by a layer's
        ``accuracy_m``.
    location_percent
        At how many of the places in a cell a level must reach the threshold; the first is the best estimate.
    """

    edges: bool = True
    location_percent: tuple[float, ...] = (50.0,)


@dataclass(frozen=True, slots=True)
class Subject:
    """The words of what is counted: the name of people, places or lines, and of when they are."""

    name: Text
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """
    What was counted. Frames are tidy, shares in percent, ``low <= best <= high``.

    Attributes
    ----------
    table
        A row a service, subject and unit: ``service, of`` (people, households, area, places, lines), ``subject``
        (id of the people, places or lines; `LAND`), ``level`` (nation, group, county, township, village),
        ``code, name, total, covered, not_covered, unknown, low, best, high, unit, low_by, high_by, varied``.
        ``total = covered + not_covered + unknown`` in persons, households, km², places or km.
    variants
        The same by assumption: ``service, of, subject, level, code, surface, edges, location_percent, anchors,
        covered, not_covered, unknown``; for the nation, groups, counties and townships.
    notspots
        People by kind of not-spot: ``service, subject, level, code, name, kind, operators, people``. Kinds:
        ``complete`` (no operator), ``partial`` (so many operators, not all), ``none`` (all operators), ``unknown``
        (operators null); a unit's rows add up to its people.
    roaming
        A row an operator: ``service, subject, operator, level, code, name, people, covered, not_covered, unknown,
        solved`` (of those not covered by it, how many another operator reaches).
    gaps
        Uncovered villages and places, most people first: ``service, kind, subject, code, name, county, town, remote,
        people, covered, not_covered, unknown, share, nearest, distance_km, why_zh, why_en``.
    ranking
        Units by their share: ``service, of, subject, level, code, name, best, rank, rank_low, rank_high, robust``.
    notes
        What was concluded or assumed, a sentence each.
    subjects
        Names by ``(of, subject)`` of the table; what is not in it is shown by its id.
    standing
        Places and pieces of lines one by one, in the best estimate: ``service, of, subject, at, start_km, end_km,
        status, by``. ``at`` is the row in the shapes of ``(of, subject)``; a piece goes from ``start_km`` to
        ``end_km`` along its line (null of places), cut at whole kilometres where the service `hides_sites`;
        ``status`` is covered, not covered or unknown; ``by`` names the operators that cover a place.
    shapes
        Frames in EPSG:3824 by ``(of, subject)``: ``id, name, geometry`` of places, ``name, geometry`` of lines, one
        part each; and by ``("sites", layer)`` ``operator, geometry`` of sites that are public. Nothing that is
        sensitive stands here.
    """

    table: pd.DataFrame
    variants: pd.DataFrame
    notspots: pd.DataFrame
    roaming: pd.DataFrame
    gaps: pd.DataFrame
    ranking: pd.DataFrame
    services: Mapping[str, Service] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()
    subjects: Mapping[tuple[str, str], Subject] = field(default_factory=dict)
    standing: pd.DataFrame | None = None
    shapes: Mapping[tuple[str, str], gpd.GeoDataFrame] = field(default_factory=dict)
