"""Capacitated p-medians with demand served whole, by brute force and by a plain model of scipy."""

from itertools import product

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from quarterhour.optimize.existing import existing_outlets
from quarterhour.optimize.kernels_knapsack import climb, rule_out
from quarterhour.optimize.median import plan_least_walking
from quarterhour.optimize.median_rows import walking_rows
from quarterhour.optimize.median_serving import persons_per_outlet, serving_of, valid
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.single_source_bound import SingleBound
from quarterhour.optimize.single_source_search import SingleSearch
from quarterhour.optimize.single_source_table import table_of

PENALTY = 60.0
ROOM = 18.0


def town(seed, n=5, m=4, decimals=0, **more):
    """Random walks (n, m), some out of reach, and persons."""
    rng = np.random.default_rng(seed)
    walk = rng.uniform(0, 30, (n, m)).round(decimals)
    reach = rng.random((n, m)) < 0.8
    row, column = np.nonzero(reach)
    matrix = sparse.csr_array(sparse.coo_array((walk[row, column], (row, column)), (n, m)))
    problem = siting_problem(
        types=["shop"],
        residents=rng.uniform(1, 12, n).round(decimals),
        covers=[sparse.csr_array(reach.astype(float))],
        impedance=[matrix],
        **more,
    )
    return problem, np.where(reach, walk, np.inf)


def least(problem, walk, room, allowed, old=None, old_room=0.0):
    """Least cost over every choice of an outlet, or none, for every reachable demand point."""
    n, m = walk.shape
    walks = walk if old is None else np.column_stack([walk, old])
    rows = [i for i in range(n) if np.isfinite(walks[i]).any()]
    rooms = [room] * m + [old_room] * (walks.shape[1] - m)
    best = np.inf
    for choice in product(range(-1, walks.shape[1]), repeat=len(rows)):
        load, cost = np.zeros(walks.shape[1]), 0.0
        for i, o in zip(rows, choice, strict=True):
            cost += problem.residents[i] * (PENALTY if o < 0 else walks[i, o])
            load[o] += problem.residents[i] if o >= 0 else 0.0
        used = {o for o in choice if 0 <= o < m}
        if cost < best and (load <= np.array(rooms) + 1e-9).all() and allowed(used):
            best = cost
    return best


def served_within(plan, room):
    used = [c.candidate for c in plan.chosen]
    new = plan.assignment.candidate >= 0
    load = np.bincount(plan.assignment.candidate[new], plan.assignment.persons[new], minlength=1)
    assert set(plan.assignment.candidate[new].tolist()) <= set(used)
    assert len(set(plan.assignment.demand.tolist())) == len(plan.assignment.demand)
    assert (load <= room + 1e-6).all()


@pytest.mark.parametrize("decimals", [0, 2])
@pytest.mark.parametrize("seed", range(8))
def test_whole_demand_equals_brute_force(seed, decimals):
    problem, walk = town(seed, decimals=decimals, total=2)
    plan = plan_least_walking(problem, penalty=PENALTY, persons=ROOM, split=False, gap=0.0)
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(least(problem, walk, ROOM, lambda s: len(s) <= 2))
    assert plan.bound <= plan.objective <= plan.greedy
    served_within(plan, ROOM)


@pytest.mark.parametrize("seed", range(6))
def test_limits_beyond_the_total_are_kept(seed):
    fixed, groups = [False, True, False, False], ["A", "B", "A", "A"]
    quota = Quota(0, 1, level="district", group="A")
    problem, walk = town(
        seed,
        total=3,
        fixed=fixed,
        groups={"district": groups},
        quotas=[quota],
        cost=[1, 1, 2, 3],
        budget=3.0,
    )
    plan = plan_least_walking(problem, penalty=PENALTY, persons=ROOM, split=False, gap=0.0)

    def allowed(used):
        return len(used - {1}) <= 1 and 3 not in used

    assert plan.status == "optimal"
    assert 1 in {c.candidate for c in plan.chosen}
    assert plan.objective == pytest.approx(least(problem, walk, ROOM, allowed))
    served_within(plan, ROOM)


@pytest.mark.parametrize("seed", range(6))
def test_existing_outlets_serve_what_they_can(seed):
    problem, walk = town(seed, total=1)
    rng = np.random.default_rng(100 + seed)
    old = rng.integers(1, 30, (5, 1)).astype(float)
    existing = existing_outlets(problem, [sparse.csr_array(old)], capacity=11.0)
    plan = plan_least_walking(
        problem, existing=existing, penalty=PENALTY, persons=ROOM, split=False, gap=0.0
    )
    best = least(problem, walk, ROOM, lambda s: len(s) <= 1, old, 11.0)
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(best)


def test_points_that_cannot_all_be_served_whole_are_infeasible_where_they_must():
    walk = sparse.csr_array(np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 2.0]]))
    problem = siting_problem(
        types=["shop"], residents=[6, 6, 6], covers=[walk], impedance=[walk], total=2
    )
    # 18 persons and 20 places, but no outlet takes two points of 6
    options = {"persons": 10.0, "split": False, "gap": 0.0}
    plan = plan_least_walking(problem, must_reach=True, **options)
    assert plan.status == "infeasible"
    assert not plan.chosen
    assert plan_least_walking(problem, penalty=50.0, **options).objective == 6 * (1 + 1 + 50)


def test_outlets_that_serve_nobody_stay_closed_unless_a_quota_asks_for_them():
    walk = sparse.csr_array(np.array([[1.0, 2.0, 5.0], [3.0, 1.0, 5.0]]))
    options = {"persons": 20.0, "split": False, "gap": 0.0, "p": 3}
    for least_shops, opened in ((0, 2), (3, 3)):
        problem = siting_problem(
            types=["shop"],
            residents=[6, 6],
            covers=[walk],
            impedance=[walk],
            quotas=[Quota(least_shops, None)],
        )
        plan = plan_least_walking(problem, **options)
        assert plan.objective == 12
        assert len(plan.chosen) == opened


def random_plane(seed, n, p):
    """An instance like those of the OR-Library: points in a square, whole distances."""
    rng = np.random.default_rng(seed)
    xy, persons = rng.integers(0, 101, (n, 2)), rng.integers(1, 21, n)
    walk = np.floor(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)))
    room = float(np.ceil(persons.sum() / (0.9 * p)))
    return walk, persons.astype(float), room


def plane_problem(walk, persons, p):
    n = len(persons)
    entries = (walk.ravel(), np.tile(np.arange(n), n), np.arange(0, n * n + 1, n))
    return siting_problem(
        types=["shop"],
        residents=persons,
        weights=np.ones(n),
        covers=[sparse.csr_array(np.ones((n, n)))],
        impedance=[sparse.csr_array(entries, shape=(n, n))],
        total=p,
    )


def plain_model(walk, persons, room, p):
    """Least walk by scipy's own solver."""
    n = len(persons)
    served = sparse.hstack([sparse.kron(sparse.eye_array(n), np.ones((1, n))), np.zeros((n, n))])
    load = sparse.hstack([sparse.kron(persons[None], sparse.eye_array(n)), -room * np.eye(n)])
    total = np.concatenate([np.zeros(n * n), np.ones(n)])[None]
    linked = sparse.hstack([sparse.eye_array(n * n), -sparse.kron(np.ones((n, 1)), np.eye(n))])
    rows = [(served, 1, 1), (load, -np.inf, 0), (total, 0, p), (linked, -np.inf, 0)]
    rules = [LinearConstraint(sparse.csr_array(a), low, high) for a, low, high in rows]
    cost = np.concatenate([walk.ravel(), np.zeros(n)])
    return milp(cost, constraints=rules, integrality=np.ones(len(cost)), bounds=Bounds(0, 1)).fun


@pytest.mark.parametrize("seed", range(3))
def test_larger_ones_equal_a_plain_model(seed):
    walk, persons, room = random_plane(seed, 18, 4)
    plan = plan_least_walking(
        plane_problem(walk, persons, 4), persons=room, must_reach=True, split=False, gap=0.0
    )
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(plain_model(walk, persons, room, 4))
    served_within(plan, room)


@pytest.fixture
def plane():
    """Tables of an instance of 30 points and 4 outlets."""
    walk, persons, room = random_plane(7, 30, 4)
    problem = plane_problem(walk, persons, 4)
    walking = walking_rows(problem, None, None, must_reach=True)
    rooms = persons_per_outlet(problem, walking, room)
    return table_of(serving_of(walking, None, 1, rooms, split=False))


def first_four(table):
    return np.arange(table.count) < 4


def test_the_search_repeats_itself_and_keeps_room(plane):
    found = [SingleSearch(plane, first_four(plane), seed=3) for _ in range(2)]
    assert found[0].shake(50) == found[1].shake(50)
    assert found[0].who.tolist() == found[1].who.tolist()
    assert found[0].value == plane.value(found[0].who) <= found[0].start
    assert valid(plane.serving, plane.shares(found[0].who), found[0].chosen())


def test_no_plan_is_ruled_out_by_its_own_bound(plane):
    search = SingleSearch(plane, first_four(plane), seed=0)
    best = search.shake(300)
    bound = SingleBound(plane, plane.cost.min(axis=1))
    bound.climb(best + 0.5, 300, 1.0)
    assert bound.value <= best
    rows = np.arange(len(search.who))
    assert np.isfinite(bound.left.cost[rows, search.who]).all()
    assert bound.may_open()[search.chosen()].all()
    assert bound.pairs() < plane.cost.size


def test_bound_of_any_multipliers_is_no_more_than_a_plan(plane):
    search = SingleSearch(plane, first_four(plane), seed=0)
    best = search.shake(300)
    rng = np.random.default_rng(0)
    for _ in range(5):
        left = SingleBound(plane, plane.cost.min(axis=1)).left
        u = rng.uniform(0, 60, len(search.who))
        bound, chosen, _ = climb(left, u.copy(), best, 1, 1.0, 5)
        assert bound <= best
        assert chosen.sum() <= 4
        assert rule_out(left, u, np.inf) == pytest.approx(bound)


def test_a_run_without_time_still_gives_a_plan_and_an_honest_bound():
    walk, persons, room = random_plane(1, 60, 6)
    plan = plan_least_walking(
        plane_problem(walk, persons, 6), persons=room, split=False, gap=0.0, time_limit=0.0
    )
    assert plan.status == "time_limit"
    assert 0 <= plan.bound < plan.objective
    served_within(plan, np.inf)


@pytest.mark.parametrize("calls_before", [1, 12])
def test_an_interruption_keeps_the_best_plan(calls_before):
    walk, persons, room = random_plane(1, 100, 10)
    calls = []

    def stop(*news):
        calls.append(news)
        if len(calls) > calls_before and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt

    stopped = []
    problem = plane_problem(walk, persons, 10)
    plan = plan_least_walking(problem, persons=room, split=False, gap=0.0, progress=stop)
    assert plan.status == "interrupted"
    assert plan.bound <= plan.objective
    served_within(plan, np.inf)
