"""
The command `notspot atlas`: the atlas of a study or of a folder of results, as one file.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import UsageError


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
            help="Study or folder of results of another year, for trends; may be given several times."
        ),
    ] = None,
    lang: Annotated[str, typer.Option(help="Language it opens in: zh or en; the page has a switch.")] = "zh",
    basemap: Annotated[
        bool,
        typer.Option("--basemap", help="OpenStreetMap below; the file then asks the network for pictures."),
    ] = False,
    allow_rejects: Annotated[
        bool, typer.Option("--allow-rejects", help="Go on without rows of the study that have problems.")
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
        from notspot.results_folder import load
        from notspot_maps.atlas import atlas as make

        results = load(source, allow_rejects=allow_rejects)
        past = [load(each, allow_rejects=allow_rejects) for each in earlier or ()]
        page = make(results, earlier=past, tiles=basemap, lang=lang).get_root().render()
        written = write_whole(out, page)
        shown = sum(definition.recipe is not None for definition in results.definitions.values())
        if as_json:
            print_json(
                {
                    "run_id": results.run_id,
                    "atlas": str(written),
                    "bytes": written.stat().st_size,
                    "indicators": len(results.definitions),
                    "computed": shown,
                }
            )
        else:
            typer.echo(f"Atlas   {written} ({written.stat().st_size / 1e6:.2f} MB)\nRun     {results.run_id}")


def write_whole(out: Path, text: str) -> Path:
    """Write a text file beside its place and move it there, so that a stopped command leaves the old one whole."""
    target = out.absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    except OSError as error:
        raise UsageError(f"{target}: cannot write there ({error.strerror}); choose another --out") from error
    new = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        new.chmod(0o666 & ~mask)  # mkstemp makes it private
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)
    return target
