"""Tables of people: nobody is lost, and every row that cannot be counted is told."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_data import shared

from notspot_geodata import reference
from notspot_geodata.crosswalk import crosswalk_of, village_changes
from notspot_geodata.errors import InputError
from notspot_geodata.ledger import Ledger
from notspot_geodata.people import people_of, read_people
from notspot_geodata.row_tests import RowTest

VILLAGES = reference.villages()["village_code"].tolist()[:40]


def table(folder: Path, text: str) -> Path:
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_people_and_households_of_villages(tmp_path: Path) -> None:
    a, b = VILLAGES[:2]
    path = table(
        tmp_path, f'村里代碼,村里,人口,戶數\n{b},乙,12,5\n{a[:8]}-{a[8:]},甲,"1,004",300\n合計,,1016,305\n'
    )
    found = read_people(path, "village", people="人口", households="戶數")
    assert found.counts.index.tolist() == sorted([a, b])
    assert found.counts.loc[a].tolist() == [1004, 300]
    assert found.counts["people"].sum() == 1016  # without the row of totals
    assert found.rows == 2
    only = read_people(path, "village", households="households")  # a meaning does as well as a header
    assert list(only.counts.columns) == ["households"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("-4", "is negative"),
        ("1.5", "is not a whole number"),
        ("1O", "letter O"),
        ("many", "'many' is not a number"),
        ("", "has no figure; write 0 only where nobody lives"),
        ("12%", "is a percentage"),
    ],
)
@pytest.mark.parametrize("header", ["人口", "日間停留人口"])  # a known header, and one that is not
def test_a_count_that_is_none_is_told(cells: str, message: str, header: str, tmp_path: Path) -> None:
    a, b = VILLAGES[:2]
    path = table(tmp_path, f"村里代碼,{header}\n{a},{cells}\n{b},7\n")
    with pytest.raises(InputError, match=message) as caught:
        read_people(path, "village", people=header)
    assert [problem.row for problem in caught.value.problems] == [2]
    ledger = Ledger()
    found = read_people(path, "village", people=header, ledger=ledger, allow_rejects=True)
    assert found.counts["people"].to_dict() == {b: 7}
    assert [row["row"] for row in ledger.rows] == [2]


def test_codes_that_stand_twice(tmp_path: Path) -> None:
    a, b, c = VILLAGES[:3]
    path = table(tmp_path, f"村里代碼,月,日間\n{a},1,5\n{b},1,6\n{a},2,7\n{c},1,8\n")
    with pytest.raises(InputError, match=f"row 4 .*{a} stands in row 2 already"):
        read_people(path, "village", people="日間")
    months = table(
        tmp_path, "村里代碼,月,日間\n" + "".join(f"{v},{m},{m}\n" for m in (1, 2, 3) for v in (a, b))
    )
    with pytest.raises(InputError, match="choose the rows with where ="):
        read_people(months, "village", people="日間")
    found = read_people(months, "village", people="日間", where=((RowTest("月", equals=("2",)),),))
    assert found.counts["people"].to_dict() == {a: 2, b: 2}


def test_columns_and_codes_that_are_not_there(tmp_path: Path) -> None:
    path = table(tmp_path, f"村里代碼,人口\n{VILLAGES[0]},7\n")
    with pytest.raises(
        InputError, match="戶數 is not in the file; its columns are: village_code, population"
    ):
        read_people(path, "village", people="人口", households="戶數")
    with pytest.raises(InputError, match='level = "village"'):
        read_people(path, "township", people="人口")
    with pytest.raises(InputError, match="63000999001 is in no township"):
        read_people(
            table(tmp_path, f"村里代碼,人口\n{VILLAGES[0]},7\n63000999001,3\n"), "village", people="人口"
        )


def test_a_table_of_another_year_is_told(tmp_path: Path) -> None:
    path = table(tmp_path, "村里代碼,人口\n11000010001,7\n11000010002,8\n63000010002,9\n")
    with pytest.raises(
        InputError, match="only 1 of 3 codes are in the boundaries 2021-09; not in them: 11000010001"
    ):
        read_people(path, "village", people="人口", allow_rejects=True)


def test_ground_that_no_village_has_is_left_out_where_nobody_lives(tmp_path: Path) -> None:
    a, b = VILLAGES[:2]
    path = table(tmp_path, f"村里代碼,人口\n{a},7\n{b},8\n{a[:8]}S01,0\n{a[:8]}S02,3\n")
    found = read_people(path, "village", people="人口")
    assert found.counts["people"].sum() == 18
    assert found.unplaced["people"].to_dict() == {f"{a[:8]}S02": 3}
    assert any("1 rows are ground that no village has" in note.en for note in found.notes)


def test_townships_by_name_and_by_short_code(tmp_path: Path) -> None:
    path = table(tmp_path, "縣市,鄉鎮市區,人口\n台北市,大安區,300\n臺中市,大安區,20\n")
    found = read_people(path, "township", people="人口")
    assert found.counts["people"].to_dict() == {"63000030": 300, "66000220": 20}
    path = table(tmp_path, "鄉鎮市區代碼,人口\n6300003,300\n6600022,20\n")
    assert read_people(path, "township", people="人口").counts["people"].to_dict() == {
        "63000030": 300,
        "66000220": 20,
    }
    path = table(tmp_path, "縣市,鄉鎮市區,人口\n台北市,板橋區,300\n臺中市,大安區,20\n")
    with pytest.raises(InputError, match=r"row 2 .*'板橋區' is no township"):
        read_people(path, "township", people="人口")


def test_embedded_people() -> None:
    found = people_of(
        reference.figures(), "township", file="embedded", people="population", households="戶數"
    )
    assert found.counts.sum().to_dict() == {"people": 23_375_314, "households": 9_006_580}


# ------------------------------------------------------------------ laws

counts = st.lists(st.integers(0, 10_000), min_size=3, max_size=25)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=counts, bad=st.sets(st.integers(0, 24)), order=st.randoms())
def test_people_in_are_people_counted_and_people_in_the_ledger(numbers, bad, order, tmp_path: Path) -> None:
    """Rows in any order; those with a code of no township go to the ledger with their people."""
    bad = {at for at in bad if at < len(numbers) // 3}
    rows = [
        f"{'63000999' + VILLAGES[at][8:] if at in bad else VILLAGES[at]},{count}\n"
        for at, count in enumerate(numbers)
    ]
    order.shuffle(rows)
    ledger = Ledger()
    path = table(tmp_path, "村里代碼,人數\n" + "".join(rows))
    found = read_people(path, "village", people="人數", ledger=ledger, allow_rejects=True)
    refused = sum(int(str(row["people"])) for row in ledger.rows)
    assert int(found.counts["people"].sum()) + refused == sum(numbers)
    assert refused == sum(count for at, count in enumerate(numbers) if at in bad)
    again = read_people(path, "village", people="人數", allow_rejects=True)
    pd.testing.assert_frame_equal(found.counts, again.counts)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=counts, share=st.integers(1, 99), unplaced=st.integers(0, 500))
def test_a_crosswalk_conserves_people(numbers, share: int, unplaced: int, tmp_path: Path) -> None:
    old = f"{VILLAGES[0][:8]}998"
    rows = {
        "old_code": [old, old], "new_code": VILLAGES[:2], "share": [share / 100, 1 - share / 100],
        "kind": ["split", "split"], "basis": ["area", "area"],
    }  # fmt: skip
    lacking = reference.missing_villages()["village_code"].iloc[0]
    text = "".join(f"{code},{count}\n" for code, count in zip(VILLAGES, numbers, strict=False))
    path = table(tmp_path, f"村里代碼,人口\n{text}{old},777\n{lacking},{unplaced}\n")
    ledger = Ledger()
    found = read_people(
        path, "village", people="人口", crosswalk=crosswalk_of(pd.DataFrame(rows)), ledger=ledger
    )
    assert found.counts["people"].sum() == sum(numbers) + 777 + unplaced
    assert old not in found.counts.index
    assert found.unplaced["people"].to_dict() == {lacking: unplaced}
    assert {row["value"] for row in ledger.rows} == {old, lacking}


# ------------------------------------------------------------------ real people


@pytest.mark.shared
def test_the_villages_of_march_2021_on_the_boundaries_of_september() -> None:
    path = shared("data/population/village_population_2021-03.csv")
    ledger = Ledger()
    plain = read_people(path, "village", people="人口", households="戶數", ledger=ledger)
    assert plain.counts.sum().to_dict() == {"people": 23_525_623, "households": 8_950_538}
    assert len(plain.unplaced) == 71
    assert plain.unplaced["people"].sum() == 86_480
    assert sum(int(str(row["people"])) for row in ledger.rows) == 86_480
    assert all(row["row"] for row in ledger.rows)
    carried = read_people(path, "village", people="人口", households="戶數", crosswalk=village_changes())
    assert carried.counts.sum().to_dict() == plain.counts.sum().to_dict()
    assert len(carried.unplaced) == 40
    assert set(carried.unplaced.index) == set(reference.missing_villages()["village_code"])


@pytest.mark.shared
def test_the_townships_of_december_2021() -> None:
    path = shared("data/population/township_population_2021-12.json")
    found = read_people(path, "township", people="population", households="households")
    assert found.counts.sum().to_dict() == {"people": 23_375_314, "households": 9_006_580}
    assert found.unplaced.empty
