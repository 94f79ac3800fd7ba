"""The walking problem of a `SitingProblem`: who walks, to what, and what it costs out of reach."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .arrays import Bools, Floats, Ints
from .existing import Existing
from .median_ranks import Ranks, rank_entries
from .objective_checks import number_between
from .openings import Openings
from .problem import SitingProblem
from .rows_of import Rows, columns_of, rows_of


@dataclass(frozen=True, slots=True, eq=False)
class Walking:
    """R (demand, type) pairs by q openings.

    Attributes
    ----------
    openings
        The columns with their limits.
    rows
        The pairs and their impedances, zeros stored.
    weight
        Worth of each row (R,): persons, unless priorities weigh them.
    persons
        Residents of each row (R,).
    near
        Impedance to the nearest existing outlet (R,), inf = none.
    outside
        What a person costs who is out of reach, in the unit of the impedance.
    beyond
        Total cost from which on somebody is out of reach who must not be; inf without that rule.
    unreachable
        (demand, type) pairs (u, 2) that nothing reaches.
    ranks
        The rows ranked, weighted.
    """

    openings: Openings
    rows: Rows
    weight: Floats
    persons: Floats
    near: Floats
    outside: float
    beyond: float
    unreachable: Ints
    ranks: Ranks

    def figures(self, chosen: Bools) -> dict[str, float]:
        """Return mean walk, people served and people out of reach of the chosen openings (q,)."""
        walk = self.walks(chosen)
        served = np.isfinite(walk)
        people = float(self.persons[served].sum())
        total = float((self.persons[served] * walk[served]).sum())
        return {
            "mean_walk": total / people if people > 0 else 0.0,
            "persons_served": people,
            "persons_out_of_reach": float(self.persons[~served].sum()),
            "penalty": self.outside,
        }

    def walks(self, chosen: Bools) -> Floats:
        """Return the impedance to the nearest outlet of each row (R,), inf out of reach."""
        matrix = self.rows.matrix
        costs = np.where(chosen[matrix.indices], matrix.data, np.inf)
        ends = np.append(costs, np.inf)
        nearest = np.minimum.reduceat(ends, matrix.indptr[:-1]) if len(self.near) else self.near
        return np.minimum(np.where(self.rows.reached(), nearest, np.inf), self.near)


def walking_rows(
    problem: SitingProblem, existing: Existing | None, penalty: float | None, *, must_reach: bool
) -> Walking:
    """Return the walking problem; see `median.plan_least_walking` for the options.

    Raises
    ------
    InputFaults
        If the penalty is negative.
    """
    openings = columns_of(problem)
    known = ~problem.unknown & (problem.weights > 0)
    pairs = known if existing is not None else known & ~problem.covered
    rows = rows_of(openings, problem.impedance, pairs, problem.n_candidates)
    near = _nearest_existing(rows, existing)
    reachable = rows.reached() | np.isfinite(near)
    unreachable = rows.pairs()[~reachable]
    rows, near = rows.take(reachable), near[reachable]
    weight = rows.of_pairs(problem.weights)
    outside = _penalty(rows, near, penalty)
    base = np.where(np.isfinite(near), near, outside)
    entry_row = np.repeat(np.arange(len(near)), np.diff(rows.matrix.indptr))
    costs = rows.matrix.data * weight[entry_row]
    cap, beyond = base * weight, np.inf
    if must_reach:
        most = cap.copy()
        np.maximum.at(most, entry_row, costs)
        beyond = 2.0 * float(most.sum()) + 1.0
        cap = np.where(np.isfinite(near), cap, beyond)
    site = rows.matrix.indices.astype(np.int64)
    return Walking(
        openings=openings,
        rows=rows,
        weight=weight,
        persons=problem.residents[rows.demand],
        near=near,
        outside=outside,
        beyond=beyond,
        unreachable=unreachable,
        ranks=rank_entries(entry_row, site, costs, cap, openings.count),
    )


def _nearest_existing(rows: Rows, existing: Existing | None) -> Floats:
    near = np.full(len(rows.demand), np.inf)
    for k, matrix in enumerate(existing.impedance if existing is not None else ()):
        nearest = np.full(matrix.shape[0], np.inf)
        np.minimum.at(
            nearest, np.repeat(np.arange(len(nearest)), np.diff(matrix.indptr)), matrix.data
        )
        mine = rows.kind == k
        near[mine] = nearest[rows.demand[mine]]
    return near


def _penalty(rows: Rows, near: Floats, penalty: float | None) -> float:
    if penalty is not None:
        return number_between("penalty", penalty, 0.0, float("inf"))
    largest = float(rows.matrix.data.max(initial=0.0))
    return 2.0 * max(largest, float(near[np.isfinite(near)].max(initial=0.0)))


def only_total(openings: Openings) -> tuple[int, int] | None:
    """Return least and most outlets where that is all the limits say, else None."""
    limits = openings.limits
    rows = total_rows(openings)
    if len(rows) < len(limits.names):
        return None
    least, most = 0, openings.count
    for row in rows:
        least = max(least, int(np.ceil(max(limits.lower[row], 0.0) - 1e-9)))
        most = min(most, int(np.floor(min(limits.upper[row], openings.count) + 1e-9)))
    return (least, most) if least <= most else None


def total_rows(openings: Openings) -> list[int]:
    """Return the limits that count every opening once."""
    matrix = openings.limits.matrix
    parts = (matrix.data[start:end] for start, end in pairwise(matrix.indptr.tolist()))
    return [
        row
        for row, part in enumerate(parts)
        if len(part) == openings.count and bool((part == 1.0).all())
    ]


def opened_at_least(chosen: Bools, least: int) -> Bools:
    """Return the plan with so many columns at least: one more never makes a walk longer."""
    filled = chosen.copy()
    missing = max(least - int(filled.sum()), 0)
    filled[np.flatnonzero(~filled)[:missing]] = True
    return filled
