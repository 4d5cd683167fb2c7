"""
Four runs on real data, and docs/real-runs.md made of them: ``python scripts/real_runs.py --only a,b,c,d``.

a: indigenous communities and free outdoor Wi-Fi; b: village people of one date on the boundaries of another; c: places,
trails and debris-flow zones, and d: people, in the footprint of a **synthetic** 4G and 5G network. Each is a study that
is written into ``--out`` and run as ``notspot run`` would. The data lies in ``NOTSPOT_SHARED`` or ``../shared``; a run
whose data is absent is left out, and said. ``--write`` puts the figures into the page and draws its pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import notspot
import real_communities
import real_people
import real_studies as studies
from real_text import rewrite

if TYPE_CHECKING:
    from notspot_coverage.results import Results
    from real_coverage import Cost
    from real_network import Network

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "real-runs.md"
SHARED = Path(os.environ.get("NOTSPOT_SHARED", ROOT.parent / "shared"))

_NETWORK = (
    "base_stations/ncc_bs_by_county_operator_Syuanyu0422.csv", "terrain/taiwan_interpolated_100m.tif",
    studies.PEOPLE, studies.HOTSPOTS, *(path for path, *_ in studies.PLACES.values()),
)  # fmt: skip
NEEDS: Mapping[str, tuple[str, ...]] = {
    "a": (studies.COMMUNITIES, studies.COMMUNITY_HOTSPOTS, studies.HOTSPOTS),
    "b": (studies.PEOPLE, studies.HOTSPOTS),
    "c": (*_NETWORK, studies.TRAILS, studies.ZONES),
    "d": _NETWORK,
}


@dataclass(slots=True)
class Work:
    """What the runs share: the folders, and the network once it is predicted."""

    data: Path
    out: Path
    folder: Path  # of the network
    threads: int
    pictures: Path | None
    _network: tuple[Network, Mapping[str, Mapping[str, Path]]] | None = field(default=None)

    def network(self) -> tuple[Network, Mapping[str, Mapping[str, Path]]]:
        """The synthetic network and the rasters of its levels."""
        from real_network import predicted, synthesise

        if self._network is None:
            print("  predicting the network; a stopped prediction goes on where it was", flush=True)
            self._network = synthesise(self.data), predicted(self.data, self.folder, threads=self.threads)
        return self._network


def main() -> None:
    """Do the runs that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="a,b,c,d", help="which runs, with commas between")
    parser.add_argument("--data", type=Path, default=SHARED / "data", help="folder of the real data")
    parser.add_argument("--out", type=Path, default=Path("real-runs"), help="folder for studies and results")
    parser.add_argument("--network", type=Path, help="folder of the predicted network; default OUT/network")
    parser.add_argument("--threads", type=int, default=0, help="of the prediction; default one a processor")
    parser.add_argument("--write", action="store_true", help="rewrite docs/real-runs.md and its pictures")
    parser.add_argument("--count", nargs=2, metavar=("STUDY", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.count:
        _count(Path(given.count[0]), Path(given.count[1]))
        return
    wanted = [name.strip() for name in given.only.split(",")]
    unknown = sorted(set(wanted) - set(NEEDS))
    if unknown:
        parser.error(f"there is no run {', '.join(unknown)}; there are {', '.join(NEEDS)}")
    work = Work(
        given.data, given.out, given.network or given.out / "network", given.threads,
        PAGE.parent if given.write else given.out,
    )  # fmt: skip
    work.out.mkdir(parents=True, exist_ok=True)
    parts: dict[str, str] = {}
    for name in sorted(set(wanted)):
        absent = [path for path in NEEDS[name] if not (work.data / path).exists()]
        if absent:
            print(f"run {name} is left out: {', '.join(absent)} is not in {work.data}")
            continue
        print(f"run {name}", flush=True)
        made = RUNS[name](work)
        parts |= made
        for key, text in made.items():
            (work.out / f"{key}.md").write_text(text + "\n", encoding="utf-8", newline="\n")
    if given.write:
        rewrite(PAGE, parts)
        print(f"wrote {', '.join(parts)} into {PAGE.relative_to(ROOT)}")


# ------------------------------------------------------------------ the runs


def run_a(work: Work) -> dict[str, str]:
    """Communities and hotspots."""
    results, _ = counted(studies.communities(work.data, work.out), work.out)
    found = real_communities.distances(work.data)
    if work.pictures is not None:
        from real_pictures import communities

        official = results.definitions["communities_wifi"]
        share = 100 * (official.official_numerator or 0) / (official.official_denominator or 1)
        rows = real_communities.nation(results)
        communities(work.pictures / "real-run-a.png", results.townships, found, rows, share)
    return {"a": real_communities.part(results, found)}


def run_b(work: Work) -> dict[str, str]:
    """Village people on other boundaries."""
    results, _ = counted(studies.people(work.data, work.out), work.out)
    return {"b": real_people.part(results, real_people.listed(work.data))}


def run_c(work: Work) -> dict[str, str]:
    """Places, trails and zones in the network."""
    import real_coverage

    _, rasters = work.network()
    results, _ = counted(studies.places(work.data, work.out, rasters, work.folder / "sites_4g.csv"), work.out)
    if work.pictures is not None:
        from real_pictures import trails

        trails(work.pictures / "real-run-c.png", work.data, results, rasters)
    return {"c": real_coverage.places_part(results)}


def run_d(work: Work) -> dict[str, str]:
    """People in the network."""
    import real_coverage

    network, rasters = work.network()
    results, cost = counted(studies.model(work.data, work.out, rasters), work.out)
    if work.pictures is not None:
        from real_pictures import villages

        villages(work.pictures / "real-run-d.png", results)
    return {
        "network": real_coverage.network_part(network, work.folder),
        "d": real_coverage.people_part(results, cost),
    }


RUNS: Mapping[str, Callable[[Work], dict[str, str]]] = {"a": run_a, "b": run_b, "c": run_c, "d": run_d}


# ------------------------------------------------------------------ counting, measured


def counted(study: Path, out: Path) -> tuple[Results, Cost]:
    """What a study gives, from a process of its own, and what that took."""
    from real_coverage import Cost

    file = out / f"{study.stem}.pickle"
    start, load = time.perf_counter(), os.getloadavg()[0]
    command = [sys.executable, __file__, "--count", str(study), str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    said = json.loads(done.stdout.splitlines()[-1])
    with file.open("rb") as opened:
        results: Results = pickle.load(opened)  # noqa: S301 - our own, a moment ago
    print(
        f"  {study.name}: {wall:.0f} s, {said['cpu_s']:.0f} s of processors, {said['peak_gb']:.2f} GB",
        flush=True,
    )
    return results, Cost(wall, said["cpu_s"], said["peak_gb"], max(load, os.getloadavg()[0]))


def _count(study: Path, file: Path) -> None:
    """Run a study; say on stderr when each part of it began, and on stdout what all of it took."""
    start = time.perf_counter()

    def step(name: str) -> None:
        print(
            f"    {time.perf_counter() - start:6.1f} s, {time.process_time():6.1f} s  {name}", file=sys.stderr
        )

    results = notspot.run(notspot.Study.read(study), allow_rejects=True, step=step)
    used = resource.getrusage(resource.RUSAGE_SELF)
    step("done")
    with file.open("wb") as opened:
        pickle.dump(results, opened)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "peak_gb": used.ru_maxrss / 1e6}))


if __name__ == "__main__":
    main()
