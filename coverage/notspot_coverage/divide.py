"""
The divide: how far apart groups of townships are, and how unequally a measure is spread.

Formulas and sources are in docs/methods-divide.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notspot_coverage.clusters import PERMUTATIONS, SEED, Neighbours, clusters
from notspot_coverage.definitions import Indicator, Recipe
from notspot_coverage.groups import GROUPS, PAIRS, membership
from notspot_coverage.indicators import figure
from notspot_coverage.inequality import concentration, gini, lorenz, theil
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

SHOWN = 10  # townships in the lists of best and worst
NAMED = 5  # townships without data that a note names; `unknown` has all


def divide(
    townships: gpd.GeoDataFrame,
    indicator: Indicator,
    *,
    among: Neighbours | None = None,
    fdr: bool = False,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
) -> DivideFinding:
    """
    What `indicator` says about the divide between townships.

    Parameters
    ----------
    townships
        One row a township: ``town_code, town, county_code, county, population`` (persons), ``area_km2``,
        ``remote`` (bool), ``indigenous`` and ``offshore`` or ``group``, the columns of the recipe, geometry;
        ``elevation_mean_m`` (metres, NaN where unknown) if there is one.
    indicator
        Of kind ``measure``, by township, with a denominator or a weight. A township's value is
        ``scale * numerator / denominator``; it weighs as its denominator (people, area, communities), so that
        the weighted mean is the value of the whole.
    among
        What `notspot_coverage.clusters.neighbours` gives for the townships, where it is at hand.
    fdr, permutations, seed
        For the local clusters, see `notspot_coverage.clusters.clusters`.

    Raises
    ------
    UsageError
        Where the indicator is no rate by township.
    InputError
        Where a column is missing or negative; all problems at once.
    """
    recipe = _recipe(indicator)
    frame = _checked(townships, recipe)
    units = _units(frame, recipe)
    known = units[units["state"] == "known"]
    value, weight = known["value"].to_numpy(dtype=float), known["weight"].to_numpy(dtype=float)
    counties = theil(value, weight, known["county_code"].to_numpy())
    found = clusters(units["value"], frame, among=among, fdr=fdr, permutations=permutations, seed=seed)
    national = figure(frame, indicator)
    groups = _groups(frame, units, indicator)
    better_low = indicator.better == "lower"
    return DivideFinding(
        measure=indicator.id,
        name=indicator.name,
        unit=indicator.unit,
        years=years(indicator.as_of),
        groups=groups,
        gaps=_gaps(groups),
        gini=gini(value, weight),
        lorenz=lorenz(value, weight),
        theil_total=counties.total,
        theil_between=counties.between,
        theil_within=counties.within,
        concentration_density=_concentration(known, "density"),
        concentration_elevation=_concentration(known, "elevation"),
        moran_i=found.moran_i,
        moran_p=found.moran_p,
        clusters=found.frame,
        unknown=tuple(units.index[units["state"] == "unknown"]),
        not_applicable=tuple(units.index[units["state"] == "not_applicable"]),
        best=_extreme(known, highest=not better_low),
        worst=_extreme(known, highest=better_low),
        weight_name=_weight_name(indicator),
        national=national.value,
        national_low=national.low,
        national_high=national.high,
        notes=_notes(units, known, indicator),
    )


def years(as_of: str) -> Text:
    """Of when a measure is: ``2025-11 / 2021-12`` is the numerator's date and the denominator's."""
    first, _, second = (part.strip() for part in as_of.partition("/"))
    if not second or first == second:
        return Text(first, first)
    return Text(f"分子 {first}、分母 {second}", f"numerator {first}, denominator {second}")


@dataclass(frozen=True, slots=True)
class DivideFinding:
    """
    What one measure says about the divide. Floats are NaN where they cannot be worked out.

    Attributes
    ----------
    measure, name, unit, years
        Id and words of the indicator; `years` says of when numerator and denominator are.
    weight_name
        What townships are weighted by (people, area, communities): the denominator of the measure.
        ``people_share`` in `lorenz` is the share of this.
    national, national_low, national_high
        The measure over all townships, in `unit`.
    groups
        group, units, unknown_units, not_applicable_units, population, weight, value, low, high.
    gaps
        a, b, gap (a - b, in `unit`), gap_low, gap_high, ratio (a / b), ratio_low, ratio_high.
    gini
        In [0, 1], weighted.
    lorenz
        people_share, value_share, from (0, 0) to (1, 1).
    theil_total, theil_between, theil_within
        Theil's T, and its split between and within counties.
    concentration_density, concentration_elevation
        Concentration index in [-1, 1]: above 0 where the measure is higher in denser
        (higher-lying) townships.
    moran_i, moran_p
        Global Moran's I and its pseudo p-value (two-sided).
    clusters
        town_code, kind (HH, LL, HL, LH, ns, unknown), p_value.
    unknown
        town_codes without data.
    not_applicable
        town_codes where the denominator is 0, so that there is nothing to measure.
    best, worst
        town_code, county, town, value, population; ten each.
    notes
        What was varied and left out, in words.
    """

    measure: str
    name: Text
    unit: Text
    years: Text
    groups: pd.DataFrame
    gaps: pd.DataFrame
    gini: float
    lorenz: pd.DataFrame
    theil_total: float
    theil_between: float
    theil_within: float
    concentration_density: float
    concentration_elevation: float
    moran_i: float
    moran_p: float
    clusters: pd.DataFrame
    unknown: tuple[str, ...]
    best: pd.DataFrame
    worst: pd.DataFrame
    weight_name: Text = field(default_factory=lambda: Text("人口數", "people"))
    national: float = float("nan")
    national_low: float = float("nan")
    national_high: float = float("nan")
    not_applicable: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()


# ---------------------------------------------------------------- units

_ALWAYS = ("town_code", "town", "county_code", "county", "population", "area_km2", "remote", "geometry")


def _recipe(indicator: Indicator) -> Recipe:
    recipe = indicator.recipe
    if (
        indicator.kind != "measure"
        or recipe is None
        or recipe.level != "township"
        or recipe.numerator is None
    ):
        raise UsageError(
            f"'{indicator.id}' is not a measure worked out by township, so it has no divide between them."
        )
    if recipe.denominator is None and recipe.weight is None:
        raise UsageError(f"'{indicator.id}' is a sum, not a rate: a divide needs a denominator or a weight.")
    return recipe


def _checked(townships: gpd.GeoDataFrame, recipe: Recipe) -> gpd.GeoDataFrame:
    named = [recipe.numerator, recipe.denominator, recipe.weight]
    wanted = list(
        dict.fromkeys([*_ALWAYS, *(column for column in named if column), *filter(None, [recipe.within])])
    )
    problems = [Problem(None, column, "is missing") for column in wanted if column not in townships]
    if not problems:
        codes = townships["town_code"].astype(str)
        problems = [
            Problem(None, column, f"of township {code} is below 0", code)
            for column in dict.fromkeys(filter(None, named))
            for code in codes[(townships[column] < 0).fillna(False).to_numpy(dtype=bool)]
        ]
        problems += [
            Problem(None, "town_code", f"{code} is there twice", code) for code in codes[codes.duplicated()]
        ]
    if problems:
        raise InputError("townships", problems)
    return townships.sort_values("town_code").reset_index(drop=True)


def _units(frame: gpd.GeoDataFrame, recipe: Recipe) -> pd.DataFrame:
    """
    One row a township, by town_code: value, weight, state (known, unknown, not_applicable) and the rest.

    A township whose denominator is 0 has nothing to measure: that is not the same as unknown.
    """
    import numpy as np
    import pandas as pd

    def number(column: str) -> pd.Series[float]:
        out: pd.Series[float] = pd.to_numeric(frame[column]).astype("float64")
        return out

    top, weight = number(recipe.numerator or ""), number(recipe.denominator or recipe.weight or "")
    rate = top / weight.where(weight > 0) if recipe.denominator else top.where(weight > 0)
    inside = frame[recipe.within].eq(True) if recipe.within else pd.Series(True, index=frame.index)
    nothing = ~inside | (weight == 0)
    out = pd.DataFrame(
        {
            "value": (recipe.scale * rate).where(inside),
            "weight": weight,
            "numerator": top.where(inside),
            "state": np.where(nothing, "not_applicable", np.where(rate.isna(), "unknown", "known")),
            "county": frame["county"],
            "county_code": frame["county_code"],
            "town": frame["town"],
            "town_en": frame["town_en"] if "town_en" in frame else frame["town"],
            "population": number("population"),
            "density": number("population") / number("area_km2"),
            "elevation": number("elevation_mean_m") if "elevation_mean_m" in frame else np.nan,
        }
    )
    out.index = pd.Index(frame["town_code"].astype(str), name="town_code")
    return out


def _concentration(known: pd.DataFrame, order: str) -> float:
    """Concentration index over the townships whose `order` is known."""
    ranked = known[known[order].notna()]
    return concentration(ranked["value"], ranked["weight"], ranked[order])


def _extreme(known: pd.DataFrame, *, highest: bool) -> pd.DataFrame:
    """The ten highest or lowest; of equal ones those with most people first, then by code."""
    ordered = known.reset_index().sort_values(
        ["value", "population", "town_code"], ascending=[not highest, False, True], kind="stable"
    )
    columns = ["town_code", "county", "town", "value", "population"]
    return ordered[columns].head(SHOWN).reset_index(drop=True)


# ---------------------------------------------------------------- groups


def _groups(frame: gpd.GeoDataFrame, units: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    import pandas as pd

    members = membership(frame)
    rows = []
    for code in GROUPS:
        inside = members[code]
        those = units[inside.reindex(units.index).to_numpy(dtype=bool)]
        found = figure(frame, indicator, inside)
        rows.append(
            {
                "group": code,
                "units": len(those),
                "unknown_units": int((those["state"] == "unknown").sum()),
                "not_applicable_units": int((those["state"] == "not_applicable").sum()),
                "population": float(those["population"].sum(skipna=False)),
                "weight": float(those.loc[those["state"] != "not_applicable", "weight"].sum(skipna=False)),
                "value": found.value,
                "low": found.low,
                "high": found.high,
            }
        )
    return pd.DataFrame(rows)


def _gaps(groups: pd.DataFrame) -> pd.DataFrame:
    """Difference and ratio of each pair with their widest bounds; a ratio to 0 is null."""
    import pandas as pd

    rows = []
    figures = dict(zip(groups["group"], groups[["value", "low", "high"]].to_numpy(dtype=float), strict=True))
    for a, b in PAIRS:
        (value_a, low_a, high_a), (value_b, low_b, high_b) = figures[a], figures[b]
        rows.append(
            {
                "a": a,
                "b": b,
                "gap": value_a - value_b,
                "gap_low": low_a - high_b,
                "gap_high": high_a - low_b,
                "ratio": _ratio(value_a, value_b),
                "ratio_low": _ratio(low_a, high_b),
                "ratio_high": _ratio(high_a, low_b),
            }
        )
    return pd.DataFrame(rows)


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else float("nan")


# ---------------------------------------------------------------- words


def _weight_name(indicator: Indicator) -> Text:
    recipe = indicator.recipe
    if recipe is not None and recipe.denominator and indicator.denominator:
        return indicator.denominator
    if recipe is not None and recipe.weight not in (None, "population"):
        return Text.of(recipe.weight)
    return Text("人口數", "people")


def _notes(units: pd.DataFrame, known: pd.DataFrame, indicator: Indicator) -> tuple[Text, ...]:
    weight = _weight_name(indicator)
    rate = indicator.recipe is not None and indicator.recipe.denominator is not None
    how = Text("合計之比", "ratio of sums") if rate else Text("加權平均", "weighted mean")
    out = [
        Text(
            f"各鄉鎮市區依{weight.zh}加權；群組數值為{how.zh}。",
            f"Townships weigh by {weight.en}; a group's value is a {how.en}.",
        )
    ]
    missing = units[units["state"] == "unknown"]
    if len(missing):
        more = "…" if len(missing) > NAMED else ""
        listed = "、".join((missing["county"] + missing["town"]).head(NAMED))
        english = ", ".join(missing["town_en"].head(NAMED))
        out.append(
            Text(
                f"無資料 {len(missing)} 個鄉鎮市區（{listed}{more}），不計為 0；"
                "下限、上限分別以各鄉鎮市區之最低與最高值代入。",
                f"{len(missing)} townships have no data ({english}{more}) and are never taken as 0: "
                "low and high put the lowest and the highest value of any township in their place.",
            )
        )
    aside = units[units["state"] == "not_applicable"]
    if len(aside):
        out.append(
            Text(
                f"{len(aside)} 個鄉鎮市區無{weight.zh}可計，不列入。",
                f"{len(aside)} townships have nothing to count against ({weight.en}) and are left out.",
            )
        )
    stray = float(aside["numerator"].sum()) if rate else 0.0
    if stray > 0:
        out.append(
            Text(
                f"{indicator.numerator.zh} {stray:,.0f} 位於上述鄉鎮市區：計入全國與群組之合計，"
                "不計入不均指標。",
                f"{stray:,.0f} {indicator.numerator.en} stand there: they count in the sums of nation "
                "and groups, not in the inequality.",
            )
        )
    raised = known["elevation"].notna().sum()
    if 0 < raised < len(known):
        out.append(
            Text(
                f"高程集中指數以有平均高程之 {raised} 個鄉鎮市區計。",
                f"The concentration index by elevation is over {raised} townships of known elevation.",
            )
        )
    zeros = int((known["value"] == 0).sum())
    if zeros:
        out.append(
            Text(
                f"{zeros} 個鄉鎮市區之值為 0；泰爾指數中該項以極限值 0 計。",
                f"{zeros} townships have a value of 0; in Theil's index such a term is 0, its limit.",
            )
        )
    return tuple(out)
