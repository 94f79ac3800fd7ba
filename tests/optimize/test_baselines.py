"""Baselines, prices of one more outlet, and the proven price curve, against brute force."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from quarterhour.optimize.baselines import WorstGap, greedy_plan, nearest_premises_plan
from quarterhour.optimize.covered import chosen_openings
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.price_curve import price_curve, prove_points
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.relaxation import relax
from quarterhour.optimize.shadow_price import near_duals, relaxed_duals, shadow_prices
from quarterhour.optimize.solve import plan_max_coverage


def line(**options):
    """Six homes and five premises along a line, one unit apart; premises reach one unit."""
    covers = np.zeros((6, 5))
    for site in range(5):
        covers[[site, site + 1], site] = 1
    groups = {"district": ["W", "W", "W", "E", "E"]}
    return siting_problem(
        types=["shop"], residents=[10, 20, 30, 40, 50, 60], covers=[sparse.csr_array(covers)],
        xy=[[site + 0.5, 0] for site in range(5)], groups=groups, **options,
    )  # fmt: skip


XY = np.array([[home, 0.0] for home in range(6)])


def test_nearest_premises_by_hand():
    # The worst gap is home 5 (60): premises 4 serve 4 and 5. Then home 3: premises 2 and 3 are
    # equally near, the first is taken and serves 2 and 3. Home 1: premises 0 and 1, the first.
    gaps = [WorstGap(0, (home,)) for home in (5, 4, 3, 2, 1, 0)]
    found = nearest_premises_plan(line(total=2), gaps, XY, reach=[1.0])
    assert [item.candidate for item in found.chosen] == [2, 4]
    assert found.objective == 110 + 70
    assert found.keeps_all
    whole = nearest_premises_plan(line(total=5), gaps, XY, reach=[1.0])
    assert [item.candidate for item in whole.chosen] == [0, 2, 4]
    assert whole.newly_covered.tolist() == [210]


def test_baselines_keep_maxima_and_say_when_minima_are_missed():
    gaps = [WorstGap(0, (5, 4, 3)), WorstGap(0, (2, 1, 0))]
    quotas = [Quota(0, 1, level="district", group="E"), Quota(2, None, level="district", group="W")]
    problem = line(total=2, quotas=quotas[:1])
    found = nearest_premises_plan(problem, gaps, XY, reach=[1.0])
    assert max(item.candidate for item in found.chosen) == 4
    assert sum(item.candidate >= 3 for item in found.chosen) == 1
    strict = nearest_premises_plan(line(total=2, quotas=quotas), gaps, XY, reach=[1.0])
    assert not strict.keeps_all
    assert greedy_plan(line(total=2, quotas=quotas)).keeps_all


def test_fixed_outlets_open_in_their_year_first():
    fixed = np.zeros((5, 1), bool)
    fixed[0] = True
    problem = line(
        years=("1", "2"), fixed=fixed, fixed_year=np.where(fixed, 1, -1),
        quotas=[Quota(0, 1, year="1"), Quota(0, 1, year="2")],
    )  # fmt: skip
    found = nearest_premises_plan(problem, [WorstGap(0, (5,))], XY, reach=[1.0])
    assert {(item.candidate, item.year) for item in found.chosen} == {(0, 1), (4, 0)}


@pytest.mark.parametrize("seed", range(6))
def test_gain_of_one_more_is_that_of_trying_all(seed):
    rng = np.random.default_rng(seed)
    covers = [sparse.csr_array(rng.random((25, 12)) < 0.25) for _ in range(2)]
    labels = rng.choice(["A", "B", "C"], 12).tolist()
    problem = siting_problem(
        types=["x", "y"], residents=rng.integers(1, 50, 25), covers=covers, total=4, capacity=2,
        groups={"district": labels},
    )  # fmt: skip
    plan = plan_max_coverage(problem)
    openings = flatten(problem)
    chosen = chosen_openings(openings, plan)
    worth = openings.value(chosen)
    for price in shadow_prices(problem, plan):
        best = 0.0
        for other in np.flatnonzero(~chosen):
            if labels[openings.candidate[other]] == price.area:
                with_it = chosen.copy()
                with_it[other] = True
                best = max(best, openings.value(with_it) - worth)
        assert price.gain == pytest.approx(best)


def relaxed(openings, limits):
    """Return the optimum of the linear relaxation with the limits given, from scipy alone."""
    q, rows = openings.count, len(openings.weight)
    cover = sparse.hstack([-openings.covers, sparse.eye_array(rows)])
    count = sparse.hstack([openings.limits.matrix, sparse.csr_array((len(limits), rows))])
    answer = linprog(
        -np.concatenate([openings.gain, openings.weight]),
        A_ub=sparse.csr_array(sparse.vstack([cover, count])),
        b_ub=np.concatenate([np.zeros(rows), limits]), bounds=(0, 1), method="highs",
    )  # fmt: skip
    assert q + rows == len(answer.x)
    return -answer.fun


@pytest.mark.parametrize("seed", range(4))
def test_shadow_prices_are_slopes_of_the_relaxation(seed):
    rng = np.random.default_rng(seed)
    problem = siting_problem(
        types=["x"], residents=rng.integers(1, 50, 30),
        covers=[sparse.csr_array(rng.random((30, 14)) < 0.2)], total=5,
        groups={"district": rng.choice(["A", "B"], 14).tolist()},
        quotas=[Quota(0, 2, level="district", group="A")],
    )  # fmt: skip
    openings = flatten(problem)
    start = np.zeros(openings.count, bool)
    limits = openings.limits.upper
    base = relaxed(openings, limits)
    duals = relaxed_duals(openings, start, seconds=10)
    near = relax(openings, start, tolerance=1e-9).limit_price
    for row in range(len(limits)):
        more = relaxed(openings, limits + 0.01 * (np.arange(len(limits)) == row))
        less = relaxed(openings, limits - 0.01 * (np.arange(len(limits)) == row))
        for price in (duals[row], near[row]):  # a concave function: the dual lies between
            assert (more - base) / 0.01 - 0.05 <= price <= (base - less) / 0.01 + 0.05


def city(seed):
    rng = np.random.default_rng(seed)
    homes, sites = rng.random((300, 2)), rng.random((120, 2))
    apart = np.hypot(*(homes[:, None] - sites).transpose(2, 0, 1))
    return siting_problem(
        types=["x", "y"], residents=rng.integers(1, 50, 300),
        covers=[sparse.csr_array(apart < radius) for radius in (0.08, 0.1)], total=30,
        groups={"district": np.where(sites[:, 0] < 0.3, "A", "B").tolist()},
        quotas=[Quota(0, 4, level="district", group="A")],
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_duals_of_the_reduced_problem_are_slopes_of_the_whole_one(seed):
    openings = flatten(city(seed))
    near = near_duals(openings, np.zeros(openings.count, bool), seconds=30)
    limits, step = openings.limits.upper, 0.25
    base = relaxed(openings, limits)
    for row, name in enumerate(openings.limits.names):
        if name.startswith("quota"):
            one = step * (np.arange(len(limits)) == row)
            more, less = relaxed(openings, limits + one), relaxed(openings, limits - one)
            assert (more - base) / step - 5 <= near[row] <= (base - less) / step + 5


def test_duals_are_near_where_circles_are_rewarded():
    problem = city(0)
    openings = flatten(replace(problem, circle_weight=problem.residents))
    start = np.zeros(openings.count, bool)
    total = openings.limits.names.index("quota_0")
    exact, near = (find(openings, start, seconds=30)[total] for find in (relaxed_duals, near_duals))
    assert near == pytest.approx(exact, rel=0.05)


def test_duals_that_are_not_near_in_time_are_not_shown():
    openings = flatten(city(0))
    assert near_duals(openings, np.zeros(openings.count, bool), seconds=0.0) is None


def test_proven_points_hold_the_best_of_all_plans():
    problem = line()
    curve = prove_points(problem, price_curve(problem), points=3, seconds=5)
    openings = flatten(replace(problem, quotas=()))
    for point in curve.proven:
        best = max(
            openings.value(np.isin(np.arange(5), sites))
            for sites in combinations(range(5), point.outlets)
        )
        assert point.covered == point.bound == best
