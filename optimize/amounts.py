"""Search where a demand point's worth grows with the amount it gets, by ever smaller steps.

Backup coverage (covered once, twice) and market share (attraction summed) are both of the form
sum over rows r of worth(r, base[r] + sum of amount[r, o] over the open o), worth concave and never
falling. Greedy and swaps then work as for coverage (Nemhauser, Wolsey and Fisher 1978; Teitz and
Bart 1968), with margins kept exact at every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .limits import TOLERANCE
from .openings import Openings
from .stopwatch import stopwatch

#: A gain below this share of the largest single gain is arithmetic noise.
_NOISE = 1e-9

#: Shakes in a row without a better plan before the search ends, and among how many of the best
#: openings a shake draws.
_PATIENCE, _CHOICE = 30, 10


class Worth(Protocol):
    """What rows are worth at given amounts: concave and never falling in the amount."""

    def __call__(self, rows: Ints, amount: Floats, /) -> Floats:
        """Return the worth of each of ``rows`` (k,) at ``amount`` (k,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """R rows by q openings.

    Attributes
    ----------
    openings
        Their limits and own gains; its rows are not used here.
    amount
        What an opening brings to a row, CSR (R, q), positive.
    base
        What each row has already (R,).
    worth
        Worth of a row at an amount.
    """

    openings: Openings
    amount: sparse.csr_array
    base: Floats
    worth: Worth

    def totals(self, chosen: Bools) -> Floats:
        """Return the amount of each row (R,) for the chosen openings (q,)."""
        return np.asarray(self.base + self.amount @ chosen.astype(np.float64))

    def value(self, chosen: Bools) -> float:
        """Return the worth of all rows and the openings' own gains."""
        rows = np.arange(len(self.base))
        own = self.openings.gain[chosen].sum()
        return float(self.worth(rows, self.totals(chosen)).sum() + own)


class AmountState:
    """A plan under search: what is open, the amount of each row, the margin of each opening.

    Attributes
    ----------
    problem
        The rows and openings.
    chosen
        What is open (q,).
    total
        Amount of each row (R,).
    margin
        Gain of each closed, loss of each open opening (q,).
    used
        Left-hand side of each limit (L,).
    """

    __slots__ = ("_columns", "_limits", "chosen", "margin", "problem", "total", "used")

    def __init__(self, problem: Amounts) -> None:
        self.problem = problem
        self._columns = sparse.csr_array(problem.amount.T)
        self._limits = sparse.csr_array(problem.openings.limits.matrix.T)
        self.chosen: Bools = np.zeros(problem.openings.count, dtype=bool)
        self.total: Floats = problem.base.copy()
        self.margin: Floats = self._gains()
        self.used: Floats = np.zeros(len(problem.openings.limits.names))

    @classmethod
    def of(cls, problem: Amounts, chosen: Bools) -> AmountState:
        """Return the state of a given plan (q,)."""
        state = cls(problem)
        for opening in np.flatnonzero(chosen):
            state.open(int(opening))
        return state

    def _gains(self) -> Floats:
        matrix, worth = self.problem.amount, self.problem.worth
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        gain = worth(rows, self.total[rows] + matrix.data) - worth(rows, self.total[rows])
        sums = np.bincount(matrix.indices, weights=gain, minlength=matrix.shape[1])
        return np.asarray(sums + self.problem.openings.gain, dtype=np.float64)

    def open(self, opening: int) -> None:
        """Open a closed opening."""
        self._toggle(opening, 1.0)

    def close(self, opening: int) -> None:
        """Close an open opening."""
        self._toggle(opening, -1.0)

    def _toggle(self, opening: int, sign: float) -> None:
        part = slice(self._columns.indptr[opening], self._columns.indptr[opening + 1])
        rows, step = self._columns.indices[part], sign * self._columns.data[part]
        own = self.margin[opening]
        before = self._steps(rows)
        self.total[rows] += step
        after = self._steps(rows)
        np.add.at(self.margin, before[0], after[1] - before[1])
        self.margin[opening] = own  # a gain forgone is the loss it becomes, and the other way
        self.chosen[opening] = sign > 0
        limit = slice(self._limits.indptr[opening], self._limits.indptr[opening + 1])
        self.used[self._limits.indices[limit]] += sign * self._limits.data[limit]

    def _steps(self, rows: Ints) -> tuple[Ints, Floats]:
        """Return, for each entry of ``rows``, its opening and what that opening is worth there."""
        matrix, worth = self.problem.amount, self.problem.worth
        start, length = matrix.indptr[rows], np.diff(matrix.indptr)[rows]
        offset = np.repeat(start - np.cumsum(length) + length, length)
        at = offset + np.arange(len(offset))
        columns, row = matrix.indices[at], np.repeat(rows, length)
        total, step = self.total[row], matrix.data[at]
        is_open = self.chosen[columns]
        high = worth(row, np.where(is_open, total, total + step))
        low = worth(row, np.where(is_open, np.maximum(total - step, 0.0), total))
        return columns, high - low

    def value(self) -> float:
        """Return the objective, summed afresh."""
        return self.problem.value(self.chosen)

    def noise(self) -> float:
        """Return the gain below which nothing is gained."""
        return _NOISE * float(np.abs(self.margin).max(initial=0.0)) + 1e-12

    def unmet(self) -> Ints:
        """Return the limit rows whose minimum is not reached."""
        return np.flatnonzero(self.used < self.problem.openings.limits.lower - TOLERANCE)

    def fitting(self) -> Bools:
        """Return the closed openings (q,) that no maximum forbids."""
        limits = self.problem.openings.limits
        room = np.repeat(limits.upper - self.used, np.diff(limits.matrix.indptr))
        fits: Bools = ~self.chosen
        fits[limits.matrix.indices[limits.matrix.data > room + TOLERANCE]] = False
        return fits

    def repairing(self) -> Bools:
        """Return the openings (q,) that alone would meet every unmet minimum."""
        limits = self.problem.openings.limits
        repairs = np.ones(len(self.chosen), dtype=bool)
        for row in self.unmet():
            part = slice(limits.matrix.indptr[row], limits.matrix.indptr[row + 1])
            enough = limits.matrix.data[part] + self.used[row] >= limits.lower[row] - TOLERANCE
            members = np.zeros(len(repairs), dtype=bool)
            members[limits.matrix.indices[part][enough]] = True
            repairs &= members
        return repairs

    def helping(self) -> Bools:
        """Return the openings (q,) that count towards any unmet minimum."""
        matrix = self.problem.openings.limits.matrix
        helps = np.zeros(len(self.chosen), dtype=bool)
        for row in self.unmet():
            helps[matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]] = True
        return helps


def greedy_amounts(state: AmountState) -> AmountState:
    """Open greedily in place: first what unmet minima need, then the best that still fits."""
    while (opening := _next(state)) is not None:
        state.open(opening)
    return state


def _next(state: AmountState) -> int | None:
    available = state.fitting()
    if len(state.unmet()):
        needed = available & state.helping()
        if needed.any():
            return _best(state, needed)
    best = _best(state, available) if available.any() else None
    return None if best is None or state.margin[best] <= state.noise() else best


def _best(state: AmountState, among: Bools) -> int:
    return int(np.argmax(np.where(among, state.margin, -np.inf)))


def improve_amounts(state: AmountState, *, seed: int = 0, seconds: float = 10.0) -> AmountState:
    """Swap in place until no swap helps, then shake and swap again until it stops paying.

    The state is never worse than before, always within limits where it began so, and holds the
    best plan seen even when KeyboardInterrupt ends the search.
    """
    rng = np.random.default_rng(seed)
    deadline = stopwatch() + seconds
    best, value, idle = state.chosen.copy(), state.value(), 0
    try:
        while idle < _PATIENCE and stopwatch() < deadline:
            _swap_all(state, rng, deadline)
            found = state.value()
            better = found > value + state.noise() and not len(state.unmet())
            idle = 0 if better else idle + 1
            if better:
                best, value = state.chosen.copy(), found
            else:
                _return_to(state, best)
            _shake(state, rng)
    finally:
        _return_to(state, best)
    return state


def _swap_all(state: AmountState, rng: np.random.Generator, deadline: float) -> None:
    improved = True
    while improved and stopwatch() < deadline:
        improved = False
        for out in rng.permutation(np.flatnonzero(state.chosen)):
            improved |= _swap(state, int(out))
            if stopwatch() >= deadline:
                break
        greedy_amounts(state)


def _shake(state: AmountState, rng: np.random.Generator) -> None:
    """Exchange a few open openings for others that are good, but not best."""
    for _ in range(int(rng.integers(2, 5))):
        chosen = np.flatnonzero(state.chosen)
        if not len(chosen):
            return
        out = int(rng.choice(chosen))
        state.close(out)
        among = state.fitting() & state.repairing()
        among[out] = False
        ranked = np.argsort(np.where(among, -state.margin, np.inf))[: min(_CHOICE, among.sum())]
        state.open(int(rng.choice(ranked)) if len(ranked) else out)


def _return_to(state: AmountState, best: Bools) -> None:
    for opening in np.flatnonzero(state.chosen & ~best):
        state.close(int(opening))
    for opening in np.flatnonzero(best & ~state.chosen):
        state.open(int(opening))


def _swap(state: AmountState, out: int) -> bool:
    floor = state.margin[out] + state.noise()
    state.close(out)
    better = state.fitting() & (state.margin > floor)
    if better.any():
        better &= state.repairing()
    better[out] = False
    if not better.any():
        state.open(out)
        return False
    state.open(_best(state, better))
    return True
