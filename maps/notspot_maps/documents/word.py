"""
A `Document` as DOCX: styles, captions with numbers of their own, tables whose heads stand again on each page.

python-docx writes it; what it has no words for (fields, repeated heads, alternative text, the fonts and languages
of East Asian text) is set in the XML.
"""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

from notspot_geodata.errors import NotFoundError
from notspot_maps.documents.archive import same_bytes
from notspot_maps.documents.document import (
    MARGIN_MM,
    TEXT_WIDTH_MM,
    Bullets,
    Document,
    Draw,
    Heading,
    Paragraph,
    Picture,
    Style,
    Table,
    drawn,
    numbered,
    size_mm,
)
from notspot_maps.figures.fonts import HINT

FONT = "Microsoft JhengHei"  # what Word in Taiwan has; LibreOffice takes another where it is not installed
INK, SOFT, LINE, WASH = "1F2933", "52606D", "C3CCD4", "F4F7F9"
SIZES_PT = {"Title": 20, "Heading 1": 15, "Heading 2": 12.5, "Heading 3": 11, "Caption": 9.5, "Subtitle": 10}
STYLES: dict[Style, str] = {
    "body": "Normal",
    "lead": "Normal",
    "note": "Notspot Note",
    "finding": "Notspot Finding",
}


def docx(document: Document, *, draw: Draw = drawn) -> bytes:
    """
    The file's bytes, the same for the same document.

    Raises
    ------
    NotFoundError
        The extra ``notspot[print]`` is not installed.
    """
    return _Writer(document, draw).written()


def need(module: str) -> Any:
    """A module of python-docx, which is optional."""
    try:
        return import_module(module)
    except ImportError as error:
        raise NotFoundError(f"DOCX needs the package python-docx: {HINT}") from error


class _Writer:
    def __init__(self, document: Document, draw: Draw) -> None:
        self.document, self.draw = document, draw
        self.api = need("docx")
        self.shared, self.enum = need("docx.shared"), need("docx.enum.text")
        self.qn, self.make = need("docx.oxml.ns").qn, need("docx.oxml").OxmlElement
        self.file = self.api.Document()

    def written(self) -> bytes:
        self._properties()
        self._settings()
        self._page()
        self._styles()
        self._text(self.file.add_paragraph(style="Title"), self.document.title)
        self._text(self.file.add_paragraph(style="Subtitle"), self.document.subtitle)
        for block, number in numbered(self.document.blocks):
            if isinstance(block, Heading):
                self._text(self.file.add_paragraph(style=f"Heading {block.level}"), block.text)
            elif isinstance(block, Paragraph):
                paragraph = self.file.add_paragraph(style=STYLES[block.style])
                paragraph.paragraph_format.keep_with_next = block.kept or None  # None: as the style says
                self._text(paragraph, block.text)
            elif isinstance(block, Bullets):
                for item in block.items:
                    self._text(self.file.add_paragraph(style="List Bullet"), item)
            elif isinstance(block, Table):
                self._caption(block.caption, self.document.labels[1], number, above=True)
                self._table(block)
            else:
                self._picture(block, number)
        out = io.BytesIO()
        self.file.save(out)
        return same_bytes(out.getvalue())

    # -------------------------------------------------------------- the frame

    def _properties(self) -> None:
        found, document = self.file.core_properties, self.document
        found.title, found.subject = document.title[:255], document.subtitle[:255]
        found.author = found.last_modified_by = "Notspot"
        found.language = self._language
        found.created = found.modified = document.date.replace(tzinfo=None)
        found.comments = found.keywords = found.category = ""
        found.revision = 1

    def _settings(self) -> None:
        """Word of 2013 and later; python-docx begins with the settings of 2010: 'compatibility mode'."""
        settings = self.file.settings.element
        for found in settings.iter(self.qn("w:compatSetting")):
            if found.get(self.qn("w:name")) == "compatibilityMode":
                found.set(self.qn("w:val"), "15")
        settings.find(self.qn("w:zoom")).set(self.qn("w:percent"), "100")

    @property
    def _language(self) -> str:
        return "zh-TW" if self.document.lang == "zh" else "en-GB"

    def _page(self) -> None:
        mm = self.shared.Mm
        section = self.file.sections[0]
        section.page_width, section.page_height = mm(210), mm(297)
        section.left_margin = section.right_margin = mm(MARGIN_MM)
        section.top_margin, section.bottom_margin = mm(24), mm(22)
        section.header_distance = section.footer_distance = mm(12)
        head, foot = section.header.paragraphs[0], section.footer.paragraphs[0]
        self._text(head, self.document.title)
        self._text(foot, f"{self.document.subtitle}\t")
        self._field(foot, "PAGE")
        foot.add_run(" / ")
        self._field(foot, "NUMPAGES")
        self.file.styles["Footer"].paragraph_format.tab_stops.clear_all()
        stop = need("docx.enum.text").WD_TAB_ALIGNMENT.RIGHT
        foot.paragraph_format.tab_stops.add_tab_stop(mm(TEXT_WIDTH_MM), stop)

    def _styles(self) -> None:
        styles, pt = self.file.styles, self.shared.Pt
        kinds = need("docx.enum.style").WD_STYLE_TYPE
        for name in ("Notspot Note", "Notspot Finding", "Notspot Cell", "Notspot Small Cell"):
            styles.add_style(name, kinds.PARAGRAPH).base_style = styles["Normal"]
        self._fonts_of_document()
        normal = styles["Normal"]
        normal.font.size, normal.font.color.rgb = pt(10.5), self._colour(INK)
        normal.paragraph_format.space_after, normal.paragraph_format.line_spacing = pt(6), 1.25
        for name, size in SIZES_PT.items():
            style = styles[name]
            style.font.size, style.font.italic = pt(size), False
            style.font.bold = name != "Subtitle"
            style.font.color.rgb = self._colour(SOFT if name == "Subtitle" else INK)
            self._fonts(style.element.get_or_add_rPr())
            before = {"Heading 1": 22, "Heading 2": 14, "Heading 3": 10, "Caption": 6}.get(name, 0)
            style.paragraph_format.space_before, style.paragraph_format.space_after = pt(before), pt(5)
        for border in styles["Title"].element.findall(f".//{self.qn('w:pBdr')}"):
            border.getparent().remove(border)
        note, finding = styles["Notspot Note"], styles["Notspot Finding"]
        note.font.size, note.font.color.rgb = pt(9), self._colour(SOFT)
        finding.font.bold, finding.paragraph_format.keep_with_next = True, True
        for name, size in (("Notspot Cell", 9), ("Notspot Small Cell", 7.5)):
            styles[name].font.size = pt(size)
            spacing = styles[name].paragraph_format
            spacing.space_after, spacing.line_spacing = pt(0), 1.1
        for name in ("Header", "Footer"):
            styles[name].font.size, styles[name].font.color.rgb = pt(8.5), self._colour(SOFT)
        styles["List Bullet"].paragraph_format.space_after = pt(4)

    def _colour(self, code: str) -> Any:
        return self.shared.RGBColor.from_string(code)

    def _fonts_of_document(self) -> None:
        """Fonts and language that everything begins with, in place of the theme's."""
        defaults = self.file.styles.element.find(f".//{self.qn('w:rPrDefault')}/{self.qn('w:rPr')}")
        self._fonts(defaults)
        language = defaults.find(self.qn("w:lang"))
        if language is None:
            language = self.make("w:lang")
            defaults.append(language)
        latin = "en-GB" if self.document.lang == "en" else "en-US"
        for name, value in (("val", latin), ("eastAsia", "zh-TW"), ("bidi", "ar-SA")):
            language.set(self.qn(f"w:{name}"), value)
        settings = self.file.settings.element
        theme = settings.find(self.qn("w:themeFontLang"))
        if theme is not None:
            theme.set(self.qn("w:val"), latin)
            theme.set(self.qn("w:eastAsia"), "zh-TW")

    def _fonts(self, properties: Any) -> None:
        fonts = properties.get_or_add_rFonts() if hasattr(properties, "get_or_add_rFonts") else None
        if fonts is None:
            fonts = properties.find(self.qn("w:rFonts"))
        for name in [*fonts.attrib]:
            del fonts.attrib[name]
        for name, value in (("ascii", FONT), ("hAnsi", FONT), ("cs", FONT), ("eastAsia", FONT)):
            fonts.set(self.qn(f"w:{name}"), value)

    # -------------------------------------------------------------- blocks

    def _text(self, paragraph: Any, text: str) -> None:
        paragraph.add_run(text)

    def _field(self, paragraph: Any, code: str, shown: str = "1") -> None:
        field = self.make("w:fldSimple")
        field.set(self.qn("w:instr"), code)
        run, text = self.make("w:r"), self.make("w:t")
        text.text = shown
        run.append(text)
        field.append(run)
        paragraph._p.append(field)

    def _caption(self, words: str, label: str, number: int, *, above: bool) -> None:
        """'圖 3　…': Word counts the number itself, and can make a list of figures from it."""
        paragraph = self.file.add_paragraph(style="Caption")
        paragraph.paragraph_format.keep_with_next = above
        if not above:
            paragraph.paragraph_format.space_after = self.shared.Pt(14)
        self._text(paragraph, f"{label} ")
        self._field(paragraph, f"SEQ {label} \\* ARABIC", str(number))
        self._text(paragraph, f"{'　' if self.document.lang == 'zh' else '. '}{words}")

    def _picture(self, block: Picture, number: int) -> None:
        png = self.draw(block, self.document.lang)
        wide, high = size_mm(png)
        paragraph = self.file.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        paragraph.paragraph_format.line_spacing = 1.0
        mm = self.shared.Mm
        shape = paragraph.add_run().add_picture(io.BytesIO(png), width=mm(wide), height=mm(high))
        shape._inline.docPr.set("descr", block.alt)
        shape._inline.docPr.set("name", f"{self.document.labels[0]} {number}")
        self._caption(block.caption, self.document.labels[0], number, above=False)

    def _table(self, block: Table) -> None:
        table = self.file.add_table(rows=1 + len(block.rows), cols=len(block.heads))
        table.autofit = False
        self._rules(table, block)
        right = self.enum.WD_ALIGN_PARAGRAPH.RIGHT
        widths = [self.shared.Mm(TEXT_WIDTH_MM * share) for share in block.widths()]
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        style = self.file.styles["Notspot Small Cell" if block.is_wide else "Notspot Cell"]
        last = len(block.rows)
        kept = range(last) if block.is_short else {0, 1, last - 1} - {last}  # no row alone on its page
        for at, (row, texts) in enumerate(zip(table.rows, [block.heads, *block.rows], strict=True)):
            self._row(row, repeated=at == 0)
            for cell, text, width, number in zip(row.cells, texts, widths, block.numbers, strict=True):
                cell.width = width
                paragraph = cell.paragraphs[0]
                paragraph.style = style
                run = paragraph.add_run(text)
                run.bold = True if at == 0 else None
                if number:
                    paragraph.alignment = right
                paragraph.paragraph_format.keep_with_next = at in kept or None
                if at == 0:
                    self._shade(cell)
        end = self.file.add_paragraph(style="Notspot Cell")  # tables that touch would become one
        end.paragraph_format.space_after = self.shared.Pt(6)

    def _row(self, row: Any, *, repeated: bool) -> None:
        properties = row._tr.get_or_add_trPr()
        properties.append(self.make("w:cantSplit"))
        if repeated:
            properties.append(self.make("w:tblHeader"))

    def _rules(self, table: Any, block: Table) -> None:
        properties = table._tbl.tblPr
        borders = self.make("w:tblBorders")
        for side in ("top", "bottom", "insideH"):
            rule = self.make(f"w:{side}")
            for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", LINE)):
                rule.set(self.qn(f"w:{name}"), value)
            borders.append(rule)
        margins = self.make("w:tblCellMar")
        for side, twips in (("top", 45), ("left", 70), ("bottom", 45), ("right", 70)):
            margin = self.make(f"w:{side}")
            margin.set(self.qn("w:w"), str(twips))
            margin.set(self.qn("w:type"), "dxa")
            margins.append(margin)
        look = properties.find(self.qn("w:tblLook"))
        layout = properties.find(self.qn("w:tblLayout"))
        (layout if layout is not None else look).addprevious(borders)
        look.addprevious(margins)
        caption = self.make("w:tblCaption")
        caption.set(self.qn("w:val"), block.caption)
        properties.append(caption)

    def _shade(self, cell: Any) -> None:
        shade = self.make("w:shd")
        for name, value in (("val", "clear"), ("color", "auto"), ("fill", WASH)):
            shade.set(self.qn(f"w:{name}"), value)
        cell._tc.get_or_add_tcPr().append(shade)
