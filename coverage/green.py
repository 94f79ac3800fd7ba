"""Green spaces and community homes: service circles of places with several entrances.

A residential point is covered by a kind of place (口袋公园, 社区之家, …) when the walk to the
nearest **entrance** of the nearest such place is at most the kind's own threshold; everything else
is as in `quarterhour.coverage.circles`. A place is entered, in this order of knowledge
(``access``):

``given``
    at the entrances the study gives, and nowhere else;
``crossing``
    where streets meet the edge of its polygon;
``edge``
    if no street meets it, at the point of its edge nearest to a street (the walk off the street
    counts, and beyond the snapping limit the place is not reached: unknown);
``point``
    where it is drawn as a point, there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from quarterhour.data.green import GreenTable

from .circles import Criterion, ServiceCircles, ServiceType, measure_again, measure_circles
from .errors import QueryError
from .knowledge import know
from .locate import SNAP_LIMIT_M, locate
from .network import ISLAND_SHARE, StreetNetwork
from .network_convert import edge_lines
from .profiles import ADULT, TravelProfile

Access = Literal["given", "crossing", "edge", "point"]

#: A street along the edge of a polygon opens it every so many metres (project choice).
ALONG_EDGE_M: Final = 25.0
#: Half the width (m) an edge is taken to have; entrances of a place closer than this are one.
_SAME_M: Final = 0.5


@dataclass(frozen=True, slots=True)
class GreenType:
    """Which kinds of places count together, and the threshold they are judged by.

    Attributes
    ----------
    service
        Id, name and thresholds; the id appears as the type in all tables.
    kinds
        Kinds of `quarterhour.data.green.GREEN_KINDS` that count.
    """

    service: ServiceType
    kinds: tuple[str, ...]


def green_entrances(network: StreetNetwork, green: GreenTable) -> gpd.GeoDataFrame:
    """Return where each place is entered.

    Parameters
    ----------
    network
        The streets, in a projected CRS; closed edges open nothing.
    green
        Places and the entrances given.

    Returns
    -------
    geopandas.GeoDataFrame
        ``green_id, access`` (see the module)`, geometry`` (Point, EPSG:4326); at least one row a
        place.

    Raises
    ------
    QueryError
        If the network has no CRS or no streets.
    """
    if network.crs is None or network.n_edges == 0:
        raise QueryError("entrances need a network with streets and a CRS")
    given = green.entrances
    asked = green.places[~green.places["id"].isin(given["green_id"])]
    parts = [given[["green_id", "geometry"]].assign(access="given")]
    if len(asked):
        parts.append(_found_entrances(network, asked))
    joined = pd.concat([part[["green_id", "access", "geometry"]] for part in parts])
    return gpd.GeoDataFrame(joined.reset_index(drop=True), crs=4326)


def measure_green(
    network: StreetNetwork,
    demand: gpd.GeoDataFrame,
    green: GreenTable,
    types: Sequence[GreenType],
    *,
    criterion: Criterion = "metres",
    profile: TravelProfile = ADULT,
    entrances: gpd.GeoDataFrame | None = None,
    snap_limit: float = SNAP_LIMIT_M,
    island_share: float = ISLAND_SHARE,
    none_exist: Sequence[str] = (),
    known_within: shapely.Geometry | None = None,
) -> ServiceCircles:
    """Measure service circles of places that are entered at their entrances.

    Parameters
    ----------
    network, demand
        See `quarterhour.coverage.circles.measure_circles`.
    green
        Places and the entrances given.
    types
        What counts together, and its thresholds.
    criterion, profile, entrances, snap_limit, island_share, none_exist, known_within
        See `quarterhour.coverage.circles.measure_circles`; ``entrances`` are those of demand.

    Returns
    -------
    ServiceCircles
        ``facilities`` has one row a place and type (``id`` is the place's, with ``:type`` where
        it counts for several types; ``area_m2``; a point inside), ``straight`` is the line to that
        point. Every function that takes circles takes these.

    Raises
    ------
    QueryError
        If the network has no CRS or no streets.
    ValueError
        If ``types`` is empty.
    """
    facilities = _facilities(green, types)
    plain = measure_circles(
        network, demand, facilities, [kind.service for kind in types], criterion=criterion,
        profile=profile, entrances=entrances, snap_limit=snap_limit, island_share=island_share,
        none_exist=none_exist, known_within=known_within,
    )  # fmt: skip
    if plain.facilities.empty:
        return plain
    gates = _gates_of(plain.facilities, green_entrances(network, green))
    outlets = locate(network, plain.facilities, snap_limit=snap_limit, entrances=gates)
    known = know(
        plain.locations,
        outlets,
        here=_xy(demand, network),
        there=_xy(plain.facilities, network),
        kinds=plain.facilities["type"].to_numpy(object),
        island_share=island_share,
        none_exist=none_exist,
        border=plain.knowledge.border,
    )
    at_gates = replace(plain, outlets=outlets, knowledge=known)
    return measure_again(at_gates, criterion=criterion, profile=profile)


def _facilities(green: GreenTable, types: Sequence[GreenType]) -> gpd.GeoDataFrame:
    """Return canonical facilities, one row a place and type; ``place`` is the place's id."""
    parts = [
        green.places[green.places["kind"].isin(kind.kinds)].assign(type=kind.service.id)
        for kind in types
    ]
    if not parts:
        return green.places.iloc[:0].assign(type="", status="")
    rows = pd.concat(parts, ignore_index=True)
    ids = rows["id"].to_numpy(object)
    several = rows["id"].duplicated(keep=False).to_numpy()
    columns = {
        "id": np.where(several, ids + ":" + rows["type"].to_numpy(object), ids),
        "place": ids,
        "name": rows["name"],
        "type": rows["type"],
        "status": "open",
        "area_m2": rows["area_m2"],
        "capacity": np.nan,
        "hours": "",
        "address": "",
    }
    inside = gpd.GeoSeries(rows["geometry"], crs=4326).representative_point()
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=inside.to_numpy(), crs=4326)


def _gates_of(facilities: gpd.GeoDataFrame, entrances: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the entrances of each facility row under its id."""
    owners = pd.DataFrame({"green_id": facilities["place"], "demand_id": facilities["id"]})
    joined = owners.merge(entrances, on="green_id")
    return gpd.GeoDataFrame(joined[["demand_id", "geometry"]], geometry="geometry", crs=4326)


def _xy(points: gpd.GeoDataFrame, network: StreetNetwork) -> npt.NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(points.geometry.to_crs(network.crs)), np.float64)


def _found_entrances(network: StreetNetwork, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the entrances of places that have none given."""
    streets = edge_lines(network)[~network.closed]
    tree = shapely.STRtree(streets)
    rows: list[tuple[str, Access, shapely.Point]] = []
    shapes = places.geometry.to_crs(network.crs)
    for owner, shape in zip(places["id"], shapes, strict=True):
        access, points = _entered(shape, tree, streets)
        rows += [(str(owner), access, point) for point in points]
    frame = pd.DataFrame(rows, columns=["green_id", "access", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=network.crs).to_crs(4326)


def _entered(
    shape: Any, tree: shapely.STRtree, streets: npt.NDArray[np.object_]
) -> tuple[Access, list[shapely.Point]]:
    """Return how and where one place is entered, in the network's CRS."""
    if isinstance(shape, shapely.Point):
        return "point", [shape]
    edge = shape.boundary
    near = edge.buffer(_SAME_M)
    touching = streets[tree.query(near, predicate="intersects")]
    if len(touching):
        return "crossing", _meeting_points(shapely.intersection(touching, near))
    nearest = streets[tree.nearest(edge)]
    start = shapely.get_point(shapely.shortest_line(edge, nearest), 0)
    return "edge", [start]


def _meeting_points(shared: npt.NDArray[np.object_]) -> list[shapely.Point]:
    """Return the middle of each short piece of street on an edge, and points along longer ones.

    The edge is taken as wide as `_SAME_M`: a street drawn along it rarely has the same vertices.
    """
    pieces = shapely.get_parts(shared)
    short = shapely.length(pieces) < ALONG_EDGE_M
    middles = shapely.line_interpolate_point(pieces[short], 0.5, normalized=True)
    along = shapely.segmentize(pieces[~short], ALONG_EDGE_M)
    places = np.vstack([shapely.get_coordinates(middles), shapely.get_coordinates(along)])
    kept = np.unique(np.round(places / _SAME_M), axis=0, return_index=True)[1]
    points: list[shapely.Point] = list(shapely.points(places[np.sort(kept)]))
    return points
