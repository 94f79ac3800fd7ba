"""Edges joined to chains, and what walking along chains costs in whole ticks.

A chain is a run of edges through nodes where nothing can be decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from .impedance import Impedance
from .network import StreetNetwork
from .tables import CLOSED

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """How a network's edges make chains: m edges, c chains, j junctions.

    Attributes
    ----------
    sequence
        int32: open edges, chain by chain in walking order.
    against
        bool, like ``sequence``: walked from v to u.
    first
        int64 (c+1,): where each chain begins in ``sequence``.
    at
        int64 (m,): where each edge stands in ``sequence``; -1 closed.
    a, b
        uint32 (c,): junctions at the ends; ``a`` rises, ``b`` is j for a dead end.
    junctions
        int64 (j,): their nodes.
    """

    sequence: NDArray[np.int32]
    against: NDArray[np.bool_]
    first: NDArray[np.int64]
    at: NDArray[np.int64]
    a: NDArray[np.uint32]
    b: NDArray[np.uint32]
    junctions: NDArray[np.int64]

    @property
    def chain(self) -> NDArray[np.int64]:
        """int64, like ``sequence``: the chain each edge belongs to."""
        return np.repeat(np.arange(len(self.a)), np.diff(self.first))


def contract(network: StreetNetwork, costs: Impedance) -> Chains:
    """Return the network's chains; junctions and chains follow a Hilbert curve.

    The ends of an edge closed one way stay junctions, so that a chain is open or closed as a whole.
    """
    n = network.n_nodes
    order = np.argsort(hilbert_keys(network.x, network.y), kind="stable")
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    u, v = rank[network.edge_u], rank[network.edge_v]
    onwards, back = np.isfinite(costs.forward), np.isfinite(costs.backward)
    keep = np.zeros(n, np.bool_)
    one_way = onwards != back
    keep[u[one_way]] = keep[v[one_way]] = True
    start, incident = incidence(n, u, v, onwards | back)
    sequence, against, first, origin, to, junction = _walked(u, v, start, incident, keep)
    by_origin = np.argsort(origin, kind="stable")
    first, place = _reordered(first, by_origin)
    sequence, against, origin, to = (
        sequence[place],
        against[place],
        origin[by_origin],
        to[by_origin],
    )
    number = np.cumsum(junction) - 1
    count = int(junction.sum())
    at = np.full(network.n_edges, -1, np.int64)
    at[sequence] = np.arange(len(sequence))
    return Chains(
        sequence,
        against,
        first,
        at,
        number[origin].astype(np.uint32),
        np.where(to >= 0, number[to], count).astype(np.uint32),
        order[junction],
    )


def hilbert_keys(x: Floats, y: Floats) -> NDArray[np.uint32]:
    """Return the place of every point along a Hilbert curve of 2^32 cells over their extent.

    The curve keeps neighbours in the plane near each other in memory (Hilbert, 1891).
    """
    keys = np.zeros(len(x), np.uint32)
    if len(x) == 0:
        return keys
    left, bottom = x.min(), y.min()
    span = max(x.max() - left, y.max() - bottom)
    scale = 65535.0 / span if span > 0 else 0.0
    a, b = ((x - left) * scale).astype(np.uint16), ((y - bottom) * scale).astype(np.uint16)
    for bit in range(15, -1, -1):
        right, up = (a >> bit) & 1, (b >> bit) & 1
        keys = (keys << 2) | ((3 * right) ^ up)
        turned = np.where((up == 0) & (right == 1), np.uint16(65535), np.uint16(0))
        a, b = a ^ turned, b ^ turned
        a, b = np.where(up == 0, b, a), np.where(up == 0, a, b)
    return keys


def incidence(
    n: int, u: NDArray[Any], v: NDArray[Any], is_open: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return, for each node, the open edges that end there (a loop stands twice), as CSR."""
    edges = np.flatnonzero(is_open)
    ends = np.column_stack([u[edges], v[edges]]).ravel()
    place = np.arange(len(ends) + 1)  # one entry a column, so that none are added up
    by_end = csc_array((place[:-1], ends, place), shape=(n, len(ends))).tocsr()
    return by_end.indptr.astype(np.int64), np.repeat(edges, 2)[by_end.indices].astype(np.int32)


def _walked(
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    start: NDArray[np.int64],
    incident: NDArray[np.int32],
    keep: NDArray[np.bool_],
) -> tuple[NDArray[Any], ...]:
    """Return sequence, against, first, origin, to and junction of `kernels_chains.walk_chains`.

    A junction is a node where not exactly two different edges meet, or one in ``keep``.
    """
    from .kernels_chains import walk_chains  # noqa: PLC0415 - numba only when needed

    degree, m = np.diff(start), len(incident) // 2
    stop = (degree > 0) & ((degree != 2) | keep)
    two = np.flatnonzero(degree == 2)
    stop[two] |= incident[start[two]] == incident[start[two] + 1]  # a ring of one edge
    junction = stop & (degree != 1)
    sequence, origin, to = (np.empty(m, np.int32) for _ in range(3))
    against, seen = np.empty(m, np.bool_), np.zeros(len(u), np.bool_)
    first = np.zeros(m + 1, np.int64)
    count = walk_chains(
        u, v, start, incident, stop, junction, seen, sequence, against, first, origin, to
    )
    return sequence, against, first[: count + 1], origin[:count], to[:count], junction


def _reordered(
    first: NDArray[np.int64], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the borders of a CSR's rows in another order, and which entries stand in them."""
    count = np.diff(first)[order]
    moved = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return moved, np.repeat(first[order] - moved[:-1], count) + np.arange(moved[-1])


@dataclass(frozen=True, slots=True, eq=False)
class ChainCosts:
    """One unit's costs along chains, in ticks of ``1 / scale``.

    Attributes
    ----------
    onwards, back
        float64, like ``Chains.sequence``: cost of each edge with and against its chain; inf closed.
    before, before_back
        float64, like ``Chains.sequence``: cost from the chain's beginning to the edge, and from
        there back to the beginning.
    whole, whole_back
        uint32 (c,): ticks of the whole chain; `CLOSED` where closed.
    """

    scale: float
    onwards: Floats
    back: Floats
    before: Floats
    before_back: Floats
    whole: NDArray[np.uint32]
    whole_back: NDArray[np.uint32]

    @classmethod
    def along(cls, chains: Chains, forward: Floats, backward: Floats, scale: float) -> ChainCosts:
        """Sum the edges' costs along the chains."""
        edges, against = chains.sequence, chains.against
        onwards = np.where(against, backward[edges], forward[edges])
        back = np.where(against, forward[edges], backward[edges])
        before, whole = _cumulated(chains, onwards, scale)
        before_back, whole_back = _cumulated(chains, back, scale)
        return cls(scale, onwards, back, before, before_back, whole, whole_back)


def _cumulated(chains: Chains, cost: Floats, scale: float) -> tuple[Floats, NDArray[np.uint32]]:
    """Return the cost before each edge on its chain, and the whole chain's ticks."""
    is_open = np.isfinite(cost)
    total = np.concatenate([[0.0], np.cumsum(np.where(is_open, cost, 0.0))])
    first = chains.first
    before = total[:-1] - np.repeat(total[first[:-1]], np.diff(first))
    whole = ticks(total[first[1:]] - total[first[:-1]], scale)
    shut = np.zeros(len(chains.a), np.bool_)
    shut[chains.chain[~is_open]] = True
    return before, np.where(shut, CLOSED, whole)


def ticks(cost: Floats, scale: float) -> NDArray[np.uint32]:
    """Return costs as whole ticks; inf becomes `CLOSED`."""
    top = float(CLOSED)
    return np.minimum(np.rint(np.minimum(cost, top) * scale), top).astype(np.uint32)


def longest_chain(costs: Impedance, chains: Chains) -> float:
    """Return the largest cost of an open chain in any unit, rounded."""
    units = [(costs.forward, costs.backward)]
    if costs.ratio is None:
        units.append((costs.other_forward, costs.other_backward))
    sums = [ChainCosts.along(chains, forward, backward, 1.0) for forward, backward in units]
    wholes = [whole for unit in sums for whole in (unit.whole, unit.whole_back)]
    return float(max(whole[whole < CLOSED].max(initial=0) for whole in wholes))
