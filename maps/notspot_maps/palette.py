"""
Colours, all of them safe for colour-blind readers, and which of them a number of classes takes.
"""

from __future__ import annotations

import numpy as np

from notspot_geodata.errors import NotFoundError

# ColorBrewer 2.0 (C. Brewer, M. Harrower), YlGnBu: light for little, dark for much; also fit for print
YLGNBU = {
    2: ("#c7e9b4", "#2c7fb8"),
    3: ("#edf8b1", "#7fcdbb", "#2c7fb8"),
    4: ("#ffffcc", "#a1dab4", "#41b6c4", "#225ea8"),
    5: ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494"),
    6: ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494"),
    7: ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#0c2c84"),
}
# ColorBrewer 2.0, PuOr: orange below, purple above, near white in the middle
PUOR = {
    2: ("#f1a340", "#998ec3"),
    3: ("#f1a340", "#f7f7f7", "#998ec3"),
    4: ("#e66101", "#fdb863", "#b2abd2", "#5e3c99"),
    5: ("#e66101", "#fdb863", "#f7f7f7", "#b2abd2", "#5e3c99"),
    6: ("#b35806", "#f1a340", "#fee0b6", "#d8daeb", "#998ec3", "#542788"),
    7: ("#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788"),
}
# Nuñez, Anderton, Renslow (2018), PLoS ONE 13(7): e0199239; 13 even steps of matplotlib's table
CIVIDIS = (
    "#00224e",
    "#003170",
    "#2a3f6d",
    "#434e6c",
    "#575d6d",
    "#6a6c71",
    "#7d7c78",
    "#918b78",
    "#a59c74",
    "#bcae6c",
    "#d2c060",
    "#e9d34e",
    "#fee838",
)
# van der Walt, Smith (2015), matplotlib's default; 13 even steps
VIRIDIS = (
    "#440154",
    "#481f70",
    "#443983",
    "#3b528b",
    "#31688e",
    "#287c8e",
    "#21918c",
    "#20a486",
    "#35b779",
    "#5ec962",
    "#90d743",
    "#c8e020",
    "#fde725",
)
# Okabe, Ito (2008), Color Universal Design: eight colours that differ for every kind of colour vision
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")

UNKNOWN_FILL, UNKNOWN_HATCH = "#ededed", "#7b7b7b"  # grey is in none of the scales
INK, ACCENT, PAPER, SEA = "#1f2933", "#0b5c8a", "#ffffff", "#eef2f4"

SEQUENTIAL = ("ylgnbu", "cividis", "viridis")
DIVERGING = ("puor",)


def colours(name: str, count: int) -> tuple[str, ...]:
    """
    Hex colours of `count` classes, for little to much.

    Parameters
    ----------
    name
        ``ylgnbu``, ``cividis``, ``viridis`` (one direction) or ``puor`` (around a middle).
    count
        1 to 7.
    """
    if not 1 <= count <= 7:
        raise NotFoundError(f"no palette has {count} classes; 1 to 7 can be told apart")
    if name in ("ylgnbu", "puor"):
        table = YLGNBU if name == "ylgnbu" else PUOR
        return (table[5][2] if name == "ylgnbu" else table[5][4],) if count == 1 else table[count]
    if name in ("cividis", "viridis"):
        steps = CIVIDIS if name == "cividis" else VIRIDIS
        at = np.linspace(0, len(steps) - 1, count) if count > 1 else [len(steps) // 2]
        return tuple(steps[round(place)] for place in at)
    raise NotFoundError(f"no palette '{name}'; there are {', '.join((*SEQUENTIAL, *DIVERGING))}")


def rim(colour: str) -> str:
    """
    The colour of the line that touches a swatch of `colour`: `INK`, or `PAPER` (with ink outside it) round a
    dark one.

    Five classes cannot all differ by 3:1 from each other (3 to the power of 4 is more than 21); each of them
    differs by 3:1 from its rim, so that where one swatch ends is seen by everybody (WCAG 2.1, 1.4.11).
    """
    return INK if contrast(colour, INK) >= 3 else PAPER


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.1)."""
    linear = []
    for at in (1, 3, 5):
        part = int(colour[at : at + 2], 16) / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
