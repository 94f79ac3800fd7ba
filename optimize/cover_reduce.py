"""Exact reductions of a covering: a smaller one with the same least price, and the way back.

Limits that cannot bind go; rows with the same openings are merged; a row that holds all openings
of one that must be covered is covered with it; an opening whose rows another one covers, no dearer
and under the same limits, goes; what alone can cover a row that must be covered is opened.
Balas and Ho, "Set covering algorithms using cutting planes, heuristics, and subgradient
optimization", Mathematical Programming Study 12, 1980.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Ints, rows_met
from .column_classes import column_classes
from .covering import Covering
from .kernels_contained import around_another, inside_another
from .limits import TOLERANCE, Limits
from .reduce_rows import group_rows
from .targets import slack

_ROUNDS = 20


@dataclass(frozen=True, slots=True, eq=False)
class ReducedCovering:
    """A reduced covering and the way back.

    Attributes
    ----------
    covering
        What is left.
    kept
        Index in the original of each opening that is left.
    forced
        Indices in the original of the openings that some best plan holds for certain.
    whole
        The original.
    """

    covering: Covering
    kept: Ints
    forced: Ints
    whole: Covering

    @property
    def constant(self) -> float:
        """Price of what is opened for certain."""
        return float(self.whole.price[self.forced].sum())

    def restore(self, chosen: Bools) -> Bools:
        """Return a choice of what is left as a choice of the original openings."""
        full = np.zeros(self.whole.count, dtype=bool)
        full[self.kept[chosen]] = True
        full[self.forced] = True
        return full


def reduce_covering(covering: Covering) -> ReducedCovering:
    """Return the reduced covering; its least price plus `constant` is that of ``covering``."""
    nothing = np.empty(0, dtype=np.int64)
    state = ReducedCovering(covering, np.arange(covering.count), nothing, covering)
    state = _with(state, _merged(_without_slack_limits(covering)))
    for _ in range(_ROUNDS):
        before = _size(state)
        state = _with(state, _without_implied(state.covering))
        state = _without_beaten(state)
        state = _force_single(state)
        if _size(state) == before:
            break
    return state


def keep_openings(state: ReducedCovering, keep: Bools) -> ReducedCovering:
    """Return the state with only these of its openings (q,), further reduced by nothing."""
    columns = np.flatnonzero(keep)
    covering, limits = state.covering, state.covering.limits
    left = replace(
        covering,
        matrix=sparse.csr_array(covering.matrix[:, columns]),
        price=covering.price[columns],
        limits=replace(limits, matrix=sparse.csr_array(limits.matrix[:, columns])),
    )
    return replace(state, covering=left, kept=state.kept[columns])


def _with(state: ReducedCovering, covering: Covering) -> ReducedCovering:
    return replace(state, covering=covering)


def _size(state: ReducedCovering) -> tuple[int, ...]:
    return (*state.covering.matrix.shape, len(state.forced))


def _without_slack_limits(covering: Covering) -> Covering:
    """Drop bounds that no choice can break, and limits with no bound left."""
    limits = covering.limits
    upper = np.where(limits.upper >= limits.largest() - TOLERANCE, np.inf, limits.upper)
    lower = np.where(limits.lower <= TOLERANCE, -np.inf, limits.lower)
    bound = np.flatnonzero(np.isfinite(upper) | np.isfinite(lower))
    left = Limits(
        matrix=sparse.csr_array(limits.matrix[bound]),
        lower=lower[bound],
        upper=upper[bound],
        kinds=tuple(limits.kinds[row] for row in bound),
        names=tuple(limits.names[row] for row in bound),
    )
    return replace(covering, limits=left)


def _merged(covering: Covering) -> Covering:
    """Merge rows with the same openings; one that must be covered takes the others along."""
    first, group = group_rows(covering.matrix)
    must = np.bincount(group, weights=covering.must, minlength=len(first)) > 0
    ones = np.ones(len(group))
    to_group = sparse.csr_array(
        (ones, (np.arange(len(group)), group)), shape=(len(group), len(first))
    )
    people = sparse.csr_array(covering.people @ to_group)
    return _settled(replace(_rows(covering, first), must=must, people=people), must)


def _rows(covering: Covering, rows: Bools | Ints) -> Covering:
    return replace(
        covering,
        matrix=sparse.csr_array(covering.matrix[rows]),
        must=covering.must[rows],
        people=sparse.csr_array(covering.people[:, rows]),
    )


def _settled(covering: Covering, certain: Bools) -> Covering:
    """Take what the rows ``certain`` (R,) count off the groups, and drop groups that have it all.

    Rows that no group counts and that need not be covered go.
    """
    needed = covering.needed - covering.people @ certain.astype(np.float64)
    groups = needed > slack(covering.needed)
    people = covering.people[groups].copy()
    people.data[certain[people.indices]] = 0.0
    people.eliminate_zeros()
    counted = covering.must.copy()
    counted[people.indices] = True
    left = replace(covering, people=sparse.csr_array(people), needed=needed[groups])
    return left if counted.all() else _rows(left, counted)


def _without_implied(covering: Covering) -> Covering:
    """Drop rows that are covered whenever some row is that must be covered."""
    by_row, by_opening = covering.matrix, _by_opening(covering)
    implied = np.zeros(len(covering.must), dtype=bool)
    around_another(
        *(by_row.indptr, by_row.indices, by_opening.indptr, by_opening.indices),
        *(covering.must, implied),
    )
    return _drop(covering, implied)


def _drop(covering: Covering, covered: Bools) -> Covering:
    """Drop rows (R,) that are covered anyhow."""
    if not covered.any():
        return covering
    return _settled(replace(covering, must=covering.must & ~covered), covered)


def _without_beaten(state: ReducedCovering) -> ReducedCovering:
    """Drop openings that another one beats, and those that cover nothing and that none asks for."""
    covering = state.covering
    by_row, by_opening = covering.matrix, _by_opening(covering)
    label, free = _labels(covering)
    beaten: Bools = free & (np.diff(by_opening.indptr) == 0)
    inside_another(
        *(by_opening.indptr, by_opening.indices, by_row.indptr, by_row.indices),
        *(covering.price, label, beaten),
    )
    return keep_openings(state, ~beaten) if beaten.any() else state


def _labels(covering: Covering) -> tuple[Ints, Bools]:
    """Return the class of each opening (q,) by its limits, −1 where a minimum counts it."""
    limits = covering.limits
    classes = column_classes(limits.matrix)
    asked = rows_met(sparse.csr_array(limits.matrix.T), np.isfinite(limits.lower)) > 0
    return np.where(asked, -1, classes), ~asked


def _force_single(state: ReducedCovering) -> ReducedCovering:
    """Open what alone can cover a row that must be covered."""
    covering = state.covering
    single = covering.must & (np.diff(covering.matrix.indptr) == 1)
    opened = np.zeros(covering.count, dtype=bool)
    opened[covering.matrix.indices[covering.matrix.indptr[:-1][single]]] = True
    return open_for_certain(state, opened)


def open_for_certain(state: ReducedCovering, opened: Bools) -> ReducedCovering:
    """Open these openings (q,) for good: they leave the covering with what they cover."""
    if not opened.any():
        return state
    covering = state.covering
    limits, used = covering.limits, covering.limits.activity(opened)
    limits = replace(limits, lower=limits.lower - used, upper=limits.upper - used)
    forced = np.concatenate([state.forced, state.kept[opened]])
    left = _drop(replace(covering, limits=limits), rows_met(covering.matrix, opened) > 0)
    return keep_openings(replace(state, covering=left, forced=forced), ~opened)


def _by_opening(covering: Covering) -> sparse.csr_array:
    matrix = sparse.csr_array(covering.matrix.T)
    matrix.sort_indices()
    return matrix
