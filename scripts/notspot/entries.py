"""
Entries of a parsed TOML file taken apart: each checked, and everything that is wrong kept.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar, cast, overload

from notspot_geodata.cells import roc_date
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import Text

T = TypeVar("T")

EMBEDDED = "embedded:"
FIGURES = "embedded:townships_2021"

Row = Mapping[str, object]


def text_of(path: Path) -> str:
    """The text of a TOML file; raises `InputError` where it is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(path, [Problem(None, "", "is not UTF-8 text, which TOML must be")]) from error


def toml_of(text: str, file: str) -> dict[str, object]:
    """TOML text taken apart; `file` names it in what `InputError` says."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        key = "key" in str(error)
        hint = 'A key in Chinese needs quotation marks: where = {"速率" = 2000}.' if key else ""
        raise InputError(file, [Problem(None, "", f"is not TOML: {error}")], hint=hint) from error


class Entries:
    """
    One parsed TOML, and its `problems`. A place in it is written ``layer 2.radius_m``: tables of one kind
    count from 1. What is asked for and wrong is told once, and comes back as None or its default.
    """

    def __init__(self, given: Row, file: str, folder: Path, problems: list[Problem] | None = None) -> None:
        self.given = given
        self.file = file
        self.folder = folder
        self.problems: list[Problem] = [] if problems is None else problems

    def problem(self, where: str, message: str, value: object = "") -> None:
        self.problems.append(Problem(None, where, message, str(value)))

    def unknown_keys(self, table: Row, known: Iterable[str], where: str) -> None:
        for key in table:
            if key not in known:
                self.problem(f"{where}.{key}".strip("."), f"is not an entry; known are {', '.join(known)}")

    def rows(self, key: str) -> Iterable[tuple[int, Row]]:
        """The tables ``[[key]]``, from 1."""
        given = self.given.get(key, [])
        if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
            self.problem(key, f"must be written as [[{key}]] tables")
            return []
        return enumerate(cast("list[Row]", given), start=1)

    def take(self, table: Row, key: str, kind: type[T], where: str) -> T | None:
        """An entry that must be there, of one type."""
        label = f"{where}.{key}".strip(".")
        if key not in table:
            self.problem(label, "is missing")
            return None
        value = table[key]
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            self.problem(label, f"must be {_KINDS[kind]}, not {value!r}", value)
            return None
        return value

    @overload
    def maybe(self, table: Row, key: str, kind: type[T], where: str) -> T | None: ...
    @overload
    def maybe(self, table: Row, key: str, kind: type[T], where: str, default: T) -> T: ...
    def maybe(self, table: Row, key: str, kind: type[T], where: str, default: T | None = None) -> T | None:
        """An entry that may be left out."""
        found = self.take(table, key, kind, where) if key in table else default
        return default if found is None else found

    def number(self, table: Row, key: str, where: str) -> float | None:
        """A number that may be left out."""
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            self.problem(f"{where}.{key}".strip("."), f"must be a number, not {value!r}", value)
            return None
        return float(value)

    def choice(self, table: Row, key: str, allowed: Iterable[str], where: str, default: str = "") -> str:
        """One of a few words, or `default`; without a default it must be there."""
        label = f"{where}.{key}".strip(".")
        if key not in table and default:
            return default
        value = self.take(table, key, str, where)
        allowed = tuple(allowed)
        if value is not None and value not in allowed:
            self.problem(label, f"'{value}' is none of {', '.join(allowed)}", value)
            return default
        return default if value is None else value

    def texts(self, table: Row, key: str, where: str) -> tuple[str, ...]:
        """A list of words, or one word; may be left out."""
        value = table.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problem(f"{where}.{key}".strip("."), 'must be a list of texts: ["a", "b"]', value)
            return ()
        twice = sorted({item for item in value if value.count(item) > 1})
        if twice:
            self.problem(f"{where}.{key}".strip("."), f"names {', '.join(twice)} twice")
        return tuple(dict.fromkeys(value))

    def words(self, table: Row, key: str, where: str, default: str = "") -> Text:
        """A text in both languages, or one for both; without it `default`."""
        label = f"{where}.{key}".strip(".")
        value = table.get(key)
        if isinstance(value, str) or (isinstance(value, dict) and {"zh", "en"} <= set(value)):
            return Text.of(value)
        if value is not None or not default:
            self.problem(label, f'is missing or lacks zh or en: {key} = {{zh = "…", en = "…"}}')
        return Text.of(default)

    def day(self, table: Row, key: str, where: str) -> str:
        """A date, month or year as ISO text, "" where it is left out; TOML's own dates are taken too."""
        label = f"{where}.{key}".strip(".")
        value = table.get(key, "")
        found = iso_date(value)
        if found is None:
            self.problem(label, f"{value!r} is not a date: write 2021-12-31, 2021-12 or 2021", value)
        return found or ""

    def ident(self, table: Row, where: str, taken: set[str]) -> str | None:
        """The id of a table; `taken` holds those of its kind so far."""
        value = self.take(table, "id", str, where)
        if value is None:
            return None
        if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
            message = f"'{value}' is no id: small letters, digits and _, a letter first"
            self.problem(f"{where}.id", message, value)
        if value in taken:
            self.problem(f"{where}.id", f"'{value}' is taken: an id stands once", value)
        taken.add(value)
        return value

    def path(self, table: Row, where: str, key: str = "path", embedded: Iterable[str] = ()) -> str | None:
        """The path of a file that is there, or the name of one that ships with Notspot."""
        value = self.take(table, key, str, where)
        if value is None:
            return None
        label = f"{where}.{key}".strip(".")
        ships = tuple(embedded)
        if value.startswith(EMBEDDED):
            if value not in ships:
                there = f"there is {', '.join(ships)}" if ships else "give a file"
                self.problem(label, f"'{value}' does not ship with Notspot; {there}", value)
        elif not (self.folder / value).is_file():
            self.problem(label, f"'{value}' is not there, looked for beside {self.file}", value)
        return value


def iso_date(value: object) -> str | None:
    """A date, month or year of TOML as ISO text; "" of nothing, None where it is none."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and 1911 < value < 2200:
        return str(value)
    if not isinstance(value, str):
        return None
    if not value.strip():
        return ""
    return roc_date(value)[0]


_KINDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    list: "a list",
    bool: "true or false",
    dict: "a table",
}
