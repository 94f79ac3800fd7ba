"""The fewest outlets: proven gaps on random and clustered points, full and partial cover, by cost.

Half a minute each at most: the whole takes about five minutes on two cores.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from quarterhour.optimize.fewest import plan_fewest
from quarterhour.optimize.plan import Plan
from quarterhour.optimize.problem import SitingProblem, siting_problem

try:
    from .record import Record
except ImportError:  # started as a script
    from record import Record

#: Most seconds for each plan.
SECONDS = 30.0

#: Every point a candidate: points, radius as a share of the side of the square.
SQUARES = ((800, 0.10), (2_000, 0.06), (8_000, 0.03))


def run() -> list[Record]:
    """Return all records of the fewest outlets."""
    records = []
    for n, radius in SQUARES:
        problem, name = square(n, radius), f"square-{n}"
        records += _gap(f"{name}-full", plan_fewest(problem, each="point", time_limit=SECONDS))
        records += _gap(f"{name}-90", plan_fewest(problem, share=0.9, time_limit=SECONDS))
    priced = square(4_000, 0.05, priced=True)
    for share in (1.0, 0.9):
        plan = plan_fewest(priced, share=share, price="cost", time_limit=SECONDS)
        records += _gap(f"priced-4000-{100 * share:g}", plan)
    city = square(50_000, 0.02, sites=20_000)
    records += _gap("city-full", plan_fewest(city, each="point", time_limit=2 * SECONDS))
    records += _gap("city-90", plan_fewest(city, share=0.9, time_limit=2 * SECONDS))
    return records


def square(
    n: int, radius: float, *, sites: int | None = None, priced: bool = False, seed: int = 0
) -> SitingProblem:
    """Return random points in the unit square; every point is a candidate unless ``sites`` are.

    Costs are whole numbers from 1 to 100 where ``priced``.
    """
    rng = np.random.default_rng(seed)
    demand = rng.random((n, 2))
    candidates = demand if sites is None else rng.random((sites, 2))
    near = cKDTree(demand).query_ball_tree(cKDTree(candidates), radius)
    starts = np.cumsum([0, *map(len, near)])
    columns = np.concatenate([np.sort(np.array(row, dtype=np.int64)) for row in near])
    covers = sparse.csr_array((np.ones(len(columns)), columns, starts), shape=(n, len(candidates)))
    cost = rng.integers(1, 101, len(candidates)) if priced else 1.0
    residents = rng.integers(50, 3000, n)
    return siting_problem(types=["shop"], residents=residents, covers=[covers], cost=cost)


def _gap(name: str, plan: Plan) -> list[Record]:
    return [
        Record(f"fewest-{name}-gap-percent", 100 * plan.gap, "%", None, None),
        Record(f"fewest-{name}-seconds", plan.seconds, "s", None, None),
    ]
