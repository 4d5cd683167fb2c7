"""
Claims of coverage held against measurements, hexagon by hexagon: upheld, refuted, or not tested enough to say.

After the mobile challenge process of the United States' Broadband Data Collection (47 CFR 1.7006): hexagons of H3 at
resolution 8, tests outside what is claimed left out, a number of tests at different hours. What is its own
here is said in ``docs/challenge.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.binomial import LEAST_CONFIDENCE, bounds
from notspot_coverage.counting.claims import NO, STATES, UNKNOWN, YES, Claims
from notspot_coverage.counting.evidence import (
    DAY_S,
    NOTHING,
    Evidence,
    Tests,
    different,
    evidence,
    hours_spanned,
    one_a_window,
)
from notspot_coverage.counting.services import Layer, Service
from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

VERDICTS: Mapping[str, Text] = {
    "upheld": Text("主張成立", "claim upheld"),
    "refuted": Text("主張不成立", "claim refuted"),
    "not_enough_tests": Text("測試不足，無法判定", "not enough tests"),
    "not_tested": Text("未測試（不等於無涵蓋）", "not tested, which is not 'no coverage'"),
    "not_claimed": Text("未主張涵蓋", "tested where nothing is claimed"),
    "claim_unknown": Text("主張不明", "tested where it is unknown what is claimed"),
}
WHY: Mapping[str, Text] = {
    "tests": Text("測試次數太少", "too few tests"),
    "times": Text(
        "失敗（或成功）的測試集中於過少的日子或時段", "the tests that decide are of too few days or hours"
    ),
    "share": Text("信賴界限包含容許失敗比率", "the bounds of the share hold the limit between them"),
}  # of 'not enough tests'

COLUMNS = (
    "cell", "operator", "technology", "verdict", "why", "claimed", "claimed_share", "unknown_share", "land_km2",
    "tests", "failed", "passed", "fail_share", "fail_low", "fail_high", "days", "hours_spanned", "devices", "samples",
    "tests_beyond", "passed_beyond", "complaints", "lon", "lat",
)  # fmt: skip
LONGEST_APART_H = 8.0  # `hours_spanned` tells no more
CELLS_AT_ONCE = 40_000
MOST_MBPS = 20_000.0  # of a threshold; more is meant in kbps
MOST_DETAIL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    How a claim is judged. The defaults are explained in ``docs/challenge.md``.

    Attributes
    ----------
    thresholds
        What a test must reach: ``download_mbps``, ``upload_mbps``, ``rsrp_dbm`` at least, ``latency_ms`` at most.
        Empty: what the tests themselves say.
    resolution
        Of the H3 cells.
    detail
        The share of a cell that is land or claimed is told by 6 * detail ** 2 points in it.
    min_tests
        Fewer decide nothing.
    min_days, hours_apart
        The tests that decide (those that failed for 'refuted', those that passed for 'upheld') are of at least
        so many days, and two of them at times of day so far apart (at most 8 hours).
    fail_limit
        Share of tests that may fail where the claim is true: 0.1, as a map for 90 % of places and times has it.
    confidence
        Of a verdict: 'refuted' where the lower bound of the share that fails is above the limit, 'upheld' where
        the upper bound is at or below it.
    hours
        Tests before the first and from the second hour of the day on are left aside, Taiwan's time.
    window_s
        Samples of one device in a cell within so many seconds are one test; 0 takes each for a test.
    complaints
        Whether a complaint is a test that failed. By default they are only counted: who complains chose to.
    """

    thresholds: Mapping[str, float] = field(default_factory=lambda: dict(NOTHING))
    resolution: int = 8
    detail: int = 3
    min_tests: int = 5
    min_days: int = 2
    hours_apart: float = 4.0
    fail_limit: float = 0.1
    confidence: float = 0.95
    hours: tuple[float, float] = (0.0, 24.0)
    window_s: float = 60.0
    complaints: bool = False

    def __post_init__(self) -> None:
        hexagons.check_resolution(self.resolution)
        wrong = [said for bad, said in _senseless(self) if bad]
        if wrong:
            raise UsageError("; ".join(wrong))


def challenge(
    measurements: pd.DataFrame,
    claims: Layer | Service | Iterable[Layer | Service],
    rules: Rules | None = None,
) -> pd.DataFrame:
    """
    A verdict for every cell, operator and technology with a claim or a test.

    A test counts for or against a claim where the claim holds at the test's own place. Tests of operators and
    technologies that no claim is of are left aside; a claim without an operator is of whose the tests are, and
    one without a technology of any.

    Parameters
    ----------
    measurements
        As `read_measurements` gives them; needed are ``lon``, ``lat``, ``time`` and what the rules ask for.
    claims
        Layers, or services whose technology holds for their layers.

    Returns
    -------
    verdicts
        `COLUMNS`, sorted by operator, technology and cell. ``verdict`` is one of `VERDICTS`, ``why`` one of `WHY`;
        ``claimed`` yes, no or unknown; ``claimed_share`` and ``unknown_share`` of the cell's land (of the cell where
        it has none; null for ``unknown`` claims); shares lie in [0, 1] and are null without tests; ``samples``
        are the measurements behind the tests; ``tests_beyond`` are those of the cell on ground that is not
        claimed, or of which nothing is known; cells without land and without tests are left out.
        ``attrs["notes"]`` are sentences, ``attrs["aside"]`` measurements left aside, by reason.

    Raises
    ------
    InputError
        A layer with problems.
    UsageError
        Rules, measurements and claims that do not go together.
    """
    rules = rules or Rules()
    said = Claims.of(claims)
    found = evidence(measurements, rules)
    by_key = {key: _of_claim(found, key, said) for key in said.keys}
    ground = _Ground(said, [tests for pair in by_key.values() for tests in pair], rules)
    rows = [ground.verdicts(key, *by_key[key]) for key in said.keys]
    frame = pd.concat(rows, ignore_index=True) if len(rows) > 1 else rows[0]
    counted = sum(len(tests) for tests, _ in by_key.values())
    aside = dict(found.aside)
    used = np.zeros(len(found.tests), dtype=bool)
    for key in said.keys:
        used |= _matches(found.tests, key)
    if not used.all():
        aside["of an operator or a technology that no claim is of"] = int((~used).sum())
    if len(found.tests) and not counted:
        raise UsageError(_nobody(found, said))
    notes = [
        *said.notes,
        *(f"{number:,} measurements left aside: {reason}" for reason, number in aside.items()),
    ]
    frame.attrs = {"notes": notes, "aside": aside}
    return frame


# ------------------------------------------------------------------ rules


def _senseless(rules: Rules) -> list[tuple[bool, str]]:
    known = ("download_mbps", "upload_mbps", "rsrp_dbm", "latency_ms")
    odd = [name for name in rules.thresholds if name not in known]
    get = rules.thresholds.get
    speeds = [get(name) for name in known[:2] if name in rules.thresholds]
    rsrp, latency = get("rsrp_dbm", -100.0), get("latency_ms", 100.0)
    from_h, to_h = rules.hours
    return [
        (bool(odd), f"{', '.join(odd)} is no value of a test; {', '.join(known)} are"),
        (
            any(not 0 < s <= MOST_MBPS for s in speeds if s is not None),
            f"a speed to reach is {', '.join(f'{s:g}' for s in speeds)} Mbps; above 0 and up to {MOST_MBPS:,.0f} is "
            "possible: is it in kbps?",
        ),
        (
            not -160 <= rsrp < 0,
            f"an RSRP to reach is {rsrp:g} dBm; it is negative and at least -160: is the sign missing?",
        ),
        (
            not 0 < latency <= 60_000,
            f"a latency to keep is {latency:g} ms; above 0 and up to 60,000 is possible",
        ),
        (not 1 <= rules.detail <= MOST_DETAIL, f"detail is {rules.detail}; 1 to {MOST_DETAIL} are possible"),
        (rules.min_tests < 1, f"at least {rules.min_tests} tests decide nothing; 1 or more"),
        (rules.min_days < 1, f"at least {rules.min_days} days are none; 1 or more"),
        (
            not 0 <= rules.hours_apart <= LONGEST_APART_H,
            f"tests {rules.hours_apart:g} hours apart; 0 to {LONGEST_APART_H:g} can be asked for",
        ),
        (
            not 0 < rules.fail_limit < 1,
            f"the share that may fail is {rules.fail_limit:g}; it lies between 0 and 1 (10 % is 0.1)",
        ),
        (
            not LEAST_CONFIDENCE <= rules.confidence < 1,
            f"the confidence is {rules.confidence:g}; it lies from {LEAST_CONFIDENCE:g} up to below 1 (95 % is 0.95)",
        ),
        (not 0 <= from_h < to_h <= 24, f"hours of the day from {from_h:g} to {to_h:g}; 0 to 24 are possible"),
        (
            rules.window_s < 0 or rules.window_s > DAY_S,
            f"a window of {rules.window_s:g} s; 0 to a day is possible",
        ),
    ]


# ------------------------------------------------------------------ tests of a claim


def _matches(tests: Tests, key: tuple[str, str]) -> Mask:
    operator, technology = key
    same = np.ones(len(tests), dtype=bool)
    if operator:
        same &= tests.operator == operator
    if technology:
        same &= tests.technology == technology
    return same


def _of_claim(found: Evidence, key: tuple[str, str], said: Claims) -> tuple[Tests, Tests]:
    """The tests and complaints that are of the operator and technology of a claim."""
    if not key[0]:
        named = sorted(set(found.tests.operator.tolist()))
        if len(named) > 1:
            shown = ", ".join(name or "no name" for name in named[:5])
            raise UsageError(
                f"the claim names no operator, and the tests are of several ({shown}): say whose claim it is, for the "
                "test of one operator says nothing of another"
            )
    tests = found.tests.take(_matches(found.tests, key))
    return tests, found.complaints.take(_matches(found.complaints, key))


def _nobody(found: Evidence, said: Claims) -> str:
    def shown(keys: Iterable[tuple[str, str]]) -> str:
        return "; ".join(sorted({" ".join(part for part in key if part) or "no name" for key in keys})[:6])

    tested = set(zip(found.tests.operator.tolist(), found.tests.technology.tolist(), strict=True))
    return (
        f"no test is of an operator and technology that a claim is of: the claims are of {shown(said.keys)}, the tests "
        f"of {shown(tested)}"
    )


# ------------------------------------------------------------------ cells


class _Ground:
    """The cells in question: their land, and how much of it each claim says is covered."""

    def __init__(self, said: Claims, tests: list[Tests], rules: Rules) -> None:
        self.said, self.rules = said, rules
        box = said.bounds()
        land = hexagons.land_cells(box, rules.resolution) if box else np.zeros(0, dtype=np.uint64)
        self.cells = np.unique(np.concatenate([land, *(t.cell for t in tests)]))
        n = len(self.cells)
        self.land = np.zeros(n)
        self.km2 = np.zeros(n)
        self.middle = np.zeros((n, 2))
        self.share = {key: np.zeros((len(STATES), n)) for key in said.keys}
        for start in range(0, n, CELLS_AT_ONCE):
            self._measure(slice(start, start + CELLS_AT_ONCE))

    def _measure(self, part: slice) -> None:
        cells = self.cells[part]
        points, stands_for = hexagons.spots(cells, self.rules.detail)
        shape, flat = points.shape[:2], points.reshape(-1, 2)
        land = hexagons.on_land(flat).reshape(shape)
        self.land[part] = (land * stands_for).sum(axis=1)
        self.km2[part] = hexagons.areas_km2(cells) * self.land[part]
        self.middle[part] = hexagons.middles(cells)
        weight = np.where(land.any(axis=1, keepdims=True), land, True) * stands_for
        whole = weight.sum(axis=1)
        for key, share in self.share.items():
            states = self.said.at(key, flat).reshape(shape)
            for state in (NO, UNKNOWN, YES):
                share[state, part] = ((states == state) * weight).sum(axis=1) / whole

    def verdicts(self, key: tuple[str, str], tests: Tests, complaints: Tests) -> pd.DataFrame:
        """The rows of one claim."""
        rules, n, share = self.rules, len(self.cells), self.share[key]
        state = self.said.at(key, tests.lonlat)
        first, local_s, failed, samples = one_a_window(tests, state, rules.window_s)
        at = np.searchsorted(self.cells, tests.cell[first])
        state, device = state[first], tests.device[first]
        claimed = np.select([share[YES] > 0, share[UNKNOWN] > 0], [YES, UNKNOWN], NO).astype(np.int8)
        np.maximum.at(claimed, at, state)  # a test may stand on a sliver that none of the points falls on
        counts = (claimed[at] != YES) | (state == YES)
        groups = at[counts]
        seen = _Seen(groups, failed[counts], local_s[counts], device[counts], n)
        low, high = bounds(seen.failed, seen.tests, rules.confidence)
        verdict, why = _verdicts(claimed, seen, low, high, rules)
        beyond = np.bincount(at[~counts], minlength=n)
        complained = np.bincount(np.searchsorted(self.cells, complaints.cell), minlength=n) if n else beyond
        with np.errstate(invalid="ignore"):
            fail_share = np.where(seen.tests > 0, seen.failed / np.maximum(seen.tests, 1), np.nan)
        frame = pd.DataFrame(
            {
                "cell": np.array(hexagons.names(self.cells), dtype=object),
                "operator": key[0],
                "technology": key[1],
                "verdict": verdict,
                "why": why,
                "claimed": np.array(STATES, dtype=object)[claimed],
                "claimed_share": np.where(claimed == UNKNOWN, np.nan, share[YES]),
                "unknown_share": share[UNKNOWN],
                "land_km2": self.km2,
                "tests": seen.tests,
                "failed": seen.failed,
                "passed": seen.tests - seen.failed,
                "fail_share": fail_share,
                "fail_low": low,
                "fail_high": high,
                "days": seen.days,
                "hours_spanned": seen.hours,
                "devices": seen.devices,
                "samples": np.bincount(groups, weights=samples[counts], minlength=n).astype(np.int64),
                "tests_beyond": beyond,
                "passed_beyond": np.bincount(at[~counts & ~failed], minlength=n),
                "complaints": complained,
                "lon": self.middle[:, 0],
                "lat": self.middle[:, 1],
            }
        )
        listed = (seen.tests + beyond + complained > 0) | ((claimed == YES) & (self.land > 0))
        kept: pd.DataFrame = frame.loc[listed, list(COLUMNS)].reset_index(drop=True)
        return kept


class _Seen:
    """What the tests of each cell are together."""

    def __init__(self, at: Ints, failed: Mask, local_s: Ints, device: Ints, n: int) -> None:
        self.tests = np.bincount(at, minlength=n)
        self.failed = np.bincount(at[failed], minlength=n)
        day = local_s // DAY_S
        self.days = different(at, day, n)
        self.hours = hours_spanned(at, local_s, n)
        self.devices = different(at[device >= 0], device[device >= 0], n)
        self.spread = {
            how: (different(at[mask], day[mask], n), hours_spanned(at[mask], local_s[mask], n))
            for how, mask in (("failed", failed), ("passed", ~failed))
        }

    def spread_enough(self, how: str, rules: Rules) -> Mask:
        """Whether the tests that failed, or passed, are of enough days and hours."""
        days, hours = self.spread[how]
        with np.errstate(invalid="ignore"):
            return np.asarray((days >= rules.min_days) & (hours >= rules.hours_apart))


def _verdicts(
    claimed: NDArray[np.int8], seen: _Seen, low: Floats, high: Floats, rules: Rules
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    with np.errstate(invalid="ignore"):
        worse, better = low > rules.fail_limit, high <= rules.fail_limit
    enough = seen.tests >= rules.min_tests
    spread_f, spread_p = (seen.spread_enough(how, rules) for how in ("failed", "passed"))
    verdict = np.select(
        [
            claimed == NO,
            claimed == UNKNOWN,
            seen.tests == 0,
            enough & worse & spread_f,
            enough & better & spread_p,
        ],
        ["not_claimed", "claim_unknown", "not_tested", "refuted", "upheld"],
        "not_enough_tests",
    ).astype(object)
    why = np.select([~enough, worse | better], ["tests", "times"], "share").astype(object)
    return verdict, np.where(verdict == "not_enough_tests", why, "")
