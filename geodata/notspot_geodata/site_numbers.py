"""
The numbers of base stations as tables have them: with or without units, within what can be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from notspot_geodata.errors import Problem
from notspot_geodata.site_columns import (
    ERP_TO_EIRP_DB,
    SiteColumn,
    bands,
    has_unit,
    is_missing,
    measured,
    plain,
)

Floats = NDArray[np.float64]

# What cannot be: a value outside is a slip of the pen or of the unit, and its row is refused.
HEIGHT_M = 3000.0  # antennas above ground, ITU-R P.1812 §1.1: 1 to 3000 m
EIRP_DBM = (-30.0, 80.0)  # 1 µW, less than any base station, to 100 kW, more than any 5G panel (about 78)
POWER_DBM = (-30.0, 60.0)  # to 1 kW: the largest radio units send 320 W (55 dBm)
GAIN_DBI = (-20.0, 50.0)  # a whip bent over a roof, to a dish of 3 m at 6 GHz
FEEDER_LOSS_DB = (0.0, 30.0)  # 300 m of thin cable; a loss below 0 is a gain with the wrong sign
FREQUENCY_MHZ = 300_000.0  # the top of EHF, Radio Regulations 2.1; which model holds where is not asked here
BANDWIDTH_MHZ = 2_000.0  # the widest carrier, TS 38.104 §5.3.2 (FR2-2)
SCS_KHZ = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0)  # TS 38.211 table 4.2-1
DISAGREE_DB = (
    3.0  # one value against another of the same: more than one rounding or one jumper cable explains
)


class SiteNumbers:
    """
    The number columns of a table of base stations, each read once, with every problem and note kept.

    Every method gives shape (n,), NaN where the file says nothing or something that cannot be.
    """

    def __init__(self, columns: dict[str, SiteColumn], rows: list[int]) -> None:
        self.columns = columns
        self.rows = rows
        self.notes: list[str] = []
        self.problems: list[Problem] = []

    def numbers(
        self,
        meaning: str,
        default: str,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        above: bool = False,
        words: Sequence[str] = (),
    ) -> Floats:
        """
        Numbers of a column within `low` and `high` (`low` itself not with `above`), NaN elsewhere.

        `default` is the unit of a header that has none, which is said; cells of `words` say that there is none.
        """
        out = np.full(len(self.rows), np.nan)
        column = self.columns.get(meaning)
        if column is None:
            return out
        quantity = column.quantity
        assert quantity is not None
        if column.unit is None and quantity != "angle" and not self._all_with_unit(column):
            self.notes.append(f"'{column.written}' has no unit; it is read as {_UNIT_NAMES[default]}")
        for i, cell in enumerate(column.cells):
            if words and plain(cell).lower() in words:
                continue
            value, reason = _single(cell, quantity, column.unit or default)
            if (
                not reason
                and not math.isnan(value)
                and not (low <= value <= high and (not above or value > low))
            ):
                span = f"above {low:g} and up to {high:g}" if above else f"{low:g} to {high:g}"
                reason = f"is {value:g} {_UNIT_NAMES[default]}, which cannot be; {span} is possible"
            if reason:
                self._refuse(i, meaning, reason, plain(cell))
            else:
                out[i] = value
        return out

    def _all_with_unit(self, column: SiteColumn) -> bool:
        assert column.quantity is not None
        return all(is_missing(c) or has_unit(c, column.quantity) for c in column.cells)

    def powers(self, meaning: str, span: tuple[float, float], offset: float = 0.0) -> Floats:
        """dBm; a power without a unit is refused, because 40 may be 40 W or 40 dBm (10 W)."""
        column = self.columns.get(meaning)
        if column is None:
            return np.full(len(self.rows), np.nan)
        if column.unit is None and not self._all_with_unit(column):
            message = "has no unit: 40 may be 40 dBm (10 W) or 40 W (46 dBm)"
            name = f"{meaning}_dbm or {meaning}_w"
            self.problems.append(Problem(None, column.written, f"{message}; name the column {name}"))
            return np.full(len(self.rows), np.nan)
        out = np.full(len(self.rows), np.nan)
        for i, cell in enumerate(column.cells):
            value, reason = _single(cell, "power", column.unit)
            value += offset
            if not reason and not math.isnan(value) and not span[0] <= value <= span[1]:
                watts = 10 ** (value / 10 - 3) if value <= 150 else 0.0
                meant = (
                    "; are these watts?" if value > span[1] and column.unit == "dbm" and value <= 1000 else ""
                )
                size = f" ({watts:,.0f} W)" if watts >= 1 else ""
                reason = f"is {value:g} dBm{size}, which cannot be; {span[0]:g} to {span[1]:g} dBm is possible{meant}"
            if reason:
                self._refuse(i, meaning, reason, plain(cell))
            else:
                out[i] = value
        return out

    def eirp(self) -> Floats:
        """dBm: EIRP as given, else from e.r.p."""
        given = self.powers("eirp", EIRP_DBM)
        erp = self.powers("erp", EIRP_DBM, ERP_TO_EIRP_DB)
        for i in np.flatnonzero(np.abs(given - erp) > DISAGREE_DB):
            self._refuse(int(i), "eirp", f"is {given[i]:.1f} dBm, but e.r.p. says {erp[i]:.1f} dBm EIRP", "")
        taken = np.isnan(given) & ~np.isnan(erp)
        if taken.any():
            said = f"e.r.p. became EIRP by +{ERP_TO_EIRP_DB} dB"
            self.notes.append(f"'{self.columns['erp'].written}': {said} in {int(taken.sum()):,} rows")
        return np.where(taken, erp, given)

    def frequencies(self) -> Floats:
        own, band = (self._frequency(meaning) for meaning in ("frequency", "band"))
        return np.where(np.isnan(own), band, own)

    def _frequency(self, meaning: str) -> Floats:
        out = np.full(len(self.rows), np.nan)
        column = self.columns.get(meaning)
        if column is None:
            return out
        named: list[int] = []
        bare: list[int] = []
        for i, cell in enumerate(column.cells):
            found = _BAND.fullmatch(plain(cell).lower())
            if found and int(found[1]) in bands():
                out[i] = bands()[int(found[1])]
                named.append(i)
                continue
            value, reason = _single(cell, "frequency", column.unit)
            if reason:
                self._refuse(i, meaning, reason, plain(cell))
                continue
            if column.unit is None and not math.isnan(value) and not has_unit(cell, "frequency"):
                bare.append(i)
            out[i] = value
        if named:
            said = "band names stand for the middle of the band's downlink"
            self.notes.append(f"'{column.written}': {len(named):,} {said} ({plain(column.cells[named[0]])})")
        if bare and not self._guess_unit(column, out, bare):
            return np.full(len(self.rows), np.nan)
        for i in map(int, np.flatnonzero(~np.isnan(out) & ~((out > 0) & (out <= FREQUENCY_MHZ)))):
            message = f"is {out[i]:g} MHz, which is no radio frequency"
            self._refuse(i, meaning, message, plain(column.cells[i]))
            out[i] = np.nan
        return out

    def _guess_unit(self, column: SiteColumn, values: Floats, bare: list[int]) -> bool:
        """The unit of frequencies without one, where all fit the same; said, or the file refused."""
        found = np.abs(values[bare])
        found = found[found > 0]
        fits = [
            unit
            for unit, (low, high) in _LIKELY.items()
            if len(found) and ((found >= low) & (found <= high)).all()
        ]
        if column.meaning == "band" and "GHz" in fits and (found % 1 == 0).all():
            fits = []  # 28 is a band of 700 MHz as well as 28 GHz
        if not len(found) or len(fits) == 1:
            factor = {"Hz": 1e-6, "MHz": 1.0, "GHz": 1e3}[fits[0] if fits else "MHz"]
            values[bare] *= factor
            if fits:
                self.notes.append(f"'{column.written}' has no unit; by its values it is {fits[0]}")
            return True
        span = f"{found.min():g} to {found.max():g}"
        message = f"has no unit and its values ({span}) do not tell it; name the column frequency_mhz"
        also = ", or write bands as B28 or n78" if column.meaning == "band" else ""
        self.problems.append(Problem(None, column.written, message + also))
        return False

    def spacings(self) -> Floats:
        """Subcarrier spacing in kHz."""
        column = self.columns.get("scs")
        if column is not None and column.unit is None:
            column.unit = "khz"  # no other is in use
        mhz = self.numbers("scs", "khz")
        khz = np.round(mhz * 1e3, 6)
        for i in np.flatnonzero(~np.isnan(khz) & ~np.isin(khz, SCS_KHZ)):
            known = ", ".join(f"{s:g}" for s in SCS_KHZ)
            self._refuse(int(i), "scs", f"is {khz[i]:g} kHz; the spacings are {known} kHz", f"{khz[i]:g}")
            khz[i] = np.nan
        return khz

    def azimuths(self) -> Floats:
        """Degrees clockwise from north, 0 up to but not 360."""
        out = self.numbers("azimuth", "deg", 0.0, 360.0, words=_OMNI)
        return np.where(out == 360.0, 0.0, out)

    def tilts(self) -> Floats:
        """Downtilt in all: the total where it is given, else electrical and mechanical together."""
        total, electrical, mechanical = (
            self.numbers(m, "deg", -90.0, 90.0) for m in ("tilt", "tilt_electrical", "tilt_mechanical")
        )
        either = ~(np.isnan(electrical) & np.isnan(mechanical))
        both = np.where(either, np.nan_to_num(electrical) + np.nan_to_num(mechanical), np.nan)
        for i in np.flatnonzero(np.abs(both) > 90):
            self._refuse(int(i), "tilt", f"adds up to {both[i]:g} degrees, more than 90", f"{both[i]:g}")
        for i in np.flatnonzero(np.abs(total - both) > 0.5):
            said = f"is {total[i]:g} degrees, but electrical and mechanical tilt add up to {both[i]:g}"
            self._refuse(int(i), "tilt", said, f"{total[i]:g}")
        return np.where(np.isnan(total), both, total)

    # -------------------------------------------------------------- whole rows

    def _refuse(self, i: int, name: str, reason: str, value: str) -> None:
        column = self.columns.get(name)
        self.problems.append(Problem(self.rows[i], column.written if column else name, reason, value[:80]))


def _single(cell: object, quantity: str, unit: str | None) -> tuple[float, str]:
    """`measured`; a list of numbers in one cell is told as such."""
    value, reason = measured(cell, quantity, unit)
    text = plain(cell)
    if reason and len(text) <= 40 and _SEVERAL.fullmatch(text):
        reason = f"'{text[:40]}' is several values; write one row a sector and carrier"
    return value, reason


_SEVERAL = re.compile(
    r"[a-zA-Z]?\d+(\.\d+)?\D{0,3}((\s*[/、;+&~]\s*|,\s+|,(?=.*,))[a-zA-Z]?\d+(\.\d+)?\D{0,3})+"
)
_UNIT_NAMES = {"mhz": "MHz", "khz": "kHz", "m": "m", "dbm": "dBm", "dbi": "dBi", "db": "dB", "deg": "degrees"}
_BAND = re.compile(r"(?:b|n|band\s?)(\d{1,3})")
_LIKELY = {"GHz": (0.4, 100.0), "MHz": (400.0, 100_000.0), "Hz": (4e8, 1e11)}  # of mobile networks; apart
_OMNI = ("omni", "omnidirectional", "全向", "全向性", "無指向性", "o")
