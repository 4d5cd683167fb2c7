"""
The cache of downloaded files and its register: the SHA-256 of each file when it was first seen.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pooch

from notspot_geodata.errors import FetchError, InputError, Problem

CACHE_VARIABLE = "NOTSPOT_CACHE"
REGISTER = "register.json"
SHOWN_DIGITS = 12  # of a hash in a file name


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register holds of one file; `first_seen` is the day (UTC) when this hash was first seen."""

    id: str
    sha256: str
    size_bytes: int
    first_seen: str
    address: str
    month: str = ""
    note: str = ""


@dataclass(slots=True)
class Cache:
    """A folder of downloaded files. Nothing outside it is written; names come from the sources alone."""

    folder: Path
    _entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: str | Path | None = None) -> Cache:
        """The cache in `folder`, else where NOTSPOT_CACHE says, else where the system keeps caches."""
        chosen = folder or os.environ.get(CACHE_VARIABLE) or pooch.os_cache("notspot")
        path = Path(chosen).expanduser().absolute()
        return cls(path, _read_register(path / REGISTER))

    def ready(self) -> None:
        """Make the folder; raises `FetchError` where that cannot be done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FetchError(
                f"the cache folder {self.folder} cannot be made ({error.strerror}); "
                f"name another with --cache or in {CACHE_VARIABLE}"
            ) from None

    def path(self, name: str) -> Path:
        return self.folder / name

    def entries(self) -> Mapping[str, Entry]:
        """Of every file that was ever seen, by its name; sorted."""
        return dict(sorted(self._entries.items()))

    def entry(self, name: str) -> Entry | None:
        return self._entries.get(name)

    def is_whole(self, name: str) -> bool:
        """The file is there and its hash is the registered one."""
        entry, path = self.entry(name), self.path(name)
        return entry is not None and path.is_file() and sha256_of(path) == entry.sha256

    def record(self, name: str, source_id: str, address: str, *, month: str = "", note: str = "") -> Entry:
        """Enter the file `name` as it lies there now."""
        path = self.path(name)
        entry = Entry(
            source_id, sha256_of(path), path.stat().st_size, today().isoformat(), address, month, note
        )
        self._entries = _read_register(self.folder / REGISTER) | {name: entry}
        text = json.dumps(
            {key: asdict(value) for key, value in self.entries().items()}, ensure_ascii=False, indent=1
        )
        part = self.folder / f"{REGISTER}.part"
        part.unlink(missing_ok=True)
        part.write_text(text + "\n", encoding="utf-8", newline="\n")
        part.replace(self.folder / REGISTER)
        return entry

    def beside(self, name: str, sha256: str) -> Path:
        """Where another version of the file `name` is kept: ``villages.0123456789ab.zip``; never among tiles."""
        stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
        return self.path(f"{stem}.{sha256[:SHOWN_DIGITS]}{dot}{suffix}")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    return str(pooch.file_hash(str(path), alg="sha256"))


def today() -> date:
    """The day (UTC); the one place where the clock is read, so that tests can set it."""
    return datetime.now(UTC).date()


def _read_register(path: Path) -> dict[str, Entry]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): Entry(**entry) for name, entry in found.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        problem = Problem(
            None, "", f"cannot be read as the cache's register ({type(error).__name__}: {error})"
        )
        hint = "Move it away to begin a new one: files in the cache are then entered as they lie there."
        raise InputError(path, [problem], hint=hint) from None
