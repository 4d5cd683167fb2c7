"""Terrain in windows: what the raster holds and nothing else, in metres, on one grid, with sea and holes."""

import pickle
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio import Affine
from shared_data import shared

from notspot_geodata import crs, places
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.raster_tiles import Reader
from notspot_geodata.terrain import COASTAL, INLAND, SEA, open_clutter, open_terrain

WEST, NORTH = 240_000.0, 2_660_000.0  # EPSG:3826, in the mountains of Nantou, far from the sea
SLOPE = (np.add.outer(np.arange(60.0), np.arange(80.0)) * 10 + 500).astype(np.float32)
ALPS = {"west": 8.7, "north": 47.1, "res": 1 / 1200, "system": "EPSG:4326"}  # degrees, far from Taiwan
FOREVER = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def put(tmp_path):
    """Writes a raster; by default one of 100 m cells on land in the middle of Taiwan."""

    def write(
        cells,
        name="dem.tif",
        *,
        west=WEST,
        north=NORTH,
        res=100.0,
        system="EPSG:3826",
        transform=None,
        units=None,
        palette=None,
        **more,
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cells = np.asarray(cells)
        bands = cells if cells.ndim == 3 else cells[None]
        count, height, width = bands.shape
        place = transform or Affine(res, 0, west, 0, -res, north)
        profile = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": bands.dtype}
        with rasterio.open(path, "w", crs=system, transform=place, **profile, **more) as file:
            file.write(bands)
            if units:
                file.units = [units] * count
            if palette:
                file.write_colormap(1, palette)
        return path

    return write


def whole(terrain):
    return terrain.window(*terrain.bounds)


def middles(window):
    """Eastings and northings of the centres of a window's cells."""
    rows, columns = window.heights_m.shape
    return np.meshgrid(
        window.west_m + (np.arange(columns) + 0.5) * window.resolution_m,
        window.north_m - (np.arange(rows) + 0.5) * window.resolution_m,
    )


# ------------------------------------------------------------------ the raster's own grid


@pytest.mark.parametrize("dtype", ["float32", "int16", "int32", "uint16", "float64"])
def test_on_its_own_grid_every_value_comes_out_untouched(put, dtype):
    cells = np.random.default_rng(1).uniform(102, 3_900, (700, 530)).astype(dtype)
    window = whole(open_terrain(put(cells)))
    assert window.heights_m.tobytes() == cells.astype(np.float32).tobytes()
    assert (window.west_m, window.north_m, window.resolution_m) == (WEST, NORTH, 100)
    assert window.heights_m.flags.c_contiguous
    assert window.zones.flags.c_contiguous
    assert (window.zones == INLAND).all()


def test_a_window_is_snapped_outwards(put):
    terrain = open_terrain(put(SLOPE))
    window = terrain.window(WEST + 150, NORTH - 999, WEST + 301, NORTH - 800)
    assert (window.west_m, window.north_m) == (WEST + 100, NORTH - 800)
    assert window.heights_m.tolist() == SLOPE[8:10, 1:4].tolist()
    exact = terrain.window(WEST + 100, NORTH - 1000, WEST + 400, NORTH - 800)
    assert exact.heights_m.tolist() == window.heights_m.tolist()


def test_beyond_the_raster_all_is_unknown(put):
    window = open_terrain(put(SLOPE)).window(WEST - 200, NORTH - 100, WEST + 100, NORTH + 300)
    assert np.isnan(window.heights_m[:3]).all()
    assert np.isnan(window.heights_m[3, :2]).all()
    assert window.heights_m[3, 2] == SLOPE[0, 0]
    assert (window.zones == INLAND).all()


@pytest.mark.parametrize("bounds", [(1, 0, 0, 1), (0, 1, 1, 0), (0, 0, 0, 1), (0, 0, float("nan"), 1)])
def test_a_window_that_encloses_nothing_is_refused(put, bounds):
    with pytest.raises(UsageError, match="west < east"):
        open_terrain(put(SLOPE)).window(*bounds)


def test_rows_from_the_south_are_turned(put):
    upside = put(SLOPE[::-1], transform=Affine(100, 0, WEST, 0, 100, NORTH - 6_000))
    mirrored = put(SLOPE[:, ::-1], "m.tif", transform=Affine(-100, 0, WEST + 8_000, 0, -100, NORTH))
    large = np.arange(700 * 530, dtype="f4").reshape(700, 530) / 100  # read in pieces
    turned = put(large[::-1, ::-1], "l.tif", transform=Affine(-100, 0, WEST + 53_000, 0, 100, NORTH - 70_000))
    assert whole(open_terrain(turned)).heights_m.tobytes() == large.tobytes()
    for path in (upside, mirrored):
        window = whole(open_terrain(path))
        assert window.heights_m.tolist() == SLOPE.tolist()
        assert (window.west_m, window.north_m) == (WEST, NORTH)


def test_a_knife_edge_and_two_ridges_stay_where_they_are(put):
    cells = np.zeros((50, 90), dtype=np.int16) + 600
    cells[:, 20], cells[:, 70] = 1_500, 2_100
    heights = whole(open_terrain(put(cells))).heights_m
    assert np.flatnonzero(heights[10] > 600).tolist() == [20, 70]
    # a cell of the average holds 5 of the raster's, one of which is the ridge
    coarse = whole(open_terrain(put(cells), resolution_m=500)).heights_m
    assert coarse.shape == (10, 18)
    assert coarse[0, 4] == 600 + 900 / 5
    assert coarse[0, 14] == 600 + 1_500 / 5
    assert (np.delete(coarse, [4, 14], axis=1) == 600).all()


# ------------------------------------------------------------------ onto another grid


def sheet(system, middle=(250_000.0, 2_650_000.0), size=80, res=None):
    """A north-up raster's transform around a place in EPSG:3826, in another system."""
    x, y = crs.transformer("EPSG:3826", system).transform(*middle)
    res = res or (1 / 1200 if crs.parse_crs(system).is_geographic else 90.0)
    return Affine(res, 0, x - res * size / 2, 0, -res, y + res * size / 2)


SYSTEMS = ["EPSG:3825", "EPSG:3828", "EPSG:4326", "EPSG:3857", "EPSG:32651"]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("resolution", [40, 90, 350])
def test_flat_stays_flat_in_every_system(put, system, resolution):
    path = put(np.full((80, 80), 1234.5, "f4"), system=system, transform=sheet(system))
    window = whole(open_terrain(path, resolution_m=resolution))
    known = np.isfinite(window.heights_m)
    assert known.mean() > 0.8
    assert (window.heights_m[known] == 1234.5).all()


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_height_is_that_of_the_place(put, system):
    # a plane in the raster's own coordinates is linear between its cells: the exact place tells the height.
    # TWD67 (EPSG:3828) without its shift of 850 m would be wrong by 9 cells here
    transform = sheet(system)
    columns, rows = np.meshgrid(np.arange(80) + 0.5, np.arange(80) + 0.5)
    path = put((500 + 7 * columns + 3 * rows).astype("f4"), system=system, transform=transform)
    terrain = open_terrain(path, resolution_m=50)
    window = whole(terrain)
    x, y = crs.transformer("EPSG:3826", system).transform(*middles(window))
    u, v = ~transform @ (x, y)
    inner = (u > 1) & (u < 79) & (v > 1) & (v < 79)
    assert inner.mean() > 0.7
    off = np.abs(window.heights_m - (500 + 7 * u + 3 * v))[inner]
    assert off.max() < 0.01  # a thousandth of a cell
    assert np.isnan(window.heights_m[(u < 0) | (u >= 80) | (v < 0) | (v >= 80)]).all()


def test_a_cap_of_a_sphere_keeps_its_shape_in_degrees_and_rotated(put):
    def cap(x, y):
        return 1_000 + np.sqrt(9_000.0**2 - (x - 250_000) ** 2 - (y - 2_650_000) ** 2) - 8_000

    turned = Affine.translation(250_000, 2_650_000) @ Affine.rotation(33) @ Affine.scale(60, -60)
    turned @= Affine.translation(-50, -50)
    for system, transform in (
        ("EPSG:4326", sheet("EPSG:4326", size=100, res=1 / 1800)),
        ("EPSG:3826", turned),
    ):
        u, v = np.meshgrid(np.arange(100) + 0.5, np.arange(100) + 0.5)
        x, y = crs.transformer(system, "EPSG:3826").transform(*(transform @ (u, v)))
        path = put(cap(x, y).astype("f4"), system=system, transform=transform)
        window = whole(open_terrain(path, resolution_m=50))
        off = np.abs(window.heights_m - cap(*middles(window)))
        x, y = middles(window)
        inner = np.hypot(x - 250_000, y - 2_650_000) < 2_700
        assert inner.sum() > 9_000
        assert off[inner].max() < 0.12  # linear between cells of 60 m: (60² + 60²) / 8 / 9,000 m = 0.1 m


@FOREVER
@given(
    st.sampled_from([("EPSG:3825", 90), ("EPSG:4326", 60), ("EPSG:4326", 400), ("EPSG:3826", 250)]),
    st.lists(st.floats(-0.1, 1.1), min_size=8, max_size=8),
    st.sampled_from([16, 512]),
)
def test_a_cell_is_the_same_through_every_window(put, kind, cuts, chunk):
    system, resolution = kind
    cells = np.random.default_rng(3).uniform(200, 3_000, (80, 80)).astype("f4")
    cells[30:40, 20:60] = -32767
    path = put(cells, system=system, transform=sheet(system), nodata=-32767)
    terrain = open_terrain(path, resolution_m=resolution)
    terrain._chunk = chunk  # of what is worked out at once: many borders, or none
    complete = whole(open_terrain(path, resolution_m=resolution))
    west, south, east, north = terrain.bounds

    def part(a, b, c, d):
        a, b, c, d = *sorted((a, b)), *sorted((c, d))
        x, y = (west + f * (east - west) for f in (a, b)), (south + f * (north - south) for f in (c, d))
        (left, right), (low, high) = x, y
        return terrain.window(left, low, right + 1, high + 1)

    for window in (part(*cuts[:4]), part(*cuts[4:])):
        column = round((window.west_m - complete.west_m) / resolution)
        row = round((complete.north_m - window.north_m) / resolution)
        rows, columns = window.heights_m.shape
        padded = np.pad(complete.heights_m, 200, constant_values=np.nan)
        expected = padded[200 + row : 200 + row + rows, 200 + column : 200 + column + columns]
        np.testing.assert_array_equal(window.heights_m, expected)


@FOREVER
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 7]))
def test_averages_keep_the_sum(put, wide, high, seed, ratio):
    cells = np.random.default_rng(seed).uniform(0, 3_900, (high * ratio, wide * ratio)).astype("f4")
    path = put(cells, west=WEST + 2_100 * 3, north=NORTH + 2_100 * 3, res=100)  # a multiple of every size
    west, north = (
        WEST + 6_300 - (WEST + 6_300) % (100 * ratio),
        NORTH + 6_300 - (NORTH + 6_300) % (100 * ratio),
    )
    path = put(cells, west=west, north=north)
    heights = whole(open_terrain(path, resolution_m=100.0 * ratio)).heights_m
    assert heights.shape == (high, wide)
    expected = cells.astype(float).reshape(high, ratio, wide, ratio).mean(axis=(1, 3))
    np.testing.assert_allclose(heights, expected, atol=3e-4)


def test_averages_keep_the_sum_where_cells_are_cut(put):
    # cells of 250 m over cells of 100 m, which they cut: by hand, (2 · 10 + 0.5 · 40) / 2.5
    row = np.array([10, 10, 40, 70, 70], dtype="f4")
    path = put(np.tile(row, (5, 1)), west=WEST, north=NORTH)
    heights = whole(open_terrain(path, resolution_m=250)).heights_m
    np.testing.assert_allclose(heights, [[16, 64], [16, 64]], rtol=1e-6)


@FOREVER
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.9), st.sampled_from([60, 90, 300]))
def test_nodata_never_bleeds_into_heights(put, seed, share, resolution):
    random = np.random.default_rng(seed)
    cells = random.uniform(1_000, 1_100, (60, 60)).astype("f4")
    cells[random.random((60, 60)) < share] = -32767
    cells[0, 0], cells[59, 59] = 1_000, 1_100
    path = put(cells, system="EPSG:3825", transform=sheet("EPSG:3825", size=60), nodata=-32767)
    heights = whole(open_terrain(path, resolution_m=resolution)).heights_m
    known = heights[np.isfinite(heights)]
    assert ((known >= 999.999) & (known <= 1_100.001)).all()
    if share < 0.2:
        assert len(known) > 0.5 * (6_000 / resolution) ** 2


def test_the_resolution_is_the_nearest_equivalent_in_metres(put):
    for system, res, expected in (
        ("EPSG:4326", 1 / 3600, 30),
        ("EPSG:4326", 1 / 1200, 90),
        ("EPSG:3825", 20, 20),
        ("EPSG:3825", 5, 5),
        ("EPSG:3826", 37.3, 37.3),
    ):
        terrain = open_terrain(put(SLOPE, system=system, transform=sheet(system, res=res)))
        assert terrain.resolution_m == expected
        if system != "EPSG:3826":
            assert any(f"worked with as cells of {expected} m in EPSG:3826" in note for note in terrain.notes)
            assert np.allclose(np.array(terrain.bounds) % expected, 0)


@pytest.mark.parametrize("resolution", [0, -5, float("nan"), float("inf"), 100_000])
def test_a_resolution_that_does_not_suit_is_refused(put, resolution):
    with pytest.raises(UsageError, match="does not suit"):
        open_terrain(put(SLOPE), resolution_m=resolution)


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("EPSG:4326", "in degrees"),
        (3857, "stretches"),
        ("EPSG:2263", "not projected in metres"),
        ("x", "'x'"),
    ],
)
def test_the_working_system_is_metric(put, system, said):
    with pytest.raises(UsageError, match=said):
        open_terrain(put(SLOPE), to_crs=system)


# ------------------------------------------------------------------ sea, holes, zones


@pytest.fixture
def coast():
    """Cells of 200 m on the coast of Changhua, and which of them are on land by another way."""
    west, north, size = 166_000.0, 2_655_000.0, 100
    x, y = np.meshgrid(west + 200 * (np.arange(size) + 0.5), north - 200 * (np.arange(size) + 0.5))
    land = places.kilometres_off(crs.to_lonlat(np.column_stack([x.ravel(), y.ravel()]), "EPSG:3826")) == 0
    land = land.reshape(size, size)
    assert 0.2 < land.mean() < 0.8
    return west, north, land


def test_around_taiwan_water_is_sea_and_unknown_land_is_a_hole(put, coast):
    west, north, land = coast
    cells = np.where(land, 30, -5).astype("f4")
    cells[:, ::7] = -9999  # on land and at sea
    cells[::9, 3] = 2.5  # an islet that the polygons leave out
    window = whole(open_terrain(put(cells, west=west, north=north, res=200, nodata=-9999)))
    nodata = cells == -9999
    sea = ~land & ~(cells > 0)
    assert (window.zones[sea] == SEA).all()
    assert (window.heights_m[sea] == 0).all()
    assert np.isnan(window.heights_m[land & nodata]).all()
    assert (window.zones[land & nodata] == INLAND).all()
    rest = ~sea & ~nodata
    assert (window.heights_m[rest] == cells[rest]).all()
    assert (window.zones[rest] == COASTAL).all()


def test_the_sea_beyond_the_raster_is_unknown(put, coast):
    west, north, _ = coast
    terrain = open_terrain(put(np.full((9, 9), -3, "f4"), west=west - 5_000, north=north))
    window = terrain.window(west - 5_500, north - 1_500, west - 3_500, north + 500)
    inside = np.zeros((20, 20), dtype=bool)
    inside[5:14, 5:14] = True
    assert (window.heights_m[inside] == 0).all()
    assert (window.zones[inside] == SEA).all()
    assert np.isnan(window.heights_m[~inside]).all()
    assert (window.zones[~inside] == INLAND).all()


def test_an_islet_far_from_the_polygons_is_coastal(put):
    x, y = crs.transformer("EPSG:4326", "EPSG:3826").transform(116.72, 20.70)  # Dongsha
    cells = np.zeros((20, 20), "f4")
    cells[8:12, 8:12] = 3
    window = whole(open_terrain(put(cells, west=x - 1_000, north=y + 1_000)))
    assert (window.zones[8:12, 8:12] == COASTAL).all()
    assert (window.zones == SEA).sum() == 400 - 16


def test_land_at_or_below_sea_level_is_land(put):
    window = whole(open_terrain(put(np.full((9, 9), -2, "f4"), west=175_000 + 15_000, north=2_660_000)))
    assert (window.heights_m == -2).all()
    assert (window.zones == COASTAL).all()


@pytest.mark.parametrize(("sea", "zone"), [("nodata", SEA), ("none", INLAND)])
def test_what_is_sea_can_be_told(put, coast, sea, zone):
    west, north, land = coast
    cells = np.where(land, -9999, 30).astype("f4")  # the other way round: polygons are not asked
    cells[0, 0] = -1
    window = whole(open_terrain(put(cells, west=west, north=north, res=200, nodata=-9999), sea=sea))
    assert (window.zones[land] == zone).all()
    assert (window.heights_m[land] == 0).all() if sea == "nodata" else np.isnan(window.heights_m[land]).all()
    assert window.heights_m[0, 0] == -1
    assert (window.zones[~land] == (COASTAL if sea == "nodata" else INLAND)).all()


def test_far_from_taiwan_nothing_is_sea(put):
    cells = SLOPE.copy()
    cells[:10] = -9999
    terrain = open_terrain(put(cells - 1_000, nodata=-10_999, **ALPS), to_crs="EPSG:32632")
    window = whole(terrain)
    assert any("far from Taiwan" in note for note in terrain.notes)
    assert set(np.unique(window.zones)) == {INLAND}
    assert np.nanmin(window.heights_m) < -100


def test_coastal_land_is_low_and_near_the_sea(put):
    # across the island at its widest: the middle is more than 50 km from either coast
    x0, y0, size = 165_000.0, 2_640_000.0, 300
    cells = np.full((40, 500), 40, dtype="i2")
    cells[20:] = 101
    window = whole(open_terrain(put(cells, west=x0, north=y0, res=size)))
    x, y = middles(window)
    lonlat = crs.to_lonlat(np.column_stack([x.ravel(), y.ravel()]), "EPSG:3826")
    land = (places.kilometres_off(lonlat) == 0).reshape(x.shape)
    # the distance to the coast by another way: from points of the sea, 400 m apart
    gx, gy = np.meshgrid(np.arange(90_000, 350_000, 1_000.0), np.arange(2_560_000, 2_720_000, 1_000.0))
    sea = places.kilometres_off(crs.to_lonlat(np.column_stack([gx.ravel(), gy.ravel()]), "EPSG:3826")) > 0
    water = np.column_stack([gx.ravel(), gy.ravel()])[sea]
    row = 5
    away = np.array([np.hypot(*(water - (px, py)).T).min() for px, py in zip(x[row], y[row], strict=True)])
    inner = land[row] & (away > 53_000)
    outer = land[row] & (away < 47_000)
    assert inner.sum() > 20
    assert outer.sum() > 100
    assert (window.zones[row, inner] == INLAND).all()
    assert (window.zones[row, outer] == COASTAL).all()
    assert (window.zones[20:][land[20:]] == INLAND).all()


def test_the_distance_to_a_sea_of_nodata_is_found(put):
    cells = np.full((40, 400), 20, dtype="f4")
    cells[:, :50] = -9999
    path = put(cells, nodata=-9999, west=500_000, north=5_200_000, res=500, system="EPSG:32632")
    window = whole(open_terrain(path, to_crs="EPSG:32632", sea="nodata"))
    zones = window.zones[20]
    assert (zones[:50] == SEA).all()
    edge = 50 + int((zones[50:] == COASTAL).sum())
    assert (zones[50:edge] == COASTAL).all()
    assert (zones[edge:] == INLAND).all()
    assert abs((edge - 50) * 500 - 50_000) <= 1_500


# ------------------------------------------------------------------ many files


def quarters(put, cells, folder="tiles", **more):
    """The cells as four tiles whose names are in no order of place."""
    rows, columns = cells.shape[0] // 2, cells.shape[1] // 2
    for name, r, c in (("d", 0, 0), ("a", 0, 1), ("c", 1, 0), ("b", 1, 1)):
        part = cells[r * rows : (r + 1) * rows, c * columns : (c + 1) * columns]
        place = {"west": WEST + c * columns * 100, "north": NORTH - r * rows * 100}
        path = put(part, f"{folder}/{name}.tif", **place, **more)
    return path.parent


@pytest.mark.parametrize("resolution", [None, 70, 300])
def test_tiles_are_one_raster(put, resolution):
    folder = quarters(put, SLOPE)
    (folder / "readme.txt").write_text("not a raster")
    one = whole(open_terrain(put(SLOPE, "one.tif"), resolution_m=resolution))
    many = open_terrain(folder, resolution_m=resolution)
    assert [path.name for path in many.files] == ["a.tif", "b.tif", "c.tif", "d.tif"]
    np.testing.assert_array_equal(whole(many).heights_m, one.heights_m)


def test_where_tiles_overlap_the_first_by_name_that_knows_leads(put):
    first = np.full((10, 10), 700, "f4")
    first[:5] = -9999
    put(first, "t/a.tif", nodata=-9999)
    put(np.full((10, 10), 800, "f4"), "t/b.tif", west=WEST + 300)
    folder = put(np.full((10, 10), 900, "f4"), "t/sub/c.tif", west=WEST + 300).parent.parent
    heights = whole(open_terrain(folder)).heights_m
    assert (heights[5:, :10] == 700).all()
    assert (heights[:5, 3:] == 800).all()
    assert (heights[5:, 10:] == 800).all()
    assert np.isnan(heights[:5, :3]).all()


def test_tiles_of_other_systems_and_cells_are_joined_and_told(put):
    put(np.full((60, 60), 1_000, "f4"), "t/a.tif")
    put(
        np.full((60, 60), 2_000, "f4"),
        "t/b.tif",
        system="EPSG:3825",
        transform=sheet("EPSG:3825", (248_000, 2_657_000), 60),
    )
    folder = put(np.full((90, 90), 1_500, "f4"), "t/c.tif", west=WEST, north=NORTH - 6_000, res=50).parent
    terrain = open_terrain(folder)
    assert any("3 different grids" in note for note in terrain.notes)
    window = whole(terrain)
    assert terrain.resolution_m == 100
    assert (terrain.window(WEST, NORTH - 6_000, WEST + 6_000, NORTH).heights_m == 1_000).all()
    assert (terrain.window(WEST, NORTH - 10_500, WEST + 4_500, NORTH - 6_000).heights_m == 1_500).all()
    assert set(np.unique(window.heights_m[np.isfinite(window.heights_m)])) == {1_000, 1_500, 2_000}


def test_a_gap_between_tiles_is_sea_off_the_land_and_a_hole_on_it(put, coast):
    west, north, land = coast
    put(np.where(land[:, :30], 10, 0).astype("f4"), "t/a.tif", west=west, north=north, res=200)
    folder = put(
        np.where(land[:, 70:], 10, 0).astype("f4"), "t/b.tif", west=west + 70 * 200, north=north, res=200
    ).parent
    gap = whole(open_terrain(folder)).heights_m[:, 30:70]
    assert (gap[~land[:, 30:70]] == 0).all()
    assert np.isnan(gap[land[:, 30:70]]).all()
    # told that nodata is sea, what no file holds is not nodata
    assert np.isnan(whole(open_terrain(folder, sea="nodata")).heights_m[:, 30:70]).all()


# ------------------------------------------------------------------ systems that are wrong or absent


@pytest.mark.parametrize("system", ["EPSG:3826", "EPSG:3825", "EPSG:4326", "EPSG:3857"])
def test_without_a_system_the_land_tells(put, system):
    path = put(SLOPE, system=None, transform=sheet(system))
    terrain = open_terrain(path)
    assert any("no coordinate system is stated; read as EPSG:" in note for note in terrain.notes)
    x, y = (np.mean(terrain.bounds[i::2]) for i in (0, 1))
    assert np.hypot(x - 250_000, y - 2_650_000) < 1_500  # another zone is 200 km away


def test_numbers_that_fit_nowhere_ask_for_the_system(put):
    for place in ({"west": 5e6, "north": 9e6}, {"west": 8.7, "north": 47.1, "res": 1 / 1200}):
        with pytest.raises(InputError, match=r"--dem-crs EPSG:3826"):
            open_terrain(put(SLOPE, system=None, **place))
    with pytest.raises(InputError, match="northing first"):
        open_terrain(put(SLOPE, system=None, west=NORTH, north=WEST))
    with pytest.raises(InputError, match="no georeference"):
        open_terrain(put(SLOPE, system=None, transform=Affine.identity()))


def test_keys_that_cannot_be_true_are_repaired(put):
    metres = open_terrain(put(SLOPE, system="EPSG:4326"))
    assert any("WGS 84 is stated, but the numbers are metres" in note for note in metres.notes)
    np.testing.assert_array_equal(whole(metres).heights_m, SLOPE)
    zone = open_terrain(put(SLOPE, system="EPSG:3825", transform=sheet("EPSG:3826", (310_000, 2_760_000))))
    assert any("there the land would be sea; read as EPSG:3826" in note for note in zone.notes)
    wgs84 = "+proj=tmerc +lat_0=0 +lon_0=121 +k=0.9999 +x_0=250000 +y_0=0 +datum=WGS84 +units=m"
    named = open_terrain(put(SLOPE, system=wgs84))
    assert any("the projection is that of EPSG:3826" in note for note in named.notes)
    np.testing.assert_array_equal(whole(named).heights_m, SLOPE)


def test_the_system_told_overrides_all(put):
    told = open_terrain(put(SLOPE, system="EPSG:3825"), crs=3826)
    assert any("as told; the file states EPSG:3825" in note for note in told.notes)
    np.testing.assert_array_equal(whole(told).heights_m, SLOPE)
    assert not open_terrain(put(SLOPE), crs="EPSG:3826").notes
    with pytest.raises(UsageError, match="the numbers are no degrees"):
        open_terrain(put(SLOPE, system=None), crs="EPSG:4326")
    with pytest.raises(UsageError, match="not a coordinate system"):
        open_terrain(put(SLOPE), crs="nonsense")


# ------------------------------------------------------------------ units


@pytest.mark.parametrize(
    ("stated", "told", "metres"),
    [
        ({"units": "ft"}, None, 0.3048),
        ({"units": "US survey foot"}, None, 1200 / 3937),
        ({"system": "EPSG:3826+8228"}, None, 0.3048),
        ({"system": "EPSG:3826+6360"}, None, 1200 / 3937),
        ({"units": "metre"}, None, 1),
        ({}, "ft", 0.3048),
        ({}, "US-ft", 1200 / 3937),
        ({"units": "ft"}, "m", 1),
        ({"units": "m"}, "ft", 0.3048),
    ],
)
def test_heights_come_out_in_metres(put, stated, told, metres):
    terrain = open_terrain(put(SLOPE, **stated), unit=told)
    np.testing.assert_allclose(whole(terrain).heights_m, SLOPE * metres, rtol=1e-6)
    assert any("heights are" in note for note in terrain.notes) == (metres != 1 or told == "m")


def test_scale_and_offset_are_applied_before_the_unit(put):
    path = put(np.full((9, 9), 400, "i2"), units="ft")
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = [0.5], [100.0]
    assert whole(open_terrain(path)).heights_m[0, 0] == pytest.approx(300 * 0.3048)


def test_heights_that_look_like_feet_are_refused_until_told(put):
    path = put(SLOPE * 4)  # 7,520 in Nantou
    with pytest.raises(InputError, match="looks like feet") as error:
        open_terrain(path)
    assert "--dem-unit ft" in str(error.value)
    assert np.nanmax(whole(open_terrain(path, unit="ft")).heights_m) == pytest.approx(7_520 * 0.3048)
    assert np.nanmax(whole(open_terrain(path, unit="m")).heights_m) == 7_520
    assert open_terrain(put(SLOPE * 4, **ALPS), to_crs="EPSG:32632")  # elsewhere mountains may be that high
    with pytest.raises(InputError, match="no place on earth"):
        open_terrain(put(SLOPE + 9_000, **ALPS), to_crs="EPSG:32632")
    with pytest.raises(UsageError, match="give m, ft"):
        open_terrain(path, unit="yard")
    with pytest.raises(InputError, match="no unit of height"):
        open_terrain(put(SLOPE, units="Kelvin"))


# ------------------------------------------------------------------ nodata


@pytest.mark.parametrize("value", [-32768, -32767, -9999, -999, 3.4e38, -3.4028235e38, np.nan, np.inf])
@pytest.mark.parametrize("keyed", [True, False])
def test_no_value_is_unknown_with_and_without_a_key(put, value, keyed):
    cells = SLOPE.copy()
    cells[:15] = value
    terrain = open_terrain(put(cells, nodata=np.float32(value) if keyed else None))
    heights = whole(terrain).heights_m
    assert np.isnan(heights[:15]).all()
    assert (heights[15:] == SLOPE[15:]).all()
    assert any("about 25.0% of the cells hold no value" in note for note in terrain.notes)
    finite = np.isfinite(value) and abs(value) < 1e30
    said = any("although the file does not say so" in note for note in terrain.notes)
    assert said == (finite and not keyed)


def test_a_spike_that_the_first_look_missed_is_found_when_read(put, monkeypatch):
    monkeypatch.setattr("notspot_geodata.raster_sample.WHOLE_CELLS", 1)
    cells = np.full((900, 900), 500, "f4")
    cells[100, 100] = 20_000
    terrain = open_terrain(put(cells, res=20))
    with pytest.raises(InputError, match="20,000 as a height"):
        whole(terrain)


def test_a_value_in_one_corner_of_an_empty_raster_is_found(put, monkeypatch):
    monkeypatch.setattr("notspot_geodata.raster_sample.WHOLE_CELLS", 1)
    cells = np.full((900, 900), -9999, "f4")
    cells[77, 77] = 612
    assert np.nanmax(whole(open_terrain(put(cells, res=20, nodata=-9999))).heights_m) == 612


# ------------------------------------------------------------------ what is no terrain


def ones(dtype, bands=1):
    return np.ones((bands, 30, 30), dtype)


@pytest.mark.parametrize(
    ("cells", "more", "said"),
    [
        (ones("u1", 3), {}, "is a picture"),
        (ones("u1", 4), {}, "is a picture"),
        (ones("u2", 3), {"photometric": "RGB"}, "is a picture"),
        (ones("f4", 2), {}, "has 2 bands"),
        (ones("u1"), {}, "holds bytes"),
        (ones("u1"), {"palette": {1: (0, 99, 0, 255)}}, "colour table"),
        (ones("c8"), {}, "complex"),
        (ones("f4") * -9999, {"nodata": -9999}, "every cell is nodata"),
        (ones("f4") * np.nan, {}, "every cell is nodata"),
    ],
)
def test_a_raster_that_is_no_terrain_is_told_apart(put, cells, more, said):
    with pytest.raises(InputError, match=said):
        open_terrain(put(cells, **more))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("sites.csv", b"lon,lat\n121,24\n", "it is text, or a table"),
        ("report.pdf", b"%PDF-1.7\n", "it is a PDF"),
        ("dem.zip", b"PK\x03\x04xxxx", "unpack it"),
        ("dem.tif", b"II*\x00\x08\x00", "damaged, or broken off"),
        ("dem.tif", b"<!DOCTYPE html><title>404</title>", r"is an HTML page \('404'\)"),
        ("dem.tif", b"", "it is empty"),
        ("dem.tif", b"\x00\x01\x02\x03", "it begins with"),
    ],
)
def test_a_file_that_is_no_raster_is_told_apart(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        open_terrain(tmp_path / name)


def test_a_raster_that_broke_off_says_so(put):
    path = put(np.random.default_rng(1).random((600, 600)).astype("f4"))
    path.write_bytes(path.read_bytes()[:700_000])
    with pytest.raises(InputError, match=r"cannot be read|damaged"):
        whole(open_terrain(path))


def test_what_is_not_there_is_not_found(tmp_path):
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(NotFoundError, match=r"dem\.tif: no such file"):
        open_terrain(tmp_path / "dem.tif")
    with pytest.raises(NotFoundError, match=r"no raster in this folder .* it holds x\.txt"):
        open_terrain(tmp_path)


def test_sea_is_one_of_three(put):
    with pytest.raises(UsageError, match="none of auto, nodata, none"):
        open_terrain(put(SLOPE), sea="all")


# ------------------------------------------------------------------ identity, processes, threads, memory


def test_the_digest_is_that_of_content_and_settings(put, tmp_path):
    path = put(SLOPE)
    digest = open_terrain(path).digest()
    (tmp_path / "elsewhere").mkdir()
    copy = Path(shutil.copy(path, tmp_path / "elsewhere" / "dem.tif"))
    assert open_terrain(copy).digest() == digest
    assert len(digest) == 64
    others = [
        open_terrain(path, resolution_m=50),
        open_terrain(path, sea="none"),
        open_terrain(path, unit="ft"),
        open_terrain(path, to_crs="EPSG:3825"),
        open_terrain(path, crs="EPSG:3828"),
        open_terrain(put(SLOPE + 1, "other/dem.tif")),
    ]
    assert len({digest, *(other.digest() for other in others)}) == 7


def test_a_terrain_and_its_windows_can_be_sent_to_another_process(put):
    terrain = open_terrain(put(SLOPE), resolution_m=70)
    window = whole(terrain)
    sent = pickle.loads(pickle.dumps(terrain))
    again = pickle.loads(pickle.dumps(whole(sent)))
    np.testing.assert_array_equal(again.heights_m, window.heights_m)
    assert sent.digest() == terrain.digest()
    assert len(pickle.dumps(terrain)) < 20_000


def test_threads_share_a_terrain(put):
    terrain = open_terrain(put(np.tile(SLOPE, (20, 20)), res=20), resolution_m=15)
    expected = whole(open_terrain(terrain.files[0], resolution_m=15)).heights_m
    found = {}

    def read(i):
        found[i] = whole(terrain).heights_m

    threads = [threading.Thread(target=read, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[i], expected, equal_nan=True) for i in range(4))


@pytest.mark.parametrize("resolution", [20, 33, 1_000])
def test_a_large_raster_is_read_in_small_pieces(put, monkeypatch, resolution):
    path = put(np.ones((1, 1), "f4"), res=20, system="EPSG:3826")
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": "EPSG:3826"}
    grid = {"width": 12_000, "height": 19_000, "transform": Affine(20, 0, 150_000, 0, -20, 2_800_000)}
    with rasterio.open(path, "w", **profile, **grid, tiled=True, sparse_ok=True) as file:
        file.write(np.full((1, 256, 256), 800, "f4"), window=rasterio.windows.Window(5_888, 5_888, 256, 256))
    sizes = []
    values = Reader.values

    def watched(self, tile, column, row, shape, thinned=None):
        sizes.append(shape[0] * shape[1])
        return values(self, tile, column, row, shape, thinned)

    monkeypatch.setattr(Reader, "values", watched)
    terrain = open_terrain(path, resolution_m=resolution)
    window = terrain.window(267_000, 2_677_000, 275_000, 2_683_000)
    assert np.nanmax(window.heights_m) == 800
    assert max(sizes) < 5_000_000  # cells, of 228 million
    assert sum(sizes) < 30_000_000


# ------------------------------------------------------------------ clutter

CLASSES = {10: 15.0, 20: 10.0, 50: 20.0, 80: 0.0}


def test_clutter_lies_on_the_grid_of_the_terrain(put):
    terrain = open_terrain(put(SLOPE))
    metres = np.random.default_rng(5).uniform(0, 40, SLOPE.shape).astype("f4")
    clutter = open_clutter(put(metres, "c.tif"), resolution_m=100)
    window = terrain.window(WEST + 500, NORTH - 3_000, WEST + 4_000, NORTH - 700)
    found = clutter.window(like=window)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, metres[7:30, 5:40])
    assert clutter.nodata_cells == 0


@FOREVER
@given(st.sampled_from(["EPSG:3826", "EPSG:3825", "EPSG:4326"]), st.integers(0, 2**32 - 1))
def test_classes_are_never_averaged(put, system, seed):
    codes = np.random.default_rng(seed).choice(list(CLASSES), (300, 300)).astype("u1")
    transform = sheet(system, (244_000, 2_657_000), 300, 1 / 3600 if system == "EPSG:4326" else 30)
    path = put(codes, "c.tif", system=system, transform=transform)
    clutter = open_clutter(path, resolution_m=100, heights=CLASSES)
    window = open_terrain(put(SLOPE)).window(WEST, NORTH - 6_000, WEST + 8_000, NORTH)
    found = clutter.window(like=window)
    assert set(np.unique(found)) <= set(CLASSES.values())
    x, y = crs.transformer("EPSG:3826", system).transform(*middles(window))
    u, v = ~transform @ (x, y)
    clear = (np.abs(u % 1 - 0.5) < 0.49) & (np.abs(v % 1 - 0.5) < 0.49)  # not on the border of two cells
    inside = clear & (u >= 0) & (u < 300) & (v >= 0) & (v < 300)
    expected = np.vectorize(CLASSES.get)(codes[v[inside].astype(int), u[inside].astype(int)])
    np.testing.assert_array_equal(found[inside], expected)
    assert clutter.nodata_cells == ((u < 0) | (u >= 300) | (v < 0) | (v >= 300)).sum()
    part = clutter.window(
        like=open_terrain(put(SLOPE)).window(WEST + 700, NORTH - 4_100, WEST + 1_900, NORTH - 200)
    )
    np.testing.assert_array_equal(part, found[2:41, 7:19])


def test_clutter_without_a_value_is_none(put):
    metres = np.full(SLOPE.shape, 12, "f4")
    metres[:6] = -9999
    clutter = open_clutter(put(metres, "c.tif", nodata=-9999), resolution_m=100)
    assert any("no clutter (0 m) is assumed" in note for note in clutter.notes)
    window = open_terrain(put(SLOPE)).window(WEST - 200, NORTH - 6_000, WEST + 8_000, NORTH)
    found = clutter.window(like=window)
    assert (found[6:, 2:] == 12).all()
    assert (found[:6] == 0).all()
    assert (found[:, :2] == 0).all()
    assert clutter.nodata_cells == 6 * 82 + 54 * 2


def test_classes_without_a_height_are_listed(put):
    codes = np.full(SLOPE.shape, 10, "u1")
    codes[5, 5], codes[6, 6] = 30, 95
    with pytest.raises(InputError, match="class 30 has no height") as error:
        open_clutter(put(codes, "c.tif"), resolution_m=100, heights=CLASSES)
    assert "found are the classes 10, 30, 95" in str(error.value)
    assert len(error.value.problems) == 2


def test_clutter_that_cannot_be_is_refused(put):
    palette = {"palette": {1: (0, 99, 0, 255)}}
    for cells, more, said in (
        (ones("u1"), palette, "no heights are given"),
        (ones("u1", 3), {}, "3 bands"),
        (ones("f4") * -3, {}, "holds -3 as a clutter height"),
        (ones("f4") * 2_000, {}, "2,000 as a clutter height"),
        (ones("c8"), {}, "complex"),
    ):
        with pytest.raises(InputError, match=said):
            open_clutter(put(cells, "c.tif", **more), resolution_m=100)
    assert open_clutter(put(ones("u1"), "c.tif", **palette), resolution_m=100, heights={1: 15})
    few = open_clutter(put(ones("u1") * 40, "c.tif"), resolution_m=100)
    assert any("if they are classes, pass heights" in note for note in few.notes)
    with pytest.raises(UsageError, match="class 1 has -2 m"):
        open_clutter(put(ones("u1"), "c.tif"), resolution_m=100, heights={1: -2})
    with pytest.raises(UsageError, match="cells of 50 m, the terrain has 100"):
        open_clutter(put(ones("f4"), "c.tif"), resolution_m=50).window(like=whole(open_terrain(put(SLOPE))))
    with pytest.raises(NotFoundError):
        open_clutter("nowhere.tif", resolution_m=50)


# ------------------------------------------------------------------ the real terrain


@pytest.mark.shared
def test_the_main_island_has_its_peaks_and_its_sea():
    terrain = open_terrain(shared("data/terrain/taiwan_interpolated_100m.tif"))
    assert terrain.notes == []
    assert terrain.resolution_m == 100
    x, y = crs.transformer("EPSG:4326", "EPSG:3826").transform(120.957, 23.470)  # Yushan
    assert terrain.window(x - 3_000, y - 3_000, x + 3_000, y + 3_000).heights_m.max() == 3_934
    strait = terrain.window(146_000, 2_650_000, 151_000, 2_655_000)
    assert (strait.zones == SEA).all()
    assert (strait.heights_m == 0).all()
    with rasterio.open(terrain.files[0]) as file:
        stored = file.read(1)
    window = whole(terrain)
    land = window.zones != SEA
    np.testing.assert_array_equal(window.heights_m[land], stored[land])
    assert (stored[~land] <= 0).all()
    assert 0.44 < land.mean() < 0.47  # 36,000 km² of 79,040, with the shallows that the sample calls land


@pytest.mark.shared
def test_penghu_opens_in_both_zones_and_agrees():
    files = {zone: shared(f"data/terrain/phDEM_20m_{zone}.tif") for zone in (119, 121)}
    found = {zone: open_terrain(path, resolution_m=100) for zone, path in files.items()}
    for zone, code in ((119, 3825), (121, 3826)):
        assert any(f"the projection is that of EPSG:{code}" in note for note in found[zone].notes)
        assert any("hold no value (-32767)" in note for note in found[zone].notes)
    a, b = (found[zone].window(80_000, 2_566_000, 119_000, 2_631_000) for zone in (119, 121))
    both = (a.zones != SEA) & (b.zones != SEA) & np.isfinite(a.heights_m) & np.isfinite(b.heights_m)
    assert both.sum() > 15_000
    off = (a.heights_m - b.heights_m)[both]
    assert abs(off.mean()) < 0.01  # measured 0.000 m
    assert np.sqrt((off**2).mean()) < 0.6  # measured 0.56 m; shifted by a cell it is 4.6 m
    assert ((a.zones == SEA) != (b.zones == SEA)).sum() < 0.03 * both.sum()
    land = places.kilometres_off(
        crs.to_lonlat(np.column_stack([m[both] for m in middles(a)]), "EPSG:3826"), "10016"
    )
    assert (land < 1).mean() > 0.98  # Penghu county; its smallest islets have no polygon


@pytest.mark.shared
def test_penghu_is_found_without_and_with_wrong_keys(put):
    with rasterio.open(shared("data/terrain/phDEM_20m_119.tif")) as file:
        cells, place = file.read(1)[::5, ::5], file.transform @ Affine.scale(5)
    for system in (None, "EPSG:4326", "EPSG:3826"):
        terrain = open_terrain(put(cells, system=system, transform=place, nodata=-32767), to_crs="EPSG:3825")
        assert any("read as EPSG:3825" in note for note in terrain.notes)
        assert np.nanmax(whole(terrain).heights_m) == cells.max()
