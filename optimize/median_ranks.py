"""Impedances ranked: for each demand row the outlets that may serve it, nearest first.

All distance problems look at a row's outlets from the nearest outwards and stop early, so the
matrix is sorted once. A row's **cap** is what it costs when none of its outlets is open: the walk
to the nearest existing outlet, a stated penalty, or the farthest candidate of all. Entries that do
not beat the cap are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .kernels_median_dual import OPEN, narrow_count, narrow_fill, plan_costs

Ints32 = npt.NDArray[np.int32]

#: Matrix entries sorted at a time: keeps the working memory of a dense matrix small.
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """R rows over q columns, each row's entries by rising cost.

    Attributes
    ----------
    start
        Where each row begins (R+1,).
    site
        Column of each entry.
    cost
        Weighted impedance of each entry, rising within a row and below the row's cap.
    cap
        Cost of the row when none of its entries is open (R,), finite.
    count
        Number of columns q.
    """

    start: Ints
    site: Ints32
    cost: Floats
    cap: Floats
    count: int

    @property
    def rows(self) -> int:
        """Number of rows R."""
        return len(self.cap)

    def value(self, chosen: Bools) -> float:
        """Return the total cost when the marked columns (q,) are open."""
        return float(self.row_costs(chosen).sum())

    def row_costs(self, chosen: Bools) -> Floats:
        """Return each row's cost (R,) when the marked columns (q,) are open."""
        costs = np.empty(self.rows)
        plan_costs(self.start, self.site, self.cost, self.cap, chosen, costs)
        return costs

    def columns(self) -> sparse.csc_array:
        """Return the entries by column, CSC (R, q)."""
        entries = sparse.csr_array(
            (self.cost, self.site, self.start), shape=(self.rows, self.count), copy=False
        )
        return entries.tocsc()


def rank_dense(cost: npt.ArrayLike, weight: npt.ArrayLike, cap: Floats | None = None) -> Ranks:
    """Return a full matrix ranked.

    Parameters
    ----------
    cost
        Impedance (n, m), finite, not negative.
    weight
        Weight of each row (n,), not negative.
    cap
        Impedance without any column (n,), inf = none: then at least one column must open, and the
        farthest one is the cap.
    """
    matrix = np.asarray(cost)
    heavy = np.asarray(weight, dtype=np.float64)
    n, m = matrix.shape
    limit = np.full(n, np.inf) if cap is None else cap
    farthest = matrix.max(axis=1, initial=0.0).astype(np.float64)
    limit = np.where(np.isfinite(limit), limit, farthest)
    parts: list[tuple[Ints32, Floats, Ints]] = []
    step = max(1, _CHUNK // max(m, 1))
    for first in range(0, n, step):
        block = np.asarray(matrix[first : first + step], dtype=np.float64)
        order = np.argsort(block, axis=1, kind="stable")
        ranked = np.take_along_axis(block, order, axis=1)
        keep = ranked < limit[first : first + step, None]
        keep &= heavy[first : first + step, None] > 0
        times = np.broadcast_to(heavy[first : first + step, None], keep.shape)[keep]
        parts.append((order[keep].astype(np.int32), ranked[keep] * times, keep.sum(axis=1)))
    return _joined(parts, limit * heavy, m)


def _joined(parts: list[tuple[Ints32, Floats, Ints]], cap: Floats, count: int) -> Ranks:
    lengths = np.concatenate([part[2] for part in parts] or [np.zeros(0, np.int64)])
    return Ranks(
        start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        site=np.concatenate([part[0] for part in parts] or [np.zeros(0, np.int32)]),
        cost=np.concatenate([part[1] for part in parts] or [np.zeros(0)]),
        cap=np.ascontiguousarray(cap, dtype=np.float64),
        count=count,
    )


def rank_entries(row: Ints, site: Ints, cost: Floats, cap: Floats, count: int) -> Ranks:
    """Return scattered entries (e,) ranked; ``cost`` and ``cap`` (R,) are weighted already."""
    keep = cost < cap[row]
    row, site, cost = row[keep], site[keep], cost[keep]
    order = np.lexsort((cost, row))
    lengths = np.bincount(row, minlength=len(cap))
    return Ranks(
        start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        site=site[order].astype(np.int32),
        cost=np.ascontiguousarray(cost[order], dtype=np.float64),
        cap=np.ascontiguousarray(cap, dtype=np.float64),
        count=count,
    )


def narrow(ranks: Ranks, free: Bools, opened: Bools, cap: Floats) -> tuple[Ranks, Ints]:
    """Return the ranks over the ``free`` columns only, and their numbers.

    Parameters
    ----------
    ranks
        R rows over q columns.
    free, opened
        Columns still to be decided and columns open for certain (q,); all others are closed.
    cap
        New caps (R,), at most the old ones; an open column lowers them further.
    """
    number = np.full(ranks.count, -1, dtype=np.int32)
    number[free] = np.arange(int(free.sum()), dtype=np.int32)
    number[opened] = OPEN
    lower = cap.copy()
    lengths = narrow_count(ranks.start, ranks.site, ranks.cost, number, lower)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    site, cost = np.empty(start[-1], np.int32), np.empty(start[-1])
    narrow_fill(ranks.start, ranks.site, ranks.cost, number, lower, start, site, cost)
    return Ranks(start, site, cost, lower, int(free.sum())), np.flatnonzero(free)
