"""J1: the nearest and the k nearest facilities of every origin, on foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .engine import Engine, engine
from .errors import QueryError, raise_all
from .impedance import Unit
from .locate import Locations, located
from .nearest_search import search_nearest
from .network import StreetNetwork
from .options import above_zero, one_or_more
from .profiles import ADULT, TravelProfile

if TYPE_CHECKING:
    import geopandas as gpd

    from .locate import Placeable

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The k nearest facilities of n origins, nearest first.

    Attributes
    ----------
    facility
        int64 (n, k): position of the facility among those given, -1 where none is reached.
    metres, seconds
        float64 (n, k): the walk from origin to facility; NaN where none is reached.
    origins
        The origins, located.
    facility_index
        Index of the facilities.
    """

    facility: NDArray[np.int64]
    metres: Floats
    seconds: Floats
    origins: Locations
    facility_index: pd.Index[Any]

    @property
    def index(self) -> pd.Index[Any]:
        """Index of the origins."""
        return self.origins.index

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return one row an origin and rank that is reached, and one for whom nothing is.

        Returns
        -------
        GeoDataFrame
            Index, geometry and CRS are those of the origins: with ``k=1`` the rows are the origins
            in their order. Columns ``rank`` (from 1), ``facility`` (index value; missing where none
            is reached), ``metres``, ``seconds`` (NaN there).
        """
        import geopandas as gpd  # noqa: PLC0415 - heavy, not needed for import

        told = self.facility >= 0
        told[:, 0] = True
        row, rank = np.nonzero(told)
        where = self.facility[row, rank]
        columns = {
            "rank": rank + 1,
            "facility": _named(self.facility_index, where),
            "metres": self.metres[row, rank],
            "seconds": self.seconds[row, rank],
        }
        points = self.origins.points.iloc[row]
        return gpd.GeoDataFrame(columns, index=points.index, geometry=points.array, crs=points.crs)


def _named(index: pd.Index[Any], position: NDArray[np.int64]) -> Any:
    """Return index values at positions, missing at -1; whole numbers stay whole."""
    names = pd.Series(index.array)
    if pd.api.types.is_integer_dtype(names.dtype):
        names = names.astype("Int64")
    return names.reindex(position).array


def nearest(
    network: StreetNetwork,
    origins: Placeable,
    facilities: Placeable,
    *,
    k: int = 1,
    limit: float | None = None,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
) -> Nearest:
    """Find the k facilities that each origin reaches first, walking from origin to facility.

    Parameters
    ----------
    network
        The streets.
    origins, facilities
        Points located on this network, or tables of points, which are located as they are.
    k
        How many different facilities.
    limit
        Largest cost in the unit of ``by``, inclusive; None or infinite for no limit.
    by
        The unit that is minimised; of the route found, the other unit is given beside it.
    profile
        How people walk.

    Raises
    ------
    QueryError
        If the points lie on another network or cannot be located, ``k`` is no whole number of 1 or
        more, the limit is not above 0, or ``by`` is unknown.
    """
    raise_all(QueryError, [*one_or_more("k", k), *_limit_breaches(limit)])
    here, there = located(network, origins), located(network, facilities)
    if limit is not None and np.isinf(limit):
        limit = None

    def prepare(coarser: int) -> Engine:
        return engine(network, by, profile, None, coarser=coarser, backwards=True)

    cost, other, facility = search_nearest(prepare, here, there, int(k), limit)
    metres, seconds = (cost, other) if by == "metres" else (other, cost)
    return Nearest(facility, metres, seconds, here, there.index)


def _limit_breaches(limit: float | None) -> list[str]:
    return [] if limit is None else above_zero("limit", limit, infinite=True)
