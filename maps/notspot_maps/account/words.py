"""
How an account of coverage is worded: services, what is counted, shares with both counts, what was varied.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from notspot_coverage.counting.services import LAND, Account, Service
from notspot_coverage.groups import NAMES
from notspot_geodata.text import Text
from notspot_maps.account.rows import Counted
from notspot_maps.drawing.marks import lowered
from notspot_maps.words import BASIS, NOT_APPLICABLE, UNKNOWN, unturned

UNITS: Mapping[str, Text] = {
    "people": Text("人", "people"),
    "households": Text("戶", "households"),
    "area": Text("平方公里", "km²"),
    "places": Text("處", "places"),
    "lines": Text("公里", "km"),
}
WHOLE = ("people", "households", "places")  # counted in whole ones
RATES: Mapping[str, Text] = {
    "people": Text("人口涵蓋率", "population coverage"),
    "households": Text("家戶涵蓋率", "household coverage"),
    "area": Text("面積涵蓋率", "land covered"),
    "places": Text("處所涵蓋率", "places covered"),
    "lines": Text("長度涵蓋率", "length covered"),
}
SUBJECTS: Mapping[str, Text] = {
    LAND: Text("土地面積", "Land"),
    "registered": Text("戶籍人口", "Registered people"),
    "day": Text("日間人口", "People by day"),
    "night": Text("夜間人口", "People by night"),
}
SETTINGS: Mapping[str, Text] = {"outdoor": Text("室外", "outdoor"), "indoor": Text("室內", "indoor")}
VARIED: Mapping[str, Text] = {
    "unknown": Text("無資料", "unknown"),
    "surface": Text("人口分布", "where people are"),
    "edges": Text("邊緣", "edges"),
    "location": Text("地點機率", "places in a cell"),
    "anchors": Text("共用定位點", "shared points"),
}
CHOICES: Mapping[str, Text] = {
    "edges in": Text("邊緣計入", "edges in"),
    "edges out": Text("邊緣不計", "edges out"),
    "edges exact": Text("邊緣依原圖", "edges as drawn"),
    "shared points in": Text("共用定位點計入", "shared points in"),
    "shared points out": Text("共用定位點不計", "shared points out"),
    "shared points as placed": Text("共用定位點依圖", "shared points as placed"),
    "even": Text("人口平均分布", "people spread evenly"),
}
LAST_RESORT = Text("最後手段", "last resort")
KEPT = "\u00a0"  # between a figure and its sign: no line ends there
NOBODY = Text("未具名", "not named")


def service_name(account: Account, service: str) -> Text:
    """The name of a service, or its id."""
    found = account.services.get(service)
    return _inside(found.name if found else Text.of(service))


def service_facts(service: Service) -> Text:
    """What stands behind a service: where it comes from, of when, whose, and of which kind."""
    basis = BASIS.get(service.basis, Text.of(service.basis))
    zh, en = [f"依據：{basis.zh}"], [f"basis: {basis.en}"]
    when = service.as_of or ", ".join(sorted({layer.as_of for layer in service.layers if layer.as_of}))
    zh.append(f"資料時間：{when or UNKNOWN.zh}")
    en.append(f"as of {when or UNKNOWN.en}")
    who = operators_of(service)
    if who:
        zh.append(f"業者：{'、'.join(who)}")
        en.append(f"operators: {', '.join(who)}")
    if service.technology:
        zh.append(f"技術：{service.technology}")
        en.append(service.technology)
    if service.speed_mbps:
        zh.append(f"{service.speed_mbps:,g} Mbps")
        en.append(f"{service.speed_mbps:,g} Mbps")
    setting = SETTINGS.get(service.setting)
    if setting:
        zh.append(setting.zh)
        en.append(setting.en)
    mixed = sorted({layer.basis for layer in service.layers} - {service.basis})
    if mixed:
        zh.append(f"並含{'、'.join(BASIS[basis].zh for basis in mixed)}之圖層")
        en.append(f"with layers of {', '.join(BASIS[basis].en for basis in mixed)}")
    if service.everywhere:
        zh.append("無圖層，依其性質處處可達")
        en.append("no layer: it is everywhere by its nature")
    elif not service.layers:
        zh.append("無圖層，全為無資料")
        en.append("no layer, so all is unknown")
    return Text("；".join(zh), "; ".join(en))


def operators_of(service: Service) -> list[str]:
    """Operators that the service or its layers name."""
    named = set(service.operators)
    for layer in service.layers:
        named |= {layer.operator} if layer.operator else set()
        features = getattr(layer, "points", getattr(layer, "areas", None))
        if features is not None and "operator" in features:
            named |= {str(name) for name in features["operator"].dropna().unique() if str(name)}
    return sorted(named)


def subject_name(account: Account, of: str, subject: str) -> Text:
    """What is counted: 戶籍人口, 步道, …, without its unit."""
    found = account.subjects.get((of, subject))
    return _inside(found.name if found else SUBJECTS.get(subject, Text.of(subject)))


def _inside(name: Text) -> Text:
    """A name as it stands among our words."""
    return Text(unturned(name.zh), unturned(name.en))


def subject_label(account: Account, of: str, subject: str) -> Text:
    """What is counted, with its unit and its date: '戶籍人口（人，2021-03）'."""
    name = subject_name(account, of, subject)
    if of == "households":
        name = Text(f"家戶：{name.zh}", f"Households: {lowered(name.en)}")
    found = account.subjects.get((of, subject))
    unit = UNITS.get(of, Text.of(of))
    when = f"{found.as_of}" if found and found.as_of else ""
    return Text(
        f"{name.zh}（{'，'.join(filter(None, [unit.zh, when]))}）",
        f"{name.en} ({', '.join(filter(None, [unit.en, when]))})",
    )


def rate_name(account: Account, of: str, subject: str) -> Text:
    """The name of a share: '人口涵蓋率（戶籍人口）'."""
    rate = RATES.get(of, Text.of(of))
    if subject == LAND:
        return rate
    name = subject_name(account, of, subject)
    return Text(f"{rate.zh}（{name.zh}）", f"{rate.en} ({lowered(name.en)})")


def area_name(code: str) -> Text:
    """The nation or a group in a chart: the English is short, for narrow screens."""
    name = NAMES[code]
    return Text(name.zh, name.en.removesuffix(" townships"))


def amount(value: float, of: str) -> str:
    """So many people, households, km², places or km, without the unit."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value == 0 or of in WHOLE else f"{value:,.1f}"


def percent(value: float) -> str:
    """'77.1 %'; a share that is not all or nothing is never rounded to it."""
    if math.isnan(value):
        return "–"
    if 0 < value < 0.05:
        return f"<{KEPT}0.1{KEPT}%"
    if 99.95 <= value < 100:
        return f">{KEPT}99.9{KEPT}%"
    return f"{value:.1f}{KEPT}%"


def share(row: Counted) -> Text:
    """A share with both counts, the second of those known: '77.1 %（568／737）'; 無資料, or 不適用 of nothing."""
    if row.is_empty:
        return NOT_APPLICABLE
    if not row.is_known:
        return UNKNOWN
    best, counts = percent(row.best), (amount(row.covered, row.of), amount(row.known, row.of))
    return Text(f"{best}（{counts[0]}／{counts[1]}）", f"{best} ({counts[0]} of {counts[1]})")


def between(row: Counted) -> str:
    """'57.6–62.0 %'; one figure where the bounds meet, a dash where there is nothing."""
    if math.isnan(row.low) or math.isnan(row.high):
        return "–"
    if row.low == row.high:
        return percent(row.low)
    digits = 1 if f"{row.low:.1f}" != f"{row.high:.1f}" else 2
    return f"{row.low:.{digits}f}–{row.high:.{digits}f}{KEPT}%"


def short_share(row: Counted) -> Text:
    """'83.8 %（81.6–85.6 %）', without counts; 無資料, or 不適用 of nothing."""
    if row.is_empty or not row.is_known:
        return NOT_APPLICABLE if row.is_empty else UNKNOWN
    figure, inside = percent(row.best), between(row)
    return Text(f"{figure}（{inside}）", f"{figure} ({inside})") if row.low != row.high else Text.of(figure)


def unknown_part(row: Counted) -> Text:
    """'70,277（0.3 %）' of which nothing is known, and their part of all."""
    if row.is_empty:
        return NOT_APPLICABLE
    count, part = amount(row.unknown, row.of), percent(100 * row.unknown / row.total)
    return Text(f"{count}（{part}）", f"{count} ({part})")


def what_moves(row: Counted) -> Text:
    """
    What was varied, and which choice gave the low and the high bound; that the unknown are not covered in the low
    and covered in the high goes without saying.
    """
    if row.is_empty or math.isnan(row.low):
        return Text("–", "–")
    varied = _listed([VARIED.get(name, Text.of(name)) for name in row.varied.split(", ") if name])
    low, high = _listed(_choices(row.low_by)), _listed(_choices(row.high_by))
    if row.low == row.high:
        return Text(f"{varied.zh}：結果不變", f"{varied.en}: nothing moves it")
    if low == high:
        only = VARIED["unknown"]
        if varied == only:
            return only
        return Text(f"{varied.zh}：只有{only.zh}有別", f"{varied.en}: only {only.en} matters")
    return Text(f"{varied.zh}：下限取{low.zh}，上限取{high.zh}", f"{varied.en}: low {low.en}, high {high.en}")


def _choices(said: str) -> list[Text]:
    out = []
    for part in said.split(", ") if said else []:
        if part.endswith("% of places"):
            number = part.removesuffix(" % of places")
            out.append(Text(f"{number} % 地點達門檻", f"{number} % of places at the threshold"))
        else:
            out.append(CHOICES.get(part, Text(f"人口分布：{part}", f"people by {part}")))
    return out


def _listed(texts: Sequence[Text]) -> Text:
    return Text("、".join(text.zh for text in texts), ", ".join(text.en for text in texts))
