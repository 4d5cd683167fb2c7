"""What ``notspot check`` says of a file."""

import json

import pandas as pd
import pytest
from shared_data import shared

from notspot_geodata.check import check, describe, exit_code
from notspot_geodata.errors import NotFoundError, Problem, UsageError
from notspot_geodata.reading import Reading


def test_a_file_without_problems_says_what_was_understood(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"村里代碼": ["63000030001"], "人口": [10]}).to_csv(path, index=False, encoding="cp950")
    reading = check(path)
    assert (reading.problems, exit_code(reading)) == ([], 0)
    page = describe(reading)
    assert "cp950" in page
    assert "→ village_code" in page
    assert "1 of 1 usable" in page
    assert page.endswith("No problems.")


def test_problems_are_in_the_reading_and_never_raised(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("名稱,經度,緯度\n甲,121.5,25.0\n乙,0,0\n丙,139.7,35.7\n", encoding="utf-8")
    reading = check(path)
    assert [p.row for p in reading.problems] == [3, 4]
    assert (reading.rows, reading.usable, reading.crs, exit_code(reading)) == (3, 1, "EPSG:3824", 1)
    assert "placeholder" in describe(reading)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"<html><title>Not found</title></html>"),
        ("a.shp", b"<html></html>"),
        ("a.zip", b"PK\x03\x04" + bytes(40)),
        ("a.kml", b"<kml><broken></kml>"),
        ("a.geojson", b'{"type":"FeatureCollection","features":[{'),
        ("a.bin", bytes(range(256)) * 50),
        ("a.csv", b""),
    ],
)
def test_files_that_cannot_be_read_are_a_problem_of_the_whole_file(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    reading = check(tmp_path / name)
    assert reading.problems[0].row in (None, 1)
    assert reading.file == name
    assert exit_code(reading) == 1
    page = describe(reading)
    assert reading.problems[0].message in page
    assert page.splitlines()[-1][-1] in ".!)"  # it ends with a sentence that says what to do


def test_a_missing_file_raises(tmp_path):
    with pytest.raises(NotFoundError, match="no such file"):
        check(tmp_path / "none.csv")


def test_a_wrong_option_is_no_problem_of_the_file(tmp_path):
    (tmp_path / "a.csv").write_text("經度,緯度\n121,25\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not a coordinate system"):
        check(tmp_path / "a.csv", crs="nonsense")


def test_json_has_what_machines_ask_for(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("經度,緯度\n0,0\n", encoding="utf-8")
    found = json.loads(json.dumps(check(path).as_dict()))
    assert {"file", "kind", "encoding", "crs", "rows", "usable", "problems"} <= set(found)
    assert {"row", "field", "message"} <= set(found["problems"][0])


def test_many_problems_of_one_sort_share_a_line():
    problems = [Problem(i, "人口", f"'{i}O' is not a number") for i in range(2, 500)]
    page = describe(Reading("a.csv", "csv", rows=600, usable=102, problems=problems))
    assert "498 rows" in page
    assert "rows 2, 3, 4, 5" in page
    assert "486 more" in page
    assert len(page.splitlines()) < 12
    assert "--allow-rejects" in page


def test_different_problems_keep_lines_of_their_own():
    problems = [Problem(2, "a", "is one thing"), Problem(3, "b", "is another")]
    page = describe(Reading("a.csv", "csv", rows=9, usable=7, problems=problems))
    assert "row 2" in page
    assert "row 3" in page


def test_control_characters_cannot_play_tricks_on_a_terminal():
    reading = Reading("a\x1b[2J.csv", "csv", problems=[Problem(2, "\x1b]0;x\x07", "bad \x1b[31m")])
    assert "\x1b" not in describe(reading)


@pytest.mark.shared
def test_the_communities_table():
    reading = check(shared("data/indigenous/cip_tribes_20220725.csv"))
    assert (reading.rows, reading.usable) == (739, 731)
    assert {209, 244} <= {p.row for p in reading.problems}
    assert reading.columns["縣市別代碼"] == "county_code"


@pytest.mark.shared
def test_a_raster_is_no_table_and_no_map():
    reading = check(shared("data/terrain/phDEM_20m_119.tif"))
    assert "TIFF" in reading.problems[0].message
