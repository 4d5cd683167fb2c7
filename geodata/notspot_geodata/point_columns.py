"""
Which columns of a large table hold its positions, and how they are written there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from notspot_geodata import crs as systems
from notspot_geodata.degrees import find_pairs, lone_column
from notspot_geodata.errors import UsageError

Kind = Literal["two", "one", "wkb", "xy"]

SHAPE_NAMES = ("geometry", "geom", "wkb", "wkb_geometry", "the_geom")


@dataclass(frozen=True, slots=True)
class PointColumns:
    """
    Where a table has its positions.

    Attributes
    ----------
    at, names
        The columns, by position and by name.
    kind
        ``two`` columns of numbers or text, ``one`` of text with both, ``wkb`` points, or ``xy``, a column of
        pairs (GeoArrow).
    datum
        "67" or "97" where a heading states it.
    crs
        WKT of the system that the file states.
    """

    at: tuple[int, ...]
    names: tuple[str, ...]
    kind: Kind
    datum: str | None = None
    crs: str | None = None

    @property
    def label(self) -> str:
        return ", ".join(self.names)


def point_columns(
    schema: Any, *, x: str | None = None, y: str | None = None, sample: pd.DataFrame | None = None
) -> PointColumns:
    """
    The columns of positions of an Arrow schema.

    Those that are named; else the geometry that the metadata names (GeoParquet, GeoArrow); else columns with
    usual names (`degrees.find_pairs`); else binary columns with usual names, as WKB; else a column of text whose
    cells in `sample`, some rows of the table, are all pairs of coordinates.

    Raises
    ------
    UsageError
        There are none, or the named ones are not there.
    """
    names = list(schema.names)
    if x is not None or y is not None:
        if x is None or y is None:
            raise UsageError("name both columns: --lon and --lat, or --x and --y")
        absent = [name for name in (x, y) if name not in names]
        if absent:
            raise UsageError(f"there is no column {', '.join(absent)}; there are {_listed(names)}")
        pair = next((p for p in find_pairs([x, y]) if p.columns == (x, y)), None)
        return PointColumns(
            (names.index(x), names.index(y)), (x, y), "two", None if pair is None else pair.datum
        )
    stated = _stated(schema)
    if stated is not None:
        return stated
    found = find_pairs(name for name in names if not is_shape(schema.field(names.index(name)).type))
    if found:
        first = found[0]
        at = tuple(names.index(c) for c in first.columns)
        return PointColumns(at, first.columns, "two" if first.y is not None else "one", first.datum)
    for i, name in enumerate(names):
        if name.lower() in SHAPE_NAMES and is_shape(schema.field(i).type):
            return PointColumns((i,), (name,), "wkb" if _is_binary(schema.field(i).type) else "xy")
    for pair in [] if sample is None else lone_column(sample):
        return PointColumns((names.index(pair.x),), (pair.x,), "one")
    raise UsageError(
        "no coordinates found: columns such as longitude and latitude, 經度 and 緯度, X座標 and Y座標 are needed, or "
        f"--lon and --lat with the names of yours; there are {_listed(names)}"
    )


def _stated(schema: Any) -> PointColumns | None:
    """The geometry that the metadata of the file or of a field names."""
    names = list(schema.names)
    said = (schema.metadata or {}).get(b"geo")
    if said is not None:
        try:
            geo = json.loads(said)
            primary = geo["primary_column"]
            column = geo["columns"][primary]
            encoding = str(column["encoding"]).lower()
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError("the metadata of the GeoParquet file cannot be read") from error
        if primary not in names:
            raise UsageError(f"the metadata names the geometry {primary!r}, which is no column of the file")
        if encoding not in ("wkb", "point"):
            raise UsageError(f"{primary} holds geometry of the kind {encoding}; points are needed")
        kind: Kind = "wkb" if encoding == "wkb" else "xy"
        crs = column.get("crs", "OGC:CRS84")  # what GeoParquet means where it is absent; null is unknown
        return PointColumns((names.index(primary),), (primary,), kind, None, _wkt(crs))
    for i, name in enumerate(names):
        meta = schema.field(i).metadata or {}
        extension = meta.get(b"ARROW:extension:name", b"").decode("utf-8", "replace")
        if extension in ("geoarrow.wkb", "ogc.wkb", "geoarrow.point"):
            try:
                crs = json.loads(meta.get(b"ARROW:extension:metadata") or b"{}").get("crs")
            except ValueError:
                crs = None
            return PointColumns((i,), (name,), "xy" if "point" in extension else "wkb", None, _wkt(crs))
    return None


def _wkt(crs: Any) -> str | None:
    if crs is None:
        return None
    return str(systems.parse_crs(json.dumps(crs) if isinstance(crs, dict) else crs).to_wkt())


def is_shape(kind: Any) -> bool:
    """Whether an Arrow type may hold geometry."""
    return _is_binary(kind) or pa.types.is_struct(kind) or pa.types.is_fixed_size_list(kind)


def _is_binary(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", …" if len(names) > 20 else "") if names else "none"
