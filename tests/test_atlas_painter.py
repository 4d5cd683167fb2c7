"""What the painter puts on the screen, pixel by pixel: squares that join, sides, filters, patterns, outlines."""

import io
import math

import numpy as np
import pytest
from atlas_results import BOARD, REACHED, many, results
from browser import opened
from PIL import Image, ImageColor

from notspot_maps.atlas.layer import atlas
from notspot_maps.atlas.payload import payload

pytestmark = pytest.mark.browser

STILL = ".leaflet-ns-lines-pane > .ns-canvas:not(.ns-busy)"  # everything is painted that is to be
WHITE, PALE, SEA = (255, 255, 255), (248, 248, 246), (238, 242, 244)
CAUGHT = """
() => {
  const own = L.Map.prototype._fireDOMEvent;  // the page keeps its map to itself: the next event of the pointer tells
  L.Map.prototype._fireDOMEvent = function (...given) {
    window.caught = Object.values(this._layers).find((layer) => layer.view).view;
    return own.apply(this, given);
  };
  document.querySelector('.leaflet-container').dispatchEvent(new MouseEvent('mouseout', {bubbles: true}));
}
"""
TOWN_OF = {cell: town for town, cells in BOARD.items() for cell in cells}


class Screen:
    """The atlas on a page: where places are in the window, and which colour is there."""

    def __init__(self, visit):
        self.page = visit.page
        self.page.wait_for_selector(".ns-classes")
        self.page.evaluate(CAUGHT)
        self.settle()

    def do(self, script):
        found = self.page.evaluate(f"(() => {{ const view = caught, map = view.map; {script} }})()")
        self.settle()
        return found

    def settle(self):
        self.page.wait_for_timeout(330)  # as long as Leaflet takes for a zoom
        self.page.wait_for_selector(STILL, state="attached")
        self.page.evaluate("new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))")

    def look(self):
        """Take a picture; `colour` and `part` read it until the next one."""
        self.seen = np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))
        self.ratio = self.page.evaluate("devicePixelRatio")
        self.box = self.page.locator(".leaflet-container").bounding_box()
        self.zoom, *self.corner = self.page.evaluate(
            "(() => { const {map} = caught, at = map.getPixelBounds().min; return [map.getZoom(), at.x, at.y]; })()"
        )
        return self

    def where(self, lat, lng):
        """In CSS pixels of the window, for the view of the last picture (Web Mercator)."""
        scale = 256 * 2**self.zoom
        sine = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)
        x, y = scale * (0.5 + lng / 360) - self.corner[0], scale * (0.5 - sine) - self.corner[1]
        return self.box["x"] + x, self.box["y"] + y

    def colour(self, lat, lng):
        x, y = self.where(lat, lng)
        return tuple(int(c) for c in self.seen[int(y * self.ratio), int(x * self.ratio)])

    def colours(self, lat, lng, side=26):
        """All colours in a square of so many CSS pixels around a place."""
        x, y = (int(c * self.ratio) for c in self.where(lat, lng))
        reach = int(side * self.ratio / 2)
        part = self.seen[y - reach : y + reach, x - reach : x + reach].reshape(-1, 3)
        return {tuple(int(c) for c in each) for each in np.unique(part, axis=0)}

    def part(self, west, north, width, height):
        """A part of the map, in CSS pixels from its corner."""
        x, y = ((self.box[k] + v) * self.ratio for k, v in (("x", west), ("y", north)))
        return self.seen[int(y) : int(y + height * self.ratio), int(x) : int(x + width * self.ratio)]


def written(made, folder, name):
    path = folder / f"{name}.html"
    made.save(path)
    return path


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Nine square villages of a tenth of a degree; its four townships have figures."""
    return written(atlas(results()), tmp_path_factory.mktemp("board"), "board")


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """1,600 square villages of a fortieth of a degree, with figures of their own."""
    return written(atlas(many()), tmp_path_factory.mktemp("field"), "field")


def colours_of(made, indicator, level):
    data, _ = payload(made)
    column = next(each for each in data["indicators"] if each["id"] == indicator)["levels"][level]
    edges = np.asarray(column["edges"])
    return [ImageColor.getrgb(text) for text in column["colours"]], lambda v: int((v > edges).sum())


def inside(cell):
    """Near a corner of a village of the board, where no name stands."""
    return 23.52 + cell[1] / 10, 121.02 + cell[0] / 10


@pytest.mark.parametrize("dpr", [1, 1.25, 2])
def test_squares_join_without_a_seam(board, dpr):
    """At zoom 14 a village is 1,165 pixels wide: four squares and more of one colour."""
    colours, class_of = colours_of(results(), "reached", "township")
    with opened(board, fragment="#i=reached&l=township&m=14/23.575/121.05", device_scale_factor=dpr) as visit:
        screen = Screen(visit)
        want = np.array(colours[class_of(30.0)])
        assert (screen.look().part(60, 200, 900, 540) == want).all()
        screen.do("map.panBy([37, -53], {animate: false})")
        assert (screen.look().part(60, 200, 900, 540) == want).all()
        screen.do("map.setZoom(14.25, {animate: false})")
        assert (screen.look().part(60, 200, 900, 540) == want).all()


def test_every_village_has_the_colour_of_its_class_after_drags_and_zooms(field):
    """Village number n has the value n / 100; inside it, names apart, no other class's colour is seen."""
    edges = (2, 5, 9, 13)
    with opened(field, fragment="#i=reached&l=village&k=fixed:2,5,9,13&m=10.75/23.5/121") as visit:
        screen = Screen(visit)
        palette = [ImageColor.getrgb(text) for text in screen.do("return view.classes(0).colours")]
        assert len(set(palette)) == 5

        def check(least):
            screen.look()
            seen = 0
            for number in range(1600):
                row, column = divmod(number, 40)
                at = 23.0125 + row / 40, 120.5125 + column / 40
                x, y = screen.where(*at)
                if not (640 < x < 1360 and 70 < y < 860):
                    continue
                own = palette[sum(number / 100 > edge for edge in edges)]
                assert screen.colours(*at, side=20) & set(palette) == {own}, number
                seen += 1
            assert seen >= least

        check(500)
        box = visit.page.locator(".leaflet-container").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        visit.page.mouse.move(x, y)
        visit.page.mouse.down()
        for step in range(1, 13):
            visit.page.mouse.move(x + 300 * (step % 2 * 2 - 1), y + 25 * step)
        visit.page.wait_for_timeout(250)  # so that the land does not fly on
        visit.page.mouse.up()
        visit.page.mouse.move(5, 5)
        screen.settle()
        check(200)
        screen.do("map.setView([23.5, 121], 11.25, {animate: true})")
        check(200)
        screen.do("map.setView([23.3, 121.1], 12, {animate: false})")
        check(60)
        screen.do("map.flyTo([23.6, 120.8], 11, {duration: 0.3})")
        screen.settle()
        check(200)


def test_a_long_drag_leaves_nothing_unpainted(field):
    with opened(field, fragment="#i=reached&l=village&m=13/23.25/120.75") as visit:
        screen = Screen(visit)
        box = visit.page.locator(".leaflet-container").bounding_box()
        x, y = box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2
        visit.page.mouse.move(x, y)
        visit.page.mouse.down()
        for step in range(1, 21):
            visit.page.mouse.move(x - step * 38, y - step * 15)
        visit.page.mouse.up()
        screen.settle()
        visit.page.mouse.move(5, 5)
        screen.settle()
        part = screen.look().part(10, 60, 900, 780)
        assert not (part == np.array(SEA)).all(axis=2).any()


def test_the_divider_parts_the_two_sides_and_moves_without_painting(board):
    sides = [colours_of(results(), each, "township") for each in ("reached", "speed")]
    fragment = "#i=reached&l=township&c=speed@2021&s=50&m=11/23.65/121.15"
    with opened(board, fragment=fragment, device_scale_factor=2) as visit:
        screen = Screen(visit)
        wanted = [colours[class_of(v)] for (colours, class_of), v in zip(sides, (30.0, 20.0), strict=True)]
        assert wanted[0] != wanted[1]
        lat, lng = inside((1, 0))  # of the township that both know
        screen.look()
        x = screen.where(lat, lng)[0] - screen.box["x"]
        for off, side in ((30, 0), (-30, 1), (3, 0), (-3, 1)):
            share = (x + off) / screen.box["width"]
            same = screen.do(
                f"""const {{painter}} = view, before = JSON.stringify(painter.stamps);
                view.divide({share});
                return before === JSON.stringify(painter.stamps) && painter.queue.length === 0;"""
            )
            assert same
            assert screen.look().colour(lat, lng) == wanted[side], off
        screen.do("map.panBy([-80, 40], {animate: false})")  # the divider stays, the land goes under it
        assert screen.look().colour(lat, lng) == wanted[1]
        screen.do("map.panBy([200, 0], {animate: false})")
        assert screen.look().colour(lat, lng) == wanted[0]
        screen.do("view.compare(false)")
        assert screen.look().colour(lat, lng) == wanted[0]


def test_what_filters_leave_out_is_pale_and_hidden_classes_are_white(board):
    colours, class_of = colours_of(results(), "reached", "township")
    with opened(board, fragment="#i=reached&l=township&f=in:00001&m=11/23.65/121.15") as visit:
        screen = Screen(visit)
        screen.look()
        for cell, town in TOWN_OF.items():
            if town == "00001001":
                assert screen.colour(*inside(cell)) == colours[class_of(30.0)]
            elif town.startswith("00002"):
                assert screen.colours(*inside(cell)) == {PALE}  # no hatch, no dots
        screen.do(f"view.filter('in:00001', false); view.toggle({class_of(100.0)})")
        screen.look()
        assert screen.colour(*inside((2, 0))) == WHITE
        assert screen.colour(*inside((0, 0))) == colours[class_of(30.0)]


def test_unknown_is_hatched_wide_bounds_are_dotted_and_nothing_else_is(board):
    colours, class_of = colours_of(results(), "reached", "township")
    with opened(board, fragment="#i=reached&l=township&m=11/23.65/121.15") as visit:
        screen = Screen(visit).look()
        assert all(max(c) - min(c) < 6 for c in screen.colours(*inside((2, 2))))  # greys
        assert len(screen.colours(*inside((2, 2)))) > 2
        dotted = screen.colours(*inside((0, 1)))
        assert colours[class_of(REACHED["00001002"][0])] in dotted
        assert len(dotted) > 2
        for cell in ((0, 0), (1, 0), (2, 0), (2, 1)):
            assert screen.colours(*inside(cell)) == {colours[class_of(REACHED[TOWN_OF[cell]][0])]}


def test_patterns_lie_over_the_colours_and_differ_between_classes(board):
    colours, class_of = colours_of(results(), "reached", "township")
    with opened(board, fragment="#i=reached&l=township&pt=1&m=11/23.65/121.15") as visit:
        screen = Screen(visit).look()
        for cell in ((1, 0), (2, 0)):
            c = class_of(REACHED[TOWN_OF[cell]][0])
            seen = screen.colours(*inside(cell))
            assert colours[c] in seen
            assert (len(seen) > 1) == (c > 0)  # the lowest class stays plain
        screen.do("view.patterns = false; view.painter.paint()")
        assert len(screen.look().colours(*inside((2, 0)))) == 1


def test_with_a_raster_on_only_lines_and_names_are_drawn(board):
    with opened(board, fragment="#i=reached&l=township&m=11/23.65/121.15") as visit:
        screen = Screen(visit)
        screen.do("view.plain = true; view.painter.paint()")
        screen.look()
        for cell in TOWN_OF:
            assert screen.colours(*inside(cell)) == {SEA}
        border = screen.colours(23.55, 121.2)  # between two counties
        assert min(sum(c) for c in border) < 300
        screen.do("view.plain = false; view.painter.paint()")
        assert screen.look().colour(*inside((0, 0))) not in (SEA, WHITE)


def test_outlines_follow_the_pointer_the_selection_and_the_zoom(board):
    ink = (31, 41, 51)
    with opened(board, fragment="#i=reached&l=township&m=11/23.65/121.15") as visit:
        screen = Screen(visit)
        edge = (23.53, 121.0)  # the west coast of the first township
        assert ink not in screen.look().colours(*edge, side=8)
        screen.do("view.select({level: 'township', index: 0})")
        assert ink in screen.look().colours(*edge, side=8)
        screen.do("map.setView([23.6, 121.1], 11.5, {animate: true})")
        assert ink in screen.look().colours(*edge, side=8)
        screen.do("map.setView([23.53, 121.2], 15, {animate: false})")  # its coast is far outside
        screen.do("map.panTo([23.53, 121.0], {animate: false})")
        assert ink in screen.look().colours(*edge, side=8)
        screen.do(
            "view.select(null); view.hover && (view.hovered = {level: 'township', index: 0}); view.painter.mark()"
        )
        assert ink in screen.look().colours(*edge, side=8)
        screen.do("view.hovered = null; view.painter.mark()")
        assert ink not in screen.look().colours(*edge, side=8)


def test_the_unit_under_a_point_is_the_one_that_holds_it(field):
    with opened(field, fragment="#i=reached&l=village&m=10/23.5/121") as visit:
        screen = Screen(visit)
        wrong = screen.do(
            """const {shapes, data} = view.model, wrong = [];
            for (let n = 0; n < 1600; n++)
                for (const [dx, dy] of [[0.01, 0.01], [0.5, 0.5], [0.99, 0.3]]) {
                    const at = map.project([23 + (Math.floor(n / 40) + dy) / 40, 120.5 + (n % 40 + dx) / 40], 0);
                    if (data.units.village.zh[shapes.at(at.x, at.y)] !== '村' + n) wrong.push(n);
                }
            return wrong;"""
        )
        assert wrong == []
        assert screen.do("return view.model.shapes.at(0, 0)") == -1
