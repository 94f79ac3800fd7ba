"""Lower bounds for the p-median problem, and what they decide for certain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats
from .kernels_median_dual import BOUND, COUNT, FAILS, KEPT, STEP, ascend, dual_value
from .median_best import Best
from .median_clock import Clock
from .median_ranks import Ranks
from .stopwatch import stopwatch

#: Share of the bound given away for rounding in sums of many costs.
ROUNDING = 1e-11

#: Seconds of climbing between two looks at the clock.
_CHUNK = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    """Multipliers with the bound they prove.

    Attributes
    ----------
    u
        Multipliers (R,).
    bound
        Every plan costs at least this.
    reduced
        What opening each column would add to the terms of the bound (q,), at most 0.
    taken
        The columns whose sum is least (q,).
    """

    u: Floats
    bound: float
    reduced: Floats
    taken: Bools


class Ascent:
    """A dual ascent that can be continued.

    Parameters
    ----------
    ranks, p
        The problem: at most p columns open.
    u
        First multipliers (R,).
    step
        First step, as a share of the distance to the best plan.
    patience
        Rounds without success after which the step is halved.
    """

    def __init__(
        self, ranks: Ranks, p: int, u: Floats, *, step: float = 1.0, patience: int = 25
    ) -> None:
        self.ranks, self.p, self.patience = ranks, p, patience
        first = np.clip(u, 0.0, ranks.cap)
        self.u = np.array([first, first])
        self.direction = np.zeros(ranks.rows)
        self.kept = np.zeros(KEPT + ranks.count)
        self.kept[STEP] = step

    @property
    def bound(self) -> float:
        """Best bound so far."""
        return float(self.kept[BOUND])

    @property
    def step(self) -> float:
        """Present step."""
        return float(self.kept[STEP])

    def often(self) -> Floats:
        """Return how often each column (q,) was taken of late, 0 … 1: nearly the LP's solution."""
        return self.kept[KEPT:]

    def again(self, step: float) -> None:
        """Take longer steps again."""
        self.kept[STEP], self.kept[FAILS] = step, 0.0

    def climb(self, best: float, rounds: int) -> float:
        """Go on for some rounds towards ``best``, the cost of a plan; return the bound."""
        r = self.ranks
        if self.kept[COUNT] == 0.0:
            self.kept[BOUND] = -np.inf
        return float(
            ascend(
                r.start,
                r.site,
                r.cost,
                r.cap,
                self.p,
                self.u,
                self.direction,
                self.kept,
                best,
                rounds,
                self.patience,
            )
        )

    def dual(self) -> Dual:
        """Return the best multipliers with their bound, counted afresh."""
        return evaluate(self.ranks, self.p, self.u[0])


def evaluate(ranks: Ranks, p: int, u: Floats) -> Dual:
    """Return the bound of given multipliers (R,)."""
    reduced, taken = np.empty(ranks.count), np.zeros(ranks.count, dtype=bool)
    bound = float(dual_value(ranks.start, ranks.site, ranks.cost, u, p, reduced, taken))
    return Dual(u, bound - ROUNDING * float(np.abs(u).sum()), reduced, taken)


def climb_until(ascent: Ascent, best: Best, clock: Clock, *, rounds: int, least: float) -> None:
    """Climb until the goal is reached, the step falls below ``least``, or rounds or time are over.

    Between whiles the clock is looked at, so time limits hold however large a round is.
    """
    done, chunk = 0, 10
    while done < rounds and ascent.step > least and not clock.over:
        began = stopwatch()
        ascent.climb(best.value, min(chunk, rounds - done))
        done += chunk
        if ascent.bound >= best.goal:
            return
        chunk = int(np.clip(chunk * _CHUNK / max(stopwatch() - began, 1e-5), 3, 200))


def margins(dual: Dual, p: int) -> tuple[Floats, Floats]:
    """Return by how much closing or opening each column (q,) lifts the bound.

    The dual's inner choice is exchanged: against the best column left out, or the worst taken.
    """
    ranked = np.sort(dual.reduced)
    last = min(float(ranked[p - 1]), 0.0) if p <= len(ranked) else 0.0
    spare = min(float(ranked[p]), 0.0) if p < len(ranked) else 0.0
    closing = np.where(dual.taken, spare - dual.reduced, 0.0)
    opening = np.where(dual.taken, 0.0, dual.reduced - last)
    return np.maximum(closing, 0.0), np.maximum(opening, 0.0)


def decided(dual: Dual, p: int, goal: float) -> tuple[Bools, Bools]:
    """Return which columns (q,) no plan cheaper than ``goal`` opens, and which each such opens."""
    closing, opening = margins(dual, p)
    return dual.bound + opening >= goal, dual.bound + closing >= goal


def farthest(u: Floats, proven: float, cap: Floats, goal: float) -> Floats:
    """Return what each row costs at most (R,) in a plan cheaper than ``goal``.

    A row that costs c adds at least c - u to the bound ``proven`` of its multipliers u (R,).
    """
    return np.minimum(cap, u + max(goal - proven, 0.0))
