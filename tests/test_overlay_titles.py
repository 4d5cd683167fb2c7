"""Files that are laid over an atlas by the command line: their titles, what is understood of them, what is told."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from atlas_results import results
from rasterio.transform import from_origin
from shapely.geometry import LineString
from typer.testing import CliRunner

from notspot.cli import app
from notspot.overlay_files import overlays_for
from notspot.overlay_words import NamedFile, named_file
from notspot.study import Study
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text
from notspot_maps.atlas.file import read_atlas
from notspot_maps.overlays.kinds import NO, UNKNOWN, YES
from notspot_maps.overlays.rasters import KINDS

CLINICS = """機構名稱,緯度,經度,狀態
臺東縣蘭嶼鄉衛生所,22.0446,121.5462,涵蓋
屏東縣霧台鄉衛生所,22.7443,,無資料
台東縣綠島鄉衛生所,22.6613,121.4917,未涵蓋
嘉義縣阿里山鄉衛生所,23.4680,120.7010,有涵蓋
高雄市桃源區衛生所,23.1590,120.7650,
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("titled")
    (out / "clinics.csv").write_text(CLINICS, encoding="utf-8")
    good = [line for line in CLINICS.splitlines() if "有涵蓋" not in line and "霧台" not in line]
    (out / "衛生所.csv").write_text("\n".join(good), encoding="utf-8")
    with rasterio.open(
        out / "level.tif", "w", driver="GTiff", height=8, width=8, count=1, dtype="float32", crs="EPSG:3826",
        transform=from_origin(240_000, 2_640_000, 250, 250), nodata=float("nan"),
    ) as file:  # fmt: skip
        file.write(np.full((8, 8), -90.5, np.float32), 1)
    (out / "overlays.toml").write_text(
        """
        [[overlay]]
        id = "clinics"
        kind = "points"
        name = {zh = "衛生所", en = "Clinics"}
        path = "衛生所.csv"
        name_column = "機構名稱"
        service = {zh = "100 Mbps 專線", en = "100 Mbps line"}
        source = "衛生福利部"
        basis = "register"
        as_of = "2025-06"
        """,
        encoding="utf-8",
    )
    return out


@pytest.mark.parametrize(
    ("given", "option", "title", "kind"),
    [
        ("{}", "--points", None, ""),
        ("衛生所|Clinics={}", "--points", Text("衛生所", "Clinics"), ""),
        (" 衛生所 | Clinics = {}", "--lines", Text("衛生所", "Clinics"), ""),
        ("Clinics={}", "--points", Text("Clinics", "Clinics"), ""),
        ("衛生所|={}", "--points", Text("衛生所", "衛生所"), ""),
        ("rsrp_dbm={}", "--raster", None, "rsrp_dbm"),
        ("訊號|Signal={}", "--raster", Text("訊號", "Signal"), ""),
        ("訊號={}", "--raster", Text("訊號", "訊號"), ""),
        ("訊號|Signal=rsrp_dbm={}", "--raster", Text("訊號", "Signal"), "rsrp_dbm"),
        ("rsrp_dbm=訊號|Signal={}", "--raster", Text("訊號", "Signal"), "rsrp_dbm"),
    ],
)
def test_a_title_stands_before_the_file(folder, given, option, title, kind):
    path = folder / "clinics.csv"
    kinds = KINDS if option == "--raster" else ()
    assert named_file(given.format(path), option, kinds) == NamedFile(path, title, kind)


def test_a_file_that_is_there_is_no_title(tmp_path):
    for name in ("rsrp_dbm=best.tif", "甲=乙.csv", "a|b.csv"):
        (tmp_path / name).touch()
        for kinds in (KINDS, ()):
            assert named_file(tmp_path / name, "--raster", kinds) == NamedFile(tmp_path / name)
    titled = named_file(f"甲|A={tmp_path / '甲=乙.csv'}", "--points")
    assert titled == NamedFile(tmp_path / "甲=乙.csv", Text("甲", "A"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("=x.csv", "the title before '=x.csv' is empty; write --points '中文|English=FILE'"),
        ("|=x.csv", "is empty"),
        ("甲|A|B=x.csv", "has 3 parts: '甲|A|B'"),
        ("甲|A=", "names no file"),
        ("甲|A", "names no file; write --points '中文|English=FILE'"),
        ("甲=A=x.csv", "has two titles, '甲' and 'A'"),
    ],
)
def test_a_wrong_form_is_told(given, said):
    with pytest.raises(UsageError) as error:
        named_file(given, "--points")
    assert said in str(error.value)


def test_a_slip_in_a_kind_is_no_title():
    with pytest.raises(
        UsageError, match=r"'rsrp' is nothing that a raster shows; there are rsrp_dbm,.*'rsrp\|rsrp="
    ):
        named_file("rsrp=x.tif", "--raster", KINDS)


def test_titles_and_what_was_understood(folder):
    notes = {}
    raster, entry, points = overlays_for(
        Study.shipped(),
        [f"5G 訊號|5G signal=rsrp_dbm={folder / 'level.tif'}"],
        [f"衛生所|Clinics={folder / '衛生所.csv'}"],
        files=[folder / "overlays.toml"],
        notes=notes,
    )
    assert (raster.name, entry.name, points.name) == (
        Text("5G 訊號", "5G signal"), Text("衛生所", "Clinics"), Text("衛生所", "Clinics")
    )  # fmt: skip
    assert [each.id for each in (raster, entry, points)] == ["level", "clinics", "clinics_2"]
    assert notes == {
        "clinics": "衛生所.csv: 3 rows, name from 機構名稱, status from 狀態",
        "level": "level.tif: rsrp_dbm, cells of 250 m",
        "clinics_2": "衛生所.csv: 3 rows, name from 機構名稱, status from 狀態",
    }
    assert points.points["name"].tolist()[0] == "臺東縣蘭嶼鄉衛生所"  # of the one header that ends in 名稱
    assert points.standings[0].frame["status"].tolist() == [YES, NO, UNKNOWN]


def test_a_file_of_overlays_says_all_that_a_study_can(folder, tmp_path):
    (made,) = overlays_for(Study.shipped(), files=[folder / "overlays.toml"])
    assert (made.source, made.basis, made.as_of) == (Text("衛生福利部", "衛生福利部"), "register", "2025-06")
    assert made.standings[0].name == Text("100 Mbps 專線", "100 Mbps line")
    with pytest.raises(NotFoundError, match="no such file of overlays"):
        overlays_for(Study.shipped(), files=[tmp_path / "none.toml"])
    wrong = tmp_path / "wrong.toml"
    for text, said in (
        ("", "begin each with [[overlay]]"),
        ('title = "a"', "title is not an entry; known are overlay"),
        (
            '[[overlay]]\nid = "a"\nkind = "lines"\npath = "gone.csv"',
            "is not there, looked for beside wrong.toml",
        ),
        ("[[overlay]", "is not TOML"),
    ):
        wrong.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as error:
            overlays_for(Study.shipped(), files=[wrong])
        assert said in str(error.value)


def test_an_id_of_a_file_of_overlays_stands_once(folder):
    with pytest.raises(InputError, match="'clinics' is taken"):
        overlays_for(Study.shipped(), files=[folder / "overlays.toml"] * 2)


def test_every_bad_row_is_told_by_its_line_in_the_file_or_left_out(folder):
    """Of a coordinate and of a status at once; the status as its own column calls it."""
    with pytest.raises(InputError) as error:
        overlays_for(Study.shipped(), points=[folder / "clinics.csv"])
    assert [(p.row, p.field) for p in error.value.problems] == [(3, "longitude"), (5, "狀態")]
    assert error.value.file == str(folder / "clinics.csv")
    assert "3 of 5 rows usable" in str(error.value)
    assert "A column '狀態' that says something else than coverage needs another header" in str(error.value)
    ledger = Ledger()
    (points,) = overlays_for(
        Study.shipped(), points=[folder / "clinics.csv"], ledger=ledger, allow_rejects=True
    )
    assert [(row["row"], row["field"]) for row in ledger.rows] == [(3, "longitude"), (5, "狀態")]
    assert points.standings[0].frame["status"].tolist() == [YES, NO, UNKNOWN]
    assert len(points.points) == 3


def test_a_file_of_several_layers_tells_where_one_is_named(tmp_path):
    line = gpd.GeoDataFrame({"name": ["徑"]}, geometry=[LineString([(121, 23.6), (121.1, 23.7)])], crs=4326)
    for layer in ("old", "new"):
        line.to_file(tmp_path / "trails.gpkg", layer=layer, driver="GPKG")
    with pytest.raises(
        InputError, match=r'holds 2 layers: old, new\n.*layer_name = "…"; --overlays'
    ) as error:
        overlays_for(Study.shipped(), lines=[tmp_path / "trails.gpkg"])
    assert "--layer " not in str(error.value)


def test_a_raster_whose_name_says_nothing_tells_how_to_say_it(folder):
    with pytest.raises(InputError, match=r"say what they are: --raster rsrp_dbm="):
        overlays_for(Study.shipped(), [folder / "level.tif"])


def test_the_command_says_what_it_took_and_how_to_see_it(folder, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("notspot.results_folder.load", lambda source, **_: results())
    monkeypatch.setattr("notspot.results_folder.read_overlays", lambda folder: ())
    out = tmp_path / "a.html"
    asked = ["atlas", tmp_path, "--out", out, "--points", f"衛生所|Clinics={folder / '衛生所.csv'}"]
    result = CliRunner().invoke(app, [str(word) for word in asked])
    assert result.exit_code == 0, result.output
    assert "  衛生所.csv: 3 rows, name from 機構名稱, status from 狀態\n" in result.output
    assert "  To open with them on: a.html#o=clinics\n" in result.output
    (overlay,) = read_atlas(out).data["overlays"]
    assert (overlay["id"], overlay["name"]) == ("clinics", ["衛生所", "Clinics"])
    wrong = CliRunner().invoke(app, ["atlas", str(tmp_path), "--points", "衛生所|Clinics", "--json"])
    assert wrong.exit_code == 2
    assert "names no file" in json.loads(wrong.stdout)["error"]
