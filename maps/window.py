"""Which part of the world the page opens on and draws: the homes, and what lies around them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from .page_data import PageData

Bounds = tuple[float, float, float, float]
Geometries = npt.NDArray[np.object_]

#: How far past the homes the view follows the outline of their areas, share of the extent.
AREA_MARGIN = 0.15

#: How far past the view streets and background are drawn, share of its extent.
DRAWN_MARGIN = 0.25

#: The same for areas: the cut must lie where the reader does not look.
AREAS_MARGIN = 1.0

#: Smallest side of a view, degrees (about 500 m): a single home is no point-sized map.
LEAST_SIDE = 0.005

#: Shown where a study has no geometry at all: China.
EVERYTHING = (73.0, 18.0, 135.0, 54.0)


def opening_view(data: PageData) -> Bounds:
    """Return west, south, east, north of what the reader came for.

    That is the homes with the areas they lie in; areas reach past the homes by `AREA_MARGIN` at
    most. Without homes it is the areas, else the streets, else the outlets.
    """
    homes = total_bounds(data.points)
    if homes is None:
        found = (total_bounds(table) for table in (data.areas, data.streets, data.outlets))
        return next((widened(bounds, 0.0) for bounds in found if bounds is not None), EVERYTHING)
    around = widened(homes, AREA_MARGIN)
    areas = total_bounds(data.areas)
    west, south, east, north = widened(homes, 0.0)
    if areas is None:
        return west, south, east, north
    return (
        min(west, max(areas[0], around[0])),
        min(south, max(areas[1], around[1])),
        max(east, min(areas[2], around[2])),
        max(north, min(areas[3], around[3])),
    )


def total_bounds(table: gpd.GeoDataFrame) -> Bounds | None:
    """Return the bounds of a table, None where it has no geometry."""
    if not len(table):
        return None
    west, south, east, north = (float(edge) for edge in table.total_bounds)
    return (west, south, east, north) if np.isfinite([west, south, east, north]).all() else None


def widened(bounds: Bounds, share: float) -> Bounds:
    """Return bounds with a margin on each side, a share of the longer side.

    The longer side becomes at least `LEAST_SIDE`.
    """
    west, south, east, north = bounds
    side = max(east - west, north - south)
    margin = max(share * side, (LEAST_SIDE - side) / 2)
    return west - margin, south - margin, east + margin, north + margin


def clipped(geometries: Geometries, window: Bounds) -> Geometries:
    """Return geometries cut to the window; missing where nothing of them lies in it."""
    return np.asarray(shapely.clip_by_rect(geometries, *window), dtype=object)
