"""Which system coordinates are in, and going from one to another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from notspot_geodata import crs, places, reference
from notspot_geodata.errors import UsageError

HU_TZU_SHAN = (120 + 58 / 60 + 25.975 / 3600, 23 + 58 / 60 + 32.340 / 3600)  # origin of TWD67, its definition


def town_points(**where):
    towns = reference.townships()
    for column, value in where.items():
        towns = towns[towns[column] == value]
    inner = towns.geometry.representative_point()
    return np.column_stack([inner.x, inner.y]), list(towns["town_code"])


def moved(lonlat, target):
    return np.column_stack(crs.transformer("EPSG:3824", target).transform(*lonlat.T))


def test_twd67_is_shifted_at_its_origin_as_epsg_15487_states():
    x, y = crs.transformer("EPSG:3821", "EPSG:3828").transform(*HU_TZU_SHAN)
    east, north = crs.transformer("EPSG:3828", "EPSG:3826").transform(x, y)
    assert east - x == pytest.approx(828.589, abs=2)
    assert north - y == pytest.approx(-206.915, abs=2)


def test_twd67_agrees_with_the_plane_formula_of_the_land_administration():
    a, b = 0.00001549, 0.000006521  # stated for the main island, to 2 m
    for county in ("臺北市", "宜蘭縣", "臺中市", "花蓮縣", "臺南市", "高雄市", "屏東縣"):
        lonlat, _ = town_points(county=county)
        x, y = moved(lonlat, "EPSG:3828").T
        east, north = moved(lonlat, "EPSG:3826").T
        off = np.hypot(east - (x + 807.8 + a * x + b * y), north - (y - 248.6 + a * y + b * x))
        assert off.max() < 5.5, county


def test_a_published_pair_of_coordinates_agrees():
    # the same point in both datums, from the documentation of the package geotwd
    east, north = crs.transformer("EPSG:3828", "EPSG:3826").transform(304956.927, 2785003.304)
    assert np.hypot(east - 305787.783, north - 2784799.355) < 5


def test_projs_own_answer_for_twd67_would_be_850_m_off():
    ballpark = Transformer.from_crs("EPSG:3828", "EPSG:4326", always_xy=True).transform(250_000, 2_650_000)
    ours = crs.transformer("EPSG:3828", "EPSG:4326").transform(250_000, 2_650_000)
    assert 830 < Geod(ellps="WGS84").inv(*ballpark, *ours)[2] < 880


@pytest.mark.parametrize(
    "target", ["EPSG:3824", "EPSG:3825", "EPSG:3826", "EPSG:3827", "EPSG:3828", "EPSG:3857"]
)
def test_every_way_there_and_back_is_the_identity(target):
    lonlat, _ = town_points()
    back = crs.to_lonlat(moved(lonlat, target), target)
    assert (
        np.abs(back - lonlat).max() < 1e-7
    )  # 1 cm; a shift in the plane is not undone to the last millimetre


def test_kinmen_is_west_of_the_grid_of_zone_121():
    lonlat, codes = town_points(county="金門縣")
    xy = moved(lonlat, "EPSG:3826")
    assert (xy[:, 0] < 0).any()
    assert crs.guess_crs(xy, town_codes=codes).crs == "EPSG:3826"


def test_a_pair_that_cannot_mind_the_datum_is_refused():
    with pytest.raises(UsageError, match="EPSG:3826"):
        crs.transformer("EPSG:4236", "EPSG:27700")


def test_a_wrong_name_of_a_system_lists_the_usual_ones():
    with pytest.raises(UsageError, match="EPSG:3826 TWD97 TM2 zone 121"):
        crs.parse_crs("TWD2000")


@pytest.mark.parametrize(
    "code", ["EPSG:3826", "EPSG:3825", "EPSG:3828", "EPSG:3827", "EPSG:3824", "EPSG:3857"]
)
def test_an_esri_prj_is_recognised_by_what_it_says(code):
    assert crs.code_of(crs.parse_crs(code).to_wkt("WKT1_ESRI")) == code


@pytest.mark.parametrize("code", ["EPSG:3826", "EPSG:3825", "EPSG:3828", "EPSG:3827", "EPSG:3857"])
@pytest.mark.parametrize("flip", [False, True])
def test_townships_tell_the_system(code, flip):
    lonlat, codes = town_points()
    xy = moved(lonlat, code)
    found = crs.guess_crs(xy[:, ::-1] if flip else xy, town_codes=codes)
    assert (found.crs, found.swapped) == (code, flip), found.reason


@pytest.mark.parametrize("flip", [False, True])
def test_degrees_are_told_with_their_order(flip):
    lonlat, _ = town_points()
    found = crs.guess_crs(lonlat[:, ::-1] if flip else lonlat)
    assert (found.crs, found.swapped) == ("EPSG:3824", flip)


def test_without_claims_twd97_is_taken_and_twd67_is_named():
    lonlat, _ = town_points(county="臺中市")
    found = crs.guess_crs(moved(lonlat, "EPSG:3828"))
    assert found.crs == "EPSG:3826"
    assert "--crs EPSG:3828" in found.reason


def test_points_that_lie_on_land_in_both_zones_are_called_ambiguous():
    # this spot of Penghu in zone 119 is land near Hualien in zone 121
    lonlat, _ = town_points(county="澎湖縣")
    xy = moved(lonlat, "EPSG:3825")
    both = xy[places.kilometres_off(crs.to_lonlat(xy, "EPSG:3826")) == 0]
    assert len(both)
    found = crs.guess_crs(both)
    assert found.crs is None
    assert "ambiguous" in found.reason
    assert "--crs" in found.reason
    assert crs.guess_crs(both, county_codes=["10016"] * len(both)).crs == "EPSG:3825"


def test_numbers_that_fit_nothing_are_not_guessed():
    found = crs.guess_crs([[1000, 2000], [3000, 4000]])
    assert found.crs is None
    assert "--crs" in found.reason
    assert crs.guess_crs([[np.nan, 1], [0, 0]]).crs is None
    assert crs.guess_crs([[2.35, 48.85]]).crs is None


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_the_verdict(random):
    lonlat, codes = town_points()
    order = list(range(len(codes)))
    random.shuffle(order)
    found = crs.guess_crs(moved(lonlat, "EPSG:3826")[order], town_codes=[codes[i] for i in order])
    assert found.crs == "EPSG:3826"


def test_distances_to_places():
    taipei_101 = np.array([[121.5645, 25.0337]])
    assert places.kilometres_off(taipei_101, "63000")[0] == 0
    assert places.kilometres_off(taipei_101, "10016")[0] == pytest.approx(215, rel=0.15)
    assert places.county_at(taipei_101) == ["63000"]
    assert np.isnan(places.kilometres_off(taipei_101, "99999")[0])
    assert list(places.near_taiwan(np.array([[116.72, 20.70], [114.37, 10.38], [139.7, 35.7]]))) == [
        True,
        True,
        False,
    ]
