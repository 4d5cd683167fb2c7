"""Groups of townships: a partition, and who is remote beside it."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_coverage.groups import GROUPS, NAMES, PAIRS, PARTITION, REMOTENESS, membership, partition
from notspot_geodata.errors import InputError

kinds = st.sampled_from(["mountain", "plains", None])
rows = st.lists(st.tuples(kinds, st.booleans(), st.booleans()), min_size=1, max_size=20)


def frame(rows):
    out = pd.DataFrame(rows, columns=["indigenous", "offshore", "remote"])
    return out.assign(town_code=[f"{i:08}" for i in range(len(rows))])


@settings(deadline=None)
@given(rows)
def test_each_township_is_in_one_group_of_each_kind(rows):
    member = membership(frame(rows))
    assert list(member) == list(GROUPS)
    assert {str(kind) for kind in member.dtypes} == {"bool"}
    assert (member[list(REMOTENESS)].sum(axis=1) == 1).all()
    assert (member[list(PARTITION)].sum(axis=1) == 1).all()
    assert member.index.tolist() == frame(rows)["town_code"].tolist()


def test_indigenous_goes_before_offshore():
    towns = frame(
        [("mountain", True, True), ("plains", True, False), (None, True, True), (None, False, False)]
    )
    assert partition(towns).tolist() == ["mountain_indigenous", "plains_indigenous", "offshore", "rest"]
    assert partition(towns).index.tolist() == towns["town_code"].tolist()


def test_a_group_column_is_taken_as_it_is():
    towns = frame([("mountain", False, True), (None, False, False)]).assign(group=["offshore", "rest"])
    member = membership(towns)
    assert member["offshore"].tolist() == [True, False]
    assert not member["mountain_indigenous"].any()


@pytest.mark.parametrize("empty", [None, "", float("nan"), pd.NA])
def test_an_empty_cell_is_no_indigenous_township(empty):
    assert partition(frame([(empty, False, False)])).tolist() == ["rest"]


def test_a_strange_word_is_refused_and_named():
    with pytest.raises(InputError, match="hill"):
        partition(frame([("hill", False, False)]))
    with pytest.raises(InputError, match="elsewhere"):
        membership(frame([(None, False, False)]).assign(group="elsewhere"))


def test_what_is_unknown_is_not_taken_as_no():
    towns = frame([(None, None, None)])
    with pytest.raises(InputError, match="offshore"):
        partition(towns)
    with pytest.raises(InputError, match="remote"):
        membership(towns)


def test_every_missing_column_is_named_at_once():
    with pytest.raises(InputError) as error:
        partition(pd.DataFrame({"town": ["x"]}))
    assert {problem.field for problem in error.value.problems} == {"town_code", "indigenous", "offshore"}


def test_every_group_has_a_name_in_both_languages_and_pairs_are_groups():
    assert all(name.zh and name.en for name in NAMES.values())
    assert {code for pair in PAIRS for code in pair} <= set(GROUPS) < set(NAMES)


@pytest.fixture(scope="module")
def figures():
    from notspot_geodata import reference

    return reference.figures()


def test_the_groups_of_2021(figures):
    count = partition(figures).value_counts().to_dict()
    # 30 + 25 by the Executive Yuan's list; 19 offshore less 蘭嶼鄉, which is mountain-indigenous.
    assert count == {"rest": 295, "mountain_indigenous": 30, "plains_indigenous": 25, "offshore": 18}
    assert partition(figures)["10014160"] == "mountain_indigenous"  # 蘭嶼鄉
