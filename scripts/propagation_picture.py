"""
Draw docs/propagation.png: the loss around one station in a mountain valley, at 700 MHz and at 3.5 GHz.

Needs the test terrain (the raster of the main island), Pillow, and a font with Chinese characters that fontconfig
knows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import bench_propagation as bench
from notspot_geodata.terrain import SEA, open_terrain

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

STATION = (296_050.0, 2_626_850.0)  # EPSG:3826, in the town of Fenglin
NAME = "花東縱谷鳳林 · East Rift Valley at Fenglin"
RADIUS_M, CELL_M, RIM_M = 20_000.0, 100.0, 50.0
PANELS = (("LTE 700 MHz", 0), ("NR 3.5 GHz", 1))
BANDS_GHZ = (0.7, 3.5)
EDGES_DB = (100.0, 110.0, 120.0, 130.0, 140.0, 150.0)
COLOURS = ("#0a2f6b", "#1f64b4", "#4ea3d8", "#3fae8f", "#a9d98a", "#f7df80")  # up to each edge
INK, PALE, PAPER = "#1f2430", "#5a6273", "#ffffff"

PANEL, GAP, EDGE = 780, 28, 36  # pixels
HEAD, FOOT = 128, 150


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description="Draw the coverage picture of docs/propagation.md.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/propagation.png")
    given = parser.parse_args()
    picture(*STATION).save(given.out, optimize=True)
    print(f"{given.out}: {given.out.stat().st_size / 1e3:.0f} kB")


def picture(x: float, y: float) -> Image.Image:
    """Both bands beside each other over shaded terrain."""
    from shared_data import ROOT as SHARED

    terrain = open_terrain(SHARED / "data/terrain/taiwan_interpolated_100m.tif")
    reach = RADIUS_M + 1000
    window = terrain.window(x - reach, y - reach, x + reach, y + reach)
    w = bench.World(
        window.heights_m, window.resolution_m, np.empty((0, 0), np.float32), window.zones, window.west_m,
        window.north_m, x, y,
    )  # fmt: skip
    loss = bench.swept(w, RADIUS_M, CELL_M, RIM_M, 50.0, BANDS_GHZ)
    ground, sea = backdrop(w, loss.shape[1])
    image = Image.new("RGB", (2 * EDGE + 2 * PANEL + GAP, HEAD + PANEL + FOOT), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((EDGE, 20), f"基本傳輸損耗 · Basic transmission loss — {NAME}", INK, font(29, bold=True))
    height = float(w.heights[int((w.north - y) / w.dem_m), int((x - w.west) / w.dem_m)])
    draw.text(
        (EDGE, 64),
        f"ITU-R P.1812，時間 50 %，天線離地 30 m，接收 1.5 m，站址海拔 {height:,.0f} m · "
        f"50 % of time, antenna 30 m, receiver 1.5 m above ground, site at {height:,.0f} m",
        PALE,
        font(18),
    )
    for (label, band), left in zip(PANELS, (EDGE, EDGE + PANEL + GAP), strict=True):
        image.paste(panel(loss[band], ground, sea), (left, HEAD))
        caption(draw, left, label)
    scale_bar(draw)
    legend(draw)
    return image


def backdrop(w: bench.World, side: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Shade of 0 to 1 with the light from the north-west, and where the sea is; shape (side, side)."""
    rows = w.north - (w.y + RADIUS_M) + (np.arange(side) + 0.5) * CELL_M
    columns = w.x - RADIUS_M + (np.arange(side) + 0.5) * CELL_M - w.west
    pick = np.ix_((rows / w.dem_m).astype(int), (columns / w.dem_m).astype(int))
    south, east = np.gradient(w.heights.astype(np.float64), w.dem_m)
    steep = np.sqrt(1 + 1.5**2 * (south**2 + east**2))
    light = (np.sqrt(0.5) + 1.5 * 0.5 * (south + east)) / steep
    return np.clip(light, 0, 1)[pick], (w.zones == SEA)[pick]


def panel(loss: NDArray[np.float64], shade: NDArray[np.float64], sea: NDArray[np.bool_]) -> Image.Image:
    """One band: classes of loss over the shaded terrain."""
    palette = np.array([rgb(c) for c in COLOURS])
    bare = np.where(sea[..., None], rgb("#d5dfe8"), rgb("#e9e6e1"))
    known = np.isfinite(loss)
    where = np.digitize(np.where(known, loss, np.inf), EDGES_DB, right=True)
    cover = np.where((where < len(EDGES_DB))[..., None], palette[np.minimum(where, len(COLOURS) - 1)], bare)
    covered = where < len(EDGES_DB)  # shaded less, so that the classes stay those of the legend
    lit = np.where(sea, 1.0, np.where(covered, 0.75 + 0.3 * shade, 0.55 + 0.5 * shade))[..., None]
    colour = np.clip(cover * lit, 0, 255)
    colour = np.where(known[..., None], colour, 255 - (255 - colour) * 0.45)
    pixels = Image.fromarray(colour.astype(np.uint8), "RGB")
    return pixels.resize((PANEL, PANEL), Image.Resampling.NEAREST)


def caption(draw: ImageDraw.ImageDraw, left: int, label: str) -> None:
    """Frame, name of the band and the station's place."""
    draw.rectangle((left, HEAD, left + PANEL - 1, HEAD + PANEL - 1), outline=PALE)
    face = font(24, bold=True)
    wide = draw.textlength(label, face)
    draw.rectangle((left, HEAD, left + wide + 28, HEAD + 44), PAPER, PALE)
    draw.text((left + 14, HEAD + 4), label, INK, face)
    x, y = left + PANEL / 2, HEAD + PANEL / 2
    draw.ellipse((x - 8, y - 8, x + 8, y + 8), "#e4002b", PAPER, 3)


def scale_bar(draw: ImageDraw.ImageDraw) -> None:
    """10 km, on the first panel."""
    length = PANEL * 10_000 / (2 * RADIUS_M)
    left, base = EDGE + 18, HEAD + PANEL - 22
    draw.rectangle((left - 10, base - 36, left + length + 10, base + 12), PAPER, PALE)
    for k in range(4):
        ends = (left + k * length / 4, base - 4, left + (k + 1) * length / 4, base + 4)
        draw.rectangle(ends, INK if k % 2 == 0 else PAPER, INK)
    for km in (0, 5, 10):
        at = left + length * km / 10
        draw.text(
            (at, base - 8),
            f"{km} km" if km == 10 else f"{km}",
            INK,
            font(15),
            anchor="rs" if km == 10 else "ms",
        )


def legend(draw: ImageDraw.ImageDraw) -> None:
    """The classes with their edges in dB."""
    top = HEAD + PANEL + 22
    wide, tall = 148, 26
    draw.text((EDGE, top - 3), "損耗 · loss (dB)", INK, font(20, bold=True))
    first = EDGE + 190
    none = "> " + f"{EDGES_DB[-1]:g}"
    names = [f"≤ {EDGES_DB[0]:g}"]
    names += [f"{a:g}–{b:g}" for a, b in pairwise(EDGES_DB)]
    for k, (colour, name) in enumerate(zip((*COLOURS, "#e9e6e1"), [*names, none], strict=True)):
        left = first + k * (wide + 8)
        draw.rectangle((left, top, left + wide, top + tall), colour, PALE)
        draw.text((left + wide / 2, top + tall + 6), name, INK, font(18), anchor="ma")
    notes = (
        "紅點：基地臺。半徑 20 km，網格 100 m；圓外（淡色）未預測。地形為內插的近似值。",
        "Red: the station. Radius 20 km, cells of 100 m; pale outside the circle: not predicted. Approximate, "
        "interpolated terrain.",
    )
    for k, note in enumerate(notes):
        draw.text((EDGE, top + 66 + 26 * k), note, PALE, font(17))


def rgb(colour: str) -> NDArray[np.float64]:
    """Red, green and blue, 0 to 255, of #rrggbb."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64)


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """A font with the characters of Taiwan, found by fontconfig."""
    asked = f"Noto Sans CJK TC:{'bold' if bold else 'regular'}"
    found = subprocess.run(
        ["fc-match", "-f", "%{file}\n%{index}", asked], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return ImageFont.truetype(found[0], size, index=int(found[1]))


if __name__ == "__main__":
    main()
