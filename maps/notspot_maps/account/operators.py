"""
What an account says of operators: people by kind of not-spot, and who would be reached by roaming.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from notspot_coverage.counting.services import Account
from notspot_coverage.groups import NAMES, NATION
from notspot_geodata.text import Text
from notspot_maps.account.charts import Kind, Stack, operator_kinds, stacked_chart
from notspot_maps.account.words import NOBODY, area_name, percent, service_name, subject_name
from notspot_maps.drawing.marks import BLUE, lowered
from notspot_maps.drawing.svg import Chart, identifier
from notspot_maps.words import UNKNOWN

DRAWN = (NATION, "remote", "non_remote")  # the other groups stand in the table
SAID = 3  # operators that a sentence names

ROAMING: Mapping[str, Kind] = {
    "covered": Kind(Text("該業者有涵蓋", "covered by this operator"), BLUE, ink="#ffffff"),
    "solved": Kind(Text("該業者未涵蓋，可漫遊至他業者", "not covered, solved by roaming"), "dots"),
    "left": Kind(Text("該業者未涵蓋，漫遊亦無法或未知", "not covered, not known to be solved"), "rise"),
    "unknown": Kind(UNKNOWN, "hatch"),
}


def several(account: Account) -> list[str]:
    """Services of which more than one operator is counted, in the account's order."""
    if account.roaming.empty:
        return []
    counts = account.roaming.groupby("service", sort=False)["operator"].nunique()
    return [str(service) for service in counts.index[counts > 1]]


def notspot_chart(account: Account, service: str) -> Chart:
    """How many people how many operators of a service reach: the nation, remote and non-remote townships drawn."""
    rows = _first_subject(account.notspots, service)
    count = int(rows["operators"].max())
    found = _people_by_kind(rows)
    kinds = operator_kinds(count)
    stacks = [
        Stack(area_name(code), _summary(parts, count), parts)
        for code, parts in found.items()
        if code in DRAWN
    ]
    name = service_name(account, service)
    who = subject_name(account, "people", str(rows["subject"].iloc[0]))
    title = Text(f"{name.zh}：訊號盲點人數", f"{name.en}: people by kind of not-spot")
    first = Text(f"地區（{who.zh}）", f"Area ({lowered(who.en)})")
    table: dict[Text, Any] = {first: [area_name(code) for code in found]}
    for key, kind in kinds.items():
        table[kind.label] = pd.Series([round(parts.get(key, 0)) for parts in found.values()])
    finding = _notspot_sentence(name, found, count)
    prefix = identifier(f"notspots-{service}")
    return stacked_chart(prefix, title, finding, kinds, stacks, pd.DataFrame(table))


def roaming_chart(account: Account, service: str) -> Chart:
    """Whom each operator of a service reaches, and whom roaming on another's network would reach; the nation drawn."""
    rows = _first_subject(account.roaming, service)
    nation = rows[rows["code"] == NATION].sort_values("operator")
    stacks = [_operator_stack(row) for _, row in nation.iterrows()]
    name = service_name(account, service)
    title = Text(f"{name.zh}：漫遊可解決之人數", f"{name.en}: people whom roaming would reach")
    shown = rows[rows["code"].isin(NAMES)]
    table = pd.DataFrame(
        {
            Text("業者", "Operator"): [operator_name(str(o)) for o in shown["operator"]],
            Text("地區", "Area"): [area_name(str(code)) for code in shown["code"]],
            Text("人口", "People"): _whole(shown["people"]),
            Text("有涵蓋", "Covered"): _whole(shown["covered"]),
            Text("未涵蓋", "Not covered"): _whole(shown["not_covered"]),
            Text("其中可漫遊", "Of these, solved by roaming"): _whole(shown["solved"]),
            UNKNOWN: _whole(shown["unknown"]),
        }
    )
    finding = _roaming_sentence(name, nation)
    return stacked_chart(identifier(f"roaming-{service}"), title, finding, ROAMING, stacks, table)


def operator_name(operator: str) -> Text:
    """An operator as readers see it; layers may name none."""
    return Text.of(operator) if operator else NOBODY


def single_note(account: Account) -> Text | None:
    """Which services have one operator only, so that no not-spot of theirs is partial."""
    some = set(several(account))
    services = dict.fromkeys(map(str, account.roaming["service"])) if len(account.roaming) else {}
    single = [service_name(account, service) for service in services if service not in some]
    if not single:
        return None
    return Text(
        f"只有一家業者、不分完全或部分訊號盲點：{'、'.join(text.zh for text in single)}。",
        f"One operator only, so that no not-spot is partial: {', '.join(text.en for text in single)}.",
    )


# ------------------------------------------------------------------ parts and sentences


def _first_subject(frame: pd.DataFrame, service: str) -> pd.DataFrame:
    own = frame[(frame["service"] == service) & frame["level"].isin(["nation", "group"])]
    first: pd.DataFrame = own[own["subject"] == own["subject"].iloc[0]]
    return first


def _people_by_kind(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """People by kind of part, of the nation and the groups in their order."""
    found: dict[str, dict[str, float]] = {}
    for code, kind, operators, people in rows[["code", "kind", "operators", "people"]].itertuples(
        index=False, name=None
    ):
        part = str(kind) if kind in ("complete", "unknown") else f"operators-{operators}"
        own = found.setdefault(str(code), {})
        own[part] = own.get(part, 0.0) + float(people)
    return {code: found[code] for code in NAMES if code in found}


def _whole(column: pd.Series[float]) -> pd.Series[int]:
    return column.round().astype("int64").reset_index(drop=True)


def _summary(parts: Mapping[str, float], count: int) -> Text:
    total = sum(parts.values())
    if not total > 0:
        return Text("–", "–")
    partial = sum(parts.get(f"operators-{k}", 0.0) for k in range(1, count))
    a, b = percent(100 * parts.get("complete", 0.0) / total), percent(100 * partial / total)
    return Text(f"完全 {a}　部分 {b}", f"complete {a} · partial {b}")


def _notspot_sentence(name: Text, found: Mapping[str, Mapping[str, float]], count: int) -> Text:
    parts = found.get(NATION, {})
    total = sum(parts.values())
    if not total > 0:
        return Text(f"{name.zh}：沒有人口可計。", f"{name.en}: there are no people to count.")
    if parts.get("unknown", 0.0) == total:
        return Text(f"{name.zh}：全部無資料。", f"{name.en}: all of it is unknown.")
    partial = sum(parts.get(f"operators-{k}", 0.0) for k in range(1, count))

    def said(value: float) -> Text:
        share = percent(100 * value / total)
        return Text(f"{value:,.0f} 人（{share}）", f"{value:,.0f} ({share})")

    complete, some, every = map(
        said, (parts.get("complete", 0.0), partial, parts.get(f"operators-{count}", 0.0))
    )
    zh = f"{name.zh}：{complete.zh}在完全訊號盲點，{some.zh}在部分訊號盲點，{every.zh}有全部 {count} 家業者涵蓋"
    en = f"{name.en}: {complete.en} people are in complete not-spots, {some.en} in partial ones; "
    en += f"all {count} operators reach {every.en}"
    if unknown := parts.get("unknown", 0.0):
        zh += f"；{said(unknown).zh}無資料"
        en += f"; {said(unknown).en} are unknown"
    groups = [found.get(code, {}) for code in ("remote", "non_remote")]
    if all(sum(group.values()) > 0 for group in groups):
        a, b = (percent(100 * group.get("complete", 0.0) / sum(group.values())) for group in groups)
        zh += f"。完全訊號盲點占偏遠鄉鎮市區人口 {a}，非偏遠 {b}"
        en += f". Complete not-spots hold {a} of the people of remote townships, {b} of the others"
    return Text(zh + "。", en + ".")


def _operator_stack(row: pd.Series[Any]) -> Stack:
    left = float(row["not_covered"]) - float(row["solved"])
    parts = {"covered": float(row["covered"]), "solved": float(row["solved"]), "left": left}
    total = float(row["people"])
    said = percent(100 * float(row["covered"]) / total) if total > 0 else "–"
    figure = UNKNOWN if total > 0 and row["unknown"] == total else Text(f"涵蓋 {said}", f"covers {said}")
    return Stack(operator_name(str(row["operator"])), figure, parts | {"unknown": float(row["unknown"])})


def _roaming_sentence(name: Text, nation: pd.DataFrame) -> Text:
    lacking = nation[nation["not_covered"] > 0]
    lacking = lacking.sort_values(["solved", "operator"], ascending=[False, True])
    if lacking.empty:
        return Text(
            f"{name.zh}：沒有業者有已知之未涵蓋人口，漫遊無可解決。",
            f"{name.en}: no operator is known to leave anyone out, so roaming has nothing to solve.",
        )
    zh, en = _said(lacking[:SAID])
    more = len(lacking) - SAID
    rest = Text(f"；其餘 {more} 家見表", f"; for {more} more see the table") if more > 0 else Text("", "")
    return Text(
        f"{name.zh}，若可漫遊至他業者網路：{'；'.join(zh)}{rest.zh}。",
        f"{name.en}, with roaming on other networks: {'; '.join(en)}{rest.en}.",
    )


def _said(rows: pd.DataFrame) -> tuple[Sequence[str], Sequence[str]]:
    zh, en = [], []
    for _, row in rows.iterrows():
        who = operator_name(str(row["operator"]))
        not_covered, solved = float(row["not_covered"]), float(row["solved"])
        part = percent(100 * solved / not_covered)
        zh.append(f"{who.zh}未涵蓋之 {not_covered:,.0f} 人中，{solved:,.0f} 人（{part}）可獲涵蓋")
        en.append(
            f"{solved:,.0f} of the {not_covered:,.0f} people that {who.en} does not reach ({part}) would be"
        )
    return zh, en
