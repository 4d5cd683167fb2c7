"""The land cut into cells: six villages by hand, laws of masks and areas, all of Taiwan."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from counting_fixture import (
    NORTH,
    SHAPES,
    WEST,
    A,
    B,
    C,
    F,
    at,
    bits,
    country,
    frame_of,
    middles,
    picture,
    square,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Polygon

from notspot_coverage.counting.bits import FULL, NONE, ones, span
from notspot_coverage.counting.lattice import lattice_of, rings_of
from notspot_geodata.errors import UsageError
from notspot_geodata.reference import villages

COUNTRY = country()
LATTICE = COUNTRY.lattice


def village_picture(lattice, index):
    """Sub-cells of the masks of one village."""
    words = lattice.words()
    mine = lattice.pieces.village == index
    words[lattice.pieces.cell[mine]] = lattice.pieces.mask[mine]
    return picture(lattice, words)


# ------------------------------------------------------------------ words


@given(st.integers(0, 2**64 - 1))
def test_ones_are_counted(word):
    assert ones(np.uint64(word)) == word.bit_count()


@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 7))
def test_a_span_is_a_run_on_a_line(first, last, line):
    expected = np.zeros((8, 8), bool)
    expected[line, min(first, last) : max(first, last) + 1] = True
    assert (bits(span(min(first, last), max(first, last), line)) == expected).all()


# ------------------------------------------------------------------ six villages


def test_cells_are_aligned_to_whole_multiples_with_sea_around():
    grid = LATTICE.grid
    assert (grid.west, grid.north, grid.dx, grid.dy) == (WEST - 100, NORTH + 100, 100, 100)
    assert (grid.rows, grid.columns) == (10, 20)
    assert (LATTICE.slot[[0, -1]] == -1).all()
    assert (LATTICE.slot[:, [0, -1]] == -1).all()
    # the block without the two cells that the hole takes whole, the islet, the rock
    assert len(LATTICE) == (12 * 8 - 2) + 4 + 1
    assert (LATTICE.slot[LATTICE.row, LATTICE.column] == np.arange(len(LATTICE))).all()


def test_pieces_have_the_masks_and_areas_of_their_villages():
    x, y = middles(LATTICE)
    for index, code in enumerate(LATTICE.codes):
        inside = shapely.contains_xy(SHAPES[code], x, y)
        assert (village_picture(LATTICE, index) == inside).all(), code
        assert inside.sum() * 12.5**2 == pytest.approx(SHAPES[code].area)
        mine = LATTICE.pieces.village == index
        assert LATTICE.pieces.area_m2[mine].sum() == pytest.approx(LATTICE.area_km2[index] * 1e6, rel=1e-12)


def test_a_cell_on_a_border_is_cut_in_two():
    b, d = (COUNTRY.index(code) for code in (B, "10013010001"))
    cell = LATTICE.slot[1, 8]  # 700 to 800 m east, the border is at 750
    here = LATTICE.pieces.cell == cell
    assert LATTICE.pieces.village[here].tolist() == [b, d]
    assert LATTICE.pieces.area_m2[here] == pytest.approx([5_000, 5_000], rel=3e-4)
    left, right = (bits(mask) for mask in LATTICE.pieces.mask[here])
    assert left[:, :4].all()
    assert not left[:, 4:].any()
    assert (right == ~left).all()


def test_a_hole_is_no_land():
    c = COUNTRY.index(C)
    assert not village_picture(LATTICE, c)[8 + 40 : 8 + 56, 8 + 28 : 8 + 40].any()
    assert LATTICE.slot[6, 4] >= 0  # half of the cell at 300 to 400 m east is C
    half = (LATTICE.pieces.cell == LATTICE.slot[6, 4]) & (LATTICE.pieces.village == c)
    assert LATTICE.pieces.area_m2[half] == pytest.approx(5_000, rel=3e-4)


def test_a_village_of_two_parts_has_the_masks_of_both():
    f = COUNTRY.index(F)
    rock = (LATTICE.pieces.village == f) & (LATTICE.pieces.cell == LATTICE.slot[4, 18])
    assert bits(LATTICE.pieces.mask[rock][0]).sum() == 32


def test_rings_of_parts_and_collections():
    shapes = np.array(
        [
            SHAPES[C],
            MultiPolygon([square(0, 0, 10), square(20, 0, 10)]),
            GeometryCollection([LineString([(0, 0), (1, 1)]), MultiPolygon([SHAPES[C]])]),
            None,
            Polygon(),
            SHAPES[A],
        ],
        object,
    )
    xy, starts, first = rings_of(shapes)
    assert first.tolist() == [0, 2, 4, 6, 6, 6, 7]
    assert starts[-1] == len(xy)
    assert (xy[starts[:-1]] == xy[starts[1:] - 1]).all()  # closed


def test_points_find_their_cell_and_bit():
    points = [
        at(1, 1),
        at(99, 99),
        at(100, 0),
        at(-99, 0),
        at(-101, 0),
        at(1550, 450),
        at(5_000, 0),
        at(0, -150),
    ]
    x, y = shapely.get_coordinates(points).T
    cell, bit = LATTICE.cells_at(x, y)
    expected = [
        LATTICE.slot[1, 1],
        LATTICE.slot[1, 1],
        LATTICE.slot[1, 2],
        -1,
        -1,
        LATTICE.slot[5, 16],
        -1,
        -1,
    ]
    assert cell.tolist() == expected
    assert bit[:2].tolist() == [1, 1 << 63]
    cell, _ = LATTICE.cells_at(np.array([np.nan, np.inf, -1e300]), np.array([NORTH, NORTH, NORTH]))
    assert cell.tolist() == [-1, -1, -1]


def test_every_bit_is_that_of_its_middle():
    x, y = middles(LATTICE)
    cell, bit = LATTICE.cells_at(x.ravel(), y.ravel())
    words = LATTICE.words()
    np.bitwise_or.at(words, cell[cell >= 0], bit[cell >= 0])
    assert (words == FULL).all()


def test_sides_out_of_range_are_refused():
    for side in (9.9, 1001, np.nan):
        with pytest.raises(UsageError, match="10 to 1,000 m are possible"):
            lattice_of(COUNTRY.villages, side)


def test_a_lattice_that_no_memory_holds_is_refused():
    far = frame_of({A: SHAPES[A], B: shapely.affinity.translate(SHAPES[B], 900_000, 900_000)})
    with pytest.raises(UsageError, match=r"90,0\d\d by 90,0\d\d cells of 10 m .* of 41 m or more"):
        lattice_of(far, 10)


def test_villages_in_degrees_or_in_another_zone_or_order_give_the_same_lattice():
    wanted = LATTICE.pieces
    for crs in ("EPSG:3824", "EPSG:4326", "EPSG:3825", "EPSG:3826"):
        moved = COUNTRY.villages.to_crs(crs).sample(frac=1, random_state=1)
        found = lattice_of(moved)
        # corners come back to a nanometre: a sliver of that size may open or close
        big = found.pieces.area_m2 > 1e-3
        assert found.codes == LATTICE.codes
        assert found.grid == LATTICE.grid or crs != "EPSG:3826"
        keys = [(found.row[c] * found.grid.dy - found.grid.north, found.column[c] * found.grid.dx + found.grid.west, v)
                for c, v in zip(found.pieces.cell[big], found.pieces.village[big], strict=True)]  # fmt: skip
        own = [(LATTICE.row[c] * 100 - LATTICE.grid.north, LATTICE.column[c] * 100 + LATTICE.grid.west, v)
               for c, v in zip(wanted.cell, wanted.village, strict=True)]  # fmt: skip
        assert keys == own
        assert found.pieces.area_m2[big] == pytest.approx(wanted.area_m2, abs=1e-2)
        assert (found.pieces.mask[big] == wanted.mask).all()


def test_a_digest_knows_the_land():
    assert lattice_of(COUNTRY.villages).digest() == LATTICE.digest()
    other = frame_of({**SHAPES, A: square(0, 0, 399, 400)})
    assert lattice_of(other).digest() != LATTICE.digest()
    assert country(50).lattice.digest() != LATTICE.digest()


# ------------------------------------------------------------------ laws


corners = st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), min_size=3, max_size=7)


@given(corners, st.sampled_from([20.0, 50.0, 100.0, 250.0]))
@settings(max_examples=40)
def test_masks_are_the_middles_and_areas_add_up(points, cell_m):
    shape = shapely.affinity.translate(MultiPolygon([*_parts(points)]), WEST, NORTH - 900)
    if shape.area < 1:
        return
    rest = square(-50, -50, 1000).difference(shape)
    made = frame_of({A: shape, B: rest})
    lattice = lattice_of(made, cell_m)
    x, y = middles(lattice)
    pieces = lattice.pieces
    for index, village in enumerate((shape, rest)):
        flags = village_picture(lattice, index)
        inside = shapely.contains_xy(village, x, y)
        edge = shapely.dwithin(shapely.points(x, y), village.boundary, 1e-6)
        assert (flags == inside)[~edge].all()
        mine = pieces.village == index
        assert pieces.area_m2[mine].sum() == pytest.approx(lattice.area_km2[index] * 1e6, rel=1e-9)
        # the share of every cell is that of shapely
        cell = pieces.cell[mine]
        left = lattice.grid.west + lattice.column[cell] * cell_m
        top = lattice.grid.north - lattice.row[cell] * cell_m
        exact = shapely.area(
            shapely.intersection(village, shapely.box(left, top - cell_m, left + cell_m, top))
        )
        scale = lattice.area_km2[index] * 1e6 / village.area
        assert pieces.area_m2[mine] == pytest.approx(exact * scale, abs=1e-4)
    both = village_picture(lattice, 0) & village_picture(lattice, 1)
    assert not both.any()  # a sub-cell has one village
    order = np.lexsort((lattice.column[pieces.cell], lattice.row[pieces.cell], pieces.village))
    assert (order == np.arange(len(order))).all()


def _parts(points):
    mended = shapely.make_valid(Polygon(points))
    return [part for part in shapely.get_parts(shapely.get_parts(mended)) if part.geom_type == "Polygon"]


@pytest.fixture(scope="module")
def taiwan_lattice():
    return lattice_of(villages())


def test_all_of_taiwan(taiwan_lattice):
    frame = villages().sort_values("village_code")
    pieces = taiwan_lattice.pieces
    assert taiwan_lattice.codes == tuple(frame["village_code"])
    assert np.bincount(pieces.village, pieces.area_m2) / 1e6 == pytest.approx(
        taiwan_lattice.area_km2, rel=1e-12
    )
    assert taiwan_lattice.area_km2.sum() == pytest.approx(36_757, abs=1)  # README of the data
    # every piece of a village with parts has its own mask too: what has none is a sliver
    empty = pieces.mask == NONE
    assert pieces.area_m2[empty].sum() / 1e6 < 1e-4 * taiwan_lattice.area_km2.sum()
    assert pieces.area_m2[empty].max() < 10 * 12.5**2
    held = np.bincount(pieces.village, np.bitwise_count(pieces.mask)) * 12.5**2 / 1e6
    # 64 sub-cells a cell hold the area of a village to what its outline may hold of half sub-cells
    outline = frame.geometry.to_crs("EPSG:3826").length.to_numpy()
    scale = 1.002
    assert (
        np.abs(held - taiwan_lattice.area_km2) * 1e6
        < 0.5 * 12.5 * outline * scale + 0.002 * taiwan_lattice.area_km2 * 1e6
    ).all()
    # no sub-cell belongs to two villages
    order = np.argsort(pieces.cell, kind="stable")
    starts = np.flatnonzero(np.diff(pieces.cell[order], prepend=-1))
    added = np.add.reduceat(np.bitwise_count(pieces.mask[order]).astype(int), starts)
    united = np.bitwise_count(np.bitwise_or.reduceat(pieces.mask[order], starts))
    assert (added == united).all()


def test_the_far_islands_are_there(taiwan_lattice):
    codes = taiwan_lattice.codes
    kinmen = [
        i for i, code in enumerate(codes) if code.startswith("09020") and code[:8] != "09020060"
    ]  # 烏坵
    cells = taiwan_lattice.pieces.cell[np.isin(taiwan_lattice.pieces.village, kinmen)]
    x, y = taiwan_lattice.centres()
    assert x[cells].max() < 0  # negative eastings in zone 121, and that is right
    frame = gpd.GeoSeries(gpd.points_from_xy(x[cells], y[cells]), crs="EPSG:3826").to_crs("EPSG:3824")
    assert frame.x.between(118.1, 118.6).all()
    geod = Geod(ellps="GRS80")
    shapes = villages().set_index("village_code").loc[[codes[i] for i in kinmen]]
    measured = sum(abs(geod.geometry_area_perimeter(shape)[0]) for shape in shapes.geometry) / 1e6
    assert taiwan_lattice.area_km2[kinmen].sum() == pytest.approx(measured, rel=1e-6)
