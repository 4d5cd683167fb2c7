"""
What the values of a coverage raster can be, by quantity: limits that tell a wrong unit from a bold claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from notspot_geodata.text import Text


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What values and thresholds of a quantity can be.

    Attributes
    ----------
    lowest, highest
        Of a value, both included.
    least, most
        Of a threshold.
    """

    unit: str
    lowest: float
    highest: float
    least: float
    most: float


LIMITS: Mapping[str, Limits] = {
    # 3GPP TS 38.133 and 36.133 report RSRP from -156 to -31 dBm; models go lower where nothing is received
    "rsrp_dbm": Limits("dBm", -400.0, 0.0, -156.0, -31.0),
    "level_dbm": Limits("dBm", -400.0, 60.0, -200.0, 30.0),
    "mbps": Limits("Mbps", 0.0, 100_000.0, 0.01, 100_000.0),
    "probability": Limits("0 to 1", 0.0, 1.0, 0.0, 1.0),
    "covered": Limits("0 or 1", 0.0, 1.0, 0.0, 1.0),
}
KBPS_FROM = 20_000.0  # a map of Mbps whose fastest cell is beyond this is probably one of kbps
DBM_BELOW = -200.0  # no receiver measures it, and a map that has little else is no map of dBm
STRAY = 0.001  # of 'covered' rasters: values this close to 0 or 1 are 0 or 1


def threshold_problem(quantity: str, at_least: float) -> str:
    """Why a threshold cannot be of its quantity, and what was probably meant; "" where it can."""
    limits = LIMITS[quantity]
    if not isfinite(at_least):
        return f"must be a number, not {at_least:g}"
    if quantity in ("probability", "covered"):
        if 0 < at_least <= 1:
            return ""
        percent = f"; {at_least:g} % is {at_least / 100:g}" if 1 < at_least <= 100 else ""
        return f"is {at_least:g}, and a {_NAMES[quantity]} lies between 0 and 1{percent}"
    if limits.least <= at_least <= limits.most:
        return ""
    if quantity != "mbps" and limits.least <= -at_least <= limits.most:
        return f"is {at_least:+g} dBm, and {_NAMES[quantity]} in dBm is negative: {-at_least:g} is probably meant"
    span = f"{limits.least:g} to {limits.most:g}"
    return f"is {at_least:g} {limits.unit}; thresholds of {_NAMES[quantity]} are {span}"


def value_problem(
    quantity: str, lowest: float, highest: float, kinds: tuple[float, ...] | None = None
) -> str:
    """
    Why values from `lowest` to `highest` cannot be of a quantity; "" where they can.

    `kinds` are the different values where they are few.
    """
    limits = LIMITS[quantity]
    if quantity == "covered":
        odd = [value for value in kinds or (lowest, highest) if min(abs(value), abs(value - 1)) > STRAY]
        if kinds is None or odd:
            shown = ", ".join(f"{value:g}" for value in odd[:6]) or f"{lowest:g} to {highest:g}"
            return f"should hold 0 and 1 only, and holds {shown}; if it is a probability or a level, say so"
        return ""
    if quantity == "probability" and highest > 1 + STRAY:
        percent = (
            "these look like percent: divide them by 100" if highest <= 100 else "this is no probability"
        )
        return f"holds {highest:g} as a probability, which is 0 to 1; {percent}"
    if quantity == "mbps":
        if lowest < 0:
            return (
                f"holds {lowest:g} as a speed in Mbps; is a number meant as nodata, or is it a level in dBm?"
            )
        if highest > KBPS_FROM:
            return f"holds up to {highest:,.0f} as Mbps; these look like kbps: divide them by 1,000"
        return ""
    if lowest >= 0 and highest <= 1:
        return "holds 0 to 1 only as dBm; it looks like a probability, or a map of 0 and 1"
    if quantity == "rsrp_dbm" and highest >= 0:
        if highest == 0:
            return "holds 0 as RSRP in dBm, which is negative; is 0 meant as nodata?"
        return f"holds {highest:g} as RSRP in dBm, which is negative; is it a loss in dB, or dBµV/m?"
    if lowest < limits.lowest or highest > limits.highest:
        odd_one = lowest if lowest < limits.lowest else highest
        return f"holds {odd_one:g} as dBm; is a number meant as nodata?"
    if highest < DBM_BELOW:
        return f"holds nothing above {highest:g} dBm, which no receiver hears; is it another unit?"
    return ""


def threshold_remark(quantity: str, at_least: float, lowest: float, highest: float) -> Text | None:
    """A note where the threshold is possible, but no cell, or every cell, of the raster reaches it."""
    if at_least > highest:
        hint_zh = hint_en = ""
        if quantity == "mbps" and highest >= at_least / 1000 > 0 and at_least >= 1000:
            hint_zh, hint_en = "門檻是否以 kbps 表示？", " Is the threshold in kbps?"
        return Text(
            f"門檻 {at_least:g} 高於網格最大值 {highest:g}，無任何格達到。{hint_zh}",
            f"the threshold {at_least:g} is above every value (at most {highest:g}): no cell reaches it.{hint_en}",
        )
    if at_least <= lowest and quantity != "covered":
        hint_zh = hint_en = ""
        if quantity == "mbps" and lowest > 100 * at_least:
            hint_zh, hint_en = "數值是否以 kbps 表示？", " Are the values in kbps?"
        return Text(
            f"門檻 {at_least:g} 低於網格最小值 {lowest:g}，所有有值之格均達到。{hint_zh}",
            f"the threshold {at_least:g} is below every value (at least {lowest:g}): each cell with a value reaches it."
            f"{hint_en}",
        )
    return None


_NAMES = {
    "rsrp_dbm": "RSRP",
    "level_dbm": "a level",
    "mbps": "a speed",
    "probability": "probability",
    "covered": "value of 'covered'",
}
