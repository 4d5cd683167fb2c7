"""
The report page: one HTML file that states what a run found, in Traditional Chinese and English.

The words of the indicators, rules and sources come from their definitions; the page's own sentences are
in the template (assets/report.html.j2) and in `report_text`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2
import pandas as pd

from notspot_coverage.definitions import Indicator, load_themes
from notspot_coverage.divide import DivideFinding
from notspot_coverage.results import Results
from notspot_geodata import reference
from notspot_geodata.text import Text
from notspot_maps import report_text as words_of
from notspot_maps.account_section import account_section
from notspot_maps.account_tables import ACCOUNT_WORDS
from notspot_maps.charts import bullet_chart, gap_chart, lorenz_chart, scatter_chart
from notspot_maps.headlines import headlines
from notspot_maps.map_shapes import Placed, sheet
from notspot_maps.page_tables import Cell, Figure, Grid, Head, charted, plain_cell
from notspot_maps.static_map import COARSE, cluster_chart, township_chart
from notspot_maps.words import BASIS, KINDS, bounds, number, times, with_unit

MAPPED = "base_stations_4g_per_km2"  # on the first page, where the study has it


def report_page(results: Results) -> str:
    """
    The whole page as one HTML document that loads nothing.

    Links lead to the files that `notspot.report` writes beside it, and into ``atlas.html``.
    """
    script = _asset("report.js").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    placed = sheet(results.townships, COARSE) if results.divide else []
    section = account_section(results)
    bullets = [
        i for i in results.definitions.values() if i.target_2025 is not None and i.official_2021 is not None
    ]
    return (
        _template().render(
            script=script,
            script_hash=f"sha256-{digest}",
            css=_asset("report.css").strip(),
            version=str(results.run.get("notspot", "")),
            title=results.title,
            year=results.year,
            run_id=results.run_id,
            vintage=reference.VINTAGE,
            headlines=headlines(results),
            map=_map(results),
            toc=words_of.toc(with_account=section is not None),
            scorecard=_scorecard(results),
            bullet=charted(bullet_chart({i.id: i for i in bullets})) if bullets else None,
            remote=_remote(results),
            account=section,
            divide=[_measure(results, finding, placed) for finding in results.divide],
            divide_table=_divide_table(results.divide),
            divide_label=Text("各指標之落差與不均", "Gaps and inequality by measure"),
            ranking=[_ranking(finding, results) for finding in results.divide],
            unknown=words_of.unknown(results),
            method=words_of.method(results),
            sources=_sources(),
            sources_label=Text("資料來源", "Sources"),
            files=words_of.FILES + (ACCOUNT_WORDS if section else ()),
        )
        + "\n"
    )


# ------------------------------------------------------------------ sections


def _map(results: Results) -> Figure:
    computed = [name for name, item in results.definitions.items() if item.recipe is not None]
    rates = [name for name in computed if results.definitions[name].kind != "count"]
    name = MAPPED if MAPPED in computed else [*rates, *computed][0]
    return charted(township_chart(results, name))


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


def _scorecard(results: Results) -> Scorecard:
    shown = [i for i in results.definitions.values() if i.recipe is None or i.official_2021 is not None]
    nation = results.indicators[results.indicators["level"] == "nation"].set_index("indicator")
    rows: dict[str, list[Row]] = {}
    for indicator in shown:
        rows.setdefault(indicator.theme, []).append(
            _row(indicator, nation.at[indicator.id, "status"], nation.at[indicator.id, "value"])
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


def _row(indicator: Indicator, status: object, value: object) -> Row:
    is_computed = status == "computed"
    return Row(
        id=indicator.id,
        name=indicator.name,
        kind=KINDS[indicator.kind],
        kind_id=indicator.kind,
        official=words_of.official(indicator),
        target=words_of.target(indicator),
        computed=with_unit(float(str(value)), indicator) if is_computed else words_of.NOT_COMPUTED,
        is_computed=is_computed,
        needs=indicator.needs if indicator.recipe is None else None,
        definition=indicator.definition,
        numerator=indicator.numerator,
        denominator=indicator.denominator,
        caveat=indicator.caveat,
        parts=[words_of.part(part) for part in indicator.parts],
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


def _remote(results: Results) -> RemoteSection:
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


def _measure(results: Results, finding: DivideFinding, placed: Sequence[Placed]) -> Measure:
    townships = results.townships
    return Measure(
        id=finding.measure,
        name=finding.name,
        charts=[charted(gap_chart(finding))],
        more=[
            charted(lorenz_chart(finding)),
            charted(scatter_chart(townships, "density_per_km2", finding.measure, townships["remote"])),
            charted(cluster_chart(results, finding, placed=placed)),
        ],
        notes=finding.notes,
    )


def _divide_table(findings: Iterable[DivideFinding]) -> Grid | None:
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
                plain_cell(finding.name),
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


def _ranking(finding: DivideFinding, results: Results) -> Ranking:
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
            link = words_of.atlas_link(finding.measure, str(row["town_code"]))
            rows.append(
                [
                    Cell(name, link),
                    plain_cell(number(row["value"])),
                    plain_cell(number(row["population"], "count")),
                ]
            )
        return Grid(heads, rows)

    return Ranking(unit, grid(finding.best), grid(finding.worst))


def _sources() -> Grid:
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


# ------------------------------------------------------------------ the template


def _asset(name: str) -> str:
    return (files("notspot_maps") / "assets" / name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        loader=jinja2.FunctionLoader(_asset),
    )
    return environment.get_template("report.html.j2")
