"""Neighbours and local clusters: a board a person can check, esda's statistics, and laws."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.affinity import translate
from shapely.geometry import box

from notspot_coverage.clusters import FEWEST, KINDS, clusters, neighbours
from notspot_geodata.errors import InputError


def board(size=6):
    """size × size squares of 0.1° near Taiwan, row by row from the south-west; codes '00', '01', …"""
    rows = [
        {"town_code": f"{r}{c}", "geometry": box(120 + c / 10, 23 + r / 10, 120.1 + c / 10, 23.1 + r / 10)}
        for r in range(size)
        for c in range(size)
    ]
    return gpd.GeoDataFrame(rows, crs="EPSG:3824")


def halves(frame, low=1.0, high=9.0):
    """High in the three eastern columns, low in the others, with a small slope so that no two are equal."""
    east = frame["town_code"].str[1].astype(int) >= 3
    slope = np.arange(len(frame)) / 1000
    return pd.Series(np.where(east, high, low) + slope, index=frame["town_code"])


def test_queen_neighbours_by_hand():
    found = neighbours(board(3))
    assert found["11"] == {"00", "01", "02", "10", "12", "20", "21", "22"}
    assert found["00"] == {"01", "10", "11"}


def test_reprojection_and_rounding_leave_the_neighbours():
    frame = board(4)
    assert neighbours(frame.to_crs("EPSG:3826")) == neighbours(frame)


def test_an_island_is_joined_with_the_nearest_both_ways():
    frame = board(3)
    island = frame.geometry[8]
    frame.loc[8, "geometry"] = translate(
        island, 0.5, 0
    )  # '22' goes east: '12' and '02' are in its latitude's way
    found = neighbours(frame)
    assert found["22"] == {"21"} or found["22"] == {"12"}
    (other,) = found["22"]
    assert "22" in found[other]


def test_two_islands_join_the_nearer_one_on_the_ground_not_in_degrees():
    # At 60° N a degree of longitude is half a degree of latitude: the eastern neighbour is nearer.
    squares = [box(20, 60, 20.1, 60.1), box(20.8, 60, 20.9, 60.1), box(20, 60.6, 20.1, 60.7)]
    frame = gpd.GeoDataFrame({"town_code": list("abc")}, geometry=squares, crs="EPSG:3824")
    assert neighbours(frame)["a"] >= {"b"}
    assert neighbours(frame)["b"] == {"a"}


def test_the_statistics_are_those_of_esda():
    from esda.moran import Moran, Moran_Local
    from libpysal.weights import W

    frame = board()
    values = pd.Series(np.random.default_rng(3).gamma(2, 3, len(frame)), index=frame["town_code"])
    among = neighbours(frame)
    weights = W(
        {code: sorted(those) for code, those in among.items()}, id_order=list(among), silence_warnings=True
    )
    found = clusters(values, frame, alpha=1.0)
    assert found.moran_i == pytest.approx(Moran(values.to_numpy(), weights, permutations=0).I)
    local = Moran_Local(values.to_numpy(), weights, permutations=0)
    words = {1: "HH", 2: "LH", 3: "LL", 4: "HL"}
    assert found.frame["kind"].tolist() == [words[q] for q in local.q]


def test_permutations_give_the_moments_that_theory_gives():
    # Expected value and variance of Moran's I under randomisation (Cliff & Ord), as esda works them out.
    from esda.moran import Moran
    from libpysal.weights import W

    frame = board()
    values = halves(frame)
    among = neighbours(frame)
    weights = W(
        {code: sorted(those) for code, those in among.items()}, id_order=list(among), silence_warnings=True
    )
    theory = Moran(values.to_numpy(), weights, permutations=0)
    rng = np.random.default_rng(5)
    found = [
        clusters(
            pd.Series(rng.permutation(values.to_numpy()), index=values.index),
            frame,
            among=among,
            permutations=9,
        )
        for _ in range(150)
    ]
    indices = np.array([each.moran_i for each in found])
    assert indices.mean() == pytest.approx(theory.EI, abs=0.02)
    assert indices.std() == pytest.approx(theory.seI_rand, rel=0.15)
    # What has no pattern is called a pattern about as often as the level says.
    assert 0.01 <= np.mean([each.moran_p <= 0.05 for each in found]) <= 0.10


def test_moran_by_hand():
    # Twelve in a row, low then high: every neighbour pair but one agrees. z = ±1, so each inner unit's lag is
    # its own sign, but 0 for the two in the middle: I = (12 - 2) / 12.
    squares = [box(120 + i / 10, 23, 120.1 + i / 10, 23.1) for i in range(12)]
    codes = [f"{i:02}" for i in range(12)]
    frame = gpd.GeoDataFrame({"town_code": codes}, geometry=squares, crs="EPSG:3824")
    found = clusters(pd.Series([1.0] * 6 + [3.0] * 6, index=codes), frame)
    assert found.moran_i == pytest.approx(10 / 12)
    assert found.moran_p < 0.05


def test_local_p_values_are_those_of_every_possible_neighbour():
    # The first of twelve in a row has one neighbour: eleven others could stand there, and each is as likely.
    squares = [box(120 + i / 10, 23, 120.1 + i / 10, 23.1) for i in range(12)]
    codes = [f"{i:02}" for i in range(12)]
    frame = gpd.GeoDataFrame({"town_code": codes}, geometry=squares, crs="EPSG:3824")
    y = np.array([9.0, 11, 3, 7, 1, 8, 2, 10, 4, 6, 5, 12])
    found = clusters(pd.Series(y, index=codes), frame).frame["p_value"].to_numpy()
    z = y - y.mean()
    for end, neighbour in ((0, 1), (11, 10)):
        others = np.delete(z, end) * z[end]
        seen = z[neighbour] * z[end]
        exact = 2 * min((others >= seen).mean(), (others <= seen).mean())
        assert found[end] == pytest.approx(min(1, exact), abs=0.03)


def test_high_and_low_halves_are_clusters_away_from_their_border():
    frame = board()
    found = clusters(halves(frame), frame)
    kind = found.frame.set_index("town_code")["kind"]
    assert kind["14"] == "HH"
    assert kind["11"] == "LL"
    assert found.moran_i > 0.5
    assert found.moran_p < 0.01
    assert set(kind) <= set(KINDS)


def test_a_lone_high_one_among_low_ones_is_an_outlier():
    frame = board()
    values = halves(frame)
    values["11"] = 20.0
    kind = clusters(values, frame).frame.set_index("town_code")["kind"]
    assert kind["11"] == "HL"


def test_unknown_units_are_unknown_and_take_no_part():
    frame = board()
    values = halves(frame)
    values["14"] = np.nan
    found = clusters(values, frame).frame.set_index("town_code")
    assert found.loc["14", "kind"] == "unknown"
    assert math.isnan(found.loc["14", "p_value"])
    without = frame[frame["town_code"] != "14"]
    alone = clusters(values.dropna(), without).frame.set_index("town_code")
    pd.testing.assert_frame_equal(found.drop(index="14"), alone)


def test_the_same_seed_gives_the_same_and_rows_in_another_order_too():
    frame = board()
    values = halves(frame)
    first, again = clusters(values, frame), clusters(values[::-1], frame[::-1])
    assert first.moran_p == again.moran_p
    pd.testing.assert_frame_equal(first.frame, again.frame)
    other = clusters(values, frame, seed=7)
    assert other.moran_i == first.moran_i
    assert other.frame["p_value"].tolist() != first.frame["p_value"].tolist()


def test_reprojecting_and_scaling_change_nothing():
    frame = board()
    values = halves(frame)
    found = clusters(values, frame)
    scaled = clusters(values * 8, frame.to_crs("EPSG:3826"))
    pd.testing.assert_frame_equal(found.frame, scaled.frame)
    assert scaled.moran_i == pytest.approx(found.moran_i)


def test_the_false_discovery_rate_is_the_stricter_choice():
    frame = board()
    values = halves(frame)
    plain, strict = clusters(values, frame).frame, clusters(values, frame, fdr=True).frame
    clustered = plain["kind"] != "ns"
    assert set(np.flatnonzero(strict["kind"] != "ns")) == set(np.flatnonzero(strict["significant_fdr"]))
    assert (clustered | (strict["kind"] == "ns")).all()
    # Benjamini and Hochberg by hand on the p-values found.
    p = np.sort(plain["p_value"].to_numpy())
    stands = max((value for i, value in enumerate(p, 1) if value <= 0.05 * i / len(p)), default=-1)
    assert plain["significant_fdr"].tolist() == (plain["p_value"] <= stands).tolist()


def test_ties_are_no_pattern():
    # All but two are 0: a neighbourhood of zeros is what every permutation gives too.
    frame = board()
    values = pd.Series(0.0, index=frame["town_code"])
    values[["00", "55"]] = 1.0
    found = clusters(values, frame).frame
    assert (found["kind"] == "LL").sum() == 0


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_too_few_to_say_anything(count):
    frame = board()
    values = halves(frame)
    values.iloc[count:] = np.nan
    found = clusters(values, frame)
    assert math.isnan(found.moran_i)
    assert (found.frame["kind"] == "ns").sum() == count
    assert (found.frame["kind"] == "unknown").sum() == len(frame) - count


def test_all_equal_is_undefined_not_zero():
    frame = board()
    found = clusters(pd.Series(0.1, index=frame["town_code"]), frame)
    assert math.isnan(found.moran_i)
    assert math.isnan(found.moran_p)
    assert (found.frame["kind"] == "ns").all()


def test_without_geometry_or_crs_nobody_is_a_neighbour_by_guess():
    frame = board(3)
    with pytest.raises(InputError, match="CRS"):
        neighbours(frame.set_crs(None, allow_override=True))
    frame.loc[[2, 5], "geometry"] = None
    with pytest.raises(InputError) as error:
        neighbours(frame)
    assert [problem.value for problem in error.value.problems] == ["02", "12"]
