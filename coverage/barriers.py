"""Barriers and footways that a user draws: walls, rivers and building sites; gates and bridges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer

from .errors import QueryError, raise_all
from .locate import locate
from .network import StreetNetwork
from .network_convert import edge_lines
from .recut import Piece, Recut

if TYPE_CHECKING:
    import geopandas as gpd

Array = NDArray[Any]

#: Metres within which an added footway's end is joined to a street (project choice).
JOIN_M = 15.0


def with_barriers(
    network: StreetNetwork,
    barriers: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    exempt: NDArray[np.bool_] | None = None,
) -> StreetNetwork:
    """Return the network with streets cut where they meet barriers.

    A street that crosses a line is cut in two dead ends; of a street through a polygon the part
    inside is taken out. Touching counts as crossing. Edges that no barrier meets keep their
    numbers, and so do the first pieces of cut ones; a street that lies inside whole is closed.

    Parameters
    ----------
    network
        The streets; unchanged.
    barriers
        Lines and polygons with a CRS (reprojected when it is another one).
    exempt
        bool (m,): edges that no barrier cuts, e.g. bridges and tunnels.

    Raises
    ------
    QueryError
        If the CRS is missing, a geometry is neither line nor polygon or has coordinates that are
        NaN, or ``exempt`` does not fit.
    """
    shapes = _shapes(network, barriers, ("LineString", "Polygon"), "barriers")
    if exempt is not None and exempt.shape != (network.n_edges,):
        raise QueryError(f"exempt has shape {exempt.shape}, expected ({network.n_edges},)")
    near = _near(network, shapes)
    lines = edge_lines(network, near)
    cuts = Recut(network)
    met, shape = shapely.STRtree(shapes).query(lines, predicate="intersects")
    for place in np.unique(met):
        number = int(near[place])
        if exempt is None or not exempt[number]:
            blocked = _blocked(lines[place], shapes[shape[met == place]])
            cuts.pieces[number] = _left_over(cuts, number, lines[place], blocked)
    return cuts.build() if cuts.pieces else network


def _near(network: StreetNetwork, shapes: Array) -> NDArray[np.int64]:
    """Return the edges whose bounding box meets that of a shape: only these need their lines."""
    begin = network.edge_start[:-1]
    near = np.zeros(network.n_edges, dtype=bool)
    if network.n_edges == 0:
        return np.flatnonzero(near)
    west, east = (f.reduceat(network.gx, begin) for f in (np.minimum, np.maximum))
    south, north = (f.reduceat(network.gy, begin) for f in (np.minimum, np.maximum))
    for x0, y0, x1, y1 in shapely.bounds(shapes).tolist():
        near |= (west <= x1) & (east >= x0) & (south <= y1) & (north >= y0)
    return np.flatnonzero(near)


def with_footways(
    network: StreetNetwork,
    footways: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    join: float = JOIN_M,
) -> StreetNetwork:
    """Return the network with footways added, each end joined to the nearest street.

    A footway crosses streets without a junction; it is joined at its ends alone, by a node put on
    the street there. An end farther than ``join`` from every street is a dead end.

    Parameters
    ----------
    network
        The streets; unchanged.
    footways
        Lines with a CRS (reprojected when it is another one).
    join
        Metres within which an end is joined.

    Raises
    ------
    QueryError
        If the CRS is missing, a geometry is no line, or ``join`` is not above 0.
    """
    shapes = _shapes(network, footways, ("LineString",), "footways")
    parts = shapely.get_parts(shapes)
    parts = parts[~shapely.is_empty(parts)]
    if len(parts) == 0:
        return network
    cuts = Recut(network)
    ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
    node = _joined_nodes(cuts, np.column_stack([shapely.get_x(ends), shapely.get_y(ends)]), join)
    for number, part in enumerate(parts):
        u, v = node[number], node[len(parts) + number]
        places = [_node_place(cuts, u), shapely.get_coordinates(part), _node_place(cuts, v)]
        points = np.concatenate(places)
        cuts.add_edge(points, _ground_length(network, points), u, v)
    return cuts.build()


def _shapes(network: StreetNetwork, table: Any, kinds: tuple[str, ...], what: str) -> Array:
    """Return the geometries in the network's CRS, checked; areas that cross themselves mended."""
    if not hasattr(table, "geometry"):
        raise QueryError(f"the {what} are a {type(table).__name__} without geometry")
    geometry, found = table.geometry, []
    if geometry.crs is None and network.crs is not None:
        found.append(f"the {what} have no CRS: set it, e.g. .set_crs(4326)")
    if geometry.crs is not None and network.crs is None:
        found.append(f"the network has no CRS, so {what} in {geometry.crs.name} do not fit it")
    allowed = {kind for single in kinds for kind in (single, "Multi" + single)}
    others = int((~geometry.geom_type.isin(allowed)).sum())
    if others:
        found.append(f"{others} of the {what} are missing or not of {', '.join(sorted(allowed))}")
    numbers = shapely.get_coordinates(np.asarray(geometry.array))
    if not np.isfinite(numbers).all():
        found.append(f"{what} have coordinates that are NaN or infinite")
    raise_all(QueryError, found)
    if geometry.crs is not None and geometry.crs != network.crs:
        geometry = geometry.to_crs(network.crs)
    shapes: Array = np.asarray(geometry.array)
    return np.where(shapely.is_valid(shapes), shapes, shapely.make_valid(shapes))


def _blocked(line: Any, shapes: Array) -> list[tuple[float, float]]:
    """Return the shares of a line that barriers block, as sorted intervals; a crossing is one."""
    whole = line.length
    parts = shapely.get_parts(shapely.intersection(line, shapes))
    intervals = []
    for part in parts[~shapely.is_empty(parts)]:
        points = shapely.points(shapely.get_coordinates(part))
        along = shapely.line_locate_point(line, points) / whole if whole > 0 else np.array([0, 1])
        intervals.append((float(along.min()), float(along.max())))
    return sorted(intervals)


def _left_over(
    cuts: Recut, edge: int, line: Any, blocked: list[tuple[float, float]]
) -> list[Piece]:
    """Return the pieces between the blocked intervals; their cut ends are new dead ends."""
    network, pieces = cuts.network, []
    begin, node = 0.0, int(network.edge_u[edge])
    for low, high in blocked:
        if low > begin:
            pieces.append(Piece(begin, low, node, _cut_end(cuts, line, low)))
        if high >= begin:
            begin, node = high, -1
    if begin < 1.0:
        node = _cut_end(cuts, line, begin) if node < 0 else node
        pieces.append(Piece(begin, 1.0, node, int(network.edge_v[edge])))
    return [_with_begin(cuts, line, piece) for piece in pieces]


def _with_begin(cuts: Recut, line: Any, piece: Piece) -> Piece:
    """Give a piece that begins at a cut its own node."""
    if piece.u >= 0:
        return piece
    return Piece(piece.low, piece.high, _cut_end(cuts, line, piece.low), piece.v)


def _cut_end(cuts: Recut, line: Any, share: float) -> int:
    point = shapely.line_interpolate_point(line, share, normalized=True)
    return cuts.new_node(point.x, point.y)


def _joined_nodes(cuts: Recut, xy: Array, join: float) -> list[int]:
    """Return the node each place is joined to, cutting streets where it has to be new."""
    network = cuts.network
    place = locate(network, xy, snap_limit=join)
    nodes = [-1] * len(xy)
    wanted: dict[int, list[tuple[float, int]]] = {}
    for point in range(len(xy)):
        if not place.reached[point]:
            nodes[point] = _same_or_new(cuts, xy, nodes, point)
            continue
        entry = int(place.start[point])
        edge, share = int(place.edge[entry]), float(place.fraction[entry])
        if share in {0.0, 1.0}:
            nodes[point] = int((network.edge_v if share else network.edge_u)[edge])
        else:
            wanted.setdefault(edge, []).append((share, point))
    for edge, places in wanted.items():
        _cut_open(cuts, edge, sorted(places), nodes)
    return nodes


def _same_or_new(cuts: Recut, xy: Array, nodes: list[int], point: int) -> int:
    """Return the node of an earlier loose end at the same place, or a new one."""
    for other in range(point):
        if nodes[other] >= 0 and (xy[other] == xy[point]).all():
            return nodes[other]
    return cuts.new_node(*xy[point])


def _cut_open(cuts: Recut, edge: int, places: list[tuple[float, int]], nodes: list[int]) -> None:
    """Put nodes on an edge; its pieces stay joined at them."""
    network = cuts.network
    line = edge_lines(network, np.array([edge]))[0]
    pieces, begin, node = [], 0.0, int(network.edge_u[edge])
    for share, point in places:
        if share > begin:
            new = _cut_end(cuts, line, share)
            pieces.append(Piece(begin, share, node, new))
            begin, node = share, new
        nodes[point] = node
    cuts.pieces[edge] = [*pieces, Piece(begin, 1.0, node, int(network.edge_v[edge]))]


def _node_place(cuts: Recut, node: int) -> Array:
    network = cuts.network
    if node < network.n_nodes:
        return np.array([[network.x[node], network.y[node]]])
    return np.array([cuts.node_xy[node - network.n_nodes]])


def _ground_length(network: StreetNetwork, points: Array) -> float:
    """Return metres along a line: geodesic where the CRS tells where on Earth it lies."""
    if network.crs is None:
        return float(np.hypot(*np.diff(points, axis=0).T).sum())
    to_degrees = Transformer.from_crs(network.crs, network.crs.geodetic_crs, always_xy=True)
    ellipsoid = network.crs.get_geod() or Geod(ellps="WGS84")
    return float(ellipsoid.line_length(*to_degrees.transform(points[:, 0], points[:, 1])))
