"""
Antenna patterns: how much weaker than its strongest direction an antenna is in another.

Two forms. The 3GPP form is an equation (TR 38.901 table 7.3-1, TR 36.814 table A.2.1.1-2); the table form is
two measured cuts of an MSI file. Angles in degrees; down is positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.propagation.terms import compiled
from notspot_geodata.antenna_files import AntennaFile, read_antenna_file
from notspot_geodata.errors import InputError, NotspotError, Problem

Floats = NDArray[np.float64]

FORM, TABLE = 0, 1

PHI3_DEG = 65.0  # horizontal 3 dB beamwidth, TR 38.901 table 7.3-1
ELEMENT_GAIN_DBI = 8.0  # of one element, TR 38.901 table 7.3-1
ELEMENT = (65.0, 30.0, 30.0)  # theta3 (degrees), Am, SLAv (dB) of one element, TR 38.901 table 7.3-1
MACRO = (10.0, 25.0, 20.0)  # the same of a macro panel, TR 36.814 table A.2.1.1-2


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    One antenna.

    `kind` is `FORM` (`params`: phi3, theta3 in degrees, Am, SLAv in dB; endless widths for no dependence) or
    `TABLE` (`params`: the tilt already in the vertical cut, and the greatest attenuation; `horizontal` and
    `vertical`: attenuation in dB by whole degree, shape (360,)). `gain_dbi` and `tilt_deg` are what the
    antenna says of itself, NaN where it says nothing.
    """

    name: str
    kind: int
    params: tuple[float, float, float, float]
    horizontal: NDArray[np.float64] = field(default_factory=lambda: np.zeros(360), repr=False)
    vertical: NDArray[np.float64] = field(default_factory=lambda: np.zeros(360), repr=False)
    gain_dbi: float = math.nan
    tilt_deg: float = math.nan

    @property
    def directional(self) -> bool:
        """Whether it matters where the antenna points."""
        if self.kind == FORM:
            return math.isfinite(self.params[0])
        return bool(np.ptp(self.horizontal) > 0)


class PackedPatterns(NamedTuple):
    """Patterns as plain arrays, a row each: what `attenuation_db` takes."""

    kind: NDArray[np.int8]  # (n,)
    params: NDArray[np.float64]  # (n, 4)
    horizontal: NDArray[np.float32]  # (n, 360)
    vertical: NDArray[np.float32]  # (n, 360)


def sector_macro(phi3_deg: float = PHI3_DEG) -> Pattern:
    """``3gpp-macro``: the panel of a macro site, narrow in the vertical (TR 36.814 table A.2.1.1-2)."""
    return _form("3gpp-macro", phi3_deg, MACRO)


def sector_38901(phi3_deg: float = PHI3_DEG) -> Pattern:
    """``3gpp-38901``: one element, 65 degrees both ways, 8 dBi (TR 38.901 table 7.3-1)."""
    return _form("3gpp-38901", phi3_deg, ELEMENT, ELEMENT_GAIN_DBI)


def omni() -> Pattern:
    """``omni``: the same all around, in the vertical as `sector_macro`."""
    return _form("omni", math.inf, MACRO)


def isotropic() -> Pattern:
    """``isotropic``: the same in every direction, 0 dBi."""
    return _form("isotropic", math.inf, (math.inf, 0.0, 0.0), 0.0)


def from_file(antenna: AntennaFile) -> Pattern:
    """A measured antenna."""
    deepest = float(max(antenna.horizontal.max(), antenna.vertical.max()))
    return Pattern(
        antenna.name,
        TABLE,
        (antenna.tilt_deg, deepest, 0.0, 0.0),
        antenna.horizontal,
        antenna.vertical,
        antenna.gain_dbi,
        antenna.tilt_deg,
    )


BUILT_IN: dict[str, Callable[..., Pattern]] = {
    "3gpp-macro": sector_macro,
    "3gpp-38901": sector_38901,
    "omni": omni,
    "isotropic": isotropic,
}


def pack(patterns: Sequence[Pattern]) -> PackedPatterns:
    """The patterns as arrays, in their order."""
    count = len(patterns)
    out = PackedPatterns(
        np.zeros(count, np.int8),
        np.zeros((count, 4)),
        np.zeros((count, 360), np.float32),
        np.zeros((count, 360), np.float32),
    )
    for row, pattern in enumerate(patterns):
        out.kind[row] = pattern.kind
        out.params[row] = pattern.params
        out.horizontal[row] = pattern.horizontal
        out.vertical[row] = pattern.vertical
    return out


@compiled
def attenuation_db(
    kind: int,
    params: Floats,
    horizontal: NDArray[np.float32],
    vertical: NDArray[np.float32],
    delta_azimuth_deg: float,
    below_horizon_deg: float,
    tilt_deg: float,
) -> float:
    """
    Loss in dB, 0 or more, against the strongest direction of one antenna.

    The 3GPP form (TR 38.901 table 7.3-1): A = min(AH + AV, Am) with AH = min(12 (Δφ/φ3)², Am) and
    AV = min(12 ((below - tilt)/θ3)², SLAv), so that the strongest direction lies `tilt_deg` below the horizon.

    The table form: the vertical cut is turned as a whole by what `tilt_deg` exceeds the tilt already in it
    (front down, back up), then the horizontal cut is corrected by the vertical one, in front and behind by
    turns: A = AH(φ) + (1 - |φ|/180)(AV(θ) - AH(0)) + |φ|/180 (AV(180 - θ) - AH(180)), limited to 0 and the
    greatest attenuation of both cuts. Straight ahead and behind this is the vertical cut itself.

    Parameters
    ----------
    kind, params, horizontal, vertical
        One row of `PackedPatterns`.
    delta_azimuth_deg
        Direction looked at minus where the antenna points, clockwise; any number of turns.
    below_horizon_deg
        -90 (straight up) to 90 (straight down).
    tilt_deg
        The whole downtilt, electrical and mechanical.
    """
    azimuth = delta_azimuth_deg - 360.0 * math.floor((delta_azimuth_deg + 180.0) / 360.0)  # -180 … 180
    if kind == FORM:
        across = azimuth / params[0]
        along = (below_horizon_deg - tilt_deg) / params[1]
        ah = min(12.0 * across * across, params[2])
        av = min(12.0 * along * along, params[3])
        return min(ah + av, params[2])
    turn = tilt_deg - params[0]
    aside = abs(azimuth) / 180.0
    ah = _between(horizontal, azimuth)
    front = _between(vertical, below_horizon_deg - turn) - horizontal[0]
    behind = _between(vertical, 180.0 - below_horizon_deg - turn) - horizontal[180]
    loss = ah + (1.0 - aside) * front + aside * behind
    return min(max(loss, 0.0), params[1])


@compiled
def _between(cut: NDArray[np.float32], angle_deg: float) -> float:
    """A cut of 360 degrees at any angle, on the straight line between two whole degrees."""
    angle = angle_deg - 360.0 * math.floor(angle_deg / 360.0)
    low = int(angle)
    part = angle - low
    low = low % 360
    high = (low + 1) % 360
    return cut[low] * (1.0 - part) + cut[high] * part


# ------------------------------------------------------------------ the antennas of a network


def load_patterns(sites: pd.DataFrame, folder: str | Path, *, file: str = "") -> dict[str, Pattern]:
    """
    The patterns that sites name, by their names: built in (`BUILT_IN`) or a file, looked for from `folder`.

    Raises
    ------
    InputError
        Names that are neither, and files that cannot be read, all of them with the first row that names each.
    """
    reading = sites.attrs.get("reading")
    out: dict[str, Pattern] = {}
    problems = []
    first = sites.drop_duplicates("pattern")
    for name, row in zip(first["pattern"], first["row"], strict=True):
        if not name:
            continue
        if name.lower() in BUILT_IN:
            out[name] = BUILT_IN[name.lower()]()
            continue
        try:
            out[name] = from_file(read_antenna_file(Path(folder) / name))
        except InputError as error:
            said = "; ".join(str(p).strip() for p in error.problems[:3])
            problems.append(Problem(int(row), "pattern", f"{name}: {said}", name))
        except (NotspotError, OSError):
            known = ", ".join(BUILT_IN)
            message = f"'{name}' is no file in {Path(folder).name or 'this folder'} and none of {known}"
            problems.append(Problem(int(row), "pattern", message, name))
    if problems:
        raise InputError(file or (reading.file if reading is not None else "sites"), problems)
    return out


@dataclass(frozen=True, slots=True)
class SiteAntennas:
    """
    The antennas of a network, ready for numba.

    `packed` holds each distinct pattern once; site i has row ``index[i]`` of it, points to
    ``azimuth_deg[i]`` (0 where it does not matter) and is tilted by ``tilt_deg[i]``.
    """

    packed: PackedPatterns
    names: tuple[str, ...]
    index: NDArray[np.int32]
    azimuth_deg: NDArray[np.float64]
    tilt_deg: NDArray[np.float64]
    notes: tuple[str, ...]


def antennas_of(sites: pd.DataFrame, patterns: Mapping[str, Pattern], *, file: str = "") -> SiteAntennas:
    """
    Which antenna each of the completed sites has.

    A site that names none has ``3gpp-macro`` where its azimuth is known, and ``omni`` with the gain of its
    sectors where it is not: as if a sector pointed everywhere. Its beamwidth, where the sites have one, is
    that of the 3GPP forms; one of 360 degrees is ``omni``.

    Raises
    ------
    InputError
        Sites whose pattern has a direction and that have no azimuth, all of them.
    """
    made: dict[tuple[str, float], Pattern] = {}
    rows: dict[tuple[str, float], int] = {}
    problems = []
    count = len(sites)
    index = np.zeros(count, np.int32)
    azimuth = np.nan_to_num(sites["azimuth_deg"].to_numpy(dtype=np.float64))
    tilt = sites["tilt_deg"].to_numpy(dtype=np.float64).copy()
    everywhere = 0
    columns = ("row", "pattern", "azimuth_deg", "beamwidth_deg")
    for at, (row, name, bearing, width) in enumerate(zip(*(sites[c] for c in columns), strict=True)):
        pattern = patterns[name] if name else None
        width = PHI3_DEG if math.isnan(width) else float(width)
        if pattern is None:
            everywhere += math.isnan(bearing) and width < 360
            pattern = omni() if math.isnan(bearing) or width >= 360 else sector_macro(width)
        elif pattern.kind == FORM and pattern.directional:
            pattern = omni() if width >= 360 else BUILT_IN[pattern.name](width)
        if name and pattern.directional and math.isnan(bearing):
            message = f"is not given, and '{name}' has a direction; give the azimuth or the pattern omni"
            problems.append(Problem(int(row), "azimuth_deg", message))
        if math.isnan(tilt[at]):
            tilt[at] = 0.0 if math.isnan(pattern.tilt_deg) else pattern.tilt_deg
        key = (name if pattern.kind == TABLE else pattern.name, pattern.params[0])
        made.setdefault(key, pattern)
        index[at] = rows.setdefault(key, len(rows))
    if problems:
        reading = sites.attrs.get("reading")
        raise InputError(file or (reading.file if reading is not None else "sites"), problems)
    notes = []
    if everywhere:
        notes.append(
            f"{everywhere:,} of {count:,} sites without azimuth are predicted as if a sector pointed everywhere: "
            "omni, with the gain of a sector"
        )
    packed = pack(list(made.values()))
    return SiteAntennas(packed, tuple(p.name for p in made.values()), index, azimuth, tilt, tuple(notes))


def _form(
    name: str, phi3_deg: float, vertical: tuple[float, float, float], gain_dbi: float = math.nan
) -> Pattern:
    theta3, am, sla = vertical
    return Pattern(name, FORM, (phi3_deg, theta3, am, sla), gain_dbi=gain_dbi)
