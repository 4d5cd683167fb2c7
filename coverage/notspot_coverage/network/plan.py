"""
Which sites are predicted together: batches that lie close, small enough for the memory that is allowed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.network.batch import Sectors, Settings, box_of
from notspot_geodata.errors import UsageError

INTERPRETER_BYTES = 450_000_000  # Python, libraries and compiled code, measured
TALLY_BYTES = 14 * 3  # of a cell and group: the tally, its bytes and their compressed copy
STATION_BYTES = 40  # of a cell around a station: loss, floor, elevation, spokes, order, clutter, sigma
TERRAIN_BYTES = 20  # of a terrain cell: window, clutter, zones, the copy that goes to a worker
MOST_SECTORS = 64  # of a batch: seconds of work, so that progress shows and little is lost by a kill


def plan_batches(
    sectors: Sectors, settings: Settings, *, dem_m: float, memory_bytes: int, at_once: int
) -> list[NDArray[np.int64]]:
    """
    Row numbers of the sectors of each batch, in the order of the work.

    Depends on the network and the settings only where these fit, so that two runs have the same batches.

    Raises
    ------
    UsageError
        Where not even one station fits into the memory; it says how much is needed.
    """
    room = (memory_bytes - INTERPRETER_BYTES) / at_once
    edge = max(settings.radius_m, 10_000.0)
    while True:
        batches = _by_blocks(sectors, edge)
        needed = max(_bytes(sectors.take(rows), settings, dem_m) for rows in batches)
        if needed <= room:
            return batches
        if edge < settings.cell_m:
            gigabytes = (needed * at_once + INTERPRETER_BYTES) / 1e9
            raise UsageError(
                f"one station with a radius of {settings.radius_m:,.0f} m needs {gigabytes:.1f} GB in all; allow that "
                "much with --memory-gb, or take fewer --threads, a smaller --radius-km or a coarser --resolution-m"
            )
        edge /= 2.0


def _by_blocks(sectors: Sectors, edge_m: float) -> list[NDArray[np.int64]]:
    """Blocks from north to south and west to east, each cut into pieces that keep masts whole."""
    row, column = np.floor(-sectors.y_m / edge_m), np.floor(sectors.x_m / edge_m)
    order = np.lexsort((sectors.number, sectors.height_m, sectors.x_m, sectors.y_m, column, row))
    out: list[NDArray[np.int64]] = []
    start = 0
    for at in range(1, len(order) + 1):
        if at < len(order):
            a, b = order[at - 1], order[at]
            same_block = row[a] == row[b] and column[a] == column[b]
            same_mast = sectors.x_m[a] == sectors.x_m[b] and sectors.y_m[a] == sectors.y_m[b]
            if same_block and (at - start < MOST_SECTORS or same_mast):
                continue
        out.append(order[start:at])
        start = at
    return out


def _bytes(sectors: Sectors, settings: Settings, dem_m: float) -> float:
    _, _, rows, columns = box_of(sectors, settings)
    around = (2 * settings.radius_m / settings.cell_m + 2) ** 2
    bands = len(np.unique(sectors.frequency_mhz))
    width, height = columns * settings.cell_m / dem_m, rows * settings.cell_m / dem_m
    groups = len(np.unique(sectors.group))
    return math.ceil(
        rows * columns * groups * TALLY_BYTES
        + around * (STATION_BYTES + 8 * bands)
        + width * height * TERRAIN_BYTES
    )
