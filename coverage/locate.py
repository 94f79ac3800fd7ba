"""Points put on streets: where people step onto the network, and how far that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Proj, Transformer

from .errors import QueryError, raise_all
from .network import StreetNetwork
from .network_convert import edge_lines
from .options import above_zero
from .points import Points, read_entrances, read_points

if TYPE_CHECKING:
    import geopandas as gpd

    #: What a question takes for points: located ones, or a table to be located as it is.
    Placeable: TypeAlias = "Locations | gpd.GeoDataFrame | gpd.GeoSeries"

Floats = NDArray[np.float64]

#: Metres within which a point is put on a street (project choice: a superblock's middle is about
#: this far from its roads; beyond it the streets are thought to be missing from the map).
SNAP_LIMIT_M = 200.0


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Locations:
    """Points on the edges of one network: n points with e entries in all.

    Attributes
    ----------
    network
        The network the entries lie on.
    index
        The points' index as given, unique.
    start
        int64 (n+1,): point ``i`` owns entries ``start[i]:start[i + 1]``; none when unreached.
    edge
        int32 (e,): entry edge.
    fraction
        float64 (e,): place along the edge from u (0) to v (1).
    access
        float64 (e,): metres straight from the point or gate to the street.
    x, y
        float64 (e,): the entry on the street, metres in the network's CRS.
    reached
        bool (n,): the point has an entry within the snapping limit.
    count_access
        Whether ``access`` is part of every cost.
    given
        The points as they were given: a GeoSeries in its own CRS, or (n, 2) metres; None where
        only the entries are known.
    """

    network: StreetNetwork
    index: pd.Index[Any]
    start: NDArray[np.int64]
    edge: NDArray[np.int32]
    fraction: Floats
    access: Floats
    x: Floats
    y: Floats
    reached: NDArray[np.bool_]
    count_access: bool = True
    given: gpd.GeoSeries | Floats | None = None

    def __len__(self) -> int:
        return len(self.reached)

    @property
    def owner(self) -> NDArray[np.int64]:
        """int64 (e,): position of the point each entry belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    @property
    def points(self) -> gpd.GeoSeries:
        """The points with their index, in the CRS in which they were given; None if not known."""
        import geopandas as gpd  # noqa: PLC0415 - heavy, not needed for import

        if isinstance(self.given, gpd.GeoSeries):
            return self.given
        shapes = [None] * len(self) if self.given is None else shapely.points(self.given)
        return gpd.GeoSeries(shapes, index=self.index, crs=self.network.crs)

    def take(self, rows: ArrayLike) -> Locations:
        """Return some of the points, in the order of ``rows``.

        Parameters
        ----------
        rows
            Positions, or bool (n,). A position may stand several times, and so does its index.

        Raises
        ------
        QueryError
            If a position is out of range, or there are not n flags.
        """
        rows = _positions(np.asarray(rows), len(self))
        count = self.start[rows + 1] - self.start[rows]
        start = _starts(count)
        entry = np.repeat(self.start[rows] - start[:-1], count) + np.arange(start[-1])
        return Locations(
            self.network,
            self.index[rows],
            start,
            self.edge[entry],
            self.fraction[entry],
            self.access[entry],
            self.x[entry],
            self.y[entry],
            self.reached[rows],
            self.count_access,
            _rows_of(self.given, rows),
        )

    def on_small_island(self, small: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Tell which points enter the network on small islands alone.

        Parameters
        ----------
        small
            bool (c,), by default ``network.small_islands()``.

        Returns
        -------
        bool (n,)
            False for points that are not reached at all.
        """
        small = self.network.small_islands() if small is None else small
        loose = small[self.network.component[self.network.edge_u[self.edge]]]
        firm = np.bincount(self.owner[~loose], minlength=len(self)) > 0
        islanded: NDArray[np.bool_] = self.reached & ~firm
        return islanded


def locate(
    network: StreetNetwork,
    points: gpd.GeoDataFrame | gpd.GeoSeries | ArrayLike,
    *,
    snap_limit: float = SNAP_LIMIT_M,
    entrances: gpd.GeoDataFrame | None = None,
    count_access: bool = True,
) -> Locations:
    """Put points on the nearest streets, or let them enter at their gates.

    Parameters
    ----------
    network
        The streets; edges closed in both directions are not entered.
    points
        Points with a CRS (reprojected when it is another one), or an (n, 2) array of metres in
        the network's CRS. Heights are not used.
    snap_limit
        Metres; a point or gate farther from every street has no entry there.
    entrances
        Gates: ``geometry`` and ``demand_id``, the point's ``id`` (or index value where the points
        have no ``id``). A point with gates is reached through these alone.
    count_access
        Whether the straight walk between point (or gate) and street is part of every cost.

    Raises
    ------
    QueryError
        If there are no points, a CRS is missing or in degrees without a way to metres, a
        coordinate is NaN, a geometry is no point, an index or id is repeated, a gate belongs to
        no point, or the limit is not above 0.
    """
    raise_all(QueryError, above_zero("snap_limit", snap_limit, infinite=True))
    if network.n_edges == 0:
        raise QueryError("the network has no streets")
    given = read_points(network, points)
    gates = None if entrances is None else read_entrances(network, given, entrances)
    entering, owner = _entering(given, gates)
    edge, planar = _nearest_edges(network, entering, snap_limit)
    access = planar / _scale(network, entering)
    found = edge >= 0
    fraction, x, y = _place_on_edges(network, entering[found], edge[found])
    order = np.argsort(owner[found], kind="stable")
    count = np.bincount(owner[found], minlength=len(given.index))
    return Locations(
        network,
        given.index,
        _starts(count),
        edge[found][order],
        fraction[order],
        access[found][order],
        x[order],
        y[order],
        count > 0,
        count_access,
        given.points,
    )


def locate_nodes(
    network: StreetNetwork, nodes: ArrayLike, *, index: pd.Index[Any] | None = None
) -> Locations:
    """Put points exactly on nodes, without any walk off the street.

    Parameters
    ----------
    network
        The streets.
    nodes
        (n,) node numbers; a node without open edges is unreached.
    index
        Index of the points, by default 0..n-1.

    Raises
    ------
    QueryError
        If there are none, a number is no node, or the index does not fit.
    """
    numbers = np.asarray(nodes)
    raise_all(QueryError, _node_breaches(network, numbers, index))
    incident, end = _incident_edges(network)
    edge = incident[numbers]
    reached = edge >= 0
    fraction = end[numbers][reached].astype(np.float64)
    return Locations(
        network,
        pd.RangeIndex(len(numbers)) if index is None else index,
        _starts(reached.astype(np.int64)),
        edge[reached],
        fraction,
        np.zeros(len(fraction)),
        network.x[numbers[reached]],
        network.y[numbers[reached]],
        reached,
        given=np.column_stack([network.x[numbers], network.y[numbers]]),
    )


def located(network: StreetNetwork, points: Placeable) -> Locations:
    """Return points that a question is asked of: as they are, or a table located by `locate`.

    Raises
    ------
    QueryError
        If the locations lie on another network, or the table's points cannot be located.
    """
    if not isinstance(network, StreetNetwork):
        raise QueryError(f"the network is a {type(network).__name__}, expected a StreetNetwork")
    if not isinstance(points, Locations):
        return locate(network, points)
    if points.network is not network:
        raise QueryError("points lie on another network: locate all of them on this one")
    return points


def _rows_of(given: Any, rows: NDArray[np.int64]) -> Any:
    if given is None or isinstance(given, np.ndarray):
        return None if given is None else given[rows]
    return given.iloc[rows]


def _positions(rows: NDArray[Any], size: int) -> NDArray[np.int64]:
    """Return the positions that rows name, checked."""
    if rows.dtype == np.bool_:
        if rows.shape != (size,):
            raise QueryError(f"rows are {rows.shape} flags, expected ({size},)")
        return np.flatnonzero(rows)
    if rows.size == 0:
        return np.zeros(0, dtype=np.int64)
    if rows.dtype.kind not in "iu" or rows.ndim != 1:
        raise QueryError(f"rows must be positions (k,), not {rows.dtype} {rows.shape}")
    if rows.min() < 0 or rows.max() >= size:
        raise QueryError(f"rows must be positions 0..{size - 1}")
    return rows.astype(np.int64, copy=False)


def _starts(count: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64)


def _entering(given: Points, gates: Points | None) -> tuple[Floats, NDArray[np.int64]]:
    """Return the places people step out from (e, 2) and whose they are."""
    everyone = np.arange(len(given.index))
    if gates is None:
        return given.xy, everyone
    gateless = ~np.isin(everyone, gates.owner)
    places = np.concatenate([given.xy[gateless], gates.xy])
    return places, np.concatenate([everyone[gateless], gates.owner])


_TREES: WeakKeyDictionary[StreetNetwork, tuple[shapely.STRtree, NDArray[np.int32]]] = (
    WeakKeyDictionary()
)


def _edge_tree(network: StreetNetwork) -> tuple[shapely.STRtree, NDArray[np.int32]]:
    """Return a spatial index of the edges that are not closed, and their numbers."""
    if network not in _TREES:
        numbers = np.flatnonzero(~network.closed).astype(np.int32)
        _TREES[network] = (shapely.STRtree(edge_lines(network)[numbers]), numbers)
    return _TREES[network]


def _nearest_edges(
    network: StreetNetwork, xy: Floats, limit: float
) -> tuple[NDArray[np.int32], Floats]:
    """Return each place's nearest edge within the limit (-1 none) and the metres to it."""
    tree, numbers = _edge_tree(network)
    (which, line), metres = tree.query_nearest(
        shapely.points(xy), max_distance=limit, return_distance=True, all_matches=False
    )
    edge = np.full(len(xy), -1, dtype=np.int32)
    access = np.full(len(xy), np.nan)
    edge[which], access[which] = numbers[line], metres
    return edge, access


def _scale(network: StreetNetwork, xy: Floats) -> Floats:
    """Return metres on the plane for each metre on the ground (n,); lengths are geodesic, too.

    In a UTM zone it is 0.9996 on the central meridian: 8 cm in 200 m.
    """
    if network.crs is None:
        return np.ones(len(xy))
    to_degrees = Transformer.from_crs(network.crs, network.crs.geodetic_crs, always_xy=True)
    lon, lat = to_degrees.transform(xy[:, 0], xy[:, 1])
    factors = Proj(network.crs).get_factors(lon, lat)
    # Exact where the projection is conformal, as UTM and Gauss-Krüger are; else the mean.
    scale: Floats = np.sqrt(np.asarray(factors.areal_scale, dtype=np.float64))
    return np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)


def _place_on_edges(
    network: StreetNetwork, xy: Floats, edge: NDArray[np.int32]
) -> tuple[Floats, Floats, Floats]:
    """Return fraction, x and y of the places on their edges."""
    lines = cast("NDArray[np.object_]", _edge_tree(network)[0].geometries)
    row = np.searchsorted(_edge_tree(network)[1], edge)
    along = shapely.line_locate_point(lines[row], shapely.points(xy))
    whole = shapely.length(lines[row])
    on_street = shapely.line_interpolate_point(lines[row], along)
    fraction = np.divide(along, whole, out=np.zeros(len(edge)), where=whole > 0)
    return np.clip(fraction, 0.0, 1.0), shapely.get_x(on_street), shapely.get_y(on_street)


def _incident_edges(network: StreetNetwork) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Return one open edge at each node (-1 none) and which end of it the node is."""
    incident = np.full(network.n_nodes, -1, dtype=np.int32)
    end = np.zeros(network.n_nodes, dtype=np.int8)
    numbers = np.flatnonzero(~network.closed).astype(np.int32)
    u, v = network.edge_u[numbers], network.edge_v[numbers]
    incident[v], end[v] = numbers, 1
    incident[u], end[u] = numbers, 0
    return incident, end


def _node_breaches(
    network: StreetNetwork, numbers: NDArray[Any], index: pd.Index[Any] | None
) -> list[str]:
    if numbers.ndim != 1 or len(numbers) == 0:
        return ["there are no nodes to locate"]
    found = []
    if numbers.dtype.kind not in "iu":
        found.append(f"nodes must be node numbers, not {numbers.dtype}")
    elif numbers.min() < 0 or numbers.max() >= network.n_nodes:
        found.append(f"nodes must be 0..{network.n_nodes - 1}")
    if index is not None and (len(index) != len(numbers) or not index.is_unique):
        found.append("the index must be unique and as long as the nodes")
    return found
