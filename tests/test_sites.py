"""Base stations out of files: every way they are written becomes one, and what cannot be is refused by row."""

import math
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notspot_geodata import crs as systems
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.site_columns import site_column
from notspot_geodata.sites import COLUMNS, UNKNOWN_OPERATOR, read_sites

WHERE = "121.5,25.03"  # Taipei


@pytest.fixture
def table(tmp_path):
    """A CSV of the given header and rows, read; problems are refused into `ledger`."""

    def read(header, *rows, name="sites.csv", encoding="utf-8", **options):
        path = tmp_path / name
        path.write_bytes("\n".join([header, *rows]).encode(encoding))
        return read_sites(path, **options)

    return read


@pytest.fixture
def one(table):
    """The value that one cell under one header becomes in `column`, at a good place."""

    def read(header, cell, column):
        return table(f"lon,lat,{header}", f'{WHERE},"{cell}"')[column].iloc[0]

    return read


@pytest.fixture
def refused(table):
    """The one reason for which the row with this cell is refused."""

    def read(header, cell):
        ledger = Ledger()
        table(f"lon,lat,{header}", f'{WHERE},"{cell}"', ledger=ledger, allow_rejects=True)
        (row,) = ledger.rows
        assert row["row"] == 2
        return row["reason"]

    return read


# ------------------------------------------------------------------ headers and units


def test_a_chinese_table_and_an_english_one_say_the_same(table):
    chinese = table(
        "站號,電信業者,技術,經度,緯度,頻率(MHz),頻寬(MHz),子載波間隔,天線高度(公尺),發射功率(W),天線增益(dBi),饋線損耗,方位角,電子下傾角,機械下傾角,極化",
        "A1,中華電信,5G,121.5,25.03,3500,100,30,25,100,17,0.5,120,4,2,垂直",
        encoding="cp950",
    )
    english = table(
        "site_id,operator,technology,lon,lat,frequency_ghz,bandwidth_mhz,scs_khz,height_ft,power_dbw,gain_dbd,feeder_loss_db,azimuth_deg,tilt_deg,polarisation",
        f"A1,中華電信,NR,121.5,25.03,3.5,100,30,{25 / 0.3048},20,14.85,0.5,120,6,V",
    )
    pd.testing.assert_frame_equal(chinese, english)
    assert list(chinese.columns) == list(COLUMNS)
    row = chinese.iloc[0]
    assert (row.technology, row.polarisation, row.tilt_deg) == ("NR", 2, 6.0)
    assert row.power_dbm == pytest.approx(50)
    assert row.gain_dbi == pytest.approx(17)


@pytest.mark.parametrize(
    ("header", "cell", "column", "value"),
    [
        ("頻率MHz", "700", "frequency_mhz", 700),
        ("Frequency [GHz]", "3.5", "frequency_mhz", 3500),
        ("freq_hz", "2140000000", "frequency_mhz", 2140),
        ("freq", "3.5 GHz", "frequency_mhz", 3500),
        ("frequency", "1840", "frequency_mhz", 1840),
        ("frequency", "3.5", "frequency_mhz", 3500),
        ("頻段", "n78", "frequency_mhz", 3550),
        ("band", "B28", "frequency_mhz", 780.5),
        ("頻段", "700MHz", "frequency_mhz", 700),
        ("頻寬", "15", "bandwidth_mhz", 15),
        ("scs", "30", "scs_khz", 30),
        ("子載波間隔(kHz)", "15", "scs_khz", 15),
        ("天線高度(離地，公尺)", "１２．５", "height_m", 12.5),
        ("height", "30 m", "height_m", 30),
        ("天線高度公尺", "30", "height_m", 30),
        ("EIRP(dBm)", "62", "eirp_dbm", 62),
        ("eirp_w", "1000", "eirp_dbm", 60),
        ("eirp_kw", "1", "eirp_dbm", 60),
        ("erp_dbm", "60", "eirp_dbm", 62.15),
        ("有效輻射功率(W)", "1000", "eirp_dbm", 62.15),
        ("power (ERP W)", "1000", "eirp_dbm", 62.15),
        ("功率", "20 W", "power_dbm", 43.0103),
        ("最大射頻輸出功率(W)", "40", "power_dbm", 46.0206),
        ("power_mw", "100", "power_dbm", 20),
        ("gain", "15", "gain_dbi", 15),
        ("方位角", "360", "azimuth_deg", 0),
        ("方位角(度)", "120°", "azimuth_deg", 120),
        ("azimuth", "0", "azimuth_deg", 0),
        ("tilt", "-3", "tilt_deg", -3),
        ("h_beamwidth", "65", "beamwidth_deg", 65),
        ("pattern_file", "kathrein.msi", "pattern", "kathrein.msi"),
        ("polarization", "±45", "polarisation", 0),
        ("polarization", "H", "polarisation", 1),
        ("系統", "LTE-A", "technology", "LTE"),
        ("系統", "5G NSA", "technology", "NR"),
        ("類別", "行動寬頻4G", "technology", "LTE"),
        ("rat", "UMTS", "technology", "WCDMA"),
        ("rat", "TETRA", "technology", "TETRA"),
        ("rat", "4G/5G", "technology", "4G/5G"),
        ("站號", "00123", "site_id", "00123"),
        ("site_id", "新店台北路", "site_id", "新店台北路"),
    ],
)
def test_one_cell_in_all_its_writings(one, header, cell, column, value):
    found = one(header, cell, column)
    assert found == (value if isinstance(value, str) else pytest.approx(value, abs=1e-4))


@pytest.mark.parametrize(
    "header", ["x", "緯度", "經度", "高雄", "full name", "備註", "人口", "lat", "lon", "地址"]
)
def test_headers_of_other_things_mean_nothing_here(header):
    assert site_column(header) is None


def test_what_a_file_does_not_say_is_not_invented(one):
    for column in (
        "frequency_mhz",
        "bandwidth_mhz",
        "height_m",
        "eirp_dbm",
        "power_dbm",
        "gain_dbi",
        "tilt_deg",
    ):
        assert math.isnan(one("備註", "x", column))
    assert one("備註", "x", "operator") == UNKNOWN_OPERATOR
    assert one("備註", "x", "technology") == ""
    assert one("備註", "x", "pattern") == ""


@pytest.mark.parametrize("cell", ["-", "N/A", "無", "", "不詳"])
def test_a_word_for_nothing_is_no_number_and_no_problem(one, cell):
    assert math.isnan(one("天線高度(m)", cell, "height_m"))


@pytest.mark.parametrize("cell", ["全向", "omni", "Omni"])
def test_an_antenna_without_direction_has_no_azimuth(one, cell):
    assert math.isnan(one("azimuth", cell, "azimuth_deg"))


# ------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("header", "cell", "reason"),
    [
        ("height_m", "0", "cannot be"),
        ("height_m", "-3", "cannot be"),
        ("height_m", "3001", "cannot be"),
        ("height_m", "3O", "letter O"),
        ("height_m", "高", "not a number"),
        ("height_m", "30,5", "thousands separator"),
        ("height_m", "30, 35", "one row a sector and carrier"),
        ("eirp_dbm", "81", "cannot be"),
        ("eirp_dbm", "-31", "cannot be"),
        ("erp_dbm", "78", "80.15 dBm"),
        ("power_dbm", "200", "are these watts"),
        ("eirp_dbm", "3113", "cannot be"),
        ("power_w", "2000", "cannot be"),
        ("power_w", "0", "no power"),
        ("gain_dbi", "170", "cannot be"),
        ("feeder_loss_db", "-3", "cannot be"),
        ("frequency_mhz", "0", "no radio frequency"),
        ("frequency_mhz", "-700", "no radio frequency"),
        ("frequency_mhz", "700/1800", "one row a sector and carrier"),
        ("band", "B28+B3", "one row a sector and carrier"),
        ("bandwidth_mhz", "0", "cannot be"),
        ("scs_khz", "25", "15, 30, 60"),
        ("azimuth_deg", "361", "cannot be"),
        ("azimuth_deg", "-1", "cannot be"),
        ("azimuth_deg", "0/120/240", "one row a sector"),
        ("azimuth_deg", "N", "not a number"),
        ("tilt_deg", "91", "cannot be"),
        ("beamwidth_deg", "0", "cannot be"),
        ("polarisation", "circular", "no polarisation"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(refused, header, cell, reason):
    assert reason in refused(header, cell)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("height_m", "3000"),
        ("eirp_dbm", "80"),
        ("power_dbm", "60"),
        ("azimuth_deg", "360"),
        ("tilt_deg", "-90"),
    ],
)
def test_the_limits_themselves_are_possible(one, header, cell):
    assert math.isfinite(one(header, cell, header))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("0,0,30", "placeholder"),
        (",,30", "missing"),
        ("139.7,35.7,30", "outside Taiwan"),
        ("here,there,30", "not a coordinate"),
    ],
)
def test_a_row_without_a_place_is_refused(table, cells, reason):
    ledger = Ledger()
    sites = table("lon,lat,height_m", f"{WHERE},20", cells, ledger=ledger, allow_rejects=True)
    assert list(sites["row"]) == [2]
    assert [(r["row"], reason in str(r["reason"])) for r in ledger.rows] == [(3, True)]


def test_all_problems_come_in_one_error_and_rows_are_those_of_the_file(table):
    with pytest.raises(InputError) as error:
        table(
            "lon,lat,height_m,azimuth_deg", f"{WHERE},30,0", f"{WHERE},-1,400", "0,0,30,0", f"{WHERE},30,90"
        )
    assert [(p.row, p.field) for p in error.value.problems] == [
        (3, "azimuth_deg"),
        (3, "height_m"),
        (4, "lon, lat"),
    ]
    assert "2 of 4 rows usable" in str(error.value)


def test_every_row_is_kept_or_in_the_ledger(table):
    rows = [f"{WHERE},{h},{a}" for h in (10, -1, 20) for a in (0, 400, 90, "x", 0)]
    ledger = Ledger()
    sites = table("lon,lat,height_m,azimuth_deg", *rows, ledger=ledger, allow_rejects=True)
    assert set(sites["row"]) | {r["row"] for r in ledger.rows} == set(range(2, 17))
    assert not set(sites["row"]) & {r["row"] for r in ledger.rows}


@given(
    header=st.sampled_from(
        [
            "height_m",
            "power_w",
            "eirp_dbm",
            "frequency_ghz",
            "band",
            "scs_khz",
            "azimuth",
            "tilt",
            "極化",
            "gain",
            "rat",
        ]
    ),
    cell=st.one_of(
        st.text(max_size=12).map(lambda t: re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\"]", "", t)),
        st.floats().map(str),
        st.from_regex(r"[-+]?[0-9]{1,4}([.,][0-9]{1,2})? ?(dBm|W|m|GHz|°)?", fullmatch=True),
    ),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_stands_in_a_cell_the_row_is_kept_or_refused(table, header, cell):
    ledger = Ledger()
    try:
        sites = table(f"lon,lat,{header}", f'{WHERE},"{cell}"', ledger=ledger, allow_rejects=True)
    except InputError as error:
        if error.problems[0].row is None:  # a unit that cannot be told
            return
        raise
    assert {*sites["row"], *(r["row"] for r in ledger.rows)} == {2}
    assert not np.isinf(sites.select_dtypes("number").to_numpy(dtype=float)).any()


def test_a_power_without_a_unit_is_not_guessed(table):
    with pytest.raises(InputError, match="40 may be 40 dBm"):
        table("lon,lat,功率", f"{WHERE},40")
    with pytest.raises(InputError, match="name the column eirp_dbm"):
        table("lon,lat,EIRP", f"{WHERE},60", allow_rejects=True)


@pytest.mark.parametrize("cells", [("3.5", "700"), ("200",), ("28", "78")])
def test_a_frequency_without_a_unit_is_guessed_only_where_all_agree(table, cells):
    header = "lon,lat,band" if cells == ("28", "78") else "lon,lat,frequency"
    with pytest.raises(InputError, match="frequency_mhz"):
        table(header, *(f"{WHERE},{c}" for c in cells))


def test_a_guessed_unit_is_said(table):
    sites = table("lon,lat,frequency,height", f"{WHERE},1800,30")
    notes = " ".join(sites.attrs["reading"].notes)
    assert "'frequency' has no unit; by its values it is MHz" in notes
    assert "'height' has no unit; it is read as m" in notes


def test_the_second_of_two_equal_rows_is_refused_and_names_the_first(table):
    ledger = Ledger()
    sites = table(
        "site,operator,lon,lat,height_m,frequency_mhz,azimuth_deg",
        f"A,中華電信,{WHERE},30,700,0",
        f"B,中華電信,{WHERE},30,700,120",
        f"C,中華電信,{WHERE},30,700,360",
        f"D,遠傳電信,{WHERE},30,700,0",
        ledger=ledger,
        allow_rejects=True,
    )
    assert list(sites["site_id"]) == ["A", "B", "D"]
    (row,) = ledger.rows
    assert row["row"] == 4
    assert "repeats row 2" in str(row["reason"])


def test_a_refused_row_is_nobodys_first(table):
    ledger = Ledger()
    sites = table(
        "lon,lat,height_m,tilt_deg", f"{WHERE},30,99", f"{WHERE},30,5", ledger=ledger, allow_rejects=True
    )
    assert list(sites["row"]) == [3]


def test_powers_that_contradict_each_other_are_refused(refused, table):
    sites = table("lon,lat,eirp_dbm,power_dbm,gain_dbi,feeder_loss_db", f"{WHERE},58,46,15,3")
    assert len(sites) == 1
    for header, cells in (
        ("eirp_dbm,power_dbm,gain_dbi,feeder_loss_db", "64,46,15,3"),
        ("eirp_dbm,power_dbm,gain_dbi", "50,46,15"),
        ("eirp_dbm,erp_dbm", "60,62"),
    ):
        ledger = Ledger()
        table(f"lon,lat,{header}", f"{WHERE},{cells}", ledger=ledger, allow_rejects=True)
        assert "one of them is wrong" in str(ledger.rows) or "e.r.p. says" in str(ledger.rows)


def test_tilts_that_contradict_each_other_are_refused(table):
    header = "lon,lat,tilt,etilt,mtilt"
    assert table(header, f"{WHERE},6,4,2")["tilt_deg"].iloc[0] == 6
    with pytest.raises(InputError, match="add up to 6"):
        table(header, f"{WHERE},9,4,2")


# ------------------------------------------------------------------ ids, operators, warnings


def test_ids_are_unique_and_made_where_they_are_missing(table):
    sites = table(
        "site,lon,lat,azimuth",
        f"A,{WHERE},0",
        f"A,{WHERE},120",
        f"A#2,{WHERE},240",
        f",{WHERE},90",
        f"row5,{WHERE},91",
    )
    assert list(sites["site_id"])[:3] == ["A", "A#3", "A#2"]
    assert sites["site_id"].is_unique
    assert sites["site_id"].iloc[4] == "row5"


def test_a_cell_is_named_after_its_site(table):
    sites = table("site_id,cell_id,lon,lat,azimuth", f"A,1,{WHERE},0", f"A,2,{WHERE},120", f"B,B-1,{WHERE},9")
    assert list(sites["site_id"]) == ["A/1", "A/2", "B-1"]


def test_spellings_of_one_operator_are_one(table):
    sites = table(
        "operator,lon,lat,azimuth",
        *(
            f"{name},{WHERE},{i}"
            for i, name in enumerate(["台灣大哥大", "臺灣大哥大", "臺灣大哥大股份有限公司", "CHT", "cht", ""])
        ),
    )
    assert list(sites["operator"]) == ["台灣大哥大"] * 3 + ["CHT"] * 2 + [UNKNOWN_OPERATOR]
    assert sum("are taken for one" in n for n in sites.attrs["reading"].notes) == 2


def test_what_may_be_true_is_kept_and_said(table):
    sites = table(
        "lon,lat,height_m,power_dbm,tilt_deg",
        f"{WHERE},250,20,3",
        "120.4,24.2,10,20,-3",  # off the west coast
    )
    notes = sites.attrs["reading"].notes
    assert len(sites) == 2
    for words, row in (
        ("in the sea", "(row 3)"),
        ("higher than 100 m", "(row 2)"),
        ("usual in watts", "(rows 2, 3)"),
        ("which is upwards", "(row 3)"),
    ):
        (note,) = [n for n in notes if words in n]
        assert note.endswith(row)


def test_heights_above_the_sea_are_not_antenna_heights(table):
    sites = table("lon,lat,海拔", f"{WHERE},812")
    assert math.isnan(sites["height_m"].iloc[0])
    assert any("above sea level" in n for n in sites.attrs["reading"].notes)


def test_columns_that_are_not_used_are_named(table):
    sites = table("lon,lat,備註,機房", f"{WHERE},a,b")
    assert any("2 columns are not used: 備註, 機房" in n for n in sites.attrs["reading"].notes)


# ------------------------------------------------------------------ places


@pytest.mark.parametrize("code", ["EPSG:3826", "EPSG:3828", "EPSG:4326"])
def test_a_site_lies_in_the_same_place_in_every_system(table, code):
    x, y = systems.transformer("EPSG:3824", code).transform(121.5, 25.03)
    sites = table("x,y,height_m", f"{x!r},{y!r},30", crs=code)
    right = systems.transformer("EPSG:3824", "EPSG:3826").transform(121.5, 25.03)
    assert (sites["x_m"].iloc[0], sites["y_m"].iloc[0]) == pytest.approx(right, abs=0.01)
    assert (sites["lon"].iloc[0], sites["lat"].iloc[0]) == pytest.approx((121.5, 25.03), abs=1e-7)


@given(x=st.integers(2_500_000, 3_000_000), y=st.integers(26_500_000, 27_500_000))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_metres_of_the_result_system_come_back_as_they_were(table, x, y):
    ledger = Ledger()
    sites = table("x,y,height_m", f"{x / 10},{y / 10},30", crs="EPSG:3826", ledger=ledger, allow_rejects=True)
    assert len(sites) + len(ledger) == 1
    if len(sites):
        assert (sites["x_m"].iloc[0], sites["y_m"].iloc[0]) == (x / 10, y / 10)


def test_a_claimed_county_is_checked(table):
    header = "縣市,lon,lat,height_m"
    with pytest.raises(InputError, match="km from 花蓮縣"):
        table(header, f"花蓮縣,{WHERE},30")


def test_degrees_are_no_system_for_metres(table):
    with pytest.raises(UsageError, match="EPSG:3826"):
        table("lon,lat", WHERE, to_crs="EPSG:4326")


def test_a_table_without_coordinates_says_which_are_needed(table):
    with pytest.raises(InputError, match="經度"):
        table("site,height_m", "A,30")


# ------------------------------------------------------------------ other files


def points_frame(**columns):
    shapes = shapely.points([[121.5, 25.03], [121.52, 25.05]])
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")


@pytest.mark.parametrize("name", ["sites.gpkg", "sites.geojson", "sites.shp"])
def test_map_files_read_as_tables_do(tmp_path, table, name):
    path = tmp_path / name
    points_frame(site_id=["A", "B"], freq_mhz=[700.0, 3500.0], height_m=[30, 25]).to_file(path)
    found = read_sites(path)
    same = table(
        "site_id,freq_mhz,height_m,lon,lat", "A,700,30,121.5,25.03", "B,3500,25,121.52,25.05", name="t.csv"
    )
    pd.testing.assert_frame_equal(found.drop(columns="row"), same.drop(columns="row"))
    assert list(found["row"]) == [1, 2]


def test_map_features_that_are_no_points_are_refused(tmp_path):
    path = tmp_path / "sites.gpkg"
    frame = points_frame(site_id=["A", "B"])
    frame.geometry = [frame.geometry.iloc[0], shapely.box(121.5, 25.0, 121.6, 25.1)]
    frame.to_file(path)
    with pytest.raises(InputError, match="is a Polygon, not one point") as error:
        read_sites(path)
    assert [p.row for p in error.value.problems] == [2]


def test_a_workbook_reads_as_csv_does(tmp_path, table):
    frame = pd.DataFrame(
        {"站號": ["A"], "經度": [121.5], "緯度": [25.03], "天線高度(m)": [30], "頻率(MHz)": [700]}
    )
    path = tmp_path / "sites.xlsx"
    frame.to_excel(path, index=False)
    found = read_sites(path)
    same = table("站號,經度,緯度,天線高度(m),頻率(MHz)", "A,121.5,25.03,30,700")
    pd.testing.assert_frame_equal(found, same)


def test_two_header_rows_and_a_title_are_passed_over(table):
    sites = table(
        "行動基地臺清冊,,,",
        "site_id,lon,lat,height",
        "站號,經度,緯度,天線高度(公尺)",
        f"A,{WHERE},30",
    )
    assert list(sites["site_id"]) == ["A"]
    assert sites["height_m"].iloc[0] == 30
    assert sites["row"].iloc[0] == 4


def test_the_order_of_rows_changes_nothing_but_the_order(table):
    rows = [f"S{i},{121.5 + i / 100},25.0,{20 + i},{i * 30 % 360}" for i in range(8)]
    header = "site,lon,lat,height_m,azimuth"
    one, other = table(header, *rows), table(header, *rows[::-1])
    other = other.sort_values("site_id", ignore_index=True)
    pd.testing.assert_frame_equal(one.drop(columns="row"), other.drop(columns="row"))


def test_many_rows_are_read_whole(table):
    rng = np.random.default_rng(1)
    rows = [
        f"S{i},{121 + x:.6f},{24 + y:.6f},{h}"
        for i, (x, y, h) in enumerate(
            zip(rng.random(2000) / 5, rng.random(2000) / 5, rng.integers(5, 60, 2000), strict=True)
        )
    ]
    assert len(table("site,lon,lat,height_m", *rows)) == 2000


# ------------------------------------------------------------------ the page


def page():
    return (Path(__file__).resolve().parents[1] / "docs" / "sites.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_is_read(table):
    (example,) = re.findall(r"```csv\n(.*?)```", page(), re.S)
    sites = table(*example.strip().split("\n"))
    assert list(sites["site_id"]) == ["A1", "A1#2", "B7"]
    assert list(sites["technology"]) == ["NR", "NR", "LTE"]
    assert sites["eirp_dbm"].notna().tolist() == [True, True, False]


def test_every_name_on_the_page_is_a_header_that_is_known():
    rows = [line.split("|") for line in page().split("\n") if line.startswith("| ") and line.count("|") == 4]
    rows = [row for row in rows if not row[1].strip().startswith(("column", "position", "`", "name"))]
    assert len(rows) == 16
    for _, what, names, *_ in rows:
        for name in re.split(r"[,;]| with | and | → ", re.sub(r" are added up|`A/1`|`B28`.*", "", names)):
            header = name.strip(" `")
            assert not header or site_column(header), (what, header)
