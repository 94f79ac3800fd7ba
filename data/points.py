"""Positions from columns, text or geometry, in any datum, as points in WGS-84."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from .datum import is_geographic, is_named, name_of_crs, parse_datum, to_wgs84
from .faults import FaultLog
from .figures import is_missing, narrow, parse_number
from .tables import RawTable

Floats = NDArray[np.float64]

#: Degrees, minutes, seconds: 116°23′17.5″ with E/N/东经/北纬 before or behind.
_DMS: Final = re.compile(
    r"""(?:东经|北纬|[EN])?\s*(?P<d>\d{1,3}(?:\.\d+)?)\s*[°度]\s*
    (?:(?P<m>\d{1,2}(?:\.\d+)?)\s*['′’分]\s*)?
    (?:(?P<s>\d{1,2}(?:\.\d+)?)\s*(?:["″”秒]|''|′′)\s*)?(?:[EN])?""",
    re.VERBOSE | re.IGNORECASE,
)
_PAIR: Final = re.compile(r"[\s,;、]+")
#: Share of exchanged rows from which the columns, not the rows, are named as exchanged.
_WHOLE_COLUMN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Points:
    """Positions read from a table.

    Attributes
    ----------
    geometry
        (n,) points in EPSG:4326; empty where `valid` is False.
    given
        (n, 2) coordinates as the file has them: longitude and latitude in degrees in `datum`,
        or easting and northing.
    datum
        Canonical name, see `quarterhour.data.datum.parse_datum`.
    valid
        (n,) whether the row has a usable position.
    """

    geometry: gpd.GeoSeries
    given: Floats
    datum: str
    valid: NDArray[np.bool_]


def read_points(
    table: RawTable,
    *,
    lon: str | None = None,
    lat: str | None = None,
    lonlat: str | None = None,
    wkt: str | None = None,
    datum: str | None = None,
    box: tuple[float, float, float, float] | None = None,
    log: FaultLog,
) -> Points | None:
    """Read one position for each row.

    Parameters
    ----------
    table
        The table. Without any column named, its geometry is used: points as they are, polygons
        by a point inside them.
    lon, lat
        Columns of longitude and latitude in degrees (decimal, or 116°23′17″), or of easting and
        northing if ``datum`` is a projected EPSG code.
    lonlat
        One column ``"lon,lat"``.
    wkt
        One column of well-known text.
    datum
        Anything `parse_datum` takes. None: the CRS of the geometry, else WGS-84. GCJ-02 and
        BD-09 win over a CRS that says WGS-84, as files in these datums often do; a projected CRS
        of the file wins over WGS-84 and CGCS2000.
    box
        ``(west, south, east, north)`` of the streets in WGS-84, to tell exchanged columns.
    log
        Takes the faults, each with its row: ``coordinate_missing``, ``coordinate_not_a_number``,
        ``coordinate_zero``, ``coordinate_range``, ``coordinates_exchanged``, ``pair_expected``,
        ``geometry_missing``, ``geometry_kind``, ``wkt_invalid``; and ``unknown_datum``,
        ``crs_conflict``, ``columns_exchanged``, ``no_position``, ``points_elsewhere`` (all of
        them far from the streets), and the warning ``points_far_off`` (some are).

    Returns
    -------
    Points or None
        None when the table has no position at all or the datum is unknown.
    """
    from_columns = bool((lon and lat) or lonlat or wkt)
    name = datum_of(replace(table, crs=None) if from_columns else table, datum, log)
    if name is None:
        return None
    if lon and lat:
        columns: tuple[str | None, str | None] = (lon, lat)
        given = _from_columns(table, lon, lat, log)
    elif lonlat:
        columns, given = (lonlat, lonlat), _from_pairs(table, lonlat, log)
    elif wkt:
        columns = (wkt, wkt)
        shapes, refused = _parse_wkt(table, wkt, log)
        given = _from_geometry(table, shapes, log, skip=refused)
    elif table.geometry is not None:
        columns, given = (None, None), _from_geometry(table, np.asarray(table.geometry), log)
    else:
        log.add("no_position", file=table.name)
        return None
    return _checked(table, given, name, columns, box, log)


def datum_of(table: RawTable, declared: str | None, log: FaultLog) -> str | None:
    """Return the canonical datum of a table's coordinates, or None after noting a fault.

    Parameters
    ----------
    table
        The table.
    declared
        What the user says, or None; see `read_points` for how it meets the CRS of the file. An
        EPSG code wins over a CRS that has none (an ESRI ``.prj``).
    log
        Takes ``unknown_datum`` and ``crs_conflict``.
    """
    try:
        name = parse_datum(declared) if declared else None
    except ValueError:
        log.add("unknown_datum", file=table.name, value=declared)
        return None
    if table.crs is None:
        return name or "wgs84"
    own = name_of_crs(table.crs)
    if name is None or name in {own, "wgs84", "cgcs2000"}:
        return own
    undecided = is_geographic(own) if is_named(name) else table.crs.to_epsg() is None
    if undecided:
        return name
    log.add("crs_conflict", file=table.name, value=declared, own=table.crs.name)
    return None


def _from_columns(table: RawTable, lon: str, lat: str, log: FaultLog) -> Floats:
    given = np.full((len(table), 2), math.nan)
    for axis, column in enumerate((lon, lat)):
        for index, text in enumerate(table.text(column)):
            given[index, axis] = _coordinate(table, index, column, text, log)
    return given


def _coordinate(table: RawTable, index: int, column: str, text: str, log: FaultLog) -> float:
    row = int(table.row_numbers[index])
    if is_missing(text):
        log.add("coordinate_missing", file=table.name, row=row, column=column)
        return math.nan
    try:
        return _degrees(text)
    except ValueError:
        log.add("coordinate_not_a_number", file=table.name, row=row, column=column, value=text)
        return math.nan


def _degrees(text: str) -> float:
    """Return decimal degrees or metres; degrees, minutes and seconds are unambiguous too.

    Raises
    ------
    ValueError
        If the text is neither, or its minutes or seconds reach 60.
    """
    found = _DMS.fullmatch(narrow(text))
    if found is None:
        return parse_number(text)
    minutes, seconds = float(found["m"] or 0), float(found["s"] or 0)
    if minutes >= 60 or seconds >= 60 or ("." in found["d"] and found["m"]):
        raise ValueError(text)
    return float(found["d"]) + minutes / 60 + seconds / 3600


def _from_pairs(table: RawTable, column: str, log: FaultLog) -> Floats:
    given = np.full((len(table), 2), math.nan)
    for index, text in enumerate(table.text(column)):
        row = int(table.row_numbers[index])
        if is_missing(text):
            log.add("coordinate_missing", file=table.name, row=row, column=column)
            continue
        parts = _PAIR.split(narrow(text).strip("()[] "))
        if len(parts) != 2:
            log.add("pair_expected", file=table.name, row=row, column=column, value=text)
            continue
        for axis, part in enumerate(parts):
            given[index, axis] = _coordinate(table, index, column, part, log)
    return given


def _parse_wkt(
    table: RawTable, column: str, log: FaultLog
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the shapes and which rows were refused already."""
    texts = table.text(column)
    shapes = shapely.from_wkt(texts, on_invalid="ignore")
    refused = np.array([bool(t) and s is None for t, s in zip(texts, shapes, strict=True)])
    for index in np.flatnonzero(refused):
        row = int(table.row_numbers[index])
        log.add("wkt_invalid", file=table.name, row=row, column=column, value=texts[index])
    return np.asarray(shapes, dtype=object), refused


def _from_geometry(
    table: RawTable,
    shapes: NDArray[np.object_],
    log: FaultLog,
    *,
    skip: NDArray[np.bool_] | None = None,
) -> Floats:
    given = np.full((len(table), 2), math.nan)
    for index, shape in enumerate(shapes):
        row = int(table.row_numbers[index])
        if skip is not None and skip[index]:
            continue
        if shape is None or shape.is_empty:
            log.add("geometry_missing", file=table.name, row=row)
            continue
        point = _one_point(shape)
        if point is None:
            log.add("geometry_kind", file=table.name, row=row, value=shape.geom_type)
        else:
            given[index] = point.x, point.y
    return given


def _one_point(shape: shapely.Geometry) -> shapely.Point | None:
    """Return the point a shape stands for, or None for lines and several points."""
    if isinstance(shape, shapely.Point):
        return shape
    if isinstance(shape, shapely.MultiPoint) and len(shape.geoms) == 1:
        return shape.geoms[0]
    if isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        return shape.representative_point()
    return None


def _checked(
    table: RawTable,
    given: Floats,
    datum: str,
    columns: tuple[str | None, str | None],
    box: tuple[float, float, float, float] | None,
    log: FaultLog,
) -> Points:
    """Convert what was read and refuse positions that cannot be."""
    known = np.isfinite(given[:, 0]) & np.isfinite(given[:, 1])
    zero = known & (given == 0).all(axis=1)
    exchanged = _exchanged(given, datum, box)
    exchanged &= known & ~zero
    lon, lat = to_wgs84(given[:, 0], given[:, 1], datum)
    fits = (np.abs(lon) <= 180) & (np.abs(lat) <= 90) & _in_degrees(given, datum)
    outside = known & ~zero & ~exchanged & ~fits
    _note_rows(table, zero, given, "coordinate_zero", columns, log)
    _note_exchanged(table, exchanged, known, given, columns, log)
    _note_rows(table, outside, given, "coordinate_range", columns, log)
    valid = known & ~zero & ~exchanged & ~outside
    if box is not None:
        _note_far_off(table, valid, lon, lat, box, log)
    points = np.full(len(table), shapely.Point(), dtype=object)
    points[valid] = shapely.points(lon[valid], lat[valid])
    return Points(gpd.GeoSeries(points, crs="EPSG:4326"), given, datum, valid)


def _in_degrees(given: Floats, datum: str) -> NDArray[np.bool_]:
    if not is_geographic(datum):
        return np.ones(len(given), dtype=bool)
    within: NDArray[np.bool_] = (np.abs(given[:, 0]) <= 180) & (np.abs(given[:, 1]) <= 90)
    return within


def _exchanged(
    given: Floats, datum: str, box: tuple[float, float, float, float] | None
) -> NDArray[np.bool_]:
    """Tell rows whose latitude stands for the longitude and the other way about.

    Sure where the "latitude" is beyond 90°; else where the row lies outside the streets' box,
    but inside it once exchanged.
    """
    x, y = given[:, 0], given[:, 1]
    if not is_geographic(datum):
        return np.zeros(len(given), dtype=bool)
    beyond = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    if box is None:
        return beyond
    west, south, east, north = _widened(box)
    inside = (west <= x) & (x <= east) & (south <= y) & (y <= north)
    inside_turned = (west <= y) & (y <= east) & (south <= x) & (x <= north)
    return beyond | (~inside & inside_turned)


def _widened(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return the box with half its size more on every side, 0.1° at least."""
    west, south, east, north = box
    margin = max(0.1, (east - west) / 2, (north - south) / 2)
    return west - margin, south - margin, east + margin, north + margin


def _note_rows(
    table: RawTable,
    rows: NDArray[np.bool_],
    given: Floats,
    code: str,
    columns: tuple[str | None, str | None],
    log: FaultLog,
) -> None:
    column = columns[0] if columns[0] == columns[1] else f"{columns[0]}, {columns[1]}"
    for index in np.flatnonzero(rows):
        value = f"{given[index, 0]:.10g}, {given[index, 1]:.10g}"
        row = int(table.row_numbers[index])
        log.add(code, file=table.name, row=row, column=column, value=value)


def _note_exchanged(
    table: RawTable,
    exchanged: NDArray[np.bool_],
    known: NDArray[np.bool_],
    given: Floats,
    columns: tuple[str | None, str | None],
    log: FaultLog,
) -> None:
    count = int(exchanged.sum())
    if count and count > _WHOLE_COLUMN * int(known.sum()):
        column = columns[0] if columns[0] == columns[1] else f"{columns[0]}, {columns[1]}"
        first = given[int(np.flatnonzero(exchanged)[0])]
        value = f"{first[0]:.10g}, {first[1]:.10g}"
        log.add("columns_exchanged", file=table.name, column=column, value=value, count=count)
    else:
        _note_rows(table, exchanged, given, "coordinates_exchanged", columns, log)


def _note_far_off(
    table: RawTable,
    valid: NDArray[np.bool_],
    lon: Floats,
    lat: Floats,
    box: tuple[float, float, float, float],
    log: FaultLog,
) -> None:
    """Count points far from the streets: they will be unknown, which may be meant of some."""
    west, south, east, north = _widened(box)
    far = valid & ~((west <= lon) & (lon <= east) & (south <= lat) & (lat <= north))
    if far.any() and (far == valid).all():
        first = int(np.flatnonzero(far)[0])
        value = f"{lon[first]:.5f}, {lat[first]:.5f}"
        shown = f"{box[0]:.3f}–{box[2]:.3f}, {box[1]:.3f}–{box[3]:.3f}"
        log.add("points_elsewhere", file=table.name, value=value, count=int(far.sum()), box=shown)
    elif far.any():
        first = int(table.row_numbers[int(np.flatnonzero(far)[0])])
        log.add(
            "points_far_off", file=table.name, count=int(far.sum()), first=first, severity="warning"
        )
