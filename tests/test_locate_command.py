"""Files and frames of points: every row kept with its codes, whatever the file and whoever does the work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_data import shared
from typer.testing import CliRunner

import notspot
from notspot import point_jobs
from notspot.cli import app
from notspot.point_files import Located, locate_file
from notspot_geodata import crs as systems
from notspot_geodata import csv_parts, reference
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.ledger import Ledger

TAIPEI_101 = (121.5645, 25.0339)
VILLAGE = "63000020001"  # 臺北市信義區西村里
CODES = ["village_code", "town_code", "county_code"]
HERE = "121.5645,25.0339"


def run(
    tmp: Path, text: str | bytes, *, name: str = "points.csv", out: str = "out.csv", **more: Any
) -> Located:
    (tmp / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return locate_file(tmp / name, tmp / out, **more)


def lines(tmp: Path, name: str = "out.csv") -> list[str]:
    return (tmp / name).read_text("utf-8").splitlines()


def rejects(tmp: Path, name: str = "out.csv") -> pd.DataFrame:
    return pd.read_csv(tmp / f"{name}.rejects.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")


@pytest.fixture(scope="module")
def points() -> gpd.GeoDataFrame:
    """Points in and around the villages, one in each and some at sea."""
    villages = reference.villages()
    inside = villages.geometry.representative_point()
    random = np.random.default_rng(5)
    sea = gpd.points_from_xy(random.uniform(119.8, 120.0, 300), random.uniform(22, 24, 300))
    shapes = np.concatenate([inside.to_numpy(), np.asarray(sea)])[random.permutation(len(inside) + 300)]
    codes = [f"{i:07d}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"編號": codes}, geometry=shapes, crs="EPSG:3824")


@pytest.fixture(scope="module")
def expected(points: gpd.GeoDataFrame) -> pd.Series:
    villages = reference.villages()[["village_code", "geometry"]]
    joined: pd.Series = gpd.sjoin(points, villages, how="left", predicate="within")["village_code"]
    return joined.where(joined.notna(), None)


def same(found: pd.Series, expected: pd.Series) -> bool:
    return found.where(found.notna(), None).tolist() == expected.tolist()


# ------------------------------------------------------------------ CSV


def test_codes_are_added_and_nothing_else_changes(tmp_path: Path) -> None:
    text = f'\ufeff編號, "lon",lat,說明\r\n007,{HERE},"a, ""b"""\r\n008 ,{HERE},0.50\r\n'
    result = run(tmp_path, text.replace(' "lon"', "lon"))
    added = f",{VILLAGE},{VILLAGE[:8]},{VILLAGE[:5]}\r\n"
    want = text.replace(' "lon"', "lon").replace("說明\r\n", f"說明,{','.join(CODES)}\r\n")
    want = want.replace('"""\r\n', f'"""{added}').replace("0.50\r\n", f"0.50{added}")
    assert (tmp_path / "out.csv").read_bytes().decode() == want
    assert (result.rows, result.located, result.rejects) == (2, 2, None)
    assert result.by_county == {"63000": 2}


def test_rows_without_a_position_are_kept_and_listed(tmp_path: Path) -> None:
    rows = [
        "1,,",
        "2,abc,25",
        "3,0,0",
        "4,139.7,35.6",
        "5,120.0,23.0",
        "6,121.5",
        "7,121.5,25,x",
        f"8,{HERE}",
    ]
    result = run(tmp_path, "id,lon,lat\n" + "\n".join(rows) + "\n")
    out = lines(tmp_path)
    assert [line.split(",")[0] for line in out[1:]] == list("12345678")
    assert out[-1] == f"8,{HERE},{VILLAGE},{VILLAGE[:8]},{VILLAGE[:5]}"
    assert [line.endswith(",,,") for line in out[1:]] == [True] * 7 + [False]
    assert (result.rows, result.located, result.outside, result.outside_taiwan) == (8, 1, 2, 1)
    assert result.without_position == 5
    listed = rejects(tmp_path)
    assert listed["row"].tolist() == ["2", "3", "4", "5", "7", "8"]
    for reason, word in zip(
        listed["reason"],
        ["missing", "'abc, 25' is not a coordinate", "placeholder", "outside Taiwan", "cut off", "too many"],
        strict=True,
    ):
        assert word in reason


def test_coordinates_as_people_write_them(tmp_path: Path) -> None:
    rows = [
        '1,"121°33\'52.2""E","25°2\'2""N"',
        "2,１２１.5645,25.0339",
        "3, 121.5645 ,+25.0339",
        "4,25.0339,121.5645",
    ]
    result = run(tmp_path, "id,經度,緯度\n" + "\n".join(rows) + "\n")
    assert all(f",{VILLAGE}," in line for line in lines(tmp_path)[1:])
    assert result.located == 4
    assert result.notes == ["經度, 緯度: latitude and longitude were swapped in 1 rows; turned round"]


def test_both_numbers_in_one_column(tmp_path: Path) -> None:
    for header in ("座標", "where"):
        assert run(tmp_path, f'id,{header}\n1,"25.0339, 121.5645"\n2,"121.5645 25.0339"\n').located == 2


def test_lines_in_quotes_blank_lines_and_separators(tmp_path: Path) -> None:
    text = 'id;lon;lat\n"a\nb";121.5645;25.0339\n\n"c;""d";121.5645;25.0339\nx;;\n'
    run(tmp_path, text)
    added = f";{VILLAGE};{VILLAGE[:8]};{VILLAGE[:5]}"
    assert lines(tmp_path)[1:] == [
        '"a',
        f'b";121.5645;25.0339{added}',
        "",
        f'"c;""d";121.5645;25.0339{added}',
        "x;;;;;",
    ]
    assert rejects(tmp_path)["row"].tolist() == ["6"]  # as an editor counts


@pytest.mark.parametrize("encoding", ["cp950", "utf-16", "utf-8-sig", "big5hkscs"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "編號,經度,緯度\n許功蓋,121.5645,25.0339\n臺中,,\n"
    result = run(tmp_path, text.encode(encoding))
    kept = "utf-8-sig" if encoding == "utf-16" else encoding
    out = (tmp_path / "out.csv").read_bytes().decode(kept).splitlines()
    assert out[1] == f"許功蓋,{HERE},{VILLAGE},{VILLAGE[:8]},{VILLAGE[:5]}"
    assert out[2] == "臺中,,,,,"
    assert (encoding == "utf-16") == bool(result.notes)


def test_an_encoding_that_shows_only_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_parts, "HEAD_BYTES", 64)
    body = "".join(f"{i},{HERE},plain\n" for i in range(50)) + f"50,{HERE},許功蓋\n51,abc,許,許功蓋\n"
    run(tmp_path, ("id,lon,lat,note\n" + body).encode("cp950"))
    out = (tmp_path / "out.csv").read_bytes().decode("cp950")
    assert f"50,{HERE},許功蓋,{VILLAGE}" in out
    assert "'abc, 許'" in rejects(tmp_path)["reason"][0]


def test_no_end_of_line_and_no_rows(tmp_path: Path) -> None:
    assert run(tmp_path, f"lon,lat\n{HERE}").located == 1
    assert run(tmp_path, "lon,lat").rows == 0
    assert lines(tmp_path) == [f"lon,lat,{','.join(CODES)}"]


def test_a_quotation_mark_never_closed_is_said_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 3 .*never closed"):
        run(tmp_path, f'id,lon,lat\n1,{HERE}\n"2,{HERE}\n3,{HERE}\n')
    assert not list(tmp_path.glob("out*"))
    assert not list(tmp_path.glob(".out*"))


def test_columns_of_codes_that_are_there(tmp_path: Path) -> None:
    text = f'village_code,lon,lat,"a,b"\nold,{HERE},"c,d"\n'
    with pytest.raises(UsageError, match="has village_code already; pass --replace"):
        run(tmp_path, text)
    run(tmp_path, text, replace=True)
    assert lines(tmp_path) == [
        f'lon,lat,"a,b",{",".join(CODES)}', f'{HERE},"c,d",{VILLAGE},{VILLAGE[:8]},{VILLAGE[:5]}',
    ]  # fmt: skip
    run(tmp_path, "備註,county_code,lon,lat\n許功蓋,x,121.5645,25.0339\n".encode("cp950"), replace=True)
    assert "許功蓋,121.5645" in (tmp_path / "out.csv").read_bytes().decode("cp950")


def test_text_stays_text_in_parquet(tmp_path: Path) -> None:
    run(tmp_path, f"id,id,lon,lat\n007,1.50,{HERE}\n,,,\n", out="out.parquet")
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert frame.columns.tolist() == ["id", "id_2", "lon", "lat", *CODES]
    assert frame.iloc[0].tolist() == ["007", "1.50", *HERE.split(","), VILLAGE, VILLAGE[:8], VILLAGE[:5]]
    assert frame.iloc[1, :4].tolist() == [""] * 4
    assert frame.iloc[1, 4:].isna().all()


# ------------------------------------------------------------------ systems


def test_metres_need_a_system_that_is_certain(tmp_path: Path) -> None:
    x, y = systems.transformer("EPSG:3824", "EPSG:3826").transform(*TAIPEI_101)
    text = f"id,{{}},{{}}\n1,{x:.2f},{y:.2f}\n"
    with pytest.raises(InputError, match=r"not certain.*Pass --crs EPSG:3826, or --crs EPSG:3828"):
        run(tmp_path, text.format("x", "y"))
    assert run(tmp_path, text.format("x", "y"), crs="EPSG:3826").located == 1
    assert VILLAGE in lines(tmp_path)[1]
    assert run(tmp_path, text.format("TWD97X", "TWD97Y")).crs == "EPSG:3826"  # the heading says the datum
    old = systems.transformer("EPSG:3824", "EPSG:3828").transform(*TAIPEI_101)
    run(tmp_path, f"E,N\n{old[0]:.2f},{old[1]:.2f}\n", crs="EPSG:3828", x="E", y="N")
    assert VILLAGE in lines(tmp_path)[1]  # 850 m away if the datum were ignored
    with pytest.raises(InputError, match="minds the datum"):
        run(tmp_path, text.format("x", "y"), crs="EPSG:27700")
    with pytest.raises(UsageError, match="is not a coordinate system"):
        run(tmp_path, text.format("x", "y"), crs="EPSG:1")


def test_townships_that_rows_name_make_the_datum_certain(tmp_path: Path) -> None:
    towns = reference.townships().sample(300, random_state=1)
    towns = towns[towns["county_code"] > "10000"]  # Kinmen and Matsu lie in the other zone
    towns = towns[towns["county"] != "澎湖縣"]
    border = shapely.line_interpolate_point(shapely.boundary(towns.geometry.to_numpy()), 0.3, normalized=True)
    inside = shapely.get_coordinates(
        shapely.shortest_line(border, towns.geometry.representative_point().to_numpy())
    )
    near = inside[::2] + 0.02 * (inside[1::2] - inside[::2])
    for code in ("EPSG:3826", "EPSG:3828"):
        x, y = systems.transformer("EPSG:3824", code).transform(near[:, 0], near[:, 1])
        pd.DataFrame({"town_id": towns["town_code"], "x": x, "y": y}).to_csv(tmp_path / "t.csv", index=False)
        assert locate_file(tmp_path / "t.csv", tmp_path / "out.csv").crs == code


def test_nothing_usable_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("older")
    with pytest.raises(InputError, match="none of 2 rows has a usable position") as caught:
        run(tmp_path, "id,lon,lat\n1,a,b\n2,,\n")
    assert [p.row for p in caught.value.problems] == [2, 3]
    assert (tmp_path / "out.csv").read_text() == "older"
    assert not (tmp_path / "out.csv.rejects.csv").exists()
    with pytest.raises(InputError, match="none lies in Taiwan"):
        run(tmp_path, "id,lon,lat\n1,12,50\n")


# ------------------------------------------------------------------ Parquet


def test_every_form_of_points(tmp_path: Path, points: gpd.GeoDataFrame, expected: pd.Series) -> None:
    table = pd.DataFrame({"編號": points["編號"], "lon": points.geometry.x, "lat": points.geometry.y})
    table.to_parquet(tmp_path / "columns.parquet")
    points.to_parquet(tmp_path / "wkb.parquet")
    points.to_parquet(tmp_path / "arrow.parquet", geometry_encoding="geoarrow")
    mixed = points.copy()
    mixed.loc[::3, "geometry"] = shapely.force_3d(mixed.geometry.to_numpy()[::3], 5.0)  # other lengths of WKB
    mixed.to_parquet(tmp_path / "solid.parquet")
    systems.reproject(points, "EPSG:3826").to_parquet(tmp_path / "metres.parquet")
    pq.write_table(
        pa.table({"編號": points["編號"], "geometry": points.geometry.to_wkb()}), tmp_path / "bare.parquet"
    )
    table.to_csv(tmp_path / "text.csv", index=False)
    for name in (
        "columns.parquet",
        "wkb.parquet",
        "arrow.parquet",
        "solid.parquet",
        "metres.parquet",
        "bare.parquet",
        "text.csv",
    ):
        for out in ("out.parquet", "out.csv"):
            result = locate_file(tmp_path / name, tmp_path / out)
            whole = out.endswith(".parquet")
            read = pd.read_parquet(tmp_path / out) if whole else pd.read_csv(tmp_path / out, dtype=str)
            assert read["編號"].tolist() == points["編號"].tolist(), name
            assert same(read["village_code"], expected), (name, out)
            assert (read["town_code"].dropna() == read["village_code"].dropna().str[:8]).all()
            assert (read["county_code"].dropna() == read["village_code"].dropna().str[:5]).all()
            assert result.located == expected.notna().sum()


def test_geoparquet_stays_geoparquet(tmp_path: Path, points: gpd.GeoDataFrame) -> None:
    points.to_parquet(tmp_path / "in.parquet")
    locate_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    read = gpd.read_parquet(tmp_path / "out.parquet")
    assert read.crs == points.crs
    assert read.geometry.geom_equals(points.geometry).all()
    assert read.drop(columns=CODES).columns.tolist() == points.columns.tolist()


def test_geometry_alone(tmp_path: Path, points: gpd.GeoDataFrame, expected: pd.Series) -> None:
    bare = points[["geometry"]]
    assert same(notspot.locate(bare)["village_code"], expected)
    assert same(notspot.locate(bare.set_crs(None, allow_override=True))["village_code"], expected)
    bare.to_parquet(tmp_path / "in.parquet")
    assert locate_file(tmp_path / "in.parquet", tmp_path / "out.parquet").located == expected.notna().sum()


def test_types_metadata_and_broken_geometry(tmp_path: Path) -> None:
    shapes = [
        shapely.Point(TAIPEI_101),
        None,
        shapely.Point(),
        shapely.box(121, 24, 122, 25),
        shapely.Point(0, 0),
    ]
    wkb = [None if s is None else shapely.to_wkb(s) for s in shapes] + [b"\x01\x02"]
    when = pd.to_datetime(["2021-03-01"] * 6)
    table = pa.table(
        {
            "n": pa.array([1, 2, 3, None, 5, 6], pa.int16()),
            "when": when,
            "kind": pa.array(list("aabbcc")).dictionary_encode(),
            "geometry": pa.array(wkb, pa.binary()),
        }
    ).replace_schema_metadata({"source": "測試"})
    pq.write_table(table, tmp_path / "in.parquet")
    result = locate_file(tmp_path / "in.parquet", tmp_path / "out.parquet", crs="EPSG:3824")
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.select(table.column_names).equals(table)
    assert out.schema.metadata[b"source"].decode() == "測試"
    assert out.column("village_code").to_pylist() == [VILLAGE, *[None] * 5]
    assert (result.rows, result.without_position) == (6, 5)
    listed = rejects(tmp_path, "out.parquet")
    assert listed["row"].tolist() == ["2", "3", "4", "5", "6"]
    assert "is a Polygon, not a point" in listed["reason"][2]
    assert "is not WKB" in listed["reason"][4]
    locate_file(tmp_path / "in.parquet", tmp_path / "out.csv", crs="EPSG:3824")
    assert (
        lines(tmp_path)[1]
        == f"1,2021-03-01 00:00:00.000000,a,POINT (121.5645 25.0339),{VILLAGE},{VILLAGE[:8]},{VILLAGE[:5]}"
    )


def test_numbers_of_all_types_and_what_is_none(tmp_path: Path) -> None:
    lon, lat = [121.5645, np.nan, np.inf, None], [25.0339] * 4
    for kind in (pa.float64(), pa.float32(), pa.decimal128(12, 6), pa.string(), pa.large_string()):
        values = [None if v is None or (pa.types.is_decimal(kind) and not np.isfinite(v)) else v for v in lon]
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column = pa.array([None if v is None else str(v) for v in values], kind)
        else:
            column = pa.array(values, pa.float64()).cast(kind)
        pq.write_table(pa.table({"lon": column, "lat": lat}), tmp_path / "in.parquet")
        result = locate_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
        assert (result.rows, result.located, result.without_position) == (4, 1, 3), kind


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        run(tmp_path, "")
    with pytest.raises(InputError, match="points are read from CSV and Parquet"):
        run(tmp_path, "<html><body>login</body></html>")
    pq.write_table(
        pa.table({"lon": np.full(50_000, 121.5), "lat": 24 + np.random.default_rng(1).random(50_000)}),
        tmp_path / "in.parquet",
    )
    data = bytearray((tmp_path / "in.parquet").read_bytes())
    data[4:60] = b"\xff" * 56
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        run(tmp_path, bytes(data), name="damaged.parquet")
    pq.write_table(pa.table({"lon": [121.5], "lat": [25.0], "list": [[1]]}), tmp_path / "nested.parquet")
    with pytest.raises(UsageError, match="no form for the columns list"):
        locate_file(tmp_path / "nested.parquet", tmp_path / "out.csv")
    with pytest.raises(InputError, match="there are a, b"):
        run(tmp_path, "a,b\n1,2\n")
    with pytest.raises(UsageError, match="no column c; there are a, b"):
        run(tmp_path, "a,b\n1,2\n", x="a", y="c")
    with pytest.raises(UsageError, match="the input itself"):
        run(tmp_path, f"lon,lat\n{HERE}\n", out="points.csv")
    with pytest.raises(UsageError, match="'utf-16x' is no encoding"):
        run(tmp_path, f"lon,lat\n{HERE}\n", encoding="utf-16x")
    with pytest.raises(UsageError, match="must end in"):
        run(tmp_path, f"lon,lat\n{HERE}\n", out="out.xlsx")


# ------------------------------------------------------------------ laws

cells = st.text(st.sampled_from('ab,;"\n\r\t 臺0.'), max_size=5)
numbers = st.sampled_from([HERE, "120.0,23.0", ",", "abc,25", "25.0339,121.5645", '"121.5645 ",25.0339'])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(cells, numbers), max_size=12), st.sampled_from(["\n", "\r\n"]), st.integers(16, 200)
)
def test_rows_go_in_and_come_out(
    tmp_path: Path, rows: list[tuple[str, str]], newline: str, part_bytes: int
) -> None:
    """Whatever the cells hold and wherever the file is cut: as Python's reader has it, with codes added."""
    import csv
    import io

    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    text = newline.join(["note,lon,lat", *(f"{quoted(c)},{n}" for c, n in rows), ""])
    usable = any(n != "," and "abc" not in n for _, n in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_parts, "PART_BYTES", part_bytes)
        if rows and not usable:
            with pytest.raises(InputError, match=r"usable position|no coordinate"):
                run(tmp_path, text)
            return
        result = run(tmp_path, text)
    before = list(csv.reader(io.StringIO(text, newline="")))
    after = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline="")))
    assert [row[:3] for row in after] == before
    assert {len(row) for row in after} == {6}
    assert result.rows == len(rows) == result.located + result.outside + result.without_position
    assert [row[3] == VILLAGE for row in after[1:]] == ["121.5645" in n for _, n in rows]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, points: gpd.GeoDataFrame) -> Path:
    """The same odd rows as CSV and as Parquet of several row groups."""
    folder = tmp_path_factory.mktemp("large")
    table = pd.DataFrame(
        {"編號": points["編號"], "lon": points.geometry.x.round(7), "lat": points.geometry.y.round(7)}
    )
    table = pd.concat([table] * 3, ignore_index=True)
    table.loc[5::997, "lon"] = np.nan
    table.loc[7::1999, ["lon", "lat"]] = [139.0, 35.0]
    table["note"] = np.where(np.arange(len(table)) % 501 == 3, 'a\n"b"', "c")
    table.to_csv(folder / "in.csv", index=False)
    table.to_parquet(folder / "in.parquet", row_group_size=3000, index=False)
    return folder


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("out", ["csv", "parquet"])
def test_threads_change_no_byte(large: Path, monkeypatch: pytest.MonkeyPatch, kind: str, out: str) -> None:
    monkeypatch.setattr(csv_parts, "PART_BYTES", 50_000)
    monkeypatch.setattr(point_jobs, "PART_ROWS", 5_000)
    found = []
    for threads in (1, 3):
        target = large / f"{threads}.{out}"
        result = locate_file(large / f"in.{kind}", target, threads=threads)
        assert result.rejects is not None
        found.append(
            (target.read_bytes(), result.rejects.read_bytes(), result.as_dict() | {"file": "", "rejects": ""})
        )
    assert found[0] == found[1]


def test_parts_are_cut_between_rows(large: Path) -> None:
    file = csv_parts.open_csv(large / "in.csv")
    whole = (large / "in.csv").read_bytes()
    for size in (5_000, 33_333, 10**9):
        parts = list(csv_parts.parts_of(file, part_bytes=size))
        assert [p.start for p in parts[1:]] == [p.start + p.size for p in parts[:-1]]
        assert parts[0].start == file.start
        assert parts[-1].start + parts[-1].size == len(whole)
        assert all(p.line == 1 + whole.count(b"\n", 0, p.start) for p in parts)
        assert all(whole[p.start : p.start + p.size].count(b'"') % 2 == 0 for p in parts)


def test_workers_change_no_byte(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local cluster, and workers that are there already: the same file, the same rejects."""
    from distributed import LocalCluster

    monkeypatch.setattr(csv_parts, "PART_BYTES", 100_000)
    monkeypatch.setattr(point_jobs, "PART_ROWS", 5_000)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        for kind, out in (("csv", "csv"), ("parquet", "parquet")):
            one = locate_file(large / f"in.{kind}", large / f"one.{out}")
            many = locate_file(
                large / f"in.{kind}", large / f"many.{out}", scheduler=cluster.scheduler_address
            )
            assert many.file.read_bytes() == one.file.read_bytes()
            assert many.rejects is not None
            assert one.rejects is not None
            assert many.rejects.read_bytes() == one.rejects.read_bytes()
            assert not [p for p in large.iterdir() if p.name.startswith(".")]


# ------------------------------------------------------------------ frames and arrays


def test_arrays(points: gpd.GeoDataFrame, expected: pd.Series) -> None:
    lon, lat = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    found = notspot.locate(lon, lat)
    assert found.columns.tolist() == CODES
    assert same(found["village_code"], expected)
    assert (found["county_code"].dropna() == found["village_code"].dropna().str[:5]).all()
    x, y = systems.transformer("EPSG:3824", "EPSG:3826").transform(lon, lat)
    assert same(notspot.locate(x, y, crs="EPSG:3826")["village_code"], expected)
    for ledger in (None, Ledger()):  # turned round
        assert same(notspot.locate(list(lat), list(lon), ledger=ledger)["village_code"], expected)
    with pytest.raises(UsageError, match="two arrays of one length"):
        notspot.locate([1.0, 2.0], [1.0])
    with pytest.raises(UsageError, match="are no degrees; say their system"):
        notspot.locate(x, y)
    with pytest.raises(UsageError, match="must be numbers"):
        notspot.locate(["a"], [1.0])
    assert len(notspot.locate([], [])) == 0
    some = pd.Series([121.5645, None, pd.NA], dtype="Float64")
    assert notspot.locate(some, pd.Series([25.0339] * 3))["village_code"].isna().tolist() == [
        False,
        True,
        True,
    ]


def test_frames(points: gpd.GeoDataFrame, expected: pd.Series) -> None:
    frame = points.set_index(points["編號"].rename("key"))
    found = notspot.locate(frame)
    assert isinstance(found, gpd.GeoDataFrame)
    assert found.index.equals(frame.index)
    assert found.crs == frame.crs
    assert same(found["village_code"], expected)
    assert not set(CODES) & set(frame.columns)
    assert same(notspot.locate(systems.reproject(points, "EPSG:3826"))["village_code"], expected)
    table = pd.DataFrame({"經度": points.geometry.x.astype(str), "緯度": points.geometry.y, "n": 1})
    found = notspot.locate(table)
    assert same(found["village_code"], expected)
    assert found["經度"].equals(table["經度"])
    with pytest.raises(UsageError, match="has village_code"):
        notspot.locate(found)
    assert same(notspot.locate(found, replace=True)["village_code"], expected)


def test_frames_tell_what_they_cannot_place() -> None:
    frame = pd.DataFrame({"lon": [121.5645, None, "x", 139.0, 120.0], "lat": [25.0339, 25, 25, 35, 23]})
    ledger = Ledger()
    found = notspot.locate(frame, ledger=ledger)
    assert found["village_code"].tolist()[0] == VILLAGE
    assert found["village_code"].isna().tolist() == [False, True, True, True, True]
    assert ledger.to_frame()["row"].tolist() == [2, 3, 4]
    with pytest.raises(UsageError, match="1 geometries are no points but Polygon"):
        notspot.locate(gpd.GeoDataFrame(geometry=[shapely.box(121, 24, 122, 25)], crs="EPSG:3824"))
    with pytest.raises(UsageError, match="no coordinates found"):
        notspot.locate(pd.DataFrame({"a": [1]}))
    with pytest.raises(UsageError, match="takes a DataFrame"):
        notspot.locate([1, 2])


# ------------------------------------------------------------------ the command


def command(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["locate", *map(str, arguments)])


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"id,lon,lat\n1,{HERE}\n2,,\n")
    said = command(tmp_path / "in.csv", "--out", tmp_path / "new" / "out.csv")
    assert said.exit_code == 0, said.output
    assert "1 without a usable position" in said.output
    told = json.loads(command(tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--json").output)
    assert (told["rows"], told["located"], told["without_position"]) == (2, 1, 1)
    assert told["by_county"] == [{"county_code": "63000", "county": "臺北市", "rows": 1}]
    assert Path(told["rejects"]).name == "out.csv.rejects.csv"


def test_rejects_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    run(tmp_path, f"id,lon,lat\n1,{HERE}\n2,,\n")
    assert (tmp_path / "out.csv.rejects.csv").exists()
    run(tmp_path, f"id,lon,lat\n1,{HERE}\n")
    assert not (tmp_path / "out.csv.rejects.csv").exists()


def test_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,lon,lat\n1,a,b\n")
    failed = command(tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--json")
    assert failed.exit_code == 1
    assert json.loads(failed.output)["problems"][0]["row"] == 2
    assert command(tmp_path / "none.csv", "--out", tmp_path / "out.csv").exit_code == 2
    assert command(tmp_path / "in.csv", "--out", tmp_path / "out.xlsx").exit_code == 2
    assert (
        command(tmp_path / "in.csv", "--out", tmp_path / "out.csv", "--lon", "lon", "--y", "lat").exit_code
        == 2
    )
    assert command(tmp_path / "in.csv").exit_code == 2


def test_formulas_in_the_list_of_rejects_are_defused(tmp_path: Path) -> None:
    run(tmp_path, f"id,lon,lat\n1,=1+1,25\n2,{HERE}\n")
    assert rejects(tmp_path)["value"][0] == "'=1+1, 25"
    assert lines(tmp_path)[1] == "1,=1+1,25,,,"  # the file's own cells are as they were


# ------------------------------------------------------------------ real data


@pytest.mark.shared
def test_real_communities_and_shelters(tmp_path: Path) -> None:
    source = shared("data/indigenous/cip_tribes_20220725.csv")
    result = locate_file(source, tmp_path / "out.csv")
    assert result.rows == 739
    assert result.located > 700
    assert len(pacsv.read_csv(tmp_path / "out.csv")) == 739
    shelters = shared("data/anchors/evacuation_shelters.csv")
    result = locate_file(shelters, tmp_path / "shelters.csv")
    assert result.rows == 5878
    assert result.located + result.outside + result.without_position == 5878
    assert result.located > 5700
