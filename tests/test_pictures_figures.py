"""Printed figures: nothing over anything else, counts that add up, scale bars that are true, errors that help."""

import dataclasses
import io
import itertools
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from atlas_results import results
from golden_figures import FIGURES, drawn, earlier
from picture_checks import GOLDEN, difference, is_same, lines_of, outside, overlapping
from PIL import Image, ImageDraw
from pyproj import Geod
from typer.testing import CliRunner

from notspot.cli import app
from notspot_coverage.counting.services import Account
from notspot_geodata.errors import NotFoundError, UsageError
from notspot_geodata.text import Text
from notspot_maps.classes import classes, classes_for
from notspot_maps.drawing.map_shapes import FINE
from notspot_maps.figures.fonts import lacking
from notspot_maps.figures.kinds import KINDS, Asked, choices, figure, figure_svg
from notspot_maps.figures.legend import bar_px
from notspot_maps.figures.map_page import key_of
from notspot_maps.figures.multiples import change_page, multiples_page
from notspot_maps.figures.page import HEIGHT, WIDTH
from notspot_maps.figures.places import Figures, figures_of, place_of, ranking
from notspot_maps.figures.shapes import NATION_SIZE, bar_km, county_sheet, nation_sheet

SPEED, STATIONS = "dl_mbps_best", "base_stations_4g_per_1000"
CJK = re.compile("[\u3400-\u9fff]")
EDGE = 6.0
OF_AN_ACCOUNT = ("shares", "notspots", "roaming")
SERIES = ("multiples", "change")
OF_THE_SHIPPED = [kind for kind in KINDS if kind not in OF_AN_ACCOUNT]


@pytest.fixture(scope="module")
def years(taiwan):
    return [earlier(taiwan, year) for year in (2019, 2020)]


@pytest.fixture(scope="module")
def by_village(taiwan):
    """The shipped run with made-up shares by village: every tenth unknown."""
    codes = taiwan.villages["village_code"].astype(str)
    value = np.where(np.arange(len(codes)) % 10 == 0, np.nan, np.arange(len(codes)) % 101)
    rows = pd.DataFrame(
        {"indicator": SPEED, "level": "village", "code": codes, "value": value, "low": value, "high": value}
    )
    return dataclasses.replace(taiwan, indicators=pd.concat([taiwan.indicators, rows], ignore_index=True))


def svg_of(run, kind, earlier=(), lang="zh", **asked):
    indicator = None if kind == "bullet" else asked.pop("indicator", STATIONS)
    return figure_svg(run, kind, Asked(indicator=indicator, earlier=earlier, lang=lang, **asked))


def texts(svg):
    return [line.text for line in lines_of(svg)]


# ------------------------------------------------------------------ words


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("kind", OF_THE_SHIPPED)
def test_words_stand_on_the_page_and_over_no_others(taiwan, years, kind, lang):
    svg = svg_of(taiwan, kind, years if kind in SERIES else (), lang)
    root = ET.fromstring(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    lines = lines_of(svg)
    assert len(lines) > 10
    assert width <= WIDTH + 2 * EDGE
    assert height <= HEIGHT + 2 * EDGE
    assert overlapping(lines) == []
    assert outside(lines, width - 2 * EDGE, height - 2 * EDGE, EDGE) == []
    assert lacking("".join(line.text for line in lines)) == []
    if lang == "en":
        assert [line.text for line in lines if CJK.search(line.text)] == []


@pytest.fixture(scope="module")
def counted(taiwan):
    """The shipped run with an account written by hand: 1,000 people, 600 reached by both operators, 100 by none."""
    areas = {"TW": "nation", "remote": "group", "non_remote": "group"}
    base = {"service": "m5", "subject": "all"}
    kinds = [("none", 2, 600), ("partial", 1, 250), ("complete", 0, 100), ("unknown", None, 50)]
    notspots = [
        {
            **base,
            "level": level,
            "code": code,
            "name": code,
            "kind": kind,
            "operators": operators,
            "people": people,
        }
        for code, level in areas.items()
        for kind, operators, people in kinds
    ]
    roaming = [
        {**base, "operator": operator, "level": level, "code": code, "name": code, "people": 1000, "covered": covered,
         "not_covered": 950 - covered, "unknown": 50, "solved": 850 - covered}
        for code, level in areas.items()
        for operator, covered in (("甲電信", 800), ("乙電信", 650))
    ]  # fmt: skip
    table = [
        {**base, "of": "people", "level": level, "code": code, "name": code, "total": 1000.0, "covered": 850.0,
         "not_covered": 100.0, "unknown": 50.0, "low": 85.0, "best": 100 * 850 / 950, "high": 90.0, "unit": "人",
         "low_by": "unknown", "high_by": "unknown", "varied": "unknown"}
        for code, level in areas.items()
    ]  # fmt: skip
    empty = pd.DataFrame()
    account = Account(pd.DataFrame(table), empty, pd.DataFrame(notspots), pd.DataFrame(roaming), empty, empty)
    return dataclasses.replace(taiwan, account=account)


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("kind", OF_AN_ACCOUNT)
def test_charts_of_an_account_have_room_too(counted, kind, lang):
    svg = svg_of(counted, kind, lang=lang)
    root, lines = ET.fromstring(svg), lines_of(svg)
    assert overlapping(lines) == []
    assert (
        outside(lines, float(root.get("width")) - 2 * EDGE, float(root.get("height")) - 2 * EDGE, EDGE) == []
    )
    share = {"shares": "850", "notspots": "100", "roaming": "80"}[
        kind
    ]  # people covered, in none, percent of one
    assert any(share in line.text for line in lines)
    assert list(choices(counted, kind)) == ["m5"]
    with pytest.raises(NotFoundError, match="there are m5"):
        svg_of(counted, kind, service="m6")


def test_the_check_sees_words_over_words_and_over_the_edge(taiwan):
    svg = svg_of(taiwan, "map")
    name = "臺北市"
    (line,) = (line for line in lines_of(svg) if line.text == name)
    longer = svg.replace(f">{name}</text>", f">{name * 3}</text>")
    assert ("臺北市" * 3, "基隆市") in [
        tuple(sorted(pair, key=len, reverse=True)) for pair in overlapping(lines_of(longer))
    ]
    assert outside([line], line.box[2] - 10, HEIGHT, EDGE) == [name]


@pytest.mark.parametrize(
    "place", ["10014", "10014160", "63000010", "09020", "09007", "10016", "10018", "64000"]
)
def test_a_map_of_a_county_has_room_for_its_names(taiwan, place):
    svg = svg_of(taiwan, "map", lang="both", place=place)
    root = ET.fromstring(svg)
    lines = lines_of(svg)
    assert float(root.get("height")) <= HEIGHT + 2 * EDGE
    assert overlapping(lines) == []
    named = taiwan.townships["town_code"].astype(str).str.startswith(place[:5])
    names = set(taiwan.townships.loc[named, "town"])
    shown = names & set(texts(svg))
    assert len(shown) >= 0.6 * len(names - {"烏坵鄉"})


# ------------------------------------------------------------------ what a map counts


def counts_of(svg):
    """The numbers in brackets that the legend's lines end with, by their words."""
    found = (re.fullmatch(r"(.+?) ?[（(]([\d,]+)[）)]", text) for text in texts(svg))
    return {one[1]: int(one[2].replace(",", "")) for one in found if one and "全國" not in one[1]}


@pytest.mark.parametrize(
    "indicator", [SPEED, STATIONS, "community_hotspots_per_community", "public_hotspots"]
)
def test_the_legend_counts_every_township_once(taiwan, indicator):
    counts = counts_of(svg_of(taiwan, "map", indicator=indicator))
    counts.pop("上下限跨級", None)
    assert sum(counts.values()) == 368
    rows = taiwan.indicators[
        (taiwan.indicators["indicator"] == indicator) & (taiwan.indicators["level"] == "township")
    ]
    assert counts["無資料"] + counts.get("不適用", 0) == 368 - int(rows["value"].notna().sum())
    of = taiwan.definitions[
        indicator
    ].recipe.within  # a column of flags: the indicator is of these townships only
    assert counts.get("不適用", 0) == (0 if of is None else int((~taiwan.townships[of].astype(bool)).sum()))


def test_a_county_in_two_frames_is_counted_once(taiwan):
    counts = counts_of(svg_of(taiwan, "map", indicator=SPEED, level="county"))
    counts.pop("上下限跨級", None)
    assert sum(counts.values()) == 22


@pytest.mark.parametrize("county", ["10014", "09020", "66000"])
def test_a_county_is_counted_by_itself_in_the_classes_of_the_nation(taiwan, county):
    svg = svg_of(taiwan, "map", indicator=SPEED, place=county)
    own = taiwan.townships["county_code"].astype(str) == county
    counts = counts_of(svg)
    counts.pop("上下限跨級", None)
    assert sum(counts.values()) == int(own.sum())
    whole = counts_of(svg_of(taiwan, "map", indicator=SPEED))
    assert [key for key in counts if key != "上下限跨級"] == [key for key in whole if key != "上下限跨級"]


def test_clusters_are_counted_as_they_were_found(taiwan):
    finding = next(one for one in taiwan.divide if one.measure == STATIONS)
    counts = counts_of(svg_of(taiwan, "clusters"))
    kinds = finding.clusters["kind"].value_counts()
    assert counts["高高：高值相鄰"] == kinds["HH"]
    assert counts["低低：低值相鄰"] == kinds["LL"]
    assert sum(counts.values()) == 368


def test_wide_bounds_are_dotted_and_counted(taiwan):
    table = taiwan.indicators.copy()
    mine = (
        (table["indicator"] == SPEED)
        & (table["level"] == "township")
        & (table["code"].astype(str) == "10014010")
    )
    assert not table.loc[mine, "value"].isna().any()
    table.loc[mine, ["low", "high"]] = [[1.0, 9999.0]]
    run = dataclasses.replace(taiwan, indicators=table)
    before, after = (counts_of(svg_of(one, "map", indicator=SPEED)) for one in (taiwan, run))
    assert after["上下限跨級"] == before.get("上下限跨級", 0) + 1
    assert "url(#m-wide)" in svg_of(run, "map", indicator=SPEED)


def test_villages_are_drawn_all_and_stay_small(by_village):
    svg = svg_of(by_village, "map", indicator=SPEED, level="village")
    counts = counts_of(svg)
    assert sum(counts.values()) == 7701
    assert counts["無資料"] == 771  # every tenth of 7,701, the first among them
    assert len(svg) < 3_000_000
    assert overlapping(lines_of(svg)) == []


# ------------------------------------------------------------------ scale


def page_span(paths):
    """Leftmost and rightmost x, topmost and lowest y of path data, in pixels."""
    xs, ys = [], []
    for path in paths:
        for ring in re.findall(r"M(-?\d+) (-?\d+)([lh])([^Z]*)Z", path):
            x, y = float(ring[0]), float(ring[1])
            xs.append(x)
            ys.append(y)
            if ring[2] == "l":
                steps = np.array(re.findall(r"-?\d+", ring[3]), dtype=float).reshape(-1, 2)
                xs += list(x + np.cumsum(steps[:, 0]))
                ys += list(y + np.cumsum(steps[:, 1]))
    return (max(xs) - min(xs)) / FINE, (max(ys) - min(ys)) / FINE


def test_scale_bars_are_true(taiwan):
    towns = taiwan.townships
    sheet = nation_sheet(towns, "township")
    names = [part.frame.name.zh for part in sheet.parts]
    assert names == ["馬祖", "烏坵", "金門", "澎湖", ""]
    geod = Geod(ellps="GRS80")
    for part in sheet.parts:
        inside = towns[towns["town_code"].astype(str).isin(part.paths)].to_crs("EPSG:4326")
        points = inside.get_coordinates()
        south, north = points.iloc[int(points["y"].argmin())], points.iloc[int(points["y"].argmax())]
        # along a meridian: how far the southernmost and northernmost points are apart
        metres = geod.line_length([points["x"].mean()] * 2, [south["y"], north["y"]])
        _, tall = page_span(part.paths.values())
        assert tall * part.unit_km == pytest.approx(metres / 1000, rel=0.02, abs=2 * part.unit_km)
        assert bar_px(part) == pytest.approx(part.frame.bar_km / (metres / 1000) * tall, rel=0.03)
        assert bar_px(part) < part.frame.box[2]


def test_no_two_frames_meet_and_all_units_lie_in_theirs(taiwan):
    sheet = nation_sheet(taiwan.townships, "township")
    assert sum(len(part.paths) for part in sheet.parts) == 368
    boxes = [part.frame.box for part in sheet.parts if part.frame.name.zh]
    for (x, y, w, h), (a, b, c, d) in itertools.combinations(boxes, 2):
        assert x + w <= a or a + c <= x or y + h <= b or b + d <= y
    for part in sheet.parts:
        wide, tall = page_span(part.paths.values())
        assert wide <= part.frame.box[2] + 0.2
        assert tall <= part.frame.box[3] + 0.2
        assert max(wide / part.frame.box[2], tall / part.frame.box[3]) > 0.6  # and fill it
    assert max(x + w for x, _, w, _ in boxes) <= NATION_SIZE[0]


def test_wuqiu_is_an_inset_of_kinmen(taiwan):
    sheet = county_sheet(taiwan.townships, "township", "09020", taiwan.townships, size=(WIDTH, 600))
    assert [sorted(part.paths) for part in sheet.parts][1:] == [["09020060"]]
    assert "09020060" not in sheet.parts[0].paths


@pytest.mark.parametrize(("width", "bar"), [(394, 50), (100, 20), (99, 10), (12, 2), (5.1, 1)])
def test_bars_are_round_and_about_a_fifth(width, bar):
    assert bar_km(width) == bar


# ------------------------------------------------------------------ places


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("臺東縣", "10014"),
        ("台東縣", "10014"),
        ("taitung county", "10014"),
        ("蘭嶼鄉", "10014160"),
        ("新竹市東區", "10018010"),
        ("10014160001", "10014160001"),
    ],
)
def test_a_place_may_be_named(taiwan, asked, code):
    assert place_of(taiwan, asked).code == code


def test_a_name_that_several_places_have_lists_their_codes(taiwan):
    with pytest.raises(NotFoundError, match=r"places are called '東區'; .*10018010 新竹市東區"):
        place_of(taiwan, "東區")
    with pytest.raises(NotFoundError, match=r"no place 'Atlantis'; .*10014 臺東縣"):
        place_of(taiwan, "Atlantis")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("台東", "10014 臺東縣 Taitung County, 10014010 臺東縣臺東市 Taitung City"),
        ("Lanyu", "10014160 臺東縣蘭嶼鄉 Lanyu Township"),
        ("臺東縣蘭", "10014160 臺東縣蘭嶼鄉 Lanyu Township"),  # its own name does not hold that
        ("紅頭", "10014160003 臺東縣蘭嶼鄉紅頭村 Hongtou Vil."),
    ],
)
def test_places_called_like_what_was_typed_are_named(taiwan, asked, said):
    with pytest.raises(NotFoundError) as error:
        place_of(taiwan, asked)
    assert str(error.value) == f"no place '{asked}'; called like it are {said}"


def test_a_place_is_outlined_and_its_figures_are_said(taiwan):
    svg = svg_of(taiwan, "map", indicator=SPEED, place="10014160")
    said = " ".join(texts(svg))
    assert "臺東縣：最快業者 4G 下載速率" in said
    assert "臺東縣蘭嶼鄉 67.3" in said
    plain = svg_of(taiwan, "map", indicator=SPEED, place="10014")
    assert "#b3123f" in svg
    assert "#b3123f" not in plain
    nation = svg_of(taiwan, "map", indicator=SPEED, place="10014", zoom=False)
    assert "#b3123f" in nation
    assert sum(counts_of(nation).values()) >= 368


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"place": "10099"}, "10014 臺東縣"),
        ({"place": "10014999"}, "10014160 蘭嶼鄉"),
        ({"place": "1001"}, "5, 8 or 11 digits"),
        ({"indicator": "no_such"}, "dl_mbps_best"),
        ({"indicator": "每千人 基地台"}, rf"'; like it are\n  {STATIONS} +每千人 4G 基地臺數 · [^\n]+$"),
        ({"indicator": "BEST Operator ４G"}, rf"like it are\n  {SPEED} "),
        ({"level": "village"}, "it has them by county, township"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(taiwan, asked, said):
    with pytest.raises(NotFoundError, match=said):
        svg_of(taiwan, "map", **{"indicator": SPEED, **asked})


@pytest.mark.parametrize(
    ("kind", "asked", "said"),
    [
        ("pie", {}, "lorenz"),
        ("map", {"level": "street"}, "county, township, village"),
        ("map", {"lang": "ja"}, "zh, en, both"),
        ("map", {"indicator": None}, "dl_mbps_best .*最快業者"),
        ("gap", {"indicator": None}, STATIONS),
        ("multiples", {}, "--earlier"),
        ("change", {"place": "10014"}, "whole nation"),
    ],
)
def test_a_wrong_call_is_told_what_to_do(taiwan, kind, asked, said):
    with pytest.raises(UsageError, match=said):
        svg_of(taiwan, kind, **asked)


def test_results_without_figures_are_told_as_such(taiwan):
    with pytest.raises(NotFoundError, match="no indicator 'speed': these results have no indicators"):
        svg_of(results(indicators=False), "map", indicator="speed")
    with pytest.raises(UsageError, match="needs an indicator, and the results have no indicators"):
        svg_of(results(indicators=False), "worst", indicator=None)
    with pytest.raises(NotFoundError, match="'published' has no figures by township, only of the nation"):
        svg_of(results(), "map", indicator="published")
    unknown = results().indicators
    unknown = unknown[unknown["level"] != "nation"]
    with pytest.raises(NotFoundError, match="'published' has no figures by township, nor any other"):
        svg_of(dataclasses.replace(results(), indicators=unknown), "map", indicator="published")


def test_any_indicator_by_township_has_its_ranking(taiwan, counted):
    for kind, first, last in (
        ("best", "海島縣山一鄉", "臺東縣臺一區"),
        ("worst", "臺東縣臺一區", "海島縣山一鄉"),
    ):
        said = texts(svg_of(results(), kind, indicator="reached"))
        assert f"涵蓋人口比率{'最好' if kind == 'best' else '最差'}的鄉鎮市區" in said
        assert said.index(first) < said.index("臺東縣安二區") < said.index(last)
        assert "海島縣海三鄉" not in said  # unknown
        assert "全國 66.7" in said
        assert {"30.0", "70.0", "100.0"} < set(said)
    share = "account.m5.people.all"  # an account may have townships; this one has the nation
    with pytest.raises(NotFoundError, match=f"'{share}' has no figures by township, only of the nation"):
        svg_of(counted, "worst", indicator=share)
    for run, name in ((counted, share), (results(), "reached")):
        with pytest.raises(NotFoundError, match=f"'{name}' is not a measure .*'best' and 'worst' draw any"):
            svg_of(run, "gap", indicator=name)
    with pytest.raises(UsageError, match=r"the results have none\. 'map', 'best' and 'worst' draw any"):
        svg_of(results(), "gap", indicator=None)
    found = {one.measure: one for one in taiwan.divide}[STATIONS]
    made = ranking(taiwan, STATIONS)
    for kind in ("best", "worst"):
        pd.testing.assert_frame_equal(getattr(made, kind), getattr(found, kind), check_dtype=False)
    assert made.national == pytest.approx(found.national)


def test_an_account_that_is_not_there_is_said(taiwan):
    with pytest.raises(NotFoundError, match="no account"):
        svg_of(taiwan, "notspots", service="x")


def test_what_there_is_to_draw_can_be_asked(taiwan):
    assert set(choices(taiwan, "map")) >= {SPEED, STATIONS}
    assert choices(taiwan, "map", "village") == {}
    assert list(choices(taiwan, "lorenz")) == [finding.measure for finding in taiwan.divide]


# ------------------------------------------------------------------ years


def columns(svg):
    """Counts of the table legend of a series: a list of numbers a label."""
    rows = {}
    for line in lines_of(svg):
        rows.setdefault(round(line.box[1]), []).append(line)
    out = {}
    for row in rows.values():
        cells = [line.text for line in sorted(row, key=lambda line: line.box[0])]
        if (
            len(cells) > 2
            and all(re.fullmatch(r"[\d,]+", cell) for cell in cells[1:])
            and not cells[0].isdigit()
        ):
            out[cells[0]] = [int(cell.replace(",", "")) for cell in cells[1:]]
    return out


def test_each_year_counts_every_township_in_the_same_classes(taiwan, years):
    counts = columns(multiples_page([taiwan, *years], SPEED))
    counts.pop("上下限跨級", None)
    assert np.array(list(counts.values())).sum(axis=0).tolist() == [368] * 3
    unknown = int(figures_of(taiwan, SPEED, "township").values.isna().sum())
    assert counts["無資料"] == [unknown + 6, unknown + 6, unknown]  # Kinmen's six in the years that lack them
    pooled = np.concatenate([figures_of(run, SPEED, "township").values for run in (taiwan, *years)])
    assert len(counts) == len(classes_for(taiwan.definitions[SPEED], pooled).colours) + 1


def test_years_may_come_in_any_order(taiwan, years):
    one, two = multiples_page([taiwan, *years], SPEED), multiples_page([*years[::-1], taiwan], SPEED)
    assert one == two


def test_a_year_twice_or_too_many_are_refused(taiwan, years):
    with pytest.raises(UsageError, match="2019, 2019, 2021"):
        multiples_page([taiwan, years[0], years[0]], SPEED)
    many = [dataclasses.replace(taiwan, year=year) for year in range(2000, 2010)]
    with pytest.raises(UsageError, match="10 years: at most 6"):
        multiples_page(many, SPEED)


def test_change_has_two_sides_that_change_places_when_the_years_do(taiwan, years):
    forth = counts_of(change_page([taiwan, years[0]], SPEED))
    swapped = [dataclasses.replace(years[0], year=2021), dataclasses.replace(taiwan, year=2019)]
    back = counts_of(change_page(swapped, SPEED))
    assert sum(forth.values()) == sum(back.values()) == 368
    assert (
        forth["無資料"]
        == back["無資料"]
        == int(figures_of(taiwan, SPEED, "township").values.isna().sum()) + 6
    )
    falls, rises = ({k: v for k, v in one.items() if k.startswith(("≤", "−"))} for one in (forth, back))
    assert sum(falls.values()) == 0  # all of 2021 is a tenth more than 2019
    assert sum(rises.values()) == sum(v for k, v in forth.items() if k.startswith((">", "+")))


# ------------------------------------------------------------------ files and the command


def test_the_name_of_a_file_says_its_format(taiwan, tmp_path):
    for suffix, magic in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        out = tmp_path / f"new/gap.{suffix}"
        made = figure(taiwan, "gap", indicator=SPEED, out=out, dpi=72)
        assert made.startswith(magic)
        assert out.read_bytes() == made
    with pytest.raises(UsageError, match=r"\.png, \.pdf, \.svg"):
        figure(taiwan, "gap", indicator=SPEED, out=tmp_path / "gap.docx")
    with pytest.raises(UsageError, match=r"ends in \.png"):
        figure(taiwan, "gap", indicator=SPEED, out=tmp_path / "gap.png", format="pdf")


def test_classes_can_be_chosen(taiwan):
    svg = figure(taiwan, "map", indicator=SPEED, classes="fixed:100,200", format="svg").decode()
    assert set(counts_of(svg)) - {"上下限跨級"} == {"≤ 100", "100–200", "> 200", "無資料"}


def test_the_command_lists_draws_and_explains(report_folder, tmp_path):
    run = CliRunner().invoke
    listed = run(app, ["figure", str(report_folder)])
    assert listed.exit_code == 0
    assert all(kind in listed.output for kind in KINDS)
    which = run(app, ["figure", str(report_folder), "map"])
    assert which.exit_code == 2
    assert SPEED in which.output
    out = tmp_path / "taitung.svg"
    made = run(app, ["figure", str(report_folder), "map", "--indicator", SPEED, "--place", "10014", "--lang", "en",
                     "--out", str(out), "--json"])  # fmt: skip
    said = json.loads(made.output)
    assert made.exit_code == 0
    assert said["figure"] == str(out)
    assert said["bytes"] == out.stat().st_size
    assert "Taitung County" in out.read_text(encoding="utf-8")
    wrong = run(app, ["figure", str(report_folder), "pie", "--json"])
    assert wrong.exit_code == 2
    assert "lorenz" in json.loads(wrong.output)["error"]


# ------------------------------------------------------------------ golden images


@pytest.mark.parametrize("name", FIGURES)
def test_figures_look_as_they_did(taiwan, name):
    golden = (GOLDEN / f"{name}.png").read_bytes()
    assert len(golden) < 60_000
    made = drawn(taiwan, name)
    mean, share = difference(made, golden)
    assert is_same(made, golden), (
        f"{name}: mean difference {mean:.2f}, {share:.2%} of the pixels are others. If that is meant, look at the new "
        "images that `python tests/picture_checks.py` draws, and commit them"
    )


@pytest.mark.parametrize(
    "patch",
    [
        (198, 250, 214, 266, "#ffffcc"),  # a township in another class
        (3, 300, 18, 420, "#ffffff"),  # a legend without its colours
        (60, 4, 112, 17, "#ffffff"),  # a title cut short
        (8, 120, 86, 180, "#ffffff"),  # an inset that is empty
    ],
)
def test_a_golden_image_notices_what_a_reader_would(patch):
    golden = (GOLDEN / "map.png").read_bytes()
    assert is_same(golden, golden)
    image = Image.open(io.BytesIO(golden)).convert("RGB")
    ImageDraw.Draw(image).rectangle(patch[:4], fill=patch[4])
    out = io.BytesIO()
    image.save(out, "PNG")
    assert not is_same(out.getvalue(), golden)


def test_a_golden_image_notices_one_township_in_another_class(taiwan):
    table = taiwan.indicators.copy()
    mine = (
        (table["level"] == "township")
        & (table["indicator"] == SPEED)
        & (table["name"].str.contains("信義鄉"))
    )
    assert mine.sum() == 1
    table.loc[mine, ["value", "low", "high"]] = 30.0
    made = drawn(dataclasses.replace(taiwan, indicators=table), "map")
    assert not is_same(made, (GOLDEN / "map.png").read_bytes())


def test_an_image_of_another_size_is_another_image():
    one, other = ((GOLDEN / f"{name}.png").read_bytes() for name in ("map", "gap"))
    assert not is_same(one, other)


def test_key_counts_are_those_of_the_classes(taiwan):
    own = figures_of(taiwan, STATIONS, "township")
    found = classes_for(taiwan.definitions[STATIONS], own.values.to_numpy())
    entries = key_of(list(own.values.index), own, found)
    assert [entry.count for entry in entries] == [
        *(int((found.of(own.values) == at).sum()) for at in range(len(found.colours))),
        0,
    ]


def test_years_of_unlike_figures_are_not_set_beside_each_other(taiwan, years):
    other = dataclasses.replace(years[0].definitions[SPEED], unit=Text("Gbps", "Gbps"))
    odd = dataclasses.replace(years[0], definitions={**years[0].definitions, SPEED: other})
    for kind in SERIES:
        with pytest.raises(UsageError, match="measure in Gbps in 2019 and a measure in Mbps in 2021"):
            svg_of(taiwan, kind, [odd], indicator=SPEED)


def test_an_open_bound_reaches_into_the_classes_beyond_it():
    table = pd.DataFrame(
        {"value": [10, 10, 10, 90], "low": [10, 10, np.nan, 90], "high": [10, np.nan, np.nan, np.nan]},
        index=["certain", "open", "given_none", "last"],
    )
    found = Figures(table, frozenset()).classed(table.index, classes(table["value"], "fixed", edges=[20, 50]))
    assert found == {"certain": (0, False), "open": (0, True), "given_none": (0, False), "last": (2, False)}


def test_a_change_is_as_uncertain_as_both_its_years(taiwan, years):
    def widened(run, by):
        table = run.indicators.copy()
        own = table["indicator"] == STATIONS
        table.loc[own, "low"], table.loc[own, "high"] = (
            table.loc[own, "value"] - by,
            table.loc[own, "value"] + by,
        )
        return dataclasses.replace(run, indicators=table)

    sure = svg_of(taiwan, "change", [years[0]])
    unsure = svg_of(widened(taiwan, 50), "change", [widened(years[0], 50)])
    assert "上下限跨級" not in sure
    assert "上下限跨級" in unsure
