"""
The columns of a table of points that tiles are made of: status, weight, value, operators, H3 cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from notspot.coverage_files import station_columns
from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_geodata.places import is_blank
from notspot_maps.tiles.points import COVERED, NOT_COVERED, UNKNOWN, Gathered, masks

Floats = NDArray[np.float64]
Faults = dict[int, tuple[str, str, str]]  # by row of the batch: field, message, value

STATUS_NAMES = ("status", "covered", "coverage", "涵蓋", "涵蓋狀態", "狀態", "是否涵蓋")
WORDS = {
    COVERED: "covered yes y true t 1 涵蓋 已涵蓋 有涵蓋 有 是",
    NOT_COVERED: "not_covered uncovered no n false f 0 未涵蓋 無涵蓋 否",
    UNKNOWN: "unknown na n/a nan null none -1 無資料 不明 未知",
}
STATUS_OF = {word: status for status, words in WORDS.items() for word in words.split()}
BAD = 255  # a status that is none of the three


@dataclass(frozen=True, slots=True)
class TileColumns:
    """Names of the columns, and where they are in the file; None for those that are not used."""

    status: str
    weight: str | None = None
    value: str | None = None
    operators: str | None = None
    h3: str | None = None

    @property
    def names(self) -> list[str]:
        """Those that are used."""
        every = (self.status, self.weight, self.value, self.operators, self.h3)
        return list(dict.fromkeys(name for name in every if name is not None))


def tile_columns(
    names: Sequence[str],
    *,
    status: str | None = None,
    weight: str | None = None,
    value: str | None = None,
    operators: str | None = None,
    h3: str | None = None,
) -> TileColumns:
    """
    The columns of a file.

    Raises
    ------
    UsageError
        A named one is not there, none tells the status, or the table seems to be one of base stations.
    """
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    for wanted in (status, weight, value, operators, h3):
        if wanted is not None and wanted not in names:
            raise UsageError(f"there is no column {wanted}; there are {shown}")
    sites = station_columns(name for name in names if name != h3)
    if sites:
        raise UsageError(
            f"the column {sites[0]} is one of base stations, whose exact positions are not for publication; tiles are "
            "made of people, households and buildings. If this table is one, leave that column out of it"
        )
    if status is None:
        by_name = {name.strip().lower(): name for name in reversed(names)}
        status = next((by_name[name] for name in STATUS_NAMES if name in by_name), None)
    if status is None:
        raise UsageError(
            f"no column tells the status: name it with --status; there are {shown}. Its cells say covered, "
            "not_covered or unknown (涵蓋, 未涵蓋, 無資料; 1, 0, blank)"
        )
    return TileColumns(status, weight, value, operators, h3)


def statuses(cells: Any, name: str) -> tuple[NDArray[np.uint8], Faults]:
    """Status of each row, `BAD` where the cell is no status; a blank cell is unknown, never not covered."""
    which, different = _encoded(cells)
    found = np.array([_status(each) for each in different] + [UNKNOWN], np.uint8)
    out = found[which]
    faults: Faults = {}
    for i in np.flatnonzero(out == BAD).tolist():
        shown = str(different[which[i]])[:60]
        message = f"{shown!r} is no status; write covered, not_covered or unknown (涵蓋, 未涵蓋, 無資料; 1, 0, blank)"
        faults[i] = (name, message, shown)
    return out, faults


def _status(cell: Any) -> int:
    if cell == "無":  # no coverage, or no data? Elsewhere it is a blank
        return BAD
    if is_blank(cell) or (isinstance(cell, float) and math.isnan(cell)):
        return UNKNOWN
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    word = str(cell).strip().lower().replace(" ", "_").replace("-covered", "_covered")
    return STATUS_OF.get(word, BAD)


def numbers(cells: Any, name: str, *, least: float = -math.inf) -> tuple[Floats, Faults]:
    """Numbers of a column, NaN where a cell is blank; cells that are none, or below `least`, are faults."""
    kind = cells.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        out = np.asarray(pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
        wrong = np.isinf(out) | (out < least)
        return out, {i: _no_number(name, out[i], least) for i in np.flatnonzero(wrong).tolist()}
    which, different = _encoded(cells)
    parsed = [_number(each) for each in different]
    out = np.array([math.nan if each is None else each for each in parsed] + [math.nan])[which]
    bad = [each is None or math.isinf(each) or each < least for each in parsed]
    wrong = np.array([*bad, False], dtype=bool)[which]
    return out, {i: _no_number(name, different[which[i]], least) for i in np.flatnonzero(wrong).tolist()}


def _number(cell: Any) -> float | None:
    if is_blank(cell):
        return math.nan
    try:
        return float(str(cell).strip().replace(",", ""))
    except ValueError:
        return None


def _no_number(name: str, cell: Any, least: float) -> tuple[str, str, str]:
    shown = str(cell)[:60]
    return name, f"{shown!r} is not a number{' that is not negative' if least == 0 else ''}", shown


def operator_bits(cells: Any, gathered: Gathered) -> NDArray[np.uint16]:
    """Who covers each row, as the bits of the operators of `gathered`."""
    which, different = _encoded(cells)
    used = np.zeros(len(different) + 1, dtype=bool)
    used[which] = True  # a dictionary may hold operators that no row has
    texts = [
        str(each) if there and not is_blank(each) else ""
        for each, there in zip([*different, None], used, strict=True)
    ]
    return masks(texts, gathered)[which]


def h3_cells(cells: Any, name: str) -> tuple[NDArray[np.uint64], Floats, Faults]:
    """H3 cells, with longitude and latitude of their middles, shape (n,) and (n, 2); 0 and NaN where one is none."""
    which, different = _encoded(cells)
    numbers = np.zeros(len(different) + 1, np.uint64)
    places = np.full((len(different) + 1, 2), math.nan)
    good = []
    for at, each in enumerate(different):
        number = each if isinstance(each, int) else _hexadecimal(each)
        if number is not None and 0 < number < 1 << 63 and hexagons.is_cell(number):
            good.append((at, number))
    if good:
        rows = [at for at, _ in good]
        numbers[rows] = [number for _, number in good]
        places[rows] = hexagons.middles(numbers[rows])
    out = places[which]
    faults: Faults = {}
    for i in np.flatnonzero(~np.isfinite(out[:, 0])).tolist():
        cell = different[which[i]] if which[i] < len(different) else None
        blank, shown = is_blank(cell), "" if cell is None else str(cell)[:60]
        message = "the cell is missing" if blank else f"{shown!r} is no H3 cell, such as 884ba0a415fffff"
        faults[i] = (name, message, shown)
    return numbers[which], out, faults


def _hexadecimal(cell: Any) -> int | None:
    try:
        return int(str(cell).strip(), 16)
    except ValueError:
        return None


def _encoded(cells: Any) -> tuple[NDArray[np.int64], list[Any]]:
    """Which of the different values each row has, and these; one past them is null."""
    held = cells if pa.types.is_dictionary(cells.type) else pc.dictionary_encode(cells)
    different = held.dictionary.to_pylist()
    which = pc.fill_null(held.indices, len(different)).to_numpy(zero_copy_only=False)
    return which.astype(np.int64), different
