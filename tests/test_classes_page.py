"""The page classes what its reader chooses as Python does: same edges, same colours, for the same values."""

import numpy as np
import pytest
from browser import launched

from notspot_maps.classes import SHARE_EDGES, SPEED_EDGES, Choice, classes
from notspot_maps.offline import asset
from notspot_maps.palette import INK, PAPER, UNKNOWN_FILL, UNKNOWN_HATCH, colours, rim

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run():
    """Evaluate an expression where words.js and classes.js are, with `given`; JSON in, JSON out."""
    page = launched().new_page()
    scripts = asset("words.js") + asset("classes.js") + asset("patterns.js")
    yield lambda expression, given=None: page.evaluate(
        f"(given) => {{ {scripts}; return {expression}; }}", given
    )
    page.close()


def awkward():
    """Random values and such as maps have: ties, few, one, none, unknown, negative, far apart, tiny and huge."""
    random = np.random.default_rng(20210930)
    yield from (random.lognormal(2, 1, size).tolist() for size in (8, 60, 368))
    yield random.normal(0, 1, 200).round(1).tolist()
    yield random.integers(0, 30, 368).astype(float).tolist()
    yield random.integers(-5, 5, 50).astype(float).tolist()
    yield (random.poisson(0.3, 300) / 8).tolist()  # nearly all zero, and figures that round half up
    yield random.choice([0.125, 0.375, 1.25, 12.5, 1250.0, 2450.0, 99.5, 1e-9], 40).tolist()
    yield [*random.uniform(0, 1, 40).tolist(), 1e12, -1e12]
    yield (random.uniform(1, 2, 30) * 1e300).tolist()
    yield (1e6 + random.uniform(0, 1e-3, 50)).tolist()  # apart only in the eighth digit
    yield [0.1, 0.2, 0.3, None, None, 0.3, 0.7, 0.9, 1.1, 5.5, -0.0, 0.0]
    yield from ([7.0] * 9, [1.0], [1.0, 2.0], [None, None], [], [-3.5, -3.5, 2.0, 2.0])
    yield random.lognormal(0, 1, 7701).tolist()  # as many as there are villages


def test_the_same_edges_and_colours_as_in_python(run):
    asked = []
    for values in awkward():
        counts = (5,) if len(values) > 1000 else range(2, 8)
        for count in counts:
            asked += [
                {"values": values, "method": m, "count": count} for m in ("quantiles", "natural", "values")
            ]
            asked += [
                {"values": values, "method": "diverging", "count": count, "centre": centre}
                for centre in (0.0, 0.3, 60.0)
            ]
        asked.append({"values": values, "method": "fixed", "edges": [80.0, 20.0, 20.0, 0.5]})
    found = run("given.map(({values, ...choice}) => classify(values, choice))", asked)
    for given, page in zip(asked, found, strict=True):
        values = np.array(given.pop("values"), dtype=float)
        python = classes(values, **given)
        assert page["method"] == python.method, given
        assert page["edges"] == list(python.edges), given
        assert page["colours"] == list(python.colours), given


def test_palettes_rims_and_rules_are_those_of_python(run):
    found = run(
        "({palettes: PALETTES, rules: RULES, rims: RIM, hatch: HATCH, touching: given.map(rimOf)})",
        [colour for name in ("ylgnbu", "puor") for count in range(1, 8) for colour in colours(name, count)],
    )
    assert {
        name: {int(n): tuple(steps) for n, steps in table.items()}
        for name, table in found["palettes"].items()
    } == {name: {count: colours(name, count) for count in range(1, 8)} for name in ("ylgnbu", "puor")}
    assert {name: tuple(edges) for name, edges in found["rules"].items()} == {
        "share": SHARE_EDGES,
        **SPEED_EDGES,
    }
    assert found["hatch"] == {"ground": UNKNOWN_FILL, "line": UNKNOWN_HATCH}
    assert found["rims"] == {"ink": INK, "paper": PAPER}
    assert found["touching"] == [
        rim(colour) for name in ("ylgnbu", "puor") for count in range(1, 8) for colour in colours(name, count)
    ]


@pytest.mark.parametrize(
    "text", ["natural:6", "quantiles:3", "fixed:20,40.5", "fixed:", "diverging:6", "diverging:5:75.9"]
)
def test_a_choice_is_written_and_read_back_as_in_python(run, text):
    read = run("choiceOf(given)", text)
    assert run("choiceText(given)", read) == text
    python = Choice.parse(text)
    assert read["method"] == python.method
    assert read.get("centre") == python.centre
    assert tuple(read.get("edges", ())) == python.edges
    assert read.get("count", python.count) == python.count


def test_nonsense_in_the_address_chooses_nothing(run):
    asked = [
        "",
        None,
        "jenks:5",
        "natural:99",
        "natural:2.5",
        "natural:x",
        "fixed:a,b",
        "diverging:6:x",
        "<b>",
        "fixed:1e999",
    ]
    assert run("given.map(choiceOf)", asked) == [None] * len(asked)


def test_what_classify_is_not_told_falls_back_to_quantiles(run):
    """An edge is missing, or a centre: the map is drawn all the same."""
    values = list(range(40))
    choices = "[{}, {method: 'fixed'}, {method: 'diverging'}, {method: 'moon', count: NaN}]"
    found = run(f"{choices}.map((choice) => classify(given, choice))", values)
    assert [each["method"] for each in found] == ["quantiles"] * 4
    assert {tuple(each["edges"]) for each in found} == {classes(values, "quantiles").edges}
