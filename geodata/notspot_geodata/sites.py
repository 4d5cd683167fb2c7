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
from numpy.typing import NDArray

from notspot_geodata import crs as systems
from notspot_geodata import places
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.site_columns import plain, polarisation, technology
from notspot_geodata.site_files import SiteTable, site_table
from notspot_geodata.site_numbers import (
    BANDWIDTH_MHZ,
    DISAGREE_DB,
    FEEDER_LOSS_DB,
    GAIN_DBI,
    HEIGHT_M,
    POWER_DBM,
    SiteNumbers,
)

Floats = NDArray[np.float64]

COLUMNS = (
    "site_id", "row", "x_m", "y_m", "lon", "lat", "operator", "technology", "frequency_mhz", "bandwidth_mhz",
    "scs_khz", "height_m", "eirp_dbm", "power_dbm", "gain_dbi", "feeder_loss_db", "azimuth_deg", "tilt_deg",
    "beamwidth_deg", "pattern", "polarisation",
)  # fmt: skip
UNKNOWN_OPERATOR = "unknown operator"


# What may be true and is worth a look.
HIGH_M = 100.0  # masts are lower, and heights above sea level look like this
AT_SEA_KM = 0.2  # off the coastline of the reference, which leaves out piers and bridges
WATTS = (5, 10, 20, 40, 60, 80, 100, 120, 160, 200, 240, 320)  # usual powers of radio units, in W
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
    source = site_table(path, crs)
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


# ------------------------------------------------------------------ rows


class _Rows:
    """The columns of a source read one after the other, with every problem kept."""

    def __init__(self, source: SiteTable) -> None:
        self.source = source
        self.columns = source.columns
        self.rows = source.rows
        self.notes = source.reading.notes
        self.problems = source.reading.problems
        self.read = SiteNumbers(source.columns, source.rows)

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
                "frequency_mhz": self.read.frequencies(),
                "bandwidth_mhz": self.read.numbers("bandwidth", "mhz", 0, BANDWIDTH_MHZ, above=True),
                "scs_khz": self.read.spacings(),
                "height_m": self.read.numbers("height", "m", 0, HEIGHT_M, above=True),
                "eirp_dbm": self.read.eirp(),
                "power_dbm": self.read.powers("power", POWER_DBM),
                "gain_dbi": self.read.numbers("gain", "dbi", *GAIN_DBI),
                "feeder_loss_db": self.read.numbers("feeder_loss", "db", *FEEDER_LOSS_DB),
                "azimuth_deg": self.read.azimuths(),
                "tilt_deg": self.read.tilts(),
                "beamwidth_deg": self.read.numbers("beamwidth", "deg", 0, 360, above=True),
                "pattern": [plain(c) for c in self._cells("pattern")],
                "polarisation": self._polarisations(),
            }
        )
        self.notes += self.read.notes
        self.problems += self.read.problems
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
            found = polarisation(cell)
            if found is None:
                word = plain(cell)
                self._refuse(i, "polarisation", f"'{word[:20]}' is no polarisation; write H, V or ±45", word)
            else:
                out[i] = found
        return out

    # -------------------------------------------------------------- numbers
    def _check_power(self, frame: pd.DataFrame) -> None:
        """Power, gain and feeder loss against the EIRP of the same row."""
        parts = frame["power_dbm"] + frame["gain_dbi"] - frame["feeder_loss_db"].fillna(0.0)
        # without a feeder loss the parts may come out higher by a usual one
        off = (parts - frame["eirp_dbm"]).to_numpy()
        slack = np.where(frame["feeder_loss_db"].isna(), DISAGREE_DB, 0.0)
        for i in map(int, np.flatnonzero((off > DISAGREE_DB + slack) | (off < -DISAGREE_DB))):
            said = f"is {frame['eirp_dbm'].iloc[i]:.1f} dBm, but power and gain of the row make {parts.iloc[i]:.1f}"
            self._refuse(i, "eirp", f"{said} dBm: one of them is wrong", f"{frame['eirp_dbm'].iloc[i]:g}")

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


# ------------------------------------------------------------------ what may be wrong


def _remarks(sites: pd.DataFrame) -> list[str]:
    """A sentence for each thing that may be true and may be a mistake."""
    if sites.empty:
        return []
    off = places.kilometres_off(sites[["lon", "lat"]].to_numpy())
    height, power = sites["height_m"].to_numpy(), sites["power_dbm"].to_numpy()
    tilt = sites["tilt_deg"].to_numpy()
    like_watts = np.isin(power, WATTS).sum() / max(np.isfinite(power).sum(), 1)
    asked: list[tuple[NDArray[np.bool_], Callable[[int], str]]] = [
        (off > AT_SEA_KM, lambda n: f"{n:,} sites lie in the sea, up to {off.max():.1f} km off land; kept, "
         "because buoys and wind farms carry stations"),
        (height > HIGH_M, lambda n: f"{n:,} antennas are higher than {HIGH_M:g} m above ground, up to "
         f"{np.nanmax(height):g} m; are these heights above sea level?"),
        (np.isin(power, WATTS) & (power < 43) & (like_watts > 0.5), lambda n: f"{n:,} powers in dBm are numbers "
         "usual in watts (20 dBm is 0.1 W, 20 W is 43 dBm); is the unit right?"),
        (tilt < 0, lambda n: f"{n:,} tilts are below 0, which is upwards; downtilt is above 0"),
    ]  # fmt: skip
    return [
        f"{say(int(mask.sum()))} ({_listed(sites['row'][mask].tolist())})"
        for mask, say in asked
        if mask.any()
    ]


def _listed(rows: Sequence[int]) -> str:
    said = ", ".join(str(r) for r in rows[:5])
    return f"row{'' if len(rows) == 1 else 's'} {said}{', …' if len(rows) > 5 else ''}"
