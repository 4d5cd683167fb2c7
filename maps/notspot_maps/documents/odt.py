"""
A `Document` as ODT, the text format of OpenDocument 1.3 (ISO/IEC 26300), which Taiwan's government exchanges.

Five small parts in a ZIP: written here, so that styles, fields, repeated heads and alternative text are exactly
what the DOCX has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from notspot_maps.documents.archive import archive
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

MIME = "application/vnd.oasis.opendocument.text"
FONT = "Noto Sans TC"
INSTEAD = ("Noto Sans CJK TC", "Microsoft JhengHei", "PingFang TC")  # where it is not installed
INK, SOFT, LINE, WASH = "#1f2933", "#52606d", "#c3ccd4", "#f4f7f9"
STYLES: dict[Style, str] = {
    "body": "Text_20_body",
    "lead": "Text_20_body",
    "note": "Notspot_20_Note",
    "finding": "Notspot_20_Finding",
}
SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("fo", "xsl-fo-compatible"),
        ("svg", "svg-compatible"),
        ("meta", "meta"),
        ("manifest", "manifest"),
    )
)
SPACES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
VERSION = 'office:version="1.3"'
WHOLE = ' style:may-break-between-rows="false"'  # of a table that is not cut
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def odt(document: Document, *, draw: Draw = drawn) -> bytes:
    """
    The file's bytes, the same for the same document.

    Raises
    ------
    NotFoundError
        The extra ``notspot[print]`` is not installed, and the document has pictures.
    """
    pictures = {
        number: draw(block, document.lang)
        for block, number in numbered(document.blocks)
        if isinstance(block, Picture)
    }
    files = {f"Pictures/{number:03d}.png": png for number, png in pictures.items()}
    parts = {
        "mimetype": MIME,
        "content.xml": _content(document, pictures),
        "styles.xml": _styles(document),
        "meta.xml": _meta(document),
        "META-INF/manifest.xml": _manifest([*files]),
    }
    return archive({name: text.encode() for name, text in parts.items()} | files)


def inline(text: str) -> str:
    """Text between tags; blanks that ODF would take together are written as so many blanks."""
    return re.sub(r"^ | {2,}", lambda found: f'<text:s text:c="{len(found[0])}"/>', escape(text))


# ------------------------------------------------------------------ content.xml


def _content(document: Document, pictures: dict[int, bytes]) -> str:
    figure, table = document.labels
    body = "".join(_body(document, pictures))
    declared = "".join(
        f'<text:sequence-decl text:display-outline-level="0" text:name={quoteattr(name)}/>'
        for name in (figure, table)
    )
    return (
        f"{HEAD}<office:document-content {SPACES} {VERSION}><office:automatic-styles>{_automatic(document)}"
        f"</office:automatic-styles><office:body><office:text><text:sequence-decls>{declared}</text:sequence-decls>"
        f"{body}</office:text></office:body></office:document-content>"
    )


def _body(document: Document, pictures: dict[int, bytes]) -> Iterator[str]:
    figure, table = document.labels
    yield _paragraph("Title", inline(document.title))
    yield _paragraph("Subtitle", inline(document.subtitle))
    for block, number in numbered(document.blocks):
        if isinstance(block, Heading):
            yield (
                f'<text:h text:style-name="Heading_20_{block.level}" text:outline-level="{block.level}">'
                f"{inline(block.text)}</text:h>"
            )
        elif isinstance(block, Paragraph):
            kept = "_20_Kept" if block.kept and block.style != "finding" else ""  # a finding always is
            yield _paragraph(STYLES[block.style] + kept, inline(block.text))
        elif isinstance(block, Bullets):
            items = "".join(
                f"<text:list-item>{_paragraph('List_20_Bullet', inline(item))}</text:list-item>"
                for item in block.items
            )
            yield f'<text:list text:style-name="Bullets">{items}</text:list>'
        elif isinstance(block, Table):
            yield _paragraph("Table", _caption(document, block.caption, table, number))
            yield _table(block, number)
        else:
            yield _picture(block, number, pictures[number], figure)
            yield _paragraph("Figure", _caption(document, block.caption, figure, number))


def _paragraph(style: str, content: str) -> str:
    return f'<text:p text:style-name="{style}">{content}</text:p>'


def _caption(document: Document, words: str, label: str, number: int) -> str:
    """'圖 3　…': counted by the word processor, which can make a list of figures from it."""
    gap = "　" if document.lang == "zh" else ". "
    name = quoteattr(label)
    return (
        f"{inline(label)} <text:sequence text:name={name} text:formula={quoteattr(f'ooow:{label}+1')} "
        f'style:num-format="1" text:ref-name="ref{escape(label)}{number}">{number}</text:sequence>'
        f"{gap}{inline(words)}"
    )


def _table(block: Table, number: int) -> str:
    name = f"T{number}"
    columns = "".join(
        f'<table:table-column table:style-name="{name}.{at}"/>' for at in range(1, len(block.heads) + 1)
    )
    rows = "".join(_row(block, texts, head=False) for texts in block.rows)
    return (
        f'<table:table table:name="{name}" table:style-name="{name}">'
        f"<table:title>{escape(block.caption)}</table:title>{columns}"
        f"<table:table-header-rows>{_row(block, block.heads, head=True)}</table:table-header-rows>{rows}"
        f"</table:table>{_paragraph('Notspot_20_After', '')}"
    )


def _row(block: Table, texts: Sequence[str], *, head: bool) -> str:
    small = "_20_Small" if block.is_wide else ""
    kind = "Head" if head else "Cell"
    cells = "".join(
        f'<table:table-cell table:style-name="{kind}" office:value-type="string">'
        + _paragraph(
            f"Notspot{small}_20_{kind}{'_20_Number' if number else ''}",
            inline(text),
        )
        + "</table:table-cell>"
        for text, number in zip(texts, block.numbers, strict=True)
    )
    return f'<table:table-row table:style-name="Row">{cells}</table:table-row>'


def _picture(block: Picture, number: int, png: bytes, label: str) -> str:
    wide, high = size_mm(png)
    return _paragraph(
        "Notspot_20_Picture",
        f'<draw:frame draw:style-name="Frame" draw:name={quoteattr(f"{label} {number}")} text:anchor-type="as-char" '
        f'svg:width="{wide:.1f}mm" svg:height="{high:.1f}mm" draw:z-index="{number}">'
        f'<draw:image xlink:href="Pictures/{number:03d}.png" xlink:type="simple" xlink:show="embed" '
        f'xlink:actuate="onLoad" draw:mime-type="image/png"/>'
        f"<svg:title>{escape(block.caption)}</svg:title><svg:desc>{escape(block.alt)}</svg:desc></draw:frame>",
    )


def _automatic(document: Document) -> str:
    out = [
        '<style:style style:name="Frame" style:family="graphic"><style:graphic-properties '
        'style:vertical-pos="top" style:vertical-rel="baseline"/></style:style>',
        '<style:style style:name="Row" style:family="table-row"><style:table-row-properties '
        'fo:keep-together="always"/></style:style>',
        '<text:list-style style:name="Bullets"><text:list-level-style-bullet text:level="1" '
        'text:bullet-char="•"><style:list-level-properties text:list-level-position-and-space-mode="label-alignment">'
        '<style:list-level-label-alignment text:label-followed-by="listtab" text:list-tab-stop-position="6mm" '
        'fo:text-indent="-5mm" fo:margin-left="6mm"/></style:list-level-properties></text:list-level-style-bullet>'
        "</text:list-style>",
    ]
    rule = f"0.5pt solid {LINE}"
    for name, ground in (("Head", f'fo:background-color="{WASH}" fo:border-top="{rule}" '), ("Cell", "")):
        out.append(
            f'<style:style style:name="{name}" style:family="table-cell"><style:table-cell-properties {ground}'
            f'fo:border-bottom="{rule}" fo:padding="1mm"/></style:style>'
        )
    for block, number in numbered(document.blocks):
        if isinstance(block, Table):
            out.append(
                f'<style:style style:name="T{number}" style:family="table"><style:table-properties '
                f'style:width="{TEXT_WIDTH_MM:g}mm" table:align="left" table:border-model="collapsing"'
                f"{WHOLE if block.is_short else ''}/></style:style>"
            )
            out += [
                f'<style:style style:name="T{number}.{at}" style:family="table-column"><style:table-column-properties '
                f'style:column-width="{TEXT_WIDTH_MM * share:.2f}mm"/></style:style>'
                for at, share in enumerate(block.widths(), 1)
            ]
    return "".join(out)


# ------------------------------------------------------------------ styles.xml


def _styles(document: Document) -> str:
    latin = "US" if document.lang == "zh" else "GB"
    named = ";".join((FONT, *INSTEAD))
    fonts = (
        f'<style:font-face style:name="{FONT}" svg:font-family="{named}" style:font-family-generic="swiss" '
        'style:font-pitch="variable"/>'
    )
    base = (
        f'<style:default-style style:family="paragraph"><style:paragraph-properties style:writing-mode="lr-tb" '
        f'style:tab-stop-distance="10mm" fo:orphans="2" fo:widows="2"/><style:text-properties '
        f'style:font-name="{FONT}" style:font-name-asian="{FONT}" style:font-name-complex="{FONT}" '
        f'fo:font-size="10.5pt" style:font-size-asian="10.5pt" fo:color="{INK}" fo:language="en" '
        f'fo:country="{latin}" style:language-asian="zh" style:country-asian="TW"/></style:default-style>'
        '<style:default-style style:family="table"><style:table-properties table:border-model="collapsing"/>'
        "</style:default-style>"
        '<style:style style:name="Standard" style:family="paragraph" style:class="text"/>'
    )
    made = "".join(
        (
            _style("Text_20_body", "Text body", below=6, line=125),
            _style("Title", "Title", size=20, bold=True, below=4, kept=True),
            _style("Subtitle", "Subtitle", size=10, colour=SOFT, below=12),
            *(
                _style(f"Heading_20_{level}", f"Heading {level}", size=size, bold=True, above=above, below=5, kept=True,
                       level=level)
                for level, size, above in ((1, 15, 22), (2, 12.5, 14), (3, 11, 10))
            ),
            _style("Caption", "Caption", size=9.5, bold=True, above=6, below=5),
            _style("Figure", "Figure", parent="Caption", below=12),
            _style("Table", "Table", parent="Caption", kept=True),
            _style("List_20_Bullet", "List Bullet", below=4, line=125),
            _style("Notspot_20_Note", "Notspot Note", size=9, colour=SOFT, below=6, line=125),
            _style("Text_20_body_20_Kept", "Text body Kept", parent="Text_20_body", kept=True),
            _style("Notspot_20_Note_20_Kept", "Notspot Note Kept", parent="Notspot_20_Note", kept=True),
            _style("Notspot_20_Finding", "Notspot Finding", bold=True, below=6, line=125, kept=True),
            _style("Notspot_20_Picture", "Notspot Picture", kept=True),
            _style("Notspot_20_After", "Notspot After", size=6, below=6),
            *_cells("Notspot", 9),
            *_cells("Notspot_20_Small", 7.5),
            _style("Header", "Header", size=8.5, colour=SOFT),
            _style("Footer", "Footer", size=8.5, colour=SOFT, tab=True),
        )
    )  # fmt: skip
    outline = "".join(
        f'<text:outline-level-style text:level="{level}" style:num-format=""/>' for level in range(1, 11)
    )
    page = (
        '<office:automatic-styles><style:page-layout style:name="A4"><style:page-layout-properties '
        'fo:page-width="210mm" fo:page-height="297mm" style:print-orientation="portrait" fo:margin-top="12mm" '
        f'fo:margin-bottom="12mm" fo:margin-left="{MARGIN_MM:g}mm" fo:margin-right="{MARGIN_MM:g}mm"/>'
        '<style:header-style><style:header-footer-properties fo:min-height="10mm" fo:margin-bottom="4mm"/>'
        '</style:header-style><style:footer-style><style:header-footer-properties fo:min-height="8mm" '
        'fo:margin-top="4mm"/></style:footer-style></style:page-layout></office:automatic-styles>'
        '<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4"><style:header>'
        + _paragraph("Header", inline(document.title))
        + "</style:header><style:footer>"
        + _paragraph(
            "Footer",
            f'{inline(document.subtitle)}<text:tab/><text:page-number text:select-page="current">1</text:page-number>'
            " / <text:page-count>1</text:page-count>",
        )
        + "</style:footer></style:master-page></office:master-styles>"
    )
    return (
        f"{HEAD}<office:document-styles {SPACES} {VERSION}><office:font-face-decls>{fonts}</office:font-face-decls>"
        f'<office:styles>{base}{made}<text:outline-style style:name="Outline">{outline}</text:outline-style>'
        f"</office:styles>{page}</office:document-styles>"
    )


def _cells(prefix: str, size: float) -> list[str]:
    shown = prefix.replace("_20_", " ")
    out = []
    for kind, bold in (("Head", True), ("Cell", False)):
        name, title = f"{prefix}_20_{kind}", f"{shown} {kind}"
        out.append(_style(name, title, size=size, bold=bold, line=110))
        out.append(_style(f"{name}_20_Number", f"{title} Number", parent=name, right=True))
    return out


def _style(
    name: str,
    shown: str,
    *,
    parent: str = "Standard",
    size: float | None = None,
    bold: bool = False,
    colour: str = "",
    above: float | None = None,
    below: float | None = None,
    line: int | None = None,
    kept: bool = False,
    right: bool = False,
    tab: bool = False,
    level: int = 0,
) -> str:
    """A paragraph style; sizes and distances in points, `line` in percent."""
    spacing = {
        "fo:margin-top": None if above is None else f"{above:g}pt",
        "fo:margin-bottom": None if below is None else f"{below:g}pt",
        "fo:line-height": None if line is None else f"{line}%",
        "fo:keep-with-next": "always" if kept else None,
        "fo:text-align": "end" if right else None,
    }
    letters = {
        "fo:font-size": f"{size:g}pt" if size else None,
        "style:font-size-asian": f"{size:g}pt" if size else None,
        "fo:font-weight": "bold" if bold else None,
        "style:font-weight-asian": "bold" if bold else None,
        "fo:color": colour or None,
    }
    stops = (
        f'<style:tab-stops><style:tab-stop style:position="{TEXT_WIDTH_MM:g}mm" style:type="right"/></style:tab-stops>'
        if tab
        else ""
    )
    outline = f' style:default-outline-level="{level}"' if level else ""
    return (
        f'<style:style style:name="{name}" style:display-name="{shown}" style:family="paragraph" '
        f'style:parent-style-name="{parent}"{outline}>'
        f"<style:paragraph-properties{_attributes(spacing)}>{stops}</style:paragraph-properties>"
        f"<style:text-properties{_attributes(letters)}/></style:style>"
    )


def _attributes(values: Mapping[str, str | None]) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items() if value)


# ------------------------------------------------------------------ meta.xml, manifest.xml


def _meta(document: Document) -> str:
    when = document.date.strftime("%Y-%m-%dT%H:%M:%S")
    language = "zh-TW" if document.lang == "zh" else "en-GB"
    return (
        f"{HEAD}<office:document-meta {SPACES} {VERSION}><office:meta><meta:generator>Notspot</meta:generator>"
        f"<dc:title>{escape(document.title)}</dc:title><dc:subject>{escape(document.subtitle)}</dc:subject>"
        f"<meta:creation-date>{when}</meta:creation-date><dc:date>{when}</dc:date>"
        f"<dc:language>{language}</dc:language></office:meta></office:document-meta>"
    )


def _manifest(pictures: list[str]) -> str:
    entries = [("/", MIME), *((name, "text/xml") for name in ("content.xml", "styles.xml", "meta.xml"))]
    entries += [(name, "image/png") for name in pictures]
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{path}" manifest:media-type="{kind}"'
        + (' manifest:version="1.3"/>' if path == "/" else "/>")
        for path, kind in entries
    )
    return f'{HEAD}<manifest:manifest {SPACES} manifest:version="1.3">{listed}</manifest:manifest>'
