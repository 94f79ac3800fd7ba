"""Swap search: exchange one open opening for a closed one while the plan gets better.

Teitz and Bart's vertex substitution ("Heuristic methods for estimating the generalized vertex
median of a weighted graph", Operations Research 16, 1968), for coverage and under quotas: for each
open opening the best closed one that keeps every limit is found exactly and taken at once, unless
a floor would break.
"""

from __future__ import annotations

import numpy as np

from .arrays import Bools, Floats
from .cover_state import CoverState
from .greedy import greedy, noise
from .kernels_cover import swap_best as exchange
from .limits import TOLERANCE
from .stopwatch import stopwatch


def improve(state: CoverState, *, seed: int = 0, seconds: float = 10.0) -> CoverState:
    """Swap in place until no swap helps or the time is over.

    Parameters
    ----------
    state
        A feasible plan; it stays feasible and never gets worse.
    seed
        Order in which open openings are tried.
    seconds
        Most time to spend, s.

    Returns
    -------
    CoverState
        The same state.
    """
    rng = np.random.default_rng(seed)
    deadline = stopwatch() + seconds
    improved = True
    while improved and stopwatch() < deadline:
        improved = False
        for out in rng.permutation(np.flatnonzero(state.chosen)):
            improved |= swap_best(state, int(out))
            if stopwatch() >= deadline:
                break
        greedy(state)
    return state


def swap_best(state: CoverState, out: int) -> bool:
    """Exchange ``out`` for the best closed opening if that wins; return whether it did."""
    best = exchange(state.cover, state.margins, out, noise(state))
    if best >= 0 and not state.floors_kept():
        state.close(best)
        state.open(out)
        return False
    return bool(best >= 0)


def gain_without(state: CoverState, out: int) -> Floats:
    """Return what each closed opening (q,) would add to the plan without ``out``."""
    state.close(out)
    gain = state.margin.copy()
    state.open(out)
    return gain


def fits_instead(state: CoverState, out: int) -> Bools:
    """Return which openings (q,) keep every limit when they take the place of ``out``."""
    limits = state.openings.limits
    rows, coefficients = state.limits_of(out)
    used = state.used.copy()
    used[rows] -= coefficients
    fits: Bools = state.blocked(used) == 0
    for row in rows[used[rows] < limits.lower[rows] - TOLERANCE]:
        part = slice(limits.matrix.indptr[row], limits.matrix.indptr[row + 1])
        enough = limits.matrix.data[part] + used[row] >= limits.lower[row] - TOLERANCE
        members = np.zeros(len(fits), dtype=bool)
        members[limits.matrix.indices[part][enough]] = True
        fits &= members
    return fits
