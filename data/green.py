"""Green spaces and community homes (口袋公园, 社区之家) with their entrances, every row checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from .columns import ColumnMap, plain_header, resolve_columns
from .datum import to_wgs84
from .faults import FaultLog
from .figures import narrow, read_numbers
from .frame_areas import polygons_of
from .identity import generated_ids, note_duplicate_ids
from .points import datum_of
from .tables import RawTable

#: Words for the kinds of places, compared without case and spaces.
GREEN_KINDS: Final = {
    "pocket_park": ("pocket_park", "pocketpark", "口袋公园", "小微绿地", "街心公园", "街头绿地"),
    "park": ("park", "公园", "综合公园", "社区公园", "城市公园"),
    "green": ("green", "greenspace", "绿地", "公共绿地", "附属绿地"),
    "square": ("square", "plaza", "广场"),
    "community_home": ("community_home", "communityhome", "communitycentre", "社区之家",
                       "社区服务站", "社区服务中心", "邻里中心", "居民活动中心"),
}  # fmt: skip
_ENTRANCE: Final = ("entrance", "gate", "入口", "出入口", "大门", "门")
_KINDS: Final = {word: kind for kind, words in GREEN_KINDS.items() for word in words}
_HEADERS: Final = {
    "kind": ("kind", "类型", "类别", "绿地类型", "性质", "type"),
    "green_id": ("greenid", "parkid", "park", "所属公园", "所属绿地", "公园编号", "绿地编号"),
}
_SHOWN: Final = ", ".join(
    [f"{kind} {next(w for w in words if not w.isascii())}" for kind, words in GREEN_KINDS.items()]
    + ["entrance 入口"]
)
_ELLIPSOID: Final = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class GreenTable:
    """Green spaces and community homes.

    Attributes
    ----------
    places
        ``id, name, kind, area_m2`` (as the table has it, else that of the polygon on the
        ellipsoid; NaN of points)`, geometry`` (Polygon, MultiPolygon or Point), EPSG:4326.
    entrances
        ``green_id, geometry`` (Point), EPSG:4326; may be empty.
    """

    places: gpd.GeoDataFrame
    entrances: gpd.GeoDataFrame


def read_green(
    table: RawTable,
    *,
    entrances: RawTable | None = None,
    kind: str = "",
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    log: FaultLog,
) -> GreenTable | None:
    """Read green spaces, and their entrances from the same table or another.

    Parameters
    ----------
    table
        Polygons or points with a column of their kind; rows of the kind entrance are entrances.
    entrances
        A table of entrances alone, with the id or the name of the place of each.
    kind
        Kind of the whole table, where it has no column of kinds.
    columns
        Mapping ``{canonical: source}`` for ``id, name, kind, area_m2, green_id, wkt``.
    datum
        Datum of the coordinates, see `quarterhour.data.points.read_points`.
    log
        Takes the faults ``green_kind``, ``green_shape``, ``green_owner``, ``green_none``,
        ``required_column``, ``duplicate_id``, ``unknown_datum``, ``no_polygons`` and those of
        numbers.

    Returns
    -------
    GreenTable or None
        None without any place.
    """
    own = _rows(table, kind, columns or {}, datum, log)
    if own is None:
        return None
    gates = [own[own["kind"] == "entrance"]]
    places = own[own["kind"].isin(GREEN_KINDS)].reset_index(drop=True)
    if places.empty:
        log.add("green_none", file=table.name)
        return None
    _finish_ids(places, table, log)
    if entrances is not None:
        more = _rows(entrances, "entrance", columns or {}, datum, log)
        gates += [] if more is None else [more]
    linked = [_linked(part, places, log) for part in gates]
    joined = gpd.GeoDataFrame(pd.concat(linked, ignore_index=True), crs=4326)
    return GreenTable(places[["id", "name", "kind", "area_m2", "geometry"]], joined)


def _rows(
    table: RawTable, kind: str, columns: Mapping[str, str], datum: str | None, log: FaultLog
) -> gpd.GeoDataFrame | None:
    """Return all rows with a shape: places and entrances, with file and row for the checks."""
    known = {name: source for name, source in columns.items() if source in table.columns}
    mapped = _recognised(table, known) | known
    wanted = ("id", "name", "kind", "area_m2", "green_id", "wkt")
    need = () if kind else ("kind",)
    found = resolve_columns(table, wanted=wanted, required=need, mapping=mapped, log=log)
    shapes, name = _shapes(table, found, log), datum_of(table, datum, log)
    if shapes is None or name is None or not (kind or "kind" in found):
        return None
    frame = gpd.GeoDataFrame(
        {
            "id": _text(table, found, "id"),
            "name": _text(table, found, "name"),
            "kind": _kinds(table, found, kind, log),
            "green_id": _text(table, found, "green_id"),
            "file": table.name,
            "row": table.row_numbers,
        },
        geometry=_in_wgs84(shapes, name),
        crs=4326,
    )
    frame["area_m2"] = _areas(table, found, frame.geometry, log)
    return frame[frame.geometry.notna()].reset_index(drop=True)


def _recognised(table: RawTable, mapped: Mapping[str, str]) -> dict[str, str]:
    headers = {plain_header(column): column for column in reversed(table.columns)}
    free = {plain: column for plain, column in headers.items() if column not in mapped.values()}
    hits = {n: next((free[w] for w in words if w in free), "") for n, words in _HEADERS.items()}
    return {name: column for name, column in hits.items() if column and name not in mapped}


def _text(table: RawTable, found: ColumnMap, name: str) -> NDArray[np.object_]:
    column = found.get(name)
    return table.text(column) if column else np.full(len(table), "", dtype=object)


def _kinds(table: RawTable, found: ColumnMap, kind: str, log: FaultLog) -> NDArray[np.object_]:
    column = found.get("kind")
    if column is None or kind == "entrance":
        return np.full(len(table), kind, dtype=object)
    kinds = np.full(len(table), "", dtype=object)
    for index, text in enumerate(table.text(column)):
        word = narrow(text).casefold().replace(" ", "")
        kinds[index] = "entrance" if word in _ENTRANCE else _KINDS.get(word, kind)
        if not kinds[index]:
            row = int(table.row_numbers[index])
            log.add("green_kind", file=table.name, row=row, column=column, value=text, known=_SHOWN)
    return kinds


def _shapes(table: RawTable, found: ColumnMap, log: FaultLog) -> NDArray[np.object_] | None:
    """Return valid polygons and points, None where a row has neither."""
    column = found.get("wkt")
    if table.geometry is None and column is None:
        log.add("no_polygons", file=table.name)
        return None
    if table.geometry is not None:
        given = np.asarray(table.geometry, dtype=object)
    else:
        given = np.asarray(shapely.from_wkt(table.text(str(column)), on_invalid="ignore"), object)
    shapes = np.full(len(given), None, dtype=object)
    for index, shape in enumerate(given):
        shapes[index] = _usable(shape)
        if shapes[index] is None:
            row = int(table.row_numbers[index])
            value = "–" if shape is None else shape.geom_type
            log.add("green_shape", file=table.name, row=row, value=value)
    return shapes


def _usable(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    if shape is None or shape.is_empty:
        return None
    if isinstance(shape, shapely.Point):
        return shapely.force_2d(shape)
    if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        return None
    flat = shapely.force_2d(shape)
    whole = flat if flat.is_valid else polygons_of(shapely.make_valid(flat))
    return None if whole.is_empty else whole


def _in_wgs84(shapes: NDArray[np.object_], datum: str) -> NDArray[np.object_]:
    if datum == "wgs84":
        return shapes

    def convert(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_wgs84(coordinates[:, 0], coordinates[:, 1], datum))

    moved: NDArray[np.object_] = shapely.transform(shapes, convert)
    return moved


def _areas(
    table: RawTable, found: ColumnMap, shapes: gpd.GeoSeries, log: FaultLog
) -> NDArray[np.float64]:
    """Return the areas stated, else those of the polygons in m²."""
    column = found.get("area_m2")
    stated = np.full(len(table), np.nan)
    if column is not None:
        stated = read_numbers(table, column, log=log, at_least=0)
    drawn = np.array([_area(shape) for shape in shapes], np.float64)
    return np.where(np.isnan(stated), drawn, stated)


def _area(shape: shapely.Geometry | None) -> float:
    if shape is None or isinstance(shape, shapely.Point):
        return float("nan")
    return abs(float(_ELLIPSOID.geometry_area_perimeter(shape)[0]))


def _finish_ids(places: gpd.GeoDataFrame, table: RawTable, log: FaultLog) -> None:
    """Check the ids of the places and make those that are missing."""
    given = places["id"].to_numpy(dtype=object)
    kept = np.searchsorted(table.row_numbers, places["row"].to_numpy())
    every = np.full(len(table), "", dtype=object)
    every[kept] = given
    note_duplicate_ids(every, table=table, column="id", log=log)
    centres = shapely.get_coordinates(places.geometry.representative_point().to_numpy())
    made = generated_ids("green", places["name"], centres)
    places["id"] = np.where(given == "", made, given)


def _linked(gates: gpd.GeoDataFrame, places: gpd.GeoDataFrame, log: FaultLog) -> gpd.GeoDataFrame:
    """Return the entrances with the id of their place."""
    ids = set(places["id"])
    by_name = dict(zip(places["name"], places["id"], strict=True))
    owners = []
    for gate in gates.itertuples():
        named = str(gate.green_id)
        owner = named if named in ids else by_name.get(named, "")
        if not owner:
            log.add("green_owner", file=str(gate.file), row=int(str(gate.row)), value=named)
        owners.append(owner)
    points = gates.geometry.representative_point()
    linked = gpd.GeoDataFrame({"green_id": owners}, geometry=points.to_numpy(), crs=4326)
    return linked[linked["green_id"] != ""].reset_index(drop=True)
