"""Rows that `notspot atlas` leaves out stand in a file beside the atlas."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from notspot.cli import app

POINTS = "name,lon,lat,status\nA,121.5,25.0,covered\nB,,25.1,covered\n"


@pytest.fixture
def atlas(report_folder, tmp_path):
    points = tmp_path / "clinics.csv"
    out = tmp_path / "mine.html"

    def run(text, *more):
        points.write_text(text, encoding="utf-8")
        asked = ["atlas", str(report_folder), "--points", str(points), "--out", str(out), *more]
        return CliRunner().invoke(app, [*asked, "--allow-rejects"])

    return run


def test_refused_points_stand_in_a_file_beside_the_atlas(atlas, tmp_path):
    ran = atlas(POINTS)
    file = tmp_path / "mine-rejects.csv"
    assert ran.exit_code == 0, ran.output
    assert f"1 rows were refused or not matched: {file}" in " ".join(ran.output.split())
    listed = pd.read_csv(file)
    assert (listed["file"].tolist(), listed["row"].tolist()) == (["clinics.csv"], [3])
    said = json.loads(atlas(POINTS.replace("B,,", "B,121.6,"), "--json").output)
    assert (said["rejects"], said["rejects_file"]) == (0, None)
    assert pd.read_csv(file).empty  # the old one no longer holds
