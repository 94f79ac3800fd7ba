"""The problem flattened: one column for each (candidate, type) pair that may open.

An **opening** is a pair of a candidate and a type. Its cover set is the set of **rows**, pairs of
a demand point and a type, that it would newly cover. Types, quotas, capacities, budgets (and later
years) then differ only in columns and limit rows; reductions, search and model know nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints, column_sums, rows_met
from .limits import Limits, build_limits
from .problem import SitingProblem


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """Coverage to be won: R rows by q openings.

    Attributes
    ----------
    candidate, kind
        Candidate index and type index of each opening (q,).
    covers
        Cover sets, CSR (R, q).
    weight
        What covering a row is worth (R,), positive.
    gain
        What an opening is worth by itself (q,): rows that it alone can cover.
    limits
        Quotas and the like over the openings.
    constant
        Worth already certain, whatever else is chosen.
    row_demand, row_kind
        Demand index and type index of one row of each merged set (R,), for names.
    """

    candidate: Ints
    kind: Ints
    covers: sparse.csr_array
    weight: Floats
    gain: Floats
    limits: Limits
    row_demand: Ints
    row_kind: Ints
    constant: float = 0.0

    @property
    def count(self) -> int:
        """Number of openings q."""
        return len(self.candidate)

    def value(self, chosen: Bools) -> float:
        """Return the objective of the chosen openings (q,)."""
        covered = rows_met(self.covers, chosen) > 0
        return float(self.constant + self.weight[covered].sum() + self.gain[chosen].sum())

    def alone(self) -> Floats:
        """Return what each opening would win if it were the only one (q,)."""
        return self.gain + column_sums(self.covers, self.weight)

    def most(self) -> float:
        """Return the objective with everything open: a first upper bound."""
        reached = np.diff(self.covers.indptr) > 0
        return float(self.constant + self.weight[reached].sum() + self.gain.sum())

    def keep_rows(self, rows: Bools | Ints) -> Openings:
        """Return the openings with these rows only."""
        return replace(
            self,
            covers=self.covers[rows],
            weight=self.weight[rows],
            row_demand=self.row_demand[rows],
            row_kind=self.row_kind[rows],
        )

    def keep_columns(self, columns: Ints) -> Openings:
        """Return these openings only; rows are left as they are."""
        return replace(
            self,
            candidate=self.candidate[columns],
            kind=self.kind[columns],
            covers=self.covers[:, columns],
            gain=self.gain[columns],
            limits=replace(self.limits, matrix=self.limits.matrix[:, columns]),
        )


def flatten(problem: SitingProblem) -> Openings:
    """Return ``problem`` as openings, ordered by type, then by candidate."""
    kind, candidate = np.nonzero(problem.allowed.T)
    row_kind, row_demand = np.nonzero(problem.scored().T)
    blocks = [
        matrix[row_demand[row_kind == k]][:, candidate[kind == k]]
        for k, matrix in enumerate(problem.covers)
    ]
    covers = sparse.csr_array(sparse.block_diag(blocks, format="csr"))
    covers.sort_indices()
    return Openings(
        candidate=candidate,
        kind=kind,
        covers=covers,
        weight=problem.weights[row_demand, row_kind],
        gain=np.zeros(len(candidate)),
        limits=build_limits(problem, candidate, kind),
        row_demand=row_demand,
        row_kind=row_kind,
    )
