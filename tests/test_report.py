"""The report page: what it says, that it loads nothing, and that nothing in the data can run in it."""

import dataclasses
import re
from pathlib import Path

import pytest
from browser import opened

from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.documents.of_results import document_of_results
from notspot_maps.headlines import Bounded, comparison, headlines
from notspot_maps.report.page import css_string, margins, report_page
from notspot_maps.words import bounds, number, times


@pytest.fixture(scope="module")
def page(report_folder: Path) -> str:
    return (report_folder / "index.html").read_text(encoding="utf-8")


def test_every_official_indicator_stands_in_the_scorecard(taiwan: Results, page: str) -> None:
    for name, item in taiwan.definitions.items():
        if item.recipe is None or item.official_2021 is not None:
            assert f'id="i-{name}"' in page, name
            assert item.name.zh in page
            assert item.name.en in page


def test_what_is_missing_is_named_for_what_is_not_computed(taiwan: Results, page: str) -> None:
    for item in taiwan.definitions.values():
        if item.recipe is None:
            assert item.needs is not None
            assert item.needs.zh in page


def test_official_figures_are_printed_as_published(page: str) -> None:
    for figure in ("38.5 %", "90.65 %", "49／86", "85／86", "765／768", "568／737 部落（77.1 %）", "5,113"):
        assert figure.replace(" %", "\u00a0%") in page


def test_a_percent_sign_begins_no_line(page: str) -> None:
    words = re.sub("<(style|script|svg).*?</\\1>", "", page, flags=re.DOTALL)
    assert "\u00a0%" in words
    assert not re.search("[0-9] %", words)


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    assert re.search(r"default-src 'none'", page)
    for found in re.findall(r"""(?:src|href)=["']([^"'#]+)""", page):
        assert not re.match(r"https?:|//", found), found
    assert "url(http" not in page


def test_unknown_is_said_and_never_blank(page: str) -> None:
    assert "無資料" in page
    assert "連江縣東引鄉" in page
    assert not re.search(r">\s*(nan|None|NaT|<NA>)\b", page)


def test_links_lead_to_files_that_are_written(page: str, report_folder: Path) -> None:
    for found in set(re.findall(r'href="([\w.-]+)(?:#[^"]*)?"', page)):
        assert (report_folder / found).exists(), found


def test_names_from_the_data_cannot_run(taiwan: Results) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    townships = taiwan.townships.assign(town=hostile, county=hostile, town_en=hostile)
    divide = [
        dataclasses.replace(
            finding, best=finding.best.assign(town=hostile), worst=finding.worst.assign(town=hostile)
        )
        for finding in taiwan.divide
    ]
    page = report_page(
        dataclasses.replace(
            taiwan, townships=townships, divide=tuple(divide), title=Text(hostile, hostile), run_id=hostile
        )
    )
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script>") == 1


def test_a_study_without_a_divide_has_a_report_too(taiwan: Results) -> None:
    page = report_page(dataclasses.replace(taiwan, divide=()))
    assert 'id="scorecard"' in page


def test_a_run_of_which_nothing_is_known_has_a_readable_report(taiwan: Results) -> None:
    table = taiwan.indicators.copy()
    table[["value", "low", "high"]] = float("nan")
    table["status"] = "unknown"
    empty = dataclasses.replace(taiwan, indicators=table, divide=())
    page = report_page(empty)
    assert "所缺資料列於計分卡" in page
    assert '<figure class="map"' not in page
    assert 'id="scorecard"' in page
    assert not re.search(r">\s*(nan|None)\b", page)
    blocks = document_of_results(empty, "en").blocks
    assert any("there is no map" in getattr(block, "text", "") for block in blocks)


def test_a_title_cannot_leave_the_margin_of_the_printed_page(taiwan: Results) -> None:
    hostile = '"; } body { display: none } </style><script>\u202e\n'
    rules = margins(dataclasses.replace(taiwan, title=Text(hostile, hostile)))
    assert "<" not in rules
    assert "display: none" not in rules
    assert rules.count("{") == rules.count("}") == margins(taiwan).count("{")


def test_strings_of_css_read_back_as_they_were() -> None:
    written = css_string('臺灣 "2021"; a\\b\u202e')
    back = re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), written[1:-1])
    assert back == '臺灣 "2021"; a\\b'


# ------------------------------------------------------------------ headlines


def test_headlines_agree_with_the_table(taiwan: Results) -> None:
    table = taiwan.indicators.set_index(["indicator", "level", "code"])["value"]
    first = headlines(taiwan)[0]
    for code in ("remote", "non_remote"):
        assert number(table["base_stations_4g_per_1000", "group", code]) in first.zh
        assert number(table["base_stations_4g_per_1000", "group", code]) in first.en
    assert len(headlines(taiwan)) == 3


def test_headlines_turn_with_the_figures(taiwan: Results) -> None:
    table = taiwan.indicators.copy()
    swap = {"remote": "non_remote", "non_remote": "remote"}
    table["code"] = table["code"].replace(swap)
    before, after = headlines(taiwan), headlines(dataclasses.replace(taiwan, indicators=table))
    assert "219,734／713,655 人；" in before[2].zh
    assert "219,734 of 713,655 people;" in before[2].en
    assert before[2].zh.endswith("，前者低 36 個百分點。")
    assert after[2].zh.endswith("，前者高 36 個百分點。")
    assert before[2].en.endswith(", the former 36 percentage points less.")
    assert after[2].en.endswith(", the former 36 percentage points more.")
    assert "3.3 倍" in before[0].zh
    assert "1/3.3" in after[0].zh


@pytest.mark.parametrize(
    ("other", "zh", "en"),
    [
        (49.0, "前者高 1 個百分點。", "the former 1 percentage point more."),
        (50.4, "兩者相當。", "about the same."),
    ],
)
def test_small_gaps_of_shares_are_worded_by_their_size(
    taiwan: Results, other: float, zh: str, en: str
) -> None:
    one = taiwan.definitions["people_dl_worst_25"]
    figures = {"remote": 50.0, "non_remote": other}
    said = comparison(one, {code: Bounded(value, value, value, 1, 2) for code, value in figures.items()})
    assert said.zh.endswith(zh)
    assert said.en.endswith(en)


def test_a_headline_is_left_out_where_a_figure_is_unknown(taiwan: Results) -> None:
    table = taiwan.indicators.copy()
    table.loc[table["indicator"] == "base_stations_4g_per_km2", "value"] = None
    found = headlines(dataclasses.replace(taiwan, indicators=table))
    assert len(found) == 3
    assert not any("每平方公里" in text.zh for text in found)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (106444, "count", "106,444"),
        (14.204, "measure", "14.2"),
        (0.4712, "measure", "0.47"),
        (203.33, "measure", "203.3"),
        (1497.2, "measure", "1,497"),
        (0, "measure", "0"),
        (77.0692, "share", "77.1"),
        (None, "count", "–"),
        (float("nan"), "share", "–"),
    ],
)
def test_numbers_are_written_as_readers_use_them(value: float | None, kind: str, text: str) -> None:
    assert number(value, kind) == text


def test_bounds_are_shown_only_where_something_is_open() -> None:
    assert bounds(98.0, 98.4, "share") == "98.0–98.4"
    assert bounds(98.0, 98.0, "share") == ""
    assert bounds(None, 98.0, "share") == ""


def test_small_ratios_are_inverted() -> None:
    assert times(3.34).zh == "3.3 倍"
    assert times(0.0741).zh == "1/13.5"
    assert times(0).zh == "0 倍"


# ------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def short(taiwan: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report with one measure of the divide: every kind of element, a fifth of the page."""
    page = tmp_path_factory.mktemp("short") / "index.html"
    page.write_text(report_page(dataclasses.replace(taiwan, divide=taiwan.divide[:1])), encoding="utf-8")
    return page


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_nothing_in_the_report(short: Path, width: int) -> None:
    with opened(short, width=width) as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert visit.violations() == []


@pytest.mark.browser
def test_it_reads_well_in_a_browser(report_folder: Path) -> None:
    with opened(report_folder / "index.html", width=1440) as visit:
        assert not visit.scrolls_sideways()
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert not visit.scrolls_sideways()
        visit.page.set_viewport_size({"width": 360, "height": 900})
        assert not visit.scrolls_sideways()
        visit.page.set_viewport_size({"width": 320, "height": 256})  # a page of 1280 px at 400 %
        assert not visit.scrolls_sideways()
        assert visit.page.evaluate(SMALL) == []
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
        assert not visit.scrolls_sideways()
        assert visit.outside == []
        assert visit.errors == []


# What is pressed and is lower than 44 px on a phone; links within sentences are as high as their line
SMALL = """() => [...document.querySelectorAll('button, summary, .toc a, .view')]
  .filter((e) => e.offsetHeight && e.offsetHeight < 44).map((e) => e.outerHTML.slice(0, 80))"""


@pytest.mark.browser
def test_the_language_switches_and_can_be_linked(report_folder: Path) -> None:
    with opened(report_folder / "index.html") as visit:
        assert visit.page.locator("h1").inner_text().startswith("臺灣")
        visit.page.click("#lang")
        assert visit.page.locator("h1").inner_text().startswith("Broadband")
        assert visit.page.evaluate("document.documentElement.lang") == "en"
        assert visit.page.title().startswith("Broadband")
        visit.page.click("#lang")
        assert visit.page.locator("h1").inner_text().startswith("臺灣")
    with opened(report_folder / "index.html", fragment="#en") as visit:
        assert visit.page.locator("h1").inner_text().startswith("Broadband")


@pytest.mark.browser
def test_on_paper_there_is_what_matters_and_nothing_to_press(report_folder: Path) -> None:
    with opened(report_folder / "index.html", width=680) as visit:
        page = visit.page
        page.emulate_media(media="print")
        for gone in ("#lang", ".toc", "#atlas-open", ".view", "summary"):
            assert page.locator(gone).first.is_hidden(), gone
        assert page.locator(".hero svg").is_visible()
        assert page.locator(".about .note").first.is_visible()  # definitions are folded on the screen only
        assert page.locator(".more figure").first.is_hidden()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate("document.querySelector('.about details').open")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not page.evaluate("document.querySelector('.about details').open")


# ------------------------------------------------------------------ the atlas in the page


@pytest.mark.browser
def test_the_atlas_opens_in_the_page_and_follows_its_map(report_folder: Path) -> None:
    with opened(report_folder / "index.html") as visit:
        page = visit.page
        assert page.locator("iframe").count() == 0  # nothing is loaded before it is asked for
        button = page.locator("#atlas-open")
        button.focus()
        page.keyboard.press("Enter")
        assert button.get_attribute("aria-expanded") == "true"
        inside = page.frame_locator("#atlas iframe")
        inside.get_by_role("heading", level=1).wait_for()
        assert page.locator("#atlas iframe").get_attribute("title") == "互動地圖"
        assert visit.errors == []
        link = page.locator('.map a[href$="p=10014160"]')
        link.dispatch_event("click")
        inside.get_by_role("heading", name="蘭嶼鄉").first.wait_for()
        assert page.url.endswith("index.html")  # the reader stays on the page
        button.click()
        assert page.locator("iframe").count() == 0
        assert page.locator("#atlas").is_hidden()


@pytest.mark.browser
def test_without_the_file_beside_it_the_page_says_so(report_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes((report_folder / "index.html").read_bytes())
    with opened(tmp_path / "index.html", width=360, fragment="#en") as visit:
        visit.page.click("#atlas-open")
        line = visit.page.locator("#atlas .note")
        line.get_by_text("same folder").wait_for()
        assert line.locator("a").get_attribute("href").startswith("atlas.html#i=")
        assert not visit.scrolls_sideways()


def test_figures_and_rows_lead_into_the_atlas(taiwan: Results, page: str) -> None:
    shown = taiwan.indicators[taiwan.indicators["level"] == "township"]
    views = re.findall(r'href="atlas\.html#i=([\w.-]+)"', page)
    assert {finding.measure for finding in taiwan.divide} <= set(views)
    assert set(views) <= set(shown["indicator"])


@pytest.mark.browser
def test_a_township_of_the_report_opens_in_the_atlas(report_folder: Path) -> None:
    with opened(report_folder / "index.html") as visit:
        link = visit.page.locator("#ranking ~ div a").first
        name = link.locator(".zh").inner_text()
        link.click()
        visit.page.get_by_role("heading", name=name[-3:]).first.wait_for()
