"""Compiled: cliques that cover every edge of a graph of points closer than a distance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inner

Array = NDArray[Any]


@inner
def _place(start: Array, near: Array, point: int, other: int) -> Any:
    """Return where ``other`` stands among the neighbours of ``point``, sorted."""
    low, high = start[point], start[point + 1]
    while low < high:
        middle = (low + high) // 2
        if near[middle] < other:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def _fits(xy: Array, clique: Array, size: int, point: int, square: float) -> bool:
    """Whether ``point`` is none of the clique and closer than the distance to all of it."""
    for at in range(size):
        member = clique[at]
        dx, dy = xy[member, 0] - xy[point, 0], xy[member, 1] - xy[point, 1]
        if member == point or not dx * dx + dy * dy < square:
            return False
    return True


@inner
def _grow(graph: tuple[Array, Array, Array, Array], clique: Array, size: int, square: float) -> int:
    """Make the clique maximal: neighbours over edges still open first, then any; mark its edges."""
    xy, start, near, done = graph
    first = clique[0]
    for open_only in (True, False):
        for at in range(start[first], start[first + 1]):
            wanted = not done[at] or not open_only
            if wanted and _fits(xy, clique, size, near[at], square):
                clique[size] = near[at]
                size += 1
    for one in range(size):
        for two in range(size):
            if one != two:
                done[_place(start, near, clique[one], clique[two])] = True
    return size


@compiled
def edge_cliques(
    xy: Array, start: Array, near: Array, cell: Array, square: float
) -> tuple[Array, Array]:
    """Return cliques that hold every edge: where each begins (c + 1,), and its members.

    Parameters
    ----------
    xy
        Positions (s, 2), ordered so that points of one cell stand together.
    start, near
        Neighbours of each point as CSR, sorted, both directions.
    cell
        Cell of each point (s,), small enough for its points to be neighbours.
    square
        Square of the distance that neighbours are closer than.
    """
    points = len(start) - 1
    done = np.zeros(len(near), dtype=np.bool_)
    graph = (xy, start, near, done)
    clique = np.empty(points + 1, dtype=np.int64)
    ends, members = [0], [0]
    members.pop()
    for seed in range(points):
        for at in range(start[seed], start[seed + 1]):
            other = near[at]
            if done[at] or other < seed:
                continue
            clique[0], clique[1], size = seed, other, 2
            mate = seed + 1
            while mate < points and cell[mate] == cell[other] == cell[seed]:
                if _fits(xy, clique, size, mate, square):
                    clique[size] = mate
                    size += 1
                mate += 1
            size = _grow(graph, clique, size, square)
            for place in range(size):
                members.append(clique[place])  # noqa: PERF401 - compiled, extend is slower
            ends.append(len(members))
    return np.array(ends), np.array(members)
