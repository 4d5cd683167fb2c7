"""Files are written whole or not at all: a full disk leaves the old one, no half one, and says so in words."""

import dataclasses
import errno
import os
from pathlib import Path

import pytest
from atlas_results import results
from typer.testing import CliRunner

from notspot.cli import app
from notspot_geodata import whole_files
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text, letters
from notspot_geodata.whole_files import make_folder, room, write_whole
from notspot_maps.atlas.layer import atlas
from notspot_maps.figures.kinds import figure

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
POINTS = "經度,緯度,status\n121.5,25.0,covered\n121.6,25.0,not_covered\n"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with room for four bytes a file."""

    def small(handle: int, mode: str):  # type: ignore[no-untyped-def]
        file = open(handle, mode)  # noqa: SIM115  # the caller closes it
        whole = file.write

        class Small:
            def __enter__(self):  # type: ignore[no-untyped-def]
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def write(self, data: bytes) -> int:
                whole(data[:4])
                raise FULL

        return Small()

    monkeypatch.setattr(whole_files.os, "fdopen", small)


def held(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 2, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.output


def told(said: str, file: Path) -> None:
    assert f"{file}: cannot write there ({FULL.strerror})" in said
    assert "what was there is as it was: make room" in said


@pytest.mark.parametrize("content", ["新的", b"new ones"])
def test_a_full_disk_leaves_the_old_file_whole(full: None, tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")
    with pytest.raises(UsageError) as error:
        write_whole(file, content)
    told(str(error.value), file)
    assert held(tmp_path) == {"a.txt": b"old"}


def test_what_is_written_is_read_as_it_was_given(tmp_path: Path) -> None:
    file = write_whole(tmp_path / "new" / "a.txt", "一\n\udcff")
    assert file.read_bytes() == "一\n\ufffd".encode()
    assert write_whole(file, b"\x00\r\n").read_bytes() == b"\x00\r\n"
    assert file.stat().st_mode & 0o777 == 0o666 & ~whole_files.umask()
    long = tmp_path / ("網" * 84)
    assert write_whole(long, "x").read_text() == "x"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain", "plain"),
        ("一", "一"),
        ("\ud800x", "\ufffdx"),
        ("x\udcff\udcfe", "x\ufffd\ufffd"),
        ("\ud840\udc0b", "\U0002000b"),  # both halves
    ],
)
def test_words_hold_only_what_a_file_can(given: str, kept: str) -> None:
    assert letters(given) == kept
    assert Text(given, given) == Text(kept, kept)
    assert Text.typed(f" {given} | b") == Text(kept, "b")
    assert Text.of({"zh": given, "en": ""}).zh == kept


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for make in (make_folder, lambda folder: write_whole(folder / "a", "x")):
        with pytest.raises(
            UsageError, match=r"no folder can be made there, .*/file is a file; choose another"
        ):
            make(tmp_path / "file" / "a" / "b")
    with pytest.raises(UsageError, match="cannot write there"):
        write_whole(tmp_path, "x")
    assert held(tmp_path) == {"file": b""}


def test_other_faults_in_a_block_keep_their_own_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make room"), room(tmp_path):
        raise FULL
    with pytest.raises(FileNotFoundError), room(tmp_path):
        (tmp_path / "none").read_text()


# ------------------------------------------------------------------ by all that write one file


def test_tiles_stay_whole(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    points, out = tmp_path / "p.csv", tmp_path / "T"
    points.write_text(POINTS, encoding="utf-8")
    assert CliRunner().invoke(app, ["tiles", str(points), "--out", str(out)]).exit_code == 0
    before = held(out)
    points.write_text(POINTS + "121.7,29.0,covered\n", encoding="utf-8")
    with monkeypatch.context() as patch:  # the page, after its archive
        patch.setattr("notspot_maps.tiles.writing.write_archive", lambda *_, **__: 1)
        request.getfixturevalue("full")
        told(refused("tiles", points, "--out", out), out / "index.html")
    told(refused("tiles", points, "--out", out), out / "points.pmtiles")
    assert held(out) == before


def test_a_list_of_refused_rows_on_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def written(*_: object) -> None:
        raise FULL

    monkeypatch.setattr("notspot.tile_files._Reading.read", written)
    (tmp_path / "p.csv").write_text(POINTS, encoding="utf-8")
    told(refused("tiles", tmp_path / "p.csv", "--out", tmp_path / "T"), tmp_path / "T")
    assert held(tmp_path / "T") == {}


def test_figures_and_pictures_of_views_stay_whole(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    title = Text("\ud800題", "title \udcff")  # halves of surrogate pairs, from Python and from a command line
    page = atlas(dataclasses.replace(results(), title=title))
    page.save(tmp_path / "atlas.html")
    assert "<title>\ufffd題" in (tmp_path / "atlas.html").read_text(encoding="utf-8")
    file = tmp_path / "view.svg"
    file.write_text("old")
    before = held(tmp_path)
    request.getfixturevalue("full")
    told(refused("embed", tmp_path, "--indicator", "speed", "--picture", file), file)
    with pytest.raises(UsageError, match="make room"):
        figure(results(), "map", indicator="speed", out=file)
    assert held(tmp_path) == before


def test_documents_and_atlases_stay_whole(
    full: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("notspot.export_command._made", lambda *_: b"a document")
    monkeypatch.setattr("notspot.results_folder.load", lambda *_, **__: results())
    monkeypatch.setattr("notspot.results_folder.read_overlays", lambda _: [])
    for name, command in (("a.docx", ["export", "--format", "docx"]), ("a.html", ["atlas"])):
        file = tmp_path / name
        file.write_text("old")
        told(refused(*command, tmp_path, "--out", file), file)
    assert held(tmp_path) == {"a.docx": b"old", "a.html": b"old"}
