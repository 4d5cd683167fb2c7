"""
One path by Recommendation ITU-R P.1812, point to point, with every intermediate quantity.

This is the plain way: it looks at all points of the profile for each receiver. `sweep` gives the same
loss for all receivers along a radial at once; this kernel is what it is checked against.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from notspot_coverage.propagation import terms
from notspot_coverage.propagation.terms import compiled

SEA, COASTAL, INLAND = 1, 3, 4  # radio-climatic zones, table 2
NO_COAST_KM = 500.0  # distance to the coast where the path meets none

SYMBOLS: tuple[tuple[str, str, str, str], ...] = (
    ("d", "km", "", "length of the path"),
    ("phi", "deg", "§3.6", "latitude of the path's centre"),
    ("hts", "m", "§3.3", "transmitting antenna above sea level"),
    ("hrs", "m", "§3.3", "receiving antenna above sea level"),
    ("w", "", "§3.6", "ω, share of the path over sea"),
    ("dtm", "km", "§3.6", "longest run over land, coastal and inland"),
    ("dlm", "km", "§3.6", "longest run over inland"),
    ("dct", "km", "§3.6", "transmitter to the coast"),
    ("dcr", "km", "§3.6", "receiver to the coast"),
    ("tau", "", "[3]", "τ"),
    ("b0", "%", "[5]", "β0, time of strong super-refraction"),
    ("ae", "km", "[7a]", "median effective Earth radius"),
    ("ab", "km", "[7b]", "effective Earth radius exceeded for β0"),
    ("dlt", "km", "[78]", "transmitter to its horizon"),
    ("dlr", "km", "[81a]", "receiver to its horizon"),
    ("th_t", "mrad", "[76]", "θt, horizon angle of the transmitter"),
    ("th_r", "mrad", "[79]", "θr, horizon angle of the receiver"),
    ("th", "mrad", "[82]", "θ, angular distance of the path"),
    ("it", "", "[78]", "index of the transmitter's horizon"),
    ("ir", "", "[81]", "index of the receiver's horizon"),
    ("hst", "m", "[85]", "smooth surface at the transmitter"),
    ("hsr", "m", "[86]", "smooth surface at the receiver"),
    ("hstd", "m", "[89]", "the same for diffraction"),
    ("hsrd", "m", "[89]", "the same for diffraction"),
    ("hs1", "m", "[90a]", "the same for ducting"),
    ("hs2", "m", "[90b]", "the same for ducting"),
    ("h1", "m", "[37a]", "effective height of the transmitter for the spherical Earth"),
    ("h2", "m", "[37b]", "effective height of the receiver for the spherical Earth"),
    ("hte", "m", "[92a]", "effective height of the transmitter for ducting"),
    ("hre", "m", "[92b]", "effective height of the receiver for ducting"),
    ("hm", "m", "[93]", "terrain roughness"),
    ("Lbfs", "dB", "[8]", "free-space loss"),
    ("Lb0p", "dB", "[10]", "line-of-sight loss not exceeded for p"),
    ("Lb0b", "dB", "[11]", "line-of-sight loss not exceeded for β0"),
    ("Lbulla50", "dB", "[21]", "Bullington loss of the profile, ae"),
    ("Lbulls50", "dB", "[21]", "Bullington loss of the smooth profile, ae"),
    ("Ldsph50", "dB", "[27]", "spherical-earth loss, ae"),
    ("Ld50", "dB", "[39]", "diffraction loss, ae"),
    ("Lbulla", "dB", "[21]", "Bullington loss of the profile, aβ"),
    ("Lbulls", "dB", "[21]", "Bullington loss of the smooth profile, aβ"),
    ("Ldsph", "dB", "[27]", "spherical-earth loss, aβ"),
    ("Ldb", "dB", "[39]", "diffraction loss, aβ"),
    ("Fi", "", "[40]", "interpolation in time"),
    ("Ldp", "dB", "[41]", "diffraction loss not exceeded for p"),
    ("Lbd50", "dB", "[42]", "loss with diffraction, median"),
    ("Lbd", "dB", "[43]", "loss with diffraction, p"),
    ("Lbs", "dB", "[44]", "troposcatter loss"),
    ("Ast", "dB", "[48]", "site shielding, transmitter"),
    ("Asr", "dB", "[48]", "site shielding, receiver"),
    ("Act", "dB", "[49]", "coupling into over-sea ducts, transmitter"),
    ("Acr", "dB", "[49]", "coupling into over-sea ducts, receiver"),
    ("Af", "dB", "[47]", "fixed loss of coupling into the duct"),
    ("mu2", "", "[55]", "μ2, correction for the path's geometry"),
    ("mu3", "", "[56]", "μ3, correction for roughness"),
    ("beta", "%", "[54]", "β, incidence of ducting"),
    ("Ap", "dB", "[53]", "ducting loss varying with time"),
    ("Adp", "dB", "[50]", "ducting loss with angle and time"),
    ("Lba", "dB", "[46]", "loss by ducting and layer reflection"),
    ("Fj", "", "[57]", "weight of line of sight"),
    ("Fk", "", "[58]", "weight of short paths"),
    ("Lminb0p", "dB", "[59]", "notional least loss of line of sight and diffraction"),
    ("Lminbap", "dB", "[60]", "notional least loss of line of sight and ducting"),
    ("Lbda", "dB", "[61]", "diffraction and ducting"),
    ("Lbam", "dB", "[62]", "diffraction, ducting and line of sight"),
    ("Lbc", "dB", "[63]", "all of them, without variation of place"),
    ("Lb", "dB", "[69]", "basic transmission loss not exceeded for p and pL"),
)  # symbol as in the reference logs, unit, equation, meaning

(
    D, PHI, HTS, HRS, W, DTM, DLM, DCT, DCR, TAU, B0, AE, AB, DLT, DLR, TH_T, TH_R, TH, IT, IR, HST, HSR,
    HSTD, HSRD, HS1, HS2, H1, H2, HTE, HRE, HM, LBFS, LB0P, LB0B, LBULLA50, LBULLS50, LDSPH50, LD50,
    LBULLA, LBULLS, LDSPH, LDB, FI, LDP, LBD50, LBD, LBS, AST, ASR, ACT, ACR, AF, MU2, MU3, BETA, AP, ADP,
    LBA, FJ, FK, LMINB0P, LMINBAP, LBDA, LBAM, LBC, LB,
) = range(len(SYMBOLS))  # fmt: skip


@compiled
def path_loss_db(
    d: Any,
    h: Any,
    clutter: Any,
    zone: Any,
    htg: float,
    hrg: float,
    f_ghz: float,
    vertical: bool,
    p: float,
    location_db: float,
    latitude: float,
    delta_n: float,
    n0: float,
    dct: float,
    dcr: float,
    every: bool,
    out: Any,
) -> float:
    """
    Basic transmission loss Lb [69] in dB of one path.

    Parameters
    ----------
    d, h, clutter, zone
        Profile, shape (n,), n ≥ 5: km from the transmitter, m above sea level, m of clutter, zone.
    location_db
        −I(pL/100)·σloc of [69]: what the wanted share of locations adds; 0 for the median.
    latitude
        Of the path's centre, degrees.
    dct, dcr
        km to the coast; a terminal at sea has 0.
    every
        Also the quantities that the loss does not need at p = 50 (the pass for aβ).
    out
        float64, shape (len(SYMBOLS),): filled with the intermediates, in the order of `SYMBOLS`.
    """
    n = len(d) - 1
    total = d[n]
    ae = terms.effective_radius_km(delta_n)
    ab = 3.0 * terms.EARTH_KM
    hts, hrs = h[0] + htg, h[n] + hrg
    out[D], out[PHI], out[HTS], out[HRS], out[AE], out[AB] = total, latitude, hts, hrs, ae, ab
    omega, dtm, dlm = zone_lengths(d, zone)
    if zone[0] == SEA:
        dct = 0.0
    if zone[n] == SEA:
        dcr = 0.0
    beta0 = terms.beta0_percent(latitude, dtm, dlm)
    out[W], out[DTM], out[DLM], out[DCT], out[DCR] = omega, dtm, dlm, dct, dcr
    out[TAU], out[B0] = terms.tau(dlm), beta0

    wavelength = terms.wavelength_m(f_ghz)
    _smooth_earth(d, h, htg, hrg, out)
    _horizons(d, h, hts, hrs, ae, wavelength, out)
    _roughness(d, h, out)

    # line of sight
    horizons = out[DLT] + out[DLR]
    lbfs = terms.free_space_db(f_ghz, total, hts - hrs)
    lb0p = lbfs + terms.multipath_db(p, horizons)
    lb0b = lbfs + terms.multipath_db(beta0, horizons)
    out[LBFS], out[LB0P], out[LB0B] = lbfs, lb0p, lb0b

    # diffraction, [37]–[43]
    f13 = f_ghz ** (1.0 / 3.0)
    k_land = terms.surface_factor(f_ghz, vertical, False)
    k_sea = terms.surface_factor(f_ghz, vertical, True)
    ld50 = _diffraction(
        d, h, clutter, hts, hrs, ae, wavelength, k_land, k_sea, omega, f13, out, LBULLA50, LD50
    )
    ldb, ldp = 0.0, ld50
    if every or p < 50.0:
        ldb = _diffraction(
            d, h, clutter, hts, hrs, ab, wavelength, k_land, k_sea, omega, f13, out, LBULLA, LDB
        )
    fi = 1.0
    if p > beta0:
        fi = terms.inverse_normal(p / 100.0) / terms.inverse_normal(beta0 / 100.0)
    if p < 50.0:
        ldp = ld50 + fi * (ldb - ld50)
    lbd50, lbd = lbfs + ld50, lb0p + ldp
    out[FI], out[LDP], out[LBD50], out[LBD] = fi, ldp, lbd50, lbd

    lbs = terms.troposcatter_db(f_ghz, total, out[TH], n0, p)
    out[LBS] = lbs
    lba = _ducting(f_ghz, f13, p, beta0, ae, out)
    fj, fk = terms.horizon_blend(out[TH]), terms.distance_blend(total)
    out[FJ], out[FK] = fj, fk
    out[LMINB0P], out[LMINBAP], out[LBDA], out[LBAM], out[LBC] = terms.combined_db(
        p, beta0, fi, fj, fk, omega, lb0p, lb0b, ldp, lbd50, lbd, lba, lbs
    )
    if zone[n] == SEA:
        location_db = 0.0
    out[LB] = max(lb0p, out[LBC] + location_db)
    return out[LB]


@compiled
def zone_lengths(d: Any, zone: Any) -> tuple[float, float, float]:
    """ω, dtm and dlm of §3.6: every point owns half of the intervals beside it."""
    n = len(d) - 1
    sea = 0.0
    land = inland = 0.0
    longest_land = longest_inland = 0.0
    for i in range(n + 1):
        width = 0.5 * (d[min(i + 1, n)] - d[max(i - 1, 0)])
        z = zone[i]
        sea += width if z == SEA else 0.0
        land = land + width if z != SEA else 0.0
        inland = inland + width if z == INLAND else 0.0
        longest_land = max(longest_land, land)
        longest_inland = max(longest_inland, inland)
    return sea / d[n], longest_land, longest_inland


@compiled
def coast_distances(d: Any, zone: Any) -> tuple[float, float]:
    """
    dct and dcr in km along a path: from a terminal to the middle between its last land and first sea point.

    `NO_COAST_KM` where the path meets no sea, 0 for a terminal at sea.
    """
    n = len(d) - 1
    dct = dcr = NO_COAST_KM
    for i in range(n + 1):
        if zone[i] == SEA:
            dct = 0.0 if i == 0 else 0.5 * (d[i - 1] + d[i])
            break
    for i in range(n, -1, -1):
        if zone[i] == SEA:
            dcr = 0.0 if i == n else d[n] - 0.5 * (d[i] + d[i + 1])
            break
    return dct, dcr


@compiled
def _smooth_earth(d: Any, h: Any, htg: float, hrg: float, out: Any) -> None:
    """Smooth-earth heights [85]–[92]."""
    n = len(d) - 1
    total, hts, hrs = d[n], out[HTS], out[HRS]
    v1 = v2 = 0.0
    for i in range(1, n + 1):
        step = d[i] - d[i - 1]
        v1 += step * (h[i] + h[i - 1])
        v2 += step * (h[i] * (2.0 * d[i] + d[i - 1]) + h[i - 1] * (d[i] + 2.0 * d[i - 1]))
    hst = (2.0 * v1 * total - v2) / total**2
    hsr = (v2 - v1 * total) / total**2
    hobs = alpha_t = alpha_r = -np.inf
    for i in range(1, n):
        over = h[i] - (hts * (total - d[i]) + hrs * d[i]) / total
        hobs = max(hobs, over)
        alpha_t = max(alpha_t, over / d[i])
        alpha_r = max(alpha_r, over / (total - d[i]))
    lower_t = lower_r = 0.0
    if hobs > 0.0:
        lower_t = hobs * alpha_t / (alpha_t + alpha_r)
        lower_r = hobs * alpha_r / (alpha_t + alpha_r)
    out[HST], out[HSR] = hst, hsr
    out[HSTD], out[HSRD] = min(hst - lower_t, h[0]), min(hsr - lower_r, h[n])
    out[HS1], out[HS2] = min(hst, h[0]), min(hsr, h[n])
    out[H1], out[H2] = hts - out[HSTD], hrs - out[HSRD]
    out[HTE], out[HRE] = htg + h[0] - out[HS1], hrg + h[n] - out[HS2]


@compiled
def _horizons(d: Any, h: Any, hts: float, hrs: float, ae: float, wavelength: float, out: Any) -> None:
    """Horizon angles and distances [74]–[82]."""
    n = len(d) - 1
    total = d[n]
    direct_t = 1000.0 * math.atan((hrs - hts) / (1000.0 * total) - total / (2.0 * ae))
    highest, it = -np.inf, 1
    for i in range(1, n):
        angle = 1000.0 * math.atan((h[i] - hts) / (1000.0 * d[i]) - d[i] / (2.0 * ae))
        if angle > highest:
            highest, it = angle, i
    theta_t = max(highest, direct_t)
    if highest > direct_t:
        theta_r, ir = -np.inf, it
        for i in range(1, n):
            rest = total - d[i]
            angle = 1000.0 * math.atan((h[i] - hrs) / (1000.0 * rest) - rest / (2.0 * ae))
            if angle >= theta_r:
                theta_r, ir = angle, i
        dlt, dlr = d[it], total - d[ir]
    else:
        theta_r = 1000.0 * math.atan((hts - hrs) / (1000.0 * total) - total / (2.0 * ae))
        nu, it = -np.inf, 1
        for i in range(1, n):
            rest = total - d[i]
            over = h[i] + 500.0 / ae * d[i] * rest - (hts * rest + hrs * d[i]) / total
            value = over * math.sqrt(0.002 * total / (wavelength * d[i] * rest))
            if value >= nu:
                nu, it = value, i
        ir = it
        dlt, dlr = d[it], total - d[it]
    out[DLT], out[DLR], out[TH_T], out[TH_R] = dlt, dlr, theta_t, theta_r
    out[TH] = 1000.0 * total / ae + theta_t + theta_r
    out[IT], out[IR] = it, ir


@compiled
def _roughness(d: Any, h: Any, out: Any) -> None:
    """Terrain roughness hm [93]."""
    slope = (out[HS2] - out[HS1]) / out[D]
    hm = -np.inf
    for i in range(int(out[IT]), int(out[IR]) + 1):
        hm = max(hm, h[i] - (out[HS1] + slope * d[i]))
    out[HM] = hm


@compiled
def _diffraction(
    d: Any,
    h: Any,
    clutter: Any,
    hts: float,
    hrs: float,
    radius: float,
    wavelength: float,
    k_land: float,
    k_sea: float,
    omega: float,
    f13: float,
    out: Any,
    first: int,
    last: int,
) -> float:
    """Delta-Bullington loss [39] for one effective radius; its parts go to `out[first:first + 3]`."""
    total, h1, h2 = out[D], out[H1], out[H2]
    actual = _bullington(d, h, clutter, 1.0, hts, hrs, radius, wavelength)
    smooth = _bullington(d, h, clutter, 0.0, h1, h2, radius, wavelength)
    hse, spread, a13 = terms.sphere_clearance(total, h1, h2, radius)
    sphere = terms.sphere_db(hse, spread, a13, wavelength, k_land, k_sea, omega, f13, total, h1, h2)
    out[first], out[first + 1], out[first + 2] = actual, smooth, sphere
    out[last] = actual + max(sphere - smooth, 0.0)
    return out[last]


@compiled
def _bullington(
    d: Any, h: Any, clutter: Any, real: float, h1: float, h2: float, radius: float, wavelength: float
) -> float:
    """Bullington loss [13]–[21] of terrain with clutter (`real` = 1) or of the smooth profile (0)."""
    n = len(d) - 1
    total = d[n]
    c = 500.0 / radius
    slope = (h2 - h1) / total
    up = -np.inf
    for i in range(1, n):
        up = max(up, (real * (h[i] + clutter[i]) + c * d[i] * (total - d[i]) - h1) / d[i])
    if up < slope:
        nu = -np.inf
        for i in range(1, n):
            rest = total - d[i]
            over = real * (h[i] + clutter[i]) + c * d[i] * rest - (h1 * rest + h2 * d[i]) / total
            nu = max(nu, over * math.sqrt(0.002 * total / (wavelength * d[i] * rest)))
    else:
        down = -np.inf
        for i in range(1, n):
            rest = total - d[i]
            down = max(down, (real * (h[i] + clutter[i]) + c * d[i] * rest - h2) / rest)
        at = (h2 - h1 + down * total) / (up + down)
        over = h1 + up * at - (h1 * (total - at) + h2 * at) / total
        nu = over * math.sqrt(0.002 * total / (wavelength * at * (total - at)))
    return terms.bullington_db(terms.knife_edge_db(nu), total)


@compiled
def _ducting(f_ghz: float, f13: float, p: float, beta0: float, ae: float, out: Any) -> float:
    """Lba [46]–[56]."""
    total, dlt, dlr, theta_t, theta_r = out[D], out[DLT], out[DLR], out[TH_T], out[TH_R]
    out[AST] = terms.shielding_db(theta_t, dlt, f_ghz, f13)
    out[ASR] = terms.shielding_db(theta_r, dlr, f_ghz, f13)
    out[ACT] = terms.sea_coupling_db(out[W], out[DCT], dlt, out[HTS])
    out[ACR] = terms.sea_coupling_db(out[W], out[DCR], dlr, out[HRS])
    out[AF] = (
        102.45
        + 20.0 * math.log10(f_ghz)
        + 20.0 * math.log10(dlt + dlr)
        + terms.low_frequency_db(f_ghz)
        + (out[AST] + out[ASR] + out[ACT] + out[ACR])
    )
    angle = 1000.0 * total / ae + min(theta_t, 0.1 * dlt) + min(theta_r, 0.1 * dlr)
    out[MU2] = terms.geometry_factor(total, ae, out[TAU], out[HTE], out[HRE])
    out[MU3] = terms.roughness(out[HM], total - dlt - dlr)
    out[BETA] = beta0 * out[MU2] * out[MU3]
    out[AP] = terms.duct_time_db(p, out[BETA], total)
    out[ADP] = 5e-5 * ae * f13 * angle + out[AP]
    out[LBA] = out[AF] + out[ADP]
    return out[LBA]
