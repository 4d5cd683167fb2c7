"""
The rules of remoteness as data: what a regulation says, from when, with which published counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeGuard

from notspot_geodata.errors import InputError, NotFoundError, Problem
from notspot_geodata.text import Text

DEFAULT_RULE = "remote_2020"


def load_rules(path: str | Path | None = None) -> dict[str, Rule]:
    """
    Rules by id, in the order of the file: those that ship with Notspot, or those of a TOML file.

    Raises
    ------
    InputError
        With every problem of the file at once.
    """
    if path is not None:
        return parse_rules(Path(path).read_text(encoding="utf-8"), str(path))
    data = files("notspot_coverage") / "data" / "rules.toml"
    return parse_rules(data.read_text(encoding="utf-8"), "rules.toml")


def load_rule(rule_id: str = DEFAULT_RULE) -> Rule:
    """One rule that ships with Notspot; raises `NotFoundError` that lists the ids there are."""
    rules = load_rules()
    if rule_id not in rules:
        raise NotFoundError(f"There is no rule '{rule_id}'. The rules are: {', '.join(rules)}.")
    return rules[rule_id]


@dataclass(frozen=True, slots=True)
class Published:
    """How many townships (and villages) the authority counted as remote in the years from first to last."""

    first_year: int
    last_year: int
    townships: int
    villages: int | None
    source: Text


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a county government sits, in degrees."""

    county_code: str
    lon: float
    lat: float
    name: Text


@dataclass(frozen=True, slots=True)
class Deemed:
    """
    Areas that count as remote once the authority approves: their density lies between two fractions of the
    national average and they adjoin a remote area.
    """

    from_density: float
    to_density: float
    adjoining: bool
    citation: Text


@dataclass(frozen=True, slots=True)
class Rule:
    """A dated legal definition of 'remote'. Densities are fractions of the national average."""

    id: str
    name: Text
    definition: Text
    citation: Text
    issued: date
    in_force: date
    until: date | None
    density_below: float
    offshore_km: float
    national_area_km2: float
    deemed: Deemed | None
    published: tuple[Published, ...]
    seats: tuple[Seat, ...]
    later: Text | None = None

    def published_in(self, year: int) -> Published | None:
        """The published count that holds in `year`, or None."""
        return next((p for p in self.published if p.first_year <= year <= p.last_year), None)


def parse_rules(toml: str, file: str) -> dict[str, Rule]:
    """The rules and seats in TOML text; raises `InputError` with every problem at once."""
    try:
        data = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise InputError(file, [Problem(None, "", f"is not TOML: {error}")]) from error
    problems: list[Problem] = []
    area: object = data.get("national_area_km2")
    if not _is_number(area) or area <= 0:
        problems.append(Problem(None, "national_area_km2", "must be a number above 0"))
    for number, seat in enumerate(data.get("seat", []), start=1):
        problems += _seat_problems(seat, number)
    seen: set[str] = set()
    for number, table in enumerate(data.get("rule", []), start=1):
        problems += _rule_problems(table, number)
        if table.get("id") in seen:
            problems.append(Problem(number, "id", f"'{table['id']}' is defined twice"))
        seen.add(table.get("id", ""))
    if not seen:
        problems.append(Problem(None, "rule", "there is no [[rule]] table"))
    if problems:
        raise InputError(file, problems, hint="Rows count the [[rule]] and [[seat]] tables from 1.")
    seats = tuple(
        Seat(s["county_code"], float(s["lon"]), float(s["lat"]), Text.of(s["name"]))
        for s in data.get("seat", [])
    )
    return {table["id"]: _rule(table, float(data["national_area_km2"]), seats) for table in data["rule"]}


_RULE_TEXTS = ("name", "definition", "citation")
_RULE_KEYS = {
    "id",
    "issued",
    "in_force",
    "until",
    "density_below",
    "offshore_km",
    "later",
    "deemed",
    "published",
}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text_problem(table: Mapping[str, Any], key: str, number: int, *, needed: bool) -> list[Problem]:
    value = table.get(key)
    if value is None:
        return [Problem(number, key, "is missing")] if needed else []
    if not isinstance(value, Mapping) or not {"zh", "en"} <= set(value):
        return [Problem(number, key, "needs both zh and en")]
    return []


def _seat_problems(seat: Mapping[str, Any], number: int) -> list[Problem]:
    out = _text_problem(seat, "name", number, needed=True)
    code = seat.get("county_code")
    if not (isinstance(code, str) and len(code) == 5 and code.isdigit()):
        out.append(Problem(number, "seat.county_code", f"'{code}' is not text of 5 digits", str(code)))
    for key, low, high in (("lon", 114, 123), ("lat", 10, 27)):  # Taiwan, Dongsha and Taiping included
        value = seat.get(key)
        if not _is_number(value) or not low <= float(value) <= high:
            out.append(Problem(number, f"seat.{key}", f"'{value}' is not between {low} and {high} degrees"))
    return out


def _rule_problems(table: Mapping[str, Any], number: int) -> list[Problem]:
    out = [
        Problem(number, key, "is not a field of a rule")
        for key in table
        if key not in _RULE_KEYS | set(_RULE_TEXTS)
    ]
    out += [
        Problem(number, key, "is missing")
        for key in ("id", "density_below", "offshore_km")
        if key not in table
    ]
    for key in _RULE_TEXTS:
        out += _text_problem(table, key, number, needed=True)
    out += _text_problem(table, "later", number, needed=False)
    for key in ("issued", "in_force", "until"):
        if key not in table:
            out += [] if key == "until" else [Problem(number, key, "is missing")]
        elif type(table[key]) is not date:
            out.append(Problem(number, key, f"'{table[key]}' is not a date such as 2020-07-01"))
    for key in ("density_below", "offshore_km"):
        if key in table and (not _is_number(table[key]) or table[key] <= 0):
            out.append(Problem(number, key, f"'{table[key]}' is not a number above 0"))
    deemed = table.get("deemed")
    if deemed is not None:
        low, high = deemed.get("from_density"), deemed.get("to_density")
        if not (_is_number(low) and _is_number(high) and 0 < low < high):
            out.append(Problem(number, "deemed", "needs from_density below to_density, both above 0"))
        if not isinstance(deemed.get("adjoining"), bool):
            out.append(Problem(number, "deemed.adjoining", "must be true or false"))
        out += _text_problem(deemed, "citation", number, needed=True)
    for entry in table.get("published", []):
        first, last = entry.get("first_year"), entry.get("last_year")
        if not (isinstance(first, int) and isinstance(last, int) and first <= last):
            out.append(Problem(number, "published", "needs first_year and last_year, in this order"))
        if not isinstance(entry.get("townships"), int):
            out.append(Problem(number, "published.townships", "must be a whole number"))
        out += _text_problem(entry, "source", number, needed=True)
    return out


def _rule(table: Mapping[str, Any], area: float, seats: tuple[Seat, ...]) -> Rule:
    deemed = table.get("deemed")
    return Rule(
        id=str(table["id"]),
        name=Text.of(table["name"]),
        definition=Text.of(table["definition"]),
        citation=Text.of(table["citation"]),
        issued=table["issued"],
        in_force=table["in_force"],
        until=table.get("until"),
        density_below=float(table["density_below"]),
        offshore_km=float(table["offshore_km"]),
        national_area_km2=area,
        deemed=deemed
        and Deemed(
            float(deemed["from_density"]),
            float(deemed["to_density"]),
            bool(deemed["adjoining"]),
            Text.of(deemed["citation"]),
        ),
        published=tuple(
            Published(
                p["first_year"], p["last_year"], p["townships"], p.get("villages"), Text.of(p["source"])
            )
            for p in table.get("published", [])
        ),
        seats=seats,
        later=Text.of(table["later"]) if "later" in table else None,
    )
