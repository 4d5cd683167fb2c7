"""Figures for print: maps with insets, years side by side and charts, as PNG, PDF and SVG with letters of their own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notspot_maps.figures.kinds import figure
    from notspot_maps.figures.pictures import picture

__all__ = ["figure", "picture"]

_HOME = {"figure": "notspot_maps.figures.kinds", "picture": "notspot_maps.figures.pictures"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
