"""`notspot export`: files are written whole, wrong use is told before anything is run."""

import json
import zipfile
from pathlib import Path

import pytest
from test_office import png
from typer.testing import CliRunner

from notspot.cli import app
from notspot_coverage.results import Results


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """White pictures: what they show is tested elsewhere."""
    monkeypatch.setattr("notspot_maps.documents.document.picture", lambda svg, format, **_: png())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("format", "part"), [("docx", "word/document.xml"), ("odt", "content.xml")])
def test_a_result_folder_becomes_a_document(
    format: str, part: str, taiwan: Results, report_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sub" / f"報告.{format}"
    done = CliRunner().invoke(
        app,
        ["export", str(report_folder), "--format", format, "--lang", "en", "--out", str(out), "--json"],
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said == {"file": str(out), "format": format, "bytes": out.stat().st_size, "notes": []}
    with zipfile.ZipFile(out) as file:
        words = file.read(part).decode()
    assert taiwan.title.en in words
    assert "The digital divide" in words
    assert taiwan.title.zh not in words


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "docx", "--out", "a.pdf"], "does not end in .docx"),
        (["--format", "odt", "--address", "https://a.example"], "--address is for --format pdf"),
        (["--format", "pdf", "--address", "javascript:x"], "begins with https://"),
        (["--format", "pdf", "--out", "."], "is a folder"),
        (["--format", "odt"], "nothing-here"),
        (["--format", "doc"], "--format is pdf, docx, odt, not 'doc' (Word reads .docx)\n"),
        (["--format", "odt", "--lang", "ja"], "--lang is zh or en, not 'ja'\n"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["export", "nothing-here", *arguments])
    assert done.exit_code == 2
    assert said in done.output


def test_formats_are_those_that_are_named() -> None:
    assert "--format pdf|docx|odt" in CliRunner().invoke(app, ["export", "--help"]).output
