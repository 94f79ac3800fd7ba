"""Large problems: relaxation and annealing side by side, then a solver on what is left in doubt.

1. A thread finds a proven bound (`relaxation`), while the caller's anneals plans (`annealing`),
   which the solver then merges.
2. The solver looks for a better plan among the openings that the relaxation favours.
3. What the bound excludes from any better plan is fixed (`core`). If the solver finished step 2 and
   the rest is small, it proves it; else two walks anneal on, longer each time, and the solver
   merges their plans with the best, until nothing more is found.

Every step keeps the best plan known; the bound is the least of those proven.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from .annealing import HOT, anneal_plan
from .arrays import Bools
from .core import Core, core_of, merged, promising
from .cover_arrays import cover_of
from .cover_state import CoverState
from .effort import Run
from .greedy import greedy
from .model import coverage_model
from .openings import Openings
from .plan import PROVEN, relative_gap
from .relaxation import LOOK, Relaxed, relax
from .solvers import Request
from .stopwatch import stopwatch

Result = TypeVar("Result")

#: Problems with fewer stored entries than this go to the solver at once.
SMALL = 20_000

#: Entries of the parts that the solver searches for better plans, one after the other while it
#: finishes them and each leaves no more than this share of the gap; and the most entries of a part
#: that it is asked to prove.
_PROMISING, _WORTHWHILE, _PROVABLE = (40_000, 160_000), 0.8, 300_000

#: Moves of the first walk: for each open opening, for each opening. The next takes twice as many,
#: and so on up to the most.
_PER_OPEN, _PER_OPENING, _MOST_MOVES = 5_000, 10, 80_000_000

#: The relaxation ends where it gains less than a tenth of the gap, within these bounds.
_NEAR = (1e-6, 1e-5)

#: Steps of the relaxation that take about as long as a move for each opening.
_STEPS_OF_A_MOVE = 4.0

#: Share of the time left that relaxation and first walks may use, each search of a part, each
#: merger; and the most plans of the first walks that are merged.
_SHARE, _PART_SHARE, _MERGER_SHARE, _MERGED = 0.6, 0.2, 0.1, 4

#: Later walks start cooler, to improve the best plan, and hotter, to find others to merge with it,
#: by turns. They begin with the moves of the first after so many doublings, double them after a
#: round that found nothing, end after so many of these, and cool down in this share of the time.
_HEAT, _LATER, _IDLE, _COOLED = (0.4, 1.5), 2, 3, 0.8

#: Seconds between two looks at the clock and the keyboard, and those kept for the report.
_POLL, _REPORT = 0.1, 0.3


@dataclass(slots=True)
class Search:
    """The best plan so far and what is proven.

    Attributes
    ----------
    openings, run
        What is solved, and what was asked for.
    best, value
        The best plan (q,) and its worth.
    bound
        No plan is worth more.
    ended
        As `solve_openings.Solved.ended`.
    pace
        Seconds that a move of a walk takes.
    """

    openings: Openings
    run: Run
    best: Bools
    bound: float
    value: float = field(init=False)
    ended: str = "time_limit"
    pace: float = field(default=1e-6, init=False)

    def __post_init__(self) -> None:
        """Sum up the start."""
        self.value = self.openings.value(self.best)

    def offer(self, chosen: Bools) -> bool:
        """Take a plan if it is feasible and better; return whether it is."""
        worth = self.openings.value(chosen)
        if worth <= self.value or not self.openings.feasible(chosen):
            return False
        self.best, self.value = chosen, worth
        return True

    def tighten(self, bound: float | None) -> None:
        """Take a bound if it is lower; one below a known plan is not one."""
        if bound is not None and bound >= self.value * (1 - 1e-9) - 1e-6:
            self.bound = min(self.bound, bound)

    def proven(self) -> bool:
        """Whether the gap asked for is reached."""
        return relative_gap(self.value, self.bound) <= max(PROVEN, self.run.gap)

    def left(self) -> float:
        """Seconds left, those for the report taken off."""
        return self.run.left() - _REPORT

    def tell(self) -> None:
        """Tell of progress; it may raise to interrupt."""
        self.run.tell()


def search_large(openings: Openings, start: Bools, bound: float, run: Run) -> Search:
    """Return the best plan and bound found from the feasible plan ``start`` (q,)."""
    search = Search(openings, run, start, bound)
    try:
        _search(search)
    except KeyboardInterrupt:
        search.ended = "interrupted"
    if not search.proven():  # a walk that was cut while hot may have left something to open
        search.offer(greedy(CoverState.of(openings, search.best)).chosen)
    if search.proven():
        search.ended = "finished"
    return search


def _search(search: Search) -> None:
    relaxed = _first_round(search)
    easy = _solve_promising(search, relaxed)
    idle, seed = 0, search.run.seed
    plans: list[Bools] = []
    while not _over(search):
        core = core_of(search.openings, relaxed, search.best)
        small = core.openings.covers.nnz <= _PROVABLE
        if small and (easy or idle >= _IDLE):
            _solve_part(search, core, share=1.0, proves=True)
        if (small and easy) or idle >= _IDLE:
            return
        before = search.value
        seed += 1000
        plans = [*plans[-_MERGED:], *_walk_on(search, core, seed=seed, doublings=_LATER + idle)]
        _merge(search, plans)
        idle = 0 if search.value > before else idle + 1


def _solve_promising(search: Search, relaxed: Relaxed) -> bool:
    """Let the solver look among the openings of high reduced cost; return whether it is easy."""
    finished = True
    for entries in _PROMISING:
        if _over(search):
            break
        part = promising(search.openings, relaxed, search.best, entries)
        before = search.bound - search.value
        finished = _solve_part(search, part, share=_PART_SHARE, proves=False)
        if not finished or search.bound - search.value > _WORTHWHILE * before:
            break
    return finished


def _over(search: Search) -> bool:
    return search.proven() or search.left() <= 0


def _moves(openings: Openings, open_ones: int, doublings: int) -> int:
    """Return the moves of a walk."""
    first = _PER_OPEN * open_ones + _PER_OPENING * openings.count
    return int(min(first * 2**doublings, _MOST_MOVES))


def _first_round(search: Search) -> Relaxed:
    """Relax, annealing one plan after the other meanwhile; merge the best of them.

    A walk begins where the relaxation has taken the steps that the walks before it are worth, and
    none after its end: how many there are depends on the problem, not on the machine's load.
    """
    openings, seed, start = search.openings, search.run.seed, search.best
    until = stopwatch() + _SHARE * search.left()
    steps, walked, plans = 0, 0, list[Bools]()
    with _workers(search, until) as (pool, go_on, wait):

        def step() -> bool:
            nonlocal steps
            steps += LOOK
            return go_on()

        def further() -> bool:
            worth = _STEPS_OF_A_MOVE * walked / openings.count
            while not relaxing.done() and steps <= worth:
                search.tell()
                time.sleep(_POLL)
            return steps > worth and go_on()

        near = float(np.clip(search.run.gap / 10, *_NEAR))
        relaxing = pool.submit(relax, openings, start, tolerance=near, go_on=step)
        if search.run.threads < 2:
            wait(relaxing)
        cover, told, began = cover_of(openings), _telling(search, go_on), stopwatch()
        while not plans or further():
            moves, own = _moves(openings, int(start.sum()), len(plans)), seed + len(plans)
            plans.append(
                anneal_plan(openings, start, moves=moves, seed=own, go_on=told, cover=cover)
            )
            walked += moves
            if go_on() or len(plans) == 1:  # a walk that was cut took fewer moves
                search.pace = (stopwatch() - began) / walked
        relaxed = wait(relaxing)
    search.tighten(relaxed.bound)
    _merge(search, sorted(plans, key=openings.value)[-_MERGED:])
    return relaxed


def _merge(search: Search, plans: list[Bools]) -> None:
    """Take the best of some feasible plans, then what the solver makes of them together."""
    for plan in plans:
        search.offer(plan)
    if not _over(search):
        part = merged(search.openings, [search.best, *plans])
        _solve_part(search, part, share=_MERGER_SHARE, proves=False)


def _telling(search: Search, go_on: Callable[[], bool]) -> Callable[[], bool]:
    def told() -> bool:
        search.tell()
        return go_on()

    return told


def _walk_on(search: Search, core: Core, *, seed: int, doublings: int) -> list[Bools]:
    """Anneal the core from the best plan, two walks side by side; return their plans."""
    openings, start = core.openings, core.project(search.best)
    moves = _moves(openings, int(start.sum()), doublings)
    moves = min(moves, int(_COOLED * search.left() / search.pace))
    cover = cover_of(openings)
    with _workers(search, stopwatch() + search.left()) as (pool, go_on, wait):

        def walk(number: int) -> Bools:
            hot, own = _HEAT[number % 2] * HOT, seed + number
            return anneal_plan(
                openings, start, moves=moves, seed=own, hot=hot, go_on=go_on, cover=cover
            )

        jobs = [pool.submit(walk, number) for number in range(max(search.run.threads, 1))]
        return [core.state.restore(wait(job)) for job in jobs]


def _solve_part(search: Search, part: Core, *, share: float, proves: bool) -> bool:
    """Let the solver look for a better plan in a part; return whether it has finished.

    ``proves``: the part holds every better plan, so that a bound on it bounds the whole.
    """
    openings, run = part.openings, search.run
    model = coverage_model(openings)
    model.start_from(openings, part.project(search.best))
    seconds = max(share * search.left(), 0.01)
    gap = 0.999 * run.gap if proves else max(0.2 * run.gap, PROVEN)
    outcome = run.solver.solve(model, Request(seconds, gap, run.seed, run.threads, run.progress))
    chosen = model.chosen()
    if openings.feasible(chosen):
        search.offer(part.state.restore(chosen))
    if proves and outcome.bound is not None:
        search.tighten(max(openings.constant + outcome.bound, search.value))
    if outcome.ended == "interrupted":
        raise KeyboardInterrupt
    return outcome.ended == "finished"


class _Wait(Protocol):
    """Waits for a job, telling of progress meanwhile."""

    def __call__(self, job: Future[Result]) -> Result:
        """Return the job's result."""


@contextmanager
def _workers(
    search: Search, until: float
) -> Iterator[tuple[ThreadPoolExecutor, Callable[[], bool], _Wait]]:
    """Give a pool, what its jobs ask whether to go on, and how to wait for them while telling."""
    stopped = False

    def go_on() -> bool:
        return not stopped and stopwatch() < until

    def wait(job: Future[Result]) -> Result:
        while not job.done():
            search.tell()
            time.sleep(_POLL)
        return job.result()

    pool = ThreadPoolExecutor(max(search.run.threads, 1))
    try:
        yield pool, go_on, wait
    finally:
        stopped = True
        pool.shutdown()
