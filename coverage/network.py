"""The street network: arrays in metres that every question of distance is asked of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS

from .errors import NetworkError
from .network_checks import check_network

if TYPE_CHECKING:
    import networkx as nx

    from quarterhour.data.streets import Streets
    from quarterhour.data.walking_rules import WalkingRules

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

#: Share of the largest component's street length under which a component is a small island
#: (project choice: in Beijing it separates courtyards drawn loose from real districts).
ISLAND_SHARE = 0.01


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class StreetNetwork:
    """Walkable streets as a graph: n nodes, m undirected edges, p points of geometry.

    Parallel edges, loops, zero-length edges and islands are allowed. Two networks are equal only
    when they are the same object: what is derived from one is kept with it.

    Attributes
    ----------
    node_id
        object (n,): ids as text, unique.
    x, y
        float64 (n,): metres in ``crs``.
    crs
        Projected CRS in metres, or None for local metres that belong nowhere on Earth.
    edge_u, edge_v
        int32 (m,): the two ends.
    length
        float64 (m,): metres to walk, geodesic where the network came from `Streets`.
    edge_start
        int64 (m+1,): edge ``e`` owns points ``edge_start[e]:edge_start[e + 1]`` of its geometry.
    gx, gy
        float64 (p,): geometry from u to v, both ends included, metres in ``crs``.
    signal
        bool (n,): signalised crossing.
    steps
        bool (m,): stairs.
    edge_class, edge_name
        object (m,): OSM ``highway`` value and street name, "" where unknown.
    component
        int32 (n,): label of the connected component; edges closed both ways do not connect.
    component_length
        float64 (c,): metres of street in each component.
    factor_forward, factor_backward
        float64 (m,) or None (all 1): how many times longer the edge takes from u to v, and from
        v to u, than on the level; ``inf`` closes that direction.
    delay
        float64 (m,) or None (all 0): seconds added to walking the whole edge, spread along it.

    Raises
    ------
    NetworkError
        Listing every breach: shapes, dangling indices, NaN, negative lengths, a CRS in degrees,
        repeated node ids.
    """

    node_id: Objects
    x: Floats
    y: Floats
    crs: CRS | None
    edge_u: Ints
    edge_v: Ints
    length: Floats
    edge_start: NDArray[np.int64]
    gx: Floats
    gy: Floats
    signal: Bools
    steps: Bools
    edge_class: Objects
    edge_name: Objects
    component: Ints
    component_length: Floats
    factor_forward: Floats | None = None
    factor_backward: Floats | None = None
    delay: Floats | None = None

    def __post_init__(self) -> None:
        check_network(self)

    @classmethod
    def from_arrays(
        cls,
        x: ArrayLike,
        y: ArrayLike,
        u: ArrayLike,
        v: ArrayLike,
        length: ArrayLike | None = None,
        *,
        crs: Any = None,
        edge_start: ArrayLike | None = None,
        gx: ArrayLike | None = None,
        gy: ArrayLike | None = None,
        **attributes: Any,
    ) -> StreetNetwork:
        """Build a network from arrays; edges are straight lines unless geometry is given.

        Parameters
        ----------
        x, y
            (n,) metres in ``crs``.
        u, v
            (m,) node numbers of the edges' ends.
        length
            (m,) metres; by default the length of the geometry in ``crs``.
        crs
            Anything pyproj reads as a projected CRS, or None for local metres.
        edge_start, gx, gy
            Geometry as in the class; all three or none.
        **attributes
            Any other array of the class except components, which are always computed.

        Raises
        ------
        NetworkError
            Listing every breach of the contract of the class.
        """
        from .network_build import fields_from_arrays  # noqa: PLC0415 - heavy, not always needed

        given = [part is not None for part in (edge_start, gx, gy)]
        if any(given) and not all(given):
            raise NetworkError("give edge_start, gx and gy together, or none of them")
        geometry = (edge_start, gx, gy) if all(given) else None
        return cls(**fields_from_arrays(x, y, u, v, length, crs, geometry, attributes))

    @classmethod
    def from_streets(cls, streets: Streets, crs: Any = None) -> StreetNetwork:
        """Project streets to metres; lengths stay geodesic.

        Parameters
        ----------
        streets
            What a street reader returned (WGS-84).
        crs
            Projected CRS; by default the UTM zone around the middle of the streets.

        Raises
        ------
        NetworkError
            If ``crs`` is not a projected CRS in metres.
        """
        from .network_build import fields_from_streets  # noqa: PLC0415 - heavy, not always needed

        return cls(**fields_from_streets(streets, crs))

    @classmethod
    def from_file(
        cls, path: str | Path, *, crs: Any = None, walking: WalkingRules | None = None
    ) -> StreetNetwork:
        """Read walkable streets from a file and build their network.

        Parameters
        ----------
        path
            ``.osm.pbf``, ``.osm``, a graph saved by osmnx, or plain lines: all that
            `quarterhour.data.streets.read_streets` reads.
        crs
            Projected CRS in metres; by default the local UTM zone.
        walking
            What to do where tags leave walking open.

        Raises
        ------
        InputFaults
            With everything wrong with the file.
        """
        from quarterhour.data.faults import FaultLog  # noqa: PLC0415 - only when a file is read
        from quarterhour.data.streets import read_streets  # noqa: PLC0415
        from quarterhour.data.walking_rules import DEFAULT_RULES  # noqa: PLC0415

        log = FaultLog()
        streets = read_streets(path, log=log, walking=walking or DEFAULT_RULES)
        log.raise_if_any()
        assert streets is not None  # noqa: S101 - no fault means there are streets
        return cls.from_streets(streets, crs)

    @classmethod
    def from_osmnx(cls, graph: nx.MultiDiGraph[Any], crs: Any = None) -> StreetNetwork:
        """Take over an osmnx graph, projected or not, as undirected walking streets.

        Both directions of one street become one edge; parallel edges and geometry are kept. The
        edges' ``length`` is taken over so that distances agree with the graph's; where it is
        missing it is measured.

        Parameters
        ----------
        graph
            MultiDiGraph or MultiGraph with ``graph["crs"]`` and node ``x``, ``y``.
        crs
            Projected CRS wanted for an unprojected graph; by default its UTM zone.

        Raises
        ------
        NetworkError
            If the graph has no CRS, no nodes, or nodes without coordinates.
        """
        from .network_convert import fields_from_osmnx  # noqa: PLC0415 - heavy, not always needed

        return cls(**fields_from_osmnx(graph, crs))

    @classmethod
    def load(cls, path: str | Path) -> StreetNetwork:
        """Read a network written by `save`.

        Raises
        ------
        NetworkError
            If the file is not a network of this version.
        FileNotFoundError
            If there is no such file.
        """
        from .network_file import read_fields  # noqa: PLC0415 - heavy, not always needed

        return cls(**read_fields(Path(path)))

    def save(self, path: str | Path) -> None:
        """Write the network to a file of arrays (.npz), moved into place when complete."""
        from .network_file import write_fields  # noqa: PLC0415 - heavy, not always needed

        write_fields(self, Path(path))

    def to_networkx(self) -> nx.MultiGraph[str]:
        """Return a MultiGraph, or a MultiDiGraph where costs are directed.

        Nodes are the ids with ``x``, ``y``, ``signal``; edges carry ``length`` (m), ``geometry``
        (LineString), ``highway``, ``name``, ``steps`` and ``edge`` (number of the edge here);
        closed directions are left out. ``graph["crs"]`` is the CRS.
        """
        from .network_convert import to_networkx  # noqa: PLC0415 - heavy, not always needed

        return to_networkx(self)

    def to_osmnx(self) -> nx.MultiDiGraph[int]:
        """Return a graph that the functions of osmnx take: both directions, whole-number ids.

        Node ids are the ids here where all of them are whole numbers, else the nodes' positions;
        an edge's ``osmid`` is its number here. ``from_osmnx`` takes it back.
        """
        from .network_convert import to_osmnx  # noqa: PLC0415 - heavy, not always needed

        return to_osmnx(self)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.x)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.edge_u)

    @property
    def closed(self) -> Bools:
        """Edges closed in both directions, in both directions."""
        if self.factor_forward is None or self.factor_backward is None:
            return np.zeros(self.n_edges, dtype=np.bool_)
        return np.isinf(self.factor_forward) & np.isinf(self.factor_backward)

    def small_islands(
        self, *, min_share: float = ISLAND_SHARE, min_length_m: float | None = None
    ) -> Bools:
        """Tell which components are small islands: loose pieces whose distances mean nothing.

        Parameters
        ----------
        min_share
            A component is small when it has less street than this share of the largest one.
        min_length_m
            Metres of street below which a component is small; replaces ``min_share``.

        Returns
        -------
        bool (c,)
            One entry a component; index it with ``component``.
        """
        largest = self.component_length.max(initial=0.0)
        least = min_share * largest if min_length_m is None else min_length_m
        small: Bools = self.component_length < least
        return small

    def with_costs(
        self,
        *,
        factor_forward: ArrayLike | None = None,
        factor_backward: ArrayLike | None = None,
        delay: ArrayLike | None = None,
    ) -> StreetNetwork:
        """Return the same streets with other directed factors and delays.

        Raises
        ------
        NetworkError
            As the class does.
        """
        from .network_build import attributes, components  # noqa: PLC0415 - heavy

        costs = {
            "factor_forward": factor_forward,
            "factor_backward": factor_backward,
            "delay": delay,
        }
        given = attributes(costs)
        changed = replace(
            self,
            factor_forward=given.get("factor_forward"),
            factor_backward=given.get("factor_backward"),
            delay=given.get("delay"),
        )
        label, metres = components(
            self.n_nodes, self.edge_u, self.edge_v, self.length, changed.closed
        )
        return replace(changed, component=label, component_length=metres)
