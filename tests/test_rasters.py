"""Rasters painted on the lattice: 3 by 3 cells by hand, every way a file may be written, brute force, exactextract."""

from itertools import pairwise

import numpy as np
import pytest
import rasterio
import shapely
from counting_fixture import (
    NORTH,
    SHAPES,
    WEST,
    at,
    country,
    land,
    middles,
    picture,
    raster,
    write_raster,
)
from exactextract import exact_extract
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_coverage.counting import rasters
from notspot_coverage.counting.edges import moved_edges
from notspot_coverage.counting.painting import Cover
from notspot_coverage.counting.rasters import paint_raster, paint_strip, values_at
from notspot_coverage.counting.services import Surface
from notspot_coverage.counting.spreads import shares, spread
from notspot_geodata.crs import transformer
from notspot_geodata.errors import InputError

LATTICE = country().lattice
NAN = np.nan
THREE = [[-90, -100, -110], [-105, NAN, -104.99], [-105.01, -80, NAN]]  # 300 by 300 m in the village A
HERE = picture(LATTICE, LATTICE.words(np.uint64(2**64 - 1)))


def painted(layer, *thresholds):
    """Pictures of (yes, unknown, outer, inner) at the layer's threshold, or at some."""
    found = [tuple(picture(LATTICE, words) for words in four) for four in
             paint_raster(LATTICE, layer, thresholds or [layer.at_least])[0]]  # fmt: skip
    return found if thresholds else found[0]


def block(picture_, row, column, side=8):
    """Whether all (True), none (False) or some (None) of a block of sub-cells are set, from `NORTH`, `WEST`."""
    top, left = round((LATTICE.grid.north - NORTH) / 12.5), round((WEST - LATTICE.grid.west) / 12.5)
    part = picture_[
        top + side * row : top + side * (row + 1), left + side * column : left + side * (column + 1)
    ]
    return None if part.any() and not part.all() else bool(part.all())


def blocks(picture_, rows=3, columns=3):
    return [[block(picture_, r, c) for c in range(columns)] for r in range(rows)]


def brute(path, x, y, crs="EPSG:3826"):
    """Values of a file at points of EPSG:3826, as they are stored."""
    with rasterio.open(path) as file:
        values = file.read(1, masked=True).astype(float).filled(np.nan)
        px, py = transformer("EPSG:3826", crs).transform(x.ravel(), y.ravel())
        move = ~file.transform
    u, v = move.a * px + move.b * py + move.c, move.d * px + move.e * py + move.f
    c, r = np.floor(u).astype(int), np.floor(v).astype(int)
    inside = (c >= 0) & (r >= 0) & (c < values.shape[1]) & (r < values.shape[0])
    out = np.full(x.size, np.nan)
    out[inside] = values[r[inside], c[inside]]
    return out.reshape(x.shape)


# ------------------------------------------------------------------ three by three


def test_nine_cells_that_are_cells_of_the_lattice(tmp_path):
    yes, unknown, _, _ = painted(raster(write_raster(tmp_path / "r.tif", THREE), -105))
    assert blocks(yes) == [[True, True, False], [True, False, True], [False, True, False]]
    assert blocks(unknown) == [[False, False, False], [False, True, False], [False, False, True]]
    assert not (yes & unknown).any()
    rest = HERE.copy()
    rest[8:32, 8:32] = False
    assert (unknown & rest == rest).all()  # beyond the raster
    assert yes.sum() == 5 * 64


def test_what_is_outside_may_be_not_covered(tmp_path):
    layer = raster(write_raster(tmp_path / "r.tif", THREE), -105, outside="not covered")
    yes, unknown, _, _ = painted(layer)
    assert yes.sum() == 5 * 64
    assert not unknown.any()


def test_half_a_cell_off_the_lattice(tmp_path):
    layer = raster(write_raster(tmp_path / "r.tif", [[1, 0], [0, 1]], west=50, north=50), 1, "covered")
    yes, _, _, _ = painted(layer)
    quarter = [[block(yes, r, c, side=4) for c in range(6)] for r in range(6)]
    n, y = False, True
    assert quarter == [
        [n] * 6,
        [n, y, y, n, n, n],
        [n, y, y, n, n, n],
        [n, n, n, y, y, n],
        [n, n, n, y, y, n],
        [n] * 6,
    ]


@pytest.mark.parametrize("how", ["upside down", "mirrored", "both", "turned"])
def test_rows_and_columns_may_run_any_way(tmp_path, how):
    rng = np.random.default_rng(1)
    values = np.where(rng.random((9, 12)) < 0.2, NAN, rng.uniform(-120, -90, (9, 12)))
    straight = painted(raster(write_raster(tmp_path / "a.tif", values, cell_m=70, west=-20), -105))
    west, north, south, east = WEST - 20, NORTH, NORTH - 9 * 70, WEST - 20 + 12 * 70
    turned, transform = {
        "upside down": (values[::-1], rasterio.Affine(70, 0, west, 0, 70, south)),
        "mirrored": (values[:, ::-1], rasterio.Affine(-70, 0, east, 0, -70, north)),
        "both": (values[::-1, ::-1], rasterio.Affine(-70, 0, east, 0, 70, south)),
        "turned": (values.T, rasterio.Affine(0, 70, west, -70, 0, north)),
    }[how]
    found = painted(raster(write_raster(tmp_path / "b.tif", turned, transform=transform), -105))
    for one, other in zip(straight, found, strict=True):
        assert (one == other).all()


# ------------------------------------------------------------------ thresholds and values


@pytest.mark.parametrize("limit", [-105, -105.1, -97.3, 2.1, 0.1])
def test_a_value_meets_the_threshold_that_is_written_like_it(tmp_path, limit):
    values = np.full((3, 3), limit)
    for dtype in ("float32", "float64"):
        yes, _, _, _ = painted(raster(write_raster(tmp_path / "r.tif", values, dtype=dtype), limit))
        assert yes.sum() == 9 * 64
        yes, _, _, _ = painted(raster(tmp_path / "r.tif", np.nextafter(np.float32(limit), np.float32(99))))
        assert not yes.any()


def test_scaled_integers_meet_the_threshold_that_is_written_like_them(tmp_path):
    tenths = np.arange(-1400, -500)  # every decimal of dBm, over and over again in float32
    path = write_raster(
        tmp_path / "r.tif", tenths.reshape(30, 30), cell_m=10, dtype="int16", scale=0.1, nodata=-1
    )
    x, y = np.meshgrid(WEST + 5 + 10 * np.arange(30), NORTH - 5 - 10 * np.arange(30))
    values = values_at(raster(path, -105), x.ravel(), y.ravel())
    assert (values.astype(np.float32) == (tenths / 10).astype(np.float32)).all()


def test_scale_and_offset(tmp_path):
    stored = [[200, 100], [50, 255]]
    path = write_raster(tmp_path / "r.tif", stored, dtype="uint8", nodata=255, scale=0.5, offset=-155)
    yes, unknown, _, _ = painted(raster(path, -105))
    assert blocks(yes, 2, 2) == [[True, True], [False, False]]
    assert blocks(unknown, 2, 2) == [[False, False], [False, True]]


@pytest.mark.parametrize("nodata", [None, -9999.0, NAN, float(np.finfo("float32").min)])
def test_what_is_no_number_is_unknown_whatever_the_file_says(tmp_path, nodata):
    values = np.array([[1.0, NAN, np.inf], [0.0, -np.inf, 1.0], [1.0, 1.0, 1.0]])
    yes, unknown, _, _ = painted(
        raster(write_raster(tmp_path / "r.tif", values, nodata=nodata), 1, "covered")
    )
    assert blocks(yes) == [[True, False, False], [False, False, True], [True, True, True]]
    assert blocks(unknown) == [[False, True, True], [False, True, False], [False, False, False]]


def test_a_nodata_value_of_float32_that_is_no_float32(tmp_path):
    values = [[-9999.9, 1.0], [0.0, -9999.9]]
    yes, unknown, _, _ = painted(
        raster(write_raster(tmp_path / "r.tif", values, nodata=-9999.9), -10000, "mbps")
    )
    assert blocks(unknown, 2, 2) == [[True, False], [False, True]]
    assert blocks(yes, 2, 2) == [[False, True], [True, False]]


def test_a_mask_is_minded(tmp_path):
    path = write_raster(tmp_path / "r.tif", np.ones((3, 3)), nodata=None)
    with rasterio.open(path, "r+") as file:
        file.write_mask(np.eye(3).astype(np.uint8) * 255)
    yes, unknown, _, _ = painted(raster(path, 1, "covered"))
    assert blocks(yes) == np.eye(3, dtype=bool).tolist()
    assert blocks(unknown) == (~np.eye(3, dtype=bool)).tolist()


def test_values_at_points(tmp_path):
    layer = raster(write_raster(tmp_path / "r.tif", THREE), -105)
    points = [
        at(50, 50),
        at(150, 150),
        at(250, 150),
        at(-1, 50),
        at(299.9, 250),
        at(50, 299.9),
        at(50, 300.1),
    ]
    x, y = shapely.get_coordinates(points).T
    assert values_at(layer, x, y) == pytest.approx(
        [-90, NAN, -104.99, NAN, NAN, -105.01, NAN], nan_ok=True, abs=1e-5
    )
    assert np.isnan(values_at(layer, np.array([NAN, np.inf, 1e12]), np.array([NAN, 2.65e6, 1e12]))).all()
    assert values_at(layer, np.empty(0), np.empty(0)).shape == (0,)


# ------------------------------------------------------------------ brute force


@given(
    cell_m=st.sampled_from([3.0, 12.5, 20.0, 33.0, 60.0, 100.0, 150.0, 400.0]),
    west=st.floats(-150, 150),
    north=st.floats(-150, 150),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_every_sub_cell_takes_the_value_that_its_middle_lies_in(tmp_path_factory, cell_m, west, north, seed):
    rng = np.random.default_rng(seed)
    size = int(np.ceil(900 / cell_m))
    values = np.where(rng.random((size, size)) < 0.1, NAN, rng.uniform(-120, -90, (size, size)))
    path = write_raster(
        tmp_path_factory.mktemp("r") / "r.tif", values, cell_m=cell_m, west=west, north=north, dtype="float64"
    )
    x, y = middles(LATTICE)
    u = np.abs((x - WEST - west) / cell_m % 1 - 0.5), np.abs((NORTH - north - y) / cell_m % 1 - 0.5)
    sure = HERE & (u[0] < 0.5 - 1e-9) & (u[1] < 0.5 - 1e-9)  # not on a line between two cells
    expected = brute(path, x, y)
    for limit, (yes, unknown, _, _) in zip(
        (-110, -101.5), painted(raster(path, 0), -110, -101.5), strict=True
    ):
        assert (yes == (expected.astype(np.float32) >= np.float32(limit)))[sure].all()
        assert (unknown == np.isnan(expected))[sure].all()


@pytest.mark.parametrize("degrees", [0.00007, 0.0003, 0.001, 0.004])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3828"])
def test_rasters_in_another_system(tmp_path, degrees, crs):
    rng = np.random.default_rng(7)
    cell = degrees if crs == "EPSG:4326" else degrees * 100_000
    corner = transformer("EPSG:3826", crs).transform(WEST - 300, NORTH + 300)
    size = int((0.025 if crs == "EPSG:4326" else 2_500) / cell) + 1
    values = rng.uniform(-120, -90, (size, size))
    place = rasterio.Affine(cell, 0, corner[0], 0, -cell, corner[1])
    path = write_raster(tmp_path / "r.tif", values, crs=crs, transform=place, dtype="float64")
    x, y = middles(LATTICE)
    expected = brute(path, x, y, crs) >= -105
    yes, unknown, _, _ = painted(raster(path, -105))
    # the mesh between systems is out by less than 2 cm: only sub-cells on a line between two cells can differ
    assert ((yes != expected) & HERE).sum() <= 0.04 / min(
        cell * 100_000, 1e9 if crs == "EPSG:4326" else cell
    ) * 4 * HERE.sum() + 2
    assert not (unknown & ~np.isnan(expected) & ~HERE).any()
    stated = write_raster(tmp_path / "n.tif", values, crs=None, transform=place, dtype="float64")
    again, _, _, _ = painted(raster(stated, -105, crs=crs))
    assert (again == yes).all()


def test_the_shares_of_villages_are_those_of_exactextract_where_cells_are_whole_sub_cells(tmp_path):
    rng = np.random.default_rng(3)
    values = np.where(rng.random((48, 96)) < 0.1, NAN, rng.uniform(-120, -90, (48, 96)))
    path = write_raster(tmp_path / "r.tif", values, cell_m=25, west=-137.5, north=-112.5)
    even = spread(LATTICE, Surface(id="even"), country().locate)
    yes, unknown, outer, inner = paint_raster(LATTICE, raster(path, -105), [-105])[0][0]
    covered, possible = shares(even, Cover(yes, unknown, outer, inner), len(LATTICE.codes))
    with rasterio.open(path) as file:
        read = file.read(1, masked=True).filled(np.nan)
        place = file.transform
    for name, flags, found in (
        ("yes", read >= -105, covered),
        ("unknown", np.isnan(read), possible - covered),
    ):
        path = write_raster(tmp_path / f"{name}.tif", flags, transform=place, nodata=None)
        frame = country().villages.set_index("village_code").loc[list(LATTICE.codes)]
        expected = exact_extract(str(path), frame.reset_index(), "mean", output="pandas")["mean"]
        assert found == pytest.approx(expected.to_numpy(), abs=1e-9), name


def test_a_raster_at_an_angle_to_the_villages_is_off_by_what_its_outline_holds(tmp_path):
    """A sub-cell is 12.5 m: at most the sub-cells along edges between cells can err, and they err both ways."""
    rng = np.random.default_rng(5)
    values = rng.uniform(0, 1, (12, 24))
    path = write_raster(tmp_path / "r.tif", values, cell_m=90.7, west=-111.1, north=-101.3)
    yes, *_ = painted(raster(path, 0.5, "probability"))
    x, y = middles(LATTICE)
    cells = [
        shapely.box(WEST - 111.1 + 90.7 * c, NORTH + 101.3 - 90.7 * (r + 1),
                    WEST - 111.1 + 90.7 * (c + 1), NORTH + 101.3 - 90.7 * r)
        for r, c in np.argwhere(values >= 0.5)
    ]  # fmt: skip
    union = shapely.union_all(cells)
    for shape in SHAPES.values():
        inside = shapely.contains_xy(shape, x, y)
        exact = shape.intersection(union)
        assert abs((yes & inside).sum() * 12.5**2 - exact.area) <= 0.5 * 12.5 * exact.length


# ------------------------------------------------------------------ edges


@pytest.mark.parametrize(
    ("cell_m", "reach"), [(10, 1), (20, 1), (25, 1), (50, 2), (100, 4), (200, 8), (300, 12)]
)
def test_the_edge_moves_by_half_a_cell_of_the_raster(tmp_path, cell_m, reach):
    size = 2400 // cell_m
    values = np.zeros((size, size))
    values[:, : 600 // cell_m] = 1  # covered west of x = 300
    yes, _, outer, inner = painted(
        raster(write_raster(tmp_path / "r.tif", values, cell_m=cell_m, west=-300, north=-300), 1, "covered")
    )
    line = round((NORTH - LATTICE.grid.north) / -12.5) + 5  # a line of sub-cells in A and B
    start = round((WEST - LATTICE.grid.west) / 12.5)
    assert [int(p[line, start : start + 60].sum()) for p in (inner, yes, outer)] == [
        24 - reach,
        24,
        24 + reach,
    ]


def test_there_is_no_edge_at_what_is_unknown(tmp_path):
    values = np.full((12, 12), 1.0)
    values[:, 3:] = NAN
    yes, unknown, outer, inner = painted(
        raster(write_raster(tmp_path / "r.tif", values, north=-200), 1, "covered")
    )
    assert (outer == yes).all()
    assert (inner == yes).all()
    assert (unknown == HERE & ~yes).all()


@given(seed=st.integers(0, 10_000), reach=st.integers(1, 20))
@settings(max_examples=30)
def test_moved_edges_are_squares_around_every_sub_cell(seed, reach):
    rng = np.random.default_rng(seed)

    def some(share):
        return np.packbits(rng.random((len(LATTICE), 64)) < share, axis=1).view(np.uint64).ravel()

    yes = some(0.02)
    known = yes | some(0.9)
    outer, inner = (picture(LATTICE, words) for words in moved_edges(LATTICE, yes, known, reach))
    on, there = picture(LATTICE, yes), picture(LATTICE, known)
    here = land(LATTICE)
    assert (outer == on | (_grown(on, reach, here) & there)).all()
    assert (inner == on & ~_grown(there & ~on, reach, here)).all()


def _grown(flags, reach, here):
    """Growth by a square, at most a cell at a time, over land."""
    for a, b in pairwise([*range(0, reach, 8), reach]):
        for axis in (1, 0):
            out = flags.copy()
            for s in range(1, b - a + 1):
                for way in (s, -s):
                    out |= np.roll(flags, way, axis)  # the rim of the lattice is sea
            flags = out & here
    return flags


# ------------------------------------------------------------------ strips, and files that cannot be read


def test_strips_of_any_height_and_any_runner_give_the_same(tmp_path, monkeypatch):
    rng = np.random.default_rng(9)
    path = write_raster(tmp_path / "r.tif", rng.uniform(-120, -90, (30, 50)), cell_m=37, west=-70, north=-33)
    layer = raster(path, -105)
    before = paint_raster(LATTICE, layer, [-110, -105])
    monkeypatch.setattr(rasters, "STRIP_ROWS", (1, 2))
    jobs = []

    def in_turn(work, strips):
        for strip in strips:
            jobs.append(strip)
            assert work is paint_strip
            yield work(strip)

    after = paint_raster(LATTICE, layer, [-110, -105], in_turn)
    assert len(jobs) > 3
    assert np.array_equal(before[1], after[1], equal_nan=True)
    for one, other in zip(before[0], after[0], strict=True):
        for a, b in zip(one, other, strict=True):
            assert (a == b).all()


@pytest.mark.parametrize("west", [1_000, 200_000, -3e7])
def test_a_raster_that_lies_elsewhere_says_nothing(tmp_path, west):
    layer = raster(write_raster(tmp_path / "r.tif", THREE, west=west + 1000), -105)
    yes, unknown, outer, _ = painted(layer)
    assert not yes.any()
    assert not outer.any()
    assert (unknown == HERE).all()


def test_a_raster_of_the_other_side_of_the_world_says_nothing(tmp_path):
    place = rasterio.Affine(10, 0, 500_000, 0, -10, 4_000_000)
    layer = raster(
        write_raster(tmp_path / "r.tif", THREE, crs="EPSG:32618", transform=place), -105
    )  # New York
    assert (painted(layer)[1] == HERE).all()


def test_a_raster_without_a_system_needs_one_in_the_layer(tmp_path):
    path = write_raster(tmp_path / "r.tif", THREE, crs=None)
    with pytest.raises(InputError, match="crs is missing, and the layer names none"):
        painted(raster(path, -105))
    assert painted(raster(path, -105, crs="EPSG:3826"))[0].sum() == 5 * 64


def test_a_file_that_is_no_raster(tmp_path):
    (tmp_path / "r.tif").write_text("no raster", encoding="utf-8")
    for call in (painted, lambda layer: values_at(layer, np.zeros(1), np.zeros(1))):
        with pytest.raises(InputError, match=r"r\.tif: 1 problem\n.*cannot be read as a raster"):
            call(raster(tmp_path / "r.tif", -105))
