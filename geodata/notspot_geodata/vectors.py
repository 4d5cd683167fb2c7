"""
One reader for geography: Shapefile (also in a ZIP), GeoPackage, GeoJSON, TopoJSON, KML and KMZ, GPX, FlatGeobuf,
GeoParquet, and tables that have coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from notspot_geodata import archives, cell_shapes, coordinates, features, sniff
from notspot_geodata import crs as systems
from notspot_geodata.dbf import read_attributes
from notspot_geodata.degrees import find_pairs
from notspot_geodata.errors import InputError, NotFoundError, Problem, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.reading import Reading
from notspot_geodata.tables import read_table

if TYPE_CHECKING:
    import geopandas as gpd

HINT = "Fix the file, or pass --allow-rejects to go on without these rows (they stay in rejects.csv)."


def read_geo(
    path: str | Path,
    *,
    layer: str | None = None,
    crs: Any = None,
    to_crs: Any = "EPSG:3824",
    encoding: str | None = None,
    sheet: str | None = None,
    ledger: Ledger | None = None,
    allow_rejects: bool = False,
) -> gpd.GeoDataFrame:
    """
    Features of a file with one geometry column in `to_crs` and columns named by their meaning.

    Parameters
    ----------
    path
        The file; its kind is told from its content.
    layer
        Which one, where the file holds several.
    crs
        The system of the coordinates, where the file does not say it or says it wrong.
    encoding
        Of the text of a Shapefile or table, where it is known; else it is told from the bytes.
    sheet
        Of a workbook; without it the first that has cells.
    ledger, allow_rejects
        With `allow_rejects` features with problems are left out and entered into the ledger.

    Returns
    -------
    features
        ``attrs["reading"]`` holds the `Reading`. Heights are dropped, invalid polygons mended with a note.

    Raises
    ------
    InputError
        With all problems of the file.
    NotFoundError
        No such file or layer.
    """
    frame, reading = examine_geo(path, layer=layer, crs=crs, to_crs=to_crs, encoding=encoding, sheet=sheet)
    problems = reading.problems
    whole = any(p.row is None for p in problems)
    if problems and (whole or not allow_rejects):
        usable = f"{reading.usable:,} of {reading.rows:,} rows usable"
        raise InputError(path, problems, summary=usable, hint="" if whole else HINT)
    if problems and ledger is not None:
        ledger.refuse(path, problems, people=frame.attrs["people"])
    bad = {p.row for p in problems}
    keep = np.array([row not in bad for row in frame.attrs["rows"]], dtype=bool)
    kept = frame[keep].reset_index(drop=True)
    kept.attrs = {"reading": reading}
    return kept


def examine_geo(
    path: str | Path,
    *,
    layer: str | None = None,
    crs: Any = None,
    to_crs: Any = "EPSG:3824",
    encoding: str | None = None,
    sheet: str | None = None,
) -> tuple[gpd.GeoDataFrame, Reading]:
    """
    All features of a file, also those with problems, and what was understood; for ``notspot check``.

    ``attrs["rows"]`` are the numbers that problems use, ``attrs["people"]`` the persons by them. Raises
    InputError only where the file cannot be read at all.
    """
    path = Path(path)
    kind = sniff.kind_of(path)
    for system in (crs, to_crs):
        if system is not None:
            systems.parse_crs(system)  # a wrong name is the caller's fault, not the file's
    if kind in sniff.TABLES or kind == "parquet":
        return _table(path, crs, to_crs, encoding, sheet)
    if kind not in sniff.MAPS and kind not in ("zip", "dbf", "damaged zip"):
        problem = Problem(None, "", f"is neither a map nor a table but {_ARTICLES.get(kind, kind)}")
        known = "Shapefile, GeoPackage, GeoJSON, TopoJSON, KML, GPX, FlatGeobuf, GeoParquet"
        raise InputError(path, [problem], hint=f"Readable are {known}, and tables with coordinates.")
    with ExitStack() as stack:
        source, said = _source(path, kind, layer, stack)
        reading = Reading(file=path.name, kind=said)
        frame = _features(source, layer if source == path else None, encoding, reading, path)
    reading.rows = len(frame)
    rows = list(range(1, len(frame) + 1))
    frame = features.named(frame, reading)
    frame, move = features.with_system(frame, crs, reading)
    if move:
        frame = features.checked(frame, rows, reading, to_crs)
    bad = {p.row for p in reading.problems}
    reading.problems.sort(key=lambda p: (p.row or 0, p.field))
    reading.usable = 0 if None in bad else len(frame) - len(bad)
    frame.attrs = {"reading": reading, "rows": rows, "people": features.people_of(frame, rows)}
    return frame, reading


_ARTICLES = {
    "html": "a web page; the download probably failed",
    "pdf": "a PDF",
    "empty": "empty",
    "binary": "data of an unknown kind",
    "tiff": "a raster image (TIFF)",
    "image": "an image",
    "xml": "XML that is neither KML nor GPX",
    "sqlite": "an SQLite database that is not a GeoPackage",
    "docx": "a text document",
    "gzip": "a gzip archive; unpack it first",
    "rar": "a RAR archive; unpack it first",
    "7z": "a 7z archive; unpack it first",
}


def _source(path: Path, kind: str, layer: str | None, stack: ExitStack) -> tuple[Path, str]:
    """The file to read, out of its archive where it lies in one, and the kind as it is told."""
    if kind == "dbf" or (kind == "shapefile" and path.suffix.lower() != ".shp"):
        shape = next((p for p in _siblings(path) if p.suffix.lower() == ".shp"), None)
        if shape is None:
            problem = Problem(
                None, "", "is the table of a Shapefile without its .shp, which has the geometry"
            )
            raise InputError(path, [problem], hint="Put the .shp, .shx and .prj next to it.")
        return shape, "shapefile"
    if kind not in ("shapefile in zip", "kmz", "zip", "damaged zip"):
        return path, kind
    folder = stack.enter_context(archives.unpacked(path))
    inside = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__MACOSX" not in p.parts]
    wanted = {"shapefile in zip": (".shp",), "kmz": (".kml",)}.get(kind, _SUFFIXES)
    found = [p for p in inside if p.suffix.lower() in wanted and not p.name.startswith("._")]
    if not found:
        names = ", ".join(p.name for p in inside[:8]) or "nothing"
        raise InputError(path, [Problem(None, "", f"is a ZIP without geography; it holds {names}")])
    chosen = archives.choose(found, folder, path, layer)
    said = kind if kind != "zip" else f"{sniff.kind_of(chosen)} in zip"
    return chosen, said


_SUFFIXES = (".shp", ".gpkg", ".geojson", ".json", ".topojson", ".kml", ".gpx", ".fgb", ".parquet")
GPX = ("tracks", "routes", "waypoints")


def _siblings(path: Path) -> Iterator[Path]:
    stem = path.stem.lower()
    return (p for p in path.parent.iterdir() if p.stem.lower() == stem)


def _features(
    source: Path, layer: str | None, encoding: str | None, reading: Reading, path: Path
) -> gpd.GeoDataFrame:
    """The frame as the file has it."""
    import geopandas as gpd
    import pyogrio

    kind = sniff.kind_of(source)
    if kind in ("kml", "gpx"):
        archives.check_xml(source)
    try:
        if kind == "geoparquet":
            return gpd.read_parquet(source)
        if kind == "gpx" and layer is None:
            layer = _gpx_layer(source, reading, path)
        layer = _layer(source, layer, path)
        if kind != "shapefile":
            frame = pyogrio.read_dataframe(source, layer=layer)
            reading.encoding = "utf-8" if kind in ("geojson", "topojson", "kml", "gpx") else None
            return _as_geo(frame, path)
        frame = _shapefile(source, encoding, reading)
        return _as_geo(frame, path)
    except (RuntimeError, ValueError, OSError) as error:  # pyogrio's errors are RuntimeErrors
        if isinstance(error, InputError):
            raise
        said = str(error).replace(str(source), source.name).splitlines()[0][:300]
        hint = "Is the file complete? Save it again as GeoPackage."
        raise InputError(path, [Problem(None, "", f"cannot be read as {kind}: {said}")], hint=hint) from error


def _as_geo(frame: pd.DataFrame, path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd

    if isinstance(frame, gpd.GeoDataFrame):
        return frame
    raise InputError(path, [Problem(None, "geometry", "has no geometry in this layer")])


def _gpx_layer(source: Path, reading: Reading, path: Path) -> str:
    """What a GPX file is about, of the five layers that it always has: tracks, else routes, else waypoints."""
    import pyogrio

    counts = {
        name: int(pyogrio.read_info(source, layer=name, force_feature_count=True)["features"]) for name in GPX
    }
    there = [name for name, count in counts.items() if count]
    if not there:
        raise InputError(path, [Problem(None, "", f"holds no {', '.join(GPX)}")])
    if len(there) > 1:
        reading.notes.append(f"of {', '.join(there)} the {there[0]} were taken")
    return there[0]


def _layer(source: Path, layer: str | None, path: Path) -> str | None:
    import pyogrio

    layers = [str(name) for name, _ in pyogrio.list_layers(source)]
    if not layers:
        raise InputError(path, [Problem(None, "", "cannot be read: there is no layer in it")])
    if layer is not None and layer not in layers:
        raise NotFoundError(f"{path.name} has no layer {layer!r}; it has: {', '.join(layers)}")
    if layer is not None or len(layers) <= 1:
        return layer
    problem = Problem(None, "", f"holds {len(layers)} layers: {', '.join(layers)}")
    raise InputError(path, [problem], hint=f"Pass --layer with one of them, for example --layer {layers[0]}")


def _shapefile(source: Path, encoding: str | None, reading: Reading) -> gpd.GeoDataFrame:
    """Geometry by GDAL, text by `dbf.read_attributes`, because a .cpg may lie and GDAL believes it."""
    import pyogrio

    frame: gpd.GeoDataFrame = pyogrio.read_dataframe(source, encoding="ISO-8859-1")
    declared = next((p for p in _siblings(source) if p.suffix.lower() == ".cpg"), None)
    word = declared.read_text("ascii", "replace").strip()[:40] if declared else None
    frame, reading.encoding, notes, problems = read_attributes(frame, encoding, word)
    reading.notes += notes
    reading.problems += problems
    return frame


def _table(
    path: Path, crs: Any, to_crs: Any, encoding: str | None, sheet: str | None
) -> tuple[gpd.GeoDataFrame, Reading]:
    """A table with coordinates, by the table reader; row numbers are those of the file."""
    refused = Ledger()
    table = read_table(path, sheet=sheet, encoding=encoding, ledger=refused, allow_rejects=True)
    try:
        return place_table(table, crs=crs, to_crs=to_crs, refused=refused)
    except UsageError as error:
        problem = Problem(None, "geometry", str(error))
        raise InputError(path, [problem], hint="Read it as a table, or add coordinates.") from error


def place_table(
    table: pd.DataFrame, *, crs: Any = None, to_crs: Any = "EPSG:3824", refused: Ledger | None = None
) -> tuple[gpd.GeoDataFrame, Reading]:
    """
    A frame of `tables.read_table` with its points, or the shapes in its cells; its Reading goes on with them.

    Raises UsageError where the table has no coordinates.
    """
    reading: Reading = table.attrs["reading"]
    rows = list(table.attrs["rows"])
    table = table.copy(deep=False)
    table.attrs = {}  # pandas copies them at every step, and the row numbers are long
    drawn = None if find_pairs(table.columns) else cell_shapes.shape_column(table)
    if drawn is not None:
        return _drawn(table, drawn, rows, reading, crs, to_crs)
    points = coordinates.points_of(table, crs=crs, to_crs=to_crs, rows=rows)
    reading.crs, reading.crs_reason = points.crs, points.crs_reason
    reading.problems += points.problems
    reading.problems.sort(key=lambda p: (p.row or 0, p.field))
    reading.notes += points.notes
    bad = {p.row for p in reading.problems}
    reading.usable = 0 if None in bad else reading.rows - len(bad)
    entered = (refused or Ledger()).to_frame()[["row", "people"]].dropna()
    people = {int(row): int(count) for row, count in entered.to_numpy()}
    people |= features.people_of(points.frame, rows)
    points.frame.attrs = {"reading": reading, "rows": rows, "people": people}
    return points.frame, reading


def _drawn(
    table: pd.DataFrame, column: str, rows: list[int], reading: Reading, crs: Any, to_crs: Any
) -> tuple[gpd.GeoDataFrame, Reading]:
    """A table with a column of shapes, checked as the features of a map are."""
    import geopandas as gpd

    shapes, problems = cell_shapes.shapes_of(table[column], rows, column)
    reading.problems += problems
    reading.notes.append(f"shapes were taken from '{column}'")
    frame = gpd.GeoDataFrame(table.drop(columns=[column, "geometry"], errors="ignore"))
    frame = frame.set_geometry(features.array_of(shapes, None))
    frame, move = features.with_system(frame, crs, reading)
    if move:
        told = {p.row for p in problems}
        frame = features.checked(frame, rows, reading, to_crs)
        reading.problems = [
            p for p in reading.problems if p.row not in told or p.message != features.EMPTY[0]
        ]
    bad = {p.row for p in reading.problems}
    reading.problems.sort(key=lambda p: (p.row or 0, p.field))
    reading.usable = 0 if None in bad else reading.rows - len(bad)
    frame.attrs = {"reading": reading, "rows": rows, "people": features.people_of(frame, rows)}
    return frame, reading
