"""
What Notspot understands of a file, and what is wrong with it: ``notspot check FILE``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from notspot_geodata import sniff
from notspot_geodata.columns import meaning_of
from notspot_geodata.crs import parse_crs
from notspot_geodata.degrees import find_pairs
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.reading import Reading

SHOWN_ROWS = 12  # row numbers that one group of problems names
SHOWN_GROUPS = 40
SHOWN_NOTES = 20
SHOWN_COLUMNS = 30
_WIDTH = 12


def check(path: str | Path, **options: Any) -> Reading:
    """
    Read a table or a map through, and say what was understood and everything that is wrong with it.

    Parameters
    ----------
    path
        Any file.
    options
        ``sheet`` and ``encoding`` of a table, ``layer``, ``crs`` and ``encoding`` of a map; those that do not
        apply to the file's kind are passed over.

    Raises
    ------
    NotFoundError
        No such file, layer or sheet.
    UsageError
        ``crs`` is no coordinate system. Problems of the file itself never raise: they are in ``problems``.
    """
    path = Path(path)
    sniff.require_file(path)
    if options.get("crs") is not None:
        parse_crs(options["crs"])
    try:
        kind = sniff.kind_of(path)
        if kind in sniff.TABLES or kind == "parquet":
            return _check_table(path, options)
        from notspot_geodata.vectors import examine_geo

        return examine_geo(path, **_some(options, "layer", "crs", "encoding"))[1]
    except InputError as error:
        problems = list(error.problems)
        if error.hint and not any(error.hint in p.message for p in problems):
            return Reading(path.name, _kind(path), problems=problems, notes=[error.hint])
        return Reading(path.name, _kind(path), problems=problems)


def describe(reading: Reading) -> str:
    """What ``notspot check FILE`` prints: what was understood, what is wrong, what to do."""
    lines = [f"{_plain(reading.file)}: {reading.kind}"]
    facts = [
        ("encoding", reading.encoding or ""),
        ("headers", "row " + ", ".join(map(str, reading.header_rows)) if reading.header_rows else ""),
        ("CRS", ": ".join(word for word in (reading.crs or "unknown", reading.crs_reason) if word)),
        ("rows", f"{reading.usable:,} of {reading.rows:,} usable" if reading.rows else ""),
    ]
    lines += [f"  {name:<{_WIDTH}}{_plain(value)}" for name, value in facts if value not in ("", "unknown")]
    lines += _columns(reading.columns)
    unread = bool(reading.problems) and not reading.rows  # notes then say what to do, and come last
    if reading.notes and not unread:
        lines.append("Concluded:")
        lines += [f"  - {_plain(note)}" for note in reading.notes[:SHOWN_NOTES]]
        if len(reading.notes) > SHOWN_NOTES:
            lines.append(f"  - … and {len(reading.notes) - SHOWN_NOTES:,} more (--json has all)")
    if not reading.problems:
        return "\n".join([*lines, "No problems."])
    count = len(reading.problems)
    lines.append(f"{count:,} problem{'' if count == 1 else 's'}:")
    lines += _grouped(reading.problems)
    lines += [_plain(note) for note in reading.notes] if unread and reading.notes else [_advice(reading)]
    return "\n".join(lines)


def exit_code(reading: Reading) -> int:
    """0 where the file is fine, 1 where it has problems."""
    return 1 if reading.problems else 0


def _check_table(path: Path, options: dict[str, Any]) -> Reading:
    """A table by the table reader; and its points where it has coordinates."""
    from notspot_geodata.cell_shapes import shape_column
    from notspot_geodata.tables import read_table
    from notspot_geodata.vectors import place_table

    refused = Ledger()
    table = read_table(path, ledger=refused, allow_rejects=True, **_some(options, "sheet", "encoding"))
    if find_pairs(table.columns) or shape_column(table) or options.get("crs") is not None:
        try:
            return place_table(table, refused=refused, **_some(options, "crs"))[1]
        except UsageError as error:
            raise InputError(path, [Problem(None, "geometry", str(error))]) from error
    reading: Reading = table.attrs["reading"]
    if not reading.rows and not reading.problems:
        message = "has one line and no rows under it: this is no table (a part of a Shapefile, a licence?)"
        reading.problems.append(Problem(None, "", message))
    return reading


def _some(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options.get(name) is not None}


def _kind(path: Path) -> str:
    try:
        return sniff.kind_of(path)
    except InputError:
        return "folder" if path.is_dir() else "unknown"


def _columns(columns: dict[str, str]) -> list[str]:
    """A line a column that has a meaning, and one for all that are kept as they are."""
    understood = {w: m for w, m in columns.items() if w != m or meaning_of(w) is not None}
    kept = [_plain(w) for w in columns if w not in understood]
    lines = []
    if understood:
        lines.append(f"  {'columns':<{_WIDTH}}{len(understood)} understood")
        width = max(_columns_wide(name) for name in understood)
        lines += [
            f"    {_plain(written)}{' ' * (width - _columns_wide(written))}  → {meaning}"
            for written, meaning in understood.items()
        ]
    if kept:
        lines.append(f"    kept as written: {', '.join(kept[:SHOWN_COLUMNS])}")
    if len(kept) > SHOWN_COLUMNS:
        lines[-1] += f" and {len(kept) - SHOWN_COLUMNS:,} more"
    return lines


def _grouped(problems: Sequence[Problem]) -> list[str]:
    """A line a problem while they are few; many of the same sort share one, with the rows listed."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.field, _sort_of(problem.message)), []).append(problem)
    lines: list[str] = []
    for members in list(groups.values())[:SHOWN_GROUPS]:
        if len(members) <= 3:
            lines += [f"  {_plain(str(p))}" for p in members]
            continue
        first = members[0]
        named = [str(p.row) for p in members[:SHOWN_ROWS] if p.row is not None]
        more = f" and {len(members) - SHOWN_ROWS:,} more" if len(members) > SHOWN_ROWS else ""
        lines.append(f"  {len(members):,} rows   {_plain(f'{first.field} {first.message}'.strip())}")
        lines.append(f"             rows {', '.join(named)}{more}; the sentence is of the first")
    left = sum(len(m) for m in list(groups.values())[SHOWN_GROUPS:])
    if left:
        lines.append(f"  … and {left:,} more (--json has all)")
    return lines


def _sort_of(message: str) -> str:
    """The message without what differs from row to row: quoted words, numbers, names."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"|\d[\d.,]*|[一-鿿]+", "#", message)
    return re.sub(r"#[\s#]*", "#", plain)


def _advice(reading: Reading) -> str:
    whole = [p for p in reading.problems if p.row is None]
    if whole:
        return "The file cannot be used as it is: mend what is said above and check it again."
    return "Fix the file, or pass --allow-rejects to go on without these rows (they stay in rejects.csv)."


def _plain(text: str) -> str:
    """Without control characters, which could play tricks on a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _columns_wide(text: str) -> int:
    """Terminal columns: Chinese characters take two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in _plain(text))
