"""
Ten million buildings as tiles, written and browsed, beside other tools: ``python scripts/bench_tiles.py``.

Prints Markdown tables. Points are made up: as many in each township as it has households, spread over its villages.
``--count`` makes fewer, ``--tippecanoe PATH`` and ``--peers`` measure tippecanoe, GDAL and lonboard on the same points
(``--peer-count`` of them). ``--h3`` takes H3 cells in place of buildings: the nearest to Taipei of resolution 10.
Needs the test extras and a Chromium for the second table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import bench

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

MILLION = 1_000_000
RESOLUTION = 10  # of the H3 cells: 0.015 km²
STATUSES = ["not_covered", "covered", "unknown"]
VIEWS = {
    "nation": "",
    "city": "#m=12/25.04/121.53",
    "districts": "#m=13/25.04/121.53",
    "streets": "#m=16/25.04/121.53",
    "houses": "#m=18/25.04/121.53",
}
HEADER = "what | time | of the processors | most memory | file | points at zoom 5"
LOADED = "#ns-t-map[data-loaded]"
DRAG = """
async () => {
  const map = document.getElementById('ns-t-map'), box = map.getBoundingClientRect(), times = [];
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const fire = (on, type, step) => on.dispatchEvent(new MouseEvent(type,
    { bubbles: true, clientX: box.x + 1000 - 10 * step, clientY: box.y + 450 + 3 * (step % 2), buttons: 1 }));
  fire(map, 'mousedown', 0);
  let last = await frame();
  for (let step = 1; step <= 90; step++) {
    fire(document, 'mousemove', step);
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  fire(document, 'mouseup', 90);
  return times;
}
"""
ZOOM = """
async () => {
  const map = L.notspot.tiles.map, times = [];
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  let last = await frame();
  for (const way of [1, -1]) {
    map.setZoom(map.getZoom() + way);
    for (let i = 0; i < 45; i++) {
      const now = await frame();
      times.push(now - last);
      last = now;
    }
  }
  return times;
}
"""


def main() -> None:
    """Make the points, write them, browse them, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int)
    parser.add_argument(
        "--h3", action="store_true", help="H3 cells, drawn as hexagons; a million unless --count says"
    )
    parser.add_argument("--peer-count", type=int, default=MILLION)
    parser.add_argument("--peers", action="store_true", help="GDAL and lonboard too")
    parser.add_argument("--tippecanoe", type=Path, help="its program, where it is to be measured")
    parser.add_argument("--patience", type=int, default=900, help="seconds for one way to write")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        work, source, target = given.child
        print(json.dumps(_measured(work, Path(source), Path(target))))
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "points.parquet"
        count = given.count or (MILLION if given.h3 else 10 * MILLION)
        (make_cells if given.h3 else make_points)(source, count)
        print(f"{time.strftime('%Y-%m-%d')}, {platform.platform()}, {os.cpu_count()} processors")
        ours = _child("cells" if given.h3 else "notspot", source, folder / "notspot", given.patience)
        what = "H3 cells" if given.h3 else "points"
        bench.table("Writing", HEADER, [_row(f"notspot tiles, {count:,} {what}", ours)])
        bench.table(
            "Browsing",
            "view | tiles there after | requests | bytes | points or cells | decode a tile | draw a tile | "
            "frame, dragging | frame, zooming",
            browse(folder / "notspot"),
        )
        if given.peers or given.tippecanoe:
            few = folder / "few.parquet"
            make_points(few, given.peer_count)
            rows: list[list[object]] = []
            works = ["notspot"] + (["gdal", "lonboard"] if given.peers else [])
            if given.tippecanoe:
                os.environ["TIPPECANOE"] = str(given.tippecanoe)
                works.append("tippecanoe")
            for work in works:
                found = _child(work, few, folder / f"few-{work}", given.patience)
                rows.append(_row(f"{work}, {given.peer_count:,} points", found))
                print(rows[-1], file=sys.stderr)
            bench.table("Beside others", HEADER, rows)


def make_points(path: Path, count: int, seed: int = 5) -> None:
    """A Parquet file of `count` buildings: ``lon``, ``lat``, ``status``, ``households``."""
    from notspot_geodata import reference
    from notspot_geodata.locating import locate_points

    rng = np.random.default_rng(seed)
    villages = reference.villages()
    households = villages["town_code"].map(reference.figures().set_index("town_code")["households"]).fillna(0)
    here = (households / villages.groupby("town_code")["town_code"].transform("size")).to_numpy()
    boxes = villages.geometry.bounds.to_numpy()
    share = rng.beta(6, 0.7, len(villages))
    dense = here / villages["area_km2"].to_numpy() > 300
    share = np.where(dense, 1 - (1 - share) * 0.05, share)
    schema = pa.schema(
        [("lon", pa.float64()), ("lat", pa.float64()), ("status", pa.string()), ("households", pa.int32())]
    )
    done = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        while done < count:
            which = rng.choice(len(villages), MILLION, p=here / here.sum())
            lon, lat = (rng.uniform(boxes[which, k], boxes[which, k + 2]) for k in (0, 1))
            inside = np.flatnonzero(locate_points(lon, lat) == which)[: count - done]
            status = np.where(rng.random(len(inside)) < share[which[inside]], 1, 0)
            status[rng.random(len(inside)) < 0.03] = 2
            columns = [
                pa.array(lon[inside]),
                pa.array(lat[inside]),
                pa.DictionaryArray.from_arrays(pa.array(status, pa.int32()), STATUSES).dictionary_decode(),
                pa.array(rng.poisson(0.4, len(inside)) + 1, pa.int32()),
            ]
            file.write_table(pa.table(columns, schema=schema))
            done += len(inside)


def make_cells(path: Path, count: int, seed: int = 5) -> None:
    """A Parquet file of the `count` H3 cells nearest to Taipei: ``cell`` as text, ``status``, ``households``."""
    import h3.api.numpy_int as h3

    from notspot_geodata import hexagons

    large = hexagons.land_cells((119.9, 21.8, 122.1, 25.4), 6)
    away = np.hypot(*(hexagons.middles(large) - [121.53, 25.04]).T)
    near = large[np.argsort(away)][: -(-count // 7 ** (RESOLUTION - 6))]
    cells = np.concatenate([h3.cell_to_children(cell, RESOLUTION) for cell in near.tolist()])[:count]
    rng = np.random.default_rng(seed)
    share = np.repeat(rng.beta(6, 0.7, len(near)), 7 ** (RESOLUTION - 6))[: len(cells)]
    status = np.where(rng.random(len(cells)) < share, 1, 0)
    status[rng.random(len(cells)) < 0.03] = 2
    columns = {
        "cell": hexagons.names(cells),
        "status": np.array(STATUSES)[status],
        "households": rng.poisson(9, len(cells)),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")


# ------------------------------------------------------------------ writing


def _child(work: str, source: Path, target: Path, patience_s: int) -> dict[str, Any]:
    """One way to write, in a process of its own."""
    target.mkdir()
    command = [sys.executable, __file__, "--child", work, str(source), str(target)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience_s)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {patience_s} s"}
    if ran.returncode:
        return {"failed": (ran.stderr.strip().splitlines() or ["?"])[-1][:120]}
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _measured(work: str, source: Path, target: Path) -> dict[str, Any]:
    start = time.perf_counter()
    file: Path = globals()[f"_by_{work}"](source, target)
    seconds = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "seconds": seconds,
        "processor": sum(each.ru_utime + each.ru_stime for each in used),
        "memory": max(each.ru_maxrss for each in used) * 1024,
        "bytes": file.stat().st_size,
        "far": _far(file) if file.suffix == ".pmtiles" else None,
    }


def _row(what: str, found: dict[str, Any]) -> list[object]:
    if "failed" in found:
        return [what, found["failed"], "", "", "", ""]
    return [
        what,
        f"{found['seconds']:.0f} s",
        f"{found['processor']:.0f} s",
        f"{found['memory'] / 1e9:.2f} GB",
        f"{found['bytes'] / 1e6:.1f} MB",
        "–" if found["far"] is None else f"{found['far']:,}",
    ]


def _far(file: Path) -> int:
    """How many points the tiles of zoom 5 stand for."""
    import gzip
    import mmap

    import pyogrio
    from pmtiles.reader import all_tiles

    count = 0
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as held:
        for (zoom, _, _), data in all_tiles(lambda start, size: held[start : start + size]):
            if zoom == 5:
                read = pyogrio.read_dataframe(gzip.decompress(data), read_geometry=False)
                summed = [name for name in STATUSES if name in read]
                count += int(read[summed].to_numpy().sum()) if summed else len(read)
            elif zoom > 5:
                break
    return count


def _by_notspot(source: Path, target: Path) -> Path:
    from notspot.tile_files import tile_file

    return tile_file(source, target, weight="households").tiles.archive


def _by_cells(source: Path, target: Path) -> Path:
    from notspot.tile_files import tile_file

    return tile_file(source, target, h3="cell", weight="households").tiles.archive


def _by_gdal(source: Path, target: Path) -> Path:
    """GDAL's PMTiles driver with what it does unasked, to zoom 14."""
    import geopandas as gpd

    table = pd.read_parquet(source)
    shapes = gpd.GeoDataFrame(
        table[["status", "households"]], geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326
    )
    file = target / "points.pmtiles"
    shapes.to_file(file, driver="PMTiles", engine="pyogrio", MINZOOM=0, MAXZOOM=14)
    return file


def _by_tippecanoe(source: Path, target: Path) -> Path:
    """tippecanoe with what it recommends for many points: guess the zoom, drop the densest as needed."""
    text, file = target / "points.csv", target / "points.pmtiles"
    pd.read_parquet(source).to_csv(text, index=False)
    options = ["-zg", "--drop-densest-as-needed", "--extend-zooms-if-still-dropping", "-q", "-l", "points"]
    subprocess.run([os.environ["TIPPECANOE"], *options, "-o", str(file), str(text)], check=True)
    return file


def _by_lonboard(source: Path, target: Path) -> Path:
    """One HTML file with all points; it loads its script from the network when it is opened."""
    import geopandas as gpd
    from lonboard import Map, ScatterplotLayer

    table = pd.read_parquet(source)
    shapes = gpd.GeoDataFrame(
        table[["status", "households"]], geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326
    )
    file = target / "points.html"
    Map(ScatterplotLayer.from_geopandas(shapes)).to_html(file)
    return file


# ------------------------------------------------------------------ browsing


def browse(folder: Path, runs: int = 3) -> list[Sequence[object]]:
    """A row a view, from a server on this machine."""
    from browser import launched

    from notspot.tile_server import HOST, tile_server

    server = tile_server(folder)
    Thread(target=server.serve_forever, daemon=True).start()
    rows: list[Sequence[object]] = []
    for name, fragment in VIEWS.items():
        loaded = []
        for run in range(runs):
            scope = launched().new_context(viewport={"width": 1440, "height": 900})
            page = scope.new_page()
            page.goto(f"http://{HOST}:{server.server_port}/index.html{fragment}")
            page.wait_for_selector(LOADED, timeout=60_000)
            mark = "performance.getEntriesByName('notspot-tiles-loaded')[0].startTime"
            loaded.append(page.evaluate(mark))
            if run < runs - 1:
                scope.close()
        source = page.evaluate("(({ requests, bytes }) => [requests, bytes])(L.notspot.tiles.archive.source)")
        spent = page.evaluate("L.notspot.tiles.layer.times")
        seen = sum(each["count"] for each in spent if each["what"] == "decode")
        dragging, zooming = page.evaluate(DRAG), page.evaluate(ZOOM)
        scope.close()
        rows.append(
            [
                name,
                f"{statistics.median(loaded):,.0f} ms",
                source[0],
                f"{source[1] / 1e3:,.0f} kB",
                f"{seen:,}",
                *(
                    _times([each["ms"] for each in spent if each["what"] == what])
                    for what in ("decode", "draw")
                ),
                _times(dragging),
                _times(zooming),
            ]
        )
    server.shutdown()
    return rows


def _times(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.0f} ms, worst {max(times):.0f}" if times else "–"


if __name__ == "__main__":
    main()
