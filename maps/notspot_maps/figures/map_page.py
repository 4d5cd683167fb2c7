"""
Maps that fill a printed page: the nation by county, township or village, or one county with a place marked.

Classes are those of the whole nation, so that the maps of counties compare. Unknown is hatched, nothing to measure is
white, dots mark units whose bounds reach into another class. The legend counts the units that are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from notspot_coverage.definitions import Indicator
from notspot_coverage.divide import DivideFinding
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.classes import Choice, Classes, classes_for
from notspot_maps.drawing.map_shapes import FINE
from notspot_maps.drawing.map_words import cluster_sentence, lowest_class_sentence
from notspot_maps.drawing.static_map import CLUSTERS, Entry, cluster_patterns, legend
from notspot_maps.drawing.svg import LINE, SOFT, element, plain, unknown_pattern
from notspot_maps.figures.legend import column_key, columns_key, furniture, names_on
from notspot_maps.figures.page import HEIGHT, Page, said
from notspot_maps.figures.places import (
    BY,
    LEVELS,
    Figures,
    Place,
    definition,
    figure_at,
    figures_of,
    full_names,
    names_by_code,
    place_of,
)
from notspot_maps.figures.shapes import LEGEND_AT, NATION_SIZE, Level, Sheet, county_sheet, nation_sheet
from notspot_maps.figures.standalone import Language
from notspot_maps.palette import INK
from notspot_maps.words import UNKNOWN, number

WIDE = Text("上下限跨級", "bounds reach into another class")
MARK = "#b3123f"  # of a place that is pointed out; in none of the scales, 6.9:1 on white
FOOT = 84.0  # pixels that source and run take, or a little less
KEY = 130.0  # and the legend of a county's map
_BORDERS: Mapping[Level, tuple[str, float]] = {
    "county": ("#5b6773", 0.5),
    "township": ("#7b8794", 0.35),
    "village": ("#9aa5b1", 0.12),
}  # colour and width in pixels of the lines between units


def map_page(
    results: Results,
    indicator: str,
    *,
    level: Level = "township",
    place: str | None = None,
    zoom: bool = True,
    choice: Choice | None = None,
    lang: Language = "zh",
) -> str:
    """
    The map of one indicator on an A4 page, as an ``<svg>`` element in one language or both.

    Parameters
    ----------
    place
        Code or name of a county, township or village to point out.
    zoom
        Draw the county of `place` only; else the nation, with the place outlined.
    choice
        Of classes, in place of the indicator's own.

    Raises
    ------
    NotFoundError
        The indicator, its figures at the level or the place are not there; the message lists what is.
    """
    one = definition(results, indicator)
    own = figures_of(results, indicator, level)
    spot = None if place is None else place_of(results, place)
    zoomed = spot if zoom else None
    classes = classes_for(one, own.values.to_numpy(), choice)
    head = one.name if spot is None else _headed(spot.county if zoomed else spot.name, one.name)
    page = Page(lang)
    page.write(head, size=20, weight=700, after=2)
    page.write(_subtitle(results, one, level, spot), size=13, fill=SOFT, after=2)
    if spot is None and level == "township":
        page.write(lowest_class_sentence(one, own.values, classes, results.townships), after=2)
    page.y += 8
    shapes = results.villages if level == "village" else results.townships
    if zoomed is not None:
        sheet = county_sheet(
            shapes, level, zoomed.code, results.townships, size=(page.width, HEIGHT - KEY - FOOT - page.y)
        )
    else:
        scale = min(1.0, (HEIGHT - FOOT - page.y) / NATION_SIZE[1])
        sheet = nation_sheet(shapes, level, scale=scale, mark=spot.code if spot else "")
    of = own.classed(sheet.codes, classes)
    wide = {code for code, (_, far) in of.items() if far}
    titles = _titles(results, own, one, level, lang)
    fills = class_fills(classes)
    body = [
        map_patterns(),
        coloured(sheet, {code: fills[at] for code, (at, _) in of.items()}, level, wide=wide, titles=titles),
        _outline(sheet),
        names_on(
            sheet, names_by_code(results, "township" if zoomed and level != "county" else "county", lang)
        ),
        furniture(sheet, lang),
    ]
    key = key_of(sheet.codes, own, classes, len(wide))
    caption = _caption(one.unit, level)
    if zoomed is not None:
        edge = element("rect", width=sheet.size[0], height=sheet.size[1], fill="none", stroke=LINE)
        page.put("".join([*body, edge]), sheet.size[1], after=10)
        page.put(*columns_key(key, caption, lang, page.width))
        page.write(
            Text("級距依全國各單位之數值。", "Classes are those of the whole nation."), size=11, fill=SOFT
        )
    else:
        _with_key(page, sheet, body, key, caption)
    foot(page, results, one.source, one.caveat)
    return page.svg(head, head)


def cluster_page(results: Results, finding: DivideFinding, *, lang: Language = "zh") -> str:
    """The map of local clusters of a measure on an A4 page: where high, or low, values lie together."""
    head = Text(f"{finding.name.zh}的空間群聚", f"Local clusters of {finding.name.en}")
    page = Page(lang)
    page.write(head, size=20, weight=700, after=2)
    page.write(cluster_sentence(finding, results.townships), after=10)
    sheet = nation_sheet(
        results.townships, "township", scale=min(1.0, (HEIGHT - FOOT - page.y) / NATION_SIZE[1])
    )
    table = finding.clusters
    kinds = dict(zip(table["town_code"].astype(str), table["kind"].astype(str), strict=True))
    kinds = {code: kinds.get(code, "unknown") for code in sheet.codes}

    def fill(kind: str, prefix: str) -> str:
        return f"url(#{prefix}-{CLUSTERS[kind][1]})" if CLUSTERS[kind][1] else "#ffffff"

    defs = [*cluster_patterns("m", float(FINE)), *cluster_patterns("m-key", 1.0)]
    names = full_names(results, "township", lang)
    titles = {code: f"{names[code]} {said(CLUSTERS[kind][0], lang)}" for code, kind in kinds.items()}
    body = [
        element("defs", *defs),
        coloured(sheet, {code: fill(kind, "m") for code, kind in kinds.items()}, "township", titles=titles),
        names_on(sheet, names_by_code(results, "county", lang)),
        furniture(sheet, lang),
    ]
    key = [
        Entry(CLUSTERS[kind][0], fill(kind, "m-key"), sum(found == kind for found in kinds.values()))
        for kind in CLUSTERS
    ]
    _with_key(
        page,
        sheet,
        body,
        key,
        Text("局部莫蘭分析（括號內為鄉鎮市區數）", "Local Moran (number of townships)"),
    )
    foot(page, results, definition(results, finding.measure).source)
    return page.svg(head, head)


def foot(page: Page, results: Results, source: Text, caveat: Text | None = None) -> None:
    """Source, what to mind where there is room for it, and which run this is from."""
    page.y += 4
    page.write(Text(f"資料：{source.zh}", f"Data: {source.en}"), size=11, fill=SOFT)
    if caveat is not None and page.height_of(caveat, 11) < HEIGHT - page.y - 30:
        page.write(Text(f"注意：{caveat.zh}", f"Note: {caveat.en}"), size=11, fill=SOFT)
    boundaries = results.run.get("boundaries")
    vintage = str(boundaries.get("vintage", "")) if isinstance(boundaries, Mapping) else ""
    of = Text(f"界線 {vintage}，", f"boundaries {vintage}, ") if vintage else Text("", "")
    made = Text(f"Notspot，{of.zh}執行代號 {results.run_id}", f"Notspot, {of.en}run {results.run_id}")
    page.write(made, size=9, fill=SOFT)


# ------------------------------------------------------------------ the drawing


def map_patterns(prefix: str = "m") -> str:
    """The hatch of the unknown and the dots of wide bounds: over shapes, in tenths of pixels, and in legends."""
    hatches = [unknown_pattern(prefix, scale=FINE), unknown_pattern(f"{prefix}-key")]
    return element("defs", *hatches, _dots(f"{prefix}-wide", FINE), _dots(f"{prefix}-key-wide", 1))


def _dots(name: str, scale: float) -> str:
    """Dots on a clear ground: dark ones with a white rim are seen on every colour."""
    rim, dot = (
        element("circle", cx=2.5 * scale, cy=2.5 * scale, r=radius * scale, fill=fill)
        for radius, fill in ((1.25, "#ffffff"), (0.8, INK))
    )
    return element(
        "pattern", rim, dot, id=name, width=5 * scale, height=5 * scale, patternUnits="userSpaceOnUse"
    )


def class_fills(classes: Classes, prefix: str = "m") -> dict[int, str]:
    """How shapes of each class are filled; -1 is unknown, -3 nothing to measure."""
    return {-1: f"url(#{prefix}-hatch)", -3: "#ffffff", **dict(enumerate(classes.colours))}


def coloured(
    sheet: Sheet,
    fills: Mapping[str, str],
    level: Level,
    *,
    wide: Collection[str] = (),
    titles: Mapping[str, str] | None = None,
    prefix: str = "m",
    line: float = 1.0,
) -> str:
    """
    The units of a sheet in the fills of their codes, with their borders.

    Parameters
    ----------
    wide
        Codes that get dots.
    titles
        What a reader of the SVG sees over a unit; without, units of a fill are one path, which is a third smaller.
    line
        Factor of the widths of lines.
    """
    border, width = _BORDERS[level]
    drawn: list[str] = []
    around = "".join(part.around for part in sheet.parts)
    if around:
        drawn.append(element("path", d=around, fill="#f4f5f6", stroke=LINE, stroke_width=0.6 * FINE))
    groups: dict[str, list[str]] = {}
    dotted: list[str] = []
    for code, path in (pair for part in sheet.parts for pair in part.paths.items()):
        shape = element("path", element("title", plain(titles[code])), d=path) if titles else path
        groups.setdefault(fills[code], []).append(shape)
        dotted += [path] * (code in wide)
    round_ = {"stroke_linejoin": "round"}
    for fill in sorted(groups):
        inside = "".join(groups[fill]) if titles else element("path", d="".join(groups[fill]))
        drawn.append(
            element("g", inside, fill=fill, stroke=border, stroke_width=width * line * FINE, **round_)
        )
    if dotted:
        drawn.append(element("path", d="".join(dotted), fill=f"url(#{prefix}-wide)"))
    counties = "".join(part.counties for part in sheet.parts)
    drawn.append(
        element("path", d=counties, fill="none", stroke=INK, stroke_width=0.7 * line * FINE, **round_)
    )
    return element("g", *drawn, transform=f"scale({1 / FINE:g})")


def key_of(
    codes: Sequence[str], own: Figures, classes: Classes, wide: int = 0, prefix: str = "m"
) -> list[Entry]:
    """The legend's entries; without that of wide bounds, the last, their counts add up to the units."""
    entries = legend(own.values, classes, codes, own.nothing & set(codes), prefix)
    return [*entries, Entry(WIDE, f"url(#{prefix}-key-wide)", wide)] if wide else entries


def _with_key(page: Page, sheet: Sheet, body: Sequence[str], key: Sequence[Entry], caption: Text) -> None:
    """The nation with the legend in the sea under the islands."""
    scale = sheet.size[0] / NATION_SIZE[0]
    at = LEGEND_AT[0] * scale, LEGEND_AT[1] * scale
    drawn, bottom = column_key(key, caption, page.lang, at=at, width=225 * scale)
    page.put("".join([*body, drawn]), max(sheet.size[1], bottom), after=6)


def _outline(sheet: Sheet) -> str:
    """The place pointed out, in a colour of its own over a white line."""
    path = "".join(part.marked for part in sheet.parts)
    if not path:
        return ""
    lines = (
        element(
            "path", d=path, fill="none", stroke=colour, stroke_width=width * FINE, stroke_linejoin="round"
        )
        for colour, width in (("#ffffff", 4.4), (MARK, 2.2))
    )
    return element("g", *lines, transform=f"scale({1 / FINE:g})")


# ------------------------------------------------------------------ words


def _headed(where: Text, name: Text) -> Text:
    return Text(f"{where.zh}：{name.zh}", f"{where.en}: {name.en}")


def _caption(unit: Text, level: Level) -> Text:
    of = LEVELS[level]
    return Text(f"{unit.zh}（括號內為{of.zh}數）", f"{unit.en} (number of {of.en})")


def _subtitle(results: Results, one: Indicator, level: Level, spot: Place | None) -> Text:
    """Level, unit, date, and the figures of the nation, the county and the place."""
    zh, en = [BY[level].zh, f"單位：{one.unit.zh}"], [BY[level].en, f"unit: {one.unit.en}"]
    if one.as_of:
        zh, en = [*zh, one.as_of], [*en, one.as_of]
    places = {"TW": Text("全國", "nation")}
    if spot is not None:
        places |= {spot.code[:5]: spot.county, spot.code: spot.name}
    for code, name in places.items():
        figure = figure_at(results, one, code)
        if figure is not None or code != "TW":
            zh.append(f"{name.zh} {figure or UNKNOWN.zh}")
            en.append(f"{name.en} {figure or UNKNOWN.en}")
    line = " · ".join(en)
    return Text("　".join(zh), line[:1].upper() + line[1:])


def _titles(results: Results, own: Figures, one: Indicator, level: Level, lang: Language) -> dict[str, str]:
    out = {}
    for code, name in full_names(results, level, lang).items():
        value = own.values.get(code, math.nan)
        unit = said(one.unit, lang)
        out[code] = f"{name} {said(UNKNOWN, lang) if pd.isna(value) else f'{number(value, one.kind)} {unit}'}"
    return out
