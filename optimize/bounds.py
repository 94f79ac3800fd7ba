"""An upper bound in a moment, from the marginal gains of a plan.

Coverage is monotone and submodular, so for any plan S and any other plan T:
value(T) <= value(S) + sum over o in T of gain(o | S)  (Nemhauser, Wolsey and Fisher 1978). The sum
is relaxed to the largest gains that a maximum lets a plan hold. It is the fall-back where a
solver was stopped before it had a bound of its own.
"""

from __future__ import annotations

import numpy as np

from .arrays import Floats, Ints
from .cover_state import CoverState
from .openings import Openings

#: Maxima looked at, the widest first.
_ROWS_TRIED = 100


def quick_bound(state: CoverState) -> float:
    """Return an upper bound on the objective of every feasible plan.

    The least of: everything that can be reached at all, the bound above at the plan in
    ``state``, and the same bound at the empty plan.
    """
    openings = state.openings
    circles = float(openings.circles.weight.sum())  # they are not submodular: all of them counted
    here = state.value() + circles + _most_gain(openings, np.where(state.chosen, 0.0, state.margin))
    empty = openings.constant + circles + _most_gain(openings, openings.alone())
    return float(min(here, empty, openings.most()))


def _most_gain(openings: Openings, gain: Floats) -> float:
    """Return the most that ``gain`` (q,) sums to under any one maximum taken alone."""
    limits = openings.limits
    positive = np.maximum(gain, 0.0)
    best = total = float(positive.sum())
    for row in _widest(openings):
        part = slice(limits.matrix.indptr[row], limits.matrix.indptr[row + 1])
        members, size = limits.matrix.indices[part], limits.matrix.data[part]
        outside = float(total - positive[members].sum())
        best = min(best, outside + _knapsack(positive[members], size, limits.upper[row]))
    return best


def _widest(openings: Openings) -> Ints:
    """Return the maxima that count the most openings; those of single sites bound nothing."""
    limits = openings.limits
    bounded = np.flatnonzero(np.isfinite(limits.upper))
    width = np.diff(limits.matrix.indptr)[bounded]
    return bounded[np.argsort(-width, kind="stable")[:_ROWS_TRIED]]


def _knapsack(gain: Floats, size: Floats, room: float) -> float:
    """Return the best fractional filling (Dantzig 1957): an upper bound on the whole ones."""
    order = np.argsort(-gain / size, kind="stable")
    filled = np.cumsum(size[order])
    share = np.clip((room - (filled - size[order])) / size[order], 0.0, 1.0)
    return float((gain[order] * share).sum())
