"""Which openings are the years of one outlet, and cover rows written with their running sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .arrays import Bools, Ints
from .dominance_years import pairs_of
from .openings import Openings


@dataclass(frozen=True, slots=True, eq=False)
class YearChains:
    """Running sums over the openings of each (candidate, type) pair, by year.

    Step s says "open by the year of `opening[s]`". The first opening of a pair is its own running
    sum and has no step.

    Attributes
    ----------
    width
        Number of openings q.
    opening
        The opening whose year a step ends with (s,).
    before
        What the step adds it to (s,): an opening, or q + an earlier step.
    end
        For each opening (q,) the column of the running sum up to it: itself, or q + its step.
    """

    width: int
    opening: Ints
    before: Ints
    end: Ints

    def open_by(self, chosen: Bools) -> Bools:
        """Return the running sums (s,) of the chosen openings (q,)."""
        sums = np.concatenate([chosen, np.zeros(len(self.opening), dtype=bool)])
        for step, (opening, before) in enumerate(zip(self.opening, self.before, strict=True)):
            sums[self.width + step] = sums[opening] | sums[before]
        return sums[self.width :]

    def covers(self, openings: Openings) -> sparse.csr_array:
        """Return the cover rows, CSR (R, q + s), each pair's first years as one running sum.

        A pair of which a row holds other than the first years keeps them one by one.
        """
        covers = openings.covers
        if not len(self.opening):
            return covers
        row = np.repeat(np.arange(covers.shape[0]), np.diff(covers.indptr))
        pair, place = _places(openings)
        key = row * (int(pair.max()) + 1) + pair[covers.indices]
        _, group, count = np.unique(key, return_inverse=True, return_counts=True)
        last = np.zeros(len(count), dtype=np.int64)
        np.maximum.at(last, group, place[covers.indices])
        whole = (last + 1 == count)[group]
        keep = ~whole | (place[covers.indices] == last[group])
        columns = np.where(whole, self.end[covers.indices], covers.indices)[keep]
        shape = (covers.shape[0], self.width + len(self.opening))
        ones = np.ones(len(columns), dtype=np.int8)
        return sparse.csr_array((ones, (row[keep], columns)), shape=shape)


def _places(openings: Openings) -> tuple[Ints, Ints]:
    """Return the pair of each opening (q,), and its place among the pair's years, from 0."""
    pair = pairs_of(openings)
    order = np.lexsort((openings.year, pair))
    first = np.r_[True, np.diff(pair[order]) > 0][: len(order)]
    start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - start
    return pair, place


def year_chains(openings: Openings) -> YearChains:
    """Return the running sums over the years of each pair."""
    pair, place = _places(openings)
    order = np.lexsort((place, pair))
    steps = order[place[order] > 0]
    end = np.arange(openings.count)
    end[steps] = openings.count + np.arange(len(steps))
    earlier = order[np.flatnonzero(place[order] > 0) - 1]
    return YearChains(openings.count, steps, end[earlier], end)
