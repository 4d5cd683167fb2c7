"""
The report page: one HTML file that states what a run found, in Traditional Chinese and English.

The words of the indicators, rules and sources come from their definitions, the page's own from `report_words`,
sentences from `report_text`, the parts from `report_sections` and `account_section`.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

import jinja2

from notspot_coverage.results import Results
from notspot_geodata import reference
from notspot_maps.account.section import account_section
from notspot_maps.account.tables import ACCOUNT_WORDS
from notspot_maps.drawing.map_shapes import sheet
from notspot_maps.drawing.static_map import COARSE
from notspot_maps.headlines import headlines
from notspot_maps.report import sections as part
from notspot_maps.report import text as words_of
from notspot_maps.report.words import SAY, Lang, said, year_of


def report_page(results: Results, *, lang: Lang = "zh") -> str:
    """
    The whole page as one HTML document that loads nothing but, when asked, the atlas beside it.

    Links lead to the files that `notspot.report` writes beside it, and into ``atlas.html``.

    Parameters
    ----------
    lang
        The language that is shown first, and printed; the page can switch to the other.
    """
    script = _asset("report.js").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    placed = sheet(results.townships, COARSE) if results.divide else []
    section = account_section(results)
    return (
        _template().render(
            script=script,
            script_hash=f"sha256-{digest}",
            css=f"{_asset('report.css').strip()}\n{margins(results)}",
            lang=lang,
            say=SAY,
            version=str(results.run.get("notspot", "")),
            title=results.title,
            year=year_of(results.year),
            run_id=results.run_id,
            vintage=reference.VINTAGE,
            headlines=headlines(results),
            map=part.map_figure(results),
            toc=words_of.toc(with_account=section is not None),
            scorecard=part.scorecard(results),
            bullet=part.targets_figure(results),
            remote=part.remote_section(results),
            account=section,
            divide=[part.measure(results, finding, placed) for finding in results.divide],
            divide_table=part.divide_table(results.divide),
            ranking=[part.ranking(finding, results) for finding in results.divide],
            unknown=words_of.unknown(results),
            method=words_of.method(results),
            sources=part.sources_grid(),
            files=words_of.FILES + (ACCOUNT_WORDS if section else ()),
        )
        + "\n"
    )


def margins(results: Results) -> str:
    """
    The margins of the printed page, a rule a language: title above, run and data above right, page of pages below.

    There is no date of printing: the same results give the same bytes. The year and the boundaries say of when
    the data are.
    """
    languages: tuple[Lang, Lang] = ("zh", "en")
    out = []
    for lang in languages:
        run = f"{said(SAY['run'], lang)} {results.run_id}"
        border = f"{said(SAY['boundaries'], lang)} {reference.VINTAGE}"
        right = f"{run} · {said(year_of(results.year), lang)} · {border}"
        out.append(
            f'@media print {{ [data-lang="{lang}"] body {{ page: {lang}; }}\n'
            f"@page {lang} {{ @top-left {{ content: {css_string(said(results.title, lang))}; }}"
            f" @top-right {{ content: {css_string(right)}; }}"
            f' @bottom-right {{ content: counter(page) " / " counter(pages); }} }} }}'
        )
    return "\n".join(out)


def css_string(text: str) -> str:
    """`text` as a string of CSS: everything but letters and figures by number, so that nothing ends it early."""
    seen = (char for char in text if char.isprintable())
    return '"' + "".join(char if char.isalnum() else f"\\{ord(char):06x}" for char in seen) + '"'


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
