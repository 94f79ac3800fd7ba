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
from .levels import LEVELS, AreaGroups, area_groups, areas_of_points, with_names
from .states import State

__all__ = ["CIRCLE", "LEVELS", "SUMMARY_UNITS", "point_table", "summarise"]

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
    outlets = areas_of_points(circles.facilities, areas)
    parts = [
        _count(circles, area_groups(circles.demand, areas, level), outlets.get(level))
        for level in LEVELS
    ]
    return with_names(pd.concat(parts, ignore_index=True), areas)[list(SUMMARY_UNITS)]


def _count(
    circles: ServiceCircles, groups: AreaGroups, outlet_areas: npt.NDArray[np.object_] | None
) -> pd.DataFrame:
    residents = circles.demand["residents"].to_numpy(float)
    missing = np.isnan(residents)
    persons = np.where(missing, 0.0, residents)
    base = {
        "level": groups.level,
        "area": groups.keys,
        "points": groups.sum(np.ones(len(persons))).astype(np.int64),
        "points_without_residents": groups.sum(missing).astype(np.int64),
        "residents": groups.sum(persons),
    }
    rows = []
    columns = [*(kind.id for kind in circles.types), CIRCLE]
    for column, name in enumerate(columns):
        state = circles.circle if name == CIRCLE else circles.state[:, column]
        counts = {s: groups.sum(persons * (state == s)) for s in State}
        straight = _straight(circles, column)
        known = counts[State.COVERED] + counts[State.GAP]
        share = np.full(len(known), np.nan)
        np.divide(counts[State.COVERED], known, out=share, where=known > 0)
        rows.append(
            pd.DataFrame(
                base
                | {
                    "type": name,
                    "covered": counts[State.COVERED],
                    "gap": counts[State.GAP],
                    "unknown": counts[State.UNKNOWN],
                    "share": share,
                    "straight_covered": groups.sum(persons * straight),
                    "overcount": groups.sum(persons * (straight & (state == State.GAP))),
                    "outlets": _outlets(circles, column, groups, outlet_areas),
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
    groups: AreaGroups,
    outlet_areas: npt.NDArray[np.object_] | None,
) -> npt.NDArray[np.float64]:
    """Return the outlets of a type (or of all) in each area; NaN where areas have no polygons."""
    if outlet_areas is None:
        return np.full(len(groups.keys), np.nan)
    where = groups.place(outlet_areas)
    counted = where >= 0
    if column < len(circles.types):
        counted &= circles.facilities["type"].to_numpy(object) == circles.types[column].id
    return np.bincount(where[counted], minlength=len(groups.keys)).astype(np.float64)


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
