"""J2: all pairs within a limit, against plain searches and drawn cases."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.engine import engine
from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.impedance import impedance
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.nearest import nearest
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import pairs
from quarterhour.coverage.pairs_search import search_pairs
from quarterhour.coverage.profiles import ADULT, ELDERLY, TravelProfile
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

from . import reference
from .networks import block, multigraphs

#: What the engine promises: metres (or seconds) of error at most.
PROMISED = 0.015


def spread_points(network, seed, n=12):
    """Points over and around the streets, some on nodes, some far, some alike."""
    random = np.random.default_rng(seed)
    places = random.uniform(-50, 550, (n, 2))
    places[-1] = places[-2]
    if seed % 3 == 0:
        return locate_nodes(network, random.integers(0, network.n_nodes, n))
    return locate(network, places, snap_limit=150 + 100 * (seed % 2))


def filled(indptr, indices, values, shape):
    whole = np.full(shape, np.nan)
    whole[np.repeat(np.arange(shape[0]), np.diff(indptr)), indices] = values
    return whole


def assert_rows(rows, expected, shape, limit):
    """No pair missing or extra away from the limit, none twice, sorted, and errors as promised."""
    for begin, end in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        assert (np.diff(rows.indices[begin:end]) > 0).all()
    got = filled(rows.indptr, rows.indices, rows.cost, shape)
    want = filled(*expected[:3], shape)
    differ = np.isnan(got) != np.isnan(want)
    assert (np.fmax(got, want)[differ] > limit - PROMISED).all()
    both = ~np.isnan(got) & ~np.isnan(want)
    assert np.abs(got - want)[both].max(initial=0) <= PROMISED
    if rows.other is not None:
        other = filled(rows.indptr, rows.indices, rows.other, shape)
        also = filled(*expected[:2], expected[3], shape)
        assert np.abs(other - also)[both].max(initial=0) <= PROMISED


@settings(max_examples=60, deadline=None)
@given(
    multigraphs(), st.integers(0, 1000), st.floats(1, 900), st.sampled_from(["metres", "seconds"])
)
def test_pairs_are_those_of_a_plain_search(network, seed, limit, by):
    sources, targets = spread_points(network, seed), spread_points(network, seed + 1)
    expected = reference.pairs(sources, targets, impedance(network, by, ADULT), limit)
    ready = engine(network, by, ADULT, limit)
    shape = (len(sources), len(targets))
    for kernel in ("scalar", "lanes") if ready.other is None else ("scalar",):
        rows = search_pairs(ready, sources, targets, limit, threads=1, kernel=kernel)
        assert_rows(rows, expected, shape, limit)


@settings(max_examples=40, deadline=None)
@given(multigraphs(directed=False), st.integers(0, 1000), st.floats(1, 900))
def test_both_kernels_are_bit_identical(network, seed, limit):
    sources, targets = spread_points(network, seed, 40), spread_points(network, seed + 1, 40)
    ready = engine(network, "metres", ADULT, limit)
    one, other = (
        search_pairs(ready, sources, targets, limit, threads=1, kernel=kernel)
        for kernel in ("scalar", "lanes")
    )
    assert one.indptr.tolist() == other.indptr.tolist()
    assert one.indices.tolist() == other.indices.tolist()
    assert one.cost.tobytes() == other.cost.tobytes()


@settings(max_examples=30, deadline=None)
@given(multigraphs(directed=False), st.integers(0, 1000))
def test_costs_are_symmetric_and_obey_the_triangle_inequality(network, seed):
    points = spread_points(network, seed)
    found = pairs(network, points, points, limit=5000)
    cost = filled(found.indptr, found.indices, found.cost, found.shape)
    assert np.array_equal(np.isnan(cost), np.isnan(cost.T))
    assert np.nan_to_num(np.abs(cost - cost.T)).max() <= PROMISED
    # A walk over a third point leaves the street to it and comes back: never shorter.
    over = cost[:, :, None] + cost[None, :, :]
    assert not (cost[:, None, :] > over + 3 * PROMISED).any()


@settings(max_examples=30, deadline=None)
@given(multigraphs(), st.integers(0, 1000), st.floats(0.01, 0.99))
def test_moving_along_an_edge_changes_the_cost_continuously(network, seed, share):
    edge = seed % network.n_edges
    step = 1e-3
    twice = locate_nodes(network, [network.edge_u[edge]] * 2)
    moved = type(twice)(
        network, twice.index, np.arange(3), np.full(2, edge, np.int32),
        np.array([share, share + step]), np.zeros(2), np.zeros(2), np.zeros(2), np.ones(2, bool),
    )  # fmt: skip
    targets = spread_points(network, seed)
    found = pairs(network, moved, targets, limit=5000, by="seconds")
    cost = filled(found.indptr, found.indices, found.cost, found.shape)
    whole = impedance(network, "seconds", ADULT)
    ways = [c[edge] for c in (whole.forward, whole.backward) if np.isfinite(c[edge])]
    most = max(ways, default=0) * step + PROMISED
    passed = (targets.edge == edge) & (np.abs(targets.fraction - share) <= 2 * step)
    one_way = len(ways) == 1 and bool(passed.any())  # a target just passed is a way round off
    assert one_way or np.nan_to_num(np.abs(cost[0] - cost[1])).max() <= most


def test_points_on_the_same_edge_walk_straight_to_each_other():
    network = block()
    points = locate(network, [[20, 0], [70, 0], [20, 0]])
    found = pairs(network, points, points, limit=60)
    assert found.to_scipy().toarray().tolist() == [[0, 50, 0], [50, 0, 50], [0, 50, 0]]


def test_points_on_the_same_edge_may_do_better_around():
    ring = StreetNetwork.from_arrays([0, 100], [0, 0], [0, 0], [1, 1], [400, 100])
    ends = locate_nodes(ring, [0])
    on_long = type(ends)(
        ring, pd.RangeIndex(2), np.arange(3), np.zeros(2, np.int32), np.array([0.05, 0.95]),
        np.zeros(2), np.zeros(2), np.zeros(2), np.ones(2, bool),
    )  # fmt: skip
    found = pairs(ring, on_long, on_long, limit=1000)
    assert found.to_scipy().toarray()[0, 1] == 20 + 100 + 20


def test_points_at_nodes():
    network = block()
    everyone = locate_nodes(network, np.arange(5))
    found = pairs(network, everyone, everyone, limit=1000).to_scipy().toarray()
    graph = network.to_networkx()
    for i in range(5):
        metres = nx.single_source_dijkstra_path_length(graph, str(i), weight="length")
        assert found[i].tolist() == [metres[str(j)] for j in range(5)]


def test_points_on_dead_ends():
    network = block()
    points = locate(network, [[0, -150], [0, -199], [100, 100]])
    found = pairs(network, points, points, limit=1000).to_scipy().toarray()
    assert found.tolist() == [[0, 49, 350], [49, 0, 399], [350, 399, 0]]


def test_a_pair_exactly_at_the_limit_is_within():
    network = block()
    ends = locate_nodes(network, [0, 2, 4])
    assert pairs(network, ends, ends, limit=200).to_scipy().nnz == 7
    assert pairs(network, ends, ends, limit=199.99).to_scipy().nnz == 3
    assert pairs(network, ends, ends, limit=200).cost.max() == 200


def test_a_point_farther_than_the_snapping_limit_has_no_pairs():
    network = block()
    points = locate(network, [[50, -60], [50, -20]], snap_limit=30)
    found = pairs(network, points, points, limit=500)
    assert found.indptr.tolist() == [0, 0, 1]
    assert found.indices.tolist() == [1]


def test_a_point_exactly_at_the_snapping_limit_is_reached():
    network = block()
    assert locate(network, [[50, -30]], snap_limit=30).reached.tolist() == [True]
    assert locate(network, [[50, -30]], snap_limit=29.999).reached.tolist() == [False]


def test_the_way_off_the_street_counts_unless_it_is_said_not_to():
    network = block()
    for count, expected in ((True, 10 + 50 + 5), (False, 50)):
        points = locate(network, [[20, -10], [70, 5]], count_access=count)
        assert pairs(network, points, points, limit=500).to_scipy()[0, 1] == expected


def test_several_gates_give_the_best_of_them():
    network = block()
    home = gpd.GeoDataFrame({"id": ["a"]}, geometry=gpd.points_from_xy([50], [50]))
    gates = gpd.GeoDataFrame(
        {"demand_id": ["a", "a"]}, geometry=gpd.points_from_xy([95, 10], [50, 99])
    )
    entering = locate(network, home, entrances=gates)
    corners = locate_nodes(network, [1, 2, 3])
    there = pairs(network, entering, corners, limit=500).to_scipy().toarray()
    back = pairs(network, corners, entering, limit=500).to_scipy().toarray()
    assert there.tolist() == [[55, 55, 11]]
    assert back.T.tolist() == there.tolist()


def test_parallel_edges_loops_and_zero_lengths():
    network = StreetNetwork.from_arrays(
        [0, 100, 100, 200], [0, 0, 0, 0], [0, 0, 1, 2, 3], [1, 1, 2, 3, 3], [150, 100, 0, 100, 30]
    )
    everyone = locate_nodes(network, np.arange(4))
    found = pairs(network, everyone, everyone, limit=1000).to_scipy()
    assert found.nnz == 16
    assert found.toarray()[0].tolist() == [0, 100, 100, 200]
    loop = locate(network, [[200, 0]])
    assert pairs(network, loop, everyone, limit=1000).to_scipy().toarray()[0, 3] == 0


def test_islands_have_no_pairs_between_them():
    two = StreetNetwork.from_arrays([0, 10, 0, 10], [0, 0, 5, 5], [0, 2], [1, 3])
    everyone = locate_nodes(two, np.arange(4))
    assert pairs(two, everyone, everyone, limit=1e5).to_scipy().nnz == 8


def test_a_one_way_edge_is_walked_one_way():
    shut = [1, 1, 1, 1, 1]
    network = block(factor_backward=[np.inf, 1, 1, 1, 1], factor_forward=shut)
    ends = locate_nodes(network, [0, 1])
    assert pairs(network, ends, ends, limit=500).to_scipy().toarray().tolist() == [
        [0, 100],
        [300, 0],
    ]
    inside = locate(network, [[20, 0], [60, 0]])
    assert pairs(network, inside, inside, limit=500).to_scipy().toarray()[0, 1] == 40
    assert pairs(network, inside, inside, limit=500).to_scipy().toarray()[1, 0] == 360


def test_passing_a_signal_costs_its_delay_and_stopping_there_half():
    line = StreetNetwork.from_arrays(
        [0, 100, 200], [0, 0, 0], [0, 1], [1, 2], signal=[False, True, False]
    )
    profile = TravelProfile("test", 3.6, signal_delay_s=40)
    ends = locate_nodes(line, [0, 1, 2])
    found = pairs(line, ends, ends, limit=900, by="seconds", profile=profile)
    assert found.to_scipy().toarray()[0].tolist() == [0, 120, 240]
    assert found.metres[:3].tolist() == [0, 100, 200]


def test_stairs_take_their_factor():
    line = StreetNetwork.from_arrays([0, 36], [0, 0], [0], [1], steps=[True])
    ends = locate_nodes(line, [0, 1])
    profile = TravelProfile("test", 3.6, steps_factor=3)
    assert pairs(line, ends, ends, limit=900, by="seconds", profile=profile).cost.max() == 108


def test_the_elderly_take_longer():
    ends = locate_nodes(block(), [0, 1])
    slow = pairs(ends.network, ends, ends, limit=900, by="seconds", profile=ELDERLY)
    assert slow.seconds.max() == pytest.approx(120, abs=PROMISED)
    assert slow.metres.max() == pytest.approx(100, abs=PROMISED)


def test_metres_carry_seconds():
    ends = locate_nodes(block(), [0, 1])
    found = pairs(ends.network, ends, ends, limit=900)
    assert found.seconds.max() == pytest.approx(90)
    assert found.metres is found.cost


def test_the_frame_names_points_by_their_index():
    network = block()
    points = locate_nodes(network, [0, 1], index=pd.Index(["甲", "乙"]))
    frame = pairs(network, points, points, limit=100).to_frame()
    assert frame.source.tolist() == ["甲", "甲", "乙", "乙"]
    assert frame.target.tolist() == ["甲", "乙", "甲", "乙"]
    assert frame.metres.tolist() == [0, 100, 100, 0]
    assert frame.seconds.tolist() == [0, 90, 90, 0]


def test_threads_give_the_same_bits(shared):
    network = beijing(shared)
    everyone = locate_nodes(network, np.arange(network.n_nodes))
    one, two = (pairs(network, everyone, everyone, limit=800, threads=n) for n in (1, 2))
    assert one.indices.tobytes() == two.indices.tobytes()
    assert one.cost.tobytes() == two.cost.tobytes()


def beijing(shared):
    streets = read_streets(shared / "beijing" / "walk-small-2024.osm", log=FaultLog())
    return StreetNetwork.from_streets(streets)


@pytest.mark.parametrize("by", ["metres", "seconds"])
def test_real_streets_agree_with_plain_searches(shared, by):
    network = beijing(shared)
    random = np.random.default_rng(4)
    left, bottom, right, top = (
        network.x.min(), network.y.min(), network.x.max(), network.y.max(),
    )  # fmt: skip
    places = random.uniform((left, bottom), (right, top), (60, 2))
    sources, targets = locate(network, places[:30]), locate(network, places[30:])
    expected = reference.pairs(sources, targets, impedance(network, by, ADULT), 3000.0)
    rows = search_pairs(engine(network, by, ADULT, 3000.0), sources, targets, 3000.0)
    assert_rows(rows, expected, (30, 30), 3000.0)
    assert len(rows.indices) > 50


def test_moscow_agrees_with_scipy(shared):
    nodes = pd.read_parquet(shared / "networks" / "moscow-nodes.parquet")
    edges = pd.read_parquet(shared / "networks" / "moscow-edges.parquet")
    network = StreetNetwork.from_arrays(nodes.x, nodes.y, edges.u, edges.v, edges.length)
    everyone = locate_nodes(network, np.arange(network.n_nodes))
    sources = np.random.default_rng(3).choice(network.n_nodes, 40, replace=False)
    found = pairs(network, everyone.take(sources), everyone, limit=1200.0)
    graph = reference.plain_graph(network)
    for row, source in enumerate(sources):
        metres = reference.dijkstra(graph, indices=source, limit=1200.0)
        got = slice(found.indptr[row], found.indptr[row + 1])
        away = np.flatnonzero(metres < 1200.0 - PROMISED)
        assert np.isin(away, found.indices[got]).all()
        assert np.abs(metres[found.indices[got]] - found.cost[got]).max() <= PROMISED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"limit": -5}, "limit is -5"),
        ({"limit": np.nan}, "limit is nan"),
        ({"limit": np.inf}, "finite"),
        ({"limit": None}, "limit is None, expected a number"),
        ({"threads": 0}, "threads is 0"),
        ({"threads": 1.5}, "threads is 1.5, expected a whole number"),
        ({"by": "miles"}, "by is 'miles'"),
    ],
)
def test_questions_that_make_no_sense_are_refused(change, words):
    network = block()
    points = locate_nodes(network, [0])
    with pytest.raises(QueryError, match=words):
        pairs(network, points, points, **({"limit": 100} | change))


@pytest.mark.parametrize("limit", [1e6, 1e9, 1e300])
@pytest.mark.parametrize("directed", [False, True])
def test_a_limit_beyond_every_walk_costs_no_precision(limit, directed):
    random = np.random.default_rng(5)
    n, m = 60, 150
    u, v = random.integers(0, n, (2, m))
    length = random.uniform(0.001, 90.0, m)
    shut = np.where(random.random(m) < 0.3, np.inf, 1.0) if directed else None
    x, y = random.uniform(0, 900, (2, n))
    network = StreetNetwork.from_arrays(x, y, u, v, length, factor_forward=shut)
    points, ends = (locate(network, random.uniform(0, 900, (40, 2))) for _ in range(2))
    found = pairs(network, points, ends, limit=limit)
    graph = reference.CutGraph(points, ends, impedance(network, "metres", ADULT))
    walks = np.array([graph.search(int(node), None)[0][graph.target] for node in graph.origin])
    cost = filled(found.indptr, found.indices, found.cost, found.shape)
    assert np.array_equal(np.isnan(cost), np.isinf(walks))
    reached = np.isfinite(walks)
    assert np.abs(cost[reached] - walks[reached]).max() <= PROMISED
    alone = nearest(network, points, ends, limit=limit, k=2).metres
    assert np.array_equal(alone, nearest(network, points, ends, k=2).metres, equal_nan=True)


def test_hundreds_of_equal_streets_in_a_row_err_by_little():
    n, step = 160, 3.3
    place = np.arange(n * n).reshape(n, n)
    y, x = np.divmod(place.ravel(), n)
    u = np.concatenate([place[:, :-1].ravel(), place[:-1].ravel()])
    v = np.concatenate([place[:, 1:].ravel(), place[1:].ravel()])
    grid = StreetNetwork.from_arrays(x * step, y * step, u, v)
    corner, everyone = locate_nodes(grid, [0]), locate_nodes(grid, place.ravel())
    limit = 100 * step  # many stand exactly at it
    found = pairs(grid, corner, everyone, limit=limit)
    walk = (x + y) * step
    assert found.indices.tolist() == np.flatnonzero(walk <= limit + 1e-6).tolist()
    assert np.abs(found.cost - walk[found.indices]).max() <= 0.001
    far = nearest(grid, everyone, corner).metres[:, 0]
    assert np.abs(far - walk).max() <= 0.003


def test_both_units_come_as_a_matrix():
    network = block(steps=np.array([True, False, False, False, False]))
    found = pairs(network, [[0, 0]], [[100, 0], [100, 100]], limit=500)
    assert found.to_scipy().toarray().tolist() == [[100, 200]]
    assert found.to_scipy("metres").toarray().tolist() == [[100, 200]]
    assert found.to_scipy("seconds").toarray().ravel() == pytest.approx([180, 180])
    assert found.to_scipy("seconds").has_sorted_indices
    with pytest.raises(QueryError, match="unit is 'minutes'"):
        found.to_scipy("minutes")


def test_points_of_another_network_are_refused():
    points = locate_nodes(block(), [0])
    with pytest.raises(QueryError, match="another network"):
        pairs(block(), points, points, limit=100)


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"speed_kmh": 0}, "speed_kmh"),
        ({"speed_kmh": 4, "signal_delay_s": -1}, "signal_delay_s"),
        ({"speed_kmh": 4, "steps_factor": 0}, "steps_factor"),
        ({"speed_kmh": np.inf}, "finite"),
        ({"speed_kmh": "4"}, "expected numbers"),
    ],
)
def test_profiles_that_cannot_walk_are_refused(settings_, words):
    with pytest.raises(QueryError, match=words):
        TravelProfile("x", **settings_)
