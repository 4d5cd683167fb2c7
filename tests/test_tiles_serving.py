"""`notspot tiles`: a folder that is not one of tiles, places that cannot be written or served, words that are none."""

from typer.testing import CliRunner

from notspot.cli import app


def test_a_folder_without_tiles_is_not_served(tmp_path):
    asked = ["tiles", str(tmp_path), "--serve"]
    bare = CliRunner().invoke(app, asked)
    assert (bare.exit_code, "has no index.html" in bare.output) == (2, True)
    (tmp_path / "index.html").write_text("a report")
    report = CliRunner().invoke(app, asked)
    assert (report.exit_code, "has no tiles (.pmtiles)" in report.output) == (2, True)


def test_a_place_that_is_none_is_told(tmp_path):
    points = tmp_path / "p.csv"
    points.write_text("lon,lat,status\n121.5,25.0,1\n", encoding="utf-8")
    under = CliRunner().invoke(app, ["tiles", str(points), "--out", str(points / "T")])
    assert (under.exit_code, f"{points} is a file" in under.output) == (2, True)
    for port in ("65536", "99999999", "-1"):
        served = CliRunner().invoke(app, ["tiles", str(tmp_path), "--serve", "--port", port])
        assert (served.exit_code, "Invalid value for '--port'" in served.output) == (2, True)


def test_bytes_that_are_no_letters_become_marks(tmp_path):
    points, out = tmp_path / "\udcff.csv", tmp_path / "T"
    points.write_text("lon,lat,status\n121.5,25.0,1\n121.5,29.0,1\n", encoding="utf-8")
    words = ["--name", "網\udcff|net\udcff", "--source", "\udcff"]
    done = CliRunner().invoke(app, ["tiles", str(points), "--out", str(out), *words])
    assert done.exit_code == 0, done.output
    assert "<title>網\ufffd" in (out / "index.html").read_text(encoding="utf-8")
    assert "?.csv,3," in (out / "rejects.csv").read_text(encoding="utf-8-sig")
