"""
The overlays of an atlas: what a run counted, what its study names, and files that are given beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from notspot.coverage_files import hidden_files, hushed, lists_stations, one_file
from notspot.coverage_specs import FileSpec, LayerSpec
from notspot.overlay_specs import OverlaySpec, account_ids
from notspot.study import Study
from notspot_coverage.counting.services import Layer
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text
from notspot_maps.overlays.account import account_overlays
from notspot_maps.overlays.kinds import Overlay, kind_name, lines_of, points_of
from notspot_maps.overlays.rasters import KINDS, NAMES, kind_of, raster_overlay

if TYPE_CHECKING:
    import geopandas as gpd

    from notspot_coverage.results import Results

STATUS = ("status", "狀態", "涵蓋狀態", "涵蓋", "covered")  # headers that say whether a place is covered
BY = ("by", "涵蓋業者", "covered_by")
NAME = ("name", "名稱", "name_zh")
CHECKED = ("rsrp_dbm", "level_dbm", "mbps", "probability", "covered")  # whose values can be wrong


def overlays_for(
    source: Study | Results,
    rasters: Sequence[str | Path] = (),
    points: Sequence[str | Path] = (),
    lines: Sequence[str | Path] = (),
    resolution_m: float | None = None,
    include_sites: bool = False,
    *,
    study: Study | None = None,
    beside: Sequence[Overlay] = (),
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
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
        Paths of maps or tables with coordinates; columns of `STATUS`, `BY` and `NAME` are taken.
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
    if given is not None:
        for spec in given.overlays:
            found.append(_of_study(given, spec, hidden, include_sites, ledger, allow_rejects))
            taken.add(spec.id)
    for text in rasters:
        kind, path = _kind_and_path(str(text))
        found.append(_raster(path, _id(path, taken), kind, resolution_m, include_sites))
    for text in lines:
        path = Path(text)
        frame, written = _features(path, ledger, allow_rejects, hidden)
        said = _guarded(written, path, hidden, include_sites)
        found.append(lines_of(frame, id=_id(path, taken), name=Text(path.stem, path.stem), sensitive=said))
    for text in points:
        path = Path(text)
        frame, written = _features(path, ledger, allow_rejects, hidden)
        said = _guarded(written, path, hidden, include_sites)
        found.append(points_of(frame, id=_id(path, taken), name=Text(path.stem, path.stem), sensitive=said))
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


def _of_study(
    study: Study,
    spec: OverlaySpec,
    hidden: Collection[Path],
    include_sites: bool,
    ledger: Ledger,
    allow_rejects: bool,
) -> Overlay:
    source = Text(spec.source, spec.source) if spec.source else None
    if spec.kind == "raster":
        layer = (
            next((each for each in study.coverage.layers if each.id == spec.layer), None)
            if study.coverage
            else None
        )
        return _study_raster(study, spec, layer, source, include_sites)
    assert spec.file is not None
    path = study.folder / spec.file.path
    frame, written = _features(path, ledger, allow_rejects, hidden, spec.file)
    for name, header in (("name", spec.name_column), ("status", spec.status_column), ("by", spec.by_column)):
        if header is not None:
            frame = frame.assign(**{name: frame[_column(frame, header, written, path)]})
    sensitive = not spec.public and _guarded(written, path, hidden, include_sites, spec)
    if spec.kind == "lines":
        return lines_of(
            frame, id=spec.id, name=spec.name, service=spec.service, source=source, basis=spec.basis,
            as_of=spec.as_of, resolution_m=spec.resolution_m or 20.0, sensitive=sensitive,
        )  # fmt: skip
    return points_of(
        frame, id=spec.id, name=spec.name, service=spec.service, source=source, basis=spec.basis, as_of=spec.as_of,
        sensitive=sensitive,
    )  # fmt: skip


def _study_raster(
    study: Study, spec: OverlaySpec, layer: LayerSpec | None, source: Text | None, include_sites: bool
) -> Overlay:
    file = layer.file if layer is not None else spec.file
    assert file is not None
    path = study.folder / file.path
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


def _kind_and_path(text: str) -> tuple[str, Path]:
    kind, equals, path = text.partition("=")
    if equals and kind.isidentifier() and not Path(text).is_file():
        if kind not in KINDS:
            raise UsageError(f"'{kind}' is nothing that a raster shows; there are {', '.join(KINDS)}")
        return kind, Path(path)
    return kind_of(text), Path(text)


def _raster(path: Path, id: str, kind: str, resolution_m: float | None, include_sites: bool) -> Overlay:
    crs = _checked(path, kind, None, None)
    stem = path.stem
    name = NAMES[kind]
    return raster_overlay(
        path,
        id=id,
        name=Text(f"{name.zh}（{stem}）", f"{name.en} ({stem})"),
        kind=kind,
        resolution_m=resolution_m,
        crs=crs,
        include_sites=include_sites,
    )


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
    spec: FileSpec | None = None,
) -> tuple[gpd.GeoDataFrame, Mapping[str, str]]:
    """
    Features of a map or of a table with coordinates; ``name``, ``status`` and ``by`` where headers mean that. And the
    headers of the file, with the names of their columns.
    """
    from notspot_geodata.selection import select
    from notspot_geodata.vectors import read_geo

    said = spec or FileSpec(path.name)
    frame = read_geo(
        path, layer=said.layer_name, crs=said.crs, encoding=said.encoding, sheet=said.sheet,
        allow_rejects=allow_rejects,
    )  # fmt: skip
    reading = frame.attrs["reading"]
    frame.attrs = {}
    written = {**{str(name): str(name) for name in frame.columns}, **reading.columns}
    secret = one_file(path) in hidden or lists_stations(written)
    ledger.refuse(path, hushed(reading.problems) if secret else reading.problems)
    if said.where:
        chosen = select(frame, said.where, rows=list(range(1, len(frame) + 1)), written=reading.columns)
        if chosen.problems:
            raise InputError(path, chosen.problems)
        frame = frame[chosen.mask].reset_index(drop=True)
    for name, headers in (("name", NAME), ("status", STATUS), ("by", BY)):
        if name not in frame:
            column = next((c for header in headers for c in frame.columns if str(c).lower() == header), None)
            if column is not None:
                frame = frame.assign(**{name: frame[column]})
    return frame, written


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


def _id(path: Path, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "overlay"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    taken.add(name)
    return name
