"""Codes in their official form, repaired only where one repair exists; units found by name within their county."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_geodata.codes import codes_by_name, unit_code, unit_codes


@pytest.mark.parametrize(
    ("text", "level", "code"),
    [
        ("65000010001", "village", "65000010001"),
        ("65000010-001", "village", "65000010001"),
        ("６５００００１０－００１", "village", "65000010001"),
        (" 65000010 001　", "village", "65000010001"),
        ("65000010001.0", "village", "65000010001"),
        ("65000010s01", "village", "65000010S01"),
        ("9007010001", "village", "09007010001"),
        ("6500001", "township", "65000010"),
        ("9007010", "township", "09007010"),
        ("900701", "township", "09007010"),
        ("9007", "county", "09007"),
    ],
)
def test_codes_come_to_their_official_form(text, level, code):
    assert unit_code(text, level) == (code, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1000201000", "has 10 digits, 11 are needed"),
        ("650000", "has 6 digits"),
        ("板橋區", "is not a 村里代碼"),
        ("6.5E+10", "a spreadsheet has rounded"),
        ("٦٥٠٠٠٠١٠٠٠١", "is not a 村里代碼"),
        ("<script>alert(1)</script>", "is not a 村里代碼"),
    ],
)
def test_what_is_no_code_is_refused_with_the_reason(text, reason):
    code, why = unit_code(text, "village")
    assert code is None
    assert reason in why


def test_two_possible_repairs_are_no_repair():
    both = {"06500001", "65000010"}
    assert unit_code("6500001", "township", known=both)[0] is None
    assert unit_code("6500001", "township")[0] == "65000010"


def test_a_code_of_another_vintage_is_taken_as_it_is():
    assert unit_code("99999999", "township") == ("99999999", "")


def test_repairs_are_told_and_counted():
    column = pd.Series(
        ["65000010-001", "65000010-002", "9007010001", "65000010S01", "", None, "x"], index=list("abcdefg")
    )
    found = unit_codes(column, "village")
    assert list(found.values.index) == list("abcdefg")
    assert found.values.tolist()[:4] == ["65000010001", "65000010002", "09007010001", "65000010S01"]
    assert found.values[4:].isna().all()
    assert list(found.refused) == [6]
    assert found.unassigned == 1
    assert any("taken off 2 " in note for note in found.repaired)
    assert any("leading zero was put back in 1 " in note for note in found.repaired)


@pytest.mark.parametrize("column", [pd.Series([], dtype=object), pd.Series([None]), pd.Series([65000010001])])
def test_columns_of_any_type_are_taken(column):
    assert len(unit_codes(column, "village").values) == len(column)


@given(st.lists(st.text(max_size=14)))
def test_any_text_is_a_code_or_refused_or_empty(cells):
    found = unit_codes(pd.Series(cells, dtype=object), "township")
    for at, code in enumerate(found.values):
        if code is None:
            assert at in found.refused or not any(char.isalnum() and char.isascii() for char in cells[at])
        else:
            assert len(code) == 8
            assert code.isascii()


def test_names_are_found_within_their_county():
    frame = pd.DataFrame(
        {
            "county": ["台北市", "臺中市", "", "臺東縣"],
            "town": ["大安區", "大安區", "台東縣台東市", "臺東縣蘭嶼鄉"],
        }
    )
    codes, problems = codes_by_name(frame)
    assert codes.tolist() == ["63000030", "66000220", "10014010", "10014160"]
    assert problems == []


def test_a_name_without_its_county_is_never_guessed():
    codes, problems = codes_by_name(pd.DataFrame({"town": ["大安區", "花蓮縣秀林鄉"]}))
    assert codes.isna().tolist() == [True, False]
    assert [problem.value for problem in problems] == ["大安區"]
