"""
Which places are the worst whatever is assumed: ranks of counties and townships over all variants.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

ROBUST = 0.1  # of the list: a unit that moves by less keeps its place
COLUMNS = [
    "service", "of", "subject", "level", "code", "name", "best", "rank", "rank_low", "rank_high", "robust"
]  # fmt: skip


def ranking(table: pd.DataFrame, variants: pd.DataFrame) -> pd.DataFrame:
    """
    Rank of counties and townships by their share, the lowest share first (rank 1).

    Parameters
    ----------
    table, variants
        Of an `Account`.

    Returns
    -------
    ranking
        ``rank`` in the best estimate; ``rank_low`` and ``rank_high`` the least and greatest over all variants, each
        once with the unknown not covered and once covered, for all units alike; ``robust``: these differ by at most a
        tenth of the list. Units of which nothing is known have no rank.
    """
    keys = ["service", "of", "subject", "level"]
    rows = table[table["level"].isin(["county", "township"]) & (table["of"] != "lines")]
    if not len(rows):
        return pd.DataFrame(columns=COLUMNS)
    by_key = dict(iter(variants.groupby(keys, sort=False)))
    out = []
    for key, part in rows.groupby(keys, sort=False):
        part = part[part["best"].notna()]
        if part.empty:
            continue
        rank = part["best"].rank(method="min")
        low, high = rank.to_numpy(copy=True), rank.to_numpy(copy=True)
        choices = ["surface", "edges", "location_percent", "anchors"]
        for _, variant in by_key[key].groupby(choices, sort=False, dropna=False):
            same = variant.set_index("code").loc[part["code"]]
            total = (same["covered"] + same["not_covered"] + same["unknown"]).to_numpy(np.float64)
            for extra in (0.0, 1.0):
                share = (same["covered"] + extra * same["unknown"]).to_numpy(np.float64) / total
                other = pd.Series(share).rank(method="min").to_numpy()
                low, high = np.fmin(low, other), np.fmax(high, other)
        moved = high - low <= ROBUST * len(part)
        out.append(
            part[[*keys, "code", "name", "best"]].assign(
                rank=rank.astype("int64"),
                rank_low=low.astype("int64"),
                rank_high=high.astype("int64"),
                robust=moved,
            )
        )
    found = pd.concat(out, ignore_index=True) if out else pd.DataFrame(columns=COLUMNS)
    return found.sort_values([*keys, "rank", "code"], ignore_index=True)[COLUMNS]
