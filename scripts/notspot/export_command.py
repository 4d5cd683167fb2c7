"""
The command `notspot export`: the report of a result folder or a study as PDF, DOCX or ODT.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, cast, get_args

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import UsageError
from notspot_geodata.whole_files import write_whole

Format = Literal["pdf", "docx", "odt"]
Language = Literal["zh", "en"]
FORMATS: tuple[Format, ...] = get_args(Format)
LANGUAGES: tuple[Language, ...] = get_args(Language)


def export(
    results: Annotated[
        Path, typer.Argument(help="A folder that `notspot run` or `report` wrote, or a study (.toml) to run.")
    ],
    format: Annotated[
        str,
        typer.Option("--format", metavar="|".join(FORMATS), help="To print, for Word, or for OpenDocument."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The file; replaced if it is there. Default report.FORMAT.")
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", metavar="|".join(LANGUAGES), help="Language of the document.")
    ] = "zh",
    address: Annotated[
        str,
        typer.Option(
            "--address", help="Where the results are published, https://…: links of a PDF lead there."
        ),
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")
    ] = False,
) -> None:
    """Write the report as PDF, DOCX or ODT: A4, one language, page numbers."""
    with errors(as_json):
        target = out or Path(f"report.{format}")
        _check(target, format, lang, address)
        notes: list[str] = []
        content = _made(results, cast("Format", format), cast("Language", lang), address, notes)
        write_whole(target, content)
        if as_json:
            print_json(
                {
                    "file": str(target.absolute()),
                    "format": format,
                    "bytes": len(content),
                    "notes": notes,
                }
            )
            return
        for note in notes:
            typer.echo(f"  {note}")
        typer.echo(f"{format.upper():<7} {target.absolute()}  ({len(content) / 1e6:.1f} MB)")


def _check(target: Path, format: str, lang: str, address: str) -> None:
    if format not in FORMATS:
        near = " (Word reads .docx)" if format in ("doc", "word", "rtf") else ""
        raise UsageError(f"--format is {', '.join(FORMATS)}, not '{format}'{near}")
    if lang not in LANGUAGES:
        raise UsageError(f"--lang is {' or '.join(LANGUAGES)}, not '{lang}'")
    if target.is_dir():
        raise UsageError(f"{target} is a folder; --out names a file")
    if target.suffix.lower() != f".{format}":
        raise UsageError(f"{target} does not end in .{format}, which --format {format} writes")
    if address and (format != "pdf" or not address.startswith(("https://", "http://"))):
        raise UsageError("--address is for --format pdf, and begins with https:// or http://")


def _made(results: Path, format: Format, lang: Language, address: str, notes: list[str]) -> bytes:
    from notspot.results_folder import load

    if format == "pdf":
        from notspot_maps.documents.pdf import find_browser, report_pdf

        browser = find_browser()  # before a study is run
        return report_pdf(load(results), lang=lang, address=address, browser=browser, note=notes.append)
    if format == "docx":
        from notspot_maps.documents.word import docx as write
    else:
        from notspot_maps.documents.odt import odt as write
    from notspot_maps.documents.of_results import document_of_results
    from notspot_maps.figures.fonts import need

    need("typst")  # before a study is run
    return write(document_of_results(load(results), lang))
