"""
Archives and XML from strangers: unpacked into a temporary folder and nowhere else, or refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from notspot_geodata.errors import InputError, NotFoundError, Problem
from notspot_geodata.sniff import ZIP_BYTES, guard_zip


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """
    The members of a ZIP in a temporary folder that is gone afterwards.

    Names that Windows tools wrote in Big5 are put right, and what no file system likes is replaced by ``_``.

    Raises
    ------
    InputError
        Not a ZIP, damaged, encrypted, names that lead out of the folder, or a bomb (`sniff.guard_zip`).
        Nothing is written before all names and sizes have been looked at.
    """
    guard_zip(path)
    with TemporaryDirectory(prefix="notspot-") as name:
        folder = Path(name)
        left = ZIP_BYTES
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    if not member.is_dir():
                        left -= _extract(archive, member, folder, left)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error, OSError) as error:
            problem = Problem(None, "", f"is a ZIP archive that cannot be unpacked: {error}")
            raise InputError(path, [problem], hint="Download the file again.") from error
        yield folder


def choose(found: list[Path], folder: Path, path: Path, layer: str | None) -> Path:
    """
    The one of `found`, by `layer` (file name without suffix) where there are several.

    Raises InputError with all names where it is not clear which is meant, NotFoundError for a wrong name.
    """
    names = {p.relative_to(folder).with_suffix("").as_posix(): p for p in sorted(found)}
    if layer is not None:
        hits = [p for name, p in names.items() if layer in (name, p.stem, p.name)]
        if len(hits) == 1:
            return hits[0]
        raise NotFoundError(f"{path.name} has no layer {layer!r}; it has: {', '.join(names)}")
    if len(found) == 1:
        return found[0]
    listed = ", ".join(names)
    raise InputError(
        path,
        [Problem(None, "", f"holds {len(found)} layers: {listed}")],
        hint=f"Pass --layer with one of them, for example --layer {next(iter(names))}",
    )


def check_xml(path: Path) -> None:
    """
    Read XML through once with defusedxml.

    Raises InputError where it declares entities or a document type, or is not well-formed.
    """
    from xml.etree.ElementTree import ParseError

    import defusedxml
    from defusedxml.ElementTree import iterparse

    try:
        with path.open("rb") as file:
            for _, element in iterparse(file, forbid_dtd=True):
                element.clear()
    except defusedxml.DefusedXmlException as error:
        problem = Problem(None, "", "declares a document type or entities, which can read other files")
        raise InputError(path, [problem], hint="Remove the <!DOCTYPE …> part and try again.") from error
    except (ParseError, ValueError, LookupError) as error:
        raise InputError(path, [Problem(None, "", f"is not well-formed XML: {error}")]) from error


def _name(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & 0x800:  # UTF-8, stated
        return member.filename
    for encoding in ("utf-8", "cp950"):
        try:
            return member.filename.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return member.filename


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, limit: int) -> int:
    """Bytes written; more than `limit` is refused while it comes, because the directory's sizes may lie."""
    parts = PurePosixPath(_name(member).replace("\\", "/")).parts
    safe = [re.sub(r'[<>:"|?*\x00-\x1f]', "_", p)[-120:] for p in parts if p not in ("", ".", "..", "/")]
    target = folder.joinpath(*safe)
    if not target.resolve().is_relative_to(folder.resolve()):
        raise zipfile.BadZipFile(f"member {member.filename[:80]!r} leads out of the folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(member) as source, target.open("wb") as sink:
        while block := source.read(1 << 20):
            written += len(block)
            if written > limit:
                raise zipfile.BadZipFile(f"unpacks to more than {ZIP_BYTES / 1024**3:g} GB")
            sink.write(block)
    return written
