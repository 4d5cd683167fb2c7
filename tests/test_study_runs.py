"""Studies as people write them, with what goes wrong in them: told with its row or its name, or harmless."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from notspot.cli import app
from notspot.outputs import FILES, report
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
indicators = ["population"]
"""
EMBEDDED = f'[[table]]\npath = "{FIGURES}"\nlevel = "township"\n'
TABLE = '[[table]]\npath = "{path}"\nlevel = "{level}"\n'
OWN = """
[[indicator]]
id = "reached"
kind = "measure"
theme = "fixed"
name = {zh = "光纖可達家戶", en = "Households within reach"}
definition = "d"
numerator = "n"
denominator = "m"
unit = "%"
basis = "claim"
source = "s"
as_of = "2021"
[indicator.compute]
level = "township"
numerator = "fibre"
denominator = "asked"
scale = 100
"""
CODES = reference.townships()["town_code"]


def study(folder: Path, text: str) -> Study:
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return Study.read(folder / "study.toml")


def towns(folder: Path, **columns: object) -> str:
    """A township table in the folder, and its entry in a study."""
    pd.DataFrame({"town_code": CODES} | columns).to_csv(folder / "t.csv", index=False)
    return TABLE.format(path="t.csv", level="township")


def villages(folder: Path, rows: list[tuple[object, ...]]) -> str:
    pd.DataFrame(rows, columns=["村里代碼", "戶數", "光纖"]).to_csv(folder / "v.csv", index=False)
    return (
        TABLE.format(path="v.csv", level="village")
        + 'sum = true\ncolumns = {"戶數" = "asked", "光纖" = "fibre"}\n'
    )


def nation(results: Results, indicator: str) -> pd.Series:
    table = results.indicators
    return table[(table["level"] == "nation") & (table["indicator"] == indicator)].iloc[0]


# ------------------------------------------------------------------ the worked example


def test_a_village_table_becomes_an_indicator_with_its_divide(tmp_path: Path) -> None:
    codes = reference.villages()["village_code"]
    table = villages(tmp_path, [(code, 100, 20 + at % 60) for at, code in enumerate(codes)])
    ratio = '[[derive]]\ncolumn = "fibre_percent"\nfunction = "ratio"\nof = ["fibre", "asked"]\nscale = 100\n'
    text = HEAD + 'divide = ["reached"]\n' + EMBEDDED + table + ratio + OWN
    results = run(study(tmp_path, text))
    row = nation(results, "reached")
    fibre = sum(20 + at % 60 for at in range(len(codes)))
    assert (row["numerator"], row["denominator"]) == (fibre, 100 * len(codes))
    assert row["value"] == pytest.approx(fibre / len(codes))
    assert results.villages["fibre"].sum() == fibre
    # what is derived, and what the indicator gives a township, is the same figure
    assert np.allclose(results.townships["fibre_percent"], results.townships["reached"])
    (finding,) = results.divide
    assert finding.measure == "reached"
    assert 0 < finding.gini < 1


def test_columns_are_named_by_their_meaning_or_by_their_header(tmp_path: Path) -> None:
    table = villages(tmp_path, [(code, 10, 5) for code in reference.villages()["village_code"]])
    by_header = run(study(tmp_path, HEAD + EMBEDDED + table + OWN)).indicators
    by_meaning = run(
        study(tmp_path, HEAD + EMBEDDED + table.replace('"戶數"', "households") + OWN)
    ).indicators
    pd.testing.assert_frame_equal(by_header, by_meaning)


def test_rows_are_chosen_by_header_and_by_number(tmp_path: Path) -> None:
    rows = [(code, year, year) for code in CODES for year in (2020, 2021)]
    pd.DataFrame(rows, columns=["鄉鎮市區代碼", "年度別", "asked"]).to_csv(tmp_path / "t.csv", index=False)
    table = TABLE.format(path="t.csv", level="township") + 'columns = ["asked"]\nwhere = {"年度別" = 2021}\n'
    assert set(run(study(tmp_path, HEAD + EMBEDDED + table)).townships["asked"]) == {2021}


def test_the_command_line_gives_files_a_ledger_and_exit_codes(tmp_path: Path) -> None:
    codes = list(reference.villages()["village_code"])
    table = villages(tmp_path, [*((code, 10, 5) for code in codes), ("6500001", 10, 5)])
    study(tmp_path, HEAD + EMBEDDED + table + OWN)
    call = ["run", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out")]
    refused = CliRunner().invoke(app, call)
    assert refused.exit_code == 1
    assert not (tmp_path / "out").exists()
    passed = CliRunner().invoke(app, [*call, "--allow-rejects", "--json"])
    assert passed.exit_code == 0
    assert json.loads(passed.stdout)["rejects"] == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    rejects = pd.read_csv(tmp_path / "out" / "rejects.csv")
    assert rejects["row"].tolist() == [7703]
    assert CliRunner().invoke(app, ["run", str(tmp_path / "none.toml")]).exit_code == 2


# ------------------------------------------------------------------ rows that do not match


def test_unplaced_rows_stand_in_the_ledger_with_row_and_fate(tmp_path: Path) -> None:
    rows = [("65000010001", 10, 5), ("65000010999", 100, 50), ("99999999001", 1000, 500)]
    text = HEAD + EMBEDDED + villages(tmp_path, rows) + OWN
    with pytest.raises(InputError, match=r"row 4 .*99999999001 is in no unit"):
        run(study(tmp_path, text))
    results = run(study(tmp_path, text), allow_rejects=True)
    ledger = results.ledger.to_frame()
    assert ledger["row"].tolist() == [3, 4]
    assert "its figures count in the township" in ledger["reason"][0]
    assert "it is unplaced" in ledger["reason"][1]
    assert nation(results, "reached")["denominator"] == 110


def test_text_among_the_numbers_to_sum_is_told_by_row(tmp_path: Path) -> None:
    codes = reference.villages()["village_code"][:40]
    rows = [(code, 10, "三十" if at == 7 else 5) for at, code in enumerate(codes)]
    text = HEAD + EMBEDDED + villages(tmp_path, rows) + OWN
    with pytest.raises(InputError, match="三十") as caught:
        run(study(tmp_path, text))
    assert caught.value.problems[0].row == 9
    results = run(study(tmp_path, text), allow_rejects=True)
    assert results.ledger.to_frame()["row"].tolist() == [9]
    unknown = results.townships[results.townships["town_code"] == codes[7][:8]]
    assert unknown["fibre"].isna().all()  # a sum without one of its villages would be too small
    assert results.townships["fibre"].sum() == 5 * sum(code[:8] != codes[7][:8] for code in codes)


@pytest.mark.parametrize("use", [OWN, '[[derive]]\ncolumn = "x"\nfunction = "sum"\nof = ["fibre"]\n'])
def test_text_where_figures_are_needed_is_told_with_its_township(tmp_path: Path, use: str) -> None:
    table = towns(tmp_path, asked=10, fibre=["很多", *[1] * 367])
    with pytest.raises(InputError, match=r"fibre holds text in 1 township, such as '很多' \(09007010\)"):
        run(study(tmp_path, HEAD + EMBEDDED + table + use))


def test_townships_that_a_table_lacks_are_unknown_through_to_the_report(tmp_path: Path) -> None:
    pd.DataFrame({"town_code": CODES[:300], "asked": 10, "fibre": range(300)}).to_csv(
        tmp_path / "t.csv", index=False
    )
    text = HEAD + 'divide = ["reached"]\n' + EMBEDDED + TABLE.format(path="t.csv", level="township") + OWN
    results = run(study(tmp_path, text))
    rows = results.indicators.query("indicator == 'reached' and level == 'township'")
    assert (rows["status"] == "unknown").sum() == 68
    assert results.townships["asked"].dtype == "float64"
    assert len(results.divide[0].unknown) == 68
    assert (report(results, tmp_path / "out") / "index.html").stat().st_size > 100_000


def test_an_empty_column_is_unknown_everywhere(tmp_path: Path) -> None:
    results = run(study(tmp_path, HEAD + EMBEDDED + towns(tmp_path, asked=10, fibre="") + OWN))
    assert nation(results, "reached")["status"] == "unknown"
    assert np.isnan(nation(results, "reached")["value"])


# ------------------------------------------------------------------ a frame of one's own


@pytest.mark.parametrize(("true", "false"), [("True", "False"), ("1", "0"), ("是", "否"), ("yes", "no")])
def test_groups_from_a_table_of_ones_own_are_those_embedded(
    tmp_path: Path, taiwan: Results, true: str, false: str
) -> None:
    figures = reference.figures()
    flags = figures["offshore"].map({True: true, False: false})
    table = towns(
        tmp_path, population=figures["population"], indigenous=figures["indigenous"], offshore=flags
    )
    results = run(study(tmp_path, HEAD + table))
    assert results.townships["group"].tolist() == taiwan.townships["group"].tolist()
    assert results.townships["remote"].tolist() == taiwan.townships["remote"].tolist()


def test_a_flag_that_is_neither_true_nor_false_is_told(tmp_path: Path) -> None:
    table = towns(tmp_path, population=1000, indigenous="", offshore="perhaps")
    with pytest.raises(InputError, match="neither true nor false but perhaps"):
        run(study(tmp_path, HEAD + table))


@pytest.mark.parametrize("name", ["remote", "villages", "geometry", "group"])
def test_columns_of_the_run_itself_are_not_taken_from_a_table(tmp_path: Path, name: str) -> None:
    table = towns(tmp_path, fibre=1) + f'columns = {{fibre = "{name}"}}\nreplace = true\n'
    with pytest.raises(InputError, match=f"{name} is a column that the run makes or needs itself"):
        run(study(tmp_path, HEAD + EMBEDDED + table))


@pytest.mark.parametrize("name", ["population", "town_code", "remote"])
def test_a_derived_column_replaces_nothing(tmp_path: Path, name: str) -> None:
    derive = f'[[derive]]\ncolumn = "{name}"\nfunction = "sum"\nof = ["households"]\n'
    with pytest.raises(InputError, match=f"{name} is already a column"):
        run(study(tmp_path, HEAD + EMBEDDED + derive))


# ------------------------------------------------------------------ entries that would mislead


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '[indicator.compute]\nlevel = "township"',
            '[indicator.compute]\nlevel = "village"',
            "must be township",
        ),
        ('id = "reached"', 'id = "reached by <b>"', "is no id"),
        (EMBEDDED, EMBEDDED.replace('"township"', '"county"'), "must be township for embedded"),
        (
            EMBEDDED,
            EMBEDDED + 'columns = {population = "a", households = "a"}\n',
            "gives the name a to several",
        ),
        ("indicators =", 'divide = ["reached", "reached"]\nindicators =', "'reached' is named twice"),
        (OWN, '[[derive]]\ncolumn = "x"\nfunction = "sum"\nof = []\n', "is empty: name the columns"),
    ],
)
def test_an_entry_that_would_mislead_is_refused(old: str, new: str, message: str) -> None:
    text = HEAD + EMBEDDED + OWN
    assert old in text
    with pytest.raises(InputError, match=message):
        Study.parse(text.replace(old, new), "mine.toml", Path())


@pytest.mark.parametrize("ids", ["[]", '["fixed_2g_households"]'])
def test_a_study_that_works_nothing_out_is_refused(ids: str) -> None:
    with pytest.raises(InputError, match="names none that is worked out"):
        Study.parse(HEAD.replace('["population"]', ids) + EMBEDDED, "mine.toml", Path())


def test_a_study_of_counts_alone_has_its_report(tmp_path: Path) -> None:
    results = run(study(tmp_path, HEAD + EMBEDDED))
    assert "人口" in (report(results, tmp_path / "out") / "index.html").read_text(encoding="utf-8")
