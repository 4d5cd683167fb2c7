"""Layers painted on the lattice: discs, polygons, tables; operators and what is unknown; metres on the ground."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from counting_fixture import (
    WEST,
    A,
    B,
    C,
    F,
    areas,
    at,
    bits,
    by_unit,
    country,
    frame_of,
    land,
    made,
    middles,
    picture,
    raster,
    service,
    sites,
    square,
    write_raster,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon

from notspot_coverage.counting.painting import (
    NO,
    UNKNOWN,
    YES,
    edged,
    moved_shapes,
    operators_of,
    paint,
    scale_at,
    site_circles,
    threshold,
    unit_status,
    varies,
)
from notspot_coverage.counting.services import Bounds, Surface
from notspot_coverage.counting.spreads import shares, spread
from notspot_geodata.errors import UsageError

COUNTRY = country()
LATTICE = COUNTRY.lattice
HERE = land(LATTICE)
X, Y = middles(LATTICE)
PLAIN = Bounds(edges=False)


def cover_of(*layers, bounds=PLAIN, **rest):
    painted = paint(LATTICE, service(*layers, **rest), bounds)
    return next(iter(painted.covers.values())).edges("exact")


def flags(*layers, **rest):
    """(yes, unknown) as pictures."""
    cover = cover_of(*layers, **rest)
    return picture(LATTICE, cover.yes), picture(LATTICE, cover.unknown)


# ------------------------------------------------------------------ discs


def test_a_disc_by_hand():
    # 25 m around a corner of four cells: the middles of 12 sub-cells are that near
    yes, unknown = flags(sites(at(200, 200), radius_m=25))
    expected = HERE & (np.hypot(X - WEST - 200, Y - at(0, 200).y) <= 25)
    assert (yes == expected).all()
    assert yes.sum() == 12
    assert not unknown.any()


@given(
    points=st.lists(st.builds(at, st.floats(-300, 2000), st.floats(-300, 1100)), min_size=1, max_size=4),
    radius_m=st.floats(1, 700),
)
@settings(max_examples=25)
def test_sub_cells_within_the_radius_are_covered(points, radius_m):
    yes, _ = flags(sites(*points, radius_m=radius_m))
    centre = np.array([[p.x, p.y] for p in points])
    off = np.min([np.hypot(X - x, Y - y) for x, y in centre], axis=0)
    on_ground = radius_m * scale_at(centre[:, 0], centre[:, 1])[0]
    sure = np.abs(off - on_ground) > 1e-3
    assert (yes == (HERE & (off <= on_ground)))[sure].all()


@given(
    shape=st.lists(st.tuples(st.floats(-200, 1500), st.floats(-200, 1000)), min_size=3, max_size=8),
    disc=st.tuples(st.floats(-200, 1500), st.floats(-200, 1000), st.floats(10, 600)),
)
@settings(max_examples=25)
def test_covered_area_by_village_is_that_of_shapely_to_half_a_sub_cell_along_the_outline(shape, disc):
    """12.5 m x length of the outline in the village bounds the error; on average it is far below."""
    mended = shapely.get_parts(
        shapely.get_parts(shapely.make_valid(Polygon([at(*corner) for corner in shape])))
    )
    polygon = MultiPolygon([part for part in mended if part.geom_type == "Polygon"])
    x, y, radius_m = disc
    cover = cover_of(areas(polygon), sites(at(x, y), radius_m=radius_m))
    scale = scale_at(np.array([WEST + x]), np.array([at(x, y).y]))[0]
    exact = shapely.union_all([polygon, at(x, y).buffer(radius_m * scale, quad_segs=64)])
    even = spread(LATTICE, Surface(id="even"), COUNTRY.locate)
    covered, possible = shares(even, cover, len(LATTICE.codes))
    assert (covered == possible).all()
    for code, share in zip(LATTICE.codes, covered, strict=True):
        village = COUNTRY.villages.set_index("village_code").geometry[code]
        part = shapely.intersection(village, exact)
        along = 0 if exact.is_empty else shapely.intersection(exact.boundary, village.buffer(1)).length
        assert abs(share * village.area - part.area) <= 12.5 * along + 2 * 12.5**2


@pytest.mark.parametrize("crs", ["EPSG:3824", "EPSG:4326", "EPSG:3825", "EPSG:3828", "EPSG:3827"])
def test_sites_in_any_system(crs):
    points = [at(200, 200), at(900, 500)]
    x, y, radius = site_circles(sites(*points, radius_m=200), np.ones(2, bool))
    # TWD67 is known to 10 m; passing its shift over would be 850 m off
    moved = gpd.GeoSeries(points, crs="EPSG:3826")
    if crs in ("EPSG:3828", "EPSG:3827"):
        east, north = Transformer.from_crs(
            "EPSG:3826", "EPSG:3828", always_xy=True, allow_ballpark=False
        ).transform([p.x for p in points], [p.y for p in points])
        moved = gpd.GeoSeries(gpd.points_from_xy(east, north), crs="EPSG:3828")
    layer = sites(radius_m=200)
    layer = dataclasses.replace(layer, points=gpd.GeoDataFrame(geometry=moved.to_crs(crs)))
    x2, y2, radius2 = site_circles(layer, np.ones(2, bool))
    lax = 10 if crs in ("EPSG:3828", "EPSG:3827") else 0.01
    assert np.hypot(x2 - x, y2 - y).max() < lax
    assert radius2 == pytest.approx(radius, rel=1e-6)


def test_sites_without_a_system_are_refused():
    layer = sites(at(200, 200))
    layer = dataclasses.replace(layer, points=layer.points.set_crs(None, allow_override=True))
    with pytest.raises(UsageError, match="is not a coordinate system"):
        flags(layer)


@pytest.mark.parametrize(("lon", "lat"), [(118.32, 24.43), (119.6, 23.57), (121.0, 24.0), (121.9, 25.0)])
def test_radii_are_metres_on_the_ground(lon, lat):
    """Kinmen lies 270 km west of the meridian of EPSG:3826, which stretches it by 0.08 %."""
    geod = Geod(ellps="GRS80")
    around = [geod.fwd(lon, lat, azimuth, 2_000)[:2] for azimuth in range(0, 360, 5)]
    x, y = Transformer.from_crs("EPSG:3824", "EPSG:3826", always_xy=True).transform(*np.transpose(around))
    layer = dataclasses.replace(
        sites(radius_m=2_000), points=gpd.GeoDataFrame(geometry=[Point(lon, lat)], crs="EPSG:3824")
    )
    x0, y0, radius = site_circles(layer, np.ones(1, bool))
    off = np.hypot(np.array(x) - x0, np.array(y) - y0)
    assert off.max() == pytest.approx(radius[0], rel=1e-4)
    assert off.min() == pytest.approx(radius[0], rel=1e-4)


def test_a_disc_in_kinmen_covers_the_area_of_a_geodesic_circle():
    corner = Transformer.from_crs("EPSG:3824", "EPSG:3826", always_xy=True).transform(118.32, 24.43)
    village = shapely.box(corner[0] - 3_000, corner[1] - 3_000, corner[0] + 3_000, corner[1] + 3_000)
    townships = COUNTRY.townships.assign(
        town_code=["09020010", *COUNTRY.townships["town_code"][1:]],
        county_code=["09020", *COUNTRY.townships["county_code"][1:]],
    )
    kinmen = made(frame_of({"09020010001": village}), townships)
    layer = dataclasses.replace(
        sites(radius_m=2_500), points=gpd.GeoDataFrame(geometry=[Point(118.32, 24.43)], crs="EPSG:4326")
    )
    cover = next(iter(paint(kinmen.lattice, service(layer), PLAIN).covers.values()))
    even = spread(kinmen.lattice, Surface(id="even"), kinmen.locate)
    covered, _ = shares(even, cover, 1)
    geod = Geod(ellps="GRS80")
    ring = [geod.fwd(118.32, 24.43, azimuth, 2_500)[:2] for azimuth in np.arange(0, 360, 0.5)]
    exact = abs(geod.geometry_area_perimeter(Polygon(ring))[0]) / 1e6
    assert covered[0] * kinmen.lattice.area_km2[0] == pytest.approx(exact, rel=1e-3)


def test_a_site_s_own_radius_goes_before_the_layer_s():
    layer = sites(at(100, 100), at(700, 100), at(100, 700), radius_m=50, radii_m=[90, np.nan, 0])
    yes, _ = flags(layer)
    alone = [flags(sites(at(100, 100), radius_m=90))[0], flags(sites(at(700, 100), radius_m=50))[0]]
    assert (yes == alone[0] | alone[1]).all()


def test_sites_far_off_or_nowhere_cover_nothing_and_break_nothing():
    points = [Point(0, 0), Point(121.5, 25.0), Point(1e9, -1e9), Point(np.nan, np.nan), Point(), None]
    frame = gpd.GeoDataFrame(geometry=points, crs="EPSG:3826")
    layer = dataclasses.replace(sites(), points=frame, radius_m=1_000.0)
    assert not flags(layer)[0].any()
    # from the other side of the world
    frame = gpd.GeoDataFrame(geometry=[Point(-60, -24), Point(0, 90), Point(180, 0)], crs="EPSG:4326")
    assert not flags(dataclasses.replace(layer, points=frame))[0].any()


def test_a_radius_around_the_whole_country_covers_it():
    for radius_m in (5_000, 1e6, 1e8):
        assert (flags(sites(at(0, 0), radius_m=radius_m))[0] == HERE).all()


# ------------------------------------------------------------------ polygons


def test_a_polygon_with_a_hole_and_one_that_fills_it():
    ring = square(0, 0, 300).difference(square(100, 100, 100))
    yes, _ = flags(areas(ring))
    expected = (
        HERE
        & (X < WEST + 300)
        & (at(0, 300).y < Y)
        & ~((np.abs(X - WEST - 150) < 50) & (np.abs(Y - at(0, 150).y) < 50))
    )
    assert (yes == expected).all()
    filled, _ = flags(areas(ring, square(100, 100, 100)))
    assert filled.sum() == 24 * 24
    overlapping, _ = flags(areas(ring, square(50, 50, 200)))  # no even-odd between polygons
    assert overlapping.sum() == 24 * 24


def test_polygons_that_are_invalid_empty_double_or_mixed():
    bow = Polygon([at(0, 0), at(200, 200), at(200, 0), at(0, 200)])
    mixed = GeometryCollection(
        [LineString([at(0, 0), at(500, 500)]), MultiPolygon([square(600, 0, 50)]), at(0, 0)]
    )
    yes, _ = flags(areas(bow, bow, Polygon(), None, mixed))
    expected, _ = flags(areas(*shapely.get_parts(shapely.make_valid(bow)), square(600, 0, 50)))
    assert (yes == expected).all()
    assert yes.any()


def test_a_long_edge_in_degrees_is_straight_in_degrees():
    # 1 degree of longitude: between two corners the line bows by 45 m from the straight one in metres
    corner = Transformer.from_crs("EPSG:3826", "EPSG:3824", always_xy=True).transform(WEST, at(0, 400).y)
    south = shapely.box(corner[0] - 0.5, corner[1] - 1, corner[0] + 0.5, corner[1])
    layer = dataclasses.replace(areas(), areas=gpd.GeoDataFrame(geometry=[south], crs="EPSG:3824"))
    yes, _ = flags(layer)
    _, lat = Transformer.from_crs("EPSG:3826", "EPSG:3824", always_xy=True).transform(X, Y)
    sure = HERE & (np.abs(lat - corner[1]) > 1e-5)
    assert (yes == (lat < corner[1]))[sure].all()


def test_the_edge_of_claims_moves_as_one():
    halves = [square(0, 0, 200, 400), square(200, 0, 200, 400)]  # A in two halves
    cover = cover_of(areas(*halves, accuracy_m=25), bounds=Bounds())
    inner, yes, outer = (picture(LATTICE, words).sum() for words in (cover.inner, cover.yes, cover.outer))
    assert yes == 32 * 32
    assert inner == 28 * 28  # and no seam in the middle
    assert outer > yes + 2 * 32 * 2
    moved = moved_shapes(np.array(halves, object), -25.0)
    assert shapely.area(moved).sum() == pytest.approx(350 * 350, rel=1e-3)  # GEOS moves to 1 % of the way
    apart = moved_shapes(np.array([square(0, 0, 100), square(110, 0, 100)], object), -25.0)
    assert shapely.area(apart).sum() == pytest.approx(2 * 50 * 50, rel=1e-2)
    assert len(moved_shapes(np.array([square(0, 0, 40)], object), -25.0)) == 0
    assert len(moved_shapes(np.array([], object), -25.0)) == 0


def test_accuracy_moves_discs():
    cover = cover_of(sites(at(400, 400), radius_m=200, accuracy_m=30), bounds=Bounds())
    inner, yes, outer = (picture(LATTICE, words) for words in (cover.inner, cover.yes, cover.outer))
    assert (inner == flags(sites(at(400, 400), radius_m=170))[0]).mean() > 0.999
    assert (outer == flags(sites(at(400, 400), radius_m=230))[0]).mean() > 0.999
    assert (inner & ~yes).sum() == (yes & ~outer).sum() == 0
    tiny = cover_of(sites(at(400, 400), radius_m=20, accuracy_m=30), bounds=Bounds())
    assert not tiny.inner.any()


def test_edges_of_what_is_known_only_to_be_covered():
    layer = sites(at(400, 400), radius_m=200, accuracy_m=30, outside="unknown")
    cover = paint(LATTICE, service(layer), Bounds()).covers[50.0]
    for how in ("exact", "in", "out"):
        read = cover.edges(how)
        assert not (read.yes & read.unknown).any()
    assert (cover.edges("in").unknown == ~cover.outer).all()
    assert (
        cover.edges("out").unknown == ~cover.inner
    ).all()  # what the edge takes away is outside, so unknown


# ------------------------------------------------------------------ tables


def test_figures_by_village_township_and_county():
    nan = float("nan")
    status = {
        "village": unit_status(LATTICE, by_unit({A: 100.0, B: 99.9, C: nan}, at_least=100)),
        "township": unit_status(LATTICE, by_unit({"10002010": 5.0, "10013020": 0.0}, level="township")),
        "county": unit_status(LATTICE, by_unit({"10013": 1.0}, level="county", outside="not covered")),
    }
    assert status["village"].tolist() == [YES, NO, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
    assert status["township"].tolist() == [YES, YES, UNKNOWN, UNKNOWN, UNKNOWN, NO]
    assert status["county"].tolist() == [NO, NO, NO, YES, YES, YES]
    gone = unit_status(LATTICE, by_unit({A: nan, B: 2.0}, outside="not covered"))
    assert gone.tolist() == [NO, YES, NO, NO, NO, NO]


def test_whole_numbers_and_empty_tables():
    whole = dataclasses.replace(by_unit({}), values=pd.Series({A: 1, B: 0}))
    assert unit_status(LATTICE, whole)[:2].tolist() == [YES, NO]
    assert (unit_status(LATTICE, by_unit({})) == UNKNOWN).all()


def test_a_table_and_words_are_united():
    def share(*layers):
        even = spread(LATTICE, Surface(id="even"), COUNTRY.locate)
        covered, possible = shares(even, cover_of(*layers), len(LATTICE.codes))
        return covered, possible - covered

    half = areas(square(0, 0, 200, 400))  # half of A
    nan = float("nan")
    for table, expected in (({A: 1.0}, (1, 0)), ({A: 0.0}, (0.5, 0)), ({A: nan}, (0.5, 0.5))):
        for layers in ((half, by_unit(table)), (by_unit(table), half)):
            covered, unknown = share(*layers)
            assert (covered[0], unknown[0]) == pytest.approx(expected)
            assert (unknown[1:] == 1).all()  # the table does not know them
    covered, unknown = share(by_unit({A: 0.0, B: 0.0}), by_unit({A: nan, B: 1.0}, outside="not covered"))
    assert (covered[:2].tolist(), unknown[:2].tolist()) == ([0, 1], [0, 0])
    covered, unknown = share(by_unit({A: 0.0}), dataclasses.replace(half, outside="unknown"))
    assert (covered[0], unknown[0]) == pytest.approx((0.5, 0.5))


# ------------------------------------------------------------------ operators


def test_operators_of_columns_and_layers():
    layer = sites(at(0, 0), at(1, 1), at(2, 2), at(3, 3), operators=["甲", None, np.nan, ""], operator="丁")
    assert operators_of(layer.points, layer).tolist() == ["甲", "丁", "丁", "丁"]
    assert operators_of(layer.points.drop(columns="operator"), layer).tolist() == ["丁"] * 4


def test_operators_are_painted_one_by_one():
    one, two = square(0, 0, 200), square(100, 0, 300)
    painted = paint(
        LATTICE, service(areas(one, two, operators=["甲", "乙"]), sites(at(700, 100), operator="乙")), PLAIN
    )
    assert list(painted.operators) == ["乙", "甲"]
    own = {name: picture(LATTICE, cover.yes) for name, cover in painted.operators.items()}
    assert (own["甲"] == flags(areas(one))[0]).all()
    assert (own["乙"] == flags(areas(two), sites(at(700, 100)))[0]).all()
    assert (picture(LATTICE, painted.covers[50.0].yes) == own["甲"] | own["乙"]).all()


def test_an_operator_that_is_named_and_has_no_layer_is_unknown_everywhere():
    yes, unknown = flags(areas(square(0, 0, 200), operator="甲"), operators=("甲", "乙"))
    assert (unknown == HERE & ~yes).all()
    painted = paint(LATTICE, service(areas(square(0, 0, 200), operator="甲"), operators=("甲", "乙")), PLAIN)
    assert not painted.operators["甲"].unknown.any()
    assert (picture(LATTICE, painted.operators["乙"].unknown) == HERE).all()


def test_no_layer_is_unknown_and_an_empty_one_is_not_covered():
    yes, unknown = flags()
    assert not yes.any()
    assert (unknown == HERE).all()
    for layer in (sites(), areas(), sites(operators=[])):
        yes, unknown = flags(layer)
        assert not yes.any()
        assert not unknown.any()
        yes, unknown = flags(dataclasses.replace(layer, outside="unknown"))
        assert (unknown == HERE).all()


def test_a_last_resort_without_a_layer_is_everywhere():
    yes, unknown = flags(last_resort=True)
    assert (yes == HERE).all()
    assert not unknown.any()
    # with a layer it is where that says
    yes, _ = flags(areas(square(0, 0, 200)), last_resort=True)
    assert yes.sum() == 16 * 16


def test_painting_leaves_layers_apart(tmp_path):
    """Words of one operator are not written into those of another."""
    path = write_raster(tmp_path / "r.tif", np.eye(9), cell_m=90)
    one = raster(path, 1, "covered", operator="甲", outside="not covered")
    layers = [
        one,
        sites(at(500, 500), operator="乙", accuracy_m=20),
        areas(square(0, 300, 100), operator="甲"),
    ]
    alone = [paint(LATTICE, service(layer), Bounds()).covers[50.0] for layer in layers]
    painted = paint(LATTICE, service(*layers), Bounds())
    for name in ("yes", "outer", "inner"):
        union = np.bitwise_or.reduce([getattr(cover, name) for cover in alone])
        assert (getattr(painted.covers[50.0], name) == union).all()
    assert (painted.operators["乙"].yes == alone[1].yes).all()
    assert (painted.operators["甲"].yes == alone[0].yes | alone[2].yes).all()


def test_a_layer_of_no_kind_is_refused():
    from notspot_coverage.counting.services import Layer

    with pytest.raises(TypeError, match="Layer is no kind of layer"):
        cover_of(Layer(id="x"))


# ------------------------------------------------------------------ thresholds by location


def test_levels_are_raised_by_the_quantile_and_probabilities_reach_the_percentage(tmp_path):
    level = raster(tmp_path / "r.tif", -105, location_sigma_db=5.5)
    assert threshold(level, 50, 50) == -105
    assert threshold(level, 95, 50) == pytest.approx(-105 + 1.644854 * 5.5, abs=1e-5)  # ITU-R P.1812, 4.9
    assert threshold(level, 10, 50) == pytest.approx(-105 - 1.281552 * 5.5, abs=1e-5)
    odds = raster(tmp_path / "r.tif", 0.75, "probability")
    assert [threshold(odds, p, 50) for p in (50, 60, 90)] == [0.75, 0.75, 0.9]
    speed = raster(tmp_path / "r.tif", 100, "mbps", location_sigma_db=5.5)
    assert threshold(speed, 95, 50) == 100
    assert varies(service(level))
    assert varies(service(odds))
    assert not varies(service(speed, areas()))
    assert edged(service(speed))
    assert edged(service(areas(accuracy_m=1.0)))
    assert not edged(service(areas(), by_unit({A: 1.0})))


def test_a_higher_percentage_covers_a_part(tmp_path):
    rng = np.random.default_rng(4)
    path = write_raster(tmp_path / "r.tif", rng.uniform(-120, -90, (9, 16)))
    painted = paint(
        LATTICE, service(raster(path, -110, location_sigma_db=6.0)), Bounds(location_percent=(50, 90, 95, 10))
    )
    assert list(painted.covers) == [50, 90, 95, 10]
    yes = {percent: cover.yes for percent, cover in painted.covers.items()}
    for less, more in ((95, 90), (90, 50), (50, 10)):
        assert (yes[less] & ~yes[more] == 0).all()
        assert (yes[less] != yes[more]).any()
    assert (painted.operators[""].yes == yes[50]).all()
    same = paint(LATTICE, service(raster(path, -110)), Bounds(location_percent=(50, 90)))
    assert list(same.covers) == [50]


def test_the_strongest_value_in_every_village(tmp_path):
    values = np.full((9, 17), np.nan)
    values[0, 0], values[3, 3], values[5, 3] = -90, -85, -100  # A, A, half in the hole of C
    painted = paint(LATTICE, service(sites(), raster(write_raster(tmp_path / "r.tif", values), -105)), PLAIN)
    nothing, found = painted.strongest
    assert nothing is None
    assert found == pytest.approx([-85, np.nan, -100, np.nan, np.nan, np.nan], nan_ok=True)


def test_a_piece_without_a_sub_cell_takes_its_cell_s():
    # 2 m of B reach into the cells of D: no middle of a sub-cell lies there
    wide = frame_of({A: square(0, 0, 402, 400), B: square(402, 0, 398, 400)})
    lattice = made(wide, COUNTRY.townships).lattice
    sliver = (lattice.pieces.village == 0) & (lattice.pieces.area_m2 < 300)
    assert sliver.sum() == 4
    assert all(not bits(mask).any() for mask in lattice.pieces.mask[sliver])
    even = spread(lattice, Surface(id="even"), COUNTRY.locate)
    cover = next(iter(paint(lattice, service(areas(square(400, 0, 50, 400))), PLAIN).covers.values()))
    covered, _ = shares(even, cover, 2)
    assert covered[0] * 402 == pytest.approx(1, rel=1e-3)  # half of the cell, so half of 2 m
    assert covered[1] * 398 == pytest.approx(50, abs=1)


def test_islets_are_painted_like_land():
    yes, _ = flags(areas(square(1690, 290, 120, 70)))
    assert yes.sum() == HERE[:, 8 * 18 : 8 * 19][32:37].any() * yes.sum()
    even = spread(LATTICE, Surface(id="even"), COUNTRY.locate)
    covered, _ = shares(even, cover_of(areas(square(1690, 290, 120, 70))), 6)
    assert covered[COUNTRY.index(F)] == pytest.approx(5_000 / 45_000)
