"""
The formulas of Recommendation ITU-R P.1812 that need no profile, compiled.

Distances in km, heights in m, frequency in GHz, angles in mrad, losses in dB, time in % of an average
year. Equation numbers are those of P.1812-6 to -8; for paths outdoors the three editions give the same
numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numba

EARTH_KM = 6371.0  # mean radius, §3.1
LAND, WATER = (22.0, 0.003), (80.0, 5.0)  # relative permittivity and conductivity in S/m, §4.3.3
NEVER_LIMITED = 1e-6  # of the inverse normal's argument, Attachment 2 to Annex 1


def compiled(function: Any) -> Any:
    """
    `function` as machine code, kept on disk between runs and free of the interpreter's lock.

    No `fastmath`: which of two equal samples wins, and NaN for unknown, depend on IEEE arithmetic.
    """
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


@compiled
def wavelength_m(f_ghz: float) -> float:
    """Wavelength in m as the Recommendation rounds it."""
    return 0.2998 / f_ghz


@compiled
def effective_radius_km(delta_n: float) -> float:
    """Median effective Earth radius ae [6], [7a] from the lapse rate ΔN (N-units/km, positive)."""
    return EARTH_KM * 157.0 / (157.0 - delta_n)


@compiled
def inverse_normal(x: float) -> float:
    """I(x), the inverse complementary normal distribution by the Recommendation's own approximation."""
    x = min(max(x, NEVER_LIMITED), 1.0 - NEVER_LIMITED)
    upper = x > 0.5
    t = math.sqrt(-2.0 * math.log(1.0 - x if upper else x))
    c = ((0.010328 * t + 0.802853) * t + 2.515516698) / (((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0)
    return c - t if upper else t - c


@compiled
def tau(dlm: float) -> float:
    """τ [3] from the longest inland run of the path."""
    return 1.0 - math.exp(-4.12e-4 * dlm**2.41)


@compiled
def beta0_percent(latitude: float, dtm: float, dlm: float) -> float:
    """β0 [2], [4], [5]: the share of the time with strong super-refraction, in %."""
    t = tau(dlm)
    mu1 = (10.0 ** (-dtm / (16.0 - 6.6 * t)) + 10.0 ** (-5.0 * (0.496 + 0.354 * t))) ** 0.2
    mu1 = min(mu1, 1.0)
    south = abs(latitude)
    if south <= 70.0:
        return 10.0 ** (-0.015 * south + 1.67) * mu1 * mu1 ** (-0.935 + 0.0176 * south)
    return 4.17 * mu1 * mu1**0.3


@compiled
def knife_edge_db(nu: float) -> float:
    """J(ν) [12]; 0 up to ν = −0.78."""
    if nu <= -0.78:
        return 0.0
    return 6.9 + 20.0 * math.log10(math.sqrt((nu - 0.1) ** 2 + 1.0) + nu - 0.1)


@compiled
def bullington_db(edge_db: float, distance: float) -> float:
    """The Bullington loss [21] from the loss Luc of its equivalent knife edge."""
    if edge_db == 0.0:
        return 0.0
    return edge_db + (1.0 - math.exp(-edge_db / 6.0)) * (10.0 + 0.02 * distance)


@compiled
def surface_factor(f_ghz: float, vertical: bool, sea: bool) -> float:
    """The normalised surface admittance K [29a], [29b] times the cube root of the radius in km."""
    permittivity, conductivity = WATER if sea else LAND
    s = 18.0 * conductivity / f_ghz
    k = 0.036 * f_ghz ** (-1.0 / 3.0) * ((permittivity - 1.0) ** 2 + s * s) ** -0.25
    return k * math.sqrt(permittivity**2 + s * s) if vertical else k


@compiled
def first_term_db(k: float, f13: float, a13: float, distance: float, h1: float, h2: float) -> float:
    """
    First-term spherical-earth loss over one surface [30]–[36]; may be negative.

    `k` is the `surface_factor`, `f13` the cube root of the frequency in GHz, `a13` the radius in km to
    the power −1/3, `h1` and `h2` the heights over the smooth surface in m.
    """
    k = k * a13
    k2 = k * k
    beta = (1.0 + k2 * (1.6 + 0.67 * k2)) / (1.0 + k2 * (4.5 + 1.53 * k2))
    x = 21.88 * beta * f13 * a13 * a13 * distance
    b = 0.9575 * beta * beta * f13 * f13 * a13
    fx = 11.0 + 10.0 * math.log10(x) - 17.6 * x if x >= 1.6 else -20.0 * math.log10(x) - 5.6488 * x**1.425
    lowest = 2.0 + 20.0 * math.log10(k)
    return -fx - _height_gain(b * h1, lowest) - _height_gain(b * h2, lowest)


@compiled
def _height_gain(b: float, lowest: float) -> float:
    """G(Y) [34], [35] with B = βY given."""
    if b > 2.0:
        gain = 17.6 * math.sqrt(b - 1.1) - 5.0 * math.log10(b - 1.1) - 8.0
    else:
        gain = 20.0 * math.log10(b + 0.1 * b**3)
    return max(gain, lowest)


@compiled
def both_surfaces_db(
    k_land: float, k_sea: float, omega: float, f13: float, a13: float, distance: float, h1: float, h2: float
) -> float:
    """First-term loss [28] over a path of which the share `omega` is sea."""
    loss = 0.0
    if omega < 1.0:
        loss += (1.0 - omega) * first_term_db(k_land, f13, a13, distance, h1, h2)
    if omega > 0.0:
        loss += omega * first_term_db(k_sea, f13, a13, distance, h1, h2)
    return loss


@compiled
def sphere_clearance(distance: float, h1: float, h2: float, radius: float) -> tuple[float, float, float]:
    """
    What the spherical-earth loss of a path within the horizon takes from its geometry [23], [24].

    Returns
    -------
    hse, s1·s2/D, modified radius am to the power −1/3
        m, km, km^(−1/3); the first is −inf beyond the horizon distance [22], where the third is that of
        `radius` itself.
    """
    horizon = math.sqrt(2.0 * radius) * (math.sqrt(0.001 * h1) + math.sqrt(0.001 * h2))
    if distance >= horizon:
        return -math.inf, 0.0, radius ** (-1.0 / 3.0)
    c = (h1 - h2) / (h1 + h2)
    m = 250.0 * distance * distance / (radius * (h1 + h2))
    turn = min(max(1.5 * c * math.sqrt(3.0 * m / (m + 1.0) ** 3), -1.0), 1.0)  # rounding may leave [−1, 1]
    b = 2.0 * math.sqrt((m + 1.0) / (3.0 * m)) * math.cos(math.pi / 3.0 + math.acos(turn) / 3.0)
    s1 = 0.5 * distance * (1.0 + b)
    s2 = distance - s1
    hse = ((h1 - 500.0 * s1 * s1 / radius) * s2 + (h2 - 500.0 * s2 * s2 / radius) * s1) / distance
    am = 500.0 * (distance / (math.sqrt(h1) + math.sqrt(h2))) ** 2
    return hse, s1 * s2 / distance, am ** (-1.0 / 3.0)


@compiled
def sphere_db(
    hse: float,
    spread: float,
    a13: float,
    wavelength: float,
    k_land: float,
    k_sea: float,
    omega: float,
    f13: float,
    distance: float,
    h1: float,
    h2: float,
) -> float:
    """Spherical-earth loss [22]–[27] from what `sphere_clearance` returned; negative only beyond the horizon."""
    if hse == -math.inf:
        return both_surfaces_db(k_land, k_sea, omega, f13, a13, distance, h1, h2)
    needed = 17.456 * math.sqrt(spread * wavelength)
    if hse > needed:
        return 0.0
    first = both_surfaces_db(k_land, k_sea, omega, f13, a13, distance, h1, h2)
    return (1.0 - hse / needed) * max(first, 0.0)


@compiled
def free_space_db(f_ghz: float, distance: float, rise: float) -> float:
    """Lbfs [8] with the slant distance [8a]; `rise` is the difference of the antennas' heights in m."""
    return 92.4 + 20.0 * math.log10(f_ghz) + 10.0 * math.log10(distance * distance + (rise / 1000.0) ** 2)


@compiled
def multipath_db(share_percent: float, horizons: float) -> float:
    """Esp, Esβ [9]: focusing and multipath not exceeded for a share of time; `horizons` is dlt + dlr in km."""
    return 2.6 * (1.0 - math.exp(-0.1 * horizons)) * math.log10(share_percent / 50.0)


@compiled
def troposcatter_db(f_ghz: float, distance: float, theta: float, n0: float, p: float) -> float:
    """Lbs [44], [45]."""
    rare = max(math.log10(50.0 / p), 0.0) ** 0.7
    band = 25.0 * math.log10(f_ghz) - 2.5 * math.log10(f_ghz / 2.0) ** 2
    return 190.1 + band + 20.0 * math.log10(distance) + 0.573 * theta - 0.15 * n0 - 10.125 * rare


@compiled
def shielding_db(theta: float, horizon: float, f_ghz: float, f13: float) -> float:
    """Site shielding Ast, Asr [48], [48a] of a terminal with horizon angle `theta` and distance `horizon`."""
    above = theta - 0.1 * horizon
    if above <= 0.0:
        return 0.0
    return 20.0 * math.log10(1.0 + 0.361 * above * math.sqrt(f_ghz * horizon)) + 0.264 * above * f13


@compiled
def sea_coupling_db(omega: float, coast: float, horizon: float, height: float) -> float:
    """Coupling into over-sea ducts Act, Acr [49]; `height` is the antenna's above sea level in m."""
    if omega < 0.75 or coast > 5.0 or coast > horizon:
        return 0.0
    return -3.0 * math.exp(-0.25 * coast * coast) * (1.0 + math.tanh(0.07 * (50.0 - height)))


@compiled
def low_frequency_db(f_ghz: float) -> float:
    """Alf [47a]."""
    return 45.375 - 137.0 * f_ghz + 92.5 * f_ghz * f_ghz if f_ghz < 0.5 else 0.0


@compiled
def roughness(hm: float, between: float) -> float:
    """μ3 [56]; `between` is D − dlt − dlr in km."""
    if hm <= 10.0:
        return 1.0
    return math.exp(-4.6e-5 * (hm - 10.0) * (43.0 + 6.0 * min(between, 40.0)))


@compiled
def geometry_factor(distance: float, radius: float, t: float, hte: float, hre: float) -> float:
    """μ2 [55], [55a]; `t` is τ."""
    alpha = max(-0.6 - 3.5e-9 * distance**3.1 * t, -3.4)
    return min((500.0 / radius * distance**2 / (math.sqrt(hte) + math.sqrt(hre)) ** 2) ** alpha, 1.0)


@compiled
def duct_time_db(p: float, beta: float, distance: float) -> float:
    """Ap [53], [53a]: how the ducting loss varies with time, for an incidence of ducting `beta` in %."""
    e = math.log10(beta)
    gamma = (
        1.076 / (2.0058 - e) ** 1.012 * math.exp(-(9.51 - 4.8 * e + 0.198 * e * e) * 1e-6 * distance**1.13)
    )
    return -12.0 + (1.2 + 3.7e-3 * distance) * math.log10(p / beta) + 12.0 * (p / beta) ** gamma


@compiled
def blend_max_db(one: float, other: float) -> float:
    """Lminbap [60]: a smooth maximum that does not overflow."""
    return max(one, other) + 2.5 * math.log1p(math.exp(-abs(one - other) / 2.5))


@compiled
def blend_min_db(one: float, other: float) -> float:
    """Lbc [63]: the sum of the powers of two ways, as a loss."""
    return min(one, other) - 5.0 * math.log10(1.0 + 10.0 ** (-0.2 * abs(one - other)))


@compiled
def horizon_blend(theta: float) -> float:
    """Fj [57]: 1 on line of sight, 0 far beyond the horizon; `theta` in mrad."""
    return 1.0 - 0.5 * (1.0 + math.tanh(3.0 * 0.8 * (theta - 0.3) / 0.3))


@compiled
def distance_blend(distance: float) -> float:
    """Fk [58]."""
    return 1.0 - 0.5 * (1.0 + math.tanh(3.0 * 0.5 * (distance - 20.0) / 20.0))


@compiled
def combined_db(
    p: float,
    beta0: float,
    fi: float,
    fj: float,
    fk: float,
    omega: float,
    free_p: float,
    free_beta: float,
    ldp: float,
    lbd50: float,
    lbd: float,
    lba: float,
    lbs: float,
) -> tuple[float, float, float, float, float]:
    """Lmin0 [59], Lminbap [60], Lbda [61], Lbam [62] and Lbc [63] from the sub-models' losses."""
    least = free_p + (1.0 - omega) * ldp
    if p >= beta0:
        least = lbd50 + (free_beta + (1.0 - omega) * ldp - lbd50) * fi
    ducted = blend_max_db(lba, free_p)
    lbda = lbd if ducted > lbd else ducted + (lbd - ducted) * fk
    lbam = lbda + (least - lbda) * fj
    return least, ducted, lbda, lbam, blend_min_db(lbs, lbam)
