"""
The coverage of a study, counted: its services against its people, places and lines, and the figures made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from notspot.coverage_figure_inputs import FigureInput
from notspot.coverage_inputs import CoverageInputs, read_inputs
from notspot_coverage.counting.counting import count
from notspot_coverage.counting.figures import Figures
from notspot_coverage.counting.lattice import lattice_of
from notspot_coverage.counting.rasters import Run
from notspot_coverage.counting.services import LAND, Account, People
from notspot_coverage.counting.units import Units
from notspot_coverage.groups import REMOTENESS
from notspot_coverage.indicator_rows import Worked
from notspot_geodata import reference
from notspot_geodata.locating import locate_points

if TYPE_CHECKING:
    import geopandas as gpd

    from notspot.coverage_specs import CoverageSpec
    from notspot.joining import Units as Joined

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CoverageRun:
    """The account of a study, and its figures by indicator."""

    account: Account
    worked: Mapping[str, Worked]


def count_coverage(
    spec: CoverageSpec,
    joined: Joined,
    townships: gpd.GeoDataFrame,
    *,
    step: Step = lambda _: None,
    strips: Run | None = None,
) -> CoverageRun:
    """
    Read what `spec` names and count it.

    Parameters
    ----------
    joined
        The run's frames, ledger and inputs, which get what is read here.
    townships
        With ``remote`` and ``group``.
    strips
        Who paints rasters, see `notspot_coverage.counting.rasters.paint_raster`.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    step("coverage")
    units = Units.of(joined.villages, townships)
    groups = {str(name): list(units.groups.index[units.groups[name]]) for name in units.groups}
    read = read_inputs(
        spec,
        joined.study.folder,
        ledger=joined.ledger,
        allow_rejects=joined.allow_rejects,
        inputs=joined.inputs,
        groups=groups,
    )
    missing = reference.missing_villages().set_index("village_code")["village"]
    people = tuple(_named(item, missing) for item in read.people)
    places = tuple(replace(item, unplaced=read.unplaced.get(item.id)) for item in read.places)
    lattice = lattice_of(joined.villages, read.cell_m)
    account = count(
        lattice,
        units,
        read.services,
        locate=locate_points,
        people=people,
        surfaces=read.surfaces,
        places=places,
        lines=read.lines,
        bounds=read.bounds,
        step=step,
        run=strips,
    )
    account = replace(account, notes=tuple(dict.fromkeys([*read.notes, *account.notes])))
    figures = Figures(
        lattice,
        units,
        locate_points,
        account,
        {item.id: item for item in people},
        {item.id: item for item in places},
        {item.id: item for item in read.lines},
        tuple(missing.index),
    )
    step("figures")
    return CoverageRun(account, {item.spec.indicator: _worked(figures, item, read) for item in read.figures})


def _named(people: People, missing: pd.Series) -> People:
    """People with the names of the villages that have no polygon, which no frame of the run holds."""
    counts = people.counts
    return replace(people, counts=counts.assign(name=pd.Series(counts.index, counts.index).map(missing)))


def _worked(figures: Figures, item: FigureInput, read: CoverageInputs) -> Worked:
    spec = item.spec
    service = spec.service or (spec.having.service or spec.having.only if spec.having else None)
    said = next((s for s in read.services if s.id == service), None)
    sources: tuple[str, ...] = ()
    if said is None or spec.kind == "measure":
        dates = {p.id: p.as_of for p in read.people}
        dates |= {p.id: p.as_of for p in read.places}
        dates |= {p.id: p.as_of for p in read.lines}
        basis, as_of = "", next((dates[name] for name in _subjects(item) if name in dates), "")
    else:
        basis, as_of = said.basis, said.as_of
        sources = tuple(layer.source for layer in said.layers if layer.source)
    return Worked(_rows(figures, item), spec.within in REMOTENESS, basis, as_of, sources)


def _subjects(item: FigureInput) -> list[str]:
    having = item.spec.having
    named = [item.spec.subject, item.spec.places, item.spec.lines, having.places if having else None]
    return [name for name in named if name]


def _rows(figures: Figures, item: FigureInput) -> pd.DataFrame:
    spec = item.spec
    within = spec.within
    if spec.kind == "share":
        assert spec.service is not None
        assert spec.of is not None
        return figures.share(spec.service, spec.of, spec.subject or LAND, within=within)
    if spec.kind == "measure":
        assert spec.of is not None
        return figures.number_of_people(spec.subject, spec.of, within=within)
    if spec.kind == "existence":
        return _existence(figures, item)
    if spec.places is not None:
        places = figures.places[spec.places]
        if item.chosen is not None and not item.chosen.all():
            places = replace(places, points=places.points[item.chosen], unplaced=None)
        return figures.number_of_places(places, service=spec.service, within=within)
    if spec.lines is not None:
        lines = figures.lines[spec.lines]
        if item.chosen is not None:
            lines = replace(lines, lines=lines.lines[item.chosen])
        return figures.number_of_lines(lines, service=spec.service, within=within)
    assert item.things is not None
    towns = [None if code != code else code for code in item.things["town_code"]]
    return figures.number_of_things(towns, item.things["number"].to_numpy(np.float64), within=within)


def _existence(figures: Figures, item: FigureInput) -> pd.DataFrame:
    spec = item.spec
    assert spec.having is not None
    assert spec.unit is not None
    if spec.unit == "place":
        assert spec.having.service is not None
        return figures.places_with_service(spec.having.service, spec.subject, within=spec.within)
    if spec.having.places is not None:
        return figures.units_with_places(spec.having.places, spec.unit, within=spec.within)
    if spec.having.only is not None:
        among = spec.having.among
        return figures.units_with_only(spec.having.only, spec.unit, among=among, within=spec.within)
    assert spec.having.service is not None
    return figures.units_with_service(spec.having.service, spec.unit, within=spec.within)
