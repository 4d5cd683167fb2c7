"""
The command `notspot figure`: maps and charts for print from a study or a folder of results.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    from notspot_maps.figures.kinds import Kind
    from notspot_maps.figures.shapes import Level
    from notspot_maps.figures.standalone import Language


def figure(
    source: Annotated[
        Path, typer.Argument(help="A study file (.toml), which is run, or a folder of results.")
    ],
    kind: Annotated[
        str | None, typer.Argument(help="map, multiples, gap, lorenz, …; without one, what there is.")
    ] = None,
    indicator: Annotated[str | None, typer.Option(help="Id of the indicator or measure.")] = None,
    place: Annotated[str | None, typer.Option(help="Code or name of a county, township or village.")] = None,
    nation: Annotated[
        bool, typer.Option("--nation", help="With --place: the whole nation, the place outlined.")
    ] = False,
    level: Annotated[str, typer.Option(help="Of maps: county, township or village.")] = "township",
    classes: Annotated[
        str | None, typer.Option(help="Of maps: natural:6, quantiles:5, fixed:20,40,60, diverging:6:75.9.")
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(help="Study or results of another year, for multiples and change; several times."),
    ] = None,
    against: Annotated[
        str, typer.Option(help="Of a scatter: the column of townships across.")
    ] = "density_per_km2",
    service: Annotated[
        str | None, typer.Option(help="Of an account, for shares, notspots and roaming.")
    ] = None,
    lang: Annotated[str, typer.Option(help="zh, en or both.")] = "zh",
    out: Annotated[
        Path | None, typer.Option(help="The file: .png, .svg or .pdf. Default: KIND-INDICATOR.png.")
    ] = None,
    dpi: Annotated[float, typer.Option(help="Dots an inch of a PNG; 200 to 300 are fit for print.")] = 200,
    allow_rejects: Annotated[
        bool, typer.Option("--allow-rejects", help="Go on without rows of the study that have problems.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")
    ] = False,
) -> None:
    """Draw a figure for print, PNG, SVG or PDF: maps with insets, years side by side, Lorenz curve, gaps, scatter."""
    with errors(as_json):
        from notspot_maps.figures.kinds import KINDS
        from notspot_maps.figures.kinds import figure as draw

        if kind is None:
            _list(as_json)
            return
        if kind not in KINDS:
            raise UsageError(f"no figure '{kind}'; there are {', '.join(KINDS)}")
        from notspot.results_folder import load

        target = out or Path("-".join(filter(None, (kind, indicator or service, place, lang))) + ".png")
        results = load(source, allow_rejects=allow_rejects)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            made = draw(
                results,
                cast("Kind", kind),
                indicator=indicator,
                level=cast("Level", level),
                place=place,
                zoom=not nation,
                classes=classes,
                earlier=[load(each, allow_rejects=allow_rejects) for each in earlier or ()],
                against=against,
                service=service,
                lang=cast("Language", lang),
                dpi=dpi,
                out=target,
            )
        from notspot_maps.figures.pictures import MissingLetters

        notes = [str(one.message) for one in said if issubclass(one.category, MissingLetters)]
        if as_json:
            print_json(
                {
                    "run_id": results.run_id,
                    "figure": str(target.absolute()),
                    "kind": kind,
                    "bytes": len(made),
                    "notes": notes,
                }
            )
            return
        for note in notes:
            typer.echo(f"  {note}", err=True)
        typer.echo(f"Figure  {target.absolute()} ({len(made) / 1000:,.0f} kB)\nRun     {results.run_id}")


def _list(as_json: bool) -> None:
    from notspot_maps.figures.kinds import KINDS

    if as_json:
        print_json({"kinds": {name: {"zh": text.zh, "en": text.en} for name, text in KINDS.items()}})
        return
    for name, text in KINDS.items():
        typer.echo(f"{name:<10} {text.zh} · {text.en}")
    typer.echo("With a KIND that needs an indicator and none given, the indicators are listed.")
