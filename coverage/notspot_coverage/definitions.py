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
from typing import Literal, cast, get_args

from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import Text

Kind = Literal["share", "existence", "count", "measure"]
Better = Literal["higher", "lower", "none"]
Basis = Literal["register", "claim", "measurement", "model"]

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
        ``scale * sum(numerator) / sum(denominator)`` over the units where both are known; with a `weight`
        instead of a denominator the mean of `numerator` weighted by it; with neither the sum.
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
class Part:
    """A published figure that stands beside an indicator's own and is not added to it."""

    id: str
    name: Text
    unit: Text
    official_2021: float
    kind: Kind = "count"
    as_of: str = ""  # where it differs from the indicator's


@dataclass(frozen=True, slots=True)
class Indicator:
    """
    One indicator, defined. Texts are bilingual; `recipe` is None where only the official figure is known.

    A share's figures are in percent. An existence's are numbers of units: how many have at least one.
    """

    id: str
    kind: Kind
    theme: str
    name: Text
    definition: Text
    numerator: Text
    denominator: Text | None
    unit: Text
    basis: Basis
    source: Text
    as_of: str
    caveat: Text | None = None
    needs: Text | None = None  # the input that is missing to compute it
    official_2021: float | None = None  # in `unit`
    official_numerator: float | None = None
    official_denominator: float | None = None
    target_2025: float | None = None
    better: Better = "higher"
    by_rule: bool = False  # the published figure is of remote or non-remote areas only
    parts: tuple[Part, ...] = ()
    recipe: Recipe | None = None


_SHIPPED = ("official_2021.toml", "measures_2021.toml")


def comparable(one: Indicator, other: Indicator) -> bool:
    """Whether figures of two runs may be set beside each other: of one kind and unit."""
    return (one.kind, one.unit.zh) == (other.kind, other.unit.zh)


def load_themes() -> dict[str, Text]:
    """Names of the themes that indicators are listed under, in the order in which they are shown."""
    data = files("notspot_coverage") / "data"
    themes: dict[str, Text] = {}
    for name in _SHIPPED:
        for theme in tomllib.loads((data / name).read_text(encoding="utf-8"))["theme"]:
            themes[theme["id"]] = Text.of(theme)
    return themes


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
    for name in _SHIPPED:
        out |= parse_indicators((data / name).read_text(encoding="utf-8"), name)
    return out


def official_indicators() -> dict[str, Indicator]:
    """The official indicators alone: what the authorities publish, without the measures that Notspot adds."""
    text = (files("notspot_coverage") / "data" / _SHIPPED[0]).read_text(encoding="utf-8")
    return parse_indicators(text, _SHIPPED[0])


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
    seen: set[str] = set()
    for number, table in enumerate(tables, start=1):
        found = _table_problems(table, number)
        name = str(table.get("id", ""))
        if name in seen:
            found.append(Problem(number, "id", f"'{name}' is defined twice"))
        seen.add(name)
        problems += found
        if not found:
            out[name] = _indicator(table)
    if problems:
        raise InputError(file, problems, hint="Rows count the [[indicator]] tables from 1.")
    return out


_TEXTS = ("name", "definition", "numerator", "unit", "source")
_OPTIONAL_TEXTS = ("denominator", "caveat", "needs")
_KNOWN = set(Indicator.__dataclass_fields__) - {"recipe", "parts"} | {"compute", "part"}
_RECIPE = set(Recipe.__dataclass_fields__) - {"condition"} | {"column", "at_least"}


def _table_problems(table: Mapping[str, object], number: int) -> list[Problem]:
    out = [Problem(number, key, "is not a field of an indicator") for key in table if key not in _KNOWN]
    out += [
        Problem(number, key, "is missing")
        for key in ("id", "kind", "theme", "basis", "as_of", *_TEXTS)
        if key not in table
    ]
    for key, allowed in (("kind", Kind), ("basis", Basis), ("better", Better)):
        if key in table and table[key] not in get_args(allowed):
            out.append(Problem(number, key, f"'{table[key]}' is none of {', '.join(get_args(allowed))}"))
    for key in (*_TEXTS, *_OPTIONAL_TEXTS):
        value = table.get(key)
        if isinstance(value, Mapping) and not {"zh", "en"} <= set(value):
            out.append(Problem(number, key, "needs both zh and en"))
    compute = table.get("compute")
    if isinstance(compute, Mapping):
        out += [
            Problem(number, f"compute.{k}", "is not a field of a recipe") for k in compute if k not in _RECIPE
        ]
        if compute.get("level") not in LEVELS:
            out.append(Problem(number, "compute.level", f"must be one of {', '.join(LEVELS)}"))
        if table.get("kind") in ("share", "existence") and "column" not in compute:
            out.append(Problem(number, "compute.column", f"a {table['kind']} needs a column to test"))
        if table.get("kind") == "measure" and "numerator" not in compute:
            out.append(Problem(number, "compute.numerator", "a measure needs a numerator column"))
        if table.get("kind") == "share" and "weight" not in compute:
            out.append(Problem(number, "compute.weight", "a share needs a weight column, such as population"))
        if table.get("kind") == "count" and not {"numerator", "column"} & set(compute):
            out.append(Problem(number, "compute", "a count needs a numerator column or a column to test"))
    for part in cast("list[Mapping[str, object]]", table.get("part", [])):
        missing = [key for key in ("id", "name", "unit", "official_2021") if key not in part]
        out += [Problem(number, f"part.{key}", "is missing") for key in missing]
    return out


def _indicator(table: Mapping[str, object]) -> Indicator:
    def text(key: str) -> Text | None:
        return Text.of(table[key]) if key in table else None

    fields: dict[str, object] = {key: table[key] for key in table if key not in ("compute", "part")}
    parts = cast("list[Mapping[str, object]]", table.get("part", []))
    fields["parts"] = tuple(
        Part(
            str(p["id"]),
            Text.of(p["name"]),
            Text.of(p["unit"]),
            float(cast(float, p["official_2021"])),
            cast(Kind, p.get("kind", "count")),
            str(p.get("as_of", "")),
        )
        for p in parts
    )
    for key in (*_TEXTS, *_OPTIONAL_TEXTS):
        fields[key] = text(key)
    compute = table.get("compute")
    if isinstance(compute, Mapping):
        given = dict(compute)
        if "column" in given:
            given["condition"] = Condition(str(given.pop("column")), given.pop("at_least", None))
        fields["recipe"] = Recipe(**given)
    return Indicator(**fields)  # type: ignore[arg-type]  # checked by _table_problems
