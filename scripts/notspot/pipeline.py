"""
A study run from end to end: inputs read, joined, counted; what it takes to repeat it kept.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from notspot.coverage_files import Files
from notspot.coverage_run import count_coverage
from notspot.joining import Units, derived, entry, flags, need, need_numbers
from notspot.study import Study
from notspot_coverage.clusters import neighbours
from notspot_coverage.divide import divide
from notspot_coverage.groups import partition
from notspot_coverage.indicators import check_columns, indicators, needed_columns
from notspot_coverage.results import Results
from notspot_coverage.rules import RemoteFinding, remote_townships
from notspot_geodata import reference

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Step = Callable[[str], None]

LIBRARIES = ("folium", "geopandas", "numpy", "openpyxl", "pandas", "pyarrow", "pyproj", "shapely")


def run(
    study: Study,
    *,
    allow_rejects: bool = False,
    step: Step = lambda _: None,
    workers: int = 0,
    scheduler: str = "",
) -> Results:
    """
    Run a study.

    Parameters
    ----------
    study
        From `Study.shipped()` or `Study.read(path)`.
    allow_rejects
        Go on without the rows that were refused; they stay in the ledger.
    step
        Called with a few words before each part of the work.
    workers, scheduler
        Spread coverage rasters over so many Dask workers, or over those of a scheduler; the results are the same.

    Returns
    -------
    results
        Frames, the tidy table of indicators, the divide, the ledger and the record of the run. The
        same study on the same inputs gives the same results.

    Raises
    ------
    InputError
        With every problem of the input at fault; or a recipe's column is in no table.
    """
    step("boundaries")
    work = Units(study, reference.villages(), reference.townships(), reference.counties(), allow_rejects)
    for table in study.tables:
        step(f"table {table.path}")
        work.join(table)
    townships = work.townships
    for recipe in study.derives:
        townships[recipe.column] = derived(townships, recipe)
    step("remote areas")
    need(townships, ["population", "offshore", "indigenous"], "the groups")
    need_numbers(townships, ["population"], "the groups")
    townships["offshore"] = flags(townships["offshore"])
    townships["density_per_km2"] = townships["population"] / townships["area_km2"]
    counted = _village_counts(work)
    townships["villages"] = townships["town_code"].map(counted).fillna(0).astype("int64")
    townships["is_indigenous"] = townships["indigenous"].notna()
    if "communities_2022" in townships:
        townships["has_communities"] = townships["communities_2022"] > 0
    remote = remote_townships(townships, study.rule, year=study.year)
    townships["remote"] = townships["town_code"].map(remote.flags).astype(bool)
    townships["group"] = townships["town_code"].map(partition(townships))
    villages = work.villages.merge(
        townships[["town_code", "remote", "group"]], on="town_code", how="left", validate="many_to_one"
    )
    step("indicators")
    check_columns(townships, study.definitions)  # before what takes long
    for item in study.definitions.values():
        if item.recipe is not None:
            need_numbers(townships, needed_columns(item.recipe), f"the indicator {item.id}")
    coverage = None
    if study.coverage is not None:
        with _strips(workers, scheduler) as strips:
            coverage = count_coverage(study.coverage, work, townships, step=step, strips=strips)
    worked = {} if coverage is None else coverage.worked
    table_of = indicators(townships, study.definitions, rule=study.rule, worked=worked)
    townships = _with_values(townships, table_of)
    among = neighbours(townships) if study.divide else None
    found = []
    for name in study.divide:
        step(f"divide: {name}")
        found.append(divide(townships, study.definitions[name], among=among))
    _enter_overlays(study, work)
    record = _record(study, work.inputs, remote)
    return Results(
        run_id=str(record["run_id"]),
        title=study.title,
        year=study.year,
        villages=villages,
        townships=townships,
        counties=work.counties,
        indicators=table_of,
        definitions={
            name: worked[name].defined(item) if name in worked else item
            for name, item in study.definitions.items()
        },
        remote=remote,
        divide=tuple(found),
        ledger=work.ledger,
        run=record,
        account=None if coverage is None else coverage.account,
    )


def _strips(workers: int, scheduler: str) -> AbstractContextManager[Any]:
    """Who paints the strips of rasters: threads (None), or a cluster."""
    if not (workers or scheduler):
        return nullcontext()
    from notspot.workers import cluster_map

    return cluster_map(workers=workers, scheduler=scheduler)


def _village_counts(work: Units) -> pd.Series:
    """Villages of each township: those with a polygon and those that the boundaries lack."""
    import pandas as pd

    codes = [work.villages["town_code"], reference.missing_villages()["town_code"]]
    counts: pd.Series = pd.concat(codes).value_counts()
    return counts


def _with_values(townships: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """`townships` with a column an indicator that is not there yet under its id."""
    rows = table[table["level"] == "township"]
    wide = rows.pivot(index="code", columns="indicator", values="value")
    for name in (n for n in rows["indicator"].unique() if n not in townships.columns):
        townships[name] = townships["town_code"].map(wide[name])
    return townships


# ------------------------------------------------------------------ the record of the run


def _enter_overlays(study: Study, work: Units) -> None:
    """The files of the overlays, which the atlas of the run holds."""
    files = Files(study.folder, work.ledger, work.allow_rejects, work.inputs)
    for overlay in study.overlays:
        if overlay.file is not None:
            files.enter(overlay.file.path, None)


def _record(study: Study, inputs: Sequence[Mapping[str, object]], remote: RemoteFinding) -> dict[str, object]:
    """What it takes to repeat the run. No clock and no path of the machine: same run, same bytes."""
    record: dict[str, object] = {
        "notspot": importlib.metadata.version("notspot"),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "study": {"id": study.id, "toml": study.text, "sha256": _sha256(study.text.encode())},
        "boundaries": {"vintage": reference.VINTAGE, "source": study.boundaries},
        "rule": {
            "id": study.rule,
            "citation": remote.rule.citation.en,
            "published": remote.published,
            "found": remote.found,
        },
        "inputs": [*_embedded(), *inputs],
    }
    canonical = json.dumps(record, sort_keys=True, ensure_ascii=False).encode()
    return {"run_id": _sha256(canonical)[:12], **record}


def _embedded() -> list[dict[str, object]]:
    items = [
        (f"{package}/data/{item.name}", item)
        for package in ("notspot_geodata", "notspot_coverage")
        for item in sorted((files(package) / "data").iterdir(), key=lambda item: item.name)
        if item.name.endswith((".parquet", ".csv", ".toml"))
    ]
    return [entry(name, item.read_bytes(), None) for name, item in items]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
