"""Exact reductions of rows, whatever floors and circles ask of them.

Rows with identical cover sets are always covered together, so they merge with their weights,
floor coefficients and circle memberships summed. Circles that miss a row which nobody reaches can
never be complete; those of one row are worth as much as the row itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Ints, column_sums, sums_by
from .dominance_years import pairs_of
from .limits import TOLERANCE
from .openings import Openings
from .row_rules import Circles, RowFloors


def settle_rows(openings: Openings, covered: Bools) -> Openings:
    """Return the openings without the rows (R,) that are covered for certain."""
    floors, circles = openings.floors, openings.circles
    persons = floors.matrix @ covered.astype(np.float64)
    members = sparse.csr_array(circles.members[:, ~covered])
    done = np.diff(members.indptr) == 0
    certain = openings.weight[covered].sum() + circles.weight[done].sum()
    settled = replace(
        openings,
        constant=openings.constant + float(certain),
        floors=replace(floors, lower=floors.lower - persons),
        circles=Circles(circles.members[~done], circles.weight[~done]),
    )
    return settled.keep_rows(~covered)


def drop_rows_unreached(openings: Openings) -> tuple[Openings, int]:
    """Return the openings without rows that nobody covers, and how many they were."""
    reached = np.diff(openings.covers.indptr) > 0
    missed = int((~reached).sum())
    if not missed:
        return openings, 0
    circles = openings.circles
    hopeless = circles.members @ (~reached).astype(np.int64) > 0
    left = Circles(circles.members[~hopeless], circles.weight[~hopeless])
    return replace(openings, circles=left).keep_rows(reached), missed


def drop_slack_floors(openings: Openings) -> Openings:
    """Return the openings without floors that are kept already."""
    floors = openings.floors
    open_ones = np.flatnonzero(floors.lower > TOLERANCE)
    if len(open_ones) == len(floors.names):
        return openings
    names = tuple(floors.names[place] for place in open_ones)
    left = RowFloors(floors.matrix[open_ones], floors.lower[open_ones], names)
    return replace(openings, floors=left)


def drop_rows_uncounted(openings: Openings) -> Openings:
    """Return the openings without rows that are worth nothing and that nothing counts."""
    counted = (openings.weight > 0) | openings.asked()
    return openings if counted.all() else openings.keep_rows(counted)


def settle_circles(openings: Openings) -> Openings:
    """Turn circles of one row into that row's weight, and merge those with the same rows."""
    circles = openings.circles
    size = np.diff(circles.members.indptr)
    if not len(size):
        return openings
    single = size == 1
    rows = circles.members[single].indices
    won = sums_by(rows, circles.weight[single], openings.covers.shape[0])
    members = sparse.csr_array(circles.members[~single])
    first, group = group_rows(members)
    merged = sums_by(group, circles.weight[~single], len(first))
    left = Circles(sparse.csr_array(members[first]), merged)
    return replace(openings, weight=openings.weight + won, circles=left)


def merge_same_rows(openings: Openings) -> tuple[Openings, int]:
    """Return the openings with rows of identical cover sets merged, and how many went."""
    first, group = group_rows(openings.covers)
    before = openings.covers.shape[0]
    if len(first) == before:
        return openings, 0
    ones = np.ones(before, dtype=np.int8)
    to_group = sparse.csr_array((ones, (np.arange(before), group)), shape=(before, len(first)))
    floors, circles = openings.floors, openings.circles
    members = sparse.csr_array(circles.members @ to_group)
    members.data[:] = 1  # a circle with two of the merged rows has one left
    merged = openings.keep_rows(first)
    merged = replace(
        merged,
        weight=sums_by(group, openings.weight, len(first)),
        floors=replace(floors, matrix=sparse.csr_array(floors.matrix @ to_group)),
        circles=replace(circles, members=members),
    )
    return merged, before - len(first)


def group_rows(matrix: sparse.csr_array) -> tuple[Ints, Ints]:
    """Return the first row of each set of identical rows, and the set of each row."""
    matrix.sort_indices()
    numbers: dict[bytes, int] = {}
    first: list[int] = []
    group = np.empty(matrix.shape[0], dtype=np.int64)
    indices = matrix.indices.astype(np.int32)
    ends = matrix.indptr.tolist()
    for row in range(matrix.shape[0]):
        key = indices[ends[row] : ends[row + 1]].tobytes()
        number = numbers.setdefault(key, len(first))
        if number == len(first):
            first.append(row)
        group[row] = number
    return np.array(first, dtype=np.int64), group


def fold_rows(openings: Openings) -> Openings:
    """Turn rows that only openings of one exclusive set cover into those openings' own gain.

    No plan holds two of them, so the row is covered by exactly the one that opens, if any. Rows
    that a floor or a circle counts stay.
    """
    folded = _of_one_set(openings) & ~openings.asked()
    gain = openings.gain + column_sums(openings.covers[folded], openings.weight[folded])
    return replace(openings, gain=gain).keep_rows(~folded)


def _of_one_set(openings: Openings) -> Bools:
    """Return the rows (R,) covered by one opening alone, or by one pair's years alone."""
    covers = openings.covers
    size = np.diff(covers.indptr)
    pair, exclusive = _pairs(openings)
    single: Bools = size == 1
    if not exclusive.any():
        return single
    entry = pair[covers.indices]
    owner = np.repeat(np.arange(len(size)), size)
    lead = np.zeros(len(size), dtype=np.int64)
    lead[size > 0] = entry[covers.indptr[:-1][size > 0]]
    others = sums_by(owner, (entry != lead[owner]).astype(np.float64), len(size))
    together: Bools = (size > 0) & (others == 0) & exclusive[lead]
    return single | together


def _pairs(openings: Openings) -> tuple[Ints, Bools]:
    """Return the number of each opening's (candidate, type) pair, and which pairs open once."""
    pair = pairs_of(openings)
    count = np.bincount(pair)
    if (count <= 1).all():
        return pair, np.zeros(len(count), dtype=bool)
    limits = openings.limits
    bound = np.repeat(limits.upper / 2, np.diff(limits.matrix.indptr))
    heavy = sums_by_row(limits.matrix, limits.matrix.data > bound)
    once = heavy == np.diff(limits.matrix.indptr)  # any two members exceed the maximum
    ones = np.ones(len(pair), dtype=np.int64)
    to_pair = sparse.csr_array((ones, (np.arange(len(pair)), pair)), shape=(len(pair), len(count)))
    inside = limits.matrix[once].astype(bool).astype(np.int64) @ to_pair
    whole = inside.data == count[inside.indices]
    exclusive = np.zeros(len(count), dtype=bool)
    exclusive[inside.indices[whole]] = True
    return pair, exclusive


def sums_by_row(matrix: sparse.csr_array, marked: Bools) -> Ints:
    """Return how many of the stored entries of each row are marked."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.bincount(row[marked], minlength=matrix.shape[0])
