"""Claims against measurements: exact bounds, verdicts by hand, and the laws that hold whatever was measured."""

import math

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import rasterio
import scipy.stats
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from rasterio.transform import from_origin
from shapely.geometry import MultiPoint, Point, Polygon, box

from notspot_coverage.counting.binomial import bounds
from notspot_coverage.counting.challenge import COLUMNS, VERDICTS, WHY, Rules, challenge
from notspot_coverage.counting.claims import NO, UNKNOWN, YES, Claims
from notspot_coverage.counting.evidence import hours_spanned
from notspot_coverage.counting.services import Areas, ByUnit, Raster, Service, Sites
from notspot_coverage.counting.verdict_sums import as_hexagons, by_unit, roll_up, shares_by_village
from notspot_geodata import hexagons, reference
from notspot_geodata.crs import transformer
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.text import Text

CELL = h3.latlng_to_cell(23.95, 120.98, 8)  # Nantou, land all around
LAT, LON = h3.cell_to_latlng(CELL)
RING = h3.grid_ring(CELL, 1)
TEN = Rules(thresholds={"download_mbps": 10.0})


def areas(*shapes, crs="EPSG:3824", **options):
    frame = gpd.GeoDataFrame(geometry=list(shapes), crs=crs)
    return Areas(id="map", areas=frame, **options)


HEXAGON = Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(CELL)])
CLAIM = areas(HEXAGON, operator="甲")


def measured(*speeds, where=(LON, LAT), start="2021-06-01 08:00", every_h=7.0, **more):
    """Speed tests at one place, one after the other, `every_h` hours apart."""
    times = pd.Timestamp(start, tz="Asia/Taipei") + pd.to_timedelta(
        np.arange(len(speeds)) * every_h, unit="h"
    )
    frame = pd.DataFrame(
        {"lon": where[0], "lat": where[1], "time": times, "download_mbps": np.array(speeds, float)}
    )
    return frame.assign(**({"operator": "甲"} | more))


def only(frame, cell=CELL):
    (row,) = frame[frame["cell"] == cell].to_dict("records")
    return row


# ------------------------------------------------------------------ exact bounds


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_bounds_are_those_of_scipy(confidence):
    random = np.random.default_rng(7)
    n = np.concatenate([np.arange(1, 60), random.integers(60, 100_000, 60)])
    k = np.minimum((random.random(len(n)) * (n + 1)).astype(int), n)
    k[::7], k[3::7] = 0, n[3::7]
    low, high = bounds(k, n, confidence)
    for i in range(len(n)):
        with np.errstate(all="ignore"):
            expected = scipy.stats.binomtest(int(k[i]), int(n[i])).proportion_ci(
                2 * confidence - 1, method="exact"
            )
        if confidence > 0.5:
            assert low[i] == pytest.approx(expected.low, abs=1e-11)
            assert high[i] == pytest.approx(expected.high, abs=1e-11)
    beta = scipy.stats.beta
    assert low == pytest.approx(
        np.where(k > 0, beta.ppf(1 - confidence, np.maximum(k, 1), n - k + 1), 0), abs=1e-11
    )
    assert high == pytest.approx(
        np.where(k < n, beta.ppf(confidence, k + 1, np.maximum(n - k, 1)), 1), abs=1e-11
    )


def test_bounds_are_those_of_statsmodels():
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    low, high = proportion.proportion_confint(5, 20, alpha=0.1, method="beta")
    assert bounds(5, 20, 0.95) == (pytest.approx(low), pytest.approx(high))


def test_bounds_that_a_person_can_check():
    # no failure in 10: as few have 5 % where (1 - p)^10 = 0.05; one failure of one: p = 0.05
    low, high = bounds([0, 1, 0], [10, 1, 0], 0.95)
    assert low[:2] == pytest.approx([0, 0.05])
    assert high[:2] == pytest.approx([1 - 0.05**0.1, 1])
    assert np.isnan([low[2], high[2]]).all()


@given(st.integers(0, 3000), st.integers(1, 3000), st.floats(0.5, 0.9999))
def test_the_share_lies_between_its_bounds_and_more_failures_move_both_up(k, n, confidence):
    k = min(k, n)
    low, high = bounds(
        [k, k + 1, k], [n, n + 1, n + 1], confidence
    )  # as it is, one more failed, one more passed
    assert 0 <= low[0] <= k / n <= high[0] <= 1
    assert low[2] <= low[0] <= low[1]
    assert high[2] <= high[0] <= high[1]


def test_bounds_cover_the_truth_as_often_as_they_say():
    # summed over the distribution itself: whatever the truth, each side errs in at most 5 %
    for n in (5, 20, 57):
        k = np.arange(n + 1)
        low, high = bounds(k, np.full(n + 1, n), 0.95)
        for truth in (0.01, 0.1, 0.37, 0.5, 0.9):
            chance = scipy.stats.binom.pmf(k, n, truth)
            assert chance[low > truth].sum() <= 0.05 + 1e-12
            assert chance[high < truth].sum() <= 0.05 + 1e-12


@pytest.mark.parametrize(("tests", "needed"), [(20, 5), (21, 6), (29, 7), (30, 7), (61, 11), (100, 16)])
def test_failures_that_refute_are_those_of_the_american_table(tests, needed):
    # 5 up to 20 tests, then 24, 22, 18 and 16 %: where each of its bands begins (and ends, at 29)
    low, _ = bounds(np.arange(tests + 1), np.full(tests + 1, tests), 0.95)
    assert int(np.argmax(low > 0.1)) == needed


@pytest.mark.parametrize("wrong", [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 0.4), (1, 2, 1.0)])
def test_bounds_of_nonsense(wrong):
    with pytest.raises(UsageError):
        bounds(*wrong)


# ------------------------------------------------------------------ verdicts by hand


@pytest.mark.parametrize(
    ("speeds", "verdict", "why"),
    [
        ([5] * 5, "refuted", ""),
        ([5] * 5 + [20] * 15, "refuted", ""),  # 5 of 20: the lower bound is 10.4 %
        ([5] * 4 + [20] * 16, "not_enough_tests", "share"),  # 4 of 20: 7.1 %
        ([20] * 29, "upheld", ""),  # 0 of 29: the upper bound is 9.8 %
        ([20] * 28, "not_enough_tests", "share"),  # 0 of 28: 10.1 %
        ([5] * 4, "not_enough_tests", "tests"),
        ([], "not_tested", ""),
    ],
)
def test_verdicts_by_hand(speeds, verdict, why):
    row = only(challenge(measured(*speeds), CLAIM, TEN))
    assert (row["verdict"], row["why"]) == (verdict, why)
    assert (row["tests"], row["failed"]) == (len(speeds), speeds.count(5))
    assert row["claimed"] == "yes"
    assert row["claimed_share"] > 0.9


def test_a_row_by_hand():
    row = only(challenge(measured(5, 5, 5, 5, 5, 20, every_h=6.0), CLAIM, TEN))
    assert row["fail_share"] == 5 / 6
    assert row["fail_low"] == pytest.approx(scipy.stats.beta.ppf(0.05, 5, 2))
    assert row["fail_high"] == pytest.approx(scipy.stats.beta.ppf(0.95, 6, 1))
    assert row["days"] == 2  # 8, 14, 20 o'clock, then 2, 8, 14 of the next day
    assert row["hours_spanned"] == 18  # from 20 over midnight to 14
    assert (row["lon"], row["lat"]) == pytest.approx((LON, LAT))
    assert row["land_km2"] == pytest.approx(
        Geod(ellps="GRS80").geometry_area_perimeter(HEXAGON)[0] / 1e6, rel=1e-9
    )


def test_zero_tests_have_no_share_and_that_is_not_no_coverage():
    row = only(challenge(measured(), CLAIM, TEN))
    assert row["verdict"] == "not_tested"
    assert math.isnan(row["fail_share"])
    assert math.isnan(row["fail_low"])
    assert math.isnan(row["fail_high"])
    assert "not 'no coverage'" in VERDICTS["not_tested"].en


@pytest.mark.parametrize(
    ("start", "every_h", "verdict"),
    [
        ("2021-06-01 08:00", 0.5, "not_enough_tests"),  # one morning
        ("2021-06-01 08:00", 24.0, "not_enough_tests"),  # five mornings
        ("2021-06-01 08:00", 25.0, "refuted"),  # 8, 9, 10, 11, 12 o'clock
        ("2021-06-01 23:00", 24.5, "not_enough_tests"),  # 23:00 to 1:00 is two hours, not 22
        ("2021-06-01 08:00", 4.0, "refuted"),  # 8 to midnight: the last one is of the next day
        ("2021-06-01 07:00", 4.0, "not_enough_tests"),  # 7 to 23: one day
    ],
)
def test_failures_must_be_of_several_days_and_hours(start, every_h, verdict):
    row = only(challenge(measured(*[5] * 5, start=start, every_h=every_h), CLAIM, TEN))
    assert row["verdict"] == verdict
    assert row["why"] == ("times" if verdict == "not_enough_tests" else "")


def test_an_outage_of_an_hour_refutes_nothing_however_long_it_was_tested():
    good = measured(*[20] * 12, every_h=9.0)
    outage = measured(*[5] * 12, start="2021-06-03 08:00", every_h=0.05)
    row = only(challenge(pd.concat([good, outage]), CLAIM, TEN))
    assert (row["verdict"], row["why"]) == ("not_enough_tests", "times")


def test_tests_beyond_the_claim_say_nothing_of_it():
    west = box(LON - 1, LAT - 1, LON, LAT + 1)
    claim = areas(HEXAGON.intersection(west), operator="甲")
    inside = measured(*[20] * 6, where=(LON - 0.001, LAT))
    outside = measured(*[5] * 9, 20, where=(LON + 0.001, LAT), start="2021-06-01 09:00")
    row = only(challenge(pd.concat([inside, outside]), claim, TEN))
    assert (row["tests"], row["failed"]) == (6, 0)
    assert (row["tests_beyond"], row["passed_beyond"]) == (10, 1)
    assert row["claimed_share"] == pytest.approx(0.5, abs=0.1)


def test_coverage_where_nothing_is_claimed_is_a_finding():
    away = h3.cell_to_latlng(h3.grid_ring(CELL, 5)[0])
    row = only(challenge(measured(20, 20, 5, where=away[::-1]), CLAIM, TEN), h3.grid_ring(CELL, 5)[0])
    assert (row["verdict"], row["claimed"]) == ("not_claimed", "no")
    assert (row["tests"], row["passed"], row["claimed_share"]) == (3, 2, 0.0)


def test_samples_of_a_device_within_a_minute_are_one_test():
    drive = measured(*[5] * 40 + [20] * 20, start="2021-06-01 08:00", every_h=1 / 3600, device="car")
    row = only(challenge(drive, CLAIM, TEN))
    assert (row["tests"], row["failed"], row["samples"], row["devices"]) == (1, 1, 60, 1)
    row = only(challenge(drive, CLAIM, Rules(thresholds=TEN.thresholds, window_s=0)))
    assert (row["tests"], row["failed"]) == (60, 40)
    # a drive without names of devices is one device, phones without names are each their own
    row = only(challenge(drive.assign(device="", kind="drive"), CLAIM, TEN))
    assert row["tests"] == 1
    row = only(challenge(drive.assign(device="", kind="crowd"), CLAIM, TEN))
    assert row["tests"] == 60


def test_complaints_are_counted_and_are_no_tests_unless_asked():
    frame = pd.concat(
        [
            measured(*[20] * 6, kind="speed").assign(failed=False),
            measured(*[np.nan] * 6, start="2021-06-01 09:00", kind="complaint").assign(failed=True),
        ]
    )
    row = only(challenge(frame, CLAIM, TEN))
    assert (row["tests"], row["failed"], row["complaints"]) == (6, 0, 6)
    row = only(challenge(frame, CLAIM, Rules(thresholds=TEN.thresholds, complaints=True)))
    assert (row["tests"], row["failed"], row["complaints"]) == (12, 6, 0)
    alone = only(challenge(frame[frame["kind"] == "complaint"], CLAIM, Rules()))
    assert (alone["verdict"], alone["complaints"]) == ("not_tested", 6)


def test_what_a_test_must_reach():
    frame = measured(20, 20, 20, 5, np.nan, np.nan).assign(
        upload_mbps=[2, 0.5, np.nan, np.nan, np.nan, np.nan],
        failed=pd.array([None, None, None, None, True, False], dtype="boolean"),
    )
    found = challenge(frame, CLAIM, Rules(thresholds={"download_mbps": 10, "upload_mbps": 1}))
    row = only(found)
    assert (row["passed"], row["failed"]) == (1, 3)  # met; upload; download; said to have failed
    assert found.attrs["aside"] == {
        "no value that the rules ask for": 2
    }  # an upload is missing; nothing is there
    latency = measured(1, 1).assign(latency_ms=[50, 150])
    assert only(challenge(latency, CLAIM, Rules(thresholds={"latency_ms": 100})))["failed"] == 1
    level = measured(1, 1).assign(rsrp_dbm=[-105, -105.1])
    assert only(challenge(level, CLAIM, Rules(thresholds={"rsrp_dbm": -105})))["failed"] == 1
    assert only(challenge(frame, CLAIM, Rules()))["tests"] == 2  # as the tests say themselves


def test_hours_of_the_day():
    frame = measured(*[5] * 24, start="2021-06-01 00:00", every_h=1)
    found = challenge(frame, CLAIM, Rules(thresholds=TEN.thresholds, hours=(6, 22)))
    assert only(found)["tests"] == 16
    assert found.attrs["aside"] == {"not between 6 and 22 o'clock": 8}


# ------------------------------------------------------------------ whose claims


def test_each_operator_and_technology_is_judged_by_its_own_tests():
    named = gpd.GeoDataFrame({"operator": ["CHT", "遠傳"]}, geometry=[HEXAGON, HEXAGON], crs="EPSG:3824")
    layer = Areas(id="map", areas=named)
    service = Service(id="5g", name=Text.of("5G"), layers=(layer,), technology="5G", operators=("台哥大",))
    frame = pd.concat(
        [
            measured(*[5] * 6, operator="中華電信", technology="NR"),
            measured(*[20] * 6, operator="遠傳電信", technology="NR"),
            measured(*[5] * 6, operator="遠傳電信", technology="LTE"),
            measured(*[20] * 3, operator="台灣大哥大", technology="NR"),
            measured(*[20] * 2, operator="亞太電信", technology="NR"),
        ]
    )
    found = challenge(frame, service, TEN)
    rows = {row["operator"]: row for row in found[found["cell"] == CELL].to_dict("records")}
    assert rows["中華電信"]["verdict"] == "refuted"
    assert (rows["遠傳電信"]["tests"], rows["遠傳電信"]["failed"]) == (6, 0)
    # it is expected to offer the service, and gave no map
    assert rows["台灣大哥大"]["verdict"] == "claim_unknown"
    assert math.isnan(rows["台灣大哥大"]["claimed_share"])
    assert found.attrs["aside"] == {"of an operator or a technology that no claim is of": 8}


def test_a_claim_of_nobody_is_of_whose_the_tests_are():
    nobody = areas(HEXAGON)
    assert only(challenge(measured(*[5] * 5), nobody, TEN))["verdict"] == "refuted"
    two = pd.concat([measured(5), measured(5, operator="乙")])
    with pytest.raises(UsageError, match="say whose claim it is"):
        challenge(two, nobody, TEN)
    with pytest.raises(UsageError, match="the claims are of 甲, the tests of 丙"):
        challenge(measured(5, operator="丙"), CLAIM, TEN)


# ------------------------------------------------------------------ claims of every kind


def at(layer, *points, key=("", "")):
    return Claims.of(layer).at(key, np.array(points, dtype=float)).tolist()


def test_sites_reach_their_radius_on_the_ground():
    geod = Geod(ellps="GRS80")
    places_ = [(121.5, 25.0), (118.3, 24.45), (119.6, 23.55)]  # the stretch of EPSG:3826 differs
    points = gpd.GeoDataFrame(geometry=[Point(p) for p in places_], crs="EPSG:4326")
    layer = Sites(id="s", points=points, radius_m=400.0)
    for lon, lat in places_:
        for azimuth in range(0, 360, 30):
            near, far = (geod.fwd(lon, lat, azimuth, metres)[:2] for metres in (399.98, 400.02))
            assert at(layer, near, far) == [YES, NO]
    own = Sites(
        id="s", points=points.assign(radius_m=[100.0, np.nan, 50.0]), radius_m=400.0, outside="unknown"
    )
    assert at(own, geod.fwd(121.5, 25.0, 90, 200)[:2], geod.fwd(118.3, 24.45, 90, 200)[:2]) == [UNKNOWN, YES]


def raster(path, values, crs="EPSG:3826", nodata=-9999.0, transform=None):
    transform = transform or from_origin(249_000, 2_652_000, 1000, 1000)
    with rasterio.open(
        path, "w", driver="GTiff", height=len(values), width=len(values[0]), count=1, dtype="float32", crs=crs,
        nodata=nodata, transform=transform,
    ) as file:  # fmt: skip
        file.write(np.array(values, dtype=np.float32), 1)
    return path


def test_a_raster_claims_from_a_threshold_on(tmp_path):
    path = raster(tmp_path / "r.tif", [[-100.0, -105.0], [-105.1, -9999.0]])
    layer = layer_of(path, "rsrp_dbm", -105.0)
    x, y = (
        np.array([249_500, 250_500, 249_500, 250_500, 240_000.0]),
        np.array([2_651_500] * 2 + [2_650_500] * 3),
    )
    points = np.column_stack(transformer("EPSG:3826", "EPSG:3824").transform(x, y))
    assert at(layer, *points) == [YES, YES, NO, UNKNOWN, UNKNOWN]
    # upside down, and in degrees
    flipped = raster(tmp_path / "f.tif", [[-105.1, -9999.0], [-100.0, -105.0]],
                     transform=rasterio.Affine(1000, 0, 249_000, 0, 1000, 2_650_000))  # fmt: skip
    assert at(layer_of(flipped, "rsrp_dbm", -105.0), *points[:4]) == [
        YES,
        YES,
        NO,
        UNKNOWN,
    ]


def test_figures_by_unit_claim_whole_units():
    values = pd.Series({"10008": 1.0, "66000": 0.0})
    layer = ByUnit(id="u", values=values, level="county", at_least=0.5)
    assert at(layer, (LON, LAT), (120.68, 24.16), (121.5, 25.03)) == [YES, NO, UNKNOWN]


def test_layers_of_a_claim_add_up():
    left = areas(HEXAGON.intersection(box(LON - 1, LAT - 1, LON, LAT + 1)), operator="甲", outside="unknown")
    layers = [left, areas(HEXAGON.buffer(1), operator="甲")]
    assert at(layers, (LON + 0.001, LAT), key=("甲", "")) == [YES]
    assert at([left], (LON + 0.001, LAT), (LON - 0.001, LAT), key=("甲", "")) == [UNKNOWN, YES]


def test_invalid_polygons_are_mended_and_said():
    bow = Polygon([(LON, LAT), (LON + 0.01, LAT + 0.01), (LON + 0.01, LAT), (LON, LAT + 0.01)])
    found = Claims.of(areas(bow))
    assert found.notes == ["map: 1 invalid polygons were mended"]
    assert found.at(
        ("", ""), np.array([[LON + 0.009, LAT + 0.005], [LON + 0.005, LAT + 0.009]])
    ).tolist() == [YES, NO]


def sites(*shapes, radius_m):
    return Sites(id="s", points=gpd.GeoDataFrame(geometry=list(shapes), crs="EPSG:3824"), radius_m=radius_m)


def layer_of(path, quantity, at_least):
    return Raster(id="r", path=path, quantity=quantity, at_least=at_least)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: areas(HEXAGON, crs=None), "crs is missing"),
        (lambda p: areas(Point(1, 2)), "is a Point, not a polygon"),
        (lambda p: areas(Polygon()), "is empty"),
        (lambda p: areas(None), "is empty"),
        (lambda p: sites(Point(121, 24), radius_m=0), "radius is above 0"),
        (lambda p: sites(MultiPoint([(1, 2)]), radius_m=9), "not a point"),
        (lambda p: layer_of(raster(p, [[1.0]], crs=None), "mbps", 1), "crs is missing"),
        (lambda p: layer_of(raster(p, [[1.0]]), "rsrp_dbm", 105), "-105 is probably meant"),
        (lambda p: layer_of(p.with_name("none.tif"), "mbps", 1), "cannot be read"),
    ],
)  # fmt: skip
def test_claims_with_problems(tmp_path, make, words):
    with pytest.raises(InputError, match=words):
        Claims.of(make(tmp_path / "x.tif"))


def test_a_raster_in_the_wrong_unit_is_told(tmp_path):
    path = raster(tmp_path / "r.tif", np.full((4, 4), 90.0))
    layer = layer_of(path, "rsrp_dbm", -105.0)
    with pytest.raises(InputError, match="which is negative"):
        challenge(measured(5), layer, TEN)


def test_no_claim_at_all():
    with pytest.raises(UsageError, match="no claim"):
        challenge(measured(5), [], TEN)


# ------------------------------------------------------------------ rules and frames that make no sense


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"thresholds": {"download_mbps": 50_000.0}}, "in kbps"),
        ({"thresholds": {"rsrp_dbm": 105.0}}, "sign missing"),
        ({"thresholds": {"speed": 1.0}}, "no value of a test"),
        ({"thresholds": {"latency_ms": 0.0}}, "latency"),
        ({"resolution": 16}, "resolution 16"),
        ({"detail": 0}, "detail"),
        ({"min_tests": 0}, "tests decide nothing"),
        ({"min_days": 0}, "days are none"),
        ({"hours_apart": 9.0}, "0 to 8"),
        ({"fail_limit": 10.0}, "10 % is 0.1"),
        ({"confidence": 95.0}, "95 % is 0.95"),
        ({"hours": (22.0, 6.0)}, "hours of the day"),
        ({"window_s": -1.0}, "window"),
    ],
)
def test_rules_that_make_no_sense(wrong, words):
    with pytest.raises(UsageError, match=words):
        Rules(**wrong)


@pytest.mark.parametrize(
    ("change", "rules", "words"),
    [
        (lambda f: f.drop(columns="time"), TEN, "time is not there"),
        (lambda f: f.assign(lon=np.nan), TEN, "without a place"),
        (lambda f: f.assign(time=f["time"].dt.tz_localize(None)), TEN, "have no zone"),
        (lambda f: f, Rules(thresholds={"rsrp_dbm": -105.0}), "no measurement has a value of rsrp_dbm"),
        (lambda f: f, Rules(), "say what a test must reach"),
    ],
)
def test_measurements_that_cannot_be_held_against_anything(change, rules, words):
    with pytest.raises(UsageError, match=words):
        challenge(change(measured(5, 5)), CLAIM, rules)


# ------------------------------------------------------------------ laws

SPOTS = [(LON, LAT), h3.cell_to_latlng(RING[0])[::-1], (LON + 0.003, LAT + 0.002)]  # the last is not claimed
HALF = areas(HEXAGON.buffer(0.004).intersection(box(LON - 1, LAT - 1, LON + 0.002, LAT + 1)), operator="甲")
QUICK = Rules(
    thresholds={"download_mbps": 10.0}, min_tests=3, min_days=2, hours_apart=2.0, fail_limit=0.5, confidence=0.6,
    detail=2, window_s=4 * 3600.0,
)  # fmt: skip

ROW = st.tuples(
    st.sampled_from([0, 0, 0, 1, 2]), st.integers(0, 3 * 86_400), st.sampled_from([5.0, 5.0, 20.0, 20.0, np.nan]),
    st.sampled_from(["", "", "p"]), st.sampled_from(["speed"] * 5 + ["drive", "complaint"]),
)  # fmt: skip
ROWS = st.integers(3, 40).flatmap(lambda size: st.lists(ROW, min_size=size, max_size=size))


def frame_of(rows):
    spots = np.array([SPOTS[row[0]] for row in rows]).reshape(-1, 2)
    times = pd.Timestamp("2021-06-01", tz="Asia/Taipei") + pd.to_timedelta([row[1] for row in rows], unit="s")
    return pd.DataFrame(
        {
            "lon": spots[:, 0], "lat": spots[:, 1], "time": times, "operator": "甲",
            "download_mbps": np.array([row[2] for row in rows], dtype=float),
            "device": [row[3] for row in rows], "kind": [row[4] for row in rows],
            "failed": pd.array([row[4] == "complaint" or None for row in rows], dtype="boolean"),
        }
    )  # fmt: skip


def judged(rows):
    return challenge(
        frame_of([row for row in rows if row[2] == row[2] or row[4] == "complaint"]), HALF, QUICK
    )


def usable(rows):
    return any(row[2] == row[2] for row in rows)


@settings(max_examples=30)
@given(ROWS, st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    if not usable(rows):
        return
    other = rows[:]
    random.shuffle(other)
    pd.testing.assert_frame_equal(judged(rows), judged(other))


@settings(max_examples=30)
@given(ROWS)
def test_verdicts_part_the_cells_and_no_measurement_is_lost(rows):
    if not usable(rows):
        return
    frame = frame_of(rows)
    found = challenge(
        frame, HALF, Rules(**{**{f: getattr(QUICK, f) for f in QUICK.__slots__}, "window_s": 0})
    )
    assert not found.duplicated(["cell", "operator", "technology"]).any()
    assert set(found["verdict"]) <= set(VERDICTS)
    assert ((found["verdict"] == "not_enough_tests") == (found["why"] != "")).all()
    assert set(found["why"]) <= {"", *WHY}
    aside = sum(found.attrs["aside"].values()) - found["complaints"].sum()
    assert found["tests"].sum() + found["tests_beyond"].sum() + found["complaints"].sum() + aside == len(
        frame
    )
    assert (found["passed"] + found["failed"] == found["tests"]).all()
    some = found[found["tests"] > 0]
    assert ((some["fail_low"] <= some["fail_share"]) & (some["fail_share"] <= some["fail_high"])).all()
    assert found.loc[found["tests"] == 0, ["fail_share", "fail_low", "fail_high"]].isna().all(axis=None)
    assert (found.loc[found["verdict"] == "not_tested", "tests"] == 0).all()
    assert set(found.loc[found["claimed"] == "no", "verdict"]) <= {"not_claimed"}


@settings(max_examples=40)
@given(ROWS, ROWS)
def test_more_failures_never_uphold_and_more_passes_never_refute(rows, more):
    if not usable(rows):
        return
    before = judged(rows).set_index("cell")["verdict"]
    for speed, gone in ((5.0, "refuted"), (20.0, "upheld")):
        added = [(*row[:2], speed, row[3], "speed") for row in more]
        after = judged(rows + added).set_index("cell")["verdict"]
        held = before[before == gone].index
        assert (after.loc[held] == gone).all()  # what is decided so stays so
        opposite = {"refuted": "upheld", "upheld": "refuted"}[gone]
        turned = [cell for cell in before.index if before[cell] != opposite and after[cell] == opposite]
        assert not turned


@settings(max_examples=25)
@given(ROWS, ROWS)
def test_tests_elsewhere_change_nothing(rows, more):
    if not usable(rows):
        return
    here, there = [(0, *row[1:]) for row in rows], [(1, *row[1:]) for row in more]
    assert only(judged(here)) == pytest.approx(only(judged(here + there)), nan_ok=True)


@given(st.lists(st.integers(0, 86_399), min_size=1, max_size=12), st.floats(0, 8))
def test_hours_spanned_tell_whether_two_are_so_far_apart(times, hours):
    spanned = hours_spanned(np.zeros(len(times), np.int64), np.array(times), 1)[0]
    apart = max(min(abs(a - b), 86_400 - abs(a - b)) for a in times for b in times) / 3600
    assert (spanned >= hours) == (apart >= hours)


def test_a_fairer_map_is_refuted_no_more_often():
    # of 2,000 cells whose claim is just true (10 % fail), at most 5 % are refuted, and of false ones most
    random = np.random.default_rng(3)
    n = np.full(2000, 60)
    true, false = random.binomial(60, 0.1, 2000), random.binomial(60, 0.3, 2000)
    assert (bounds(true, n, 0.95)[0] > 0.1).mean() <= 0.06
    assert (bounds(false, n, 0.95)[0] > 0.1).mean() > 0.95


# ------------------------------------------------------------------ cells and sums


def test_cells_are_those_of_h3():
    random = np.random.default_rng(1)
    lonlat = np.column_stack([random.uniform(118, 122, 300), random.uniform(21, 26, 300)])
    cells = hexagons.cells_at(lonlat, 8)
    assert hexagons.names(cells) == [h3.latlng_to_cell(lat, lon, 8) for lon, lat in lonlat]
    assert hexagons.names(hexagons.parents(cells, 5)) == [
        h3.cell_to_parent(c, 5) for c in hexagons.names(cells)
    ]
    assert (hexagons.numbers(hexagons.names(cells)) == cells).all()
    few = cells[:20]
    geod = Geod(ellps="GRS80")
    exact = [abs(geod.geometry_area_perimeter(shape)[0]) / 1e6 for shape in hexagons.outlines(few)]
    assert hexagons.areas_km2(few) == pytest.approx(exact, rel=1e-9)
    assert (hexagons.cells_at(np.array([[np.nan, 25.0]]), 8) == hexagons.NONE).all()
    with pytest.raises(UsageError):
        hexagons.numbers(["nothing"])


@pytest.mark.parametrize("resolution", [5, 7, 8, 9])
def test_spots_lie_evenly_in_their_hexagon(resolution):
    cells = hexagons.cells_at(np.array([[LON, LAT], [118.3, 24.4], [121.5, 25.0]]), resolution)
    for detail in (1, 3, 5):
        points, shares = hexagons.spots(cells, detail)
        assert points.shape == (3, 6 * detail**2, 2)
        assert shares.sum(axis=1) == pytest.approx([1, 1, 1])
        assert shares == pytest.approx(1 / (6 * detail**2), rel=0.06)
        flat = points.reshape(-1, 2)
        assert (hexagons.cells_at(flat, resolution) == np.repeat(cells, 6 * detail**2)).all()
        # evenly: their middle is that of the hexagon, and no two are the same
        middles = np.array([shape.centroid.coords[0] for shape in hexagons.outlines(cells)])
        size = np.sqrt(shapely.area(hexagons.outlines(cells)))
        assert (np.abs((points * shares[..., None]).sum(axis=1) - middles).max(axis=1) < 1e-3 * size).all()
        assert len(np.unique(flat, axis=0)) == len(flat)


def test_hexagons_with_a_bend_in_a_side_have_six_corners():
    cells = hexagons.land_cells((117.0, 21.0, 123.0, 27.0), 7)
    counts = shapely.get_num_coordinates(hexagons.outlines(cells))
    bent = cells[counts > 7]  # an edge of the icosahedron runs there
    assert len(bent) > 0
    points, shares = hexagons.spots(bent, 3)
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(bent)))
    at = hexagons.cells_at(points.reshape(-1, 2), 7).reshape(len(bent), -1)
    assert (at == bent[:, None]).mean() > 0.98


def test_a_neighbour_that_is_claimed_to_the_edge_is_no_claim_here():
    found = challenge(measured(), CLAIM, TEN)
    assert found["cell"].tolist() == [CELL]
    assert found["claimed_share"].tolist() == [1.0]


def test_land_cells_hold_all_land_of_a_county():
    penghu = reference.counties().set_index("county_code").geometry["10016"]
    cells = hexagons.land_cells(penghu.bounds, 8)
    points, shares = hexagons.spots(cells, 3)
    land = (hexagons.on_land(points.reshape(-1, 2)).reshape(len(cells), -1) * shares).sum(axis=1)
    exact = reference.villages().query("county_code == '10016'")["area_km2"].sum()
    assert (hexagons.areas_km2(cells) * land).sum() == pytest.approx(exact, rel=0.01)
    assert set(cells) >= set(hexagons.cells_at(shapely.get_coordinates(penghu), 8))


def test_parents_are_the_sums_of_their_children():
    frame = judged([(spot, n * 18_000, 5.0, "", "speed") for spot in range(len(SPOTS)) for n in range(9)])
    for resolution in (7, 6):
        up = roll_up(frame, resolution)
        assert set(up["cell"]) == {h3.cell_to_parent(cell, resolution) for cell in frame["cell"]}
        assert up["cells"].sum() == len(frame)
        assert (up[list(VERDICTS)].sum(axis=1) == up["cells"]).all()
        assert up["tests"].sum() == frame["tests"].sum()
        assert up["land_km2"].sum() == pytest.approx(frame["land_km2"].sum())
    twice = roll_up(frame, 6)
    once = roll_up(frame, 7).assign(cell=lambda f: [h3.cell_to_parent(c, 6) for c in f["cell"]])
    assert twice["refuted_km2"].sum() == pytest.approx(once["refuted_km2"].sum())


def test_units_share_the_land_of_their_cells():
    frame = judged([(spot, n * 18_000, 5.0, "", "speed") for spot in range(len(SPOTS)) for n in range(9)])
    shares = shares_by_village(frame, QUICK.detail)
    assert shares.groupby("cell")["land_km2"].sum().sum() == pytest.approx(frame["land_km2"].sum())
    village, town, county = (
        by_unit(frame, level, shares=shares) for level in ("village", "township", "county")
    )
    columns = ["land_km2", *(f"{name}_km2" for name in VERDICTS)]
    for children, parents, digits in ((village, town, 8), (town, county, 5)):
        summed = children.groupby(children["code"].str[:digits])[columns].sum()
        pd.testing.assert_frame_equal(summed, parents.set_index("code")[columns], check_names=False)
    assert county["county"].tolist() == ["南投縣"]
    assert town.loc[0, "refuted_km2"] > 0
    with pytest.raises(UsageError):
        by_unit(frame, "province")


def test_hexagons_to_draw():
    found = as_hexagons(challenge(measured(5), CLAIM, TEN))
    assert found.crs == reference.CRS
    assert found.set_index("cell").geometry[CELL].equals_exact(HEXAGON, 1e-9)


def test_a_claim_at_sea_gives_no_rows_and_a_test_there_one():
    sea = areas(box(121.9, 22.0, 122.0, 22.1), operator="甲")
    nothing = challenge(measured(), sea, TEN)
    assert list(nothing.columns) == list(COLUMNS)
    assert [len(f) for f in (nothing, as_hexagons(nothing), by_unit(nothing), roll_up(nothing, 6))] == [
        0,
        0,
        0,
        0,
    ]
    found = challenge(measured(5, where=(121.95, 22.05)), sea, TEN)
    (row,) = found.to_dict("records")
    assert (row["verdict"], row["land_km2"], row["claimed_share"]) == ("not_enough_tests", 0.0, 1.0)
    assert list(found.columns) == list(COLUMNS)
    assert by_unit(found).empty
