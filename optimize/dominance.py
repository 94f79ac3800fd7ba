"""Openings that another one equals or beats under every limit.

Opening *a* is dominated by *b* when cover(a) is a subset of cover(b) and both stand in the same
limit rows with the same coefficients (the same **class**). In any plan *a* can then be replaced by
*b*, or, where *b* is in the plan already, be left out. Leaving it out is not allowed where a
minimum counts it; there some other opening *c* of the class takes its place, which exists as long
as the class keeps at least as many members as a plan can hold of it. So at most (size of the class
− the most a plan can hold of it) openings go from a class that stands under a minimum. An opening
with a gain of its own is never dominated. Where outlets may open in several years see
`dominance_years`. Floors and circles only ask for more rows to be covered, so they allow all this.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, Ints, gather, sums_by
from .column_classes import column_classes
from .dominance_years import one_per_pair, pairs_of
from .openings import Openings

#: Pairs looked at in one go: bounds the memory (about 40 bytes a pair).
CHUNK = 2_000_000

#: Beyond this many pairs the search costs more than it saves; it is then left out.
MOST_PAIRS = 60_000_000

_WORD_BITS = 64


def dominated(openings: Openings) -> Bools:
    """Return which openings (q,) can be dropped without changing the best objective."""
    pair = pairs_of(openings)
    if len(np.unique(pair)) == openings.count:
        return _dominated(openings, column_classes(openings.limits.matrix))
    return _dominated(*one_per_pair(openings, pair))[pair]


def _dominated(openings: Openings, classes: Ints) -> Bools:
    worse = _beaten(openings, classes)
    return _respect_minima(openings, classes, worse) if worse.any() else worse


def _beaten(openings: Openings, classes: Ints) -> Bools:
    """Return which openings have a superset in their class; of equal ones the first stays."""
    by_opening = openings.covers.T.tocsr()
    by_opening.sort_indices()
    size = np.diff(by_opening.indptr)
    worse = _empty_beaten(size, openings.gain, classes)
    rarest = _rarest_row(openings.covers, by_opening)
    order = np.flatnonzero(size > 0)
    degree = np.diff(openings.covers.indptr)[rarest[order]]
    if degree.sum() > MOST_PAIRS:
        return worse
    signature = _signatures(by_opening)
    for part in np.array_split(order, max(1, int(degree.sum()) // CHUNK)):
        rivals, owner = gather(openings.covers, rarest[part])
        weak = part[owner]
        fits = (classes[weak] == classes[rivals]) & (weak != rivals)
        larger = (size[rivals] > size[weak]) | ((size[rivals] == size[weak]) & (rivals < weak))
        maybe = fits & larger & (openings.gain[weak] <= 0)  # it is left out where both are open
        weak, rivals = weak[maybe], rivals[maybe]
        inside = ~(signature[weak] & ~signature[rivals]).any(axis=1)
        weak, rivals = weak[inside], rivals[inside]
        worse[weak[_subset(by_opening, weak, rivals)]] = True
    return worse


def _empty_beaten(size: Ints, gain: Floats, classes: Ints) -> Bools:
    """Return the openings that win nothing, but for the first of each class."""
    empty = np.flatnonzero((size == 0) & (gain <= 0))
    worse = np.zeros(len(size), dtype=bool)
    _, first = np.unique(classes, return_index=True)
    lead = first[np.searchsorted(np.unique(classes), classes[empty])]
    worse[empty[lead != empty]] = True
    return worse


def _rarest_row(covers: sparse.csr_array, by_opening: sparse.csr_array) -> Ints:
    """Return for each opening the row it covers that the fewest openings cover (0 if none)."""
    degree = np.diff(covers.indptr)[by_opening.indices]
    rarest = np.zeros(by_opening.shape[0], dtype=np.int64)
    owner = np.repeat(np.arange(by_opening.shape[0]), np.diff(by_opening.indptr))
    order = np.lexsort((degree, owner))
    filled = np.flatnonzero(np.diff(by_opening.indptr))
    rarest[filled] = by_opening.indices[order[by_opening.indptr[filled]]]
    return rarest


def _signatures(by_opening: sparse.csr_array, words: int = 4) -> npt.NDArray[np.uint64]:
    """Return a bit set for each opening (q, words): that of a subset is a subset."""
    rows, owner = (
        by_opening.indices,
        np.repeat(np.arange(by_opening.shape[0]), np.diff(by_opening.indptr)),
    )
    # Knuth's multiplicative hash spreads neighbouring rows over the bits.
    bit = (rows.astype(np.uint64) * np.uint64(2654435761) >> np.uint64(8)) % np.uint64(
        words * _WORD_BITS
    )
    signature = np.zeros((by_opening.shape[0], words), dtype=np.uint64)
    word = (bit // np.uint64(_WORD_BITS)).astype(np.int64)
    np.bitwise_or.at(signature, (owner, word), np.uint64(1) << (bit % np.uint64(_WORD_BITS)))
    return signature


def _subset(by_opening: sparse.csr_array, small: Ints, large: Ints) -> Bools:
    """Return for each pair whether every row of ``small`` is a row of ``large``; exact."""
    if not len(small):
        return np.zeros(0, dtype=bool)
    rows, pair = gather(by_opening, small)
    width = by_opening.shape[1]
    owner = np.repeat(np.arange(by_opening.shape[0]), np.diff(by_opening.indptr))
    stored = owner * width + by_opening.indices  # sorted: rows are sorted within each opening
    wanted = large[pair] * width + rows
    at = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
    missing = stored[at] != wanted
    lacking = sums_by(pair, missing.astype(np.float64), len(small))
    contained: Bools = lacking == 0
    return contained


def _respect_minima(openings: Openings, classes: Ints, worse: Bools) -> Bools:
    """Give back to each class under a minimum the members a plan may need of it."""
    needed = np.isfinite(openings.limits.lower)
    if not needed.any():
        return worse
    most, under = _most_of_class(openings, classes)
    size = np.bincount(classes)
    spare = np.where(under, np.maximum(size - most, 0), size)
    order = np.argsort(openings.alone()[worse], kind="stable")  # the poorest go first
    candidates = np.flatnonzero(worse)[order]
    rank = _rank_within(classes[candidates])
    allowed = np.zeros(len(worse), dtype=bool)
    allowed[candidates[rank < spare[classes[candidates]]]] = True
    return allowed


def _most_of_class(openings: Openings, classes: Ints) -> tuple[Ints, Bools]:
    """Return for each class the most a plan can hold of it, and whether a minimum counts it."""
    limits = openings.limits
    count = int(classes.max()) + 1
    most = np.bincount(classes, minlength=count)
    under = np.zeros(count, dtype=bool)
    row = np.repeat(np.arange(len(limits.names)), np.diff(limits.matrix.indptr))
    member = classes[limits.matrix.indices]
    under[member[np.isfinite(limits.lower[row])]] = True
    room = np.floor(np.minimum(limits.upper[row] / limits.matrix.data + 1e-9, len(classes)))
    np.minimum.at(most, member, np.maximum(room, 0).astype(np.int64))
    return most, under


def _rank_within(labels: Ints) -> Ints:
    """Return 0, 1, 2 … for each label in the order of appearance."""
    order = np.argsort(labels, kind="stable")
    ranked = labels[order]
    start = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    length = np.diff(np.r_[start, len(ranked)])
    rank = np.empty(len(labels), dtype=np.int64)
    rank[order] = np.arange(len(ranked)) - np.repeat(start, length)
    return rank
