"""
What a column of a table of base stations means, and what its cells say: numbers with their units.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from notspot_geodata.cells import MISSING, number
from notspot_geodata.text import tidy

ERP_TO_EIRP_DB = 2.15  # gain of a half-wave dipole over an isotropic antenna, 10 log10(1.64)
DBD_TO_DBI_DB = ERP_TO_EIRP_DB
FOOT_M = 0.3048  # international foot


def _times(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


def _plus(decibels: float) -> Callable[[float], float]:
    return lambda value: value + decibels


def _watts(factor: float) -> Callable[[float], float]:
    return lambda value: 30.0 + 10.0 * math.log10(value * factor) if value > 0 else math.nan


# by quantity: unit as written (lower case) → the value in MHz, m, dBm, dBi, dB or degrees
UNITS: dict[str, dict[str, Callable[[float], float]]] = {
    "frequency": {
        **dict.fromkeys(("mhz", "兆赫", "百萬赫", "百萬赫茲", "兆赫茲"), _times(1.0)),
        **dict.fromkeys(("ghz", "吉赫", "十億赫", "吉赫茲"), _times(1e3)),
        **dict.fromkeys(("khz", "千赫", "千赫茲"), _times(1e-3)),
        **dict.fromkeys(("hz", "赫", "赫茲"), _times(1e-6)),
    },
    "length": {
        **dict.fromkeys(("m", "meter", "meters", "metre", "metres", "公尺", "米"), _times(1.0)),
        **dict.fromkeys(("ft", "feet", "foot", "英尺", "英呎", "呎"), _times(FOOT_M)),
    },
    "power": {
        "dbm": _plus(0.0),
        "dbw": _plus(30.0),
        **dict.fromkeys(("w", "watt", "watts", "瓦", "瓦特"), _watts(1.0)),
        **dict.fromkeys(("kw", "千瓦"), _watts(1e3)),
        **dict.fromkeys(("mw", "毫瓦"), _watts(1e-3)),
    },
    "gain": {"dbi": _plus(0.0), "dbd": _plus(DBD_TO_DBI_DB), "db": _plus(0.0)},
    "loss": {"db": _plus(0.0)},
    "angle": dict.fromkeys(("deg", "degs", "degree", "degrees", "°", "度"), _times(1.0)),
}
_ALL_UNITS = {unit for units in UNITS.values() for unit in units}
_LOOSE = {"度", "赫", "米"}  # ends of other words (高度, 經度): units only in brackets or after a sign
_BRACKETS = re.compile(r"[(（\[【](.*?)[)）\]】]")


@dataclass(slots=True)
class SiteColumn:
    """
    One column whose meaning is known.

    `meaning` is a table of ``site_columns.toml``; `unit` as the header has it, None where it has none;
    `cells` as the file has them, one a row.
    """

    meaning: str
    written: str
    unit: str | None
    cells: list[Any] = field(default_factory=list)

    @property
    def quantity(self) -> str | None:
        """Which units its numbers may have; None for text."""
        return _meanings()[1].get(self.meaning)


def site_column(*headers: str) -> SiteColumn | None:
    """The meaning of a column under one or two headers; None where it is not one of a base station."""
    for header in headers:
        clean = tidy(header).lower()
        if not clean or len(clean) > 60:
            continue
        inside = [t for b in _BRACKETS.findall(clean) for t in re.split(r"[\s,，、;；/]+", b) if t]
        stem, unit = _unit_off(_BRACKETS.sub("", clean))
        unit = next((t for t in inside if t in _ALL_UNITS), unit)
        known, quantities, _ = _meanings()
        meaning = known.get(_key(stem))
        said = next((_key(t) for t in inside if _key(t) in ("eirp", "erp")), None)
        if meaning == "power" and said:
            meaning = said
        if meaning is None:
            continue
        if unit is not None and unit not in UNITS.get(quantities.get(meaning, ""), {}):
            unit = None  # not a unit of this quantity: "gain %"
        return SiteColumn(meaning, tidy(header), unit)
    return None


def bands() -> Mapping[int, float]:
    """The middle of the downlink, in MHz, of the bands in use, by their 3GPP number."""
    return _meanings()[2]


def is_missing(cell: object) -> bool:
    """Whether a cell says nothing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return str(cell) == "<NA>" or tidy(str(cell)) in MISSING


def plain(cell: object) -> str:
    """A cell as text: tidied, whole numbers without their point, nothing for a missing one."""
    if is_missing(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return tidy(str(cell))


_WITH_UNIT = re.compile(r"([-+−]?[\d.,]*\d\.?)\s*([a-z°公尺米呎英兆百萬千毫吉赫茲瓦特度]+)")


def measured(cell: object, quantity: str, unit: str | None) -> tuple[float, str]:
    """
    The number in a cell in the unit of its quantity (`UNITS`), or NaN and the reason why it has none.

    A unit in the cell itself (``3.5 GHz``) goes before `unit`, that of the header; without either the number
    is returned as it stands.
    """
    if is_missing(cell):
        return math.nan, ""
    units = UNITS[quantity]
    text = plain(cell)
    found = _WITH_UNIT.fullmatch(text.lower())
    if found and found[2] in units:
        text, unit = found[1], found[2]
    value, reason = number(text)
    if value is None:
        return math.nan, reason
    if unit is None:
        return value, ""
    out = units[unit](value)
    if math.isnan(out):
        return math.nan, f"'{text}' {unit} is no power"
    return out, ""


def has_unit(cell: object, quantity: str) -> bool:
    """Whether the cell itself says its unit."""
    found = _WITH_UNIT.fullmatch(plain(cell).lower())
    return bool(found) and found[2] in UNITS[quantity] if found else False


def _unit_off(header: str) -> tuple[str, str | None]:
    """A header without the unit at its end, and the unit; the whole header where that is known as it is."""
    if _key(header) in _meanings()[0]:
        return header, None
    parts = re.split(r"[\s_\-/:：,，]+", header.strip())
    parts = [p for p in parts if p]
    if len(parts) > 1 and parts[-1] in _ALL_UNITS:
        return "_".join(parts[:-1]), parts[-1]
    tail = re.fullmatch(r"(.*[\u4e00-\u9fff])([a-z]+)", header.strip())
    if tail and tail[2] in _ALL_UNITS:
        return tail[1], tail[2]
    for unit in sorted(_ALL_UNITS - _LOOSE, key=len, reverse=True):
        if not unit.isascii() and header.endswith(unit) and len(header) > len(unit):
            return header[: -len(unit)], unit
    return header, None


def _key(header: str) -> str:
    return re.sub(r"[\s_\-.、/:：*\"'°]", "", header)


@cache
def _meanings() -> tuple[dict[str, str], dict[str, str], dict[int, float]]:
    """Meaning by header, quantity by meaning, and the bands."""
    data = files("notspot_geodata") / "data" / "site_columns.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    centre = {int(band): float(mhz) for band, mhz in table.pop("bands").items()}
    known = {_key(h): name for name, entry in table.items() for h in (*entry["headers"], name)}
    return known, {n: e["quantity"] for n, e in table.items() if "quantity" in e}, centre


# ------------------------------------------------------------------ words


def technology(cell: object) -> str:
    """``NR``, ``LTE``, ``WCDMA`` or ``GSM`` of what people write; two at once or another word stay as they are."""
    text = plain(cell)
    found = [name for name, pattern in _TECHNOLOGIES if re.search(pattern, text.lower())]
    return found[0] if len(found) == 1 else text


def polarisation(cell: object) -> int | None:
    """1 horizontal, 2 vertical, 0 where none is given or both are sent; None where it is not understood."""
    return _POLARISATIONS.get(plain(cell).lower().replace(" ", ""))


_TECHNOLOGIES = (
    ("NR", r"5g|(?<![a-z])nr(?![a-z])|gnb|gnodeb|第五代"),
    ("LTE", r"4g|lte|(?<![a-z])enb|enodeb|第四代"),
    ("WCDMA", r"3g(?!pp)|wcdma|umts|hspa|第三代"),
    ("GSM", r"2g|gsm|第二代"),
)
_POLARISATIONS = {
    **dict.fromkeys(("h", "horizontal", "水平", "水平極化", "1"), 1),
    **dict.fromkeys(("v", "vertical", "垂直", "垂直極化", "2"), 2),
    **dict.fromkeys(
        ("", "0", "x", "xpol", "x-pol", "cross", "crosspolar", "dual", "slant", "±45", "+/-45", "+45/-45", "45",
         "-45", "±45°", "雙極化", "交叉極化", "斜極化", "hv", "h/v", "v/h", "m"), 0,
    ),
}  # fmt: skip
