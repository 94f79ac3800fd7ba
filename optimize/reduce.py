"""Exact reductions: a smaller problem with the same optimum, and the way back.

None of the steps changes the best objective: limits and floors that cannot bind go; what the
limits force is fixed and what they forbid is dropped; demand that nobody reaches goes (counted),
demand with identical cover sets is merged; dominated openings go; demand that one opening alone
(or the years of one outlet) can reach becomes its own gain. What floors and circles ask of rows
is carried along (`reduce_rows`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arrays import Bools, Ints, rows_met
from .dominance import dominated
from .limits import TOLERANCE, Limits
from .openings import Openings
from .reduce_rows import (
    drop_rows_uncounted,
    drop_rows_unreached,
    drop_slack_floors,
    fold_rows,
    merge_same_rows,
    settle_circles,
    settle_rows,
)

_ROUNDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A reduced problem and the way back.

    Attributes
    ----------
    openings
        The reduced problem.
    kept
        Index in the original of each opening that is left.
    forced
        Indices in the original of the openings that every feasible plan holds.
    original
        Number of openings before.
    unreached, merged, dominated
        How many rows no opening reaches, how many were merged into others, and how many
        openings were dropped as dominated.
    """

    openings: Openings
    kept: Ints
    forced: Ints
    original: int
    unreached: int = 0
    merged: int = 0
    dominated: int = 0

    def restore(self, chosen: Bools) -> Bools:
        """Return a choice of the reduced openings as a choice of the original ones."""
        full = np.zeros(self.original, dtype=bool)
        full[self.kept[chosen]] = True
        full[self.forced] = True
        return full


def unreduced(openings: Openings) -> Reduced:
    """Return ``openings`` as they are, in the form of a reduction."""
    nothing = np.empty(0, dtype=np.int64)
    return Reduced(openings, np.arange(openings.count), nothing, openings.count)


def reduce_openings(openings: Openings) -> Reduced:
    """Return the reduced problem; it has the same best objective and maps back exactly.

    Limits and floors that no choice can keep are left in place for the caller to find
    (`Openings.impossible`).
    """
    state = unreduced(openings)
    steps = (drop_slack_limits, force, drop_unreached, merge_rows, drop_dominated)
    for _ in range(_ROUNDS):
        before = _size(state)
        for step in steps:
            state = step(state)
        if _size(state) == before:
            break
    return fold_singles(state)


def _size(state: Reduced) -> tuple[int, ...]:
    openings = state.openings
    rules = len(openings.limits.names), len(openings.floors.names), len(openings.circles.weight)
    return (*openings.covers.shape, *rules, len(state.forced))


def drop_slack_limits(state: Reduced) -> Reduced:
    """Drop bounds that no choice can break, limits with no bound left, floors kept already."""
    limits = state.openings.limits
    slack_above = limits.upper >= limits.largest() - TOLERANCE
    upper = np.where(slack_above, np.inf, limits.upper)
    lower = np.where(limits.lower <= TOLERANCE, -np.inf, limits.lower)
    bound = np.flatnonzero(np.isfinite(upper) | np.isfinite(lower))
    tightened = replace(limits, lower=lower, upper=upper)
    openings = replace(state.openings, limits=_limit_rows(tightened, bound))
    return replace(state, openings=drop_rows_uncounted(drop_slack_floors(openings)))


def force(state: Reduced) -> Reduced:
    """Fix what a minimum needs in full; drop what breaks a maximum alone."""
    limits = state.openings.limits
    if state.openings.impossible():
        return state
    all_needed = limits.lower > limits.largest() - TOLERANCE
    fixed = rows_met(limits.matrix.T.tocsr(), all_needed) > 0
    return drop_too_large(fix_open(state, fixed) if fixed.any() else state)


def fix_open(state: Reduced, fixed: Bools) -> Reduced:
    """Open what is marked (q,) for good: it leaves the problem, which keeps what it covers."""
    openings, limits = state.openings, state.openings.limits
    used = limits.activity(fixed)
    limits = replace(limits, lower=limits.lower - used, upper=limits.upper - used)
    certain = openings.constant + float(openings.gain[fixed].sum())
    openings = replace(openings, limits=limits, constant=certain)
    openings = settle_rows(openings, openings.covered(fixed))
    forced = np.concatenate([state.forced, state.kept[fixed]])
    return _keep_columns(replace(state, openings=openings, forced=forced), ~fixed)


def drop_too_large(state: Reduced) -> Reduced:
    """Drop what does not fit under a maximum even by itself."""
    limits = state.openings.limits
    upper = np.repeat(limits.upper, np.diff(limits.matrix.indptr))
    too_large = np.zeros(state.openings.count, dtype=bool)
    too_large[limits.matrix.indices[limits.matrix.data > upper + TOLERANCE]] = True
    return _keep_columns(state, ~too_large) if too_large.any() else state


def drop_unreached(state: Reduced) -> Reduced:
    """Drop rows that no opening covers; they are counted."""
    openings, missed = drop_rows_unreached(state.openings)
    return replace(state, openings=openings, unreached=state.unreached + missed)


def merge_rows(state: Reduced) -> Reduced:
    """Merge rows with identical cover sets into one that carries their whole weight."""
    openings, merged = merge_same_rows(state.openings)
    openings = settle_circles(openings)
    return replace(state, openings=openings, merged=state.merged + merged)


def drop_dominated(state: Reduced) -> Reduced:
    """Drop openings that another one equals or beats under every limit (see `dominance`)."""
    worse = dominated(state.openings)
    count = int(worse.sum())
    if not count:
        return state
    return replace(_keep_columns(state, ~worse), dominated=state.dominated + count)


def fold_singles(state: Reduced) -> Reduced:
    """Turn rows that one opening, or one outlet's years, alone can cover into its own gain."""
    return replace(state, openings=fold_rows(state.openings))


def _keep_columns(state: Reduced, keep: Bools) -> Reduced:
    columns = np.flatnonzero(keep)
    return replace(state, openings=state.openings.keep_columns(columns), kept=state.kept[columns])


def _limit_rows(limits: Limits, rows: Ints) -> Limits:
    return Limits(
        matrix=limits.matrix[rows],
        lower=limits.lower[rows],
        upper=limits.upper[rows],
        kinds=tuple(limits.kinds[row] for row in rows),
        names=tuple(limits.names[row] for row in rows),
    )
