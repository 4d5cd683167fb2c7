"""
One cell of a table: a number or a date as people in Taiwan write it.

Each function returns the value and no reason, or no value and the reason, never a guess.
"""

from __future__ import annotations

import math
import re
from datetime import date

from notspot_geodata.text import tidy

MISSING = {
    "",
    "-",
    "--",
    "—",
    "–",
    "…",
    "...",
    "NA",
    "N/A",
    "NULL",
    "null",
    "None",
    "nan",
    "NaN",
    "無",
    "無資料",
    "不詳",
}
# what statistics offices write where there is no figure; an empty cell is unknown, never 0

EARLIEST = 35  # years written with two digits and separators: no table here is older than 1946
ROC = 1911  # years of the Republic begin in 1912, its year 1

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?([eE][+-]?\d+)?|[+-]?\.\d+", re.ASCII)
_MISTYPED = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "〇": "0"})


def number(text: str) -> tuple[float | None, str]:
    """
    A number: full-width digits, thousands separators, padding; a percent sign or a unit is not taken off.

    Returns
    -------
    value, reason
        ``(None, "")`` where the cell says that there is no figure; ``(None, reason)`` where it is no number.
    """
    clean = tidy(text)
    if clean in MISSING:
        return None, ""
    clean = clean.replace("−", "-").replace("，", ",")
    if _NUMBER.fullmatch(clean):
        value = float(clean.replace(",", ""))
        if not math.isfinite(value):
            return None, f"'{text.strip()[:40]}' is too large for a number"
        return value, ""
    if _NUMBER.fullmatch(clean.translate(_MISTYPED)):
        wrong = next(char for char in clean if char in "OolI〇")
        return None, f"'{text.strip()}' is not a number (letter {wrong}?)"
    if re.fullmatch(r"[+-]?\d[\d,]*(\.\d+)?", clean):
        return None, f"'{text.strip()}' is not a number (a thousands separator stands in the wrong place)"
    if re.fullmatch(r"[+-]?[\d,]+(\.\d+)?\s*%", clean):
        return None, f"'{text.strip()}' is a percentage where a number is needed"
    return None, f"'{text.strip()[:40]}' is not a number"


def roc_date(text: str) -> tuple[str | None, str]:
    """
    A date, month or year as ISO 8601 text of the same precision: ``2021-12-31``, ``2021-12``, ``2021``.

    Read are the Republic's calendar (``1101231``, ``11012``, ``110-07``, ``111/11``, ``103年1月20日``,
    ``民國110年``, ``110年底`` as the year) and the common one (``20211231``, ``2021/12/31``, ``2021-03``).
    """
    clean = tidy(text)
    if clean in MISSING:
        return None, ""
    bare = re.sub(r"[\s.]0+$", "", clean) if re.fullmatch(r"\d+\.0+", clean) else clean
    bare = re.sub(r"^(中華)?民國\s*", "", bare)
    bare = re.split(r"[T ]\d{1,2}:|\s*[上下]午", bare)[0].strip()
    if found := re.fullmatch(
        r"(前)?(\d{1,4})\s*年\s*(?:(\d{1,2})\s*月)?\s*(?:(\d{1,2})\s*日)?(?:底|初)?", bare
    ):
        if found[1]:
            return None, f"'{clean}' is before the Republic, which is not read"
        if found[4] and not found[3]:
            return None, f"'{clean}' has a day without a month"
        return _iso(int(found[2]), found[3], found[4], clean)
    if found := re.fullmatch(r"(\d{2,4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?", bare, re.ASCII):
        if len(found[1]) == 2 and int(found[1]) < EARLIEST:
            return None, f"'{clean}' can be read as a date in several ways; write the year with 3 or 4 digits"
        return _iso(int(found[1]), found[2], found[3], clean)
    if re.fullmatch(r"[0-9]{2,8}", bare):
        return _digits(bare, clean)
    return None, f"'{clean[:40]}' is not a date; write 2021-12-31, 110/12/31 or 1101231"


def _digits(bare: str, shown: str) -> tuple[str | None, str]:
    """Digits alone: YYYY, YYYMM, YYYYMM, YYYMMDD or YYYYMMDD; two or three digits are a Republican year."""
    length = len(bare)
    if length == 8:
        return _iso(int(bare[:4]), bare[4:6], bare[6:], shown)
    if length == 7:
        return _iso(int(bare[:3]), bare[3:5], bare[5:], shown)
    if length == 6:
        common = 1911 < int(bare[:4]) < 2200 and 1 <= int(bare[4:]) <= 12
        early = 1 <= int(bare[2:4]) <= 12 and 1 <= int(bare[4:]) <= 31  # 99年1月3日 as 990103
        if common and not early:
            return _iso(int(bare[:4]), bare[4:], None, shown)
        if early and not common:
            return _iso(int(bare[:2]), bare[2:4], bare[4:], shown)
        return None, f"'{shown}' can be read as a date in two ways; write it with separators"
    if length == 5:
        return _iso(int(bare[:3]), bare[3:], None, shown)
    if length == 4:
        return (
            _iso(int(bare), None, None, shown)
            if 1911 < int(bare) < 2200
            else _iso(int(bare[:2]), bare[2:], None, shown)
        )
    return _iso(int(bare), None, None, shown)


def _iso(year: int, month: str | None, day: str | None, shown: str) -> tuple[str | None, str]:
    if year < 200:
        year += ROC
    if not ROC < year < 2200:
        return None, f"'{shown}' has the year {year}, which is out of range"
    try:
        date(year, int(month or 1), int(day or 1))
    except ValueError:
        return None, f"'{shown}' is no day of the calendar"
    out = f"{year}"
    if month is not None:
        out += f"-{int(month):02d}"
    if day is not None:
        out += f"-{int(day):02d}"
    return out, ""
