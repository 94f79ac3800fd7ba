"""Plans against brute force, proven optima, and the clock."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.cover_state import CoverState
from quarterhour.optimize.greedy import greedy
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.plan import relative_gap
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.solve import plan_max_coverage

SOLVERS = ("highs", "cbc")
OPTIMA = [
    *(("SJC324", p, best) for p, best in enumerate((5461, 8790, 11604, 12106, 12152), start=1)),
    *(("SJC402", p, best) for p, best in enumerate((6555, 11339, 14690), start=1)),
    *(("SJC500", p, best) for p, best in enumerate((7944, 12454, 15730), start=1)),
]


def pairs(plan):
    return [(c.candidate, c.type) for c in plan.chosen]


def reach_of_all(state):
    return state.openings.most()


@pytest.mark.parametrize(
    ("solver", "examples"),
    [
        ("highs", 40),
        ("cbc", 15),
        pytest.param("highs", 150, marks=pytest.mark.slow),
        pytest.param("cbc", 60, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("reduce", [True, False])
@pytest.mark.parametrize("quick", [True, False])
def test_equals_brute_force(
    solver, examples, reduce, quick, draw_problem, brute_force, keeps_quotas, worth, monkeypatch
):
    if not quick:  # without it the solver itself has to prove every instance
        monkeypatch.setattr("quarterhour.optimize.solve_openings.quick_bound", reach_of_all)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(data):
        problem = draw_problem(data.draw)
        best = brute_force(problem)
        plan = plan_max_coverage(problem, solver=solver, gap=0.0, time_limit=20, reduce=reduce)
        if best is None:
            assert plan.status == "infeasible"
            assert plan.conflicts
            assert all(f.line("zh") and f.line("en") for f in plan.conflicts)
            return
        assert plan.status == "optimal"
        assert plan.objective == pytest.approx(best, abs=1e-6)
        assert keeps_quotas(problem, pairs(plan))
        assert worth(problem, pairs(plan)) == pytest.approx(plan.objective, abs=1e-6)
        by_type = np.repeat(problem.residents[:, None], 2, axis=1)
        assert plan.newly_covered.sum() == pytest.approx(worth(problem, pairs(plan), by_type))

    check()


@pytest.mark.shared
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("name", "p", "best"), OPTIMA)
def test_proven_optima_are_reached_and_proven(mclp, solver, name, p, best):
    plan = plan_max_coverage(mclp(name, p), solver=solver, gap=0.0, time_limit=60)
    assert plan.status == "optimal"
    assert plan.objective == best
    assert plan.bound == best
    assert plan.greedy <= best


@pytest.mark.shared
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_bounds_hold_when_the_clock_stops_the_solver(mclp, solver, seconds):
    plan = plan_max_coverage(mclp("SJC500", 3), solver=solver, gap=0.0, time_limit=seconds)
    assert plan.greedy <= plan.objective <= 15730 <= plan.bound
    assert (plan.status == "optimal") == (plan.bound == plan.objective)


@pytest.mark.parametrize("solver", SOLVERS)
def test_timeout_is_never_called_optimal(solver, dense):
    plan = plan_max_coverage(
        dense(3000, 1500, 25, radius=0.1), solver=solver, gap=0.0, time_limit=1.5
    )
    assert plan.status == "time_limit"
    assert plan.bound > plan.objective >= plan.greedy > 0
    assert plan.gap == pytest.approx((plan.bound - plan.objective) / plan.objective)


@pytest.mark.slow
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.6, 1.0])
def test_bounds_hold_on_a_harder_instance(solver, seconds, dense):
    problem = dense(400, 200, 15, radius=0.11, seed=4)
    best = plan_max_coverage(problem, solver="highs", gap=0.0, time_limit=120)
    again = plan_max_coverage(problem, solver="cbc", gap=0.0, time_limit=120)
    assert best.status == again.status == "optimal"
    assert best.objective == again.objective
    plan = plan_max_coverage(problem, solver=solver, gap=0.0, time_limit=seconds)
    assert plan.greedy <= plan.objective <= best.objective <= plan.bound


@pytest.mark.parametrize("solver", SOLVERS)
def test_interruption_keeps_the_best_plan(solver, dense):
    problem = dense(3000, 1500, 25, radius=0.1)
    calls = []

    def impatient(task, done, total):
        calls.append(task)
        if len(calls) == 5:
            raise KeyboardInterrupt

    plan = plan_max_coverage(problem, solver=solver, gap=0.0, time_limit=60, progress=impatient)
    assert plan.status == "interrupted"
    assert plan.seconds < 30
    assert plan.bound > plan.objective >= plan.greedy > 0
    assert set(calls) == {"plan_solve"}
    assert len(plan.chosen) == 25


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_failing_progress_stops_the_solver_and_is_raised(solver, dense):
    def broken(task, done, total):
        msg = "the screen is gone"
        raise OSError(msg)

    with pytest.raises(OSError, match="the screen is gone"):
        plan_max_coverage(
            dense(3000, 1500, 25, radius=0.1), solver=solver, time_limit=60, progress=broken
        )


def test_within_gap_is_said_when_the_gap_asked_for_is_reached(dense):
    plan = plan_max_coverage(dense(400, 200, 15, radius=0.11), gap=0.05, time_limit=30)
    assert plan.status == "within_gap"
    assert 1e-6 < plan.gap <= 0.05


@pytest.mark.parametrize("solver", SOLVERS)
def test_never_worse_than_greedy(solver, dense):
    problem = dense(1500, 800, 30)
    greedily = greedy(CoverState(flatten(problem))).value()
    plan = plan_max_coverage(problem, solver=solver, time_limit=0.3)
    assert plan.objective >= plan.greedy >= greedily


def test_same_seed_same_plan(dense):
    problem = dense(300, 150, 10)
    first, second = (plan_max_coverage(problem, seed=3) for _ in range(2))
    assert first.chosen == second.chosen
    assert first.seed == 3


def test_plan_leaves_out_outlets_that_cover_nobody_more():
    problem = siting_problem(
        types=["shop"], residents=[5, 7], covers=[sparse.csr_array(np.eye(2, 6))], total=6
    )
    plan = plan_max_coverage(problem)
    assert pairs(plan) == [(0, 0), (1, 0)]
    assert plan.objective == 12


def test_minimum_is_kept_even_where_nobody_is_gained():
    problem = siting_problem(
        types=["shop"],
        residents=[5, 7],
        covers=[sparse.csr_array(np.eye(2, 6))],
        quotas=[Quota(minimum=4)],
    )
    plan = plan_max_coverage(problem)
    assert len(plan.chosen) == 4
    assert plan.objective == 12


def test_greedy_that_gets_stuck_is_rescued():
    # A site of one place takes the better type first and then cannot serve the other's minimum.
    ones = sparse.csr_array(np.ones((1, 2)))
    problem = siting_problem(
        types=["a", "b"],
        residents=[10],
        weights=[[10, 1]],
        covers=[ones, ones],
        allowed=[[True, True], [True, False]],
        quotas=[Quota(1, None, "a"), Quota(1, None, "b")],
    )
    assert not greedy(CoverState(flatten(problem))).feasible()
    for solver in SOLVERS:
        plan = plan_max_coverage(problem, solver=solver, reduce=False)
        assert plan.status == "optimal"
        assert pairs(plan) == [(0, 1), (1, 0)]
        assert plan.objective == 11


def test_nothing_to_gain_is_an_optimal_empty_plan():
    problem = siting_problem(
        types=["shop"], residents=[5], covers=[sparse.csr_array((1, 3))], total=2
    )
    plan = plan_max_coverage(problem)
    assert (plan.status, plan.objective, plan.chosen, plan.gap) == ("optimal", 0.0, (), 0.0)
    assert plan.size.unreached == 1


def test_unknown_demand_and_covered_demand_gain_nothing():
    ones = sparse.csr_array(np.ones((3, 1)))
    problem = siting_problem(
        types=["shop"], residents=[np.nan, 4, 8], covers=[ones], covered=[False, True, False]
    )
    assert plan_max_coverage(problem).objective == 8


def test_relative_gap():
    assert relative_gap(100.0, 101.0) == pytest.approx(0.01)
    assert relative_gap(0.0, 0.0) == 0
    assert relative_gap(0.0, 5.0) == float("inf")


def test_unknown_solver_is_refused_before_work(dense):
    with pytest.raises(InputFaults) as caught:
        plan_max_coverage(dense(20, 10, 2), solver="abacus")
    assert caught.value.faults[0].code == "solver_unknown"
