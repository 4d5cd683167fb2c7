"""
One call for every printed figure: maps, series over years, charts of the divide, targets and accounts.

    figure(results, "map", indicator="dl_mbps_best", place="10014", out="taitung.pdf")

A figure is a page of at most 180 × 267 mm (A4 with margins of 15 mm) with title, finding, legend, source and run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import pandas as pd

from notspot_coverage.divide import DivideFinding, divide
from notspot_coverage.results import Results
from notspot_geodata.errors import NotFoundError, UsageError
from notspot_geodata.text import Text
from notspot_geodata.whole_files import write_whole
from notspot_maps.account.figures import AccountKind, account_chart, services_of
from notspot_maps.account.indicators import with_account
from notspot_maps.classes import Choice
from notspot_maps.drawing.charts import bullet_chart, gap_chart, lorenz_chart, ranking_chart, scatter_chart
from notspot_maps.drawing.svg import Chart
from notspot_maps.figures.map_page import cluster_page, foot, map_page
from notspot_maps.figures.multiples import change_page, multiples_page
from notspot_maps.figures.page import WIDTH, Page
from notspot_maps.figures.pictures import FORMATS, Format, picture
from notspot_maps.figures.places import definition, full_names, mapped, ranking
from notspot_maps.figures.shapes import KEYS, Level
from notspot_maps.figures.standalone import LANGUAGES, Language

Kind = Literal[
    "map", "multiples", "change", "clusters", "gap", "lorenz", "scatter", "best", "worst", "bullet", "shares",
    "notspots", "roaming",
]  # fmt: skip

KINDS: Mapping[Kind, Text] = {
    "map": Text("一項指標的地圖", "map of an indicator"),
    "multiples": Text("歷年地圖並列", "maps of several years side by side"),
    "change": Text("首末兩年之變化", "map of the change between the first and the last year"),
    "clusters": Text("空間群聚地圖", "map of local clusters"),
    "gap": Text("各群組之差距", "gap between groups of townships"),
    "lorenz": Text("羅倫茲曲線", "Lorenz curve"),
    "scatter": Text("散布圖，標示偏遠鄉鎮", "scatter, remote townships marked"),
    "best": Text("最好的鄉鎮市區", "townships with the best values"),
    "worst": Text("最差的鄉鎮市區", "townships with the worst values"),
    "bullet": Text("公布值與目標", "official figures against their targets"),
    "shares": Text("各類地區之涵蓋率", "shares covered by kind of area"),
    "notspots": Text("訊號盲點人數", "people by kind of not-spot"),
    "roaming": Text("漫遊可解決之人數", "people whom roaming would reach"),
}
_MAPS = ("map", "multiples", "change")
_RANKED = ("best", "worst")
_OF_A_MEASURE = ("clusters", "gap", "lorenz", "scatter")
_OF_AN_ACCOUNT = ("shares", "notspots", "roaming")
_NARROW = (480.0, 400.0)  # pixels of page and chart where a square wider than that says no more
_COLUMNS = 100  # of letters of 12 pixels on a page: words below a chart take its whole width
_DENSITY = "density_per_km2"
_INSTEAD = "'map', 'best' and 'worst' draw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a figure is to show besides its kind; see `figure`."""

    indicator: str | None = None
    level: Level = "township"
    place: str | None = None
    zoom: bool = True
    choice: Choice | None = None
    earlier: Sequence[Results] = ()
    against: str = _DENSITY
    service: str | None = None
    lang: Language = "zh"


def figure(
    results: Results,
    kind: Kind,
    *,
    indicator: str | None = None,
    level: Level = "township",
    place: str | None = None,
    zoom: bool = True,
    classes: Choice | str | None = None,
    earlier: Sequence[Results] = (),
    against: str = _DENSITY,
    service: str | None = None,
    lang: Language = "zh",
    format: Format | None = None,
    dpi: float = 200,
    out: str | Path | None = None,
) -> bytes:
    """
    A figure for print.

    Parameters
    ----------
    kind
        One of `KINDS`.
    indicator
        Id of the indicator, for all but ``bullet``, ``shares``, ``notspots`` and ``roaming``.
    level
        Of maps: ``county``, ``township`` or ``village``.
    place
        Code or name of a county, township or village: the map is of its county, with the place outlined.
    zoom
        False draws the nation all the same, with `place` outlined.
    classes
        Of a map, as ``natural:6`` or ``fixed:20,40,60`` (`Choice.parse`), in place of the indicator's own.
    earlier
        Results of other years, for ``multiples`` and ``change``.
    against
        Column of townships across a scatter, on a logarithmic axis.
    service
        Of an account, for ``shares``, ``notspots`` and ``roaming``; by default its first.
    lang
        ``zh``, ``en``, or ``both``.
    format, dpi
        ``png`` (of so many dots an inch), ``pdf`` or ``svg``; by default what the name of `out` says, else PNG.
    out
        Where to write the figure too.

    Returns
    -------
    file
        Its bytes.

    Raises
    ------
    UsageError
        A kind, level, language or format that there is not, or a figure that lacks what it needs.
    NotFoundError
        An indicator, place or service that is not there: the message lists what is; or ``notspot[print]`` is
        not installed.
    """
    chosen = _format(format, out)
    choice = Choice.parse(classes) if isinstance(classes, str) else classes
    asked = Asked(
        indicator=indicator, level=level, place=place, zoom=zoom, choice=choice, earlier=earlier, against=against,
        service=service, lang=lang,
    )  # fmt: skip
    made = picture(figure_svg(results, kind, asked), chosen, dpi=dpi, lang=lang)
    if out is not None:
        write_whole(out, made)
    return made


def figure_svg(results: Results, kind: Kind, asked: Asked) -> str:
    """The figure as one ``<svg>`` element in the language asked for; raises as `figure` does."""
    if kind not in KINDS:
        known = "; ".join(f"{name} ({text.en})" for name, text in KINDS.items())
        raise UsageError(f"no figure '{kind}'; there are {known}")
    if asked.lang not in LANGUAGES:
        raise UsageError(f"a figure has no language '{asked.lang}'; there are {', '.join(LANGUAGES)}")
    if asked.level not in KEYS:
        raise UsageError(f"no level '{asked.level}'; there are {', '.join(KEYS)}")
    if kind in _MAPS:
        return _map(results, kind, asked)
    if kind in _RANKED:
        return _ranked(results, cast(Literal["best", "worst"], kind), asked)
    if kind in _OF_A_MEASURE:
        return _measure(results, kind, asked)
    if kind in _OF_AN_ACCOUNT:
        return _account(results, cast(AccountKind, kind), asked)
    return _bullet(results, asked)


def choices(results: Results, kind: Kind, level: Level = "township") -> dict[str, Text]:
    """What a figure of that kind can be of: indicators, measures of the divide or services, with their names."""
    if kind in (*_MAPS, *_RANKED):
        whole = with_account(results)
        level = level if kind in _MAPS else "township"
        return {name: whole.definitions[name].name for name in mapped(whole, level)}
    if kind in _OF_A_MEASURE:
        return {finding.measure: finding.name for finding in results.divide}
    if kind in _OF_AN_ACCOUNT:
        return services_of(results, cast(AccountKind, kind))
    return {}


# ------------------------------------------------------------------ kinds


def _map(results: Results, kind: Kind, asked: Asked) -> str:
    name = _needed(asked.indicator, results, kind, asked.level)
    whole = _knowing(results, name)
    if kind == "map":
        return map_page(
            whole,
            name,
            level=asked.level,
            place=asked.place,
            zoom=asked.zoom,
            choice=asked.choice,
            lang=asked.lang,
        )
    if asked.place is not None:
        raise UsageError(f"'{kind}' is of the whole nation; a place can be given to 'map' only")
    years = [whole, *(_knowing(one, name) for one in asked.earlier)]
    if kind == "change":
        return change_page(years, name, level=asked.level, lang=asked.lang)
    return multiples_page(years, name, level=asked.level, choice=asked.choice, lang=asked.lang)


def _measure(results: Results, kind: Kind, asked: Asked) -> str:
    name = _needed(asked.indicator, results, kind, asked.level)
    whole = _knowing(results, name)
    one = definition(whole, name)
    if kind == "scatter":
        return _chart(results, _scatter(results, name, asked.against), one.source, asked.lang)
    finding = _finding(whole, name)
    if kind == "clusters":
        return cluster_page(results, finding, lang=asked.lang)
    charts: Mapping[str, Callable[[DivideFinding], Chart]] = {"gap": gap_chart, "lorenz": lorenz_chart}
    return _chart(results, charts[kind](finding), one.source, asked.lang, wide=kind != "lorenz")


def _knowing(results: Results, indicator: str) -> Results:
    """The results, with the shares of their account among the indicators where it is none of their own."""
    return results if indicator in results.definitions else with_account(results)


def _ranked(results: Results, which: Literal["best", "worst"], asked: Asked) -> str:
    name = _needed(asked.indicator, results, which, "township")
    whole = _knowing(results, name)
    one = definition(whole, name)
    found = next((finding for finding in results.divide if finding.measure == name), None)
    english = full_names(results, "township", "en")
    chart = ranking_chart(found or ranking(whole, name), which, english=english, kind=one.kind)
    return _chart(results, chart, one.source, asked.lang)


def _finding(results: Results, name: str) -> DivideFinding:
    """The divide of a measure: as the run found it, else worked out now."""
    for finding in results.divide:
        if finding.measure == name:
            return finding
    try:
        return divide(results.townships, results.definitions[name])
    except ValueError as error:
        there = ", ".join(finding.measure for finding in results.divide) or "none that does"
        raise NotFoundError(
            f"no divide can be drawn: {str(error).rstrip('.')}; the run has {there}. "
            f"{_INSTEAD} any indicator by township"
        ) from error


def _scatter(results: Results, name: str, against: str) -> Chart:
    towns = results.townships
    for column in (name, against):
        if column not in towns or not pd.api.types.is_numeric_dtype(towns[column]):
            numbers = [str(c) for c in towns.columns if pd.api.types.is_numeric_dtype(towns[c])]
            raise NotFoundError(
                f"townships have no column of numbers '{column}'; there are {', '.join(numbers)}"
            )
    if "remote" not in towns:
        raise UsageError("the results do not say which townships are remote")
    return scatter_chart(
        towns, against, name, towns["remote"], definitions=results.definitions, columns=_COLUMNS
    )


def _account(results: Results, kind: AccountKind, asked: Asked) -> str:
    chart, source = account_chart(results, kind, asked.service)
    return _chart(results, chart, source, asked.lang)


def _bullet(results: Results, asked: Asked) -> str:
    shown = {
        name: one
        for name, one in results.definitions.items()
        if one.official_2021 is not None and one.target_2025 is not None and one.kind == "share"
    }
    if not shown:
        raise NotFoundError(
            "no indicator of these results has both an official figure and a target in percent"
        )
    sources = list(dict.fromkeys((one.source.zh, one.source.en) for one in shown.values()))
    source = Text("；".join(zh for zh, _ in sources), "; ".join(en for _, en in sources))
    return _chart(results, bullet_chart(shown, results.indicators), source, asked.lang)


def _chart(results: Results, chart: Chart, source: Text, lang: Language, *, wide: bool = True) -> str:
    """A chart under its title and what it shows."""
    page = Page(lang, WIDTH if wide else _NARROW[0])
    page.write(chart.title, size=18, weight=700, after=2)
    page.write(chart.finding, size=13, after=12)
    page.chart(chart, width=None if wide else _NARROW[1])
    foot(page, results, source)
    return page.svg(chart.title, chart.finding)


# ------------------------------------------------------------------ what is missing


def _needed(name: str | None, results: Results, kind: Kind, level: Level) -> str:
    """The id of the indicator; `UsageError` lists what there is where none was given."""
    if name is not None:
        return name
    there = choices(results, kind, level)
    if not there:
        if kind in _OF_A_MEASURE and choices(results, "worst"):
            raise UsageError(
                f"'{kind}' needs a measure with a divide (a rate by township, such as Mbps or stations a person), and "
                f"the results have none. {_INSTEAD} any indicator by township"
            )
        what = f"none by {level}" if results.definitions or results.account is not None else "no indicators"
        raise UsageError(f"'{kind}' needs an indicator, and the results have {what}")
    listing = "\n".join(f"  {one:<34} {text.zh} · {text.en}" for one, text in there.items())
    raise UsageError(f"'{kind}' needs an indicator (--indicator ID); there are\n{listing}")


def _format(format: Format | None, out: str | Path | None) -> Format:
    """The format asked for, else that of the file's name."""
    suffix = Path(out).suffix.lower().removeprefix(".") if out is not None else ""
    if format is None:
        if out is not None and suffix not in FORMATS:
            raise UsageError(
                f"{out}: the name says no format; end it in {', '.join('.' + f for f in FORMATS)}"
            )
        return cast(Format, suffix) if suffix else "png"
    if format not in get_args(Format):
        raise UsageError(f"no figure is '{format}'; there are {', '.join(FORMATS)}")
    if suffix and suffix != format:
        raise UsageError(f"{out} ends in .{suffix}, but the format asked for is {format}")
    return format
