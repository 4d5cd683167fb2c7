"""The divide between townships: by hand on six of them, laws, and what 2021's figures say."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from notspot_coverage.clusters import KINDS, neighbours
from notspot_coverage.definitions import Indicator, Recipe, load_indicators
from notspot_coverage.divide import divide, years
from notspot_coverage.groups import GROUPS, PAIRS
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.text import Text

few = settings(deadline=None, max_examples=8)


def measure(**recipe):
    words = Text("測", "test")
    given = {
        "level": "township",
        "numerator": "stations",
        "denominator": "population",
        "scale": 1000.0,
    } | recipe
    return Indicator(
        id="stations_per_1000", kind="measure", theme="t", name=words, definition=words, numerator=words,
        denominator=Text("人口數", "people"), unit=Text("臺／千人", "per 1,000"), basis="register",
        source=words, as_of="2025-11 / 2021-12", recipe=Recipe(**given),
    )  # fmt: skip


RATE = measure()
SPEED = measure(numerator="speed", denominator=None, weight="population", scale=1.0)


def towns(**columns):
    """Six squares in a row: a remote mountain one, a remote other, a plains, an offshore one, two others."""
    n = 6
    given = {
        "town_code": [f"1000{1 + i // 3}0{i}0" for i in range(n)],
        "town": [f"鄉{i}" for i in range(n)],
        "town_en": [f"Town {i}" for i in range(n)],
        "county_code": [f"1000{1 + i // 3}" for i in range(n)],
        "county": ["甲縣"] * 3 + ["乙縣"] * 3,
        "population": [1000, 1000, 2000, 1000, 5000, 10000],
        "area_km2": [100.0, 50, 20, 10, 10, 10],
        "stations": [20.0, 10, 10, 4, 10, 30],
        "speed": [50.0, 60, 70, 80, 90, 100],
        "elevation_mean_m": [1500.0, 800, 300, np.nan, 50, 20],
        "remote": [True, True, False, False, False, False],
        "indigenous": ["mountain", None, "plains", None, None, None],
        "offshore": [False, False, False, True, False, False],
    } | columns
    squares = [box(120 + i / 10, 23, 120.1 + i / 10, 23.1) for i in range(n)]
    return gpd.GeoDataFrame(given, geometry=squares, crs="EPSG:3824")


def group(finding, code):
    return finding.groups.set_index("group").loc[code]


def test_groups_are_ratios_of_sums_by_hand():
    finding = divide(towns(), RATE)
    assert finding.national == pytest.approx(1000 * 84 / 20_000)
    assert group(finding, "remote")["value"] == pytest.approx(15)  # 30 stations for 2,000 people
    assert group(finding, "non_remote")["value"] == pytest.approx(3)  # 54 for 18,000
    assert group(finding, "rest")["value"] == pytest.approx(1000 * 50 / 16_000)
    gap = finding.gaps.set_index(["a", "b"]).loc["remote", "non_remote"]
    assert (gap["gap"], gap["ratio"]) == pytest.approx((12, 5))
    assert list(zip(finding.gaps["a"], finding.gaps["b"], strict=True)) == list(PAIRS)
    assert finding.groups["group"].tolist() == list(GROUPS)


def test_a_groups_speed_is_a_mean_weighted_by_people():
    finding = divide(towns(), SPEED)
    assert group(finding, "rest")["value"] == pytest.approx((60 * 1000 + 90 * 5000 + 100 * 10000) / 16_000)


def test_inequality_by_hand():
    # 5,000 people with 2 per 1,000 and 15,000 with 6: a quarter of the people have a tenth of the stations.
    stations = [2.0, 2, 4, 2, 30, 60]
    finding = divide(towns(stations=stations), RATE)
    assert finding.gini == pytest.approx(0.15)
    assert finding.lorenz["value_share"].tolist() == pytest.approx([0, 0.1, 1])
    # County 甲 has 2 everywhere; 乙 has 2 for 1,000 people and 6 for 15,000. The mean is 5.
    low, high = 0.25 * 0.4 * math.log(0.4), 0.75 * 1.2 * math.log(1.2)
    other = 92 / 16
    between = 0.2 * 0.4 * math.log(0.4) + 0.8 * (other / 5) * math.log(other / 5)
    assert finding.theil_total == pytest.approx(low + high)
    assert finding.theil_between == pytest.approx(between)
    assert finding.theil_total == pytest.approx(finding.theil_between + finding.theil_within)
    # Densities fall from the last township to the first, with the values: the two rankings are one.
    assert finding.concentration_density > 0
    assert finding.concentration_elevation < 0


def test_unknown_is_never_zero_and_widens_the_bounds():
    finding = divide(towns(speed=[np.nan, 60, 70, 80, 90, 100]), SPEED)
    remote = group(finding, "remote")
    assert remote["value"] == 60
    assert (remote["low"], remote["high"]) == pytest.approx(
        (60, 80)
    )  # the unknown as the lowest, as the highest
    assert remote["unknown_units"] == 1
    assert finding.unknown == ("10001000",)
    assert "10001000" not in set(finding.worst["town_code"])
    assert finding.clusters.set_index("town_code").loc["10001000", "kind"] == "unknown"
    assert math.isnan(group(finding, "mountain_indigenous")["value"])
    assert math.isnan(finding.gaps.set_index(["a", "b"]).loc[("mountain_indigenous", "rest"), "ratio"])
    assert any("甲縣鄉0" in note.zh and "Town 0" in note.en for note in finding.notes)


def test_a_gaps_bounds_are_the_widest_of_both_groups():
    finding = divide(towns(speed=[np.nan, 60, 70, 80, np.nan, 100]), SPEED)
    gap = finding.gaps.set_index(["a", "b"]).loc["remote", "non_remote"]
    low_a, high_a = (60 + 60) / 2, (100 + 60) / 2
    rest = 70 * 2000 + 80 * 1000 + 100 * 10_000
    low_b, high_b = (rest + 60 * 5000) / 18_000, (rest + 100 * 5000) / 18_000
    assert (gap["gap_low"], gap["gap_high"]) == pytest.approx((low_a - high_b, high_a - low_b))
    assert (gap["ratio_low"], gap["ratio_high"]) == pytest.approx((low_a / high_b, high_a / low_b))
    assert gap["gap"] == pytest.approx(60 - rest / 13_000)


def test_zero_is_a_value():
    finding = divide(towns(stations=[0.0, 10, 10, 4, 10, 30]), RATE)
    assert finding.worst.iloc[0][["town_code", "value"]].tolist() == ["10001000", 0]
    assert group(finding, "mountain_indigenous")["value"] == 0
    assert finding.unknown == ()
    assert math.isfinite(finding.theil_total)
    # 3 per 1,000 against 0: there is no ratio to nothing.
    swapped = divide(towns(stations=[1.0, 0, 10, 4, 0, 0]), RATE).gaps.set_index(["a", "b"])
    assert math.isnan(swapped.loc[("mountain_indigenous", "rest"), "ratio"])
    assert swapped.loc[("mountain_indigenous", "rest"), "gap"] == pytest.approx(1)


def test_nobody_to_count_against_is_neither_zero_nor_unknown():
    frame = towns(communities=[4, 0, 2, 0, 0, 0])
    finding = divide(frame, measure(denominator="communities", scale=1.0))
    assert finding.unknown == ()
    assert finding.not_applicable == tuple(frame["town_code"].iloc[[1, 3, 4, 5]])
    # The group is a ratio of sums: what stands in a township without communities is not lost from the sum.
    assert group(finding, "remote")["value"] == pytest.approx((20 + 10) / 4)
    assert any("54 test" in note.en for note in finding.notes)
    assert math.isnan(group(finding, "rest")["value"])
    assert math.isnan(group(finding, "rest")["low"])
    assert len(finding.best) == 2


def test_within_leaves_the_others_out():
    finding = divide(towns(), measure(within="remote"))
    assert finding.national == pytest.approx(15)
    assert len(finding.not_applicable) == 4


def test_best_and_worst_by_hand():
    finding = divide(towns(), RATE)
    assert finding.best["value"].tolist() == pytest.approx([20, 10, 5, 4, 3, 2])
    assert finding.worst["town"].tolist() == ["鄉4", "鄉5", "鄉3", "鄉2", "鄉1", "鄉0"]
    assert list(finding.best) == ["town_code", "county", "town", "value", "population"]
    # Of equal values the one with more people comes first.
    level = divide(towns(speed=[50.0] * 6), SPEED)
    assert level.worst["population"].tolist() == [10000, 5000, 2000, 1000, 1000, 1000]


def test_where_less_is_better_best_is_lowest():
    from dataclasses import replace

    finding = divide(towns(), replace(RATE, better="lower"))
    assert finding.best["value"].iloc[0] == pytest.approx(2)
    assert finding.worst["value"].iloc[0] == pytest.approx(20)


def test_years_say_both_where_they_differ():
    assert years("2021") == Text("2021", "2021")
    assert years("2021-12 / 2021-12").zh == "2021-12"
    assert divide(towns(), RATE).years == Text(
        "分子 2025-11、分母 2021-12", "numerator 2025-11, denominator 2021-12"
    )


def test_without_elevations_the_rest_stands():
    finding = divide(towns().drop(columns="elevation_mean_m"), RATE)
    assert math.isnan(finding.concentration_elevation)
    assert finding.gini == pytest.approx(divide(towns(), RATE).gini)


# ---------------------------------------------------------------- laws

values = st.lists(st.one_of(st.none(), st.floats(0, 200)), min_size=6, max_size=6)
stations = st.lists(st.integers(0, 50), min_size=6, max_size=6).map(
    lambda given: [float(each) for each in given]
)


@few
@given(values)
def test_low_best_high(speed):
    assume(any(each is not None for each in speed))
    finding = divide(towns(speed=[math.nan if each is None else each for each in speed]), SPEED)
    known = finding.groups.dropna(subset="value")
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()
    assert finding.national_low <= finding.national <= finding.national_high
    sure = known[known["unknown_units"] == 0]
    assert (sure["high"] - sure["low"]).abs().max() == 0 or sure.empty


@few
@given(stations)
def test_two_groups_make_the_whole(given):
    assume(sum(given))
    finding = divide(towns(stations=given), RATE)
    for codes in (["remote", "non_remote"], [code for code in GROUPS if "remote" not in code]):
        parts = finding.groups.set_index("group").loc[codes]
        assert parts["units"].sum() == 6
        assert parts["population"].sum() == 20_000
        assert (parts["value"] * parts["weight"]).sum() / parts["weight"].sum() == pytest.approx(
            finding.national
        )


@few
@given(stations, st.permutations(range(6)))
def test_the_order_of_rows_and_the_projection_change_nothing(given, order):
    frame = towns(stations=given)
    one, other = divide(frame, RATE), divide(frame.iloc[order].to_crs("EPSG:3826"), RATE)
    for field in ("groups", "gaps", "lorenz", "clusters", "best", "worst"):
        pd.testing.assert_frame_equal(getattr(one, field), getattr(other, field))
    for field in ("gini", "theil_between", "concentration_density", "national"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), nan_ok=True)


@few
@given(stations, st.sampled_from([0.5, 3.0, 100.0]))
def test_a_multiple_of_everything_leaves_every_index(given, factor):
    assume(sum(given))
    one = divide(towns(stations=given), RATE)
    other = divide(towns(stations=[each * factor for each in given]), RATE)
    for field in ("gini", "theil_total", "theil_within", "concentration_density", "concentration_elevation"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), abs=1e-9)
    assert one.gaps["ratio"].tolist() == pytest.approx(other.gaps["ratio"].tolist(), nan_ok=True)
    assert (one.gaps["gap"] * factor).tolist() == pytest.approx(other.gaps["gap"].tolist(), nan_ok=True)


# ---------------------------------------------------------------- what is refused


def test_only_rates_by_township_have_a_divide():
    from dataclasses import replace

    with pytest.raises(UsageError, match="not a measure"):
        divide(towns(), replace(RATE, kind="count"))
    with pytest.raises(UsageError, match="not a measure"):
        divide(towns(), replace(RATE, recipe=None))
    with pytest.raises(UsageError, match="not a measure"):
        divide(towns(), measure(level="village"))
    with pytest.raises(UsageError, match="sum"):
        divide(towns(), measure(denominator=None))


def test_all_problems_come_at_once():
    with pytest.raises(InputError) as error:
        divide(towns().drop(columns=["stations", "county_code"]), RATE)
    assert {problem.field for problem in error.value.problems} == {"stations", "county_code"}
    with pytest.raises(InputError) as error:
        divide(towns(stations=[-1.0, 2, -3, 4, 5, 6]), RATE)
    assert [problem.value for problem in error.value.problems] == ["10001000", "10001020"]


def test_nothing_known_gives_nulls_not_zeros():
    finding = divide(towns(speed=[math.nan] * 6), SPEED)
    for field in ("gini", "theil_total", "concentration_density", "moran_i", "national"):
        assert math.isnan(getattr(finding, field)), field
    assert finding.best.empty
    assert finding.lorenz.empty
    assert len(finding.unknown) == 6


# ---------------------------------------------------------------- 2021


@pytest.fixture(scope="module")
def taiwan():
    from notspot_coverage.rules import remote_townships
    from notspot_geodata import reference

    figures = reference.figures()
    units = reference.townships()
    twice = [column for column in figures if column in units and column != "town_code"]
    frame = units.merge(figures.drop(columns=twice), on="town_code")
    frame["remote"] = frame["town_code"].map(remote_townships(frame).flags)
    speeds = frame[[f"dl_mbps_{operator}" for operator in reference.OPERATORS]]
    frame["dl_mbps_best"] = speeds.max(axis=1)
    frame["has_communities"] = frame["communities_2022"] > 0
    return frame


@pytest.fixture(scope="module")
def among(taiwan):
    return neighbours(taiwan)


def found(taiwan, among, name):
    return divide(taiwan, load_indicators()[name], among=among)


def test_4g_stations_per_1000_in_2021(taiwan, among):
    finding = found(taiwan, among, "base_stations_4g_per_1000")
    assert finding.national == pytest.approx(1000 * 106_444 / 23_375_314)
    assert group(finding, "remote")["value"] == pytest.approx(14.2, abs=0.1)
    assert group(finding, "non_remote")["value"] == pytest.approx(4.25, abs=0.01)
    assert finding.gini == pytest.approx(0.254, abs=0.001)
    assert finding.concentration_density < 0 < finding.concentration_elevation
    assert finding.theil_within > finding.theil_between
    assert finding.moran_p <= 0.002
    kind = finding.clusters.set_index("town_code")["kind"]
    assert set(kind) <= set(KINDS)
    assert (kind == "HH").sum() > 20
    assert finding.unknown == finding.not_applicable == ()


def test_per_km2_the_same_stations_are_dense_where_people_are(taiwan, among):
    finding = found(taiwan, among, "base_stations_4g_per_km2")
    assert finding.concentration_density > 0.7
    assert finding.gaps["ratio"].iloc[0] < 0.1
    assert finding.weight_name.en == "area (km²)"


def test_the_two_townships_never_surveyed_are_unknown(taiwan, among):
    finding = found(taiwan, among, "dl_mbps_best")
    assert finding.unknown == ("09007030", "09007040")  # 莒光鄉, 東引鄉
    offshore = group(finding, "offshore")
    assert offshore["unknown_units"] == 2
    assert offshore["low"] < offshore["value"] < offshore["high"]
    assert finding.worst["town"].iloc[0] == "烏坵鄉"
    assert finding.worst["value"].iloc[0] > 0


def test_community_hotspots_count_only_where_there_are_communities(taiwan, among):
    finding = found(taiwan, among, "community_hotspots_per_community")
    assert len(finding.not_applicable) == 368 - 55
    assert finding.national == pytest.approx((248 - 12) / 739)  # 12 stand where there is no community
    assert group(finding, "mountain_indigenous")["value"] > group(finding, "plains_indigenous")["value"]
    assert "2025-11" in finding.years.zh
    assert "2022-07" in finding.years.zh


def test_neighbours_of_2021(taiwan, among):
    name = dict(zip(taiwan["county"] + taiwan["town"], taiwan["town_code"], strict=True))
    assert name["屏東縣東港鎮"] in among[name["屏東縣琉球鄉"]]
    assert among[name["金門縣烏坵鄉"]] == {name["金門縣金沙鎮"]}
    assert all(among.values())
    assert all(code in among[other] for code, others in among.items() for other in others)
