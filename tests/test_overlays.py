"""Overlays: classes that the raster has and no others, unknown apart from not covered, and what the page is given."""

import base64
import gzip

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Transformer
from rasterio.transform import from_origin
from shapely.geometry import LineString, MultiLineString, Point, Polygon

from notspot_geodata.errors import InputError, NotFoundError, UsageError
from notspot_geodata.text import Text
from notspot_maps.overlays.kinds import NO, UNKNOWN, YES, RasterOverlay, Shade, lines_of, points_of
from notspot_maps.overlays.payload import CUT, GRID_DEG, packed, runs
from notspot_maps.overlays.rasters import SERVER_M, kind_of, raster_overlay

NAME = Text("圖層", "Layer")
WEST, NORTH = 240_000.0, 2_640_000.0  # EPSG:3826, inland
TO_WEB = Transformer.from_crs("EPSG:3826", "EPSG:3857", always_xy=True)


def write(path, values, cell_m=100.0, nodata=None, crs="EPSG:3826", colours=None):
    values = np.asarray(values)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype=values.dtype,
        crs=crs, transform=from_origin(WEST, NORTH, cell_m, cell_m), nodata=nodata,
    ) as file:  # fmt: skip
        file.write(values, 1)
        if colours:
            file.write_colormap(1, colours)
    return path


def code_at(overlay, east, south):
    """Class of the overlay at metres from the north-west corner of the raster; 0 beyond what it holds."""
    x, y = TO_WEB.transform(WEST + east, NORTH - south)
    row, column = int((overlay.north - y) / overlay.step), int((x - overlay.west) / overlay.step)
    inside = row < overlay.codes.shape[0] and column < overlay.codes.shape[1]
    return int(overlay.codes[row, column]) if inside else 0


def made(path, **options):
    return raster_overlay(path, id="r", name=NAME, **options)


# ------------------------------------------------------------------ rasters


def test_classes_of_a_level_are_never_between_two_of_the_raster(tmp_path):
    """Two halves, four classes apart: where they meet there is no class in between."""
    values = np.full((60, 60), -80.0, np.float32)
    values[:, 30:] = -130
    for size in (100, 250, 500):
        overlay = made(write(tmp_path / "x_rsrp_dbm.tif", values), resolution_m=size, include_sites=True)
        assert set(np.unique(overlay.codes)) <= {0, 1, 5}
        assert code_at(overlay, 1_000, 3_000) == 5
        assert code_at(overlay, 5_000, 3_000) == 1


def test_a_cell_is_what_most_of_it_is(tmp_path):
    values = np.full((60, 60), 2, np.uint8)
    values[20:40, 20:40] = np.where(np.add.outer(np.arange(20), np.arange(20)) % 4 == 0, 0, 1)
    overlay = made(write(tmp_path / "r.tif", values, nodata=255), kind="operators", resolution_m=800)
    assert code_at(overlay, 3_000, 3_000) == 1 + 1
    assert code_at(overlay, 1_000, 1_000) == 1 + 2


def test_unknown_stays_apart_from_not_covered(tmp_path):
    values = np.zeros((60, 60), np.uint16)
    values[:, 40:] = 65535
    overlay = made(write(tmp_path / "all_operators.tif", values, nodata=65535), include_sites=True)
    assert [shade.state for shade in overlay.shades] == ["unknown", "no"]
    assert code_at(overlay, 1_000, 3_000) == 1
    assert code_at(overlay, 5_500, 3_000) == 0


def test_below_the_threshold_nothing_is_covered(tmp_path):
    values = np.array([[-120, -106, -105, -96, -85, np.nan]], np.float32).repeat(6, axis=0)
    overlay = made(
        write(tmp_path / "r.tif", values),
        kind="rsrp_dbm",
        at_least=-105,
        resolution_m=100,
        include_sites=True,
    )
    assert [shade.state for shade in overlay.shades] == ["unknown", "no", "yes", "yes", "yes"]
    assert [shade.name.en for shade in overlay.shades] == [
        "No data", "Not covered (below −105 dBm)", "−105 to −95 dBm", "−95 to −85 dBm", "−85 dBm or more",
    ]  # fmt: skip
    codes = [code_at(overlay, 50 + 100 * at, 300) for at in range(6)]
    assert codes == [1, 1, 2, 2, 4, 0]  # an edge is included above


def test_the_resolution_is_said_in_metres_on_the_ground(tmp_path):
    overlay = made(
        write(tmp_path / "r_rsrp_dbm.tif", np.full((200, 200), -90, np.float32)), include_sites=True
    )
    assert overlay.resolution_m == 250
    assert overlay.codes.shape == pytest.approx((80, 80), abs=2)  # 20 km


def test_best_servers_are_coarse_and_neighbours_differ(tmp_path):
    rng = np.random.default_rng(5)
    middles = rng.uniform(0, 300, (40, 2))
    rows, columns = np.mgrid[:300, :300]
    far = [(rows - r) ** 2 + (columns - c) ** 2 for r, c in middles]
    servers = np.argmin(far, axis=0).astype(np.int32) + 1000
    path = write(tmp_path / "all_best_server.tif", servers, nodata=-1)
    overlay = made(path, resolution_m=100)
    assert overlay.resolution_m == SERVER_M
    assert "1 km" in overlay.note.en
    assert not overlay.sensitive
    fine = made(path, resolution_m=100, include_sites=True)
    assert fine.sensitive
    assert fine.resolution_m == 100
    assert fine.codes.max() <= 7
    near = [(fine.codes[:, 1:], fine.codes[:, :-1]), (fine.codes[1:], fine.codes[:-1])]
    shown = sum(int(((a != b) & (a > 0) & (b > 0)).sum()) for a, b in near)
    real = sum(
        int((a != b).sum()) for a, b in ((servers[:, 1:], servers[:, :-1]), (servers[1:], servers[:-1]))
    )
    assert shown > 0.97 * real  # each border between two servers is one between two colours
    names = " ".join(shade.name.zh + shade.name.en for shade in fine.shades)
    assert "1000" not in names


def test_the_circle_that_was_computed_around_a_station_is_not_shown(tmp_path):
    """Its rim would tell the middle: the border to what is unknown follows blocks of 5 km instead."""
    rows, columns = np.mgrid[:400, :400]
    far = np.hypot(rows - 200, columns - 200) * 100
    values = np.where(far < 15_000, np.where(far < 4_000, -80, -130), np.nan).astype(np.float32)
    path = write(tmp_path / "one_rsrp_dbm.tif", values)
    whole, blurred = made(path, include_sites=True), made(path)
    assert (whole.codes == 5).sum() == pytest.approx(
        (blurred.codes == 5).sum(), abs=2
    )  # what is covered stays
    known = np.argwhere(blurred.codes > 0)
    rim = known.max(axis=0) - known.min(axis=0)
    assert (rim < 2 * 15_000 / 250 - 4).all()
    edges = np.diff((blurred.codes > 0).astype(int), axis=1)
    across = {int(c) for _, c in np.argwhere(edges)}
    circle = np.diff((whole.codes > 0).astype(int), axis=1)
    assert len(across) < len({int(c) for _, c in np.argwhere(circle)}) / 4  # few straight lines


@pytest.mark.parametrize("name", ["all_disk", "all_line-of-sight", "all_operators"])
def test_a_disc_around_a_station_loses_its_rim_whatever_it_shows(tmp_path, name):
    """It is 1 inside and unknown outside: what is left of it ends at blocks of 5 km."""
    rows, columns = np.mgrid[:400, :400]
    far = np.hypot(rows - 200, columns - 200) * 100
    disc = np.where(far < 15_000, 1, 255).astype(np.uint8)
    whole = made(write(tmp_path / f"{name}.tif", disc, nodata=255), include_sites=True)
    blurred = made(write(tmp_path / f"{name}.tif", disc, nodata=255))
    assert (whole.sensitive, blurred.sensitive) == (True, False)
    shown = blurred.codes > 0
    assert 0 < shown.sum() < 0.8 * (whole.codes > 0).sum()
    edges = [
        {int(c) for _, c in np.argwhere(np.diff(each.astype(int), axis=1))}
        for each in (shown, whole.codes > 0)
    ]
    assert len(edges[0]) < len(edges[1]) / 4  # few straight lines
    small = np.where(far < 2_000, 1, 255).astype(np.uint8)
    with pytest.raises(InputError, match="is all rim"):
        made(write(tmp_path / f"{name}.tif", small, nodata=255))


def test_a_claimed_area_that_says_where_it_ends_loses_nothing_inland(tmp_path):
    claimed = np.zeros((200, 200), np.uint8)
    claimed[50:90, 50:90] = 1
    overlay = made(write(tmp_path / "claim_covered.tif", claimed, nodata=255), resolution_m=500)
    assert code_at(overlay, 7_000, 7_000) == 2
    with pytest.raises(UsageError, match="covered areas in cells of 50 m"):
        made(tmp_path / "claim_covered.tif", resolution_m=50)


@pytest.mark.parametrize(
    ("name", "value", "dtype"),
    [
        ("a_operators", -1, np.int16), ("a_operators", 255, np.uint8), ("a_operators", 65535, np.float32),
        ("a_servers", -1, np.int32), ("a_servers", 65535, np.uint16), ("a_line-of-sight", 3, np.uint8),
        ("a_line-of-sight", -1, np.int16),
    ],
)  # fmt: skip
def test_a_value_that_means_no_data_is_no_end_of_a_scale(tmp_path, name, value, dtype):
    """It would be drawn as not covered, or as the most operators that there are."""
    values = np.ones((60, 60), dtype)
    values[40:] = value
    with pytest.raises(InputError, match=rf"holds {value:g}"):
        made(write(tmp_path / f"{name}.tif", values), include_sites=True)
    overlay = made(write(tmp_path / f"{name}.tif", values, nodata=value), include_sites=True)
    assert code_at(overlay, 3_000, 5_500) == 0
    assert code_at(overlay, 3_000, 2_000) > 1


@pytest.mark.parametrize(
    ("kind", "value", "edge"),
    [("rsrp_dbm", -90, -60), ("probability", 0.9, 0.999), ("operators", 2, None), ("servers", 3, None)],
)
def test_cells_and_classes_that_show_where_stations_stand_must_be_asked_for(tmp_path, kind, value, edge):
    path = write(tmp_path / f"a_{kind}.tif", np.full((90, 90), value, np.float32), cell_m=20)
    with pytest.raises(UsageError, match="show where stations stand"):
        made(path, resolution_m=50)
    assert made(path, resolution_m=50, include_sites=True).sensitive
    if edge is not None:  # only the surroundings of each mast have such a level
        with pytest.raises(UsageError, match="a patch around each mast"):
            made(path, edges=[value, edge])
        assert len(made(path, edges=[value, edge], include_sites=True).shades) == 4


def test_a_raster_of_classes_keeps_its_colours_and_names(tmp_path):
    values = np.array([[3, 7], [7, 9]], np.uint8).repeat(20, 0).repeat(20, 1)
    path = write(tmp_path / "land.tif", values, nodata=0, colours={3: (1, 2, 3, 255), 7: (255, 0, 16, 255)})
    overlay = made(path, classes={3: Text("森林", "forest")})
    assert [(s.name.en, s.colour) for s in overlay.shades[1:3]] == [
        ("forest", "#010203"),
        ("class 7", "#ff0010"),
    ]
    assert code_at(overlay, 3_500, 3_500) == 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("all_best_rsrp_dbm.tif", "rsrp_dbm"),
        ("lte_best_server.tif", "server"),
        ("nr_servers.tif", "servers"),
        ("all_operators.tif", "operators"),
        ("lte_a_probability.tif", "probability"),
        ("lte_line-of-sight.tif", "line_of_sight"),
        ("land.tif", "classes"),
    ],
)
def test_what_predict_writes_is_known_by_its_name(name, kind):
    assert kind_of(name) == kind


def test_rasters_that_cannot_be_used_are_told(tmp_path):
    with pytest.raises(NotFoundError, match="no such raster"):
        made(tmp_path / "none.tif")
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(InputError, match="cannot be read as a raster"):
        made(tmp_path / "text.tif")
    with pytest.raises(InputError, match="has no cell with data"):
        made(write(tmp_path / "e_rsrp_dbm.tif", np.full((9, 9), np.nan, np.float32)))
    with pytest.raises(InputError, match=r"states no|crs is missing|is missing"):
        made(write(tmp_path / "c.tif", np.ones((9, 9), np.uint8), crs=None))
    with pytest.raises(InputError, match="not whole numbers"):
        made(write(tmp_path / "f.tif", np.full((9, 9), 0.5, np.float32)))
    with pytest.raises(UsageError, match="10 to 20,000"):
        made(write(tmp_path / "g_operators.tif", np.ones((9, 9), np.uint8)), resolution_m=0.001)


# ------------------------------------------------------------------ points and lines


def points(**columns):
    places = [Point(121.1, 23.6), Point(121.2, 23.7), Point(), Point(121.15, 23.65)]
    return gpd.GeoDataFrame(columns, geometry=places, crs="EPSG:4326")


def test_statuses_are_read_as_people_write_them():
    overlay = points_of(
        points(status=["涵蓋", "Not covered", None, 0.0], name=["甲", "乙", "丙", None]), id="p", name=NAME
    )
    (standing,) = overlay.standings
    assert standing.frame["status"].tolist() == [YES, NO, UNKNOWN, NO]
    with pytest.raises(InputError, match=r"row 2 .*'maybe' is none of covered, not covered, unknown"):
        points_of(points(status=["1", "maybe", "0", "0"]), id="p", name=NAME)


def test_points_come_back_to_a_metre_with_their_status():
    frame = points(
        status=["covered", "not covered", "unknown", "covered"], by=["甲", "", "", "乙"], name=list("abcd")
    )
    (data,) = packed([points_of(frame, id="p", name=NAME, as_of="2021", basis="claim")])
    lon, lat = np.cumsum(data["x"]) * data["grid"], np.cumsum(data["y"]) * data["grid"]
    (service,) = data["services"]
    found = {
        name: (round(a, 5), round(b, 5), service["status"][at], service["who"][service["by"][at]])
        for at, (name, a, b) in enumerate(zip(data["names"], lon, lat, strict=True))
    }
    assert found == {
        "a": (121.1, 23.6, str(YES), "甲"), "b": (121.2, 23.7, str(NO), ""), "d": (121.15, 23.65, str(YES), "乙")
    }  # fmt: skip
    assert data["lost"] == 1  # has no point
    assert data["kind"] == "points"


def test_points_without_a_status_have_none():
    (data,) = packed([points_of(points(), id="p", name=NAME)])
    assert data["services"] == []
    assert data["names"] == ["", "", ""]


def test_lines_are_thinned_and_cut_where_they_are_said_to_be():
    degrees = [
        (121.0, 23.6),
        (121.00001, 23.65),
        (121.0, 23.7),
        (121.1, 23.7),
    ]  # the second is off by a metre
    frame = gpd.GeoDataFrame({"name": ["山徑"]}, geometry=[LineString(degrees)], crs="EPSG:3824")
    overlay = lines_of(frame.assign(status="covered"), id="t", name=NAME)
    (own,) = overlay.standings
    cut = pd.DataFrame(
        {"at": [0, 0], "status": [YES, NO], "by": "", "start": [0.0, 0.25], "end": [0.25, 1.0]}
    )
    overlay = type(overlay)(
        id="t", name=NAME, lines=overlay.lines, standings=(type(own)("s", NAME, cut),), resolution_m=20
    )
    (data,) = packed([overlay])
    assert data["counts"] == [3]
    assert np.cumsum(data["x"]).tolist() == [12_100_000, 12_100_000, 12_110_000]
    north, east = 11.07, 10.2  # km of the two stretches
    assert data["km"][0] == pytest.approx(north + east, abs=0.1)
    (service,) = data["services"]
    (piece,) = service["pieces"]
    assert (piece[0], piece[2]) == (YES, NO)
    assert piece[1] / CUT == pytest.approx(0.25 * (north + east) / north, abs=0.02)
    assert service["lengths"][YES] == pytest.approx(0.25 * data["km"][0], abs=0.01)
    assert sum(service["lengths"]) == pytest.approx(data["km"][0], abs=0.01)


def test_each_part_of_a_line_is_one():
    parts = MultiLineString([[(121, 23.6), (121, 23.7)], [(121.2, 23.6), (121.2, 23.7)]])
    frame = gpd.GeoDataFrame({"status": ["not covered"]}, geometry=[parts], crs="EPSG:3824")
    (data,) = packed([lines_of(frame, id="t", name=NAME)])
    assert data["counts"] == [2, 2]
    assert data["services"][0]["pieces"] == [[NO], [NO]]


def test_shapes_of_another_kind_are_told_by_row():
    frame = gpd.GeoDataFrame(geometry=[Point(0, 0), Polygon([(0, 0), (1, 0), (1, 1)])], crs="EPSG:3824")
    with pytest.raises(InputError, match=r"row 2 .*is a Polygon, not a point"):
        points_of(frame, id="p", name=NAME)
    with pytest.raises(InputError, match=r"row 1 .*is a Point, not a line"):
        lines_of(frame, id="p", name=NAME)
    with pytest.raises(InputError, match="crs is missing"):
        points_of(frame.set_crs(None, allow_override=True), id="p", name=NAME)


# ------------------------------------------------------------------ what the page is given


def unrun(data, size):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    count = number()
    codes = data[at : at + count]
    at += count
    out = [code for code in codes for _ in range(number())]
    assert len(out) == size
    assert at == len(data)
    return out


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 400)), elements=st.integers(0, 3)))
def test_runs_are_the_cells_again(codes):
    assert unrun(runs(codes), codes.size) == codes.ravel().tolist()


def test_a_raster_lies_in_the_page_where_it_lies(tmp_path):
    overlay = RasterOverlay(
        id="r", name=NAME, codes=np.array([[1, 2], [0, 1]], np.uint8), west=0.0, north=0.0, step=1000.0,
        resolution_m=1000.0, shades=(Shade(NAME, "#ededed", "unknown"), Shade(NAME, "#112233", "no")),
    )  # fmt: skip
    (data,) = packed([overlay])
    assert (data["west"], data["north"]) == pytest.approx(
        (128, 128)
    )  # the middle of the Mercator world, 256 wide
    assert data["step"] * 2 * 20_037.508342789 == pytest.approx(256)
    assert unrun(gzip.decompress(base64.b64decode(data["cells"])), 4) == [1, 2, 0, 1]
    assert data["shades"][1] == ["圖層", "Layer", "#112233", "no"]


def test_ids_are_fit_for_an_address_and_stand_once():
    one = points_of(points(), id="p", name=NAME)
    with pytest.raises(UsageError, match="two overlays have the id 'p'"):
        packed([one, one])
    with pytest.raises(UsageError, match="is no id of an overlay"):
        packed([points_of(points(), id="P,1", name=NAME)])


def test_all_of_taiwan_is_small():
    """A layer of all Taiwan at the usual resolution, patches of 3 km: at most 150 kB in the page."""
    rng = np.random.default_rng(1)
    codes = rng.integers(1, 6, (132, 75)).astype(np.uint8).repeat(12, axis=0).repeat(12, axis=1)
    noise = rng.random(codes.shape) < 0.01
    codes[noise] = 3
    assert len(base64.b64encode(gzip.compress(runs(codes), 9))) < 150_000
    many = gpd.GeoDataFrame(
        {
            "name": [f"第{at}國民小學" for at in range(4708)],
            "status": rng.choice(["covered", "unknown"], 4708),
        },
        geometry=gpd.points_from_xy(rng.uniform(120, 122, 4708), rng.uniform(22, 25, 4708)),
        crs="EPSG:3824",
    )
    assert (
        len(base64.b64encode(gzip.compress(str(packed([points_of(many, id="p", name=NAME)])).encode())))
        < 100_000
    )
    assert GRID_DEG == 1e-5


def test_a_lone_wu_in_a_map_is_no_status():
    shapes = gpd.GeoSeries([Point(121, 24)] * 2, crs="EPSG:3824")
    frame = gpd.GeoDataFrame({"name": ["甲", "乙"], "status": ["涵蓋", "無"]}, geometry=shapes)
    with pytest.raises(InputError, match="'無' is none of covered"):  # no coverage, or no data?
        points_of(frame, id="clinics", name=NAME)
