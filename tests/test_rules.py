"""Rules of remoteness: read whole or refused whole, laws on a board, and what 2021's figures give."""

import json
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, box
from shared_data import shared

from notspot_coverage.islands import seat_distances
from notspot_coverage.rulebook import parse_rules
from notspot_coverage.rules import DEFAULT_RULE, Variant, describe, load_rule, load_rules, remote_townships
from notspot_geodata.errors import InputError, NotFoundError, UsageError

UNITS = Variant(average_area="units")
people = st.lists(st.integers(0, 100_000), min_size=9, max_size=9).filter(any)


def board(population=(100,) * 9, *, offshore=()):
    """Nine squares of 0.1° by 0.1°, each said to be 100 km²; the listed ones are offshore."""
    squares = [
        box(119 + c / 10, 23 + r / 10, 119.1 + c / 10, 23.1 + r / 10) for r in range(3) for c in range(3)
    ]
    codes = [f"1001600{i}" for i in range(9)]
    return gpd.GeoDataFrame(
        {
            "town_code": codes,
            "town": [f"鄉{i}" for i in range(9)],
            "county": "縣",
            "county_code": "10016",
            "population": population,
            "area_km2": 100.0,
            "offshore": [i in offshore for i in range(9)],
        },
        geometry=squares,
        crs="EPSG:3824",
    )


def codes_of(finding):
    return [int(code[-1]) for code in finding.flags.index[finding.flags]]


# ---------------------------------------------------------------- the rules as data


def test_the_shipped_rules():
    rules = load_rules()
    rule = rules[DEFAULT_RULE]
    assert (rule.density_below, rule.offshore_km, rule.national_area_km2) == (0.2, 7.5, 36197)
    assert (rule.issued, rule.in_force, rule.until) == (date(2020, 7, 6), date(2020, 7, 1), None)
    assert [rule.published_in(year) and rule.published_in(year).townships for year in (2018, 2021, 2023)] == [
        None,
        86,
        87,
    ]
    assert rule.published_in(2021).villages == 768
    assert rules["remote_2019"].published_in(2007).townships == 79
    assert rules["remote_2019"].published_in(2014).townships == 82
    assert (rule.deemed.from_density, rule.deemed.to_density) == (0.2, 0.25)
    assert len({seat.county_code for seat in rule.seats}) == 5


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "article", "item"),
    [
        ("data/law/K0060130_電信事業普及服務管理辦法.json", "第 2 條", "十四、偏遠地區"),
        ("data/law/K0060059_電信普及服務管理辦法_old.json", "第 2 條", "十二、偏遠地區"),
    ],
)
def test_the_regulation_says_what_the_rule_holds(file, article, item):
    law = json.loads(shared(file).read_text(encoding="utf-8"))
    text = next(part["條文內容"] for part in law["法規內容"] if part.get("條號") == article)
    clause = next(line for line in text.splitlines() if line.startswith(item))
    assert "低於全國平均人口密度五分之一" in clause
    assert "七點五公里以上之離島" in clause.replace("．", "點")


def test_a_year_outside_the_rule_is_said():
    def says(year, rule):
        finding = remote_townships(board(), rule, year=year, variant=UNITS)
        return finding.published, any("in force" in note.en for note in finding.notes)

    assert says(2021, "remote_2020") == (86, False)
    assert says(2020, "remote_2019") == (86, False)
    assert says(2021, "remote_2019") == (None, True)
    assert says(2007, "remote_2020") == (None, True)


def test_an_unknown_rule_is_named_with_those_there_are():
    with pytest.raises(NotFoundError, match="remote_2020"):
        load_rule("remote_1999")


def test_every_problem_of_a_rules_file_comes_at_once():
    toml = """
    national_area_km2 = -1
    [[rule]]
    id = "a"
    name = {zh = "甲"}
    definition = {zh = "甲", en = "a"}
    citation = {zh = "甲", en = "a"}
    issued = "2020-07-06"
    in_force = 2020-07-01
    density_below = 0
    offshore_km = true
    colour = "red"
    deemed = {from_density = 0.3, to_density = 0.2, adjoining = "yes", citation = {zh = "甲", en = "a"}}
    [[rule.published]]
    first_year = 2022
    last_year = 2019
    townships = "86"
    source = {zh = "甲", en = "a"}
    [[rule]]
    id = "a"
    [[seat]]
    county_code = "1001"
    lon = 23.5
    lat = 119.5
    name = {zh = "甲", en = "a"}
    """
    with pytest.raises(InputError) as error:
        parse_rules(toml, "mine.toml")
    fields = {problem.field for problem in error.value.problems}
    assert fields >= {
        "national_area_km2", "name", "issued", "density_below", "offshore_km", "colour", "deemed",
        "deemed.adjoining", "published", "published.townships", "id", "seat.county_code", "seat.lon",
        "seat.lat",
    }  # fmt: skip
    assert "mine.toml" in str(error.value)


def test_text_that_is_not_toml_or_holds_no_rule_is_refused():
    with pytest.raises(InputError, match="not TOML"):
        parse_rules("[[rule", "mine.toml")
    with pytest.raises(InputError, match="no \\[\\[rule"):
        parse_rules("national_area_km2 = 5", "mine.toml")


# ---------------------------------------------------------------- density


def test_below_a_fifth_by_hand():
    # 9 × 100 km², 9,000 people: the average is 10 and the threshold 2 people per km², 200 people a square.
    population = [199, 200, 201, 0, 2000, 2000, 2000, 2000, 400]
    finding = remote_townships(board(population), variant=UNITS)
    assert finding.national_density == pytest.approx(10)
    assert finding.threshold == pytest.approx(2)
    assert codes_of(finding) == [0, 3]
    assert finding.found == 2
    assert codes_of(remote_townships(board(population), variant=Variant("units", inclusive=True))) == [
        0,
        1,
        3,
    ]
    assert finding.near_threshold["town"].tolist() == ["鄉0", "鄉1", "鄉2"]
    assert finding.near_threshold["ratio"].tolist() == pytest.approx([0.995, 1, 1.005])


def test_deemed_needs_both_a_density_and_a_remote_neighbour():
    # Average 10: from 200 to 250 people a square is deemed where it touches square 0, the only remote one.
    population = [100, 230, 230, 2000, 240, 2000, 2000, 2000, 200]
    finding = remote_townships(board(population), variant=UNITS)
    assert codes_of(finding) == [0]
    assert finding.deemed["town"].tolist() == ["鄉1", "鄉4"]
    assert finding.deemed["ratio"].tolist() == pytest.approx([0.23, 0.24])


@settings(deadline=None, max_examples=15)
@given(people, st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_lower_threshold_never_makes_more_remote(population, one, other):
    from dataclasses import replace

    rule = load_rule()
    low, high = sorted([one, other])
    fewer = remote_townships(board(population), replace(rule, density_below=low), variant=UNITS)
    more = remote_townships(board(population), replace(rule, density_below=high), variant=UNITS)
    assert set(codes_of(fewer)) <= set(codes_of(more))


@settings(deadline=None, max_examples=15)
@given(people, st.randoms())
def test_the_order_of_rows_and_the_projection_change_nothing(population, random):
    frame = board(population, offshore=(0, 4))
    mixed = list(range(9))
    random.shuffle(mixed)
    finding = remote_townships(frame, variant=UNITS)
    again = remote_townships(frame.iloc[mixed].to_crs("EPSG:3825"), variant=UNITS)
    pd.testing.assert_series_equal(finding.flags, again.flags)
    pd.testing.assert_frame_equal(finding.alternatives, again.alternatives)


@settings(deadline=None, max_examples=15)
@given(people)
def test_people_twice_as_many_everywhere_change_nothing(population):
    finding = remote_townships(board(population), variant=UNITS)
    twice = remote_townships(board([2 * each for each in population]), variant=UNITS)
    assert codes_of(finding) == codes_of(twice)


# ---------------------------------------------------------------- offshore


def penghu(*shapes):
    frame = board(offshore=range(len(shapes))).iloc[: len(shapes)].copy()
    frame["geometry"] = gpd.GeoSeries(list(shapes), crs="EPSG:3824").to_numpy()
    return frame


def test_distances_on_the_ground():
    # One degree of latitude at 23.5° N is 110.75 km (GRS 80), one of longitude 102.2 km.
    here = {"10016": (119.5, 23.5)}
    found = seat_distances(penghu(box(119.6, 23.4, 119.7, 23.6), box(119.4, 23.7, 119.6, 23.8)), here)
    east, north = found.iloc[0], found.iloc[1]
    assert east["nearest_km"] == pytest.approx(10.216, abs=0.01)
    assert east["centroid_km"] == pytest.approx(15.32, abs=0.01)
    assert east["farthest_km"] == pytest.approx(np.hypot(20.43, 11.08), abs=0.05)
    assert north["nearest_km"] == pytest.approx(22.15, abs=0.01)
    assert not found["seat_township"].any()
    assert not found["seat_island"].any()


def test_the_seats_own_township_and_its_island():
    seat_town, beside, apart = (
        box(119.4, 23.4, 119.6, 23.6),
        box(119.6, 23.4, 119.8, 23.6),
        box(120, 23.4, 120.1, 23.6),
    )
    found = seat_distances(penghu(seat_town, beside, apart), {"10016": (119.55, 23.45)})
    assert found["seat_township"].tolist() == [True, False, False]
    assert found["seat_island"].tolist() == [True, True, False]
    assert found["nearest_km"].iloc[0] == 0


def test_each_reading_of_the_offshore_clause():
    # The seat lies in 0; 1 shares its island, 2 is 4 to 6 km away, 3 has an islet at 9 km, 4 is far,
    # and so is 5, but on the seat's island.
    rule = load_rule()
    seat = next(seat for seat in rule.seats if seat.county_code == "10016")
    lon, lat, km = seat.lon, seat.lat, 1 / 102.0  # degrees of longitude a km at 23.57° N, roughly
    shapes = [
        box(lon - 2 * km, lat - 0.01, lon + 2 * km, lat + 0.01),
        box(lon + 2 * km, lat - 0.01, lon + 30 * km, lat + 0.01),
        box(lon - 6 * km, lat - 0.01, lon - 4 * km, lat + 0.01),
        MultiPolygon(
            [
                box(lon - 6 * km, lat + 0.02, lon - 4 * km, lat + 0.03),
                box(lon - 9 * km, lat, lon - 8.9 * km, lat + 0.001),
            ]
        ),
        box(lon - 20 * km, lat - 0.01, lon - 15 * km, lat + 0.01),
        box(lon + 30 * km, lat - 0.01, lon + 40 * km, lat + 0.01),
    ]  # fmt: skip
    frame = penghu(*shapes)
    found = {
        reading: codes_of(remote_townships(frame, rule, variant=Variant("units", reading)))
        for reading in ("reach", "centroid", "nearest", "all_but_seat", "all", "none")
    }
    assert found == {
        "reach": [1, 3, 4, 5],
        "centroid": [1, 4, 5],
        "nearest": [4],
        "all_but_seat": [1, 2, 3, 4, 5],
        "all": [0, 1, 2, 3, 4, 5],
        "none": [],
    }


def test_offshore_townships_of_a_county_without_a_seat_are_an_error_not_a_guess():
    frame = board(offshore=(2,)).assign(county_code="99999")
    with pytest.raises(InputError, match="99999"):
        remote_townships(frame, variant=UNITS)


def test_alternatives_say_what_they_add_and_drop():
    frame = board([100] * 8 + [100_000], offshore=(8,))
    finding = remote_townships(frame, variant=Variant("units", "none"))
    row = finding.alternatives.set_index("offshore").loc["all"]
    row = row if isinstance(row, pd.Series) else row.iloc[0]
    assert (row["found"], row["added"], row["dropped"]) == (9, "縣鄉8", "")
    assert finding.alternatives["used"].sum() == 1
    used = finding.alternatives.loc[finding.alternatives["used"]].iloc[0]
    assert used["found"] == finding.found
    assert used["difference"] == finding.found - 86


# ---------------------------------------------------------------- what is refused


def test_unknown_people_are_not_nobody():
    frame = board().astype({"population": float})
    frame.loc[[1, 3], "population"] = np.nan
    frame.loc[2, "area_km2"] = 0
    with pytest.raises(InputError) as error:
        remote_townships(frame, variant=UNITS)
    assert [(problem.field, problem.value) for problem in error.value.problems] == [
        ("population", "10016001"),
        ("population", "10016003"),
        ("area_km2", "10016002"),
    ]


def test_a_part_of_the_nation_needs_the_nations_density():
    with pytest.raises(UsageError, match="national_density"):
        remote_townships(board())
    finding = remote_townships(board([100] * 8 + [1000]), national_density=10.0)
    assert codes_of(finding) == list(range(8))


def test_missing_columns_are_all_named():
    with pytest.raises(InputError) as error:
        remote_townships(board().drop(columns=["population", "offshore"]))
    assert {problem.field for problem in error.value.problems} == {"population", "offshore"}


# ---------------------------------------------------------------- 2021


@pytest.fixture(scope="module")
def taiwan():
    from notspot_geodata import reference

    figures = reference.figures()
    return reference.townships().merge(figures[["town_code", "population", "offshore"]], on="town_code")


@pytest.fixture(scope="module")
def finding(taiwan):
    return remote_townships(taiwan)


def test_seventy_townships_lie_under_a_fifth_of_the_published_average(finding):
    assert finding.national_density == pytest.approx(23_375_314 / 36_197)
    assert int(finding.reasons["by_density"].sum()) == 70


def test_beside_the_published_count(finding):
    found = finding.alternatives.set_index(["average_area", "offshore", "inclusive"])["found"]
    assert finding.published == 86
    assert finding.found == 84
    assert (found["official", "none", False], found["units", "none", False]) == (70, 69)
    assert (found["official", "all", False], found["units", "all", False]) == (88, 87)
    assert found["official", "all_but_seat", False] == 85
    assert found["official", "nearest", False] == 77
    assert any("84" in note.zh and "86" in note.zh for note in finding.notes)


def test_danei_is_the_one_at_the_threshold(finding):
    assert finding.near_threshold["town"].tolist() == ["大內區"]
    assert finding.near_threshold["ratio"].iloc[0] == pytest.approx(0.986, abs=0.002)
    others = finding.alternatives.query("average_area == 'units' and offshore == 'reach'")
    assert others["dropped"].tolist() == ["臺南市大內區"]


def test_each_seat_lies_in_the_township_that_it_names(taiwan):
    import shapely

    for seat in load_rule().seats:
        inside = taiwan[taiwan.covers(shapely.Point(seat.lon, seat.lat))]
        assert inside["county_code"].tolist() == [seat.county_code]
        assert inside["town"].iloc[0] in seat.name.zh


def test_no_offshore_township_hangs_on_the_seats_precision(finding):
    # Seats are known to about 150 m; in the reading used, none is within twice that of 7.5 km.
    farthest = finding.reasons.loc[finding.reasons["offshore"], "farthest_km"]
    assert len(farthest) == 19
    assert (farthest - 7.5).abs().min() > 0.3


def test_well_known_townships(finding, taiwan):
    name = dict(zip(taiwan["county"] + taiwan["town"], taiwan["town_code"], strict=True))
    for remote in (
        "新北市烏來區",
        "臺中市和平區",
        "臺東縣蘭嶼鄉",
        "臺東縣綠島鄉",
        "屏東縣琉球鄉",
        "澎湖縣七美鄉",
        "金門縣烏坵鄉",
    ):
        assert finding.flags[name[remote]], remote
    for other in ("臺北市大安區", "澎湖縣馬公市", "金門縣金城鎮", "連江縣南竿鄉", "花蓮縣花蓮市"):
        assert not finding.flags[name[other]], other


def test_the_finding_is_sorted_and_complete(finding, taiwan):
    assert finding.flags.index.tolist() == sorted(taiwan["town_code"])
    assert finding.flags.dtype == bool
    assert len(finding.deemed) == 7
    assert finding.deemed["ratio"].between(0.2, 0.25).all()


def test_every_reading_has_words_of_its_own(finding):
    for language in ("reading_zh", "reading_en"):
        assert finding.alternatives[language].is_unique
    assert "7.5" in describe(Variant()).en
