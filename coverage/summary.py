"""Coverage counted in residents, for every area level and for each single point.

For an area and a type, with *r* the residents of its points::

    covered + gap + unknown = residents          (persons)
    share = covered / (covered + gap)            (of those whose state is known)

Points whose residents are not known add nothing to the persons; they are counted in
``points_without_residents``.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from .circles import ServiceCircles
from .states import State

#: Area levels, finest last; "city" is everything.
LEVELS = ("city", "district", "street", "community")

#: Row of the summary that speaks of all basic types together.
CIRCLE = "circle"

#: Columns of `summarise` with their units.
SUMMARY_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id",
    "points": "points",
    "points_without_residents": "points",
    "residents": "persons",
    "covered": "persons",
    "gap": "persons",
    "unknown": "persons",
    "share": "0-1 of residents whose state is known",
    "straight_covered": "persons a straight-line circle would report as covered",
    "overcount": "persons a straight-line circle reports as covered that walking proves a gap",
    "outlets": "outlets",
}


def summarise(circles: ServiceCircles, areas: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Count residents by state for every level, area and type.

    Parameters
    ----------
    circles
        The measured circles.
    areas
        Canonical areas: they give names, and list areas without demand too. None: ids only.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, type), columns and units as in `SUMMARY_UNITS`; ``type`` is
        `CIRCLE` for the full circle. Points without an area of a level are in area "".
    """
    names = _area_names(areas)
    outlets = _outlet_areas(circles, areas)
    parts = []
    for level in LEVELS:
        groups = _groups(circles.demand, level)
        known = [area for (of_level, area) in names if of_level == level]
        keys = sorted(set(groups) | set(known)) if level != "city" else [""]
        parts.append(_count(circles, level, keys, groups, outlets.get(level)))
    table = pd.concat(parts, ignore_index=True)
    labels = [
        names.get((lvl, area), ("", "")) for lvl, area in zip(table.level, table.area, strict=True)
    ]
    table.insert(2, "name", [label[0] for label in labels])
    table.insert(3, "name_en", [label[1] for label in labels])
    return table[list(SUMMARY_UNITS)]


def _area_names(areas: gpd.GeoDataFrame | None) -> dict[tuple[str, str], tuple[str, str]]:
    if areas is None:
        return {}
    columns = (areas["level"], areas["id"], areas["name"], areas["name_en"])
    return {(lvl, key): (zh, en) for lvl, key, zh, en in zip(*columns, strict=True)}


def _groups(table: pd.DataFrame, level: str) -> npt.NDArray[np.object_]:
    if level == "city" or level not in table:
        return np.full(len(table), "", object)
    return np.asarray(table[level].to_numpy(), dtype=object)


def _outlet_areas(
    circles: ServiceCircles, areas: gpd.GeoDataFrame | None
) -> dict[str, npt.NDArray[np.object_]]:
    """Return the area of each outlet by level."""
    outlets = circles.facilities
    found = {"city": np.full(len(outlets), "", object)}
    if areas is None or outlets.empty:
        return found
    for level, polygons in areas.groupby("level"):
        joined = gpd.sjoin(outlets[["geometry"]], polygons[["id", "geometry"]], how="left")
        first = joined.loc[~joined.index.duplicated(), "id"]
        found[str(level)] = np.asarray(first.fillna("").to_numpy(), dtype=object)
    return found


def _count(
    circles: ServiceCircles,
    level: str,
    keys: list[str],
    groups: npt.NDArray[np.object_],
    outlet_groups: npt.NDArray[np.object_] | None,
) -> pd.DataFrame:
    position = {key: row for row, key in enumerate(keys)}
    where = np.array([position[key] for key in groups], np.int64)
    residents = circles.demand["residents"].to_numpy(float)
    missing = np.isnan(residents)
    persons = np.where(missing, 0.0, residents)

    def total(mask: npt.NDArray[np.bool_] | float) -> npt.NDArray[np.float64]:
        counted = np.bincount(where, weights=persons * mask, minlength=len(keys))
        return counted.astype(np.float64)

    base = {
        "level": level,
        "area": keys,
        "points": np.bincount(where, minlength=len(keys)),
        "points_without_residents": np.bincount(where[missing], minlength=len(keys)),
        "residents": total(1.0),
    }
    rows = []
    columns = [*(kind.id for kind in circles.types), CIRCLE]
    for column, name in enumerate(columns):
        state = circles.circle if name == CIRCLE else circles.state[:, column]
        counts = {s: total(state == s) for s in State}
        straight = _straight(circles, column)
        known = counts[State.COVERED] + counts[State.GAP]
        share = np.divide(
            counts[State.COVERED], known, out=np.full(len(keys), np.nan), where=known > 0
        )
        rows.append(
            pd.DataFrame(
                base
                | {
                    "type": name,
                    "covered": counts[State.COVERED],
                    "gap": counts[State.GAP],
                    "unknown": counts[State.UNKNOWN],
                    "share": share,
                    "straight_covered": total(straight),
                    "overcount": total(straight & (state == State.GAP)),
                    "outlets": _outlets(circles, column, position, outlet_groups),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _straight(circles: ServiceCircles, column: int) -> npt.NDArray[np.bool_]:
    """Return what straight lines would report for a type, or for the full circle (last column)."""
    straight = circles.straight_covered
    if column < len(circles.types):
        return np.asarray(straight[:, column], bool)
    basic = [kind.basic for kind in circles.types]
    return np.asarray(straight[:, basic].all(axis=1), bool)


def _outlets(
    circles: ServiceCircles,
    column: int,
    position: dict[str, int],
    groups: npt.NDArray[np.object_] | None,
) -> npt.NDArray[np.float64]:
    if groups is None:
        return np.full(len(position), np.nan)
    mask = np.ones(len(groups), bool)
    if column < len(circles.types):
        mask = circles.facilities["type"].to_numpy() == circles.types[column].id
    rows = [
        position[key]
        for key, of_type in zip(groups, mask, strict=True)
        if of_type and key in position
    ]
    return np.bincount(rows, minlength=len(position)).astype(float)


def point_table(circles: ServiceCircles) -> gpd.GeoDataFrame:
    """Return one row a demand point with state, walk and nearest outlet of each type.

    Returns
    -------
    geopandas.GeoDataFrame
        The demand table (EPSG:4326) with, for each type, ``<type>_state`` (covered, gap or
        unknown), ``<type>_metres`` (m), ``<type>_minutes`` (min), ``<type>_outlet`` (id),
        ``<type>_reason``; and ``circle`` (state) and ``basic_covered`` (number of basic types).
    """
    words = np.array([state.name.lower() for state in State], object)
    ids = np.append(circles.facilities["id"].to_numpy(object), "")
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for column, kind in enumerate(circles.types):
        columns[f"{kind.id}_state"] = words[circles.state[:, column]]
        columns[f"{kind.id}_metres"] = np.round(circles.metres[:, column], 2)
        columns[f"{kind.id}_minutes"] = np.round(circles.seconds[:, column] / 60.0, 3)
        columns[f"{kind.id}_outlet"] = ids[circles.facility[:, column]]
        columns[f"{kind.id}_reason"] = circles.reason[:, column]
    basic = [kind.basic for kind in circles.types]
    columns["basic_covered"] = (circles.state[:, basic] == State.COVERED).sum(axis=1)
    columns["circle"] = words[circles.circle]
    extra = pd.DataFrame(columns, index=circles.demand.index)
    return gpd.GeoDataFrame(pd.concat([circles.demand, extra], axis=1), crs=circles.demand.crs)
