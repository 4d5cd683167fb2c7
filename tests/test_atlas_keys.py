"""The map by keyboard, as people use it: from unit to unit, down and up, and out of it again."""

import json
import re

import numpy as np
import pytest
from atlas_results import results
from browser import launched, opened
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from notspot_maps.atlas.layer import atlas
from notspot_maps.offline import asset

pytestmark = pytest.mark.browser

UP, RIGHT, DOWN, LEFT = range(4)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "atlas.html"
    atlas(results()).save(path)
    return path


def on_the_map(visit):
    """The page once it is drawn, with the map focused as the Tab key does it."""
    page = visit.page
    page.wait_for_selector(".ns-classes")
    page.locator(".leaflet-container").focus()
    return page


def pressed(page, *keys):
    """What the live region says after each key."""
    said = []
    for key in keys:
        page.keyboard.press(key)
        said.append(page.locator("[role=status]").first.inner_text())
    return said


def chosen(page):
    """Code of the selected unit in the address; None where none is."""
    return page.evaluate("new URLSearchParams(location.hash.slice(1)).get('p')")


def where(page):
    """Zoom, latitude and longitude of the map's middle, as the address has them."""
    text = page.evaluate("new URLSearchParams(location.hash.slice(1)).get('m')")
    return [float(part) for part in text.split("/")]


# ------------------------------------------------------------------ where the arrows lead


@pytest.fixture(scope="module")
def moves(report_folder):
    """For each level: `to` (unit, arrow) with -1 for nowhere, and the middles of the units, east and south."""
    source = re.search(
        r"L\.notspot\((\{.*?\})\);", (report_folder / "atlas.html").read_text(encoding="utf-8")
    )
    scripts = "".join(asset(name) for name in ("words.js", "shapes.js", "model.js", "keys.js"))
    page = launched().new_page()
    found = page.evaluate(
        f"""async (source) => {{
            {scripts}
            const [shapes, text] = await Promise.all([inflate(source.geometry), inflate(source.data)]);
            const data = JSON.parse(new TextDecoder().decode(text)), model = new Model(data, unpack(shapes, data.grid));
            return Object.fromEntries(LEVELS.map((level) => {{
                const moves = new Moves(model, level);
                return [level, [Array.from(moves.to), moves.at]];
            }}));
        }}""",
        json.loads(source[1]),
    )
    page.close()
    return {level: (np.array(to).reshape(-1, 4), np.array(at)) for level, (to, at) in found.items()}


@pytest.mark.parametrize(("level", "units"), [("county", 22), ("township", 368), ("village", 7701)])
def test_every_unit_is_reached_from_every_other(moves, level, units):
    to, _ = moves[level]
    unit, arrow = np.nonzero(to >= 0)
    graph = csr_matrix((np.ones(len(unit)), (unit, to[unit, arrow])), shape=(units, units))
    assert len(to) == units
    assert connected_components(graph, connection="strong")[0] == 1


@pytest.mark.parametrize("level", ["county", "township", "village"])
def test_an_arrow_leads_within_45_degrees_of_where_it_points(moves, level):
    to, at = moves[level]
    for arrow, (ahead, aside) in {
        UP: ((0, -1), 0),
        RIGHT: ((1, 0), 1),
        DOWN: ((0, 1), 0),
        LEFT: ((-1, 0), 1),
    }.items():
        unit = np.flatnonzero(to[:, arrow] >= 0)
        way = at[to[unit, arrow]] - at[unit]
        assert (way @ np.array(ahead) >= np.abs(way[:, aside])).all()
        assert (way @ np.array(ahead) > 0).all()


@pytest.mark.parametrize("level", ["county", "township", "village"])
def test_an_arrow_leads_nowhere_only_where_nothing_lies_that_way(moves, level):
    to, at = moves[level]
    for unit, arrow in np.argwhere(to < 0):
        east, south = (at - at[unit]).T
        ahead, aside = {UP: (-south, east), RIGHT: (east, south), DOWN: (south, east), LEFT: (-east, south)}[
            arrow
        ]
        assert not ((ahead > 0) & (np.abs(aside) <= ahead)).any()


# ------------------------------------------------------------------ the keys


def test_arrows_go_to_the_neighbour_and_the_map_stays_where_it_is(file):
    """The board of four townships: 臺一 lies south of 安二 and west of 山一, 海三 north-east."""
    with opened(
        file, fragment="#i=reached&l=township&p=00001001&m=9/23.65/121.15", reduced_motion="reduce"
    ) as visit:
        page = on_the_map(visit)
        said = pressed(page, "ArrowUp", "ArrowRight", "ArrowRight")
        assert "安二區" in said[0]
        assert "70.0 %" in said[0]
        assert "40.0 % – 80.0 %" in said[0]  # its bounds
        assert chosen(page) in ("00002003", "00002001")
        pressed(page, "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft")
        assert chosen(page) == "00001001"
        assert "沒有其他單位" in pressed(page, "ArrowLeft")[0]
        assert where(page) == [9, 23.65, 121.15]
        assert visit.errors == []


def test_the_way_down_to_the_villages_and_up_to_the_nation(file):
    with opened(file, fragment="#i=speed&l=county&p=00001", reduced_motion="reduce") as visit:
        page = on_the_map(visit)
        pressed(page, "Enter")
        town = chosen(page)
        assert town in ("00001001", "00001002")
        pressed(page, "Enter")
        village = chosen(page)
        assert len(village) == 11
        assert village.startswith(town)
        assert "最下一級" in pressed(page, "Enter")[0]
        for key, code in (("Backspace", town), ("Escape", "00001"), ("Backspace", None)):
            pressed(page, key)
            assert chosen(page) == code
        pressed(page, "ArrowUp", "Home")
        assert chosen(page) is None
        assert page.evaluate("document.activeElement.classList.contains('leaflet-container')")


def test_shift_moves_the_map_and_plus_and_minus_zoom_once(file):
    with opened(file, reduced_motion="reduce") as visit:
        page = on_the_map(visit)
        pressed(page, "+")
        zoom, lat, lng = where(page)
        pressed(page, "Shift+ArrowRight")
        assert where(page)[0] == zoom
        assert where(page)[1] == pytest.approx(lat, abs=1e-3)
        assert where(page)[2] == pytest.approx(lng + 120 * 360 / 256 / 2**zoom, rel=1e-4)
        pressed(page, "-", "-")
        assert where(page)[0] == zoom - 2


def test_the_hint_is_seen_with_the_focus_and_tab_leaves(file):
    with opened(file) as visit:
        page = visit.page
        page.wait_for_selector(".ns-classes")
        hint = page.locator(".ns-keys")
        assert not hint.is_visible()
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.getAttribute('role')") == "application":
                break
        assert hint.is_visible()
        assert page.evaluate(
            "document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText"
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        said = pressed(page, "?")[0]
        for part in ("Enter", "Backspace", "Home", "Shift"):
            assert part in said
            assert part in hint.inner_text()
        assert visit.violations() == []
        pressed(page, "Escape")
        assert "Home" not in hint.inner_text()
        for _ in range(12):  # the buttons on the map come next, then what follows it
            page.keyboard.press("Tab")
            if not page.evaluate("Boolean(document.activeElement.closest('.leaflet-container'))"):
                break
        assert not page.evaluate("Boolean(document.activeElement.closest('.leaflet-container'))")
        assert not hint.is_visible()


def test_keys_in_the_language_of_the_page(file):
    with opened(file, fragment="#i=speed&lang=en&l=township&p=00001001", reduced_motion="reduce") as visit:
        page = on_the_map(visit)
        assert "Arrow keys" in page.locator(".ns-keys").inner_text()
        assert pressed(page, "ArrowUp")[0].count("Aner District") == 1
        page.click("[data-ns=lang]")
        page.locator(".leaflet-container").focus()
        assert "方向鍵" in page.locator(".ns-keys").inner_text()


def test_a_mouse_and_other_keys_do_what_they_always_did(file):
    """Keys pressed in a button on the map, or with Ctrl, are none of ours."""
    with opened(file, fragment="#i=speed&l=township", reduced_motion="reduce") as visit:
        page = on_the_map(visit)
        pressed(page, "Control+ArrowUp", "a")
        assert chosen(page) is None
        page.locator(".leaflet-control-zoom-in").focus()
        pressed(page, "ArrowUp")
        assert chosen(page) is None


def test_with_two_sides_both_are_said(file):
    with opened(file, fragment="#i=speed&c=reached@2021&l=township&p=00001001") as visit:
        said = pressed(on_the_map(visit), "ArrowUp")[0]
        for part in ("安二區", "下載速率 80.50 Mbps", "涵蓋人口比率 70.0 %", "40.0 % – 80.0 %"):
            assert part in said


def test_a_unit_out_of_the_picture_is_brought_into_it(report_folder):
    """From 恆春鎮, in the south, up to what lies north of it: the map follows without zooming."""
    with opened(
        report_folder / "atlas.html",
        fragment="#i=dl_mbps_best&l=township&p=10013020&m=11/21.95/120.75",
        reduced_motion="reduce",
    ) as visit:
        page = on_the_map(visit)
        pressed(page, *["ArrowUp"] * 4)
        zoom, lat, _ = where(page)
        assert zoom == 11
        assert lat > 22.1
        assert chosen(page).startswith(("10013", "10014"))
