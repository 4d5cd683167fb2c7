"""Not-spots by kind and roaming: three operators by hand, sub-cell by sub-cell against brute force."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from counting_fixture import (
    GONE,
    NOWHERE,
    PEOPLE,
    A,
    B,
    C,
    D,
    E,
    F,
    areas,
    at,
    by_unit,
    country,
    people,
    raster,
    row,
    service,
    sites,
    square,
    write_raster,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from notspot_coverage.counting.operators import MOST
from notspot_coverage.counting.painting import NO, UNKNOWN, YES, paint, unit_status
from notspot_coverage.counting.services import Bounds, ByUnit
from notspot_geodata.errors import UsageError

COUNTRY = country()
LATTICE = COUNTRY.lattice
KINDS = ["complete", "partial", "none", "unknown"]


def counted(*layers, of=PEOPLE, **rest):
    return COUNTRY.count(service(*layers, **rest), people=[of])


def kinds(account, code):
    """People of a unit by (kind, operators)."""
    rows = account.notspots[account.notspots["code"] == code]
    return {
        (kind, None if pd.isna(k) else int(k)): number
        for kind, k, number in zip(rows["kind"], rows["operators"], rows["people"], strict=True)
        if number
    }


# ------------------------------------------------------------------ by hand


def test_three_operators_in_one_village():
    # D has 2,500 people on 400 by 400 m; columns of 100 m: three, two, one and no operator
    layers = [
        areas(square(750, 0, 300, 400), operator="甲"),
        areas(square(750, 0, 200, 400), operator="乙"),
        areas(square(750, 0, 100, 400), operator="丙"),
    ]
    account = counted(*layers)
    assert kinds(account, D) == {
        ("none", 3): 625,
        ("partial", 2): 625,
        ("partial", 1): 625,
        ("complete", 0): 625,
    }
    one = {operator: row(account.roaming, code=D, operator=operator) for operator in ("甲", "乙", "丙")}
    assert [int(one[o]["covered"]) for o in ("甲", "乙", "丙")] == [1875, 1250, 625]
    assert [int(one[o]["solved"]) for o in ("甲", "乙", "丙")] == [0, 625, 1250]
    assert kinds(account, "10013") == {
        ("none", 3): 625, ("partial", 2): 625, ("partial", 1): 625, ("complete", 0): 625 + 13 + 9,
        ("unknown", None): 46,
    }  # fmt: skip
    assert kinds(account, GONE) == {("unknown", None): 40}
    assert row(account.roaming, code=GONE, operator="甲")["unknown"] == 40


def test_unknown_is_neither_complete_nor_partial():
    # 甲 covers the west half of D and nothing is known beyond; 乙 is known everywhere
    layers = [
        areas(square(750, 0, 200, 400), operator="甲", outside="unknown"),
        areas(square(750, 0, 400, 200), operator="乙"),
    ]
    account = counted(*layers)
    # both; 甲 alone; 乙 and perhaps 甲; not 乙 and perhaps 甲
    assert kinds(account, D) == {("none", 2): 625, ("partial", 1): 625, ("unknown", None): 1250}
    alone = row(account.roaming, code=D, operator="甲")
    assert alone[["covered", "not_covered", "unknown", "solved"]].tolist() == [1250, 0, 1250, 0]
    other = row(account.roaming, code=D, operator="乙")
    assert other[["covered", "not_covered", "unknown", "solved"]].tolist() == [1250, 1250, 0, 625]
    assert row(account.table, of="people", code=D)[["covered", "not_covered", "unknown"]].tolist() == [
        1875,
        0,
        625,
    ]


def test_an_operator_that_is_missed_makes_nothing_complete():
    account = counted(areas(square(750, 0, 200, 400), operator="甲"), operators=("甲", "乙"))
    assert kinds(account, D) == {("unknown", None): 2500}
    # with a third that is known, one for certain and one certainly not is partial
    account = counted(
        areas(square(750, 0, 200, 400), operator="甲"), areas(operator="丙"), operators=("甲", "乙", "丙")
    )
    assert kinds(account, D) == {("partial", 1): 1250, ("unknown", None): 1250}


def test_one_operator_has_no_partial():
    account = counted(areas(square(750, 0, 200, 400)))
    assert set(account.notspots["kind"]) == {"complete", "none", "unknown"}
    assert kinds(account, D) == {("none", 1): 1250, ("complete", 0): 1250}
    assert (account.roaming["solved"] == 0).all()


def test_no_layer_at_all():
    account = counted()
    assert kinds(account, "TW") == {("unknown", None): PEOPLE.counts["people"].sum()}


def test_tables_by_operator():
    account = counted(
        by_unit({A: 1, B: 1, C: 0, D: 0, E: 0, F: 0}, operator="甲"),
        by_unit({A: 1, B: 0, C: 0, D: float("nan"), E: 0, F: 0}, operator="乙"),
    )
    assert kinds(account, A) == {("none", 2): 1001}
    assert kinds(account, B) == {("partial", 1): 77}
    assert kinds(account, C) == {("complete", 0): 503}
    assert kinds(account, D) == {("unknown", None): 2500}


def test_people_by_township_without_a_village_are_unknown():
    towns = people(id="towns", level="township", people={"10013010": 2513, "10013030": 6})
    account = counted(areas(square(750, 0, 400), operator="甲"), areas(operator="乙"), of=towns)
    assert kinds(account, "10013030") == {("unknown", None): 6}
    for operator in ("甲", "乙"):
        found = row(account.roaming, code="10013030", operator=operator)
        assert found[["covered", "not_covered", "unknown", "solved"]].tolist() == [0, 0, 6, 0]
    assert kinds(account, "10013010") == {("partial", 1): 1256, ("complete", 0): 1257}  # E and D are as large


def test_layers_of_one_operator_are_one():
    parts = [
        areas(square(750, 0, 200, 400), operator="甲"),
        sites(at(1_000, 200), radius_m=100, operator="甲"),
    ]
    account = counted(*parts)
    assert set(account.roaming["operator"]) == {"甲"}
    assert set(account.notspots["operators"].dropna()) == {0, 1}


def test_so_many_operators_and_no_more():
    everywhere = square(-10, -10, 2_000)
    layers = [areas(everywhere, operator=f"{i:02}") for i in range(MOST)]
    account = counted(*layers, of=people(people={A: 7}))
    assert kinds(account, A) == {("none", MOST): 7}
    with pytest.raises(UsageError, match="64 operators; 63 can be counted"):
        counted(*layers, areas(everywhere, operator="99"))


def test_only_the_best_estimate_is_told(tmp_path):
    path = write_raster(tmp_path / "r.tif", np.full((9, 17), -100.0))
    layer = raster(path, -105, location_sigma_db=6.0, operator="甲")
    account = COUNTRY.count(service(layer), people=[PEOPLE], bounds=Bounds(location_percent=(50.0, 95.0)))
    assert kinds(account, D) == {("none", 1): 2500}
    assert row(account.table, of="people", code=D)["low"] == 0


# ------------------------------------------------------------------ brute force


def layers_(path):
    squares = st.builds(square, st.floats(600, 1_300), st.floats(-100, 700), st.floats(20, 500))
    said = {
        "outside": st.sampled_from(["unknown", "not covered"]),
        "operator": st.sampled_from(["甲", "乙", "丙", "丁"]),
    }
    figures = st.dictionaries(st.sampled_from([D, E, F]), st.sampled_from([0.0, 1.0, float("nan")]))
    return st.one_of(
        st.builds(lambda shapes, **k: areas(*shapes, **k), st.lists(squares, max_size=2), **said),
        st.builds(lambda limit, **k: raster(path, limit, **k), st.floats(-115, -95), **said),
        st.builds(by_unit, figures, **said),
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = np.random.default_rng(1)
    values = np.where(rng.random((30, 40)) < 0.2, np.nan, rng.uniform(-120, -90, (30, 40)))
    return write_raster(tmp_path_factory.mktemp("r") / "r.tif", values, cell_m=47, west=-30, north=-40)


@given(data=st.data())
@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_every_sub_cell_is_of_the_kind_that_its_operators_make_it(path, data):
    layers = data.draw(st.lists(layers_(path), min_size=1, max_size=5))
    named = tuple(data.draw(st.lists(st.sampled_from(["甲", "乙", "戊"]), unique=True)))
    many = people(people={A: 1001, B: 77, C: 503, D: 1024 * 1000, E: 1024 * 1000, F: 9})
    account = COUNTRY.count(service(*layers, operators=named), people=[many])
    painted = paint(LATTICE, service(*layers, operators=named), Bounds())
    names = sorted(painted.operators)
    assert set(names) == {layer.operator for layer in layers} | set(named)
    units = {name: _unit(layers, name) for name in names}
    for code in (D, E):
        index = COUNTRY.index(code)
        mine = np.flatnonzero(LATTICE.pieces.village == index)
        held = _flags(LATTICE.pieces.mask[mine])
        counts = dict.fromkeys(KINDS, 0)
        solved = dict.fromkeys(names, 0)
        status = np.stack(
            [_status(painted.operators[n], LATTICE.pieces.cell[mine], units[n][index]) for n in names]
        )
        yes, no, open_ = ((status == value) & held for value in (YES, NO, UNKNOWN))
        some = yes.any(axis=0)
        complete = held & no.all(axis=0)
        none = held & yes.all(axis=0)
        partial = held & some & no.any(axis=0) & ~none
        counts = {"complete": complete, "none": none, "partial": partial}
        counts["unknown"] = held & ~(complete | none | partial)
        for at_, name in enumerate(names):
            solved[name] = (no[at_] & some).sum() * 1000
            found = row(account.roaming, code=code, operator=name)
            assert found["covered"] == pytest.approx(yes[at_].sum() * 1000, abs=1)
            assert found["unknown"] == pytest.approx(open_[at_].sum() * 1000, abs=1)
            assert found["solved"] == pytest.approx(solved[name], abs=1)
        rows = account.notspots[account.notspots["code"] == code]
        by_kind = rows.groupby("kind")["people"].sum()
        for kind, flags in counts.items():
            assert by_kind.get(kind, 0) == pytest.approx(flags.sum() * 1000, abs=len(names) + 1)
        for k in range(1, len(names)):
            exact = (partial & (yes.sum(axis=0) == k)).sum() * 1000
            assert rows[(rows["kind"] == "partial") & (rows["operators"] == k)][
                "people"
            ].sum() == pytest.approx(exact, abs=1)


def _unit(layers, operator):
    """Status by village that the tables of an operator say together."""
    out = np.full(len(LATTICE.codes), NO)
    for layer in layers:
        if isinstance(layer, ByUnit) and layer.operator == operator:
            found = unit_status(LATTICE, layer)
            out = np.where((out == YES) | (found == YES), YES, np.maximum(out, found))
    return out


def _flags(words):
    return (words[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).astype(bool)


def _status(cover, cells, unit):
    yes, unknown = _flags(cover.yes[cells]), _flags(cover.unknown[cells])
    if unit == YES:
        return np.full(yes.shape, YES)
    return np.where(yes, YES, np.where(unknown | (unit == UNKNOWN), UNKNOWN, NO))


def test_what_is_unknown_to_all_is_told_once():
    """The nation's kinds are the sums of its villages', and last resorts count like any service."""
    account = counted(last_resort=True)
    assert kinds(account, "TW") == {("none", 1): PEOPLE.counts["people"].sum() - 46, ("unknown", None): 46}
    away = dataclasses.replace(PEOPLE, counts=PEOPLE.counts.loc[[NOWHERE]])
    account = counted(areas(square(0, 0, 100)), of=away)
    assert kinds(account, "TW") == {("unknown", None): 6}
