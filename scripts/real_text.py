"""
Numbers and tables as `real_runs.py` writes them into docs/real-runs.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in lines)


def share(value: float) -> str:
    """A share of 0 to 1 in percent, one decimal; below 100 never written as 100."""
    if math.isnan(value):
        return "unknown"
    percent = 100 * value
    if percent < 100 and f"{percent:.1f}" == "100.0":
        return f"{math.floor(percent * 1000) / 1000:.3f} %"
    return f"{percent:.1f} %"


def one_of(part: float, whole: float) -> str:
    """A share with both counts."""
    return f"{share(part / whole) if whole else 'none'} ({part:,.0f} of {whole:,.0f})"


def span(row: Any) -> str:
    """The bounds of a row of an account."""
    if math.isnan(row["low"]):
        return "unknown"
    return f"{row['low']:.1f}–{row['high']:.1f} %"


def best(row: Any) -> str:
    """The best estimate of a row of an account, with its bounds."""
    known = "unknown" if math.isnan(row["best"]) else share(row["best"] / 100)
    return f"{known} ({span(row)})"


def rewrite(page: Path, parts: Mapping[str, str]) -> None:
    """Put `parts` between the marks ``<!-- made: name -->`` and ``<!-- end: name -->`` of a page."""
    text = page.read_text(encoding="utf-8")
    for name, body in parts.items():
        pattern = re.compile(rf"(<!-- made: {name} -->\n).*?(<!-- end: {name} -->)", re.S)
        if not pattern.search(text):
            raise ValueError(
                f"{page.name} has no place for '{name}': <!-- made: {name} --> … <!-- end: {name} -->"
            )
        text = pattern.sub(lambda match, body=body: f"{match[1]}{body}\n{match[2]}", text)
    page.write_text(text, encoding="utf-8", newline="\n")
