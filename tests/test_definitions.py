"""Indicators as data: every official row is there, and a bad file is told in full."""

import re

import pytest
from shared_data import shared

from notspot_coverage.definitions import load_indicators, load_themes, parse_indicators
from notspot_geodata.errors import InputError

OFFICIAL = {
    "fixed_2g_households": (38.5, 90),
    "fixed_1g_households": (90, None),
    "mobile_5g_population": (90.65, 85),
    "remote_towns_fast_mobile": (49, None),
    "subsidised_base_stations": (146, None),
    "remote_towns_1g": (85, None),
    "remote_villages_100m": (765, None),
    "subsidised_fixed_builds": (22, None),
    "communities_wifi": (568, None),
    "mountain_sites": (83, None),
    "disaster_platforms": (16, None),
    "clinics_100m": (403, None),
    "telemedicine_sites": (14, None),
    "schools_5g": (69, None),
    "signalling_population": (None, None),
    "landslide_layers": (5, None),
    "cable_corridor": (None, None),
    "leo_backup": (None, None),
    "fss_protection": (None, None),
    "microwave_relocation": (254, None),
    "venues_5g": (None, None),
}  # 智慧國家方案 2021 年成果: 2021, target 2025


def test_every_official_indicator_has_its_figures() -> None:
    found = load_indicators()
    for name, (official, target) in OFFICIAL.items():
        assert found[name].official_2021 == official, name
        assert found[name].target_2025 == target, name


@pytest.mark.shared
def test_no_row_of_the_list_is_left_out() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", shared("indicators-2021.md").read_text(encoding="utf-8"), re.M)
    assert len(rows) == 21
    assert set(rows) <= set(load_indicators())


def test_existence_and_share_differ_in_kind_and_never_in_unit_alone() -> None:
    for item in load_indicators().values():
        assert (item.kind == "share") == (item.unit.en == "%"), item.id
        if item.kind in ("share", "existence"):
            assert item.denominator is not None, item.id


def test_what_cannot_be_computed_says_what_is_missing() -> None:
    for item in load_indicators().values():
        assert (item.recipe is None) == (item.needs is not None), item.id


def test_flows_and_parts_stand_beside_the_figure_and_are_not_added() -> None:
    found = load_indicators()
    assert {p.id: p.official_2021 for p in found["communities_wifi"].parts} == {"built": 42, "maintained": 87}
    assert (
        sum(p.official_2021 for p in found["disaster_platforms"].parts)
        == found["disaster_platforms"].official_2021
    )


def test_words_are_in_both_languages_and_official_usage() -> None:
    themes = load_themes()
    for item in load_indicators().values():
        assert item.theme in themes
        for text in (item.name, item.definition, item.numerator, item.unit, item.source):
            assert text.zh
            assert text.en
            assert "覆蓋" not in text.zh
            assert "基地台" not in text.zh


GOOD = """
[[indicator]]
id = "x"
kind = "share"
theme = "mobile"
name = {zh = "甲", en = "a"}
definition = {zh = "甲", en = "a"}
numerator = {zh = "甲", en = "a"}
unit = "%"
basis = "claim"
source = "s"
as_of = "2021"
[indicator.compute]
level = "township"
column = "speed"
at_least = 100
weight = "population"
"""


def test_an_indicator_of_ones_own_is_read() -> None:
    found = parse_indicators(GOOD, "own.toml")["x"]
    assert found.recipe is not None
    assert found.recipe.condition is not None
    assert found.recipe.condition.at_least == 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('kind = "share"', 'kind = "shares"'), "none of share, existence"),
        (('basis = "claim"', 'basis = "hearsay"'), "none of register"),
        (('as_of = "2021"\n', ""), "as_of is missing"),
        (('weight = "population"\n', ""), "a share needs a weight"),
        (('column = "speed"\n', ""), "needs a column to test"),
        (('name = {zh = "甲", en = "a"}', 'name = {zh = "甲"}'), "needs both zh and en"),
        (('level = "township"', 'level = "street"'), "must be one of"),
        (("as_of", "colour = 1\nas_of"), "is not a field"),
        (("[[indicator]]", "[[indicator]"), "is not TOML"),
    ],
)
def test_a_bad_definition_is_told(change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_indicators(GOOD.replace(*change), "own.toml")


def test_all_problems_come_at_once() -> None:
    bad = GOOD.replace('kind = "share"', 'kind = "shares"').replace('as_of = "2021"\n', "")
    with pytest.raises(InputError) as caught:
        parse_indicators(bad + bad, "own.toml")
    assert len(caught.value.problems) >= 5  # two each, and the id twice
