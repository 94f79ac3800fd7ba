"""A plan under search: what is open, how often each row is covered, what each opening is worth.

`margin` is kept exact at every step: for a closed opening what it would add, for an open one what
would be lost without it. A row is touched only when its count crosses 0-1-2, so a whole greedy run
costs one pass over the cover sets (the idea of Resende and Werneck, "A fast swap-based local
search procedure for location problems", Annals of Operations Research 150, 2007).
"""

from __future__ import annotations

import numpy as np

from .arrays import Bools, Floats, Ints, gather, rows_met
from .limits import TOLERANCE
from .openings import Openings


class CoverState:
    """The chosen openings with their counts and margins.

    Attributes
    ----------
    openings
        The problem.
    chosen
        What is open (q,).
    count
        How many open openings cover each row (R,).
    margin
        Gain of each closed, loss of each open opening (q,).
    used
        Left-hand side of each limit (L,).
    """

    __slots__ = ("_by_opening", "_limits_of", "chosen", "count", "margin", "openings", "used")

    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self._by_opening = openings.covers.T.tocsr()
        self._limits_of = openings.limits.matrix.T.tocsr()
        self.chosen: Bools = np.zeros(openings.count, dtype=bool)
        self.count: Ints = np.zeros(openings.covers.shape[0], dtype=np.int64)
        self.margin: Floats = openings.alone()
        self.used: Floats = np.zeros(len(openings.limits.names))

    @classmethod
    def of(cls, openings: Openings, chosen: Bools) -> CoverState:
        """Return the state of a given plan (q,)."""
        state = cls(openings)
        for opening in np.flatnonzero(chosen):
            state.open(int(opening))
        return state

    def rows_of(self, opening: int) -> Ints:
        """Return the rows that an opening covers."""
        ends = self._by_opening.indptr
        rows: Ints = self._by_opening.indices[ends[opening] : ends[opening + 1]]
        return rows

    def limits_of(self, opening: int) -> tuple[Ints, Floats]:
        """Return the limit rows in which an opening counts, and its coefficients."""
        part = slice(self._limits_of.indptr[opening], self._limits_of.indptr[opening + 1])
        return self._limits_of.indices[part], self._limits_of.data[part]

    def open(self, opening: int) -> None:
        """Open a closed opening."""
        rows = self.rows_of(opening)
        self._shift(rows[self.count[rows] == 0], -1.0, spared=opening)
        self._shift_owner(rows[self.count[rows] == 1], -1.0)
        self.count[rows] += 1
        self._set(opening, is_open=True)

    def close(self, opening: int) -> None:
        """Close an open opening."""
        rows = self.rows_of(opening)
        self._set(opening, is_open=False)
        self.count[rows] -= 1
        self._shift_owner(rows[self.count[rows] == 1], 1.0)
        self._shift(rows[self.count[rows] == 0], 1.0, spared=opening)

    def _set(self, opening: int, *, is_open: bool) -> None:
        self.chosen[opening] = is_open
        rows, coefficients = self.limits_of(opening)
        self.used[rows] += coefficients if is_open else -coefficients

    def _shift(self, rows: Ints, sign: float, *, spared: int) -> None:
        """Change the margin of everything that covers ``rows``, but for ``spared``."""
        before = self.margin[spared]
        columns, owner = gather(self.openings.covers, rows)
        np.add.at(self.margin, columns, sign * self.openings.weight[rows][owner])
        self.margin[spared] = before

    def _shift_owner(self, rows: Ints, sign: float) -> None:
        """Change the margin of the one open opening that covers each of ``rows``."""
        columns, owner = gather(self.openings.covers, rows)
        is_open = self.chosen[columns]
        weight = self.openings.weight[rows][owner[is_open]]
        np.add.at(self.margin, columns[is_open], sign * weight)

    def value(self) -> float:
        """Return the objective, summed afresh."""
        return self.openings.value(self.chosen)

    def unmet(self) -> Ints:
        """Return the limit rows whose minimum is not reached."""
        return np.flatnonzero(self.used < self.openings.limits.lower - TOLERANCE)

    def feasible(self) -> bool:
        """Whether every limit and every floor is kept."""
        above = self.used > self.openings.limits.upper + TOLERANCE
        within = not len(self.unmet()) and not bool(above.any())
        return within and self.openings.floors.kept_by(self.count > 0)

    def blocked(self, used: Floats) -> Ints:
        """Return how many limits forbid each opening (q,) when ``used`` (L,) is already used."""
        limits = self.openings.limits
        room = np.repeat(limits.upper - used, np.diff(limits.matrix.indptr))
        tight = limits.matrix.indices[limits.matrix.data > room + TOLERANCE]
        return np.bincount(tight, minlength=self.openings.count)

    def lost_without(self, opening: int) -> tuple[Ints, Floats]:
        """Return who covers the rows that only ``opening`` covers, and with what weight."""
        rows = self.rows_of(opening)
        rows = rows[self.count[rows] == 1]
        columns, owner = gather(self.openings.covers, rows)
        return columns, self.openings.weight[rows][owner]

    def in_limits(self, rows: Ints) -> Bools:
        """Return which openings (q,) count in any of the limit rows."""
        marked = np.zeros(len(self.openings.limits.names), dtype=bool)
        marked[rows] = True
        return rows_met(self._limits_of, marked) > 0
