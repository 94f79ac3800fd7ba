"""From a choice of openings to a `Plan`: status, gap and who is covered, for every objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quarterhour.data.faults import Fault

from .arrays import Bools, Floats, Ints
from .covered import chosen_pairs, newly_covered
from .effort import Run
from .explain import LEAST_S, explain_infeasible
from .openings import Openings
from .plan import PROVEN, Assignment, Chosen, ModelSize, Plan, Sense, Status, relative_gap
from .problem import Floor, SitingProblem

_UNSIZED = ModelSize()


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best choice found for an objective, with what is proven of it.

    Attributes
    ----------
    chosen
        What opens (q,), or None where nothing was found.
    objective, bound, start
        Of the choice, proven, and of the heuristic start.
    ended
        ``finished``, ``time_limit``, ``interrupted`` or ``infeasible``.
    """

    chosen: Bools | None
    objective: float
    bound: float
    start: float
    ended: str


@dataclass(frozen=True, slots=True, eq=False)
class Extras:
    """What an objective adds to a plan; see the fields of `Plan` of the same names.

    ``targets`` is what it asks for besides the rules, as floors, and ``target_option`` the study's
    option that does: for the reasons of a plan that cannot be.
    """

    figures: Mapping[str, float] = field(default_factory=dict)
    unreachable: Ints = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    assignment: Assignment | None = None
    notes: tuple[Fault, ...] = ()
    size: ModelSize = _UNSIZED
    targets: tuple[Floor, ...] = ()
    target_option: str = "plan.objective"


def plan_of(
    problem: SitingProblem,
    openings: Openings,
    found: Found,
    run: Run,
    *,
    sense: Sense,
    kind: str,
    extras: Extras | None = None,
) -> Plan:
    """Return the plan; one without a choice says whether that is proven.

    Parameters
    ----------
    problem, openings
        What was asked, and the openings that ``found.chosen`` counts.
    found
        The result.
    run
        Solver, seed, clock, and the gap that was asked for.
    sense, kind
        Of the objective.
    extras
        What the objective adds.
    """
    extras = extras or Extras()
    if found.chosen is None:
        faults = _why(problem, run, kind, extras) if found.ended == "infeasible" else ()
        return refused(problem, run, faults, sense=sense, kind=kind, bound=found.bound)
    bound = _no_better(found.bound, found.objective, sense)
    gap = relative_gap(found.objective, bound, sense)
    items = chosen_items(openings, found.chosen)
    return Plan(
        status=status_of(gap, found.ended, run.gap),
        chosen=items,
        objective=found.objective,
        bound=bound,
        gap=gap,
        newly_covered=_residents_covered(problem, items),
        greedy=found.start,
        size=extras.size,
        **_labels(run, sense, kind),
        unreachable=extras.unreachable,
        figures=extras.figures,
        assignment=extras.assignment,
        notes=extras.notes,
    )


def _why(problem: SitingProblem, run: Run, kind: str, extras: Extras) -> tuple[Fault, ...]:
    """Return the rules that contradict; where the objective alone does, just that."""
    why = explain_infeasible(
        problem,
        targets=extras.targets,
        target_option=extras.target_option,
        solver=run.solver,
        time_limit=max(run.time_limit - run.seconds(), LEAST_S),
        seed=run.seed,
        progress=run.progress,
    )
    beyond = Fault("siting_objective_infeasible", column="plan.objective", value=kind)
    return (beyond,) if why.compatible else why.faults


def refused(
    problem: SitingProblem,
    run: Run,
    conflicts: tuple[Fault, ...],
    *,
    sense: Sense,
    kind: str,
    bound: float = 0.0,
) -> Plan:
    """Return the empty plan: infeasible where there are conflicts, else unknown."""
    infeasible = bool(conflicts)
    return Plan(
        status="infeasible" if infeasible else "unknown",
        chosen=(),
        objective=0.0,
        bound=0.0 if infeasible else bound,
        gap=0.0 if infeasible else float("inf"),
        newly_covered=np.zeros(len(problem.types)),
        greedy=0.0,
        conflicts=conflicts,
        **_labels(run, sense, kind),
    )


def status_of(gap: float, ended: str, wanted: float) -> Status:
    """Return how far a plan with this gap is proven."""
    if gap <= PROVEN:
        return "optimal"
    if gap <= wanted:
        return "within_gap"
    return "interrupted" if ended == "interrupted" else "time_limit"


def chosen_items(openings: Openings, chosen: Bools) -> tuple[Chosen, ...]:
    """Return the chosen openings (q,) by candidate, then type."""
    order = np.flatnonzero(chosen)
    order = order[np.lexsort((openings.kind[order], openings.candidate[order]))]
    return tuple(Chosen(int(openings.candidate[o]), int(openings.kind[o])) for o in order)


def whole_bound(bound: float, coefficients: Floats, sense: Sense) -> float:
    """Round a bound towards the objective where every coefficient is whole."""
    if not bool((coefficients == np.floor(coefficients)).all()):
        return bound
    slack = rounding(bound)
    return float(np.floor(bound + slack) if sense == "max" else np.ceil(bound - slack))


def rounding(value: float) -> float:
    """Return the rounding error of a sum of this size."""
    return 1e-6 + 1e-9 * abs(value)


def _no_better(bound: float, objective: float, sense: Sense) -> float:
    """Return ``bound``, or the objective itself where rounding put the bound behind it."""
    return max(bound, objective) if sense == "max" else min(bound, objective)


def _labels(run: Run, sense: Sense, kind: str) -> dict[str, Any]:
    return {
        "solver": run.solver.name,
        "seed": run.seed,
        "seconds": run.seconds(),
        "sense": sense,
        "objective_kind": kind,
    }


def _residents_covered(problem: SitingProblem, items: tuple[Chosen, ...]) -> Floats:
    newly = newly_covered(problem, chosen_pairs(problem, items))
    people: Floats = problem.residents @ newly.astype(np.float64)
    return people
