"""Outlets far apart against enumeration."""

from itertools import combinations

import numpy as np
import pytest
from small_plans import agrees, every_plan, kept, opened, random_problem

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.dispersion import plan_dispersion


def drawn(seed):
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, 12, (8, 2)).astype(float)
    problem = random_problem(seed, m=8, kinds=1, tight=seed % 2 == 0, xy=xy)
    given = None
    between = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    if seed % 3 == 0:
        given = rng.integers(0, 50, (8, 8)).astype(float)
        between = given = np.minimum(given, given.T)
    return problem, int(rng.integers(2, 5)), given, between


@pytest.mark.parametrize(("solver", "seeds"), [("highs", range(30)), ("cbc", range(30, 42))])
def test_equals_enumeration(solver, seeds):
    for seed in seeds:
        problem, p, given, between = drawn(seed)
        least = [
            min(between[a, b] for (a, _), (b, _) in combinations(plan, 2))
            for plan in every_plan(problem)
            if len(plan) == p
        ]
        plan = plan_dispersion(problem, p, distance=given, solver=solver, gap=0.0)
        agrees(plan, max(least, default=None))
        assert not plan.found or kept(problem, opened(plan))


def test_corners_of_a_square():
    xy = [[0, 0], [0, 10], [10, 0], [10, 10], [5, 5]]
    problem = random_problem(1, m=5, kinds=1, quotas=(), xy=xy, allowed=True, required=False,
                             fixed=False, budget=None, capacity=1)  # fmt: skip
    plan = plan_dispersion(problem, 4)
    assert opened(plan) == ((0, 0), (1, 0), (2, 0), (3, 0))
    assert plan.objective == 10
    assert plan_dispersion(problem, 5).objective == pytest.approx(np.hypot(5, 5))


def test_without_time_the_start_stands_with_an_honest_bound():
    rng = np.random.default_rng(2)
    problem = random_problem(2, m=60, kinds=1, quotas=(), xy=rng.random((60, 2)), allowed=True,
                             required=False, fixed=False, budget=None, capacity=1)  # fmt: skip
    plan = plan_dispersion(problem, 8, time_limit=0.0)
    proven = plan_dispersion(problem, 8, time_limit=30)
    assert plan.status == "time_limit"
    assert proven.status == "optimal"
    assert plan.objective <= proven.objective <= plan.bound


def test_several_types_missing_places_and_misfits_are_refused():
    cases = {
        "siting_one_type": (random_problem(0, xy=np.zeros((4, 2))), {}),
        "siting_number": (random_problem(0, kinds=1), {}),
        "siting_shape": (random_problem(0, kinds=1), {"distance": np.zeros((2, 2))}),
    }
    for code, (problem, options) in cases.items():
        with pytest.raises(InputFaults) as caught:
            plan_dispersion(problem, 2, **options)
        assert caught.value.faults[0].code == code
