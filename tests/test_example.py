"""The files of the example study: synthetic, and each of them says so; the same every time; all of them in order."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from notspot.cli import app
from notspot.example.files import SYNTHETIC
from notspot.example.ground import Ground, dealt
from notspot.example.writing import write_example
from notspot_geodata.check import check


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_example(tmp_path_factory.mktemp("example")).parent


def test_every_file_says_that_it_is_synthetic(folder: Path) -> None:
    for path in folder.iterdir():
        text = path.read_bytes().decode("utf-8", "replace")
        assert SYNTHETIC in text or "synthetic" in text.lower(), path.name
        if path.suffix == ".csv":
            assert (pd.read_csv(path)["資料性質"] == SYNTHETIC).all(), path.name


def test_the_command_writes_the_same_files_again(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["example", "--out", str(tmp_path / "again"), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["files"] == sorted(path.name for path in folder.iterdir())
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = CliRunner().invoke(app, ["example", "--out", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "is a file" in result.output


def test_tables_and_maps_have_no_problems(folder: Path) -> None:
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.geojson")]):
        assert not check(path).problems, path.name


def test_points_lie_in_the_villages_that_are_asked_for() -> None:
    ground = Ground.read()
    chosen = np.arange(0, len(ground.villages), 40)
    xy = ground.inside(chosen, np.random.default_rng(1))
    inside = gpd.points_from_xy(*xy.T, crs=ground.villages.crs).within(ground.villages.geometry.iloc[chosen])
    assert inside.all()


def test_people_are_dealt_as_evenly_as_whole_numbers_allow() -> None:
    total = pd.Series({"65000010": 11, "65000020": 4})
    codes = pd.Series(["65000010001", "65000010002", "65000010003", "65000020001"])
    assert dealt(total, codes).tolist() == [4, 4, 3, 4]
