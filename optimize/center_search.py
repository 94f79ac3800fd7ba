"""The search for a p-center: walks lower the plan, the relaxation and questions raise the bound.

The answer is one of the impedances in the matrix, so a search over these levels, each a covering
question, ends with the optimum and its proof: Minieka, "The m-center problem", SIAM Review 12,
1970; Daskin, "Network and discrete location", 1995; Elloumi, Labbé and Pochet, "A new formulation
and resolution method for the p-center problem", INFORMS Journal on Computing 16, 2004.

1. Walks towards ever lower levels (`center_walk`).
2. The relaxation rules levels out (`center_bound`).
3. Questions about what is left (`center_cover`, `center_levels`): first about the level just below
   the best plan, where a no is the proof; where that takes too long, about lower ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats
from .center_cover import Answer, Reach
from .center_levels import levels_of, reach_within_limits, worst
from .center_walk import CenterWalk, farthest_first, pigeonhole
from .effort import Run
from .median_clock import Clock
from .median_ranks import Ranks
from .openings import Openings
from .stopwatch import stopwatch

#: Of the time left: for the first walk, for the relaxation, for the question just below the plan,
#: for any other one, for a later walk.
_WALK, _RELAX, _BELOW_PLAN, _SPELL, _LATER = 0.3, 0.5, 0.5, 0.3, 0.1

#: The relaxation is asked up to this share of the best level from where it says nothing.
_CLOSE = 2e-3

#: How far below the plan's level the relaxation is asked first, as a share.
_BELOW = 0.02

#: Seconds between two looks at the keyboard.
_POLL = 0.1

#: Says of a level whether a plan leaves nobody beyond it.
Question = Callable[[float, Clock], tuple[Answer, Bools | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Center:
    """Best choice (q,) or None, its level, the proven level, the start's level, questions asked."""

    chosen: Bools | None
    value: float
    bound: float
    start: float
    asked: int


def search_center(
    ranks: Ranks, p: int | None, openings: Openings | None, run: Run, clock: Clock
) -> Center:
    """Return the best plan found and what is proven.

    Parameters
    ----------
    ranks
        The rows.
    p
        Most columns to open, where that is the only limit; else None.
    openings
        Columns and limits, where there are others.
    run, clock
        What was asked for, and time.
    """
    search = _Search(ranks, run, clock)
    search.start(p, openings)
    start = search.value
    if p is not None and 0 < p < ranks.count:
        search.walk_towards(p)
        reach = Reach(ranks, p, run)
        search.rule_out(reach.relax)
        search.ask_all(reach.ask)
    elif p is None and openings is not None:
        search.ask_all(lambda level, spell: reach_within_limits(ranks, level, openings, run, spell))
    bound = float(search.levels[search.low]) if search.low < len(search.levels) else np.inf
    return Center(search.best, search.value, bound, start, search.asked)


class _Search:
    """The best plan so far, and the index of the lowest level not ruled out."""

    def __init__(self, ranks: Ranks, run: Run, clock: Clock) -> None:
        self.ranks, self.run, self.clock = ranks, run, clock
        self.levels: Floats = np.empty(0)
        self.best: Bools | None = None
        self.value, self.low, self.asked = np.inf, 0, 0
        self._walk: CenterWalk | None = None
        self._patience = 1.0

    @property
    def top(self) -> int:
        """Index of the level of the best plan."""
        return int(np.searchsorted(self.levels, self.value))

    def offer(self, chosen: Bools | None) -> None:
        """Take a plan (q,) if it is better."""
        if chosen is not None and worst(self.ranks, chosen) < self.value:
            self.best, self.value = chosen, worst(self.ranks, chosen)

    def start(self, p: int | None, openings: Openings | None) -> None:
        """Take a first plan, and the levels between a first bound and that."""
        ranks, bound = self.ranks, 0.0
        everything = np.ones(ranks.count, dtype=bool)
        if p is None:
            if openings is not None and openings.limits.kept_by(~everything):
                self.offer(~everything)
        elif p == 0 or p >= ranks.count:
            self.offer(everything if p else ~everything)
            bound = self.value
        else:
            chosen, rows = farthest_first(ranks, p)
            self.offer(chosen)
            bound = pigeonhole(ranks, rows) if len(rows) > p else 0.0
        self.levels = levels_of(ranks, min(bound, self.value), self.value)

    def met(self) -> bool:
        """Whether the gap asked for is reached."""
        if self.low >= self.top:
            return True
        known = self.low < len(self.levels) and np.isfinite(self.value)
        return known and self.value - self.levels[self.low] <= self.run.gap * self.value

    def walk_towards(self, p: int) -> None:
        """Look for a good plan, now and after every question."""
        self._walk = CenterWalk(self.ranks, p, self.levels, self.run.seed)
        self._lower(_WALK * self.clock.left)

    def rule_out(self, relax: Question) -> None:
        """Ask the relaxation about levels ever farther below the plan's, then halve."""
        spell = Clock(_RELAX * self.clock.left, self.clock.tell_only)
        high, below = self.top, _BELOW
        while self.low < high and not spell.over and not self.clock.over:
            if self.levels[high] - self.levels[self.low] <= _CLOSE * self.value:
                break
            middle = (self.low + high) // 2
            middle = max(middle, int(np.searchsorted(self.levels, (1 - below) * self.value)) - 1)
            middle = min(middle, high - 1)
            answer, chosen = relax(float(self.levels[middle]), spell)
            self.clock.tell()
            self.offer(chosen)
            if answer == "no":
                self.low, below = middle + 1, 1.0
            else:
                high, below = min(middle, self.top), 2 * below

    def ask_all(self, ask: Question) -> None:
        """Ask about levels until bound and plan meet or the time is over."""
        top, middle = self.top, self._walk is None
        while not self.met() and not self.clock.over:
            top = min(top, self.top)
            if self.low >= top:  # what is left took too long: once more, with patience
                top = self.top
            at = (self.low + top) // 2 if middle else top - 1
            share = _SPELL if middle else _BELOW_PLAN
            spell = Clock(share * self.clock.left, self.clock.tell_only)
            answer, chosen = ask(float(self.levels[at]), spell)
            self.clock.interrupted |= spell.interrupted
            self.asked += 1
            self.offer(chosen)
            if answer == "no":
                self.low = at + 1
                continue
            if answer == "unknown":
                top, middle, self._patience = at, True, 2 * self._patience
            self._lower(_LATER * self.clock.left)

    def _lower(self, seconds: float) -> None:
        """Walk on from the best plan."""
        if self._walk is not None and self.best is not None and not self.met():
            until = self._until(seconds)
            self.offer(self._walk.lower(self.best, self.low, until, self._patience))

    def _until(self, seconds: float) -> Callable[[], bool]:
        """Return what says whether to go on, for so many seconds."""
        clock, told = self.clock, stopwatch()
        end = told + seconds

        def go_on() -> bool:
            nonlocal told
            now = stopwatch()
            if now - told > _POLL:
                told = now
                clock.tell()
            return now < end and not clock.over

        return go_on
