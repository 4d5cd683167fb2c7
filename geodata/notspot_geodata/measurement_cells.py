"""
Cells of a long table as numbers, times and words: whole columns at a time, the odd ones one by one.

Each function gives the values and, by position, why a cell has none; never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from notspot_geodata.cells import number, roc_date
from notspot_geodata.degrees import parse
from notspot_geodata.errors import UsageError
from notspot_geodata.text import tidy

Floats = NDArray[np.float64]
Micros = NDArray[np.int64]
Reasons = dict[int, str]

FARTHEST_ZONE_S = 14 * 3600  # UTC+14, Kiribati
NEVER = np.iinfo(np.int64).min  # a time that is not there
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_LOCAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$"
_ZONED = _LOCAL[:-1] + r"(Z|[+-][0-9]{2}:?[0-9]{2})$"
_EPOCH = r"^[0-9]{10}([0-9]{3})?(\.[0-9]+)?$"
NO_ZONE = "has no time zone; write 2021-03-05T14:05:00+08:00, or pass --time-zone Asia/Taipei"


def numbers(cells: Any) -> tuple[Floats, Reasons]:
    """Numbers of text or of numbers; NaN where there is none, with the reason where it is no number."""
    if not pa.types.is_string(cells.type):
        return _typed(cells), {}
    return _by_pattern(cells, _NUMBER, number)


def degrees(cells: Any) -> tuple[Floats, Reasons]:
    """Coordinates of text (``121.5``, ``121°30'15"E``) or of numbers."""
    if not pa.types.is_string(cells.type):
        return _typed(cells), {}
    return _by_pattern(cells, _NUMBER, _degree)


class Words(NamedTuple):
    """A column of few different texts: what each text means, and which of them each cell is, shape (n,)."""

    texts: list[str]
    meanings: list[Any]
    codes: NDArray[np.int64]

    def spread(self) -> NDArray[Any]:
        """The meaning of each cell."""
        out = np.empty(len(self.meanings), dtype=object)
        out[:] = self.meanings
        spread: NDArray[Any] = out[self.codes]
        return spread


def words(cells: Any, meaning: Callable[[str], Any]) -> Words:
    """`meaning` of each cell as text ("" for null), worked out once for each different text."""
    encoded = texts(cells).dictionary_encode()
    different = encoded.dictionary.to_pylist()
    codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    return Words(different, [meaning(text) for text in different], codes)


def texts(cells: Any) -> Any:
    """Cells as text, "" for null."""
    if not pa.types.is_string(cells.type):
        if pa.types.is_floating(cells.type):  # 46692.0 is 46692
            whole = pc.equal(cells, pc.round(cells))
            if pc.all(pc.fill_null(whole, True)).as_py():
                cells = cells.cast(pa.int64(), safe=False)
        cells = cells.cast(pa.string())
    return pc.fill_null(cells, "")


def times(cells: Any, zone: str | None) -> tuple[Micros, Reasons]:
    """
    Microseconds since 1970-01-01 UTC, `NEVER` where there is no time.

    Read are ISO 8601, dates with slashes and of the Republic (``110/03/05 下午 2:05``), and seconds or milliseconds
    since 1970. A time without a zone is of `zone`; without that it is refused.
    """
    if pa.types.is_timestamp(cells.type):
        stamps = pc.cast(cells, pa.timestamp("us", tz=cells.type.tz), safe=False)
        out = np.asarray(pc.fill_null(pc.cast(stamps, pa.int64()), NEVER))
        return (out.copy(), {}) if cells.type.tz else _local(out, zone)
    if not pa.types.is_string(cells.type):
        if not (pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)):
            return np.full(len(cells), NEVER), dict.fromkeys(
                range(len(cells)), f"is of type {cells.type}, no time"
            )
        cells = pc.cast(pc.cast(cells, pa.float64()), pa.decimal128(20, 3)).cast(pa.string())
    return _text_times(pc.utf8_trim_whitespace(cells), zone)


def check_zone(zone: str | None) -> None:
    """Raise `UsageError` where there is no such time zone."""
    if zone is None:
        return
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{zone!r} is no time zone; Taiwan's is Asia/Taipei") from error


# ------------------------------------------------------------------ numbers


def _typed(cells: Any) -> Floats:
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.uint8())
    try:
        values = cells.cast(pa.float64(), safe=False)
    except pa.ArrowException:
        return np.full(len(cells), np.nan)
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _by_pattern(
    cells: Any, pattern: str, one: Callable[[str], tuple[float | None, str]]
) -> tuple[Floats, Reasons]:
    """Cells of a pattern cast as a whole; each different other text through `one`."""
    cells = pc.utf8_trim_whitespace(cells)
    out = np.full(len(cells), np.nan)
    fits = _mask(cells, pattern)
    if fits.all():
        out[:] = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return out, {}
    out[fits] = cells.filter(pa.array(fits)).cast(pa.float64()).to_numpy(zero_copy_only=False)
    reasons: Reasons = {}
    at = np.flatnonzero(~fits)
    known: dict[str | None, tuple[float | None, str]] = {}
    for i, text in zip(at.tolist(), cells.filter(pa.array(~fits)).to_pylist(), strict=True):
        if text not in known:
            known[text] = one(text) if text else (None, "")
        value, reason = known[text]
        if value is not None:
            out[i] = value
        elif reason:
            reasons[i] = reason
    return out, reasons


def _degree(text: str) -> tuple[float | None, str]:
    if number(text) == (None, ""):
        return None, ""
    value, _ = parse(text)
    if np.isnan(value):
        return None, f"'{tidy(text)[:40]}' is not a coordinate; write degrees such as 121.5042, or metres"
    return value, ""


def _mask(cells: Any, pattern: str) -> NDArray[np.bool_]:
    found = pc.fill_null(pc.match_substring_regex(cells, pattern), False)
    return np.array(found.to_numpy(zero_copy_only=False), dtype=bool)


# ------------------------------------------------------------------ times


def _text_times(cells: Any, zone: str | None) -> tuple[Micros, Reasons]:
    out = np.full(len(cells), NEVER)
    reasons: Reasons = {}
    plain = pc.replace_substring(cells, "/", "-")
    left = np.ones(len(cells), dtype=bool)
    for pattern, kind in ((_ZONED, pa.timestamp("us", tz="UTC")), (_LOCAL, pa.timestamp("us"))):
        fits = left & _mask(plain, pattern)
        if not fits.any():
            continue
        try:
            stamps = plain.filter(pa.array(fits)).cast(kind)
        except pa.ArrowException:
            continue  # one of them is no day of the calendar: all go one by one
        found = np.asarray(stamps.cast(pa.int64()))
        if kind.tz is None:
            found, wrong = _local(found, zone)
            at = np.flatnonzero(fits)
            reasons |= {int(at[i]): reason for i, reason in wrong.items()}
        out[fits] = found
        left &= ~fits
    known: dict[str | None, tuple[int, str]] = {}
    for i, text in zip(np.flatnonzero(left).tolist(), cells.filter(pa.array(left)).to_pylist(), strict=True):
        if text not in known:
            known[text] = _time(text, zone) if text else (NEVER, "")
        out[i], reason = known[text]
        if reason:
            reasons[i] = reason
    return out, reasons


def _local(micros: Micros, zone: str | None) -> tuple[Micros, Reasons]:
    """Times without a zone as times of `zone`."""
    there = micros != NEVER
    if zone is None:
        return np.full(len(micros), NEVER), dict.fromkeys(np.flatnonzero(there).tolist(), NO_ZONE)
    naive = pd.DatetimeIndex(micros[there].view("M8[us]"))
    local = naive.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").tz_convert("UTC")
    out = np.full(len(micros), NEVER)
    out[there] = local.tz_localize(None).to_numpy().astype("M8[us]").view(np.int64)  # NaT is NEVER too
    lost = there & (out == NEVER)
    reason = f"is a time that does not exist, or exists twice, in {zone}: clocks were changed"
    return out, dict.fromkeys(np.flatnonzero(lost).tolist(), reason)


_WRITTEN = re.compile(
    r"(?P<date>.+?)(?:\s*[T日]\s*|\s+)(?P<half>上午|下午|[AaPp][Mm])?\s*(?P<h>\d{1,2})[:時](?P<m>\d{1,2})(?:分|:(?P<s>\d{1,2})"
    r"(?P<f>\.\d+)?)?(?:(?P<s2>\d{1,2})秒)?\s*(?P<half2>[AaPp][Mm])?\s*(?P<zone>Z|UTC|[+-]\d{2}(?::?\d{2})?)?"
)


def _time(text: str, zone: str | None) -> tuple[int, str]:
    """Microseconds of one written time, and the reason where it has none."""
    clean = tidy(text)
    if number(clean) == (None, ""):
        return NEVER, ""
    shown = f"'{clean[:40]}'"
    if re.fullmatch(_EPOCH, clean):
        seconds = float(clean) / (1000.0 if len(clean.partition(".")[0]) == 13 else 1.0)
        return round(seconds * 1e6), ""
    found = _WRITTEN.fullmatch(clean)
    if not found:
        day, reason = roc_date(clean)
        if day is not None:
            return NEVER, f"{shown} is a date without a time of day"
        return NEVER, reason.replace("is not a date; write 2021-12-31, 110/12/31 or 1101231", "is not a time")
    day, reason = _day(found["date"])
    if reason or day is None or len(day) != 10:
        return NEVER, reason or f"{shown} is not a time"
    hour, minute, second = int(found["h"]), int(found["m"]), int(found["s"] or found["s2"] or 0)
    half = (found["half"] or found["half2"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half in ("下午", "pm") else 0)
    try:
        when = datetime.fromisoformat(day) + timedelta(seconds=float(found["f"] or 0))
        when = when.replace(hour=hour, minute=minute, second=second)
    except ValueError:
        return NEVER, f"{shown} is no time of the day"
    micros = round((when.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    if found["zone"]:
        offset = _offset_s(found["zone"])
        if abs(offset) > FARTHEST_ZONE_S:
            return NEVER, f"{shown} is in no time zone"
        return micros - offset * 1_000_000, ""
    local, wrong = _local(np.array([micros]), zone)
    return int(local[0]), wrong.get(0, "")


@lru_cache(maxsize=4096)
def _day(text: str) -> tuple[str | None, str]:
    return roc_date(text + "日" if "月" in text else text)


def _offset_s(zone: str) -> int:
    if zone in ("Z", "UTC"):
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
