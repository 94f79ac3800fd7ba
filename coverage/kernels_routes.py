# ruff: noqa: C901 - compiled loops are written out
"""Compiled: one way through the junctions, with the arcs it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from .compiled import compiled
from .kernels_heap import EMPTY, HALF, LOW, MARGIN, ONE, ZERO, drop_first, enlarged, push
from .tables import FAR

Array = NDArray[Any]


@compiled
def find_way(g: Any, s: Any, row: Any, goal: Array, limit: Any) -> tuple[Any, Any, Array]:
    """Search from one source until no junction can lead to the goal for less.

    Parameters
    ----------
    g, s, row
        Tables of graph and sources, and the source.
    goal
        uint32 (j+1,): ticks from each junction to the goal; `FAR` for no way.
    limit
        Ticks, uint64.

    Returns
    -------
    cost
        Ticks of the way, uint64; ``limit + 1`` for none.
    last
        Junction from which the goal is entered.
    arrival
        int64 (j+1,): arc by which each junction was reached; ``-1 - 2 * entry - side`` where the
        walk began, at side 0 (``a``) or 1 (``b``) of the source's entry.
    """
    none = uint64(len(g.first) - 1)
    dist, arrival = np.full(len(g.first), FAR, np.uint32), np.zeros(len(g.first), np.int64)
    heap, size = np.full(1 << 12, EMPTY, np.uint64), ZERO
    best, last = limit + ONE, none
    for entry in range(s.first[row], s.first[row + 1]):
        if size + MARGIN > uint64(len(heap)):
            heap = enlarged(heap, ZERO)
        for side in range(2):
            at = uint64(s.a[entry]) if side == 0 else uint64(s.b[entry])
            cost = uint64(s.to_a[entry]) if side == 0 else uint64(s.to_b[entry])
            if at < none and cost <= limit and cost < uint64(dist[at]):
                dist[at], arrival[at] = uint32(cost), -1 - 2 * entry - side
                size = push(heap, size, (cost << HALF) | at)
    while size > ZERO:
        top = heap[ZERO]
        size = drop_first(heap, size)
        node, cost = top & LOW, top >> HALF
        if cost >= best:
            break
        if uint32(cost) != dist[node]:
            continue
        if goal[node] != FAR and cost + uint64(goal[node]) < best:
            best, last = cost + uint64(goal[node]), node
        arc, end = uint64(g.first[node]), uint64(g.through[node])
        if size + (end - arc) + MARGIN > uint64(len(heap)):
            heap = enlarged(heap, size + (end - arc) + MARGIN)
        while arc < end:
            onto, there = uint64(g.to[arc]), cost + uint64(g.cost[arc])
            if there <= limit and there < uint64(dist[onto]):
                dist[onto], arrival[onto] = uint32(there), np.int64(arc)
                size = push(heap, size, (there << HALF) | onto)
            arc += ONE
    return best, last, arrival
