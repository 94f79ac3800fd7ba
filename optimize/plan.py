"""What came out of a siting run, and how far it is proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterhour.data.faults import Fault

from .arrays import Floats

#: ``optimal``: proven to within `PROVEN`; ``within_gap``: proven to within the gap asked for;
#: ``time_limit`` and ``interrupted``: the best found, with its bound; ``infeasible``: no plan
#: keeps all quotas (`Plan.conflicts` says why as far as known); ``unknown``: stopped before any
#: plan was found.
Status = Literal["optimal", "within_gap", "time_limit", "interrupted", "infeasible", "unknown"]

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
    """

    candidate: int
    type: int
    count: int = 1


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
class Plan:
    """A plan with its proof.

    Attributes
    ----------
    status
        How far it is proven, see `Status`.
    chosen
        New outlets, by candidate, then type.
    objective
        Weight newly covered, summed over types (persons, unless priorities weigh it).
    bound
        No plan that keeps the quotas covers more.
    gap
        (bound − objective) / objective; 0 where both are 0, inf where only the objective is.
    solver
        Name and version.
    seed, seconds
        Seed used and wall time, s.
    newly_covered
        Residents newly covered by type (K,), persons.
    greedy
        Objective of the greedy-plus-swap start: the floor.
    conflicts
        Why there is no plan, in words; empty otherwise.
    size
        The model solved.
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

    @property
    def found(self) -> bool:
        """Whether there is a plan to show."""
        return self.status not in {"infeasible", "unknown"}


def relative_gap(objective: float, bound: float) -> float:
    """Return (bound − objective) / objective, 0 where both are 0, inf where only one is."""
    distance = max(bound - objective, 0.0)
    if distance == 0:
        return 0.0
    return distance / objective if objective > 0 else float("inf")
