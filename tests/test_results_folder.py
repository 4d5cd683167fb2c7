"""A result folder read back: the same pages and tables come out of it; nothing in it is executed."""

import errno
import json
import os
import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point

from notspot.outputs import replaced_folder, report
from notspot.results_folder import NAME, load, read_overlays, read_results, write_results
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.text import Text
from notspot_maps.overlays.kinds import points_of
from notspot_maps.overlays.payload import packed


@pytest.fixture
def folder(report_folder, tmp_path):
    return Path(shutil.copytree(report_folder, tmp_path / "copy"))


def test_what_was_read_writes_the_same_folder_again(report_folder, tmp_path):
    again = report(read_results(report_folder), tmp_path / "again")
    for file in sorted(report_folder.iterdir()):
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_the_same_results_give_the_same_file(taiwan, tmp_path):
    for name in ("a.zip", "b.zip"):
        write_results(taiwan, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_folder_or_one_of_its_pages_may_be_named(report_folder):
    assert load(report_folder).run_id == load(report_folder / "atlas.html").run_id


def test_a_folder_without_results_says_what_to_do(tmp_path):
    with pytest.raises(
        NotFoundError, match="is not a folder of results; run the study again with `notspot run"
    ):
        read_results(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(NotFoundError, match="older Notspot"):
        load(tmp_path)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(NotFoundError, match=r"neither a study \(.toml\) nor a folder of results"):
        load(tmp_path / "notes.txt")


def test_a_name_that_is_not_there_says_what_is(report_folder, tmp_path):
    with pytest.raises(
        NotFoundError, match=r"neither a study \(.toml\) nor a .*has no study and no results$"
    ):
        load(tmp_path / "none")
    (tmp_path / "study.toml").touch()
    (tmp_path / "of2021").symlink_to(report_folder)
    with pytest.raises(NotFoundError, match=r"neither a study .* has of2021, study.toml$"):
        load(tmp_path / "none")
    with pytest.raises(NotFoundError, match="no such study file"):
        load(tmp_path / "none.toml")


def changed(folder, change):
    with zipfile.ZipFile(folder / NAME) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    tree = json.loads(parts["results.json"])
    change(tree)
    parts["results.json"] = json.dumps(tree).encode()
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return folder


def test_types_that_do_not_belong_there_are_refused(folder):
    def change(tree):
        tree["results"]["$map"][0][1] = {"$": "Popen", "args": ["true"]}

    with pytest.raises(InputError, match="cannot be read as results"):
        read_results(changed(folder, change))


def test_another_format_is_refused_by_its_number(folder):
    with pytest.raises(InputError, match=r"format 99, which a newer Notspot wrote.*update it"):
        read_results(changed(folder, lambda tree: tree.update(format=99)))
    with pytest.raises(InputError, match="format 0, this Notspot reads"):
        read_results(changed(folder, lambda tree: tree.update(format=0)))


@pytest.mark.parametrize("what", ["cut", "nested", "lost"])
def test_files_that_are_cut_changed_or_lost_are_errors_in_words(folder, what):
    file = folder / NAME
    if what == "cut":  # inside, its list of contents whole
        data = bytearray(file.read_bytes())
        data[200:240] = bytes(40)
        file.write_bytes(data)
    elif what == "nested":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("results.json", "[" * 100_000)
            archive.writestr("overlays.json", "[" * 100_000)
    else:
        (folder / "villages.parquet").unlink()
    wanted = "villages.parquet must stand beside it" if what == "lost" else "run the study again"
    with pytest.raises(InputError, match=wanted):
        read_results(folder)
    if what == "nested":
        with pytest.raises(InputError, match="run the study again"):
            read_overlays(folder)


@pytest.mark.parametrize("name", [NAME, "units.parquet"])
def test_a_broken_file_is_an_error_in_words(folder, name):
    (folder / name).write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(InputError, match="run the study again"):
        read_results(folder)


def test_overlays_of_a_study_are_kept_and_shown_again(taiwan, tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["衛生所"], "status": ["covered"]}, geometry=[Point(121.5, 25.0)], crs="EPSG:4326"
    )
    seen = points_of(frame, id="clinics", name=Text("衛生所", "Clinics"))
    hidden = points_of(frame, id="stations", name=Text("基地臺", "Stations"), sensitive=True)
    write_results(taiwan, tmp_path / NAME, [seen, hidden])
    (again,) = read_overlays(tmp_path)
    assert (again.id, again.name, again.sensitive) == ("clinics", Text("衛生所", "Clinics"), False)
    assert packed([again]) == packed([seen])


def test_overlays_of_a_folder_without_results_say_what_to_do(tmp_path):
    with pytest.raises(NotFoundError, match="is not a folder of results"):
        read_overlays(tmp_path)
    (tmp_path / NAME).write_bytes(b"PK")
    with pytest.raises(InputError, match="run the study again"):
        read_overlays(tmp_path)


def test_a_full_disk_is_an_error_in_words_and_leaves_the_old_result(folder):
    before = (folder / "index.html").read_bytes()
    files = tuple(item.name for item in folder.iterdir())

    def fill():
        with replaced_folder(folder, files) as new:
            (new / "index.html").write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(UsageError, match=r"No space left.*as it was"):
        fill()
    assert (folder / "index.html").read_bytes() == before
    assert [item.name for item in folder.parent.iterdir()] == [folder.name]
