"""Compiled: the cover sets of one level of a p-center, cut from ranked impedances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled

Array = NDArray[Any]


@compiled
def within(start: Array, cost: Array, cap: Array, level: float, reach: Array) -> None:
    """Set ``reach`` (R,): how many entries of each row lie within ``level``, −1 if its cap does."""
    for row in range(len(cap)):
        if cap[row] <= level:
            reach[row] = -1
            continue
        low, high = start[row], start[row + 1]
        while low < high:
            middle = (low + high) // 2
            if cost[middle] <= level:
                low = middle + 1
            else:
                high = middle
        reach[row] = low - start[row]


@compiled
def force_single(start: Array, site: Array, reach: Array, forced: Array) -> None:
    """Mark in ``forced`` (q,) what alone reaches a row; rows that it reaches then get −1."""
    for row in range(len(reach)):
        if reach[row] == 1:
            forced[site[start[row]]] = True
    for row in range(len(reach)):
        for place in range(start[row], start[row] + reach[row]):
            if forced[site[place]]:
                reach[row] = -1
                break


@compiled
def by_column(
    start: Array, site: Array, rows: Array, row_start: Array, entries: Array, column_start: Array
) -> Array:
    """Fill the rows' first ``entries`` and return the same by column; ``column_start`` is summed.

    ``rows`` are the rows looked at, ``row_start`` where each begins in ``entries``.
    """
    for number in range(len(rows)):
        first = start[rows[number]] - row_start[number]
        for place in range(row_start[number], row_start[number + 1]):
            entries[place] = site[first + place]
            column_start[entries[place] + 1] += 1
    for column in range(1, len(column_start)):
        column_start[column] += column_start[column - 1]
    at = column_start.copy()
    members = np.empty(len(entries), np.int64)
    for number in range(len(rows)):
        for place in range(row_start[number], row_start[number + 1]):
            members[at[entries[place]]] = number
            at[entries[place]] += 1
    return members
