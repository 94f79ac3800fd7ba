"""J1: the nearest and the k nearest facilities of every origin, on foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .engine import Engine, engine
from .errors import QueryError
from .impedance import Unit
from .locate import Locations, check_network_of
from .nearest_search import search_nearest
from .network import StreetNetwork
from .profiles import ADULT, TravelProfile

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
    index, facility_index
        Indices of the origins and of the facilities.
    """

    facility: NDArray[np.int64]
    metres: Floats
    seconds: Floats
    index: pd.Index[Any]
    facility_index: pd.Index[Any]

    def to_frame(self) -> pd.DataFrame:
        """Return one row an origin and rank that is reached.

        Columns are origin, rank, facility, metres, seconds; ``origin`` and
        ``facility`` are index values; ``rank`` starts at 1.
        """
        row, rank = np.nonzero(self.facility >= 0)
        return pd.DataFrame(
            {
                "origin": self.index[row],
                "rank": rank + 1,
                "facility": self.facility_index[self.facility[row, rank]],
                "metres": self.metres[row, rank],
                "seconds": self.seconds[row, rank],
            }
        )


def nearest(
    network: StreetNetwork,
    origins: Locations,
    facilities: Locations,
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
        Points located on this network.
    k
        How many different facilities.
    limit
        Largest cost in the unit of ``by``, inclusive; None for no limit.
    by
        The unit that is minimised; of the route found, the other unit is given beside it.
    profile
        How people walk.

    Raises
    ------
    QueryError
        If the points lie on another network, ``k`` is below 1, the limit is not above 0, or
        ``by`` is unknown.
    """
    check_network_of(network, origins, facilities)
    if k < 1:
        raise QueryError(f"k is {k}, expected 1 or more")
    check_limit(limit)

    def prepare(coarser: int) -> Engine:
        return engine(network, by, profile, limit, coarser=coarser, backwards=True)

    cost, other, facility = search_nearest(prepare, origins, facilities, k, limit)
    metres, seconds = (cost, other) if by == "metres" else (other, cost)
    return Nearest(facility, metres, seconds, origins.index, facilities.index)


def check_limit(limit: float | None) -> None:
    """Raise `QueryError` unless the limit is None or above 0."""
    if limit is not None and not limit > 0:
        raise QueryError(f"limit is {limit}, expected above 0")
