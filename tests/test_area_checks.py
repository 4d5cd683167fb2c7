"""Claimed shapes are looked at before they are counted."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from notspot_geodata.area_checks import check_shapes


def square(x: float, y: float = 0.0, size: float = 1.0) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def shapes(*items: object) -> np.ndarray:
    out = np.empty(len(items), dtype=object)
    out[:] = items
    return out


def test_a_tiling_has_nothing_to_say() -> None:
    tiles = shapes(*(square(x, y) for x in range(5) for y in range(5)))
    found = check_shapes(tiles, "areas", range(1, 26))
    assert found.keep.all()
    assert not found.problems
    assert not found.harmless
    assert not found.notes


def test_the_same_ground_counts_once_for_an_operator() -> None:
    turned = shapely.Polygon([(1, 1), (0, 1), (0, 0), (1, 0)])  # the square at 0, begun elsewhere
    found = check_shapes(
        shapes(square(0), turned, square(0), square(0.5)), "areas", [1, 2, 3, 4], ["A", "A", "B", "A"]
    )
    assert found.keep.tolist() == [True, False, True, True]
    assert [problem.row for problem in found.harmless] == [2]
    assert "(rows 1, 4)" in found.notes[0].en
    assert "重疊" in found.notes[0].zh


def test_kinds_of_shapes() -> None:
    mixed = shapes(
        square(0),
        shapely.Point(0, 0),
        shapely.LineString([(0, 0), (1, 1)]),
        None,
        shapely.MultiPoint([(1, 1)]),
    )
    for kind, right in (("areas", [0]), ("points", [1, 4]), ("lines", [2])):
        found = check_shapes(mixed, kind, range(1, 6))
        assert np.flatnonzero(found.keep).tolist() == right
        assert [problem.row for problem in found.harmless] == [4]
        assert {problem.row for problem in found.problems} == {1, 2, 3, 5} - {at + 1 for at in right}


def test_nothing_at_all() -> None:
    found = check_shapes(shapes(), "areas", [])
    assert not found.keep.size


@given(places=st.lists(st.integers(0, 4), min_size=1, max_size=12), seed=st.randoms())
def test_what_is_left_covers_the_same_ground(places: list[int], seed) -> None:
    """Whatever stands twice and in whatever order: what is kept has the same union, and nothing twice."""
    order = list(places)
    seed.shuffle(order)
    given_shapes = shapes(*(square(x * 0.75) for x in order))
    found = check_shapes(given_shapes, "areas", range(len(order)))
    kept = given_shapes[found.keep]
    assert len(kept) == len(set(order))
    assert shapely.union_all(kept).equals(shapely.union_all(given_shapes))
    assert len(kept) + len(found.harmless) == len(order)
