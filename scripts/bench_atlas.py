"""
How fast the atlas draws, changes, pans and zooms beside folium and lonboard, as Markdown: ``make bench-atlas``.

All 7,701 villages with one made-up indicator, each way in a page of its own, in one run, in headless Chromium with
software rendering. What folium and lonboard load from the network comes from installed packages, or from npm
packages fetched into a temporary folder; what cannot be had is named and its row left empty. The map is
1,051 x 900 pixels in each.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

CENTRE, ZOOM = (23.7, 121.0), 8
PLACES = 10_000
MAP = (1051, 900)  # CSS pixels, the atlas's map in a window of 1440 x 900
SERVED = "https://bench.invalid/page.html"  # workers of lonboard's page do not start from a disk
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".json": "application/json",
    ".wasm": "application/wasm",
}
COLOURS = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
EDGES = (20, 40, 60, 80)
PROBES = ((23.44, 121.0), (24.41, 121.35), (22.62, 120.72))  # in large mountain villages, far from each other
INDICATOR = """
[[indicator]]
id = "{id}"
kind = "share"
theme = "mobile"
name = {{zh = "{id}", en = "{id}"}}
definition = {{zh = "試算", en = "Made up."}}
numerator = {{zh = "分子", en = "part"}}
denominator = {{zh = "分母", en = "whole"}}
unit = {{zh = "%", en = "%"}}
basis = "model"
source = {{zh = "試算", en = "Made up"}}
as_of = "2021"
"""
FRAMES = """
async (what) => {
  const map = document.querySelector('.leaflet-container'), box = map.getBoundingClientRect();
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const wait = (ms) => new Promise((next) => setTimeout(next, ms));
  const mid = [box.x + box.width / 2, box.y + box.height / 2], times = [];
  let on = true, last = await frame();
  const watch = (now) => { times.push(now - last); last = now; if (on) requestAnimationFrame(watch); };
  requestAnimationFrame(watch);
  const mouse = (node, type, x, y) =>
    node.dispatchEvent(new MouseEvent(type, {bubbles: true, clientX: x, clientY: y, buttons: 1}));
  const wheel = async (sign, turns) => {
    for (let i = 0; i < turns; i++) {
      map.dispatchEvent(new WheelEvent('wheel',
        {bubbles: true, cancelable: true, deltaY: sign * 100, clientX: mid[0], clientY: mid[1]}));
      await wait(350);
    }
  };
  if (what === 'pan') {
    mouse(map, 'mousedown', ...mid);
    for (let i = 1; i <= 80; i++) {  // out and back, farther than the window is high
      const far = 14 * (i <= 40 ? i : 80 - i);
      mouse(document.documentElement, 'mousemove', mid[0] - far * 0.6, mid[1] - far);
      await frame();
    }
    mouse(document.documentElement, 'mouseup', ...mid);
  } else {
    await wheel(-1, 3);
    await wheel(1, 3);
  }
  await wait(400);
  on = false;
  return times;
}
"""


@dataclass
class Way:
    """One way of drawing the villages: its page, how to change its indicator, what stands in for the network."""

    name: str
    build: Callable[[Path], str | None]  # writes the page; what hinders it, or None
    change: str = ""
    panel: int = 0  # CSS pixels beside the map
    fragment: str = ""
    gl: bool = False
    served: dict[str, Path | str] = field(default_factory=dict)


def main() -> None:
    """Build each page, measure it several times, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="of each; the best one counts")
    parser.add_argument("--dpr", type=float, nargs="+", default=[1.0, 2.0], help="device pixel ratios")
    parser.add_argument("--only", help="part of a name")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        ways = _ways(Path(folder))
        load = os.getloadavg()[0]
        print(
            f"{os.cpu_count()} processors, load {load:.1f}; {time.strftime('%Y-%m-%d')}; best of {given.runs}\n"
        )
        print("| way | pixel ratio | file | first choropleth | another indicator | pan | zoom |")
        print("|---|---|---|---|---|---|---|")
        notes = []
        for way in ways:
            if given.only and given.only not in way.name:
                continue
            path = Path(folder) / f"{re.sub('[^a-z]', '', way.name.lower())}.html"
            hindrance = way.build(path)
            for dpr in given.dpr:
                found = {} if hindrance else _measure(way, path, dpr, given.runs)
                hindrance = hindrance or found.pop("hindrance", None)
                size = f"{path.stat().st_size / 1e6:.2f} MB" if path.exists() else "—"
                cells = [found.get(key, "—") for key in ("first", "change", "pan", "zoom")]
                print(f"| {way.name} | {dpr:g} | {size} | {' | '.join(cells)} |", flush=True)
            if hindrance:
                notes.append(f"{way.name}: {hindrance}.")
        print(
            "\npan and zoom: median frame, worst frame; after the semicolon: processor time of the page's main thread."
        )
        print(*notes, sep="\n")
        print(f"load at the end {os.getloadavg()[0]:.1f}")


# ---------------------------------------------------------------- the pages


def _ways(folder: Path) -> list[Way]:
    from notspot_geodata import reference

    villages = reference.villages()
    points = villages.geometry.representative_point()
    rng = np.random.default_rng(5)
    values = {
        name: np.clip(
            50 + 30 * np.sin(points.x * k) + 25 * np.cos(points.y * k) + rng.normal(0, 12, len(villages)),
            0,
            100,
        ).round(1)
        for name, k in (("one", 6), ("two", 9))
    }
    styles = [[COLOURS[c] for c in np.searchsorted(EDGES, values[name], side="left")] for name in values]
    plain = villages[["geometry"]].assign(one=styles[0], two=styles[1])
    restyle = """() => { const layer = Object.values(window).find((each) => each instanceof L.GeoJSON);
        layer.setStyle((unit) => ({fillColor: unit.properties.two})); }"""
    ours = """() => { const select = document.querySelector('select'); select.value = 'two';
        select.dispatchEvent(new Event('change', {bubbles: true})); }"""
    leaflet = _leaflet()
    fragment = f"#i=one&l=village&m={ZOOM}/{CENTRE[0]}/{CENTRE[1]}"
    return [
        Way("Notspot atlas", lambda path: _ours(path, villages, values), ours, 389, fragment),
        Way(
            "Notspot atlas with a raster of 250 m",
            lambda path: _ours(path, villages, values, _raster),
            ours,
            389,
            fragment + "&o=signal",
        ),
        Way(
            f"Notspot atlas with {PLACES:,} points",
            lambda path: _ours(path, villages, values, _places),
            ours,
            389,
            fragment + "&o=places",
        ),
        Way("folium `GeoJson` (SVG)", lambda path: _geojson(path, plain, False), restyle, served=leaflet),
        Way(
            "folium `GeoJson`, `prefer_canvas`",
            lambda path: _geojson(path, plain, True),
            restyle,
            served=leaflet,
        ),
        Way(
            "folium `TopoJson`, `prefer_canvas`",
            lambda path: _topojson(path, plain, folder, leaflet),
            restyle,
            served=leaflet,
        ),
        Way(
            "lonboard `PolygonLayer`",
            lambda path: _lonboard(path, plain, folder, board),
            gl=True,
            served=(board := {}),
        ),
    ]


def _ours(
    path: Path, villages: Any, values: dict[str, Any], over: Callable[[Any], Any] | None = None
) -> None:
    from notspot_coverage.definitions import COLUMNS, parse_indicators
    from notspot_coverage.results import Results
    from notspot_geodata import reference
    from notspot_geodata.text import Text
    from notspot_maps.atlas.layer import atlas

    codes = villages["village_code"].astype(str)
    same = {
        "code": codes,
        "name": codes,
        "level": "village",
        "unit": "",
        "kind": "share",
        "status": "computed",
    }
    tables = [
        pd.DataFrame({"indicator": name, **same, "value": own, "low": own, "high": own})
        for name, own in values.items()
    ]
    made = Results(
        run_id="bench",
        title=Text("試算", "Bench"),
        year=2021,
        villages=villages,
        townships=reference.townships(),
        counties=reference.counties(),
        indicators=pd.concat(tables, ignore_index=True).reindex(columns=list(COLUMNS)),
        definitions=parse_indicators("".join(INDICATOR.format(id=name) for name in values), "bench"),
        remote=None,
        divide=(),
    )
    atlas(made, overlays=[over(villages)] if over else []).save(path)


def _raster(villages: Any) -> Any:
    """Classes of a made-up signal on all land."""
    from rasterio.features import rasterize
    from rasterio.transform import from_origin

    from notspot_geodata.text import Text
    from notspot_maps.overlays.kinds import RasterOverlay, Shade

    land = villages.to_crs("EPSG:3857")
    land = land.cx[13_250_000:13_600_000, 2_450_000:2_950_000]
    step = 250 / np.cos(np.radians(CENTRE[0]))
    west, south, east, north = land.total_bounds
    rows, columns = (int(np.ceil(side / step)) for side in (north - south, east - west))
    on = rasterize(land.geometry, (rows, columns), transform=from_origin(west, north, step, step))
    y, x = np.mgrid[:rows, :columns]
    noise = np.random.default_rng(5).normal(0, 0.4, (rows, columns))
    codes = np.digitize(2 * np.sin(x / 40) + 2 * np.cos(y / 50) + noise, (-2, -1, 1, 2)) + 1
    names = [Text(name, name) for name in ("none", *"12345")]
    return RasterOverlay(
        id="signal",
        name=Text("訊號", "Signal"),
        codes=np.where(on > 0, codes, 0).astype(np.uint8),
        west=west,
        north=north,
        step=step,
        resolution_m=250.0,
        shades=tuple(map(Shade, names, ("#ffffff", *COLOURS))),
    )


def _places(villages: Any) -> Any:
    """Places near the middles of villages, covered and not; none where a probe looks for the colour of its village."""
    import geopandas as gpd

    from notspot_geodata.text import Text
    from notspot_maps.overlays.kinds import points_of

    rng = np.random.default_rng(5)
    middles = villages.geometry.representative_point()
    clear = np.all([np.hypot(middles.y - lat, middles.x - lon) > 0.1 for lat, lon in PROBES], axis=0)
    at = rng.choice(middles[clear].to_numpy(), PLACES)
    near = gpd.GeoSeries(at, crs=villages.crs)
    near = gpd.points_from_xy(near.x + rng.normal(0, 0.003, PLACES), near.y + rng.normal(0, 0.003, PLACES))
    told = {"name": [f"{n}" for n in range(PLACES)], "status": rng.choice(["0", "1", ""], PLACES)}
    return points_of(
        gpd.GeoDataFrame(told, geometry=near, crs=villages.crs), id="places", name=Text("地點", "Places")
    )


def _map(canvas: bool) -> Any:
    import folium

    return folium.Map(CENTRE, zoom_start=ZOOM, tiles=None, prefer_canvas=canvas)


def _style(unit: dict[str, Any]) -> dict[str, Any]:
    return {"fillColor": unit["properties"]["one"], "fillOpacity": 1, "color": "#52606d", "weight": 0.5}


def _geojson(path: Path, plain: Any, canvas: bool) -> None:
    import folium

    made = _map(canvas)
    folium.GeoJson(json.loads(plain.to_json()), style_function=_style).add_to(made)
    made.save(path)


def _topojson(path: Path, plain: Any, folder: Path, served: dict[str, Path | str]) -> str | None:
    import folium

    from notspot_maps.topology import topology

    client = _package("topojson@1.6.9", folder)  # the one that folium's page asks for
    if client is None:
        return "the topojson client could not be fetched"
    served["topojson"] = client / "topojson.min.js"
    shapes = topology(plain.geometry)
    arcs = [np.diff(shapes.arc(i), axis=0, prepend=[[0, 0]]).tolist() for i in range(len(shapes.starts) - 1)]
    geometries = [
        {"type": "MultiPolygon", "arcs": unit, "properties": {"one": one, "two": two}}
        for unit, one, two in zip(shapes.units, plain["one"], plain["two"], strict=True)
    ]
    data = {
        "type": "Topology",
        "transform": {"scale": list(shapes.grid.scale), "translate": list(shapes.grid.translate)},
        "arcs": arcs,
        "objects": {"villages": {"type": "GeometryCollection", "geometries": geometries}},
    }
    made = _map(True)
    folium.TopoJson(data, "objects.villages", style_function=_style).add_to(made)
    made.save(path)
    return None


def _lonboard(path: Path, plain: Any, folder: Path, served: dict[str, Path | str]) -> str | None:
    if importlib.util.find_spec("lonboard") is None:
        return "lonboard is not installed"
    import warnings

    import anywidget
    import lonboard

    script = (Path(lonboard.__file__).parent / "static" / "index.js").read_text(encoding="utf-8")
    wanted = re.search(r'"([\d.]+)",[\w$]+=`[^`]*/parquet-wasm@', script)
    if wanted is None:
        return "its script does not say which parquet-wasm it loads"
    names = ("@jupyter-widgets/html-manager@1.0.11", "requirejs@2.3.4", f"parquet-wasm@{wanted[1]}")
    packages = {name: _package(name, folder) for name in names}
    absent = [name for name, found in packages.items() if found is None]
    if absent:
        return f"its page loads {', '.join(absent)}, which could not be fetched here"
    manager, require, parquet = (found or folder for found in packages.values())
    served |= {
        "require.min.js": require / "require.js",
        "embed-amd.js": manager / "dist" / "embed-amd.js",
        "/anywidget": Path(anywidget.__file__).parent / "nbextension" / "index.js",
        ".wasm": parquet / "esm" / "parquet_wasm_bg.wasm",
        "style.json": '{"version": 8, "sources": {}, "layers": []}',
    }
    colours = np.array(
        [[int(text[i : i + 2], 16) for i in (1, 3, 5)] for text in plain["one"]], dtype=np.uint8
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = lonboard.PolygonLayer.from_geopandas(
            plain[["geometry"]],
            get_fill_color=colours,
            get_line_color=[82, 96, 109],
            line_width_min_pixels=0.5,
        )
    view = {
        "longitude": CENTRE[1],
        "latitude": CENTRE[0],
        "zoom": ZOOM - 1,
    }  # deck.gl's tiles have 512 pixels
    html = lonboard.Map(layer, view_state=view).to_html()
    path.write_text(re.sub(r' integrity="[^"]*"', "", html), encoding="utf-8")
    served[SERVED] = path
    return None


def _leaflet() -> dict[str, Path | str]:
    from xstatic.pkg import leaflet

    base = Path(leaflet.BASE_DIR)
    return {"leaflet.js": base / "leaflet.js", "leaflet.css": base / "leaflet.css"}


def _package(name: str, folder: Path) -> Path | None:
    """An npm package, unpacked; None where there is no npm or no network."""
    try:
        done = subprocess.run(
            ["npm", "pack", name, "--silent"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    out = folder / re.sub(r"\W", "", name)
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        archive.extractall(out, filter="data")
    return out / "package"


# ---------------------------------------------------------------- measuring


def _measure(way: Way, path: Path, dpr: float, runs: int) -> dict[str, str]:
    from browser import FLAGS, chromium_path
    from playwright.sync_api import sync_playwright

    flags = [each for each in FLAGS if each != "--disable-gpu"] + [
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
    ]
    best: dict[str, list[float]] = {}  # milliseconds on the clock: one time, or one for each frame
    busy: dict[str, list[float]] = {}  # milliseconds of the processor in the page's main thread, all in all
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path()), args=flags if way.gl else list(FLAGS)
        )
        for _ in range(runs):
            size = {"width": MAP[0] + way.panel, "height": MAP[1]}
            context = browser.new_context(viewport=size, device_scale_factor=dpr)
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})

            def spent(session: Any = session) -> float:
                metrics = session.send("Performance.getMetrics")["metrics"]
                return 1000 * float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

            page.route(re.compile("^https?:"), lambda route: _serve(route, way.served))
            start = time.perf_counter()
            page.goto((SERVED if way.gl else path.as_uri()) + way.fragment, wait_until="commit")
            first = _seen(page, way, start)
            if first is None:
                errors = "its probes never had their colours"
                context.close()
                browser.close()
                return {"hindrance": errors}
            _keep(best, "first", [first])
            _keep(busy, "first", [spent()])
            page.wait_for_timeout(1500)
            if way.gl:
                for what in ("pan", "zoom"):
                    _keep(best, what, _by_mouse(page, what))
            else:
                for what in ("pan", "zoom"):
                    before = spent()
                    _keep(best, what, page.evaluate(FRAMES, what))
                    _keep(busy, what, [spent() - before])
                page.wait_for_timeout(1000)
                before = spent()
                _keep(best, "change", [_changed(page, way)])
                _keep(busy, "change", [spent() - before])
            context.close()
        browser.close()
    return {
        key: _say(key, times) + (f"; {busy[key][0]:.0f} ms" if key in busy else "")
        for key, times in best.items()
    }


def _serve(route: Any, served: dict[str, Path | str]) -> None:
    for part, what in served.items():
        if part in route.request.url:
            kind = KINDS.get(Path(part).suffix or part, "text/javascript")
            body = what if isinstance(what, str) else what.read_bytes()
            route.fulfill(body=body, content_type=kind, headers={"Access-Control-Allow-Origin": "*"})
            return
    route.fulfill(body="", content_type="text/css" if ".css" in route.request.url else "text/javascript")


def _pixel(page: Any, way: Way, probe: tuple[float, float]) -> tuple[int, ...]:
    """The colour of a place, from a picture of one pixel."""
    import io

    from PIL import Image

    def world(lat: float, lon: float) -> tuple[float, float]:
        sine = np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / (2 * np.pi)
        return 256 * 2**ZOOM * (0.5 + lon / 360), 256 * 2**ZOOM * (0.5 - float(sine))

    (x, y), (cx, cy) = world(*probe), world(*CENTRE)
    at = {"x": way.panel + MAP[0] / 2 + x - cx, "y": MAP[1] / 2 + y - cy, "width": 1, "height": 1}
    return tuple(Image.open(io.BytesIO(page.screenshot(clip=at))).convert("RGB").getpixel((0, 0)))


def _seen(page: Any, way: Way, start: float) -> float | None:
    """
    Milliseconds until every probe has a colour of the scale.

    Each look takes some tens of milliseconds, so the first probe is looked at until it has its colour, then the
    others; where they have theirs at once, the time is that of the first.
    """
    from playwright.sync_api import Error

    known = [tuple(int(text[i : i + 2], 16) for i in (1, 3, 5)) for text in COLOURS]
    seen = 0.0
    for probe in PROBES:
        looks = 0
        while True:
            if time.perf_counter() - start > 120:
                return None
            looks += 1
            try:
                pixel = _pixel(page, way, probe)
            except Error:  # a page that has not drawn anything yet may have no picture
                continue
            if min(max(abs(a - b) for a, b in zip(pixel, each, strict=True)) for each in known) <= 12:
                break
        if probe == PROBES[0] or looks > 1:
            seen = 1000 * (time.perf_counter() - start)
    return seen


def _changed(page: Any, way: Way) -> float:
    """Milliseconds from the change to the end of the second frame after it, when it is on the screen."""
    script = f"""async () => {{
        const change = {way.change}, frame = () => new Promise((next) => requestAnimationFrame(next));
        await frame();
        const start = performance.now();
        change();
        await frame();
        await frame();
        return performance.now() - start;
    }}"""
    return float(page.evaluate(script))


def _by_mouse(page: Any, what: str) -> list[float]:
    """The same for a page whose map is not Leaflet's: with the mouse of the browser."""
    page.evaluate("""() => { const times = window.times = []; let last = performance.now();
        const watch = (now) => { times.push(now - last); last = now; requestAnimationFrame(watch); };
        requestAnimationFrame(watch); }""")
    x, y = MAP[0] / 2, MAP[1] / 2
    page.mouse.move(x, y)
    if what == "pan":
        page.mouse.down()
        for i in range(1, 81):
            far = 14 * (i if i <= 40 else 80 - i)
            page.mouse.move(x - far * 0.6, y - far)
        page.mouse.up()
    else:
        for sign in (-1, -1, -1, 1, 1, 1):
            page.mouse.wheel(0, sign * 100)
            page.wait_for_timeout(350)
    page.wait_for_timeout(400)
    return list(page.evaluate("window.times.slice(1)"))


def _keep(best: dict[str, list[float]], key: str, times: list[float]) -> None:
    """Of several runs the one with the lowest median, then the lowest worst."""

    def rank(each: list[float]) -> tuple[float, float]:
        return statistics.median(each), max(each)

    if key not in best or rank(times) < rank(best[key]):
        best[key] = times


def _say(key: str, times: list[float]) -> str:
    if key in ("first", "change"):
        return f"{times[0] / 1000:.1f} s" if times[0] >= 950 else f"{times[0]:.0f} ms"
    return f"{statistics.median(times):.0f} ms, {max(times):.0f} ms"


if __name__ == "__main__":
    main()
