"""The part of a problem that can still hold a better plan than the best one known.

A closed opening of reduced cost c < 0 can stand only in plans worth at most bound + c, and a plan
without an opening of reduced cost c > 0 is worth at most bound − c. Where that is no more than the
plan in hand, the opening is fixed: closed, or open (Dantzig, Fulkerson and Johnson, "Solution of a
large-scale traveling-salesman problem", Operations Research 2, 1954).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats, Ints
from .openings import Openings
from .reduce import (
    Reduced,
    drop_slack_limits,
    drop_too_large,
    drop_unreached,
    fix_open,
    fold_singles,
    merge_rows,
    unreduced,
)
from .relaxation import Relaxed

#: A plan must be better by this share of itself to count as better: rounding of sums.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """A part of a problem, and the way back.

    Attributes
    ----------
    openings
        The part.
    state
        How it was made; ``state.restore`` gives a choice of the whole.
    """

    openings: Openings
    state: Reduced

    def project(self, chosen: Bools) -> Bools:
        """Return a choice of the whole as one of the part."""
        return chosen[self.state.kept]


def core_of(openings: Openings, relaxed: Relaxed, best: Bools) -> Core:
    """Return the part in which every plan better than ``best`` (q,) lies; it holds ``best`` too."""
    must_beat = openings.value(best) * (1 - _ROUNDING)
    closed = (relaxed.bound + np.minimum(relaxed.reduced, 0.0) <= must_beat) & ~best
    open_ones = (relaxed.bound - np.maximum(relaxed.reduced, 0.0) <= must_beat) & best
    return _part(openings, ~closed, open_ones)


def promising(openings: Openings, relaxed: Relaxed, best: Bools, entries: int) -> Core:
    """Return the part of ``best`` and the openings of the highest reduced costs.

    Of these as many as together store ``entries`` entries of cover sets, and those that the
    relaxation opens: a part in which good plans lie, for a solver to search (Danna, Rothberg and
    Le Pape, "Exploring relaxation induced neighborhoods", Mathematical Programming 102, 2005).
    """
    sizes = np.bincount(openings.covers.indices, minlength=openings.count) + 1
    worth: Floats = relaxed.reduced + np.where(relaxed.share > _OPENED, np.inf, 0.0)
    order: Ints = np.argsort(-worth, kind="stable")
    keep = best.copy()
    keep[order[np.cumsum(sizes[order]) <= entries]] = True
    return _part(openings, keep, np.zeros(openings.count, dtype=bool))


def merged(openings: Openings, plans: list[Bools]) -> Core:
    """Return the part of the openings that any of some plans (q,) opens.

    Good plans agree in most places, so that a solver finds the best mixture of them in moments
    (Cook and Seymour, "Tour merging via branch-decomposition", INFORMS J. Computing 15, 2003).
    """
    return _part(openings, np.any(plans, axis=0), np.zeros(openings.count, dtype=bool))


#: Least share of an opening in the relaxation's solution that says it opens it.
_OPENED = 0.01


def _part(openings: Openings, keep: Bools, fixed: Bools) -> Core:
    columns = np.flatnonzero(keep)
    state = unreduced(openings)
    state = Reduced(openings.keep_columns(columns), columns, state.forced, openings.count)
    if fixed.any():
        state = fix_open(state, fixed[columns])
    for step in (drop_too_large, drop_slack_limits, drop_unreached, merge_rows, fold_singles):
        state = step(state)
    return Core(state.openings, state)
