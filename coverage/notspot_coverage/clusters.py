"""
Who neighbours whom, and where high or low values stand together (Moran's I, global and local).

The statistics are those of esda (the tests compare the two). esda itself is not called: it compiles its
permutations anew in every process, 33 s for what takes a fraction of a second here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notspot_geodata.errors import InputError, Problem
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED = 2021
PERMUTATIONS = 4999  # of a unit's neighbours; the least p-value that they can give is 2 / 5000
GLOBAL_PERMUTATIONS = 999  # of all units, for the one global index; 2 / 1000
ALPHA = 0.05
_TOUCHING_DEG = 1e-6
FEWEST = 10  # units; with fewer the permutations of a unit's neighbours say nothing

KINDS: dict[str, Text] = {
    "HH": Text("高高", "high–high"),
    "LL": Text("低低", "low–low"),
    "HL": Text("高低", "high–low"),
    "LH": Text("低高", "low–high"),
    "ns": Text("不顯著", "not significant"),
    "unknown": Text("無資料", "unknown"),
}

Neighbours = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Clusters:
    """
    Global Moran's I with its two-sided pseudo p-value, and the local clusters.

    `frame` has a row a unit, sorted: town_code, kind (a key of `KINDS`), p_value (two-sided, NaN where
    unknown), significant_fdr (it stands too when the false discovery rate of all units is held at the level).
    """

    moran_i: float
    moran_p: float
    frame: pd.DataFrame


def neighbours(townships: gpd.GeoDataFrame) -> dict[str, frozenset[str]]:
    """
    Townships that share a border or a corner (queen), by ``town_code``.

    An island, which shares none, is joined with the township whose centroid is nearest on the ellipsoid,
    both ways.

    Raises
    ------
    InputError
        Where a township has no geometry, or the geometry no CRS.
    """
    import shapely

    missing = townships.geometry.isna() | townships.geometry.is_empty
    problems = [
        Problem(None, "geometry", f"township {code} has none, so its neighbours are unknown", str(code))
        for code in townships.loc[missing, "town_code"]
    ]
    if townships.crs is None:
        problems.append(Problem(None, "geometry", "has no CRS; distances need one"))
    if problems:
        raise InputError("townships", problems)
    shapes = townships.geometry.to_crs("EPSG:3824").to_numpy()
    codes = townships["town_code"].astype(str).to_list()
    # "Touching" to 0.1 m: a reprojected border differs from its twin in the last digits.
    left, right = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=_TOUCHING_DEG)
    touching: dict[str, set[str]] = {code: set() for code in codes}
    for i, j in zip(left, right, strict=True):
        if i != j:
            touching[codes[i]].add(codes[j])
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    return _join_alone(touching, dict(zip(codes, middle, strict=True)))


def clusters(
    values: pd.Series[float],
    townships: gpd.GeoDataFrame,
    *,
    among: Neighbours | None = None,
    fdr: bool = False,
    alpha: float = ALPHA,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
) -> Clusters:
    """
    Global and local Moran's I of `values`; the same seed gives the same p-values.

    Parameters
    ----------
    values
        Indexed by ``town_code``; NaN where unknown. Unknown units take no part: who borders only on such
        is joined with the nearest known one.
    townships
        ``town_code`` and geometry.
    among
        What `neighbours` gives for the townships, where it is at hand.
    fdr
        Hold the false discovery rate over all units at `alpha` instead of each unit's own error.

    Returns
    -------
    clusters
        Moran's I is NaN, and no unit significant, where all values are equal or fewer than ten are known.
    """
    import numpy as np
    import pandas as pd

    values = values.sort_index()
    known = values.dropna()
    frame = pd.DataFrame({"town_code": values.index.astype(str), "kind": "unknown", "p_value": np.nan})
    frame["significant_fdr"] = False
    at = values.notna().to_numpy()
    frame.loc[at, "kind"] = "ns"
    y: Floats = np.asarray(known, dtype=np.float64)
    if len(y) < FEWEST or np.ptp(y) <= 1e-12 * np.abs(y).max():
        return Clusters(float("nan"), float("nan"), frame)

    moran_i, moran_p, quadrant, p_value = _moran(
        y, _among(list(known.index.astype(str)), townships, among), permutations, seed
    )
    frame.loc[at, "p_value"] = p_value
    stands = p_value <= _fdr_limit(p_value, alpha)
    frame.loc[at, "significant_fdr"] = stands
    frame.loc[at, "kind"] = np.where(stands if fdr else p_value <= alpha, quadrant, "ns")
    return Clusters(moran_i, moran_p, frame)


def _among(
    codes: list[str], townships: gpd.GeoDataFrame, among: Neighbours | None
) -> dict[str, frozenset[str]]:
    import shapely

    everyone = neighbours(townships) if among is None else among
    wanted = set(codes)
    left = {code: set(everyone[code]) & wanted for code in codes}
    if all(left.values()):
        return {code: frozenset(those) for code, those in left.items()}
    middle = shapely.get_coordinates(shapely.centroid(townships.geometry.to_crs("EPSG:3824").to_numpy()))
    return _join_alone(left, dict(zip(townships["town_code"].astype(str), middle, strict=True)))


def _join_alone(touching: Mapping[str, set[str]], middle: Mapping[str, Floats]) -> dict[str, frozenset[str]]:
    import numpy as np
    from pyproj import Geod

    geod = Geod(ellps="GRS80")
    codes = sorted(touching)
    points = np.array([middle[code] for code in codes])
    out = {code: set(touching[code]) for code in codes}
    for place, code in enumerate(codes):
        if touching[code] or len(codes) < 2:
            continue
        here = np.broadcast_to(points[place], points.shape)
        metres = np.asarray(geod.inv(here[:, 0], here[:, 1], points[:, 0], points[:, 1])[2])
        metres[place] = np.inf
        nearest = codes[int(metres.argmin())]
        out[code].add(nearest)
        out[nearest].add(code)
    return {code: frozenset(those) for code, those in out.items()}


def _moran(
    y: Floats, among: Mapping[str, frozenset[str]], permutations: int, seed: int
) -> tuple[float, float, NDArray[np.str_], Floats]:
    """Global I and p; quadrant and two-sided p-value of each unit. `among` is in the order of `y`."""
    import numpy as np

    z = y - y.mean()
    where, weight, count = _padded(among)
    lag = (z[where] * weight).sum(axis=1)
    moran_i = float(z @ lag / (z @ z))
    high, beside_high = z > 0, lag > 0
    quadrant = np.array(["LL", "LH", "HL", "HH"])[2 * high + beside_high]

    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.tile(z, (GLOBAL_PERMUTATIONS, 1)), axis=1)
    simulated = np.einsum("pi,pik,ik->p", shuffled, shuffled[:, where], weight) / (z @ z)
    moran_p = float(_two_sided(np.array([moran_i]), simulated[:, None])[0])

    # Each unit keeps its own value and draws its neighbours' from all others, without replacement.
    drawn = rng.permuted(np.tile(np.arange(len(z) - 1), (permutations, 1)), axis=1)[:, : where.shape[1]]
    p_value = np.empty(len(z))
    for i, neighbour_count in enumerate(count):
        others = drawn[:, :neighbour_count]
        lags = z[others + (others >= i)].mean(axis=1)
        p_value[i] = _two_sided(z[i] * lag[i : i + 1], z[i] * lags[:, None])[0]
    return moran_i, moran_p, quadrant, p_value


def _padded(among: Mapping[str, frozenset[str]]) -> tuple[NDArray[np.int64], Floats, list[int]]:
    """Places and weights (summing to 1) of each unit's neighbours, shape (n, most), and how many."""
    import numpy as np

    place = {code: i for i, code in enumerate(among)}
    count = [len(those) for those in among.values()]
    where = np.zeros((len(place), max(count)), dtype=np.int64)
    weight = np.zeros(where.shape)
    for i, those in enumerate(among.values()):
        where[i, : len(those)] = sorted(place[code] for code in those)
        weight[i, : len(those)] = 1 / len(those)
    return where, weight, count


def _two_sided(observed: Floats, simulated: Floats) -> Floats:
    """
    Pseudo p-values of `observed`, shape (n,), under `simulated`, shape (permutations, n).

    Ties count on both sides, so that many equal values (zeros) are not taken for a pattern.
    """
    import numpy as np

    slack = 1e-12 * np.maximum(1.0, np.abs(observed))
    above = (simulated >= observed - slack).sum(axis=0)
    below = (simulated <= observed + slack).sum(axis=0)
    out: Floats = np.minimum(1.0, 2 * (np.minimum(above, below) + 1) / (len(simulated) + 1))
    return out


def _fdr_limit(p_values: Floats, alpha: float) -> float:
    """The largest p-value that stands with the false discovery rate held at `alpha`; below 0 if none."""
    import numpy as np

    ordered = np.sort(p_values)
    stands = ordered <= alpha * np.arange(1, len(ordered) + 1) / len(ordered)
    return float(ordered[stands][-1]) if stands.any() else -1.0
