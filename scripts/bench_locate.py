"""
Points to their village, beside `geopandas.sjoin`, as Markdown: time, memory, and whether every point agrees.

Each side runs in a process of its own on the same arrays, one after the other; ``--only files`` measures the
command `notspot locate`, ``--quick`` leaves out ten million points and runs once.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import bench

MILLION = 1_000_000
SPREADS = {
    "land": "uniform over the villages",
    "people": "as many in each village, so that towns are dense",
    "box": "uniform over the bounding box, four in five at sea",
}
WAYS = ("sjoin", "ready", "building", "whole")


# ------------------------------------------------------------------ points


def make_points(spread: str, count: int, folder: Path, seed: int = 11) -> None:
    """Longitudes and latitudes of `count` points into two files of `folder`."""
    from notspot_geodata import reference
    from notspot_geodata.locating import locate_points

    rng = np.random.default_rng(seed)
    if spread == "people":
        boxes = reference.villages().geometry.bounds.to_numpy()[rng.integers(0, 7701, count)]
        lon, lat = (rng.uniform(boxes[:, k], boxes[:, k + 2]) for k in (0, 1))
    else:
        west, south, east, north = reference.villages().total_bounds
        parts: list[Any] = []
        while sum(len(part) for part in parts) < count:
            some = rng.uniform((west, south), (east, north), (MILLION, 2))
            parts.append(some[locate_points(*some.T) >= 0] if spread == "land" else some)
        lon, lat = np.concatenate(parts)[:count].T
    np.save(folder / "lon.npy", lon)
    np.save(folder / "lat.npy", lat)


# ------------------------------------------------------------------ one side, in its own process


def measure(way: str, folder: Path, runs: int) -> None:
    """Run one way, print its seconds and the peak of the memory as JSON, and leave the village of each point."""
    from notspot_geodata import reference

    lon, lat = np.load(folder / "lon.npy"), np.load(folder / "lat.npy")
    villages = reference.villages()
    seconds: list[float] = []
    cpu: list[float] = []
    found: Any = None
    for _ in range(runs):
        found = None
        work = _sjoin(lon, lat, villages) if way == "sjoin" else _ours(way, lon, lat, villages)
        begin, used = time.perf_counter(), time.process_time()
        found = work()
        seconds.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - used)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 * 1.048576
    if isinstance(found, pd.DataFrame):
        codes = (
            found["village_code"]
            if "village_code" in found
            else villages["village_code"].reindex(found["index_right"].to_numpy())
        )
        index = pd.Index(villages["village_code"]).get_indexer(codes.to_numpy())
        if way == "sjoin":
            whole = np.full(len(lon), -1)
            whole[found.index] = index
            index = whole
        found = index
    np.save(folder / f"{way}.npy", np.asarray(found, np.int32))
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb}))


def _sjoin(lon: Any, lat: Any, villages: Any) -> Callable[[], Any]:
    """GeoPandas as it is called, on points that are made already and an index of villages that is built."""
    import geopandas as gpd

    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs=villages.crs))
    right = villages[["geometry"]]
    _ = right.sindex
    return lambda: gpd.sjoin(points, right, predicate="within")


def _ours(way: str, lon: Any, lat: Any, villages: Any) -> Callable[[], Any]:
    import notspot
    from notspot_geodata.locating import Locator, village_locator

    shapes = villages.geometry
    Locator(shapes[:10]).find(
        lon[:10], lat[:10]
    )  # compiled code is loaded, or made where this runs for the first time
    if way == "ready":
        ready = Locator(shapes)
        return lambda: ready.find(lon, lat)
    if way == "building":
        return lambda: Locator(shapes).find(lon, lat)
    notspot.locate([121.5], [25.0])

    def whole() -> pd.DataFrame:
        village_locator.cache_clear()
        return notspot.locate(lon, lat)

    return whole


# ------------------------------------------------------------------ both sides


def bench_points(quick: bool) -> None:
    """One and ten million points, each way, with the ratio to sjoin in the same run."""
    rows = []
    for count in (MILLION,) if quick else (MILLION, 10 * MILLION):
        for spread in SPREADS if count == MILLION else ("land",):
            with TemporaryDirectory() as name:
                folder = Path(name)
                make_points(spread, count, folder)
                runs = 1 if quick or count > MILLION else 5
                sides = {way: _side(way, folder, runs) for way in WAYS}
                agree = [np.load(folder / f"{way}.npy") for way in WAYS]
            differ = max(int((other != agree[0]).sum()) for other in agree[1:])
            base = statistics.median(sides["sjoin"]["seconds"])
            for way in WAYS:
                middle = statistics.median(sides[way]["seconds"])
                rows.append(
                    (
                        f"{count:,}, {spread}", _TITLES[way], bench.Times(sides[way]["seconds"]),
                        f"{count / middle / 1e6:.2f} M/s", "" if way == "sjoin" else f"{base / middle:.0f} ×",
                        bench.Times(sides[way]["cpu"]),
                        f"{sides[way]['peak_mb']:,.0f} MB", "" if way == "sjoin" else f"{differ:,} of {count:,}",
                    )
                )  # fmt: skip
    bench.table(
        "Points to their village",
        "points | way | time | rate | faster than sjoin | processor time | peak memory | points that differ",
        rows,
        "; ".join(f"{name}: {what}" for name, what in SPREADS.items()) + ".",
        "sjoin is timed without making its points (`points_from_xy`) and with the index of villages built; the last "
        "way makes its index, reads the arrays and gives three columns of text. Peak memory is that of the process, "
        "with Python, the libraries and the arrays.",
    )


_TITLES = {
    "sjoin": '`geopandas.sjoin(predicate="within")`',
    "ready": "`Locator.find`, index ready",
    "building": "`Locator(…).find`, index built",
    "whole": "`notspot.locate(lon, lat)`, all included",
}


def _side(way: str, folder: Path, runs: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", way, "--folder", str(folder), "--runs", str(runs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ------------------------------------------------------------------ files


def bench_files(quick: bool) -> None:
    """`notspot locate` as a person starts it."""
    import geopandas as gpd
    import pyarrow as pa
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    count = MILLION if quick else 10 * MILLION
    rows = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_points("land", count, folder)
        lon, lat = np.load(folder / "lon.npy"), np.load(folder / "lat.npy")
        rng = np.random.default_rng(3)
        table = pa.table(
            {
                "id": pa.array([f"{i:09d}" for i in range(count)]),
                "lon": lon,
                "lat": lat,
                "dl_mbps": rng.gamma(2, 30, count).round(2),
            }
        )
        pq.write_table(table, folder / "columns.parquet")
        pacsv.write_csv(table, folder / "points.csv")
        for start in range(0, count, MILLION):  # made a piece at a time, as they would not fit otherwise
            some = slice(start, start + MILLION)
            points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon[some], lat[some], crs="EPSG:3824"))
            points.to_parquet(folder / f"piece{start}.parquet")
        pieces = sorted(folder.glob("piece*.parquet"))
        with pq.ParquetWriter(folder / "wkb.parquet", pq.read_schema(pieces[0])) as writer:
            for piece in pieces:
                writer.write_table(pq.read_table(piece))
        for source, target, more in (
            ("points.csv", "out.csv", []),
            ("columns.parquet", "out.parquet", []),
            ("wkb.parquet", "out.parquet", []),
            ("columns.parquet", "out.parquet", ["--workers", "2"]),
            ("points.csv", "out.csv", ["--workers", "2"]),
        ):
            took, cpu, peak = bench._process(
                [
                    sys.executable,
                    "-m",
                    "notspot",
                    "locate",
                    str(folder / source),
                    "--out",
                    str(folder / target),
                    *more,
                ]
            )
            rows.append((source, target, " ".join(more), f"{took:.1f} s", f"{cpu:.1f} s", f"{peak:,.0f} MB"))
    bench.table(
        f"`notspot locate`, {count:,} rows of four columns, end to end",
        "in | out | option | wall time | processor time | peak memory of all processes",
        rows,
    )


SUBJECTS: dict[str, Callable[[bool], None]] = {"points": bench_points, "files": bench_files}


def main() -> None:
    """Print the tables of the subjects that were asked for."""
    parser = argparse.ArgumentParser(description="Points to their village beside geopandas, as Markdown.")
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="a subject; may be given again")
    parser.add_argument("--quick", action="store_true", help="one million points, one run of each")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure, given.folder, given.runs)
        return
    bench.machine(given.quick)
    print(f"- numba {importlib.metadata.version('numba')}, pyarrow {importlib.metadata.version('pyarrow')}")
    for name, subject in SUBJECTS.items():
        if not given.only or name in given.only:
            subject(given.quick)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
