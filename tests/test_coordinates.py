"""Points out of tables: every way people write coordinates, and what is wrong with them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_data import shared

from notspot_geodata import crs, reference
from notspot_geodata.coordinates import points_of
from notspot_geodata.degrees import find_pairs, parse_degrees
from notspot_geodata.errors import UsageError

TAIPEI = (121.504305555, 25.0375)


@pytest.mark.parametrize(
    "written",
    [
        "121.504305555",
        "121°30'15.5\"E",
        "121° 30′ 15.5″",
        "121度30分15.5秒",
        "東經121度30分15.5秒",
        "E121-30-15.5",
        "121:30:15.5",
        "121 30 15.5",
        "１２１．５０４３０５５５５",
        "１２１度３０分１５．５秒",
        " 121.504305555° ",
        "121°30.2583333'",
        "　121.504305555",
        121.504305555,
    ],
)
def test_one_longitude_in_all_its_writings(written):
    assert parse_degrees(written) == pytest.approx(TAIPEI[0], abs=1e-8)


@pytest.mark.parametrize(
    "written", ["", None, "abc", "1,2O4", "121°75'", "121°30'99\"", "12" * 500, "<b>121</b>", float("nan")]
)
def test_what_is_no_coordinate_is_not_guessed(written):
    assert np.isnan(parse_degrees(written))


def test_south_and_west_are_negative():
    assert parse_degrees("23°30'S") == -23.5
    assert parse_degrees("西經120度") == -120


@given(st.floats(100, 130), st.sampled_from(["dms", "zh", "full"]))
def test_writing_and_reading_is_the_identity(value, style):
    degrees, rest = divmod(round(value * 36_000), 36_000)
    minutes, tenths = divmod(rest, 600)
    text = f"{degrees}°{minutes}'{tenths / 10}\"E"
    if style == "zh":
        text = f"{degrees}度{minutes}分{tenths / 10}秒"
    if style == "full":
        text = text.translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))
    assert parse_degrees(text) == pytest.approx(value, abs=1 / 36_000)


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        (["Latitude", "Longitude"], ("Longitude", "Latitude")),
        (["lat", "lng"], ("lng", "lat")),
        (["經度", "緯度"], ("經度", "緯度")),
        (["X座標", "Y座標"], ("X座標", "Y座標")),
        (["TWD97_X", "TWD97_Y"], ("TWD97_X", "TWD97_Y")),
        (["WGS84經度", "WGS84緯度"], ("WGS84經度", "WGS84緯度")),
        (["X座標", "Y座標", "latitude", "longitude"], ("longitude", "latitude")),
        (["經緯度"], ("經緯度",)),
        (["lat_lon"], ("lat_lon",)),
    ],
)
def test_pairs_are_known_by_their_names(columns, first):
    assert find_pairs(columns)[0].columns == first


def test_names_that_are_no_coordinates_make_no_pair():
    assert find_pairs(["latest", "belong", "example", "country", "name", "index"]) == []


def frame_of(*cells, **more):
    return pd.DataFrame({"經度": [c[0] for c in cells], "緯度": [c[1] for c in cells], **more})


def test_placeholders_blanks_and_places_abroad_are_problems_by_row():
    found = points_of(
        frame_of(("121.5", "25.0"), ("0", "0"), ("", ""), ("139.7", "35.7"), ("abc", "25"), ("121.6", "25.1"))
    )
    assert [p.row for p in found.problems] == [3, 4, 5, 6]
    assert ["placeholder" in found.problems[0].message, "missing" in found.problems[1].message] == [
        True,
        True,
    ]
    assert "outside Taiwan" in found.problems[2].message
    assert "'abc" in found.problems[3].message
    assert list(found.frame.geometry.notna()) == [True, False, False, False, False, True]


def test_swapped_rows_are_turned_and_named():
    found = points_of(frame_of(("121.5", "25.0"), ("25.0", "121.5")))
    assert not found.problems
    assert found.frame.geometry.iloc[0].equals(found.frame.geometry.iloc[1])
    assert any("swapped in 1 rows (3)" in note for note in found.notes)


@pytest.mark.parametrize(
    "cell",
    [
        "25.0375, 121.504305555",
        "121.504305555 25.0375",
        "N25°2'15\" E121°30'15.5\"",
        "(25.0375，121.504305555)",
    ],
)
def test_one_column_for_both(cell):
    for name in ("座標", "whatever"):
        found = points_of(pd.DataFrame({"n": ["a"], name: [cell]}))
        assert not found.problems
        assert found.frame.geometry.iloc[0].coords[0] == pytest.approx(TAIPEI, abs=1e-6)


def test_a_table_without_coordinates_says_which_columns_are_needed():
    with pytest.raises(UsageError, match="經度"):
        points_of(pd.DataFrame({"name": ["a"]}))


@pytest.mark.parametrize("code", ["EPSG:3826", "EPSG:3825", "EPSG:3828", "EPSG:3827", "EPSG:3857"])
def test_metres_of_every_system_land_where_degrees_do(code):
    towns = reference.townships()
    inner = towns.geometry.representative_point()
    x, y = crs.transformer("EPSG:3824", code).transform(inner.x, inner.y)
    found = points_of(
        pd.DataFrame({"town_code": towns["town_code"], "X座標": [f"{v:,.3f}" for v in x], "Y座標": y})
    )
    assert found.crs == code
    assert not found.problems
    assert np.abs(found.frame.geometry.x - inner.x.to_numpy()).max() < 1e-7


def test_penghu_read_in_the_wrong_zone_is_caught_by_its_county():
    inner = reference.townships().query("county == '澎湖縣'").geometry.representative_point()
    x, y = crs.transformer("EPSG:3824", "EPSG:3825").transform(inner.x, inner.y)
    table = pd.DataFrame({"縣市": "澎湖縣", "x": x, "y": y})
    right = points_of(table)
    assert (right.crs, right.problems) == ("EPSG:3825", [])
    wrong = points_of(table, crs="EPSG:3826")
    assert len(wrong.problems) == len(table)
    assert all("read as EPSG:3825" in p.message for p in wrong.problems)


def test_two_pairs_that_disagree_are_a_problem_and_which_is_right_is_said():
    rows = {"county": ["新北市"] * 2, "town": ["烏來區"] * 2, "lon": [121.55] * 2, "lat": [24.86] * 2}
    x, y = crs.transformer("EPSG:3824", "EPSG:3826").transform(121.55, 24.86)
    found = points_of(pd.DataFrame({**rows, "X座標": [x, 205_000], "Y座標": [y, y]}))
    assert [p.row for p in found.problems] == [3]
    assert "apart; lon, lat lies in 新北市烏來區 as the row says" in found.problems[0].message


def test_script_in_a_cell_is_only_text():
    found = points_of(frame_of(("<script>alert(1)</script>", "25.0"), ("121.5", "25")))
    assert [p.row for p in found.problems] == [2]


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(12)), st.integers(1, 11))
def test_reordering_and_splitting_rows_changes_no_point(order, cut):
    towns = reference.townships().iloc[::31].reset_index(drop=True)
    inner = towns.geometry.representative_point()
    x, y = crs.transformer("EPSG:3824", "EPSG:3826").transform(inner.x, inner.y)
    table = pd.DataFrame({"town_code": towns["town_code"], "x": x, "y": y}).iloc[list(order)]
    whole = points_of(table).frame
    parts = pd.concat([points_of(part, crs="EPSG:3826").frame for part in (table[:cut], table[cut:])])
    expected = dict(zip(towns["town_code"], zip(inner.x, inner.y, strict=True), strict=True))
    for frame in (whole, parts):
        for code, point in zip(frame["town_code"], frame.geometry, strict=True):
            assert point.coords[0] == pytest.approx(expected[code], abs=1e-9)


@pytest.mark.shared
def test_the_faults_of_the_communities_table_are_found_by_computing():
    table = pd.read_csv(shared("data/indigenous/cip_tribes_20220725.csv"), dtype=str, encoding="utf-8-sig")
    found = points_of(table)
    rows = {table["Seq"].iloc[p.row - 2]: p.message for p in found.problems}
    # 208: the northing lacks a digit, the latitude is another one; 243: both are 200 km south
    assert "220 km from 高雄市桃源區" in " ".join(p.message for p in found.problems if p.row == 209)
    assert "2,066 km apart" in rows["208"]
    assert "from 南投縣仁愛鄉" in rows["243"]
    # of four more the pairs disagree, and two lie in the sea far from their township
    assert sorted(rows, key=int) == ["208", "243", "398", "469", "524", "676", "678", "686"]
    assert len(found.frame) == 739
    assert found.frame.geometry.notna().sum() == 731


@pytest.mark.shared
def test_community_hotspots_are_all_placed():
    found = points_of(pd.read_csv(shared("data/wifi/itaiwan_cip_tribe_hotspots.csv"), dtype=str))
    assert (len(found.frame), len(found.problems), found.crs) == (248, 0, "EPSG:3824")
