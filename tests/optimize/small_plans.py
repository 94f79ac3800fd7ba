"""Random small problems and every plan of them, written without the code under test."""

from itertools import combinations

import numpy as np
from scipy import sparse

from quarterhour.optimize.problem import Quota, siting_problem


def random_problem(seed, *, n=8, m=4, kinds=2, total=True, **more):
    """A problem with at most 8 openings: quotas, capacities, budget, required and fixed sites."""
    rng = np.random.default_rng(seed)
    types = tuple("abc"[:kinds])
    near = [rng.random((n, m)) < rng.choice([0.2, 0.4, 0.6]) for _ in types]
    costs = [np.where(rng.random((n, m)) < 0.15, 0.0, rng.uniform(10, 900, (n, m))) for _ in types]
    allowed = rng.random((m, kinds)) < 0.9
    allowed[:, 0] |= ~allowed.any(axis=1)
    quotas = []
    if total:
        quotas.append(Quota(0, int(rng.integers(1, 5))))
    if rng.random() < 0.4:
        low = int(rng.integers(0, 2))
        quotas.append(Quota(low, low + int(rng.integers(0, 3)), "a"))
    if rng.random() < 0.4:
        quotas.append(Quota(0, int(rng.integers(1, 3)), "", "district", "A"))
    if rng.random() < 0.3:
        quotas.append(Quota(1, None, "", "district", "B"))
    budget = {"budget": float(rng.integers(4, 14))} if rng.random() < 0.3 else {}
    settings = {
        "types": types,
        "residents": rng.integers(0, 30, n).astype(float),
        "covers": [sparse.csr_array(part) for part in near],
        "impedance": [_stored(part, cost) for part, cost in zip(near, costs, strict=True)],
        "quotas": quotas,
        "covered": rng.random((n, kinds)) < 0.15,
        "unknown": rng.random((n, kinds)) < 0.1,
        "allowed": allowed,
        "capacity": rng.integers(1, 3, m),
        "cost": rng.integers(1, 6, (m, kinds)),
        "groups": {"district": rng.choice(["A", "B"], m)},
        "demand_groups": {"community": rng.choice(["u", "v", "w"], n)},
        "required": rng.random(m) < 0.1,
        "fixed": allowed & (rng.random((m, kinds)) < 0.06),
    }
    return siting_problem(**settings | budget | more)


def _stored(near, cost):
    """CSR that keeps a stored zero where a candidate stands at the door."""
    rows, columns = np.nonzero(near)
    matrix = sparse.coo_array((cost[near], (rows, columns)), shape=near.shape)
    return sparse.csr_array(matrix)


def every_plan(problem):
    """Every set of (candidate, type) pairs that keeps quotas, capacities, budget and fixed sites."""
    pairs = [tuple(pair) for pair in np.argwhere(problem.allowed).tolist()]
    for size in range(len(pairs) + 1):
        for plan in combinations(pairs, size):
            if _kept(problem, plan):
                yield plan


def _kept(problem, plan):
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


def opened(plan):
    """The (candidate, type) pairs of a plan."""
    return [(item.candidate, item.type) for item in plan.chosen]
