"""Areas of the summaries: districts, streets and communities as valid polygons with parents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .columns import ColumnMap, resolve_columns
from .datum import to_wgs84
from .faults import FaultLog
from .figures import narrow, read_numbers
from .identity import note_duplicate_ids
from .points import datum_of
from .tables import RawTable

Level = Literal["district", "street", "community"]

#: From the largest to the smallest.
LEVELS: Final[tuple[Level, ...]] = ("district", "street", "community")
_LEVEL_NAMES: Final[dict[Level, tuple[str, ...]]] = {
    "district": ("district", "区", "区县", "市辖区", "县"),
    "street": ("street", "街道", "街镇", "乡镇", "街道乡镇", "镇", "乡"),
    "community": ("community", "社区", "村", "居委会"),
}
_LEVEL_WORDS: Final = {word: level for level, words in _LEVEL_NAMES.items() for word in words}
_COLUMNS: Final = ["id", "name", "name_en", "level", "parent", "residents"]


def read_areas(
    table: RawTable,
    *,
    level: Level | None = None,
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    log: FaultLog,
) -> gpd.GeoDataFrame | None:
    """Read polygons of one or several levels.

    Parameters
    ----------
    table
        A table with polygons, or with a column of well-known text.
    level
        Level of the whole table; None reads it from the column ``level``.
    columns
        Mapping ``{canonical: source}``.
    datum
        Datum of the polygons, see `quarterhour.data.points.read_points`.
    log
        Takes the faults ``no_polygons``, ``area_kind``, ``area_beyond_repair``, ``unknown_level``,
        ``required_column``, ``duplicate_id``, those of columns and numbers, and the warning
        ``area_repaired``.

    Returns
    -------
    geopandas.GeoDataFrame or None
        ``id, name, name_en, level, parent, residents, geometry`` in EPSG:4326. Without an id
        column the id is the name, after the parent's (``"朝阳区/建外街道"``) where that is known.
        ``parent`` is as the table has it: see `link_parents`.
    """
    wanted = ("id", "name", "name_en", "level", "parent", "residents", "wkt")
    needs = ("name",) if level else ("name", "level")
    found = resolve_columns(table, wanted=wanted, required=needs, mapping=columns, log=log)
    name = datum_of(table, datum, log)
    shapes = _shapes(table, found, log)
    if name is None or shapes is None or "name" not in found:
        return None
    data = _attributes(table, found, level, log)
    polygons = _in_wgs84(_repaired(table, shapes, log), name)
    frame = gpd.GeoDataFrame(data[_COLUMNS], geometry=polygons, crs=4326)
    kept = ~(frame.geometry.isna() | frame.geometry.is_empty)
    return frame[kept].reset_index(drop=True)


def _attributes(
    table: RawTable, found: ColumnMap, level: Level | None, log: FaultLog
) -> pd.DataFrame:
    def text(name: str) -> NDArray[np.object_]:
        column = found.get(name)
        return table.text(column) if column else np.full(len(table), "", dtype=object)

    names, parents = text("name"), text("parent")
    data = pd.DataFrame({"name": names, "name_en": text("name_en"), "parent": parents})
    if level == LEVELS[0]:
        data["parent"] = ""
    data["level"] = [level] * len(table) if level else _levels(table, found, log)
    column = found.get("residents")
    data["residents"] = read_numbers(table, column, log=log, at_least=0) if column else np.nan
    data["id"] = _area_ids(table, found, data, log)
    return data


def _area_ids(
    table: RawTable, found: ColumnMap, data: pd.DataFrame, log: FaultLog
) -> NDArray[np.object_]:
    made = np.array(
        [f"{p}/{n}" if p else n for p, n in zip(data["parent"], data["name"], strict=True)],
        dtype=object,
    )
    column = found.get("id")
    given = table.text(column) if column else np.full(len(table), "", dtype=object)
    ids = np.where(given == "", made, given)
    note_duplicate_ids(ids, table=table, column=column or found.found["name"], log=log)
    return ids


def _levels(table: RawTable, found: ColumnMap, log: FaultLog) -> list[str]:
    column = found.get("level")
    if column is None:
        return [""] * len(table)
    levels: list[str] = []
    for index, text in enumerate(table.text(column)):
        level = _LEVEL_WORDS.get(narrow(text).casefold())
        if level is None:
            row = int(table.row_numbers[index])
            log.add("unknown_level", file=table.name, row=row, column=column, value=text)
        levels.append(level or "")
    return levels


def _shapes(table: RawTable, found: ColumnMap, log: FaultLog) -> NDArray[np.object_] | None:
    if table.geometry is not None:
        return np.asarray(table.geometry, dtype=object)
    column = found.get("wkt")
    if column is None:
        log.add("no_polygons", file=table.name)
        return None
    return np.asarray(shapely.from_wkt(table.text(column), on_invalid="ignore"), dtype=object)


def _repaired(table: RawTable, shapes: NDArray[np.object_], log: FaultLog) -> NDArray[np.object_]:
    """Return valid polygons; None where a row has none."""
    repaired = np.full(len(shapes), None, dtype=object)
    for index, shape in enumerate(shapes):
        row = int(table.row_numbers[index])
        if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon) or shape.is_empty:
            kind = "–" if shape is None else shape.geom_type
            log.add("area_kind", file=table.name, row=row, value=kind)
        elif shape.is_valid:
            repaired[index] = shapely.force_2d(shape)
        else:
            repaired[index] = _repair(table, row, shapely.force_2d(shape), log)
    return repaired


def _repair(
    table: RawTable, row: int, shape: shapely.Geometry, log: FaultLog
) -> shapely.Geometry | None:
    reason = shapely.is_valid_reason(shape)
    fixed = polygons_of(shapely.make_valid(shape))
    if fixed.is_empty:
        log.add("area_beyond_repair", file=table.name, row=row, value=reason)
        return None
    log.add("area_repaired", file=table.name, row=row, value=reason, severity="warning")
    return fixed


def polygons_of(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of a geometry as one, without the lines and points a repair leaves."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    nested = [p for part in shapely.get_parts(shape) for p in shapely.get_parts(part)]
    parts += [p for p in nested if p.geom_type == "Polygon" and p not in parts]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def _in_wgs84(shapes: NDArray[np.object_], datum: str) -> NDArray[np.object_]:
    if datum == "wgs84":
        return shapes

    def convert(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_wgs84(coordinates[:, 0], coordinates[:, 1], datum))

    moved: NDArray[np.object_] = shapely.transform(shapes, convert)
    return moved


def link_parents(areas: gpd.GeoDataFrame, *, log: FaultLog) -> gpd.GeoDataFrame:
    """Turn parents into ids of the level above, and make missing areas of that level.

    Parameters
    ----------
    areas
        All areas of a study, one or more outputs of `read_areas` put together.
    log
        Takes ``duplicate_area`` (an id used at two levels) and ``ambiguous_parent`` (a name that
        several areas above have).

    Returns
    -------
    geopandas.GeoDataFrame
        ``parent`` holds an id or ``""``. An area without parent takes the area above that holds
        its inner point. Where a level above is missing altogether but named as parents, its areas
        are the unions of their parts, with the sum of their residents.
    """
    frame = areas.reset_index(drop=True)
    for value in frame.loc[frame["id"].duplicated(), "id"].unique():
        log.add("duplicate_area", value=value)
    for upper, lower in zip(LEVELS[-2::-1], LEVELS[:0:-1], strict=True):
        frame = _with_level(frame, upper, lower)
        frame = _linked(frame, upper, lower, log)
    return frame


def _with_level(frame: gpd.GeoDataFrame, upper: Level, lower: Level) -> gpd.GeoDataFrame:
    """Add the areas of ``upper`` by dissolving those of ``lower`` if there are none."""
    parts = frame[(frame["level"] == lower) & (frame["parent"] != "")]
    if (frame["level"] == upper).any() or parts.empty:
        return frame
    groups = parts.groupby("parent", sort=True)
    names = list(groups.groups)
    made = pd.DataFrame({"id": names, "name": names, "name_en": "", "level": upper, "parent": ""})
    made["residents"] = [_sum(groups.get_group(n)["residents"]) for n in names]
    shapes = [shapely.union_all(groups.get_group(n).geometry.to_numpy()) for n in names]
    added = gpd.GeoDataFrame(made[_COLUMNS], geometry=shapes, crs=frame.crs)
    return gpd.GeoDataFrame(pd.concat([frame, added], ignore_index=True), crs=frame.crs)


def _sum(residents: pd.Series) -> float:
    """Return the sum, unknown if a part is."""
    return float(residents.sum()) if residents.notna().all() else float("nan")


def _linked(frame: gpd.GeoDataFrame, upper: Level, lower: Level, log: FaultLog) -> gpd.GeoDataFrame:
    above = frame[frame["level"] == upper]
    ids = set(above["id"])
    by_name: dict[str, list[str]] = {}
    for name, value in zip(above["name"], above["id"], strict=True):
        by_name.setdefault(str(name), []).append(str(value))
    for index in frame.index[frame["level"] == lower]:
        parent = str(frame.loc[index, "parent"])
        if parent in ids:
            continue
        named = by_name.get(parent, [])
        if len(named) > 1:
            log.add("ambiguous_parent", value=parent, area=frame.loc[index, "name"])
        point = frame.geometry.iloc[index].representative_point()
        frame.loc[index, "parent"] = named[0] if len(named) == 1 else _holder(point, above)
    return frame


def _holder(point: shapely.Point, above: gpd.GeoDataFrame) -> str:
    if above.empty:
        return ""
    inside = above.index[above.geometry.intersects(point)]
    return str(above.loc[inside[0], "id"]) if len(inside) else ""
