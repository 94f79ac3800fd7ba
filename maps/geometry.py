"""Geometry for drawing: simplified, rounded to five decimals (about 1 m), as plain GeoJSON."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

#: Decimals of a degree kept: 1e-5 degree is 1.1 m of latitude.
DECIMALS = 5

#: Metres in one degree of latitude (mean meridian degree of the WGS-84 ellipsoid, 111.13 km).
METRES_PER_DEGREE = 111_130.0

#: Street hierarchy for drawing, widest first; a class is the index, any other kind the last.
STREET_CLASSES = (
    ("motorway", "trunk"),
    ("primary",),
    ("secondary",),
    ("tertiary",),
    ("", "unclassified", "residential", "living_street", "road", "pedestrian", "busway"),
)

Json = dict[str, Any]
Geometries = npt.NDArray[np.object_]


def drawing_tolerance(bounds: tuple[float, float, float, float]) -> float:
    """Return the simplification tolerance in degrees for an extent (west, south, east, north).

    A five-thousandth of the extent, within 1 to 10 m: below one pixel of a page that shows all.
    """
    west, south, east, north = bounds
    metres = max(east - west, north - south) * METRES_PER_DEGREE / 5000.0
    return float(np.clip(np.nan_to_num(metres), 1.0, 10.0)) / METRES_PER_DEGREE


def features(geometries: Geometries, tolerance: float = 0.0) -> Json:
    """Return a GeoJSON FeatureCollection whose feature ids are the rows of ``geometries``.

    Parameters
    ----------
    geometries
        object (n,) of shapely geometries in EPSG:4326; missing and empty ones are left out.
    tolerance
        Simplification in degrees; 0 keeps every vertex.
    """
    drawn = simplified(geometries, tolerance)
    rows = np.flatnonzero(~(shapely.is_missing(drawn) | shapely.is_empty(drawn)))
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": int(row), "properties": {}, "geometry": _json(drawn[row])}
            for row in rows
        ],
    }


def simplified(geometries: Geometries, tolerance: float) -> Geometries:
    """Return geometries simplified by ``tolerance`` (degrees) and rounded to `DECIMALS`."""
    shapes = np.asarray(geometries, dtype=object)
    if tolerance > 0:
        shapes = shapely.simplify(shapes, tolerance, preserve_topology=True)
    rounded = shapely.transform(shapely.force_2d(shapes), lambda xy: np.round(xy, DECIMALS))
    return np.asarray(rounded, dtype=object)


def _json(geometry: shapely.Geometry) -> Json:
    return dict(shapely.geometry.mapping(geometry))


def street_classes(kinds: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the drawing class of each street kind, int64 (n,); ways on foot come last."""
    position = {kind: row for row, group in enumerate(STREET_CLASSES) for kind in group}
    texts = [str(kind).removesuffix("_link") for kind in np.asarray(kinds, dtype=object)]
    return np.array([position.get(text, len(STREET_CLASSES)) for text in texts], np.int64)


def street_features(
    streets: gpd.GeoDataFrame, window: tuple[float, float, float, float], tolerance: float
) -> Json:
    """Return one feature a street class, id = class, edges merged where they meet end to end.

    Streets that do not touch the window (west, south, east, north) are left out.
    """
    if streets.empty:
        return features(np.empty(0, object))
    near = shapely.intersects(streets.geometry.to_numpy(), shapely.box(*window))
    classes = street_classes(streets["kind"].to_numpy()[near])
    lines = streets.geometry.to_numpy()[near]
    merged = np.full(len(STREET_CLASSES) + 1, None, object)
    for street_class in np.unique(classes):
        parts = shapely.get_parts(lines[classes == street_class])
        merged[street_class] = shapely.line_merge(shapely.multilinestrings(parts))
    return features(merged, tolerance)


def label_points(geometries: Geometries) -> list[list[float] | None]:
    """Return ``[latitude, longitude]`` inside each geometry, None where it is missing."""
    inside = shapely.point_on_surface(np.asarray(geometries, dtype=object))
    blank = shapely.is_missing(inside) | shapely.is_empty(inside)
    return [
        None if skip else [round(float(point.y), DECIMALS), round(float(point.x), DECIMALS)]
        for point, skip in zip(inside, blank, strict=True)
    ]
