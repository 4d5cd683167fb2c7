"""Random radials of every kind of ground, and the direct answer for one receiver on one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from notspot_coverage.propagation import direct, sweep

KINDS = ("mountain", "rolling", "flat", "plain", "valley", "smooth", "sea", "coast", "islands")
FREQUENCIES_GHZ = np.array([0.7, 2.1, 3.5])
ANTENNAS_M = ((30.0, 1.5), (10.0, 10.0), (200.0, 1.5), (25.0, 3.0))


@dataclass
class Ground:
    """A radial: sample distance, terrain, clutter, zones."""

    step_km: float
    height: np.ndarray
    clutter: np.ndarray
    zone: np.ndarray


def ground(kind: str, rng: np.random.Generator, samples: int, step_km: float, cluttered: bool) -> Ground:
    """A random radial of one kind."""
    x = np.arange(samples) * step_km
    zone = np.full(samples, direct.INLAND, np.uint8)
    if kind == "mountain":
        h = np.abs(
            sum(
                rng.normal(0, 250 / k)
                * np.sin(2 * math.pi * x * k / rng.uniform(0.3, 12) + rng.uniform(0, 6))
                for k in range(1, 9)
            )
        ) + np.abs(np.cumsum(rng.normal(0, 5, samples)))
    elif kind == "rolling":
        h = 100 + np.cumsum(rng.normal(0, 1, samples)) + 30 * np.sin(x / rng.uniform(0.5, 3))
    elif kind == "flat":
        h = np.full(samples, 10.0)
    elif kind == "plain":
        h = 10 + rng.normal(0, 1, samples)
    elif kind == "valley":
        h = 1000 * np.abs(x / x[-1] - 0.5) + rng.normal(0, 2, samples)
    elif kind == "smooth":
        h = 100 + 50 * np.sin(x / 20)
    elif kind == "sea":
        h = np.zeros(samples)
        zone[:] = direct.SEA
    elif kind == "coast":
        h = np.maximum(0, 50 - x * rng.uniform(1, 20) + rng.normal(0, 2, samples))
        shore, far = np.sort(rng.integers(1, samples, 2))
        zone[:] = direct.COASTAL
        zone[shore:], h[shore:] = direct.SEA, 0.0
        zone[far:], h[far:] = rng.choice([direct.COASTAL, direct.INLAND]), rng.uniform(0, 200)
        if rng.random() < 0.3:
            h, zone = h[::-1].copy(), zone[::-1].copy()
    else:
        zone = np.repeat(rng.choice([1, 3, 4], 20), samples // 20 + 1)[:samples].astype(np.uint8)
        h = np.where(zone == direct.SEA, 0.0, np.abs(np.cumsum(rng.normal(0, 3, samples))))
    share = 0.4 if cluttered else 0.0
    clutter = np.where(rng.random(samples) < share, 15.0, 0.0)
    return Ground(step_km, h, clutter, zone)


@dataclass
class Run:
    """One radial with receivers at its samples and between them, and what the sweep says of them."""

    ground: Ground
    distance: np.ndarray
    height: np.ndarray
    zone: np.ndarray
    antennas: tuple[float, float]
    p: float
    latitude: float
    loss: np.ndarray

    def usable(self) -> np.ndarray:
        """Receivers to which P.1812 applies."""
        inside = np.array([self._before(d) for d in self.distance])
        return np.flatnonzero((inside >= 3) & (self.distance >= sweep.NEAREST_KM))

    def _before(self, d: float) -> int:
        return int((np.arange(len(self.ground.height)) * self.ground.step_km < d - sweep.TOUCH_KM).sum()) - 1

    def direct_db(self, receiver: int, band: int) -> float:
        """The same loss by the direct method on that receiver's own profile."""
        d, g = self.distance[receiver], self.ground
        keep = self._before(d) + 1
        x = np.append(np.arange(keep) * g.step_km, d)
        zone = np.append(g.zone[:keep], self.zone[receiver]).astype(np.uint8)
        return direct.path_loss_db(
            x, np.append(g.height[:keep], self.height[receiver]), np.append(g.clutter[:keep], 0.0), zone,
            *self.antennas, FREQUENCIES_GHZ[band], band != 1, self.p, 0.0, self.latitude, 45.0, 325.0,
            *direct.coast_distances(x, zone), False, np.empty(len(direct.SYMBOLS)),
        )  # fmt: skip


def swept(kind: str, seed: int, p: float) -> Run:
    """A random radial of a kind, swept for three bands; the same seed gives the same radial."""
    rng = np.random.default_rng(seed)
    samples, step = int(rng.integers(20, 700)), float(rng.choice([0.02, 0.03, 0.1, 0.25]))
    g = ground(kind, rng, samples, step, cluttered=bool(rng.random() < 0.5))
    between = rng.uniform(0.1, step * (samples - 1), 30)
    distance = np.sort(np.concatenate([np.arange(1, samples) * step, between]))
    zone = g.zone[np.minimum(np.round(distance / step).astype(int), samples - 1)]
    height = np.where(zone == direct.SEA, 0.0, np.interp(distance, np.arange(samples) * step, g.height))
    antennas = ANTENNAS_M[rng.integers(len(ANTENNAS_M))]
    latitude = float(rng.uniform(20, 26)) if rng.random() < 0.8 else float(rng.uniform(-75, 75))
    inland = bool((g.zone == direct.INLAND).all())
    none = np.empty(0, np.uint8)
    bands = sweep.bands_of(FREQUENCIES_GHZ, np.arange(3) != 1, p_percent=p)
    loss, floor = np.empty((3, len(distance))), np.empty((3, len(distance)))
    sweep.radial(
        step, g.height, g.height + g.clutter, bool(g.clutter.any()), none if inland else g.zone, antennas[0],
        distance, height, none if inland else zone, antennas[1], p, latitude, 45.0, bands,
        *sweep.scratch_for(samples), loss, floor, np.empty(len(distance)),
    )  # fmt: skip
    return Run(g, distance, height, zone, antennas, p, latitude, np.maximum(loss, floor))
