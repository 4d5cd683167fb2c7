"""
What Notspot takes, beside the tools people use today: ``python scripts/bench.py`` prints Markdown tables.

Both sides of a table are measured in the same run, on the same data; a time is the median of the runs with
their range. ``--only atlas`` chooses a subject, ``--quick`` measures once. What the last run said stands
in docs/benchmarks.md. Nothing here is a test: no time is asserted anywhere.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

import bench_maps as maps

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

INDICATOR = "dl_mbps_best"
REGISTER = "data/population/village_population_2021-03.csv"
LIBRARIES = ("notspot", "pandas", "geopandas", "shapely", "folium", "esda", "pyogrio", "numpy")


# ------------------------------------------------------------------ measuring and saying


@dataclasses.dataclass(frozen=True)
class Times:
    """Seconds of several runs."""

    seconds: Sequence[float]

    def __str__(self) -> str:
        middle, low, high = statistics.median(self.seconds), min(self.seconds), max(self.seconds)
        if len(self.seconds) == 1:
            return _span(middle)
        return f"{_span(middle)} ({_span(low)}–{_span(high)})"


def timed(work: Callable[[], Any], runs: int) -> tuple[Times, Any]:
    """The times of `runs` calls, and what the last one gave. Only one result is held at a time."""
    seconds, result = [], None
    for _ in range(runs):
        result = None
        gc.collect()
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return Times(seconds), result


def table(title: str, header: str, rows: Sequence[Sequence[object]], *notes: str) -> None:
    """Print one Markdown table with its notes."""
    print(f"\n## {title}\n")
    print(f"| {header} |")
    print("|" + "---|" * (header.count("|") + 1))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    for note in notes:
        print(f"\n{note}")
    sys.stdout.flush()


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _size(count: float) -> str:
    return f"{count / 1e6:.2f} MB"


# ------------------------------------------------------------------ the machine


def machine(quick: bool) -> None:
    """Print what the figures were measured on."""
    import psutil

    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    memory = psutil.virtual_memory().total / 1e9
    print(
        f"- {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, load {load} at the start"
    )
    print(f"- Python {platform.python_version()}, {libraries}")
    print(f"- {'one run of each' if quick else 'median of several runs, their range in brackets'}")


# ------------------------------------------------------------------ the whole report


def bench_report(quick: bool) -> None:
    """`notspot report` as a person starts it: a new process, wall time and peak memory of all its processes."""
    seconds, spent, peaks = [], [], []
    for _ in range(1 if quick else 3):
        with TemporaryDirectory() as folder:
            took, cpu, peak = _process(
                [sys.executable, "-m", "notspot", "report", "--out", str(Path(folder) / "out")]
            )
        seconds.append(took)
        spent.append(cpu)
        peaks.append(peak)
    rows = [
        ("wall time", Times(seconds), "20 s"),
        ("processor time", Times(spent), ""),
        ("peak memory", f"{statistics.median(peaks):.0f} MB (most {max(peaks):.0f} MB)", "1000 MB"),
    ]
    table("`notspot report`, end to end", "what | measured | target", rows)


def _process(command: Sequence[str]) -> tuple[float, float, float]:
    """Wall and processor time in seconds, peak memory in MB (resident, summed over the process and its children)."""
    import psutil

    start, cpu, peak = time.perf_counter(), 0.0, 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            total = 0
            with suppress(psutil.NoSuchProcess):  # it ended between two questions
                used = watched.cpu_times()
                cpu = max(cpu, used.user + used.system + used.children_user + used.children_system)
                total = sum(each.memory_info().rss for each in (watched, *watched.children(recursive=True)))
            peak = max(peak, total / 1e6)
            time.sleep(0.02)
        took = time.perf_counter() - start
        assert process.stderr is not None
        if process.returncode:
            raise SystemExit(f"notspot report failed:\n{process.stderr.read()}")
    return took, cpu, peak


# ------------------------------------------------------------------ the atlas beside folium


def bench_atlas(quick: bool) -> None:
    """One indicator over the same 7,701 villages: the atlas, folium's GeoJson, folium's TopoJson."""
    import folium  # noqa: F401  loaded before the clock runs, for all alike
    import mapclassify  # noqa: F401

    from notspot import Study, run
    from notspot_maps.atlas.layer import atlas

    runs = 1 if quick else 3
    full = run(Study.shipped())
    one = dataclasses.replace(
        full,
        indicators=full.indicators[full.indicators["indicator"] == INDICATOR],
        definitions={INDICATOR: full.definitions[INDICATOR]},
        divide=(),
    )
    values = one.townships.set_index("town_code")[INDICATOR]
    villages = one.villages[["village_code", "village", "town_code", "geometry"]]
    villages = villages.assign(value=villages["town_code"].map(values)).drop(columns="town_code")
    makers = {
        "atlas, one indicator": lambda: atlas(one),
        f"atlas, all {len(full.definitions)} indicators": lambda: atlas(full),
        "folium `GeoJson`": lambda: maps.geojson(villages),
        "folium `TopoJson`": lambda: maps.topojson(villages),
    }
    rows = []
    with TemporaryDirectory() as folder, maps.browser() as browser:
        for name, make in makers.items():
            file = Path(folder) / "map.html"
            build, _ = timed(lambda make=make, file=file: make().save(file), runs)
            size, named = file.stat().st_size, maps.hosts_named(file.read_text(encoding="utf-8"))
            seen: tuple[object, ...] = ("no browser",) * 3
            if browser is not None:
                asked, drawn = maps.offline(browser, file)
                first = maps.first_choropleth(browser, file, runs)
                shown = "the map" if drawn else "nothing: needs the network"
                seen = (asked, shown, Times(first) if first else "not drawn")
            rows.append((name, _size(size), build, named, *seen))
    table(
        f"One indicator ({INDICATOR}) over {len(villages):,} villages, as a map file",
        "map | file | build | named elsewhere | asked for offline | offline it shows | first choropleth",
        rows,
        "All from the same shapes: every vertex of the boundaries, no tiles. *Build* makes the page and writes it; "
        "the study has run before. *Named elsewhere*: scripts and styles of other hosts in the file. *Asked for "
        "offline*: what headless Chromium then tries to load from them. *First choropleth*: from navigation to the "
        "first map; folium's scripts are answered from memory there (Leaflet from xstatic-leaflet, a stand-in for "
        "topojson.js, nothing for the rest), as if the network took no time. The arcs of folium's TopoJson are cut "
        "by `notspot_maps.topology`, for folium cuts none.",
    )


# ------------------------------------------------------------------ reading a table of people


def bench_table(quick: bool) -> None:
    """The village register of people as it is published, and as a spreadsheet leaves it: read_table, pandas."""
    from shared_data import ROOT

    from notspot import read_table

    runs = 1 if quick else 5
    real = ROOT / REGISTER
    with TemporaryDirectory() as name:
        folder = Path(name)
        source = real if real.is_file() else _synthetic_register(folder / "register.csv")
        rough = _as_a_spreadsheet_leaves_it(source, folder / "rough.csv")
        rows = []
        for label, file in (("as published", source), ("as a spreadsheet leaves it", rough)):
            spent, frame = timed(lambda file=file: read_table(file, allow_rejects=True), runs)
            refused = len({problem.row for problem in frame.attrs["reading"].problems})
            people = _people(frame, "village_code", "population")
            rows.append((label, "`notspot.read_table`", spent, *people, refused))
            rows.append((label, "`pandas.read_csv`", *_by_pandas(file, {}, runs)))
        told = {"encoding": "cp950", "skiprows": 1, "thousands": ","}
        rows.append((label, "`pandas.read_csv`, told how", *_by_pandas(rough, told, runs)))
    table(
        f"The village table of people ({'March 2021' if real.is_file() else 'made up, of the same size'})",
        "file | reader | time | rows | codes of 11 digits | codes with a polygon | people | rows refused",
        rows,
        "As published: UTF-8, codes written 65000010-001, which join to nothing until the sign is taken off: a line "
        "of pandas, for who knows that it is needed. As a spreadsheet leaves it: cp950, a title above the header, "
        "codes as numbers (leading zeros of Kinmen and Matsu are lost), thousands separators, a line with the total. "
        "Told to pandas are the encoding, where the header is, and the separator. 71 villages of the register of "
        "March have no polygon in the boundaries of September; a study puts them into its ledger.",
    )


def _people(frame: pd.DataFrame, code: str, people: str) -> tuple[str, ...]:
    """Rows, codes in the official form, codes that have a polygon, sum of the people: as the reader left them."""
    from notspot import villages

    codes = frame[code].astype(str)
    column = frame[people]
    numeric = pd.api.types.is_numeric_dtype(column)
    total = f"{int(column.sum()):,}" if numeric else "text, no sum"
    right = int(codes.str.fullmatch(r"\d{11}").sum())
    return f"{len(frame):,}", f"{right:,}", f"{codes.isin(villages()['village_code']).sum():,}", total


def _by_pandas(file: Path, options: dict[str, Any], runs: int) -> tuple[object, ...]:
    try:
        spent, frame = timed(lambda: pd.read_csv(file, **options), runs)
        return (spent, *_people(frame, "村里代碼", "人口"), "tells none")
    except (UnicodeDecodeError, KeyError, pd.errors.ParserError) as error:
        return (f"{type(error).__name__}", "–", "–", "–", "–", "–")


def _synthetic_register(file: Path) -> Path:
    """A register of the same size and form as the published one, from the codes that ship with Notspot."""
    from notspot_geodata import reference

    known = pd.concat([reference.villages(), reference.missing_villages()])[["village_code", "village"]]
    known = known.dropna().drop_duplicates("village_code").reset_index(drop=True)
    people = 200 + (known.index * 37) % 5000
    register = pd.DataFrame(
        {"年月": "2021-03", "村里代碼": known["village_code"].str.replace(r"(\d{8})", r"\1-", regex=True)}
    )
    register["村里"] = known["village"]
    register["戶數"], register["人口"] = people // 3, people
    register.to_csv(file, index=False, encoding="utf-8")
    return file


def _as_a_spreadsheet_leaves_it(source: Path, file: Path) -> Path:
    register = pd.read_csv(source, dtype=str)[["年月", "村里代碼", "戶數", "人口"]]
    people = register["人口"].astype(int)
    codes = register["村里代碼"].str.replace("-", "").astype("int64").astype(str)
    out = register.assign(村里代碼=codes, 人口=people.map("{:,}".format))
    lines = out.to_csv(index=False, lineterminator="\r\n")
    last = f'總計,,{register["戶數"].astype(int).sum()},"{people.sum():,}"\r\n'
    file.write_bytes(f"村里戶數及人口數,,,\r\n{lines}{last}".encode("cp950"))
    return file


# ------------------------------------------------------------------ the work itself


def bench_work(quick: bool) -> None:
    """The reference, the indicators and the divide; the reference beside the same villages in a GeoPackage."""
    import geopandas as gpd

    from notspot import Study, divide, indicators, read_geo, run, villages
    from notspot_coverage.clusters import neighbours
    from notspot_geodata import reference

    runs = 1 if quick else 3
    rows: list[tuple[object, ...]] = []

    def say(what: str, of: str, work: Callable[[], Any]) -> Any:
        spent, found = timed(work, runs)
        rows.append((what, of, spent))
        return found

    with TemporaryDirectory() as name:
        package = Path(name) / "villages.gpkg"
        villages().to_file(package, driver="GPKG", engine="pyogrio")

        def fresh() -> Any:
            reference._boundaries.cache_clear()  # as a new process finds it
            return villages()

        say("villages that ship with Notspot, first time", f"{len(villages()):,} villages", fresh)
        say("the same again (a copy)", "", villages)
        say("the same from a GeoPackage, `geopandas.read_file`", "", lambda: gpd.read_file(package))
        say("the same from a GeoPackage, `notspot.read_geo` (checked)", "", lambda: read_geo(package))
    study = Study.shipped()
    results = say("the study, without writing its files", "1 study", lambda: run(study))
    towns, measures = results.townships, [study.definitions[name] for name in study.divide]
    figures = f"{len(study.definitions)} indicators, {len(results.indicators):,} figures"
    say("of it the indicators", figures, lambda: indicators(towns, study.definitions, rule=study.rule))
    among = say("of it the neighbours", f"{len(towns)} townships", lambda: neighbours(towns))
    said = f"{len(measures)} measures: groups, Gini, Theil, concentration, local clusters"
    say("of it the divide", said, lambda: [divide(towns, measure, among=among) for measure in measures])
    table("Reference, indicators and divide, in one process", "what | of what | time", rows)


SUBJECTS: dict[str, Callable[[bool], None]] = {
    "report": bench_report,
    "atlas": bench_atlas,
    "table": bench_table,
    "work": bench_work,
}


def main() -> None:
    """Print the tables of the subjects that were asked for."""
    parser = argparse.ArgumentParser(
        description="Times and sizes of Notspot beside other tools, as Markdown."
    )
    parser.add_argument("--only", choices=SUBJECTS, action="append", help="a subject; may be given again")
    parser.add_argument("--quick", action="store_true", help="one run of each")
    given = parser.parse_args()
    machine(given.quick)
    for name, bench in SUBJECTS.items():
        if not given.only or name in given.only:
            bench(given.quick)


if __name__ == "__main__":
    main()
