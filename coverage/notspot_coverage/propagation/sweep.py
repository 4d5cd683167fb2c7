"""
All receivers along a radial at once, each with the loss that the direct method gives for its own profile.

Walking outwards, everything that P.1812 asks of a profile is kept up to date: running sums and maxima, and
upper hulls (`hulls`) of the terrain and of the terrain bent by the Earth. What does not depend on the
frequency is found once a receiver and shared by all bands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.propagation import hulls, terms
from notspot_coverage.propagation import receiver as rec
from notspot_coverage.propagation.direct import INLAND, NO_COAST_KM, SEA
from notspot_coverage.propagation.path import check_frequency
from notspot_coverage.propagation.terms import compiled

NEAREST_KM = 0.25  # below it, and with fewer than 5 points, P.1812 does not apply: free space is given
TOUCH_KM = 1e-9  # a sample nearer to the receiver than this is the receiver


def losses_along(
    step_km: float,
    height_m: NDArray[np.float64],
    *,
    frequencies_ghz: Sequence[float],
    tx_height_m: float,
    rx_height_m: float,
    clutter_m: NDArray[np.float64] | None = None,
    zone: NDArray[np.uint8] | None = None,
    p_percent: float = 50.0,
    vertical: bool = True,
    latitude: float = 23.8,
    delta_n: float = 45.0,
    n0: float = 325.0,
) -> NDArray[np.float64]:
    """
    Basic transmission loss at every sample of a radial, for several frequencies at once.

    Each is the loss that `propagation.loss` gives for the profile up to that sample (within 1e-6 dB).

    Parameters
    ----------
    step_km
        Distance between samples; the first is the transmitter.
    height_m, clutter_m, zone
        As in `propagation.Path`, shape (samples,). NaN heights are unknown, and so is all behind them.
    latitude
        Of the paths' centres in degrees; one serves a whole radial.

    Returns
    -------
    loss_db
        Shape (frequencies, samples). Free space nearer than 250 m and before the fourth sample, where
        P.1812 does not apply; NaN at the transmitter and where unknown.
    """
    for f in frequencies_ghz:
        check_frequency(f)
    h = np.ascontiguousarray(height_m, np.float64)
    cover = np.zeros(len(h)) if clutter_m is None else np.asarray(clutter_m, np.float64)
    everywhere = np.empty(0, np.uint8) if zone is None else np.ascontiguousarray(zone, np.uint8)
    f_ghz = np.asarray(frequencies_ghz, np.float64)
    bands = bands_of(f_ghz, np.full(len(f_ghz), vertical), p_percent=p_percent, delta_n=delta_n, n0=n0)
    loss, floor = np.empty((len(f_ghz), len(h) - 1)), np.empty((len(f_ghz), len(h) - 1))
    radial(
        step_km, h, h + cover, bool((cover > 0).any()), everywhere, float(tx_height_m),
        np.arange(1, len(h)) * step_km, h[1:], everywhere[1:], float(rx_height_m), float(p_percent),
        float(latitude), float(delta_n), bands, *scratch_for(len(h)), loss, floor, np.empty(len(h) - 1),
    )  # fmt: skip
    return np.concatenate([np.full((len(f_ghz), 1), np.nan), np.maximum(loss, floor)], axis=1)


def bands_of(
    frequencies_ghz: NDArray[np.float64],
    vertical: NDArray[np.bool_],
    *,
    p_percent: float = 50.0,
    delta_n: float = 45.0,
    n0: float = 325.0,
) -> NDArray[np.float64]:
    """What `radial` needs of each band; shape (bands, receiver.BANDS). Frequencies in GHz, shape (bands,)."""
    out = np.empty((len(frequencies_ghz), rec.BANDS))
    ae = terms.effective_radius_km(delta_n)
    for row, f, v in zip(out, frequencies_ghz.tolist(), vertical.tolist(), strict=True):
        wavelength = terms.wavelength_m(f)
        f13 = f ** (1.0 / 3.0)
        row[rec.FREE] = 92.4 + 20.0 * math.log10(f)
        row[rec.ROOT], row[rec.LAMBDA] = 1.0 / math.sqrt(wavelength), wavelength
        row[rec.K_LAND], row[rec.K_SEA] = terms.surface_factor(f, v, False), terms.surface_factor(f, v, True)
        row[rec.F13], row[rec.F] = f13, f
        row[rec.TROPO] = terms.troposcatter_db(f, 1.0, 0.0, n0, p_percent)
        row[rec.DUCT] = 102.45 + 20.0 * math.log10(f) + terms.low_frequency_db(f)
        row[rec.GAMMA] = 5e-5 * ae * f13
    return out


def scratch_for(samples: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Room for the hulls of one radial of so many samples; one for each thread."""
    return np.empty((8, samples + 2)), np.empty((4, samples + 2), np.int32)


@compiled
def radial(
    step: float,
    h: Any,
    g: Any,
    cluttered: bool,
    zone: Any,
    htg: float,
    distance: Any,
    height: Any,
    receiver_zone: Any,
    hrg: float,
    p: float,
    latitude: float,
    delta_n: float,
    bands: Any,
    scratch: Any,
    index: Any,
    loss: Any,
    floor: Any,
    elevation: Any,
) -> None:
    """
    Losses at all receivers of a radial.

    Parameters
    ----------
    step
        Distance between samples, km; sample 0 is the transmitter.
    h, g, zone
        Terrain and terrain with clutter in m above sea level, and zone, shape (samples,). `g` is `h`
        where nothing is `cluttered`. An empty `zone` means that all is inland. Behind a NaN in `h` all
        is unknown.
    distance, height, receiver_zone
        Of the receivers, rising distance in km, terrain in m, zone; shape (receivers,). `receiver_zone` is
        empty where all is inland.
    htg, hrg
        Antennas above ground, m.
    p, latitude, delta_n
        Time in %, latitude in degrees, lapse rate in N-units/km.
    bands
        From `bands_of`.
    scratch, index
        From `scratch_for`, for at least as many samples.
    loss, floor
        Out, shape (bands, receivers), dB: Lbc [63], and Lb0p [10], below which the loss [69] never is.
        Basic transmission loss is the greater of the two. NaN where unknown.
    elevation
        Out, shape (receivers,): θt in mrad, the angle at which the wave leaves the transmitter.
    """
    ae = terms.effective_radius_km(delta_n)
    c50, cb = 500.0 / ae, 500.0 / (3.0 * terms.EARTH_KM)
    x0, x1, x2, x3 = scratch[0], scratch[1], scratch[2], scratch[3]
    z0, z1, z2, z3 = scratch[4], scratch[5], scratch[6], scratch[7]
    at0, at1, at2, at3 = index[0], index[1], index[2], index[3]
    n0 = n1 = n2 = n3 = 0
    rare = p < 50.0
    inland = len(zone) == 0
    hts = h[0] + htg
    v1 = v2 = 0.0
    steepest = rising = up50 = upb = -math.inf
    it = 1
    sea = land = dry = longest_land = longest_dry = 0.0
    first_sea = last_sea = -1
    if not inland and zone[0] == SEA:
        first_sea = last_sea = 0
    geo = np.empty(rec.GEOMETRY)
    least_duct = -math.inf if rare else rec.least_duct_time_db(latitude, p)
    j = 0
    blind = math.isnan(h[0])
    for r in range(len(distance)):
        d = distance[r]
        while not blind and j + 1 < len(h) and (j + 1) * step < d - TOUCH_KM:
            j += 1
            x, y = j * step, h[j]
            if math.isnan(y):
                blind = True
                break
            before = h[j - 1]
            v1 += step * (y + before)
            v2 += step * (y * (3.0 * x - step) + before * (3.0 * x - 2.0 * step))
            slope = (y - hts) / x
            steepest = max(steepest, slope)
            bent = slope - c50 * x
            if bent > rising:
                rising, it = bent, j
            n0 = hulls.push(x0, z0, at0, n0, x, y, j)
            n1 = hulls.push(x1, z1, at1, n1, x, y - c50 * x * x, j)
            top = y
            if cluttered:
                top = g[j]
                n2 = hulls.push(x2, z2, at2, n2, x, top - c50 * x * x, j)
                up50 = max(up50, (top - hts) / x - c50 * x)
            if rare:
                n3 = hulls.push(x3, z3, at3, n3, x, top - cb * x * x, j)
                upb = max(upb, (top - hts) / x - cb * x)
            if not inland:
                half = 0.5 * step
                sea, land, dry, longest_land, longest_dry = _close(
                    zone[j - 1], zone[j], half, sea, land, dry, longest_land, longest_dry
                )
                if zone[j] == SEA:
                    last_sea = j
                    if first_sea < 0:
                        first_sea = j
        ground = height[r]
        if blind or math.isnan(ground):
            for b in range(len(bands)):
                loss[b, r] = floor[b, r] = math.nan
            elevation[r] = math.nan
            continue
        hrs = ground + hrg
        geo[rec.FREE_D] = (
            10.0 * math.log10(d * d + ((hts - hrs) / 1000.0) ** 2) if d > 0.0 or hts != hrs else 0.0
        )
        if d < NEAREST_KM or j < 3:
            for b in range(len(bands)):
                loss[b, r] = floor[b, r] = bands[b, rec.FREE] + geo[rec.FREE_D]
            elevation[r] = 1000.0 * math.atan((hrs - hts) / (1000.0 * d)) if d > 0.0 else 0.0
            continue

        # ---- smooth earth and effective heights [85]–[92]
        rest = d - j * step
        w1 = v1 + rest * (ground + h[j])
        w2 = v2 + rest * (ground * (2.0 * d + j * step) + h[j] * (d + 2.0 * j * step))
        hst, hsr = (2.0 * w1 * d - w2) / (d * d), (w2 - w1 * d) / (d * d)
        slope = (hrs - hts) / d
        lower_t = lower_r = 0.0
        if steepest > slope:
            over = hulls.highest(x0, z0, n0, slope) - hts
            if over > 0.0:
                k = hulls.tangent(x0, z0, n0, d, hrs)
                alpha_t, alpha_r = steepest - slope, (z0[k] - hrs) / (d - x0[k]) + slope
                lower_t = over * alpha_t / (alpha_t + alpha_r)
                lower_r = over * alpha_r / (alpha_t + alpha_r)
        h1, h2 = hts - min(hst - lower_t, h[0]), hrs - min(hsr - lower_r, ground)
        geo[rec.HS1], geo[rec.HS2] = min(hst, h[0]), min(hsr, ground)
        geo[rec.HTE], geo[rec.HRE] = htg + h[0] - geo[rec.HS1], hrg + ground - geo[rec.HS2]

        # ---- horizons [74]–[82]
        level = slope - c50 * d
        foot = hrs - c50 * d * d
        geo[rec.LOS] = 0.0 if rising > level else 1.0
        geo[rec.THETA_T] = 1000.0 * math.atan(max(rising, level) / 1000.0)
        k = -1
        if rising > level:
            k = hulls.tangent(x1, z1, n1, d, foot)
            geo[rec.THETA_R] = 1000.0 * math.atan(((z1[k] - foot) / (d - x1[k]) - 2.0 * c50 * d) / 1000.0)
            geo[rec.IT], geo[rec.IR] = it, at1[k]
            geo[rec.DLT], geo[rec.DLR] = it * step, d - x1[k]
        else:
            geo[rec.THETA_R] = 1000.0 * math.atan((-slope - c50 * d) / 1000.0)
            geo[rec.DLT] = rec.UNSET
        geo[rec.THETA] = 1000.0 * d / ae + geo[rec.THETA_T] + geo[rec.THETA_R]

        # ---- the equivalent edges of the Bullington construction, ν · √λ [13]–[20]
        if cluttered:
            geo[rec.NU50] = _edge(x2, z2, at2, n2, g, step, c50, d, hts, hrs, slope, up50, -1)
        else:
            geo[rec.NU50] = _edge(x1, z1, at1, n1, h, step, c50, d, hts, hrs, slope, rising, k)
        geo[rec.DIST], geo[rec.G1], geo[rec.G2], geo[rec.COUNT] = d, h1, h2, j
        geo[rec.HTS], geo[rec.HRS] = hts, hrs
        geo[rec.HSE50], geo[rec.SPREAD50], geo[rec.A50] = terms.sphere_clearance(d, h1, h2, ae)
        geo[rec.SMOOTH50] = geo[rec.SMOOTHB] = geo[rec.BETA0] = geo[rec.MU2] = geo[rec.MU3] = rec.UNSET
        if rare:
            geo[rec.NUB] = _edge(x3, z3, at3, n3, g, step, cb, d, hts, hrs, slope, upb, -1)
            geo[rec.HSEB], geo[rec.SPREADB], geo[rec.AB] = terms.sphere_clearance(
                d, h1, h2, 3.0 * terms.EARTH_KM
            )

        # ---- zones §3.6
        geo[rec.OMEGA], geo[rec.DTM], geo[rec.DLM] = 0.0, d, d
        geo[rec.COAST_T] = geo[rec.COAST_R] = NO_COAST_KM
        if not inland:
            mine = receiver_zone[r]
            s, _, _, all_land, all_dry = _close(
                zone[j], mine, 0.5 * rest, sea, land, dry, longest_land, longest_dry
            )
            geo[rec.OMEGA], geo[rec.DTM], geo[rec.DLM] = s / d, all_land, all_dry
            if mine == SEA:
                geo[rec.COAST_R] = 0.0
            elif last_sea >= 0:
                geo[rec.COAST_R] = d - 0.5 * (
                    last_sea * step + (d if last_sea == j else (last_sea + 1) * step)
                )
            if first_sea >= 0:
                geo[rec.COAST_T] = max(first_sea - 0.5, 0.0) * step
            elif mine == SEA:
                geo[rec.COAST_T] = 0.5 * (j * step + d)

        elevation[r] = geo[rec.THETA_T]
        if rare:
            rec.rarely(
                geo, bands, p, latitude, ae, c50, cb, step, h, x1, z1, at1, n1, least_duct, loss, floor, r
            )
        else:
            rec.median(geo, bands, p, latitude, ae, c50, step, h, x1, z1, at1, n1, least_duct, loss, floor, r)


@compiled
def _close(
    before: int,
    here: int,
    half: float,
    sea: float,
    land: float,
    dry: float,
    longest_land: float,
    longest_dry: float,
) -> tuple[float, float, float, float, float]:
    """Share an interval of 2 `half` between the points at its ends: sea, running and longest land runs."""
    if before == SEA:
        sea += half
    else:
        land += half
        longest_land = max(longest_land, land)
    if before == INLAND:
        dry += half
        longest_dry = max(longest_dry, dry)
    if here == SEA:
        sea += half
        land = 0.0
    else:
        land += half
        longest_land = max(longest_land, land)
    if here == INLAND:
        dry += half
        longest_dry = max(longest_dry, dry)
    else:
        dry = 0.0
    return sea, land, dry, longest_land, longest_dry


@compiled
def _edge(
    x: Any,
    z: Any,
    at: Any,
    count: int,
    profile: Any,
    step: float,
    curve: float,
    d: float,
    hts: float,
    hrs: float,
    slope: float,
    up: float,
    known: int,
) -> float:
    """ν · √λ of the Bullington construction over a profile [13]–[20]; `known` is its tangent if found before."""
    up += curve * d
    if up < slope:
        ratio, _ = hulls.closest(x, z, at, count, profile, step, curve, d, hts, slope - curve * d)
        return -math.sqrt(0.002 * d * ratio)
    foot = hrs - curve * d * d
    k = known if known >= 0 else hulls.tangent(x, z, count, d, foot)
    down = (z[k] - foot) / (d - x[k]) - curve * d
    where = (hrs - hts + down * d) / (up + down)
    return (up - slope) * where * math.sqrt(0.002 * d / (where * (d - where)))
