"""Compiled: steps of the primal-dual method for the relaxation, and its dual bound."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inlined

Array = NDArray[Any]


class Matrix(NamedTuple):
    """K = E − C: C the pattern of cover sets (rows 0..R-1), E sparse, both by row and by column."""

    row_start: Array
    row_cols: Array
    col_start: Array
    col_rows: Array
    extra_row_start: Array
    extra_row_cols: Array
    extra_row_values: Array
    extra_col_start: Array
    extra_col_rows: Array
    extra_col_values: Array


class Terms(NamedTuple):
    """max cost·x − Σ cap·(K x − rhs)₊ over 0 ≤ x ≤ 1, and the step of each column and row."""

    cost: Array
    rhs: Array
    cap: Array
    column_step: Array
    row_step: Array


class Iterate(NamedTuple):
    """The point, the anchor it is drawn to, and the last image of the step."""

    x: Array
    u: Array
    x_anchor: Array
    u_anchor: Array
    x_image: Array
    u_image: Array


@inlined
def _sum_of(start: Array, entries: Array, values: Array, at: Any) -> Any:
    """Return the sum of ``values`` over one list of entries."""
    total = 0.0
    for place in range(uint64(start[at]), uint64(start[at + 1])):
        total += values[uint64(entries[place])]
    return total


@inlined
def _weighted_sum_of(start: Array, entries: Array, weights: Array, values: Array, at: Any) -> Any:
    """Return the weighted sum of ``values`` over one list of entries."""
    total = 0.0
    for place in range(uint64(start[at]), uint64(start[at + 1])):
        total += values[uint64(entries[place])] * weights[place]
    return total


@compiled
def steps(
    k: Matrix, t: Terms, z: Iterate, weight: float, done: int, count: int, moved: Array
) -> float:
    """Take up to ``count`` reflected Halpern steps in place; return the steps since the anchor.

    ``moved`` (4,) = error at the anchor, last error, squared distances of x and u from the anchor.
    Stops early where a restart is due (the returned number is then negative).
    """
    col_start, col_rows, row_start, row_cols = k.col_start, k.col_rows, k.row_start, k.row_cols
    ec_start, ec_rows, ec_values = k.extra_col_start, k.extra_col_rows, k.extra_col_values
    er_start, er_cols, er_values = k.extra_row_start, k.extra_row_cols, k.extra_row_values
    cost, rhs, cap, x_step, u_step = t.cost, t.rhs, t.cap, t.column_step, t.row_step
    x, u, x_anchor, u_anchor = z.x, z.u, z.x_anchor, z.u_anchor
    x_image, u_image = z.x_image, z.u_image
    columns, rows = uint64(len(cost)), uint64(len(rhs))
    openings, covers = uint64(len(col_start) - 1), uint64(len(row_start) - 1)
    ahead = np.empty(len(cost))
    one, back = uint64(1), 1.0 / weight
    for _ in range(count):
        error_x = error_u = 0.0
        keep = (done + 1.0) / (done + 2.0)
        j = uint64(0)
        while j < columns:
            slope = cost[j] - _weighted_sum_of(ec_start, ec_rows, ec_values, u, j)
            if j < openings:
                slope += _sum_of(col_start, col_rows, u, j)
            new = min(max(x[j] + x_step[j] * back * slope, 0.0), 1.0)
            difference = new - x[j]
            ahead[j] = new + difference
            if difference != 0.0:
                error_x += difference * difference / x_step[j]
            x_image[j] = new
            x[j] = keep * (new + difference) + (1.0 - keep) * x_anchor[j]
            j += one
        i = uint64(0)
        while i < rows:
            over = _weighted_sum_of(er_start, er_cols, er_values, ahead, i) - rhs[i]
            if i < covers:
                over -= _sum_of(row_start, row_cols, ahead, i)
            new = min(max(u[i] + u_step[i] * weight * over, 0.0), cap[i])
            difference = new - u[i]
            if difference != 0.0:
                error_u += difference * difference / u_step[i]
            u_image[i] = new
            u[i] = keep * (new + difference) + (1.0 - keep) * u_anchor[i]
            i += one
        done += 1
        error = np.sqrt(error_x * weight + error_u * back)
        if done == 1:
            moved[0] = error
        last, moved[1] = moved[1], error
        if done > 1 and (error <= 0.2 * moved[0] or (error <= 0.8 * moved[0] and error > last)):
            return -float(done)
    return float(done)


@compiled
def anchor(t: Terms, z: Iterate, moved: Array) -> None:
    """Make the last image the point and the anchor; note how far both parts have moved."""
    moved[2] = moved[3] = 0.0
    for j in range(len(z.x)):
        change = z.x_image[j] - z.x_anchor[j]
        moved[2] += change * change / t.column_step[j]
        z.x[j] = z.x_anchor[j] = z.x_image[j]
    for i in range(len(z.u)):
        change = z.u_image[i] - z.u_anchor[i]
        moved[3] += change * change / t.row_step[i]
        z.u[i] = z.u_anchor[i] = z.u_image[i]


@inlined
def _slope(k: Matrix, u: Array, column: Any) -> Any:
    """Return (Kᵀu) of one column."""
    total = 0.0
    if column < len(k.col_start) - 1:
        for at in range(k.col_start[column], k.col_start[column + 1]):
            total -= u[k.col_rows[at]]
    for at in range(k.extra_col_start[column], k.extra_col_start[column + 1]):
        total += u[k.extra_col_rows[at]] * k.extra_col_values[at]
    return total


@inlined
def _activity(k: Matrix, x: Array, row: Any) -> Any:
    """Return (K x) of one row."""
    total = 0.0
    if row < len(k.row_start) - 1:
        for at in range(k.row_start[row], k.row_start[row + 1]):
            total -= x[k.row_cols[at]]
    for at in range(k.extra_row_start[row], k.extra_row_start[row + 1]):
        total += x[k.extra_row_cols[at]] * k.extra_row_values[at]
    return total


@compiled
def dual_bound(k: Matrix, t: Terms, u: Array, reduced: Array) -> float:
    """Return Σ u·rhs + Σ max(0, cost − Kᵀu) and fill in the reduced costs (columns,)."""
    bound = 0.0
    for i in range(len(t.rhs)):
        bound += u[i] * t.rhs[i]
    for j in range(len(t.cost)):
        reduced[j] = t.cost[j] - _slope(k, u, j)
        bound += max(reduced[j], 0.0)
    return bound


@compiled
def primal_value(k: Matrix, t: Terms, x: Array) -> float:
    """Return cost·x − Σ cap·(K x − rhs)₊, rows of no cap left out."""
    value = 0.0
    for j in range(len(t.cost)):
        value += t.cost[j] * x[j]
    for i in range(len(t.rhs)):
        over = _activity(k, x, i) - t.rhs[i]
        if over > 0.0 and t.cap[i] < np.inf:
            value -= t.cap[i] * over
    return value


@compiled
def settle_row(k: Matrix, t: Terms, u: Array, reduced: Array, row: int) -> None:
    """Set one row's dual to the value that is best for the bound, in place, by bisection.

    The row stands in E alone. The bound as a function of it is convex and piecewise linear.
    """
    start, end = k.extra_row_start[row], k.extra_row_start[row + 1]
    low = high = 0.0
    for at in range(start, end):
        value = k.extra_row_values[at]
        column = k.extra_row_cols[at]
        reduced[column] += u[row] * value
        high = max(high, abs(reduced[column] / value))
    high = min(1.5 * high, t.cap[row])
    for _ in range(40):
        middle = 0.5 * (low + high)
        slope = t.rhs[row]
        for at in range(start, end):
            value = k.extra_row_values[at]
            if reduced[k.extra_row_cols[at]] > value * middle:
                slope -= value
        if slope < 0.0:
            low = middle
        else:
            high = middle
        if high - low <= 1e-9 * high:
            break
    u[row] = high
    for at in range(start, end):
        reduced[k.extra_row_cols[at]] -= u[row] * k.extra_row_values[at]
