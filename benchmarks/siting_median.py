"""p-median: published instances proven, and 3,000 nodes to a proven gap.

The OR-Library instances are read from ``QUARTERHOUR_PMED`` (a folder with pmed1.txt … and
optima.txt), by default from the shared data beside the repository. The capacitated ones are made
like pmedcap1 to 20 there (Osman and Christofides 1994): points in a square of 100 by 100, whole
distances, demand of 1 to 20, served whole.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from quarterhour.optimize.median import plan_least_walking, solve_median
from quarterhour.optimize.problem import SitingProblem, siting_problem

try:
    from .record import Record
except ImportError:  # started as a script
    from record import Record

REPOSITORY = Path(__file__).resolve().parents[1]
PMED = Path(os.environ.get("QUARTERHOUR_PMED", REPOSITORY.parent / "shared/data/or/pmed"))

#: Nodes, kind of point set, outlets: sizes of the TSPLIB instances that the literature uses.
LARGE = (
    (1400, "drilled", 100),
    (1748, "uniform", 50),
    (2103, "drilled", 20),
    (3038, "uniform", 300),
)

#: Points, outlets, and instances of each size with capacities.
CAPACITATED = ((50, 5, 10), (100, 10, 10))

#: Persons an outlet serves there, and seconds allowed to each.
ROOM, CAPACITATED_LIMIT = 120, 30.0

#: Seconds allowed to each large instance.
LIMIT = float(os.environ.get("QUARTERHOUR_MEDIAN_SECONDS", "60"))


def run() -> list[Record]:
    """Return all records."""
    return [*published(), *large(), *capacitated()]


def published() -> list[Record]:
    """Prove the instances of the OR-Library that are there; the gap is to the known optimum."""
    known = [line.split() for line in (PMED / "optima.txt").read_text().splitlines()[1:] if line]
    cost, p = read_pmed(PMED / f"{known[0][0]}.txt")
    solve_median(cost, p, time_limit=30)  # compiles
    seconds, gap = [], 0.0
    for name, optimum in known:
        cost, p = read_pmed(PMED / f"{name}.txt")
        found = solve_median(cost, p, time_limit=30)
        seconds.append(found.seconds)
        gap = max(gap, found.gap, found.objective / int(optimum) - 1)
    return [
        Record("pmed-1-20-seconds", sum(seconds), "s", None, None),
        Record("pmed-slowest-seconds", max(seconds), "s", None, None),
        Record("pmed-gap-percent", 100 * gap, "%", None, None),
    ]


def large() -> list[Record]:
    """Return the proven gaps of instances of up to 3,038 nodes."""
    records = []
    for n, kind, p in LARGE:
        found = solve_median(distances(n, kind), p, time_limit=LIMIT)
        name = f"median-{n}-{kind}-p{p}"
        records.append(Record(f"{name}-gap-percent", 100 * found.gap, "%", None, None))
        records.append(Record(f"{name}-seconds", found.seconds, "s", None, None))
    worst = max(record.value for record in records if record.unit == "%")
    return [*records, Record("median-3000-gap-percent", worst, "%", None, None)]


def capacitated() -> list[Record]:
    """Return seconds and the worst gap of instances whose demand points are served whole."""
    records = []
    for n, p, many in CAPACITATED:
        plans = [
            plan_least_walking(
                clusters(n, p, seed),
                persons=ROOM,
                must_reach=True,
                split=False,
                gap=0.0,
                time_limit=CAPACITATED_LIMIT,
            )
            for seed in range(many)
        ]
        name = f"median-capacitated-{n}-p{p}"
        seconds, gap = sum(x.seconds for x in plans) / many, max(x.gap for x in plans)
        proven = sum(x.status == "optimal" for x in plans)
        records.append(Record(f"{name}-mean-seconds", seconds, "s", None, None))
        records.append(Record(f"{name}-proven", proven, f"of {many}", None, None))
        records.append(Record(f"{name}-worst-gap-percent", 100 * gap, "%", None, None))
    return records


def clusters(n: int, p: int, seed: int) -> SitingProblem:
    """Return random points, each a site and a demand point that counts once, to open p sites."""
    rng = np.random.default_rng(seed)
    xy, persons = rng.integers(0, 101, (n, 2)), rng.integers(1, 21, n)
    walk = np.floor(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)))
    entries = (walk.ravel(), np.tile(np.arange(n), n), np.arange(0, n * n + 1, n))
    return siting_problem(
        types=["site"],
        residents=persons,
        weights=np.ones(n),
        covers=[sparse.csr_array(np.ones((n, n)))],
        impedance=[sparse.csr_array(entries, shape=(n, n))],
        total=p,
    )


def read_pmed(path: Path) -> tuple[np.ndarray, int]:
    """Return the distances and p of an OR-Library instance."""
    rows = [list(map(int, line.split())) for line in path.read_text().splitlines() if line.strip()]
    n, _, p = rows[0]
    length = np.zeros((n, n))
    for a, b, c in rows[1:]:  # of a repeated edge the last counts
        length[a - 1, b - 1] = length[b - 1, a - 1] = c
    return shortest_path(length, directed=False), p


def distances(n: int, kind: str, *, seed: int = 0) -> np.ndarray:
    """Return Euclidean distances of uniform, clustered or ``drilled`` (gridded) points."""
    rng = np.random.default_rng(seed)
    if kind == "uniform":
        xy = rng.uniform(0, 10_000, (n, 2))
    elif kind == "clustered":
        centers = rng.uniform(0, 10_000, (40, 2))
        xy = centers[rng.integers(0, 40, n)] + rng.normal(0, 300, (n, 2))
    else:
        xy = rng.integers(0, 60, (n, 2)) * 150.0
    return np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
