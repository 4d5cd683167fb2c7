"""
The command `notspot tiles`: millions of points as tiles, and the page that shows them.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notspot.tile_files import TiledFile


def tiles(
    points: Annotated[
        Path,
        typer.Argument(
            help="CSV, Parquet or GeoParquet of people, households or buildings with a status; "
            "with --serve also a folder of tiles."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the tiles and their page.")] = None,
    lon: Annotated[str | None, typer.Option(help="Column of longitudes, where it is not found.")] = None,
    lat: Annotated[str | None, typer.Option(help="Column of latitudes.")] = None,
    x: Annotated[str | None, typer.Option(help="Column of eastings, in place of --lon.")] = None,
    y: Annotated[str | None, typer.Option(help="Column of northings, in place of --lat.")] = None,
    crs: Annotated[str | None, typer.Option(help="System of the coordinates: EPSG:3826.")] = None,
    h3: Annotated[
        str | None, typer.Option(help="Column of H3 cells, in place of coordinates; drawn as hexagons.")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(help="Column that says covered, not_covered or unknown (涵蓋, 未涵蓋, 無資料)."),
    ] = None,
    weight: Annotated[str | None, typer.Option(help="Column of people or households.")] = None,
    value: Annotated[str | None, typer.Option(help="Column of a figure, such as Mbps.")] = None,
    operators: Annotated[
        str | None, typer.Option(help="Column of those who cover the point: cht;fet;twm.")
    ] = None,
    name: Annotated[str, typer.Option(help="Title of the page; '中文|English' for both.")] = "",
    weight_name: Annotated[str, typer.Option(help="What --weight counts: '戶數|households'.")] = "",
    value_name: Annotated[str, typer.Option(help="What --value is, with its unit.")] = "",
    source: Annotated[str, typer.Option(help="Where the points come from, for the page.")] = "",
    encoding: Annotated[str | None, typer.Option(help="Encoding of a CSV file, such as cp950.")] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Then serve the folder on this machine, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of --serve; 0 takes one that is free.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")
    ] = False,
) -> None:
    """Write millions of points as PMTiles with a page that reads them by parts from any static host."""
    with errors(as_json):
        if serve and out is None and points.is_dir():
            _serve(points, port)
            return
        if out is None:
            raise UsageError("name the folder for the tiles: --out FOLDER")
        if (lon or lat) and (x or y):
            raise UsageError("name the columns by --lon and --lat or by --x and --y, not by both")
        from notspot.tile_files import tile_file

        with _steps(quiet=as_json) as step:
            result = tile_file(
                points, out, x=lon or x, y=lat or y, crs=crs, h3=h3, status=status, weight=weight, value=value,
                operators=operators, title=Text.typed(name), weight_name=Text.typed(weight_name),
                value_name=Text.typed(value_name), source=Text.typed(source), encoding=encoding, step=step,
            )  # fmt: skip
        if as_json:
            print_json(result.as_dict())
        else:
            typer.echo(_said(result))
        if serve:
            _serve(out, port)


def _said(result: TiledFile) -> str:
    said = result.tiles.metadata["notspot"]
    lines = [f"  {note}" for note in result.notes]
    lines += [
        f"  Positions from {', '.join(result.columns)}, {result.crs}",
        f"{result.rows:>12,} rows",
        f"{said['counts']['covered']:>12,} covered",
        f"{said['counts']['not_covered']:>12,} not covered",
        f"{said['counts']['unknown']:>12,} unknown",
        f"{result.refused:>12,} refused",
    ]
    if result.rejects is not None:
        lines.append(f"Rejects {result.rejects}")
    size = result.tiles.archive.stat().st_size / 1e6
    lines += [
        f"Tiles   {result.tiles.archive} ({size:,.1f} MB, {result.tiles.tiles:,} tiles)",
        f"Page    {result.tiles.page}",
        f"To look at it here: notspot tiles {result.tiles.page.parent} --serve",
    ]
    return "\n".join(lines)


def _serve(folder: Path, port: int) -> None:
    from notspot.tile_server import HOST, tile_server

    if not (folder / "index.html").is_file():
        raise UsageError(f"{folder} has no index.html; write the tiles first with --out {folder}")
    if not any(folder.glob("*.pmtiles")):
        raise UsageError(
            f"{folder} has no tiles (.pmtiles) for its index.html; write them with `notspot tiles POINTS --out FOLDER`"
        )
    try:
        server = tile_server(folder, port)
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror}") from error
    typer.echo(f"http://{HOST}:{server.server_port}/  (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


@contextmanager
def _steps(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar, on a terminal only."""
    import sys

    from tqdm import tqdm

    with tqdm(total=100, disable=quiet or not sys.stderr.isatty(), leave=False, unit="%") as bar:

        def step(name: str, share: float) -> None:
            bar.set_description_str(name)
            bar.update(round(100 * share) - bar.n)

        yield step
