"""A study file is read strictly, and every problem of it is told at once."""

from pathlib import Path

import pytest

from notspot.study import FIGURES, Study, shipped_studies
from notspot_geodata.errors import InputError, NotFoundError

MINIMAL = f"""
id = "mine"
year = 2021
title = "Mine"
boundaries = "embedded:2021-09"
rule = "remote_2020"
indicators = ["base_stations_4g_per_1000"]
[[table]]
path = "{FIGURES}"
level = "township"
"""


def parse(text: str, folder: Path = Path()) -> Study:
    return Study.parse(text, "mine.toml", folder)


def test_the_shipped_study_has_every_indicator_and_eight_measures() -> None:
    study = Study.shipped()
    assert (study.id, study.year, study.rule) == ("taiwan_2021", 2021, "remote_2020")
    assert len(study.divide) == 8
    assert {"fixed_2g_households", "people_dl_best_100"} <= set(study.definitions)
    assert shipped_studies() == ["taiwan_2021"]


def test_a_copy_of_the_shipped_study_is_the_same_study(tmp_path: Path) -> None:
    shipped = Study.shipped()
    (tmp_path / "copy.toml").write_text(shipped.text, encoding="utf-8")
    assert Study.read(tmp_path / "copy.toml") == shipped


def test_a_study_written_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert Study.read(tmp_path / "s.toml").id == "mine"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("year = 2021", 'year = "2021"', "year must be a whole number"),
        ("year = 2021", "year = true", "year must be a whole number"),
        ("year = 2021", "", "year is missing"),
        ('title = "Mine"', 'title = {zh = "我"}', "lacks zh or en"),
        ("remote_2020", "remote_1999", "'remote_1999' is unknown; rules: remote_2020"),
        ("embedded:2021-09", "embedded:1999", "boundaries: embedded:2021-09"),
        ("base_stations_4g_per_1000", "base_stations", "'base_stations' is not defined"),
        (FIGURES, "embedded:other", "does not ship with Notspot"),
        (FIGURES, "people.csv", "'people.csv' is not there"),
        ('level = "township"', 'level = "street"', "none of county, township, village"),
        ('level = "township"', 'level = "township"\nsum = true', "is for village tables"),
        ("indicators =", "indicatores =", "is not an entry"),
        ('id = "mine"', 'id = "mine', "is not TOML"),
        ("[[table]]", "[table]", r"must be written as \[\[table\]\]"),
        ("[[table]]", 'divide = ["communities_wifi"]\n[[table]]', "is not among the study's indicators"),
        ("[[table]]", '[[derive]]\ncolumn = "x"\nfunction = "eval"\nof = ["a"]\n[[table]]', "none of max"),
        (
            "[[table]]",
            '[[derive]]\ncolumn = "x"\nfunction = "ratio"\nof = ["a"]\n[[table]]',
            "needs two columns",
        ),
    ],
)
def test_a_bad_entry_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(MINIMAL.replace(old, new))


def test_every_problem_comes_at_once() -> None:
    bad = MINIMAL.replace("2021\n", '"x"\n').replace("remote_2020", "no").replace("township", "street")
    with pytest.raises(InputError) as caught:
        parse(bad)
    assert {problem.field for problem in caught.value.problems} >= {"year", "rule", "table 1.level"}


def test_an_indicator_of_ones_own_may_not_take_a_shipped_name() -> None:
    own = '[[indicator]]\nid = "population"\nkind = "count"\ntheme = "frame"\nname = "n"\ndefinition = "d"\n'
    own += 'numerator = "n"\nunit = "u"\nbasis = "claim"\nsource = "s"\nas_of = "2021"\n'
    with pytest.raises(InputError, match="already defined by Notspot"):
        parse(MINIMAL + own)
    assert "mine" in parse(MINIMAL + own.replace('"population"', '"mine"')).definitions


def test_a_study_that_is_not_there() -> None:
    with pytest.raises(NotFoundError, match="no such study"):
        Study.read("nowhere.toml")
    with pytest.raises(NotFoundError, match="taiwan_2021"):
        Study.shipped("mars_2021")
