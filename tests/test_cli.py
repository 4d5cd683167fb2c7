"""The command line as people use it: what it prints, where, and how it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from notspot.cli import app
from notspot.outputs import FILES


def notspot(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


GOOD = "村里代碼,人口\n65000010001,10\n65000010002,20\n"
BAD = "村里代碼,人口\n65000010001,1O\n650000,20\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "good.csv").write_text(GOOD, encoding="utf-8")
    return tmp_path / "good.csv"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.csv").write_text(BAD, encoding="utf-8")
    return tmp_path / "bad.csv"


def test_report_ends_with_three_numbers_and_where_it_is(report_command: tuple[Result, Path]) -> None:
    result, out = report_command
    assert result.exit_code == 0
    assert sorted(item.name for item in out.iterdir()) == sorted(FILES)
    lines = result.output.strip().splitlines()
    assert lines[-3].endswith("index.html")
    assert sum("偏遠" in line for line in lines) == 3
    assert "Traceback" not in result.output


def test_run_with_json_prints_one_object(tmp_path: Path) -> None:
    from notspot.study import Study

    text = Study.shipped().text.replace(
        'indicators = "all"', 'indicators = ["population", "people_dl_best_100"]'
    )
    text = text[: text.index("# For which measures")] + text[text.index("[[table]]") :]
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    result = notspot("run", tmp_path / "s.toml", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert {"run_id", "folder", "report", "atlas", "rejects", "headlines"} <= set(found)


def test_a_study_with_problems_ends_with_1_and_lists_them(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('id = "x"\nyear = "x"\n', encoding="utf-8")
    result = notspot("run", tmp_path / "s.toml", "--json")
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["problems"]) >= 4


def test_wrong_use_ends_with_2(tmp_path: Path) -> None:
    assert notspot("run", tmp_path / "nowhere.toml").exit_code == 2
    assert notspot("report", "--nonsense").exit_code == 2
    assert notspot("check", tmp_path / "nowhere.csv").exit_code == 2
    found = json.loads(notspot("check", tmp_path / "nowhere.csv", "--json").stdout)
    assert {"file", "kind", "encoding", "crs", "rows", "usable", "problems", "error"} <= set(found)
    assert notspot("nonsense").exit_code == 2


def test_a_folder_that_is_not_ours_is_refused_before_anything_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(*_: object, **__: object) -> None:
        raise AssertionError("it was counted")

    monkeypatch.setattr("notspot.pipeline.run", counted)
    (tmp_path / "mine.txt").write_text("")
    result = notspot("report", "--out", tmp_path)
    assert result.exit_code == 2
    assert "holds mine.txt, which Notspot did not write" in result.output


def test_check_of_a_good_file(good: Path) -> None:
    result = notspot("check", good)
    assert result.exit_code == 0
    assert "村里代碼" in result.output
    assert "village_code" in result.output


def test_check_of_a_bad_file_names_every_row(bad: Path) -> None:
    result = notspot("check", bad, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert {"file", "kind", "encoding", "crs", "rows", "usable", "problems"} <= set(found)
    assert (found["rows"], found["usable"]) == (2, 0)
    assert [problem["row"] for problem in found["problems"]] == [2, 3]
    assert all({"row", "field", "message"} <= set(problem) for problem in found["problems"])


def test_check_of_what_is_no_table_still_prints_one_object(tmp_path: Path) -> None:
    (tmp_path / "page.csv").write_text("<!doctype html><title>Login</title>", encoding="utf-8")
    result = notspot("check", tmp_path / "page.csv", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["usable"] == 0
    assert found["problems"]


def test_fetch_without_ids_lists_the_sources(tmp_path: Path) -> None:
    result = notspot("fetch", "--cache", tmp_path)
    assert result.exit_code == 0
    for dataset in ("7438", "7441", "7442", "41256"):
        assert dataset in result.output
    assert json.loads(notspot("fetch", "--cache", tmp_path, "--json").stdout)["sources"]


def test_fetch_of_an_unknown_source_ends_with_2(tmp_path: Path) -> None:
    assert notspot("fetch", "nothing", "--cache", tmp_path).exit_code == 2


def test_fetch_offline_says_what_to_do(tmp_path: Path) -> None:
    result = notspot("fetch", "villages", "--offline", "--cache", tmp_path)
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output


def test_indicators_are_read_from_the_definitions() -> None:
    text = notspot("indicators").output
    assert "fixed_2g_households" in text
    assert "38.5" in text
    found = json.loads(notspot("indicators", "--json").stdout)["indicators"]
    assert {item["id"] for item in found} >= {"mobile_5g_population", "dl_mbps_best"}


def test_version() -> None:
    from notspot import __version__

    assert __version__ in notspot("version").output
    assert json.loads(notspot("version", "--json").stdout)["notspot"] == __version__


@pytest.mark.parametrize("command", ["report", "run", "check", "fetch", "indicators", "version"])
def test_every_command_explains_itself(command: str) -> None:
    result = notspot(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert command in notspot("--help").output
