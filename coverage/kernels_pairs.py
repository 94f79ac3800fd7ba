# ruff: noqa: C901, PLR0912, PLR0917 - compiled loops are written out
"""Compiled: bounded search from one source at a time (J2 where sources are sparse)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from .compiled import compiled, inlined, inner
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
    sort_upper,
)
from .tables import FAR

Array = NDArray[Any]

_ONWARDS, _BACK = np.uint8(1), np.uint8(4)
#: Mark of a junction at the edge of a search, and what is below it.
EDGE, NODE = np.uint64(1 << 31), np.uint64((1 << 31) - 1)


@inlined
def _reach(node: Any, cost: Any, limit: Any, dist: Array, heap: Array, size: Any) -> Any:
    """Lower a junction's cost and put it on the heap; return the heap's new size."""
    if cost <= limit and cost < uint64(dist[node]):
        dist[node] = uint32(cost)
        size = push(heap, size, (cost << HALF) | node)
    return size


@inlined
def _carry(node: Any, cost: Any, other: Any, limit: Any, dist: Array, beside: Array) -> None:
    """Note the other unit's cost of a junction that is about to be reached."""
    fell = cost < dist[node] or (cost == dist[node] and other < beside[node])
    if fell and cost <= limit:
        beside[node] = other


@inner
def _is_settled(node: Any, cost: Any, settled: Array, count: Any, dist: Array) -> Any:
    """Tell whether a junction is among those settled last, at the same cost."""
    while count > ZERO:
        count -= ONE
        other = uint64(settled[count]) & NODE
        if other == node:
            return True
        if uint64(dist[other]) < cost:
            return False
    return False


@inner
def search_junctions(
    g: Any, s: Any, row: Any, limit: Any, dist: Array, heap: Array, settled: Array,
    g2: Any, s2: Any, beside: Any,
) -> tuple[Any, Array]:  # fmt: skip
    """Settle every junction within the limit of one source, nearest first.

    Returns
    -------
    count
        How many junctions stand in ``settled``, marked `EDGE` when a way from them leads beyond the
        limit; the caller cleans ``dist`` of them.
    heap
        The same array, enlarged where it had to be.
    """
    size, count, none = ZERO, ZERO, uint64(len(g.first) - 1)
    for entry in range(s.first[row], s.first[row + 1]):
        if uint64(size) + MARGIN > uint64(len(heap)):
            heap = enlarged(heap, ZERO)
        a, b = uint64(s.a[entry]), uint64(s.b[entry])
        if a < none:
            if beside is not None:
                _carry(a, s.to_a[entry], s2.to_a[entry], limit, dist, beside)
            size = _reach(a, uint64(s.to_a[entry]), limit, dist, heap, size)
        if b < none:
            if beside is not None:
                _carry(b, s.to_b[entry], s2.to_b[entry], limit, dist, beside)
            size = _reach(b, uint64(s.to_b[entry]), limit, dist, heap, size)
    while size > ZERO:
        top = heap[ZERO]
        size = drop_first(heap, size)
        node, cost = top & LOW, top >> HALF
        if uint32(cost) != dist[node]:
            continue
        edge, again = ZERO, False
        if beside is not None:
            again = _is_settled(node, cost, settled, count, dist)
        arc, end = uint64(g.first[node]), uint64(g.through[node])
        if size + (end - arc) + MARGIN > uint64(len(heap)):
            heap = enlarged(heap, size + (end - arc) + MARGIN)
        while arc < end:
            onto, there = uint64(g.to[arc]), cost + uint64(g.cost[arc])
            if there <= limit:
                if there < uint64(dist[onto]):
                    dist[onto] = uint32(there)
                    size = push(heap, size, (there << HALF) | onto)
                    if beside is not None:
                        beside[onto] = beside[node] + uint64(g2.cost[arc])
                elif beside is not None and there == uint64(dist[onto]):
                    carried = beside[node] + uint64(g2.cost[arc])
                    if carried < beside[onto]:  # as short, and better in the other unit
                        beside[onto] = carried
                        if there == cost:  # else it waits on the heap with this very key
                            size = push(heap, size, (there << HALF) | onto)
            else:
                edge = EDGE
            arc += ONE
        if not again:
            settled[count] = uint32(node | edge)
            count += ONE
    return count, heap


@compiled
def junctions_reached(g: Any, s: Any, limit: Any, dist: Array, settled: Array) -> Any:
    """Settle the junctions within the limit of the first source; see `search_junctions`.

    ``settled`` is the result: numbers of junctions, marked; returned is how many they are.
    """
    heap = enlarged(np.empty(0, np.uint64), BEGIN)
    count, heap = search_junctions(g, s, 0, limit, dist, heap, settled, None, None, None)
    return np.int64(count)


@inlined
def _listed(
    cost: Any, other: Any, owner: Any, limit: Any, found: Any, keys: Array, costs: Any, others: Any
) -> Any:
    """List a target if it is within the limit; return how many are listed.

    The lower half of a key is the cost, or its place in ``costs`` where another unit is carried.
    """
    if others is None:
        keys[found] = (uint64(owner) << HALF) | cost
    else:
        keys[found] = (uint64(owner) << HALF) | found
        costs[found] = uint32(cost)
        others[found] = other
    return found + uint64(cost <= limit)


@inner
def _gather(
    g: Any, t: Any, limit: Any, dist: Array, settled: Array, reached: Any,
    keys: Array, costs: Any, t2: Any, beside: Any, others: Any,
) -> Any:  # fmt: skip
    """List the targets reached through junctions; a target may be listed several times."""
    found, q, other = ZERO, ZERO, ZERO
    wide = limit + uint64(t.slack)
    while q < reached:
        node, edge = uint64(settled[q]) & NODE, uint64(settled[q]) > NODE
        q += ONE
        here = uint64(dist[node])
        i, end = uint64(t.at[node]), uint64(t.at[node + ONE])
        while i < end:
            cost = here + uint64(t.at_cost[i])
            if beside is not None:
                other = beside[node] + uint64(t2.at_cost[i])
            found = _listed(cost, other, t.at_owner[i], limit, found, keys, costs, others)
            i += ONE
        i, end = uint64(t.first[g.own[node]]), uint64(t.first[g.own[node + ONE]])
        while i < end:  # on chains that begin here; what is FAR or CLOSED is above every limit
            chain = uint64(t.chain[i])
            b = uint64(g.b[chain])
            at_b = uint64(dist[b])
            by_a, by_b = here + uint64(t.from_a[i]), at_b + uint64(t.from_b[i])
            cost = min(by_a, by_b)
            if beside is not None:
                other_a = beside[node] + uint64(t2.from_a[i])
                other_b = beside[b] + uint64(t2.from_b[i])
                other = other_a if by_a < by_b else other_b
                other = min(other_a, other_b) if by_a == by_b else other
            found = _listed(cost, other, t.owner[i], limit, found, keys, costs, others)
            i += ONE
            if cost > wide and at_b == uint64(FAR):
                i = uint64(t.first[chain + ONE])  # the rest of the chain is farther still
        if not edge:
            continue
        arc, last = uint64(g.first[node]), uint64(g.through[node])
        while arc < last:  # chains that end here and whose beginning is not reached
            chain, far = uint64(g.chain[arc]), dist[g.to[arc]] == FAR and g.back[arc] == 1
            arc += ONE
            i, end = uint64(t.first[chain]), uint64(t.first[chain + ONE])
            if not far:
                continue
            while i < end:
                end -= ONE
                cost = here + uint64(t.from_b[end])
                if cost > wide:
                    break
                if beside is not None:
                    other = beside[node] + uint64(t2.from_b[end])
                found = _listed(cost, other, t.owner[end], limit, found, keys, costs, others)
    return found


@inner
def _gather_own_chains(
    g: Any, t: Any, s: Any, row: Any, limit: Any, found: Any, keys: Array, costs: Any,
    t2: Any, s2: Any, others: Any,
) -> Any:  # fmt: skip
    """List the targets reached along the source's own chains."""
    wide, other = np.int64(limit) + np.int64(t.slack), ZERO
    for entry in range(s.first[row], s.first[row + 1]):
        chain = s.chain[entry]
        if chain < 0:
            continue
        begin, end = t.first[chain], t.first[chain + 1]
        place, ways = s.place[entry], g.ways[chain]
        middle = first_at(t.place, begin, end, place)
        onwards, back = (ways & _ONWARDS) != 0, (ways & _BACK) != 0
        for behind in range(2):
            k, passable = middle - behind, back if behind else onwards
            ticks, less = t.from_a, s.ahead[entry]
            if behind or not onwards:
                ticks, less = t.from_b, s.behind[entry]
            while begin <= k < end and (passable or t.place[k] == place):
                cost = np.int64(ticks[k]) - less
                if cost > wide:
                    break
                if t2 is not None:
                    other = uint64(np.int64(t2.from_a[k]) - s2.ahead[entry])
                    if behind:
                        other = uint64(np.int64(t2.from_b[k]) - s2.behind[entry])
                found = _listed(uint64(cost), other, t.owner[k], limit, found, keys, costs, others)
                k += 1 - 2 * behind
    return found


@inner
def _write_row(
    ordered: Array, costs: Any, others: Any, found: Any, cap: Any, unit: Any,
    out: Array, out_cost: Array, out_other: Any, written: Any,
) -> Any:  # fmt: skip
    """Write one sorted row, each target once with its least cost; return the places used."""
    before, q = LOW, ZERO
    while q < found:
        owner, slot = ordered[q] >> HALF, ordered[q] & LOW
        q += ONE
        whole = uint32(slot) if others is None else costs[slot]
        cost = np.float32(min(np.float32(whole) * unit, cap))
        if owner == before:
            last = written - ONE
            if out_other is not None and cost <= out_cost[last]:
                other = np.float32(np.float32(others[slot]) * unit)
                if cost < out_cost[last] or other < out_other[last]:
                    out_other[last] = other
            out_cost[last] = min(cost, out_cost[last])
            continue
        out[written], out_cost[written] = np.int32(owner), cost
        if out_other is not None:
            out_other[written] = np.float32(others[slot]) * unit
        written += ONE
        before = owner
    return written


@compiled
def pairs_scalar(
    g: Any, t: Any, s: Any, rows: Array, done: Any, limit: Any, cap: Any, unit: Any,
    out: Array, out_cost: Array, out_other: Any, count: Array,
    dist: Array, settled: Array, keys: Array, spare: Array, tally: Array,
    g2: Any, t2: Any, s2: Any, beside: Any, costs: Any, others: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """Write all targets within the limit of each source, sorted by number.

    Parameters
    ----------
    g, t, s
        Tables of the graph, the targets and the sources; ``g2, t2, s2`` in the other unit or None.
    rows
        Sources to search from; ``done`` of them are already written.
    limit
        Ticks, uint64.
    cap, unit
        Costs are written as ``min(ticks * unit, cap)``.
    out, out_cost, out_other
        What is found: target, cost, cost in the other unit (or None).
    count
        int64: targets found of each of ``rows``.
    dist, settled
        Scratch: uint32 (j+1,), ``dist`` `FAR` everywhere and left so.
    keys, spare, tally
        Scratch: uint64 with a place for every target that can be listed, twice; uint32 (2048,).
    beside, costs, others
        Scratch: uint64 (j+1,), and uint32 and uint64 as long as ``keys``; or None.

    Returns
    -------
    done
        How many rows are written: fewer than all when ``out`` is full.
    used
        How many places of ``out`` are used.
    """
    heap = enlarged(np.empty(0, np.uint64), BEGIN)
    written = ZERO
    while done < len(rows):
        row = rows[done]
        reached, heap = search_junctions(g, s, row, limit, dist, heap, settled, g2, s2, beside)
        found = _gather(g, t, limit, dist, settled, reached, keys, costs, t2, beside, others)
        found = _gather_own_chains(g, t, s, row, limit, found, keys, costs, t2, s2, others)
        q = ZERO
        while q < reached:
            dist[uint64(settled[q]) & NODE] = FAR
            q += ONE
        if written + found > uint64(len(out)):
            return done, np.int64(written)
        swapped = sort_upper(keys, spare, np.int64(found), t.size, tally)
        began = written
        written = _write_row(
            spare if swapped else keys, costs, others, found, cap, unit,
            out, out_cost, out_other, written,
        )  # fmt: skip
        count[done] = np.int64(written - began)
        done += 1
    return done, np.int64(written)
