"""
Line of sight over a curved earth, for frequencies at which P.1812 does not hold: what is visible, never a level.
"""

from __future__ import annotations

import math
from typing import Any

from notspot_coverage.propagation import hulls, terms
from notspot_coverage.propagation.terms import compiled

HIDDEN, VISIBLE, CLEAR = 0, 1, 2  # CLEAR: the first Fresnel zone is free as well, as far as J(ν) = 0
CLEAR_NU = -0.78  # [12]


@compiled
def sight_radial(
    step: float,
    surface: Any,
    transmitter: float,
    distance: Any,
    height: Any,
    hrg: float,
    delta_n: float,
    wavelength: Any,
    scratch: Any,
    index: Any,
    sight: Any,
    elevation: Any,
) -> None:
    """
    What each receiver of a radial sees of the transmitter.

    Parameters
    ----------
    step, distance, height, hrg, delta_n, scratch, index
        As in `sweep.radial`.
    surface
        Terrain with clutter, m above sea level, shape (samples,).
    transmitter
        Height of the antenna above sea level, m.
    wavelength
        m, shape (bands,).
    sight
        Out, shape (bands, receivers): `HIDDEN`, `VISIBLE` or `CLEAR`; NaN where the terrain is unknown.
    elevation
        Out, shape (receivers,): angle of the straight ray at the transmitter, mrad.
    """
    curve = 500.0 / terms.effective_radius_km(delta_n)
    x, z, at = scratch[0], scratch[4], index[0]
    count = j = 0
    up = -math.inf
    blind = math.isnan(surface[0])
    for r in range(len(distance)):
        d = distance[r]
        while not blind and j + 1 < len(surface) and (j + 1) * step < d - 1e-9:
            j += 1
            xj = j * step
            if math.isnan(surface[j]):
                blind = True
                break
            up = max(up, (surface[j] - transmitter) / xj - curve * xj)
            count = hulls.push(x, z, at, count, xj, surface[j] - curve * xj * xj, j)
        if blind or math.isnan(height[r]):
            sight[:, r] = math.nan
            elevation[r] = math.nan
            continue
        if d <= 0.0 or count == 0:
            sight[:, r] = CLEAR
            elevation[r] = (
                1000.0 * math.atan((height[r] + hrg - transmitter) / (1000.0 * d)) if d > 0.0 else 0.0
            )
            continue
        slope = (height[r] + hrg - transmitter) / d
        elevation[r] = 1000.0 * math.atan((slope - curve * d) / 1000.0)
        if up + curve * d >= slope:
            sight[:, r] = HIDDEN
            continue
        ratio, _ = hulls.closest(x, z, at, count, surface, step, curve, d, transmitter, slope - curve * d)
        nu = -math.sqrt(0.002 * d * ratio)
        for b in range(len(wavelength)):
            sight[b, r] = CLEAR if nu / math.sqrt(wavelength[b]) <= CLEAR_NU else VISIBLE
