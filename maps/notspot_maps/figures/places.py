"""
What a printed map is about: the figures of an indicator at a level, and a place by its code, each with errors that
list what there is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from notspot_coverage.definitions import Indicator
from notspot_coverage.divide import SHOWN
from notspot_coverage.results import Results
from notspot_geodata.errors import NotFoundError, UsageError
from notspot_geodata.text import Text
from notspot_maps.absent import not_applicable
from notspot_maps.classes import Classes
from notspot_maps.drawing.charts import Ranking
from notspot_maps.figures.shapes import KEYS, Level
from notspot_maps.figures.standalone import Language
from notspot_maps.suggestions import Named, indicators_like, listing, places_like
from notspot_maps.words import bounds, folded_name, number

LEVELS: Mapping[Level, Text] = {
    "county": Text("縣市", "counties"),
    "township": Text("鄉鎮市區", "townships"),
    "village": Text("村里", "villages"),
}
BY: Mapping[Level, Text] = {
    "county": Text("各縣市", "by county"),
    "township": Text("各鄉鎮市區", "by township"),
    "village": Text("各村里", "by village"),
}
_LISTED = 40  # names in an error


@dataclass(frozen=True, slots=True)
class Figures:
    """
    The figures of an indicator at a level.

    Attributes
    ----------
    table
        By code: ``value, low, high``.
    nothing
        Codes where there is nothing to measure.
    """

    table: pd.DataFrame
    nothing: frozenset[str]

    @property
    def values(self) -> pd.Series[float]:
        return self.table["value"]

    def bounds(self) -> tuple[pd.Series[float], pd.Series[float]]:
        """Low and high by code; where only one is given the other is open, infinite; where none is, the value."""
        low, high = self.table["low"].astype(float), self.table["high"].astype(float)
        alone = low.isna() != high.isna()
        low, high = low.mask(alone & low.isna(), -np.inf), high.mask(alone & high.isna(), np.inf)
        return low.fillna(self.values), high.fillna(self.values)

    def classed(self, codes: Collection[str], classes: Classes) -> dict[str, tuple[int, bool]]:
        """By code its class (-1 unknown, -3 nothing to measure), and whether its bounds reach into another."""
        best = self.values.reindex(list(codes))
        of = classes.of(best.to_numpy(dtype=float))
        low, high = (classes.of(bound.reindex(best.index).to_numpy(dtype=float)) for bound in self.bounds())
        wide = (of >= 0) & ((low != of) | (high != of))
        return {
            code: (-3, False) if code in self.nothing else (int(at), bool(far))
            for code, at, far in zip(codes, of.tolist(), wide.tolist(), strict=True)
        }


@dataclass(frozen=True, slots=True)
class Place:
    """A county, township or village that a map is about, and the county it lies in."""

    code: str
    name: Text
    county: Text


def definition(results: Results, indicator: str) -> Indicator:
    """An indicator of a run; `NotFoundError` lists those whose names hold what was asked for, else all."""
    if indicator in results.definitions:
        return results.definitions[indicator]
    if not results.definitions:
        raise NotFoundError(f"no indicator '{indicator}': these results have no indicators")
    names = {key: one.name for key, one in results.definitions.items()}
    like = indicators_like(indicator, names)
    there = f"like it are{listing(like, names)}" if like else f"there are {listed(list(names))}"
    raise NotFoundError(f"no indicator '{indicator}'; {there}")


def mapped(results: Results, level: Level) -> list[str]:
    """Indicators that have figures at a level, in the study's order."""
    table = results.indicators
    there = set(table.loc[table["level"] == level, "indicator"])
    return [name for name in results.definitions if name in there]


def figures_of(results: Results, indicator: str, level: Level) -> Figures:
    """
    What a run found for an indicator at a level.

    Raises
    ------
    NotFoundError
        It has none there; the message lists the levels and indicators that there are.
    UsageError
        There is no such level.
    """
    if level not in KEYS:
        raise UsageError(f"no level '{level}'; there are {', '.join(KEYS)}")
    one = definition(results, indicator)
    table = results.indicators
    rows = table[(table["indicator"] == indicator) & (table["level"] == level)]
    if rows.empty:
        levels = [name for name in KEYS if name in set(table.loc[table["indicator"] == indicator, "level"])]
        there = f"it has them by {', '.join(levels)}" if levels else _of_nation(table, indicator)
        others = mapped(results, level)
        more = f"by {level} there are {listed(others)}" if others else f"no indicator has figures by {level}"
        raise NotFoundError(f"'{indicator}' has no figures by {level}, {there}; {more}")
    own = rows.set_index(rows["code"].astype(str))[["value", "low", "high"]].astype(float)
    nothing = {str(code) for code in not_applicable(results.townships, one)}
    if "status" in rows:  # counted, and nobody there
        counted = (rows["status"] == "computed") & rows["value"].isna()
        nothing |= set(rows.loc[counted, "code"].astype(str))
    towns, within = results.townships, one.recipe.within if one.recipe else None
    if level == "township" and within in towns:  # an indicator of some townships only
        nothing |= set(towns.loc[~towns[within].astype(bool), "town_code"].astype(str))
    return Figures(own, frozenset(nothing))


def _of_nation(table: pd.DataFrame, indicator: str) -> str:
    nation = table[(table["indicator"] == indicator) & (table["level"] == "nation")]
    known = nation[["value", "low", "high"]].notna().to_numpy().any()
    return "only of the nation" if known else "nor any other"


def figure_at(results: Results, one: Indicator, code: str, *, bounded: bool = True) -> str | None:
    """The figure of a place, or of the nation (``TW``), with its bounds if `bounded`; None where it is unknown."""
    table = results.indicators
    rows = table[(table["indicator"] == one.id) & (table["code"].astype(str) == code)]
    if rows.empty or pd.isna(rows["value"].iloc[0]):
        return None
    row = rows.iloc[0]
    between = bounds(row["low"], row["high"], one.kind)
    figure = number(row["value"], one.kind)
    return figure + (
        f" ({between})" if bounded and between and between.split("–") != [figure, figure] else ""
    )


def ranking(results: Results, indicator: str) -> Ranking:
    """
    The ten townships with the best and the worst values of any indicator, of equal ones those with most people first;
    raises as `figures_of` does.
    """
    one = definition(results, indicator)
    value = figures_of(results, indicator, "township").values.dropna()
    towns = results.townships
    codes = towns["town_code"].astype(str)
    columns = ["town_code", "county", "town", "value", "population"]
    frame = (
        towns.assign(town_code=codes, value=codes.map(value)).reindex(columns=columns).dropna(subset="value")
    )
    best, worst = (
        frame.sort_values(
            ["value", "population", "town_code"], ascending=[rising, False, True], kind="stable"
        )
        .head(SHOWN)
        .reset_index(drop=True)
        for rising in (one.better == "lower", one.better != "lower")
    )
    table = results.indicators
    nation = table.loc[(table["indicator"] == indicator) & (table["level"] == "nation"), "value"].astype(
        float
    )
    return Ranking(
        one.id, one.name, one.unit, float(nation.iloc[0]) if len(nation) else math.nan, best, worst
    )


def place_of(results: Results, asked: str) -> Place:
    """
    The place of a code of 5, 8 or 11 digits, or of a name that only one place has (larger ones first).

    A name is the Chinese one, alone or behind those of the units around it, or the English one; 台 is 臺.

    Raises
    ------
    NotFoundError
        No place is called so, and the message lists those whose name holds it, those of its county, or the counties;
        or several of a level are, and it lists their codes.
    """
    folded = folded_name(asked)
    for column, table, above in (
        ("county", results.counties, []),
        ("town", results.townships, ["county"]),
        ("village", results.villages, ["county", "town"]),
    ):
        rows = table[table[f"{column}_code"].astype(str) == asked]
        if rows.empty and folded:
            rows = table[_called(table, column, above, folded)]
        if len(rows) > 1:
            names = rows[[*above, column]].fillna("").astype(str).agg("".join, axis=1)
            some = [f"{code} {name}" for code, name in zip(rows[f"{column}_code"], names, strict=True)]
            raise NotFoundError(
                f"{len(rows)} places are called '{asked}'; give the code of one: {listed(some)}"
            )
        if len(rows):
            return _place(rows.iloc[0], column)
    like = places_like(asked, _named(results))
    raise NotFoundError(
        f"no place '{asked}'; " + (f"called like it are {like}" if like else _places(results, asked))
    )


def _named(results: Results) -> list[list[Named]]:
    """Counties, townships and villages with their names."""
    out = []
    for column, table, around in (
        ("county", results.counties, []),
        ("town", results.townships, ["county"]),
        ("village", results.villages, ["county", "town"]),
    ):
        kept = (
            table.reindex(columns=[f"{column}_code", *around, column, f"{column}_en"]).fillna("").astype(str)
        )
        above = kept[around].agg("".join, axis=1) if around else [""] * len(kept)
        out.append(list(map(Named, kept[f"{column}_code"], above, kept[column], kept[f"{column}_en"])))
    return out


def _called(table: pd.DataFrame, column: str, above: list[str], folded: str) -> pd.Series[bool]:
    """Which units of a table have a name: their own, their own behind those around them, or the English one."""
    own = table[column].astype(str).map(folded_name, na_action="ignore")
    found = own == folded
    if above:
        whole = table[[*above, column]].fillna("").astype(str).agg("".join, axis=1)
        found |= whole.map(folded_name, na_action="ignore") == folded
    if f"{column}_en" in table:
        found |= table[f"{column}_en"].astype(str).map(folded_name, na_action="ignore") == folded
    return found


def _place(row: pd.Series[Any], column: str) -> Place:
    code = str(row[f"{column}_code"])
    county = Text(str(row["county"]), str(row.get("county_en", row["county"])))
    if column == "county":
        return Place(code, county, county)
    zh = str(row["county"]) + str(row["town"]) + (str(row["village"]) if column == "village" else "")
    return Place(code, Text(zh, f"{row.get(f'{column}_en', row[column])}, {county.en}"), county)


def _places(results: Results, code: str) -> str:
    towns = results.townships
    own = towns[towns["county_code"].astype(str) == code[:5]]
    if len(code) > 5 and len(own):
        names = [f"{a} {b}" for a, b in zip(own["town_code"], own["town"], strict=True)]
        return f"in its county there are {listed(names)}; villages have 11 digits"
    table = results.counties
    names = [f"{a} {b}" for a, b in zip(table["county_code"], table["county"], strict=True)]
    return f"give a name or a code of 5, 8 or 11 digits; counties are {listed(names)}"


def names_by_code(results: Results, level: Level, lang: Language) -> dict[str, str]:
    """Names of counties or townships as they stand on a map: 'Taitung', but 'Hsinchu City' and 'Hsinchu County'."""
    table, column = (results.townships, "town") if level != "county" else (results.counties, "county")
    codes = table[KEYS["township" if level != "county" else "county"]].astype(str)
    names = table[column].astype(str)
    if lang == "en" and f"{column}_en" in table:
        full = table[f"{column}_en"].astype(str)
        short = full.str.replace(r" (?:County|City|Township|District)$", "", regex=True)
        names = short.where(~short.duplicated(keep=False), full)
    return dict(zip(codes, names, strict=True))


def full_names(results: Results, level: Level, lang: Language) -> dict[str, str]:
    """Names with those of the county, for readers who point at a unit; none of villages, which are too many."""
    if level == "village":
        return {}
    table, columns = (
        (results.townships, ["county", "town"]) if level == "township" else (results.counties, ["county"])
    )
    out = {}
    for row in table.drop(columns="geometry").to_dict("records"):
        zh = "".join(str(row[column]) for column in columns)
        en = ", ".join(str(row.get(f"{column}_en", row[column])) for column in reversed(columns))
        out[str(row[KEYS[level]])] = en if lang == "en" else zh if lang == "zh" else f"{zh} {en}"
    return out


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    return ", ".join(map(str, names[:most])) + (f", … ({len(names)} in all)" if len(names) > most else "")
