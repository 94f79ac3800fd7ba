# ruff: noqa: PLR0917 - compiled loops are written out
"""Compiled: land within an offset of lines, by exact crossings with the lines of a grid.

Each piece of street, widened by the offset, is convex, so it covers one interval of a grid line.
`burn` joins the intervals: it marks the nodes covered and keeps, for each node and each of its
four sides, how far beyond the node the cover goes. `trace` joins the ends of the cover to rings,
cell by cell. Their corners lie on the true border where it crosses a grid line; between them runs
a chord.

Why the rings are valid and nested: a grid edge is crossed once at most, strictly between its
nodes, and inside a cell the chords of different rings never cross. Burning more streets only adds
nodes and lengthens covers, and in a cell the polygon of more corners holds that of fewer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled, inlined

Array = NDArray[Any]

EAST: Any = np.int64(0)
NORTH: Any = np.int64(1)
WEST: Any = np.int64(2)
SOUTH: Any = np.int64(3)
#: Parts of a grid edge in which crossings are kept: 0.15 mm of 10 m.
QUANTA = 65535.0


@inlined
def _cover(
    level: float, a: float, b: float, c: float, d: float, n1: float, n2: float, r: float
) -> tuple[float, float]:
    """Return the interval of a grid line that a widened piece covers; empty when the low is inf.

    The piece runs from (a, b) to (c, d), the first coordinate along the grid line, the second
    across; the line lies at ``level``; (n1, n2) is the piece's normal times r.
    """
    low, high = np.inf, -np.inf
    rest = r * r - (level - b) * (level - b)
    if rest >= 0.0:
        half = np.sqrt(rest)
        low, high = a - half, a + half
    rest = r * r - (level - d) * (level - d)
    if rest >= 0.0:
        half = np.sqrt(rest)
        low, high = min(low, c - half), max(high, c + half)
    rise = d - b
    if rise != 0.0:
        one = (level - b - n2) / rise
        if 0.0 <= one <= 1.0:
            at = a + n1 + one * (c - a)
            low, high = min(low, at), max(high, at)
        two = (level - b + n2) / rise
        if 0.0 <= two <= 1.0:
            at = a - n1 + two * (c - a)
            low, high = min(low, at), max(high, at)
    return low, high


@inlined
def _lengthen(reach: Array, side: int, row: int, column: int, part: float) -> None:
    """Keep the longest cover beyond a node, at least one quantum and short of the next node."""
    quanta = np.uint16(min(max(part * QUANTA, 1.0), QUANTA - 1.0))
    reach[row, column, side] = max(reach[row, column, side], quanta)


@compiled
def _nodes(low: float, high: float, origin: int, count: int) -> tuple[int, int]:
    """Return the first and last node in an interval, counted from a window's; first > last: none.

    Nodes beyond the window are told as just beyond it.
    """
    if low > high:
        return 1, 0
    first = max(int(np.ceil(low)) - origin, -1)
    last = min(int(np.floor(high)) - origin, count)
    return first, last


@compiled
def _levels(low: float, high: float, origin: int, count: int) -> tuple[int, int]:
    """Return the range of a window's grid lines, its frame left out, that lie in an interval."""
    return max(int(np.ceil(low)) - origin, 1), min(int(np.floor(high)) - origin, count - 2) + 1


@compiled
def burn(
    pieces: Array, west: float, south: float, column: int, row: int, size: float, offset: float,
    inside: Array, reach: Array,
) -> None:  # fmt: skip
    """Add the land within ``offset`` of pieces of street to a grid.

    Parameters
    ----------
    pieces
        float64 (k, 4): x, y of both ends (m).
    west, south
        Where columns and rows are counted from, in cells.
    column, row
        Number of node [0, 0]: tiles of one grid count from the same place, so that they compute
        identical crossings on the border they share.
    size
        Side of a cell (m).
    offset
        Metres.
    inside
        bool (rows, columns); its outermost nodes stay untouched.
    reach
        uint16 (rows, columns, 4): cover beyond a node to the east, north, west, south.
    """
    rows, columns = inside.shape
    r = offset / size
    for k in range(len(pieces)):
        ax, ay = pieces[k, 0] / size - west, pieces[k, 1] / size - south
        bx, by = pieces[k, 2] / size - west, pieces[k, 3] / size - south
        dx, dy = bx - ax, by - ay
        length = np.sqrt(dx * dx + dy * dy)
        nx, ny = (-dy / length * r, dx / length * r) if length > 0.0 else (0.0, 0.0)
        begin, end = _levels(min(ay, by) - r, max(ay, by) + r, row, rows)
        for j in range(begin, end):
            low, high = _cover(row + j, ax, ay, bx, by, nx, ny, r)
            first, last = _nodes(low, high, column, columns)
            for i in range(max(first, 1), min(last, columns - 2) + 1):
                inside[j, i] = True
            if first <= last and 0 < first < columns - 1:
                _lengthen(reach, WEST, j, first, column + first - low)
            if first <= last and 0 < last < columns - 1:
                _lengthen(reach, EAST, j, last, high - (column + last))
        begin, end = _levels(min(ax, bx) - r, max(ax, bx) + r, column, columns)
        for i in range(begin, end):
            low, high = _cover(column + i, ay, ax, by, bx, ny, nx, r)
            first, last = _nodes(low, high, row, rows)
            for j in range(max(first, 1), min(last, rows - 2) + 1):
                inside[j, i] = True
            if first <= last and 0 < first < rows - 1:
                _lengthen(reach, SOUTH, first, i, row + first - low)
            if first <= last and 0 < last < rows - 1:
                _lengthen(reach, NORTH, last, i, high - (row + last))


@compiled
def count_crossings(inside: Array) -> int:
    """Return how many grid edges lead from a covered node to one that is not."""
    rows, columns = inside.shape
    count = 0
    for j in range(1, rows - 1):
        for i in range(1, columns - 1):
            if inside[j, i]:
                count += (
                    (not inside[j, i + 1])
                    + (not inside[j + 1, i])
                    + (not inside[j, i - 1])
                    + (not inside[j - 1, i])
                )
    return count


@compiled
def _walk_ring(
    inside: Array, reach: Array, column: int, row: int, size: float, j: int, i: int,
    side: int, ring: int, left: Array, right: Array, points: Array, n: int,
) -> int:  # fmt: skip
    """Follow a border with the cover on its left, from one crossing back to it."""
    rows, columns = inside.shape
    step_x, step_y = (1, 0, -1, 0), (0, 1, 0, -1)
    begin_j, begin_i, begin_side = j, i, side
    while True:
        dx, dy = step_x[side], step_y[side]
        frame = i + dx in (0, columns - 1) or j + dy in (0, rows - 1)
        part = 0.0 if frame else max(reach[j, i, side], np.uint16(1)) / QUANTA
        points[n, 0] = (column + i + dx * part) * size
        points[n, 1] = (row + j + dy * part) * size
        n += 1
        if side == WEST:
            left[j, i] = ring + 1
        elif side == EAST:
            right[j, i] = True
        turn = (side + 1) % 4
        ahead_j, ahead_i = j + step_y[turn], i + step_x[turn]
        if not inside[ahead_j, ahead_i]:
            side = turn
        elif not inside[ahead_j + dy, ahead_i + dx]:
            j, i = ahead_j, ahead_i
        else:
            j, i, side = ahead_j + dy, ahead_i + dx, (side + 3) % 4
        if j == begin_j and i == begin_i and side == begin_side:
            return n


@compiled
def trace(
    inside: Array, reach: Array, column: int, row: int, size: float
) -> tuple[Array, Array, Array]:
    """Return the rings around the covered land.

    ``column`` and ``row`` number node [0, 0], in cells from the CRS's origin. Rows are scanned
    upwards: the first crossing of an outer ring leads into the land, that of a hole leads out of
    it, and then the ring last met in the row belongs to the same polygon.

    Returns
    -------
    points
        float64 (p, 2): corners, metres.
    start
        int64 (q+1,): CSR of rings.
    owner
        int32 (q,): the outer ring of the polygon that each ring belongs to; itself when outer.
    """
    rows, columns = inside.shape
    count = count_crossings(inside)
    points = np.empty((count, 2))
    start = np.zeros(count // 4 + 1, np.int64)
    owner = np.empty(count // 4 + 1, np.int32)
    left = np.zeros(inside.shape, np.int32)  # 1 + the ring that crosses west of a node
    right = np.zeros(inside.shape, np.bool_)
    n: Any = np.int64(0)  # typed: a plain 0 would be compiled for itself
    ring: Any = np.int64(0)
    for j in range(1, rows - 1):
        here = -1
        for i in range(1, columns - 1):
            if not inside[j, i]:
                continue
            if not inside[j, i - 1]:
                if left[j, i] == 0:
                    owner[ring] = ring
                    n = _walk_ring(
                        inside, reach, column, row, size, j, i, WEST, ring, left, right, points, n
                    )
                    ring += 1
                    start[ring] = n
                here = owner[left[j, i] - 1]
            if not inside[j, i + 1] and not right[j, i]:
                owner[ring] = here
                n = _walk_ring(
                    inside, reach, column, row, size, j, i, EAST, ring, left, right, points, n
                )
                ring += 1
                start[ring] = n
    return points, start[: ring + 1], owner[:ring]
