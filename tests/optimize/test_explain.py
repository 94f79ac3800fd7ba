"""Why there is no plan: the named rules contradict, and no fewer do."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from quarterhour.optimize.explain import explain_infeasible
from quarterhour.optimize.limits import stack
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import Floor, Quota, siting_problem
from quarterhour.optimize.rule_model import site_classes
from quarterhour.optimize.rule_set import rules_of
from quarterhour.optimize.solve import plan_max_coverage
from quarterhour.optimize.solvers import Outcome, choose_solver


def only(problem, rules):
    """Return the problem with these rules and no other."""
    quotas, floors, exclusive, spacing = [], [], [], {}
    fixed, required = np.zeros_like(problem.fixed), np.zeros_like(problem.required)
    budget = None
    for rule in rules:
        if rule.kind == "minimum":
            quotas.append(replace(problem.quotas[rule.index], maximum=None))
        elif rule.kind == "maximum":
            quotas.append(replace(problem.quotas[rule.index], minimum=0))
        elif rule.kind == "floor":
            floors.append(problem.floors[rule.index])
        elif rule.kind == "exclusive":
            exclusive.append(problem.exclusive[rule.index])
        elif rule.kind == "spacing":
            name = problem.types[rule.index]
            spacing[name] = problem.spacing[name]
        elif rule.kind == "budget":
            budget = problem.budget
        else:
            for site, kind in rule.sites:
                if rule.kind == "fixed":
                    fixed[site, kind] = True
                else:
                    required[site] = True
    return replace(
        problem, quotas=tuple(quotas), floors=tuple(floors), exclusive=tuple(exclusive),
        spacing=spacing, budget=budget, fixed=fixed, required=required,
    )  # fmt: skip


def one_fewer(rules):
    """Yield the rules with one of them, or one of their sites, left out."""
    for place, rule in enumerate(rules):
        rest = [*rules[:place], *rules[place + 1 :]]
        if len(rule.parts) < 2:
            yield rest
        for part in rule.parts if len(rule.parts) > 1 else ():
            yield [*rest, rule.of_parts(tuple(other for other in rule.parts if other is not part))]


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_named_rules_contradict_and_any_one_fewer_does_not(structures, solver):
    def has_plan(problem):
        return next(structures.every_plan(problem), None) is not None

    explained = 0
    for seed in range(2000, 2040) if solver == "highs" else range(2040, 2060):
        problem = structures.draw(seed, structures.mixture(seed))
        explanation = explain_infeasible(problem, solver=solver)
        if has_plan(problem):
            assert explanation.rules == ()
            continue
        explained += 1
        assert explanation.irreducible
        assert not has_plan(only(problem, explanation.rules))
        for fewer in one_fewer(list(explanation.rules)):
            assert has_plan(only(problem, fewer))
    assert explained >= 4


#: Seeds at which leaving out rules one by one ends at more rules than the fewest that contradict.
_MORE_THAN_NEEDED = (1, 7, 75, 86, 89, 146)


@pytest.mark.parametrize(
    "seed",
    [
        *_MORE_THAN_NEEDED,
        *range(2060, 2065),
        *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2065, 2080)),
    ],
)
def test_no_fewer_rules_contradict(structures, seed):
    rules = structures.RULES if seed % 2 and seed < 2000 else structures.mixture(seed)
    problem = structures.draw(seed, set(rules))
    explanation = explain_infeasible(problem, solver="cbc" if seed % 3 else "highs")
    fewest = fewest_that_contradict(structures, problem)
    assert len(explanation.rules) == fewest
    assert explanation.smallest == (fewest > 0)
    if seed in _MORE_THAN_NEEDED:
        assert fewest > 0


def fewest_that_contradict(structures, problem):
    """Try all sets of rules, small ones first, on what every plan breaks; 0 = there is a plan."""
    rules = rules_of(
        problem, flatten(replace(problem, fixed_year=np.full_like(problem.fixed_year, -1)))
    )
    alone = [only(problem, [rule]) for rule in rules]
    broken = {
        frozenset(n for n, one in enumerate(alone) if not structures.keeps_rules(one, plan))
        for plan in structures.every_plan(only(problem, []))
    }
    sizes = range(1, len(rules) + 1) if frozenset() not in broken else ()
    for size in sizes:
        for some in combinations(range(len(rules)), size):
            if all(breaks & set(some) for breaks in broken):
                return size
    return 0


@pytest.mark.parametrize("stop", ["time_limit", "interrupted"])
def test_stopped_before_fewer_rules_are_looked_for_it_says_so(structures, stop):
    problem = structures.draw(7, set(structures.RULES))
    fewest = explain_infeasible(problem)
    stopped = explain_infeasible(problem, solver=_StopsAtSets(stop))
    assert stopped.irreducible
    assert not stopped.smallest
    assert len(stopped.rules) > len(fewest.rules)
    assert stopped.faults[0].code == "siting_conflict_irreducible"
    for language in ("en", "zh"):
        assert str(len(stopped.rules)) in stopped.faults[0].message(language)


class _StopsAtSets:
    """HiGHS, but stopped whenever it is asked for a set of rules rather than for a plan."""

    name = "stops at sets"

    def __init__(self, ended):
        self.ended = ended

    def solve(self, model, request):
        if model.lp.name == "meeting_set":
            return Outcome(self.ended)
        return choose_solver("highs").solve(model, request)


def three_sites(**more):
    """Three candidates 100 m apart in a row, in the districts A, A and B; two types."""
    near = sparse.csr_array(np.eye(3))
    given = {
        "types": ["shop", "parcel"],
        "residents": [100, 50, 50],
        "covers": [near, near],
        "capacity": 2,
        "candidate_ids": ["a", "b", "c"],
        "xy": [[0, 0], [100, 0], [200, 0]],
        "groups": {"district": ["A", "A", "B"]},
        "demand_groups": {"district": ["A", "A", "B"]},
    }
    return siting_problem(**given | more)


def district_minimum(count):
    return Quota(count, None, "shop", "district", "A")


HAND_DRAWN = {
    "spacing against a minimum": (
        {"quotas": [district_minimum(2), Quota(0, 3)], "spacing": {"shop": 150.0}},
        {("minimum", 0), ("spacing", 0)},
        ["plan.per_type.shop × plan.per_district.A", "2", "plan.spacing.shop", "150"],
    ),
    "floor against a maximum": (
        {"quotas": [Quota(0, 1, "shop")], "floors": [Floor(0.8, type="shop")]},
        {("maximum", 0), ("floor", 0)},
        ["plan.per_type.shop", "plan.floor (shop)", "80.0 %", "0.0 %", "100.0 %"],
    ),
    "floor that no plan reaches": (
        {"forbidden": [[1, 0], [0, 0], [0, 0]], "floors": [Floor(0.6, "shop", "district", "A")]},
        {("floor", 0)},
        ["plan.floor (district=A, shop)", "60.0 %", "33.3 %"],
    ),
    "exclusive against required": (
        {"required": [1, 1, 1], "exclusive": [[0, 2]]},
        {("required", 0), ("exclusive", 0)},
        ["plan.required", "plan.exclusive", "a, c"],
    ),
    "fixed years against a year's quota": (
        {
            "years": ["2026", "2027"],
            "fixed": [[1, 0], [0, 0], [0, 1]],
            "fixed_year": 0,
            "quotas": [Quota(0, 2), Quota(1, None, year="2027"), Quota(0, 1, "parcel")],
        },
        {("maximum", 0), ("fixed", 0), ("minimum", 1)},
        ["plan.outlets", "plan.ledger", "a / shop, c / parcel", "plan.per_year.2027"],
    ),
    "budget against a floor": (
        {"budget": 9.0, "cost": 5.0, "floors": [Floor(0.7, "shop")]},
        {("budget", 0), ("floor", 0)},
        ["plan.budget", "9", "plan.floor (shop)"],
    ),
}


@pytest.mark.parametrize("solver", ["highs", "cbc"])
@pytest.mark.parametrize("case", HAND_DRAWN.values(), ids=HAND_DRAWN.keys())
def test_contradiction_is_named_with_options_and_numbers(case, solver):
    rules, named, words = case
    plan = plan_max_coverage(three_sites(**rules), solver=solver)
    assert plan.status == "infeasible"
    explanation = explain_infeasible(three_sites(**rules), solver=solver)
    assert explanation.irreducible
    assert explanation.smallest
    assert {(rule.kind, rule.index) for rule in explanation.rules} == named
    assert plan.conflicts == explanation.faults
    for language in ("en", "zh"):
        text = "\n".join(fault.line(language) for fault in explanation.faults)
        assert all(word in text for word in words)


def test_required_sites_are_narrowed_down_to_those_that_matter():
    problem = three_sites(required=[1, 1, 1], exclusive=[[0, 2]])
    rule = next(r for r in explain_infeasible(problem).rules if r.kind == "required")
    assert rule.sites == ((0, -1), (2, -1))


def test_without_time_nothing_is_claimed_to_be_irreducible():
    rules = HAND_DRAWN["floor against a maximum"][0]
    explanation = explain_infeasible(three_sites(**rules), time_limit=0.0)
    assert not explanation.irreducible
    assert not explanation.smallest
    assert explanation.faults[0].code == "siting_conflict_some"
    assert {rule.kind for rule in explanation.rules} == {"maximum", "floor"}


def test_interrupted_search_for_reasons_leaves_the_plain_answer():
    problem = three_sites(**HAND_DRAWN["floor against a maximum"][0])
    explanation = explain_infeasible(problem, solver=_Interrupted())
    assert explanation.rules == ()
    assert [fault.code for fault in explanation.faults] == ["siting_infeasible"]


class _Interrupted:
    """A solver whose user presses Ctrl-C at once."""

    name = "interrupted"

    def solve(self, model, request):
        return Outcome("interrupted")


def test_many_equal_candidates_are_asked_about_as_one():
    # 3,000 candidates of two kinds: the model of the rules has four columns.
    m = 3000
    problem = siting_problem(
        types=["shop", "parcel"],
        residents=[1.0],
        covers=[sparse.csr_array((1, m))] * 2,
        groups={"district": ["A", "B"] * (m // 2)},
        quotas=[
            Quota(1000, type="shop", level="district", group="A"),
            Quota(1000, type="parcel", level="district", group="A"),
            Quota(5, type="shop", level="district", group="B"),
        ],
    )
    explanation = explain_infeasible(problem)
    assert {(rule.kind, rule.index) for rule in explanation.rules} == {
        ("minimum", 0),
        ("minimum", 1),
    }
    openings = flatten(problem)
    rows = stack([r for rule in rules_of(problem, openings) for r in rule.rows], openings.count)
    assert len(site_classes(problem, openings, rows).opening) == 4
