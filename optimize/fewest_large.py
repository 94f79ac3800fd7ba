"""The cheapest choice for a covering: relaxation and search side by side, then a solver.

1. A thread finds a proven bound (`fewest_bound`), another one a cheap choice (`cover_search`,
   `cover_anneal`).
2. Further walks from there, one a thread, until several in a row find nothing.
3. What the bound excludes from any cheaper choice is fixed; the solver has the rest where it is
   small enough.

Every step keeps the cheapest choice known; the bound is the highest of those proven.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .arrays import Bools
from .cover_anneal import anneal_covering, grouped
from .cover_reduce import ReducedCovering, keep_openings, open_for_certain
from .cover_search import WalkOptions, completed, task_of, walk_cover
from .covering import Covering
from .effort import Run
from .fewest_bound import RelaxedCovering, counting_bound, relaxed_covering
from .fewest_model import fewest_model, start_from
from .finish import rounding, whole_bound
from .openings import Openings
from .plan import PROVEN, relative_gap
from .solvers import Request
from .stopwatch import stopwatch

#: Of the time left: for relaxation and first walk, and for the later walks.
_FIRST, _LATER = 0.6, 0.6

#: Of the time left: for the solver's first plan where greedy finds none.
_STUCK = 0.4

#: Steps of a walk that find nothing cheaper before it ends: for each open opening, and at least.
_IDLE_STEPS, _LEAST_STEPS = 200, 5_000

#: Moves of the first annealing for each open opening; a later one takes so many times more.
_MOVES, _LONGER = 3_000, 2

#: Later rounds that find nothing before the search ends.
_IDLE_ROUNDS = 2

#: Stored cover entries of a part up to which the solver is asked; up to which it is asked before
#: further walks; and of which a model is built in a second.
_PROVABLE, _SMALL, _BUILT = 150_000, 20_000, 100_000

#: Asked often by a job: whether to go on.
GoOn = Callable[[], bool]

#: Work on a thread: returns a choice (q,), or nothing.
Job = Callable[[GoOn], Bools | None]

#: Seconds between two looks at the keyboard, and those kept for the report.
_POLL, _REPORT = 0.05, 0.2


@dataclass(slots=True)
class CoverSearch:
    """The cheapest choice so far and what is proven.

    Attributes
    ----------
    state, openings
        What is to be covered, and its columns.
    run
        What was asked for.
    best, value
        The cheapest choice (q,) or None, and its price with what is opened for certain.
    bound
        No choice costs less, what is opened for certain included.
    ended
        As `finish.Found.ended`.
    greedy
        Price of what greedy found; inf where it found nothing.
    """

    state: ReducedCovering
    openings: Openings
    run: Run
    best: Bools | None = None
    value: float = np.inf
    bound: float = 0.0
    ended: str = "time_limit"
    greedy: float = np.inf

    @property
    def covering(self) -> Covering:
        """What is to be covered."""
        return self.state.covering

    def offer(self, chosen: Bools | None) -> bool:
        """Take a choice if it meets everything and is cheaper; return whether it is."""
        if chosen is None or not self.covering.met(chosen):
            return False
        value = self.covering.value(chosen) + self.state.constant
        if value >= self.value - rounding(0.0):
            return False
        self.best, self.value = chosen, value
        return True

    def tighten(self, bound: float) -> None:
        """Take a bound on the whole price if it is higher; one above a known choice is not one."""
        rounded = whole_bound(bound, self.state.whole.price, "min")
        if rounded <= self.value + rounding(self.value):
            self.bound = max(self.bound, rounded)

    def cheaper(self) -> float:
        """Return the highest price that is cheaper than the best one, less what is certain."""
        price = self.state.whole.price
        step = 1.0 if bool((price == np.floor(price)).all()) else rounding(self.value)
        return self.value - step - self.state.constant

    def proven(self) -> bool:
        """Whether the gap asked for is reached."""
        return relative_gap(self.value, self.bound, "min") <= max(PROVEN, self.run.gap)

    def over(self) -> bool:
        """Whether there is nothing left to do, or no time to do it."""
        return self.proven() or self.left() <= 0

    def left(self) -> float:
        """Seconds left, those for the report taken off."""
        return self.run.left() - _REPORT

    def tell(self) -> None:
        """Tell of progress; it may raise to interrupt."""
        self.run.tell()


def search_covering(state: ReducedCovering, openings: Openings, run: Run) -> CoverSearch:
    """Return the cheapest choice and bound found.

    ``openings`` are the columns of the reduced covering.
    """
    search = CoverSearch(state, openings, run)
    search.bound = whole_bound(
        counting_bound(state.covering) + state.constant, state.whole.price, "min"
    )
    try:
        _search(search)
    except KeyboardInterrupt:
        search.ended = "interrupted"
    if search.best is not None and search.proven():
        search.ended = "finished"
    return search


def _search(search: CoverSearch) -> None:
    covering = search.covering
    if covering.limits.impossible().any():
        search.ended = "infeasible"
        return
    task = task_of(covering)
    search.offer(completed(covering, task, np.zeros(covering.count, dtype=bool)))
    search.greedy = search.value
    search.tell()
    if search.best is None:  # greedy got stuck between the limits
        _ask_solver(search, search.state, search.openings, share=_STUCK)
        if search.best is None and search.ended == "time_limit":
            _ask_solver(search, search.state, search.openings)
        if search.best is None or search.ended != "time_limit":
            return
    if search.over() or not covering.count:
        return
    walks = _Walks(search)
    relaxed = _first_round(search, walks)
    if covering.matrix.nnz > _SMALL and not search.over():
        walks.go_on_until_idle(_LATER)
    if search.over():
        return
    core, columns = _core(search, relaxed)
    entries = core.covering.matrix.nnz
    if entries <= min(_PROVABLE, _BUILT * search.left()):
        _ask_solver(search, core, columns)
    if search.ended == "time_limit" and not search.over():
        walks.go_on_until_idle(1.0)


def _known(search: CoverSearch) -> Bools:
    """Return the cheapest choice (q,) known, where there is one."""
    if search.best is None:
        raise ValueError("no choice is known yet")
    return search.best


class _Walks:
    """Walks of ever other seeds from the cheapest choice known."""

    def __init__(self, search: CoverSearch) -> None:
        self.search, self.number = search, 0
        full = search.covering.full()
        self.task = task_of(search.covering if full else grouped(search.covering))

    def next(self) -> Job:
        """Return the next walk; it takes what says whether to go on."""
        search, number, task = self.search, self.number, self.task
        start, seed = _known(search), search.run.seed + 1000 * number
        self.number += 1
        held = int(start.sum())
        enough = search.bound - search.state.constant

        def walk(go_on: GoOn) -> Bools:
            how = WalkOptions(seed=seed, enough=enough, go_on=go_on)
            if search.covering.full():
                steps = max(_IDLE_STEPS * held, _LEAST_STEPS)
                return walk_cover(search.covering, task, start, steps=steps, **how)
            moves = _MOVES * held * (_LONGER if number else 1)
            return anneal_covering(search.covering, task, start, moves=moves, **how)

        return walk

    def go_on_until_idle(self, share: float) -> None:
        """Walk, one walk a thread, until rounds in a row find nothing or the time is over."""
        search, idle = self.search, 0
        rest = (1.0 - share) * search.left()
        while idle < _IDLE_ROUNDS and not search.over() and search.left() > rest:
            walks = [self.next() for _ in range(max(search.run.threads, 1))]
            before = search.value
            _side_by_side(search, walks, 1.0 - rest / search.left())
            idle = 0 if search.value < before else idle + 1


def _first_round(search: CoverSearch, walks: _Walks) -> RelaxedCovering:
    """Relax and walk side by side; return what the relaxation proves."""
    start, proven = _known(search), list[RelaxedCovering]()

    def relax(go_on: GoOn) -> None:
        proven.append(relaxed_covering(search.covering, search.openings, start, go_on))

    try:
        _side_by_side(search, [relax, walks.next()], _FIRST)
    finally:
        if proven:
            search.tighten(proven[0].bound + search.state.constant)
    return proven[0]


def _side_by_side(search: CoverSearch, jobs: Sequence[Job], share: float) -> None:
    """Run jobs on threads for a share of the time left; take what they find, also interrupted."""
    until, stopped = stopwatch() + share * search.left(), False

    def go_on() -> bool:
        return not stopped and stopwatch() < until

    with ThreadPoolExecutor(max(search.run.threads, 1)) as pool:
        futures = [pool.submit(job, go_on) for job in jobs]
        try:
            while not all(future.done() for future in futures):
                search.tell()
                time.sleep(_POLL)
        finally:
            stopped = True
            for future in futures:
                search.offer(future.result())


def _core(search: CoverSearch, relaxed: RelaxedCovering) -> tuple[ReducedCovering, Openings]:
    """Return the part in which every cheaper choice lies; the best one lies in it too.

    An opening whose reduced cost takes the bound beyond any cheaper price is fixed, closed or
    open (Dantzig, Fulkerson and Johnson, Operations Research 2, 1954).
    """
    best, most = _known(search), search.cheaper() + rounding(search.value)
    closed = (relaxed.bound - np.minimum(relaxed.reduced, 0.0) > most) & ~best
    certain = (relaxed.bound + np.maximum(relaxed.reduced, 0.0) > most) & best
    core = keep_openings(search.state, ~closed)
    core = open_for_certain(core, certain[~closed])
    numbers = np.full(search.state.whole.count, -1)
    numbers[search.state.kept] = np.arange(search.covering.count)
    return core, search.openings.keep_columns(numbers[core.kept])


def _ask_solver(
    search: CoverSearch, part: ReducedCovering, columns: Openings, *, share: float = 1.0
) -> None:
    """Let the solver find the cheapest choice in a part that holds every cheaper one."""
    if not part.covering.count:
        search.ended = "infeasible" if search.best is None else "finished"
        search.tighten(search.value)
        return
    run, model = search.run, fewest_model(part.covering, columns)
    if search.best is not None:
        start_from(model, part.covering, search.state.restore(search.best)[part.kept])
    seconds = max(share * search.left(), 0.01)
    request = Request(seconds, 0.999 * run.gap, run.seed, run.threads, run.progress)
    outcome = run.solver.solve(model, request)
    found = part.restore(model.chosen())
    search.offer(found[search.state.kept])
    if outcome.bound is not None:
        search.tighten(min(part.constant - outcome.bound, search.value))
    search.ended = outcome.ended
