"""Places and lines: their village, their status to the metre and its bounds, what they add up to."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from counting_fixture import (
    NAME,
    WEST,
    A,
    B,
    C,
    F,
    areas,
    at,
    by_unit,
    country,
    raster,
    row,
    service,
    sites,
    square,
    write_raster,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry import LineString, MultiLineString, Point

from notspot_coverage.counting import statuses as counted
from notspot_coverage.counting.painting import NO, UNKNOWN, YES, paint, scale_at, site_circles
from notspot_coverage.counting.services import Bounds, Lines, Places
from notspot_coverage.counting.statuses import nearest, statuses
from notspot_coverage.counting.targets import line_target, place_target

COUNTRY = country()
LATTICE = COUNTRY.lattice
EDGES = ("exact", "in", "out")


def places(*points, id="clinics", names=None, crs="EPSG:3826", **rest):
    frame = gpd.GeoDataFrame(
        {"name": names or [f"p{i}" for i in range(len(points))]}, geometry=list(points), crs="EPSG:3826"
    )
    return Places(id=id, name=NAME, points=frame.to_crs(crs), **rest)


def lines(*shapes, id="roads", crs="EPSG:3826"):
    return Lines(id=id, name=NAME, lines=gpd.GeoDataFrame(geometry=list(shapes), crs="EPSG:3826").to_crs(crs))


def target_of(item):
    make = place_target if isinstance(item, Places) else line_target
    return make(LATTICE, COUNTRY.units, item, COUNTRY.locate)


def status(points, *layers, percents=(50.0,), edges=EDGES, **rest):
    """Status of points by edges, at the first percentage."""
    target = target_of(places(*points))
    found = statuses(LATTICE, service(*layers, **rest), target.x, target.y, target.village, percents, edges)
    return {how: found[percents[0], how].tolist() for how in edges}


# ------------------------------------------------------------------ places


def test_places_lie_in_their_village_or_in_one_near_it():
    target = target_of(places(at(10, 10), at(450, 600), at(1_450, 350), at(-900, 200), at(9_000, 0), Point()))
    # a hole belongs to the village around it; 900 m off the coast to the nearest; 7 km off to none
    codes = [LATTICE.codes[v] if v >= 0 else "" for v in target.village]
    assert codes == [A, C, F, A, "", ""]
    said = [note.en for note in target.notes]
    assert said == [
        "2 of name lie in no village and count in the nearest within 2 km.",
        "2 of name are near no village and count in the nation only.",
    ]


def test_places_add_up_and_those_at_sea_count_in_the_nation():
    account = COUNTRY.count(
        service(sites(at(10, 10), radius_m=50)), places=[places(at(10, 10), at(450, 600), at(9_000, 0))]
    )
    table = account.table[account.table["of"] == "places"].set_index("code")
    figures = ["total", "covered", "not_covered", "unknown"]
    assert table.loc["TW", figures].tolist() == [3, 1, 2, 0]
    assert table.loc["10002", figures].tolist() == [2, 1, 1, 0]
    assert table.loc["10002010", "best"] == 100
    assert table.loc["remote", figures].tolist() == [1, 0, 1, 0]
    assert set(account.table.loc[account.table["of"] == "places", "level"]) == {
        "nation",
        "group",
        "county",
        "township",
    }


def test_a_place_without_a_point_is_unknown():
    points = [at(10, 10), Point(), None]
    lost = pd.DataFrame({"id": ["x", "y"], "name": ["沒有", None], "town_code": ["10002010", None]})
    item = dataclasses.replace(places(*points), unplaced=lost)
    for layers in ([sites(at(10, 10), radius_m=50)], [areas(square(0, 0, 100))], [sites()], []):
        account = COUNTRY.count(service(*layers), places=[item])
        nation = row(account.table, of="places", level="nation")
        assert nation["total"] == 5
        assert nation["unknown"] == (4 if layers else 5)
    assert row(account.table, of="places", code="10002010")["total"] == 2


def test_places_that_share_a_point_are_both_in_the_bounds():
    item = places(at(10, 10), at(10.2, 10.1), at(500, 100), anchors=True)
    account = COUNTRY.count(service(sites(at(10, 10), radius_m=50)), places=[item])
    nation = row(account.table, of="places", level="nation")
    assert (nation["low"], nation["best"], nation["high"]) == pytest.approx((0, 200 / 3, 200 / 3))
    assert (nation["low_by"], nation["high_by"]) == ("shared points out", "shared points as placed")
    assert any("2 of name share a point" in note.en for note in account.notes)
    away = COUNTRY.count(service(sites(at(500, 100), radius_m=50)), places=[item])
    nation = row(away.table, of="places", level="nation")
    assert (nation["low"], nation["best"], nation["high"]) == pytest.approx((100 / 3, 100 / 3, 100))
    # a place that has its point alone is not varied
    alone = COUNTRY.count(
        service(sites(at(10, 10), radius_m=50)), places=[places(at(10, 10), at(500, 100), anchors=True)]
    )
    assert row(alone.table, of="places", level="nation")[["low", "high"]].tolist() == [50, 50]


@pytest.mark.parametrize("crs", ["EPSG:3824", "EPSG:4326", "EPSG:3825", "EPSG:3828"])
def test_places_in_any_system(crs):
    points = [at(10, 10), at(450, 600), at(1_450, 350)]
    one, two = target_of(places(*points)), target_of(places(*points, crs=crs))
    lax = 1.5 if crs == "EPSG:3828" else 1e-3  # PROJ's own shift of TWD67 and ours differ by a metre
    assert np.hypot(one.x - two.x, one.y - two.y).max() < lax
    assert (one.village == two.village).all()


# ------------------------------------------------------------------ status to the metre


def test_the_edge_of_a_disc_to_the_centimetre():
    scale = scale_at(np.array([WEST]), np.array([at(0, 100).y]))[0]
    points = [at(100 + scale * r, 100) for r in (49.99, 50.01, 39.99, 40.01, 59.99, 60.01)]
    found = status(points, sites(at(100, 100), radius_m=50, accuracy_m=10))
    assert found["exact"] == [YES, NO, YES, YES, NO, NO]
    assert found["in"] == [YES, YES, YES, YES, YES, NO]
    assert found["out"] == [NO, NO, YES, NO, NO, NO]
    found = status(points, sites(at(100, 100), radius_m=50, accuracy_m=10, outside="unknown"))
    assert found["exact"] == [YES, UNKNOWN, YES, YES, UNKNOWN, UNKNOWN]
    assert found["out"] == [UNKNOWN, UNKNOWN, YES, UNKNOWN, UNKNOWN, UNKNOWN]


def test_the_edge_of_polygons_is_that_of_all_together():
    halves = areas(square(0, 0, 100), square(100, 0, 100), accuracy_m=20)
    points = [at(100, 50), at(50, 19), at(50, 22), at(190, 50), at(210, 50), at(221, 50), at(300, 50)]
    found = status(points, halves)
    assert found["exact"] == [YES, YES, YES, YES, NO, NO, NO]
    assert found["out"] == [YES, NO, YES, NO, NO, NO, NO]
    assert found["in"] == [YES, YES, YES, YES, YES, NO, NO]


def test_half_a_cell_of_a_raster(tmp_path):
    values = [[-90, -120, -90], [-90, -90, np.nan]]
    layer = raster(write_raster(tmp_path / "r.tif", values), -105)
    points = [
        at(20, 20),
        at(60, 20),
        at(110, 20),
        at(160, 20),
        at(110, 110),
        at(250, 150),
        at(280, 60),
        at(400, 20),
    ]
    found = status(points, layer)
    assert found["exact"] == [YES, YES, NO, NO, YES, UNKNOWN, YES, UNKNOWN]
    assert found["in"] == [YES, YES, YES, YES, YES, UNKNOWN, YES, UNKNOWN]
    assert found["out"] == [YES, NO, NO, NO, NO, UNKNOWN, YES, UNKNOWN]  # what is unknown is no edge
    layer = dataclasses.replace(layer, outside="not covered")
    assert status(points, layer)["exact"][5] == NO


def test_the_bounds_of_places_are_those_of_their_edges(tmp_path):
    layer = raster(write_raster(tmp_path / "r.tif", [[-90, -120], [-90, -120]]), -105)
    item = places(at(20, 20), at(60, 20), at(110, 20), at(160, 20))
    nation = row(COUNTRY.count(service(layer), places=[item]).table, of="places", level="nation")
    assert (nation["low"], nation["best"], nation["high"]) == (25, 50, 75)
    assert (nation["low_by"], nation["high_by"], nation["varied"]) == (
        "edges out",
        "edges in",
        "unknown, edges",
    )
    still = COUNTRY.count(service(layer), places=[item], bounds=Bounds(edges=False))
    assert row(still.table, of="places", level="nation")[["low", "high"]].tolist() == [50, 50]


def test_thresholds_by_location_reach_places(tmp_path):
    layer = raster(write_raster(tmp_path / "r.tif", [[-100, -90]]), -105, location_sigma_db=6.0)
    item = places(at(50, 50), at(150, 50))
    account = COUNTRY.count(
        service(layer), places=[item], bounds=Bounds(edges=False, location_percent=(50.0, 95.0))
    )
    nation = row(account.table, of="places", level="nation")
    assert (nation["low"], nation["best"], nation["high"]) == (50, 100, 100)
    assert nation["low_by"] == "95 % of places"


def test_tables_reach_the_places_of_their_unit():
    points = [at(10, 10), at(500, 10), at(9_000, 0)]
    assert status(points, by_unit({A: 1.0, B: 0.0}))["exact"] == [YES, NO, UNKNOWN]
    assert status(points, by_unit({"10002010": 1.0}, level="township"))["exact"] == [YES, YES, UNKNOWN]


def test_what_one_layer_covers_is_covered_and_what_one_does_not_know_is_unknown():
    points = [at(10, 10), at(300, 10), at(600, 10)]
    one = areas(square(0, 0, 100), operator="甲")
    two = areas(square(250, 0, 100), operator="乙", outside="unknown")
    assert status(points, one, two)["exact"] == [YES, YES, UNKNOWN]
    assert status(points, one)["exact"] == [YES, NO, NO]
    assert status(points, one, operators=("甲", "丙"))["exact"] == [YES, UNKNOWN, UNKNOWN]
    mixed = areas(square(0, 0, 100), square(250, 0, 100), operators=["甲", "丙"])
    assert status(points, mixed, operators=("甲", "丙"))["exact"] == [YES, YES, NO]
    assert status(points)["exact"] == [UNKNOWN] * 3
    assert status(points, sites())["exact"] == [NO] * 3
    assert status(points, last_resort=True)["exact"] == [YES] * 3


@given(data=st.data())
@settings(max_examples=30)
def test_places_and_land_are_told_alike(data):
    """A place in the middle of a sub-cell has the status that is painted there, whatever the edges."""
    accuracy = data.draw(st.sampled_from([0.0, 15.0, 50.0]))
    outside = data.draw(st.sampled_from(["unknown", "not covered"]))
    centre = st.builds(at, st.floats(0, 1_150), st.floats(0, 800))
    block = st.builds(square, st.floats(0, 900), st.floats(0, 700), st.floats(60, 300))
    layers = [
        sites(*data.draw(st.lists(centre, max_size=3)), radius_m=120, accuracy_m=accuracy, outside=outside),
        areas(*data.draw(st.lists(block, max_size=2)), accuracy_m=accuracy),
    ]
    layers = data.draw(st.sampled_from([layers, layers[:1], layers[1:]]))
    x, y = LATTICE.centres()
    x, y = x + 6.25, y + 6.25
    cover = paint(LATTICE, service(*layers), Bounds()).covers[50.0]
    found = statuses(LATTICE, service(*layers), x, y, np.zeros(len(x), np.int32), (50.0,), EDGES)
    cell, bit = LATTICE.cells_at(x, y)
    for how in EDGES:
        read = cover.edges(how)
        yes, unknown = (read.yes[cell] & bit) > 0, (read.unknown[cell] & bit) > 0
        expected = np.where(yes, YES, np.where(unknown, UNKNOWN, NO))
        # GEOS keeps to 1 % of the way that an edge moves; painting does the same, but for the last centimetre
        assert (found[50.0, how] != expected).mean() < 0.01


@given(
    circles=st.lists(
        st.tuples(st.floats(-2e3, 3e3), st.floats(-2e3, 3e3), st.floats(0, 900)), min_size=1, max_size=12
    ),
    points=st.lists(st.tuples(st.floats(-4e3, 5e3), st.floats(-4e3, 5e3)), min_size=1, max_size=20),
    accuracy=st.sampled_from([0.0, 40.0, 700.0]),
    buckets=st.sampled_from([1, 20, 4_000_000]),
)
@example(
    circles=[(0, 0, 1e-38), (2e3, 0, 1e-38)], points=[(0, 0)], accuracy=0.0, buckets=4_000_000
)  # a row, no reach
@settings(max_examples=60)
def test_points_within_circles_are_those_of_all_tried(circles, points, accuracy, buckets):
    layer = sites(*[at(a, b) for a, b, _ in circles], radii_m=[r for *_, r in circles], accuracy_m=accuracy)
    x, y = shapely.get_coordinates([at(*p) for p in points]).T
    sx, sy, radius = site_circles(layer, np.ones(len(circles), bool))
    real = radius > 0
    gap = (np.hypot(x[:, None] - sx, y[:, None] - sy) - radius)[:, real].min(axis=1, initial=np.inf)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counted, "MOST_BUCKETS", buckets)
        found = statuses(LATTICE, service(layer), x, y, np.zeros(len(x), np.int32), (50.0,), EDGES)
    for how, off in (("exact", 0.0), ("in", accuracy), ("out", -accuracy)):
        assert ((found[50.0, how] == YES) == (gap <= off)).all()


# ------------------------------------------------------------------ lines


def test_lines_have_their_geodesic_length():
    road = LineString([at(-50, 100), at(333, 111), at(700, 777)])
    target = target_of(lines(road, MultiLineString([[at(0, 0), at(3, 0)], [at(900, 100), at(900, 700)]])))
    moved = Transformer.from_crs("EPSG:3826", "EPSG:3824", always_xy=True)
    geod = Geod(ellps="GRS80")
    exact = sum(
        geod.line_length(*moved.transform(*np.transpose(part)))
        for part in ([(p.x, p.y) for p in map(Point, road.coords)], *([(p.x, p.y) for p in pair] for pair in
                     ([at(0, 0), at(3, 0)], [at(900, 100), at(900, 700)])))
    )  # fmt: skip
    assert target.size.sum() * 1000 == pytest.approx(exact, rel=1e-9)
    assert target.size.max() <= 0.010
    assert target.of == "lines"


def test_the_length_of_a_line_in_coverage():
    road = LineString([at(0, 200), at(400, 200)])
    account = COUNTRY.count(service(areas(square(0, 0, 100, 400))), lines=[lines(road)])
    nation = row(account.table, of="lines", level="nation")
    assert nation["total"] == pytest.approx(0.40004, rel=1e-5)
    assert nation["best"] == pytest.approx(25, abs=100 * 5 / 400)
    assert row(account.table, of="lines", code="10002010")["covered"] == pytest.approx(0.1, abs=0.005)
    # a sample stands for at most 10 m at either end
    account = COUNTRY.count(service(areas(square(0, 0, 104, 400))), lines=[lines(road)])
    assert row(account.table, of="lines", level="nation")["covered"] * 1000 == pytest.approx(104, abs=5.1)


def test_what_lies_in_townships_is_pooled_with_the_same_sums():
    item = places(at(10, 10), at(9_000, 0), at(1_450, 350), at(500, 500), at(20, 20))
    sums = target_of(item).sums
    pooled, where = sums.pooled()
    values = np.array([1.0, 2, 4, 8, 16])
    assert (pooled.add(np.bincount(where, values, len(pooled.town))) == sums.add(values)).all()
    assert pooled.frame is sums.frame


def test_lines_at_sea_count_in_the_nation_and_are_told():
    cable = LineString([at(0, 200), at(-20_000, 200)])
    account = COUNTRY.count(service(areas(square(-30_000, 0, 40_000))), lines=[lines(cable)])
    nation, county = (row(account.table, of="lines", code=code) for code in ("TW", "10002"))
    assert nation["total"] == pytest.approx(20, rel=1e-3)
    assert county["total"] == pytest.approx(2, abs=0.1)
    assert any("18.1 km of name are near no village" in note.en for note in account.notes)


def test_a_long_straight_line_in_metres_is_straight_in_metres():
    road = LineString([at(-100_000, 200), at(100_000, 200)])
    target = target_of(lines(road))
    assert np.abs(target.y - at(0, 200).y).max() < 0.35
    assert target.size.sum() == pytest.approx(200, rel=1e-3)


@pytest.mark.parametrize("shape", [LineString(), None, LineString([at(5, 5), at(5, 5)])])
def test_lines_that_are_nothing_have_no_length(shape):
    road = LineString([at(0, 200), at(400, 200)])
    assert target_of(lines(shape, road)).size.sum() == pytest.approx(target_of(lines(road)).size.sum())
    assert target_of(lines(shape)).size.sum() == 0
    account = COUNTRY.count(service(areas(square(0, 0, 100))), lines=[lines(shape)])
    assert np.isnan(row(account.table, of="lines", level="nation")["best"])


# ------------------------------------------------------------------ the nearest circle


@given(
    points=st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=8),
    circles=st.lists(
        st.tuples(st.integers(-500, 500), st.integers(-500, 500), st.integers(0, 300)), max_size=12
    ),
)
@settings(max_examples=80)
def test_the_nearest_circle_is_that_of_all_tried(points, circles):
    circles = sorted(circles)
    x, y = np.array(points, float).T
    sx, sy, radius = np.array(circles, float).reshape(-1, 3).T.copy()
    gap, which = nearest(x, y, sx, sy, radius)
    if not circles:
        assert np.isinf(gap).all()
        assert (which == -1).all()
        return
    every = np.hypot(x[:, None] - sx, y[:, None] - sy) - radius
    assert (gap == every.min(axis=1)).all()
    assert (which == every.argmin(axis=1)).all()  # of equals the first


def test_nowhere_is_near_nothing():
    gap, which = nearest(np.array([np.nan]), np.array([0.0]), np.zeros(1), np.zeros(1), np.ones(1))
    assert np.isinf(gap[0])
    assert which[0] == -1


def test_a_target_tells_its_best_status():
    target = target_of(places(at(10, 10), at(300, 300)))
    found = target.status(LATTICE, service(areas(square(0, 0, 100))), 50.0, 50.0)
    assert found.tolist() == [YES, NO]
    assert shapely.Point(target.x[0], target.y[0]).distance(at(10, 10)) < 1e-6
