"""Drawings as PNG, PDF and SVG files: one language, real letters, the same bytes."""

import io
import re
import sys
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_checks import pixels
from PIL import Image

from notspot_geodata import reference
from notspot_geodata.errors import NotFoundError, UsageError
from notspot_geodata.text import Text
from notspot_maps.drawing.svg import drawing, element, lines, percent, unknown_pattern, words
from notspot_maps.figures.fonts import MISSING, advance_em, lacking, print_fonts
from notspot_maps.figures.pictures import MissingLetters, picture
from notspot_maps.figures.standalone import standalone, written

CJK = re.compile("[\u3400-\u9fff]")


def sample(zh: str = "臺灣鄉鎮市區", en: str = "Townships", halo: bool = False) -> str:
    body = [
        element("rect", x="0", y=4, width=percent(0.5), height=20, fill="url(#s-hatch)"),
        words("50%", 60, Text(zh, en), anchor="middle", dx=10, halo=halo),
        element(
            "a", element("path", element("title", "臺東縣 5｜5 Mbps"), d="M0 0h5v5Z"), href="atlas.html#p=1"
        ),
        element("svg", element("path", d="M0 0h5"), x="25%", y=40, overflow="visible"),
        lines("0", 80, Text("第一行", "a first line that is longer than its column and breaks"), columns=20),
        element("rect", x=0, y=90, width=10, height=10, fill="#000000"),
    ]
    return drawing(
        "s", Text("圖", "A figure"), Text("說明", "About"), body, height=120, defs=[unknown_pattern("s")]
    )


def text_of(svg: str) -> list[str]:
    return [
        item.text or "" for item in ET.fromstring(svg).iter() if item.tag.endswith(("text", "title", "desc"))
    ]


# ------------------------------------------------------------------ languages and lengths


def test_one_language_leaves_nothing_of_the_other():
    zh, en = (written(standalone(sample(), lang)) for lang in ("zh", "en"))
    assert "Townships" not in zh
    assert "first line" not in zh
    assert "臺灣鄉鎮市區" in zh
    assert "臺東縣 5" in zh
    assert [text for text in text_of(en) if CJK.search(text)] == [
        "臺東縣 5 Mbps"
    ]  # a name has only this spelling
    assert "Townships" in en
    assert "說明" not in en


def test_both_languages_stand_on_one_line_and_paragraphs_under_each_other():
    root = standalone(sample(), "both", width=600)
    texts = [(item.text, float(item.get("y"))) for item in root.iter() if item.tag.endswith("text")]
    assert ("臺灣鄉鎮市區 Townships", 60) in texts
    paragraph = [(text, y) for text, y in texts if y >= 80]
    assert paragraph[0] == ("第一行", 80)
    assert [y for _, y in paragraph] == [80 + 17 * at for at in range(len(paragraph))]
    alone = standalone(sample(), "zh", width=600)
    grown = float(root.get("height")) - float(alone.get("height"))
    square = next(item for item in root.iter() if item.get("transform") == f"translate(0 {grown:g})")
    assert grown > 0
    assert square[0].get("y") == "90"


def test_a_figure_is_said_once_in_both_languages():
    root = standalone(sample("83.8 %（81.6–85.6 %）", "83.8 % (81.6–85.6 %)"), "both")
    assert [item.text for item in root.iter() if "83.8" in (item.text or "")] == ["83.8 %（81.6–85.6 %）"]


def test_a_picture_depends_on_no_page():
    svg = picture(sample(), "svg", width=600).decode()
    assert not re.search(r'class=|style=|href|tabindex|<script|%"|data-', svg)
    root = ET.fromstring(svg)
    assert root.get("width") == "612"
    assert root.get("viewBox") == "-6 -6 612 132"
    assert "Noto Sans TC" in root.get("font-family")
    assert root.get("lang") == "zh-Hant"
    middle = next(item for item in root.iter() if item.text == "臺灣鄉鎮市區")
    assert middle.get("x") == "310"
    assert middle.get("dx") is None
    assert any(item.get("transform") == "translate(150 40)" for item in root.iter())


def test_a_halo_lies_under_its_words_in_files_for_word_processors():
    svg = picture(sample(halo=True), "svg").decode()
    both = [item for item in ET.fromstring(svg).iter() if item.text == "臺灣鄉鎮市區"]
    assert [item.get("stroke") for item in both] == ["#ffffff", None]
    assert "paint-order" not in svg


@pytest.mark.parametrize(
    ("svg", "said"),
    [
        ("no drawing", "not an SVG"),
        ("<p xmlns='http://www.w3.org/1999/xhtml'/>", "<p>"),
        ('<!DOCTYPE svg [<!ENTITY a "aa">]><svg/>', "no declarations"),
    ],
)
def test_what_is_no_drawing_is_refused(svg, said):
    with pytest.raises(UsageError, match=said):
        picture(svg, "svg")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"format": "gif"}, "png, pdf, svg"),
        ({"format": "png", "dpi": 5000}, "between 36 and 1200"),
        ({"format": "png", "lang": "ja"}, "zh, en, both"),
        ({"format": "png", "dpi": 1200, "width": 5000}, "fewer dpi"),
    ],
)
def test_what_cannot_be_drawn_is_said(asked, said):
    with pytest.raises(UsageError, match=said):
        picture(sample(), **asked)


# ------------------------------------------------------------------ PNG


@pytest.mark.parametrize("dpi", [72, 96, 200])
def test_a_png_has_the_size_that_its_resolution_says(dpi):
    image = Image.open(io.BytesIO(picture(sample(), "png", dpi=dpi, width=600)))
    assert image.size == pytest.approx((612 * dpi / 96, 132 * dpi / 96), abs=1)
    assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)


def test_a_png_is_white_where_nothing_is_drawn_and_black_where_a_square_is():
    image = pixels(picture(sample(), "png", dpi=96, width=600))
    assert image[0, 0].tolist() == [255, 255, 255]
    assert image[6 + 95, 6 + 5].tolist() == [0, 0, 0]


@pytest.mark.parametrize("format", ["png", "pdf", "svg"])
def test_the_same_drawing_gives_the_same_bytes_whatever_was_drawn_before(format):
    first = picture(sample(), format)
    picture(sample("別的字", "other letters"), format)
    assert picture(sample(), format) == first


def ink(weight: int, text: str = "臺灣鄉鎮市區") -> float:
    label = element("text", text, x=5, y=40, font_size=30, font_weight=weight)
    svg = element("svg", label, xmlns="http://www.w3.org/2000/svg", viewBox="0 0 200 60")
    return float((255 - pixels(picture(svg, "png", dpi=96))).sum())


def test_regular_is_not_thin_and_bold_is_bolder():
    # strokes of Noto Sans TC: Thin 20, Regular 66, Bold 113 thousandths of an em, about
    assert 1.4 < ink(700) / ink(400) < 2.2
    assert ink(600) == ink(700)
    assert ink(500) == ink(400)
    assert (
        ink(400) > 0.1 * 255 * 3 * 6 * 30 * 30
    )  # a tenth of the squares that six characters stand in; Thin has 0.05


# ------------------------------------------------------------------ letters


def test_every_name_of_taiwan_has_its_letters():
    names = set()
    for table, column in (
        (reference.villages(), "village"),
        (reference.townships(), "town"),
        (reference.counties(), "county"),
        (reference.missing_villages(), "village"),
    ):
        names |= set("".join(table[column].astype(str)))
    assert len(names) > 1000
    assert lacking(names) == []


def test_a_letter_that_no_font_has_is_told_and_marked():
    with pytest.warns(MissingLetters, match=r"U\+0628"):
        marked = picture(sample("臺ب灣", "x"), "png", dpi=96)
    assert marked == picture(sample(f"臺{MISSING}灣", "x"), "png", dpi=96)


def test_a_letter_of_another_font_is_drawn_without_a_word(recwarn):
    village = "硘"  # 硘磘里: only the font for simplified Chinese has it
    assert advance_em(village) == 1
    drawn, box = ink(400, village), ink(400, MISSING)
    assert drawn > 0
    assert drawn != box
    assert not [one for one in recwarn if one.category is MissingLetters]


def test_direction_marks_and_joiners_draw_nothing(recwarn):
    hostile = "臺\u202e灣\u200f\u200d\ufe0f"
    assert lacking(hostile) == []
    assert advance_em(hostile) == 2
    picture(sample(hostile, "x"), "png", dpi=96)
    assert not [one for one in recwarn if one.category is MissingLetters]


@given(st.text(alphabet="臺灣abcW 0,.（）", max_size=12), st.text(alphabet="臺灣abcW 0,.（）", max_size=12))
def test_widths_of_words_add_up(a, b):
    assert advance_em(a + b) == pytest.approx(advance_em(a) + advance_em(b))
    assert advance_em(a, 700) >= advance_em(a, 400) - 1e-9


def test_fonts_hold_the_letters_asked_for_and_no_others():
    from fontTools.ttLib import TTFont

    made = print_fonts("臺灣 A")
    assert sorted(made) == ["Bold.ttf", "Regular.ttf"]
    font = TTFont(io.BytesIO(made["Regular.ttf"]))
    assert sorted(font.getBestCmap()) == sorted(map(ord, f" A臺灣{MISSING}"))
    assert font["OS/2"].usWeightClass == 400
    assert font["hmtx"][font.getBestCmap()[ord("臺")]][0] == 1000
    assert "fvar" not in font


@settings(max_examples=10)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
def test_any_text_stays_text(name):
    svg = picture(sample(name + "<script>&\"'", "x"), "svg").decode()
    assert not any(item.tag.endswith("script") for item in ET.fromstring(svg).iter())


@pytest.mark.parametrize("package", ["typst", "justmytype_intl_cjk"])
def test_a_missing_package_is_named_with_how_to_get_it(package, monkeypatch):
    from notspot_maps.figures import fonts as picture_fonts

    monkeypatch.setitem(sys.modules, package, None)
    caches = [
        getattr(picture_fonts, name)
        for name in ("_source", "_characters", "_home", "_glyph", "_drawn", "_outlines")
    ]
    for one in caches:
        one.cache_clear()
    with pytest.raises(NotFoundError, match=rf"{package}.*pip install 'notspot\[print\]'"):
        picture(sample(), "png")
    assert picture(sample(), "svg")  # needs neither
    for one in caches:
        one.cache_clear()


# ------------------------------------------------------------------ PDF


def streams(pdf: bytes) -> list[bytes]:
    out = []
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            out.append(zlib.decompress(found.group(1)))
        except zlib.error:
            out.append(found.group(1))
    return out


def letters(pdf: bytes) -> str:
    """The characters that the fonts of a PDF can be copied as (their ToUnicode maps)."""
    maps = [part.decode("latin-1") for part in streams(pdf) if b"begincmap" in part]
    codes = re.findall(r"<[0-9A-Fa-f]+>\s+<([0-9A-Fa-f]+)>", "".join(maps))
    return "".join(bytes.fromhex(code).decode("utf-16-be") for code in codes if len(code) % 4 == 0)


def test_words_in_a_pdf_are_text_with_their_font_inside():
    pdf = picture(sample("烏坵鄉涵蓋率", "Wuqiu"), "pdf")
    assert pdf.startswith(b"%PDF-")
    assert set("烏坵鄉涵蓋率第一行") <= set(letters(pdf))
    whole = pdf + b"".join(streams(pdf))
    assert b"NotoSansTC-Regular" in whole
    assert b"FontFile" in whole
    assert not re.search(rb"/Subtype\s*/Image\b", whole)  # shapes are shapes, not pixels


def test_a_pdf_is_tagged_in_its_language_and_says_what_it_shows():
    svg = drawing(
        "t", Text("標題", "Title"), Text("發現", "Finding"), [words(0, 20, Text("臺", "T"))], height=40
    )
    for lang, tag, said in (("zh", b"/Lang(zh-TW)", "標題：發現"), ("en", b"/Lang(en)", "Title: Finding")):
        made = picture(svg, "pdf", lang=lang)
        assert b"/StructTreeRoot" in made
        assert tag in made
        assert said.encode() in made or said.encode("utf-16-be").hex().upper().encode() in made


def test_a_pdf_is_as_large_as_its_drawing():
    pdf = picture(sample(), "pdf", width=600)
    box = re.search(rb"MediaBox\s*\[([^]]+)\]", pdf + b"".join(streams(pdf))).group(1)
    assert np.array(box.split(), dtype=float) == pytest.approx([0, 0, 612 * 0.75, 132 * 0.75], abs=0.5)
