"""
Small maps and rasters for tests.
"""

from pathlib import Path

import geopandas as gpd
import pyogrio
import rasterio


def write(path: Path, columns, shapes, to: str | None = None) -> Path:
    """A map of `shapes` in degrees; `to` another system."""
    frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326")
    frame = frame if to is None else frame.to_crs(to)
    path.unlink(missing_ok=True)
    pyogrio.write_dataframe(frame, path)
    return path


def raster(
    path: Path,
    values,
    *,
    west=300_000,
    north=2_775_000,
    cell=100,
    crs="EPSG:3826",
    nodata=None,
    south_up=False,
):
    """A raster of one band; `south_up` stores the rows from south to north."""
    height = values.shape[0]
    transform = (
        rasterio.Affine(cell, 0, west, 0, cell, north - height * cell)
        if south_up
        else rasterio.transform.from_origin(west, north, cell, cell)
    )
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=values.shape[1], count=1, dtype=values.dtype, crs=crs,
        transform=transform, nodata=nodata,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return path
