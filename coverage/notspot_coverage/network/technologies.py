"""
The technologies of mobile networks: their usual figures as data, and the resource blocks of their carriers.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from notspot_geodata.errors import UsageError

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


def _list(table: Mapping[float, object]) -> str:
    return ", ".join(f"{key:g}" for key in table)
