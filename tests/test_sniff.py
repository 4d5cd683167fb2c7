"""What a file is, by its bytes and whatever its name says."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_geodata.errors import InputError, NotFoundError, NotspotError
from notspot_geodata.sniff import guard_zip, kind_of, parse_json, require_file, text_encoding

CHINESE = "縣市名稱，鄉鎮市區\n臺北市，大安區\n新北市，一心里\n屏東縣，瑪家鄉\n"
TABLE = "村里代碼,村里,人口\n65000010001,留侯里,1679\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp950", "cp950"),
    ],
)
@pytest.mark.parametrize("text", [TABLE, CHINESE, "縣市名稱\n臺北市\n新北市\n"])
@pytest.mark.parametrize("declared", [None, "utf-8", "big5", "latin-1"])
def test_the_encoding_is_told_from_the_bytes_whatever_is_declared(text, encoding, found, declared):
    data = text.encode(encoding)
    if encoding == "cp950" and declared == "latin-1":
        return  # every byte is Latin-1: a declaration that fits is believed
    used, reason = text_encoding(data, declared)
    assert (used, data.decode(used).removeprefix("\ufeff")) == (found, text)
    assert reason


def test_a_lie_about_the_encoding_is_told():
    assert "although big5 is declared" in text_encoding(TABLE.encode(), "big5")[1]
    assert "although UTF-8 is declared" in text_encoding(TABLE.encode("cp950"), "UTF-8")[1]


def test_a_character_cut_at_the_end_is_allowed():
    assert text_encoding(TABLE.encode() + "臺".encode()[:2])[0] == "utf-8"
    assert text_encoding(TABLE.encode("cp950") + "臺".encode("cp950")[:1])[0] == "cp950"


@given(st.binary(max_size=300))
def test_any_bytes_have_an_encoding_that_python_knows(data):
    used, reason = text_encoding(data)
    data.decode(used, "replace")
    assert reason


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.csv", TABLE.encode(), "csv"),
        ("a.txt", TABLE.replace(",", "\t").encode(), "tsv"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(40), "image"),
        ("a.csv", b"%PDF-1.7", "pdf"),
        ("a.csv", b"<!DOCTYPE html><html><body>login</body></html>", "html"),
        ("a.csv", "\ufeff\r\n<table><tr><td>x</td></tr></table>".encode(), "html"),
        ("a.csv", "<人口>,x\n1,2\n".encode(), "csv"),
        ("a.csv", "[那]拔里,1\n".encode(), "csv"),
        ("a.csv", b'[{"a": 1}]', "json"),
        ("a.json", b'{"type": "FeatureCollection", "features": []}', "geojson"),
        ("a.json", b'{"arcs": [[0]], "type": "Topology"}', "topojson"),
        ("a.csv", b"<?xml version='1.0'?><kml xmlns='x'></kml>", "kml"),
        ("a.csv", b"", "empty"),
        ("a.csv", b" \r\n\x00\x00", "empty"),
        ("a.xlsx", b"PK\x03\x04 cut off", "damaged zip"),
        ("a.csv", bytes(range(32)) * 20, "binary"),
        ("a.csv", b"\x1f\x8b\x08", "gzip"),
    ],
)
def test_kinds(tmp_path, name, data, kind):
    (tmp_path / name).write_bytes(data)
    assert kind_of(tmp_path / name) == kind


def test_a_folder_and_a_missing_file_say_what_is_there(tmp_path):
    (tmp_path / "villages.csv").write_text("x")
    with pytest.raises(InputError, match=r"is a folder; name one of its files: villages\.csv"):
        kind_of(tmp_path)
    with pytest.raises(NotFoundError, match=r"no such file\. In its folder lie: villages\.csv"):
        require_file(tmp_path / "vilages.csv")
    with pytest.raises(NotFoundError, match="empty or not there"):
        require_file(tmp_path / "no" / "a.csv")


def archive(members, path, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil", "a/../../b", "C:\\evil", "..\\evil"])
def test_names_that_leave_the_folder_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="outside the folder"):
        guard_zip(archive({name: "x", "good.csv": "y"}, tmp_path / "a.zip"))


def test_links_and_too_many_members_are_refused_in_one_report(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr("../x", "y")
    with pytest.raises(InputError) as caught:
        guard_zip(tmp_path / "a.zip")
    assert len(caught.value.problems) == 2


def test_a_bomb_is_refused_unopened(tmp_path):
    path = archive({"a.csv": bytes(60 * 1024**2)}, tmp_path / "a.zip", zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="a ZIP bomb, it seems"):
        guard_zip(path)


def test_an_honest_archive_passes(tmp_path):
    assert guard_zip(archive({"a.csv": "x", "b/c.csv": "y"}, tmp_path / "a.zip")) == ["a.csv", "b/c.csv"]


@given(st.binary(max_size=200))
def test_a_damaged_archive_is_an_input_error(tmp_path_factory, data):
    good = io.BytesIO()
    with zipfile.ZipFile(good, "w") as file:
        file.writestr("a.csv", "x" * 50)
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(good.getvalue()[:60] + data)
    kind_of(path)
    with contextlib.suppress(NotspotError):
        guard_zip(path)


@pytest.mark.parametrize("text", ["{", '{"a": }', "[" * 100_000, "[" + "9" * 5000 + "]", ""])
def test_what_is_no_json_is_an_input_error(tmp_path, text):
    with pytest.raises(InputError):
        parse_json(tmp_path / "a.json", text)
