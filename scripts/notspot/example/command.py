"""
The command `notspot example`: a study to copy from, with all its files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from notspot.terminal import errors, print_json


def example(
    out: Annotated[Path, typer.Option(help="Folder for the study and its files.")] = Path("notspot-example"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")
    ] = False,
) -> None:
    """Write an example study: every official indicator from synthetic files, to copy from."""
    with errors(as_json):
        from notspot.example.writing import write_example

        study = write_example(out)
        if as_json:
            print_json({"study": str(study), "files": sorted(item.name for item in study.parent.iterdir())})
            return
        typer.echo(f"Study   {study}\nRun it  notspot run {study}")
