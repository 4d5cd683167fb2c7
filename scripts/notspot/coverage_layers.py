"""
The layers of a study, read: sites with their radius, claimed areas, rasters, figures by unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from notspot.coverage_files import Features, Files
from notspot.coverage_specs import LayerSpec
from notspot.coverage_study import LEAST_RADIUS_M, MOST_RADIUS_M
from notspot.entries import FIGURES
from notspot_coverage.counting.services import Areas, ByUnit, Layer, Raster, Sites
from notspot_geodata import reference
from notspot_geodata.area_checks import ShapeKind, check_shapes
from notspot_geodata.columns import meaning_of
from notspot_geodata.coverage_rasters import check_raster
from notspot_geodata.errors import NotspotError, Problem
from notspot_geodata.features import EMPTY
from notspot_geodata.places import is_blank
from notspot_geodata.selection import column_of, no_such_column, numbers_of
from notspot_geodata.text import Text, tidy
from notspot_geodata.unit_tables import read_values, values_of

if TYPE_CHECKING:
    import geopandas as gpd


def layer_of(files: Files, spec: LayerSpec) -> Layer | None:
    """A layer of the study; None where its file cannot be used. Problems are kept in `files`."""
    said: dict[str, Any] = {
        "id": spec.id,
        "basis": spec.basis,
        "as_of": spec.as_of,
        "operator": spec.operator,
        "outside": spec.outside,
        "source": spec.source,
        "accuracy_m": spec.accuracy_m,
    }
    if spec.kind == "raster":
        return _raster(files, spec, said)
    if spec.kind == "table":
        return _by_unit(files, spec, said)
    found = files.features(spec.file, empty_is_harmless=spec.kind == "areas")
    if found is None:
        return None
    operators = _operators(files, spec, found)
    if spec.kind == "areas":
        frame = shapes_of(files, spec, found, "areas", operators)
        return Areas(areas=frame, **said)
    radius = _radii(files, spec, found)
    frame = shapes_of(files, spec, found, "points", operators, {"radius_m": radius})
    frame = frame.explode(ignore_index=True)
    return Sites(points=frame, radius_m=spec.radius_m or 0.0, public=spec.public, **said)


def shapes_of(
    files: Files,
    spec: Any,
    found: Features,
    kind: ShapeKind,
    owners: pd.Series | None = None,
    columns: dict[str, Any] | None = None,
    keep_all: bool = False,
) -> gpd.GeoDataFrame:
    """
    The features of `found` that are of a kind and have no problem: geometry, ``row``, ``operator`` and `columns`, or
    with `keep_all` every column.
    """
    frame = found.frame
    told = np.array([row in found.bad for row in found.rows], dtype=bool)
    seen = np.flatnonzero(~told)
    checked = check_shapes(
        frame.geometry.to_numpy()[seen],
        kind,
        [found.rows[at] for at in seen],
        None if owners is None else owners.iloc[seen].tolist(),
    )
    files.refuse(spec.file, found, checked.problems)
    if kind == "areas":
        files.harmless(spec.file, checked.harmless)
        if checked.harmless:
            count = len(checked.harmless)
            zh = f"有 {count:,} 個多邊形為空或與他列重複，不另計（見 rejects.csv）。"
            en = f"{count:,} polygons are empty or repeat another; they change nothing (see rejects.csv)."
            files.note(spec.file, [Text(zh, en)])
    else:
        files.refuse(spec.file, found, [Problem(p.row, p.field, EMPTY[0]) for p in checked.harmless])
    files.note(spec.file, checked.notes)
    keep = np.zeros(len(frame), dtype=bool)
    keep[seen] = checked.keep
    keep &= np.array([row not in found.bad for row in found.rows], dtype=bool)
    out = frame if keep_all else frame[["geometry"]]
    out = out.assign(row=found.rows)
    if owners is not None:
        out = out.assign(operator=owners.to_numpy())
    for name, values in (columns or {}).items():
        out = out.assign(**{name: values})
    return out[keep].reset_index(drop=True)


def _operators(files: Files, spec: LayerSpec, found: Features) -> pd.Series | None:
    """The operator of each feature as its column says; None of a blank cell, and None at all without a column."""
    if spec.operator_column is None:
        unsaid = [c for c in found.frame.columns if _means_operator(str(c))]
        if unsaid and not spec.operator:
            zh = f"檔案有「{unsaid[0]}」一欄而圖層未指定 operator_column，視為單一業者。"
            en = f"it has a column '{unsaid[0]}', and the layer names no operator_column: taken as one operator."
            files.note(spec.file, [Text(zh, en)])
        return None
    column = column_of(found.frame, spec.operator_column, found.written)
    if column is None:
        files.add(spec.file, [no_such_column(found.frame, spec.operator_column)])
        return None
    out: pd.Series = found.frame[column].map(lambda cell: None if is_blank(cell) else tidy(str(cell)))
    out = out.astype(object).where(out.notna(), None)
    blank = int(out.isna().sum())
    if blank:
        zh = f"有 {blank:,} 列未寫業者，計為「{spec.operator or '未具名業者'}」。"
        en = f"{blank:,} rows name no operator and count as '{spec.operator or 'unnamed operator'}'."
        files.note(spec.file, [Text(zh, en)])
    return out


def _means_operator(header: str) -> bool:
    meaning = meaning_of(header)
    return meaning is not None and meaning.name == "operator"


def _radii(files: Files, spec: LayerSpec, found: Features) -> np.ndarray:
    """Radius of each site, m: of its own column where it has one, else the layer's."""
    count = len(found.frame)
    own = spec.radius_m if spec.radius_m is not None else np.nan
    if spec.radius_column is None:
        return np.full(count, own)
    column = column_of(found.frame, spec.radius_column, found.written)
    if column is None:
        files.add(spec.file, [no_such_column(found.frame, spec.radius_column)])
        return np.full(count, own)
    values, problems = numbers_of(found.frame[column], found.rows, spec.radius_column)
    told = {p.row for p in problems}
    for at, value in enumerate(values):
        row = found.rows[at]
        if np.isnan(value):
            if np.isnan(own) and row not in told:
                message = "is empty, and the layer has no radius_m of its own"
                problems.append(Problem(row, spec.radius_column, message))
        elif not LEAST_RADIUS_M <= value <= MOST_RADIUS_M:
            degrees = " (in degrees?)" if 0 < value < 1 else ""
            message = f"is {value:g}{degrees}: metres on the ground are needed, 1 to 100,000"
            problems.append(Problem(row, spec.radius_column, message, f"{value:g}"))
    files.refuse(spec.file, found, problems)
    return np.where(np.isnan(values), own, values)


def _raster(files: Files, spec: LayerSpec, said: dict[str, Any]) -> Raster | None:
    assert spec.quantity is not None
    assert spec.at_least is not None
    try:
        found = check_raster(files.path(spec.file), spec.quantity, spec.at_least, crs=spec.file.crs)
    except NotspotError as error:
        files.fail(spec.file, error)
        return None
    files.enter(spec.file.path, None)
    files.notes += [note for note in found.notes if note not in files.notes]
    return Raster(
        path=files.path(spec.file),
        quantity=spec.quantity,
        at_least=spec.at_least,
        location_sigma_db=spec.location_sigma_db,
        crs=found.crs,
        **said,
    )


def _by_unit(files: Files, spec: LayerSpec, said: dict[str, Any]) -> ByUnit | None:
    assert spec.level is not None
    assert spec.column is not None
    assert spec.at_least is not None
    file = spec.file
    try:
        if file.path == FIGURES:
            found = values_of(
                reference.figures(),
                spec.level,
                spec.column,
                where=file.where,
                unknown=spec.unknown_values,
                file=FIGURES,
            )
        else:
            found = read_values(
                files.path(file), spec.level, spec.column, where=file.where, unknown=spec.unknown_values,
                sheet=file.sheet, encoding=file.encoding, ledger=files.ledger,
            )  # fmt: skip
    except NotspotError as error:
        files.fail(file, error)
        return None
    files.add(file, found.problems)
    files.enter(file.path, found.rows)
    files.note(file, found.notes)
    known = found.values.dropna()
    if len(known) and spec.at_least > 0:
        if (known < spec.at_least).all():
            zh = f"「{spec.column}」最大值 {known.max():g}，未達門檻 {spec.at_least:g}，無單元涵蓋。"
            en = f"no figure of '{spec.column}' (at most {known.max():g}) reaches {spec.at_least:g}."
            files.note(file, [Text(zh, en)])
        elif (known >= 100 * spec.at_least).all():
            zh = f"「{spec.column}」所有數值均在門檻 {spec.at_least:g} 之百倍以上，單位是否一致？"
            en = f"each figure of '{spec.column}' is 100 times {spec.at_least:g} or more: are both in one unit?"
            files.note(file, [Text(zh, en)])
    return ByUnit(values=found.values, level=spec.level, at_least=spec.at_least, **said)
