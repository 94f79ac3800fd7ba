"""The network made ready for compiled searches: chains contracted, costs in whole ticks.

A chain is a run of edges through nodes where nothing can be decided; only junctions take part in a
search, and every point, on an edge or at an inner node, is a position along a chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .chains import ChainCosts, Chains, contract, longest_chain, ticks
from .impedance import Impedance, Unit, impedance
from .locate import Locations
from .network import StreetNetwork
from .profiles import TravelProfile
from .tables import CLOSED, Graph, Sources, Targets

Floats = NDArray[np.float64]
Array = NDArray[Any]

#: Ticks of one metre or second at most. A chain's cost is off by half a tick at most, 0.008 mm: on
#: a grid of equal streets all chains err alike, and 1,000 in a row still by 8 mm.
FINEST = 65536.0
#: Costs within a millimetre (millisecond) of the limit count as at the limit.
TOLERANCE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Entries of locations on chains: e entries, those on closed edges left out.

    Attributes
    ----------
    owner
        int64 (e,): the point.
    junction
        int64 (e,): junction the entry stands at exactly, -1 for none.
    chain
        int64 (e,): its chain.
    row
        int64 (e,): place of its edge in ``Chains.sequence``.
    share
        float64 (e,): part of that edge walked, in the chain's direction.
    access
        float64 (e,): metres off the street that count.
    """

    owner: NDArray[np.int64]
    junction: NDArray[np.int64]
    chain: NDArray[np.int64]
    row: NDArray[np.int64]
    share: Floats
    access: Floats


def spots(chains: Chains, locations: Locations) -> Spots:
    """Find the chain, or the junction, of every entry."""
    row = chains.at[locations.edge]
    ok = row >= 0
    row = row[ok]
    chain = np.searchsorted(chains.first, row, side="right") - 1
    along = locations.fraction[ok]
    share = np.where(chains.against[row], 1.0 - along, along)
    begin = (row == chains.first[chain]) & (share == 0)
    end = (row == chains.first[chain + 1] - 1) & (share == 1)
    junction = np.full(len(row), -1, np.int64)
    junction[begin] = chains.a[chain[begin]]
    dead = chains.b[chain] == len(chains.junctions)
    junction[end & ~dead] = chains.b[chain[end & ~dead]]
    access = locations.access[ok] * locations.count_access
    return Spots(locations.owner[ok], junction, chain, row, share, access)


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """One network under one way of walking, ready for compiled searches.

    Attributes
    ----------
    chains
        How the edges make chains.
    costs
        What edges cost.
    scale
        Ticks a unit.
    graph, other
        The junction graph in ticks of the minimised unit, and of the other unit where that is not
        proportional (else None).
    """

    chains: Chains
    costs: Impedance
    scale: float
    graph: Graph
    other: Graph | None
    main_costs: ChainCosts
    other_costs: ChainCosts | None
    _spots: WeakKeyDictionary[Locations, Spots] = field(default_factory=WeakKeyDictionary)
    _targets: WeakKeyDictionary[Locations, Any] = field(default_factory=WeakKeyDictionary)
    _sources: WeakKeyDictionary[Locations, Any] = field(default_factory=WeakKeyDictionary)

    @classmethod
    def build(cls, chains: Chains, costs: Impedance, scale: float) -> Engine:
        """Assemble the tables of one scale."""
        main = ChainCosts.along(chains, costs.forward, costs.backward, scale)
        graph = _graph(chains, main)
        if costs.ratio is not None:
            return cls(chains, costs, scale, graph, None, main, None)
        beside = ChainCosts.along(chains, costs.other_forward, costs.other_backward, scale)
        other = graph._replace(cost=_arc_costs(graph, beside))
        return cls(chains, costs, scale, graph, other, main, beside)

    def targets(self, locations: Locations) -> tuple[Targets, Targets | None]:
        """Return the target tables of locations in both units."""
        if locations not in self._targets:
            self._targets[locations] = self._both(locations, _targets)
        found: tuple[Targets, Targets | None] = self._targets[locations]
        return found

    def sources(self, locations: Locations) -> tuple[Sources, Sources | None]:
        """Return the source tables of locations in both units."""
        if locations not in self._sources:
            self._sources[locations] = self._both(locations, _sources)
        found: tuple[Sources, Sources | None] = self._sources[locations]
        return found

    def order(self, locations: Locations) -> NDArray[np.int64]:
        """Return the positions of points along the chains, and so along the Hilbert curve."""
        self.sources(locations)
        here = self._spots[locations]
        key = np.full(len(locations), np.inf)
        np.minimum.at(key, here.owner, here.row + here.share)
        return np.argsort(key, kind="stable")

    def _both(self, locations: Locations, make: Any) -> tuple[Any, Any]:
        if locations not in self._spots:
            self._spots[locations] = spots(self.chains, locations)
        here, size = self._spots[locations], len(locations)
        main = make(self.chains, here, size, self.main_costs, self.costs.access)
        if self.other_costs is None:
            return main, None
        pace = self.costs.other_access
        return main, make(self.chains, here, size, self.other_costs, pace)


def _graph(chains: Chains, costs: ChainCosts) -> Graph:
    """Return the junction graph: arcs that lead on first, then dead ends."""
    j, c = len(chains.junctions), np.arange(len(chains.a), dtype=np.uint32)
    dead = chains.b == j
    onwards, returns = costs.whole < CLOSED, costs.whole_back < CLOSED
    back = returns & ~dead
    head = np.concatenate([chains.a[onwards], chains.b[back]])
    tail = np.concatenate([chains.b[onwards], chains.a[back]])
    chain = np.concatenate([c[onwards], c[back]])
    is_back = np.repeat(np.array([0, 1], np.uint8), [int(onwards.sum()), int(back.sum())])
    order = np.lexsort([chain, tail == j, head])
    first = np.searchsorted(head[order], np.arange(j + 1)).astype(np.int64)
    live = np.bincount(head[tail < j], minlength=j)
    graph = Graph(
        first=first,
        through=first[:-1] + live,
        to=tail[order],
        cost=np.zeros(0, np.uint32),
        chain=chain[order],
        back=is_back[order],
        a=chains.a,
        b=chains.b,
        own=np.searchsorted(chains.a, np.arange(j + 1)),
        ways=(onwards + 2 * back + 4 * returns).astype(np.uint8),
    )
    return graph._replace(cost=_arc_costs(graph, costs))


def _arc_costs(graph: Graph, costs: ChainCosts) -> NDArray[np.uint32]:
    return np.where(graph.back == 1, costs.whole_back[graph.chain], costs.whole[graph.chain])


def along_ticks(here: Spots, costs: ChainCosts) -> tuple[Array, Array, Array, Array]:
    """Return ticks from and to both ends of the chain: from_a, from_b, to_a, to_b (uint32)."""
    row, share = here.row, here.share
    from_a = ticks(_part(costs.before, costs.onwards, row, share), costs.scale)
    to_a = ticks(_part(costs.before_back, costs.back, row, share), costs.scale)
    shut, shut_back = costs.whole[here.chain] == CLOSED, costs.whole_back[here.chain] == CLOSED
    to_b = np.where(shut, CLOSED, costs.whole[here.chain] - np.where(shut, 0, from_a))
    from_b = np.where(
        shut_back, CLOSED, costs.whole_back[here.chain] - np.where(shut_back, 0, to_a)
    )
    return from_a, from_b.astype(np.uint32), to_a, to_b.astype(np.uint32)


def _part(before: Floats, cost: Floats, row: Array, share: Floats) -> Floats:
    whole = cost[row]
    part = np.where(np.isfinite(whole), np.where(np.isfinite(whole), whole, 0.0) * share, np.inf)
    return before[row] + part


def _targets(chains: Chains, here: Spots, size: int, costs: ChainCosts, pace: float) -> Targets:
    """Sort entries along their chains; those at junctions stand apart."""
    access = ticks(here.access * pace, costs.scale)
    from_a, from_b, _, _ = along_ticks(here, costs)
    place = here.row - chains.first[here.chain] + here.share
    on, at = np.flatnonzero(here.junction < 0), np.flatnonzero(here.junction >= 0)
    on = on[np.lexsort([place[on], here.chain[on]])]
    at = at[np.argsort(here.junction[at], kind="stable")]
    return Targets(
        first=np.searchsorted(here.chain[on], np.arange(len(chains.a) + 1)),
        chain=here.chain[on].astype(np.uint32),
        from_a=_added(from_a, access)[on],
        from_b=_added(from_b, access)[on],
        place=place[on],
        owner=here.owner[on].astype(np.uint32),
        at=np.searchsorted(here.junction[at], np.arange(len(chains.junctions) + 1)),
        at_cost=access[at],
        at_owner=here.owner[at].astype(np.uint32),
        slack=np.uint64(access.max(initial=0)),
        size=np.int64(size),
    )


def _added(cost: Array, access: Array) -> Array:
    return np.where(cost == CLOSED, CLOSED, np.minimum(cost + access, CLOSED)).astype(np.uint32)


def _sources(chains: Chains, here: Spots, size: int, costs: ChainCosts, pace: float) -> Sources:
    """Say where each entry leads to and what that costs."""
    j = np.uint32(len(chains.junctions))
    access = ticks(here.access * pace, costs.scale)
    from_a, from_b, to_a, to_b = along_ticks(here, costs)
    standing = here.junction >= 0
    a = np.where(standing, here.junction, chains.a[here.chain]).astype(np.uint32)
    b = np.where(standing, j, chains.b[here.chain]).astype(np.uint32)
    return Sources(
        first=np.searchsorted(here.owner, np.arange(size + 1)),
        a=np.where(standing | (to_a != CLOSED), a, j).astype(np.uint32),
        b=np.where(to_b != CLOSED, b, j).astype(np.uint32),
        to_a=np.where(standing, access, _added(to_a, access)).astype(np.uint32),
        to_b=_added(to_b, access),
        chain=np.where(standing, -1, here.chain).astype(np.int64),
        place=here.row - chains.first[here.chain] + here.share,
        ahead=from_a.astype(np.int64) - access,
        behind=from_b.astype(np.int64) - access,
    )


_ENGINES: WeakKeyDictionary[StreetNetwork, dict[Any, Any]] = WeakKeyDictionary()


def engine(
    network: StreetNetwork,
    by: Unit,
    profile: TravelProfile,
    limit: float | None,
    *,
    coarser: int = 0,
    backwards: bool = False,
) -> Engine:
    """Return the engine of a network, building it when first asked for.

    Parameters
    ----------
    network, by, profile
        What is walked, what is minimised, and how.
    limit
        Largest cost asked for; ticks are as fine as 32 bits allow.
    coarser
        Powers of two by which ticks are made coarser, for walks beyond 32 bits.
    backwards
        Whether searches run against the walk: from where it ends to where it begins.
    """
    kept = _ENGINES.setdefault(network, {})
    key = (by, profile, backwards and _directed(network))
    if key not in kept:
        costs = impedance(network, by, profile)
        costs = _turned(costs) if key[2] else costs
        chains = contract(network, costs)
        kept[key] = (costs, chains, longest_chain(costs, chains))
    costs, chains, longest = kept[key]
    room = 0.9 * float(CLOSED) / max(longest + 1.0, limit or 0.0)
    scale = min(FINEST, 2.0 ** float(np.floor(np.log2(room)))) / 2.0**coarser
    if (*key, scale) not in kept:
        kept[(*key, scale)] = Engine.build(chains, costs, scale)
    found: Engine = kept[(*key, scale)]
    return found


def _directed(network: StreetNetwork) -> bool:
    return network.factor_forward is not None or network.factor_backward is not None


def _turned(costs: Impedance) -> Impedance:
    """Return the costs of walking every edge the other way round."""
    return replace(
        costs,
        forward=costs.backward,
        backward=costs.forward,
        other_forward=costs.other_backward,
        other_backward=costs.other_forward,
    )
