"""Parts of the p-median problem below a target, and the models that prove them."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.median import solve_median
from quarterhour.optimize.median_best import Best
from quarterhour.optimize.median_clock import Clock
from quarterhour.optimize.median_dual import evaluate
from quarterhour.optimize.median_exact import Models
from quarterhour.optimize.median_input import checked, ranked
from quarterhour.optimize.median_model import chained
from quarterhour.optimize.median_part import part_below
from quarterhour.optimize.median_ranks import rank_dense
from quarterhour.optimize.median_tree import Node, Tree
from quarterhour.optimize.solvers import choose_solver

SOME = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def problems(draw):
    """Ranks, p, all plans of p columns with their costs, and a node with random multipliers."""
    n, m = draw(st.integers(1, 14)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    cost = rng.integers(0, 20, (n, m)) / draw(st.sampled_from([1.0, 3.0]))
    p = draw(st.integers(1, m - 1))
    ranks, _ = ranked(checked(cost, rng.integers(0, 4, n), None, p))
    plans = [np.isin(np.arange(m), s) for s in combinations(range(m), p)]
    values = np.array([ranks.value(plan) for plan in plans])
    u = rng.uniform(0, 1, n) * ranks.cap
    everything = np.ones(m, dtype=bool)
    bound = evaluate(ranks, p, u).bound
    return ranks, p, plans, values, Node(~everything, everything, u, bound, bound)


@SOME
@given(problem=problems(), share=st.floats(0.1, 1.5))
def test_a_part_holds_all_plans_below_its_target_at_their_cost(problem, share):
    ranks, p, plans, values, node = problem
    target = node.proven + share * (float(values.max()) - node.proven)
    part = part_below(ranks, p, node, target)
    inside = {}
    for chosen in combinations(range(part.ranks.count), max(part.left, 0)):
        marks = np.isin(np.arange(part.ranks.count), chosen)
        inside[part.plan(marks).tobytes()] = part.ranks.value(marks)
    for plan, value in zip(plans, values, strict=True):
        if value < target - 1e-9:
            assert inside[plan.tobytes()] == pytest.approx(value)
        elif plan.tobytes() in inside:
            assert inside[plan.tobytes()] >= target - 1e-9


def tree_of(ranks, plan, seconds=30.0):
    """A tree that knows ``plan``, and a node of all plans about which nothing is known."""
    best = Best(plan, ranks.value(plan), whole=False, gap=0.0)
    tree = Tree(ranks, int(plan.sum()), best, Clock(seconds))
    root = tree.root(np.zeros(ranks.rows))
    return tree, Node(root.opened, root.free, root.u, 0.0, 0.0)


@pytest.mark.parametrize("solver", ["highs", "cbc"])
@pytest.mark.parametrize("seed", range(6))
def test_models_alone_prove_the_optimum(seed, solver):
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, 12, (40, 2)).astype(float)
    cost = np.hypot(*(xy[:, None] - xy[None, :9]).transpose(2, 0, 1))
    ranks = rank_dense(cost, np.ones(40))
    plans = [np.isin(np.arange(9), s) for s in combinations(range(9), 3)]
    values = [ranks.value(plan) for plan in plans]
    tree, node = tree_of(ranks, plans[0])
    Models(tree, choose_solver(solver)).prove(node)
    assert tree.done
    assert tree.best.value == pytest.approx(min(values))
    assert tree.floor <= min(values) + 1e-9
    again, node = tree_of(ranks, plans[0])
    assert Models(again, choose_solver(solver)).finished(node)
    assert again.best.value == pytest.approx(min(values))


def test_models_stop_with_the_clock_and_claim_nothing():
    ranks = rank_dense(np.random.default_rng(1).random((30, 12)), np.ones(30))
    first = np.arange(12) < 3
    tree, node = tree_of(ranks, first, seconds=0.0)
    Models(tree, choose_solver("highs")).prove(node)
    assert tree.floor == -np.inf
    assert not tree.done


def test_rows_share_the_levels_with_the_same_columns():
    cost = np.array([[0.0, 1.0, 5.0], [2.0, 0.0, 9.0], [0.0, 0.0, 3.0]])
    levels = chained(rank_dense(cost, np.ones(3)))
    known = {
        (new, before): step
        for new, before, step in zip(levels.new, levels.before, levels.step, strict=True)
    }
    # row 0: {0}, then {0, 1}; row 1: {1}, then {0, 1}; row 2: {0, 1} at once; column 2 is the cap
    assert levels.floor == 0.0
    assert known == {((0,), -1): 1.0, ((1,), 0): 4.0 + 7.0 + 3.0, ((1,), -1): 2.0}


def plain_optimum(cost, p):
    """The p-median by scipy's HiGHS over x[i, j] <= y[j]."""
    n, m = cost.shape
    pairs = np.arange(n * m)
    served = sparse.csr_array((np.ones(n * m), (pairs // m, pairs)), (n, n * m + m))
    linked = sparse.hstack(
        [
            sparse.eye_array(n * m),
            sparse.csr_array((-np.ones(n * m), (pairs, pairs % m)), (n * m, m)),
        ]
    )
    total = sparse.csr_array(np.r_[np.zeros(n * m), np.ones(m)][None])
    rows = [
        LinearConstraint(served, 1, 1),
        LinearConstraint(linked, -np.inf, 0),
        LinearConstraint(total, 0, p),
    ]
    whole = np.r_[np.zeros(n * m), np.ones(m)]
    return milp(
        np.r_[cost.ravel(), np.zeros(m)], constraints=rows, integrality=whole, bounds=Bounds(0, 1)
    ).fun


def board(holes, seed):
    """A drilled board: rows of holes at a pitch, repeated: many distances are equal."""
    rng = np.random.default_rng(seed)
    rows = [(x + 5 * i, y) for x, y in rng.integers(0, 12, (holes // 8, 2)) * 10 for i in range(4)]
    half = np.array(rows, dtype=float)
    xy = np.concatenate([half, half + np.array([200.0, 0.0])])
    return np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))


@pytest.mark.parametrize("p", [4, 9])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_drilled_board_equals_a_plain_model(p, threads):
    cost = board(64, p)
    found = solve_median(cost, p, time_limit=60, threads=threads)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(plain_optimum(cost, p))


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_costs_does_not_matter(unit):
    cost = board(64, 4) + np.arange(64) / 7.0
    found, same = solve_median(cost, 6), solve_median(unit * cost, 6)
    assert found.status == same.status == "optimal"
    assert same.objective == pytest.approx(unit * found.objective, rel=1e-8)
    assert same.bound == pytest.approx(same.objective, rel=1e-7)


def test_an_unknown_solver_is_refused():
    with pytest.raises(InputFaults) as caught:
        solve_median(np.ones((2, 2)), 1, solver="abacus")
    assert [fault.code for fault in caught.value.faults] == ["solver_unknown"]
