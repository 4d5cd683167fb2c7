"""Headers in Chinese, English or both come to the same words; the rest keep their own."""

import pytest

from notspot_geodata.columns import meaning_of, meanings


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("村里代碼", "village_code"),
        ("VILLCODE", "village_code"),
        ("district_code", "village_code"),
        ("鄉鎮市區代碼", "town_code"),
        ("TOWNCODE", "town_code"),
        ("縣市別", "county"),
        ("人口數", "population"),
        ("　人 口 數　", "population"),
        ("人口數（人）", "population"),
        ("people_total", "population"),
        ("統計期", "period"),
        ("緯度(WGS84)", "latitude"),
        ("X座標", "x"),
        ("部落傳統名制_羅馬拼音", "name_native"),
    ],
)
def test_known_headers(header, name):
    assert meaning_of(header).name == name


@pytest.mark.parametrize("header", ["", "area", "面積", "電話", "編號", "<b>人口</b>", "Ministry"])
def test_unknown_headers(header):
    assert meaning_of(header) is None


def test_every_word_of_notspot_means_itself():
    for word in (
        "village_code",
        "town_code",
        "county_code",
        "village",
        "town",
        "county",
        "population",
        "period",
    ):
        assert meaning_of(word).name == word


def test_two_rows_of_headers_help_each_other():
    names, found, notes = meanings([["f1", "area", "p_cnt"], ["村里代碼", "面積", "總人口"]])
    assert names == ["village_code", "area", "population"]
    assert sorted(found) == [0, 2]
    assert notes == []


def test_two_columns_never_have_one_name():
    names, _, notes = meanings([["人口", "人口數", "備註", "備註", ""]])
    assert len(set(names)) == 5
    assert names[0] == "population"
    assert names[4] == "column_5"
    assert len(notes) == 2
