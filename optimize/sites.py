"""Candidates along streets, for studies that give none."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from .arrays import Bools, Floats, Ints

#: Ids hold whole metres: two candidates must lie farther apart than their rounding.
LEAST_APART = 2.0


def generate_candidates(
    lines: gpd.GeoDataFrame | gpd.GeoSeries, *, spacing: float = 200.0, apart: float | None = None
) -> gpd.GeoDataFrame:
    """Return points along streets, evenly spaced and never closer together than ``apart``.

    A line of length L carries round(L / spacing) points, at least one, in the middles of equal
    parts; then points are taken from west to east, leaving out those too close to one taken.
    The result depends on the geometry alone, not on the order of the lines.

    Parameters
    ----------
    lines
        Streets (LineString, MultiLineString) in a projected CRS with metres.
    spacing
        Distance aimed at along a street, m.
    apart
        Least straight-line distance between two candidates, m; half of ``spacing`` if not given.

    Returns
    -------
    geopandas.GeoDataFrame
        ``id`` (``c<x>_<y>`` in whole metres: stable when other streets change), ``line`` (position
        of the source line in ``lines``), ``geometry`` (Point), in the CRS of ``lines``.

    Raises
    ------
    ValueError
        If the CRS is missing, geographic or not in metres, or a distance is too small.
    """
    _check_metres(lines.crs)
    apart = spacing / 2 if apart is None else apart
    if spacing <= 0 or apart < LEAST_APART:
        msg = f"spacing must be positive and apart at least {LEAST_APART} m: {spacing}, {apart}"
        raise ValueError(msg)
    points, line = _along(np.asarray(lines.geometry.array), spacing)
    order = np.lexsort((points[:, 1], points[:, 0]))
    points, line = points[order], line[order]
    keep = _thinned(points, apart)
    points, line = points[keep], line[keep]
    ids = [f"c{x:.0f}_{y:.0f}" for x, y in points]
    geometry = shapely.points(points)
    return gpd.GeoDataFrame({"id": ids, "line": line}, geometry=geometry, crs=lines.crs)


def _check_metres(crs: object) -> None:
    unit = "" if crs is None else str(crs.axis_info[0].unit_name)  # type: ignore[attr-defined]
    if unit not in {"metre", "meter"}:
        msg = f"streets must be in a projected CRS with metres, not {crs}: use to_crs() first"
        raise ValueError(msg)


def _along(shapes: npt.NDArray[np.object_], spacing: float) -> tuple[Floats, Ints]:
    """Return evenly spaced points (p, 2) on every part of every line, and the line of each."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    length = shapely.length(parts)
    usable = np.flatnonzero(length > 0)
    count = np.maximum(np.rint(length[usable] / spacing), 1).astype(np.int64)
    part = np.repeat(usable, count)
    step = np.arange(len(part)) - np.repeat(np.cumsum(count) - count, count)
    share = (step + 0.5) / np.repeat(count, count)
    points = shapely.line_interpolate_point(parts[part], share, normalized=True)
    # Millimetres: the direction in which a line is drawn must not change which point is first.
    return np.round(shapely.get_coordinates(points), 3), owner[part]


def _thinned(points: Floats, apart: float) -> Bools:
    """Keep each point in turn unless it lies closer than ``apart`` to one already kept."""
    keep = np.ones(len(points), dtype=bool)
    if len(points) < 2:
        return keep
    close = cKDTree(points).query_pairs(apart * (1 - 1e-12), output_type="ndarray")
    close = close[np.lexsort((close[:, 1], close[:, 0]))]
    for first, second in close.tolist():
        if keep[first]:
            keep[second] = False
    return keep
