"""Is there a plan that leaves nobody farther than a level? The question that p-center asks often.

Here under any limits, as maximum coverage: at a level each row is covered by the columns no farther
than it. Where a total is the only limit see `center_cover`.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats
from .center_cover import Answer
from .effort import Run
from .median_clock import Clock
from .median_ranks import Ranks
from .openings import Openings
from .row_rules import Circles, RowFloors
from .solve_openings import solve_openings


def levels_of(ranks: Ranks, low: float = 0.0, high: float = np.inf) -> Floats:
    """Return every largest impedance from ``low`` to ``high`` that a plan can have, rising."""
    nearest = np.where(
        np.diff(ranks.start) > 0, np.append(ranks.cost, 0.0)[ranks.start[:-1]], ranks.cap
    )
    least = max(low, float(nearest.max(initial=0.0)))
    values = np.concatenate([ranks.cost, ranks.cap, nearest, [0.0]])
    return np.unique(values[(values >= least) & (values <= high)])


def worst(ranks: Ranks, chosen: Bools) -> float:
    """Return the largest impedance of any row when the marked columns (q,) are open."""
    return float(ranks.row_costs(chosen).max(initial=0.0))


def at_level(ranks: Ranks, level: float) -> Ranks:
    """Return costs of 0 up to ``level`` and a cap of 1, for the rows whose cap lies beyond it."""
    open_rows = np.flatnonzero(ranks.cap > level)
    row = np.repeat(np.arange(ranks.rows), np.diff(ranks.start))
    keep = (ranks.cost <= level) & (ranks.cap[row] > level)
    lengths = np.bincount(row[keep], minlength=ranks.rows)[open_rows]
    sites = ranks.site[keep]
    return Ranks(
        start=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        site=sites,
        cost=np.zeros(len(sites)),
        cap=np.ones(len(open_rows)),
        count=ranks.count,
    )


def reach_within_limits(
    ranks: Ranks, level: float, openings: Openings, run: Run, clock: Clock
) -> tuple[Answer, Bools | None]:
    """Return whether a plan within all limits leaves no row beyond ``level``, and such a plan.

    Parameters
    ----------
    ranks
        The rows.
    level
        Largest impedance allowed.
    openings
        Columns and limits.
    run, clock
        Solver and time.
    """
    cover = at_level(ranks, level)
    rows = cover.rows
    entries = sparse.csr_array(
        (np.ones(len(cover.site), np.int8), cover.site.astype(np.int64), cover.start),
        shape=(rows, cover.count),
    )
    entries.sort_indices()
    none = np.zeros(rows, dtype=np.int64)
    asked = Openings(
        candidate=openings.candidate,
        kind=openings.kind,
        year=openings.year,
        covers=entries,
        weight=np.ones(rows),
        gain=np.zeros(openings.count),
        limits=openings.limits,
        row_demand=np.arange(rows),
        row_kind=none,
        row_year=none,
        floors=RowFloors.none(rows),
        circles=Circles.none(rows),
    )
    solved = solve_openings(
        asked,
        solver=run.solver,
        time_limit=max(clock.left, 0.01),
        gap=0.5 / (rows + 1),
        seed=run.seed,
        threads=run.threads,
        progress=clock.tell_only,
    )
    if solved.ended == "interrupted":
        clock.interrupted = True
    if solved.chosen is not None and asked.value(solved.chosen) >= rows - 0.5:
        return "yes", solved.chosen
    if solved.ended == "infeasible" or solved.bound < rows - 1e-3:
        return "no", None
    return "unknown", None
