"""Compiled: the parts of a move that every annealing shares, whatever it walks over.

``c`` holds the cover sets both ways round and the limits by opening; ``w`` what is chosen, how
often each row is covered, the limits in use, and the open openings as `cover_arrays.held_list`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import inlined, inner

from .kernels_dice import below

Array = NDArray[Any]

#: Arithmetic noise allowed when a limit is tested, as in `limits.TOLERANCE`.
NOISE = 1e-6

#: Covered rows looked past in the search for an uncovered one.
_TRIES = 4


@inner
def _use(c: Any, w: Any, opening: Any, sign: Any) -> None:
    if opening >= 0:
        for at in range(c.limit_start[opening], c.limit_start[opening + 1]):
            w.used[c.limit_rows[at]] += sign * c.limit_values[at]


@inner
def _within(c: Any, w: Any, opening: Any) -> Any:
    if opening >= 0:
        for at in range(c.limit_start[opening], c.limit_start[opening + 1]):
            row = c.limit_rows[at]
            if w.used[row] > c.upper[row] + NOISE or w.used[row] < c.lower[row] - NOISE:
                return False
    return True


@inner
def swap_limits(c: Any, w: Any, old: Any, new: Any) -> Any:
    """Count ``new`` instead of ``old`` (−1: none) where that keeps all limits; whether it does."""
    _use(c, w, old, -1.0)
    _use(c, w, new, 1.0)
    if _within(c, w, old) and _within(c, w, new):
        return True
    _use(c, w, new, -1.0)
    _use(c, w, old, 1.0)
    return False


@inlined
def hold(w: Any, opening: Any) -> None:
    """Put an opening on the list of open ones."""
    w.chosen[opening] = True
    w.place[opening] = w.size[0]
    w.held[w.size[0]] = opening
    w.size[0] += 1


@inlined
def release(w: Any, opening: Any) -> None:
    """Take an opening off the list."""
    w.chosen[opening] = False
    w.size[0] -= 1
    last = w.held[w.size[0]]
    w.held[w.place[opening]] = last
    w.place[last] = w.place[opening]


@inlined
def beside(c: Any, dice: Array, opening: Any) -> Any:
    """Return a random opening that shares a random row with ``opening``, or -1."""
    start, end = c.opening_start[opening], c.opening_start[opening + 1]
    if start == end:
        return np.int64(-1)
    row = c.opening_rows[start + below(dice, end - start)]
    start, end = c.row_start[row], c.row_start[row + 1]
    return np.int64(c.row_openings[start + below(dice, end - start)])


@inlined
def for_uncovered(c: Any, w: Any, dice: Array) -> Any:
    """Return a random opening that covers a random uncovered row; any opening where none is met."""
    for _ in range(_TRIES if len(w.counts) else 0):
        row = below(dice, len(w.counts))
        start, end = c.row_start[row], c.row_start[row + 1]
        if w.counts[row] == 0 and end > start:
            return np.int64(c.row_openings[start + below(dice, end - start)])
    return below(dice, len(w.chosen))
