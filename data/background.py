"""What stands in for base-map tiles: water, railways, green and main roads, drawn by ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely
from osmium.filter import EntityFilter, KeyFilter
from osmium.geom import WKBFactory

from .faults import FaultLog
from .streets_files import first_line, usable_crs
from .streets_osm import DAMAGE, osm_input
from .streets_osm import SUFFIXES as OSM_SUFFIXES
from .tables_geo import read_vector

#: Kinds in the order in which they are drawn, the lowest first.
KINDS = (
    "farm", "grounds", "compound", "green", "water", "waterway", "building", "railway", "main_road"
)  # fmt: skip

#: OpenStreetMap key to values, for closed shapes.
AREA_TAGS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "water": {
        "natural": frozenset({"water", "bay"}),
        "waterway": frozenset({"riverbank", "dock"}),
        "landuse": frozenset({"reservoir", "basin"}),
    },
    "green": {
        "leisure": frozenset({"park", "garden", "golf_course", "nature_reserve"}),
        "landuse": frozenset(
            {"grass", "forest", "meadow", "village_green", "recreation_ground", "cemetery"}
        ),
        "natural": frozenset({"wood", "scrub", "grassland", "heath", "wetland"}),
    },
}

#: OpenStreetMap key to values, for lines.
LINE_TAGS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "waterway": {"waterway": frozenset({"river", "canal", "stream"})},
    "railway": {
        "railway": frozenset({"rail", "light_rail", "subway", "tram", "narrow_gauge", "monorail"})
    },
    "main_road": {"highway": frozenset({"motorway", "trunk", "motorway_link", "trunk_link"})},
}

_KEYS = ("natural", "waterway", "landuse", "leisure", "railway", "highway")
_WAY, _AREA = osmium.osm.WAY, osmium.osm.AREA
_METRES = 111_195.0  # metres a degree of latitude, for the tolerance only (sphere of 6,371 km)


def read_background(
    path: str | Path, *, log: FaultLog, tolerance: float = 5.0
) -> gpd.GeoDataFrame | None:
    """Read what can be drawn behind streets.

    Parameters
    ----------
    path
        An OpenStreetMap file, or a GeoJSON (or GeoPackage or Shapefile) with a column ``kind`` as
        below or with OpenStreetMap's keys as columns.
    log
        Takes ``background_damaged``, ``file_missing``, ``streets_crs``.
    tolerance
        Metres by which simplified shapes may differ; areas smaller than its square are left out.

    Returns
    -------
    geopandas.GeoDataFrame or None
        Columns ``kind`` (one of `KINDS`), ``name`` ("" = none), ``name_en`` where a table gives
        it, ``geometry`` (valid; EPSG:4326),
        in drawing order, RangeIndex; empty where the file has nothing of the sort. Areas are
        polygons or multipolygons, assembled from relations too; underground lines are left out.
        None where a fault was noted.
    """
    file = Path(path)
    if not file.is_file():
        log.add("file_missing", file=path)
        return None
    if file.name.lower().endswith(OSM_SUFFIXES):
        try:
            frame = _from_osm(file)
        except DAMAGE as error:
            log.add("background_damaged", file=path, value=first_line(error))
            return None
    else:
        found = _from_table(file, log)
        if found is None:
            return None
        frame = found
    return _simplified(frame, tolerance)


def kind_of(tags: Mapping[str, str], *, area: bool) -> str | None:
    """Return what a shape with these tags is drawn as, or None for nothing.

    Parameters
    ----------
    tags
        OpenStreetMap tags.
    area
        Whether the shape is closed.
    """
    if not area and (tags.get("tunnel", "no") != "no" or tags.get("layer", "0").startswith("-")):
        return None
    for kind, keys in (AREA_TAGS if area else LINE_TAGS).items():
        if any(tags.get(key) in values for key, values in keys.items()):
            return kind
    return None


def _from_osm(path: Path) -> gpd.GeoDataFrame:
    factory = WKBFactory()
    rows: list[tuple[str, str, str]] = []
    wanted = KeyFilter(*_KEYS)
    shapes: Any = osmium.FileProcessor(osm_input(path)).with_areas(wanted)
    for shape in shapes.with_filter(EntityFilter(_WAY | _AREA)).with_filter(wanted):
        tags = dict(shape.tags)
        kind = kind_of(tags, area=shape.is_area())
        wkb = _wkb(factory, shape) if kind else None
        if kind and wkb:
            rows.append((kind, tags.get("name") or tags.get("name:zh") or "", wkb))
    kinds, names, lines = zip(*rows, strict=True) if rows else ((), (), ())
    table = {"kind": list(kinds), "name": list(names)}
    return gpd.GeoDataFrame(table, geometry=shapely.from_wkb(list(lines)), crs=4326)


def _wkb(factory: WKBFactory, shape: Any) -> str | None:
    """Return a shape as hex, or None where its points are missing: the file was cut there."""
    try:
        if shape.is_area():
            return str(factory.create_multipolygon(shape))
        return str(factory.create_linestring(shape))
    except (RuntimeError, osmium.InvalidLocationError):
        return None


def _from_table(path: Path, log: FaultLog) -> gpd.GeoDataFrame | None:
    layer = read_vector(path, layer=None, encoding=None, log=log, file=str(path))
    if layer is None:
        return None
    frame = layer.frame
    if not isinstance(frame, gpd.GeoDataFrame):
        log.add("background_damaged", file=path, value="geometry")
        return None
    if usable_crs(frame.crs, path, log) is None:
        return None
    frame = frame.to_crs(4326)
    present = frame.geometry.notna() & ~frame.geometry.is_empty
    frame = frame[present & (frame.geom_type != "Point")]
    names = frame["name"] if "name" in frame else pd.Series("", frame.index)
    table: dict[str, Any] = {"kind": _table_kinds(frame), "name": names.fillna("").astype(str)}
    if "name_en" in frame:
        table["name_en"] = frame["name_en"].fillna("").astype(str)
    return gpd.GeoDataFrame(table, geometry=frame.geometry, crs=4326)


def _table_kinds(frame: gpd.GeoDataFrame) -> list[str | None]:
    if "kind" in frame:
        return [kind if kind in KINDS else None for kind in frame["kind"]]
    keys = [key for key in (*_KEYS, "tunnel", "layer") if key in frame]
    closed = shapely.get_dimensions(frame.geometry.array) == 2
    rows = frame[keys].astype(object).to_dict("records")
    return [
        kind_of({k: v for k, v in row.items() if isinstance(v, str)}, area=bool(area))
        for row, area in zip(rows, closed, strict=True)
    ]


def _simplified(frame: gpd.GeoDataFrame, tolerance: float) -> gpd.GeoDataFrame:
    frame = frame[frame["kind"].notna()]
    step = tolerance / _METRES
    shapes = shapely.simplify(np.asarray(frame.geometry.array, np.object_), step)
    areas = shapely.get_dimensions(shapes) == 2
    shapes[areas] = shapely.make_valid(shapes[areas], method="structure", keep_collapsed=False)
    line = shapely.get_dimensions(shapes) == 1
    large = np.where(areas, shapely.area(shapes) > step**2, line)
    order = np.argsort([KINDS.index(kind) for kind in frame["kind"][large]], kind="stable")
    table = frame.assign(geometry=shapes)[large].iloc[order]
    shown = [column for column in ("kind", "name", "name_en", "geometry") if column in table]
    columns = table[shown].reset_index(drop=True)
    return gpd.GeoDataFrame(columns, geometry="geometry", crs=4326)
