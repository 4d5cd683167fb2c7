"""Crosswalks: people conserved to the person, carried in any order, composed; files checked whole; real villages."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import LineString, Point, Polygon, box
from shared_data import shared

from notspot_geodata import reference
from notspot_geodata.crosswalk import (
    Crosswalk,
    carry,
    crosswalk_of,
    read_crosswalk,
    village_changes,
    write_crosswalk,
)
from notspot_geodata.crosswalk_checks import COLUMNS, rings
from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.vintages import changed, overlaid

CODES = [f"6500001{i:04d}" for i in range(12)]


def rows(*given):
    return pd.DataFrame(given, columns=["old_code", "new_code", "share", "kind"]).assign(basis="test")


def counts(people, **more):
    return pd.DataFrame({"people": people, **more}).rename_axis("village_code")


@st.composite
def crosswalks(draw, old=tuple(CODES[:6]), new=tuple(CODES[4:12])):
    out = []
    for code in draw(st.lists(st.sampled_from(old), unique=True, max_size=len(old))):
        targets = draw(st.lists(st.sampled_from(new), unique=True, min_size=1, max_size=4))
        weights = [draw(st.integers(1, 50)) for _ in targets]
        for target, weight in zip(targets, weights, strict=True):
            kind = "split" if len(targets) > 1 else "same" if target == code else "merge"
            out.append((code, target, weight / sum(weights), kind))
    try:
        return crosswalk_of(rows(*out))
    except InputError:  # a ring
        return crosswalk_of(rows())


people = st.dictionaries(
    st.sampled_from(CODES), st.tuples(st.integers(0, 30_000), st.integers(0, 9_000)), min_size=1
).map(lambda d: pd.DataFrame.from_dict(d, orient="index", columns=["people", "households"]))


# ------------------------------------------------------------------ laws


@given(people, crosswalks())
def test_people_and_households_are_conserved_to_the_person(given_counts, crosswalk):
    out = carry(given_counts, crosswalk)
    assert out.sum().to_dict() == given_counts.sum().to_dict()
    assert (out >= 0).all().all()
    assert out.index.is_monotonic_increasing
    assert out.index.is_unique


@given(people, crosswalks(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_rows_changes_nothing(given_counts, crosswalk, random):
    order = list(given_counts.index)
    random.shuffle(order)
    mixed = crosswalk_of(crosswalk.rows.sample(frac=1, random_state=random.randrange(1000)))
    assert_frame_equal(carry(given_counts.loc[order], mixed), carry(given_counts, crosswalk))


@given(people, crosswalks(), crosswalks(old=tuple(CODES[3:11]), new=tuple(CODES[2:])))
@settings(max_examples=60)
def test_composing_is_carrying_twice_but_for_rounding(given_counts, first, second):
    both = first.then(second)
    assert np.allclose(both.rows.groupby("old_code")["share"].sum(), 1)
    once = carry(given_counts, both)
    twice = carry(carry(given_counts, first), second)
    assert once.sum().to_dict() == twice.sum().to_dict()
    codes = once.index.union(twice.index)
    off = once.reindex(codes, fill_value=0) - twice.reindex(codes, fill_value=0)
    # each division into whole people is off by less than one, in the first and in the second carrying
    assert off.abs().to_numpy().max() <= 2 * (len(first) + len(second)) + 1


@given(people)
def test_an_empty_crosswalk_changes_nothing(given_counts):
    out = carry(given_counts, crosswalk_of(rows()))
    assert_frame_equal(out, given_counts.sort_index(), check_dtype=False, check_index_type=False)


@given(people, crosswalks())
@settings(max_examples=25)
def test_a_part_is_off_its_share_by_less_than_a_person(given_counts, crosswalk):
    for code in given_counts.index:
        alone = carry(given_counts.loc[[code]], crosswalk)["people"]
        link = crosswalk.links([code]).set_index("new_code")["share"]
        exact = link * given_counts.loc[code, "people"]
        assert (alone.reindex(exact.index, fill_value=0) - exact).abs().max() < 1


@given(crosswalks())
def test_every_code_has_links_that_add_up_to_one(crosswalk):
    links = crosswalk.links(CODES)
    assert set(links["old_code"]) == set(CODES)
    assert np.allclose(links.groupby("old_code")["share"].sum(), 1)


# ------------------------------------------------------------------ by hand


def test_a_merge_a_recoding_and_a_split_by_hand():
    a, b, c, d, e = CODES[:5]
    crosswalk = crosswalk_of(
        rows((a, b, 1, "merge"), (c, d, 1, "recode"), (e, e, 0.5, "split"), (e, CODES[7], 0.5, "split"))
    )
    out = carry(counts({a: 100, b: 50, c: 7, e: 11}), crosswalk)["people"]
    assert out.to_dict() == {b: 150, d: 7, e: 6, CODES[7]: 5}  # of 11 the half person goes to the lower code


def test_thirds_give_whole_people():
    crosswalk = crosswalk_of(rows(*((CODES[0], code, 1 / 3, "split") for code in CODES[1:4])))
    assert carry(counts({CODES[0]: 3}), crosswalk)["people"].tolist() == [1, 1, 1]
    assert carry(counts({CODES[0]: 5}), crosswalk)["people"].tolist() == [2, 2, 1]


def test_shares_of_six_decimals_lose_nobody():
    crosswalk = crosswalk_of(rows(*((CODES[0], code, 0.333333, "split") for code in CODES[1:4])))
    assert carry(counts({CODES[0]: 20_000_000}), crosswalk)["people"].sum() == 20_000_000


def test_the_ledger_says_what_was_carried_and_who_is_unplaced():
    a, b, c = CODES[:3]
    ledger = Ledger()
    crosswalk = crosswalk_of(rows((a, b, 0.25, "split"), (a, CODES[5], 0.75, "split")))
    carry(counts({a: 8, c: 5}), crosswalk, ledger=ledger, file="people.csv", placed={b, CODES[5]})
    entries = ledger.to_frame()
    assert entries["value"].tolist() == [a, c]
    assert entries["people"].tolist() == [8, 5]
    assert "25.0%" in entries["reason"][0]
    assert "split by test" in entries["reason"][0]
    assert "unplaced" in entries["reason"][1]


def test_bad_counts_are_all_told_of():
    frame = pd.DataFrame({"people": [1.0, -2, 2.5, np.nan]}, index=[CODES[0], CODES[1], CODES[2], CODES[0]])
    with pytest.raises(InputError) as caught:
        carry(frame, crosswalk_of(rows()))
    assert len(caught.value.problems) == 4


def test_a_name_is_no_count():
    out = carry(counts({CODES[0]: 3}, name={CODES[0]: "留侯里"}), crosswalk_of(rows()))
    assert list(out) == ["people"]


def test_crosswalks_of_vintages_that_do_not_meet_are_refused():
    one = Crosswalk(crosswalk_of(rows()).rows, "village", "2020", "2021")
    with pytest.raises(UsageError, match="2021"):
        one.then(Crosswalk(one.rows, "village", "2022", "2023"))
    with pytest.raises(UsageError, match="township"):
        one.then(Crosswalk(one.rows, "township", "2021", "2022"))


def test_composed_rows_keep_their_grounds_and_their_blur():
    a, b, c, d = CODES[:4]
    first = crosswalk_of(rows((a, b, 1, "merge"), (d, b, 1, "merge")).assign(plus_minus=0.0))
    second = crosswalk_of(
        rows((b, b, 0.5, "split"), (b, c, 0.5, "split")).assign(basis="area", plus_minus=0.2)
    )
    found = first.then(second).rows
    assert found["share"].tolist() == [0.5] * 4 + [0.5] * 2  # b itself is divided as well
    assert found["plus_minus"].tolist() == [0.2] * 6
    assert found["basis"][0] == "test / area"
    unknown = crosswalk_of(rows((b, b, 0.5, "split"), (b, c, 0.5, "split")))
    assert first.then(unknown).rows["plus_minus"].isna().all()
    assert first.then(unknown).links([a])["plus_minus"].tolist() == [0.5, 0.5]


# ------------------------------------------------------------------ files


def written(folder, *lines, header="old_code,new_code,share,kind,basis,plus_minus,note"):
    path = folder / "crosswalk.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return path


def test_a_file_with_every_problem_is_told_of_at_once(tmp_path):
    a, b, c, d = CODES[:4]
    path = written(
        tmp_path,
        f"{a},{b},0.5,split,area,,",
        f"{a},{c},0.4,split,area,,",
        f"{b},{b},1,same,area,,",
        f"{b},{b},1,same,area,,",
        "6500001,x,1,recode,area,,",
        f"{c},{CODES[9]},1,merge,area,,",
        f"{d},{a},half,split,area,,",
        f"{CODES[4]},{a},1,gone,,,",
        f"{CODES[5]},{CODES[6]},1,recode,area,,",
        f"{CODES[6]},{CODES[5]},1,recode,area,,",
        f"{CODES[7]},{CODES[7]},1,recode,area,2,",
        f",{a},1,recode,area,,",
    )
    with pytest.raises(InputError) as caught:
        read_crosswalk(path, known=CODES[:8])
    found = {(problem.row, problem.field) for problem in caught.value.problems}
    assert found == {
        (2, "share"), (4, "share"), (5, "old_code"), (6, "old_code"), (6, "new_code"), (7, "new_code"), (8, "share"),
        (9, "kind"), (9, "basis"), (10, "new_code"), (12, "kind"), (12, "plus_minus"), (13, "old_code"),
    }  # fmt: skip
    assert "add up to 0.9" in str(caught.value)
    assert f"{CODES[5]} → {CODES[6]} → {CODES[5]}" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{a},{a},0.5,same,area", "a split has shares below 1"),
        ("{a},{b},1,split,area", "a split has shares below 1"),
        ("{a},{b},1,same,area", "that is a recode or a merge"),
        ("{a},{a},1,merge,area", "that is the same"),
        ("{a},{b},35,split,area", "35 % is written 0.35"),
        ("{a},{b},0,split,area", "above 0"),
    ],
)
def test_kinds_and_shares_that_contradict_each_other(tmp_path, line, words):
    path = written(tmp_path, line.format(a=CODES[0], b=CODES[1]), header="old_code,new_code,share,kind,basis")
    with pytest.raises(InputError, match=words):
        read_crosswalk(path, known=CODES)


def test_columns_that_are_missing(tmp_path):
    with pytest.raises(InputError) as caught:
        read_crosswalk(written(tmp_path, "1,2", header="old_code,new"))
    assert [p.field for p in caught.value.problems] == ["new_code", "share", "kind", "basis"]


def test_files_that_are_no_crosswalk(tmp_path):
    with pytest.raises(NotFoundError):
        read_crosswalk(tmp_path / "none.csv")
    path = tmp_path / "big5.csv"
    path.write_bytes("old_code,基礎".encode("cp950"))
    with pytest.raises(InputError, match="UTF-8"):
        read_crosswalk(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="no table"):
        read_crosswalk(path)


def test_codes_are_read_in_any_spelling_and_a_border_may_go_both_ways(tmp_path):
    a, b = CODES[:2]
    path = written(
        tmp_path,
        f"{a[:8]}-{a[8:]},{a},0.9,split,area",
        f"{a},{b},0.1,split,area",
        f"{b},{b},0.8,split,area",
        f"{b},{a},0.2,split,area",
        header="old_code,new_code,share,kind,basis",
    )
    assert read_crosswalk(path, known=CODES).rows["old_code"].tolist() == [a, a, b, b]


@given(crosswalks())
@settings(max_examples=30)
def test_what_is_written_reads_back_the_same(tmp_path_factory, crosswalk):
    path = tmp_path_factory.mktemp("crosswalk") / "c.csv"
    write_crosswalk(crosswalk, path)
    back = read_crosswalk(path, known=CODES).rows
    assert_frame_equal(back, crosswalk.rows, check_dtype=False)


def test_rings_are_found_behind_tails():
    goes = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "e": {"f"}, "g": {"h"}, "h": {"g"}}
    assert rings(goes) == [["b", "c"], ["g", "h"]]
    assert rings({"a": {"b"}, "b": {"c"}}) == []


# ------------------------------------------------------------------ from polygons


def frame(shapes, crs="EPSG:3826"):
    return gpd.GeoDataFrame({"village_code": list(shapes)}, geometry=list(shapes.values()), crs=crs)


X, Y = 250_000, 2_650_000  # TM2 121, in the middle of the island


def square(west, south, east, north):
    return box(X + west, Y + south, X + east, Y + north)


OLD = frame(
    {
        CODES[0]: square(0, 0, 1000, 1000),
        CODES[1]: square(1000, 0, 2000, 1000),
        CODES[2]: square(2000, 0, 3000, 1000),
    }
)
NEW = frame(
    {
        CODES[0]: square(0, 0, 1250, 1000),
        CODES[5]: square(1250, 0, 2000, 1000),
        CODES[6]: square(2000, 0, 3000, 1000),
    }
)


def test_areas_give_the_shares():
    found = overlaid(OLD, NEW).rows
    assert found[["old_code", "new_code", "kind"]].to_numpy().tolist() == [
        [CODES[0], CODES[0], "same"],
        [CODES[1], CODES[0], "split"],
        [CODES[1], CODES[5], "split"],
        [CODES[2], CODES[6], "recode"],
    ]
    assert found["share"].tolist() == pytest.approx([1, 0.25, 0.75, 1], abs=1e-4)
    assert found["plus_minus"].isna().tolist() == [False, True, True, False]
    assert set(found["basis"]) == {"area"}
    assert len(changed(overlaid(OLD, NEW))) == 3


def test_two_drawings_of_one_border_are_one_border():
    moved = OLD.copy()
    moved["geometry"] = moved.translate(5, 0)
    assert set(overlaid(OLD, moved).rows["kind"]) == {"same"}
    assert "split" in set(overlaid(OLD, moved, sliver=0).rows["kind"])


def test_points_weigh_where_people_are_and_area_is_the_rest():
    points = gpd.GeoDataFrame(
        {"weight": [1.0, 3.0, 5.0]},
        geometry=[Point(X + 1100, Y + 500), Point(X + 1900, Y + 500), Point(X - 500, Y)],
        crs="EPSG:3826",
    ).to_crs("EPSG:4326")
    found = overlaid(OLD, NEW, weights=points).rows.set_index(["old_code", "new_code"])
    assert found["share"].loc[CODES[1]].tolist() == pytest.approx([0.25, 0.75])
    assert found["basis"].tolist() == ["area", "points", "points", "area"]
    even = points.drop(columns="weight")
    assert overlaid(OLD, NEW, weights=even).rows["share"].tolist()[1:3] == [0.5, 0.5]


def test_a_raster_weighs_by_the_middle_of_its_cells(tmp_path):
    values = np.zeros((10, 30), "float32")
    values[:, 10:12] = 3  # inside the part of the second village that went to the first
    values[:, 15:17] = 1
    values[0, 0] = -9
    path = tmp_path / "people.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=30, height=10, count=1, dtype="float32", crs="EPSG:3826",
        transform=rasterio.transform.from_origin(X, Y + 1000, 100, 100), nodata=-9,
    ) as file:  # fmt: skip
        file.write(values, 1)
    found = overlaid(OLD, NEW, weights=path).rows
    assert found["share"].tolist() == pytest.approx([1, 0.75, 0.25, 1], abs=1e-4)
    assert found["basis"].tolist() == ["area", "raster", "raster", "area"]


def test_a_unit_that_lies_in_no_new_one_keeps_its_people_unplaced():
    found = overlaid(OLD, NEW.iloc[:2])
    assert CODES[2] not in set(found.rows["old_code"])
    assert carry(counts({CODES[2]: 9}), found)["people"].to_dict() == {CODES[2]: 9}


@given(st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True))
@settings(max_examples=25)
def test_shares_by_area_add_up_however_a_square_is_cut(cuts):
    edges = [0, *sorted(cuts), 100]
    new = frame({CODES[i]: square(10 * a, 0, 10 * b, 1000) for i, (a, b) in enumerate(zip(edges, edges[1:]))})  # noqa: B905, RUF007
    found = overlaid(OLD.iloc[:1], new, sliver=0).rows
    assert found["share"].sum() == pytest.approx(1)
    expected = [(b - a) / 100 for a, b in zip(edges, edges[1:])]  # noqa: B905, RUF007
    assert found["share"].tolist() == pytest.approx(expected, abs=1e-3)


def test_bad_boundaries_are_all_told_of():
    bow = Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    bad = frame({"650": bow, CODES[0]: Polygon(), CODES[1]: LineString([(X, Y), (X, Y + 9)])})
    bad = pd.concat([bad, OLD.iloc[[0]]], ignore_index=True)
    with pytest.raises(InputError) as caught:
        overlaid(bad, NEW)
    assert [problem.row for problem in caught.value.problems] == [1, 2, 3, 4]
    with pytest.raises(UsageError, match="coordinate system"):
        overlaid(OLD.set_crs(None, allow_override=True), NEW)
    with pytest.raises(UsageError, match="sliver"):
        overlaid(OLD, NEW, sliver=3)
    with pytest.raises(InputError, match="is missing"):
        overlaid(OLD, NEW, code="code")


def test_bad_weights_are_told_of():
    points = gpd.GeoDataFrame({"weight": [-1.0, np.nan]}, geometry=[Point(X, Y)] * 2, crs="EPSG:3826")
    with pytest.raises(InputError) as caught:
        overlaid(OLD, NEW, weights=points)
    assert len(caught.value.problems) == 2
    with pytest.raises(InputError, match="points only"):
        overlaid(OLD, NEW, weights=OLD)
    with pytest.raises(UsageError, match="coordinate system"):
        overlaid(OLD, NEW, weights=points.set_crs(None, allow_override=True))


# ------------------------------------------------------------------ the villages of 2021


def test_the_embedded_changes_lead_to_villages_that_exist_and_say_why():
    found = village_changes()
    assert list(found.rows) == list(COLUMNS)
    assert (found.old, found.new) == ("2021-03", "2021-09")
    assert set(found.rows["new_code"]) <= set(reference.villages()["village_code"])
    assert (found.rows["old_code"].str[:8] == found.rows["new_code"].str[:8]).all()
    assert found.rows["basis"].isin(["decision", "register", "statistical areas"]).all()
    estimated = found.rows["basis"] == "statistical areas"
    assert (found.rows.loc[estimated, "plus_minus"] >= 0.16).all()
    assert (found.rows["note"] != "").all()


def test_the_people_of_march_2021_on_the_boundaries_of_september():
    table = pd.read_csv(shared("data/population/village_population_2021-03.csv"), dtype=str)
    index = pd.Index(table["村里代碼"].str.replace("-", ""), name="village_code")
    march = pd.DataFrame(
        {"people": table["人口"].astype(int).to_numpy(), "households": table["戶數"].astype(int).to_numpy()},
        index,
    )
    villages = set(reference.villages()["village_code"])
    away = march[~march.index.isin(villages)]
    assert (len(away), away["people"].sum()) == (71, 86_480)

    ledger = Ledger()
    carried = carry(march, village_changes(), ledger=ledger, file="people.csv", placed=villages)
    assert carried["people"].sum() == 23_525_623
    assert carried["households"].sum() == 8_950_538
    assert villages <= set(carried.index)  # the eleven new villages have people now
    unplaced = carried[~carried.index.isin(villages)]
    missing = reference.missing_villages()
    assert set(unplaced.index) == set(missing["village_code"])
    assert unplaced["people"].sum() == missing["people_2021_03"].sum() == 57_085
    gone = away[~away.index.isin(unplaced.index)]
    assert (len(gone), gone["people"].sum()) == (31, 29_395)
    assert set(gone.index) <= set(village_changes().rows["old_code"])
    # nobody changes township
    towns = march["people"].groupby(march.index.str[:8]).sum()
    assert towns.equals(carried["people"].groupby(carried.index.str[:8]).sum())
    entries = ledger.to_frame()
    assert entries["reason"].str.startswith("has no polygon").sum() == 40
    assert (
        entries["reason"].str.startswith("carried over").sum() == village_changes().rows["old_code"].nunique()
    )
