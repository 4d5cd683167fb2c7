"""Exact positions of base stations are in no file that a study writes, unless they are asked for."""

import base64
import json

import geopandas as gpd
import pytest
from leaks import blobs, found_in
from shapely.geometry import Point

from notspot.outputs import report
from notspot.overlay_files import overlays_for
from notspot.pipeline import run
from notspot.results_folder import read_results
from notspot.study import Study
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.text import Text
from notspot_maps.atlas.layer import atlas
from notspot_maps.overlays.account import account_overlays
from notspot_maps.overlays.kinds import NOTICE, notice_of, points_of
from notspot_maps.overlays.payload import packed

# odd places in the mountains, far from every border of a village
STATIONS = [(121.413579, 24.712463), (121.046831, 23.508247)]
REFUSED = ("121.513597", "24.68O281")  # the letter O for a zero: a row that is refused
HOTSPOT = (121.271839, 24.317592)  # public
STUDY = """
id = "leaks"
year = 2021
title = {zh = "不外洩", en = "Nothing leaks"}
boundaries = "embedded:2021-09"
rule = "remote_2020"
indicators = ["population"]
[[table]]
path = "embedded:townships_2021"
level = "township"
[[people]]
id = "registered"
path = "embedded:townships_2021"
level = "township"
people = "population"
[[layer]]
id = "stations"
kind = "sites"
path = "stations.csv"
radius_m = 3000
operator_column = "業者"
[[layer]]
id = "hotspots"
kind = "sites"
path = "hotspots.csv"
radius_m = 200
public = true
[[service]]
id = "mobile"
name = {zh = "行動", en = "Mobile"}
layers = ["stations"]
[[service]]
id = "wifi"
name = {zh = "無線", en = "Wi-Fi"}
layers = ["hotspots"]
[[places]]
id = "clinics"
name = {zh = "衛生所", en = "Clinics"}
path = "clinics.csv"
[[places]]
id = "subsidised"
name = {zh = "補助基地臺", en = "Subsidised stations"}
path = "stations.csv"
[[lines]]
id = "trails"
path = "trails.geojson"
[bounds]
edges = false
cell_m = 1000
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaks")
    rows = [f"S{i},甲,90,{lon},{lat}" for i, (lon, lat) in enumerate(STATIONS)]
    rows.append(f"S9,乙,90,{REFUSED[0]},{REFUSED[1]}")
    (folder / "stations.csv").write_text(
        "名稱,業者,方位角,經度,緯度\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    (folder / "hotspots.csv").write_text(
        f"名稱,經度,緯度\n熱點,{HOTSPOT[0]},{HOTSPOT[1]}\n", encoding="utf-8"
    )
    (folder / "clinics.csv").write_text(
        "名稱,經度,緯度\n近,121.4201,24.7150\n遠,120.9,23.9\n", encoding="utf-8"
    )
    trail = {"type": "LineString", "coordinates": [[121.38, 24.70], [121.45, 24.73]]}
    features = [{"type": "Feature", "properties": {"name": "步道"}, "geometry": trail}]
    (folder / "trails.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (folder / "leaks.toml").write_text(STUDY, encoding="utf-8")
    return Study.read(folder / "leaks.toml")


@pytest.fixture(scope="module")
def results(study):
    return run(study, allow_rejects=True)


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory):
    return report(results, tmp_path_factory.mktemp("leaks") / "report")


def test_no_file_of_a_result_holds_the_position_of_a_station(folder):
    files = sorted(folder.iterdir())
    assert {"atlas.html", "index.html", "gaps.csv", "results.zip", "units.parquet", "rejects.csv"} <= {
        file.name for file in files
    }
    assert found_in(files, STATIONS) == []
    rejects = (folder / "rejects.csv").read_text(encoding="utf-8")
    assert "stations.csv" in rejects  # the row is told, and not where it lies
    assert "121.51" not in rejects
    assert "24.68" not in rejects


def test_what_is_public_is_found_by_the_same_search(folder):
    told = found_in([folder / "atlas.html"], [HOTSPOT])
    assert any("steps of 1e-05 degrees" in line and "gzip" in line for line in told), told
    assert any(
        "geometry" in line and "bytes <d" in line for line in found_in([folder / "results.zip"], [HOTSPOT])
    )


def test_places_in_the_file_of_stations_are_counted_and_not_drawn(results):
    overlays = {overlay.id: overlay for overlay in account_overlays(results)}
    assert set(overlays) == {"clinics", "trails", "sites_hotspots"}
    assert any("public = true" in note.en and "stations.csv" in note.en for note in results.account.notes)
    table = results.account.table
    assert table[(table["subject"] == "subsidised") & (table["level"] == "nation")]["total"].iloc[0] == 3


def test_they_are_found_where_they_are_asked_for_and_the_page_says_so(results, tmp_path):
    overlays = overlays_for(results, include_sites=True)
    assert [overlay.id for overlay in overlays if overlay.sensitive] == ["sites_stations"]
    file = tmp_path / "atlas.html"
    page = atlas(results, overlays=overlays, include_sites=True).get_root().render()
    file.write_text(page, encoding="utf-8")
    told = found_in([file], STATIONS)
    assert any("steps of 1e-05 degrees" in line for line in told), told
    texts = [blob for _, blob in blobs("atlas", page.encode()) if blob[:1] == b"{"]
    data = next(json.loads(blob) for blob in texts if b'"overlays"' in blob)
    assert data["notice"] == [NOTICE.zh, NOTICE.en]
    without = [overlay for overlay in overlays if not overlay.sensitive]
    assert notice_of(without) is None


def test_a_sensitive_overlay_does_not_slip_in(results):
    overlays = overlays_for(results, include_sites=True)
    with pytest.raises(UsageError, match=r"sites_stations.*--include-sites"):
        packed(overlays)
    with pytest.raises(UsageError, match="--include-sites"):
        atlas(results, overlays=overlays)


def test_a_folder_of_results_has_no_positions_to_give(folder):
    again = read_results(folder)
    assert {overlay.id for overlay in account_overlays(again)} == {"clinics", "trails", "sites_hotspots"}
    with pytest.raises(UsageError, match="give the study"):
        overlays_for(again, include_sites=True)


def test_points_that_are_a_list_of_stations_are_refused(study, results):
    stations = study.folder / "stations.csv"
    with pytest.raises(InputError, match="1 problem"):
        overlays_for(results, points=[stations])
    with pytest.raises(UsageError, match=r"stations\.csv has the columns of a list of base stations"):
        overlays_for(results, points=[stations], allow_rejects=True)
    overlays = overlays_for(results, points=[stations], allow_rejects=True, include_sites=True)
    assert {o.id for o in overlays if o.sensitive} == {"sites_stations", "stations"}


# ------------------------------------------------------------------ the search itself


@pytest.mark.parametrize("kind", ["degrees", "cut", "metres", "bytes", "base64", "steps"])
def test_the_search_finds_a_position_however_it_is_written(tmp_path, kind):
    lon, lat = STATIONS[0]
    x, y = gpd.GeoSeries([Point(lon, lat)], crs=3824).to_crs(3826)[0].coords[0]
    text = {
        "degrees": f"[{lat:.6f}, {lon:.6f}]",
        "cut": f"<td>{int(lon * 1e4) / 1e4}</td><td>{int(lat * 1e4) / 1e4}</td>",
        "metres": f"E {x:.1f}, N {y:.1f}",
        "base64": base64.b64encode(f"<p>{lon} {lat}</p>{'-' * 60}".encode()).decode(),
        "steps": json.dumps(
            packed(
                [
                    points_of(
                        gpd.GeoDataFrame(geometry=[Point(lon, lat)], crs=3824), id="a", name=Text("a", "a")
                    )
                ]
            )
        ),
    }
    file = tmp_path / "out"
    if kind == "bytes":
        file.write_bytes(b"--" + Point(lon, lat).wkb)
    else:
        file.write_text(text[kind])
    assert found_in([file], STATIONS[:1])
    assert found_in([file], [(120.123456, 23.456789)]) == []
