"""What came out of a siting run, and how far it is proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from quarterhour.data.faults import Fault

from .arrays import Floats, Ints

#: ``optimal``: proven to within `PROVEN`; ``within_gap``: proven to within the gap asked for;
#: ``time_limit`` and ``interrupted``: the best found, with its bound; ``infeasible``: no plan
#: keeps all quotas (`Plan.conflicts` says why as far as known); ``unknown``: stopped before any
#: plan was found.
Status = Literal["optimal", "within_gap", "time_limit", "interrupted", "infeasible", "unknown"]

#: Whether the objective is to be large (persons covered) or small (outlets, cost, walking).
Sense = Literal["max", "min"]

#: Largest relative gap that may be called optimal.
PROVEN = 1e-6


@dataclass(frozen=True, slots=True)
class Chosen:
    """New outlets of one type at one candidate.

    Attributes
    ----------
    candidate, type
        Index in `SitingProblem.candidate_ids` and `SitingProblem.types`.
    count
        Outlets; 1 in every problem that only counts coverage.
    year
        Index in `SitingProblem.years` of the year in which they open.
    """

    candidate: int
    type: int
    count: int = 1
    year: int = 0


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What was left to solve after the exact reductions, and what they took away."""

    openings: int = 0
    rows: int = 0
    limits: int = 0
    unreached: int = 0
    merged: int = 0
    dominated: int = 0
    forced: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Who is served by which outlet: one record for each (demand point, type, outlet) in use.

    Attributes
    ----------
    demand, type
        Demand index and type index (a,).
    candidate
        Candidate index (a,); an existing outlet e of its type is −1 − e.
    persons
        Persons served (a,).
    """

    demand: Ints
    type: Ints
    candidate: Ints
    persons: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A plan with its proof.

    Attributes
    ----------
    status
        How far it is proven, see `Status`.
    chosen
        New outlets, by candidate, then type.
    objective
        Weight newly covered, summed over types and years (persons, unless priorities weigh it),
        with what completed circles and kept outlets are worth.
    bound
        No plan that keeps the quotas covers more (``sense`` max) or costs less (min).
    gap
        |bound − objective| / objective; 0 where both are 0, inf where only the objective is.
    solver
        Name and version.
    seed, seconds
        Seed used and wall time, s.
    newly_covered
        Residents newly covered by type (K,) at the end of the last year, persons.
    greedy
        Objective of the greedy-plus-swap start: the floor.
    conflicts
        Why there is no plan, in words; empty otherwise.
    size
        The model solved.
    sense
        Whether the objective is maximised or minimised.
    objective_kind
        Name of the objective in `quarterhour.optimize.objectives`.
    unreachable
        (demand, type) index pairs (u, 2) with a known gap that no allowed opening reaches.
    figures
        Further figures of the objective by name, e.g. ``share_of_residents``.
    assignment
        Who is served where, for objectives that assign demand.
    notes
        What the reader should know about the plan; warnings, never faults.
    """

    status: Status
    chosen: tuple[Chosen, ...]
    objective: float
    bound: float
    gap: float
    solver: str
    seed: int
    seconds: float
    newly_covered: Floats
    greedy: float
    conflicts: tuple[Fault, ...] = ()
    size: ModelSize = ModelSize()
    sense: Sense = "max"
    objective_kind: str = "coverage"
    unreachable: Ints = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    figures: Mapping[str, float] = field(default_factory=dict)
    assignment: Assignment | None = None
    notes: tuple[Fault, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is a plan to show."""
        return self.status not in {"infeasible", "unknown"}


def relative_gap(objective: float, bound: float, sense: Sense = "max") -> float:
    """Return |bound − objective| / objective, 0 where both are 0, inf where only one is.

    A bound on the wrong side of the objective (rounding) counts as equal to it.
    """
    distance = max(bound - objective if sense == "max" else objective - bound, 0.0)
    if distance == 0:
        return 0.0
    return distance / objective if objective > 0 else float("inf")
