"""The workbook: typed numbers, no formula, a sheet a level, the same bytes twice."""

import datetime as dt
import zipfile
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import defusedxml.ElementTree as ET  # noqa: N817
import openpyxl
import pandas as pd
import pytest

from notspot_coverage.definitions import COLUMNS, load_indicators
from notspot_geodata.text import Text
from notspot_maps.workbook import write_workbook

DEFINITIONS = load_indicators()


def row(indicator, level, code, name, **figures):
    one = DEFINITIONS[indicator]
    given = {
        "value": None,
        "numerator": None,
        "denominator": None,
        "rule": "",
        "status": "computed",
        **figures,
    }
    fixed = {"unit": one.unit.zh, "kind": one.kind, "as_of": one.as_of, "basis": one.basis}
    return {"indicator": indicator, "level": level, "code": code, "name": name, **fixed, **given}


DENSITY, WIFI = "base_stations_4g_per_1000", "community_hotspots_per_community"
FIXED = {"value": 38.5, "official_2021": 38.5, "target_2025": 90, "status": "official"}
ROWS = [
    row(DENSITY, "nation", "TW", "全國", value=4.5537, numerator=106444, denominator=23375314),
    row("fixed_2g_households", "nation", "TW", "全國", **FIXED),
    row(DENSITY, "group", "remote", "偏遠鄉鎮市區", value=8.0, rule="remote_2020"),
    row("dl_mbps_best", "township", "09007040", "連江縣東引鄉", status="unknown", denominator=0.0),
    row(WIFI, "township", "63000010", "=SUM(A1)", status="unknown", denominator=0.0),
    row("base_stations_4g", "township", "10002010", "宜蘭縣宜蘭市", value=412.0),
]


def results(rows=ROWS, **changes):
    rule = SimpleNamespace(
        id="remote_2020",
        name=Text("規則", "rule"),
        citation=Text("第二條", "article 2"),
        in_force=dt.date(2020, 7, 6),
    )
    townships = pd.DataFrame(
        {
            "town_code": ["09007040", "63000010", "10002010"],
            "town_en": ["Dongyin Township", "<script>alert(1)</script>", None],
            "county_code": ["09007", "63000", "10002"],
            "county_en": ["Lienchiang County", "Taipei City", "Yilan County"],
            "communities_2022": [0, 0, 3],
            "population": [1000, 9000, 9000],
        }
    )
    counties = pd.DataFrame({"county_code": ["10002"], "county_en": ["Yilan County"]})
    whole = {
        "run_id": "0123456789ab",
        "title": Text("研究", "study"),
        "year": 2021,
        "townships": townships,
        "counties": counties,
        "indicators": pd.DataFrame(rows, columns=COLUMNS),
        "definitions": DEFINITIONS,
        "remote": SimpleNamespace(rule=rule),
        "run": {"inputs": [{"path": "my.csv", "sha256": "ab" * 32}]},
        "account": None,
    }
    return SimpleNamespace(**(whole | changes))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("xlsx") / "indicators.xlsx"
    write_workbook(results(), path)
    return path


@pytest.fixture(scope="module")
def book(path):
    return openpyxl.load_workbook(path)


def cells(sheet, at):
    names = [cell.value.split("\n")[1] for cell in sheet[1]]
    return dict(zip(names, sheet[at], strict=True))


def test_there_is_a_sheet_a_level_that_has_rows_then_definitions_and_sources(book):
    assert book.sheetnames == [
        "全國 nation",
        "群組 groups",
        "鄉鎮市區 townships",
        "定義 definitions",
        "來源 sources",
    ]


def test_numbers_are_typed_and_formatted_by_kind(book):
    measure, share = (cells(book["全國 nation"], at) for at in (2, 3))
    assert (measure["Value"].value, measure["Value"].data_type) == (4.5537, "n")
    assert measure["Value"].number_format == "#,##0.00"
    assert (measure["Numerator"].value, measure["Numerator"].number_format) == (106444, "#,##0")
    assert (share["Value"].value, share["Value"].number_format) == (38.5, "0.0")
    assert share["Target 2025"].value == 90
    count = cells(book["鄉鎮市區 townships"], 4)
    assert (count["Value"].value, count["Value"].number_format) == (412, "#,##0")


def test_unknown_is_said_and_never_blank_or_zero(book):
    unknown, nothing = (cells(book["鄉鎮市區 townships"], at) for at in (2, 3))
    assert unknown["Value"].value == "無資料"
    assert unknown["Low"].value is None
    assert nothing["Value"].value == "不適用"
    assert nothing["Status"].value == "不適用 not applicable"


def test_text_is_text_never_a_formula(book, path):
    name = cells(book["鄉鎮市區 townships"], 3)["Area (zh)"]
    assert (name.value, name.data_type) == ("=SUM(A1)", "s")
    assert name.quotePrefix
    with zipfile.ZipFile(path) as archive:
        assert not any(b"<f>" in archive.read(entry) for entry in archive.namelist())


def test_codes_keep_their_leading_zero_and_areas_their_english_name(book):
    unknown = cells(book["鄉鎮市區 townships"], 2)
    assert unknown["Code"].value == "09007040"
    assert unknown["Area"].value == "Dongyin Township, Lienchiang County"
    assert cells(book["群組 groups"], 2)["Area"].value == "Remote townships"


def test_sheets_are_frozen_filtered_and_of_a_width_to_read(book):
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(8 <= dimension.width <= 62 for dimension in sheet.column_dimensions.values())


def test_every_definition_with_its_parts_and_every_source_is_there(book):
    ids = [cell.value for cell in book["定義 definitions"]["A"][1:]]
    assert ids == [
        name
        for one in DEFINITIONS.values()
        for name in (one.id, *(f"{one.id}.{part.id}" for part in one.parts))
    ]
    sources = {cell.value for cell in book["來源 sources"]["B"]}
    assert {one.source.zh for one in DEFINITIONS.values()} <= sources
    assert {"規則", "my.csv"} <= sources


def test_the_same_results_give_the_same_bytes_with_no_clock(path, tmp_path):
    write_workbook(results(), tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = openpyxl.load_workbook(path).properties
    assert properties.created == properties.modified == dt.datetime(2021, 12, 31)


def test_every_part_is_valid_xml_whatever_the_names_hold(tmp_path):
    strange = [ROWS[-1] | {"name": f"a{char}b<&>]]>"} for char in ("\x00", "\x0b", "\ufffe", "\x1f", "\t")]
    strange.append(ROWS[-1] | {"name": "長" * 40_000})
    titled = results(strange, title=Text("題\x07", "t\x07"))
    write_workbook(titled, tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        for name in archive.namelist():
            ET.fromstring(archive.read(name))
    sheet = openpyxl.load_workbook(BytesIO((tmp_path / "t.xlsx").read_bytes()))["鄉鎮市區 townships"]
    names = [cells(sheet, at)["Area (zh)"].value for at in range(2, 8)]
    assert names[:5] == ["a\ufffdb<&>]]>"] * 4 + ["a\tb<&>]]>"]
    assert len(names[5]) == 32_767


def test_an_indicator_without_a_definition_keeps_its_id(tmp_path):
    extra = replace(DEFINITIONS["base_stations_4g"], id="mine")
    write_workbook(results([ROWS[-1] | {"indicator": extra.id}]), tmp_path / "t.xlsx")
    assert cells(openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[0], 2)["Indicator"].value == "mine"
