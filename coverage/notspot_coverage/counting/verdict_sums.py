"""
Verdicts added up: by coarser hexagon, by village, township and county; and as hexagons to be drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from notspot_coverage.counting.challenge import VERDICTS
from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_geodata.locating import NOWHERE, locate_points
from notspot_geodata.reference import CRS, villages

if TYPE_CHECKING:
    import geopandas as gpd

DIGITS = {"village": 11, "township": 8, "county": 5}
NAMES = {"village": ["county", "town", "village"], "township": ["county", "town"], "county": ["county"]}
COUNTED = ("tests", "failed", "complaints")
KEYS = ["operator", "technology"]


def roll_up(verdicts: pd.DataFrame, resolution: int) -> pd.DataFrame:
    """
    Verdicts by the coarser cell that theirs lie in (by H3's numbering): counts, not verdicts of their own.

    Returns
    -------
    parents
        ``cell, operator, technology``; ``cells``, and of them those of each verdict (``refuted`` …); ``tests, failed,
        complaints``; ``land_km2`` and of each verdict (``refuted_km2`` …). Sums of the rows given.
    """
    if not len(verdicts):
        return pd.DataFrame(
            columns=["cell", *KEYS, "cells", *VERDICTS, *COUNTED, "land_km2", *_km2_columns()]
        )
    cells = hexagons.parents(hexagons.numbers(verdicts["cell"]), resolution)
    frame = verdicts.assign(cell=np.array(hexagons.names(cells), dtype=object), cells=1)
    for name in VERDICTS:
        frame[name] = (frame["verdict"] == name).astype(np.int64)
        frame[f"{name}_km2"] = np.where(frame["verdict"] == name, frame["land_km2"], 0.0)
    summed = ["cells", *VERDICTS, *COUNTED, "land_km2", *_km2_columns()]
    keys = [*KEYS, "cell"]
    out = frame.groupby(keys, sort=True)[summed].sum().reset_index()
    return out[["cell", *KEYS, *summed]]


def shares_by_village(verdicts: pd.DataFrame, detail: int = 3) -> pd.DataFrame:
    """
    Land of each cell by village: ``cell, village_code, land_km2``, by 6 * `detail` ** 2 points in the cell.

    People of a village can be brought to cells by it, as far as they live evenly over the village's land.
    """
    cells = np.unique(hexagons.numbers(verdicts["cell"]))
    points, stands_for = hexagons.spots(cells, detail)
    flat = points.reshape(-1, 2)
    village = locate_points(flat[:, 0], flat[:, 1])
    at = np.repeat(np.arange(len(cells)), points.shape[1])
    land = village != NOWHERE
    codes = villages()["village_code"].to_numpy()
    pairs, where = np.unique(at[land] * len(codes) + village[land], return_inverse=True)
    cell, unit = np.divmod(pairs, len(codes))
    share = np.bincount(where, weights=stands_for.ravel()[land], minlength=len(pairs))
    return pd.DataFrame(
        {
            "cell": np.array(hexagons.names(cells), dtype=object)[cell],
            "village_code": codes[unit],
            "land_km2": hexagons.areas_km2(cells)[cell] * share,
        }
    )


def by_unit(
    verdicts: pd.DataFrame,
    level: Literal["village", "township", "county"] = "township",
    *,
    detail: int = 3,
    shares: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """
    Land by verdict in each unit that has any of the cells.

    Parameters
    ----------
    detail
        As in the rules that the verdicts are of, so that the areas add up.
    shares
        Of `shares_by_village`, where they are there already.

    Returns
    -------
    units
        ``level, code``, names, ``operator, technology, land_km2`` of its cells, and ``refuted_km2`` … of each verdict.
        A parent is the sum of its children.
    """
    if level not in DIGITS:
        raise UsageError(f"{level!r} is no level; {', '.join(DIGITS)} are")
    if shares is None:
        shares = shares_by_village(verdicts, detail)
    joined = shares.merge(verdicts[["cell", *KEYS, "verdict"]], on="cell", how="inner")
    joined["code"] = joined["village_code"].str[: DIGITS[level]]
    table = joined.pivot_table(
        index=["code", *KEYS],
        columns="verdict",
        values="land_km2",
        aggfunc="sum",
        fill_value=0.0,
        observed=True,
    )
    table = table.reindex(columns=list(VERDICTS), fill_value=0.0)
    table.columns = pd.Index(_km2_columns())
    table.insert(0, "land_km2", table.sum(axis=1))
    table = table.reset_index()
    named = villages()[["village_code", *NAMES[level]]]
    named = named.assign(code=named["village_code"].str[: DIGITS[level]]).drop(columns="village_code")
    table = named.drop_duplicates("code").merge(table, on="code", how="right")
    table.insert(0, "level", level)
    table = table[["level", "code", *NAMES[level], *KEYS, "land_km2", *_km2_columns()]]
    return pd.DataFrame(table).reset_index(drop=True)


def as_hexagons(verdicts: pd.DataFrame) -> gpd.GeoDataFrame:
    """The frame with the hexagon of each cell as its geometry (EPSG:3824)."""
    import geopandas as gpd

    cells = hexagons.numbers(verdicts["cell"])
    different, where = np.unique(cells, return_inverse=True)
    shapes = gpd.GeoSeries(list(hexagons.outlines(different)[where]), crs=CRS, index=verdicts.index)
    return gpd.GeoDataFrame(verdicts.copy(), geometry=shapes)


def _km2_columns() -> list[str]:
    return [f"{name}_km2" for name in VERDICTS]
