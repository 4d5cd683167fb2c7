"""The atlas as people use it, in a real browser: mouse, keyboard, phone, two languages."""

import csv
import io
import math
import re

import folium
import pytest
from atlas_results import SCRIPT, results
from browser import launched, opened, until

from notspot_maps.atlas.layer import AtlasLayer, atlas
from notspot_maps.offline import asset

pytestmark = pytest.mark.browser

DRAWN = "performance.getEntriesByName('notspot-first-choropleth').length > 0"
PHONE = {"width": 360, "height": 740, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("atlas") / "atlas.html"
    atlas(results()).save(path)
    return path


def ready(visit):
    until(visit.page, DRAWN)
    visit.page.wait_for_selector(".ns-classes")
    return visit.page


def spot(page, lat, lng):
    """Where a place is in the window, in pixels, from the view that the address tells (Web Mercator)."""
    zoom, *centre = map(
        float, page.evaluate("new URLSearchParams(location.hash.slice(1)).get('m')").split("/")
    )
    box = page.locator(".leaflet-container").bounding_box()

    def pixels(lat, lng):
        y = 0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)
        return 256 * 2**zoom * (0.5 + lng / 360), 256 * 2**zoom * y

    (cx, cy), (x, y) = pixels(*centre), pixels(lat, lng)
    return box["x"] + box["width"] / 2 + x - cx, box["y"] + box["height"] / 2 + y - cy


def colours_at(page, lat, lng, side=1):
    """The set of colours, (r, g, b), that the canvas has in a square of so many pixels at a place."""
    found = page.evaluate(
        """([x, y, side]) => {
            const seen = new OffscreenCanvas(side, side).getContext('2d', {willReadFrequently: true});
            for (const canvas of document.querySelectorAll('.leaflet-ns-shapes-pane canvas')) {
                const box = canvas.getBoundingClientRect();
                seen.drawImage(canvas, Math.round(box.x - x), Math.round(box.y - y), box.width, box.height);
            }
            return [...seen.getImageData(0, 0, side, side).data];
        }""",
        [*spot(page, lat, lng), side],
    )
    return {tuple(found[at : at + 3]) for at in range(0, len(found), 4)}


def point_at(page, lat, lng):
    """Move the mouse there, as far as the tooltip's next frame; the place in the window."""
    at = spot(page, lat, lng)
    page.mouse.move(*at)
    page.wait_for_selector(".ns-tip.ns-on")
    return at


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_opens_alone_without_errors_and_fits(file, size, lang):
    with opened(file, fragment=f"#lang={lang}", **size) as visit:
        page = ready(visit)
        assert visit.outside == []
        assert visit.errors == []
        assert not visit.scrolls_sideways()
        clipped = """title => { title.textContent = 'A title that is too long for one line of a phone '.repeat(3);
            return title.scrollHeight > title.clientHeight + 1 || title.scrollWidth > title.clientWidth; }"""
        assert not page.locator(".ns-title").evaluate(clipped)
        assert page.locator(".ns-class").count() == 4  # three values and unknown
        assert page.evaluate("document.documentElement.lang") == ("zh-Hant-TW" if lang == "zh" else "en")


@pytest.mark.parametrize(
    "fragment", ["", "#lang=en&t=table", "#p=00001002", "#i=published", "#p=00001001001"]
)
@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing(file, fragment, size):
    with opened(file, fragment=fragment, **size) as visit:
        until(visit.page, DRAWN)
        visit.page.wait_for_selector(".ns-body")
        assert visit.violations() == []


def test_a_place_has_the_colour_of_its_class(file):
    with opened(file, fragment="#i=speed&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        swatch = page.locator(".ns-class .ns-swatch").first
        shown = swatch.evaluate("node => getComputedStyle(node).backgroundColor")
        assert shown == "rgb({}, {}, {})".format(*colours_at(page, 23.56, 121.26).pop())


def test_another_indicator_recolours_the_same_shapes(file):
    with opened(file, fragment="#i=speed&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        before = colours_at(page, 23.56, 121.26)
        page.select_option("select", "reached")
        until(page, "location.hash.includes('i=reached')")
        assert colours_at(page, 23.56, 121.26) != before
        assert "60.0 %" in page.locator(".ns-card").inner_text()  # its target


def test_unknown_is_hatched_on_the_map_and_in_the_legend(file):
    with opened(file, fragment="#i=speed&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        seen = colours_at(page, 23.78, 121.12, side=14)
        assert len(seen) > 2
        assert all(max(c) - min(c) < 6 for c in seen)  # greys: in none of the scales
        legend = page.locator(".ns-class", has_text="無資料")
        assert legend.locator(".ns-hatch").count() == 1
        assert legend.locator(".ns-count").inner_text() == "1"


def test_values_whose_bounds_reach_another_class_are_dotted(file):
    with opened(file, fragment="#i=reached&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        assert page.locator(".ns-unsure").inner_text().endswith("1")
        seen = colours_at(page, 23.68, 121.02, side=14)
        assert len(seen) > 1


def test_a_class_is_hidden_by_its_legend(file):
    with opened(file, fragment="#i=speed&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        first = page.locator(".ns-class").first
        first.click()
        assert first.get_attribute("aria-pressed") == "false"
        assert colours_at(page, 23.56, 121.26) == {(255, 255, 255)}
        assert "h=" in page.evaluate("location.hash")


def test_hovering_says_name_value_counts_and_source(file):
    with opened(file, fragment="#i=speed&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        point_at(page, 23.56, 121.26)
        page.wait_for_selector(".ns-tip.ns-on")
        said = page.locator(".ns-tip").inner_text()
        for part in ("山一鄉", "Shanyi Township", "140.3", "Mbps 合計 561", "量測點 4", "測試量測"):
            assert part in said


def test_a_click_fills_the_card_and_the_address(file):
    with opened(file, fragment="#i=reached&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        page.mouse.click(*point_at(page, 23.66, 121.06))
        card = page.locator(".ns-card").inner_text()
        for part in ("安二區", "70.0 %", "40.0 % – 80.0 %", "涵蓋人口 700", "人口 1,000", "目標"):
            assert part in card
        assert "p=00001002" in page.evaluate("location.hash")
        assert "安二區" in page.locator("[role=status]").inner_text()


def test_close_up_a_village_is_named_and_the_figures_are_said_to_be_its_townships(file):
    with opened(file, fragment="#i=speed&m=12.5/23.65/121.15") as visit:
        page = ready(visit)
        page.mouse.click(*point_at(page, 23.65, 121.15))
        card = page.locator(".ns-card").inner_text()
        assert "村11里" in card
        assert "村里無資料；以下為所屬鄉鎮市區" in card
        assert "安二區" in card
        assert page.locator(".ns-path li").all_inner_texts() == ["全國", "臺東縣", "安二區", "村11里"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("台一", "臺一區"),
        ("shanyi", "山一鄉"),
        ("00002003", "海三鄉"),
        ("village 21", "村21里"),
        ("海島 22", "村22里"),
        ("臺東縣", "臺東縣"),
    ],
)
def test_search_finds_by_either_name_spelling_and_code(file, query, name):
    with opened(file) as visit:
        page = ready(visit)
        page.fill("[role=combobox]", query)
        page.press("[role=combobox]", "ArrowDown")
        page.press("[role=combobox]", "Enter")
        assert page.locator(".ns-name").inner_text().startswith(name)


def test_search_says_when_there_is_nothing(file):
    with opened(file) as visit:
        page = ready(visit)
        page.fill("[role=combobox]", "亞特蘭提斯")
        assert "查無" in page.locator(".ns-find").inner_text()


def test_script_in_a_village_name_is_shown_and_not_run(file):
    with opened(file) as visit:
        page = ready(visit)
        page.fill("[role=combobox]", "script")
        page.press("[role=combobox]", "Enter")
        assert SCRIPT in page.locator(".ns-name").inner_text()
        assert visit.dialogs == []
        assert visit.errors == []


def test_the_policy_stops_a_script_that_was_not_written_in(file):
    with opened(file) as visit:
        page = ready(visit)
        page.evaluate(
            """() => {
                const script = document.createElement('script');
                script.textContent = 'window.ran = 1';
                document.body.append(script, Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}));
            }"""
        )
        assert page.evaluate("window.ran") is None
        assert any("Content Security Policy" in said for said in visit.errors)


def test_the_whole_way_by_keyboard(file):
    with opened(file, fragment="#i=speed") as visit:
        page = ready(visit)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "ns-skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "ns-panel"
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.role") == "tab":
                break
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("Boolean(document.activeElement.closest('tbody'))"):
                break
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        until(page, "location.hash.includes('p=00001002')")
        assert page.locator("tr.ns-chosen").inner_text().count("安二區") == 1
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_table_sorts_and_keeps_unknown_last(file):
    with opened(file, fragment="#i=speed&t=table") as visit:
        page = visit.page
        page.wait_for_selector(".ns-ranking")
        values = lambda: page.locator("td.ns-value").all_inner_texts()  # noqa: E731
        assert values() == ["140.3", "80.50", "20.00", "無資料"]
        page.click("[data-ns=sort-value]")
        assert values() == ["20.00", "80.50", "140.3", "無資料"]
        assert page.locator("th[aria-sort=ascending]").count() == 1
        page.click("[data-ns=level-county]")
        assert values() == ["50.25", "140.3"]


def test_language_switches_in_place(file):
    with opened(file, fragment="#i=reached&p=00001002") as visit:
        page = ready(visit)
        page.click("[data-ns=lang]")
        said = page.locator(".ns-panel").inner_text()
        for part in ("Test atlas", "People reached", "Aner District", "No data", "Low–high"):
            assert part in said
        assert page.evaluate("document.activeElement.dataset.ns") == "lang"
        assert page.title() == "Test atlas"


def test_the_address_brings_back_the_view(file):
    with opened(
        file, fragment="#i=reached&l=township&p=00002001&m=9.25/23.6/121.2&h=0&t=table&lang=en"
    ) as visit:
        page = visit.page
        page.wait_for_selector(".ns-ranking")
        assert page.input_value("select") == "reached"
        assert page.locator("tr.ns-chosen").inner_text().count("Shanyi") == 1
        assert page.locator("[role=tab][aria-selected=true]").inner_text() == "Ranking"
        page.click("[role=tab][data-tab=place]")
        assert "m=9.25/23.6000/121.2000" in page.evaluate("location.hash")
        assert page.locator("[data-class='0']").get_attribute("aria-pressed") == "false"


def test_nonsense_in_the_address_does_no_harm(file):
    with opened(file, fragment="#i=<b>&l=moon&p=%00&m=a/b/c&h=x&t=1&lang=fr") as visit:
        ready(visit)
        assert visit.errors == []


def test_the_national_figure_stands_where_nothing_else_is_known(file):
    with opened(file, fragment="#i=published") as visit:
        page = visit.page
        page.wait_for_selector(".ns-card")
        said = page.locator(".ns-body").inner_text()
        for part in ("僅有全國公布值", "38.5 %", "官方公布"):
            assert part in said


def test_without_indicators_it_says_so(tmp_path):
    atlas(results(indicators=False)).save(tmp_path / "empty.html")
    with opened(tmp_path / "empty.html") as visit:
        visit.page.wait_for_selector(".ns-note")
        assert "沒有任何指標" in visit.page.locator(".ns-panel").inner_text()
        assert visit.errors == []


def test_folium_layers_work_on_top_of_it(tmp_path):
    made = atlas(results())
    folium.Marker([23.65, 121.15], popup="標記", icon=folium.Icon(color="red")).add_to(made)
    folium.CircleMarker([23.6, 121.1], tooltip="圓").add_to(made)
    folium.LayerControl().add_to(made)
    made.save(tmp_path / "more.html")
    with opened(tmp_path / "more.html") as visit:
        page = ready(visit)
        page.locator(".leaflet-marker-icon").click()
        assert page.locator(".leaflet-popup-content").inner_text().strip() == "標記"
        assert visit.errors == []
        assert visit.outside == []


def test_the_layer_leaves_the_page_of_a_plain_map_alone(tmp_path):
    """On a folium map the layer brings its panel as a control; folium's own page is what it was."""
    own = folium.Map([23.65, 121.15], zoom_start=8, tiles=None)
    AtlasLayer(results(), name="Notspot").add_to(own)
    page = own.get_root().render()
    local = atlas(results()).get_root().render()
    leaflet = local[local.index("<script>") : local.index("</script>") + 9]
    for _, url in folium.Map.default_js + folium.Map.default_css:
        page = page.replace(f'<script src="{url}"></script>', leaflet if "leaflet@" in url else "")
        page = page.replace(f'<link rel="stylesheet" href="{url}"/>', "")
    (tmp_path / "own.html").write_text(page, encoding="utf-8")
    with opened(tmp_path / "own.html") as visit:
        visit.page.wait_for_selector(".ns-compact .ns-classes")
        assert visit.errors == []
        assert visit.outside == []
        assert visit.page.evaluate("Object.keys(window).filter((name) => /^ns/i.test(name))") == []


def test_nothing_to_measure_is_not_unknown(report_folder):
    with opened(
        report_folder / "atlas.html", fragment="#i=community_hotspots_per_community&p=63000010"
    ) as visit:
        visit.page.get_by_role("heading", name="松山區").wait_for()
        legend = visit.page.locator(".ns-classes").inner_text()
        assert "不適用" in legend
        assert re.search(r"不適用\s*313", legend)
        assert re.search(r"無資料\s*0", legend)
        assert visit.page.locator(".ns-big").inner_text().startswith("不適用")
        assert visit.violations() == []


def test_a_speed_that_is_unknown_shows_no_people_of_zero(report_folder):
    with opened(report_folder / "atlas.html", fragment="#i=dl_mbps_best&p=09007030") as visit:
        visit.page.get_by_role("heading", name="莒光鄉").wait_for()
        card = visit.page.locator(".ns-big").locator("xpath=..").inner_text()
        assert "無資料" in card
        assert not re.search(r"人口數 0\b", card)


def test_of_a_weighted_mean_the_weight_is_told_and_no_sum_of_products(report_folder):
    with opened(report_folder / "atlas.html", fragment="#i=dl_mbps_best&l=township&t=wide") as visit:
        page = visit.page
        page.wait_for_selector(".ns-ranking")
        heads = [text.split()[0] for text in page.locator(".ns-ranking thead th").all_inner_texts()]
        assert heads[-1] == "權數"
        assert "分子" not in heads
        page.click("[data-ns=tab-place]")
        assert re.search(r"權數\s*人口數 23,", page.locator(".ns-figures").inner_text())
        with page.expect_download() as download:
            page.click("[data-ns=tab-table]")
            page.click("[data-ns=csv]")
        first = next(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
        assert (first["numerator"], first["denominator"]) == ("", "4117")
        page.select_option("[data-ns=indicator]", "base_stations_4g_per_1000")
        assert "分子" in page.locator(".ns-ranking thead").inner_text()


def test_the_whole_nation_is_in_view_when_it_opens(report_folder):
    """Kinmen with its name, under none of the controls, on a phone and on a desk."""
    with opened(report_folder / "atlas.html", **PHONE) as visit:
        for size in (PHONE, {"width": 1440, "height": 900}):
            visit.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            visit.page.goto("about:blank")
            visit.page.goto((report_folder / "atlas.html").resolve().as_uri())
            page = ready(visit)
            page.click("[data-ns=patterns]")  # writes where the map stands into the address
            land = page.locator(".leaflet-container").bounding_box()
            for lat, lng in ((24.44, 118.15), (24.44, 118.5), (25.0, 122.0), (21.9, 120.85), (22.05, 121.55)):
                x, y = spot(page, lat, lng)
                assert land["x"] <= x <= land["x"] + land["width"]
                assert (
                    page.evaluate(
                        "([x, y]) => document.elementFromPoint(x, y).closest('.leaflet-control')", [x, y]
                    )
                    is None
                )


def labelled(zoom, *, marks=(), middle=(0.5, 0.5)):
    """Where the name of one unit stands that fills the box from 0 to 1 of the world, with marks at points of it."""
    page = launched().new_page()
    found = page.evaluate(
        "([zoom, marks, middle]) => {"
        + asset("labels.js")
        + """
            const WORLD = 256, worldX = (lon) => WORLD * (0.5 + lon / 360);
            const points = { n: marks.length, x: marks.map((m) => m[0]), y: marks.map((m) => m[1]), size: () => 4 };
            const within = (x, y) => (x >= 0 && x <= 1 && y >= 0 && y <= 1 ? 0 : -1);
            const model = {
                n: { county: 1, township: 0, village: 0 }, of: { county: [0] }, shapes: { at: within },
                boxes: () => [[0, 0, 1, 1]], middle: () => middle, data: { views: [{ box: [-180, 0, -178.59375, 1] }] },
            };
            const overlays = { shown: () => (marks.length ? [{ id: "m" }] : []), made: new Map([["m", points]]) };
            return new Labels({ lang: "zh", short: () => "金門縣", overlays, model }).all(zoom);
        }""",
        [zoom, marks, middle],
    )
    page.close()
    return found


def test_names_give_way_to_marks_and_stay_inside_the_view_that_opens():
    zoom, k = 8, 256
    (free,) = labelled(zoom)
    assert (free["x"], free["y"]) == (0.5 * k, 0.5 * k)
    (aside,) = labelled(zoom, marks=[(0.5, 0.5)])
    reach = 4 + free["half"]
    assert abs(aside["x"] - 0.5 * k) >= reach or abs(aside["y"] - 0.5 * k) >= 4 + free["size"] / 2
    crowd = [(x / 40, y / 40) for x in range(41) for y in range(41)]
    assert labelled(zoom, marks=crowd) == []  # no place is free of them
    (edge,) = labelled(zoom, middle=(0.02, 0.5))
    assert edge["x"] - edge["half"] >= 0


@pytest.mark.parametrize(
    ("asked", "found"), [("台中市中區", "中區"), ("臺中市 中區", "中區"), ("那拔里", "[那]拔里")]
)
def test_search_finds_whole_names_and_names_with_brackets(report_folder, asked, found):
    with opened(report_folder / "atlas.html") as visit:
        visit.page.locator("input[type=search], .ns-search input, input[role=combobox]").first.fill(asked)
        hit = visit.page.locator(".ns-hits li").first
        hit.wait_for()
        assert found in hit.inner_text()
