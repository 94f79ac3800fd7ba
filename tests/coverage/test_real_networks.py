"""J1 and J2 on every real network, against scipy and networkx on graphs that are not contracted."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse.csgraph import dijkstra

from quarterhour.coverage.impedance import impedance
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.nearest import nearest
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.network_convert import edge_lines
from quarterhour.coverage.pairs import pairs
from quarterhour.coverage.profiles import ADULT
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

from .reference import CutGraph, plain_graph

#: What the engine promises: metres of error at most.
PROMISED = 0.015
LIMIT_M = 1200.0
BEIJING = ("streets-2012.osm.pbf", "streets-2024.osm.pbf", "walk-small-2024.osm")


def moscow(shared):
    nodes = pd.read_parquet(shared / "networks" / "moscow-nodes.parquet")
    edges = pd.read_parquet(shared / "networks" / "moscow-edges.parquet")
    return StreetNetwork.from_arrays(nodes.x, nodes.y, edges.u, edges.v, edges.length)


@pytest.fixture(scope="module", params=[*BEIJING, pytest.param("moscow", marks=pytest.mark.slow)])
def case(request, shared):
    """A network, all its nodes as points, and its plain graph."""
    if request.param == "moscow":
        network = moscow(shared)
    else:
        path = shared / "beijing" / request.param
        network = StreetNetwork.from_streets(read_streets(path, log=FaultLog()))
    return network, locate_nodes(network, np.arange(network.n_nodes)), plain_graph(network)


def scattered(network, size, seed):
    chosen = np.random.default_rng(seed).choice(network.n_nodes, size, replace=False)
    return np.sort(chosen)


def assert_row(row, expected, limit=LIMIT_M, *, alone=False):
    """Compare one row of pairs with the costs of all targets, inf beyond reach."""
    found, metres = row
    assert (np.diff(found) > 0).all()
    got = np.full(len(expected), np.inf)
    got[found] = metres
    differ = np.isfinite(got) != (expected <= limit)
    assert (np.minimum(got, expected)[differ] > limit - PROMISED).all()
    both = np.isfinite(got) & (expected <= limit)
    assert alone or both.any()
    assert np.abs(got[both] - expected[both]).max(initial=0) <= PROMISED


def rows_of(found):
    borders = zip(found.indptr[:-1], found.indptr[1:], strict=True)
    return [(found.indices[a:b], found.metres[a:b]) for a, b in borders]


def test_pairs_from_scattered_nodes_are_those_of_scipy(case):
    network, everyone, graph = case
    chosen = scattered(network, 60, seed=1)
    expected = dijkstra(graph, indices=chosen, limit=LIMIT_M + 1.0)
    found = pairs(network, everyone.take(chosen), everyone, limit=LIMIT_M)
    for row, costs in zip(rows_of(found), expected, strict=True):
        assert_row(row, costs)


def test_pairs_from_neighbouring_nodes_are_those_of_scipy(case):
    network, everyone, graph = case
    middle = scattered(network, 1, seed=2)[0]
    near = np.hypot(network.x - network.x[middle], network.y - network.y[middle])
    chosen = np.sort(np.argsort(near)[:96])
    expected = dijkstra(graph, indices=chosen, limit=LIMIT_M + 1.0)
    found = pairs(network, everyone.take(chosen), everyone, limit=LIMIT_M)
    for row, costs in zip(rows_of(found), expected, strict=True):
        assert_row(row, costs)


def test_pairs_are_those_of_networkx(case):
    network, everyone, _ = case
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    ends = zip(network.edge_u.tolist(), network.edge_v.tolist(), strict=True)
    graph.add_edges_from(
        (u, v, {"metres": w}) for (u, v), w in zip(ends, network.length.tolist(), strict=True)
    )
    chosen = scattered(network, 8, seed=3)
    found = pairs(network, everyone.take(chosen), everyone, limit=LIMIT_M)
    for row, source in zip(rows_of(found), chosen.tolist(), strict=True):
        reached = nx.single_source_dijkstra_path_length(
            graph, source, cutoff=LIMIT_M + 1.0, weight="metres"
        )
        costs = np.full(network.n_nodes, np.inf)
        costs[list(reached)] = list(reached.values())
        assert_row(row, costs)


@pytest.mark.parametrize("limit", [None, LIMIT_M])
def test_the_nearest_facility_is_that_of_scipy(case, limit):
    network, everyone, graph = case
    facilities = scattered(network, 40, seed=4)
    expected = dijkstra(graph, indices=facilities, min_only=True)
    found = nearest(network, everyone, locate_nodes(network, facilities), limit=limit)
    metres = found.metres.ravel()
    bound = np.inf if limit is None else limit
    differ = np.isfinite(metres) != (np.isfinite(expected) & (expected <= bound))
    assert (np.fmin(metres, expected)[differ] > bound - PROMISED).all()
    both = np.isfinite(metres) & np.isfinite(expected)
    assert both.any()
    assert np.abs(metres[both] - expected[both]).max() <= PROMISED


def test_the_three_nearest_facilities_are_those_of_scipy(case):
    network, everyone, graph = case
    facilities = scattered(network, 12, seed=5)
    origins = scattered(network, 500, seed=6)
    expected = np.sort(dijkstra(graph, indices=facilities)[:, origins], axis=0)[:3].T
    placed = locate_nodes(network, facilities)
    metres = nearest(network, everyone.take(origins), placed, k=3).metres
    assert (np.isfinite(metres) == np.isfinite(expected)).all()
    both = np.isfinite(expected)
    assert both.any()
    assert np.abs(metres[both] - expected[both]).max() <= PROMISED


def beside_streets(network, edges, seed):
    """Put points somewhere along streets, up to some metres off them."""
    random = np.random.default_rng(seed)
    places = shapely.line_interpolate_point(
        edge_lines(network)[edges], random.uniform(0, 1, len(edges)), normalized=True
    )
    xy = shapely.get_coordinates(places) + random.uniform(-5, 5, (len(edges), 2))
    return locate(network, xy)


@pytest.mark.parametrize("by", ["metres", "seconds"])
def test_points_along_streets_are_as_far_as_scipy_says_of_cut_streets(case, by):
    network, _, _ = case
    random = np.random.default_rng(7)
    middle = random.integers(0, network.n_nodes)
    x, y = network.x[network.edge_u], network.y[network.edge_u]
    near = np.argsort(np.hypot(x - network.x[middle], y - network.y[middle]))[:4000]
    sources = beside_streets(network, random.choice(near[:1500], 60), seed=8)
    targets = beside_streets(network, random.choice(near, 2000), seed=9)
    inner = (sources.fraction > 0) & (sources.fraction < 1) & (sources.access > 0)
    assert inner.mean() > 0.8
    graph = CutGraph(sources, targets, impedance(network, by, ADULT))
    costs = dijkstra(graph.main, indices=graph.origin, limit=LIMIT_M + 1.0)[:, graph.target]
    found = pairs(network, sources, targets, limit=LIMIT_M, by=by)
    borders = zip(found.indptr[:-1], found.indptr[1:], strict=True)
    for (a, b), row in zip(borders, costs, strict=True):
        assert_row((found.indices[a:b], found.cost[a:b]), row, alone=True)  # some on islands
    assert len(found) > 2000
    closest = nearest(network, sources, targets, limit=LIMIT_M, by=by)
    best = (closest.metres if by == "metres" else closest.seconds).ravel()
    expected = costs.min(axis=1)
    assert (np.isfinite(best) == (expected <= LIMIT_M)).all()
    assert np.nanmax(np.abs(best - expected)) <= PROMISED
