"""Overlays that a study names, and files that are given beside it."""

import os
import re
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import LineString, Point

from notspot import overlay_specs
from notspot.overlay_files import overlays_for
from notspot.study import Study
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text
from notspot_maps.overlays.kinds import NO, UNKNOWN, YES, LineOverlay, PointOverlay, RasterOverlay
from notspot_maps.overlays.rasters import KINDS

HEAD = """
id = "overlaid"
year = 2021
title = "Overlaid"
boundaries = "embedded:2021-09"
rule = "remote_2020"
indicators = ["population"]
[[table]]
path = "embedded:townships_2021"
level = "township"
"""
COVERAGE = """
[[people]]
id = "registered"
path = "embedded:townships_2021"
level = "township"
people = "population"
[[layer]]
id = "model"
kind = "raster"
path = "signal.tif"
quantity = "rsrp_dbm"
at_least = -100
basis = "model"
as_of = "2021-12"
source = "a model"
[[layer]]
id = "claimed"
kind = "table"
path = "embedded:townships_2021"
level = "township"
column = "population"
at_least = 1
[[service]]
id = "mobile"
layers = ["model", "claimed"]
basis = "model"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("overlaid")
    values = np.full((80, 80), -90, np.float32)
    values[:, 40:] = -110
    with rasterio.open(
        out / "signal.tif", "w", driver="GTiff", height=80, width=80, count=1, dtype="float32", crs="EPSG:3826",
        transform=from_origin(240_000, 2_640_000, 250, 250), nodata=float("nan"),
    ) as file:  # fmt: skip
        file.write(values, 1)
    (out / "shelters.csv").write_text(
        "名稱,經度,緯度,可用,業者\n甲,121.05,23.62,涵蓋,A\n乙,121.10,23.70,未涵蓋,\n丙,121.12,23.71,,\n",
        encoding="utf-8",
    )
    (out / "spoilt.csv").write_text("名稱,經度,緯度\n甲,121.05,23.62\n乙,121.1O,23.70\n", encoding="utf-8")
    trails = gpd.GeoDataFrame(
        {"name": ["徑"], "status": ["covered"]}, geometry=[LineString([(121, 23.6), (121.1, 23.7)])], crs=4326
    )
    trails.to_file(out / "trails.geojson", driver="GeoJSON")
    return out


def study(folder: Path, text: str) -> Study:
    return Study.parse(HEAD + text, "study.toml", folder)


def problems(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as error:
        study(folder, text)
    return str(error.value)


def test_a_study_names_a_layer_and_files(folder):
    given = study(
        folder,
        COVERAGE
        + """
        [[overlay]]
        id = "signal"
        kind = "raster"
        name = {zh = "訊號", en = "Signal"}
        layer = "model"
        resolution_m = 500
        [[overlay]]
        id = "shelters"
        kind = "points"
        path = "shelters.csv"
        name_column = "名稱"
        status_column = "可用"
        by_column = "業者"
        service = "5G"
        basis = "claim"
        [[overlay]]
        id = "trails"
        kind = "lines"
        path = "trails.geojson"
        """,
    )
    raster, lines, points = overlays_for(given)
    assert isinstance(raster, RasterOverlay)
    assert isinstance(lines, LineOverlay)
    assert isinstance(points, PointOverlay)
    assert (raster.basis, raster.as_of, raster.source.en) == ("model", "2021-12", "a model")
    assert raster.resolution_m == 500
    assert raster.shades[1].name.en == "Not covered (below −100 dBm)"  # the layer's own threshold
    assert raster.shades[1].state == "no"
    assert lines.standings[0].frame["status"].tolist() == [YES]
    (standing,) = points.standings
    assert standing.name.zh == "5G"
    assert standing.frame[["status", "by"]].to_numpy().tolist() == [[YES, "A"], [NO, ""], [UNKNOWN, ""]]
    assert points.points["name"].tolist() == ["甲", "乙", "丙"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[overlay]]\nid = "a"\nkind = "raster"\nlayer = "claimed"', "'claimed' is no raster layer of the study"),
        ('[[overlay]]\nid = "a"\nkind = "raster"\nlayer = "model"\nat_least = -90', "said by the layer 'model'"),
        ('[[overlay]]\nid = "a"\nkind = "raster"\npath = "signal.tif"\nedges = [-90, -100]', "must rise"),
        ('[[overlay]]\nid = "a"\nkind = "raster"\npath = "signal.tif"\nresolution_m = 0.002', "metres are meant"),
        ('[[overlay]]\nid = "a"\nkind = "raster"\npath = "signal.tif"\nshows = "colour"', "'colour' is none of"),
        ('[[overlay]]\nid = "a"\nkind = "points"\npath = "shelters.csv"\nlayer = "model"', "layer is not an entry"),
        ('[[overlay]]\nid = "a"\nkind = "raster"\npath = "signal.tif"\nclasses = {x = "y"}', "is no whole number"),
        ('[[overlay]]\nid = "a"\nkind = "lines"\npath = "gone.shp"', "'gone.shp' is not there"),
        ('[[overlay]]\nid = "B"\nkind = "lines"\npath = "trails.geojson"', "'B' is no id"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_entry_is_told(folder, text, said):
    assert said in problems(folder, COVERAGE + text)


def test_every_entry_is_explained():
    page = (Path(__file__).parents[1] / "docs" / "overlays.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", page))
    entries = {
        *overlay_specs._COMMON,
        *(key for keys in overlay_specs._OF_KIND.values() for key in keys),
        *KINDS,
    }
    assert entries - named == set()


def test_files_beside_a_study_know_themselves_by_name_and_header(folder, tmp_path):
    given = study(folder, "")
    copy = tmp_path / "All best_RSRP_dBm.tif"
    copy.write_bytes((folder / "signal.tif").read_bytes())
    found = overlays_for(
        given, [copy, f"level_dbm={copy}"], [folder / "shelters.csv"], [folder / "trails.geojson"], 1000
    )
    assert [overlay.id for overlay in found] == [
        "all_best_rsrp_dbm", "all_best_rsrp_dbm_2", "trails", "shelters"
    ]  # fmt: skip
    assert all(overlay.given for overlay in found)
    assert found[0].resolution_m == 1000
    assert found[0].name.en.startswith("Signal level (RSRP)")
    assert found[1].name.en.startswith("Signal level (")
    assert found[3].standings == ()  # no column says its status by its header
    if sys.platform == "linux":  # others have no such names
        other = tmp_path / os.fsdecode(b"\xff.csv")  # a name in another encoding
        other.write_bytes((folder / "shelters.csv").read_bytes())
        assert overlays_for(given, points=[other])[0].name == Text("\ufffd", "\ufffd")


def test_files_that_cannot_be_used_are_told(folder, tmp_path):
    given = study(folder, "")
    with pytest.raises(NotFoundError, match=r"none\.tif: no such raster"):
        overlays_for(given, [tmp_path / "none.tif"])
    with pytest.raises(UsageError, match="'colour' is nothing that a raster shows"):
        overlays_for(given, [f"colour={folder / 'signal.tif'}"])
    with pytest.raises(InputError, match="values holds -110"):
        overlays_for(given, [f"probability={folder / 'signal.tif'}"])
    with pytest.raises(InputError, match="row 3"):
        overlays_for(given, points=[folder / "spoilt.csv"])
    with pytest.raises(InputError, match="is a Point, not a line"):
        overlays_for(given, lines=[folder / "shelters.csv"])
    ledger = Ledger()
    (points,) = overlays_for(given, points=[folder / "spoilt.csv"], ledger=ledger, allow_rejects=True)
    assert points.points["name"].tolist() == ["甲"]
    assert [(row["file"], row["row"]) for row in ledger.rows] == [("spoilt.csv", 3)]


def test_a_list_of_stations_may_be_said_to_be_public(folder):
    frame = gpd.GeoDataFrame({"name": ["S"], "azimuth": [90]}, geometry=[Point(121.1, 23.6)], crs=4326)
    frame.to_file(folder / "masts.geojson", driver="GeoJSON")
    text = '[[overlay]]\nid = "masts"\nkind = "points"\npath = "masts.geojson"\n'
    with pytest.raises(UsageError, match="whose positions are sensitive"):
        overlays_for(study(folder, text))
    (hidden,) = overlays_for(study(folder, text), include_sites=True)
    (public,) = overlays_for(study(folder, text + "public = true"))
    assert (hidden.sensitive, public.sensitive) == (True, False)
