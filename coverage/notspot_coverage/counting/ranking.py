"""
Which places are the worst whatever is assumed: ranks of counties and townships over all variants.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]

ROBUST = 0.1  # of the list: a unit that moves by less keeps its place
CHOICES = ["surface", "edges", "location_percent", "anchors"]
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
        covered, unknown, total = _figures(by_key[key], part["code"])
        rank = _ranks(part["best"].to_numpy(np.float64)[None])[0]
        ranks = _ranks(np.concatenate([covered / total, (covered + unknown) / total]))
        low, high = np.fmin(rank, ranks.min(axis=0)), np.fmax(rank, ranks.max(axis=0))
        columns = {
            "rank": rank,
            "rank_low": low,
            "rank_high": high,
            "robust": high - low <= ROBUST * len(part),
        }
        out.append(part[[*keys, "code", "name", "best"]].assign(**columns))
    found = pd.concat(out, ignore_index=True) if out else pd.DataFrame(columns=COLUMNS)
    return found.sort_values([*keys, "rank", "code"], ignore_index=True)[COLUMNS]


def _figures(variants: pd.DataFrame, codes: pd.Series) -> tuple[Values, Values, Values]:
    """Covered, unknown and total by variant and unit, shape (variants, units), of the units of `codes`."""
    choice = variants.groupby(CHOICES, sort=False, dropna=False).ngroup().to_numpy()
    at = pd.Index(codes).get_indexer(pd.Index(variants["code"]))
    here = at >= 0
    out = np.zeros((3, int(choice.max()) + 1, len(codes)))
    for figure, column in zip(out, ("covered", "unknown", "not_covered"), strict=True):
        figure[choice[here], at[here]] = variants[column].to_numpy(np.float64)[here]
    return out[0], out[1], out.sum(axis=0)


def _ranks(share: Values) -> NDArray[np.int64]:
    """Ranks along rows, the least first; equals have the same rank."""
    return np.stack([np.searchsorted(np.sort(row), row) + 1 for row in share])
