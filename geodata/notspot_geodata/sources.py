"""
The official sources: who publishes what, under which licence, and where it is fetched. All of it is
data (``data/sources.toml``), and any address can be overridden: services move, networks are closed.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Literal, get_args
from urllib.parse import urlsplit

from notspot_geodata.errors import InputError, NotFoundError, Problem, UsageError
from notspot_geodata.text import Text

How = Literal["dataset", "pages", "file", "tiles"]
Kind = Literal["shapefile in zip", "csv", "json records", "raster in zip", "geotiff"]

OVERRIDES_VARIABLE = "NOTSPOT_SOURCES"  # names a TOML file of overrides
SUFFIXES: dict[str, str] = {
    "shapefile in zip": ".zip",
    "csv": ".csv",
    "json records": ".json",
    "raster in zip": ".zip",
    "geotiff": ".tif",
}

_TEXTS = ("title", "publisher", "licence", "update", "use")
_STRINGS = ("licence_page", "dataset", "page", "how", "address", "kind", "file")
_OPTIONAL = ("note", "accept", "resource", "month", "tiles", "sha256", "max_mb")
_FIELDS = {"pages": ["month", "page"], "tiles": ["tile"]}  # in braces, of an address
_OVERRIDABLE = ("address", "how", "accept", "resource", "tiles", "sha256", "max_mb")


@dataclass(frozen=True, slots=True)
class Source:
    """
    One official source.

    Attributes
    ----------
    dataset
        Its number at data.gov.tw, or the publisher's own identifier.
    update
        Its vintage, and how often it is updated.
    how, address
        ``dataset``: the address describes a data set, and its resource in a format of `accept` (whose
        description holds `resource`, where that is given) is downloaded. ``pages``: the address is asked
        page by page (``{month}``, ``{page}``). ``file``: the address is the file. ``tiles``: there is one file for
        each of `tiles` (``{tile}``).
    kind
        What the file must be by its content.
    file
        Its name in the cache; ``{month}`` is the ROC month, ``11012`` for December 2021. Tiles lie in a
        folder: ``folder/{tile}.tif``.
    month
        The ROC month that is fetched when none is named; empty for sources without months.
    sha256
        The only hash that is accepted, where one is pinned.
    max_mb
        The most that is taken, of each tile where there are tiles.
    """

    id: str
    title: Text
    publisher: Text
    licence: Text
    licence_page: str
    dataset: str
    page: str
    update: Text
    use: Text
    how: How
    address: str
    kind: Kind
    file: str
    note: Text | None = None
    accept: tuple[str, ...] = ()
    resource: str = ""
    month: str = ""
    tiles: tuple[str, ...] = ()
    sha256: str = ""
    max_mb: float = 100.0

    def file_name(self, month: str | None = None) -> str:
        """The name in the cache; `month` as `roc_month` gives it."""
        return self.file.replace("{month}", month or self.month)

    @property
    def folder(self) -> str:
        """Of tiles, in the cache; empty where there are none."""
        return self.file.rpartition("/")[0]

    def tile(self, name: str) -> Source:
        """One of the tiles as a source of its own, a plain file."""
        address, file = (text.replace("{tile}", name) for text in (self.address, self.file))
        return replace(self, how="file", address=address, file=file.lower(), tiles=())


def sources(overrides: str | Path | Mapping[str, object] | None = None) -> dict[str, Source]:
    """
    The official sources by id, in a fixed order.

    Parameters
    ----------
    overrides
        What differs here: a mapping from id to an address, or to a table of ``address, how, accept,
        resource, tiles, sha256, max_mb``; or the path of a TOML file that holds such a mapping. Without it the
        file that the environment variable NOTSPOT_SOURCES names, if any.

    Raises
    ------
    InputError
        With every problem of the overrides at once.
    """
    found = parse_sources(
        (files("notspot_geodata") / "data" / "sources.toml").read_text("utf-8"), "sources.toml"
    )
    if overrides is None and os.environ.get(OVERRIDES_VARIABLE):
        overrides = Path(os.environ[OVERRIDES_VARIABLE])
    if overrides is None:
        return found
    if isinstance(overrides, (str, Path)):
        return _overridden(found, _toml(_read(Path(overrides)), str(overrides)), str(overrides))
    return _overridden(found, overrides, "overrides")


def load_sources(path: str | Path) -> dict[str, Source]:
    """Sources from another TOML file of the same form; raises `InputError` with every problem at once."""
    return parse_sources(_read(Path(path)), str(path))


def parse_sources(toml: str, file: str) -> dict[str, Source]:
    """Sources from TOML text; `file` names it in errors."""
    tables = _toml(toml, file)
    problems = [problem for name, table in tables.items() for problem in _table_problems(name, table)]
    found = (
        {name: _source(name, table) for name, table in tables.items() if isinstance(table, Mapping)}
        if not problems
        else {}
    )
    problems += _clashes(found)
    if problems:
        raise InputError(file, problems, hint="Each source is a table; see the head of data/sources.toml.")
    return found


def roc_month(value: str) -> str:
    """
    A month as the household registration writes it: ``11012``.

    Understands ``11012``, ``110-12``, ``110/12``, ``110年12月`` and ``2021-12``; raises `UsageError`
    on anything else.
    """
    match = re.fullmatch(
        r"(\d{2,3})[-/年]?(\d{2})月?|(\d{4})[-/](\d{1,2})|(\d{2,3})[-/年](\d{1,2})月?", value.strip()
    )
    if match:
        parts = [int(part) for part in match.groups() if part is not None]
        year, month = (parts[0] - 1911, parts[1]) if match[3] else (parts[0], parts[1])
        if year >= 1 and 1 <= month <= 12:
            return f"{year:03d}{month:02d}"
    raise UsageError(
        f"month {value!r} is not understood: give the ROC year and month, such as 11012, or 2021-12 for it"
    )


def select(found: Mapping[str, Source], ids: Iterable[str]) -> list[Source]:
    """The named sources in the order given, each once; `NotFoundError` names those that there are."""
    wanted = list(dict.fromkeys(ids))
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise NotFoundError(f"no source named {', '.join(unknown)}; there are {', '.join(found)}")
    return [found[name] for name in wanted]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f"{path}: there is no such file of sources") from None
    except UnicodeDecodeError as error:
        problem = Problem(None, "", f"is not UTF-8 (byte {error.start})")
        raise InputError(path, [problem], hint="Save it as UTF-8.") from None


def _toml(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(file, [Problem(None, "", f"is not TOML: {error}")]) from None


def _table_problems(name: str, table: object) -> Iterator[Problem]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        yield Problem(None, name, "is not an id: small letters, digits and _ only")
    if not isinstance(table, Mapping):
        yield Problem(None, name, "must be a table", repr(table))
        return
    for key in (*_TEXTS, *_STRINGS):
        if key not in table:
            yield Problem(None, f"{name}.{key}", "is missing")
    for key in table:
        if key not in (*_TEXTS, *_STRINGS, *_OPTIONAL):
            yield Problem(None, f"{name}.{key}", "is not a field of a source")
    for key in (*_TEXTS, "note"):
        value = table.get(key)
        if value is not None and not _is_text(value):
            yield Problem(
                None,
                f"{name}.{key}",
                "must be { zh = …, en = … } with two texts that are not empty",
                str(value),
            )
    yield from _field_problems(name, table)


def _field_problems(name: str, table: Mapping[str, object]) -> Iterator[Problem]:
    """Of the fields that a source and an override share."""

    def wrong(key: str, message: str) -> Problem:
        return Problem(None, f"{name}.{key}", message, str(table.get(key)))

    for key in (*_STRINGS, "resource", "month", "sha256"):
        if key in table and not isinstance(table[key], str):
            yield wrong(key, f"must be text, not {table[key]!r}")
    text = {key: value for key, value in table.items() if isinstance(value, str)}
    for key in ("address", "page", "licence_page"):
        if key in text and not _is_web_address(text[key]):
            yield wrong(key, f"{text[key]!r} is not an http or https address")
    if "how" in text and text["how"] not in get_args(How):
        yield wrong("how", f"{text['how']!r} is none of {', '.join(get_args(How))}")
    if "kind" in text and text["kind"] not in get_args(Kind):
        yield wrong("kind", f"{text['kind']!r} is none of {', '.join(get_args(Kind))}")
    if "file" in text:
        suffix = SUFFIXES.get(text.get("kind", ""), "")
        if not re.fullmatch(r"[a-z0-9_]+(\{month\}|/\{tile\})?\.[a-z]+", text["file"]):
            yield wrong("file", f"{text['file']!r} is not a plain file name of small letters, digits and _")
        elif suffix and not text["file"].endswith(suffix):
            yield wrong("file", f"must end in {suffix} for {text['kind']}")
    if "sha256" in text and not re.fullmatch(r"[0-9a-f]{64}", text["sha256"]):
        yield wrong("sha256", "must be 64 hexadecimal digits in small letters")
    if "month" in text and not re.fullmatch(r"\d{3}(0[1-9]|1[0-2])", text["month"]):
        yield wrong("month", f"{text['month']!r} is not an ROC month such as 11012")
    how, address = text.get("how"), text.get("address")
    if how and address:
        fields = _placeholders(address)
        if fields is None or fields != _FIELDS.get(how, []):
            need = {"pages": "{month} and {page} once each", "tiles": "{tile}"}.get(how, "no {…}")
            yield wrong("address", f"must hold {need}, because how is {how}")
        if how == "dataset" and not table.get("accept"):
            yield wrong("accept", "is missing: the formats to look for in the data set")
        if how == "pages" and ("{month}" not in text.get("file", "") or "month" not in table):
            yield wrong("month", "is missing, or file does not hold {month}")
        if how == "pages" and text.get("kind") != "json records":
            yield wrong("kind", "must be json records, because how is pages")
        if how != "pages" and "{month}" in text.get("file", ""):
            yield wrong("file", "holds {month}, which is for pages only")
        if ("{tile}" in text.get("file", "")) != (how == "tiles"):
            yield wrong("file", "must hold {tile} where how is tiles, and only there")
        if how == "tiles" and not table.get("tiles"):
            yield wrong("tiles", "is missing: the names of the tiles")
    tiles = table.get("tiles", [])
    if not (
        isinstance(tiles, (list, tuple))
        and all(isinstance(item, str) and re.fullmatch(r"[A-Za-z0-9_]+", item) for item in tiles)
        and len({item.lower() for item in tiles}) == len(tiles)
    ):
        yield wrong("tiles", "must be a list of different names of letters, digits and _")
    accept = table.get("accept")
    if accept is not None and not (
        isinstance(accept, list) and all(isinstance(item, str) and item for item in accept)
    ):
        yield wrong("accept", 'must be a list of formats such as ["CSV"]')
    size = table.get("max_mb")
    if size is not None and (isinstance(size, bool) or not isinstance(size, (int, float)) or not size > 0):
        yield wrong("max_mb", f"{size!r} is not a number above 0")


def _clashes(found: Mapping[str, Source]) -> Iterator[Problem]:
    holders: dict[str, str] = {}
    for source in found.values():
        first = holders.setdefault(source.file, source.id)
        if first != source.id:
            yield Problem(None, f"{source.id}.file", f"{source.file!r} is already the file of {first}")


def _overridden(found: dict[str, Source], overrides: Mapping[str, object], file: str) -> dict[str, Source]:
    problems: list[Problem] = []
    out = dict(found)
    for name, given in overrides.items():
        table: object = {"address": given} if isinstance(given, str) else given
        if name not in found:
            problems.append(Problem(None, str(name), f"is not a source; there are {', '.join(found)}"))
            continue
        if not isinstance(table, Mapping):
            problems.append(Problem(None, name, "must be an address or a table", repr(given)))
            continue
        unknown = [key for key in table if key not in _OVERRIDABLE]
        problems += [
            Problem(None, f"{name}.{key}", f"cannot be overridden; {', '.join(_OVERRIDABLE)} can")
            for key in unknown
        ]
        source = found[name]
        whole = {key: getattr(source, key) for key in ("how", "address", "kind", "file")} | {
            "accept": list(source.accept)
        }
        if source.tiles:
            whole["tiles"] = list(source.tiles)
        if source.month:
            whole["month"] = source.month
        wrong = list(_field_problems(name, {**whole, **table}))
        problems += wrong
        if not unknown and not wrong:
            out[name] = replace(source, **_changes(table))  # type: ignore[arg-type]  # checked above
    if problems:
        raise InputError(file, problems, hint="Overrides name a source and its address; see docs/sources.md.")
    return out


def _changes(table: Mapping[str, object]) -> dict[str, object]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _source(name: str, table: Mapping[str, object]) -> Source:
    texts = {key: Text.of(table[key]) for key in (*_TEXTS, "note") if key in table}
    rest = _changes({key: value for key, value in table.items() if key not in texts})
    return Source(id=name, **texts, **rest)  # type: ignore[arg-type]  # checked by _table_problems


def _is_text(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"zh", "en"}
        and all(isinstance(item, str) and item.strip() for item in value.values())
    )


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", value)
    )


def _placeholders(address: str) -> list[str] | None:
    try:
        names = [name for _, name, _, _ in Formatter().parse(address) if name is not None]
        return sorted(names if "tile" not in names else set(names))  # a tile may be named in its folder too
    except ValueError:
        return None
