"""The files of a study's coverage: every problem in one report, every row that is left out in the ledger."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_maps import raster, write
from shared_data import shared

from notspot.coverage_inputs import CoverageInputs, read_inputs
from notspot.example.writing import write_example
from notspot.study import FIGURES, Study
from notspot_coverage.counting.services import Areas, ByUnit, Raster, Sites
from notspot_geodata.errors import InputError
from notspot_geodata.ledger import Ledger

HEAD = f"""
id = "mine"
year = 2021
title = "Mine"
boundaries = "embedded:2021-09"
rule = "remote_2020"
[[table]]
path = "{FIGURES}"
level = "township"
"""


def layer(name: str, kind: str, path: str, more: str = "") -> str:
    return f'[[layer]]\nid = "{name}"\nkind = "{kind}"\npath = "{path}"\n{more}\n'


def service(*layers: str, more: str = "") -> str:
    named = ", ".join(f'"{name}"' for name in layers)
    return f'[[service]]\nid = "s"\nname = "S"\nlayers = [{named}]\n{more}\n'


def places(name: str, path: str, more: str = "") -> str:
    return f'[[places]]\nid = "{name}"\npath = "{path}"\n{more}\n'


def read(folder: Path, text: str, ledger: Ledger | None = None, **options) -> CoverageInputs:
    spec = Study.parse(HEAD + text, "mine.toml", folder).coverage
    assert spec is not None
    return read_inputs(spec, folder, ledger=Ledger() if ledger is None else ledger, **options)


def sites(
    folder: Path, rows: str, name: str = "sites.csv", head: str = "名稱,業者,半徑,速率,就緒日,經度,緯度\n"
) -> str:
    (folder / name).write_text(head + rows, encoding="utf-8")
    return name


GOOD = """甲,CHT,300,1000,2021-01-01,121.51,25.03
乙,TWM,,2000,110/06/30,121.52,25.04
丙,CHT,500,2000,2022-05,121.53,25.05
"""


# ------------------------------------------------------------------ the example


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory):
    study = Study.read(write_example(tmp_path_factory.mktemp("example")))
    inputs: list[dict[str, object]] = []
    ledger = Ledger()
    assert study.coverage is not None
    return study, read_inputs(study.coverage, study.folder, ledger=ledger, inputs=inputs), inputs, ledger


def test_a_study_with_every_kind_of_input_is_read(example) -> None:
    study, found, _, ledger = example
    assert len(ledger) == 40  # villages without a polygon, with their people
    services = {item.id: item for item in found.services}
    assert [type(item) for item in services["mobile_5g"].layers] == [Raster, Raster, Areas]
    assert isinstance(services["fixed_1g"].layers[0], ByUnit)
    drops = services["fibre_2g"].layers[0]
    assert isinstance(drops, Sites)
    rows = pd.read_csv(study.folder / "drops.csv")
    late = rows["就緒日"].str.contains(r"2022-(?:0[4-9]|1)|111/(?:0[4-9]|1)")
    assert len(drops.points) == ((rows["速率"] >= 2000) & ~late).sum()
    assert set(drops.points["operator"]) == {"甲電信", "乙電信", "丙電信"}
    assert services["leo"].last_resort
    assert not services["leo"].layers
    people = {item.id: item for item in found.people}
    assert list(people["registered"].counts.columns) == ["people", "households"]
    assert people["day"].as_of == "2021-11"
    assert len(people["day"].counts) == 368
    assert [item.kind for item in found.surfaces] == ["even", "raster"]
    assert found.bounds.location_percent == (50.0, 90.0, 95.0)
    assert {item.id for item in found.places} >= {"communities", "venues", "sites_35"}
    assert len(next(item for item in found.lines if item.id == "trails").lines) == 36


def test_an_empty_figure_of_a_table_is_unknown(example) -> None:
    study, found, _, _ = example
    values = next(item for item in found.services if item.id == "fixed_1g").layers[0].values
    written = pd.read_csv(study.folder / "speeds.csv")["最高速率"]
    assert values.isna().sum() == (written == 0).sum() > 0  # 0 stands for 'no figure'
    assert (values >= 1000).sum() == (written >= 1000).sum()


def test_figures_know_what_they_count(example) -> None:
    study, found, _, _ = example
    figures = {item.spec.indicator: item for item in found.figures}
    parts = [figures[f"disaster_platforms.{part}"].chosen for part in ("fixed", "mobile", "upgraded")]
    assert [part.sum() for part in parts] == [5, 2, 4]
    assert np.logical_or.reduce(parts).sum() == figures["disaster_platforms"].chosen.sum() == 11
    builds = pd.read_csv(study.folder / "builds.csv", dtype=str)
    gbps = builds[builds["等級"] == "Gbps"]
    things = figures["subsidised_fixed_builds"].things
    assert things["number"].sum() == gbps["案數"].astype(int).sum()
    assert things["town_code"].tolist() == gbps["鄉鎮市區代碼"].tolist()
    assert figures["venues_5g"].chosen is None


def test_every_file_stands_in_the_record_once(example) -> None:
    study, _, inputs, _ = example
    paths = [item["path"] for item in inputs]
    assert len(paths) == len(set(paths))
    assert {"drops.csv", "rsrp_a.tif", "people.csv", "claim_c.geojson", "speeds.csv", "builds.csv"} <= set(
        paths
    )
    drops = next(item for item in inputs if item["path"] == "drops.csv")
    content = (study.folder / "drops.csv").read_bytes()
    assert drops == {
        "path": "drops.csv",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": content.count(b"\n") - 1,
    }


def test_footprints_and_maps_that_are_counted(tmp_path: Path) -> None:
    west = 121.50 + 0.01 * np.arange(6)
    boxes = [shapely.box(x, 25.03, x + 0.0002, 25.03 + 0.0001 * (1 + i % 3)) for i, x in enumerate(west)]
    write(tmp_path / "buildings.gpkg", {"name": [f"B{i}" for i in range(6)]}, boxes, to="EPSG:3826")
    text = places("venues", sites(tmp_path, GOOD)) + layer("a", "areas", "buildings.gpkg") + service("a")
    text += '[[surface]]\nid = "buildings"\nkind = "footprints"\npath = "buildings.gpkg"\n'
    text += '[[figure]]\nindicator = "fss_protection"\nthings = {path = "buildings.gpkg"}\n'
    found = read(tmp_path, text)
    buildings = found.surfaces[0].points
    assert set(buildings.geometry.geom_type) == {"Point"}
    weight = buildings["weight"].to_numpy()  # areas of the buildings, m²: 20 m by 11, 22 and 33 m
    assert np.allclose(sorted(set((weight / weight.min()).round(2))), [1, 2, 3], atol=0.02)
    assert 200 < weight.min() < 250
    assert found.figures[0].things["number"].sum() == 6


# ------------------------------------------------------------------ laws


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(12)), cut=st.integers(1, 11))
def test_the_order_of_rows_and_splitting_a_file_change_nothing(order, cut, tmp_path: Path) -> None:
    rows = [
        f"P{i},{'CHT' if i % 2 else 'TWM'},{200 + i},1000,2021,{121.5 + i / 100},25.0\n" for i in range(12)
    ]
    more = 'radius_column = "半徑"\noperator_column = "業者"'
    sites(tmp_path, "".join(rows))
    whole = read(tmp_path, layer("a", "sites", "sites.csv", more) + service("a")).services[0].layers[0].points
    mixed = [rows[i] for i in order]
    sites(tmp_path, "".join(mixed[:cut]), "one.csv")
    sites(tmp_path, "".join(mixed[cut:]), "two.csv")
    parts = read(
        tmp_path,
        layer("a", "sites", "one.csv", more) + layer("b", "sites", "two.csv", more) + service("a", "b"),
    )
    both = pd.concat([item.points for item in parts.services[0].layers])

    def told(frame):
        columns = zip(frame.geometry.x, frame.geometry.y, frame["radius_m"], frame["operator"], strict=True)
        return sorted(columns)

    assert told(whole) == told(both)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=st.sets(st.integers(0, 9), max_size=9), split=st.integers(300, 2000))
def test_rows_in_are_rows_used_and_rows_in_the_ledger(bad: set[int], split: int, tmp_path: Path) -> None:
    """However many layers use the file: a refused row stands in the ledger once."""
    rows = [f"P{i},CHT,,{200 * i},2021,{'121.5' if i not in bad else 'here'},25.0\n" for i in range(10)]
    sites(tmp_path, "".join(rows))
    slow = f'radius_m = 300\nwhere = {{"速率" = {{at_most = {split}}}}}'
    fast = f'radius_m = 300\nwhere = {{"速率" = {{at_least = {split}.5}}}}'
    ledger = Ledger()
    text = layer("slow", "sites", "sites.csv", slow) + layer("fast", "sites", "sites.csv", fast)
    found = read(tmp_path, text + service("slow", "fast"), ledger, allow_rejects=True)
    used = [row for item in found.services[0].layers for row in item.points["row"]]
    refused = [row["row"] for row in ledger.rows]
    assert sorted([*used, *refused]) == list(range(2, 12))
    assert {row - 2 for row in refused} == bad


def test_a_bad_row_of_one_layer_is_no_matter_of_another(tmp_path: Path) -> None:
    sites(tmp_path, GOOD.replace("乙,TWM,,", "乙,TWM,0.003,"))
    text = layer("a", "sites", "sites.csv", 'radius_column = "半徑"') + layer(
        "b", "sites", "sites.csv", "radius_m = 300"
    )
    found = read(tmp_path, text + service("a", "b"), allow_rejects=True)
    assert [len(item.points) for item in found.services[0].layers] == [2, 3]


# ------------------------------------------------------------------ sites


def test_a_radius_of_its_own_goes_before_the_layers(tmp_path: Path) -> None:
    sites(tmp_path, GOOD)
    more = 'radius_m = 400\nradius_column = "半徑"\noperator_column = "operator"'
    found = read(tmp_path, layer("a", "sites", "sites.csv", more) + service("a"))
    points = found.services[0].layers[0].points
    assert points["radius_m"].tolist() == [300.0, 400.0, 500.0]
    assert points["operator"].tolist() == ["CHT", "TWM", "CHT"]
    assert points.crs.to_epsg() == 3824


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        (GOOD.replace("300", "0.0036"), "", r"半徑 is 0.0036 \(in degrees\?\): metres on the ground"),
        (GOOD.replace("300", "-5"), "", "半徑 is -5: metres"),
        (GOOD, "", "半徑 is empty, and the layer has no radius_m"),
        (GOOD.replace("500", "5OO"), "radius_m = 400", "letter O"),
        (GOOD.replace("25.03", "48.85"), "radius_m = 400", "outside Taiwan"),
        (
            GOOD.replace("2022-05", "soon"),
            'radius_m = 400\nwhere = {"就緒日" = {by = 2022-03-31}}',
            "'soon' is not a date",
        ),
        (
            GOOD,
            'radius_m = 400\nwhere = {"完工日" = {by = 2022-03-31}}',
            "完工日 is not in the file; its columns are",
        ),
        (GOOD, 'radius_m = 400\nwhere = {"業者" = "FET"}', "is nowhere 'FET'; it has: CHT, TWM"),
        (GOOD, 'radius_m = 400\noperator_column = "公司"', "公司 is not in the file"),
    ],
)
def test_bad_sites_are_told(rows: str, more: str, message: str, tmp_path: Path) -> None:
    sites(tmp_path, rows)
    text = layer("a", "sites", "sites.csv", f'radius_column = "半徑"\n{more}') + service("a")
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_a_layer_without_rows_covers_nothing(tmp_path: Path) -> None:
    sites(tmp_path, GOOD)
    where = 'radius_m = 400\nwhere = {"速率" = {at_least = 9000}}\naccuracy_m = 20\noperator_column = "業者"'
    found = read(tmp_path, layer("a", "sites", "sites.csv", where) + service("a"))
    assert len(found.services[0].layers[0].points) == 0
    assert found.services[0].layers[0].accuracy_m == 20
    assert any("no row was chosen" in note.en for note in found.notes)


def test_a_column_of_operators_that_is_not_named_is_told(tmp_path: Path) -> None:
    sites(tmp_path, GOOD)
    found = read(tmp_path, layer("a", "sites", "sites.csv", "radius_m = 400") + service("a"))
    assert "operator" not in found.services[0].layers[0].points
    assert any("names no operator_column" in note.en for note in found.notes)


def test_one_operator_has_one_spelling(tmp_path: Path) -> None:
    sites(tmp_path, GOOD, "one.csv")
    text = layer("a", "sites", "one.csv", 'radius_m = 400\noperator = "台灣大哥大"')
    text += layer("b", "sites", "one.csv", 'radius_m = 400\noperator = "臺灣大哥大股份有限公司"')
    with pytest.raises(InputError, match="one operator needs one spelling"):
        read(tmp_path, text + service("a", "b"))
    column = 'radius_m = 400\noperator_column = "業者"'
    with pytest.raises(InputError, match="names CHT, TWM, and the service 's' expects 中華電信 only"):
        read(tmp_path, layer("a", "sites", "one.csv", column) + service("a", more='operators = ["中華電信"]'))


# ------------------------------------------------------------------ areas


def square(x: float, y: float, size: float = 0.02) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def test_empty_doubled_and_overlapping_polygons(tmp_path: Path) -> None:
    one, other = square(121.5, 25.0), square(121.51, 25.0)
    bow = shapely.Polygon([(121.6, 25.0), (121.62, 25.02), (121.62, 25.0), (121.6, 25.02)])
    ring = shapely.Polygon([*square(121.7, 25.0).exterior.coords[:-1], (121.7, 25.0), (121.7, 25.0)])
    shapes = [one, other, one, None, shapely.Polygon(), square(121.8, 25.0), one]
    operators = ["CHT", "CHT", "CHT", "CHT", "CHT", "TWM", "TWM"]
    write(tmp_path / "claims.gpkg", {"operator": operators}, shapes)
    ledger = Ledger()
    text = layer("a", "areas", "claims.gpkg", 'operator_column = "operator"') + service("a")
    found = read(tmp_path, text, ledger)  # nothing is wrong enough to stop
    assert found.services[0].layers[0].areas["row"].tolist() == [1, 2, 6, 7]  # TWM's is its own
    reasons = {row["row"]: row["reason"] for row in ledger.rows}
    assert reasons == {
        3: "is the same polygon as in row 1; it is counted once",
        4: "is empty: it covers nothing",
        5: "is empty: it covers nothing",
    }
    assert any(
        "2 polygons overlap others of the same operator (rows 1, 2)" in note.en for note in found.notes
    )
    write(tmp_path / "claims.gpkg", {"operator": ["CHT", "CHT"]}, [ring, bow])
    with pytest.raises(InputError, match="would lose or gain over 1 % of its area when mended"):
        read(tmp_path, text)


def test_an_invalid_polygon_is_mended_with_a_note(tmp_path: Path) -> None:
    spike = shapely.Polygon(
        [(121.5, 25), (121.52, 25), (121.52, 25.02), (121.6, 25.02), (121.52, 25.02), (121.5, 25.02)]
    )
    assert not spike.is_valid
    write(tmp_path / "claims.gpkg", {"operator": ["CHT"]}, [spike])
    found = read(tmp_path, layer("a", "areas", "claims.gpkg") + service("a"))
    assert found.services[0].layers[0].areas.geometry.is_valid.all()
    assert any("1 invalid geometries mended" in note.en for note in found.notes)
    assert any("1 個無效圖形已修復" in note.zh for note in found.notes)


def test_lines_are_no_areas_and_areas_no_sites(tmp_path: Path) -> None:
    write(
        tmp_path / "mixed.gpkg",
        {"n": [1, 2]},
        [square(121.5, 25.0), shapely.LineString([(121.5, 25), (121.6, 25)])],
    )
    with pytest.raises(InputError, match=r"row 2 .* is a line; polygons are needed"):
        read(tmp_path, layer("a", "areas", "mixed.gpkg") + service("a"))
    with pytest.raises(InputError, match=r"row 1 .* is a polygon; points are needed"):
        read(tmp_path, layer("a", "sites", "mixed.gpkg", "radius_m = 400") + service("a"))
    with pytest.raises(InputError, match=r"row 1 .* is a polygon; lines are needed"):
        read(tmp_path, '[[lines]]\nid = "l"\npath = "mixed.gpkg"\n' + service(more="last_resort = true"))


@pytest.mark.parametrize("crs", ["EPSG:3824", "EPSG:3826", "EPSG:3825"])
def test_the_system_of_a_claim_changes_nothing(crs: str, tmp_path: Path) -> None:
    write(tmp_path / "claims.gpkg", {"n": [1]}, [square(121.5, 25.0)], to=crs)
    areas = read(tmp_path, layer("a", "areas", "claims.gpkg") + service("a")).services[0].layers[0].areas
    assert shapely.hausdorff_distance(areas.geometry.iloc[0], square(121.5, 25.0)) < 1e-7


# ------------------------------------------------------------------ rasters and tables


def test_a_raster_of_another_system_is_told(tmp_path: Path) -> None:
    values = np.linspace(-120, -70, 400, dtype="float32").reshape(20, 20)
    raster(tmp_path / "r.tif", values, crs="EPSG:4326", west=121.5, north=25.1, cell=0.001, nodata=-9999)
    more = 'quantity = "rsrp_dbm"\nat_least = -100\nlocation_sigma_db = 6\noperator = "CHT"'
    found = read(tmp_path, layer("a", "raster", "r.tif", more) + service("a"))
    made = found.services[0].layers[0]
    assert isinstance(made, Raster)
    assert (made.crs, made.at_least, made.location_sigma_db, made.outside) == (
        "EPSG:4326",
        -100,
        6,
        "unknown",
    )
    assert any("reprojected to EPSG:3826" in note.en for note in found.notes)
    raster(tmp_path / "r.tif", values, crs=None)
    with pytest.raises(InputError, match="states no coordinate system"):
        read(tmp_path, layer("a", "raster", "r.tif", more) + service("a"))
    found = read(tmp_path, layer("a", "raster", "r.tif", more + '\ncrs = "EPSG:3826"') + service("a"))
    assert found.services[0].layers[0].crs == "EPSG:3826"


def test_a_table_by_unit(tmp_path: Path) -> None:
    more = 'level = "township"\ncolumn = "dl_mbps_cht"\nat_least = 100\noperator = "CHT"\noutside = "unknown"'
    found = read(tmp_path, layer("a", "table", FIGURES, more) + service("a")).services[0].layers[0]
    assert isinstance(found, ByUnit)
    assert len(found.values) == 368
    assert found.values.isna().sum() == 2  # 東引鄉, 莒光鄉


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("鄉鎮市區代碼,速率\n63000010,100\n63000010,90\n63000020,80\n", "63000010 stands in row 2 already"),
        (
            "鄉鎮市區代碼,速率\n99000010,100\n99000020,90\n63000020,80\n",
            "only 1 of 3 codes are in the boundaries",
        ),
        ("鄉鎮市區代碼,速率\n99000010,100\n63000010,90\n63000020,80\n", "99000010 is in no township"),
        ("鄉鎮市區代碼,速率\n63000010,fast\n63000020,80\n63000030,1\n", "'fast' is not a number"),
        ("鄉鎮市區代碼,下載\n63000010,1\n", "速率 is not in the file; its columns are: town_code, 下載"),
        ("村里代碼,速率\n63000010002,1\n", 'codes of the level village: level = "village"'),
        ("縣市,鄉鎮市區,速率\n臺北市,板橋區,1\n臺北市,大安區,2\n", "'板橋區' is no township"),
    ],
)
def test_bad_tables_are_told(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    more = 'level = "township"\ncolumn = "速率"\nat_least = 100'
    with pytest.raises(InputError, match=message):
        read(tmp_path, layer("a", "table", "t.csv", more) + service("a"))


def test_thresholds_in_another_unit_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("鄉鎮市區代碼,速率\n63000010,90000\n63000020,250000\n", encoding="utf-8")
    more = 'level = "township"\ncolumn = "速率"\nat_least = {}'
    kbps = read(tmp_path, layer("a", "table", "t.csv", more.format(100)) + service("a"))
    assert any("are both in one unit?" in note.en for note in kbps.notes)
    never = read(tmp_path, layer("a", "table", "t.csv", more.format(10**6)) + service("a"))
    assert any("reaches 1e+06" in note.en for note in never.notes)


# ------------------------------------------------------------------ places and surfaces


def test_places_keep_to_units_and_groups(tmp_path: Path) -> None:
    sites(tmp_path, "北,,,,,121.53,25.03\n東,,,,,121.43,23.67\n")
    end = service(more="last_resort = true")
    assert len(read(tmp_path, places("p", "sites.csv", 'within = ["63000"]') + end).places[0].points) == 1
    found = read(
        tmp_path, places("p", "sites.csv", 'within = "remote"') + end, groups={"remote": {"10015070"}}
    )
    assert found.places[0].points["name"].tolist() == ["東"]
    with pytest.raises(InputError, match="no place lies within 09007"):
        read(tmp_path, places("p", "sites.csv", 'within = ["09007"]') + end)


def test_a_place_without_a_point_is_not_lost(tmp_path: Path) -> None:
    head = "編號,名稱,縣市,鄉鎮市區,經度,緯度\n"
    rows = "a,甲,臺北市,大安區,121.54,25.03\nb,乙,花蓮縣,秀林鄉,121.54,25.03\nc,丙,臺北市,大安區,,\n"
    sites(tmp_path, rows, head=head)
    text = places("p", "sites.csv", 'id_column = "編號"\nanchors = true') + service(more="last_resort = true")
    with pytest.raises(InputError, match="2 problems"):
        read(tmp_path, text)
    ledger = Ledger()
    found = read(tmp_path, text, ledger, allow_rejects=True)
    assert found.places[0].points["id"].tolist() == ["a"]
    assert found.places[0].anchors
    left = found.unplaced["p"]
    assert left[["row", "id", "name", "town_code"]].values.tolist() == [
        [3, "b", "乙", "10015110"],
        [4, "c", "丙", "63000030"],
    ]
    assert sorted(row["row"] for row in ledger.rows) == [3, 4]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("1,-2,3", "is -2; a weight is at least 0"),
        ("1,x,3", "'x' is not a number"),
        ("1,,3", "has no weight"),
        ("0,0,0", "has no weight above 0 anywhere"),
    ],
)
def test_bad_weights_are_told(weights: str, message: str, tmp_path: Path) -> None:
    rows = "".join(f"P,,,{w},,121.5,25.0\n" for w in weights.split(","))
    sites(tmp_path, rows)
    surface = '[[surface]]\nid = "p"\nkind = "points"\npath = "sites.csv"\nweight = "速率"\n'
    with pytest.raises(InputError, match=message):
        read(tmp_path, surface + service(more="last_resort = true"))


def test_a_figure_within_a_group_needs_townships(tmp_path: Path) -> None:
    (tmp_path / "builds.csv").write_text("名稱,案數\n甲,1\n乙,2\n", encoding="utf-8")
    figure = '[[figure]]\nindicator = "subsidised_fixed_builds"\nwithin = "remote"\nthings = {path = "builds.csv"}\n'
    with pytest.raises(InputError, match="no row names a township"):
        read(tmp_path, figure)
    (tmp_path / "builds.csv").write_text(
        "名稱,縣市,鄉鎮市區,案數\n甲,連江縣,東引鄉,1\n乙,臺北市,大安區,-2\n", encoding="utf-8"
    )
    found = read(tmp_path, figure).figures[0].things
    assert found["town_code"].tolist() == ["09007040", "63000030"]
    with pytest.raises(InputError, match="is -2: a count is at least 0"):
        read(tmp_path, figure.replace('builds.csv"', 'builds.csv", column = "案數"'))


# ------------------------------------------------------------------ one report


def test_the_problems_of_all_files_come_in_one_report(tmp_path: Path) -> None:
    sites(tmp_path, GOOD.replace("25.03", "48.85"))
    (tmp_path / "people.csv").write_text(
        "村里代碼,人口\n63000010002,-4\n63000010004,x\n63000010005,7\n", encoding="utf-8"
    )
    raster(tmp_path / "r.tif", np.full((5, 5), 30, "float32"))
    text = layer("a", "sites", "sites.csv", "radius_m = 400")
    text += layer("b", "raster", "r.tif", 'quantity = "rsrp_dbm"\nat_least = -100') + service("a", "b")
    text += '[[people]]\nid = "r"\npath = "people.csv"\nlevel = "village"\npeople = "人口"\n'
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    said = str(caught.value)
    assert said.startswith("3 files: 4 problems, sites.csv 1; r.tif 1; people.csv 2")
    for part in ("outside Taiwan", "holds 30 as RSRP", "is negative", "'x' is not a number"):
        assert part in said
    with pytest.raises(InputError, match="holds 30 as RSRP"):  # rows may be left out, a raster not
        read(tmp_path, text, allow_rejects=True)


# ------------------------------------------------------------------ real files


@pytest.mark.shared
def test_communities_wrong_at_source_are_caught(tmp_path: Path) -> None:
    folder = shared("data/indigenous").parent
    text = places("communities", "indigenous/cip_tribes_20220725.csv", 'anchors = true\nid_column = "Seq"')
    text += layer("w", "sites", "wifi/itaiwan_cip_tribe_hotspots.csv", "radius_m = 100") + service("w")
    ledger = Ledger()
    found = read(folder, text, ledger, allow_rejects=True)
    left = found.unplaced["communities"]
    assert len(found.places[0].points) + len(left) == 739
    assert {"208", "243"} <= set(left["id"])
    assert left["town_code"].notna().all()  # the township that the row names still has them
    assert len(found.services[0].layers[0].points) == 248


@pytest.mark.shared
def test_anchors_trails_and_hazards_are_read() -> None:
    folder = shared("data/anchors").parent
    text = "".join(
        places(name, f"anchors/{file}")
        for name, file in (
            ("schools", "schools_4708.json"),
            ("hospitals", "hospitals.json"),
            ("fire", "fire_stations.json"),
        )
    )
    text += '[[lines]]\nid = "trails"\npath = "mountain/trails.json"\n'
    text += layer("d", "areas", "hazard/debris1736_20240611_twd97_UTF8.shp", 'basis = "model"') + service("d")
    ledger = Ledger()
    inputs: list[dict[str, object]] = []
    found = read(folder, text, ledger, inputs=inputs)
    assert [len(item.points) for item in found.places] == [4708, 232, 717]
    length_km = found.lines[0].lines.to_crs("EPSG:3826").length.sum() / 1000
    assert length_km == pytest.approx(found.lines[0].lines["lengthKm"].sum(), rel=1e-3)
    assert len(found.services[0].layers[0].areas) + len(ledger) == 1874
    assert {Path(str(item["path"])).suffix for item in inputs} >= {".shp", ".dbf", ".shx", ".prj", ".json"}
