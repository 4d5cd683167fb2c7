"""
The entries of a study that name a file and choose rows of it: ``path``, ``where``, ``sheet``, ``encoding`` …
"""

from __future__ import annotations

from collections.abc import Iterable

from notspot.coverage_specs import FileSpec
from notspot.entries import Entries, Row, iso_date
from notspot_geodata.row_tests import RowTest, Selection

FILE = ("path", "where", "sheet", "encoding", "layer_name")  # of every table that names a file
_TESTS = ("at_least", "at_most", "at_least_column", "by", "is")


def file_spec(entries: Entries, row: Row, where: str, embedded: Iterable[str] = ()) -> FileSpec:
    """The file that a table of the study names; what is wrong is told."""
    return FileSpec(
        path=entries.path(row, where, embedded=embedded) or "",
        where=selection(entries, row, where),
        crs=_crs(entries, row, where),
        sheet=entries.maybe(row, "sheet", str, where),
        encoding=entries.maybe(row, "encoding", str, where),
        layer_name=entries.maybe(row, "layer_name", str, where),
    )


def selection(entries: Entries, row: Row, where: str) -> Selection:
    """
    ``where``: a table of tests that must all hold, or a list of such tables, of which one must.

    A test is ``column = "value"``, ``column = ["one", "other"]`` or ``column = {at_least = 2000, by = "2022-03"}``.
    """
    label = f"{where}.where"
    given = row.get("where", {})
    listed = given if isinstance(given, list) else [given]
    alternatives: list[Row] = [item for item in listed if isinstance(item, dict)]
    if len(alternatives) < len(listed):
        entries.problem(label, 'must be {column = "value"}, or a list of such tables')
        return ()
    found = []
    for tests in alternatives:
        one = tuple(t for column, asked in tests.items() if (t := _test(entries, column, asked, label)))
        if one:
            found.append(one)
        elif len(alternatives) > 1:
            entries.problem(label, "has an alternative without a test: every row would be chosen")
    return tuple(found)


def _test(entries: Entries, column: str, asked: object, label: str) -> RowTest | None:
    label = f"{label}.{column}"
    if not isinstance(asked, dict):
        values = _values(entries, asked, label)
        return RowTest(column, equals=values) if values else None
    if not asked:
        entries.problem(label, f"says nothing; known are {', '.join(_TESTS)}")
        return None
    entries.unknown_keys(asked, _TESTS, label)
    by = None
    if "by" in asked:
        by = iso_date(asked["by"])
        if not by:
            entries.problem(f"{label}.by", f"{asked['by']!r} is not a date: write 2022-03-31", asked["by"])
            by = None
    low, high = (entries.number(asked, key, label) for key in ("at_least", "at_most"))
    if low is not None and high is not None and low > high:
        entries.problem(label, f"asks for at least {low:g} and at most {high:g}: no number is both")
    return RowTest(
        column,
        equals=_values(entries, asked["is"], f"{label}.is") if "is" in asked else (),
        at_least=low,
        at_most=high,
        at_least_column=entries.maybe(asked, "at_least_column", str, label),
        by=by,
    )


def _values(entries: Entries, asked: object, label: str) -> tuple[str, ...]:
    given = asked if isinstance(asked, list) else [asked]
    if not given:
        entries.problem(label, "is an empty list: no row could be chosen")
    out = []
    for value in given:
        if isinstance(value, bool):
            out.append(str(value).lower())
        elif isinstance(value, str | int | float):
            out.append(f"{value:g}" if isinstance(value, float) else str(value))
        elif (day := iso_date(value)) is not None:
            out.append(day)
        else:
            entries.problem(label, f"must be a value or a list of values, not {value!r}", value)
    return tuple(out)


def _crs(entries: Entries, row: Row, where: str) -> str | None:
    """A coordinate system as text; whether it exists is seen when the file is read."""
    value = entries.maybe(row, "crs", str, where)
    if value is not None and not value.strip():
        entries.problem(f"{where}.crs", 'is empty; write it as "EPSG:3826"')
        return None
    return value
