"""The pieces of a network's prediction: tallies that add up in any order, parts, plans, sight."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notspot_coverage.network.batch import Sectors, Settings, box_of
from notspot_coverage.network.mosaic import slug
from notspot_coverage.network.part import NOBODY, Part, Tally, open_part, read_rows
from notspot_coverage.network.plan import plan_batches
from notspot_coverage.propagation import radials, sightline, sweep, terms
from notspot_geodata.errors import UsageError

NAMES = ("best", "server", "servers", "probability")


def tally(seed: int, rows: int = 7, columns: int = 5) -> Tally:
    """Random, with ties, and cells where nothing was predicted."""
    rng = np.random.default_rng(seed)
    out = Tally.empty(rows, columns)
    known = rng.random((rows, columns)) < 0.7
    out.best[known] = rng.choice(np.float32([-120, -100, -80]), known.sum())
    out.server[known] = rng.integers(0, 50, known.sum())
    out.servers[known] = rng.integers(0, 4, known.sum())
    out.probability[known] = rng.random(known.sum())
    return out


def copied(one: Tally) -> Tally:
    return Tally(*(getattr(one, name).copy() for name in NAMES))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6, unique=True), st.randoms())
def test_tallies_add_up_to_the_same_in_any_order(seeds: list[int], chance: object) -> None:
    one, other = Tally.empty(7, 5), Tally.empty(7, 5)
    for seed in seeds:
        one.add(tally(seed))
    shuffled = list(seeds)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    for seed in shuffled:
        other.add(tally(seed))
    for name in NAMES:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for seed in seeds:
        assert (one.best >= tally(seed).best).all()
        assert (one.servers >= tally(seed).servers).all()
    assert ((one.server == NOBODY) == np.isneginf(one.best)).all()


@pytest.mark.parametrize("top", [-200, -64, 0, 17, 63])
def test_a_part_is_read_back_row_by_row(tmp_path: Path, top: int) -> None:
    whole = {0: tally(1, 150, 9), 4: tally(2, 150, 9)}
    data = Part((top, 30, 150, 9), whole).to_bytes()
    assert data == Part((top, 30, 150, 9), {g: copied(t) for g, t in whole.items()}).to_bytes()
    file = tmp_path / "part.arrow"
    file.write_bytes(data)
    assert open_part(file)[0] == (top, 30, 150, 9)
    for first, last in ((top, top + 150), (top + 10, top + 100), (top - 50, top + 1), (top + 149, top + 300)):
        seen = {g: np.zeros(150, bool) for g in whole}
        for group, a, b, column, found in read_rows(file, first, last):
            assert column == 30
            seen[group][a - top : b - top] = True
            for name in NAMES:
                assert np.array_equal(getattr(found, name), getattr(whole[group], name)[a - top : b - top])
        inside = np.arange(top, top + 150)
        for rows in seen.values():
            assert np.array_equal(rows, (inside >= first) & (inside < last))


def sectors(count: int, seed: int = 1) -> Sectors:
    """Some masts with three sectors each, on and around the origin of the grid."""
    rng = np.random.default_rng(seed)
    x, y = np.repeat(rng.uniform(-40_000, 40_000, (2, count)), 3, axis=1)
    n = 3 * count
    ones = np.ones(n)
    return Sectors(
        np.arange(n, dtype=np.int32), rng.integers(0, 4, n).astype(np.int32), x, y, 24 * ones, 30 * ones,
        rng.choice([700.0, 3500.0], n), ones > 0, 30 * ones, -105 * ones, np.zeros(n, np.int32), 0 * ones, 0 * ones,
    )  # fmt: skip


@given(st.integers(1, 120), st.integers(0, 99), st.sampled_from([0.8e9, 2e9, 20e9]))
def test_a_plan_holds_every_sector_once_and_keeps_masts_whole(count: int, seed: int, memory: float) -> None:
    network = sectors(count, seed)
    batches = plan_batches(
        network, Settings(radius_m=5000.0), dem_m=100.0, memory_bytes=int(memory), at_once=2
    )
    assert sorted(np.concatenate(batches).tolist()) == list(range(3 * count))
    for rows in batches:
        mine = network.take(rows)
        for place in set(zip(mine.x_m, mine.y_m, strict=True)):
            assert ((network.x_m == place[0]) & (network.y_m == place[1])).sum() == sum(
                (x, y) == place for x, y in zip(mine.x_m, mine.y_m, strict=True)
            )


def test_less_memory_makes_smaller_batches_and_too_little_is_said() -> None:
    network, wanted = sectors(300), Settings(radius_m=10_000.0, cell_m=30.0)

    def largest(memory: float) -> int:
        batches = plan_batches(network, wanted, dem_m=30.0, memory_bytes=int(memory), at_once=2)
        return max(box_of(network.take(rows), wanted)[2] for rows in batches)

    assert largest(0.7e9) < largest(8e9)
    with pytest.raises(UsageError, match="--memory-gb"):
        largest(0.5e9)


@given(
    st.floats(-1e6, 1e6), st.floats(-1e6, 3e6), st.floats(500, 30_000), st.sampled_from([10.0, 100.0, 250.0])
)
def test_a_box_holds_every_cell_that_a_station_reaches(
    x: float, y: float, radius: float, cell: float
) -> None:
    one = sectors(1)
    at = Sectors(*(np.full(3, v) if n in ("x_m", "y_m") else getattr(one, n) for n, v in zip(
        Sectors.__slots__, [None, None, x, y] + [None] * 9, strict=True)))  # fmt: skip
    top, left, rows, columns = box_of(at, Settings(radius_m=radius, cell_m=cell))
    assert left * cell <= x - radius
    assert (left + columns) * cell >= x + radius
    assert -top * cell >= y + radius
    assert -(top + rows) * cell <= y - radius


# ------------------------------------------------------------------ line of sight


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.03, 0.1]), st.sampled_from([2.0, 30.0, 200.0]))
def test_sight_is_what_a_look_at_every_sample_gives(seed: int, step: float, height: float) -> None:
    rng = np.random.default_rng(seed)
    ground = np.abs(np.cumsum(rng.normal(0, rng.choice([0, 1, 20]), 120)))
    x = np.arange(120) * step
    sight, up = np.empty((2, 119)), np.empty(119)
    waves = np.array([terms.wavelength_m(f) for f in (28.0, 0.7)])
    top, curve = ground[0] + height, 500 / terms.effective_radius_km(45.0)
    sightline.sight_radial(
        step, ground, top, x[1:], ground[1:], 1.5, 45.0, waves, *sweep.scratch_for(120), sight, up
    )
    for r in range(2, 120):
        inside = x[1:r]
        line = (top * (x[r] - inside) + (ground[r] + 1.5) * inside) / x[r]
        clear = line - ground[1:r] - curve * inside * (x[r] - inside)
        if abs(clear.min()) < 1e-6:
            continue  # on the edge, where rounding decides
        assert (sight[0, r - 1] > 0) == (clear.min() > 0)
        for band, wave in enumerate(waves):
            nu = (
                -clear.min()
                if clear.min() <= 0
                else (-clear * np.sqrt(0.002 * x[r] / (wave * inside * (x[r] - inside)))).max()
            )
            if abs(nu + 0.78) > 1e-6:
                assert (sight[band, r - 1] == sightline.CLEAR) == (nu < -0.78)


@given(st.floats(300, 50_000), st.floats(10, 500))
def test_radials_lie_close_and_hold_the_cardinal_points(radius: float, rim: float) -> None:
    count = radials.radials_for(radius, rim)
    assert count % 4 == 0
    assert 2 * math.pi * radius / count <= rim or count == 8


@pytest.mark.parametrize(
    ("name", "said"), [("中華電信", "中華電信"), ("a/b: c", "a-b-c"), ("../..", "unnamed"), ("", "unnamed")]
)
def test_names_of_files_hold_nothing_odd(name: str, said: str) -> None:
    assert slug(name) == said
