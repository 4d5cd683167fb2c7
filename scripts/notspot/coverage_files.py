"""
The files that a study's coverage names, read once each: rows chosen, problems of all of them kept for one report.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from notspot.coverage_specs import CoverageSpec, FileSpec
from notspot.entries import EMBEDDED
from notspot_geodata import sniff
from notspot_geodata.errors import SHOWN_PROBLEMS, InputError, NotspotError, Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.site_columns import site_column
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

    from notspot_geodata.reading import Reading

RADIO = {  # meanings of columns that nothing but a list of stations has
    *("frequency", "band", "power", "eirp", "erp", "gain", "feeder_loss"),
    *("azimuth", "tilt", "tilt_electrical", "tilt_mechanical"),
}
# What the headers of other columns of such lists say, whatever else they say; not where they count or measure
STATION_WORDS = ("基地臺", "基地台", "電臺", "電台", "站臺", "站台", "天線", "方位角", "發射功率")
STATION_TERMS = {
    *("eirp", "erp", "azimuth", "antenna", "enodeb", "gnodeb", "enb", "gnb"),
    *("eci", "ecgi", "cgi", "nci", "earfcn", "arfcn", "pci"),
}
STATION_KEYS = {"cellid", "cellname", "sectorid", "txpower"}
COUNTS = re.compile(r"數量?$|數\W|距離|涵蓋|distance|count|number|nearest")
HINT = "Fix the files, or pass --allow-rejects to go on without these rows (they stay in rejects.csv)."


@dataclass(slots=True)
class Features:
    """
    The chosen features of a file, in degrees (EPSG:3824).

    Attributes
    ----------
    frame
        Index 0, 1, …; a null geometry where a row has a problem.
    rows
        Number of each in the file.
    bad
        What is wrong with rows, first problem of each.
    refused
        Rows that could not be read at all, and are not in `frame`.
    written
        Header in the file → name in `frame`.
    """

    frame: gpd.GeoDataFrame
    rows: list[int]
    bad: dict[int, str]
    refused: dict[int, str]
    written: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Held:
    """A file as it was read: all of its features, and the number of each in the file."""

    frame: gpd.GeoDataFrame
    reading: Reading
    rows: list[int]


@dataclass(slots=True)
class Files:
    """Reads the files of a study; `finish` raises what is wrong with all of them."""

    folder: Path
    ledger: Ledger
    allow_rejects: bool
    inputs: list[dict[str, object]]
    notes: list[Text] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    sensitive: set[Path] = field(default_factory=set)  # by `one_file`: with positions that no output may show
    _held: dict[tuple[object, ...], _Held | None] = field(default_factory=dict)
    _people: dict[str, dict[int, int]] = field(default_factory=dict)

    def path(self, file: FileSpec) -> Path:
        return self.folder / file.path

    def is_sensitive(self, path: str) -> bool:
        """Whether no output may show positions of a file, however its path is written."""
        return one_file(self.folder / path) in self.sensitive

    def enter(self, path: str, rows: int | None) -> None:
        """A file into the record of the run, with what belongs to it (the parts of a Shapefile)."""
        if path.startswith(EMBEDDED):
            return
        whole = self.folder / path
        parts = [whole]
        if whole.suffix.lower() in (".shp", ".dbf", ".shx"):
            kin = (".shp", ".dbf", ".shx", ".prj", ".cpg")
            parts += sorted(
                p
                for p in whole.parent.iterdir()
                if p.stem == whole.stem and p.suffix.lower() in kin and p != whole
            )
        known = {item["path"] for item in self.inputs}
        for part in parts:
            name = (Path(path).parent / part.name).as_posix()
            if name in known or not part.is_file():
                continue
            with part.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            item: dict[str, object] = {"path": name, "bytes": part.stat().st_size, "sha256": digest}
            self.inputs.append(item | ({"rows": rows} if rows is not None and part == whole else {}))

    def note(self, file: FileSpec | str, notes: Iterable[Text]) -> None:
        """Notes on a file, with its name before each."""
        name = Path(file if isinstance(file, str) else file.path).name
        for said in notes:
            note = Text(f"{name}：{said.zh}", f"{name}: {said.en}")
            if note not in self.notes:
                self.notes.append(note)

    def fail(self, file: FileSpec | str, error: Exception) -> None:
        """That a file cannot be used at all."""
        path = file if isinstance(file, str) else file.path
        if isinstance(error, InputError):
            hint = f" {error.hint}" if error.hint and error.problems and error.problems[0].row is None else ""
            hint = "" if "--allow-rejects" in hint else hint
            first, *rest = error.problems
            mended = Problem(
                first.row, first.field, f"{first.message}.{hint}" if hint else first.message, first.value
            )
            self.add(path, [mended, *rest])
        else:
            self.add(path, [Problem(None, "", str(error))])

    def add(self, file: FileSpec | str, problems: Iterable[Problem]) -> None:
        """Problems of a file; each is kept once, however often the file is used."""
        path = file if isinstance(file, str) else file.path
        held = self.problems.setdefault(path, [])
        held += [p for p in dict.fromkeys(problems) if p not in held]

    def refuse(self, file: FileSpec, found: Features, problems: Iterable[Problem]) -> None:
        """Problems of rows of `found`, which are then left out of it."""
        told = list(problems)
        self.add(file, told)
        for problem in told:
            if problem.row is not None:
                found.bad.setdefault(problem.row, problem.message)

    def harmless(self, file: FileSpec, problems: Iterable[Problem]) -> None:
        """Rows that are left out and change nothing: into the ledger at once."""
        name = Path(file.path).name
        before = {(row["file"], row["row"], row["reason"]) for row in self.ledger.rows}
        told = self._hushed(file.path, problems)
        self.ledger.refuse(name, [p for p in told if (name, p.row, p.message) not in before])

    def features(self, file: FileSpec, *, empty_is_harmless: bool = False) -> Features | None:
        """The features that are chosen of a map, or of a table with coordinates; None where it cannot be read."""
        from notspot_geodata.features import EMPTY
        from notspot_geodata.selection import select

        found = self._examined(file)
        if found is None:
            return None
        frame, reading, rows = found.frame, found.reading, found.rows
        chosen = select(frame, file.where, rows=rows, written=reading.columns)
        self.add(file, chosen.problems)
        self.note(file, chosen.notes)
        if any(p.row is None for p in chosen.problems):
            return None
        kept = {row for row, keep in zip(rows, chosen.mask, strict=True) if keep}
        there = set(rows)
        bad: dict[int, str] = {}
        refused: dict[int, str] = {}
        for problem in reading.problems:
            row = problem.row
            if row is None or (row in there and row not in kept):
                continue  # a problem of the whole file was told when it was read
            if empty_is_harmless and problem.message in EMPTY:
                continue
            (bad if row in there else refused).setdefault(row, problem.message)
            self.add(file, [problem])
        part = frame[chosen.mask].reset_index(drop=True)
        numbers = [row for row, keep in zip(rows, chosen.mask, strict=True) if keep]
        hidden = [at for at, row in enumerate(numbers) if row in bad]
        if hidden:
            shapes = part.geometry.to_numpy().copy()
            shapes[hidden] = None
            part = part.set_geometry(_array(shapes, part.crs))
        if file.where:
            self.note(file, [_chosen(len(numbers), len(rows))])
        return Features(part, numbers, bad, refused, reading.columns)

    def _examined(self, file: FileSpec) -> _Held | None:
        from notspot_geodata.vectors import examine_geo

        key = (file.path, file.crs, file.sheet, file.encoding, file.layer_name)
        if key in self._held:
            return self._held[key]
        self._held[key] = None
        try:
            found = examine_geo(
                self.path(file),
                layer=file.layer_name,
                crs=file.crs,
                encoding=file.encoding,
                sheet=file.sheet,
            )
        except NotspotError as error:
            self.fail(file, error)
            return None
        frame, reading = found
        held = _Held(frame, reading, list(frame.attrs["rows"]))
        self._people.setdefault(file.path, {}).update(frame.attrs["people"])
        frame.attrs = {}  # pandas copies them at every step, and the row numbers are long
        self.readings[file.path] = reading
        if lists_stations([*reading.columns, *map(str, frame.columns)]):
            self.sensitive.add(one_file(self.path(file)))
        self.enter(file.path, reading.rows)
        whole = [p for p in reading.problems if p.row is None]
        if whole:
            self.add(file, reading.problems)
            return None
        self.note(file, _said(reading.notes))
        self._held[key] = held
        return held

    def table(self, file: FileSpec) -> bool:
        """Whether a file is a table (not a map); False too where it cannot be opened, which is told."""
        try:
            return sniff.kind_of(self.path(file)) in sniff.TABLES
        except NotspotError as error:
            self.fail(file, error)
            return False

    def finish(self) -> None:
        """
        Enter the rows that are left out into the ledger.

        Raises
        ------
        InputError
            Where a file cannot be used, or rows have problems and may not be left out: all files in one report.
        """
        found = {path: problems for path, problems in self.problems.items() if problems}
        whole = any(p.row is None for problems in found.values() for p in problems)
        if found and (whole or not self.allow_rejects):
            hint = "" if whole else HINT
            if len(found) == 1:
                ((path, problems),) = found.items()
                raise InputError(path, _sorted(problems), hint=hint)
            raise _report(found, hint)
        for path, problems in found.items():
            name = Path(path).name
            before = {(row["file"], row["row"], row["reason"]) for row in self.ledger.rows}
            people = dict(self._people.get(path, {}))
            for problem in self._hushed(path, _sorted(problems)):
                if (name, problem.row, problem.message) in before:
                    continue
                known = people.pop(problem.row, None) if problem.row is not None else None
                self.ledger.refuse(name, [problem], people={} if known is None else {problem.row or 0: known})

    def _hushed(self, path: str, problems: Iterable[Problem]) -> list[Problem]:
        """Problems as a ledger may hold them: of a sensitive file without cells and positions."""
        return hushed(problems) if self.is_sensitive(path) else list(problems)


# A coordinate is written in too many ways to be known by its look (121°32'15.6", 2,767,812, 24.68O281): whatever is
# quoted goes, from the first mark to the last, and every word with a digit in it.
_QUOTED = re.compile(r"""(?<!\w)['"‘“「『].*['"’”」』]""", re.DOTALL)
_FIGURE = re.compile(r"\S*\d\S*")


def hushed(problems: Iterable[Problem]) -> list[Problem]:
    """Problems without the cells they are about: what is quoted and every figure is taken out of the sentence."""
    return [Problem(p.row, p.field, _FIGURE.sub("…", _QUOTED.sub("…", p.message))) for p in problems]


def one_file(path: Path) -> Path:
    """A path by which a file is known however it is written; a Shapefile, which opens by any of its parts, by one."""
    whole = path.resolve()
    return whole.with_suffix(".shp") if whole.suffix.lower() in (".shp", ".dbf", ".shx") else whole


def hidden_files(spec: CoverageSpec | None, folder: Path) -> set[Path]:
    """
    The files, by `one_file`, that a study keeps out of sight: of sites that are not public, and of places and lines
    that are said not to be.
    """
    if spec is None:
        return set()
    layers = [item.file for item in spec.layers if item.kind == "sites" and not item.public]
    places = [item.file for item in spec.places if item.public is False]
    lines = [item.file for item in spec.lines if item.public is False]
    return {one_file(folder / file.path) for file in (*layers, *places, *lines)}


def station_columns(headers: Iterable[str]) -> list[str]:
    """Headers that nothing but a list of base stations has; how many stations are near or how far is not one."""
    return [header for header in headers if _of_station(header)]


def _of_station(header: str) -> bool:
    column = site_column(header)
    if column is not None and column.meaning in RADIO:
        return True
    written = unicodedata.normalize("NFKC", header).strip()
    plain, parted = written.lower(), re.sub(r"(?<=[a-z])(?=[A-Z])", " ", written).lower()
    if COUNTS.search(plain):
        return False
    terms = re.findall(r"[a-z0-9]+", plain)
    return (
        any(word in plain for word in STATION_WORDS)
        or not STATION_TERMS.isdisjoint([*terms, *parted.split()])
        or "".join(terms) in STATION_KEYS
    )


def lists_stations(headers: Iterable[str]) -> bool:
    """Whether the columns of a table or map are those of a list of base stations."""
    return bool(station_columns(headers))


def _report(found: Mapping[str, list[Problem]], hint: str) -> InputError:
    """The problems of several files as one error; a screen of it shows some of each file."""
    shown = max(2, SHOWN_PROBLEMS // len(found))
    head: list[Problem] = []
    tail: list[Problem] = []
    for path, problems in found.items():
        name = Path(path).name
        named = [
            Problem(p.row, f"{name}: {p.field}" if p.field else f"{name}:", p.message, p.value)
            for p in _sorted(problems)
        ]
        head += named[:shown]
        tail += named[shown:]
    counts = "; ".join(f"{Path(path).name} {len(problems):,}" for path, problems in found.items())
    return InputError(f"{len(found)} files", head + tail, summary=counts, hint=hint)


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: (p.row is not None, p.row or 0, p.field))


def _chosen(chosen: int, rows: int) -> Text:
    return Text(f"依條件選取 {rows:,} 列中之 {chosen:,} 列。", f"{chosen:,} of {rows:,} rows were chosen.")


def _array(shapes: object, crs: object) -> object:
    from notspot_geodata.features import array_of

    return array_of(shapes, crs)  # type: ignore[arg-type]


def _said(notes: Iterable[str]) -> list[Text]:
    """What a reader concluded that bears on the figures, in both languages."""
    out = []
    for note in notes:
        if " invalid geometries mended" in note:
            count = note.split(" ", 1)[0]
            rows = note[note.find("(rows ") + 6 :].rstrip(")")
            out.append(Text(f"{count} 個無效圖形已修復（第 {rows} 列）。", f"{note}."))
        elif "numbers are metres" in note:
            out.append(Text("檔案宣稱為經緯度，數值卻為公尺，座標系統另行判定。", f"{note}."))
    return out
