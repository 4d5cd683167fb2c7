"""The report as PDF: A4, pages numbered and named, Chinese that can be searched, bookmarks, no links to nowhere."""

import dataclasses
import os
import re
import stat
from importlib.resources import files
from pathlib import Path

import pytest
from browser import chromium_path, launched
from pdf_text import objects, outline, pages

from notspot_coverage.results import Results
from notspot_geodata.errors import NotFoundError
from notspot_maps.documents import pdf
from notspot_maps.documents.pdf import PrintError, find_browser, lettered, printed, relinked, report_pdf


@pytest.fixture(scope="module")
def results(taiwan: Results) -> Results:
    """One measure of the divide is enough for a page of charts."""
    return dataclasses.replace(taiwan, divide=taiwan.divide[:1])


@pytest.fixture(scope="module")
def made(results: Results) -> bytes:
    launched()  # skips or fails where there is no browser
    return report_pdf(results, browser=chromium_path())


@pytest.mark.browser
def test_every_page_is_a4_with_its_number_run_and_title(results: Results, made: bytes) -> None:
    found = pages(made)
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made)
    assert len(found) == len(sizes) >= 8
    for wide, high in sizes:  # 210 × 297 mm in points, to the pixel
        assert float(wide) == pytest.approx(210 / 25.4 * 72, abs=0.75)
        assert float(high) == pytest.approx(297 / 25.4 * 72, abs=0.75)
    for number, text in enumerate(found, 1):
        joined = text.replace("\n", "")
        assert f"{number} / {len(found)}" in joined
        assert results.title.zh in joined
        assert f"執行代號 {results.run_id}" in joined


@pytest.mark.browser
def test_its_words_can_be_searched_and_its_headings_are_bookmarks(results: Results, made: bytes) -> None:
    text = "".join(pages(made)).replace("\n", "")
    for heading in ("官方指標計分卡", "數位落差：一題一圖", "最好與最差的鄉鎮市區", "資料來源"):
        assert heading in text
        assert any(heading in title for title in outline(made))
    assert "Scorecard of the official" not in text  # one language
    assert "開啟互動地圖" not in text  # nothing to press
    item = results.definitions["fixed_2g_households"]
    assert item.definition.zh[:12] in text.replace(" ", "")  # what is folded on the screen and matters


@pytest.mark.browser
def test_it_is_tagged_named_in_its_language_and_holds_its_letters(results: Results, made: bytes) -> None:
    assert b"/StructTreeRoot" in made
    assert b"/Lang (zh-Hant-TW)" in made
    assert f"<FEFF{results.title.zh.encode('utf-16-be').hex().upper()}".encode() in made
    found = objects(made)
    fonts = [font for font in found.values() if b"/FontDescriptor " in font and b"/Type3" not in font]
    assert fonts
    for font in fonts:  # a font of type 3 is drawings, and they are in the file
        assert b"/FontFile" in found[int(re.search(rb"/FontDescriptor (\d+)", font)[1])]
    assert any(b"NotoSansTC" in font for font in fonts)


@pytest.mark.browser
def test_it_leads_to_no_file_of_this_machine_and_says_no_time(made: bytes) -> None:
    assert b"file:" not in made
    assert b"/URI" not in made
    assert set(re.findall(rb"D:(\d{14})", made)) == {b"20211231000000"}


@pytest.mark.browser
def test_the_foot_stands_on_no_page_of_its_own() -> None:
    """On a page that the files fill to its end, so that the foot would be alone on the next."""
    css = (files("notspot_maps") / "assets" / "report.css").read_text(encoding="utf-8")
    listed = "<li>one</li>" * 9 + "<li>last</li>"
    launched()
    for filled_mm in (155, 170):
        page = (
            f"<!doctype html><title>t</title><style>{css}</style>"
            f'<main><div style="height:{filled_mm}mm"></div><section aria-labelledby="files">'
            f'<h2 id="files">Files</h2><ul>{listed}</ul></section></main><footer><p>run</p><p>foot</p></footer>'
        )
        end = pages(printed(page, chromium_path()))[-1]
        assert "foot" in end
        assert "last" in end


# ------------------------------------------------------------------ its parts


def test_links_lead_to_where_the_results_are_published_or_nowhere() -> None:
    page = '<a href="#method">m</a><a href="atlas.html#i=x&amp;p=1">a</a><p>href=&#34;x&#34;</p>'
    assert relinked(page, "") == '<a href="#method">m</a><a>a</a><p>href=&#34;x&#34;</p>'
    there = relinked(page, "https://a.example/b")
    assert 'href="https://a.example/b/atlas.html#i=x&amp;p=1"' in there
    assert 'href="#method"' in there


def test_letters_come_into_the_page_and_may_be_read() -> None:
    page = lettered(
        "<meta content=\"default-src 'none'; img-src data:;\"><title>&lt;style></title><style>\n</style>臺"
    )
    assert "font-src data:" in page
    assert page.count("@font-face") == 2
    assert page.index("@font-face") > page.index("<style>")


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTSPOT_CHROMIUM", raising=False)
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(NotFoundError, match="install Chromium, Chrome or Edge"):
        find_browser()
    monkeypatch.setenv("NOTSPOT_CHROMIUM", "/no/such/browser")
    with pytest.raises(NotFoundError, match="/no/such/browser"):
        find_browser()


@pytest.mark.skipif(os.name == "nt", reason="a program is a shell script here")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo first >&2; echo broken >&2; exit 3", r"no PDF \(exit code 3\): broken"),
        ("exit 0", r"no PDF \(exit code 0\); install"),
        ("exec sleep 30", "within 0.5 s"),
    ],
)
def test_a_browser_that_prints_nothing_is_told_of(tmp_path: Path, script: str, said: str) -> None:
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(PrintError, match=said):
        printed("<p></p>", str(program), timeout_s=0.5 if "sleep" in script else 60)
