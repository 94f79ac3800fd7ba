"""The problem flattened: one column for each (candidate, type, year) that may open.

An **opening** is a candidate that opens an outlet of a type in a year. Its cover set is the set
of **rows**, triples of a demand point, a type and a year, that it would newly cover: those of its
type, in its year and all later ones. Types, years, quotas, capacities and budgets then differ only
in columns and limit rows; floors and circles only in what they ask of rows. Reductions, search and
model know nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints, column_sums, rows_met
from .limits import Limits, build_limits
from .problem import SitingProblem
from .row_rules import Circles, RowFloors, build_circles, build_floors, wanted_rows


@dataclass(frozen=True, slots=True, eq=False)
class Openings:
    """Coverage to be won: R rows by q openings.

    Attributes
    ----------
    candidate, kind, year
        Candidate, type and year index of each opening (q,). No plan that keeps the limits holds
        two openings that differ in the year alone.
    covers
        Cover sets, CSR (R, q).
    weight
        What covering a row is worth (R,), not negative; 0 where only floors or circles count it.
    gain
        What an opening is worth by itself (q,), not negative: rows that it alone can cover, an
        outlet kept.
    limits
        Quotas and the like over the openings.
    row_demand, row_kind, row_year
        Demand, type and year index of one row of each merged set (R,), for names.
    floors
        Least sums of covered rows.
    circles
        Sets of rows worth more together.
    constant
        Worth already certain, whatever else is chosen.
    """

    candidate: Ints
    kind: Ints
    year: Ints
    covers: sparse.csr_array
    weight: Floats
    gain: Floats
    limits: Limits
    row_demand: Ints
    row_kind: Ints
    row_year: Ints
    floors: RowFloors
    circles: Circles
    constant: float = 0.0

    @property
    def count(self) -> int:
        """Number of openings q."""
        return len(self.candidate)

    def covered(self, chosen: Bools) -> Bools:
        """Return which rows (R,) the chosen openings (q,) cover."""
        met: Bools = rows_met(self.covers, chosen) > 0
        return met

    def value(self, chosen: Bools) -> float:
        """Return the objective of the chosen openings (q,)."""
        covered = self.covered(chosen)
        circles = self.circles.weight[self.circles.complete(covered)].sum()
        won = self.weight[covered].sum() + self.gain[chosen].sum()
        return float(self.constant + won + circles)

    def feasible(self, chosen: Bools) -> bool:
        """Whether the chosen openings (q,) keep every limit and every floor."""
        return self.limits.kept_by(chosen) and self.floors.kept_by(self.covered(chosen))

    def impossible(self) -> bool:
        """Whether some limit or floor, looked at alone, can be kept by no choice."""
        return bool(self.limits.impossible().any() or self.floors.impossible().any())

    def asked(self) -> Bools:
        """Return the rows (R,) that a floor or a circle counts."""
        asked = np.zeros(self.covers.shape[0], dtype=bool)
        asked[self.floors.matrix.indices[self.floors.matrix.data > 0]] = True
        asked[self.circles.members.indices] = True
        return asked

    def alone(self) -> Floats:
        """Return what each opening would win if it were the only one (q,), circles left out."""
        return self.gain + column_sums(self.covers, self.weight)

    def most(self) -> float:
        """Return the objective with everything open: a first upper bound."""
        reached = np.diff(self.covers.indptr) > 0
        won = self.weight[reached].sum() + self.gain.sum() + self.circles.weight.sum()
        return float(self.constant + won)

    def whole(self) -> bool:
        """Whether every plan's objective is a whole number."""
        parts = (self.weight, self.gain, self.circles.weight, np.array([self.constant]))
        return all(bool((part == np.floor(part)).all()) for part in parts)

    def keep_rows(self, rows: Bools | Ints) -> Openings:
        """Return the openings with these rows only.

        A row left out counts for no floor and no circle any more: take what it contributes into
        account first.
        """
        return replace(
            self,
            covers=self.covers[rows],
            weight=self.weight[rows],
            row_demand=self.row_demand[rows],
            row_kind=self.row_kind[rows],
            row_year=self.row_year[rows],
            floors=replace(self.floors, matrix=self.floors.matrix[:, rows]),
            circles=replace(self.circles, members=self.circles.members[:, rows]),
        )

    def keep_columns(self, columns: Ints) -> Openings:
        """Return these openings only; rows are left as they are."""
        return replace(
            self,
            candidate=self.candidate[columns],
            kind=self.kind[columns],
            year=self.year[columns],
            covers=self.covers[:, columns],
            gain=self.gain[columns],
            limits=replace(self.limits, matrix=self.limits.matrix[:, columns]),
        )


def flatten(problem: SitingProblem) -> Openings:
    """Return ``problem`` as openings, ordered by type, then candidate, then year.

    Rows are ordered by type, then year, then demand point.
    """
    kind, candidate, year = np.nonzero(_may_open(problem).transpose(1, 0, 2))
    wanted = wanted_rows(problem)
    row_kind, row_year, row_demand = np.nonzero(wanted.transpose(1, 2, 0))
    number = np.full(wanted.shape, -1, dtype=np.int64)
    number[row_demand, row_kind, row_year] = np.arange(len(row_demand))
    worth = np.where(problem.scored(), problem.weights, 0.0)[row_demand, row_kind]
    kept = problem.previous[candidate, kind]
    return Openings(
        candidate=candidate,
        kind=kind,
        year=year,
        covers=_cover_sets(problem, (candidate, kind, year), (row_demand, row_kind, row_year)),
        weight=worth * problem.year_weight[row_year],
        gain=np.where(kept, problem.keep_weight, 0.0),
        limits=build_limits(problem, candidate, kind, year),
        row_demand=row_demand,
        row_kind=row_kind,
        row_year=row_year,
        floors=build_floors(problem, number, len(row_demand)),
        circles=build_circles(problem, number, len(row_demand)),
    )


def _may_open(problem: SitingProblem) -> Bools:
    """Return which (candidate, type, year) may open (m, K, T)."""
    years = np.arange(problem.n_years)
    bound = np.where(problem.fixed, problem.fixed_year, -1)[:, :, None]
    may: Bools = problem.allowed[:, :, None] & ((bound < 0) | (bound == years))
    return may


def _cover_sets(
    problem: SitingProblem, columns: tuple[Ints, Ints, Ints], rows: tuple[Ints, Ints, Ints]
) -> sparse.csr_array:
    """Return the cover sets, CSR (R, q): block by block of one type and one year of the rows."""
    (candidate, kind, year), (row_demand, row_kind, row_year) = columns, rows
    indices, lengths = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for k, matrix in enumerate(problem.covers):
        for t in range(problem.n_years):
            of_block = np.flatnonzero((kind == k) & (year <= t))
            here = matrix[row_demand[(row_kind == k) & (row_year == t)]]
            block = _spread_columns(here, candidate[of_block])
            indices.append(of_block[block.indices])
            lengths.append(np.diff(block.indptr))
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    ones = np.ones(starts[-1], dtype=np.int8)
    shape = (len(row_demand), len(candidate))
    covers = sparse.csr_array((ones, np.concatenate(indices), starts), shape=shape)
    covers.sort_indices()
    return covers


def _spread_columns(matrix: sparse.csr_array, candidate: Ints) -> sparse.csr_array:
    """Return the columns of ``matrix`` for each opening's candidate, repetitions allowed."""
    if len(np.unique(candidate)) == len(candidate):
        return sparse.csr_array(matrix[:, candidate])
    ones = np.ones(len(candidate), dtype=np.int8)
    openings = np.arange(len(candidate))
    shape = (matrix.shape[1], len(candidate))
    return sparse.csr_array(matrix @ sparse.csr_array((ones, (candidate, openings)), shape=shape))
