"""The p-center problem: nobody walks farther than need be.

minimise    max over demand of (weight *) impedance to the nearest open or existing outlet

The search for it stands in `center_search`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, rows_met
from .center_levels import worst
from .center_search import Center, search_center
from .conflicts import find_conflicts
from .effort import Effort, Run
from .existing import Existing
from .finish import Extras, Found, plan_of, refused
from .limits import Limits
from .median_clock import Clock
from .median_input import checked, ranked
from .median_ranks import Ranks, narrow, rank_entries
from .median_result import DistanceSolution, solution
from .median_rows import only_total, opened_at_least, walking_rows
from .objective_checks import need_impedance, number_between, refuse_rules
from .openings import Openings
from .plan import Plan
from .problem import Quota, SitingProblem


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
    clock = Clock(run.left(), run.progress)
    found = search_center(ranks, p, None, run, clock)
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
            seconds=run.seconds(),
            nodes=found.asked,
        )
    chosen = np.zeros(ranks.count, bool) if found.chosen is None else found.chosen
    return solution(
        *(np.flatnonzero(chosen), found.value, found.bound),
        wanted=run.gap,
        interrupted=clock.interrupted,
        start=found.start,
        seed=run.seed,
        seconds=run.seconds(),
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
    clock = Clock(run.left(), run.progress)
    certain, others = _certain(walking.openings)
    bounds = only_total(others)
    found = _search(ranks, bounds, certain, walking.openings, run, clock)
    ended = "interrupted" if clock.interrupted else "time_limit"
    chosen = found.chosen
    if chosen is None or found.value >= beyond:
        ended = "infeasible" if found.bound >= beyond else ended
        result = Found(None, 0.0, min(found.bound, beyond), 0.0, ended)
    else:
        least = 0 if bounds is None else bounds[0]
        chosen = opened_at_least(chosen, least)
        result = Found(chosen, worst(ranks, chosen), found.bound, found.start, ended)
    figures = {} if result.chosen is None else walking.figures(result.chosen)
    extras = Extras(unreachable=walking.unreachable, figures=figures)
    return plan_of(
        problem, walking.openings, result, run, sense="min", kind="center", extras=extras
    )


def _certain(openings: Openings) -> tuple[Bools, Openings]:
    """Return what every plan opens (q,), and the openings without the limits that say just that."""
    limits, count = openings.limits, openings.limits.largest()
    members = np.diff(limits.matrix.indptr)
    counted = np.asarray(limits.matrix.max(axis=1).toarray()).ravel() if len(members) else members
    all_open = (members > 0) & (counted == 1.0) & (count == members) & (limits.lower == members)
    certain: Bools = rows_met(sparse.csr_array(limits.matrix.T), all_open) > 0
    left = np.flatnonzero(~all_open | (limits.upper < members))
    others = Limits(
        matrix=sparse.csr_array(limits.matrix[left]),
        lower=limits.lower[left],
        upper=limits.upper[left],
        kinds=tuple(limits.kinds[row] for row in left),
        names=tuple(limits.names[row] for row in left),
    )
    return certain, replace(openings, limits=others)


def _search(
    ranks: Ranks,
    bounds: tuple[int, int] | None,
    certain: Bools,
    openings: Openings,
    run: Run,
    clock: Clock,
) -> Center:
    """Search with what is certain open already, where there is no limit but that and a total."""
    if bounds is None or bounds[1] < certain.sum():
        return search_center(ranks, None, openings, run, clock)
    if not certain.any():
        return search_center(ranks, bounds[1], openings, run, clock)
    free, _ = narrow(ranks, ~certain, certain, ranks.cap)
    found = search_center(free, bounds[1] - int(certain.sum()), openings, run, clock)
    if found.chosen is None:
        return found
    chosen = certain.copy()
    chosen[~certain] = found.chosen
    return replace(found, chosen=chosen)


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
