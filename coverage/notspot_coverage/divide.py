"""
The divide: how far apart groups of townships are, and how unequally a measure is spread.

Formulas and sources are in docs/methods-divide.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notspot_geodata.text import Text

if TYPE_CHECKING:
    import pandas as pd


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
