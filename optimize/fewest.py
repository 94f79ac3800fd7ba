"""The fewest outlets, or the least cost, that cover everybody or a share of the residents.

minimise    sum of price[o] * x[o]                   price 1 (outlets), or the outlet's cost
subject to  sum of x[o] over the o that cover r >= 1       where r must be covered (`must_rows`)
            y[r] <= sum of x[o] over the o that cover r    elsewhere               (`may_rows`)
            sum of people[g, r] * y[r] >= needed[g]        for every target g   (`target_rows`)
            the limits of the problem.

Full cover: the location set covering problem (LSCP), Toregas, Swain, ReVelle and Bergman, "The
location of emergency service facilities", Operations Research 19, 1971. Partial cover: Daskin and
Owen, "Two new location covering problems: the partial p-center problem and the partial set
covering problem", Geographical Analysis 31, 1999.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Unpack

import numpy as np
import pulp

from .arrays import Bools, Floats, column_sums
from .conflicts import find_conflicts
from .covered import chosen_pairs, newly_covered
from .effort import Effort, Run
from .fewest_large import LARGE, covered_within, relaxed_bound
from .fewest_search import completed, fewest_start
from .finish import Extras, Found, plan_of, refused, rounding, whole_bound
from .model import CoverageModel, limit_rows, opening_variables
from .objective_checks import number_between, refuse_rules
from .plan import PROVEN, Plan, relative_gap
from .problem import SitingProblem
from .rows_of import at_least
from .target_floors import lowered, target_floors
from .targets import Targets, build_targets

#: Of the time left: for the relaxation, and for each search for a plan in between.
_RELAX_SHARE, _TRY_SHARE = 0.35, 0.45

#: Seconds below which a further search is not begun.
_LEAST = 1.0

#: Where between bound and best plan the next one is looked for: halfway, then nearer to the plan.
_BETWEEN = (0.5, 0.5, 0.75)

#: Stored cover entries above which the solver finds nothing more in minutes.
_HUGE = 300_000

#: What is minimised: the number of new outlets, or `SitingProblem.cost` summed.
Price = Literal["outlets", "cost"]


@dataclass(frozen=True, slots=True, eq=False)
class _Fewest:
    """Targets and the price (q,) of each opening."""

    targets: Targets
    price: Floats

    def value(self, chosen: Bools) -> float:
        return float(self.price[chosen].sum())


def plan_fewest(
    problem: SitingProblem,
    *,
    share: float | None = 1.0,
    each: str = "all",
    price: Price = "outlets",
    strict: bool = False,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan with the fewest new outlets (or the least cost) that reaches the targets.

    Parameters
    ----------
    problem
        Demand, cover sets, candidates, quotas and floors. Existing outlets count; the floors are
        targets as well.
    share
        Share of residents to be covered, 0..1; None: the floors of the problem alone.
    each
        Of whom the share is taken: ``"all"`` residents and types together, each ``"type"``, a
        level of `SitingProblem.demand_groups` (each of its groups and each type, e.g.
        ``"community"``), or ``"point"``: every demand point within reach is covered for every
        type, whoever lives there (the set cover of the textbooks; ``share`` is not looked at).
    price
        ``"outlets"`` or ``"cost"``.
    strict
        What happens to a share beyond what the candidates can reach: False lowers it to that and
        notes it, True refuses it as infeasible.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``sense`` is "min". ``unreachable`` names the demand out of reach of every candidate,
        ``notes`` the targets that were lowered, ``figures["share_of_residents"]`` the share of
        (resident, type) pairs covered in the end, over all whose coverage is known.

    Raises
    ------
    InputFaults
        If an option is out of range or unknown, or the problem holds a rule this objective
        cannot take.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "fewest", floors=True)
    if share is not None:
        number_between("share", share, 0.0, 1.0)
    targets = build_targets(problem, share, each, strict=strict)
    blocking = tuple(note for note in targets.notes if note.severity == "fault")
    conflicts = (*find_conflicts(replace(problem, floors=())), *blocking)
    if conflicts:
        return refused(problem, run, conflicts, sense="min", kind="fewest")
    openings = targets.openings
    paid = problem.cost[openings.candidate, openings.kind]
    fewest = _Fewest(targets, paid if price == "cost" else np.ones(openings.count))
    found = _search(fewest, run)
    extras = Extras(
        unreachable=targets.unreachable,
        notes=targets.notes,
        targets=target_floors(problem, share, each),
        target_option="plan.objective" if each == "point" else "plan.objective_options.share",
    )
    asked = replace(problem, floors=lowered(problem, problem.floors))
    plan = plan_of(asked, openings, found, run, sense="min", kind="fewest", extras=extras)
    return replace(plan, figures=_figures(problem, plan)) if plan.found else plan


def _search(fewest: _Fewest, run: Run) -> Found:
    targets, price = fewest.targets, fewest.price
    start, interrupted = fewest_start(targets, price, run)
    bound = _counting_bound(fewest)
    if targets.rows.matrix.nnz > LARGE and start is not None and not interrupted:
        bound, start, interrupted = _in_the_large(fewest, bound, start, run)
    value = float("inf") if start is None else fewest.value(start)
    floor = _finite(value)
    hopeless = start is not None and targets.rows.matrix.nnz > _HUGE
    done = hopeless or (start is not None and _near(value, bound, run))
    if interrupted or done or run.left() <= 0:
        return Found(start, floor, bound, floor, "interrupted" if interrupted else "time_limit")
    model = fewest_model(targets, price)
    if start is not None:
        _start_from(model, targets, start)
    solved, outcome = run.solve(model)
    if outcome.ended == "infeasible" and start is None:
        return Found(None, 0.0, bound, 0.0, "infeasible")
    if outcome.bound is not None and -outcome.bound <= value + rounding(value):
        bound = max(bound, whole_bound(-outcome.bound, price, "min"))
    best = _better(fewest, start, solved)
    objective = 0.0 if best is None else fewest.value(best)
    return Found(best, objective, bound, floor, outcome.ended)


def _near(value: float, bound: float, run: Run) -> bool:
    return relative_gap(value, bound, "min") <= max(PROVEN, run.gap)


def _in_the_large(
    fewest: _Fewest, bound: float, start: Bools, run: Run
) -> tuple[float, Bools, bool]:
    """Close in from both sides by relaxation and coverage; return bound, plan, interrupted."""
    targets, price, best = fewest.targets, fewest.price, start
    try:
        proven = relaxed_bound(targets, price, start, run, _RELAX_SHARE * run.left())
        bound = max(bound, whole_bound(proven, price, "min"))
        for between in _BETWEEN:
            value = fewest.value(best)
            if _near(value, bound, run) or run.left() <= _LEAST:
                break
            most = bound + between * (value - bound)
            part = covered_within(targets, price, most, run, _TRY_SHARE * run.left())
            tried = completed(targets, price, part)
            if tried is not None and fewest.value(tried) < value:
                best = tried
    except KeyboardInterrupt:
        return bound, best, True
    return bound, best, False


def _finite(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def _better(fewest: _Fewest, start: Bools | None, solved: Bools) -> Bools | None:
    if not fewest.targets.met(solved):
        return start
    better = start is None or fewest.value(solved) < fewest.value(start)
    return solved if better else start


def _counting_bound(fewest: _Fewest) -> float:
    """Return a bound by counting: the cheapest way to what each opening covers if alone.

    No set of openings covers more than the sum of what each covers, so the fractional knapsack of
    the hardest target bounds the price from below; so do the minima of the limits.
    """
    targets, price = fewest.targets, fewest.price
    limits = targets.openings.limits
    worth = [
        (column_sums(targets.rows.matrix, _dense(targets, g)), float(needed))
        for g, needed in enumerate(targets.needed)
    ]
    worth += [
        (limits.matrix[[row]].toarray()[0], float(limits.lower[row]))
        for row in np.flatnonzero(limits.lower > 0)
    ]
    bound = max((_cheapest(price, gain, needed) for gain, needed in worth), default=0.0)
    return whole_bound(bound, price, "min")


def _dense(targets: Targets, group: int) -> Floats:
    return np.asarray(targets.people[[group]].toarray()[0], dtype=np.float64)


def _cheapest(price: Floats, gain: Floats, needed: float) -> float:
    """Return the least price of a fractional choice whose gains sum to ``needed``."""
    useful = np.flatnonzero(gain > 0)
    order = useful[np.argsort(price[useful] / gain[useful], kind="stable")]
    reached = np.cumsum(gain[order])
    share = np.clip((needed - (reached - gain[order])) / gain[order], 0.0, 1.0)
    return float((share * price[order]).sum()) * (1 - 1e-9)


def fewest_model(targets: Targets, price: Floats) -> CoverageModel:
    """Return the set cover in PuLP, as maximising the negative price: solvers bound from above."""
    lp = pulp.LpProblem("fewest_outlets", pulp.LpMaximize)
    x = opening_variables(lp, targets.openings)
    lp.setObjective(pulp.LpAffineExpression(zip(x, (-price).tolist(), strict=True)))
    must = targets.all_needed()
    must_rows(lp, targets, must, x)
    y = may_rows(lp, targets, must, x)
    target_rows(lp, targets, must, y)
    limit_rows(lp, targets.openings, x)
    return CoverageModel(lp, x, list(y.values()))


def must_rows(lp: pulp.LpProblem, targets: Targets, must: Bools, x: list[pulp.LpVariable]) -> None:
    """Add  sum of x[o] over the openings o that cover r >= 1  for every r that must be covered."""
    rows = targets.rows
    seen: set[bytes] = set()
    for row in np.flatnonzero(must):
        columns = rows.columns(int(row))
        if columns.tobytes() not in seen:  # equal cover sets need one row only
            seen.add(columns.tobytes())
            name = f"must_{rows.kind[row]}_{rows.demand[row]}"
            at_least(lp, name, {x[o]: 1.0 for o in columns}, 1.0)


def may_rows(
    lp: pulp.LpProblem, targets: Targets, must: Bools, x: list[pulp.LpVariable]
) -> dict[int, pulp.LpVariable]:
    """Add  0 <= y[r] <= 1  and  sum of x[o] over the o that cover r >= y[r]  for all other rows.

    y needs no integrality: it only ever helps a target. Rows with equal cover sets share one y.
    """
    rows, shared = targets.rows, dict[bytes, pulp.LpVariable]()
    y: dict[int, pulp.LpVariable] = {}
    for row in np.flatnonzero(~must).tolist():
        columns = rows.columns(row)
        key = columns.tobytes()
        if key not in shared:
            name = f"{rows.kind[row]}_{rows.demand[row]}"
            shared[key] = lp.add_variable(f"covered_{name}", 0, 1)
            terms = {x[o]: 1.0 for o in columns} | {shared[key]: -1.0}
            at_least(lp, f"cover_{name}", terms, 0.0)
        y[row] = shared[key]
    return y


def target_rows(
    lp: pulp.LpProblem, targets: Targets, must: Bools, y: dict[int, pulp.LpVariable]
) -> None:
    """Add  sum of people[g, r] * y[r] >= needed[g] − what must be covered anyhow  for every g."""
    people = targets.people
    for group, needed in enumerate(targets.needed.tolist()):
        part = slice(people.indptr[group], people.indptr[group + 1])
        terms: dict[pulp.LpVariable, float] = {}
        left = needed
        counted = zip(people.indices[part].tolist(), people.data[part].tolist(), strict=True)
        for row, count in counted:
            if must[row]:
                left -= count
            else:
                terms[y[row]] = terms.get(y[row], 0.0) + count
        if left > 0 and terms:
            at_least(lp, f"target_{group}", terms, left)


def _start_from(model: CoverageModel, targets: Targets, chosen: Bools) -> None:
    for x, value in zip(model.opened, chosen, strict=True):
        x.varValue = float(value)
    covered = dict(
        zip(
            (f"covered_{k}_{i}" for i, k in targets.rows.pairs().tolist()),
            targets.covered(chosen).tolist(),
            strict=True,
        )
    )
    for y in model.covered:
        y.varValue = float(covered[y.name])


def _figures(problem: SitingProblem, plan: Plan) -> dict[str, float]:
    known = np.where(problem.unknown, 0.0, problem.residents[:, None])
    covered = problem.covered | newly_covered(problem, chosen_pairs(problem, plan))
    total = known.sum()
    share = float(known[covered].sum() / total) if total else 1.0
    prices = [problem.cost[item.candidate, item.type] for item in plan.chosen]
    return {
        "share_of_residents": share,
        "outlets": float(len(plan.chosen)),
        "cost": float(sum(prices)),
    }
