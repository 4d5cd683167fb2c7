"""SVG as text: valid, escaped, bilingual."""

import defusedxml.ElementTree as ET  # noqa: N817
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_geodata.text import Text
from notspot_maps.drawing.svg import (
    drawing,
    element,
    identifier,
    lines,
    number,
    pattern,
    plain,
    text_columns,
    unknown_pattern,
    words,
    wrapped,
)

NS = "{http://www.w3.org/2000/svg}"


@given(st.text())
def test_any_text_is_text_and_nothing_else(text):
    root = ET.fromstring(element("svg", element("text", plain(text)), aria_label=text))
    assert [child.tag for child in root.iter()] == ["svg", "text"]
    readable = "".join("\ufffd" if plain(c) == "\ufffd" else c for c in text)
    assert (root[0].text or "").replace("\r", "\n") == readable.replace("\r\n", "\n").replace("\r", "\n")


def test_html_in_a_name_cannot_leave_its_element():
    assert "<script" not in words(0, 0, Text.of("</text><script>alert(1)</script>"))
    assert 'onload="' not in element("text", x='" onload="alert(1)')


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.126, "0.13"), (-0.001, "0"), (100, "100"), (1e6, "1000000"), (2.5, "2.5")],
)
def test_coordinates_are_short(value, text):
    assert number(value) == text


def test_words_stand_in_both_languages_and_once_where_they_are_the_same():
    both = ET.fromstring(f"<g>{words('50%', 10, Text('無資料', 'unknown'))}</g>")
    assert [(t.get("class"), t.get("lang"), t.text) for t in both] == [
        ("zh", "zh-Hant", "無資料"),
        ("en", "en", "unknown"),
    ]
    once = ET.fromstring(f"<g>{words(1, 10, Text.of('3.5'))}</g>")
    assert [(t.get("class"), t.text) for t in once] == [(None, "3.5")]


@given(st.text(alphabet="ab 臺東，。", max_size=80), st.integers(6, 30))
def test_wrapping_keeps_every_letter_and_the_width(text, columns):
    out = wrapped(text, columns)
    assert "".join(out).replace(" ", "") == text.replace(" ", "")
    longest = max(
        (text_columns(word) for word in text.replace("臺", " ").replace("東", " ").split()), default=0
    )
    assert all(
        text_columns(line) <= max(columns, longest) + 2 * 80 * ("，" in line or "。" in line) for line in out
    )


def test_a_percent_sign_begins_no_line():
    for columns in range(8, 40):
        for text in ("does not reach (39.9 %) would be, 34.7 % of them", "人口占 0.5 %，土地占 29.6 %。"):
            assert not any(line.startswith("%") for line in wrapped(text, columns))


def test_lines_are_as_many_as_the_longer_language_needs():
    root = ET.fromstring(
        f"<g>{lines(0, 10, Text('短', 'a much longer sentence in English'), columns=12)}</g>"
    )
    assert [t.text for t in root.iter() if t.get("class") == "zh"] == ["短"]
    english = [t for t in root.iter() if t.get("class") == "en"]
    assert " ".join(t.text for t in english) == "a much longer sentence in English"
    assert [float(t.get("y")) for t in english] == [10 + 17 * i for i in range(len(english))]


def test_a_drawing_is_named_and_described_and_holds_its_ids_apart():
    svg = drawing(
        "c-a", Text("題", "title"), Text("述", "text"), [], height=10, defs=[unknown_pattern("c-a")]
    )
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    named = {child.get("id"): child.text for child in root}
    assert named[root.get("aria-labelledby")] == "題｜title"
    assert named[root.get("aria-describedby")] == "述｜text"
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("c-a-") for name in ids)


def test_patterns_differ_by_their_marks_not_only_by_colour():
    drawn = {
        pattern("p", kind, "#ffffff", "#000000").replace(kind, "")
        for kind in ("hatch", "dots", "cross", "rise")
    }
    assert len(drawn) == 4
    assert 'patternTransform="scale(10) rotate(45)"' in pattern("p", "hatch", "#fff", "#000", scale=10)


def test_an_identifier_is_safe_in_a_reference():
    assert identifier('a"b)<c d') == "c-a-b-c-d"
