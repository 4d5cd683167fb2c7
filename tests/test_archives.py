"""Archives and XML from strangers: unpacked into a temporary folder, or refused with nothing written."""

import stat
import zipfile
from pathlib import Path

import pytest

from notspot_geodata import archives
from notspot_geodata.archives import check_xml, unpacked
from notspot_geodata.errors import InputError, NotFoundError


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def everything_under(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*")}


def test_members_lie_in_a_folder_that_is_gone_afterwards(tmp_path):
    path = zipped(tmp_path / "a.zip", {"one.txt": b"1", "deep/er/two.txt": b"2"})
    with unpacked(path) as folder:
        assert everything_under(folder) == {"one.txt", "deep", "deep/er", "deep/er/two.txt"}
        assert (folder / "deep/er/two.txt").read_bytes() == b"2"
        assert not folder.is_relative_to(tmp_path)
    assert not folder.exists()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "C:/evil.txt", "..\\evil.txt"]
)
def test_names_that_lead_out_are_refused_and_nothing_is_written(tmp_path, name, monkeypatch):
    box = tmp_path / "box"
    box.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(box))
    path = zipped(tmp_path / "a.zip", {"good.txt": b"1", name: b"2"})
    with pytest.raises(InputError, match="outside the folder"), unpacked(path):
        pass
    assert everything_under(tmp_path) == {"a.zip", "box"}


def test_a_link_is_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="link"), unpacked(tmp_path / "a.zip"):
        pass


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"{i}.txt": bytes(20 * 1024**2) for i in range(4)})
    with pytest.raises(InputError, match="bomb"), unpacked(path):
        pass


def test_a_bomb_that_lies_about_its_size_is_stopped_while_it_comes(tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.zip", {"a.txt": b"x" * 5_000_000})
    monkeypatch.setattr(archives, "ZIP_BYTES", 1_000_000)
    with pytest.raises(InputError, match="more than"), unpacked(path):
        pass


def test_what_is_no_zip_says_so(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and then nonsense")
    with pytest.raises(InputError, match="damaged"), unpacked(tmp_path / "a.zip"):
        pass


def test_names_in_big5_and_with_script_are_put_right(tmp_path):
    plain = zipped(tmp_path / "a.zip", {"XXXX.txt": b"1", "<script>.txt": b"2"})
    data = plain.read_bytes().replace(b"XXXX", "村里".encode("cp950"))
    plain.write_bytes(data)
    with unpacked(plain) as folder:
        assert everything_under(folder) == {"村里.txt", "_script_.txt"}


def test_several_layers_are_listed_and_one_is_chosen_by_name(tmp_path):
    found = [tmp_path / "a" / "one.shp", tmp_path / "two.shp"]
    with pytest.raises(InputError, match="2 layers: a/one, two") as error:
        archives.choose(found, tmp_path, tmp_path / "x.zip", None)
    assert "--layer a/one" in str(error.value)
    assert archives.choose(found, tmp_path, tmp_path / "x.zip", "one") == found[0]
    with pytest.raises(NotFoundError, match="a/one, two"):
        archives.choose(found, tmp_path, tmp_path / "x.zip", "three")


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE kml SYSTEM "http://127.0.0.1/x.dtd">',
    ],
)
def test_xml_with_entities_or_a_document_type_is_refused(tmp_path, head):
    path = tmp_path / "a.kml"
    path.write_text(f'<?xml version="1.0"?>{head}<kml><name>n</name></kml>')
    with pytest.raises(InputError, match="entities"):
        check_xml(path)


def test_broken_xml_says_where(tmp_path):
    path = tmp_path / "a.kml"
    path.write_text("<kml><name></kml>")
    with pytest.raises(InputError, match="line 1"):
        check_xml(path)
