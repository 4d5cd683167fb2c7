"""
Notspot finds who is out of reach of broadband and 5G.

Frames in, frames out: the public names below are all there is to import; each is loaded when it is
first used, so that ``import notspot`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notspot.locating import locate
    from notspot.outputs import report
    from notspot.pipeline import run
    from notspot.prediction import predict
    from notspot.results_folder import read_results
    from notspot.study import Study
    from notspot_coverage.definitions import load_indicators
    from notspot_coverage.divide import divide
    from notspot_coverage.indicators import indicators
    from notspot_coverage.results import Results
    from notspot_geodata.check import check
    from notspot_geodata.errors import NotspotError
    from notspot_geodata.fetch import fetch
    from notspot_geodata.reference import counties, townships, villages
    from notspot_geodata.tables import read_table
    from notspot_geodata.vectors import read_geo
    from notspot_maps.atlas.layer import atlas
    from notspot_maps.figures.kinds import figure

__version__ = "0.1.0"

_HOME = {
    "NotspotError": "notspot_geodata.errors",
    "Results": "notspot_coverage.results",
    "Study": "notspot.study",
    "atlas": "notspot_maps.atlas.layer",
    "check": "notspot_geodata.check",
    "counties": "notspot_geodata.reference",
    "divide": "notspot_coverage.divide",
    "fetch": "notspot_geodata.fetch",
    "figure": "notspot_maps.figures.kinds",
    "indicators": "notspot_coverage.indicators",
    "load_indicators": "notspot_coverage.definitions",
    "locate": "notspot.locating",
    "predict": "notspot.prediction",
    "read_geo": "notspot_geodata.vectors",
    "read_results": "notspot.results_folder",
    "read_table": "notspot_geodata.tables",
    "report": "notspot.outputs",
    "run": "notspot.pipeline",
    "townships": "notspot_geodata.reference",
    "villages": "notspot_geodata.reference",
}

__all__ = [
    "NotspotError",
    "Results",
    "Study",
    "atlas",
    "check",
    "counties",
    "divide",
    "fetch",
    "figure",
    "indicators",
    "load_indicators",
    "locate",
    "predict",
    "read_geo",
    "read_results",
    "read_table",
    "report",
    "run",
    "townships",
    "villages",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'notspot' has no attribute '{name}'")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
