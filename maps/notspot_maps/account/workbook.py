"""
The sheets of an account in the workbook: what was counted down to townships, not-spots, roaming, gaps, ranks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from notspot_coverage.counting.services import Account
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.account.rows import counted_by_code
from notspot_maps.account.words import RATES, UNITS, service_facts, service_name, subject_label, what_moves
from notspot_maps.words import BASIS, NOT_APPLICABLE, UNKNOWN
from notspot_maps.workbook_file import Number, Sheet, Value

LEVELS: Mapping[str, Text] = {
    "nation": Text("全國", "nation"),
    "group": Text("群組", "group"),
    "county": Text("縣市", "county"),
    "township": Text("鄉鎮市區", "township"),
}  # villages stand in the CSV files: they would be hundreds of thousands of rows
KINDS: Mapping[str, Text] = {
    "complete": Text("完全訊號盲點", "complete not-spot"),
    "partial": Text("部分訊號盲點", "partial not-spot"),
    "none": Text("全部業者涵蓋", "all operators"),
    "unknown": UNKNOWN,
    "village": Text("村里", "village"),
    "place": Text("地點", "place"),
}

_SERVICE = [Text("服務", "Service (zh)"), Text("服務（英）", "Service")]
_SUBJECT = [Text("對象", "Of what (zh)"), Text("對象（英）", "Of what")]
_PLACE = [Text("層級", "Level"), Text("代碼", "Code"), Text("地區", "Area (zh)"), Text("地區（英）", "Area")]
_ID = Text("服務代號", "Service id")


def account_sheets(results: Results, english: Mapping[str, str]) -> Iterator[Sheet]:
    """
    The sheets of a run that has an account, else none: 涵蓋 coverage, 訊號盲點 not-spots, 漫遊 roaming,
    偏遠未涵蓋 remote gaps, 名次 ranking, 服務 services. Sheets without a row are left out.

    Parameters
    ----------
    english
        English names by code.
    """
    account = results.account
    if account is None:
        return
    writer = _Writer(account, english)
    for sheet in (
        writer.coverage(),
        writer.notspots(),
        writer.roaming(),
        writer.gaps(),
        writer.ranking(),
        writer.services(),
    ):
        if sheet.rows:
            yield sheet


class _Writer:
    def __init__(self, account: Account, english: Mapping[str, str]) -> None:
        self.account, self.english = account, english

    def coverage(self) -> Sheet:
        header = [
            *_SERVICE, *_SUBJECT, *_PLACE,
            Text("涵蓋率 %", "Covered, % of known"), Text("下限 %", "Low, %"), Text("上限 %", "High, %"),
            Text("涵蓋", "Covered"), Text("未涵蓋", "Not covered"), Text("無資料", "Unknown"), Text("全部", "All"),
            Text("單位", "Unit"), Text("比率種類", "Kind of share"), Text("變動之假設", "What was varied (zh)"),
            Text("變動之假設（英）", "What was varied"), Text("依據", "Basis"), Text("資料時間", "As of"), _ID,
        ]  # fmt: skip
        rows: list[Sequence[Value]] = []
        frame = _upper(self.account.table)
        keys = ["service", "of", "subject"]
        for key, part in frame.groupby(keys, sort=False) if len(frame) else ():
            service, of, subject = map(str, key)
            label, unit = (
                subject_label(self.account, of, subject),
                _both(UNITS.get(of, Text.of(of))),
            )
            found = self.account.services.get(service)
            basis = _both(BASIS[found.basis]) if found else ""
            end: list[Value] = [basis, found.as_of if found else "", str(service)]
            counted = counted_by_code(part)
            for level, code, name in part[["level", "code", "name"]].itertuples(index=False):
                one = counted[str(code)]
                best: Value = _share(one.best)
                if best is None:
                    best = _both(NOT_APPLICABLE if one.is_empty else UNKNOWN)
                counts = (one.covered, one.not_covered, one.unknown, one.total)
                moved = what_moves(one)
                rows.append(
                    [
                        *self._service(service), label.zh, label.en, *self._place(level, code, name), best,
                        _share(one.low), _share(one.high), *(_amount(value) for value in counts), unit,
                        _both(RATES.get(of, Text.of(of))), moved.zh, moved.en, *end,
                    ]
                )  # fmt: skip
        return Sheet("涵蓋 coverage", header, rows)

    def notspots(self) -> Sheet:
        header = [
            *_SERVICE, *_PLACE, Text("種類", "Kind"), Text("有涵蓋之業者數", "Operators that cover"),
            Text("人數", "People"), Text("人口資料", "People of"), _ID,
        ]  # fmt: skip
        rows: list[Sequence[Value]] = [
            [
                *self._service(row["service"]), *self._place(row["level"], row["code"], row["name"]),
                _both(KINDS.get(str(row["kind"]), Text.of(row["kind"]))),
                _both(UNKNOWN) if pd.isna(row["operators"]) else Number(float(row["operators"]), "count"),
                _amount(row["people"]), str(row["subject"]), str(row["service"]),
            ]
            for row in _upper(self.account.notspots).to_dict("records")
        ]  # fmt: skip
        return Sheet("訊號盲點 not-spots", header, rows)

    def roaming(self) -> Sheet:
        header = [
            *_SERVICE, Text("業者", "Operator"), *_PLACE, Text("人口", "People"), Text("涵蓋", "Covered"),
            Text("未涵蓋", "Not covered"), Text("其中可漫遊", "Of these, solved by roaming"),
            Text("無資料", "Unknown"), Text("人口資料", "People of"), _ID,
        ]  # fmt: skip
        figures = ("people", "covered", "not_covered", "solved", "unknown")
        rows: list[Sequence[Value]] = [
            [
                *self._service(row["service"]), str(row["operator"]),
                *self._place(row["level"], row["code"], row["name"]), *(_amount(row[name]) for name in figures),
                str(row["subject"]), str(row["service"]),
            ]
            for row in _upper(self.account.roaming).to_dict("records")
        ]  # fmt: skip
        return Sheet("漫遊 roaming", header, rows)

    def gaps(self) -> Sheet:
        header = [
            *_SERVICE, Text("種類", "Kind"), Text("代碼", "Code"), Text("名稱", "Name"), Text("縣市", "County"),
            Text("鄉鎮市區", "Township"), Text("人口", "People"),
            Text("未涵蓋", "Not covered"), Text("無資料", "Unknown"), Text("涵蓋率 %", "Covered, %"),
            Text("最近有涵蓋者", "Nearest served"), Text("距離（公里）", "Distance, km"), Text("原因", "Why (zh)"),
            Text("原因（英）", "Why"), _ID,
        ]  # fmt: skip
        rows: list[Sequence[Value]] = [
            [
                *self._service(row["service"]), _both(KINDS.get(str(row["kind"]), Text.of(row["kind"]))),
                *(_text(row[name]) for name in ("code", "name", "county", "town")),
                *(_amount(row[name]) for name in ("people", "not_covered", "unknown")), _share(row["share"]),
                _text(row["nearest"]), _measure(row["distance_km"]), _text(row["why_zh"]), _text(row["why_en"]),
                str(row["service"]),
            ]
            for row in _remote(self.account.gaps).to_dict("records")
        ]  # fmt: skip
        return Sheet("偏遠未涵蓋 remote gaps", header, rows)

    def ranking(self) -> Sheet:
        header = [
            *_SERVICE, *_SUBJECT, *_PLACE, Text("涵蓋率 %", "Covered, %"), Text("名次（1 最低）", "Rank (1 lowest)"),
            Text("最前名次", "Lowest rank"), Text("最後名次", "Highest rank"), Text("穩定", "Holds throughout"), _ID,
        ]  # fmt: skip
        rows: list[Sequence[Value]] = []
        for row in self.account.ranking.to_dict("records"):
            label = subject_label(self.account, str(row["of"]), str(row["subject"]))
            ranks = [Number(float(row[name]), "count") for name in ("rank", "rank_low", "rank_high")]
            place = self._place(row["level"], row["code"], row["name"])
            rows.append(
                [
                    *self._service(row["service"]), label.zh, label.en, *place, _share(row["best"]), *ranks,
                    _yes(row["robust"]), str(row["service"]),
                ]
            )  # fmt: skip
        return Sheet("名次 ranking", header, rows)

    def services(self) -> Sheet:
        header = [Text("項目", "What"), Text("說明", "Words (zh)"), Text("說明（英）", "Words"), _ID]
        rows: list[Sequence[Value]] = []
        for name, service in self.account.services.items():
            facts = service_facts(service)
            rows.append(
                ["服務 service", f"{service.name.zh}：{facts.zh}", f"{service.name.en}: {facts.en}", name]
            )
        rows += [["認定 note", note.zh, note.en, ""] for note in self.account.notes]
        return Sheet("服務 services", header, rows, wrap=True)

    def _service(self, service: object) -> list[Value]:
        name = service_name(self.account, str(service))
        return [name.zh, name.en]

    def _place(self, level: object, code: object, name: object) -> list[Value]:
        return [_both(LEVELS[str(level)]), str(code), str(name), self.english.get(str(code), "")]


def _upper(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows down to townships, of a frame that may have no columns."""
    return frame[frame["level"].isin(list(LEVELS))] if len(frame) else frame


def _remote(frame: pd.DataFrame) -> pd.DataFrame:
    """Gaps in remote townships: gaps.csv has the others too."""
    return frame[frame["remote"].eq(True)] if len(frame) else frame


def _share(value: Any) -> Number | None:
    return None if pd.isna(value) else Number(float(value), "share")


def _amount(value: Any) -> Number | None:
    return None if pd.isna(value) else Number(float(value), "amount")


def _measure(value: Any) -> Number | None:
    return None if pd.isna(value) else Number(float(value), "measure")


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _yes(value: Any) -> str:
    if pd.isna(value):
        return _both(UNKNOWN)
    return _both(Text("是", "yes") if value else Text("否", "no"))


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} {text.en}"
