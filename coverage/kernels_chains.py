# ruff: noqa: C901 - compiled loops are written out
"""Compiled: Hilbert order of nodes, and chains of nodes that only pass through."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

Array = NDArray[Any]


@compiled
def hilbert_keys(x: Array, y: Array) -> Array:
    """Return the place of every point along a Hilbert curve of 2^32 cells over their extent.

    The curve keeps neighbours in the plane near each other in memory (Hilbert, 1891).
    """
    n = len(x)
    keys = np.empty(n, np.uint64)
    if n == 0:
        return keys
    left, bottom, right_end, top = x[0], y[0], x[0], y[0]
    for i in range(n):
        left, bottom = min(left, x[i]), min(bottom, y[i])
        right_end, top = max(right_end, x[i]), max(top, y[i])
    span = max(right_end - left, top - bottom)
    scale = 65535.0 / span if span > 0 else 0.0
    for i in range(n):
        a, b = np.int64((x[i] - left) * scale), np.int64((y[i] - bottom) * scale)
        key = np.int64(0)
        side = np.int64(1) << 15
        while side > 0:
            right, up = np.int64((a & side) > 0), np.int64((b & side) > 0)
            key += side * side * ((3 * right) ^ up)
            if up == 0:
                if right == 1:
                    a, b = 65535 - a, 65535 - b
                a, b = b, a
            side >>= 1
        keys[i] = key
    return keys


@compiled
def incidence(n: int, u: Array, v: Array, is_open: Array) -> tuple[Array, Array]:
    """Return, for each node, the open edges that end there (a loop stands twice), as CSR."""
    start = np.empty(n + 1, np.int64)
    for i in range(n + 1):
        start[i] = 0
    for e in range(len(u)):
        if is_open[e]:
            start[u[e] + 1] += 1
            start[v[e] + 1] += 1
    for i in range(n):
        start[i + 1] += start[i]
    place, edges = np.empty(n, np.int64), np.empty(start[n], np.int32)
    for i in range(n):
        place[i] = start[i]
    for e in range(len(u)):
        if is_open[e]:
            edges[place[u[e]]] = e
            place[u[e]] += 1
            edges[place[v[e]]] = e
            place[v[e]] += 1
    return start, edges


@compiled
def walk_chains(
    n: int, u: Array, v: Array, start: Array, incident: Array, keep: Array
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Join edges into chains between junctions.

    A junction is a node where not exactly two different edges meet, or one in ``keep``. A dead end
    is no junction: its chain ends in nothing (``to`` is -1). Chains begin at true junctions where
    there is one, then at one of two dead ends, then anywhere on a closed ring.

    Returns
    -------
    sequence
        int32: open edges, chain by chain, in walking order.
    against
        bool: the edge is walked from v to u.
    first
        int64 (c+1,): where each chain begins in ``sequence``.
    origin, to
        int32 (c,): nodes at the ends of each chain; -1 for a dead end.
    junction
        bool (n,).
    """
    m = len(incident) // 2
    sequence, against = np.empty(m, np.int32), np.empty(m, np.bool_)
    first = np.empty(m + 1, np.int64)
    origin, to = np.empty(m, np.int32), np.empty(m, np.int32)
    seen, stop, junction = np.empty(len(u), np.bool_), np.empty(n, np.bool_), np.empty(n, np.bool_)
    for e in range(len(u)):
        seen[e] = False
    first[0] = 0
    for i in range(n):
        degree = start[i + 1] - start[i]
        ring = degree == 2 and incident[start[i]] == incident[start[i] + 1]
        stop[i] = degree > 0 and (degree != 2 or ring or keep[i])
        junction[i] = stop[i] and degree != 1
    placed, count = 0, 0
    for phase in range(3):
        for node in range(n):
            if phase == 0 and not junction[node]:
                continue
            if phase == 1 and not stop[node]:
                continue
            for slot in range(start[node], start[node + 1]):
                edge = incident[slot]
                if seen[edge]:
                    continue
                junction[node] = True
                stop[node] = True
                here = node
                while True:
                    seen[edge] = True
                    sequence[placed] = edge
                    against[placed] = u[edge] != here
                    here = u[edge] if against[placed] else v[edge]
                    placed += 1
                    if stop[here]:
                        break
                    one, two = incident[start[here]], incident[start[here] + 1]
                    edge = two if one == edge else one
                origin[count] = node
                dead = start[here + 1] - start[here] == 1 and here != node
                to[count] = -1 if dead else here
                count += 1
                first[count] = placed
    return sequence, against, first[: count + 1], origin[:count], to[:count], junction
