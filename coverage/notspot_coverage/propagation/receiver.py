"""
The losses of one receiver for every band, from the geometry that the sweep has found for it.

The geometry is one row of numbers without any frequency in it. What only some receivers need (the smooth
profile's edge, the horizon on line of sight, roughness) is found when a band first asks, and kept in it.
"""

from __future__ import annotations

import math
from typing import Any

from notspot_coverage.propagation import hulls, terms
from notspot_coverage.propagation.terms import compiled

NEGLIGIBLE_DB = 40.0  # a way that loses so much more than another adds less than 1e-7 dB [63]
BEYOND_MRAD = 3.0  # Fj [57] is 0 in double precision

# ---- a band: what depends on the frequency only
FREE, ROOT, LAMBDA, K_LAND, K_SEA, F13, F, TROPO, DUCT, GAMMA, BANDS = range(11)
# ---- a receiver: what does not
(
    DIST, FREE_D, NU50, NUB, HSE50, SPREAD50, A50, HSEB, SPREADB, AB, G1, G2, SMOOTH50, SMOOTHB, COUNT, THETA,
    THETA_T, THETA_R, DLT, DLR, IT, IR, OMEGA, BETA0, TAU, HTE, HRE, MU2, MU3, HS1, HS2, HTS, HRS, COAST_T,
    COAST_R, LOS, DTM, DLM, GEOMETRY,
) = range(39)  # fmt: skip
MOST_COUPLING_DB = -12.0  # Act + Acr [49] is never less
UNSET = math.inf  # of a quantity that is found when it is first needed


@compiled
def median(
    geo: Any,
    bands: Any,
    p: float,
    latitude: float,
    ae: float,
    c50: float,
    step: float,
    h: Any,
    x1: Any,
    z1: Any,
    at1: Any,
    n1: int,
    least_duct: float,
    loss: Any,
    floor: Any,
    r: int,
) -> None:
    """Losses of one receiver at p = 50: no pass for aβ is needed, and Lbd is the median itself."""
    d = geo[DIST]
    scatter = 20.0 * math.log10(d) + 0.573 * geo[THETA]
    for b in range(len(bands)):
        band = bands[b]
        free = band[FREE] + geo[FREE_D]
        floor[b, r] = free
        lbd = free + _diffraction(geo, band, HSE50, NU50, SMOOTH50, c50, step, geo[OMEGA])
        lbs = band[TROPO] + scatter
        lba = _ducting(geo, band, p, latitude, ae, c50, step, h, x1, z1, at1, n1, least_duct, lbd)
        total = lbd
        if lba <= lbd:
            fj, fk = terms.horizon_blend(geo[THETA]), terms.distance_blend(d)
            _, _, _, total, _ = terms.combined_db(
                p, 0.0, 0.0, fj, fk, geo[OMEGA], free, free, lbd - free, lbd, lbd, lba, lbs
            )
        loss[b, r] = total if lbs - total > NEGLIGIBLE_DB else terms.blend_min_db(lbs, total)


@compiled
def rarely(
    geo: Any,
    bands: Any,
    p: float,
    latitude: float,
    ae: float,
    c50: float,
    cb: float,
    step: float,
    h: Any,
    x1: Any,
    z1: Any,
    at1: Any,
    n1: int,
    least_duct: float,
    loss: Any,
    floor: Any,
    r: int,
) -> None:
    """Losses of one receiver at p < 50."""
    d = geo[DIST]
    far = 20.0 * math.log10(d)
    omega = geo[OMEGA]
    _incidence(geo, latitude)
    beta0 = geo[BETA0]
    fi = 1.0
    if p > beta0:
        fi = terms.inverse_normal(p / 100.0) / terms.inverse_normal(beta0 / 100.0)
    horizons = d if geo[LOS] == 1.0 else geo[DLT] + geo[DLR]
    less = terms.multipath_db(p, horizons)
    less_beta = terms.multipath_db(beta0, horizons)
    fj = terms.horizon_blend(geo[THETA]) if geo[THETA] < BEYOND_MRAD else 0.0
    fk = terms.distance_blend(d)
    for b in range(len(bands)):
        band = bands[b]
        free = band[FREE] + geo[FREE_D]
        floor[b, r] = free + less
        ld50 = _diffraction(geo, band, HSE50, NU50, SMOOTH50, c50, step, omega)
        ldb = _diffraction(geo, band, HSEB, NUB, SMOOTHB, cb, step, omega)
        ldp = ld50 + fi * (ldb - ld50)
        lbd = free + less + ldp
        lbs = band[TROPO] + far + 0.573 * geo[THETA]
        lba = _ducting(geo, band, p, latitude, ae, c50, step, h, x1, z1, at1, n1, least_duct, lbd)
        _, _, _, _, loss[b, r] = terms.combined_db(
            p, beta0, fi, fj, fk, omega, free + less, free + less_beta, ldp, free + ld50, lbd, lba, lbs
        )


@compiled
def _diffraction(
    geo: Any, band: Any, first: int, nu: int, smooth: int, curve: float, step: float, omega: float
) -> float:
    """Delta-Bullington loss [39] for one effective radius, from the receiver's geometry."""
    d = geo[DIST]
    actual = terms.bullington_db(terms.knife_edge_db(geo[nu] * band[ROOT]), d)
    hse = geo[first]
    sphere = terms.sphere_db(
        hse, geo[first + 1], geo[first + 2], band[LAMBDA], band[K_LAND], band[K_SEA], omega, band[F13], d,
        geo[G1], geo[G2],
    )  # fmt: skip
    if sphere <= 0.0:
        return actual
    if geo[smooth] == UNSET:
        geo[smooth] = hulls.smooth_edge(step, int(geo[COUNT]), curve, d, geo[G1], geo[G2])
    ground = terms.bullington_db(terms.knife_edge_db(geo[smooth] * band[ROOT]), d)
    return actual + max(sphere - ground, 0.0)


@compiled
def _incidence(geo: Any, latitude: float) -> None:
    if geo[BETA0] == UNSET:
        geo[TAU] = terms.tau(geo[DLM])
        geo[BETA0] = terms.beta0_percent(latitude, geo[DTM], geo[DLM])


@compiled
def least_duct_time_db(latitude: float, p: float) -> float:
    """
    A lower bound of Ap [53] at p = 50 for all distances and zones at a latitude.

    μ1 μ4 ≤ 1 bounds β0 in [5], Ap falls as β grows, and it rises with distance where p > β.
    """
    beta = 10.0 ** (-0.015 * abs(latitude) + 1.67) if abs(latitude) <= 70.0 else 4.17
    return terms.duct_time_db(p, beta, 0.0)


@compiled
def _ducting(
    geo: Any,
    band: Any,
    p: float,
    latitude: float,
    ae: float,
    c50: float,
    step: float,
    h: Any,
    x1: Any,
    z1: Any,
    at1: Any,
    n1: int,
    least_duct: float,
    lbd: float,
) -> float:
    """
    Lba [46]; or, where [61] asks only whether it is above `lbd`, a lower bound of it that is.

    The bounds in their order: without shielding and with the least Ap there can be; with shielding; with
    β = β0; with μ3 = 1. Each is dearer than the one before, and most receivers stop at the first.
    """
    d = geo[DIST]
    known = geo[DLT] != UNSET
    if known:
        through = geo[DLT] + geo[DLR]
        angle = 1000.0 * d / ae + min(geo[THETA_T], 0.1 * geo[DLT]) + min(geo[THETA_R], 0.1 * geo[DLR])
    else:
        through = d
        angle = 1000.0 * d / ae + min(geo[THETA_T], 0.0) + min(geo[THETA_R], 0.0)
    fixed = band[DUCT] + 20.0 * math.log10(through)
    coupling = MOST_COUPLING_DB if geo[OMEGA] >= 0.75 else 0.0
    least = fixed + band[GAMMA] * angle + least_duct + coupling
    if least > lbd:
        return least

    if not known:
        slope = (geo[HRS] - geo[HTS]) / d
        _, k = hulls.closest(x1, z1, at1, n1, h, step, c50, d, geo[HTS], slope - c50 * d)
        geo[IT] = geo[IR] = k
        geo[DLT], geo[DLR] = k * step, d - k * step
        angle = 1000.0 * d / ae + min(geo[THETA_T], 0.1 * geo[DLT]) + min(geo[THETA_R], 0.1 * geo[DLR])
    dlt, dlr = geo[DLT], geo[DLR]
    fixed += terms.shielding_db(geo[THETA_T], dlt, band[F], band[F13]) + band[GAMMA] * angle
    fixed += terms.shielding_db(geo[THETA_R], dlr, band[F], band[F13])
    fixed += terms.sea_coupling_db(geo[OMEGA], geo[COAST_T], dlt, geo[HTS])
    fixed += terms.sea_coupling_db(geo[OMEGA], geo[COAST_R], dlr, geo[HRS])
    if fixed + least_duct > lbd:
        return fixed + least_duct

    _incidence(geo, latitude)
    if geo[MU3] == UNSET:
        least = fixed + terms.duct_time_db(p, geo[BETA0], d)
        if least > lbd:
            return least
        if geo[MU2] == UNSET:
            geo[MU2] = terms.geometry_factor(d, ae, geo[TAU], geo[HTE], geo[HRE])
        least = fixed + terms.duct_time_db(p, geo[BETA0] * geo[MU2], d)
        if least > lbd:
            return least
        slope = (geo[HS2] - geo[HS1]) / d
        hm = -math.inf
        for i in range(int(geo[IT]), int(geo[IR]) + 1):
            hm = max(hm, h[i] - (geo[HS1] + slope * i * step))
        geo[MU3] = terms.roughness(hm, d - dlt - dlr)
    return fixed + terms.duct_time_db(p, geo[BETA0] * geo[MU2] * geo[MU3], d)
