"""H3 cells in tiles: each counted in one tile, whole wherever it is seen, as polygons that other readers accept."""

import gzip
import mmap
from unittest.mock import patch

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.reader import all_tiles

from notspot_geodata import hexagons
from notspot_geodata.errors import UsageError
from notspot_maps.tiles import rings
from notspot_maps.tiles.points import tile_hexagons
from notspot_maps.tiles.writing import points_zoom, write_tiles

STATUSES = ["not_covered", "covered", "unknown"]
TAIPEI = 25.0330, 121.5654


def corner(zoom, column, row):
    """Latitude and longitude of the north-western corner of a tile."""
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / 2**zoom))))
    return float(lat), column / 2**zoom * 360 - 180


CORNER = corner(9, 429, 219)  # near Taipei


def disk(resolution, radius, at=TAIPEI):
    return np.sort(h3.grid_disk(h3.latlng_to_cell(*at, resolution), radius)).astype(np.uint64)


def layers(archive):
    """Features by zoom and layer, each with the column and row of its tile."""
    out = {}
    with archive.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        for (z, x, y), packed in all_tiles(lambda start, size: held[start : start + size]):
            data = gzip.decompress(packed)
            for layer in pyogrio.list_layers(data)[:, 0]:
                read = pyogrio.read_dataframe(data, layer=layer, CLIP="NO")
                out.setdefault((z, layer), []).append(read.assign(column=x, row=y))
    return {key: pd.concat(parts, ignore_index=True) for key, parts in out.items()}


def on_map(cells):
    """Outlines with the side of the world 1 and y to the south, by the formula of Web Mercator."""

    def project(lonlat):
        return np.column_stack(
            [lonlat[:, 0] / 360 + 0.5, 0.5 - np.arctanh(np.sin(np.radians(lonlat[:, 1]))) / (2 * np.pi)]
        )

    return shapely.transform(hexagons.outlines(np.asarray(cells, np.uint64)), project)


# ------------------------------------------------------------------ conservation


@given(
    st.lists(
        st.tuples(
            st.floats(121.4, 121.8),
            st.floats(24.9, 25.3),
            st.integers(3, 10),
            st.integers(0, 2),
            st.integers(0, 50),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=6)
def test_every_zoom_holds_every_hexagon_once_in_whatever_order(tmp_path_factory, rows, random):
    folder = tmp_path_factory.mktemp("tiles")
    written = []
    with patch.object(rings, "MOST_BESIDE", 120):
        for name in ("a", "b"):
            lon, lat, resolution, status, weight = map(np.array, zip(*rows, strict=True))
            cells = [h3.latlng_to_cell(*each) for each in zip(lat, lon, resolution.tolist(), strict=True)]
            written.append(write_tiles(tile_hexagons(cells, status, weight=weight), folder / name, threads=1))
            random.shuffle(rows)
    assert written[0].archive.read_bytes() == written[1].archive.read_bytes()
    counts = np.bincount(status, minlength=3).tolist()
    found = layers(written[0].archive)
    last = written[0].points_zoom
    assert sorted(z for z, layer in found if layer != "hexagons_beside") == list(range(last + 1))
    for zoom in range(last):
        cells_there = found[zoom, "cells"]
        assert cells_there[STATUSES].sum().tolist() == counts
        assert cells_there[[f"weight_{s}" for s in STATUSES]].to_numpy().sum() == weight.sum()
    single = found[last, "hexagons"]
    assert [(single["status"] == s).sum() for s in STATUSES] == counts
    assert single["weight"].sum() == weight.sum()
    assert sorted(single["h3"]) == sorted(hexagons.names(np.array(cells, np.uint64)))


@pytest.mark.parametrize(
    "cells",
    [disk(8, 4, CORNER), np.concatenate([disk(6, 1), disk(9, 2)]), disk(7, 2, corner(7, 39, 86))],
    ids=["one resolution", "large and small", "elsewhere"],
)
def test_each_tile_holds_whole_what_touches_it_and_owns_the_middles_in_it(tmp_path, cells):
    written = write_tiles(tile_hexagons(cells, np.arange(len(cells)) % 3), tmp_path)
    zoom = written.points_zoom
    found = layers(written.archive)
    own, beside = found[zoom, "hexagons"], found[zoom, "hexagons_beside"]
    both = pd.concat([own, beside])
    names = hexagons.names(cells)
    side = 2.0**-zoom
    for name, shape, (lon, lat) in zip(names, on_map(cells), hexagons.middles(cells), strict=True):
        west, north, east, south = shapely.bounds(shape) / side
        tiles = {
            (x, y): shapely.box(x, y, x + 1, y + 1)
            for x in range(int(west), int(east) + 1)
            for y in range(int(north), int(south) + 1)
        }
        scaled = shapely.transform(shape, lambda xy: xy / side)
        touched = {tile for tile, box in tiles.items() if scaled.intersection(box).area > 1e-7}
        near = {tile for tile, box in tiles.items() if scaled.distance(box) < 2**-20}
        held = both[both["h3"] == name]
        assert touched <= set(zip(held["column"], held["row"], strict=True)) <= near
        assert not held.duplicated(["column", "row"]).any()
        (owner,) = own[own["h3"] == name][["column", "row"]].to_numpy().tolist()
        assert owner == [
            int((lon / 360 + 0.5) / side),
            int((0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * np.pi)) / side),
        ]
        for one in held.itertuples():  # GDAL counts the y of a lone tile from its south
            unit = 2 ** (27 - zoom)
            place = shapely.transform(
                one.geometry,
                lambda xy, one=one, unit=unit: np.column_stack(
                    [xy[:, 0] / unit + one.column, 1 - xy[:, 1] / unit + one.row]
                ),
            )
            assert place.is_valid
            assert place.hausdorff_distance(scaled) < 0.8 / unit  # half a step both ways


@pytest.mark.parametrize(("resolution", "corners"), [(4, 5), (5, 10)])
def test_pentagons_are_what_they_are(tmp_path, resolution, corners):
    cells = [cell for cell in h3.get_pentagons(resolution) if abs(h3.cell_to_latlng(cell)[0]) < 60]
    written = write_tiles(tile_hexagons(cells, np.ones(len(cells))), tmp_path)
    read = pyogrio.read_dataframe(written.archive, layer="hexagons", CLIP="NO").to_crs(4326)
    assert sorted(read["h3"]) == sorted(hexagons.names(np.array(cells, np.uint64)))
    for name, shape in zip(read["h3"], read.geometry, strict=True):
        assert shape.is_valid
        assert len(shapely.get_coordinates(shape)) == corners + 1
        assert hexagons.outlines(np.array([int(name, 16)], np.uint64))[0].hausdorff_distance(shape) < 4e-6


# ------------------------------------------------------------------ as the specification wants them


def test_rings_are_as_the_specification_wants_them(tmp_path):
    """Commands of each geometry by hand: one MoveTo, LineTo without empty steps, ClosePath; clockwise as seen."""
    cells = np.concatenate([disk(15, 3), disk(9, 3)])
    written = write_tiles(tile_hexagons(cells, np.zeros(len(cells))), tmp_path)
    seen = 0
    with written.archive.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        for (z, _, _), packed in all_tiles(lambda start, size: held[start : start + size]):
            if z < written.points_zoom:
                continue
            for tag, layer in fields(gzip.decompress(packed)):
                assert tag == 3
                for key, feature in fields(layer):
                    if key != 2:
                        continue
                    parts = dict(fields(feature))
                    assert parts[3] == 3  # a polygon
                    ring = corners_of(list(varints(parts[4])))
                    x, y = ring.T
                    assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0
                    seen += 1
    assert seen >= len(cells)


def varints(data):
    value = place = 0
    for byte in data:
        value |= (byte & 127) << place
        place += 7
        if byte < 128:
            yield value
            value = place = 0


def fields(data):
    """Numbers and contents of the fields of a message."""

    def number():
        nonlocal at
        value = place = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << place
            place += 7
            if byte < 128:
                return value

    at = 0
    while at < len(data):
        tag = number()
        size = number()
        if tag & 7 == 0:
            yield tag >> 3, size
            continue
        yield tag >> 3, data[at : at + size]
        at += size


def corners_of(commands):
    def signed(value):
        return (value >> 1) ^ -(value & 1)

    assert commands[0] == 1 << 3 | 1
    more = commands[3] >> 3
    assert commands[3] & 7 == 2
    assert more >= 2
    steps = np.array([signed(value) for value in commands[4 : 4 + 2 * more]]).reshape(-1, 2)
    assert (steps != 0).any(axis=1).all()
    assert commands[4 + 2 * more :] == [1 << 3 | 7]
    ring = np.concatenate([[[signed(value) for value in commands[1:3]]], steps]).cumsum(axis=0)
    assert (ring[0] != ring[-1]).any()
    return ring


def test_gdal_finds_every_hexagon_once_and_whole(tmp_path):
    cells = disk(9, 6, CORNER)
    written = write_tiles(tile_hexagons(cells, np.ones(len(cells)), weight=np.arange(len(cells))), tmp_path)
    assert pyogrio.list_layers(written.archive)[:, 0].tolist() == ["cells", "hexagons", "hexagons_beside"]
    read = pyogrio.read_dataframe(written.archive, layer="hexagons", CLIP="NO").to_crs(4326)
    assert read["weight"].sum() == np.arange(len(cells)).sum()
    assert sorted(read["h3"]) == hexagons.names(cells)
    union = shapely.union_all(hexagons.outlines(cells))
    assert read.union_all().symmetric_difference(union).area < 1e-4 * union.area  # no gaps between them
    said = written.metadata["notspot"]["hexagons"]
    assert said["resolutions"] == {"9": len(cells)}
    assert "middle" in said["owner"]
    clipped = [
        pyogrio.read_dataframe(written.archive, layer=name).to_crs(4326)
        for name in ("hexagons", "hexagons_beside")
    ]
    pieces = shapely.union_all(np.concatenate([each.geometry.to_numpy() for each in clipped]))
    assert pieces.symmetric_difference(union).area < 1e-4 * union.area  # nor at the edges of tiles


# ------------------------------------------------------------------ where they begin


@pytest.mark.parametrize(("resolution", "zoom"), [(0, 0), (5, 5), (8, 9), (9, 11), (10, 12), (15, 16)])
def test_hexagons_begin_where_they_can_be_seen(resolution, zoom):
    points = tile_hexagons(disk(resolution, 1), np.ones(len(disk(resolution, 1))))
    assert points_zoom(points) == zoom
    # from side to side, by hand: 6 pixels of the 512 of a tile, or the last zoom
    width = np.sqrt(3) * hexagons.edge_km(resolution) / (40_075 * np.cos(np.radians(25)))
    assert width * 2**zoom * 512 >= 6 or zoom == 16


def test_a_large_hexagon_among_small_ones_does_not_fill_the_file(tmp_path):
    small = disk(12, 8)
    cells = np.concatenate([disk(2, 0), small])
    points = tile_hexagons(cells, np.ones(len(cells)))
    assert points_zoom(tile_hexagons(small, np.ones(len(small)))) == 15
    with patch.object(rings, "MOST_BESIDE", 100):
        written = write_tiles(points, tmp_path)
    found = layers(written.archive)
    assert written.points_zoom < 15
    assert 0 < len(found[written.points_zoom, "hexagons_beside"]) < 300
    assert len(found[written.points_zoom, "hexagons"]) == len(cells)


def test_a_number_that_is_no_cell_is_refused():
    with pytest.raises(UsageError, match="no H3 cell"):
        tile_hexagons([17], [1])
