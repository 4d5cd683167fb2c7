"""
What charts show, in sentences. Each is worked out from the numbers, and turns round when they do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from notspot_coverage.definitions import Indicator
from notspot_coverage.divide import DivideFinding
from notspot_coverage.groups import GROUPS, PARTITION
from notspot_geodata.text import Text
from notspot_maps.drawing.marks import lowered
from notspot_maps.words import number

WEAK, STRONG = 0.2, 0.5  # of a rank correlation, between 'hardly', 'somewhat' and 'clearly'


def compared(a: float, b: float) -> Text:
    """How `a` stands to `b`, the 後者 of the sentence; for amounts that are not below 0."""
    if number(a) == number(b):
        return Text("與後者相同", "the same as")
    if b == 0:
        return Text("較高", "more than")
    ratio = a / b
    if ratio >= 1.5:
        return Text(f"是後者的 {ratio:,.1f} 倍", f"{ratio:,.1f} times")
    if ratio >= 0.5:
        change = abs(100 * (ratio - 1))
        shown = f"{change:.0f}" if change >= 1 else f"{change:.1f}"
        side = Text("高", "above") if ratio > 1 else Text("低", "below")
        return Text(f"比後者{side.zh} {shown} %", f"{shown} % {side.en}")
    share = f"{100 * ratio:.0f}" if ratio >= 0.1 else f"{100 * ratio:.1f}"
    return Text(f"只有後者的 {share} %", f"only {share} % of")


def gap_sentence(divide: DivideFinding) -> Text:
    """Remote beside non-remote townships, then the highest and lowest group of the partition."""
    groups = divide.groups.set_index("group")
    unit, name = divide.unit, divide.name
    zh, en = f"{name.zh}：", f"{name.en}: "
    a, b = (float(groups["value"].get(code, math.nan)) for code in ("remote", "non_remote"))
    if math.isnan(a) or math.isnan(b):
        missing = [code for code, value in (("remote", a), ("non_remote", b)) if math.isnan(value)]
        who = Text(
            "、".join(GROUPS[code].zh for code in missing),
            " and ".join(GROUPS[code].en.lower() for code in missing),
        )
        zh += f"{who.zh}無資料，無法比較"
        en += f"{who.en} are unknown, so nothing can be compared"
    else:
        how = compared(a, b)
        zh += f"偏遠鄉鎮市區 {number(a)} {unit.zh}，非偏遠 {number(b)}，前者{how.zh}"
        en += f"{number(a)} {unit.en} in remote townships, {how.en} the {number(b)} in non-remote ones"
        if _is_open(groups, a, b):
            zh += "（計入無資料者之上下限後，孰高孰低不能確定）"
            en += " (with the unknown at their bounds, which is higher is not certain)"
    known = groups.loc[[code for code in PARTITION if code in groups.index], "value"].dropna().astype(float)
    if len(known) > 1 and known.max() > known.min():
        high, low = str(known.idxmax()), str(known.idxmin())
        zh += f"。各類中最高為{GROUPS[high].zh}（{number(known[high])}），"
        zh += f"最低為{GROUPS[low].zh}（{number(known[low])}）"
        en += f". Of the {len(known)} kinds, {GROUPS[high].en.lower()} have the most ({number(known[high])}) "
        en += f"and {GROUPS[low].en.lower()} the least ({number(known[low])})"
    if divide.unknown:
        count = len(divide.unknown)
        zh += f"。{count} 個鄉鎮市區無資料"
        en += f". {count} township{' is' if count == 1 else 's are'} unknown"
    return Text(zh + "。", en + ".")


def without_unit(name: Text) -> Text:
    """A name without the unit in brackets behind it: '面積（平方公里）' is '面積'."""
    return Text(name.zh.split("（")[0], name.en.split(" (")[0])


def _is_open(groups: pd.DataFrame, a: float, b: float) -> bool:
    """Whether the bounds of the two groups leave open which is higher."""
    if a == b:
        return False
    higher, lower = ("remote", "non_remote") if a > b else ("non_remote", "remote")
    least, most = float(groups["low"].get(higher, math.nan)), float(groups["high"].get(lower, math.nan))
    return not (math.isnan(least) or math.isnan(most)) and least < most


def lorenz_sentence(divide: DivideFinding) -> Text:
    """What the half with the least has, and the Gini coefficient."""
    curve = divide.lorenz[["people_share", "value_share"]].to_numpy(dtype=float)
    curve = curve[~np.isnan(curve).any(axis=1)]
    if len(curve) < 2 or math.isnan(divide.gini):
        return Text(
            f"{divide.name.zh}：無資料，無法計算分布。",
            f"{divide.name.en}: unknown, so no spread can be worked out.",
        )
    half = 100 * float(np.interp(0.5, curve[:, 0], curve[:, 1]))
    weight = without_unit(divide.weight_name)
    return Text(
        f"{divide.name.zh}最低的鄉鎮市區合計占一半的{weight.zh}，只占總量的 {half:.1f} %（均等時為 50 %）；"
        f"吉尼係數 {divide.gini:.3f}。",
        f"{divide.name.en}: the townships with the least that hold half of the {weight.en} have "
        f"{half:.1f} % of the total (50 % if it were equal); Gini coefficient {divide.gini:.3f}.",
    )


def correlation_sentence(drawn: pd.DataFrame, x: Text, y: Text, unknown: int) -> Text:
    """Whether `y` rises or falls with `x` (Spearman's rank correlation)."""
    rank = drawn["x"].rank().corr(drawn["y"].rank()) if len(drawn) > 2 else math.nan
    left = Text(f"；{unknown} 個無資料" if unknown else "", f"; {unknown} unknown" if unknown else "")
    x_zh, x_en = without_unit(x).zh, lowered(without_unit(x).en)
    if math.isnan(rank):
        return Text(
            f"{y.zh}：資料不足，無法看出與{x_zh}之關係{left.zh}。",
            f"{y.en}: too little is known to relate it to {x_en}{left.en}.",
        )
    shown = f"{rank:.2f}".replace("-", "−")
    count = len(drawn)
    if abs(rank) < WEAK:
        zh, en = f"{y.zh}與{x_zh}幾乎無關", f"{y.en} hardly depends on {x_en}"
    else:
        side = Text("愈高", "rises") if rank > 0 else Text("愈低", "falls")
        how = Text("", "clearly ") if abs(rank) >= STRONG else Text("大致", "somewhat ")
        zh, en = f"{x_zh}愈高，{y.zh}{how.zh}{side.zh}", f"{y.en} {how.en}{side.en} with {x_en}"
    return Text(
        f"{zh}（等級相關 {shown}，{count} 個鄉鎮市區{left.zh}）。",
        f"{en} (rank correlation {shown}, {count} townships{left.en}).",
    )


def target_sentence(shown: Sequence[Indicator]) -> Text:
    """How many targets are reached, and by how many percentage points each is passed or missed."""
    if not shown:
        return Text(
            "沒有同時公布數值與目標的指標。", "No indicator has both a published figure and a target."
        )
    zh, en, reached = [], [], 0
    for one in shown:
        assert one.official_2021 is not None
        assert one.target_2025 is not None
        apart = one.official_2021 - one.target_2025
        done = apart >= 0 if one.better != "lower" else apart <= 0
        reached += done
        figure, points = f"{one.official_2021:g} %", f"{abs(apart):.4g}"
        side = Text("高於目標", "above") if apart > 0 else Text("低於目標", "below")
        if apart == 0:
            zh.append(f"{one.name.zh} {figure}，恰為目標")
            en.append(f"{one.name.en} {figure}, just at its target")
        else:
            zh.append(f"{one.name.zh} {figure}，{side.zh} {points} 個百分點")
            en.append(f"{one.name.en} {figure}, {points} percentage points {side.en} its target")
    were = "was" if reached == 1 else "were"
    head = Text(
        f"{len(shown)} 項 2025 年目標中，2021 年已達 {reached} 項：",
        f"Of {len(shown)} target{'' if len(shown) == 1 else 's'} for 2025, {reached} {were} "
        "reached in 2021: ",
    )
    return Text(head.zh + "；".join(zh) + "。", head.en + "; ".join(en) + ".")
