"""What the data can tell about each residential point, and why it cannot where it cannot.

A count or a gap is only proven where every outlet that might be within reach is on record, has a
place on the streets, and the point itself has one. `Knowledge` holds what decides that, once, for
every measure of coverage.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from .locate import Locations
from .network import StreetNetwork
from .states import Reason

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What is known around n residential points.

    Attributes
    ----------
    placeless
        object (n,), `Reason` why a point has no place on the main network, "" where it has.
    border
        float64 (n,), straight metres to the edge of the area where outlets are known; 0 outside
        it, inf where outlets are known everywhere.
    lost
        Type -> float64 (n,), straight metres to the nearest outlet of the type that found no
        street; types without such outlets are absent.
    on_record
        Types that have an outlet on record, or of which the user states that none exists.
    """

    placeless: Objects
    border: Floats
    lost: Mapping[str, Floats]
    on_record: frozenset[str]

    def reason(self, kind: str, radius: float) -> Objects:
        """Return why outlets of a type may be missed within a straight line, "" where none is.

        Parameters
        ----------
        kind
            Id of the type.
        radius
            The farthest straight line (m) that the walk asked about can reach.

        Returns
        -------
        object (n,)
            Values of `Reason`; what the point itself lacks comes before what its surroundings do.
        """
        why = np.full(len(self.placeless), Reason.NONE.value, object)
        why[self.border < radius] = Reason.EDGE_OF_DATA.value
        if kind in self.lost:
            why[self.lost[kind] <= radius] = Reason.OUTLET_UNPLACED.value
        if kind not in self.on_record:
            why[:] = Reason.NO_OUTLET_DATA.value
        without_place = self.placeless != Reason.NONE.value
        why[without_place] = self.placeless[without_place]
        return why


def know(
    origins: Locations,
    outlets: Locations | None,
    *,
    here: Floats,
    there: Floats,
    kinds: Objects,
    island_share: float,
    none_exist: Collection[str] = (),
    border: Floats,
) -> Knowledge:
    """Gather what is known around residential points.

    Parameters
    ----------
    origins
        The n points on the streets.
    outlets
        The f outlets on the streets, None where there are none.
    here, there
        float64 (n, 2) and (f, 2), positions of points and outlets in metres.
    kinds
        object (f,), type of each outlet.
    island_share
        Share of the longest part's street length below which a part is a small island.
    none_exist
        Types of which the user states that no outlet exists.
    border
        See `Knowledge`.
    """
    why = np.full(len(origins), Reason.NONE.value, object)
    small = origins.network.small_islands(min_share=island_share)
    why[origins.on_small_island(small)] = Reason.SMALL_ISLAND.value
    why[~origins.reached] = Reason.FAR_FROM_STREET.value
    lost = np.zeros(len(kinds), bool) if outlets is None else ~outlets.reached
    nearest_lost = {
        str(kind): np.asarray(cKDTree(there[lost & (kinds == kind)]).query(here)[0], np.float64)
        for kind in set(kinds[lost])
    }
    return Knowledge(why, border, nearest_lost, frozenset(kinds) | frozenset(none_exist))


def metres_to_border(
    area: shapely.Geometry | None, demand: gpd.GeoDataFrame, network: StreetNetwork
) -> Floats:
    """Return straight metres from each point to the border of ``area``; 0 outside, inf if None."""
    if area is None:
        return np.full(len(demand), np.inf)
    region = gpd.GeoSeries([area], crs=demand.crs).to_crs(network.crs).iloc[0]
    points = demand.geometry.to_crs(network.crs).to_numpy()
    inside = shapely.contains(region, points)
    return np.where(inside, shapely.distance(region.boundary, points), 0.0)
