"""A study run from end to end: the shipped one on its facts, and one with a table of one's own."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shared_data import shared

from notspot.pipeline import run
from notspot.study import FIGURES, Study
from notspot_coverage.results import Results
from notspot_geodata import reference
from notspot_geodata.errors import InputError

HEAD = """
id = "mine"
year = 2021
title = "Mine"
boundaries = "embedded:2021-09"
rule = "remote_2020"
indicators = ["base_stations_4g_per_1000"]
"""
EMBEDDED = f'[[table]]\npath = "{FIGURES}"\nlevel = "township"\n'
OWN = """
[[indicator]]
id = "own_sum"
kind = "count"
theme = "mobile"
name = "n"
definition = "d"
numerator = "n"
unit = "u"
basis = "claim"
source = "s"
as_of = "2021"
[indicator.compute]
level = "township"
numerator = "{column}"
"""


def study(folder: Path, text: str) -> Study:
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return Study.read(folder / "study.toml")


def nation(results: Results, indicator: str) -> pd.Series:
    table = results.indicators
    return table[(table["level"] == "nation") & (table["indicator"] == indicator)].iloc[0]


def test_the_shipped_study_adds_up_to_the_official_totals(taiwan: Results) -> None:
    for indicator, total in {
        "population": 23_375_314,
        "households": 9_006_580,
        "base_stations_4g": 106_444,
        "indigenous_communities": 739,
        "community_hotspots": 248,
        "public_hotspots": 11_396,
        "debris_flow_streams": 1_692,
    }.items():
        assert nation(taiwan, indicator)["value"] == total


def test_shares_are_bounded_by_the_two_townships_without_a_figure(taiwan: Results) -> None:
    row = nation(taiwan, "people_dl_best_100")
    unknown = 1_494 + 1_500  # 東引鄉 and 莒光鄉, end of 2021
    people = taiwan.townships.set_index("town_code")["population"]
    assert people[["09007030", "09007040"]].sum() == pytest.approx(unknown, abs=10)
    assert row["low"] < row["value"] < row["high"]
    assert row["denominator"] == 23_375_314 - people[["09007030", "09007040"]].sum()


def test_wuqiu_is_unknown_for_four_operators_and_never_zero(taiwan: Results) -> None:
    wuqiu = taiwan.townships.set_index("town_code").loc["09020060"]
    assert wuqiu["dl_mbps_cht"] > 0
    assert all(np.isnan(wuqiu[f"dl_mbps_{operator}"]) for operator in ("fet", "twm", "tstar", "apt"))
    assert wuqiu["dl_mbps_best"] == wuqiu["dl_mbps_cht"]
    assert np.isnan(wuqiu["dl_mbps_median"])  # a median of one operator in five says nothing
    assert np.isnan(wuqiu["dl_mbps_worst"])


def test_villages_belong_to_their_township_and_have_no_people(taiwan: Results) -> None:
    assert len(taiwan.villages) == 7_701
    assert "population" not in taiwan.villages
    remote = taiwan.townships.set_index("town_code")["remote"]
    assert (taiwan.villages["remote"] == taiwan.villages["town_code"].map(remote)).all()


def test_the_record_names_every_input_with_its_hash(taiwan: Results) -> None:
    names = {entry["path"] for entry in taiwan.run["inputs"]}
    assert {"notspot_geodata/data/villages.parquet", "notspot_coverage/data/rules.toml"} <= names
    assert all(len(entry["sha256"]) == 64 for entry in taiwan.run["inputs"])
    assert taiwan.run["run_id"] == taiwan.run_id
    assert taiwan.run["study"]["toml"] == Study.shipped().text


def test_another_study_is_another_run(taiwan: Results, tmp_path: Path) -> None:
    text = Study.shipped().text.replace('indicators = "all"', 'indicators = ["population"]')
    text = text[: text.index("# For which measures")] + text[text.index("[[table]]") :]
    assert run(study(tmp_path, text)).run_id != taiwan.run_id


# ------------------------------------------------------------------ tables of one's own


def test_a_township_table_is_joined_by_code(tmp_path: Path) -> None:
    codes = reference.townships()["town_code"]
    pd.DataFrame({"鄉鎮市區代碼": codes, "drops": range(len(codes))}).to_csv(tmp_path / "t.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "t.csv"\nlevel = "township"\n' + OWN.format(column="drops")
    results = run(study(tmp_path, text))
    assert nation(results, "own_sum")["value"] == sum(range(368))
    assert results.run["inputs"][-1]["path"] == "t.csv"
    assert results.run["inputs"][-1]["rows"] == 368
    assert str(tmp_path) not in str(results.run)


def test_a_column_that_is_there_twice_is_refused_unless_it_replaces(tmp_path: Path) -> None:
    codes = reference.townships()["town_code"]
    pd.DataFrame({"town_code": codes, "population": 1}).to_csv(tmp_path / "t.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "t.csv"\nlevel = "township"\n'
    with pytest.raises(InputError, match="population is already there"):
        run(study(tmp_path, text))
    assert run(study(tmp_path, text + "replace = true\n")).townships["population"].sum() == 368


def test_a_unit_twice_in_a_table_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"town_code": ["65000010"] * 2, "drops": [1, 2]}).to_csv(tmp_path / "t.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "t.csv"\nlevel = "township"\n'
    with pytest.raises(InputError, match="occur twice"):
        run(study(tmp_path, text))


def test_a_table_without_the_code_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("place,drops\nhere,1\n", encoding="utf-8")
    text = HEAD + EMBEDDED + '[[table]]\npath = "t.csv"\nlevel = "township"\n'
    with pytest.raises(InputError, match="no column that means town_code"):
        run(study(tmp_path, text))


def test_the_groups_need_people(tmp_path: Path) -> None:
    codes = reference.townships()["town_code"]
    pd.DataFrame({"town_code": codes, "drops": 1}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="population is in no table of the study"):
        run(study(tmp_path, HEAD + '[[table]]\npath = "t.csv"\nlevel = "township"\n'))


def test_village_people_are_conserved_and_the_unplaced_are_in_the_ledger(tmp_path: Path) -> None:
    """Law 1: those in the villages, and those in the ledger, add up to those in the table."""
    villages = list(reference.villages()["village_code"][:50])
    missing = list(reference.missing_villages()["village_code"][:3])
    frame = pd.DataFrame({"村里代碼": villages + missing, "people_now": range(1, 54)})
    frame.to_csv(tmp_path / "v.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "v.csv"\nlevel = "village"\nsum = true\n'
    results = run(study(tmp_path, text + OWN.format(column="people_now")))
    assert results.villages["people_now"].sum() == sum(range(1, 51))
    assert len(results.ledger) == 3
    assert nation(results, "own_sum")["value"] == sum(range(1, 54))  # the township keeps them


@pytest.mark.shared
def test_the_village_register_of_march_2021_loses_nobody(tmp_path: Path) -> None:
    path = shared("data/population/village_population_2021-03.csv")
    text = HEAD + EMBEDDED + f'[[table]]\npath = "{path.as_posix()}"\nlevel = "village"\nsum = true\n'
    text += 'columns = {population = "people_2021_03"}\n' + OWN.format(column="people_2021_03")
    results = run(study(tmp_path, text))
    assert nation(results, "own_sum")["value"] == 23_525_623
    ledger = results.ledger.to_frame()
    assert len(ledger) == 71  # villages without a polygon of their code
    assert int(ledger["people"].sum()) == 86_480
    assert int(results.villages["people_2021_03"].sum()) == 23_525_623 - 86_480


def test_a_blank_village_makes_its_township_unknown_and_never_smaller(tmp_path: Path) -> None:
    villages = reference.villages()
    frame = pd.DataFrame({"村里代碼": villages["village_code"], "covered": 10.0})
    frame.loc[0, "covered"] = np.nan
    frame.to_csv(tmp_path / "v.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "v.csv"\nlevel = "village"\nsum = true\n'
    results = run(study(tmp_path, text + OWN.format(column="covered")))
    town = villages["town_code"][0]
    assert results.townships.set_index("town_code")["covered"].isna().sum() == 1
    assert np.isnan(results.townships.set_index("town_code")["covered"][town])
    row = nation(results, "own_sum")
    assert row["low"] == row["value"] < 10 * len(villages)
    assert np.isnan(row["high"])


def test_a_code_of_no_township_is_a_problem_and_then_in_the_ledger(tmp_path: Path) -> None:
    codes = [*reference.villages()["village_code"][:2], "99999999999"]
    pd.DataFrame({"村里代碼": codes, "人口": [1, 2, 4]}).to_csv(tmp_path / "v.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "v.csv"\nlevel = "village"\nsum = true\n'
    text += 'columns = {population = "people_now"}\n' + OWN.format(column="people_now")
    with pytest.raises(InputError, match="99999999999 is in no unit"):
        run(study(tmp_path, text))
    ledger = run(study(tmp_path, text), allow_rejects=True).ledger.to_frame()
    assert ledger["people"].tolist() == [4]
    assert "it is unplaced" in ledger["reason"][0]


def test_the_order_of_a_table_changes_nothing(tmp_path: Path) -> None:
    codes = reference.townships()["town_code"]
    frame = pd.DataFrame({"town_code": codes, "drops": np.arange(368.0)})
    text = HEAD + EMBEDDED + '[[table]]\npath = "t.csv"\nlevel = "township"\n' + OWN.format(column="drops")
    found = []
    for order in (frame, frame.iloc[::-1]):
        order.to_csv(tmp_path / "t.csv", index=False)
        found.append(run(study(tmp_path, text)).indicators)
    pd.testing.assert_frame_equal(*found)


def test_a_township_table_without_codes_is_joined_by_names(tmp_path: Path) -> None:
    towns = reference.townships()
    frame = pd.DataFrame(
        {"縣市": towns["county"].str.replace("臺", "台"), "鄉鎮市區": towns["town"], "drops": 1}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "t.csv"\nlevel = "township"\n' + OWN.format(column="drops")
    assert nation(run(study(tmp_path, text)), "own_sum")["value"] == 368
    frame.loc[0, "鄉鎮市區"] = "無此鄉"
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="無此鄉' is no township"):
        run(study(tmp_path, text))
    results = run(study(tmp_path, text), allow_rejects=True)
    assert nation(results, "own_sum")["value"] == 367
    assert len(results.ledger) == 1


@pytest.mark.shared
def test_the_licence_register_of_december_2021_is_what_is_embedded(tmp_path: Path) -> None:
    path = shared("data/base_stations/ncc_bs_by_township_Syuanyu0422.csv").as_posix()
    text = HEAD + EMBEDDED + f'[[table]]\npath = "{path}"\nlevel = "township"\n'
    text += 'where = {period = "2021-12-31", technology = "4G"}\ncolumns = {base_stations = "register"}\n'
    results = run(study(tmp_path, text), allow_rejects=True)
    towns = results.townships
    assert (towns["register"] == towns["base_stations_4g"]).all()
    with pytest.raises(InputError, match="occur twice"):
        run(study(tmp_path, text.replace('period = "2021-12-31", ', "")), allow_rejects=True)
    with pytest.raises(InputError, match="is nowhere '6G'"):
        run(study(tmp_path, text.replace("4G", "6G")), allow_rejects=True)


def test_derived_columns(tmp_path: Path) -> None:
    codes = reference.townships()["town_code"]
    frame = pd.DataFrame({"town_code": codes, "a": 2.0, "b": 8.0})
    frame.loc[0, "a"] = np.nan
    frame.loc[1, "b"] = 0
    frame.to_csv(tmp_path / "t.csv", index=False)
    text = HEAD + EMBEDDED + '[[table]]\npath = "t.csv"\nlevel = "township"\n'
    for function in ("max", "min", "median", "mean", "sum"):
        text += f'[[derive]]\ncolumn = "{function}_ab"\nfunction = "{function}"\nof = ["a", "b"]\n'
    text += '[[derive]]\ncolumn = "r"\nfunction = "ratio"\nof = ["a", "b"]\nscale = 100\n'
    out = run(study(tmp_path, text)).townships
    assert list(out.loc[2, ["max_ab", "min_ab", "median_ab", "mean_ab", "sum_ab", "r"]]) == [
        8,
        2,
        5,
        5,
        10,
        25,
    ]
    assert out.loc[0, "max_ab"] == out.loc[0, "sum_ab"] == 8  # the unknown is left out
    assert np.isnan(out.loc[0, "r"])
    assert np.isnan(out.loc[1, "r"])  # zero denominator


def test_a_study_in_memory_runs_too() -> None:
    fewer = {name: item for name, item in Study.shipped().definitions.items() if name == "population"}
    results = run(dataclasses.replace(Study.shipped(), definitions=fewer, divide=()))
    assert set(results.indicators["indicator"]) == {"population"}
