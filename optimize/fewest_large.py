"""The fewest outlets where a solver is too slow: the relaxation's bound, and coverage in reverse.

The relaxation of the set cover is solved by the same method as that of maximum coverage
(`relaxation.relax`), with the price as a negative gain, targets as floors and rows that must be
covered as limits; any dual values prove its bound. Plans come from the maximum-coverage search: of
a price between bound and best plan it covers what it can, and greedy completes the rest.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .effort import Run
from .finish import rounding
from .limits import Limits
from .openings import Openings
from .relaxation import relax
from .row_rules import RowFloors
from .rows_of import openings_over
from .solve_openings import solve_openings
from .targets import Targets

#: Stored cover entries above which a solver alone is too slow.
LARGE = 30_000

#: A maximum-coverage search stops at this gap: greedy completes what is missing.
_GAP = 2e-3


def relaxed_bound(targets: Targets, price: Floats, start: Bools, run: Run, seconds: float) -> float:
    """Return a proven lower bound on the price of every plan that meets the targets.

    Parameters
    ----------
    targets, price
        What must be covered, and the price of each opening (q,).
    start
        A plan (q,), good or not.
    run
        The clock.
    seconds
        Most time to use, s.
    """
    if not targets.openings.count:
        return 0.0
    stop_at = run.left() - seconds
    openings = _as_openings(targets, price)
    relaxed = relax(openings, start, go_on=lambda: run.left() > stop_at)
    promised = float(openings.weight.sum())
    return promised - relaxed.bound - rounding(promised)


def _as_openings(targets: Targets, price: Floats) -> Openings:
    """Return the set cover as a maximisation of promises kept less the price, under floors.

    A row that must be covered promises the least price of an opening that covers it: its dual
    value in the set cover is never above that, so nothing is lost by leaving the row soft.
    """
    must = targets.all_needed()
    certain = np.asarray(targets.people[:, must].sum(axis=1)).ravel()
    needed = targets.needed - certain
    groups = np.flatnonzero(needed > 0)
    order = np.concatenate(
        [_distinct(targets.rows.matrix, np.flatnonzero(must)), np.flatnonzero(~must)]
    )
    rows = targets.rows.take(order)
    promise = np.where(must[order], _least_price(rows.matrix, price), 0.0)
    base = openings_over(targets.openings, rows, promise)
    people = targets.people[groups][:, order].copy()
    people.data[must[order][people.indices]] = 0.0
    people.eliminate_zeros()
    names = tuple(f"target_{group}" for group in groups)
    floors = RowFloors(sparse.csr_array(people), needed[groups], names)
    return replace(base, gain=-price, floors=floors)


def _distinct(matrix: sparse.csr_array, rows: Ints) -> Ints:
    """Return those of ``rows`` that differ from one another, each once."""
    first: dict[bytes, int] = {}
    for row in rows.tolist():
        part = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        first.setdefault(part.tobytes(), row)
    return np.array(list(first.values()), dtype=np.int64)


def _least_price(matrix: sparse.csr_array, price: Floats) -> Floats:
    """Return the least price of an opening that covers each row (R,), all of which are covered."""
    if not matrix.shape[0]:
        return np.empty(0)
    return np.asarray(np.minimum.reduceat(price[matrix.indices], matrix.indptr[:-1]))


def _with_rows(limits: Limits, rows: sparse.csr_array, lower: float, upper: float) -> Limits:
    """Return the limits with further rows, all between the same bounds."""
    count = rows.shape[0]
    stacked = sparse.vstack([limits.matrix, rows.astype(np.float64)], format="csr")
    return Limits(
        matrix=sparse.csr_array(stacked),
        lower=np.concatenate([limits.lower, np.full(count, lower)]),
        upper=np.concatenate([limits.upper, np.full(count, upper)]),
        kinds=(*limits.kinds, *("cover",) * count),
        names=(*limits.names, *(f"must_{row}" for row in range(count))),
    )


def covered_within(targets: Targets, price: Floats, most: float, run: Run, seconds: float) -> Bools:
    """Return a plan (q,) of at most the price ``most`` that covers as much as the search finds.

    What counts is the people of the one target; of several, each as a share of what it needs.
    """
    share = targets.people.T @ (1.0 / targets.needed)
    base = openings_over(targets.openings, targets.rows, np.asarray(share))
    total = sparse.csr_array(price[None, :])
    openings = replace(base, limits=_with_rows(targets.openings.limits, total, -np.inf, most))
    clock = run.clock()
    clock["time_limit"], clock["gap"] = seconds, _GAP
    solved = solve_openings(openings, solver=run.solver, **clock)
    nothing = np.zeros(openings.count, dtype=bool)
    return nothing if solved.chosen is None else solved.chosen
