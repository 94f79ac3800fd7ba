"""J3: service areas, the land that can be reached along streets.

Definition. A place on a street is **reached** within a break when walking between it and the
facility costs at most the break, the way between the facility (or its gate) and the street included
where the locations count it. The **service area** is all land within ``offset`` metres of a reached
place: partly reached edges are cut exactly at the break, and what lies deeper inside a block than
the offset stays a hole. The reference for its size is the union of the edges' buffers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from .area_polygons import Grid, Run, joined, polygons, rings_by_tile, rings_of_each
from .errors import QueryError, raise_all
from .impedance import Unit
from .locate import Locations, located
from .network import StreetNetwork
from .options import above_zero, one_or_more
from .profiles import ADULT, TravelProfile
from .reach import Direction, Reach, ReachScratch, reach

if TYPE_CHECKING:
    import geopandas as gpd

    from .locate import Placeable

T = TypeVar("T")
Array = NDArray[Any]

#: Metres from a street within which land counts as reached.
OFFSET_M = 25.0
#: Cells to an offset, by default: areas then stay within 1 % of the exact buffers' (measured).
CELLS_PER_OFFSET = 2.5


def service_areas(
    network: StreetNetwork,
    facilities: Placeable,
    *,
    breaks: Sequence[float] | float,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
    offset: float = OFFSET_M,
    resolution: float | None = None,
    dissolve: Literal["break"] | None = None,
    direction: Direction = "to",
    threads: int | None = None,
) -> gpd.GeoDataFrame:
    """Return the land within each break of each facility.

    Parameters
    ----------
    network
        The streets.
    facilities
        Points located on this network, or a table of points, which are located as they are.
    breaks
        Costs in the unit of ``by``, above 0, rising; a single one may stand alone.
    by
        ``"metres"`` or ``"seconds"``: the unit that is minimised and limited.
    profile
        How people walk.
    offset
        How far from a reached street land counts as reached, metres.
    resolution
        Side of the cells in metres, at most ``offset / sqrt(2)``, by default ``offset / 2.5``.
        Corners of the areas lie exactly on the offset's border where it crosses the cells' lines;
        holes and gaps narrower than a cell may be missed.
    dissolve
        ``"break"`` joins all facilities: what is within the break of any of them.
    direction
        ``"to"`` when people walk to the facility, as `quarterhour.coverage.nearest` has it,
        ``"from"`` when they walk away from it; differs only where costs are directed.
    threads
        Threads to work on, by default one a core.

    Returns
    -------
    GeoDataFrame
        In the network's CRS, one row a facility and break: ``facility`` (its index value, also the
        row's index), ``break`` (unit of ``by``), ``metres`` and ``minutes`` (of the break; NaN for
        the other unit where it is not proportional), ``area_m2``, ``geometry`` (Polygon or
        MultiPolygon, valid, holes kept; empty where nothing is reached). A larger break's area
        covers a smaller one's. ``area_m2`` is NaN, not 0, for a facility that found no street.
        Dissolved: one row a break, without ``facility``.

    Raises
    ------
    QueryError
        Listing every breach: no facilities, facilities of another network, breaks that are not
        above 0, finite and rising, an offset not above 0, cells too large, unknown options.
    """
    _check(breaks, offset, resolution, dissolve, direction, threads)
    places, levels = _placed(network, facilities), np.atleast_1d(breaks).tolist()
    tables = reach(network, by, profile, direction)
    grid = Grid(offset / CELLS_PER_OFFSET if resolution is None else resolution, offset)
    workers = threads or os.cpu_count() or 1
    run = partial(_mapped, workers=workers)
    if dissolve is None:
        shapes = polygons(rings_of_each(tables, places, levels, grid, run))
        return _by_facility(network, places, levels, by, tables, shapes)
    shapes = _together(tables, places, levels, grid, run)
    return _frame(network, levels, by, tables, shapes, {})


def covered_area(
    network: StreetNetwork,
    facilities: Placeable,
    *,
    limit: float,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
    offset: float = OFFSET_M,
    resolution: float | None = None,
    direction: Direction = "to",
    threads: int | None = None,
) -> gpd.GeoDataFrame:
    """Return the land within a limit of any facility: one search and one set of polygons.

    Parameters
    ----------
    network, facilities, by, profile, offset, resolution, direction, threads
        As in `service_areas`.
    limit
        Cost in the unit of ``by``, above 0.

    Returns
    -------
    GeoDataFrame
        One row, as a dissolved one of `service_areas`.

    Raises
    ------
    QueryError
        As `service_areas` does.
    """
    return service_areas(
        network, facilities, breaks=[limit], by=by, profile=profile, offset=offset,
        resolution=resolution, dissolve="break", direction=direction, threads=threads,
    )  # fmt: skip


def reached_streets(
    network: StreetNetwork,
    facilities: Placeable,
    *,
    limit: float,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
    direction: Direction = "to",
) -> gpd.GeoDataFrame:
    """Return the streets reached within a limit of each facility, cut exactly at the limit.

    Parameters
    ----------
    network, facilities, by, profile, direction
        As in `service_areas`; of many facilities, choose with ``facilities.take([3])``.
    limit
        Cost in the unit of ``by``, above 0.

    Returns
    -------
    GeoDataFrame
        In the network's CRS, one row a reached part of an edge: ``facility`` (index value),
        ``edge`` (number), ``name`` (of the street), ``near`` and ``far`` (least and largest cost on
        the part, unit of ``by``), ``geometry`` (LineString).

    Raises
    ------
    QueryError
        Listing every breach, as `service_areas` does.
    """
    _check([limit], OFFSET_M, None, None, direction, 1)
    places = _placed(network, facilities)
    tables, scratch = reach(network, by, profile, direction), ReachScratch.of(network)
    found = [
        _street_parts(tables, places.take([row]), limit, scratch) for row in range(len(places))
    ]
    owner = np.repeat(np.arange(len(found)), [len(part["edge"]) for part in found])
    columns = {key: np.concatenate([part[key] for part in found]) for key in found[0]}
    import geopandas as gpd  # noqa: PLC0415 - heavy, not needed for import

    return gpd.GeoDataFrame(
        {
            "facility": places.index[owner],
            "edge": columns["edge"],
            "name": network.edge_name[columns["edge"]],
            "near": columns["near"],
            "far": columns["far"],
        },
        geometry=columns["line"],
        crs=network.crs,
    )


def _street_parts(
    tables: Reach, facility: Locations, limit: float, scratch: ReachScratch
) -> dict[str, Array]:
    from .kernels_reach import part_points  # noqa: PLC0415 - numba only when needed

    parts = tables.search(tables.entries(facility), [limit], scratch).parts
    points, start = part_points(tables.lines, parts, len(parts.edge))
    owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
    lines = np.asarray(shapely.linestrings(points, indices=owner), dtype=object)
    drawn = shapely.length(lines) > 0
    columns = {"edge": parts.edge, "near": parts.near, "far": parts.far, "line": lines}
    return {key: values[drawn] for key, values in columns.items()}


def _together(
    tables: Reach, facilities: Locations, breaks: Sequence[float], grid: Grid, run: Run
) -> NDArray[np.object_]:
    """Return shapes (breaks,): the land around what any facility reaches."""
    from .kernels_reach import straight_pieces  # noqa: PLC0415 - numba only when needed

    scratch = ReachScratch.of(facilities.network)
    found = tables.search(tables.entries(facilities, together=True), breaks, scratch)
    pieces, begin = straight_pieces(tables.lines, found.parts, found.first)
    shapes = polygons(rings_by_tile(pieces, begin, grid, run)).reshape(-1, len(breaks))
    return np.array([joined(level) for level in shapes.T], dtype=object)


def _mapped(work: Callable[[Any], T], items: Sequence[Any], workers: int) -> list[T]:
    if workers == 1 or len(items) == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def _by_facility(
    network: StreetNetwork,
    facilities: Locations,
    breaks: Sequence[float],
    by: Unit,
    tables: Reach,
    shapes: NDArray[np.object_],
) -> gpd.GeoDataFrame:
    owner = facilities.index[np.repeat(np.arange(len(facilities)), len(breaks))]
    frame = _frame(network, breaks, by, tables, shapes, {"facility": owner})
    frame.index = owner
    frame.loc[np.repeat(~facilities.reached, len(breaks)), "area_m2"] = np.nan
    return frame


def _frame(
    network: StreetNetwork,
    breaks: Sequence[float],
    by: Unit,
    tables: Reach,
    shapes: NDArray[np.object_],
    before: dict[str, Any],
) -> gpd.GeoDataFrame:
    import geopandas as gpd  # noqa: PLC0415 - heavy, not needed for import

    levels = np.tile(np.asarray(breaks, np.float64), len(shapes) // len(breaks))
    ratio = np.nan if tables.other_per_unit is None else tables.other_per_unit
    metres, seconds = (levels, levels * ratio) if by == "metres" else (levels * ratio, levels)
    columns = {
        "break": levels,
        "metres": metres,
        "minutes": seconds / 60.0,
        "area_m2": shapely.area(shapes),
    }
    return gpd.GeoDataFrame(before | columns, geometry=shapes, crs=network.crs)


def _check(
    breaks: Sequence[float] | float,
    offset: float,
    resolution: float | None,
    dissolve: str | None,
    direction: str,
    threads: int | None,
) -> None:
    checks = {
        f'dissolve is {dissolve!r}, expected "break" or None': dissolve in {None, "break"},
        f'direction is {direction!r}, expected "to" or "from"': direction in {"to", "from"},
    }
    found = [words for words, holds in checks.items() if not holds]
    found += [] if threads is None else one_or_more("threads", threads)
    raise_all(QueryError, [*_offset_breaches(offset, resolution), *_break_breaches(breaks), *found])


def _offset_breaches(offset: float, resolution: float | None) -> list[str]:
    found = above_zero("offset", offset)
    if resolution is None or found:
        return found
    top = offset / np.sqrt(2.0)
    fits = not above_zero("resolution", resolution) and resolution <= top
    return [] if fits else [f"resolution is {resolution!r}, expected above 0 and at most {top:.3f}"]


def _break_breaches(breaks: Sequence[float] | float) -> list[str]:
    given = breaks if isinstance(breaks, np.ndarray | list | tuple) else [breaks]
    if len(given) == 0 or any(above_zero("a break", value) for value in given):
        return [f"breaks are {breaks!r}, expected one or more numbers, finite and above 0"]
    if (np.diff(np.asarray(given, np.float64)) <= 0).any():
        return [f"breaks are {breaks!r}, expected rising, none twice"]
    return []


def _placed(network: StreetNetwork, facilities: Placeable) -> Locations:
    places = located(network, facilities)
    raise_all(QueryError, [] if len(places) else ["there are no facilities"])
    return places
