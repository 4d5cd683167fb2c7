"""`notspot challenge`: claims and measurements out of files, verdicts into a folder, the same bytes each time."""

import json

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import LineString, Polygon
from typer.testing import CliRunner

from notspot.challenge_files import FILES
from notspot.cli import app

BASE = h3.latlng_to_cell(23.95, 120.98, 8)
CELLS = sorted(h3.grid_disk(BASE, 2))
CLAIMED = CELLS[:12]
REACHED = ["--at-least", 10, "--unit", "mbps"]
BAD = CLAIMED[:3]  # where the claim is false


def hexagon(cell):
    return Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A map of claims and a table of tests: 19 cells, of 12 claimed ones 3 are bad and 2 are not tested."""
    folder = tmp_path_factory.mktemp("challenge")
    frame = gpd.GeoDataFrame(
        {"業者": ["CHT"] * len(CLAIMED), "技術": "4G"},
        geometry=[hexagon(cell) for cell in CLAIMED],
        crs="EPSG:3824",
    )
    frame.to_file(folder / "claims.gpkg")
    random = np.random.default_rng(5)
    rows = []
    for cell in (c for c in CELLS if c not in CLAIMED[-2:]):
        lat, lon = h3.cell_to_latlng(cell)
        for n in range(60):
            slow = random.random() < (0.6 if cell in BAD else 0.0)
            when = pd.Timestamp("2021-06-01T00:00+08:00") + pd.Timedelta(
                minutes=int(random.integers(30 * 24 * 60))
            )
            spot = random.uniform(-0.001, 0.001, 2)
            mbps = 2 if slow else 30 + n
            rows.append(
                f"{lon + spot[0]:.6f},{lat + spot[1]:.6f},{when.isoformat()},中華電信,LTE,{mbps},d{n}"
            )
    header = "lon,lat,time,operator,technology,download_mbps,device"
    (folder / "tests.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    half = len(rows) // 2
    (folder / "first.csv").write_text("\n".join([header, *rows[half:]]), encoding="utf-8")
    (folder / "second.csv").write_text("\n".join([header, *rows[:half]]), encoding="utf-8")
    return folder


def call(*arguments, code=0):
    result = CliRunner().invoke(app, ["challenge", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def run(files, out, *more, measurements="tests.csv", code=0):
    arguments = [
        "--claims",
        files / "claims.gpkg",
        "--measurements",
        files / measurements,
        "--out",
        out,
        *REACHED,
    ]
    return call(*arguments, *more, code=code)


def test_a_challenge_from_end_to_end(files, tmp_path):
    said = json.loads(run(files, tmp_path / "out", "--json").output)
    (row,) = said["verdicts"]
    assert row == {
        "operator": "中華電信", "technology": "LTE", "upheld": 7, "refuted": 3, "not_enough_tests": 0, "not_tested": 2,
        "not_claimed": 7, "claim_unknown": 0,
    }  # fmt: skip
    assert said["rejects"] == 0
    table = pd.read_csv(tmp_path / "out" / "challenge.csv")
    assert sorted(table.loc[table["verdict"] == "refuted", "cell"]) == sorted(BAD)
    assert sorted(table.loc[table["verdict"] == "not_tested", "cell"]) == sorted(CLAIMED[-2:])
    assert table.loc[table["verdict"] == "not_tested", "fail_share"].isna().all()
    drawn = gpd.read_parquet(tmp_path / "out" / "challenge.parquet")
    assert drawn["cell"].tolist() == table["cell"].tolist()
    assert drawn.geometry.iloc[0].equals_exact(hexagon(drawn["cell"].iloc[0]), 1e-9)
    units = pd.read_csv(tmp_path / "out" / "units.csv", dtype={"code": str})
    for level in ("county", "township", "village"):
        part = units[units["level"] == level]
        assert part["refuted_km2"].sum() == pytest.approx(
            table.query("verdict == 'refuted'")["land_km2"].sum()
        )
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert record["run_id"] == said["run_id"]
    assert record["rules"]["thresholds"] == {"download_mbps": 10.0}
    assert [item["path"] for item in record["inputs"]] == ["claims.gpkg", "tests.csv"]
    assert record["verdicts"] == said["verdicts"]


def test_the_same_inputs_give_the_same_bytes_and_an_old_folder_is_replaced(files, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    output = run(files, first).output
    assert "主張不成立" in output
    assert "not tested, which is not 'no coverage'" in output
    run(files, second, "--min-tests", "100")
    assert (first / "run.json").read_bytes() != (second / "run.json").read_bytes()
    run(files, second)
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_measurements_in_two_files_give_the_same_verdicts(files, tmp_path):
    run(files, tmp_path / "one")
    run(files, tmp_path / "two", "--measurements", files / "second.csv", measurements="first.csv")
    assert (tmp_path / "one" / "challenge.csv").read_bytes() == (
        tmp_path / "two" / "challenge.csv"
    ).read_bytes()


def test_parameters_are_used(files, tmp_path):
    def verdicts(*more):
        (row,) = json.loads(run(files, tmp_path / "out", "--json", *more).output)["verdicts"]
        return row["upheld"], row["refuted"], row["not_enough_tests"]

    assert verdicts("--min-tests", 61) == (0, 0, 10)
    assert verdicts("--fail-limit", 0.9) == (10, 0, 0)
    assert verdicts("--min-days", 31) == (0, 0, 10)
    assert verdicts("--confidence", 0.9999999) == (0, 3, 7)
    assert verdicts("--at-least", 1000, "--unit", "kbps") == (10, 0, 0)
    assert sum(verdicts("--resolution", 7)) < 10


def test_rows_with_problems_end_the_run_or_are_kept_in_the_ledger(files, tmp_path):
    text = (files / "tests.csv").read_text("utf-8")
    bad = tmp_path / "bad.csv"
    bad.write_text(
        text + "\n139.7,35.7,2021-06-01T10:00:00+08:00,CHT,4G,5,x\n120.9,24.0,2021-06-01 10:00,CHT,4G,5,x"
        "\n120.9,24.0,2021-06-01T10:00:00+08:00,Vodafone,4G,5,x\n",
        encoding="utf-8",
    )
    arguments = [
        "--claims",
        files / "claims.gpkg",
        "--measurements",
        bad,
        "--out",
        tmp_path / "out",
        *REACHED,
    ]
    result = call(*arguments, "--json", code=1)
    problems = json.loads(result.output)["problems"]
    assert [p["row"] for p in problems] == [1022, 1023, 1024]
    assert "outside Taiwan" in problems[0]["message"]
    assert "no time zone" in problems[1]["message"]
    assert "no operator that is known" in problems[2]["message"]
    assert not (tmp_path / "out").exists()
    said = json.loads(call(*arguments, "--json", "--allow-rejects").output)
    assert said["rejects"] == 3
    rejects = pd.read_csv(tmp_path / "out" / "rejects.csv")
    assert rejects["row"].tolist() == [1022, 1023, 1024]
    assert said["verdicts"] == json.loads(run(files, tmp_path / "good", "--json").output)["verdicts"]
    # with the zone said, a row is good again
    said = json.loads(call(*arguments, "--json", "--allow-rejects", "--time-zone", "Asia/Taipei").output)
    assert said["rejects"] == 2


def test_tests_before_the_claim_are_problems(files, tmp_path):
    result = run(files, tmp_path / "out", "--claim-date", "2021-06-15", code=1)
    assert "is before 2021-06-15" in result.output
    run(files, tmp_path / "out", "--claim-date", "2021-06-01", "--until", "2021-06-30")


def test_a_raster_and_sites_as_claims(files, tmp_path):
    bounds = np.array([hexagon(cell).bounds for cell in CLAIMED])
    west, north = bounds[:, 0].min(), bounds[:, 3].max()
    path = tmp_path / "claim.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=200, height=200, count=1, dtype="float32", crs="EPSG:4326", nodata=-9999,
        transform=from_origin(west - 0.05, north + 0.05, 0.0006, 0.0006),
    ) as file:  # fmt: skip
        file.write(np.full((200, 200), -90, np.float32), 1)
    common = ["--measurements", files / "tests.csv", "--out", tmp_path / "out", *REACHED, "--json"]
    common += ["--operator", "CHT", "--technology", "4G"]
    wanting = call("--claims", path, *common, code=2)
    assert "--claim-quantity" in wanting.output
    wanting = call("--claims", path, *common, "--claim-quantity", "rsrp_dbm", code=2)
    assert "--claim-at-least" in wanting.output
    said = json.loads(
        call("--claims", path, *common, "--claim-quantity", "rsrp_dbm", "--claim-at-least", -105).output
    )
    (row,) = said["verdicts"]
    assert row["refuted"] == 3
    assert row["upheld"] == 14

    sites = tmp_path / "sites.csv"
    lines = [f"{lon},{lat}" for lat, lon in map(h3.cell_to_latlng, CLAIMED)]
    sites.write_text("\n".join(["lon,lat", *lines]))
    wanting = call("--claims", sites, *common, code=2)
    assert "--claim-radius-m" in wanting.output
    said = json.loads(call("--claims", sites, *common, "--claim-radius-m", 250).output)
    (row,) = said["verdicts"]
    assert (row["refuted"], row["upheld"], row["not_tested"]) == (3, 7, 2)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--unit", "furlong"], "furlong"),
        (["--fail-limit", "10"], "10 % is 0.1"),
        (["--hours", "morning"], "6-22"),
        (["--kind", "dream"], "no kind"),
        (["--time-zone", "Asia/Nowhere"], "no time zone"),
        (["--resolution", "16"], "resolution 16"),
    ],
)
def test_wrong_use_is_exit_code_2(files, tmp_path, more, words):
    assert words in run(files, tmp_path / "out", *more, code=2).output


def test_what_a_test_must_reach_has_a_unit(files, tmp_path):
    arguments = [
        "--claims",
        files / "claims.gpkg",
        "--measurements",
        files / "tests.csv",
        "--out",
        tmp_path / "out",
    ]
    assert "go together" in call(*arguments, "--at-least", 10, code=2).output
    assert "say what a test must reach" in call(*arguments, code=2).output


def test_claims_of_lines_are_none(files, tmp_path):
    path = tmp_path / "roads.geojson"
    gpd.GeoDataFrame(geometry=[LineString([(121, 24), (121.1, 24)])], crs="EPSG:4326").to_file(path)
    rest = ["--measurements", files / "tests.csv", "--out", tmp_path / "out", *REACHED]
    result = call("--claims", path, *rest, code=1)
    assert "claims are polygons" in result.output


def test_a_folder_of_somebody_else_is_left_alone(files, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("")
    assert "thesis.docx" in run(files, tmp_path / "out", code=2).output
