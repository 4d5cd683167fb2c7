"""
The parts of the report, worked out from a run: scorecard, remote areas, divide, ranks, sources.

The page and the documents for word processors are both made from these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from notspot_coverage.definitions import Indicator, load_themes
from notspot_coverage.divide import DivideFinding
from notspot_coverage.results import Results
from notspot_geodata import reference
from notspot_geodata.text import Text
from notspot_maps.drawing.charts import bullet_chart, gap_chart, lorenz_chart, scatter_chart
from notspot_maps.drawing.map_shapes import Placed
from notspot_maps.drawing.static_map import cluster_chart, township_chart
from notspot_maps.page_tables import Cell, Figure, Grid, Head, charted, plain_cell
from notspot_maps.report import text as report_text
from notspot_maps.report.text import atlas_link, atlas_view
from notspot_maps.words import BASIS, KINDS, bounds, number, times, with_unit

MAPPED = "base_stations_4g_per_km2"  # on the first page, where the study has it


def map_figure(results: Results) -> Figure | None:
    """The map that is seen first: `MAPPED`, or what the study has in its place; None where nothing is known."""
    known = results.indicators[
        (results.indicators["level"] == "township") & results.indicators["value"].notna()
    ]
    there = set(known["indicator"])
    computed = [
        name for name, item in results.definitions.items() if item.recipe is not None and name in there
    ]
    rates = [name for name in computed if results.definitions[name].kind != "count"]
    names = [MAPPED] if MAPPED in computed else [*rates, *computed]
    return charted(township_chart(results, names[0]), atlas_view(names[0])) if names else None


def targets_figure(results: Results) -> Figure | None:
    """Official figures against their targets, where there are any."""
    both = {
        one.id: one for one in results.definitions.values()
        if one.target_2025 is not None and one.official_2021 is not None
    }  # fmt: skip
    return charted(bullet_chart(both)) if both else None


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator of the scorecard."""

    id: str
    name: Text
    kind: Text
    kind_id: str
    official: Text
    target: Text
    computed: Text
    is_computed: bool
    href: str
    needs: Text | None
    definition: Text
    numerator: Text
    denominator: Text | None
    caveat: Text | None
    parts: Sequence[Text]
    source: Text
    as_of: str
    basis: Text


@dataclass(frozen=True, slots=True)
class Theme:
    """A group of rows of the scorecard."""

    name: Text
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The official indicators, by theme."""

    summary: Text
    themes: Sequence[Theme]


def scorecard(results: Results) -> Scorecard:
    """The official indicators beside what was computed, by theme."""
    shown = [i for i in results.definitions.values() if i.recipe is None or i.official_2021 is not None]
    nation = results.indicators[results.indicators["level"] == "nation"].set_index("indicator")
    drawn = results.indicators[
        (results.indicators["level"] == "township") & results.indicators["value"].notna()
    ]
    in_atlas = set(drawn["indicator"])
    rows: dict[str, list[Row]] = {}
    for indicator in shown:
        rows.setdefault(indicator.theme, []).append(
            _row(
                indicator,
                nation.at[indicator.id, "status"],
                nation.at[indicator.id, "value"],
                atlas_view(indicator.id) if indicator.id in in_atlas else "",
            )
        )
    themes = load_themes()
    computed = sum(row.is_computed for block in rows.values() for row in block)
    published = sum(i.official_2021 is not None for i in shown)
    summary = Text(
        f"共 {len(shown)} 項：{published} 項有官方公布數字，{computed} 項可由內附資料計算並與公布數並列；"
        f"其餘 {len(shown) - computed} 項各註明計算所缺之資料。",
        f"{len(shown)} indicators: {published} have a published figure, {computed} can be computed from the embedded "
        f"data and stand beside it; for the other {len(shown) - computed} the missing input is named.",
    )
    return Scorecard(
        summary, [Theme(themes.get(theme, Text(theme, theme)), block) for theme, block in rows.items()]
    )


def _row(indicator: Indicator, status: object, value: object, href: str) -> Row:
    is_computed = status == "computed"
    return Row(
        id=indicator.id,
        name=indicator.name,
        kind=KINDS[indicator.kind],
        kind_id=indicator.kind,
        official=report_text.official(indicator),
        target=report_text.target(indicator),
        computed=with_unit(float(str(value)), indicator) if is_computed else report_text.NOT_COMPUTED,
        is_computed=is_computed,
        href=href if is_computed else "",
        needs=indicator.needs if indicator.recipe is None else None,
        definition=indicator.definition,
        numerator=indicator.numerator,
        denominator=indicator.denominator,
        caveat=indicator.caveat,
        parts=[report_text.part(part) for part in indicator.parts],
        source=indicator.source,
        as_of=indicator.as_of,
        basis=BASIS[indicator.basis],
    )


@dataclass(frozen=True, slots=True)
class RemoteSection:
    """The rule of remoteness and what it found."""

    heading: Text
    definition: Text
    citation: Text
    notes: Sequence[Text]
    alternatives: Grid


def remote_section(results: Results) -> RemoteSection:
    """What the rule found, beside what was published and what other readings give."""
    found = results.remote
    published = "" if found.published is None else f"，公布數為 {found.published} 個"
    published_en = "" if found.published is None else f"; {found.published} were published"
    heading = Text(
        f"依規定計得 {found.found} 個偏遠鄉鎮市區{published}",
        f"{found.found} townships are remote by the rule{published_en}",
    )
    heads = [
        Head(Text("讀法", "Reading")),
        Head(Text("個數", "Found"), number=True),
        Head(Text("與公布數之差", "Against the published"), number=True),
        Head(Text("增列", "Added")),
        Head(Text("減列", "Dropped")),
    ]
    rows = [
        [
            Cell(Text(row["reading_zh"], row["reading_en"])),
            plain_cell(f"{row['found']:,}"),
            plain_cell("–" if pd.isna(row["difference"]) else f"{row['difference']:+,}".replace("-", "−")),
            Cell(Text(row["added"] or "–", row["added_en"] or "–")),
            Cell(Text(row["dropped"] or "–", row["dropped_en"] or "–")),
        ]
        for _, row in found.alternatives.iterrows()
    ]
    return RemoteSection(heading, found.rule.definition, found.rule.citation, found.notes, Grid(heads, rows))


@dataclass(frozen=True, slots=True)
class Measure:
    """The divide in one measure: the charts that are seen at once, and those one click away."""

    id: str
    name: Text
    charts: Sequence[Figure]
    more: Sequence[Figure]
    notes: Sequence[Text]


def measure(results: Results, finding: DivideFinding, placed: Sequence[Placed]) -> Measure:
    """The charts of one measure; `placed` is the sheet of townships that its maps share."""
    townships = results.townships
    return Measure(
        id=finding.measure,
        name=finding.name,
        charts=[charted(gap_chart(finding), atlas_view(finding.measure))],
        more=[
            charted(lorenz_chart(finding)),
            charted(scatter_chart(townships, "density_per_km2", finding.measure, townships["remote"])),
            charted(cluster_chart(results, finding, placed=placed)),
        ],
        notes=finding.notes,
    )


def divide_table(findings: Iterable[DivideFinding]) -> Grid | None:
    """How unequal each measure is, a row a measure; None without any."""
    findings = list(findings)
    if not findings:
        return None
    heads = [
        Head(Text("指標", "Measure")),
        Head(Text("年", "Years")),
        Head(Text("偏遠", "Remote"), number=True),
        Head(Text("非偏遠", "Non-remote"), number=True),
        Head(Text("倍數", "Ratio"), number=True),
        Head(Text("吉尼係數", "Gini"), number=True),
        Head(Text("泰爾：縣市間占比", "Theil: share between counties"), number=True),
        Head(Text("集中指數（密度）", "Concentration (density)"), number=True),
        Head(Text("集中指數（海拔）", "Concentration (elevation)"), number=True),
    ]
    rows = []
    for finding in findings:
        groups = {
            str(group): _with_bounds(value, low, high)
            for group, value, low, high in finding.groups[["group", "value", "low", "high"]].itertuples(
                index=False
            )
        }
        gap = finding.gaps[(finding.gaps["a"] == "remote") & (finding.gaps["b"] == "non_remote")]
        between = finding.theil_between / finding.theil_total if finding.theil_total > 0 else float("nan")
        rows.append(
            [
                Cell(finding.name, atlas_view(finding.measure)),
                plain_cell(finding.years),
                plain_cell(groups["remote"]),
                plain_cell(groups["non_remote"]),
                plain_cell(
                    times(float(gap["ratio"].iloc[0])) if len(gap) and gap["ratio"].notna().all() else "–"
                ),
                plain_cell(_index(finding.gini)),
                plain_cell("–" if pd.isna(between) else f"{100 * between:.1f} %"),
                plain_cell(_index(finding.concentration_density)),
                plain_cell(_index(finding.concentration_elevation)),
            ]
        )
    return Grid(heads, rows)


def _with_bounds(value: float, low: float, high: float) -> Text:
    range_ = bounds(low, high, "measure")
    said = number(value)
    return Text(f"{said}（{range_}）", f"{said} ({range_})") if range_ else Text(said, said)


def _index(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.3f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Best and worst townships of a measure."""

    name: Text
    best: Grid
    worst: Grid


def ranking(finding: DivideFinding, results: Results) -> Ranking:
    """The ten highest and ten lowest townships of a measure, each with its place in the atlas."""
    english = results.townships.set_index("town_code")
    unit = Text(f"{finding.name.zh}（{finding.unit.zh}）", f"{finding.name.en} ({finding.unit.en})")
    heads = [
        Head(Text("鄉鎮市區", "Township")),
        Head(finding.unit, number=True),
        Head(Text("人口", "People"), number=True),
    ]

    def grid(frame: pd.DataFrame) -> Grid:
        rows = []
        for _, row in frame.iterrows():
            place = english.loc[row["town_code"]]
            name = Text(f"{row['county']}{row['town']}", f"{place['town_en']}, {place['county_en']}")
            link = atlas_link(finding.measure, str(row["town_code"]))
            rows.append(
                [
                    Cell(name, link),
                    plain_cell(number(row["value"])),
                    plain_cell(number(row["population"], "count")),
                ]
            )
        return Grid(heads, rows)

    return Ranking(unit, grid(finding.best), grid(finding.worst))


def sources_grid() -> Grid:
    """The embedded data with publisher, date and licence."""
    heads = [
        Head(Text("資料", "Data")),
        Head(Text("提供者", "Publisher")),
        Head(Text("日期", "As of")),
        Head(Text("授權", "Licence")),
    ]
    rows = [
        [
            plain_cell(source.title),
            plain_cell(source.publisher),
            plain_cell(source.as_of),
            plain_cell(source.licence),
        ]
        for source in reference.sources()
    ]
    return Grid(heads, rows)
