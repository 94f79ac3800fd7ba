"""The set cover in PuLP, full and partial: one function for each family of rows.

minimise    sum of price[o] * x[o]
subject to  sum of x[o] over the o that cover r >= 1       where r must be covered (`must_rows`)
            y[r] <= sum of x[o] over the o that cover r    elsewhere               (`may_rows`)
            sum of people[g, r] * y[r] >= needed[g]        for every group g   (`target_rows`)
            the limits of the problem                                          (`limit_rows`)
            x binary, 0 <= y <= 1: y needs no integrality, it only ever helps a target.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pulp

from .arrays import Bools, Ints, rows_met
from .covering import Covering
from .model import CoverageModel, limit_rows, opening_variables
from .openings import Openings
from .rows_of import at_least


def fewest_model(covering: Covering, openings: Openings) -> CoverageModel:
    """Return the model, as maximising the negative price: solvers bound from above.

    ``openings`` are the columns of ``covering``, for names.
    """
    lp = pulp.LpProblem("fewest_outlets", pulp.LpMaximize)
    named = replace(openings, limits=covering.limits)
    x = opening_variables(lp, named)
    lp.setObjective(pulp.LpAffineExpression(zip(x, (-covering.price).tolist(), strict=True)))
    must_rows(lp, covering, x)
    y = may_rows(lp, covering, x)
    target_rows(lp, covering, y)
    limit_rows(lp, named, x)
    return CoverageModel(lp, x, list(y.values()))


def start_from(model: CoverageModel, covering: Covering, chosen: Bools) -> None:
    """Set every variable to the choice (q,), as a warm start."""
    covered = rows_met(covering.matrix, chosen) > 0
    for x, value in zip(model.opened, chosen.tolist(), strict=True):
        x.varValue = float(value)
    may = covered[~covering.must].tolist()
    for y, value in zip(model.covered, may, strict=True):
        y.varValue = float(value)


def must_rows(lp: pulp.LpProblem, covering: Covering, x: list[pulp.LpVariable]) -> None:
    """Add  sum of x[o] over the openings o that cover r >= 1  for every r that must be covered."""
    for row in np.flatnonzero(covering.must).tolist():
        at_least(lp, f"must_{row}", {x[o]: 1.0 for o in _columns(covering, row)}, 1.0)


def may_rows(
    lp: pulp.LpProblem, covering: Covering, x: list[pulp.LpVariable]
) -> dict[int, pulp.LpVariable]:
    """Add  0 <= y[r] <= 1  and  sum of x[o] over the o that cover r >= y[r]  for all other rows."""
    y: dict[int, pulp.LpVariable] = {}
    for row in np.flatnonzero(~covering.must).tolist():
        y[row] = lp.add_variable(f"covered_{row}", 0, 1)
        terms = {x[o]: 1.0 for o in _columns(covering, row)} | {y[row]: -1.0}
        at_least(lp, f"cover_{row}", terms, 0.0)
    return y


def target_rows(lp: pulp.LpProblem, covering: Covering, y: dict[int, pulp.LpVariable]) -> None:
    """Add  sum of people[g, r] * y[r] >= needed[g]  for every group g."""
    people = covering.people
    for group, needed in enumerate(covering.needed.tolist()):
        part = slice(people.indptr[group], people.indptr[group + 1])
        rows = [y[row] for row in people.indices[part].tolist()]
        terms = dict(zip(rows, people.data[part].tolist(), strict=True))
        at_least(lp, f"target_{group}", terms, needed)


def _columns(covering: Covering, row: int) -> Ints:
    part = slice(covering.matrix.indptr[row], covering.matrix.indptr[row + 1])
    return np.asarray(covering.matrix.indices[part], dtype=np.int64)
