"""
What a claim of polygons, points or lines holds, looked at before it is counted: the kind of its shapes, shapes that
stand twice, shapes that overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from notspot_geodata.errors import Problem
from notspot_geodata.text import Text

ShapeKind = Literal["points", "lines", "areas"]

PAIRS = 200_000  # of polygons that meet; of more the overlaps are not counted one by one
_TYPES: dict[ShapeKind, tuple[int, ...]] = {
    "points": (0, 4),
    "lines": (1, 2, 5),
    "areas": (3, 6),
}  # shapely's type ids
_NAMES = {
    0: "a point", 1: "a line", 2: "a ring", 3: "a polygon", 4: "several points", 5: "several lines",
    6: "several polygons", 7: "a collection of different shapes",
}  # fmt: skip
_WANTED: dict[ShapeKind, str] = {"points": "points", "lines": "lines", "areas": "polygons"}


@dataclass(slots=True)
class ShapeCheck:
    """
    Attributes
    ----------
    keep
        Which rows are used; the others have a problem, are empty, or repeat another.
    problems
        Rows of another kind.
    harmless
        Rows that are left out and change nothing: empty, or the same shape of the same owner twice.
    notes
        What was concluded.
    """

    keep: NDArray[np.bool_]
    problems: list[Problem] = field(default_factory=list)
    harmless: list[Problem] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


def check_shapes(
    shapes: NDArray[Any], kind: ShapeKind, rows: Sequence[int], owners: Sequence[object] | None = None
) -> ShapeCheck:
    """
    Look through shapes, shape (n,); null and empty ones are left out.

    Parameters
    ----------
    rows
        Their numbers, for problems.
    owners
        Whose each shape is: only shapes of one owner repeat or overlap each other. For areas only.
    """
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    types = shapely.get_type_id(shapes)
    out = ShapeCheck(~missing)
    for at in np.flatnonzero(missing).tolist():
        out.harmless.append(Problem(rows[at], "geometry", "is empty: it covers nothing"))
    for at in np.flatnonzero(~missing & ~np.isin(types, _TYPES[kind])).tolist():
        found = _NAMES.get(int(types[at]), "a shape of another kind")
        out.problems.append(Problem(rows[at], "geometry", f"is {found}; {_WANTED[kind]} are needed"))
        out.keep[at] = False
    if kind == "areas":
        owned = np.array(["" if o is None else str(o) for o in owners or [""] * len(shapes)], dtype=object)
        _repeated(shapes, rows, owned, out)
        _overlapping(shapes, rows, owned, out)
    return out


def _repeated(shapes: NDArray[Any], rows: Sequence[int], owners: NDArray[Any], out: ShapeCheck) -> None:
    kept = np.flatnonzero(out.keep)
    plain = shapely.to_wkb(shapely.normalize(shapely.set_precision(shapes[kept], 0.0)))
    first: dict[tuple[object, bytes], int] = {}
    for at, text in zip(kept.tolist(), plain, strict=True):
        row = first.setdefault((owners[at], text), rows[at])
        if row != rows[at]:
            message = f"is the same polygon as in row {row}; it is counted once"
            out.harmless.append(Problem(rows[at], "geometry", message))
            out.keep[at] = False


def _overlapping(shapes: NDArray[Any], rows: Sequence[int], owners: NDArray[Any], out: ShapeCheck) -> None:
    """A note on polygons of one owner that share ground."""
    kept = np.flatnonzero(out.keep)
    if len(kept) < 2:
        return
    tree = shapely.STRtree(shapes[kept])
    a, b = tree.query(shapes[kept])
    pair = (a < b) & (owners[kept[a]] == owners[kept[b]])
    a, b = kept[a[pair]], kept[b[pair]]
    more = len(a) > PAIRS
    a, b = a[:PAIRS], b[:PAIRS]
    shapely.prepare(shapes[np.unique(a)])
    meet = shapely.intersects(shapes[a], shapes[b])
    a, b = a[meet], b[meet]
    meet = ~shapely.touches(shapes[a], shapes[b])
    involved = np.union1d(a[meet], b[meet])
    if not len(involved):
        return
    shown = ", ".join(str(rows[at]) for at in involved[:5]) + (", …" if len(involved) > 5 else "")
    least_zh, least_en = ("至少 ", "at least ") if more else ("", "")
    out.notes.append(
        Text(
            f"同一業者有{least_zh} {len(involved):,} 個多邊形彼此重疊（第 {shown} 列），已聯集，只計一次。",
            f"{least_en}{len(involved):,} polygons overlap others of the same operator (rows {shown}); they are united "
            "and counted once.",
        )
    )
