"""Random small problems and every plan of them, written without the code under test."""

from itertools import combinations

import numpy as np
from scipy import sparse

from quarterhour.optimize.existing import existing_outlets
from quarterhour.optimize.problem import Quota, siting_problem

#: How far a proven optimum may lie from enumeration: the solvers' own tolerance.
NEAR = 1e-5


def random_problem(seed, *, n=8, m=4, kinds=2, tight=True, **more):
    """A problem with at most 8 openings: quotas, capacities, budget, required and fixed sites.

    ``tight`` draws all of them; otherwise few rules are drawn, so that plans abound.
    """
    rng = np.random.default_rng(seed)
    types = tuple("abc"[:kinds])
    near = [rng.random((n, m)) < rng.choice([0.2, 0.4, 0.6]) for _ in types]
    costs = [np.where(rng.random((n, m)) < 0.15, 0.0, rng.uniform(10, 900, (n, m))) for _ in types]
    allowed = rng.random((m, kinds)) < 0.9
    allowed[:, 0] |= ~allowed.any(axis=1)
    chance = 0.4 if tight else 0.1
    quotas = [Quota(0, int(rng.integers(1, 5)) if tight else m * kinds)]
    if rng.random() < chance:
        low = int(rng.integers(0, 2))
        quotas.append(Quota(low, low + int(rng.integers(0, 3)), "a"))
    if rng.random() < chance:
        quotas.append(Quota(0, int(rng.integers(1, 3)), "", "district", "A"))
    if rng.random() < chance:
        quotas.append(Quota(1, None, "", "district", "B"))
    settings = {
        "types": types,
        "residents": rng.integers(0, 30, n).astype(float),
        "covers": [sparse.csr_array(part) for part in near],
        "impedance": [stored(part, cost) for part, cost in zip(near, costs, strict=True)],
        "quotas": quotas,
        "budget": float(rng.integers(4, 14)) if rng.random() < chance else None,
        "covered": rng.random((n, kinds)) < 0.15,
        "unknown": rng.random((n, kinds)) < 0.1,
        "allowed": allowed,
        "capacity": rng.integers(1, 3, m) if tight else kinds,
        "cost": rng.integers(1, 6, (m, kinds)),
        "groups": {"district": rng.choice(["A", "B"], m)},
        "demand_groups": {"community": rng.choice(["u", "v", "w"], n)},
        "required": rng.random(m) < 0.1,
        "fixed": allowed & (rng.random((m, kinds)) < 0.06),
    }
    return siting_problem(**settings | more)


def stored(near, cost):
    """CSR of ``cost`` where ``near``; a stored zero stays: an outlet stands at the door."""
    rows, columns = np.nonzero(near)
    return sparse.csr_array(sparse.coo_array((cost[near], (rows, columns)), shape=near.shape))


def dense_costs(matrix):
    """The costs as a dense array, NaN where nothing is stored."""
    dense = np.full(matrix.shape, np.nan)
    entries = matrix.tocoo()
    dense[entries.row, entries.col] = entries.data
    return dense


def random_existing(problem, seed, count=3):
    """Existing outlets of each type with attraction, capacity and owner."""
    rng = np.random.default_rng(seed)
    n, kinds = problem.covered.shape
    near = [rng.random((n, count)) < 0.4 for _ in range(kinds)]
    return existing_outlets(
        problem,
        [stored(part, rng.uniform(10, 900, (n, count))) for part in near],
        attraction=[rng.integers(1, 5, count) for _ in near],
        capacity=[rng.integers(5, 40, count) for _ in near],
        ours=[rng.random(count) < 0.3 for _ in near],
    )


def every_plan(problem):
    """Every set of (candidate, type) pairs that keeps quotas, capacities, budget, fixed sites."""
    pairs = [tuple(pair) for pair in np.argwhere(problem.allowed).tolist()]
    sizes = range(len(pairs) + 1)
    return [plan for size in sizes for plan in combinations(pairs, size) if kept(problem, plan)]


def kept(problem, plan):
    """Whether a plan keeps every rule, rule by rule."""
    sites = [j for j, _ in plan]
    if any(sites.count(j) > problem.capacity[j] for j in set(sites)):
        return False
    if problem.budget is not None and sum(problem.cost[p] for p in plan) > problem.budget:
        return False
    if any(j not in sites for j in np.flatnonzero(problem.required)):
        return False
    if any(tuple(p) not in plan for p in np.argwhere(problem.fixed).tolist()):
        return False
    for quota in problem.quotas:
        count = sum(
            quota.type in {"", problem.types[k]}
            and (not quota.level or problem.groups[quota.level][j] == quota.group)
            for j, k in plan
        )
        if count < quota.minimum or (quota.maximum is not None and count > quota.maximum):
            return False
    return True


def times_covered(problem, plan, before=None):
    """How often each (demand, type) pair is covered, existing outlets included, (n, K)."""
    times = problem.covered.astype(int) if before is None else np.maximum(before, problem.covered)
    times = times.astype(int).copy()
    for j, k in plan:
        times[:, k] += problem.covers[k].toarray()[:, j]
    return times


def within_reach(problem):
    """Which (demand, type) pairs any allowed candidate covers (n, K)."""
    return np.column_stack(
        [m.toarray()[:, problem.allowed[:, k]].any(axis=1) for k, m in enumerate(problem.covers)]
    )


def opened(plan):
    """The (candidate, type) pairs of a plan, sorted."""
    return tuple(sorted((item.candidate, item.type) for item in plan.chosen))


def agrees(plan, best, allowed=0.0):
    """Assert that a plan is proven, by itself and by enumeration; None = there is no plan."""
    if best is None:
        assert plan.status == "infeasible"
        assert plan.conflicts
        assert all(fault.line("zh") and fault.line("en") for fault in plan.conflicts)
        return
    assert plan.status in ({"optimal", "within_gap"} if allowed else {"optimal"})
    slack = NEAR * (1 + abs(best)) + allowed * abs(best)
    assert abs(plan.objective - best) <= slack
    proven = plan.bound >= best - slack if plan.sense == "max" else plan.bound <= best + slack
    assert proven
