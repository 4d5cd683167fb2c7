"""How places and pieces of lines stand to services one by one, and that nothing sensitive is kept with them."""

import dataclasses

import geopandas as gpd
import pytest
from counting_fixture import NAME, areas, at, country, service, sites, square
from shapely.geometry import LineString, MultiLineString, Point

from notspot_coverage.counting.services import Lines, Places

COUNTRY = country()


def places(*points, **rest):
    names = [f"p{i}" for i in range(len(points))]
    frame = gpd.GeoDataFrame({"name": names, "id": names}, geometry=list(points), crs="EPSG:3826")
    return Places(id="clinics", name=NAME, points=frame, **rest)


def lines(*shapes, **columns):
    return Lines(
        id="trails", name=NAME, lines=gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:3826")
    )


def line(*corners):
    return LineString([at(east, south) for east, south in corners])


def test_a_place_has_its_status_and_who_covers_it():
    served = service(
        areas(square(0, 0, 100), operator="甲"),
        areas(square(0, 0, 300), operator="乙"),
        areas(square(600, 0, 100), operator="丙", outside="unknown"),
        id="s",
    )
    account = COUNTRY.count(
        served, places=[places(at(50, 50), at(250, 50), at(650, 50), at(500, 50), Point())]
    )
    standing = account.standing
    assert standing["status"].tolist() == ["covered"] * 3 + ["unknown"] * 2
    assert standing["by"].tolist() == ["乙、甲", "乙", "丙", "", ""]
    assert standing["at"].tolist() == [0, 1, 2, 3, 4]
    assert (standing[["service", "of", "subject"]] == ["s", "places", "clinics"]).all(axis=None)
    shapes = account.shapes["places", "clinics"]
    assert shapes["name"].tolist() == ["p0", "p1", "p2", "p3", "p4"]
    assert shapes.crs.to_epsg() == 3824
    assert shapes.to_crs(3826).geometry[1].distance(at(250, 50)) < 0.01


def test_operators_in_a_column_are_told_apart():
    layer = sites(at(0, 0), at(40, 0), radius_m=100)
    layer = dataclasses.replace(layer, points=layer.points.assign(operator=["甲", "乙"]))
    standing = COUNTRY.count(service(layer), places=[places(at(20, 0), at(130, 0), at(300, 0))]).standing
    assert standing["by"].tolist() == ["乙、甲", "乙", ""]
    assert standing["status"].tolist() == ["covered", "covered", "not covered"]


def test_the_last_resort_reaches_every_place():
    nothing = service(operators=("星",), last_resort=True)
    standing = COUNTRY.count(nothing, places=[places(at(0, 0), Point())]).standing
    assert standing[["status", "by"]].to_numpy().tolist() == [["covered", "星"], ["unknown", ""]]


def test_a_line_is_cut_where_coverage_changes():
    given = lines(
        line((0, 50), (400, 50)),
        MultiLineString([line((150, 20), (150, 60)), line((350, 20), (350, 60))]),
        name=["橫", "直"],
    )
    account = COUNTRY.count(service(areas(square(100, 0, 200))), lines=[given])
    standing = account.standing.drop(columns=["service", "of", "subject", "by"])
    assert standing["at"].tolist() == [0, 0, 0, 1, 2]
    assert standing["status"].tolist() == [
        "not covered", "covered", "not covered", "covered", "not covered"
    ]  # fmt: skip
    assert standing["start_km"].tolist() == pytest.approx([0, 0.1, 0.3, 0, 0], abs=0.011)  # pieces of 10 m
    assert standing["end_km"].tolist() == pytest.approx([0.1, 0.3, 0.4, 0.04, 0.04], abs=0.011)
    shapes = account.shapes["lines", "trails"]
    assert shapes["name"].tolist() == ["橫", "直", "直"]
    table = account.table[(account.table["of"] == "lines") & (account.table["level"] == "nation")].iloc[0]
    length = standing["end_km"] - standing["start_km"]
    for status in ("covered", "not_covered"):  # the pieces add up to the table
        own = length[standing["status"] == status.replace("_", " ")].sum()
        assert own == pytest.approx(table[status])


def test_pieces_of_a_line_do_not_tell_where_a_hidden_site_stands():
    long = lines(
        line((-9_500, 40), (9_500, 40)), line((40, -9_500), (40, 0), (40, 9_730)), line((0, 0), (700, 0))
    )

    def standing(east, south, **layer):
        account = COUNTRY.count(service(sites(at(east, south), radius_m=3_000, **layer)), lines=[long])
        return account.standing, account.table.query("of == 'lines' and level == 'nation'")["covered"].item()

    hidden, covered = standing(100, -150)
    ends = hidden.loc[hidden["at"].eq(hidden["at"].shift(-1)), "end_km"].to_numpy()
    assert len(ends) == 4
    assert (ends == ends.round()).all()
    assert hidden["status"].tolist() == ["not covered", "covered", "not covered"] * 2 + ["covered"]
    assert hidden.groupby("at")["end_km"].max().tolist() == pytest.approx(
        [19, 19.23, 0.7], rel=2e-4
    )  # on the ground
    moved, less = standing(200, -60)
    assert moved["end_km"].tolist() == pytest.approx(hidden["end_km"].tolist())  # 134 m away, the same pieces
    assert covered != less  # the count itself is as exact as ever
    seen, _ = standing(100, -150, public=True)
    assert seen["end_km"][0] == pytest.approx(6.6, abs=0.02)
    short = standing(5_000, 0)[0].query("at == 2")  # less than a step
    assert short[["start_km", "end_km", "status"]].to_numpy().tolist() == [
        [0, pytest.approx(0.7, rel=2e-4), "not covered"]
    ]


def test_a_service_that_does_not_count_a_place_says_nothing_of_it():
    account = COUNTRY.count(
        service(areas(), id="one", subjects=("land",)), service(areas(), id="two"), places=[places(at(0, 0))]
    )
    assert account.standing["service"].tolist() == ["two"]


def test_what_is_sensitive_is_counted_and_not_kept():
    account = COUNTRY.count(
        service(sites(at(12, 34), radius_m=50)), places=[places(at(56, 78), sensitive=True)]
    )
    assert account.standing.empty
    assert account.shapes == {}
    assert account.table.query("of == 'places' and level == 'nation'")["total"].item() == 1


def test_who_counts_by_hidden_circles_is_told_what_they_tell():
    hidden, shown = sites(at(12, 34), radius_m=50), sites(at(12, 34), radius_m=50, public=True)
    (note,) = COUNTRY.count(service(hidden)).notes
    assert "村里數字可能推得孤立點位之位置" in note.zh
    assert COUNTRY.count(service(shown)).notes == ()


def test_sites_that_are_public_are_kept_once_a_layer():
    layer = sites(at(12, 34), radius_m=50, operator="甲", public=True, id="hotspots")
    account = COUNTRY.count(service(layer, id="one"), service(layer, id="two"))
    (key,) = account.shapes
    assert key == ("sites", "hotspots")
    assert account.shapes[key]["operator"].tolist() == ["甲"]
    assert account.shapes[key].to_crs(3826).geometry[0].distance(at(12, 34)) < 0.01
