"""Domination where an outlet may open in one of several years.

The **years** of a (candidate, type) pair, its openings, stand or fall together. Pair *a* is
dominated by *b* when, year by year, cover(a, t) is a subset of cover(b, t) and both stand in the
same limit rows with the same coefficients, rows of one pair alone ("opens once") left aside. Say a
plan opens *a* in year s. Where it does not open *b*, (b, s) takes the place of (a, s); where it
opens *b* in a later year u, (b, s) and (a, u) take the place of (a, s) and (b, u): every limit
counts the same, nobody is covered later. Then *b* is open no later than *a*, which adds nothing
and is left out, or makes way for another pair of the class where a minimum counts it, as in
`dominance`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .column_classes import column_classes
from .limits import TOLERANCE, Limits
from .openings import Openings


def pairs_of(openings: Openings) -> Ints:
    """Return the number of each opening's (candidate, type) pair (q,), counted from 0."""
    kinds = int(openings.kind.max(initial=0)) + 1
    _, pair = np.unique(openings.candidate * kinds + openings.kind, return_inverse=True)
    return np.asarray(pair, dtype=np.int64)


def one_per_pair(openings: Openings, pair: Ints) -> tuple[Openings, Ints]:
    """Return the openings with each pair's earliest year standing for it, and their classes.

    The earliest cover set holds those of the later years. Limits are the rows that count more
    than one pair or ask for a minimum: with the least coefficient of the pair's years where the
    row counts them all, else without a maximum, since it then bounds no number of pairs.
    """
    order = np.lexsort((openings.year, pair))
    lead = order[np.flatnonzero(np.r_[True, np.diff(pair[order]) > 0])]
    limits = openings.limits
    shared = np.flatnonzero(_counts_several(limits, pair))
    matrix = sparse.csr_array(limits.matrix[shared])
    whole, partly = _least(matrix, pair, len(lead))
    none = np.full(len(shared), np.inf)
    names = tuple(limits.names[row] for row in shared)
    stacked = Limits(
        matrix=sparse.csr_array(sparse.vstack([whole, partly], format="csr")),
        lower=np.concatenate([limits.lower[shared]] * 2),
        upper=np.concatenate([limits.upper[shared], none]),
        kinds=tuple(limits.kinds[row] for row in shared) * 2,
        names=(*names, *(f"{name}_partly" for name in names)),
    )
    gain = np.zeros(len(lead))
    np.maximum.at(gain, pair, openings.gain)
    one = replace(openings.keep_columns(lead), gain=gain, limits=stacked)
    return one, _classes(openings, matrix, pair)


def _counts_several(limits: Limits, pair: Ints) -> Bools:
    """Return which rows (L,) count more than one pair, ask for a minimum, or forbid an opening."""
    size = np.diff(limits.matrix.indptr)
    filled = np.flatnonzero(size)
    too_large = limits.matrix.data > np.repeat(limits.upper, size) + TOLERANCE
    row = np.repeat(np.arange(len(size)), size)
    several = np.isfinite(limits.lower) | (np.bincount(row[too_large], minlength=len(size)) > 0)
    start = limits.matrix.indptr[:-1][filled]
    of_entry = pair[limits.matrix.indices]
    if len(filled):
        low = np.minimum.reduceat(of_entry, start)
        high = np.maximum.reduceat(of_entry, start)
        several[filled] |= low < high
    return several


def _classes(openings: Openings, matrix: sparse.csr_array, pair: Ints) -> Ints:
    """Return a class of each pair: equal where years, coefficients and gains are equal.

    A pair whose later years are worth more by themselves is in a class of its own: moving it to
    an earlier year could lose worth.
    """
    column = column_classes(matrix)
    order = np.lexsort((openings.year, pair))
    ends = np.flatnonzero(np.r_[True, np.diff(pair[order]) > 0, True])
    keys = np.column_stack([openings.year, column])[order]
    rising = np.r_[False, np.diff(openings.gain[order]) > 0]
    rising[ends[:-1]] = False
    numbers: dict[object, int] = {}
    classes = np.empty(len(ends) - 1, dtype=np.int64)
    for number, (begin, end) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
        own = number if rising[begin:end].any() else -1
        classes[number] = numbers.setdefault((own, keys[begin:end].tobytes()), len(numbers))
    return classes


def _least(
    matrix: sparse.csr_array, pair: Ints, pairs: int
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return the least coefficient of each pair's years: in rows that count them all, and else."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    key = row * pairs + pair[matrix.indices]
    order = np.argsort(key, kind="stable")
    keys, start, count = np.unique(key[order], return_index=True, return_counts=True)
    data: Floats = matrix.data[order]
    least = np.minimum.reduceat(data, start) if len(start) else data
    row, of_pair = keys // max(pairs, 1), keys % max(pairs, 1)
    whole = count == np.bincount(pair, minlength=pairs)[of_pair]

    def entries(some: Bools) -> sparse.csr_array:
        placed = (least[some], (row[some], of_pair[some]))
        return sparse.csr_array(placed, shape=(matrix.shape[0], pairs))

    return entries(whole), entries(~whole)
