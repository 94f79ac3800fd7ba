"""What the fewest outlets must cover, said as floors: to name what contradicts it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from .arrays import Bools
from .problem import Floor, SitingProblem
from .row_rules import floor_pairs

#: Taken off a share that is all that can be reached, so that rounding does not put it beyond.
_ROUNDING = 1e-9


def target_floors(problem: SitingProblem, share: float | None, each: str) -> tuple[Floor, ...]:
    """Return the targets of `fewest.plan_fewest`, each lowered to what can be reached.

    ``each="point"`` asks for everybody within reach; points where nobody lives are not said.
    """
    if share is None:
        return ()
    wanted = 1.0 if each == "point" else share
    if each == "all":
        asked = [Floor(wanted)]
    elif each in {"type", "point"}:
        asked = [Floor(wanted, kind) for kind in problem.types]
    else:
        labels = sorted(set(problem.demand_groups[each]) - {""})
        asked = [Floor(wanted, kind, each, label) for label in labels for kind in problem.types]
    return lowered(problem, asked)


def lowered(problem: SitingProblem, floors: Iterable[Floor]) -> tuple[Floor, ...]:
    """Return the floors, those beyond what all candidates reach lowered to that."""
    reach = problem.covered | _within_reach(problem)
    return tuple(_lowered(problem, floor, reach) for floor in floors)


def _lowered(problem: SitingProblem, floor: Floor, reach: Bools) -> Floor:
    pairs = floor_pairs(problem, floor)
    known = float(problem.residents @ pairs.sum(axis=1))
    most = float(problem.residents @ (pairs & reach).sum(axis=1))
    if floor.share * known < most:
        return floor
    return replace(floor, share=most / known * (1 - _ROUNDING) if known else 0.0)


def _within_reach(problem: SitingProblem) -> Bools:
    """Return which pairs (n, K) any allowed candidate covers."""
    counts = [
        matrix @ problem.allowed[:, k].astype(np.float64) for k, matrix in enumerate(problem.covers)
    ]
    within: Bools = np.column_stack(counts) > 0
    return within
