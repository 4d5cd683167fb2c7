"""
Is a downloaded file what it should be? Judged by its content, never by its name or a server's word.
"""

from __future__ import annotations

import codecs
import json
import re
import zipfile
from pathlib import Path

from notspot_geodata.sources import Kind

HEAD_BYTES = 65_536
RASTERS = (".tif", ".tiff", ".img", ".asc", ".grd")
TIFFS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")  # either byte order, classic and BigTIFF
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def not_of_kind(path: Path, kind: Kind) -> str | None:
    """
    Why the file at `path` is not of `kind`, in a clause such as ``is an HTML page …``; None where it is.

    A ZIP is opened and its directory read, which a truncated one does not survive; nothing is extracted.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.strip():
        return "is empty"
    if html := html_page(head):
        return html
    if kind == "shapefile in zip":
        return _not_zip_of(path, head)
    if kind == "raster in zip":
        return _not_zip_of(path, head, RASTERS, "raster")
    if kind == "geotiff":
        return None if head[:4] in TIFFS else f"is not a TIFF file (it begins with {head[:4]!r})"
    if kind == "json records":
        return _not_records(path)
    return _not_csv(head)


def html_page(head: bytes) -> str | None:
    """``is an HTML page (its title)`` where the bytes begin like one; services send such pages as files."""
    text = head[:HEAD_BYTES].removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").lstrip()
    if not re.match(
        r"(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|script|title|meta)\b",
        text,
        re.I | re.S,
    ):
        return None
    title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.I)
    words = " ".join("".join(c if c.isprintable() else " " for c in title[1]).split())[:80] if title else ""
    return "is an HTML page" + (f" ({words!r})" if words else "") + ", not the file"


def _not_zip_of(
    path: Path, head: bytes, suffixes: tuple[str, ...] = (".shp",), what: str = "Shapefile"
) -> str | None:
    if not head.startswith(b"PK\x03\x04"):
        return f"is not a ZIP file (it begins with {head[:4]!r})"
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "is a ZIP file that cannot be opened: it is damaged or broke off"
    if not any(name.lower().endswith(suffixes) for name in names):
        held = ", ".join(repr(name[:60]) for name in names[:5]) or "nothing"
        return f"is a ZIP file without a {what}; it holds {held}"
    return None


def _not_records(path: Path) -> str | None:
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return f"is not JSON ({type(error).__name__})"
    return (
        None
        if isinstance(found, list) and all(isinstance(row, dict) for row in found)
        else "is JSON, but no list of records"
    )


def _not_csv(head: bytes) -> str | None:
    bom = next((bom for bom in _BOMS if head.startswith(bom)), None)
    if bom in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    elif b"\x00" in head:
        return f"is not a text file (it begins with {head[:4]!r})"
    else:
        text = head.decode("utf-8", "replace")  # Big5 stays unreadable here, but keeps its commas
    if text.lstrip("\ufeff \r\n\t").startswith(("{", "[{")):
        return "is JSON, not a table"
    first = next((line for line in text.lstrip("\ufeff").splitlines() if line.strip()), "")
    return (
        None
        if any(mark in first for mark in ",;\t")
        else f"has no columns (its first line is {first[:60]!r})"
    )
