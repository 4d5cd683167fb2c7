"""
The part of a study that declares coverage, read strictly: ``[[people]]``, ``[[surface]]``, ``[[layer]]``,
``[[service]]``, ``[[places]]``, ``[[lines]]``, ``[bounds]`` and ``[[figure]]`` (docs/coverage-studies.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from notspot.coverage_figures import read_figures
from notspot.coverage_specs import (
    CoverageSpec,
    LayerKind,
    LayerSpec,
    LinesSpec,
    PeopleSpec,
    PlacesSpec,
    ServiceSpec,
    SurfaceKind,
    SurfaceSpec,
)
from notspot.entries import FIGURES, Entries, Row
from notspot.file_entries import FILE, file_spec
from notspot_coverage.counting.services import LAND, Basis, Bounds, Outside, Quantity, Setting, UnitLevel
from notspot_coverage.definitions import Indicator
from notspot_coverage.groups import GROUPS
from notspot_geodata.quantities import threshold_problem

TABLES = ("people", "surface", "layer", "service", "places", "lines", "bounds", "figure")
CROSSWALK_2021 = "embedded:2021"

LEAST_RADIUS_M = 1.0  # a smaller one is degrees, or kilometres
MOST_RADIUS_M = 100_000.0  # no cell on the ground is larger
MOST_ACCURACY_M = 10_000.0  # an edge that is further off says nothing
LEAST_CELL_M, MOST_CELL_M = 10.0, 1000.0
MOST_SIGMA_DB = 30.0  # deviations over the places in a cell are 4 to 12 dB

_COMMON = ("id", "kind", *FILE, "operator", "operator_column", "outside", "basis", "as_of", "source")
_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "sites": ("radius_m", "radius_column", "accuracy_m", "crs", "public"),
    "areas": ("accuracy_m", "crs"),
    "raster": ("quantity", "at_least", "location_sigma_db", "crs"),
    "table": ("level", "column", "at_least", "unknown_values"),
}
_DEGREES = ("radius_deg", "radius_degrees", "radius", "buffer", "buffer_deg", "radius_km")


def read_coverage(entries: Entries, definitions: Mapping[str, Indicator]) -> CoverageSpec | None:
    """
    What the study in `entries` says of coverage; None where it says nothing. Problems are added to `entries`.

    Parameters
    ----------
    definitions
        The study's indicators, which figures fill.
    """
    if not any(key in entries.given for key in TABLES):
        return None
    found = _Coverage(entries)
    layers = tuple(found.layer(row, f"layer {i}") for i, row in entries.rows("layer"))
    people = tuple(found.people(row, f"people {i}") for i, row in entries.rows("people"))
    surfaces = tuple(found.surface(row, f"surface {i}") for i, row in entries.rows("surface"))
    services = tuple(found.service(row, f"service {i}", layers) for i, row in entries.rows("service"))
    places = tuple(found.places(row, f"places {i}") for i, row in entries.rows("places"))
    lines = tuple(found.lines(row, f"lines {i}") for i, row in entries.rows("lines"))
    bounds, cell_m = found.bounds()
    spec = CoverageSpec(
        people=people,
        surfaces=surfaces or (SurfaceSpec(id="even"),),
        layers=layers,
        services=services,
        places=places,
        lines=lines,
        bounds=bounds,
        cell_m=cell_m,
    )
    found.unused_layers(spec)
    found.subjects(spec)
    return read_figures(entries, spec, definitions)


class _Coverage:
    """The tables one by one. A table that has a problem still gives a spec, so that the rest can be checked."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.ids: dict[str, set[str]] = {key: set() for key in TABLES}
        subjects = {LAND}  # what is counted stands in one column of the tables
        self.ids |= dict.fromkeys(("people", "places", "lines"), subjects)

    def _id(self, row: Row, where: str) -> str:
        return self.entries.ident(row, where, self.ids[where.split()[0]]) or ""

    def layer(self, row: Row, where: str) -> LayerSpec:
        e = self.entries
        kind = e.choice(row, "kind", get_args(LayerKind), where)
        special = {key for keys in _OF_KIND.values() for key in keys}
        for key in row:
            label = f"{where}.{key}"
            if key in _DEGREES:
                e.problem(label, "is not an entry: a radius is in metres on the ground, radius_m = 400")
            elif key in special and kind and key not in _OF_KIND[kind]:
                kinds = " and ".join(k for k, keys in _OF_KIND.items() if key in keys)
                e.problem(label, f"is for layers of kind {kinds}, this one is {kind}")
            elif key not in _COMMON and key not in special:
                known = (*_COMMON, *_OF_KIND.get(kind, tuple(sorted(special))))
                e.problem(label, f"is not an entry; known are {', '.join(known)}")
            elif kind == "raster" and key in FILE[1:]:
                e.problem(label, "is for maps and tables; a raster has no rows")
        embedded = (FIGURES,) if kind == "table" else ()
        file = file_spec(e, row, where, embedded=embedded)
        complete = kind in ("sites", "areas")  # of rasters and tables the rest is unknown
        if kind == "sites":
            self._radius(row, where)
        name = self._id(row, where)
        return LayerSpec(
            id=name,
            kind=cast(LayerKind, kind),
            file=file,
            radius_m=e.number(row, "radius_m", where) if not isinstance(row.get("radius_m"), str) else None,
            radius_column=e.maybe(row, "radius_column", str, where),
            public=e.maybe(row, "public", bool, where, False),
            accuracy_m=self._accuracy(row, where),
            quantity=self._quantity(row, where) if kind == "raster" else None,
            at_least=self._threshold(row, where, kind),
            location_sigma_db=self._sigma(row, where),
            level=self._level(row, where) if kind == "table" else None,
            column=e.take(row, "column", str, where) if kind == "table" else None,
            unknown_values=self._numbers(row, "unknown_values", where),
            operator=e.maybe(row, "operator", str, where, ""),
            operator_column=e.maybe(row, "operator_column", str, where),
            outside=cast(
                Outside,
                e.choice(row, "outside", get_args(Outside), where, "not covered" if complete else "unknown"),
            ),
            basis=cast(Basis, e.choice(row, "basis", get_args(Basis), where, "claim")),
            as_of=e.day(row, "as_of", where),
            source=e.maybe(row, "source", str, where, ""),
        )

    def _radius(self, row: Row, where: str) -> None:
        e, label = self.entries, f"{where}.radius_m"
        value = row.get("radius_m")
        if value is None:
            if "radius_column" not in row:
                e.problem(
                    label, "is missing: metres on the ground, or name the column that has it (radius_column)"
                )
        elif isinstance(value, str):
            degrees = "deg" in value.lower() or "°" in value or "度" in value
            said = "is in degrees, and a degree is no length: " if degrees else "is text: "
            e.problem(label, f"{said}give metres on the ground as a number, such as 400", value)
        elif not isinstance(value, bool) and isinstance(value, int | float) and not _radius_fits(value):
            small = f" (in degrees? {value:g}° is about {value * 111_000:,.0f} m)" if 0 < value < 1 else ""
            e.problem(label, f"is {value:g}{small}: metres on the ground are needed, 1 to 100,000", value)

    def _accuracy(self, row: Row, where: str) -> float:
        value = self.entries.number(row, "accuracy_m", where)
        if value is not None and not 0 <= value <= MOST_ACCURACY_M:
            message = f"is {value:g}; metres on the ground are meant, 0 to {MOST_ACCURACY_M:,.0f}"
            self.entries.problem(f"{where}.accuracy_m", message, value)
        return value or 0.0

    def _quantity(self, row: Row, where: str) -> Quantity:
        return cast(Quantity, self.entries.choice(row, "quantity", get_args(Quantity), where))

    def _level(self, row: Row, where: str) -> UnitLevel:
        level = self.entries.choice(row, "level", get_args(UnitLevel), where)
        if row.get("path") == FIGURES and level not in ("township", ""):
            self.entries.problem(f"{where}.level", f"must be township for {FIGURES}", level)
        return cast(UnitLevel, level)

    def _threshold(self, row: Row, where: str, kind: str) -> float | None:
        e, label = self.entries, f"{where}.at_least"
        value = e.number(row, "at_least", where)
        if kind == "raster" and row.get("quantity") == "covered" and value is None:
            return 1.0
        if kind in ("raster", "table") and "at_least" not in row:
            e.problem(label, "is missing: from which value on is it covered?")
        quantity = row.get("quantity")
        if value is not None and kind == "raster" and quantity in get_args(Quantity):
            why = threshold_problem(str(quantity), value)
            if why:
                e.problem(label, why, value)
        return value

    def _sigma(self, row: Row, where: str) -> float:
        e = self.entries
        value = e.number(row, "location_sigma_db", where)
        if value is None:
            return 0.0
        if not 0 <= value <= MOST_SIGMA_DB:
            e.problem(
                f"{where}.location_sigma_db", f"is {value:g} dB; 0 to {MOST_SIGMA_DB:g} is possible", value
            )
        if value and row.get("quantity") not in ("rsrp_dbm", "level_dbm"):
            e.problem(f"{where}.location_sigma_db", "is for levels in dBm (rsrp_dbm, level_dbm)", value)
        return value

    def _numbers(self, row: Row, key: str, where: str) -> tuple[float, ...]:
        given = row.get(key, [])
        items = given if isinstance(given, list) else [given]
        found = [float(i) for i in items if isinstance(i, int | float) and not isinstance(i, bool)]
        if len(found) < len(items):
            self.entries.problem(f"{where}.{key}", "must be a list of numbers: [0, 1]", given)
        return tuple(found)

    def people(self, row: Row, where: str) -> PeopleSpec:
        e = self.entries
        known = ("id", "name", *FILE, "level", "people", "households", "as_of", "crosswalk")
        e.unknown_keys(row, known, where)
        level = e.choice(row, "level", ("village", "township"), where)
        people, households = (e.maybe(row, key, str, where) for key in ("people", "households"))
        if people is None and households is None:
            e.problem(where, 'names no column: people = "人口", households = "戶數", or both')
        if people is not None and people == households:
            e.problem(f"{where}.households", f"is the same column as people ('{people}')", people)
        file = file_spec(e, row, where, embedded=(FIGURES,))
        if file.path == FIGURES and level == "village":
            e.problem(f"{where}.level", f"must be township for {FIGURES}", level)
        crosswalk = None
        if "crosswalk" in row:
            crosswalk = e.path(row, where, "crosswalk", embedded=(CROSSWALK_2021,))
            if level == "township":
                e.problem(f"{where}.crosswalk", "carries villages; these people are by township")
        name = self._id(row, where)
        return PeopleSpec(
            id=name,
            name=e.words(row, "name", where, name),
            file=file,
            level="township" if level == "township" else "village",
            people=people,
            households=households,
            as_of=e.day(row, "as_of", where),
            crosswalk=crosswalk,
        )

    def surface(self, row: Row, where: str) -> SurfaceSpec:
        e = self.entries
        e.unknown_keys(row, ("id", "kind", *FILE, "crs", "weight"), where)
        kind = e.choice(row, "kind", get_args(SurfaceKind), where)
        given = [key for key in (*FILE, "crs", "weight") if key in row]
        if kind == "even" and given:
            e.problem(f"{where}.{given[0]}", "is not for an even surface, which needs no file")
        if kind == "raster" and "weight" in row:
            e.problem(f"{where}.weight", "is for points and footprints; a raster's values are its weights")
        name = self._id(row, where)
        if kind == "even":
            return SurfaceSpec(id=name)
        return SurfaceSpec(
            id=name,
            kind=cast(SurfaceKind, kind),
            file=file_spec(e, row, where),
            weight=e.maybe(row, "weight", str, where),
        )

    def service(self, row: Row, where: str, layers: tuple[LayerSpec, ...]) -> ServiceSpec:
        e = self.entries
        e.unknown_keys(row, ServiceSpec.__dataclass_fields__, where)
        name = self._id(row, where)
        last_resort = e.maybe(row, "last_resort", bool, where, False)
        chosen = e.texts(row, "layers", where)
        by_id = {layer.id: layer for layer in layers}
        if not chosen and not last_resort:
            e.problem(f"{where}.layers", "names no layer: nothing would say where the service is")
        for one in chosen:
            if one not in by_id:
                there = ", ".join(by_id) or "none"
                e.problem(f"{where}.layers", f"'{one}' is no layer of the study; there are: {there}", one)
        mine = [by_id[one] for one in chosen if one in by_id]
        speed = e.number(row, "speed_mbps", where)
        if speed is not None and speed <= 0:
            e.problem(f"{where}.speed_mbps", f"is {speed:g}; it must be above 0", speed)
        operators = e.texts(row, "operators", where)
        for layer in mine:
            if operators and layer.operator and layer.operator not in operators:
                message = f"do not name '{layer.operator}', whose layer '{layer.id}' is in the service"
                e.problem(f"{where}.operators", message, layer.operator)
        return ServiceSpec(
            id=name,
            name=e.words(row, "name", where, name),
            layers=chosen,
            technology=e.maybe(row, "technology", str, where, ""),
            speed_mbps=speed,
            setting=cast(Setting, e.choice(row, "setting", get_args(Setting), where, "outdoor")),
            basis=self._basis(row, where, mine),
            as_of=e.day(row, "as_of", where) or _shared({layer.as_of for layer in mine}),
            operators=operators,
            last_resort=last_resort,
            subjects=e.texts(row, "subjects", where),
        )

    def _basis(self, row: Row, where: str, layers: list[LayerSpec]) -> Basis:
        """As given, or that of the layers; claims and models are not mixed without saying so."""
        found = sorted({layer.basis for layer in layers})
        if "basis" not in row and len(found) > 1:
            message = (
                f"is missing: the layers are of different kinds ({', '.join(found)}); say what they make"
            )
            self.entries.problem(f"{where}.basis", message)
        default = found[0] if found else "claim"
        return cast(Basis, self.entries.choice(row, "basis", get_args(Basis), where, default))

    def places(self, row: Row, where: str) -> PlacesSpec:
        e = self.entries
        known = (
            "id",
            "name",
            *FILE,
            "crs",
            "anchors",
            "name_column",
            "id_column",
            "as_of",
            "within",
            "public",
        )
        e.unknown_keys(row, known, where)
        name = self._id(row, where)
        within = e.texts(row, "within", where)
        for unit in within:
            if unit not in GROUPS and not (unit.isdigit() and len(unit) in (5, 8)):
                message = (
                    f"'{unit}' is neither a county (5 digits), a township (8) nor one of {', '.join(GROUPS)}"
                )
                e.problem(f"{where}.within", message, unit)
        return PlacesSpec(
            id=name,
            name=e.words(row, "name", where, name),
            file=file_spec(e, row, where),
            anchors=e.maybe(row, "anchors", bool, where, False),
            name_column=e.maybe(row, "name_column", str, where),
            id_column=e.maybe(row, "id_column", str, where),
            as_of=e.day(row, "as_of", where),
            within=within,
            public=e.maybe(row, "public", bool, where),
        )

    def lines(self, row: Row, where: str) -> LinesSpec:
        e = self.entries
        e.unknown_keys(row, ("id", "name", *FILE, "crs", "name_column", "as_of", "public"), where)
        name = self._id(row, where)
        return LinesSpec(
            id=name,
            name=e.words(row, "name", where, name),
            file=file_spec(e, row, where),
            name_column=e.maybe(row, "name_column", str, where),
            as_of=e.day(row, "as_of", where),
            public=e.maybe(row, "public", bool, where),
        )

    def bounds(self) -> tuple[Bounds, float]:
        e = self.entries
        given = e.given.get("bounds", {})
        if not isinstance(given, dict):
            e.problem("bounds", "must be written as one [bounds] table")
            return Bounds(), 100.0
        e.unknown_keys(given, ("edges", "location_percent", "cell_m"), "bounds")
        percent = self._numbers(given, "location_percent", "bounds") or (50.0,)
        for value in percent:
            if not 1 <= value <= 99:
                share = f"; {value:g} as a share is {100 * value:g} %" if 0 < value < 1 else ""
                message = f"{value:g} is not between 1 and 99 percent of the places in a cell{share}"
                e.problem("bounds.location_percent", message, value)
        if len(set(percent)) < len(percent):
            e.problem("bounds.location_percent", "names a value twice")
        cell_m = e.number(given, "cell_m", "bounds")
        if cell_m is not None and not LEAST_CELL_M <= cell_m <= MOST_CELL_M:
            message = f"is {cell_m:g}; metres are meant, {LEAST_CELL_M:g} to {MOST_CELL_M:,.0f}"
            e.problem("bounds.cell_m", message, cell_m)
        edges = e.maybe(given, "edges", bool, "bounds", True)
        return Bounds(edges=edges, location_percent=percent), 100.0 if cell_m is None else cell_m

    def unused_layers(self, spec: CoverageSpec) -> None:
        used = {name for service in spec.services for name in service.layers}
        for i, layer in enumerate(spec.layers, start=1):
            if layer.id and layer.id not in used:
                message = f"'{layer.id}' is in no service: name it in the layers of one, or take it out"
                self.entries.problem(f"layer {i}", message, layer.id)

    def subjects(self, spec: CoverageSpec) -> None:
        """Services are counted against things that there are."""
        there = [item.id for items in (spec.people, spec.places, spec.lines) for item in items] + [LAND]
        for i, service in enumerate(spec.services, start=1):
            for name in service.subjects:
                if name not in there:
                    message = f"'{name}' is none of {', '.join(there)}"
                    self.entries.problem(f"service {i}.subjects", message, name)


def _radius_fits(metres: float) -> bool:
    return LEAST_RADIUS_M <= metres <= MOST_RADIUS_M


def _shared(values: set[str]) -> str:
    """The one value that all have; "" where they differ."""
    return next(iter(values)) if len(values) == 1 else ""
