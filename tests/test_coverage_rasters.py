"""Rasters of coverage are looked at before a cell is counted: what cannot be is told, what is unknown stays unknown."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_maps import raster

from notspot_geodata.coverage_rasters import PEOPLE, check_raster
from notspot_geodata.errors import InputError

DBM = np.linspace(-130, -60, 1200, dtype="float32").reshape(30, 40)


def notes(found) -> str:
    return " ".join(note.en for note in found.notes)


def test_a_fine_raster_has_nothing_to_say(tmp_path: Path) -> None:
    found = check_raster(raster(tmp_path / "r.tif", DBM, nodata=-9999), "rsrp_dbm", -105)
    assert found.crs == "EPSG:3826"
    assert (found.lowest, found.highest, found.unknown) == (-130, -60, 0)
    assert not found.notes


def test_a_raster_without_nodata_is_told(tmp_path: Path) -> None:
    found = check_raster(raster(tmp_path / "r.tif", DBM), "rsrp_dbm", -105)
    assert "has no nodata key: every cell counts as known" in notes(found)
    assert all("r.tif" in note.zh for note in found.notes)


@pytest.mark.parametrize("value", [-9999, -32768, -32767, -999, 3.4e38, -3.4e38, 1e20])
def test_a_number_that_stands_for_nothing_needs_a_key(value: float, tmp_path: Path) -> None:
    holed = DBM.copy()
    holed[:10] = value
    with pytest.raises(InputError, match="has no nodata key: these cells would count as known"):
        check_raster(raster(tmp_path / "r.tif", holed), "rsrp_dbm", -105)
    found = check_raster(raster(tmp_path / "k.tif", holed, nodata=float(np.float32(value))), "rsrp_dbm", -105)
    assert found.unknown == pytest.approx(1 / 3)
    assert "about 33.3% of the cells hold no value and count as unknown" in notes(found)


def test_a_second_number_beside_the_key_is_told(tmp_path: Path) -> None:
    holed = DBM.copy()
    holed[0], holed[1] = -9999, -32768
    with pytest.raises(InputError, match="-32768"):
        check_raster(raster(tmp_path / "r.tif", holed, nodata=-9999), "rsrp_dbm", -105)


def test_nan_says_itself_that_it_is_unknown(tmp_path: Path) -> None:
    holed = DBM.copy()
    holed[:15] = np.nan
    found = check_raster(raster(tmp_path / "r.tif", holed), "rsrp_dbm", -105)
    assert found.unknown == 0.5
    assert "every cell counts as known" not in notes(found)


def test_a_raster_upside_down_is_turned(tmp_path: Path) -> None:
    found = check_raster(raster(tmp_path / "r.tif", DBM, nodata=-9999, south_up=True), "rsrp_dbm", -105)
    assert "upside down" in notes(found)
    assert (found.lowest, found.highest) == (-130, -60)


def test_another_system_is_told_and_none_is_refused(tmp_path: Path) -> None:
    degrees = {"west": 121.5, "north": 25.1, "cell": 0.001}
    found = check_raster(
        raster(tmp_path / "d.tif", DBM, crs="EPSG:4326", nodata=-9999, **degrees), "rsrp_dbm", -105
    )
    assert found.crs == "EPSG:4326"
    assert "reprojected to EPSG:3826" in notes(found)
    bare = raster(tmp_path / "n.tif", DBM, crs=None, nodata=-9999)
    with pytest.raises(InputError, match="states no coordinate system") as caught:
        check_raster(bare, "rsrp_dbm", -105)
    assert 'crs = "EPSG:3826"' in str(caught.value)
    assert check_raster(bare, "rsrp_dbm", -105, crs="EPSG:3826").crs == "EPSG:3826"


def test_a_raster_elsewhere_is_refused(tmp_path: Path) -> None:
    paris = raster(tmp_path / "p.tif", DBM, crs="EPSG:4326", west=2.3, north=48.9, cell=0.001, nodata=-9999)
    with pytest.raises(InputError, match=r"lies outside Taiwan: 48\.870 to 48\.900° N"):
        check_raster(paris, "rsrp_dbm", -105)


@pytest.mark.parametrize(
    ("quantity", "values", "at_least", "message"),
    [
        ("rsrp_dbm", -DBM, -105, "holds 130 as RSRP in dBm, which is negative"),
        ("rsrp_dbm", DBM.clip(None, -60) + 60, -105, "is 0 meant as nodata"),
        ("rsrp_dbm", np.linspace(0, 1, 100).reshape(10, 10), -105, "looks like a probability"),
        ("rsrp_dbm", DBM - 200, -105, "no receiver hears"),
        ("rsrp_dbm", DBM * 10, -105, "is a number meant as nodata"),
        ("level_dbm", DBM + 300, -90, "as dBm; is a number meant as nodata"),
        ("probability", np.linspace(0, 100, 100).reshape(10, 10), 0.9, "look like percent: divide them by 100"),
        ("probability", np.linspace(0, 500, 100).reshape(10, 10), 0.9, "is no probability"),
        ("mbps", np.linspace(0, 300_000, 100).reshape(10, 10), 2, "these look like kbps"),
        ("mbps", np.linspace(-5, 300, 100).reshape(10, 10), 2, "is it a level in dBm"),
        ("covered", np.arange(100).reshape(10, 10) % 3, 1, "should hold 0 and 1 only, and holds 2"),
        ("covered", np.linspace(0, 1, 400).reshape(20, 20), 1, "if it is a probability or a level, say so"),
        (PEOPLE, np.linspace(-1, 10, 100).reshape(10, 10), None, "holds -1 people in a cell"),
        (PEOPLE, np.zeros((10, 10)), None, "holds 0 people in every cell"),
        ("probability", np.linspace(0, 1, 100).reshape(10, 10), 95, "95 % is 0.95"),
        ("rsrp_dbm", DBM, 105, "-105 is probably meant"),
        ("mbps", np.linspace(0, 300, 100).reshape(10, 10), -2, "thresholds of a speed are"),
    ],
)  # fmt: skip
def test_values_and_thresholds_that_cannot_be(quantity, values, at_least, message, tmp_path: Path) -> None:
    path = raster(tmp_path / "r.tif", np.asarray(values, dtype="float32"), nodata=-7777)
    with pytest.raises(InputError, match=message):
        check_raster(path, quantity, at_least)


def test_every_problem_of_a_raster_comes_at_once(tmp_path: Path) -> None:
    path = raster(tmp_path / "r.tif", -DBM)
    with pytest.raises(InputError) as caught:
        check_raster(path, "rsrp_dbm", 105)
    assert {problem.field for problem in caught.value.problems} == {"values", "at_least"}


def test_a_threshold_that_no_cell_reaches_is_told(tmp_path: Path) -> None:
    speeds = np.linspace(10, 300, 400, dtype="float32").reshape(20, 20)
    path = raster(tmp_path / "r.tif", speeds, nodata=-1)
    assert "no cell reaches it. Is the threshold in kbps?" in notes(check_raster(path, "mbps", 2000))
    assert "each cell with a value reaches it" in notes(check_raster(path, "mbps", 2))
    assert not check_raster(path, "mbps", 100).notes


def test_a_picture_and_several_bands_are_no_raster_of_values(tmp_path: Path) -> None:
    for count, options, message in ((3, {"photometric": "RGB"}, "is a picture"), (2, {}, "has 2 bands")):
        path = tmp_path / f"{count}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", height=5, width=5, count=count, dtype="uint8", crs="EPSG:3826",
            transform=rasterio.transform.from_origin(300_000, 2_775_000, 100, 100), **options,
        ) as file:  # fmt: skip
            file.write(np.ones((count, 5, 5), dtype="uint8"))
        with pytest.raises(InputError, match=message):
            check_raster(path, "covered", 1)
    (tmp_path / "t.tif").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="is no raster"):
        check_raster(tmp_path / "t.tif", "covered", 1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hole=st.integers(0, 29),
    flip=st.booleans(),
    key=st.sampled_from([-9999.0, -32768.0, float("nan")]),
)
def test_what_is_told_does_not_depend_on_how_it_is_stored(
    hole: int, flip: bool, key: float, tmp_path: Path
) -> None:
    """The same values, stored from north or from south, with one key or another, are one raster."""
    values = DBM.copy()
    values[:hole] = key
    stored = values[::-1] if flip else values
    path = raster(tmp_path / "r.tif", stored, nodata=key, south_up=flip)
    found = check_raster(path, "rsrp_dbm", -105)
    assert found.unknown == pytest.approx(hole / 30)
    assert (found.lowest, found.highest) == pytest.approx((float(DBM[hole:].min()), -60))
