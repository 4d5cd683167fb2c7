"""
How places and pieces of lines stand to a service, one by one: what is drawn of an account.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.lattice import Lattice, projected
from notspot_coverage.counting.painting import operators_of
from notspot_coverage.counting.services import Service, Sites
from notspot_coverage.counting.statuses import Status, operators_at
from notspot_coverage.counting.targets import Target
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

COLUMNS = ["service", "of", "subject", "at", "start_km", "end_km", "status", "by"]
WORDED = ["service", "of", "subject", "status"]  # columns of few words, kept as categories
STATUSES = ("not covered", "covered", "unknown")  # as `statuses` numbers them
BETWEEN = "、"  # operators that cover one place
HIDDEN_KM = 1.0  # pieces end at multiples of it where each end would lie on a circle around a hidden site


def standing_of(
    lattice: Lattice, service: Service, target: Target, status: Status, percent: float
) -> pd.DataFrame:
    """
    `COLUMNS` of one service and target; no row where the target is sensitive.

    Parameters
    ----------
    status
        Of each point of `target`, in the best estimate, which is at `percent`.
    """
    if target.shapes is None or not len(target.size):
        return pd.DataFrame(columns=COLUMNS)
    if target.of == "lines":
        at, start, end, status = _runs(target.part, target.size, status)
        if service.hides_sites:
            at, start, end, status = _in_whole_steps(at, start, end, status)
        by: object = ""
    else:
        at = np.arange(len(status), dtype=np.int32)
        start = end = np.full(len(status), np.nan)
        by = _by(lattice, service, target, status, percent)
    frame = pd.DataFrame(
        {
            "service": service.id, "of": target.of, "subject": target.id, "at": at,
            "start_km": start, "end_km": end, "status": np.array(STATUSES, object)[status], "by": by,
        }
    )  # fmt: skip
    return frame[COLUMNS]


def shapes_of(
    targets: Sequence[Target], services: Sequence[Service]
) -> dict[tuple[str, str], gpd.GeoDataFrame]:
    """Where places and lines are, and sites that are public: see `Account.shapes`."""
    out = {(target.of, target.id): target.shapes for target in targets if target.shapes is not None}
    for layer in (layer for service in services for layer in service.layers):
        if isinstance(layer, Sites) and layer.public:
            who = operators_of(layer.points, layer)
            frame = layer.points[["geometry"]].set_geometry(projected(layer.points, "EPSG:3824"))
            out["sites", layer.id] = frame.assign(operator=who).reset_index(drop=True)
    return out


def site_notes(services: Sequence[Service]) -> list[Text]:
    """What the figures of circles around hidden sites tell all the same, of each service that has them."""
    return [
        Text(
            f"「{each.name.zh}」以非公開點位之涵蓋半徑計算，村里數字可能推得孤立點位之位置；對外公布請以鄉鎮市區以上層級為限。",
            f"{each.name.en} is counted by circles around sites that are not public: figures of villages may tell "
            "where a lone one stands. Publish townships and above.",
        )
        for each in services
        if each.hides_sites
    ]


Runs = tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], Status]


def _runs(part: NDArray[np.int32], length: NDArray[np.float64], status: Status) -> Runs:
    """Pieces of lines that lie one after another and have one status, as one: part, from km, to km, status."""
    first = np.flatnonzero(np.r_[True, (part[1:] != part[:-1]) | (status[1:] != status[:-1])])
    end = np.cumsum(np.add.reduceat(length, first))
    start = np.r_[0, end[:-1]]
    at = part[first]
    begins = np.flatnonzero(np.r_[True, at[1:] != at[:-1]])  # where a part begins among the runs
    before = np.repeat(start[begins], np.diff(np.r_[begins, len(at)]))
    return at, start - before, end - before, status[first]


def _in_whole_steps(
    at: NDArray[np.int32], start: NDArray[np.float64], end: NDArray[np.float64], status: Status
) -> Runs:
    """The pieces with the places where they change at the nearest step; those that are left with no length go."""
    last = np.r_[at[1:] != at[:-1], True]
    length = np.repeat(end[last], np.diff(np.r_[-1, np.flatnonzero(last)]))
    change = np.minimum(np.round(end / HIDDEN_KM) * HIDDEN_KM, length)
    end = np.where(last, end, change)
    start = np.where(np.r_[True, last[:-1]], 0, np.r_[0, end[:-1]])
    kept = end > start
    return _runs(at[kept], (end - start)[kept], status[kept])


def _by(lattice: Lattice, service: Service, target: Target, status: Status, percent: float) -> list[str]:
    found = operators_at(lattice, service, target.x, target.y, target.village, percent)
    names = [name for name in sorted(found) if name]
    held = np.array([found[name] for name in names], np.bool_).reshape(len(names), len(status))
    return [BETWEEN.join(name for name, here in zip(names, column, strict=True) if here) for column in held.T]
