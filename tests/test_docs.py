"""The documents say what the product does: pages in step, links that lead somewhere, commands that exist."""

import ast
import functools
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import folium
import pytest
import typer.main

from notspot.cli import app
from notspot.study import Derive, Table
from notspot_coverage.definitions import Indicator, load_indicators, load_themes
from notspot_coverage.rules import load_rules

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import build_docs  # noqa: E402

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
PROMPT = re.compile(r"^(?:\$ |> )?(?:\.venv[/\\](?:bin|Scripts)[/\\])?notspot(?= |$)")

each_page = pytest.mark.parametrize("name", NAMES)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands_in(text: str) -> list[str]:
    """The command lines of `notspot` that a page shows: lines of code blocks, and code within sentences."""
    prose = FENCE.sub("", text)
    shown = [
        line for language, body in FENCE.findall(text) if language != "python" for line in body.splitlines()
    ]
    shown += re.findall(r"`([^`\n]+)`", prose)
    return [PROMPT.sub("notspot", line.strip()) for line in shown if PROMPT.match(line.strip())]


@functools.cache  # built anew at every call else
def commands() -> dict[str, Any]:
    """The commands of `notspot` by name."""
    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def wrong_with(line: str) -> str:
    """Why the command line does not exist, or ''."""
    words = shlex.split(line.split("  ")[0].replace("\\", "/"), comments=True)[1:]
    if not words or words[0] in ("-h", "--help"):
        return ""
    if words[0] not in commands():
        return f"no command '{words[0]}'"
    command = commands()[words[0]]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    known |= {"-h", "--help"}
    unknown = [word for word in words[1:] if word.startswith("-") and word.split("=")[0] not in known]
    return f"{words[0]} has no {', '.join(unknown)}" if unknown else ""


def test_the_page_of_indicators_is_made_from_the_definitions() -> None:
    expected = build_docs.as_markdown(load_indicators(), load_themes())
    assert build_docs.PAGE.read_text(encoding="utf-8") == expected, "run python scripts/build_docs.py"


def test_the_page_of_indicators_names_every_one_once_with_its_figures() -> None:
    text = text_of("docs/indicators.md")
    sections = re.findall(r"^### (\S+)$", text, re.M)
    assert sorted(sections) == sorted(load_indicators())
    assert "- 公布 · published 2021: 85 鄉鎮市區 · townships (85 / 86)" in text
    assert "`100 × Σ population [dl_mbps_best ≥ 100] / Σ population`" in text


@each_page
def test_relative_links_lead_to_files(name: str) -> None:
    page = ROOT / name
    targets = [link.split("#")[0] for link in LINK.findall(FENCE.sub("", text_of(name)))]
    own = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    assert [target for target in own if not (page.parent / target).exists()] == []


@each_page
def test_links_within_the_project_lead_to_headings(name: str) -> None:
    def anchors(path: Path) -> set[str]:
        heads = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.M)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    lost = []
    for link in LINK.findall(FENCE.sub("", text_of(name))):
        file, _, anchor = link.partition("#")
        if anchor and not re.match(r"[a-z]+:", link):
            target = (ROOT / name).parent / file if file else ROOT / name
            if target.suffix == ".md" and anchor not in anchors(target):
                lost.append(link)
    assert lost == []


@each_page
def test_commands_exist_with_their_options(name: str) -> None:
    wrong = {line: reason for line in commands_in(text_of(name)) if (reason := wrong_with(line))}
    assert wrong == {}


def test_an_invented_command_is_found() -> None:
    """The check of the commands can fail."""
    text = "Run `notspot reprot` or\n```\nnotspot run s.toml --fast\nnotspot check f.csv --json\n```\n"
    assert [wrong_with(line) for line in commands_in(text)] == [
        "run has no --fast",
        "",
        "no command 'reprot'",
    ]


def test_the_readme_shows_every_command() -> None:
    assert set(commands()) == {line.split()[1] for line in commands_in(text_of("README.md")) if " " in line}


@each_page
def test_make_targets_exist(name: str) -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    code = "\n".join(body for _, body in FENCE.findall(text_of(name)))
    shown = re.findall(r"^make ([a-z-]+)", code, re.M) + re.findall(r"`make ([a-z-]+)", text_of(name))
    assert set(shown) <= there


@each_page
def test_python_examples_are_python(name: str) -> None:
    for language, body in FENCE.findall(text_of(name)):
        if language == "python":
            ast.parse(body)


@each_page
def test_scripts_that_a_page_names_are_there(name: str) -> None:
    named = re.findall(r"\b(?:scripts|tests)/[\w/]+\.py\b", text_of(name))
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_worked_example_of_a_study_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table, the study and the figures of docs/studies.md, made, run and read as the page says."""
    blocks = FENCE.findall(text_of("docs/studies.md"))
    python = [body for language, body in blocks if language == "python"]
    (toml,) = [body for language, body in blocks if language == "toml"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "notspot.outputs.report_page", lambda results: ""
    )  # slow, and tested with the example
    monkeypatch.setattr("notspot.outputs.atlas", lambda results, **_: folium.Map())
    exec(compile(python[0], "docs/studies.md", "exec"), {})
    shown = next(body for _, body in blocks if body.startswith("村里代碼"))
    assert Path("fibre.csv").read_text(encoding="utf-8").startswith(shown)
    Path("fibre.toml").write_text(toml, encoding="utf-8")
    space: dict[str, object] = {}
    exec(compile(python[1], "docs/studies.md", "exec"), space)
    results = space["results"]
    assert set(results.indicators["indicator"]) >= {"fibre_share", "people_fibre_half"}
    assert {"households_asked", "households_fibre", "fibre_percent"} <= set(results.townships)
    assert {"households_asked", "households_fibre"} <= set(results.villages)
    assert (tmp_path / "fibre-report" / "rejects.csv").read_text(encoding="utf-8-sig").strip() == (
        "file,row,field,value,reason,people"
    )


def test_the_entries_of_a_study_are_all_explained() -> None:
    text = text_of("docs/studies.md")
    entries = {*Table.__dataclass_fields__, *Derive.__dataclass_fields__}
    entries |= set(Indicator.__dataclass_fields__) - {
        "recipe",
        "parts",
        "official_numerator",
        "official_denominator",
    }
    entries |= {
        "id",
        "year",
        "title",
        "boundaries",
        "rule",
        "indicators",
        "divide",
        "[[table]]",
        "[[derive]]",
        "within",
    }
    assert {entry for entry in entries if f"`{entry}`" not in text and f"`{entry} =" not in text} == set()
    assert {rule for rule in load_rules() if f'"{rule}"' not in text} == set()
