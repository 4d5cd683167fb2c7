"""Tiles: no point is lost at any zoom, other readers read them, the same input gives the same bytes."""

import gzip
import json
import mmap
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError

import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.reader import Reader, all_tiles
from pmtiles.tile import Compression, tileid_to_zxy, zxy_to_tileid
from typer.testing import CliRunner

from notspot.cli import app
from notspot.tile_columns import BAD, STATUS_OF, statuses
from notspot.tile_files import tile_file
from notspot.tile_server import HOST, tile_server
from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text
from notspot_maps.tiles import writing as tiles
from notspot_maps.tiles.cells import cell_bits
from notspot_maps.tiles.encoding import Column, encoded
from notspot_maps.tiles.grid import along, coarser, degrees, keys_of, positions, tile_id
from notspot_maps.tiles.points import COVERED, NOT_COVERED, UNKNOWN, tile_points
from notspot_maps.tiles.writing import write_tiles

TAIPEI = (121.5654, 25.0330)


def made(count, seed=1):
    """Points around Taipei, in clusters, with all columns."""
    rng = np.random.default_rng(seed)
    lon = TAIPEI[0] + rng.normal(0, 0.05, count)
    lat = TAIPEI[1] + rng.normal(0, 0.05, count)
    return {
        "lon": lon,
        "lat": lat,
        "status": rng.integers(0, 3, count),
        "weight": np.where(rng.random(count) < 0.1, np.nan, rng.integers(0, 9, count)),
        "value": np.where(rng.random(count) < 0.2, np.nan, rng.integers(1, 900, count)),
        "operators": rng.choice(["", "cht", "cht;fet", "twm"], count),
    }


def levels(archive):
    """Properties of all features by zoom, as GDAL's reader of single tiles tells them."""
    out = {}
    with archive.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:

        def read(offset, length):
            return held[offset : offset + length]

        for (z, _, _), data in all_tiles(read):
            out.setdefault(z, []).append(pyogrio.read_dataframe(gzip.decompress(data)))
    return {z: pd.concat(parts, ignore_index=True) for z, parts in out.items()}


# ------------------------------------------------------------------ where


@pytest.mark.parametrize("zoom", [0, 1, 2, 7, 14, 27])
def test_positions_are_those_of_pmtiles(zoom):
    rng = np.random.default_rng(zoom)
    x, y = rng.integers(0, 1 << zoom, (2, 50))
    keys = along(x, y, zoom)
    assert [tile_id(zoom, int(k)) for k in keys] == [
        zxy_to_tileid(zoom, int(a), int(b)) for a, b in zip(x, y, strict=True)
    ]
    assert np.array_equal(positions(keys, zoom), (x, y))
    if zoom:
        assert np.array_equal(coarser(keys, zoom, zoom - 1), along(x >> 1, y >> 1, zoom - 1))


def test_a_place_is_where_it_was_to_a_third_of_a_metre():
    # Taipei 101 in tile 14/13724/7014 of the usual scheme (counted by hand from the formula of slippy maps)
    keys = keys_of(np.array([TAIPEI[0]]), np.array([TAIPEI[1]]))
    assert tileid_to_zxy(tile_id(14, int(coarser(keys, 27, 14)[0]))) == (14, 13724, 7014)
    x, y = positions(keys)
    lon, lat = degrees(x + 0.5, y + 0.5, 27)
    assert abs(lon[0] - TAIPEI[0]) < 1.4e-6
    assert abs(lat[0] - TAIPEI[1]) < 1.4e-6


# ------------------------------------------------------------------ conservation


@given(
    st.lists(
        st.tuples(
            st.floats(118.2, 122.0),
            st.floats(21.9, 26.3),
            st.integers(0, 2),
            st.integers(0, 50),
            st.booleans(),
        ),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=12)
def test_every_zoom_holds_every_point(tmp_path_factory, rows):
    lon, lat, status, weight, has = map(np.array, zip(*rows, strict=True))
    points = tile_points(lon, lat, status, weight=np.where(has, weight, np.nan))
    folder = tmp_path_factory.mktemp("tiles")
    written = write_tiles(points, folder, threads=1)
    counts = np.bincount(status, minlength=3)
    sums = [weight[(status == s) & has].sum() for s in range(3)]
    found = levels(written.archive)
    assert sorted(found) == list(range(written.points_zoom + 1))
    for zoom, table in found.items():
        if zoom < written.points_zoom:
            assert table[["not_covered", "covered", "unknown"]].sum().tolist() == counts.tolist()
            assert table[["weight_not_covered", "weight_covered", "weight_unknown"]].sum().tolist() == sums
        else:
            names = table["status"].value_counts()
            assert [names.get(s, 0) for s in ("not_covered", "covered", "unknown")] == counts.tolist()
            assert table["weight"].sum() == sum(sums) if "weight" in table else not has.any()
            assert len(table) == len(rows)


def test_values_operators_and_parts_of_people_are_conserved_too(tmp_path):
    given = made(3000)
    given["weight"] = np.round(given["weight"] / 7, 3)
    points = tile_points(**given)
    written = write_tiles(points, tmp_path)
    known = np.isfinite(given["value"])
    for zoom, table in levels(written.archive).items():
        if zoom == written.points_zoom:
            assert table["value"].sum() == given["value"][known].sum()
            assert (table["operators"].fillna("") == "cht;fet").sum() == (
                given["operators"] == "cht;fet"
            ).sum()
            assert table["weight"].notna().sum() == np.isfinite(given["weight"]).sum()
        else:
            assert table["value_sum"].sum() == given["value"][known].sum()
            assert table["value_count"].sum() == known.sum()
            assert table["by:cht"].sum() == np.char.startswith(given["operators"], "cht").sum()
            parts = table[["weight_not_covered", "weight_covered", "weight_unknown"]].to_numpy()
            assert np.rint(parts.sum() * 1000) == np.rint(np.nansum(given["weight"]) * 1000)


def test_where_the_points_begin_depends_on_how_many_lie_together(monkeypatch):
    monkeypatch.setattr(tiles, "MOST_POINTS", 5)
    west = (
        13724 / 2**14 * 360 - 180
    )  # of a tile of zoom 14, 0.022 degrees wide; the next zoom cuts it in halves
    lon = west + np.array([0.001, 0.001, 0.001, 0.012, 0.012, 0.012])
    near = tile_points(lon, np.full(6, TAIPEI[1]), np.ones(6))
    assert tiles.points_zoom(near) == 15
    far = tile_points(lon + np.array([0, 0, 0, 2, 2, 2]), np.full(6, TAIPEI[1]), np.ones(6))
    assert tiles.points_zoom(far) == tiles.FIRST_POINTS
    same = tile_points(np.full(6, TAIPEI[0]), np.full(6, TAIPEI[1]), np.ones(6))
    assert tiles.points_zoom(same) == tiles.LAST_POINTS


# ------------------------------------------------------------------ the encoding, beside GDAL's


def test_gdal_reads_what_was_encoded():
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 4096, (2, 300))
    big = rng.integers(0, 2**40, 300)
    share = rng.random(300)
    texts = ("臺", 'b"<', "c")
    which = rng.integers(0, 3, 300)
    has = rng.random(300) < 0.5
    data = encoded(
        "層",
        x,
        y,
        4096,
        [
            Column("big", big),
            Column("share", share),
            Column("text", which, texts),
            Column("some", x, has=has),
        ],
    )
    read = pyogrio.read_dataframe(data)
    assert pyogrio.list_layers(data)[:, 0].tolist() == ["層"]
    assert read["big"].tolist() == big.tolist()
    assert read["share"].tolist() == share.tolist()
    assert read["text"].tolist() == [texts[i] for i in which]
    assert np.array_equal(read["some"].notna(), has)
    # GDAL counts y from the south, and takes a lone tile for one of 4096 units
    assert read.geometry.x.tolist() == x.tolist()
    assert (4096 - read.geometry.y).tolist() == y.tolist()


def test_gdal_opens_the_archive_and_finds_the_places(tmp_path):
    points = tile_points([TAIPEI[0], 119.5793], [TAIPEI[1], 23.5654], [COVERED, NOT_COVERED], weight=[3, 4])
    written = write_tiles(points, tmp_path)
    assert set(pyogrio.list_layers(written.archive)[:, 0]) == {"cells", "points"}
    read = pyogrio.read_dataframe(written.archive, layer="points").to_crs(4326)
    read = read.drop_duplicates().sort_values("weight")
    assert read["status"].tolist() == ["covered", "not_covered"]
    assert np.allclose(read.geometry.x, [TAIPEI[0], 119.5793], atol=2e-6)
    assert np.allclose(read.geometry.y, [TAIPEI[1], 23.5654], atol=2e-6)
    assert read["weight"].tolist() == [3, 4]


def test_a_cell_stands_in_its_middle(tmp_path):
    written = write_tiles(tile_points([TAIPEI[0]], [TAIPEI[1]], [UNKNOWN]), tmp_path)
    with written.archive.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        data = Reader(lambda offset, length: held[offset : offset + length]).get(7, 107, 54)
    read = pyogrio.read_dataframe(gzip.decompress(data))
    x = (TAIPEI[0] / 360 + 0.5) * 2**7
    cells = 1 << cell_bits(7)
    assert read.geometry.x[0] == 2 * np.floor(x % 1 * cells) + 1  # in halves of a cell
    assert read["unknown"].tolist() == [1]
    assert read["not_covered"].tolist() == [0]


def test_the_archive_is_clustered_and_alike_tiles_are_kept_once(tmp_path):
    # two far points in the same place of their tiles of zoom 9 give alike tiles there
    step = 360 / 512
    points = tile_points([119.6, 119.6 + step], [25.0, 25.0], [1, 1])
    written = write_tiles(points, tmp_path)
    with written.archive.open("rb") as file:
        data = file.read()
    head = Reader(lambda offset, length: data[offset : offset + length]).header()
    assert head["clustered"]
    assert head["tile_compression"] == Compression.GZIP
    assert (head["min_zoom"], head["max_zoom"]) == (0, 9)
    assert head["addressed_tiles_count"] == written.tiles
    assert head["tile_contents_count"] < written.tiles


# ------------------------------------------------------------------ the same bytes


def test_order_threads_and_batches_change_no_byte(tmp_path):
    given = made(2000)
    given["lon"][:500], given["lat"][:500] = TAIPEI  # many at one place
    shuffled = np.random.default_rng(2).permutation(2000)
    first = write_tiles(tile_points(**given), tmp_path / "a", threads=1)
    other = {name: column[shuffled] for name, column in given.items()}
    second = write_tiles(tile_points(**other), tmp_path / "b", threads=4)
    assert first.archive.read_bytes() == second.archive.read_bytes()
    assert first.page.read_bytes() == second.page.read_bytes()


def test_text_in_the_page_is_text(tmp_path):
    title = Text("</script><img src=x onerror=alert(1)>", "a&b\u2028")
    page = write_tiles(tile_points(*[[a] for a in TAIPEI], [1]), tmp_path, title=title).page.read_text(
        encoding="utf-8"
    )
    assert "<img" not in page
    assert "onerror=alert(1)&gt;" in page
    assert page.count("</script>") == 2
    assert "connect-src &#x27;self&#x27;;" in page
    assert "http://" not in page.split("<body")[1].replace("http://www.w3.org", "")


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden"])
def test_names_that_are_no_file_names_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match="no name for a file"):
        write_tiles(tile_points(*[[a] for a in TAIPEI], [1]), tmp_path, name=name)


def test_nothing_makes_no_tiles(tmp_path):
    with pytest.raises(UsageError, match="no points"):
        write_tiles(tile_points([], [], []), tmp_path)


# ------------------------------------------------------------------ files


ODD = """經度,緯度,狀態,戶數,名稱,業者
121.5,25.03,涵蓋,3,"<script>alert(1)</script>",cht;fet
121.51,25.03,未涵蓋,2,b,
121.52,25.03,,1,c,
121.5,25.03,也許,1,d,cht
,25.03,涵蓋,1,e,cht
2.3,48.8,涵蓋,5,f,cht
121.5,25.04,涵蓋,-5,g,cht
121.5,25.04,yes,,g,twm
121.5,25.04,=1+1,1,h,apt
"""


def test_each_row_is_drawn_or_listed(tmp_path):
    (tmp_path / "odd.csv").write_text(ODD, encoding="utf-8")
    out = tmp_path / "out"
    ran = CliRunner().invoke(
        app,
        [
            "tiles",
            str(tmp_path / "odd.csv"),
            "--out",
            str(out),
            "--weight",
            "戶數",
            "--operators",
            "業者",
            "--json",
        ],
    )
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.output)
    assert (said["rows"], said["refused"], said["points"]) == (9, 5, 4)
    assert said["counts"] == {"not_covered": 1, "covered": 2, "unknown": 1}
    assert said["weight"]["sums"] == {"not_covered": 2, "covered": 3, "unknown": 1}
    assert said["weight"]["missing"] == 1
    assert said["weight"]["name"] == ["戶數", "households"]
    listed = pd.read_csv(out / "rejects.csv", encoding="utf-8-sig", dtype=str, keep_default_na=False)
    assert listed["row"].tolist() == ["5", "6", "7", "8", "10"]
    assert listed["field"].tolist() == ["狀態", "經度", "經度, 緯度", "戶數", "狀態"]
    assert listed["people"].tolist() == ["1", "1", "5", "", "1"]
    assert listed["value"].tolist()[-1] == "'=1+1"
    table = levels(Path(said["archive"]))[0]
    assert table["by:cht"].sum() == 1  # refused rows name no operators: apt is not one
    assert "by:apt" not in table


def test_parquet_in_metres_and_csv_in_degrees_give_the_same(tmp_path):
    lon, lat = [121.5654, 120.3014, 121.7740], [25.0330, 22.6273, 24.7570]
    points = tile_points(lon, lat, [1, 0, 2]).keys.tolist()
    frame = pd.DataFrame({"lon": lon, "lat": lat, "covered": [True, False, None]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    from pyproj import Transformer

    x, y = Transformer.from_crs(3824, 3826, always_xy=True).transform(lon, lat)
    pd.DataFrame({"e": x, "n": y, "status": [1.0, 0.0, np.nan]}).to_parquet(tmp_path / "b.parquet")
    one = tile_file(tmp_path / "a.csv", tmp_path / "a")
    two = tile_file(
        tmp_path / "b.parquet",
        tmp_path / "b",
        x="e",
        y="n",
        crs="EPSG:3826",
        title=Text.of("a"),
        source=Text.of("a.csv"),
    )
    assert one.tiles.archive.read_bytes() == two.tiles.archive.read_bytes()
    assert one.tiles.metadata["notspot"]["counts"] == {"not_covered": 1, "covered": 1, "unknown": 1}
    assert len(points) == 3


def test_the_output_of_locate_is_an_input(tmp_path):
    (tmp_path / "p.csv").write_text("lon,lat,status\n121.5654,25.0330,covered\n", encoding="utf-8")
    runner = CliRunner()
    located = tmp_path / "l.parquet"
    assert runner.invoke(app, ["locate", str(tmp_path / "p.csv"), "--out", str(located)]).exit_code == 0
    ran = runner.invoke(app, ["tiles", str(located), "--out", str(tmp_path / "o")])
    assert ran.exit_code == 0, ran.output
    assert "1 covered" in ran.output


def test_h3_cells_are_drawn_or_listed(tmp_path):
    cells = hexagons.cells_at(np.array([TAIPEI]), 9)
    abroad = hexagons.cells_at(np.array([[2.3, 48.8]]), 9)
    texts = [*hexagons.names(cells), *hexagons.names(abroad), "nonsense", None]
    pd.DataFrame({"cell": texts, "status": ["covered"] * 4}).to_parquet(tmp_path / "c.parquet")
    done = tile_file(tmp_path / "c.parquet", tmp_path / "o", h3="cell")
    assert (done.rows, done.refused) == (4, 3)
    read = pyogrio.read_dataframe(done.tiles.archive, layer="hexagons", CLIP="NO").to_crs(4326)
    assert read["h3"].tolist() == hexagons.names(cells)
    assert hexagons.outlines(cells)[0].hausdorff_distance(read.geometry[0]) < 2e-6
    reasons = pd.read_csv(tmp_path / "o" / "rejects.csv", encoding="utf-8-sig")["reason"].tolist()
    assert "outside Taiwan" in reasons[0]
    assert "no H3 cell" in reasons[1]
    assert "missing" in reasons[2]


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["covered", "Not covered", "not-covered", " UNKNOWN ", "涵蓋", "未涵蓋", "無資料", "", None, "-"],
         [COVERED, NOT_COVERED, NOT_COVERED, UNKNOWN, COVERED, NOT_COVERED, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]),
        ([1, 0, -1, None, 2], [COVERED, NOT_COVERED, UNKNOWN, UNKNOWN, BAD]),
        ([1.0, 0.0, float("nan"), 0.5], [COVERED, NOT_COVERED, UNKNOWN, BAD]),
        ([True, False, None], [COVERED, NOT_COVERED, UNKNOWN]),
        (["無", "maybe"], [BAD, BAD]),  # the first may mean either
    ],
)  # fmt: skip
def test_what_a_status_is(cells, wanted):
    import pyarrow as pa

    found, faults = statuses(pa.array(cells), "s")
    assert found.tolist() == wanted
    assert sorted(faults) == [i for i, each in enumerate(wanted) if each == BAD]
    assert all(word == word.lower() for word in STATUS_OF)


@pytest.mark.parametrize(
    ("text", "options", "code", "message"),
    [
        ("lon,lat\n121,24\n", [], 2, "no column tells the status"),
        ("lon,lat,status\n121,24,x\n", [], 1, "none of 1 rows can be used"),
        ("lon,lat,status\n121,24,1\n", ["--weight", "people"], 2, "no column people"),
        ("lon,lat,status,EIRP\n121,24,1,43\n", [], 2, "base stations"),
        ("lon,lat,status,gain_dbi\n121,24,1,18\n", [], 2, "base stations"),
        ("經度,緯度,狀態,下傾角\n121,24,1,4\n", [], 2, "base stations"),
        ("lon,lat,status,頻率(MHz)\n121,24,1,1800\n", [], 2, "base stations"),
        ("a,b,status\n121,24,1\n", [], 1, "no coordinates found"),
        ("lon,lat,status\n121,24,1\n", ["--lon", "lon", "--x", "lat"], 2, "not by both"),
        ("lon,lat,status,c\n121,24,1,8\n", ["--h3", "c", "--crs", "EPSG:4326"], 2, "not both"),
        ("", [], 1, ""),
    ],
)
def test_bad_input_says_what_to_do(tmp_path, text, options, code, message):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(app, ["tiles", str(tmp_path / "p.csv"), "--out", str(tmp_path / "o"), *options])
    assert ran.exit_code == code, ran.output
    assert message in ran.output
    assert not list((tmp_path / "o").glob("*")) if (tmp_path / "o").exists() else True


def test_out_is_needed(tmp_path):
    ran = CliRunner().invoke(app, ["tiles", str(tmp_path / "p.csv")])
    assert ran.exit_code == 2
    assert "--out" in ran.output


# ------------------------------------------------------------------ the server


@contextmanager
def serving(folder):
    server = tile_server(folder)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("asked", "wanted", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_the_server_answers_to_ranges(tmp_path, asked, wanted, told):
    (tmp_path / "a.pmtiles").write_bytes(b"0123456789")
    with serving(tmp_path) as address:
        request = urllib.request.Request(f"{address}/a.pmtiles", headers={"Range": asked})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 206
            assert answer.read() == wanted
            assert answer.headers["Content-Range"] == told


def test_the_server_gives_whole_files_and_none_from_elsewhere(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pmtiles").write_bytes(b"0123456789")
    (tmp_path / "secret").write_text("s")
    with serving(tmp_path / "in") as address:
        with urllib.request.urlopen(f"{address}/a.pmtiles") as answer:
            assert (answer.status, answer.read()) == (200, b"0123456789")
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/../secret")
        beyond = urllib.request.Request(f"{address}/a.pmtiles", headers={"Range": "bytes=10-"})
        with pytest.raises(HTTPError, match="416"):
            urllib.request.urlopen(beyond)
