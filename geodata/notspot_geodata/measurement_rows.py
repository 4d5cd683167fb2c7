"""
The rows of one file of measurements: where, when, who, what; every cell that cannot be is a problem of its row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from notspot_geodata import crs as systems
from notspot_geodata import hexagons, places
from notspot_geodata.degrees import Pair, find_pairs, split
from notspot_geodata.errors import Problem
from notspot_geodata.measurement_cells import (
    NEVER,
    NO_ZONE,
    Micros,
    Reasons,
    degrees,
    numbers,
    texts,
    times,
    words,
)
from notspot_geodata.measurement_columns import (
    FACTORS,
    KINDS,
    QUANTITIES,
    MeasurementColumn,
    has_failed,
    kind_of_test,
    measurement_column,
    operator_name,
)
from notspot_geodata.measurement_files import LongTable
from notspot_geodata.reading import Reading
from notspot_geodata.site_columns import technology

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
Cells = dict[str, Any]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before mobile data; 1970 is a clock that was not set
FASTEST_MBPS = 100_000.0  # no handset and no fibre line to a home is faster: what is above is kbps or bps
RSRP_DBM = (-160.0, 0.0)  # 3GPP TS 36.133 and 38.133 report -156 to -31 dBm; beyond is another unit
SLOWEST_MS = 60_000.0  # a test gives up before; what is above is microseconds
NOT_SAID, PASSED, FAILED, NO_WORD = -1, 0, 1, 2  # of an outcome
SEA_RESOLUTION = 7  # of the hexagons by which points at sea are told near from far
SEA_BOX = ((114.0, 10.0), (124.0, 27.0))  # degrees; holds all that is within the far islands and their sea

_SWAPPED = "has longitude and latitude swapped: the first number is the latitude; swap the columns"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What the caller says of all files: system, time zone, what rows are of where no column tells, and limits.

    `first` and `last` are a moment and how it is called; `operators` None takes every name.
    """

    crs: Any
    zone: str | None
    operator: str
    technology: str
    kind: str
    operators: frozenset[str] | None
    first: tuple[datetime, str] | None
    last: tuple[datetime, str] | None


class MeasurementRows:
    """One file: its columns read batch by batch, with every problem kept in `reading`."""

    def __init__(self, table: LongTable, asked: Asked) -> None:
        self.table, self.asked = table, asked
        self.reading = Reading(table.path.name, table.kind, table.encoding)
        self.reading.header_rows = [] if table.header_row is None else [table.header_row]
        self.columns: dict[str, MeasurementColumn] = {}
        self.pair = self._pair()
        self._choose()
        self.system: systems.CrsGuess | None = None
        self.rows = 0
        self._zoneless: list[tuple[int, str]] = []
        self._turned: list[tuple[int, str]] = []

    def frame(self) -> pd.DataFrame | None:
        """All rows of the file, those with problems included; None where the file as a whole has one."""
        if self.reading.problems:
            return None
        names = [*self.pair.columns, *(c.written for c in self.columns.values())]
        parts = []
        for rows, cells in self.table.batches(names):
            parts.append(self._batch(rows, dict(zip(names, cells, strict=True))))
            self.rows += len(rows)
        if not self.rows:
            self._whole("", "has headers but no rows")
        self._settle("time", self._zoneless, NO_ZONE)
        self._settle(self.pair.label, self._turned, _SWAPPED)
        self.reading.problems += self.table.problems
        return pd.concat(parts, ignore_index=True) if parts else None

    # -------------------------------------------------------------- columns

    def _pair(self) -> Pair:
        # a table without coordinates does not come here unless it is Parquet
        pairs = find_pairs(self.table.columns)
        if not pairs:
            self._whole("", "has no columns of coordinates such as lon and lat, 經度 and 緯度, x and y")
            return Pair("", None, "any")
        if len(pairs) > 1:
            self.reading.notes.append(f"{pairs[0].label} are taken; {pairs[1].label} are not used")
        self.reading.columns |= dict.fromkeys(pairs[0].columns, "position")
        return pairs[0]

    def _choose(self) -> None:
        unused = []
        for header in self.table.columns:
            if header in self.pair.columns:
                continue
            column = measurement_column(header)
            if column is None:
                unused.append(header)
            elif column.meaning in self.columns:
                first = self.columns[column.meaning].written
                self.reading.notes.append(f"'{first}' and '{header}' mean the same; the first is taken")
            else:
                self.columns[column.meaning] = column
                self.reading.columns[header] = column.meaning
        if "date" in self.columns and "time" in self.columns:  # 日期 and 時間: the second is the time of day
            self.columns["clock"] = self.columns.pop("time")
        if "time" not in self.columns and not {"date", "clock"} <= self.columns.keys():
            also = " of the day beside the date" if "date" in self.columns else ""
            self._whole("time", f"there is no column with the time{also}, such as time or 測試時間")
        values = [name for name in (*QUANTITIES, "outcome", "failed") if name in self.columns]
        if not values and self.asked.kind != "complaint" and "kind" not in self.columns:
            said = "download_mbps, rsrp_dbm, latency_ms or outcome"
            self._whole(
                "", f"there is no column with a value, such as {said}; for complaints say --kind complaint"
            )
        for name in values:
            column = self.columns[name]
            if column.units and column.unit is None:
                said = " or ".join(f"{name}_{unit}" for unit in column.units[:2])
                self._whole(column.written, f"has no unit that is known; name the column {said}")
        if unused:
            shown = ", ".join(unused[:8]) + (" …" if len(unused) > 8 else "")
            self.reading.notes.append(f"{len(unused):,} columns are not used: {shown}")

    # -------------------------------------------------------------- problems

    def _whole(self, name: str, message: str) -> None:
        self.reading.problems.append(Problem(None, name, message))

    def _refuse(self, row: int, name: str, message: str, value: object = "") -> None:
        column = self.columns.get(name)
        problem = Problem(row, column.written if column else name, message, str(value)[:80])
        self.reading.problems.append(problem)

    def _refuse_all(self, rows: Rows, name: str, reasons: Reasons, cells: Any) -> None:
        for i, reason in reasons.items():
            self._refuse(int(rows[i]), name, reason, cells[i])

    def _refuse_where(self, mask: Mask, rows: Rows, name: str, message: str, value: str = "") -> None:
        for row in rows[mask].tolist():
            self._refuse(row, name, message, value)

    def _settle(self, name: str, told: list[tuple[int, str]], message: str) -> None:
        """What is wrong in every row is one problem of the file, else one of each row."""
        if told and len(told) == self.rows:
            self._whole(name, f"{message} (all {self.rows:,} rows)")
            return
        self.reading.problems += [Problem(row, name, message, shown) for row, shown in told]

    # -------------------------------------------------------------- a batch

    def _batch(self, rows: Rows, cells: Cells) -> pd.DataFrame:
        lonlat = self._positions(rows, cells)
        micros = self._times(rows, cells)
        kind = self._kinds(rows, cells)
        failed, said = self._outcomes(rows, cells, kind)
        values = {}
        for meaning, name in QUANTITIES.items():
            values[name], given = self._values(meaning, rows, cells)
            said |= given
        self._refuse_where(~said, rows, "", "has no value and no outcome; a test that failed needs one")
        return pd.DataFrame(
            {
                "file": self.table.path.name,
                "row": rows,
                "lon": lonlat[:, 0],
                "lat": lonlat[:, 1],
                "time": pd.DatetimeIndex(micros.view("M8[us]")).tz_localize("UTC"),
                "operator": self._operators(rows, cells),
                "technology": self._named("technology", cells, technology, technology(self.asked.technology)),
                "kind": kind,
                "device": self._named("device", cells, str.strip, ""),
                **values,
                "failed": pd.arrays.BooleanArray(failed == FAILED, failed == NOT_SAID),
            }
        )

    def _cells(self, meaning: str, cells: Cells) -> Any:
        column = self.columns.get(meaning)
        return None if column is None else cells[column.written]

    # -------------------------------------------------------------- where

    def _positions(self, rows: Rows, cells: Cells) -> Floats:
        """Degrees (EPSG:3824), shape (n, 2); NaN where a row has no place or a problem with it."""
        raw, told = self._written(rows, cells)
        both = np.isfinite(raw).all(axis=1)
        self._refuse_where(~both & ~told, rows, self.pair.label, "coordinates are missing")
        zero = both & (raw == 0).all(axis=1)
        self._refuse_where(zero, rows, self.pair.label, "0, 0 is a placeholder, not a place", "0, 0")
        both &= ~zero
        raw[~both] = np.nan
        if self.system is None and both.any():
            self.system = self._find_system(raw)
        if self.system is None or self.system.crs is None:
            return np.full_like(raw, np.nan)
        if systems.parse_crs(self.system.crs).is_geographic:
            turned = both & (np.abs(raw[:, 1]) > 90) & (np.abs(raw[:, 0]) <= 90)
        else:
            turned = both if self.system.swapped else np.zeros_like(both)
        if self.pair.y is None:  # one column of both has no order to break
            raw[turned] = raw[turned][:, ::-1]
            turned = np.zeros_like(both)
        self._turned += [(int(rows[i]), _shown(raw[i])) for i in np.flatnonzero(turned)]
        both &= ~turned
        raw[~both] = np.nan
        # EPSG:4326 is the same to less than a metre
        same = self.system.crs in ("EPSG:3824", "EPSG:4326")
        lonlat = raw.copy() if same else systems.to_lonlat(raw, self.system.crs)
        near = ~both
        near[both] = near_taiwan(lonlat[both])
        for i in np.flatnonzero(~near):
            lon, lat = lonlat[i]
            where = f"{lat:.4f}° N, {lon:.4f}° E" if np.isfinite(lonlat[i]).all() else "nowhere"
            shown = _shown(raw[i])
            said = f"is outside Taiwan: {shown} read as {self.system.crs} is {where}"
            self._refuse(int(rows[i]), self.pair.label, said, shown)
        lonlat[~near] = np.nan
        return lonlat

    def _written(self, rows: Rows, cells: Cells) -> tuple[Floats, Mask]:
        """Coordinates as they stand, shape (n, 2), and which rows have been told to be none."""
        if self.pair.y is None:
            halves = words(cells[self.pair.x], split)
            columns = [_halves(halves.meanings, axis).take(pa.array(halves.codes)) for axis in (0, 1)]
            labels = (self.pair.x, self.pair.x)
        else:
            labels = (self.pair.x, self.pair.y)
            columns = [cells[name] for name in labels]
        raw, told = np.empty((len(rows), 2)), np.zeros(len(rows), dtype=bool)
        for axis in (0, 1):
            raw[:, axis], reasons = degrees(columns[axis])
            fresh = {i: reason for i, reason in reasons.items() if not told[i]}
            self._refuse_all(rows, labels[axis], fresh, columns[axis])
            told[list(fresh)] = True
        return raw, told

    def _find_system(self, raw: Floats) -> systems.CrsGuess:
        found = systems.guess_crs(raw, datum=self.pair.datum)
        if self.asked.crs is not None:
            code = systems.code_of(self.asked.crs) or systems.parse_crs(self.asked.crs).to_string()
            alike = systems.parse_crs(code).is_geographic == (np.nanmax(np.abs(raw)) <= 360)
            found = systems.CrsGuess(code, "stated by the caller", {}, found.swapped and alike)
        self.reading.crs, self.reading.crs_reason = found.crs, found.reason
        if found.crs is None:
            self._whole(self.pair.label, found.reason)
        return found

    # -------------------------------------------------------------- when

    def _times(self, rows: Rows, cells: Cells) -> Micros:
        name = "time" if "time" in self.columns else "date"
        column = self._cells(name, cells)
        if name == "date":
            column = pc.binary_join_element_wise(texts(column), texts(self._cells("clock", cells)), " ")
        micros, reasons = times(column, self.asked.zone)
        missing = micros == NEVER
        missing[list(reasons)] = False
        self._refuse_where(missing, rows, name, "the time is missing")
        zoneless = [i for i, reason in reasons.items() if reason == NO_ZONE]
        self._zoneless += [(int(rows[i]), str(column[i])) for i in zoneless]
        self._refuse_all(rows, name, {i: r for i, r in reasons.items() if r != NO_ZONE}, column)
        limits = [(micros < _micros(EARLIEST), "is before 2000: a clock that was not set")]
        if self.asked.first is not None:
            limits.append((micros < _micros(self.asked.first[0]), f"is before {self.asked.first[1]}"))
        if self.asked.last is not None:
            limits.append((micros > _micros(self.asked.last[0]), f"is after {self.asked.last[1]}"))
        out = micros.copy()
        for mask, reason in limits:
            for i in np.flatnonzero(mask & (out != NEVER)):
                self._refuse(int(rows[i]), name, f"{_iso(micros[i])} {reason}", column[i])
            out[mask] = NEVER
        return out

    # -------------------------------------------------------------- what

    def _values(self, meaning: str, rows: Rows, cells: Cells) -> tuple[Floats, Mask]:
        """A column of numbers in Notspot's unit, and which rows have anything there."""
        column = self.columns.get(meaning)
        if column is None:
            return np.full(len(rows), np.nan), np.zeros(len(rows), dtype=bool)
        assert column.unit is not None
        values, reasons = numbers(cells[column.written])
        given = np.isfinite(values)
        given[list(reasons)] = True
        self._refuse_all(rows, meaning, reasons, cells[column.written])
        values = values * FACTORS[column.unit]
        for mask, reason in _impossible(meaning, values):
            for i in np.flatnonzero(mask):
                self._refuse(
                    int(rows[i]), meaning, f"is {values[i]:,.10g} {reason}", cells[column.written][i]
                )
            values[mask] = np.nan
        return values, given

    def _kinds(self, rows: Rows, cells: Cells) -> NDArray[Any]:
        alone = np.full(len(rows), self.asked.kind, dtype=object)
        column = self._cells("kind", cells)
        if column is None:
            return alone
        found = words(column, kind_of_test)
        if not any(found.meanings) and any(text.strip() for text in found.texts):
            header = self.columns.pop("kind").written  # a column 'type' may be of something else
            self.reading.columns.pop(header, None)
            said = f"holds no kind of measurement and is not used; all rows are taken as '{self.asked.kind}'"
            self.reading.notes.append(f"'{header}' {said}")
            return alone
        kinds = found.spread()
        for i in np.flatnonzero([kind is None for kind in kinds]):
            word = found.texts[found.codes[i]]
            if word.strip():
                said = f"'{word[:40]}' is no kind of measurement; {', '.join(KINDS)} are"
                self._refuse(int(rows[i]), "kind", said, word)
            kinds[i] = self.asked.kind
        return kinds

    def _outcomes(self, rows: Rows, cells: Cells, kind: NDArray[Any]) -> tuple[NDArray[np.int8], Mask]:
        """`NOT_SAID`, `PASSED` or `FAILED`, and which rows have anything there."""
        out = np.full(len(rows), NOT_SAID, dtype=np.int8)
        given = kind == "complaint"
        columns: tuple[tuple[str, Callable[[str], int]], ...] = (("outcome", _outcome), ("failed", _failure))
        for meaning, read in columns:
            column = self._cells(meaning, cells)
            if column is None:
                continue
            found = words(column, read)
            said = np.array(found.meanings, dtype=np.int8)[found.codes]
            for i in np.flatnonzero(said == NO_WORD):
                word = found.texts[found.codes[i]]
                message = f"'{word[:40]}' says neither that the test passed nor that it failed"
                self._refuse(int(rows[i]), meaning, message, word)
            given |= said != NOT_SAID
            out = np.maximum(out, np.where(said == NO_WORD, NOT_SAID, said))
        out[(kind == "complaint") & (out == NOT_SAID)] = FAILED
        return out, given

    def _operators(self, rows: Rows, cells: Cells) -> NDArray[Any] | str:
        names = self._named("operator", cells, operator_name, operator_name(self.asked.operator))
        known = self.asked.operators
        if known is None:
            return names
        spread = np.full(len(rows), names, dtype=object) if isinstance(names, str) else names
        wrong = {name for name in set(spread.tolist()) if name not in known}
        for i in np.flatnonzero([name in wrong for name in spread]) if wrong else ():
            said = f"'{spread[i][:40]}' is no operator that is known" if spread[i] else "names no operator"
            self._refuse(int(rows[i]), "operator", f"{said}; known are {', '.join(sorted(known))}", spread[i])
        return names

    def _named(self, meaning: str, cells: Cells, read: Any, default: str) -> NDArray[Any] | str:
        column = self._cells(meaning, cells)
        return default if column is None else words(column, lambda text: read(text) or default).spread()


def near_taiwan(lonlat: Floats) -> Mask:
    """
    `places.near_taiwan` for millions of points, shape (n, 2), the same answers.

    Points at sea are told by the hexagon they are in, where its middle is near or far enough for all of it.
    """
    out = hexagons.on_land(lonlat)
    with np.errstate(invalid="ignore"):
        at_sea = ~out & ((lonlat >= SEA_BOX[0]) & (lonlat <= SEA_BOX[1])).all(axis=1)
    at = np.flatnonzero(at_sea)
    cells, where = np.unique(hexagons.cells_at(lonlat[at], SEA_RESOLUTION), return_inverse=True)
    if not len(cells):
        return out
    middles = hexagons.middles(cells)
    # distances there are up to 10 % too long, and a point is up to some 1.5 edges from the middle of its hexagon
    reach = 1.5 * hexagons.edge_km(SEA_RESOLUTION)
    near = (places.kilometres_off(middles) + reach) * 1.2 < places.OFFSHORE_KM
    far = ~places.near_taiwan(middles, within_km=1.2 * (places.OFFSHORE_KM + reach))
    asked = ~(near | far)[where]
    out[at] = near[where]
    out[at[asked]] = places.near_taiwan(lonlat[at[asked]])
    return out


# ------------------------------------------------------------------ cells


def _outcome(text: str) -> int:
    if not text.strip():
        return NOT_SAID
    said = has_failed(text)
    return NO_WORD if said is None else FAILED if said else PASSED


_EITHER = ("0", "1", "true", "false", "t", "f", "yes", "no", "y", "n", "是", "否", "有", "無")


def _failure(text: str) -> int:
    """A cell of a column 'failed': 1, true and 是 are failures there; 失敗 is one everywhere."""
    said = _outcome(text)
    if said in (PASSED, FAILED) and text.strip().lower() in _EITHER:
        return PASSED if said == FAILED else FAILED
    return said


def _impossible(meaning: str, values: Floats) -> list[tuple[Mask, str]]:
    """Values that cannot be, and why."""
    if meaning == "rsrp":
        low, high = RSRP_DBM
        return [
            (values >= high, "dBm, and RSRP is negative; is it in another unit, or is 0 meant as nothing?"),
            (values < low, f"dBm, less than any receiver reports ({low:g}); is it in another unit?"),
        ]
    if meaning == "latency":
        return [
            (values < 0, "ms, and a latency is not negative"),
            (
                values > SLOWEST_MS,
                "ms, longer than a test waits; is it in microseconds? name the column latency_us",
            ),
        ]
    return [
        (values < 0, "Mbps, and a speed is not negative"),
        (values > FASTEST_MBPS, f"Mbps, which cannot be; is it in kbps? name the column {meaning}_kbps"),
    ]


def _halves(pairs: list[tuple[object, object]], axis: int) -> Any:
    return pa.array([None if pair[axis] is None else str(pair[axis]) for pair in pairs], pa.string())


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _iso(micros: int) -> str:
    return str(np.datetime64(int(micros), "us").astype("M8[s]")) + "Z"


def _shown(pair: Floats) -> str:
    return ", ".join(f"{v:.10g}" for v in pair)
