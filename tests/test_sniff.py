"""Files are told by their bytes, text by its evidence, and a ZIP is opened only when it is safe."""

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_data import shared

from notspot_geodata import sniff
from notspot_geodata.errors import InputError, NotFoundError
from notspot_geodata.sniff import guard_zip, kind_of, parse_json, text_encoding

ROWS = "村里代碼,村里,人口\n65000010001,留侯里,1679\n65000010002,流芳里,1504\n"


def write(folder: Path, data: bytes, name: str = "misleading.dat") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def zipped(folder: Path, members: dict[str, bytes]) -> Path:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return write(folder, data.getvalue(), "some.zip")


# ------------------------------------------------------------------ kinds


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (ROWS.encode(), "csv"),
        (ROWS.encode("cp950"), "csv"),
        (ROWS.encode("utf-16"), "csv"),
        (ROWS.encode("utf-16-be"), "csv"),
        (ROWS.replace(",", "\t").encode(), "tsv"),
        (b'[{"a": 1}]', "json"),
        (b'{"type": "FeatureCollection", "features": []}', "geojson"),
        (b'{"arcs": [], "type": "Topology"}', "topojson"),
        (b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"/>', "kml"),
        (b"<?xml version='1.0'?><rows/>", "xml"),
        (b"\xef\xbb\xbf <!-- moved --><!DOCTYPE html><html></html>", "html"),
        (b"%PDF-1.7", "pdf"),
        (b"II*\x00rest", "tiff"),
        (b"fgb\x03fgb\x00", "flatgeobuf"),
        (bytes(range(256)) * 20, "binary"),
        (b"", "empty"),
        (b" \r\n\x00\x00", "empty"),
    ],
)
def test_a_kind_is_told_from_the_bytes_whatever_the_name(tmp_path: Path, data: bytes, kind: str) -> None:
    assert kind_of(write(tmp_path, data)) == kind
    assert kind_of(write(tmp_path, data, "liar.xlsx")) == kind


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"xl/workbook.xml": b"<a/>"}, "xlsx"),
        ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, "ods"),
        ({"folder/VILLAGE.SHP": b""}, "shapefile in zip"),
        ({"doc.kml": b""}, "kmz"),
        ({"word/document.xml": b""}, "docx"),
        ({"readme.txt": b""}, "zip"),
    ],
)
def test_a_zip_is_told_by_its_members(tmp_path: Path, members: dict[str, bytes], kind: str) -> None:
    path = zipped(tmp_path, members)
    assert kind_of(path) == kind
    assert kind_of(write(tmp_path, path.read_bytes()[:-30], "cut.zip")) == "damaged zip"


def test_a_topology_whose_type_stands_behind_its_arcs_is_found(tmp_path: Path) -> None:
    arcs = json.dumps([[[0, 0]] * 20_000])
    assert kind_of(write(tmp_path, f'{{"arcs": {arcs}, "type": "Topology"}}'.encode())) == "topojson"


def test_a_few_nul_bytes_do_not_make_a_table_binary(tmp_path: Path) -> None:
    assert kind_of(write(tmp_path, ROWS.replace("侯", "侯\x00").encode())) == "csv"


def test_a_missing_file_is_named_with_what_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path, b"a,b\n", "villages.csv")
    with pytest.raises(NotFoundError, match=r"no such file.*villages\.csv"):
        kind_of(tmp_path / "vilages.csv")
    with pytest.raises(InputError, match=r"is a folder.*villages\.csv"):
        kind_of(tmp_path)


# ------------------------------------------------------------------ encodings


@pytest.mark.parametrize(
    ("codec", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp950", "cp950"),
    ],
)
@pytest.mark.parametrize("declared", [None, "UTF-8", "big5", "iso-8859-1"])
def test_the_bytes_decide_whatever_is_declared(codec: str, found: str, declared: str | None) -> None:
    if codec == "cp950" and declared == "iso-8859-1":
        pytest.skip("every byte is Latin-1: there the bytes say nothing against the declaration")
    encoding, reason = text_encoding(ROWS.encode(codec), declared)
    assert encoding == found
    assert ROWS.encode(codec).decode(encoding) == ROWS
    assert reason


def test_a_declaration_that_lies_is_said() -> None:
    assert text_encoding("留侯里".encode("cp950"), "UTF-8") == (
        "cp950",
        "valid Big5, although UTF-8 is declared",
    )
    assert text_encoding("留侯里".encode(), "big5") == ("utf-8", "valid UTF-8, although big5 is declared")


@given(st.text("留侯里流芳赤松臺北市一二三", min_size=2, max_size=40), st.sampled_from(["utf-8", "cp950"]))
def test_text_that_is_cut_in_a_character_keeps_its_encoding(text: str, codec: str) -> None:
    whole = text.encode(codec)
    assert text_encoding(whole[:-1])[0] == text_encoding(whole)[0] == codec


def test_text_longer_than_one_block_is_judged_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sniff, "DECODE_BYTES", 7)  # no multiple of a character's bytes
    assert text_encoding(ROWS.encode())[0] == "utf-8"
    late = b"a" * 40 + "里".encode("cp950") * 3
    assert text_encoding(late)[0] == "cp950"


@pytest.mark.shared
def test_a_real_table_with_a_byte_order_mark_is_utf8_though_big5_is_declared() -> None:
    table = shared("data/base_stations/ncc_bs_by_township_Syuanyu0422.csv")
    assert kind_of(table) == "csv"
    assert text_encoding(table.read_bytes(), "big5")[0] == "utf-8-sig"


# ------------------------------------------------------------------ archives


def test_a_plain_archive_gives_its_files(tmp_path: Path) -> None:
    assert guard_zip(zipped(tmp_path, {"a/": b"", "a/b.csv": b"1", "c.csv": b"2"})) == ["a/b.csv", "c.csv"]


@pytest.mark.parametrize(
    "name", ["../out.csv", "a/../../out.csv", "/etc/out", "C:/out.csv", "..\\out.csv", "a\\..\\..\\out"]
)
def test_no_member_may_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="outside the folder"):
        guard_zip(zipped(tmp_path, {"fine.csv": b"", name: b"x"}))


def test_links_are_refused_and_all_problems_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../out", "x")
    with pytest.raises(InputError) as caught:
        guard_zip(path)
    assert [problem.value for problem in caught.value.problems] == ["link", "../out"]


def test_bombs_are_refused_by_size_by_ratio_and_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path, {"zeros": bytes(2 * 1024**2), "more": b"x"})
    assert len(guard_zip(path)) == 2
    with monkeypatch.context() as patch:
        patch.setattr(sniff, "ZIP_RATIO_FROM", 1024**2)
        with pytest.raises(InputError, match="ZIP bomb"):
            guard_zip(path)
    with monkeypatch.context() as patch:
        patch.setattr(sniff, "ZIP_BYTES", 1024**2)
        with pytest.raises(InputError, match="ZIP bomb"):
            guard_zip(path)
    monkeypatch.setattr(sniff, "ZIP_MEMBERS", 1)
    with pytest.raises(InputError, match="at most 1 are read"):
        guard_zip(path)


def test_what_is_no_zip_is_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged ZIP"):
        guard_zip(write(tmp_path, b"PK\x03\x04 and nothing else"))


# ------------------------------------------------------------------ JSON


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deep"),
        ("[1" + "0" * 5_000 + "]", "thousands of digits"),
        ('[{"a": 1},\n', "is not JSON"),
    ],
)
def test_json_that_cannot_be_read_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_json(Path("table.json"), text)
