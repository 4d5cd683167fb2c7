"""A view of an atlas in somebody else's page: what `notspot embed` prints, and that it works there."""

import dataclasses
import html
import json
import re

import folium
import pytest
from atlas_results import results
from browser import opened, until
from typer.testing import CliRunner

from notspot.cli import app
from notspot.embedding import html_picture, iframe, markdown, view_of
from notspot_geodata.errors import NotFoundError
from notspot_maps.atlas.file import read_atlas
from notspot_maps.atlas.layer import AtlasLayer, atlas
from notspot_maps.offline import leaflet_js

runner = CliRunner()
STRICT = "default-src 'none'; frame-src 'self' file:; style-src 'unsafe-inline'"  # a host that runs no script


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("embedding")
    atlas(results()).save(made / "atlas.html")
    return made


def embed(folder, *options):
    found = runner.invoke(app, ["embed", str(folder / "atlas.html"), *options])
    assert found.exit_code == 0, found.output
    return found.output


def test_the_frame_names_the_view_and_its_parts(folder):
    said = embed(folder, "--indicator", "speed", "--place", "臺一區", "--height", "500", "--lang", "en")
    frame = re.search(r"<iframe .*</iframe>", said).group()
    source = html.unescape(re.search('src="([^"]*)"', frame).group(1))
    assert source == "atlas.html#i=speed&p=00001001&lang=en"
    assert 'height="500"' in frame
    assert 'title="Download speed · Taiyi District · Test atlas"' in frame


def test_machines_get_one_object(folder):
    parts = json.loads(
        embed(folder, "--indicator", "reached", "--url", "https://example.org/a b.html", "--json")
    )
    assert parts["link"] == "https://example.org/a b.html#i=reached"
    assert parts["title"] == "涵蓋人口比率 · 測試地圖"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--indicator", "sped"], "no indicator 'sped'; like it are\n  speed "),
        (
            ["--indicator", "人口"],
            "like it are\n  reached                            涵蓋人口比率 · People reached\n",
        ),
        (["--indicator", "PEOPLE reach"], "like it are\n  reached "),
        (["--indicator", "xyz"], "no indicator 'xyz'; it has 3, for example\n  speed "),
        (["--place", "臺九區"], "no place '臺九區'; give a name as on the map"),
        (["--place", "台東"], "no place '台東'; called like it are 00001 臺東縣 Taitung County\n"),
        (["--place", "taiyi"], "called like it are 00001001 臺東縣臺一區 Taiyi District\n"),
        (["--indicator", "reached", "--level", "county"], "no figures by 'county'; it has township"),
        (["--level", "street"], "there is no level 'street'"),
        (["--year", "1999"], "no figures of 1999; it has 2021"),
        (["--height", "20"], "a map can be read from 240 pixels on"),
        (["--lang", "fr"], "--lang is zh or en"),
        (["--picture", "view.pdf"], "--picture is view.pdf; pages and Word show .png and .svg only"),
        (["--picture", "view"], "--picture is view; pages and Word show .png and .svg only"),
    ],
)
def test_a_view_that_the_atlas_does_not_have_is_refused(folder, options, said):
    found = runner.invoke(app, ["embed", str(folder / "atlas.html"), *options])
    assert found.exit_code == 2
    assert said in found.output


def test_a_folder_is_its_atlas(folder, tmp_path):
    found = runner.invoke(app, ["embed", str(folder), "--indicator", "speed", "--json"])
    assert json.loads(found.output)["link"] == "atlas.html#i=speed"
    bare = runner.invoke(app, ["embed", str(tmp_path)])
    assert bare.exit_code == 2
    assert "is a folder without atlas.html; make it with" in bare.output
    (tmp_path / "map.html").touch()
    assert "name the atlas: it has map.html" in runner.invoke(app, ["embed", str(tmp_path)]).output


def test_names_do_not_break_out_of_what_is_printed(folder):
    evil = 'a"><script>alert(1)</script>]('
    assert "<script>" not in iframe("a.html#p=1", evil, 400) + html_picture("a.html", evil, evil)
    assert markdown("a.html#i=x", "a [b] c", "a b.png") == "[![a \\[b\\] c](a%20b.png)](<a.html#i=x>)"
    assert "\n" not in markdown("a.html", "a\n\n<b>", "a.png")
    assert "\\<script\\>" in markdown("a.html", evil, "a.png")
    said = embed(folder, "--place", "00001001001")  # a village that is called as a script
    assert "<script" not in said
    read = read_atlas(folder / "atlas.html")
    assert view_of(read, place="00001001001").title.startswith("<script>")
    with pytest.raises(NotFoundError):
        view_of(read, indicator=evil)


# ------------------------------------------------------------------ in a browser


def host(folder, body, policy=STRICT):
    file = folder / "host.html"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    file.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8">{meta}<title>Host</title>'
        f"<style>h1 {{ color: rgb(200, 0, 0) }}</style><body><h1>Host</h1>{body}</body></html>",
        encoding="utf-8",
    )
    return file


def drawn(frame):
    """Wait for the map of a frame; gives what its panel says of the place and the indicator."""
    frame.wait_for_selector(".ns-panel select", state="attached")
    until(frame, "performance.getEntriesByName('notspot-first-choropleth').length > 0")
    return frame


def test_two_views_work_in_a_host_that_allows_nothing_else(folder):
    frames = [
        re.search(r"<iframe .*</iframe>", embed(folder, *options)).group()
        for options in (
            ["--indicator", "speed", "--place", "00001001"],
            ["--indicator", "reached", "--lang", "en"],
        )
    ]
    with opened(host(folder, "".join(frames)), height=1400) as visit:
        one, two = (drawn(frame) for frame in visit.page.frames[1:])
        assert one.locator(".ns-name").first.inner_text().startswith("臺一區")
        assert one.evaluate("document.querySelector('select').value") == "speed"
        assert two.evaluate("document.querySelector('select').value") == "reached"
        assert two.evaluate("document.documentElement.lang") == "en"
        assert one.evaluate("document.documentElement.lang") == "zh-Hant-TW"
        assert visit.errors == []
        assert all("atlas.html" in url or url.startswith(("data:", "blob:")) for url in visit.requests[1:])


@pytest.mark.parametrize(("width", "height"), [(320, 480), (600, 400), (1200, 640)])
def test_it_takes_the_size_of_its_frame(folder, width, height):
    frame = f'<iframe src="atlas.html" title="x" width="{width}" height="{height}" style="border:0"></iframe>'
    with opened(host(folder, frame), width=1300) as visit:
        inside = drawn(visit.page.frames[1])
        sizes = inside.evaluate(
            "const map = document.querySelector('.leaflet-container'), page = document.documentElement;"
            "[innerWidth, innerHeight, page.scrollWidth, page.scrollHeight, map.offsetWidth, map.offsetHeight]"
        )
        assert sizes[:2] == [width, height]
        assert sizes[2] <= width
        assert sizes[3] <= height
        assert sizes[4] >= min(width, 300)
        assert sizes[5] >= 0.4 * height


def test_jupyter_shows_it_in_a_frame_of_its_own(folder):
    made = atlas(results())._repr_html_()
    with opened(host(folder, made, policy="")) as visit:
        frame = next(each for each in visit.page.frames[1:] if each.url.startswith(("about:srcdoc", "data:")))
        drawn(frame)
        assert frame.locator("h1").inner_text() == "測試地圖"
        assert visit.page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(200, 0, 0)"
        assert visit.errors == []


def test_two_layers_on_one_page_share_nothing(folder):
    figure = folium.Figure()
    for indicator in ("speed", "reached"):
        own = folium.Map([23.65, 121.15], zoom_start=9, tiles=None, height=450)
        AtlasLayer(results(), name=indicator, keep_view=True).add_to(own)
        figure.add_child(own)
    file = folder / "two.html"
    figure.save(file)
    page = file.read_text(encoding="utf-8").replace(
        "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js", "leaflet.js"
    )
    file.write_text(page, encoding="utf-8")
    (folder / "leaflet.js").write_text(leaflet_js(), encoding="utf-8")
    with opened(file) as visit:
        until(visit.page, "document.querySelectorAll('.ns-panel select').length >= 2")
        ids = visit.page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
        assert len([each for each in ids if each.startswith("ns")]) > 10
        assert len(ids) == len(set(ids))
        visit.page.evaluate(
            "const [one] = document.querySelectorAll('.ns-panel select'); one.value = 'reached';"
            "one.dispatchEvent(new Event('change', {bubbles: true}))"
        )
        shown = (
            "[...document.querySelectorAll('.ns-panel select[data-ns=indicator]')].map((each) => each.value)"
        )
        assert visit.page.evaluate(shown) == ["reached", "speed"]


def test_who_holds_the_frame_is_told_that_the_map_came_and_the_table_can_be_copied(folder):
    listening = "<script>addEventListener('message', (e) => { window.told = e.data })</script>"
    frame = (
        '<iframe src="atlas.html#i=speed&l=township&t=table" sandbox="allow-scripts" title="x" '
        'width="900" height="600"></iframe>'
    )
    with opened(host(folder, listening + frame, policy="")) as visit:
        inside = drawn(visit.page.frames[1])
        until(visit.page, "window.told")
        assert visit.page.evaluate("window.told") == {"notspot": "atlas"}
        inside.click("[data-ns=csv]")  # of which nothing comes in such a frame, and the page cannot know
        assert inside.input_value("[data-ns=csv-text]").startswith("code,name_zh,")
        said = inside.locator("[role=status]").inner_text()
        assert "交給瀏覽器下載" in said
        assert "請複製以下文字" in said


def test_the_picture_is_of_the_year_and_level_that_were_asked_for(folder, tmp_path):
    now = results()
    table = now.indicators.copy()
    table["value"] = table["value"].where(table["indicator"] != "speed", table["value"] / 4)
    before = dataclasses.replace(now, year=2019, indicators=table)
    atlas(now, earlier=[before]).save(tmp_path / "atlas.html")
    drawn = {}
    for year in ("2019", "2021"):
        embed(tmp_path, "--indicator", "speed", "--year", year, "--picture", str(tmp_path / f"{year}.svg"))
        drawn[year] = (tmp_path / f"{year}.svg").read_text(encoding="utf-8")
    assert drawn["2019"] != drawn["2021"]
    read = read_atlas(tmp_path / "atlas.html").results(2019).indicators
    own = read[(read["indicator"] == "speed") & (read["code"] == "00001001")]
    assert own["value"].tolist() == [5]
