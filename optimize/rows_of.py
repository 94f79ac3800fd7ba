"""Rows and columns of a problem for objectives that do not count coverage once.

Columns are always those of `openings.flatten`, so that quotas, capacities, spacing and the like
hold in the same way whatever is optimised; rows are the (demand, type) pairs an objective names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pulp
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .openings import Openings, flatten
from .problem import SitingProblem
from .row_rules import Circles, RowFloors


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """R (demand, type) pairs by q openings.

    Attributes
    ----------
    demand, kind
        Demand index and type index of each row (R,).
    matrix
        CSR (R, q): one where an opening covers the row, or its walking cost; zeros may be stored.
    """

    demand: Ints
    kind: Ints
    matrix: sparse.csr_array

    def take(self, rows: Bools | Ints) -> Rows:
        """Return these rows only."""
        return Rows(self.demand[rows], self.kind[rows], self.matrix[rows])

    def of_pairs(self, values: Floats) -> Floats:
        """Return ``values`` (n, K) for each row (R,)."""
        return np.asarray(values[self.demand, self.kind], dtype=np.float64)

    def reached(self) -> Bools:
        """Return which rows (R,) any opening reaches."""
        reached: Bools = np.diff(self.matrix.indptr) > 0
        return reached

    def columns(self, row: int) -> Ints:
        """Return the openings that reach a row."""
        part = slice(self.matrix.indptr[row], self.matrix.indptr[row + 1])
        return np.asarray(self.matrix.indices[part], dtype=np.int64)

    def pairs(self) -> Ints:
        """Return (demand, type) of each row, (R, 2)."""
        return np.column_stack([self.demand, self.kind])


def columns_of(problem: SitingProblem) -> Openings:
    """Return the openings of ``problem`` with their limits and own gains, and no coverage rows."""
    nothing_to_gain = replace(problem, covered=np.ones_like(problem.covered), floors=())
    return flatten(nothing_to_gain)


def rows_of(
    openings: Openings, matrices: Sequence[sparse.csr_array], pairs: Bools, n_candidates: int
) -> Rows:
    """Return the rows ``pairs`` (n, K) over the openings, by type, then by demand point.

    Parameters
    ----------
    openings
        The columns.
    matrices
        Cover sets or walking costs (n, m) for each type.
    pairs
        Which (demand, type) pairs are rows.
    n_candidates
        m.
    """
    kind, demand = np.nonzero(pairs.T)
    blocks = []
    for k, matrix in enumerate(matrices):
        column = np.full(n_candidates, -1, dtype=np.int64)
        mine = np.flatnonzero(openings.kind == k)
        column[openings.candidate[mine]] = mine
        blocks.append(_renamed(matrix[demand[kind == k]], column, openings.count))
    stacked = sparse.csr_array(sparse.vstack(blocks, format="csr"))
    stacked.sort_indices()
    return Rows(demand, kind, stacked)


def _renamed(matrix: sparse.csr_array, column: Ints, width: int) -> sparse.csr_array:
    """Return ``matrix`` with its columns renumbered; −1 drops one, stored zeros stay."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    renamed = column[matrix.indices]
    kept = renamed >= 0
    ends = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=matrix.shape[0]))])
    data = matrix.data[kept].astype(np.float64)
    return sparse.csr_array((data, renamed[kept], ends), shape=(matrix.shape[0], width))


def openings_over(openings: Openings, rows: Rows, weight: Floats) -> Openings:
    """Return the openings with other rows, each worth ``weight`` (R,); no floors, no circles.

    Several rows may be of one (demand, type) pair: here they are named by their number.
    """
    count = len(rows.demand)
    return replace(
        openings,
        covers=rows.matrix,
        weight=weight,
        row_demand=np.arange(count),
        row_kind=rows.kind,
        row_year=np.zeros(count, dtype=np.int64),
        floors=RowFloors.none(count),
        circles=Circles.none(count),
    )


def add_row(
    lp: pulp.LpProblem, name: str, terms: dict[pulp.LpVariable, float], sense: int, rhs: float
) -> None:
    """Add a named row  sum of terms (sense) rhs."""
    lp.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, name, rhs))


def at_least(
    lp: pulp.LpProblem, name: str, terms: dict[pulp.LpVariable, float], rhs: float
) -> None:
    """Add  sum of terms >= rhs."""
    add_row(lp, name, terms, pulp.LpConstraintGE, rhs)


def at_most(lp: pulp.LpProblem, name: str, terms: dict[pulp.LpVariable, float], rhs: float) -> None:
    """Add  sum of terms <= rhs."""
    add_row(lp, name, terms, pulp.LpConstraintLE, rhs)
