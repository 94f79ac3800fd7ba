"""Array types of the siting core, and ragged gathers from sparse rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.object_]


def gather(matrix: sparse.csr_array, rows: Ints) -> tuple[Ints, Ints]:
    """Return the stored columns of some rows, and which of the rows each belongs to.

    Parameters
    ----------
    matrix
        CSR of any shape.
    rows
        Row numbers (k,), repetitions allowed.

    Returns
    -------
    columns, owner
        Both (total stored entries of the rows,); ``owner`` counts 0..k-1 in the order of ``rows``.
    """
    start = matrix.indptr[rows]
    length = matrix.indptr[rows + 1] - start
    owner = np.repeat(np.arange(len(rows)), length)
    inside = np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    return matrix.indices[start[owner] + inside], owner


def sums_by(label: Ints, weight: Floats, count: int) -> Floats:
    """Return the sum of ``weight`` for each label 0..count-1."""
    sums = np.bincount(label, weights=weight, minlength=count)
    return sums.astype(np.float64, copy=False)


def column_sums(matrix: sparse.csr_array, weight: Floats) -> Floats:
    """Return the weight (rows,) summed over the rows that each column meets (columns,)."""
    entries = np.repeat(weight, np.diff(matrix.indptr))
    return sums_by(matrix.indices, entries, matrix.shape[1])


def rows_met(matrix: sparse.csr_array, columns: Bools) -> Ints:
    """Return how many of the marked columns (columns,) each row meets (rows,)."""
    return np.asarray(matrix @ columns.astype(np.int64), dtype=np.int64)
