"""
How fast and how exact the radial sweep of ITU-R P.1812 is, beside the direct method, as Markdown.

Everything runs on one core, in one process, on terrain that is made here from fixed seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bench
from notspot_coverage.propagation import direct, radials, sweep
from notspot_coverage.propagation.terms import compiled

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

TX_M, RX_M = 30.0, 1.5  # antennas above ground
LATITUDE, DELTA_N, N0 = 23.8, 45.0, 325.0
BANDS_GHZ = (0.7, 2.1, 3.5)
ROUGH, SMOOTHER = 2.2 / 2 + 0.5, 2.0  # how fast the amplitude of fractal terrain falls with frequency
LIMIT_DB = 140.0  # a loss at which coverage might end: how many cells change sides
REAL = {
    "valley slope near Lishan": (275_500.0, 2_684_500.0),
    "upper Lanyang plain": (309_000.0, 2_728_000.0),
    "coast at Hualien": (311_000.0, 2_652_000.0),
    "hills of Miaoli": (232_000.0, 2_715_000.0),
}  # EPSG:3826, spread over the kinds of ground of the main island

Float32s = NDArray[np.float32]
Floats = NDArray[np.float64]


# ------------------------------------------------------------------ terrain


@dataclasses.dataclass(frozen=True)
class World:
    """
    Terrain around a station: heights and clutter in m, zones; shape (rows, columns), row 0 in the north.

    An empty `clutter` is none, an empty `zones` is inland everywhere. `x`, `y` is the station.
    """

    heights: Float32s
    dem_m: float
    clutter: Float32s
    zones: NDArray[np.uint8]
    west: float = 0.0
    north: float = 0.0
    x: float = 0.0
    y: float = 0.0


def fractal(side: int, seed: int, fall: float = ROUGH) -> Float32s:
    """Mountains of 0 to 2,000 m: noise whose amplitude falls as 1 / f^`fall`; shape (side, side)."""
    noise = np.fft.rfft2(np.random.default_rng(seed).normal(size=(side, side)))
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    f[0, 0] = np.inf
    h = np.fft.irfft2(noise / f**fall, s=(side, side))
    return np.asarray(2000.0 * (h - h.min()) / (h.max() - h.min()), np.float32)


def world(kind: str, radius_m: float, dem_m: float, seed: int = 7) -> World:
    """A made-up square around a station in its middle, wide enough for the radius."""
    side = 2 * (math.ceil(radius_m / dem_m) + 4)
    rng = np.random.default_rng(seed)
    shape = (side, side)
    no_clutter, inland = np.empty((0, 0), np.float32), np.empty((0, 0), np.uint8)
    place = {"west": 0.0, "north": side * dem_m, "x": side * dem_m / 2, "y": side * dem_m / 2}
    if kind == "mountain":
        return World(fractal(side, seed), dem_m, no_clutter, inland, **place)
    if kind == "mountain, clutter":
        cover = np.where(rng.random(shape) < 0.4, np.float32(15), np.float32(0))
        return World(fractal(side, seed), dem_m, cover, inland, **place)
    if kind == "plain, clutter":
        cover = np.where(rng.random(shape) < 0.4, np.float32(15), np.float32(0))
        h = np.asarray(10 + rng.uniform(-1, 1, shape), np.float32)
        return World(h, dem_m, cover, inland, **place)
    if kind == "plain":
        h = np.asarray(10 + rng.uniform(-1, 1, shape), np.float32)
        return World(h, dem_m, no_clutter, inland, **place)
    if kind == "sea":
        return World(
            np.zeros(shape, np.float32), dem_m, no_clutter, np.full(shape, direct.SEA, np.uint8), **place
        )
    return World(np.full(shape, 10, np.float32), dem_m, no_clutter, inland, **place)  # perfectly flat


# ------------------------------------------------------------------ the two ways


def swept(w: World, radius_m: float, cell_m: float, rim_m: float, p: float, bands_ghz: Any) -> Floats:
    """Loss of all cells around the station in dB by the sweep, shape (bands, rows, columns)."""
    f = np.asarray(bands_ghz, np.float64)
    bands = sweep.bands_of(f, np.ones(len(f), np.bool_), p_percent=p, delta_n=DELTA_N, n0=N0)
    reach, side = math.ceil(radius_m / cell_m) * cell_m, 2 * math.ceil(radius_m / cell_m)
    loss, floor = np.empty((len(f), side, side)), np.empty((len(f), side, side))
    radials.station(
        radials.P1812, w.heights, w.clutter, w.zones, w.west, w.north, w.dem_m, w.x, w.y, TX_M, RX_M, radius_m,
        radials.radials_for(radius_m, rim_m), w.x - reach, w.y + reach, cell_m, p, LATITUDE, DELTA_N, bands,
        loss, floor, np.empty((side, side)),
    )  # fmt: skip
    return np.maximum(loss, floor, out=loss)


def sample(radius_m: float, cell_m: float, count: int, seed: int = 3) -> NDArray[np.int64]:
    """Rows and columns of random cells within the radius, shape (count, 2), and not nearer than 250 m."""
    half = math.ceil(radius_m / cell_m)
    cells = np.random.default_rng(seed).integers(0, 2 * half, (4 * count, 2))
    away = np.hypot(*((cells + 0.5 - half) * cell_m).T)
    return cells[(away <= radius_m) & (away >= 1000.0 * sweep.NEAREST_KM)][:count]


def directly(
    w: World, radius_m: float, cell_m: float, cells: NDArray[np.int64], step_m: float, p: float, f: float
) -> Floats:
    """Loss in dB of some cells, each from its own straight profile to the cell's true centre."""
    reach = math.ceil(radius_m / cell_m) * cell_m
    out = np.empty(len(cells))
    _directly(
        w.heights, w.clutter, w.zones, w.west, w.north, w.dem_m, w.x, w.y,
        w.x - reach + (cells[:, 1] + 0.5) * cell_m, w.y + reach - (cells[:, 0] + 0.5) * cell_m,
        step_m, p, f, out,
    )  # fmt: skip
    return out


@compiled
def _directly(
    heights: Any, clutter: Any, zones: Any, west: float, north: float, dem_m: float, x: float, y: float,
    to_x: Any, to_y: Any, step_m: float, p: float, f: float, out: Any,
) -> None:  # fmt: skip
    room = int(max(heights.shape) * dem_m / step_m) + 3
    d, h, cover = np.empty(room), np.empty(room), np.zeros(room)
    zone = np.full(room, direct.INLAND, np.uint8)
    quantities = np.empty(len(direct.SYMBOLS))
    for i in range(len(out)):
        dx, dy = to_x[i] - x, to_y[i] - y
        total = math.sqrt(dx * dx + dy * dy)
        n = math.ceil(total / step_m - 1e-9)
        for k in range(n + 1):
            s = min(k * step_m, total)
            px, py = x + dx * s / total, y + dy * s / total
            d[k] = s / 1000.0
            h[k] = radials.height_at(heights, west, north, dem_m, px, py)
            if clutter.size:
                cover[k] = clutter[int((north - py) / dem_m), int((px - west) / dem_m)]
            if zones.size:
                zone[k] = zones[int((north - py) / dem_m), int((px - west) / dem_m)]
        dct, dcr = direct.coast_distances(d[: n + 1], zone[: n + 1])
        out[i] = direct.path_loss_db(
            d[: n + 1], h[: n + 1], cover[: n + 1], zone[: n + 1], TX_M, RX_M, f, True, p, 0.0, LATITUDE,
            DELTA_N, N0, dct, dcr, False, quantities,
        )  # fmt: skip


def cells_within(loss: Floats) -> int:
    """How many cells were predicted."""
    return int(np.isfinite(loss[0]).sum())


def measured(work: Callable[[], Any], quick: bool) -> tuple[list[float], Any]:
    """Seconds of several runs in their order from quick to slow, after one that is not counted; the result."""
    work()
    times, result = bench.timed(work, 1 if quick else 5)
    return sorted(times.seconds), result


def middle(seconds: list[float]) -> float:
    """The median run."""
    return seconds[len(seconds) // 2]


def _micro(seconds: list[float], count: int) -> str:
    low, mid, high = (1e6 * s / count for s in (seconds[0], middle(seconds), seconds[-1]))
    return f"{mid:.2f} ({low:.2f}–{high:.2f})" if len(seconds) > 1 else f"{mid:.2f}"


# ------------------------------------------------------------------ subjects


def bench_compile(quick: bool) -> None:
    """The first call of a process, with nothing kept on disk and with it."""
    code = (
        "import time; a = time.perf_counter()\n"
        "import bench_propagation as b; c = time.perf_counter()\n"
        "w = b.world('mountain', 2000, 100); d = time.perf_counter()\n"
        "b.swept(w, 2000, 100, 100, 50, [0.7]); e = time.perf_counter()\n"
        "b.swept(w, 2000, 100, 100, 50, [0.7]); g = time.perf_counter()\n"
        "print(c - a, e - d, g - e)"
    )
    rows = []
    with TemporaryDirectory() as folder:
        for label in ("nothing compiled yet", "compiled code on disk"):
            ran = subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
                cwd=ROOT / "scripts",
                capture_output=True,
                text=True,
                check=True,
            )
            loaded, first, second = (float(each) for each in ran.stdout.split())
            rows.append((label, f"{loaded:.1f} s", f"{first:.2f} s", f"{1000 * second:.1f} ms"))
    bench.table("Compilation", "process | imports | first station | second station", rows)


def bench_radius(quick: bool) -> None:
    """Sweep beside direct by radius and cell size, on mountains."""
    rows = []
    for dem_m, cell_m in ((100.0, 100.0), (30.0, 30.0), (30.0, 100.0)):
        for radius_m in (5_000.0, 10_000.0, 20_000.0):
            w = world("mountain", radius_m, dem_m)
            spent, loss = measured(lambda: swept(w, radius_m, cell_m, cell_m, 50.0, [3.5]), quick)  # noqa: B023
            cells = sample(radius_m, cell_m, 3000)
            alone, _ = measured(lambda: directly(w, radius_m, cell_m, cells, dem_m, 50.0, 3.5), quick)  # noqa: B023
            count = cells_within(loss)
            ratio = (middle(alone) / len(cells)) / (middle(spent) / count)
            rows.append(
                (
                    f"{radius_m / 1000:g} km", f"{cell_m:g} m", f"{dem_m:g} m", f"{count:,}",
                    f"{middle(spent):.3f} s", _micro(spent, count), _micro(alone, len(cells)),
                    f"{ratio:.0f}",
                )
            )  # fmt: skip
    bench.table(
        "Sweep and direct method on mountains (3.5 GHz, p = 50 %, one band)",
        "radius | cell | terrain | cells | a station | sweep, µs a cell | direct, µs a cell | times faster",
        rows,
    )


def bench_rim(quick: bool) -> None:
    """What closer radials cost."""
    w, rows = world("mountain", 20_000.0, 30.0), []
    for rim_m in (100.0, 50.0, 30.0, 15.0):
        spent, loss = measured(lambda: swept(w, 20_000.0, 100.0, rim_m, 50.0, [3.5]), quick)  # noqa: B023
        count = radials.radials_for(20_000.0, rim_m)
        rows.append(
            (f"{rim_m:g} m", f"{count:,}", f"{middle(spent):.3f} s", _micro(spent, cells_within(loss)))
        )
    bench.table(
        "Closer radials: mountains, 20 km, cells of 100 m, terrain of 30 m, one band, p = 50 %",
        "rim | radials | a station | µs a cell",
        rows,
    )


def bench_ground(quick: bool) -> None:
    """All kinds of ground at 20 km, p = 50 and 1, one band and three."""
    radius_m, cell_m = 20_000.0, 100.0
    kinds = ("mountain", "mountain, clutter", "perfectly flat", "plain", "plain, clutter", "sea")
    for dem_m in (100.0, 30.0):
        rows = []
        mountain: dict[tuple[float, int], float] = {}
        for kind in kinds:
            w = world(kind, radius_m, dem_m)
            cells = sample(radius_m, cell_m, 1000 if quick else 3000)
            row = [kind]
            for p in (50.0, 1.0):
                alone, _ = measured(lambda: directly(w, radius_m, cell_m, cells, dem_m, p, 3.5), quick)  # noqa: B023
                for bands in ((3.5,), BANDS_GHZ):
                    spent, loss = measured(lambda: swept(w, radius_m, cell_m, cell_m, p, bands), quick)  # noqa: B023
                    each = middle(spent) / cells_within(loss)
                    least = mountain.setdefault((p, len(bands)), each)
                    faster = middle(alone) / len(cells) * len(bands) / each
                    row.append(f"{1e6 * each:.2f} · {each / least:.2f} · {faster:.0f}")
            rows.append(row)
        bench.table(
            f"Kinds of ground: 20 km, cells of 100 m, terrain of {dem_m:g} m, one radial a rim cell",
            "ground | p = 50 %, 1 band | p = 50 %, 3 bands | p = 1 %, 1 band | p = 1 %, 3 bands",
            rows,
            "Each: µs a cell of the sweep, for all bands together · that beside mountains · how many times faster "
            "than the direct method, band after band.",
        )


def bench_agreement(quick: bool) -> None:
    """The reference cases, and the sweep beside the direct method on random paths of every regime."""
    from radial_terrain import FREQUENCIES_GHZ, KINDS
    from radial_terrain import swept as random_radial

    reference()
    rows, total = [], 0
    rng = np.random.default_rng(12)
    for kind in KINDS:
        worst, count = {}, 0
        for p in (1.0, 10.0, 50.0):
            worst[p] = 0.0
            for _ in range(15 if quick else 40):
                run = random_radial(kind, int(rng.integers(2**32)), p)
                usable = run.usable()
                for receiver in rng.choice(usable, min(12, len(usable)), replace=False):
                    for band in range(len(FREQUENCIES_GHZ)):
                        error = abs(run.loss[band, receiver] - run.direct_db(receiver, band))
                        if not error <= worst[p]:  # NaN is an error too
                            worst[p] = error
                        count += 1
        rows.append((kind, f"{count:,}", *(f"{worst[p]:.1e}" for p in (1.0, 10.0, 50.0))))
        total += count
    bench.table(
        f"Largest difference of sweep and direct method in dB, {total:,} random paths",
        "ground | paths | p = 1 % | p = 10 % | p = 50 %",
        rows,
    )


def reference() -> None:
    """Print the largest error over the reference cases, where they are there."""
    from shared_data import ROOT as SHARED

    from notspot_coverage.propagation import Path as RadioPath
    from notspot_coverage.propagation import loss
    from notspot_geodata.profiles import read_profile

    errors: list[tuple[float, float]] = []
    for file in sorted((SHARED / "data/p1812/profiles").glob("*.csv")):
        q = read_profile(file)
        for case in q.cases:
            found = loss(
                RadioPath(
                    q.distance_km, q.height_m, case.tx_height_m, case.rx_height_m, q.clutter_m, q.zone,
                    q.tx_lonlat, q.rx_lonlat, q.delta_n, q.n0,
                ),
                frequency_ghz=case.frequency_mhz / 1000, p_percent=case.p_percent,
                polarisation=case.polarisation,
            )  # fmt: skip
            errors.append(
                (abs(found["Lb"] - case.expected_loss_db), abs(found["Ep"] - case.expected_field_dbuv_m))
            )
    if not errors:
        print("\nThe reference cases are not here.")
        return
    worst = np.max(errors, axis=0)
    print(
        f"\n{len(errors)} reference cases: largest error {worst[0]:.1e} dB in loss, {worst[1]:.1e} in field"
    )


def bench_mapping(quick: bool) -> None:
    """What snapping cells onto radials costs in accuracy."""
    seeds = (1, 2) if quick else (1, 2, 3, 4, 5)
    made = [
        ("rough (1/f^1.6), stations anywhere", [_mountain(seed, ROUGH, False) for seed in seeds]),
        (
            "rough, stations on the highest point within 1 km",
            [_mountain(seed, ROUGH, True) for seed in seeds],
        ),
        ("smoother (1/f^2), stations anywhere", [_mountain(seed, SMOOTHER, False) for seed in seeds]),
    ]
    _mapping(f"fractal mountains, 30 m ({len(seeds)} stations)", made, (100, 50, 30, 15), 30, quick)
    real = [(label, [w]) for label, w in real_worlds()]
    if real:
        _mapping("test terrain, 100 m", real, (100, 50, 25), 100, quick)


def _mountain(seed: int, fall: float, on_top: bool) -> World:
    w = world("perfectly flat", 22_000.0, 30.0)
    h = fractal(len(w.heights), seed, fall)
    if not on_top:
        return dataclasses.replace(w, heights=h)
    middle_cell, reach = len(h) // 2, round(1000 / w.dem_m)
    near = h[middle_cell - reach : middle_cell + reach, middle_cell - reach : middle_cell + reach]
    row, column = np.unravel_index(int(near.argmax()), near.shape)
    x = w.x + (column - reach + 0.5) * w.dem_m
    return dataclasses.replace(w, heights=h, x=float(x), y=float(w.y - (row - reach + 0.5) * w.dem_m))


def _mapping(
    title: str, grounds: list[tuple[str, list[World]]], rims_m: tuple[int, ...], dem_m: int, quick: bool
) -> None:
    radius_m, cell_m = 20_000.0, 100.0
    cells = sample(radius_m, cell_m, 2000 if quick else 10_000)
    rows, count = [], 0
    for label, worlds in grounds:
        exact, finer = (
            np.concatenate([directly(w, radius_m, cell_m, cells, dem_m / k, 50.0, 3.5) for w in worlds])
            for k in (1, 2)
        )
        row, flips = [label], ""
        for rim in rims_m:
            found = np.concatenate(
                [
                    swept(w, radius_m, cell_m, float(rim), 50.0, [3.5])[0][cells[:, 0], cells[:, 1]]
                    for w in worlds
                ]
            )
            row.append(_errors(found, exact))
            if rim == dem_m:
                known = np.isfinite(found) & np.isfinite(exact)
                flips = f"{100 * ((found < LIMIT_DB) != (exact < LIMIT_DB))[known].mean():.2f} %"
        rows.append((*row, _errors(finer, exact), flips))
        count = len(exact)
    rims = " | ".join(f"rim {rim} m" for rim in rims_m)
    bench.table(
        f"Cells snapped onto radials beside their own exact profiles, {title}",
        f"ground | {rims} | exact, points {dem_m / 2:g} m apart | other side of {LIMIT_DB:g} dB",
        rows,
        f"20 km, cells of 100 m, 3.5 GHz, p = 50 %, {count:,} random cells a row; each: rms / 90 % / 99 % of the "
        f"absolute differences in dB. Exact: straight to the cell's centre, points {dem_m} m apart, direct method. "
        f"The last column is for a rim of {dem_m} m.",
    )


def _errors(found: Floats, exact: Floats) -> str:
    error = (found - exact)[np.isfinite(found) & np.isfinite(exact)]
    p90, p99 = np.percentile(np.abs(error), (90, 99))
    return f"{math.sqrt((error**2).mean()):.2f} / {p90:.2f} / {p99:.2f}"


def real_worlds() -> list[tuple[str, World]]:
    """The test terrain around a few places; none where it is not there."""
    from shared_data import ROOT as SHARED

    from notspot_geodata.terrain import open_terrain

    file = SHARED / "data/terrain/taiwan_interpolated_100m.tif"
    if not file.is_file():
        return []
    terrain = open_terrain(file)
    out = []
    for label, (x, y) in REAL.items():
        window = terrain.window(x - 21_000, y - 21_000, x + 21_000, y + 21_000)
        out.append(
            (
                label,
                World(
                    window.heights_m, window.resolution_m, np.empty((0, 0), np.float32), window.zones,
                    window.west_m, window.north_m, x, y,
                ),
            )
        )  # fmt: skip
    return out


SUBJECTS: dict[str, Callable[[bool], None]] = {
    "compile": bench_compile,
    "radius": bench_radius,
    "rim": bench_rim,
    "ground": bench_ground,
    "agreement": bench_agreement,
    "mapping": bench_mapping,
}


def main() -> None:
    """Print the tables of the subjects that were asked for."""
    parser = argparse.ArgumentParser(description="Speed and exactness of the radial sweep, as Markdown.")
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="a subject; may be given again")
    parser.add_argument("--quick", action="store_true", help="one run of each, and fewer random paths")
    given = parser.parse_args()
    bench.machine(given.quick)
    print(f"- numba {importlib.metadata.version('numba')}; all of it on one core")
    begin = time.perf_counter()
    for name, subject in SUBJECTS.items():
        if not given.only or name in given.only:
            subject(given.quick)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end, after {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
