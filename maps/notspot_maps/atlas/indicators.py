"""
The indicators of an atlas as columns: values, bounds, counts and classes of every level, and earlier years.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from notspot_coverage.definitions import Indicator, comparable
from notspot_coverage.groups import NAMES
from notspot_geodata.text import Text
from notspot_maps.classes import Choice, classes_for
from notspot_maps.words import both

if TYPE_CHECKING:
    from notspot_coverage.results import Results

DIGITS = 7  # significant, of figures in the page; whole numbers stay whole

Place = Mapping[str, Mapping[str, int]]  # level: code: row


def indicator_columns(
    results: Results,
    earlier: Mapping[int, Results],
    place: Place,
    chosen: Mapping[str, Choice] | None = None,
) -> list[dict[str, Any]]:
    """
    Every indicator of the run with its figures by level, and those of earlier years beside them.

    A year is taken where its indicator is of the same kind and unit; its units are found by code. `chosen` are classes
    by indicator, in place of `classes_for`'s own.
    """
    chosen = chosen or {}
    now = _rows_by_id(results)
    past = {year: (run.definitions, _rows_by_id(run)) for year, run in earlier.items()}
    out = []
    for name, definition in results.definitions.items():
        shown = _indicator(definition, now.get(name, results.indicators.iloc[:0]), place, chosen.get(name))
        for year, (definitions, rows) in past.items():
            if name in rows and comparable(definitions[name], definition):
                _add_year(shown, year, definitions[name], definition, rows[name], place)
        out.append(shown)
    return out


def first_shown(results: Results, shown: list[dict[str, Any]]) -> str | None:
    """The indicator the page opens with: the first question of the divide, else the first rate by township."""
    asked = [finding.measure for finding in results.divide]
    rates = [
        each["id"] for each in shown if each["kind"] in ("share", "measure") and "township" in each["levels"]
    ]
    coloured = [each["id"] for each in shown if each["levels"]]
    known = {each["id"] for each in shown}
    candidates = [*asked, *rates, *coloured, *(each["id"] for each in shown)]
    return next((name for name in candidates if name in known), None)


def _rows_by_id(results: Results) -> dict[str, pd.DataFrame]:
    return {str(name): rows for name, rows in results.indicators.groupby("indicator", sort=False)}


def _add_year(
    shown: dict[str, Any], year: int, own: Indicator, latest: Indicator, rows: pd.DataFrame, place: Place
) -> None:
    """The figures of a year, with what it says otherwise than the latest: a claim is no measurement."""
    other: dict[str, Any] = {} if own.basis == latest.basis else {"basis": own.basis}
    for key in ("source", "caveat"):
        if getattr(own, key) != getattr(latest, key):
            other[key] = both(getattr(own, key))
    for level, column in shown["levels"].items():
        units = _of_level(rows, level, place[level])
        if units["value"].notna().any():
            column.setdefault("past", {})[str(year)] = {**_figures(units), **other}
    nation = rows[rows["level"] == "nation"]
    if len(nation) and shown["nation"] is not None:
        shown["nation"].setdefault("past", {})[str(year)] = {**_cell(nation.iloc[0]), **other}


def _indicator(
    definition: Indicator, rows: pd.DataFrame, place: Place, choice: Choice | None
) -> dict[str, Any]:
    levels = {}
    for level, where in place.items():
        own = _of_level(rows, level, where)
        if own["value"].notna().any():
            levels[level] = _column(definition, own, choice)
    nation = rows[rows["level"] == "nation"]
    groups = rows[(rows["level"] == "group") & (rows["value"].notna() | rows["low"].notna())]
    return {
        "id": definition.id,
        "kind": definition.kind,
        "theme": definition.theme,
        "basis": definition.basis,
        "name": both(definition.name),
        "definition": both(definition.definition),
        "numerator": None if _is_weighted(definition) else both(definition.numerator),
        "denominator": both(definition.denominator),
        "unit": both(definition.unit),
        "source": both(definition.source),
        "as_of": definition.as_of,
        "caveat": both(definition.caveat),
        "needs": both(definition.needs),
        "better": definition.better,
        "official": _number(definition.official_2021),
        "target": _number(definition.target_2025),
        "levels": levels,
        "nation": _cell(nation.iloc[0]) if len(nation) else None,
        "groups": [
            [both(NAMES.get(str(code), Text(str(name), str(name)))), *map(_number, figures)]
            for code, name, *figures in groups[["code", "name", "value", "low", "high"]].itertuples(
                index=False
            )
        ],
    }


def _of_level(rows: pd.DataFrame, level: str, where: Mapping[str, int]) -> pd.DataFrame:
    """The rows of a level in the order of its units; units without a row are unknown."""
    return rows[rows["level"] == level].drop_duplicates("code").set_index("code").reindex(list(where))


def _is_weighted(definition: Indicator) -> bool:
    """A weighted mean: its numerator is a sum of products, which tells a reader nothing."""
    return (
        definition.kind == "measure"
        and definition.recipe is not None
        and definition.recipe.weight is not None
    )


def _column(definition: Indicator, own: pd.DataFrame, choice: Choice | None) -> dict[str, Any]:
    """One level's figures, rows in the order of its units, and the classes they are first shown in."""
    made = classes_for(definition, own["value"].to_numpy(dtype=np.float64), choice)
    return {
        **_figures(own),
        "method": made.method,
        "edges": list(made.edges),
        "colours": list(made.colours),
    }


def _figures(own: pd.DataFrame) -> dict[str, Any]:
    """Values, bounds where they part from the value, counts, and whose figures they are."""
    value, low, high = ([_number(each) for each in own[name]] for name in ("value", "low", "high"))
    out: dict[str, Any] = {
        "v": value,
        "b": [
            [at, *pair]
            for at, pair in enumerate(zip(low, high, strict=True))
            if pair not in ((value[at], value[at]), (None, None))
        ],
        "s": "official" if (own["status"].dropna() == "official").any() else "computed",
    }
    nothing = own["value"].isna() & (own["status"].isna() | (own["status"] == "computed"))
    if nothing.any():  # outside what the indicator is of, or over a denominator of 0: nothing to measure
        out["o"] = np.flatnonzero(nothing.to_numpy()).tolist()
    for key, name in (("n", "numerator"), ("d", "denominator")):
        if own[name].notna().any():
            out[key] = [_number(each) for each in own[name]]
    return out


def _cell(row: pd.Series[Any]) -> dict[str, Any]:
    value, low, high = (_number(row[name]) for name in ("value", "low", "high"))
    return {
        "v": value,
        "low": low,
        "high": high,
        "n": _number(row["numerator"]),
        "d": _number(row["denominator"]),
        "s": str(row["status"]),
    }


def _number(value: object) -> int | float | None:
    """A figure for the page: null where unknown, whole where whole, else rounded to `DIGITS`."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]  # any scalar of a frame
        return None
    number = float(value)  # type: ignore[arg-type]
    if not np.isfinite(number):
        return None
    rounded = number if number == round(number) else float(f"{number:.{DIGITS}g}")
    return int(rounded) if rounded == round(rounded) and abs(rounded) < 2**53 else rounded
