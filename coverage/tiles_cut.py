"""The part of a network's tables that a bounded search from some sources can reach."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tables import FAR, Graph, Sources, Tables, Targets

Array = NDArray[Any]


class Scratch:
    """Arrays over all junctions, filled once for many cuts and left as they were by each.

    Attributes
    ----------
    dist, settled
        uint32 (j+1,): `FAR`, and anything.
    number
        int64 (j+1,): -1.
    """

    def __init__(self, junctions: int) -> None:
        self.dist = np.full(junctions + 1, FAR, np.uint32)
        self.settled = np.empty(junctions + 1, np.uint32)
        self.number = np.full(junctions + 1, -1, np.int64)


def cut_tables(whole: Tables, limit: Any, scratch: Scratch) -> tuple[Tables, Array]:
    """Return tables with all that lies within the limit of any of the sources, and its targets.

    Junctions, chains and targets are numbered anew in their old order, so that the tables are the
    same whatever the rest of the network is like.

    Parameters
    ----------
    whole
        Tables of the whole network; the sources are those of the tile.
    limit
        Ticks, uint64.
    scratch
        Of this network.

    Returns
    -------
    tables
        The part.
    columns
        int64: old numbers of the targets that stand in it, rising.
    """
    reached = _reached(whole, limit, scratch)
    arcs = _arcs_of(whole.graph, reached)
    own = whole.sources.chain[whole.sources.chain >= 0]
    chains = np.unique(np.concatenate([whole.graph.chain[arcs], own]).astype(np.int64))
    ends = np.concatenate([whole.graph.a[chains], whole.graph.b[chains]]).astype(np.int64)
    none = len(whole.graph.first) - 1
    inside = np.unique(np.concatenate([reached, ends[ends < none], _seeds(whole, none)]))
    scratch.number[inside] = np.arange(len(inside))
    place = _Cut(reached, arcs, chains, inside, scratch.number)
    on = _ranges(whole.targets.first, chains)
    at = _ranges(whole.targets.at, inside)
    used = np.concatenate([whole.targets.owner[on], whole.targets.at_owner[at]])
    columns = np.unique(used).astype(np.int64)
    tables = Tables(
        place.graph(whole.graph),
        place.targets(whole.targets, on, at, columns),
        place.sources(whole.sources),
        None if whole.graph_other is None else place.graph(whole.graph_other),
        None
        if whole.targets_other is None
        else place.targets(whole.targets_other, on, at, columns),
        None if whole.sources_other is None else place.sources(whole.sources_other),
    )
    scratch.number[inside] = -1
    return tables, columns


def _reached(whole: Tables, limit: Any, scratch: Scratch) -> Array:
    """Return the junctions within the limit of any source, rising."""
    from .kernels_pairs import NODE, junctions_reached  # noqa: PLC0415 - numba only when needed

    one = whole.sources._replace(first=np.array([0, len(whole.sources.a)]))
    count = junctions_reached(whole.graph, one, limit, scratch.dist, scratch.settled)
    reached = np.sort(scratch.settled[:count].astype(np.int64) & np.int64(NODE))
    scratch.dist[reached] = FAR
    return reached


def _seeds(whole: Tables, none: int) -> Array:
    """Return the junctions the sources lead to, whether they are within the limit or not."""
    seeds = np.concatenate([whole.sources.a, whole.sources.b]).astype(np.int64)
    return seeds[seeds < none]


def _ranges(first: Array, rows: Array) -> Array:
    """Return the entries of some rows of a CSR."""
    count = first[rows + 1] - first[rows]
    end = np.cumsum(count)
    return np.repeat(first[rows] - (end - count), count) + np.arange(end[-1] if len(end) else 0)


def _arcs_of(graph: Graph, junctions: Array) -> Array:
    return _ranges(graph.first, junctions)


class _Cut:
    """What is kept: ``reached`` junctions with their ``arcs``, ``chains``, junctions ``inside``."""

    def __init__(
        self, reached: Array, arcs: Array, chains: Array, inside: Array, number: Array
    ) -> None:
        self.reached, self.arcs, self.chains = reached, arcs, chains
        self.inside, self.number = inside, number

    def graph(self, whole: Graph) -> Graph:
        """Return the graph of the part; junctions beyond the limit have no arcs."""
        kept = np.isin(self.inside, self.reached)
        count = np.where(kept, whole.first[self.inside + 1] - whole.first[self.inside], 0)
        live = np.where(kept, whole.through[self.inside] - whole.first[self.inside], 0)
        first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        a = self._junction(whole.a[self.chains])
        return Graph(
            first=first,
            through=first[:-1] + live,
            to=self._junction(whole.to[self.arcs]),
            cost=whole.cost[self.arcs],
            chain=np.searchsorted(self.chains, whole.chain[self.arcs]).astype(np.uint32),
            back=whole.back[self.arcs],
            a=a,
            b=self._junction(whole.b[self.chains]),
            own=np.searchsorted(a, np.arange(len(self.inside) + 1)),
            ways=whole.ways[self.chains],
        )

    def targets(self, whole: Targets, on: Array, at: Array, columns: Array) -> Targets:
        """Return the targets of the part."""
        first = _first(whole.first, self.chains)
        return Targets(
            first=first,
            chain=np.repeat(np.arange(len(self.chains), dtype=np.uint32), np.diff(first)),
            from_a=whole.from_a[on],
            from_b=whole.from_b[on],
            place=whole.place[on],
            owner=np.searchsorted(columns, whole.owner[on]).astype(np.uint32),
            at=_first(whole.at, self.inside),
            at_cost=whole.at_cost[at],
            at_owner=np.searchsorted(columns, whole.at_owner[at]).astype(np.uint32),
            slack=np.uint64(whole.slack),
            size=np.int64(len(columns)),
        )

    def sources(self, whole: Sources) -> Sources:
        """Return the sources with the numbers of the part."""
        chain = np.where(whole.chain >= 0, np.searchsorted(self.chains, whole.chain), -1)
        return whole._replace(
            a=self._junction(whole.a), b=self._junction(whole.b), chain=chain.astype(np.int64)
        )

    def _junction(self, old: Array) -> Array:
        number = self.number[old]
        return np.where(number < 0, len(self.inside), number).astype(np.uint32)


def _first(first: Array, rows: Array) -> Array:
    return np.concatenate([[0], np.cumsum(first[rows + 1] - first[rows])]).astype(np.int64)
