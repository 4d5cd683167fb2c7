"""Shapes stored once: nothing is lost, nothing is kept twice."""

import gzip

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_geodata import reference
from notspot_geodata.reference import GRID, Grid
from notspot_maps.topology import Topology, from_varints, lies_on, topology, varints

UNIT = Grid((1.0, 1.0), (0.0, 0.0))


def cells(board):
    """One unit a label of a board of labels: the squares that carry it, as one geometry."""
    board = np.asarray(board)
    return [
        shapely.union_all(
            [shapely.box(x, y, x + 1, y + 1) for y, x in zip(*np.nonzero(board == label), strict=True)]
        )
        for label in np.unique(board)
    ]


def with_all_vertices(shapes):
    """The same shapes with a vertex at every grid point of their borders, as a clean coverage has."""
    return [shapely.segmentize(shape, 1.0) for shape in shapes]


boards = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=1, max_size=5)
)


@settings(deadline=None)
@given(boards)
def test_packed_and_unpacked_shapes_are_the_shapes(board):
    shapes = cells(board)
    made = topology(shapes, grid=UNIT)
    back = Topology.unpack(made.pack(), UNIT)
    assert back.units == made.units
    assert [a.equals(b) for a, b in zip(shapes, back.geometries(), strict=True)] == [True] * len(shapes)


@settings(deadline=None)
@given(boards)
def test_no_edge_is_kept_twice(board):
    made = topology(with_all_vertices(cells(board)), grid=UNIT)
    edges = [
        frozenset(map(tuple, pair))
        for at in range(len(made.starts) - 1)
        for pair in zip(made.arc(at)[:-1].tolist(), made.arc(at)[1:].tolist(), strict=True)
    ]
    assert len(edges) == len(set(edges))


@settings(deadline=None)
@given(boards)
def test_arcs_with_both_sides_in_one_group_are_not_on_its_border(board):
    """A parent's border is the arcs whose other side has another parent: it needs no shape of its own."""
    shapes = with_all_vertices(cells(board))
    made = topology(shapes, grid=UNIT)
    sides = {}
    for unit, polygons in enumerate(made.units):
        for ring in (ring for rings in polygons for ring in rings):
            for ref in ring:
                sides.setdefault(ref if ref >= 0 else ~ref, []).append(unit)
    group = {unit: unit % 2 for unit in range(len(shapes))}
    for parity in (0, 1):
        border = [
            shapely.LineString(made.arc(arc))
            for arc, units in sides.items()
            if sum(group[unit] == parity for unit in units) == 1
        ]
        merged = shapely.union_all([shape for unit, shape in enumerate(shapes) if group[unit] == parity])
        expected = shapely.union_all([merged.boundary] if not merged.is_empty else [])
        assert shapely.union_all(border).symmetric_difference(expected).length == 0


def test_two_squares_share_their_border_once():
    made = topology([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], grid=UNIT)
    assert len(made.starts) - 1 == 3  # the border and the two outer parts
    used = sorted(ref if ref >= 0 else ~ref for unit in made.units for ref in unit[0][0])
    assert used.count(0) + used.count(1) + used.count(2) == 4
    assert any(ref < 0 for ref in made.units[1][0][0])  # the neighbour walks it backwards


def test_a_hole_is_the_border_of_what_fills_it():
    inner = shapely.box(1, 1, 2, 2)
    outer = shapely.box(0, 0, 3, 3).difference(inner)
    made = topology([outer, inner], grid=UNIT)
    assert len(made.starts) - 1 == 2
    assert [g.equals(s) for g, s in zip(made.geometries(), [outer, inner], strict=True)] == [True, True]


def test_missing_and_vanishing_shapes_stay_as_units_without_rings():
    speck = shapely.box(0, 0, 0.2, 0.2)
    made = topology([None, shapely.Polygon(), speck, shapely.box(0, 0, 2, 2)], grid=UNIT)
    assert made.units[:3] == [[], [], []]
    assert made.geometries()[3].area == 4


def test_shapes_on_no_known_grid_get_one_of_their_own():
    shape = shapely.Polygon([(10.000004, 50), (10.2, 50.1), (10.1, 50.3)])
    made = topology([shape])
    assert made.grid != GRID
    assert shapely.hausdorff_distance(made.geometries()[0], shape) <= 1e-5


def test_nothing_at_all_packs_and_unpacks():
    assert Topology.unpack(topology([], grid=UNIT).pack(), UNIT).units == []


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**53), max_size=50))
def test_integers_survive_packing(values):
    assert from_varints(varints(np.array(values, dtype=np.int64))).tolist() == values


@pytest.mark.parametrize(
    ("value", "expected"), [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")]
)
def test_integers_are_packed_as_everybody_packs_them(value, expected):
    assert varints(np.array([value])) == expected  # LEB128, as in Protocol Buffers' documentation


@settings(deadline=None)
@given(st.integers(0, 400))
def test_any_order_of_units_gives_the_same_shapes(seed):
    shapes = cells([[0, 0, 1], [2, 1, 1], [2, 2, 3]])
    order = np.random.default_rng(seed).permutation(len(shapes))
    again = topology([shapes[at] for at in order], grid=UNIT).geometries()
    assert all(again[place].equals(shapes[at]) for place, at in enumerate(order))


def test_all_villages_lie_on_the_source_grid_and_come_back_exactly():
    villages = reference.villages().geometry
    assert lies_on(GRID, shapely.get_coordinates(villages.to_numpy()))
    made = topology(villages)
    packed = made.pack()
    back = Topology.unpack(packed, GRID)
    on_grid = [
        GRID.to_index(shapely.get_coordinates(shape)) for shape in shapely.normalize(villages.to_numpy())
    ]
    again = [GRID.to_index(shapely.get_coordinates(shape)) for shape in shapely.normalize(back.geometries())]
    assert all(np.array_equal(a, b) for a, b in zip(on_grid, again, strict=True))
    assert len(gzip.compress(packed, 9, mtime=0)) < 400_000
