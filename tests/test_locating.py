"""Points to polygons: exact to the last bit, whatever the grid, the order or the number of threads."""

from __future__ import annotations

from fractions import Fraction

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from notspot_geodata import places, reference
from notspot_geodata.cell_lookup import _side
from notspot_geodata.errors import UsageError
from notspot_geodata.locating import NOWHERE, Locator, locate_points, village_locator
from notspot_geodata.positions import near_taiwan

RING = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (3, 1), (3, 3), (1, 3)]])


def first_covering(shapes: list[shapely.Geometry], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """By shapely: the first shape that holds or touches each point."""
    out = np.full(len(x), NOWHERE)
    for at in reversed(range(len(shapes))):
        out[shapely.intersects_xy(shapes[at], x, y)] = at
    return out


@pytest.fixture(scope="module")
def villages() -> gpd.GeoDataFrame:
    return reference.villages()


def near_borders(villages: gpd.GeoDataFrame, count: int, off: float) -> tuple[np.ndarray, np.ndarray]:
    """Points within some `off` degrees of villages' outlines, in every village alike."""
    random = np.random.default_rng(4)
    xy, of = shapely.get_coordinates(villages.geometry.to_numpy(), return_index=True)
    at = random.integers(0, len(xy) - 1, count)
    at = at[of[at] == of[at + 1]]
    along = random.random((len(at), 1))
    points = xy[at] + along * (xy[at + 1] - xy[at]) + random.normal(0, off, (len(at), 2)) * (off > 0)
    return points[:, 0], points[:, 1]


# ------------------------------------------------------------------ by hand


def test_a_border_belongs_to_the_first_of_two() -> None:
    x = [0.5, 1.0, 1.5, 1.0, 1.0, 2.0, 0.0, 2.0001, 0.5]
    y = [0.5, 0.5, 0.5, 0.0, 1.0, 1.0, 0.0, 0.5, 1.0]
    found = Locator([box(0, 0, 1, 1), box(1, 0, 2, 1)]).find(x, y)
    assert found.tolist() == [0, 0, 1, 0, 0, 1, 0, -1, 0]
    assert Locator([box(1, 0, 2, 1), box(0, 0, 1, 1)]).find([1.0], [0.5]).tolist() == [0]


def test_holes_parts_and_what_lies_in_them() -> None:
    island = MultiPolygon([box(10, 10, 11, 11), box(1.5, 1.5, 2.5, 2.5)])
    found = Locator([RING, island]).find(
        [0.5, 2.0, 1.2, 10.5, 1.0, 2.5, 3.5], [0.5, 2.0, 1.2, 10.5, 2.0, 2.0, 2.0]
    )
    assert found.tolist() == [0, 1, -1, 1, 0, 1, 0]  # on the edge of a hole is in


def test_positions_that_are_none_lie_nowhere() -> None:
    nan, inf = np.nan, np.inf
    found = Locator([RING]).find([nan, 0.5, inf, -inf, 1e300, 0.5], [0.5, nan, 0.5, 0.5, 0.5, -1e300])
    assert (found == NOWHERE).all()


def test_null_and_empty_shapes_hold_nothing_and_keep_their_places() -> None:
    shapes = [None, Polygon(), MultiPolygon(), box(0, 0, 1, 1)]
    assert Locator(shapes).find([0.5], [0.5]).tolist() == [3]
    assert Locator([]).find([0.5], [0.5]).tolist() == [-1]
    assert Locator([None]).find([], []).tolist() == []


def test_heights_are_dropped_and_views_are_read() -> None:
    solid = shapely.force_3d(box(0, 0, 1, 1), 7)
    points = np.array([[0.5, 0.5, 9.0], [1.5, 0.5, 9.0]])
    assert Locator(gpd.GeoSeries([solid])).find(points[:, 0], points[:, 1]).tolist() == [0, -1]


def test_the_first_has_a_place_that_several_cover() -> None:
    shapes = [box(4, 4, 5, 5), box(0, 0, 10, 10), box(2, 2, 8, 8), box(-1, -1, 11, 11)]
    for cells in (0, 1, 50, 10_000):
        found = Locator(shapes, cells=cells).find([4.5, 3.0, 1.0, 10.5, 4.0], [4.5, 3.0, 1.0, 10.5, 4.0])
        assert found.tolist() == [0, 1, 1, 3, 0]


def test_wrong_input_is_said() -> None:
    with pytest.raises(UsageError, match=r"1 shapes are none \(Point\), the first at position 1"):
        Locator([RING, shapely.Point(1, 1)])
    with np.errstate(invalid="ignore"):
        endless = Polygon([(0, 0), (1, np.inf), (1, 1)])
    with pytest.raises(UsageError, match="position 1 has a coordinate that is not finite"):
        Locator([RING, endless])
    with pytest.raises(UsageError, match="as many x as y, not 2 and 1"):
        Locator([RING]).find([1, 2], [1])
    with pytest.raises(UsageError, match="must be numbers"):
        Locator([RING]).find(["a"], [1])
    with pytest.raises(UsageError, match="one-dimensional"):
        Locator([RING]).find([[1.0]], [[1.0]])


# ------------------------------------------------------------------ laws

steps = st.integers(0, 12)
places_on_steps = st.lists(st.tuples(steps, steps), min_size=1, max_size=40)


@st.composite
def coverages(draw: st.DrawFn) -> list[shapely.Geometry]:
    """Cells of Voronoi's of some places: they share borders and do not overlap; some are joined or left out."""
    seeds = draw(st.lists(st.tuples(steps, steps), min_size=2, max_size=12, unique=True))
    cells = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=box(-1, -1, 13, 13))
    shapes = list(shapely.get_parts(cells))
    order = draw(st.permutations(range(len(shapes))))
    kept = [shapes[i] for i in order[: draw(st.integers(1, len(shapes)))]]
    if len(kept) > 2 and draw(st.booleans()):
        kept = [shapely.union_all(kept[:2]), *kept[2:]]
    return kept


@st.composite
def triangles(draw: st.DrawFn) -> list[shapely.Geometry]:
    """Triangles that overlap, with corners on whole numbers, so that many points lie on their sides."""
    corners = st.tuples(steps, steps)
    found = draw(
        st.lists(st.tuples(corners, corners, corners).filter(lambda t: len(set(t)) == 3), max_size=6)
    )
    return [shape for shape in map(Polygon, found) if shape.area > 0]


@settings(max_examples=150)
@given(st.one_of(coverages(), triangles()), places_on_steps, st.sampled_from([0, 1, 30, 3000]))
def test_the_answer_is_that_of_shapely(
    shapes: list[shapely.Geometry], at: list[tuple[int, int]], cells: int
) -> None:
    x, y = np.array(at, dtype=np.float64).T
    x, y = np.concatenate([x, x + 0.5, x + 1e-9]), np.concatenate([y, y, y - 1e-9])
    found = Locator(shapes, cells=cells).find(x, y, threads=1)
    assert found.tolist() == first_covering(shapes, x, y).tolist()


# numbers near each other, of the size of coordinates: their differences round
close = st.floats(-2.0, 2.0).map(lambda v: 121.0 + v * 1e-13) | st.floats(118.0, 122.0)


@given(close, close, close, close, close, close)
def test_the_side_of_a_line_is_exact(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> None:
    a, b, p = ((Fraction(u), Fraction(v)) for u, v in ((ax, ay), (bx, by), (x, y)))
    want = (a[0] - p[0]) * (b[1] - p[1]) - (a[1] - p[1]) * (b[0] - p[0])
    assert np.sign(_side(ax, ay, bx, by, x, y)) == (want > 0) - (want < 0)


@pytest.mark.parametrize("off", [0.0, 1e-14, 1e-12, 1e-9, 1e-5])
def test_points_near_the_borders_of_villages(villages: gpd.GeoDataFrame, off: float) -> None:
    x, y = near_borders(villages, 20_000, off)
    tree = shapely.STRtree(villages.geometry.to_numpy())
    point, village = tree.query(shapely.points(x, y), predicate="intersects")
    want = np.full(len(x), len(villages))
    np.minimum.at(want, point, village)
    want[want == len(villages)] = NOWHERE
    np.testing.assert_array_equal(locate_points(x, y), want)


def test_every_vertex_is_in_the_first_of_its_villages(villages: gpd.GeoDataFrame) -> None:
    xy, of = shapely.get_coordinates(villages.geometry.to_numpy(), return_index=True)
    found = locate_points(xy[:, 0], xy[:, 1])
    assert (found >= 0).all()
    assert (found <= of).all()
    assert (found == of).mean() > 0.3


def test_random_points_as_sjoin(villages: gpd.GeoDataFrame) -> None:
    random = np.random.default_rng(9)
    west, south, east, north = villages.total_bounds
    x, y = random.uniform(west, east, 60_000), random.uniform(south, north, 60_000)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y, crs=villages.crs))
    joined = gpd.sjoin(points, villages[["geometry"]], predicate="within")["index_right"]
    want = joined.reindex(range(len(x))).fillna(NOWHERE).astype(int)
    np.testing.assert_array_equal(locate_points(x, y), want)


def test_order_parts_threads_and_cells_change_nothing(villages: gpd.GeoDataFrame) -> None:
    x, y = near_borders(villages, 300_000, 1e-3)
    whole = locate_points(x, y, threads=1)
    np.testing.assert_array_equal(locate_points(x, y, threads=3), whole)
    order = np.random.default_rng(1).permutation(len(x))
    np.testing.assert_array_equal(locate_points(x[order], y[order]), whole[order])
    parts = [locate_points(a, b) for a, b in zip(np.array_split(x, 7), np.array_split(y, 7), strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(Locator(villages.geometry, cells=10_000).find(x, y), whole)


# ------------------------------------------------------------------ the reference


def test_a_point_inside_each_village_is_in_it(villages: gpd.GeoDataFrame) -> None:
    inside = shapely.get_coordinates(villages.geometry.representative_point().to_numpy())
    np.testing.assert_array_equal(locate_points(inside[:, 0], inside[:, 1]), np.arange(len(villages)))


def test_holes_have_no_village() -> None:
    holes = reference.holes()
    assert (locate_points(holes["lon"], holes["lat"]) == NOWHERE).all()


def test_counties_agree_with_places() -> None:
    random = np.random.default_rng(2)
    points = np.column_stack([random.uniform(120, 122, 3000), random.uniform(22, 25.3, 3000)])
    codes = [*reference.villages()["county_code"], None]
    assert [codes[i] for i in locate_points(points[:, 0], points[:, 1])] == places.county_at(points)


def test_near_taiwan_is_as_places_has_it() -> None:
    random = np.random.default_rng(3)
    points = np.column_stack([random.uniform(113, 125, 1500), random.uniform(9, 28, 1500)])
    coast = np.column_stack([random.uniform(119.5, 120.4, 1500), random.uniform(23, 25, 1500)])
    odd = [[np.nan, 24], [121, np.inf], [116.72, 20.70], [-121, -24], [121, 91], [721, 24]]
    points = np.concatenate([points, coast, odd])
    assert near_taiwan(points).tolist() == places.near_taiwan(points).tolist()


def test_the_index_is_built_once() -> None:
    assert village_locator() is village_locator()
