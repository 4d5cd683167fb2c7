"""DOCX and ODT: the same document in both, real styles and tables, numbers, languages, and the same bytes again."""

import io
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_geodata.errors import NotFoundError
from notspot_maps.documents import word as office_docx
from notspot_maps.documents.document import (
    Bullets,
    Document,
    Heading,
    Paragraph,
    Picture,
    Table,
    clean,
    size_mm,
)
from notspot_maps.documents.odt import odt
from notspot_maps.documents.word import docx
from notspot_maps.report.words import Lang

pytest.importorskip("docx", reason="python-docx is not installed: pip install 'notspot[print]'")
pytest.importorskip("odfdo", reason="odfdo is not installed: pip install 'notspot[print]'")

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ODF = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
TEXT, TABLE, STYLE, FO = (ODF % name for name in ("text", "table", "style", "xsl-fo-compatible"))
HOSTILE = "<b>&amp;</b> \"'  two blanks ]]> שלום"


@cache
def png(wide: int = 400, high: int = 200) -> bytes:
    """A white picture of so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\xff" * wide) * high)
    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def drawn(one: Picture, lang: Lang) -> bytes:
    return png(800 if "wide" in one.svg else 400)


def made(lang: Lang = "zh", words: str = HOSTILE) -> Document:
    table = Table("鄉鎮市區", ["名稱", "值"], [[words, "14.2"], ["南澳鄉", "無資料"]], [False, True])
    return Document(
        lang=lang,
        title=words,
        subtitle="執行代號 a4b",
        date=datetime(2021, 12, 31, tzinfo=UTC),
        blocks=[
            Heading(1, "計分卡"),
            Paragraph("一句話。"),
            Paragraph("小字", "note"),
            Paragraph("引言", "note", kept=True),
            Bullets(["甲", words]),
            Heading(2, "固定寬頻"),
            table,
            Picture("<svg/>", "地圖", "地圖：替代文字 <&>"),
            Heading(3, "定義"),
            table,
            Picture("<svg wide/>", "圖表", "又一張"),
        ],
    )


@pytest.fixture(scope="module")
def word() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(docx(made(), draw=drawn)))


@pytest.fixture(scope="module")
def odf() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(odt(made(), draw=drawn)))


def tree(file: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(file.read(name))


# ------------------------------------------------------------------ both


@pytest.mark.parametrize("write", [docx, odt])
def test_the_same_document_gives_the_same_bytes(write, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(made(), draw=drawn)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert write(made(), draw=drawn) == first
    with zipfile.ZipFile(io.BytesIO(first)) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@settings(max_examples=25)
@given(st.text(max_size=40))
def test_any_words_come_back_from_both_as_they_were(words: str) -> None:
    import docx as library
    import odfdo

    words = clean(words)
    document = Document("zh", words, "", datetime(2021, 12, 31, tzinfo=UTC), [Paragraph(f"|{words}|")])
    word = library.Document(io.BytesIO(docx(document)))
    assert f"|{words}|" in [paragraph.text for paragraph in word.paragraphs]
    odf = odfdo.Document(io.BytesIO(odt(document)))
    found = odf.body.get_paragraphs()[2]
    assert found.inner_text == f"|{words}|"


def test_a_picture_keeps_its_shape_and_fits_the_page() -> None:
    wide, high = size_mm(png(3000, 1000))
    assert (wide, high) == (170, pytest.approx(170 / 3))
    assert size_mm(png(400, 200)) == (pytest.approx(50.8), pytest.approx(25.4))  # 200 dpi


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(office_docx, "import_module", absent)
    with pytest.raises(NotFoundError, match=r"pip install 'notspot\[print\]'"):
        docx(made(), draw=drawn)


# ------------------------------------------------------------------ DOCX


def test_docx_has_headings_lists_and_captions_as_styles(word: zipfile.ZipFile) -> None:
    import docx as library

    file = library.Document(word.fp)
    styled = [(p.style.name, p.text) for p in file.paragraphs if p.text]
    assert styled[:5] == [
        ("Title", HOSTILE),
        ("Subtitle", "執行代號 a4b"),
        ("Heading 1", "計分卡"),
        ("Normal", "一句話。"),
        ("Notspot Note", "小字"),
    ]
    assert ("List Bullet", HOSTILE) in styled
    body = tree(word, "word/document.xml")
    captions = [
        "".join(text.text or "" for text in p.iter(f"{W}t"))
        for p in body.iter(f"{W}p")
        if any(style.get(f"{W}val") == "Caption" for style in p.iter(f"{W}pStyle"))
    ]
    assert captions == ["表 1　鄉鎮市區", "圖 1　地圖", "表 2　鄉鎮市區", "圖 2　圖表"]
    fields = [field.get(f"{W}instr") for field in body.iter(f"{W}fldSimple")]
    assert fields == [f"SEQ {name} \\* ARABIC" for name in ("表", "圖", "表", "圖")]


def test_docx_tables_repeat_their_heads_and_pictures_have_words(word: zipfile.ZipFile) -> None:
    body = tree(word, "word/document.xml")
    tables = list(body.iter(f"{W}tbl"))
    assert len(tables) == 2
    for table in tables:
        rows = list(table.iter(f"{W}tr"))
        assert [row.find(f".//{W}tblHeader") is not None for row in rows] == [True, False, False]
    described = [item.get("descr") for item in body.iter() if item.tag.endswith("}docPr")]
    assert described == ["地圖：替代文字 <&>", "又一張"]


def test_docx_is_a4_with_fonts_languages_and_page_numbers(word: zipfile.ZipFile) -> None:
    size = next(tree(word, "word/document.xml").iter(f"{W}pgSz"))
    millimetres = [round(int(size.get(f"{W}{side}") or 0) / 20 / 72 * 25.4) for side in ("w", "h")]
    assert millimetres == [210, 297]
    styles = tree(word, "word/styles.xml")
    fonts = styles.find(f".//{W}rPrDefault//{W}rFonts")
    assert fonts is not None
    assert fonts.get(f"{W}eastAsia") == "Microsoft JhengHei"
    language = styles.find(f".//{W}rPrDefault//{W}lang")
    assert language is not None
    assert language.get(f"{W}eastAsia") == "zh-TW"
    footer = b"".join(word.read(name) for name in word.namelist() if "footer" in name)
    assert b'"PAGE"' in footer
    assert b'"NUMPAGES"' in footer


def test_docx_is_of_the_word_of_today(word: zipfile.ZipFile) -> None:
    modes = [
        node.get(f"{W}val")
        for node in tree(word, "word/settings.xml").iter(f"{W}compatSetting")
        if node.get(f"{W}name") == "compatibilityMode"
    ]
    assert modes == ["15"]  # below, Word says 'compatibility mode' and sets tables into the margin


def test_docx_keeps_short_tables_whole_and_introductions_with_them(word: zipfile.ZipFile) -> None:
    body = tree(word, "word/document.xml")
    table = next(body.iter(f"{W}tbl"))
    kept = [row.find(f".//{W}keepNext") is not None for row in table.iter(f"{W}tr")]
    assert kept == [True, True, False]
    said = {
        "".join(node.itertext()): node.find(f"{W}pPr/{W}keepNext") is not None for node in body.iter(f"{W}p")
    }
    assert (said["小字"], said["引言"]) == (False, True)


def test_docx_parts_stand_in_the_order_of_the_schema(word: zipfile.ZipFile) -> None:
    order = ["tblStyle", "tblW", "jc", "tblBorders", "tblLayout", "tblCellMar", "tblLook", "tblCaption"]
    for properties in tree(word, "word/document.xml").iter(f"{W}tblPr"):
        names = [child.tag.removeprefix(W) for child in properties]
        assert names == sorted(names, key=order.index)


# ------------------------------------------------------------------ ODT


def test_odt_is_a_package_that_names_itself_first(odf: zipfile.ZipFile) -> None:
    first = odf.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert odf.read("mimetype") == b"application/vnd.oasis.opendocument.text"
    listed = {item.get(f"{ODF % 'manifest'}full-path") for item in tree(odf, "META-INF/manifest.xml")}
    assert listed == {"/", *odf.namelist()} - {"mimetype", "META-INF/manifest.xml"}


def test_odt_has_headings_lists_and_captions(odf: zipfile.ZipFile) -> None:
    body = tree(odf, "content.xml")
    heads = [(item.get(f"{TEXT}outline-level"), "".join(item.itertext())) for item in body.iter(f"{TEXT}h")]
    assert heads == [("1", "計分卡"), ("2", "固定寬頻"), ("3", "定義")]
    captions = [
        "".join(item.itertext())
        for item in body.iter(f"{TEXT}p")
        if item.get(f"{TEXT}style-name") in ("Table", "Figure")
    ]
    assert captions == ["表 1　鄉鎮市區", "圖 1　地圖", "表 2　鄉鎮市區", "圖 2　圖表"]
    assert len(list(body.iter(f"{TEXT}sequence"))) == 4
    assert len(list(body.iter(f"{TEXT}list-item"))) == 2


def test_odt_uses_no_style_that_it_does_not_have(odf: zipfile.ZipFile) -> None:
    content, styles = tree(odf, "content.xml"), tree(odf, "styles.xml")
    named = {item.get(f"{STYLE}name") for part in (content, styles) for item in part.iter()}
    for part in (content, styles):
        for item in part.iter():
            for key, value in item.attrib.items():
                if key.endswith(("}style-name", "}parent-style-name")):
                    assert value in named, (item.tag, value)


def test_odt_tables_repeat_their_heads_and_pictures_have_words(odf: zipfile.ZipFile) -> None:
    body = tree(odf, "content.xml")
    for table in body.iter(f"{TABLE}table"):
        assert len(list(table.iter(f"{TABLE}table-header-rows"))) == 1
        assert len(list(table.iter(f"{TABLE}table-row"))) == 3
        assert len(list(table.iter(f"{TABLE}table-column"))) == 2
    described = [item.text for item in body.iter(f"{ODF % 'svg-compatible'}desc")]
    assert described == ["地圖：替代文字 <&>", "又一張"]


def test_odt_keeps_short_tables_whole_and_introductions_with_them(odf: zipfile.ZipFile) -> None:
    body, styles = tree(odf, "content.xml"), tree(odf, "styles.xml")
    whole = [item.get(f"{STYLE}may-break-between-rows") for item in body.iter(f"{STYLE}table-properties")]
    assert whole == ["false", "false"]
    kept = {
        item.get(f"{STYLE}name")
        for item in styles.iter(f"{STYLE}style")
        if any(key.endswith("}keep-with-next") for node in item for key in node.attrib)
    }
    said = {"".join(item.itertext()): item.get(f"{TEXT}style-name") in kept for item in body.iter(f"{TEXT}p")}
    assert (said["小字"], said["引言"]) == (False, True)


def test_odt_is_a4_with_languages_and_page_numbers(odf: zipfile.ZipFile) -> None:
    styles = tree(odf, "styles.xml")
    page = next(styles.iter(f"{STYLE}page-layout-properties"))
    assert (page.get(f"{FO}page-width"), page.get(f"{FO}page-height")) == ("210mm", "297mm")
    letters = styles.find(f".//{STYLE}default-style/{STYLE}text-properties")
    assert letters is not None
    assert (letters.get(f"{STYLE}language-asian"), letters.get(f"{STYLE}country-asian")) == ("zh", "TW")
    assert len(list(styles.iter(f"{TEXT}page-number"))) == len(list(styles.iter(f"{TEXT}page-count"))) == 1
