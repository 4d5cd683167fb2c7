"""
A study: the TOML file that names everything a run depends on, so that it can be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Literal, cast, get_args

from notspot.coverage_specs import CoverageSpec
from notspot.coverage_study import TABLES, read_coverage
from notspot.entries import EMBEDDED, Entries, text_of, toml_of
from notspot.entries import FIGURES as FIGURES  # of this module too
from notspot.overlay_specs import OverlaySpec, read_overlays
from notspot_coverage.definitions import Indicator, indicators_from, load_indicators, official_indicators
from notspot_coverage.rules import load_rules
from notspot_geodata.errors import InputError, NotFoundError, Problem
from notspot_geodata.text import Text

BOUNDARIES = "embedded:2021-09"

HINT = "docs/studies.md and docs/coverage-studies.md list every entry of a study."

Level = Literal["county", "township", "village"]
Function = Literal["max", "min", "median", "mean", "sum", "ratio"]


@dataclass(frozen=True, slots=True)
class Table:
    """
    A table that is joined to the units of its level by their code.

    `columns` maps the column's meaning or its header to its name in the run; without it every column that
    is not a code or a name of a unit is taken. A village table with ``sum = true`` is also summed into
    the townships, where villages without a polygon are counted too. `where` keeps the rows whose columns
    have the given values: ``{technology = "4G", period = "2021-12-31"}``.
    """

    path: str
    level: Level
    columns: Mapping[str, str] = field(default_factory=dict)
    sum: bool = False
    replace: bool = False
    sheet: str | None = None
    encoding: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derive:
    """
    A township column worked out row by row from others. Unknown values are left out; where fewer than
    `known` are there the result is unknown: the slowest of five operators needs all five.
    """

    column: str
    function: Function
    of: tuple[str, ...]
    scale: float = 1.0  # of a ratio
    known: int = 1


@dataclass(frozen=True, slots=True)
class Study:
    """
    What a run depends on. Read one with `Study.read` or `Study.shipped`; change it with `dataclasses.replace`.

    Attributes
    ----------
    coverage
        Services, and what is counted against them; None where the study declares none.
    overlays
        What is drawn over the atlas.
    folder
        Where paths of the tables begin; not part of the study's identity.
    text
        The TOML as it was read.
    """

    id: str
    year: int
    title: Text
    rule: str
    boundaries: str
    tables: tuple[Table, ...]
    derives: tuple[Derive, ...]
    definitions: Mapping[str, Indicator]
    divide: tuple[str, ...]
    coverage: CoverageSpec | None = None
    folder: Path = field(default=Path(), compare=False)
    text: str = field(default="", repr=False, compare=False)
    overlays: tuple[OverlaySpec, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> Study:
        """
        The study in a TOML file.

        Raises
        ------
        NotFoundError
            No such file.
        InputError
            Every problem of the study at once.
        """
        path = Path(path)
        if not path.is_file():
            raise NotFoundError(
                f"{path}: no such study file. `notspot report` runs the one that ships with Notspot."
            )
        return cls.parse(text_of(path), path.name, path.resolve().parent)

    @classmethod
    def shipped(cls, name: str = "taiwan_2021") -> Study:
        """A study that ships with Notspot."""
        source = files("notspot") / "studies" / f"{name}.toml"
        if not source.is_file():
            raise NotFoundError(
                f"no study '{name}' ships with Notspot; there is: {', '.join(shipped_studies())}"
            )
        return cls.parse(source.read_text(encoding="utf-8"), f"{name}.toml", Path())

    @classmethod
    def parse(cls, text: str, file: str, folder: Path) -> Study:
        """The study in TOML text; `file` names it in errors. Raises `InputError` with every problem at once."""
        reader = _Reader(toml_of(text, file), file, folder)
        study = reader.study(text)
        if reader.problems or study is None:
            raise InputError(file, reader.problems, hint=HINT)
        return study


def shipped_studies() -> list[str]:
    """Names of the studies inside the package."""
    names = [item.name for item in (files("notspot") / "studies").iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


# ------------------------------------------------------------------ reading, with every problem kept


class _Reader(Entries):
    """Takes one parsed TOML apart and collects what is wrong with it."""

    def study(self, text: str) -> Study | None:
        known = (
            "id",
            "year",
            "title",
            "boundaries",
            "rule",
            "indicators",
            "divide",
            "table",
            "derive",
            "indicator",
            "overlay",
            *TABLES,
        )
        self.unknown_keys(self.given, known, "")
        name = self.take(self.given, "id", str, "")
        year = self.take(self.given, "year", int, "")
        title = self.title()
        rule = self.one_of("rule", load_rules(), "rules")
        boundaries = self.one_of("boundaries", [BOUNDARIES], "boundaries")
        tables = tuple(t for i, row in self.rows("table") if (t := self.table(row, f"table {i}")))
        derives = tuple(d for i, row in self.rows("derive") if (d := self.derive(row, f"derive {i}")))
        definitions = self.definitions()
        divide = self.divide(definitions)
        coverage = read_coverage(self, definitions)
        overlays = read_overlays(self, coverage)
        if not tables and "table" not in self.given:
            self.problem(
                "table", f'is missing: name at least one, such as path = "{FIGURES}", level = "township"'
            )
        if name is None or year is None or title is None or rule is None or boundaries is None:
            return None
        return Study(
            name,
            year,
            title,
            rule,
            boundaries,
            tables,
            derives,
            definitions,
            divide,
            coverage,
            self.folder,
            text,
            overlays,
        )

    def one_of(self, key: str, allowed: Iterable[str], what: str) -> str | None:
        value = self.take(self.given, key, str, "")
        if value is not None and value not in allowed:
            self.problem(key, f"'{value}' is unknown; {what}: {', '.join(allowed)}", value)
            return None
        return value

    def title(self) -> Text | None:
        value = self.given.get("title")
        if isinstance(value, str) or (isinstance(value, dict) and {"zh", "en"} <= set(value)):
            return Text.of(value)
        self.problem("title", 'is missing or lacks zh or en: title = {zh = "…", en = "…"}')
        return None

    def table(self, row: Mapping[str, object], where: str) -> Table | None:
        self.unknown_keys(row, Table.__dataclass_fields__, where)
        path = self.take(row, "path", str, where)
        level = self.take(row, "level", str, where)
        if level is not None and level not in get_args(Level):
            self.problem(f"{where}.level", f"'{level}' is none of {', '.join(get_args(Level))}", level)
        if path is not None and path.startswith(EMBEDDED) and path != FIGURES:
            self.problem(f"{where}.path", f"'{path}' does not ship with Notspot; there is {FIGURES}", path)
        elif path == FIGURES and level is not None and level != "township":
            self.problem(f"{where}.level", f"must be township for {FIGURES}", level)
        elif path is not None and not path.startswith(EMBEDDED) and not (self.folder / path).is_file():
            self.problem(f"{where}.path", f"'{path}' is not there, looked for beside the study file", path)
        columns = row.get("columns", {})
        if isinstance(columns, list):
            columns = {str(column): str(column) for column in columns}
        if not isinstance(columns, dict) or not all(isinstance(v, str) for v in columns.values()):
            self.problem(f"{where}.columns", 'must be a list of columns or {"header" = "name"}')
            columns = {}
        twice = sorted({name for name in columns.values() if list(columns.values()).count(name) > 1})
        if twice:
            self.problem(f"{where}.columns", f"gives the name {', '.join(twice)} to several columns")
        where_ = row.get("where", {})
        if not isinstance(where_, dict) or not all(isinstance(v, str | int) for v in where_.values()):
            self.problem(f"{where}.where", 'must be {column = "value"}')
            where_ = {}
        sums = bool(self.take(row, "sum", bool, where)) if "sum" in row else False
        replaces = bool(self.take(row, "replace", bool, where)) if "replace" in row else False
        sheet = self.take(row, "sheet", str, where) if "sheet" in row else None
        encoding = self.take(row, "encoding", str, where) if "encoding" in row else None
        if sums and level != "village":
            self.problem(f"{where}.sum", "is for village tables, which are summed into townships")
        if path is None or level not in get_args(Level):
            return None
        return Table(path, cast(Level, level), columns, sums, replaces, sheet, encoding, where_)

    def derive(self, row: Mapping[str, object], where: str) -> Derive | None:
        self.unknown_keys(row, Derive.__dataclass_fields__, where)
        column = self.take(row, "column", str, where)
        function = self.take(row, "function", str, where)
        of = self.take(row, "of", list, where)
        if function is not None and function not in get_args(Function):
            self.problem(
                f"{where}.function", f"'{function}' is none of {', '.join(get_args(Function))}", function
            )
        if function == "ratio" and of is not None and len(of) != 2:
            self.problem(f"{where}.of", "a ratio needs two columns, numerator and denominator")
        if of == []:
            self.problem(f"{where}.of", "is empty: name the columns that it is worked out from")
        scale = row.get("scale", 1.0)
        if not isinstance(scale, int | float):
            self.problem(f"{where}.scale", "must be a number", scale)
            return None
        known = row.get("known", 1)
        if not isinstance(known, int) or not 1 <= known <= len(of or [known]):
            self.problem(f"{where}.known", "must be a whole number from 1 to the number of columns", known)
            return None
        if column is None or of is None or function not in get_args(Function):
            return None
        return Derive(column, cast(Function, function), tuple(str(c) for c in of), float(scale), known)

    def definitions(self) -> dict[str, Indicator]:
        shipped = load_indicators()
        # who counts coverage has brought no table of measured speeds, which some of the measures need
        counted = any(key in self.given for key in TABLES)
        wanted = self.given.get("indicators", "official" if counted else "all")
        own: dict[str, Indicator] = {}
        try:
            own = indicators_from([dict(row) for _, row in self.rows("indicator")], self.file)
        except InputError as error:
            self.problems += [
                Problem(None, f"indicator {p.row}.{p.field}", p.message, p.value) for p in error.problems
            ]
        for name, item in own.items():
            if name in shipped:
                self.problem("indicator", f"'{name}' is already defined by Notspot; choose another id", name)
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                self.problem(
                    "indicator", f"'{name}' is no id: small letters, digits and _, a letter first", name
                )
            if item.recipe is not None and item.recipe.level != "township":
                message = f"of '{name}' must be township: indicators are worked out from township columns"
                self.problem("indicator.compute.level", message, item.recipe.level)
        everything = shipped | own
        if wanted == "all":
            wanted = list(everything)
        elif wanted == "official":
            wanted = list(official_indicators())
        if not isinstance(wanted, list):
            self.problem("indicators", 'must be "all", "official" or a list of ids', wanted)
            return everything
        for name in wanted:
            if name not in everything:
                self.problem("indicators", f"'{name}' is not defined; see `notspot indicators`", name)
        chosen = {name: everything[name] for name in wanted if name in everything} | own
        if not self.problems and not counted and not any(item.recipe for item in chosen.values()):
            self.problem("indicators", "names none that is worked out: add one, such as population")
        return chosen

    def divide(self, definitions: Mapping[str, Indicator]) -> tuple[str, ...]:
        wanted = self.given.get("divide", [])
        if not isinstance(wanted, list):
            self.problem("divide", "must be a list of ids of measures", wanted)
            return ()
        for name in wanted:
            found = definitions.get(name)
            if wanted.count(name) > 1:
                self.problem("divide", f"'{name}' is named twice", name)
            if found is None:
                self.problem("divide", f"'{name}' is not among the study's indicators", name)
            elif found.recipe is None or found.kind != "measure":
                self.problem("divide", f"'{name}' is not a measure that is worked out by township", name)
        return tuple(str(name) for name in wanted)
