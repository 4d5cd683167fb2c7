"""Charts: what is drawn is what the table and the sentence say, whichever way it turns out."""

import math
import re
from dataclasses import replace

import defusedxml.ElementTree as ET  # noqa: N817
import numpy as np
import pandas as pd
import pytest
from browser import opened
from hypothesis import given
from hypothesis import strategies as st

from notspot_coverage.definitions import load_indicators
from notspot_coverage.divide import DivideFinding
from notspot_coverage.groups import GROUPS
from notspot_geodata.text import Text
from notspot_maps.drawing.chart_words import compared
from notspot_maps.drawing.charts import bullet_chart, gap_chart, lorenz_chart, ranking_chart, scatter_chart
from notspot_maps.drawing.marks import lowered, ticks
from notspot_maps.drawing.scatter import _log_ticks
from notspot_maps.palette import contrast

NAN = float("nan")
HOSTILE = "<script>alert(1)</script>"
DEFINITIONS = load_indicators()


def finding(remote=8.0, non_remote=4.0, **changes):
    values = [remote, non_remote, 9.0, 6.0, NAN, 3.0]
    groups = pd.DataFrame({"group": list(GROUPS), "units": 10, "unknown_units": 0, "population": 1000.0})
    groups["value"] = groups["low"] = groups["high"] = values
    places = {
        "town_code": ["10015010"],
        "county": ["花蓮縣"],
        "town": [HOSTILE],
        "value": [0.5],
        "population": [900],
    }
    given_ = {
        "measure": "base_stations_4g_per_1000",
        "name": Text("每千人基地臺數", "Base stations per 1,000 people"),
        "unit": Text("臺／千人", "stations per 1,000 people"),
        "years": Text.of("2021"),
        "groups": groups,
        "gaps": pd.DataFrame(),
        "gini": 0.25,
        "lorenz": pd.DataFrame({"people_share": [0, 0.5, 1], "value_share": [0, 0.25, 1]}),
        **dict.fromkeys(("theil_total", "theil_between", "theil_within"), 0.1),
        **dict.fromkeys(("concentration_density", "concentration_elevation", "moran_i", "moran_p"), 0.1),
        "clusters": pd.DataFrame({"town_code": [], "kind": [], "p_value": []}),
        "unknown": (),
        "best": pd.DataFrame(places),
        "worst": pd.DataFrame(places),
        "national": 4.5,
    }
    return DivideFinding(**(given_ | changes))


def townships(slope=1.0):
    density = np.array([10.0, 20, 50, 100, 200, 500, 1000, 2000, 5000, 0])
    values = 50 + slope * np.arange(10.0)
    values[9] = NAN
    frame = pd.DataFrame({"density_per_km2": density, "dl_mbps_best": values})
    return frame.assign(remote=[True] * 3 + [False] * 7)


def scatter(frame):
    return scatter_chart(frame, "density_per_km2", "dl_mbps_best", frame["remote"])


ALL = {
    "gap": lambda: gap_chart(finding()),
    "lorenz": lambda: lorenz_chart(finding()),
    "scatter": lambda: scatter(townships()),
    "bullet": lambda: bullet_chart(DEFINITIONS),
    "worst": lambda: ranking_chart(finding()),
    "best": lambda: ranking_chart(finding(), "best"),
}


def texts(svg, language=None):
    nodes = [n for n in ET.fromstring(svg).iter() if n.tag.endswith("}text")]
    return [n.text for n in nodes if language is None or n.get("class") in (None, language)]


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_a_chart_is_safe_svg_that_names_itself(make):
    chart = make()
    root = ET.fromstring(chart.svg)
    tags = {node.tag.split("}")[1] for node in root.iter()}
    assert not tags & {"script", "foreignObject", "image", "use", "a"}
    attributes = [(name, value) for node in root.iter() for name, value in node.attrib.items()]
    assert not any(name.startswith("on") for name, _ in attributes)
    references = [target for _, value in attributes for target in re.findall(r"url\(([^)]*)\)", value)]
    ids = [value for name, value in attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in references} <= set(ids)
    assert "http" not in chart.svg.replace("http://www.w3.org/2000/svg", "")
    assert root.get("role") == "img"
    assert chart.finding.zh in root.find("{*}desc").text
    assert chart.finding.en in root.find("{*}desc").text
    classed = [(node.get("class"), node.text) for node in root.iter() if node.get("class")]
    assert {name for name, _ in classed} == {"zh", "en"}
    assert not any(re.search(r"[\u4e00-\u9fff]", text) for name, text in classed if name == "en")


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_the_same_data_give_the_same_bytes(make):
    assert make().svg == make().svg


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_words_and_marks_have_contrast_on_white(make):
    svg = make().svg
    root = ET.fromstring(svg)
    for node in root.iter():
        if node.tag.endswith("}text"):
            assert contrast(node.get("fill"), "#ffffff") >= 4.5
        if node.tag.endswith("}circle"):
            assert max(contrast(node.get(k) or "#ffffff", "#ffffff") for k in ("fill", "stroke")) >= 3


def test_the_gap_chart_draws_the_numbers_of_its_table_and_hatches_the_unknown():
    chart = gap_chart(finding())
    drawn = texts(chart.svg, "zh")
    shown = chart.table.dropna(subset=["value"])["value"]
    assert [f"{value:.2f}" for value in shown] == [t for t in drawn if re.fullmatch(r"\d+\.\d\d", t)]
    assert "無資料" in drawn
    assert chart.svg.count("url(#c-gap-base-stations-4g-per-1000-hatch)") == 1


def test_marks_stand_where_their_values_are():
    chart = gap_chart(finding())
    circles = [n for n in ET.fromstring(chart.svg).iter() if n.tag.endswith("}circle") and n.get("cx")]
    at = [float(n.get("cx").rstrip("%")) for n in circles]
    expected = [2 + 95 * value / (9 * 1.04) for value in (4.0, 9.0, 6.0, 3.0)]
    assert at == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("a", "b", "zh", "en"),
    [
        (8.0, 4.0, "是後者的 2.0 倍", "2.0 times the 4.00"),
        (4.4, 4.0, "比後者高 10 %", "10 % above the 4.00"),
        (3.0, 4.0, "比後者低 25 %", "25 % below the 4.00"),
        (1.0, 4.0, "只有後者的 25 %", "only 25 % of the 4.00"),
        (0.2, 4.0, "只有後者的 5.0 %", "only 5.0 % of the 4.00"),
        (4.0, 4.0, "與後者相同", "the same as the 4.00"),
        (4.0, 0.0, "前者較高", "more than the 0"),
        (NAN, 4.0, "偏遠鄉鎮市區無資料，無法比較", "remote townships are unknown"),
        (4.0, NAN, "非偏遠鄉鎮市區無資料，無法比較", "non-remote townships are unknown"),
    ],
)
def test_the_sentence_turns_round_with_the_numbers(a, b, zh, en):
    said = gap_chart(finding(a, b)).finding
    assert zh in said.zh
    assert en in said.en


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_a_comparison_never_points_the_wrong_way(a, b):
    said = compared(a, b).en
    if a > b:
        assert "below" not in said
        assert "only" not in said
    if a < b:
        assert "above" not in said
        assert "times" not in said


def test_bounds_that_overlap_leave_the_direction_open():
    open_, groups = finding(5.0, 4.0), finding(5.0, 4.0).groups
    groups.loc[groups["group"] == "remote", "low"] = 3.0
    assert "不能確定" in gap_chart(replace(open_, groups=groups)).finding.zh
    assert "不能確定" not in gap_chart(open_).finding.zh


def test_unknown_townships_are_counted_in_the_sentence():
    assert "2 個鄉鎮市區無資料" in gap_chart(finding(unknown=("a", "b"))).finding.zh
    assert "1 township is unknown" in gap_chart(finding(unknown=("a",))).finding.en


def test_the_lorenz_curve_says_what_the_lower_half_has():
    chart = lorenz_chart(finding())
    assert "25.0 %" in texts(chart.svg)
    assert "只占總量的 25.0 %" in chart.finding.zh
    assert "0.250" in chart.finding.en
    assert chart.table.iloc[:, 1].tolist() == pytest.approx([0, 5, 10, 15, 20, 25, 40, 55, 70, 85, 100])
    empty = lorenz_chart(finding(gini=NAN, lorenz=pd.DataFrame({"people_share": [], "value_share": []})))
    assert "無資料" in texts(empty.svg)
    assert "無法計算" in empty.finding.zh


@pytest.mark.parametrize(("slope", "zh", "en"), [(1, "愈高（", "rises"), (-1, "愈低（", "falls")])
def test_the_scatter_says_which_way_it_slopes(slope, zh, en):
    said = scatter(townships(slope)).finding
    assert zh in said.zh
    assert en in said.en


@pytest.mark.parametrize(("low", "high", "wanted"), [
    (1, 1000, [1, 10, 100, 1000]),
    (8, 60, [10, 20, 50]),
    (12, 48, [20, 30, 40]),
    (20, 20, [20]),
])  # fmt: skip
def test_a_logarithmic_axis_has_marks_to_read_it_by(low, high, wanted):
    assert _log_ticks(math.log10(low), math.log10(high)) == pytest.approx(wanted)


def test_both_axes_of_a_scatter_have_units_and_abbreviations_stay():
    frame = townships().assign(ul_mbps_best=lambda f: f["density_per_km2"] / 100 + 12)
    chart = scatter_chart(frame, "ul_mbps_best", "dl_mbps_best", frame["remote"], columns=200)
    said = texts(chart.svg)
    assert "橫軸：最快業者 4G 上傳速率（Mbps，對數）；縱軸：最快業者 4G 下載速率（Mbps）" in said
    assert "across: 4G upload speed of the best operator (Mbps, logarithmic); up: Mbps" in said
    assert "with 4G upload speed" in chart.finding.en
    assert [lowered(text) for text in ("Wi-Fi hotspots", "NCC", "4G speed", "Download speed")] == [
        "Wi-Fi hotspots", "NCC", "4G speed", "download speed",
    ]  # fmt: skip


def test_the_scatter_draws_every_known_township_and_counts_the_rest():
    frame = townships()
    frame.loc[9, "density_per_km2"] = 9000.0  # people live there and nothing is known
    chart = scatter(frame)
    svg = chart.svg
    assert svg.count("<circle") == 6 + 1  # non-remote, and the key
    assert svg.count("H-5Z") == 3 + 1  # remote
    assert "9 個鄉鎮市區；1 個無資料" in chart.finding.zh
    assert chart.table["units"].sum() == 10
    assert chart.table["unknown_units"].sum() == 1
    assert "資料不足" in scatter(frame.assign(dl_mbps_best=NAN)).finding.zh


def test_a_figure_beyond_its_target_is_drawn_beyond_it():
    chart = bullet_chart(DEFINITIONS)
    five = chart.table[[name.en.startswith("5G") for name in chart.table["name"]]].iloc[0]
    assert (five["official_2021"], five["target_2025"]) == (90.65, 85)
    assert "高於目標 5.65 個百分點" in chart.finding.zh
    assert "低於目標 51.5 個百分點" in chart.finding.zh
    assert "已達 1 項" in chart.finding.zh
    assert "2021：90.65 %　目標 2025：85 %　已達" in texts(chart.svg, "zh")
    over = {"x": replace(DEFINITIONS["mobile_5g_population"], official_2021=130.0)}
    rects = [n for n in ET.fromstring(bullet_chart(over).svg).iter() if n.tag.endswith("}rect")]
    widths = [float(n.get("width").rstrip("%")) for n in rects]
    assert widths == pytest.approx([95, 95])  # the scale grows with the figure


def test_an_existence_is_never_drawn_among_shares():
    one = replace(DEFINITIONS["remote_towns_1g"], target_2025=86)
    assert bullet_chart({one.id: one}).table.empty


def test_what_was_computed_stands_beside_the_official_figure():
    ids = ["mobile_5g_population"]
    frame = pd.DataFrame({"indicator": ids, "level": "nation", "status": "computed", "value": [77.0]})
    chart = bullet_chart({name: DEFINITIONS[name] for name in ids}, frame)
    assert chart.table["value"].tolist() == [77.0]


def test_a_ranking_defuses_names_and_keeps_its_numbers():
    chart = ranking_chart(finding())
    assert HOSTILE not in chart.svg
    assert f"花蓮縣{HOSTILE}" in texts(chart.svg)
    assert "0.50" in texts(chart.svg)
    assert any(text.startswith("全國 ") for text in texts(chart.svg, "zh"))  # what the dashed line is
    empty = finding(worst=finding().worst.iloc[:0], national=NAN)
    assert "無資料" in ranking_chart(empty).finding.zh


@given(st.floats(1e-6, 1e9))
def test_ticks_are_even_begin_at_zero_and_stay_inside(top):
    found = ticks(top)
    assert found[0] == 0
    assert found[-1] <= top * (1 + 1e-9)
    assert 2 <= len(found) <= 7
    steps = np.diff(found)
    assert np.allclose(steps, steps[0])
    mantissa = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
    assert min(abs(mantissa - m) for m in (1, 2, 2.5, 5, 10)) < 1e-6


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_word_is_cut_off_at_any_width(tmp_path, width, language):
    hide = {"zh": "en", "en": "zh"}[language]
    charts = "".join(f"<div>{make().svg}</div>" for make in ALL.values())
    page = (
        f"<!doctype html><meta charset=utf-8><title>c</title><style>.{hide}{{display:none}}</style>{charts}"
    )
    (tmp_path / "c.html").write_text(page, encoding="utf-8")
    with opened(tmp_path / "c.html", width=width) as visit:
        cut = visit.page.evaluate(
            """() => [...document.querySelectorAll('svg text')].filter(t => {
                 const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();
                 return a.width && (a.left < b.left - 2 || a.right > b.right + 2 || a.bottom > b.bottom + 2);
               }).map(t => t.textContent)"""
        )
        assert cut == []
        assert not visit.scrolls_sideways()
        assert visit.outside == []
        assert visit.dialogs == []
