"""Bounds on the price of a covering: by counting, and by its linear relaxation.

The relaxation is solved by the same method as that of maximum coverage (`relaxation.relax`), with
the price as a negative gain, targets as floors and rows that must be covered as promises; any dual
values prove its bound, and its reduced costs say what no cheaper choice can hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, column_sums
from .covering import Covering
from .finish import rounding, whole_bound
from .openings import Openings
from .relaxation import relax
from .row_rules import Circles, RowFloors


@dataclass(frozen=True, slots=True, eq=False)
class RelaxedCovering:
    """What the relaxation proves.

    Attributes
    ----------
    bound
        No choice costs less; not rounded up.
    reduced
        Of each opening (q,): a choice without an opening above 0 costs ``bound + reduced`` or
        more, one with an opening below 0 costs ``bound − reduced`` or more.
    share
        The near-optimal fractional choice (q,).
    """

    bound: float
    reduced: Floats
    share: Floats


def relaxed_covering(
    covering: Covering, openings: Openings, start: Bools, go_on: Callable[[], bool]
) -> RelaxedCovering:
    """Return what the relaxation proves until ``go_on`` says no.

    ``openings`` are the columns of ``covering``, at least one; ``start`` is any choice (q,).
    """
    program = _as_openings(covering, openings)
    relaxed = relax(program, start, go_on=go_on)
    promised = float(program.weight.sum())
    bound = promised - relaxed.bound - rounding(promised)
    return RelaxedCovering(bound, relaxed.reduced, relaxed.share)


def _as_openings(covering: Covering, openings: Openings) -> Openings:
    """Return the covering as a maximisation of promises kept less the price, under floors.

    A row that must be covered promises the least price of an opening that covers it: its dual
    value in the set cover is never above that, so nothing is lost by leaving the row soft.
    """
    count = len(covering.must)
    promise = np.where(covering.must, _least_price(covering), 0.0)
    return replace(
        openings,
        covers=covering.matrix,
        weight=promise,
        gain=-covering.price,
        limits=covering.limits,
        row_demand=np.arange(count),
        row_kind=np.zeros(count, dtype=np.int64),
        row_year=np.zeros(count, dtype=np.int64),
        floors=_scaled(covering),
        circles=Circles.none(count),
    )


def _scaled(covering: Covering) -> RowFloors:
    """Return the targets as floors, each by its mean row: small numbers converge faster."""
    people, count = covering.people, len(covering.needed)
    mean = np.asarray(people.sum(axis=1)).ravel() / np.maximum(np.diff(people.indptr), 1)
    scaled = sparse.csr_array(sparse.diags_array(1.0 / mean) @ people)
    return RowFloors(scaled, covering.needed / mean, tuple(f"target_{g}" for g in range(count)))


def _least_price(covering: Covering) -> Floats:
    """Return the least price of an opening that covers each row (R,), all of which are covered."""
    matrix = covering.matrix
    if not matrix.shape[0]:
        return np.empty(0)
    return np.asarray(np.minimum.reduceat(covering.price[matrix.indices], matrix.indptr[:-1]))


def counting_bound(covering: Covering) -> float:
    """Return a bound by counting: the cheapest way to what each opening covers if alone.

    No set of openings covers more than the sum of what each covers, so the fractional knapsack of
    the hardest target bounds the price from below; so do the minima of the limits.
    """
    limits, groups = covering.limits, covering.people.toarray()
    worth = [
        (column_sums(covering.matrix, people), float(needed))
        for people, needed in zip(groups, covering.needed, strict=True)
    ]
    must = covering.must.astype(np.float64)
    worth.append((column_sums(covering.matrix, must), float(must.sum())))
    worth += [
        (limits.matrix[[row]].toarray()[0], float(limits.lower[row]))
        for row in np.flatnonzero(limits.lower > 0)
    ]
    bound = max((_cheapest(covering.price, gain, needed) for gain, needed in worth), default=0.0)
    return whole_bound(bound, covering.price, "min")


def _cheapest(price: Floats, gain: Floats, needed: float) -> float:
    """Return the least price of a fractional choice whose gains sum to ``needed``."""
    useful = np.flatnonzero(gain > 0)
    order = useful[np.argsort(price[useful] / gain[useful], kind="stable")]
    reached = np.cumsum(gain[order])
    share = np.clip((needed - (reached - gain[order])) / gain[order], 0.0, 1.0)
    return float((share * price[order]).sum()) * (1 - 1e-9)
