"""
One batch of stations: a pure function from terrain and sites to what they serve, the unit of work of a network.

Cells are counted on a grid that is the same for every run: column ``floor(x / cell)``, row
``floor(-y / cell)``, so that batches, runs and machines agree without any origin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from notspot_coverage.network.antennas import PackedPatterns, attenuation_db
from notspot_coverage.network.part import Part, Tally
from notspot_coverage.propagation import radials, sweep, terms
from notspot_coverage.propagation.path import location_sigma_db
from notspot_coverage.propagation.terms import compiled
from notspot_geodata.terrain import INLAND, SEA, Window

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What a prediction is made with; part of its run file.

    `sigma_db` NaN means the location variability of P.1812 for a square of `cell_m`. `rim_m` is the
    distance between radials at the rim.
    """

    model: str = "p1812"
    radius_m: float = 10_000.0
    cell_m: float = 100.0
    rim_m: float = 100.0
    rx_height_m: float = 1.5
    rx_gain_dbi: float = 0.0
    extra_loss_db: float = 0.0
    p_percent: float = 50.0
    delta_n: float = 45.0
    n0: float = 325.0
    sigma_db: float = math.nan


@dataclass(frozen=True, slots=True)
class Sectors:
    """Sites as arrays, shape (n,); `number` is the site's in the whole network, `group` its kind of layer."""

    number: NDArray[np.int32]
    group: NDArray[np.int32]
    x_m: Floats
    y_m: Floats
    lat: Floats
    height_m: Floats
    frequency_mhz: Floats
    vertical: NDArray[np.bool_]
    eirp_dbm: Floats
    threshold_dbm: Floats
    pattern: NDArray[np.int32]
    azimuth_deg: Floats
    tilt_deg: Floats

    def take(self, rows: NDArray[np.int64]) -> Sectors:
        """Some of them."""
        return Sectors(*(getattr(self, f.name)[rows] for f in fields(self)))

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one task needs. `box` is its first row and column and its shape; `clutter` may be empty."""

    settings: Settings
    sectors: Sectors
    patterns: PackedPatterns
    terrain: Window
    clutter: NDArray[np.float32]
    box: tuple[int, int, int, int]


def box_of(sectors: Sectors, settings: Settings) -> tuple[int, int, int, int]:
    """First row, first column, rows and columns of the cells that the sectors can reach."""
    r, g = settings.radius_m, settings.cell_m
    top, left = math.floor(-(sectors.y_m.max() + r) / g), math.floor((sectors.x_m.min() - r) / g)
    bottom, right = math.floor(-(sectors.y_m.min() - r) / g), math.floor((sectors.x_m.max() + r) / g)
    return top, left, bottom - top + 1, right - left + 1


def predict_batch(batch: Batch) -> Part:
    """What the sectors of a batch serve, by group; the same bytes wherever it runs."""
    s, sectors, box = batch.settings, batch.sectors, batch.box
    tallies = {int(g): Tally.empty(box[2], box[3]) for g in np.unique(sectors.group)}
    inland = bool((batch.terrain.zones == INLAND).all())
    zones = np.empty((0, 0), np.uint8) if inland else batch.terrain.zones
    rays = radials.radials_for(s.radius_m, s.rim_m)
    keys = np.column_stack([sectors.y_m, sectors.x_m, sectors.height_m])
    masts, mast_of = np.unique(keys, axis=0, return_inverse=True)
    for mast in range(len(masts)):
        mine = np.flatnonzero(mast_of.ravel() == mast)
        first = mine[0]
        around = box_of(sectors.take(mine[:1]), s)
        loss, floor, elevation, band_of = _around(batch, mine, around, zones, rays)
        here = (slice(around[0] - box[0], around[0] - box[0] + around[2]),
                slice(around[1] - box[1], around[1] - box[1] + around[3]))  # fmt: skip
        sigmas = _sigmas(batch, mine, around) if s.model == "p1812" else {}
        for i, band in zip(mine, band_of, strict=True):
            tally = tallies[int(sectors.group[i])]
            if s.model != "p1812":
                _see(
                    loss[band],
                    int(sectors.number[i]),
                    tally.best[here],
                    tally.server[here],
                    tally.servers[here],
                )
                continue
            sigma = sigmas[float(sectors.frequency_mhz[i])]
            k = sectors.pattern[i]
            p = batch.patterns
            _hear(
                loss[band], floor[band], elevation, sigma, around[0], around[1], s.cell_m,
                float(sectors.x_m[first]), float(sectors.y_m[first]), p.kind[k], p.params[k], p.horizontal[k],
                p.vertical[k], float(sectors.azimuth_deg[i]), float(sectors.tilt_deg[i]),
                float(sectors.eirp_dbm[i]) + s.rx_gain_dbi - s.extra_loss_db, float(sectors.threshold_dbm[i]),
                int(sectors.number[i]), tally.best[here], tally.server[here], tally.servers[here],
                tally.probability[here],
            )  # fmt: skip
    return Part(box, tallies)


def _around(
    batch: Batch, mine: NDArray[np.int64], around: tuple[int, int, int, int], zones: Any, rays: int
) -> tuple[Any, Any, Any, NDArray[np.int64]]:
    """Loss by band around one mast, and the band of each of its sectors."""
    s, sectors, w = batch.settings, batch.sectors, batch.terrain
    kinds = np.column_stack([sectors.frequency_mhz[mine] / 1000.0, sectors.vertical[mine]])
    bands, band_of = np.unique(kinds, axis=0, return_inverse=True)
    shape = (len(bands), around[2], around[3])
    loss, floor = np.empty(shape, np.float32), np.empty(shape, np.float32)
    elevation = np.empty(shape[1:], np.float32)
    first = mine[0]
    x, y = float(sectors.x_m[first]), float(sectors.y_m[first])
    if s.model == "disk":
        loss[:] = _disk(w, around, s, x, y)
        return loss, floor, elevation, band_of.ravel()
    if s.model == "p1812":
        made = sweep.bands_of(bands[:, 0], bands[:, 1] > 0, p_percent=s.p_percent, delta_n=s.delta_n, n0=s.n0)
        model = radials.P1812
    else:
        made = np.array([[terms.wavelength_m(f)] for f in bands[:, 0]])
        model = radials.LINE_OF_SIGHT
    radials.station(
        model, w.heights_m, batch.clutter, zones, w.west_m, w.north_m, w.resolution_m, x, y,
        float(sectors.height_m[first]), s.rx_height_m, s.radius_m, rays, around[1] * s.cell_m,
        -around[0] * s.cell_m, s.cell_m, s.p_percent, float(sectors.lat[first]), s.delta_n, made, loss, floor,
        elevation,
    )  # fmt: skip
    return loss, floor, elevation, band_of.ravel()


def _disk(w: Window, around: tuple[int, int, int, int], s: Settings, x: float, y: float) -> Any:
    """1 within the radius, wherever the ground is known; NaN elsewhere."""
    east, south = _centres(around, s.cell_m)
    inside = (east - x) ** 2 + (south - y) ** 2 <= s.radius_m**2
    known = ~np.isnan(_sampled(w.heights_m, w, east, south))
    return np.where(inside & known, np.float32(1.0), np.float32(np.nan))


def _under_cells(batch: Batch, around: tuple[int, int, int, int]) -> tuple[Any, Any]:
    """Clutter in m at the centres of cells, and whether they lie at sea."""
    east, south = _centres(around, batch.settings.cell_m)
    at_sea = _sampled(batch.terrain.zones, batch.terrain, east, south) == SEA
    if batch.clutter.size == 0:
        return np.zeros(at_sea.shape), at_sea
    return _sampled(batch.clutter, batch.terrain, east, south), at_sea


def _sigmas(
    batch: Batch, mine: NDArray[np.int64], around: tuple[int, int, int, int]
) -> dict[float, NDArray[np.float32]]:
    """Deviation of the level over the places of each cell in dB, by frequency in MHz; none at sea."""
    s = batch.settings
    cover, at_sea = _under_cells(batch, around)
    out: dict[float, NDArray[np.float32]] = {}
    for f_mhz in np.unique(batch.sectors.frequency_mhz[mine]).tolist():
        sigma = location_sigma_db(f_mhz / 1000.0, s.rx_height_m, cover, s.cell_m)
        if not math.isnan(s.sigma_db):
            sigma = np.full(cover.shape, s.sigma_db)
        out[f_mhz] = np.where(at_sea, 0.0, sigma).astype(np.float32)
    return out


def _centres(around: tuple[int, int, int, int], cell_m: float) -> tuple[Any, Any]:
    top, left, rows, columns = around
    return (left + np.arange(columns)[None, :] + 0.5) * cell_m, -(
        top + np.arange(rows)[:, None] + 0.5
    ) * cell_m


def _sampled(grid: Any, w: Window, east: Floats, south: Floats) -> Any:
    k = np.floor((east - w.west_m) / w.resolution_m).astype(np.int64)
    i = np.floor((w.north_m - south) / w.resolution_m).astype(np.int64)
    return grid[np.clip(i, 0, grid.shape[0] - 1), np.clip(k, 0, grid.shape[1] - 1)]


@compiled
def _see(sight: Any, number: int, best: Any, server: Any, servers: Any) -> None:
    """Enter what one site sees: the better sight wins, of equals the first site."""
    for i in range(sight.shape[0]):
        for k in range(sight.shape[1]):
            value = sight[i, k]
            if math.isnan(value):
                continue
            if value > best[i, k] or (value == best[i, k] and number < server[i, k]):
                best[i, k], server[i, k] = value, number
            if value >= 1.0:
                servers[i, k] += 1


@compiled
def _hear(
    loss: Any, floor: Any, elevation: Any, sigma: Any, top: int, left: int, cell_m: float, x: float, y: float,
    kind: int, params: Any, horizontal: Any, vertical: Any, azimuth: float, tilt: float, eirp: float,
    threshold: float, number: int, best: Any, server: Any, servers: Any, probability: Any,
) -> None:  # fmt: skip
    """
    Enter the level of one sector in its surroundings.

    The threshold is met at the share of places Φ((L − Lbc) / σ), L the loss that just meets it, and nowhere
    where L is less than Lb0p, below which P.1812 lets no loss fall [69].
    """
    for i in range(loss.shape[0]):
        dy = -(top + i + 0.5) * cell_m - y
        for k in range(loss.shape[1]):
            if math.isnan(loss[i, k]):
                continue
            dx = (left + k + 0.5) * cell_m - x
            bearing = math.degrees(math.atan2(dx, dy)) - azimuth
            below = -math.degrees(math.atan(elevation[i, k] / 1000.0))
            strongest = eirp - attenuation_db(kind, params, horizontal, vertical, bearing, below, tilt)
            level = np.float32(strongest - max(loss[i, k], floor[i, k]))
            if level > best[i, k] or (level == best[i, k] and number < server[i, k]):
                best[i, k], server[i, k] = level, number
            if level >= threshold:
                servers[i, k] += 1
            allowed = strongest - threshold
            share = 0.0
            if allowed >= floor[i, k]:
                spare = allowed - loss[i, k]
                if sigma[i, k] > 0.0:
                    share = 0.5 * math.erfc(-spare / sigma[i, k] * math.sqrt(0.5))
                elif spare >= 0.0:
                    share = 1.0
            probability[i, k] = max(probability[i, k], np.float32(share))
