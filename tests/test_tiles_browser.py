"""The page of tiles as people use it: over a server that knows ranges, over one that does not, and from a disk."""

import gzip
import json
import re
import struct
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely
from browser import launched, opened, until
from PIL import Image
from pmtiles import writer

from notspot.tile_server import HOST, tile_server
from notspot_geodata.text import Text
from notspot_maps.offline import asset
from notspot_maps.tiles import writing as tiles
from notspot_maps.tiles.points import tile_hexagons, tile_points
from notspot_maps.tiles.writing import write_tiles

pytestmark = pytest.mark.browser

TAIPEI = (121.5654, 25.0330)
ODD = 'a"><script>alert(1)</script>'
PHONE = {"width": 360, "height": 740}
LOADED = "#ns-t-map[data-loaded]"
# three houses that lie 20 m apart around Taipei 101, and nine far away, so that there are two cells at low zooms
NEAR = [(121.5654, 25.0330, 1, 4), (121.5656, 25.0330, 0, 2), (121.5658, 25.0330, 2, 1)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = np.array(NEAR + [(120.3014, 22.6273, 1, 1)] * 9)
    operators = [f"{ODD};cht", "", "", *["cht"] * 9]
    points = tile_points(
        *rows[:, :3].T, weight=rows[:, 3], value=[120.5, np.nan, 7, *[1] * 9], operators=operators
    )
    out = tmp_path_factory.mktemp("tiles")
    write_tiles(
        points,
        out,
        title=Text("測試" + ODD, "Test" + ODD),
        weight=Text("戶數", "households"),
        value="Mbps",
        refused=3,
    )
    return out


@contextmanager
def serving(folder, make=tile_server):
    server = make(folder)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def without_ranges(folder):
    """What ``python -m http.server`` does."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    return ThreadingHTTPServer((HOST, 0), partial(Quiet, directory=str(folder)))


@contextmanager
def visited(address, fragment="", width=1440, height=900, **context):
    """The page, what it asked for and what went wrong."""
    scope = launched().new_context(viewport={"width": width, "height": height}, locale="zh-TW", **context)
    try:
        page = scope.new_page()
        page.asked, page.wrong = [], []
        page.on("request", lambda request: page.asked.append(request))
        page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("dialog", lambda dialog: (page.wrong.append("dialog"), dialog.dismiss()))
        page.goto(f"{address}/index.html{fragment}")
        yield page
    finally:
        scope.close()


def sums(page):
    """The counts of all tiles that the page has decoded at its zoom, by status, and how many features there are."""
    return page.evaluate(
        """() => {
          const layer = L.notspot.tiles.layer, sums = {}, features = [];
          for (const promise of layer.decoded.values()) {
            const data = promise.data;
            if (!data) continue;
            features.push(data.count);
            for (const name of ['not_covered', 'covered', 'unknown'])
              if (data.columns[name]) sums[name] = (sums[name] || 0) + data.columns[name].reduce((a, b) => a + b, 0);
          }
          return [sums, features.reduce((a, b) => a + b, 0)];
        }"""
    )


def without(archive, part, out):
    """A copy of an archive whose metadata lack a part; they stand at its end, and the header says so."""
    data = archive.read_bytes()
    at, length = struct.unpack("<QQ", data[24:40])
    said = json.loads(gzip.decompress(data[at : at + length]))
    del said["notspot"][part]
    packed = gzip.compress(json.dumps(said).encode())
    out.write_bytes(data[:24] + struct.pack("<QQ", len(data), len(packed)) + data[40:] + packed)
    return out


def test_its_words_are_all_in_use_and_spelt_as_elsewhere():
    scripts = [asset(f"tiles.{name}.js") for name in ("page", "layer", "land")]
    page = launched().new_page()
    zh, en, hexagons_zh, hexagons_en = page.evaluate(
        f"() => {{ {asset('tiles.words.js')}; "
        "return [TILE_WORDS, HEXAGON_WORDS].flatMap((words) => Object.values(words).map(Object.keys)); }"
    )
    page.close()
    assert zh == en
    assert hexagons_zh == hexagons_en
    assert set(hexagons_zh) - set(zh) == {"h3"}  # the others stand in place of words for points
    named = {"not_covered", "covered", "unknown"}  # asked for by the name of a status
    used = set(re.findall(r"\b(?:W|words)\.(\w+)", "".join(scripts)))
    assert set(zh) - named - used == set()
    assert "坐標" not in asset("tiles.words.js")
    assert all("格網" not in asset(name) for name in ("overlays.js", "legend.js", "tiles.words.js"))


def test_it_reads_by_ranges_and_asks_nobody_else(folder):
    with serving(folder) as address, visited(address) as page:
        page.wait_for_selector(LOADED)
        archive = [request for request in page.asked if request.url.endswith(".pmtiles")]
        assert archive
        assert all("range" in request.headers for request in archive)
        assert all(request.url.startswith((address, "data:", "blob:")) for request in page.asked)
        assert page.wrong == []
        assert sums(page) == [{"not_covered": 1, "covered": 10, "unknown": 1}, 2]
        rows = page.locator(".ns-t-row").all_inner_texts()
        assert [" ".join(row.split()) for row in rows] == [
            "涵蓋 10 點 83.3% 戶數 13",
            "未涵蓋 1 點 8.3% 戶數 2",
            "無資料 1 點 8.3% 戶數 1",
        ]
        assert "合計 12 點，戶數 16" in page.inner_text(".ns-t-total")
        assert "另有 3 列未採用" in page.inner_text("#ns-panel")
        assert page.inner_text("h1") == "測試" + ODD  # as text
        assert page.locator("h1 script").count() == 0
        # nothing but its own host, even if asked to
        blocked = "fetch('http://127.0.0.2:9/').then(() => 'sent', () => 'blocked')"
        assert page.evaluate(blocked) == "blocked"
        assert any("Content Security Policy" in text for text in page.wrong)


def test_a_cell_and_a_point_tell_their_numbers(folder):
    with serving(folder) as address:
        with visited(address, "#m=8/25.033/121.5654") as page:
            page.wait_for_selector(LOADED)
            page.locator("#ns-t-map").focus()
            page.keyboard.press("ArrowRight")  # the keyboard reads what is under the cross
            page.wait_for_timeout(400)
            page.keyboard.press("ArrowLeft")
            page.wait_for_selector(".ns-t-card table")
            card = " ".join(page.inner_text(".ns-t-card").split())
            assert card.startswith("50.0% 已知中涵蓋 1／2 點數")
            assert "涵蓋 1 4 未涵蓋 1 2 無資料 1 1" in card
            assert "Mbps (平均) 63.75" in card  # of the two that are known
            assert f"{ODD} 1" in card
            page.click("[data-key=byweight_]")  # now the cell is coloured by households: 4 of 4 + 2
            card = " ".join(page.inner_text(".ns-t-card").split())
            assert card.startswith("66.7% 已知中涵蓋 4／6 戶數")
        with visited(address, "#m=18/25.033/121.5654&lang=en") as page:
            page.wait_for_selector(LOADED)
            box = page.locator("#ns-t-map").bounding_box()
            middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            page.mouse.click(*middle)
            card = " ".join(page.inner_text(".ns-t-card").split())
            assert card == f"Covered households 4 Mbps 120.5 Operators that cover {ODD}、cht"
            assert page.wrong == []
            # 0.0002 degrees are 0.0002 / 360 * 256 * 2 ** 18 = 37 pixels at this zoom
            page.mouse.click(middle[0] + 37.3, middle[1])
            assert page.inner_text(".ns-t-card b") == "Not covered"
            assert page.locator(".ns-t-card dd").last.inner_text() == "none"
            page.mouse.click(middle[0] + 74.6, middle[1])
            assert page.inner_text(".ns-t-card").split("\n")[0] == "Unknown"
            assert page.locator(".ns-t-card dd").last.inner_text() == "Unknown"  # not that nobody covers it
            page.mouse.click(middle[0], middle[1] + 100)
            assert page.inner_text(".ns-t-card") == "No point here"
            page.evaluate("L.notspot.tiles.map.setView([22.6273, 120.3014], 18, { animate: false })")
            until(page, "() => !!L.notspot.tiles.layer.at(L.notspot.tiles.map.getCenter(), 8)")
            page.mouse.click(*middle)
            assert page.locator(".ns-t-card .ns-t-by span").inner_text() == "1 of 9 that lie here"
            page.click("[data-key=before]")
            assert page.locator(".ns-t-card .ns-t-by span").inner_text() == "9 of 9 that lie here"


def test_a_status_can_be_hidden_and_shares_are_of_people_on_request(folder):
    with serving(folder) as address, visited(address, "#m=10/25.033/121.5654") as page:
        page.wait_for_selector(LOADED)
        found = """() => [...document.querySelectorAll('.leaflet-tile canvas')].filter(({width, height}, at, all) =>
            all[at].getContext('2d').getImageData(0, 0, width, height).data.some(Boolean)).length"""
        assert page.evaluate(found) == 1
        for name in ("covered", "not_covered", "unknown"):
            page.click(f"[data-key={name}]")
        assert page.evaluate(found) == 0
        page.click("[data-key=not_covered]")
        assert page.evaluate(found) == 1
        assert page.evaluate("document.activeElement.dataset.key") == "not_covered"
        page.click("[data-key=byweight_]")
        until(page, "() => location.hash.includes('w=1')")
        assert page.evaluate("L.notspot.tiles.layer.by") == "weight_"


def test_jumps_language_and_address_keep_the_view(folder):
    with serving(folder) as address:
        with visited(address) as page:
            page.wait_for_selector(LOADED)
            page.click("text=金門")
            until(page, "() => location.hash.includes('/118.')")
            page.click("[data-key=lang]")
            assert page.evaluate("document.documentElement.lang") == "en"
            assert page.inner_text("[data-key=lang]") == "中文"
            assert "Kinmen" in page.inner_text(".ns-t-jumps")
            kept = page.evaluate("location.hash")
            at = page.evaluate("L.notspot.tiles.map.getCenter()")
        with visited(address, kept) as page:
            page.wait_for_selector(LOADED)
            again = page.evaluate("L.notspot.tiles.map.getCenter()")
            assert again["lat"] == pytest.approx(at["lat"], abs=1e-3)
            assert again["lng"] == pytest.approx(at["lng"], abs=1e-3)
            assert page.inner_text("[data-key=lang]") == "中文"


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_it_fits_and_axe_finds_nothing(folder, size):
    from axe_core_python.sync_playwright import Axe

    with serving(folder) as address, visited(address, has_touch=size is PHONE, **size) as page:
        page.wait_for_selector(LOADED)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        if size is PHONE:
            small = "[...document.querySelectorAll('button, .leaflet-bar a')].filter((b) => b.offsetHeight < 44).length"
            assert page.evaluate(small) == 0
        for _ in range(2):
            found = Axe().run(
                page,
                options={"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}},
            )
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
            page.click("[data-key=lang]")


def test_from_a_disk_it_says_what_to_do_and_opens_the_file(folder):
    with opened(folder / "index.html") as visit:
        page = visit.page
        page.wait_for_selector("[role=alert]")
        said = page.inner_text("[role=alert]")
        assert "points.pmtiles" in said
        assert "notspot tiles" in said
        assert visit.errors == []
        page.set_input_files("#ns-t-file", folder / "points.pmtiles")
        page.wait_for_selector(LOADED)
        assert sums(page) == [{"not_covered": 1, "covered": 10, "unknown": 1}, 2]
        assert page.locator("[role=alert]").count() == 0
        assert visit.outside == []
        (folder.parent / "no.pmtiles").write_bytes(b"PMTiles\x02" + bytes(200))
        page.set_input_files("#ns-t-file", folder.parent / "no.pmtiles")
        page.wait_for_selector("[role=alert]")
        assert "no.pmtiles 不是 PMTiles 第 3 版" in page.inner_text("[role=alert]")
        for part in ("counts", "points", "cells"):
            said = without(folder / "points.pmtiles", part, folder.parent / f"{part}.pmtiles")
            page.set_input_files("#ns-t-file", folder / "points.pmtiles")
            page.wait_for_selector(LOADED)
            page.set_input_files("#ns-t-file", said)
            page.wait_for_selector("[role=alert]")
            assert f"{part}.pmtiles 不是 PMTiles 第 3 版，或已損壞" in page.inner_text("[role=alert]")
            assert page.locator(".ns-t-row").count() == 0  # nothing of the file before it
        assert visit.errors == []


def test_a_server_without_ranges_sends_it_whole_or_not_at_all(folder):
    with serving(folder, without_ranges) as address:
        with visited(address) as page:
            page.wait_for_selector(LOADED)
            assert sums(page)[0] == {"not_covered": 1, "covered": 10, "unknown": 1}
        scope = launched().new_context(locale="zh-TW")
        page = scope.new_page()
        # as if the file were too large to be loaded whole
        text = (folder / "index.html").read_text(encoding="utf-8").replace("64 * 2 ** 20", "64 * 2 ** 1")
        text = (
            text[: text.index("<meta http-equiv")] + text[text.index("<meta name=") :]
        )  # the script's hash is another
        page.route("**/index.html", lambda route: route.fulfill(body=text, content_type="text/html"))
        page.goto(f"{address}/index.html")
        page.wait_for_selector("[role=alert]")
        assert "python -m http.server" in page.inner_text("[role=alert]")
        scope.close()


@pytest.mark.parametrize("damage", ["absent", "cut", "other"])
def test_a_broken_archive_gives_a_sentence(folder, tmp_path, damage):
    (tmp_path / "index.html").write_bytes((folder / "index.html").read_bytes())
    data = (folder / "points.pmtiles").read_bytes()
    if damage != "absent":
        (tmp_path / "points.pmtiles").write_bytes(data[:600] if damage == "cut" else b"<html>" * 100)
    with serving(tmp_path) as address, visited(address) as page:
        page.wait_for_selector("[role=alert]")
        said = page.inner_text("[role=alert]")
        assert {"absent": "無法讀取", "cut": "points.pmtiles", "other": "不是 PMTiles"}[damage] in said
        assert page.locator("[data-key=open]").count() == 1


def test_leaf_directories_are_followed(tmp_path, monkeypatch):
    short = (
        writer.optimize_directories
    )  # a root of 300 bytes, as if there were hundreds of thousands of tiles
    monkeypatch.setattr(writer, "optimize_directories", lambda entries, _: short(entries, 300))
    monkeypatch.setattr(tiles, "FIRST_POINTS", 14)
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(120.2, 120.9, 9000), rng.uniform(23.0, 24.5, 9000)
    written = write_tiles(tile_points(lon, lat, rng.integers(0, 3, 9000)), tmp_path)
    with serving(tmp_path) as address, visited(address, "#m=15/23.7/120.5") as page:
        page.wait_for_selector(LOADED)
        assert page.evaluate("L.notspot.tiles.archive.leavesLength") > 0
        assert page.evaluate("L.notspot.tiles.archive.leaves.size") > 0
        drawn = page.evaluate(
            "[...L.notspot.tiles.layer.decoded.keys()].map((key) => key.split('/').map(Number))"
        )
        counts = page.evaluate(
            "[...L.notspot.tiles.layer.decoded.values()].map((each) => each.data ? each.data.count : 0)"
        )
        side = 2**14
        x = np.floor((lon / 360 + 0.5) * side)
        y = np.floor((0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * np.pi)) * side)
        assert counts == [int(((x == c) & (y == r)).sum()) for _, c, r in drawn]
        assert sum(counts) > 0
        assert written.points_zoom == 14


# ------------------------------------------------------------------ hexagons


@pytest.fixture(scope="module")
def hexagonal(tmp_path_factory):
    """Three H3 cells, one of each status; the first lies upon a corner of four tiles, the second is there twice."""
    zoom = 11
    middle = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * 876 / 2**zoom)))), 1716 / 2**zoom * 360 - 180
    at = h3.latlng_to_cell(*middle, 9)
    cells = np.array([at, *sorted(set(h3.grid_disk(at, 1)) - {at})[:2]], np.uint64)
    points = tile_hexagons(
        cells[[0, 1, 2, 1]], [0, 1, 2, 1], weight=[4, 7, 1, 2], operators=["", "cht;fet", "", "cht"]
    )
    out = tmp_path_factory.mktemp("hexagons")
    assert write_tiles(points, out, weight=Text("戶數", "households")).points_zoom == zoom
    return out, cells, middle


def test_hexagons_are_drawn_where_they_are_and_told_once(hexagonal):
    out, cells, (lat, lon) = hexagonal
    with serving(out) as address, visited(address, f"#m=15/{lat:.6f}/{lon:.6f}&lang=en") as page:
        page.wait_for_selector(LOADED)
        assert sums(page)[1] == 4  # though each is in several tiles
        assert (
            page.evaluate("[...L.notspot.tiles.layer.decoded.values()].filter(({ data }) => data).length")
            == 4
        )
        box = page.locator("#ns-t-map").bounding_box()
        seen = """(ring) => ring.map((at) => {
          const { x, y } = L.notspot.tiles.map.latLngToContainerPoint(at);
          return [x, y];
        })"""
        corners = [[list(at) for at in h3.cell_to_boundary(cell)] for cell in cells.tolist()]
        rings = [np.array(page.evaluate(seen, each)) for each in corners]
        picture = np.asarray(Image.open(BytesIO(page.screenshot(clip=box))).convert("RGB")).astype(int)

        def around(x, y, reach=3):
            return picture[round(y) - reach : round(y) + reach + 1, round(x) - reach : round(x) + reach + 1]

        orange, purple, grey = (179, 88, 6), (84, 39, 136), (237, 237, 237)
        for ring, colour in zip(rings, (orange, purple, grey), strict=True):
            middle = ring.mean(axis=0)
            for place in middle + 0.85 * (ring - middle):  # in its corners, whatever tile they are in
                assert (around(*place) == colour).all(axis=2).any()
        every = shapely.union_all([shapely.Polygon(ring) for ring in rings])
        for ring in rings:
            west, north, east, south = *ring.min(axis=0), *ring.max(axis=0)
            for place in [
                (west + 3, north + 3),
                (east - 3, north + 3),
                (west + 3, south - 3),
                (east - 3, south - 3),
            ]:
                if every.distance(shapely.Point(place)) > 5:  # a corner of its box that is in none
                    assert (around(*place) == 255).all()
        # strokes tell them apart without colour: both ways where not covered, one way where unknown, none where covered
        kinds = [len(np.unique(around(*ring.mean(axis=0), 12).reshape(-1, 3), axis=0)) > 1 for ring in rings]
        assert kinds == [True, False, True]

        cards = set()
        for dx, dy in [(-9, -9), (9, -9), (-9, 9), (9, 9)]:  # the same one, from four tiles
            page.mouse.click(box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy)
            cards.add(" ".join(page.inner_text(".ns-t-card").split()))
        assert cards == {f"Not covered H3 cell {cells[0]:x} households 4 Operators that cover none"}
        x, y = rings[1].mean(axis=0).tolist()
        page.mouse.click(box["x"] + x, box["y"] + y)
        told = []
        for button in ("after", "after", "before"):  # those that lie there, round and round
            told.append(" ".join(page.inner_text(".ns-t-card").split()))
            page.click(f"[data-key={button}]")
            assert page.evaluate("document.activeElement.dataset.key") == button
        assert told[0].startswith(
            f"Covered H3 cell {cells[1]:x} households 2 Operators that cover cht 1 of 2"
        )
        assert told[1].startswith(
            f"Covered H3 cell {cells[1]:x} households 7 Operators that cover cht、fet 2 of 2"
        )
        assert told[2] == told[0]
        west, north = np.min(rings, axis=(0, 1)).tolist()
        page.mouse.click(box["x"] + west - 30, box["y"] + north - 30)
        assert page.inner_text(".ns-t-card") == "No hexagon here"
        page.locator("#ns-t-map").focus()
        page.keyboard.press("+")  # the keyboard reads what is under the cross
        until(page, f"() => document.querySelector('.ns-t-card').textContent.includes('{cells[0]:x}')")
        page.click("[data-key=lang]")
        assert "合計 4 個" in page.inner_text(".ns-t-total")
        assert f"H3 編號 {cells[0]:x}" in " ".join(page.inner_text(".ns-t-card").split())
        assert page.wrong == []
