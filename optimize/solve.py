"""The door to siting: reduce, search, solve, prove.

The plan returned is never worse than greedy plus swaps, its objective is summed afresh from the
chosen outlets, and its bound is the least of those that solver and `bounds` have proven.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from quarterhour.data.faults import Fault
from quarterhour.data.progress import Progress, silent

from .arrays import Bools, Floats
from .bounds import quick_bound
from .conflicts import find_conflicts, no_plan
from .cover_state import CoverState
from .covered import chosen_pairs, newly_covered
from .greedy import drop_idle, greedy
from .model import coverage_model, feasibility_model
from .openings import Openings, flatten
from .plan import PROVEN, Chosen, ModelSize, Plan, Status, relative_gap
from .problem import SitingProblem
from .reduce import Reduced, reduce_openings, unreduced
from .solvers import Outcome, Request, Solver, choose_solver
from .swaps import improve

#: Share of the time limit that the swap search may use, and its most, s.
_SWAP_SHARE, _SWAP_MOST = 0.15, 20.0

#: The solver is asked for a little less than the gap wanted, so that rounding does not spoil it.
_GAP_SHARE = 0.999


@dataclass(frozen=True, slots=True)
class _Run:
    """What one call was asked for, and when it began."""

    solver: Solver
    time_limit: float
    gap: float
    seed: int
    threads: int
    progress: Progress
    began: float

    def left(self) -> float:
        return self.time_limit - (time.monotonic() - self.began)

    def request(self, gap: float) -> Request:
        return Request(max(self.left(), 0.01), gap, self.seed, self.threads, self.progress)


@dataclass(frozen=True, slots=True)
class _Found:
    """The best plan of the reduced problem, with what is proven of it."""

    chosen: Bools | None
    bound: float
    floor: float
    ended: str


def plan_max_coverage(
    problem: SitingProblem,
    *,
    solver: str = "highs",
    time_limit: float = 60.0,
    gap: float = 1e-4,
    seed: int = 0,
    threads: int = 2,
    progress: Progress = silent,
    reduce: bool = True,
) -> Plan:
    """Return the plan that newly covers the most weight under all quotas.

    Parameters
    ----------
    problem
        Demand, cover sets, candidates and quotas.
    solver
        ``highs``, ``cbc``, or the name of another solver PuLP knows.
    time_limit
        Wall time for everything, s; building the model may overrun it a little.
    gap
        Relative gap (bound − objective) / objective at which to stop.
    seed, threads
        For search and solver.
    progress
        Told of task ``plan_solve`` in seconds; may raise KeyboardInterrupt to stop the solver and
        keep the best plan found.
    reduce
        Whether to reduce first (exact); False is for comparison.

    Returns
    -------
    Plan
        With a status that says "optimal" only when it is proven.

    Raises
    ------
    InputFaults
        If the solver is unknown, missing, or breaks off with an error.
    """
    chosen_solver = choose_solver(solver)
    run = _Run(chosen_solver, time_limit, gap, seed, threads, progress, time.monotonic())
    conflicts = find_conflicts(problem)
    if conflicts:
        return _no_plan(problem, run, "infeasible", conflicts)
    whole = flatten(problem)
    state = reduce_openings(whole) if reduce else unreduced(whole)
    if state.openings.limits.impossible().any():
        return _no_plan(problem, run, "infeasible", (no_plan(),))
    found = _search(state.openings, run)
    if found.chosen is None:
        infeasible = found.ended == "infeasible"
        faults = (no_plan(),) if infeasible else ()
        return _no_plan(problem, run, "infeasible" if infeasible else "unknown", faults)
    return _plan(problem, whole, state, found, run)


def _search(openings: Openings, run: _Run) -> _Found:
    """Find a start, improve it, and hand it to the solver unless it is proven already."""
    start, ended = _start(openings, run)
    if start is None:
        return _Found(None, openings.most(), 0.0, ended)
    interrupted = _polish(start, run)
    floor, bound = start.value(), quick_bound(start)
    proven_enough = relative_gap(floor, bound) <= max(PROVEN, run.gap)
    if interrupted or proven_enough or run.left() <= 0:
        return _Found(start.chosen, bound, floor, "interrupted" if interrupted else "time_limit")
    chosen, outcome = _solve(openings, start.chosen, run)
    proven = bound if outcome.bound is None else min(bound, openings.constant + outcome.bound)
    if proven < floor - _slack(floor):  # a bound below a known plan is not one
        proven = bound
    best = _better(openings, start.chosen, chosen)
    if relative_gap(openings.value(best), proven) > run.gap and outcome.ended != "interrupted":
        best = _polished(openings, best, run)
    return _Found(best, proven, floor, outcome.ended)


def _start(openings: Openings, run: _Run) -> tuple[CoverState | None, str]:
    """Return a feasible plan by greedy, or from the limits alone where greedy gets stuck."""
    state = greedy(CoverState(openings))
    if state.feasible():
        return state, ""
    model = feasibility_model(openings)
    outcome = run.solver.solve(model, run.request(0.01))
    chosen = model.chosen()
    if outcome.ended == "infeasible" or not openings.limits.kept_by(chosen):
        return None, outcome.ended
    return greedy(CoverState.of(openings, chosen)), ""


def _polish(state: CoverState, run: _Run) -> bool:
    """Swap in place; return whether the user interrupted (the state stays a plan)."""
    try:
        improve(state, seed=run.seed, seconds=min(_SWAP_SHARE * run.time_limit, _SWAP_MOST))
    except KeyboardInterrupt:
        return True
    return False


def _polished(openings: Openings, chosen: Bools, run: _Run) -> Bools:
    """Return what a stopped solver left, improved by swaps."""
    state = CoverState.of(openings, chosen)
    _polish(state, run)
    return state.chosen


def _solve(openings: Openings, start: Bools, run: _Run) -> tuple[Bools, Outcome]:
    model = coverage_model(openings)
    model.start_from(openings, start)
    outcome = run.solver.solve(model, run.request(_GAP_SHARE * run.gap))
    return model.chosen(), outcome


def _better(openings: Openings, start: Bools, solved: Bools) -> Bools:
    """Return the better of two plans; a solver's that breaks a limit does not count."""
    if not openings.limits.kept_by(solved):
        return start
    return solved if openings.value(solved) > openings.value(start) else start


def _plan(
    problem: SitingProblem, whole: Openings, state: Reduced, found: _Found, run: _Run
) -> Plan:
    chosen = _tidy(whole, state.restore(_known(found.chosen)))
    objective = whole.value(chosen)
    bound = max(_whole(problem, found.bound), objective)
    gap = relative_gap(objective, bound)
    order = np.flatnonzero(chosen)
    order = order[np.lexsort((whole.kind[order], whole.candidate[order]))]
    items = tuple(Chosen(int(whole.candidate[o]), int(whole.kind[o])) for o in order)
    return Plan(
        status=_status(gap, found.ended, run),
        chosen=items,
        objective=objective,
        bound=bound,
        gap=gap,
        solver=run.solver.name,
        seed=run.seed,
        seconds=time.monotonic() - run.began,
        newly_covered=_residents_covered(problem, items),
        greedy=found.floor,
        size=_size(state),
    )


def _known(chosen: Bools | None) -> Bools:
    return np.empty(0, dtype=bool) if chosen is None else chosen


def _tidy(whole: Openings, chosen: Bools) -> Bools:
    """Leave out what covers nobody more and no minimum needs."""
    return drop_idle(CoverState.of(whole, chosen)).chosen


def _whole(problem: SitingProblem, bound: float) -> float:
    """Round a bound down where every weight is whole: then the objective is, too."""
    whole = bool((problem.weights == np.floor(problem.weights)).all())
    return float(np.floor(bound + _slack(bound))) if whole else bound


def _slack(value: float) -> float:
    """Return the rounding of a sum of weights of this size."""
    return 1e-6 + 1e-9 * abs(value)


def _status(gap: float, ended: str, run: _Run) -> Status:
    if gap <= PROVEN:
        return "optimal"
    if gap <= run.gap:
        return "within_gap"
    return "interrupted" if ended == "interrupted" else "time_limit"


def _residents_covered(problem: SitingProblem, items: tuple[Chosen, ...]) -> Floats:
    newly = newly_covered(problem, chosen_pairs(problem, items))
    people: Floats = problem.residents @ newly.astype(np.float64)
    return people


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


def _no_plan(problem: SitingProblem, run: _Run, status: Status, faults: tuple[Fault, ...]) -> Plan:
    nothing = np.zeros(len(problem.types))
    return Plan(
        status=status,
        chosen=(),
        objective=0.0,
        bound=0.0 if status == "infeasible" else float(problem.weights[problem.scored()].sum()),
        gap=0.0 if status == "infeasible" else float("inf"),
        solver=run.solver.name,
        seed=run.seed,
        seconds=time.monotonic() - run.began,
        newly_covered=nothing,
        greedy=0.0,
        conflicts=faults,
    )
