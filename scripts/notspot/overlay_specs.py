"""
What is drawn over an atlas: ``[[overlay]]``, read strictly (docs/overlays.md). No file that it names is opened here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from notspot.coverage_specs import CoverageSpec, FileSpec
from notspot.entries import Entries, Row, text_of, toml_of
from notspot.file_entries import FILE, file_spec
from notspot_coverage.counting.services import Basis
from notspot_geodata.errors import InputError, NotFoundError
from notspot_geodata.text import Text
from notspot_maps.overlays.account import PREFIX
from notspot_maps.overlays.rasters import KINDS

OverlayKind = Literal["raster", "points", "lines"]
MOST_EDGES = 6
LEAST_M, MOST_M = 10.0, 20_000.0

_COMMON = ("id", "name", "kind", *FILE, "crs", "basis", "as_of", "source")
_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "raster": ("layer", "shows", "resolution_m", "edges", "at_least", "classes"),
    "points": ("name_column", "status_column", "by_column", "service", "public"),
    "lines": ("name_column", "status_column", "by_column", "service", "resolution_m", "public"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlaySpec:
    """
    ``[[overlay]]``: a raster, points or lines over the atlas.

    Attributes
    ----------
    layer
        Of a raster: the ``[[layer]]`` whose file, quantity and threshold it shows; then there is no `file`.
    shows
        What a raster holds, one of `notspot_maps.overlays.rasters.KINDS`; "" leaves it to the file's name.
    classes
        Names of a raster's values.
    service
        What the status of points or lines is about.
    public
        Points or lines may be seen though they look like base stations, or stand in a file that is kept out of sight.
    """

    id: str
    name: Text
    kind: OverlayKind
    file: FileSpec | None = None
    layer: str = ""
    shows: str = ""
    resolution_m: float | None = None
    edges: tuple[float, ...] = ()
    at_least: float | None = None
    classes: tuple[tuple[int, Text], ...] = ()
    name_column: str | None = None
    status_column: str | None = None
    by_column: str | None = None
    service: Text | None = None
    public: bool = False
    basis: str = ""
    as_of: str = ""
    source: str = ""


def read_overlay_file(
    path: str | Path, coverage: CoverageSpec | None, taken: set[str]
) -> tuple[OverlaySpec, ...]:
    """
    A TOML file with nothing but ``[[overlay]]``, whose paths begin beside it; `coverage` is that of the study that is
    drawn, `taken` are the ids that there are, and takes those of the file.

    Raises
    ------
    NotFoundError
        No such file.
    InputError
        Everything that is wrong with it.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file of overlays; docs/overlays.md says how to write one")
    entries = Entries(toml_of(text_of(path), path.name), path.name, path.resolve().parent)
    entries.unknown_keys(entries.given, ("overlay",), "")
    found = read_overlays(entries, coverage, taken)
    if not found and not entries.problems:
        entries.problem("overlay", 'is missing: begin each with [[overlay]], then id = "…", kind = "points"')
    if entries.problems:
        raise InputError(path, entries.problems, hint="docs/overlays.md lists every entry of an overlay.")
    return found


def read_overlays(
    entries: Entries, coverage: CoverageSpec | None, taken: set[str] | None = None
) -> tuple[OverlaySpec, ...]:
    """``[[overlay]]``; what is wrong is added to the problems of `entries`. `taken` are ids that there are already."""
    taken = account_ids(coverage) if taken is None else taken
    layers = {item.id: item for item in coverage.layers} if coverage else {}
    return tuple(_overlay(entries, row, f"overlay {i}", taken, layers) for i, row in entries.rows("overlay"))


def account_ids(coverage: CoverageSpec | None) -> set[str]:
    """The ids that the overlays of what a study counts have."""
    if coverage is None:
        return set()
    counted = {item.id for items in (coverage.places, coverage.lines) for item in items}
    return counted | {f"{PREFIX['sites']}{item.id}" for item in coverage.layers if item.kind == "sites"}


def _overlay(e: Entries, row: Row, where: str, taken: set[str], layers: Mapping[str, object]) -> OverlaySpec:
    kind = e.choice(row, "kind", get_args(OverlayKind), where)
    e.unknown_keys(row, (*_COMMON, *_OF_KIND.get(kind, ())), where)
    name = e.ident(row, where, taken) or ""
    layer = e.maybe(row, "layer", str, where, "") if kind == "raster" else ""
    if layer:
        _check_layer(e, row, where, layer, layers)
    service = e.words(row, "service", where) if "service" in row else None
    return OverlaySpec(
        id=name,
        name=e.words(row, "name", where, name),
        kind=cast(OverlayKind, kind or "raster"),
        file=None if layer else file_spec(e, row, where),
        layer=layer,
        shows=e.choice(row, "shows", KINDS, where) if "shows" in row else "",
        resolution_m=_resolution(e, row, where),
        edges=_edges(e, row, where),
        at_least=e.number(row, "at_least", where),
        classes=_classes(e, row, where),
        name_column=e.maybe(row, "name_column", str, where),
        status_column=e.maybe(row, "status_column", str, where),
        by_column=e.maybe(row, "by_column", str, where),
        service=service,
        public=e.maybe(row, "public", bool, where, False),
        basis=e.choice(row, "basis", get_args(Basis), where) if "basis" in row else "",
        as_of=e.day(row, "as_of", where),
        source=e.maybe(row, "source", str, where, ""),
    )


def _check_layer(e: Entries, row: Row, where: str, layer: str, layers: Mapping[str, object]) -> None:
    rasters = [id for id, spec in layers.items() if getattr(spec, "kind", "") == "raster"]
    if layer not in rasters:
        there = ", ".join(rasters) or "none"
        e.problem(f"{where}.layer", f"'{layer}' is no raster layer of the study; there are: {there}", layer)
    for key in (*FILE, "crs", "shows", "at_least", "classes"):
        if key in row:
            e.problem(f"{where}.{key}", f"is said by the layer '{layer}' already")


def _resolution(e: Entries, row: Row, where: str) -> float | None:
    value = e.number(row, "resolution_m", where)
    if value is not None and not LEAST_M <= value <= MOST_M:
        e.problem(
            f"{where}.resolution_m", f"is {value:g}; metres are meant, {LEAST_M:g} to {MOST_M:,.0f}", value
        )
    return value


def _edges(e: Entries, row: Row, where: str) -> tuple[float, ...]:
    given = row.get("edges", [])
    label = f"{where}.edges"
    if not isinstance(given, list) or any(
        isinstance(v, bool) or not isinstance(v, int | float) for v in given
    ):
        e.problem(label, "must be a list of numbers: [-115, -105, -95]", given)
        return ()
    edges = tuple(float(v) for v in given)
    if list(edges) != sorted(set(edges)):
        e.problem(label, "must rise, and name no value twice", given)
    if len(edges) > MOST_EDGES:
        e.problem(label, f"are {len(edges)}; up to {MOST_EDGES} make classes that can be told apart", given)
    return edges


def _classes(e: Entries, row: Row, where: str) -> tuple[tuple[int, Text], ...]:
    given = row.get("classes", {})
    label = f"{where}.classes"
    if not isinstance(given, dict):
        e.problem(label, 'must be a table of names by value: {1 = {zh = "森林", en = "forest"}}')
        return ()
    out = []
    for key, value in given.items():
        if not key.lstrip("-").isdigit():
            e.problem(f"{label}.{key}", "is no whole number: classes are named by their value")
        elif isinstance(value, str) or (isinstance(value, dict) and {"zh", "en"} <= set(value)):
            out.append((int(key), Text.of(value)))
        else:
            e.problem(f"{label}.{key}", 'lacks zh or en: {zh = "…", en = "…"}')
    return tuple(out)
