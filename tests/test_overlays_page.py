"""Overlays in the page: switched on, told by shape, reached by keyboard, kept in the address, loaded from nowhere."""

import dataclasses
import math

import atlas_results
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from browser import opened, until
from shapely.geometry import LineString, Point
from test_atlas_painter import CAUGHT

from notspot_geodata.text import Text
from notspot_maps.atlas.layer import atlas
from notspot_maps.overlays.kinds import (
    NO,
    UNKNOWN,
    YES,
    LineOverlay,
    PointOverlay,
    RasterOverlay,
    Shade,
    Standing,
)

pytestmark = pytest.mark.browser

# pan; how often something was kept, and how much what was filled up differs from what is drawn anew
MOVED = """
() => {
  const {map, overlays: {above}} = caught, own = above._moved, {canvas} = above.ctx;
  const pixels = () => above.ctx.getImageData(0, 0, canvas.width, canvas.height).data;
  let kept = 0;
  above._moved = function (old) {
    const done = own.call(this, old);
    kept += done;
    return done;
  };
  for (const by of [[130, -90], [-260, 170], [25, 40], [0, 300]]) map.panBy(by, {animate: false});
  const seen = pixels();
  above.paint();
  const fresh = pixels();
  if (!seen.some((value) => value)) throw Error("nothing is drawn");
  return [kept, seen.reduce((most, value, i) => Math.max(most, Math.abs(value - fresh[i])), 0)];
}
"""
OUTDOOR, INDOOR = Text("戶外", "Outdoors"), Text("室內", "Indoors")
# on the board of nine villages, 121 to 121.3 east, 23.5 to 23.8 north
PLACES = {
    "甲部落": (121.05, 23.55),
    "<script>乙</script>": (121.15, 23.55),
    "丙部落": (121.25, 23.65),
    "丁部落": (121.06, 23.56),
}
OUT, IN = [YES, NO, UNKNOWN, YES], [NO, NO, UNKNOWN, YES]


def raster() -> RasterOverlay:
    """Unknown in the west, not covered in the middle, covered in the east of the board."""
    west, north, step = 121 * 111_319.49, 2_728_000.0, 278.3
    codes = np.zeros((140, 120), np.uint8)
    codes[:, 40:80], codes[:, 80:] = 1, 2
    shades = (
        Shade(Text("無資料", "No data"), "#ededed", "unknown"),
        Shade(Text("未涵蓋", "Not covered"), "#ffffcc", "no"),
        Shade(Text("涵蓋", "Covered"), "#253494", "yes"),
    )
    return RasterOverlay(
        id="signal", name=Text("訊號", "Signal"), source=Text("試算", "Trial"), basis="model", as_of="2021",
        codes=codes, west=west, north=north, step=step, resolution_m=250.0, shades=shades,
    )  # fmt: skip


def places() -> PointOverlay:
    frame = gpd.GeoDataFrame(
        {"name": list(PLACES)}, geometry=[Point(p) for p in PLACES.values()], crs="EPSG:3824"
    )
    standings = tuple(
        Standing(
            id,
            name,
            pd.DataFrame(
                {"at": range(4), "status": said, "by": ["甲電信" if s == YES else "" for s in said]}
            ),
        )
        for id, name, said in (("outdoor", OUTDOOR, OUT), ("indoor", INDOOR, IN))
    )
    return PointOverlay(id="communities", name=Text("部落", "Communities"), points=frame, standings=standings)


def trails() -> LineOverlay:
    frame = gpd.GeoDataFrame(
        {"name": ["山徑"]}, geometry=[LineString([(121.05, 23.75), (121.25, 23.75)])], crs="EPSG:3824"
    )
    cut = pd.DataFrame(
        {"at": [0] * 3, "status": [YES, NO, UNKNOWN], "by": "", "start": [0, 0.4, 0.7], "end": [0.4, 0.7, 1]}
    )
    return LineOverlay(
        id="trails", name=Text("步道", "Trails"), lines=frame, standings=(Standing("outdoor", OUTDOOR, cut),)
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    made = atlas(atlas_results.results(), overlays=(raster(), trails(), places()))
    path = tmp_path_factory.mktemp("overlays") / "atlas.html"
    made.save(str(path))
    return path


def ready(page):
    page.wait_for_selector(".ns-fold-overlays")
    return page


def painted(page, *panes):
    """Wait until something is painted in each of the panes."""
    until(
        page,
        """panes => panes.every((pane) => {
            const canvas = document.querySelector(`.leaflet-ns-${pane}-pane canvas`);
            if (!canvas || !canvas.width) return false;
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.some((value, at) => at % 4 === 3 && value);
        })""",
        list(panes),
    )


def middle(page, lon, lat):
    """Where on the screen a place is, from the view that the address tells (Web Mercator)."""
    zoom, *centre = map(
        float, page.evaluate("new URLSearchParams(location.hash.slice(1)).get('m')").split("/")
    )
    box = page.locator(".leaflet-container").bounding_box()

    def pixels(lat, lon):
        y = 0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)
        return 256 * 2**zoom * (0.5 + lon / 360), 256 * 2**zoom * y

    (cx, cy), (x, y) = pixels(*centre), pixels(lat, lon)
    return box["x"] + box["width"] / 2 + x - cx, box["y"] + box["height"] / 2 + y - cy


def colours(page, pane, places):
    """What a pane's canvas holds at places (longitude, latitude): red, green, blue, alpha of each."""
    return page.evaluate(
        """([pane, places]) => {
            const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`), box = canvas.getBoundingClientRect();
            const ctx = canvas.getContext("2d"), ratio = canvas.width / box.width;
            return places.map(([x, y]) => [...ctx.getImageData((x - box.x) * ratio, (y - box.y) * ratio, 1, 1).data]);
        }""",
        [pane, [middle(page, *place) for place in places]],
    )


def test_switched_on_by_keyboard_told_by_shape_and_kept_in_the_address(file):
    with opened(file) as visit:
        page = ready(visit.page)
        page.locator(".ns-fold-overlays > summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.dataset.ns") == "over-signal"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert page.evaluate("document.activeElement.dataset.ns") == "over-communities"  # focus stays
        assert "o=communities" in page.url
        rows = page.locator(".ns-over:has([data-ns='over-communities']) .ns-shades li")
        assert [row.split() for row in rows.all_inner_texts()] == [
            ["涵蓋", "2"],
            ["未涵蓋", "1"],
            ["無資料", "1"],
        ]
        marks = rows.locator("canvas").evaluate_all("all => all.map((each) => each.toDataURL())")
        assert len(set(marks)) == 3
        alike = page.evaluate(
            """() => [...document.querySelectorAll(".ns-shades canvas")].map((canvas) => {
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const dark = (i) => data[i + 3] > 100 && data[i] + data[i + 1] + data[i + 2] < 600;
                return [...Array(data.length / 4).keys()].map((i) => (dark(4 * i) ? 1 : 0)).join("");
            })"""
        )
        assert len(set(alike)) == 3  # three shapes where all dark colours are one
        assert visit.errors == []
        assert visit.outside == []


def test_a_place_is_pointed_at_chosen_and_listed(file):
    with opened(file, fragment="#o=communities&m=9/23.65/121.15") as visit:
        page = ready(visit.page)
        painted(page, "points")
        page.mouse.move(*middle(page, *PLACES["<script>乙</script>"]))
        tip = page.locator(".ns-tip.ns-on")
        tip.wait_for()
        text = tip.inner_text()
        assert "<script>乙</script>" in text
        assert "戶外：未涵蓋" in text
        assert visit.dialogs == []
        page.mouse.click(*middle(page, *PLACES["甲部落"]))
        assert "甲電信" in page.locator(".ns-over-picked").inner_text()
        assert page.locator("[role=status]").inner_text().strip("\u2068\u2069").startswith("甲部落")
        listed = page.locator(".ns-over-places button").all_inner_texts()
        names = [text.split("\n")[0] for text in listed]  # of the township; those that lack it first
        assert names == ["<script>乙</script>", "丁部落", "甲部落"]
        page.locator(".ns-over-places button", has_text="丁部落").focus()
        page.keyboard.press("Enter")
        assert "丁部落" in page.locator(".ns-over-picked").inner_text()
        assert page.locator(".ns-over-places [aria-pressed=true]").inner_text().startswith("丁部落")
        assert visit.violations() == []


def test_what_was_given_comes_first_in_a_group_that_is_open_and_another_service_gives_other_statuses(
    tmp_path,
):
    given = dataclasses.replace(places(), given=True)
    atlas(atlas_results.results(), overlays=(raster(), trails(), given)).save(str(tmp_path / "a.html"))
    with opened(tmp_path / "a.html") as visit:
        page = ready(visit.page)
        heading = page.locator(".ns-fold-overlays > summary")
        assert heading.inner_text() == "疊加圖層（共 3 個，均未開啟）"
        names = [
            page.get_by_role("checkbox", name=name) for name in ("地點：部落", "網格圖層：訊號", "路線：步道")
        ]
        assert [box.get_attribute("data-ns") for box in names] == page.locator(
            ".ns-over input[type=checkbox]"
        ).evaluate_all("all => all.map((each) => each.dataset.ns)")
        page.check("[data-ns=over-communities]")  # it is in sight
        assert heading.inner_text() == "疊加圖層（共 3 個，開啟 1 個）"
        page.select_option("[data-ns=service-communities]", "indoor")
        rows = page.locator(".ns-over:has([data-ns='over-communities']) .ns-shades li").all_inner_texts()
        assert [row.split()[-1] for row in rows] == ["1", "2", "1"]
        assert "o=communities.indoor" in page.url


def test_a_raster_is_crisp_and_unknown_land_is_hatched(file):
    with opened(file, fragment="#o=signal&m=10/23.65/121.15") as visit:
        page = ready(visit.page)
        painted(page, "rasters")
        east, between, sea = colours(page, "ns-rasters", [(121.25, 23.62), (121.15, 23.62), (120.9, 23.62)])
        assert (east[:3], between[:3]) == ([0x25, 0x34, 0x94], [0xFF, 0xFF, 0xCC])
        assert sea[3] == 0  # nothing is said of the sea
        west = colours(page, "ns-rasters", [(121.05 + at / 5000, 23.62) for at in range(12)])
        assert all(len({r, g, b}) == 1 and alpha == 255 for r, g, b, alpha in west)
        assert len({r for r, *_ in west}) > 1  # the hatch
        across = colours(page, "ns-rasters", [(121.195 + step / 4000, 23.62) for step in range(40)])
        assert {tuple(each[:3]) for each in across} == {
            (0x25, 0x34, 0x94),
            (0xFF, 0xFF, 0xCC),
        }  # none between
        text = page.locator(".ns-over-body").inner_text()
        assert "網格 250 公尺" in text
        assert "推估" in text  # a model, and it says so
        page.locator("[data-ns=opacity-signal]").fill("50")
        assert "o=signal~50" in page.url
        assert colours(page, "ns-rasters", [(121.25, 23.62)])[0][3] == pytest.approx(128, abs=2)
        assert visit.violations() == []


def test_a_line_is_drawn_by_pieces(file):
    from playwright.sync_api import expect

    with opened(file, fragment="#o=trails&m=11/23.75/121.15") as visit:
        page = ready(visit.page)
        painted(page, "points")
        assert colours(page, "ns-points", [(121.08, 23.75)])[0][:3] == [0x00, 0x72, 0xB2]
        along = colours(page, "ns-points", [(121.135 + at / 1500, 23.75) for at in range(60)])
        across = [tuple(each[:3]) for each in along]
        assert {(0xD5, 0x5E, 0x00), (255, 255, 255)} <= set(across)  # dashes on white
        assert (0, 0x72, 0xB2) not in across
        rows = page.locator(".ns-shades li").all_inner_texts()
        km = [float(row.split()[-2]) for row in rows]
        assert km == pytest.approx([8.2, 6.1, 6.1], abs=0.1)
        page.mouse.move(*middle(page, 121.08, 23.75))
        page.locator(".ns-tip.ns-on").wait_for()
        assert "山徑" in page.locator(".ns-tip.ns-on").inner_text()
        for code, listed in (
            ("00002003001", 1),
            ("00001001001", 0),
        ):  # crossed with no corner in it; far away
            page.evaluate("at => { location.hash = `o=trails&p=${at}`; }", code)
            expect(page.locator(".ns-over-places button")).to_have_count(listed)
        page.evaluate("location.hash = 'o=trails,communities&m=12/23.7/121.15'")
        expect(page.locator(".ns-over-body")).to_have_count(2)
        page.evaluate(CAUGHT)
        kept, most = page.evaluate(MOVED)
        assert kept >= 4  # each time some of it was
        assert most < 8  # of 255


def test_on_paper_every_pane_is_drawn_and_what_is_on_has_its_legend(file):
    with opened(file, fragment="#o=signal,trails,communities.indoor&p=00001001&l=township") as visit:
        page = ready(visit.page)
        painted(page, "rasters", "points")
        page.locator(".ns-fold-overlays > summary").click()  # folded, as a reader may leave it
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        said = page.locator(".ns-printed").inner_text()
        assert "疊加圖層：訊號（試算 · 推估 · 2021）；步道 · 戶外；部落 · 室內" in said
        shades = page.locator(".ns-shades")
        assert [shades.nth(at).is_visible() for at in range(3)] == [True] * 3
        assert not page.locator(".ns-over-within").is_visible()
        assert not page.locator(".ns-opacity").is_visible()
        laid = page.evaluate(  # a canvas that was cleared would blot out on paper what lies under it
            """() => ["rasters", "lines", "points", "marks"].map((name) => {
                const parts = [...document.querySelector(`.leaflet-ns-${name}-pane`).children];
                const seen = parts.filter((part) => getComputedStyle(part).opacity !== "0");
                const [first] = seen, { width, height } = first;
                const { data } = first.getContext("2d").getImageData(0, 0, width, height);
                return [seen.length, first.className.includes("ns-paper-picture"), data.some(Boolean)];
            })"""
        )
        assert laid == [[1, True, True]] * 4  # units are not filled under a raster
        page.emulate_media(media="screen")
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert not shades.first.is_visible()
        assert page.locator(".ns-paper-picture").count() == 0
        assert visit.errors == []


def test_in_english_on_a_phone_everything_fits_and_nothing_is_wrong(file):
    with opened(
        file,
        width=360,
        height=740,
        fragment="#lang=en&p=00001001&o=signal,trails,communities",
        has_touch=True,
    ) as visit:
        page = ready(visit.page)
        painted(page, "rasters", "points")
        assert not visit.scrolls_sideways()
        assert visit.violations() == []
        text = page.locator(".ns-fold-overlays").inner_text()
        assert "Overlays (3, 3 on)" in text
        assert "Cells of 250 m" in text
        assert "Places in" in text
        assert "涵蓋" not in text.replace("甲部落", "")
        page.click("[data-ns=lang]")
        assert "疊加圖層（共 3 個，開啟 3 個）" in page.locator(".ns-fold-overlays").inner_text()


def test_without_overlays_there_is_nothing_of_them(tmp_path):
    made = atlas(dataclasses.replace(atlas_results.results(), account=None), overlays=())
    made.save(str(tmp_path / "a.html"))
    with opened(tmp_path / "a.html", fragment="#o=gone~40") as visit:
        visit.page.wait_for_selector(".ns-legend")
        assert visit.page.locator(".ns-fold-overlays").count() == 0
        assert (
            visit.page.locator(".leaflet-ns-rasters-pane canvas, .leaflet-ns-points-pane canvas").count() == 0
        )
        assert visit.errors == []
