"""The page loads nothing, and its policy says so."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import folium
import folium.plugins
import pytest
from atlas_results import results

from notspot_maps.atlas.layer import atlas
from notspot_maps.offline import leaflet_css, leaflet_js, policy, stable_ids


@pytest.fixture(scope="module")
def study():
    return results()


def rules(page):
    """The page's Content-Security-Policy by directive."""

    class Meta(HTMLParser):
        content = ""

        def handle_starttag(self, tag, attrs):
            given = dict(attrs)
            if given.get("http-equiv") == "Content-Security-Policy":
                self.content = given["content"]

    meta = Meta()
    meta.feed(page)
    return {
        name: rest.split() for name, _, rest in (rule.partition(" ") for rule in meta.content.split("; "))
    }


def test_nothing_is_allowed_that_is_not_inside(study):
    found = rules(atlas(study).get_root().render())
    assert found["default-src"] == found["connect-src"] == ["'none'"]
    assert found["img-src"] == ["data:", "blob:"]
    assert all(source.startswith("'sha256-") for source in found["script-src"])


def test_the_policy_holds_the_hash_of_every_script_and_no_other(study):
    page = atlas(study).get_root().render()
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    expected = {
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in scripts
    }
    assert set(rules(page)["script-src"]) == expected
    assert len(expected) == 2


def test_the_policy_stands_before_anything_that_runs(study):
    page = atlas(study).get_root().render()
    assert page.index("Content-Security-Policy") < page.index("<style>") < page.index("<script>")


def test_tiles_open_the_policy_to_their_host_and_to_pictures_only(study):
    page = atlas(study, tiles=True).get_root().render()
    found = rules(page)
    hosts = [source for source in found["img-src"] if source.startswith("https:")]
    assert hosts == ["https://tile.openstreetmap.org"]
    assert not any(source.startswith("http") for source in found["script-src"] + found["style-src"])
    assert found["connect-src"] == ["'none'"]


def test_a_plugin_brings_its_own_host_and_no_more(study):
    made = atlas(study)
    folium.plugins.Fullscreen().add_to(made)
    found = rules(made.get_root().render())
    hosts = [source for source in found["script-src"] if source.startswith("http")]
    assert hosts == ["https://cdn.jsdelivr.net"]


def test_a_host_that_is_no_host_does_not_get_into_the_policy():
    made = policy(
        '<script src="https://a.example;script-src *"></script><script src="//b.example/x.js"></script>'
    )
    assert "a.example" not in made
    assert "https://b.example" in made


def test_leaflet_is_inside_with_its_pictures():
    assert "Leaflet 1.9" in leaflet_js()
    assert "sourceMappingURL" not in leaflet_js()
    assert "</script" not in leaflet_js()
    assert not re.search(r"url\((?!data:|#)", leaflet_css())


def test_ids_are_numbered_by_first_appearance():
    one, two = folium.Map(), folium.Map()
    for made in (one, two):
        folium.Marker([0, 0]).add_to(made)
    pages = [stable_ids(made.get_root().render(), made.get_root()) for made in (one, two)]
    assert pages[0] == pages[1]
    assert "map_ns1" in pages[0]


def test_what_only_looks_like_an_id_is_left_alone():
    made = folium.Map()
    assert stable_ids("d41d8cd98f00b204e9800998ecf8427e", made) == "d41d8cd98f00b204e9800998ecf8427e"


def test_folium_itself_still_loads_what_it_did(study):
    atlas(study)
    assert any("leaflet" in url for _, url in folium.Map.default_js)
