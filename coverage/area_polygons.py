"""From reached streets to land: grids, rings, polygons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import local
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .locate import Locations
from .reach import Floats, Reach, ReachScratch

Array = NDArray[Any]

#: Facilities of one compiled call: long enough to run beside other threads.
CHUNK = 16
#: Cells along a side of a tile: 40 km at 10 m, at most 240 MB of memory.
TILE = 4096


@dataclass(frozen=True, slots=True)
class Grid:
    """Square cells in the network's CRS, aligned so that all areas share their lines.

    Attributes
    ----------
    size
        Side of a cell, m.
    offset
        How far from a street land counts as reached, m.
    """

    size: float
    offset: float


class Rings(NamedTuple):
    """Closed rings of one or several areas: the sets of rings stand one after another.

    Attributes
    ----------
    points
        float64 (p, 2): corners, m.
    length, owner
        int64 (q,): corners of each ring; its outer ring, counted within its set.
    sets
        int64 (s,): rings of each set.
    """

    points: Floats
    length: NDArray[np.int64]
    owner: NDArray[np.int64]
    sets: NDArray[np.int64]


#: Applies a function to items, like ``map``, perhaps on threads.
Run = Callable[[Callable[[Any], Rings], list[Any]], list[Rings]]


class _Window(NamedTuple):
    """Nodes of a grid that are computed, counted in cells; one node of frame is added around."""

    west: int
    south: int
    columns: int
    rows: int


def rings_of_each(
    tables: Reach, facilities: Locations, breaks: Sequence[float], grid: Grid, run: Run
) -> list[Rings]:
    """Return the land of facilities: one set of rings a facility and break, in their order.

    Parameters
    ----------
    tables
        The network, ready to be searched.
    facilities
        Points on it.
    breaks
        Costs, rising.
    grid
        Cells and offset.
    run
        Applies a function to a list of items, like ``map``.
    """
    from .kernels_land import land_of_each  # noqa: PLC0415 - numba only when needed

    own, levels = local(), np.asarray(breaks, np.float64)
    entries, start = tables.entries(facilities), facilities.start

    def some(rows: Array) -> Rings:
        if not hasattr(own, "scratch"):
            own.scratch = ReachScratch.of(facilities.network)
        s: ReachScratch = own.scratch
        points, rings, sets, s.heap[0] = land_of_each(
            tables.graph, tables.lines, entries, start, rows, levels, grid.size, grid.offset,
            s.dist, s.touched, s.entered, s.heap[0],
        )  # fmt: skip
        return Rings(points, rings[:, 0], rings[:, 1], sets)

    everyone = np.arange(len(facilities))
    return run(some, [everyone[i : i + CHUNK] for i in range(0, len(everyone), CHUNK)])


def rings_by_tile(
    pieces: Floats, begin: Array, grid: Grid, run: Run, size: int | None = None
) -> list[Rings]:
    """Return the land around pieces of street tile by tile: for each, one set of rings a break.

    Neighbouring tiles share the nodes and crossings of their border.

    Parameters
    ----------
    pieces
        (q, 4): x and y of both ends.
    begin
        int64 (k+1,): what each break adds.
    grid, run
        As in `rings_of_each`.
    size
        Cells along a side of a tile, by default `TILE`.
    """
    from .kernels_land import window  # noqa: PLC0415 - numba only when needed

    whole, size = _Window(*window(pieces, grid.size, grid.offset)), size or TILE
    tiles = [
        _Window(
            whole.west + i,
            whole.south + j,
            min(size + 1, whole.columns - i),
            min(size + 1, whole.rows - j),
        )
        for j in range(0, max(whole.rows - 1, 1), size)
        for i in range(0, max(whole.columns - 1, 1), size)
    ]
    return run(lambda tile: _in_tile(pieces, begin, grid, tile, whole), tiles)


def joined(shapes: NDArray[np.object_]) -> shapely.Geometry:
    """Join the shapes of tiles along their common borders."""
    drawn = shapes[~shapely.is_empty(shapes)]
    if len(drawn) == 0:
        return shapely.Polygon()
    return drawn[0] if len(drawn) == 1 else _plain(shapely.coverage_union_all(drawn))


def polygons(groups: Sequence[Rings]) -> NDArray[np.object_]:
    """Return one Polygon or MultiPolygon for each set of rings; an empty Polygon for none."""
    size = np.concatenate([rings.sets for rings in groups])
    shapes = np.full(len(size), shapely.Polygon(), dtype=object)
    if size.sum() == 0:
        return shapes
    before = np.repeat(np.cumsum(size) - size, size)
    owner = np.concatenate([rings.owner for rings in groups]) + before
    outer = owner == np.arange(len(owner))
    length = np.concatenate([rings.length for rings in groups])
    parts = _parts(np.concatenate([rings.points for rings in groups]), length, owner, outer)
    of_set = np.repeat(np.arange(len(size)), size)[outer]
    count = np.bincount(of_set, minlength=len(size))
    single, many = count == 1, count > 1
    shapes[single] = parts[single[of_set]]
    if many.any():
        chosen = many[of_set]
        number = (np.cumsum(many) - 1)[of_set[chosen]]
        shapes[many] = shapely.multipolygons(parts[chosen], indices=number)
    return shapes


def _parts(points: Floats, length: Array, owner: Array, outer: Array) -> NDArray[np.object_]:
    """Return a Polygon for each outer ring, in their order, with the holes that it owns."""
    rings = shapely.linearrings(points, indices=np.repeat(np.arange(len(length)), length))
    order = np.lexsort([~outer, owner])
    number = (np.cumsum(outer) - 1)[owner[order]]
    found: NDArray[np.object_] = shapely.polygons(rings[order], indices=number)
    return found


def _near(pieces: Floats, grid: Grid, tile: _Window) -> Floats:
    """Return the pieces whose land may lie in a tile."""
    corner = np.array([tile.west, tile.south])
    low = (corner - 1) * grid.size - grid.offset
    high = (corner + np.array([tile.columns, tile.rows])) * grid.size + grid.offset
    ends = pieces.reshape(-1, 2, 2)
    meets = (ends.max(axis=1) >= low) & (ends.min(axis=1) <= high)
    near: Floats = pieces[meets.all(axis=1)]
    return near


def _in_tile(pieces: Floats, begin: Array, grid: Grid, tile: _Window, whole: _Window) -> Rings:
    """Burn break after break into a tile and trace it after each."""
    from .kernels_areas import burn, trace  # noqa: PLC0415 - numba only when needed

    inside = np.zeros((tile.rows + 2, tile.columns + 2), np.bool_)
    reach = np.zeros((*inside.shape, 4), np.uint16)
    column, row = tile.west - 1, tile.south - 1
    origin = (float(whole.west), float(whole.south))
    place = (column - whole.west, row - whole.south)
    sets = []
    for low, high in pairwise(begin):
        near = _near(pieces[low:high], grid, tile)
        burn(near, *origin, *place, grid.size, grid.offset, inside, reach)
        sets.append(trace(inside, reach, column, row, grid.size))
    return Rings(
        np.concatenate([points for points, _, _ in sets]),
        np.concatenate([np.diff(start) for _, start, _ in sets]),
        np.concatenate([owner for _, _, owner in sets]).astype(np.int64),
        np.array([len(owner) for _, _, owner in sets]),
    )


def _plain(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a collection of one part, or of polygons, as what it is."""
    parts = shapely.get_parts(shape, return_index=False)
    flat = shapely.get_parts(parts)
    return flat[0] if len(flat) == 1 else shapely.multipolygons(flat)
