"""The shortest walking route between two points, as a line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

from .chains import Chains
from .engine import Engine, Spots, along_ticks, engine, spots
from .errors import QueryError
from .impedance import Unit, impedance
from .locate import Locations, located
from .network import StreetNetwork
from .profiles import ADULT, TravelProfile
from .tables import CLOSED, FAR

if TYPE_CHECKING:
    import geopandas as gpd

    from .locate import Placeable

Array = NDArray[Any]

#: Ticks of a route at most.
_LIMIT = np.uint64(3 << 30)


@dataclass(frozen=True, slots=True)
class Route:
    """One way on foot.

    Attributes
    ----------
    line
        LineString along the streets in the network's CRS, from the origin's entry to the
        destination's; the straight ways off the street are not drawn.
    metres, seconds
        Of the whole walk, ways off the street included where they count.
    edges
        int32: the streets walked, in order.
    """

    line: LineString
    metres: float
    seconds: float
    edges: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Part:
    """A walk on one chain between two positions, in its direction when ``to`` is the larger."""

    begin: float
    to: float


def route(
    network: StreetNetwork,
    origins: Placeable,
    destinations: Placeable,
    *,
    origin: int = 0,
    destination: int = 0,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
) -> Route | None:
    """Return the shortest way between two points, None where there is none.

    Parameters
    ----------
    network
        The streets.
    origins, destinations
        Points located on this network, or tables of points, which are located as they are.
    origin, destination
        Positions of the two points among them.
    by
        The unit that is minimised.
    profile
        How people walk.

    Raises
    ------
    QueryError
        If the points lie on another network, a position is out of range, or ``by`` is unknown.
    """
    origins, destinations = located(network, origins), located(network, destinations)
    if not (isinstance(origin, Integral) and isinstance(destination, Integral)):
        raise QueryError(f"there is no pair of points {origin!r}, {destination!r}: give positions")
    if not (0 <= origin < len(origins) and 0 <= destination < len(destinations)):
        raise QueryError(f"there is no pair of points {origin}, {destination}")
    here, there = origins.take([origin]), destinations.take([destination])
    for coarser in itertools.count(0, 2):
        ready = engine(network, by, profile, None, coarser=coarser)
        found = _search(ready, here, there)
        if found is not None or not _one_component(here, there):
            break
        if _most_ticks(ready, here, there) <= _LIMIT:
            break
    if found is None:
        return None
    stay = np.array([[here.x[0], here.y[0]]])
    return _drawn(network, ready, profile, stay, *found)


def routes(
    network: StreetNetwork,
    origins: Placeable,
    destinations: Placeable,
    *,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
) -> gpd.GeoDataFrame:
    """Return the ways from each origin to the destination at the same position.

    Returns
    -------
    GeoDataFrame
        Indexed as the origins, in the network's CRS: ``destination`` (index value), ``metres``,
        ``seconds`` (NaN where there is no way) and ``geometry`` (None there).

    Raises
    ------
    QueryError
        As `route`, or if the two are not equally many.
    """
    import geopandas as gpd  # noqa: PLC0415 - heavy, needed here alone

    origins, destinations = located(network, origins), located(network, destinations)
    if len(origins) != len(destinations):
        raise QueryError(f"{len(origins)} origins cannot be paired with {len(destinations)}")
    found = [
        route(network, origins, destinations, origin=i, destination=i, by=by, profile=profile)
        for i in range(len(origins))
    ]
    columns = {
        "destination": destinations.index,
        "metres": [np.nan if way is None else way.metres for way in found],
        "seconds": [np.nan if way is None else way.seconds for way in found],
    }
    lines = [None if way is None else way.line for way in found]
    return gpd.GeoDataFrame(columns, geometry=lines, index=origins.index, crs=network.crs)


def _most_ticks(ready: Engine, *points: Locations) -> float:
    """Return what no way costs more than: all chains walked whole, and the ways off the street."""
    off = sum(float(point.access.max(initial=0.0)) for point in points) * ready.costs.access
    return float(ready.graph.cost.sum(dtype=np.float64)) + off * ready.scale + 2.0


def _one_component(origin: Locations, destination: Locations) -> bool:
    """Tell whether two points stand on one component, whatever the direction of its streets."""
    component, u = origin.network.component, origin.network.edge_u
    found = np.intersect1d(component[u[origin.edge]], component[u[destination.edge]])
    return len(found) > 0


def _search(
    ready: Engine, origin: Locations, destination: Locations
) -> tuple[list[_Part], float] | None:
    """Return the parts of the way between two points and the metres off the street."""
    from .kernels_routes import find_way  # noqa: PLC0415 - numba only when needed

    here = spots(ready.chains, origin)
    there = spots(ready.chains, destination)
    table, _ = ready.sources(origin)
    goal = _goals(ready, there)
    cost, last, arrival = find_way(ready.graph, table, 0, goal.min(axis=0), _LIMIT)
    parts, off = _on_one_chain(ready, here, there)
    if parts is not None and off[0] <= cost:
        return parts, off[1]
    if cost > _LIMIT:
        return None
    end = int(goal[:, last].argmin())
    begin, middle = _traced(ready, arrival, int(last))
    entry, side = divmod(-1 - begin, 2)
    first = _to_junction(ready.chains, here, entry, side)
    final = _from_junction(ready, there, end, int(last))
    metres = float(here.access[entry] + there.access[end])
    return [*first, *middle, *final], metres


def _goals(ready: Engine, there: Spots) -> Array:
    """Return ticks from every junction to each entry of the destination, (e, j+1)."""
    goal = np.full((max(len(there.chain), 1), len(ready.graph.first)), FAR, np.uint32)
    from_a, from_b, _, _ = along_ticks(there, ready.main_costs)
    for entry, (a, b, off) in enumerate(zip(from_a, from_b, _off(ready, there), strict=True)):
        chain = there.chain[entry]
        if there.junction[entry] >= 0:
            goal[entry, there.junction[entry]] = off
            continue
        ways = [(ready.chains.b[chain], b), (ready.chains.a[chain], a)]
        for junction, cost in ways:
            if cost != CLOSED and junction < goal.shape[1] - 1:
                goal[entry, junction] = min(goal[entry, junction], cost + off)
    return goal


def _off(ready: Engine, here: Spots) -> Array:
    return np.rint(here.access * ready.costs.access * ready.scale).astype(np.uint32)


def _on_one_chain(
    ready: Engine, here: Spots, there: Spots
) -> tuple[list[_Part] | None, tuple[float, float]]:
    """Return the best way that stays on one chain, its ticks and its metres off the street."""
    best: list[_Part] | None = None
    least, metres = np.inf, 0.0
    one, other = along_ticks(here, ready.main_costs), along_ticks(there, ready.main_costs)
    away, back = _off(ready, here), _off(ready, there)
    for i in np.flatnonzero(here.junction < 0):
        for k in np.flatnonzero((there.chain == here.chain[i]) & (there.junction < 0)):
            begin, to = _place(here, int(i)), _place(there, int(k))
            ahead = to >= begin
            pair = (one[0][i], other[0][k]) if ahead else (one[1][i], other[1][k])
            if begin != to and CLOSED in pair:
                continue
            cost = int(pair[1]) - int(pair[0]) + int(away[i]) + int(back[k])
            if cost < least:
                best, least = [_Part(begin, to)], cost
                metres = float(here.access[i] + there.access[k])
    return best, (least, metres)


def _place(here: Spots, entry: int) -> float:
    return float(here.row[entry] + here.share[entry])


def _traced(ready: Engine, arrival: Array, node: int) -> tuple[int, list[_Part]]:
    """Follow the arrivals back; return where the walk began and the whole chains walked."""
    graph, parts = ready.graph, []
    tail = _arc_tails(graph)
    while arrival[node] >= 0:
        arc = int(arrival[node])
        parts.append(_whole(ready.chains, int(graph.chain[arc]), back=bool(graph.back[arc])))
        node = int(tail[arc])
    return int(arrival[node]), parts[::-1]


def _arc_tails(graph: Any) -> Array:
    return np.repeat(np.arange(len(graph.first) - 1), np.diff(graph.first))


def _whole(chains: Chains, chain: int, *, back: bool) -> _Part:
    begin, end = float(chains.first[chain]), float(chains.first[chain + 1])
    return _Part(end, begin) if back else _Part(begin, end)


def _to_junction(chains: Chains, here: Spots, entry: int, side: int) -> list[_Part]:
    if here.junction[entry] >= 0:
        return []
    chain = here.chain[entry]
    return [_Part(_place(here, entry), float(chains.first[chain + side]))]


def _from_junction(ready: Engine, there: Spots, entry: int, junction: int) -> list[_Part]:
    if there.junction[entry] >= 0:
        return []
    chains, chain = ready.chains, there.chain[entry]
    place = _place(there, entry)
    from_a, from_b, _, _ = along_ticks(there, ready.main_costs)
    sides = [
        (cost[entry], side)
        for side, (ends, cost) in enumerate(((chains.a, from_a), (chains.b, from_b)))
        if ends[chain] == junction
    ]
    return [_Part(float(chains.first[chain + min(sides)[1]]), place)]


def _drawn(
    network: StreetNetwork,
    ready: Engine,
    profile: TravelProfile,
    stay: Array,
    parts: list[_Part],
    off: float,
) -> Route:
    """Measure and draw the parts; without any, the walk stays in one place."""
    walked = [step for part in parts for step in _steps(ready.chains, part)]
    time = impedance(network, "seconds", profile)
    metres, seconds = off, off * time.access
    coords = [] if walked else [stay]
    for edge, begin, to in walked:
        share = abs(to - begin)
        metres += share * network.length[edge]
        seconds += share * (time.forward if to > begin else time.backward)[edge] if share else 0.0
        coords.append(_piece(network, edge, begin, to))
    edges = np.array([edge for edge, *_ in walked], dtype=np.int32)
    return Route(_line(np.concatenate(coords)), float(metres), float(seconds), edges)


def _steps(chains: Chains, part: _Part) -> Iterator[tuple[int, float, float]]:
    """Yield edge, and the shares of it between which it is walked."""
    low, high = sorted((part.begin, part.to))
    least = int(np.ceil(low)) - 1 if low == high else int(np.floor(low))
    rows = np.arange(least, max(int(np.ceil(high)), least + 1))
    forward = part.to >= part.begin
    for row in rows if forward else rows[::-1]:
        begin, to = max(low - row, 0.0), min(high - row, 1.0)
        ends = (begin, to) if forward else (to, begin)
        against = chains.against[row]
        first, last = (1 - ends[0], 1 - ends[1]) if against else ends
        yield int(chains.sequence[row]), float(first), float(last)


def _piece(network: StreetNetwork, edge: int, begin: float, to: float) -> Array:
    """Return the geometry of a part of an edge, in walking direction."""
    span = slice(network.edge_start[edge], network.edge_start[edge + 1])
    points = np.column_stack([network.gx[span], network.gy[span]])
    reach = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    low, high = sorted((begin * reach[-1], to * reach[-1]))
    inner = points[(reach > low) & (reach < high)]
    ends = [
        [np.interp(at, reach, points[:, 0]), np.interp(at, reach, points[:, 1])]
        for at in (low, high)
    ]
    piece = np.concatenate([ends[:1], inner, ends[1:]])
    return piece if to >= begin else piece[::-1]


def _line(coords: Array) -> LineString:
    """Return a line of the points, none twice in a row; a single place is a line of no length."""
    fresh = np.concatenate([[True], (np.abs(np.diff(coords, axis=0)) > 1e-9).any(axis=1)])
    kept = coords[fresh]
    line: LineString = shapely.linestrings(kept if len(kept) > 1 else np.repeat(kept, 2, axis=0))
    return line
