"""Which parts of which streets are reached within breaks: the search under all service areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .impedance import Unit, impedance
from .locate import Locations
from .network import StreetNetwork
from .profiles import TravelProfile

Floats = NDArray[np.float64]
Array = NDArray[Any]
Direction = Literal["to", "from"]


class ReachGraph(NamedTuple):
    """Nodes and the edges at them, with the cost of walking away from the facility.

    Attributes
    ----------
    first
        int64 (n+1,): arcs of each node; every edge stands at both of its ends.
    to, edge
        int32: node at the other end, edge.
    cost
        float64: from this node to the other; inf closed.
    at_v
        bool: this node is the edge's v.
    u, v
        int32 (m,): ends of the edges.
    out, back
        float64 (m,): cost from u to v and from v to u.
    """

    first: Array
    to: Array
    edge: Array
    cost: Array
    at_v: Array
    u: Array
    v: Array
    out: Array
    back: Array


class Lines(NamedTuple):
    """Geometry of edges: CSR ``start``, points ``x``, ``y``, fraction ``along`` their edge."""

    start: Array
    x: Array
    y: Array
    along: Array


class Entries(NamedTuple):
    """Where facilities enter the network, sorted along edges: edge, fraction, cost so far."""

    edge: Array
    share: Array
    cost: Array


class Parts(NamedTuple):
    """Reached parts of edges: fractions from ``begin`` to ``end``, least and largest cost."""

    edge: Array
    begin: Array
    end: Array
    near: Array
    far: Array


@dataclass(frozen=True, slots=True)
class Reached:
    """What one search reached within k breaks; a break's parts add to those before.

    Attributes
    ----------
    parts
        Reached parts of edges.
    first
        int64 (k+1,): break ``i`` owns parts ``first[i]:first[i + 1]``.
    """

    parts: Parts
    first: NDArray[np.int64]

    def pieces(self, lines: Lines) -> list[Floats]:
        """Return what each break adds, as straight pieces (k, 4): x, y of both ends."""
        return [_pieces(*self.points(lines, i)) for i in range(len(self.first) - 1)]

    def points(self, lines: Lines, level: int) -> tuple[Floats, NDArray[np.int64]]:
        """Return the geometry of one break's parts: points (p, 2) and CSR of parts."""
        from .kernels_reach import part_points  # noqa: PLC0415 - numba only when needed

        found: tuple[Floats, NDArray[np.int64]] = part_points(
            lines, self.parts, self.first[level : level + 2]
        )
        return found


def _pieces(points: Floats, start: NDArray[np.int64]) -> Floats:
    """Cut lines into their straight pieces; a line of one place becomes a piece of length 0."""
    joined = np.ones(len(points), np.bool_)
    joined[start[1:] - 1] = False
    begin = np.flatnonzero(joined)
    return np.concatenate([points[begin], points[begin + 1]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class ReachScratch:
    """Arrays one thread searches with, clean between searches."""

    dist: Floats
    touched: NDArray[np.int32]
    entered: NDArray[np.bool_]
    heap: list[NDArray[np.uint64]] = field(default_factory=list)

    @classmethod
    def of(cls, network: StreetNetwork) -> ReachScratch:
        """Return clean arrays for a network."""
        from .kernels_heap import EMPTY  # noqa: PLC0415 - numba only when needed

        n = network.n_nodes
        return cls(
            np.full(n, np.inf),
            np.empty(n, np.int32),
            np.zeros(network.n_edges, np.bool_),
            [np.full(1024, EMPTY, np.uint64)],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """One network under one way of walking, ready to be searched from facilities.

    Attributes
    ----------
    graph
        Tables in the minimised unit.
    lines
        Geometry of the edges.
    access
        Cost of a metre off the street.
    other_per_unit
        The other unit (m or s) per unit of cost where they are proportional, else None.
    """

    graph: ReachGraph
    lines: Lines
    access: float
    other_per_unit: float | None

    def search(
        self, facilities: Locations, rows: Array, breaks: Sequence[float], scratch: ReachScratch
    ) -> Reached:
        """Find what is reached from any of some facilities.

        Parameters
        ----------
        facilities
            Points on the network.
        rows
            Positions of those to begin at.
        breaks
            Costs, rising.
        scratch
            Clean arrays; cleaned again.
        """
        from .kernels_reach import (  # noqa: PLC0415 - numba only when needed
            reached_parts,
            room_for_parts,
            search_nodes,
            settle_entries,
        )

        g, s = self.graph, scratch
        entries = self._entries(facilities, rows)
        seed, cost = _seeds(g, entries)
        limit = float(breaks[-1])
        count, s.heap[0] = search_nodes(g, seed, cost, limit, s.dist, s.touched, s.heap[0])
        touched = s.touched[:count]
        settle_entries(g, entries, s.dist)
        s.entered[entries.edge] = True
        parts = _room(len(breaks) * room_for_parts(g, entries, touched))
        first = np.zeros(len(breaks) + 1, np.int64)
        levels = np.asarray(breaks, np.float64)
        reached_parts(g, entries, touched, s.dist, s.entered, levels, parts, first)
        s.entered[entries.edge] = False
        s.dist[touched] = np.inf
        return Reached(Parts(*(column[: first[-1]] for column in parts)), first)

    def _entries(self, facilities: Locations, rows: Array) -> Entries:
        count = facilities.start[rows + 1] - facilities.start[rows]
        shift = np.cumsum(count) - count
        at = np.repeat(facilities.start[rows] - shift, count) + np.arange(count.sum())
        order = at[np.lexsort([facilities.fraction[at], facilities.edge[at]])]
        cost = facilities.access[order] * (self.access if facilities.count_access else 0.0)
        return Entries(facilities.edge[order], facilities.fraction[order], cost)


def _room(size: int) -> Parts:
    return Parts(np.empty(size, np.int32), *(np.empty(size) for _ in range(4)))


def _seeds(graph: ReachGraph, entries: Entries) -> tuple[NDArray[np.int32], Floats]:
    """Return the ends of the entries' edges and what it costs to get there."""
    with np.errstate(invalid="ignore"):  # no way at all along a closed edge: inf * 0
        to_u = np.where(entries.share > 0, graph.back[entries.edge] * entries.share, 0.0)
        rest = 1.0 - entries.share
        to_v = np.where(rest > 0, graph.out[entries.edge] * rest, 0.0)
    node = np.concatenate([graph.u[entries.edge], graph.v[entries.edge]])
    return node, np.concatenate([entries.cost + to_u, entries.cost + to_v])


_REACHES: WeakKeyDictionary[StreetNetwork, dict[Any, Reach]] = WeakKeyDictionary()


def reach(network: StreetNetwork, by: Unit, profile: TravelProfile, direction: Direction) -> Reach:
    """Return the tables of a network under one way of walking, building them when first asked for.

    Raises
    ------
    QueryError
        If ``by`` is unknown.
    """
    kept = _REACHES.setdefault(network, {})
    key = (by, profile, direction)
    if key not in kept:
        costs = impedance(network, by, profile)
        ways = (costs.forward, costs.backward)
        out, back = ways if direction == "from" else ways[::-1]
        kept[key] = Reach(_graph(network, out, back), _lines(network), costs.access, costs.ratio)
    return kept[key]


def _graph(network: StreetNetwork, out: Floats, back: Floats) -> ReachGraph:
    u, v = network.edge_u, network.edge_v
    m = np.arange(len(u), dtype=np.int32)
    ends = np.concatenate([u, v])
    order = np.argsort(ends, kind="stable")
    first = np.zeros(network.n_nodes + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=network.n_nodes), out=first[1:])
    return ReachGraph(
        first=first,
        to=np.concatenate([v, u])[order],
        edge=np.concatenate([m, m])[order],
        cost=np.concatenate([out, back])[order],
        at_v=np.repeat(np.array([False, True]), len(u))[order],
        u=u,
        v=v,
        out=out,
        back=back,
    )


def _lines(network: StreetNetwork) -> Lines:
    """Return the geometry with the fraction of its edge at which each point lies."""
    start, x, y = network.edge_start, network.gx, network.gy
    steps = np.zeros(len(x))
    steps[1:] = np.hypot(np.diff(x), np.diff(y))
    steps[start[:-1]] = 0.0  # from one line to the next is no step
    total = np.cumsum(steps)
    begin, size = total[start[:-1]], np.diff(start)
    whole = total[start[1:] - 1] - begin
    before, per = np.repeat(begin, size), np.repeat(whole, size)
    along = np.divide(total - before, per, out=np.zeros(len(x)), where=per > 0)
    return Lines(start, x, y, along)
