"""Classes and colours: what the legend says is what the map shows."""

import dataclasses
import itertools

import mapclassify
import numpy as np
import pytest
from atlas_results import DEFINITIONS
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_coverage.definitions import parse_indicators
from notspot_geodata.errors import UsageError
from notspot_maps.classes import Choice, Classes, classes, classes_for, natural_breaks, quantiles, readable
from notspot_maps.palette import PUOR

values = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=80)
DEFINED = parse_indicators(DEFINITIONS, "test")


@settings(deadline=None)
@given(values, st.sampled_from(["quantiles", "natural"]))
def test_edges_rise_no_class_is_empty_and_every_value_has_one(found, method):
    made = classes(found, method)
    assert list(made.edges) == sorted(set(made.edges))
    assert len(made.colours) == len(made.edges) + 1 == len(set(made.colours))
    assert set(made.of(found)) == set(range(len(made.colours)))


@settings(deadline=None)
@given(values)
def test_a_larger_value_is_never_in_a_lower_class(found):
    ordered = sorted(found)
    assert np.all(np.diff(classes(ordered).of(ordered)) >= 0)


def test_unknown_has_no_class_and_no_say():
    with_gaps = [1.0, np.nan, 2.0, 3.0, np.nan, 4.0, 5.0, 6.0, 7.0]
    known = [value for value in with_gaps if value == value]
    assert classes(with_gaps) == classes(known)
    assert classes(with_gaps).of(with_gaps)[[1, 4]].tolist() == [-1, -1]


def test_a_value_on_an_edge_belongs_below_it():
    made = Classes("fixed", (10.0, 20.0), ("#000000", "#555555", "#aaaaaa"))
    assert made.of([10, 10.1, 20, 21]).tolist() == [0, 1, 1, 2]


def test_quantiles_hold_about_as_many_each():
    found = np.random.default_rng(7).lognormal(size=368)
    counts = np.bincount(classes(found, "quantiles").of(found))
    assert counts.min() > 368 / 5 * 0.7
    assert counts.max() < 368 / 5 * 1.3


def test_natural_breaks_part_two_clear_clumps():
    found = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 90, 91, 92, 93, 94, 95]
    made = classes(found, "natural", count=2)
    assert len(made.edges) == 1
    assert 1.5 <= made.edges[0] < 90


def test_diverging_steps_are_equal_and_the_centre_is_an_edge():
    made = classes([20, 40, 90], "diverging", centre=60, count=6)
    assert 60 in made.edges
    assert np.allclose(np.diff(made.edges), np.diff(made.edges)[0])
    assert made.colours == PUOR[6]


@pytest.mark.parametrize(
    ("count", "edges"),
    [(3, [56.65, 63.35]), (5, [54, 58, 62, 66]), (7, [52.75, 55.65, 58.55, 61.45, 64.35, 67.25])],
)
def test_an_odd_number_of_diverging_classes_has_one_around_the_centre(count, edges):
    """The farther end is 10 away: 1.5, 2.5 or 3.5 steps of 6.7, 4 or 2.9."""
    made = classes([50, 68], "diverging", centre=60, count=count)
    assert made.edges == pytest.approx(edges)
    assert made.colours[count // 2] == "#f7f7f7"
    assert made.of([60]).tolist() == [count // 2]


def test_steps_past_the_last_value_are_left_out_and_colours_keep_their_meaning():
    """
    Shares of 40 to 99 around 95 in six classes: steps of 18 to 59, 77, 95, and none beyond 100 %.

    All below the centre: what lies above it keeps one class, and with it the colour of that side.
    """
    made = classes([40, 70, 90, 99], "diverging", centre=95, count=6)
    assert made.edges == (59, 77, 95)
    assert made.colours == PUOR[6][:4]
    assert made.of([40, 70, 90, 99]).tolist() == [0, 1, 2, 3]
    assert classes([40, 70, 90], "diverging", centre=95, count=5).edges == pytest.approx((62, 84, 106))


def test_few_distinct_values_get_a_class_each():
    made = classes([0, 100, 0, 100, 100])
    assert made.method == "values"
    assert made.of([0, 100]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("indicator", "found", "method"),
    [
        ("reached", [10, 50, 70, 90], "diverging"),  # values on both sides of its target
        ("published", [10, 50, 70, 90], "fixed"),  # a share without a target
        ("speed", [10, 50, 70, 90, 3, 2, 1], "quantiles"),
        ("speed", [np.nan, np.nan], "values"),
    ],
)
def test_an_indicator_is_classed_as_its_kind_asks(indicator, found, method):
    assert classes_for(DEFINED[indicator], found).method == method


def test_counts_are_parted_at_natural_breaks_and_speeds_at_fixed_ones():
    count = dataclasses.replace(DEFINED["speed"], kind="count")
    speed = dataclasses.replace(DEFINED["speed"], id="dl_mbps_best")
    found = [1.0, 2, 4, 8, 30, 150, 170, 260]
    assert classes_for(count, found).method == "natural"
    assert 100 in classes_for(speed, found).edges


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("natural:6", Choice("natural", 6)),
        ("quantiles", Choice("quantiles")),
        ("fixed:20,40.5", Choice("fixed", edges=(20.0, 40.5))),
        ("fixed:", Choice("fixed")),
        ("diverging:6", Choice("diverging", 6)),
        ("diverging:4:75.9", Choice("diverging", 4, centre=75.9)),
    ],
)
def test_a_choice_is_read_as_the_address_writes_it(text, choice):
    assert Choice.parse(text) == choice


@pytest.mark.parametrize(
    "text", ["", "jenks:5", "natural:8", "natural:1", "natural:x", "fixed:a", "diverging:6:x"]
)
def test_a_choice_of_nothing_is_refused(text):
    with pytest.raises(UsageError, match="write natural:6"):
        Choice.parse(text)


def test_an_analyst_s_choice_goes_before_the_rule():
    """`reached` is a share with the target 60, `published` one without a target."""
    found = [10, 20, 30, 50, 70, 90]
    assert classes_for(DEFINED["reached"], found, Choice("quantiles", 3)).method == "quantiles"
    assert classes_for(DEFINED["reached"], found, Choice("fixed")).edges == (20, 40, 60, 80)
    assert classes_for(DEFINED["reached"], found, Choice("diverging", 4)).edges == (35, 60, 85)
    assert classes_for(DEFINED["published"], found, Choice("diverging", 2, centre=50)).edges == (50,)
    with pytest.raises(UsageError, match="centre"):
        classes_for(DEFINED["published"], found, Choice("diverging"))


@pytest.mark.parametrize(
    "call", [{"method": "fixed"}, {"method": "fixed", "edges": range(7)}, {"method": "diverging"}]
)
def test_what_a_method_needs_is_asked_for(call):
    with pytest.raises(UsageError):
        classes([1, 2, 3, 4, 5, 6, 7, 8], **call)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), (123.0, 123), (1234.5, 1200), (0.04567, 0.046), (9.96, 10), (0.125, 0.13), (-1250.0, -1300)],
)
def test_edges_are_rounded_to_what_a_person_reads(value, expected):
    assert readable(value) == pytest.approx(expected)


# ------------------------------------------------------------------ against the library


def _within(values: np.ndarray, tops: np.ndarray) -> float:
    """Sum of squared deviations from the mean of each class."""
    of = np.searchsorted(tops, values, side="left")
    return float(sum(((values[of == c] - values[of == c].mean()) ** 2).sum() for c in np.unique(of)))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 500), min_size=12, max_size=60).filter(lambda v: len(set(v)) > 7),
    st.integers(2, 7),
)
def test_natural_breaks_are_as_good_as_mapclassify_s(drawn: list[int], count: int) -> None:
    values = np.array(drawn, dtype=float)
    theirs = mapclassify.FisherJenks(values, k=count).bins
    ours = natural_breaks(values, count)
    assert len(ours) == count
    assert ours[-1] == values.max()
    assert _within(values, ours) <= _within(values, theirs) * (1 + 1e-9) + 1e-9


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-30, 30), min_size=1, max_size=9), st.integers(1, 7))
def test_no_other_grouping_has_less_variance(drawn: list[int], count: int) -> None:
    """Every way to cut the sorted distinct values, tried one by one."""
    values = np.array(drawn, dtype=float)
    distinct = np.unique(values)
    count = min(count, len(distinct))
    cuts = itertools.combinations(range(len(distinct) - 1), count - 1)
    least = min(_within(values, distinct[[*cut, len(distinct) - 1]]) for cut in cuts)
    assert _within(values, natural_breaks(values, count)) == pytest.approx(least, abs=1e-9)


def test_natural_breaks_by_hand() -> None:
    assert natural_breaks([1, 2, 3, 100, 101, 102, 500], 3).tolist() == [3, 102, 500]
    assert natural_breaks([5, 5, 5], 3).tolist() == [5]


def test_quantiles_are_the_last_values_below_mapclassify_s() -> None:
    """The library's lie between two values of the map; what is told apart is the same."""
    drawn = np.random.default_rng(7).lognormal(size=368)
    ours, theirs = quantiles(drawn, 5), mapclassify.Quantiles(drawn, k=5).bins
    assert np.isin(ours, drawn).all()
    assert np.array_equal(np.searchsorted(ours, drawn), np.searchsorted(theirs, drawn))
