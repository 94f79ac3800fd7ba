"""Array tables that the compiled searches read: graph, targets, sources.

Costs are whole **ticks** (see `quarterhour.coverage.ticks`): sums of whole numbers do not depend
on their order, so every kernel, tile and thread gives bit-identical results. Where the other unit
is carried along the routes, the same tables come a second time with that unit's ticks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Cost of a closed way: above every limit, and small enough to add to a cost below it.
CLOSED = np.uint32(1 << 30)
#: Cost of what no search has reached.
FAR = np.uint32(0xFFFFFFFF)
#: The same where costs are added without a test: FAR below, and no sum with CLOSED overflows.
UNREACHED = np.uint32(0x7FFFFFFF)


class Graph(NamedTuple):
    """Junctions and chains: j junctions, a arcs, c chains.

    Attributes
    ----------
    first
        int64 (j+1,): arcs leaving each junction.
    through
        int64 (j,): end of the arcs that lead on; from here to the next ``first``, dead ends.
    to, cost
        uint32 (a,): junction reached, ticks.
    chain
        uint32 (a,): chain walked.
    back
        uint8 (a,): 1 when walked from its end to its beginning.
    a, b
        uint32 (c,): junctions at the beginning (rising) and end; ``b`` is j for a dead end.
    own
        int64 (j+1,): chains that begin at each junction.
    ways
        uint8 (c,): 1 walkable onwards, 2 reached from ``b``, 4 walkable back (a dead end has no
        ``b`` but can be walked back).
    """

    first: Array
    through: Array
    to: Array
    cost: Array
    chain: Array
    back: Array
    a: Array
    b: Array
    own: Array
    ways: Array


class Targets(NamedTuple):
    """Where walks end: on chains, sorted along each, and at junctions.

    Attributes
    ----------
    first
        int64 (c+1,): targets on each chain.
    chain
        uint32 (t,): chain each is on.
    from_a, from_b
        uint32 (t,): ticks from the chain's beginning and end, the way off the street included.
    place
        float64 (t,): position along the chain, rising from 0; whole numbers are nodes.
    owner
        uint32 (t,): number of the point.
    at
        int64 (j+1,): targets at each junction.
    at_cost, at_owner
        uint32: ticks off the street, number of the point.
    slack
        Largest cost off the street.
    size
        Number of points.
    """

    first: Array
    chain: Array
    from_a: Array
    from_b: Array
    place: Array
    owner: Array
    at: Array
    at_cost: Array
    at_owner: Array
    slack: Any
    size: Any


class Sources(NamedTuple):
    """Where walks begin: n points with e entries.

    Attributes
    ----------
    first
        int64 (n+1,): entries of each point.
    a, b
        uint32 (e,): junctions the entry leads to; j for none.
    to_a, to_b
        uint32 (e,): ticks to get there, the way to the street included; `CLOSED` for none.
    chain
        int64 (e,): chain the entry is on, -1 at a junction.
    place
        float64 (e,): position along it.
    ahead, behind
        int64 (e,): what to take from a target's ``from_a`` when it lies ahead on the same chain,
        and from its ``from_b`` when it lies behind.
    """

    first: Array
    a: Array
    b: Array
    to_a: Array
    to_b: Array
    chain: Array
    place: Array
    ahead: Array
    behind: Array


class Tables(NamedTuple):
    """All a search reads: graph, targets and sources, and the same in the other unit or None."""

    graph: Graph
    targets: Targets
    sources: Sources
    graph_other: Graph | None
    targets_other: Targets | None
    sources_other: Sources | None


class Arcs(NamedTuple):
    """What a search over junctions reads of a `Graph`: compiling it takes time by the array."""

    first: Array
    through: Array
    to: Array
    cost: Array


class Seeds(NamedTuple):
    """Where a search over junctions begins: junction, ticks, whose, and the other unit's ticks."""

    at: Array
    cost: Array
    label: Array
    carried: Array | None

    @classmethod
    def of(cls, sources: Sources, other: Sources | None, junctions: int) -> Seeds:
        """Return both ways of every entry that leads to a junction."""
        at, cost = np.concatenate([sources.a, sources.b]), _both(sources)
        rows = np.arange(len(sources.first) - 1, dtype=np.uint32)
        label = np.tile(np.repeat(rows, np.diff(sources.first)), 2)
        ok = at < junctions
        carried = None if other is None else _both(other)[ok].astype(np.uint64)
        return cls(at[ok], cost[ok], label[ok], carried)


def _both(sources: Sources) -> Array:
    return np.concatenate([sources.to_a, sources.to_b])


class ChainEnds(NamedTuple):
    """The chains of a `Graph`."""

    a: Array
    b: Array
    ways: Array


class OnChains(NamedTuple):
    """The `Targets` on chains."""

    first: Array
    from_a: Array
    from_b: Array
    place: Array


class OwnChains(NamedTuple):
    """The `Sources` on chains, and whose they are."""

    chain: Array
    place: Array
    ahead: Array
    behind: Array
    label: Array

    @classmethod
    def of(cls, sources: Sources) -> OwnChains:
        """Leave out what stands at junctions."""
        rows = np.arange(len(sources.first) - 1, dtype=np.uint32)
        on = sources.chain >= 0
        label = np.repeat(rows, np.diff(sources.first))
        columns = (sources.chain, sources.place, sources.ahead, sources.behind, label)
        return cls(*(column[on] for column in columns))


class Entries(NamedTuple):
    """Whose the `Targets` are, and what those at junctions cost."""

    owner: Array
    at: Array
    at_cost: Array
    at_owner: Array


def part(kind: Callable[..., Any], table: Any) -> Any:
    """Return the part of a table that has the fields of another; None of None."""
    if table is None:
        return None
    return kind(*(getattr(table, name) for name in kind._fields))  # type: ignore[attr-defined]
