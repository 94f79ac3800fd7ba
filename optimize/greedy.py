"""Greedy choice under quotas: a good plan in a moment.

Nemhauser, Wolsey and Fisher, "An analysis of approximations for maximizing submodular set
functions", Mathematical Programming 14, 1978: with one total only, greedy reaches at least
1 − 1/e of the optimum; with quotas it is a start without that promise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .arrays import column_sums
from .cover_state import CoverState
from .kernels_cover import best_fitting
from .limits import TOLERANCE

#: A gain below this share of the largest weight is arithmetic noise.
NOISE = 1e-9


def greedy(state: CoverState) -> CoverState:
    """Open greedily in place: first what unmet minima need, then the best that still fits.

    Parameters
    ----------
    state
        Where to start from; usually nothing is open.

    Returns
    -------
    CoverState
        The same state. A minimum may stay unmet where quotas are entangled
        (`CoverState.feasible` tells).
    """
    for _ in picks(state):
        pass
    return state


def picks(state: CoverState) -> Iterator[int]:
    """Open greedily in place and yield each opening as it is opened."""
    while (opening := _next(state)) is not None:
        state.open(opening)
        yield opening


def _next(state: CoverState) -> int | None:
    if len(state.unmet()):
        best = best_fitting(state.cover, state.margins, needed=True)
        if best >= 0:
            return int(best)
    best = _for_floors(state)
    if best >= 0:
        return best
    best = best_fitting(state.cover, state.margins, needed=False)
    return int(best) if best >= 0 and state.margin[best] > noise(state) else None


def _for_floors(state: CoverState) -> int:
    """Return what brings unmet floors forward the most, or -1 where none is unmet or helped."""
    floors = state.openings.floors
    if not floors.names:
        return -1
    open_rows = (state.count == 0).astype(np.float64)
    unmet = floors.matrix @ (1.0 - open_rows) < floors.lower - TOLERANCE
    if not unmet.any():
        return -1
    helped = column_sums(state.openings.covers, (floors.matrix.T @ unmet) * open_rows)
    helped[state.chosen | (state.blocked(state.used) > 0)] = -1.0
    best = int(np.argmax(helped)) if len(helped) else -1
    return best if best >= 0 and helped[best] > 0 else -1


def noise(state: CoverState) -> float:
    """Return the gain below which nothing is gained: rounding of sums of weights."""
    return NOISE * state.largest


def drop_idle(state: CoverState) -> CoverState:
    """Close in place what adds nobody and no minimum needs; return the state."""
    asked = state.openings.asked()
    for opening in np.flatnonzero(state.chosen & (state.margin <= noise(state))).tolist():
        rows = state.rows_of(opening)
        needed = asked[rows[state.count[rows] == 1]].any()  # by a floor or a circle
        if state.margin[opening] <= noise(state) and not needed and _spare(state, opening):
            state.close(opening)
    return state


def _spare(state: CoverState, opening: int) -> bool:
    rows, coefficients = state.limits_of(opening)
    lower = state.openings.limits.lower[rows]
    return bool((state.used[rows] - coefficients >= lower - TOLERANCE).all())
