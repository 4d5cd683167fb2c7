"""Shares of zones over a threshold: by hand on 3 by 3 cells, by law, and beside exactextract."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio import Affine
from shapely.geometry import Polygon, box

from notspot_coverage.counting import zonal
from notspot_coverage.counting.zonal import Zones, raster_grid, zone_shares
from notspot_geodata.cutting import RasterGrid
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.reference import villages

NAN = float("nan")
NINE = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32)


def write(path, values, *, transform=None, mask=None, tags=None, **profile):
    """A raster with cells of 1 m and its north-west corner at (0, rows), or as `transform` says."""
    rows, columns = values.shape
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": values.dtype,
               "crs": "EPSG:3826", "transform": transform or Affine(1, 0, 0, 0, -1, rows)} | profile  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)
        if mask is not None:
            file.write_mask(mask)
        for name, value in (tags or {}).items():
            setattr(file, name, value)
    return path


def measured(path, shapes, *at_least, **options):
    return zone_shares(path, Zones.of(shapes, raster_grid(path)), at_least, **options)


# ------------------------------------------------------------------ three by three


def test_cells_on_the_outline_count_with_their_share(tmp_path):
    path = write(tmp_path / "a.tif", NINE)
    found = measured(path, [box(0.5, 0.5, 2.5, 2.5)], 5)
    # quarters of 7 and 9, halves of 6 and 8, the whole of 5: 2.5 of 4 cells
    assert found.covered.tolist() == [[0.625]]
    assert found.not_covered.tolist() == [[0.375]]
    assert found.unknown.tolist() == [0]


def test_several_thresholds_in_one_pass(tmp_path):
    path = write(tmp_path / "a.tif", NINE)
    found = measured(path, [box(0, 0, 3, 3), box(0, 0, 3, 1)], 9, 5, 0, 10)
    assert (found.covered * [9, 3]).round(12).tolist() == [[1, 1], [5, 3], [9, 3], [0, 0]]
    assert found.at_least.tolist() == [9, 5, 0, 10]


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "uint16", "float32", "float64"])
def test_what_is_nodata_is_unknown_and_never_reaches_a_threshold(tmp_path, kind):
    path = write(tmp_path / "a.tif", NINE.astype(kind), nodata=9)
    found = measured(path, [box(0, 0, 3, 3)], 5)
    assert found.covered[0, 0] == 4 / 9
    assert found.not_covered[0, 0] == 4 / 9
    assert found.unknown[0] == 1 / 9


@pytest.mark.parametrize("value", [NAN, np.inf, -np.inf])
def test_what_is_not_finite_is_unknown(tmp_path, value):
    values = NINE.copy()
    values[0] = value
    found = measured(write(tmp_path / "a.tif", values), [box(0, 0, 3, 3), box(0, 1.5, 3, 2.5)], 5)
    assert found.unknown.tolist() == [1 / 3, 0.5]
    assert found.covered.tolist() == [[5 / 9, 1 / 3]]


def test_what_the_mask_leaves_out_is_unknown(tmp_path):
    mask = np.full((3, 3), 255, np.uint8)
    mask[:, 0] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        path = write(tmp_path / "a.tif", NINE.astype(np.uint8), mask=mask)
    found = measured(path, [box(0, 0, 3, 3)], 5)
    assert (found.covered[0, 0], found.unknown[0]) == (4 / 9, 1 / 3)


def test_nodata_that_the_type_cannot_hold_is_no_value(tmp_path):
    path = write(tmp_path / "a.tif", np.array([[255, 1], [1, 1]], np.uint8))
    with rasterio.open(path) as file:
        assert file.nodata is None
    assert measured(path, [box(0, 0, 2, 2)], 200).covered[0, 0] == 0.25
    assert zonal._as_stored(-9999.0, np.dtype("uint8")) != zonal._as_stored(-9999.0, np.dtype("uint8"))  # NaN
    assert zonal._as_stored(-3.4028234663852886e38, np.dtype("float32")) == np.finfo("float32").min


def test_scale_and_offset_are_applied(tmp_path):
    path = write(tmp_path / "a.tif", np.array([[100, 200], [0, 255]], np.uint8), nodata=255,
                 tags={"scales": (0.5,), "offsets": (-140.0,)})  # fmt: skip
    found = measured(path, [box(0, 0, 2, 2)], -90, -40)
    assert found.covered[:, 0].tolist() == [0.5, 0.25]
    assert found.unknown[0] == 0.25


def test_a_threshold_is_met_in_the_precision_of_the_file(tmp_path):
    values = np.full((2, 2), -105.3, np.float32)  # less than -105.3 in double precision
    assert float(values[0, 0]) < -105.3
    assert measured(write(tmp_path / "a.tif", values), [box(0, 0, 2, 2)], -105.3).covered[0, 0] == 1


def test_beyond_the_raster_is_unknown_and_an_empty_zone_has_no_share(tmp_path):
    path = write(tmp_path / "a.tif", NINE)
    found = measured(path, [box(-3, 0, 3, 3), box(9, 9, 10, 10), Polygon(), None], 0)
    assert found.unknown[:2].tolist() == [0.5, 1]
    assert found.covered[0, :2].tolist() == [0.5, 0]
    assert np.isnan(found.unknown[2:]).all()
    assert np.isnan(found.covered[0, 2:]).all()


@pytest.mark.parametrize(("down", "left"), [(True, False), (False, True), (True, True)])
def test_the_way_rows_and_columns_are_stored_changes_nothing(tmp_path, down, left):
    rng = np.random.default_rng(3)
    values = rng.uniform(size=(30, 40)).astype(np.float32)
    straight = write(tmp_path / "a.tif", values, transform=Affine(1, 0, 1, 0, -1, 30))
    turned = write(
        tmp_path / "b.tif",
        values[:: -1 if down else 1, :: -1 if left else 1],
        transform=Affine(-1 if left else 1, 0, 41 if left else 1, 0, 1 if down else -1, 0 if down else 30),
    )
    zones = Zones.of([box(3.3, 4.4, 17.2, 29.9), box(-1, 20, 50, 50)], raster_grid(straight))
    assert raster_grid(turned) == raster_grid(straight)
    a, b = (zone_shares(path, zones, [0.3, 0.7]) for path in (straight, turned))
    assert (a.covered == b.covered).all()
    assert (a.unknown == b.unknown).all()


def test_villages_are_moved_to_the_raster(tmp_path):
    zone = gpd.GeoDataFrame(geometry=[box(121.0, 23.8, 121.004, 23.804)], crs="EPSG:4326")
    x, y = zone.to_crs(3826).geometry[0].bounds[:2]
    values = np.zeros((100, 100), np.uint8)
    values[:, :50] = 1
    path = write(tmp_path / "a.tif", values, transform=Affine(4.2, 0, x - 0.1, 0, -4.5, y + 449))
    found = zone_shares(path, Zones.over(path, zone), [1])
    assert found.unknown[0] < 1e-3
    assert found.covered[0, 0] == pytest.approx(209.9 / 407.6, abs=2e-3)  # of 0.004 degrees at 23.8 north

    bare = write(tmp_path / "b.tif", values, transform=Affine(4.2, 0, x - 0.1, 0, -4.5, y + 449), crs=None)
    with pytest.raises(InputError, match="crs is missing"):
        Zones.over(bare, zone)
    again = zone_shares(bare, Zones.over(bare, zone, crs="EPSG:3826"), [1])
    assert (again.covered == found.covered).all()
    with pytest.raises(UsageError, match="no CRS"):
        Zones.over(path, zone.set_crs(None, allow_override=True))


# ------------------------------------------------------------------ what is refused


def test_a_raster_that_has_no_place_or_is_turned_is_refused(tmp_path):
    with pytest.raises(InputError, match="rotated"):
        raster_grid(write(tmp_path / "a.tif", NINE, transform=Affine(1, 0.2, 0, 0.2, -1, 3)))
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        bare = write(tmp_path / "b.tif", NINE, transform=Affine.identity())
    with pytest.raises(InputError, match="no georeference"):
        raster_grid(bare)
    text = tmp_path / "c.tif"
    text.write_text("no raster")
    with pytest.raises(InputError, match="cannot be read"):
        raster_grid(text)


def test_zones_of_another_grid_are_refused(tmp_path):
    zones = Zones.of([box(0, 0, 3, 3)], RasterGrid(0, 3, 1, 1, 3, 3))
    for k, transform in enumerate(
        (Affine(1, 0, 0.5, 0, -1, 3), Affine(1, 0, 0, 0, -1, 4), Affine(2, 0, 0, 0, -1, 3))
    ):
        with pytest.raises(UsageError, match="cut them for it"):
            zone_shares(write(tmp_path / f"{k}.tif", NINE, transform=transform), zones, [1])
    same = write(tmp_path / "same.tif", NINE)
    for wrong in ([], [NAN], [[1, 2]]):
        with pytest.raises(UsageError, match="one or more numbers"):
            zone_shares(same, zones, wrong)
    with pytest.raises(UsageError, match="no band 2"):
        zone_shares(same, zones, [1], band=2)


def test_a_file_that_breaks_off_says_where(tmp_path):
    values = np.random.default_rng(0).uniform(size=(600, 600)).astype(np.float32)
    path = write(tmp_path / "a.tif", values, tiled=True, blockxsize=256, blockysize=256)
    zones = Zones.of([box(0, 0, 600, 600)], raster_grid(path))
    path.write_bytes(path.read_bytes()[:900_000])
    with pytest.raises(InputError, match="cannot be read at row"):
        zone_shares(path, zones, [0.5])


# ------------------------------------------------------------------ laws


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """A raster of 300 by 400 cells with unknown places, and zones that tile more than it."""
    rng = np.random.default_rng(11)
    values = rng.normal(size=(300, 400)).astype(np.float32)
    values[rng.uniform(size=values.shape) < 0.1] = NAN
    path = write(tmp_path_factory.mktemp("zonal") / "field.tif", values, tiled=True, blockxsize=64,
                 blockysize=64, compress="deflate")  # fmt: skip
    points = shapely.multipoints(rng.uniform(-20, [420, 320], (80, 2)))
    tiles = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=box(-20, -20, 420, 320)))
    return path, values, list(tiles)


@given(limits=st.lists(st.floats(-4, 4), min_size=1, max_size=4))
@settings(max_examples=20)
def test_the_shares_make_the_whole_and_a_stricter_threshold_never_covers_more(field, limits):
    path, _, tiles = field
    found = measured(path, tiles, *sorted(limits))
    assert np.abs(found.covered + found.not_covered + found.unknown - 1).max() < 1e-12
    assert (np.diff(found.covered, axis=0) <= 0).all()
    assert (found.covered >= 0).all()
    assert (found.not_covered >= 0).all()


def test_cells_of_a_tiling_are_counted_once(field):
    path, values, tiles = field
    zones = Zones.of(tiles, raster_grid(path))
    found = zone_shares(path, zones, [0.25])
    assert (found.covered[0] * zones.cells).sum() == pytest.approx((values >= 0.25).sum(), abs=1e-6)
    inside = (1 - found.unknown) * zones.cells
    assert inside.sum() == pytest.approx(np.isfinite(values).sum(), abs=1e-6)


def test_threads_blocks_and_the_layout_of_the_file_change_nothing(field, tmp_path, monkeypatch):
    path, values, tiles = field
    whole = measured(path, tiles, 0, threads=1)
    striped = write(tmp_path / "striped.tif", values)
    assert np.abs(whole.covered - measured(striped, tiles, 0).covered).max() < 1e-14
    assert (whole.covered == measured(path, tiles, 0, threads=3).covered).all()
    monkeypatch.setattr(zonal, "READ_CELLS", 5_000)
    monkeypatch.setattr(zonal, "STRIP_ROWS", 10)
    for file in (path, striped):
        assert np.abs(whole.covered - measured(file, tiles, 0, threads=2).covered).max() < 1e-14


def test_only_touched_blocks_are_read(field, monkeypatch):
    path, _, _ = field
    zones = Zones.of([box(10, 250, 20, 260), box(300, 255, 310, 258)], raster_grid(path))
    monkeypatch.setattr(zonal, "STRIP_ROWS", 64)
    assert list(zonal._windows(zones, (64, 64))) == [(0, 64, 0, 64), (0, 64, 256, 64)]


# ------------------------------------------------------------------ beside exactextract


@pytest.mark.parametrize("step", [20.0, 300.0])
def test_the_shares_of_exactextract(tmp_path, step):
    exactextract = pytest.importorskip("exactextract")
    county = villages().query("county_code == '10002'").to_crs(3826)
    west, south, east, north = county.total_bounds + np.array([-7, -13, 9, 11])
    rows, columns = int((north - south) / step) + 1, int((east - west) / step) + 1
    rng = np.random.default_rng(5)
    flags = (rng.uniform(size=(rows, columns)) < 0.6).astype(np.uint8)
    flags[rng.uniform(size=flags.shape) < 0.05] = 255
    path = write(tmp_path / "flags.tif", flags, nodata=255, transform=Affine(step, 0, west, 0, -step, north))
    found = zone_shares(path, Zones.over(path, county), [1])
    theirs = exactextract.exact_extract(path, county, ["mean", "count"], output="pandas")
    share = found.covered[0] / (found.covered[0] + found.not_covered[0])
    np.testing.assert_allclose(share, theirs["mean"], atol=1e-6)
    cells = county.area.to_numpy() / step**2
    np.testing.assert_allclose((1 - found.unknown) * cells, theirs["count"], rtol=1e-6, atol=1e-5)
