"""What lies over the atlas: rasters of footprints, places as points, trails and roads as lines."""

from notspot_maps.overlays.kinds import (
    LineOverlay,
    Overlay,
    PointOverlay,
    RasterOverlay,
    lines_of,
    points_of,
)

__all__ = ["LineOverlay", "Overlay", "PointOverlay", "RasterOverlay", "lines_of", "points_of"]
