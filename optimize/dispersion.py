"""p-dispersion: outlets as far from one another as they can be.

maximise D such that p candidates, kept by all limits, lie pairwise at least D apart: D is one of
the distances between candidates, so a search by halves asks for ever larger D whether
    sum of x[o] <= 1  over every clique of candidates closer than D         (`clique_rows`)
leaves a plan with p outlets. Every answer "no" is a proven bound.

Kuby, "Programming models for facility dispersion: the p-dispersion and maxisum dispersion
problems", Geographical Analysis 19, 1987; the search by distances is that of Sayah and Irnich, "A
new compact formulation for the discrete p-dispersion problem", European Journal of Operational
Research 256, 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import numpy.typing as npt
import pulp

from quarterhour.data.faults import FaultLog

from .arrays import Bools, Floats, Ints
from .conflicts import find_conflicts
from .effort import Effort, Run
from .finish import Extras, Found, plan_of, refused
from .limits import TOLERANCE
from .model import CoverageModel, limit_rows, opening_variables
from .objective_checks import number_between, refuse_rules
from .openings import Openings
from .plan import Plan
from .problem import Quota, SitingProblem
from .rows_of import at_most, columns_of


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """Openings and the distances between them (q, q), m; inf to themselves."""

    openings: Openings
    distance: Floats

    def least(self, chosen: Bools) -> float:
        """Return the least distance between two chosen openings."""
        return float(self.distance[np.ix_(chosen, chosen)].min())


def plan_dispersion(
    problem: SitingProblem,
    outlets: int,
    *,
    distance: npt.ArrayLike | None = None,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan of so many outlets whose least mutual distance is largest.

    Parameters
    ----------
    problem
        One type; candidates, quotas, required and fixed sites. Demand is not looked at.
    outlets
        New outlets p, at least 2.
    distance
        Between candidates (m, m), symmetric, e.g. along streets; straight lines between
        `SitingProblem.xy` where not given, m.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``objective``: the least distance between two new outlets, in the unit of ``distance``.

    Raises
    ------
    InputFaults
        If there are several types, too few outlets, or no distances.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "dispersion")
    number_between("outlets", outlets, 2, max(problem.n_candidates, 2))
    between = _distances(problem, distance)
    exactly = replace(problem, quotas=(*problem.quotas, Quota(outlets, outlets)))
    conflicts = find_conflicts(exactly)
    if conflicts:
        return refused(problem, run, conflicts, sense="max", kind="dispersion")
    openings = columns_of(exactly)
    between = between[np.ix_(openings.candidate, openings.candidate)]
    np.fill_diagonal(between, np.inf)
    found = _search(_Spread(openings, between), outlets, run)
    return plan_of(problem, openings, found, run, sense="max", kind="dispersion", extras=Extras())


def _distances(problem: SitingProblem, given: npt.ArrayLike | None) -> Floats:
    """Return the distances (m, m), checked."""
    log = FaultLog()
    m = problem.n_candidates
    if len(problem.types) > 1:
        named = ", ".join(problem.types)
        log.add("siting_one_type", column="plan.types", value=named, kind="dispersion")
    if given is None:
        steps = problem.xy[:, None, :] - problem.xy[None, :, :]
        between = np.hypot(steps[..., 0], steps[..., 1])
    else:
        between = np.array(given, dtype=np.float64)
    if between.shape != (m, m):
        log.add("siting_shape", column="distance", value=between.shape, shape=str((m, m)))
        log.raise_if_any()
    wrong = between[np.isnan(between) | (between < 0)]
    if len(wrong):
        column = "xy" if given is None else "distance"
        log.add("siting_number", column=column, value=wrong[0], count=len(wrong), least=0)
    log.raise_if_any()
    return np.minimum(between, between.T)


def _search(spread: _Spread, outlets: int, run: Run) -> Found:
    """Halve the distances between what is known to work and what is known not to."""
    levels = np.unique(spread.distance[np.isfinite(spread.distance)])
    start = _greedy(spread, outlets)
    best, ended = start, "finished"
    value = floor = 0.0 if start is None else spread.least(start)
    low = -1 if start is None else int(np.searchsorted(levels, value))
    high, refuted = len(levels), len(levels)  # levels[high:] not reached, levels[refuted:] proven
    while high - low > 1 and run.left() > 0:
        middle = 0 if low < 0 else (low + high) // 2
        chosen, answer = _apart(spread, float(levels[middle]), outlets, run)
        if chosen is not None:
            best, value = chosen, spread.least(chosen)
            low = int(np.searchsorted(levels, value))
        elif answer == "infeasible":
            high = refuted = middle
            if low < 0:
                return Found(None, 0.0, 0.0, 0.0, "infeasible")
        else:
            high, ended = middle, answer
    if high - low > 1:
        ended = "time_limit"
    bound = float(levels[refuted - 1]) if refuted else 0.0
    return Found(best, value, max(bound, value), floor, ended)


def _apart(spread: _Spread, least: float, outlets: int, run: Run) -> tuple[Bools | None, str]:
    """Return a plan at least so far apart, or None and how the search for it ended."""
    model = dispersion_model(spread.openings, spread.distance < least - TOLERANCE)
    chosen, outcome = run.solve(model, gap=0.0)
    kept = int(chosen.sum()) == outlets and spread.openings.limits.kept_by(chosen)
    if kept and spread.least(chosen) >= least - TOLERANCE:
        return chosen, outcome.ended
    return None, outcome.ended


def dispersion_model(openings: Openings, close: Bools) -> CoverageModel:
    """Return the model of a plan without two openings that are ``close`` (q, q)."""
    lp = pulp.LpProblem("dispersion", pulp.LpMaximize)
    x = opening_variables(lp, openings)
    lp.setObjective(pulp.LpAffineExpression(dict.fromkeys(x, 1.0)))
    clique_rows(lp, x, close)
    limit_rows(lp, openings, x)
    return CoverageModel(lp, x, ())


def clique_rows(lp: pulp.LpProblem, x: list[pulp.LpVariable], close: Bools) -> None:
    """Add  sum of x[o] <= 1  over cliques that hold every pair of close openings."""
    for number, clique in enumerate(_cliques(close)):
        at_most(lp, f"apart_{number}", {x[o]: 1.0 for o in clique.tolist()}, 1.0)


def _cliques(close: Bools) -> Iterator[Ints]:
    """Yield cliques, grown greedily, until every pair is in one."""
    left = np.triu(close, 1)
    for first in range(len(close)):
        while left[first].any():
            clique = [first]
            common = close[first].copy()
            wanted = left[first].copy()
            while common.any():
                new = int(np.argmax(2 * (common & wanted) + common))
                clique.append(new)
                common &= close[new]
            members = np.sort(np.array(clique, dtype=np.int64))
            left[np.ix_(members, members)] = False
            yield members


def _greedy(spread: _Spread, outlets: int) -> Bools | None:
    """Return the best of the farthest-first plans, each begun at another opening; or None."""
    limits, count = spread.openings.limits, spread.openings.count
    best: Bools | None = None
    for first in range(min(count, 50)):
        chosen = np.zeros(count, dtype=bool)
        chosen[first] = True
        nearest = spread.distance[first].copy()
        for _ in range(outlets - 1):
            nearest[chosen] = -1.0
            if not (nearest >= 0).any():
                break
            new = int(np.argmax(nearest))
            chosen[new] = True
            nearest = np.minimum(nearest, spread.distance[new])
        kept = int(chosen.sum()) == outlets and limits.kept_by(chosen)
        if kept and (best is None or spread.least(chosen) > spread.least(best)):
            best = chosen
    return best
