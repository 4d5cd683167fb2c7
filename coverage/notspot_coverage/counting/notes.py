"""
What was concluded in counting: people and figures whose codes and polygons do not meet.
"""

from __future__ import annotations

from collections.abc import Sequence

from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.painting import CODE_DIGITS
from notspot_coverage.counting.services import ByUnit, People, Service
from notspot_geodata.text import Text

LEVELS = {
    "village": Text("村里", "village"),
    "township": Text("鄉鎮市區", "township"),
    "county": Text("縣市", "county"),
}
COUNTERS = {"people": Text("人", "people"), "households": Text("戶", "households")}
SHOWN = 5


def people_notes(lattice: Lattice, people: Sequence[People]) -> list[Text]:
    """Villages with people and without a polygon, and the other way round."""
    out = []
    known = set(lattice.codes)
    for item in people:
        if item.level != "village":
            continue
        of = "people" if "people" in item.counts else "households"
        away = item.counts[~item.counts.index.isin(known)]
        if len(away):
            number = int(away[of].sum())
            out.append(
                Text(
                    f"「{item.name.zh}」有 {len(away):,} 個村里無界線，"
                    f"其 {number:,} {COUNTERS[of].zh}計入所屬鄉鎮市區，列為無資料。",
                    f"{len(away):,} villages of {item.name.en} have no polygon; their {number:,} {of} count as unknown "
                    "in their townships.",
                )
            )
        bare = len(known - set(item.counts.index))
        if bare:
            out.append(
                Text(
                    f"「{item.name.zh}」未列 {bare:,} 個有界線之村里，其人口以 0 計。",
                    f"{bare:,} villages with a polygon are not in {item.name.en}; they count with 0.",
                )
            )
    return out


def figure_notes(lattice: Lattice, services: Sequence[Service]) -> list[Text]:
    """Codes of tables that are no unit here: of another year, or of another level."""
    out = []
    for layer in (layer for service in services for layer in service.layers if isinstance(layer, ByUnit)):
        known = {code[: CODE_DIGITS[layer.level]] for code in lattice.codes}
        strange = sorted(str(code) for code in set(layer.values.index) - known)
        if strange:
            shown = ", ".join(strange[:SHOWN]) + (" …" if len(strange) > SHOWN else "")
            many, level = f"{len(strange):,}", LEVELS[layer.level]
            total = f"{len(layer.values):,}"
            out.append(
                Text(
                    f"圖層「{layer.id}」{total} 個代碼中有 {many} 個非本次界線之{level.zh}，未使用：{shown}",
                    f"{many} of {total} codes of the layer {layer.id} are no {level.en} of these boundaries: {shown}",
                )
            )
    return out
