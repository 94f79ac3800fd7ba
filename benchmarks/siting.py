"""Siting against its peers: time to build a model, and to prove a city's plan.

Peers live in the optional extra ``bench``. Where they are installed for another interpreter, name
it in ``QUARTERHOUR_PEER_PYTHON``.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from quarterhour.optimize.model import coverage_model
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import Quota, SitingProblem, siting_problem
from quarterhour.optimize.solve import plan_max_coverage

try:
    from .record import Record
except ImportError:  # started as a script
    from record import Record

PEER = Path(__file__).with_name("siting_spopt.py")


#: Sizes at which models are built, and their records: demand points, sites, outlets.
SIZES = {
    "build-vs-spopt-200x60": (200, 60, 10),
    "build-vs-spopt-1000x300": (1000, 300, 30),
    "build-vs-spopt": (5000, 1500, 100),
}

#: The hard kind and its records: demand points, sites, outlets, side of the square (m). The circles
#: of all outlets side by side would take 57 % of the area at 40 km, 76 % at 34.5 km, 78 % at 34 km,
#: 101 % at 30 km and 141 % at 25.3 km. Between 75 and 110 % the linear relaxation tiles the plane
#: with parts of circles, which no plan can: there the gap that is left is that of the bound. The
#: one named without a side is that at which greedy plus swaps stands 2.8 % under the bound.
DENSE = {
    "single-type-40km": (20_000, 10_000, 200, 40_000.0),
    "single-type-34.5km": (20_000, 10_000, 200, 34_500.0),
    "single-type": (20_000, 10_000, 200, 34_000.0),
    "single-type-30km": (20_000, 10_000, 200, 30_000.0),
    "single-type-25km": (20_000, 10_000, 200, 25_300.0),
    "single-type-5000x2000-p50": (5_000, 2_000, 50, 20_000.0),
    "single-type-5000x2000-p100": (5_000, 2_000, 100, 20_000.0),
}


def run() -> list[Record]:
    """Return all siting records."""
    built = [build_vs_spopt(name, *size) for name, size in SIZES.items()]
    dense = [record for name, size in DENSE.items() for record in single_type(name, *size)]
    return [*built, *city_plan(), *dense, *stretch()]


def build_vs_spopt(name: str, n: int, m: int, p: int) -> Record:
    """Time the way from a matrix of distances to a finished model, both starting from it."""
    demand, sites, residents = _points(n, m, side=10_000.0)
    distance = np.hypot(*(demand[:, None] - sites[None]).transpose(2, 0, 1))
    seconds = min(_timed(lambda: _build(distance, residents, p)) for _ in range(3))
    peer = _spopt_seconds(distance, residents, p)
    ratio = None if peer is None else peer / seconds
    return Record(name, seconds, "s", "spopt", ratio)


def city_plan() -> list[Record]:
    """Prove a plan of seven types with quotas, 50,000 x 20,000, 1,000 outlets: in 60 s, in 15 s."""
    problem = seven_types(50_000, 20_000, 1000)
    quick = plan_max_coverage(problem, time_limit=15.0, gap=1e-3)
    plan = plan_max_coverage(problem, time_limit=60.0, gap=1e-3)
    closer = plan_max_coverage(problem, time_limit=60.0, gap=1e-5)
    return [
        Record("city-plan-seconds", plan.seconds, "s", None, None),
        Record("city-plan-gap-percent", 100 * plan.gap, "%", None, None),
        Record("city-plan-15s-gap-percent", 100 * quick.gap, "%", None, None),
        Record("city-plan-full-minute-gap-percent", 100 * closer.gap, "%", None, None),
        Record("city-plan-peak-gigabytes", peak_gigabytes(), "GB", None, None),
    ]


def peak_gigabytes() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def single_type(name: str, n: int, m: int, p: int, side: float) -> list[Record]:
    """Prove one type on random points, radius 1,200 m; stop at a gap of 0.5 % or after 120 s."""
    plan = plan_max_coverage(one_type(n, m, p, side=side), time_limit=120.0, gap=5e-3)
    return [
        Record(f"{name}-gap-percent", 100 * plan.gap, "%", None, None),
        Record(f"{name}-seconds", plan.seconds, "s", None, None),
    ]


def stretch() -> list[Record]:
    """Plan 5,000 outlets of seven types for 500,000 x 100,000; stop at 0.5 % or 10 minutes."""
    plan = plan_max_coverage(seven_types(500_000, 100_000, 5000), time_limit=600.0, gap=5e-3)
    return [
        Record("stretch-gap-percent", 100 * plan.gap, "%", None, None),
        Record("stretch-seconds", plan.seconds, "s", None, None),
        Record("stretch-peak-gigabytes", peak_gigabytes(), "GB", None, None),
    ]


def one_type(n: int, m: int, p: int, *, side: float, seed: int = 0) -> SitingProblem:
    """Return p outlets of one type on random points, radius 1,200 m: dense cover sets."""
    demand, sites, residents = _points(n, m, side=side, seed=seed)
    near = cKDTree(demand).sparse_distance_matrix(cKDTree(sites), 1200.0, output_type="coo_matrix")
    near.data[:] = 1.0
    return siting_problem(types=["shop"], residents=residents, covers=[near], total=p)


def _build(distance: np.ndarray, residents: np.ndarray, p: int) -> None:
    covers = sparse.csr_array(distance <= 500.0)
    problem = siting_problem(types=["shop"], residents=residents, covers=[covers], total=p)
    coverage_model(flatten(problem))


def seven_types(n: int, m: int, total: int, *, seed: int = 0) -> SitingProblem:
    """Return a random city: seven thresholds, existing outlets, 16 districts with quotas."""
    side = 40_000.0 * np.sqrt(n / 50_000)
    demand, sites, residents = _points(n, m, side=side, seed=seed)
    rng = np.random.default_rng(seed + 1)
    types = [f"t{k}" for k in range(7)]
    covers, covered = [], []
    for radius in (300.0, 500.0, 500.0, 800.0, 800.0, 1000.0, 1000.0):
        near = cKDTree(demand).sparse_distance_matrix(
            cKDTree(sites), radius, output_type="coo_matrix"
        )
        near.data[:] = 1.0
        covers.append(near)
        existing = rng.uniform(0, side, (n // 40, 2))
        covered.append(cKDTree(existing).query(demand)[0] <= radius)
    district = [f"D{a}{b}" for a, b in np.minimum(sites // (side / 4), 3).astype(int)]
    allowed = rng.random((m, 7)) < 0.7
    allowed[np.arange(m), rng.integers(0, 7, m)] = True
    return siting_problem(
        types=types,
        residents=residents,
        covers=covers,
        covered=np.column_stack(covered),
        allowed=allowed,
        capacity=rng.integers(1, 4, m),
        groups={"district": district},
        total=total,
        quotas=[
            *(Quota(total // 40, total // 8, level="district", group=g) for g in set(district)),
            *(Quota(total // 20, total // 4, type=t) for t in types),
        ],
    )


def _points(n: int, m: int, *, side: float, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, side, (n, 2)), rng.uniform(0, side, (m, 2)), rng.integers(50, 3000, n)


def _timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _spopt_seconds(distance: np.ndarray, residents: np.ndarray, p: int) -> float | None:
    """Return the seconds spopt takes for the same model, or None where it is not installed."""
    python = os.environ.get("QUARTERHOUR_PEER_PYTHON", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.npz"
        np.savez(file, distance=distance, residents=residents, p=p, radius=500.0)
        command = [python, str(PEER), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == PEER_MISSING:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout.split()[-1])


#: Exit code of the peer's script where spopt is not installed.
PEER_MISSING = 3
