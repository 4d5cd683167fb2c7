"""Work on a cluster is the same work: results in order, rasters with the same words."""

from pathlib import Path

import numpy as np
import pytest
from counting_fixture import country, raster, service, write_raster

from notspot_coverage.counting.painting import paint
from notspot_coverage.counting.services import Bounds

pytest.importorskip("distributed")


def slow_square(number: int) -> int:
    """The first items take longest, so that results come back in another order."""
    import time

    time.sleep(0.2 if number < 2 else 0.0)
    return number * number


def test_a_cluster_keeps_the_order_and_paints_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    from notspot.workers import cluster_map
    from notspot_coverage.counting import rasters

    monkeypatch.setattr(rasters, "STRIP_ROWS", (2, 2))
    land = country()
    values = np.random.default_rng(3).normal(-100, 8, (30, 40))
    values[::7] = np.nan
    path = write_raster(tmp_path / "rsrp.tif", values, cell_m=50.0)
    asked = service(raster(path, -100.0, location_sigma_db=5.0))
    bounds = Bounds(location_percent=(50.0, 90.0))
    here = paint(land.lattice, asked, bounds)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        cluster_map(scheduler=cluster.scheduler_address) as mapped,
    ):
        assert list(mapped(slow_square, range(12))) == [number * number for number in range(12)]
        there = paint(land.lattice, asked, bounds, mapped)
    assert here.covers[50.0].yes.any()
    for percent, cover in here.covers.items():
        for name in ("yes", "unknown", "outer", "inner"):
            assert np.array_equal(getattr(cover, name), getattr(there.covers[percent], name)), (percent, name)
