"""
Two runs compared from the command line: result folders in, the changes by unit out.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import InputError, NotFoundError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from notspot_coverage.counting.comparison import Comparison, Run
    from notspot_coverage.results import Results
    from notspot_geodata.crosswalk import Crosswalk

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines, nothing else.")]

TABLE, UNITS, RECORD = "coverage.csv", "units.csv", "run.json"
FILES = ("changes.csv", "moved.csv", "definitions.csv", "compare.json")
TEXT = ("service", "of", "subject", "level", "code", "name", "unit")
FIGURES = ("total", "covered", "not_covered", "unknown", "low", "best", "high")
EMBEDDED = {"embedded:2021": "the villages of 2021-03 on the boundaries of 2021-09"}
SERVICE_DEFAULTS: Mapping[str, object] = {"setting": "outdoor", "basis": "claim", "last_resort": False}
LAYER_DEFAULTS: Mapping[str, object] = {"basis": "claim", "location_sigma_db": 0.0}
OUTSIDE = {"sites": "not covered", "areas": "not covered", "raster": "unknown", "table": "unknown"}
PARTS = ("boundary", "population", "coverage", "rule")
SHOWN = 5  # townships on the terminal


def compare(
    old: Annotated[Path, typer.Argument(help="Folder of the earlier run, as `notspot run` wrote it.")],
    new: Annotated[Path, typer.Argument(help="Folder of the later run.")],
    out: Annotated[Path, typer.Option(help="Folder for the changes; replaced as a whole.")],
    crosswalk: Annotated[
        str | None,
        typer.Option(
            help="CSV that carries the villages of the old run to those of the new, or embedded:2021."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what changed between two runs, unit by unit: boundaries, population, coverage or rules."""
    from notspot_coverage.counting.comparison import compare as compare_runs

    with errors(as_json):
        walk = _crosswalk(crosswalk)
        found = compare_runs(read_run(old), read_run(new), walk)
        folder = write_comparison(found, out, record=_record((old, new), crosswalk, walk, found))
        if as_json:
            print_json(_summary(found, folder))
            return
        typer.echo("\n".join(_lines(found)))
        typer.echo(f"Changes {folder / FILES[0]}")


def read_run(folder: str | Path) -> Run:
    """
    What the run that wrote `folder` counted: ``coverage.csv``, who is in which group (``units.csv``) and how its
    services are defined (``run.json``).

    Raises
    ------
    NotFoundError
        No such folder, or no ``coverage.csv`` in it: the study declares no service.
    InputError
        The files are not as a run writes them.
    """
    from notspot_coverage.counting.comparison import Run

    folder = Path(folder)
    if not (folder / TABLE).is_file():
        why = "its study counts no service" if (folder / RECORD).is_file() else "is that a folder of results?"
        raise NotFoundError(f"{folder}: there is no {TABLE} in it; {why}")
    return Run(
        table=_table(folder / TABLE),
        groups=_groups(folder / UNITS),
        services=_services(folder / RECORD),
        label=str(folder / TABLE),
    )


def run_of(results: Results) -> Run:
    """
    What a run counted, from its results.

    Raises
    ------
    NotFoundError
        Its study counts no service.
    """
    from notspot_coverage.counting.comparison import Run
    from notspot_coverage.counting.definition import definition_of
    from notspot_coverage.groups import membership

    if results.account is None:
        raise NotFoundError(f"{results.run_id}: its study counts no service")
    return Run(
        table=results.account.table,
        groups=membership(results.townships),
        services={name: definition_of(item) for name, item in results.account.services.items()},
        label=results.run_id,
    )


def write_comparison(found: Comparison, out: str | Path, *, record: Mapping[str, object]) -> Path:
    """Write a comparison into the folder `out`, which is replaced as a whole; see `notspot.outputs.report`."""
    from notspot.outputs import replaced_folder
    from notspot_maps.tables import write_csv

    target = Path(out).absolute()
    with replaced_folder(target, FILES) as folder:
        for name, frame in zip(FILES, (found.changes, found.moved, found.definitions), strict=False):
            write_csv(frame, folder / name)
        written = [
            {"path": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
            for name in FILES[:3]
        ]
        text = json.dumps({**record, "outputs": written}, ensure_ascii=False, indent=2) + "\n"
        (folder / FILES[3]).write_text(text, encoding="utf-8", newline="\n")
    return target


# ------------------------------------------------------------------ reading


def _frame(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    from notspot_maps.tables import undefused

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(path, [Problem(None, "", f"is no table that a run wrote: {error}")]) from error
    missing = [Problem(1, name, "is missing from the header") for name in needed if name not in frame]
    if missing:
        raise InputError(path, missing)
    for name in frame:
        frame[name] = frame[name].map(undefused)
    return frame


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd

    frame = _frame(path, [*TEXT, *FIGURES])
    problems = []
    for name in FIGURES:
        numbers = pd.to_numeric(frame[name].replace("", None), errors="coerce")
        problems += [
            Problem(row, name, f"{cell[:40]!r} is not a number", cell)
            for row, (cell, number) in enumerate(zip(frame[name], numbers, strict=True), start=2)
            if cell and number != number
        ]
        frame[name] = numbers.astype(float)
    if problems:
        raise InputError(path, problems)
    return frame


def _groups(path: Path) -> pd.DataFrame | None:
    from notspot_coverage.groups import membership

    if not path.is_file():
        return None
    units = _frame(path, ["town_code", "remote"])
    for name in ("remote", "offshore"):
        if name in units:
            units[name] = units[name].map({"true": True, "false": False})
    if "group" not in units and not {"indigenous", "offshore"} <= set(units):
        raise InputError(path, [Problem(1, "group", "is missing from the header")])
    return membership(units)


def _services(path: Path) -> dict[str, dict[str, object]]:
    """Definitions of the services of a run, with what a study need not say."""
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        study = tomllib.loads(record["study"]["toml"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, [Problem(None, "study", f"cannot be read: {error!r}")]) from error
    layers = {row["id"]: row for row in _rows(study, "layer")}
    out = {}
    for row in _rows(study, "service"):
        named = [name for name in row.get("layers", []) if name in layers]
        given = {name: _layer(layers[name]) for name in named}
        out[str(row["id"])] = {**SERVICE_DEFAULTS, **row, "layers": given}
    return out


def _rows(study: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    rows = study.get(key, [])
    return [row for row in rows if isinstance(row, dict) and "id" in row] if isinstance(rows, list) else []


def _layer(row: Mapping[str, Any]) -> dict[str, object]:
    kind = str(row.get("kind", ""))
    at_least = {"at_least": 1.0} if row.get("quantity") == "covered" else {}
    tests = (
        {"where": json.dumps(kept, ensure_ascii=False, sort_keys=True)}
        if (kept := _undated(row.get("where")))
        else {}
    )
    return {**LAYER_DEFAULTS, "outside": OUTSIDE.get(kind, "unknown"), **at_least, **row, **tests}


def _undated(tests: object) -> dict[str, object]:
    """The tests of rows that are of the yardstick: a date until which something is ready moves on every year."""
    if not isinstance(tests, Mapping):
        return {}
    out: dict[str, object] = {}
    for column, test in tests.items():
        left = _undated(test) if isinstance(test, Mapping) else test
        if not isinstance(left, (date, datetime)) and left not in ({}, None):
            out[str(column)] = left
    return out


def _crosswalk(name: str | None) -> Crosswalk | None:
    from notspot_geodata.crosswalk import read_crosswalk, village_changes

    if name is None:
        return None
    return village_changes() if name in EMBEDDED else read_crosswalk(Path(name))


# ------------------------------------------------------------------ what is said


def _record(
    folders: tuple[Path, Path], name: str | None, walk: Crosswalk | None, found: Comparison
) -> dict[str, object]:
    """What it takes to repeat the comparison; no path of the machine."""
    out: dict[str, object] = {
        side: {"run_id": _run_id(folder), "sha256": hashlib.sha256((folder / TABLE).read_bytes()).hexdigest()}
        for side, folder in zip(("old", "new"), folders, strict=True)
    }
    if walk is not None and name is not None:
        rows = walk.rows.to_csv(index=False, lineterminator="\n").encode()
        out["crosswalk"] = {
            "name": name if name in EMBEDDED else Path(name).name,
            "rows": len(walk),
            "sha256": hashlib.sha256(rows).hexdigest(),
        }
    return out | {"notes": [{"zh": note.zh, "en": note.en} for note in found.notes]}


def _run_id(folder: Path) -> str:
    path = folder / RECORD
    return str(json.loads(path.read_text(encoding="utf-8")).get("run_id", "")) if path.is_file() else ""


def _national(found: Comparison) -> list[dict[str, Any]]:
    """The row of the nation of each service and subject, and how many townships went which way."""
    out = []
    for _, rows in found.changes.groupby(["service", "of", "subject"], sort=False):
        towns = rows[rows["level"] == "township"]
        counted = towns["verdict"].value_counts()
        size = towns["coverage"].abs()
        most = towns.assign(size=size)[size > 0].sort_values(["size", "code"], ascending=[False, True])
        for row in rows[rows["level"] == "nation"].to_dict("records"):
            item = {str(name): None if value != value else value for name, value in row.items()}
            item["townships"] = {word: int(counted.get(word, 0)) for word in ("up", "down", "same", "open")}
            item["most"] = most.head(SHOWN)[["code", "name", "coverage"]].to_dict("records")
            out.append(item)
    return out


def _summary(found: Comparison, folder: Path) -> dict[str, object]:
    return {
        "folder": str(folder),
        "changes": str(folder / FILES[0]),
        "nation": _national(found),
        "moved": found.moved.to_dict("records"),
        "definitions": found.definitions.to_dict("records"),
        "notes": [{"zh": note.zh, "en": note.en} for note in found.notes],
    }


def _lines(found: Comparison) -> list[str]:
    out = []
    for row in _national(found):
        whole = float(row["new_total"]).is_integer()
        old, new, change, low, high, known = (
            _number(row[name], whole)
            for name in ("old_covered", "new_covered", "change", "change_low", "change_high", "newly_known")
        )
        out.append(f"{row['service']}, {row['of']} ({row['subject']})")
        out.append(
            f"  {_share(row['old_share'])} → {_share(row['new_share'])}; covered {old} → {new} {row['unit']}"
        )
        if row["change"] == row["change_low"] == row["change_high"] == 0:
            out += ["  nothing changed", ""]
            continue
        certain = "certain" if row["certain"] else "it may be none"
        out.append(f"  change {_signed(change)}, between {_signed(low)} and {_signed(high)}: {certain}")
        parts = (f"{part} {_signed(_number(row[part], whole))}" for part in PARTS)
        out.append(f"  of it {', '.join(parts)}")
        if row["newly_known"]:
            out.append(f"  {_signed(known)} of the coverage because more or less is known")
        towns = row["townships"]
        counted = ", ".join(f"{towns[word]} {word}" for word in ("up", "down", "same", "open"))
        out.append(f"  townships: {counted}")
        if row["most"]:
            most = (f"{item['name']} {_signed(_number(item['coverage'], whole))}" for item in row["most"])
            out.append(f"  most by coverage: {', '.join(most)}")
        out.append("")
    if len(found.moved):
        out.append(f"{len(found.moved)} townships changed groups: {FILES[1]}")
    out += [
        f"{change.service}: {change.field} was {change.old}, is {change.new}"
        for change in found.definitions.itertuples(index=False)
    ]
    return out + [note.en for note in found.notes]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} %"


def _number(value: float, whole: bool) -> str:
    return f"{value:,.0f}" if whole else f"{value:,.3f}"


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"
