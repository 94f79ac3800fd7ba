"""Least walking under any limits, as maximum coverage of distance levels.

A row whose outlets stand at rising costs d[1] < d[2] < … below its cap saves d[k+1] − d[k] for each
level k within which an outlet is open (d beyond the last one is the cap). So least walking is the
most saving, a maximum coverage of (row, level) pairs, and reductions, search, bounds and models of
coverage serve it unchanged: the radius formulation of Cornuejols, Nemhauser and Wolsey, "A
canonical representation of simple plant location problems and its applications", SIAM Journal on
Algebraic and Discrete Methods 1, 1980; Elloumi, "A tighter formulation of the p-median problem",
Journal of Combinatorial Optimization 19, 2010.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from .arrays import Ints
from .effort import Run
from .finish import Found
from .median_ranks import Ranks
from .median_rows import Walking
from .openings import Openings
from .row_rules import Circles, RowFloors
from .solve_openings import solve_openings

#: Least gap asked of the coverage solver: the coverage is larger than the walk it saves.
_LEAST_GAP = 1e-8


def level_openings(openings: Openings, ranks: Ranks) -> Openings:
    """Return the coverage problem whose best value is the most that outlets save.

    Parameters
    ----------
    openings
        Columns and limits.
    ranks
        Rows over the same columns. A plan's cost is the sum of the caps less its coverage.
    """
    row = np.repeat(np.arange(ranks.rows), np.diff(ranks.start))
    entries = len(row)
    following = np.append(ranks.cost[1:], 0.0)
    last = np.append(row[1:] != row[:-1], np.ones(min(entries, 1), dtype=bool))
    step = np.where(last, ranks.cap[row], following[:entries]) - ranks.cost
    ends = np.flatnonzero(step > 0)  # the last entry of each level
    length = ends - ranks.start[row[ends]] + 1
    covers = sparse.csr_array(
        (
            np.ones(int(length.sum()), dtype=np.int8),
            ranks.site[_runs(ranks.start[row[ends]], length)].astype(np.int64),
            np.concatenate([[0], np.cumsum(length)]),
        ),
        shape=(len(ends), openings.count),
    )
    covers.sort_indices()
    return replace(
        openings,
        covers=covers,
        weight=step[ends],
        row_demand=np.arange(len(ends)),
        row_kind=np.zeros(len(ends), dtype=np.int64),
        row_year=np.zeros(len(ends), dtype=np.int64),
        floors=RowFloors.none(len(ends)),
        circles=Circles.none(len(ends)),
    )


def _runs(first: Ints, length: Ints) -> Ints:
    """Return first[i], first[i] + 1, … of each run, one after the other."""
    inside = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    return np.repeat(first, length) + inside


def solve_levels(walking: Walking, run: Run, *, share: float = 1.0) -> Found:
    """Return the plan of least walking under all limits, within a share of the time left."""
    ranks = walking.ranks
    levels = level_openings(walking.openings, ranks)
    nothing = float(ranks.cap.sum())
    least = ranks.value(np.ones(ranks.count, dtype=bool))
    wanted = run.gap * least / max(nothing - least, 1e-300)
    solved = solve_openings(
        levels,
        solver=run.solver,
        time_limit=max(share * run.left(), 0.01),
        gap=min(max(wanted, _LEAST_GAP), 1.0),
        seed=run.seed,
        threads=run.threads,
        progress=run.progress,
    )
    bound = max(nothing - solved.bound, least)
    if solved.chosen is None:
        return Found(None, 0.0, bound, 0.0, solved.ended)
    value = ranks.value(solved.chosen)
    return Found(solved.chosen, value, bound, nothing - solved.floor, solved.ended)
