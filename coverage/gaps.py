"""The list of gaps: one record a place and type, each with who lives there and who must act.

Definition. A **gap record** is a (place, type) with at least one residential point whose state for
the type is a gap. Place is the community; points in no community are joined to clusters by single
linkage at ``merge_metres`` in a straight line. All gap points of a place and type are one record,
so that nothing is listed twice::

    residents = sum of residents of its gap points                         (persons)
    minutes   = sum(residents * walk) / sum(residents) over those that reach an outlet at all (min)
    severity  = residents * priority                                       (weighted persons)

The level that must act (a project choice, no published rule was found): the street-town; the
district where more than ``act_share`` of the street-town's residents of known state are a gap for
the type; the city where that holds for the whole district.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .circles import ServiceCircles
from .states import State

#: Columns of `gap_list` with their units.
GAP_UNITS = {
    "rank": "",
    "id": "id",
    "place": "id",
    "place_name": "",
    "place_name_en": "",
    "place_kind": "community or cluster",
    "street": "id",
    "district": "id",
    "type": "id",
    "points": "points",
    "points_without_residents": "points",
    "residents": "persons",
    "minutes": "min",
    "minutes_max": "min",
    "points_unreached": "points",
    "priority": "1-2",
    "severity": "persons x priority",
    "clause": "",
    "act_level": "street, district or city",
    "point": "id",
}

_WORDS = ("id", "place_name", "place_name_en", "type", "clause", "act_level")
_DIGITS = 10


def gap_list(
    circles: ServiceCircles,
    areas: gpd.GeoDataFrame | None = None,
    *,
    clauses: Mapping[str, str] | None = None,
    merge_metres: float = 300.0,
    act_share: float = 0.5,
) -> gpd.GeoDataFrame:
    """Return all gaps, the most residents first.

    Parameters
    ----------
    circles
        The measured circles.
    areas
        Canonical areas, for the names of communities.
    clauses
        Type -> the standard's words that ask for it; a type left out has none.
    merge_metres
        Gap points in no community are one cluster when linked by steps of at most this (m).
    act_share
        Share of residents (0-1) above which the next level up must act.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns as in `GAP_UNITS` and ``geometry``, the gap point with most residents (CRS of the
        demand). ``priority`` is 1: `quarterhour.coverage.priority.with_priority` sets it. The id is
        made from place and type, so that it stays from year to year. Records in which nobody is
        known to live and no figure is missing are left out.
    """
    levels = acting_levels(circles, act_share)
    names = _names(areas)
    parts = [_of_type(circles, column, merge_metres) for column in range(len(circles.types))]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    table["place_name"] = [names.get(p, ("", ""))[0] or p for p in table["place"]]
    table["place_name_en"] = [names.get(p, ("", ""))[1] for p in table["place"]]
    table["clause"] = [(clauses or {}).get(kind, "") for kind in table["type"]]
    keys = zip(table["district"], table["street"], table["type"], strict=True)
    table["act_level"] = [_level(levels, *key) for key in keys]
    table = table.astype(dict.fromkeys(_WORDS, str))  # without a row they would be numbers
    table["priority"] = 1.0
    table["severity"] = table["residents"]
    ranked = with_rank(table)
    points = circles.demand.set_index("id").geometry.loc[ranked["point"]]
    return gpd.GeoDataFrame(
        ranked[list(GAP_UNITS)], geometry=points.to_numpy(), crs=circles.demand.crs
    )


def with_rank(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps in order of severity, then residents, then id, with ``rank`` from 1."""
    ordered = gaps.sort_values(["severity", "residents", "id"], ascending=[False, False, True])
    ordered = ordered.reset_index(drop=True)
    return ordered.assign(rank=np.arange(1, len(ordered) + 1))


def gap_id(place: str, kind: str) -> str:
    """Return the stable id of a gap: ``G`` and ten digits of the SHA-256 of place and type."""
    return "G" + hashlib.sha256(f"{place}|{kind}".encode()).hexdigest()[:_DIGITS]


def acting_levels(circles: ServiceCircles, act_share: float) -> dict[tuple[str, str, str], bool]:
    """Return (level, area, type) -> whether its gap share is above ``act_share``."""
    residents = circles.demand["residents"].fillna(0.0).to_numpy(float)
    found = {}
    for level in ("district", "street"):
        groups = circles.demand[level].to_numpy(object)
        for column, kind in enumerate(circles.types):
            state = circles.state[:, column]
            table = pd.DataFrame(
                {"gap": residents * (state == State.GAP),
                 "known": residents * (state != State.UNKNOWN)}
            ).groupby(groups).sum()  # fmt: skip
            for area, gap, known in table.itertuples(name=None):
                found[level, str(area), kind.id] = bool(area) and gap > act_share * known
    return found


def _level(
    above: Mapping[tuple[str, str, str], bool], district: str, street: str, kind: str
) -> str:
    if above.get(("district", district, kind), False):
        return "city"
    return "district" if above.get(("street", street, kind), False) else "street"


def _of_type(circles: ServiceCircles, column: int, merge_metres: float) -> pd.DataFrame:
    """Return the gap records of one type."""
    rows = np.flatnonzero(circles.state[:, column] == State.GAP)
    demand = circles.demand.iloc[rows]
    residents = demand["residents"].to_numpy(float)
    known = np.nan_to_num(residents)
    minutes = circles.seconds[rows, column] / 60.0
    reached = np.isfinite(minutes)
    # Where no residents figure is known at all, each point counts once in the mean walk.
    places, kinds = _places(demand, merge_metres, circles.locations.network.crs)
    frame = pd.DataFrame(
        {
            "place": places,
            "place_kind": kinds,
            "street": demand["street"].to_numpy(object),
            "district": demand["district"].to_numpy(object),
            "points": 1,
            "points_without_residents": np.isnan(residents).astype(int),
            "residents": known,
            "walked": np.where(reached, known * np.nan_to_num(minutes), 0.0),
            "walkers": known * reached,
            "minutes_plain": np.where(reached, minutes, np.nan),
            "points_unreached": (~reached).astype(int),
            "point": demand["id"].to_numpy(object),
        }
    ).sort_values(["residents", "point"], ascending=[False, True], kind="stable")
    grouped = frame.groupby("place", sort=True)
    table = grouped.agg(
        place_kind=("place_kind", "first"), street=("street", "first"),
        district=("district", "first"), points=("points", "sum"),
        points_without_residents=("points_without_residents", "sum"),
        residents=("residents", "sum"), walked=("walked", "sum"), walkers=("walkers", "sum"),
        minutes_plain=("minutes_plain", "mean"), minutes_max=("minutes_plain", "max"),
        points_unreached=("points_unreached", "sum"), point=("point", "first"),
    ).reset_index()  # fmt: skip
    walkers = table["walkers"].to_numpy(float)
    mean = np.divide(
        table["walked"].to_numpy(float), walkers,
        out=table["minutes_plain"].to_numpy(float).copy(), where=walkers > 0,
    )  # fmt: skip
    kind = circles.types[column].id
    table = table.assign(
        minutes=mean, type=kind, id=[gap_id(place, kind) for place in table["place"]]
    )
    somebody = (table["residents"] > 0) | (table["points_without_residents"] > 0)
    return table[somebody].drop(columns=["walked", "walkers", "minutes_plain"])


def gap_places(circles: ServiceCircles, merge_metres: float) -> npt.NDArray[np.object_]:
    """Return the place whose gap record counts each point, object (n, T); "" where it is no gap.

    Parameters
    ----------
    circles
        The measured circles.
    merge_metres
        As for `gap_list`.
    """
    found = np.full(circles.state.shape, "", object)
    crs = circles.locations.network.crs
    for column in range(len(circles.types)):
        rows = np.flatnonzero(circles.state[:, column] == State.GAP)
        if len(rows):
            found[rows, column], _ = _places(circles.demand.iloc[rows], merge_metres, crs)
    return found


def _places(
    points: gpd.GeoDataFrame, merge_metres: float, crs: CRS | None
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return the place of each point and its kind: its community, else its cluster."""
    places = points["community"].to_numpy(object).copy()
    loose = np.flatnonzero(places == "")
    kinds = np.where(places == "", "cluster", "community").astype(object)
    if len(loose):
        places[loose] = _clusters(points.iloc[loose], merge_metres, crs)
    return places, kinds


def _clusters(
    points: gpd.GeoDataFrame, merge_metres: float, crs: CRS | None
) -> npt.NDArray[np.object_]:
    """Return for each point the least id of its cluster; straight lines are measured in ``crs``."""
    plane = points.geometry.to_crs(points.estimate_utm_crs() if crs is None else crs)
    xy = np.column_stack([plane.x, plane.y])
    pairs = cKDTree(xy).query_pairs(merge_metres, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    label = connected_components(links, directed=False)[1]
    least = pd.Series(points["id"].to_numpy(object)).groupby(label).min()
    return np.asarray(least.to_numpy(object)[label], dtype=object)


def _names(areas: gpd.GeoDataFrame | None) -> dict[str, tuple[str, str]]:
    if areas is None:
        return {}
    rows = areas[areas["level"] == "community"]
    return {
        area: (zh, en)
        for area, zh, en in zip(rows["id"], rows["name"], rows["name_en"], strict=True)
    }
