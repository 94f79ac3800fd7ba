"""Exact reductions: a smaller problem with the same optimum, and the way back.

Five steps, none of which changes the best objective: limits that cannot bind go; what the limits
force is fixed and what they forbid is dropped; demand that nobody reaches goes (counted), demand
with identical cover sets is merged; dominated openings go; demand that one opening alone can
reach becomes that opening's own gain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Ints, rows_met, sums_by
from .dominance import dominated
from .limits import TOLERANCE, Limits
from .openings import Openings

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

    Limits that no choice can keep are left in place for the caller to find
    (`Limits.impossible`).
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
    return (*state.openings.covers.shape, len(state.openings.limits.names), len(state.forced))


def drop_slack_limits(state: Reduced) -> Reduced:
    """Drop bounds that no choice can break, and rows with no bound left."""
    limits = state.openings.limits
    slack_above = limits.upper >= limits.largest() - TOLERANCE
    upper = np.where(slack_above, np.inf, limits.upper)
    lower = np.where(limits.lower <= TOLERANCE, -np.inf, limits.lower)
    bound = np.flatnonzero(np.isfinite(upper) | np.isfinite(lower))
    tightened = replace(limits, lower=lower, upper=upper)
    return _with(state, limits=_limit_rows(tightened, bound))


def force(state: Reduced) -> Reduced:
    """Fix what a minimum needs in full; drop what breaks a maximum alone."""
    limits = state.openings.limits
    if limits.impossible().any():
        return state
    all_needed = limits.lower > limits.largest() - TOLERANCE
    fixed = rows_met(limits.matrix.T.tocsr(), all_needed) > 0
    return _drop_too_large(_fix(state, fixed) if fixed.any() else state)


def _fix(state: Reduced, fixed: Bools) -> Reduced:
    openings, limits = state.openings, state.openings.limits
    used = limits.activity(fixed)
    limits = replace(limits, lower=limits.lower - used, upper=limits.upper - used)
    open_rows = rows_met(openings.covers, fixed) == 0
    certain = openings.weight[~open_rows].sum() + openings.gain[fixed].sum()
    openings = replace(openings, limits=limits, constant=openings.constant + float(certain))
    openings = openings.keep_rows(open_rows)
    forced = np.concatenate([state.forced, state.kept[fixed]])
    return _keep_columns(replace(state, openings=openings, forced=forced), ~fixed)


def _drop_too_large(state: Reduced) -> Reduced:
    limits = state.openings.limits
    upper = np.repeat(limits.upper, np.diff(limits.matrix.indptr))
    too_large = np.zeros(state.openings.count, dtype=bool)
    too_large[limits.matrix.indices[limits.matrix.data > upper + TOLERANCE]] = True
    return _keep_columns(state, ~too_large) if too_large.any() else state


def drop_unreached(state: Reduced) -> Reduced:
    """Drop rows that no opening covers; they are counted."""
    reached = np.diff(state.openings.covers.indptr) > 0
    missed = int((~reached).sum())
    openings = state.openings.keep_rows(reached) if missed else state.openings
    return replace(state, openings=openings, unreached=state.unreached + missed)


def merge_rows(state: Reduced) -> Reduced:
    """Merge rows with identical cover sets into one that carries their whole weight."""
    openings = state.openings
    covers = openings.covers
    covers.sort_indices()
    first, group = _group_rows(covers)
    if len(first) == covers.shape[0]:
        return state
    weight = sums_by(group, openings.weight, len(first))
    merged = state.merged + covers.shape[0] - len(first)
    return replace(state, openings=replace(openings.keep_rows(first), weight=weight), merged=merged)


def _group_rows(covers: sparse.csr_array) -> tuple[Ints, Ints]:
    """Return the first row of each set of identical rows, and the set of each row."""
    numbers: dict[bytes, int] = {}
    first: list[int] = []
    group = np.empty(covers.shape[0], dtype=np.int64)
    indices = covers.indices.astype(np.int32)
    ends = covers.indptr.tolist()
    for row in range(covers.shape[0]):
        key = indices[ends[row] : ends[row + 1]].tobytes()
        number = numbers.setdefault(key, len(first))
        if number == len(first):
            first.append(row)
        group[row] = number
    return np.array(first, dtype=np.int64), group


def drop_dominated(state: Reduced) -> Reduced:
    """Drop openings that another one equals or beats under every limit (see `dominance`)."""
    worse = dominated(state.openings)
    count = int(worse.sum())
    if not count:
        return state
    return replace(_keep_columns(state, ~worse), dominated=state.dominated + count)


def fold_singles(state: Reduced) -> Reduced:
    """Turn rows that exactly one opening covers into that opening's own gain."""
    openings = state.openings
    single = np.diff(openings.covers.indptr) == 1
    owner = openings.covers[single].indices
    gain = openings.gain + sums_by(owner, openings.weight[single], openings.count)
    return replace(state, openings=replace(openings.keep_rows(~single), gain=gain))


def _keep_columns(state: Reduced, keep: Bools) -> Reduced:
    columns = np.flatnonzero(keep)
    return replace(state, openings=state.openings.keep_columns(columns), kept=state.kept[columns])


def _with(state: Reduced, *, limits: Limits) -> Reduced:
    return replace(state, openings=replace(state.openings, limits=limits))


def _limit_rows(limits: Limits, rows: Ints) -> Limits:
    return Limits(
        matrix=limits.matrix[rows],
        lower=limits.lower[rows],
        upper=limits.upper[rows],
        kinds=tuple(limits.kinds[row] for row in rows),
        names=tuple(limits.names[row] for row in rows),
    )
