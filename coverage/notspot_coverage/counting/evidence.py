"""
Tests out of measurements: which of them passed, which are one test, and over how many days and hours they spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_geodata.measurement_columns import operator_name
from notspot_geodata.site_columns import technology

if TYPE_CHECKING:
    from notspot_coverage.counting.challenge import Rules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

DAY_S = 86_400
TAIWAN_S = 8 * 3600  # UTC+8 all year, since 1980
REACHED = ("download_mbps", "upload_mbps", "rsrp_dbm")  # at least; `latency_ms` is at most


@dataclass(slots=True)
class Tests:
    """
    Tests, one an element.

    Attributes
    ----------
    lonlat, cell
        Where, in degrees, and in which hexagon.
    local_s
        When: seconds since 1970 in Taiwan's time.
    failed
        Whether what was asked for was missed.
    device
        Number of the device; -1 unknown. Samples of a drive without one count as of one device.
    operator, technology
        Names.
    """

    lonlat: Floats
    cell: hexagons.Cells
    local_s: Ints
    failed: Mask
    device: Ints
    operator: NDArray[Any]
    technology: NDArray[Any]

    def __len__(self) -> int:
        return len(self.cell)

    def take(self, index: Any) -> Tests:
        """Some of the tests."""
        return Tests(
            self.lonlat[index],
            self.cell[index],
            self.local_s[index],
            self.failed[index],
            self.device[index],
            self.operator[index],
            self.technology[index],
        )


@dataclass(slots=True)
class Evidence:
    """Tests that count, complaints, and how many rows were set aside for which reason."""

    tests: Tests
    complaints: Tests
    aside: dict[str, int] = field(default_factory=dict)


def evidence(measurements: pd.DataFrame, rules: Rules) -> Evidence:
    """
    Tests of a frame as `read_measurements` gives it; columns that are not there are not given.

    Raises `UsageError` where nothing in the frame can be held against the rules.
    """
    frame = measurements
    missing = [name for name in ("lon", "lat", "time") if name not in frame.columns]
    if missing:
        raise UsageError(
            f"measurements need the columns lon, lat and time; {', '.join(missing)} is not there"
        )
    lonlat = frame[["lon", "lat"]].to_numpy(dtype=np.float64)
    if not np.isfinite(lonlat).all() or frame["time"].isna().any():
        raise UsageError(
            "measurements without a place or a time are no tests; read_measurements refuses them"
        )
    failed, told = _judged(frame, rules)
    complaint = _texts(frame, "kind") == "complaint"
    if rules.complaints:
        failed, told = failed | complaint, told | complaint
        complaint = np.zeros_like(complaint)
    local_s = _local_seconds(frame["time"])
    from_h, to_h = rules.hours
    hour = local_s % DAY_S / 3600
    open_ = (hour >= from_h) & (hour < to_h)
    operator, technologies = _names(frame, "operator", operator_name), _names(frame, "technology", technology)
    everything = Tests(
        lonlat,
        hexagons.cells_at(lonlat, rules.resolution),
        local_s,
        failed,
        _devices(frame),
        operator,
        technologies,
    )
    tests = told & open_ & ~complaint
    aside = {
        "no value that the rules ask for": int((~told & ~complaint).sum()),
        f"not between {from_h:g} and {to_h:g} o'clock": int((told & ~open_ & ~complaint).sum()),
        "complaints, counted by themselves": int(complaint.sum()),
    }
    return Evidence(everything.take(tests), everything.take(complaint), {k: v for k, v in aside.items() if v})


def one_a_window(tests: Tests, part: Any, window_s: float) -> tuple[Ints, Ints, Mask, Ints]:
    """
    Samples that are one test made one: those of one device, cell and `part` within a window of time.

    The windows are those of the clock, so that the order of samples says nothing. A test has failed where at least
    half of its samples have.

    Returns
    -------
    first, local_s, failed, samples
        Index of one sample of each test, when its window begins (the time itself where samples are not joined),
        whether it failed, and of how many samples it is.
    """
    if window_s <= 0 or not len(tests):
        return np.arange(len(tests)), tests.local_s, tests.failed, np.ones(len(tests), np.int64)
    window = np.floor(tests.local_s / window_s).astype(np.int64)
    alone = tests.device < 0
    single = np.where(alone, np.arange(len(tests)), -1)  # joins with nothing
    order = np.lexsort((window, single, tests.device, part, tests.cell))
    keys = [key[order] for key in (tests.cell, part, tests.device, single, window)]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    starts = np.flatnonzero(new)
    samples = np.diff(np.append(starts, len(order)))
    failed = 2 * np.add.reduceat(tests.failed[order].astype(np.int64), starts) >= samples
    first = order[starts]
    begun = np.floor(window[first] * window_s).astype(np.int64)
    return first, np.where(alone[first], tests.local_s[first], begun), failed, samples


def different(group: Ints, value: Ints, groups: int) -> Ints:
    """How many different values each group has, shape (groups,)."""
    order = np.lexsort((value, group))
    g, v = group[order], value[order]
    new = np.ones(len(g), dtype=bool)
    new[1:] = (g[1:] != g[:-1]) | (v[1:] != v[:-1])
    return np.bincount(g[new], minlength=groups)


def hours_spanned(group: Ints, local_s: Ints, groups: int) -> Floats:
    """
    Length in hours of the shortest piece of the clock that holds all times of day of a group, shape (groups,).

    0 with one test, NaN with none. It is 24 hours less the longest gap around the clock. As long as it is at most 8
    hours, two tests are as far apart as it says; if it is longer, some two are at least 8 hours apart.
    """
    out = np.full(groups, np.nan)
    if not len(group):
        return out
    of_day = local_s % DAY_S
    order = np.lexsort((of_day, group))
    g, t = group[order], of_day[order]
    starts = np.flatnonzero(np.append(True, g[1:] != g[:-1]))
    ends = np.append(starts[1:], len(g)) - 1
    gap = np.empty(len(g), dtype=np.int64)
    gap[:-1] = t[1:] - t[:-1]
    gap[ends] = t[starts] + DAY_S - t[ends]  # over midnight
    out[g[starts]] = (DAY_S - np.maximum.reduceat(gap, starts)) / 3600
    return out


# ------------------------------------------------------------------ columns


def _judged(frame: pd.DataFrame, rules: Rules) -> tuple[Mask, Mask]:
    """Which rows failed, and of which it can be told."""
    said = frame["failed"].astype("boolean") if "failed" in frame.columns else None
    failed = np.zeros(len(frame), dtype=bool) if said is None else said.fillna(False).to_numpy(dtype=bool)
    if not rules.thresholds:
        told = np.zeros(len(frame), dtype=bool) if said is None else said.notna().to_numpy(dtype=bool)
        if len(frame) and not told.any():
            raise UsageError(
                "no measurement says whether it passed; say what a test must reach, such as a download of 10 Mbps"
            )
        return failed, told
    met, seen = np.ones(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool)
    for name, limit in rules.thresholds.items():
        values = (
            frame[name].to_numpy(dtype=np.float64) if name in frame.columns else np.full(len(frame), np.nan)
        )
        given = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            good = values >= limit if name in REACHED else values <= limit
        failed = failed | (given & ~good)
        met &= good
        seen |= given
    if len(frame) and not seen.any():
        asked = ", ".join(rules.thresholds)
        raise UsageError(f"no measurement has a value of {asked}, which the rules ask for")
    return failed, failed | met


def _texts(frame: pd.DataFrame, name: str) -> NDArray[Any]:
    return _names(frame, name, str)


def _names(frame: pd.DataFrame, name: str, read: Any) -> NDArray[Any]:
    """A column of names, each different one read once; "" where there is none."""
    if name not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    codes, different_ones = pd.factorize(frame[name])
    names = np.array([*(read(str(text)) for text in different_ones), ""], dtype=object)
    spread: NDArray[Any] = names[codes]
    return spread


def _devices(frame: pd.DataFrame) -> Ints:
    names = _texts(frame, "device")
    codes, _ = pd.factorize(names, sort=True)
    codes = codes.astype(np.int64)
    codes[names == ""] = -1
    codes[(codes < 0) & (_texts(frame, "kind") == "drive")] = len(frame)
    return codes


def _local_seconds(times: pd.Series[Any]) -> Ints:
    zoned = pd.DatetimeIndex(times)
    if zoned.tz is None:
        raise UsageError("the times of measurements have no zone; tz_localize them first")
    seconds: Ints = zoned.tz_convert("UTC").tz_localize(None).to_numpy().astype("M8[s]").astype(np.int64)
    return seconds + TAIWAN_S


NOTHING: Mapping[str, float] = MappingProxyType({})
