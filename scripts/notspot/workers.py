"""
Who does pieces of work: threads of this process, a local Dask cluster, or one that runs already.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

from notspot_coverage.network.batch import Batch, predict_batch
from notspot_geodata.errors import NotspotError, UsageError

AHEAD = 2  # batches that wait beside each that is worked on
WAIT_S = 30  # for a first worker
TRIES = 5  # workers that may die over one batch


def batch_bytes(batch: Batch) -> bytes:
    """The unit of work: what a worker gets and gives."""
    return predict_batch(batch).to_bytes()


def _made(make: Callable[[], Batch]) -> bytes:
    return batch_bytes(make())


def by_threads(
    batches: Iterator[tuple[int, Callable[[], Batch]]], threads: int
) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each batch as it is done; at most `threads` batches are in memory."""
    with ThreadPoolExecutor(threads) as pool:
        running: dict[Future[bytes], int] = {}

        def start() -> None:
            for number, make in batches:
                running[pool.submit(_made, make)] = number
                return

        try:
            for _ in range(threads):
                start()
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    number = running.pop(future)
                    start()
                    yield number, future.result()
        finally:
            for future in running:
                future.cancel()


def by_cluster(
    batches: Iterator[tuple[int, Callable[[], Any]]],
    *,
    work: Callable[[Any], Any] = batch_bytes,
    workers: int = 0,
    scheduler: str = "",
    run: str = "",
) -> Iterator[tuple[int, Any]]:
    """
    The same on Dask workers: terrain travels with the task, so that workers need no file.

    Other batches come with the `work` that is to be done on each.

    A batch whose worker dies is given to another, up to `TRIES` times.
    """
    with _client(workers, scheduler) as client:
        yield from _spread(client, batches, work, workers, run)


@contextmanager
def cluster_map(*, workers: int = 0, scheduler: str = "") -> Iterator[Callable[..., Iterator[Any]]]:
    """
    A `map` over the workers of a cluster that lasts as long as the block: results in the order of the items.

    Items and results travel; files that an item names must be where the workers are.
    """
    with _client(workers, scheduler) as client:
        calls = count()

        def mapped(work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
            tasks = ((number, partial(_same, item)) for number, item in enumerate(items))
            early: dict[int, Any] = {}
            following = 0
            for number, found in _spread(client, tasks, work, workers, f"map{next(calls)}"):
                early[number] = found
                while following in early:
                    yield early.pop(following)
                    following += 1

        yield mapped


def _same(item: Any) -> Any:
    return item


@contextmanager
def _client(workers: int, scheduler: str) -> Iterator[Any]:
    """A client of a cluster: one of this machine with so many workers, or the one at `scheduler`."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UsageError(
            "--workers and --scheduler need dask.distributed: pip install 'notspot[cluster]'"
        ) from error
    import logging

    settings = {
        "distributed.scheduler.allowed-failures": TRIES,
        "distributed.admin.large-graph-warning-threshold": "1GB",
    }
    with dask.config.set(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Sending large graph.*")
        cluster: Any = None
        if not scheduler:
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None,
                silence_logs=logging.ERROR, memory_limit=0,
            )  # fmt: skip
        try:
            client = Client(scheduler if cluster is None else cluster, timeout="20s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            if cluster is not None:
                cluster.close()
            raise UsageError(f"no Dask scheduler answers at {scheduler}: {error}") from error
        try:
            if scheduler:
                _require_worker(client, scheduler)
            yield client
        finally:
            client.close()
            if cluster is not None:
                cluster.close()


def _spread(
    client: Any,
    tasks: Iterator[tuple[int, Callable[[], Any]]],
    work: Callable[[Any], Any],
    workers: int,
    run: str,
) -> Iterator[tuple[int, Any]]:
    """Number and result of each task as it is done; `AHEAD` wait beside each that is worked on."""
    from distributed import KilledWorker, as_completed

    places = max(len(client.scheduler_info(n_workers=-1)["workers"]), workers, 1)
    numbers: dict[str, int] = {}

    def submit() -> Any:
        for number, make in tasks:
            key = f"notspot-{run}-{number}"
            numbers[key] = number
            return client.submit(work, make(), key=key, pure=False, retries=TRIES)
        return None

    first = [future for _ in range(places * AHEAD) if (future := submit()) is not None]
    queue = as_completed(first, loop=client.loop)
    for future in queue:
        try:
            found = future.result()
        except KilledWorker as error:
            raise NotspotError(
                f"{TRIES} workers died over the same batch; is their memory enough? What is done is kept: "
                "the same command goes on from there."
            ) from error
        number = numbers.pop(future.key)
        future.release()
        following = submit()
        if following is not None:
            queue.add(following)
        yield number, found


def _require_worker(client: Any, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WAIT_S)
    except TimeoutError as error:
        raise UsageError(
            f"the scheduler at {scheduler} has no workers; start one: dask worker {scheduler}"
        ) from error
