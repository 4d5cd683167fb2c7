"""Townships and counties out of villages: beside geopandas, beside the reference, and where edges do not match."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from notspot_geodata import reference
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.parents import dissolve, parents

CODES = ["10001010001", "10001010002", "10001020001", "10002010001"]


def four(*shapes, **columns):
    """Villages of three townships and two counties, as squares side by side unless told otherwise."""
    squares = [box(i, 0, i + 1, 1) for i in range(4)]
    squares[: len(shapes)] = shapes
    return gpd.GeoDataFrame({"village_code": CODES, **columns}, geometry=squares, crs="EPSG:3826")


@pytest.mark.parametrize(
    ("level", "code", "given"),
    [("township", "town_code", reference.townships), ("county", "county_code", reference.counties)],
)
def test_the_parents_of_the_reference(level, code, given):
    expected = given()
    notes = []
    found = parents(reference.villages(), level, notes=notes)
    assert notes == []
    assert list(found.columns) == list(expected.columns)
    assert found.crs == expected.crs
    assert (found.drop(columns="geometry") == expected.drop(columns="geometry")).all(axis=None)
    assert found.geometry.geom_equals_exact(expected.geometry, 0).all()


@pytest.mark.parametrize("code", ["town_code", "county_code"])
def test_the_same_as_geopandas_dissolves(code):
    villages = reference.villages().query("county_code in ['10002', '10020', '09007']")
    expected = villages[[code, "geometry"]].dissolve(code)
    found = parents(villages, "township" if code == "town_code" else "county").set_index(code)
    assert list(found.index) == list(expected.index)
    ours, theirs = found.geometry.to_numpy(), expected.geometry.to_numpy()
    assert shapely.equals(ours, theirs).all()
    assert shapely.area(shapely.symmetric_difference(ours, theirs)).max() == 0
    for one, other in zip(ours, theirs, strict=True):
        vertices = [set(map(tuple, shapely.get_coordinates(shape))) for shape in (one, other)]
        assert vertices[0] == vertices[1]


def test_a_county_is_its_townships():
    villages = reference.villages().query("county_code == '10013'")
    once = parents(villages, "county")
    twice = parents(parents(villages, "township"), "county")
    assert once.geometry.geom_equals_exact(twice.geometry, 0).all()
    assert (once["area_km2"] == twice["area_km2"].round(6)).all()


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_the_order_of_villages_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    points = shapely.multipoints(rng.uniform(size=(20, 2)))
    tiles = shapely.get_parts(shapely.voronoi_polygons(points, ordered=True))
    codes = rng.choice(list("abcd"), len(tiles))
    order = rng.permutation(len(tiles))
    notes = []
    names, shapes = dissolve(tiles, codes, notes=notes)
    names_2, shapes_2 = dissolve(tiles[order], codes[order])
    assert list(names) == list(names_2) == sorted(set(codes))
    assert shapely.equals_exact(shapes, shapes_2, 0).all()
    for name, shape in zip(names, shapes, strict=True):
        assert shapely.equals(shape, shapely.union_all(tiles[codes == name]))
    assert shapely.area(shapes).sum() == pytest.approx(shapely.area(tiles).sum(), rel=1e-12)


# ------------------------------------------------------------------ villages of one's own


def test_codes_are_taken_from_those_of_the_villages():
    found = parents(four(), "township")
    assert found.to_dict("list") | {"geometry": None} == {
        "town_code": ["10001010", "10001020", "10002010"],
        "county_code": ["10001", "10001", "10002"],
        "geometry": None,
    }
    assert found.geometry.area.tolist() == [2, 1, 1]
    assert parents(four(), "county").geometry.area.tolist() == [3, 1]


def test_names_are_those_of_the_first_village_and_areas_are_summed():
    villages = four(town=["甲", "乙", "丙", "丁"], area_km2=[0.1, 0.2, 0.3, 0.4], county_code=list("zzyy"))
    villages = villages.iloc[::-1].set_axis([7, 7, 1, 0]).rename_geometry("shape")
    found = parents(villages, "township")
    assert found["town"].tolist() == ["甲", "丙", "丁"]
    assert found["area_km2"].tolist() == [0.3, 0.3, 0.4]
    assert found["county_code"].tolist() == ["z", "y", "y"]
    assert found.geometry.name == "geometry"
    assert parents(villages, "county")["area_km2"].tolist() == [0.7, 0.3]


@pytest.mark.parametrize(
    "second",
    [
        box(0.9, 0, 2, 1),  # overlaps
        box(0, 0, 1, 1),  # the same again
        box(0.2, 0.2, 0.4, 0.4),  # inside
        Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (1, 0.5)]),  # a vertex that the neighbour lacks
        Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (0.99, 0.5)]),  # a sliver of overlap
    ],
)
def test_edges_that_do_not_match_are_said_and_the_union_is_computed(second):
    notes = []
    found = parents(four(box(0, 0, 1, 1), second), "township", notes=notes)
    expected = shapely.union_all([box(0, 0, 1, 1), second])
    assert shapely.equals(found.geometry[0], expected)
    assert found.geometry.is_valid.all()
    (note,) = notes
    assert "10001010" in note.en
    assert "10001010" in note.zh
    assert parents(four(box(0, 0, 1, 1), second), "township").geometry.geom_equals(found.geometry).all()


def test_a_gap_between_villages_stays():
    gap = Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (1.01, 0.5)])
    notes = []
    found = parents(four(box(0, 0, 1, 1), gap), "township", notes=notes)
    assert notes == []
    assert found.geometry[0].area == pytest.approx(2 - 0.005)


def test_what_cannot_be_a_village_is_refused():
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(InputError, match="Self-intersection") as caught:
        parents(four(bow, box(1, 0, 2, 1), bow), "county")
    assert [problem.row for problem in caught.value.problems] == [1, 3]
    with pytest.raises(InputError, match="2 problems"):
        parents(four(LineString([(0, 0), (1, 1)]), Polygon()), "county")
    missing = four()
    missing.loc[1, "village_code"] = None
    with pytest.raises(InputError, match=r"row 2 .*has no code"):
        parents(missing, "township")
    with pytest.raises(UsageError, match="nothing tells their parents"):
        parents(four().drop(columns="village_code"), "township")
    with pytest.raises(UsageError, match="not 'village'"):
        parents(four(), "village")


def test_no_villages_have_no_parents():
    assert len(parents(four().iloc[:0], "county")) == 0
