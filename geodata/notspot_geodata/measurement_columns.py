"""
What a column of a table of measurements means, and what its words say: operators, kinds, outcomes.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from notspot_geodata.text import tidy

KINDS = ("drive", "speed", "complaint", "crowd")
QUANTITIES = {
    "download": "download_mbps",
    "upload": "upload_mbps",
    "rsrp": "rsrp_dbm",
    "latency": "latency_ms",
}
FACTORS = {
    "mbps": 1.0, "kbps": 1e-3, "bps": 1e-6, "gbps": 1e3,
    "dbm": 1.0, "ms": 1.0, "s": 1e3, "us": 1e-3,
}  # from the unit of a header to the one of `QUANTITIES`  # fmt: skip
_UNIT_WORDS = {
    "mbit/s": "mbps", "mb/s": "mbps", "mbits/s": "mbps", "kbit/s": "kbps", "kb/s": "kbps", "bit/s": "bps",
    "gbit/s": "gbps", "msec": "ms", "毫秒": "ms", "秒": "s", "sec": "s", "µs": "us", "μs": "us",
}  # fmt: skip
_BRACKETS = re.compile(r"[(（\[【](.*?)[)）\]】]")


@dataclass(frozen=True, slots=True)
class MeasurementColumn:
    """
    A column whose meaning is known: a table of ``measurement_columns.toml``, and the unit of its numbers.

    `unit` is None for text, and where a header of numbers has none and none can be assumed.
    """

    meaning: str
    written: str
    unit: str | None = None
    units: tuple[str, ...] = ()


def measurement_column(header: str) -> MeasurementColumn | None:
    """The meaning of a column by its header; None where it is not one of a measurement."""
    clean = tidy(header).lower()
    if not clean or len(clean) > 60:
        return None
    known = _tables()[0]
    if (whole := known.get(_key(clean))) is not None:  # 'ss-rsrp' ends in no unit
        return _column(whole, header, None)
    inside = [_unit(text) for text in _BRACKETS.findall(clean)]
    stem = _BRACKETS.sub("", clean).strip()
    unit = next((u for u in inside if u), None)
    if unit is None:
        parts = [p for p in re.split(r"[\s_\-:：]+", stem) if p]
        if len(parts) > 1 and (unit := _unit(parts[-1])):
            stem = "_".join(parts[:-1])
        elif tail := re.fullmatch(r"(.*[\u4e00-\u9fff])([a-z/]+)", stem):
            stem, unit = (tail[1], _unit(tail[2])) if _unit(tail[2]) else (stem, None)
    meaning = known.get(_key(stem))
    return None if meaning is None else _column(meaning, header, unit)


def operator_name(text: str) -> str:
    """
    An operator as Notspot calls it: ``CHT``, ``466-92`` and ``中華電信股份有限公司`` are 中華電信; others as written.

    Blanks, case, 臺/台 and the form of the company make no difference to what is known.
    """
    clean = tidy(text)
    return _tables()[1].get(_operator_key(clean), clean)


def known_operators() -> tuple[str, ...]:
    """The operators that have more than one spelling here, as Notspot calls them."""
    return tuple(dict.fromkeys(_tables()[1].values()))


def kind_of_test(text: str) -> str | None:
    """One of `KINDS`; None where the word is not known."""
    return _tables()[2].get(tidy(text).lower())


def has_failed(text: str) -> bool | None:
    """What a word says of a test's outcome; None where it is not known. ``1``, ``true`` and 成功 are success."""
    return _tables()[3].get(tidy(text).lower())


def _column(meaning: str, header: str, unit: str | None) -> MeasurementColumn:
    entry = _tables()[4][meaning]
    units = tuple(entry.get("units", ()))
    if unit is None and units and entry.get("assumed") and not _BRACKETS.search(header):
        unit = units[0]
    unit = unit if unit in units else None
    return MeasurementColumn(meaning, tidy(header), unit, units)


def _unit(text: str) -> str | None:
    word = _UNIT_WORDS.get(text.strip(), text.strip())
    return word if word in FACTORS else None


def _key(header: str) -> str:
    return re.sub(r"[\s_\-.、/:：*\"'°]", "", header)


def _operator_key(text: str) -> str:
    return re.sub(r"(股份)?有限公司|\s|,|\.|-|co\b|ltd\b", "", text.casefold().replace("臺", "台"))


@cache
def _tables() -> tuple[
    dict[str, str], dict[str, str], dict[str, str], dict[str, bool], dict[str, dict[str, Any]]
]:
    """Meaning by header, operator by spelling, kind by word, whether a word is a failure, and the columns."""
    data = files("notspot_geodata") / "data" / "measurement_columns.toml"
    table = tomllib.loads(data.read_text(encoding="utf-8"))
    operators, kinds, outcomes = (table.pop(name) for name in ("operators", "kinds", "outcomes"))
    headers = {_key(h): name for name, entry in table.items() for h in (*entry["headers"], name)}
    spelled = {_operator_key(s): name for name, also in operators.items() for s in (name, *also)}
    words = {word: kind for kind, also in kinds.items() for word in also}
    said = {word: what == "failed" for what, also in outcomes.items() for word in also}
    return headers, spelled, words, said, table
