"""
Counting coverage beside the tools people use: buffers to covered ground, shares of a raster by village, and
townships and counties from villages, as Markdown.

Every side runs in a process of its own, one after the other, on the same files; one that takes longer than
`LIMIT_S` is stopped and said to have been. The villages in metres, and the points, are made before the clock starts.
``--only buffers`` chooses a subject, ``--quick`` runs once and leaves out the largest. Agreement is checked in
the same run.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
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

import bench

LIMIT_S = 100.0
RADIUS_M = 400.0
SIDES = 16  # of a polygon that stands for a circle and has its area
CRS = "EPSG:3826"
Side = dict[str, Any]


# ------------------------------------------------------------------ buffers


def make_ends(count: int, folder: Path, seed: int = 5) -> None:
    """`count` points in metres: a village at random, and a place at random in its box."""
    boxes = _villages().geometry.bounds.to_numpy()
    rng = np.random.default_rng(seed)
    boxes = boxes[rng.integers(0, len(boxes), count)]
    np.save(folder / "xy.npy", rng.uniform(boxes[:, :2], boxes[:, 2:]))


def _villages() -> Any:
    from notspot_geodata import reference

    return reference.villages().to_crs(CRS)


def _ends(folder: Path) -> Any:
    import geopandas as gpd

    return gpd.GeoSeries(gpd.points_from_xy(*np.load(folder / "xy.npy").T), crs=CRS)


def _buffers(points: Any, sides: int = SIDES) -> Any:
    """Polygons with the area of the circles, on the ground."""
    scale = 0.9999 * np.cosh((points.x - 250_000) / (0.9999 * 6_363_700))
    alike = math.sqrt(2 * math.pi / sides / math.sin(2 * math.pi / sides))
    return points.buffer(RADIUS_M * scale * alike, quad_segs=sides // 4).to_numpy()


def _union_then_clip(folder: Path) -> Callable[[], Any]:
    """All buffers at once, then each part of their union with each village that it meets."""
    import shapely

    land, points = _villages().geometry.to_numpy(), _ends(folder)

    def work() -> Any:
        union = shapely.disjoint_subset_union_all(_buffers(points))
        parts = shapely.get_parts(union)
        part, village = shapely.STRtree(land).query(parts, predicate="intersects")
        inside = shapely.area(shapely.intersection(parts[part], land[village]))
        return np.bincount(village, inside, len(land)) / shapely.area(land)

    return work


def _by_village(folder: Path) -> Callable[[], Any]:
    """Village by village: the union of the buffers that meet it, and what of it lies in the village."""
    land, points = _villages().geometry.to_numpy(), _ends(folder)
    return lambda: _shares_of(land, _buffers(points))


def _shares_of(land: Any, buffers: Any) -> Any:
    import shapely

    village, buffer = shapely.STRtree(buffers).query(land, predicate="intersects")
    share = np.zeros(len(land))
    for at, near in zip(*_groups(village, buffer), strict=True):
        union = shapely.union_all(buffers[near])
        share[at] = shapely.intersection(union, land[at]).area / land[at].area
    return share


def _reference(folder: Path) -> Callable[[], Any]:
    """The smallest villages and some of the others, with polygons of 256 sides; NaN for the rest."""
    land, points = _villages(), _ends(folder)

    def work() -> Any:
        some = np.unique(
            np.concatenate([land["area_km2"].to_numpy().argsort()[:100], np.arange(0, len(land), 20)])
        )
        share = np.full(len(land), np.nan)
        share[some] = _shares_of(land.geometry.to_numpy()[some], _buffers(points, 256))
        return share

    return work


def _groups(keys: Any, values: Any) -> tuple[Any, Any]:
    """Keys that occur, and the values of each."""
    order = np.argsort(keys, kind="stable")
    found, first = np.unique(keys[order], return_index=True)
    return found, np.split(values[order], first[1:])


def _overlay(folder: Path) -> Callable[[], Any]:
    """`geopandas.overlay` of the villages with the dissolved buffers."""
    import geopandas as gpd

    land, points = _villages(), _ends(folder)

    def work() -> Any:
        buffers = gpd.GeoDataFrame(geometry=_buffers(points), crs=CRS).dissolve().explode()
        met = gpd.overlay(land[["village_code", "geometry"]], buffers, how="intersection")
        inside = met.area.groupby(met["village_code"]).sum().reindex(land["village_code"]).fillna(0)
        return inside.to_numpy() / land.area.to_numpy()

    return work


def _ground(folder: Path) -> Callable[[], Any]:
    from notspot_coverage.counting.ground import Ground

    land, points = _villages(), _ends(folder)
    Ground.of(land[:3]).covered(points=points[:3], radius_m=RADIUS_M)  # compiled code is loaded or made
    return lambda: Ground.of(land).covered(points=points, radius_m=RADIUS_M)["share"].to_numpy()


def _ground_ready(folder: Path) -> Callable[[], Any]:
    from notspot_coverage.counting.ground import Ground

    ready, points = Ground.of(_villages()), _ends(folder)
    return lambda: ready.covered(points=points, radius_m=RADIUS_M)["share"].to_numpy()


def _lattice(folder: Path) -> Callable[[], Any]:
    """Scenarios on a prepared grid, as `notspot` counts services: 64 sub-cells in a cell of 100 m."""
    import geopandas as gpd

    from notspot_coverage.counting.lattice import lattice_of
    from notspot_coverage.counting.painting import paint
    from notspot_coverage.counting.services import Bounds, Service, Sites, Surface
    from notspot_coverage.counting.spreads import shares, spread
    from notspot_geodata import reference
    from notspot_geodata.locating import locate_points
    from notspot_geodata.text import Text

    points = gpd.GeoDataFrame(geometry=_ends(folder))
    lattice = lattice_of(reference.villages())
    even = spread(lattice, Surface(id="land"), locate_points)
    sites = Sites(id="ends", points=points, radius_m=RADIUS_M)
    service = Service(id="fibre", name=Text("光纖", "Fibre"), layers=(sites,))

    def work() -> Any:
        (cover,) = paint(lattice, service, Bounds(edges=False)).covers.values()
        return shares(even, cover, len(lattice.codes))[0]

    work()
    return work


def bench_buffers(quick: bool) -> None:
    """20,000 and 100,000 buffers of 400 m to the covered share of each village."""
    rows = []
    ways = ("union then clip", "by village", "overlay", "ground", "ground, ready", "lattice, ready")
    for count in (20_000,) if quick else (20_000, 100_000):
        with TemporaryDirectory() as name:
            folder = Path(name)
            make_ends(count, folder)
            sides = {way: _side(way, folder, 1 if quick else 3) for way in ways}
            exact = "reference" if _side("reference", folder, 1) else None
            base = sides["union then clip"]
            rows += [
                (
                    f"{count:,}", WAYS[way][1], _time(sides[way]), _ratio(base, sides[way], way == ways[0]),
                    _spent(sides[way]), _peak(sides[way]), _differ(folder, way, exact),
                )
                for way in ways
            ]  # fmt: skip
    bench.table(
        f"Buffers of {RADIUS_M:g} m to the covered share of 7,701 villages",
        "buffers | way | time | faster than union then clip | processor | memory | differs, of a village's area",
        rows,
        f"Buffers of the first three are polygons of {SIDES} sides with the area of the circle; the others measure "
        "circles. Difference: the largest over the 100 smallest villages and every twentieth, and that of 99 % of "
        "them, from `union_all` by village of polygons with 256 sides. The lattice's is that of sub-cells of 12.5 m.",
    )


# ------------------------------------------------------------------ rasters


def make_rasters(step_m: float, folder: Path) -> None:
    """A level in dBm, and whether it is at least −100 dBm, over all of Taiwan; a smooth field with fading on it."""
    import rasterio
    from scipy import ndimage

    west, south, east, north = _villages().total_bounds
    west, north = math.floor(west / 1000) * 1000, math.ceil(north / 1000) * 1000
    columns, rows = math.ceil((east - west) / step_m), math.ceil((north - south) / step_m)
    rng = np.random.default_rng(1)
    coarse = ndimage.gaussian_filter(
        rng.normal(size=(int(rows * step_m / 500) + 3, int(columns * step_m / 500) + 3)), 4
    )
    coarse /= coarse.std()
    at = np.arange(columns) * step_m / 500
    wide = np.array([np.interp(at, np.arange(coarse.shape[1]), line) for line in coarse], np.float32)
    profile = {
        "driver": "GTiff", "width": columns, "height": rows, "count": 1, "crs": CRS, "tiled": True,
        "blockxsize": 512, "blockysize": 512, "compress": "LZW", "BIGTIFF": "IF_SAFER",
        "transform": rasterio.Affine(step_m, 0, west, 0, -step_m, north),
    }  # fmt: skip
    with (
        rasterio.open(folder / "level.tif", "w", dtype="float32", nodata=math.nan, **profile) as levels,
        rasterio.open(folder / "flag.tif", "w", dtype="uint8", nodata=255, **profile) as flags,
    ):
        for first in range(0, rows, 512):
            line = np.arange(first, min(first + 512, rows)) * step_m / 500
            whole = line.astype(int)
            part = (line - whole)[:, None].astype(np.float32)
            field = wide[whole] * (1 - part) + wide[whole + 1] * part
            level = -95 + 12 * field + rng.standard_normal(field.shape, np.float32)
            level = np.round(level, 1)
            unknown = field < -2.2
            level[unknown] = np.nan
            window = ((first, first + len(line)), (0, columns))
            levels.write(level, 1, window=window)
            flags.write(np.where(unknown, 255, level >= -100).astype(np.uint8), 1, window=window)


def _exactextract(strategy: str) -> Callable[[Path], Callable[[], Any]]:
    def side(folder: Path) -> Callable[[], Any]:
        import exactextract

        land = _villages()[["village_code", "geometry"]]
        return lambda: exactextract.exact_extract(
            folder / "flag.tif", land, ["mean"], output="pandas", strategy=strategy
        )["mean"].to_numpy(np.float64)

    return side


def _rasterstats(folder: Path) -> Callable[[], Any]:
    import rasterstats

    land = _villages()[["village_code", "geometry"]]

    def work() -> Any:
        rows = rasterstats.zonal_stats(land, str(folder / "flag.tif"), stats=["mean"])
        return np.array([math.nan if row["mean"] is None else row["mean"] for row in rows], np.float64)

    return work


def _known(found: Any) -> Any:
    """Of what is known, the share that reaches the threshold, as a mean over flags is."""
    with np.errstate(invalid="ignore"):
        return found.covered[0] / (found.covered[0] + found.not_covered[0])


def _zonal(file: str, at_least: tuple[float, ...], ready: bool) -> Callable[[Path], Callable[[], Any]]:
    def side(folder: Path) -> Callable[[], Any]:
        from notspot_coverage.counting.zonal import Zones, zone_shares

        land, path = _villages(), folder / file
        zone_shares(path, Zones.over(path, land[:3]), at_least)  # compiled code is loaded or made
        if not ready:
            return lambda: _known(zone_shares(path, Zones.over(path, land), at_least))
        zones = Zones.over(path, land)
        return lambda: _known(zone_shares(path, zones, at_least))

    return side


def bench_rasters(quick: bool) -> None:
    """A national raster of 50 m and one of 20 m to the share of each village over a threshold."""
    rows = []
    ways = ("exactextract, features", "exactextract, raster", "rasterstats", "zonal", "zonal, ready",
            "zonal, levels", "zonal, three levels")  # fmt: skip
    for step_m in (50,) if quick else (50, 20):
        with TemporaryDirectory() as name:
            folder = Path(name)
            make_rasters(step_m, folder)
            sides = {way: _side(way, folder, 1 if quick or way == "rasterstats" else 3) for way in ways}
            exact = _first(folder, ways[:2])
            done = [side for side in (sides[ways[0]], sides[ways[1]]) if side]
            best = min(done, key=lambda side: statistics.median(side["seconds"])) if done else None
            rows += [
                (
                    f"{step_m} m", WAYS[way][1], _time(sides[way]), _ratio(best, sides[way], way in ways[:2]),
                    _ratio(sides["rasterstats"], sides[way], way in ways[:3]), _spent(sides[way]),
                    _peak(sides[way]), _differ(folder, way, exact, share=True),
                )
                for way in ways
            ]  # fmt: skip
    bench.table(
        "Share of 7,701 villages over a threshold, rasters of all Taiwan",
        "raster | way | time | faster than exactextract | than rasterstats | processor | memory | difference",
        rows,
        "The peers take the mean over a raster of 0, 1 and nodata (uint8), and so do the rows named flags; the "
        "others read the level itself (float32) and compare. The ratio is to the quicker way of exactextract. "
        "rasterstats counts a cell with the zone that holds its middle. Difference: of the share of what is known, "
        "0 to 1.",
    )


# ------------------------------------------------------------------ parents


def bench_parents(quick: bool) -> None:
    """Townships and counties from villages, in this process."""
    import shapely

    from notspot_geodata import reference
    from notspot_geodata.parents import parents

    villages, rows = reference.villages(), []
    for level, code in (("township", "town_code"), ("county", "county_code")):
        theirs, peer = bench.timed(lambda: villages.dissolve(code), 1 if quick else 5)  # noqa: B023
        ours, found = bench.timed(lambda: parents(villages, level), 1 if quick else 5)  # type: ignore[arg-type] # noqa: B023
        one, other = found.geometry.to_numpy(), peer.geometry.to_numpy()
        same = sum(
            set(map(tuple, shapely.get_coordinates(a))) == set(map(tuple, shapely.get_coordinates(b)))
            for a, b in zip(one, other, strict=True)
        )
        apart = shapely.area(shapely.symmetric_difference(one, other)).max()
        ratio = statistics.median(theirs.seconds) / statistics.median(ours.seconds)
        rows.append(
            (
                f"{len(one)} of {level}", theirs, ours, f"{ratio:.1f} ×",
                f"{int(shapely.equals(one, other).sum())} equal, {same} of the same vertices, {apart:g} apart",
            )
        )  # fmt: skip
    bench.table(
        "Parents from 7,701 villages",
        "parents | `geopandas.dissolve` | `parents` | faster | agreement",
        rows,
        "`parents` checks that what came out is valid and has the area of its villages, so that edges match.",
    )


# ------------------------------------------------------------------ one side, in its own process

WAYS: dict[str, tuple[Callable[[Path], Callable[[], Any]], str]] = {
    "union then clip": (_union_then_clip, "`shapely.disjoint_subset_union_all`, then clip by village"),
    "by village": (_by_village, "`shapely.union_all` of the buffers near each village, clipped"),
    "overlay": (_overlay, "`geopandas.overlay` with the dissolved buffers"),
    "reference": (_reference, "`shapely.union_all` by village, polygons of 256 sides"),
    "ground": (_ground, "`covered_area`"),
    "ground, ready": (_ground_ready, "`covered_area`, villages ready"),
    "lattice, ready": (_lattice, "`paint` and `shares`, lattice ready"),
    "exactextract, features": (_exactextract("feature-sequential"), "`exactextract`, feature by feature"),
    "exactextract, raster": (_exactextract("raster-sequential"), "`exactextract`, along the raster"),
    "rasterstats": (_rasterstats, "`rasterstats.zonal_stats`"),
    "zonal": (_zonal("flag.tif", (1.0,), False), "`Zones.over` and `zone_shares`, flags"),
    "zonal, ready": (_zonal("flag.tif", (1.0,), True), "`zone_shares`, zones ready, flags"),
    "zonal, levels": (_zonal("level.tif", (-100.0,), True), "`zone_shares`, zones ready, levels"),
    "zonal, three levels": (
        _zonal("level.tif", (-100.0, -95.0, -90.0), True), "`zone_shares`, zones ready, levels, 3 thresholds",
    ),
}  # fmt: skip


def measure(way: str, folder: Path, runs: int) -> None:
    """Run one way, print its seconds and the peak of the memory as JSON, and leave its shares."""
    work = WAYS[way][0](folder)
    seconds: list[float] = []
    shares: Any = None
    spent = time.process_time()
    for _ in range(runs):
        begin = time.perf_counter()
        shares = work()
        seconds.append(time.perf_counter() - begin)
    spent = (time.process_time() - spent) / runs
    np.save(folder / f"{way}.npy", shares)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "processor_s": spent, "peak_mb": peak_mb}))


def _side(way: str, folder: Path, runs: int) -> Side | None:
    """What one way took; None where it did not end in `LIMIT_S` (its start and what it reads not counted)."""
    command = [sys.executable, __file__, "--measure", way, "--folder", str(folder), "--runs", "1"]
    try:
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S + START_S
        )
        found: Side = json.loads(done.stdout.splitlines()[-1])
        if runs > 1 and found["seconds"][0] < LIMIT_S / 10:
            command[-1] = str(runs)
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return None
    return found


START_S = 15.0  # imports, the villages, compiled code


def _first(folder: Path, ways: tuple[str, ...]) -> str | None:
    """The first of the ways that ended."""
    return next((way for way in ways if (folder / f"{way}.npy").exists()), None)


def _time(side: Side | None) -> str:
    return f"stopped after {LIMIT_S:g} s" if side is None else str(bench.Times(side["seconds"]))


def _spent(side: Side | None) -> str:
    return "" if side is None else f"{side['processor_s']:.1f} s"


def _peak(side: Side | None) -> str:
    return "" if side is None else f"{side['peak_mb']:,.0f} MB"


def _ratio(base: Side | None, side: Side | None, itself: bool) -> str:
    if itself or side is None:
        return ""
    middle = statistics.median(side["seconds"])
    if base is None:
        return f"more than {LIMIT_S / middle:.1f} ×"
    return f"{statistics.median(base['seconds']) / middle:.1f} ×"


def _differ(folder: Path, way: str, exact: str | None, *, share: bool = False) -> str:
    if exact is None or way == exact or not (folder / f"{way}.npy").exists():
        return ""
    off = np.abs(np.load(folder / f"{way}.npy") - np.load(folder / f"{exact}.npy"))
    if share:
        return f"{np.nanmax(off):.1e}"
    return f"{100 * np.nanmax(off):.3f} %, {100 * np.nanquantile(off, 0.99):.3f} %"


SUBJECTS: dict[str, Callable[[bool], None]] = {
    "buffers": bench_buffers,
    "rasters": bench_rasters,
    "parents": bench_parents,
}


def main() -> None:
    """Print the tables of the subjects that were asked for."""
    parser = argparse.ArgumentParser(description="Counting coverage beside other tools, as Markdown.")
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="a subject; may be given again")
    parser.add_argument("--quick", action="store_true", help="one run of each, without the largest inputs")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure, given.folder, given.runs)
        return
    bench.machine(given.quick)
    names = ("numba", "rasterio", "exactextract", "rasterstats")
    print("- " + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names))
    for name, subject in SUBJECTS.items():
        if not given.only or name in given.only:
            subject(given.quick)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
