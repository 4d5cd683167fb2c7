"""
Lists of an account: who is not reached in remote areas, and which places are worst whatever is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from notspot_coverage.counting.services import Account
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.account.indicators import SHOWN, account_id
from notspot_maps.account.words import percent, rate_name, service_name
from notspot_maps.page_tables import Cell, Grid, Head, plain_cell
from notspot_maps.report.text import atlas_link
from notspot_maps.words import UNKNOWN

LISTED = 30  # rows of a list; all of them stand in gaps.csv
WORST = {"county": 3, "township": 10}  # how many are 'the worst'
NAMED = 5  # that a sentence names
RANKED = 20  # rows of a table of ranks
LEVELS = {
    "county": Text("縣市", "Counties and cities"),
    "township": Text("鄉鎮市區", "Townships"),
}
NONE = Text("無", "none")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of units in both languages."""

    by_code: Mapping[str, Text]
    english: Mapping[str, str]  # by the full Chinese name

    @classmethod
    def of(cls, results: Results) -> Names:
        """Counties, townships and villages of a run."""
        counties, towns, villages = results.counties, results.townships, results.villages
        out = dict(
            zip(
                counties["county_code"].astype(str),
                map(Text, counties["county"], _en(counties, "county")),
                strict=True,
            )
        )
        full = _en(towns, "town") + ", " + _en(towns, "county")
        out |= dict(
            zip(towns["town_code"].astype(str), map(Text, towns["county"] + towns["town"], full), strict=True)
        )
        full = _en(villages, "village") + ", " + _en(villages, "town") + ", " + _en(villages, "county")
        zh = villages["county"] + villages["town"] + villages["village"]
        out |= dict(zip(villages["village_code"].astype(str), map(Text, zh, full), strict=True))
        return cls(out, {text.zh: text.en for text in out.values()})

    def __call__(self, code: object, name: object) -> Text:
        """The name of a unit; `name` where the code is not of this run."""
        return self.by_code.get(str(code)) or self.said(name)

    def said(self, name: object) -> Text:
        """A full Chinese name with its English one."""
        return Text(str(name), self.english.get(str(name), str(name)))


def _en(frame: pd.DataFrame, of: str) -> pd.Series[str]:
    zh: pd.Series[str] = frame[of].astype(str)
    return frame[f"{of}_en"].fillna(zh).astype(str) if f"{of}_en" in frame else zh


@dataclass(frozen=True, slots=True)
class Gaps:
    """Whom a service does not reach in remote areas."""

    name: Text
    finding: Text
    villages: Grid | None
    places: Grid | None


def gaps_of(account: Account, names: Names) -> list[Gaps]:
    """One block a service that leaves anything out, or of which something is unknown."""
    if account.gaps.empty:
        return []
    return [
        _gaps(service_name(account, str(service)), rows, names)
        for service, rows in account.gaps.groupby("service", sort=False)
    ]


def _gaps(name: Text, rows: pd.DataFrame, names: Names) -> Gaps:
    remote = rows[rows["remote"].eq(True)]
    villages, places = (remote[remote["kind"] == kind] for kind in ("village", "place"))
    known = villages[villages["not_covered"] > 0].sort_values(
        ["not_covered", "code"], ascending=[False, True], kind="stable"
    )
    lacking = places[places["not_covered"] > 0].sort_values(
        ["distance_km", "code"], ascending=[False, True], kind="stable", na_position="first"
    )
    finding = _gap_sentence(name, rows, villages, known, places, lacking, names)
    return Gaps(
        name,
        finding,
        _village_grid(known[:LISTED], names) if len(known) else None,
        _place_grid(lacking[:LISTED], names) if len(lacking) else None,
    )


def _gap_sentence(
    name: Text,
    rows: pd.DataFrame,
    villages: pd.DataFrame,
    known: pd.DataFrame,
    places: pd.DataFrame,
    lacking: pd.DataFrame,
    names: Names,
) -> Text:
    zh, en = [], []
    if rows["kind"].eq("village").any():
        if len(known):
            first = known.iloc[0]
            where = names(first["code"], first["name"])
            people = known["not_covered"].sum()
            zh.append(
                f"{len(known):,} 個偏遠村里涵蓋不及已知人口之半，其中 {people:,.0f} 人未涵蓋，"
                f"最多為{where.zh}（{first['not_covered']:,.0f} 人）"
            )
            en.append(
                f"less than half of those known are covered in {len(known):,} remote villages, where {people:,.0f} "
                f"people are not; most of them in {where.en} ({first['not_covered']:,.0f})"
            )
        else:
            zh.append("沒有已知未涵蓋之偏遠村里")
            en.append("no remote village is known to be left out")
        blank = villages[~(villages["not_covered"] > 0)]
        if len(blank):
            people = blank["unknown"].sum()
            zh.append(f"另有 {len(blank):,} 個偏遠村里無資料（{people:,.0f} 人）")
            en.append(f"{len(blank):,} more are unknown ({people:,.0f} people)")
    if rows["kind"].eq("place").any():
        unknown = len(places) - len(lacking)
        zh.append(
            f"偏遠地區有 {len(lacking):,} 處地點未涵蓋" + (f"，{unknown:,} 處無資料" if unknown else "")
        )
        en.append(
            f"{len(lacking):,} places in remote areas are not covered"
            + (f", {unknown:,} are unknown" if unknown else "")
        )
    return Text(f"{name.zh}：{'；'.join(zh)}。", f"{name.en}: {'; '.join(en)}.")


def _village_grid(rows: pd.DataFrame, names: Names) -> Grid:
    heads = [
        Head(Text("村里", "Village")),
        Head(Text("未涵蓋／已知（人）", "Not covered, of those known"), number=True),
        Head(Text("最近有涵蓋之村里", "Nearest village served")),
        Head(Text("距離（公里）", "Distance (km)"), number=True),
        Head(Text("原因", "Why")),
    ]
    out = []
    for _, row in rows.iterrows():
        known = row["people"] - row["unknown"]
        said = Text(f"{row['not_covered']:,.0f}／{known:,.0f}", f"{row['not_covered']:,.0f} of {known:,.0f}")
        link = ""
        if str(row["code"]) in names.by_code:
            link = atlas_link(account_id(row["service"], "people", row["subject"]), str(row["code"]))
            link += "&l=village"
        out.append([Cell(names(row["code"], row["name"]), link), Cell(said), *_reach(row, names)])
    return Grid(heads, out)


def _place_grid(rows: pd.DataFrame, names: Names) -> Grid:
    heads = [
        Head(Text("地點", "Place")),
        Head(Text("鄉鎮市區", "Township")),
        Head(Text("最近有涵蓋之處", "Nearest place served")),
        Head(Text("距離（公里）", "Distance (km)"), number=True),
        Head(Text("原因", "Why")),
    ]
    out = []
    for _, row in rows.iterrows():
        town = UNKNOWN if pd.isna(row["town"]) else names.said(f"{row['county']}{row['town']}")
        out.append([plain_cell(row["name"] or row["code"]), Cell(town), *_reach(row, names)])
    return Grid(heads, out)


def _reach(row: pd.Series[Any], names: Names) -> list[Cell]:
    nearest = names.said(row["nearest"]) if row["nearest"] and not pd.isna(row["nearest"]) else NONE
    away = "–" if pd.isna(row["distance_km"]) else f"{row['distance_km']:,.1f}"
    why = Text(str(row["why_zh"]) or UNKNOWN.zh, str(row["why_en"]) or UNKNOWN.en)
    return [Cell(nearest), plain_cell(away), Cell(why)]


# ------------------------------------------------------------------ ranks


@dataclass(frozen=True, slots=True)
class Ranks:
    """The worst units by one share."""

    name: Text
    findings: list[Text]
    tables: list[tuple[Text, Grid]]


def ranks_of(account: Account, names: Names) -> list[Ranks]:
    """One block a service: its first people (or what else it has), counties and townships."""
    out: list[Ranks] = []
    if account.ranking.empty:
        return out
    by_service = dict(iter(account.ranking.groupby("service", sort=False)))
    order = [service for service in account.services if service in by_service]
    for service in dict.fromkeys([*order, *by_service]):
        rows = by_service[service]
        of, subject = _leading(rows)
        own = rows[(rows["of"] == of) & (rows["subject"] == subject)]
        rate = rate_name(account, of, subject)
        title = service_name(account, str(service))
        name = Text(f"{title.zh}：{rate.zh}", f"{title.en}: {rate.en}")
        findings, tables = [], []
        for level, count in WORST.items():
            ranked = own[own["level"] == level]
            if len(ranked) > count:
                findings.append(_rank_sentence(ranked, LEVELS[level], count, names))
                if not _is_even(ranked):
                    tables.append((LEVELS[level], _rank_grid(ranked, LEVELS[level], count, names)))
        if findings:
            out.append(Ranks(name, findings, tables))
    return out


def _leading(rows: pd.DataFrame) -> tuple[str, str]:
    order = ("people", "households", "places", "area")
    of = next((of for of in order if rows["of"].eq(of).any()), str(rows["of"].iloc[0]))
    return of, str(rows.loc[rows["of"] == of, "subject"].iloc[0])


def _is_even(ranked: pd.DataFrame) -> bool:
    return bool(ranked["best"].max() == ranked["best"].min())


def _rank_sentence(ranked: pd.DataFrame, level: Text, count: int, names: Names) -> Text:
    if _is_even(ranked):
        value = percent(float(ranked["best"].iloc[0]))
        return Text(
            f"{level.zh}：全部同為 {value}，無高低之分。",
            f"{level.en}: all are at {value}, so none is the worst.",
        )
    always = ranked[ranked["rank_high"] <= count]
    depends = ranked[(ranked["rank_low"] <= count) & (ranked["rank_high"] > count)]
    a, b = _list(always, names), _list(depends, names)
    if len(always):
        zh = f"無論如何假設都在最低 {count} 名之內的是{a.zh}"
        en = f"among the {count} lowest whatever is assumed are {a.en}"
    else:
        zh = f"沒有無論如何假設都在最低 {count} 名之內者"
        en = f"none is among the {count} lowest whatever is assumed"
    if len(depends):
        zh += f"；視假設而定的是{b.zh}"
        en += f"; it depends on what is assumed for {b.en}"
    elif len(always):
        zh, en = zh + "，其餘皆不在內", en + ", and no other"
    return Text(f"{level.zh}：{zh}。", f"{level.en}: {en}.")


def _list(rows: pd.DataFrame, names: Names) -> Text:
    shown = rows[:NAMED]
    said = [names(code, name) for code, name in zip(shown["code"], shown["name"], strict=True)]
    zh, en = "、".join(text.zh for text in said), "; ".join(text.en for text in said)
    if len(rows) > NAMED:
        zh, en = f"{zh}等 {len(rows):,} 個", f"{en} and {len(rows) - NAMED:,} more"
    return Text(zh, en)


def _rank_grid(ranked: pd.DataFrame, level: Text, count: int, names: Names) -> Grid:
    rows = ranked[ranked["rank_low"] <= count][:RANKED]
    heads = [
        Head(level),
        Head(Text("涵蓋率", "Covered"), number=True),
        Head(Text("名次（1 為最低）", "Rank (1 is lowest)"), number=True),
        Head(Text("各假設下之名次", "Rank, whatever is assumed"), number=True),
        Head(Text("判斷", "So")),
    ]
    sure = Text(f"必在最低 {count} 名", f"always in the lowest {count}")
    open_ = Text("視假設而定", "depends on what is assumed")
    out = []
    for _, row in rows.iterrows():
        link = atlas_link(account_id(row["service"], row["of"], row["subject"]), str(row["code"]))
        between = f"{row['rank_low']:,}–{row['rank_high']:,}"
        cells = [percent(float(row["best"])), f"{row['rank']:,}"]
        cells.append(f"{row['rank_low']:,}" if row["rank_low"] == row["rank_high"] else between)
        name = Cell(names(row["code"], row["name"]), link if row["of"] in SHOWN else "")
        verdict = Cell(sure if row["rank_high"] <= count else open_)
        out.append([name, *map(plain_cell, cells), verdict])
    return Grid(heads, out)
