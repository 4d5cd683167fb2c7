"""
The positions of a frame as Arrow columns, for `positions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from notspot_geodata import crs as systems
from notspot_geodata.errors import UsageError
from notspot_geodata.places import is_blank
from notspot_geodata.point_columns import PointColumns, point_columns

if TYPE_CHECKING:
    import geopandas as gpd

SAMPLE_ROWS = 2_000


def frame_points(frame: pd.DataFrame | gpd.GeoDataFrame) -> tuple[list[Any], PointColumns, Any]:
    """
    Where a frame has its positions: its geometry, or columns with usual names.

    Returns
    -------
    cells, columns, sample
        The columns as Arrow arrays, what they are, and some rows of the whole frame as an Arrow table in which
        ``columns.at`` are their places: what `positions.place` and `positions.system_of` take.

    Raises
    ------
    UsageError
        There are none, or a geometry is no point.
    """
    import geopandas as gpd

    some = np.unique(np.linspace(0, max(len(frame) - 1, 0), min(len(frame), SAMPLE_ROWS)).astype(np.int64))
    if isinstance(frame, gpd.GeoDataFrame):
        name = str(frame.geometry.name)
        cells = [_points(frame.geometry.to_numpy())]
        crs = None if frame.crs is None else systems.parse_crs(frame.crs).to_wkt()
        columns = PointColumns((0,), (name,), "xy", None, crs)
        others = frame.drop(columns=frame.columns[frame.dtypes.astype(str) == "geometry"])
    else:
        schema = pa.schema([(str(column), pa.string()) for column in frame.columns])
        found = point_columns(schema, sample=frame.iloc[some])
        cells = [column_cells(frame.iloc[:, at]) for at in found.at]
        columns = PointColumns(tuple(range(len(cells))), found.names, found.kind, found.datum)
        others = frame.drop(columns=frame.columns[list(found.at)])
    rows = pa.array(some)
    held = {name: cell.take(rows) for name, cell in zip(columns.names, cells, strict=True)}
    taken = others.iloc[some]
    held |= {
        str(c): column_cells(taken.iloc[:, k]) for k, c in enumerate(taken.columns) if str(c) not in held
    }
    return cells, columns, pa.table(held)


def _points(shapes: Any) -> Any:
    kinds = shapely.get_type_id(shapes)
    wrong = np.flatnonzero((kinds != 0) & ~shapely.is_missing(shapes))
    if len(wrong):
        raise UsageError(
            f"{len(wrong):,} geometries are no points but {shapes[wrong[0]].geom_type}, the first at position "
            f"{wrong[0]}; take frame.representative_point() if a point inside will do"
        )
    xy = [pa.array(values(shapes)) for values in (shapely.get_x, shapely.get_y)]
    return pa.StructArray.from_arrays(xy, ["x", "y"])


def column_cells(column: Any) -> Any:
    """A column of a frame as one Arrow array; as text where its cells are of several types."""
    try:
        cells = pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        cells = pa.array([None if is_blank(cell) else str(cell) for cell in column], pa.string())
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
