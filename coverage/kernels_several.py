# ruff: noqa: C901, PLR0912, PLR0915, PLR0917 - compiled loops are written out
"""Compiled: the k nearest facilities, every junction keeping the k best labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from .compiled import compiled, inner
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

_ONWARDS, _FROM_B, _BACK = np.uint8(1), np.uint8(2), np.uint8(4)


@inner
def _useless(
    at: Any, count: Any, cost: Any, label: Any, carried: Any, costs: Array, labels: Array,
    besides: Any,
) -> Any:  # fmt: skip
    """Tell whether a junction has no use for a label: it knows it, or k better ones."""
    for i in range(count):
        if labels[at, i] == label:
            if besides is None or uint64(costs[at, i]) != cost:
                return True
            return besides[at, i] <= carried
    if count < labels.shape[1]:
        return False
    last = count - 1
    return uint64(costs[at, last]) < cost or labels[at, last] < label


@inner
def _place_of(labels: Array, row: Any, count: Any, label: Any) -> Any:
    """Return where a label stands at a junction, or behind its last one."""
    for i in range(count):
        if labels[row, i] == label:
            return i
    return count


@inner
def _comes_after(at: Any, place: Any, cost: Any, label: Any, costs: Array, labels: Array) -> Any:
    """Tell whether a junction's label ranks behind another one."""
    known = uint64(costs[at, place])
    return known > cost or (known == cost and labels[at, place] > label)


@inner
def _longer(array: Array) -> Array:
    """Return a copy with twice the room."""
    bigger = np.empty(2 * len(array), array.dtype)
    for i in range(len(array)):
        bigger[i] = array[i]
    return bigger


@compiled
def spread_several(
    g: Any, s: Any, limit: Any, costs: Array, labels: Array, count: Array, g2: Any, s2: Any,
    besides: Any,
) -> Any:  # fmt: skip
    """Give every junction the k facilities it is nearest to.

    Parameters
    ----------
    g, s
        Tables of the graph and of the facilities as sources; ``g2, s2`` in the other unit or None.
    limit
        Ticks, uint64.
    costs, labels, besides
        Results (j+1, k): ticks, facility, other unit (or None), nearest first.
    count
        Results (j+1,): how many each junction has; 0 before.

    Returns
    -------
    bool
        Whether a walk was cut off by the limit.
    """
    heap, size = enlarged(np.empty(0, np.uint64), BEGIN), ZERO
    nodes, owners = np.empty(1 << 14, np.uint32), np.empty(1 << 14, np.uint32)
    carried = np.empty(1 << 14, np.uint64)
    none, cut, slot = uint64(len(g.first) - 1), False, ZERO
    for row in range(len(s.first) - 1):
        for entry in range(s.first[row], s.first[row + 1]):
            for side in range(2):
                at = uint64(s.a[entry]) if side == 0 else uint64(s.b[entry])
                cost = uint64(s.to_a[entry]) if side == 0 else uint64(s.to_b[entry])
                if at >= none or cost > limit:
                    continue
                if size + MARGIN > uint64(len(heap)):
                    heap = enlarged(heap, ZERO)
                if slot + ONE > uint64(len(nodes)):
                    nodes, owners = _longer(nodes), _longer(owners)
                    carried = _longer(carried)
                nodes[slot], owners[slot] = uint32(at), uint32(row)
                carried[slot] = ZERO
                if s2 is not None:
                    carried[slot] = uint64(s2.to_a[entry] if side == 0 else s2.to_b[entry])
                size = push(heap, size, (cost << HALF) | slot)
                slot += ONE
    while size > ZERO:
        top = heap[ZERO]
        size = drop_first(heap, size)
        cost, mine = top >> HALF, top & LOW
        node, label = uint64(nodes[mine]), owners[mine]
        have = np.int64(count[node])
        if _useless(node, have, cost, label, carried[mine], costs, labels, besides):
            continue
        place = _place_of(labels, node, have, label)
        if place == have:  # new here; of labels as near, the first comes first
            count[node] = min(have + 1, labels.shape[1])
            place = count[node] - 1
            while place > 0 and _comes_after(node, place - 1, cost, label, costs, labels):
                costs[node, place] = costs[node, place - 1]
                labels[node, place] = labels[node, place - 1]
                if besides is not None:
                    besides[node, place] = besides[node, place - 1]
                place -= 1
        costs[node, place], labels[node, place] = uint32(cost), label
        if besides is not None:
            besides[node, place] = carried[mine]
        arc, end = uint64(g.first[node]), uint64(g.through[node])
        while arc < end:
            onto, there = uint64(g.to[arc]), cost + uint64(g.cost[arc])
            arc += ONE
            if there > limit:
                cut = True
                continue
            beside = ZERO
            if g2 is not None:
                beside = carried[mine] + uint64(g2.cost[arc - ONE])
            full = np.int64(count[onto])
            if _useless(onto, full, there, label, beside, costs, labels, besides):
                continue
            if size + MARGIN > uint64(len(heap)):
                heap = enlarged(heap, ZERO)
            if slot + ONE > uint64(len(nodes)):
                nodes, owners = _longer(nodes), _longer(owners)
                carried = _longer(carried)
            nodes[slot], owners[slot] = uint32(onto), label
            carried[slot] = beside
            size = push(heap, size, (there << HALF) | slot)
            slot += ONE
    return cut


@inner
def _offer(
    at: Any, cost: Any, label: Any, carried: Any, limit: Any, best: Array, whose: Array, other: Any
) -> None:
    """Put a facility among a point's k best, each facility once, ties by its number."""
    if cost > limit:
        return
    k, place = whose.shape[1], 0
    while place < k and whose[at, place] != label and best[at, place] != FAR:
        place += 1
    known = place < k and whose[at, place] == label and best[at, place] != FAR
    if known and uint64(best[at, place]) <= cost:
        if other is not None and uint64(best[at, place]) == cost:
            other[at, place] = min(other[at, place], carried)
        return
    if not known and place == k:
        place = k - 1
        last = uint64(best[at, place])
        if last < cost or (last == cost and whose[at, place] < label):
            return
    while place > 0:
        above = uint64(best[at, place - 1])
        if above < cost or (above == cost and whose[at, place - 1] < label):
            break
        best[at, place], whose[at, place] = best[at, place - 1], whose[at, place - 1]
        if other is not None:
            other[at, place] = other[at, place - 1]
        place -= 1
    best[at, place], whose[at, place] = uint32(cost), label
    if other is not None:
        other[at, place] = carried


@compiled
def offer_junctions(
    g: Any, t: Any, limit: Any, costs: Array, labels: Array, count: Array,
    best: Array, whose: Array, t2: Any, besides: Any, other: Any,
) -> None:  # fmt: skip
    """Offer every target the facilities of its junctions; results (n, k) as in `_offer`."""
    carried = ZERO
    for junction in range(len(t.at) - 1):
        for i in range(t.at[junction], t.at[junction + 1]):
            for r in range(count[junction]):
                cost = uint64(costs[junction, r]) + uint64(t.at_cost[i])
                if t2 is not None:
                    carried = besides[junction, r] + uint64(t2.at_cost[i])
                label = labels[junction, r]
                _offer(t.at_owner[i], cost, label, carried, limit, best, whose, other)
    for c in range(len(g.a)):
        a, b, ways = g.a[c], g.b[c], g.ways[c]
        for i in range(t.first[c], t.first[c + 1]):
            if (ways & _ONWARDS) != 0:
                for r in range(count[a]):
                    cost = uint64(costs[a, r]) + uint64(t.from_a[i])
                    if t2 is not None:
                        carried = besides[a, r] + uint64(t2.from_a[i])
                    _offer(t.owner[i], cost, labels[a, r], carried, limit, best, whose, other)
            if (ways & _FROM_B) != 0:
                for r in range(count[b]):
                    cost = uint64(costs[b, r]) + uint64(t.from_b[i])
                    if t2 is not None:
                        carried = besides[b, r] + uint64(t2.from_b[i])
                    _offer(t.owner[i], cost, labels[b, r], carried, limit, best, whose, other)


@compiled
def offer_own_chains(
    g: Any, t: Any, s: Any, limit: Any, best: Array, whose: Array, t2: Any, s2: Any, other: Any
) -> None:
    """Offer every target the facilities on its own chain directly."""
    wide, carried = np.int64(limit) + np.int64(t.slack), ZERO
    for row in range(len(s.first) - 1):
        for entry in range(s.first[row], s.first[row + 1]):
            chain = s.chain[entry]
            if chain < 0:
                continue
            begin, end = t.first[chain], t.first[chain + 1]
            place, ways = s.place[entry], g.ways[chain]
            middle = first_at(t.place, begin, end, place)
            k = middle
            while k < end and ((ways & _ONWARDS) != 0 or t.place[k] == place):
                here = np.int64(t.from_a[k]) - s.ahead[entry]
                if (ways & _ONWARDS) == 0:
                    here = np.int64(t.from_b[k]) - s.behind[entry]
                if here > wide:
                    break
                if t2 is not None:
                    carried = uint64(np.int64(t2.from_a[k]) - s2.ahead[entry])
                label = uint32(row)
                _offer(t.owner[k], uint64(here), label, carried, limit, best, whose, other)
                k += 1
            k = middle
            while k > begin and (ways & _BACK) != 0:
                k -= 1
                here = np.int64(t.from_b[k]) - s.behind[entry]
                if here > wide:
                    break
                if t2 is not None:
                    carried = uint64(np.int64(t2.from_b[k]) - s2.behind[entry])
                label = uint32(row)
                _offer(t.owner[k], uint64(here), label, carried, limit, best, whose, other)
