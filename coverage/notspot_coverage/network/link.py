"""
The link budget of a network: what a list of sites leaves out, and the power of one resource element.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from notspot_coverage.network.antennas import TABLE, Pattern
from notspot_coverage.network.technologies import (
    Figure,
    Technology,
    load_technologies,
    resource_blocks,
    technology_for,
)
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger

__all__ = [
    "FILLED",
    "MODELS",
    "REFERENCES",
    "Technology",
    "check_model",
    "complete",
    "load_technologies",
    "reference_eirp_dbm",
    "resource_blocks",
]

SUBCARRIERS = 12  # of a resource block: TS 36.211 §6.2.3, TS 38.211 §4.4.4.1
LTE_SCS_KHZ = 15.0  # TS 36.211 §6.2.3, of everything but broadcast
CPICH_DB = -10.0  # of the carrier: the pilot's share that TS 25.101 table C.3 assumes, and the usual one
P1812_MHZ = (30.0, 6000.0)  # ITU-R P.1812 §1: 30 MHz to 6 GHz
P1812_HEIGHT_M = 1.0  # ITU-R P.1812 table 1: antennas from 1 m above ground
MODELS = ("p1812", "line-of-sight", "disk")

FILLED = (
    "frequency_mhz", "bandwidth_mhz", "scs_khz", "height_m", "power_dbm", "gain_dbi", "feeder_loss_db",
    "beamwidth_deg", "tilt_deg",
)  # fmt: skip
REFERENCES = {
    "resource element": "power of a reference resource element (RSRP, SS-RSRP)",
    "pilot": "power of the pilot channel (RSCP)",
    "carrier": "power of the whole carrier",
}
_REFERENCE = {"LTE": "resource element", "NR": "resource element", "WCDMA": "pilot"}
_RADIATED = ("power_dbm", "gain_dbi", "feeder_loss_db")  # not needed where the EIRP is given


def complete(
    sites: pd.DataFrame,
    *,
    model: str = "p1812",
    patterns: Mapping[str, Pattern] | None = None,
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
    file: str = "",
) -> tuple[pd.DataFrame, list[str]]:
    """
    Sites with every figure a prediction needs.

    Parameters
    ----------
    sites
        As `notspot_geodata.sites.read_sites` gives them.
    model
        What the figures are for: ``p1812`` needs a level; ``line-of-sight`` needs a height and a frequency
        and ``disk`` nothing, so that there levels stay NaN where they cannot be worked out.
    patterns
        By the names in ``pattern`` (`antennas.load_patterns`): a measured antenna brings its own gain and
        electrical tilt, which go before those of the technology.
    ledger, allow_rejects
        With `allow_rejects` sites that cannot be completed are left out and entered into the ledger.

    Returns
    -------
    completed, said
        The sites with NaN filled by technology, and in addition ``eirp_re_dbm`` (peak EIRP of the
        reference, dBm: `reference_eirp_dbm`), ``reference`` (what that is: one of `REFERENCES`), ``n_rb``
        (resource blocks, 0 where there are none), ``threshold_dbm`` (NaN of a technology that is not known)
        and ``default_filled`` (names of the filled columns, with blanks between); and a sentence for each
        figure that was filled, with its source.

    Raises
    ------
    InputError
        Sites that cannot be completed, all of them: no technology or an unknown one and a figure missing,
        a bandwidth that the technology does not have.
    """
    reading = sites.attrs.get("reading")
    file = file or (reading.file if reading is not None else "sites")
    if model not in MODELS:
        raise UsageError(f"there is no model '{model}'; there are {', '.join(MODELS)}")
    records: list[dict[str, Any]] = [
        {str(k): v for k, v in record.items()} for record in sites.to_dict("records")
    ]
    problems: list[Problem] = []
    counts: dict[tuple[str, str, str, float, str], list[int]] = {}
    kept: list[int] = []
    new: list[dict[str, Any]] = []
    for at, site in enumerate(records):
        done = _completed(site, (patterns or {}).get(str(site["pattern"])), counts, model)
        if isinstance(done, Problem):
            problems.append(done)
        else:
            kept.append(at)
            new.append(done)
    if problems and not allow_rejects:
        usable = f"{len(kept):,} of {len(records):,} sites usable"
        raise InputError(file, problems, summary=usable, hint=_HINT)
    if ledger is not None:
        ledger.refuse(file, problems)
    out = sites.iloc[kept].reset_index(drop=True)
    for name in (*FILLED, "eirp_dbm", "eirp_re_dbm", "threshold_dbm"):
        out[name] = np.array([site[name] for site in new], dtype=np.float64)
    out["n_rb"] = np.array([site["n_rb"] for site in new], dtype=np.int64)
    out["reference"] = [_REFERENCE.get(str(t), "carrier") for t in out["technology"]]
    out["default_filled"] = [site["default_filled"] for site in new]
    out.attrs = dict(sites.attrs)
    return out, [*_sentences(counts, records), *(_levels(out) if model == "p1812" else [])]


_HINT = "Complete the file, or pass --allow-rejects to go on without these sites (see rejects.csv)."


def reference_eirp_dbm(
    technology: str,
    n_rb: int = 0,
    *,
    eirp_dbm: float = math.nan,
    power_dbm: float = math.nan,
    gain_dbi: float = 0.0,
    feeder_loss_db: float = 0.0,
) -> float:
    """
    Peak EIRP of what a receiver measures, in dBm.

    LTE and NR: of one resource element, the carrier's power spread evenly over all of them,
    EIRP - 10 log10(12 N_RB); the received level is then RSRP or SS-RSRP (TS 36.214 §5.1.1, TS 38.215 §5.1.1).
    WCDMA: of the pilot channel (CPICH, for RSCP), `CPICH_DB` of the carrier. GSM and whatever else: of the
    whole carrier.

    `eirp_dbm` is that of the whole carrier; where it is NaN it is power - feeder loss + gain.
    """
    total = power_dbm - feeder_loss_db + gain_dbi if math.isnan(eirp_dbm) else eirp_dbm
    if n_rb:
        return total - 10.0 * math.log10(SUBCARRIERS * n_rb)
    return total + CPICH_DB if technology == "WCDMA" else total


def check_model(
    sites: pd.DataFrame,
    model: str,
    *,
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
    file: str = "",
) -> pd.DataFrame:
    """
    The sites that `model` holds for; line-of-sight and disk hold for all.

    Raises
    ------
    InputError
        Sites outside 30 MHz to 6 GHz or lower than 1 m with ``p1812``, all of them, unless `allow_rejects`.
    UsageError
        No such model.
    """
    if model not in MODELS:
        raise UsageError(f"there is no model '{model}'; there are {', '.join(MODELS)}")
    if model != "p1812":
        return sites
    reading = sites.attrs.get("reading")
    file = file or (reading.file if reading is not None else "sites")
    low, high = P1812_MHZ
    problems = []
    good = np.ones(len(sites), dtype=bool)
    for at, (row, mhz, height) in enumerate(
        zip(sites["row"], sites["frequency_mhz"], sites["height_m"], strict=True)
    ):
        if not low <= mhz <= high:  # NaN as well
            reason = (
                f"is {mhz:g} MHz; ITU-R P.1812 holds from {low:g} to {high:g} MHz. Use --model line-of-sight, "
                "which shows what is in view and predicts no level"
            )
            problems.append(Problem(int(row), "frequency_mhz", reason, f"{mhz:g}"))
        elif not height >= P1812_HEIGHT_M:
            reason = f"is {height:g} m; ITU-R P.1812 holds from {P1812_HEIGHT_M:g} m above ground"
            problems.append(Problem(int(row), "height_m", reason, f"{height:g}"))
        else:
            continue
        good[at] = False
    if problems and not allow_rejects:
        usable = f"{int(good.sum()):,} of {len(sites):,} sites usable"
        raise InputError(file, problems, summary=usable, hint=_HINT)
    if ledger is not None:
        ledger.refuse(file, problems)
    out = sites[good].reset_index(drop=True)
    out.attrs = dict(sites.attrs)
    return out


# ------------------------------------------------------------------ one site


def _completed(
    site: dict[str, Any],
    pattern: Pattern | None,
    counts: dict[tuple[str, str, str, float, str], list[int]],
    model: str,
) -> dict[str, Any] | Problem:
    """The figures of one site, or why it has to be refused; what was filled is counted."""
    row, technology = int(site["row"]), str(site["technology"])
    out: dict[str, Any] = {name: float(site[name]) for name in (*FILLED, "eirp_dbm")}
    found = technology_for(technology, out["frequency_mhz"])
    radiated = not math.isnan(out["eirp_dbm"])
    if technology == "LTE" and math.isnan(out["scs_khz"]):
        out["scs_khz"] = LTE_SCS_KHZ
    idle = _idle(site, pattern, radiated)
    missing = [n for n in FILLED if math.isnan(out[n]) and n not in idle]
    filled: list[str] = []
    for name in missing:
        own = _of_pattern(pattern, name)
        figure = Figure(own, f"of the pattern {site['pattern']}") if own is not None else None
        if figure is None and found is not None:
            figure = found.figures.get(name)
        if figure is None:
            continue
        out[name] = figure.value
        filled.append(name)
        label = found.id if found is not None and own is None else ""
        counts.setdefault((name, technology, label, figure.value, figure.source), []).append(row)
    power = [] if radiated or model != "p1812" else list(_RADIATED)
    needed = [n for n in (*_NEEDED[model], *power) if math.isnan(out[n])]
    if needed:
        known = ", ".join(dict.fromkeys(t.technology for t in load_technologies().values()))
        what = f"the technology '{technology}' is not known" if technology else "no technology is given"
        return Problem(
            row,
            "technology",
            f"{what}, so there is no default for {', '.join(needed)}; known are {known}",
            technology,
        )
    try:
        out["n_rb"] = resource_blocks(technology, out["bandwidth_mhz"], out["scs_khz"], out["frequency_mhz"])
    except UsageError as error:
        if model == "p1812":
            return Problem(row, "bandwidth_mhz", str(error), f"{out['bandwidth_mhz']:g}")
        out["n_rb"] = 0
    out["eirp_re_dbm"] = reference_eirp_dbm(
        technology,
        out["n_rb"],
        eirp_dbm=out["eirp_dbm"],
        power_dbm=out["power_dbm"],
        gain_dbi=out["gain_dbi"],
        feeder_loss_db=out["feeder_loss_db"],
    )
    if not radiated:
        out["eirp_dbm"] = out["power_dbm"] - out["feeder_loss_db"] + out["gain_dbi"]
    out["threshold_dbm"] = found.threshold_dbm if found is not None else math.nan
    out["default_filled"] = " ".join(filled)
    return out


_NEEDED = {"p1812": ("frequency_mhz", "height_m"), "line-of-sight": ("frequency_mhz", "height_m"), "disk": ()}


def _idle(site: dict[str, Any], pattern: Pattern | None, radiated: bool) -> tuple[str, ...]:
    """Figures that are of no use to this site."""
    out: tuple[str, ...] = _RADIATED if radiated else ()
    shaped = pattern is not None and (pattern.kind == TABLE or not pattern.directional)
    if shaped or math.isnan(site["azimuth_deg"]):
        out += ("beamwidth_deg",)
    return out


def _of_pattern(pattern: Pattern | None, name: str) -> float | None:
    """What an antenna says of itself."""
    if pattern is None or name not in ("gain_dbi", "tilt_deg"):
        return None
    value = pattern.gain_dbi if name == "gain_dbi" else pattern.tilt_deg
    return None if math.isnan(value) else value


def _sentences(
    counts: dict[tuple[str, str, str, float, str], list[int]], records: list[dict[str, Any]]
) -> list[str]:
    out = []
    total: dict[str, int] = {}
    for site in records:
        total[str(site["technology"])] = total.get(str(site["technology"]), 0) + 1
    for (name, technology, label, value, source), rows in sorted(counts.items(), key=_order):
        of = f"{total[technology]:,} {technology}" if technology else f"{total[technology]:,}"
        default = f"{label} default; {source}" if label else source
        out.append(
            f"{len(rows):,} of {of} site{'' if total[technology] == 1 else 's'} without {name} took "
            f"{value:g}{_UNITS[name]} ({default})"
        )
    return out


def _levels(sites: pd.DataFrame) -> list[str]:
    """What the level of each technology is, from which on a place counts as served, and where that comes from."""
    out = []
    keys = zip(sites["technology"].astype(str), sites["threshold_dbm"], strict=True)
    names = pd.Series([f"{name} {level:g}" for name, level in keys], index=sites.index)
    for _, group in sites.groupby(names, sort=True):
        technology, mhz = str(group["technology"].iloc[0]), float(group["frequency_mhz"].iloc[0])
        count = f"{len(group):,} {technology or 'unnamed'} site{'' if len(group) == 1 else 's'}"
        found = technology_for(technology, mhz)
        if found is None:
            out.append(
                f"{count} of a technology that is not known: the level is that of the whole carrier, which is "
                "no RSRP, and there is no threshold"
            )
            continue
        source = found.figures["threshold_dbm"].source
        level = REFERENCES[str(group["reference"].iloc[0])]
        out.append(f"{count}: served from {found.threshold_dbm:g} dBm on, {level} ({source})")
    return out


def _order(item: tuple[tuple[str, str, str, float, str], list[int]]) -> tuple[int, str, str, float]:
    (name, technology, label, value, _), _rows = item
    return FILLED.index(name), technology, label, value


_UNITS = {
    "frequency_mhz": " MHz", "bandwidth_mhz": " MHz", "scs_khz": " kHz", "height_m": " m", "power_dbm": " dBm",
    "gain_dbi": " dBi", "feeder_loss_db": " dB", "beamwidth_deg": " degrees", "tilt_deg": " degrees",
}  # fmt: skip
