"""The atlas as a file: what is in it, and that it is a folium map."""

import base64
import dataclasses
import gzip
import json
import re
from types import SimpleNamespace

import folium
import folium.plugins
import pytest
from atlas_results import SCRIPT, results
from folium.plugins import MiniMap

from notspot_geodata import reference
from notspot_geodata.errors import UsageError
from notspot_geodata.reference import GRID, Grid
from notspot_geodata.text import Text
from notspot_maps.atlas.layer import AtlasLayer, atlas
from notspot_maps.atlas.payload import payload
from notspot_maps.topology import Topology


@pytest.fixture(scope="module")
def study():
    return results()


@pytest.fixture(scope="module")
def page(study):
    return atlas(study).get_root().render()


def inside(page):
    """The data and shapes of a finished page, as its script unpacks them."""
    source = json.loads(re.search(r"L\.notspot\((\{.*?\})\);", page).group(1))
    data = json.loads(gzip.decompress(base64.b64decode(source["data"])))
    grid = Grid(tuple(data["grid"]["scale"]), tuple(data["grid"]["translate"]))
    return data, Topology.unpack(gzip.decompress(base64.b64decode(source["geometry"])), grid)


def test_the_page_holds_every_unit_once_with_its_parent(study, page):
    data, shapes = inside(page)
    units = data["units"]
    assert [len(units[level]["code"]) for level in ("county", "township", "village")] == [2, 4, 9]
    assert len(shapes.units) == 9
    assert units["township"]["up"] == [0, 0, 1, 1]
    codes = [
        units["township"]["code"][up] + code
        for code, up in zip(units["village"]["code"], units["village"]["up"], strict=True)
    ]
    assert codes == study.villages["village_code"].tolist()


def test_shapes_in_the_page_are_the_villages(study, page):
    _, shapes = inside(page)
    areas = [shape.area for shape in shapes.geometries()]
    assert areas == pytest.approx([0.01] * 9, rel=1e-3)


def test_figures_in_the_page_are_those_of_the_table(study, page):
    data, _ = inside(page)
    speed = next(each for each in data["indicators"] if each["id"] == "speed")
    assert speed["levels"]["township"]["v"] == [20, 80.5, 140.25, None]
    assert speed["levels"]["township"]["n"] == [80, 322, 561, None]
    assert speed["levels"]["county"]["v"] == [50.25, 140.25]
    assert speed["nation"]["v"] == 80.25
    assert speed["groups"] == [[["偏遠鄉鎮市區", "Remote townships"], 140.25, 140.25, 140.25]]


def test_bounds_are_kept_only_where_they_part_from_the_value(page):
    data, _ = inside(page)
    reached = next(each for each in data["indicators"] if each["id"] == "reached")
    assert reached["levels"]["township"]["b"] == [[1, 40, 80], [3, 0, 100]]


def test_an_indicator_with_only_a_national_figure_colours_nothing(page):
    data, _ = inside(page)
    published = next(each for each in data["indicators"] if each["id"] == "published")
    assert published["levels"] == {}
    assert (published["nation"]["v"], published["nation"]["s"], published["official"]) == (
        38.5,
        "official",
        38.5,
    )


def test_it_opens_with_the_first_question_of_the_divide_or_else_the_first_rate(study, page):
    assert inside(page)[0]["first"] == "speed"
    asked = dataclasses.replace(study, divide=(SimpleNamespace(measure="reached"),))
    assert payload(asked)[0]["first"] == "reached"
    assert payload(results(indicators=False))[0]["first"] is None


def test_unknown_is_null_and_never_zero(page):
    data, _ = inside(page)
    for indicator in data["indicators"]:
        for column in indicator["levels"].values():
            assert 0 not in column["v"]


def test_same_results_give_the_same_bytes(study, page):
    assert atlas(study).get_root().render() == page


def test_the_order_of_rows_changes_nothing(study, page):
    mixed = dataclasses.replace(
        study,
        villages=study.villages.iloc[::-1],
        townships=study.townships.iloc[::-1],
        indicators=study.indicators.sample(frac=1, random_state=3),
    )
    assert inside(atlas(mixed).get_root().render())[0]["units"] == inside(page)[0]["units"]


def test_the_page_names_its_run_and_language(page):
    assert '<html lang="zh-Hant-TW"' in page
    assert '<meta name="notspot-run" content="test0001">' in page
    assert "<title>測試地圖</title>" in page


def test_it_opens_in_english_when_asked(study):
    page = atlas(study, lang="en").get_root().render()
    assert '<html lang="en"' in page
    assert "<title>Test atlas</title>" in page


def test_it_is_a_folium_map_that_takes_layers_and_saves(study, tmp_path):
    made = atlas(study)
    assert isinstance(made, folium.Map)
    folium.Marker([23.6, 121.1], popup="here", tooltip="there").add_to(made)
    folium.GeoJson(study.counties[["county", "geometry"]].to_json()).add_to(made)
    folium.LayerControl().add_to(made)
    made.save(tmp_path / "atlas.html")
    saved = (tmp_path / "atlas.html").read_text(encoding="utf-8")
    assert "L.marker(" in saved
    assert "L.geoJson(" in saved
    assert "https://cdn" not in saved


def test_a_map_saves_twice_alike(study, tmp_path):
    made = atlas(study)
    made.save(tmp_path / "one.html")
    made.save(tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_the_layer_goes_on_a_folium_map_of_ones_own(study):
    own = folium.Map([23.6, 121.1], zoom_start=8)
    AtlasLayer(study, name="Notspot").add_to(own)
    MiniMap().add_to(own)
    page = own.get_root().render()
    assert "L.notspot({" in page
    assert ".ns-root" in page
    assert "html.ns-html" not in page  # rules for a page of our own stay out of somebody else's


def test_titles_and_names_with_markup_stay_text(study):
    odd = dataclasses.replace(study, run_id='x"><img src=x onerror=alert(1)>')
    page = atlas(odd).get_root().render()
    assert SCRIPT not in page
    assert "<img src=x" not in page


def test_without_indicators_the_boundaries_are_still_there():
    data, shapes = inside(atlas(results(indicators=False)).get_root().render())
    assert data["indicators"] == []
    assert len(shapes.units) == 9


def test_a_township_without_villages_keeps_its_shape(study):
    bare = dataclasses.replace(study, villages=study.villages[study.villages["town_code"] != "00002003"])
    data, shapes = payload(bare)
    assert data["extra"] == [("township", 3)]
    assert shapes.geometries()[-1].area == pytest.approx(0.02, rel=1e-3)


def test_far_islets_do_not_stretch_the_first_view():
    villages, townships, counties = reference.villages(), reference.townships(), reference.counties()
    real = dataclasses.replace(
        results(indicators=False), villages=villages, townships=townships, counties=counties
    )
    data, shapes = payload(real)
    views = {view["id"]: view["box"] for view in data["views"]}
    assert list(views) == ["taiwan", "penghu", "kinmen", "matsu"]
    assert views["taiwan"][0] > 119.2  # Kinmen and Matsu lie west of it, and one tap away
    assert views["kinmen"][2] < 118.6  # without Wuqiu, which is at 119.4 E
    assert shapes.grid == GRID
    assert (
        len(atlas(real).get_root().render().encode()) < 1_200_000
    )  # of the two million that a file may have


def earlier(study, year, *, faster=0.0):
    """The same study of another year, its speeds changed."""
    table = study.indicators.copy()
    table["value"] = table["value"].where(table["indicator"] != "speed", table["value"] + faster)
    return dataclasses.replace(study, year=year, indicators=table)


def test_earlier_years_stand_beside_the_figures_unit_by_unit(study):
    runs = [earlier(study, 2020, faster=-5), earlier(study, 2019, faster=-10)]
    data, _ = inside(atlas(study, earlier=runs).get_root().render())
    assert (data["year"], data["years"]) == (2021, [2019, 2020, 2021])
    speed = next(each for each in data["indicators"] if each["id"] == "speed")
    assert speed["levels"]["township"]["v"] == [20, 80.5, 140.25, None]
    assert speed["levels"]["township"]["past"]["2019"]["v"] == [10, 70.5, 130.25, None]
    assert speed["levels"]["township"]["past"]["2020"]["n"] == [80, 322, 561, None]
    assert speed["nation"]["past"]["2020"]["v"] == 75.25
    reached = next(each for each in data["indicators"] if each["id"] == "reached")
    assert reached["levels"]["township"]["past"]["2019"]["b"] == [[1, 40, 80], [3, 0, 100]]


def test_a_unit_that_an_earlier_year_does_not_have_is_unknown_there(study):
    run = earlier(study, 2020)
    rows = run.indicators[run.indicators["code"] != "00001002"]
    data, _ = payload(study, earlier=[dataclasses.replace(run, indicators=rows)])
    speed = next(each for each in data["indicators"] if each["id"] == "speed")
    assert speed["levels"]["township"]["past"]["2020"]["v"] == [20, None, 140.25, None]


def test_an_indicator_in_another_unit_is_another_indicator(study):
    run = earlier(study, 2020)
    other = dataclasses.replace(run.definitions["speed"], unit=Text("kbps", "kbps"))
    run = dataclasses.replace(run, definitions={**run.definitions, "speed": other})
    data, _ = payload(study, earlier=[run])
    assert all("past" not in each["levels"].get("township", {}) for each in data["indicators"][:1])
    assert "past" in data["indicators"][1]["levels"]["township"]


def test_two_results_of_one_year_are_refused(study):
    with pytest.raises(UsageError, match="2021, 2021"):
        atlas(study, earlier=[study])


def test_filters_are_the_groups_that_the_run_knows_of(study):
    towns = study.townships.assign(
        remote=[False, True, False, True], indigenous=["mountain", None, None, "plains"], offshore=False
    )
    data, _ = payload(dataclasses.replace(study, townships=towns))
    assert [(tag["id"], tag["of"]) for tag in data["tags"]] == [
        ("remote", [1, 3]),
        ("mountain", [0]),
        ("plains", [3]),
    ]
    assert payload(study)[0]["tags"] == []


def test_classes_may_be_chosen_by_indicator(study):
    data, _ = payload(study, classes={"speed": "fixed:50,100"})
    column = data["indicators"][0]["levels"]["township"]
    assert (column["method"], column["edges"], len(column["colours"])) == ("fixed", [50, 100], 3)
    with pytest.raises(UsageError, match=r"chosen for sped, which .* they have 3, for example speed"):
        payload(study, classes={"sped": "natural:5"})
    with pytest.raises(UsageError, match=r"for example .*reached"):
        payload(study, classes={"xyz": "natural:5"})
    with pytest.raises(UsageError, match="chooses no classes"):
        payload(study, classes={"speed": "pretty:5"})


def test_an_earlier_year_says_where_its_figures_are_from(study):
    run = earlier(study, 2019)
    claimed = dataclasses.replace(
        run.definitions["speed"], basis="claim", source=Text("業者申報", "Operators")
    )
    run = dataclasses.replace(run, definitions={**run.definitions, "speed": claimed})
    speed, reached, _ = payload(study, earlier=[run])[0]["indicators"]
    past = speed["levels"]["township"]["past"]["2019"]
    assert (past["s"], past["basis"], past["source"]) == ("computed", "claim", ["業者申報", "Operators"])
    assert "basis" not in reached["levels"]["township"]["past"]["2019"]


def test_the_map_has_its_ends_of_zoom(page):
    assert '"minZoom": 5' in page
    assert '"maxZoom": 18' in page
