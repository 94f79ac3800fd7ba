"""Which parts of which streets are reached within breaks: the search under all service areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .impedance import Unit, impedance
from .locate import Locations
from .network import StreetNetwork
from .profiles import TravelProfile
from .tables_reach import Entries, Lines, Parts, ReachGraph

Floats = NDArray[np.float64]
Array = NDArray[Any]
Direction = Literal["to", "from"]


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

    def search(self, entries: Entries, breaks: Sequence[float], scratch: ReachScratch) -> Reached:
        """Find what is reached from any of some entries.

        Parameters
        ----------
        entries
            As `entries` returns them.
        breaks
            Costs, rising.
        scratch
            Clean arrays; cleaned again.
        """
        from .kernels_reach import reached_parts  # noqa: PLC0415 - numba only when needed

        levels, s = np.asarray(breaks, np.float64), scratch
        parts, first, s.heap[0] = reached_parts(
            self.graph, entries, levels, s.dist, s.touched, s.entered, s.heap[0]
        )
        return Reached(Parts(*(column[: first[-1]] for column in parts)), first)

    def entries(self, facilities: Locations, *, together: bool = False) -> Entries:
        """Return the entries of facilities, sorted along edges facility by facility.

        Parameters
        ----------
        facilities
            Points on the network.
        together
            Sort the entries of all of them along edges, to search from all at once.
        """
        keys: list[Array] = [facilities.fraction, facilities.edge]
        order = np.lexsort(keys if together else [*keys, facilities.owner])
        cost = facilities.access[order] * (self.access if facilities.count_access else 0.0)
        return Entries(facilities.edge[order], facilities.fraction[order], cost)


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
