"""
The tables of an account as files: what was counted, by which assumption, who is not reached, who ranks where.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from notspot_coverage.counting.services import Account
from notspot_geodata.text import Text
from notspot_maps.account.words import WHOLE
from notspot_maps.tables import write_csv

ACCOUNT_FILES = ("coverage.csv", "assumptions.csv", "notspots.csv", "roaming.csv", "gaps.csv", "ranking.csv")
ACCOUNT_WORDS = (
    (
        "coverage.csv",
        Text(
            "涵蓋統計：每服務、對象與單位一列，含上下限",
            "coverage: a row a service, subject and unit, with bounds",
        ),
    ),
    ("assumptions.csv", Text("同上，每種假設一列", "the same, a row an assumption")),
    ("notspots.csv", Text("訊號盲點人數，依種類", "people by kind of not-spot")),
    (
        "roaming.csv",
        Text("各業者之涵蓋及漫遊可解決之人數", "coverage by operator, and what roaming would solve"),
    ),
    (
        "gaps.csv",
        Text(
            "未涵蓋之村里與地點、最近者、距離、原因",
            "villages and places not covered: nearest, distance, why",
        ),
    ),
    (
        "ranking.csv",
        Text("縣市與鄉鎮市區之名次及其穩定與否", "ranks of counties and townships, and whether they hold"),
    ),
)
NOTSPOTS = ("service", "subject", "level", "code", "name", "kind", "operators", "people")
ROAMING = (
    *("service", "subject", "operator", "level", "code", "name"),
    *("people", "covered", "not_covered", "unknown", "solved"),
)
COUNTS = ("total", "covered", "not_covered", "unknown", "people", "solved")


def write_account(account: Account, folder: str | Path) -> None:
    """
    Write the tables of an account into `folder`, one CSV each: the names of `ACCOUNT_FILES`, in their order.

    People, households and places are whole numbers; km² and km, and shares (percent), have 12 significant
    digits. coverage.csv says beside each row on what it rests: ``basis`` and ``as_of`` of the service.
    """
    frames = (
        _with_basis(account),
        account.variants,
        _with_columns(account.notspots, NOTSPOTS),
        _with_columns(account.roaming, ROAMING),
        account.gaps,
        account.ranking,
    )
    for name, frame in zip(ACCOUNT_FILES, frames, strict=True):
        write_csv(whole_counts(frame), Path(folder) / name)


def whole_counts(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with its counts of people, households and places as whole numbers, without the noise of sums."""
    out = frame.copy()
    whole = frame["of"].isin(WHOLE).to_numpy() if "of" in frame else np.ones(len(frame), np.bool_)
    for column in COUNTS:
        if column in out and len(out):
            values = out[column].to_numpy(dtype=np.float64, na_value=np.nan)
            out[column] = np.where(whole, np.rint(values), values)
    return out


def _with_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """`frame`, with its header where it has no row: a reader finds the columns all the same."""
    return frame if len(frame.columns) else frame.reindex(columns=list(columns))


def _with_basis(account: Account) -> pd.DataFrame:
    services = account.table["service"]
    basis = {name: service.basis for name, service in account.services.items()}
    as_of = {name: service.as_of for name, service in account.services.items()}
    return account.table.assign(basis=services.map(basis), as_of=services.map(as_of))
