"""Walking with assignment: outlets that serve so many persons, and several outlets a person.

minimise    sum over rows r of weight[r] * (sum of cost[r, o] * a[r, o] + outside * n[r])
subject to  sum over o of a[r, o] + n[r] = k                                   (`served_rows`)
            a[r, o] <= x[o]                                                    (`open_rows`)
            sum over r of persons[r] * a[r, o] <= room[o] * x[o]               (`room_rows`)
            the limits of the problem; x binary, a binary where demand must not be split.

Existing outlets are outlets with x = 1. n is what the plan leaves out of reach, at the penalty.
Ross and Soland, "Modeling facility location problems as generalized assignment problems",
Management Science 24, 1977 (capacities).
"""

from __future__ import annotations

import pulp

from .median_serving import Serving, out_of_reach
from .model import CoverageModel, limit_rows, opening_variables
from .rows_of import add_row, at_most


def assignment_model(serving: Serving) -> tuple[CoverageModel, list[pulp.LpVariable]]:
    """Return the model in PuLP, as maximising the negative walk, and a of each stored entry."""
    lp = pulp.LpProblem("least_walking", pulp.LpMaximize)
    x = opening_variables(lp, serving.walking.openings)
    a = assignment_variables(lp, serving)
    n = left_out_variables(lp, serving)
    walking_objective(lp, serving, a, n)
    served_rows(lp, serving, a, n)
    open_rows(lp, serving, a, x)
    room_rows(lp, serving, a, x)
    limit_rows(lp, serving.walking.openings, x)
    return CoverageModel(lp, x, [*a, *n]), a


def assignment_variables(lp: pulp.LpProblem, serving: Serving) -> list[pulp.LpVariable]:
    """Add  0 <= a[r, o] <= 1, whole where the people of a row must not be split."""
    kind = pulp.LpContinuous if serving.split else pulp.LpInteger
    pairs = zip(serving.row().tolist(), serving.cost.indices.tolist(), strict=True)
    return [lp.add_variable(f"serve_{r}_{o}", 0, 1, kind) for r, o in pairs]


def left_out_variables(lp: pulp.LpProblem, serving: Serving) -> list[pulp.LpVariable]:
    """Add  0 <= n[r] <= k: walks that no outlet of the plan takes."""
    kind = pulp.LpContinuous if serving.split else pulp.LpInteger
    many = serving.cost.shape[0]
    return [lp.add_variable(f"without_{r}", 0, serving.many, kind) for r in range(many)]


def walking_objective(
    lp: pulp.LpProblem, serving: Serving, a: list[pulp.LpVariable], n: list[pulp.LpVariable]
) -> None:
    """Set  maximise −sum of weight * (cost * a + outside * n)."""
    weight = serving.walking.weight
    terms = dict(zip(a, (-serving.cost.data * weight[serving.row()]).tolist(), strict=True))
    terms |= dict(zip(n, (-out_of_reach(serving)).tolist(), strict=True))
    lp.setObjective(pulp.LpAffineExpression(terms))


def served_rows(
    lp: pulp.LpProblem, serving: Serving, a: list[pulp.LpVariable], n: list[pulp.LpVariable]
) -> None:
    """Add  sum over o of a[r, o] + n[r] = k  for every row r."""
    ends = serving.cost.indptr.tolist()
    for row, left_out in enumerate(n):
        terms = dict.fromkeys(a[ends[row] : ends[row + 1]], 1.0) | {left_out: 1.0}
        add_row(lp, f"served_{row}", terms, pulp.LpConstraintEQ, float(serving.many))


def open_rows(
    lp: pulp.LpProblem, serving: Serving, a: list[pulp.LpVariable], x: list[pulp.LpVariable]
) -> None:
    """Add  a[r, o] <= x[o]  for every row and every opening that reaches it."""
    for variable, outlet in zip(a, serving.cost.indices.tolist(), strict=True):
        if outlet < len(x):
            at_most(lp, f"open_{variable.name}", {variable: 1.0, x[outlet]: -1.0}, 0.0)


def room_rows(
    lp: pulp.LpProblem, serving: Serving, a: list[pulp.LpVariable], x: list[pulp.LpVariable]
) -> None:
    """Add  sum over r of persons[r] * a[r, o] <= room[o] * x[o]  where room is limited."""
    members: dict[int, dict[pulp.LpVariable, float]] = {}
    persons = serving.walking.persons[serving.row()].tolist()
    for variable, outlet, people in zip(a, serving.cost.indices.tolist(), persons, strict=True):
        members.setdefault(outlet, {})[variable] = people
    for outlet, terms in members.items():
        room = float(serving.room[outlet])
        if room >= sum(terms.values()):
            continue  # a <= x says it all, and large coefficients make solvers err
        right = room if outlet >= len(x) else 0.0
        if outlet < len(x):
            terms[x[outlet]] = -room
        at_most(lp, f"room_{outlet}", terms, right)
