"""The capacitated p-median with each demand point served whole: search, bound, a small model.

The search gives a good plan, the Lagrangean bound with that plan rules out most pairs of a demand
point and an outlet, and the model of what is left proves the rest.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .effort import GAP_SHARE, Run
from .median_assign_model import assignment_model
from .median_clock import Clock
from .median_rows import only_total
from .median_serving import valid
from .single_source_bound import SingleBound, most_open
from .single_source_search import SingleSearch
from .single_source_table import Table, filled, trimmed
from .single_source_tree import SingleTree

#: Rounds of the search in one spell, times 100 rows; between two looks at the clock, times their
#: square; spells in vain after which it ends.
_SPELL, _PIECE, _VAIN = 400, 200, 2

#: Gap of the root from which on one thread goes on searching: a proof is far off.
_WIDE = 0.04

#: Steps of the bound in one climb: at most, at least, and times rows and outlets.
_CLIMB, _LEAST_CLIMB, _CLIMB_WORK = 2000, 20, 400_000_000

#: What a climb must raise the bound by, as a share of it, not to be in vain.
_RAISED = 1e-4

#: Share of the time left in which search and bound are to end.
_SHARE = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """The best plan, as shares of the stored entries of the serving, and what is proven."""

    chosen: Bools
    shares: Floats
    value: float
    bound: float
    start: float
    ended: str


def solve_single(table: Table, chosen: Bools, run: Run) -> Solved:
    """Return the cheapest plan found, from openings (q,) that keep the limits.

    Parameters
    ----------
    table
        The problem.
    chosen
        A first plan.
    run
        Clock, gap, seed and solver.
    """
    search = SingleSearch(table, filled(table, chosen), run.seed)
    until, interrupted = run.left() * (1 - _SHARE), False
    search.shake(1)
    bound = SingleBound(table, _paid(table, search))
    try:
        _search_and_climb(search, bound, run, until)
    except KeyboardInterrupt:
        interrupted = True
    ended, proven = "interrupted" if interrupted else "finished", bound.value
    if bound.value >= goal_below(table, search.value, run.gap):
        proven = claimed(table, search.value, run.gap)
    elif not interrupted:
        prove = _prove if only_total(table.walking.openings) is None else _branch
        ended, proven = prove(search, bound, run)
    value, used = search.value, trimmed(table, search.chosen(), search.who)
    return Solved(used, table.shares(search.who), value, min(proven, value), search.start, ended)


def goal_below(table: Table, value: float, gap: float) -> float:
    """Return the cost that a plan must stay below to be looked for."""
    wanted = value - max(GAP_SHARE * gap, 2e-7) * value
    return min(wanted, value - 1 + 1e-6) if table.whole else wanted


def claimed(table: Table, value: float, gap: float) -> float:
    """Return what is proven once no plan is left below the goal."""
    goal = goal_below(table, value, gap)
    return float(np.ceil(goal)) if table.whole else goal


def _paid(table: Table, search: SingleSearch) -> Floats:
    """Return what each row costs in the plan (R,), as first multipliers."""
    who = search.who
    reached = np.where(np.isfinite(table.cost), table.cost, 0.0)
    return np.where(who < 0, reached.max(axis=1), table.cost[np.arange(len(who)), who])


def _search_and_climb(search: SingleSearch, bound: SingleBound, run: Run, until: float) -> None:
    """Search and climb by turns until both are in vain, the gap is closed, or the time over."""
    table, vain, theta = search.table, 0, 1.0
    steps = int(np.clip(_CLIMB_WORK // table.cost.size, _LEAST_CLIMB, _CLIMB))
    while vain < _VAIN and run.left() > until:
        run.tell()
        before, pairs, low = search.value, bound.pairs(), bound.value
        _spell(search, run, until)
        goal = goal_below(table, search.value, run.gap)
        if run.left() < until:
            return
        bound.climb(goal, steps, theta)
        if bound.value >= goal:
            return
        if table.walking.openings.limits.kept_by(bound.wished):
            search.offer(filled(table, bound.wished))
        raised = bound.value - low > _RAISED * abs(bound.value)
        better = search.value < before or bound.pairs() < 0.98 * pairs
        vain, theta = 0 if raised or better else vain + 1, 0.3


def _spell(search: SingleSearch, run: Run, until: float) -> None:
    """Search for so many rounds, or until only ``until`` seconds are left."""
    rounds, piece = max(100 * _SPELL // max(len(search.who), 1), 1), _piece(search)
    for done in range(0, rounds, piece):
        if run.left() < until:
            return
        search.shake(min(piece, rounds - done))


def _piece(search: SingleSearch) -> int:
    """Return how many rounds there are between two looks at the clock."""
    return max(100 * 100 * _PIECE // max(len(search.who), 1) ** 2, 1)


def _branch(search: SingleSearch, bound: SingleBound, run: Run) -> tuple[str, float]:
    """Branch on what is left; return how it ended and what is proven."""
    table, clock, lock = search.table, Clock(run.left(), run.progress), threading.Lock()

    def goal() -> float:
        return goal_below(table, search.value, run.gap)

    def offer(chosen: Bools) -> None:
        with lock:
            search.offer(filled(table, chosen[: table.count]))

    def offer_plan(who: Ints) -> None:
        with lock:
            _take(search, who)

    tree = SingleTree(bound, goal, offer, offer_plan)

    def search_on() -> None:
        while not clock.over and tree.bound() < goal():
            with lock:
                search.shake(_piece(search))

    jobs = [lambda: tree.work(lambda: clock.over)] * run.threads
    if search.value - bound.value > _WIDE * search.value:
        jobs[0] = search_on
    clock.work(jobs)
    proven = min(tree.bound(), claimed(table, search.value, run.gap))
    ended = "time_limit" if clock.over else "finished"
    return "interrupted" if clock.interrupted else ended, whole_up(table, proven)


def _take(search: SingleSearch, who: Ints) -> None:
    """Go on from a plan given by the outlet of each row (R,), if there is room for it."""
    table = search.table
    used = np.zeros(table.cost.shape[1], dtype=bool)
    used[who[who >= 0]] = True
    chosen, shares = used[: table.count], table.shares(who)
    if chosen.sum() <= most_open(table) and valid(table.serving, shares, chosen):
        search.take(filled(table, chosen), who)


def whole_up(table: Table, bound: float) -> float:
    """Return a bound rounded up where costs are whole."""
    return float(np.ceil(bound - 1e-5)) if table.whole and np.isfinite(bound) else bound


def _prove(search: SingleSearch, bound: SingleBound, run: Run) -> tuple[str, float]:
    """Solve what is left by a model, from the best plan on; return how it ended and the bound."""
    table, before = search.table, search.value
    serving = table.serving
    row, outlet = serving.row(), serving.cost.indices
    kept = np.isfinite(bound.left.cost[row, outlet]) | (search.who[row] == outlet)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=len(search.who)))])
    entries = (serving.cost.data[kept], outlet[kept], ends)
    small = replace(serving, cost=sparse.csr_array(entries, shape=serving.cost.shape))
    model, assigned = assignment_model(small)
    chosen, may = search.chosen(), bound.may_open()
    for o, x in enumerate(model.opened):
        x.upBound = float(may[o] or chosen[o])
        x.varValue = float(chosen[o])
    for variable, share in zip(assigned, table.shares(search.who)[kept].tolist(), strict=True):
        variable.varValue = share
    for r, left_out in enumerate(model.covered[len(assigned) :]):
        left_out.varValue = float(search.who[r] < 0)
        left_out.upBound = float(search.who[r] < 0 or np.isfinite(bound.left.out[r]))
    opened, outcome = run.solve(model)
    shares = np.zeros(len(row))
    shares[kept] = np.round([v.varValue or 0.0 for v in assigned])
    who = table.served_by(shares)
    if table.walking.openings.limits.kept_by(opened) and valid(serving, shares, opened):
        search.take(opened, who)
    outside = claimed(table, before, run.gap)
    least = -np.inf if outcome.bound is None else -outcome.bound
    least -= 1e-6 + 1e-9 * abs(least)
    return outcome.ended, whole_up(table, max(bound.value, min(least, outside)))
