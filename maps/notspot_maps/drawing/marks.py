"""
Scales and marks that charts are made of. Positions across are shares of the width, written as percentages.
"""

from __future__ import annotations

import math
from typing import Literal

from notspot_geodata.text import Text
from notspot_maps.drawing.svg import LINE, SOFT, element, percent, words
from notspot_maps.palette import OKABE_ITO

BLUE, VERMILLION = OKABE_ITO[0], OKABE_ITO[5]  # 5.2:1 and 3.7:1 on white
LEFT, RIGHT = 0.02, 0.97  # of the width, between which marks stand
SHORT = 0.62  # a label to the right of this share of the width stands left of its mark


def ticks(top: float, count: int = 5) -> list[float]:
    """Round figures from 0 to `top`, about so many of them."""
    if not top > 0:
        return [0.0]
    rough = top / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [step * i for i in range(int(top / step + 1e-9) + 1)]


def top_of(values: list[float]) -> float:
    known = [float(value) for value in values if not math.isnan(float(value))]
    return max(known, default=0.0) * 1.04 or 1.0


def across(value: float, top: float) -> float:
    return LEFT + (RIGHT - LEFT) * value / top


def bar(low: float, high: float, top: float, y: float, height: float, **paint: object) -> str:
    start, end = across(low, top), across(high, top)
    return element("rect", x=percent(start), width=percent(max(end - start, 0)), y=y, height=height, **paint)


def track(y: float) -> str:
    return element("line", x1=percent(LEFT), x2=percent(RIGHT), y1=y, y2=y, stroke=LINE)


def mark(
    shape: Literal["circle", "diamond", "triangle"], x: str, y: float, colour: str, size: float = 7
) -> str:
    if shape == "circle":
        return element("circle", cx=x, cy=y, r=size - 1, fill=colour, stroke="#ffffff", stroke_width=1.5)
    outline = {
        "diamond": f"M0 -{size + 1}L{size + 1} 0L0 {size + 1}L-{size + 1} 0Z",
        "triangle": f"M0 -{size}L{size} {size - 1}H-{size}Z",
    }[shape]
    path = element("path", d=outline, fill=colour, stroke="#ffffff", stroke_width=1.2)
    return element("svg", path, x=x, y=y, overflow="visible")  # a path takes no percentages


def beside(value: float, top: float, y: float, text: Text, *, fill: str) -> str:
    share = across(value, top)
    right = share > SHORT
    return words(
        percent(share), y, text, anchor="end" if right else "start", dx=-4 if right else 4, size=12, fill=fill
    )


def labelled(zh: str, en: str, figure: str) -> Text:
    return Text(f"{zh} {figure}", f"{en} {figure}")


def axis(top: float, y: float, unit: Text) -> list[str]:
    out = []
    for tick in ticks(top, 4):
        at = percent(across(tick, top))
        out.append(element("line", x1=at, x2=at, y1=y, y2=y + 5, stroke=SOFT))
        last = across(tick, top) > 0.93  # half of it would be cut off
        label = Text.of(exact(tick))
        out.append(
            words(
                at,
                y + 19,
                label,
                anchor="end" if last else "middle",
                dx=8 if last else None,
                size=12,
                fill=SOFT,
            )
        )
    return [*out, words("100%", y + 38, unit, anchor="end", size=12, fill=SOFT)]


def exact(value: float) -> str:
    return f"{value:,.6g}" if abs(value) < 100_000 else f"{value:,.0f}"


def lowered(text: str) -> str:
    """For the middle of a sentence: 'download speed' but '4G', 'Wi-Fi' and 'NCC' as they are."""
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first[1:].islower() else text
