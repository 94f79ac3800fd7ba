"""Every rule of the thousand-shop plan, alone and mixed, against enumeration of all plans."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterhour.optimize.openings import flatten
from quarterhour.optimize.reduce import reduce_openings
from quarterhour.optimize.solve import plan_max_coverage

RULES = (
    "years", "fixed", "upgrades", "spacing", "exclusive", "floors", "circles", "keep", "budget",
    "communities", "capacity", "required",
)  # fmt: skip


def check_against_enumeration(structures, seed, rules, **how):
    problem = structures.draw(seed, rules)
    best = structures.best(problem)
    plan = plan_max_coverage(problem, gap=0.0, **how)
    if best is None:
        assert plan.status == "infeasible"
        assert plan.conflicts
        return False
    chosen = {(item.candidate, item.type): item.year for item in plan.chosen}
    assert structures.keeps_rules(problem, chosen)
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(structures.worth(problem, chosen))
    assert plan.objective == pytest.approx(best)
    assert plan.bound >= best - 1e-6
    return True


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_alone(rule, structures):
    assert set(RULES) == set(structures.RULES)
    feasible = [
        check_against_enumeration(structures, seed, {rule}, reduce=seed % 3 > 0)
        for seed in range(12)
    ]
    assert sum(feasible) >= 4


def test_rules_mixed(structures):
    feasible = [
        check_against_enumeration(structures, seed, structures.mixture(seed)) for seed in range(60)
    ]
    assert sum(feasible) >= 15


def test_rules_mixed_by_cbc(structures):
    for seed in range(100, 115):
        rules = structures.mixture(seed) | {"years", "floors", "circles"}
        check_against_enumeration(structures, seed, rules, solver="cbc", reduce=seed % 2 > 0)


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_many_mixtures(solver, structures):
    for seed in range(1000, 1150):
        rules = structures.mixture(seed)
        check_against_enumeration(structures, seed, rules, solver=solver, reduce=seed % 4 > 0)


def optimum(problem):
    plan = plan_max_coverage(problem, gap=0.0)
    assert plan.status in {"optimal", "infeasible"}
    return plan.objective if plan.found else -np.inf


def holds_for(structures, rules, check, examples=15):
    """Check random problems with ``rules`` and some others."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 10**6))
    def run(seed):
        check(structures.draw(seed, structures.mixture(seed) | rules))

    run()


def test_more_budget_never_hurts(structures):
    def check(problem):
        richer = replace(problem, budget=problem.budget + 2)
        assert optimum(richer) >= optimum(problem) - 1e-6

    holds_for(structures, {"budget"}, check)


def test_one_more_candidate_never_hurts(structures):
    def check(problem):
        fewer = problem.allowed.copy()
        fewer[-1] = problem.fixed[-1] | problem.required[-1]
        if fewer.any():
            less = optimum(replace(problem, allowed=fewer))
            assert optimum(problem) >= less - 1e-6

    holds_for(structures, {"years", "spacing"}, check)


def test_one_rule_fewer_never_hurts(structures):
    def check(problem):
        best = optimum(problem)
        looser = [
            replace(problem, quotas=problem.quotas[:-1]),
            replace(problem, floors=problem.floors[1:]),
            replace(problem, exclusive=problem.exclusive[1:]),
            replace(problem, spacing={}),
            replace(problem, budget=None),
            replace(problem, required=np.zeros_like(problem.required)),
        ]
        assert all(optimum(other) >= best - 1e-6 for other in looser)

    holds_for(structures, {"floors", "exclusive", "spacing"}, check, examples=8)


def test_reductions_are_exact_under_every_rule(structures):
    shrunk = 0
    for seed in range(3000, 3060):
        whole = flatten(structures.draw(seed, structures.mixture(seed)))
        if whole.count > 8:
            continue
        reduced = reduce_openings(whole)
        small = reduced.openings
        shrunk += small.count < whole.count
        kept = [c for c in choices(small.count) if small.feasible(c)]
        for choice in kept:
            full = reduced.restore(choice)
            assert whole.feasible(full)
            assert whole.value(full) == pytest.approx(small.value(choice))
        best = max(
            (whole.value(c) for c in choices(whole.count) if whole.feasible(c)), default=None
        )
        assert max(map(small.value, kept), default=None) == pytest.approx(best)
    assert shrunk > 5


def choices(count):
    """Yield every choice of ``count`` openings."""
    return (np.array(choice, dtype=bool) for choice in product((False, True), repeat=count))
