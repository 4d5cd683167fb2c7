"""Two runs compared: parts that add up, laws of symmetry, a case by hand, folders on the command line."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from notspot.cli import app
from notspot.comparing import read_run, run_of
from notspot_coverage.counting.comparison import CHANGES, PARTS, Run, compare
from notspot_coverage.counting.definition import changed_definitions, definition_of
from notspot_coverage.counting.services import ByUnit, Raster, Service
from notspot_coverage.groups import GROUPS
from notspot_geodata.crosswalk import crosswalk_of, village_changes
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.text import Text
from notspot_maps.tables import write_csv

VILLAGES = (
    "10001010001",
    "10001010002",
    "10001020001",
    "10001020002",
    "10002010001",
    "10002010002",
    "10002020001",
)
TOWNS = tuple(sorted({code[:8] for code in VILLAGES}))
TOTALS = [f"share_{part}" for part in PARTS]


def table(figures, groups=None, *, service="4g", of="people", slack=0, extra=None):
    """Rows of an account from figures by village or township: code → (total, covered, unknown)."""
    frame = pd.DataFrame.from_dict(figures, orient="index", columns=["total", "covered", "unknown"]).astype(
        float
    )
    level = "village" if max(map(len, frame.index)) == 11 else "township"
    parts = [
        pd.DataFrame([frame.sum() + pd.Series(dict.fromkeys(frame, 0.0) | (extra or {}))]).assign(
            level="nation", code="TW"
        )
    ]
    for name in groups if groups is not None else []:
        towns = set(groups.index[groups[name]])
        parts.append(
            frame[frame.index.str[:8].isin(towns)].sum().to_frame().T.assign(level="group", code=name)
        )
    for digits, parent in ((5, "county"), (8, "township")):
        if parent != level:
            found = frame.groupby(frame.index.str[:digits]).sum()
            parts.append(found.assign(level=parent, code=found.index))
    parts.append(frame.assign(level=level, code=frame.index))
    out = pd.concat(parts, ignore_index=True)
    out = out.assign(service=service, of=of, subject="registered", name=out["code"], unit="人")
    whole = out["total"].where(out["total"] > 0)
    out["low"] = 100 * (out["covered"] - slack).clip(lower=0) / whole
    out["high"] = 100 * (out["covered"] + out["unknown"] + slack).clip(upper=out["total"]) / whole
    out["best"] = 100 * out["covered"] / (out["total"] - out["unknown"]).where(lambda known: known > 0)
    return out.assign(not_covered=out["total"] - out["covered"] - out["unknown"])


def members(flags):
    remote = pd.Series(flags, index=list(TOWNS))
    return pd.DataFrame({"remote": remote, "non_remote": ~remote})


@st.composite
def figures(draw, codes=VILLAGES, sparse=True):
    some = draw(st.lists(st.sampled_from(codes), unique=True, min_size=1)) if sparse else codes
    out = {}
    for code in some:
        covered, rest, unknown = (draw(st.integers(0, 2000)) for _ in range(3))
        out[code] = (covered + rest + unknown, covered, unknown)
    return out


@st.composite
def runs(draw, sparse=True):
    flags = draw(st.lists(st.booleans(), min_size=len(TOWNS), max_size=len(TOWNS)))
    groups = members(flags)
    slack = draw(st.integers(0, 300))
    return Run(table=table(draw(figures(sparse=sparse)), groups, slack=slack), groups=groups)


@st.composite
def crosswalks(draw):
    rows = []
    for code in draw(st.lists(st.sampled_from(VILLAGES), unique=True)):
        targets = draw(st.lists(st.sampled_from(VILLAGES), unique=True, min_size=1, max_size=3))
        weights = [draw(st.integers(1, 9)) for _ in targets]
        for target, weight in zip(targets, weights, strict=True):
            kind = "split" if len(targets) > 1 else "same" if target == code else "merge"
            rows.append(
                (code, target, weight / sum(weights), kind, "test", draw(st.sampled_from([0.0, 0.1])))
            )
    frame = pd.DataFrame(rows, columns=["old_code", "new_code", "share", "kind", "basis", "plus_minus"])
    try:
        return crosswalk_of(frame)
    except InputError:  # a ring
        return crosswalk_of(frame.iloc[:0])


maybe_crosswalk = st.one_of(st.none(), crosswalks())


def keyed(found):
    return found.changes.set_index(["level", "code"])


# ------------------------------------------------------------------ laws


@given(runs(), runs(), maybe_crosswalk)
@settings(max_examples=20)
def test_the_parts_add_up_to_the_change_exactly(old, new, crosswalk):
    changes = compare(old, new, crosswalk).changes
    assert list(changes) == list(CHANGES)
    assert (changes[list(PARTS)].sum(axis=1) == changes["change"]).all()
    assert (changes["new_covered"] - changes["old_covered"] == changes["change"]).all()
    single = changes[changes["level"] != "group"]
    assert (single[list(PARTS)] == single[list(PARTS)].round()).all().all()
    shares = changes[changes["share_change"].notna()]
    assert np.allclose(shares[TOTALS].sum(axis=1), shares["share_change"], atol=1e-9)
    assert changes.loc[changes["share_change"].isna(), TOTALS].isna().all().all()


@given(runs())
@settings(max_examples=12)
def test_a_run_beside_itself_has_not_changed(run):
    found = compare(run, run)
    zero = ["change", *PARTS, "newly_known"]
    assert (found.changes[zero] == 0).all().all()
    assert np.allclose(found.changes[["share_change", *TOTALS]].fillna(0), 0, atol=1e-12)
    assert not found.changes["certain"].any()
    assert not found.changes["verdict"].isin(["up", "down"]).any()
    assert found.moved.empty
    assert found.notes == ()


@given(runs(), runs())
@settings(max_examples=12)
def test_swapping_the_runs_negates_every_part(old, new):
    one, two = keyed(compare(old, new)), keyed(compare(new, old))
    signed = ["change", *PARTS, "newly_known", "share_change", *TOTALS]
    two = two.reindex(one.index)
    assert np.allclose(one[signed], -two[signed], atol=1e-8, equal_nan=True)
    assert np.allclose(one["change_low"], -two["change_high"])
    assert (one["certain"] == two["certain"]).all()
    turned = two["verdict"].replace({"up": "down", "down": "up"})
    alike = (one["verdict"] != "") & (turned != "")
    assert (one.loc[alike, "verdict"] == turned[alike]).all()


@given(runs(), runs(), maybe_crosswalk)
@settings(max_examples=12)
def test_parents_are_the_sums_of_their_children(old, new, crosswalk):
    changes = compare(old, new, crosswalk).changes
    figures_ = ["change", *PARTS[:3], "newly_known", "old_covered", "new_covered", "old_total", "new_total"]
    for child, parent, digits in (
        ("village", "township", 8),
        ("township", "county", 5),
        ("county", "nation", 0),
    ):
        rows = changes[changes["level"] == child]
        sums = rows[figures_].groupby([code[:digits] or "TW" for code in rows["code"]]).sum()
        rest = changes[changes["level"] == "rest"].set_index("code")[figures_]
        own = changes[changes["level"] == parent].set_index("code")[figures_]
        sums = sums.add(rest.reindex(own.index, fill_value=0), fill_value=0)
        assert (sums.loc[own.index] == own).all().all(), parent


@given(runs(), runs(), maybe_crosswalk)
@settings(max_examples=12)
def test_groups_that_divide_the_nation_add_up_to_it(old, new, crosswalk):
    rows = keyed(compare(old, new, crosswalk))
    both = rows.loc["group"][["change", *PARTS]].sum()
    nation = rows.loc[("nation", "TW"), ["change", *PARTS]].astype(float)
    assert np.allclose(both.astype(float), nation)
    assert both["rule"] == 0


@given(runs(), runs(), crosswalks())
@settings(max_examples=12)
def test_a_crosswalk_moves_people_and_makes_none(old, new, crosswalk):
    rows = keyed(compare(old, new, crosswalk))
    present = set(new.table["code"])
    targets = set(crosswalk.links(old.table.loc[old.table["level"] == "village", "code"])["new_code"])
    if targets <= present and {c for c in present if len(c) == 11} <= targets:
        assert rows.loc[("nation", "TW"), "boundary"] == 0


@given(runs(), runs(), st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_the_order_of_rows_changes_nothing(old, new, random):
    mixed = [
        Run(table=run.table.sample(frac=1, random_state=random.randrange(99)), groups=run.groups[::-1])
        for run in (old, new)
    ]
    one, two = compare(old, new).changes, compare(*mixed).changes
    pd.testing.assert_frame_equal(one, two)


@given(runs(), runs())
@settings(max_examples=12)
def test_bounds_hold_the_change(old, new):
    changes = compare(old, new).changes
    assert (changes["change_low"] <= changes["change"]).all()
    assert (changes["change"] <= changes["change_high"]).all()
    certain = changes[changes["certain"]]
    assert (np.sign(certain["change_low"]) == np.sign(certain["change_high"])).all()
    told = changes[changes["verdict"].isin(["up", "down"]) & (changes["level"] == "township")]
    same_villages = set(old.table["code"]) == set(new.table["code"])
    if same_villages:
        assert (np.sign(told["share_low"]) == told["verdict"].map({"up": 1, "down": -1})).all()


@given(figures(sparse=False), st.integers(1, 9))
@settings(max_examples=12)
def test_more_people_with_the_same_shares_are_population(given_figures, times):
    more = {code: tuple(times * v for v in value) for code, value in given_figures.items()}
    rows = compare(Run(table=table(given_figures)), Run(table=table(more))).changes
    assert (rows["coverage"].abs() <= len(VILLAGES)).all()  # each village's part is a whole person
    assert np.allclose(rows["share_coverage"].fillna(0), 0, atol=1e-9)


@given(figures(sparse=False), st.floats(0, 1))
@settings(max_examples=12)
def test_the_same_people_with_other_shares_are_coverage(given_figures, share):
    other = {code: (t, round(share * (t - u)), u) for code, (t, _, u) in given_figures.items()}
    rows = compare(Run(table=table(given_figures)), Run(table=table(other))).changes
    assert (rows["coverage"] == rows["change"]).all()
    assert np.allclose(rows["share_coverage"].fillna(0), rows["share_change"].fillna(0), atol=1e-9)
    assert (rows["newly_known"] == 0).all()


# ------------------------------------------------------------------ by hand


A, B, C, D = "10001010001", "10001010002", "10001020001", "10002010001"
MERGE = crosswalk_of(
    pd.DataFrame(
        [(B, A, 1.0, "merge", "decision")], columns=["old_code", "new_code", "share", "kind", "basis"]
    )
)


def hand(crosswalk=MERGE):
    """The example of docs/comparison.md: B is merged into A, C becomes remote, D becomes known."""
    before, after = members([True, False, False, False]), members([True, True, False, False])
    old = Run(
        table=table({A: (100, 40, 0), B: (60, 60, 0), C: (80, 80, 0), D: (10, 0, 10)}, before), groups=before
    )
    new = Run(table=table({A: (200, 150, 0), C: (100, 50, 0), D: (10, 5, 0)}, after), groups=after)
    return compare(old, new, crosswalk)


def test_the_worked_example():
    rows = keyed(hand())
    parts = ["change", *PARTS]
    # A: 40 of 100 and 60 of 60 are 100 of 160 = 62.5 % on the new boundaries; now 150 of 200 = 75 %
    assert rows.loc[("village", A), parts].tolist() == [110, 60, 28, 22, 0]  # (200-160)·68.75 % = 27.5 → 28
    assert rows.loc[("village", B), parts].tolist() == [-60, -60, 0, 0, 0]
    assert rows.loc[("township", A[:8]), parts].tolist() == [50, 0, 28, 22, 0]
    # C: 80 of 80, now 50 of 100: (100-80)·75 % = 15, (50-100 %)·90 = -45
    assert rows.loc[("village", C), parts].tolist() == [-30, 0, 15, -45, 0]
    assert rows.loc[("village", D), parts].tolist() == [5, 0, 0, 5, 0]
    assert rows.loc[("village", D), "newly_known"] == 5
    assert rows.loc[("nation", "TW"), parts].tolist() == [25, 0, 43, -18, 0]
    # remote: A's township, and C's, which joins with the mean of 80 and 50 and half of its own change
    assert rows.loc[("group", "remote"), parts].tolist() == [100, 0, 35.5, -0.5, 65]
    assert rows.loc[("group", "non_remote"), parts].tolist() == [-75, 0, 7.5, -17.5, -65]


def test_the_worked_example_in_shares():
    rows = keyed(hand())
    a = rows.loc[("village", A)]
    assert a[["old_share", "new_share", *TOTALS]].tolist() == pytest.approx([40, 75, 22.5, 0, 12.5, 0])
    town = rows.loc[("township", A[:8])]
    assert town[["share_change", *TOTALS]].tolist() == pytest.approx([12.5, 0, 0, 12.5, 0])
    county = rows.loc[("county", "10001")]
    # weights 160/240 and 80/240, then 200/300 and 100/300: the same, so that all is coverage
    assert county["share_population"] == pytest.approx(0, abs=1e-12)
    assert county["share_change"] == pytest.approx(100 * (200 / 300 - 180 / 240))


def test_who_moved_is_named():
    found = hand()
    assert found.moved.to_dict("records") == [
        {"code": "10001020", "name": "10001020", "left": "non_remote", "joined": "remote"}
    ]


def test_verdicts_look_at_the_new_boundaries():
    rows = keyed(hand())
    assert rows.loc[("village", A), "verdict"] == "up"  # 62.5 % to 75 %, though the code's own share was 40 %
    assert rows.loc[("village", B), "verdict"] == ""
    assert rows.loc[("village", C), "verdict"] == "down"
    assert rows.loc[("village", D), "verdict"] == "open"


def test_without_a_crosswalk_a_code_of_one_run_is_a_boundary_change_and_said_so():
    found = hand(crosswalk=None)
    rows = keyed(found)
    assert rows.loc[("village", B), ["change", *PARTS]].tolist() == [-60, -60, 0, 0, 0]
    assert rows.loc[("village", A), "boundary"] == 0
    assert "1 villages are in one run only" in found.notes[0].en


def test_a_split_that_is_not_known_well_leaves_the_verdict_open():
    columns = ["old_code", "new_code", "share", "kind", "basis", "plus_minus"]

    def verdict(plus_minus):
        rows = [(A, A, 0.5, "split", "area", plus_minus), (A, B, 0.5, "split", "area", plus_minus)]
        crosswalk = crosswalk_of(pd.DataFrame(rows, columns=columns))
        old, new = table({A: (100, 50, 0)}), table({A: (50, 30, 0), B: (50, 30, 0)})
        found = keyed(compare(Run(table=old), Run(table=new), crosswalk))
        assert found.loc[("township", A[:8]), "verdict"] == "up"  # whatever the share is, it is one township
        return found.loc[("village", B), "verdict"]

    assert verdict(0.0) == "up"
    assert verdict(0.2) == "open"


def test_what_a_parent_has_beside_its_children_stands_in_a_row_of_its_own():
    old = table({A: (100, 50, 0)}, extra={"total": 20, "unknown": 20})
    new = table({A: (100, 50, 0)}, extra={"total": 30, "covered": 10})
    rows = keyed(compare(Run(table=old), Run(table=new)))
    assert rows.loc[("rest", "TW"), ["old_total", "new_total", "change"]].tolist() == [20, 30, 10]
    assert rows.loc[("nation", "TW"), "change"] == 10
    assert "rest" not in set(
        compare(Run(table=table({A: (1, 1, 0)})), Run(table=table({A: (1, 1, 0)}))).changes["level"]
    )


def test_people_by_township_have_no_villages():
    old, new = table({"10001010": (100, 50, 0)}), table({"10001010": (200, 150, 0)})
    rows = keyed(compare(Run(table=old), Run(table=new), MERGE))
    assert rows.loc[("township", "10001010"), ["change", *PARTS]].tolist() == [100, 0, 62, 38, 0]
    assert rows.loc[("nation", "TW"), "coverage"] == 38
    assert set(rows.index.get_level_values(0)) == {"nation", "county", "township"}


def test_areas_are_not_rounded():
    old = table({A: (1.5, 0.5, 0), B: (1.0, 0.25, 0.125)}, of="area")
    new = table({A: (1.5, 0.75, 0), B: (1.0, 0.5, 0.0)}, of="area")
    rows = keyed(compare(Run(table=old), Run(table=new)))
    assert rows.loc[("nation", "TW"), "coverage"] == pytest.approx(0.5)
    assert "rest" not in set(rows.index.get_level_values(0))


def test_groups_without_a_list_of_members_change_as_a_whole():
    groups = members([True, False, False, False])
    old = Run(table=table({A: (100, 50, 0)}, groups))
    new = Run(table=table({A: (100, 80, 0)}, groups))
    found = compare(old, new)
    assert keyed(found).loc[("group", "remote"), ["change", "coverage", "rule"]].tolist() == [30, 30, 0]
    assert "not known of both runs" in found.notes[0].en


def test_services_that_one_run_lacks_are_named():
    one, two = table({A: (1, 1, 0)}), table({A: (1, 1, 0)}, service="5g")
    found = compare(Run(table=one), Run(table=pd.concat([one, two])))
    assert [note.en for note in found.notes if "5g" in note.en] == [
        "In the new run only, not compared: 5g/people/registered"
    ]
    with pytest.raises(UsageError, match="no service in common"):
        compare(Run(table=one), Run(table=two))


def test_bad_tables_are_told_of():
    good = table({A: (10, 5, 0)})
    with pytest.raises(InputError) as caught:
        compare(Run(table=good.drop(columns=["low", "unit"])), Run(table=good))
    assert [problem.field for problem in caught.value.problems] == ["low", "unit"]
    bad = pd.concat([good, good.iloc[[0]]])
    bad.loc[bad["level"] == "village", "covered"] = -1.0
    with pytest.raises(InputError) as caught:
        compare(Run(table=good), Run(table=bad))
    assert len(caught.value.problems) == 2


# ------------------------------------------------------------------ definitions


def test_a_changed_yardstick_is_a_rule():
    old = Run(table=table({A: (100, 50, 0)}), services={"4g": {"speed_mbps": 10}})
    new = Run(table=table({A: (120, 40, 0)}), services={"4g": {"speed_mbps": 100}})
    found = compare(old, new)
    row = keyed(found).loc[("village", A)]
    assert row[["coverage", "share_coverage"]].tolist() == [0, 0]
    assert row[list(PARTS)].sum() == row["change"] == -10
    assert row["rule"] == -18  # (1/3 - 1/2)·110 = -18.3; people (120 - 100)·41.7 % = 8.3
    assert bool(row["definition_changed"])
    assert found.definitions.to_dict("records") == [
        {"service": "4g", "field": "speed_mbps", "old": 10.0, "new": 100.0}
    ]
    assert "counts as rule" in found.notes[-1].en


def service(at_least, **more):
    layer = Raster(id="lte", path="a.tif", quantity="rsrp_dbm", at_least=at_least)
    return Service(id="4g", name=Text("4G", "4G"), layers=(layer,), **more)


def test_what_is_a_yardstick_and_what_is_not():
    one = definition_of(service(-110, as_of="2020", operators=("A",)))
    assert changed_definitions({"4g": one}, {"4g": definition_of(service(-110, as_of="2021"))}).empty
    assert changed_definitions({"4g": one}, {"5g": definition_of(service(-100))}).empty
    found = changed_definitions({"4g": one}, {"4g": definition_of(service(-100, setting="indoor"))})
    assert found["field"].tolist() == ["lte.at_least", "setting"]
    other = Service(
        id="4g",
        name=Text("", ""),
        layers=(ByUnit(id="new", values=pd.Series(), level="village", at_least=1),),
    )
    assert changed_definitions(
        {"4g": one}, {"4g": definition_of(other)}
    ).empty  # other layers, same yardstick


# ------------------------------------------------------------------ folders and the command


STUDY = """
[[layer]]
id = "lte"
kind = "raster"
quantity = "rsrp_dbm"
at_least = {at_least}
where = {{"速率" = {{at_least = {speed}}}, "就緒日" = {{by = {day}}}}}
[[service]]
id = "4g"
layers = ["lte"]
"""


def folder(path, run, *, at_least=-110.0, speed=100, day="2021-12-31", remote=()):
    """A folder as `notspot run` writes it, as far as it is read."""
    path.mkdir()
    write_csv(run, path / "coverage.csv")
    towns = pd.DataFrame({"town_code": TOWNS, "remote": [code in remote for code in TOWNS], "group": "rest"})
    write_csv(towns, path / "units.csv")
    toml = STUDY.format(at_least=at_least, speed=speed, day=day)
    record = {"run_id": path.name, "study": {"toml": toml}}
    (path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return path


def everything(remote):
    groups = pd.DataFrame(False, index=list(TOWNS), columns=list(GROUPS))
    groups.loc[list(remote), "remote"] = True
    return groups.assign(non_remote=~groups["remote"], rest=True)


@pytest.fixture
def folders(tmp_path):
    before, after = ("10001010",), ("10001010", "10001020")
    old = table({A: (100, 40, 0), B: (60, 60, 0), C: (80, 80, 0), D: (10, 0, 10)}, everything(before))
    new = table({A: (200, 150, 0), C: (100, 50, 0), D: (10, 5, 0)}, everything(after))
    crosswalk = tmp_path / "crosswalk.csv"
    # the villages of this test are not those of the boundaries: the embedded changes carry none of them
    MERGE.rows.to_csv(crosswalk, index=False)
    return (
        folder(tmp_path / "old", old, remote=before),
        folder(tmp_path / "new", new, remote=after),
        crosswalk,
    )


def call(*words):
    return CliRunner().invoke(app, ["compare", *map(str, words)])


def test_the_command_writes_the_changes_and_sums_them_up(folders, tmp_path):
    old, new, _ = folders
    done = call(old, new, "--out", tmp_path / "out", "--crosswalk", "embedded:2021")
    assert done.exit_code == 0, done.output
    assert "4g, people (registered)" in done.output
    assert "1 townships changed groups" in done.output
    changes = pd.read_csv(tmp_path / "out" / "changes.csv", dtype={"code": str}, encoding="utf-8-sig")
    assert list(changes) == list(CHANGES)
    assert (changes[list(PARTS)].sum(axis=1) - changes["change"]).abs().max() == 0
    record = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert (record["old"]["run_id"], record["new"]["run_id"]) == ("old", "new")
    assert record["crosswalk"]["rows"] == len(village_changes())
    assert [item["path"] for item in record["outputs"]] == ["changes.csv", "moved.csv", "definitions.csv"]
    again = {item.name: item.read_bytes() for item in (tmp_path / "out").iterdir()}
    assert call(old, new, "--out", tmp_path / "out", "--crosswalk", "embedded:2021").exit_code == 0
    assert again == {item.name: item.read_bytes() for item in (tmp_path / "out").iterdir()}


def test_the_command_speaks_json(folders, tmp_path):
    old, new, _ = folders
    done = call(old, new, "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["nation"][0]["change"] == 25
    assert said["nation"][0]["townships"] == {"up": 1, "down": 1, "same": 0, "open": 1}
    assert said["moved"][0]["joined"] == "remote"


def test_folders_read_as_what_was_counted(folders):
    old, new, _ = folders
    runs_ = read_run(old), read_run(new)
    found = keyed(compare(*runs_, MERGE))
    pd.testing.assert_frame_equal(
        found.loc[["village", "township"]][["change", *PARTS]],
        keyed(hand()).loc[["village", "township"]][["change", *PARTS]],
    )
    assert found.loc[("group", "rest"), "rule"] == 0
    assert runs_[0].services["4g"]["layers"]["lte"]["outside"] == "unknown"


def test_results_are_read_as_their_folder_is():
    towns = pd.DataFrame({"town_code": TOWNS, "remote": [True, False, False, False], "group": "rest"})
    account = SimpleNamespace(table=table({A: (100, 50, 0)}), services={"4g": service(-110)})
    run = run_of(SimpleNamespace(run_id="r1", account=account, townships=towns))
    assert run.groups.loc["10001010", ["remote", "rest"]].all()
    assert run.services["4g"]["layers"]["lte"]["at_least"] == -110
    assert (compare(run, run).changes["change"] == 0).all()
    with pytest.raises(NotFoundError, match="counts no service"):
        run_of(SimpleNamespace(run_id="r1", account=None, townships=towns))


def test_a_threshold_that_changed_is_found_in_the_records(folders, tmp_path):
    old, _, _ = folders
    run = pd.read_csv(old / "coverage.csv", dtype={"code": str}, encoding="utf-8-sig")
    other = folder(tmp_path / "other", run, at_least=-100.0, speed=300, day="2022-12-31")
    done = call(old, other, "--out", tmp_path / "out")
    assert "4g: lte.at_least was -110.0, is -100.0" in done.output
    assert '"at_least": 300' in done.output
    assert "2022" not in done.output  # another date is another year, not another yardstick
    later = folder(tmp_path / "later", run, day="2022-12-31")
    assert "was" not in call(old, later, "--out", tmp_path / "out").output


def test_folders_that_hold_no_run(folders, tmp_path):
    old, new, crosswalk = folders
    (tmp_path / "empty").mkdir()
    done = call(tmp_path / "empty", new, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "coverage.csv" in done.output
    (new / "coverage.csv").write_text("service,of\n4g,people\n")
    done = call(old, new, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "is missing from the header" in done.output
    done = call(old, old, "--out", tmp_path / "out", "--crosswalk", crosswalk)
    assert done.exit_code == 1
    assert "is not in the new boundaries" in done.output
    assert call(old, old, "--out", tmp_path / "out", "--crosswalk", tmp_path / "none.csv").exit_code == 2
    assert not (tmp_path / "out").exists()


def test_figures_that_are_no_numbers(folders, tmp_path):
    old, new, _ = folders
    text = (new / "coverage.csv").read_text(encoding="utf-8-sig").replace("150", "1SO")
    (new / "coverage.csv").write_text(text, encoding="utf-8-sig")
    done = call(old, new, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "'1SO' is not a number" in done.output
