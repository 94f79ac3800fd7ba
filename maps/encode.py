"""Geometry as short text: the polyline algorithm over whole layers, decoded by the page's scripts.

A coordinate is kept to `DECIMALS` decimals; the text holds the differences from one vertex to the
next, about three letters each, a tenth of GeoJSON.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from .geometry import DECIMALS, Geometries, simplified

Json = dict[str, Any]
Ints = npt.NDArray[np.int64]

_LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.LINEARRING,
    shapely.GeometryType.MULTILINESTRING,
)


def encoded(geometries: Geometries, tolerance: float = 0.0) -> Json:
    """Return geometries for the page's compact layers.

    Parameters
    ----------
    geometries
        object (n,) of shapely geometries in EPSG:4326; missing and empty ones have no vertex.
    tolerance
        Simplification in degrees; 0 keeps every vertex.

    Returns
    -------
    dict
        ``xy``: all vertices as text, longitude before latitude; ``ring``: vertices of each ring;
        ``part``: rings of each row; ``open``: rows that are lines, not areas. Rings of polygons are
        closed and filled by the even-odd rule.
    """
    shapes = simplified(geometries, tolerance) if tolerance > 0 else np.asarray(geometries, object)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    flat = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, of_part = _rings(parts, flat)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    sizes = np.bincount(of_ring, minlength=len(rings)) if len(rings) else np.empty(0, np.int64)
    counts: Ints = np.zeros(len(shapes), np.int64)
    if len(of_part):
        counts = np.bincount(owner[of_part], minlength=len(shapes))
    whole = np.round(xy * 10**DECIMALS).astype(np.int64)
    lines = np.isin(shapely.get_type_id(shapes), _LINES)
    return {
        "xy": polyline(whole),
        "ring": _lengths(sizes),
        "part": _lengths(counts),
        "open": np.flatnonzero(lines).tolist(),
    }


def _rings(parts: Geometries, flat: npt.NDArray[np.bool_]) -> tuple[Geometries, Ints]:
    """Return the rings of polygons and all other parts as they are, in order, with their part."""
    if not flat.any():
        return parts, np.arange(len(parts))
    inside, of_flat = shapely.get_rings(parts[flat], return_index=True)
    pieces = np.concatenate([inside, parts[~flat]])
    of_part = np.concatenate([np.flatnonzero(flat)[of_flat], np.flatnonzero(~flat)])
    order = np.argsort(of_part, kind="stable")
    return pieces[order], of_part[order]


def _lengths(counts: Ints) -> int | list[int]:
    """Return counts; one number where all of them are the same."""
    if len(counts) and (counts == counts[0]).all():
        return int(counts[0])
    return [int(count) for count in counts]


def polyline(xy: Ints) -> str:
    """Return whole numbers (n, 2) as text: differences, sign folded in, five bits a letter.

    The "encoded polyline algorithm format" of Google Maps, here with longitude first.
    """
    steps = np.diff(xy, axis=0, prepend=0).ravel()
    folded = np.where(steps < 0, ~(steps << 1), steps << 1).astype(np.uint64)
    letters = np.maximum(1, -(-_bits(folded) // 5))
    owner = np.repeat(np.arange(len(folded)), letters)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(letters) - letters, letters)
    chunk = (folded[owner] >> (5 * place).astype(np.uint64)) & np.uint64(31)
    more = place < letters[owner] - 1
    return bytes((chunk + np.where(more, 32, 0).astype(np.uint64) + np.uint64(63)).astype(
        np.uint8)).decode("ascii")  # fmt: skip


def _bits(values: npt.NDArray[np.uint64]) -> Ints:
    """Return how many bits each number below 2**53 takes."""
    _, exponent = np.frexp(values.astype(np.float64))
    return exponent.astype(np.int64)
