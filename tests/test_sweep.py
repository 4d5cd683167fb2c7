"""The radial sweep gives the direct method's numbers, and its hulls what a look at all samples gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from radial_terrain import FREQUENCIES_GHZ, KINDS, swept

from notspot_coverage.propagation import Path, hulls, loss, losses_along
from notspot_geodata.errors import UsageError


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 10.0, 50.0]))
def test_every_receiver_of_a_radial_has_the_direct_loss(kind: str, seed: int, p: float) -> None:
    run = swept(kind, seed, p)
    rng = np.random.default_rng(seed)
    usable = run.usable()
    if not len(usable):
        return
    for receiver in rng.choice(usable, min(4, len(usable)), replace=False):
        for band in range(len(FREQUENCIES_GHZ)):
            assert run.loss[band, receiver] == pytest.approx(run.direct_db(receiver, band), abs=1e-6, rel=0)


def test_samples_of_a_radial_against_the_public_direct_method() -> None:
    rng = np.random.default_rng(5)
    h = np.abs(np.cumsum(rng.normal(0, 12, 150))) + 50
    clutter = np.where(rng.random(150) < 0.3, 12.0, 0.0)
    place = (121.0, 23.8)
    found = losses_along(
        0.1, h, frequencies_ghz=[0.7, 3.5], tx_height_m=30, rx_height_m=1.5, clutter_m=clutter
    )
    assert found.shape == (2, 150)
    for i in (4, 17, 60, 149):
        path = Path(np.arange(i + 1) * 0.1, h[: i + 1], 30, 1.5, clutter[: i + 1], None, place, place)
        for band, f in enumerate((0.7, 3.5)):
            want = loss(path, frequency_ghz=f)
            # the latitude of the path's centre moves by hundredths of a degree and enters only ducting
            assert found[band, i] == pytest.approx(want["Lb"], abs=1e-6)


def test_near_the_transmitter_is_free_space_and_behind_a_hole_unknown() -> None:
    h = np.full(100, 20.0)
    h[60] = np.nan
    found = losses_along(0.05, h, frequencies_ghz=[2.1], tx_height_m=30, rx_height_m=1.5)[0]
    assert math.isnan(found[0])
    for i in range(1, 5):
        slant = math.hypot(0.05 * i, 0.0285)
        assert found[i] == pytest.approx(92.4 + 20 * math.log10(2.1) + 20 * math.log10(slant))
    assert np.isfinite(found[1:60]).all()
    assert np.isnan(found[60:]).all()


def test_a_band_alone_and_among_others_is_the_same() -> None:
    h = np.abs(np.cumsum(np.random.default_rng(2).normal(0, 10, 300)))
    args = {"tx_height_m": 30, "rx_height_m": 1.5, "p_percent": 10.0}
    together = losses_along(0.03, h, frequencies_ghz=[0.7, 2.1, 3.5], **args)
    for row, f in zip(together, [0.7, 2.1, 3.5], strict=True):
        assert np.array_equal(row, losses_along(0.03, h, frequencies_ghz=[f], **args)[0], equal_nan=True)


def test_frequencies_outside_the_model_are_refused() -> None:
    with pytest.raises(UsageError, match="28,000 MHz"):
        losses_along(0.1, np.zeros(10), frequencies_ghz=[0.7, 28.0], tx_height_m=30, rx_height_m=1.5)


# ------------------------------------------------------------------ hulls

profiles = st.lists(st.floats(-500, 3000) | st.sampled_from([0.0, 10.0]), min_size=1, max_size=60)


def _hull(y: list[float], step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    x, z, at = np.empty(len(y)), np.empty(len(y)), np.empty(len(y), np.int32)
    count = 0
    for i, value in enumerate(y, start=1):
        count = hulls.push(x, z, at, count, i * step, value, i)
    return x, z, at, count


@settings(max_examples=300, deadline=None)
@given(profiles, st.floats(-200, 200), st.floats(-500, 3000), st.floats(0.001, 2))
def test_direction_and_tangent_queries_find_the_greatest(
    y: list[float], slope: float, height: float, beyond: float
) -> None:
    step = 0.1
    x, z, _, count = _hull(y, step)
    xs, ys = np.arange(1, len(y) + 1) * step, np.array(y)
    assert hulls.highest(x, z, count, slope) == pytest.approx((ys - slope * xs).max(), abs=1e-9)
    d = xs[-1] + beyond
    k = hulls.tangent(x, z, count, d, height)
    want = ((ys - height) / (d - xs)).max()
    assert (z[k] - height) / (d - x[k]) == pytest.approx(want, abs=1e-9, rel=1e-12)


@settings(max_examples=300, deadline=None)
@given(profiles, st.floats(0, 300), st.floats(0.001, 2), st.sampled_from([0.0, 0.056]))
def test_the_closest_sample_under_a_ray_is_found(
    y: list[float], margin: float, beyond: float, curve: float
) -> None:
    step = 0.1
    xs, ys = np.arange(1, len(y) + 1) * step, np.array(y)
    bent = ys - curve * xs**2
    x, z, at, count = _hull(bent.tolist(), step)
    d = xs[-1] + beyond
    slope = 3.0
    foot = float((bent - slope * xs).max()) + margin  # the ray clears every sample by at least the margin
    found, where = hulls.closest(x, z, at, count, np.concatenate([[0.0], ys]), step, curve, d, foot, slope)
    ratios = np.maximum(foot + slope * xs - bent, 0) ** 2 / (xs * (d - xs))
    assert found == pytest.approx(ratios.min(), rel=1e-9, abs=1e-9)
    assert ratios[where - 1] == pytest.approx(found, rel=1e-9, abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 300),
    st.floats(1, 800),
    st.floats(1, 800),
    st.floats(0.001, 0.03),
    st.sampled_from([8930.8, 19113.0]),
)
def test_the_smooth_profile_needs_no_look_at_its_samples(
    count: int, h1: float, h2: float, beyond: float, radius: float
) -> None:
    step, c = 0.03, 500 / radius
    x = np.arange(1, count + 1) * step
    d = x[-1] + beyond
    slope = (h2 - h1) / d
    bulge = c * x * (d - x)
    up = ((bulge - h1) / x).max()
    if up < slope:
        want = ((bulge - (h1 * (d - x) + h2 * x) / d) * np.sqrt(0.002 * d / (x * (d - x)))).max()
    else:
        down = ((bulge - h2) / (d - x)).max()
        at = (h2 - h1 + down * d) / (up + down)
        want = (up - slope) * at * math.sqrt(0.002 * d / (at * (d - at)))
    assert hulls.smooth_edge(step, count, c, d, h1, h2) == pytest.approx(want, rel=1e-9, abs=1e-9)
