"""The report as a document without a file format: text that XML holds, widths, numbers, the page's sentences."""

import dataclasses
import html
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.documents.document import (
    Bullets,
    Document,
    Heading,
    Paragraph,
    Picture,
    Table,
    clean,
    introduced,
    numbered,
)
from notspot_maps.documents.of_results import document_of_results
from notspot_maps.headlines import headlines
from notspot_maps.report.words import SAY, Lang

# ------------------------------------------------------------------ text


@given(st.text())
def test_any_text_becomes_one_line_that_xml_holds(text: str) -> None:
    line = clean(text)
    assert (ET.fromstring(f"<p>{escape(line)}</p>").text or "") == line
    assert len(line.splitlines()) <= 1
    assert clean(line) == line


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("臺灣 <b>&amp;</b>", "臺灣 <b>&amp;</b>"),  # markup is text
        ("a\x00b\x1bc", "a\ufffdb\ufffdc"),
        ("一\n二\t三", "一 二 三"),
        ("end\u202eesrever\u2069.", "endesrever."),  # marks that would turn the rest of the line
        ("שלום \u200f.", "שלום \u200f."),  # letters and their marks stay
    ],
)
def test_what_xml_or_a_line_cannot_hold_is_replaced(given: str, cleaned: str) -> None:
    assert clean(given) == cleaned


# ------------------------------------------------------------------ tables and numbers


@given(st.lists(st.lists(st.text(max_size=30), min_size=3, max_size=3), max_size=4))
def test_the_columns_of_a_table_fill_it(rows: list[list[str]]) -> None:
    widths = Table("", ["名稱", "Target, 2025", "臺"], rows, [False, True, False]).widths()
    assert sum(widths) == pytest.approx(1)
    assert all(width > 0 for width in widths)


def test_longer_text_gets_a_wider_column() -> None:
    rows = [["宜蘭縣南澳鄉", "14.2"], ["光纖投落點（業者、速率、就緒日期）、村里家戶數及其分布", "0.5"]]
    first, second = Table("", ["名稱", "值"], rows, [False, True]).widths()
    assert first > 2 * second


def test_a_figure_is_cut_at_its_bracket_and_a_head_into_two_lines() -> None:
    rows = [
        [
            "戶籍人口（村里數為合成）",
            "46.0 %（10,702,918／23,250,312）",
            "125,002（0.5 %）",
            "無資料，人口分布：" * 9,
        ]
    ]
    table = Table("", ["對象", "涵蓋率", "無資料（占全部）", "變動之假設"], rows, [False, True, True, False])
    letters = [92 * width - 3 for width in table.widths()]
    assert letters[1] >= 24  # of the bracket
    assert letters[2] >= 15  # of the whole
    assert letters[0] >= 12
    last = Table("", ["指標", "計算所缺資料"], [["偏遠鄉鎮市區數" * 6, "–"]], [False, False])
    assert 92 * last.widths()[1] - 3 >= 6


def test_short_tables_are_not_cut_and_long_ones_are() -> None:
    rows = [["宜蘭縣南澳鄉", "14.2"]]
    assert Table("", ["名稱", "值"], rows * 10, [False, True]).is_short
    assert not Table("", ["名稱", "值"], rows * 30, [False, True]).is_short
    assert not Table("", ["名稱", "值"], [["文字" * 300, "14.2"]] * 2, [False, True]).is_short


def test_what_introduces_a_figure_stays_with_it() -> None:
    note, table = Paragraph("n", "note"), Table("", ["a"], [["b"]], [False])
    blocks = [
        Heading(1, "h"),
        note,
        Heading(2, "h"),
        note,
        note,
        table,
        note,
        Heading(2, "h"),
        note,
        Bullets(["c"]),
    ]
    kept = [block.kept for block in introduced(blocks) if isinstance(block, Paragraph)]
    assert kept == [True, True, True, False, False]


def test_figures_and_tables_are_numbered_apart() -> None:
    picture, table = Picture("<svg/>", "", ""), Table("", ["a"], [["b"]], [False])
    blocks = [Heading(1, "h"), picture, table, table, picture]
    assert [number for _, number in numbered(blocks)] == [0, 1, 1, 2, 2]


# ------------------------------------------------------------------ of a run


def words_of(document: Document) -> list[str]:
    out = [document.title]
    for block in document.blocks:
        match block:
            case Heading(_, text) | Paragraph(text, _):
                out.append(text)
            case Bullets(items):
                out += items
            case Table():
                out += [*block.heads, *(cell for row in block.rows for cell in row)]
            case Picture():
                out.append(block.caption)
    return out


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_document_says_what_the_page_says(taiwan: Results, report_folder: Path, lang: Lang) -> None:
    page = html.unescape((report_folder / "index.html").read_text(encoding="utf-8"))
    document = document_of_results(dataclasses.replace(taiwan, divide=taiwan.divide[:2]), lang)
    found = [text.zh if lang == "zh" else text.en for text in headlines(taiwan)]
    assert [text.replace(" %", "\u00a0%") for text in found] == list(
        next(block.items for block in document.blocks if isinstance(block, Bullets))
    )
    assert not any(" %" in text for text in words_of(document))  # '%' would begin a line
    own = {SAY["definitions"].zh, SAY["definitions"].en}  # a chapter that the page has in the scorecard
    for text in words_of(document):
        parts = re.split(
            r"（|）|：|；|: |; | \(|\)| · ", text
        )  # a name with its kind, a caption with its side
        assert text in page or text in own or all(part.strip().lower() in page.lower() for part in parts), (
            text
        )
    headings = [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 1]
    assert len(headings) == len(set(headings)) == 9


def test_every_picture_and_table_has_its_words(taiwan: Results) -> None:
    for block in document_of_results(dataclasses.replace(taiwan, divide=taiwan.divide[:1])).blocks:
        if isinstance(block, Picture):
            assert block.caption
            assert block.alt.startswith(block.caption)
            assert block.svg.startswith("<svg")
        if isinstance(block, Table):
            assert block.caption
            assert {len(row) for row in block.rows} == {len(block.heads)} == {len(block.numbers)}


def test_the_document_needs_no_divide_and_holds_names_as_text(taiwan: Results) -> None:
    hostile = "<script>alert(1)</script>\u202e\x07&'\""
    document = document_of_results(
        dataclasses.replace(taiwan, divide=(), title=Text(hostile, hostile), run_id=hostile)
    )
    assert document.title == "<script>alert(1)</script>\ufffd&'\""
    assert "\u202e" not in document.subtitle
