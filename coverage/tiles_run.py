"""Where tile jobs run: on threads here, or on the workers of a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import QueryError

Arrays = dict[str, NDArray[Any]]

#: Jobs given out ahead for each thread or worker: memory is bounded by them.
AHEAD = 2


class Job(Protocol):
    """Anything that can be computed by itself."""

    @property
    def key(self) -> str:
        """Hash of the job."""

    def run(self) -> Arrays:
        """Return the result."""


Jobs = Iterable[tuple[Path, Any]]
Runner = Callable[[Jobs], Iterator[tuple[Path, Arrays]]]


def here(threads: int | None) -> Runner:
    """Return what runs jobs on threads of this process, by default one a core."""
    count = threads or os.cpu_count() or 1

    def run(jobs: Jobs) -> Iterator[tuple[Path, Arrays]]:
        with ThreadPoolExecutor(count) as pool:
            paths: dict[Future[Arrays], Path] = {}
            for path, job in jobs:
                paths[pool.submit(job.run)] = path
                if len(paths) >= AHEAD * count:
                    done, _ = wait(paths, return_when=FIRST_COMPLETED)
                    yield from ((paths.pop(future), future.result()) for future in done)
            while paths:
                done, _ = wait(paths, return_when=FIRST_COMPLETED)
                yield from ((paths.pop(future), future.result()) for future in done)

    return run


def on_cluster(address: str) -> Runner:
    """Return what runs jobs on the workers of a Dask scheduler.

    A job is a pure function of what it carries: when its worker dies, the scheduler gives it to
    another one.

    Raises
    ------
    QueryError
        If ``distributed`` is not installed; by the run, if no scheduler answers.
    """
    try:
        import distributed  # noqa: PLC0415 - optional
    except ImportError as error:
        raise QueryError('a scheduler needs Dask: pip install "quarterhour[dask]"') from error

    dask: Any = distributed

    def run(jobs: Jobs) -> Iterator[tuple[Path, Arrays]]:
        with _connected(dask, address) as client:
            ahead = AHEAD * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
            waiting = iter(jobs)
            paths: dict[str, Path] = {}
            finished = dask.as_completed(loop=client.loop)
            _give_out(client, finished, waiting, paths, ahead)
            for future in finished:
                yield paths.pop(future.key), future.result()
                future.release()
                _give_out(client, finished, waiting, paths, ahead)

    return run


def _connected(dask: Any, address: str) -> Any:
    try:
        return dask.Client(address, timeout="5s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise QueryError(f"no Dask scheduler answers at {address}: {error}") from error


def _give_out(
    client: Any, finished: Any, waiting: Iterator[tuple[Path, Any]], paths: dict[str, Path], n: int
) -> None:
    """Submit jobs until ``n`` are out."""
    while len(paths) < n and (following := next(waiting, None)) is not None:
        path, job = following
        future = client.submit(_run, job, key=f"tile-{job.key}", retries=3)
        paths[future.key] = path
        finished.add(future)


def _run(job: Job) -> Arrays:
    return {name: np.asarray(values) for name, values in job.run().items()}
