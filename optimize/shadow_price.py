"""What one more outlet in a district is worth: the relaxation's price, and what it really brings.

The **price** is the sum of the dual values of all rows that count an outlet of the district alike
(total and district quotas) in the linear relaxation: how fast the relaxed optimum rises with one
more outlet allowed there. The **gain** is what the best further outlet really adds to the plan at
hand, quotas left aside, capacity, budget, spacing and exclusions kept. Of a plan over several years
both speak of one more outlet in the last year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from .arrays import Bools, Floats
from .cover_state import CoverState
from .covered import chosen_openings
from .openings import Openings, flatten
from .plan import Plan
from .problem import SitingProblem
from .reduce import reduce_openings
from .relaxation import relax
from .stopwatch import stopwatch

#: Largest relaxation solved exactly: stored entries of the cover sets.
_EXACT_ENTRIES = 200_000

#: A larger one is solved until its bound settles to this share of itself.
_SETTLED = 6e-5

#: Its duals are used where its bound and its fractional plan differ by this share at most.
_NEAR = 2e-3


@dataclass(frozen=True, slots=True)
class AreaPrice:
    """What one more outlet in an area is worth.

    Attributes
    ----------
    area
        Label of the area.
    outlets
        New outlets the plan opens there.
    price
        Of one more allowed there, in the relaxation; NaN where it was not solved in time.
    gain
        Objective that the best further outlet there adds to the plan; 0 where none can open.
    candidate, type
        Index of that outlet's candidate and type; -1 where none can open.
    least
        Least objective lost by dropping one of its outlets; NaN where it has none.
    """

    area: str
    outlets: int
    price: float
    gain: float
    candidate: int
    type: int
    least: float


def shadow_prices(
    problem: SitingProblem, plan: Plan, *, level: str = "district", seconds: float = 20.0
) -> tuple[AreaPrice, ...]:
    """Return what one more outlet is worth in each area of a level, the most first.

    Parameters
    ----------
    problem, plan
        A problem and a plan that solves it.
    level
        A level of ``problem.groups``.
    seconds
        Most time for the relaxation, s.
    """
    openings = flatten(problem)
    chosen = chosen_openings(openings, plan)
    state = CoverState.of(openings, chosen)
    duals = relaxed_duals(openings, chosen, seconds=seconds)
    label = problem.groups[level][openings.candidate]
    free = _may_follow(state)
    areas = sorted(set(problem.groups[level].tolist()) - {""})
    found = [
        _price(area, state, (label == area), free, _sum_of(problem, openings, duals, level, area))
        for area in areas
    ]
    return tuple(sorted(found, key=lambda one: (-one.gain, one.area)))


def _price(area: str, state: CoverState, here: Bools, free: Bools, price: float) -> AreaPrice:
    openings = state.openings
    held, closed = here & state.chosen, here & free
    best = int(np.argmax(np.where(closed, state.margin, -np.inf))) if closed.any() else -1
    gain = max(float(state.margin[best]), 0.0) if best >= 0 else 0.0
    return AreaPrice(
        area=area,
        outlets=int(held.sum()),
        price=price,
        gain=gain,
        candidate=int(openings.candidate[best]) if gain > 0 else -1,
        type=int(openings.kind[best]) if gain > 0 else -1,
        least=float(state.margin[held].min()) if held.any() else float("nan"),
    )


def _may_follow(state: CoverState) -> Bools:
    """Return which openings (q,) could be added if no quota were in the way."""
    limits = state.openings.limits
    quota = np.array([kind == "quota" for kind in limits.kinds], dtype=bool)
    used = np.where(quota, -np.inf, state.used)
    last = state.openings.year == state.openings.year.max(initial=0)
    free: Bools = (state.blocked(used) == 0) & ~state.chosen & last
    return free


def _sum_of(
    problem: SitingProblem, openings: Openings, duals: Floats | None, level: str, area: str
) -> float:
    """Return the dual values summed over the quotas that count every outlet of an area."""
    if duals is None:
        return float("nan")
    place = {name: row for row, name in enumerate(openings.limits.names)}
    rows = [
        place[f"quota_{number}"]
        for number, quota in enumerate(problem.quotas)
        if _counts_all(quota.level, quota.group, level, area)
        and not (quota.type or quota.action)
        and quota.year in {"", problem.years[-1]}
        and f"quota_{number}" in place
    ]
    return float(duals[rows].sum())


def _counts_all(level: str, group: str, wanted: str, area: str) -> bool:
    return not level or (level, group) == (wanted, area)


def relaxed_duals(openings: Openings, start: Bools, *, seconds: float) -> Floats | None:
    """Return the dual value of every limit (L,) in the linear relaxation, None if not in time.

    A positive value says how much the relaxed optimum rises when the limit is loosened by one. Up
    to `_EXACT_ENTRIES` cover entries they are those of a basic optimal solution, beyond that
    those of `quarterhour.optimize.relaxation.relax` on the reduced problem (its relaxation has the
    same optimum), once its bound and its fractional plan are within `_NEAR` of each other.

    Parameters
    ----------
    openings
        The problem.
    start
        A plan (q,) to start from.
    seconds
        Most time, s.
    """
    if openings.covers.nnz > _EXACT_ENTRIES:
        return near_duals(openings, start, seconds=seconds)
    return _exact_duals(openings, seconds)


def near_duals(openings: Openings, start: Bools, *, seconds: float) -> Floats | None:
    """Return near-optimal dual values of every limit (L,), None if not near enough in time.

    Parameters
    ----------
    openings, start, seconds
        As for `relaxed_duals`.
    """
    deadline = stopwatch() + seconds
    state = reduce_openings(openings)
    smaller = state.openings
    values = np.zeros(len(openings.limits.names))
    if not smaller.count:
        return values
    relaxed = relax(
        smaller, start[state.kept], tolerance=_SETTLED, go_on=lambda: stopwatch() < deadline
    )
    if abs(relaxed.bound - _worth(smaller, relaxed.share)) > _NEAR * abs(relaxed.bound):
        return None
    place = {name: row for row, name in enumerate(openings.limits.names)}
    values[[place[name] for name in smaller.limits.names]] = relaxed.limit_price
    return values


def _worth(openings: Openings, share: Floats) -> float:
    """Return what openings (q,) that are open in part are worth."""
    covered = np.minimum(openings.covers @ share, 1.0)
    worth = openings.constant + openings.gain @ share + openings.weight @ covered
    circles = openings.circles
    if len(circles.weight):  # as complete as the least covered of its members
        least = np.minimum.reduceat(covered[circles.members.indices], circles.members.indptr[:-1])
        worth += circles.weight @ least
    return float(worth)


def _exact_duals(openings: Openings, seconds: float) -> Floats | None:
    """Return the dual values of a basic optimal solution, None where the time was too short."""
    columns, rows, circles = openings.count, len(openings.weight), len(openings.circles.weight)
    worth = np.concatenate([openings.gain, openings.weight, openings.circles.weight])
    parts, bounds = _rows(openings, columns, rows, circles)
    answer = linprog(
        -worth, A_ub=sparse.csr_array(sparse.vstack(parts)), b_ub=np.concatenate(bounds),
        bounds=(0, 1), method="highs", options={"time_limit": seconds},
    )  # fmt: skip
    if answer.status != 0:
        return None
    marginals = -np.asarray(answer.ineqlin.marginals)
    count = len(openings.limits.names)
    above = np.isfinite(openings.limits.upper)
    below = np.isfinite(openings.limits.lower) & (openings.limits.lower > 0)
    values = np.zeros(count)
    values[above] += marginals[: int(above.sum())]
    values[below] -= marginals[int(above.sum()) : int(above.sum() + below.sum())]
    return values


def _rows(
    openings: Openings, columns: int, rows: int, circles: int
) -> tuple[list[sparse.csr_array], list[Floats]]:
    """Return the rows A x <= b of the relaxation, those of the limits first."""
    limits, floors = openings.limits, openings.floors
    above = np.flatnonzero(np.isfinite(limits.upper))
    below = np.flatnonzero(np.isfinite(limits.lower) & (limits.lower > 0))
    width = columns + rows + circles

    def placed(matrix: sparse.csr_array, at: int) -> sparse.csr_array:
        found = sparse.coo_array(matrix)
        shape = (matrix.shape[0], width)
        return sparse.csr_array((found.data, (found.row, found.col + at)), shape=shape)

    cover = placed(sparse.eye_array(rows, format="csr"), columns) - placed(openings.covers, 0)
    owner, member = openings.circles.members.nonzero()
    ones = np.ones(len(owner))
    one_each = np.arange(len(owner))
    complete = sparse.csr_array(
        (np.concatenate([ones, -ones]), (np.concatenate([one_each, one_each]),
         np.concatenate([columns + rows + owner, columns + member]))),
        shape=(len(owner), width),
    )  # fmt: skip
    parts = [
        placed(limits.matrix[above], 0), -placed(limits.matrix[below], 0), cover,
        -placed(floors.matrix, columns), complete,
    ]  # fmt: skip
    bounds = [
        limits.upper[above], -limits.lower[below], np.zeros(rows), -floors.lower,
        np.zeros(len(owner)),
    ]  # fmt: skip
    return parts, bounds
