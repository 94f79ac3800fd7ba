"""Who is covered by a choice of outlets, straight from the cover sets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .arrays import Bools, Ints
from .openings import Openings
from .plan import Chosen, Plan
from .problem import SitingProblem


def chosen_pairs(problem: SitingProblem, plan: Plan | Iterable[Chosen]) -> Bools:
    """Return new outlets as bool (m, K)."""
    pairs = np.zeros(problem.allowed.shape, dtype=bool)
    for item in plan.chosen if isinstance(plan, Plan) else plan:
        pairs[item.candidate, item.type] = True
    return pairs


def opening_years(problem: SitingProblem, plan: Plan | Iterable[Chosen]) -> Ints:
    """Return the year index in which each pair (m, K) opens; -1 where nothing opens."""
    years = np.full(problem.allowed.shape, -1, dtype=np.int64)
    for item in plan.chosen if isinstance(plan, Plan) else plan:
        years[item.candidate, item.type] = item.year
    return years


def pairs_by(problem: SitingProblem, plan: Plan | Iterable[Chosen], year: int) -> Bools:
    """Return the new outlets open at the end of ``year`` (an index) as bool (m, K)."""
    years = opening_years(problem, plan)
    by: Bools = (years >= 0) & (years <= year)
    return by


def chosen_openings(openings: Openings, plan: Plan | Iterable[Chosen]) -> Bools:
    """Return which openings (q,) a plan holds: those of its candidates, types and years."""
    items = plan.chosen if isinstance(plan, Plan) else plan
    wanted = {(item.candidate, item.type, item.year) for item in items}
    columns = (openings.candidate.tolist(), openings.kind.tolist(), openings.year.tolist())
    return np.fromiter((key in wanted for key in zip(*columns, strict=True)), bool, openings.count)


def items_of(openings: Openings, chosen: Bools) -> tuple[Chosen, ...]:
    """Return the chosen openings (q,) as the items of a plan, by candidate, then type."""
    order = np.flatnonzero(chosen)
    order = order[np.lexsort((openings.kind[order], openings.candidate[order]))]
    columns = (openings.candidate[order], openings.kind[order], openings.year[order])
    return tuple(
        Chosen(candidate, kind, year=year)
        for candidate, kind, year in zip(*(c.tolist() for c in columns), strict=True)
    )


def newly_covered(problem: SitingProblem, pairs: Bools) -> Bools:
    """Return which (demand, type) pairs (n, K) the outlets ``pairs`` (m, K) newly cover.

    Those that existing outlets cover already, and unknown ones, are not among them.
    """
    counted = pairs.astype(np.int64)
    reached = [matrix @ counted[:, kind] > 0 for kind, matrix in enumerate(problem.covers)]
    return np.column_stack(reached) & ~problem.covered & ~problem.unknown
