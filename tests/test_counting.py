"""The laws of counting, on a country of six villages: people conserved, monotone, bounded, additive, repeatable."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from counting_fixture import (
    GONE,
    NAME,
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
from shared_data import shared

from notspot_coverage.counting.lattice import lattice_of
from notspot_coverage.counting.services import LAND, Bounds, Lines, People, Places, Surface
from notspot_coverage.counting.units import Units
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.locating import locate_points
from notspot_geodata.reference import villages

COUNTRY = country()
FIGURES = ["total", "covered", "not_covered", "unknown"]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking whole accounts takes minutes
KEYS = ["service", "of", "subject", "level", "code"]
PLACES = Places(
    id="clinics",
    name=NAME,
    points=gpd.GeoDataFrame(
        {"name": list("abcdef"), "id": list("123456")},
        geometry=[at(200, 200), at(600, 100), at(600, 100), at(1000, 700), at(1450, 350), at(2000, 900)],
        crs="EPSG:3826",
    ),
    anchors=True,
)
LINES = Lines(
    id="roads",
    name=NAME,
    lines=gpd.GeoDataFrame(
        geometry=[
            shapely.LineString([at(-50, 100), at(700, 100), at(700, 700)]),
            shapely.LineString([at(0, 0), at(1500, 400)]),
        ],
        crs="EPSG:3826",
    ),
)
SURFACES = (
    Surface(id="even"),
    Surface(
        id="houses",
        kind="points",
        points=gpd.GeoDataFrame(
            {"weight": [1.0, 2, 3, 0.5, 0, 4]},
            geometry=[at(30, 30), at(350, 390), at(500, 200), at(800, 30), at(10, 790), at(1590, 310)],
            crs="EPSG:3826",
        ),
    ),
)


@pytest.fixture(scope="module")
def rasters(tmp_path_factory):
    """Two rasters: 100 m with holes, 40 m without."""
    folder = tmp_path_factory.mktemp("rasters")
    rng = np.random.default_rng(2)
    rough = np.where(rng.random((11, 18)) < 0.25, np.nan, rng.normal(-104, 8, (11, 18)))
    fine = rng.normal(-106, 6, (24, 45))
    return (
        write_raster(folder / "rough.tif", rough, west=-130, north=-90),
        write_raster(folder / "fine.tif", fine, cell_m=40, west=-20, north=-50),
    )


# ------------------------------------------------------------------ services at random

places_ = st.builds(at, st.floats(-200, 1900), st.floats(-200, 1000))
squares_ = st.builds(square, st.floats(-200, 1500), st.floats(-200, 700), st.floats(30, 700))
outside_ = st.sampled_from(["unknown", "not covered"])
operator_ = st.sampled_from(["", "甲", "乙", "丙"])
accuracy_ = st.sampled_from([0.0, 0.0, 20.0, 60.0])


def layers_(paths):
    numbers = st.sampled_from([0.0, 1.0, 2.0, float("nan")])
    return st.one_of(
        st.builds(
            lambda points, radius_m, **rest: sites(*points, radius_m=radius_m, **rest),
            st.lists(places_, max_size=3), st.floats(20, 500), outside=outside_, operator=operator_,
            accuracy_m=accuracy_,
        ),
        st.builds(
            lambda shapes, **rest: areas(*shapes, **rest),
            st.lists(squares_, max_size=3), outside=outside_, operator=operator_, accuracy_m=accuracy_,
        ),
        st.builds(
            lambda which, at_least, sigma, **rest: raster(paths[which], at_least, location_sigma_db=sigma, **rest),
            st.integers(0, 1), st.floats(-120, -90), st.sampled_from([0.0, 6.0]), outside=outside_, operator=operator_,
        ),
        st.builds(
            lambda values, **rest: by_unit(values, **rest),
            st.dictionaries(st.sampled_from([A, B, C, D, E, F]), numbers, max_size=4), outside=outside_,
            operator=operator_,
        ),
    )  # fmt: skip


def services_(paths):
    return st.builds(
        lambda layers, operators: service(*layers, operators=operators),
        st.lists(layers_(paths), max_size=3),
        st.sampled_from([(), ("甲", "乙")]),
    )


def everything(*services, bounds=None):
    return COUNTRY.count(
        *services, people=[PEOPLE, TOWNS], surfaces=SURFACES, places=[PLACES], lines=[LINES],
        bounds=bounds or Bounds(location_percent=(50.0, 95.0)),
    )  # fmt: skip


TOWNS = People(
    id="towns",
    name=NAME,
    level="township",
    counts=pd.DataFrame(
        {"people": [1078, 503, 2513, 49, 6]},
        index=["10002010", "10002020", "10013010", "10013020", "10013030"],
    ),
)


def figures(account):
    return account.table.set_index(KEYS)[FIGURES]


# ------------------------------------------------------------------ the laws


@given(data=st.data())
@settings(max_examples=10, phases=PHASES)
def test_everything_that_holds_of_one_account(rasters, data):
    account = everything(data.draw(services_(rasters)))
    table = account.table
    whole = table["of"].isin(["people", "households", "places"])
    # 1. people are conserved, to the person
    assert (table.loc[whole, FIGURES] % 1 == 0).all(axis=None)
    assert (table[FIGURES] >= 0).all(axis=None)
    gap = table["total"] - table["covered"] - table["not_covered"] - table["unknown"]
    assert (gap[whole] == 0).all()
    assert gap.abs().max() < 1e-9
    nation = table[table["level"] == "nation"].set_index(["of", "subject"])["total"]
    assert nation["people", "registered"] == PEOPLE.counts["people"].sum() == nation["people", "towns"]
    assert nation["households", "registered"] == PEOPLE.counts["households"].sum()
    assert nation["places", "clinics"] == 6
    assert nation["area", LAND] == pytest.approx(COUNTRY.lattice.area_km2.sum())
    # 3. low <= best <= high, and best only where something is known
    assert (table["low"] <= table["best"]).where(table["best"].notna(), True).all()
    assert (table["best"] <= table["high"]).where(table["best"].notna(), True).all()
    some = table["total"] > 0
    assert (table.loc[some, "low"] <= table.loc[some, "high"]).all()
    assert table.loc[some, ["low", "high"]].stack().between(0, 100).all()
    known = table["covered"] + table["not_covered"]
    there = known > 1e-9
    assert np.allclose(table.loc[there, "best"], 100 * (table["covered"] / known)[there])
    # 6. of nothing there is no share
    assert table.loc[~some, ["low", "best", "high"]].isna().all(axis=None)
    assert table.loc[known == 0, "best"].isna().all()
    # 4. parents are their children
    check_parents(table, FIGURES, ["of", "subject"])
    check_parents(account.notspots, ["people"], ["subject", "kind", "operators"])
    check_parents(
        account.roaming, ["people", "covered", "not_covered", "unknown", "solved"], ["subject", "operator"]
    )
    # the variants hold the bounds, and the first of them is the best estimate
    check_variants(account)
    # not-spots add up to people; who is reached by none is who is not covered
    check_notspots(account)


def check_parents(frame, columns, by):
    for _, part in frame.groupby(by, dropna=False):
        levels = {
            level: rows.set_index("code")[columns].astype(float) for level, rows in part.groupby("level")
        }
        towns = levels["township"]
        if "village" in levels:
            added = levels["village"].groupby(levels["village"].index.str[:8]).sum()
            assert np.allclose(added.reindex(towns.index, fill_value=0), towns, atol=1e-9)
        assert np.allclose(towns.groupby(towns.index.str[:5]).sum(), levels["county"], atol=1e-9)
        groups = levels["group"]
        away = levels["nation"].iloc[0] - levels["county"].sum()  # places that lie near no village
        if part["of"].iloc[0] not in ("places", "lines") if "of" in part else True:
            assert np.allclose(away, 0, atol=1e-9)
        for pair in (
            ["remote", "non_remote"],
            ["mountain_indigenous", "plains_indigenous", "offshore", "rest"],
        ):
            assert np.allclose(groups.loc[pair].sum(), towns.sum(), atol=1e-9)
        remote = COUNTRY.townships.set_index("town_code")["remote"]
        assert np.allclose(groups.loc["remote"], towns[remote.reindex(towns.index)].sum(), atol=1e-9)


def check_variants(account):
    table = account.table[account.table["level"] != "village"]
    variants = account.variants
    total = variants["covered"] + variants["not_covered"] + variants["unknown"]
    shares = variants.assign(
        least=100 * variants["covered"] / total,
        most=100 * (variants["covered"] + variants["unknown"]) / total,
    )
    grouped = shares.groupby(KEYS, sort=False)
    bounds = pd.DataFrame({"low": grouped["least"].min(), "high": grouped["most"].max()})
    own = table.set_index(KEYS)
    assert np.allclose(bounds, own.loc[bounds.index, ["low", "high"]], atol=1e-9, equal_nan=True)
    first = variants.drop_duplicates(KEYS).set_index(KEYS)[FIGURES[1:]]
    assert (first.to_numpy() == own.loc[first.index, FIGURES[1:]].to_numpy()).all()
    assert len(own) == len(bounds)


def check_notspots(account):
    table = account.table[account.table["of"] == "people"].set_index(["subject", "level", "code"])
    kinds = account.notspots.pivot_table(
        index=["subject", "level", "code"], columns="kind", values="people", aggfunc="sum", sort=False
    )
    for kind in ("complete", "partial", "none", "unknown"):
        kinds[kind] = kinds.get(kind, 0.0)
    own = table.loc[kinds.index]
    assert (kinds.sum(axis=1) == own["total"]).all()
    assert (kinds["complete"] == own["not_covered"]).all()
    assert (kinds["partial"] + kinds["none"] <= own["covered"]).all()
    assert (kinds["unknown"][own["unknown"] == 0] <= (own["covered"])[own["unknown"] == 0]).all()
    roaming = account.roaming
    assert (roaming["people"] == roaming["covered"] + roaming["not_covered"] + roaming["unknown"]).all()
    assert (roaming["solved"] <= roaming["not_covered"]).all()
    assert (roaming[["covered", "not_covered", "unknown", "solved"]] >= 0).all(axis=None)
    whole = own["total"].reindex(roaming.set_index(["subject", "level", "code"]).index)
    assert (whole.to_numpy() == roaming["people"].to_numpy()).all()
    # an operator alone never reaches more than all together
    most = roaming.groupby(["subject", "level", "code"], sort=False)["covered"].max()
    assert (most <= own["covered"].reindex(most.index)).all()


def never_more(less, more):
    """Of every unit and subject: no more covered, no more possible, in the best estimate and in every variant."""
    for one, other, keys in (
        (less.table, more.table, KEYS),
        (less.variants, more.variants, [*KEYS, "surface", "edges", "location_percent", "anchors"]),
    ):
        a, b = (frame.set_index(keys)[["covered", "unknown"]] for frame in (one, other))
        both = a.index.intersection(b.index)
        assert len(both) == len(a) or keys is not KEYS
        a, b = a.loc[both].astype(float), b.loc[both].astype(float)
        lax = 1e-9 * (1 - both.get_level_values("of").isin(["people", "households", "places"]))
        assert (a["covered"] <= b["covered"] + lax).all()
        assert (a.sum(axis=1) <= b.sum(axis=1) + lax).all()
    a, b = (account.table.set_index(KEYS)[["low", "best", "high"]] for account in (less, more))
    b = b.loc[a.index]
    assert (a["low"] <= b["low"] + 1e-9).where(a["low"].notna(), True).all()
    assert (a["high"] <= b["high"] + 1e-9).where(a["high"].notna(), True).all()
    there = a["best"].notna() & b["best"].notna()
    assert (a["best"] <= b["best"] + 1e-9)[there].all()


@given(data=st.data(), stricter=st.floats(0, 15))
@settings(max_examples=6, phases=PHASES)
def test_a_stricter_threshold_or_a_smaller_radius_never_covers_more(rasters, data, stricter):
    lax = data.draw(services_(rasters))

    def narrow(layer):
        if hasattr(layer, "at_least"):
            return dataclasses.replace(layer, at_least=layer.at_least + stricter)
        if hasattr(layer, "radius_m"):
            return dataclasses.replace(layer, radius_m=max(layer.radius_m - 10 * stricter, 0))
        return layer

    strict = dataclasses.replace(lax, layers=tuple(map(narrow, lax.layers)))
    never_more(everything(strict), everything(lax))


@given(data=st.data())
@settings(max_examples=6, phases=PHASES)
def test_one_layer_more_never_covers_less(rasters, data):
    """The union of operators, and of layers of one, is never less than any of them."""
    full = data.draw(services_(rasters).filter(lambda s: len(s.layers) > 1))
    one_less = dataclasses.replace(full, layers=full.layers[1:])
    # a whole operator less, not one that is then missed: that makes people unknown, who may be covered
    if {layer.operator for layer in full.layers} & set(full.operators):
        full, one_less = (dataclasses.replace(s, operators=()) for s in (full, one_less))
    never_more(everything(one_less), everything(full))


@given(data=st.data())
@settings(max_examples=6, phases=PHASES)
def test_with_nothing_unknown_and_nothing_varied_the_bounds_meet(rasters, data):
    found = data.draw(services_(rasters).filter(lambda s: s.layers and not s.operators))
    layers = tuple(dataclasses.replace(layer, outside="not covered") for layer in found.layers)
    account = COUNTRY.count(
        dataclasses.replace(found, layers=layers),
        people=[people(people={A: 1001, B: 77, C: 503, D: 2500, E: 13, F: 9})],
        surfaces=SURFACES[1:],
        bounds=Bounds(edges=False),
    )
    some = account.table[account.table["total"] > 0]
    assert (some["low"] == some["best"]).all()
    assert (some["best"] == some["high"]).all()
    assert (some["unknown"] == 0).all()
    assert (account.notspots.loc[account.notspots["kind"] == "unknown", "people"] == 0).all()


@given(data=st.data(), seed=st.integers(0, 99))
@settings(max_examples=6, phases=PHASES)
def test_order_splitting_and_systems_change_nothing(rasters, data, seed):
    found = data.draw(services_(rasters))
    rng = np.random.default_rng(seed)

    def shuffled(frame):
        return frame.iloc[rng.permutation(len(frame))]

    def other(layer):
        """The same layer in one or two, in another order and another system."""
        name = next((n for n in ("points", "areas") if hasattr(layer, n)), None)
        if name is None:
            if hasattr(layer, "values"):
                return [dataclasses.replace(layer, values=shuffled(layer.values))]
            return [layer]
        system = str(rng.choice(["EPSG:3824", "EPSG:3825", "EPSG:3826", "EPSG:4326"]))
        frame = shuffled(getattr(layer, name)).to_crs(system)
        cut = (
            int(rng.integers(0, len(frame) + 1)) if layer.accuracy_m == 0 or name == "points" else len(frame)
        )
        return [dataclasses.replace(layer, **{name: part}) for part in (frame[:cut], frame[cut:])]

    again = dataclasses.replace(found, layers=tuple(part for layer in found.layers for part in other(layer)))
    before = everything(found)
    options = {
        "people": [dataclasses.replace(item, counts=shuffled(item.counts)) for item in (PEOPLE, TOWNS)]
    }
    options["surfaces"] = [
        SURFACES[0],
        dataclasses.replace(SURFACES[1], points=shuffled(SURFACES[1].points.to_crs(4326))),
    ]
    options["places"] = [dataclasses.replace(PLACES, points=shuffled(PLACES.points.to_crs(3824)))]
    options["lines"] = [dataclasses.replace(LINES, lines=shuffled(LINES.lines.to_crs(4326)))]
    after = COUNTRY.count(again, bounds=Bounds(location_percent=(50.0, 95.0)), **options)
    a, b = figures(before), figures(after)
    assert (a.index == b.index).all()
    # a corner that lies on the middle of a sub-cell may fall either way after its trip to degrees and back, and then
    # 156 m2 of some village; a sample of 10 m of a line likewise
    per = {"people": 3, "households": 2, "area": 5e-4, "places": 0, "lines": 0.021}
    lax = a.index.get_level_values("of").map(per).to_numpy(float)
    assert (np.abs(a - b).max(axis=1) <= lax + 1e-9).all()


def test_the_same_inputs_give_the_same_bytes(rasters):
    one = service(
        raster(rasters[0], -104, location_sigma_db=6.0),
        sites(at(500, 500), radius_m=333, operator="甲", accuracy_m=9),
    )
    first, second = everything(one), everything(one)
    for name in ("table", "variants", "notspots", "roaming", "gaps", "ranking"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)
    assert first.notes == second.notes


# ------------------------------------------------------------------ by hand


def test_half_a_village():
    account = COUNTRY.count(service(areas(square(0, 0, 200, 400))), people=[PEOPLE])
    of_a = row(account.table, of="people", code=A)
    assert of_a[FIGURES].tolist() == [1001, 500, 501, 0]  # 500.5, to the even
    assert of_a["best"] == pytest.approx(100 * 500 / 1001)
    assert row(account.table, of="area", code=A)["best"] == 50
    assert row(account.table, of="households", code=A)["covered"] == 200
    nation = row(account.table, of="people", level="nation")
    assert nation[FIGURES].tolist() == [4149, 500, 4149 - 46 - 500, 46]
    assert (nation["low"], nation["high"]) == (
        pytest.approx(100 * 500 / 4149),
        pytest.approx(100 * 546 / 4149),
    )
    assert nation["varied"] == "unknown"


def test_people_without_a_polygon_are_kept_and_make_their_parents_wider():
    account = COUNTRY.count(service(areas(square(-100, -100, 3000))), people=[PEOPLE])  # all there is
    table = account.table[account.table["of"] == "people"]
    assert row(table, code=GONE)[FIGURES].tolist() == [40, 0, 0, 40]
    town = row(table, code="10013020")  # 9 on the islet, 40 nowhere
    assert town[FIGURES].tolist() == [49, 9, 0, 40]
    assert (town["low"], town["best"], town["high"]) == (pytest.approx(900 / 49), 100, 100)
    bare = row(table, code="10013030")
    assert bare[FIGURES].tolist() == [6, 0, 0, 6]
    assert (bare["low"], bare["high"]) == (0, 100)
    assert np.isnan(bare["best"])
    assert row(table, code="10002")["low"] == row(table, code="10002")["high"] == 100
    assert any("2 villages of name have no polygon; their 46 people" in note.en for note in account.notes)
    gone = account.gaps[account.gaps["code"] == GONE].iloc[0]
    assert (gone["unknown"], gone["why_en"]) == (40, "no polygon: where its people are is unknown")


def test_the_name_of_a_village_without_a_polygon_comes_from_its_people():
    counts = PEOPLE.counts.assign(name=[f"村{i}" for i in range(len(PEOPLE.counts))])
    account = COUNTRY.count(service(), people=[dataclasses.replace(PEOPLE, counts=counts)])
    assert row(account.table, of="people", code=GONE)["name"] == "乙縣乙二鄉村6"
    assert row(account.table, of="people", code=A)["name"] == "甲縣甲一鎮甲村"


def test_people_by_township_are_spread_over_its_land():
    # half of A, nothing of B: of the 300 km2 that A and B have together 80
    account = COUNTRY.count(service(areas(square(0, 0, 200, 400))), people=[TOWNS])
    table = account.table[account.table["of"] == "people"]
    assert set(table["level"]) == {"nation", "group", "county", "township"}
    assert row(table, code="10002010")["covered"] == round(1078 * 80_000 / 300_000)
    assert row(table, code="10013030")[FIGURES].tolist() == [6, 0, 0, 6]  # no land at all
    assert row(account.notspots, code="10013030", kind="unknown")["people"] == 6
    assert row(account.roaming, code="10013030")["unknown"] == 6


def test_several_surfaces_bound_each_other_and_the_first_is_the_best():
    covered = service(areas(square(0, 0, 50)))  # a corner of A with one of its two houses
    alone = [
        row(COUNTRY.count(covered, people=[PEOPLE], surfaces=[surface]).table, of="people", code=A)
        for surface in SURFACES
    ]
    assert [one["covered"] for one in alone] == [16, 334]  # 1/64 of the land; weight 1 of 3
    for first, second in ((0, 1), (1, 0)):
        account = COUNTRY.count(covered, people=[PEOPLE], surfaces=[SURFACES[first], SURFACES[second]])
        both = row(account.table, of="people", code=A)
        assert both["best"] == alone[first]["best"]
        assert (both["low"], both["high"]) == (alone[0]["low"], alone[1]["high"])
        assert (both["low_by"], both["high_by"]) == ("even", "houses")
        assert both["varied"] == "unknown, surface"
        assert row(account.table, of="area", code=A)["varied"] == "unknown"


def test_land_is_counted_evenly_whatever_people_stand_on():
    covered = service(areas(square(0, 0, 200, 400)))
    for surfaces in (SURFACES, SURFACES[1:]):
        account = COUNTRY.count(covered, surfaces=surfaces)
        assert row(account.table, of="area", code=A)["best"] == 50
        assert len(account.table) == len(COUNTRY.count(covered).table)


def test_nothing_to_count_is_an_empty_account():
    account = COUNTRY.count()
    assert account.table.empty
    assert account.gaps.empty
    assert account.ranking.empty


def test_what_was_varied_is_listed_beside_the_number(rasters):
    layers = [raster(rasters[1], -104, location_sigma_db=6.0, outside="not covered")]
    account = everything(service(*layers))
    nation = account.table[account.table["level"] == "nation"].set_index(["of", "subject"])
    assert nation.loc[("people", "registered"), "varied"] == "unknown, surface, edges, location"
    assert nation.loc[("area", LAND), "varied"] == "unknown, edges, location"
    assert nation.loc[("places", "clinics"), "varied"] == "unknown, edges, location, anchors"
    assert nation.loc[("lines", "roads"), "varied"] == "unknown, edges, location"
    assert nation.loc[("area", LAND), ["low_by", "high_by"]].tolist() == [
        "edges out, 95 % of places",
        "edges in, 50 % of places",
    ]
    plain = everything(service(areas(square(0, 0, 200))))
    assert set(plain.table["varied"]) == {"unknown", "unknown, surface", "unknown, anchors"}
    still = everything(service(raster(rasters[1], -104)), bounds=Bounds(edges=False))
    assert not still.table["varied"].str.contains("edges|location").any()


# ------------------------------------------------------------------ what is refused


def test_people_of_a_township_that_does_not_exist_are_refused():
    with pytest.raises(InputError, match="99999010001 is in no township"):
        COUNTRY.count(service(), people=[people(people={A: 1, "99999010001": 5})])
    towns = dataclasses.replace(TOWNS, counts=pd.DataFrame({"people": [1]}, index=["99999010"]))
    with pytest.raises(InputError, match="99999010 is in no township"):
        COUNTRY.count(service(), people=[towns])


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({A: -1, B: 2}, r"people .*-1.* 10002010001"),
        ({A: np.nan, B: 2}, r"people .*nan.* 10002010001"),
        ({A: 1.5, B: 2}, r"people .*1\.5.* 10002010001"),
        ({A: np.inf, B: 2}, r"people .*inf.* 10002010001"),
    ],
)
def test_people_are_whole_numbers_of_at_least_none(numbers, words):
    with pytest.raises(InputError, match=words):
        COUNTRY.count(service(), people=[people(people=numbers)])


def test_codes_of_people_are_text_and_stand_once():
    twice = People(id="r", name=NAME, counts=pd.DataFrame({"people": [1, 2, 3]}, index=[A, A, B]))
    with pytest.raises(InputError, match="10002010001 is there 2 times"):
        COUNTRY.count(service(), people=[twice])
    numbers = People(id="r", name=NAME, counts=pd.DataFrame({"people": [1]}, index=[int(A)]))
    with pytest.raises(InputError, match="10002010001 is no text of 11 digits"):
        COUNTRY.count(service(), people=[numbers])
    nothing = People(id="r", name=NAME, counts=pd.DataFrame(index=[A]))
    with pytest.raises(InputError, match="neither people nor households"):
        COUNTRY.count(service(), people=[nothing])


def test_ids_differ():
    for options, words in (
        ({"people": [PEOPLE, PEOPLE]}, "people registered"),
        ({"surfaces": [SURFACES[0], SURFACES[0]]}, "surface even"),
        ({"places": [PLACES, PLACES]}, "place"),
        ({"lines": [LINES, LINES]}, "line"),
    ):
        with pytest.raises(UsageError, match=f"{words}.* twice"):
            COUNTRY.count(service(), **options)
    with pytest.raises(UsageError, match=r"service s .*twice"):
        COUNTRY.count(service(), service())


@pytest.mark.parametrize("percents", [(), (0.0,), (50.0, 100.0)])
def test_location_percentages_lie_inside(percents):
    with pytest.raises(UsageError, match="between 0 and 100"):
        COUNTRY.count(service(), bounds=Bounds(location_percent=percents))


def test_there_is_a_surface():
    with pytest.raises(UsageError, match="there is no surface"):
        COUNTRY.count(service(), surfaces=[])


def test_figures_of_another_years_codes_are_said():
    account = COUNTRY.count(service(by_unit({A: 5.0, "10002010999": 5.0, "10002": 5.0})), people=[PEOPLE])
    assert any(
        "2 of 3 codes of the layer table are no village of these boundaries: 10002, 10002010999" in note.en
        for note in account.notes
    )


# ------------------------------------------------------------------ all of Taiwan


@pytest.fixture(scope="module")
def registered():
    frame = pd.read_csv(shared("data/population/village_population_2021-03.csv"), dtype=str)
    counts = pd.DataFrame(
        {"people": frame["人口"].astype(int).to_numpy(), "households": frame["戶數"].astype(int).to_numpy()},
        index=frame["村里代碼"].str.replace("-", "").to_numpy(),
    )
    return People(id="registered", name=NAME, counts=counts, as_of="2021-03")


@pytest.mark.shared
def test_all_people_of_2021_03_on_the_villages_of_2021_09(taiwan, registered):
    frame = villages()
    lattice = lattice_of(frame, 500)
    units = Units.of(taiwan.villages, taiwan.townships)
    account = COUNTRY.count.__func__(
        dataclasses.replace(COUNTRY, lattice=lattice, units=units, locate=locate_points),
        service(sites(at(0, 0), radius_m=50_000)),
        service(areas(shapely.box(-1e6, 2e6, 1e6, 3e6)), id="all"),
        people=[registered],
    )
    nation = account.table[(account.table["level"] == "nation") & (account.table["of"] == "people")]
    assert (nation["total"] == 23_525_623).all()
    assert (nation["unknown"] == 86_480).all()
    everywhere = row(nation, service="all")
    assert everywhere["covered"] == 23_525_623 - 86_480
    assert everywhere["best"] == 100
    table = account.table[account.table["of"] == "people"]
    gone = table[(table["level"] == "village") & (table["unknown"] > 0)]
    assert len(gone) == 2 * 71
    assert (gone["unknown"] == gone["total"]).all()
    households = account.table[(account.table["level"] == "nation") & (account.table["of"] == "households")]
    assert (households["total"] == 8_950_538).all()
    for _, part in account.notspots[account.notspots["level"] == "nation"].groupby("service"):
        assert part["people"].sum() == 23_525_623
