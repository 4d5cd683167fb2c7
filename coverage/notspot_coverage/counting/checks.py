"""
What is counted with and against, looked at before anything is counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from notspot_coverage.counting.painting import CODE_DIGITS
from notspot_coverage.counting.services import Bounds, ByUnit, Lines, People, Places, Service, Surface
from notspot_geodata.errors import InputError, Problem, UsageError


def check(
    services: Sequence[Service],
    people: Sequence[People],
    surfaces: Sequence[Surface],
    targets: Sequence[Places | Lines],
    bounds: Bounds,
) -> None:
    """
    Raises
    ------
    UsageError
        Ids that stand twice, no surface, percentages that are none.
    InputError
        People that are no whole numbers of at least 0; codes that are no text or stand twice.
    """
    named: dict[str, list[str]] = {
        "service": [item.id for item in services],
        "people": [item.id for item in people],
        "surface": [item.id for item in surfaces],
        "place": [item.id for item in targets if isinstance(item, Places)],
        "line": [item.id for item in targets if isinstance(item, Lines)],
    }
    for what, ids in named.items():
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise UsageError(f"the {what} {', '.join(twice)} is there twice; ids must differ")
    if not surfaces:
        raise UsageError('there is no surface; Surface(id="even") spreads people evenly over their village')
    if not bounds.location_percent or not all(0 < p < 100 for p in bounds.location_percent):
        raise UsageError("location percentages lie between 0 and 100, and there is at least one")
    for item in people:
        _raise(f"people {item.id}", _people_problems(item))
    for layer in (layer for service in services for layer in service.layers):
        if isinstance(layer, ByUnit):
            _raise(f"layer {layer.id}", _twice(layer.values.index))


def _raise(what: str, problems: list[Problem]) -> None:
    if problems:
        raise InputError(what, problems)


def _people_problems(people: People) -> list[Problem]:
    digits = CODE_DIGITS[people.level]
    codes = people.counts.index
    problems = [
        Problem(None, "code", f"{code} is no text of {digits} digits", str(code))
        for code in codes
        if not (isinstance(code, str) and len(code) == digits)
    ]
    problems += _twice(codes)
    columns = [name for name in ("people", "households") if name in people.counts]
    if not columns:
        problems.append(Problem(None, "", "has neither people nor households"))
    for name in columns:
        values = pd.to_numeric(people.counts[name], errors="coerce").to_numpy(np.float64)
        wrong = ~np.isfinite(values) | (values < 0) | (values != np.trunc(values))
        problems += [
            Problem(None, name, f"is {value:g}, no whole number of at least 0, in {code}", f"{value:g}")
            for value, code in zip(values[wrong], codes[wrong], strict=True)
        ]
    return problems


def _twice(codes: pd.Index) -> list[Problem]:
    counted = codes[codes.duplicated(keep=False)].value_counts().sort_index()
    return [Problem(None, "code", f"{code} is there {n} times", str(code)) for code, n in counted.items()]
