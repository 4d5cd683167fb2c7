"""The runs on real data: who is refused, that nobody is lost, and the synthetic network. Run d is not run here."""

import sys
from pathlib import Path

import numpy as np
import pytest

import notspot

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from shared_data import shared  # noqa: E402

import real_communities  # noqa: E402
import real_network  # noqa: E402
import real_people  # noqa: E402
import real_runs  # noqa: E402
import real_studies  # noqa: E402
import real_text  # noqa: E402


def data_for(name):
    """The folder of the data, where all that a run needs is there."""
    for path in real_runs.NEEDS[name]:
        shared(f"data/{path}")
    return shared("data")


@pytest.fixture(scope="module")
def communities(tmp_path_factory):
    data = data_for("a")
    study = real_studies.communities(data, tmp_path_factory.mktemp("a"))
    return notspot.run(notspot.Study.read(study), allow_rejects=True)


@pytest.fixture(scope="module")
def distances():
    return real_communities.distances(data_for("a"))


@pytest.fixture(scope="module")
def listed():
    return real_people.listed(data_for("b"))


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    data = data_for("b")
    study = real_studies.people(data, tmp_path_factory.mktemp("b"))
    return notspot.run(notspot.Study.read(study), allow_rejects=True)


# ------------------------------------------------------------------ a


def test_rows_that_are_wrong_at_source_are_caught_by_their_place(communities):
    found = real_communities.refused(communities).set_index("row")["reason"]
    assert {208 + 1, 243 + 1} <= set(found.index)  # Seq and the header's line
    assert "高雄市桃源區 that the row names" in found[209]
    assert "南投縣仁愛鄉 that the row names" in found[244]


def test_no_check_knows_a_row_by_its_number(tmp_path):
    """The two wrong rows alone, first in a file of their own, are refused as well."""
    lines = shared(f"data/{real_studies.COMMUNITIES}").read_text(encoding="utf-8-sig").splitlines()
    short = tmp_path / "communities.csv"
    short.write_text("\n".join([lines[0], lines[243], lines[208], *lines[1:4]]), encoding="utf-8")
    with pytest.raises(notspot.NotspotError, match=r"南投縣仁愛鄉(.|\n)*高雄市桃源區"):
        notspot.read_geo(short)


def test_every_community_is_counted_once(communities, distances):
    rows = real_communities.nation(communities)
    usable = len(distances.frame)
    lost = len(real_communities.refused(communities))
    assert (usable + lost, lost) == (739, 8)
    assert set(rows["total"]) == {739}
    assert set(rows["unknown"]) == {lost}
    assert (rows["covered"] + rows["not_covered"] + rows["unknown"] == 739).all()


def test_a_wider_range_and_more_hotspots_never_reach_fewer(communities):
    rows = real_communities.nation(communities)
    own, every = (
        [rows.loc[f"{kind}_{radius}", "covered"] for radius in real_studies.RADII_M]
        for kind in ("community", "all")
    )
    assert own == sorted(own)
    assert every == sorted(every)
    assert all(a <= b for a, b in zip(own, every, strict=True))


def test_shared_points_widen_the_bounds_to_both_sides(communities):
    row = real_communities.nation(communities).loc["community_500"]
    assert row["low"] < 100 * row["covered"] / row["total"] < row["best"] < row["high"]
    assert row["varied"] == "unknown, anchors"


def test_distances_agree_with_the_counts(communities, distances):
    rows = real_communities.nation(communities)
    km = distances.frame
    for kind in ("community", "all"):
        for radius in real_studies.RADII_M:
            assert int((km[kind] <= radius / 1000).sum()) == rows.loc[f"{kind}_{radius}", "covered"]


def test_the_official_figure_stands_beside(communities):
    table = communities.indicators
    row = table[(table["indicator"] == "communities_wifi") & (table["level"] == "nation")].iloc[0]
    assert row["official_2021"] == 568
    assert row["numerator"] == real_communities.nation(communities).loc["community_1000", "covered"]


# ------------------------------------------------------------------ b


def test_people_without_a_polygon_are_those_that_are_known(listed):
    assert (len(listed.merged) + len(listed.missing), listed.merged.sum() + listed.missing.sum()) == (
        71,
        86_480,
    )
    assert (len(listed.merged), len(listed.missing)) == (31, 40)


def test_nobody_is_lost_on_any_level(people, listed):
    assert listed.people.sum() == 23_525_623
    for subject in ("listed", "carried"):
        assert set(real_people.totals(people, subject)) == {23_525_623}


def test_the_crosswalk_carries_the_merged_and_leaves_the_missing_in_their_township(people, listed):
    assert real_people.unplaced(people, "listed") == 86_480
    assert real_people.unplaced(people, "carried") == listed.missing.sum() == 57_085
    rows = people.account.table
    rows = rows[(rows["level"] == "township") & (rows["of"] == "people") & (rows["subject"] == "carried")]
    unknown = rows.set_index("code")["unknown"]
    expected = listed.missing.groupby(listed.missing.index.str[:8]).sum()
    assert unknown[unknown > 0].astype(int).to_dict() == expected.to_dict()


def test_the_ledger_has_every_village_that_is_unplaced_or_carried(people, listed):
    ledger = people.ledger.to_frame()
    ledger = ledger[ledger["file"] == Path(real_studies.PEOPLE).name]
    for codes, words in ((listed.merged, "carried over"), (listed.missing, "has no polygon")):
        entries = (
            ledger[ledger["reason"].str.contains(words)].drop_duplicates("value").set_index("value")["people"]
        )
        assert entries.reindex(codes.index).astype(int).to_dict() == codes.to_dict()


# ------------------------------------------------------------------ the synthetic network


@pytest.fixture(scope="module")
def network():
    return real_network.synthesise(data_for("d"))


def test_the_network_has_the_sites_that_its_licences_give(network):
    towns = network.townships
    assert towns["licences"].sum() == 106_444
    wanted = (towns["licences"] / real_network.LICENCES_A_SITE).round().clip(lower=1)
    assert (towns["lte"] == wanted).all()
    assert towns["nr"].sum() == len(network.nr)
    assert network.lte["site_id"].is_unique


def test_the_operators_share_the_sites_like_the_licences(network):
    shares = real_network.operator_shares(shared("data"))
    assert len(shares) == 22
    total = sum(shares.values())
    got = network.lte["operator"].value_counts().sort_index().to_numpy() / len(network.lte)
    assert np.abs(got - total / total.sum()).max() < 0.005


def test_the_network_is_the_same_each_time(network):
    again = real_network.synthesise(shared("data"))
    assert again.lte.equals(network.lte)
    assert again.nr.equals(network.nr)


def test_5g_stands_on_masts_of_4g(network):
    both = network.nr.merge(network.lte, on=["site_id", "operator", "lon", "lat"])
    assert len(both) == len(network.nr)


@pytest.mark.parametrize("number", [0, 1, 7, 1000])
def test_things_are_dealt_out_whole(number):
    weight = np.array([0.0, 1.0, 2.5, 0.0, 6.5])
    got = real_network.deal(np.random.default_rng(1), weight, number)
    assert got.sum() == number
    assert (np.abs(got - number * weight / weight.sum()) <= 1).all()


# ------------------------------------------------------------------ the page


def test_the_page_has_a_place_for_every_part_and_shows_its_pictures():
    text = real_runs.PAGE.read_text(encoding="utf-8")
    for name in ("a", "b", "c", "d", "network"):
        start, end = text.index(f"<!-- made: {name} -->"), text.index(f"<!-- end: {name} -->")
        assert end - start > 500, f"run python scripts/real_runs.py --only {name[0]} --write"
    for name in "acd":
        assert f"(real-run-{name}.png)" in text
        assert (real_runs.PAGE.parent / f"real-run-{name}.png").stat().st_size > 50_000


def test_the_page_says_what_the_runs_give(communities, distances, people, listed):
    text = real_runs.PAGE.read_text(encoding="utf-8")
    assert real_communities.part(communities, distances) in text
    assert real_people.part(people, listed).split("What it does")[0] in text


def test_parts_are_put_between_their_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("one\n<!-- made: x -->\n<!-- end: x -->\ntwo\n", encoding="utf-8")
    for body in ("first", "second \\1"):
        real_text.rewrite(page, {"x": body})
        assert page.read_text(encoding="utf-8") == f"one\n<!-- made: x -->\n{body}\n<!-- end: x -->\ntwo\n"
    with pytest.raises(ValueError, match="has no place for 'y'"):
        real_text.rewrite(page, {"y": ""})


def test_shares_are_never_rounded_to_all():
    assert real_text.share(0.99996) == "99.996 %"
    assert real_text.share(1.0) == "100.0 %"
    assert real_text.share(float("nan")) == "unknown"
    assert real_text.one_of(0, 0) == "none (0 of 0)"


def test_a_run_without_its_data_is_left_out_and_said(tmp_path, capsys, monkeypatch):
    argv = ["real_runs.py", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--only", "a,d"]
    monkeypatch.setattr(sys, "argv", argv)
    real_runs.main()
    said = capsys.readouterr().out.splitlines()
    assert [line[:19] for line in said] == ["run a is left out: ", "run d is left out: "]
