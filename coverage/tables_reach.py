"""Array tables that the compiled search under service areas reads and writes."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]


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
