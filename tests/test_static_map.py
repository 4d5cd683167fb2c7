"""Static maps: each township once, borders that meet, a legend that adds up."""

import dataclasses
import re
from types import SimpleNamespace

import defusedxml.ElementTree as ET  # noqa: N817
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from notspot_coverage.definitions import COLUMNS, load_indicators
from notspot_geodata import reference
from notspot_geodata.text import Text
from notspot_maps.absent import not_applicable
from notspot_maps.classes import Classes
from notspot_maps.drawing.static_map import (
    CLUSTERS,
    choropleth_svg,
    cluster_chart,
    cluster_svg,
    legend,
    township_chart,
)

THREE = Classes("fixed", (10.0, 20.0), ("#ffffcc", "#41b6c4", "#253494"))
TITLE, UNIT = Text("圖", "map"), Text("臺", "stations")
HOSTILE = '</path><script>alert("1")</script>'


@pytest.fixture(scope="module")
def townships():
    return reference.townships()


@pytest.fixture(scope="module")
def values(townships):
    values = pd.Series(np.arange(368.0) % 30, index=townships["town_code"])
    values.iloc[:3] = np.nan
    return values


@pytest.fixture(scope="module")
def taiwan(townships, values):
    return choropleth_svg(townships, values, THREE, title=TITLE, unit=UNIT, source=Text("來源", "source"))


def blocks():
    """Four squares of 10 km side by side in EPSG:3826, in two counties."""
    squares = [box(200_000 + 10_000 * i, 2_600_000, 210_000 + 10_000 * i, 2_610_000) for i in range(4)]
    frame = gpd.GeoDataFrame(
        {
            "town_code": ["10001010", "10001020", "10002010", "10002020"],
            "town": ["甲鄉", HOSTILE, "丙鄉", "丁鄉"],
            "county_code": ["10001", "10001", "10002", "10002"],
            "county": ["東縣", "東縣", "西縣", "西縣"],
        },
        geometry=squares,
        crs="EPSG:3826",
    )
    return frame.to_crs("EPSG:3824")


def shapes(svg):
    """Of each township: its title, fill and path data."""
    paths = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
    titled = [(node.find("{*}title"), node) for node in paths]
    return [(title.text, node.get("fill"), node.get("d")) for title, node in titled if title is not None]


def corners(path):
    """Points of path data of the form M x y l dx dy … Z."""
    out = []
    for start, steps in re.findall(r"M(-?\d+ -?\d+)l([^Z]*)Z", path):
        at = np.array([int(n) for n in start.split()])
        moves = np.array([int(n) for n in re.findall(r"-?\d+", steps)]).reshape(-1, 2)
        out += [tuple(point) for point in [at, *(at + np.cumsum(moves, axis=0))]]
    return out


def test_every_township_is_drawn_once_within_250_kb(taiwan, townships):
    names = [title.split()[0] for title, _, _ in shapes(taiwan)]
    assert sorted(names) == sorted(townships["county"] + townships["town"])
    assert len(taiwan.encode()) <= 250_000


def test_colours_follow_the_classes_and_unknown_is_hatched(taiwan, townships, values):
    found = {title.split()[0]: fill for title, fill, _ in shapes(taiwan)}
    names = (townships["county"] + townships["town"]).tolist()
    for name, value in zip(names, values, strict=True):
        at = 0 if value <= 10 else 1 if value <= 20 else 2
        assert found[name] == ("url(#map-hatch)" if np.isnan(value) else THREE.colours[at])


def test_the_legend_counts_add_up_and_the_unknown_have_their_line(values, townships):
    entries = legend(values, THREE, townships["town_code"], (), "map")
    assert [entry.label.en for entry in entries] == ["≤ 10", "10–20", "> 20", "unknown"]
    assert sum(entry.count for entry in entries) == 368
    millions = dataclasses.replace(THREE, edges=(360_000.0, 1_900_000.0))
    labels = [entry.label.en for entry in legend(values, millions, townships["town_code"], (), "map")]
    assert labels[:3] == ["≤ 360,000", "360,000–1,900,000", "> 1,900,000"]  # not 1.9e+06
    assert entries[-1].count == 3
    some = legend(values, THREE, townships["town_code"], set(townships["town_code"][:5]), "map")
    assert [(e.label.en, e.count) for e in some[-2:]] == [("not applicable", 5), ("unknown", 0)]


def test_it_is_safe_named_and_loads_nothing(taiwan):
    root = ET.fromstring(taiwan)
    attributes = [(name, value) for node in root.iter() for name, value in node.attrib.items()]
    ids = [value for name, value in attributes if name == "id"]
    references = {target[1:] for _, value in attributes for target in re.findall(r"url\(([^)]*)\)", value)}
    assert len(ids) == len(set(ids))
    assert references <= set(ids)
    assert not any(name.startswith("on") or name.endswith("href") for name, _ in attributes)
    assert "http" not in taiwan.replace("http://www.w3.org/2000/svg", "")
    assert root.get("role") == "img"


def test_islands_have_insets_with_scales(taiwan):
    texts = [node.text for node in ET.fromstring(taiwan).iter("{http://www.w3.org/2000/svg}text")]
    assert {"連江（馬祖）", "烏坵", "金門", "澎湖", "Penghu", "50 km", "20 km", "10 km", "2 km"} <= set(texts)
    assert "資料：來源" in texts


def test_neighbours_share_their_border_to_the_point():
    svg = choropleth_svg(blocks(), pd.Series(dtype=float), THREE, title=TITLE, unit=UNIT)
    drawn = {title: set(corners(path)) for title, _, path in shapes(svg)}
    first, second, third, fourth = drawn.values()
    assert len(first & second) == len(second & third) == len(third & fourth) == 2
    assert not first & third


def test_the_scale_bar_is_as_long_as_it_says():
    svg = choropleth_svg(blocks(), pd.Series(dtype=float), THREE, title=TITLE, unit=UNIT)
    points = np.array([point for _, _, path in shapes(svg) for point in corners(path)]) / 10
    unit_km = 40 / (points[:, 0].max() - points[:, 0].min())
    bar = float(re.search(r'd="M[\d.]+ [\d.]+v4h([\d.]+)v-4"', svg)[1])
    assert bar * unit_km == pytest.approx(50, rel=0.01)


def test_borders_of_real_neighbours_still_match(taiwan, townships):
    """Of the points of the drawn main island, nearly all inland ones belong to two or more townships."""
    county = townships["county_code"] == "10008"  # Nantou, the county without a coast
    names = set((townships["county"] + townships["town"])[county])
    owners = {}
    for title, _, path in shapes(taiwan):
        for point in set(corners(path)):
            owners.setdefault(point, set()).add(title.split()[0])
    inland = [towns for towns in owners.values() if towns & names]
    assert len(inland) > 100
    alone = sum(len(towns) == 1 for towns in inland)
    assert alone == 0


def test_names_are_defused_and_links_lead_where_they_should():
    svg = choropleth_svg(
        blocks(), pd.Series({"10001020": 5.0}), THREE, title=TITLE, unit=UNIT,
        href=lambda code: f'atlas.html#p={code}&x="y"',
    )  # fmt: skip
    assert "<script" not in svg
    root = ET.fromstring(svg)
    links = list(root.iter("{http://www.w3.org/2000/svg}a"))
    assert [link.get("href") for link in links][1] == 'atlas.html#p=10001020&x="y"'
    assert links[1].find("{*}path/{*}title").text == f"東縣{HOSTILE} 5.00 臺｜5.00 stations"
    assert links[0].find("{*}path/{*}title").text == "東縣甲鄉 無資料｜unknown"
    assert root.get("role") == "group"  # the links of an image would be out of reach


def test_clusters_differ_by_marks_and_the_absent_are_unknown():
    kinds = pd.DataFrame({"town_code": ["10001010", "10001020", "10002010"], "kind": ["HH", "LL", "ns"]})
    svg = cluster_svg(blocks(), kinds, title=TITLE)
    assert [fill for _, fill, _ in shapes(svg)] == [
        "url(#clusters-dots)",
        "url(#clusters-rise)",
        "#ffffff",
        "url(#clusters-hatch)",
    ]
    assert len({marks for _, marks in CLUSTERS.values()}) == len(CLUSTERS)
    texts = [node.text for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "low–low (1)" in texts
    assert "unknown (1)" in texts


def test_the_same_townships_give_the_same_bytes():
    first, second = (
        choropleth_svg(blocks(), pd.Series(dtype=float), THREE, title=TITLE, unit=UNIT) for _ in "ab"
    )
    assert first == second


def results(rows):
    frame = blocks().assign(
        remote=[True, False, False, False],
        population=[10, 20, 30, 40],
        area_km2=100.0,
        communities_2022=[0, 0, 1, 2],
    )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return SimpleNamespace(townships=frame, indicators=table, definitions=load_indicators())


def row(indicator, code, value):
    return {"indicator": indicator, "level": "township", "code": code, "value": value}


def test_the_finding_of_a_map_counts_its_lowest_class():
    name = "base_stations_4g_per_1000"
    codes = blocks()["town_code"]
    chart = township_chart(
        results([row(name, c, v) for c, v in zip(codes, [1.0, 5.0, 9.0, None], strict=True)]), name
    )
    assert "有 1 個，其中 1 個是偏遠鄉鎮市區，人口占 10.0 %，土地占 25.0 %" in chart.finding.zh
    assert chart.table["units"].tolist() == [1, 1, 1, 1]
    assert 'href="atlas.html#' in chart.svg


def test_a_zero_denominator_is_not_applicable_and_not_unknown():
    name = "community_hotspots_per_community"
    codes = blocks()["town_code"]
    found = results([row(name, c, v) for c, v in zip(codes, [None, None, 0.5, None], strict=True)])
    chart = township_chart(found, name)
    labels = {
        label.en: count for label, count in zip(chart.table["value"], chart.table["units"], strict=True)
    }
    assert (labels["not applicable"], labels["unknown"]) == (2, 1)
    assert not_applicable(found.townships, found.definitions[name]) == {
        "10001010",
        "10001020",
        "10001",
        "remote",
    }


def test_clusters_are_counted_with_the_counties_they_lie_in():
    finding = SimpleNamespace(
        measure="m",
        name=Text("量", "The measure"),
        moran_i=-0.25,
        moran_p=float("nan"),
        clusters=pd.DataFrame({"town_code": blocks()["town_code"], "kind": ["LL", "ns", "HH", "HH"]}),
    )
    chart = cluster_chart(results([]), finding)
    assert (
        chart.finding.zh
        == "量：低值群聚 1 個鄉鎮市區，最多在東縣；高值群聚 2 個鄉鎮市區，最多在西縣（Moran's I = −0.25）。"
    )
    assert (
        dict(zip([name.en for name in chart.table["name"]], chart.table["units"], strict=True))["low–low"]
        == 1
    )
    nothing = SimpleNamespace(**{**vars(finding), "clusters": finding.clusters.assign(kind="ns")})
    assert "沒有顯著的空間群聚" in cluster_chart(results([]), nothing).finding.zh
