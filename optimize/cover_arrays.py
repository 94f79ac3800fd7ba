"""Openings as the plain arrays that the compiled searches read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .arrays import Bools, Ints
from .kernels_cover import Cover
from .openings import Openings


def cover_of(openings: Openings) -> Cover:
    """Return the arrays of ``openings``; cover sets and limits both ways round."""
    covers, limits, floors = openings.covers, openings.limits, openings.floors
    by_opening = covers.T.tocsr()
    limits_of = limits.matrix.T.tocsr()
    floors_of = floors.matrix.T.tocsr()
    members = openings.circles.members
    circles_of = members.T.tocsr()
    return Cover(
        row_start=starts(covers),
        row_openings=entries(covers),
        opening_start=starts(by_opening),
        opening_rows=entries(by_opening),
        weight=floats(openings.weight),
        gain=floats(openings.gain),
        limit_start=starts(limits_of),
        limit_rows=entries(limits_of),
        limit_values=floats(limits_of.data),
        lower=floats(limits.lower),
        upper=floats(limits.upper),
        floor_start=starts(floors_of),
        floor_rows=entries(floors_of),
        floor_values=floats(floors_of.data),
        floor_lower=floats(floors.lower),
        circle_start=starts(circles_of),
        circle_of=entries(circles_of),
        member_start=starts(members),
        members=entries(members),
        circle_weight=floats(openings.circles.weight),
    )


def held_list(chosen: Bools) -> tuple[Ints, Ints, Ints]:
    """Return what is open as a walk keeps it.

    The open openings first in a list (q,), the place of each in it (q,), and their number (1,).
    """
    held, place = np.zeros(len(chosen), dtype=np.int64), np.zeros(len(chosen), dtype=np.int64)
    inside = np.flatnonzero(chosen)
    held[: len(inside)] = inside
    place[inside] = np.arange(len(inside))
    return held, place, np.array([len(inside)], dtype=np.int64)


def starts(matrix: sparse.csr_array) -> NDArray[np.int64]:
    """Return the row pointers of a CSR matrix."""
    return np.ascontiguousarray(matrix.indptr, dtype=np.int64)


def entries(matrix: sparse.csr_array) -> NDArray[np.int32]:
    """Return the columns stored in a CSR matrix."""
    return np.ascontiguousarray(matrix.indices, dtype=np.int32)


def floats(values: Any) -> NDArray[np.float64]:
    """Return numbers as contiguous float64."""
    return np.ascontiguousarray(values, dtype=np.float64)
