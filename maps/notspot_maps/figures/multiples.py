"""
One indicator over several years: a small map a year with one set of classes and one legend, and the map of the change.

All years are drawn on the boundaries of the latest; a unit that an earlier year does not have, or has under another
code, is unknown there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from notspot_coverage.definitions import Indicator, comparable
from notspot_coverage.results import Results
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text
from notspot_maps.classes import Choice, Classes, classes, classes_for
from notspot_maps.drawing.marks import exact
from notspot_maps.drawing.static_map import Entry
from notspot_maps.drawing.svg import SOFT, element
from notspot_maps.figures.legend import column_key, furniture, names_on, swatch
from notspot_maps.figures.map_page import class_fills, coloured, foot, key_of, map_patterns
from notspot_maps.figures.page import HEIGHT, Page, label, said, width_em
from notspot_maps.figures.places import BY, LEVELS, Figures, definition, figure_at, figures_of, names_by_code
from notspot_maps.figures.shapes import LEGEND_AT, NATION_SIZE, Level, Sheet, nation_sheet
from notspot_maps.figures.standalone import Language
from notspot_maps.words import number

MOST = 6  # maps whose islands can still be seen on one page
GAP = 14.0  # pixels between maps
ROW = 20.0  # of the legend
SMALLEST = 8.0  # pixels, 6 points: names of insets


def multiples_page(
    years: Sequence[Results],
    indicator: str,
    *,
    level: Level = "township",
    choice: Choice | None = None,
    lang: Language = "zh",
) -> str:
    """
    Maps of an indicator side by side, one a year, as an ``<svg>`` element.

    Parameters
    ----------
    years
        Two to six runs, each of another year, in any order.
    choice
        Of classes, in place of the indicator's own.

    Raises
    ------
    UsageError
        Fewer than two years, too many, or one twice.
    NotFoundError
        A run lacks the indicator at the level.
    """
    runs = in_order(years)
    latest = runs[-1]
    one = definition(latest, indicator)
    _refuse_unlike(runs, indicator)
    found = {run.year: figures_of(run, indicator, level) for run in runs}
    common = classes_for(
        one, np.concatenate([own.values.to_numpy(dtype=float) for own in found.values()]), choice
    )
    title = Text(f"{one.name.zh}，{_span(runs)}", f"{one.name.en}, {_span(runs)}")
    page = Page(lang)
    page.write(title, size=20, weight=700, after=2)
    page.write(_subtitle(one, level), size=13, fill=SOFT, after=8)
    across = 2 if len(runs) in (2, 4) else 3
    width = (page.width - GAP * (across - 1)) / across
    legend_px = ROW * (len(common.colours) + 5) + 60
    rows = -(-len(runs) // across)
    high = (HEIGHT - page.y - legend_px - 60) / rows - 30
    scale = min(width / NATION_SIZE[0], high / NATION_SIZE[1])
    shapes = latest.villages if level == "village" else latest.townships
    sheet = nation_sheet(shapes, level, scale=scale)
    step = sheet.size[1] + 30
    body = [map_patterns()]
    for at, run in enumerate(runs):
        x, y = (width + GAP) * (at % across), step * (at // across)
        small = _small(run, one, sheet, found[run.year], common, level, lang)
        body.append(element("g", small, transform=f"translate({x:.2f} {y:.2f})"))
    page.put("".join(body), step * rows, after=6)
    page.put(*_table_key(sheet, found, common, one, level, lang))
    missing = _missing_note(found, sheet, latest.year, level)
    if missing is not None:
        page.write(missing, size=11, fill=SOFT)
    foot(page, latest, one.source, one.caveat)
    return page.svg(title, title)


def change_page(
    years: Sequence[Results], indicator: str, *, level: Level = "township", lang: Language = "zh"
) -> str:
    """
    The map of what the last year has more, or less, than the first, with classes on both sides of nothing.

    A unit that is unknown in either year is unknown. Raises as `multiples_page` does.
    """
    runs = in_order(years)
    first, last = runs[0], runs[-1]
    one = definition(last, indicator)
    _refuse_unlike([first, last], indicator)
    own, before = figures_of(last, indicator, level), figures_of(first, indicator, level)
    units = own.values.index
    change = own.values - before.values.reindex(units)
    (low, high), (low_before, high_before) = own.bounds(), before.bounds()
    table = pd.DataFrame(
        {
            "value": change,
            "low": low - high_before.reindex(units),  # the least that it can have gained
            "high": high - low_before.reindex(units),
        }
    )
    moved = Figures(table, own.nothing | (before.nothing & set(table.index)))
    known = np.asarray(change, dtype=np.float64)
    known = known[np.isfinite(known)]
    found = classes(known, "fixed", edges=_around_zero(known), palette="puor")
    unit = Text("個百分點", "percentage points") if one.unit.zh == "%" else one.unit
    title = Text(
        f"{one.name.zh}：{first.year} 至 {last.year} 年之變化",
        f"{one.name.en}: change from {first.year} to {last.year}",
    )
    page = Page(lang)
    page.write(title, size=20, weight=700, after=2)
    page.write(_change_words(first, last, one, change, level, unit), size=13, fill=SOFT, after=10)
    scale = min(1.0, (HEIGHT - 84 - page.y) / NATION_SIZE[1])
    sheet = nation_sheet(last.villages if level == "village" else last.townships, level, scale=scale)
    fills = class_fills(found)
    of = moved.classed(sheet.codes, found)
    wide = {code for code, (_, far) in of.items() if far}
    body = [
        map_patterns(),
        coloured(sheet, {code: fills[at] for code, (at, _) in of.items()}, level, wide=wide),
        names_on(sheet, names_by_code(last, "county", lang)),
        furniture(sheet, lang),
    ]
    caption = Text(f"{unit.zh}（括號內為{LEVELS[level].zh}數）", f"{unit.en} (number of {LEVELS[level].en})")
    at = LEGEND_AT[0] * scale, LEGEND_AT[1] * scale
    key, bottom = column_key(
        _signed(key_of(sheet.codes, moved, found, len(wide)), found), caption, lang, at=at, width=225 * scale
    )
    page.put("".join([*body, key]), max(sheet.size[1], bottom), after=6)
    foot(page, last, one.source, one.caveat)
    return page.svg(title, title)


def in_order(years: Sequence[Results]) -> list[Results]:
    """Runs by year; `UsageError` where they make no series."""
    runs = sorted(years, key=lambda run: run.year)
    said_ = ", ".join(str(run.year) for run in runs)
    if len(runs) < 2:
        raise UsageError(
            f"a series takes two years or more, here is only {said_}: add earlier results (--earlier)"
        )
    if len({run.year for run in runs}) < len(runs):
        raise UsageError(f"a year is there twice: {said_}; give one result a year")
    if len(runs) > MOST:
        raise UsageError(f"{len(runs)} years: at most {MOST} can be compared on one page")
    return runs


def _refuse_unlike(runs: Sequence[Results], indicator: str) -> None:
    """`UsageError` where an indicator of the same id is something else in another year."""
    one = definition(runs[-1], indicator)
    for run in runs[:-1]:
        other = definition(run, indicator)
        if not comparable(one, other):
            raise UsageError(
                f"'{indicator}' is a {other.kind} in {other.unit.en} in {run.year} and a {one.kind} in "
                f"{one.unit.en} in {runs[-1].year}: these cannot be set beside each other"
            )


# ------------------------------------------------------------------ helpers


def _small(
    run: Results, one: Indicator, sheet: Sheet, own: Figures, common: Classes, level: Level, lang: Language
) -> str:
    """A map of the series: its year and the figure of the nation above it."""
    of = own.classed(sheet.codes, common)
    fills = class_fills(common)
    national = figure_at(run, one, "TW", bounded=False)
    head = label(0, 15, str(run.year), size=15, weight=700)
    if national is not None:
        shown = f"{said(Text('全國', 'nation'), lang)} {national}"
        head += label(15 * width_em(str(run.year)) + 10, 15, shown, size=11, fill=SOFT)
    size = max(SMALLEST, min(11.0, 15.4 * sheet.size[0] / NATION_SIZE[0]))
    colours = {code: fills[at] for code, (at, _) in of.items()}
    wide = {code for code, (_, far) in of.items() if far}
    drawn = coloured(sheet, colours, level, wide=wide, line=0.6) + furniture(
        sheet, "en" if lang == "en" else "zh", size=size
    )
    return head + element("g", drawn, transform="translate(0 22)")


def _table_key(
    sheet: Sheet, found: Mapping[int, Figures], common: Classes, one: Indicator, level: Level, lang: Language
) -> tuple[str, float]:
    """The legend with a column of counts a year, and its height."""
    columns: dict[int, list[Entry]] = {}
    for year, own in found.items():
        wide = sum(far for _, far in own.classed(sheet.codes, common).values())
        columns[year] = key_of(sheet.codes, own, common, wide)
    lines = {entry.label.en: entry for entries in columns.values() for entry in entries}
    order = _rank(columns)
    unit, of = one.unit, LEVELS[level]
    caption = Text(f"{unit.zh}；各年{of.zh}數", f"{unit.en}; number of {of.en} each year")
    left = 48 + 12.5 * max(width_em(said(lines[name].label, lang)) for name in order)
    out = [label(0, 12, said(caption, lang, "｜"), size=12, weight=700)]
    out += [
        label(left + 56 * at + 46, 32, str(year), size=12, weight=700, anchor="end")
        for at, year in enumerate(columns)
    ]
    y = 40.0
    for name in order:
        out.append(swatch(lines[name], 0, y))
        out.append(label(34, y + 11.5, said(lines[name].label, lang), size=12.5))
        for at, entries in enumerate(columns.values()):
            count = sum(entry.count for entry in entries if entry.label.en == name)
            out.append(label(left + 56 * at + 46, y + 11.5, f"{count:,}", size=12.5, anchor="end"))
        y += ROW
    return "".join(out), y


def _rank(columns: Mapping[int, Sequence[Entry]]) -> list[str]:
    """Labels of all years, classes first, in the order in which a legend has them."""
    longest = max(columns.values(), key=len)
    order = [entry.label.en for entry in longest]
    for entries in columns.values():
        for before, entry in zip([None, *entries], entries, strict=False):
            if entry.label.en not in order:
                order.insert(order.index(before.label.en) + 1 if before else 0, entry.label.en)
    return order


def _missing_note(found: Mapping[int, Figures], sheet: Sheet, latest: int, level: Level) -> Text | None:
    """How many units of the drawn boundaries a year does not have at all."""
    codes = set(sheet.codes)
    absent = {year: len(codes - set(own.values.index)) for year, own in found.items()}
    years: dict[int, list[str]] = {}
    for year, count in absent.items():
        if count:
            years.setdefault(count, []).append(str(year))
    if not years:
        return None
    zh = "；".join(
        f"{'、'.join(which)} 年{'各' if len(which) > 1 else ''} {count} 個" for count, which in years.items()
    )
    en = "; ".join(f"{count} in {', '.join(which)}" for count, which in years.items())
    of = LEVELS[level]
    return Text(
        f"以 {latest} 年界線繪製；當年資料沒有之{of.zh}作無資料：{zh}。",
        f"Drawn on the boundaries of {latest}; {of.en} that the data of a year lack are unknown: {en}.",
    )


def _around_zero(known: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Three edges below nothing and three above: round figures, the outer at about 9 of 10 changes."""
    if not len(known):
        return (-1.0, 1.0)
    reach = float(np.quantile(np.abs(known), 0.9)) or 1.0
    power = 10.0 ** math.floor(math.log10(reach))
    top = next(step * power for step in (1, 2, 5, 10) if step * power >= reach * 0.999)
    inner, middle = top / 10, top / 2 if top / power != 5 else 2 * power
    return (-top, -middle, -inner, inner, middle, top)


def _signed(entries: list[Entry], found: Classes) -> list[Entry]:
    """Limits with their sign: '+5–+10' reads as a change, '5–10' does not."""
    edges = [f"{'+' if edge > 0 else '−'}{exact(abs(edge))}" for edge in found.edges]
    out = []
    for at, entry in enumerate(entries):
        if at < len(found.colours) and edges:
            text = (
                f"≤ {edges[0]}"
                if at == 0
                else f"> {edges[-1]}"
                if at == len(edges)
                else f"{edges[at - 1]} … {edges[at]}"
            )
            entry = Entry(Text.of(text), entry.fill, entry.count)
        out.append(entry)
    return out


def _change_words(
    first: Results, last: Results, one: Indicator, change: pd.Series[float], level: Level, unit: Text
) -> Text:
    up, down = int((change > 0).sum()), int((change < 0).sum())
    before, after = figure_at(first, one, "TW"), figure_at(last, one, "TW")
    zh = [f"{BY[level].zh}，{up:,} 個上升、{down:,} 個下降"]
    en = [f"{BY[level].en[:1].upper()}{BY[level].en[1:]}: {up:,} rose, {down:,} fell"]
    if before and after:
        zh.append(f"全國由 {before} 至 {after} {one.unit.zh}")
        en.append(f"the nation went from {before} to {after} {one.unit.en}")
    middle = change.median()
    if not pd.isna(middle):
        sign = "+" if middle > 0 else "−" if middle < 0 else ""
        zh.append(f"變化之中位數 {sign}{number(abs(middle))} {unit.zh}")
        en.append(f"median change {sign}{number(abs(middle))} {unit.en}")
    return Text("；".join(zh) + "。", "; ".join(en) + ".")


def _subtitle(one: Indicator, level: Level) -> Text:
    return Text(
        f"{BY[level].zh}　單位：{one.unit.zh}　各年級距相同",
        f"{BY[level].en[:1].upper()}{BY[level].en[1:]} · unit: {one.unit.en} · the same classes in all years",
    )


def _span(runs: Sequence[Results]) -> str:
    return f"{runs[0].year}–{runs[-1].year}"
