"""
Terrain profiles with radio paths to predict: the CSV format of the reference cases of ITU-R P.1812.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from notspot_geodata.errors import InputError, Problem
from notspot_geodata.sniff import require_file, text_encoding

Floats = NDArray[np.float64]

_KEYS = {
    "txlat": "tx_lat",
    "txlon": "tx_lon",
    "rxlat": "rx_lat",
    "rxlon": "rx_lon",
    "averageannualvaluesdn": "delta_n",
    "averageannualsea-levelsurfacerefractivityno": "n0",
    "firstpointtxorrx": "first",
    "numberofpoints": "points",
}  # beginning of a header, without blanks, brackets and case → what it is
_COLUMNS = {
    "frequency_mhz": 0,
    "tx_height_m": 1,
    "rx_height_m": 3,
    "polarisation": 4,
    "erp_dbw": 12,
    "p_percent": 14,
    "expected_field_dbuv_m": 16,
    "expected_loss_db": 17,
}  # of a measurement row; the others are not used by the model
_REQUIRED = ("frequency_mhz", "tx_height_m", "rx_height_m", "p_percent")
_HINT = "The format is described in docs/propagation.md, 'Profile files'."


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement row: what is predicted over the profile. Expected values are NaN where none is given."""

    row: int
    frequency_mhz: float
    tx_height_m: float
    rx_height_m: float
    p_percent: float
    polarisation: int = 1
    erp_dbw: float = 30.0
    expected_field_dbuv_m: float = math.nan
    expected_loss_db: float = math.nan


@dataclass(slots=True)
class Profile:
    """
    A terrain profile from the transmitter to the receiver, and the cases to predict over it.

    `distance_km`, `height_m`, `clutter_m` and `zone` (1 sea, 3 coastal, 4 inland) have the shape (points,).
    `notes` says what was assumed because the file does not state it.
    """

    name: str
    distance_km: Floats
    height_m: Floats
    clutter_m: Floats
    zone: NDArray[np.uint8]
    tx_lonlat: tuple[float, float]
    rx_lonlat: tuple[float, float]
    delta_n: float
    n0: float
    cases: list[Case]
    notes: list[str] = field(default_factory=list)


def read_profile(path: str | Path) -> Profile:
    """
    Read a profile file with its cases.

    Raises
    ------
    InputError
        With every problem of the file, by line.
    NotFoundError
        No such file.
    """
    path = Path(path)
    require_file(path)
    data = path.read_bytes()
    encoding, _ = text_encoding(data)
    reader = _Reader(data.decode(encoding, errors="replace").splitlines())
    profile = reader.profile()
    if reader.problems:
        problems = sorted(reader.problems, key=lambda p: p.row or 0)
        raise InputError(path, problems, summary="nothing was predicted", hint=_HINT)
    assert profile is not None
    return profile


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def profile(self) -> Profile | None:
        heads, rows, cases, found = self._sections()
        for section in ("profile", "measurements"):
            if section not in found:
                self._complain(
                    None, "", f"no {{Begin of {section.title()}}} line: this is not a profile file"
                )
        if self.problems:
            return None
        points = self._points(rows)
        places = {key: self._head(heads, key) for key in ("tx_lat", "tx_lon", "rx_lat", "rx_lon")}
        delta_n, n0 = self._head(heads, "delta_n", 45.0), self._head(heads, "n0", 325.0)
        self._count(heads, rows)
        wanted = [case for row, cells in cases if (case := self._case(row, cells)) is not None]
        if not cases:
            self._complain(None, "", "no rows between {Begin of Measurements} and {End of Measurements}")
        first = heads.get("first", (0, "T"))
        backwards = first[1].strip().upper().startswith("R")
        if not backwards and not first[1].strip().upper().startswith("T"):
            self._complain(first[0], "First Point TX or RX", f"is {first[1]!r}; T or R is needed")
        if self.problems:
            return None
        d, h, clutter, zone = points.T
        if backwards:
            d, h, clutter, zone = d[-1] - d[::-1], h[::-1], clutter[::-1], zone[::-1]
            self.notes.append("the file begins at the receiver; the profile was turned round")
        return Profile(
            self.lines[0].strip().strip(",") if self.lines else "",
            d.copy(),
            h.copy(),
            clutter.copy(),
            zone.astype(np.uint8),
            (places["tx_lon"], places["tx_lat"]),
            (places["rx_lon"], places["rx_lat"]),
            delta_n,
            n0,
            wanted,
            self.notes,
        )

    def _sections(
        self,
    ) -> tuple[
        dict[str, tuple[int, str]], list[tuple[int, list[str]]], list[tuple[int, list[str]]], set[str]
    ]:
        heads: dict[str, tuple[int, str]] = {}
        rows: list[tuple[int, list[str]]] = []
        cases: list[tuple[int, list[str]]] = []
        found: set[str] = set()
        inside = ""
        for number, line in enumerate(self.lines, start=1):
            mark = re.match(r"\s*\{\s*(begin|end)\s+of\s+([a-z ]+?)\s*\}", line, re.IGNORECASE)
            if mark:
                inside = mark[2].lower() if mark[1].lower() == "begin" else ""
                found.add(inside)
                continue
            cells = [cell.strip() for cell in line.split(",")]
            if not any(cells) or cells[0].startswith("#"):
                continue
            plain = re.sub(r"[\s():{}]", "", cells[0]).lower()
            key = next((name for start, name in _KEYS.items() if plain.startswith(start)), None)
            if key is not None:
                heads.setdefault(key, (number, cells[1] if len(cells) > 1 else ""))
            elif inside == "profile":
                rows.append((number, cells))
            elif inside == "measurements":
                cases.append((number, cells))
        return heads, rows, cases, found

    def _points(self, rows: Sequence[tuple[int, list[str]]]) -> Floats:
        names = ("distance", "height", "coverage code", "clutter height", "zone")
        out = np.full((len(rows), 4), np.nan)
        for i, (row, cells) in enumerate(rows):
            if len(cells) < 5:
                self._complain(row, "", f"has {len(cells)} cells; a point has 5: {', '.join(names)}")
                continue
            values = [self._number(row, names[k], cells[k]) for k in (0, 1, 3, 4)]
            out[i] = values
            if i and values[0] <= out[i - 1, 0]:
                self._complain(row, "distance", f"{cells[0]} km is not beyond the point before it")
            if not i and values[0] != 0:
                self._complain(row, "distance", f"the first point is at {cells[0]} km; it must be at 0")
            if values[3] not in (1, 3, 4) and not math.isnan(values[3]):
                self._complain(row, "zone", f"{cells[4]} is none of 1 (sea), 3 (coastal land), 4 (inland)")
            if values[2] < 0:
                self._complain(row, "clutter height", f"{cells[3]} m is negative")
        if len(rows) < 5:
            self._complain(None, "", f"the profile has {len(rows)} points; 5 are the fewest")
        return out

    def _case(self, row: int, cells: list[str]) -> Case | None:
        values: dict[str, float] = {}
        before = len(self.problems)
        for name, column in _COLUMNS.items():
            cell = cells[column] if column < len(cells) else ""
            if cell:
                values[name] = self._number(row, name, cell)
            elif name in _REQUIRED:
                self._complain(row, name, f"column {column + 1} is empty")
        polarisation = values.pop("polarisation", None)
        if polarisation is None:
            self.notes.append(f"row {row}: no polarisation, taken as 1 (horizontal)")
        elif polarisation not in (1, 2):
            self._complain(
                row, "polarisation", f"{polarisation:g} is neither 1 (horizontal) nor 2 (vertical)"
            )
        if "erp_dbw" not in values:
            self.notes.append(f"row {row}: no ERP, taken as 30 dBW (1 kW)")
        if len(self.problems) > before:
            return None
        return Case(row=row, polarisation=int(polarisation or 1), **values)

    def _head(self, heads: dict[str, tuple[int, str]], key: str, default: float | None = None) -> float:
        row, cell = heads.get(key, (None, ""))
        if cell == "":
            if default is None:
                self._complain(row, key, "is missing")
                return math.nan
            self.notes.append(f"{key} is not given, taken as {default:g}")
            return default
        return self._number(row, key, cell)

    def _count(self, heads: dict[str, tuple[int, str]], rows: Sequence[tuple[int, list[str]]]) -> None:
        row, cell = heads.get("points", (None, ""))
        if cell and self._number(row, "Number of Points", cell) != len(rows):
            self._complain(row, "Number of Points", f"says {cell}, and {len(rows)} were found")

    def _number(self, row: int | None, name: str, cell: str) -> float:
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self._complain(row, name, f"{cell[:40]!r} is not a number", cell[:40])
            return math.nan
        return value

    def _complain(self, row: int | None, name: str, message: str, value: str = "") -> None:
        self.problems.append(Problem(row, name, message, value))
