"""Street networks from and to the graphs of osmnx and networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from .errors import NetworkError
from .network_build import complete, crs_of, line_lengths, metric, utm_zone

if TYPE_CHECKING:
    import networkx as nx

    from .network import StreetNetwork

Floats = NDArray[np.float64]
_GEOD = Geod(ellps="WGS84")


def fields_from_osmnx(graph: nx.MultiDiGraph[Any], crs: Any) -> dict[str, Any]:
    """Return all fields of an osmnx graph; see `StreetNetwork.from_osmnx`."""
    source = _graph_crs(graph)
    nodes = list(graph.nodes)
    at = {node: number for number, node in enumerate(nodes)}
    x, y = (_coordinates(graph, axis) for axis in "xy")
    edges = _undirected(graph, at, x, y)
    lines = [coords for _, _, coords, _ in edges]
    start = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    points = np.concatenate(lines) if lines else np.zeros((0, 2))
    data = [attributes for *_, attributes in edges]
    length = _lengths(data, start, points, source)
    target = source if not source.is_geographic else _target(crs, x, y)
    if not source.is_geographic:
        metric(source)
    forward = Transformer.from_crs(source, target, always_xy=True).transform
    (px, py), (gx, gy) = forward(x, y), forward(points[:, 0], points[:, 1])
    classes = [_first(attributes.get("highway")) for attributes in data]
    return complete(
        {
            "node_id": np.array([str(node) for node in nodes], dtype=object),
            "x": np.asarray(px),
            "y": np.asarray(py),
            "crs": target,
            "edge_u": np.array([at[u] for u, *_ in edges], dtype=np.int32),
            "edge_v": np.array([at[v] for _, v, *_ in edges], dtype=np.int32),
            "length": length,
            "edge_start": start,
            "gx": np.asarray(gx),
            "gy": np.asarray(gy),
            "signal": np.array(
                [graph.nodes[node].get("highway") == "traffic_signals" for node in nodes],
                dtype=np.bool_,
            ),
            "steps": np.array([kind == "steps" for kind in classes], dtype=np.bool_),
            "edge_class": np.array(classes, dtype=object),
            "edge_name": np.array([_first(d.get("name")) for d in data], dtype=object),
        }
    )


def to_networkx(network: StreetNetwork) -> nx.MultiGraph[str]:
    """Return the network as a multigraph; see `StreetNetwork.to_networkx`."""
    import networkx as nx  # noqa: PLC0415 - heavy, needed here alone

    directed = network.factor_forward is not None or network.factor_backward is not None
    graph: nx.MultiGraph[str] = nx.MultiDiGraph() if directed else nx.MultiGraph()
    graph.graph["crs"] = network.crs
    ids = network.node_id.tolist()
    for number, node in enumerate(ids):
        place = {"x": float(network.x[number]), "y": float(network.y[number])}
        graph.add_node(node, **place, signal=bool(network.signal[number]))
    lines = edge_lines(network)
    for edge in range(network.n_edges):
        u, v = ids[network.edge_u[edge]], ids[network.edge_v[edge]]
        attributes = {
            "length": float(network.length[edge]),
            "highway": network.edge_class[edge],
            "name": network.edge_name[edge],
            "steps": bool(network.steps[edge]),
            "edge": edge,
        }
        if _is_open(network.factor_forward, edge):
            graph.add_edge(u, v, geometry=lines[edge], **attributes)
        if directed and _is_open(network.factor_backward, edge):
            graph.add_edge(v, u, geometry=shapely.reverse(lines[edge]), **attributes)
    return graph


def to_osmnx(network: StreetNetwork) -> nx.MultiDiGraph[int]:
    """Return the network as a graph of osmnx; see `StreetNetwork.to_osmnx`."""
    import networkx as nx  # noqa: PLC0415 - heavy, needed here alone

    plain: Any = to_networkx(network)
    names = _whole_numbers(network)
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs=network.crs)
    streets = np.bincount(network.edge_u, minlength=network.n_nodes)
    streets += np.bincount(network.edge_v, minlength=network.n_nodes)
    for (node, place), count in zip(plain.nodes(data=True), streets.tolist(), strict=True):
        signal = {"highway": "traffic_signals"} if place["signal"] else {}
        graph.add_node(names[node], x=place["x"], y=place["y"], street_count=count, **signal)
    for tail, head, data in plain.edges(data=True):
        u, v = names[tail], names[head]
        street = {name: value for name, value in data.items() if name not in {"edge", "steps"}}
        street |= {"osmid": data["edge"], "oneway": plain.is_directed()}
        graph.add_edge(u, v, **street, reversed=False)
        if not plain.is_directed():
            back = street | {"geometry": shapely.reverse(data["geometry"])}
            graph.add_edge(v, u, **back, reversed=True)
    return graph


def _whole_numbers(network: StreetNetwork) -> dict[str, int]:
    """Return a whole number for each node id."""
    ids = network.node_id.tolist()
    if all(str(name).removeprefix("-").isdecimal() for name in ids):
        numbers = {name: int(name) for name in ids}
        if len(set(numbers.values())) == len(ids):
            return numbers
    return {name: position for position, name in enumerate(ids)}


def edge_lines(
    network: StreetNetwork, edges: NDArray[np.int64] | None = None
) -> NDArray[np.object_]:
    """Return the geometry of all edges (m,), or of some, as LineStrings in the network's CRS."""
    chosen = np.arange(network.n_edges) if edges is None else np.asarray(edges, np.int64)
    begin = network.edge_start[chosen]
    count = network.edge_start[chosen + 1] - begin
    owner = np.repeat(np.arange(len(chosen)), count)
    row = np.arange(len(owner)) + np.repeat(begin - (np.cumsum(count) - count), count)
    points = np.column_stack([network.gx[row], network.gy[row]])
    lines: NDArray[np.object_] = shapely.linestrings(points, indices=owner)
    return lines


def _is_open(factor: Floats | None, edge: int) -> bool:
    return factor is None or bool(np.isfinite(factor[edge]))


def _graph_crs(graph: nx.MultiDiGraph[Any]) -> CRS:
    if not isinstance(getattr(graph, "graph", None), dict):
        raise NetworkError(f"expected a graph of networkx or osmnx, not a {type(graph).__name__}")
    crs = graph.graph.get("crs")
    if crs is None:
        raise NetworkError('the graph has no CRS: set graph.graph["crs"]')
    if graph.number_of_nodes() == 0:
        raise NetworkError("the graph has no nodes")
    return crs_of(crs)


def _coordinates(graph: nx.MultiDiGraph[Any], axis: str) -> Floats:
    values = [data.get(axis) for _, data in graph.nodes(data=True)]
    missing = sum(value is None for value in values)
    if missing:
        raise NetworkError(f"{missing} nodes of the graph have no {axis}")
    return _numbers(f"{axis} of the nodes", values)


def _target(crs: Any, x: Floats, y: Floats) -> CRS:
    return utm_zone(x, y) if crs is None else metric(crs)


def _undirected(
    graph: nx.MultiDiGraph[Any], at: dict[Any, int], x: Floats, y: Floats
) -> list[tuple[Any, Any, Floats, dict[str, Any]]]:
    """Return each street once: an edge is dropped when its way back is already there."""
    kept: list[tuple[Any, Any, Floats, dict[str, Any]]] = []
    waiting: dict[tuple[Any, ...], int] = {}
    for u, v, data in graph.edges(data=True):
        coords = _line(data, at[u], at[v], x, y)
        length = data.get("length")
        length = round(length, 3) if isinstance(length, float) else length
        back = (v, u, length, coords[::-1].tobytes())
        if graph.is_directed() and waiting.get(back, 0):
            waiting[back] -= 1
            continue
        here = (u, v, length, coords.tobytes())
        waiting[here] = waiting.get(here, 0) + 1
        kept.append((u, v, coords, data))
    return kept


def _line(data: dict[str, Any], u: int, v: int, x: Floats, y: Floats) -> Floats:
    """Return an edge's geometry as (p, 2), running from u to v."""
    line = data.get("geometry")
    if line is None:
        return np.array([[x[u], y[u]], [x[v], y[v]]])
    if not isinstance(line, shapely.LineString) or line.is_empty:
        raise NetworkError(f"an edge's geometry is {line!r}, expected a LineString of shapely")
    coords = shapely.get_coordinates(line)
    first, last = coords[0], coords[-1]
    along = np.hypot(*(first - (x[u], y[u]))) + np.hypot(*(last - (x[v], y[v])))
    against = np.hypot(*(first - (x[v], y[v]))) + np.hypot(*(last - (x[u], y[u])))
    return coords if along <= against else np.ascontiguousarray(coords[::-1])


def _lengths(
    data: list[dict[str, Any]], start: NDArray[np.int64], points: Floats, source: CRS
) -> Floats:
    """Return the given lengths (m), measuring those that are missing."""
    values = [d.get("length") for d in data]
    given = _numbers("length", [np.nan if value is None else value for value in values])
    missing = np.isnan(given)
    if not missing.any():
        return given
    if not source.is_geographic:
        return np.where(missing, line_lengths(start, points[:, 0], points[:, 1]), given)
    for edge in np.flatnonzero(missing):
        part = points[start[edge] : start[edge + 1]]
        given[edge] = _GEOD.line_length(part[:, 0], part[:, 1])
    return given


def _numbers(what: str, values: list[Any]) -> Floats:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{what} must be numbers: {error}") from error


def _first(value: Any) -> str:
    """Return the first of several values that simplification put together, as text."""
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""
