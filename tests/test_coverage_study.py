"""What a study declares of coverage is read strictly; a share, an existence and a count are never mixed."""

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot.coverage_inputs import read_inputs
from notspot.coverage_specs import (
    FigureSpec,
    FigureUnit,
    FileSpec,
    Having,
    LayerKind,
    LayerSpec,
    LinesSpec,
    Of,
    PeopleSpec,
    PlacesSpec,
    ServiceSpec,
    SurfaceKind,
    SurfaceSpec,
)
from notspot.coverage_study import TABLES
from notspot.study import FIGURES, Study
from notspot_coverage.counting.services import Areas, Basis, Bounds, Quantity, Sites
from notspot_coverage.definitions import official_indicators
from notspot_geodata.errors import InputError
from notspot_geodata.ledger import Ledger
from notspot_geodata.row_tests import RowTest

BASE = f"""
id = "mine"
year = 2021
title = "Mine"
boundaries = "embedded:2021-09"
rule = "remote_2020"
[[table]]
path = "{FIGURES}"
level = "township"
[[people]]
id = "registered"
path = "{FIGURES}"
level = "township"
people = "population"
[[layer]]
id = "drops"
kind = "sites"
path = "drops.csv"
radius_m = 400
[[layer]]
id = "model"
kind = "raster"
path = "rsrp.tif"
quantity = "rsrp_dbm"
at_least = -105
[[service]]
id = "fibre"
name = "Fibre"
layers = ["drops", "model"]
[[places]]
id = "venues"
path = "venues.csv"
[[figure]]
indicator = "mobile_5g_population"
service = "fibre"
of = "people"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    for name in ("drops.csv", "rsrp.tif", "venues.csv", "changes.csv"):
        (place / name).write_text("a\n", encoding="utf-8")
    return place


def parse(text: str, folder: Path) -> Study:
    return Study.parse(text, "mine.toml", folder)


def test_a_study_without_coverage_has_none() -> None:
    assert Study.shipped().coverage is None


def test_every_official_indicator_can_be_declared(tmp_path: Path) -> None:
    text = (files("notspot") / "example" / "study.toml").read_text(encoding="utf-8")
    for name in re.findall(r'path = "([^:"]+)"', text):
        (tmp_path / name).write_text("a\n", encoding="utf-8")
    study = Study.parse(text, "study.toml", tmp_path)
    assert study.coverage is not None
    official = {name: item for name, item in official_indicators().items() if item.recipe is None}
    assert len(official) >= 21
    own = set(study.definitions) - set(official_indicators())
    declared = {figure.indicator for figure in study.coverage.figures}
    assert {name.split(".")[0] for name in declared} == set(official) | own
    for figure in study.coverage.figures:
        whole, _, part = figure.indicator.partition(".")
        defined = study.definitions[whole]
        kind = next(p.kind for p in defined.parts if p.id == part) if part else defined.kind
        assert figure.kind == kind


def test_a_study_says_what_it_says(folder: Path) -> None:
    spec = parse(BASE, folder).coverage
    assert spec is not None
    assert spec == parse(BASE, folder).coverage
    assert hash(spec) == hash(parse(BASE, folder).coverage)
    drops, model = spec.layers
    assert drops == LayerSpec(id="drops", kind="sites", file=FileSpec("drops.csv"), radius_m=400)
    assert (drops.outside, model.outside) == ("not covered", "unknown")
    assert spec.surfaces[0].kind == "even"
    assert spec.bounds == Bounds()
    assert spec.cell_m == 100
    assert spec.figures[0].subject == "registered"  # there is only one


def test_rows_are_chosen_by_tests(folder: Path) -> None:
    where = 'where = {"速率" = {at_least = 2000}, "業者" = ["甲", "乙"], "就緒日" = {by = 2022-03-31}, "年" = 2021}'
    spec = parse(BASE.replace("radius_m = 400", f"radius_m = 400\n{where}"), folder).coverage
    assert spec is not None
    assert spec.layers[0].file.where == (
        (
            RowTest("速率", at_least=2000.0),
            RowTest("業者", equals=("甲", "乙")),
            RowTest("就緒日", by="2022-03-31"),
            RowTest("年", equals=("2021",)),
        ),
    )
    either = 'where = [{a = "1"}, {b = {at_least_column = "c"}}]'
    spec = parse(BASE.replace("radius_m = 400", f"radius_m = 400\n{either}"), folder).coverage
    assert spec is not None
    assert spec.layers[0].file.where == (
        (RowTest("a", equals=("1",)),),
        (RowTest("b", at_least_column="c"),),
    )


BAD = [
    ("radius_m = 400", "radius_m = 0.0036", r"0.0036° is about 400 m\): metres on the ground"),
    ("radius_m = 400", 'radius_m = "0.0036 deg"', "in degrees, and a degree is no length"),
    ("radius_m = 400", 'radius_m = "400"', "is text: give metres"),
    ("radius_m = 400", "radius_deg = 0.0036", "a radius is in metres on the ground"),
    ("radius_m = 400", "radius_m = 400000", "metres on the ground are needed"),
    ("radius_m = 400", "", "radius_m is missing"),
    ("radius_m = 400", "radius_m = 400\nat_least = 3", "is for layers of kind raster and table"),
    ("at_least = -105", "at_least = 105", "-105 is probably meant"),
    ("at_least = -105", "", "from which value on is it covered"),
    ('quantity = "rsrp_dbm"\nat_least = -105', 'quantity = "probability"\nat_least = 95', "95 % is 0.95"),
    ('quantity = "rsrp_dbm"', 'quantity = "rsrp"', "'rsrp' is none of rsrp_dbm, level_dbm"),
    ("at_least = -105", "at_least = -105\nwhere = {a = 1}", "a raster has no rows"),
    ("at_least = -105", "at_least = -105\nlocation_sigma_db = 80", "0 to 30 is possible"),
    ('kind = "sites"', 'kind = "dots"', "'dots' is none of sites, areas, raster, table"),
    ('["drops", "model"]', '["drops", "model", "nope"]', "'nope' is no layer of the study; there are: drops, model"),
    ('["drops", "model"]', "[]", "names no layer"),
    ('["drops", "model"]', '["drops"]', "'model' is in no service"),
    ('id = "model"', 'id = "drops"', "'drops' is taken"),
    ('id = "venues"', 'id = "registered"', "'registered' is taken"),
    ('id = "venues"', 'id = "land"', "'land' is taken"),
    ('id = "venues"', 'id = "Venues 1"', "is no id"),
    ('id = "venues"\npath = "venues.csv"', 'id = "venues"\npath = "nowhere.csv"', "is not there"),
    ('people = "population"', "", "names no column"),
    ('people = "population"', 'people = "population"\nhouseholds = "population"', "same column as people"),
    ('people = "population"', 'people = "population"\nas_of = "soon"', "'soon' is not a date"),
    ('people = "population"', 'people = "population"\ncrosswalk = "changes.csv"', "these people are by township"),
    ('of = "people"', 'of = "households"', r"no \[\[people\]\] with households"),
    ('of = "people"', 'of = "people"\nsubject = "day"', "'day' is no"),
    ('of = "people"', 'of = "people"\nwithin = "far"', "'far' is none of all, remote, non_remote"),
    ('of = "people"', 'of = "people"\nplaces = "venues"', "is for figures of kind count"),
    ('of = "people"', 'of = "people"\nhaving = {service = "fibre"}', "is for figures of kind existence"),
    ('"mobile_5g_population"', '"venues_5g"', "an existence needs a unit and what it has"),
    ('"mobile_5g_population"', '"population"', "is worked out from columns of townships already"),
    ('"mobile_5g_population"', '"mobile_6g"', "is not among the study's indicators"),
    ('"mobile_5g_population"', '"schools_5g.parents"', "has no part 'parents'; it has: student_uses, smart_learning"),
    ("[[places]]", "[bounds]\nlocation_percent = [0.9]\n[[places]]", "0.9 as a share is 90 %"),
    ("[[places]]", "[bounds]\nlocation_percent = [50, 100]\n[[places]]", "between 1 and 99"),
    ("[[places]]", "[bounds]\ncell_m = 0.001\n[[places]]", "metres are meant"),
    ("[[places]]", "[[bounds]]\nedges = true\n[[places]]", r"one \[bounds\] table"),
    ("[[places]]", '[[surface]]\nid = "even"\nkind = "even"\npath = "drops.csv"\n[[places]]', "needs no file"),
    ("[[places]]", '[[surface]]\nid = "p"\nkind = "points"\n[[places]]', "surface 1.path is missing"),
    ('path = "venues.csv"', 'path = "venues.csv"\nwithin = ["123"]', "neither a county"),
    ('path = "venues.csv"', 'path = "venues.csv"\nwhere = {a = {}}', "says nothing"),
    ('path = "venues.csv"', 'path = "venues.csv"\nwhere = {a = {atleast = 1}}', "is not an entry"),
    ('path = "venues.csv"', 'path = "venues.csv"\nwhere = {a = {by = "soon"}}', "'soon' is not a date"),
    ('path = "venues.csv"', 'path = "venues.csv"\nwhere = {a = {at_least = 2, at_most = 1}}', "no number is both"),
    ('path = "venues.csv"', 'path = "venues.csv"\nwhere = {速率 = 1}', "A key in Chinese needs quotation marks"),
    ('path = "venues.csv"', 'path = "venues.csv"\nanchor = true', "is not an entry"),
    ("[[figure]]", "[[figur]]", "is not an entry"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_a_bad_entry_is_told(old: str, new: str, message: str, folder: Path) -> None:
    assert old in BASE
    with pytest.raises(InputError, match=message):
        parse(BASE.replace(old, new, 1), folder)


def test_every_problem_comes_at_once(folder: Path) -> None:
    bad = (
        BASE.replace("400", "0.004")
        .replace("-105", "105")
        .replace('"model"]', '"other"]')
        .replace('"people"', '"x"')
    )
    with pytest.raises(InputError) as caught:
        parse(bad, folder)
    fields = {problem.field for problem in caught.value.problems}
    assert fields >= {"layer 1.radius_m", "layer 2.at_least", "service 1.layers", "layer 2", "figure 1.of"}


def test_claims_and_models_are_not_mixed_without_saying_so(folder: Path) -> None:
    mixed = BASE.replace('kind = "raster"', 'kind = "raster"\nbasis = "model"')
    with pytest.raises(InputError, match=r"different kinds \(claim, model\); say what they make"):
        parse(mixed, folder)
    said = parse(mixed.replace('name = "Fibre"', 'name = "Fibre"\nbasis = "model"'), folder).coverage
    assert said is not None
    assert said.services[0].basis == "model"
    both = BASE.replace('path = "drops.csv"', 'path = "drops.csv"\nbasis = "register"')
    both = both.replace('kind = "raster"', 'kind = "raster"\nbasis = "register"')
    alike = parse(both, folder).coverage
    assert alike is not None
    assert alike.services[0].basis == "register"


def test_a_service_expects_the_operators_of_its_layers(folder: Path) -> None:
    named = BASE.replace("radius_m = 400", 'radius_m = 400\noperator = "CHT"')
    with pytest.raises(InputError, match="do not name 'CHT'"):
        parse(named.replace('name = "Fibre"', 'name = "Fibre"\noperators = ["TWM"]'), folder)
    parse(named.replace('name = "Fibre"', 'name = "Fibre"\noperators = ["TWM", "CHT"]'), folder)


def test_a_service_of_last_resort_needs_no_layer(folder: Path) -> None:
    leo = '[[service]]\nid = "leo"\nname = "LEO"\nlast_resort = true\n'
    own = (
        '[[indicator]]\nid = "only_leo"\nkind = "existence"\ntheme = "frame"\nname = "n"\ndefinition = "d"\n'
    )
    own += 'numerator = "n"\nunit = "u"\nbasis = "model"\nsource = "s"\nas_of = "2021"\n'
    figure = '[[figure]]\nindicator = "only_leo"\nunit = "village"\nhaving = {only = "leo"}\n'
    spec = parse(BASE + leo + own + figure, folder).coverage
    assert spec is not None
    assert spec.figures[1].having == Having(only="leo")
    with pytest.raises(InputError, match="not a service with last_resort"):
        parse(BASE + leo + own + figure.replace('only = "leo"', 'only = "fibre"'), folder)


KIND_ENTRIES = {
    "share": ("mobile_5g_population", {"service": '"fibre"', "of": '"people"', "subject": '"registered"'}),
    "existence": ("remote_towns_fast_mobile", {"unit": '"township"', "having": '{places = "venues"}'}),
    "count": ("mountain_sites", {"places": '"venues"'}),
    "measure": ("signalling_population", {"of": '"people"', "subject": '"registered"'}),
}
ALLOWED = {
    "share": {"service", "of", "subject"},
    "existence": {"unit", "having", "subject"},
    "count": {"places", "lines", "things", "service", "where"},
    "measure": {"of", "subject"},
}
VALUES = {
    "service": '"fibre"', "of": '"people"', "subject": '"registered"', "unit": '"township"',
    "having": '{places = "venues"}', "places": '"venues"', "lines": '"x"', "where": "{a = 1}",
    "things": '{path = "drops.csv"}',
}  # fmt: skip


@given(kind=st.sampled_from(sorted(KIND_ENTRIES)), extra=st.sampled_from(sorted(VALUES)))
def test_a_figure_never_takes_what_belongs_to_another_kind(kind: str, extra: str, folder: Path) -> None:
    indicator, entries = KIND_ENTRIES[kind]
    head = BASE[: BASE.index("[[figure]]")]
    lines = dict(entries)
    plain = (
        head + f'[[figure]]\nindicator = "{indicator}"\n' + "".join(f"{k} = {v}\n" for k, v in lines.items())
    )
    assert parse(plain, folder).coverage.figures[0].kind == kind
    if extra in ALLOWED[kind]:
        return
    with pytest.raises(InputError, match=f"{extra} is for figures of kind"):
        parse(plain + f"{extra} = {VALUES[extra]}\n", folder)


def test_a_figure_needs_what_its_service_is_counted_against(folder: Path) -> None:
    places_only = BASE.replace('name = "Fibre"', 'name = "Fibre"\nsubjects = ["venues"]')
    with pytest.raises(
        InputError, match="needs 'fibre' against 'registered', which its subjects do not name"
    ):
        parse(places_only, folder)
    venues = '[[figure]]\nindicator = "venues_5g"\nunit = "place"\nhaving = {service = "fibre"}\n'
    kept = places_only[: places_only.index("[[figure]]")] + venues
    assert parse(kept, folder).coverage.figures[0].subject == "venues"
    towns = venues.replace("venues_5g", "remote_towns_1g").replace('"place"', '"township"')
    with pytest.raises(InputError, match="needs 'fibre' against 'land'"):
        parse(kept + towns, folder)
    with pytest.raises(InputError, match="'nobody' is none of registered, venues, land"):
        parse(BASE.replace('name = "Fibre"', 'name = "Fibre"\nsubjects = ["nobody"]'), folder)


def test_a_figure_stands_once(folder: Path) -> None:
    again = BASE[BASE.index("[[figure]]") :]
    with pytest.raises(InputError, match="has a figure already"):
        parse(BASE + again, folder)


def test_figures_alone_are_enough_of_a_study(folder: Path) -> None:
    study = parse(BASE.replace("[[table]]", 'indicators = ["mobile_5g_population"]\n[[table]]', 1), folder)
    assert set(study.definitions) == {"mobile_5g_population"}
    with pytest.raises(InputError, match="coverage needs at least one"):
        parse(BASE[: BASE.index("[[people]]")] + '[[places]]\nid = "v"\npath = "venues.csv"\n', folder)


def test_a_study_with_coverage_can_be_changed(folder: Path) -> None:
    study = parse(BASE, folder)
    assert replace(study, coverage=None).coverage is None


# ------------------------------------------------------------------ the page that explains it

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coverage-studies.md"


def test_every_entry_is_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    inner = {"file", "kind", "indicator"}
    specs = (
        FileSpec, PeopleSpec, SurfaceSpec, LayerSpec, ServiceSpec, PlacesSpec, LinesSpec, FigureSpec, Having, Bounds,
        RowTest,
    )  # fmt: skip
    entries = {name for spec in specs for name in spec.__dataclass_fields__} - inner - {"equals"} | {
        "cell_m",
        "is",
    }
    named = {name for code in re.findall(r"`([^`\n]+)`", text) for name in re.findall(r"\w+", code)}
    assert entries - named == set()
    assert {f"[[{key}]]" for key in TABLES if key != "bounds"} - set(
        re.findall(r"\[\[\w+\]\]", text)
    ) == set()
    for words in (LayerKind, SurfaceKind, Quantity, Basis, Of, FigureUnit):
        assert {word for word in get_args(words) if word not in named} == set()


def worked_example() -> Study:
    """Its files and its study, made in the working folder."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    exec(compile(next(body for kind, body in blocks if kind == "python"), "coverage-studies.md", "exec"), {})
    Path("fibre5g.toml").write_text(next(body for kind, body in blocks if kind == "toml"), encoding="utf-8")
    return Study.read("fibre5g.toml")


def test_the_worked_example_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = worked_example()
    assert study.coverage is not None
    ledger = Ledger()
    found = read_inputs(study.coverage, study.folder, ledger=ledger)
    assert not len(ledger)
    drops, claimed = (service.layers[0] for service in found.services)
    assert isinstance(drops, Sites)
    assert drops.points["operator"].tolist() == ["甲", "乙"]  # the third is slower, and not ready
    assert isinstance(claimed, Areas)
    assert len(found.places[0].points) == 2
