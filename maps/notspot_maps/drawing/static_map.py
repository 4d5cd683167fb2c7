"""
Maps for the printed page: townships of Taiwan as one SVG, the outlying islands in insets.

The main island is drawn in EPSG:3826, Penghu, Kinmen, Wuqiu and Matsu in EPSG:3825, each with a scale bar.
Townships are simplified as a coverage, so that neighbours still meet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from notspot_coverage.divide import DivideFinding
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.absent import not_applicable as nothing_in
from notspot_maps.classes import Classes, classes_for
from notspot_maps.drawing.map_shapes import FINE, MAIN, MAP_HEIGHT, WIDTH, Frame, Placed, sheet
from notspot_maps.drawing.map_words import cluster_sentence, lowest_class_sentence
from notspot_maps.drawing.marks import exact
from notspot_maps.drawing.svg import (
    LINE,
    SOFT,
    Chart,
    drawing,
    element,
    identifier,
    lines,
    pattern,
    plain,
    unknown_pattern,
    words,
    wrapped,
)
from notspot_maps.palette import INK, OKABE_ITO, UNKNOWN_FILL
from notspot_maps.words import NOT_APPLICABLE, UNKNOWN, number

if TYPE_CHECKING:
    import geopandas as gpd

DETAIL, COARSE = 0.8, 2.0  # of simplification, in drawing units (about 0.6 km and 1.5 km)

Link = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A class of the map and its line in the legend; `fill` is a colour or ``url(#…)``."""

    label: Text
    fill: str
    count: int


def township_chart(results: Results, indicator: str, *, linked: bool = True) -> Chart:
    """
    The map of one indicator by township, with the sentence that it supports.

    Parameters
    ----------
    indicator
        Id of an indicator that the run has by township.
    linked
        Each township leads to itself in ``atlas.html`` beside the page.
    """
    from notspot_maps.report.text import atlas_link

    one = results.definitions[indicator]
    table = results.indicators
    rows = table[(table["level"] == "township") & (table["indicator"] == indicator)].set_index("code")
    values = rows["value"].astype(float)
    nothing = nothing_in(results.townships, one)
    found = classes_for(one, values.to_numpy())
    title = Text(f"{one.name.zh}，各鄉鎮市區", f"{one.name.en}, by township")
    finding = lowest_class_sentence(one, values, found, results.townships)
    svg = choropleth_svg(
        results.townships,
        values,
        found,
        title=title,
        unit=one.unit,
        source=one.source,
        description=finding,
        not_applicable=nothing,
        href=(lambda code: atlas_link(indicator, code)) if linked else None,
        prefix=identifier(f"map-{indicator}"),
    )
    entries = legend(values, found, results.townships["town_code"], nothing, "")
    frame = pd.DataFrame({"value": [e.label for e in entries], "units": [e.count for e in entries]})
    return Chart(svg, title, finding, frame)


def cluster_chart(
    results: Results, finding: DivideFinding, *, placed: Sequence[Placed] | None = None
) -> Chart:
    """
    The map of local clusters of a measure: where high, or low, values lie together.

    `placed` is a sheet of the same townships, where several maps share one (`map_shapes.sheet`).
    """
    title = Text(f"{finding.name.zh}的空間群聚", f"Local clusters of {finding.name.en}")
    said = cluster_sentence(finding, results.townships)
    prefix = identifier(f"clusters-{finding.measure}")
    svg = cluster_svg(
        results.townships,
        finding.clusters,
        title=title,
        description=said,
        prefix=prefix,
        detail=COARSE,
        placed=placed,
    )
    counts = finding.clusters["kind"].value_counts()
    table = pd.DataFrame(
        [(CLUSTERS[kind][0], int(counts.get(kind, 0))) for kind in CLUSTERS], columns=["name", "units"]
    )
    return Chart(svg, title, said, table)


def choropleth_svg(
    townships: gpd.GeoDataFrame,
    values: pd.Series[float],
    classes: Classes,
    *,
    title: Text,
    unit: Text,
    source: Text | None = None,
    description: Text | None = None,
    not_applicable: Collection[str] = (),
    href: Link | None = None,
    prefix: str = "map",
    detail: float = DETAIL,
) -> str:
    """
    The townships coloured by the class of their value, as an ``<svg>`` element.

    Parameters
    ----------
    townships
        ``town_code, town, county, county_code``, geometry in any CRS.
    values
        By ``town_code``; NaN or absent is unknown and hatched.
    not_applicable
        Codes where there is nothing to measure: left white.
    href
        From a code to the address its shape leads to.
    prefix
        Begins the ids; two maps of one page need two.
    detail
        How much shapes are simplified, in drawing units (`WIDTH` across).
    """
    codes = townships["town_code"].astype(str)
    known = values.reindex(codes).to_numpy(dtype=float)
    numbers = classes.of(known)
    colours = {
        code: f"url(#{prefix}-hatch)" if at < 0 else classes.colours[at]
        for code, at in zip(codes, numbers, strict=True)
    }
    colours |= {code: "#ffffff" for code in codes if code in not_applicable}
    figures = {
        code: NOT_APPLICABLE if code in not_applicable
        else UNKNOWN if math.isnan(value)
        else Text(f"{number(value)} {unit.zh}", f"{number(value)} {unit.en}")
        for code, value in zip(codes, known.tolist(), strict=True)
    }  # fmt: skip
    entries = legend(values, classes, codes, not_applicable, prefix)
    defs = [unknown_pattern(prefix, scale=FINE), unknown_pattern(f"{prefix}-key")]
    return _map(
        townships, colours, figures, entries, defs,
        title=title, caption=unit, source=source, description=description or title, href=href, prefix=prefix,
        detail=detail,
    )  # fmt: skip


def cluster_svg(
    townships: gpd.GeoDataFrame,
    clusters: pd.DataFrame,
    *,
    title: Text,
    description: Text | None = None,
    source: Text | None = None,
    href: Link | None = None,
    prefix: str = "clusters",
    detail: float = DETAIL,
    placed: Sequence[Placed] | None = None,
) -> str:
    """
    Local clusters (LISA) as an ``<svg>`` element: every kind has its colour and its marks.

    Parameters
    ----------
    clusters
        ``town_code``, ``kind`` (HH, LL, HL, LH, ns, unknown).
    """
    kinds = dict(zip(clusters["town_code"].astype(str), clusters["kind"].astype(str), strict=True))
    codes = [str(code) for code in townships["town_code"]]
    kinds = {code: kinds.get(code, "unknown") for code in codes}
    defs = [*cluster_patterns(prefix, float(FINE)), *cluster_patterns(f"{prefix}-key", 1.0)]

    def fill(kind: str, at: str) -> str:
        marks = CLUSTERS[kind][1]
        return f"url(#{at}-{marks})" if marks else "#ffffff"

    entries = [
        Entry(CLUSTERS[kind][0], fill(kind, f"{prefix}-key"), sum(found == kind for found in kinds.values()))
        for kind in CLUSTERS
    ]
    return _map(
        townships, {code: fill(kind, prefix) for code, kind in kinds.items()},
        {code: CLUSTERS[kind][0] for code, kind in kinds.items()}, entries, defs,
        title=title, caption=Text("局部莫蘭分析", "local Moran"), source=source,
        description=description or title, href=href, prefix=prefix, detail=detail, placed=placed,
    )  # fmt: skip


def cluster_patterns(prefix: str, scale: float) -> list[str]:
    """The marks of the kinds of clusters, for ``<defs>``."""
    return [
        pattern(prefix, "dots", BLUE, "#ffffff", scale=scale),
        pattern(prefix, "rise", ORANGE, INK, scale=scale),
        pattern(prefix, "cross", "#a6cde8", INK, scale=scale),
        pattern(prefix, "fall", "#f5deb0", INK, scale=scale),
        unknown_pattern(prefix, scale=scale),
    ]


BLUE, ORANGE = OKABE_ITO[0], OKABE_ITO[1]
CLUSTERS: Mapping[str, tuple[Text, str]] = {
    "HH": (Text("高高：高值相鄰", "high–high"), "dots"),
    "LL": (Text("低低：低值相鄰", "low–low"), "rise"),
    "HL": (Text("高低：低中之高", "high among low"), "cross"),
    "LH": (Text("低高：高中之低", "low among high"), "fall"),
    "ns": (Text("不顯著", "not significant"), ""),
    "unknown": (UNKNOWN, "hatch"),
}


def legend(
    values: pd.Series[float],
    classes: Classes,
    codes: Sequence[str] | pd.Series[str],
    nothing: Collection[str],
    prefix: str,
) -> list[Entry]:
    """The classes with their limits and the number of townships in each; unknown always has its line."""
    codes = [str(code) for code in codes]
    rest = [code for code in codes if code not in nothing]
    known = values.reindex(rest).to_numpy(dtype=float)
    found = classes.of(known)
    last = len(classes.colours) - 1
    out = []
    for at, colour in enumerate(classes.colours):
        inside = known[found == at]
        if classes.method == "values" and len(inside):
            label = number(inside[0])
        elif not classes.edges:
            label = (
                f"{number(known[found >= 0].min())}–{number(known[found >= 0].max())}" if len(inside) else "–"
            )
        elif at == 0:
            label = f"≤ {exact(classes.edges[0])}"
        elif at == last:
            label = f"> {exact(classes.edges[-1])}"
        else:
            label = f"{exact(classes.edges[at - 1])}–{exact(classes.edges[at])}"
        out.append(Entry(Text.of(label), colour, len(inside)))
    if len(rest) < len(codes):
        out.append(Entry(NOT_APPLICABLE, "#ffffff", len(codes) - len(rest)))
    out.append(
        Entry(UNKNOWN, f"url(#{prefix}-key-hatch)" if prefix else UNKNOWN_FILL, int((found < 0).sum()))
    )
    return out


# ------------------------------------------------------------------ the drawing


def _map(
    townships: gpd.GeoDataFrame,
    fills: Mapping[str, str],
    figures: Mapping[str, Text],
    entries: Sequence[Entry],
    defs: Sequence[str],
    *,
    title: Text,
    caption: Text,
    source: Text | None,
    description: Text,
    href: Link | None,
    prefix: str,
    detail: float,
    placed: Sequence[Placed] | None = None,
) -> str:
    names = {str(row.town_code): f"{row.county}{row.town}" for row in townships.itertuples()}
    shapes, borders, body = [], [], []
    for part in sheet(townships, detail) if placed is None else placed:
        for code, path in part.paths.items():
            said = f"{names[code]} {figures[code].zh}"
            if figures[code].zh != figures[code].en:
                said += f"｜{figures[code].en}"
            shape = element("path", element("title", plain(said)), d=path, fill=fills[code])
            shapes.append(element("a", shape, href=href(code), tabindex="-1") if href else shape)
        borders.append(part.counties)
        body += _furniture(part.frame, part.unit_km)
    paint = {"stroke": "#7b8794", "stroke_width": 2.5, "stroke_linejoin": "round"}
    scale = f"scale({1 / FINE:g})"
    body.append(element("g", *shapes, transform=scale, **paint))
    outline = element(
        "path", d="".join(borders), fill="none", stroke=INK, stroke_width=6, stroke_linejoin="round"
    )
    body.append(element("g", outline, transform=scale, pointer_events="none"))
    key, bottom = _key(entries, caption)
    body += key
    if source is not None:
        credit = Text(f"資料：{source.zh}", f"Data: {source.en}")
        body.append(lines(4, bottom, credit, columns=62, step=15, size=11))
        bottom += 15 * max(len(wrapped(credit.zh, 62)), len(wrapped(credit.en, 62)))
    height = bottom + 2
    return drawing(
        prefix, title, description, body, height=height, view=(WIDTH, height), max_width=560, defs=defs,
        role="group" if href else "img",
    )  # fmt: skip


def _key(entries: Sequence[Entry], caption: Text) -> tuple[list[str], float]:
    y = MAP_HEIGHT + 16
    out = [words(4, y, caption, weight=600)]
    many = -(-len(entries) // 2)
    for at, entry in enumerate(entries):
        x, row = 4 + 200 * (at // many), y + 10 + 21 * (at % many)
        out.append(element("rect", x=x, y=row, width=26, height=14, fill=entry.fill, stroke=SOFT))
        label = Text(f"{entry.label.zh}（{entry.count:,}）", f"{entry.label.en} ({entry.count:,})")
        out.append(words(x + 34, row + 12, label))
    return out, y + 10 + 21 * many + 16


def _furniture(frame: Frame, unit_km: float) -> list[str]:
    """Box, name and scale bar of a frame; the main island has a bar only, at the bottom left."""
    x, y, width, height = frame.box
    out = []
    if frame is MAIN:
        x, y, width, height = 4, MAP_HEIGHT - 34, 120, 30
    else:
        out.append(element("rect", x=x, y=y, width=width, height=height, fill="none", stroke=LINE))
        out.append(words(x + 5, y + 15, frame.name, size=12))
    length = frame.bar_km / unit_km
    left, foot = x + 6, y + height - 6
    out.append(element("path", d=f"M{left} {foot - 4}v4h{length:.1f}v-4", fill="none", stroke=INK))
    out.append(words(left + length + 5, foot + 1, Text.of(f"{frame.bar_km:g} km"), size=11, fill=SOFT))
    return out
