"""Openings that stand in the same limit rows with the same coefficients."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .arrays import Ints


def column_classes(matrix: sparse.csr_array) -> Ints:
    """Return a class number for each column (q,): equal where the columns are equal."""
    columns = sparse.csc_array(matrix)
    columns.sort_indices()
    rows, data, ends = columns.indices.astype(np.int32), columns.data, columns.indptr.tolist()
    numbers: dict[bytes, int] = {}
    classes = np.empty(matrix.shape[1], dtype=np.int64)
    for column in range(matrix.shape[1]):
        part = slice(ends[column], ends[column + 1])
        key = rows[part].tobytes() + data[part].tobytes()
        classes[column] = numbers.setdefault(key, len(numbers))
    return classes
