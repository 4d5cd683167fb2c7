"""Measurements out of long tables: every way they are written becomes one, and what cannot be is refused by row."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notspot_geodata import measurement_files, places
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.measurement_columns import has_failed, kind_of_test, measurement_column, operator_name
from notspot_geodata.measurement_rows import near_taiwan
from notspot_geodata.measurements import COLUMNS, read_measurements

WHERE = "121.5042,25.0330"  # Taipei
WHEN = "2021-06-01T10:00:00+08:00"
UTC = pd.Timestamp("2021-06-01 02:00", tz="UTC")


@pytest.fixture
def table(tmp_path):
    """A CSV of the given header and rows, read."""

    def read(header, *rows, name="tests.csv", encoding="utf-8", **options):
        path = tmp_path / name
        path.write_bytes("\n".join([header, *rows]).encode(encoding))
        return read_measurements(path, **options)

    return read


@pytest.fixture
def one(table):
    """The value that one cell under one header becomes in `column`, at a good place and time."""

    def read(header, cell, column, **options):
        frame = table(f"lon,lat,time,ping,{header}", f'{WHERE},{WHEN},20,"{cell}"', **options)
        return frame[column].iloc[0]

    return read


@pytest.fixture
def refused(table):
    """The reasons for which rows are refused, by row number."""

    def read(header, *rows, **options):
        ledger = Ledger()
        good = f"{WHERE},{WHEN},10" + "," * (header.count(",") - 3)
        kept = table(header, *rows, good, ledger=ledger, allow_rejects=True, **options)
        assert len(kept) + len({row["row"] for row in ledger.rows}) == len(rows) + 1
        return {row["row"]: row["reason"] for row in ledger.rows}

    return read


HEADER = "lon,lat,time,download_mbps"


# ------------------------------------------------------------------ what is read


def test_a_table_as_the_documentation_has_it(table):
    frame = table(
        "經度,緯度,測試時間,業者,技術,類別,裝置,下載速率(Mbps),上傳速率(kbps),RSRP,延遲(ms)",
        f"{WHERE},{WHEN},中華電信股份有限公司,5G,測速,A1,120.5,35000,-92,18",
        "121.6,25.1,110/06/02 下午 3:04:05,FET,4G,路測,,8,,-118.5,",
        time_zone="Asia/Taipei",
    )
    assert list(frame.columns) == list(COLUMNS)
    first, second = frame.to_dict("records")
    assert (first["row"], first["lon"], first["lat"]) == (2, 121.5042, 25.033)
    assert first["time"] == UTC
    assert second["time"] == pd.Timestamp("2021-06-02 15:04:05", tz="Asia/Taipei")
    assert [r["operator"] for r in (first, second)] == ["中華電信", "遠傳電信"]
    assert [r["technology"] for r in (first, second)] == ["NR", "LTE"]
    assert [r["kind"] for r in (first, second)] == ["speed", "drive"]
    assert (first["download_mbps"], first["upload_mbps"]) == (120.5, 35.0)
    assert np.isnan(second["upload_mbps"])
    assert second["rsrp_dbm"] == -118.5
    assert first["latency_ms"] == 18
    assert frame["failed"].isna().all()
    (reading,) = frame.attrs["readings"]
    assert reading.columns["測試時間"] == "time"
    assert reading.crs == "EPSG:3824"
    assert (reading.rows, reading.usable) == (2, 2)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2021-06-01T10:00:00+08:00", "2021-06-01 02:00"),
        ("2021-06-01 10:00:00.250+0800", "2021-06-01 02:00:00.25"),
        ("2021/06/01 02:00Z", "2021-06-01 02:00"),
        ("2021-6-1 2:00 PM +08", "2021-06-01 06:00"),
        ("1622512800", "2021-06-01 02:00"),
        ("1622512800000", "2021-06-01 02:00"),
        ("110年6月1日 10:00 +08:00", "2021-06-01 02:00"),
    ],
)  # fmt: skip
def test_times_with_a_zone(table, written, utc):
    frame = table(HEADER, f"{WHERE},{written},5")
    assert frame["time"].iloc[0] == pd.Timestamp(utc, tz="UTC")


@pytest.mark.parametrize(
    "written",
    ["2021-06-01 10:00", "2021/06/01 10:00:00", "110/06/01 10:00", "110/6/1 上午 10:00", "1100601 10:00:00"],
)
def test_times_without_a_zone_need_one(table, refused, written):
    frame = table(HEADER, f"{WHERE},{written},5", time_zone="Asia/Taipei")
    assert frame["time"].iloc[0] == UTC
    reasons = refused(HEADER, f"{WHERE},{written},5")
    assert "no time zone" in reasons[2]
    assert "--time-zone Asia/Taipei" in reasons[2]


def test_times_without_a_zone_in_every_row_are_one_problem(table):
    with pytest.raises(InputError) as error:
        table(HEADER, f"{WHERE},2021-06-01 10:00,5", f"{WHERE},2021-06-01 11:00,5", allow_rejects=True)
    (problem,) = error.value.problems
    assert problem.row is None
    assert "all 2 rows" in problem.message


def test_a_date_and_a_time_of_day_in_two_columns(table):
    frame = table("lon,lat,日期,時間,ping", f"{WHERE},110/06/01,10:00,20", time_zone="Asia/Taipei")
    assert frame["time"].iloc[0] == UTC


@pytest.mark.parametrize(
    ("header", "cell", "column", "value"),
    [
        ("download_kbps", "2500", "download_mbps", 2.5),
        ("Download [bps]", "2500000", "download_mbps", 2.5),
        ("下行速率(Gbps)", "1.5", "download_mbps", 1500.0),
        ("avg_d_kbps", "1,234", "download_mbps", 1.234),
        ("SS-RSRP (dBm)", "-101.5", "rsrp_dbm", -101.5),
        ("結果", "失敗", "failed", True),
        ("success", "1", "failed", False),
        ("success", "TRUE", "failed", False),
        ("failed", "1", "failed", True),
        ("failed", "no", "failed", False),
        ("失敗", "失敗", "failed", True),
        ("plmn", "466-92", "operator", "中華電信"),
        ("mccmnc", "46601", "operator", "遠傳電信"),
        ("operator", "Taiwan Mobile Co., Ltd.", "operator", "台灣大哥大"),
        ("operator", "某公司", "operator", "某公司"),
        ("kind", "客訴", "failed", True),
        ("device_id", "35-1", "device", "35-1"),
    ],
)
def test_cells_become_one_unit_and_one_word(one, header, cell, column, value):
    assert one(header, cell, column) == value


def test_seconds_of_latency(table):
    assert table("lon,lat,time,latency_s", f"{WHERE},{WHEN},0.02")["latency_ms"].iloc[0] == pytest.approx(20)


def test_words_that_are_not_known():
    assert kind_of_test("whatever") is None
    assert has_failed("perhaps") is None
    assert operator_name(" 臺灣大哥大 股份有限公司 ") == "台灣大哥大"
    assert measurement_column("RSRP (dBµV)").unit is None
    assert measurement_column("something") is None


def test_what_a_file_does_not_say_is_said_by_the_caller(table):
    frame = table(HEADER, f"{WHERE},{WHEN},5", operator="CHT", technology="5G", kind="crowd")
    assert frame.loc[0, ["operator", "technology", "kind"]].tolist() == ["中華電信", "NR", "crowd"]


def test_complaints_need_no_value(table):
    frame = table("lon,lat,申訴時間", f"{WHERE},{WHEN}", kind="complaint")
    assert frame["failed"].tolist() == [True]


@pytest.mark.parametrize(
    ("crs", "x", "y"), [("EPSG:3826", 250_868.05, 2_769_367.94), (None, 250_868.05, 2_769_367.94)]
)
def test_metres(table, crs, x, y):
    # one point of Taipei alone is in both zones of TM2 on land, so more rows tell them apart
    rows = [
        f"{x},{y},{WHEN},5",
        f"{x + 60_000},{y - 60_000},{WHEN},5",
        f"{x - 40_000},{y - 200_000},{WHEN},5",
    ]
    frame = table("x,y,time,download_mbps", *rows, crs=crs)
    assert frame["lon"].iloc[0] == pytest.approx(121.0086, abs=1e-4)
    assert frame.attrs["readings"][0].crs == "EPSG:3826"


def test_one_column_of_both_coordinates(table):
    frame = table("座標,time,ping", f'"25.0330, 121.5042",{WHEN},20', f'"121.6, 25.1",{WHEN},20')
    assert frame["lon"].tolist() == [121.5042, 121.6]
    assert frame["lat"].tolist() == [25.0330, 25.1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(tmp_path, encoding, delimiter):
    rows = [
        ["經度", "緯度", "時間", "業者", "下載(Mbps)"],
        *([*WHERE.split(","), WHEN, "中華電信", "5"],) * 1,
    ]
    path = tmp_path / "t.csv"
    path.write_bytes("\n".join(delimiter.join(r) for r in rows).encode(encoding))
    assert read_measurements(path)["operator"].tolist() == ["中華電信"]


def test_titles_empty_lines_and_quoted_line_ends_keep_the_numbers_of_rows(table):
    frame = table(
        "測試資料 2021",
        "lon,lat,time,download_mbps,remark",
        f"{WHERE},{WHEN},1,",
        "",
        ",,,,",
        f'{WHERE},{WHEN},2,"two\nlines"',
        f"{WHERE},{WHEN},3,x",
    )
    assert frame["row"].tolist() == [3, 6, 7]
    assert frame["download_mbps"].tolist() == [1, 2, 3]


def test_rows_with_too_few_or_too_many_cells_are_told_by_their_number(table, monkeypatch):
    monkeypatch.setattr(measurement_files, "BLOCK_BYTES", 200)  # several blocks
    good = [f"{WHERE},{WHEN},{n}" for n in range(1, 40)]
    rows = [*good[:10], "1,2", *good[10:30], f"{WHERE},{WHEN},5,6,7", *good[30:]]
    ledger = Ledger()
    frame = table(HEADER, *rows, ledger=ledger, allow_rejects=True)
    assert [(r["row"], "cells where the headers are 4" in r["reason"]) for r in ledger.rows] == [
        (12, True),
        (33, True),
    ]
    assert frame["row"].tolist() == [*range(2, 12), *range(13, 33), *range(34, 43)]
    assert frame["download_mbps"].tolist() == list(range(1, 40))
    (reading,) = frame.attrs["readings"]
    assert (reading.rows, reading.usable) == (41, 39)


def test_parquet_of_every_type_is_read_like_text(tmp_path):
    text = pd.DataFrame(
        {
            "lon": ["121.5"],
            "lat": ["25.0"],
            "time": [WHEN],
            "operator": ["CHT"],
            "download_mbps": ["5.5"],
            "success": ["1"],
        }
    )
    typed = text.assign(
        lon=[121.5],
        lat=[25.0],
        time=pd.to_datetime([WHEN]),
        operator=pd.Categorical(["CHT"]),
        download_mbps=[5.5],
        success=[True],
    )
    epoch = typed.assign(time=[1622512800], operator=["CHT"])
    frames = []
    for at, frame in enumerate((text, typed, epoch)):
        path = tmp_path / f"{at}.parquet"
        frame.to_parquet(path)
        frames.append(read_measurements(path).drop(columns="file"))
    pd.testing.assert_frame_equal(frames[0], frames[1])
    pd.testing.assert_frame_equal(frames[0], frames[2])
    assert frames[0]["row"].tolist() == [1]
    assert frames[0]["failed"].tolist() == [False]


def test_parquet_without_a_zone(tmp_path):
    path = tmp_path / "naive.parquet"
    pq.write_table(
        pa.table(
            {
                "lon": [121.5],
                "lat": [25.0],
                "time": pa.array([1622541600000000], pa.timestamp("us")),
                "ping": [20],
            }
        ),
        path,
    )
    with pytest.raises(InputError, match="no time zone"):
        read_measurements(path)
    frame = read_measurements(path, time_zone="Asia/Taipei")
    assert frame["time"].iloc[0] == UTC


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f",25.0,{WHEN},5", "coordinates are missing"),
        (f"nan,25.0,{WHEN},5", "coordinates are missing"),
        (f"abc,25.0,{WHEN},5", "is not a coordinate"),
        (f"0,0,{WHEN},5", "placeholder"),
        (f"25.0330,121.5042,{WHEN},5", "latitude swapped"),
        (f"139.7,35.7,{WHEN},5", "outside Taiwan: 139.7, 35.7 read as EPSG:3824 is 35.7000° N, 139.7000° E"),
        (f"118.0,24.0,{WHEN},5", "outside Taiwan"),
        (f"{WHERE},,5", "the time is missing"),
        (f"{WHERE},yesterday,5", "'yesterday' is not a time"),
        (f"{WHERE},2021-06-01,5", "date without a time of day"),
        (f"{WHERE},2021-02-30T10:00+08:00,5", "no day of the calendar"),
        (f"{WHERE},2021-06-01T25:00+08:00,5", "no time of the day"),
        (f"{WHERE},2021-06-01 10:00 +99:00,5", "in no time zone"),
        (f"{WHERE},1970-01-01T00:00Z,5", "clock that was not set"),
        (f"{WHERE},2999-01-01T00:00Z,5", "after the time of this run"),
        (f"{WHERE},{WHEN},-3", "is -3 Mbps, and a speed is not negative"),
        (f"{WHERE},{WHEN},250000", "is 250,000 Mbps, which cannot be; is it in kbps? name the column download_kbps"),
        (f"{WHERE},{WHEN},1O.5", "letter O"),
        (f"{WHERE},{WHEN},10 Mbps", "is not a number"),
        (f"{WHERE},{WHEN},", "no value and no outcome"),
    ],
)  # fmt: skip
def test_every_problem_is_told_with_its_row(refused, row, words):
    reasons = refused(HEADER, row)
    assert list(reasons) == [2]
    assert words in reasons[2]


@pytest.mark.parametrize(
    ("header", "cell", "words"),
    [
        ("rsrp_dbm", "92", "RSRP is negative"),
        ("rsrp_dbm", "0", "RSRP is negative"),
        ("rsrp_dbm", "-170", "another unit"),
        ("latency_ms", "-1", "not negative"),
        ("latency_ms", "20000000", "microseconds"),
        ("upload_mbps", "120000", "upload_kbps"),
        ("outcome", "perhaps", "neither that the test passed"),
    ],
)
def test_values_in_the_wrong_unit(refused, header, cell, words):
    reasons = refused(f"{HEADER},{header}", f"{WHERE},{WHEN},5,{cell}")
    assert words in reasons[2]


def test_limits_of_time(table):
    moments = ("05-31T23:59:59", "06-01T00:00:00", "06-30T23:59:59", "07-01T00:00:00")
    rows = [f"{WHERE},2021-{moment}+08:00,{n}" for n, moment in enumerate(moments, 1)]
    ledger = Ledger()
    frame = table(HEADER, *rows, since="2021-06-01", until="2021-06-30", ledger=ledger, allow_rejects=True)
    assert frame["download_mbps"].tolist() == [2, 3]
    assert [row["reason"].split("Z ")[1] for row in ledger.rows] == [
        "is before 2021-06-01",
        "is after 2021-06-30",
    ]


def test_operators_who_cannot_be_meant(refused):
    reasons = refused(
        f"{HEADER},operator",
        f"{WHERE},{WHEN},5,Vodafone", f"{WHERE},{WHEN},6,", f"{WHERE},{WHEN},7,甲", f"{WHERE},{WHEN},8,FET",
        operators=["甲"],
    )  # fmt: skip
    assert "'Vodafone' is no operator that is known" in reasons[2]
    assert "names no operator" in reasons[3]
    assert 4 not in reasons
    assert 5 not in reasons


def test_every_problem_of_a_file_is_in_one_error(table):
    with pytest.raises(InputError) as error:
        table(HEADER, f"{WHERE},{WHEN},-3", f"139,35,{WHEN},5", f"{WHERE},{WHEN},7")
    assert [p.row for p in error.value.problems] == [2, 3]
    assert "1 of 3 rows usable" in str(error.value)
    assert "--allow-rejects" in str(error.value)


def test_all_coordinates_swapped_are_one_problem(table):
    with pytest.raises(InputError) as error:
        table(HEADER, f"25.03,121.5,{WHEN},5", f"25.04,121.6,{WHEN},5", allow_rejects=True)
    (problem,) = error.value.problems
    assert problem.row is None
    assert "swapped" in problem.message


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("lon,lat,download_mbps", "no column with the time"),
        ("lon,lat,date,download_mbps", "time of the day"),
        ("lon,lat,time,colour", "no column with a value"),
        ("lon,lat,time,download", "has no unit that is known; name the column download_mbps or download_kbps"),
        ("lon,lat,time,RSRP (dBµV)", "has no unit that is known; name the column rsrp_dbm"),
        ("a,b,time,ping", "no columns of coordinates"),
    ],
)  # fmt: skip
def test_tables_that_lack_something(table, header, words):
    with pytest.raises(InputError, match=words):
        table(header, ",".join("1" for _ in header.split(",")))


def test_files_that_are_none(table, tmp_path):
    with pytest.raises(InputError, match="no rows"):
        table(HEADER)
    with pytest.raises(NotFoundError):
        read_measurements(tmp_path / "nothing.csv")
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        read_measurements(empty)
    page = tmp_path / "page.csv"
    page.write_text("<html><body>404</body></html>")
    with pytest.raises(InputError, match="'html'"):
        read_measurements(page)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError):
        read_measurements(broken)


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "dream"}, {"time_zone": "Asia/Nowhere"}, {"since": "June"}, {"until": "2021-06-01T10:00"}],
)
def test_arguments_that_make_no_sense(table, wrong):
    with pytest.raises(UsageError):
        table(HEADER, f"{WHERE},{WHEN},5", **wrong)


def test_a_column_of_types_that_are_no_kinds_is_not_used(table):
    frame = table(f"{HEADER},type", f"{WHERE},{WHEN},5,alpha", f"{WHERE},{WHEN},6,beta")
    assert frame["kind"].tolist() == ["speed", "speed"]
    assert "no kind of measurement" in frame.attrs["readings"][0].notes[0]


def test_speeds_that_look_like_another_unit_are_told(table):
    frame = table(HEADER, *(f"{WHERE},{WHEN},{n}" for n in (5000, 20000, 40000)))
    assert "is the unit right?" in frame.attrs["readings"][0].notes[-1]


# ------------------------------------------------------------------ the same test twice


def test_the_same_test_counts_once_and_a_contradiction_not_at_all(table):
    ledger = Ledger()
    rows = [
        f"{WHERE},{WHEN},5,A", f"{WHERE},{WHEN},5,A",  # repeated
        f"{WHERE},{WHEN},6,B", f"{WHERE},{WHEN},7,B", f"{WHERE},{WHEN},7,B",  # contradicted
        f"{WHERE},{WHEN},6,", f"{WHERE},{WHEN},7,",  # nobody knows whether these are one device
        "121.6,25.0," + WHEN + ",5,A",  # elsewhere
    ]  # fmt: skip
    frame = table(f"{HEADER},device", *rows, ledger=ledger, allow_rejects=True)
    assert frame["row"].tolist() == [2, 7, 8, 9]
    told = [(r["row"], r["reason"].split()[0]) for r in ledger.rows]
    assert told == [(3, "repeats"), (4, "contradicts"), (5, "contradicts"), (6, "repeats")]


def test_a_test_repeated_in_another_file_is_found(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"{HEADER}\n{WHERE},{WHEN},5\n")
    with pytest.raises(InputError) as error:
        read_measurements([tmp_path / "a.csv", tmp_path / "b.csv"])
    (problem,) = error.value.problems
    assert (problem.row, problem.field) == (2, "b.csv: ")
    ledger = Ledger()
    frame = read_measurements([tmp_path / "a.csv", tmp_path / "b.csv"], ledger=ledger, allow_rejects=True)
    assert frame["file"].tolist() == ["a.csv"]
    assert [row["file"] for row in ledger.rows] == ["b.csv"]


CELLS = st.tuples(
    st.sampled_from(["121.5", "121.6", "139", "", "x"]),
    st.sampled_from(["25.0", "25.1", "0"]),
    st.sampled_from([WHEN, "2021-06-02T10:00:00+08:00", "2021-06-01 10:00", ""]),
    st.sampled_from(["5", "6.5", "-1", "", "1e9"]),
    st.sampled_from(["A", "B", ""]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, min_size=1, max_size=12), st.randoms(), st.integers(0, 12))
def test_order_and_splitting_into_files_change_nothing(tmp_path, rows, random, cut):
    good = ("121.7", "25.0", WHEN, "9", "C")  # so that no problem is of every row
    header = f"{HEADER},device"

    def read(*parts):
        paths = []
        for at, part in enumerate(parts):
            path = tmp_path / f"{at}.csv"
            path.write_text("\n".join([header, *map(",".join, part)]) + "\n")
            paths.append(path)
        ledger = Ledger()
        frame = read_measurements(paths, ledger=ledger, allow_rejects=True)
        total = sum(map(len, parts))
        refused = {(r["file"], r["row"]) for r in ledger.rows}
        assert len(frame) + len(refused) == total  # nothing is lost
        shown = frame.drop(columns=["file", "row"]).astype(str)
        return sorted(map(tuple, shown.itertuples(index=False)))

    whole = [good, *rows, ("121.71", "25.0", WHEN, "9", "C")]
    shuffled = whole[:]
    random.shuffle(shuffled)
    assert read(whole) == read(shuffled)
    # each half has a row without problems of its own
    first, second = [good, *rows[:cut]], [*rows[cut:], ("121.71", "25.0", WHEN, "9", "C")]
    assert read(whole) == read(first, second)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(113, 125), st.floats(9, 28)), min_size=1, max_size=200))
def test_points_at_sea_are_told_from_afar_as_exactly_as_one_by_one(points):
    lonlat = np.array(points)
    assert (near_taiwan(lonlat) == places.near_taiwan(lonlat)).all()


def test_far_islands_are_taiwan():
    lonlat = np.array([*places.FAR_ISLANDS.values(), (np.nan, 25.0), (121.0, 10.0)])
    assert near_taiwan(lonlat).tolist() == [True] * len(places.FAR_ISLANDS) + [False, False]
