"""
Who is not reached: villages and places without the service, how far the next one with it is, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.painting import CODE_DIGITS, Painted, scale_at, site_circles
from notspot_coverage.counting.rasters import values_at
from notspot_coverage.counting.services import ByUnit, Layer, Raster, Service, Sites
from notspot_coverage.counting.statuses import Status, nearest
from notspot_coverage.counting.targets import Target
from notspot_coverage.counting.units import Units
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.text import Text

Floats = NDArray[np.float64]

SERVED = 50.0  # percent of its people: a village that is served
UNITS = {"rsrp_dbm": " dBm", "level_dbm": " dBm", "mbps": " Mbps", "probability": "", "covered": ""}
BANDS_KM = (1, 2, 5, 10, 20, 50)  # how far a site is said to be whose position is sensitive
LOST_VILLAGE = Text("無村里界線，位置不明", "no polygon: where its people are is unknown")
LOST_PLACE = Text("座標不可用", "no usable point")
NO_LAYER = Text("無圖資", "no layer")
COLUMNS = [
    "service", "kind", "subject", "code", "name", "county", "town", "remote", "people", "covered", "not_covered",
    "unknown", "share", "nearest", "distance_km", "why_zh", "why_en",
]  # fmt: skip


def village_gaps(lattice: Lattice, units: Units, painted: Painted, table: pd.DataFrame) -> pd.DataFrame:
    """
    Villages of which the service reaches less than half of those known, or of which nothing is known.

    Parameters
    ----------
    table
        Rows of one service and people, with villages.

    Returns
    -------
    gaps
        `COLUMNS`, most people not covered first, then unknown, then the furthest. ``distance_km`` from the middle of
        the village to that of the nearest served village; null where none is, or where the village has no polygon.
    """
    rows = table[table["level"] == "village"]
    share = rows["best"].to_numpy(np.float64)
    lacking = (rows["total"].to_numpy() > 0) & ~(share >= SERVED)
    at = pd.Index(lattice.codes).get_indexer(pd.Index(rows["code"]))
    x, y = _middles(lattice)
    served = at[(share >= SERVED) & (at >= 0)]
    mine = at[lacking]
    name, distance = _next(
        x, y, served, mine, rows.set_index("code")["name"].reindex(lattice.codes).to_numpy()
    )
    picked = rows[lacking]
    service = painted.service
    why = _reasons(service, mine, x, y, np.array(lattice.codes, object), painted.strongest, LOST_VILLAGE)
    towns = pd.Index(picked["code"].str[:8])
    return _frame(
        units,
        towns,
        service=service.id,
        kind="village",
        subject=picked["subject"].to_numpy(),
        code=picked["code"].to_numpy(),
        name=picked["name"].to_numpy(),
        people=picked["total"].to_numpy(),
        covered=picked["covered"].to_numpy(),
        not_covered=picked["not_covered"].to_numpy(),
        unknown=picked["unknown"].to_numpy(),
        share=share[lacking],
        nearest=name,
        distance_km=distance,
        why=why,
    )


def place_gaps(
    lattice: Lattice, units: Units, service: Service, target: Target, status: Status
) -> pd.DataFrame:
    """
    Places that the service does not reach, or of which that is unknown; nearest is the next place with it. Of places
    that are sensitive there are no distances, for a few of them would tell where they stand.
    """
    lacking = np.flatnonzero(status != 1)
    served = np.flatnonzero(status == 1)
    name, distance = _next(target.x, target.y, served, lacking, target.frame["name"].to_numpy())
    public = target.shapes is not None
    if not public:
        distance = np.full(len(lacking), np.nan)
    town = target.sums.town[lacking]
    codes = units.townships.index
    towns = pd.Index([codes[t] if t >= 0 else "" for t in town])
    lost = np.where(np.isnan(target.x[lacking]), -1, lacking)
    villages = np.array([*lattice.codes, ""], object)[target.village]
    why = _reasons(service, lost, target.x, target.y, villages, None, LOST_PLACE, public=public)
    return _frame(
        units,
        towns,
        service=service.id,
        kind="place",
        subject=target.id,
        code=target.frame["id"].to_numpy()[lacking],
        name=target.frame["name"].to_numpy()[lacking],
        people=np.nan,
        covered=0.0,
        not_covered=(status[lacking] == 0).astype(float),
        unknown=(status[lacking] == 2).astype(float),
        share=np.where(status[lacking] == 0, 0.0, np.nan),
        nearest=name,
        distance_km=distance,
        why=why,
    )


def _frame(
    units: Units, towns: pd.Index, *, why: tuple[list[str], list[str]], **columns: object
) -> pd.DataFrame:
    named = units.townships.reindex(towns)
    remote = units.groups["remote"].reindex(towns)
    frame = pd.DataFrame({**columns, "why_zh": why[0], "why_en": why[1]}, index=range(len(towns)))
    frame["county"], frame["town"] = named["county"].to_numpy(), named["town"].to_numpy()
    frame["remote"] = remote.to_numpy()
    order = ["not_covered", "unknown", "distance_km", "code"]
    return frame[COLUMNS].sort_values(order, ascending=[False, False, False, True], ignore_index=True)


def _middles(lattice: Lattice) -> tuple[Floats, Floats]:
    """A place in each village: the middle of its cell that is nearest to its centre of area."""
    pieces = lattice.pieces
    x, y = lattice.centres()
    cell = _middle_cells(pieces.cell, pieces.village, pieces.area_m2, x, y, len(lattice.codes))
    return x[cell], y[cell]


@compiled
def _middle_cells(
    cell: NDArray[np.int32],
    village: NDArray[np.int32],
    area_m2: Floats,
    x: Floats,
    y: Floats,
    villages: int,
) -> NDArray[np.int64]:
    area, mean_x, mean_y = np.zeros(villages), np.zeros(villages), np.zeros(villages)
    for i in range(len(cell)):
        v, weight = village[i], max(area_m2[i], 1e-9)
        area[v] += weight
        mean_x[v] += weight * x[cell[i]]
        mean_y[v] += weight * y[cell[i]]
    best, out = np.full(villages, np.inf), np.zeros(villages, np.int64)
    for i in range(len(cell)):
        v = village[i]
        off = np.hypot(x[cell[i]] - mean_x[v] / area[v], y[cell[i]] - mean_y[v] / area[v])
        if off < best[v]:
            best[v], out[v] = off, cell[i]
    return out


def _next(
    x: Floats, y: Floats, served: NDArray[np.int64], mine: NDArray[np.int64], names: NDArray[np.object_]
) -> tuple[list[str], Floats]:
    """Name and distance (km) of the nearest served one, of each of `mine` (-1: it has no place)."""
    order = served[
        np.lexsort((names[served].astype(str), y[served], x[served]))
    ]  # of equals the first by name
    distance = np.full(len(mine), np.nan)
    name = [""] * len(mine)
    placed = np.flatnonzero((mine >= 0) & np.isfinite(x[mine]))
    if len(order) and len(placed):
        own = mine[placed]
        gap, which = nearest(x[own], y[own], x[order], y[order], np.zeros(len(order)))
        distance[placed] = gap / 1000
        for i, k in zip(placed, which, strict=True):
            name[i] = str(names[order[k]])
    return name, distance


# ------------------------------------------------------------------ why


def _reasons(
    service: Service,
    mine: NDArray[np.int64],
    x: Floats,
    y: Floats,
    villages: NDArray[np.object_],
    strongest: Sequence[Floats | None] | None,
    lost: Text,
    *,
    public: bool = True,
) -> tuple[list[str], list[str]]:
    """
    What each layer says of `mine`, indices into x, y and the codes of `villages`; those of -1 are `lost`.

    Of a raster it is the `strongest` value by layer and village that counts, without these the one at the point. Where
    those asked about are not `public`, distances are told in steps.
    """
    said: list[list[Text]] = [[lost] if i < 0 else [] for i in mine]
    placed = np.flatnonzero(mine >= 0)
    own = mine[placed]
    for number, layer in enumerate(service.layers):
        values = strongest[number] if strongest is not None else None
        if values is not None:
            values = values[own]
        elif isinstance(layer, Raster):
            values = values_at(layer, x[own], y[own]).astype(np.float64)
        found = _layer_reasons(layer, x[own], y[own], villages[own], values, public=public)
        for i, text in zip(placed, found, strict=True):
            said[i].append(text)
    if not service.layers:
        for i in placed:
            said[i].append(NO_LAYER)
    return (
        ["；".join(dict.fromkeys(text.zh for text in texts)) for texts in said],
        ["; ".join(dict.fromkeys(text.en for text in texts)) for texts in said],
    )


def _layer_reasons(
    layer: Layer, x: Floats, y: Floats, villages: NDArray[np.object_], values: Floats | None, *, public: bool
) -> Iterator[Text]:
    by = f"{layer.operator} " if layer.operator else ""
    no_data = Text(f"{by}無資料", f"{by}no data")
    if isinstance(layer, Sites):
        sx, sy, radius = site_circles(layer, np.ones(len(layer.points), np.bool_))
        order = np.argsort(sx, kind="stable")
        sx, sy, radius = sx[order], sy[order], radius[order]
        gap, which = nearest(x, y, sx, sy, radius)
        here, there = scale_at(x, y), scale_at(sx, sy)  # said in metres on the ground
        for edge, k, metre in zip(gap, which, here, strict=True):
            if k < 0:
                yield Text(f"{by}無點位", f"{by}has no site")
                continue
            reach, away = radius[k] / there[k], (edge + radius[k]) / metre / 1000
            far = _far(away, layer.public and public)
            zh, en = f"{by}最近點位距 {far} 公里", f"{by}nearest site {far} km away"
            if layer.public:  # with the radius, areas of villages tell where a hidden site stands
                zh, en = f"{zh}，涵蓋半徑 {reach:,.0f} 公尺", f"{en}, it reaches {reach:,.0f} m"
            yield Text(zh, en)
    elif isinstance(layer, Raster):
        unit = UNITS[layer.quantity]
        needed = f"{layer.at_least:g}{unit}"
        for value in () if values is None else values:
            if np.isnan(value):
                yield no_data
            elif value >= layer.at_least:
                yield Text(f"{by}僅部分達 {needed}", f"{by}only a part reaches {needed}")
            else:
                found = f"{value:,.4g}{unit}"
                yield Text(f"{by}最強 {found}，門檻 {needed}", f"{by}strongest {found}, {needed} needed")
    elif isinstance(layer, ByUnit):
        for code in villages:
            value = layer.values.get(code[: CODE_DIGITS[layer.level]], np.nan)
            needed = f"{layer.at_least:g}"
            yield (
                no_data
                if np.isnan(value)
                else Text(f"{by}數值 {value:g}，門檻 {needed}", f"{by}figure {value:g}, {needed} needed")
            )
    else:
        for _ in x:
            yield Text(f"{by}涵蓋範圍未及多數", f"{by}claimed area does not reach most of it")


def _far(away_km: float, public: bool) -> str:
    """A distance; in steps where many of them, from places that are known, would tell where a site stands."""
    if public:
        return f"{away_km:,.1f}"
    at = int(np.searchsorted(BANDS_KM, away_km, side="right"))
    if at == len(BANDS_KM):
        return f"> {BANDS_KM[-1]}"
    return f"< {BANDS_KM[0]}" if at == 0 else f"{BANDS_KM[at - 1]}–{BANDS_KM[at]}"
