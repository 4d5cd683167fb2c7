"""People inside their village: evenly, like a raster, on points; always their village's number, and brute force."""

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from counting_fixture import (
    NORTH,
    SHAPES,
    WEST,
    A,
    B,
    C,
    D,
    E,
    F,
    areas,
    at,
    by_unit,
    country,
    service,
    sites,
    square,
    write_raster,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_coverage.counting.painting import paint
from notspot_coverage.counting.services import Bounds, Surface
from notspot_coverage.counting.spreads import shares, spread
from notspot_geodata.crs import transformer
from notspot_geodata.errors import InputError, UsageError

COUNTRY = country()
LATTICE = COUNTRY.lattice
EVEN = spread(LATTICE, Surface(id="even"), COUNTRY.locate)
CODES = (A, B, C, D, E, F)


def spread_of(surface):
    return spread(LATTICE, surface, COUNTRY.locate)


def points(*places, weights=None, crs="EPSG:3826"):
    frame = gpd.GeoDataFrame(geometry=list(places), crs="EPSG:3826")
    if weights is not None:
        frame["weight"] = weights
    return Surface(id="points", kind="points", points=frame.to_crs(crs))


def cover_of(*layers):
    return paint(LATTICE, service(*layers), Bounds(edges=False)).covers[50.0].edges("exact")


def reached(surface, *layers):
    """Shares by code: covered, and covered or unknown."""
    covered, possible = shares(spread_of(surface), cover_of(*layers), len(LATTICE.codes))
    return dict(zip(LATTICE.codes, zip(covered, possible, strict=True), strict=True))


# ------------------------------------------------------------------ evenly


def test_evenly_is_by_land():
    found = reached(Surface(id="even"), areas(square(0, 0, 200, 400), square(750, 0, 100, 800)))
    assert [found[code][0] for code in CODES] == pytest.approx([0.5, 0, 0, 0.25, 0.25, 0])
    assert EVEN.village_weight == pytest.approx(LATTICE.area_km2 * 1e6)
    # the hole of C is no land: 27 of 27 ha
    assert reached(Surface(id="even"), areas(square(0, 400, 750, 400)))[C] == (1, 1)


def test_all_is_one_and_nothing_is_none_to_the_last_bit():
    for surface in (Surface(id="even"), points(at(33, 44), at(44, 33), weights=[0.1, 0.7])):
        assert all(share == (1, 1) for share in reached(surface, areas(square(-50, -50, 2_000))).values())
        assert all(share == (0, 0) for share in reached(surface, areas()).values())
        assert all(share == (0, 1) for share in reached(surface).values())
        assert all(share == (0, 1) for share in reached(surface, by_unit({})).values())


# ------------------------------------------------------------------ on points


def test_points_by_hand():
    houses = points(
        at(50, 50), at(350, 350), at(350, 350), at(700, 350), at(5_000, 0), weights=[1, 2, 3, 4, 100]
    )
    found = reached(houses, areas(square(300, 300, 100)))
    assert found[A] == pytest.approx((5 / 6, 5 / 6))
    assert found[B] == (0, 0)
    result = spread_of(houses)
    assert "1 points of the surface points lie in no village" in result.notes[0].en
    assert "holds nothing in 4 villages" in result.notes[1].en
    # C has no point and is taken evenly: of its half that is covered
    assert reached(houses, areas(square(0, 400, 350, 400)))[C][0] == pytest.approx(14 / 27)


def test_without_weights_every_point_counts_the_same():
    houses = points(at(50, 50), at(350, 350), at(350, 350))
    assert reached(houses, areas(square(300, 300, 100)))[A][0] == pytest.approx(2 / 3)


def test_a_village_whose_weights_are_all_0_is_taken_evenly():
    found = reached(points(at(50, 50), weights=[0.0]), areas(square(0, 0, 200, 400)))
    assert found[A][0] == pytest.approx(0.5)


def test_a_point_off_the_lattice_is_unknown():
    """A locator may know land that the lattice does not."""
    result = spread(LATTICE, points(at(50, 50), at(5_000, 50)), lambda lon, lat: np.zeros(len(lon), np.int32))
    covered, possible = shares(result, cover_of(areas(square(0, 0, 400))), len(LATTICE.codes))
    assert (covered[0], possible[0]) == (0.5, 1)
    covered, possible = shares(result, cover_of(by_unit({A: 1.0})), len(LATTICE.codes))
    assert (covered[0], possible[0]) == (1, 1)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_are_numbers_of_at_least_none(weight):
    with pytest.raises(InputError, match="weight of 1 points is no number of at least 0"):
        spread_of(points(at(50, 50), at(60, 60), weights=[1.0, weight]))


@pytest.mark.parametrize("crs", ["EPSG:3824", "EPSG:3825", "EPSG:4326"])
def test_points_in_any_system(crs):
    places = [at(53, 51), at(153, 311), at(621, 31), at(1_453, 352)]
    one, two = (spread_of(points(*places, weights=[1, 2, 3, 4], crs=name)) for name in ("EPSG:3826", crs))
    for name in ("cell", "village", "mask", "weight"):
        assert (getattr(one, name) == getattr(two, name)).all()


@given(
    seed=st.integers(0, 999),
    x=st.floats(0, 1_150),
    y=st.floats(0, 800),
    radius_m=st.floats(30, 500),
)
@settings(max_examples=25)
def test_people_on_points_are_those_whose_sub_cell_is_covered(seed, x, y, radius_m):
    """Against a count of points, those within half a diagonal of a sub-cell of the edge (8.9 m) either way."""
    rng = np.random.default_rng(seed)
    places = [at(*place) for place in rng.uniform((0, 0), (1_150, 800), (300, 2))]
    weight = rng.uniform(0, 5, 300)
    found = reached(points(*places, weights=weight), sites(at(x, y), radius_m=radius_m))
    off = np.array([place.distance(at(x, y)) for place in places]) - radius_m * 0.9999
    for code in (A, B, C, D, E):
        mine = np.array([SHAPES[code].contains(place) for place in places])
        low, high = (weight[mine & (off <= lax)].sum() / weight[mine].sum() for lax in (-8.9, 8.9))
        assert low - 1e-9 <= found[code][0] <= high + 1e-9


# ------------------------------------------------------------------ like a raster


def test_a_raster_by_hand(tmp_path):
    # A has 4 by 4 cells; all of its people in two of them
    values = np.zeros((4, 4))
    values[0, 0], values[3, 3] = 30, 10
    surface = Surface(id="grid", kind="raster", path=write_raster(tmp_path / "r.tif", values))
    assert reached(surface, areas(square(0, 0, 100)))[A] == pytest.approx((0.75, 0.75))
    assert reached(surface, areas(square(300, 300, 50, 100)))[A][0] == pytest.approx(0.125)
    result = spread_of(surface)
    assert "holds nothing in 5 villages" in result.notes[0].en
    assert B in result.notes[0].en
    assert reached(surface, areas(square(400, 0, 175, 400)))[B][0] == pytest.approx(0.5)


def test_a_cell_on_a_border_is_dealt_out_by_land(tmp_path):
    values = np.zeros((8, 12))
    values[0, 7] = 100  # half of it is B, half D
    values[0, 4], values[0, 11] = 300, 300
    surface = Surface(id="grid", kind="raster", path=write_raster(tmp_path / "r.tif", values))
    found = reached(surface, areas(square(700, 0, 100)))
    assert (found[B][0], found[D][0]) == pytest.approx((50 / 350, 50 / 350))
    # 1,100 to 1,200 m is half at sea: people live on its land
    assert reached(surface, areas(square(1_100, 0, 50, 100)))[D][0] == pytest.approx(300 / 350)


@given(
    cell_m=st.sampled_from([13.0, 25.0, 70.0, 100.0, 130.0, 400.0]),
    west=st.floats(-100, 0),
    north=st.floats(-100, 0),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_people_of_a_raster_are_conserved(tmp_path_factory, cell_m, west, north, seed):
    rng = np.random.default_rng(seed)
    size = int(2_200 / cell_m) + 1
    values = np.where(rng.random((size, size)) < 0.1, np.nan, rng.uniform(0, 9, (size, size)))
    path = write_raster(
        tmp_path_factory.mktemp("r") / "r.tif", values, cell_m=cell_m, west=west, north=north, dtype="float64"
    )
    result = spread_of(Surface(id="grid", kind="raster", path=path))
    # what a cell holds falls to the villages by their part of it
    left = WEST + west + cell_m * np.arange(size)
    top = NORTH - north - cell_m * np.arange(size)
    x, y = np.meshgrid(left, top)
    boxes = shapely.box(x, y - cell_m, x + cell_m, y)
    filled = np.nan_to_num(values)
    for code, weight in zip(LATTICE.codes, result.village_weight, strict=True):
        part = shapely.area(shapely.intersection(boxes, SHAPES[code])) / cell_m**2
        exact = (part * filled).sum()
        # cells of the lattice on the coast and on borders move people within 100 m
        rim = SHAPES[code].boundary.buffer(142)
        lax = (shapely.area(shapely.intersection(boxes, rim)) / cell_m**2 * filled).sum()
        assert abs(weight - exact) <= lax
    inner = np.flatnonzero(np.bitwise_count(LATTICE.pieces.mask) == 64)
    here = LATTICE.pieces.cell[inner]
    cx, cy = LATTICE.centres()
    squares = shapely.box(cx[here] - 50, cy[here] - 50, cx[here] + 50, cy[here] + 50)
    tree = shapely.STRtree(boxes.ravel())
    mine, cell = tree.query(squares)
    share = shapely.area(shapely.intersection(squares[mine], boxes.ravel()[cell])) / cell_m**2
    exact = np.bincount(mine, share * filled.ravel()[cell], len(squares))
    assert result.weight[inner] == pytest.approx(exact, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("how", ["upside down", "EPSG:4326", "EPSG:3828", "stated"])
def test_a_raster_in_any_shape(tmp_path, how):
    rng = np.random.default_rng(8)
    values = rng.uniform(1, 9, (40, 80))
    straight = write_raster(tmp_path / "a.tif", values, cell_m=30, west=-100, north=-100)
    expected = spread_of(Surface(id="grid", kind="raster", path=straight))
    crs = None
    if how == "upside down":
        place = rasterio.Affine(30, 0, WEST - 100, 0, 30, NORTH + 100 - 40 * 30)
        other = write_raster(tmp_path / "b.tif", values[::-1], transform=place)
    elif how == "stated":
        other, crs = (
            write_raster(tmp_path / "b.tif", values, cell_m=30, west=-100, north=-100, crs=None),
            "EPSG:3826",
        )
    else:
        # the same ground in fine cells of another system
        corner = transformer("EPSG:3826", how).transform(WEST - 100, NORTH + 100)
        cell = 0.00005 if how == "EPSG:4326" else 5
        place = rasterio.Affine(cell, 0, corner[0], 0, -cell, corner[1])
        size = int((0.026 if how == "EPSG:4326" else 2_600) / cell)
        u, v = np.meshgrid(np.arange(size) + 0.5, np.arange(size // 2) + 0.5)
        x, y = transformer(how, "EPSG:3826").transform(place.c + cell * u, place.f - cell * v)
        c, r = ((x - WEST + 100) // 30).astype(int), ((NORTH + 100 - y) // 30).astype(int)
        inside = (c >= 0) & (r >= 0) & (c < 80) & (r < 40)
        fine = np.where(inside, values[np.clip(r, 0, 39), np.clip(c, 0, 79)], 0)
        other = write_raster(tmp_path / "b.tif", fine, transform=place, crs=how)
    found = spread_of(Surface(id="grid", kind="raster", path=other, crs=crs))
    assert (found.cell == expected.cell).all()
    parts = [item.weight / item.village_weight[item.village] for item in (found, expected)]
    lax = {"EPSG:4326": 0.02, "EPSG:3828": 0.05}.get(
        how, 1e-9
    )  # of a whole village; fine cells are cut off at edges
    assert np.abs(parts[0] - parts[1]).max() <= lax


def test_what_is_wrong_with_a_raster_comes_in_one_report(tmp_path):
    path = write_raster(tmp_path / "r.tif", [[-9999, 3e12], [1, 2]], nodata=None)
    with pytest.raises(InputError) as error:
        spread_of(Surface(id="grid", kind="raster", path=path))
    assert [str(p.message) for p in error.value.problems] == [
        "holds 1 cells below 0, such as -9999",
        "holds 3e+12, which is no number of people",
    ]
    path = write_raster(tmp_path / "s.tif", [[1, 2]], crs=None)
    with pytest.raises(InputError, match="crs is missing"):
        spread_of(Surface(id="grid", kind="raster", path=path))
    (tmp_path / "t.tif").write_text("no raster", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as a raster"):
        spread_of(Surface(id="grid", kind="raster", path=tmp_path / "t.tif"))
    with pytest.raises(UsageError, match="grid has no raster"):
        spread_of(Surface(id="grid", kind="raster"))
    with pytest.raises(UsageError, match="grid has no points"):
        spread_of(Surface(id="grid", kind="points"))


def test_a_raster_that_says_nothing_is_evenly(tmp_path):
    path = write_raster(tmp_path / "r.tif", np.full((3, 3), np.nan))
    surface = Surface(id="grid", kind="raster", path=path)
    assert "holds nothing in 6 villages" in spread_of(surface).notes[0].en
    disc = sites(at(400, 300), radius_m=200)
    found, even = reached(surface, disc), reached(Surface(id="even"), disc)
    for code in CODES:
        assert found[code] == pytest.approx(even[code])


def test_weights_of_villages_with_and_without_values_compare(tmp_path):
    """People of a township fall to its villages: one without a value takes the mean density of all that have."""
    path = write_raster(tmp_path / "r.tif", np.full((4, 4), 10.0))  # A alone
    result = spread_of(Surface(id="grid", kind="raster", path=path))
    a, b = result.village_weight[:2]
    assert a == pytest.approx(160)
    assert b == pytest.approx(160 * LATTICE.area_km2[1] / LATTICE.area_km2.sum(), rel=1e-6)


@given(data=st.data())
@settings(max_examples=25)
def test_a_cover_that_holds_another_never_has_a_smaller_share(data):
    squares = st.builds(square, st.floats(-100, 1_300), st.floats(-100, 700), st.floats(20, 600))
    small = data.draw(st.lists(squares, min_size=1, max_size=3))
    more = data.draw(st.lists(squares, max_size=2))
    seed = data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    houses = points(
        *[at(*p) for p in rng.uniform((0, 0), (1_150, 800), (40, 2))], weights=rng.uniform(0, 1, 40)
    )
    for surface in (Surface(id="even"), houses):
        one, both = reached(surface, areas(*small)), reached(surface, areas(*small, *more))
        for code in CODES:
            assert one[code][0] <= both[code][0] <= 1
            assert one[code][0] == one[code][1]  # nothing is unknown
        open_ = reached(surface, dataclasses.replace(areas(*small), outside="unknown"))
        assert all(share[1] == 1 for share in open_.values())
