"""What the atlas shows and keeps: levels, years, two sides, filters, the long table, files, paper, the address."""

import base64
import csv
import gzip
import io
import json
import re

import pytest
from atlas_results import RIGHT_TO_LEFT, SCRIPT, many, years
from browser import launched, opened, until

from notspot_maps.atlas.layer import AtlasLayer, atlas
from notspot_maps.offline import asset

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Three years of four townships, with groups of them."""
    latest, earlier = years()
    path = tmp_path_factory.mktemp("atlas") / "years.html"
    atlas(latest, earlier=earlier).save(path)
    return path


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    """1,600 villages with figures of their own."""
    path = tmp_path_factory.mktemp("atlas") / "many.html"
    atlas(many()).save(path)
    return path


def ready(visit):
    visit.page.wait_for_selector(".ns-foot", state="attached")
    return visit.page


def go(page, fragment):
    """Change the address, as a link on the page or a person does; the panel is built anew at once."""
    page.evaluate(  # hashchange is a task of its own
        """fragment => new Promise((done) => {
            addEventListener("hashchange", () => setTimeout(done), { once: true });
            location.hash = fragment;
        })""",
        fragment,
    )


def address(page):
    return dict(part.split("=", 1) for part in page.evaluate("location.hash.slice(1)").split("&"))


def column(page, name):
    """Texts of a column of the table, by the class of its cells."""
    return page.locator(f".ns-ranking tbody {name}").all_inner_texts()


# ---- levels


def test_levels_follow_the_zoom_until_one_is_chosen(long_file):
    with opened(long_file, fragment="#t=table&m=6.5/23.5/121") as visit:
        page = ready(visit)
        rows = lambda: int(page.locator(".ns-ranking").get_attribute("aria-rowcount")) - 1  # noqa: E731
        assert rows() == 100  # counties
        go(page, "t=table&l=auto&m=9/23.5/121")
        assert rows() == 400
        go(page, "t=table&l=auto&m=12/23.5/121")
        assert rows() == 1600
        assert page.get_attribute("[data-ns=level-auto]", "aria-pressed") == "true"
        page.click("[data-ns=level-county]")
        assert rows() == 100
        assert address(page)["l"] == "county"
        go(page, "t=table&l=township&m=6.5/23.5/121")
        assert rows() == 400


def test_going_into_a_unit_shows_its_children_and_up_leads_back(long_file):
    with opened(long_file, fragment="#l=county&m=8/23.5/121", reduced_motion="reduce") as visit:
        page = ready(visit)
        crumbs = lambda: page.locator(".ns-path li").all_inner_texts()  # noqa: E731
        assert crumbs() == ["全國"]
        box = page.locator(".leaflet-container").bounding_box()
        page.mouse.dblclick(box["x"] + box["width"] / 2 + 5, box["y"] + box["height"] / 2 - 5)
        assert len(crumbs()) == 2
        assert address(page)["l"] == "township"
        page.click("[data-ns=into]")  # the nation's card has no such button: it is the county's
        assert len(crumbs()) == 2
        page.click("[data-ns=tab-table]")
        page.locator("tr.ns-chosen, tr[data-index]").first.locator("button").focus()
        page.keyboard.press("Enter")
        assert len(crumbs()) == 3
        page.keyboard.press("Enter")  # on the selected one: into it
        assert address(page)["l"] in ("village", "auto")
        assert page.locator(".ns-ranking").get_attribute("aria-rowcount") == "1601"
        page.click("[data-ns=up]")
        assert len(crumbs()) == 2
        page.click("[data-ns=up]")
        assert crumbs() == ["全國"]
        assert page.locator("[data-ns=up]").is_disabled()


def test_a_row_taken_from_the_table_does_not_change_what_the_table_lists(long_file):
    with opened(long_file, fragment="#t=table&m=9/23.5/121", reduced_motion="reduce") as visit:
        page = ready(visit)
        page.locator("tr[data-index] button").first.click()
        assert "p" in address(page)
        assert page.locator(".ns-ranking").get_attribute("aria-rowcount") == "401"
        code = page.evaluate("new URLSearchParams(location.hash.slice(1)).get('p')")
        go(page, f"t=table&l=village&q=value%2B&p={code}004")  # a link to a row far down
        assert page.locator("tr.ns-chosen").is_visible()
        assert int(page.locator("tr.ns-chosen").get_attribute("aria-rowindex")) > 40
        page.click("[data-ns=tab-place]")
        page.click("[data-ns=tab-table]")  # leads to it as the address does
        assert page.locator("tr.ns-chosen").is_visible()


# ---- years and two sides


def test_an_earlier_year_has_its_own_figures_in_the_same_classes(file):
    with opened(file, fragment="#i=speed&l=township&p=00002001&t=table") as visit:
        page = ready(visit)
        assert column(page, ".ns-value") == ["140.3", "80.50", "20.00", "無資料"]
        page.select_option("[data-ns=year]", "2019")
        assert column(page, ".ns-value") == ["125.3", "65.50", "5.00", "無資料"]
        assert address(page)["y"] == "2019"
        page.click("[data-ns=tab-place]")
        assert "125.3" in page.locator(".ns-big").inner_text()
        trend = page.locator(".ns-trend svg").get_attribute("aria-label")
        for part in ("2019 125.3", "2020 130.3", "2021 140.3"):
            assert part in trend
        page.click("[data-ns=fold-trend]")
        assert page.locator(".ns-trend tbody tr").all_inner_texts()[0].split() == ["2019", "125.3", "–"]
        page.select_option("[data-ns=indicator]", "reached")  # which has no year 2019
        page.click("[data-ns=tab-table]")
        assert set(column(page, ".ns-value")) == {"無資料"}
        assert "2019 年沒有這項指標的數值" in page.locator(".ns-panel").inner_text()
        for fragment, said in (
            ("i=speed&y=2019", "全國：下載速率（2019） 65.25 Mbps"),  # 80.25 less 15
            ("i=reached&y=2020", "全國：涵蓋人口比率（2020） 66.7 %，下限–上限 50.0 % – 75.0 %"),
        ):
            go(page, fragment)
            page.locator(".leaflet-container").focus()
            page.keyboard.press("Home")
            assert page.locator("[role=status]").first.inner_text() == said


def test_two_years_side_by_side(file):
    with opened(file, fragment="#i=speed&l=township&p=00002001&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        page.click("[data-ns=compare]")
        assert (address(page)["y"], address(page)["c"]) == ("2020", "speed@2021")  # time goes to the right
        names = page.locator(".ns-side-name").all_inner_texts()
        assert [name.split()[-1] for name in names] == ["下載速率（2020）", "下載速率（2021）"]
        assert page.locator(".ns-year").inner_text() == "Mbps · 2020、2021"
        card = page.locator(".ns-card").inner_text()
        assert "140.3" in card
        assert "130.3" in card
        assert "+10.00 Mbps" in card  # 2021 less 2020
        page.evaluate(
            """Object.defineProperty(navigator, "clipboard", {
                value: { writeText: async (text) => (window.copied = text) },
            })"""
        )
        page.click("[data-ns=cite]")
        page.wait_for_selector(".ns-cite p")
        side = lambda year, value: [  # noqa: E731
            f"指標：下載速率（{year}）",
            f"數值：{value} Mbps",
            "狀態：本研究計算",
            "來源：測試量測",
        ]
        assert page.evaluate("window.copied").split("\n") == [
            "測試地圖",
            "地點：海島縣山一鄉（鄉鎮市區，代碼 00002001）",
            *side(2020, "130.3"),
            *side(2021, "140.3"),
            "執行代號：test0001",
            "網址：years.html" + page.evaluate("location.hash"),
        ]
        assert page.locator("[role=status]").inner_text() == "已複製引用資訊。"
        page.click("[data-ns=tab-table]")
        first = page.locator("tr[data-index]").first.inner_text()
        assert "140.3" in first
        assert "130.3" in first
        page.select_option("[data-ns=indicator1]", "reached")
        page.select_option("[data-ns=year1]", "2021")
        assert "100.0 %" in page.locator("tr[data-index]").first.inner_text()
        page.click("[data-ns=compare]")
        assert "c" not in address(page)
        page.select_option("[data-ns=year]", "2021")
        page.click("[data-ns=compare]")
        page.click("[data-ns=compare]")  # what is left is the year that one came from
        assert "y" not in address(page)
        assert not page.locator(".ns-swipe").is_visible()


def test_the_divider_moves_by_mouse_and_by_keyboard(file):
    with opened(file, fragment="#i=speed&l=township&m=9.5/23.65/121.15&c=speed@2019&s=40") as visit:
        page = ready(visit)
        handle = page.get_by_role("slider")
        assert handle.get_attribute("aria-valuenow") == "40"
        handle.focus()
        page.keyboard.press("ArrowRight")
        assert address(page)["s"] == "42"
        page.keyboard.press("PageDown")
        assert address(page)["s"] == "32"
        assert "32 %" in handle.get_attribute("aria-valuetext")
        box, map_box = handle.bounding_box(), page.locator(".leaflet-container").bounding_box()
        before = address(page)["m"]
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
        page.mouse.down()
        page.mouse.move(map_box["x"] + map_box["width"] * 0.75, box["y"] + 60, steps=4)
        page.mouse.up()
        assert address(page)["s"] == "75"
        assert address(page)["m"] == before  # the map stays where it is


# ---- filters


def test_filters_leave_units_out_of_the_table_and_say_how_many_are_left(file):
    with opened(file, fragment="#i=reached&l=township&t=table") as visit:
        page = ready(visit)
        page.click("[data-ns=filters]")
        page.check("[data-ns=filter-remote]")
        assert "符合篩選：3／4" in page.locator(".ns-left").inner_text()
        assert "符合篩選：3／4" in page.locator("[role=status]").inner_text()
        assert column(page, ".ns-value bdi, .ns-row-name > bdi") == ["山一鄉", "安二區", RIGHT_TO_LEFT]
        page.check("[data-ns=filter-offshore]")
        assert page.locator("tr[data-index]").count() == 2
        assert address(page)["f"] == "remote,offshore"
        page.click("[data-ns=clear-filters]")
        assert page.locator("tr[data-index]").count() == 4
        page.check("[data-ns=filter-below]")  # the target is 60 %: one is at 30 %
        assert column(page, ".ns-row-name > bdi") == ["臺一區"]
        page.select_option("[data-ns=indicator]", "speed")  # has no target
        assert page.locator("tr[data-index]").count() == 4


def test_only_what_lies_in_a_county(file):
    with opened(file, fragment="#i=speed&l=township&p=00002&f=in:00002&t=table") as visit:
        page = ready(visit)
        assert page.locator("tr[data-index]").count() == 2
        page.click("[data-ns=level-county]")
        assert column(page, ".ns-row-name > bdi") == ["海島縣"]


# ---- the long table


def test_of_a_long_table_only_the_rows_in_view_are_in_the_page(long_file):
    with opened(long_file, fragment="#l=village&t=table") as visit:
        page = ready(visit)
        drawn = page.locator("tr[data-index]")
        assert page.locator(".ns-ranking").get_attribute("aria-rowcount") == "1601"
        assert drawn.count() < 60
        here = lambda: int(  # noqa: E731
            page.evaluate("document.activeElement.closest('tr').getAttribute('aria-rowindex')")
        )
        seen = lambda: page.evaluate(  # noqa: E731
            """() => { const row = document.activeElement.getBoundingClientRect();
            const body = document.querySelector('.ns-body').getBoundingClientRect();
            return row.top >= body.top && row.bottom <= body.bottom + 1; }"""
        )
        drawn.first.locator("button").focus()
        for key, row in (("End", 1601), ("Home", 2), ("ArrowDown", 3), ("ArrowDown", 4), ("ArrowUp", 3)):
            page.keyboard.press(key)
            assert (here(), seen()) == (row, True)
        page.keyboard.press("PageDown")
        after = here()
        assert after > 8
        assert seen()
        page.keyboard.press("PageUp")
        assert here() == 3
        page.evaluate("document.querySelector('.ns-body').scrollTop = 40000")
        last = "Number([...document.querySelectorAll('tbody tr[aria-rowindex]')].at(-1).getAttribute('aria-rowindex'))"
        until(page, f"{last} > 700")
        assert int(drawn.last.get_attribute("aria-rowindex")) > 700
        assert drawn.count() < 60
        assert here() == 3  # what has the keyboard stays in the page
        page.click("[data-ns=sort-value]")
        assert drawn.first.locator(".ns-value").inner_text().startswith("0.0 %")


def test_the_table_sorts_by_what_else_is_known(long_file):
    with opened(long_file, fragment="#l=village&t=wide&q=n-") as visit:
        page = ready(visit)
        heads = page.locator(".ns-ranking thead th").all_inner_texts()
        assert [head.split()[0] for head in heads][1:] == [
            "地點",
            "數值",
            "下限",
            "上限",
            "上下限差距",
            "分子",
            "分母",
        ]
        assert page.locator("tr[data-index]").first.locator("bdi").first.inner_text() == "村1599"
        page.select_option("[data-ns=sort]", "name")
        assert address(page)["q"] == "name%2B"
        assert page.locator("tr[data-index]").first.locator("bdi").first.inner_text() == "村0"
        page.select_option("[data-ns=sort]", "width")
        assert page.locator("tr[data-index]").first.locator("td").nth(4).inner_text() == "1.0"


def test_table_and_map_point_at_the_same_unit(file):
    with opened(file, fragment="#i=speed&l=township&t=table&m=9.5/23.65/121.15") as visit:
        page = ready(visit)
        box = page.locator(".leaflet-container").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_selector("tr.ns-pointed")
        assert "安二區" in page.locator("tr.ns-pointed").inner_text()
        assert "2019 65.50 → 2020 70.50 → 2021 80.50" in page.locator(".ns-tip").first.inner_text()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert "安二區" in page.locator("tr.ns-chosen").inner_text()
        assert page.get_attribute("[data-ns=tab-table]", "aria-selected") == "true"
        outlined = """() => {
            let drawn = 0;
            for (const canvas of document.querySelectorAll('.leaflet-ns-marks-pane canvas')) {
                if (!canvas.width) continue;
                const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                for (const value of data) drawn += value ? 1 : 0;
            }
            return drawn;
        }"""
        page.locator(".ns-title").hover()  # off the map and off the rows
        page.wait_for_timeout(100)
        before = page.evaluate(outlined)
        page.locator("tr[data-index]", has_text="山一鄉").hover()
        page.wait_for_timeout(100)
        assert page.evaluate(outlined) > before  # the selected one, and now this one too
        page.locator("tr[data-index]", has_text="山一鄉").click()
        assert address(page)["p"] == "00002001"
        assert "140.3" in page.locator("[role=status]").inner_text()


def test_the_table_is_saved_as_csv(file):
    with opened(file, fragment="#i=speed&l=township&t=table&c=speed@2020&f=remote") as visit:
        page = ready(visit)
        with page.expect_download() as download:
            page.click("[data-ns=csv]")
        assert download.value.suggested_filename == "notspot-speed-township-2021.csv"
        raw = download.value.path().read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
        assert list(rows[0])[:7] == [
            "code",
            "name_zh",
            "name_en",
            "county_zh",
            "county_en",
            "township_zh",
            "township_en",
        ]
        years = [(row["code"], row["value"], row["year"], row["value2"], row["year2"]) for row in rows]
        assert years == [
            ("00002001", "140.25", "2021", "130.25", "2020"),
            ("00001002", "80.5", "2021", "70.5", "2020"),
            ("00002003", "", "2021", "", "2020"),
        ]
        assert [(row["rank"], row["rank2"], row["change"]) for row in rows] == [
            ("1", "1", "-10"),
            ("2", "2", "-10"),
            ("", "", ""),
        ]
        assert list(rows[0])[7:20] == [
            "value",
            "low",
            "high",
            "numerator",
            "denominator",
            "unit",
            "status",
            "indicator",
            "year",
            "run",
            "rank",
            "indicator_name",
            "source",
        ]
        first, unknown = rows[0], rows[2]
        assert (first["indicator_name"], first["source2"], first["low2"]) == (
            "下載速率",
            "測試量測",
            "130.25",
        )
        assert "交給瀏覽器下載，共 3 列" in page.locator("[role=status]").inner_text()
        assert page.locator("[data-ns=csv-text]").count() == 0  # only in a frame
        assert (first["numerator"], first["denominator"], first["unit"]) == ("561", "4", "Mbps")
        assert (first["county_zh"], first["status"], first["run"]) == ("海島縣", "computed", "test0001")
        assert unknown["name_zh"] == "'" + RIGHT_TO_LEFT  # a spreadsheet would take it for a formula
        assert unknown["status"] == "unknown"
        heads = [text.split(" ⇅")[0] for text in page.locator(".ns-ranking thead th").all_inner_texts()]
        assert [head.rstrip(" ▼") for head in heads] == ["名次", "地點", "2021 年", "2020 年"]
        assert page.locator(".ns-ranking caption").inner_text() == "下載速率（2021、2020，Mbps） · 鄉鎮市區 3"
        assert "差距（2020 − 2021）" in page.locator("[data-ns=sort]").inner_text()


def test_what_a_spreadsheet_would_take_for_a_formula_gets_an_apostrophe():
    """The rules of `notspot_maps.tables`, so that both files of one table say the same."""
    risky = [
        "=1+1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
        "\u200b=1",
        "\x01=1",
        "\ufeff@x",
        "\u202e=1",
        "\t1",
        "'=1",
        "|x",
    ]
    plain = ["", "臺東", "1-2", "a=1", "'臺"]
    page = launched().new_page()
    cells = page.evaluate(f"texts => {{ {asset('csv.js')}; return texts.map(csvCell); }}", risky + plain)
    assert cells == ["'" + each for each in risky] + plain
    assert page.evaluate(f"() => {{ {asset('csv.js')}; return csvCell(-1.5); }}") == "-1.5"
    page.close()


# ---- the address


def test_the_address_holds_the_whole_view(file):
    whole = (
        "i=reached&l=township&y=2020&p=00002001&m=9.25/23.6000/121.2000&c=speed@2019&s=30&f=remote,in:00002"
        "&k=quantiles:3&h=-1&pt=1&t=wide&q=low%2B&lang=en"
    )
    with opened(file, fragment="#" + whole) as visit:
        page = ready(visit)
        handle = page.get_by_role("slider")
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")  # back where it was, and written
        assert page.evaluate("location.hash.slice(1)") == whole
        assert page.input_value("[data-ns=year]") == "2020"
        assert page.input_value("[data-ns=indicator1]") == "speed"
        assert page.locator("tr[data-index]").count() == 1  # of two, one is unknown, and hidden
        assert page.get_attribute("[data-ns=patterns]", "aria-pressed") == "true"
        assert visit.errors == []


@pytest.mark.parametrize(
    "fragment",
    [
        "y=1066&c=@&s=-4&f=in:,in:x,<b>,moon&k=fixed:a,b&q=drop table&o=%00&t=none",
        "c=speed@&s=1e9&k=quantiles:9999999:x;fixed:3,2,1&h=99999999&pt=yes&l=village&p=00002",
        "i=%E0%A4%A&m=1e308/-999/1e308&c=%&f=,,,&lang=<script>",
    ],
)
def test_nonsense_in_the_address_does_no_harm(file, fragment):
    with opened(file, fragment="#" + fragment) as visit:
        page = ready(visit)
        page.wait_for_selector(".ns-path")
        page.click("[data-ns=tab-table]")
        assert page.locator("tr[data-index]").count() >= 2
        zoom, lat, lng = map(float, address(page)["m"].split("/"))
        assert (zoom <= 20, abs(lat) <= 85.1, abs(lng) <= 180) == (True, True, True)
        for far in ("50/999/999", "9/-20/121"):  # no land for thousands of kilometres: all of it, then
            go(page, f"m={far}")
            page.click("[data-ns=level-auto]")  # writes the address
            zoom, lat, lng = map(float, address(page)["m"].split("/"))
            assert zoom < 12
            assert lat == pytest.approx(23.65, abs=0.01)
            assert lng == pytest.approx(121.15, abs=0.01)
        go(page, "m=6/23.6/125")  # the land is in view, beside the middle
        page.click("[data-ns=level-auto]")
        assert address(page)["m"] == "6/23.6000/125.0000"
        assert visit.errors == []


def test_what_an_address_names_and_is_not_there_is_told(file):
    fragment = "#i=nonsense&p=99999&y=1066&l=moon&f=remote,x&c=bare@2020&o=none&lang=en"
    with opened(file, fragment=fragment) as visit:
        page = ready(visit)
        note = page.locator(".ns-lost")
        lines = [re.sub("[\u2068\u2069]", "", line) for line in note.locator("li").all_inner_texts()]
        assert lines == [
            "Address: There is no indicator “nonsense” here; “Download speed” is shown instead.",
            "There is no year “1066” here; 2021 is shown instead.",
            "There is no indicator “bare@2020” to compare with; nothing is compared.",
            "There is no level “moon” here; the level follows the zoom instead.",
            "There is no filter “x” here; it is left out.",
            "There is no place of the code “99999” here; the nation is shown instead.",
            "1 more are not here either.",
        ]
        until(page, "document.querySelector('[role=status]').textContent.includes('no indicator')")
        until(page, "!location.hash.includes('nonsense')")
        shown = address(page)
        assert (shown["i"], shown["l"], shown["f"]) == ("speed", "auto", "remote")
        assert not {"p", "y", "c", "o"} & set(shown)
        assert visit.violations() == []
        page.click("[data-ns=lang]")
        assert "改顯示「下載速率」" in note.inner_text()
        page.click("[data-ns=filters]")  # the panel is built anew, and what is shown is the same
        assert note.count() == 1
        page.click("[data-ns=lost]")
        assert note.count() == 0
        assert page.evaluate("document.activeElement.id") == "ns-panel"
        go(page, "i=speed&p=<b>99</b>")
        assert "<b>99</b>" in note.inner_text()
        page.select_option(
            "[data-ns=indicator]", "reached"
        )  # another thing is shown: the note is of the past
        assert note.count() == 0
        assert visit.errors == []


def test_a_link_that_is_followed_while_the_view_changes_is_not_written_over(file):
    with opened(file, fragment="#i=speed&l=township") as visit:
        page = ready(visit)
        page.evaluate(
            "() => { location.hash = '#i=reached&l=township';"
            " document.querySelector('[data-ns=patterns]').click(); }"  # writes the address at once
        )
        until(page, "document.querySelector('[data-ns=indicator]').value === 'reached'")


def test_links_of_before_still_lead_there(file):
    with opened(file, fragment="#i=reached&l=county&p=00002&m=9.5/23.6/121.2&h=-1&t=table&lang=en") as visit:
        page = ready(visit)
        assert page.get_attribute("[data-ns=level-township]", "aria-pressed") == "true"
        assert "no figures for counties; townships are shown" in page.locator(".ns-lost").inner_text()
        assert page.input_value("[data-ns=indicator]") == "reached"
        assert page.locator(".ns-path li").all_inner_texts() == ["Nation", "Haidao County"]


# ---- names


def test_names_are_shown_as_they_are_and_apart_from_the_words_around_them(file):
    with opened(file, fragment="#i=speed&p=00002003") as visit:
        page = ready(visit)
        name = page.locator(".ns-name > bdi")
        assert name.inner_text() == RIGHT_TO_LEFT
        assert name.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"
        page.click("[data-ns=crumbtownship]")
        said = page.locator("[role=status]").evaluate("node => node.textContent")
        assert f"\u2068{RIGHT_TO_LEFT}\u2069" in said
        go(page, "p=00001001001")
        assert page.locator(".ns-name > bdi").inner_text() == SCRIPT
        assert visit.dialogs == []
        page.click("[data-ns=lang]")
        assert page.locator(".ns-name .ns-second").get_attribute("lang") == "zh-Hant-TW"


def test_search_takes_county_and_town_in_any_order(file):
    with opened(file) as visit:
        page = ready(visit)
        for query in ("臺東安二", "安二 台東", "安二臺東", "Taitung Aner", "aner, taitung county"):
            go(page, "l=township")  # nothing is selected
            page.fill("[role=combobox]", query)
            page.press("[role=combobox]", "Enter")
            assert address(page)["p"].startswith("00001002"), query


# ---- for everyone


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_in_any_state(file, long_file, size):
    states = ["#i=speed&c=speed@2019&p=00002001", "#i=reached&c=speed@2020&f=remote&t=table&lang=en"]
    with opened(file, fragment=states[0], **size) as visit:
        page = ready(visit)
        assert visit.violations() == []
        page.click("[data-ns=filters]")
        page.click("[data-ns=fold-about]")
        page.click("[data-ns=fold-trend]")
        assert visit.violations() == []
        go(page, states[1])
        page.click("[data-ns=filters]")
        assert visit.violations() == []
    with opened(long_file, fragment="#l=village&t=wide&lang=en", **size) as visit:
        ready(visit)
        assert visit.violations() == []


def test_with_forced_colours_swatches_keep_theirs(file):
    with opened(file, fragment="#i=speed&l=township", forced_colors="active") as visit:
        page = ready(visit)
        first = page.locator(".ns-class .ns-swatch").first
        assert first.evaluate("node => getComputedStyle(node).forcedColorAdjust") == "none"
        assert first.evaluate("node => getComputedStyle(node).backgroundColor") != "rgb(255, 255, 255)"
        pressed = "document.querySelector('[data-ns=level-township]')"
        loose = "document.querySelector('[data-ns=level-county]')"
        assert page.evaluate(
            f"getComputedStyle({pressed}).backgroundColor != getComputedStyle({loose}).backgroundColor"
        )


def test_links_lead_past_the_map_to_the_table(file):
    with opened(file, fragment="#i=speed&l=township") as visit:
        page = ready(visit)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "跳到排名表"
        page.keyboard.press("Enter")
        assert page.evaluate("Boolean(document.activeElement.closest('tbody'))")


def test_targets_are_large_enough_for_a_finger(file):
    with opened(file, fragment="#i=speed&l=township&p=00002001&f=remote&t=table", **PHONE) as visit:
        page = ready(visit)
        small = page.evaluate(
            """[...document.querySelectorAll('.ns-root button, .ns-root select, .ns-root summary, .leaflet-bar a')]
            .filter((node) => node.offsetParent && Math.min(node.offsetHeight, node.offsetWidth) < 44)
            .map((node) => node.dataset.ns || node.outerHTML.slice(0, 80))"""
        )
        assert small == []


def test_a_tap_leaves_no_tooltip_behind(file):
    with opened(file, fragment="#i=speed&l=township&m=9/23.65/121.15", **PHONE) as visit:
        page = ready(visit)
        box = page.locator(".leaflet-container").bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(150)
        assert address(page)["p"] == "00001002"
        assert page.locator(".ns-tip.ns-on").count() == 0


@pytest.mark.parametrize(("width", "height"), [(600, 400), (320, 480), (320, 320), (320, 256)])
def test_in_a_small_frame_the_panel_is_a_bar_that_opens(file, width, height):
    with opened(file, fragment="#i=reached&p=00001002", width=width, height=height) as visit:
        page = ready(visit)
        assert not visit.scrolls_sideways()
        assert page.locator(".ns-panel").bounding_box()["height"] < height / 2
        assert "70.0 %" in page.locator(".ns-brief").inner_text()
        strip = page.locator(".ns-strip")
        low = height < 320  # there it would lie over the land: the legend is in the panel only
        if low:
            assert page.locator(".ns-strip").count() == 1
            assert not strip.is_visible()
        else:
            strip.wait_for()  # the legend, without a press
            said = strip.get_attribute("aria-label")
            assert said.startswith("圖例：涵蓋人口比率")
            assert said.endswith("無資料（斜線）")
            assert strip.locator(".ns-swatch").count() == page.locator(".ns-class").count()
            box = strip.bounding_box()
            for name in (".ns-jumps", ".leaflet-control-zoom", ".leaflet-control-attribution", ".ns-panel"):
                other = page.locator(name).bounding_box()
                apart = (
                    box["x"] + box["width"] <= other["x"]
                    or other["x"] + other["width"] <= box["x"]
                    or box["y"] + box["height"] <= other["y"]
                    or other["y"] + other["height"] <= box["y"]
                )
                assert apart, name
            assert page.locator(".ns-strip-row").evaluate("row => row.scrollWidth <= row.clientWidth")
        page.click("[data-ns=more]")
        strip.wait_for(state="hidden")
        assert page.locator(".ns-choice").first.is_visible()
        assert page.evaluate("document.activeElement.dataset.ns") == "less"
        assert not visit.scrolls_sideways()
        page.click("[data-ns=less]")
        assert not page.locator(".ns-choice").first.is_visible()
        strip.wait_for(state="hidden" if low else "visible")
        assert visit.violations() == []


def test_the_strip_stands_in_for_a_legend_that_is_out_of_sight(file):
    with opened(file, fragment="#i=speed&l=township") as visit:
        page = ready(visit)
        strip = page.locator(".ns-strip")
        assert not strip.is_visible()
        page.click("[data-ns=tab-table]")
        strip.wait_for()
        page.click(
            "[data-ns=compare]"
        )  # two years in the same classes: one strip, and the names of the sides above it
        assert strip.locator(".ns-strip-row").count() == 1
        page.select_option("[data-ns=indicator1]", "reached")
        page.select_option("[data-ns=year1]", "2021")
        assert strip.locator(".ns-strip-row").count() == 2
        edge = lambda name: f"document.querySelector('{name}').getBoundingClientRect()"  # noqa: E731
        until(page, f"{edge('.ns-side-0')}.bottom <= {edge('.ns-strip')}.top")
        page.click("[data-ns=tab-place]")
        strip.wait_for(state="hidden")


def test_offline_and_under_reduced_motion_it_is_the_same_page(file):
    with opened(file, fragment="#i=speed&p=00002001", offline=True, reduced_motion="reduce") as visit:
        page = ready(visit)
        assert "140.3" in page.locator(".ns-big").inner_text()
        page.click("[data-ns=lang]")
        page.click("[data-ns=crumb]")  # the nation
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        page.click("[data-ns=cite]")
        field = page.locator("[data-ns=citation]")
        field.wait_for()
        assert "Place: Nation\n" in field.input_value()
        assert "Value: 80.25 Mbps\n" in field.input_value()
        assert page.evaluate("getSelection().toString()") == field.input_value()
        assert "please copy it" in page.locator("[role=status]").inner_text()
        assert visit.violations() == []
        assert visit.outside == []
        assert visit.errors == []


def source_of(made):
    """What the layer of an atlas puts into its page: packed data and shapes."""
    return next(child for child in made._children.values() if isinstance(child, AtlasLayer)).source


def test_a_file_that_is_cut_short_says_so(tmp_path):
    made = atlas(years()[0])
    source = source_of(made)
    source["data"] = source["data"][:400]
    made.save(tmp_path / "cut.html")
    with opened(tmp_path / "cut.html") as visit:
        said = visit.page.locator("[role=alert]")
        said.wait_for()
        assert "內嵌資料不完整" in said.inner_text()
        wrong = lambda data: data["indicators"][0].update(levels=None)  # noqa: E731
        path = edited(atlas(years()[0]), wrong, tmp_path / "wrong.html")  # whole, and the script cannot go on
        visit.page.goto(path.as_uri())
        said.wait_for()
        assert "檔案並未損壞" in said.inner_text()
        assert "TypeError" in said.inner_text()
        assert "內嵌資料不完整" not in said.inner_text()


def edited(made, edit, path):
    """An atlas saved with what `edit` makes of its data."""
    source = source_of(made)
    data = json.loads(gzip.decompress(base64.b64decode(source["data"])))
    edit(data)
    source["data"] = base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()
    made.save(path)
    return path


def test_what_a_reader_must_know_stands_at_the_top(tmp_path):
    notice = {
        "notice": ["含有<b>確切位置</b>", "Exact positions are inside"],
        "title": ["甲" * 300, "W" * 600],  # the rest of the panel has its room all the same
    }
    path = edited(atlas(years()[0]), lambda data: data.update(notice), tmp_path / "sites.html")
    with opened(path, fragment="#p=00002001", **PHONE) as visit:
        page = ready(visit)
        page.click("[data-ns=less]")
        assert page.locator(".ns-bar [role=note]").is_visible()  # however little of the panel is open
        assert not visit.scrolls_sideways()
    with opened(path) as visit:
        page = ready(visit)
        assert page.locator(".ns-panel > :first-child[role=note]").inner_text() == "注意：含有<b>確切位置</b>"
        page.click("[data-ns=lang]")
        assert page.locator("[role=note]").inner_text() == "Note: Exact positions are inside"
        title, language = page.locator(".ns-title"), page.locator("[data-ns=lang]").bounding_box()
        assert title.bounding_box()["height"] < 7 * 18 * 1.35
        assert title.evaluate("node => node.scrollWidth <= node.clientWidth && node.tabIndex === 0")
        assert language["x"] + language["width"] <= page.locator(".ns-panel").bounding_box()["width"]
        assert visit.violations() == []


def test_what_runs_leave_out_and_what_they_say_otherwise(tmp_path):
    """A bound that is not known, a village whose township is not there, a year from another source."""
    latest, earlier = years()

    def edit(data):
        units, (speed, reached) = data["units"], data["indicators"][:2]
        assert (speed["id"], reached["id"]) == ("speed", "reached")
        reached["levels"]["township"].update(
            b=[[0, 30, None], [2, None, 100], [3, 0, 100]]
        )  # 30, 70, 100, unknown
        speed["levels"]["township"]["past"]["2019"].update(
            s="official", basis="claim", source=["舊量測", "Old survey"], caveat=["舊法", "Old method"]
        )
        units["village"]["code"][0], units["village"]["up"][0] = "=00009009001", -1

    path = edited(atlas(latest, earlier=earlier), edit, tmp_path / "odd.html")
    with opened(path, fragment="#i=reached&l=township&p=00009009001&m=12/23.55/121.05") as visit:
        page = ready(visit)
        assert page.locator(".ns-legend .ns-unsure").inner_text().split()[-1] == "2"
        assert page.locator(".ns-name > bdi").inner_text() == SCRIPT
        assert page.locator(".ns-big").inner_text() == "無資料"
        assert page.locator(".ns-lent").count() == 0
        go(page, "i=speed&l=township&p=00001001&y=2019")
        card = page.locator(".ns-card").inner_text()
        for part in ("舊量測", "舊法", "官方公布"):
            assert part in card
        page.click("[data-ns=fold-about]")
        about = page.locator(".ns-fold-about dl").inner_text()
        assert "申報" in about  # a claim that year, no measurement
        assert "量測" not in about.replace("舊量測", "").replace("量測之下載速率", "").replace("量測點", "")
        with page.expect_download() as download:
            page.click("[data-ns=tab-table]")
            page.click("[data-ns=csv]")
        rows = csv.DictReader(io.StringIO(download.value.path().read_bytes().decode("utf-8-sig"), newline=""))
        assert [row["status"] for row in rows] == ["official"] * 3 + ["unknown"]
        page.click("[data-ns=tab-place]")
        go(page, "i=speed&l=township&p=00001001")
        assert "舊量測" not in page.locator(".ns-card").inner_text()
        assert visit.errors == []


# ---- on paper


def printed(page):
    """The page as PDF (A4) and the number of its pages."""
    made = page.pdf(prefer_css_page_size=True, print_background=True)
    return made, len(re.findall(rb"/Type\s*/Page\b", made))


def test_on_paper_the_map_and_its_legend_take_a_page_and_the_table_follows(file):
    with opened(file, fragment="#i=speed&l=township&c=speed@2019") as visit:
        page = ready(visit)
        before = page.evaluate("location.hash")
        assert 2 <= printed(page)[1] <= 3
        assert page.evaluate("location.hash") == before
        assert page.get_attribute("[data-ns=patterns]", "aria-pressed") == "false"
        assert page.locator(".ns-choice").first.is_visible()  # the screen is as it was
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        bottom = page.locator(".ns-legend").bounding_box()
        assert bottom["y"] + bottom["height"] < (297 - 24) / 25.4 * 96  # of A4 within its margins
        assert page.locator(".ns-map").bounding_box()["y"] < bottom["y"]
        assert page.locator("tr[data-index]").count() == 4
        assert "下載速率（2021）" in page.locator(".ns-printed").inner_text()
        foot = "document.adoptedStyleSheets[0].cssRules[0].cssText"
        assert page.evaluate(foot) == '@page { @bottom-left { content: "測試地圖 · 執行代號 test0001"; } }'
        first = page.evaluate(foot.replace("cssRules[0]", "cssRules[1]"))  # page 1 leads back to the view
        told = "".join(re.findall(r'"([^"]*)"', first)).replace("\\a ", "")
        assert told.startswith("測試地圖 · 執行代號 test0001years.html#i=speed&l=township&m=")
        assert told.endswith("&c=speed@2019&s=50")
        numbered = (
            "[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText)"
        )
        assert any(
            "@bottom-right" in rule and "counter(page)" in rule and "counter(pages)" in rule
            for rule in page.evaluate(numbered)
        )
        seen = page.evaluate(
            """() => { const canvas = document.querySelector('.ns-paper-picture'), {width, height} = canvas;
            const {data} = canvas.getContext('2d').getImageData(0, 0, width, height), seen = {};
            for (let at = 0; at < data.length; at += 4) {
                const colour = `rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`;
                if (data[at + 3]) seen[colour] = (seen[colour] || 0) + 1;
            }
            return seen; }"""
        )
        swatches = page.locator(".ns-class:not([data-class='-1']) .ns-swatch").all()
        for swatch in swatches:  # each of the three values is on the paper's map
            assert seen[swatch.evaluate("node => getComputedStyle(node).backgroundColor")] > 1000
        lined = "document.querySelectorAll('.ns-classes .ns-swatch[style*=image]').length"
        assert page.evaluate(lined) == 0
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        go(page, "i=reached&l=township&k=diverging:4")  # its two ends are one grey to a printer of black
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(lined) == page.locator(".ns-class:not([data-class='-1'])").count() > 1
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(lined) == 0


def test_a_long_table_is_printed_as_far_as_is_of_use_and_says_so(long_file):
    with opened(long_file, fragment="#l=township") as visit:
        page = ready(visit)
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("tr[data-index]").count() == 400  # all of them
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        go(page, "l=village")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("tr[data-index]").count() == 1000
        page.emulate_media(media="print")
        assert "僅列印前 1,000 列，共 1,600 列" in page.locator(".ns-table").inner_text()


def test_definitions_are_text(file):
    with opened(file, fragment="#i=speed&l=township&p=00002001") as visit:
        page = ready(visit)
        page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        shown = page.locator(".ns-panel").inner_text()
        assert "[object" not in shown
        assert "量測之下載速率。" in shown
