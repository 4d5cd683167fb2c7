"""The official sources as data: complete, bilingual, overridable, in step with their page."""

import re
from pathlib import Path

import pytest
import shapely

from notspot_geodata import reference
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.sources import load_sources, parse_sources, roc_month, select, sources
from notspot_geodata.sources_page import as_markdown

ROOT = Path(__file__).resolve().parents[1]

ONE = """
[places]
title = { zh = "地點", en = "Places" }
publisher = { zh = "某部", en = "A ministry" }
licence = { zh = "授權", en = "Licence" }
licence_page = "https://data.gov.tw/license"
dataset = "1"
page = "https://data.gov.tw/dataset/1"
update = { zh = "每年", en = "yearly" }
use = { zh = "測試", en = "tests" }
how = "file"
address = "https://data.gov.tw/places.csv"
kind = "csv"
file = "places.csv"
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("NOTSPOT_SOURCES", raising=False)


def messages(error) -> list[str]:
    return [str(problem) for problem in error.value.problems]


def test_the_data_sets_are_the_official_ones():
    assert {name: source.dataset for name, source in sources().items()} == {
        "villages": "7438",
        "townships": "7441",
        "counties": "7442",
        "village_population": "77132",
        "base_stations": "41256",
        "mountain_hotspots": "160533",
        "indigenous_communities": "CIP A53000000A-112041",
        "public_wifi": "5962",
        "terrain": "176927",
        "terrain_penghu": "176927",
        "terrain_kinmen": "176927",
        "copernicus_glo30": "COP-DEM GLO-30 Public",
    }


def test_data_gov_tw_addresses_carry_the_number_of_their_data_set():
    for source in sources().values():
        if "data.gov.tw/" in source.page and source.dataset.isdigit():
            assert source.page.endswith(f"/dataset/{source.dataset}")
        if source.how == "dataset":
            assert source.address == f"https://data.gov.tw/api/v2/rest/dataset/{source.dataset}"


def test_official_services_are_asked_over_https():
    assert all(source.address.startswith("https://") for source in sources().values())


def test_every_text_is_in_both_languages():
    for source in sources().values():
        for text in (source.title, source.publisher, source.licence, source.update, source.use, source.note):
            if text is not None:
                assert re.search(r"[一-鿿]", text.zh), (source.id, text)
                assert text.en.isascii() or re.search("[一-鿿]", text.en), (source.id, text)
                assert "覆蓋" not in text.zh
                assert "基地台" not in text.zh


def test_the_population_is_asked_by_month_and_page():
    source = sources()["village_population"]
    assert source.address.format(month="11012", page=3).endswith("/ODRP014/11012?page=3")
    assert source.file_name() == "village_population_11012.json"
    assert source.file_name("11306") == "village_population_11306.json"


def test_a_tile_is_a_file_of_its_own():
    source = sources()["copernicus_glo30"]
    tile = source.tile("N23_00_E120")
    assert tile.how == "file"
    assert tile.file == "copernicus_glo30/n23_00_e120.tif"
    assert tile.address.count("N23_00_E120") == 2
    assert source.folder == "copernicus_glo30"


def test_the_tiles_are_those_with_land():
    land = shapely.union_all(reference.counties().geometry.to_numpy())
    west, south, east, north = (int(v) for v in land.bounds)
    degrees = {
        f"N{lat}_00_E{lon}"
        for lat in range(south, north + 1)
        for lon in range(west, east + 1)
        if land.intersects(shapely.box(lon, lat, lon + 1, lat + 1))
    }
    assert set(sources()["copernicus_glo30"].tiles) == degrees


def test_the_page_is_in_step_with_the_data():
    assert (ROOT / "docs" / "sources.md").read_text(encoding="utf-8") == as_markdown(sources())


@pytest.mark.parametrize("given", ["11012", "110-12", "110/12", "110年12月", "2021-12", "2021/12", " 11012 "])
def test_months_are_understood(given):
    assert roc_month(given) == "11012"


@pytest.mark.parametrize(("given", "month"), [("103年1月", "10301"), ("2014-1", "10301"), ("9912", "09912")])
def test_short_months_are_understood(given, month):
    assert roc_month(given) == month


@pytest.mark.parametrize(
    "given", ["", "11013", "11000", "202112", "110", "12-110", "../11012", "1101231", "1911-12"]
)
def test_what_is_no_month_is_refused(given):
    with pytest.raises(UsageError, match="11012"):
        roc_month(given)


def test_select_names_what_there_is():
    with pytest.raises(NotFoundError, match=r"no source named vilages, x; there are villages, townships"):
        select(sources(), ["vilages", "counties", "x"])
    assert [source.id for source in select(sources(), ["counties", "villages", "counties"])] == [
        "counties",
        "villages",
    ]


# ---------------------------------------------------------------- loading


def test_a_file_of_sources_is_loaded(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("\ufeff" + ONE, encoding="utf-8")
    assert load_sources(path)["places"].title.zh == "地點"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[places]", "[Places]", "is not an id"),
        ('zh = "地點", ', "", "places.title must be"),
        ('en = "Places"', 'en = " "', "places.title must be"),
        ('dataset = "1"', "dataset = 1", "places.dataset must be text"),
        ('dataset = "1"', "", "places.dataset is missing"),
        ('address = "https:', 'address = "file:', "is not an http or https address"),
        ("/places.csv", "/pl aces.csv", "is not an http or https address"),
        ("/places.csv", "/{page}.csv", "must hold no {…}"),
        ('how = "file"', 'how = "guess"', "'guess' is none of dataset, pages, file"),
        ('how = "file"', 'how = "dataset"', "places.accept is missing"),
        ('how = "file"', 'how = "pages"', "must hold {month} and {page}"),
        ('how = "file"', 'how = "tiles"', "must hold {tile}, because how is tiles"),
        ('how = "file"', 'how = "tiles"', "places.tiles is missing"),
        ('file = "places.csv"', 'file = "places/{tile}.csv"', "must hold {tile} where how is tiles"),
        ("[places]", '[places]\ntiles = ["../x"]', "must be a list of different names"),
        ("[places]", '[places]\ntiles = ["N1", "n1"]', "must be a list of different names"),
        ('kind = "csv"', 'kind = "exe"', "places.kind 'exe' is none of"),
        ('kind = "csv"', 'kind = "json records"', "must end in .json"),
        ('file = "places.csv"', 'file = "../places.csv"', "is not a plain file name"),
        ('file = "places.csv"', 'file = "/etc/x.csv"', "is not a plain file name"),
        ('file = "places.csv"', 'file = "places_{month}.csv"', "is for pages only"),
        ("[places]", '[places]\nsha256 = "ABC"', "64 hexadecimal"),
        ("[places]", "[places]\nmax_mb = 0", "is not a number above 0"),
        ("[places]", "[places]\nmax_mb = true", "is not a number above 0"),
        ("[places]", '[places]\naccept = "CSV"', "must be a list"),
        ("[places]", '[places]\nmonth = "11013"', "is not an ROC month"),
        ("[places]", "[places]\ncolour = 1", "places.colour is not a field of a source"),
    ],
)
def test_a_wrong_field_is_named(old, new, complaint):
    assert old in ONE
    with pytest.raises(InputError) as error:
        parse_sources(ONE.replace(old, new), "mine.toml")
    assert any(complaint in message for message in messages(error)), messages(error)


def test_all_problems_come_at_once():
    text = ONE.replace('dataset = "1"', "").replace('kind = "csv"', 'kind = "exe"') + "\n[other]\nhow = 3\n"
    with pytest.raises(InputError) as error:
        parse_sources(text, "mine.toml")
    fields = {problem.field for problem in error.value.problems}
    assert {"places.dataset", "places.kind", "other.title", "other.how", "other.file"} <= fields


def test_two_sources_cannot_share_a_file():
    with pytest.raises(InputError, match="already the file of places"):
        parse_sources(ONE + ONE.replace("[places]", "[places_too]"), "mine.toml")


def test_broken_files_of_sources_are_refused(tmp_path):
    with pytest.raises(InputError, match="is not TOML"):
        parse_sources("[places", "mine.toml")
    with pytest.raises(InputError, match=r"places .*must be a table"):
        parse_sources("places = 1", "mine.toml")
    (tmp_path / "big5.toml").write_bytes("名 = 1".encode("cp950"))
    with pytest.raises(InputError, match="is not UTF-8"):
        load_sources(tmp_path / "big5.toml")
    with pytest.raises(NotFoundError, match="no such file"):
        load_sources(tmp_path / "none.toml")


# ---------------------------------------------------------------- overriding


def test_an_address_alone_keeps_how_it_is_read():
    source = sources({"public_wifi": "https://mirror.example/5962"})["public_wifi"]
    assert (source.address, source.how, source.accept) == ("https://mirror.example/5962", "dataset", ("CSV",))


def test_overrides_come_from_a_file_or_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "mirror.toml"
    path.write_text('villages = { address = "http://mirror.example/v.zip", how = "file" }', encoding="utf-8")
    assert sources(path)["villages"].how == "file"
    assert sources()["villages"].how == "dataset"
    monkeypatch.setenv("NOTSPOT_SOURCES", str(path))
    assert sources()["villages"].address == "http://mirror.example/v.zip"
    assert sources({})["villages"].how == "dataset"


def test_overriding_changes_nothing_else():
    ours, official = sources({"villages": "https://mirror.example/v"}), sources()
    assert {name for name in official if ours[name] != official[name]} == {"villages"}


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"vilages": "https://a.example/"}, "is not a source; there are villages"),
        ({"villages": "file:///etc/passwd"}, "is not an http or https address"),
        ({"villages": "ftp://a.example/x"}, "is not an http or https address"),
        ({"villages": 3}, "must be an address or a table"),
        ({"villages": {"file": "../x.zip"}}, "cannot be overridden"),
        ({"villages": {"sha256": "0"}}, "64 hexadecimal"),
        ({"village_population": "https://a.example/all.json"}, "must hold {month} and {page}"),
        ({"villages": {"accept": []}}, "villages.accept is missing"),
    ],
)
def test_wrong_overrides_are_named(overrides, complaint):
    with pytest.raises(InputError) as error:
        sources(overrides)
    assert any(complaint in message for message in messages(error)), messages(error)


def test_all_wrong_overrides_come_at_once():
    with pytest.raises(InputError) as error:
        sources({"a": "https://a.example/", "villages": "x:", "counties": 1})
    assert len(error.value.problems) == 3
