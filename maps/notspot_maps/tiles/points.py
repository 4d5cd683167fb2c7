"""
Millions of points with a status, as narrow columns in the order of the tiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_maps.tiles.grid import Keys, keys_of, runs

NOT_COVERED, COVERED, UNKNOWN = 0, 1, 2
STATUSES = ("not_covered", "covered", "unknown")  # by the numbers above
MOST_OPERATORS = 16
NO_WEIGHT = -1
PARTS = 1000  # of a weight that is no whole number: three decimals are kept
MOST_WEIGHT = 2**53 // PARTS  # all of it together: sums stay exact in a double


@dataclass(frozen=True, slots=True)
class TilePoints:
    """
    Points sorted along the curve; rows that are alike in all columns lie together, whatever their order was.

    Attributes
    ----------
    keys
        Positions (`tile_grid.keys_of`), shape (n,).
    status
        `NOT_COVERED`, `COVERED` or `UNKNOWN`.
    weight
        Persons or households times `weight_parts`, whole numbers; `NO_WEIGHT` where a point has none. Or None.
    value
        A figure of each point, NaN where it has none. Or None.
    mask
        Bit k is set where operator k covers the point. Or None.
    h3
        The H3 cell of each row, whose middle its position is: they are drawn as what they are. Or None.
    """

    keys: Keys
    status: NDArray[np.uint8]
    weight: NDArray[np.int64] | None = None
    weight_parts: int = 1
    value: NDArray[np.float32] | None = None
    mask: NDArray[np.uint16] | None = None
    operators: tuple[str, ...] = ()
    h3: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def counts(self) -> list[int]:
        """Points by status, in the order of `STATUSES`."""
        return [int(n) for n in np.bincount(self.status, minlength=3)]

    def weights(self) -> list[int] | None:
        """Weight by status, times `weight_parts`; points without one left out."""
        if self.weight is None:
            return None
        has = self.weight != NO_WEIGHT
        return [int(self.weight[has & (self.status == s)].sum()) for s in range(3)]

    def without_weight(self) -> int:
        """Points that have no weight, where others have."""
        return 0 if self.weight is None else int((self.weight == NO_WEIGHT).sum())


@dataclass(slots=True)
class Gathered:
    """Points as they are read, batch by batch; `finish` puts them in order."""

    operators: list[str] = field(default_factory=list)
    _keys: list[Keys] = field(default_factory=list)
    _status: list[NDArray[np.uint8]] = field(default_factory=list)
    _weight: list[NDArray[np.float64]] = field(default_factory=list)
    _value: list[NDArray[np.float32]] = field(default_factory=list)
    _mask: list[NDArray[np.uint16]] = field(default_factory=list)
    _h3: list[NDArray[np.uint64]] = field(default_factory=list)

    def add(
        self,
        lon: Any,
        lat: Any,
        status: Any,
        *,
        weight: Any = None,
        value: Any = None,
        mask: Any = None,
        h3: Any = None,
    ) -> None:
        """
        Add points, shape (n,): degrees, statuses, and the columns that all batches have.

        `weight` is at least 0 or NaN; `mask` as in `TilePoints`, of `operators`; with `h3`, cells as 64-bit numbers,
        the degrees are those of their middles.
        """
        self._keys.append(keys_of(np.asarray(lon, np.float64), np.asarray(lat, np.float64)))
        self._status.append(np.asarray(status, np.uint8))
        for kept, given, kind in (
            (self._weight, weight, np.float64),
            (self._value, value, np.float32),
            (self._mask, mask, np.uint16),
            (self._h3, h3, np.uint64),
        ):
            if given is not None:
                kept.append(np.asarray(given, kind))

    def operator(self, name: str) -> int:
        """The number of an operator, a new one where it was not met before. Raises UsageError at the 17th."""
        if name not in self.operators:
            if len(self.operators) == MOST_OPERATORS:
                raise UsageError(
                    f"there are more than {MOST_OPERATORS} operators, {name!r} is one; is this the right column?"
                )
            self.operators.append(name)
        return self.operators.index(name)

    def finish(self) -> TilePoints:
        """All points in order; what was gathered is used up."""
        keys, status = _joined(self._keys, np.uint64), _joined(self._status, np.uint8)
        weight, parts = _whole(_joined(self._weight, np.float64)) if self._weight else (None, 1)
        value = _joined(self._value, np.float32) if self._value else None
        names = sorted(self.operators)
        mask = _joined(self._mask, np.uint16) if self._mask else None
        if mask is not None and names != self.operators:  # their order is that of the names, not of the rows
            old, mask = mask, np.zeros_like(mask)
            for at, name in enumerate(self.operators):
                mask |= ((old >> np.uint16(at)) & np.uint16(1)) << np.uint16(names.index(name))
        h3 = _joined(self._h3, np.uint64) if self._h3 else None
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        rest = [None if column is None else column[order] for column in (status, weight, value, mask, h3)]
        _settle(keys, [column for column in rest if column is not None])
        return TilePoints(keys, rest[0], rest[1], parts, rest[2], rest[3], tuple(names), rest[4])  # type: ignore[arg-type]


def tile_points(
    lon: Any,
    lat: Any,
    status: Any,
    *,
    weight: Any = None,
    value: Any = None,
    operators: Sequence[str] | None = None,
) -> TilePoints:
    """
    Points from arrays, shape (n,).

    `status` is of `NOT_COVERED`, `COVERED`, `UNKNOWN`; `operators` are the names of those that cover each point,
    separated by ``;``.
    """
    gathered = Gathered()
    mask = None if operators is None else masks(operators, gathered)
    gathered.add(lon, lat, status, weight=weight, value=value, mask=mask)
    return gathered.finish()


def tile_hexagons(
    cells: Any,
    status: Any,
    *,
    weight: Any = None,
    value: Any = None,
    operators: Sequence[str] | None = None,
) -> TilePoints:
    """
    H3 cells from arrays, shape (n,), of one resolution or of many; the rest as in `tile_points`.

    Raises
    ------
    UsageError
        One of `cells`, 64-bit numbers, is no H3 cell.
    """
    numbers = np.asarray(cells, np.uint64)
    if not all(map(hexagons.is_cell, numbers.tolist())):
        raise UsageError("one of the numbers is no H3 cell")
    lon, lat = hexagons.middles(numbers).T
    gathered = Gathered()
    mask = None if operators is None else masks(operators, gathered)
    gathered.add(lon, lat, status, weight=weight, value=value, mask=mask, h3=numbers)
    return gathered.finish()


def masks(texts: Sequence[str], gathered: Gathered) -> NDArray[np.uint16]:
    """The bits of operators that texts such as ``cht;fet`` name."""
    known: dict[str, int] = {}
    out = np.zeros(len(texts), np.uint16)
    for at, text in enumerate(texts):
        found = known.get(text)
        if found is None:
            names = [name.strip() for name in text.replace("、", ";").replace("|", ";").split(";")]
            found = sum({1 << gathered.operator(name) for name in names if name})
            known[text] = found
        out[at] = found
    return out


def _joined(parts: list[Any], kind: Any) -> Any:
    out = np.concatenate(parts) if parts else np.zeros(0, kind)
    parts.clear()
    return out


def _whole(weight: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Weights as whole numbers of their parts; `NO_WEIGHT` for NaN."""
    has = np.isfinite(weight)
    parts = 1 if (weight[has] == np.rint(weight[has])).all() else PARTS
    if weight[has].sum() > MOST_WEIGHT:
        raise UsageError(f"the weights add up to more than {MOST_WEIGHT:,}; is this the right column?")
    weight[~has] = NO_WEIGHT / parts
    return np.rint(weight * parts).astype(np.int64), parts


def _settle(keys: Keys, columns: list[NDArray[Any]]) -> None:
    """Put rows at the same position in the order of their columns."""
    begins = runs(keys)
    size = np.diff(begins)
    several = np.repeat(size > 1, size)
    at = np.flatnonzero(several)
    if not len(at):
        return
    order = np.lexsort([column[at] for column in reversed(columns)] + [keys[at]])
    for column in columns:
        column[at] = column[at][order]
