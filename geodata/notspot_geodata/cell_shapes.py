"""
Shapes that stand in the cells of a table: lists of positions, GeoJSON geometries, WKT.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata.errors import Problem
from notspot_geodata.places import is_blank

_WKT = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*(Z|M|ZM)?\s*(\(|EMPTY)", re.I)
_LIST = re.compile(r"\s*\[\s*\[")  # a point alone is a pair of coordinates, which `coordinates` reads
_GEOJSON = re.compile(r'\s*\{.{0,80}"(type|coordinates)"\s*:', re.S)
_LOOKED = 50  # cells of a column
_MOST = 0.9  # of which so many must look like shapes


def shape_column(frame: pd.DataFrame) -> str | None:
    """The first column whose cells are shapes; None where there is none."""
    for name in frame.columns:
        column = frame[name]
        if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
            continue
        cells = [str(cell) for cell in column[:_LOOKED] if not is_blank(cell)]
        like = sum(any(form.match(cell) for form in (_WKT, _LIST, _GEOJSON)) for cell in cells)
        if cells and like > _MOST * len(cells):
            return str(name)
    return None


def shapes_of(column: pd.Series, rows: Sequence[int], label: str) -> tuple[NDArray[Any], list[Problem]]:
    """
    A shape a cell, null where there is none, and what is wrong; heights are dropped.

    A list of positions ``[[x, y], [x, y, z], …]`` is a line, a list of such lists several lines.
    """
    out = np.full(len(column), None, dtype=object)
    problems = []
    for at, cell in enumerate(column):
        if is_blank(cell):
            problems.append(Problem(rows[at], label, "is empty: there is no shape"))
            continue
        try:
            out[at] = shapely.force_2d(_shape(str(cell)))
        except (ValueError, TypeError, KeyError, RecursionError, shapely.errors.ShapelyError) as error:
            said = str(error).splitlines()[0][:120] if str(error) else "no shape"
            problems.append(Problem(rows[at], label, f"cannot be read as a shape: {said}", str(cell)[:60]))
    return out, problems


def _shape(text: str) -> Any:
    if _WKT.match(text):
        return shapely.from_wkt(text.split(";", 1)[1] if text.lstrip()[:5].upper() == "SRID=" else text)
    value = json.loads(text)
    if isinstance(value, dict):
        return shapely.geometry.shape(value)
    if _depth(value) == 3:
        return shapely.MultiLineString([_line(part) for part in value])
    return shapely.LineString(_line(value))


def _line(positions: Any) -> list[tuple[float, float]]:
    if not isinstance(positions, list) or len(positions) < 2:
        count = len(positions) if isinstance(positions, list) else 0
        raise ValueError(f"a line needs two positions, and there {'is' if count == 1 else 'are'} {count}")
    line = [(float(p[0]), float(p[1])) for p in positions if isinstance(p, list) and len(p) >= 2]
    if len(line) < len(positions):
        raise ValueError("a position needs two numbers")
    return line


def _depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list) and value:
        value, depth = value[0], depth + 1
    return depth
