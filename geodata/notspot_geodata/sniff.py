"""
What a file is, told from its bytes: its kind, the encoding of its text, whether its ZIP is safe to open.

Names and metadata files lie: a ``.csv`` may hold a web page, a ``.cpg`` may say UTF-8 over Big5.
"""

from __future__ import annotations

import codecs
import json
import re
import stat
import zipfile
from pathlib import Path, PurePosixPath

from charset_normalizer import from_bytes

from notspot_geodata.errors import InputError, NotFoundError, Problem

HEAD_BYTES = 65_536
DECODE_BYTES = 4 * 1024**2  # at a time, so that a large file is not held as text too
ZIP_MEMBERS = 10_000  # the largest official archive has some 400
ZIP_BYTES = 4 * 1024**3  # unpacked, all members
ZIP_RATIO = 200  # text of codes and figures packs 5 to 30 times, DBF padding up to 100
ZIP_RATIO_FROM = 50 * 1024**2  # below this a high ratio does no harm

TABLES = ("csv", "tsv", "xlsx", "xls", "ods", "json")
MAPS = (
    "shapefile", "shapefile in zip", "gpkg", "geojson", "topojson", "kml", "kmz", "gpx", "flatgeobuf", "geoparquet",
)  # fmt: skip


def kind_of(path: str | Path) -> str:
    """
    The kind of a file by its content.

    Returns
    -------
    kind
        One of `TABLES` or `MAPS`, or what else it is, to be said in an error: ``empty``, ``html``, ``pdf``,
        ``tiff``, ``image``, ``dbf``, ``parquet``, ``docx``, ``zip``, ``damaged zip``, ``sqlite``, ``xml``,
        ``binary``.

    Raises
    ------
    NotFoundError
        No such file; the message lists what lies beside it.
    InputError
        It is a folder.
    """
    path = Path(path)
    require_file(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(path, [Problem(None, "", f"cannot be opened ({error.strerror})")]) from error
    if not head.strip(b"\x00 \t\r\n"):
        return "empty"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind(path) if callable(kind) else kind
    if path.suffix.lower() == ".dbf" and head[0] in (0x03, 0x30, 0x31, 0x83, 0x8B, 0xF5):
        return "dbf"
    return _text_kind(path, head)


def require_file(path: Path) -> None:
    """Raise unless `path` is a file, saying what lies beside it."""
    if path.is_dir():
        names = sorted(item.name for item in path.iterdir())[:10]
        message = f"is a folder; name one of its files: {', '.join(names) or 'it is empty'}"
        raise InputError(path, [Problem(None, "", message)])
    if path.is_file():
        return
    beside = (
        sorted(item.name for item in path.parent.iterdir() if item.is_file()) if path.parent.is_dir() else []
    )
    near = [name for name in beside if name.lower()[:3] == path.name.lower()[:3]] or beside
    there = f"In its folder lie: {', '.join(near[:8])}" if near else "Its folder is empty or not there."
    raise NotFoundError(f"{path}: no such file. {there}")


# ------------------------------------------------------------------ text


def text_encoding(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """
    The encoding that `data` is in, and how that is known.

    Order of evidence: a byte order mark; zero bytes of UTF-16; valid UTF-8; valid cp950 (Big5 with the
    extensions of Windows); what is `declared`; a statistical guess. A declaration is believed only
    where the bytes allow it, for metadata files lie. A character cut at the very end is allowed.

    Returns
    -------
    encoding, reason
        A Python codec name, and half a sentence for ``notspot check``.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name, "byte order mark"
    if wide := _utf16(data):
        return wide, "zero bytes, and the characters of a table in UTF-16"
    if _decodes(data, "utf-8"):
        lie = declared and _norm(declared) not in ("utf8", "ascii", "")
        if data.isascii():
            return "utf-8", "only ASCII"
        return "utf-8", f"valid UTF-8, although {declared} is declared" if lie else "valid UTF-8"
    if declared and _norm(declared) not in ("utf8", "ascii", *_BIG5) and _decodes(data, declared):
        return declared, "declared, and the bytes fit"
    if _decodes(data, "cp950"):
        lie = declared and _norm(declared) not in _BIG5
        return "cp950", f"valid Big5, although {declared} is declared" if lie else "valid Big5 (cp950)"
    for wider in ("big5hkscs", "utf-8"):
        if _mostly(data, wider):
            return wider, f"mostly {wider}; a few characters are broken"
    if _mostly(data, "cp950"):
        return "cp950", "mostly Big5 (cp950); a few characters are private or broken"
    guess = from_bytes(data[:HEAD_BYTES]).best()
    if guess is None:
        return "utf-8", "nothing fits; broken characters are shown as \ufffd"
    return str(guess.encoding), "a guess from the frequency of characters; check the names"


_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BIG5 = ("big5", "cp950", "950", "ansi950", "ms950", "big5hkscs", "xbig5")


def _norm(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        for start in range(0, len(data), DECODE_BYTES):
            decoder.decode(data[start : start + DECODE_BYTES], final=False)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _mostly(data: bytes, encoding: str, share: float = 0.002) -> bool:
    text = data.decode(encoding, "replace")
    return text.count("\ufffd") <= share * max(len(text), 1)


def _utf16(data: bytes) -> str | None:
    """
    UTF-16 without a mark: every other encoding of text has no zero bytes.

    Line ends and digits have one, also in text that is Chinese throughout; 一 (4E00) has one on the other
    side. So both orders are tried, and the one that gives characters of a table is taken.
    """
    sample = data[: min(len(data), 4096) // 2 * 2]
    if 0 not in sample:
        return None
    found = {encoding: _plausible(sample, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    best = max(found, key=lambda encoding: found[encoding])
    return best if found[best] > 0.9 and _decodes(data, best) else None


_USUAL = re.compile("[\t\r\n -~\u2010-\u2027\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\ue000-\uf8ff]")


def _plausible(sample: bytes, encoding: str) -> float:
    text = sample.decode(encoding, "replace")
    return len(_USUAL.findall(text)) / len(text) if text else 0.0


_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(!doctype\s+html|html|head|body|script|table|meta)\b", re.I | re.S
)


def _text_kind(path: Path, head: bytes) -> str:
    encoding, _ = text_encoding(head)
    text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    controls = sum(char < " " and char not in "\t\r\n\f" for char in text)
    if controls > max(3, 0.02 * len(text)):  # a few NUL bytes occur in real tables, and are told
        return "binary"
    if _HTML.match(text):
        return "html"
    if re.match(r"<[A-Za-z!?]", text):
        if re.search(r"<(\w+:)?kml[\s>]", text):
            return "kml"
        if re.search(r"<(\w+:)?gpx[\s>]", text):
            return "gpx"
        return "xml"
    if text.startswith(("{", "[")) and not re.match(r"\[[^\]\"{]*\][^,]", text):
        return _json_kind(path, text)
    lines = text.splitlines()[:20]
    tabs, commas = sum(line.count("\t") for line in lines), sum(line.count(",") for line in lines)
    return "tsv" if tabs > commas else "csv"


def _json_kind(path: Path, text: str) -> str:
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return "json"
    found = re.search(r'"type"\s*:\s*"(FeatureCollection|Feature|Topology|GeometryCollection)"', text)
    if found is None and text.startswith("{"):
        # the type may stand at the end of a file, behind the arcs
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            tail = file.read().decode("utf-8", "replace")
        found = re.search(r'"type"\s*:\s*"(Topology|FeatureCollection)"\s*[,}]', tail)
    if found is None:
        return "json"
    return "topojson" if found[1] == "Topology" else "geojson"


# ------------------------------------------------------------------ containers


def guard_zip(path: str | Path) -> list[str]:
    """
    The members of a ZIP that is safe to unpack.

    Raises
    ------
    InputError
        Names that leave the folder (``..``, absolute, drive letters), links, too many members, or more
        bytes than any honest archive of its kind holds.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(path, [Problem(None, "", f"is a damaged ZIP file ({error})")]) from error
    problems = [Problem(None, "", reason, m.filename) for m in members if (reason := _unsafe(m))]
    if len(members) > ZIP_MEMBERS:
        problems.append(Problem(None, "", f"holds {len(members):,} files; at most {ZIP_MEMBERS:,} are read"))
    total = sum(member.file_size for member in members)
    packed = max(sum(member.compress_size for member in members), 1)
    if total > ZIP_BYTES or (total > ZIP_RATIO_FROM and total / packed > ZIP_RATIO):
        sizes = f"{total / 1024**2:,.0f} MB from {packed / 1024**2:,.1f} MB"
        problems.append(Problem(None, "", f"would unpack to {sizes}: a ZIP bomb, it seems"))
    if problems:
        raise InputError(path, problems, hint="Nothing was unpacked. Ask its sender for a plain archive.")
    return [member.filename for member in members if not member.is_dir()]


def _unsafe(member: zipfile.ZipInfo) -> str:
    name = member.filename.replace("\\", "/")
    shown = repr(member.filename[:80])
    if PurePosixPath(name).is_absolute() or re.match(r"[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        return f"the member {shown} would be written outside the folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return f"the member {shown} is a link"
    if member.flag_bits & 0x1:
        return f"the member {shown} is encrypted"
    return ""


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            mime = (
                archive.read("mimetype")[:100]
                if "mimetype" in names and archive.getinfo("mimetype").file_size < 200
                else b""
            )
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return "damaged zip"
    lower = [name.lower() for name in names]
    if "xl/workbook.xml" in lower:
        return "xlsx"
    if b"opendocument.spreadsheet" in mime:
        return "ods"
    if "word/document.xml" in lower or b"opendocument.text" in mime:
        return "docx"
    if any(name.endswith(".shp") for name in lower):
        return "shapefile in zip"
    if any(name.endswith(".kml") for name in lower):
        return "kmz"
    return "zip"


def _sqlite_kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(72)
    return (
        "gpkg" if head[68:72] in (b"GPKG", b"GP10", b"GP11") or path.suffix.lower() == ".gpkg" else "sqlite"
    )


def _parquet_kind(path: Path) -> str:
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path).metadata or {}
    except Exception:  # pyarrow raises several kinds for a broken footer
        return "binary"
    return "geoparquet" if b"geo" in metadata else "parquet"


def _ole_kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(2 * 1024**2)
    return "xls" if "Workbook".encode("utf-16-le") in head or "Book".encode("utf-16-le") in head else "binary"


_MAGIC = (
    (b"PK\x03\x04", _zip_kind),
    (b"PK\x05\x06", _zip_kind),
    (b"SQLite format 3\x00", _sqlite_kind),
    (b"PAR1", _parquet_kind),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _ole_kind),
    (b"fgb\x03fgb", "flatgeobuf"),
    (b"\x00\x00\x27\x0a", "shapefile"),
    (b"%PDF", "pdf"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
)


def parse_json(path: Path, text: str) -> object:
    """JSON text as plain objects; raises `InputError` where it is not JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = Problem(error.lineno, "", f"is not JSON: {error.msg} at column {error.colno}")
        raise InputError(path, [where]) from error
    except RecursionError as error:
        raise InputError(path, [Problem(None, "", "is JSON nested too deep to be a table")]) from error
    except ValueError as error:  # Python reads no whole number of more than 4,300 digits
        raise InputError(path, [Problem(None, "", "is JSON with a number of thousands of digits")]) from error
