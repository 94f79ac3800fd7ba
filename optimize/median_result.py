"""What a siting by distance found, before it becomes a `Plan`."""

from __future__ import annotations

from dataclasses import dataclass

from .arrays import Ints
from .plan import PROVEN, Status, relative_gap


@dataclass(frozen=True, slots=True, eq=False)
class DistanceSolution:
    """Columns to open, with the proof.

    Attributes
    ----------
    chosen
        Open columns, rising; empty where nothing was found.
    objective
        Total weighted impedance (p-median) or the largest one (p-center); inf where nothing was
        found.
    bound
        No choice costs less.
    gap
        (objective − bound) / objective, 0 where both are 0.
    status
        See `plan.Status`.
    start
        Objective of the first plan of the interchange search.
    seed, seconds
        Seed used and wall time, s.
    nodes
        Nodes of the proof's tree, or feasibility problems solved.
    """

    chosen: Ints
    objective: float
    bound: float
    gap: float
    status: Status
    start: float
    seed: int
    seconds: float
    nodes: int


def solution(
    chosen: Ints,
    objective: float,
    bound: float,
    *,
    wanted: float,
    interrupted: bool,
    start: float,
    seed: int,
    seconds: float,
    nodes: int,
) -> DistanceSolution:
    """Return the solution with its gap, and "optimal" only where that is proven."""
    bound = min(bound, objective)
    gap = relative_gap(objective, bound, "min")
    status: Status = "interrupted" if interrupted else "time_limit"
    if gap <= PROVEN:
        status = "optimal"
    elif gap <= wanted:
        status = "within_gap"
    return DistanceSolution(chosen, objective, bound, gap, status, start, seed, seconds, nodes)
