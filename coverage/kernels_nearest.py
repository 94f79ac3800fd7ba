# ruff: noqa: C901, PLR0917 - compiled loops are written out
"""Compiled: one search from all facilities at once (J1, the nearest facility)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from .compiled import compiled, inlined
from .kernels_heap import (
    BEGIN,
    HALF,
    LOW,
    MARGIN,
    ONE,
    ZERO,
    drop_first,
    enlarged,
    first_at,
    push,
)
from .tables import FAR

Array = NDArray[Any]

NOBODY = np.uint32(0xFFFFFFFF)
_ONWARDS, _FROM_B, _BACK = np.uint8(1), np.uint8(2), np.uint8(4)


@inlined
def _better(
    cost: Any, label: Any, carried: Any, at: Any, dist: Array, owner: Array, beside: Any
) -> Any:
    """Tell whether a cost beats what is known; ties go to the first label, then the other unit."""
    known = uint64(dist[at])
    if cost != known:
        return cost < known
    if beside is not None and label == owner[at]:
        return carried < beside[at]
    return label < owner[at]


@inlined
def _set(
    cost: Any, label: Any, carried: Any, at: Any, dist: Array, owner: Array, beside: Any
) -> None:
    dist[at] = uint32(cost)
    owner[at] = label
    if beside is not None:
        beside[at] = carried


@compiled
def spread(g: Any, s: Any, limit: Any, dist: Array, owner: Array, g2: Any, beside: Any) -> Any:
    """Give every junction its least cost and whose it is.

    Parameters
    ----------
    g, s
        `Arcs`, and `Seeds` of the facilities; ``g2`` in the other unit or None.
    limit
        Ticks, uint64.
    dist, owner, beside
        Results (j+1,): ticks (`FAR` before), facility (`NOBODY` before), other unit (or None).

    Returns
    -------
    bool
        Whether a walk was cut off by the limit.
    """
    heap, size = enlarged(np.empty(0, np.uint64), BEGIN), ZERO
    cut, carried = False, ZERO
    for seed in range(len(s.at)):
        at, cost, label = uint64(s.at[seed]), uint64(s.cost[seed]), s.label[seed]
        if size + MARGIN > uint64(len(heap)):
            heap = enlarged(heap, ZERO)
        if g2 is not None:
            carried = s.carried[seed]
        if cost <= limit and _better(cost, label, carried, at, dist, owner, beside):
            _set(cost, label, carried, at, dist, owner, beside)
            size = push(heap, size, (cost << HALF) | at)
    while size > ZERO:
        top = heap[ZERO]
        size = drop_first(heap, size)
        node, cost = top & LOW, top >> HALF
        if uint32(cost) != dist[node]:
            continue
        label = owner[node]
        arc, end = uint64(g.first[node]), uint64(g.through[node])
        if size + (end - arc) + MARGIN > uint64(len(heap)):
            heap = enlarged(heap, size + (end - arc) + MARGIN)
        while arc < end:
            onto, there = uint64(g.to[arc]), cost + uint64(g.cost[arc])
            if g2 is not None:
                carried = beside[node] + uint64(g2.cost[arc])
            arc += ONE
            if there > limit:
                cut = True
            elif _better(there, label, carried, onto, dist, owner, beside):
                _set(there, label, carried, onto, dist, owner, beside)
                size = push(heap, size, (there << HALF) | onto)
    return cut


@compiled
def settle_targets(
    g: Any, t: Any, limit: Any, dist: Array, owner: Array, cost: Array, label: Array,
    t2: Any, beside: Any, other: Any,
) -> None:  # fmt: skip
    """Give every target on a chain the better of the chain's two ends.

    ``g`` is `ChainEnds`, ``t`` and ``t2`` (other unit, or None) are `OnChains`.
    ``cost``, ``label`` and ``other`` (or None) are results, (t,) in the targets' order; the cost is
    `FAR` where neither end is reached within the limit.
    """
    carried = ZERO
    for c in range(len(g.a)):
        i, end = uint64(t.first[c]), uint64(t.first[c + 1])
        if i == end:
            continue
        ways, a, b = g.ways[c], uint64(g.a[c]), uint64(g.b[c])
        by_a = (ways & _ONWARDS) != 0 and dist[a] != FAR
        by_b = (ways & _FROM_B) != 0 and dist[b] != FAR
        at_a, at_b = uint64(dist[a]), uint64(dist[b])
        label_a, label_b = owner[a], owner[b]
        while i < end:
            cost[i], label[i] = FAR, NOBODY
            here = at_a + uint64(t.from_a[i])
            if by_a and here <= limit:
                if t2 is not None:
                    carried = beside[a] + uint64(t2.from_a[i])
                _set(here, label_a, carried, i, cost, label, other)
            here = at_b + uint64(t.from_b[i])
            if by_b and here <= limit:
                if t2 is not None:
                    carried = beside[b] + uint64(t2.from_b[i])
                if _better(here, label_b, carried, i, cost, label, other):
                    _set(here, label_b, carried, i, cost, label, other)
            i += ONE


@compiled
def settle_own_chains(
    walkable: Array,
    t: Any,
    s: Any,
    limit: Any,
    cost: Array,
    label: Array,
    t2: Any,
    s2: Any,
    other: Any,
) -> None:
    """Let facilities serve the targets on their own chains directly.

    ``walkable`` are the graph's ``ways``, ``t`` is `OnChains`, ``s`` is `OwnChains`; ``t2, s2``
    stand in the other unit.
    A facility's way along its chain ends where another serves better: beyond, that one does too.
    """
    top, carried = np.int64(limit), ZERO
    for entry in range(len(s.chain)):
        chain, place, row = s.chain[entry], s.place[entry], s.label[entry]
        begin, end, ways = t.first[chain], t.first[chain + 1], walkable[chain]
        middle = first_at(t.place, begin, end, place)
        onwards, back = (ways & _ONWARDS) != 0, (ways & _BACK) != 0
        for behind in range(2):
            k, passable = middle - behind, back if behind else onwards
            ticks, less = t.from_a, s.ahead[entry]
            if behind or not onwards:
                ticks, less = t.from_b, s.behind[entry]
            while begin <= k < end and (passable or t.place[k] == place):
                here = np.int64(ticks[k]) - less
                if t2 is not None:
                    carried = uint64(np.int64(t2.from_a[k]) - s2.ahead[entry])
                    if behind:
                        carried = uint64(np.int64(t2.from_b[k]) - s2.behind[entry])
                if here <= top:
                    if _better(uint64(here), row, carried, k, cost, label, other):
                        _set(uint64(here), row, carried, k, cost, label, other)
                    elif here > np.int64(cost[k]):
                        break
                k += 1 - 2 * behind


@compiled
def best_of_entries(
    t: Any, limit: Any, dist: Array, owner: Array, cost: Array, label: Array,
    best: Array, whose: Array, t2: Any, beside: Any, other: Any, best_other: Any,
) -> None:  # fmt: skip
    """Give every point the best of its entries, on chains and at junctions.

    ``t`` and ``t2`` (other unit, or None) are `Entries`.
    ``best``, ``whose`` and ``best_other`` (or None) are results (n,); ``best`` is `FAR` before and
    stays so where nothing is reached.
    """
    carried = ZERO
    for i in range(len(cost)):
        if cost[i] == FAR:
            continue
        if other is not None:
            carried = other[i]
        at = uint64(t.owner[i])
        if _better(uint64(cost[i]), label[i], carried, at, best, whose, best_other):
            _set(uint64(cost[i]), label[i], carried, at, best, whose, best_other)
    for junction in range(len(t.at) - 1):
        if dist[junction] == FAR:
            continue
        for i in range(t.at[junction], t.at[junction + 1]):
            here = uint64(dist[junction]) + uint64(t.at_cost[i])
            if here > limit:
                continue
            if t2 is not None:
                carried = beside[junction] + uint64(t2.at_cost[i])
            at = uint64(t.at_owner[i])
            if _better(here, owner[junction], carried, at, best, whose, best_other):
                _set(here, owner[junction], carried, at, best, whose, best_other)
