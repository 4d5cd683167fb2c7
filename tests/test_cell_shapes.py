"""Shapes that stand in cells: lists of positions, GeoJSON, WKT; and tables that have them read as maps."""

import json
from pathlib import Path

import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_data import shared

from notspot_geodata.cell_shapes import shape_column, shapes_of
from notspot_geodata.check import check
from notspot_geodata.errors import InputError
from notspot_geodata.vectors import read_geo

LINE = "[[121.3, 23.6, 900], [121.31, 23.61, 950]]"


@pytest.mark.parametrize(
    ("cell", "shape"),
    [
        (LINE, "LINESTRING (121.3 23.6, 121.31 23.61)"),
        (f"[{LINE}, {LINE}]", "MULTILINESTRING ((121.3 23.6, 121.31 23.61), (121.3 23.6, 121.31 23.61))"),
        ('{"type": "Point", "coordinates": [121.5, 25]}', "POINT (121.5 25)"),
        ("LINESTRING Z (1 2 3, 4 5 6)", "LINESTRING (1 2, 4 5)"),
        ("SRID=4326;POLYGON ((0 0, 1 0, 1 1, 0 0))", "POLYGON ((0 0, 1 0, 1 1, 0 0))"),
    ],
)
def test_a_cell_is_read(cell: str, shape: str) -> None:
    frame = pd.DataFrame({"name": ["a"], "where": [cell]})
    assert shape_column(frame) == "where"
    shapes, problems = shapes_of(frame["where"], [2], "where")
    assert not problems
    assert shapely.equals_exact(shapes[0], shapely.from_wkt(shape))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("[[121.3, 23.6]]", "a line needs two positions, and there is 1"),
        ("[[121.3], [121.4]]", "a position needs two numbers"),
        ("[[121.3, 23.6], [121.4", "cannot be read as a shape"),
        ("LINESTRING (1 2", "cannot be read as a shape"),
        ('[["a", "b"], ["c", "d"]]', "cannot be read as a shape"),
        ("", "is empty: there is no shape"),
    ],
)
def test_a_cell_that_is_no_shape_is_told(cell: str, message: str) -> None:
    shapes, problems = shapes_of(pd.Series([LINE, cell]), [2, 3], "points")
    assert shapes[1] is None
    assert [(problem.row, message in problem.message) for problem in problems] == [(3, True)]


def test_columns_that_are_no_shapes() -> None:
    frame = pd.DataFrame({"a": ["[1] note", "x"], "b": ["121.5, 25.0", "121.6, 25.1"], "c": ["{}", "{}"]})
    assert shape_column(frame) is None


def test_a_table_of_lines_is_a_map(tmp_path: Path) -> None:
    rows = [
        {"name": "北段", "points": json.loads(LINE)},
        {"name": "外", "points": [[2.3, 48.8], [2.4, 48.9]]},
    ]
    path = tmp_path / "trails.json"
    path.write_text(json.dumps({"meta": {"n": 2}, "lines": rows}), encoding="utf-8")
    reading = check(path)
    assert reading.crs == "EPSG:3824"
    assert "shapes were taken from 'points'" in reading.notes
    assert [(problem.row, "outside Taiwan" in problem.message) for problem in reading.problems] == [(2, True)]
    with pytest.raises(InputError):
        read_geo(path)
    found = read_geo(path, allow_rejects=True, to_crs="EPSG:3826")
    assert found["name"].tolist() == ["北段"]
    assert found.length.iloc[0] == pytest.approx(1505, abs=5)
    (tmp_path / "t.csv").write_text(
        '名稱,geometry\n甲,"LINESTRING (300000 2700000, 300100 2700000)"\n', encoding="utf-8"
    )
    found = read_geo(tmp_path / "t.csv", to_crs="EPSG:3826", crs="EPSG:3826")
    assert found.length.tolist() == [100]
    assert found["name"].tolist() == ["甲"]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    line=st.lists(
        st.tuples(st.floats(120.5, 121.5), st.floats(23.0, 24.5), st.floats(0, 3900)),
        min_size=2,
        max_size=9,
        unique=True,
    )
)
def test_heights_and_the_way_of_writing_change_nothing(line: list[tuple[float, float, float]]) -> None:
    flat = shapely.LineString([p[:2] for p in line])
    ways = [json.dumps(line), json.dumps([p[:2] for p in line]), json.dumps(shapely.geometry.mapping(flat))]
    shapes, problems = shapes_of(pd.Series(ways), [1, 2, 3], "points")
    assert not problems
    assert all(shapely.equals_exact(shape, flat) for shape in shapes)


@pytest.mark.shared
def test_the_registered_trails_are_lines() -> None:
    trails = read_geo(shared("data/mountain/trails.json"), to_crs="EPSG:3826")
    assert len(trails) == 49
    assert (abs(trails.length / 1000 - trails["lengthKm"]) < 0.02).all()
