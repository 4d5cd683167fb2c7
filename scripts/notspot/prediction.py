"""
A network from a list of sites to rasters: planned in batches, resumed where it stopped, the same bytes each time.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from notspot.run_state import RunState
from notspot.workers import AHEAD, by_cluster, by_threads
from notspot_coverage.network.antennas import antennas_of, load_patterns
from notspot_coverage.network.batch import Batch, Sectors, Settings, box_of
from notspot_coverage.network.link import check_model, complete
from notspot_coverage.network.mosaic import LEVEL, RSRP, layers_of, mosaic
from notspot_coverage.network.plan import INTERPRETER_BYTES, plan_batches
from notspot_coverage.propagation.radials import height_at
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.sites import read_sites
from notspot_geodata.terrain import Clutter, Terrain, open_clutter, open_terrain

VERSION = 1  # of the method: raised when the same inputs come to give other numbers
STRIP_SHARE = 0.4  # of the memory, for the strips of the mosaic


@dataclass(slots=True)
class Prediction:
    """
    What a run gave.

    `files` are the rasters; `notes` what was concluded or assumed, a sentence each; `resumed` the batches
    that an earlier, stopped run had done; `complete_before` whether all of it was there already.
    """

    folder: Path
    run_id: str
    files: list[Path]
    sites: int
    batches: int
    resumed: int
    complete_before: bool
    notes: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(frozen=True, slots=True)
class Workers:
    """How the work is done; it changes no number. `threads` 0 is one for each processor."""

    threads: int = 0
    workers: int = 0
    scheduler: str = ""
    memory_gb: float = 2.0

    @property
    def at_once(self) -> int:
        """Batches in the memory of this process at once."""
        return max(self.threads or os.cpu_count() or 1, 1)


Bar = Callable[[int, int], AbstractContextManager[Callable[[int], None]]]


def predict(
    sites: str | Path,
    dem: str | Path,
    out: str | Path,
    *,
    settings: Settings | None = None,
    clutter: str | Path | None = None,
    clutter_heights: dict[int, float] | None = None,
    sites_crs: str | None = None,
    crs: str = "EPSG:3826",
    dem_crs: str | None = None,
    dem_unit: str | None = None,
    dem_resolution_m: float | None = None,
    sea: str = "auto",
    threshold_dbm: float | None = None,
    allow_rejects: bool = False,
    restart: bool = False,
    workers: Workers | None = None,
    bar: Bar | None = None,
) -> Prediction:
    """
    Predict where the sites of a list are heard, and write the layers as Cloud-Optimized GeoTIFF.

    Parameters
    ----------
    sites, sites_crs
        As for `read_sites`; missing figures are filled by technology (`link.complete`).
    dem, dem_crs, dem_unit, dem_resolution_m, sea
        As for `open_terrain`.
    out
        Folder. A run that was stopped there goes on if everything is the same, and gives the same bytes.
    settings
        The model, radius and cells; `rim_m` NaN is one terrain cell.
    crs
        Of the rasters: projected, in metres.
    threshold_dbm
        In place of those of the technologies.
    bar
        Makes a progress bar from the number of sites and of those that are done.

    Raises
    ------
    InputError, UsageError, NotFoundError
        Inputs that cannot be used; everything wrong with a file comes in one error.
    """
    wanted = settings or Settings()
    how = workers or Workers()
    _check(wanted, how)
    ledger = Ledger()
    frame, sectors, patterns, groups, notes = _network(
        Path(sites), wanted, sites_crs, crs, threshold_dbm, ledger, allow_rejects
    )
    terrain = open_terrain(
        dem,
        to_crs=crs,
        resolution_m=dem_resolution_m,
        crs=dem_crs,
        unit=dem_unit,
        sea=sea,  # type: ignore[arg-type]
    )
    notes += terrain.notes
    if math.isnan(wanted.rim_m):
        wanted = replace(wanted, rim_m=terrain.resolution_m)
    cover = None
    if clutter is not None:
        cover = open_clutter(clutter, to_crs=crs, resolution_m=terrain.resolution_m, heights=clutter_heights)
    keep = _on_terrain(frame, sectors, terrain, Path(sites), ledger, allow_rejects)
    frame, sectors = frame.iloc[keep].reset_index(drop=True), sectors.take(keep)

    identity = _identity(frame, sectors, patterns, wanted, terrain, cover, crs, groups)
    target = Path(out)
    state = RunState.open(target, identity, restart=restart)
    result = Prediction(target, state.run_id, [], len(frame), 0, 0, False, notes, ledger)
    if state.complete:
        result.files, result.complete_before = state.files, True
        return result
    batches = plan_batches(
        sectors,
        wanted,
        dem_m=terrain.resolution_m,
        memory_bytes=int(how.memory_gb * 1e9),
        at_once=how.at_once if not (how.workers or how.scheduler) else max(how.workers, 2) * AHEAD,
    )
    batches = state.plan(batches)
    missing = [i for i in range(len(batches)) if not state.part(i).exists()]
    result.batches, result.resumed = len(batches), len(batches) - len(missing)
    done_sites = len(frame) - sum(len(batches[i]) for i in missing)
    with (bar or _no_bar)(len(frame), done_sites) as advance:
        tasks = _tasks(missing, batches, sectors, patterns, wanted, terrain, cover)
        for number, found in _run(tasks, how, state.run_id):
            state.keep(number, found)
            advance(len(batches[number]))
    layers = layers_of(groups, wanted.model, _levels(frame))
    memory = int(max(how.memory_gb * 1e9 - INTERPRETER_BYTES, 5e7) * STRIP_SHARE)
    shutil.rmtree(state.work / "layers", ignore_errors=True)
    (state.work / "layers").mkdir()
    made = mosaic(
        [state.part(i) for i in range(len(batches))], groups, layers, state.work / "layers",
        cell_m=wanted.cell_m, crs=crs, memory_bytes=memory,
    )  # fmt: skip
    made.append(_site_table(frame, state.work / "layers" / "sites.csv"))
    if len(ledger):
        rejects = state.work / "layers" / "rejects.csv"
        ledger.to_frame().to_csv(rejects, index=False)
        made.append(rejects)
    result.files = state.finish(made, {name: [asdict(x) for x in m] for name, m in layers.items()}, notes)
    return result


def _check(s: Settings, how: Workers) -> None:
    faults = []
    if not (math.isfinite(s.radius_m) and 100 <= s.radius_m <= 100_000):
        faults.append(f"the radius is {s.radius_m / 1000:g} km; 0.1 to 100 km are possible")
    if not (math.isfinite(s.cell_m) and 1 <= s.cell_m <= 10_000):
        faults.append(f"the resolution is {s.cell_m:g} m; 1 to 10,000 m are possible")
    elif s.cell_m > s.radius_m:
        faults.append(f"cells of {s.cell_m:g} m are wider than the radius of {s.radius_m:g} m")
    if not 1 <= s.rx_height_m <= 3000:
        faults.append(f"the receiver's height is {s.rx_height_m:g} m; 1 to 3,000 m are possible")
    if not 1 <= s.p_percent <= 50:
        faults.append(f"the time is {s.p_percent:g} %; the model knows 1 to 50 %")
    if not how.memory_gb >= 0.6:
        faults.append(f"{how.memory_gb:g} GB of memory are too few; 0.6 is the least")
    if faults:
        raise UsageError("; ".join(faults))


def _network(
    file: Path,
    s: Settings,
    sites_crs: str | None,
    crs: str,
    threshold: float | None,
    ledger: Ledger,
    lax: bool,
) -> tuple[pd.DataFrame, Sectors, Any, list[tuple[str, str]], list[str]]:
    """Completed sites, the same as arrays, their antennas, the groups of layers, and what was concluded."""
    read = read_sites(file, crs=sites_crs, to_crs=crs, ledger=ledger, allow_rejects=lax)
    notes = list(read.attrs["reading"].notes)
    known = load_patterns(read, file.parent, file=file.name)
    frame, said = complete(
        read, model=s.model, patterns=known, ledger=ledger, allow_rejects=lax, file=file.name
    )
    frame = check_model(frame, s.model, ledger=ledger, allow_rejects=lax)
    if frame.empty:
        raise InputError(file, [Problem(None, "", "no site is left to predict")])
    antennas = antennas_of(frame, known, file=file.name)
    notes += [*said, *antennas.notes]
    if threshold is not None:
        frame["threshold_dbm"] = float(threshold)
    bare = frame["threshold_dbm"].isna()
    if s.model == "p1812" and bare.any():
        unknown = ", ".join(sorted(set(frame.loc[bare, "technology"].astype(str))))
        raise UsageError(
            f"no threshold is known for {unknown or 'sites without a technology'}: give --threshold-dbm"
        )
    pairs = list(zip(frame["technology"].astype(str), frame["operator"].astype(str), strict=True))
    groups = sorted(set(pairs))
    number = {pair: i for i, pair in enumerate(groups)}
    height = frame["height_m"].fillna(1.0).to_numpy(np.float64)
    sectors = Sectors(
        np.arange(len(frame), dtype=np.int32),
        np.array([number[p] for p in pairs], np.int32),
        frame["x_m"].to_numpy(np.float64),
        frame["y_m"].to_numpy(np.float64),
        frame["lat"].to_numpy(np.float64),
        height,
        frame["frequency_mhz"].fillna(1000.0).to_numpy(np.float64),
        (frame["polarisation"] != 1).to_numpy(np.bool_),
        frame["eirp_re_dbm"].to_numpy(np.float64),
        frame["threshold_dbm"].to_numpy(np.float64),
        antennas.index,
        antennas.azimuth_deg,
        antennas.tilt_deg,
    )
    return frame, sectors, antennas.packed, groups, notes


def _on_terrain(
    frame: pd.DataFrame, sectors: Sectors, terrain: Terrain, file: Path, ledger: Ledger, lax: bool
) -> np.ndarray:
    """Rows of the sites that stand on known ground; the others are problems of the file."""
    west, south, east, north = terrain.bounds
    size = terrain.resolution_m
    problems: list[Problem] = []
    keep = []
    for i in np.lexsort((sectors.x_m, np.floor(sectors.y_m / 10_000))):
        x, y = float(sectors.x_m[i]), float(sectors.y_m[i])
        row = int(frame["row"].iloc[i])
        if not (west <= x <= east and south <= y <= north):
            problems.append(Problem(row, "position", "lies outside the terrain model (--dem)"))
        elif math.isnan(_ground(terrain, x, y, size)):
            problems.append(Problem(row, "position", "lies where the terrain model holds no height"))
        else:
            keep.append(i)
    problems.sort(key=lambda p: p.row or 0)
    if problems and not lax:
        usable = f"{len(keep):,} of {len(frame):,} sites usable"
        hint = "Take a terrain model that covers them, or pass --allow-rejects (they stay in rejects.csv)."
        raise InputError(file, problems, summary=usable, hint=hint)
    ledger.refuse(file, problems)
    if not keep:
        raise InputError(file, problems or [Problem(None, "", "no site lies on the terrain")])
    return np.sort(np.array(keep, np.int64))


def _ground(terrain: Terrain, x: float, y: float, size: float) -> float:
    w = terrain.window(x - size, y - size, x + size, y + size)
    return float(height_at(w.heights_m, w.west_m, w.north_m, w.resolution_m, x, y))


def _tasks(
    numbers: Sequence[int],
    batches: Sequence[np.ndarray],
    sectors: Sectors,
    patterns: Any,
    s: Settings,
    terrain: Terrain,
    cover: Clutter | None,
) -> Iterator[tuple[int, Callable[[], Batch]]]:
    for number in numbers:

        def make(rows: np.ndarray = batches[number]) -> Batch:
            mine = sectors.take(rows)
            box = box_of(mine, s)
            window = terrain.window(
                (box[1] - 1) * s.cell_m, -(box[0] + box[2] + 1) * s.cell_m,
                (box[1] + box[3] + 1) * s.cell_m, -(box[0] - 1) * s.cell_m,
            )  # fmt: skip
            heights = np.empty((0, 0), np.float32) if cover is None else cover.window(like=window)
            return Batch(s, mine, patterns, window, heights, box)

        yield number, make


def _run(
    tasks: Iterator[tuple[int, Callable[[], Batch]]], how: Workers, run_id: str
) -> Iterator[tuple[int, bytes]]:
    if how.workers or how.scheduler:
        return by_cluster(tasks, workers=how.workers, scheduler=how.scheduler, run=run_id)
    return by_threads(tasks, how.at_once)


def _levels(frame: pd.DataFrame) -> dict[str, str]:
    kinds = zip(frame["technology"].astype(str), frame["reference"].astype(str), strict=True)
    return {t: RSRP if r == "resource element" else LEVEL for t, r in kinds}


def _site_table(frame: pd.DataFrame, path: Path) -> Path:
    """Number → site, without positions: those of base stations are sensitive."""
    columns = ["site_id", "operator", "technology", "frequency_mhz", "threshold_dbm", "default_filled", "row"]
    frame[columns].to_csv(path, index_label="number", lineterminator="\n")
    return path


def _identity(
    frame: pd.DataFrame,
    sectors: Sectors,
    patterns: Any,
    s: Settings,
    terrain: Terrain,
    cover: Clutter | None,
    crs: str,
    groups: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Everything that the results depend on; a difference in it is another run."""
    from notspot import __version__

    network = hashlib.sha256()
    for array in (*(getattr(sectors, name) for name in Sectors.__slots__), *patterns):
        network.update(np.ascontiguousarray(array).tobytes())
    network.update("\n".join(frame["site_id"].astype(str)).encode())
    plain = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(s).items()}
    return {
        "notspot": __version__,
        "method": VERSION,
        "settings": plain,
        "crs": crs,
        "sites": network.hexdigest(),
        "groups": [list(g) for g in groups],
        "terrain": terrain.digest(),
        "terrain_resolution_m": terrain.resolution_m,
        "clutter": None if cover is None else cover.digest(),
    }


def _no_bar(total: int, done: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _: None)
