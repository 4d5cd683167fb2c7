"""
What tests measure on pictures: where words stand, by the advance widths of the font, and how far two images differ.

``python tests/picture_checks.py`` draws the images of tests/golden anew: look at them before they are committed.
"""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from notspot_maps.figures.fonts import advance_em

GOLDEN = Path(__file__).parent / "golden"
MEAN = 0.6  # of 255: what a picture may differ by on average
STRONG, SHARE = 48, 0.001  # a pixel that differs by more is another one; so many of them may be

ASCENT, DESCENT = 0.82, 0.12  # ems above and under the base line that ink of a line takes


@dataclass(frozen=True)
class Line:
    """A line of words and the box of its ink, in the drawing's coordinates: left, top, right, bottom."""

    text: str
    box: tuple[float, float, float, float]

    def meets(self, other: Line, slack: float = 1.0) -> bool:
        a, b = self.box, other.box
        return a[0] + slack < b[2] and b[0] + slack < a[2] and a[1] + slack < b[3] and b[1] + slack < a[3]


def lines_of(svg: str) -> list[Line]:
    """Every line of words of a drawing without percentages."""
    return list(_walk(ET.fromstring(svg), 0.0, 0.0, 1.0))


def _walk(item: ET.Element, x: float, y: float, scale: float) -> Iterator[Line]:
    for name, given in re.findall(r"(\w+)\(([^)]*)\)", item.get("transform", "")):
        numbers = [float(part) for part in re.split(r"[ ,]+", given.strip())]
        if name == "translate":
            x, y = x + scale * numbers[0], y + scale * (numbers[1] if len(numbers) > 1 else 0)
        elif name == "scale":
            scale *= numbers[0]
        else:
            raise AssertionError(f"a transform that is not looked at: {name}")
    if item.tag.endswith("}text"):
        size = float(item.get("font-size", "16"))
        weight = 700 if float(item.get("font-weight", "400")) >= 550 else 400
        width = size * advance_em(item.text or "", weight)
        left = float(item.get("x", "0")) - width * {"middle": 0.5, "end": 1}.get(
            item.get("text-anchor", ""), 0
        )
        base = float(item.get("y", "0"))
        box = (left, base - ASCENT * size, left + width, base + DESCENT * size)
        yield Line(item.text or "", tuple(o + scale * p for o, p in zip((x, y, x, y), box, strict=True)))
    if not item.tag.endswith("}defs"):
        for child in item:
            yield from _walk(child, x, y, scale)


def overlapping(lines: list[Line]) -> list[tuple[str, str]]:
    return [(a.text, b.text) for a, b in itertools.combinations(lines, 2) if a.meets(b)]


def outside(lines: list[Line], width: float, height: float, edge: float) -> list[str]:
    return [
        line.text
        for line in lines
        if line.box[0] < -edge
        or line.box[1] < -edge
        or line.box[2] > width + edge
        or line.box[3] > height + edge
    ]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int16)


def difference(made: bytes, golden: bytes) -> tuple[float, float]:
    """Mean absolute difference of two PNG, 0 to 255, and the share of pixels that differ strongly."""
    a, b = pixels(made), pixels(golden)
    if a.shape != b.shape:
        return float("inf"), 1.0
    apart = np.abs(a - b)
    return float(apart.mean()), float((apart.max(axis=2) > STRONG).mean())


def is_same(made: bytes, golden: bytes) -> bool:
    mean, share = difference(made, golden)
    return mean <= MEAN and share <= SHARE


if __name__ == "__main__":
    from golden_figures import FIGURES, drawn, results

    GOLDEN.mkdir(exist_ok=True)
    run = results()
    for name in FIGURES:
        (GOLDEN / f"{name}.png").write_bytes(drawn(run, name))
        print(name, f"{(GOLDEN / f'{name}.png').stat().st_size / 1000:.1f} kB")
