"""Who may be served by whom, and the model of it in PuLP."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pulp
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .limits import TOLERANCE
from .model import CoverageModel, limit_rows, opening_variables
from .openings import Openings
from .plan import PROVEN
from .rows_of import Rows, at_least, at_most

#: Variables z of each row, in the order of its stored columns.
Parts = list[list[pulp.LpVariable]]


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """R rows of demand by q openings and e existing outlets behind them.

    Attributes
    ----------
    openings
        The openings and limits.
    rows
        Who reaches whom (R, q + e).
    persons, weight
        Residents of a row, and what serving them all is worth (R,), positive.
    capacity, least
        Most and least persons of each column (q + e,).
    stands
        (type, number) of each existing outlet (e, 2).
    split
        Whether a row may be shared among columns.
    walks
        Walking costs in the pattern of ``rows``, or None.
    """

    openings: Openings
    rows: Rows
    persons: Floats
    weight: Floats
    capacity: Floats
    least: Floats
    stands: Ints
    split: bool
    walks: sparse.csr_array | None = None

    def row_of_entry(self) -> Ints:
        """Return the row of each stored entry."""
        count = np.diff(self.rows.matrix.indptr)
        return np.repeat(np.arange(len(self.persons)), count)

    def value(self, served: Served) -> float:
        """Return the weight served."""
        return float((self.weight[self.row_of_entry()] * served.part).sum())

    def loads(self, served: Served) -> Floats:
        """Return the persons that each column serves (q + e,)."""
        persons = self.persons[self.row_of_entry()] * served.part
        width = len(self.capacity)
        loads = np.bincount(self.rows.matrix.indices, weights=persons, minlength=width)
        return loads.astype(np.float64, copy=False)

    def kept_by(self, served: Served) -> bool:
        """Whether limits, capacities and least loads are kept and nobody is served twice."""
        open_now = self.open_columns(served.chosen)
        loads, slack = self.loads(served), TOLERANCE + PROVEN * self.persons.max(initial=0.0)
        parts = np.bincount(self.row_of_entry(), served.part, minlength=len(self.persons))
        fits = bool((loads <= np.where(open_now, self.capacity, 0.0) + slack).all())
        enough = bool((loads >= np.where(open_now, self.least, 0.0) - slack).all())
        once = bool((parts <= 1 + PROVEN).all())
        return fits and enough and once and self.openings.limits.kept_by(served.chosen)

    def open_columns(self, chosen: Bools) -> Bools:
        """Return which columns (q + e,) serve when the openings ``chosen`` (q,) are open."""
        return np.concatenate([chosen, np.ones(len(self.stands), dtype=bool)])

    def row_walks(self) -> list[list[float]]:
        """Return the walking costs of each row's columns; 0 where none are known."""
        matrix = self.rows.matrix
        ends = matrix.indptr.tolist()
        found = self._walk_of_entry().tolist()
        return [found[ends[r] : ends[r + 1]] for r in range(len(self.persons))]

    def walked(self, served: Served) -> float:
        """Return persons times walking cost."""
        persons = self.persons[self.row_of_entry()] * served.part
        return float((persons * self._walk_of_entry()).sum())

    def _walk_of_entry(self) -> Floats:
        if self.walks is None:
            return np.zeros(len(self.rows.matrix.indices))
        width = self.rows.matrix.shape[1]
        known = np.repeat(np.arange(self.walks.shape[0]), np.diff(self.walks.indptr))
        keys = known * width + self.walks.indices
        order = np.argsort(keys)
        wanted = self.row_of_entry() * width + self.rows.matrix.indices
        at = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
        if not len(keys):
            return np.zeros(len(wanted))
        return np.where(keys[order][at] == wanted, self.walks.data[order][at], 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """What opens (q,), and the part of its row that each stored entry serves, 0..1."""

    chosen: Bools
    part: Floats


def serving_model(serving: Serving, fixed: Bools | None = None) -> tuple[CoverageModel, Parts]:
    """Return the capacitated model and its z; with ``fixed`` (q,) nothing else may open."""
    lp = pulp.LpProblem("capacitated_coverage", pulp.LpMaximize)
    x = opening_variables(lp, serving.openings)
    if fixed is not None:
        for variable, value in zip(x, fixed.tolist(), strict=True):
            variable.lowBound = variable.upBound = int(value)
    z = part_variables(lp, serving)
    worth: dict[pulp.LpVariable, float] = {}
    for weight, row in zip(serving.weight.tolist(), z, strict=True):
        worth |= dict.fromkeys(row, weight)
    lp.setObjective(pulp.LpAffineExpression(worth))
    demand_rows(lp, z)
    open_rows(lp, serving, x, z)
    capacity_rows(lp, serving, x, z)
    limit_rows(lp, serving.openings, x)
    return CoverageModel(lp, x, [variable for row in z for variable in row]), z


def part_variables(lp: pulp.LpProblem, serving: Serving) -> Parts:
    """Add  z[r, o] in {0, 1}, or in [0, 1] where demand may be split (``serve_r_o``)."""
    kind = pulp.LpContinuous if serving.split else pulp.LpInteger
    return [
        [lp.add_variable(f"serve_{r}_{o}", 0, 1, kind) for o in serving.rows.columns(r).tolist()]
        for r in range(len(serving.persons))
    ]


def demand_rows(lp: pulp.LpProblem, z: Parts) -> None:
    """Add  sum over o of z[r, o] <= 1  for every row r."""
    for r, row in enumerate(z):
        at_most(lp, f"demand_{r}", dict.fromkeys(row, 1.0), 1.0)


def open_rows(lp: pulp.LpProblem, serving: Serving, x: list[pulp.LpVariable], z: Parts) -> None:
    """Add  z[r, o] <= x[o]  for every r and every opening o: implied, but it tightens the bound."""
    for r, row in enumerate(z):
        for o, variable in zip(serving.rows.columns(r).tolist(), row, strict=True):
            if o < len(x):
                at_most(lp, f"open_{r}_{o}", {variable: 1.0, x[o]: -1.0}, 0.0)


def capacity_rows(lp: pulp.LpProblem, serving: Serving, x: list[pulp.LpVariable], z: Parts) -> None:
    """Add  least[o] * x[o] <= sum over r of persons[r] * z[r, o] <= capacity[o] * x[o].

    Nothing is added for a capacity that all within reach do not exhaust: z <= x says it all, and
    large coefficients make solvers err.
    """
    load: list[dict[pulp.LpVariable, float]] = [{} for _ in serving.capacity]
    for r, (persons, row) in enumerate(zip(serving.persons.tolist(), z, strict=True)):
        for o, variable in zip(serving.rows.columns(r).tolist(), row, strict=True):
            load[o][variable] = persons
    for o, terms in enumerate(load):
        room, least = float(serving.capacity[o]), float(serving.least[o])
        limited = room < sum(terms.values())
        if o >= len(x):
            if limited:
                at_most(lp, f"capacity_{o}", terms, room)
            continue
        if limited:
            at_most(lp, f"capacity_{o}", terms | {x[o]: -room}, 0.0)
        if least > 0:
            at_least(lp, f"least_load_{o}", terms | {x[o]: -least}, 0.0)


def served_in(serving: Serving, chosen: Bools, z: Parts) -> Served:
    """Return what the model's variables say; whole parts are rounded."""
    part = np.array([v.varValue or 0.0 for row in z for v in row], dtype=np.float64)
    if not serving.split:
        part = part.round()
    return Served(chosen, np.clip(part, 0.0, 1.0))


def start_from(model: CoverageModel, served: Served) -> None:
    """Set every variable to what is served, as a warm start."""
    for x, value in zip(model.opened, served.chosen.tolist(), strict=True):
        x.varValue = float(value)
    for variable, value in zip(model.covered, served.part.tolist(), strict=True):
        variable.varValue = value
