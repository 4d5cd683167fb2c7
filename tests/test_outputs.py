"""The folder of results: whole, byte-identical, safe for what else lies there."""

import json
import os
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from notspot.outputs import FILES, replaced_folder, report
from notspot_coverage.definitions import COLUMNS
from notspot_coverage.results import Results
from notspot_geodata.errors import UsageError


def test_every_file_is_there_and_nothing_else(report_folder: Path) -> None:
    assert sorted(item.name for item in report_folder.iterdir()) == sorted(FILES)


def test_two_reports_are_the_same_bytes(taiwan: Results, report_folder: Path, tmp_path: Path) -> None:
    again = report(taiwan, tmp_path / "again")
    for name in FILES:
        assert (again / name).read_bytes() == (report_folder / name).read_bytes(), name


def test_the_table_is_tidy_and_opens_in_a_spreadsheet(report_folder: Path) -> None:
    raw = (report_folder / "indicators.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(report_folder / "indicators.csv", dtype={"code": str, "rule": str})
    assert list(table.columns) == COLUMNS
    assert set(table["kind"]) == {"share", "existence", "count", "measure"}
    assert set(table["status"]) == {"computed", "official", "unknown"}
    assert "09007010" in set(table["code"])


def test_units_and_villages_are_geoparquet(report_folder: Path) -> None:
    units = gpd.read_parquet(report_folder / "units.parquet")
    assert (len(units), len(gpd.read_parquet(report_folder / "villages.parquet"))) == (368, 7701)
    assert units.crs.to_epsg() == 3824
    assert len(pd.read_csv(report_folder / "units.csv")) == 368
    assert {"population", "remote", "group", "dl_mbps_best", "base_stations_4g_per_1000"} <= set(
        units.columns
    )


def test_the_ledger_is_empty_with_its_header(report_folder: Path) -> None:
    assert (report_folder / "rejects.csv").read_text(encoding="utf-8-sig").split() == [
        "file,row,field,value,reason,people"
    ]


def test_the_run_id_stands_in_record_report_and_atlas(taiwan: Results, report_folder: Path) -> None:
    record = json.loads((report_folder / "run.json").read_text(encoding="utf-8"))
    assert record["run_id"] == taiwan.run_id
    for name in ("index.html", "atlas.html"):
        assert taiwan.run_id in (report_folder / name).read_text(encoding="utf-8")


def test_the_record_has_the_hash_of_every_output(report_folder: Path) -> None:
    import hashlib

    record = json.loads((report_folder / "run.json").read_text(encoding="utf-8"))
    assert [entry["path"] for entry in record["outputs"]] == [name for name in FILES if name != "run.json"]
    for entry in record["outputs"]:
        assert hashlib.sha256((report_folder / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]


# ------------------------------------------------------------------ replacing a folder


def write(target: Path, text: str) -> None:
    with replaced_folder(target, ("a.txt",)) as folder:
        (folder / "a.txt").write_text(text)


def test_an_interrupted_run_leaves_the_old_result_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target, "old")

    def interrupted() -> None:
        with replaced_folder(target, ("a.txt",)) as folder:
            (folder / "a.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (target / "a.txt").read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_a_run_that_was_stopped_between_the_last_two_steps_is_mended(tmp_path: Path) -> None:
    old = tmp_path / ".out.old"
    old.mkdir()
    (old / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), replaced_folder(tmp_path / "out", ("a.txt",)):
        raise ZeroDivisionError
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_what_a_killed_run_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    old, young = tmp_path / ".out.abc.new", tmp_path / ".out.def.new"
    old.mkdir()
    young.mkdir()
    os.utime(old, (0, 0))
    write(tmp_path / "out", "new")
    assert sorted(item.name for item in tmp_path.iterdir()) == [".out.def.new", "out"]


def test_a_result_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "out", "old")
    write(tmp_path / "out", "new")
    assert (tmp_path / "out" / "a.txt").read_text() == "new"


def test_a_folder_with_something_else_in_it_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match=r"holds thesis\.doc"):
        write(tmp_path, "new")
    assert (tmp_path / "thesis.doc").read_text() == "years of work"


def test_a_file_or_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is not a folder"):
        write(tmp_path / "file", "new")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError, match="is not a folder"):
        write(tmp_path / "link", "new")


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "new")
    assert (tmp_path / "out" / "a.txt").read_text() == "new"
