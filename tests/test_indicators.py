"""The tidy table: hand-checkable figures, and laws 2 to 6 as properties."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_coverage.definitions import COLUMNS, Indicator, load_indicators, parse_indicators
from notspot_coverage.indicators import figure, indicators
from notspot_geodata.errors import InputError

HEAD = """
[[indicator]]
id = "{id}"
kind = "{kind}"
theme = "mobile"
name = "n"
definition = "d"
numerator = "n"
denominator = "d"
unit = "u"
basis = "claim"
source = "s"
as_of = "2021"
[indicator.compute]
level = "township"
"""


def define(kind: str, compute: str, id: str = "x") -> dict[str, Indicator]:
    return parse_indicators(HEAD.format(id=id, kind=kind) + compute, "test.toml")


SHARE = define("share", 'column = "speed"\nat_least = 100\nweight = "population"', "share")
EXISTENCE = define("existence", 'column = "stations"\nwithin = "remote"', "existence")
RATIO = define("measure", 'numerator = "stations"\ndenominator = "population"\nscale = 1000', "ratio")
MEAN = define("measure", 'numerator = "speed"\nweight = "population"', "mean")
COUNT = define("count", 'numerator = "stations"', "count")
ALL = SHARE | EXISTENCE | RATIO | MEAN | COUNT


def frame(rows: list[tuple[str, str, float, float, float, bool]]) -> pd.DataFrame:
    out = pd.DataFrame(
        rows, columns=["town_code", "county_code", "population", "stations", "speed", "remote"]
    )
    out["town"], out["county"] = "鎮" + out["town_code"], "縣" + out["county_code"]
    out["indigenous"], out["offshore"] = None, False
    return out


# four townships of two counties, small enough to check by hand
FOUR = frame(
    [
        ("10001010", "10001", 100, 1, 50, True),
        ("10001020", "10001", 300, 6, 150, False),
        ("10002010", "10002", 100, 0, np.nan, True),
        ("10002020", "10002", 500, 5, 100, False),
    ]
)


def cell(table: pd.DataFrame, indicator: str, level: str, code: str) -> pd.Series:
    found = table[(table["indicator"] == indicator) & (table["level"] == level) & (table["code"] == code)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_share_has_bounds_from_who_is_unknown() -> None:
    row = cell(indicators(FOUR, ALL), "share", "nation", "TW")
    assert row["numerator"] == 800  # 300 + 500 at 100 or more
    assert row["denominator"] == 900  # the 100 people without a speed are not in it
    assert row["value"] == pytest.approx(100 * 800 / 900)
    assert row["low"] == pytest.approx(80)  # they are not reached
    assert row["high"] == pytest.approx(90)  # they are


def test_an_unknown_township_is_unknown_not_zero() -> None:
    row = cell(indicators(FOUR, ALL), "share", "township", "10002010")
    assert math.isnan(row["value"])
    assert (row["low"], row["high"]) == (0, 100)
    assert row["status"] == "unknown"


def test_an_existence_counts_units() -> None:
    row = cell(indicators(FOUR, ALL, rule="r"), "existence", "nation", "TW")
    assert (row["value"], row["denominator"], row["kind"]) == (1, 2, "existence")  # 1 of 2 remote townships


def test_an_existence_has_no_row_where_nothing_is_in_its_scope() -> None:
    table = indicators(FOUR, ALL)
    codes = set(table[(table["indicator"] == "existence") & (table["level"] == "township")]["code"])
    assert codes == {"10001010", "10002010"}


def test_a_ratio_of_a_county_is_a_ratio_of_sums() -> None:
    row = cell(indicators(FOUR, ALL), "ratio", "county", "10001")
    assert row["value"] == pytest.approx(1000 * 7 / 400)
    assert row["low"] == row["value"] == row["high"]


def test_a_mean_is_weighted_and_bounded_by_the_extremes_of_what_is_known() -> None:
    row = cell(indicators(FOUR, ALL), "mean", "county", "10002")
    assert row["value"] == 100
    assert row["low"] == pytest.approx((500 * 100 + 100 * 50) / 600)  # at the lowest known, 50
    assert row["high"] == pytest.approx((500 * 100 + 100 * 150) / 600)  # at the highest known, 150


def test_a_count_adds_up_and_has_no_high_where_something_is_unknown() -> None:
    frame_ = FOUR.assign(stations=[1.0, np.nan, 0.0, 5.0])
    row = cell(indicators(frame_, COUNT), "count", "nation", "TW")
    assert (row["value"], row["low"]) == (6, 6)
    assert math.isnan(row["high"])


def test_zero_denominator_gives_null() -> None:
    table = indicators(FOUR.assign(population=[0, 300, 100, 500]), ALL)
    for name in ("ratio", "mean", "share"):
        row = cell(table, name, "township", "10001010")
        assert math.isnan(row["value"]), name
        assert math.isnan(row["low"]), name


def test_figure_agrees_with_the_table() -> None:
    table = indicators(FOUR, ALL)
    remote = FOUR.set_index("town_code")["remote"]
    for name, item in ALL.items():
        row, found = cell(table, name, "group", "remote"), figure(FOUR, item, remote)
        for column in ("numerator", "denominator", "value", "low", "high"):
            assert getattr(found, column) == pytest.approx(row[column], nan_ok=True), (name, column)
    assert figure(FOUR, ALL["share"], remote).unknown_units == 1


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="share needs the column 'speed'"):
        indicators(FOUR.drop(columns="speed"), ALL)


def test_published_figures_keep_their_counts_and_parts() -> None:
    wanted = {k: v for k, v in load_indicators().items() if k in ("communities_wifi", "venues_5g")}
    table = indicators(FOUR, wanted).set_index("indicator")
    assert list(table.loc["communities_wifi", ["numerator", "denominator", "status"]]) == [
        568,
        737,
        "official",
    ]
    assert table.loc["communities_wifi.built", "value"] == 42
    assert table.loc["venues_5g", "status"] == "unknown"
    assert math.isnan(table.loc["venues_5g", "value"])


def test_the_table_has_its_columns_and_no_row_twice() -> None:
    table = indicators(FOUR, ALL)
    assert list(table.columns) == COLUMNS
    assert not table.duplicated(["indicator", "level", "code"]).any()


# ------------------------------------------------------------------ laws

number = st.one_of(st.just(float("nan")), st.integers(0, 1000).map(float))


@st.composite
def townships(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(
        st.lists(
            st.tuples(st.integers(1, 3), st.integers(0, 10**6), number, number, st.booleans()),
            min_size=1,
            max_size=12,
        )
    )
    return frame(
        [
            (f"1000{county}{i:02d}0", f"1000{county}", float(people), stations, speed, remote)
            for i, (county, people, stations, speed, remote) in enumerate(rows)
        ]
    )


@settings(deadline=None, max_examples=30)
@given(townships())
def test_low_value_high_are_in_order_and_meet_when_all_is_known(units: pd.DataFrame) -> None:
    table = indicators(units, ALL)
    known = table.dropna(subset=["value"])
    slack = 1e-9 * known["value"].abs().clip(lower=1)
    assert not (known["low"] > known["value"] + slack).any()
    assert not (known["high"] < known["value"] - slack).any()
    if not units[["stations", "speed"]].isna().any().any():
        assert np.allclose(known["low"], known["value"])
        assert np.allclose(known["high"], known["value"])


@settings(deadline=None, max_examples=30)
@given(townships())
def test_a_parent_equals_its_children(units: pd.DataFrame) -> None:
    table = indicators(units, ALL)
    parent_of = units.set_index("town_code")["county_code"]
    for column in ("numerator", "denominator"):
        rows = table[table["level"] == "township"]
        sums = rows.groupby(["indicator", rows["code"].map(parent_of)])[column].sum(min_count=1)
        counties = table[table["level"] == "county"].set_index(["indicator", "code"])[column]
        for key, value in counties.dropna().items():
            assert sums[key] == pytest.approx(value)
        nation = table[table["level"] == "nation"].set_index("indicator")[column]
        for key, value in nation.dropna().items():
            assert counties[key].sum() == pytest.approx(value)


@settings(deadline=None, max_examples=20)
@given(townships(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(units: pd.DataFrame, random: object) -> None:
    order = list(range(len(units)))
    random.shuffle(order)  # type: ignore[attr-defined]
    key = ["indicator", "level", "code"]
    one = indicators(units, ALL).sort_values(key, ignore_index=True)
    other = indicators(units.iloc[order], ALL).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(townships(), st.integers(0, 500), st.integers(0, 500))
def test_a_stricter_threshold_never_covers_more_people(
    units: pd.DataFrame, at_least: int, stricter: int
) -> None:
    def share(threshold: int) -> pd.Series:
        item = define("share", f'column = "speed"\nat_least = {threshold}\nweight = "population"')["x"]
        found = figure(units, item)
        return pd.Series([found.numerator, found.low, found.high]).fillna(0)

    assert (share(at_least + stricter) <= share(at_least) + 1e-9).all()


@settings(deadline=None, max_examples=40)
@given(townships())
def test_a_zero_or_unknown_denominator_never_gives_a_figure(units: pd.DataFrame) -> None:
    table = indicators(units, RATIO | MEAN | SHARE)
    empty = table[~(table["denominator"] > 0)]
    assert empty["value"].isna().all()


def test_nothing_to_measure_is_not_unknown() -> None:
    table = indicators(FOUR.assign(population=[0, 300, 100, 500]), RATIO)
    assert cell(table, "ratio", "township", "10001010")["status"] == "computed"  # known: there is nobody
    table = indicators(FOUR.assign(stations=[np.nan, 6, 0, 5]), RATIO)
    assert cell(table, "ratio", "township", "10001010")["status"] == "unknown"
