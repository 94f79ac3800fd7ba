"""The search for large problems against every plan of small ones, and on real covering problems."""

import itertools
import time

import numpy as np
import pytest
from scipy import optimize, sparse

from quarterhour.optimize import kernels_anneal, large_search, solve_openings
from quarterhour.optimize.annealing import anneal_plan, begin_walk
from quarterhour.optimize.core import core_of, promising
from quarterhour.optimize.cover_arrays import cover_of
from quarterhour.optimize.cover_state import CoverState
from quarterhour.optimize.effort import Run
from quarterhour.optimize.greedy import greedy
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import siting_problem
from quarterhour.optimize.reduce import reduce_openings
from quarterhour.optimize.relaxation import relax
from quarterhour.optimize.solve import plan_max_coverage
from quarterhour.optimize.swaps import improve


@pytest.fixture
def always_large(monkeypatch):
    """Send every problem through the search for large ones, without the quick bound."""
    monkeypatch.setattr(solve_openings, "SMALL", -1)
    monkeypatch.setattr(solve_openings, "quick_bound", lambda state: state.openings.most())


@pytest.fixture(scope="module")
def cases(structures):
    """Feasible small problems with one or two rules each: (problem, reduced, start, best worth)."""
    made = []
    for seed in range(72):
        extra = ("circles", "floors", "years", "")[seed % 4]
        problem = structures.draw(seed, {structures.RULES[seed % 12], extra} - {""})
        best = structures.best(problem)
        openings = reduce_openings(flatten(problem)).openings
        if best is None or not openings.count:
            continue
        state = greedy(CoverState(openings))
        made.append((problem, openings, state.chosen if state.feasible() else None, best))
    assert len(made) > 36
    assert sum(start is not None for _, _, start, _ in made) > 30
    return made


@pytest.fixture(scope="module")
def started(cases):
    """Those of `cases` for which greedy finds a plan: (reduced, start, best worth)."""
    return [case[1:] for case in cases if case[2] is not None]


def test_relaxation_bounds_every_plan_however_few_steps_it_takes(cases):
    for _, openings, start, best in cases:
        nothing = np.zeros(openings.count, dtype=bool)
        for most in (0, 40, 2000):
            found = relax(openings, nothing if start is None else start, most_steps=most)
            assert found.bound >= best - 1e-6


def test_relaxation_reaches_the_value_of_the_linear_program(dense):
    openings = flatten(dense(300, 120, 8, radius=0.12, seed=2))
    rows, columns = openings.covers.shape
    above = sparse.vstack(
        [
            sparse.hstack([-openings.covers.astype(float), sparse.eye_array(rows)]),
            sparse.hstack([openings.limits.matrix, sparse.csr_array((1, rows))]),
        ]
    )
    linear = optimize.linprog(
        np.concatenate([np.zeros(columns), -openings.weight]),
        A_ub=above, b_ub=np.concatenate([np.zeros(rows), openings.limits.upper]), bounds=(0, 1),
    )  # fmt: skip
    found = relax(openings, np.zeros(columns, dtype=bool), tolerance=1e-9)
    assert -linear.fun <= found.bound <= -linear.fun * (1 + 1e-4)
    assert (found.share >= 0).all()
    assert (found.share <= 1).all()


def test_merging_finds_the_best_mixture_of_some_plans(dense):
    openings = flatten(dense(200, 60, 4, radius=0.15, seed=3))
    rng, gained = np.random.default_rng(1), 0
    for _ in range(10):
        plans = [np.isin(np.arange(60), rng.choice(60, 4, replace=False)) for _ in range(3)]
        union = np.flatnonzero(np.any(plans, axis=0))
        mixtures = (np.isin(np.arange(60), four) for four in itertools.combinations(union, 4))
        best = max(openings.value(mixture) for mixture in mixtures)
        search = large_search.Search(openings, Run.begin({"gap": 0.0}), plans[0], openings.most())
        large_search._merge(search, plans)
        assert search.value == pytest.approx(best)
        assert openings.feasible(search.best)
        gained += best > max(map(openings.value, plans))
    assert gained == 10  # no plan alone was the best mixture


def test_reduced_costs_exclude_no_better_plan(started):
    fixed = 0
    for openings, start, best in started:
        relaxed = relax(openings, start, most_steps=400)
        core = core_of(openings, relaxed, start)
        fixed += core.openings.count < openings.count
        again = solve_openings.solve_openings(core.openings, gap=0.0, reduce=False)
        found = core.state.restore(again.chosen)
        assert openings.feasible(found)
        assert openings.value(found) == pytest.approx(best, abs=1e-6)
        part = promising(openings, relaxed, start, 10)
        assert (part.state.restore(part.project(start)) == start).all()
        assert part.openings.value(part.project(start)) == pytest.approx(openings.value(start))
    assert fixed > 5


def test_walks_stay_feasible_and_never_end_below_their_start(started):
    better = 0
    for seed, (openings, start, best) in enumerate(started):
        before = openings.value(start)
        found = anneal_plan(openings, start, moves=2000, seed=seed)
        assert openings.feasible(found)
        assert before - 1e-9 <= openings.value(found) <= best + 1e-6
        better += openings.value(found) > before + 1e-6
        again = anneal_plan(openings, start, moves=2000, seed=seed)
        assert (again == found).all()
    assert better


def test_a_walk_keeps_its_counts_and_losses_exact(started):
    moved = 0
    for seed, (openings, start, _) in enumerate(started):
        cover = cover_of(openings)
        walk = begin_walk(openings, cover, start)
        dice, best = np.array([seed + 1], dtype=np.uint64), np.empty(openings.count, dtype=np.int64)
        kernels_anneal.anneal(cover, walk, dice, 5.0, 1.0, 500, best, openings.value(start))
        assert openings.feasible(walk.chosen)
        fresh = begin_walk(openings, cover, walk.chosen)
        for name in ("counts", "sums", "alone", "missing"):
            assert (getattr(walk, name) == getattr(fresh, name)).all()
        for name in ("used", "reached"):
            assert getattr(walk, name) == pytest.approx(getattr(fresh, name), abs=1e-6)
        assert walk.loss[walk.chosen] == pytest.approx(fresh.loss[walk.chosen], abs=1e-6)
        moved += not (walk.chosen == start).all()
    assert moved > 20


def test_what_an_open_site_covers_alone_is_what_closing_it_loses(started):
    tested = 0
    for openings, start, _ in started:
        if len(openings.circles.weight):
            continue
        walk = begin_walk(openings, cover_of(openings), start)
        for old in np.flatnonzero(start):
            without = start & (np.arange(openings.count) != old)
            lost = openings.value(start) - openings.value(without)
            assert lost == pytest.approx(openings.gain[old] + walk.loss[old], abs=1e-6)
            tested += 1
    assert tested > 20


def test_swaps_stay_feasible_with_floors_and_circles(started):
    for seed, (openings, start, best) in enumerate(started):
        state = CoverState.of(openings, start)
        before = state.value()
        improve(state, seed=seed)
        assert state.feasible()
        assert before - 1e-9 <= state.value() <= best + 1e-6


def test_margins_count_circles_exactly(structures):
    for seed in range(20):
        openings = flatten(structures.draw(seed, ("circles", "years")))
        state = CoverState(openings)
        rng = np.random.default_rng(seed)
        for o in rng.integers(0, max(openings.count, 1), 8 if openings.count else 0).tolist():
            (state.close if state.chosen[o] else state.open)(o)
            for other in range(openings.count):
                with_it, without = state.chosen.copy(), state.chosen.copy()
                with_it[other], without[other] = True, False
                gain = openings.value(with_it) - openings.value(without)
                assert state.margin[other] == pytest.approx(gain, abs=1e-6)


@pytest.mark.usefixtures("always_large")
def test_whole_search_equals_enumeration(cases):
    for problem, _, _, best in cases:
        plan = plan_max_coverage(problem, gap=0.0, time_limit=20)
        assert plan.status == "optimal"
        assert plan.objective == pytest.approx(best, abs=1e-6)


def test_large_problem_is_solved_to_a_small_gap_and_the_same_twice(dense):
    problem = dense(4000, 2000, 40, radius=0.06, seed=1)
    plans = [plan_max_coverage(problem, time_limit=60, gap=0.02, seed=5) for _ in range(2)]
    assert flatten(problem).covers.nnz > large_search.SMALL
    assert plans[0].status in {"within_gap", "optimal"}
    assert plans[0].chosen == plans[1].chosen
    assert plans[0].objective > plans[0].greedy


@pytest.mark.parametrize("slow", ["relax", "anneal_plan"])
def test_what_is_found_does_not_depend_on_which_is_slow(dense, monkeypatch, slow):
    openings = flatten(dense(2000, 800, 20, radius=0.08, seed=6))
    start, found, walks = greedy(CoverState(openings)).chosen, [], []
    real, anneal = getattr(large_search, slow), large_search.anneal_plan

    def delayed(*given, go_on, **options):
        return real(*given, go_on=lambda: time.sleep(0.02) or go_on(), **options)

    def counted(*given, **options):
        walks[-1] += 1
        return anneal(*given, **options)

    for delays in (False, True):
        monkeypatch.setattr(large_search, "anneal_plan", counted)
        if delays:
            anneal = delayed if slow == "anneal_plan" else anneal
            monkeypatch.setattr(large_search, "relax", delayed if slow == "relax" else relax)
        walks.append(0)
        search = large_search.Search(
            openings, Run.begin({"time_limit": 300.0, "gap": 0.0}), start.copy(), openings.most()
        )
        large_search._first_round(search)
        found.append(search.best)
    assert walks[0] == walks[1] > 1
    assert (found[0] == found[1]).all()


def test_nothing_that_would_gain_is_left_closed_when_the_clock_stops(dense):
    openings = flatten(dense(1000, 500, 12, radius=0.08, seed=4))
    few = np.arange(openings.count) < 3
    found = large_search.search_large(
        openings, few, openings.most(), Run.begin({"time_limit": 0.0, "gap": 0.0})
    )
    assert found.best.sum() == 12
    assert found.ended == "time_limit"


@pytest.mark.parametrize("seconds", [0.0, 1.0, 4.0])
def test_large_problem_keeps_the_clock(dense, seconds):
    problem = dense(3000, 1500, 25, radius=0.1)
    plan_max_coverage(problem, time_limit=0.1)  # kernels compile the first time
    began = time.monotonic()
    plan = plan_max_coverage(problem, time_limit=seconds, gap=0.0)
    assert time.monotonic() - began < seconds + 3
    assert plan.bound >= plan.objective >= plan.greedy > 0
    assert plan.status == "time_limit"


def test_more_plans_than_places_is_no_trouble():
    problem = siting_problem(types=["shop"], residents=[3, 4], covers=[np.ones((2, 2))], total=5)
    openings = flatten(problem)
    found = relax(openings, np.ones(2, dtype=bool))
    assert found.bound == pytest.approx(7)
    assert openings.value(anneal_plan(openings, np.array([True, False]), moves=50, seed=0)) == 7
