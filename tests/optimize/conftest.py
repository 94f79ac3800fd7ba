"""Small siting problems and their optima by brute force, independent of the code under test."""

import importlib.util
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize.problem import Quota, siting_problem

TYPES = ("shop", "parcel")


def _quotas(rng, chance):
    quotas = []
    for kind in ("", *TYPES):
        for level, group in (("", ""), ("district", "A"), ("district", "B")):
            if (kind or level) and rng.random() < chance:
                low = int(rng.choice([0, 0, 1, 2]))
                high = None if rng.random() < 0.4 else low + int(rng.integers(0, 3))
                quotas.append(Quota(low, high, kind, level, group))
    return quotas


def _draw_problem(draw, *, quotas=True):
    """Sizes and switches are drawn, so that they shrink; the rest follows from a seed."""
    n, m = draw(st.integers(1, 14)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    decimals = draw(st.sampled_from([0, 0, 2]))
    weights = rng.uniform(0, 20, (n, 2)).round(decimals) if draw(st.booleans()) else None
    many = {}
    if quotas and draw(st.booleans()):
        many |= {"quotas": _quotas(rng, 0.25), "required": rng.random(m) < 0.1}
    if quotas and draw(st.booleans()):
        many |= {"budget": float(rng.integers(2, 12)), "cost": rng.integers(0, 5, m)}
    allowed = rng.random((m, 2)) < 0.85
    allowed[:, 0] |= ~allowed.any(axis=1)
    density = draw(st.sampled_from([0.15, 0.3, 0.5]))
    return siting_problem(
        types=TYPES,
        residents=rng.uniform(0, 20, n).round(decimals),
        weights=weights,
        covers=[sparse.csr_array(rng.random((n, m)) < density) for _ in TYPES],
        total=draw(st.integers(0, 5)),
        covered=rng.random((n, 2)) < 0.15,
        unknown=rng.random((n, 2)) < 0.1,
        allowed=allowed,
        capacity=rng.integers(1, 3, m),
        groups={"district": rng.choice(["A", "B"], m)},
        fixed=allowed & (rng.random((m, 2)) < draw(st.sampled_from([0, 0.1]))),
        **many,
    )


def _keeps_quotas(problem, pairs):
    def count(quota):
        return sum(
            (not quota.type or problem.types[k] == quota.type)
            and (not quota.level or problem.groups[quota.level][j] == quota.group)
            for j, k in pairs
        )

    sites = [j for j, _ in pairs]
    return (
        all(sites.count(j) <= problem.capacity[j] for j in set(sites))
        and all(
            q.minimum <= count(q) <= (q.maximum or 0)
            for q in problem.quotas
            if q.maximum is not None
        )
        and all(q.minimum <= count(q) for q in problem.quotas)
        and (problem.budget is None or sum(problem.cost[p] for p in pairs) <= problem.budget + 1e-9)
        and all(j in sites for j in np.flatnonzero(problem.required))
        and all(tuple(p) in pairs for p in np.argwhere(problem.fixed).tolist())
    )


def _worth(problem, pairs, weights=None):
    """Sum over demand and types of what the pairs newly cover, by sets."""
    weights = problem.weights if weights is None else weights
    newly = set()
    for j, k in pairs:
        near = problem.covers[k].toarray()[:, j]
        newly |= {(i, k) for i in range(problem.n_demand) if near[i]}
    gaps = [p for p in newly if not problem.covered[p] and not problem.unknown[p]]
    return float(sum(weights[p] for p in sorted(gaps)))


def _all_plans(problem):
    pairs = [tuple(p) for p in np.argwhere(problem.allowed).tolist()]
    for size in range(min(len(pairs), problem.quotas[0].maximum) + 1):  # the total comes first
        for plan in combinations(pairs, size):
            if _keeps_quotas(problem, plan):
                yield plan


def _brute_force(problem):
    return max((_worth(problem, plan) for plan in _all_plans(problem)), default=None)


@pytest.fixture(scope="session")
def draw_problem():
    """Function (draw, quotas=True) -> a random small problem."""
    return _draw_problem


@pytest.fixture(scope="session")
def brute_force():
    """Function (problem) -> the best objective, or None where no plan keeps the quotas."""
    return _brute_force


@pytest.fixture(scope="session")
def keeps_quotas():
    """Function (problem, [(candidate, type), …]) -> whether every rule is kept."""
    return _keeps_quotas


@pytest.fixture(scope="session")
def worth():
    """Function (problem, [(candidate, type), …], weights=None) -> objective."""
    return _worth


@pytest.fixture(scope="session")
def all_plans():
    """Function (problem) -> every plan that keeps the quotas."""
    return _all_plans


@pytest.fixture(scope="session")
def dense():
    """Function (n, m, p, radius, seed) -> a dense single-type problem, hard to prove."""

    def make(n, m, p, radius=0.06, seed=0):
        rng = np.random.default_rng(seed)
        demand, sites = rng.random((n, 2)), rng.random((m, 2))
        near = np.hypot(*(demand[:, None] - sites[None]).transpose(2, 0, 1)) <= radius
        return siting_problem(
            types=["shop"],
            residents=rng.integers(1, 100, n),
            covers=[sparse.csr_array(near)],
            total=p,
        )

    return make


@pytest.fixture(scope="session")
def mclp(shared):
    """Function (name, p) -> one of the real covering instances, radius 800 m."""

    def make(name, p):
        lines = (shared / "or" / "mclp" / f"{name}.txt").read_text().splitlines()[1:]
        x, y, people = np.array([line.split()[:3] for line in lines if line.strip()], float).T
        near = np.hypot(x[:, None] - x, y[:, None] - y) <= 800
        return siting_problem(
            types=["shop"], residents=people, covers=[sparse.csr_array(near)], total=p
        )

    return make


@pytest.fixture(scope="session")
def structures():
    """The module structures.py: random problems with every rule, and every plan of them."""
    path = Path(__file__).with_name("structures.py")
    spec = importlib.util.spec_from_file_location("structures", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
