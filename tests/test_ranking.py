"""Ranks over everything that is varied: by hand, and beside pandas, variant by variant."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_coverage.counting.ranking import COLUMNS, ROBUST, ranking

KEYS = ["service", "of", "subject", "level"]


def frames(variants, *, level="township", of="people"):
    """Table and variants of units by variant: (covered, not covered, unknown) each."""
    codes = [f"{i:08}" for i in range(len(variants[0]))]
    head = {"service": "s", "of": of, "subject": "r", "level": level}
    rows = [
        {**head, "code": code, "surface": str(at), "edges": "exact", "location_percent": np.nan, "anchors": "",
         "covered": float(a), "not_covered": float(b), "unknown": float(c)}
        for at, variant in enumerate(variants)
        for code, (a, b, c) in zip(codes, variant, strict=True)
    ]  # fmt: skip
    first = variants[0]
    best = [100 * a / (a + b) if a + b else np.nan for a, b, _ in first]
    table = pd.DataFrame({**head, "code": codes, "name": [f"n{c}" for c in codes], "best": best})
    return table, pd.DataFrame(rows)


def by_code(found, *columns):
    return found.sort_values("code")[list(columns)].to_numpy().tolist()


def test_the_lowest_share_is_first_and_equals_share_a_rank():
    found = ranking(*frames([[(5, 5, 0), (1, 9, 0), (5, 5, 0), (10, 0, 0)]]))
    assert list(found.columns) == COLUMNS
    assert by_code(found, "rank", "rank_low", "rank_high", "robust") == [
        [2, 2, 2, True], [1, 1, 1, True], [2, 2, 2, True], [4, 4, 4, True],
    ]  # fmt: skip
    assert found["code"].tolist() == ["00000001", "00000000", "00000002", "00000003"]


def test_what_is_unknown_moves_ranks():
    # the first has 5 of 10 known and 4 unknown: 50 % of what is known, from 10 % to 90 %
    found = ranking(*frames([[(1, 1, 8), (4, 6, 0), (6, 4, 0)]]))
    assert by_code(found, "rank", "rank_low", "rank_high", "robust") == [
        [2, 1, 3, False], [1, 1, 2, False], [3, 2, 3, False],
    ]  # fmt: skip


def test_every_variant_moves_ranks():
    found = ranking(*frames([[(4, 6, 0), (6, 4, 0)], [(7, 3, 0), (6, 4, 0)]]))
    assert by_code(found, "rank", "rank_low", "rank_high") == [[1, 1, 2], [2, 1, 2]]


def test_a_unit_of_which_nothing_is_known_has_no_rank():
    found = ranking(*frames([[(4, 6, 0), (0, 0, 10), (0, 0, 0), (6, 4, 0)]]))
    assert found["code"].tolist() == ["00000000", "00000003"]
    assert found["rank_high"].tolist() == [1, 2]
    assert ranking(*frames([[(0, 0, 10), (0, 0, 0)]])).empty


def test_a_tenth_of_the_list_is_robust():
    units = [(i, 100 - i, 0) for i in range(1, 21)]
    moved = [*units[:2][::-1], *units[2:]]
    found = ranking(*frames([units, moved]))
    assert found["robust"].all()  # 1 of 20
    far = [units[5], *units[1:5], units[0], *units[6:]]
    assert by_code(ranking(*frames([units, far])), "robust")[:6] == [
        [False],
        [True],
        [True],
        [True],
        [True],
        [False],
    ]


@pytest.mark.parametrize("level", ["nation", "group", "village"])
def test_only_counties_and_townships_have_ranks(level):
    table, variants = frames([[(5, 5, 0), (1, 9, 0)]], level=level)
    found = ranking(table, variants)
    assert found.empty
    assert list(found.columns) == COLUMNS
    assert not ranking(*frames([[(5, 5, 0)]], level="county")).empty


@given(
    data=st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=4),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=50)
def test_ranks_are_those_of_pandas_variant_by_variant(data):
    table, variants = frames(data)
    # every variant has the same total in a unit
    whole = [sum(unit) for unit in data[0]]
    for at in range(len(data)):
        mine = variants["surface"] == str(at)
        variants.loc[mine, "not_covered"] = np.maximum(np.array(whole) - variants.loc[mine, "covered"], 0)
        variants.loc[mine, "covered"] = np.minimum(variants.loc[mine, "covered"], whole)
        variants.loc[mine, "unknown"] = 0.0 if at else np.array([unit[2] for unit in data[0]], float)
        if at == 0:
            variants.loc[mine, ["covered", "not_covered"]] = np.array([unit[:2] for unit in data[0]], float)
    found = ranking(table, variants.sample(frac=1, random_state=1)).set_index("code")
    codes = table.loc[table["best"].notna(), "code"]
    assert set(found.index) == set(codes)
    if not len(codes):
        return
    best = table.set_index("code")["best"].loc[codes]
    assert (found["rank"].loc[codes] == best.rank(method="min")).all()
    ranks = [best.rank(method="min")]
    for _, part in variants.groupby("surface"):
        part = part.set_index("code").loc[codes]
        total = part["covered"] + part["not_covered"] + part["unknown"]
        ranks += [
            (part["covered"] / total).rank(method="min"),
            ((part["covered"] + part["unknown"]) / total).rank(method="min"),
        ]
    every = pd.concat(ranks, axis=1)
    assert (found["rank_low"].loc[codes] == every.min(axis=1)).all()
    assert (found["rank_high"].loc[codes] == every.max(axis=1)).all()
    assert (
        found["robust"].loc[codes] == (every.max(axis=1) - every.min(axis=1) <= ROBUST * len(codes))
    ).all()
