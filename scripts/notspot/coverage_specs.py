"""
What a study says of coverage: layers, services, people, places, lines and the figures made of them.

Nothing is read here: these are the entries of the TOML, checked (`coverage_study`), from which
`coverage_inputs` makes the objects that are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from notspot_coverage.counting.services import Basis, Bounds, Outside, Quantity, Setting, UnitLevel
from notspot_geodata.row_tests import Selection
from notspot_geodata.text import Text

LayerKind = Literal["sites", "areas", "raster", "table"]
SurfaceKind = Literal["even", "raster", "points", "footprints"]
FigureKind = Literal["share", "existence", "count", "measure"]
Of = Literal["households", "people", "area", "places", "lines"]
FigureUnit = Literal["village", "township", "county", "place"]

ALL = "all"


@dataclass(frozen=True, slots=True)
class FileSpec:
    """
    A file and which of its rows are meant.

    `crs`, `sheet`, `encoding` and `layer_name` (of a map with several) say what the file does not; `where`
    chooses rows.
    """

    path: str
    where: Selection = ()
    crs: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    layer_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSpec:
    """``[[people]]``: a denominator. `people` and `households` are headers or meanings; one may be None."""

    id: str
    name: Text
    file: FileSpec
    level: Literal["village", "township"]
    people: str | None = None
    households: str | None = None
    as_of: str = ""
    crosswalk: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceSpec:
    """``[[surface]]``: where in the village people are; the first is the best estimate."""

    id: str
    kind: SurfaceKind = "even"
    file: FileSpec | None = None
    weight: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSpec:
    """``[[layer]]``: a statement about where coverage is; which entries it has depends on its kind."""

    id: str
    kind: LayerKind
    file: FileSpec
    radius_m: float | None = None  # sites
    radius_column: str | None = None
    public: bool = False  # sites: their positions may be seen
    accuracy_m: float = 0.0  # sites and areas
    quantity: Quantity | None = None  # raster
    at_least: float | None = None  # raster and table
    location_sigma_db: float = 0.0
    level: UnitLevel | None = None  # table
    column: str | None = None
    unknown_values: tuple[float, ...] = ()  # figures that stand for 'no figure'
    operator: str = ""
    operator_column: str | None = None
    outside: Outside = "not covered"
    basis: Basis = "claim"
    as_of: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """``[[service]]``: a kind of connectivity, by the ids of its layers."""

    id: str
    name: Text
    layers: tuple[str, ...]
    technology: str = ""
    speed_mbps: float | None = None
    setting: Setting = "outdoor"
    basis: Basis = "claim"
    as_of: str = ""
    operators: tuple[str, ...] = ()
    last_resort: bool = False
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesSpec:
    """
    ``[[places]]``: points that should be covered. `within`: codes of units, or ids of groups. `public` False keeps
    them out of every map; None where the study does not say, see `coverage_places.is_sensitive`.
    """

    id: str
    name: Text
    file: FileSpec
    anchors: bool = False
    name_column: str | None = None
    id_column: str | None = None
    as_of: str = ""
    within: tuple[str, ...] = ()
    public: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesSpec:
    """``[[lines]]``: lines that should be covered, by length. `public` as of `PlacesSpec`."""

    id: str
    name: Text
    file: FileSpec
    name_column: str | None = None
    as_of: str = ""
    public: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Having:
    """
    What a unit has where it counts: one of a thing that lies in it (`places`), a service that reaches any of it
    (`service`), or nothing but a service of last resort (`only`) of those `among` which one may choose (all without
    it). One of the three is given.
    """

    places: str | None = None
    service: str | None = None
    only: str | None = None
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """A table whose rows are counted, or whose `column` is added up."""

    file: FileSpec
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSpec:
    """
    ``[[figure]]``: an indicator that is worked out from coverage, in the way of its kind.

    Attributes
    ----------
    indicator
        Id of a definition; ``id.part`` for a figure that stands beside it.
    kind
        The indicator's. share: `service` over `of` and `subject`. existence: units (`unit`) `having` something; of
        places, `subject` says which. count: `places`, `lines` (with `service` only those it reaches) or `things`.
        measure: the people (or households) of `subject`.
    subject
        Id of the people, places or lines; "" for area.
    within
        ``all``, ``remote``, ``non_remote`` or another group.
    where
        Of a count: which of the places or lines.
    """

    indicator: str
    kind: FigureKind
    service: str | None = None
    of: Of | None = None
    subject: str = ""
    within: str = ALL
    unit: FigureUnit | None = None
    having: Having | None = None
    places: str | None = None
    lines: str | None = None
    things: Things | None = None
    where: Selection = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageSpec:
    """All that a study says of coverage; hashable, and equal where two studies say the same."""

    people: tuple[PeopleSpec, ...] = ()
    surfaces: tuple[SurfaceSpec, ...] = ()
    layers: tuple[LayerSpec, ...] = ()
    services: tuple[ServiceSpec, ...] = ()
    places: tuple[PlacesSpec, ...] = ()
    lines: tuple[LinesSpec, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)
    cell_m: float = 100.0
    figures: tuple[FigureSpec, ...] = ()
