"""
An account's shares as indicators, so that maps and the atlas show them as they show all others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from notspot_coverage.counting.services import Account, Service
from notspot_coverage.definitions import COLUMNS, Basis, Indicator
from notspot_coverage.groups import NATION
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.account.rows import counted_by_code
from notspot_maps.account.words import (
    LAST_RESORT,
    rate_name,
    service_facts,
    service_name,
    subject_label,
    what_moves,
)
from notspot_maps.words import BASIS

THEME = "account"
THEME_NAME = Text("涵蓋統計：各服務", "Coverage by service")
SHOWN = ("people", "households")  # what a map by unit can say of a service
MOST_BY_VILLAGE = 6  # services whose villages go into the atlas: each takes some 90 kB of the file


def account_id(service: str, of: str, subject: str) -> str:
    """The id of the indicator that shows a share of an account."""
    return f"account.{service}.{of}.{subject}"


def with_account(results: Results) -> Results:
    """
    The results with each service's shares of people and households among their indicators.

    Shares have their bounds, `value` being that of those known; numerator and denominator are the covered and
    the known. Rows by village are there for the first people of the first `MOST_BY_VILLAGE` services.
    """
    account = results.account
    if account is None or account.table.empty:
        return results
    definitions, frames = dict(results.definitions), [results.indicators]
    villages = 0
    for service, of, subject, rows in _shown(account):
        indicator = _definition(account, service, of, subject, rows)
        if indicator.id in definitions:
            continue
        wanted = of == "people" and subject == _first(account, service)
        by_village = wanted and villages < MOST_BY_VILLAGE and bool(rows["best"].notna().any())
        villages += by_village
        definitions[indicator.id] = indicator
        frames.append(_rows(rows if by_village else rows[rows["level"] != "village"], indicator))
    return dataclasses.replace(
        results, definitions=definitions, indicators=pd.concat(frames, ignore_index=True)
    )


def _shown(account: Account) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    table = account.table[account.table["of"].isin(SHOWN)]
    for key, rows in table.groupby(["service", "of", "subject"], sort=False):
        service, of, subject = map(str, key)
        yield service, of, subject, rows


def _first(account: Account, service: str) -> str:
    table = account.table
    own = table[(table["service"] == service) & (table["of"] == "people")]
    return str(own["subject"].iloc[0])


def _definition(account: Account, service: str, of: str, subject: str, rows: pd.DataFrame) -> Indicator:
    name, rate = service_name(account, service), rate_name(account, of, subject)
    label = subject_label(account, of, subject)
    found = account.services.get(service)
    basis, as_of = (found.basis, found.as_of) if found else ("claim", "")
    about = service_facts(found) if found else name
    flag = (
        Text(f"（{LAST_RESORT.zh}）", f" ({LAST_RESORT.en})") if found and found.last_resort else Text("", "")
    )
    nation = counted_by_code(rows[rows["level"] == "nation"]).get(NATION)
    moved = what_moves(nation) if nation else Text("–", "–")
    unit = {"people": Text("人數", "people"), "households": Text("戶數", "households")}[of]
    known: Basis = basis if basis in BASIS else "claim"
    return Indicator(
        id=account_id(service, of, subject),
        kind="share",
        theme=THEME,
        name=Text(f"{name.zh}：{rate.zh}{flag.zh}", f"{name.en}: {rate.en}{flag.en}"),
        definition=Text(
            f"{label.zh}中，「{name.zh}」涵蓋者占已知者之比率。{about.zh}。",
            f"Of {label.en}, the share that {name.en} covers among those known. {about.en}.",
        ),
        numerator=Text(f"涵蓋{unit.zh}", f"{unit.en} covered"),
        denominator=Text(f"已知{unit.zh}", f"{unit.en} known"),
        unit=Text("%", "%"),
        basis=known,
        source=_source(found, about),
        as_of=as_of,
        caveat=Text(
            f"無資料者不計入最佳估計，計入上下限。{moved.zh}。",
            f"The unknown are not in the best estimate but in the bounds. {moved.en}.",
        ),
    )


def _source(service: Service | None, about: Text) -> Text:
    named = dict.fromkeys(layer.source for layer in service.layers if layer.source) if service else {}
    return Text("；".join(named), "; ".join(named)) if named else about


def _rows(rows: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    total = rows["total"].to_numpy(np.float64)
    frame = pd.DataFrame(
        {
            "indicator": indicator.id,
            "level": rows["level"].to_numpy(),
            "code": rows["code"].to_numpy(),
            "name": rows["name"].to_numpy(),
            "numerator": rows["covered"].to_numpy(),
            "denominator": total - rows["unknown"].to_numpy(),
            "value": rows["best"].to_numpy(),
            "low": rows["low"].to_numpy(),
            "high": rows["high"].to_numpy(),
            "unit": indicator.unit.zh,
            "kind": indicator.kind,
            # null over people is unknown, null over nobody has nothing to measure
            "status": np.where(rows["best"].isna() & (total > 0), "unknown", "computed"),
            "as_of": indicator.as_of,
            "basis": indicator.basis,
        }
    )
    return frame.reindex(columns=COLUMNS)
