"""Quotas, capacities, budget and required sites as linear rows over openings.

Every rule of a plan that is not coverage is a row  lower <= sum of coefficient * x <= upper  with
coefficients that are never negative. One function for each family of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .limit_row import LimitRow, counting
from .problem import SitingProblem
from .spacing import exclusive_rows, spacing_rows

#: Arithmetic noise allowed when a row is tested, in the unit of the row.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Limits:
    """All rows stacked: L rows over q openings.

    Attributes
    ----------
    matrix
        Coefficients, CSR (L, q), none negative.
    lower, upper
        Bounds (L,); -inf and inf where there is none.
    kinds, names
        Family and unique name of each row.
    """

    matrix: sparse.csr_array
    lower: Floats
    upper: Floats
    kinds: tuple[str, ...]
    names: tuple[str, ...]

    def activity(self, chosen: Bools) -> Floats:
        """Return the left-hand side of every row (L,) for the chosen openings (q,)."""
        return np.asarray(self.matrix @ chosen.astype(np.float64))

    def largest(self) -> Floats:
        """Return the left-hand side of every row (L,) with everything open."""
        return np.asarray(self.matrix.sum(axis=1), dtype=np.float64)

    def kept_by(self, chosen: Bools) -> bool:
        """Whether the chosen openings (q,) keep every row."""
        activity = self.activity(chosen)
        below = activity < self.lower - TOLERANCE
        above = activity > self.upper + TOLERANCE
        return not bool((below | above).any())

    def impossible(self) -> Bools:
        """Return the rows (L,) that no choice can keep, each looked at alone."""
        return (self.lower > self.largest() + TOLERANCE) | (self.upper < -TOLERANCE)


def build_limits(problem: SitingProblem, candidate: Ints, kind: Ints, year: Ints) -> Limits:
    """Return every row of ``problem`` over the openings (candidate, kind, year), each (q,)."""
    rows = [
        *once_rows(problem, candidate, kind),
        *capacity_rows(problem, candidate),
        *quota_rows(problem, candidate, kind, year),
        *budget_rows(problem, candidate, kind),
        *required_rows(problem, candidate),
        *fixed_rows(problem, candidate, kind),
        *spacing_rows(problem, candidate, kind),
        *exclusive_rows(problem, candidate, kind),
    ]
    return stack(rows, len(candidate))


def once_rows(problem: SitingProblem, candidate: Ints, kind: Ints) -> Iterator[LimitRow]:
    """Yield  sum over t of x[j, k, t] <= 1  where a pair may open in more than one year."""
    if problem.n_years > 1:
        for pair, members in _grouped(candidate * len(problem.types) + kind):
            if len(members) > 1:
                site, type_ = divmod(pair, len(problem.types))
                yield counting("once", f"once_{type_}_{site}", members, -np.inf, 1.0)


def capacity_rows(problem: SitingProblem, candidate: Ints) -> Iterator[LimitRow]:
    """Yield  sum over (k, t) of x[j, k, t] <= capacity[j]  where more types may open at j."""
    crowded = problem.allowed.sum(axis=1) > problem.capacity
    places = np.flatnonzero(crowded[candidate])
    for site, members in _grouped(candidate[places]):
        held = float(problem.capacity[site])
        yield counting("capacity", f"capacity_{site}", places[members], -np.inf, held)


def _grouped(label: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each label with the places where it stands, in order."""
    order = np.argsort(label, kind="stable")
    labels, start = np.unique(label[order], return_index=True)
    members = np.split(order, start[1:]) if len(labels) else []
    yield from zip(labels.tolist(), members, strict=True)


def quota_rows(
    problem: SitingProblem, candidate: Ints, kind: Ints, year: Ints
) -> Iterator[LimitRow]:
    """Yield  minimum <= sum over the quota's (j, k, t) of x[j, k, t] <= maximum  for each quota."""
    for number, quota in enumerate(problem.quotas):
        counted = problem.members(quota)[candidate, kind]
        if quota.year:
            counted &= year == problem.years.index(quota.year)
        members = np.flatnonzero(counted)
        upper = np.inf if quota.maximum is None else float(quota.maximum)
        yield counting("quota", f"quota_{number}", members, float(quota.minimum), upper)


def budget_rows(problem: SitingProblem, candidate: Ints, kind: Ints) -> Iterator[LimitRow]:
    """Yield  sum over (j, k, t) of cost[j, k] * x[j, k, t] <= budget  if there is a budget."""
    if problem.budget is not None:
        cost = problem.cost[candidate, kind]
        members = np.flatnonzero(cost > 0)
        yield LimitRow("budget", "budget", members, cost[members], -np.inf, problem.budget)


def required_rows(problem: SitingProblem, candidate: Ints) -> Iterator[LimitRow]:
    """Yield  sum over (k, t) of x[j, k, t] >= 1  for every required site j."""
    for site in np.flatnonzero(problem.required):
        members = np.flatnonzero(candidate == site)
        yield counting("required", f"required_{site}", members, 1.0, np.inf)


def fixed_rows(problem: SitingProblem, candidate: Ints, kind: Ints) -> Iterator[LimitRow]:
    """Yield  sum over the fixed (j, k) and t of x[j, k, t] >= their number  if any is fixed."""
    members = np.flatnonzero(problem.fixed[candidate, kind])
    if len(members):
        pairs = float(problem.fixed.sum())  # one each: a pair opens once
        yield counting("fixed", "fixed", members, pairs, np.inf)


def stack(rows: list[LimitRow], width: int) -> Limits:
    """Return the rows as one `Limits` over ``width`` openings."""
    starts = np.cumsum([0, *(len(row.members) for row in rows)])
    members = [row.members for row in rows] or [np.empty(0, np.int64)]
    values = [row.coefficients for row in rows] or [np.empty(0)]
    matrix = sparse.csr_array(
        (np.concatenate(values), np.concatenate(members), starts), shape=(len(rows), width)
    )
    return Limits(
        matrix=matrix,
        lower=np.array([row.lower for row in rows], dtype=np.float64),
        upper=np.array([row.upper for row in rows], dtype=np.float64),
        kinds=tuple(row.kind for row in rows),
        names=tuple(row.name for row in rows),
    )
