"""Palettes: every reader tells the classes apart, and nothing is told by colour alone."""

import itertools

import numpy as np
import pytest
from colour_vision import MACHADO, ciede2000, seen

from notspot_geodata.errors import NotFoundError
from notspot_maps.palette import (
    DIVERGING,
    INK,
    OKABE_ITO,
    PAPER,
    SEQUENTIAL,
    UNKNOWN_FILL,
    UNKNOWN_HATCH,
    colours,
    contrast,
    luminance,
    rim,
)

COUNTS = range(2, 8)
# CIEDE2000 between any two classes for every kind of colour vision. About 2 is seen when two patches touch;
# legend and map lie apart, so five times that where a reader can still be asked to tell classes by colour
# (up to five), and more than twice it with six or seven, where the legend's patterns help.
APART_UP_TO_FIVE, APART_BEYOND = 10.0, 5.0


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_measure_is_the_published_one(one, other, far):
    """Sharma, Wu, Dalal (2005), Color Research and Application 30(1), table 1: pairs 1, 7, 12, 17, 25."""
    assert ciede2000(one, other) == pytest.approx(far, abs=5e-5)
    assert ciede2000(other, one) == pytest.approx(far, abs=5e-5)


@pytest.mark.parametrize("vision", MACHADO)
def test_greys_stay_grey_and_the_ends_stay_the_ends(vision):
    for colour, light in (("#000000", 0), ("#777777", 50.03), ("#ffffff", 100)):
        assert seen(colour, vision) == pytest.approx([light, 0, 0], abs=0.05)


def test_red_and_green_of_one_lightness_are_as_good_as_one_colour_to_some_readers():
    """The simulation tells what it is asked for: a pair that fails."""
    apart = {vision: ciede2000(seen("#c05a40", vision), seen("#7d7c1c", vision)) for vision in MACHADO}
    assert apart["normal"] > 3 * apart["deuteranopia"]
    assert apart["deuteranopia"] < APART_UP_TO_FIVE


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize("name", [*SEQUENTIAL, *DIVERGING])
def test_any_two_classes_can_be_told_apart(name, vision):
    for count in COUNTS:
        pairs = itertools.combinations([seen(colour, vision) for colour in colours(name, count)], 2)
        nearest = min(ciede2000(one, other) for one, other in pairs)
        assert nearest >= (APART_UP_TO_FIVE if count <= 5 else APART_BEYOND), (count, nearest)


@pytest.mark.parametrize("vision", MACHADO)
def test_the_colours_of_kinds_can_be_told_apart(vision):
    pairs = itertools.combinations([seen(colour, vision) for colour in OKABE_ITO], 2)
    assert min(ciede2000(one, other) for one, other in pairs) >= APART_UP_TO_FIVE


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize("name", SEQUENTIAL)
def test_a_scale_in_one_direction_goes_steadily_from_light_to_dark_or_back(name, vision):
    """By at least six of the hundred steps of lightness a class: order is seen without any hue."""
    for count in COUNTS:
        steps = np.diff([seen(colour, vision)[0] for colour in colours(name, count)])
        assert (steps >= 6).all() or (steps <= -6).all(), (count, steps)


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize("name", DIVERGING)
def test_both_arms_of_a_scale_with_a_middle_darken_outwards(name, vision):
    for count in range(3, 8):
        light = [seen(colour, vision)[0] for colour in colours(name, count)]
        half = (count + 1) // 2
        assert (np.diff(light[:half]) > 0).all(), count
        assert (np.diff(light[-half:]) < 0).all(), count


@pytest.mark.parametrize("name", [*SEQUENTIAL, *DIVERGING])
def test_every_swatch_differs_by_three_to_one_from_the_line_that_touches_it(name):
    """
    Neighbours cannot all differ so much from each other, so that the line between them has to: from the
    swatch inside it, and, where it is white, from the ink outside it.
    """
    assert contrast(INK, PAPER) >= 4.5
    for count in range(1, 8):
        for colour in colours(name, count):
            assert rim(colour) in (INK, PAPER)
            assert contrast(colour, rim(colour)) >= 3
    lightest, darkest = (
        sorted(map(luminance, colours(name, 5)))[-1],
        sorted(map(luminance, colours(name, 5)))[0],
    )
    assert (lightest + 0.05) / (darkest + 0.05) < 3**4  # which is why


def test_unknown_is_hatched_by_three_to_one_and_is_none_of_the_scales():
    assert contrast(UNKNOWN_HATCH, UNKNOWN_FILL) >= 3
    for name in SEQUENTIAL:
        assert UNKNOWN_FILL not in colours(name, 7)


def test_text_on_paper_can_be_read_and_palettes_have_bounds():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert all(len(colours(name, 1)) == 1 for name in (*SEQUENTIAL, *DIVERGING))
    with pytest.raises(NotFoundError, match="8 classes"):
        colours("ylgnbu", 8)
    with pytest.raises(NotFoundError, match="no palette 'rainbow'"):
        colours("rainbow", 5)
