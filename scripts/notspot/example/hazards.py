"""
Hazard zones of the example: fans below made-up streams, more of them where there are more of the real ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from notspot.example.files import Files, numbered
from notspot.example.ground import Floats, Ground, chance

STREAMS_A_ZONE = 5  # debris-flow streams of the township that one zone stands for
REACH_M = (80.0, 300.0)
HALF_ANGLE = 0.6  # radians
LAYERS, MAPS = ("地質敏感區", "順向坡", "落石", "岩體滑動"), 9


def write_hazards(files: Files, ground: Ground) -> None:
    """``hazard_zones.geojson`` and ``hazard_layers.csv``, the list of what is open."""
    zones = _zones(ground)
    files.shapes("hazard_zones.geojson", {"編號": numbered("潛勢區", len(zones))}, zones)
    names = [*(f"合成圖層 {name}" for name in LAYERS), *numbered("圖幅", MAPS)]
    files.table(
        "hazard_layers.csv", {"名稱": names, "類": ["圖層"] * len(LAYERS) + ["圖幅"] * MAPS, "年": 2021}
    )


def inside_zones(ground: Ground, count: int) -> Floats:
    """A point well inside each of the first zones, metres, shape (count, 2)."""
    middle: Floats = shapely.get_coordinates(shapely.centroid(_zones(ground)[:count]))
    return middle


def _zones(ground: Ground) -> list[Any]:
    rng = chance("hazards")
    streams = ground.townships["debris_flow_streams_2024"]
    count = int(streams.sum()) // STREAMS_A_ZONE
    at = ground.inside(ground.towns_where(streams > 0, "debris_flow_streams_2024", count, rng), rng)
    size, turn = rng.uniform(*REACH_M, count), rng.uniform(0, 2 * np.pi, count)
    fan = np.linspace(-HALF_ANGLE, HALF_ANGLE, 7)
    return [
        shapely.Polygon([(x, y), *zip(x + r * np.cos(t + fan), y + r * np.sin(t + fan), strict=True)])
        for (x, y), r, t in zip(at, size, turn, strict=True)
    ]
