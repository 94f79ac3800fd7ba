"""The UTM zone of a place: the plane in which metres are measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

#: EPSG codes of the WGS-84 zones are these plus the zone (EPSG guidance note 7-1, section 3.2).
_NORTH, _SOUTH = 32600, 32700
_ZONES, _DEGREES = 60, 6.0


def utm_zone(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> CRS:
    """Return the WGS-84 UTM zone of the middle of points.

    Zones are six degrees wide, counted eastwards from 180°; the wider zones of military maps around
    Norway and Svalbard are no EPSG code. This is what `pyproj` finds in its data base, and
    `GeoSeries.estimate_utm_crs`, which take a tenth of a second each time.

    Parameters
    ----------
    lon, lat
        Degrees, finite, at least one point.
    """
    middle = (float(lon.min() + lon.max()) / 2, float(lat.min() + lat.max()) / 2)
    zone = int((middle[0] + 180.0) // _DEGREES) % _ZONES + 1
    return CRS.from_epsg((_NORTH if middle[1] >= 0.0 else _SOUTH) + zone)
