"""
Base stations out of a table or a map file: one row a sector, in one set of columns, with what is wrong told.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata import coordinates, places, sniff, vectors
from notspot_geodata import crs as systems
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.grids import read_grid
from notspot_geodata.headers import find_body
from notspot_geodata.ledger import Ledger
from notspot_geodata.reading import Reading
from notspot_geodata.site_columns import (
    ERP_TO_EIRP_DB,
    SiteColumn,
    bands,
    has_unit,
    is_missing,
    measured,
    plain,
    site_column,
)

Floats = NDArray[np.float64]

COLUMNS = (
    "site_id", "row", "x_m", "y_m", "lon", "lat", "operator", "technology", "frequency_mhz", "bandwidth_mhz",
    "scs_khz", "height_m", "eirp_dbm", "power_dbm", "gain_dbi", "feeder_loss_db", "azimuth_deg", "tilt_deg",
    "beamwidth_deg", "pattern", "polarisation",
)  # fmt: skip
UNKNOWN_OPERATOR = "unknown operator"

# What cannot be: a value outside is a slip of the pen or of the unit, and its row is refused.
HEIGHT_M = 3000.0  # antennas above ground, ITU-R P.1812 §1.1: 1 to 3000 m
EIRP_DBM = (-30.0, 80.0)  # 1 µW, less than any base station, to 100 kW, more than any 5G panel (about 78)
POWER_DBM = (-30.0, 60.0)  # to 1 kW: the largest radio units send 320 W (55 dBm)
GAIN_DBI = (-20.0, 50.0)  # a whip bent over a roof, to a dish of 3 m at 6 GHz
FEEDER_LOSS_DB = (0.0, 30.0)  # 300 m of thin cable; a loss below 0 is a gain with the wrong sign
FREQUENCY_MHZ = (
    300_000.0  # the top of what the Radio Regulations call EHF; which model holds where is not asked here
)
BANDWIDTH_MHZ = 2_000.0  # the widest carrier, TS 38.104 §5.3.2 (FR2-2)
SCS_KHZ = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0)  # TS 38.211 table 4.2-1

# What may be true and is worth a look.
HIGH_M = 100.0  # masts are lower, and heights above sea level look like this
AT_SEA_KM = 0.2  # off the coast of the reference, whose points are up to some 100 m off
WATTS = (5, 10, 20, 40, 60, 80, 100, 120, 160, 200, 240, 320)  # usual powers of radio units, in W
DISAGREE_DB = 3.0  # power and gain against EIRP: more than one rounding or one jumper cable explains
SAME_PLACE_M = 0.1  # coordinates are seldom written finer

HINT = "Fix the file, or pass --allow-rejects to go on without these rows (they stay in rejects.csv)."


def read_sites(
    path: str | Path,
    *,
    crs: Any = None,
    to_crs: Any = "EPSG:3826",
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
) -> pd.DataFrame:
    """
    Base stations of a table (CSV, XLSX, XLS, ODS, JSON) or of a map file of points.

    Headers are known in Chinese and English (``docs/sites.md``); powers in dBm, dBW or W, e.r.p. and EIRP,
    frequencies in Hz to GHz, heights in metres or feet become one unit. What a file does not say stays NaN
    here: defaults by technology are the business of the link budget.

    Parameters
    ----------
    crs
        The system of the coordinates, where the file does not say it; else it is found.
    to_crs
        A system in metres for ``x_m`` and ``y_m``.
    ledger, allow_rejects
        With `allow_rejects` rows with problems are left out and entered into the ledger.

    Returns
    -------
    sites
        One row a sector, `COLUMNS`: ``site_id`` (unique text), ``row`` (of the file), ``x_m``, ``y_m``,
        ``lon``, ``lat`` (EPSG:3824), ``operator``, ``technology`` (NR, LTE, WCDMA, GSM, or as written;
        "" unknown), ``pattern`` (a name or a file, "" none), ``polarisation`` (1 horizontal, 2 vertical,
        0 not given or both), and numbers with their unit in the name, NaN where the file says nothing.
        ``attrs["reading"]`` is the `Reading`; its notes say what was concluded and what may be wrong.

    Raises
    ------
    InputError
        With all problems of the file.
    NotFoundError, UsageError
        No such file; `to_crs` is not in metres or no system.
    """
    path = Path(path)
    if systems.parse_crs(to_crs).is_geographic:
        raise UsageError(
            f"sites need a system in metres, {to_crs} is in degrees; EPSG:3826 is usual in Taiwan"
        )
    source = _source(path, crs)
    work = _Rows(source)
    frame = work.frame(to_crs)
    reading = source.reading
    reading.problems.sort(key=lambda p: (p.row is not None, p.row or 0, p.field))
    whole = any(p.row is None for p in reading.problems)
    bad = {p.row for p in reading.problems}
    reading.rows = len(source.rows)
    reading.usable = 0 if whole else sum(row not in bad for row in source.rows)
    if reading.problems and (whole or not allow_rejects):
        usable = f"{reading.usable:,} of {reading.rows:,} rows usable"
        raise InputError(path, reading.problems, summary=usable, hint="" if whole else HINT)
    if ledger is not None:
        ledger.refuse(path, reading.problems)
    kept = frame[~frame["row"].isin(bad)].reset_index(drop=True)
    reading.notes += _remarks(kept)
    kept.attrs = {"reading": reading}
    return kept


# ------------------------------------------------------------------ files


class _Source:
    """The rows of a file: known columns with their cells, points in degrees (NaN where there is none)."""

    def __init__(self, reading: Reading, rows: list[int], lonlat: Floats) -> None:
        self.reading = reading
        self.rows = rows
        self.lonlat = lonlat
        self.columns: dict[str, SiteColumn] = {}
        self.unused: list[str] = []

    def add(self, column: SiteColumn | None, label: str, cells: Sequence[Any]) -> None:
        """One more column; the first of two with the same meaning is taken."""
        if column is None:
            self.unused.append(label)
        elif column.meaning in self.columns:
            first = self.columns[column.meaning].written
            self.reading.notes.append(f"'{first}' and '{label}' mean the same; the first is taken")
        else:
            column.cells = list(cells)
            self.columns[column.meaning] = column
            self.reading.columns[label] = column.meaning


def _source(path: Path, crs: Any) -> _Source:
    kind = sniff.kind_of(path)
    return _table(path, kind, crs) if kind in sniff.TABLES else _map(path, crs)


def _table(path: Path, kind: str, crs: Any) -> _Source:
    """A table: its own headers here, because ``site_id`` of statistics is the name of a township."""
    raw = read_grid(path, kind, sheet=None, encoding=None)
    reading = Reading(path.name, kind, raw.encoding, notes=list(raw.notes))
    body = find_body(raw, path, reading)
    # what the readers of statistics made of these headers is not what they mean here
    reading.notes = [n for n in reading.notes if " both mean " not in n]
    reading.columns = {}
    by_row = dict(raw.rows)
    headers = [by_row[row] for row in reading.header_rows]
    found: list[tuple[SiteColumn | None, str, list[str]]] = []
    others: dict[str, list[str]] = {}
    for at, label in enumerate(body.written):
        cells = [row[at] for _, row in body.rows]
        column = site_column(*([h[at] for h in headers if at < len(h)] or [label]))
        if column is None:
            others[body.names[at]] = cells
        found.append((column, label, cells))
    rows = [row for row, _ in body.rows]
    reading.problems = list(body.problems)
    if not rows:
        raise InputError(path, [Problem(None, "", "has headers but no rows")])
    try:
        points = coordinates.points_of(pd.DataFrame(others, dtype=object), crs=crs, rows=rows)
    except UsageError as error:
        hint = "Name the columns of the coordinates, or give a map file of points."
        raise InputError(path, [Problem(None, "", str(error))], hint=hint) from error
    reading.crs, reading.crs_reason = points.crs, points.crs_reason
    reading.problems += points.problems
    reading.notes += points.notes
    source = _Source(reading, rows, _lonlat(points.frame.geometry.to_numpy()))
    for at, (column, label, cells) in enumerate(found):
        if body.names[at] in points.columns:
            reading.columns[label] = "position"
        elif column is not None or label != body.names[at] or any(c.strip() for c in cells):
            source.add(column, label, cells)
    return source


def _map(path: Path, crs: Any) -> _Source:
    frame, reading = vectors.examine_geo(path, crs=crs)
    rows = list(frame.attrs["rows"])
    shapes = frame.geometry.to_numpy()
    single = np.array([shapely.get_num_geometries(s) == 1 and shapely.get_dimensions(s) == 0 for s in shapes])
    given = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    reading.problems += [
        Problem(rows[i], "geometry", f"is a {shapes[i].geom_type}, not one point; give one point a site")
        for i in np.flatnonzero(given & ~single)
    ]
    shapes = shapes.copy()
    shapes[~(given & single)] = None
    source = _Source(reading, rows, _lonlat(shapes))
    named, reading.columns = dict(reading.columns), {}
    for label, name in named.items():
        source.add(site_column(label), label, list(frame[name]))
    return source


def _lonlat(points: NDArray[Any]) -> Floats:
    """Shape (n, 2); NaN where there is no point."""
    out = np.full((len(points), 2), np.nan)
    ok = ~(shapely.is_missing(points) | shapely.is_empty(points))
    inner = shapely.centroid(points[ok])  # of one point: the point, also of a MultiPoint of one
    out[ok] = np.column_stack([shapely.get_x(inner), shapely.get_y(inner)])
    return out


# ------------------------------------------------------------------ rows


class _Rows:
    """The columns of a source read one after the other, with every problem kept."""

    def __init__(self, source: _Source) -> None:
        self.source = source
        self.columns = source.columns
        self.rows = source.rows
        self.notes = source.reading.notes
        self.problems = source.reading.problems

    def frame(self, to_crs: Any) -> pd.DataFrame:
        lonlat = self.source.lonlat
        xy = np.full_like(lonlat, np.nan)
        ok = np.isfinite(lonlat).all(axis=1)
        if ok.any():
            move = systems.transformer("EPSG:3824", to_crs)
            xy[ok] = np.column_stack(move.transform(lonlat[ok, 0], lonlat[ok, 1]))
        out = pd.DataFrame(
            {
                "row": np.array(self.rows, dtype=np.int64),
                "x_m": xy[:, 0].round(3),  # the way there and back costs some micrometres
                "y_m": xy[:, 1].round(3),
                "lon": lonlat[:, 0],
                "lat": lonlat[:, 1],
                "operator": self._operators(),
                "technology": [technology(c) for c in self._cells("technology")],
                "frequency_mhz": self._frequencies(),
                "bandwidth_mhz": self._numbers("bandwidth", "mhz", 0, BANDWIDTH_MHZ, above=True),
                "scs_khz": self._spacings(),
                "height_m": self._numbers("height", "m", 0, HEIGHT_M, above=True),
                "eirp_dbm": self._eirp(),
                "power_dbm": self._powers("power", POWER_DBM),
                "gain_dbi": self._numbers("gain", "dbi", *GAIN_DBI),
                "feeder_loss_db": self._numbers("feeder_loss", "db", *FEEDER_LOSS_DB),
                "azimuth_deg": self._azimuths(),
                "tilt_deg": self._tilts(),
                "beamwidth_deg": self._numbers("beamwidth", "deg", 0, 360, above=True),
                "pattern": [plain(c) for c in self._cells("pattern")],
                "polarisation": self._polarisations(),
            }
        )
        out.insert(0, "site_id", self._names())
        self._check_power(out)
        self._repeated(out)
        self._unused()
        return out[list(COLUMNS)]

    # -------------------------------------------------------------- words

    def _cells(self, meaning: str) -> list[Any]:
        column = self.columns.get(meaning)
        return column.cells if column is not None else [None] * len(self.rows)

    def _names(self) -> list[str]:
        """Unique ids: of the cell, of the site, of its name, or made from the row."""
        cells = [plain(c) for c in self._cells("cell_id")]
        sites = [plain(c) for c in self._cells("site_id")]
        if "site_id" not in self.columns:
            sites = [plain(c) for c in self._cells("site_name")]
        given = [
            cell if not site or site in cell else f"{site}/{cell}" if cell else site
            for cell, site in zip(cells, sites, strict=True)
        ]
        taken = set(given)
        counts: Counter[str] = Counter()
        out: list[str] = []
        doubled: list[int] = []
        unnamed = 0
        for name, row in zip(given, self.rows, strict=True):
            counts[name] += 1
            if name and counts[name] == 1:
                out.append(name)
                continue
            unnamed += not name
            if name:
                doubled.append(row)
            new, n = (f"{name}#{counts[name]}" if name else f"row{row}"), counts[name]
            while new in taken:
                n += 1
                new = f"{name or f'row{row}'}#{n}"
            taken.add(new)
            out.append(new)
        if doubled:
            said = "rows have the id of another row and got a number behind it (A, A#2, …)"
            self.notes.append(f"{len(doubled):,} {said}: {_listed(doubled)}")
        if unnamed:
            self.notes.append(f"{unnamed:,} rows have no id and are called after their row (row7)")
        return out

    def _operators(self) -> list[str]:
        """As written first; spellings that differ in 臺/台, case or the company form are one operator."""
        first: dict[str, str] = {}
        merged: dict[str, set[str]] = {}
        out = []
        for cell in self._cells("operator"):
            text = plain(cell)
            key = re.sub(r"(股份)?有限公司|\s|,|\.", "", text.replace("台", "臺")).casefold()
            if key:
                merged.setdefault(key, set()).add(text)
            out.append(first.setdefault(key, text) if key else UNKNOWN_OPERATOR)
        for key, spellings in merged.items():
            if len(spellings) > 1:
                said = ", ".join(sorted(spellings))
                self.notes.append(f"operator: {said} are taken for one and called '{first[key]}'")
        unknown = out.count(UNKNOWN_OPERATOR)
        if unknown:
            self.notes.append(f"operator: {unknown:,} rows name none and count as '{UNKNOWN_OPERATOR}'")
        return out

    def _polarisations(self) -> NDArray[np.int8]:
        out = np.zeros(len(self.rows), dtype=np.int8)
        for i, cell in enumerate(self._cells("polarisation")):
            word = plain(cell).lower().replace(" ", "")
            if word in _POLARISATIONS:
                out[i] = _POLARISATIONS[word]
            else:
                self._refuse(i, "polarisation", f"'{word[:20]}' is no polarisation; write H, V or ±45", word)
        return out

    # -------------------------------------------------------------- numbers

    def _numbers(
        self,
        meaning: str,
        default: str,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        above: bool = False,
        words: Sequence[str] = (),
    ) -> Floats:
        """
        Numbers of a column within `low` and `high` (`low` itself not with `above`), NaN elsewhere.

        `default` is the unit of a header that has none, which is said; cells of `words` say that there is none.
        """
        out = np.full(len(self.rows), np.nan)
        column = self.columns.get(meaning)
        if column is None:
            return out
        quantity = column.quantity
        assert quantity is not None
        if column.unit is None and quantity != "angle" and not self._all_with_unit(column):
            self.notes.append(f"'{column.written}' has no unit; it is read as {_UNIT_NAMES[default]}")
        for i, cell in enumerate(column.cells):
            if words and plain(cell).lower() in words:
                continue
            value, reason = measured(cell, quantity, column.unit or default)
            if (
                not reason
                and not math.isnan(value)
                and not (low <= value <= high and (not above or value > low))
            ):
                span = f"above {low:g} and up to {high:g}" if above else f"{low:g} to {high:g}"
                reason = f"is {value:g} {_UNIT_NAMES[default]}, which cannot be; {span} is possible"
            if reason:
                self._refuse(i, meaning, reason, plain(cell))
            else:
                out[i] = value
        return out

    def _all_with_unit(self, column: SiteColumn) -> bool:
        assert column.quantity is not None
        return all(is_missing(c) or has_unit(c, column.quantity) for c in column.cells)

    def _powers(self, meaning: str, span: tuple[float, float], offset: float = 0.0) -> Floats:
        """dBm; a power without a unit is refused, because 40 may be 40 W or 40 dBm (10 W)."""
        column = self.columns.get(meaning)
        if column is None:
            return np.full(len(self.rows), np.nan)
        if column.unit is None and not self._all_with_unit(column):
            message = "has no unit: 40 may be 40 dBm (10 W) or 40 W (46 dBm)"
            name = f"{meaning}_dbm or {meaning}_w"
            self.problems.append(Problem(None, column.written, f"{message}; name the column {name}"))
            return np.full(len(self.rows), np.nan)
        out = np.full(len(self.rows), np.nan)
        for i, cell in enumerate(column.cells):
            value, reason = measured(cell, "power", column.unit)
            value += offset
            if not reason and not math.isnan(value) and not span[0] <= value <= span[1]:
                watts = 10 ** (value / 10 - 3)
                meant = (
                    "; are these watts?" if value > span[1] and column.unit == "dbm" and value <= 1000 else ""
                )
                size = f" ({watts:,.0f} W)" if 1 <= watts < 1e12 else ""
                reason = f"is {value:g} dBm{size}, which cannot be; {span[0]:g} to {span[1]:g} dBm is possible{meant}"
            if reason:
                self._refuse(i, meaning, reason, plain(cell))
            else:
                out[i] = value
        return out

    def _eirp(self) -> Floats:
        given = self._powers("eirp", EIRP_DBM)
        erp = self._powers("erp", EIRP_DBM, ERP_TO_EIRP_DB)
        for i in np.flatnonzero(np.abs(given - erp) > DISAGREE_DB):
            self._refuse(int(i), "eirp", f"is {given[i]:.1f} dBm, but e.r.p. says {erp[i]:.1f} dBm EIRP", "")
        taken = np.isnan(given) & ~np.isnan(erp)
        if taken.any():
            said = f"e.r.p. became EIRP by +{ERP_TO_EIRP_DB} dB"
            self.notes.append(f"'{self.columns['erp'].written}': {said} in {int(taken.sum()):,} rows")
        return np.where(taken, erp, given)

    def _frequencies(self) -> Floats:
        own, band = (self._frequency(meaning) for meaning in ("frequency", "band"))
        return np.where(np.isnan(own), band, own)

    def _frequency(self, meaning: str) -> Floats:
        out = np.full(len(self.rows), np.nan)
        column = self.columns.get(meaning)
        if column is None:
            return out
        named: list[int] = []
        bare: list[int] = []
        for i, cell in enumerate(column.cells):
            found = _BAND.fullmatch(plain(cell).lower())
            if found and int(found[1]) in bands():
                out[i] = bands()[int(found[1])]
                named.append(i)
                continue
            value, reason = measured(cell, "frequency", column.unit)
            if reason:
                self._refuse(i, meaning, reason, plain(cell))
                continue
            if column.unit is None and not math.isnan(value) and not has_unit(cell, "frequency"):
                bare.append(i)
            out[i] = value
        if named:
            said = "band names stand for the middle of the band's downlink"
            self.notes.append(f"'{column.written}': {len(named):,} {said} ({plain(column.cells[named[0]])})")
        if bare and not self._guess_unit(column, out, bare):
            return np.full(len(self.rows), np.nan)
        for i in np.flatnonzero(~np.isnan(out) & ~((out > 0) & (out <= FREQUENCY_MHZ))):
            message = f"is {out[i]:g} MHz, which is no radio frequency"
            self._refuse(int(i), meaning, message, plain(column.cells[i]))
            out[i] = np.nan
        return out

    def _guess_unit(self, column: SiteColumn, values: Floats, bare: list[int]) -> bool:
        """The unit of frequencies without one, where all fit the same; said, or the file refused."""
        found = np.abs(values[bare])
        found = found[found > 0]
        fits = [
            unit
            for unit, (low, high) in _LIKELY.items()
            if len(found) and ((found >= low) & (found <= high)).all()
        ]
        if column.meaning == "band" and "GHz" in fits and (found % 1 == 0).all():
            fits = []  # 28 is a band of 700 MHz as well as 28 GHz
        if not len(found) or len(fits) == 1:
            factor = {"Hz": 1e-6, "MHz": 1.0, "GHz": 1e3}[fits[0] if fits else "MHz"]
            values[bare] *= factor
            if fits:
                self.notes.append(f"'{column.written}' has no unit; by its values it is {fits[0]}")
            return True
        span = f"{found.min():g} to {found.max():g}"
        message = f"has no unit and its values ({span}) do not tell it; name the column frequency_mhz"
        also = ", or write bands as B28 or n78" if column.meaning == "band" else ""
        self.problems.append(Problem(None, column.written, message + also))
        return False

    def _spacings(self) -> Floats:
        column = self.columns.get("scs")
        if column is not None and column.unit is None:
            column.unit = "khz"  # no other is in use
        mhz = self._numbers("scs", "khz")
        khz = np.round(mhz * 1e3, 6)
        for i in np.flatnonzero(~np.isnan(khz) & ~np.isin(khz, SCS_KHZ)):
            known = ", ".join(f"{s:g}" for s in SCS_KHZ)
            self._refuse(int(i), "scs", f"is {khz[i]:g} kHz; the spacings are {known} kHz", f"{khz[i]:g}")
            khz[i] = np.nan
        return khz

    def _azimuths(self) -> Floats:
        column = self.columns.get("azimuth")
        if column is not None:
            for i, cell in enumerate(column.cells):
                text = plain(cell)
                if re.fullmatch(r"\d+(\.\d+)?(\s*[/、,;，~]\s*\d+(\.\d+)?)+", text):
                    self._refuse(i, "azimuth", f"'{text}' is several; write one row a sector", text)
                    column.cells[i] = None
        out = self._numbers("azimuth", "deg", 0.0, 360.0, words=_OMNI)
        return np.where(out == 360.0, 0.0, out)

    def _tilts(self) -> Floats:
        """Downtilt in all: the total where it is given, else electrical and mechanical together."""
        total, electrical, mechanical = (
            self._numbers(m, "deg", -90.0, 90.0) for m in ("tilt", "tilt_electrical", "tilt_mechanical")
        )
        either = ~(np.isnan(electrical) & np.isnan(mechanical))
        both = np.where(either, np.nan_to_num(electrical) + np.nan_to_num(mechanical), np.nan)
        for i in np.flatnonzero(np.abs(both) > 90):
            self._refuse(int(i), "tilt", f"adds up to {both[i]:g} degrees, more than 90", f"{both[i]:g}")
        for i in np.flatnonzero(np.abs(total - both) > 0.5):
            said = f"is {total[i]:g} degrees, but electrical and mechanical tilt add up to {both[i]:g}"
            self._refuse(int(i), "tilt", said, f"{total[i]:g}")
        return np.where(np.isnan(total), both, total)

    # -------------------------------------------------------------- whole rows

    def _check_power(self, frame: pd.DataFrame) -> None:
        """Power, gain and feeder loss against the EIRP of the same row."""
        parts = frame["power_dbm"] + frame["gain_dbi"] - frame["feeder_loss_db"].fillna(0.0)
        # without a feeder loss the parts may come out higher by a usual one
        off = (parts - frame["eirp_dbm"]).to_numpy()
        slack = np.where(frame["feeder_loss_db"].isna(), DISAGREE_DB, 0.0)
        for i in map(int, np.flatnonzero((off > DISAGREE_DB + slack) | (off < -DISAGREE_DB)):
            said = f"is {frame['eirp_dbm'].iloc[i]:.1f} dBm, but power and gain of the row make {parts.iloc[i]:.1f}"
            self._refuse(
                int(i), "eirp", f"{said} dBm: one of them is wrong", f"{frame['eirp_dbm'].iloc[i]:g}"
            )

    def _repeated(self, frame: pd.DataFrame) -> None:
        """A row at the same place with the same antenna data as an earlier one is refused."""
        bad = {p.row for p in self.problems}
        key = frame[["operator", "technology", "frequency_mhz", "height_m", "azimuth_deg"]].copy()
        key["x"], key["y"] = (np.round(frame[c] / SAME_PLACE_M) for c in ("x_m", "y_m"))
        first: dict[tuple[object, ...], int] = {}
        for i, cells in enumerate(key.itertuples(index=False, name=None)):
            if self.rows[i] in bad or math.isnan(frame["x_m"].iloc[i]):
                continue
            same = tuple(None if isinstance(c, float) and math.isnan(c) else c for c in cells)
            row = first.setdefault(same, self.rows[i])
            if row != self.rows[i]:
                what = "place, height, technology, operator, frequency and azimuth"
                self._refuse(
                    i, "site_id", f"repeats row {row}: the same {what}", str(frame["site_id"].iloc[i])
                )

    def _unused(self) -> None:
        left = [label for label in self.source.unused if label]
        if "height_amsl" in self.columns and "height" not in self.columns:
            written = self.columns["height_amsl"].written
            self.notes.append(
                f"'{written}' is a height above sea level and is not used; antennas need heights above ground"
            )
        if left:
            shown = ", ".join(left[:8]) + (" …" if len(left) > 8 else "")
            self.notes.append(f"{len(left):,} columns are not used: {shown}")

    def _refuse(self, i: int, name: str, reason: str, value: str) -> None:
        column = self.columns.get(name)
        self.problems.append(Problem(self.rows[i], column.written if column else name, reason, value[:80]))


_UNIT_NAMES = {"mhz": "MHz", "khz": "kHz", "m": "m", "dbm": "dBm", "dbi": "dBi", "db": "dB", "deg": "degrees"}
_BAND = re.compile(r"(?:b|n|band\s?)(\d{1,3})")
_LIKELY = {"GHz": (0.4, 100.0), "MHz": (400.0, 100_000.0), "Hz": (4e8, 1e11)}  # of mobile networks; apart
_OMNI = ("omni", "omnidirectional", "全向", "全向性", "無指向性", "o")
_POLARISATIONS = {
    **dict.fromkeys(("h", "horizontal", "水平", "水平極化", "1"), 1),
    **dict.fromkeys(("v", "vertical", "垂直", "垂直極化", "2"), 2),
    **dict.fromkeys(
        ("", "0", "x", "xpol", "x-pol", "cross", "crosspolar", "dual", "slant", "±45", "+/-45", "+45/-45", "45",
         "-45", "±45°", "雙極化", "交叉極化", "斜極化", "hv", "h/v", "v/h", "m"), 0,
    ),
}  # fmt: skip

_TECHNOLOGIES = (
    ("NR", r"5g|(?<![a-z])nr(?![a-z])|gnb|gnodeb|第五代"),
    ("LTE", r"4g|lte|(?<![a-z])enb|enodeb|第四代"),
    ("WCDMA", r"3g(?!pp)|wcdma|umts|hspa|第三代"),
    ("GSM", r"2g|gsm|第二代"),
)


def technology(cell: object) -> str:
    """``NR``, ``LTE``, ``WCDMA`` or ``GSM`` of what people write; two at once or another word stay as they are."""
    text = plain(cell)
    found = [name for name, pattern in _TECHNOLOGIES if re.search(pattern, text.lower())]
    return found[0] if len(found) == 1 else text


# ------------------------------------------------------------------ what may be wrong


def _remarks(sites: pd.DataFrame) -> list[str]:
    """A sentence for each thing that may be true and may be a mistake."""
    if sites.empty:
        return []
    off = places.kilometres_off(sites[["lon", "lat"]].to_numpy())
    height, power = sites["height_m"].to_numpy(), sites["power_dbm"].to_numpy()
    asked: list[tuple[NDArray[np.bool_], Callable[[int], str]]] = [
        (off > AT_SEA_KM, lambda n: f"{n:,} sites lie in the sea, up to {off.max():.1f} km off land; kept, "
         "because buoys and wind farms carry stations"),
        (height > HIGH_M, lambda n: f"{n:,} antennas are higher than {HIGH_M:g} m above ground, up to "
         f"{np.nanmax(height):g} m; are these heights above sea level?"),
        (np.isin(power, WATTS) & (power < 43) & (power > 0), lambda n: f"{n:,} powers in dBm are numbers usual in "
         "watts (20 dBm is 0.1 W, 20 W is 43 dBm); is the unit right?"),
    ]  # fmt: skip
    return [
        f"{say(int(mask.sum()))} ({_listed(sites['row'][mask].tolist())})"
        for mask, say in asked
        if mask.any()
    ]


def _listed(rows: Sequence[int]) -> str:
    said = ", ".join(str(r) for r in rows[:5])
    return f"row{'' if len(rows) == 1 else 's'} {said}{', …' if len(rows) > 5 else ''}"
