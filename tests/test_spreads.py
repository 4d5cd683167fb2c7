"""People on surfaces: every village keeps its own, whatever the surface says of where they are."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from counting_fixture import NORTH, WEST, A, B, C, D, F, at, country, square, write_raster
from hypothesis import given
from hypothesis import strategies as st
from rasterio.warp import Resampling, reproject

from notspot_coverage.counting.painting import paint
from notspot_coverage.counting.services import Areas, Bounds, Service, Surface
from notspot_coverage.counting.spreads import _dealt, shares, spread
from notspot_geodata.cutting import RasterGrid
from notspot_geodata.errors import InputError
from notspot_geodata.text import Text


def covering(shape: object) -> Service:
    frame = gpd.GeoDataFrame(geometry=[shape], crs="EPSG:3826")
    return Service(id="s", name=Text("名", "name"), layers=(Areas(id="a", areas=frame),))


def share_of(surface: Surface, shape: object) -> dict[str, float]:
    """Share of each village's people inside a shape."""
    land = country()
    made = spread(land.lattice, surface, land.locate)
    cover = paint(land.lattice, covering(shape), Bounds(edges=False)).covers[50.0]
    return dict(zip(land.lattice.codes, shares(made, cover, len(land.lattice.codes))[0], strict=True))


def test_evenly_means_by_area() -> None:
    west_half = square(0, 0, 200, 400)
    found = share_of(Surface(id="even"), west_half)
    assert found[A] == pytest.approx(0.5)
    assert found[B] == 0


def test_people_stand_where_the_raster_has_them(tmp_path: Path) -> None:
    values = np.zeros((8, 12))
    values[0, 0], values[0, 3] = 30.0, 10.0  # A: west and east corner
    path = write_raster(tmp_path / "people.tif", values, nodata=None)
    found = share_of(Surface(id="grid", kind="raster", path=path), square(0, 0, 100))
    assert found[A] == pytest.approx(0.75)


def test_a_village_of_which_a_surface_says_nothing_is_taken_evenly_and_named(tmp_path: Path) -> None:
    values = np.zeros((8, 12))
    values[0, 0] = 5.0
    path = write_raster(tmp_path / "people.tif", values, nodata=None)
    land = country()
    made = spread(land.lattice, Surface(id="grid", kind="raster", path=path), land.locate)
    (note,) = made.notes
    assert A not in note.en
    assert "5 villages, taken evenly" in note.en
    assert made.village_weight.min() > 0
    found = share_of(Surface(id="grid", kind="raster", path=path), square(750, 0, 200, 400))
    assert found[D] == pytest.approx(0.5)


def test_points_are_counted_where_they_stand() -> None:
    places = [at(10, 10), at(390, 390), at(60, 60), at(5000, 5000)]
    frame = gpd.GeoDataFrame({"weight": [1.0, 2.0, 5.0, 9.0]}, geometry=places, crs="EPSG:3826")
    surface = Surface(id="doors", kind="points", points=frame)
    assert share_of(surface, square(0, 0, 100))[A] == pytest.approx(6 / 8)
    land = country()
    notes = [note.en for note in spread(land.lattice, surface, land.locate).notes]
    assert any("1 points" in note and "no village" in note for note in notes)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    frame = gpd.GeoDataFrame({"weight": [1.0, weight]}, geometry=[at(1, 1), at(2, 2)], crs="EPSG:3826")
    land = country()
    with pytest.raises(InputError, match="no number of at least 0"):
        spread(land.lattice, Surface(id="doors", kind="points", points=frame), land.locate)


@pytest.mark.parametrize(("value", "message"), [(-3.0, "below 0"), (3.4e38, "no number of people")])
def test_a_raster_with_what_is_no_people_is_refused(tmp_path: Path, value: float, message: str) -> None:
    values = np.ones((8, 12))
    values[2, 2] = value
    path = write_raster(tmp_path / "people.tif", values, nodata=None)
    land = country()
    with pytest.raises(InputError, match=message):
        spread(land.lattice, Surface(id="grid", kind="raster", path=path), land.locate)


@given(
    st.floats(30, 900), st.floats(-500, 500), st.floats(-500, 500), st.integers(0, 2**31 - 1)
)  # cells finer and coarser than the lattice's, anywhere
def test_dealing_out_keeps_the_people(cell_m: float, east: float, south: float, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 50, (7, 9)).astype(float)
    place = rasterio.Affine(cell_m, 0, WEST + east, 0, -cell_m, NORTH - south)
    grid = RasterGrid(WEST - 1000, NORTH + 1000, 100.0, 100.0, 110, 130)
    found = _dealt(values, place, grid)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(values.sum(), abs=1e-6)


def test_dealing_out_agrees_with_gdal() -> None:
    values = np.random.default_rng(5).integers(0, 50, (7, 9)).astype(float)
    place = rasterio.Affine(130.0, 0, WEST + 41, 0, -170.0, NORTH - 13)
    grid = RasterGrid(WEST - 500, NORTH + 500, 100.0, 100.0, 30, 30)
    theirs = np.zeros((grid.rows, grid.columns))
    reproject(
        values, theirs, src_transform=place, src_crs="EPSG:3826",
        dst_transform=rasterio.Affine(100.0, 0, grid.west, 0, -100.0, grid.north), dst_crs="EPSG:3826",
        resampling=Resampling.sum,
    )  # fmt: skip
    assert np.abs(_dealt(values, place, grid) - theirs).max() < 1e-3 * values.max()


def test_the_order_of_points_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    places = [at(*xy) for xy in rng.uniform(0, 700, (50, 2))]
    frame = gpd.GeoDataFrame({"weight": rng.integers(1, 9, 50)}, geometry=places, crs="EPSG:3826")
    one = share_of(Surface(id="p", kind="points", points=frame), square(0, 0, 350, 500))
    mixed = frame.sample(frac=1, random_state=2).to_crs("EPSG:4326")
    other = share_of(Surface(id="p", kind="points", points=mixed), square(0, 0, 350, 500))
    assert one == pytest.approx(other)
    assert {C, F} <= set(one)
