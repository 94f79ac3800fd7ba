"""Can p columns reach all rows within a level? Asked of few rows first, others joining as needed.

minimise    sum of x[j]
subject to  sum of x[j] over the columns within the level of row r >= 1   for the rows looked at

More than p columns for some rows is more than p for all. Where p are enough for them, by a walk or
by the solver, the rows left out join and the question is asked again: Chen and Chen, "New
relaxation-based algorithms for the optimal solution of the continuous and discrete p-center
problems", Computers and Operations Research 36, 2009; Contardo, Iori and Kramer, "A scalable exact
algorithm for the vertex p-center problem", Computers and Operations Research 103, 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pulp

from .arrays import Bools, Ints
from .center_bound import least_columns, left_short
from .center_walk import CenterWalk, LevelTask, task_at
from .effort import Run
from .kernels_center import within
from .median_clock import Clock
from .median_ranks import Ranks
from .model import CoverageModel
from .rows_of import at_least
from .solvers import Request

Answer = Literal["yes", "no", "unknown"]

#: Covers the rows looked at within a level, or says that p columns cannot.
_Proof = Callable[[float, Clock], tuple[Answer, Bools]]

#: Rows that join at a time.
_JOIN = 40

#: Rows that join at a time where the relaxation leaves them short.
_JOIN_RELAXED = 160

#: The relaxation ends where such rows leave more than this of what its bound is below p.
_SLOW = 0.75

#: Patience of a walk over the rows looked at before the solver and before the relaxation is asked.
_CARE, _HASTE = 2.0, 0.05

#: Of a row that joins, one in so many of its columns, the nearest, keep other rows away.
_APART = 4

#: Most distinct columns that are compared pair by pair.
_COMPARED = 6_000


class Reach:
    """Questions about ever other levels; rows that mattered once are looked at from then on.

    Parameters
    ----------
    ranks, p
        The rows, and the most columns to open, at least 1.
    run
        Solver, seed and threads.
    """

    def __init__(self, ranks: Ranks, p: int, run: Run) -> None:
        self.ranks, self.p, self.run = ranks, p, run
        self._looked_at: Ints = np.zeros(0, dtype=np.int64)
        self._relaxable = np.inf
        self._walk = CenterWalk(ranks, p, np.zeros(0), run.seed)

    def ask(self, level: float, clock: Clock) -> tuple[Answer, Bools | None]:
        """Return whether p columns leave no row beyond ``level``, and such columns (q,).

        Where that is unknown, the columns are those of the trials that leave rows least far beyond.
        """
        return self._ask(level, clock, self._solve, _CARE)

    def relax(self, level: float, clock: Clock) -> tuple[Answer, Bools | None]:
        """Return the same by walks and the relaxation alone: "no" less often, but quickly."""
        return self._ask(level, clock, self._relaxed, _HASTE)

    def _ask(
        self, level: float, clock: Clock, prove: _Proof, patience: float
    ) -> tuple[Answer, Bools | None]:
        chosen = np.zeros(self.ranks.count, dtype=bool)
        least, best = np.inf, None
        while True:
            costs = self.ranks.row_costs(chosen)
            beyond = np.flatnonzero(costs > level)
            if not len(beyond):
                return "yes", chosen
            if float(costs.max()) < least:
                least, best = float(costs.max()), chosen
            if clock.over:
                return "unknown", best
            self._join(beyond, level)
            at = self._task(level)
            found = self._walk.cover(at, chosen, patience, lambda: not clock.over)
            answer: Answer = "yes"
            if found is None:
                answer, found = prove(level, clock)
            if answer != "yes":
                return answer, best
            chosen = found
            self._fill(chosen, level)

    def _task(self, level: float) -> LevelTask:
        looked_at = np.zeros(self.ranks.rows, dtype=bool)
        looked_at[self._looked_at] = True
        return task_at(self.ranks, level, looked_at)

    def _relaxed(self, level: float, clock: Clock) -> tuple[Answer, Bools]:
        """Ask the relaxation, of ever more rows while they raise its bound: "no" or nothing."""
        nothing = np.zeros(self.ranks.count, dtype=bool)
        everything, missing = task_at(self.ranks, level), np.inf
        while not clock.over:
            known = len(self._looked_at)
            bound, share = least_columns(self._task(level), nothing, self.p, lambda: not clock.over)
            if bound > self.p:
                return "no", nothing
            short = left_short(everything, share)
            if not len(short) or self.p - bound > _SLOW * missing:
                break
            missing = self.p - bound
            self._join(short, level, _JOIN_RELAXED)
            if len(self._looked_at) == known:
                break
        if not clock.over:
            self._relaxable = level
        return "unknown", nothing

    def _join(self, beyond: Ints, level: float, most: int = _JOIN) -> None:
        """Look at some more rows, the hardest first, not all of them side by side."""
        costs, new = self.ranks, []
        taken = np.zeros(costs.count, dtype=bool)
        reach = np.empty(costs.rows, dtype=np.int64)
        within(costs.start, costs.cost, costs.cap, level, reach)
        for row in beyond[np.argsort(reach[beyond], kind="stable")].tolist():
            first = costs.start[row]
            columns = costs.site[first : first + 1 + reach[row] // _APART]
            if not taken[columns[:1]].any():
                taken[columns] = True
                new.append(row)
            if len(new) == most:
                break
        self._looked_at = np.union1d(self._looked_at, np.array(new, dtype=np.int64))

    def _within(self, row: int, level: float) -> Ints:
        first, last = self.ranks.start[row], self.ranks.start[row + 1]
        many = np.searchsorted(self.ranks.cost[first:last], level, side="right")
        return self.ranks.site[first : first + many].astype(np.int64)

    def _fill(self, chosen: Bools, level: float) -> None:
        """Open what is left of p, each time the column that reaches most rows beyond."""
        for _ in range(self.p - int(chosen.sum())):
            beyond = np.flatnonzero(self.ranks.row_costs(chosen) > level)
            if not len(beyond):
                return
            sites = np.concatenate([self._within(row, level) for row in beyond.tolist()])
            chosen[int(np.bincount(sites, minlength=len(chosen)).argmax())] = True

    def _solve(self, level: float, clock: Clock) -> tuple[Answer, Bools]:
        """Have the solver cover the rows looked at; the columns (q,) where p are enough.

        Levels below all that the relaxation left open are for the relaxation first.
        """
        if level < self._relaxable and self._relaxed(level, clock)[0] == "no":
            return "no", np.zeros(self.ranks.count, dtype=bool)
        chosen = np.zeros(self.ranks.count, dtype=bool)
        rows = self._looked_at[self.ranks.cap[self._looked_at] > level]
        table = np.zeros((len(rows), self.ranks.count), dtype=bool)
        for place, row in enumerate(rows.tolist()):
            table[place, self._within(row, level)] = True
        if not table.any(axis=1).all():
            return "no", chosen
        columns = useful_columns(table)
        model = cover_model(table[:, columns])
        seconds = max(clock.left, 0.01)
        outcome = self.run.solver.solve(
            model,
            Request(
                seconds,
                gap=0.0,
                seed=self.run.seed,
                threads=self.run.threads,
                progress=clock.tell_only,
                cutoff=-(self.p + 0.5),
                enough=-(self.p + 0.5),
            ),
        )
        if outcome.ended == "interrupted":
            clock.interrupted = True
        if outcome.ended == "infeasible":
            return "no", chosen
        chosen[columns[model.chosen()]] = True
        if int(chosen.sum()) <= self.p and bool(table[:, chosen].any(axis=1).all()):
            return "yes", chosen
        if outcome.bound is not None and -outcome.bound > self.p + 1e-6:
            return "no", chosen
        return "unknown", chosen


def useful_columns(table: Bools) -> Ints:
    """Return columns of ``table`` (r, q) such that every other one covers no more than one of them.

    Where very many are distinct, only equal ones are left out.
    """
    packed = np.packbits(table, axis=0)
    _, first = np.unique(packed, axis=1, return_index=True)
    columns: Ints = np.sort(first[table[:, first].any(axis=0)]).astype(np.int64)
    if len(columns) > _COMPARED:
        return columns
    covers: npt.NDArray[np.float32] = table[:, columns].astype(np.float32)
    size = covers.sum(axis=0)
    inside = (covers.T @ covers == size[:, None]) & (size[:, None] < size[None, :])
    kept: Ints = columns[~inside.any(axis=1)]
    return kept


def cover_model(table: Bools) -> CoverageModel:
    """Return the model of the fewest columns of ``table`` (r, q) that cover its rows."""
    lp = pulp.LpProblem("reach_all", pulp.LpMaximize)
    x = [lp.add_variable(f"open_{j}", 0, 1, pulp.LpInteger) for j in range(table.shape[1])]
    lp.setObjective(pulp.LpAffineExpression(dict.fromkeys(x, -1.0)))
    for row in range(table.shape[0]):
        terms = {x[j]: 1.0 for j in np.flatnonzero(table[row]).tolist()}
        at_least(lp, f"row_{row}", terms, 1.0)
    return CoverageModel(lp, x, [])
