"""
The command `notspot locate`: a file of points gets the codes of their village, township and county.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    from notspot.point_files import Located


def locate(
    points: Annotated[
        Path, typer.Argument(help="CSV or Parquet with columns of coordinates, or GeoParquet with points.")
    ],
    out: Annotated[Path, typer.Option(help="The result, .csv or .parquet; replaced if it is there.")],
    lon: Annotated[str | None, typer.Option(help="Column of longitudes, where it is not found.")] = None,
    lat: Annotated[str | None, typer.Option(help="Column of latitudes.")] = None,
    x: Annotated[str | None, typer.Option(help="Column of eastings, in place of --lon.")] = None,
    y: Annotated[str | None, typer.Option(help="Column of northings, in place of --lat.")] = None,
    crs: Annotated[
        str | None, typer.Option(help="System of the coordinates where the file names none: EPSG:3826.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of a CSV file, such as cp950, where it is known.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace columns of codes that are there already.")
    ] = False,
    threads: Annotated[int, typer.Option(help="Threads of this process; default one a processor.")] = 0,
    workers: Annotated[
        int, typer.Option(help="Processes of a local Dask cluster; needs notspot[cluster].")
    ] = 0,
    scheduler: Annotated[str, typer.Option(help="A running Dask scheduler, tcp://host:8786.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")
    ] = False,
) -> None:
    """Add village, township and county codes to a file of points, of any length."""
    with errors(as_json):
        if (lon or lat) and (x or y):
            raise UsageError("name the columns by --lon and --lat or by --x and --y, not by both")
        from notspot.point_files import locate_file

        result = locate_file(
            points, out, x=lon or x, y=lat or y, crs=crs, encoding=encoding, replace=replace, threads=threads,
            workers=workers, scheduler=scheduler,
        )  # fmt: skip
        if as_json:
            print_json(result.as_dict())
        else:
            typer.echo(_said(result))


def _said(result: Located) -> str:
    lines = [f"  {note}" for note in result.notes]
    lines.append(f"  Positions from {', '.join(result.columns)}, {result.crs}: {result.crs_reason}")
    lines.append(f"{result.rows:>12,} rows")
    lines.append(f"{result.located:>12,} in a village")
    lines.append(
        f"{result.outside:>12,} in none, at sea mostly; {result.outside_taiwan:,} of them outside Taiwan"
    )
    lines.append(f"{result.without_position:>12,} without a usable position")
    if result.rejects is not None:
        lines.append(f"Rejects {result.rejects}")
    lines.append(f"Result  {result.file}")
    return "\n".join(lines)
