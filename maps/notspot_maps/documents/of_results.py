"""
A run's report as a `Document`: the sentences, tables and charts of the page, in one language, without its links.

What the page keeps one click away stands here as follows: the numbers of a chart in a table below it, definitions
and sources at the end. Distributions and clusters of each measure, ranks under each assumption and long lists of
places stay with the page and its files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from notspot_coverage.results import Results
from notspot_geodata import reference
from notspot_geodata.text import Text
from notspot_maps.account.section import AccountSection, account_section
from notspot_maps.documents.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Paragraph,
    Picture,
    Style,
    Table,
    clean,
    introduced,
)
from notspot_maps.drawing.charts import gap_chart
from notspot_maps.headlines import headlines
from notspot_maps.page_tables import Figure, Grid, charted
from notspot_maps.report import sections as part
from notspot_maps.report import text as report_text
from notspot_maps.report.words import SAY, Lang, said, year_of


def document_of_results(results: Results, lang: Lang = "zh") -> Document:
    """The report of `results` in one language."""
    say = _In(lang)
    subtitle = " · ".join(
        (
            say(year_of(results.year)),
            f"{say(SAY['run'])} {clean(results.run_id)}",
            f"{say(SAY['boundaries'])} {reference.VINTAGE}",
        )
    )
    blocks = [
        *_first(results, say),
        *_scorecard(results, say),
        *_remote(results, say),
        *_account(account_section(results), say),
        *_divide(results, say),
        *_ranking(results, say),
        *_end(results, say),
    ]
    date = datetime(results.year, 12, 31, tzinfo=UTC)
    return Document(lang, say(results.title), subtitle, date, introduced(blocks))


class _In:
    """Words in one language, as plain text."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def __call__(self, text: Text) -> str:
        return clean(said(text, self.lang)).replace(" %", "\u00a0%")  # not at the beginning of a line

    def heading(self, level: int, text: Text) -> Heading:
        return Heading(level, self(text))

    def paragraph(self, text: Text, style: Style = "body") -> Paragraph:
        return Paragraph(self(text), style)

    def bullets(self, texts: Iterable[Text]) -> Iterator[Bullets]:
        items = [self(text) for text in texts]
        if items:
            yield Bullets(items)

    def table(self, grid: Grid, caption: Text) -> Iterator[Table]:
        if grid.rows:
            yield Table(
                self(caption),
                [self(head.text) for head in grid.heads],
                [[self(cell.text) for cell in row] for row in grid.rows],
                [head.number for head in grid.heads],
            )

    def figure(self, figure: Figure, *, numbers: bool = True) -> Iterator[Block]:
        """The finding, the picture, and its numbers; a map's are in its legend already."""
        yield self.paragraph(figure.finding, "finding")
        title = self(figure.title)
        yield Picture(figure.svg, title, f"{title}: {self(figure.finding)}")
        if numbers:
            yield from self.table(figure.table, figure.title)


# ------------------------------------------------------------------ sections


def _first(results: Results, say: _In) -> Iterator[Block]:
    found = headlines(results)
    if found:
        yield say.heading(1, SAY["key"])
        yield from say.bullets(found)
    figure = part.map_figure(results)
    if figure:
        yield from say.figure(figure, numbers=False)
    else:
        yield say.paragraph(SAY["no_map"])


def _scorecard(results: Results, say: _In) -> Iterator[Block]:
    found = part.scorecard(results)
    yield say.heading(1, SAY["scorecard"])
    yield say.paragraph(found.summary)
    yield say.paragraph(SAY["kinds_note"], "note")
    targets = part.targets_figure(results)
    if targets:
        yield from say.figure(targets)
    heads = [say(SAY[name]) for name in ("indicator", "official", "target", "computed", "missing")]
    for theme in found.themes:
        rows = [
            [
                f"{say(row.name)}{_bracketed(say(row.kind), say.lang)}",
                say(row.official),
                say(row.target),
                say(row.computed),
                say(row.needs) if row.needs else "–",
            ]
            for row in theme.rows
        ]
        yield say.heading(2, theme.name)
        yield Table(say(theme.name), heads, rows, [False] * len(heads))


def _bracketed(text: str, lang: Lang) -> str:
    return f"（{text}）" if lang == "zh" else f" ({text})"


def _remote(results: Results, say: _In) -> Iterator[Block]:
    found = part.remote_section(results)
    yield say.heading(1, found.heading)
    yield say.paragraph(found.definition)
    yield say.paragraph(found.citation, "note")
    yield from say.bullets(found.notes)
    yield from say.table(found.alternatives, SAY["readings"])


def _account(found: AccountSection | None, say: _In) -> Iterator[Block]:
    if found is None:
        return
    yield say.heading(1, found.title)
    if found.empty:
        yield say.paragraph(found.empty)
        return
    yield say.paragraph(found.summary)
    yield say.paragraph(SAY["account_note"], "note")
    for block in found.blocks:
        flag = f"〔{say(block.flag)}〕" if block.flag else ""
        yield Heading(2, say(block.name) + flag)
        yield say.paragraph(block.facts, "note")
        name = Text(
            f"{block.name.zh}：{SAY['account_table'].zh}", f"{block.name.en}: {SAY['account_table'].en}"
        )
        yield from say.table(Grid(found.heads, block.rows), name)
    yield say.heading(2, SAY["apart"])
    yield say.paragraph(SAY["apart_note"], "note")
    for figure in found.charts:
        yield from say.figure(figure)
    for label, grid in found.more:
        yield from say.table(grid, label)
    if found.map:
        yield from say.figure(found.map, numbers=False)
    yield from _account_lists(found, say)


def _account_lists(found: AccountSection, say: _In) -> Iterator[Block]:
    if found.operators or found.single:
        yield say.heading(2, SAY["notspots"])
        if found.operators:
            yield say.paragraph(SAY["notspots_note"], "note")
        for name, figures in found.operators:
            yield say.heading(3, name)
            for figure in figures:
                yield from say.figure(figure)
        if found.single:
            yield say.paragraph(found.single, "note")
    if found.gaps:
        yield say.heading(2, SAY["gaps"])
        yield Paragraph(f"{say(SAY['gaps_note'])} gaps.csv{'。' if say.lang == 'zh' else '.'}", "note")
        for at, block in enumerate(found.gaps):
            villages = block.villages if at == 0 else None  # the page folds the lists of the others
            yield say.paragraph(block.finding, "finding" if villages else "body")
            if villages:
                of = SAY["villages"]
                name = Text(f"{block.name.zh}：{of.zh}", f"{block.name.en}: {of.en.lower()}")
                yield from say.table(villages, name)
    if found.ranks:
        yield say.heading(2, SAY["lowest_always"])
        yield say.paragraph(SAY["lowest_note"], "note")
        for ranks in found.ranks:
            yield say.heading(3, ranks.name)
            yield from say.bullets(ranks.findings)
    if found.notes:
        yield say.heading(2, SAY["concluded"])
        yield from say.bullets(found.notes)


def _divide(results: Results, say: _In) -> Iterator[Block]:
    table = part.divide_table(results.divide)
    if table is None:
        return
    yield say.heading(1, SAY["divide"])
    yield say.paragraph(SAY["divide_note"])
    yield from say.table(table, SAY["divide_table"])
    for finding in results.divide:
        yield say.heading(2, finding.name)
        yield from say.figure(charted(gap_chart(finding)))
        for note in finding.notes:
            yield say.paragraph(note, "note")


def _ranking(results: Results, say: _In) -> Iterator[Block]:
    if not results.divide:
        return
    yield say.heading(1, SAY["ranking"])
    yield say.paragraph(SAY["unranked"], "note")
    for finding in results.divide:
        found = part.ranking(finding, results)
        for end, grid in ((SAY["highest"], found.best), (SAY["lowest"], found.worst)):
            yield from say.table(
                grid, Text(f"{found.name.zh}：{end.zh}", f"{found.name.en}: {end.en.lower()}")
            )


def _end(results: Results, say: _In) -> Iterator[Block]:
    for heading, texts in (
        (SAY["unknown"], report_text.unknown(results)),
        (SAY["method"], report_text.method(results)),
    ):
        yield say.heading(1, heading)
        yield from say.bullets(texts)
    yield say.heading(1, SAY["sources"])
    yield from say.table(part.sources_grid(), SAY["sources"])
    yield say.heading(1, SAY["definitions"])
    for theme in part.scorecard(results).themes:
        yield say.heading(2, theme.name)
        for row in theme.rows:
            yield say.heading(3, row.name)
            yield say.paragraph(row.definition)
            yield from say.bullets(row.parts)
            yield Paragraph(_facts(row, say), "note")
    yield say.paragraph(SAY["disclaimer"], "note")


def _facts(row: part.Row, say: _In) -> str:
    colon, stop = ("：", "；") if say.lang == "zh" else (": ", "; ")
    facts = [
        (SAY["numerator"], row.numerator),
        (SAY["denominator"], row.denominator),
        (SAY["caveat"], row.caveat),
    ]
    out = [f"{say(name)}{colon}{say(text)}" for name, text in facts if text]
    return f"{stop.join(out)} · {say(row.source)} · {row.as_of} · {say(row.basis)} · {row.id}"
