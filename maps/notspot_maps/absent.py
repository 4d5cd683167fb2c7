"""
Where there is nothing to measure: a denominator of zero, which is not the same as no data.
"""

from __future__ import annotations

import pandas as pd

from notspot_coverage.definitions import Indicator
from notspot_coverage.groups import GROUPS, NATION, PARTITION


def not_applicable(townships: pd.DataFrame, indicator: Indicator) -> frozenset[str]:
    """
    Codes of townships, counties and groups (and ``TW``) where the indicator's denominator is zero.

    Parameters
    ----------
    townships
        ``town_code``, ``county_code``, the columns of the indicator; ``remote`` and ``group`` where known.
    """
    recipe = indicator.recipe
    column = None if recipe is None else recipe.denominator or recipe.weight
    if column is None or column not in townships:
        return frozenset()
    empty = pd.to_numeric(townships[column]).eq(0).to_numpy(dtype=bool)
    out = {str(code) for code in townships.loc[empty, "town_code"]}
    full = townships[~empty]
    out |= {str(code) for code in set(townships["county_code"]) - set(full["county_code"])}
    if "group" in townships:
        out |= set(PARTITION) - {str(code) for code in full["group"]}
    if "remote" in townships:
        out |= {
            code
            for code, flag in (("remote", True), ("non_remote", False))
            if not full["remote"].eq(flag).any()
        }
    if full.empty:
        out |= {NATION, *GROUPS}
    return frozenset(out)
