"""Coverage against the number of outlets: what one more outlet still buys."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from quarterhour.data.progress import Progress, silent

from .arrays import Floats, Ints
from .cover_state import CoverState
from .greedy import picks
from .openings import flatten
from .problem import Quota, SitingProblem
from .solve import plan_max_coverage


@dataclass(frozen=True, slots=True)
class ProvenPoint:
    """What is proven for one number of outlets: a plan, and what none exceeds."""

    outlets: int
    covered: float
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class PriceCurve:
    """A greedy curve: a lower bound of the best coverage at every number of outlets.

    Attributes
    ----------
    outlets
        0, 1, 2, … (p + 1,).
    covered
        Weight newly covered with so many outlets (p + 1,); never falls.
    knee
        Number of outlets where the curve bends most.
    proven
        Some numbers of outlets with an optimised plan and its upper bound.
    """

    outlets: Ints
    covered: Floats
    knee: int
    proven: tuple[ProvenPoint, ...] = ()


def price_curve(problem: SitingProblem, *, most: int = 10_000) -> PriceCurve:
    """Return newly covered weight against the number of new outlets, best next outlet first.

    Parameters
    ----------
    problem
        Its capacities, budget, spacing and maxima by type and group hold; totals, years, minima,
        floors and required sites are left out, since they ask for a number and not for coverage.
    most
        Outlets at which the curve stops; it ends earlier where nothing is left to gain.
    """
    state = CoverState(flatten(freed(problem)))
    gains = [_last_gain(state, opening) for opening in islice(picks(state), most)]
    covered = np.concatenate([[0.0], np.cumsum(gains)])
    return PriceCurve(np.arange(len(covered)), covered, knee_of(covered))


def freed(problem: SitingProblem, total: int | None = None) -> SitingProblem:
    """Return the problem in one year, without anything that asks for a number of outlets.

    Parameters
    ----------
    problem
        Any.
    total
        The one total asked for instead, or None.
    """
    asked = () if total is None else (Quota(maximum=total),)
    kept = (q for q in problem.quotas if (q.type or q.level or q.action) and not q.year)
    return replace(
        problem,
        quotas=(*asked, *(replace(quota, minimum=0) for quota in kept)),
        required=np.zeros_like(problem.required),
        fixed=np.zeros_like(problem.fixed),
        fixed_year=np.full_like(problem.fixed_year, -1),
        years=("",),
        year_weight=np.ones(1),
        floors=(),
        keep_weight=0.0,
    )


def prove_points(
    problem: SitingProblem,
    curve: PriceCurve,
    *,
    points: int,
    seconds: float,
    solver: str = "highs",
    seed: int = 0,
    threads: int = 2,
    progress: Progress = silent,
) -> PriceCurve:
    """Return the curve with optimised plans and proven upper bounds at some numbers of outlets.

    Parameters
    ----------
    problem
        The problem the curve was drawn of.
    curve
        From `price_curve`.
    points
        How many numbers of outlets, evenly spread over the curve.
    seconds
        Time for each, s.
    solver, seed, threads
        As for `quarterhour.optimize.solve.plan_max_coverage`.
    progress
        Told of task ``price_curve`` in numbers of outlets proven.
    """
    last = len(curve.outlets) - 1
    chosen = sorted({math.ceil(last * (place + 1) / points) for place in range(points)} - {0})
    found = []
    for number, outlets in enumerate(chosen if last else ()):
        progress("price_curve", number, len(chosen))
        plan = plan_max_coverage(
            freed(problem, outlets), solver=solver, time_limit=seconds, gap=0.001, seed=seed,
            threads=threads,
        )  # fmt: skip
        if plan.status == "interrupted":
            raise KeyboardInterrupt  # the solver swallowed it: half a curve is none
        greedily = float(curve.covered[outlets])
        found.append(ProvenPoint(outlets, max(plan.objective, greedily), plan.bound))
        progress("price_curve", number + 1, len(chosen))
    return replace(curve, proven=tuple(found))


def _last_gain(state: CoverState, opening: int) -> float:
    """Return what the opening added: just opened, its loss is what it gained."""
    return float(state.margin[opening])


def knee_of(covered: Floats) -> int:
    """Return where a rising curve over 0..p lies highest above its chord.

    Satopää, Albrecht, Irwin and Raghavan, "Finding a 'kneedle' in a haystack", ICDCS workshops
    2011, without smoothing: a greedy curve is smooth by itself.
    """
    if len(covered) < 3 or covered[-1] <= covered[0]:
        return len(covered) - 1
    share = (covered - covered[0]) / (covered[-1] - covered[0])
    return int(np.argmax(share - np.linspace(0.0, 1.0, len(covered))))
