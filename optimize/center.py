"""The p-center problem: nobody walks farther than need be.

minimise    max over demand of (weight *) impedance to the nearest open or existing outlet

The answer is one of the impedances in the matrix, so a search over these levels, each a covering
question, ends with the optimum and its proof: Minieka, "The m-center problem", SIAM Review 12,
1970; Daskin, "Network and discrete location", 1995; Elloumi, Labbé and Pochet, "A new formulation
and resolution method for the p-center problem", INFORMS Journal on Computing 16, 2004.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import numpy.typing as npt

from .arrays import Bools, Floats
from .center_cover import Answer, Reach
from .center_levels import levels_of, reach_within_limits, worst
from .conflicts import find_conflicts
from .effort import Effort, Run
from .existing import Existing
from .finish import Extras, Found, plan_of, refused
from .median_clock import Clock
from .median_input import checked, ranked
from .median_ranks import Ranks, rank_entries
from .median_result import DistanceSolution, solution
from .median_rows import only_total, walking_rows
from .median_search import PlanSearch
from .objective_checks import need_impedance, number_between, refuse_rules
from .openings import Openings
from .plan import Plan
from .problem import Quota, SitingProblem


@dataclass(frozen=True, slots=True, eq=False)
class _Center:
    """Best choice (q,) or None, its level, the proven level, the start's level, questions asked."""

    chosen: Bools | None
    value: float
    bound: float
    start: float
    asked: int


def solve_center(
    cost: object,
    p: int,
    weight: npt.ArrayLike | None = None,
    *,
    existing: npt.ArrayLike | None = None,
    **effort: Unpack[Effort],
) -> DistanceSolution:
    """Return at most p columns that make the largest (weighted) impedance least.

    Parameters
    ----------
    cost
        Impedance (n, m), s or m: full, inf where out of reach, or sparse with the stored entries
        within reach.
    p
        Most columns to open, 1 … m.
    weight
        What the impedance of each row is multiplied with (n,); 1 where not given. Rows of weight 0
        do not count.
    existing
        Impedance to the nearest existing outlet (n,), inf = none.
    **effort
        See `effort.Effort`; the gap defaults to 0 here.

    Returns
    -------
    DistanceSolution
        ``infeasible`` where it is proven that p columns cannot reach every row.

    Raises
    ------
    InputFaults
        If a size does not fit, a number is negative or missing, or p is out of range.
    """
    run = Run.begin({**effort, "gap": effort.get("gap", 0.0)})
    table = checked(cost, weight, existing, p)
    ranks, beyond = ranked(table)
    clock = Clock(run.time_limit, run.progress)
    found = _search(ranks, p, None, run, clock)
    if found.value >= beyond:
        proven = found.bound >= beyond
        return DistanceSolution(
            chosen=np.zeros(0, dtype=np.int64),
            objective=np.inf,
            bound=np.inf if proven else found.bound,
            gap=0.0 if proven else np.inf,
            status="infeasible" if proven else "unknown",
            start=np.inf,
            seed=run.seed,
            seconds=clock.spent,
            nodes=found.asked,
        )
    chosen = np.zeros(ranks.count, bool) if found.chosen is None else found.chosen
    return solution(
        *(np.flatnonzero(chosen), found.value, found.bound),
        wanted=run.gap,
        interrupted=clock.interrupted,
        start=found.start,
        seed=run.seed,
        seconds=clock.spent,
        nodes=found.asked,
    )


def plan_center(
    problem: SitingProblem,
    *,
    p: int | None = None,
    existing: Existing | None = None,
    weighted: bool = False,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan in which the longest walk to the nearest outlet is shortest.

    Parameters
    ----------
    problem
        With `impedance`; all types together, each resident's walk to each type counts.
    p
        Most new outlets in all, besides the problem's quotas.
    existing
        Walking costs to existing outlets: they count as open. Without them, pairs that existing
        outlets cover are left out.
    weighted
        Whether a walk counts times the weight of the demand point (persons).
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``sense`` is "min". ``unreachable`` names the demand that nothing reaches: left out.
        Reachable demand must be reached; where the quotas do not allow that the plan is
        infeasible.

    Raises
    ------
    InputFaults
        If impedances are missing, an option is out of range, or the problem holds a rule that
        this objective cannot take.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "center")
    need_impedance(problem, "center")
    if p is not None:
        number_between("p", p, 0, problem.allowed.size)
        problem = replace(problem, quotas=(*problem.quotas, Quota(maximum=p)))
    conflicts = find_conflicts(problem)
    if conflicts:
        return refused(problem, run, conflicts, sense="min", kind="center")
    walking = walking_rows(problem, existing, None, must_reach=False)
    scale = walking.weight if weighted else np.ones(len(walking.weight))
    ranks, beyond = _ranks(walking.rows.matrix, walking.near, scale)
    bounds = only_total(walking.openings)
    clock = Clock(run.left(), run.progress)
    total = None if bounds is None else bounds[1]
    found = _search(ranks, total, walking.openings, run, clock)
    ended = "interrupted" if clock.interrupted else "time_limit"
    chosen = found.chosen
    if chosen is None or found.value >= beyond:
        ended = "infeasible" if found.bound >= beyond else ended
        result = Found(None, 0.0, min(found.bound, beyond), 0.0, ended)
    else:
        least = 0 if bounds is None else bounds[0]
        chosen = _filled(chosen, least)
        result = Found(chosen, worst(ranks, chosen), found.bound, found.start, ended)
    figures = {} if result.chosen is None else walking.figures(result.chosen)
    extras = Extras(unreachable=walking.unreachable, figures=figures)
    return plan_of(
        problem, walking.openings, result, run, sense="min", kind="center", extras=extras
    )


def _filled(chosen: Bools, least: int) -> Bools:
    filled = chosen.copy()
    filled[np.flatnonzero(~filled)[: max(least - int(filled.sum()), 0)]] = True
    return filled


def _ranks(matrix: object, near: Floats, scale: Floats) -> tuple[Ranks, float]:
    """Return the rows ranked with a cap beyond all for those that must be reached."""
    entries = matrix.tocoo()  # type: ignore[attr-defined]
    row, site = entries.coords
    values = entries.data * scale[row]
    served = np.where(np.isfinite(near), near, 0.0) * scale
    beyond = 2.0 * max(float(values.max(initial=0.0)), float(served.max(initial=0.0))) + 1.0
    cap = np.where(np.isfinite(near), served, beyond)
    count = int(entries.shape[1])
    return rank_entries(row.astype(np.int64), site.astype(np.int64), values, cap, count), beyond


def _search(
    ranks: Ranks, p: int | None, openings: Openings | None, run: Run, clock: Clock
) -> _Center:
    """Halve the levels between what is proven and what is found, until they meet.

    Where a question takes too long, lower levels are asked about, which are easier to rule out.
    """
    levels = levels_of(ranks)
    best = _start(ranks, p, openings, run)
    value = np.inf if best is None else worst(ranks, best)
    start, asked = value, 0
    low, top = 0, int(np.searchsorted(levels, value))  # from top on reached, or it took too long
    ask = _question(ranks, p, openings, run)
    while low < top and not clock.over:
        if np.isfinite(value) and value - levels[low] <= run.gap * value:
            break
        middle = (low + top) // 2
        spell = Clock(_SPELL * clock.left, clock.tell_only)
        answer, chosen = ask(float(levels[middle]), spell)
        clock.interrupted |= spell.interrupted
        asked += 1
        if chosen is not None and worst(ranks, chosen) < value:
            best, value = chosen, worst(ranks, chosen)
        if answer == "no":
            low = middle + 1
        else:
            top = min(int(np.searchsorted(levels, value)), middle)
    bound = float(levels[low]) if low < len(levels) else np.inf
    return _Center(best, value, bound, start, asked)


def _question(
    ranks: Ranks, p: int | None, openings: Openings | None, run: Run
) -> Callable[[float, Clock], tuple[Answer, Bools | None]]:
    """Return what says of a level whether a plan leaves nobody beyond it."""
    if p is not None and p > 0:
        return Reach(ranks, p, run).ask
    if openings is not None:
        return lambda level, clock: reach_within_limits(ranks, level, openings, run, clock)
    return lambda _level, _clock: (
        "no",
        None,
    )  # nothing may open, and the start says what that costs


def _start(ranks: Ranks, p: int | None, openings: Openings | None, run: Run) -> Bools | None:
    """Return a first plan where only a total limits it: a median of the steeper costs."""
    if p is None:
        nothing = np.zeros(ranks.count, dtype=bool)
        allowed = openings is not None and openings.limits.kept_by(nothing)
        return nothing if allowed else None
    chosen = np.zeros(ranks.count, dtype=bool)
    if p >= ranks.count:
        return ~chosen
    if p > 0:
        largest = max(float(ranks.cap.max(initial=0.0)), 1e-300)
        steep = replace(
            ranks, cost=(ranks.cost / largest) ** _STEEP, cap=(ranks.cap / largest) ** _STEEP
        )
        search = PlanSearch(steep, p, run.seed)
        search.descend_from(search.plan)
        chosen[search.plan] = True
    return chosen


#: Share of the time left that one question may take.
_SPELL = 0.3

#: Power of the costs whose median stands in for the center at the start.
_STEEP = 8
