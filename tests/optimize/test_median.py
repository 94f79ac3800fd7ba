"""p-median and p-center on arrays: brute force, published optima, true bounds, interruption."""

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.center import solve_center
from quarterhour.optimize.center_cover import useful_columns
from quarterhour.optimize.median import solve_median
from quarterhour.optimize.median_dual import Ascent, decided, evaluate, farthest
from quarterhour.optimize.median_input import checked, ranked
from quarterhour.optimize.median_model import chain_model, chained
from quarterhour.optimize.median_ranks import narrow, rank_dense
from quarterhour.optimize.median_search import PlanSearch
from quarterhour.optimize.solvers import Request, choose_solver

SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

#: Optima of the p-center problem on the same graphs: Daskin's page of pmed p-center results, and
#: Elloumi, Labbe and Pochet 2004, table 2; all are derived again below.
CENTERS = dict(
    enumerate((127, 98, 93, 74, 48, 84, 64, 55, 37, 20, 59, 51, 36, 26, 18, 47, 39, 28, 18, 13), 1)
)


def every(cost, p, judge):
    return min(judge(cost[:, list(s)].min(axis=1)) for s in combinations(range(cost.shape[1]), p))


@st.composite
def tables(draw):
    """Costs with ties, weights with zeros, existing outlets, and places out of reach."""
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    cost = rng.integers(0, 15, (n, m)).astype(float) / draw(st.sampled_from([1.0, 3.0]))
    cost[rng.random((n, m)) < draw(st.sampled_from([0.0, 0.3]))] = np.inf
    weight = rng.integers(0, 4, n).astype(float)
    near = np.where(
        rng.random(n) < draw(st.sampled_from([0.0, 0.4])), rng.integers(0, 9, n), np.inf
    )
    return cost, weight, near, draw(st.integers(1, m))


def weighted(weight, near):
    """What each row costs at given impedances to new outlets; weight 0 costs nothing."""
    return lambda walk: (
        np.where(weight == 0, 0.0, weight) @ np.where(weight == 0, 0.0, np.minimum(walk, near))
    )


def heaviest(weight, near):
    return lambda walk: (
        np.where(weight == 0, 0.0, weight) * np.where(weight == 0, 0.0, np.minimum(walk, near))
    ).max()


@SOME
@given(table=tables())
def test_median_equals_brute_force(table):
    cost, weight, near, p = table
    best = every(cost, p, weighted(weight, near))
    found = solve_median(cost, p, weight, existing=near, time_limit=20)
    assert len(found.chosen) <= p
    if np.isinf(best):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best)
    assert found.bound <= best + 1e-9


@SOME
@given(table=tables())
def test_center_equals_brute_force(table):
    cost, weight, near, p = table
    best = every(cost, p, heaviest(weight, near))
    found = solve_center(cost, p, weight, existing=near, time_limit=20)
    if np.isinf(best):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best)


@SOME
@given(table=tables(), seed=st.integers(0, 10**6))
def test_any_multipliers_bound_and_decide_truly(table, seed):
    cost, weight, near, p = table
    cost = np.where(np.isfinite(cost), cost, 20.0)
    ranks, _ = ranked(checked(cost, weight, near, p))
    rng = np.random.default_rng(seed)
    ascent = Ascent(ranks, p, rng.uniform(0, 1, ranks.rows) * ranks.cap)
    plans = [np.isin(np.arange(cost.shape[1]), s) for s in combinations(range(cost.shape[1]), p)]
    values = np.array([ranks.value(plan) for plan in plans])
    for _ in range(3):
        ascent.climb(float(values.min()) + 1.0, 4)
        dual = ascent.dual()
        assert dual.bound <= values.min() + 1e-9
        goal = float(np.quantile(values, 0.5)) + 0.5
        shut, must = decided(dual, p, goal)
        worst = farthest(dual.u, dual.bound, ranks.cap, goal)
        for plan, value in zip(plans, values, strict=True):
            if value < goal - 1e-9:
                assert not plan[shut].any()
                assert plan[must].all()
                assert (ranks.row_costs(plan) <= worst + 1e-9).all()


@SOME
@given(table=tables(), seed=st.integers(0, 10**6))
def test_narrowed_ranks_cost_the_same(table, seed):
    cost, weight, near, _ = table
    ranks, _ = ranked(checked(cost, weight, near, 1))
    rng = np.random.default_rng(seed)
    role = rng.integers(0, 3, ranks.count)  # closed, free, open
    smaller, columns = narrow(ranks, role == 1, role == 2, ranks.cap)
    pick = rng.random(len(columns)) < 0.5
    whole = role == 2
    whole[columns[pick]] = True
    assert smaller.row_costs(pick).tolist() == ranks.row_costs(whole).tolist()


@SOME
@given(table=tables(), seed=st.integers(0, 1000))
def test_search_ends_where_no_swap_helps(table, seed):
    cost, weight, near, p = table
    ranks, _ = ranked(checked(cost, weight, near, p))
    search = PlanSearch(ranks, p, seed)
    first = ranks.value(np.isin(np.arange(ranks.count), search.plan))
    value = search.descend_from(search.plan)
    assert value <= first + 1e-9
    assert value == pytest.approx(ranks.value(search.chosen()))
    for out in search.plan:
        for new in set(range(ranks.count)) - set(search.plan.tolist()):
            plan = search.chosen()
            plan[out], plan[new] = False, True
            assert ranks.value(plan) >= value * (1 - 1e-8) - 1e-8
    assert search.shake(5) <= value + 1e-9
    assert search.value == pytest.approx(ranks.value(search.chosen()))


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_plain_model_equals_the_fast_path(solver):
    rng = np.random.default_rng(5)
    cost = np.hypot(*(rng.random((25, 1, 2)) - rng.random((1, 9, 2))).T).T.round(2)
    ranks = rank_dense(cost, np.ones(25))
    levels = chained(ranks)
    model = chain_model(levels, ranks.count, 3)
    outcome = choose_solver(solver).solve(model, Request(20.0, 0.0))
    assert outcome.ended == "finished"
    best = every(cost, 3, np.sum)
    assert ranks.value(model.chosen()) == pytest.approx(best)
    assert levels.floor - outcome.bound == pytest.approx(best)
    assert solve_median(cost, 3, solver=solver).objective == pytest.approx(best)


@pytest.fixture(scope="module")
def pmed(shared):
    """Function (number) -> all-pairs shortest paths and p of an OR-Library instance."""

    def read(number):
        lines = (shared / "or" / "pmed" / f"pmed{number}.txt").read_text().split("\n")
        rows = [list(map(int, line.split())) for line in lines if line.strip()]
        n, _, p = rows[0]
        length = np.zeros((n, n))
        for a, b, c in rows[1:]:  # of a repeated edge the last counts
            length[a - 1, b - 1] = length[b - 1, a - 1] = c
        return shortest_path(length, directed=False), p

    return read


@pytest.fixture(scope="module")
def optima(shared):
    lines = (shared / "or" / "pmed" / "optima.txt").read_text().split("\n")[1:]
    return {name[4:]: int(value) for name, value in (x.split() for x in lines if x.strip())}


@pytest.mark.parametrize("number", [1, 5, 8, 11, 16, 20])
def test_pmed_is_proven(number, pmed, optima):
    cost, p = pmed(number)
    found = solve_median(cost, p, time_limit=30)
    assert (found.status, found.objective) == ("optimal", optima[str(number)])
    assert found.bound == found.objective
    assert found.objective <= found.start


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 3, 4, 6, 7, 9, 10, 12, 13, 14, 15, 17, 18, 19])
def test_all_pmed_are_proven(number, pmed, optima):
    cost, p = pmed(number)
    found = solve_median(cost, p, time_limit=30)
    assert (found.status, found.objective) == ("optimal", optima[str(number)])


@pytest.mark.parametrize("number", [2, 5])
def test_pmed_centers(number, pmed):
    cost, p = pmed(number)
    found = solve_center(cost, p, time_limit=30)
    assert (found.status, found.objective) == ("optimal", CENTERS[number])


@pytest.mark.slow
@pytest.mark.parametrize("number", sorted(CENTERS))
def test_pmed_centers_agree_with_a_plain_set_cover(number, pmed):
    """Derived by another way: HiGHS through scipy says which levels p outlets can cover."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415

    cost, p = pmed(number)
    found = solve_center(cost, p, time_limit=30)
    assert (found.status, found.objective) == ("optimal", CENTERS[number])
    below = np.unique(cost)[np.searchsorted(np.unique(cost), found.objective) - 1]
    for level, enough in ((found.objective, True), (below, False)):
        cover = LinearConstraint(sparse.csr_array((cost <= level).astype(float)), 1, np.inf)
        least = milp(np.ones(len(cost)), constraints=cover, integrality=1, bounds=Bounds(0, 1))
        assert (round(least.fun) <= p) is enough


def hard(n=600, p=40):
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 1000, (n, 2))
    return np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)), p


def test_a_time_limit_holds_and_keeps_a_true_bound():
    cost, p = hard()
    began = time.monotonic()
    found = solve_median(cost, p, time_limit=0.3, threads=1)
    assert time.monotonic() - began < 3.0
    assert found.bound <= found.objective <= found.start
    assert found.objective == pytest.approx(cost[:, found.chosen].min(axis=1).sum())
    assert (found.status == "optimal") == (found.gap <= 1e-6)
    assert evaluate(rank_dense(cost, np.ones(len(cost))), p, np.zeros(len(cost))).bound == 0.0


def test_an_interruption_keeps_the_best():
    calls = []

    def stop(task, done, total):
        calls.append(task)
        raise KeyboardInterrupt

    cost, p = hard()
    found = solve_median(cost, p, time_limit=60, progress=stop)
    assert calls[0] == "plan_solve"
    assert found.status in {"interrupted", "optimal"}
    assert found.seconds < 20
    assert found.objective == pytest.approx(cost[:, found.chosen].min(axis=1).sum())
    stopped = solve_center(cost, p, time_limit=60, progress=stop)
    assert stopped.bound <= stopped.objective
    assert stopped.status in {"interrupted", "optimal"}


def test_a_table_without_columns_serves_nobody():
    for solve in (solve_median, solve_center):
        assert solve(np.zeros((3, 0)), 1).status == "infeasible"
        assert solve(np.zeros((0, 3)), 1).objective == 0.0


def test_without_time_the_bound_is_still_true():
    cost, p = hard(60, 5)
    found = solve_median(cost, p, time_limit=0.0)
    assert found.status == "time_limit"
    assert 0.0 <= found.bound <= found.objective
    assert found.gap <= 1.0


def test_sparse_and_dense_costs_mean_the_same():
    cost = np.array([[0.0, 5.0, np.inf], [3.0, np.inf, 0.0], [np.inf, 2.0, 4.0]])
    row, column = np.nonzero(np.isfinite(cost))
    held = sparse.csr_array(sparse.coo_array((cost[row, column], (row, column)), cost.shape))
    for solve, expected in ((solve_median, 2.0), (solve_center, 2.0)):
        assert solve(cost, 2).objective == solve(held, 2).objective
        assert solve(held, 3).objective == expected
        assert solve(held, 1).status == "infeasible"


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        ({"cost": np.array([[1.0, np.nan]])}, "cost"),
        ({"cost": np.array([[1.0, -1.0]])}, "cost"),
        ({"cost": np.zeros(3)}, "cost"),
        ({"weight": [1.0, 2.0]}, "weight"),
        ({"weight": [-1.0]}, "weight"),
        ({"existing": [np.nan]}, "existing"),
        ({"p": 0}, "p"),
        ({"p": 3}, "p"),
        ({"p": 1.5}, "p"),
        ({"p": "1"}, "p"),
        ({"p": True}, "p"),
        ({"cost": [["far", "near"]]}, "cost"),
        ({"weight": ["many"]}, "weight"),
    ],
)
def test_bad_arrays_are_named(bad, column):
    for solve in (solve_median, solve_center):
        with pytest.raises(InputFaults) as caught:
            solve(**({"cost": np.ones((1, 2)), "p": 1} | bad))
        assert [f.column for f in caught.value.faults] == [column]


def test_centers_of_many_points_agree_with_a_plain_set_cover():
    """More rows than are looked at at once: levels are asked with rows that join."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415

    cost, p = hard(300, 12)
    found = solve_center(cost, p, time_limit=60)
    assert found.status == "optimal"
    assert found.objective == cost[:, found.chosen].min(axis=1).max()
    levels = np.unique(cost)
    below = levels[np.searchsorted(levels, found.objective) - 1]
    cover = LinearConstraint(sparse.csr_array((cost <= below).astype(float)), 1, np.inf)
    least = milp(np.ones(300), constraints=cover, integrality=1, bounds=Bounds(0, 1))
    assert round(least.fun) > p


@SOME
@given(table=tables())
def test_columns_left_out_are_covered_by_others(table):
    reach = np.nan_to_num(table[0], posinf=99) < 8
    kept = useful_columns(reach)
    for column in range(reach.shape[1]):
        others = reach[:, kept] | ~reach[:, [column]]
        assert others.all(axis=0).any() or not reach[:, column].any()


def test_center_solvers_agree():
    cost, p = hard(60, 6)
    assert solve_center(cost, p, solver="cbc").objective == solve_center(cost, p).objective
