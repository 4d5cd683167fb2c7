"""
Exact bounds of a share that was counted: Clopper and Pearson's, from the binomial distribution itself.

Wilson's interval is shorter, and with a few tests misses the truth more often than it says; whoever is told that
a claim is refuted may ask for the error that was promised, so the bounds here never err more often than that.
scipy is no dependency, hence the incomplete beta function of its own; the tests hold it to scipy's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.propagation.terms import compiled
from notspot_geodata.errors import UsageError

Floats = NDArray[np.float64]

LEAST_CONFIDENCE = 0.5  # below, a bound may lie on the other side of the share
_TINY = 1e-300  # keeps the fractions of Lentz's method from 0
_EPS = 1e-16
_STEPS = 100_000  # the fraction needs about sqrt(tests) terms


def bounds(failed: Any, tests: Any, confidence: float) -> tuple[Floats, Floats]:
    """
    Lower and upper bound of the share behind `failed` of `tests`; NaN where there is no test.

    Parameters
    ----------
    failed, tests
        Whole numbers of one shape, ``0 <= failed <= tests``.
    confidence
        Of each bound by itself: the truth lies below the lower one with at most ``1 - confidence``, and above
        the upper one with at most as much. With 0.95 both together are an interval of 90 %.

    Notes
    -----
    C. J. Clopper, E. S. Pearson, Biometrika 26 (1934): the lower bound is the share with which as many
    failures or more have the probability ``1 - confidence``, the upper one with which as few or fewer have it.

    Raises
    ------
    UsageError
        `confidence` outside 0.5 to 1, or counts that cannot be.
    """
    if not LEAST_CONFIDENCE <= confidence < 1:
        raise UsageError(f"the confidence is {confidence:g}; it lies from {LEAST_CONFIDENCE:g} up to below 1")
    k, n = np.broadcast_arrays(np.asarray(failed, np.int64), np.asarray(tests, np.int64))
    if ((k < 0) | (k > n)).any():
        raise UsageError("more failed than were tested, or fewer than none")
    pairs, where = np.unique(np.stack([k.ravel(), n.ravel()]), axis=1, return_inverse=True)
    low, high = np.empty(pairs.shape[1]), np.empty(pairs.shape[1])
    _bounds(pairs[0], pairs[1], 1.0 - confidence, low, high)
    where = where.ravel()
    return low[where].reshape(k.shape), high[where].reshape(k.shape)


@compiled
def _bounds(failed: Any, tests: Any, error: float, low: Any, high: Any) -> None:
    for i in range(len(failed)):
        k, n = failed[i], tests[i]
        if n == 0:
            low[i] = high[i] = np.nan
            continue
        low[i] = beta_quantile(error, k, n - k + 1) if k > 0 else 0.0
        high[i] = 1.0 - beta_quantile(error, n - k, k + 1) if k < n else 1.0


@compiled
def beta_quantile(share: float, a: float, b: float) -> float:
    """Where the regularised incomplete beta function of `a` and `b` (at least 1) reaches `share`."""
    low, high = 0.0, 1.0
    x = a / (a + b)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(400):
        off = incomplete_beta(x, a, b) - share
        if off > 0.0:
            high = x
        else:
            low = x
        slope = math.exp(scale + (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x))
        new = x - off / slope if slope > 0.0 else -1.0
        if not low < new < high:  # Newton left the bracket
            new = 0.5 * (low + high)
        if abs(new - x) <= 1e-15 * x or high - low <= 1e-15 * high:
            return new
        x = new
    return x


@compiled
def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b); by its continued fraction, DLMF 8.17.22."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x > (a + 1.0) / (a + b + 2.0):  # the fraction converges on the other side, DLMF 8.17.4
        above: float = 1.0 - front * _fraction(1.0 - x, b, a) / b
        return above
    below: float = front * _fraction(x, a, b) / a
    return below


@compiled
def _fraction(x: float, a: float, b: float) -> float:
    """The fraction of DLMF 8.17.22 by the modified method of Lentz."""
    c = 1.0
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    out = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            out *= d * c
        if abs(d * c - 1.0) < _EPS:
            return out
    return out
