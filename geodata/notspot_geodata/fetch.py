"""
Downloads official sources into a cache, and says what is there.

A file is checked (is it of its kind, is it whole), hashed, and lands under its own name only then.
Its SHA-256 is recorded on first sight; a file that has changed upstream later never replaces the old
one silently: both are kept, and the message says what to do.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pooch

from notspot_geodata.cache import Cache, Entry, sha256_of
from notspot_geodata.dataset import Resource, choose_resource
from notspot_geodata.errors import FetchError, UsageError
from notspot_geodata.filekind import not_of_kind
from notspot_geodata.pages import assemble
from notspot_geodata.sources import Source, roc_month, select, sources
from notspot_geodata.transport import MB, Transport

if TYPE_CHECKING:
    import pandas as pd

PAUSE_S = 0.5  # between the pages of one service: politeness

Overrides = str | Path | Mapping[str, object] | None


class _ChangedError(Exception):
    """The file upstream is not the one that was seen first; `path` is where the new one is."""

    def __init__(self, path: Path, sha256: str) -> None:
        super().__init__(str(path))
        self.path, self.sha256 = path, sha256


def fetch(
    ids: Iterable[str],
    *,
    cache: str | Path | None = None,
    offline: bool = False,
    overrides: Overrides = None,
    month: str | None = None,
    refresh: bool = False,
    accept_changed: bool = False,
    progress: bool = True,
    timeout_s: float = 30.0,
    retries: int = 4,
    pause_s: float = PAUSE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Path]:
    """
    The files of the sources named, by id; downloaded where they are not in the cache. Of tiles, their folder.

    Parameters
    ----------
    ids
        Of `sources.sources`.
    cache
        The folder; without it the one in NOTSPOT_CACHE, or the system's cache folder.
    offline
        Use what is there, never the network.
    overrides
        Other addresses, as `sources.sources` takes them.
    month
        For sources by month: ``11012`` or ``2021-12``. Without it the source's own.
    refresh
        Ask the service again even for what is there, and compare.
    accept_changed
        Take a file that has changed upstream in place of the old one, which is kept beside it.
    timeout_s, retries, pause_s, sleep
        Seconds without a byte until an attempt has failed; attempts after the first; seconds between the
        pages of a service; what waits (tests give their own).

    Raises
    ------
    NotFoundError, UsageError
        An id that there is not, a month that is none, or that no source named is by month.
    FetchError
        After all sources were tried: every one that failed, with the reason and what to do. Those that
        came are in the cache.
    """
    found = select(sources(overrides), ids)
    roc = roc_month(month) if month is not None else None
    if roc is not None and found and not any(source.month for source in found):
        raise UsageError(f"{', '.join(s.id for s in found)}: not by month; leave the month out")
    place = Cache.at(cache)
    if not offline:
        place.ready()
    transport = Transport(timeout_s=timeout_s, retries=retries, progress=progress, sleep=sleep)
    files: dict[str, Path] = {}
    failures: list[str] = []
    missing: list[Source] = []
    try:
        for source in found:
            parts = [source.tile(name) for name in source.tiles] if source.how == "tiles" else [source]
            lost = len(failures) + len(missing)
            for part in parts:
                job = _Job(part, place, transport, roc if source.month else None, pause_s)
                try:
                    path = job.offline() if offline else job.online(refresh, accept_changed)
                except FetchError as error:
                    failures.append(f"{source.id}: {error}")
                    continue
                if path is None:
                    missing.append(part)
                else:
                    files[source.id] = path if part is source else path.parent
            if len(failures) + len(missing) > lost:
                files.pop(source.id, None)
    finally:
        transport.close()
    if failures or missing:
        raise FetchError(_report(place, len(found) - len(files), len(found), failures, missing, roc))
    return files


def list_sources(cache: str | Path | None = None, overrides: Overrides = None) -> pd.DataFrame:
    """
    One row a source and cached file (several for a source by month, one for all tiles), in the order of
    the sources.

    Returns
    -------
    table
        ``id, title_zh, title_en, publisher_zh, publisher_en, licence_zh, licence_en, dataset, page,
        update_zh, update_en, month, file, cached, first_seen, sha256, size_bytes, path, note``. `cached`
        is true where the file is there with the registered hash; `first_seen` is a date as text,
        `size_bytes` Int64. Null where nothing was ever seen.
    """
    import pandas as pd

    place = Cache.at(cache)
    seen = place.entries()
    rows: list[dict[str, object]] = []
    for source in sources(overrides).values():
        for name, entry, whole in _held(source, place, seen):
            rows.append(
                {
                    "id": source.id,
                    "title_zh": source.title.zh,
                    "title_en": source.title.en,
                    "publisher_zh": source.publisher.zh,
                    "publisher_en": source.publisher.en,
                    "licence_zh": source.licence.zh,
                    "licence_en": source.licence.en,
                    "dataset": source.dataset,
                    "page": source.page,
                    "update_zh": source.update.zh,
                    "update_en": source.update.en,
                    "month": (entry.month if entry else source.month) or None,
                    "file": name,
                    "cached": whole,
                    "first_seen": entry.first_seen if entry else None,
                    "sha256": entry.sha256 if entry else None,
                    "size_bytes": entry.size_bytes if entry else None,
                    "path": str(place.path(name)) if entry else None,
                    "note": (entry.note if entry else "") or None,
                }
            )
    table = pd.DataFrame(rows)
    texts = ["month", "first_seen", "sha256", "path", "note"]
    return table.astype({"size_bytes": "Int64"} | dict.fromkeys(texts, "string"))


def _held(source: Source, place: Cache, seen: Mapping[str, Entry]) -> list[tuple[str, Entry | None, bool]]:
    """Name, entry and whether it is whole, of each file of a source; of all tiles together, by their folder."""
    names = [name for name, entry in seen.items() if entry.id == source.id]
    if not names:
        return [(source.folder or source.file_name(), None, False)]
    if source.how != "tiles":
        return [(name, seen[name], place.is_whole(name)) for name in names]
    names = [source.tile(tile).file for tile in source.tiles]
    if not all(name in seen for name in names):
        return [(source.folder, None, False)]
    hashes = hashlib.sha256("".join(seen[name].sha256 for name in names).encode()).hexdigest()
    size = sum(seen[name].size_bytes for name in names)
    entry = Entry(source.id, hashes, size, min(seen[name].first_seen for name in names), source.address)
    return [(source.folder, entry, all(place.is_whole(name) for name in names))]


def describe_sources(table: pd.DataFrame) -> str:
    """The table of `list_sources` as lines for a terminal."""
    lines: list[str] = []
    for row in table.to_dict("records"):
        if row["cached"]:
            state = f"in the cache, {int(row['size_bytes']) / MB:,.1f} MB, first seen {row['first_seen']}"
            state += f", sha256 {str(row['sha256'])[:12]}"
        elif isinstance(row["sha256"], str):
            state = f"seen {row['first_seen']}, sha256 {row['sha256'][:12]}, but its file is gone or altered"
        else:
            state = "not in the cache"
        month = f" {row['month']}" if isinstance(row["month"], str) else ""
        lines += [
            f"{row['id']}{month}  [{row['dataset']}]",
            f"    {row['title_zh']} · {row['title_en']}",
            f"    {row['publisher_zh']} · {row['publisher_en']}",
            f"    {row['licence_zh']} · {row['licence_en']}",
            f"    {row['update_zh']} · {row['update_en']}",
            f"    {state}",
        ]
        if isinstance(row["note"], str):
            lines.append(f"    note: {row['note']}")
    lines += ["", "Download: notspot fetch ID …   Pages and addresses: docs/sources.md"]
    return "\n".join(lines)


class _Job:
    """One source on its way into the cache."""

    def __init__(
        self, source: Source, cache: Cache, transport: Transport, month: str | None, pause_s: float
    ) -> None:
        self.source, self.cache, self.transport, self.pause_s = source, cache, transport, pause_s
        self.month = (month or source.month) if source.month else ""
        self.name = source.file_name(self.month)
        self.path = cache.path(self.name)
        self.note = ""

    def offline(self) -> Path | None:
        """The cached file; None where there is none; `FetchError` where it is not the one registered."""
        if not self.path.is_file():
            return None
        if self._adopt() or self.cache.is_whole(self.name):
            return self.path
        raise FetchError(
            f"{self.path} is not the file that was downloaded: its SHA-256 is {sha256_of(self.path)}, and "
            f"{self._registered()} was registered. Fetch it again with a network, or move it away"
        )

    def online(self, refresh: bool, accept_changed: bool) -> Path:
        """The cached file, or the one downloaded now."""
        if self.path.is_file():
            self._adopt()
            if not self.cache.is_whole(
                self.name
            ):  # altered on this machine: somebody's work is not thrown away
                self.path.replace(self.cache.beside(self.name, sha256_of(self.path)))
            elif not (refresh or accept_changed):
                return self.path
        try:
            return self._download(accept_changed)
        except _ChangedError as changed:
            old = f"the old file is kept as {self.path}" if self.path.is_file() else "the old file is gone"
            raise FetchError(
                f"the file has changed upstream: its SHA-256 is {changed.sha256}, and {self._registered()} "
                f"was registered on first sight. Nothing was replaced: {old}, the new one is {changed.path}. "
                "Look at what differs; to go on with the new one, fetch with accept_changed=True "
                "(--accept-changed); to stay with the old one, do nothing"
            ) from None

    def _download(self, accept_changed: bool) -> Path:
        """Download, check, compare, land; pooch moves the file to its name only when all is well."""
        entry = self.cache.entry(self.name)
        fresh = self.cache.path(f"{self.name}.new")
        fresh.parent.mkdir(exist_ok=True)
        fresh.unlink(missing_ok=True)
        known = None if entry is None or accept_changed else entry.sha256
        address = self._resolve()

        def downloader(url: str, output_file: str, _: object) -> None:
            part = self._bring(url)
            sha256 = sha256_of(part)
            if self.source.sha256 and sha256 != self.source.sha256:
                part.unlink()
                raise FetchError(
                    f"{url}: the file has the SHA-256 {sha256}, and only {self.source.sha256} is accepted "
                    "(sha256 of the source); it was not kept. If the new one is right, change the pinned hash"
                )
            if known is not None and sha256 != known:
                raise _ChangedError(part.replace(self.cache.beside(self.name, sha256)), sha256)
            part.replace(output_file)

        with _quiet_pooch():
            pooch.retrieve(
                address,
                known_hash=f"sha256:{known}" if known else None,
                fname=fresh.name,
                path=fresh.parent,
                downloader=downloader,
            )
        if self.path.is_file() and entry is not None and sha256_of(fresh) != entry.sha256:
            self.path.replace(self.cache.beside(self.name, entry.sha256))
        fresh.replace(self.path)
        if entry is None or sha256_of(self.path) != entry.sha256:
            self.cache.record(self.name, self.source.id, address, month=self.month, note=self.note)
        return self.path

    def _resolve(self) -> str:
        """The address of the file, or of its pages."""
        if self.source.how != "dataset":
            return self.source.address
        resource: Resource = choose_resource(self.source, self.transport)
        self.note = resource.note
        return resource.address

    def _bring(self, address: str) -> Path:
        """The file at `address`, whole and of its kind, as a part in the cache."""
        part = self.cache.path(f"{self.name}.part")
        limit = self.source.max_mb * MB
        if self.source.how == "pages":
            assemble(
                self.transport,
                address,
                self.month,
                part,
                max_bytes=limit,
                pause_s=self.pause_s,
                label=self.name,
            )
        else:
            self.transport.download(address, part, max_bytes=limit, label=self.name)
        if wrong := not_of_kind(part, self.source.kind):
            part.unlink()
            raise FetchError(
                f"{address}: what came {wrong}; {self.source.kind} was expected. The service may be closed "
                f"for maintenance, or the data set has changed: see {self.source.page}; override the address"
            )
        return part

    def _adopt(self) -> bool:
        """Enter a file that was put into the cache by hand, if it is of its kind."""
        if self.cache.entry(self.name) is not None:
            return False
        if wrong := not_of_kind(self.path, self.source.kind):
            raise FetchError(f"{self.path} {wrong}; {self.source.kind} is expected there. Move it away")
        self.cache.record(self.name, self.source.id, "", month=self.month, note="put into the cache by hand")
        return True

    def _registered(self) -> str:
        entry = self.cache.entry(self.name)
        return entry.sha256 if entry else "none"


def _report(
    cache: Cache, lost: int, asked: int, failures: list[str], missing: list[Source], month: str | None
) -> str:
    """All that failed, what is there all the same, and what to do."""
    lines = [f"{lost} of {asked} sources are not there"]
    lines += [f"  {failure}" for failure in failures]
    for source in missing:
        name = source.file_name(month if source.month else None)
        lines.append(f"  {source.id}: not in the cache, and offline; it would be {cache.path(name)}")
    there = [name for name in cache.entries() if cache.is_whole(name)]
    lines.append(f"In the cache {cache.folder}: {', '.join(there) if there else 'nothing yet'}")
    if missing:
        ids = " ".join(dict.fromkeys(source.id for source in missing))
        lines.append(
            f"With a network: notspot fetch {ids}. Without one, bring each file from its page "
            "(docs/sources.md) and put it there under that name."
        )
    elif any("cannot be reached" in failure or "no answer within" in failure for failure in failures):
        lines.append(
            "Is there a network, or does a proxy need HTTPS_PROXY? Broken-off downloads go on where they "
            "stopped. Without a network: --offline uses the cache; a mirror is named by --overrides."
        )
    return "\n".join(lines)


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Without pooch's own lines on standard error; bars and errors say what there is to say."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
