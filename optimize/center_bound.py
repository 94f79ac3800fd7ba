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

from .arrays import Bools, Floats
from .center_walk import LevelTask, task_at
from .limits import Limits
from .median_ranks import Ranks
from .openings import Openings
from .relaxation import relax
from .row_rules import Circles, RowFloors

#: Steps of the relaxation at a level, and cover entries passed over at most.
_STEPS, _WORK = 2_000, 1e9

#: Steps are worth while where the levels in question are this share of the best one apart.
_CLOSE = 2e-3

#: How far above p a bound must be to rule a level out.
_ABOVE = 1e-6


def rule_out(
    ranks: Ranks,
    p: int,
    levels: Floats,
    between: tuple[int, int],
    start: Bools,
    go_on: Callable[[], bool],
) -> int:
    """Return the lowest of the ``levels`` (rising) that the relaxation does not rule out.

    Parameters
    ----------
    ranks, p
        The rows, and the most columns to open.
    levels, between
        Rising levels, and the indices of the lowest not ruled out and of the lowest reached.
    start
        A plan (q,), from which the relaxation starts.
    go_on
        Whether there is time; asked often.
    """
    low, high = between
    while low < high and go_on():
        if levels[high] - levels[low] <= _CLOSE * levels[between[1]]:
            break
        middle = int(np.searchsorted(levels, 0.5 * (levels[low] + levels[high]), side="right")) - 1
        middle = min(max(middle, low), high - 1)
        if least_columns(task_at(ranks, float(levels[middle])), start, p, go_on) > p + _ABOVE:
            low = middle + 1
        else:
            high = middle
    return low


def least_columns(at: LevelTask, start: Bools, enough: float, go_on: Callable[[], bool]) -> float:
    """Return a proven bound on the columns needed at a level, found until it is above ``enough``.

    ``start`` is any plan (q,).
    """
    forced, rows = float(at.forced.sum()), len(at.rows)
    if not rows:
        return forced
    entries = max(len(at.task.row_openings), 1)
    relaxed = relax(
        _as_openings(at),
        start,
        most_steps=int(min(_STEPS, _WORK / entries)),
        enough=rows - (enough - forced) - 2 * _ABOVE,
        go_on=go_on,
    )
    return forced + rows - relaxed.bound


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
