"""Geography from every format: the same features whatever the file, the system, the order of rows."""

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_data import shared

from notspot_geodata import crs, places, reference
from notspot_geodata.errors import InputError, NotFoundError
from notspot_geodata.ledger import Ledger
from notspot_geodata.vectors import read_geo

CENTIMETRE = 1e-7  # degrees
FORMATS = {
    "gpkg": "GPKG",
    "fgb": "FlatGeobuf",
    "shp": "ESRI Shapefile",
    "geojson": "GeoJSON",
    "kml": "KML",
    "parquet": None,
}


@pytest.fixture(scope="module")
def towns():
    frame = reference.townships()
    chosen = frame[frame["county"].isin(["澎湖縣", "金門縣", "臺東縣"])].reset_index(drop=True)
    return chosen[["town_code", "county", "town", "geometry"]]


def write(frame, path: Path, **options):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        pyogrio.write_dataframe(frame, path, driver=FORMATS[path.suffix[1:]], **options)
    return path


def in_order(frame):
    return frame.sort_values("town_code", ignore_index=True)


def same_places(found, expected):
    """The furthest that any vertex of one lies from the shape of the other, in degrees."""
    found, expected = in_order(found), in_order(expected)
    assert list(found["town_code"]) == list(expected["town_code"])
    one, other = found.geometry.to_numpy(), expected.geometry.to_numpy()
    return max(shapely.hausdorff_distance(one, other))


@pytest.mark.parametrize("code", ["EPSG:3824", "EPSG:4326", "EPSG:3826", "EPSG:3825"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_features_come_from_every_format_and_system(tmp_path, towns, suffix, code):
    if suffix == "kml" and code not in ("EPSG:4326", "EPSG:3824"):
        pytest.skip("KML is in degrees by its standard")
    options = {"encoding": "utf-8"} if suffix == "shp" else {}
    path = write(crs.reproject(towns, code), tmp_path / f"towns.{suffix}", **options)
    found = read_geo(path)
    assert same_places(found, towns) < CENTIMETRE
    assert found.crs.to_epsg() == 3824
    assert list(in_order(found)["town"]) == list(in_order(towns)["town"])
    assert found.attrs["reading"].usable == len(towns)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.sampled_from(["EPSG:3826", "EPSG:3825", "EPSG:3824"]))
def test_reordering_splitting_and_reprojecting_change_nothing(tmp_path, towns, random, code):
    order = list(range(len(towns)))
    random.shuffle(order)
    cut = random.randint(1, len(order) - 1)
    parts = [
        read_geo(write(crs.reproject(towns.iloc[rows], code), tmp_path / f"{i}.gpkg"))
        for i, rows in enumerate((order[:cut], order[cut:]))
    ]
    assert same_places(pd.concat(parts), towns) < CENTIMETRE


def shapefile(folder, frame, encoding="utf-8", cpg=None, prj=True):
    folder.mkdir(parents=True, exist_ok=True)
    path = write(frame, folder / "t.shp", encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    if not prj:
        path.with_suffix(".prj").unlink()
    return path


@pytest.mark.parametrize("cpg", [None, "UTF-8", "BIG5", "ISO-8859-1"])
@pytest.mark.parametrize(("written", "said"), [("utf-8", "utf-8"), ("cp950", "cp950")])
def test_the_bytes_of_the_dbf_decide_whatever_the_cpg_says(tmp_path, towns, written, said, cpg):
    frame = towns.rename(columns={"town": "鄉鎮", "county": "縣市"})
    found = read_geo(shapefile(tmp_path, frame, written, cpg))
    assert found.attrs["reading"].encoding == said
    assert list(in_order(found)["town"]) == list(in_order(towns)["town"])
    assert set(found.columns) == {"town_code", "county", "town", "geometry"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp950"])
def test_text_cut_in_the_middle_of_a_character_keeps_the_rest(tmp_path, towns, encoding):
    path = shapefile(tmp_path, towns.assign(note="山" * 20), encoding)
    data = path.with_suffix(".dbf").read_bytes()
    whole = ("山" * 20).encode(encoding)
    path.with_suffix(".dbf").write_bytes(data.replace(whole, whole[:-1] + b" "))
    found = read_geo(path)
    assert set(found["note"]) == {"山" * 19}
    assert any("middle of a character" in note for note in found.attrs["reading"].notes)


def zipped(path, folder, prefix=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, prefix + file.name)
    return path


@pytest.mark.parametrize("prefix", ["", "村里界/deep/"])
def test_a_shapefile_in_a_zip(tmp_path, towns, prefix):
    shapefile(tmp_path / "in", towns)
    found = read_geo(zipped(tmp_path / "t.zip", tmp_path / "in", prefix))
    assert same_places(found, towns) < CENTIMETRE
    assert found.attrs["reading"].kind == "shapefile in zip"


def test_several_shapefiles_in_a_zip_are_listed(tmp_path, towns):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b"):
        write(towns.iloc[: 3 if name == "a" else 5], folder / f"{name}.shp", encoding="utf-8")
    path = zipped(tmp_path / "t.zip", folder)
    with pytest.raises(InputError, match="2 layers: a, b"):
        read_geo(path)
    assert len(read_geo(path, layer="b")) == 5


def test_layers_of_a_geopackage(tmp_path, towns):
    path = tmp_path / "t.gpkg"
    write(towns, path, layer="one")
    write(towns.iloc[:4], path, layer="two", append=True)
    with pytest.raises(InputError, match="one, two"):
        read_geo(path)
    assert len(read_geo(path, layer="two")) == 4
    with pytest.raises(NotFoundError, match="one, two"):
        read_geo(path, layer="three")


def test_kmz_is_a_kml_in_a_zip(tmp_path, towns):
    (tmp_path / "in").mkdir()
    write(towns, tmp_path / "in" / "doc.kml")
    found = read_geo(zipped(tmp_path / "t.kmz", tmp_path / "in"))
    assert same_places(found, towns) < CENTIMETRE


@pytest.mark.parametrize("code", ["EPSG:3826", "EPSG:3825", "EPSG:3824"])
def test_a_missing_system_is_found_and_told(tmp_path, towns, code):
    found = read_geo(shapefile(tmp_path, crs.reproject(towns, code), prj=False))
    assert same_places(found, towns) < CENTIMETRE
    reading = found.attrs["reading"]
    assert reading.crs == code
    assert "not stated by the file" in reading.crs_reason


def test_a_missing_system_that_cannot_be_told_asks_for_it(tmp_path):
    penghu = reference.townships().query("county == '澎湖縣'").geometry
    x = crs.reproject(gpd.GeoDataFrame(geometry=penghu.representative_point()), "EPSG:3825")
    off = places.kilometres_off(crs.to_lonlat(np.column_stack([x.geometry.x, x.geometry.y]), "EPSG:3826"))
    spots = list(x.geometry[off == 0])
    assert spots
    features = [
        {"type": "Feature", "properties": {"n": 1}, "geometry": shapely.geometry.mapping(p)} for p in spots
    ]
    path = tmp_path / "t.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(InputError, match=r"ambiguous.*--crs"):
        read_geo(path, allow_rejects=True)
    assert read_geo(path, crs="EPSG:3825").attrs["reading"].crs_reason == "stated by the caller"


def test_metres_in_a_geojson_are_not_taken_for_degrees(tmp_path, towns):
    metres = crs.reproject(towns, "EPSG:3826")
    path = tmp_path / "t.geojson"
    path.write_text(metres.to_json(drop_id=True))
    bare = json.loads(path.read_text())
    bare.pop("crs", None)
    path.write_text(json.dumps(bare))
    found = read_geo(path)
    assert found.attrs["reading"].crs == "EPSG:3826"
    assert same_places(found, towns) < CENTIMETRE


def test_twd67_stated_by_the_file_is_shifted(tmp_path, towns):
    found = read_geo(write(crs.reproject(towns, "EPSG:3828"), tmp_path / "t.gpkg"))
    assert found.attrs["reading"].crs == "EPSG:3828"
    assert same_places(found, towns) < CENTIMETRE


def test_a_wrong_prj_is_caught(tmp_path, towns):
    penghu = towns[towns["county"] == "澎湖縣"]
    wrong = crs.reproject(penghu, "EPSG:3825").set_crs("EPSG:3826", allow_override=True)
    with pytest.raises(InputError) as error:
        read_geo(write(wrong, tmp_path / "t.gpkg"))
    assert len(error.value.problems) == len(penghu)
    assert "read as EPSG:3825 (TWD97 TM2 zone 119, metres) it fits" in str(error.value)


def test_null_and_empty_geometry_are_problems_or_go_to_the_ledger(tmp_path, towns):
    shapes = list(towns.geometry)
    shapes[2], shapes[5] = None, shapely.Polygon()
    frame = towns.assign(population=range(100, 100 + len(towns))).set_geometry(shapes, crs=towns.crs)
    path = write(frame, tmp_path / "t.gpkg")
    with pytest.raises(InputError) as error:
        read_geo(path)
    assert [p.row for p in error.value.problems] == [3, 6]
    ledger = Ledger()
    found = read_geo(path, ledger=ledger, allow_rejects=True)
    assert len(found) == len(towns) - 2
    assert found["population"].sum() + ledger.to_frame()["people"].sum() == frame["population"].sum()


def test_invalid_polygons_are_mended_or_told(tmp_path):
    spike = shapely.Polygon(
        [(121, 24), (121.1, 24), (121.1, 24.1), (121.1, 24.2), (121.1, 24.1), (121, 24.1)]
    )
    bow = shapely.Polygon([(121, 24), (121.1, 24.1), (121.1, 24), (121, 24.1)])
    frame = gpd.GeoDataFrame({"n": [1, 2]}, geometry=[spike, bow], crs=3824)
    with pytest.raises(InputError) as error:
        read_geo(write(frame, tmp_path / "t.gpkg"))
    assert [p.row for p in error.value.problems] == [2]
    found = read_geo(tmp_path / "t.gpkg", allow_rejects=True)
    assert found.geometry.is_valid.all()
    assert "1 invalid geometries mended (rows 1)" in found.attrs["reading"].notes


def test_topojson_is_read_by_layer(tmp_path):
    square = [[0, 0], [1000, 0], [0, 1000], [-1000, 0], [0, -1000]]
    one = {"type": "Polygon", "arcs": [[0]], "properties": {"TOWNCODE": "63000030"}}
    layer = {"type": "GeometryCollection", "geometries": [one]}
    topology = {
        "type": "Topology",
        "transform": {"scale": [1e-5, 1e-5], "translate": [121.53, 25.02]},
        "arcs": [square],
        "objects": {"towns": layer, "nation": layer},
    }
    path = tmp_path / "t.json"
    path.write_text(json.dumps(topology))
    with pytest.raises(InputError, match="towns, nation"):
        read_geo(path)
    found = read_geo(path, layer="towns")
    assert found["town_code"].tolist() == ["63000030"]
    assert found.total_bounds == pytest.approx([121.53, 25.02, 121.54, 25.03], abs=1e-6)
    assert found.attrs["reading"].crs_reason.startswith("not stated by the file")


def test_a_table_with_coordinates_is_geography_too(tmp_path, towns):
    inner = towns.geometry.representative_point()
    table = pd.DataFrame({"鄉鎮市區代碼": towns["town_code"], "經度": inner.x, "緯度": inner.y})
    table.loc[2, "緯度"] = 0.0
    table.loc[2, "經度"] = 0.0
    path = tmp_path / "t.csv"
    table.to_csv(path, index=False, encoding="cp950")
    with pytest.raises(InputError, match="row 4"):
        read_geo(path)
    found = read_geo(path, allow_rejects=True)
    assert len(found) == len(towns) - 1
    assert np.abs(found.geometry.x - inner.drop(2).x.to_numpy()).max() < CENTIMETRE


def test_codes_are_normalised_and_bad_ones_told(tmp_path, towns):
    frame = towns.rename(columns={"town_code": "TOWNCODE", "county": "COUNTYNAME"})
    frame["COUNTYNAME"] = frame["COUNTYNAME"].str.replace("臺", "台")
    frame.loc[0, "TOWNCODE"] = "12"
    with pytest.raises(InputError, match="TOWNCODE") as error:
        read_geo(write(frame, tmp_path / "t.gpkg"))
    assert [p.row for p in error.value.problems] == [1]
    found = read_geo(tmp_path / "t.gpkg", allow_rejects=True)
    assert "臺東縣" in set(found["county"])


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.shp", b"<!DOCTYPE html><html><title>404</title></html>", "web page"),
        ("a.gpkg", b"\x89PNG\r\n\x1a\n" + bytes(100), "an image"),
        ("a.geojson", b"", "empty"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', "cannot be read"),
        ("a.zip", b"PK\x03\x04" + bytes(50), "damaged"),
        ("a.fgb", b"fgb\x03fgb\x00" + b"\xff" * 64, "cannot be read"),
        ("a.shp", b"\x00\x00\x27\x0a" + bytes(96), "cannot be read"),
        ("a.kml", b'<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>', "entities"),
    ],
)
def test_what_is_not_of_its_kind_gives_a_clear_error(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=said):
        read_geo(tmp_path / name)


def test_script_in_a_name_stays_text(tmp_path, towns):
    frame = towns.assign(name="<script>alert(1)</script>")
    assert set(read_geo(write(frame, tmp_path / "t.geojson"))["name"]) == {"<script>alert(1)</script>"}


@pytest.mark.shared
def test_debris_flow_zones_with_cut_text():
    found = read_geo(shared("data/hazard/debris1736_20240611_twd97_UTF8.shp"))
    reading = found.attrs["reading"]
    assert (len(found), reading.crs, reading.encoding) == (1874, "EPSG:3826", "utf-8")
    assert (
        "34 cells end in the middle of a character: the field is too narrow, the rest is lost"
        in reading.notes
    )
    assert found.geometry.is_valid.all()
    assert not found["address"].str.contains("\ufffd").any()


@pytest.mark.shared
def test_counties_at_full_resolution():
    found = read_geo(shared("data/boundaries/COUNTY_MOI_1090820.geojson"))
    assert found["county_code"].is_unique
    assert set(found["county"]) == set(reference.counties()["county"])


@pytest.mark.shared
def test_a_lone_dbf_asks_for_its_shp():
    with pytest.raises(InputError, match=r"without its \.shp"):
        read_geo(shared("data/boundaries/VILLAGE_MOI_1101007.dbf"))


GPX = """<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">{}</gpx>"""
POINT = '<{0} lat="24.05" lon="121.2"><name>屯原</name></{0}>'
TRACK = (
    "<trk><name>能高越嶺道</name><trkseg>"
    '<trkpt lat="24.05" lon="121.2"/><trkpt lat="24.06" lon="121.25"/></trkseg></trk>'
)


def test_gpx_is_its_tracks_or_else_its_waypoints(tmp_path):
    path = tmp_path / "trail.gpx"
    path.write_text(GPX.format(POINT.format("wpt") + TRACK), encoding="utf-8")
    tracks = read_geo(path)
    assert tracks["name"].tolist() == ["能高越嶺道"]
    assert tracks.geom_type.tolist() == ["MultiLineString"]
    assert "of tracks, waypoints the tracks were taken" in tracks.attrs["reading"].notes
    assert read_geo(path, layer="waypoints")["name"].tolist() == ["屯原"]
    path.write_text(GPX.format(POINT.format("wpt")), encoding="utf-8")
    assert read_geo(path)["name"].tolist() == ["屯原"]
    path.write_text(GPX.format(""), encoding="utf-8")
    with pytest.raises(InputError, match="holds no tracks, routes, waypoints"):
        read_geo(path)
    path.write_text('<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><gpx>&x;</gpx>', encoding="utf-8")
    with pytest.raises(InputError, match="entities"):
        read_geo(path)
