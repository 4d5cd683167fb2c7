"""
The command line: report, run, check, fetch, indicators, version, and the radio commands of `radio`.

Exit codes: 0 fine, 1 the input has problems, 2 wrong use.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notspot import (
    atlas_command,
    challenging,
    comparing,
    embedding,
    export_command,
    figure_command,
    locating_command,
    radio,
    tiles_command,
)
from notspot.example.command import example
from notspot.terminal import errors, print_json, vars_of
from notspot_geodata.errors import NotFoundError, Problem, UsageError

if TYPE_CHECKING:
    from notspot.study import Study

app = typer.Typer(
    name="notspot",
    help="Finds who is out of reach of broadband and 5G in Taiwan: coverage, the digital divide, offline maps.",
    epilog="Begin with `notspot report`: it needs no data of yours and no network.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results; replaced as a whole.")]
Rejects = Annotated[
    bool,
    typer.Option("--allow-rejects", help="Go on without rows that have problems; they stay in rejects.csv."),
]
DEFAULT_OUT = Path("notspot-report")


@app.command()
def report(out: Out = DEFAULT_OUT, as_json: Json = False) -> None:
    """Write the report and the atlas of Taiwan 2021 from the data that ship with Notspot."""
    from notspot.study import Study

    with errors(as_json):
        _run(Study.shipped("taiwan_2021"), out, as_json, allow_rejects=False)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(help="A study file; docs/studies.md says how to write one.")],
    out: Out = DEFAULT_OUT,
    allow_rejects: Rejects = False,
    workers: Annotated[
        int, typer.Option(help="Dask workers of this machine for coverage rasters.", min=0)
    ] = 0,
    scheduler: Annotated[str, typer.Option(help="Address of a Dask scheduler that runs already.")] = "",
    as_json: Json = False,
) -> None:
    """Run a study of your own: your tables joined to the boundaries, your indicators, your coverage counted."""
    from notspot.study import Study

    with errors(as_json):
        _run(Study.read(study), out, as_json, allow_rejects, workers, scheduler)


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="A table or a map: CSV, XLSX, ODS, JSON, Shapefile, GeoPackage, …")
    ],
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of a map file.")] = None,
    crs: Annotated[
        str | None, typer.Option(help="Coordinate system where the file names none: EPSG:3826.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of text, such as cp950, where it is known.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say how a file was understood and what is wrong with it, row by row. Changes nothing."""
    from notspot_geodata.check import check as check_file
    from notspot_geodata.check import describe
    from notspot_geodata.reading import Reading

    with errors(as_json):
        try:
            reading = check_file(file, sheet=sheet, layer=layer, crs=crs, encoding=encoding)
        except (UsageError, NotFoundError) as error:
            if not as_json:
                raise
            problem = Problem(None, "", str(error))
            print_json({"error": str(error), **Reading(file.name, "unread", problems=[problem]).as_dict()})
            raise typer.Exit(2) from error
        if as_json:
            print_json(reading.as_dict())
        else:
            typer.echo(describe(reading))
        if reading.problems:
            raise typer.Exit(1)


@app.command()
def fetch(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of sources to download; without any, list them.")
    ] = None,
    month: Annotated[str | None, typer.Option(help="Month of the population, as 11012 or 2021-12.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder for downloads.")] = None,
    overrides: Annotated[
        Path | None, typer.Option(help="TOML file with other addresses for sources.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use what is in the cache; never the network.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Download again and compare with what is cached.")
    ] = False,
    accept_changed: Annotated[
        bool, typer.Option("--accept-changed", help="Take a file that changed upstream; the old one is kept.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the official sources with licence and date, or download them into a cache."""
    from notspot_geodata import fetch as source

    with errors(as_json):
        if not ids:
            table = source.list_sources(cache=cache, overrides=overrides)
            if as_json:
                print_json({"sources": json.loads(table.to_json(orient="records", force_ascii=False))})
            else:
                typer.echo(source.describe_sources(table))
            return
        found = source.fetch(
            ids,
            cache=cache,
            offline=offline,
            overrides=overrides,
            month=month,
            refresh=refresh,
            accept_changed=accept_changed,
            progress=not as_json,
        )
        if as_json:
            print_json({"files": {name: str(path) for name, path in found.items()}})
        else:
            for name, path in found.items():
                typer.echo(f"{name:<24} {path}")


@app.command()
def indicators(as_json: Json = False) -> None:
    """List the indicators: what each means, its official figure, what is missing to compute it."""
    from notspot_coverage.definitions import load_indicators

    found = load_indicators()
    if as_json:
        print_json({"indicators": [_plain(item) for item in found.values()]})
        return
    for item in found.values():
        official = "" if item.official_2021 is None else f"  2021: {item.official_2021:,.10g} {item.unit.en}"
        target = "" if item.target_2025 is None else f"  target 2025: {item.target_2025:,.10g} {item.unit.en}"
        typer.echo(f"{item.id}  [{item.kind}]{official}{target}")
        typer.echo(f"    {item.name.zh} · {item.name.en}")
        if item.needs is not None and item.recipe is None:
            typer.echo(f"    needs: {item.needs.en}")


app.command()(atlas_command.atlas)
app.command()(embedding.embed)
app.command()(radio.loss)
app.command()(radio.predict)
app.command()(locating_command.locate)
app.command()(comparing.compare)
app.command()(challenging.challenge)
app.command()(figure_command.figure)
app.command()(export_command.export)
app.command()(tiles_command.tiles)
app.command()(example)


@app.command()
def version(as_json: Json = False) -> None:
    """Print the versions of Notspot, its data and its libraries."""
    from importlib.metadata import version as installed

    from notspot import __version__
    from notspot.pipeline import LIBRARIES
    from notspot_geodata.reference import VINTAGE

    libraries = {name: installed(name) for name in LIBRARIES}
    if as_json:
        print_json({"notspot": __version__, "boundaries": VINTAGE, "libraries": libraries})
        return
    typer.echo(f"notspot {__version__}, boundaries {VINTAGE}")
    typer.echo(", ".join(f"{name} {number}" for name, number in libraries.items()))


def main() -> None:
    """The command `notspot`."""
    for stream in (sys.stdout, sys.stderr):  # a Windows console may be cp950 or cp1252
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


# ------------------------------------------------------------------ helpers


def _run(
    study: Study, out: Path, as_json: bool, allow_rejects: bool, workers: int = 0, scheduler: str = ""
) -> None:
    from notspot.outputs import refuse_out
    from notspot.outputs import report as write
    from notspot.overlay_files import overlays_for
    from notspot.pipeline import run as run_study
    from notspot_geodata.ledger import Ledger
    from notspot_maps.headlines import headlines

    refuse_out(out)
    beside = Ledger()  # overlays first: what is wrong with one is told before the count, not after
    overlays = overlays_for(study, ledger=beside, allow_rejects=allow_rejects)
    with _steps(study, quiet=as_json) as step:
        results = run_study(
            study, allow_rejects=allow_rejects, step=step, workers=workers, scheduler=scheduler
        )
        results.ledger.add(beside)
        folder = write(results, out, overlays=overlays, step=step)
    found = headlines(results)
    if as_json:
        print_json(
            {
                "run_id": results.run_id,
                "folder": str(folder),
                "report": str(folder / "index.html"),
                "atlas": str(folder / "atlas.html"),
                "rejects": len(results.ledger),
                "headlines": [{"zh": text.zh, "en": text.en} for text in found],
            }
        )
        return
    for text in found:
        typer.echo(f"  {text.zh}\n  {text.en}\n")
    if len(results.ledger):
        typer.echo(f"  {len(results.ledger):,} rows were refused or not matched: {folder / 'rejects.csv'}")
    typer.echo(f"Report  {folder / 'index.html'}\nAtlas   {folder / 'atlas.html'}\nRun     {results.run_id}")


@contextmanager
def _steps(study: Study, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A progress bar over the steps of a run, on a terminal only."""
    from tqdm import tqdm

    total = 3 + len(study.tables) + len(study.divide) + 4  # run and report call it once a step
    if study.coverage is not None:
        total += 3 + len(study.coverage.services)
    with tqdm(total=total, disable=quiet or not sys.stderr.isatty(), leave=False, unit="step") as bar:

        def step(name: str) -> None:
            bar.set_description_str(name)
            bar.update()

        yield step


def _plain(item: object) -> dict[str, object]:
    out = vars_of(item)
    out.pop("recipe", None)
    return out
