"""Who is covered by a choice of outlets, straight from the cover sets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .arrays import Bools
from .plan import Chosen, Plan
from .problem import SitingProblem


def chosen_pairs(problem: SitingProblem, plan: Plan | Iterable[Chosen]) -> Bools:
    """Return new outlets as bool (m, K)."""
    pairs = np.zeros(problem.allowed.shape, dtype=bool)
    for item in plan.chosen if isinstance(plan, Plan) else plan:
        pairs[item.candidate, item.type] = True
    return pairs


def newly_covered(problem: SitingProblem, pairs: Bools) -> Bools:
    """Return which (demand, type) pairs (n, K) the outlets ``pairs`` (m, K) newly cover.

    Those that existing outlets cover already, and unknown ones, are not among them.
    """
    counted = pairs.astype(np.int64)
    reached = [matrix @ counted[:, kind] > 0 for kind, matrix in enumerate(problem.covers)]
    return np.column_stack(reached) & ~problem.covered & ~problem.unknown
