"""Shapes the parts of a `SitingProblem` from what a caller gives: broadcast, cleaned, filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, Ints, Labels


def cover_sets(matrix: object) -> sparse.csr_array:
    """Return a copy with a one where an entry is stored and not zero, as CSR of int8."""
    covers = sparse.csr_array(matrix, copy=True)
    covers.eliminate_zeros()
    covers.sum_duplicates()
    covers.data = np.ones(len(covers.data), dtype=np.int8)
    return covers


def costs(matrix: object) -> sparse.csr_array:
    """Return a walking cost matrix as CSR of float64.

    Of a sparse matrix what is stored is reached, zeros too; of a full one all that is not inf.
    """
    if sparse.issparse(matrix):
        return sparse.csr_array(matrix, dtype=np.float64, copy=True)
    full = np.atleast_2d(np.asarray(matrix, dtype=np.float64))
    row, column = np.nonzero(full != np.inf)
    return sparse.csr_array((full[row, column], (row, column)), shape=full.shape)


def unknown_pairs(given: npt.ArrayLike, missing: Bools, shape: tuple[int, int]) -> Bools:
    """Return unknown pairs (n, K): those given, and all of a point whose residents are missing."""
    unknown: Bools = spread(given, shape, np.bool_)
    if unknown.shape != shape or len(missing) != shape[0]:
        return unknown
    return unknown | missing[:, None]


def allowed_pairs(given: npt.ArrayLike, forbidden: npt.ArrayLike, shape: tuple[int, int]) -> Bools:
    """Return allowed pairs (m, K): those given but for the forbidden ones."""
    allowed: Bools = spread(given, shape, np.bool_)
    banned: Bools = spread(forbidden, shape, np.bool_)
    if banned.shape != shape:
        return banned  # a misfit of either is for the checks to name
    return allowed & ~banned if allowed.shape == shape else allowed


def ids_of(ids: Sequence[str] | None, count: int) -> Labels:
    """Return the ids, or running numbers."""
    given = [str(number) for number in range(count)] if ids is None else list(ids)
    return np.array(given, dtype=object)


def labels_by_level(groups: Mapping[str, Sequence[str]] | None) -> dict[str, Labels]:
    """Return the labels of each level as arrays of objects."""
    return {level: np.asarray(labels, dtype=object) for level, labels in (groups or {}).items()}


def site_sets(sets: Iterable[Iterable[int]]) -> tuple[Ints, ...]:
    """Return each set of candidates once sorted, without repetition."""
    return tuple(np.unique(np.array(list(sites), dtype=np.int64)) for sites in sets)


def positions(xy: npt.ArrayLike | None, count: int) -> Floats:
    """Return positions (m, 2) in metres, NaN where none are given."""
    return np.full((count, 2), np.nan) if xy is None else np.asarray(xy, dtype=np.float64)


def spread(values: npt.ArrayLike, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray:  # type: ignore[type-arg]
    """Broadcast one value or one value a row to ``shape``; leave a misfit for the checks."""
    array = np.asarray(values, dtype=dtype)
    if array.ndim == 1 and len(shape) == 2:
        array = array[:, None]
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        return array
