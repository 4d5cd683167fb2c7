"""Ground covered by circles and polygons: by hand, by law, and beside shapely's unions and intersections."""

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from notspot_coverage.counting.ground import CRS, Ground, covered_area
from notspot_geodata.errors import UsageError
from notspot_geodata.reference import villages

X, Y = 250_000.0, 2_600_000.0  # on the central meridian, where the scale of the projection is 0.9999
SQUARE = box(X, Y, X + 1000, Y + 1000)


def frame(*shapes, crs=CRS):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs)


def covered_m2(village, **by):
    """Covered square metres of one village, as the projection has them."""
    row = covered_area(frame(village), **by).iloc[0]
    return row["share"] * village.area


def discs(points, radius_m, quad_segs=32):
    """Polygons of 4 * quad_segs sides with the area of the circles, in EPSG:3826."""
    planar = points.to_crs(CRS)
    n = 4 * quad_segs
    scale = 0.9999 * np.cosh((planar.x - 250_000) / (0.9999 * 6_363_700))
    return planar.buffer(
        radius_m * scale * math.sqrt(2 * math.pi / n / math.sin(2 * math.pi / n)), quad_segs=quad_segs
    )


# ------------------------------------------------------------------ by hand


def test_a_circle_in_a_square():
    at = frame(Point(X + 500, Y + 500)).geometry
    expected = math.pi * (300 * 0.9999) ** 2
    assert covered_m2(SQUARE, points=at, radius_m=300) == pytest.approx(expected, rel=2e-5)
    found = covered_area(frame(SQUARE), points=at, radius_m=300).iloc[0]
    assert found["covered_km2"] == pytest.approx(math.pi * 0.3**2, rel=2e-5)  # on the ground
    assert found["area_km2"] == pytest.approx(1 / 0.9999**2, rel=1e-8)


def test_half_and_quarter_circles_at_the_rim():
    circle = math.pi * (300 * 0.9999) ** 2
    for x, y, part in ((0, 500, 0.5), (500, 1000, 0.5), (1000, 0, 0.25)):
        at = frame(Point(X + x, Y + y)).geometry
        assert covered_m2(SQUARE, points=at, radius_m=300) == pytest.approx(part * circle, rel=5e-5)


def test_a_circle_around_all_covers_all_exactly():
    at = frame(Point(X + 400, Y + 600)).geometry
    assert covered_area(frame(SQUARE), points=at, radius_m=900)["share"].tolist() == [1.0]
    corners = frame(*(Point(X + a, Y + b) for a in (0, 1000) for b in (0, 1000))).geometry
    assert covered_area(frame(SQUARE), points=corners, radius_m=720)["share"].tolist() == [1.0]


def test_twins_and_what_lies_inside_another_add_nothing():
    one = frame(Point(X + 500, Y + 500)).geometry
    many = frame(*[Point(X + 500, Y + 500)] * 3, Point(X + 520, Y + 500), Point(), None).geometry
    radii = np.array([300.0, 300.0, 100.0, 50.0, 400.0, 400.0])
    assert covered_m2(SQUARE, points=many, radius_m=radii) == pytest.approx(
        covered_m2(SQUARE, points=one, radius_m=300), abs=2.0
    )
    assert covered_m2(SQUARE, points=one, radius_m=0) == 0


def test_a_hole_and_parts_of_a_village():
    ring = SQUARE.difference(box(X + 400, Y + 400, X + 600, Y + 600))
    at = frame(Point(X + 500, Y + 500)).geometry
    expected = math.pi * (300 * 0.9999) ** 2 - 200**2
    assert covered_m2(ring, points=at, radius_m=300) == pytest.approx(expected, rel=5e-5)
    parts = MultiPolygon([box(X, Y, X + 10, Y + 10), box(X + 900, Y + 900, X + 1000, Y + 1000)])
    assert covered_m2(parts, polygons=frame(box(X, Y, X + 950, Y + 950))) == pytest.approx(
        100 + 50**2, rel=1e-7
    )


def test_polygons_are_measured_exactly():
    left, right = box(X, Y, X + 300, Y + 1000), box(X + 300, Y, X + 1000, Y + 1000)
    assert covered_m2(SQUARE, polygons=frame(left)) == pytest.approx(300_000, rel=1e-7)
    assert covered_area(frame(SQUARE), polygons=frame(left, right))["share"].tolist() == [1.0]
    thin = box(X - 5, Y + 333.3, X + 2000, Y + 333.4)  # between two lines of the rule
    assert covered_m2(SQUARE, polygons=frame(thin)) == pytest.approx(100, rel=1e-6)
    holed = Polygon(SQUARE.exterior, [box(X + 100, Y + 100, X + 200, Y + 200).exterior])
    assert covered_m2(SQUARE, polygons=frame(holed, Polygon(), None)) == pytest.approx(990_000, rel=1e-7)
    triangle = Polygon([(X, Y), (X + 1000, Y), (X, Y + 1000)])
    assert covered_m2(SQUARE, polygons=frame(triangle, left)) == pytest.approx(500_000 + 300 * 150, rel=1e-5)


def test_circles_and_polygons_are_one_union():
    at = frame(Point(X + 500, Y + 500)).geometry
    half = frame(box(X, Y, X + 500, Y + 1000))
    expected = 500_000 + math.pi * (300 * 0.9999) ** 2 / 2
    assert covered_m2(SQUARE, points=at, radius_m=300, polygons=half) == pytest.approx(expected, rel=2e-5)


def test_nothing_covers_nothing_and_no_village_has_no_share():
    found = covered_area(frame(SQUARE, Polygon(), None))
    assert found["share"].iloc[0] == 0
    assert found["share"].iloc[1:].isna().all()
    far = frame(Point(X + 9000, Y)).geometry
    near = frame(box(X + 2000, Y, X + 3000, Y + 1000), box(X, Y + 5000, X + 1000, Y + 6000))
    assert covered_area(frame(SQUARE), points=far, radius_m=400, polygons=near)["share"].tolist() == [0.0]


@pytest.mark.parametrize("north", [-50_000, -1000, 1000, 50_000])
def test_polygons_north_or_south_of_all_villages(north):
    claim = frame(shapely.affinity.translate(SQUARE, 0, north), Polygon())
    assert covered_area(frame(SQUARE), polygons=claim)["share"].tolist() == [0.0]
    assert covered_area(frame(SQUARE), polygons=frame(Polygon(), None))["share"].tolist() == [0.0]


def test_their_own_areas_and_index_are_kept():
    given = frame(SQUARE).assign(area_km2=[2.0]).set_axis(["a"])
    found = covered_area(given, polygons=frame(box(X, Y, X + 250, Y + 1000)))
    assert found.loc["a", "covered_km2"] == pytest.approx(0.5)
    assert list(found.columns) == ["covered_km2", "area_km2", "share"]


def test_what_makes_no_sense_is_refused():
    at = frame(Point(X, Y)).geometry
    with pytest.raises(UsageError, match="the villages have no CRS"):
        covered_area(gpd.GeoDataFrame(geometry=[SQUARE]))
    with pytest.raises(UsageError, match="the points have no CRS"):
        covered_area(frame(SQUARE), points=gpd.GeoSeries([Point(X, Y)]), radius_m=1)
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(UsageError, match="at least 0"):
            covered_area(frame(SQUARE), points=at, radius_m=wrong)
    with pytest.raises(UsageError, match="other shapes than polygons"):
        covered_area(frame(SQUARE), polygons=frame(LineString([(X, Y), (X + 1, Y)])))
    with pytest.raises(UsageError, match="other shapes than single points"):
        covered_area(frame(SQUARE), points=frame(SQUARE).geometry, radius_m=1)
    with pytest.raises(UsageError, match="not finite"):
        covered_area(frame(SQUARE), points=frame(Point(np.inf, Y)).geometry, radius_m=1)


# ------------------------------------------------------------------ on the ground


@pytest.mark.parametrize(
    "lonlat", [(118.4, 24.45), (119.6, 23.6), (121.0, 23.8), (119.95, 26.2), (121.55, 22.05)]
)
def test_a_circle_is_one_on_the_ellipsoid_everywhere(lonlat):
    """Also in Kinmen, where a circle of the plane of zone 121 would be 0.2 % too small."""
    geod = Geod(ellps="GRS80")
    turn = np.linspace(0, 360, 721)[:-1]
    lon, lat, _ = geod.fwd(np.full(720, lonlat[0]), np.full(720, lonlat[1]), turn, np.full(720, 400.0))
    expected = abs(geod.polygon_area_perimeter(lon, lat)[0]) / 1e6
    corner = np.add(lonlat, -0.01), np.add(lonlat, 0.01)
    land = frame(box(*corner[0], *corner[1]), crs="EPSG:3824")
    found = covered_area(land, points=frame(Point(lonlat), crs="EPSG:3824").geometry, radius_m=400).iloc[0]
    assert found["covered_km2"] == pytest.approx(expected, rel=5e-5)


def test_areas_of_villages_are_the_geodesic_ones():
    given = villages()
    measured = Ground.of(given.drop(columns="area_km2")).area_km2
    # area_km2 is rounded to a square metre
    np.testing.assert_allclose(measured, given["area_km2"], rtol=4e-6, atol=1e-6)


# ------------------------------------------------------------------ laws


@st.composite
def ends(draw):
    """Up to 30 points about the square, and a radius for each."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 30))
    xy = rng.uniform(-300, 1300, (n, 2)) + np.array([X, Y])
    return gpd.GeoSeries(gpd.points_from_xy(*xy.T), crs=CRS), rng.uniform(20, 400, n)


@given(ends())
@settings(max_examples=40)
def test_more_radius_and_more_sites_never_cover_less(given):
    points, radii = given
    share = [
        covered_area(frame(SQUARE), points=points.iloc[:n], radius_m=radii[:n] * k)["share"].iloc[0]
        for n, k in ((1, 1.0), (len(points), 1.0), (len(points), 1.3))
    ]
    assert share == pytest.approx(sorted(share), abs=1e-4)  # lines lie elsewhere
    assert 0 <= share[0] <= 1


@given(ends(), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_order_of_sites_and_the_threads_change_nothing(given, random):
    points, radii = given
    order = list(range(len(points)))
    random.shuffle(order)
    land = frame(*[box(X + 100 * i, Y, X + 100 * i + 100, Y + 1000) for i in range(10)])
    one = covered_area(land, points=points, radius_m=radii, threads=1)
    two = covered_area(land, points=points.iloc[order], radius_m=radii[order], threads=3)
    assert (one == two).all(axis=None)


@given(ends())
@settings(max_examples=40)
def test_the_union_of_shapely(given):
    points, radii = given
    union = shapely.union_all(discs(points, radii).to_numpy())
    village = Polygon(
        [(X, Y + 100), (X + 900, Y), (X + 1000, Y + 800), (X + 450, Y + 350), (X + 100, Y + 1000)]
    )
    expected = village.intersection(union).area / village.area
    found = covered_area(frame(village), points=points, radius_m=radii)["share"].iloc[0]
    assert found == pytest.approx(expected, abs=5e-4)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12))
@settings(max_examples=40)
def test_the_union_of_polygons_of_shapely(seed, n):
    rng = np.random.default_rng(seed)
    claims = []
    for _ in range(n):
        turn = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 30)))
        ring = rng.uniform(-200, 1200, 2) + rng.uniform(30, 700, (len(turn), 1)) * np.column_stack(
            [np.cos(turn), np.sin(turn)]
        )
        whole = shapely.make_valid(Polygon(ring + np.array([X, Y])))
        claims += [part for part in shapely.get_parts(whole) if part.geom_type == "Polygon"]
    claims.append(box(X + 100, Y + 100, X + 300, Y + 300))
    claims.append(box(X + 300, Y + 200, X + 400, Y + 300))
    expected = SQUARE.intersection(shapely.union_all(claims)).area / SQUARE.area
    assert covered_area(frame(SQUARE), polygons=frame(*claims))["share"].iloc[0] == pytest.approx(
        expected,
        abs=2e-4,  # ragged polygons: up to 1.2e-4 off (docstring)
    )


def test_the_smallest_and_some_other_villages_beside_shapely():
    given = villages()
    few = given.iloc[np.r_[given["area_km2"].to_numpy().argsort()[:150], 0:7701:60]]
    rng = np.random.default_rng(8)
    at = few.representative_point().to_crs(CRS)
    points = gpd.GeoSeries(
        gpd.points_from_xy(at.x + rng.normal(0, 350, len(at)), at.y + rng.normal(0, 350, len(at))), crs=CRS
    )
    union = shapely.union_all(discs(points, 400.0).to_numpy())
    land = few.to_crs(CRS).geometry
    expected = land.intersection(union).area / land.area
    found = covered_area(few, points=points, radius_m=400.0)
    assert 0.05 < (expected > 0.9).mean() < 0.95
    np.testing.assert_allclose(found["share"], expected, atol=1e-3)
