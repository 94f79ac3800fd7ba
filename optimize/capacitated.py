"""Capacitated coverage: an outlet serves only as many residents as it can hold.

maximise    sum of weight[r] * z[r, o]                                      most weight served
subject to  sum over o of z[r, o] <= 1                                     (`demand_rows`)
            sum over r of persons[r] * z[r, o] <= capacity[o] * x[o]       (`capacity_rows`)
            sum over r of persons[r] * z[r, o] >= least[o] * x[o]          (`least_load_rows`)
            z[r, o] <= x[o]                                                (`open_rows`)
over the pairs (r, o) within reach. A demand point is served whole or not at all (z binary), as by
ArcGIS' Maximize Capacitated Coverage, or may be split among outlets (0 <= z <= 1).

Pirkul and Schilling, "The maximal covering location problem with capacities on total workload",
Management Science 37, 1991; Current and Storbeck, "Capacitated covering models", Environment and
Planning B 15, 1988 (with the fewest outlets: `plan_fewest_capacitated`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np
import numpy.typing as npt
import pulp
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .capacitated_model import Served, Serving, served_in, serving_model, start_from
from .capacitated_search import serve, serving_start
from .conflicts import find_conflicts
from .effort import Effort, Run
from .existing import Existing
from .fewest import Price
from .finish import Extras, Found, plan_of, refused, rounding, whole_bound
from .objective_checks import by_pair, number_between, refuse_rules
from .plan import PROVEN, Assignment, Plan, Sense, relative_gap
from .problem import SitingProblem
from .rows_of import at_least, columns_of, rows_of


def plan_capacitated(
    problem: SitingProblem,
    capacity: npt.ArrayLike,
    *,
    existing: Existing | None = None,
    split: bool = False,
    least_load: npt.ArrayLike = 0.0,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan that serves the most weight within the capacity of every outlet.

    Parameters
    ----------
    problem
        Demand, cover sets, candidates and quotas.
    capacity
        Persons a new outlet can serve: one number, (m,) or (m, K).
    existing
        Existing outlets with their capacities, which then serve too; where not given, demand in
        `SitingProblem.covered` is served already and left out.
    split
        Whether a demand point may be shared among outlets, or is served by one, wholly or not.
    least_load
        Persons that a new outlet must serve to open at all: one number, (m,) or (m, K).
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``objective``: weight served (by existing outlets as well, where given); ``assignment``:
        who is served where, by the shortest walks among equals if the problem has walking costs
        and time is left; ``figures["served"]``: persons.

    Raises
    ------
    InputFaults
        If numbers do not fit or the problem holds a rule this objective cannot take.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "capacitated")
    conflicts = find_conflicts(problem)
    if conflicts:
        return refused(problem, run, conflicts, sense="max", kind="capacitated")
    serving, unreachable = _serving(problem, capacity, existing, least_load, split=split)
    found, served = _most(serving, run)
    return _finished(problem, serving, found, served, run, unreachable, kind="capacitated")


def plan_fewest_capacitated(
    problem: SitingProblem,
    capacity: npt.ArrayLike,
    *,
    share: float = 1.0,
    existing: Existing | None = None,
    split: bool = True,
    price: Price = "outlets",
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan with the fewest outlets (or the least cost) that serves a share of residents.

    Parameters
    ----------
    problem, capacity, existing
        As for `plan_capacitated`.
    share
        Share of the weight within reach that must be served, 0..1.
    split
        Whether a demand point may be shared among outlets (as in spopt's capacitated LSCP).
    price
        What is minimised: ``"outlets"`` or ``"cost"``.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``sense`` is "min"; infeasible where all candidates together hold too few.

    Raises
    ------
    InputFaults
        As for `plan_capacitated`, and if ``share`` is out of range.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "fewest_capacitated")
    number_between("share", share, 0.0, 1.0)
    conflicts = find_conflicts(problem)
    if conflicts:
        return refused(problem, run, conflicts, sense="min", kind="fewest_capacitated")
    serving, unreachable = _serving(problem, capacity, existing, 0.0, split=split)
    paid = problem.cost[serving.openings.candidate, serving.openings.kind]
    price_of = paid if price == "cost" else np.ones(len(paid))
    found, served = _fewest(serving, price_of, share * float(serving.weight.sum()), run)
    return _finished(problem, serving, found, served, run, unreachable, kind="fewest_capacitated")


def _serving(
    problem: SitingProblem,
    capacity: npt.ArrayLike,
    existing: Existing | None,
    least_load: npt.ArrayLike,
    *,
    split: bool,
) -> tuple[Serving, Ints]:
    """Return who can be served by whom; existing outlets are columns behind the openings."""
    openings = columns_of(problem)
    pairs = ~problem.unknown & (problem.weights > 0) & (problem.residents > 0)[:, None]
    if existing is None:
        pairs &= ~problem.covered
    rows = rows_of(openings, problem.covers, pairs, problem.n_candidates)
    where = (openings.candidate, openings.kind)
    holds = by_pair("capacity", capacity, problem)[where]
    least = by_pair("least_load", least_load, problem)[where]
    matrix, stands = rows.matrix, np.empty((0, 2), dtype=np.int64)
    walks = (
        rows_of(openings, problem.impedance, pairs, problem.n_candidates).matrix
        if problem.impedance
        else None
    )
    if existing is not None:
        more, stands, room = _existing_columns(rows.demand, rows.kind, existing)
        matrix = sparse.csr_array(sparse.hstack([_ones(matrix), _ones(more)], format="csr"))
        holds, least = np.concatenate([holds, room]), np.concatenate([least, np.zeros(len(room))])
        if walks is not None:
            walks = sparse.csr_array(sparse.hstack([walks, more], format="csr"))
    reached = np.diff(matrix.indptr) > 0
    rows_left = replace(rows, matrix=matrix)
    unreachable = rows_left.take(~reached).pairs()
    rows_left = rows_left.take(reached)
    persons = problem.residents[rows_left.demand]
    weight = rows_left.of_pairs(problem.weights)
    serving = Serving(
        openings=openings,
        rows=rows_left,
        persons=persons,
        weight=weight,
        capacity=holds,
        least=least,
        stands=stands,
        split=split,
        walks=None if walks is None else walks[reached],
    )
    return serving, unreachable


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return the same pattern with ones: an outlet at the door costs 0 and still reaches."""
    shape = matrix.shape
    return sparse.csr_array((np.ones(len(matrix.data)), matrix.indices, matrix.indptr), shape=shape)


def _existing_columns(
    demand: Ints, kind: Ints, existing: Existing
) -> tuple[sparse.csr_array, Ints, Floats]:
    """Return walks (R, e) to existing outlets of the row's type, their (type, number), capacity."""
    blocks = []
    for k, matrix in enumerate(existing.impedance):
        mine = matrix[demand[kind == k]]
        blocks.append(mine)
    stacked = sparse.csr_array(_block_diagonal(blocks))
    stands = [(k, e) for k, m in enumerate(existing.impedance) for e in range(m.shape[1])]
    room = np.concatenate([np.empty(0), *existing.capacity])
    return stacked, np.array(stands, dtype=np.int64).reshape(-1, 2), room


def _block_diagonal(blocks: list[sparse.csr_array]) -> sparse.csr_array:
    """Return blocks along the diagonal; stored zeros stay."""
    shift = np.cumsum([0, *(block.shape[1] for block in blocks)])
    indices = np.concatenate([b.indices + s for b, s in zip(blocks, shift[:-1], strict=True)])
    lengths = np.concatenate([np.diff(block.indptr) for block in blocks])
    data = np.concatenate([block.data for block in blocks])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((data, indices, starts), shape=(len(lengths), int(shift[-1])))


def _most(serving: Serving, run: Run) -> tuple[Found, Served | None]:
    start, ended = serving_start(serving, run)
    bound = whole_bound(_most_served(serving), serving.weight, "max")
    value = floor = 0.0 if start is None else serving.value(start)
    near = start is not None and relative_gap(value, bound) <= max(PROVEN, run.gap)
    if ended == "interrupted" or near or run.left() <= 0:
        return Found(_opened(start), value, bound, floor, ended or "time_limit"), start
    model, z = serving_model(serving)
    if start is not None:
        start_from(model, start)
    chosen, outcome = run.solve(model)
    if outcome.ended == "infeasible" and start is None:
        return Found(None, 0.0, bound, 0.0, "infeasible"), None
    if outcome.bound is not None and outcome.bound >= value - PROVEN * (1 + value):
        whole = serving.weight if not serving.split else np.array([0.5])
        bound = min(bound, whole_bound(outcome.bound, whole, "max"))
    solved = served_in(serving, chosen, z)
    best = start
    if serving.kept_by(solved) and (best is None or serving.value(solved) > value):
        best = solved
    value = 0.0 if best is None else serving.value(best)
    return Found(_opened(best), value, bound, floor, outcome.ended), best


def _opened(served: Served | None) -> Bools | None:
    return None if served is None else served.chosen


def _most_served(serving: Serving) -> float:
    """Return a bound: all weight within reach."""
    return float(serving.weight.sum())


def _fewest(
    serving: Serving, price: Floats, target: float, run: Run
) -> tuple[Found, Served | None]:
    model, z = serving_model(serving)
    worth: dict[pulp.LpVariable, float] = {}
    for weight, row in zip(serving.weight.tolist(), z, strict=True):
        worth |= dict.fromkeys(row, weight)
    at_least(model.lp, "target", worth, target)
    negative = zip(model.opened, (-price).tolist(), strict=True)
    model.lp.setObjective(pulp.LpAffineExpression(negative))
    start = _cheap_start(serving, price, target)
    value = floor = 0.0 if start is None else float(price[start.chosen].sum())
    if start is not None:
        start_from(model, start)
    chosen, outcome = run.solve(model)
    if outcome.ended == "infeasible" and start is None:
        return Found(None, 0.0, 0.0, 0.0, "infeasible"), None
    bound = 0.0
    if outcome.bound is not None and (start is None or -outcome.bound <= value + rounding(value)):
        bound = max(bound, whole_bound(-outcome.bound, price, "min"))
    solved = served_in(serving, chosen, z)
    best = start
    enough = serving.value(solved) >= target - PROVEN * (1 + target)
    if enough and serving.kept_by(solved) and (best is None or price[chosen].sum() < value):
        best = solved
    value = 0.0 if best is None else float(price[best.chosen].sum())
    return Found(_opened(best), value, bound, floor, outcome.ended), best


def _cheap_start(serving: Serving, price: Floats, target: float) -> Served | None:
    """Return everything that fits, less the dearest that the target does not need."""
    everything = serving.openings.limits.kept_by(np.ones(len(price), dtype=bool))
    chosen = np.ones(len(price), dtype=bool)
    if not everything or serving.value(serve(serving, chosen)) < target - rounding(target):
        return None
    for opening in np.argsort(-price, kind="stable").tolist():
        chosen[opening] = False
        enough = serving.value(serve(serving, chosen)) >= target - rounding(target)
        if not enough or not serving.openings.limits.kept_by(chosen):
            chosen[opening] = True
    return serve(serving, chosen)


def _finished(
    problem: SitingProblem,
    serving: Serving,
    found: Found,
    served: Served | None,
    run: Run,
    unreachable: Ints,
    *,
    kind: str,
) -> Plan:
    sense: Sense = "max" if kind == "capacitated" else "min"
    if served is None:
        return plan_of(problem, serving.openings, found, run, sense=sense, kind=kind)
    served = _nearer(serving, served, run) if found.ended == "finished" else served
    assignment = _assignment(serving, served)
    total = float(problem.residents @ (~problem.unknown).sum(axis=1))
    persons = float(assignment.persons.sum())
    extras = Extras(
        figures={"served": persons, "share_served": persons / total if total else 1.0},
        unreachable=unreachable,
        assignment=assignment,
    )
    return plan_of(problem, serving.openings, found, run, sense=sense, kind=kind, extras=extras)


def _nearer(serving: Serving, served: Served, run: Run) -> Served:
    """Return the same outlets and the same weight served by shorter walks, if time is left."""
    if serving.walks is None or run.left() <= 0:
        return served
    model, z = serving_model(serving, fixed=served.chosen)
    cost = {
        variable: -persons * walk
        for row, persons, walks in zip(
            z, serving.persons.tolist(), serving.row_walks(), strict=True
        )
        for variable, walk in zip(row, walks, strict=True)
    }
    worth: dict[pulp.LpVariable, float] = {}
    for weight, row in zip(serving.weight.tolist(), z, strict=True):
        worth |= dict.fromkeys(row, weight)
    at_least(model.lp, "as_much", worth, serving.value(served) - rounding(serving.value(served)))
    model.lp.setObjective(pulp.LpAffineExpression(cost))
    run.solve(model)
    nearer = served_in(serving, served.chosen, z)
    as_much = serving.value(nearer) >= serving.value(served) - rounding(serving.value(served))
    shorter = serving.walked(nearer) < serving.walked(served)
    return nearer if as_much and shorter and serving.kept_by(nearer) else served


def _assignment(serving: Serving, served: Served) -> Assignment:
    row = np.repeat(np.arange(len(serving.persons)), np.diff(serving.rows.matrix.indptr))
    used = np.flatnonzero(served.part > PROVEN)
    column = serving.rows.matrix.indices[used]
    ours = column < serving.openings.count
    candidate = np.zeros(len(used), dtype=np.int64)
    candidate[ours] = serving.openings.candidate[column[ours]]
    standing = serving.stands[column[~ours] - serving.openings.count]
    candidate[~ours] = -1 - standing[:, 1]
    return Assignment(
        demand=serving.rows.demand[row[used]],
        type=serving.rows.kind[row[used]],
        candidate=candidate,
        persons=served.part[used] * serving.persons[row[used]],
    )
