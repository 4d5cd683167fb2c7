"""A network from sites to rasters: right numbers, laws, limits, and the same bytes whatever happens."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from network_fixture import NORTH, WEST, layer, many, mountains, write_dem, write_sites
from typer.testing import CliRunner

from notspot.cli import app
from notspot.prediction import Workers, predict
from notspot_coverage.network.batch import Settings
from notspot_coverage.propagation import Path as Radio
from notspot_coverage.propagation import loss, radials, sweep
from notspot_geodata.errors import InputError, UsageError

MIDDLE = {"x": WEST + 6050.0, "y": NORTH - 6050.0}  # the centre of a cell
SMALL = Settings(radius_m=3000.0, cell_m=100.0, rim_m=math.nan)


def run(
    tmp: Path, heights: np.ndarray, rows: list[dict[str, object]], name: str = "out", **more: object
) -> Path:
    dem, sites = write_dem(tmp / "dem.tif", heights), write_sites(tmp / "sites.csv", rows)
    settings = more.pop("settings", SMALL)
    predict(sites, dem, tmp / name, sites_crs="EPSG:3826", settings=settings, **more)  # type: ignore[arg-type]
    return tmp / name


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


# ------------------------------------------------------------------ numbers


def test_level_is_the_power_of_a_resource_element_less_the_direct_loss(tmp_path: Path) -> None:
    out = run(tmp_path, np.full((121, 121), 100.0), [MIDDLE])
    level = layer(out, "lte_best_rsrp_dbm")
    with rasterio.open(out / "lte_best_rsrp_dbm.tif") as file:
        assert file.crs.to_epsg() == 3826
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        row, column = file.index(MIDDLE["x"] + 2500, MIDDLE["y"])
    x = np.append(np.arange(25) * 0.1, 2.5)
    path = Radio(x, np.full(26, 100.0), 30, 1.5, tx_lonlat=(120.96, 23.99), rx_lonlat=(120.98, 23.99))
    want = 60 - 10 * math.log10(12 * 50) - loss(path, frequency_ghz=0.7)["Lb"]  # 50 resource blocks
    assert level[row, column] == pytest.approx(want, abs=1e-4)


def test_rasters_agree_with_the_direct_method_along_the_radials(tmp_path: Path) -> None:
    """Cells east and north of the station lie on radials: their profile is a row or column of the terrain."""
    ground = mountains(121, 121)
    out = run(tmp_path, ground, [MIDDLE])
    level = layer(out, "lte_best_rsrp_dbm")
    with rasterio.open(out / "lte_best_rsrp_dbm.tif") as file:
        row, column = file.index(MIDDLE["x"], MIDDLE["y"])
    for away in (5, 12, 29):
        for profile, where in (
            (ground[60, 60 : 61 + away], (row, column + away)),
            (ground[60 - away : 61, 60][::-1], (row - away, column)),
        ):
            path = Radio(np.arange(away + 1) * 0.1, profile.astype(np.float32), 30, 1.5)
            want = 60 - 10 * math.log10(600) - loss(path, frequency_ghz=0.7)["Lb"]
            assert level[where] == pytest.approx(want, abs=1e-3)


def test_turned_terrain_gives_a_turned_result() -> None:
    ground = mountains(201, 201, seed=4).astype(np.float32)

    def around(heights: np.ndarray) -> np.ndarray:
        shape = (1, 160, 160)
        out, low, up = (
            np.empty(shape, np.float32),
            np.empty(shape, np.float32),
            np.empty(shape[1:], np.float32),
        )
        bands = sweep.bands_of(np.array([2.1]), np.ones(1, bool))
        radials.station(
            radials.P1812, np.ascontiguousarray(heights), np.empty((0, 0), np.float32), np.empty((0, 0), np.uint8),
            0.0, 20_100.0, 100.0, 10_050.0, 10_050.0, 30.0, 1.5, 7000.0, 440, 2050.0, 18_050.0, 100.0, 50.0, 24.0,
            45.0, bands, out, low, up,
        )  # fmt: skip
        return np.maximum(out, low)[0]

    one, other = around(ground), around(np.rot90(ground))
    assert np.isfinite(one).sum() > 15_000
    np.testing.assert_allclose(np.rot90(one), other, atol=2e-3)


def test_unknown_is_nodata_and_not_no_signal(tmp_path: Path) -> None:
    ground = np.full((121, 121), 100.0)
    ground[40:80, 75] = np.nan  # a strip without heights, 1.5 km east
    out = run(tmp_path, ground, [MIDDLE])
    for name in ("lte_best_rsrp_dbm", "lte_servers", "lte_operators", "lte_probability", "lte_best_server"):
        found = layer(out, name)
        with rasterio.open(out / f"{name}.tif") as file:
            row, column = file.index(MIDDLE["x"], MIDDLE["y"])
        assert not found.mask[row, column + 10]
        assert found.mask[row, column + 15 : column + 28].all(), name  # the strip and all behind it
        assert not found.mask[row, column - 28]
        assert found.mask[0, 0]  # beyond the radius


def test_a_ridge_hides_what_is_behind_it_at_28_ghz(tmp_path: Path) -> None:
    ground = np.full((121, 121), 100.0)
    ground[:, 80] = 400.0
    high = {**MIDDLE, "technology": "NR", "frequency_mhz": 28_000, "bandwidth_mhz": 100, "scs_khz": 120}
    out = run(tmp_path, ground, [high], settings=Settings("line-of-sight", 3000.0, 100.0, math.nan))
    sight = layer(out, "nr_line-of-sight")
    with rasterio.open(out / "nr_line-of-sight.tif") as file:
        row, column = file.index(MIDDLE["x"], MIDDLE["y"])
        assert "not a coverage prediction" in file.descriptions[0]
    assert (sight[row, column : column + 20] >= 1).all()
    assert (sight[row, column + 22 : column + 29] == 0).all()
    assert sight[row, column + 5] == 2  # 500 m away, 15 m above the ground: the Fresnel zone is 1 m wide


def test_the_disk_is_round_and_called_crude(tmp_path: Path) -> None:
    out = run(tmp_path, mountains(121, 121), [MIDDLE], settings=Settings("disk", 2000.0, 100.0, math.nan))
    disk = layer(out, "lte_disk")
    assert disk.count() * 0.01 == pytest.approx(math.pi * 4, rel=0.01)
    with rasterio.open(out / "lte_disk.tif") as file:
        assert "crude" in file.descriptions[0]


# ------------------------------------------------------------------ laws


def test_laws_of_a_network(tmp_path: Path) -> None:
    ground = mountains(241, 241)
    out = run(tmp_path, ground, many(30))
    strict = run(tmp_path, ground, many(30), "strict", threshold_dbm=-80.0)
    servers, both = layer(out, "all_servers"), layer(out, "all_operators")
    assert (layer(strict, "all_servers") <= servers).all()
    assert (layer(strict, "all_probability") <= layer(out, "all_probability")).all()
    assert ((both > 0) == (servers > 0)).all()
    assert both.max() == 2
    for technology in ("lte", "nr"):
        whole, best = layer(out, f"{technology}_servers"), layer(out, f"{technology}_best_rsrp_dbm")
        parts = [layer(out, f"{technology}_{o}_servers") for o in ("甲", "乙")]
        assert (sum(p.filled(0).astype(int) for p in parts) == whole.filled(0)).all()
        levels = np.ma.stack([layer(out, f"{technology}_{o}_best_rsrp_dbm") for o in ("甲", "乙")])
        np.testing.assert_array_equal(levels.max(axis=0).filled(np.nan), best.filled(np.nan))
        assert ((whole > 0) == (best >= {"lte": -105, "nr": -110}[technology])).all()
        share = layer(out, f"{technology}_probability")
        assert ((share >= 0) & (share <= 1)).all()
        assert (share[(whole > 0).filled(False)] >= 0.499).all()  # the median meets it: half of the places do


def test_positions_of_stations_are_in_no_output(tmp_path: Path) -> None:
    out = run(tmp_path, np.full((121, 121), 50.0), [{"x": WEST + 6012.3, "y": NORTH - 6045.6}])
    for name, data in contents(out).items():
        if not name.endswith(".tif"):
            assert b"246012" not in data, name
            assert b"2653954" not in data, name


def test_clutter_weakens_the_signal_and_classes_have_heights(tmp_path: Path) -> None:
    ground = np.full((121, 121), 100.0)
    classes = np.zeros((121, 121))
    classes[:, 70:] = 2
    write_dem(tmp_path / "clutter.tif", classes)
    bare = layer(run(tmp_path, ground, [MIDDLE]), "lte_best_rsrp_dbm")
    wood = layer(
        run(
            tmp_path,
            ground,
            [MIDDLE],
            "wood",
            clutter=tmp_path / "clutter.tif",
            clutter_heights={0: 0, 2: 15},
        ),
        "lte_best_rsrp_dbm",
    )
    assert (wood <= bare + 1e-4).all()
    middle = bare.shape[1] // 2
    assert (bare - wood)[:, middle + 15 :].mean() > 3
    assert abs(bare - wood)[:, : middle - 5].max() < 1e-4


# ------------------------------------------------------------------ the same bytes


def test_threads_memory_and_batches_change_nothing(tmp_path: Path) -> None:
    ground, rows = mountains(241, 241), many(90)
    one = run(tmp_path, ground, rows, "one", workers=Workers(threads=1, memory_gb=4.0))
    two = run(tmp_path, ground, rows, "two", workers=Workers(threads=2, memory_gb=0.6))
    assert contents(one) == contents(two)
    assert len(contents(one)) > 20


def test_memory_stays_below_what_is_allowed(tmp_path: Path) -> None:
    """In one batch the tallies alone would be 0.7 GB: 40 km, cells of 20 m, four groups."""
    write_dem(tmp_path / "dem.tif", mountains(401, 401))
    write_sites(tmp_path / "sites.csv", many(24, width_m=40_000.0))
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    more = ["--resolution-m", "20", "--radius-km", "5", "--memory-gb", "0.8", "--rim-m", "100"]
    asked = [sys.executable, "-c", code, *command(tmp_path, "out"), *more]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    assert int(done.stdout) * 1024 < 0.8e9
    assert layer(tmp_path / "out", "all_best_rsrp_dbm").shape[0] > 1500


def test_order_of_the_sites_moves_no_level(tmp_path: Path) -> None:
    ground, rows = mountains(241, 241), many(20)
    one, other = run(tmp_path, ground, rows, "one"), run(tmp_path, ground, rows[::-1], "other")
    for name in ("all_best_rsrp_dbm", "all_servers", "all_operators", "lte_probability"):
        assert (one / f"{name}.tif").read_bytes() == (other / f"{name}.tif").read_bytes()


def command(tmp: Path, out: str, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "notspot", "predict", "--sites", str(tmp / "sites.csv"), "--sites-crs", "EPSG:3826",
        "--dem", str(tmp / "dem.tif"), "--radius-km", "8", "--out", str(tmp / out), "--rim-m", "20", *more,
    ]  # fmt: skip


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    write_dem(tmp_path / "dem.tif", mountains(241, 241))
    write_sites(tmp_path / "sites.csv", many(300))
    subprocess.run(command(tmp_path, "whole"), check=True, capture_output=True)
    parts = tmp_path / "killed" / ".notspot-predict" / "parts"
    for wanted in (1, 3):
        process = subprocess.Popen(
            command(tmp_path, "killed", "--threads", "1"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 120
        while (
            len(list(parts.glob("*.arrow"))) < wanted and process.poll() is None and time.monotonic() < until
        ):
            time.sleep(0.01)
        assert process.poll() is None, "the run ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = len(list(parts.glob("*.arrow")))
    assert not (tmp_path / "killed" / "prediction.json").exists()
    result = subprocess.run(command(tmp_path, "killed", "--json"), check=True, capture_output=True, text=True)
    assert json.loads(result.stdout)["resumed_batches"] == done >= 3
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_worker_that_dies_loses_nothing(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    write_dem(tmp_path / "dem.tif", mountains(241, 241))
    write_sites(tmp_path / "sites.csv", many(300))
    subprocess.run(command(tmp_path, "whole"), check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    tool = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker"]
    address = f"tcp://127.0.0.1:{port}"
    options = ["--no-dashboard", "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path / "dask")]
    started = [
        subprocess.Popen(
            [*tool, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **quiet, cwd=tmp_path
        )
    ]
    try:
        started += [subprocess.Popen([*worker, address, *options], **quiet, cwd=tmp_path) for _ in range(2)]
        _wait_for_workers(address, 2)
        process = subprocess.Popen(command(tmp_path, "cluster", "--scheduler", address), **quiet)
        parts = tmp_path / "cluster" / ".notspot-predict" / "parts"
        until = time.monotonic() + 120
        while len(list(parts.glob("*.arrow"))) < 1 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        assert process.poll() is None
        os.kill(started[1].pid, signal.SIGKILL)
        assert process.wait(timeout=180) == 0
    finally:
        for one in started:
            one.kill()
    assert contents(tmp_path / "cluster") == contents(tmp_path / "whole")


def _wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, timeout="60s", set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def test_a_finished_run_is_not_done_again_and_another_is_refused_half_way(tmp_path: Path) -> None:
    ground = np.full((121, 121), 100.0)
    out = run(tmp_path, ground, [MIDDLE])
    before = (out / "lte_servers.tif").stat().st_mtime_ns
    run(tmp_path, ground, [MIDDLE])
    assert (out / "lte_servers.tif").stat().st_mtime_ns == before
    (out / "lte_servers.tif").write_bytes(b"spoilt")
    run(tmp_path, ground, [MIDDLE])
    assert layer(out, "lte_servers").count()
    begun = out / ".notspot-predict"
    (begun / "parts").mkdir(parents=True)
    (begun / "run.json").write_text(json.dumps({"settings": {}}))
    with pytest.raises(UsageError, match="unfinished run"):
        run(tmp_path, ground, [MIDDLE])
    run(tmp_path, ground, [MIDDLE], restart=True)
    assert not begun.exists()


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("mine")
    with pytest.raises(UsageError, match=r"thesis\.docx"):
        run(tmp_path, np.full((121, 121), 100.0), [MIDDLE])


# ------------------------------------------------------------------ limits


def test_28_ghz_is_refused_with_what_to_use(tmp_path: Path) -> None:
    high = {**MIDDLE, "technology": "NR", "frequency_mhz": 28_000, "bandwidth_mhz": 100, "scs_khz": 120}
    with pytest.raises(InputError, match="--model line-of-sight"):
        run(tmp_path, np.full((121, 121), 100.0), [high])


def test_sites_off_the_terrain_are_problems_or_in_the_ledger(tmp_path: Path) -> None:
    ground = np.full((121, 121), 100.0)
    ground[10:20, 10:20] = np.nan
    rows = [MIDDLE, {"x": WEST + 30_000, "y": NORTH - 6000}, {"x": WEST + 1500, "y": NORTH - 1500}]
    with pytest.raises(InputError) as error:
        run(tmp_path, ground, rows)
    assert [p.row for p in error.value.problems] == [3, 4]
    assert "outside the terrain model" in str(error.value)
    assert "holds no height" in str(error.value)
    out = run(tmp_path, ground, rows, allow_rejects=True)
    assert (out / "rejects.csv").read_text().count("\n") == 3
    assert (out / "sites.csv").read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--radius-km", "0"], "radius"),
        (["--resolution-m", "0.1"], "resolution"),
        (["--memory-gb", "0.1"], "memory"),
        (["--p-percent", "80"], "1 to 50"),
        (["--model", "okumura"], "okumura"),
        (["--clutter-heights", "forest"], "1=0"),
    ],
)
def test_wrong_use_is_exit_2_with_a_sentence(tmp_path: Path, more: list[str], words: str) -> None:
    write_dem(tmp_path / "dem.tif", np.full((50, 50), 10.0))
    write_sites(tmp_path / "sites.csv", [{"x": WEST + 2000, "y": NORTH - 2000}])
    args = ["predict", "--sites", str(tmp_path / "sites.csv"), "--dem", str(tmp_path / "dem.tif"), "--out"]
    result = CliRunner().invoke(app, [*args, str(tmp_path / "out"), "--sites-crs", "EPSG:3826", *more])
    assert result.exit_code == 2, result.output
    assert words in result.output


def test_too_little_memory_says_how_much_is_needed(tmp_path: Path) -> None:
    huge = Settings(radius_m=60_000.0, cell_m=10.0)
    with pytest.raises(UsageError, match=r"needs [\d.]+ GB"):
        run(tmp_path, np.full((121, 121), 100.0), [MIDDLE], settings=huge, workers=Workers(2, memory_gb=1.0))
