"""
Search whatever Notspot writes for positions that should not be there: in text and numbers, compressed or packed.

`found_in(paths, positions)` unpacks gzip, ZIP (also workbooks), base64, PNG and Parquet as deep as they are nested,
and says where a position stands as degrees (four decimals or more), as metres (TM2), as floating-point bytes or as
grid steps.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from pyproj import Transformer

GRIDS_DEG = (1e-5, 1e-4, 1e-6)
APART = 120  # characters between two coordinates that are one position: more than a row or a point has
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")
_TM2 = Transformer.from_crs("EPSG:3824", "EPSG:3826", always_xy=True)

Position = tuple[float, float]


def found_in(paths: Iterable[Path], positions: Iterable[Position]) -> list[str]:
    """Where any position (longitude, latitude) stands, a line each."""
    told = []
    for path in paths:
        for name, blob in blobs(path.name, path.read_bytes()):
            told += [f"{name}: {what}" for lonlat in positions for what in _said(blob, *lonlat)]
    return sorted(set(told))


def blobs(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """`data` and all that is packed inside it, with the way there."""
    yield name, data
    if data[:2] == b"\x1f\x8b":
        yield from blobs(f"{name} › gzip", gzip.decompress(data))
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from blobs(f"{name} › {member}", archive.read(member))
    elif data[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(data))
        plain = []
        for column in table.column_names:
            values = table[column].to_pylist()
            if any(isinstance(value, bytes) for value in values):
                yield f"{name} › {column}", b"".join(value or b"" for value in values)
            else:
                plain.append(values)
        yield f"{name} › rows", "\n".join(map(repr, zip(*plain, strict=True))).encode()
    elif data[:8] == b"\x89PNG\r\n\x1a\n":
        yield f"{name} › pixels", _pixels(data)
    else:
        for at, match in enumerate(_BASE64.finditer(data)):
            text = match.group()
            try:
                inner = base64.b64decode(text + b"=" * (-len(text) % 4))
            except ValueError:
                continue
            yield from blobs(f"{name} › base64 {at}", inner)


def _pixels(png: bytes) -> bytes:
    out, at = b"", 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            out += png[at + 8 : at + 8 + size]
        at += 12 + size
    return zlib.decompress(out)


def _said(blob: bytes, lon: float, lat: float) -> Iterator[str]:
    # 121.4987 cut off, 121.4988 rounded: all longer ones begin with one of them
    lons, lats = ({f"{v:.4f}", f"{np.floor(v * 1e4) / 1e4:.4f}"} for v in (lon, lat))
    for pair in (pair for a in lons for b in lats for pair in ((a, b), (b, a))):
        if re.search(rf"{re.escape(pair[0])}.{{0,{APART}}}?{re.escape(pair[1])}".encode(), blob, re.DOTALL):
            yield f"degrees {' '.join(pair)}"
    x, y = _TM2.transform(lon, lat)
    for east in {int(x), round(x)}:
        for north in {int(y), round(y)}:
            for a, b in ((east, north), (north, east)):
                if re.search(rb"%d\D.{0,%d}?%d" % (a, APART, b), blob, re.DOTALL):
                    yield f"metres {east} {north}"
    for pair in ((lon, lat), (x, y)):
        for kind in ("<d", ">d", "<f"):
            if all(struct.pack(kind, value) in blob for value in pair):
                yield f"bytes {kind} of {pair}"
    yield from _steps(blob, lon, lat)


def _steps(blob: bytes, lon: float, lat: float) -> Iterator[str]:
    """Whole numbers of a JSON, as they are and added up from differences, as steps of a grid."""
    if blob[:1] not in (b"{", b"["):
        return
    try:
        tree = json.loads(blob)
    except ValueError:
        return
    lists = [np.array(each, np.int64) for each in _whole(tree)]
    lists += [np.cumsum(each) for each in lists]
    for grid in GRIDS_DEG:
        if all(any((np.abs(own - value / grid) <= 1).any() for own in lists) for value in (lon, lat)):
            yield f"steps of {grid:g} degrees"


def _whole(tree: object) -> Iterator[list[int]]:
    if isinstance(tree, dict):
        for each in tree.values():
            yield from _whole(each)
    elif isinstance(tree, list):
        if tree and all(type(each) is int for each in tree):
            yield tree
        else:
            for each in tree:
                yield from _whole(each)
