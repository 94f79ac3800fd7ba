"""Least walking and p-center under quotas, capacities and existing outlets, by brute force."""

import time

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.center import plan_center
from quarterhour.optimize.effort import Run
from quarterhour.optimize.existing import existing_outlets
from quarterhour.optimize.median import plan_least_walking
from quarterhour.optimize.median_assign import assign_solve
from quarterhour.optimize.median_rows import walking_rows
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.solvers import Outcome

CASES = range(12)


def make(seed):
    """A random small problem with walking costs, and existing outlets."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(3, 8)), int(rng.integers(2, 6))
    types = ("shop", "parcel")
    near = [rng.random((n, m)) < 0.6 for _ in types]
    walk = [rng.integers(0, 30, (n, m)).astype(float) for _ in types]
    problem = siting_problem(
        types=types,
        residents=rng.integers(1, 20, n),
        covers=[sparse.csr_array(x) for x in near],
        impedance=[stored(w, x) for w, x in zip(walk, near, strict=True)],
        total=int(rng.integers(1, 4)),
        unknown=rng.random((n, 2)) < 0.1,
        capacity=rng.integers(1, 3, m),
        groups={"district": rng.choice(["A", "B"], m)},
        quotas=some_quotas(rng) if seed % 2 else (),
    )
    standing = [rng.random((n, 2)) < 0.3 for _ in types]
    old = [rng.integers(0, 30, (n, 2)).astype(float) for _ in types]
    existing = existing_outlets(
        problem, [stored(w, x) for w, x in zip(old, standing, strict=True)], capacity=15.0
    )
    return problem, existing


def some_quotas(rng):
    one = Quota(int(rng.integers(0, 2)), int(rng.integers(1, 3)), type="shop")
    other = Quota(int(rng.integers(0, 2)), None, level="district", group="A")
    return (one, other)


def stored(values, where):
    """Sparse matrix whose stored entries, zeros included, are those marked."""
    row, column = np.nonzero(where)
    return sparse.csr_array(sparse.coo_array((values[row, column], (row, column)), where.shape))


def lookup(matrix, row, column):
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    found = dict(zip(matrix.indices[part].tolist(), matrix.data[part].tolist(), strict=True))
    return found.get(column, np.inf)


def walks(problem, existing, pairs):
    """For each known (demand, type): walks to all open and existing outlets, rising."""
    known = {}
    for i in range(problem.n_demand):
        for k in range(len(problem.types)):
            if not problem.unknown[i, k]:
                new = [lookup(problem.impedance[k], i, j) for j, kind in pairs if kind == k]
                old = [lookup(existing.impedance[k], i, e) for e in range(2)] if existing else []
                known[i, k] = sorted(new + old)
    return known


def reachable(problem, existing):
    everything = [tuple(p) for p in np.argwhere(problem.allowed).tolist()]
    return {
        pair
        for pair, found in walks(problem, existing, everything).items()
        if found and np.isfinite(found[0])
    }


def total_walk(problem, existing, pairs, penalty, nearest=1):
    there, total = reachable(problem, existing), 0.0
    for (i, k), found in walks(problem, existing, pairs).items():
        if (i, k) in there:
            taken = [w for w in found if np.isfinite(w)][:nearest]
            total += problem.residents[i] * (sum(taken) + penalty * (nearest - len(taken)))
    return total


def longest_walk(problem, existing, pairs):
    there = reachable(problem, existing)
    found = walks(problem, existing, pairs)
    return max(((found[pair] or [np.inf])[0] for pair in there), default=0.0)


def pairs_of(plan):
    return [(c.candidate, c.type) for c in plan.chosen]


@pytest.fixture(scope="module")
def case():
    return make


@pytest.mark.parametrize("seed", CASES)
def test_least_walking_equals_brute_force(seed, case, all_plans):
    problem, existing = case(seed)
    existing = existing if seed % 3 else None
    values = [total_walk(problem, existing, plan, 50.0) for plan in all_plans(problem)]
    plan = plan_least_walking(problem, existing=existing, penalty=50.0, gap=0.0, time_limit=20)
    if not values:
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(min(values))
    assert total_walk(problem, existing, pairs_of(plan), 50.0) == pytest.approx(min(values))
    assert plan.bound <= min(values) + 1e-6 <= plan.greedy + 2e-6


@pytest.mark.parametrize("seed", CASES)
def test_two_nearest_equal_brute_force(seed, case, all_plans):
    problem, existing = case(seed)
    values = [total_walk(problem, existing, plan, 50.0, 2) for plan in all_plans(problem)]
    if problem.n_candidates < 2 or not values:
        return
    plan = plan_least_walking(
        problem, existing=existing, penalty=50.0, nearest=2, gap=0.0, time_limit=20
    )
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(min(values))


@pytest.mark.parametrize("seed", CASES)
def test_center_equals_brute_force(seed, case, all_plans):
    problem, existing = case(seed)
    values = [longest_walk(problem, existing, plan) for plan in all_plans(problem)]
    plan = plan_center(problem, existing=existing, gap=0.0, time_limit=20)
    best = min(values, default=np.inf)
    if not np.isfinite(best):
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(best)
    assert longest_walk(problem, existing, pairs_of(plan)) == pytest.approx(best)


def capacitated_walk(problem, existing, pairs, persons, penalty):
    """Least walk with split demand by an independent transport problem."""
    outlets = [
        (k, lambda i, j=j, k=k: lookup(problem.impedance[k], i, j), persons) for j, k in pairs
    ]
    outlets += [
        (k, lambda i, e=e, k=k: lookup(existing.impedance[k], i, e), 15.0)
        for k in range(len(problem.types))
        for e in range(2)
    ]
    there = sorted(reachable(problem, existing))
    cost, demand_rows, room_rows = [], [[] for _ in there], [[] for _ in outlets]
    for r, (i, k) in enumerate(there):
        demand_rows[r].append(len(cost))
        cost.append(penalty)
        for o, (kind, walk, _) in enumerate(outlets):
            if kind == k and np.isfinite(walk(i)):
                demand_rows[r].append(len(cost))
                room_rows[o].append(len(cost))
                cost.append(walk(i))
    equal, below = np.zeros((len(there), len(cost))), np.zeros((len(outlets), len(cost)))
    for matrix, rows in ((equal, demand_rows), (below, room_rows)):
        for r, columns in enumerate(rows):
            matrix[r, columns] = 1.0
    people = [problem.residents[i] for i, _ in there]
    rooms = [room for *_, room in outlets]
    return linprog(cost, below, rooms, equal, people).fun


@pytest.mark.parametrize("seed", CASES)
def test_capacitated_walking_equals_brute_force(seed, case, all_plans):
    problem, existing = case(seed)
    plans = list(all_plans(problem))
    if not plans or not reachable(problem, existing):
        return
    values = [capacitated_walk(problem, existing, plan, 12.0, 50.0) for plan in plans]
    plan = plan_least_walking(
        problem, existing=existing, penalty=50.0, persons=12.0, gap=0.0, time_limit=20
    )
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(min(values))
    served = plan.assignment
    for j, k in pairs_of(plan):
        mine = (served.candidate == j) & (served.type == k)
        assert served.persons[mine].sum() <= 12.0 + 1e-6


def test_unsplit_people_go_to_one_outlet():
    walk = stored(np.array([[1.0, 2.0], [1.0, 9.0], [1.0, 4.0]]), np.ones((3, 2), bool))
    problem = siting_problem(
        types=["shop"], residents=[6, 6, 6], covers=[walk], impedance=[walk], total=2
    )
    split = plan_least_walking(problem, persons=9.0, penalty=100.0, gap=0.0)
    whole = plan_least_walking(problem, persons=9.0, penalty=100.0, gap=0.0, split=False)
    # 9 at the first outlet: all of the second row and 3 of the third; unsplit, one row is left out
    assert split.objective == pytest.approx(6 + 3 + 3 * 4 + 6 * 2)
    assert whole.objective == pytest.approx(6 + 6 * 2 + 600)
    assert sorted(whole.assignment.persons.tolist()) == [6.0, 6.0]
    assert whole.figures["persons_out_of_reach"] == 6.0


def reach_problem():
    walk = stored(
        np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), np.array([[1, 0], [0, 1], [0, 0]], bool)
    )
    return siting_problem(
        types=["shop"], residents=[10, 1, 7], covers=[walk], impedance=[walk], total=1
    )


def test_demand_out_of_reach_is_counted_and_named():
    plan = plan_least_walking(reach_problem(), penalty=5.0)
    assert plan.unreachable.tolist() == [[2, 0]]
    assert plan.objective == 10 * 1 + 1 * 5
    assert plan.figures == {
        "mean_walk": 1.0,
        "persons_served": 10.0,
        "persons_out_of_reach": 1.0,
        "penalty": 5.0,
    }
    # the default penalty is twice the largest walk
    assert plan_least_walking(reach_problem()).objective == 10 * 1 + 1 * 4


def test_required_reach_that_cannot_be_is_infeasible():
    plan = plan_least_walking(reach_problem(), must_reach=True)
    assert plan.status == "infeasible"
    assert not plan.chosen
    assert plan_center(reach_problem()).status == "infeasible"


def test_a_penalty_below_the_walk_to_existing_outlets_spoils_no_bound():
    # With capacities people may rather pay 5 than walk 90; without them they must walk.
    problem = reach_problem()
    far = sparse.csr_array(np.array([[90.0], [90.0], [0.0]]))
    existing = existing_outlets(problem, [far], capacity=100.0)
    walking = walking_rows(problem, existing, 5.0, must_reach=False)
    room = np.full(walking.openings.count, 100.0)
    run = Run(_Lavish(), 60.0, 0.0, 0, 1, lambda *_: None, time.monotonic())
    found, _ = assign_solve(walking, existing, 1, room, run, split=True)
    best = plan_least_walking(problem, existing=existing, persons=100.0, penalty=5.0, gap=0.0)
    assert best.objective == 10 * 1 + 1 * 5
    assert found.bound <= best.objective < found.objective


class _Lavish:
    """A solver that is stopped at once and has sent everybody to every outlet within reach."""

    name = "lavish"

    def solve(self, model, request):
        for variable in model.lp.variables():
            variable.varValue = float(not variable.name.startswith("without"))
        return Outcome("time_limit")


@pytest.mark.parametrize(
    ("option", "column"),
    [({"penalty": -1.0}, "penalty"), ({"nearest": 0}, "nearest"), ({"p": -1}, "p")],
)
def test_options_out_of_range_are_named(option, column):
    with pytest.raises(InputFaults) as caught:
        plan_least_walking(reach_problem(), **option)
    assert [f.column for f in caught.value.faults] == [column]


def test_missing_walking_costs_are_named():
    cover = sparse.csr_array(np.ones((1, 1)))
    problem = siting_problem(types=["shop"], residents=[1], covers=[cover], total=1)
    for plan in (plan_least_walking, plan_center):
        with pytest.raises(InputFaults) as caught:
            plan(problem)
        assert [f.code for f in caught.value.faults] == ["siting_needs_impedance"]


def test_both_solvers_give_the_same_walk(case):
    problem, existing = case(4)
    plans = [
        plan_least_walking(problem, existing=existing, persons=12.0, solver=name, gap=0.0)
        for name in ("highs", "cbc")
    ]
    assert plans[0].objective == pytest.approx(plans[1].objective)
    assert {plan.status for plan in plans} == {"optimal"}


def test_a_full_table_reaches_everything_but_inf_and_a_shop_at_the_door_is_no_walk():
    walks = np.array([[0.0, 5.0], [4.0, np.inf], [9.0, 0.0]])
    problem = siting_problem(
        types=["shop"],
        residents=[10, 1, 1],
        covers=[np.isfinite(walks)],
        impedance=[walks],
        total=1,
    )
    plan = plan_least_walking(problem, penalty=100.0)
    assert [one.candidate for one in plan.chosen] == [0]
    assert plan.objective == pytest.approx(10 * 0 + 1 * 4 + 1 * 9)
    with pytest.raises(InputFaults, match=r"impedance\[shop\]"):
        siting_problem(types=["shop"], residents=[1], covers=[[[True]]], impedance=[[[np.nan]]])
