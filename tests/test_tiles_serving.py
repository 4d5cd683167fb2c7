"""`notspot tiles FOLDER --serve` of a folder that is not one of tiles."""

from typer.testing import CliRunner

from notspot.cli import app


def test_a_folder_without_tiles_is_not_served(tmp_path):
    asked = ["tiles", str(tmp_path), "--serve"]
    bare = CliRunner().invoke(app, asked)
    assert (bare.exit_code, "has no index.html" in bare.output) == (2, True)
    (tmp_path / "index.html").write_text("a report")
    report = CliRunner().invoke(app, asked)
    assert (report.exit_code, "has no tiles (.pmtiles)" in report.output) == (2, True)
