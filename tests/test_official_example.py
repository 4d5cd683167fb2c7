"""
Every row of the sheet of official figures, worked out by the example study and again by hand from the same files.

The study is run once, with one surface and without its variants: figures are those of the best estimate.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from by_hand import GEOD, ByHand
from shared_data import shared

import notspot
from notspot.example.files import SYNTHETIC
from notspot.example.writing import write_example
from notspot_coverage.counting.services import Bounds
from notspot_coverage.definitions import official_indicators
from notspot_coverage.results import Results
from notspot_geodata import reference

ROWS = (
    "fixed_2g_households", "fixed_1g_households", "mobile_5g_population",
    "remote_towns_fast_mobile", "subsidised_base_stations", "remote_towns_1g",
    "remote_villages_100m", "subsidised_fixed_builds", "communities_wifi",
    "mountain_sites", "disaster_platforms", "clinics_100m",
    "telemedicine_sites", "schools_5g", "signalling_population",
    "landslide_layers", "cable_corridor", "leo_backup",
    "fss_protection", "microwave_relocation", "venues_5g",
)  # fmt: skip
WUQIU = "09020060"
READY = "2022-03-31"  # who applies by the end of 2021 is served within three months


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("example") / "files"
    write_example(place)
    return place


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    study = notspot.Study.read(folder / "study.toml")
    spec = study.coverage
    assert spec is not None
    drops = next(layer for layer in spec.layers if layer.id == "drops_2g")
    fibre = next(service for service in spec.services if service.id == "fibre_2g")
    doubled = replace(fibre, id="fibre_2g_doubled", layers=("drops_2g", "drops_again"))
    spec = replace(
        spec,
        surfaces=spec.surfaces[:1],
        bounds=Bounds(edges=False),
        layers=(*spec.layers, replace(drops, id="drops_again")),
        services=(*spec.services, doubled),
    )
    return notspot.run(replace(study, coverage=spec))


@pytest.fixture(scope="module")
def hand(folder: Path, results: Results) -> ByHand:
    towns = results.townships
    return ByHand(folder, frozenset(towns.loc[towns["remote"], "town_code"]))


def row(results: Results, name: str, level: str = "nation", code: str = "TW") -> pd.Series:
    table = results.indicators
    found = table[(table["indicator"] == name) & (table["level"] == level) & (table["code"] == code)]
    assert len(found) == 1, name
    return found.iloc[0]


def value(results: Results, name: str) -> float:
    return float(row(results, name)["value"])


def count(results: Results, name: str) -> int:
    """The value of a count: it has no denominator, and no share can be made of it."""
    found = row(results, name)
    assert found["kind"] == "count"
    assert np.isnan(found["denominator"])
    assert found["low"] == found["value"] == found["high"] == found["numerator"]
    return int(found["value"])


# ------------------------------------------------------------------ all rows


def test_the_rows_are_those_of_the_sheet() -> None:
    lines = shared("indicators-2021.md").read_text(encoding="utf-8").splitlines()
    assert sorted(line.split("`")[1] for line in lines if line.startswith("| `")) == sorted(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_every_official_indicator_is_worked_out_as_its_kind(results: Results, name: str) -> None:
    found, defined = row(results, name), official_indicators()[name]
    assert found["status"] == "computed"
    assert (found["kind"], found["unit"]) == (defined.kind, defined.unit.zh)
    assert found["low"] <= found["value"] <= found["high"]
    if found["kind"] == "share":
        assert found["value"] == pytest.approx(100 * found["numerator"] / found["denominator"])
        assert 0 < found["value"] < 100
    elif found["kind"] == "existence":
        assert found["value"] == found["numerator"] <= found["denominator"]
        assert found["value"] == int(found["value"])
    else:
        assert np.isnan(found["denominator"])
    assert found["value"] != found["official_2021"]  # made-up numbers must not look official


def test_the_page_lists_every_figure(folder: Path) -> None:
    page = Path(__file__).parents[1] / "docs" / "coverage-studies.md"
    text = page.read_text(encoding="utf-8").partition("## The example of every official indicator")[2]
    spec = notspot.Study.read(folder / "study.toml").coverage
    assert spec is not None
    for name in {figure.indicator.partition(".")[0] for figure in spec.figures}:
        assert f"`{name}`" in text, name


def test_villages_add_up_to_the_official_people_of_their_township(folder: Path, results: Results) -> None:
    people = pd.read_csv(folder / "people.csv", dtype=str).astype({"人口": int, "戶數": int})
    official = reference.figures().set_index("town_code")
    by_town = people.groupby(people["村里代碼"].str[:8])
    for column, name in (("人口", "population"), ("戶數", "households")):
        assert (by_town[column].sum() == official[name]).all()
        assert (by_town[column].max() - by_town[column].min() <= 1).all()
    assert len(people) == 7_741  # those without a polygon too
    assert results.account is not None
    table = results.account.table
    nation = table[(table["level"] == "nation") & (table["subject"] == "registered")]
    total = nation[nation["of"] == "people"]
    assert (total["total"] == 23_375_314).all()
    assert (total["covered"] + total["not_covered"] + total["unknown"] == 23_375_314).all()


def test_a_run_says_that_it_is_synthetic(results: Results) -> None:
    assert "合成" in results.title.zh
    assert "Synthetic" in results.title.en
    assert results.account is not None
    layers = [layer for service in results.account.services.values() for layer in service.layers]
    assert {layer.source for layer in layers} == {SYNTHETIC}


def test_figures_of_a_study_do_not_name_the_publisher_of_the_official_ones_as_their_source(
    results: Results,
) -> None:
    shipped = notspot.Study.shipped().definitions["fixed_2g_households"]
    worked = results.definitions["fixed_2g_households"]
    assert worked.source.zh == f"本研究依{SYNTHETIC}計算；公布值：{shipped.source.zh}"
    assert worked.source.en.startswith("worked out by this study from ")
    assert worked.as_of == row(results, "fixed_2g_households")["as_of"]
    assert replace(worked, source=shipped.source, as_of=shipped.as_of, basis=shipped.basis) == shipped


# ------------------------------------------------------------------ fixed broadband


@pytest.mark.parametrize(
    ("name", "speed", "remote"),
    [
        ("fixed_2g_households", 2000, False),
        ("fixed_1g_households", 1000, False),
        ("remote_households_1g", 1000, True),
    ],
)
def test_households_near_drop_points(
    results: Results, hand: ByHand, name: str, speed: int, remote: bool
) -> None:
    """Buffers united and clipped to the land of the mask, by shapely."""
    near, there = hand.households_near(speed, READY, remote=remote)
    found = row(results, name)
    assert found["denominator"] == there
    assert found["numerator"] == pytest.approx(near, rel=3e-4 if not remote else 2e-3)
    assert (found["rule"], found["basis"]) == ("remote_2020", "claim")


def test_a_drop_point_twice_changes_nothing(results: Results) -> None:
    assert results.account is not None
    table = results.account.table
    once, twice = (
        table[table["service"] == name].drop(columns="service").reset_index(drop=True)
        for name in ("fibre_2g", "fibre_2g_doubled")
    )
    pd.testing.assert_frame_equal(once, twice)


def test_drop_points_that_are_ready_too_late_are_left_out(results: Results, hand: ByHand) -> None:
    days = hand.read("drops.csv")["就緒日"].map(lambda text: text.replace("/", "-"))
    assert days.str.startswith("111-").any()  # some in years of the Republic
    found = row(results, "fixed_2g_households")["numerator"]
    for day in ("2021-12-31", "2022-12-31"):  # without the three months, without a limit
        other, _ = hand.households_near(2000, day, remote=False)
        assert abs(other / found - 1) > 0.02


def test_remote_townships_with_1_gbps_are_not_a_share(results: Results, hand: ByHand) -> None:
    towns = reference.townships()[["town_code", "county", "town"]]
    speeds = hand.read("speeds.csv").merge(
        towns, left_on=["縣市", "鄉鎮市區"], right_on=["county", "town"], validate="one_to_one"
    )
    speeds = speeds[speeds["town_code"].isin(hand.remote)]["最高速率"]
    found = row(results, "remote_towns_1g")
    assert found["value"] == (speeds >= 1000).sum()
    assert found["denominator"] == (speeds > 0).sum() < len(hand.remote)  # 0 stands for no figure
    assert found["high"] == found["value"] + (speeds == 0).sum()
    share = row(results, "remote_households_1g")
    assert (found["kind"], share["kind"]) == ("existence", "share")
    assert found["value"] / found["denominator"] > 0.8  # both are true
    assert share["value"] < 20


def test_remote_villages_with_100_mbps(results: Results, hand: ByHand) -> None:
    people = hand.read("people.csv")["村里代碼"]
    remote = people[people.str[:8].isin(hand.remote)]
    speeds = remote.map(hand.read("village_speeds.csv").set_index("村里代碼")["最高速率"])
    found = row(results, "remote_villages_100m")
    assert found["value"] == (speeds >= 100).sum()
    assert found["denominator"] == speeds.notna().sum() < len(remote)
    assert found["high"] == found["value"] + speeds.isna().sum()
    assert value(results, "remote_villages") == len(remote)


def test_builds_of_three_kinds_are_not_added(results: Results, hand: ByHand) -> None:
    builds = hand.read("builds.csv").groupby("等級")["案數"].sum()
    assert count(results, "subsidised_fixed_builds") == builds["Gbps"]
    assert count(results, "subsidised_fixed_builds.100m") == builds["100 Mbps"]
    assert count(results, "subsidised_fixed_builds.island_cable") == builds["離島海纜"]


# ------------------------------------------------------------------ mobile


def test_5g_by_both_denominators(results: Results, hand: ByHand) -> None:
    share = hand.share_5g.reindex(hand.villages["village_code"]).to_numpy()
    people, remote = hand.villages["人口"].to_numpy(), hand.villages["remote"].to_numpy()
    known = ~np.isnan(share)
    reached = np.rint(np.nan_to_num(share) * people)
    narrow, wide = row(results, "mobile_5g_population"), row(results, "mobile_5g_population_all")
    for found, mask in ((narrow, known & ~remote), (wide, known)):
        assert found["denominator"] == people[mask].sum()
        assert found["numerator"] == pytest.approx(reached[mask].sum(), rel=2e-4)
        assert found["kind"] == "share"
    assert (narrow["rule"], wide["rule"]) == ("remote_2020", "")
    assert narrow["value"] - wide["value"] > 1
    words = results.definitions["mobile_5g_population_all"].denominator
    assert words is not None
    assert words != results.definitions["mobile_5g_population"].denominator
    # those beyond the rasters or without a polygon are unknown: in the bounds
    assert wide["low"] == pytest.approx(100 * wide["numerator"] / 23_375_314)
    assert wide["high"] == pytest.approx(100 * (1 - (wide["denominator"] - wide["numerator"]) / 23_375_314))


def test_a_target_that_is_passed_is_not_clamped(results: Results) -> None:
    found = row(results, "mobile_5g_population")
    assert found["target_2025"] == 85
    assert found["value"] / found["target_2025"] > 1.1


def test_remote_townships_with_a_subsidised_station(results: Results, hand: ByHand) -> None:
    stations = hand.points("stations.csv")
    built = stations[stations["完工月"] <= "2021-12"]
    towns = hand.towns_of(built)
    there = towns[towns.isin(hand.remote)]
    found = row(results, "remote_towns_fast_mobile")
    assert found["value"] == there.nunique() < len(there)  # a second station in a township adds nothing
    assert found["low"] == found["high"] == found["value"]
    assert found["denominator"] == len(hand.remote)
    assert count(results, "subsidised_base_stations") == len(built) < len(stations)


def test_venues_with_5g(results: Results, hand: ByHand) -> None:
    venues = hand.points("venues.csv")
    status = hand.has_5g(np.column_stack([venues.geometry.x, venues.geometry.y]))
    found = row(results, "venues_5g")
    assert found["value"] == (status == 1).sum()
    assert found["denominator"] == (~np.isnan(status)).sum() < len(venues)  # nobody knows of Kinmen and Matsu
    assert (found["low"], found["high"]) == ((status == 1).sum(), (status != 0).sum())


def test_people_present_are_another_denominator(results: Results, hand: ByHand) -> None:
    signalling = hand.read("signalling.csv")
    day = signalling[signalling["時段"] == "日"].set_index("鄉鎮市區代碼")["停留人口"]
    assert value(results, "signalling_population") == day.sum()
    assert value(results, "signalling_population_night") == signalling["停留人口"].sum() - day.sum()
    assert row(results, "signalling_population")["kind"] == "measure"
    wuqiu = row(results, "signalling_population", "township", WUQIU)["value"]
    registered = row(results, "population", "township", WUQIU)["value"]
    assert (wuqiu, registered) == (40, 672)
    by_day, by_register = (
        row(results, name, "township", WUQIU)
        for name in ("mobile_5g_population_day", "mobile_5g_population_all")
    )
    assert by_day["denominator"] == wuqiu
    assert by_register["denominator"] == registered
    assert value(results, "mobile_5g_population_day") != value(results, "mobile_5g_population_all")


# ------------------------------------------------------------------ communities and mountains


def test_communities_with_wifi_and_the_work_of_the_year(results: Results, hand: ByHand) -> None:
    reached, here = hand.wifi(), hand.read("communities.csv")
    alone = ~here.duplicated(["經度", "緯度"], keep=False).to_numpy()
    assert (~alone).sum() > 20
    found = row(results, "communities_wifi")
    assert (found["kind"], found["denominator"]) == ("existence", 739)
    assert found["value"] == reached.sum()
    assert found["low"] == (reached & alone).sum()  # who shares a point is covered or not
    assert found["high"] == (reached | ~alone).sum()
    works = hand.read("works.csv")
    built, kept = ((works["工作"] == kind).sum() for kind in ("新建", "維運"))
    assert count(results, "communities_wifi.built") == built
    assert count(results, "communities_wifi.maintained") == kept
    assert set(works["部落"]) <= set(here["部落名稱"])  # flows inside the stock
    assert found["value"] + built + kept > found["denominator"] * 0.9 > found["value"]


def test_mountain_sites_are_counted_and_trails_measured(results: Results, hand: ByHand) -> None:
    assert count(results, "mountain_sites") == len(hand.read("mountain.csv"))
    covered = hand.has_5g(hand.trail_points(5.0))
    assert not np.isnan(covered).any()
    found = row(results, "trails_5g")
    lines = hand.trails.to_crs(4326)
    km = sum(GEOD.geometry_length(line) for line in lines) / 1000
    assert found["denominator"] == pytest.approx(km, rel=1e-6)
    assert found["value"] == pytest.approx(100 * covered.mean(), abs=0.1)


# ------------------------------------------------------------------ disaster, health, schools


def test_drones_are_among_the_platforms(results: Results, hand: ByHand) -> None:
    platforms = hand.read("platforms.csv")
    whole = count(results, "disaster_platforms")
    parts = [count(results, f"disaster_platforms.{part}") for part in ("fixed", "mobile", "upgraded")]
    assert whole == len(platforms) == sum(parts)
    drones = count(results, "drone_platforms")
    assert drones == (platforms["無人機"] == "是").sum()
    assert whole - drones == (platforms["無人機"] == "否").sum()


def test_clinics_at_100_mbps_or_the_highest_speed_there_is(results: Results, hand: ByHand) -> None:
    clinics = hand.read("clinics.csv")
    fast, best = clinics["速率"] >= 100, clinics["速率"] >= clinics["當地最高速率"]
    assert count(results, "clinics_100m") == (fast | best).sum() > max(fast.sum(), best.sum())
    assert row(results, "clinics_100m")["as_of"] == "2019-12"


def test_telemedicine_by_date(results: Results, hand: ByHand) -> None:
    clinics = hand.read("clinics.csv")
    assert count(results, "telemedicine_sites") == (clinics["遠距門診起"] < "2022").sum()
    assert count(results, "telemedicine_sites.from_2022") == (clinics["遠距門診起"] >= "2022").sum()
    assert count(results, "telemedicine_sites.visits") == clinics["門診人次"].sum()


def test_schools_by_their_own_typology(results: Results, hand: ByHand) -> None:
    schools = hand.points("schools.csv")
    demo = schools["5G示範"] == "是"
    assert count(results, "schools_5g") == demo.sum()
    assert count(results, "schools_5g.student_uses") == schools.loc[demo, "學生人次"].sum()
    assert count(results, "schools_5g.smart_learning") == (schools["智慧學習"] == "是").sum()
    first = demo & (schools["類型"] != "一般")
    assert count(results, "schools_5g_priority") == first.sum()
    in_remote_towns = demo & hand.towns_of(schools).isin(hand.remote)
    assert first.sum() != in_remote_towns.sum()  # another thing


def test_hazard_zones_and_what_lies_in_them(results: Results, hand: ByHand) -> None:
    layers = hand.read("hazard_layers.csv")["類"]
    assert count(results, "landslide_layers") == (layers == "圖層").sum()
    assert count(results, "landslide_layers.maps") == (layers == "圖幅").sum()
    zones = hand.shapes("hazard_zones.geojson").union_all()
    stations = hand.points("stations.csv")
    stations = stations[stations["完工月"] <= "2021-12"]
    assert count(results, "stations_in_hazard") == stations.within(zones).sum() > 0
    assert count(results, "platforms_in_hazard") == hand.points("platforms.csv").within(zones).sum() > 0
    within = sum(line.intersection(zones).length for line in hand.trails)
    assert row(results, "trails_in_hazard")["numerator"] == pytest.approx(within / 1000, abs=0.05)
    land = hand.villages.geometry
    found = row(results, "villages_in_hazard")
    # surely what has a few sub-cells of 12.5 m; a sliver of a village in a cell takes what is true of the cell
    assert (land.intersection(zones).area > 400).sum() <= found["value"] <= (land.distance(zones) < 142).sum()
    assert found["denominator"] == len(hand.villages)
    assert found["kind"] == "existence"


# ------------------------------------------------------------------ resilience and spectrum


def test_islands_by_their_independent_links(results: Results, hand: ByHand) -> None:
    assert count(results, "cable_corridor") == len(hand.shapes("cables.geojson"))
    groups = results.townships.set_index("town_code")["group"]
    links = hand.independent_links()
    links = links[links.index.map(groups) == "offshore"]  # 蘭嶼 stands with the mountain-indigenous townships
    for name, least in (("islands_linked", 1), ("islands_linked_twice", 2)):
        found = row(results, name)
        assert (found["kind"], found["denominator"]) == ("existence", len(links))
        assert found["value"] == (links >= least).sum()
    assert links["10016010"] == 2  # three cables, of which two share no landing
    assert links["09007010"] == 1  # two that land at one place


def test_villages_that_have_satellites_only(results: Results, hand: ByHand) -> None:
    planned = hand.read("satellites.csv")["預計發射年"]
    assert count(results, "leo_backup") == len(planned)
    assert count(results, "leo_backup.planned_2026") == (planned <= 2026).sum() < len(planned)
    speed = hand.read("village_speeds.csv").set_index("村里代碼")["最高速率"]
    slow = speed.reindex(hand.share_5g.index) < 100
    found = row(results, "villages_satellite_only")
    assert 0 < (slow & (hand.share_5g == 0)).sum() <= found["value"] <= (slow & (hand.share_5g < 1e-3)).sum()
    assert results.account is not None
    assert results.account.services["leo"].last_resort
    # it reaches all the land and no share of people is made of it
    shares = results.indicators[results.indicators["kind"] == "share"]
    assert (shares.loc[shares["level"] == "nation", "value"] < 100).all()
    assert set(results.account.table.query("service == 'leo'")["of"]) == {"area"}


def test_earth_stations_and_the_sites_in_their_zones(results: Results, hand: ByHand) -> None:
    assert count(results, "fss_protection") == len(hand.read("earth_stations.csv"))
    sites = hand.points("sites_5g.csv")
    inside = sites.within(hand.shapes("protection_zones.geojson").union_all())
    assert count(results, "sites_in_fss_zones") == (inside & (sites["頻率"] == 3500)).sum() < inside.sum()


def test_microwave_stations_that_must_move(results: Results, hand: ByHand) -> None:
    moved = ["L6", "U6"]
    assert count(results, "microwave_relocation") == hand.read("microwave.csv")["頻段"].isin(moved).sum()
    links = hand.shapes("microwave_links.geojson")
    assert count(results, "microwave_links") == links["頻段"].isin(moved).sum() < len(links)
