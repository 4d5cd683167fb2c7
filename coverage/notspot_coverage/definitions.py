"""
What an indicator is: its words, its kind, its official figures and how it is worked out, all
read from TOML. An indicator is data, not code; `notspot_coverage.indicators` computes them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import Text

Kind = Literal["share", "existence", "count", "measure"]
Better = Literal["higher", "lower"]

COLUMNS = [
    "indicator",
    "level",
    "code",
    "name",
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "unit",
    "kind",
    "status",
    "official_2021",
    "target_2025",
    "as_of",
    "rule",
    "basis",
]  # of the tidy table, in the order in which it is written

LEVELS = ("nation", "group", "county", "township", "village")


@dataclass(frozen=True, slots=True)
class Condition:
    """``column >= at_least`` (or ``column is true`` without a threshold); null where the column is null."""

    column: str
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    How the value of a unit, and of a set of units, comes out of the columns of the units.

    measure
        ``scale * sum(numerator) / sum(denominator)`` over the units where both are known; without a
        denominator the mean of `numerator` weighted by `weight`.
    share
        ``sum(weight where condition) / sum(weight)``; units where the condition is unknown widen the bounds.
    existence
        the number of units where the condition holds / the number of units.
    count
        ``sum(numerator)``, or the number of units where the condition holds.
    """

    level: str
    numerator: str | None = None
    denominator: str | None = None
    weight: str | None = None
    condition: Condition | None = None
    within: str | None = None  # only units where this true/false column is true
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator, defined. Texts are bilingual; `recipe` is None where only the official figure is known."""

    id: str
    kind: Kind
    theme: str
    name: Text
    definition: Text
    numerator: Text
    denominator: Text | None
    unit: Text
    source: Text
    as_of: str
    caveat: Text | None = None
    needs: Text | None = None  # the input that is missing to compute it
    official_2021: float | None = None  # in `unit`
    official_text: Text | None = None  # the official figure as published, with its two counts
    official_numerator: float | None = None
    official_denominator: float | None = None
    target_2025: float | None = None
    better: Better = "higher"
    recipe: Recipe | None = None


def load_indicators(path: str | Path | None = None) -> dict[str, Indicator]:
    """
    Indicator definitions by id, in the order of the file.

    Parameters
    ----------
    path
        A TOML file of ``[[indicator]]`` tables; without it the definitions that ship with Notspot
        (the official figures of 2021 first, then the measures computed from the embedded data).
    """
    if path is not None:
        return parse_indicators(Path(path).read_text(encoding="utf-8"), str(path))
    data = files("notspot_coverage") / "data"
    out: dict[str, Indicator] = {}
    for name in ("official_2021.toml", "measures_2021.toml"):
        out |= parse_indicators((data / name).read_text(encoding="utf-8"), name)
    return out


def parse_indicators(toml: str, file: str) -> dict[str, Indicator]:
    """The ``[[indicator]]`` tables of TOML text; raises `InputError` with every problem at once."""
    try:
        tables = tomllib.loads(toml).get("indicator", [])
    except tomllib.TOMLDecodeError as error:
        raise InputError(file, [Problem(None, "", f"is not TOML: {error}")]) from error
    return indicators_from(tables, file)


def indicators_from(tables: list[Mapping[str, object]], file: str) -> dict[str, Indicator]:
    """Indicator definitions from parsed tables; raises `InputError` with every problem at once."""
    out: dict[str, Indicator] = {}
    problems: list[Problem] = []
    for number, table in enumerate(tables, start=1):
        found = _table_problems(table, number)
        name = str(table.get("id", ""))
        if name in out:
            found.append(Problem(number, "id", f"'{name}' is defined twice"))
        problems += found
        if not found:
            out[name] = _indicator(table)
    if problems:
        raise InputError(file, problems, hint="Rows count the [[indicator]] tables from 1.")
    return out


_TEXTS = ("name", "definition", "numerator", "unit", "source")
_KNOWN = {field for field in Indicator.__dataclass_fields__ if field != "recipe"} | {"compute"}
_RECIPE = set(Recipe.__dataclass_fields__) - {"condition"} | {"column", "at_least"}


def _table_problems(table: Mapping[str, object], number: int) -> list[Problem]:
    out = [Problem(number, key, "is not a field of an indicator") for key in table if key not in _KNOWN]
    out += [
        Problem(number, key, "is missing")
        for key in ("id", "kind", "theme", "as_of", *_TEXTS)
        if key not in table
    ]
    if "kind" in table and table["kind"] not in get_args(Kind):
        out.append(Problem(number, "kind", f"'{table['kind']}' is none of {', '.join(get_args(Kind))}"))
    for key in (*_TEXTS, "denominator", "caveat", "needs", "official_text"):
        value = table.get(key)
        if isinstance(value, Mapping) and not {"zh", "en"} <= set(value):
            out.append(Problem(number, key, "needs both zh and en"))
    compute = table.get("compute")
    if isinstance(compute, Mapping):
        out += [Problem(number, f"compute.{k}", "is not a field of a recipe") for k in compute if k not in _RECIPE]
        if compute.get("level") not in LEVELS:
            out.append(Problem(number, "compute.level", f"must be one of {', '.join(LEVELS)}"))
        if table.get("kind") in ("share", "existence") and "column" not in compute:
            out.append(Problem(number, "compute.column", f"a {table['kind']} needs a column to test"))
        if table.get("kind") == "measure" and "numerator" not in compute:
            out.append(Problem(number, "compute.numerator", "a measure needs a numerator column"))
    return out


def _indicator(table: Mapping[str, object]) -> Indicator:
    def text(key: str) -> Text | None:
        return Text.of(table[key]) if key in table else None

    fields: dict[str, object] = {key: table[key] for key in table if key != "compute"}
    for key in (*_TEXTS, "denominator", "caveat", "needs", "official_text"):
        fields[key] = text(key)
    compute = table.get("compute")
    if isinstance(compute, Mapping):
        given = dict(compute)
        if "column" in given:
            given["condition"] = Condition(str(given.pop("column")), given.pop("at_least", None))
        fields["recipe"] = Recipe(**given)
    return Indicator(**fields)  # type: ignore[arg-type]  # checked by _table_problems
