"""
Indicators worked out: from the columns of the townships to the tidy table, a row an indicator and unit.

Every recipe comes down to four sums over units (`_Pieces`), so that a county is the sum of its
townships by construction and a figure for any set of townships is made in one way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from notspot_coverage.definitions import COLUMNS, Indicator, Recipe
from notspot_coverage.groups import NATION, membership
from notspot_coverage.indicator_rows import Worked, names_of, with_recipe, without_recipe
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import Text

BOUNDS = {
    "share": Text(
        "下限將無資料者計為未達，上限計為已達；最佳估計只計有資料者。",
        "low counts the unknown as not reached, high as reached; the best estimate is of those known.",
    ),
    "existence": Text(
        "下限將無資料單位計為無，上限計為有。",
        "low counts units without data as having none, high as having one.",
    ),
    "count": Text(
        "下限不計無資料單位；有無資料單位時不設上限。",
        "low leaves out units without data; no high where there are any.",
    ),
    "measure": Text(
        "無資料之鄉鎮市區分別以全國最低與最高之鄉鎮市區數值代入。",
        "townships without data are taken at the lowest, then at the highest value of any township.",
    ),
}  # what is varied between low and high, by kind


def indicators(
    townships: pd.DataFrame,
    definitions: Mapping[str, Indicator],
    *,
    rule: str = "",
    worked: Mapping[str, Worked] | None = None,
) -> pd.DataFrame:
    """
    The tidy table of indicators.

    Parameters
    ----------
    townships
        One row a township: ``town_code, town, county_code, county``, the columns of the recipes, and
        ``remote``, ``indigenous``, ``offshore`` for the groups.
    definitions
        By id. One without a recipe gives its published figure (status ``official``) or, where none
        is published, a row of status ``unknown``.
    rule
        Id of the rule of remoteness behind ``remote``; stands in the rows that depend on it.
    worked
        Figures by indicator, or by ``indicator.part``, that take the place of what is only published.

    Returns
    -------
    table
        Columns as in `notspot_coverage.definitions.COLUMNS`; figures in the indicator's unit (shares
        in percent); ``low <= value <= high`` where known. `value` is null where nothing is known (status
        ``unknown``) and where all is known but the denominator is 0 (``computed``): never 0.

    Raises
    ------
    InputError
        A recipe names a column that the townships do not have.
    """
    check_columns(townships, definitions)
    townships = townships.set_index("town_code", drop=False)
    sets = _sets(townships)
    blocks: list[pd.DataFrame] = []
    for indicator in definitions.values():
        if indicator.recipe is None:
            blocks += without_recipe(indicator, rule, worked or {})
        else:
            blocks.append(with_recipe(_sum(_pieces(townships, indicator), sets, indicator), indicator, rule))
    table = pd.concat([block for block in blocks if len(block)], ignore_index=True)
    table["name"] = names_of(table, townships)
    return table[COLUMNS].astype(dict.fromkeys(_FIGURES, "float64"))


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure for a set of units; `unknown_units` of the `units` had no data."""

    numerator: float
    denominator: float
    value: float
    low: float
    high: float
    units: int
    unknown_units: int


def figure(townships: pd.DataFrame, indicator: Indicator, members: pd.Series | None = None) -> Figure:
    """
    The figure of `indicator` for the townships where `members` (indexed by ``town_code``) is true, or for all.

    NaN where unknown or where the denominator is zero.
    """
    check_columns(townships, {indicator.id: indicator})
    pieces = _pieces(townships.set_index("town_code"), indicator)
    if members is not None:
        pieces = pieces[members.reindex(pieces.index).to_numpy(dtype=bool)]
    nation = pd.DataFrame({"level": "nation", "code": NATION, "town_code": pieces.index})
    out = _sum(pieces, nation, indicator)
    if out.empty:
        return Figure(np.nan, np.nan, np.nan, np.nan, np.nan, 0, 0)
    row = out.iloc[0]
    return Figure(
        numerator=float(row["numerator"]),
        denominator=float(row["denominator"]),
        value=float(row["value"]),
        low=float(row["low"]),
        high=float(row["high"]),
        units=int(row["units"]),
        unknown_units=int(row["unknown_units"]),
    )


# ------------------------------------------------------------------ the four sums

_FIGURES = ["numerator", "denominator", "value", "low", "high", "official_2021", "target_2025"]


def _pieces(frame: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    """
    What each unit adds: ``numerator, denominator`` of what is known, ``open`` (the denominator of what is
    not), ``unknown_units``, ``units``, and the ``lowest``, ``highest`` rate that an unknown unit may have.
    """
    recipe = indicator.recipe
    assert recipe is not None
    scope = (
        pd.Series(True, index=frame.index) if recipe.within is None else frame[recipe.within].fillna(False)
    )
    scope = scope.astype(bool)
    one = pd.Series(1.0, index=frame.index)
    if recipe.condition is not None:
        top, known = _condition(frame, recipe)
        weight = one if recipe.weight is None else _number(frame, recipe.weight)
        top = top * weight
    else:
        assert recipe.numerator is not None
        top = _number(frame, recipe.numerator)
        known = top.notna()
        weight = one
        if recipe.denominator is not None:
            weight = _number(frame, recipe.denominator)
        elif recipe.weight is not None:
            weight = _number(frame, recipe.weight)
            top = top * weight
    known &= weight.notna()
    out = pd.DataFrame(
        {
            "numerator": top.where(known, 0.0),
            "denominator": weight.where(known, 0.0),
            "open": weight.where(~known, 0.0),  # NaN where even the weight is unknown: no bounds then
            "units": one,
            "unknown_units": (~known).astype(float),
        }
    )
    if recipe.condition is None:
        rate = (out["numerator"] / out["denominator"].where(out["denominator"] > 0))[known & scope]
        out["lowest"], out["highest"] = rate.min(), rate.max()
    if _is_sum(indicator):
        out.loc[~scope, ["numerator", "open", "unknown_units"]] = 0.0
        return out
    return out[scope]


def _is_sum(indicator: Indicator) -> bool:
    recipe = indicator.recipe
    assert recipe is not None
    ratio = (
        indicator.kind in ("share", "existence")
        or recipe.denominator is not None
        or recipe.weight is not None
    )
    return not ratio


def _condition(frame: pd.DataFrame, recipe: Recipe) -> tuple[pd.Series, pd.Series]:
    assert recipe.condition is not None
    tested = _number(frame, recipe.condition.column)
    at_least = 1.0 if recipe.condition.at_least is None else recipe.condition.at_least
    return (tested >= at_least).astype(float), tested.notna()


def _number(frame: pd.DataFrame, column: str) -> pd.Series:
    return pd.to_numeric(frame[column]).astype("float64")


def _sets(townships: pd.DataFrame) -> pd.DataFrame:
    """Which townships make up each unit of the table: level, code, town_code, in the order of the levels."""
    towns = pd.Series(townships.index, name="town_code")
    groups = membership(townships)
    blocks = [("nation", pd.Series(NATION, index=towns.index), towns)]
    for code in groups.columns:
        inside = towns[groups[code].reindex(townships.index).to_numpy(dtype=bool)]
        blocks.append(("group", pd.Series(code, index=inside.index), inside))
    blocks.append(("county", townships["county_code"].reset_index(drop=True), towns))
    blocks.append(("township", towns, towns))
    return pd.concat(
        [
            pd.DataFrame({"level": level, "code": codes, "town_code": inside})
            for level, codes, inside in blocks
        ],
        ignore_index=True,
    )


def _sum(pieces: pd.DataFrame, sets: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    """Sums of `pieces` over `sets` and the figures that follow from them; index is level and code."""
    sets = sets[sets["town_code"].isin(pieces.index)]
    spread = pieces.reindex(sets["town_code"])
    spread.index = pd.MultiIndex.from_frame(sets[["level", "code"]])
    endless = spread["open"].isna()
    grouped = spread[["numerator", "denominator", "open", "units", "unknown_units"]].groupby(
        level=["level", "code"], sort=False
    )
    sums = grouped.sum()
    if endless.any():
        sums["open"] = sums["open"].mask(endless.groupby(level=["level", "code"], sort=False).any())
    for column in ("lowest", "highest"):
        if column in pieces:
            sums[column] = pieces[column].iloc[0] if len(pieces) else np.nan
    return _figures(sums, indicator)


def _figures(sums: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    recipe = indicator.recipe
    assert recipe is not None
    top, bottom, unknown = sums["numerator"], sums["denominator"], sums["open"]
    nothing = sums["unknown_units"] >= sums["units"]
    complete = sums["unknown_units"] == 0
    if indicator.kind == "existence":
        value, low, high = top, top, top + unknown
    elif _is_sum(indicator):
        value, low, high = top, top, top.where(complete)
        bottom = bottom * np.nan
    elif indicator.kind == "share":
        whole = (bottom + unknown).where(bottom + unknown > 0)
        value = 100 * top / bottom.where(bottom > 0)
        low, high = 100 * top / whole, 100 * (top + unknown) / whole
    else:
        whole = (bottom + unknown).where(bottom + unknown > 0)
        value = recipe.scale * top / bottom.where(bottom > 0)
        low = recipe.scale * (top + unknown.where(~complete, 0) * sums["lowest"].fillna(0)) / whole
        high = recipe.scale * (top + unknown.where(~complete, 0) * sums["highest"].fillna(0)) / whole
        low, high = low.where(~nothing), high.where(~nothing)
        low = low.where(~(low > value), value)  # rounding only
        high = high.where(~(high < value), value)
    sums = sums.assign(value=value.where(~nothing), low=low, high=high, denominator=bottom)
    if indicator.kind != "share":
        sums.loc[nothing, ["low", "high"]] = np.nan
    sums.loc[nothing, ["numerator", "denominator"]] = np.nan
    return sums


def check_columns(townships: pd.DataFrame, definitions: Mapping[str, Indicator]) -> None:
    """Raise `InputError` for every recipe that reads a column which the townships do not have."""
    problems = [
        Problem(None, indicator.id, f"needs the column '{column}', which the townships do not have", column)
        for indicator in definitions.values()
        if indicator.recipe is not None
        for column in needed_columns(indicator.recipe)
        if column not in townships.columns
    ]
    if problems:
        hint = "Join a table that has the column, or derive it, in the study."
        raise InputError("indicators", problems, hint=hint)


def needed_columns(recipe: Recipe) -> Iterable[str]:
    """The columns that a recipe reads."""
    tested = recipe.condition.column if recipe.condition else None
    return [c for c in (recipe.numerator, recipe.denominator, recipe.weight, recipe.within, tested) if c]
