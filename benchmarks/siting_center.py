"""p-center: uniform points and a printed board of up to 3,038 points, proven gaps.

The OR-Library instances are read from ``QUARTERHOUR_PMED`` as in `siting_median`; they count where
the folder is there.
"""

from __future__ import annotations

import os

import numpy as np

from quarterhour.optimize.center import solve_center

try:
    from .record import Record
    from .siting_median import PMED, distances, read_pmed
except ImportError:  # started as a script
    from record import Record
    from siting_median import PMED, distances, read_pmed

#: Points, kind of point set, outlets: sizes of the TSPLIB instances that the literature uses.
CASES = tuple(
    (n, kind, p)
    for n, kind in ((400, "uniform"), (900, "uniform"), (1400, "uniform"), (3038, "uniform"))
    for p in (10, 20, 50, 100)
) + tuple((n, "board", p) for n in (1400, 3038) for p in (20, 100))

#: Seconds allowed to each.
LIMIT = float(os.environ.get("QUARTERHOUR_CENTER_SECONDS", "25"))


def run() -> list[Record]:
    """Return all records."""
    solve_center(distances(50, "uniform"), 3, time_limit=5)  # compiles
    return [*points(), *published()]


def points() -> list[Record]:
    """Return the proven gaps of points in the plane."""
    records = []
    for n, kind, p in CASES:
        cost = board(n) if kind == "board" else distances(n, kind)
        found = solve_center(cost, p, time_limit=LIMIT)
        name = f"center-{n}-{kind}-p{p}"
        records.append(Record(f"{name}-gap-percent", 100 * found.gap, "%", None, None))
        records.append(Record(f"{name}-seconds", found.seconds, "s", None, None))
    worst = max(record.value for record in records if record.unit == "%")
    return [*records, Record("center-points-gap-percent", worst, "%", None, None)]


def published() -> list[Record]:
    """Prove the p-centers of the instances of the OR-Library that are there."""
    found = []
    for path in sorted(PMED.glob("pmed*.txt")):
        cost, p = read_pmed(path)
        found.append(solve_center(cost, p, time_limit=LIMIT))
    if not found:
        return []
    seconds = [one.seconds for one in found]
    gap = max(one.gap for one in found)
    return [
        Record("center-pmed-seconds", sum(seconds), "s", None, None),
        Record("center-pmed-slowest-seconds", max(seconds), "s", None, None),
        Record("center-pmed-gap-percent", 100 * gap, "%", None, None),
    ]


def board(n: int, *, seed: int = 0) -> np.ndarray:
    """Return distances between the holes of a printed board: rows of pins on a fine grid.

    Rounded to whole numbers, as TSPLIB does it.
    """
    rng = np.random.default_rng(seed)
    pins = [np.zeros((0, 2))]
    while sum(map(len, pins)) < 1.2 * n:  # some lie on others
        corner = rng.integers(0, 400, 2) * 10
        shape = rng.integers(1, 9, 2)
        part = np.stack(np.meshgrid(*(np.arange(size) for size in shape)), axis=-1)
        pins.append(corner + part.reshape(-1, 2) * rng.choice([10, 20, 30]))
    xy = np.unique(np.concatenate(pins), axis=0)
    xy = rng.permutation(xy)[:n]
    return np.rint(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)))
