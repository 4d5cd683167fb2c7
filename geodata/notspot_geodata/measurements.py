"""
Measurements of coverage out of long tables: drive tests, speed tests, complaints, crowdsourced samples; one row a
measurement in one set of columns, with what is wrong told row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.measurement_cells import check_zone
from notspot_geodata.measurement_columns import KINDS, QUANTITIES, known_operators, operator_name
from notspot_geodata.measurement_files import long_table
from notspot_geodata.measurement_rows import Asked, MeasurementRows

COLUMNS = (
    "file", "row", "lon", "lat", "time", "operator", "technology", "kind", "device", "download_mbps", "upload_mbps",
    "rsrp_dbm", "latency_ms", "failed",
)  # fmt: skip

ZONE = "Asia/Taipei"  # of dates that are given as limits
FAST_MBPS = 1_000.0  # half of the tests above this is worth a word
HINT = "Fix the file, or pass --allow-rejects to go on without these rows (they stay in rejects.csv)."


def read_measurements(
    paths: str | Path | Sequence[str | Path],
    *,
    crs: Any = None,
    time_zone: str | None = None,
    operator: str = "",
    technology: str = "",
    kind: str = "",
    operators: Sequence[str] | None = None,
    since: str | date | datetime | None = None,
    until: str | date | datetime | None = None,
    encoding: str | None = None,
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
) -> pd.DataFrame:
    """
    Measurements of one or several CSV or Parquet files, read in batches.

    Headers are known in Chinese and English (``docs/challenge.md``). Needed are a position, a time and a value: a
    speed, RSRP, latency, or an outcome. Speeds need a unit in their header.

    Parameters
    ----------
    crs
        The system of the coordinates, where it is not to be found from the numbers.
    time_zone
        Of times that are written without one, such as ``Asia/Taipei``. Without it they are refused.
    operator, technology, kind
        What rows are of, where the file has no column for it; `kind` is one of `KINDS`, ``speed`` by default.
    operators
        Who can be meant: these, and Taiwan's own five. Any other name, or none, is a problem. None takes every name.
    since, until
        Earlier and later tests are problems. A date is its first moment in Taiwan for `since`, its last for
        `until`. Without `until`, the time of the call.
    encoding
        Of text, where it is known; else it is told from the bytes.
    ledger, allow_rejects
        With `allow_rejects` rows with problems are left out and entered into the ledger.

    Returns
    -------
    measurements
        `COLUMNS`: ``file`` and ``row``, ``lon`` and ``lat`` (EPSG:3824), ``time`` (UTC), ``operator``, ``technology``,
        ``kind``, ``device`` (categories, "" not given), the values (NaN not measured), ``failed`` (null not said).
        ``attrs["readings"]`` are the `Reading` of each file; their notes say what was concluded.

    Raises
    ------
    InputError
        With all problems of all files.
    NotFoundError, UsageError
        No such file; an argument that makes no sense.
    """
    check_zone(time_zone)
    if kind and kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of measurement; {', '.join(KINDS)} are")
    files = [Path(p) for p in ([paths] if isinstance(paths, (str, Path)) else paths)]
    if not files:
        raise UsageError("no file of measurements is given")
    asked = Asked(
        crs=crs,
        zone=time_zone,
        operator=operator,
        technology=technology,
        kind=kind or "speed",
        operators=None
        if operators is None
        else frozenset([*map(operator_name, operators), *known_operators()]),
        first=_moment(since, end=False),
        last=_moment(until, end=True) or (datetime.now(UTC), "the time of this run"),
    )
    read = [MeasurementRows(long_table(path, encoding=encoding), asked) for path in files]
    parts = [part for part in (one.frame() for one in read) if part is not None]
    frame = pd.concat(parts, ignore_index=True) if parts else _empty()
    for name in ("file", "operator", "technology", "kind", "device"):
        frame[name] = frame[name].astype("category")
    problems = [one.reading.problems for one in read]
    starts = np.cumsum([0, *(one.rows for one in read)])
    if starts[-1] == len(frame):  # else a file has a problem as a whole, which ends it below
        _repeated(frame, starts, problems)
    return _sound(frame, starts, read, ledger, allow_rejects)


def _sound(
    frame: pd.DataFrame,
    starts: Any,
    read: list[MeasurementRows],
    ledger: Ledger | None,
    allow_rejects: bool,
) -> pd.DataFrame:
    """Without the rows that have problems; raises the one error that lists them all."""
    keep = np.ones(starts[-1], dtype=bool)
    listed: list[Problem] = []
    for one, start in zip(read, starts, strict=False):
        reading = one.reading
        reading.problems.sort(key=lambda p: (p.row is not None, p.row or 0, p.field))
        bad = {p.row for p in reading.problems}
        reading.rows = one.rows + len(one.table.problems)
        if None not in bad:
            rows = frame["row"].to_numpy()[start : start + one.rows]
            keep[start : start + one.rows] = ~np.isin(rows, np.array(list(bad), dtype=np.int64))
            reading.usable = int(keep[start : start + one.rows].sum())
        said = f"{one.table.path.name}: " if len(read) > 1 else ""
        listed += [Problem(p.row, said + p.field, p.message, p.value) for p in reading.problems]
    whole = any(p.row is None for p in listed)
    if listed and (whole or not allow_rejects):
        total, usable = sum(o.reading.rows for o in read), sum(o.reading.usable for o in read)
        names = ", ".join(str(o.table.path) for o in read)
        summary = f"{usable:,} of {total:,} rows usable" if total else ""
        raise InputError(names, listed, summary=summary, hint="" if whole else HINT)
    if ledger is not None:
        for one in read:
            ledger.refuse(one.table.path, one.reading.problems)
    for one, start in zip(read, starts, strict=False):
        one.reading.notes += _remarks(frame.iloc[start : start + one.rows])
    kept = frame[keep].reset_index(drop=True)
    kept.attrs = {"readings": [one.reading for one in read]}
    return kept


def _repeated(frame: pd.DataFrame, starts: Any, problems: list[list[Problem]]) -> None:
    """
    Rows that say the same of the same test as another are refused, but for the first of them.

    Where two of one device, time and place measure the same and differ, all of them are: which is right is not
    for the order of the rows to say.
    """
    where = ["operator", "technology", "kind", "device", "time", "lon", "lat"]
    values = [*QUANTITIES.values(), "failed"]
    rows = frame["row"].to_numpy()
    sound = (frame["lon"].notna() & frame["time"].notna()).to_numpy()
    part = frame.loc[sound, [*where, *values]].copy()
    named = (part["device"] != "").to_numpy()
    for name in ("operator", "technology", "kind", "device"):
        part[name] = part[name].cat.codes
    part["what"] = sum(part[name].notna().to_numpy() * 2**i for i, name in enumerate(QUANTITIES.values()))
    part["failed"] = part["failed"].astype("Int8").fillna(-1).astype(np.int8)
    again = part.duplicated([*where, *values], keep="first").to_numpy()
    clash = np.zeros(len(part), dtype=bool)
    clash[~again] = part[~again].duplicated([*where, "what"], keep=False).to_numpy() & named[~again]
    for mask, reason in (
        (again, "repeats an earlier row: the same test"),
        (clash, "contradicts another row of the same device, time and place; which is right cannot be told"),
    ):
        for i in part.index.to_numpy()[mask]:
            one = int(np.searchsorted(starts, i, side="right")) - 1
            problems[one].append(Problem(int(rows[i]), "", reason))


def _remarks(rows: pd.DataFrame) -> list[str]:
    """A sentence for what may be true and may be a mistake."""
    return [
        f"half of the tests have {name} above {middle:,.0f}; is the unit right?"
        for name in ("download_mbps", "upload_mbps")
        if rows[name].notna().any() and (middle := float(rows[name].median())) > FAST_MBPS
    ]


def _moment(value: str | date | datetime | None, *, end: bool) -> tuple[datetime, str] | None:
    """A moment, and how it is called; a date is its first or last moment in Taiwan."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError as error:
            raise UsageError(
                f"{value!r} is not a date; write 2021-12-31 or 2021-12-31T18:00+08:00"
            ) from error
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError(f"{value.isoformat()} has no time zone; write 2021-12-31T18:00+08:00")
        return value.astimezone(UTC), value.isoformat()
    start = datetime(value.year, value.month, value.day, tzinfo=ZoneInfo(ZONE))
    moment = start + timedelta(days=1) - timedelta(microseconds=1) if end else start
    return moment.astimezone(UTC), value.isoformat()


def _empty() -> pd.DataFrame:
    """No measurements."""
    frame = pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    floats = dict.fromkeys(("lon", "lat", *QUANTITIES.values()), np.float64)
    return frame.astype({"row": np.int64, "failed": "boolean", "time": "datetime64[us, UTC]", **floats})
