"""
What a study declares of coverage, read: the services, people, surfaces, places and lines that are counted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from notspot.coverage_figure_inputs import FigureInput, figure_inputs
from notspot.coverage_files import Files, hidden_files
from notspot.coverage_layers import layer_of
from notspot.coverage_places import lines_of, places_of, surface_of
from notspot.coverage_specs import CoverageSpec, PeopleSpec, ServiceSpec
from notspot.coverage_study import CROSSWALK_2021
from notspot.entries import FIGURES
from notspot_coverage.counting.services import (
    Areas,
    Bounds,
    Layer,
    Lines,
    People,
    Places,
    Service,
    Sites,
    Surface,
)
from notspot_geodata import reference
from notspot_geodata.crosswalk import Crosswalk, read_crosswalk, village_changes
from notspot_geodata.errors import InputError, NotspotError, Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.people import people_of, read_people
from notspot_geodata.text import Text

if TYPE_CHECKING:
    from notspot_geodata.reading import Reading

Groups = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageInputs:
    """
    What is counted, and against what.

    Attributes
    ----------
    figures
        The figures of the study with what they count.
    unplaced
        By id of places: those whose point was refused, and of which nobody can say whether they are covered:
        ``row, id, name, town_code, county_code, reason``.
    notes
        What was concluded or assumed while reading, a sentence each.
    readings
        What was understood of each map or table with coordinates, by its path.
    """

    services: tuple[Service, ...]
    people: tuple[People, ...]
    surfaces: tuple[Surface, ...]
    places: tuple[Places, ...]
    lines: tuple[Lines, ...]
    bounds: Bounds
    cell_m: float
    figures: tuple[FigureInput, ...]
    unplaced: Mapping[str, pd.DataFrame]
    notes: tuple[Text, ...]
    readings: Mapping[str, Reading]


def read_inputs(
    spec: CoverageSpec,
    folder: Path,
    *,
    ledger: Ledger,
    allow_rejects: bool = False,
    inputs: list[dict[str, object]] | None = None,
    groups: Groups | None = None,
) -> CoverageInputs:
    """
    Read the files that `spec` names.

    Parameters
    ----------
    folder
        Where the paths begin.
    ledger
        Takes every row that is left out.
    allow_rejects
        Go on without rows that have a problem.
    inputs
        Gets an entry a file, as run.json lists it.
    groups
        Codes of the townships of each group, for places that keep ``within`` one.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    files = Files(folder, ledger, allow_rejects, [] if inputs is None else inputs)
    files.sensitive |= hidden_files(spec, folder)
    layers = {item.id: layer_of(files, item) for item in spec.layers}
    services = tuple(_service(files, item, spec, layers) for item in spec.services)
    people = [_people(files, item) for item in spec.people]
    surfaces = [surface_of(files, item) for item in spec.surfaces]
    read = [places_of(files, item, groups) for item in spec.places]
    places = {item.id: found for item, found in zip(spec.places, read, strict=True)}
    lines = {item.id: lines_of(files, item) for item in spec.lines}
    figures = figure_inputs(
        files,
        spec,
        {name: found.places.points for name, found in places.items() if found is not None},
        {name: found.lines for name, found in lines.items() if found is not None},
    )
    files.finish()
    return CoverageInputs(
        services=services,
        people=tuple(found for found in people if found is not None),
        surfaces=tuple(found for found in surfaces if found is not None),
        places=tuple(found.places for found in places.values() if found is not None),
        lines=tuple(found for found in lines.values() if found is not None),
        bounds=spec.bounds,
        cell_m=spec.cell_m,
        figures=figures,
        unplaced={name: found.unplaced for name, found in places.items() if found is not None},
        notes=tuple(files.notes),
        readings=dict(files.readings),
    )


def _people(files: Files, spec: PeopleSpec) -> People | None:
    file = spec.file
    try:
        crosswalk = _crosswalk(files, spec.crosswalk)
        if file.path == FIGURES:
            found = people_of(
                reference.figures(), spec.level, file=FIGURES, people=spec.people, households=spec.households,
                where=file.where, ledger=files.ledger, allow_rejects=files.allow_rejects,
            )  # fmt: skip
        else:
            found = read_people(
                files.path(file), spec.level, people=spec.people, households=spec.households, where=file.where,
                sheet=file.sheet, encoding=file.encoding, crosswalk=crosswalk, ledger=files.ledger,
                allow_rejects=files.allow_rejects,
            )  # fmt: skip
            files.enter(file.path, found.rows)
    except NotspotError as error:
        files.fail(file, error)
        return None
    for note in found.notes:
        if note not in files.notes:
            files.notes.append(note)
    return People(id=spec.id, name=spec.name, counts=found.counts, level=spec.level, as_of=spec.as_of)


def _crosswalk(files: Files, path: str | None) -> Crosswalk | None:
    if path is None:
        return None
    if path == CROSSWALK_2021:
        return village_changes()
    try:
        found = read_crosswalk(files.folder / path)
    except InputError as error:
        files.fail(path, error)
        return None
    files.enter(path, len(found))
    return found


# ------------------------------------------------------------------ services


def _service(
    files: Files, spec: ServiceSpec, study: CoverageSpec, layers: Mapping[str, Layer | None]
) -> Service:
    found = [layers.get(name) for name in spec.layers]
    mine = tuple(layer for layer in found if layer is not None)
    _check_operators(files, spec, study, mine)
    return Service(
        id=spec.id,
        name=spec.name,
        layers=mine,
        technology=spec.technology,
        speed_mbps=spec.speed_mbps,
        setting=spec.setting,
        basis=spec.basis,
        as_of=spec.as_of,
        operators=spec.operators,
        last_resort=spec.last_resort,
        subjects=spec.subjects,
    )


def _check_operators(files: Files, spec: ServiceSpec, study: CoverageSpec, layers: tuple[Layer, ...]) -> None:
    """Operators that the service does not expect, and names that are one operator's in two spellings."""
    paths = {item.id: item.file for item in study.layers}
    spellings: dict[str, set[str]] = {}
    for layer in layers:
        named = _operators(layer)
        for name in named | set(spec.operators):
            spellings.setdefault(_plain(name), set()).add(name)
        strange = sorted(named - set(spec.operators)) if spec.operators else []
        if strange:
            message = (
                f"names {', '.join(strange)}, and the service '{spec.id}' expects {', '.join(spec.operators)} only: "
                "is it spelled differently?"
            )
            files.add(paths[layer.id], [Problem(None, "operator", message, ", ".join(strange))])
    for names in spellings.values():
        if len(names) > 1 and not spec.operators:
            said = " and ".join(sorted(names))
            message = f"the layers of the service '{spec.id}' write {said}: one operator needs one spelling"
            files.add(paths[layers[0].id], [Problem(None, "operator", message, said)])


def _operators(layer: Layer) -> set[str]:
    own: set[str] = set()
    if isinstance(layer, Sites | Areas):
        frame = layer.points if isinstance(layer, Sites) else layer.areas
        if "operator" in frame:
            cells = frame["operator"]
            own = {str(cell) for cell in cells.dropna()}
            return own | ({layer.operator} if cells.isna().any() and layer.operator else set())
    return {layer.operator} if layer.operator else own


def _plain(name: str) -> str:
    for word in ("股份有限公司", "有限公司", " ", ",", "."):
        name = name.replace(word, "")
    return name.replace("台", "臺").casefold()
