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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pulp
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .effort import Run
from .existing import Existing
from .finish import Extras, Found, rounding
from .median_levels import solve_levels
from .median_rows import Walking
from .model import CoverageModel, limit_rows, opening_variables
from .objective_checks import by_pair
from .plan import Assignment
from .problem import SitingProblem
from .rows_of import add_row, at_most

#: Share of the time left for either step of the start: openings as if there were no capacities,
#: then the best assignment to them.
_START = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """Rows by outlets: first the q openings, then the existing outlets.

    Attributes
    ----------
    walking
        Rows, openings, penalty.
    cost
        Impedance, CSR (R, q + e), zeros stored.
    room
        Persons an outlet can serve (q + e,), inf = no limit.
    label
        Candidate of each outlet; −1 − e for existing outlet e of its type (q + e,).
    many
        Outlets each person walks to.
    split
        Whether the people of a row may go to different outlets.
    """

    walking: Walking
    cost: sparse.csr_array
    room: Floats
    label: Ints
    many: int
    split: bool

    def row(self) -> Ints:
        """Return the row of each stored entry."""
        return np.repeat(np.arange(self.cost.shape[0]), np.diff(self.cost.indptr))


def persons_per_outlet(
    problem: SitingProblem, walking: Walking, persons: npt.ArrayLike | None
) -> Floats:
    """Return the persons that each opening (q,) can serve, inf = no limit."""
    openings = walking.openings
    if persons is None:
        return np.full(openings.count, np.inf)
    array = np.asarray(persons, dtype=np.float64)
    room = by_pair("persons", array[None] if array.ndim == 0 else array, problem)
    return np.asarray(room[openings.candidate, openings.kind], dtype=np.float64)


def assign_solve(
    walking: Walking,
    existing: Existing | None,
    many: int,
    room: Floats,
    run: Run,
    *,
    split: bool,
) -> tuple[Found, Extras]:
    """Return the plan of least walking with assignment, and who is served where."""
    serving = _serving(walking, existing, many, room, split=split)
    model, assigned = assignment_model(serving)
    relaxed = solve_levels(walking, run, share=_START)
    if relaxed.chosen is None:
        return relaxed, Extras()
    start = _assign_to(model, relaxed.chosen, run)
    solved, outcome = run.solve(model)
    if outcome.ended == "infeasible" or not len(model.opened):
        return relaxed, Extras()
    chosen, shares = solved, _values(assigned, split=split)
    if not walking.openings.limits.kept_by(chosen) or not _valid(serving, shares, chosen):
        chosen, shares = start
    value = cost_of(serving, shares)
    if cost_of(serving, start[1]) < value:
        chosen, shares = start
        value = cost_of(serving, shares)
    bound = 0.0 if outcome.bound is None else -outcome.bound - rounding(value) * 1e-3
    bound = max(relaxed.bound if many == 1 and _no_way_out(walking) else 0.0, bound)
    found = Found(chosen, value, min(bound, value), cost_of(serving, start[1]), outcome.ended)
    return found, Extras(assignment=_assignment(serving, shares), figures=_figures(serving, shares))


def _no_way_out(walking: Walking) -> bool:
    """Whether nobody would rather pay the penalty than walk to the nearest existing outlet."""
    near = walking.near[np.isfinite(walking.near)]
    return bool((near <= walking.outside).all())


def _serving(
    walking: Walking, existing: Existing | None, many: int, room: Floats, *, split: bool
) -> Serving:
    blocks, rooms, labels = [walking.rows.matrix], [room], [walking.openings.candidate]
    for k, matrix in enumerate(existing.impedance if existing is not None else ()):
        mine = (walking.rows.kind == k).astype(np.int64)
        here = matrix[walking.rows.demand]
        keep = np.repeat(mine, np.diff(here.indptr)).astype(bool)
        lengths = np.diff(here.indptr) * mine
        ends = np.concatenate([[0], np.cumsum(lengths)])
        blocks.append(sparse.csr_array((here.data[keep], here.indices[keep], ends), here.shape))
        limited = existing is not None and bool(np.isfinite(room).any())
        endless = np.full(matrix.shape[1], np.inf)
        rooms.append(existing.capacity[k] if existing is not None and limited else endless)
        labels.append(-1 - np.arange(matrix.shape[1]))
    cost = sparse.csr_array(sparse.hstack(blocks, format="csr"))
    return Serving(walking, cost, np.concatenate(rooms), np.concatenate(labels), many, split)


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


def out_of_reach(serving: Serving) -> Floats:
    """Return what a walk without an outlet costs each row (R,)."""
    walking = serving.walking
    if np.isfinite(walking.beyond):
        return np.full(len(walking.weight), walking.beyond)
    return walking.weight * walking.outside


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


def _assign_to(model: CoverageModel, chosen: Bools, run: Run) -> tuple[Bools, Floats]:
    """Return the best assignment to given openings, left in the model as its warm start."""
    for x, is_open in zip(model.opened, chosen, strict=True):
        x.lowBound = x.upBound = float(is_open)
    run.solve(model, share=_START)
    count = sum(v.name.startswith("serve_") for v in model.covered)
    whole = any(v.cat == pulp.LpInteger for v in model.covered[:count])
    shares = _values(model.covered[:count], split=not whole)
    for x, is_open in zip(model.opened, chosen, strict=True):
        x.lowBound, x.upBound = 0, 1
        x.varValue = float(is_open)
    return chosen, shares


def _values(variables: Sequence[pulp.LpVariable], *, split: bool) -> Floats:
    values = np.clip(np.array([v.varValue or 0.0 for v in variables], dtype=np.float64), 0.0, 1.0)
    return values if split else np.round(values)


def _valid(serving: Serving, shares: Floats, chosen: Bools) -> bool:
    """Whether the shares use open outlets only, within their room, and serve nobody too often."""
    open_outlets = np.ones(serving.cost.shape[1], dtype=bool)
    open_outlets[: len(chosen)] = chosen
    load = np.bincount(
        serving.cost.indices,
        shares * serving.walking.persons[serving.row()],
        minlength=serving.cost.shape[1],
    )
    often = np.bincount(serving.row(), shares, minlength=serving.cost.shape[0])
    return (
        not bool((shares[~open_outlets[serving.cost.indices]] > 1e-6).any())
        and bool((load <= serving.room * (1 + 1e-6) + 1e-6).all())
        and bool((often <= serving.many + 1e-6).all())
    )


def cost_of(serving: Serving, shares: Floats) -> float:
    """Return the objective of an assignment, summed afresh."""
    row = serving.row()
    served = np.bincount(row, shares, minlength=serving.cost.shape[0])
    walked = float((serving.cost.data * serving.walking.weight[row] * shares).sum())
    missing = np.maximum(serving.many - served, 0.0)
    return walked + float((missing * out_of_reach(serving)).sum())


def _assignment(serving: Serving, shares: Floats) -> Assignment:
    used = np.flatnonzero(shares > 1e-6)
    row = serving.row()[used]
    rows = serving.walking.rows
    return Assignment(
        demand=rows.demand[row],
        type=rows.kind[row],
        candidate=serving.label[serving.cost.indices[used]],
        persons=serving.walking.persons[row] * shares[used],
    )


def _figures(serving: Serving, shares: Floats) -> dict[str, float]:
    row, persons = serving.row(), serving.walking.persons
    walked = persons[row] * shares
    served = np.bincount(row, shares, minlength=len(persons))
    total = float(walked.sum())
    missing = np.maximum(serving.many - served, 0.0)
    return {
        "mean_walk": float((walked * serving.cost.data).sum()) / total if total > 0 else 0.0,
        "persons_served": total / serving.many,
        "persons_out_of_reach": float((persons * missing).sum()) / serving.many,
    }
