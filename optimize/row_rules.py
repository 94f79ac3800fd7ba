"""What is asked of covered rows: floors of coverage, and circles worth more when complete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints, rows_met
from .limits import TOLERANCE
from .problem import Floor, SitingProblem


@dataclass(frozen=True, slots=True, eq=False)
class RowFloors:
    """Least weighted sums of covered rows.

    Attributes
    ----------
    matrix
        Coefficients, CSR (F, R), none negative: persons of each row.
    lower
        Least sum over the covered rows (F,), persons.
    names
        Unique name of each floor.
    """

    matrix: sparse.csr_array
    lower: Floats
    names: tuple[str, ...]

    @classmethod
    def none(cls, rows: int) -> RowFloors:
        """Return no floor over so many rows."""
        return cls(sparse.csr_array((0, rows), dtype=np.float64), np.empty(0), ())

    def kept_by(self, covered: Bools) -> bool:
        """Whether the covered rows (R,) keep every floor."""
        reached = self.matrix @ covered.astype(np.float64)
        return bool((reached >= self.lower - TOLERANCE).all())

    def impossible(self) -> Bools:
        """Return the floors (F,) that even all rows together cannot keep."""
        most = np.asarray(self.matrix.sum(axis=1), dtype=np.float64)
        return self.lower > most + TOLERANCE


@dataclass(frozen=True, slots=True, eq=False)
class Circles:
    """Sets of rows that are worth something more when all of them are covered.

    Attributes
    ----------
    members
        Ones where a row belongs to a circle, CSR (C, R).
    weight
        Worth of each complete circle (C,), positive.
    """

    members: sparse.csr_array
    weight: Floats

    @classmethod
    def none(cls, rows: int) -> Circles:
        """Return no circle over so many rows."""
        return cls(sparse.csr_array((0, rows), dtype=np.int8), np.empty(0))

    def complete(self, covered: Bools) -> Bools:
        """Return which circles (C,) the covered rows (R,) complete."""
        size: Ints = np.diff(self.members.indptr)
        full: Bools = rows_met(self.members, covered) == size
        return full


def _gaps(problem: SitingProblem) -> Bools:
    """Return the known gaps (n, K)."""
    gaps: Bools = ~problem.covered & ~problem.unknown
    return gaps


def wanted_rows(problem: SitingProblem) -> Bools:
    """Return which (demand, type, year) triples (n, K, T) count in objective, floor or circle."""
    wanted = problem.scored()[:, :, None] & (problem.year_weight > 0)
    wanted |= _circle_rows(problem)[:, None, :]
    for floor in problem.floors:
        year = floor_year(problem, floor)
        wanted[:, :, year] |= floor_pairs(problem, floor) & (problem.residents > 0)[:, None]
    wanted &= _gaps(problem)[:, :, None]
    return wanted


def floor_year(problem: SitingProblem, floor: Floor) -> int:
    """Return the index of the year by whose end ``floor`` is to be reached."""
    return problem.years.index(floor.year) if floor.year else problem.n_years - 1


def floor_pairs(problem: SitingProblem, floor: Floor) -> Bools:
    """Return the (demand, type) pairs (n, K) whose coverage ``floor`` looks at."""
    pairs = ~problem.unknown
    if floor.type:
        pairs &= np.asarray(problem.types)[None, :] == floor.type
    if floor.level:
        pairs &= (problem.demand_groups[floor.level] == floor.group)[:, None]
    return pairs


def floor_needs(problem: SitingProblem, floor: Floor) -> float:
    """Return how many (person, type) pairs ``floor`` asks of new outlets; may be negative."""
    pairs = floor_pairs(problem, floor)
    known = problem.residents @ pairs.sum(axis=1)
    before = problem.residents @ (pairs & problem.covered).sum(axis=1)
    return float(floor.share * known - before)


def build_floors(problem: SitingProblem, number: Ints, rows: int) -> RowFloors:
    """Return  sum over the floor's rows of residents * y >= its share − what is covered."""
    if not problem.floors:
        return RowFloors.none(rows)
    columns, persons = [], []
    for floor in problem.floors:
        of_year = number[:, :, floor_year(problem, floor)]
        demand, kind = np.nonzero(floor_pairs(problem, floor) & (of_year >= 0))
        columns.append(of_year[demand, kind])
        persons.append(problem.residents[demand])
    starts = np.cumsum([0, *map(len, columns)])
    entries = (np.concatenate(persons), np.concatenate(columns), starts)
    return RowFloors(
        matrix=sparse.csr_array(entries, shape=(len(columns), rows)),
        lower=np.array([floor_needs(problem, floor) for floor in problem.floors]),
        names=tuple(f"floor_{place}" for place in range(len(columns))),
    )


def _circle_rows(problem: SitingProblem) -> Bools:
    """Return whose circle (n, T) new outlets could complete."""
    open_ones = (problem.circle_weight > 0) & ~problem.covered.all(axis=1)
    open_ones &= ~problem.unknown.any(axis=1)
    rows: Bools = open_ones[:, None] & (problem.year_weight > 0)
    return rows


def build_circles(problem: SitingProblem, number: Ints, rows: int) -> Circles:
    """Return a circle for each (demand, year), over its types that are not covered yet."""
    demand, year = np.nonzero(_circle_rows(problem))
    if not len(demand):
        return Circles.none(rows)
    members = number[demand, :, year]
    circle, kind = np.nonzero(members >= 0)
    starts = np.concatenate([[0], np.cumsum((members >= 0).sum(axis=1))])
    columns = members[circle, kind]
    entries = (np.ones(len(columns), dtype=np.int8), columns, starts)
    weight: Floats = problem.circle_weight[demand] * problem.year_weight[year]
    return Circles(sparse.csr_array(entries, shape=(len(demand), rows)), weight)
