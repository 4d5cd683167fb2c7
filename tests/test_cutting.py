"""Polygons cut along a grid: a 3 by 3 raster that a person can check, laws, exactextract, and all villages."""

import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from notspot_geodata import cutting
from notspot_geodata.cutting import RasterGrid, cut
from notspot_geodata.errors import UsageError
from notspot_geodata.reference import villages

THREE = RasterGrid(west=0, north=3, dx=1, dy=1, rows=3, columns=3)


def shares(result, zones):
    """Share of each cell in each zone, shape (zones, rows, columns); no cell may be told twice."""
    out = np.zeros((zones, result.grid.rows, result.grid.columns))
    seen = np.zeros(out.shape, int)
    for row, first, last, zone in zip(
        result.run_row, result.run_first, result.run_last, result.run_zone, strict=True
    ):
        assert 0 <= first < last <= result.grid.columns
        out[zone, row, first:last] = 1
        seen[zone, row, first:last] += 1
    at = result.edge_zone, result.edge_row, result.edge_column
    out[at] = result.edge_fraction
    np.add.at(seen, at, 1)
    assert seen.max(initial=0) <= 1
    return out


def one(shape, grid=THREE):
    return shares(cut([shape], grid), 1)[0]


def is_sorted(result):
    runs = np.column_stack([result.run_row, result.run_first, result.run_zone])
    edges = np.column_stack([result.edge_row, result.edge_column, result.edge_zone])
    return all((np.lexsort(part.T[::-1]) == np.arange(len(part))).all() for part in (runs, edges))


# ------------------------------------------------------------------ three by three


def test_a_square_over_quarters_of_cells():
    assert one(box(0.5, 0.5, 2.5, 2.5)).tolist() == [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]


def test_the_middle_cell_is_a_run_and_the_others_are_edges():
    result = cut([box(0.5, 0.5, 2.5, 2.5)], THREE)
    assert (result.run_row.tolist(), result.run_first.tolist(), result.run_last.tolist()) == ([1], [1], [2])
    assert len(result.edge_row) == 8


def test_a_triangle_halves_the_cells_on_its_side():
    assert one(Polygon([(0, 0), (3, 0), (0, 3)])).tolist() == [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]]


def test_a_hole_is_taken_out():
    ring = Polygon([(0, 0), (3, 0), (3, 3), (0, 3)], [[(0.5, 0.5), (2.5, 0.5), (2.5, 2.5), (0.5, 2.5)]])
    assert one(ring).tolist() == [[0.75, 0.5, 0.75], [0.5, 0, 0.5], [0.75, 0.5, 0.75]]


def test_a_polygon_on_cell_lines_fills_its_cells():
    assert one(box(1, 1, 3, 2)).tolist() == [[0, 0, 0], [0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("shape", "cells"),
    [
        (box(-5, 1.5, 9, 1.75), [[0, 0, 0], [0.25, 0.25, 0.25], [0, 0, 0]]),  # through, left and right of it
        (box(-5, -5, 9, 9), [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),  # all around it
        (box(-5, 1, 0.5, 9), [[0.5, 0, 0], [0.5, 0, 0], [0, 0, 0]]),  # a corner, left and above
        (box(2.5, -9, 9, 1), [[0, 0, 0], [0, 0, 0], [0, 0, 0.5]]),  # a corner, right and below
        (Polygon([(-3, 3), (3, 3), (-3, -3)]), [[1, 1, 0.5], [1, 0.5, 0], [0.5, 0, 0]]),  # enters on the left
        (Polygon([(0, 0), (6, 6), (6, 0)]), [[0, 0, 0.5], [0, 0.5, 1], [0.5, 1, 1]]),  # leaves on the right
        (box(-2, 0, -1, 3), np.zeros((3, 3)).tolist()),
        (box(4, 0, 5, 3), np.zeros((3, 3)).tolist()),
        (box(0, 4, 3, 5), np.zeros((3, 3)).tolist()),
        (box(0, -2, 3, -1), np.zeros((3, 3)).tolist()),
    ],
)
def test_what_lies_outside_is_cut_off(shape, cells):
    assert one(shape).tolist() == cells


def test_cells_need_not_be_square():
    wide = RasterGrid(west=10, north=30, dx=2, dy=10, rows=3, columns=3)
    assert one(box(11, 5, 15, 25), wide).tolist() == [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]


def test_the_direction_of_a_ring_says_nothing():
    shape = Polygon([(0, 0), (0, 3), (3, 3), (3, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    turned = Polygon(shape.exterior.coords[::-1], [shape.interiors[0].coords[::-1]])
    assert one(shape).tolist() == one(turned).tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]


def test_parts_belong_to_one_zone_and_missing_shapes_to_none():
    both = MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)])
    mixed = GeometryCollection([LineString([(0, 0), (3, 3)]), GeometryCollection([both]), Point(1, 1)])
    found = shares(cut([None, both, Polygon(), mixed], THREE), 4)
    assert found.sum(axis=(1, 2)).tolist() == [0, 2, 0, 2]
    assert found[1].tolist() == found[3].tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_no_shapes_have_no_cells():
    result = cut([], THREE)
    assert len(result.run_row) == len(result.edge_row) == 0
    assert result.edge_fraction.dtype == np.float64
    assert result.run_zone.dtype == np.int32


@pytest.mark.parametrize("shape", [Point(1, 1), LineString([(0, 0), (1, 1)])])
def test_a_shape_without_area_is_refused(shape):
    with pytest.raises(UsageError, match="shapes 1 are points or lines"):
        cut([box(0, 0, 1, 1), shape], THREE)


def test_coordinates_that_are_not_finite_are_refused():
    with pytest.raises(UsageError, match="not finite in shapes 1"):
        cut([box(0, 0, 1, 1), Polygon([(0, 0), (1, np.inf), (1, 0)])], THREE)


@pytest.mark.parametrize("wrong", [{"dx": 0.0}, {"dy": -1.0}, {"west": np.nan}, {"rows": 0}, {"columns": -1}])
def test_a_grid_that_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError, match="a grid needs"):
        dataclasses.replace(THREE, **wrong)


# ------------------------------------------------------------------ laws


@st.composite
def stars(draw):
    """A polygon around a place inside or outside the grid, often with a hole."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x, y = rng.uniform(-2, 12, 2)
    angles = np.sort(rng.uniform(0, 2 * np.pi, draw(st.integers(3, 40))))
    radii = rng.uniform(0.2, draw(st.sampled_from([0.5, 3.0, 12.0])), len(angles))
    if draw(st.booleans()):  # vertices on cell lines and corners
        angles = np.sort(rng.choice(8, draw(st.integers(3, 8)), replace=False)) * np.pi / 4
        x, y, radii = round(x), round(y), rng.integers(1, 6, len(angles))
    outer = np.column_stack([x + radii * np.cos(angles), y + radii * np.sin(angles)])
    shape = shapely.make_valid(Polygon(np.round(outer, draw(st.sampled_from([0, 1, 12])))))
    if draw(st.booleans()):
        shape = shape.difference(box(*(np.round([x, y, x, y], 1) + np.array([-0.5, -0.25, 0.5, 1.25]))))
    return GeometryCollection([shape])


grids = st.builds(
    RasterGrid,
    west=st.sampled_from([0.0, -1.5, 0.3]),
    north=st.sampled_from([10.0, 9.7]),
    dx=st.sampled_from([1.0, 0.37, 4.0]),
    dy=st.sampled_from([1.0, 0.4, 2.9]),
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
)


@given(shape=stars(), grid=grids)
def test_the_shares_of_cells_are_those_of_an_intersection(shape, grid):
    found = one(shape, grid)
    area = shapely.make_valid(shapely.unary_union([p for p in shapely.get_parts(shape) if p.area]))
    row, column = np.mgrid[: grid.rows, : grid.columns]
    cells = shapely.box(
        grid.west + column * grid.dx,
        grid.north - (row + 1) * grid.dy,
        grid.west + (column + 1) * grid.dx,
        grid.north - row * grid.dy,
    )
    expected = shapely.area(shapely.intersection(cells, area)) / (grid.dx * grid.dy)
    assert found == pytest.approx(expected, abs=1e-9)


@given(shape=stars())
def test_the_cells_add_up_to_the_area(shape):
    around = RasterGrid(west=-20.25, north=30, dx=0.75, dy=0.5, rows=100, columns=60)
    assert one(shape, around).sum() * 0.75 * 0.5 == pytest.approx(shape.area, rel=1e-9, abs=1e-9)


@given(shape=stars(), grid=grids)
def test_no_outline_passes_through_a_cell_of_a_run(shape, grid):
    result = cut([shape], grid)
    outline = shapely.boundary(shapely.unary_union([p for p in shapely.get_parts(shape) if p.area]))
    inner = shapely.box(
        grid.west + (result.run_first + 1e-9) * grid.dx,
        grid.north - (result.run_row + 1 - 1e-9) * grid.dy,
        grid.west + (result.run_last - 1e-9) * grid.dx,
        grid.north - (result.run_row + 1e-9) * grid.dy,
    )
    assert not shapely.intersects(inner, outline).any()


@given(shapes=st.lists(stars(), min_size=1, max_size=6), grid=grids, seed=st.integers(0, 99))
def test_the_order_of_polygons_changes_only_their_numbers(shapes, grid, seed):
    order = np.random.default_rng(seed).permutation(len(shapes))
    straight = cut(shapes, grid)
    shuffled = cut([shapes[i] for i in order], grid)
    assert (shares(straight, len(shapes))[order] == shares(shuffled, len(shapes))).all()
    assert is_sorted(straight)
    assert is_sorted(shuffled)


def test_bands_of_rows_and_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(4)
    points = rng.uniform(0, 60, (40, 2))
    shapes = list(shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points))))
    grid = RasterGrid(west=-3, north=63, dx=0.5, dy=0.7, rows=95, columns=130)
    whole = cut(shapes, grid, threads=1)
    monkeypatch.setattr(cutting, "BAND_ROWS", 7)
    banded = cut(shapes, grid, threads=3)
    for field in dataclasses.fields(whole)[1:]:
        assert (getattr(whole, field.name) == getattr(banded, field.name)).all()


def test_long_rows_of_entries_are_sorted():
    comb = shapely.union_all([box(x, 0, x + 0.4, 2) for x in range(3000)] + [box(0, 2, 3000, 2.5)])
    grid = RasterGrid(west=0, north=3, dx=1, dy=1, rows=3, columns=3000)
    assert one(comb, grid) == pytest.approx(np.repeat([[0.5], [0.4], [0.4]], 3000, axis=1), abs=1e-9)


# ------------------------------------------------------------------ beside exactextract, and all villages


def test_the_shares_of_exactextract():
    exactextract = pytest.importorskip("exactextract")
    shapes = villages().query("county_code == '10013'").geometry.to_crs(3826).iloc[:60]
    west, south, _, north = shapes.total_bounds
    grid = RasterGrid(west - 130, north + 70, 250, 200, int((north - south) / 200) + 2, 900)
    raster = exactextract.raster.NumPyRasterSource(
        np.zeros((grid.rows, grid.columns)),
        xmin=grid.west, xmax=grid.west + grid.dx * grid.columns,
        ymin=grid.north - grid.dy * grid.rows, ymax=grid.north,
    )  # fmt: skip
    found = shares(cut(shapes, grid), len(shapes))
    rows = exactextract.exact_extract(raster, shapes.to_frame(), ["cell_id", "coverage"], output="pandas")
    for zone, row in enumerate(rows.itertuples()):
        cells = np.zeros(grid.rows * grid.columns)
        cells[row.cell_id] = row.coverage
        np.testing.assert_allclose(found[zone].ravel(), cells, atol=2e-7)  # theirs is float32


def test_all_villages_tile_the_inner_cells():
    shapes = villages().geometry.to_crs(3826)
    west, south, east, north = shapes.total_bounds
    grid = RasterGrid(
        west - 90, north + 10, 100, 100, int((north - south) / 100) + 2, int((east - west) / 100) + 2
    )
    result = cut(shapes, grid)
    area = np.bincount(result.edge_zone, result.edge_fraction, len(shapes))
    area += np.bincount(result.run_zone, result.run_last - result.run_first, len(shapes))
    assert area * 10_000 == pytest.approx(shapes.area.to_numpy(), rel=1e-10)

    total = np.zeros((grid.rows, grid.columns))
    np.add.at(total, (result.edge_row, result.edge_column), result.edge_fraction)
    for row, first, last in zip(result.run_row, result.run_first, result.run_last, strict=True):
        total[row, first:last] += 1
    nation = shapely.boundary(shapely.coverage_union_all(shapes.to_numpy()))
    crossed = cut([nation.buffer(1.0)], grid)  # the coast and the rims of holes, a metre wide
    inner = np.ones(total.shape, bool)
    inner[crossed.edge_row, crossed.edge_column] = False
    assert np.abs(total[inner] - np.round(total[inner])).max() < 1e-9
    assert total[inner].max() < 1 + 1e-9
    assert total.max() < 1 + 1e-5
