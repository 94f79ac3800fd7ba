"""Routes as lines."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.impedance import impedance
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import pairs
from quarterhour.coverage.profiles import ADULT
from quarterhour.coverage.routes import route, routes
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

from .networks import block, multigraphs


@settings(max_examples=60, deadline=None)
@given(multigraphs(), st.integers(0, 1000), st.sampled_from(["metres", "seconds"]))
def test_a_route_costs_what_the_pair_costs_and_is_one_line(network, seed, by):
    random = np.random.default_rng(seed)
    points = locate(network, random.uniform(-50, 550, (6, 2)), snap_limit=200)
    if seed % 3 == 0:
        points = locate_nodes(network, random.integers(0, network.n_nodes, 6))
    costs = pairs(network, points, points, limit=9000, by=by)
    found = {
        (r, c): v for r, c, v in zip(*costs.to_scipy().tocoo().coords, costs.cost, strict=True)
    }
    for pair in np.ndindex(6, 6):
        way = route(network, points, points, origin=pair[0], destination=pair[1], by=by)
        assert (way is None) == (pair not in found)
        if way is not None:
            assert getattr(way, by) == pytest.approx(found[pair], abs=0.015)
            assert_drawn(network, points, pair, way)


def assert_drawn(network, points, pair, way):
    """The line starts and ends at an entry and follows the edges named without a jump."""
    for place, end in zip(pair, (0, -1), strict=True):
        entries = slice(points.start[place], points.start[place + 1])
        x, y = way.line.coords[end]
        gap = np.hypot(points.x[entries] - x, points.y[entries] - y)
        assert gap.min() < 1e-6 or (network.length[points.edge[entries]] == 0).any()
    long = impedance(network, "metres", ADULT)
    assert np.isfinite(np.minimum(long.forward, long.backward)[way.edges]).all()


def drawn(line):
    return [(round(x, 6), round(y, 6)) for x, y in line.coords]


def test_around_the_block_the_short_way():
    network = block()
    ends = locate(network, [[20, 0], [0, 70]])
    way = route(network, ends, ends, destination=1)
    assert drawn(way.line) == [(20, 0), (0, 0), (0, 70)]
    assert way.metres == pytest.approx(90)
    assert way.seconds == pytest.approx(81)
    assert way.edges.tolist() == [0, 3]


def test_on_one_edge_both_ways():
    network = block()
    ends = locate(network, [[20, 0], [70, 0]])
    assert drawn(route(network, ends, ends, destination=1).line) == [(20, 0), (70, 0)]
    assert drawn(route(network, ends, ends, origin=1).line) == [(70, 0), (20, 0)]


def test_from_a_place_to_itself():
    network = block()
    ends = locate(network, [[20, 0]])
    way = route(network, ends, ends)
    assert way.metres == 0
    assert way.line.length == 0


def test_bends_are_followed():
    bent = StreetNetwork.from_arrays(
        [0, 30, 60], [0, 0, 0], [0, 1], [1, 2],
        edge_start=[0, 4, 6], gx=[0, 0, 30, 30, 30, 60], gy=[0, 10, 10, 0, 0, 0],
    )  # fmt: skip
    ends = locate(bent, [[0, 5], [45, 0]])
    way = route(bent, ends, ends, destination=1)
    assert drawn(way.line) == [(0, 5), (0, 10), (30, 10), (30, 0), (45, 0)]
    assert way.metres == pytest.approx(way.line.length)


def test_where_there_is_no_way_there_is_no_line():
    two = StreetNetwork.from_arrays([0, 10, 0, 10], [0, 0, 50, 50], [0, 2], [1, 3])
    ends = locate(two, [[5, 0], [5, 50]])
    assert route(two, ends, ends, destination=1) is None
    frame = routes(two, ends, ends.take([1, 0]))
    assert frame.geometry.isna().all()
    assert frame.metres.isna().all()


def test_routes_come_as_a_table_with_the_index_kept():
    network = block()
    ends = locate(network, [[20, 0], [70, 0]])
    frame = routes(network, ends, ends.take([1, 0]))
    assert frame.index.tolist() == [0, 1]
    assert frame.destination.tolist() == [1, 0]
    assert frame.metres.tolist() == pytest.approx([50, 50])
    assert frame.geometry.length.tolist() == pytest.approx([50, 50])


def test_real_routes_are_as_long_as_networkx_says(shared):
    streets = read_streets(shared / "beijing" / "walk-small-2024.osm", log=FaultLog())
    network = StreetNetwork.from_streets(streets)
    graph = network.to_networkx()
    main = np.flatnonzero(network.component == network.component_length.argmax())
    nodes = np.random.default_rng(2).choice(main, (30, 2))
    begin, end = locate_nodes(network, nodes[:, 0]), locate_nodes(network, nodes[:, 1])
    for i, (u, v) in enumerate(nodes):
        ids = network.node_id[u], network.node_id[v]
        metres = nx.dijkstra_path_length(graph, *ids, weight="length")
        way = route(network, begin, end, origin=i, destination=i)
        assert way.metres == pytest.approx(metres, abs=0.015)
        assert way.line.length == pytest.approx(metres, rel=2e-3)
        if u != v:
            assert way.line.coords[0] == pytest.approx((network.x[u], network.y[u]))
            assert way.line.coords[-1] == pytest.approx((network.x[v], network.y[v]))


@pytest.mark.parametrize(("origin", "destination"), [(1, 0), (0, 1), (-1, 0)])
def test_points_that_are_not_there_are_refused(origin, destination):
    network = block()
    points = locate_nodes(network, [0])
    with pytest.raises(QueryError, match="no pair of points"):
        route(network, points, points, origin=origin, destination=destination)


def test_a_route_longer_than_32_bits_of_ticks_is_found():
    n = 41
    spurs = np.arange(1, n - 1)  # side streets, so that the line is no single chain
    comb = StreetNetwork.from_arrays(
        np.concatenate([np.arange(n) * 20_000.0, spurs * 20_000.0]),
        np.concatenate([np.zeros(n), np.full(len(spurs), 10.0)]),
        np.concatenate([np.arange(n - 1), spurs]),
        np.concatenate([np.arange(1, n), n + np.arange(len(spurs))]),
    )
    ends = locate_nodes(comb, [0, n - 1])
    way = route(comb, ends, ends, destination=1)
    assert way.metres == pytest.approx(800_000)
    assert way.line.length == pytest.approx(800_000)


def test_a_one_way_street_has_no_way_back_however_long():
    line = StreetNetwork.from_arrays(
        [0, 9e5, 18e5, 9e5], [0, 0, 0, 9], [0, 1, 1], [1, 2, 3], factor_backward=[np.inf, 1, 1]
    )
    ends = locate_nodes(line, [0, 2])
    assert route(line, ends, ends, destination=1).metres == pytest.approx(18e5)
    assert route(line, ends, ends, origin=1) is None


def test_a_point_is_named_by_its_position():
    network = block()
    points = locate_nodes(network, [0])
    with pytest.raises(QueryError, match="'a', 0: give positions"):
        route(network, points, points, origin="a")


def test_unequal_numbers_cannot_be_paired():
    network = block()
    points = locate_nodes(network, [0, 1])
    with pytest.raises(QueryError, match="2 origins cannot be paired with 1"):
        routes(network, points, points.take([0]))
