"""The door for points: CRS, coordinates and ids are checked and brought to the network's CRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from .errors import QueryError, raise_all
from .network import StreetNetwork

if TYPE_CHECKING:
    import geopandas as gpd


#: Metres from all streets beyond which bare numbers as small as degrees are taken for degrees.
_FAR_M = 10_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Checked points in the network's CRS.

    Attributes
    ----------
    xy
        float64 (n, 2): metres.
    points
        The points as given: a GeoSeries, or ``xy``.
    index
        Index as given.
    ids
        (n,) what gates refer to: the column ``id``, else the index.
    owner
        int64 (n,): for gates, position of the point they lead to.
    """

    xy: NDArray[np.float64]
    points: gpd.GeoSeries | NDArray[np.float64]
    index: pd.Index[Any]
    ids: pd.Index[Any]
    owner: NDArray[np.int64]


def read_points(
    network: StreetNetwork, points: gpd.GeoDataFrame | gpd.GeoSeries | ArrayLike
) -> Points:
    """Return points in the network's CRS.

    Raises
    ------
    QueryError
        Listing every breach; see `quarterhour.coverage.locate.locate`.
    """
    if not hasattr(points, "geometry"):
        return _from_array(network, points)
    table: Any = points
    xy = _coordinates(network, table.geometry, "the points")
    ids = pd.Index(table["id"]) if "id" in getattr(table, "columns", ()) else table.index
    raise_all(QueryError, _repeat_breaches(table.index, ids))
    return Points(xy, table.geometry, table.index, ids, np.arange(len(xy)))


def read_entrances(network: StreetNetwork, points: Points, entrances: gpd.GeoDataFrame) -> Points:
    """Return gates in the network's CRS with the points they lead to.

    Raises
    ------
    QueryError
        If the column ``demand_id`` is missing or names points that are not there, or as
        `read_points` does.
    """
    if not (hasattr(entrances, "geometry") and "demand_id" in getattr(entrances, "columns", ())):
        raise QueryError('the entrances have no column "demand_id", or no geometry')
    if len(entrances) == 0:
        nothing = np.zeros(0, dtype=np.int64)
        none = np.zeros((0, 2))
        return Points(none, none, entrances.index, entrances.index, nothing)
    xy = _coordinates(network, entrances.geometry, "the entrances")
    owner = points.ids.get_indexer(pd.Index(entrances["demand_id"]))
    stray = entrances["demand_id"][owner < 0].tolist()
    if stray:
        raise QueryError(f"{len(stray)} entrances lead to no point, e.g. demand_id {stray[0]!r}")
    return Points(xy, xy, entrances.index, entrances.index, owner.astype(np.int64))


def _from_array(network: StreetNetwork, points: Any) -> Points:
    try:
        xy = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        expected = "a GeoDataFrame or GeoSeries of points, or an (n, 2) array of metres"
        raise QueryError(f"points are a {type(points).__name__}, expected {expected}") from error
    if xy.size == 0:
        raise QueryError("there are no points to locate")
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise QueryError(f"coordinates have shape {xy.shape}, expected (n, 2)")
    raise_all(QueryError, _number_breaches(xy, "the points") or _degree_breaches(network, xy))
    index = pd.RangeIndex(len(xy))
    return Points(xy, xy, index, index, np.arange(len(xy)))


def _coordinates(network: StreetNetwork, geometry: Any, what: str) -> NDArray[np.float64]:
    """Return x, y in the network's CRS."""
    if len(geometry) == 0:
        raise QueryError(f"there are no points to locate in {what}")
    raise_all(QueryError, _crs_breaches(network, geometry.crs, what))
    kinds = shapely.get_type_id(geometry.array)
    others = (kinds != shapely.GeometryType.POINT) | shapely.is_empty(geometry.array)
    if others.any():
        first = geometry.index[int(others.argmax())]
        raise QueryError(
            f"{int(others.sum())} geometries of {what} are missing, empty or no points, "
            f"e.g. at index {first!r}: of areas take .representative_point()"
        )
    if geometry.crs is not None and geometry.crs != network.crs:
        geometry = geometry.to_crs(network.crs)
    xy = np.column_stack([shapely.get_x(geometry.array), shapely.get_y(geometry.array)])
    raise_all(QueryError, _number_breaches(xy, what))
    return xy


def _crs_breaches(network: StreetNetwork, crs: Any, what: str) -> list[str]:
    if crs is None and network.crs is not None:
        return [f"{what} have no CRS: set it, e.g. .set_crs(4326)"]
    if crs is not None and network.crs is None:
        return [f"the network has no CRS, so {what} in {crs.name} cannot be put on it"]
    return []


def _number_breaches(xy: NDArray[np.float64], what: str) -> list[str]:
    bad = int((~np.isfinite(xy).all(axis=1)).sum())
    return [f"{bad} of {what} have coordinates that are NaN or infinite"] if bad else []


def _degree_breaches(network: StreetNetwork, xy: NDArray[np.float64]) -> list[str]:
    """Return what is wrong when bare numbers can only be degrees: far from any street."""
    degrees = (np.abs(xy) <= [180.0, 180.0]).all()
    if network.crs is None or not degrees or network.n_nodes == 0:
        return []
    low = np.array([network.x.min(), network.y.min()])
    high = np.array([network.x.max(), network.y.max()])
    apart = np.maximum(low - xy, xy - high).max(axis=1)
    if apart.min() < _FAR_M:
        return []
    words = "the points look like degrees, but bare numbers are metres in the network's CRS"
    return [f"{words}: give a GeoSeries with a CRS"]


def _repeat_breaches(index: pd.Index[Any], ids: pd.Index[Any]) -> list[str]:
    found = []
    if not index.is_unique:
        found.append(f"the index is not unique, e.g. {index[index.duplicated()][0]!r}")
    if ids is not index and not ids.is_unique:
        found.append(f"ids are not unique, e.g. {ids[ids.duplicated()][0]!r}")
    return found
