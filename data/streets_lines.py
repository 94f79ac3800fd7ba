"""Streets from plain lines: a bureau's own centre lines in any vector format.

Lines meet where an end of one lies on an end or a vertex of another. Two lines that cross without
such a point are not connected: the one may be a bridge. Their number is warned of, and
``node_crossings=True`` joins them. A line that crosses itself is never joined there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .faults import FaultLog
from .streets import Objects, Source, Streets
from .streets_build import Bools, Chains, Floats, Ints, build_streets
from .streets_files import in_degrees, sha256, usable_crs
from .tables_geo import read_parquet, read_vector
from .walking_rules import DEFAULT_RULES, WalkingRules, class_known, walkable

#: File name endings this reader takes.
SUFFIXES = (".gpkg", ".geojson", ".json", ".shp", ".parquet", ".geoparquet")

#: Columns that may hold a street's name or its OpenStreetMap class (fclass: Geofabrik's).
NAME_COLUMNS = ("name", "NAME", "Name", "道路名称", "街道名称", "道路名", "路名", "名称")
CLASS_COLUMNS = ("highway", "fclass")

#: Points this near to each other are one, in metres.
TOLERANCE = 0.1

_METRES = 111_195.0  # metres a degree of latitude, for tolerances only (sphere of 6,371 km)
_LINE_TYPES = (1, 2, 5)  # shapely type ids: LineString, LinearRing, MultiLineString


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Vertices of lines: degrees, metres of a local plane, line, and whether others may join."""

    lon: Floats
    lat: Floats
    line: Ints
    joint: Bools

    @property
    def start(self) -> Ints:
        counts = np.bincount(self.line)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @property
    def plane(self) -> Floats:
        return np.column_stack([self.lon, self.lat]) * _scale(self.lat)


def read_lines(
    path: Path,
    *,
    log: FaultLog,
    walking: WalkingRules = DEFAULT_RULES,
    node_crossings: bool = False,
) -> Streets | None:
    """Read streets from a layer of lines.

    Parameters
    ----------
    path
        GeoPackage with one layer, GeoJSON, Shapefile or GeoParquet.
    log
        Takes faults (``streets_columns``, ``streets_crs``, ``streets_lonlat``,
        ``streets_no_walkable`` and those of `quarterhour.data.tables_geo`) and warnings
        (``streets_not_lines``, ``streets_left_out``, ``streets_crossings``).
    walking
        Applies where a column ``highway`` or ``fclass`` holds a class of OpenStreetMap; lines of
        other classes, or of none, are all walked.
    node_crossings
        Join lines wherever they cross or touch, bridges and tunnels too.

    Returns
    -------
    Streets or None
        None where a fault was noted. Ids of nodes are numbers in the order of the file.
    """
    frame = _frame(path, log)
    if frame is None:
        return None
    crs = usable_crs(frame.crs, path, log)
    frame = _walked_lines(frame, path, log, walking)
    if crs is None or frame is None:
        return None
    points, line = shapely.get_coordinates(frame.geometry.array, return_index=True)
    position = in_degrees(points[:, 0], points[:, 1], crs, path, log)
    if position is None:
        return None
    drawn = _Drawn(*position, line, _is_end(line))
    line, crossing = _crossings(drawn)
    if node_crossings:
        drawn = _insert(drawn, line, crossing)
    elif len(line):
        lines = len(np.unique(line))
        log.add("streets_crossings", file=path, count=lines, severity="warning")
    return build_streets(
        _chains(drawn, frame), source=Source(str(path), "lines", sha256(path)), label=str
    )


def _frame(path: Path, log: FaultLog) -> gpd.GeoDataFrame | None:
    if path.suffix.lower() in {".parquet", ".geoparquet"}:
        layer = read_parquet(path.read_bytes(), log=log, file=str(path))
    else:
        layer = read_vector(path, layer=None, encoding=None, log=log, file=str(path))
    if layer is None:
        return None
    if not isinstance(layer.frame, gpd.GeoDataFrame):
        log.add("streets_columns", file=path, value="geometry")
        return None
    return layer.frame


def _walked_lines(
    frame: gpd.GeoDataFrame, path: Path, log: FaultLog, walking: WalkingRules
) -> gpd.GeoDataFrame | None:
    """Return the lines that are walked, one part a row, with columns ``highway`` and ``name``."""
    is_line = np.isin(shapely.get_type_id(frame.geometry.array), _LINE_TYPES)
    is_line &= ~shapely.is_empty(frame.geometry.array)
    if not is_line.all():
        count = int(np.sum(~is_line))
        log.add("streets_not_lines", file=path, count=count, severity="warning")
    classes = _column(frame, CLASS_COLUMNS)
    walked = np.array([not class_known(v) or walkable({"highway": v}, walking) for v in classes])
    keep = is_line & walked if len(frame) else is_line
    if not keep.any():
        log.add("streets_no_walkable", file=path, count=len(frame))
        return None
    if not keep[is_line].all():
        count = int(np.sum(is_line & ~walked))
        log.add("streets_left_out", file=path, count=count, severity="warning")
    table = {"highway": classes[keep], "name": _column(frame, NAME_COLUMNS)[keep]}
    lines = gpd.GeoDataFrame(table, geometry=frame.geometry.array[keep], crs=frame.crs)
    return lines.explode(ignore_index=True)


def _column(frame: gpd.GeoDataFrame, names: tuple[str, ...]) -> Objects:
    found = next((name for name in names if name in frame), None)
    if found is None:
        return np.full(len(frame), "", np.object_)
    column = frame[found].astype(object)
    values: Objects = column.where(column.notna(), "").map(str).to_numpy(np.object_)
    return values


def _is_end(line: Ints) -> Bools:
    turns = np.diff(line, prepend=-1, append=-1) != 0
    ends: Bools = turns[:-1] | turns[1:]
    return ends


def _scale(lat: Floats) -> Floats:
    """Return metres a degree, east and north, in the middle of the lines."""
    middle = np.radians((lat.min() + lat.max()) / 2)
    return np.array([_METRES * np.cos(middle), _METRES])


def _same_place(drawn: _Drawn) -> tuple[Ints, Bools]:
    """Return a number of its place for every vertex, and whether lines are joined there."""
    pairs = cKDTree(drawn.plane).query_pairs(TOLERANCE, output_type="ndarray")
    size = len(drawn.lon)
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (size, size))
    place = connected_components(links, directed=False)[1].astype(np.int64)
    joint = np.bincount(place, drawn.joint) > 0
    return place, joint[place] & (np.bincount(place) > 1)[place]


def _crossings(drawn: _Drawn) -> tuple[Ints, Floats]:
    """Return where lines meet without being joined: a row each, line and point in metres."""
    plane = drawn.plane
    lines = shapely.linestrings(plane, indices=drawn.line)
    tree = shapely.STRtree(lines)
    one, other = tree.query(lines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    point, pair = shapely.get_coordinates(
        shapely.intersection(lines[one], lines[other]), return_index=True
    )
    tip, touched = tree.query(
        shapely.points(plane[drawn.joint]), predicate="dwithin", distance=TOLERANCE
    )
    owner = drawn.line[drawn.joint][tip]
    tip, touched, owner = tip[owner != touched], touched[owner != touched], owner[owner != touched]
    ends = plane[drawn.joint][tip]
    line = np.concatenate([one[pair], other[pair], touched, owner])
    points = np.concatenate([point, point, ends, ends])
    joined = plane[_same_place(drawn)[1]]
    if len(joined):
        free = cKDTree(joined).query(points)[0] > 2 * TOLERANCE
        line, points = line[free], points[free]
    return line.astype(np.int64), points


def _insert(drawn: _Drawn, line: Ints, point: Floats) -> _Drawn:
    """Return the lines with further vertices, each at its place along its line."""
    plane = drawn.plane
    lines = shapely.linestrings(plane, indices=drawn.line)
    step = np.hypot(*np.diff(plane, axis=0, prepend=plane[:1]).T)
    step[drawn.start[:-1]] = 0.0
    along = np.cumsum(step)
    along -= along[drawn.start[:-1]][drawn.line]
    added = shapely.line_locate_point(lines[line], shapely.points(point))
    degrees = point / _scale(drawn.lat)
    order = np.lexsort([np.concatenate([along, added]), np.concatenate([drawn.line, line])])
    return _Drawn(
        np.concatenate([drawn.lon, degrees[:, 0]])[order],
        np.concatenate([drawn.lat, degrees[:, 1]])[order],
        np.concatenate([drawn.line, line])[order],
        np.concatenate([drawn.joint, np.ones(len(line), np.bool_)])[order],
    )


def _chains(drawn: _Drawn, frame: gpd.GeoDataFrame) -> Chains:
    place, joined = _same_place(drawn)
    first: Any = np.unique(place, return_index=True)[1]
    shown = np.where(joined, first[place], np.arange(len(place)))  # one position a junction
    return Chains(
        ref=shown,
        lon=drawn.lon[shown],
        lat=drawn.lat[shown],
        start=drawn.start,
        highway=frame["highway"].to_numpy(np.object_),
        name=frame["name"].to_numpy(np.object_),
    )
