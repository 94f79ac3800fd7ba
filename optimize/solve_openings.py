"""Solve any set of openings: reduce, search, prove.

The plan returned is never worse than greedy plus swaps or than the start it was given, and its
bound is the least of those that have been proven, whatever stopped the work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from quarterhour.data.progress import Progress, silent

from .arrays import Bools
from .bounds import quick_bound
from .cover_state import CoverState
from .effort import Run
from .greedy import drop_idle, greedy
from .large_search import SMALL, search_large
from .model import coverage_model, feasibility_model
from .openings import Openings
from .plan import PROVEN, ModelSize, relative_gap
from .reduce import Reduced, reduce_openings, unreduced
from .solvers import Outcome, Solver, choose_solver
from .stopwatch import stopwatch
from .swaps import improve

#: Share of the time limit that the swap search may use, and its most, s.
_SWAP_SHARE, _SWAP_MOST = 0.15, 20.0

_UNSIZED = ModelSize()


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """The best choice found, with what is proven of it.

    Attributes
    ----------
    chosen
        What opens (q,), feasible; None where no plan was found.
    bound
        No feasible choice is worth more, `Openings.constant` included.
    floor
        Worth of the greedy-plus-swap start.
    ended
        ``finished`` (the gap asked for is reached), ``time_limit``, ``interrupted`` or
        ``infeasible`` (proven: no choice keeps all limits).
    size
        The model that was left after the reductions.
    """

    chosen: Bools | None
    bound: float
    floor: float
    ended: str
    size: ModelSize = _UNSIZED


def solve_openings(
    openings: Openings,
    *,
    solver: str | Solver = "highs",
    time_limit: float = 60.0,
    gap: float = 1e-4,
    seed: int = 0,
    threads: int = 2,
    progress: Progress = silent,
    start: Bools | None = None,
    reduce: bool = True,
) -> Solved:
    """Return the choice of openings that covers the most weight under all limits.

    Parameters
    ----------
    openings
        Rows, columns and limits; see `openings.Openings`.
    solver
        ``highs``, ``cbc``, another name PuLP knows, or a solver already chosen.
    time_limit
        Wall time for everything, s.
    gap
        Relative gap (bound − objective) / objective at which to stop.
    seed, threads
        For search and solver.
    progress
        Told of task ``plan_solve`` in seconds; may raise KeyboardInterrupt to stop and keep the
        best choice found.
    start
        A known choice (q,), or None; where it is feasible the result is never worse.
    reduce
        Whether to reduce first (exact); False is for comparison.

    Returns
    -------
    Solved

    Raises
    ------
    InputFaults
        If the solver is unknown, missing, or breaks off with an error.
    """
    chosen_solver = choose_solver(solver) if isinstance(solver, str) else solver
    run = Run(chosen_solver, time_limit, gap, seed, threads, progress, stopwatch())
    state = reduce_openings(openings) if reduce else unreduced(openings)
    if state.openings.impossible():
        return Solved(None, openings.constant, 0.0, "infeasible", _size(state))
    found = _search(state.openings, None if start is None else start[state.kept], run)
    if found.chosen is None:
        return replace(found, size=_size(state))
    chosen = _tidy(openings, state.restore(found.chosen))
    if start is not None and openings.feasible(start):
        chosen = _better(openings, start, chosen)
    return replace(found, chosen=chosen, size=_size(state))


def _search(openings: Openings, known: Bools | None, run: Run) -> Solved:
    """Find a start, improve it, and hand it to the solver unless it is proven already."""
    start, ended = _start(openings, run)
    if start is None:
        return Solved(None, openings.most(), 0.0, ended)
    interrupted = _polish(start, run)
    floor, bound = start.value(), quick_bound(start)
    if known is not None and openings.feasible(known) and openings.value(known) > floor:
        start = CoverState.of(openings, known)
    proven_enough = relative_gap(start.value(), bound) <= max(PROVEN, run.gap)
    if interrupted or proven_enough or run.left() <= 0:
        ended = "interrupted" if interrupted else "finished" if proven_enough else "time_limit"
        return Solved(start.chosen, bound, floor, ended)
    if openings.covers.nnz > SMALL:
        search = search_large(openings, start.chosen.copy(), bound, run)
        return Solved(search.best, search.bound, floor, search.ended)
    chosen, outcome = _solve(openings, start.chosen, run)
    proven = bound if outcome.bound is None else min(bound, openings.constant + outcome.bound)
    if proven < start.value() - slack(floor):  # a bound below a known plan is not one
        proven = bound
    best = _better(openings, start.chosen, chosen)
    if relative_gap(openings.value(best), proven) > run.gap and outcome.ended != "interrupted":
        best = _polished(openings, best, run)
    return Solved(best, proven, floor, outcome.ended)


def _start(openings: Openings, run: Run) -> tuple[CoverState | None, str]:
    """Return a feasible plan by greedy, or from the limits alone where greedy gets stuck."""
    state = greedy(CoverState(openings))
    if state.feasible():
        return state, ""
    model = feasibility_model(openings)
    outcome = run.solver.solve(model, run.request(gap=0.01))
    chosen = model.chosen()
    if outcome.ended == "infeasible" or not openings.feasible(chosen):
        return None, outcome.ended
    return greedy(CoverState.of(openings, chosen)), ""


def _polish(state: CoverState, run: Run) -> bool:
    """Swap in place; return whether the user interrupted (the state stays a plan)."""
    before, worth = state.chosen.copy(), state.value()
    interrupted = False
    try:
        improve(state, seed=run.seed, seconds=min(_SWAP_SHARE * run.time_limit, _SWAP_MOST))
    except KeyboardInterrupt:
        interrupted = True
    if not state.feasible() or state.value() < worth:  # swaps look at no floor and no circle
        state.become(before)
    return interrupted


def _polished(openings: Openings, chosen: Bools, run: Run) -> Bools:
    """Return what a stopped solver left, improved by swaps."""
    state = CoverState.of(openings, chosen)
    _polish(state, run)
    return state.chosen


def _solve(openings: Openings, start: Bools, run: Run) -> tuple[Bools, Outcome]:
    model = coverage_model(openings)
    model.start_from(openings, start)
    outcome = run.solver.solve(model, run.request())
    return model.chosen(), outcome


def _better(openings: Openings, start: Bools, solved: Bools) -> Bools:
    """Return the better of two plans; a solver's that breaks a limit does not count."""
    if not openings.feasible(solved):
        return start
    return solved if openings.value(solved) > openings.value(start) else start


def _tidy(whole: Openings, chosen: Bools) -> Bools:
    """Leave out what covers nobody more and no minimum needs."""
    return drop_idle(CoverState.of(whole, chosen)).chosen


def slack(value: float) -> float:
    """Return the rounding of a sum of weights of this size."""
    return 1e-6 + 1e-9 * abs(value)


def _size(state: Reduced) -> ModelSize:
    return ModelSize(
        openings=state.openings.count,
        rows=state.openings.covers.shape[0],
        limits=len(state.openings.limits.names),
        unreached=state.unreached,
        merged=state.merged,
        dominated=state.dominated,
        forced=len(state.forced),
    )
