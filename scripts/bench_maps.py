"""
The maps that bench.py compares: folium's of the same villages, and what a browser makes of a map file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

EDGES = (50, 100, 150, 200)  # Mbps, of the classes that folium's maps are coloured by
COLOURS = ("#ffffd9", "#c7e9b4", "#41b6c4", "#225ea8", "#081d58")
CENTRE = (23.7, 121.0)

# What `topojson.feature` does, for folium's TopoJson: the script that it names stands on another host.
TOPOJSON_CLIENT = """
window.topojson = {feature(t, o) {
  const [kx, ky] = t.transform.scale, [dx, dy] = t.transform.translate;
  const arcs = t.arcs.map((arc) => { let x = 0, y = 0;
    return arc.map((p) => [(x += p[0]) * kx + dx, (y += p[1]) * ky + dy]); });
  const ring = (refs) => refs.flatMap((r, i) => {
    const arc = r < 0 ? arcs[~r].slice().reverse() : arcs[r]; return i ? arc.slice(1) : arc; });
  return {type: 'FeatureCollection', features: o.geometries.map((g) => ({type: 'Feature', properties: g.properties,
    geometry: {type: g.type, coordinates: g.arcs.map((polygon) => polygon.map(ring))}}))};
}};
"""
# The first frame in which a shape of the map stands on the page.
WATCH = """
window.drawn = new Promise((done) => { const look = () => {
  if (document.querySelector('.leaflet-overlay-pane path, .leaflet-overlay-pane canvas, .leaflet-pane canvas'))
    requestAnimationFrame(() => done(performance.now()));
  else requestAnimationFrame(look); }; requestAnimationFrame(look); });
"""


def _colour(value: float | None) -> str:
    return "#cccccc" if value is None or pd.isna(value) else COLOURS[sum(value >= edge for edge in EDGES)]


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    colour = _colour(feature["properties"]["value"])
    return {"fillColor": colour, "color": "#666666", "weight": 0.5, "fillOpacity": 0.8}


def geojson(villages: Any) -> Any:
    """folium's map of the villages, coloured by `value`, as GeoJSON."""
    import folium

    out = folium.Map(CENTRE, zoom_start=7, tiles=None)
    folium.GeoJson(villages, style_function=_style).add_to(out)
    return out


def topojson(villages: Any) -> Any:
    """The same as TopoJSON; folium cuts no arcs, so they come from `notspot_maps.topology`."""
    import folium
    import numpy as np

    from notspot_maps.topology import topology

    cut = topology(villages.geometry)
    arcs = []
    for begin, end in zip(cut.starts[:-1], cut.starts[1:], strict=True):
        steps = cut.points[begin:end].copy()
        steps[1:] = np.diff(cut.points[begin:end], axis=0)
        arcs.append(steps.tolist())
    named = zip(villages["village_code"], villages["village"], villages["value"], cut.units, strict=True)
    geometries = [
        {
            "type": "MultiPolygon",
            "arcs": unit,
            "properties": {"village_code": code, "village": name, "value": None if pd.isna(value) else value},
        }
        for code, name, value, unit in named
    ]
    data = {
        "type": "Topology",
        "transform": {"scale": list(cut.grid.scale), "translate": list(cut.grid.translate)},
        "arcs": arcs,
        "objects": {"villages": {"type": "GeometryCollection", "geometries": geometries}},
    }
    out = folium.Map(CENTRE, zoom_start=7, tiles=None)
    folium.TopoJson(data, "objects.villages", style_function=_style).add_to(out)
    return out


def hosts_named(page: str) -> int:
    """Scripts, styles and pictures that the file names on other hosts; links that a person follows are not meant."""
    tags = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", page)
    return sum(bool(re.search(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", tag)) for tag in tags)


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium, or None where there is none."""
    from browser import FLAGS, chromium_path

    path = chromium_path()
    if path is None:
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


def offline(browser: Any, file: Path) -> tuple[int, bool]:
    """How many requests for other hosts a page makes when none is answered, and whether it draws its map then."""
    asked: list[str] = []

    def refuse(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    drawn = _first(browser, file, refuse, patience_s=5) is not None
    return len(asked), drawn


def first_choropleth(browser: Any, file: Path, runs: int) -> list[float]:
    """Seconds from navigation to the first map, other hosts answered from memory; only runs that drew one."""
    seconds = [_first(browser, file, _from_memory, patience_s=120) for _ in range(runs)]
    return [each for each in seconds if each is not None]


def _first(browser: Any, file: Path, answer: Callable[[Any], None], *, patience_s: float) -> float | None:
    """Seconds from navigation to the first choropleth; None where there is none."""
    scope = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-TW")
    try:
        page = scope.new_page()
        page.route(re.compile("^https?:"), answer)
        page.add_init_script(WATCH)
        page.goto(file.resolve().as_uri(), wait_until="commit")
        wait = f"Promise.race([window.drawn, new Promise((no) => setTimeout(() => no(null), {patience_s * 1000}))])"
        found: float | None = page.evaluate(wait)
        marked = page.evaluate(
            "performance.getEntriesByName('notspot-first-choropleth')[0]?.startTime ?? null"
        )
        # the atlas' own mark may lie before its frame: the later of the two is what a person sees
        return None if found is None else max(found, marked or 0) / 1000
    finally:
        scope.close()


def _from_memory(route: Any) -> None:
    from notspot_maps.offline import leaflet_css, leaflet_js

    name = route.request.url.rsplit("/", 1)[-1].split("?")[0]
    known = {"leaflet.js": leaflet_js, "leaflet.css": leaflet_css, "topojson.min.js": lambda: TOPOJSON_CLIENT}
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    route.fulfill(body=known[name]() if name in known else "", content_type=kind)
