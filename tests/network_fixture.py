"""A small network on made-up ground in the middle of Taiwan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import rasterio

WEST, NORTH, CELL = 240_000.0, 2_660_000.0, 100.0  # EPSG:3826, inland


def write_dem(path: Path, heights: np.ndarray, *, cell_m: float = CELL, nodata: float = -9999.0) -> Path:
    """A GeoTIFF of heights; NaN is written as nodata."""
    data = np.where(np.isnan(heights), nodata, heights).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", width=data.shape[1], height=data.shape[0], count=1, dtype="float32",
        crs="EPSG:3826", nodata=nodata, transform=rasterio.Affine(cell_m, 0, WEST, 0, -cell_m, NORTH),
    ) as file:  # fmt: skip
        file.write(data, 1)
    return path


def mountains(rows: int, columns: int, seed: int = 1, top_m: float = 1500.0) -> np.ndarray:
    """Fractal ground."""
    rng = np.random.default_rng(seed)
    q = np.hypot(*np.meshgrid(np.fft.fftfreq(columns), np.fft.fftfreq(rows)))
    q[0, 0] = 1
    y = np.real(np.fft.ifft2(np.fft.fft2(rng.normal(size=(rows, columns))) / q**1.6))
    return (y - y.min()) / (y.max() - y.min()) * top_m + 10


def write_sites(path: Path, rows: list[dict[str, object]]) -> Path:
    """Sites with all that a prediction needs; each row may say something else."""
    base: dict[str, object] = {
        "operator": "甲", "technology": "LTE", "frequency_mhz": 700, "bandwidth_mhz": 10, "height_m": 30,
        "eirp_dbm": 60, "pattern": "isotropic",
    }  # fmt: skip
    frame = pd.DataFrame([{"site_id": f"S{i}", **base, **row} for i, row in enumerate(rows)])
    frame.to_csv(path, index=False)
    return path


def many(count: int, *, width_m: float = 24_000.0, seed: int = 3) -> list[dict[str, object]]:
    """Sites all over a square of ground."""
    rng = np.random.default_rng(seed)
    return [
        {
            "x": round(WEST + rng.uniform(0.1, 0.9) * width_m, 1),
            "y": round(NORTH - rng.uniform(0.1, 0.9) * width_m, 1),
            "operator": ["甲", "乙"][i % 2],
            "technology": ["LTE", "NR"][i % 3 == 0],
            "frequency_mhz": [700, 3500][i % 3 == 0],
            "bandwidth_mhz": [10, 100][i % 3 == 0],
            "scs_khz": ["", 30][i % 3 == 0],
            "pattern": ["isotropic", "3gpp-macro"][i % 2],
            "azimuth_deg": (i * 50) % 360,
        }
        for i in range(count)
    ]


def layer(folder: Path, name: str) -> np.ma.MaskedArray:
    """A layer with unknown cells masked."""
    with rasterio.open(folder / f"{name}.tif") as file:
        return file.read(1, masked=True)
