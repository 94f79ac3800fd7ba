"""Is there a plan that leaves nobody farther than a level? The question that p-center asks often.

At a level each row is covered by the columns no farther than it; the plan with the fewest rows
uncovered is a p-median with costs 0 and 1, so search, Lagrangian bound and branching are those of
`median_solve`; they stop as soon as a plan covers all, or a bound above 0 proves that none does.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats
from .effort import Run
from .median_clock import Clock
from .median_levels import total_openings
from .median_ranks import Ranks
from .median_solve import solve_ranks
from .openings import Openings
from .row_rules import Circles, RowFloors
from .solve_openings import solve_openings

Answer = Literal["yes", "no", "unknown"]

#: A bound of this share of the rows uncovered is enough to say no.
_NO_GAP = 0.999

#: Share of the time left for the search by distances before the model goes to the solver.
_SHARE = 0.3


def levels_of(ranks: Ranks) -> Floats:
    """Return every largest impedance that a plan can have, rising."""
    nearest = np.where(
        np.diff(ranks.start) > 0, np.append(ranks.cost, 0.0)[ranks.start[:-1]], ranks.cap
    )
    least = float(nearest.max(initial=0.0))
    values = np.unique(np.concatenate([ranks.cost, ranks.cap, [least]]))
    return np.asarray(values[values >= least])


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


def reach_all(
    ranks: Ranks, level: float, p: int | None, openings: Openings | None, run: Run, clock: Clock
) -> tuple[Answer, Bools | None]:
    """Return whether a plan leaves no row beyond ``level``, and such a plan.

    Parameters
    ----------
    ranks
        The rows.
    level
        Largest impedance allowed.
    p
        Most columns to open, or None where limits of ``openings`` say more than a total.
    openings
        Columns and limits, or None for a plain total.
    run, clock
        Solver and time.
    """
    cover = at_level(ranks, level)
    if p is not None:
        left = Clock(_SHARE * clock.left, clock.tell_only)
        found = solve_ranks(
            cover,
            p,
            gap=_NO_GAP,
            seed=run.seed,
            threads=run.threads,
            clock=left,
            solver=run.solver,
        )
        if left.interrupted:
            clock.interrupted = True
        if found.value == 0.0:
            return "yes", found.chosen
        if found.bound > 0.0 or clock.over:
            return ("no" if found.bound > 0.0 else "unknown"), None
    return _by_solver(cover, openings or total_openings(ranks.count, p or 0), run, clock)


def _by_solver(
    cover: Ranks, openings: Openings, run: Run, clock: Clock
) -> tuple[Answer, Bools | None]:
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
