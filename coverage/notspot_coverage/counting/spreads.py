"""
People somewhere inside their village: spread over the lattice's pieces, evenly, like a raster, or on points; and the
share of every village that a cover reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.warp import Resampling, reproject

from notspot_coverage.counting.bits import FULL, NONE, Words, portion
from notspot_coverage.counting.lattice import CRS, Lattice, projected
from notspot_coverage.counting.painting import NO, UNKNOWN, YES, Cover
from notspot_coverage.counting.rasters import opened
from notspot_coverage.counting.services import Surface
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.crs import parse_crs
from notspot_geodata.cutting import RasterGrid
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.text import Text

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Locate = Callable[[Floats, Floats], Ints]

SENTINEL = 1e9  # no cell of 100 m holds a thousand million people


@dataclass(frozen=True, slots=True)
class Spread:
    """
    Where the people of each village are.

    Attributes
    ----------
    cell, village
        Of each part; a cell of -1 is no land, and what is there is unknown.
    mask
        The sub-cells of the part.
    weight
        Of the part in its village, at least 0; they need not add up to anything.
    village_weight
        Sum of the weights by village, shape (villages,): how a township's people fall to its villages.
    notes
        What was concluded.
    """

    id: str
    cell: Ints
    village: Ints
    mask: Words
    weight: Floats
    village_weight: Floats
    notes: tuple[Text, ...] = ()


def spread(lattice: Lattice, surface: Surface, locate: Locate) -> Spread:
    """
    A surface on the lattice.

    Parameters
    ----------
    locate
        Village of points in degrees (longitudes, latitudes): their index in ``lattice.codes``, -1 for none.

    Raises
    ------
    InputError
        Weights that are negative or no numbers; a raster without a system or with a value that stands for nothing.
    """
    pieces = lattice.pieces
    villages = len(lattice.codes)
    if surface.kind == "even":
        return Spread(
            surface.id, pieces.cell, pieces.village, pieces.mask, pieces.area_m2, lattice.area_km2 * 1e6
        )
    if surface.kind == "raster":
        weight = _by_raster(lattice, surface)
        total = np.bincount(pieces.village, weight, villages)
        empty = total <= 0
        weight = np.where(empty[pieces.village], _as_people(pieces.area_m2, weight), weight)
        notes = _even_notes(surface, lattice, empty)
        return Spread(
            surface.id,
            pieces.cell,
            pieces.village,
            pieces.mask,
            weight,
            np.bincount(pieces.village, weight, villages).astype(np.float64),
            notes,
        )
    if surface.points is None:
        raise UsageError(f"the surface {surface.id} has no points")
    return _by_points(lattice, surface, locate)


def shares(spread: Spread, cover: Cover, villages: int) -> tuple[Floats, Floats]:
    """
    Share of each village's people that a cover reaches, and that it may reach: these and those of whom it is unknown;
    shape (villages,). A cover that holds another never has a smaller share, to the last bit.

    A village without people anywhere is unknown: 0 and 1.
    """
    unit = np.zeros(0, np.uint8) if cover.unit is None else cover.unit
    reached, possible, total = _sums(
        spread.cell, spread.village, spread.mask, spread.weight, cover.yes, cover.unknown, unit, villages
    )
    some = total > 0
    covered = np.divide(reached, total, out=np.zeros(villages), where=some)
    return covered, np.divide(possible, total, out=np.ones(villages), where=some)


@compiled
def _sums(
    cell: Ints,
    village: Ints,
    mask: Words,
    weight: Floats,
    yes: Words,
    unknown: Words,
    unit: NDArray[np.uint8],
    villages: int,
) -> tuple[Floats, Floats, Floats]:
    reached, possible, total = np.zeros(villages), np.zeros(villages), np.zeros(villages)
    for i in range(len(cell)):
        v, w = village[i], weight[i]
        total[v] += w
        status = unit[v] if len(unit) else NO
        a, b = (NONE, FULL) if cell[i] < 0 else (yes[cell[i]], unknown[cell[i]])
        if status == YES:
            a = FULL
        elif status == UNKNOWN:
            b = FULL
        reached[v] += w * portion(a, mask[i])
        possible[v] += w * portion(a | b, mask[i])
    return reached, possible, total


# ------------------------------------------------------------------ rasters and points


def _by_raster(lattice: Lattice, surface: Surface) -> Floats:
    """Weight of each piece: the people of its cell, by the piece's part of the cell's land."""
    grid = lattice.grid
    if surface.path is None:
        raise UsageError(f"the surface {surface.id} has no raster")
    with opened(surface.path) as file:
        crs = surface.crs or file.crs
        if not crs:
            raise InputError(
                surface.path,
                [Problem(None, "crs", "is missing")],
                hint='Add crs = "EPSG:4326" to the surface.',
            )
        values = np.ma.filled(file.read(1, masked=True).astype(np.float64), 0.0)
        values[~np.isfinite(values)] = 0.0
        problems = []
        if (values < 0).any():
            count = int((values < 0).sum())
            problems.append(Problem(None, "", f"holds {count:,} cells below 0, such as {values.min():g}"))
        if values.max(initial=0) > SENTINEL:
            problems.append(Problem(None, "", f"holds {values.max():g}, which is no number of people"))
        if problems:
            hint = "Say which value means 'no data' (gdal_edit -a_nodata), and give people, at least 0."
            raise InputError(surface.path, problems, hint=hint)
        system, at = parse_crs(crs), file.transform
    if system == parse_crs(CRS) and at.b == at.d == 0 and at.a > 0 > at.e:
        people = _dealt(values, at, grid)
    else:
        # GDAL weighs by the area of overlap too, to some parts in a million
        people = np.zeros((grid.rows, grid.columns), np.float64)
        reproject(
            values, people, src_transform=at, src_crs=system.to_wkt(),
            dst_transform=rasterio.Affine(grid.dx, 0, grid.west, 0, -grid.dy, grid.north), dst_crs=CRS,
            resampling=Resampling.sum, num_threads=2,
        )  # fmt: skip
    here = people[lattice.row, lattice.column]
    pieces = lattice.pieces
    land = np.bincount(pieces.cell, pieces.area_m2, len(lattice))
    out: Floats = here[pieces.cell] * pieces.area_m2 / np.maximum(land, 1e-9)[pieces.cell]
    return out


def _dealt(values: Floats, at: Any, grid: RasterGrid) -> Floats:
    """Values of a raster in the lattice's own system dealt out to its cells by area: their sum is kept."""
    rows = (grid.north - np.arange(grid.rows + 1) * grid.dy - at.f) / at.e
    columns = (grid.west + np.arange(grid.columns + 1) * grid.dx - at.c) / at.a
    return _between(_between(values, rows).T, columns).T


def _between(values: Floats, edges: Floats) -> Floats:
    """Sums of rows between `edges`, in rows; a row that an edge cuts counts by its part."""
    edges = np.clip(edges, 0, len(values))
    row = np.minimum(edges.astype(np.int64), len(values) - 1)
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    sums: Floats = np.diff(total[row] + (edges - row)[:, None] * values[row], axis=0)
    return np.maximum(sums, 0)  # rounding only


def _by_points(lattice: Lattice, surface: Surface, locate: Locate) -> Spread:
    points = surface.points
    assert points is not None
    weight = points["weight"].to_numpy(np.float64) if "weight" in points else np.ones(len(points))
    wrong = ~(weight >= 0) | ~np.isfinite(weight)
    if wrong.any():
        found = ", ".join(f"{value:g}" for value in weight[wrong][:3])
        message = f"of {int(wrong.sum()):,} points is no number of at least 0, such as {found}"
        raise InputError(f"surface {surface.id}", [Problem(None, "weight", message)])
    degrees = projected(points, "EPSG:3824")
    village = locate(degrees.x.to_numpy(np.float64), degrees.y.to_numpy(np.float64))
    metres = projected(points)
    cell, bit = lattice.cells_at(metres.x.to_numpy(np.float64), metres.y.to_numpy(np.float64))
    inside = village >= 0
    notes: tuple[Text, ...] = ()
    if not inside.all():
        count = int((~inside).sum())
        notes = (
            Text(
                f"人口分布「{surface.id}」有 {count:,} 點不在任何村里內，未使用。",
                f"{count:,} points of the surface {surface.id} lie in no village and are not used.",
            ),
        )
    villages = len(lattice.codes)
    total = np.bincount(village[inside], weight[inside], villages)
    empty = total <= 0
    pieces = lattice.pieces
    rest = empty[pieces.village]  # villages without a point are taken evenly
    here = inside & ~empty[np.maximum(village, 0)]
    filler = _as_people(pieces.area_m2, weight[inside])[rest]
    village = np.concatenate([village[here], pieces.village[rest]]).astype(np.int32)
    weights = np.concatenate([weight[here], filler])
    return Spread(
        surface.id,
        np.concatenate([cell[here], pieces.cell[rest]]),
        village,
        np.concatenate([bit[here], pieces.mask[rest]]),
        weights,
        np.bincount(village, weights, villages).astype(np.float64),
        notes + _even_notes(surface, lattice, empty),
    )


def _as_people(area_m2: Floats, weight: Floats) -> Floats:
    """Areas in the unit of the weights, so that villages with and without weights of their own can be compared."""
    total = float(weight.sum())
    return area_m2 * ((total if total > 0 else 1.0) / float(area_m2.sum()))


def _even_notes(surface: Surface, lattice: Lattice, empty: NDArray[np.bool_]) -> tuple[Text, ...]:
    if not empty.any():
        return ()
    codes = [code for code, gone in zip(lattice.codes, empty, strict=True) if gone]
    shown = ", ".join(codes[:5]) + (" …" if len(codes) > 5 else "")
    return (
        Text(
            f"人口分布「{surface.id}」於 {len(codes):,} 個村里無值，改以面積均分：{shown}",
            f"The surface {surface.id} holds nothing in {len(codes):,} villages, taken evenly instead: {shown}",
        ),
    )
