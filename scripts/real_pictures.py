"""
The three pictures of docs/real-runs.md, drawn as SVG with the project's own drawing and made PNG by Chromium.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from PIL import Image

from notspot_coverage.counting.rasters import values_at
from notspot_coverage.counting.services import Raster
from notspot_coverage.results import Results
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text
from notspot_geodata.vectors import read_geo
from notspot_maps.classes import classes
from notspot_maps.drawing.map_shapes import FINE, MAIN, MAP_HEIGHT, WIDTH, Placed, sheet
from notspot_maps.drawing.marks import across, axis, bar, mark, track
from notspot_maps.drawing.static_map import choropleth_svg
from notspot_maps.drawing.svg import SOFT, drawing, element, percent, plain, words
from notspot_maps.palette import INK, OKABE_ITO
from real_communities import Distances
from real_studies import LTE_DBM, PLACES, TRAILS

FONT = "'Noto Sans CJK TC', 'Noto Sans TC', sans-serif"
DETAIL = 1.0  # of simplification, drawing units
LAND = "#f4f1ea"
WUQIU = "09020060"  # which has an inset of its own
VILLAGE_DETAIL = 0.5
STEP_M = 50.0  # between points along a trail
SCALE = 2  # pixels of the picture for one of the page
STYLE = f"""
body {{ margin: 0; padding: 22px 26px; background: #fff; color: {INK} }}
body, svg, svg text {{ font-family: {FONT} }}
h1 {{ font-size: 20px; margin: 0 0 4px }}
h2 {{ font-size: 14px; font-weight: 400; margin: 0 0 14px; color: {SOFT} }}
p {{ font-size: 12.5px; margin: 3px 0; color: {SOFT} }}
.row {{ display: flex; gap: 26px; align-items: flex-start }}
.panel {{ flex: 1; min-width: 0 }}
.panel svg {{ max-width: 100% !important }}
.en {{ display: none }}
"""
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def both(zh: str, en: str) -> Text:
    """One line in both languages, for a picture that shows them together."""
    return Text.of(f"{zh} · {en}")


def render(
    path: Path, title: str, under: str, panels: Sequence[str], notes: Iterable[str], width: int
) -> None:
    """Panels beside each other under a title, with notes below, as one PNG."""
    from playwright.sync_api import sync_playwright

    cells = "".join(f"<div class=panel>{svg}</div>" for svg in panels)
    said = "".join(f"<p>{plain(note)}</p>" for note in notes)
    page = (
        f"<!doctype html><meta charset=utf-8><style>body{{width:{width}px}}{STYLE}</style>"
        f"<h1>{plain(title)}</h1><h2>{plain(under)}</h2><div class=row>{cells}</div>{said}"
    )
    with TemporaryDirectory() as folder, sync_playwright() as play:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        found = next((name for name in BROWSERS if Path(name).exists()), None)
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        view = browser.new_page(device_scale_factor=SCALE, viewport={"width": width + 52, "height": 400})
        view.goto(file.as_uri())
        view.screenshot(path=str(path), full_page=True)
        browser.close()
    with Image.open(path) as picture:  # flat colours: 256 are enough, and a third of the bytes
        small = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


# ------------------------------------------------------------------ maps


@dataclass(frozen=True, slots=True)
class Page:
    """Where things of EPSG:3826 stand on the part of a map that shows the main island."""

    placed: list[Placed]
    west: float
    north: float
    left: float
    top: float
    unit_m: float

    @classmethod
    def of(cls, townships: gpd.GeoDataFrame) -> Page:
        """The sheet of static maps (`map_shapes.sheet`), and the same placing for points and lines."""
        placed = sheet(townships, DETAIL)
        codes = townships["town_code"].astype(str)
        west, south, east, north = townships[codes.map(MAIN.of)].to_crs(MAIN.crs).total_bounds
        x, y, width, height = MAIN.box
        unit = next(part.unit_km for part in placed if part.frame is MAIN) * 1000
        left, top = x + (width - (east - west) / unit) / 2, y + (height - (north - south) / unit) / 2
        return cls(placed, west, north, left, top, unit)

    def at(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Drawing units of points in EPSG:3826, shape (n, 2)."""
        out: NDArray[np.float64] = np.column_stack(
            [
                self.left + (xy[:, 0] - self.west) / self.unit_m,
                self.top + (self.north - xy[:, 1]) / self.unit_m,
            ]
        )
        return out

    def land(self, fills: Mapping[str, str] | None = None) -> list[str]:
        """Townships (of one colour without `fills`), county borders and a scale bar of the main island."""
        main = next(part for part in self.placed if part.frame is MAIN)
        shapes = [
            element("path", d=path, fill=(fills or {}).get(code, LAND)) for code, path in main.paths.items()
        ]
        paint = {"stroke": "#d5cfc2", "stroke_width": 2, "stroke_linejoin": "round"}
        scale = f"scale({1 / FINE:g})"
        border = element("path", d=main.counties, fill="none", stroke="#9aa3ab", stroke_width=4)
        length = 50 / main.unit_km
        foot = MAP_HEIGHT - 10
        return [
            element("g", *shapes, transform=scale, **paint),
            element("g", border, transform=scale),
            element("path", d=f"M10 {foot - 4}v4h{length:.1f}v-4", fill="none", stroke=INK),
            words(10 + length + 5, foot + 1, Text.of("50 km"), size=11, fill=SOFT),
        ]


def legend(entries: Sequence[tuple[str, Text]], x: float, y: float) -> list[str]:
    """Marks (markup that begins at 0, 0) with their labels, one below the other."""
    out = []
    for at, (sign, label) in enumerate(entries):
        row = y + 17 * at
        out.append(element("g", sign, transform=f"translate({x:g} {row:g})"))
        out.append(words(x + 14, row + 4, label, size=11.5))
    return out


def dot(x: float, y: float, colour: str, size: float = 2.6) -> str:
    """A point on a map."""
    return element("circle", cx=x, cy=y, r=size, fill=colour, stroke="#ffffff", stroke_width=0.5)


# ------------------------------------------------------------------ the pictures

FAR_EDGES = (0.25, 0.5, 1.0, 2.0, 5.0)
FAR_COLOURS = ("#253494", "#2c7fb8", "#41b6c4", "#fecc5c", "#f07f1f", "#bd0026")


def communities(
    path: Path, townships: gpd.GeoDataFrame, found: Distances, rows: pd.DataFrame, official: float
) -> None:
    """Communities by distance to the nearest hotspot, and their shares by range with bounds."""
    page = Page.of(townships)
    frame = found.frame
    xy = page.at(shapely.get_coordinates(frame.geometry.to_numpy()))
    km = frame["all"].to_numpy()
    where = np.digitize(km, FAR_EDGES, right=True)
    body = page.land()
    body += [dot(*xy[i], FAR_COLOURS[where[i]]) for i in np.argsort(km, kind="stable")]
    names = [f"≤ {FAR_EDGES[0]:g} km"]
    names += [f"{a:g}–{b:g} km" for a, b in pairwise(FAR_EDGES)] + [f"> {FAR_EDGES[-1]:g} km"]
    counts = np.bincount(where, minlength=len(FAR_COLOURS))
    entries = [
        (dot(0, 0, colour, 4), Text.of(f"{name}（{count}）"))
        for colour, name, count in zip(FAR_COLOURS, names, counts, strict=True)
    ]
    body.append(words(4, 24, Text.of("部落距最近熱點（各類）"), weight=600))
    body.append(words(4, 40, Text.of("community to nearest hotspot of any kind"), size=11, fill=SOFT))
    body += legend(entries, 10, 60)
    title = both("部落與熱點", "Communities and hotspots")
    left = drawing(
        "real-a-map", title, title, body, height=MAP_HEIGHT, view=(WIDTH, MAP_HEIGHT), max_width=560
    )
    right = _ranges(rows, official)
    far, total, lost = int((km > 1).sum()), int(rows["total"].iloc[0]), int(rows["unknown"].iloc[0])
    render(
        path,
        f"{far} 個部落距任何熱點逾 1 公里 · {far} communities are over 1 km from any hotspot",
        f"核定部落 2022-07（{total}），iTaiwan 熱點 2025-11 · {total} communities of 2022-07, hotspots of 2025-11",
        [left, right],
        (
            f"部落座標為錨點（學校、派出所等）；{lost} 個座標有誤者不在圖上，計為無資料。",
            f"Points of communities are anchors (a school, a police station …); {lost} whose point is wrong are "
            "not on the map and count as unknown.",
        ),
        1000,
    )


def _ranges(rows: pd.DataFrame, official: float) -> str:
    """Best estimate and bounds by range, both kinds of hotspots, the official share as a line."""
    kinds = {
        "community": (both("部落熱點", "community hotspots"), OKABE_ITO[0], "circle"),
        "all": (both("各類熱點", "hotspots of all kinds"), OKABE_ITO[5], "diamond"),
    }
    body: list[str] = []
    y = 30.0
    at = percent(across(official, 100.0))
    last = y + len(kinds) * (32 + 52 * 4) + 4
    body.append(element("line", x1=at, x2=at, y1=y - 6, y2=last, stroke=INK, stroke_dasharray="5 4"))
    body.append(
        words("100%", 14, both("官方 2021", f"official {official:.1f} %"), anchor="end", size=12, fill=SOFT)
    )
    for kind, (name, colour, shape) in kinds.items():
        y += 32
        body.append(words("0", y - 8, name, weight=600, halo=True))
        for radius in (100, 250, 500, 1000):
            row = rows.loc[f"{kind}_{radius}"]
            y += 52
            said = f"{row['best']:.1f} %（{row['low']:.1f}–{row['high']:.1f}）"
            body.append(words("0", y - 24, Text.of(f"{radius:,} m"), size=12, fill=SOFT, halo=True))
            body.append(words("62%", y - 24, Text.of(said), anchor="end", size=12, halo=True))
            body.append(track(y - 10))
            body.append(bar(row["low"], row["high"], 100.0, y - 13, 6, fill=colour, fill_opacity=0.35))
            body.append(mark(shape, percent(across(row["best"], 100.0)), y - 10, colour))  # type: ignore[arg-type]
    body += axis(100.0, last, both("% 部落", "% of communities"))
    title = both("各距離內之部落比率", "Communities within each range")
    return drawing("real-a-bars", title, title, body, height=last + 46)


SHARES = (50.0, 80.0, 90.0, 95.0, 99.0)
WIDTHS = (1.0, 5.0, 10.0, 25.0, 50.0)


def villages(path: Path, results: Results, service: str = "lte_indoor") -> None:
    """Share of people covered by village, and how wide its bounds are."""
    assert results.account is not None
    rows = results.account.table
    rows = rows[(rows["service"] == service) & (rows["of"] == "people") & (rows["level"] == "village")]
    rows = rows.set_index("code")
    units = _as_townships(results)
    name = results.account.services[service].name
    synthetic = Text.of("合成站點 · synthetic sites")
    known = rows["unknown"] <= rows["total"] / 2
    shown = rows["best"].where(known)
    best = choropleth_svg(
        units, shown, classes(shown, "fixed", edges=SHARES), title=name,
        unit=both("最佳估計，% 人口", "best estimate, % of people"), source=synthetic, prefix="best",
        detail=VILLAGE_DETAIL,
    )  # fmt: skip
    width = (rows["high"] - rows["low"]).where(known & rows["best"].notna())
    wide = choropleth_svg(
        units, width, classes(width, "fixed", edges=WIDTHS, palette="cividis"), title=name,
        unit=both("上限減下限，百分點", "high minus low, percentage points"), source=synthetic, prefix="wide",
        detail=VILLAGE_DETAIL,
    )  # fmt: skip
    people = rows["total"].where(rows["high"] - rows["low"] > WIDTHS[-2], 0).sum() / rows["total"].sum()
    render(
        path,
        f"{name.zh}（合成站點） · {name.en} (synthetic sites)",
        f"{len(results.villages):,} 個村里；{100 * people:.1f} % 人口所在村里上下限相差逾 {WIDTHS[-2]:g} 個百分點 · "
        f"{100 * people:.1f} % of people live in villages with bounds over {WIDTHS[-2]:g} points apart",
        [best, wide],
        (
            "左：最佳估計；右：人口分布、網格邊緣、地點比率與無資料所致之差距。斜線：過半人口無資料（無地形或在預測半徑外）。",
            "Left: best estimate. Right: what the surface of people, cell edges, 50 / 90 / 95 % of places and the "
            "unknown make of it. Hatched: more than half unknown (no terrain, or beyond all radii).",
        ),
        980,
    )


def _as_townships(results: Results) -> gpd.GeoDataFrame:
    """Villages in the columns of townships, for a map of townships; 烏坵 whole, as its inset is."""
    own = results.villages[["village_code", "village", "town_code", "county_code", "county", "geometry"]]
    far = own["town_code"] == WUQIU
    units = own[~far].assign(town_code=own["village_code"], town=own["village"])
    whole = results.townships.loc[results.townships["town_code"] == WUQIU]
    columns = ["town_code", "town", "county_code", "county", "geometry"]
    return gpd.GeoDataFrame(pd.concat([units[columns], whole[columns]], ignore_index=True), crs=own.crs)


STATES = {1: "#0072b2", 0: "#d55e00", 2: "#7b8794"}  # covered, not covered, unknown
SIGNS = {
    "schools": "#e69f00",
    "shelters": "#cc79a7",
    "police": "#56b4e9",
    "fire": "#000000",
    "hospitals": "#009e73",
}


def trails(path: Path, data: Path, results: Results, rasters: Mapping[str, Mapping[str, Path]]) -> None:
    """Trails in and out of 4G outdoors, and the places that 4G indoors does not reach."""
    assert results.account is not None
    page = Page.of(results.townships)
    rows = results.account.table
    nation = rows[(rows["level"] == "nation") & (rows["of"] == "lines")].set_index("service").loc["lte"]
    xy, status = trail_pieces(data, rasters["4G"].values())
    spots = page.at(xy)
    left = page.land()
    for state in (1, 2, 0):
        here = spots[status == state]
        left.append(
            "".join(
                element("circle", cx=x, cy=y, r=1.4 if state else 2.0, fill=STATES[state]) for x, y in here
            )
        )
    words_of = {
        1: f"有涵蓋 · covered, {nation['covered']:.1f} km",
        0: f"未涵蓋 · not covered, {nation['not_covered']:.1f} km",
        2: f"無資料 · unknown, {nation['unknown']:.1f} km",
    }
    left += [
        words(4, 24, both("步道", "trails"), weight=600),
        words(4, 40, Text.of("4G 戶外 · outdoors"), size=11, fill=SOFT),
    ]
    left += legend([(dot(0, 0, STATES[k], 4), Text.of(said)) for k, said in words_of.items()], 10, 60)
    right = page.land()
    gaps = results.account.gaps
    gaps = gaps[(gaps["service"] == "lte_indoor") & (gaps["kind"] == "place") & (gaps["not_covered"] > 0)]
    entries = []
    for subject, colour in SIGNS.items():
        mine = gaps[gaps["subject"] == subject]
        right += [
            dot(*page.at(np.array([[x, y]]))[0], colour, 3.2) for x, y in _where(data, subject, mine["code"])
        ]
        _, zh, en, _ = PLACES[subject]
        entries.append((dot(0, 0, colour, 4), Text.of(f"{zh} · {en}, {len(mine)}")))
    right += [
        words(4, 24, both("未涵蓋之場所", "places not covered"), weight=600),
        words(4, 40, Text.of("4G 戶內 · indoors"), size=11, fill=SOFT),
        *legend(entries, 10, 60),
    ]
    title = both("步道與場所", "Trails and places")
    panels = [
        drawing(
            f"real-c-{side}", title, title, body, height=MAP_HEIGHT, view=(WIDTH, MAP_HEIGHT), max_width=560
        )
        for side, body in (("trails", left), ("places", right))
    ]
    render(
        path,
        f"步道 {nation['total']:.0f} 公里中，{nation['not_covered']:.0f} 公里不在 4G 推估範圍 · "
        f"{nation['not_covered']:.0f} of {nation['total']:.0f} km of trails outside modelled 4G",
        "任一業者，最佳估計；站點為合成 · any operator, best estimate; the sites are synthetic",
        panels,
        (),
        980,
    )


def trail_pieces(data: Path, rasters: Iterable[Path]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points every `STEP_M` along the trails in EPSG:3826, and whether any operator covers them (`STATES`)."""
    lines = read_geo(data / TRAILS, to_crs="EPSG:3826").geometry.explode(index_parts=False)
    points = [shapely.get_coordinates(shapely.segmentize(line, STEP_M)) for line in lines]
    xy = np.concatenate(points)
    yes, unknown = np.zeros((2, len(xy)), np.bool_)
    for raster in rasters:
        layer = Raster(id="level", path=raster, quantity="rsrp_dbm", at_least=LTE_DBM)
        values = values_at(layer, xy[:, 0], xy[:, 1])
        yes |= values >= LTE_DBM
        unknown |= np.isnan(values)
    return xy, np.where(yes, 1, np.where(unknown, 2, 0))


def _where(data: Path, subject: str, ids: pd.Series[str]) -> NDArray[np.float64]:
    """Positions in EPSG:3826 of places by their id in an account: the file's own, or their number among the usable."""
    frame = read_geo(data / PLACES[subject][0], to_crs="EPSG:3826", ledger=Ledger(), allow_rejects=True)
    own = frame["id"].astype(str) if "id" in frame else pd.Series(range(1, len(frame) + 1)).astype(str)
    return shapely.get_coordinates(frame.geometry[own.isin(set(ids)).to_numpy()].to_numpy())
