"""
The report's section on who is covered: what `Account` counted, in tables, charts and sentences.

The words that stand around them are in assets/account.html.j2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from notspot_coverage.counting.services import Account
from notspot_coverage.groups import GROUPS, NATION
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.account.charts import Line, interval_chart
from notspot_maps.account.indicators import SHOWN, account_id, with_account
from notspot_maps.account.lists import Gaps, Names, Ranks, gaps_of, ranks_of
from notspot_maps.account.operators import notspot_chart, roaming_chart, several, single_note
from notspot_maps.account.rows import Counted, Key, upper_rows
from notspot_maps.account.words import (
    LAST_RESORT,
    UNITS,
    amount,
    area_name,
    between,
    percent,
    rate_name,
    service_facts,
    service_name,
    share,
    short_share,
    subject_label,
    unknown_part,
    what_moves,
)
from notspot_maps.drawing.static_map import township_chart
from notspot_maps.drawing.svg import Chart, identifier
from notspot_maps.page_tables import Cell, Figure, Grid, Head, charted, plain_cell
from notspot_maps.report.text import atlas_view
from notspot_maps.words import UNKNOWN

TITLE = Text("誰在涵蓋範圍內", "Who is covered")
ANCHOR = "covered"
ORDER = ("people", "households", "places", "area", "lines")  # what leads where there are several
DRAWN = (NATION, *(code for code in GROUPS if code != "rest"))


@dataclass(frozen=True, slots=True)
class Block:
    """A service in the table: what stands behind it, and a row a subject."""

    name: Text
    facts: Text
    flag: Text | None
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class AccountSection:
    """
    What the template draws.

    Attributes
    ----------
    empty
        Said in place of everything else where there is nothing to say.
    charts, more
        Shares by group: of the leading subject a chart a service, of every subject a table one click away.
    operators
        Not-spots by kind and what roaming would solve, a pair a service.
    """

    title: Text
    empty: Text | None
    summary: Text
    heads: Sequence[Head]
    blocks: Sequence[Block]
    map: Figure | None
    charts: Sequence[Figure]
    more: Sequence[tuple[Text, Grid]]
    operators: Sequence[tuple[Text, Sequence[Figure]]]
    single: Text | None
    gaps: Sequence[Gaps]
    ranks: Sequence[Ranks]
    notes: Sequence[Text]


def account_section(results: Results) -> AccountSection | None:
    """The section of a run that has an account, else None."""
    account = results.account
    if account is None:
        return None
    names = Names.of(results)
    keyed = upper_rows(account.table)
    leading = {service: _leading([key for key in keyed if key[0] == service]) for service, _, _ in keyed}
    others = dict.fromkeys((of, subject) for _, of, subject in keyed)
    return AccountSection(
        title=TITLE,
        empty=None if keyed else Text("本次未計算任何服務之涵蓋。", "No service was counted in this run."),
        summary=_summary(account, keyed, leading),
        heads=HEADS,
        blocks=_blocks(account, keyed),
        map=_map(results, account, leading, keyed),
        charts=[charted(_interval(account, key, keyed[key]), _view(key)) for key in leading.values()],
        more=[_by_group(account, keyed, of, subject) for of, subject in others],
        operators=[
            (
                service_name(account, service),
                [charted(notspot_chart(account, service)), charted(roaming_chart(account, service))],
            )
            for service in several(account)
        ],
        single=single_note(account),
        gaps=gaps_of(account, names),
        ranks=ranks_of(account, names),
        notes=account.notes,
    )


def _leading(keys: Sequence[Key]) -> Key:
    return min(keys, key=lambda key: ORDER.index(key[1]) if key[1] in ORDER else len(ORDER))


def _view(key: Key) -> str:
    """Where the atlas shows it; nowhere what is not counted by township."""
    return atlas_view(account_id(*key)) if key[1] in SHOWN else ""


# ------------------------------------------------------------------ the table

HEADS = [
    Head(Text("對象", "Of what")),
    Head(Text("涵蓋率（涵蓋／已知）", "Covered (of those known)"), number=True),
    Head(Text("下限–上限", "Low–high"), number=True),
    Head(Text("無資料（占全部）", "Unknown (of all)"), number=True),
    Head(Text("變動之假設", "What was varied")),
]


def _blocks(account: Account, keyed: Mapping[Key, Mapping[str, Counted]]) -> list[Block]:
    out: dict[str, list[Sequence[Cell]]] = {}
    for (service, of, subject), rows in keyed.items():
        if NATION in rows:
            row = rows[NATION]
            cells = [
                subject_label(account, of, subject),
                share(row),
                between(row),
                unknown_part(row),
                what_moves(row),
            ]
            out.setdefault(service, []).append([plain_cell(cell) for cell in cells])
    blocks = []
    for service, lines in out.items():
        found = account.services.get(service)
        facts = service_facts(found) if found else Text("", "")
        flag = LAST_RESORT if found and found.last_resort else None
        blocks.append(Block(service_name(account, service), facts, flag, lines))
    return blocks


def _summary(account: Account, keyed: Mapping[Key, Mapping[str, Counted]], leading: dict[str, Key]) -> Text:
    """The widest and narrowest reach among the services, and how many are not known at all."""
    known: list[tuple[float, Text, Counted]] = []
    blank = 0
    for service, key in leading.items():
        row = keyed[key].get(NATION)
        if row is None or not row.is_known:
            blank += 1
            continue
        found = account.services.get(service)
        if not (found and found.last_resort):
            known.append((row.best, service_name(account, service), row))
    zh, en = f"共 {len(leading)} 項服務", f"{len(leading)} service{'' if len(leading) == 1 else 's'} counted"
    if known:
        low, high = min(known, key=lambda k: k[0]), max(known, key=lambda k: k[0])
        zh += f"：全國涵蓋率最高為{high[1].zh} {share(high[2]).zh}"
        en += f": {high[1].en} reaches most of the nation, {share(high[2]).en}"
        if low[1] != high[1]:
            zh += f"，最低為{low[1].zh} {share(low[2]).zh}"
            en += f"; {low[1].en} least, {share(low[2]).en}"
    if blank:
        zh += f"；{blank} 項無資料"
        en += f"; {blank} of them unknown"
    return Text(zh + "。", en + ".")


# ------------------------------------------------------------------ shares by group


def _interval(account: Account, key: Key, rows: Mapping[str, Counted]) -> Chart:
    service, of, subject = key
    shown = DRAWN if any(row.is_known for row in rows.values()) else (NATION,)
    lines = [Line(area_name(code), rows[code], strong=code == "remote") for code in shown if code in rows]
    name, rate = service_name(account, service), rate_name(account, of, subject)
    found = account.services.get(service)
    flag = (
        Text(f"〔{LAST_RESORT.zh}〕", f" [{LAST_RESORT.en}]") if found and found.last_resort else Text("", "")
    )
    title = Text(f"{name.zh}：各類地區之{rate.zh}", f"{name.en}: {rate.en} by kind of area")
    finding = _divide_sentence(Text(name.zh + flag.zh, name.en + flag.en), rate, of, rows)
    return interval_chart(identifier(f"share-{service}-{of}-{subject}"), title, finding, lines)


def _by_group(
    account: Account, keyed: Mapping[Key, Mapping[str, Counted]], of: str, subject: str
) -> tuple[Text, Grid]:
    """A table of one subject: a row a service, a column a kind of area."""
    heads = [Head(Text("服務", "Service")), *(Head(area_name(code), number=True) for code in DRAWN)]
    rows = []
    for (service, *what), by_code in keyed.items():
        if what == [of, subject]:
            cells = [short_share(by_code[code]) if code in by_code else UNKNOWN for code in DRAWN]
            rows.append([plain_cell(cell) for cell in (service_name(account, service), *cells)])
    return subject_label(account, of, subject), Grid(heads, rows)


def _map(
    results: Results,
    account: Account,
    leading: Mapping[str, Key],
    keyed: Mapping[Key, Mapping[str, Counted]],
) -> Figure | None:
    """The first service that parts people: what it reaches in each township."""
    for service, key in leading.items():
        found, nation = account.services.get(service), keyed[key].get(NATION)
        if key[1] not in SHOWN or nation is None or not nation.is_known or (found and found.last_resort):
            continue
        return charted(township_chart(with_account(results), account_id(*key)), _view(key))
    return None


def _divide_sentence(name: Text, rate: Text, of: str, rows: Mapping[str, Counted]) -> Text:
    """Remote beside non-remote townships, whether the bounds leave the order open, and how much is unknown."""
    a, b, nation = rows.get("remote"), rows.get("non_remote"), rows.get(NATION)
    zh, en = f"{name.zh}，{rate.zh}：", f"{name.en}, {rate.en}: "
    if a is not None and b is not None and a.is_known and b.is_known:
        apart = a.best - b.best
        zh += f"偏遠鄉鎮市區 {share(a).zh}，非偏遠 {share(b).zh}，"
        en += f"{share(a).en} in remote townships, {share(b).en} in the others, "
        if f"{abs(apart):.1f}" == "0.0":
            zh, en = zh + "兩者相當", en + "about the same"
        else:
            zh += f"前者{'高' if apart > 0 else '低'} {abs(apart):.1f} 個百分點"
            en += f"the former {abs(apart):.1f} percentage points {'more' if apart > 0 else 'less'}"
            if a.meets(b):
                zh += "（計入上下限後，孰高孰低不能確定）"
                en += " (within their bounds, which is higher is not certain)"
    elif nation is not None and nation.is_known:
        zh += f"全國 {share(nation).zh}；偏遠與非偏遠無法比較"
        en += f"{share(nation).en} of the nation; remote and other areas cannot be compared"
    elif nation is not None and nation.is_empty:
        return Text(f"{zh}沒有可計之對象。", f"{en}there is nothing to count.")
    else:
        return Text(f"{zh}{UNKNOWN.zh}。", f"{en}{UNKNOWN.en}.")
    if nation is not None and nation.unknown > 0:
        unit, count = UNITS.get(of, Text.of(of)), amount(nation.unknown, of)
        part = percent(100 * nation.unknown / nation.total)
        zh += f"。全國另有 {count} {unit.zh}（{part}）無資料"
        en += f". Nothing is known of {count} {unit.en} ({part})"
    return Text(zh + "。", en + ".")
