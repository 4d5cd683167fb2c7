"""Rows chosen by what their cells say; and the columns that people name."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_geodata.row_tests import RowTest
from notspot_geodata.selection import column_of, numbers_of, select

FRAME = pd.DataFrame(
    {
        "operator": ["CHT", "TWM", None, "ＣＨＴ "],
        "速率": ["1000", "2,000", "fast", ""],
        "當地": [1000, 1000, 1000, 1000],
        "就緒日": ["110/06/30", "2022-05", "2021", None],
        "year": [2021, 2022, 2021, 2021],
        "open": [True, False, True, False],
    }
)


def chosen(*tests: RowTest) -> list[int]:
    return np.flatnonzero(select(FRAME, (tests,)).mask).tolist()


def test_without_tests_every_row_is_chosen() -> None:
    assert select(FRAME, ()).mask.all()


def test_equal_to_one_of_several() -> None:
    assert chosen(RowTest("operator", equals=("CHT",))) == [0, 3]  # full-width letters are the same
    assert chosen(RowTest("業者", equals=("CHT", "TWM"))) == [0, 1, 3]  # a header that means operator
    assert chosen(RowTest("year", equals=("2021",))) == [0, 2, 3]
    assert chosen(RowTest("open", equals=("true",))) == [0, 2]
    assert chosen(RowTest("就緒日", equals=("2021-06-30",))) == [0]  # however the file writes it


def test_limits() -> None:
    assert chosen(RowTest("year", at_least=2022)) == [1]
    assert chosen(RowTest("year", at_most=2021)) == [0, 2, 3]
    found = select(FRAME, ((RowTest("速率", at_least=1000),),))
    assert np.flatnonzero(found.mask).tolist() == [0, 1]
    assert [problem.row for problem in found.problems] == [4]  # 'fast'
    assert any("1 rows have no figure" in note.en for note in found.notes)
    assert chosen(RowTest("速率", at_least_column="當地")) == [0, 1]


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("2021-06-29", []),
        ("2021-06-30", [0]),
        ("2021-12", [0, 2]),
        ("2022-05-30", [0, 2]),
        ("2022", [0, 1, 2]),
    ],
)
def test_by_a_date(by: str, rows: list[int]) -> None:
    """A month is over on its last day, a year on 31 December."""
    assert chosen(RowTest("就緒日", by=by)) == rows


def test_dates_that_are_none_are_told_where_they_matter() -> None:
    frame = pd.DataFrame({"d": ["soon", "2021-01-01", "never"], "n": [1, 1, 2]})
    found = select(frame, ((RowTest("n", equals=("1",)), RowTest("d", by="2021-12-31")),))
    assert np.flatnonzero(found.mask).tolist() == [1]
    assert [problem.row for problem in found.problems] == [2]  # row 4 was not asked for


def test_one_of_two_alternatives() -> None:
    found = select(FRAME, ((RowTest("year", equals=("2022",)),), (RowTest("open", equals=("true",)),)))
    assert np.flatnonzero(found.mask).tolist() == [0, 1, 2]


def test_what_is_not_there_is_told() -> None:
    assert (
        "is nowhere 'FET'; it has: CHT, TWM"
        in select(FRAME, ((RowTest("operator", equals=("FET",)),),)).problems[0].message
    )
    assert (
        "its columns are: operator" in select(FRAME, ((RowTest("speed", at_least=1),),)).problems[0].message
    )
    assert "its columns are" in select(FRAME, ((RowTest("year", at_least_column="x"),),)).problems[0].message


def test_columns_by_header_meaning_and_case() -> None:
    assert column_of(FRAME, "業者") == "operator"
    assert column_of(FRAME, "Operator") == "operator"
    assert column_of(FRAME, "開放", {"開放": "open"}) == "open"
    assert column_of(FRAME, "speed") is None


def test_numbers_are_read_as_people_write_them() -> None:
    values, problems = numbers_of(pd.Series(["1,204", "１２", "", "-", "1O", 7.5, None]), range(2, 9), "n")
    assert np.array_equal(values, [1204, 12, np.nan, np.nan, np.nan, 7.5, np.nan], equal_nan=True)
    assert [(problem.row, problem.field) for problem in problems] == [(6, "n")]


@given(
    values=st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=20),
    limit=st.integers(-50, 49),
)
def test_below_and_above_a_limit_are_all_that_have_a_figure(values: list[int | None], limit: int) -> None:
    frame = pd.DataFrame({"n": pd.array(values, dtype="Int64")})
    below = select(frame, ((RowTest("n", at_most=limit),),)).mask
    above = select(frame, ((RowTest("n", at_least=limit + 1),),)).mask
    assert not (below & above).any()
    assert ((below | above) == [value is not None for value in values]).all()
