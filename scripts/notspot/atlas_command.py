"""
The command `notspot atlas`: the atlas of a study or of a folder of results, as one file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    from notspot_geodata.ledger import Ledger


def atlas(
    source: Annotated[
        Path, typer.Argument(help="A study file (.toml), which is run, or a folder of results.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write; replaced if it is there.")] = Path(
        "atlas.html"
    ),
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="STUDY|FOLDER",
            help="Study or folder of results of another year, for trends; may be given several times.",
        ),
    ] = None,
    raster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TITLE=][KIND=]FILE",
            help="GeoTIFF to lay over it, as FILE or KIND=FILE (rsrp_dbm=best.tif), with a title "
            "'5G 訊號|5G signal=rsrp_dbm=best.tif'; may be repeated.",
        ),
    ] = None,
    points: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TITLE=]FILE",
            help="Map or table of places with a status, with a title '衛生所|Clinics=clinics.csv'; may be repeated.",
        ),
    ] = None,
    lines: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TITLE=]FILE",
            help="Map of trails or roads with a status, with a title as --points; may be repeated.",
        ),
    ] = None,
    overlays: Annotated[
        list[Path] | None,
        typer.Option(
            "--overlays",
            metavar="FILE.toml",
            help="TOML file of [[overlay]] entries, for all that an overlay can say: source, what its status is "
            "about, columns, classes; docs/overlays.md.",
        ),
    ] = None,
    resolution_m: Annotated[
        float | None, typer.Option(help="Side of a cell of --raster, metres; by default as fine as fits.")
    ] = None,
    include_sites: Annotated[
        bool,
        typer.Option(
            "--include-sites", help="Let exact positions of base stations into the file, which then says so."
        ),
    ] = False,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID=METHOD",
            help="Classes of an indicator, ID=natural:6 or ID=fixed:20,40,60; may be repeated.",
        ),
    ] = None,
    tiles: Annotated[
        Path | None,
        typer.Option(
            help="Also write a file of millions of points as PMTiles with a page, beside the atlas."
        ),
    ] = None,
    lang: Annotated[str, typer.Option(help="Language it opens in: zh or en; the page has a switch.")] = "zh",
    basemap: Annotated[
        bool,
        typer.Option("--basemap", help="OpenStreetMap below; the file then asks the network for pictures."),
    ] = False,
    allow_rejects: Annotated[
        bool,
        typer.Option(
            "--allow-rejects",
            help="Go on without rows that have problems; they stand in NAME-rejects.csv beside the atlas.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")
    ] = False,
) -> None:
    """Write the atlas: every indicator on one map, in one HTML file that opens anywhere, also offline."""
    with errors(as_json):
        if lang not in ("zh", "en"):
            raise UsageError(f"--lang is zh or en, not '{lang}'")
        if out.is_dir() or out.suffix.lower() not in (".html", ".htm"):
            name = out / "atlas.html" if out.is_dir() else out.with_suffix(".html")
            raise UsageError(f"--out is the HTML file to write, for example {name}")
        from notspot.overlay_files import overlays_for
        from notspot.results_folder import load, read_overlays
        from notspot.study import Study
        from notspot_geodata.ledger import Ledger
        from notspot_geodata.whole_files import write_whole
        from notspot_maps.atlas.layer import atlas as make

        given = (raster or (), points or (), lines or (), resolution_m, include_sites)
        ledger = Ledger()  # what no folder of results has
        notes: dict[str, str] = {}
        kept: Path | None = None
        if source.suffix.lower() == ".toml":  # overlays first: what is wrong is told before the count
            beside = overlays_for(
                Study.read(source),
                *given,
                files=overlays or (),
                ledger=ledger,
                allow_rejects=allow_rejects,
                notes=notes,
            )
            results = load(source, allow_rejects=allow_rejects)
            results.ledger.add(ledger)
            ledger.add(results.ledger)
            over = overlays_for(results, include_sites=include_sites, beside=beside)
        else:
            results = load(source, allow_rejects=allow_rejects)
            folder = source if source.is_dir() else source.parent
            over = overlays_for(
                results, *given, files=overlays or (), beside=read_overlays(folder), ledger=ledger,
                allow_rejects=allow_rejects, notes=notes,
            )  # fmt: skip
            kept = folder / "rejects.csv" if len(results.ledger) else None
        before = [load(each, allow_rejects=allow_rejects) for each in earlier or ()]
        for each, run in zip(earlier or (), before, strict=True):
            if each.suffix.lower() == ".toml":
                ledger.add(run.ledger)
        made = make(
            results,
            earlier=before,
            overlays=over,
            include_sites=include_sites,
            classes=dict(_pair(each) for each in classes or ()),
            tiles=basemap,
            lang=lang,
        )
        written = write_whole(out, made.get_root().render())
        said: dict[str, object] = {
            "run_id": results.run_id,
            "atlas": str(written),
            "bytes": written.stat().st_size,
            "indicators": len(results.definitions),
            "overlays": [overlay.id for overlay in over],
            "given": notes,
            "view": f"#o={','.join(notes)}" if notes else "",
            "rejects": len(ledger),
            "rejects_file": None if (refused := _refused(ledger, written)) is None else str(refused),
            "rejects_of_results": None if kept is None else str(kept),
        }
        if tiles is not None:
            from notspot.tile_files import tile_file

            tiled = tile_file(tiles, written.with_name(f"{written.stem}-tiles"))
            said["tiles"] = str(tiled.tiles.page)
        if as_json:
            print_json(said)
        else:
            typer.echo(_said(said))


def _pair(text: str) -> tuple[str, str]:
    name, equals, choice = text.partition("=")
    if not equals:
        raise UsageError(
            f"--classes is ID=METHOD, for example {name or 'population'}=natural:6; found '{text}'"
        )
    return name, choice


def _refused(ledger: Ledger, atlas: Path) -> Path | None:
    """The file beside an atlas that lists rows which were refused for it; an old one is replaced."""
    from notspot_geodata.whole_files import write_whole
    from notspot_maps.tables import as_csv

    file = atlas.with_name(f"{atlas.stem}-rejects.csv")
    if len(ledger) or file.is_file():
        write_whole(file, as_csv(ledger.to_frame()))
    return file if len(ledger) else None


def _said(said: dict[str, object]) -> str:
    lines = [f"Atlas   {said['atlas']} ({int(str(said['bytes'])) / 1e6:.2f} MB)"]
    if "tiles" in said:
        lines.append(f"Tiles   {said['tiles']}")
    given = said["given"]
    if isinstance(given, dict) and given:
        lines += [f"  {note}" for note in given.values()]
        lines.append(f"  To open with them on: {Path(str(said['atlas'])).name}{said['view']}")
    if said["rejects"]:
        lines.append(f"  {said['rejects']:,} rows were refused or not matched: {said['rejects_file']}")
    if said["rejects_of_results"]:
        lines.append(f"  Those of the run are in {said['rejects_of_results']}")
    return "\n".join([*lines, f"Run     {said['run_id']}"])
