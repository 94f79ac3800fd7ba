"""Backup coverage against enumeration and by hand."""

import numpy as np
import pytest
from scipy import sparse
from small_plans import (
    agrees,
    every_plan,
    kept,
    opened,
    random_problem,
    times_covered,
    within_reach,
)

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.backup import plan_backup, plan_fewest_backup
from quarterhour.optimize.problem import siting_problem
from quarterhour.optimize.solve import plan_max_coverage


def most_backup(problem, first, worth, before):
    known = ~problem.unknown
    start = times_covered(problem, (), before)
    can = (within_reach(problem) | (start > 0)) & known
    values = []
    for plan in every_plan(problem):
        times = times_covered(problem, plan, before)
        if first == "required" and ((times < 1) & can).any():
            continue
        weight = problem.weights * known
        value = worth * weight[(times >= 2) & (start < 2)].sum()
        if first == "traded":
            value += weight[(times >= 1) & (start < 1)].sum()
        values.append(value)
    return max(values, default=None)


@pytest.mark.parametrize(
    ("solver", "seeds"),
    [
        ("highs", range(10)),
        ("cbc", range(24, 28)),
        pytest.param("highs", range(10, 24), marks=pytest.mark.slow),
        pytest.param("cbc", range(28, 34), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("first", ["required", "traded"])
def test_equals_enumeration(first, solver, seeds):
    for seed in seeds:
        problem = random_problem(seed, tight=seed % 2 == 0)
        rng = np.random.default_rng(seed)
        before = rng.integers(0, 3, (8, 2)) * (rng.random((8, 2)) < 0.3) if seed % 3 else None
        worth = float(rng.choice([0.3, 0.5, 1.0]))
        plan = plan_backup(
            problem,
            first=first,
            backup_worth=worth,
            existing_count=before,
            solver=solver,
            gap=0.0,
            time_limit=20,
        )
        agrees(plan, most_backup(problem, first, worth, before))
        assert not plan.found or kept(problem, opened(plan))


@pytest.mark.parametrize("seed", [142, 151, 189])
def test_cbc_is_asked_again_where_its_preprocessing_loses_part_of_the_objective(seed):
    problem = random_problem(seed, tight=False)
    plan = plan_backup(problem, backup_worth=0.5, solver="cbc", gap=0.0)
    agrees(plan, most_backup(problem, "traded", 0.5, None))


@pytest.mark.parametrize(
    "seeds", [range(40, 47), pytest.param(range(47, 60), marks=pytest.mark.slow)]
)
def test_fewest_outlets_come_before_backup(seeds):
    for seed in seeds:
        problem = random_problem(seed, tight=False)
        known = ~problem.unknown
        plans = [
            plan
            for plan in every_plan(problem)
            if ((times_covered(problem, plan) > 0) >= (within_reach(problem) & known)).all()
        ]
        if not plans:
            continue
        p = min(map(len, plans))
        start = times_covered(problem, ())
        values = [
            problem.weights[known & (times_covered(problem, plan) >= 2) & (start < 2)].sum()
            for plan in plans
            if len(plan) == p
        ]
        plan = plan_fewest_backup(problem, gap=0.0)
        assert len(plan.chosen) == p == plan.figures["fewest"] == plan.figures["fewest_bound"]
        assert plan.objective == pytest.approx(max(values))
        assert plan.status == "optimal"


def test_without_a_plan_the_fewest_outlets_are_no_bound_on_backup():
    # Greedy takes the site that covers most and then has none left for the others.
    near = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]])
    problem = siting_problem(
        types=["shop"], residents=np.full(6, 10.0), covers=[sparse.csr_array(near)], total=2
    )
    assert plan_fewest_backup(problem).status == "optimal"
    stopped = plan_fewest_backup(problem, time_limit=0.0)
    assert stopped.bound >= plan_fewest_backup(problem).objective
    assert stopped.found or stopped.status == "unknown"


def row_of_three(**more):
    near = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    settings = {"types": ["shop"], "residents": [10, 20, 30]}
    return siting_problem(**settings, covers=[sparse.csr_array(near)], **more)


def test_by_hand():
    plan = plan_backup(row_of_three(total=2), first="required")
    assert opened(plan) == ((1, 0), (2, 0))
    assert plan.objective == 30
    assert plan.figures == {"covered_once": 60, "covered_twice": 30}


def test_required_first_cover_can_be_impossible():
    plan = plan_backup(row_of_three(total=2, forbidden=[True, False, False]), first="required")
    assert plan.status == "optimal"
    crowded = row_of_three(total=1, required=[True, False, False])
    plan = plan_backup(crowded, first="required")
    assert plan.status == "infeasible"
    assert plan.conflicts


def test_backup_worth_nothing_is_maximum_coverage(dense):
    problem = dense(300, 120, 8)
    plan = plan_backup(problem, backup_worth=0.0, gap=0.0)
    assert plan.objective == plan_max_coverage(problem, gap=0.0).objective


def test_more_outlets_never_cover_less(dense):
    values = [plan_backup(dense(200, 60, p), gap=0.0).objective for p in range(1, 7)]
    assert values == sorted(values)


def test_worth_above_a_first_cover_is_refused():
    with pytest.raises(InputFaults) as caught:
        plan_backup(row_of_three(), backup_worth=1.5)
    assert caught.value.faults[0].code == "siting_option_range"


def test_timeout_keeps_its_bound(dense):
    plan = plan_backup(dense(1500, 700, 25, radius=0.1), gap=0.0, time_limit=1.0)
    assert plan.status == "time_limit"
    assert plan.bound > plan.objective >= plan.greedy > 0


def test_backup_of_the_fewest_is_found_where_greedy_needs_more_outlets(dense):
    """The time goes to the fewest outlets; the second step still has their cover to start from."""
    problem = dense(900, 900, 900, radius=0.06)
    plan = plan_fewest_backup(problem, time_limit=6)
    assert plan.found
    assert len(plan.chosen) == plan.figures["fewest"] >= plan.figures["fewest_bound"]
    assert plan.figures["covered_once"] == problem.residents.sum()
    assert plan.objective <= plan.bound
    assert plan.seconds < 20


def test_interrupting_the_first_step_ends_both(dense):
    told = []

    def progress(*args):
        told.append(args)
        if len(told) == 5:
            raise KeyboardInterrupt

    problem = dense(900, 900, 900, radius=0.06)
    plan = plan_fewest_backup(problem, time_limit=300, progress=progress)
    assert plan.status == "interrupted"
    assert plan.figures["covered_once"] == problem.residents.sum()
    assert plan.seconds < 60
