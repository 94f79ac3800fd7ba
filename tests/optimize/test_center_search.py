"""The parts of the p-center search: cover sets of a level, walks, the relaxation, the questions.

Each is compared with brute force or with HiGHS called directly through scipy.
"""

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from quarterhour.optimize.center import plan_center, solve_center
from quarterhour.optimize.center_bound import least_columns, left_short
from quarterhour.optimize.center_cover import Reach
from quarterhour.optimize.center_levels import levels_of
from quarterhour.optimize.center_walk import CenterWalk, farthest_first, pigeonhole, task_at
from quarterhour.optimize.effort import Run
from quarterhour.optimize.median_clock import Clock
from quarterhour.optimize.median_input import checked, ranked
from quarterhour.optimize.median_ranks import rank_dense
from quarterhour.optimize.problem import siting_problem

SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def always():
    return True


def between(places):
    """Distances between places (n, 2)."""
    return np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))


def uniform(n, seed=0):
    return between(np.random.default_rng(seed).uniform(0, 1000, (n, 2)))


def lattice(n, seed=0):
    """Holes of a printed board: many places on one grid, many distances alike."""
    return between(np.random.default_rng(seed).integers(0, 12, (n, 2)) * 25.0)


def needed(reach):
    """The fewest columns that cover every row of a table, by HiGHS; inf where none can."""
    rows, columns = reach.shape
    if not reach.any(axis=1).all():
        return np.inf
    cover = LinearConstraint(sparse.csr_array(reach.astype(float)), 1, np.inf)
    least = milp(np.ones(columns), constraints=cover, integrality=1, bounds=Bounds(0, 1))
    return round(least.fun) if rows else 0


def plain_center(cost, p):
    """The p-center by halving the distinct impedances, each level a set cover."""
    levels = np.unique(cost[np.isfinite(cost)])
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if needed(cost <= levels[middle]) <= p else (middle + 1, high)
    return levels[low]


@st.composite
def levels_of_tables(draw):
    """Ranked costs with ties, existing outlets and rows of weight 0, their table, and a level."""
    n, m = draw(st.integers(1, 10)), draw(st.integers(2, 7))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    cost = rng.integers(0, 12, (n, m)).astype(float)
    weight = rng.integers(0, 3, n).astype(float)
    near = np.where(rng.random(n) < 0.3, rng.integers(0, 9, n), np.inf)
    ranks, _ = ranked(checked(cost, weight, near, 1))
    level = draw(st.sampled_from(levels_of(ranks).tolist()))
    capped = np.where(np.isfinite(near), np.nan_to_num(near, posinf=0), cost.max(axis=1)) * weight
    return ranks, (cost * weight[:, None])[capped > level], level


@SOME
@given(table=levels_of_tables())
def test_a_level_is_covered_as_the_table_says(table):
    ranks, beyond, level = table
    at = task_at(ranks, level)
    reach = beyond <= level
    forced = reach[reach.sum(axis=1) == 1].any(axis=0) if len(reach) else at.forced & False
    assert np.array_equal(at.forced, forced)
    assert len(at.rows) == (~reach[:, forced].any(axis=1)).sum()
    by_row = np.split(at.task.row_openings, at.task.row_start[1:-1])
    seen = sorted((row, column) for row, set_ in enumerate(by_row) for column in set_)
    starts, members = at.task.opening_start, at.task.opening_rows
    again = [(r, c) for c in range(ranks.count) for r in members[starts[c] : starts[c + 1]]]
    assert seen == sorted(again) or not len(at.rows)
    assert len(seen) == reach[~reach[:, forced].any(axis=1)].sum()


@SOME
@given(table=levels_of_tables())
def test_the_relaxation_is_never_above_the_fewest_columns(table):
    ranks, beyond, level = table
    at = task_at(ranks, level)
    nothing = np.zeros(ranks.count, dtype=bool)
    bound, share = least_columns(at, nothing, np.inf, always)
    least = needed(beyond <= level)
    assert bound <= least + 1e-9
    if len(beyond):
        reach = (beyond <= level).astype(float)
        exact = linprog(np.ones(ranks.count), -reach, -np.ones(len(reach)), bounds=(0, 1)).fun
        assert bound == pytest.approx(exact, abs=0.01)
        short = left_short(at, share)
        assert len(short) <= len(at.rows)


@SOME
@given(table=levels_of_tables(), p=st.integers(1, 5), seed=st.integers(0, 99))
def test_a_walk_covers_a_level_or_says_nothing(table, p, seed):
    ranks, beyond, level = table
    found = CenterWalk(ranks, p, levels_of(ranks), seed).cover(
        task_at(ranks, level), np.zeros(ranks.count, dtype=bool), 1.0, always
    )
    assert (found is not None) == (needed(beyond <= level) <= p)  # so small that it finds what is
    if found is not None:
        assert found.sum() <= p
        assert ranks.row_costs(found).max(initial=0.0) <= level


@pytest.mark.parametrize("p", [2, 3, 4])
def test_the_first_plan_and_bound_are_within_twice_the_optimum(p):
    """Gonzalez 1985: true wherever the triangle inequality holds."""
    cost = uniform(18, p)
    best = min(cost[:, list(s)].min(axis=1).max() for s in combinations(range(18), p))
    ranks = rank_dense(cost, np.ones(18))
    chosen, rows = farthest_first(ranks, p)
    assert chosen.sum() == len(rows) - 1 == p
    assert best <= ranks.row_costs(chosen).max() <= 2 * best
    assert best / 2 <= pigeonhole(ranks, rows) <= best


@SOME
@given(table=levels_of_tables(), data=st.data())
def test_more_rows_than_columns_bound_the_level(table, data):
    ranks, _, _ = table
    size = data.draw(st.integers(1, ranks.rows))
    rows = np.array(data.draw(st.permutations(range(ranks.rows)))[:size])
    plans = [np.isin(np.arange(ranks.count), s) for s in combinations(range(ranks.count), size - 1)]
    for plan in plans:
        assert ranks.row_costs(plan).max() >= pigeonhole(ranks, rows)


@pytest.mark.parametrize("places", [uniform, lattice])
@pytest.mark.parametrize(("n", "p"), [(60, 3), (120, 8), (150, 30)])
def test_centers_equal_halving_by_plain_set_covers(places, n, p):
    cost = places(n, seed=n)
    found = solve_center(cost, p, time_limit=60)
    assert (found.status, found.objective) == ("optimal", plain_center(cost, p))
    assert cost[:, found.chosen].min(axis=1).max() == found.objective
    assert len(found.chosen) <= p


def test_a_weighted_center_equals_halving_by_plain_set_covers():
    rng = np.random.default_rng(3)
    cost, weight = uniform(100, 3)[:, :60], rng.integers(1, 9, 100).astype(float)
    found = solve_center(cost, 7, weight, time_limit=60)
    assert (found.status, found.objective) == ("optimal", plain_center(cost * weight[:, None], 7))


def plain_center_besides(cost, opened, p):
    """The p-center with columns open already: a row that they serve within a level is met."""
    walk = cost[:, opened].min(axis=1)
    for level in np.unique(cost):
        if needed(cost[walk > level] <= level) <= p:
            return level
    return np.inf


@pytest.mark.parametrize("fixed", [[4], [3, 40, 41]])
@pytest.mark.parametrize("required", [[], [7]])
def test_sites_open_for_certain_count_towards_p(fixed, required):
    cost = 1.0 + np.rint(uniform(70, 8))
    mark = np.isin(np.arange(70), fixed)
    problem = siting_problem(
        types=("a",),
        residents=np.ones(70),
        covers=[sparse.csr_array(cost > 0)],
        impedance=[sparse.csr_array(cost)],
        fixed=mark[:, None],
        required=np.isin(np.arange(70), required),
    )
    plan = plan_center(problem, p=8, gap=0.0, time_limit=60)
    chosen = {item.candidate for item in plan.chosen}
    opened = [*fixed, *required]
    assert chosen >= set(opened)
    assert len(chosen) <= 8
    assert plan.objective == cost[:, sorted(chosen)].min(axis=1).max()
    best = plain_center_besides(cost, opened, 8 - len(opened))
    assert (plan.status, plan.objective) == ("optimal", best)


def test_more_sites_open_for_certain_than_p_are_refused():
    cost = 1.0 + np.rint(uniform(20, 8))
    problem = siting_problem(
        types=("a",),
        residents=np.ones(20),
        covers=[sparse.csr_array(cost > 0)],
        impedance=[sparse.csr_array(cost)],
        fixed=(np.arange(20) < 3)[:, None],
    )
    assert plan_center(problem, p=2).status == "infeasible"
    assert plan_center(problem, p=3).objective == cost[:, :3].min(axis=1).max()


def test_questions_are_answered_truly():
    cost, p = uniform(90, 5), 6
    ranks = rank_dense(cost, np.ones(90))
    best = plain_center(cost, p)
    for share in (0.6, 0.9, 0.97, 0.999, 1.0, 1.02, 1.2):
        level, clock = share * best, Clock(30)
        reach = Reach(ranks, p, Run.begin({"threads": 1}))
        quick, _ = reach.relax(level, clock)
        answer, chosen = reach.ask(level, clock)
        assert answer == ("yes" if level >= best else "no")
        assert quick in {answer, "unknown"}
        if answer == "yes":
            assert ranks.row_costs(chosen).max() <= level


def test_as_many_outlets_as_places_leave_no_walk():
    cost = lattice(80)
    distinct = len(np.unique(cost, axis=0))
    for p in (distinct, 80):
        found = solve_center(cost, p, time_limit=20)
        assert (found.status, found.objective) == ("optimal", 0.0)


def test_the_same_seed_gives_the_same_plan():
    cost = uniform(120, 2)
    first, second = (solve_center(cost, 9, seed=4, time_limit=60).chosen for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("limit", [0.0, 1.5])
def test_a_hard_center_ends_in_time_with_a_true_bound(limit):
    cost = uniform(900, 1)
    solve_center(cost[:50, :50], 3, time_limit=5)  # compiles
    began = time.monotonic()
    found = solve_center(cost, 60, time_limit=limit)
    assert time.monotonic() - began < limit + 3
    assert found.objective == cost[:, found.chosen].min(axis=1).max()
    reach = (cost <= np.nextafter(found.bound, 0)).astype(float)
    relaxed = linprog(np.ones(900), -sparse.csr_array(reach), -np.ones(900), bounds=(0, 1))
    assert relaxed.fun > 60  # so the level below the bound is out of reach indeed
    assert found.status == "time_limit"


@pytest.mark.parametrize("calls", [1, 3, 8])
def test_an_interruption_at_any_time_keeps_plan_and_bound(calls):
    told = []

    def stop(task, done, total):
        told.append(done)
        if len(told) >= calls:
            raise KeyboardInterrupt

    cost = uniform(900, 1)
    found = solve_center(cost, 60, time_limit=60, progress=stop)
    assert found.status == "interrupted"
    assert 0 < found.bound <= found.objective == cost[:, found.chosen].min(axis=1).max()
    assert found.seconds < 30
