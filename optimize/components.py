"""Which parts of a problem are independent but for a few coupling limits.

Two openings belong together when they can cover the same row, when one circle counts rows of
both, or when a local limit counts both. What is left, the coupling limits and floors, ties the
parts together only through sums over each part, which is what a decomposition needs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from .arrays import Bools, Ints
from .openings import Openings

#: Families of limits that concern neighbours or one site: they never couple parts.
LOCAL = frozenset({"once", "capacity", "required", "spacing", "exclusive"})


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Independent parts of a set of openings.

    Attributes
    ----------
    count
        Number of parts P.
    of_opening, of_row, of_circle
        Part of each opening (q,), row (R,) and circle (C,), 0..P-1; rows that nobody covers are
        in part −1, and so are circles that miss one.
    of_limit, of_floor
        Part of each limit (L,) and floor (F,); −1 where it counts several parts: it couples them.
    """

    count: int
    of_opening: Ints
    of_row: Ints
    of_circle: Ints
    of_limit: Ints
    of_floor: Ints

    @property
    def coupling(self) -> Ints:
        """The limits that count openings of several parts."""
        return np.flatnonzero(self.of_limit < 0)


def independent_parts(
    openings: Openings,
    *,
    local: Collection[str] = LOCAL,
    together: Ints | None = None,
    floors_couple: bool = True,
) -> Parts:
    """Return the connected components of openings by covers, circles and local limits.

    Parameters
    ----------
    openings
        Usually reduced: dominated openings and slack limits no longer join parts then.
    local
        Families of limits (`Limits.kinds`) whose members stay in one part.
    together
        Labels (q,) of openings to be kept in one part, e.g. their district; −1 = no wish.
    floors_couple
        Whether a floor may span several parts; False keeps its rows in one.

    Returns
    -------
    Parts
        Numbered by their first opening.
    """
    glue = [openings.covers.astype(bool), _circle_covers(openings)]
    held = [row for row, kind in enumerate(openings.limits.kinds) if kind in local]
    glue.append(openings.limits.matrix[held].astype(bool))
    if not floors_couple:
        glue.append(_reached_by(openings.floors.matrix, openings))
    if together is not None:
        wish = np.flatnonzero(together >= 0)
        entries = (np.ones(len(wish), dtype=bool), (together[wish], wish))
        shape = (int(together.max(initial=-1)) + 1, openings.count)
        glue.append(sparse.csr_array(entries, shape=shape))
    count, of_opening = _joined(sparse.csr_array(sparse.vstack(glue, format="csr")))
    of_row = _one_part(openings.covers, of_opening)
    return Parts(
        count=count,
        of_opening=of_opening,
        of_row=of_row,
        of_circle=_one_part(openings.circles.members, of_row),
        of_limit=_one_part(openings.limits.matrix, of_opening, empty=0),
        of_floor=_one_part(openings.floors.matrix, of_row, empty=0),
    )


def _circle_covers(openings: Openings) -> sparse.csr_array:
    return _reached_by(openings.circles.members, openings)


def _reached_by(rows: sparse.csr_array, openings: Openings) -> sparse.csr_array:
    """Return which openings cover a row of each set of rows, bool CSR."""
    counted = rows.astype(bool).astype(np.int32) @ openings.covers.astype(np.int32)
    return sparse.csr_array(counted.astype(bool))


def _joined(glue: sparse.csr_array) -> tuple[int, Ints]:
    """Return the number of components and the component of each column, by its first column."""
    sets, width = glue.shape
    joined = sparse.block_array([[None, glue], [glue.T, None]], format="csr")
    _, label = connected_components(joined, directed=False)
    _, first, of_column = np.unique(label[sets:], return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return len(first), number[of_column] if width else np.empty(0, dtype=np.int64)


def _one_part(matrix: sparse.csr_array, part: Ints, *, empty: int = -1) -> Ints:
    """Return the part that all columns of each row are in, −1 where they are in several."""
    filled: Bools = np.diff(matrix.indptr) > 0
    found = np.full(matrix.shape[0], empty, dtype=np.int64)
    if filled.any():
        start = matrix.indptr[:-1][filled]
        low = np.minimum.reduceat(part[matrix.indices], start)
        high = np.maximum.reduceat(part[matrix.indices], start)
        found[filled] = np.where(low == high, low, -1)
    return found
