"""
The overlays of an atlas: what a run counted, what its study names, and files that are given beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from notspot.coverage_files import hidden_files, hushed, lists_stations, one_file
from notspot.coverage_specs import FileSpec, LayerSpec
from notspot.overlay_specs import OverlaySpec, account_ids, read_overlay_file
from notspot.overlay_words import named_file
from notspot.study import Study
from notspot_coverage.counting.services import Layer
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text
from notspot_maps.overlays.account import account_overlays
from notspot_maps.overlays.kinds import Overlay, RasterOverlay, kind_name, lines_of, points_of, statuses_of
from notspot_maps.overlays.rasters import KINDS, NAMES, kind_of, raster_overlay

if TYPE_CHECKING:
    import geopandas as gpd

    from notspot_coverage.results import Results

STATUS = ("status", "狀態", "涵蓋狀態", "涵蓋", "covered")  # headers that say whether a place is covered
BY = ("by", "涵蓋業者", "covered_by")
NAME = ("name", "名稱", "name_zh")
NAME_ENDS = ("名稱", "_name")  # 機構名稱, school_name: taken where one header alone ends so
CHECKED = ("rsrp_dbm", "level_dbm", "mbps", "probability", "covered")  # whose values can be wrong
HINT = "Fix the file, or pass --allow-rejects to go on without these rows; the file of rejects lists them."
STATUS_HINT = "A column '{header}' that says something else than coverage needs another header. "


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """
    Features of a file: `frame` has ``name``, ``status`` and ``by`` where headers mean that, `taken` says which.
    `written` are the headers of the file, with the names of their columns; `notes` what the reader concluded.
    """

    frame: gpd.GeoDataFrame
    written: Mapping[str, str]
    taken: Mapping[str, str]
    notes: Sequence[str] = ()


def overlays_for(
    source: Study | Results,
    rasters: Sequence[str | Path] = (),
    points: Sequence[str | Path] = (),
    lines: Sequence[str | Path] = (),
    resolution_m: float | None = None,
    include_sites: bool = False,
    *,
    files: Sequence[str | Path] = (),
    study: Study | None = None,
    beside: Sequence[Overlay] = (),
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
    notes: dict[str, str] | None = None,
) -> tuple[Overlay, ...]:
    """
    What lies over the atlas of a run: rasters first, then lines, then points.

    Parameters
    ----------
    source
        A study gives the overlays that it names; results give what was counted: places and lines with their status.
    rasters
        Paths, each with what it shows before it where its name does not say so: ``operators=count.tif``.
    points, lines
        Paths of maps or tables with coordinates; columns of `STATUS`, `BY` and `NAME` are taken. These and `rasters`
        may have a title before them: ``衛生所|Clinics=clinics.csv``.
    files
        TOML files of ``[[overlay]]`` entries, as a study has them; their paths begin beside them.
    resolution_m
        Side of the cells of `rasters`, metres on the ground; a study says it for its own.
    include_sites
        Positions of stations, and rasters as fine as asked for: the overlays that show them are sensitive.
    study
        Beside results: the study whose overlays are wanted too.
    beside
        Overlays that there are already, which keep their ids.
    ledger, allow_rejects
        Take rows of points and lines that have a problem, and go on without them.
    notes
        Takes what was understood of `rasters`, `lines`, `points` and `files`: a sentence by the id of the overlay.

    Raises
    ------
    NotFoundError, InputError
        A file that is not there or cannot be used; every problem of one file at once.
    UsageError
        Points or lines that are base stations, without `include_sites`; a kind of raster that there is not.
    """
    given: Study | None = source if isinstance(source, Study) else study
    found: list[Overlay] = [*beside]
    taken = set() if given is None else account_ids(given.coverage)
    if not isinstance(source, Study):
        found += account_overlays(source, include_sites=include_sites)
    taken |= {overlay.id for overlay in found}
    ledger = Ledger() if ledger is None else ledger
    hidden = set() if given is None else hidden_files(given.coverage, given.folder)
    notes = {} if notes is None else notes
    if given is not None:
        for spec in given.overlays:
            found.append(_of_spec(given.folder, given, spec, hidden, include_sites, ledger, allow_rejects)[0])
            taken.add(spec.id)
    for each in files:
        specs = read_overlay_file(each, None if given is None else given.coverage, taken)
        for spec in specs:
            folder = Path(each).resolve().parent
            made, notes[spec.id] = _of_spec(folder, given, spec, hidden, include_sites, ledger, allow_rejects)
            found.append(replace(made, given=True))
    for text in rasters:
        named = named_file(text, "--raster", KINDS)
        id = _id(named.path, named.title, taken)
        kind = named.kind or kind_of(named.path)
        drawn = _raster(named.path, id, kind, named.title, resolution_m, include_sites)
        found.append(replace(drawn, given=True))
        notes[id] = f"{named.path.name}: {kind}, cells of {drawn.resolution_m:g} m"
    for option, make, texts in (("--lines", lines_of, lines), ("--points", points_of, points)):
        for text in texts:
            named = named_file(text, option)
            read = _features(named.path, ledger, allow_rejects, hidden)
            said = _guarded(read.written, named.path, hidden, include_sites)
            id = _id(named.path, named.title, taken)
            made = make(read.frame, id=id, name=named.title or Text.of(named.path.stem), sensitive=said)
            found.append(replace(made, given=True))
            notes[id] = _understood(named.path, read)
    lost = include_sites and not isinstance(source, Study) and _read_back(source)
    if lost and not any(overlay.sensitive for overlay in found):
        raise UsageError(
            "a folder of results holds no positions of stations: give the study (.toml) to --include-sites"
        )
    return tuple(sorted(found, key=_order))


def _order(overlay: Overlay) -> int:
    return ("raster", "lines", "points").index(kind_name(overlay))


def _read_back(results: Results) -> bool:
    """Whether the layers of services have lost their features, as those of a folder of results have."""
    services = results.account.services.values() if results.account is not None else ()
    layers = [layer for service in services for layer in service.layers]
    return bool(layers) and all(type(layer) is Layer for layer in layers)


# ------------------------------------------------------------------ of a study


def _of_spec(
    folder: Path,
    study: Study | None,
    spec: OverlaySpec,
    hidden: Collection[Path],
    include_sites: bool,
    ledger: Ledger,
    allow_rejects: bool,
) -> tuple[Overlay, str]:
    """The overlay of an entry whose paths begin in `folder`, and what was understood of its file."""
    source = Text(spec.source, spec.source) if spec.source else None
    if spec.kind == "raster":
        layer = (
            next((each for each in study.coverage.layers if each.id == spec.layer), None)
            if study is not None and study.coverage
            else None
        )
        beside = folder if layer is None or study is None else study.folder
        made = _spec_raster(beside, spec, layer, source, include_sites)
        label = spec.layer or (Path(spec.file.path).name if spec.file else spec.id)
        return made, f"{label}: raster, cells of {made.resolution_m:g} m"
    assert spec.file is not None
    path = folder / spec.file.path
    read = _features(path, ledger, allow_rejects, hidden, spec)
    sensitive = not spec.public and _guarded(read.written, path, hidden, include_sites, spec)
    note = _understood(path, read)
    if spec.kind == "lines":
        return lines_of(
            read.frame, id=spec.id, name=spec.name, service=spec.service, source=source, basis=spec.basis,
            as_of=spec.as_of, resolution_m=spec.resolution_m or 20.0, sensitive=sensitive,
        ), note  # fmt: skip
    return points_of(
        read.frame, id=spec.id, name=spec.name, service=spec.service, source=source, basis=spec.basis,
        as_of=spec.as_of, sensitive=sensitive,
    ), note  # fmt: skip


def _spec_raster(
    folder: Path, spec: OverlaySpec, layer: LayerSpec | None, source: Text | None, include_sites: bool
) -> RasterOverlay:
    file = layer.file if layer is not None else spec.file
    assert file is not None
    path = folder / file.path
    kind = (layer.quantity if layer is not None else spec.shows) or kind_of(path)
    at_least = layer.at_least if layer is not None else spec.at_least
    said = (
        Text(layer.source, layer.source) if layer is not None and layer.source and source is None else source
    )
    crs = _checked(path, kind, at_least, file.crs)
    return raster_overlay(
        path, id=spec.id, name=spec.name, kind=kind, resolution_m=spec.resolution_m, edges=spec.edges,
        at_least=at_least, classes=dict(spec.classes), crs=crs, source=said,
        basis=spec.basis or (layer.basis if layer is not None else ""),
        as_of=spec.as_of or (layer.as_of if layer is not None else ""), include_sites=include_sites,
    )  # fmt: skip


# ------------------------------------------------------------------ of files


def _raster(
    path: Path, id: str, kind: str, title: Text | None, resolution_m: float | None, include_sites: bool
) -> RasterOverlay:
    crs = _checked(path, kind, None, None)
    stem, name = Text.of(path.stem).zh, NAMES[kind]
    try:
        return raster_overlay(
            path,
            id=id,
            name=title or Text(f"{name.zh}（{stem}）", f"{name.en} ({stem})"),
            kind=kind,
            resolution_m=resolution_m,
            crs=crs,
            include_sites=include_sites,
        )
    except InputError as error:
        if kind != "classes" or error.hint:
            raise
        hint = f"Where its values are no classes, say what they are: --raster rsrp_dbm={path}, or {', '.join(KINDS)}."
        raise InputError(error.file, error.problems, hint=hint) from error


def _checked(path: Path, kind: str, at_least: float | None, crs: str | None) -> str | None:
    """The system of a raster whose values are those of its kind."""
    from notspot_geodata.coverage_rasters import check_raster

    if not path.is_file():
        raise NotFoundError(f"{path}: no such raster")
    return check_raster(path, kind, at_least, crs=crs).crs if kind in CHECKED else crs


def _features(
    path: Path,
    ledger: Ledger,
    allow_rejects: bool,
    hidden: Collection[Path],
    spec: OverlaySpec | None = None,
) -> _Given:
    """
    Features of a map or of a table with coordinates. Rows with a problem, of which a status that is none is one, are
    an error all at once, or go into the ledger.
    """
    from notspot_geodata.selection import select
    from notspot_geodata.vectors import examine_geo

    said = (spec.file if spec else None) or FileSpec(path.name)
    try:
        frame, reading = examine_geo(
            path, layer=said.layer_name, crs=said.crs, encoding=said.encoding, sheet=said.sheet
        )
    except InputError as error:
        if "--layer" not in error.hint:  # which the atlas has not
            raise
        hint = (
            'Say which in an [[overlay]] (docs/overlays.md): layer_name = "…"; --overlays FILE.toml takes it.'
        )
        raise InputError(path, error.problems, hint=hint) from error
    rows: list[int] = frame.attrs["rows"]
    frame.attrs = {}
    written = {**{str(name): str(name) for name in frame.columns}, **reading.columns}
    chosen = select(frame, said.where, rows=rows, written=reading.columns)
    taken = _meanings(frame, written, path, spec)
    frame = frame.assign(**{name: frame[column] for name, column in taken.items()})
    header = {
        name: next((h for h, c in written.items() if c == column), column) for name, column in taken.items()
    }
    told = {p.row for p in reading.problems}
    problems = [*reading.problems, *(p for p in chosen.problems if p.row is None or p.row not in told)]
    hint = HINT
    if "status" in frame:
        cells = frame.loc[chosen.mask, "status"]
        of = [row for row, wanted in zip(rows, chosen.mask, strict=True) if wanted]
        wrong = [replace(p, row=of[(p.row or 1) - 1], field=header["status"]) for p in statuses_of(cells)[1]]
        problems += [p for p in wrong if p.row not in told]
        hint = STATUS_HINT.format(header=header["status"]) + HINT if wrong else HINT
    whole = any(p.row is None for p in problems)
    bad = {p.row for p in problems}
    if problems and (whole or not allow_rejects):
        usable = f"{0 if whole else len(rows) - len(bad & set(rows)):,} of {reading.rows:,} rows usable"
        raise InputError(path, problems, summary=usable, hint="" if whole else hint)
    secret = one_file(path) in hidden or lists_stations(written)
    ledger.refuse(path, hushed(problems) if secret else problems)
    keep = chosen.mask & ~np.isin(rows, [row for row in bad if row is not None])
    notes = [] if secret else [note for note in reading.notes if not note.startswith("encoding")]
    return _Given(frame[keep].reset_index(drop=True), written, header, notes)


def _meanings(
    frame: gpd.GeoDataFrame, written: Mapping[str, str], path: Path, spec: OverlaySpec | None
) -> dict[str, str]:
    """The columns that are ``name``, ``status``, ``by``: those that an entry names, else those whose headers say it."""
    own = (
        {} if spec is None else {"name": spec.name_column, "status": spec.status_column, "by": spec.by_column}
    )
    out = {name: _column(frame, header, written, path) for name, header in own.items() if header is not None}
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    for name, headers in (("name", NAME), ("status", STATUS), ("by", BY)):
        column = next((c for header in headers for c in columns if c.lower() == header), None)
        if column is None and name == "name":
            ends = [c for c in columns if c.lower().endswith(NAME_ENDS)]
            column = ends[0] if len(ends) == 1 else None
        if column is not None:
            out.setdefault(name, column)
    return out


def _understood(path: Path, read: _Given) -> str:
    """What the columns of a file were taken for, for who gave it."""
    looked = {"name": "名稱, name", "status": "狀態, status"}
    said = [
        f"{name} from {read.taken[name]}"
        if name in read.taken
        else f"no {name} (no column such as {headers})"
        for name, headers in looked.items()
    ]
    return "; ".join(
        [
            f"{path.name}: {len(read.frame):,} row{'' if len(read.frame) == 1 else 's'}, {', '.join(said)}",
            *read.notes,
        ]
    )


def _guarded(
    written: Mapping[str, str],
    path: Path,
    hidden: Collection[Path],
    include_sites: bool,
    spec: OverlaySpec | None = None,
) -> bool:
    """Whether points or lines tell where base stations are, which only `include_sites` lets in."""
    kept = one_file(path) in hidden
    if not kept and not lists_stations(written):
        return False
    if include_sites:
        return True
    why = (
        "is a file that the study keeps out of sight"
        if kept
        else "has the columns of a list of base stations"
    )
    where = "" if spec is None else f"[[overlay]] {spec.id}: "
    way = (
        "pass --include-sites if they may be in the file, or take these columns away where they are something else"
        if spec is None
        else "say public = true in this [[overlay]] if anyone may see them, or take it out; only "
        "`notspot atlas --include-sites` shows what is not public"
    )
    raise UsageError(f"{where}{path.name} {why}, whose positions are sensitive: {way}")


def _column(frame: gpd.GeoDataFrame, header: str, written: Mapping[str, str], path: Path) -> str:
    from notspot_geodata.selection import column_of, no_such_column

    found = column_of(frame, header, written)
    if found is None:
        raise InputError(path, [no_such_column(frame, header)])
    return str(found)


def _id(path: Path, title: Text | None, taken: set[str]) -> str:
    """The file's name as an id, or the title's English where that has no Latin letters."""
    words = (path.stem, title.en if title else "")
    stem = next(
        (s for word in words if (s := re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_"))), "overlay"
    )
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    taken.add(name)
    return name
