"""Coverage against the number of outlets: what one more outlet still buys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from .arrays import Floats, Ints
from .cover_state import CoverState
from .greedy import picks
from .openings import flatten
from .problem import SitingProblem


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
    """

    outlets: Ints
    covered: Floats
    knee: int


def price_curve(problem: SitingProblem, *, most: int = 10_000) -> PriceCurve:
    """Return newly covered weight against the number of new outlets, best next outlet first.

    Parameters
    ----------
    problem
        Its capacities, budget and maxima by type and group hold; totals, minima and required
        sites are left out, since they ask for a number and not for coverage.
    most
        Outlets at which the curve stops; it ends earlier where nothing is left to gain.
    """
    free = replace(
        problem,
        quotas=tuple(replace(q, minimum=0) for q in problem.quotas if q.type or q.level),
        required=np.zeros_like(problem.required),
        fixed=np.zeros_like(problem.fixed),
    )
    state = CoverState(flatten(free))
    gains = [_last_gain(state, opening) for opening in islice(picks(state), most)]
    covered = np.concatenate([[0.0], np.cumsum(gains)])
    return PriceCurve(np.arange(len(covered)), covered, knee_of(covered))


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
