"""
One file of tiles that any static host can serve: PMTiles version 3.

https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. The package pmtiles writes it; tiles come in rising
order, so that those of a place lie together, and alike ones are kept once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from notspot_geodata.errors import UsageError
from notspot_geodata.whole_files import whole_file

ENDING = ".pmtiles"


def write_archive(
    path: Path,
    tiles: Iterable[tuple[int, bytes]],
    *,
    bounds: tuple[float, float, float, float],
    centre: tuple[float, float, int],
    metadata: Mapping[str, Any],
) -> int:
    """
    Write tiles, gzipped Mapbox Vector Tiles with their numbers (`tile_grid.tile_id`) rising.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees.
    centre
        Longitude, latitude, zoom.

    Returns
    -------
    count
        How many tiles there are.

    Raises
    ------
    UsageError
        The package pmtiles is not installed, or the file cannot be written.
    """
    try:
        from pmtiles.tile import Compression, TileType
        from pmtiles.writer import Writer
    except ImportError as error:
        raise UsageError(
            "tiles need the package pmtiles, which is not installed: pip install 'notspot[tiles]'"
        ) from error
    count = 0
    with whole_file(path) as file:
        make: Any = Writer  # pmtiles has no types
        writer = make(file)
        for number, data in tiles:
            writer.write_tile(number, data)
            count += 1
        corners = {
            f"{end}_{axis}_e7": round(value * 1e7)
            for (end, axis), value in zip(
                [("min", "lon"), ("min", "lat"), ("max", "lon"), ("max", "lat")], bounds, strict=True
            )
        }
        header = {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "center_lon_e7": round(centre[0] * 1e7),
            "center_lat_e7": round(centre[1] * 1e7),
            "center_zoom": centre[2],
            **corners,
        }
        writer.finalize(header, dict(metadata))
    return count
