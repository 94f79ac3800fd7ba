"""Least weighted walking: the p-median problem and its kin, solved to a proven gap.

minimise    sum over demand of weight * impedance to the nearest open or existing outlet

Hakimi, "Optimum locations of switching centers and the absolute centers and medians of a graph",
Operations Research 12, 1964; ReVelle and Swain, "Central facilities location", Geographical
Analysis 2, 1970.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np
import numpy.typing as npt

from quarterhour.data.progress import Progress, silent

from .conflicts import find_conflicts
from .effort import Effort, Run, check_clock
from .existing import Existing
from .finish import Extras, Found, plan_of, refused
from .median_assign import assign_solve
from .median_clock import Clock
from .median_input import checked, ranked
from .median_nearest import nearest_only
from .median_result import DistanceSolution, solution
from .median_rows import walking_rows
from .median_serving import persons_per_outlet
from .median_solve import solve_ranks
from .objective_checks import need_impedance, number_between, refuse_rules
from .plan import Plan
from .problem import Quota, SitingProblem
from .solvers import choose_solver


def solve_median(
    cost: object,
    p: int,
    weight: npt.ArrayLike | None = None,
    *,
    existing: npt.ArrayLike | None = None,
    time_limit: float = 60.0,
    gap: float = 0.0,
    seed: int = 0,
    threads: int = 2,
    solver: str = "highs",
    progress: Progress = silent,
) -> DistanceSolution:
    """Return at most p columns that make the weighted impedance to the nearest one least.

    Parameters
    ----------
    cost
        Impedance (n, m), s or m: a full matrix, inf where out of reach, or a sparse one whose
        stored entries (zeros included) are within reach. Every row must be within reach of an
        open column or have an existing outlet.
    p
        Most columns to open, 1 … m.
    weight
        Weight of each row (n,), e.g. persons; ones where not given.
    existing
        Impedance to the nearest existing outlet (n,), inf = none.
    time_limit
        Wall time for everything, s.
    gap
        Relative gap (objective − bound) / objective at which to stop; 0 asks for a proof.
    seed, threads
        Of the search.
    solver
        Solves what the search cannot rule out; see `effort.Effort`.
    progress
        Told of task ``plan_solve`` in seconds; may raise KeyboardInterrupt to stop and keep the
        best plan found.

    Returns
    -------
    DistanceSolution
        ``infeasible`` where it is proven that p columns cannot reach every row.

    Raises
    ------
    InputFaults
        If a size does not fit, a number is negative or missing, p or another number is out of
        range, or the solver is unknown or missing.
    """
    check_clock(time_limit, gap, threads)
    clock, chosen_solver = Clock(time_limit, progress), choose_solver(solver)
    table = checked(cost, weight, existing, p)
    ranks, beyond = ranked(table)
    found = solve_ranks(
        ranks,
        p,
        gap=gap,
        seed=seed,
        threads=threads,
        clock=clock,
        solver=chosen_solver,
    )
    chosen, value, bound = np.flatnonzero(found.chosen), found.value, found.bound
    if value >= beyond:
        proven = bound > 0.5 * beyond
        return DistanceSolution(
            chosen=chosen[:0],
            objective=np.inf,
            bound=np.inf if proven else bound,
            gap=0.0 if proven else np.inf,
            status="infeasible" if proven else "unknown",
            start=np.inf,
            seed=seed,
            seconds=clock.spent,
            nodes=found.nodes,
        )
    return solution(
        *(chosen, value, bound),
        wanted=gap,
        interrupted=found.interrupted,
        start=found.start,
        seed=seed,
        seconds=clock.spent,
        nodes=found.nodes,
    )


def plan_least_walking(
    problem: SitingProblem,
    *,
    p: int | None = None,
    existing: Existing | None = None,
    penalty: float | None = None,
    must_reach: bool = False,
    nearest: int = 1,
    persons: npt.ArrayLike | None = None,
    split: bool = True,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan with the least walking to the nearest outlet, summed over residents.

    Parameters
    ----------
    problem
        With `impedance`; several types together under all quotas and limits. Pairs whose coverage
        is unknown are left out.
    p
        Most new outlets in all, besides the problem's quotas.
    existing
        Walking costs to existing outlets: they count as open. Without them, pairs that existing
        outlets cover are left out, and nothing stands elsewhere.
    penalty
        What a person walks, in the unit of the impedance, who is out of reach of every outlet of
        the plan; twice the largest impedance of the problem where not given.
    must_reach
        Whether every demand point that a candidate reaches must be served, whatever it costs.
    nearest
        Outlets each person walks to: 2 counts the way to the nearest and the second.
    persons
        Persons an outlet can serve, (m,), (m, K) or one number (capacitated p-median); existing
        outlets serve what `existing` says. People are then assigned by the planner, not
        necessarily to their nearest outlet.
    split
        Whether the people of a demand point may go to several outlets (with ``persons``).
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``sense`` is "min"; the objective is persons (or weight) times impedance. ``unreachable``
        names the demand that no candidate and no existing outlet reaches: it is left out of the
        objective. ``figures``: ``mean_walk`` of the people served, ``persons_served``,
        ``persons_out_of_reach`` (of the plan's outlets), ``penalty``.

    Raises
    ------
    InputFaults
        If impedances are missing, an option is out of range, or the problem holds a rule that
        this objective cannot take.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "least_walking")
    need_impedance(problem, "least_walking")
    number_between("nearest", nearest, 1, max(problem.n_candidates, 1))
    if p is not None:
        number_between("p", p, 0, problem.allowed.size)
        problem = replace(problem, quotas=(*problem.quotas, Quota(maximum=p)))
    conflicts = find_conflicts(problem)
    if conflicts:
        return refused(problem, run, conflicts, sense="min", kind="least_walking")
    walking = walking_rows(problem, existing, penalty, must_reach=must_reach)
    if nearest > 1 or persons is not None:
        room = persons_per_outlet(problem, walking, persons)
        found, extras = assign_solve(walking, existing, nearest, room, run, split=split)
    else:
        found = nearest_only(walking, run)
        extras = Extras(unreachable=walking.unreachable)
    if found.chosen is not None and must_reach and found.objective >= walking.beyond:
        ended = "infeasible" if found.bound > 0.5 * walking.beyond else "unknown"
        found = Found(None, 0.0, found.bound, 0.0, ended)
    figures = {} if found.chosen is None else walking.figures(found.chosen)
    extras = Extras(
        figures={**figures, **extras.figures},
        unreachable=walking.unreachable,
        assignment=extras.assignment,
        size=extras.size,
    )
    return plan_of(
        problem, walking.openings, found, run, sense="min", kind="least_walking", extras=extras
    )
