# ruff: noqa: PLR0917 - compiled loops are written out
"""Compiled: bounded search to all nodes, and the parts of edges reached within each break.

Costs stay float64, so parts are cut exactly at the break. The heap orders nodes by their cost
rounded to float32; a node whose cost falls after it was scanned is scanned again, so rounding never
changes a result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint32, uint64
from numpy.typing import NDArray

from .compiled import compiled, inlined
from .kernels_heap import EMPTY, HALF, LOW, MARGIN, ONE, ZERO, drop_first, push
from .tables_reach import Parts

Array = NDArray[Any]

_SPARE = int(MARGIN)


@inlined
def _rank(cost: Any) -> Any:
    """Return the bits of a cost as float32: of costs not below 0 they order as the costs do."""
    return np.float32(cost).view(np.uint32)


@compiled
def _part(whole: float, share: float) -> float:
    return whole * share if share > 0.0 else 0.0


@compiled
def _roomy(heap: Array, least: Any) -> Array:
    """Return a heap with room for ``least`` keys; loops compile far sooner than slices."""
    if least <= len(heap):
        return heap
    bigger = np.empty(2 * least, np.uint64)
    for i in range(len(bigger)):
        bigger[i] = heap[i] if i < len(heap) else EMPTY
    return bigger


@compiled
def search_nodes(
    g: Any, entries: Any, limit: float, dist: Array, touched: Array, heap: Array
) -> tuple[int, Array]:
    """Find the cost of every node within the limit (inclusive) from any of some entries.

    Returns
    -------
    count
        How many nodes stand in ``touched``.
    heap
        The heap, empty, enlarged where it had to be.
    """
    size, count = ZERO, 0
    heap = _roomy(heap, 2 * len(entries.edge) + _SPARE)
    for i in range(2 * len(entries.edge)):
        edge, share, cost = entries.edge[i >> 1], entries.share[i >> 1], entries.cost[i >> 1]
        node = g.u[edge] if i & 1 else g.v[edge]
        cost += _part(g.back[edge], share) if i & 1 else _part(g.out[edge], 1.0 - share)
        if cost > limit or cost >= dist[node]:
            continue
        if dist[node] == np.inf:
            touched[count] = node
            count += 1
        dist[node] = cost
        size = push(heap, size, (uint64(_rank(cost)) << HALF) | uint64(node))
    while size > ZERO:
        top = heap[ZERO]
        size = drop_first(heap, size)
        node = top & LOW
        here = dist[node]
        if uint32(top >> HALF) != _rank(here):
            continue
        arc, end = uint64(g.first[node]), uint64(g.first[node + ONE])
        heap = _roomy(heap, np.int64(size + (end - arc)) + _SPARE)
        while arc < end:
            onto, reach = uint64(g.to[arc]), here + g.cost[arc]
            arc += ONE
            if reach <= limit and reach < dist[onto]:
                if dist[onto] == np.inf:
                    touched[count] = onto
                    count += 1
                dist[onto] = reach
                size = push(heap, size, (uint64(_rank(reach)) << HALF) | onto)
    return count, heap


@compiled
def _share(start: float, cost: float, limit: float) -> float:
    """Return how much of a stretch is walked from an end within the limit; -1: not even the end."""
    if start > limit:
        return -1.0
    if cost == np.inf:
        return 0.0
    if cost <= limit - start:
        return 1.0
    return (limit - start) / cost


@compiled
def _meeting(left: float, right: float, out: float, back: float) -> float:
    """Return the largest cost on a stretch that is reached from its ends."""
    if max(out, left) == np.inf:
        return right + back
    if max(back, right) == np.inf:
        return left + out
    if out + back == 0.0:
        return min(left, right)
    share = min(max((right + back - left) / (out + back), 0.0), 1.0)
    return left + share * out


@compiled
def _write(parts: Any, n: int, edge: int, begin: float, end: float, near: float, far: float) -> int:
    parts.edge[n] = edge
    parts.begin[n], parts.end[n] = begin, end
    parts.near[n], parts.far[n] = near, far
    return n + 1


@compiled
def _stretch(
    parts: Any, n: int, edge: int, begin: float, end: float, left: float, right: float,
    out: float, back: float, done: float, limit: float,
) -> int:  # fmt: skip
    """Write what of one stretch of an edge is reached within ``limit`` and not within ``done``.

    The stretch runs from ``begin`` to ``end`` (fractions of the edge); its ends cost ``left`` and
    ``right``, walking it costs ``out`` onwards and ``back`` the other way.
    """
    a, b = _share(left, out, limit), _share(right, back, limit)
    a0, b0 = _share(left, out, done), _share(right, back, done)
    span = end - begin
    if max(a0, 0.0) + max(b0, 0.0) >= 1.0:
        return n
    if max(a, 0.0) + max(b, 0.0) >= 1.0:
        worst = _meeting(left, right, out, back)
        low, high = begin + max(a0, 0.0) * span, end - max(b0, 0.0) * span
        return _write(parts, n, edge, low, high, min(left, right), worst)
    if a > a0:
        low, high = begin + max(a0, 0.0) * span, begin + a * span
        n = _write(parts, n, edge, low, high, left, left + (a * out if a > 0.0 else 0.0))
    if b > b0:
        low, high = end - b * span, end - max(b0, 0.0) * span
        n = _write(parts, n, edge, low, high, right, right + (b * back if b > 0.0 else 0.0))
    return n


@compiled
def _entered_edge(
    parts: Any, n: int, g: Any, entries: Any, at: int, dist: Array, done: float, limit: float
) -> int:
    """Write the reached parts of an edge with entries ``at``, … on it: a stretch between two."""
    edge = entries.edge[at]
    out, back = g.out[edge], g.back[edge]
    here, cost = 0.0, dist[g.u[edge]]
    i = at
    while i < len(entries.edge) and entries.edge[i] == edge:
        step = entries.share[i] - here
        n = _stretch(
            parts, n, edge, here, entries.share[i], cost, entries.cost[i],
            _part(out, step), _part(back, step), done, limit,
        )  # fmt: skip
        here, cost = entries.share[i], entries.cost[i]
        i += 1
    step = 1.0 - here
    return _stretch(
        parts, n, edge, here, 1.0, cost, dist[g.v[edge]],
        _part(out, step), _part(back, step), done, limit,
    )  # fmt: skip


@compiled
def settle_entries(g: Any, entries: Any, dist: Array) -> None:
    """Lower the costs of entries that are reached sooner along their edge, sorted along edges."""
    for i in range(len(entries.edge)):
        edge = entries.edge[i]
        first = i == 0 or entries.edge[i - 1] != edge
        before = dist[g.u[edge]] if first else entries.cost[i - 1]
        step = entries.share[i] - (0.0 if first else entries.share[i - 1])
        entries.cost[i] = min(entries.cost[i], before + _part(g.out[edge], step))
    for i in range(len(entries.edge) - 1, -1, -1):
        edge = entries.edge[i]
        last = i + 1 == len(entries.edge) or entries.edge[i + 1] != edge
        after = dist[g.v[edge]] if last else entries.cost[i + 1]
        step = (1.0 if last else entries.share[i + 1]) - entries.share[i]
        entries.cost[i] = min(entries.cost[i], after + _part(g.back[edge], step))


@compiled
def room_for_parts(g: Any, entries: Any, touched: Array) -> int:
    """Return how many parts one break can have at most."""
    room = 4 * len(entries.edge)
    for node in touched:
        room += 2 * (g.first[node + 1] - g.first[node])
    return room


@compiled
def reached_parts(
    g: Any, entries: Any, breaks: Array, dist: Array, touched: Array, entered: Array, heap: Array
) -> tuple[Any, Array, Array]:
    """Find the reached parts of edges, break by break; each break adds to the one before.

    Parameters
    ----------
    g
        `quarterhour.coverage.reach.ReachGraph`.
    entries
        `quarterhour.coverage.reach.Entries`, sorted along edges; costs are lowered in place.
    breaks
        float64 (k,), rising.
    dist, touched, entered, heap
        Scratch: float64 (n,) all inf, int32 (n,), bool (m,) all False, uint64 all `EMPTY`;
        clean again on return.

    Returns
    -------
    parts
        `quarterhour.coverage.reach.Parts`.
    first
        int64 (k+1,): parts of each break.
    heap
        The heap, enlarged where it had to be.
    """
    count, heap = search_nodes(g, entries, breaks[-1], dist, touched, heap)
    found = touched[:count]
    settle_entries(g, entries, dist)
    for edge in entries.edge:
        entered[edge] = True
    room = len(breaks) * room_for_parts(g, entries, found)
    parts = Parts(
        np.empty(room, np.int32), np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    )
    first = write_parts(g, entries, found, dist, entered, breaks, parts)
    for edge in entries.edge:
        entered[edge] = False
    for node in found:
        dist[node] = np.inf
    return parts, first, heap


@compiled
def write_parts(
    g: Any, entries: Any, touched: Array, dist: Array, entered: Array, breaks: Array, parts: Any
) -> Array:
    """Write the parts of all breaks and return their CSR."""
    first = np.zeros(len(breaks) + 1, np.int64)
    n: Any = np.int64(0)  # typed: a plain 0 would be compiled for itself
    for k in range(len(breaks)):
        limit, done = breaks[k], breaks[k - 1] if k > 0 else -1.0
        first[k] = n
        for node in touched:
            if dist[node] > limit:
                continue
            for arc in range(g.first[node], g.first[node + 1]):
                edge = g.edge[arc]
                if entered[edge] or (g.at_v[arc] and dist[g.u[edge]] <= limit):
                    continue  # met from its other end
                n = _stretch(
                    parts, n, edge, 0.0, 1.0, dist[g.u[edge]], dist[g.v[edge]],
                    g.out[edge], g.back[edge], done, limit,
                )  # fmt: skip
        for i in range(len(entries.edge)):
            if i == 0 or entries.edge[i - 1] != entries.edge[i]:
                n = _entered_edge(parts, n, g, entries, i, dist, done, limit)
    first[len(breaks)] = n
    return first


@compiled
def _point_at(line: Any, begin: int, end: int, share: float) -> tuple[float, float]:
    """Return the point at a fraction of a line's length."""
    i = begin + 1
    while i < end - 1 and line.along[i] < share:
        i += 1
    span = line.along[i] - line.along[i - 1]
    t = (share - line.along[i - 1]) / span if span > 0.0 else 0.0
    t = min(max(t, 0.0), 1.0)
    return (
        line.x[i - 1] + t * (line.x[i] - line.x[i - 1]),
        line.y[i - 1] + t * (line.y[i] - line.y[i - 1]),
    )


@compiled
def part_points(line: Any, parts: Any, count: int) -> tuple[Array, Array]:
    """Return the geometry of the first parts: points (p, 2), and CSR of parts into them."""
    room = 0
    for i in range(count):
        room += line.start[parts.edge[i] + 1] - line.start[parts.edge[i]] + 2
    points = np.empty((room, 2))
    start = np.zeros(count + 1, np.int64)
    n = 0
    for i in range(count):
        begin, end = line.start[parts.edge[i]], line.start[parts.edge[i] + 1]
        low, high = parts.begin[i], parts.end[i]
        points[n, 0], points[n, 1] = _point_at(line, begin, end, low)
        n += 1
        for p in range(begin, end):
            if low < line.along[p] < high:
                points[n, 0], points[n, 1] = line.x[p], line.y[p]
                n += 1
        points[n, 0], points[n, 1] = _point_at(line, begin, end, high)
        n += 1
        start[i + 1] = n
    return points[:n], start


@compiled
def straight_pieces(line: Any, parts: Any, first: Array) -> tuple[Array, Array]:
    """Return the straight pieces of parts (q, 4), x and y of both ends, and CSR of breaks."""
    points, start = part_points(line, parts, first[-1])
    pieces = np.empty((len(points) - len(start) + 1, 4))
    n = 0
    for i in range(len(start) - 1):
        for p in range(start[i], start[i + 1] - 1):
            pieces[n, 0], pieces[n, 1] = points[p, 0], points[p, 1]
            pieces[n, 2], pieces[n, 3] = points[p + 1, 0], points[p + 1, 1]
            n += 1
    begin = np.empty(len(first), np.int64)
    for k in range(len(first)):
        begin[k] = start[first[k]] - first[k]
    return pieces, begin
