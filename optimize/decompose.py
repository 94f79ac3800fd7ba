"""Solve a plan part by part: districts or components in parallel, common quotas kept exactly.

Dantzig and Wolfe, "Decomposition principle for linear programs", Operations Research 8, 1960. A
**part** is a set of openings that shares no demand and no local limit with the others. What ties
parts together, common quotas and floors, is priced: each part is asked for the plan that is best at
the present prices; a master problem mixes the plans seen so far under the common limits and sets
new prices. Nothing is shared out beforehand. At any prices the parts' own bounds add up to a bound
on the whole (Geoffrion, "Lagrangean relaxation for integer programming", Mathematical Programming
Study 2, 1974). What the mix of whole plans leaves open goes to `solve_openings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
import pulp
from scipy import sparse
from scipy.optimize import linprog

from quarterhour.data.progress import Progress, silent

from .arrays import Bools, Floats, Ints
from .components import Parts, independent_parts
from .effort import Effort, Run, tighter
from .limits import Limits
from .openings import Openings
from .part_work import PartAnswer, PartTask, answers_of
from .plan import relative_gap
from .reduce import reduce_openings
from .row_rules import Circles, RowFloors
from .solve_openings import Solved, solve_openings
from .solvers import Request

#: Parts are gathered into at most so many groups: fewer, larger ones are priced in fewer rounds.
_MOST_GROUPS = 24

#: Rounds of pricing at most, and share of the time they may take.
_ROUNDS, _SHARE = 60, 0.6

#: How far prices move from the best known ones towards the newest (Wentges 1997: smoothing).
_STEP = 0.6

#: Each part is solved to this share of the gap asked for.
_FINER = 0.2

#: Seconds a single part may take at most, as a share of the time left.
_PART_SHARE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """A group of parts: its openings alone, and what it uses of the common limits and floors."""

    openings: Openings
    columns: Ints
    use: sparse.csr_array
    serve: sparse.csr_array

    def amounts(self, chosen: Bools) -> tuple[float, Floats, Floats]:
        """Return worth, use of each common limit and service to each common floor of a plan."""
        covered = self.openings.covered(chosen).astype(np.float64)
        worth = self.openings.value(chosen)
        return worth, self.use @ chosen.astype(np.float64), self.serve @ covered


@dataclass(frozen=True, slots=True, eq=False)
class _Common:
    """Bounds of the common limits (L,) and floors (F,)."""

    lower: Floats
    upper: Floats
    floor: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Prices:
    """Price of a unit above and below each common limit, and of a person short of each floor."""

    above: Floats
    below: Floats
    short: Floats

    def towards(self, other: _Prices, step: float) -> _Prices:
        """Return prices a step of the way to others."""
        pairs = zip(
            (self.above, self.below, self.short),
            (other.above, other.below, other.short),
            strict=True,
        )
        return _Prices(*(old + step * (new - old) for old, new in pairs))


@dataclass(slots=True, eq=False)
class _Work:
    """The state of a run: groups, the plans seen of each, the best mix and the best bound."""

    groups: list[_Group]
    common: _Common
    seen: list[list[tuple[Bools, float, Floats, Floats]]]
    best: Bools
    value: float
    bound: float
    keys: list[set[bytes]] = field(default_factory=list)

    def add(self, number: int, chosen: Bools) -> bool:
        """Keep a plan of a group; return whether it is new."""
        key = np.packbits(chosen).tobytes()
        if key in self.keys[number]:
            return False
        self.keys[number].add(key)
        self.seen[number].append((chosen, *self.groups[number].amounts(chosen)))
        return True


def solve_by_parts(
    openings: Openings,
    *,
    solver: str = "highs",
    time_limit: float = 60.0,
    gap: float = 1e-4,
    seed: int = 0,
    threads: int = 2,
    progress: Progress = silent,
    start: Bools | None = None,
    together: Ints | None = None,
    executor: Executor | None = None,
) -> Solved:
    """Return what `solve_openings` would, solving independent parts on their own.

    Parameters
    ----------
    openings, solver, time_limit, gap, seed, threads, progress, start
        As for `solve_openings`.
    together
        Labels (q,) of openings to be kept in one part, e.g. their district; −1 = no wish.
    executor
        Solves parts side by side: `part_work.processes`, or that of a Dask cluster,
        ``client.get_executor()``. None: one after the other. The plan is the same unless the
        clock stops it.

    Returns
    -------
    Solved
        Its bound holds for the whole problem; all limits are kept. A problem of one part goes to
        `solve_openings` as it is.

    Raises
    ------
    InputFaults
        If the solver is unknown, missing, or breaks off with an error.
    """
    effort = Effort(
        solver=solver, time_limit=time_limit, gap=gap, seed=seed, threads=threads,
        progress=progress,
    )  # fmt: skip
    run = Run.begin(effort)
    state = reduce_openings(openings)
    inner = state.openings
    wish = None if together is None else together[state.kept]
    parts = independent_parts(inner, together=wish)
    if parts.count < 2 or inner.impossible():
        return solve_openings(openings, start=start, **effort)
    first = _first(inner, None if start is None else start[state.kept], run)
    if first.chosen is None or first.ended == "interrupted":
        return solve_openings(openings, start=start, **effort)
    work = _work(inner, parts, first.chosen, first.bound)
    interrupted = _price_rounds(work, inner, solver, run, executor)
    found = Solved(work.best, work.bound, first.floor, "interrupted" if interrupted else "finished")
    if not interrupted and relative_gap(work.value, work.bound) > run.gap:
        rest = solve_openings(inner, solver=run.solver, start=work.best, **run.clock())
        bound = tighter(work.bound, rest.bound, "max")
        found = replace(rest, bound=bound, floor=first.floor)
    if found.chosen is None:  # cannot be: a feasible plan was handed on
        return replace(found, chosen=state.restore(first.chosen))
    return replace(found, chosen=state.restore(found.chosen))


def _first(openings: Openings, start: Bools | None, run: Run) -> Solved:
    """Return a plan to begin with: greedy and swaps, without waiting for a proof."""
    known = None if start is None or not openings.feasible(start) else start
    return solve_openings(
        openings, solver=run.solver, time_limit=0.0, gap=run.gap, seed=run.seed,
        threads=run.threads, progress=run.progress, start=known, reduce=False,
    )  # fmt: skip


def _work(openings: Openings, parts: Parts, start: Bools, bound: float) -> _Work:
    """Cut the problem into groups and begin with the parts of the plan ``start``."""
    label = _gathered(parts)
    groups = [_group(openings, parts, label, number) for number in range(int(label.max()) + 1)]
    limits, tied = openings.limits, parts.of_limit < 0
    common = _Common(
        limits.lower[tied], limits.upper[tied], openings.floors.lower[parts.of_floor < 0]
    )
    nothing: list[set[bytes]] = [set() for _ in groups]
    work = _Work(groups, common, [[] for _ in groups], start, openings.value(start), bound, nothing)
    for number, group in enumerate(groups):
        work.add(number, start[group.columns])
    return work


def _gathered(parts: Parts) -> Ints:
    """Return the group of each part (P,): the largest parts first, into the emptiest group."""
    size = np.bincount(parts.of_opening, minlength=parts.count)
    count = min(parts.count, _MOST_GROUPS)
    label, load = np.zeros(parts.count, dtype=np.int64), np.zeros(count)
    for part in np.argsort(-size, kind="stable").tolist():
        label[part] = int(np.argmin(load))
        load[label[part]] += size[part]
    return label


def _group(openings: Openings, parts: Parts, label: Ints, number: int) -> _Group:
    """Return the openings, rows, circles, limits and floors of one group."""
    columns = np.flatnonzero(label[parts.of_opening] == number)
    rows = np.flatnonzero(_of(label, parts.of_row) == number)
    circles = np.flatnonzero(_of(label, parts.of_circle) == number)
    own_limits = np.flatnonzero(_of(label, parts.of_limit) == number)
    own_floors = np.flatnonzero(_of(label, parts.of_floor) == number)
    limits, floors = openings.limits, openings.floors
    small = replace(
        openings.keep_columns(columns).keep_rows(rows),
        limits=_rows_of(limits, own_limits, columns),
        floors=RowFloors(
            floors.matrix[own_floors][:, rows], floors.lower[own_floors],
            tuple(floors.names[floor] for floor in own_floors),
        ),
        circles=Circles(
            openings.circles.members[circles][:, rows], openings.circles.weight[circles]
        ),
        constant=0.0,
    )  # fmt: skip
    use = limits.matrix[parts.of_limit < 0][:, columns]
    serve = floors.matrix[parts.of_floor < 0][:, rows]
    return _Group(small, columns, sparse.csr_array(use), sparse.csr_array(serve))


def _of(label: Ints, part: Ints) -> Ints:
    """Return the group of parts, −1 where there is none."""
    return np.where(part < 0, -1, label[part])


def _rows_of(limits: Limits, rows: Ints, columns: Ints) -> Limits:
    return Limits(
        matrix=limits.matrix[rows][:, columns],
        lower=limits.lower[rows],
        upper=limits.upper[rows],
        kinds=tuple(limits.kinds[row] for row in rows),
        names=tuple(limits.names[row] for row in rows),
    )


def _price_rounds(
    work: _Work, openings: Openings, solver: str, run: Run, executor: Executor | None
) -> bool:
    """Price parts in rounds until the gap is reached or nothing new comes; True if interrupted."""
    deadline = run.began + _SHARE * run.time_limit
    centre: _Prices | None = None
    try:
        for _ in range(_ROUNDS):
            newest = _master_prices(work)
            prices = newest if centre is None else centre.towards(newest, _STEP)
            before = work.bound
            answers = answers_of(_tasks(work, prices, solver, run), run, executor)
            new = _priced(work, openings, prices, answers)
            if work.bound < before or centre is None:
                centre = prices
            if not new and prices is not newest:
                centre, new = newest, True
            _mix(work, openings, run)
            run.tell()
            enough = relative_gap(work.value, work.bound) <= run.gap
            if enough or not new or run.began + run.seconds() >= deadline:
                break
    except KeyboardInterrupt:
        return True
    return False


def _tasks(work: _Work, prices: _Prices, solver: str, run: Run) -> list[PartTask]:
    """Return all groups at these prices, ready to be solved."""
    request = Request(max(_PART_SHARE * run.left(), 0.05), _FINER * run.gap, run.seed, threads=1)
    return [PartTask(_at(group, prices), solver, request) for group in work.groups]


def _at(group: _Group, prices: _Prices) -> Openings:
    """Return a group's openings with the prices taken into their worth."""
    cost = group.use.T @ (prices.above - prices.below)
    return replace(
        group.openings,
        gain=group.openings.gain - cost,
        weight=group.openings.weight + group.serve.T @ prices.short,
    )


def _priced(
    work: _Work, openings: Openings, prices: _Prices, answers: Sequence[PartAnswer]
) -> bool:
    """Take the answers in; return whether any plan is new."""
    bounds = [answer.bound for answer in answers if answer.bound is not None]
    if len(bounds) == len(answers):
        free = _worth(prices, work.common)
        work.bound = min(work.bound, openings.constant + sum(bounds) + free)
    new = False
    for number, answer in enumerate(answers):
        if work.groups[number].openings.feasible(answer.chosen):
            new |= work.add(number, answer.chosen)
    return new


def _worth(prices: _Prices, common: _Common) -> float:
    """Return what the common bounds are worth at some prices; an infinite bound has none."""
    above = np.where(np.isfinite(common.upper), common.upper, 0.0) @ prices.above
    below = np.where(np.isfinite(common.lower), common.lower, 0.0) @ prices.below
    return float(above - below - common.floor @ prices.short)


def _columns(work: _Work) -> tuple[Floats, Ints, Floats, Floats]:
    """Return worth (s,), group (s,), use (L, s) and service (F, s) of every plan seen."""
    flat = [(number, plan) for number, plans in enumerate(work.seen) for plan in plans]
    worth = np.array([plan[1] for _, plan in flat])
    group = np.array([number for number, _ in flat], dtype=np.int64)
    use = np.array([plan[2] for _, plan in flat]).T.reshape(len(work.common.upper), len(flat))
    serve = np.array([plan[3] for _, plan in flat]).T.reshape(len(work.common.floor), len(flat))
    return worth, group, use, serve


def _master_prices(work: _Work) -> _Prices:
    """Return the prices at which no plan seen is worth more than the best mix of plans."""
    worth, group, use, serve = _columns(work)
    common = work.common
    high, low = np.isfinite(common.upper), np.isfinite(common.lower)
    rows = np.vstack([use[high], -use[low], -serve])
    right = np.concatenate([common.upper[high], -common.lower[low], -common.floor])
    one = (group[None, :] == np.arange(len(work.groups))[:, None]).astype(np.float64)
    found = linprog(-worth, rows, right, one, np.ones(len(work.groups)), method="highs")
    above, below = np.zeros(len(common.upper)), np.zeros(len(common.lower))
    duals = -np.asarray(found.ineqlin.marginals, dtype=np.float64)
    above[high], below[low] = duals[: high.sum()], duals[high.sum() : high.sum() + low.sum()]
    return _Prices(above, below, duals[high.sum() + low.sum() :])


def _mix(work: _Work, openings: Openings, run: Run) -> None:
    """Put the best whole plans together, one of each group, under the common limits."""
    worth, group, use, serve = _columns(work)
    lp = mix_model(worth, group, use, serve, work.common)
    run.solver.solve(_Mix(lp), run.request(gap=_FINER * run.gap, share=0.2))  # type: ignore[arg-type]
    picked = [(v.varValue or 0.0) > 0.5 for v in lp.variables()]
    order = np.argsort([int(v.name[4:]) for v in lp.variables()])
    plans = [plan for plans in work.seen for plan in plans]
    chosen = np.zeros(openings.count, dtype=bool)
    for place in np.flatnonzero(np.array(picked)[order]).tolist():
        chosen[work.groups[group[place]].columns[plans[place][0]]] = True
    if openings.feasible(chosen) and openings.value(chosen) > work.value:
        work.best, work.value = chosen, openings.value(chosen)


@dataclass(frozen=True, slots=True)
class _Mix:
    """The master problem in the form solvers take."""

    lp: pulp.LpProblem

    def started(self) -> bool:
        """Whether there is a warm start."""
        return False


def mix_model(
    worth: Floats, group: Ints, use: Floats, serve: Floats, common: _Common
) -> pulp.LpProblem:
    """Return  maximise worth of one plan of each group  under the common limits and floors."""
    lp = pulp.LpProblem("mix_of_plans", pulp.LpMaximize)
    plan = [lp.add_variable(f"plan{number}", 0, 1, pulp.LpInteger) for number in range(len(worth))]
    lp.setObjective(pulp.LpAffineExpression(zip(plan, worth.tolist(), strict=True)))
    for number in range(int(group.max()) + 1):
        members = {plan[place]: 1.0 for place in np.flatnonzero(group == number).tolist()}
        _row(lp, f"one_{number}", members, pulp.LpConstraintEQ, 1.0)
    for number in range(len(common.upper)):
        terms = dict(zip(plan, use[number].tolist(), strict=True))
        if np.isfinite(common.upper[number]):
            _row(lp, f"most_{number}", terms, pulp.LpConstraintLE, float(common.upper[number]))
        if np.isfinite(common.lower[number]):
            _row(lp, f"least_{number}", terms, pulp.LpConstraintGE, float(common.lower[number]))
    for number, least in enumerate(common.floor.tolist()):
        terms = dict(zip(plan, serve[number].tolist(), strict=True))
        _row(lp, f"floor_{number}", terms, pulp.LpConstraintGE, least)
    return lp


def _row(
    lp: pulp.LpProblem, name: str, terms: dict[pulp.LpVariable, float], sense: int, right: float
) -> None:
    kept = {variable: value for variable, value in terms.items() if value}
    lp.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(kept), sense, name, right))
