"""Drives the compiled J2 searches: order of sources, chunks, threads, and the joined result.

Sources are searched in chunks along the Hilbert order of the chains. Each thread writes its rows
one after another into blocks; at the end the rows are copied to their places and every block is
freed as soon as it is empty, so that at most 12 bytes a pair are in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import TOLERANCE, Engine
from .locate import Locations
from .tables import FAR, UNREACHED, Tables

Array = NDArray[Any]

#: Sources of one chunk: enough to spread the cost of a call, few enough to share out evenly.
CHUNK = 512
#: Pairs of one block; 32 MB of one array are given back to the system as soon as they are free.
BLOCK = 1 << 23
#: Sources searched together by the dense kernel.
LEAST_DENSE = 32
#: How far apart they may lie, as a share of the limit, for the dense kernel to pay. Measured on
#: every k-th node of Moscow: 1.6 times as fast as the other kernel at a share of 2 and 1,200 m (4.5
#: at 0.5), 1.8 at 2.2 and 600 m, 1.1 at 4.
DENSE_SHARE = 2.0


@dataclass(slots=True, eq=False)
class Written:
    """Rows that one call has written: which sources, how many pairs each, and the pairs."""

    rows: Array
    count: Array
    columns: list[Array]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Pairs by rows: int64 (n+1,), int32, float32, float32 or None."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    cost: NDArray[np.float32]
    other: NDArray[np.float32] | None


class _Worker:
    """Scratch and current block of one thread."""

    def __init__(self, tables: Tables) -> None:
        from .kernels_lanes import LANES  # noqa: PLC0415 - numba only when needed

        j = len(tables.graph.first)
        self.dist = np.full(j, FAR, np.uint32)
        self.lanes = np.full((j, LANES), UNREACHED, np.uint32)
        self.queued = np.full(j, FAR, np.uint32)
        self.beside = None if tables.graph_other is None else np.zeros(j, np.uint64)
        self.block: list[Array] = []
        self.used = 0

    def space(self, least: int) -> list[Array]:
        """Return what is free of the current block, or a new block where too little is."""
        if not self.block or len(self.block[0]) - self.used < least:
            size = max(BLOCK, least)
            kinds = [np.int32, np.float32] + ([] if self.beside is None else [np.float32])
            self.block = [np.empty(size, kind) for kind in kinds]
            self.used = 0
        return [column[self.used :] for column in self.block]


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
    call = _caller(tables, limit, scale)
    workers = threads or os.cpu_count() or 1
    parts = [part for found in _shared_out(call, chunks, workers) for part in found]
    return _joined(parts, len(order), workers)


def _shared_out(
    call: Callable[[Array, bool], list[Written]], chunks: list[tuple[Array, bool]], threads: int
) -> Iterator[list[Written]]:
    if threads == 1 or len(chunks) < 2:
        for chunk in chunks:
            yield call(*chunk)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda chunk: call(*chunk), chunks)


def _caller(tables: Tables, limit: float, scale: float) -> Callable[[Array, bool], list[Written]]:
    """Return the function that searches one chunk on the calling thread's own scratch."""
    from . import kernels_lanes, kernels_pairs  # noqa: PLC0415 - numba only when needed

    pairs_lanes: Any = kernels_lanes.pairs_lanes
    pairs_scalar: Any = kernels_pairs.pairs_scalar
    g, t, s, g2, t2, s2 = tables
    others = None if g2 is None else np.zeros(0, np.uint64)
    top = np.uint32(np.rint((limit + TOLERANCE) * scale))
    cap, unit = np.float32(limit), np.float32(1.0 / scale)
    own = local()

    def call(rows: Array, dense: bool) -> list[Written]:
        if not hasattr(own, "worker"):
            own.worker = _Worker(tables)
        w: _Worker = own.worker
        parts: list[Written] = []
        done, least = 0, 1 << 16
        count = np.zeros(len(rows), np.int64)
        while done < len(rows):
            out = w.space(least)
            before = done
            if dense:
                done, used = pairs_lanes(
                    g, t, s, rows, done, top, cap, unit, *out, count, w.lanes, w.queued
                )  # fmt: skip
            else:
                columns = out if w.beside is not None else [*out, None]
                done, used = pairs_scalar(
                    g, t, s, rows, done, np.uint64(top), cap, unit, *columns, count, w.dist,
                    g2, t2, s2, w.beside, others,
                )  # fmt: skip
            if done > before:
                filled = [column[:used] for column in out]
                parts.append(Written(rows[before:done], count[before:done], filled))
                w.used += used
            else:
                w.block, least = [], least * 4
        return parts

    return call


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


def _joined(parts: list[Written], n: int, threads: int) -> Rows:
    """Copy the rows to their places, freeing each part when it is copied."""
    from .kernels_heap import place_rows  # noqa: PLC0415 - numba only when needed

    count = np.zeros(n, np.int64)
    for part in parts:
        count[part.rows] = part.count
    indptr = np.concatenate([[0], np.cumsum(count)])
    joined: list[Array] = []

    def copy(part: Written) -> None:
        number, whole = len(joined) - 1, joined[-1]
        bits = part.columns[number].view(np.int32)  # so that one kernel copies every column
        place_rows(bits, part.rows, part.count, indptr, whole.view(np.int32))
        part.columns[number] = whole[:0]

    with ThreadPoolExecutor(threads) as pool:
        for column in parts[0].columns:
            joined.append(np.empty(indptr[-1], column.dtype))
            list(pool.map(copy, parts))
    return Rows(indptr, joined[0], joined[1], joined[2] if len(joined) > 2 else None)
