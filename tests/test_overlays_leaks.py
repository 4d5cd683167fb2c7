"""Exact positions of base stations are in no file that a study writes, unless they are asked for."""

import base64
import hashlib
import json
import unicodedata

import geopandas as gpd
import pytest
from leaks import blobs, found_in
from shapely.geometry import Point
from typer.testing import CliRunner

from notspot.cli import app
from notspot.coverage_files import hushed, one_file
from notspot.outputs import report
from notspot.overlay_files import overlays_for
from notspot.pipeline import run
from notspot.results_folder import read_overlays, read_results
from notspot.study import Study
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text
from notspot_maps.atlas.layer import atlas
from notspot_maps.overlays.account import account_overlays
from notspot_maps.overlays.kinds import NOTICE, notice_of, points_of
from notspot_maps.overlays.payload import packed

# odd places in the mountains, far from every border of a village
STATIONS = [(121.413579, 24.712463), (121.046831, 23.508247)]
REFUSED = ("121.513597", "24.68O281")  # the letter O for a zero: a row that is refused
DEGREES = ("121°30'48.9\"", "24°40'80.8\"")  # 80 seconds: refused too
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
id = "plain"
kind = "sites"
path = "./plain.csv"
radius_m = 3000
[[layer]]
id = "hotspots"
kind = "sites"
path = "hotspots.csv"
radius_m = 200
public = true
[[service]]
id = "mobile"
name = {zh = "行動", en = "Mobile"}
layers = ["stations", "plain"]
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
[[places]]
id = "masts"
path = "plain.csv"
[[lines]]
id = "trails"
path = "trails.geojson"
[[lines]]
id = "links"
path = "links.geojson"
[[overlay]]
id = "shelters"
kind = "points"
path = "shelters.csv"
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
    plain = [f"M{i},{lon},{lat}" for i, (lon, lat) in enumerate(STATIONS)]
    plain.append(",".join(f'"{cell.replace(chr(34), 2 * chr(34))}"' for cell in ("M9", *DEGREES)))
    (folder / "plain.csv").write_text("名稱,經度,緯度\n" + "\n".join(plain) + "\n", encoding="utf-8")
    (folder / "shelters.csv").write_text("名稱,經度,緯度\n甲,121.05,23.62\n", encoding="utf-8")
    (folder / "hotspots.csv").write_text(
        f"名稱,經度,緯度\n熱點,{HOTSPOT[0]},{HOTSPOT[1]}\n", encoding="utf-8"
    )
    (folder / "clinics.csv").write_text(
        "名稱,經度,緯度\n近,121.4201,24.7150\n遠,120.9,23.9\n", encoding="utf-8"
    )
    trail = {"type": "LineString", "coordinates": [[121.38, 24.70], [121.45, 24.73]]}
    link = {"type": "LineString", "coordinates": STATIONS}
    shapes = {"trails": ({"name": "步道"}, trail), "links": ({"name": "鏈路", "frequency": 18_000}, link)}
    for name, (said, shape) in shapes.items():
        features = [{"type": "Feature", "properties": said, "geometry": shape}]
        text = json.dumps({"type": "FeatureCollection", "features": features})
        (folder / f"{name}.geojson").write_text(text, encoding="utf-8")
    (folder / "leaks.toml").write_text(STUDY, encoding="utf-8")
    return Study.read(folder / "leaks.toml")


@pytest.fixture(scope="module")
def results(study):
    return run(study, allow_rejects=True)


@pytest.fixture(scope="module")
def folder(study, results, tmp_path_factory):
    overlays = overlays_for(study, allow_rejects=True)
    return report(results, tmp_path_factory.mktemp("leaks") / "report", overlays=overlays)


def changed(study, text):
    return Study.parse(STUDY + text, "leaks.toml", study.folder)


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
    told = [line for line in rejects.splitlines() if line.startswith("plain.csv")]
    assert told  # nor in degrees, minutes and seconds
    assert not any(cut in line for line in told for cut in ("30'", "48.9", "40'", "80.8", "121", "°"))


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
    nation = table[table["level"] == "nation"].groupby("subject")["total"].first()
    assert nation["subsidised"] == nation["masts"] == 3
    assert nation["links"] > 100  # km
    assert any("its lines count and are not drawn" in note.en for note in results.account.notes)
    places = results.account.gaps.set_index("subject")["distance_km"]
    assert places.loc[["subsidised", "masts"]].isna().all()


def test_they_are_found_where_they_are_asked_for_and_the_page_says_so(results, tmp_path):
    overlays = overlays_for(results, include_sites=True)
    assert [overlay.id for overlay in overlays if overlay.sensitive] == ["sites_stations", "sites_plain"]
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
    assert {o.id for o in overlays if o.sensitive} == {"sites_stations", "sites_plain", "stations"}
    links = study.folder / "links.geojson"
    with pytest.raises(UsageError, match=r"links\.geojson has the columns of a list of base stations"):
        overlays_for(results, lines=[links])
    assert "links" in {o.id for o in overlays_for(results, lines=[links], include_sites=True) if o.sensitive}
    with pytest.raises(UsageError, match=r"plain\.csv is a file that the study keeps out of sight"):
        overlays_for(study, points=[study.folder / "plain.csv"], allow_rejects=True)


@pytest.mark.parametrize("kind", ["points", "lines"])
def test_an_overlay_of_what_is_kept_out_of_sight_is_refused_before_anything_is_counted(
    study, tmp_path, monkeypatch, kind
):
    """Bare names and coordinates too, however the path is written."""
    path = "../leaks/plain.csv" if kind == "points" else "links.geojson"
    path = path.replace("leaks", study.folder.name)
    text = f'[[overlay]]\nid = "also"\nkind = "{kind}"\npath = "{path}"\n'
    file = study.folder / "also.toml"
    file.write_text(STUDY + text, encoding="utf-8")
    monkeypatch.setattr("notspot.pipeline.run", lambda *_, **__: pytest.fail("the study was run first"))
    for command in ("run", "atlas"):
        out = tmp_path / ("out" if command == "run" else "atlas.html")
        ran = CliRunner().invoke(app, [command, str(file), "--out", str(out), "--allow-rejects"])
        assert ran.exit_code == 2
        assert "whose positions are sensitive: say public = true" in " ".join(ran.output.split())
    ledger = Ledger()
    also = overlays_for(changed(study, text), include_sites=True, allow_rejects=True, ledger=ledger)
    assert [overlay.id for overlay in also if overlay.sensitive] == ["also"]
    assert not any("121" in str(row["reason"]) or row["value"] for row in ledger.rows)
    public = overlays_for(changed(study, text + "public = true\n"), allow_rejects=True)
    assert not any(overlay.sensitive for overlay in public)


def test_a_file_is_known_however_its_path_is_written(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("./a.shp", "a.dbf", "x/../a.SHX", "link/a.shp"):
        assert one_file(tmp_path / name) == one_file(tmp_path / "a.shp")
    assert one_file(tmp_path / "a.csv") != one_file(tmp_path / "b.csv")


def test_the_record_of_a_run_names_the_files_of_its_overlays(study, results):
    (entry,) = [item for item in results.run["inputs"] if item["path"] == "shelters.csv"]
    assert entry["sha256"] == hashlib.sha256((study.folder / "shelters.csv").read_bytes()).hexdigest()


def test_overlays_beside_others_have_ids_of_their_own(study, folder):
    text = '[[overlay]]\nid = "sites_hotspots"\nkind = "points"\npath = "shelters.csv"\n'
    with pytest.raises(InputError, match="sites_hotspots"):
        changed(study, text)
    beside = read_overlays(folder)
    found = overlays_for(read_results(folder), points=[study.folder / "shelters.csv"], beside=beside)
    assert [overlay.id for overlay in found] == [
        "trails",
        "shelters",
        "clinics",
        "sites_hotspots",
        "shelters_2",
    ]
    assert [each["id"] for each in packed(found)] == [overlay.id for overlay in found]


@pytest.mark.parametrize(
    "cell",
    [
        "121°32'15.6\"",
        "E121 32 15.6",
        "2,767,812.5",
        "276.781,2",
        "24.68O281",
        "１２１．５４３２",
        "121.5432",
    ],
)
def test_a_cell_is_cut_out_of_a_sentence_however_it_is_written(cell):
    told = [
        f"{cell!r} is not a coordinate",
        f"{cell} is not a coordinate",
        f"found “{cell}”, not a coordinate",
    ]
    said = [problem.message for problem in hushed(Problem(2, "lon", text, cell) for text in told)]
    assert not any(unicodedata.numeric(letter, None) is not None for text in said for letter in text)
    assert all("not a coordinate" in text for text in said)


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
