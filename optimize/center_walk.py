"""A better plan for a p-center: p columns walk towards a cover of ever lower levels.

At a level below the best known, the walk of `cover_search` looks for p columns that leave no row
beyond it, from the plan of the level before and with the weights of the rows that were hard there.
Where it finds some it aims lower, where it does not less low. The first plan opens next to the row
farthest off, p times: Gonzalez, "Clustering to minimize the maximum intercluster distance",
Theoretical Computer Science 38, 1985.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats, Ints
from .cover_search import dice_of, started
from .kernels_center import by_column, force_single, within
from .kernels_fewest import Task, walk
from .median_ranks import Ranks

#: Steps between two looks at the clock.
_CHUNK = 500

#: Cover entries looked at by a first walk that finds nothing before it ends, about; and the steps
#: this may be at most for each column to open.
_IDLE_WORK, _IDLE_STEPS = 5e8, 2_000

#: Of these, the share of a walk that aims lower than to the next level.
_AIMING = 0.1


def farthest_first(ranks: Ranks, p: int) -> tuple[Bools, Ints]:
    """Return at most p columns (q,), each the nearest one to the row then farthest off.

    And those rows, with the one that is farthest off in the end; without the last where nothing
    can be nearer to it.
    """
    chosen = np.zeros(ranks.count, dtype=bool)
    rows: list[int] = []
    while ranks.rows:
        row = int(ranks.row_costs(chosen).argmax())
        nearest = ranks.site[ranks.start[row] : ranks.start[row + 1]][:1]
        if not len(nearest) or chosen[nearest[0]]:
            break
        rows.append(row)
        if len(rows) > p:
            break
        chosen[nearest] = True
    return chosen, np.array(rows, dtype=np.int64)


def pigeonhole(ranks: Ranks, rows: Ints) -> float:
    """Return a bound on the largest impedance where fewer columns open than there are ``rows``.

    Two of these distinct rows share a column, or one makes do with its cap.
    """
    nearest = np.full(ranks.count, np.inf)
    second = nearest.copy()
    for row in rows.tolist():
        part = slice(ranks.start[row], ranks.start[row + 1])
        site, cost = ranks.site[part], ranks.cost[part]
        second[site] = np.minimum(second[site], np.maximum(nearest[site], cost))
        nearest[site] = np.minimum(nearest[site], cost)
    return float(min(second.min(), ranks.cap[rows].min()))


@dataclass(frozen=True, slots=True, eq=False)
class LevelTask:
    """What is to be covered at a level.

    Attributes
    ----------
    task
        The rows not yet met, and all columns.
    rows
        Their numbers.
    forced
        Columns (q,) that alone reach some row: they are open, and what they reach is left out.
    """

    task: Task
    rows: Ints
    forced: Bools


def task_at(ranks: Ranks, level: float, looked_at: Bools | None = None) -> LevelTask:
    """Return what is to be covered for nobody, of the rows looked at (R,), to be beyond a level."""
    reach = np.empty(ranks.rows, dtype=np.int64)
    within(ranks.start, ranks.cost, ranks.cap, level, reach)
    if looked_at is not None:
        reach[~looked_at] = -1
    forced = np.zeros(ranks.count, dtype=bool)
    force_single(ranks.start, ranks.site, reach, forced)
    rows = np.flatnonzero(reach >= 0)
    row_start = np.concatenate([[0], np.cumsum(reach[rows])]).astype(np.int64)
    entries = np.empty(row_start[-1], dtype=np.int64)
    column_start = np.zeros(ranks.count + 1, dtype=np.int64)
    members = by_column(ranks.start, ranks.site, rows, row_start, entries, column_start)
    none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    no_groups, no_limits = np.zeros(len(rows) + 1, np.int64), np.zeros(ranks.count + 1, np.int64)
    task = Task(
        *(row_start, entries, column_start, members),
        *(np.ones(ranks.count), np.ones(len(rows), dtype=bool)),
        *(no_groups, none, nothing, nothing),
        *(no_limits, none, nothing, nothing, nothing),
    )
    return LevelTask(task, rows, forced)


class CenterWalk:
    """Walks of ever other seeds towards ever lower levels.

    Parameters
    ----------
    ranks, p, levels
        The rows, the most columns to open, and the levels a plan may have, rising.
    seed
        Of the walks; the same seed and steps give the same plans.
    """

    def __init__(self, ranks: Ranks, p: int, levels: Floats, seed: int) -> None:
        self.ranks, self.p, self.levels = ranks, p, levels
        self.dice = dice_of(seed)
        self.weight = np.ones(ranks.rows)

    def lower(
        self, chosen: Bools, low: int, go_on: Callable[[], bool], patience: float = 1.0
    ) -> Bools:
        """Return a plan (q,) at least as good as ``chosen``, the best met until nothing is found.

        ``low`` is the lowest level not ruled out; ``go_on`` says when to stop before that;
        ``patience`` is how long a walk goes on without finding anything, 1 at first.
        """
        self.weight[:] = 1.0
        top = self._level(chosen)
        stride = max((top - low) // 2, 1)
        while low < top and go_on():
            stride = min(stride, top - low)
            share = patience * (1.0 if stride == 1 else _AIMING)
            at = task_at(self.ranks, float(self.levels[top - stride]))
            better = self.cover(at, chosen, share, go_on)
            if better is not None:
                chosen, top = better, self._level(better)
                stride *= 2
            elif stride == 1:
                break
            else:
                stride = max(stride // 4, 1)
        return chosen

    def _level(self, chosen: Bools) -> int:
        worst = float(self.ranks.row_costs(chosen).max(initial=0.0))
        return int(np.searchsorted(self.levels, worst))

    def cover(
        self, at: LevelTask, chosen: Bools, patience: float, go_on: Callable[[], bool]
    ) -> Bools | None:
        """Return at most p columns (q,) that cover a task, or None where the walk ends without.

        It starts from the columns ``chosen``.
        """
        most = self.p - int(at.forced.sum())
        if not len(at.rows):
            return at.forced if most >= 0 else None
        if most <= 0:
            return None
        kept = np.flatnonzero(chosen & ~at.forced)[:most]
        open_first = np.isin(np.arange(self.ranks.count), kept)
        choice = started(at.task, open_first, self.weight[at.rows])
        clock: Floats = np.array([0.0, len(kept), most + 1.0])
        best = np.zeros(self.ranks.count, dtype=np.int64)
        for _ in range(_chunks(at.task, most, patience)):
            size = walk(at.task, choice, self.dice, clock, _CHUNK, float(most), best)
            if size or not go_on():
                break
        self.weight[at.rows] = choice.weight
        if not size:
            return None
        found = at.forced.copy()
        found[best[:size]] = True
        return found


def _chunks(task: Task, p: int, patience: float) -> int:
    """Return how many chunks of steps a walk takes: about the same work, whatever the sets."""
    entries = max(len(task.row_openings), 1)
    touched = entries / (len(task.row_start) - 1) * entries / len(task.price)
    steps = patience * min(_IDLE_WORK / touched, _IDLE_STEPS * p)
    return max(int(steps / _CHUNK), 1)
