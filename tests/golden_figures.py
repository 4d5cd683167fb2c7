"""The figures that have a golden image: of the shipped study, small, without what differs from machine to machine."""

from __future__ import annotations

import dataclasses
import io

from PIL import Image

from notspot_coverage.results import Results
from notspot_maps.figures.kinds import figure

DPI = 50  # a page is 360 pixels wide: names blur, shapes, colours and places show
FIGURES = {
    "map": {"kind": "map", "indicator": "dl_mbps_best"},
    "map-taitung": {"kind": "map", "indicator": "dl_mbps_best", "place": "10014160", "lang": "en"},
    "map-counties": {"kind": "map", "indicator": "dl_mbps_best", "level": "county", "lang": "both"},
    "multiples": {"kind": "multiples", "indicator": "dl_mbps_best", "lang": "both", "earlier": (2019, 2020)},
    "change": {"kind": "change", "indicator": "dl_mbps_best", "earlier": (2019,)},
    "clusters": {"kind": "clusters", "indicator": "base_stations_4g_per_1000", "lang": "en"},
    "gap": {"kind": "gap", "indicator": "dl_mbps_best", "lang": "both"},
    "lorenz": {"kind": "lorenz", "indicator": "base_stations_4g_per_1000"},
    "scatter": {"kind": "scatter", "indicator": "base_stations_4g_per_1000", "lang": "en"},
    "bullet": {"kind": "bullet", "lang": "both"},
}


def results() -> Results:
    from notspot.pipeline import run
    from notspot.study import Study

    return run(Study.shipped())


def earlier(run: Results, year: int) -> Results:
    """The run as if of an earlier year: a twentieth less a year, and nothing known of Kinmen."""
    table = run.indicators.copy()
    for column in ("value", "low", "high"):
        table[column] *= 1 - 0.05 * (run.year - year)
    kinmen = (table["level"] == "township") & table["code"].astype(str).str.startswith("09020")
    return dataclasses.replace(run, indicators=table[~kinmen], year=year)


def drawn(run: Results, name: str) -> bytes:
    """A golden figure as a PNG of 64 colours."""
    asked = {**FIGURES[name]}
    run = dataclasses.replace(run, run_id="0" * 12)  # it names versions of libraries
    asked["earlier"] = [earlier(run, year) for year in asked.get("earlier", ())]
    made = figure(run, dpi=DPI, **asked)
    out = io.BytesIO()
    Image.open(io.BytesIO(made)).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()
