"""Assignment: equal to an independent flow and linear program, and never beyond a capacity."""

import networkx as nx
import numpy as np
import pulp
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage import assignment
from quarterhour.coverage.assignment import AssignmentError, assign, assign_flows
from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.locate import locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import pairs

#: What PuLP 4 will ask to be installed beside it.
pytestmark = pytest.mark.filterwarnings("ignore:PULP_CBC_CMD is deprecated:DeprecationWarning")


@st.composite
def instances(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    linked = random.random((n, m)) < draw(st.sampled_from([0.2, 0.5, 0.9]))
    source, target = np.nonzero(linked)
    cost = random.integers(0, 500, len(source))
    return source, target, cost, random.integers(0, 12, n), random.integers(0, 12, m)


def by_networkx(source, target, cost, demand, capacity):
    """Return most served and least cost by network simplex."""
    graph = nx.DiGraph()
    for i, units in enumerate(demand):
        graph.add_edge("from", ("d", i), capacity=int(units), weight=0)
    for j, units in enumerate(capacity):
        graph.add_edge(("s", j), "to", capacity=int(units), weight=0)
    for i, j, c in zip(source, target, cost, strict=True):
        graph.add_edge(("d", i), ("s", j), weight=int(c), capacity=10**6)
    flow = nx.max_flow_min_cost(graph, "from", "to")
    return sum(flow["from"].values()), nx.cost_of_flow(graph, flow)


@given(instances())
@settings(max_examples=60, deadline=None)
def test_equal_to_network_simplex_and_whole(instance):
    found = assign_flows(*instance)
    served, cost = by_networkx(*instance)
    assert found.served.sum() == pytest.approx(served, abs=1e-6)
    assert found.cost == pytest.approx(cost, rel=1e-6, abs=1e-4)
    assert found.served_bound == pytest.approx(served, abs=1e-6)
    assert found.cost_bound == pytest.approx(cost, rel=1e-6, abs=1e-4)
    assert found.whole


@given(instances())
@settings(max_examples=60, deadline=None)
def test_nothing_is_served_twice_nor_beyond_capacity(instance):
    source, _, _, demand, capacity = instance
    found = assign_flows(*instance)
    assert (found.flow >= 0).all()
    assert (np.bincount(source, found.flow, len(demand)) <= demand + 1e-6).all()
    assert (found.used <= capacity + 1e-6).all()
    assert found.used.sum() == pytest.approx(found.served.sum(), abs=1e-6)
    assert found.served + found.unserved == pytest.approx(demand, abs=1e-6)


def by_pulp(source, target, cost, demand, capacity, preferred):
    """Return the three values of the lexicographic programme, step by step, by CBC."""
    model = pulp.LpProblem("assign", pulp.LpMinimize)
    flow = [model.add_variable(f"f{k}", 0) for k in range(len(source))]
    for i, units in enumerate(demand):
        model += pulp.lpSum(f for f, s in zip(flow, source, strict=True) if s == i) <= units
    for j, units in enumerate(capacity):
        if np.isfinite(units):
            model += pulp.lpSum(f for f, t in zip(flow, target, strict=True) if t == j) <= units
    values = []
    liked = pulp.lpSum(f for f, p in zip(flow, preferred, strict=True) if p)
    walk = pulp.lpSum(float(c) * f for f, c in zip(flow, cost, strict=True))
    for goal in (-pulp.lpSum(flow), -liked, walk):
        model.setObjective(goal)
        assert model.solve(pulp.PULP_CBC_CMD(msg=False)) == pulp.LpStatusOptimal
        values.append(pulp.value(goal) or 0.0)
        model += goal <= values[-1] + 1e-6
    return values


@pytest.mark.parametrize("seed", range(6))
def test_preferred_and_unlimited_supply_equal_to_another_solver(seed):
    random = np.random.default_rng(seed)
    source, target = np.nonzero(random.random((6, 4)) < 0.6)
    cost, demand = random.integers(0, 300, len(source)), random.integers(0, 80, 6) / 4
    capacity = np.array([5.5, np.inf, 8.25, 0.0])
    preferred = target != 1
    found = assign_flows(source, target, cost, demand, capacity, preferred=preferred)
    expected = by_pulp(source, target, cost, demand, capacity, preferred)
    assert -found.flow.sum() == pytest.approx(expected[0], abs=1e-5)
    assert -found.flow[preferred].sum() == pytest.approx(expected[1], abs=1e-5)
    assert found.cost == pytest.approx(expected[2], rel=1e-5, abs=1e-2)


def test_most_served_comes_before_least_walking():
    # The short pair 0-0 would take the only place that 1 can reach.
    found = assign_flows([0, 0, 1], [0, 1, 0], [1, 900, 10], [1, 1], [1, 1])
    assert found.flow.tolist() == [0, 1, 1]
    assert found.cost == 910


def test_one_capacity_shared_by_two_uses():
    use = sp.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]))
    found = assign_flows(
        [0, 1, 2], [0, 0, 0], [1, 1, 1], [5, 5, 5], [np.inf], use=use, use_capacity=[5, 5]
    )
    assert found.served.tolist() == [5, 0, 5]


def test_over_pairs_on_streets():
    line = StreetNetwork.from_arrays([0, 100, 200, 300], [0] * 4, [0, 1, 2], [1, 2, 3])
    near = pairs(line, locate_nodes(line, [0, 1]), locate_nodes(line, [2, 3]), limit=200)
    found = assign(near, [3, 3], [4, 9])
    assert found.served.tolist() == [3, 3]
    assert found.used.tolist() == [4, 2]
    assert found.cost == 3 * 200 + 1 * 100 + 2 * 200


def test_without_pairs_nobody_is_served():
    found = assign_flows([], [], [], [3, 4], [])
    assert found.unserved.tolist() == [3, 4]
    assert (found.cost, found.served_bound, found.used.tolist()) == (0, 0, [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": [0, 5]}, "demand that is not among"),
        ({"target": [0, -1]}, "capacity that is not among"),
        ({"cost": [1]}, "1 costs"),
        ({"cost": [1, np.inf]}, "1 of cost"),
        ({"demand": [np.nan, 1]}, "1 of demand"),
        ({"demand": [np.inf, 1]}, "1 of demand"),
        ({"capacity": [-1]}, "1 of capacity"),
    ],
)
def test_every_breach_is_told(change, said):
    given = {"source": [0, 1], "target": [0, 0], "cost": [1, 2], "demand": [1, 1], "capacity": [1]}
    with pytest.raises(QueryError, match=said):
        assign_flows(**given | change)


class Answer:
    """What a solver might return."""

    def __init__(self, status, x, fun, marginals):
        self.status, self.x, self.fun, self.message = status, np.array(x), fun, "interrupted"
        self.ineqlin = type("Duals", (), {"marginals": np.array(marginals)})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(1, [0.0], 0.0, [0.0, 0.0]), "interrupted"),
        (Answer(0, [0.0], 0.0, [0.0, 0.0]), "not proven"),
        (Answer(0, [0.0], 0.0, [-1.0, 0.0]), "not proven"),
    ],
)
def test_an_answer_without_proof_is_refused(monkeypatch, answer, said):
    monkeypatch.setattr(assignment, "linprog", lambda *a, **k: answer)
    with pytest.raises(AssignmentError, match=said):
        assign_flows([0], [0], [5], [1], [1])
