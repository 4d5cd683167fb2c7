"""The legend as its reader uses it: classes chosen, kept in the address, told apart without colour."""

from dataclasses import replace
from itertools import pairwise

import pytest
from atlas_results import results
from browser import launched, opened, until

from notspot_maps.atlas.layer import atlas
from notspot_maps.offline import asset
from notspot_maps.palette import INK, PAPER, colours, contrast, luminance

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("legend") / "atlas.html"
    made = results()
    blank = replace(made.definitions["published"], id="blank", official_2021=None)  # nothing is known of it
    made = replace(made, definitions={**made.definitions, "blank": blank})
    atlas(made, earlier=(replace(made, year=2020),)).save(path)
    return path


def drawn(visit):
    visit.page.wait_for_selector(".ns-classes")
    return visit.page


def kept(page, key):
    """A part of the address; None where it is not in it."""
    return page.evaluate("(key) => new URLSearchParams(location.hash.slice(1)).get(key)", key)


def hexed(colour):
    """``#rrggbb`` of three numbers or of a browser's ``rgb(r, g, b)``."""
    parts = colour[4:-1].split(",") if isinstance(colour, str) else colour
    return "#" + "".join(f"{int(part):02x}" for part in parts)


def ranges(page):
    return page.locator(".ns-classes").first.locator(".ns-range").all_inner_texts()


def test_classes_are_chosen_and_the_address_brings_them_back(report_folder):
    """368 townships: natural breaks in four, then the reader's own edges, then as given."""
    with opened(report_folder / "atlas.html", fragment="#i=dl_mbps_best&l=township") as visit:
        page = drawn(visit)
        given = ranges(page)
        page.click("[data-ns=classing]")
        page.select_option("[data-ns=classing-method]", "natural")
        page.focus("[data-ns=classing-count]")
        page.select_option("[data-ns=classing-count]", "4")
        assert len(ranges(page)) == 5  # and unknown
        assert kept(page, "k") == "natural:4"
        natural = ranges(page)
        assert page.evaluate("document.activeElement.dataset.ns") == "classing-count"
        page.select_option("[data-ns=classing-method]", "own")
        page.fill("[data-ns=classing-edges]", "１００、 50")
        page.press("[data-ns=classing-edges]", "Enter")
        assert ranges(page) == ["> 100", "50 – 100", "≤ 50", "無資料"]
        counts = [int(text) for text in page.locator(".ns-classes .ns-count").all_inner_texts()]
        assert sum(counts) == 368
        assert kept(page, "k") == "fixed:50,100"
        page.fill("[data-ns=classing-edges]", "many")
        page.press("[data-ns=classing-edges]", "Enter")
        assert page.get_attribute("[data-ns=classing-edges]", "aria-invalid") == "true"
        assert "數字" in page.locator(".ns-classing [role=alert]").inner_text()
        assert kept(page, "k") == "fixed:50,100"
        page.select_option("[data-ns=classing-method]", "")
        assert ranges(page) == given
        assert kept(page, "k") is None
        page.evaluate("location.hash = '#i=dl_mbps_best&l=township&k=natural:4'")
        until(page, "document.querySelectorAll('.ns-classes .ns-range').length === 5")
        assert ranges(page) == natural
        assert visit.errors == []


def test_around_the_target_and_around_the_nation(file):
    """`reached` is 30, 70 and 100 % with the target 60 and the national figure 66.7 %: two classes part there."""
    with opened(file, fragment="#i=reached&l=township&k=diverging:2") as visit:
        page = drawn(visit)
        assert ranges(page) == ["> 60 %", "≤ 60 %", "無資料"]  # the address names no centre: the target
        page.click("[data-ns=classing]")
        page.select_option("[data-ns=classing-method]", "nation")
        assert ranges(page) == ["> 66.7 %", "≤ 66.7 %", "無資料"]
        assert kept(page, "k") == "diverging:2:66.7"
        page.select_option("[data-ns=classing-count]", "3")
        assert len(ranges(page)) == 4
        page.select_option("[data-ns=classing-method]", "fixed")
        assert ranges(page) == ["> 80 %", "60 % – 80 %", "40 % – 60 %", "20 % – 40 %", "≤ 20 %", "無資料"]
        # where no unit has a figure: the nation has one, or nothing is known at all
        for id, option, said in (
            ("published", "僅公布全國（僅全國數字）", "僅有全國公布值，無法分區著色"),
            ("blank", "僅公布全國（無資料）", "這份結果沒有此指標的數值"),
        ):
            page.select_option("[data-ns=indicator]", id)
            assert page.locator(f"[data-ns=indicator] option[value={id}]").inner_text() == option
            assert page.locator(".ns-legend .ns-note").inner_text() == said
            page.click("[data-ns=tab-table]")
            assert page.locator(".ns-table .ns-note").inner_text() == said
            page.click("[data-ns=tab-place]")


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_comparing_years_counts_both_and_comparing_indicators_shows_both_legends(file, size, lang):
    with opened(file, fragment=f"#i=speed&l=township&c=speed@2020&lang={lang}", **size) as visit:
        page = drawn(visit)
        assert page.locator(".ns-classes").count() == 1
        assert page.locator(".ns-columns span").all_inner_texts() == ["2021", "2020"]
        assert page.locator(".ns-class").first.locator(".ns-count span").count() == 2
        page.evaluate(f"location.hash = '#i=speed&l=township&c=reached@2021&pt=1&lang={lang}'")
        page.wait_for_selector(".ns-second-legend")
        assert page.locator(".ns-second-legend .ns-class").count() >= 3
        assert (
            page.locator(".ns-second-legend button").count() == 0
        )  # the classes of the left side are the filter
        page.click("[data-ns=classing]")
        page.select_option("[data-ns=classing-method]", "own")
        assert visit.violations() == []
        assert not visit.scrolls_sideways()
        assert visit.errors == []


def test_no_class_is_told_by_its_colour_alone(file):
    """Each swatch has a line of 3:1 round it; with patterns on no two neighbours have the same."""
    with opened(file, fragment="#i=reached&l=township&k=fixed:20,40,60,80&pt=1") as visit:
        page = drawn(visit)
        found = page.evaluate("""[...document.querySelectorAll('.ns-classes .ns-swatch')].slice(0, 5).map((each) => {
            const style = getComputedStyle(each);
            return [style.backgroundColor, style.borderTopColor, style.boxShadow, style.backgroundImage];
        })""")
        fills, borders, insides, images = zip(*found, strict=True)
        assert [hexed(fill) for fill in fills] == list(colours("ylgnbu", 5))[::-1]
        assert {hexed(border) for border in borders} == {INK}
        for fill, inside in zip(fills, insides, strict=True):
            touching = PAPER if inside.startswith("rgb(255, 255, 255)") and "inset" in inside else INK
            assert contrast(hexed(fill), touching) >= 3
        assert all(one != other for one, other in pairwise(images))
        assert page.get_attribute("[data-ns=patterns]", "aria-pressed") == "true"
        page.click("[data-ns=patterns]")
        assert kept(page, "pt") is None


def test_neighbouring_patterns_differ_and_are_seen_on_every_colour():
    """
    For each palette and number of classes: in a tenth of the pixels or more a pattern has a line where its
    neighbour has none, and the lines of each differ by 3:1 from what they are drawn on.
    """
    page = launched().new_page()
    palettes = [list(colours(name, count)) for name in ("ylgnbu", "puor") for count in range(3, 8)]
    found = page.evaluate(
        f"""(palettes) => {{
            {asset("patterns.js")}
            const side = 2 * PATTERN_SIDE.tile, pixels = (ctx) => [...ctx.getImageData(0, 0, side, side).data];
            return palettes.map((colours) => colours.map((colour, c) => {{
                const canvas = document.createElement("canvas"), image = PATTERNS.tile(c, colours.length);
                canvas.width = canvas.height = side;
                const ctx = canvas.getContext("2d");
                ctx.fillStyle = colour;
                ctx.fillRect(0, 0, side, side);
                ctx.drawImage(image, 0, 0);
                return [pixels(image.getContext("2d")), pixels(ctx)];
            }}));
        }}""",
        palettes,
    )
    page.close()
    for palette in found:
        for (one, _), (other, _) in pairwise(palette):
            lines = [abs(a - b) > 64 for a, b in zip(one[3::4], other[3::4], strict=True)]
            assert sum(lines) >= len(lines) / 10
        for _, pixels in palette[1:]:
            shown = {hexed(pixels[at : at + 3]) for at in range(0, len(pixels), 4)}
            assert contrast(min(shown, key=luminance), max(shown, key=luminance)) >= 3
