"""Inequality: laws, a hand calculation and the library where both say the same."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from notspot_coverage.inequality import concentration, gini, lorenz, theil
from notspot_geodata.errors import UsageError

law = settings(deadline=None, max_examples=60)  # a slow machine breaks no law
amounts = st.one_of(st.just(0.0), st.floats(0.01, 1000))
people = st.floats(0.1, 1000)


@st.composite
def units(draw, smallest=1, values=amounts):
    row = st.tuples(values, people, st.sampled_from("ABC"), st.floats(0, 100))
    rows = draw(st.lists(row, min_size=smallest, max_size=30))
    assume(sum(value * weight for value, weight, _, _ in rows) > 1e-6)
    value, weight, county, order = zip(*rows, strict=True)
    return np.array(value), np.array(weight), np.array(county), np.array(order)


def test_gini_by_hand():
    # 10 people with 1 and 30 people with 3: Lorenz through (1/4, 1/10); area under it
    # 1/2 * 1/4 * 1/10 + 3/4 * (1/10 + 1) / 2 = 0.425, so the Gini is 1 - 2 * 0.425.
    assert gini([1, 3], [10, 30]) == pytest.approx(0.15)
    curve = lorenz([3, 1], [30, 10])
    assert curve["people_share"].tolist() == pytest.approx([0, 0.25, 1])
    assert curve["value_share"].tolist() == pytest.approx([0, 0.1, 1])


def test_concentration_by_hand():
    # The poorer half first in the order gives the Gini, the richer half first its negative.
    assert gini([0, 2], [1, 1]) == pytest.approx(0.5)
    assert concentration([0, 2], [1, 1], [5, 9]) == pytest.approx(0.5)
    assert concentration([0, 2], [1, 1], [9, 5]) == pytest.approx(-0.5)
    assert concentration([0, 2], [1, 1], [7, 7]) == pytest.approx(0)


def test_theil_by_hand():
    # Mean 2; county A has 1 and 3, county B has 2 twice: all of it is within, and that in A only.
    whole = (0.5 * math.log(0.5) + 1.5 * math.log(1.5)) / 4
    found = theil([1, 3, 2, 2], [1, 1, 1, 1], list("AABB"))
    assert (found.total, found.between, found.within) == pytest.approx((whole, 0, whole))
    # One county with 1, one with 3: all of it is between.
    found = theil([1, 1, 3], [5, 5, 10], list("AAB"))
    between = (0.5 * math.log(0.5) + 1.5 * math.log(1.5)) / 2
    assert (found.total, found.between, found.within) == pytest.approx((between, between, 0))


def test_one_who_has_everything():
    assert gini([0, 0, 0, 1], [1, 1, 1, 1]) == pytest.approx(0.75)
    assert theil([0, 0, 0, 1], [1, 1, 1, 1], list("AAAB")).total == pytest.approx(math.log(4))


def test_a_county_where_nobody_has_anything_adds_nothing_within():
    found = theil([0, 0, 2, 2], [1, 1, 1, 1], list("AABB"))
    assert found.within == 0
    assert found.between == pytest.approx(math.log(2)) == pytest.approx(found.total)


@law
@given(units(smallest=2, values=st.floats(0.01, 1000)))
def test_without_weights_it_is_the_library(rows):
    from inequality.gini import Gini
    from inequality.theil import TheilD

    value, _, county, _ = rows
    one = np.ones(len(value))
    assert gini(value, one) == pytest.approx(Gini(value).g, abs=1e-9)
    ours, library = theil(value, one, county), TheilD(value, county)
    assert ours.total == pytest.approx(float(library.T), abs=1e-9)
    assert ours.between == pytest.approx(float(np.ravel(library.bg)[0]), abs=1e-9)


@law
@given(units())
def test_bounds(rows):
    value, weight, county, order = rows
    assert -1e-9 <= gini(value, weight) < 1
    index = concentration(value, weight, order)
    assert abs(index) <= gini(value, weight) + 1e-9  # no order concentrates more than the values' own
    found = theil(value, weight, county)
    assert found.total >= -1e-9
    assert found.between >= -1e-9
    assert found.within >= -1e-9
    assert found.total == pytest.approx(found.between + found.within, abs=1e-9)


@law
@given(units(), st.floats(0.01, 100), st.floats(0.01, 100))
def test_scaling_values_or_people_changes_nothing(rows, by_value, by_people):
    value, weight, county, order = rows
    scaled = value * by_value, weight * by_people
    assert gini(*scaled) == pytest.approx(gini(value, weight), abs=1e-9)
    assert concentration(*scaled, order) == pytest.approx(concentration(value, weight, order), abs=1e-9)
    assert theil(*scaled, county).within == pytest.approx(theil(value, weight, county).within, abs=1e-9)


@law
@given(units(), st.floats(0.01, 0.99), st.integers(0, 100))
def test_splitting_a_township_into_two_equal_ones_changes_nothing(rows, share, which):
    value, weight, county, order = rows
    i = which % len(value)
    two = [np.append(array, array[i]) for array in (value, weight, county, order)]
    two[1][i], two[1][-1] = weight[i] * share, weight[i] * (1 - share)
    assert gini(two[0], two[1]) == pytest.approx(gini(value, weight), abs=1e-9)
    assert concentration(two[0], two[1], two[3]) == pytest.approx(
        concentration(value, weight, order), abs=1e-9
    )
    assert theil(two[0], two[1], two[2]).between == pytest.approx(
        theil(value, weight, county).between, abs=1e-9
    )
    assert len(lorenz(two[0], two[1])) == len(lorenz(value, weight))


@law
@given(units(), st.randoms())
def test_the_order_of_rows_changes_nothing(rows, random):
    value, weight, county, order = rows
    mixed = list(range(len(value)))
    random.shuffle(mixed)
    assert gini(value[mixed], weight[mixed]) == pytest.approx(gini(value, weight), abs=1e-9)
    assert concentration(value[mixed], weight[mixed], order[mixed]) == pytest.approx(
        concentration(value, weight, order), abs=1e-9
    )
    assert theil(value[mixed], weight[mixed], county[mixed]).total == pytest.approx(
        theil(value, weight, county).total, abs=1e-9
    )


@law
@given(units())
def test_the_lorenz_curve_is_convex_and_encloses_the_gini(rows):
    value, weight, _, _ = rows
    curve = lorenz(value, weight)
    x, y = curve["people_share"].to_numpy(), curve["value_share"].to_numpy()
    assert (x[0], y[0]) == (0, 0)
    assert (x[-1], y[-1]) == pytest.approx((1, 1))
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    assert (y <= x + 1e-9).all()
    assert (
        np.diff(y)[1:] * np.diff(x)[:-1] >= np.diff(y)[:-1] * np.diff(x)[1:] - 1e-9
    ).all()  # steeper and steeper
    assert gini(value, weight) == pytest.approx(1 - 2 * np.trapezoid(y, x), abs=1e-9)


def test_nothing_to_share_is_undefined_not_equal():
    for value, weight in (([0, 0], [1, 1]), ([], []), ([3, 4], [0, 0])):
        assert math.isnan(gini(value, weight))
        assert math.isnan(concentration(value, weight, value))
        assert math.isnan(theil(value, weight, ["A"] * len(value)).total)
        assert lorenz(value, weight).empty


def test_units_of_no_weight_do_not_count():
    assert gini([1, 3, 99], [10, 30, 0]) == pytest.approx(0.15)
    assert theil([1, 3, 99], [1, 1, 0], list("ABC")).total == pytest.approx(
        theil([1, 3], [1, 1], list("AB")).total
    )


@pytest.mark.parametrize(
    ("value", "weight", "says"),
    [
        ([1, float("nan")], [1, 1], "drop"),
        ([1, -1], [1, 1], "below 0"),
        ([1], [-1], "below 0"),
        ([1], [1, 2], "length"),
    ],
)
def test_what_cannot_be_ranked_is_refused(value, weight, says):
    with pytest.raises(UsageError, match=says):
        gini(value, weight)
