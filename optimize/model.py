"""The maximum-coverage model in PuLP, one function for each variable family and constraint.

maximise    constant + sum over rows r of weight[r] * y[r] + sum over openings o of gain[o] * x[o]
subject to  y[r] <= sum of x[o] over the openings o that cover r          (`cover_rows`)
            the limits of the problem                                      (`limit_rows`)
            x binary, 0 <= y <= 1: y needs no integrality, its weight is positive.

Church and ReVelle, "The maximal covering location problem", Papers of the Regional Science
Association 32, 1974. Rows are built over cover sets only, never over all candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pulp

from .arrays import Bools, rows_met
from .openings import Openings


@dataclass(frozen=True, slots=True, eq=False)
class CoverageModel:
    """A PuLP model and its variables.

    Attributes
    ----------
    lp
        The model; its objective leaves out `Openings.constant`.
    opened
        x of each opening (q,).
    covered
        y of each row (R,).
    """

    lp: pulp.LpProblem
    opened: Sequence[pulp.LpVariable]
    covered: Sequence[pulp.LpVariable]

    def chosen(self) -> Bools:
        """Return the solution's openings (q,), rounded; nothing where there is none."""
        return np.array([(x.varValue or 0.0) > 0.5 for x in self.opened], dtype=bool)

    def started(self) -> bool:
        """Whether the variables hold a warm start."""
        return bool(self.opened) and self.opened[0].varValue is not None

    def start_from(self, openings: Openings, chosen: Bools) -> None:
        """Set every variable to the plan ``chosen`` (q,), as a warm start."""
        for x, value in zip(self.opened, chosen, strict=True):
            x.varValue = float(value)
        for y, count in zip(self.covered, rows_met(openings.covers, chosen), strict=True):
            y.varValue = float(count > 0)


def coverage_model(openings: Openings) -> CoverageModel:
    """Return the maximum-coverage model of ``openings``."""
    lp = pulp.LpProblem("maximum_coverage", pulp.LpMaximize)
    x = opening_variables(lp, openings)
    y = coverage_variables(lp, openings)
    coverage_objective(lp, openings, x, y)
    cover_rows(lp, openings, x, y)
    limit_rows(lp, openings, x)
    return CoverageModel(lp, x, y)


def feasibility_model(openings: Openings) -> CoverageModel:
    """Return a model of the limits alone: maximise what each opening would win by itself."""
    lp = pulp.LpProblem("feasible_plan", pulp.LpMaximize)
    x = opening_variables(lp, openings)
    worth = zip(x, openings.alone().tolist(), strict=True)
    lp.setObjective(pulp.LpAffineExpression(worth))
    limit_rows(lp, openings, x)
    return CoverageModel(lp, x, ())


def opening_variables(lp: pulp.LpProblem, openings: Openings) -> list[pulp.LpVariable]:
    """Add  x[o] in {0, 1}: whether opening o, candidate j for type k, opens (``open_k_j``)."""
    pairs = zip(openings.kind.tolist(), openings.candidate.tolist(), strict=True)
    return [lp.add_variable(f"open_{k}_{j}", 0, 1, pulp.LpInteger) for k, j in pairs]


def coverage_variables(lp: pulp.LpProblem, openings: Openings) -> list[pulp.LpVariable]:
    """Add  0 <= y[r] <= 1: whether demand point i is covered for type k (``covered_k_i``)."""
    pairs = zip(openings.row_kind.tolist(), openings.row_demand.tolist(), strict=True)
    return [lp.add_variable(f"covered_{k}_{i}", 0, 1) for k, i in pairs]


def coverage_objective(
    lp: pulp.LpProblem,
    openings: Openings,
    x: Sequence[pulp.LpVariable],
    y: Sequence[pulp.LpVariable],
) -> None:
    """Set  maximise sum of weight[r] * y[r] + sum of gain[o] * x[o]."""
    terms = dict(zip(y, openings.weight.tolist(), strict=True))
    terms |= {v: gain for v, gain in zip(x, openings.gain.tolist(), strict=True) if gain}
    lp.setObjective(pulp.LpAffineExpression(terms))


def cover_rows(
    lp: pulp.LpProblem,
    openings: Openings,
    x: Sequence[pulp.LpVariable],
    y: Sequence[pulp.LpVariable],
) -> None:
    """Add  y[r] - sum of x[o] over the openings o that cover r <= 0  for every row r."""
    columns = openings.covers.indices.tolist()
    ends = openings.covers.indptr.tolist()
    for row, variable in enumerate(y):
        terms = {x[column]: -1.0 for column in columns[ends[row] : ends[row + 1]]}
        terms[variable] = 1.0
        _add(lp, f"cover{variable.name[7:]}", terms, pulp.LpConstraintLE, 0.0)


def limit_rows(lp: pulp.LpProblem, openings: Openings, x: Sequence[pulp.LpVariable]) -> None:
    """Add  lower <= sum of coefficient * x[o] <= upper  for every row of `limits`."""
    limits = openings.limits
    for row, name in enumerate(limits.names):
        part = slice(limits.matrix.indptr[row], limits.matrix.indptr[row + 1])
        members = [x[column] for column in limits.matrix.indices[part]]
        terms = dict(zip(members, limits.matrix.data[part].tolist(), strict=True))
        lower, upper = float(limits.lower[row]), float(limits.upper[row])
        if lower == upper:
            _add(lp, name, terms, pulp.LpConstraintEQ, lower)
            continue
        if np.isfinite(upper):
            _add(lp, f"{name}_max", terms, pulp.LpConstraintLE, upper)
        if np.isfinite(lower):
            _add(lp, f"{name}_min", terms, pulp.LpConstraintGE, lower)


def _add(
    lp: pulp.LpProblem, name: str, terms: dict[pulp.LpVariable, float], sense: int, rhs: float
) -> None:
    lp.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, name, rhs))
