"""Who is not reached: villages and places without the service, the next one with it, the reasons of each layer."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from counting_fixture import (
    GONE,
    NAME,
    NOWHERE,
    PEOPLE,
    A,
    B,
    C,
    D,
    E,
    F,
    areas,
    at,
    by_unit,
    country,
    frame_of,
    made,
    people,
    raster,
    row,
    service,
    sites,
    square,
    write_raster,
)
from pyproj import Transformer
from shapely.geometry import Point, box

from notspot_coverage.counting.gaps import COLUMNS
from notspot_coverage.counting.services import Places

COUNTRY = country()


def gaps_of(*layers, of=PEOPLE, **rest):
    return COUNTRY.count(service(*layers, **rest), people=[of]).gaps


def places(*points, names=None, ids=None, **rest):
    frame = gpd.GeoDataFrame(
        {
            "name": names or [f"p{i}" for i in range(len(points))],
            "id": ids or [str(i) for i in range(len(points))],
        },
        geometry=list(points),
        crs="EPSG:3826",
    )
    return Places(id="clinics", name=NAME, points=frame, **rest)


# ------------------------------------------------------------------ villages


def test_villages_of_which_less_than_half_is_reached_most_people_first():
    found = gaps_of(areas(square(0, 0, 588, 400)))  # all of A, half of B
    assert list(found.columns) == COLUMNS
    assert found["code"].tolist() == [D, C, E, F, GONE, NOWHERE]
    assert found["people"].tolist() == [2500, 503, 13, 9, 40, 6]
    assert found["not_covered"].tolist() == [2500, 503, 13, 9, 0, 0]
    assert found["unknown"].tolist() == [0, 0, 0, 0, 40, 6]
    assert found["remote"].tolist() == [False, True, False, True, True, True]
    assert found["county"].tolist() == ["乙縣", "甲縣", "乙縣", "乙縣", "乙縣", "乙縣"]
    assert found["town"].tolist()[:2] == ["乙一鎮", "甲二鄉"]
    assert (found["kind"] == "village").all()
    assert (found["share"][:4] == 0).all()
    assert found["share"][4:].isna().all()


def test_half_is_enough_and_a_person_less_is_not():
    assert B not in gaps_of(areas(square(400, 0, 188, 400)))["code"].tolist()  # 41 of 77
    assert B in gaps_of(areas(square(400, 0, 175, 400)))["code"].tolist()  # 38 of 77


def test_what_is_known_is_what_counts():
    nothing_else = areas(square(400, 0, 50, 400), outside="unknown")
    assert B not in gaps_of(nothing_else)["code"].tolist()
    found = gaps_of(by_unit({A: 1.0}))
    assert found.set_index("code").loc[B, ["not_covered", "unknown"]].tolist() == [0, 77]


def test_villages_without_people_are_no_gaps():
    found = gaps_of(areas(), of=people(people={A: 5, B: 0}))
    assert found["code"].tolist() == [A]


def test_the_nearest_served_village_and_its_distance():
    found = gaps_of(areas(square(0, 0, 400))).set_index("code")  # A
    assert (found.loc[[B, C, D, E, F], "nearest"] == "甲縣甲一鎮甲村").all()
    # from middle cell to middle cell: B lies 350 m east of A or a cell more
    assert found.loc[B, "distance_km"] == pytest.approx(0.4, abs=0.1)
    assert found.loc[D, "distance_km"] == pytest.approx(0.75, abs=0.1)
    assert found.loc[F, "distance_km"] == pytest.approx(1.35, abs=0.15)
    assert found.loc[[GONE, NOWHERE], "distance_km"].isna().all()
    nowhere = gaps_of(areas())
    assert nowhere["distance_km"].isna().all()
    assert (nowhere["nearest"] == "").all()


def test_of_two_as_near_the_first_by_place_is_named_whatever_the_order():
    item = places(at(0, 100), at(200, 100), at(100, 100), names=["左", "右", "中"])
    served = sites(at(0, 100), at(200, 100), radius_m=10)
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        points = item.points.iloc[order]
        found = COUNTRY.count(service(served), places=[dataclasses.replace(item, points=points)]).gaps
        assert found[["name", "nearest"]].to_numpy().tolist() == [["中", "左"]]
    twins = places(at(0, 100), at(0, 100), at(100, 100), names=["乙", "甲", "中"])
    for order in ([0, 1, 2], [1, 0, 2]):
        points = twins.points.iloc[order]
        found = COUNTRY.count(service(served), places=[dataclasses.replace(twins, points=points)]).gaps
        assert found["nearest"].tolist() == ["乙"]


def test_only_the_first_people_make_the_list_and_no_last_resort():
    day = people(id="day", people={B: 5_000})
    account = COUNTRY.count(service(areas()), people=[PEOPLE, day])
    assert set(account.gaps["subject"]) == {"registered"}
    towns = people(id="towns", level="township", people={"10002010": 5})
    assert COUNTRY.count(service(areas()), people=[towns]).gaps.empty
    assert gaps_of(areas(), last_resort=True).empty


# ------------------------------------------------------------------ places


def test_places_that_are_not_reached_or_not_known():
    item = places(
        at(10, 10),
        at(700, 10),
        at(9_000, 10),
        Point(),
        names=["近", "遠", "海", "無"],
        ids=["a", "b", "c", "d"],
    )
    account = COUNTRY.count(
        service(sites(at(10, 10), radius_m=100, operator="甲", public=True)), places=[item]
    )
    found = account.gaps
    assert found["code"].tolist() == ["c", "b", "d"]  # not covered and the furthest, then unknown
    assert found["kind"].tolist() == ["place"] * 3
    assert found["not_covered"].tolist() == [1, 1, 0]
    assert found["unknown"].tolist() == [0, 0, 1]
    assert found["nearest"].tolist() == ["近", "近", ""]
    assert found["distance_km"].tolist()[:2] == pytest.approx([8.99, 0.69])
    assert found["people"].isna().all()
    assert found["town"].fillna("").tolist() == ["", "甲一鎮", ""]
    assert found["why_en"].tolist() == [
        "甲 nearest site 9.0 km away, it reaches 100 m",
        "甲 nearest site 0.7 km away, it reaches 100 m",
        "no usable point",
    ]
    assert account.table[account.table["of"] == "places"].iloc[0]["unknown"] == 1


# ------------------------------------------------------------------ reasons


def test_every_layer_says_why(tmp_path):
    values = np.full((8, 12), -113.0)
    values[:, 8:] = -101.5
    values[2, 8] = np.nan
    layers = [
        sites(at(0, 0), radius_m=50, operator="甲", public=True),
        sites(operator="乙"),
        areas(square(0, 0, 10), operator="丙"),
        raster(write_raster(tmp_path / "r.tif", values), -95, operator="丁"),
        raster(tmp_path / "r.tif", -101.5),
        by_unit({A: 3.5, B: float("nan")}, at_least=25, operator="戊"),
    ]
    found = gaps_of(*layers).set_index("code")
    assert found.loc[A, "why_en"] == (
        "甲 nearest site 0.2 km away, it reaches 50 m; 乙 has no site; 丙 claimed area does not reach most of it; "
        "丁 strongest -113 dBm, -95 dBm needed; strongest -113 dBm, -101.5 dBm needed; 戊 figure 3.5, 25 needed"
    )
    assert found.loc[A, "why_zh"] == (
        "甲 最近點位距 0.2 公里，涵蓋半徑 50 公尺；乙 無點位；丙 涵蓋範圍未及多數；丁 最強 -113 dBm，門檻 -95 dBm；"
        "最強 -113 dBm，門檻 -101.5 dBm；戊 數值 3.5，門檻 25"
    )
    assert "戊 no data" in found.loc[B, "why_en"]
    assert "丁 no data; no data" in found.loc[F, "why_en"]
    assert found.loc[NOWHERE, "why_en"] == "no polygon: where its people are is unknown"


def test_a_part_may_reach_the_threshold(tmp_path):
    values = np.full((8, 12), -113.0)
    values[0, 9] = -80
    found = gaps_of(raster(write_raster(tmp_path / "r.tif", values), -105)).set_index("code")
    assert found.loc[D, "why_en"] == "only a part reaches -105 dBm"
    assert found.loc[C, "why_en"] == "strongest -113 dBm, -105 dBm needed"


def test_values_of_places_are_those_at_the_place(tmp_path):
    values = np.full((8, 12), -113.0)
    values[0, 1] = -80
    layer = raster(write_raster(tmp_path / "r.tif", values), -105)
    found = COUNTRY.count(service(layer), places=[places(at(10, 10), at(5_000, 0))]).gaps.set_index("code")
    assert found.loc["0", "why_en"] == "strongest -113 dBm, -105 dBm needed"
    assert found.loc["1", "why_en"] == "no data"


def test_a_service_without_a_layer_says_so():
    found = gaps_of().set_index("code")
    assert found.loc[A, "why_en"] == "no layer"
    assert found.loc[GONE, "why_en"] == "no polygon: where its people are is unknown"


def test_what_layers_say_alike_is_said_once():
    found = gaps_of(areas(), areas(), by_unit({A: 0.0}), by_unit({A: 0.0})).set_index("code")
    assert found.loc[A, "why_en"] == "claimed area does not reach most of it; figure 0, 1 needed"


def test_distances_of_reasons_are_metres_on_the_ground():
    """In Kinmen EPSG:3826 stretches by 0.08 %: a radius of 10 km is told as it was given."""
    x, y = Transformer.from_crs("EPSG:3824", "EPSG:3826", always_xy=True).transform(118.3, 24.4)
    townships = COUNTRY.townships.assign(town_code=["09020010", *COUNTRY.townships["town_code"][1:]])
    kinmen = made(frame_of({"09020010001": box(x, y, x + 400, y + 400)}), townships)
    frame = gpd.GeoDataFrame(geometry=[Point(x + 40_000, y)], crs="EPSG:3826")
    layer = dataclasses.replace(sites(), points=frame, radius_m=10_000.0, public=True)
    found = kinmen.count(service(layer), people=[people(people={"09020010001": 5})]).gaps
    assert found["why_en"].tolist() == ["nearest site 39.8 km away, it reaches 10,000 m"]


def test_a_site_that_is_not_public_is_told_in_steps():
    """Distances to a hundred metres from places that are known would tell where it stands."""
    item = places(at(10, 10), at(700, 10), at(1_500, 10), at(5_000, 10), at(70_000, 10))
    layer = sites(at(700, 10), radius_m=1)
    found = COUNTRY.count(service(layer), places=[item]).gaps.set_index("code")["why_en"]
    assert [found[code].split(" km")[0].split("site ")[1] for code in ("0", "2", "3", "4")] == [
        "< 1", "< 1", "2–5", "> 50"
    ]  # fmt: skip
    assert not found.str.contains("reaches").any()  # with the radius, areas of villages would tell where
    told = COUNTRY.count(service(dataclasses.replace(layer, public=True)), places=[item]).gaps
    assert told.set_index("code").loc["3", "why_en"] == "nearest site 4.3 km away, it reaches 1 m"


def test_of_places_that_are_not_public_there_are_no_distances():
    """A few of them, each from a place that is known, would tell where they stand."""
    points = (at(10, 10), at(700, 10), at(5_000, 10))
    layer = sites(at(10, 10), radius_m=100, public=True)
    for sensitive, why in ((False, "nearest site 0.7 km away"), (True, "nearest site < 1 km away")):
        found = COUNTRY.count(service(layer), places=[places(*points, sensitive=sensitive)]).gaps
        assert len(found) == 2
        assert found["distance_km"].isna().all() == sensitive
        assert found.set_index("code").loc["1", "why_en"].startswith(why)


def test_gaps_agree_with_the_table():
    account = COUNTRY.count(service(sites(at(500, 300), radius_m=260)), people=[PEOPLE])
    table = account.table[(account.table["level"] == "village") & (account.table["of"] == "people")]
    lacking = table[(table["total"] > 0) & ~(table["best"] >= 50)]
    assert set(account.gaps["code"]) == set(lacking["code"])
    for _, gap in account.gaps.iterrows():
        own = row(table, code=gap["code"])
        for name in ("covered", "not_covered", "unknown"):
            assert gap[name] == own[name]
        assert gap["share"] == own["best"] or pd.isna(own["best"])
