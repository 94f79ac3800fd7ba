"""Backup coverage: residents covered by two outlets, so that one may fail or close.

Hogan and ReVelle, "Concepts and applications of backup coverage", Management Science 32, 1986.

BACOP1  maximise sum of weight[r] * u[r]            everybody covered once, as many as can be twice
        sum of x[o] over the o that cover r >= 1 + u[r] − base[r]               (`first_cover_rows`)
BACOP2  maximise sum of weight[r] * (y[r] + worth * u[r])    first and second coverage traded off
        sum of x[o] over the o that cover r >= y[r] + u[r] − base[r],  u[r] <= y[r]
                                                                        (`both_cover_rows`)
with base[r] the number of existing outlets that cover r already, and the limits of the problem.
LSCP-B, the set cover with the most backup, is BACOP1 with the fewest outlets that cover everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Unpack

import numpy as np
import numpy.typing as npt
import pulp

from .amounts import Amounts, AmountState, greedy_amounts, improve_amounts
from .arrays import Bools, Floats, Ints
from .conflicts import find_conflicts
from .effort import Effort, Run
from .fewest import plan_fewest
from .finish import Extras, Found, plan_of, refused, rounding, whole_bound
from .model import CoverageModel, limit_rows, opening_variables
from .objective_checks import by_demand, number_between, refuse_rules
from .openings import Openings
from .plan import PROVEN, Chosen, Plan, relative_gap
from .problem import Quota, SitingProblem
from .rows_of import Rows, at_least, columns_of, rows_of

#: ``required``: everybody within reach is covered once (BACOP1); ``traded``: BACOP2.
First = Literal["required", "traded"]

_SWAP_SHARE, _SWAP_MOST = 0.15, 20.0

#: Of the time: for the fewest outlets, before their backup is looked for.
_FEWEST_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class _Counts:
    """Worth of being covered 0, 1, 2 or more times, by row (R, 3): concave in the count."""

    table: Floats

    def __call__(self, rows: Ints, amount: Floats, /) -> Floats:
        """Return the worth of ``rows`` (k,) covered ``amount`` (k,) times."""
        times = np.minimum(amount.round().astype(np.int64), 2)
        return np.asarray(self.table[rows, times], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Backup:
    """Rows that may gain, what they have, and how they are valued."""

    openings: Openings
    rows: Rows
    base: Floats
    weight: Floats
    first: First
    worth: float

    def amounts(self) -> Amounts:
        """Return the search problem; a first cover that is required outweighs all backup."""
        second = self.worth * self.weight
        first = np.full(len(second), second.sum() + 1.0) if self.required else self.weight
        table = np.column_stack([np.zeros(len(first)), first, first + second])
        return Amounts(self.openings, self.rows.matrix, self.base, _Counts(table))

    @property
    def required(self) -> bool:
        return self.first == "required"

    def times(self, chosen: Bools) -> Floats:
        """Return how often each row is covered (R,), at most twice."""
        counts = self.base + self.rows.matrix @ chosen.astype(np.float64)
        return np.asarray(np.minimum(counts, 2.0), dtype=np.float64)

    def value(self, chosen: Bools) -> float:
        """Return the objective: gained first coverage (if traded) and gained backup."""
        times = self.times(chosen)
        backup = self.worth * self.weight[(times == 2) & (self.base < 2)].sum()
        if self.required:
            return float(backup)
        return float(backup + self.weight[(times >= 1) & (self.base < 1)].sum())

    def most(self) -> float:
        """Return the objective with everything open: a first bound."""
        return self.value(np.ones(self.openings.count, dtype=bool))

    def feasible(self, chosen: Bools) -> bool:
        """Whether limits are kept and, where required, everybody is covered once."""
        kept = self.openings.limits.kept_by(chosen)
        return kept and not (self.required and bool((self.times(chosen) < 1).any()))


def plan_backup(
    problem: SitingProblem,
    *,
    first: First = "traded",
    backup_worth: float = 1.0,
    existing_count: npt.ArrayLike | None = None,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan with the most weight covered twice (or: once and twice).

    Parameters
    ----------
    problem
        Demand, cover sets, candidates and quotas.
    first
        ``"required"``: every demand point within reach is covered once, the most weight twice
        (BACOP1). ``"traded"``: weight covered once plus ``backup_worth`` times weight covered
        twice (BACOP2); 0 is maximum coverage.
    backup_worth
        Worth of a second coverage relative to a first one, 0 to 1.
    existing_count
        How many existing outlets cover each demand point by type (n, K), e.g.
        `Existing.counts`; where not given, those of `SitingProblem.covered` count once.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``figures``: ``covered_once`` and ``covered_twice``, weight in all, existing included.

    Raises
    ------
    InputFaults
        If an option is out of range or the problem holds a rule this objective cannot take.
    """
    return _plan_backup(problem, first, backup_worth, existing_count, (), Run.begin(effort))


def _plan_backup(
    problem: SitingProblem,
    first: First,
    backup_worth: float,
    existing_count: npt.ArrayLike | None,
    known: tuple[Chosen, ...],
    run: Run,
) -> Plan:
    """Return the plan as `plan_backup` does; never worse than the outlets ``known``, if any."""
    refuse_rules(problem, "backup")
    number_between("backup_worth", backup_worth, 0.0, 1.0)
    conflicts = find_conflicts(problem)
    if conflicts:
        return refused(problem, run, conflicts, sense="max", kind="backup")
    backup, unreachable = _backup(problem, first, backup_worth, existing_count)
    found = _search(backup, _mask(backup.openings, known), run)
    extras = Extras(unreachable=unreachable)
    if found.chosen is not None:
        extras = replace(extras, figures=_figures(problem, backup, found.chosen, existing_count))
    return plan_of(problem, backup.openings, found, run, sense="max", kind="backup", extras=extras)


def plan_fewest_backup(problem: SitingProblem, **effort: Unpack[Effort]) -> Plan:
    """Return, among the plans with the fewest new outlets, one with the most backup (LSCP-B).

    Everybody within reach is covered once. Weight, not the number of points, is covered twice:
    give ``weights=1`` to count points as spopt's LSCPB does.

    Parameters
    ----------
    problem
        Demand, cover sets, candidates and quotas.
    **effort
        See `effort.Effort`; the time limit is shared, seven tenths for the fewest outlets.

    Returns
    -------
    Plan
        ``figures["fewest_bound"]`` is the proven least number of outlets; the number is the
        fewest where it equals ``figures["fewest"]``.
    """
    run = Run.begin(effort)
    asked = Effort(**effort)
    asked["time_limit"] = _FEWEST_SHARE * run.time_limit
    least = plan_fewest(problem, each="point", **asked)
    if not least.found:
        bound = 0.0 if least.status == "infeasible" else float("inf")
        return replace(least, sense="max", objective_kind="fewest_backup", bound=bound)
    if least.status == "interrupted":  # what is known already is returned at once
        run = replace(run, time_limit=0.0)
    exactly = Quota(maximum=len(least.chosen))
    limited = replace(problem, quotas=(*problem.quotas, exactly))
    plan = _plan_backup(limited, "required", 1.0, None, least.chosen, run)
    figures = dict(plan.figures) | {"fewest": least.objective, "fewest_bound": least.bound}
    stopped = least.status == "interrupted" and plan.status == "time_limit"
    return replace(
        plan,
        status="interrupted" if stopped else plan.status,
        objective_kind="fewest_backup",
        figures=figures,
        seconds=run.seconds(),
    )


def _backup(
    problem: SitingProblem, first: First, worth: float, existing_count: npt.ArrayLike | None
) -> tuple[_Backup, Ints]:
    """Return the rows within reach and the (demand, type) pairs of the others."""
    openings = columns_of(problem)
    count = _existing_count(problem, existing_count)
    pairs = ~problem.unknown & (count < 2)
    if first == "traded":
        pairs &= problem.weights > 0
    rows = rows_of(openings, problem.covers, pairs, problem.n_candidates)
    reached = rows.reached()
    base = rows.of_pairs(count)
    unreachable = rows.take(~reached & (base < 1)).pairs()
    rows, base = rows.take(reached), base[reached]
    weight = rows.of_pairs(problem.weights)
    return _Backup(openings, rows, base, weight, first, worth), unreachable


def _existing_count(problem: SitingProblem, given: npt.ArrayLike | None) -> Floats:
    covered = problem.covered.astype(np.float64)
    if given is None:
        return covered
    return np.maximum(by_demand("existing_count", given, problem), covered)


def _mask(openings: Openings, known: tuple[Chosen, ...]) -> Bools:
    """Return the outlets ``known`` as a choice of openings (q,)."""
    pairs = {(item.candidate, item.type) for item in known}
    columns = zip(openings.candidate.tolist(), openings.kind.tolist(), strict=True)
    return np.array([pair in pairs for pair in columns], dtype=bool)


def _search(backup: _Backup, known: Bools, run: Run) -> Found:
    start, interrupted = _start(backup, known, run)
    bound = whole_bound(backup.most(), _coefficients(backup), "max")
    floor = 0.0 if start is None else backup.value(start)
    if interrupted or run.left() <= 0 or (start is not None and _proven(floor, bound, run)):
        return Found(start, floor, bound, floor, "interrupted" if interrupted else "time_limit")
    model = backup_model(backup)
    if start is not None:
        _start_from(model, backup, start)
    solved, outcome = run.solve(model)
    if outcome.ended == "infeasible" and start is None:
        return Found(None, 0.0, bound, floor, "infeasible")
    if outcome.bound is not None and outcome.bound >= floor - rounding(floor):
        bound = min(bound, whole_bound(outcome.bound, _coefficients(backup), "max"))
    best = _better(backup, start, solved)
    objective = 0.0 if best is None else backup.value(best)
    return Found(best, objective, bound, floor, outcome.ended)


def _proven(floor: float, bound: float, run: Run) -> bool:
    return relative_gap(floor, bound) <= max(PROVEN, run.gap)


def _coefficients(backup: _Backup) -> Floats:
    return np.concatenate([backup.weight, backup.worth * backup.weight])


def _start(backup: _Backup, known: Bools, run: Run) -> tuple[Bools | None, bool]:
    """Return greedy plus swaps where that is feasible, and whether the user interrupted.

    Where greedy does not cover everybody, the swaps begin at what is ``known`` (q,).
    """
    state = greedy_amounts(AmountState(backup.amounts()))
    if not backup.feasible(state.chosen) and backup.feasible(known):
        state = AmountState.of(backup.amounts(), known)
    interrupted = False
    try:
        seconds = min(_SWAP_SHARE * run.left(), _SWAP_MOST)
        improve_amounts(state, seed=run.seed, seconds=seconds)
    except KeyboardInterrupt:
        interrupted = True
    chosen = state.chosen if backup.feasible(state.chosen) else None
    if backup.feasible(known):
        chosen = _better(backup, chosen, known)
    return chosen, interrupted


def _better(backup: _Backup, start: Bools | None, solved: Bools) -> Bools | None:
    if not backup.feasible(solved):
        return start
    better = start is None or backup.value(solved) > backup.value(start)
    return solved if better else start


def backup_model(backup: _Backup) -> CoverageModel:
    """Return BACOP1 or BACOP2 in PuLP; y and u need no integrality, their weights are positive."""
    lp = pulp.LpProblem("backup_coverage", pulp.LpMaximize)
    x = opening_variables(lp, backup.openings)
    u = _row_variables(lp, backup, "twice")
    y = [] if backup.required else _row_variables(lp, backup, "once", backup.base >= 1)
    worth = dict(zip(u, (backup.worth * backup.weight * (backup.base < 2)).tolist(), strict=True))
    if y:
        worth |= dict(zip(y, (backup.weight * (backup.base < 1)).tolist(), strict=True))
        both_cover_rows(lp, backup, x, y, u)
    else:
        first_cover_rows(lp, backup, x, u)
    lp.setObjective(pulp.LpAffineExpression(worth))
    limit_rows(lp, backup.openings, x)
    return CoverageModel(lp, x, [*u, *y])


def _row_variables(
    lp: pulp.LpProblem, backup: _Backup, name: str, certain: Bools | None = None
) -> list[pulp.LpVariable]:
    """Add one variable in [0, 1] for each row (``name_k_i``), 1 where it is ``certain`` (R,)."""
    low = np.zeros(len(backup.base)) if certain is None else certain.astype(np.float64)
    pairs = zip(backup.rows.kind.tolist(), backup.rows.demand.tolist(), low.tolist(), strict=True)
    return [lp.add_variable(f"{name}_{k}_{i}", least, 1) for k, i, least in pairs]


def first_cover_rows(
    lp: pulp.LpProblem,
    backup: _Backup,
    x: list[pulp.LpVariable],
    u: list[pulp.LpVariable],
) -> None:
    """Add  sum of x[o] over the o that cover r − u[r] >= 1 − base[r]  for every row r."""
    for row, twice in enumerate(u):
        terms = {x[o]: 1.0 for o in backup.rows.columns(row)} | {twice: -1.0}
        at_least(lp, f"first_{twice.name[6:]}", terms, 1.0 - float(backup.base[row]))


def both_cover_rows(
    lp: pulp.LpProblem,
    backup: _Backup,
    x: list[pulp.LpVariable],
    y: list[pulp.LpVariable],
    u: list[pulp.LpVariable],
) -> None:
    """Add  sum of x[o] over the o that cover r − y[r] − u[r] >= −base[r]  and  y[r] >= u[r]."""
    for row, (once, twice) in enumerate(zip(y, u, strict=True)):
        terms = {x[o]: 1.0 for o in backup.rows.columns(row)} | {once: -1.0, twice: -1.0}
        at_least(lp, f"both_{once.name[5:]}", terms, -float(backup.base[row]))
        at_least(lp, f"order_{once.name[5:]}", {once: 1.0, twice: -1.0}, 0.0)


def _start_from(model: CoverageModel, backup: _Backup, chosen: Bools) -> None:
    times = backup.times(chosen)
    once_then_twice = [times >= 2] if backup.required else [times >= 2, times >= 1]
    for x, value in zip(model.opened, chosen, strict=True):
        x.varValue = float(value)
    for y, value in zip(model.covered, np.concatenate(once_then_twice), strict=True):
        y.varValue = float(value)


def _figures(
    problem: SitingProblem, backup: _Backup, chosen: Bools, given: npt.ArrayLike | None
) -> dict[str, float]:
    """Return weight covered at least once and twice, existing outlets included."""
    count = _existing_count(problem, given)
    times = np.minimum(count, 2.0)
    times[backup.rows.demand, backup.rows.kind] = backup.times(chosen)
    weight = np.where(problem.unknown, 0.0, problem.weights)
    return {
        "covered_once": float(weight[times >= 1].sum()),
        "covered_twice": float(weight[times >= 2].sum()),
    }
