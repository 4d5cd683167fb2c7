"""
A path between two terminals, checked, and its loss: the front of the direct method.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from notspot_coverage.propagation import direct, terms
from notspot_geodata.errors import UsageError

LOWEST_GHZ, HIGHEST_GHZ = 0.03, 6.0  # §1 of Annex 1: 30 MHz to 6 GHz
SHORTEST_KM = 0.25  # §1 of Annex 1; below it the formulas run and mean little
FIELD_FOR_1_KW = 199.36  # dB(µV/m), [70]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Path:
    """
    A terrain profile with its terminals; checked when it is made.

    Attributes
    ----------
    distance_km
        Shape (n,), n ≥ 5, ascending from 0 at the transmitter.
    height_m
        Shape (n,): terrain above sea level.
    clutter_m
        Shape (n,): representative height of clutter; that of the two ends is not used (§3.2). 0 if None.
    zone
        Shape (n,): 1 sea, 3 coastal land, 4 inland (table 2). All inland if None.
    tx_height_m, rx_height_m
        Centres of the antennas above ground, 1 to 3,000 m.
    tx_lonlat, rx_lonlat
        Degrees; only the latitude of the path's centre is used.
    delta_n, n0
        Lapse rate in N-units/km (positive) and sea-level refractivity at the path's centre. The ITU's maps
        may not be passed on; 45 and 325 change coverage by hundredths of a dB (docs/propagation.md).
    coast_km
        From the transmitter and from the receiver to the coast along the path; None is far away, or 0
        for a terminal whose zone is sea.

    Raises
    ------
    UsageError
        With every fault of the path.
    """

    distance_km: Floats
    height_m: Floats
    tx_height_m: float
    rx_height_m: float
    clutter_m: Floats = None  # type: ignore[assignment]
    zone: NDArray[np.uint8] = None  # type: ignore[assignment]
    tx_lonlat: tuple[float, float] = (121.0, 23.8)
    rx_lonlat: tuple[float, float] = (121.0, 23.8)
    delta_n: float = 45.0
    n0: float = 325.0
    coast_km: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "distance_km", np.ascontiguousarray(self.distance_km, np.float64))
        put(self, "height_m", np.ascontiguousarray(self.height_m, np.float64))
        shape = self.distance_km.shape
        clutter = np.zeros(shape) if self.clutter_m is None else self.clutter_m
        put(self, "clutter_m", np.ascontiguousarray(clutter, np.float64))
        zone = np.full(shape, direct.INLAND) if self.zone is None else np.asarray(self.zone)
        faults = list(self._faults(zone))
        if faults:
            raise UsageError("this path cannot be predicted:\n  " + "\n  ".join(faults))
        put(self, "zone", np.ascontiguousarray(zone, np.uint8))

    def _faults(self, zone: NDArray[np.generic]) -> list[str]:
        d, out = self.distance_km, []
        lengths = {len(np.atleast_1d(a)) for a in (d, self.height_m, self.clutter_m, zone)}
        if len(lengths) > 1 or d.ndim != 1:
            return [f"distance, height, clutter and zone differ in length: {sorted(lengths)}"]
        if len(d) < 5:
            return [f"the profile has {len(d)} points; 5 are the fewest"]
        if not all(np.isfinite(a).all() for a in (d, self.height_m, self.clutter_m)):
            out.append("the profile holds values that are not numbers")
        elif d[0] != 0 or (np.diff(d) <= 0).any():
            out.append("distances must begin with 0 and rise from point to point")
        elif d[-1] > 3000:
            out.append(f"the path is {d[-1]:,.0f} km long; 3,000 km are the most")
        if (self.clutter_m < 0).any():
            out.append("clutter heights must not be negative")
        odd = sorted(set(zone.tolist()) - {direct.SEA, direct.COASTAL, direct.INLAND})
        if odd:
            out.append(f"zones must be 1 (sea), 3 (coastal land) or 4 (inland), not {odd[:5]}")
        for name, height in (("tx_height_m", self.tx_height_m), ("rx_height_m", self.rx_height_m)):
            if not 1 <= height <= 3000:
                out.append(f"{name} is {height:g}; antennas are 1 to 3,000 m above ground")
        for name, (lon, lat) in (("tx_lonlat", self.tx_lonlat), ("rx_lonlat", self.rx_lonlat)):
            if not (abs(lon) <= 180 and abs(lat) <= 80):
                out.append(f"{name} is ({lon:g}, {lat:g}); latitude −80 to 80, longitude −180 to 180")
        if not 0 < self.delta_n < 157:
            out.append(f"delta_n is {self.delta_n:g}; it is positive and below 157 N-units/km")
        if not math.isfinite(self.n0):
            out.append(f"n0 is {self.n0:g}")
        if self.coast_km is not None and not all(c >= 0 for c in self.coast_km):
            out.append(f"coast_km is {self.coast_km}; distances are not negative")
        return out

    @property
    def latitude(self) -> float:
        """Of the point half the profile's length from the transmitter on the great circle, degrees (§3.6)."""
        (lon_t, lat_t), (lon_r, lat_r) = self.tx_lonlat, self.rx_lonlat
        pt, pr, dl = math.radians(lat_t), math.radians(lat_r), math.radians(lon_r - lon_t)
        r = math.sin(pt) * math.sin(pr) + math.cos(pt) * math.cos(pr) * math.cos(dl)
        bearing = math.atan2(math.cos(pt) * math.cos(pr) * math.sin(dl), math.sin(pr) - r * math.sin(pt))
        half = float(self.distance_km[-1]) / (2 * terms.EARTH_KM)
        sine = math.sin(pt) * math.cos(half) + math.cos(pt) * math.sin(half) * math.cos(bearing)
        return math.degrees(math.asin(sine))


def loss(
    path: Path,
    *,
    frequency_ghz: float,
    p_percent: float = 50.0,
    location_percent: float = 50.0,
    location_sigma_db: float = 0.0,
    polarisation: int = 2,
) -> dict[str, float]:
    """
    Basic transmission loss by ITU-R P.1812 and every quantity that leads to it.

    Parameters
    ----------
    p_percent
        The loss is not exceeded for this share of an average year; 1 to 50.
    location_percent, location_sigma_db
        The loss is not exceeded at this share of the places in the pixel, 1 to 99, with this deviation
        (§4.7; `location_sigma_db` below works it out).
    polarisation
        1 horizontal, 2 vertical.

    Returns
    -------
    quantities
        ``Lb`` is the loss in dB, ``Ep`` the field strength in dB(µV/m) for 1 kW e.r.p.; the others stand
        in `direct.SYMBOLS` with unit, equation and meaning.

    Raises
    ------
    UsageError
        Where a setting is outside the model; frequencies outside 30 MHz–6 GHz say what to use instead.
    """
    check_frequency(frequency_ghz)
    faults = []
    if not 1 <= p_percent <= 50:
        faults.append(f"p_percent is {p_percent:g}; the model knows 1 to 50 % of the time")
    if not 1 <= location_percent <= 99:
        faults.append(f"location_percent is {location_percent:g}; 1 to 99 % are known")
    if not location_sigma_db >= 0:
        faults.append(f"location_sigma_db is {location_sigma_db:g}; it is not negative")
    if polarisation not in (1, 2):
        faults.append(f"polarisation is {polarisation!r}; 1 is horizontal, 2 vertical")
    if faults:
        raise UsageError("; ".join(faults))
    dct, dcr = path.coast_km or (direct.NO_COAST_KM, direct.NO_COAST_KM)
    out = np.full(len(direct.SYMBOLS), np.nan)
    direct.path_loss_db(
        path.distance_km,
        path.height_m,
        path.clutter_m,
        path.zone,
        float(path.tx_height_m),
        float(path.rx_height_m),
        float(frequency_ghz),
        polarisation == 2,
        float(p_percent),
        -terms.inverse_normal(location_percent / 100.0) * float(location_sigma_db),
        path.latitude,
        float(path.delta_n),
        float(path.n0),
        float(dct),
        float(dcr),
        True,
        out,
    )
    found = {name: float(value) for (name, *_), value in zip(direct.SYMBOLS, out, strict=True)}
    found["Ep"] = FIELD_FOR_1_KW + 20 * math.log10(frequency_ghz) - found["Lb"]
    return found


def check_frequency(frequency_ghz: float) -> None:
    """UsageError outside 30 MHz–6 GHz: the formulas would still give numbers, and they would mean nothing."""
    if not LOWEST_GHZ <= frequency_ghz <= HIGHEST_GHZ:
        raise UsageError(
            f"{frequency_ghz * 1000:,.10g} MHz is outside ITU-R P.1812, which is for 30 MHz to 6 GHz: no loss or "
            "RSRP can be given. For such a station use --model line-of-sight, which says what is visible from it."
        )


def location_sigma_db(
    frequency_ghz: float, rx_height_m: ArrayLike, clutter_m: ArrayLike, width_m: float
) -> Floats:
    """
    Standard deviation of places inside a square of `width_m` outdoors, u·σL in dB (§4.7).

    `rx_height_m` is the receiver above ground, `clutter_m` the clutter's height at the receiver; both may
    be arrays.
    """
    sigma = (0.52 + 0.024 * frequency_ghz) * width_m**0.28
    over = np.asarray(rx_height_m, np.float64) - np.asarray(clutter_m, np.float64)
    out: Floats = np.where(over < 0, 1.0, np.clip(1.0 - over / 10.0, 0.0, 1.0)) * sigma
    return out


def entry_loss_db(
    frequency_ghz: float, probability: float = 0.5, *, efficient: bool = False, elevation_deg: float = 0.0
) -> float:
    """
    Building entry loss of ITU-R P.2109 in dB, not exceeded with `probability`.

    `efficient` for thermally efficient buildings. Not part of the reference cases; the median is meant to
    be added to the loss outdoors, and the result called so.
    """
    from statistics import NormalDist

    r, s, t, u, v, w, x, y, z = (
        (28.19, -3.00, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1)
        if efficient
        else (12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0)
    )  # table 1 of P.2109
    if not 0 < probability < 1:
        raise UsageError(f"probability is {probability:g}; it lies between 0 and 1")
    e = math.log10(frequency_ghz)
    quantile = NormalDist().inv_cdf(probability)
    mean = r + s * e + t * e * e + 0.212 * abs(elevation_deg)
    a = quantile * (u + v * e) + mean
    b = quantile * (y + z * e) + w + x * e
    return 10 * math.log10(10 ** (0.1 * a) + 10 ** (0.1 * b) + 10**-0.3)
