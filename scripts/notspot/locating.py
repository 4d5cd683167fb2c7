"""
Points to their village: frames and arrays in, frames out. For files of any length see `point_files`.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from notspot.point_jobs import CODES, code_arrays
from notspot_geodata import reference
from notspot_geodata.errors import Problem, UsageError
from notspot_geodata.frame_points import frame_points
from notspot_geodata.ledger import Ledger
from notspot_geodata.locating import locate_points
from notspot_geodata.point_columns import PointColumns
from notspot_geodata.positions import DEGREES, System, place, system_of

PIECE_ROWS = 131_072  # of a frame, that one thread takes at a time
FRAME_ROWS = 1_000_000  # of text that one thread makes at a time


def locate(
    points: Any,
    y: Any = None,
    *,
    crs: Any = None,
    replace: bool = False,
    ledger: Ledger | None = None,
    threads: int = 0,
) -> pd.DataFrame:
    """
    The village, township and county that each point lies in (boundaries of 2021-09).

    Borders are straight in degrees between their vertices. A point exactly on the border of two villages is in
    the one with the smaller code.

    Parameters
    ----------
    points
        A GeoDataFrame of points; a DataFrame with columns of coordinates under usual names (經度 and 緯度, lon
        and lat, X座標 and Y座標); or, with `y`, longitudes or eastings, shape (n,).
    y
        Latitudes or northings, shape (n,).
    crs
        System of the coordinates. Without it that of the GeoDataFrame; else degrees are known by their size,
        and TM2 where zone and datum are certain; arrays are degrees.
    replace
        Columns of the results' names that are there already are replaced; without it they are an error.
    ledger
        Takes the rows without a usable position, and those outside Taiwan, counted from 1. Without it they are
        not looked for.
    threads
        0 is one a processor.

    Returns
    -------
    located
        The frame's rows in their order with ``village_code`` (11 digits), ``town_code`` (8) and
        ``county_code`` (5) added as text; of arrays these columns alone. Null where a point lies in no village
        (at sea, in a hole of the boundaries) or has no usable position.

    Raises
    ------
    UsageError
        There are no coordinates, or their system is not certain.
    """
    if y is not None:
        return _code_frame(_in_arrays(points, y, crs, ledger, threads), None, threads)
    if not isinstance(points, pd.DataFrame):
        raise UsageError(
            "locate takes a DataFrame or GeoDataFrame, or two arrays: longitudes (or x) and latitudes (or y)"
        )
    there = [name for name in CODES if name in points.columns]
    if there and not replace:
        raise UsageError(f"the frame has {', '.join(there)} already; pass replace=True, or rename them")
    table = points.drop(columns=there)
    cells, columns, sample = frame_points(table)
    system = system_of(sample, columns, crs)
    village = _in_pieces(cells, columns, system, ledger, threads)
    out = table.copy(deep=False)
    for name, codes in _code_frame(village, table.index, threads).items():
        out[name] = codes
    return out


def _in_arrays(x: Any, y: Any, crs: Any, ledger: Ledger | None, threads: int) -> NDArray[np.int32]:
    system = System.of(reference.CRS if crs is None else crs)
    xs, ys = _numbers(x), _numbers(y)
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise UsageError(f"two arrays of one length are needed, not of the shapes {xs.shape} and {ys.shape}")
    some = xs[:: len(xs) // 1000 + 1]
    some = np.abs(some[np.isfinite(some)])
    if crs is None and len(some) and np.median(some) > 360:
        raise UsageError("the numbers are no degrees; say their system, such as crs='EPSG:3826'")
    turned = len(ys) and (np.fmax.reduce(ys) > 90 or np.fmin.reduce(ys) < -90)
    if system.crs in DEGREES and ledger is None and not turned:
        return locate_points(xs, ys, threads=threads)
    return _in_pieces([xs, ys], PointColumns((0, 1), ("x", "y"), "two"), system, ledger, threads)


def _numbers(values: Any) -> NDArray[np.float64]:
    try:
        if isinstance(values, pd.Series | pd.Index):
            return values.to_numpy(np.float64, na_value=np.nan)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"coordinates must be numbers: {error}") from error


def _in_pieces(
    cells: list[Any], columns: PointColumns, system: System, ledger: Ledger | None, threads: int
) -> NDArray[np.int32]:
    """Villages of many rows, a piece each thread; problems go into the ledger with rows counted from 1."""
    out = np.empty(len(cells[0]), np.int32)

    def piece(start: int) -> list[Problem]:
        end = min(start + PIECE_ROWS, len(out))
        mine = [
            pa.array(c[start:end]) if isinstance(c, np.ndarray) else c.slice(start, end - start)
            for c in cells
        ]
        placed = place(mine, columns, system, np.arange(start + 1, end + 1), check=ledger is not None)
        out[start:end] = placed.village
        return placed.problems

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for problems in pool.map(piece, range(0, len(out), PIECE_ROWS)):
            if ledger is not None:
                ledger.refuse("points", problems)
    return out


def _code_frame(village: NDArray[np.int32], index: Any, threads: int) -> pd.DataFrame:
    """The codes as columns of text, made in pieces by threads."""
    pieces = [village[start : start + FRAME_ROWS] for start in range(0, max(len(village), 1), FRAME_ROWS)]
    with ThreadPoolExecutor(min(threads or os.cpu_count() or 1, len(pieces))) as pool:
        made = list(pool.map(lambda piece: code_arrays(piece, wide=True), pieces))
    columns = {
        name: pa.chunked_array(found) for name, found in zip(CODES, zip(*made, strict=True), strict=True)
    }
    frame: pd.DataFrame = pa.table(columns).to_pandas(split_blocks=True, self_destruct=True)
    return frame if index is None else frame.set_axis(index)
