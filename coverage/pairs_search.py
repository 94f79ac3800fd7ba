"""Drives the compiled J2 searches: order of sources, chunks, threads, and the joined result.

Sources are searched in chunks along the Hilbert order of the chains. Each thread writes its rows
one after another into blocks; `pairs_rows` brings them to their places.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .engine import TOLERANCE, Engine
from .locate import Locations
from .pairs_rows import Reserve, Rows, Written, joined, sampled
from .tables import FAR, UNREACHED, Tables

Array = NDArray[Any]
Chunk = tuple[Array, bool]

#: Sources of one chunk: enough to spread the cost of a call, few enough to share out evenly.
CHUNK = 512
#: Pairs of one block; 32 MB of one array are given back to the system as soon as they are free.
BLOCK = 1 << 23
#: Pairs of a source to make room for at first; more is made where there are more.
USUAL = 2048
#: Least room to begin a search with.
LEAST_ROOM = 1 << 16
#: Pairs for each place of the targets that 32 rows share: at least that many, as measured.
SHARED = 8
#: Chunks from which on every `SAMPLE`-th is searched first, to see how many pairs there are, and
#: how much more than that is reserved (untouched memory costs nothing).
MANY, SAMPLE, RESERVE = 64, 25, 1.3
#: Sources searched together by the dense kernel.
LEAST_DENSE = 32
#: How far apart they may lie, as a share of the limit, for the dense kernel to pay. Measured on
#: every k-th node of Moscow: 1.6 times as fast as the other kernel at a share of 2 and 1,200 m (4.5
#: at 0.5), 1.8 at 2.2 and 600 m, 1.1 at 4.
DENSE_SHARE = 2.0


class _Worker:
    """Scratch and current blocks of one thread."""

    def __init__(self, tables: Tables, reserve: Reserve, block: int) -> None:
        j = len(tables.graph.first)
        self.block = block
        self.reserve, self.junctions = reserve, j
        self.tables = tables
        self.beside = None if tables.graph_other is None else np.zeros(j, np.uint64)
        self.one: tuple[tuple[Array, ...], tuple[Any, ...]] | None = None
        self.lanes: tuple[Array, Array] | None = None
        self.scalar, self.dense = _Block(), _Block()

    def scalar_space(self, least: int) -> list[Array]:
        """Return room for targets, costs and, where it is carried, the other unit."""
        if self.scalar.free < least:
            size = max(self.block, least)
            more = [] if self.beside is None else [np.empty(size, np.float32)]
            self.scalar = _Block([np.empty(size, np.int32), self.reserve.piece(size), *more])
        return self.scalar.rest()

    def dense_space(self, least: int) -> list[Array]:
        """Return room for costs, and for targets and masks of 32 rows together."""
        if self.dense.free < least:
            size = max(self.block, least)
            shared = [np.empty(size // SHARED, kind) for kind in (np.int32, np.uint32)]
            self.dense = _Block([self.reserve.piece(size)], shared)
        return self.dense.rest()

    def one_scratch(self) -> tuple[tuple[Array, ...], tuple[Any, ...]]:
        """Return what a search from one source writes to, and that for the other unit."""
        if self.one is None:
            most = _most_listed(self.tables)
            dist = np.full(self.junctions, FAR, np.uint32)
            keys, spare = np.empty(most, np.uint64), np.empty(most, np.uint64)
            lists = dist, np.empty_like(dist), keys, spare, np.empty(2048, np.uint32)
            others: tuple[Any, ...] = (None, None, None)
            if self.beside is not None:
                others = self.beside, np.empty(most, np.uint32), np.empty(most, np.uint64)
            self.one = lists, others
        return self.one

    def lane_scratch(self) -> tuple[Array, Array]:
        """Return the costs of 32 sources and the queue's ranks; made where sources are dense."""
        from .kernels_lanes import LANES  # noqa: PLC0415 - numba only when needed

        if self.lanes is None:
            costs = np.full((self.junctions, LANES), UNREACHED, np.uint32)
            self.lanes = costs, np.full(self.junctions, FAR, np.uint32)
        return self.lanes


def _most_listed(tables: Tables) -> int:
    """Return how many targets one search can list: each once, and those on own chains again."""
    t, s = tables.targets, tables.sources
    chain, on = np.maximum(s.chain, 0), s.chain >= 0
    entries = np.zeros(len(s.chain) + 1, np.int64)
    np.cumsum(np.where(on, t.first[chain + 1] - t.first[chain], 0), out=entries[1:])
    own = entries[s.first[1:]] - entries[s.first[:-1]]
    return len(t.owner) + len(t.at_owner) + int(own.max(initial=0)) + 1


@dataclass(slots=True, eq=False)
class _Block:
    """Arrays that are filled together: some with a place a pair, some with one a shared target."""

    columns: list[Array] = field(default_factory=list)
    shared: list[Array] = field(default_factory=list)
    used: int = 0
    listed: int = 0

    @property
    def free(self) -> int:
        return len(self.columns[0]) - self.used if self.columns else 0

    def rest(self) -> list[Array]:
        """Return what is still free of each array."""
        columns = [column[self.used :] for column in self.columns]
        return columns + [column[self.listed :] for column in self.shared]


def search_pairs(
    engine: Engine,
    sources: Locations,
    targets: Locations,
    limit: float,
    *,
    threads: int | None = None,
    kernel: str = "auto",
) -> Rows:
    """Return all pairs within the limit, rows in the order of the sources.

    Parameters
    ----------
    engine
        The network in ticks.
    sources, targets
        Points on it.
    limit
        In the minimised unit.
    threads
        By default one a core.
    kernel
        ``"scalar"`` or ``"lanes"`` for every chunk, ``"auto"`` by how near its sources lie.
    """
    order = engine.order(sources)
    metres = limit / engine.costs.access
    dense = _density(sources, order, metres, "scalar" if engine.other is not None else kernel)
    (t, t2), (s, s2) = engine.targets(targets), engine.sources(sources)
    tables = Tables(engine.graph, t, s, engine.other, t2, s2)
    return search_tables(tables, order, dense, limit, engine.scale, threads=threads)


def search_tables(
    tables: Tables,
    order: Array,
    dense: list[bool],
    limit: float,
    scale: float,
    *,
    threads: int | None = None,
) -> Rows:
    """Return all pairs within the limit, rows in the order of the sources.

    Parameters
    ----------
    tables
        What the search reads.
    order
        (n,) sources in the order of the search, `CHUNK` at a time.
    dense
        For each chunk, whether to search from 32 sources at once.
    limit, scale
        In the minimised unit, and its ticks.
    threads
        By default one a core.
    """
    chunks = [(order[i : i + CHUNK], dense[i // CHUNK]) for i in range(0, len(order), CHUNK)]
    workers = threads or os.cpu_count() or 1
    reserve, block = Reserve(), min(BLOCK, USUAL * len(order))
    reserve.grow(block * min(workers, len(chunks)))
    call = _caller(tables, limit, scale, lambda: _Worker(tables, reserve, block))
    parts: list[Written] = []
    for some in sampled(chunks, MANY, SAMPLE):
        if parts:
            reserve.grow(_expected(parts, chunks))
        parts += [part for found in _shared_out(call, some, workers) for part in found]
    return joined(parts, len(order), reserve, workers)


def _expected(parts: list[Written], chunks: list[Chunk]) -> int:
    """Return how much to reserve for the pairs of all chunks, judged by those of a sample."""
    found, rows = sum(len(part.cost) for part in parts), sum(len(part.rows) for part in parts)
    return int(RESERVE * sum(len(chunk) for chunk, _ in chunks) * found / rows)


def _shared_out(
    call: Callable[[Array, bool], list[Written]], chunks: list[Chunk], threads: int
) -> Iterator[list[Written]]:
    if threads == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield call(*chunk)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda chunk: call(*chunk), chunks)


def _caller(
    tables: Tables, limit: float, scale: float, worker: Callable[[], _Worker]
) -> Callable[[Array, bool], list[Written]]:
    """Return the function that searches one chunk on the calling thread's own scratch."""
    own = local()
    top = np.uint32(np.rint((limit + TOLERANCE) * scale))
    ticks = _Ticks(top, np.float32(limit), np.float32(1.0 / scale))

    def call(rows: Array, dense: bool) -> list[Written]:
        if not hasattr(own, "worker"):
            own.worker = worker()
        search = _dense_rows if dense else _scalar_rows
        parts: list[Written] = []
        done, least = 0, LEAST_ROOM
        while done < len(rows):
            part = search(tables, own.worker, rows, done, ticks, least)
            if part is None:
                least *= 4
            else:
                parts.append(part)
                done += len(part.rows)
                least = LEAST_ROOM
        return parts

    return call


class _Ticks(NamedTuple):
    """The limit in ticks, and what costs are written as: ``min(ticks * unit, cap)``."""

    limit: Any
    cap: Any
    unit: Any


def _dense_rows(
    tables: Tables, worker: _Worker, rows: Array, done: int, ticks: _Ticks, least: int
) -> Written | None:
    """Search from 32 sources at once; None when there is no room for a single row."""
    from . import kernels_lanes  # noqa: PLC0415 - numba only when needed

    cost, targets, masks = worker.dense_space(least)
    count = np.zeros(len(rows), np.int64)
    kept = np.zeros(-(-len(rows) // kernels_lanes.LANES), np.int64)
    run: Any = kernels_lanes.pairs_lanes
    end, used, listed = run(
        *tables[:3], rows, done, *ticks, cost, targets, masks, count, kept, *worker.lane_scratch()
    )
    if end == done:
        worker.dense = _Block()
        return None
    worker.dense.used += used
    worker.dense.listed += listed
    groups = slice(done // kernels_lanes.LANES, -(-end // kernels_lanes.LANES))
    shared = targets[:listed], None, masks[:listed], kept[groups]
    return Written(rows[done:end], count[done:end], cost[:used], *shared)


def _scalar_rows(
    tables: Tables, worker: _Worker, rows: Array, done: int, ticks: _Ticks, least: int
) -> Written | None:
    """Search from one source at a time; None when there is no room for a single row."""
    from . import kernels_pairs  # noqa: PLC0415 - numba only when needed

    targets, cost, *more = worker.scalar_space(least)
    other = more[0] if more else None
    count = np.zeros(len(rows), np.int64)
    lists, carried = worker.one_scratch()
    run: Any = kernels_pairs.pairs_scalar
    g, t, s, *others = tables
    end, used = run(
        g, t, s, rows, done, np.uint64(ticks.limit), ticks.cap, ticks.unit,
        targets, cost, other, count, *lists, *others, *carried,
    )  # fmt: skip
    if end == done:
        worker.scalar = _Block()
        return None
    worker.scalar.used += used
    beside = None if other is None else other[:used]
    return Written(rows[done:end], count[done:end], cost[:used], targets[:used], beside)


def _density(sources: Locations, order: Array, metres: float, kernel: str) -> list[bool]:
    """Return for every chunk whether its sources are dense, or what ``kernel`` says of all."""
    chunks = range(0, len(order), CHUNK)
    if kernel != "auto":
        return [kernel == "lanes"] * len(chunks)
    return [is_dense(sources, order[i : i + CHUNK], metres) for i in chunks]


def is_dense(sources: Locations, rows: Array, metres: float) -> bool:
    """Tell whether 32 sources in a row lie so near each other that they meet the same streets."""
    rows = rows[sources.reached[rows]]
    if len(rows) < LEAST_DENSE:
        return False
    entry = sources.start[rows]
    groups = len(rows) // LEAST_DENSE
    spread = [
        np.ptp(values[entry[: groups * LEAST_DENSE]].reshape(groups, LEAST_DENSE), axis=1)
        for values in (sources.x, sources.y)
    ]
    return bool(np.median(np.hypot(*spread)) < DENSE_SHARE * metres)
