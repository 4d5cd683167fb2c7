"""
What the maps show, in sentences worked out from the values.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from notspot_coverage.definitions import Indicator
from notspot_coverage.divide import DivideFinding
from notspot_geodata.text import Text
from notspot_maps.classes import Classes
from notspot_maps.drawing.marks import exact
from notspot_maps.words import UNKNOWN


def lowest_class_sentence(
    indicator: Indicator, values: pd.Series[float], classes: Classes, townships: pd.DataFrame
) -> Text:
    """How many townships are in the lowest class, how many of them are remote, who lives there."""
    frame = townships.set_index("town_code")
    known = values.reindex(frame.index).to_numpy(dtype=float)
    found = classes.of(known)
    lower = int(found[found >= 0].min(initial=len(classes.colours)))  # the lowest that holds any
    lowest = found == lower
    count, name = int(lowest.sum()), indicator.name
    if not count:
        return Text(f"{name.zh}：各鄉鎮市區均無資料。", f"{name.en}: unknown in every township.")
    if lower < len(classes.edges):
        edge = exact(classes.edges[lower])
        unit = indicator.unit.zh + (" " if indicator.unit.zh[-1:].isascii() else "")
        zh = f"{name.zh}在 {edge} {unit}以下的鄉鎮市區有 {count} 個"
        have = "1 township has" if count == 1 else f"{count} townships have"
        en = f"{name.en}: {have} {edge} {indicator.unit.en} or less"
    else:
        zh, en = (
            f"{name.zh}：{count} 個鄉鎮市區同在一級",
            f"{name.en}: {count} townships are all in one class",
        )
    if "remote" in frame:
        remote = int((frame["remote"].to_numpy(dtype=bool) & lowest).sum())
        zh, en = f"{zh}，其中 {remote} 個是偏遠鄉鎮市區", f"{en}, {remote} of them remote"
    if {"population", "area_km2"} <= set(frame.columns):
        people, land = (_share(frame[column], lowest) for column in ("population", "area_km2"))
        zh += f"，人口占{people.zh.rstrip()}，土地占{land.zh.rstrip()}"
        en += f"; {people.en} of the people live there, on {land.en} of the land"
    return Text(zh + "。", en + ".")


def cluster_sentence(finding: DivideFinding, townships: pd.DataFrame) -> Text:
    """How many townships are in clusters of high and of low values and in which counties most of them lie."""
    columns = [column for column in ("town_code", "county", "county_en") if column in townships]
    frame = finding.clusters.merge(pd.DataFrame(townships[columns]), on="town_code", how="left")
    english = dict(zip(frame["county"], frame.get("county_en", frame["county"]), strict=True))
    zh, en = [], []
    for kind, words in (("LL", Text("低值", "low")), ("HH", Text("高值", "high"))):
        inside = frame[frame["kind"] == kind]
        if len(inside):
            counts = inside["county"].value_counts()
            most = sorted(counts.index, key=lambda county: (-counts[county], county))[:2]
            zh.append(f"{words.zh}群聚 {len(inside)} 個鄉鎮市區，最多在{'、'.join(most)}")
            where = " and ".join(str(english[county]) for county in most)
            en.append(f"{len(inside)} townships in clusters of {words.en} values, most of them in {where}")
    name = finding.name
    if not zh:
        return Text(f"{name.zh}：沒有顯著的空間群聚。", f"{name.en}: no significant local cluster.")
    moran = ""
    if not math.isnan(finding.moran_i):
        p = "" if math.isnan(finding.moran_p) else f", p = {finding.moran_p:.3f}"
        moran = f"Moran's I = {finding.moran_i:.2f}{p}".replace("-", "−")
    return Text(
        f"{name.zh}：{'；'.join(zh)}{f'（{moran}）' if moran else ''}。",
        f"{name.en}: {'; '.join(en)}{f' ({moran})' if moran else ''}.",
    )


def _share(column: pd.Series[float], members: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Text:
    values = column.to_numpy(dtype=float)
    whole = float(np.nansum(values))
    share = 100 * float(np.nansum(values[members])) / whole if whole else math.nan
    if math.isnan(share):
        return UNKNOWN
    return (
        Text("不到 0.1 % ", "less than 0.1 %")
        if 0 < share < 0.1
        else Text(f" {share:.1f} % ", f"{share:.1f} %")
    )
