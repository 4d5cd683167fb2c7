"""
A study run from end to end: inputs read, joined, counted; what it takes to repeat it kept.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from notspot.study import FIGURES, Derive, Study, Table
from notspot_coverage.clusters import neighbours
from notspot_coverage.divide import divide
from notspot_coverage.groups import partition
from notspot_coverage.indicators import indicators
from notspot_coverage.results import Results
from notspot_coverage.rules import RemoteFinding, remote_townships
from notspot_geodata import reference
from notspot_geodata.codes import codes_by_name
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.tables import read_table

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Step = Callable[[str], None]

LIBRARIES = ("folium", "geopandas", "numpy", "openpyxl", "pandas", "pyarrow", "pyproj", "shapely")
KEYS = {"village": "village_code", "township": "town_code", "county": "county_code"}
NAMES = {
    *("village_code", "village", "village_en", "town_code", "town", "town_en"),
    *("county_code", "county", "county_en", "year"),
}  # of units: joined by code, never taken from a table


def run(study: Study, *, allow_rejects: bool = False, step: Step = lambda _: None) -> Results:
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
    work = _Work(study, reference.villages(), reference.townships(), reference.counties(), allow_rejects)
    for table in study.tables:
        step(f"table {table.path}")
        work.join(table)
    townships = work.townships
    for recipe in study.derives:
        townships[recipe.column] = _derived(townships, recipe)
    step("remote areas")
    _need(townships, ["population", "offshore", "indigenous"], "the groups")
    townships["density_per_km2"] = townships["population"] / townships["area_km2"]
    counted = _village_counts(work)
    townships["villages"] = townships["town_code"].map(counted).fillna(0).astype("int64")
    townships["is_indigenous"] = townships["indigenous"].notna()
    remote = remote_townships(townships, study.rule, year=study.year)
    townships["remote"] = townships["town_code"].map(remote.flags).astype(bool)
    townships["group"] = townships["town_code"].map(partition(townships))
    villages = work.villages.merge(
        townships[["town_code", "remote", "group"]], on="town_code", how="left", validate="many_to_one"
    )
    step("indicators")
    table_of = indicators(townships, study.definitions, rule=study.rule)
    townships = _with_values(townships, table_of)
    among = neighbours(townships) if study.divide else None
    found = []
    for name in study.divide:
        step(f"divide: {name}")
        found.append(divide(townships, study.definitions[name], among=among))
    record = _record(study, work.inputs, remote)
    return Results(
        run_id=str(record["run_id"]),
        title=study.title,
        year=study.year,
        villages=villages,
        townships=townships,
        counties=work.counties,
        indicators=table_of,
        definitions=study.definitions,
        remote=remote,
        divide=tuple(found),
        ledger=work.ledger,
        run=record,
    )


def _village_counts(work: _Work) -> pd.Series:
    """Villages of each township: those with a polygon and those that the boundaries lack."""
    import pandas as pd

    codes = [work.villages["town_code"], reference.missing_villages()["town_code"]]
    counts: pd.Series = pd.concat(codes).value_counts()
    return counts


# ------------------------------------------------------------------ joining tables to units


@dataclass(slots=True)
class _Work:
    """The frames while tables are being joined to them."""

    study: Study
    villages: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    allow_rejects: bool
    ledger: Ledger = field(default_factory=Ledger)
    inputs: list[dict[str, object]] = field(default_factory=list)

    def join(self, table: Table) -> None:
        if table.path == FIGURES:
            self._attach(reference.figures(), "township", table)
            return
        path = self.study.folder / table.path
        units = getattr(
            self, {"village": "villages", "township": "townships", "county": "counties"}[table.level]
        )
        key = KEYS[table.level]
        known = set(units[key])
        if table.level == "village":
            known |= set(reference.missing_villages()[key])
        frame = read_table(
            path, sheet=table.sheet, encoding=table.encoding, ledger=self.ledger, allow_rejects=self.allow_rejects,
            known_codes=known,
        )  # fmt: skip
        self.inputs.append(_input(table.path, path.read_bytes(), len(frame)))
        frame = _chosen_rows(frame, table)
        if key not in frame and table.level == "township" and "town" in frame:
            frame = self._coded_by_name(frame, table)
        if key not in frame:
            have = ", ".join(map(str, frame.columns))
            message = f"has no column that means {key}; its columns are: {have}"
            raise InputError(
                path.name, [Problem(None, key, message)], hint="`notspot check` shows how it was read."
            )
        self._attach(frame, table.level, table)

    def _coded_by_name(self, frame: pd.DataFrame, table: Table) -> pd.DataFrame:
        """A township table without codes: found by county and township name, the rest in the ledger."""
        codes, problems = codes_by_name(frame)
        if problems and not self.allow_rejects:
            raise InputError(
                table.path, problems, hint="Correct the names, give codes, or pass --allow-rejects."
            )
        self.ledger.refuse(table.path, problems)
        frame = frame.assign(town_code=codes)
        return frame[frame["town_code"].notna()]

    def _attach(self, frame: pd.DataFrame, level: str, table: Table) -> None:
        key = KEYS[level]
        name = {"village": "villages", "township": "townships", "county": "counties"}[level]
        units = getattr(self, name)
        self._unmatched(frame, units, key, table)
        frame = self._chosen(frame, key, table)
        repeated = frame[key][frame[key].duplicated()].unique()
        if len(repeated):
            shown = ", ".join(map(str, repeated[:5]))
            message = f"{len(repeated)} codes occur twice ({shown} …); a unit has one row in a table"
            hint = (
                'Choose the rows with where = {column = "value"}, for example one month and one technology.'
            )
            raise InputError(table.path, [Problem(None, key, message)], hint=hint)
        setattr(self, name, _merged(units, frame, key, table))
        if table.sum:
            numbers = frame.drop(columns=key).select_dtypes("number")
            summed = numbers.groupby(frame[key].str[:8]).sum(min_count=1)
            summed.index.name = "town_code"
            self.townships = _merged(self.townships, summed.reset_index(), "town_code", table)

    def _chosen(self, frame: pd.DataFrame, key: str, table: Table) -> pd.DataFrame:
        if not table.columns:
            return frame[[key, *(c for c in frame.columns if c not in NAMES)]]
        lacking = [c for c in table.columns if c not in frame.columns]
        if lacking:
            have = ", ".join(map(str, frame.columns))
            problems = [Problem(None, c, f"is not in the table; its columns are: {have}") for c in lacking]
            raise InputError(table.path, problems)
        return frame[[key, *table.columns]].rename(columns=dict(table.columns))

    def _unmatched(self, frame: pd.DataFrame, units: pd.DataFrame, key: str, table: Table) -> None:
        """Units of the table that have no polygon: in the ledger, with their people."""
        missing = frame[~frame[key].isin(units[key])]
        kept = " its figures count in the township" if table.sum else ""
        for _, row in missing.iterrows():
            people = row.get("population", row.get("people"))
            message = (
                f"{row[key]} has no polygon in the boundaries {reference.VINTAGE};{kept or ' it is unplaced'}"
            )
            self.ledger.refuse(table.path, [Problem(None, key, message, str(row[key]))])
            self.ledger.rows[-1]["people"] = None if people is None or people != people else int(people)


def _chosen_rows(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The rows that the table's `where` asks for."""
    for column, wanted in table.where.items():
        if column not in frame:
            have = ", ".join(map(str, frame.columns))
            raise InputError(
                table.path, [Problem(None, column, f"is not in the table; its columns are: {have}")]
            )
        chosen = frame[frame[column].astype(str) == str(wanted)]
        if chosen.empty:
            there = ", ".join(sorted(frame[column].dropna().astype(str).unique())[:10])
            raise InputError(table.path, [Problem(None, column, f"is nowhere '{wanted}'; it has: {there}")])
        frame = chosen
    return frame


def _merged(units: gpd.GeoDataFrame, frame: pd.DataFrame, key: str, table: Table) -> gpd.GeoDataFrame:
    twice = [c for c in frame.columns if c != key and c in units.columns]
    if twice and not table.replace:
        problems = [Problem(None, c, "is already there from the boundaries or another table") for c in twice]
        hint = "Rename it with columns = {…}, or write replace = true."
        raise InputError(table.path, problems, hint=hint)
    return units.drop(columns=twice).merge(frame, on=key, how="left", validate="one_to_one")


def _derived(townships: pd.DataFrame, recipe: Derive) -> pd.Series:
    _need(townships, recipe.of, f"the derived column {recipe.column}")
    values = townships[list(recipe.of)].astype("float64")
    if recipe.function == "ratio":
        top, bottom = values.iloc[:, 0], values.iloc[:, 1]
        return recipe.scale * top / bottom.where(bottom != 0)
    if recipe.function == "sum":
        return values.sum(axis=1, min_count=1)
    out: pd.Series = getattr(values, recipe.function)(axis=1)
    return out


def _need(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    lacking = [c for c in columns if c not in frame.columns]
    if lacking:
        problems = [Problem(None, c, f"is in no table of the study, and {what} needs it") for c in lacking]
        raise InputError(
            "study", problems, hint=f'Add [[table]] with path = "{FIGURES}", or a table that has it.'
        )


def _with_values(townships: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """`townships` with a column an indicator that is not there yet under its id."""
    rows = table[table["level"] == "township"]
    wide = rows.pivot(index="code", columns="indicator", values="value")
    for name in (n for n in rows["indicator"].unique() if n not in townships.columns):
        townships[name] = townships["town_code"].map(wide[name])
    return townships


# ------------------------------------------------------------------ the record of the run


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
    return [_input(name, item.read_bytes(), None) for name, item in items]


def _input(name: str, content: bytes, rows: int | None) -> dict[str, object]:
    out: dict[str, object] = {
        "path": Path(name).as_posix(),
        "bytes": len(content),
        "sha256": _sha256(content),
    }
    return out if rows is None else out | {"rows": rows}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
