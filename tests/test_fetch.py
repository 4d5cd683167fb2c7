"""`fetch` against a local server that plays the official services; no other network is touched."""

import hashlib
import json
import ssl
from datetime import date

import pytest
from source_server import (
    HTML,
    TWO_HEADERS,
    Reply,
    SourceServer,
    dataset_description,
    envelope,
    population_pages,
    shapefile_zip,
    village_rows,
)

from notspot_geodata import cache as cache_module
from notspot_geodata import transport as transport_module
from notspot_geodata.errors import FetchError, InputError, NotFoundError, UsageError
from notspot_geodata.fetch import describe_sources, fetch, list_sources
from notspot_geodata.filekind import not_of_kind
from notspot_geodata.sources import sources

CSV = TWO_HEADERS.encode()
ETAG = {"ETag": '"v1"'}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch):
    for name in ("NOTSPOT_SOURCES", "NOTSPOT_CACHE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(cache_module, "today", lambda: date(2022, 1, 2))


@pytest.fixture
def server():
    with SourceServer() as playing:
        yield playing


@pytest.fixture
def waits():
    return []


@pytest.fixture
def get(server, tmp_path, waits):
    """`fetch` of one source by the address given, as the file itself unless it is said otherwise."""

    def run(source="base_stations", address=None, *, how="file", override=None, **more):
        overrides = {} if address is None else {source: {"address": address, "how": how, **(override or {})}}
        options = {"cache": tmp_path / "cache", "progress": False, "retries": 2, "sleep": waits.append}
        return fetch([source], overrides=overrides, **{**options, **more})[source]

    return run


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def register(tmp_path):
    return json.loads((tmp_path / "cache" / "register.json").read_text(encoding="utf-8"))


# ------------------------------------------------------------------ the file arrives


def test_a_file_arrives_whole_and_is_registered(server, get, tmp_path):
    path = get(address=server.play("/stations", CSV))
    assert path == tmp_path / "cache" / "base_stations.csv"
    assert path.read_bytes() == CSV
    assert register(tmp_path)["base_stations.csv"] == {
        "id": "base_stations",
        "sha256": digest(CSV),
        "size_bytes": len(CSV),
        "first_seen": "2022-01-02",
        "address": server.address("/stations"),
        "month": "",
        "note": "",
    }


def test_nothing_else_stays_in_the_cache_or_beside_it(server, get, tmp_path):
    get(address=server.play("/stations", CSV))
    assert names(tmp_path / "cache") == {"base_stations.csv", "register.json"}
    assert names(tmp_path) == {"cache"}


def test_what_is_in_the_cache_is_not_asked_for_again(server, get):
    address = server.play("/stations", CSV)
    assert get(address=address) == get(address=address)
    assert server.paths() == ["/stations"]


def test_several_sources_come_in_the_order_asked(server, tmp_path):
    overrides = {
        "villages": {"address": server.play("/v", shapefile_zip()), "how": "file"},
        "base_stations": {"address": server.play("/b", CSV), "how": "file"},
    }
    found = fetch(
        ["villages", "base_stations", "villages"], cache=tmp_path, overrides=overrides, progress=False
    )
    assert list(found) == ["villages", "base_stations"]
    assert server.paths() == ["/v", "/b"]


def test_the_name_never_comes_from_the_server(server, get, tmp_path):
    evil = {"Content-Disposition": 'attachment; filename="../../evil.csv"'}
    address = server.play("/deep/..%2F..%2Fevil.csv", Reply(CSV, headers=evil))
    path = get(address=server.play("/start", Reply(b"", 302, {"Location": address})))
    assert path.name == "base_stations.csv"
    assert names(tmp_path) == {"cache"}


def test_a_wrong_content_type_does_not_matter(server, get):
    path = get(address=server.play("/stations", Reply(CSV, headers={"Content-Type": "text/html"})))
    assert path.read_bytes() == CSV


def test_big5_is_kept_byte_by_byte(server, get):
    table = TWO_HEADERS.encode("cp950")
    assert get(address=server.play("/stations", table)).read_bytes() == table


def test_a_body_without_a_length_arrives(server, get):
    assert get(address=server.play("/stations", Reply(CSV, length=False))).read_bytes() == CSV


def test_the_request_says_who_asks(server, get):
    get(address=server.play("/stations", CSV))
    assert server.asked[0][1]["User-Agent"].startswith("Notspot/")


def test_a_part_that_is_a_link_does_not_lead_out_of_the_cache(server, get, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine", encoding="utf-8")
    (tmp_path / "cache").mkdir()
    for name in ("base_stations.csv.part", "base_stations.csv.part.json", "register.json.part"):
        (tmp_path / "cache" / name).symlink_to(outside)
    assert get(address=server.play("/stations", CSV)).read_bytes() == CSV
    assert outside.read_text(encoding="utf-8") == "mine"


# ------------------------------------------------------------------ data sets


def test_the_resource_is_picked_by_its_format(server, get):
    table = server.play("/files/stations.csv", CSV)
    address = server.play_dataset("41256", ("XML", "基地臺", table + ".xml"), ("csv", "基地臺", table))
    assert get(address=address, how="dataset").read_bytes() == CSV
    assert server.paths() == ["/api/v2/rest/dataset/41256", "/files/stations.csv"]


def test_formats_are_tried_in_the_order_of_the_source(server, get):
    zipped = server.play("/v.zip", shapefile_zip())
    address = server.play_dataset("7438", ("ZIP", "舊", server.address("/old")), ("SHP", "村里界", zipped))
    get("villages", address, how="dataset")
    assert server.paths()[-1] == "/v.zip"


def test_of_several_resources_the_first_is_taken_and_the_others_are_noted(server, get, tmp_path):
    address = server.play_dataset(
        "41256", ("CSV", "110年", server.play("/110", CSV)), ("CSV", "109年", server.address("/109"))
    )
    get(address=address, how="dataset")
    assert register(tmp_path)["base_stations.csv"]["note"] == "110年 taken; also listed: 109年"
    assert "note: 110年 taken" in describe_sources(list_sources(tmp_path / "cache"))


def test_a_resource_can_be_named(server, get):
    address = server.play_dataset(
        "41256", ("CSV", "110年", server.address("/110")), ("CSV", "109年", server.play("/109", CSV))
    )
    get(address=address, how="dataset", override={"resource": "109"})
    assert server.paths()[-1] == "/109"


def test_a_data_set_without_the_format_lists_what_it_has(server, get):
    address = server.play_dataset("41256", ("PDF", "說明", server.address("/x")))
    with pytest.raises(FetchError, match=r"lists no CSV; it lists PDF '說明'.*data\.gov\.tw/dataset/41256"):
        get(address=address, how="dataset")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://a.example/x", "/relative", "http://"])
def test_a_data_set_cannot_send_us_elsewhere_than_the_web(server, get, target):
    with pytest.raises(FetchError, match="only http and https are followed"):
        get(address=server.play_dataset("41256", ("CSV", "基地臺", target)), how="dataset")


@pytest.mark.parametrize(
    "body", [HTML, b"{", b"[]", b"[" * 100_000, b'{"success": false}', b'{"result": {}}']
)
def test_a_data_set_that_is_not_described_is_asked_again(server, get, waits, body):
    good = dataset_description("41256", ("CSV", "基地臺", server.play("/b.csv", CSV)))
    assert get(address=server.play("/api", body, good), how="dataset").read_bytes() == CSV
    assert waits == [1.0]


# ------------------------------------------------------------------ what is not the file


@pytest.mark.parametrize(
    ("source", "body", "complaint"),
    [
        ("base_stations", HTML, r"HTML page \('系統維護中'\)"),
        ("villages", HTML, "HTML page"),
        ("base_stations", b"  \r\n\xef\xbb\xbf", "has no columns|is empty"),
        ("base_stations", b"", "is empty"),
        ("base_stations", b'{"error": "busy, later"}', "is JSON, not a table"),
        ("base_stations", shapefile_zip(), "is not a text file"),
        ("base_stations", b"Service unavailable", "has no columns"),
        ("villages", CSV, "is not a ZIP file"),
        ("villages", shapefile_zip()[:2_000], "damaged or broke off"),
        ("villages", shapefile_zip(member="readme.txt"), r"without a Shapefile; it holds 'readme\.txt'"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(server, get, tmp_path, source, body, complaint):
    with pytest.raises(FetchError, match=complaint) as error:
        get(source, server.play("/x", body))
    assert "see https://data.gov.tw/dataset/" in str(error.value)
    assert names(tmp_path / "cache") <= {"register.json"}


# ------------------------------------------------------------------ tiles and rasters

TIFF = b"II*\x00" + bytes(100)


@pytest.fixture
def tiles(server, tmp_path):
    """`fetch` of two tiles from the local server."""
    for name in ("N23_00_E120", "N24_00_E121"):
        server.play(f"/dem/{name}.tif", TIFF + name.encode())
    override = {"address": server.address("/dem/{tile}.tif"), "tiles": ["N23_00_E120", "N24_00_E121"]}

    def run(**more):
        options = {"cache": tmp_path, "overrides": {"copernicus_glo30": override}, "progress": False}
        return fetch(["copernicus_glo30"], **{**options, "retries": 0, **more})["copernicus_glo30"]

    run.overrides = {"copernicus_glo30": override}
    return run


def test_tiles_arrive_in_a_folder_of_their_own(server, tiles, tmp_path):
    folder = tiles()
    assert folder == tmp_path / "copernicus_glo30"
    assert names(folder) == {"n23_00_e120.tif", "n24_00_e121.tif"}
    assert (folder / "n24_00_e121.tif").read_bytes() == TIFF + b"N24_00_E121"
    assert tiles() == tiles(offline=True) == folder
    assert server.paths() == ["/dem/N23_00_E120.tif", "/dem/N24_00_E121.tif"]
    row = list_sources(tmp_path, tiles.overrides).set_index("id").loc["copernicus_glo30"]
    assert row["cached"]
    assert row["file"] == "copernicus_glo30"
    assert row["size_bytes"] == 2 * (len(TIFF) + 11)


def test_a_tile_that_fails_is_named_and_the_others_stay(server, tiles, tmp_path):
    server.play("/dem/N23_00_E120.tif", HTML)
    with pytest.raises(FetchError, match="1 of 1 sources are not there") as error:
        tiles()
    assert "N23_00_E120" in str(error.value)
    assert names(tmp_path / "copernicus_glo30") == {"n24_00_e121.tif"}
    assert not list_sources(tmp_path, tiles.overrides).set_index("id").loc["copernicus_glo30", "cached"]
    with pytest.raises(FetchError, match="copernicus_glo30: not in the cache, and offline"):
        tiles(offline=True)
    server.play("/dem/N23_00_E120.tif", TIFF)
    assert names(tiles()) == {"n23_00_e120.tif", "n24_00_e121.tif"}


def test_another_version_of_a_tile_never_lies_among_the_tiles(server, tiles, tmp_path):
    folder = tiles()
    server.play("/dem/N23_00_E120.tif", TIFF + b"new")
    with pytest.raises(FetchError, match="has changed upstream"):
        tiles(refresh=True)
    assert names(folder) == {"n23_00_e120.tif", "n24_00_e121.tif"}
    assert len([name for name in names(tmp_path) if name.startswith("n23_00_e120.")]) == 1


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (shapefile_zip(member="readme.txt"), r"without a raster; it holds 'readme\.txt'"),
        (TIFF, "is not a ZIP file"),
        (HTML, "HTML page"),
    ],
)
def test_a_terrain_model_is_a_raster_in_a_zip(server, get, body, complaint):
    with pytest.raises(FetchError, match=complaint):
        get("terrain", server.play("/x", body))
    good = shapefile_zip(member="DEM_tawiwan_V2025.tif")
    assert get("terrain", server.play("/y", good)).read_bytes() == good


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff<!DOCTYPE HTML>",
        "  <html lang=zh>",
        "<?xml version='1.0'?><!doctype html><p>,",
        "<!-- x --> <body>,",
    ],
)
def test_html_is_known_in_many_forms(tmp_path, text):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    assert "HTML page" in not_of_kind(tmp_path / "x.csv", "csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp950"])
def test_tables_in_any_usual_encoding_are_tables(tmp_path, encoding):
    (tmp_path / "x.csv").write_bytes(TWO_HEADERS.encode(encoding))
    assert not_of_kind(tmp_path / "x.csv", "csv") is None


def test_a_server_cannot_write_to_the_terminal(server, get):
    page = b"<html><title>\x1b[2J\x07evil</title>"
    with pytest.raises(FetchError) as error:
        get(address=server.play("/x", page))
    assert "\x1b" not in str(error.value)
    assert "\x07" not in str(error.value)


def test_a_body_over_the_limit_is_refused_before_it_is_read(server, get, tmp_path):
    with pytest.raises(FetchError, match=r"over the limit of 0\.0 MB.*max_mb"):
        get(address=server.play("/x", Reply(CSV)), override={"max_mb": 0.00001})
    assert "base_stations.csv.part" not in names(tmp_path / "cache")


def test_a_body_that_does_not_say_its_size_is_stopped_at_the_limit(server, get, tmp_path):
    endless = Reply(b"a,b\n" * 50_000, length=False)
    with pytest.raises(FetchError, match=r"more than the limit of 0\.1 MB"):
        get(address=server.play("/x", endless), override={"max_mb": 0.1})
    assert names(tmp_path / "cache") == set()


# ------------------------------------------------------------------ patience


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_service_that_is_busy_is_asked_again_after_longer_and_longer_waits(server, get, waits, status):
    busy = Reply(b"busy", status)
    assert get(address=server.play("/x", busy, busy, CSV)).read_bytes() == CSV
    assert waits == [1.0, 2.0]


def test_waits_end(server, get, waits):
    with pytest.raises(FetchError, match=r"503 Service Unavailable \(tried 8 times\)"):
        get(address=server.play("/x", Reply(HTML, 503)), retries=7)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert len(server.asked) == 8


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 304])
def test_a_refusal_is_not_asked_again(server, get, waits, status):
    with pytest.raises(FetchError, match=f"the server answers {status}"):
        get(address=server.play("/x", Reply(b"", status)))
    assert len(server.asked) == 1
    assert waits == []


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "Sat, 01 Jan 2022 00:00:40 GMT", "Date": "Sat, 01 Jan 2022 00:00:10 GMT"}, 30),
        ({"Retry-After": "Sat, 01 Jan 2022 00:00:10 GMT", "Date": "Sat, 01 Jan 2022 00:00:40 GMT"}, 0),
        ({"Retry-After": "soon"}, 1),
        ({"Retry-After": "-5"}, 1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_the_server_says_how_long_to_wait(server, get, waits, headers, wait, status):
    get(address=server.play("/x", Reply(b"", status, headers), CSV))
    assert waits == [wait]


def test_a_wait_too_long_is_not_waited(server, get, waits):
    with pytest.raises(FetchError, match="asks to wait 86,400 s; come back then"):
        get(address=server.play("/x", Reply(b"", 429, {"Retry-After": "86400"})))
    assert waits == []


def test_silence_is_a_failed_attempt(server, get, waits):
    silent = Reply(CSV, silent=server.silence())
    with pytest.raises(FetchError, match=r"no answer within 0\.05 s \(tried 2 times\)"):
        get(address=server.play("/x", silent), timeout_s=0.05, retries=1)
    assert waits == [1.0]


def test_a_body_that_drips_for_ever_is_ended(server, get, monkeypatch):
    monkeypatch.setattr(transport_module, "MOST_SECONDS", -1.0)
    with pytest.raises(FetchError, match="did not end within"):
        get(address=server.play("/x", CSV))


def test_a_host_that_cannot_be_reached_is_not_tried_for_every_source(tmp_path, waits):
    with SourceServer() as gone:
        address = gone.address("/x")
    overrides = {
        name: {"address": address, "how": "file"} for name in ("villages", "townships", "base_stations")
    }
    with pytest.raises(FetchError) as error:
        fetch(
            list(overrides),
            cache=tmp_path,
            overrides=overrides,
            progress=False,
            retries=1,
            sleep=waits.append,
        )
    assert waits == [1.0]
    assert str(error.value).count("cannot be reached") == 3
    assert "cannot be reached: the connection is refused (tried 2 times)" in str(error.value)
    assert "Is there a network" in str(error.value)


def test_every_failure_is_told_and_what_came_stays(server, tmp_path):
    overrides = {
        "villages": {"address": server.address("/none"), "how": "file"},
        "base_stations": {"address": server.play("/b", CSV), "how": "file"},
        "public_wifi": {"address": server.play("/w", HTML), "how": "file"},
    }
    with pytest.raises(FetchError) as error:
        fetch(list(overrides), cache=tmp_path, overrides=overrides, progress=False)
    text = str(error.value)
    assert text.startswith("2 of 3 sources are not there")
    assert "villages: " in text
    assert "404" in text
    assert "public_wifi: " in text
    assert "HTML page" in text
    assert "In the cache" in text
    assert "base_stations.csv" in text
    assert (tmp_path / "base_stations.csv").read_bytes() == CSV


# ------------------------------------------------------------------ redirects


def test_redirects_are_followed(server, get):
    server.play("/c", CSV)
    server.play("/b", Reply(b"", 307, {"Location": server.address("/c")}))
    assert get(address=server.play("/a", Reply(b"", 302, {"Location": "/b"}))).read_bytes() == CSV


def test_redirects_in_a_circle_end(server, get):
    server.play("/a", Reply(b"", 302, {"Location": "/b"}))
    server.play("/b", Reply(b"", 302, {"Location": "/a"}))
    with pytest.raises(FetchError, match="redirected over 5 times"):
        get(address=server.address("/a"))
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/csv,a,b", "javascript:1"]
)
def test_redirects_lead_only_to_the_web(server, get, target):
    with pytest.raises(FetchError, match="only http and https are followed"):
        get(address=server.play("/a", Reply(b"", 302, {"Location": target})))


def test_redirects_do_not_lead_from_https_to_http():
    assert (
        transport_module._redirected("https://a.example/", "https://a.example/", "/b")
        == "https://a.example/b"
    )
    with pytest.raises(FetchError, match="anybody could alter"):
        transport_module._redirected("https://a.example/", "https://a.example/", "http://a.example/")


def test_certificates_are_verified():
    context = transport_module.tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


# ------------------------------------------------------------------ broken off, and continued

LONG = b"a,b\n" + b"1,2\n" * 50_000


def test_a_truncated_body_is_continued_where_it_broke_off(server, get, waits):
    whole = Reply(LONG, headers=ETAG, ranges=True)
    address = server.play("/x", Reply(LONG, headers=ETAG, ranges=True, cut=70_000), whole)
    assert get(address=address).read_bytes() == LONG
    asked = server.asked[1][1]
    assert (asked["Range"], asked["If-Range"]) == ("bytes=70000-", '"v1"')
    assert waits == [1.0]


def test_it_is_continued_in_a_later_run_too(server, get, tmp_path):
    address = server.play("/x", Reply(LONG, headers=ETAG, ranges=True, cut=70_000))
    with pytest.raises(FetchError, match=r"broke off"):
        get(address=address, retries=0)
    part = tmp_path / "cache" / "base_stations.csv.part"
    assert part.stat().st_size == 70_000
    assert not (tmp_path / "cache" / "base_stations.csv").exists()
    server.play("/x", Reply(LONG, headers=ETAG, ranges=True))
    assert get(address=address).read_bytes() == LONG
    assert server.asked[-1][1]["Range"] == "bytes=70000-"
    assert names(tmp_path / "cache") == {"base_stations.csv", "register.json"}


def test_several_breaks_are_mended_one_after_the_other(server, get):
    cuts = [Reply(LONG, headers=ETAG, ranges=True, cut=60_000)] * 3
    assert (
        get(address=server.play("/x", *cuts, Reply(LONG, headers=ETAG, ranges=True)), retries=4).read_bytes()
        == LONG
    )
    assert [headers.get("Range") for _, headers in server.asked] == [
        None,
        "bytes=60000-",
        "bytes=120000-",
        "bytes=180000-",
    ]


def test_a_server_that_ignores_ranges_starts_anew(server, get):
    address = server.play("/x", Reply(LONG, headers=ETAG, cut=70_000), Reply(LONG, headers=ETAG))
    assert get(address=address).read_bytes() == LONG
    assert "Range" in server.asked[1][1]


def test_a_file_that_changed_in_between_starts_anew(server, get):
    other = LONG.replace(b"1,2", b"3,4")
    address = server.play(
        "/x",
        Reply(LONG, headers=ETAG, ranges=True, cut=70_000),
        Reply(other, headers={"ETag": '"v2"'}, ranges=True),
    )
    assert get(address=address).read_bytes() == other


def test_a_server_that_continues_another_file_is_not_believed(server, get):
    lying = Reply(b"x" * 10, 206, {"Content-Range": "bytes 5-14/15"})
    address = server.play(
        "/x", Reply(LONG, headers=ETAG, ranges=True, cut=70_000), lying, Reply(LONG, headers=ETAG)
    )
    assert get(address=address).read_bytes() == LONG
    assert "Range" not in server.asked[2][1]


def test_a_rest_that_begins_elsewhere_is_not_appended(server, get):
    rest = Reply(
        b"x" * (len(LONG) - 70_000), 206, {"Content-Range": f"bytes 5-{len(LONG) - 69_996}/{len(LONG)}"}
    )
    address = server.play(
        "/x", Reply(LONG, headers=ETAG, ranges=True, cut=70_000), rest, Reply(LONG, headers=ETAG)
    )
    assert get(address=address).read_bytes() == LONG


def test_a_rest_of_a_file_of_another_length_is_not_appended(server, get):
    rest = Reply(b"x" * 30, 206, {"Content-Range": "bytes 70000-70029/70030"})
    address = server.play(
        "/x", Reply(LONG, headers=ETAG, ranges=True, cut=70_000), rest, Reply(LONG, headers=ETAG)
    )
    assert get(address=address).read_bytes() == LONG


def test_a_server_that_denies_the_range_starts_anew(server, get):
    address = server.play(
        "/x",
        Reply(LONG, headers=ETAG, cut=70_000),
        Reply(b"", 416, {"Content-Range": "bytes */9"}),
        Reply(LONG),
    )
    assert get(address=address).read_bytes() == LONG


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"v1"'}])
def test_without_a_validator_nothing_is_continued(server, get, headers):
    address = server.play(
        "/x", Reply(LONG, headers=headers, ranges=True, cut=70_000), Reply(LONG, ranges=True)
    )
    assert get(address=address).read_bytes() == LONG
    assert "Range" not in server.asked[1][1]


def test_a_part_of_another_address_is_not_continued(server, get):
    with pytest.raises(FetchError):
        get(address=server.play("/old", Reply(LONG, headers=ETAG, ranges=True, cut=70_000)), retries=0)
    assert get(address=server.play("/new", Reply(CSV, headers=ETAG, ranges=True))).read_bytes() == CSV
    assert [path for path, headers in server.asked if "Range" in headers] == []


def test_a_part_without_its_memo_is_not_continued(server, get, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "base_stations.csv.part").write_bytes(b"rubbish")
    assert get(address=server.play("/x", Reply(CSV, headers=ETAG, ranges=True))).read_bytes() == CSV


def test_a_memo_that_is_a_link_does_not_lead_out_of_the_cache(server, get, tmp_path):
    address = server.play("/x", Reply(LONG, headers=ETAG, ranges=True, cut=70_000), Reply(LONG, headers=ETAG))
    with pytest.raises(FetchError):
        get(address=address, retries=0)
    memo, outside = tmp_path / "cache" / "base_stations.csv.part.json", tmp_path / "outside.json"
    before = memo.read_bytes().replace(b"v1", b"v0")  # so that writing it again would show
    outside.write_bytes(before)
    memo.unlink()
    memo.symlink_to(outside)
    assert get(address=address).read_bytes() == LONG
    assert outside.read_bytes() == before


def test_a_body_that_stays_truncated_is_an_error(server, get, tmp_path):
    with pytest.raises(FetchError, match=r"broke off.*\(tried 3 times\)"):
        get(address=server.play("/x", Reply(LONG, cut=70_000)))
    assert not (tmp_path / "cache" / "base_stations.csv").exists()


# ------------------------------------------------------------------ hashes

NEWER = CSV + "宜蘭縣,宜蘭縣大同鄉,1101231,4G,224\r\n".encode()


@pytest.fixture
def changed(server, get):
    """A file that was fetched, and has changed upstream since."""
    address = server.play("/x", CSV)
    get(address=address)
    server.play("/x", NEWER)
    return address


def test_a_file_that_changed_upstream_replaces_nothing(changed, get, tmp_path):
    with pytest.raises(FetchError) as error:
        get(address=changed, refresh=True)
    text = str(error.value)
    kept = tmp_path / "cache" / f"base_stations.{digest(NEWER)[:12]}.csv"
    for word in (digest(CSV), digest(NEWER), str(kept), "accept_changed=True", "do nothing"):
        assert word in text
    assert "2022" not in text  # no dates: the message is the same on every day
    assert kept.read_bytes() == NEWER
    assert (tmp_path / "cache" / "base_stations.csv").read_bytes() == CSV
    assert register(tmp_path)["base_stations.csv"]["sha256"] == digest(CSV)


def test_without_refresh_the_old_file_serves_on(changed, get, server):
    assert get(address=changed).read_bytes() == CSV
    assert len(server.asked) == 1


def test_a_changed_file_can_be_accepted_and_the_old_one_is_kept(changed, get, tmp_path):
    with pytest.raises(FetchError):
        get(address=changed, refresh=True)
    assert get(address=changed, accept_changed=True).read_bytes() == NEWER
    assert (tmp_path / "cache" / f"base_stations.{digest(CSV)[:12]}.csv").read_bytes() == CSV
    assert register(tmp_path)["base_stations.csv"]["sha256"] == digest(NEWER)
    assert get(address=changed, refresh=True).read_bytes() == NEWER


def test_the_register_remembers_a_file_that_was_deleted(changed, get, tmp_path):
    (tmp_path / "cache" / "base_stations.csv").unlink()
    with pytest.raises(FetchError, match=r"has changed upstream.*the old file is gone"):
        get(address=changed)
    assert not (tmp_path / "cache" / "base_stations.csv").exists()


def test_what_an_interrupted_run_left_is_not_taken_for_the_file(server, get, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "base_stations.csv.new").write_bytes(NEWER)
    assert get(address=server.play("/x", CSV)).read_bytes() == CSV


def test_an_unchanged_file_keeps_its_day_of_first_sight(server, get, tmp_path, monkeypatch):
    address = server.play("/x", CSV)
    get(address=address)
    monkeypatch.setattr(cache_module, "today", lambda: date(2030, 1, 1))
    get(address=address, refresh=True)
    assert len(server.asked) == 2
    assert register(tmp_path)["base_stations.csv"]["first_seen"] == "2022-01-02"
    assert names(tmp_path / "cache") == {"base_stations.csv", "register.json"}


def test_a_pinned_hash_is_the_only_one_accepted(server, get, tmp_path):
    address = server.play("/x", NEWER)
    with pytest.raises(FetchError, match=f"{digest(NEWER)}, and only {digest(CSV)} is accepted"):
        get(address=address, override={"sha256": digest(CSV)})
    assert names(tmp_path / "cache") == set()
    assert get(address=address, override={"sha256": digest(NEWER)}).read_bytes() == NEWER


def test_a_file_altered_here_is_fetched_again_and_kept_aside(server, get, tmp_path):
    address = server.play("/x", CSV)
    path = get(address=address)
    path.write_bytes(NEWER)
    assert get(address=address).read_bytes() == CSV
    assert (tmp_path / "cache" / f"base_stations.{digest(NEWER)[:12]}.csv").read_bytes() == NEWER


def test_a_broken_register_is_told(server, get, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "register.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as the cache's register"):
        get(address=server.play("/x", CSV))


# ------------------------------------------------------------------ offline


def test_offline_uses_the_cache_and_asks_nobody(server, get):
    path = get(address=server.play("/x", CSV))
    assert get(address=server.address("/x"), offline=True) == path
    assert len(server.asked) == 1


def test_offline_says_what_is_there_and_what_to_do(server, get, tmp_path):
    get(address=server.play("/x", CSV))
    with pytest.raises(FetchError) as error:
        fetch(
            ["base_stations", "villages", "village_population"],
            cache=tmp_path / "cache",
            offline=True,
            month="113-06",
        )
    text = str(error.value)
    assert text.startswith("2 of 3 sources are not there")
    assert str(tmp_path / "cache" / "villages.zip") in text
    assert "village_population_11306.json" in text
    assert "In the cache" in text
    assert ": base_stations.csv\n" in text
    assert "notspot fetch villages village_population" in text


def test_offline_makes_no_folder(tmp_path):
    with pytest.raises(FetchError, match="nothing yet"):
        fetch(["villages"], cache=tmp_path / "cache", offline=True)
    assert names(tmp_path) == set()


def test_offline_does_not_serve_an_altered_file(server, get):
    get(address=server.play("/x", CSV)).write_bytes(NEWER)
    with pytest.raises(FetchError, match=f"{digest(NEWER)}, and {digest(CSV)} was registered"):
        get(address=server.address("/x"), offline=True)


def test_a_file_put_there_by_hand_is_taken_and_registered(tmp_path):
    (tmp_path / "base_stations.csv").write_bytes(CSV)
    assert fetch(["base_stations"], cache=tmp_path, offline=True)["base_stations"].read_bytes() == CSV
    entry = json.loads((tmp_path / "register.json").read_text(encoding="utf-8"))["base_stations.csv"]
    assert (entry["sha256"], entry["note"]) == (digest(CSV), "put into the cache by hand")


def test_a_wrong_file_put_there_by_hand_is_refused(tmp_path):
    (tmp_path / "villages.zip").write_bytes(CSV)
    with pytest.raises(FetchError, match=r"is not a ZIP file.*Move it away"):
        fetch(["villages"], cache=tmp_path, offline=True)


def test_a_cache_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(FetchError, match=r"cannot be made.*NOTSPOT_CACHE"):
        fetch(["villages"], cache=tmp_path / "file" / "cache")


def test_the_environment_names_the_cache(server, get, tmp_path, monkeypatch):
    monkeypatch.setenv("NOTSPOT_CACHE", str(tmp_path / "mine"))
    assert get(address=server.play("/x", CSV), cache=None).parent == tmp_path / "mine"


# ------------------------------------------------------------------ wrong use


def test_unknown_sources_are_named_before_anything_is_fetched(server, tmp_path):
    with pytest.raises(NotFoundError, match="no source named vilages; there are villages"):
        fetch(["villages", "vilages"], cache=tmp_path / "cache")
    assert names(tmp_path) == set()


def test_a_month_for_a_source_without_months_is_refused(tmp_path):
    with pytest.raises(UsageError, match="villages: not by month"):
        fetch(["villages"], cache=tmp_path, month="11012")
    with pytest.raises(UsageError, match="is not understood"):
        fetch(["village_population"], cache=tmp_path, month="last")


# ------------------------------------------------------------------ pages: ODRP014


@pytest.fixture
def population(get):
    def run(address, **more):
        path = get("village_population", address, how="pages", **more)
        return json.loads(path.read_text(encoding="utf-8"))

    return run


def test_all_pages_become_one_file(server, population, waits, tmp_path):
    rows = population(server.play_population(population_pages(7_781)))
    assert rows == village_rows(7_781)
    assert server.paths() == [f"/ODRP014/11012?page={number}" for number in (1, 2, 3, 4)]
    assert waits == [0.5] * 3
    assert names(tmp_path / "cache") == {"village_population_11012.json", "register.json"}


def test_the_file_is_the_same_bytes_each_time(server, get, tmp_path):
    address = server.play_population(population_pages(30, 10))
    first = get("village_population", address, how="pages", cache=tmp_path / "a").read_bytes()
    assert get("village_population", address, how="pages", cache=tmp_path / "b").read_bytes() == first


def test_months_lie_side_by_side(server, population, tmp_path):
    population(server.play_population(population_pages(3)))
    population(server.play_population(population_pages(4, month="11306"), "11306"), month="2024-06")
    table = list_sources(tmp_path / "cache")
    mine = table[table["id"] == "village_population"]
    assert mine["month"].tolist() == ["11012", "11306"]
    assert mine["cached"].all()


def test_a_month_with_chinese_fields_is_put_together_too(server, population):
    rows = [
        {"統計年月": "11012", "區域別代碼": f"6500001000{n}", "村里": "里", "人口數": "5"} for n in range(4)
    ]
    pages = {1: envelope(rows[:2], 1, 2, 4), 2: envelope(rows[2:], 2, 2, 4)}
    assert population(server.play_population(pages)) == rows


def test_a_month_that_is_not_there_is_told_at_once(server, population, waits):
    with pytest.raises(FetchError, match=r"no rows for the month 11012 \(查無資料\); name another month"):
        population(server.play_population({}))
    assert waits == []


@pytest.mark.parametrize(
    "broken",
    [
        HTML,
        b'{"responseCode": "OD-0101-S", "resp',
        b'"text"',
        b"[" * 100_000,
        envelope(None, 2, 0, 0, code="OD-9999-E", message="系統忙碌"),
        envelope(village_rows(10), 1, 3, 30),
        envelope(village_rows(9, first=10), 2, 3, 30, said_rows=10),
        envelope([], 2, 3, 30),
        Reply(HTML, 503),
        Reply(population_pages(30, 10)[2], cut=100),
    ],
    ids=[
        "html",
        "broken json",
        "no object",
        "nested",
        "error body",
        "other page",
        "short page",
        "empty",
        "503",
        "cut",
    ],
)
def test_a_broken_page_is_asked_for_again(server, population, broken):
    pages = population_pages(30, 10)
    pages[2] = [broken, pages[2]]
    assert population(server.play_population(pages)) == village_rows(30)
    assert server.paths().count("/ODRP014/11012?page=2") == 2
    assert server.paths().count("/ODRP014/11012?page=1") == 1


def test_a_page_that_stays_broken_is_an_error_that_says_which(server, population, tmp_path):
    pages = population_pages(30, 10) | {3: envelope(None, 3, 0, 0, code="OD-9999-E", message="系統\x1b忙碌")}
    with pytest.raises(
        FetchError, match=r"page=3: the service answers OD-9999-E 系統 忙碌 \(tried 3 times\)"
    ):
        population(server.play_population(pages))
    assert not (tmp_path / "cache" / "village_population_11012.json").exists()


def test_a_later_run_goes_on_with_the_pages_it_has(server, population):
    pages = population_pages(30, 10)
    with pytest.raises(FetchError):
        population(server.play_population(pages | {3: HTML}), retries=0)
    assert population(server.play_population(pages)) == village_rows(30)
    assert [path[-1] for path in server.paths()] == ["1", "2", "3", "1", "3"]


def test_kept_pages_behind_a_link_do_not_lead_out_of_the_cache(server, population, tmp_path):
    pages = population_pages(30, 10)
    with pytest.raises(FetchError):
        population(server.play_population(pages | {2: HTML}), retries=0)
    kept, outside = tmp_path / "cache" / "village_population_11012.json.part.pages", tmp_path / "outside"
    kept.rename(outside)
    kept.symlink_to(outside)
    assert population(server.play_population(pages)) == village_rows(30)
    assert names(outside) == {"of.json"}


def test_kept_pages_of_another_edition_are_not_used(server, population):
    with pytest.raises(FetchError):
        population(server.play_population(population_pages(30, 10) | {3: HTML}), retries=0)
    assert population(server.play_population(population_pages(31, 11))) == village_rows(31)
    assert [path[-1] for path in server.paths()] == ["1", "2", "3", "1", "2", "3"]


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (envelope(village_rows(10, first=10), 2, 4, 30), "page 2 says 30 rows on 4 pages"),
        (envelope(village_rows(10, first=10), 2, 3, 31), "page 2 says 31 rows on 3 pages"),
        (envelope(village_rows(10, first=9), 2, 3, 30), r"1 villages occur twice \(65000010010\)"),
        (envelope(village_rows(9, first=10), 2, 3, 30), "hold 29 rows, and 30 were announced"),
        (envelope(None, 2, 0, 0, code="OD-0102-S", message="查無資料"), "page 2 has no rows"),
    ],
    ids=["totalPage", "totalDataSize", "duplicates", "rows missing", "page missing"],
)
def test_pages_that_do_not_fit_together_are_all_asked_for_once_more(
    server, population, tmp_path, second, complaint
):
    pages = population_pages(30, 10)
    good = pages[2]
    assert population(server.play_population(pages | {2: [second, good]})) == village_rows(30)
    (tmp_path / "cache" / "village_population_11012.json").unlink()
    with pytest.raises(FetchError, match=complaint):
        population(server.play_population(pages | {2: second}))
    assert not (tmp_path / "cache" / "village_population_11012.json").exists()


def test_rows_of_another_month_are_refused(server, population):
    with pytest.raises(FetchError, match=r"holds rows of 11011, not of 11012"):
        population(server.play_population(population_pages(3, month="11011")))


def test_rows_without_a_code_are_refused(server, population):
    rows = [{"statistic_yyymm": "11012", "village": "里"}]
    with pytest.raises(FetchError, match="1 rows have none of the fields district_code"):
        population(server.play_population({1: envelope(rows, 1, 1, 1)}))


def test_a_million_pages_are_not_followed(server, population):
    with pytest.raises(FetchError, match="1,000,000 pages; at most 200"):
        population(server.play_population({1: envelope(village_rows(3), 1, 1_000_000, 3)}))


def test_a_page_over_the_limit_is_refused(server, population):
    with pytest.raises(FetchError, match="more than the limit"):
        population(server.play_population(population_pages(50)), override={"max_mb": 0.001})


# ------------------------------------------------------------------ the list


def test_the_list_without_a_cache_is_the_sources(tmp_path):
    table = list_sources(tmp_path / "none")
    assert table["id"].tolist()[:3] == ["villages", "townships", "counties"]
    assert len(table) == len(sources())
    assert not table["cached"].any()
    assert table["sha256"].isna().all()
    assert names(tmp_path) == set()
    for word in ("[7438]", "村里界圖", "Open Government Data License", "not in the cache"):
        assert word in describe_sources(table)


def test_the_list_says_what_is_cached_since_when(server, get, tmp_path):
    path = get(address=server.play("/x", CSV))
    row = list_sources(tmp_path / "cache").set_index("id").loc["base_stations"]
    assert row["cached"]
    assert (row["first_seen"], row["sha256"]) == ("2022-01-02", digest(CSV))
    assert (row["size_bytes"], row["path"]) == (len(CSV), str(path))
    shown = describe_sources(list_sources(tmp_path / "cache"))
    assert f"first seen 2022-01-02, sha256 {digest(CSV)[:12]}" in shown


def test_the_list_does_not_call_an_altered_file_cached(server, get, tmp_path):
    get(address=server.play("/x", CSV)).write_bytes(NEWER)
    table = list_sources(tmp_path / "cache")
    assert not table["cached"].any()
    assert "its file is gone or altered" in describe_sources(table)


def test_the_list_becomes_json(tmp_path):
    records = json.loads(list_sources(tmp_path).to_json(orient="records", force_ascii=False))
    assert records[3]["month"] == "11012"
    assert records[0]["sha256"] is None


def test_a_proxy_in_the_way_is_named(server, get, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with SourceServer() as gone:
        proxy = gone.address("")
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(FetchError, match=r"the proxy does not let us through \(HTTPS_PROXY, HTTP_PROXY\)"):
        get(address=server.play("/x", CSV), retries=0)
    assert server.asked == []
