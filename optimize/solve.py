"""The door to siting: flatten, solve, report.

The objective of a plan is summed afresh from the chosen outlets; its bound is what
`solve_openings` has proven.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from quarterhour.data.faults import Fault
from quarterhour.data.progress import Progress, silent

from .arrays import Bools, Floats
from .conflicts import find_conflicts
from .covered import chosen_pairs, items_of, newly_covered
from .decompose import solve_by_parts
from .effort import Effort, check_clock
from .explain import LEAST_S, explain_infeasible
from .openings import Openings, flatten
from .plan import PROVEN, Chosen, Plan, Status, relative_gap
from .problem import SitingProblem
from .solve_openings import Solved, slack, solve_openings
from .solvers import choose_solver
from .stopwatch import stopwatch

__all__ = ["Solved", "plan_max_coverage", "solve_openings"]


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
    by_parts: bool = False,
    executor: Executor | None = None,
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
    by_parts
        Solve parts that share no demand on their own, common quotas kept exactly
        (`quarterhour.optimize.decompose`): for large studies that fall apart, e.g. into towns.
    executor
        Solves the parts side by side; see `quarterhour.optimize.decompose.solve_by_parts`.

    Returns
    -------
    Plan
        With a status that says "optimal" only when it is proven.

    Raises
    ------
    InputFaults
        If the solver is unknown, missing, or breaks off with an error, or a number is out of
        range.
    """
    check_clock(time_limit, gap, threads)
    began = stopwatch()
    chosen_solver = choose_solver(solver)
    report = _Report(problem, chosen_solver.name, seed, gap, began)
    conflicts = find_conflicts(problem)
    if conflicts:
        return _no_plan(report, "infeasible", conflicts)
    whole = flatten(problem)
    effort = Effort(
        solver=solver,
        time_limit=max(time_limit - (stopwatch() - began), 0.0),
        gap=gap,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    if by_parts:
        solved = solve_by_parts(whole, executor=executor, **effort)
    else:
        solved = solve_openings(whole, reduce=reduce, **effort)
    if solved.chosen is not None:
        return _plan(report, whole, solved, solved.chosen)
    if solved.ended != "infeasible":
        return _no_plan(report, "unknown", (), bound=solved.bound)
    why = explain_infeasible(
        problem,
        solver=chosen_solver,
        time_limit=max(time_limit - report.seconds(), LEAST_S),
        seed=seed,
        progress=progress,
    )
    return _no_plan(report, "infeasible", why.faults)


@dataclass(frozen=True, slots=True)
class _Report:
    """What every plan of one call states."""

    problem: SitingProblem
    solver: str
    seed: int
    gap: float
    began: float

    def seconds(self) -> float:
        return stopwatch() - self.began


def _plan(report: _Report, whole: Openings, solved: Solved, chosen: Bools) -> Plan:
    objective = whole.value(chosen)
    bound = max(_whole(whole, solved.bound), objective)
    gap = relative_gap(objective, bound)
    items = items_of(whole, chosen)
    return Plan(
        status=_status(gap, report.gap, solved.ended),
        chosen=items,
        objective=objective,
        bound=bound,
        gap=gap,
        solver=report.solver,
        seed=report.seed,
        seconds=report.seconds(),
        newly_covered=_residents_covered(report.problem, items),
        greedy=solved.floor,
        size=solved.size,
    )


def _whole(openings: Openings, bound: float) -> float:
    """Round a bound down where every weight is whole: then the objective is, too."""
    return float(np.floor(bound + slack(bound))) if openings.whole() else bound


def _status(gap: float, wanted: float, ended: str) -> Status:
    if gap <= PROVEN:
        return "optimal"
    if gap <= wanted:
        return "within_gap"
    return "interrupted" if ended == "interrupted" else "time_limit"


def _residents_covered(problem: SitingProblem, items: tuple[Chosen, ...]) -> Floats:
    newly = newly_covered(problem, chosen_pairs(problem, items))
    people: Floats = problem.residents @ newly.astype(np.float64)
    return people


def _no_plan(
    report: _Report, status: Status, faults: tuple[Fault, ...], *, bound: float = 0.0
) -> Plan:
    return Plan(
        status=status,
        chosen=(),
        objective=0.0,
        bound=bound,
        gap=0.0 if status == "infeasible" else float("inf"),
        solver=report.solver,
        seed=report.seed,
        seconds=report.seconds(),
        newly_covered=np.zeros(len(report.problem.types)),
        greedy=0.0,
        conflicts=faults,
    )
