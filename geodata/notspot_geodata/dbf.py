"""
Text of a Shapefile's table: its encoding, which the .cpg states wrongly or not at all, and text cut off in
the middle of a character, because a field's width counts bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from notspot_geodata.errors import Problem
from notspot_geodata.sniff import text_encoding

if TYPE_CHECKING:
    import geopandas as gpd

ENOUGH_BYTES = 4 * 1024**2  # of text; more does not change the verdict
_LONGEST_CHARACTER = 4  # bytes, UTF-8


def read_attributes(
    frame: gpd.GeoDataFrame, encoding: str | None, declared: str | None
) -> tuple[gpd.GeoDataFrame, str, list[str], list[Problem]]:
    """
    The frame, read as ISO-8859-1 (a letter a byte), with its text in the right encoding.

    Parameters
    ----------
    encoding
        What the caller says; it is taken as it is.
    declared
        The word in the .cpg.

    Returns
    -------
    frame, encoding, notes, problems
        Problems are cells with bytes that are no text in that encoding, by feature from 1.
    """
    out = frame.copy()
    text = [c for c in out.columns if c != out.geometry.name and out[c].map(type).eq(str).any()]
    used, reason = (encoding, "stated by the caller") if encoding else _verdict(out, text, declared)
    notes = [f"text of the table is {used}: {reason}"]
    problems: list[Problem] = []
    cut = 0
    renamed = {c: _decode(str(c), used)[0] or str(c) for c in out.columns if c != out.geometry.name}
    for column in text:
        cells: list[object] = []
        for row, cell in enumerate(out[column], start=1):
            if not isinstance(cell, str) or cell.isascii():
                cells.append(cell)
                continue
            decoded, was_cut = _decode(cell, used)
            cut += was_cut
            if decoded is None:
                decoded = cell.encode("latin-1", "replace").decode(used, "replace")
                message = f"holds bytes that are no text in {used}: {decoded[:40]!r}"
                problems.append(Problem(row, renamed[column], message, decoded[:60]))
            cells.append(decoded)
        out[column] = pd.Series(cells, index=out.index, dtype=object)
    if cut:
        notes.append(
            f"{cut:,} cells end in the middle of a character: the field is too narrow, the rest is lost"
        )
    return out.rename(columns=renamed), used, notes, problems


def _verdict(frame: gpd.GeoDataFrame, text: list[str], declared: str | None) -> tuple[str, str]:
    """Encoding by the bytes of all cells; cut characters are taken off first, for they are no evidence."""
    cells: list[bytes] = [str(c).encode("latin-1", "replace") for c in frame.columns]
    size = 0
    for column in text:
        for cell in frame[column]:
            if isinstance(cell, str) and not cell.isascii():
                cells.append(cell.encode("latin-1", "replace"))
                size += len(cell)
        if size > ENOUGH_BYTES:
            break
    broken = {name: sum(_trimmed(cell, name) is None for cell in cells) for name in ("utf-8", "cp950")}
    stated = f", although the .cpg says {declared}" if declared else ", no .cpg says so"
    if all(cell.isascii() for cell in cells):
        return "utf-8", "only ASCII"
    if broken["utf-8"] == 0:
        plain = declared and declared.lower().replace("-", "") in ("utf8", "65001")
        return "utf-8", "all cells are valid UTF-8" + ("" if plain else stated)
    if broken["cp950"] == 0:
        plain = declared and any(word in declared.lower() for word in ("950", "big5"))
        return "cp950", "all cells are valid Big5 (cp950)" + ("" if plain else stated)
    for name in ("utf-8", "cp950"):
        if broken[name] <= 0.02 * len(cells):
            return name, f"all but {broken[name]:,} of {len(cells):,} cells are valid{stated}"
    return text_encoding(b"\n".join(cells), declared)


def _decode(cell: str, encoding: str) -> tuple[str | None, bool]:
    """Text of a cell, None where it is none, and whether its last character was cut."""
    data = cell.encode("latin-1", "replace")
    found = _trimmed(data, encoding)
    return (None, False) if found is None else found


def _trimmed(data: bytes, encoding: str) -> tuple[str, bool] | None:
    for drop in range(_LONGEST_CHARACTER):
        if drop >= len(data) and drop:
            break
        try:
            return data[: len(data) - drop].decode(encoding), drop > 0
        except UnicodeDecodeError as error:
            # only what stands at the very end can have been cut
            if error.start < len(data) - _LONGEST_CHARACTER:
                return None
    return None
