"""Every rule of the thousand-shop plan, alone and mixed, against enumeration of all plans."""

import pytest

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
