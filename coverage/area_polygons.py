"""From reached streets to land: grids, rings, polygons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from .reach import Floats

Array = NDArray[Any]

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
    """Closed rings: points (p, 2) in metres, CSR ``start``, and the outer ring of each."""

    points: Floats
    start: NDArray[np.int64]
    owner: NDArray[np.int32]


class _Window(NamedTuple):
    """Nodes of a grid that are computed, counted in cells; one node of frame is added around."""

    west: int
    south: int
    columns: int
    rows: int


def rings_of(pieces: Sequence[Floats], grid: Grid) -> list[Rings]:
    """Return the land around ever more pieces of street, one set of rings a break.

    Parameters
    ----------
    pieces
        What each break adds: (k, 4), x and y of both ends.
    grid
        Cells and offset.
    """
    window = _window(np.concatenate(pieces), grid)
    return _burnt(pieces, grid, window, window)


def rings_by_tile(
    pieces: Sequence[Floats],
    grid: Grid,
    run: Callable[..., list[list[Rings]]],
    size: int | None = None,
) -> list[list[Rings]]:
    """Return the land around pieces tile by tile: for each tile, one set of rings a break.

    Neighbouring tiles share the nodes and crossings of their border.

    Parameters
    ----------
    pieces, grid
        As in `rings_of`.
    run
        Applies a function to a list of items, like ``map``.
    size
        Cells along a side of a tile, by default `TILE`.
    """
    whole, size = _window(np.concatenate(pieces), grid), size or TILE
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
    return run(
        lambda tile: _burnt([_near(p, grid, tile) for p in pieces], grid, tile, whole), tiles
    )


def joined(shapes: NDArray[np.object_]) -> shapely.Geometry:
    """Join the shapes of tiles along their common borders."""
    drawn = shapes[~shapely.is_empty(shapes)]
    if len(drawn) == 0:
        return shapely.Polygon()
    return drawn[0] if len(drawn) == 1 else _plain(shapely.coverage_union_all(drawn))


def polygons(sets: Iterable[Rings]) -> NDArray[np.object_]:
    """Return one Polygon or MultiPolygon for each set of rings; an empty Polygon for none."""
    return np.array([_polygon(rings) for rings in sets], dtype=object)


def _window(pieces: Floats, grid: Grid) -> _Window:
    if len(pieces) == 0:
        return _Window(0, 0, 0, 0)
    ends = pieces.reshape(-1, 2) / grid.size
    low = np.floor(ends.min(axis=0) - grid.offset / grid.size).astype(np.int64) - 1
    high = np.ceil(ends.max(axis=0) + grid.offset / grid.size).astype(np.int64) + 1
    columns, rows = high - low + 1
    return _Window(int(low[0]), int(low[1]), int(columns), int(rows))


def _near(pieces: Floats, grid: Grid, tile: _Window) -> Floats:
    """Return the pieces whose land may lie in a tile."""
    corner = np.array([tile.west, tile.south])
    low = (corner - 1) * grid.size - grid.offset
    high = (corner + np.array([tile.columns, tile.rows])) * grid.size + grid.offset
    ends = pieces.reshape(-1, 2, 2)
    meets = (ends.max(axis=1) >= low) & (ends.min(axis=1) <= high)
    near: Floats = pieces[meets.all(axis=1)]
    return near


def _burnt(pieces: Sequence[Floats], grid: Grid, window: _Window, whole: _Window) -> list[Rings]:
    """Burn break after break into a window of a grid and trace it after each."""
    from .kernels_areas import burn, trace  # noqa: PLC0415 - numba only when needed

    inside = np.zeros((window.rows + 2, window.columns + 2), np.bool_)
    reach = np.zeros((*inside.shape, 4), np.uint16)
    column, row = window.west - 1, window.south - 1
    origin = (float(whole.west), float(whole.south))
    place = (column - whole.west, row - whole.south)
    sets = []
    for one in pieces:
        burn(one, *origin, *place, grid.size, grid.offset, inside, reach)
        sets.append(Rings(*trace(inside, reach, column, row, grid.size)))
    return sets


def _polygon(rings: Rings) -> shapely.Geometry:
    if len(rings.owner) == 0:
        return shapely.Polygon()
    order = np.lexsort([np.arange(len(rings.owner)) != rings.owner, rings.owner])
    closed = shapely.linearrings(
        rings.points, indices=np.repeat(np.arange(len(rings.owner)), np.diff(rings.start))
    )
    _, number = np.unique(rings.owner[order], return_inverse=True)
    parts = shapely.polygons(closed[order], indices=number)
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _plain(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a collection of one part, or of polygons, as what it is."""
    parts = shapely.get_parts(shape, return_index=False)
    flat = shapely.get_parts(parts)
    return flat[0] if len(flat) == 1 else shapely.multipolygons(flat)
