"""p-median: published instances proven, and 3,000 nodes to a proven gap.

The OR-Library instances are read from ``QUARTERHOUR_PMED`` (a folder with pmed1.txt … and
optima.txt), by default from the shared data beside the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from scipy.sparse.csgraph import shortest_path

from quarterhour.optimize.median import solve_median

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

#: Seconds allowed to each large instance.
LIMIT = float(os.environ.get("QUARTERHOUR_MEDIAN_SECONDS", "60"))


def run() -> list[Record]:
    """Return all records."""
    return [*published(), *large()]


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
