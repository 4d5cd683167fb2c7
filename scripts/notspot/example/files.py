"""
Files of the example, each of which says that it is synthetic. The same content gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from notspot.example.ground import DEGREES, METRES

SYNTHETIC = "合成 synthetic"
MARK = "資料性質"  # the column that says so

# The rasters of the example: 500 m, the main island, Penghu, Lanyu and Wuqiu; not Kinmen and Matsu.
CELL_M = 500.0
WEST_M, NORTH_M = 60_000.0, 2_815_000.0
ROWS, COLUMNS = 800, 600


@dataclass(frozen=True, slots=True)
class Files:
    """Writes into `folder`."""

    folder: Path

    def table(self, name: str, columns: Mapping[str, Any] | pd.DataFrame) -> None:
        """A CSV file."""
        frame = pd.DataFrame(columns).assign(**{MARK: SYNTHETIC})
        self.text(name, frame.to_csv(index=False, lineterminator="\n"))

    def points(self, name: str, columns: Mapping[str, Any] | pd.DataFrame, xy: NDArray[np.float64]) -> None:
        """A CSV file with degrees of points that are given in metres, shape (n, 2)."""
        lon, lat = degrees(xy)
        self.table(name, pd.DataFrame(columns).assign(經度=lon.round(6), 緯度=lat.round(6)))

    def shapes(self, name: str, columns: Mapping[str, Any], shapes: Sequence[Any]) -> None:
        """A GeoJSON file in degrees of shapes that are given in metres."""
        import geopandas as gpd
        import pyogrio

        frame = gpd.GeoDataFrame({**columns, MARK: SYNTHETIC}, geometry=list(shapes), crs=METRES)
        path = self.folder / name
        path.unlink(missing_ok=True)
        pyogrio.write_dataframe(frame.to_crs(DEGREES), path, RFC7946="YES", COORDINATE_PRECISION="7")

    def raster(self, name: str, values: NDArray[np.float32], nodata: float) -> None:
        """A GeoTIFF of the example's grid, shape (ROWS, COLUMNS)."""
        import rasterio

        where = rasterio.transform.from_origin(WEST_M, NORTH_M, CELL_M, CELL_M)
        with rasterio.open(
            self.folder / name, "w", driver="GTiff", height=ROWS, width=COLUMNS, count=1, dtype=values.dtype,
            crs=METRES, transform=where, nodata=nodata, compress="deflate", predictor=3,
        ) as file:  # fmt: skip
            file.write(values, 1)
            file.set_band_description(1, SYNTHETIC)

    def json(self, name: str, value: object) -> None:
        """A JSON file."""
        self.text(name, json.dumps(value, ensure_ascii=False, indent=1) + "\n")

    def text(self, name: str, text: str) -> None:
        """A text file."""
        (self.folder / name).write_bytes(text.encode())


def degrees(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes of points in metres."""
    lon, lat = Transformer.from_crs(METRES, DEGREES, always_xy=True).transform(xy[:, 0], xy[:, 1])
    return lon, lat


def metres(lon: float, lat: float) -> tuple[float, float]:
    """Eastings and northings of a point in degrees."""
    x, y = Transformer.from_crs(DEGREES, METRES, always_xy=True).transform(lon, lat)
    return x, y


def numbered(word: str, count: int) -> list[str]:
    """Names of things that nobody takes for real ones: 合成熱點 001 …"""
    return [f"合成{word} {i:03d}" for i in range(1, count + 1)]
