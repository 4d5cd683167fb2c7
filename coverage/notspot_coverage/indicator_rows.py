"""
Rows of the tidy table of indicators: from figures by unit, worked out here or elsewhere, or only published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.definitions import COLUMNS, Basis, Indicator
from notspot_coverage.groups import NAMES, NATION
from notspot_geodata.text import Text


@dataclass(frozen=True, slots=True)
class Worked:
    """
    Figures that were worked out elsewhere, for an indicator without a recipe.

    Attributes
    ----------
    figures
        ``level, code, numerator, denominator, value, low, high``, a row a unit; a null value with bounds is unknown.
    by_rule
        They depend on the rule of remoteness in all rows.
    basis, as_of, sources
        Of what they were worked out from; empty: basis and date as defined, sources not told.
    """

    figures: pd.DataFrame
    by_rule: bool = False
    basis: str = ""
    as_of: str = ""
    sources: tuple[str, ...] = ()

    def defined(self, indicator: Indicator) -> Indicator:
        """The indicator with the source, date and basis of these figures in place of those of the published one."""
        named = [*dict.fromkeys(self.sources)]
        zh, en = "、".join(named) or "研究檔所列資料", ", ".join(named) or "the files that it names"
        source = Text(f"本研究依{zh}計算", f"worked out by this study from {en}")
        if indicator.official_2021 is not None:
            published = indicator.source
            source = Text(
                f"{source.zh}；公布值：{published.zh}", f"{source.en}; published figure: {published.en}"
            )
        basis = cast(Basis, self.basis) if self.basis else indicator.basis
        return replace(indicator, source=source, as_of=self.as_of or indicator.as_of, basis=basis)


def with_recipe(block: pd.DataFrame, indicator: Indicator, rule: str) -> pd.DataFrame:
    """Rows of an indicator that is worked out from columns; `block` is indexed by level and code."""
    recipe = indicator.recipe
    assert recipe is not None
    used = {recipe.within, recipe.condition.column if recipe.condition else None}
    known = block["unknown_units"] < block["units"]
    return _tidy(block.reset_index(), indicator, rule, known.to_numpy(), "remote" in used)


def without_recipe(indicator: Indicator, rule: str, worked: Mapping[str, Worked]) -> list[pd.DataFrame]:
    """What is published of an indicator and its parts, and in its place what was worked out elsewhere."""
    published = _published(indicator, rule)
    out = []
    for name, rows in published.groupby("indicator", sort=False):
        found = worked.get(str(name))
        if found is None:
            out.append(rows)
            continue
        row = rows.iloc[0]
        figures = found.figures
        known = (figures["value"].notna() | figures["high"].isna()).to_numpy()
        block = _tidy(figures, indicator, rule, known, found.by_rule)
        same = {"indicator": name, "unit": row["unit"], "kind": row["kind"]}
        dated = {"as_of": found.as_of or row["as_of"], "basis": found.basis or row["basis"]}
        nation = block["level"] == "nation"
        block = block.assign(
            **same, **dated, target_2025=block["target_2025"] if name == indicator.id else np.nan
        )
        block["official_2021"] = np.where(nation, row["official_2021"], np.nan)
        out.append(block)
    return out


def _tidy(
    figures: pd.DataFrame, indicator: Indicator, rule: str, known: NDArray[np.bool_], by_rule: bool
) -> pd.DataFrame:
    """
    Rows of the tidy table without their names, from ``level, code, numerator, denominator, value, low, high``.

    `by_rule`: the figures depend on the rule of remoteness in all rows, and not in those of its groups only.
    """
    named = figures["code"].isin(["remote", "non_remote"]).to_numpy() | by_rule
    nation = (figures["level"] == "nation").to_numpy()

    def only_nation(value: float | None) -> object:
        return np.where(nation, np.nan if value is None else value, np.nan)

    return pd.DataFrame(
        {
            "indicator": indicator.id,
            **{name: figures[name].to_numpy() for name in ("level", "code")},
            **{
                column: figures[column].to_numpy()
                for column in ("numerator", "denominator", "value", "low", "high")
            },
            "unit": indicator.unit.zh,
            "kind": indicator.kind,
            "status": np.where(known, "computed", "unknown"),
            "official_2021": only_nation(indicator.official_2021),
            "target_2025": only_nation(indicator.target_2025),
            "as_of": indicator.as_of,
            "rule": np.where(named, rule, ""),
            "basis": indicator.basis,
        }
    )


def _published(indicator: Indicator, rule: str) -> pd.DataFrame:
    """The nation's row of an indicator that cannot be worked out here, and a row for each of its parts."""
    common: dict[str, object] = {
        "level": "nation",
        "code": NATION,
        "kind": indicator.kind,
        "as_of": indicator.as_of,
        "rule": rule if indicator.by_rule else "",
        "basis": indicator.basis,
    }
    published = indicator.official_2021
    rows = [
        common
        | {
            "indicator": indicator.id,
            "numerator": indicator.official_numerator,
            "denominator": indicator.official_denominator,
            "value": published,
            "unit": indicator.unit.zh,
            "status": "unknown" if published is None else "official",
            "official_2021": published,
            "target_2025": indicator.target_2025,
        }
    ]
    rows += [
        common
        | {
            "indicator": f"{indicator.id}.{part.id}",
            "value": part.official_2021,
            "unit": part.unit.zh,
            "kind": part.kind,
            "as_of": part.as_of or indicator.as_of,
            "status": "official",
            "official_2021": part.official_2021,
        }
        for part in indicator.parts
    ]
    return pd.DataFrame(rows, columns=[column for column in COLUMNS if column != "name"])


def names_of(table: pd.DataFrame, townships: pd.DataFrame) -> pd.Series:
    """Names of the units of the table's rows."""
    names = {("nation" if code == NATION else "group", code): text.zh for code, text in NAMES.items()}
    names |= {("county", c): n for c, n in zip(townships["county_code"], townships["county"], strict=True)}
    full = townships["county"] + townships["town"]  # 東區, 大安區 … repeat between counties
    names |= {("township", c): n for c, n in zip(townships["town_code"], full, strict=True)}
    return pd.Series(
        [names[key] for key in zip(table["level"], table["code"], strict=True)], index=table.index
    )
