"""Levels that no p columns can reach, ruled out by the relaxation of the set cover.

A level is ruled out where the linear relaxation of the fewest columns that leave nobody beyond it
is above p. `relaxation.relax` bounds it from below by duals: no tolerance of a solver enters. With
a promise of 1 for each row the price of its cheapest column is never worth more, so the set cover
is bounded as maximum coverage less the columns opened.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .center_walk import LevelTask
from .limits import Limits
from .openings import Openings
from .relaxation import relax
from .row_rules import Circles, RowFloors

#: Steps of the relaxation at a level, and cover entries passed over at most.
_STEPS, _WORK = 2_000, 1e9

#: How far above p a bound must be to rule a level out.
_ABOVE = 1e-6

#: A row of which a fractional plan covers less than this is short.
_SHORT = 0.95


def least_columns(
    at: LevelTask, start: Bools, enough: float, go_on: Callable[[], bool]
) -> tuple[float, Floats]:
    """Return a proven bound on the columns needed at a level, and about what is opened of each.

    Parameters
    ----------
    at
        What is to be covered.
    start
        A plan (q,), from which the relaxation starts; any.
    enough
        Stop once the bound is above this.
    go_on
        Whether there is time; asked often.

    Returns
    -------
    bound
        Not rounded up; above ``enough`` only where it is by more than rounding.
    share
        The near-optimal fractional plan (q,), what is forced open included.
    """
    forced, rows = float(at.forced.sum()), len(at.rows)
    if not rows:
        return forced, at.forced.astype(np.float64)
    entries = max(len(at.task.row_openings), 1)
    relaxed = relax(
        _as_openings(at),
        start,
        most_steps=int(min(_STEPS, _WORK / entries)),
        enough=rows - (enough - forced) - 2 * _ABOVE,
        go_on=go_on,
    )
    return forced + rows - relaxed.bound - _ABOVE, np.maximum(relaxed.share, at.forced)


def left_short(at: LevelTask, share: Floats) -> Ints:
    """Return the rows of a task that a fractional plan (q,) covers by less than `_SHORT`."""
    if not len(at.rows):
        return at.rows
    covered = np.add.reduceat(share[at.task.row_openings], at.task.row_start[:-1])
    return at.rows[covered < _SHORT]


def _as_openings(at: LevelTask) -> Openings:
    """Return the rows as worth 1 when covered, the columns as costing 1."""
    rows, count = len(at.rows), len(at.task.price)
    covers = sparse.csr_array(
        (np.ones(len(at.task.row_openings), np.int8), at.task.row_openings, at.task.row_start),
        shape=(rows, count),
    )
    covers.sort_indices()
    none, nothing = np.zeros(rows, dtype=np.int64), np.zeros(0)
    column = np.zeros(count, dtype=np.int64)
    return Openings(
        candidate=np.arange(count),
        kind=column,
        year=column,
        covers=covers,
        weight=np.ones(rows),
        gain=-np.ones(count),
        limits=Limits(sparse.csr_array((0, count)), nothing, nothing, (), ()),
        row_demand=np.arange(rows),
        row_kind=none,
        row_year=none,
        floors=RowFloors.none(rows),
        circles=Circles.none(rows),
    )
