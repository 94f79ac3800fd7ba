"""Plain searches with scipy: edges are cut at every entry, nothing is contracted or rounded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from quarterhour.coverage.impedance import Impedance
from quarterhour.coverage.locate import Locations

Floats = NDArray[np.float64]


#: Small enough not to change which route is shortest.
TIE = 1e-7


class CutGraph:
    """The network with edges cut at entries and one extra node a point of each side."""

    def __init__(self, origins: Locations, targets: Locations, costs: Impedance) -> None:
        network = origins.network
        n, a, b = network.n_nodes, len(origins.edge), len(targets.edge)
        edge = np.concatenate([origins.edge, targets.edge])
        at = np.concatenate([origins.fraction, targets.fraction])
        node = np.arange(n, n + a + b)
        node = np.where(at == 0, network.edge_u[edge], node)
        node = np.where(at == 1, network.edge_v[edge], node)
        inner = (at > 0) & (at < 1)
        m = np.arange(network.n_edges)
        e = np.concatenate([m, edge[inner], m])
        t = np.concatenate([0.0 * m, at[inner], 0.0 * m + 1])
        w = np.concatenate([network.edge_u, node[inner], network.edge_v])
        order = np.lexsort([t, e])
        e, t, w = e[order], t[order], w[order]
        same = e[1:] == e[:-1]
        e, part, p, q = e[1:][same], np.diff(t)[same], w[:-1][same], w[1:][same]
        self.origin = n + a + b + np.arange(len(origins))
        self.target = self.origin[-1] + 1 + np.arange(len(targets))
        self.size = int(self.target[-1]) + 1
        go, gt = origins.access * origins.count_access, targets.access * targets.count_access
        head = np.concatenate([p, q, self.origin[origins.owner], node[a:]])
        tail = np.concatenate([q, p, node[:a], self.target[targets.owner]])
        cost = [
            np.where(np.isinf(c[e]), np.inf, np.where(np.isinf(c[e]), 0, c[e]) * part)
            for c in (costs.forward, costs.backward)
        ]
        first = np.concatenate([*cost, go * costs.access, gt * costs.access])
        second = np.concatenate(
            [
                costs.other_forward[e] * part,
                costs.other_backward[e] * part,
                go * costs.other_access,
                gt * costs.other_access,
            ]
        )
        keep = np.isfinite(first)
        self.main, self.other = self._matrices(head[keep], tail[keep], first[keep], second[keep])

    def _matrices(self, head, tail, first, second):
        order = np.lexsort([second, first, tail, head])
        head, tail, first, second = (z[order] for z in (head, tail, first, second))
        new = np.ones(len(head), bool)
        new[1:] = (head[1:] != head[:-1]) | (tail[1:] != tail[:-1])
        place = (head[new], tail[new])
        shape = (self.size, self.size)
        return csr_array((first[new], place), shape), csr_array((second[new], place), shape)

    def search(self, source: int, limit: float | None, *, back: bool = False):
        """Return both units from (or, going back, to) one node; inf where unreached."""
        graph, other = (
            (self.main.T.tocsr(), self.other.T.tocsr()) if back else (self.main, self.other)
        )
        both = graph.copy()
        both.data = (
            graph.data + TIE * other.data
        )  # of routes as short, the better in the other unit
        _, pred = dijkstra(both, indices=source, return_predecessors=True)
        carried: Floats = np.where(pred >= 0, np.nan, np.inf)
        carried[source] = 0.0
        dist = carried.copy()
        before = np.maximum(pred, 0)
        while (todo := np.flatnonzero(np.isnan(carried) & ~np.isnan(carried[before]))).size:
            carried[todo] = carried[pred[todo]] + other[pred[todo], todo]
            dist[todo] = dist[pred[todo]] + graph[pred[todo], todo]
        beyond = dist > (np.inf if limit is None else limit)
        dist[beyond] = carried[beyond] = np.inf
        return dist, carried


def nearest(origins: Locations, targets: Locations, costs: Impedance, k: int, limit: float | None):
    """Return cost, other unit and facility, each (n, k)."""
    graph = CutGraph(origins, targets, costs)
    cost = np.full((len(origins), len(targets)), np.inf)
    other = cost.copy()
    for number, node in enumerate(graph.target):
        dist, carried = graph.search(int(node), limit, back=True)
        cost[:, number], other[:, number] = dist[graph.origin], carried[graph.origin]
    rank = np.argsort(cost, axis=1, kind="stable")[:, :k]
    best, beside = (np.take_along_axis(z, rank, axis=1) for z in (cost, other))
    reached = np.isfinite(best)
    pad = ((0, 0), (0, k - rank.shape[1]))
    return (
        np.pad(np.where(reached, best, np.nan), pad, constant_values=np.nan),
        np.pad(np.where(reached, beside, np.nan), pad, constant_values=np.nan),
        np.pad(np.where(reached, rank, -1), pad, constant_values=-1),
    )


def pairs(sources: Locations, targets: Locations, costs: Impedance, limit: float):
    """Return indptr, indices, cost and other unit."""
    graph = CutGraph(sources, targets, costs)
    rows = []
    for node in graph.origin:
        dist, carried = graph.search(int(node), limit)
        found = np.flatnonzero(np.isfinite(dist[graph.target]))
        rows.append((found, dist[graph.target][found], carried[graph.target][found]))
    indptr = np.concatenate([[0], np.cumsum([len(row[0]) for row in rows])]).astype(np.int64)
    indices, cost, other = (np.concatenate([row[i] for row in rows]) for i in range(3))
    return indptr, indices.astype(np.int32), cost.astype(np.float32), other.astype(np.float32)


def plain_graph(network):
    """Return the network as a scipy graph of lengths, parallel edges merged, loops dropped."""
    ends = np.sort(np.column_stack([network.edge_u, network.edge_v]), axis=1)
    order = np.lexsort([network.length, ends[:, 1], ends[:, 0]])
    ends, length = ends[order], network.length[order]
    first = np.concatenate([[True], (np.diff(ends, axis=0) != 0).any(axis=1)])
    (u, v), w = (
        ends[first & (ends[:, 0] != ends[:, 1])].T,
        length[first & (ends[:, 0] != ends[:, 1])],
    )
    places = (np.concatenate([u, v]), np.concatenate([v, u]))
    return csr_array((np.concatenate([w, w]), places), (network.n_nodes, network.n_nodes))
