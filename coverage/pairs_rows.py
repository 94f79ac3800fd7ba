"""Rows of pairs as the searches write them, and how they come to their places in one matrix.

First touch of memory is a large part of a large search, so little is touched: 32 dense sources
share one list of targets with a bit for each source, costs are written one after another into one
reserved array, and when they have been copied to their places the indices are written over them.
At most 9 bytes a pair are in memory where sources are dense, 12 where they are sparse (16 where
another unit is carried).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Times its size that a result may keep reserved.
MOST_SPARE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Pairs by rows: int64 (n+1,), int32, float32, float32 or None."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    cost: NDArray[np.float32]
    other: NDArray[np.float32] | None


@dataclass(slots=True, eq=False)
class Written:
    """Rows that one call has written.

    Attributes
    ----------
    rows, count
        Which sources, and how many pairs each.
    cost, other
        float32: costs, row by row; ``other`` None where it is not carried.
    targets
        int32: targets, row by row, or those of 32 rows together.
    masks, kept
        uint32: which of 32 rows have a target, and int64: how many targets each 32 rows have; None
        where ``targets`` are row by row.
    """

    rows: Array
    count: Array
    cost: Array
    targets: Array
    other: Array | None = None
    masks: Array | None = None
    kept: Array | None = None


@dataclass(slots=True, eq=False)
class Reserve:
    """One array handed out in pieces, and taken back as a whole."""

    whole: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    used: int = 0
    _lock: Any = field(default_factory=Lock)

    def grow(self, size: int) -> None:
        """Reserve room for about ``size`` costs; nothing is touched, and it may be refused."""
        self.used = 0
        try:
            self.whole = np.empty(size, np.float32)
        except MemoryError:
            self.whole = np.empty(0, np.float32)

    def piece(self, size: int) -> NDArray[np.float32]:
        """Return room for ``size`` costs, from elsewhere when all is handed out."""
        with self._lock:
            begin = self.used
            if begin + size > len(self.whole):
                return np.empty(size, np.float32)
            self.used += size
        return self.whole[begin : begin + size]

    def back(self, size: int) -> NDArray[np.int32]:
        """Return room for ``size`` indices; all that was handed out must be given up."""
        whole, self.whole = self.whole, np.empty(0, np.float32)
        fits = size <= len(whole) <= MOST_SPARE * size
        return whole[:size].view(np.int32) if fits else np.empty(size, np.int32)


def joined(parts: list[Written], n: int, reserve: Reserve, threads: int) -> Rows:
    """Copy the rows to their places, freeing each part when it is copied."""
    count = np.zeros(n, np.int64)
    for part in parts:
        count[part.rows] = part.count
    indptr = np.concatenate([[0], np.cumsum(count)])
    size = int(indptr[-1])
    with ThreadPoolExecutor(threads) as pool:
        cost = np.empty(size, np.float32)
        list(pool.map(lambda part: _place_cost(part, indptr, cost), parts))
        indices = reserve.back(size)
        list(pool.map(lambda part: _place_targets(part, indptr, indices), parts))
        other = None if any(part.other is None for part in parts) else np.empty(size, np.float32)
        if other is not None:
            list(pool.map(lambda part: _place_other(part, indptr, other), parts))
    return Rows(indptr, indices, cost, other)


_NOTHING = np.empty(0, np.float32)


def _place(values: Array, part: Written, indptr: Array, whole: Array) -> None:
    from .kernels_heap import place_rows  # noqa: PLC0415 - numba only when needed

    # As bits, so that one kernel copies every column.
    place_rows(values.view(np.int32), part.rows, part.count, indptr, whole.view(np.int32))


def _place_cost(part: Written, indptr: Array, whole: Array) -> None:
    _place(part.cost, part, indptr, whole)
    part.cost = _NOTHING


def _place_other(part: Written, indptr: Array, whole: Array) -> None:
    if part.other is not None:
        _place(part.other, part, indptr, whole)
    part.other = _NOTHING


def _place_targets(part: Written, indptr: Array, whole: Array) -> None:
    if part.masks is None or part.kept is None:
        _place(part.targets, part, indptr, whole)
    else:
        from .kernels_lanes import place_targets  # noqa: PLC0415 - numba only when needed

        place_targets(part.targets, part.masks, part.kept, part.rows, indptr, whole)
    part.targets = _NOTHING


def sampled(chunks: list[Any], least: int, every: int) -> Iterator[list[Any]]:
    """Split many chunks into a sample spread over all of them, and the rest."""
    if len(chunks) < least:
        yield chunks
        return
    yield chunks[::every]
    yield [chunk for i, chunk in enumerate(chunks) if i % every]
