"""Tables as people have them: the same frame however they are written, everybody accounted for, no surprise."""

import contextlib
import csv
import io
import json
import random
import zipfile

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_data import shared

from notspot_geodata.errors import InputError, NotFoundError, NotspotError
from notspot_geodata.ledger import Ledger
from notspot_geodata.tables import read_table

HEADER = ["村里代碼", "區域", "村里", "戶數", "人口"]
ROWS = [
    ["65000010001", "新北市板橋區", "留侯里", "690", "1679"],
    ["65000010002", "新北市板橋區", "流芳里", "631", "1504"],
    ["10013280006", "屏東縣瑪家鄉", "三和村", "700", "2417"],
]


def write(path, rows, *, encoding="utf-8", delimiter=","):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def table(tmp_path, text, name="a.csv", **options):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_table(tmp_path / name, **options)


def problems(tmp_path, text, **options):
    frame = table(tmp_path, text, allow_rejects=True, **options)
    return [(p.row, p.field, p.message) for p in frame.attrs["reading"].problems]


def notes(frame):
    return "\n".join(frame.attrs["reading"].notes)


# ------------------------------------------------------------------ what is understood


def test_a_plain_table(tmp_path):
    frame = read_table(write(tmp_path / "a.csv", [HEADER, *ROWS]))
    assert list(frame) == ["village_code", "town", "village", "households", "population"]
    assert frame["village_code"].tolist() == [row[0] for row in ROWS]
    assert frame["population"].dtype == "Int64"
    reading = frame.attrs["reading"]
    assert (reading.kind, reading.encoding, reading.rows, reading.usable) == ("csv", "utf-8", 3, 3)
    assert reading.columns["村里代碼"] == "village_code"
    assert reading.header_rows == [1]
    assert list(frame.attrs["rows"]) == [2, 3, 4]


def test_oddities_of_cells_come_to_the_same_values(tmp_path):
    odd = table(
        tmp_path,
        '統計期,村里代碼,村里,人口\n1101231,65000010-001,　留侯里　,"１，６７９"\n'
        '110年12月31日,６５０００010002,流芳里," 1,504 "\n2021/12/31,9007010001,介壽村,－\n'
        "20211231,65000010S01,　,0\n",
    )
    assert odd["period"].unique().tolist() == ["2021-12-31"]
    assert odd["village_code"].tolist() == ["65000010001", "65000010002", "09007010001", "65000010S01"]
    assert odd["village"].tolist()[:3] == ["留侯里", "流芳里", "介壽村"]
    assert pd.isna(odd["village"][3])
    assert odd["population"].tolist()[:2] == [1679, 1504]
    assert pd.isna(odd["population"][2])
    for said in (
        "taken off",
        "leading zero was put back",
        "read as 2021-12-31",
        "full-width",
        "no village has",
    ):
        assert said in notes(odd)


def test_names_are_kept_letter_by_letter(tmp_path):
    frame = table(
        tmp_path,
        "村里代碼,村里,人口\n65000010001,[那]拔里,1\n65000010002,瓦\U000ffdfe里,2\n65000010003,台坂村,3\n"
        "65000010004,<script>alert(1)</script>,4\n65000010005,=1+1,5\n",
    )
    assert frame["village"].tolist() == [
        "[那]拔里",
        "瓦\U000ffdfe里",
        "台坂村",
        "<script>alert(1)</script>",
        "=1+1",
    ]
    assert "a character in brackets" in notes(frame)
    assert "private-use characters" in notes(frame)


@pytest.mark.parametrize(
    "above",
    ["", "112年各村里人口統計表\n\n", "112年各村里人口統計表,,\n單位：人,,\n", "title,,\n,,\n"],
)
def test_titles_above_the_header(tmp_path, above):
    frame = table(tmp_path, above + "村里代碼,村里,人口\n65000010001,留侯里,5\n65000010002,流芳里,6\n")
    assert frame["population"].tolist() == [5, 6]


def test_a_second_header_row_in_chinese(tmp_path):
    frame = table(
        tmp_path, "district_code,site_id,edu_total\n區域別代碼,區域別,總計\n65000010001,新北市板橋區,5\n"
    )
    assert frame.attrs["reading"].header_rows == [1, 2]
    assert frame["edu_total"].tolist() == [5]
    empty = table(tmp_path, "town_code,population\n鄉鎮市區代碼,人口\n")
    assert len(empty) == 0
    assert empty.attrs["reading"].header_rows == [1, 2]


def test_headers_that_nobody_knows(tmp_path):
    frame = table(tmp_path, "foo,bar,baz\na,1,x\nb,2,y\n")
    assert frame.to_dict("list") == {"foo": ["a", "b"], "bar": [1, 2], "baz": ["x", "y"]}
    years = table(tmp_path, "縣市,2019,2020\n臺北市,1,2\n新北市,3,4\n")
    assert list(years) == ["county", "2019", "2020"]


def test_a_table_without_headers_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no header"):
        table(tmp_path, "1,2\n3,4\n")


def test_columns_of_other_meaning(tmp_path):
    frame = table(
        tmp_path,
        "鄉鎮市區代碼,電話,手機,統編,時間,日子,變化,空,有無,area,比率,型號\n"
        "65000010,0226953737,+886912345678,1234567890123456,08:30,2021/1/5,-5,,N/A,1.5,12.5%,1E5\n"
        "65000020,0912345678,+886912345679,1234567890123457,09:00,2021/1/6,-3,,3,2,3%,2E7\n",
    ).drop(columns="town_code")
    assert frame["變化"].tolist() == [-5, -3]
    assert frame["area"].tolist() == [1.5, 2.0]
    assert frame["有無"].tolist() == [pd.NA, 3]
    assert frame["空"].isna().all()
    assert frame["日子"].tolist() == ["2021/1/5", "2021/1/6"]
    for column in ("電話", "手機", "統編", "時間", "比率", "型號"):
        assert frame[column].map(type).eq(str).all(), column
    assert frame["電話"][0] == "0226953737"


def test_full_width_digits_with_a_leading_zero_are_text(tmp_path):
    assert table(tmp_path, "縣市,電話\n臺北市,０９１２\n")["電話"].tolist() == ["0912"]


def test_notes_under_the_table(tmp_path):
    frame = table(
        tmp_path, "村里代碼,村里,人口\n65000010001,留侯里,5\n資料來源：內政部戶政司,,\n備註：\n1. 不含軍人\n"
    )
    assert frame["population"].tolist() == [5]
    assert "3 rows of notes under the table were left out (row 3" in notes(frame)


def test_a_cut_row_at_the_end_is_no_note(tmp_path):
    assert [p[0] for p in problems(tmp_path, "村里代碼,村里,人口\n65000010001,留侯里,5\n65000010002\n")] == [
        3
    ]


@pytest.mark.parametrize("word", ["總計", "合　計", "小計", "Total", "全國"])
def test_rows_of_totals(tmp_path, word):
    frame = table(
        tmp_path,
        f"鄉鎮市區代碼,鄉鎮市區,人口\n,{word},11\n65000010,板橋區,5\n65000020,三重區,6\n{word},,11\n",
    )
    assert frame["population"].sum() == 11
    assert "2 total rows were left out (row 2, 5)" in notes(frame)


def test_totals_over_another_column_are_data(tmp_path):
    frame = table(tmp_path, "縣市,類別,基地臺\n臺北市,4G,5\n臺北市,合計,7\n")
    assert frame["base_stations"].tolist() == [5, 7]


# ------------------------------------------------------------------ problems


def test_all_problems_come_in_one_report(tmp_path):
    with pytest.raises(InputError) as caught:
        table(
            tmp_path,
            '村里代碼,村里,人口\n65000010001,留侯里,5\n1000201000,海山里,6\n65000010003,赤松里,"1,2O4"\n'
            "65000010004,黃石里\n65000010005,挹秀里,-7\n65000010006,湳興里,1.5\n65000010001,留侯里,5\n,無名里,8\n",
        )
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("a.csv: 7 problems, 1 of 8 rows usable")
    assert [p.row for p in caught.value.problems] == [3, 4, 5, 6, 7, 8, 9]
    assert (
        "row 3      村里代碼 '1000201000' has 10 digits, 11 are needed; a leading zero was probably lost"
        in lines[1]
    )
    assert "row 4      人口 '1,2O4' is not a number (letter O?)" in lines[2]
    assert "has 2 cells, the header has 3: is it cut off?" in lines[3]
    assert "is negative" in lines[4]
    assert "is not a whole number" in lines[5]
    assert "repeats row 2 word for word" in lines[6]
    assert "is empty: no unit is named" in lines[7]
    assert "--allow-rejects" in lines[-1]


def test_too_many_cells(tmp_path):
    assert "has 3 cells, the header has 2" in problems(tmp_path, "縣市,人口\n臺北市,1,204\n")[0][2]


def test_numbers_beyond_all_measure(tmp_path):
    assert "too large" in problems(tmp_path, f"縣市,人口\n臺北市,{'9' * 30}\n")[0][2]
    assert "too large" in problems(tmp_path, "縣市,人口\n臺北市,1e999\n")[0][2]


def test_refused_rows_do_not_repeat_each_other(tmp_path):
    found = problems(tmp_path, "村里代碼,人口\nx,5\ny,5\n65000010001,5\n")
    assert [row for row, _, _ in found] == [2, 3]


def test_a_row_with_two_problems_counts_its_people_once(tmp_path):
    ledger = Ledger()
    frame = table(tmp_path, "村里代碼,人口,戶數\nx,5,y\n65000010001,7,1\n", ledger=ledger, allow_rejects=True)
    assert frame["population"].tolist() == [7]
    assert ledger.to_frame()["people"].tolist()[0] == 5
    assert ledger.to_frame()["people"].sum() == 5
    assert len(ledger) == 2


@pytest.mark.parametrize("header", ["村里代碼,人口", "foo,bar", "x"])
def test_headers_without_rows(tmp_path, header):
    frame = table(tmp_path, header + "\n")
    assert len(frame) == 0
    assert "headers but no rows" in notes(frame)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"<!DOCTYPE html><html>", "is a web page"),
        ("a.csv", b"\x89PNG\r\n\x1a\n", "is a picture"),
        ("a.xlsx", b"PK\x03\x04cut", "cut off"),
        ("a.json", b'{"type": "FeatureCollection", "features": []}', "is a map"),
        ("a.csv", b"%PDF-1.4", "is a PDF"),
        ("a.csv", b"\xef\xbb\xbf", "has no rows"),
        ("a.json", b"[" * 100_000, "nested too deep"),
    ],
)
def test_files_that_are_no_tables_say_what_they_are(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / name)


def test_a_missing_file_names_its_neighbours(tmp_path):
    (tmp_path / "people.csv").write_text("x")
    with pytest.raises(NotFoundError, match=r"people\.csv"):
        read_table(tmp_path / "peple.csv")


def test_a_few_zero_bytes_are_left_out_and_told(tmp_path):
    rows = "".join(f"6500001000{i},里,{i}\n" for i in range(1, 10))
    frame = table(tmp_path, "村里代碼,村里,人口\n" + rows + "65000010010,\x00里,5\n")
    assert frame["village"].tolist() == ["里"] * 10
    assert "1 NUL characters were left out" in notes(frame)


# ------------------------------------------------------------------ laws

PEOPLE = st.integers(0, 99_999)
CODES = st.integers(1, 999).map(lambda n: f"65000010{n:03}")
NAMES = st.text("留侯流芳赤松黃石挹秀湳興新興社後香社", min_size=1, max_size=4).map(lambda name: name + "里")
TABLES = st.lists(st.tuples(CODES, NAMES, PEOPLE), min_size=1, max_size=12, unique_by=lambda row: row[0])
LAW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEAD = ("村里代碼", "村里", "人口")


def plain(frame):
    return sorted(
        map(tuple, frame[["village_code", "village", "population"]].astype(object).to_numpy().tolist())
    )


def in_every_kind(tmp_path, rows):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp950"):
        for delimiter in (",", "\t", ";"):
            yield write(tmp_path / "a.csv", [HEAD, *rows], encoding=encoding, delimiter=delimiter)
    book = openpyxl.Workbook()
    for row in (HEAD, *rows):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    yield tmp_path / "a.xlsx"
    (tmp_path / "a.json").write_text(json.dumps([dict(zip(HEAD, row, strict=True)) for row in rows]))
    yield tmp_path / "a.json"


@LAW
@given(rows=TABLES)
def test_encoding_delimiter_and_kind_change_nothing(tmp_path, rows):
    for path in in_every_kind(tmp_path, rows):
        assert plain(read_table(path)) == sorted(rows), path


@LAW
@given(rows=TABLES, seed=st.integers(0, 99), cut=st.integers(0, 12))
def test_order_and_splitting_change_nothing(tmp_path, rows, seed, cut):
    mixed = random.Random(seed).sample(rows, len(rows))
    whole = read_table(write(tmp_path / "a.csv", [HEAD, *mixed]))
    parts = [read_table(write(tmp_path / "b.csv", [HEAD, *part])) for part in (rows[:cut], rows[cut:])]
    assert plain(whole) == sorted(rows)
    assert sorted(plain(parts[0]) + plain(parts[1])) == sorted(rows)


@LAW
@given(rows=TABLES, spoiled=st.sets(st.integers(0, 11)))
def test_people_are_usable_or_in_the_ledger(tmp_path, rows, spoiled):
    given_ = [
        ("?" if at in spoiled else code, name, f"{people:,}") for at, (code, name, people) in enumerate(rows)
    ]
    ledger = Ledger()
    frame = read_table(write(tmp_path / "a.csv", [HEAD, *given_]), ledger=ledger, allow_rejects=True)
    refused = ledger.to_frame()
    assert frame["population"].sum() + refused["people"].sum() == sum(row[2] for row in rows)
    assert len(frame) + refused["row"].nunique() == len(rows) == frame.attrs["reading"].rows


def survives(path):
    for options in ({}, {"allow_rejects": True, "ledger": Ledger()}):
        with contextlib.suppress(NotspotError):
            read_table(path, **options)


@settings(LAW, max_examples=100)
@given(data=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.json", "a.jsonl", "a.xlsx", "a"]))
def test_no_bytes_raise_anything_but_our_errors(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    survives(tmp_path / name)


@settings(LAW, max_examples=12)
@given(seed=st.integers(0, 10**6))
def test_no_damage_raises_anything_but_our_errors(tmp_path, seed):
    dice = random.Random(seed)
    for path in in_every_kind(tmp_path, [(row[0], row[2], int(row[4])) for row in ROWS]):
        data = bytearray(path.read_bytes())
        for _ in range(dice.choice([1, 3, 10])):
            at = dice.randrange(len(data))
            data[at : at + dice.choice([0, 1, 9])] = dice.choice(
                [b"", b'"', b"\x00", b"\xff\xa4", b",\n", b"{["]
            )
        path.write_bytes(data)
        survives(path)


# ------------------------------------------------------------------ real tables


@pytest.mark.shared
def test_the_village_register_of_march_2021():
    frame = read_table(shared("data/population/village_population_2021-03.csv"))
    assert len(frame) == 7761
    assert frame["population"].sum() == 23_525_623
    assert frame["households"].sum() == 8_950_538
    assert frame["village_code"].is_unique
    assert frame["village_code"].str.fullmatch("[0-9]{11}").all()
    assert (frame["male"] + frame["female"]).eq(frame["population"]).all()


@pytest.mark.shared
def test_the_township_register_of_december_2021():
    frame = read_table(shared("data/population/township_population_2021-12.json"))
    assert len(frame) == frame["town_code"].nunique() == 368
    assert frame["town_code"].str.len().eq(8).all()
    assert frame["population"].sum() == 23_375_314


@pytest.mark.shared
@pytest.mark.parametrize(
    ("path", "rows", "encoding", "columns"),
    [
        ("population/village_education_2020.csv", 7760, "utf-8-sig", {"village_code", "village", "period"}),
        (
            "base_stations/ncc_bs_by_township_Syuanyu0422.csv",
            33_886,
            "utf-8-sig",
            {"county", "town", "period", "base_stations"},
        ),
        (
            "base_stations/ncc_2021_4G_speed_by_township_parsed.csv",
            366,
            "utf-8",
            {"county", "town", "dl_mbps_CHT"},
        ),
        ("base_stations/ncc_avg_data_usage.csv", 296, "utf-8-sig", {"period", "operator"}),
        (
            "wifi/itaiwan_hotspots_IpSelect_tw.json",
            11_400,
            "utf-8",
            {"name", "county", "longitude", "latitude"},
        ),
        ("indigenous/cip_tribes_20220725.csv", 739, "utf-8-sig", {"town_code", "name", "x", "y", "latitude"}),
        ("anchors/schools_4708.json", 4708, "utf-8", {"name", "county", "town"}),
        ("anchors/hospitals.json", 232, "utf-8", {"name", "address"}),
        ("law/computed_density_2021-09.csv", 368, "utf-8", {"town_code", "area"}),
    ],
)
def test_real_tables_are_read_whole(path, rows, encoding, columns):
    frame = read_table(shared(f"data/{path}"))
    assert len(frame) == frame.attrs["reading"].rows == rows
    assert frame.attrs["reading"].encoding == encoding
    assert columns <= set(frame)


@pytest.mark.shared
def test_the_education_table_has_two_header_rows_and_republican_years():
    frame = read_table(shared("data/population/village_education_2020.csv"))
    assert frame.attrs["reading"].header_rows == [1, 2]
    assert frame["period"].unique().tolist() == ["2020"]
    counts = frame.drop(columns=["period", "village_code", "town", "village"])
    assert all(dtype == "Int64" for dtype in counts.dtypes)


@pytest.mark.shared
def test_padded_names_and_republican_days_of_the_licence_register():
    frame = read_table(shared("data/base_stations/ncc_bs_Yu-Jiaa_2024.csv"))
    assert frame["operator"].str.strip().eq(frame["operator"]).all()
    assert frame["period"].str.fullmatch(r"20\d\d-\d\d-\d\d").all()


def test_a_workbook_with_entities_is_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["村里代碼", "人口"])
    book.active.append(["65000010001", 5])
    book.save(tmp_path / "plain.xlsx")
    evil = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><worksheet'
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as old, zipfile.ZipFile(tmp_path / "evil.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"<worksheet", evil, 1).replace(b"<v>5</v>", b"<v>&e;</v>")
            new.writestr(name, content)
    with pytest.raises(InputError, match="document type declaration"):
        read_table(tmp_path / "evil.xlsx")


def test_a_unit_with_two_figures_is_told(tmp_path):
    (tmp_path / "t.csv").write_text("村里代碼,人口\n65000010001,5\n65000010001,6\n", encoding="utf-8")
    notes = read_table(tmp_path / "t.csv").attrs["reading"].notes
    assert any("1 units have more than one row" in note for note in notes)


def test_frames_can_be_joined_and_copied_with_their_row_numbers(tmp_path):
    (tmp_path / "t.csv").write_text("村里代碼,人口\n65000010001,5\n65000010002,6\n", encoding="utf-8")
    frame = read_table(tmp_path / "t.csv")
    assert frame[["人口" if "人口" in frame else "population"]].attrs["rows"] == (2, 3)
    assert len(pd.concat([frame, frame])) == 4


def test_a_total_in_the_column_of_dates_is_left_out(tmp_path):
    rows = "年月,村里代碼,人口\n110-03,65000010001,10\n總計,,10\n"
    (tmp_path / "t.csv").write_text(rows, encoding="utf-8")
    frame = read_table(tmp_path / "t.csv")
    assert frame["population"].tolist() == [10]
    assert any("total rows were left out (row 3)" in note for note in frame.attrs["reading"].notes)
