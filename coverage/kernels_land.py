# ruff: noqa: PLR0917 - compiled loops are written out
"""Compiled: from facilities to the rings around their land, many facilities in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled
from .kernels_areas import burn, trace
from .kernels_reach import reached_parts, straight_pieces
from .tables_reach import Entries

Array = NDArray[Any]


@compiled
def window(pieces: Array, size: float, offset: float) -> tuple[int, int, int, int]:
    """Return the grid nodes around pieces: first column and row, numbers of columns and rows."""
    if len(pieces) == 0:
        return 0, 0, 0, 0
    west = south = np.inf
    east = north = -np.inf
    for i in range(len(pieces)):
        west, east = min(west, pieces[i, 0], pieces[i, 2]), max(east, pieces[i, 0], pieces[i, 2])
        south, north = (
            min(south, pieces[i, 1], pieces[i, 3]),
            max(north, pieces[i, 1], pieces[i, 3]),
        )
    column, row = (
        int(np.floor((west - offset) / size)) - 1,
        int(np.floor((south - offset) / size)) - 1,
    )
    columns = int(np.ceil((east + offset) / size)) + 2 - column
    rows = int(np.ceil((north + offset) / size)) + 2 - row
    return column, row, columns, rows


@compiled
def _more_points(whole: Array, used: int, added: Array) -> Array:
    """Return ``whole`` with points written from ``used`` on, enlarged where it has to be."""
    if used + len(added) > len(whole):
        bigger = np.empty((2 * (used + len(added)), 2))
        for i in range(used):
            bigger[i, 0], bigger[i, 1] = whole[i, 0], whole[i, 1]
        whole = bigger
    for i in range(len(added)):
        whole[used + i, 0], whole[used + i, 1] = added[i, 0], added[i, 1]
    return whole


@compiled
def _more_rings(whole: Array, used: int, ends: Array, owner: Array) -> Array:
    """Return ``whole`` with rings' numbers of corners and owners written from ``used`` on."""
    if used + len(owner) > len(whole):
        bigger = np.empty((2 * (used + len(owner)), 2), np.int64)
        for i in range(used):
            bigger[i, 0], bigger[i, 1] = whole[i, 0], whole[i, 1]
        whole = bigger
    for i in range(len(owner)):
        whole[used + i, 0], whole[used + i, 1] = ends[i + 1] - ends[i], owner[i]
    return whole


@compiled
def land_of_each(
    g: Any, line: Any, entries: Any, start: Array, rows: Array, breaks: Array, size: float,
    offset: float, dist: Array, touched: Array, entered: Array, heap: Array,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Trace the land of facilities within breaks.

    Parameters
    ----------
    g, line, entries
        `quarterhour.coverage.tables_reach` tables; entries sorted along edges by facility.
    start
        int64 (n+1,): entries of each facility.
    rows
        Facilities wanted.
    breaks
        float64 (k,), rising.
    size, offset
        Metres: side of a cell, and how far land is reached from a street.
    dist, touched, entered, heap
        Scratch as in `quarterhour.coverage.kernels_reach.reached_parts`.

    Returns
    -------
    points
        float64 (p, 2): corners of rings, facility by facility and break by break.
    rings
        int64 (q, 2): number of corners of each ring, and its outer ring within its set.
    sets
        int64 (rows * k,): rings of each facility and break.
    heap
        The heap, enlarged where it had to be.
    """
    points, rings = np.empty((4096, 2)), np.empty((256, 2), np.int64)
    sets = np.zeros(len(rows) * len(breaks), np.int64)
    n: Any = np.int64(0)  # typed: a plain 0 would be compiled for itself
    q: Any = np.int64(0)
    number = 0
    for facility in rows:
        a, b = start[facility], start[facility + 1]
        mine = Entries(entries.edge[a:b], entries.share[a:b], entries.cost[a:b])
        parts, first, heap = reached_parts(g, mine, breaks, dist, touched, entered, heap)
        pieces, begin = straight_pieces(line, parts, first)
        column, row, width, height = window(pieces, size, offset)
        inside = np.zeros((height + 2, width + 2), np.bool_)
        reach = np.zeros((height + 2, width + 2, 4), np.uint16)
        for k in range(len(breaks)):
            added = pieces[begin[k] : begin[k + 1]]
            burn(added, float(column), float(row), -1, -1, size, offset, inside, reach)
            found, ends, owner = trace(inside, reach, column - 1, row - 1, size)
            points = _more_points(points, n, found)
            rings = _more_rings(rings, q, ends, owner)
            n, q = n + len(found), q + len(owner)
            sets[number] = len(owner)
            number += 1
    return points[:n], rings[:q], sets, heap
