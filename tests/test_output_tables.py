"""Tables as files: what goes in comes back, and nothing runs as a formula."""

import csv
import hashlib
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from notspot_geodata import reference
from notspot_maps.tables import defused, is_formula, number_text, undefused, write_csv, write_geoparquet

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
risky = st.builds(
    lambda a, b, c: a + b + c,
    st.sampled_from(["", "'", "''", " ", "\t", "\r", "\n", "\u3000", "\ufeff", "\x00"]),
    st.sampled_from(["=", "+", "-", "@", "＝", "＋", "－", "＠", "", "x"]),
    texts,
)


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@given(st.lists(st.tuples(texts | risky, texts | risky), max_size=8))
def test_whatever_text_goes_in_comes_back_and_never_begins_a_formula(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_csv(pd.DataFrame(rows, columns=["a", "=b"], dtype=object), path)
    header, *found = rows_of(path)
    assert header == ["a", "'=b"]
    assert not any(is_formula(cell) and not cell.startswith("'") for row in found for cell in row)
    assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") for row in found for cell in row)
    assert [tuple(undefused(cell) for cell in row) for row in found] == rows


@given(texts | risky)
def test_defusing_can_be_undone_and_changes_nothing_else(text):
    safe = defused(text)
    assert undefused(safe) == text
    assert safe in (text, "'" + text)


@pytest.mark.parametrize("text", ["=1+1", "+886", "-5", "@SUM(A1)", "\tx", "\r=x", " =1", "＝1", "'=1"])
def test_what_a_spreadsheet_would_run_is_defused(text):
    assert defused(text) == "'" + text


@pytest.mark.parametrize("text", ["", "臺東縣", "a=b", "'quoted'", "5-1", "[那]拔里", "65000010-001"])
def test_harmless_text_is_left_alone(text):
    assert defused(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333333"),
        (75.0, "75"),
        (-2.5, "-2.5"),
        (-0.0, "0"),
        (106444.0, "106444"),
        (123456789012345.0, "123456789012345"),
        (1e-7, "1e-07"),
        (float("nan"), ""),
    ],
)
def test_a_float_is_written_without_noise(value, text):
    assert number_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_float_reads_back_within_twelve_digits(value):
    assert float(number_text(value)) == pytest.approx(value, rel=1e-11, abs=0)


def test_the_bytes_are_what_a_spreadsheet_wants(tmp_path):
    frame = pd.DataFrame(
        {
            "name": ["臺東縣", None, 'a "b", c'],
            "count": pd.array([3, None, -4], dtype="Int64"),
            "value": [-1.5, np.nan, 0.1 + 0.2],
            "remote": [True, False, True],
            "mixed": [-1, "-1", None],
        }
    )
    write_csv(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes().decode("utf-8") == (
        "\ufeffname,count,value,remote,mixed\r\n"
        "臺東縣,3,-1.5,true,-1\r\n"
        ",,,false,'-1\r\n"
        '"a ""b"", c",-4,0.3,true,\r\n'
    )


def test_an_empty_frame_has_its_header_and_an_empty_row_is_not_lost(tmp_path):
    write_csv(pd.DataFrame(columns=["file", "row"]), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == "\ufefffile,row\r\n".encode()
    write_csv(pd.DataFrame({"a": ["", "x"]}), tmp_path / "t.csv")
    assert len(pd.read_csv(tmp_path / "t.csv", skip_blank_lines=True)) == 2


def test_geometry_stays_out_of_the_csv(tmp_path):
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:3824")
    write_csv(frame, tmp_path / "t.csv")
    assert rows_of(tmp_path / "t.csv") == [["a"], ["1"]]


def test_no_text_can_break_the_encoding(tmp_path):
    write_csv(pd.DataFrame({"a": ["lone \ud800 surrogate"]}, dtype=object), tmp_path / "t.csv")
    assert rows_of(tmp_path / "t.csv")[1] == ["lone ? surrogate"]


def test_geoparquet_is_1_1_with_a_covering_and_comes_back_the_same(tmp_path):
    townships = reference.townships()
    townships["flag"] = townships["county"] == "連江縣"
    townships["kind"] = np.where(townships["flag"], "offshore", None)
    write_geoparquet(townships, tmp_path / "units.parquet")
    geo = json.loads(pq.read_metadata(tmp_path / "units.parquet").metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert set(geo["columns"]["geometry"]["covering"]["bbox"]) == {"xmin", "ymin", "xmax", "ymax"}
    assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 3824}
    back = gpd.read_parquet(tmp_path / "units.parquet")
    assert list(back.columns) == list(townships.columns)
    assert back.geometry.geom_equals_exact(townships.geometry, 0).all()
    assert (back["area_km2"] == townships["area_km2"]).all()


def test_the_same_frame_gives_the_same_bytes(tmp_path):
    townships = reference.townships()
    townships.attrs["note"] = object()  # whatever else hangs on the frame
    hashes = set()
    for name in ("a", "b"):
        write_geoparquet(townships, tmp_path / name)
        write_csv(townships, tmp_path / f"{name}.csv")
        hashes.add(tuple(hashlib.sha256((tmp_path / f).read_bytes()).digest() for f in (name, f"{name}.csv")))
    assert len(hashes) == 1
