"""
The link budget of a network: what a list of sites leaves out, and the power of one resource element.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger

SUBCARRIERS = 12  # of a resource block: TS 36.211 §6.2.3, TS 38.211 §4.4.4.1
CPICH_DB = -10.0  # of the carrier: the pilot's share that TS 25.101 table C.3 assumes, and the usual one
P1812_MHZ = (30.0, 6000.0)  # ITU-R P.1812 §1: 30 MHz to 6 GHz
P1812_HEIGHT_M = 1.0  # ITU-R P.1812 table 1: antennas from 1 m above ground
MODELS = ("p1812", "line-of-sight", "disk")

FILLED = (
    "frequency_mhz", "bandwidth_mhz", "scs_khz", "height_m", "power_dbm", "gain_dbi", "feeder_loss_db",
    "beamwidth_deg", "tilt_deg",
)  # fmt: skip
_RADIATED = ("power_dbm", "gain_dbi", "feeder_loss_db")  # not needed where the EIRP is given

# Resource blocks by carrier bandwidth in MHz.
LTE_BLOCKS = {1.4: 6, 3.0: 15, 5.0: 25, 10.0: 50, 15.0: 75, 20.0: 100}  # TS 36.104 table 5.6-1
NR_BLOCKS: dict[float, dict[float, int]] = {
    # TS 38.104 table 5.3.2-1 (FR1), by subcarrier spacing in kHz
    15.0: {3: 15, 5: 25, 10: 52, 15: 79, 20: 106, 25: 133, 30: 160, 35: 188, 40: 216, 45: 242, 50: 270},
    30.0: {5: 11, 10: 24, 15: 38, 20: 51, 25: 65, 30: 78, 35: 92, 40: 106, 45: 119, 50: 133, 60: 162, 70: 189,
           80: 217, 90: 245, 100: 273},
    60.0: {10: 11, 15: 18, 20: 24, 25: 31, 30: 38, 35: 44, 40: 51, 45: 58, 50: 65, 60: 79, 70: 93, 80: 107,
           90: 121, 100: 135},
}  # fmt: skip
NR_BLOCKS_FR2: dict[float, dict[float, int]] = {
    # TS 38.104 table 5.3.2-2 (FR2-1: above 24.25 GHz)
    60.0: {50: 66, 100: 132, 200: 264},
    120.0: {50: 32, 100: 66, 200: 132, 400: 264},
}
FR2_MHZ = 24_250.0  # TS 38.104 table 5.1-1


@dataclass(frozen=True, slots=True)
class Figure:
    """One default: `value` in the unit of its name, and the `source` in words."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Technology:
    """The defaults of one technology in one band; `default` where its frequency is not given either."""

    id: str
    technology: str
    default: bool
    figures: Mapping[str, Figure]

    def value(self, name: str) -> float:
        """The figure `name`, NaN where this technology has none."""
        return self.figures[name].value if name in self.figures else math.nan

    @property
    def threshold_dbm(self) -> float:
        """Level of the reference (`reference_eirp_dbm`) from which a place counts as served."""
        return self.value("threshold_dbm")


@cache
def load_technologies() -> dict[str, Technology]:
    """The technologies that ship with Notspot, by id, in the order of ``data/technologies.toml``."""
    data = files("notspot_coverage") / "data" / "technologies.toml"
    table: dict[str, Any] = tomllib.loads(data.read_text(encoding="utf-8"))
    sources = table.pop("sources")
    out = {}
    for name, entry in table.items():
        figures = {
            key: Figure(float(cell["value"]), sources[cell["source"]])
            for key, cell in entry.items()
            if isinstance(cell, dict)
        }
        out[name] = Technology(name, entry["technology"], bool(entry.get("default")), figures)
    return out


def technology_for(technology: str, frequency_mhz: float) -> Technology | None:
    """The defaults that apply: of the nearest band (by ratio) of a technology; None where it has none."""
    known = [t for t in load_technologies().values() if t.technology == technology]
    if not known:
        return None
    if math.isnan(frequency_mhz):
        return next(t for t in known if t.default)
    return min(known, key=lambda t: abs(math.log(t.value("frequency_mhz") / frequency_mhz)))


def complete(
    sites: pd.DataFrame,
    *,
    patterns: Mapping[str, Any] | None = None,
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
    patterns
        By the names in ``pattern`` (`antennas.load_patterns`): a measured antenna brings its own gain and
        electrical tilt, which go before those of the technology.
    ledger, allow_rejects
        With `allow_rejects` sites that cannot be completed are left out and entered into the ledger.

    Returns
    -------
    completed, said
        The sites with NaN filled by technology, and in addition ``eirp_re_dbm`` (peak EIRP of the
        reference, dBm: `reference_eirp_dbm`), ``n_rb`` (resource blocks, 0 where there are none),
        ``threshold_dbm`` and ``default_filled`` (names of the filled columns, with blanks between);
        and a sentence for each figure that was filled, with its source.

    Raises
    ------
    InputError
        Sites that cannot be completed, all of them: no technology or an unknown one and a figure missing,
        a bandwidth that the technology does not have.
    """
    reading = sites.attrs.get("reading")
    file = file or (reading.file if reading is not None else "sites")
    records = sites.to_dict("records")
    problems: list[Problem] = []
    counts: dict[tuple[str, str, str, float, str], list[int]] = {}
    kept: list[int] = []
    new: list[dict[str, Any]] = []
    for at, site in enumerate(records):
        done = _completed(site, (patterns or {}).get(str(site["pattern"])), counts)
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
    out["default_filled"] = [site["default_filled"] for site in new]
    out.attrs = dict(sites.attrs)
    return out, _sentences(counts, records)


_HINT = "Complete the file, or pass --allow-rejects to go on without these sites (see rejects.csv)."


def resource_blocks(
    technology: str, bandwidth_mhz: float, scs_khz: float, frequency_mhz: float = math.nan
) -> int:
    """
    Resource blocks of a carrier; 0 of a technology that has none (GSM, WCDMA, others).

    TS 36.104 table 5.6-1 (LTE); TS 38.104 tables 5.3.2-1 and, from 24.25 GHz on, 5.3.2-2 (NR).

    Raises
    ------
    UsageError
        A bandwidth or spacing that the technology does not have; the message lists those it has.
    """
    if technology not in ("LTE", "NR"):
        return 0
    if technology == "LTE":
        if bandwidth_mhz not in LTE_BLOCKS:
            raise UsageError(
                f"LTE has no carrier of {bandwidth_mhz:g} MHz; there are {_list(LTE_BLOCKS)} MHz"
            )
        return LTE_BLOCKS[bandwidth_mhz]
    table = NR_BLOCKS_FR2 if frequency_mhz >= FR2_MHZ else NR_BLOCKS
    if scs_khz not in table:
        where = "above" if table is NR_BLOCKS_FR2 else "below"
        raise UsageError(
            f"NR {where} 24.25 GHz has no subcarrier spacing of {scs_khz:g} kHz; there are {_list(table)} kHz"
        )
    if bandwidth_mhz not in table[scs_khz]:
        raise UsageError(
            f"NR with {scs_khz:g} kHz has no carrier of {bandwidth_mhz:g} MHz; there are {_list(table[scs_khz])} MHz"
        )
    return table[scs_khz][bandwidth_mhz]


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
    site: dict[str, Any], pattern: Any, counts: dict[tuple[str, str, str, float, str], list[int]]
) -> dict[str, Any] | Problem:
    """The figures of one site, or why it has to be refused; what was filled is counted."""
    row, technology = int(site["row"]), str(site["technology"])
    out: dict[str, Any] = {name: float(site[name]) for name in (*FILLED, "eirp_dbm")}
    found = technology_for(technology, out["frequency_mhz"])
    radiated = not math.isnan(out["eirp_dbm"])
    missing = [n for n in FILLED if math.isnan(out[n]) and not (radiated and n in _RADIATED)]
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
    needed = [n for n in _NEEDED if math.isnan(out[n])] + _no_power(out, radiated)
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
        return Problem(row, "bandwidth_mhz", str(error), f"{out['bandwidth_mhz']:g}")
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


_NEEDED = ("frequency_mhz", "height_m")


def _no_power(out: dict[str, Any], radiated: bool) -> list[str]:
    return [] if radiated else [n for n in _RADIATED if math.isnan(out[n])]


def _of_pattern(pattern: Any, name: str) -> float | None:
    """What a measured antenna says itself."""
    value = {"gain_dbi": "gain_dbi", "tilt_deg": "tilt_deg"}.get(name)
    found = getattr(pattern, value, None) if pattern is not None and value else None
    return None if found is None or math.isnan(found) else float(found)


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


def _order(item: tuple[tuple[str, str, str, float, str], list[int]]) -> tuple[int, str, str, float]:
    (name, technology, label, value, _), _rows = item
    return FILLED.index(name), technology, label, value


_UNITS = {
    "frequency_mhz": " MHz", "bandwidth_mhz": " MHz", "scs_khz": " kHz", "height_m": " m", "power_dbm": " dBm",
    "gain_dbi": " dBi", "feeder_loss_db": " dB", "beamwidth_deg": " degrees", "tilt_deg": " degrees",
}  # fmt: skip


def _list(table: Mapping[float, object]) -> str:
    return ", ".join(f"{key:g}" for key in table)
