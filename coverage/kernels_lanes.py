# ruff: noqa: C901, PLR0912, PLR0915, PLR0917 - compiled loops are written out
"""Compiled: bounded search from 32 neighbouring sources at once (J2 where sources are dense).

Neighbours meet nearly the same junctions, so one junction carries 32 costs side by side, one a
source, and a vector instruction or two relax an arc for all of them. A junction is scanned again
when any of its costs falls, so the result does not depend on the order of scanning.
"""

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
from .tables import FAR, UNREACHED

Array = NDArray[Any]

LANES = 32
#: Keeps the rows of merged costs from falling on the same lines of the cache.
PADDING = 80
_ONWARDS, _BACK = np.uint8(1), np.uint8(4)
#: Targets of a chain from which on it pays to stop at the limit.
_LONG = np.uint64(32)


@inlined
def _least(dist: Array, node: Any) -> Any:
    """Return the smallest of a junction's costs."""
    least = UNREACHED
    for k in range(LANES):
        least = min(least, dist[node, k])
    return least


@inlined
def _seed(
    node: Any, lane: Any, cost: Any, limit: Any, dist: Array, queued: Array, heap: Array,
    size: Any, touched: Array, count: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """Give one source a junction to begin at; return the sizes of heap and ``touched``."""
    if cost > limit:
        return size, count
    if _least(dist, node) == UNREACHED:
        touched[count] = uint32(node)
        count += ONE
    if cost < dist[node, lane]:
        dist[node, lane] = cost
        if cost < queued[node]:
            queued[node] = cost
            size = push(heap, size, (uint64(cost) << HALF) | node)
    return size, count


@inner
def search_lanes(
    g: Any, s: Any, rows: Array, limit: Any, dist: Array, queued: Array, heap: Array,
    touched: Array,
) -> tuple[Any, Array]:  # fmt: skip
    """Find the costs of every junction within the limit of up to 32 sources.

    Returns
    -------
    count
        How many junctions stand in ``touched``; the caller cleans ``dist`` of them.
    heap
        The heap, empty, enlarged where it had to be.
    """
    size, count, none = ZERO, ZERO, uint64(len(g.first) - 1)
    for lane in range(len(rows)):
        for entry in range(s.first[rows[lane]], s.first[rows[lane] + 1]):
            if size + MARGIN > uint64(len(heap)):
                heap = enlarged(heap, ZERO)
            a, b = uint64(s.a[entry]), uint64(s.b[entry])
            if a < none:
                size, count = _seed(
                    a, lane, s.to_a[entry], limit, dist, queued, heap, size, touched, count
                )
            if b < none:
                size, count = _seed(
                    b, lane, s.to_b[entry], limit, dist, queued, heap, size, touched, count
                )
    while size > ZERO:
        top = heap[ZERO]
        size = drop_first(heap, size)
        node, rank = top & LOW, uint32(top >> HALF)
        if rank != queued[node]:
            continue
        queued[node] = FAR
        arc, end = uint64(g.first[node]), uint64(g.through[node])
        if size + (end - arc) + MARGIN > uint64(len(heap)):
            heap = enlarged(heap, size + (end - arc) + MARGIN)
        while arc < end:
            onto, cost = uint64(g.to[arc]), g.cost[arc]
            arc += ONE
            if uint64(rank) + uint64(cost) > uint64(limit):
                continue  # no cost that fell since the last scan gets this far
            fell, before = UNREACHED, UNREACHED
            for k in range(LANES):
                old, new = dist[onto, k], uint32(dist[node, k] + cost)
                new = new if new <= limit else UNREACHED
                before = min(before, old)
                fell = min(fell, new if new < old else UNREACHED)
                dist[onto, k] = min(old, new)
            if fell < UNREACHED:
                if before == UNREACHED:
                    touched[count] = uint32(onto)
                    count += ONE
                if fell < queued[onto]:
                    queued[onto] = fell
                    size = push(heap, size, (uint64(fell) << HALF) | onto)
    return count, heap


@inner
def _room(keys: Array, costs: Array, least: Any) -> tuple[Array, Array]:
    """Return larger copies of keys and costs with room for more than ``least``."""
    size: Any = max(2 * len(keys), np.int64(least) + 1)
    more_keys, more_costs = np.empty(size, np.uint64), np.empty((size, LANES), np.uint32)
    for i in range(len(keys)):
        more_keys[i] = keys[i]
        for k in range(LANES):
            more_costs[i, k] = costs[i, k]
    return more_keys, more_costs


@inner
def gather_lanes(
    g: Any, t: Any, limit: Any, dist: Array, touched: Array, count: Any, keys: Array, costs: Array
) -> tuple[Any, Array, Array]:
    """List the targets that any of the sources reaches through junctions, with all their costs.

    Returns
    -------
    found
        How many are listed; a target may be listed several times.
    keys, costs
        Packed (number of the target, place in ``costs``), and (…, 32) ticks; enlarged where they
        had to be.
    """
    found, q = ZERO, ZERO
    wide = uint64(limit) + uint64(t.slack)
    while q < count:
        node = uint64(touched[q])
        q += ONE
        i, end = uint64(t.at[node]), uint64(t.at[node + ONE])
        chain, last = uint64(g.own[node]), uint64(g.own[node + ONE])
        most = found + (end - i) + uint64(t.first[last] - t.first[chain])
        if most >= uint64(len(keys)):
            keys, costs = _room(keys, costs, most)
        while i < end:
            extra = t.at_cost[i]
            for k in range(LANES):
                costs[found, k] = uint32(dist[node, k] + extra)
            keys[found] = (uint64(t.at_owner[i]) << HALF) | found
            found += ONE
            i += ONE
        end = uint64(t.first[chain])
        while chain < last:  # those that begin here
            b = uint64(g.b[chain])
            chain += ONE
            i, end = end, uint64(t.first[chain])
            long = end - i > _LONG and _least(dist, b) == UNREACHED
            nearest = uint64(_least(dist, node)) if long else ZERO
            while i < end:
                onto, back, least = t.from_a[i], t.from_b[i], UNREACHED
                if long and nearest + uint64(onto) > wide:
                    break
                for k in range(LANES):
                    cost = min(uint32(dist[node, k] + onto), uint32(dist[b, k] + back))
                    costs[found, k] = cost
                    least = min(least, cost)
                keys[found] = (uint64(t.owner[i]) << HALF) | found
                found += uint64(least <= limit)
                i += ONE
        arc, last = uint64(g.first[node]), uint64(g.through[node])
        while arc < last:  # chains that end here and whose beginning is not reached
            chain, onwards, onto = uint64(g.chain[arc]), g.back[arc] == 0, uint64(g.to[arc])
            arc += ONE
            if onwards or _least(dist, onto) != UNREACHED:
                continue
            i, end = uint64(t.first[chain]), uint64(t.first[chain + ONE])
            if found + (end - i) >= uint64(len(keys)):
                keys, costs = _room(keys, costs, found + (end - i))
            nearest = uint64(_least(dist, node))
            while i < end:
                end -= ONE
                extra = t.from_b[end]
                if nearest + uint64(extra) > wide:
                    break
                for k in range(LANES):
                    costs[found, k] = uint32(dist[node, k] + extra)
                keys[found] = (uint64(t.owner[end]) << HALF) | found
                found += uint64(nearest + uint64(extra) <= uint64(limit))
    return found, keys, costs


@inner
def _one_lane(
    cost: Any, lane: Any, owner: Any, limit: Any, found: Any, keys: Array, costs: Array
) -> Any:
    """List a target that one source reaches along its own chain; return how many are listed."""
    if cost > np.int64(limit):
        return found
    for k in range(LANES):
        costs[found, k] = UNREACHED
    costs[found, lane] = uint32(cost)
    keys[found] = (uint64(owner) << HALF) | found
    return found + ONE


@inner
def gather_own_chains(
    g: Any, t: Any, s: Any, rows: Array, limit: Any, found: Any, keys: Array, costs: Array
) -> tuple[Any, Array, Array]:
    """List the targets that sources reach along their own chains; as `gather_lanes`."""
    wide = np.int64(limit) + np.int64(t.slack)
    for lane in range(len(rows)):
        for entry in range(s.first[rows[lane]], s.first[rows[lane] + 1]):
            chain = s.chain[entry]
            if chain < 0:
                continue
            begin, end = t.first[chain], t.first[chain + 1]
            if found + uint64(end - begin) >= uint64(len(keys)):
                keys, costs = _room(keys, costs, found + uint64(end - begin))
            place, ways = s.place[entry], g.ways[chain]
            middle = first_at(t.place, begin, end, place)
            k = middle
            while k < end and ((ways & _ONWARDS) != 0 or t.place[k] == place):
                cost = np.int64(t.from_a[k]) - s.ahead[entry]
                if (ways & _ONWARDS) == 0:
                    cost = np.int64(t.from_b[k]) - s.behind[entry]
                if cost > wide:
                    break
                found = _one_lane(cost, lane, t.owner[k], limit, found, keys, costs)
                k += 1
            k = middle
            while k > begin and (ways & _BACK) != 0:
                k -= 1
                cost = np.int64(t.from_b[k]) - s.behind[entry]
                if cost > wide:
                    break
                found = _one_lane(cost, lane, t.owner[k], limit, found, keys, costs)
    return found, keys, costs


@inner
def merge_sorted(
    ordered: Array, found: Any, costs: Array, merged: Array, owners: Array, listed: Any
) -> Any:
    """Copy least costs in the order of sorted keys, one row (32, …) a source; return how many.

    The targets are written behind the ``listed`` first of ``owners``.
    """
    kept, before, q = ZERO, LOW, ZERO
    while q < found:
        owner, slot = ordered[q] >> HALF, ordered[q] & LOW
        if owner == before:
            last = kept - ONE
            for k in range(LANES):
                merged[k, last] = min(merged[k, last], costs[slot, k])
        else:
            for k in range(LANES):
                merged[k, kept] = costs[slot, k]
            owners[listed + kept] = np.int32(owner)
            kept += ONE
            before = owner
        q += ONE
    return kept


@inner
def mark_within(merged: Array, kept: Any, limit: Any, masks: Array, listed: Any) -> None:
    """Set the bits of the sources that each target is within the limit of."""
    t = ZERO
    while t < kept:
        masks[listed + t] = uint32(0)
        t += ONE
    for lane in range(LANES):
        costs, bit, t = merged[lane], uint32(1 << lane), ZERO
        while t < kept:
            masks[listed + t] |= bit if costs[t] <= limit else uint32(0)
            t += ONE


@inner
def write_lane(
    costs: Array, kept: Any, limit: Any, cap: Any, unit: Any, out_cost: Array, written: Any
) -> Any:
    """Write one source's costs within the limit; return how many are written in all."""
    t = ZERO
    while t < kept:
        cost = costs[t]
        out_cost[written] = min(np.float32(np.int32(cost)) * unit, cap)
        written += uint64(cost <= limit)
        t += ONE
    return written


@compiled
def pairs_lanes(
    g: Any, t: Any, s: Any, rows: Array, done: Any, limit: Any, cap: Any, unit: Any,
    out_cost: Array, out_owner: Array, out_mask: Array, count: Array, kept: Array,
    dist: Array, queued: Array,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Write all targets within the limit of each source; see `kernels_pairs.pairs_scalar`.

    Parameters
    ----------
    limit
        Ticks, uint32.
    out_cost
        What is found: costs, row by row.
    out_owner, out_mask
        Targets that any of 32 sources has, rising, and which of the sources have them (bits).
    count, kept
        int64: targets found of each of ``rows``, and of each 32 of them together.
    dist, queued
        Scratch: (j+1, 32) `UNREACHED` and (j+1,) `FAR` everywhere, and left so.

    Returns
    -------
    done
        How many rows are written: fewer than all when there is no room for more.
    used, listed
        How many places of ``out_cost``, and of ``out_owner`` and ``out_mask``, are used.
    """
    heap = enlarged(np.empty(0, np.uint64), BEGIN)
    touched = np.empty(len(g.first), np.uint32)
    keys, costs = np.empty(1 << 12, np.uint64), np.empty((1 << 12, LANES), np.uint32)
    spare, merged = np.empty(0, np.uint64), np.empty((LANES, 0), np.uint32)
    tally = np.empty(2048, np.uint32)
    written, listed = ZERO, ZERO
    while done < len(rows):
        group = rows[done : done + LANES]
        reached, heap = search_lanes(g, s, group, limit, dist, queued, heap, touched)
        found, keys, costs = gather_lanes(g, t, limit, dist, touched, reached, keys, costs)
        found, keys, costs = gather_own_chains(g, t, s, group, limit, found, keys, costs)
        q = ZERO
        while q < reached:
            node = uint64(touched[q])
            for k in range(LANES):
                dist[node, k] = UNREACHED
            q += ONE
        full = written + found * uint64(len(group)) >= uint64(len(out_cost))
        if full or listed + found > uint64(len(out_owner)):
            return done, np.int64(written), np.int64(listed)
        if len(spare) < len(keys):
            spare = np.empty(len(keys), np.uint64)
            merged = np.empty((LANES, len(keys) + PADDING), np.uint32)
        swapped = sort_upper(keys, spare, np.int64(found), t.size, tally)
        ordered = spare if swapped else keys
        together = merge_sorted(ordered, found, costs, merged, out_owner, listed)
        mark_within(merged, together, limit, out_mask, listed)
        for lane in range(len(group)):
            began = written
            written = write_lane(merged[lane], together, limit, cap, unit, out_cost, written)
            count[done + lane] = np.int64(written - began)
        kept[done // LANES] = np.int64(together)
        listed += together
        done += len(group)
    return done, np.int64(written), np.int64(listed)


@compiled
def place_targets(
    owners: Array, masks: Array, kept: Array, rows: Array, indptr: Array, whole: Array
) -> None:
    """Write the targets of each row to its place: those whose mask has the row's bit."""
    begin = ZERO
    for group in range(len(kept)):
        end = begin + uint64(kept[group])
        for lane in range(min(LANES, len(rows) - group * LANES)):
            row = rows[group * LANES + lane]
            place, last, shift = uint64(indptr[row]), uint64(indptr[row + 1]), uint32(lane)
            i = begin
            while place < last:  # never beyond the row: others write behind it
                whole[place] = owners[i]
                place += uint64((masks[i] >> shift) & uint32(1))
                i += ONE
        begin = end
