"""A plan under search: what is open, how often each row is covered, what each opening is worth.

`margin` is kept exact at every step: for a closed opening what it would add, for an open one what
would be lost without it, circles included. A row is touched only when its count crosses 0-1-2, so
a whole greedy run costs one pass over the cover sets (the idea of Resende and Werneck, "A fast
swap-based local search procedure for location problems", Annals of Operations Research 150, 2007).
"""

from __future__ import annotations

import numpy as np

from .arrays import Bools, Floats, Ints
from .cover_arrays import cover_of
from .kernels_cover import Cover, Margins, close_one, open_one
from .limits import TOLERANCE
from .openings import Openings


class CoverState:
    """The chosen openings with their counts and margins.

    Attributes
    ----------
    openings, cover
        The problem, and the same as plain arrays.
    chosen
        What is open (q,).
    count
        How many open openings cover each row (R,).
    margin
        Gain of each closed, loss of each open opening (q,), circles included.
    used
        Left-hand side of each limit (L,).
    largest
        Largest weight of a row or gain of an opening.
    """

    __slots__ = ("_margins", "chosen", "count", "cover", "largest", "margin", "openings", "used")

    def __init__(self, openings: Openings, cover: Cover | None = None) -> None:
        rows = openings.covers.shape[0]
        self.openings = openings
        self.cover = cover_of(openings) if cover is None else cover
        self.chosen: Bools = np.zeros(openings.count, dtype=bool)
        self.count: Ints = np.zeros(rows, dtype=np.int64)
        self.margin: Floats = openings.alone()
        self.used: Floats = np.zeros(len(openings.limits.names))
        self.largest = float(max(openings.weight.max(initial=0), openings.gain.max(initial=0)))
        worth = self.cover.weight.copy()
        missing = np.diff(self.cover.member_start)
        self._margins = Margins(self.chosen, self.count, self.margin, self.used, worth, missing)
        self._worth_of_lone_rows(missing)

    def _worth_of_lone_rows(self, missing: Ints) -> None:
        """Give rows that are a circle by themselves the worth of it."""
        circles = np.flatnonzero(missing == 1)
        rows = self.cover.members[self.cover.member_start[circles]]
        for row, weight in zip(rows, self.cover.circle_weight[circles], strict=True):
            self._margins.worth[row] += weight
            part = slice(self.cover.row_start[row], self.cover.row_start[row + 1])
            self.margin[self.cover.row_openings[part]] += weight

    @classmethod
    def of(cls, openings: Openings, chosen: Bools, cover: Cover | None = None) -> CoverState:
        """Return the state of a given plan (q,)."""
        state = cls(openings, cover)
        for opening in np.flatnonzero(chosen).tolist():
            state.open(opening)
        return state

    def become(self, chosen: Bools) -> None:
        """Open and close what differs from the plan ``chosen`` (q,)."""
        for opening in np.flatnonzero(self.chosen & ~chosen).tolist():
            self.close(opening)
        for opening in np.flatnonzero(chosen & ~self.chosen).tolist():
            self.open(opening)

    @property
    def margins(self) -> Margins:
        """The state as the compiled searches read and change it."""
        return self._margins

    def rows_of(self, opening: int) -> Ints:
        """Return the rows that an opening covers."""
        ends = self.cover.opening_start
        rows: Ints = self.cover.opening_rows[ends[opening] : ends[opening + 1]]
        return rows

    def limits_of(self, opening: int) -> tuple[Ints, Floats]:
        """Return the limit rows in which an opening counts, and its coefficients."""
        part = slice(self.cover.limit_start[opening], self.cover.limit_start[opening + 1])
        return self.cover.limit_rows[part], self.cover.limit_values[part]

    def open(self, opening: int) -> None:
        """Open a closed opening."""
        open_one(self.cover, self._margins, opening)

    def close(self, opening: int) -> None:
        """Close an open opening."""
        close_one(self.cover, self._margins, opening)

    def value(self) -> float:
        """Return the objective, summed afresh."""
        return self.openings.value(self.chosen)

    def unmet(self) -> Ints:
        """Return the limit rows whose minimum is not reached."""
        return np.flatnonzero(self.used < self.openings.limits.lower - TOLERANCE)

    def feasible(self) -> bool:
        """Whether every limit and every floor is kept."""
        above = self.used > self.openings.limits.upper + TOLERANCE
        return not len(self.unmet()) and not bool(above.any()) and self.floors_kept()

    def floors_kept(self) -> bool:
        """Whether every floor is kept."""
        floors = self.openings.floors
        return not floors.names or floors.kept_by(self.count > 0)

    def blocked(self, used: Floats) -> Ints:
        """Return how many limits forbid each opening (q,) when ``used`` (L,) is already used."""
        limits = self.openings.limits
        room = np.repeat(limits.upper - used, np.diff(limits.matrix.indptr))
        tight = limits.matrix.indices[limits.matrix.data > room + TOLERANCE]
        return np.bincount(tight, minlength=self.openings.count)
