"""
The command `notspot embed`: a view of an atlas for somebody else's page, as a frame and as a picture with a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from notspot_maps.atlas.file import AtlasFile

LEAST_HEIGHT = 240  # pixels in which the map can still be read
PICTURES = (".png", ".svg")  # what browsers show in a page


@dataclass(frozen=True, slots=True)
class View:
    """A view of an atlas: what its address says, and what a reader without the map is told."""

    address: str
    title: str


def embed(
    atlas: Annotated[Path, typer.Argument(help="An atlas that Notspot wrote, or a folder with atlas.html.")],
    indicator: Annotated[
        str | None, typer.Option(help="Id of the indicator; `notspot indicators` lists them.")
    ] = None,
    place: Annotated[str | None, typer.Option(help="Code or name of a county, township or village.")] = None,
    level: Annotated[str | None, typer.Option(help="county, township, village, or auto (by zoom).")] = None,
    year: Annotated[int | None, typer.Option(help="A year that the atlas has.")] = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    height: Annotated[int, typer.Option(help="Height of the frame in pixels.")] = 640,
    url: Annotated[
        str | None,
        typer.Option(help="Where the atlas will stand, if not beside the page: https://…/atlas.html."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the view as .png or .svg, for Word, Markdown and print.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for machines, nothing else.")
    ] = False,
) -> None:
    """Print what embeds a view of an atlas: an iframe for web pages, a picture with a link for the rest."""
    with errors(as_json):
        from notspot_maps.atlas.file import read_atlas

        if lang not in ("zh", "en"):
            raise UsageError(f"--lang is zh or en, not '{lang}'")
        if height < LEAST_HEIGHT:
            raise UsageError(f"--height is {height}; a map can be read from {LEAST_HEIGHT} pixels on")
        if picture is not None and picture.suffix.lower() not in PICTURES:
            raise UsageError(
                f"--picture is {picture.name}; pages and Word show {' and '.join(PICTURES)} only "
                "(`notspot figure` draws PDF)"
            )
        found = read_atlas(atlas)
        view = view_of(found, indicator=indicator, place=place, level=level, year=year, lang=lang)
        address = (url or quote(found.path.name)) + view.address
        frame = iframe(address, view.title, height)
        parts = {"iframe": frame, "link": address, "title": view.title}
        if picture is not None:
            _draw(found, picture, indicator=indicator, place=place, level=level, year=year, lang=lang)
            parts["markdown"] = markdown(address, view.title, picture.name)
            parts["html_picture"] = html_picture(address, view.title, picture.name)
        if as_json:
            print_json(parts)
        else:
            typer.echo(_said(parts))


def view_of(
    atlas: AtlasFile,
    *,
    indicator: str | None = None,
    place: str | None = None,
    level: str | None = None,
    year: int | None = None,
    lang: str = "zh",
) -> View:
    """
    The address of a view, every part of which the atlas has, and its title in `lang`.

    Raises
    ------
    NotFoundError
        The atlas has no such indicator, place or year.
    """
    at = 1 if lang == "en" else 0
    parts, words = [], []
    if indicator is not None:
        shown = atlas.indicator(indicator)
        parts.append(f"i={quote(indicator, safe='')}")
        words.append(shown["name"][at])
        if level not in (None, "auto") and level not in shown["levels"]:
            there = ", ".join(shown["levels"]) or "only a national one"
            raise NotFoundError(f"'{indicator}' has no figures by '{level}'; it has {there}")
    if level is not None:
        if level not in ("auto", "county", "township", "village"):
            raise NotFoundError(
                f"there is no level '{level}'; the levels are county, township, village, and auto"
            )
        parts.append(f"l={level}")
    if place is not None:
        unit = atlas.place(place)
        parts.append(f"p={unit.code}")
        words.append(unit.name.en if at else unit.name.zh)
    if year is not None:
        years = atlas.data["years"]
        if year not in years:
            raise NotFoundError(
                f"{atlas.path.name} has no figures of {year}; it has {', '.join(map(str, years))}"
            )
        parts.append(f"y={year}")
        words.append(str(year))
    if lang != "zh":
        parts.append(f"lang={lang}")
    title = " · ".join([*words, atlas.title.en if at else atlas.title.zh])
    return View("#" + "&".join(parts) if parts else "", title)


def iframe(address: str, title: str, height: int) -> str:
    """The frame: as wide as its place, sandboxed so that the map cannot touch the page around it."""
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="{height}" '
        'style="border:0" loading="lazy" sandbox="allow-scripts allow-downloads allow-popups"></iframe>'
    )


def markdown(address: str, title: str, picture: str) -> str:
    """A picture that leads to the view, for Markdown."""
    alt = re.sub(r"([\\\[\]<>&`])", r"\\\1", " ".join(title.split()))
    return f"[![{alt}]({quote(picture)})](<{address.replace('<', '%3C').replace('>', '%3E')}>)"


def html_picture(address: str, title: str, picture: str) -> str:
    """The same as HTML: Word and mail take it by copy and paste."""
    return f'<a href="{escape(address)}"><img src="{escape(quote(picture))}" alt="{escape(title)}" width="640"></a>'


def _draw(
    atlas: AtlasFile,
    out: Path,
    *,
    indicator: str | None,
    place: str | None,
    level: str | None,
    year: int | None,
    lang: str,
) -> None:
    """The view as a picture: of its level, or of townships, or of the level that there is."""
    from typing import Any, cast

    from notspot_maps.figures.kinds import figure

    shown = indicator or atlas.data["first"]
    levels = list(atlas.indicator(shown)["levels"]) if shown else []
    drawn = (
        level if level in levels else "township" if "township" in levels else next(iter(levels), "township")
    )
    code = atlas.place(place).code if place else None
    asked: dict[str, Any] = {"level": drawn, "place": code, "lang": lang}
    figure(atlas.results(year), "map", indicator=cast("str | None", shown), out=out, **asked)


def _said(parts: dict[str, str]) -> str:
    lines = [parts["iframe"]]
    if "markdown" in parts:
        lines += ["", "Markdown", parts["markdown"], "", "Word, mail (HTML)", parts["html_picture"]]
    else:
        lines += [
            "",
            "Link",
            parts["link"],
            "",
            "With --picture FILE.png it also draws the view, for Word, Markdown and print.",
        ]
    return "\n".join(lines)
