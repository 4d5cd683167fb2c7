"""The atlas: one file with every indicator over one set of shapes; made, read back, and as a layer for folium."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notspot_maps.atlas.file import read_atlas
    from notspot_maps.atlas.layer import AtlasLayer, atlas

__all__ = ["AtlasLayer", "atlas", "read_atlas"]

_HOME = {
    "AtlasLayer": "notspot_maps.atlas.layer",
    "atlas": "notspot_maps.atlas.layer",
    "read_atlas": "notspot_maps.atlas.file",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
