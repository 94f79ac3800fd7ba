"""Allocation indicators (配置指标): outlets and floor area of an area against the least asked.

For an area with *r* residents, over the existing outlets (open or substandard) standing in it::

    outlets_per_1000 = outlets / r * 1000          area_per_1000 = m² / r * 1000
    required  = value * r / per                    (outlets or m²; per = 1,000 or 1,000,000)
    shortfall = max(0, required - actual)          (outlets: rounded up to whole ones)

Each level is judged by its own residents and outlets. A figure **per community** is asked of each
community with residents by itself; above, required and shortfall are the sums over the
communities, so that a surplus in one makes up for no other. A community whose residents are not
known at all may need none.

States: **met** when ``actual >= required`` for certain, **short** when ``actual < required`` for
certain, else **unknown**: outlets whose floor area is missing may have any, points without a
residents figure any residents, and of a type not on record nothing is known. A met requirement
stays met whatever missing floor areas are; a short one stays short whatever missing residents are,
by at least the shortfall given. Figures per 1,000 are of the residents on record; where points
without a figure leave a state unknown, ``suffices_for`` says how many residents the supply on
record would suffice for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.faults import FaultLog
from quarterhour.data.standards import StandardsPack

from .circles import ServiceCircles
from .levels import LEVELS, AreaGroups, area_groups, areas_of_points, with_names
from .requirements import Requirement, requirements

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

#: Columns of `provision_table` with their units.
PROVISION_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id",
    "residents": "persons",
    "points_without_residents": "points",
    "communities": "communities with residents",
    "outlets": "outlets; empty where the type is not on record",
    "area_m2": "m² on record",
    "outlets_without_area": "outlets whose floor area is not known",
    "outlets_per_1000": "outlets per 1,000 residents on record",
    "area_per_1000": "m² per 1,000 residents on record; empty where a floor area is not known",
    "area_per_1000_at_least": "the same from the floor areas on record alone",
    "outlets_per_community": "outlets per community with residents",
}

#: Columns of `allocation_table` with their units.
ALLOCATION_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id; empty for the pack as a whole",
    "indicator": "id in the standards pack, or per_community",
    "value": "the least figure, in unit",
    "unit": "of value",
    "counted_in": "outlets or m2: unit of required, actual and shortfall",
    "residents": "persons",
    "points_without_residents": "points",
    "required": "outlets or m²",
    "actual": "outlets or m² on record; empty where no type counted is on record",
    "outlets_without_area": "outlets whose floor area is not known",
    "state": "met, short or unknown",
    "suffices_for": "persons whom what is on record suffices for; empty for per_community",
    "shortfall": "outlets or m²; empty where unknown",
    "shortfall_at_most": "outlets or m² if missing floor areas were 0; empty where not bounded",
    "short_communities": "communities that lack an outlet; per_community only",
    "certainty": "verified, unverified or project_choice: how sure the figure is",
    "source": "where the figure comes from",
}

MET, SHORT, UNKNOWN = "met", "short", "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class _Supply:
    """The outlets, and the areas they stand in."""

    facilities: gpd.GeoDataFrame
    kinds: Objects
    area_m2: Floats
    places: Mapping[str, Objects]
    on_record: frozenset[str]

    def counting(self, asked: Requirement) -> Bools:
        """Return the outlets that count for a requirement, bool (f,)."""
        mask = np.isin(self.kinds, asked.counted)
        if not asked.only:
            return mask
        return np.asarray(mask & self.facilities[asked.only].eq(other=True).to_numpy(), bool)


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    """The areas of a level, and who lives in them; g areas."""

    groups: AreaGroups
    residents: Floats
    missing: Floats
    communities: Floats


def provision_table(circles: ServiceCircles, areas: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Return outlets and floor area per 1,000 residents and per community.

    Parameters
    ----------
    circles
        Measured circles: their points, outlets and types are used.
    areas
        Canonical areas; without a level's polygons only the city can be told.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, type), columns and units in `PROVISION_UNITS`. Outlets outside all
        areas of a level are in area "".
    """
    supply = _supply(circles, areas)
    parts = [
        _provision(kind.id, supply, people)
        for people in _levels(circles, areas, supply)
        for kind in circles.types
    ]
    return with_names(pd.concat(parts, ignore_index=True), areas)[list(PROVISION_UNITS)]


def allocation_table(
    circles: ServiceCircles,
    pack: StandardsPack,
    areas: gpd.GeoDataFrame | None = None,
    *,
    log: FaultLog | None = None,
) -> pd.DataFrame:
    """Judge the supply of every area by what a pack asks.

    Parameters
    ----------
    circles
        Measured circles: their points, outlets and types are used.
    pack
        Standards.
    areas
        Canonical areas; without a level's polygons only the city can be told.
    log
        Takes a warning for each indicator left out: ``indicator_unit``,
        ``indicator_needs_column``, ``indicator_needs_communities``.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, requirement), columns and units in `ALLOCATION_UNITS`.
    """
    own = FaultLog() if log is None else log
    supply = _supply(circles, areas)
    types = [kind.id for kind in circles.types]
    asked = requirements(pack, types, set(circles.facilities.columns), log=own)
    if "community" not in supply.places and any(a.kind == "per_community" for a in asked):
        own.add("indicator_needs_communities", severity="warning")
        asked = tuple(a for a in asked if a.kind != "per_community")
    people = _levels(circles, areas, supply)
    parts = [_judged(one, supply, level, people, areas) for level in people for one in asked]
    empty = pd.DataFrame({name: [] for name in ALLOCATION_UNITS})
    table = with_names(pd.concat(parts, ignore_index=True) if parts else empty, areas)
    return table[list(ALLOCATION_UNITS)]


def _supply(circles: ServiceCircles, areas: gpd.GeoDataFrame | None) -> _Supply:
    outlets = circles.facilities
    unknown = np.full(len(outlets), np.nan)
    area = outlets["area_m2"].to_numpy(float) if "area_m2" in outlets else unknown
    kinds = outlets["type"].to_numpy(object)
    places = areas_of_points(outlets, areas)
    return _Supply(outlets, kinds, area, places, circles.knowledge.on_record)


def _levels(
    circles: ServiceCircles, areas: gpd.GeoDataFrame | None, supply: _Supply
) -> list[_People]:
    """Return who lives where, for every level whose outlets can be placed."""
    found = []
    residents = circles.demand["residents"].to_numpy(float)
    for level in LEVELS:
        if level in supply.places:
            groups = area_groups(circles.demand, areas, level, also=set(supply.places[level]))
            total, missing = groups.sum(np.nan_to_num(residents)), groups.sum(np.isnan(residents))
            found.append(_People(groups, total, missing, np.zeros(len(total))))
    inhabited = _inhabited(found[-1]) if found[-1].groups.level == "community" else {}
    return [
        _People(p.groups, p.residents, p.missing, _sum_up(inhabited, p.groups, areas))
        for p in found
    ]


def _inhabited(people: _People) -> dict[str, float]:
    """Return 1 for each community with residents, or with points whose residents are unknown."""
    some = (people.residents > 0) | (people.missing > 0)
    named = zip(people.groups.keys, some, strict=True)
    return {key: 1.0 for key, lived_in in named if lived_in and key}


def _sum_up(
    values: Mapping[str, float], groups: AreaGroups, areas: gpd.GeoDataFrame | None
) -> Floats:
    """Return the sums of communities' values over the areas they belong to, float64 (g,)."""
    parent = {} if areas is None else dict(zip(areas["id"], areas["parent"], strict=True))
    level = {} if areas is None else dict(zip(areas["id"], areas["level"], strict=True))
    position = {key: row for row, key in enumerate(groups.keys)}
    sums = np.zeros(len(groups.keys))
    for community, value in values.items():
        area = "" if groups.level == "city" else community
        while area and level.get(area) != groups.level:
            area = parent.get(area, "")
        if area in position:
            sums[position[area]] += value
    return sums


def _in_areas(values: npt.ArrayLike, supply: _Supply, groups: AreaGroups) -> Floats:
    """Return the sums of outlets' values over the areas they stand in, float64 (g,)."""
    where = groups.place(supply.places[groups.level])
    weights = np.asarray(values, np.float64)
    return np.bincount(where, weights, len(groups.keys)).astype(np.float64)


def _provision(kind: str, supply: _Supply, people: _People) -> pd.DataFrame:
    of_type = supply.kinds == kind
    lacking = of_type & np.isnan(supply.area_m2)
    outlets = _in_areas(of_type, supply, people.groups)
    area = _in_areas(of_type * np.nan_to_num(supply.area_m2), supply, people.groups)
    without = _in_areas(lacking, supply, people.groups)
    if kind not in supply.on_record:
        outlets, area = np.full_like(outlets, np.nan), np.full_like(area, np.nan)
    told = np.ones(len(area), bool)
    return pd.DataFrame(
        {
            "level": people.groups.level,
            "area": people.groups.keys,
            "type": kind,
            "residents": people.residents,
            "points_without_residents": people.missing,
            "communities": people.communities,
            "outlets": outlets,
            "area_m2": area,
            "outlets_without_area": without,
            "outlets_per_1000": _per(outlets * 1000, people.residents, told),
            "area_per_1000": _per(area * 1000, people.residents, without == 0),
            "area_per_1000_at_least": _per(area * 1000, people.residents, told),
            "outlets_per_community": _per(outlets, people.communities, ~np.isnan(outlets)),
        }
    )


def _per(part: Floats, whole: Floats, told: Bools) -> Floats:
    found = np.full(len(part), np.nan)
    np.divide(part, whole, out=found, where=told & (whole > 0))
    return found


def _judged(
    asked: Requirement,
    supply: _Supply,
    people: _People,
    levels: list[_People],
    areas: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    """Return the rows of one requirement for one level."""
    if asked.kind == "per_community":
        found = _per_community(asked, supply, people, levels[-1], areas)
    else:
        found = _per_residents(asked, supply, people)
    head = {
        "level": people.groups.level,
        "area": people.groups.keys,
        "type": asked.type,
        "indicator": asked.indicator,
        "value": asked.value,
        "unit": asked.unit,
        "counted_in": "m2" if asked.kind == "area" else "outlets",
        "residents": people.residents,
        "points_without_residents": people.missing,
        "certainty": asked.certainty,
        "source": asked.source,
    }
    return pd.DataFrame(head | found)


def _per_community(
    asked: Requirement,
    supply: _Supply,
    people: _People,
    communities: _People,
    areas: gpd.GeoDataFrame | None,
) -> dict[str, object]:
    counts = supply.counting(asked)
    of_community = _in_areas(counts, supply, communities.groups)
    actual = dict(zip(communities.groups.keys, of_community, strict=True))
    lacking = {
        key: max(0.0, asked.value - actual[key]) * one
        for key, one in _inhabited(communities).items()
    }
    lived_in = dict(zip(communities.groups.keys, communities.residents, strict=True))
    sure = {key: missing for key, missing in lacking.items() if lived_in[key] > 0}
    short = {key: float(missing > 0) for key, missing in sure.items()}
    at_least = _sum_up(sure, people.groups, areas)
    at_most = _sum_up(lacking, people.groups, areas)
    state = np.select([at_least > 0, at_most > 0], [SHORT, UNKNOWN], MET)
    found = {
        "actual": _in_areas(counts, supply, people.groups),
        "shortfall": np.where(state == UNKNOWN, np.nan, at_least),
        "shortfall_at_most": at_most,
        "short_communities": _sum_up(short, people.groups, areas),
    }
    if not set(asked.counted) <= supply.on_record:
        state = np.full(len(state), UNKNOWN)
        found = {name: np.full(len(state), np.nan) for name in found}
    required = asked.value * people.communities
    head = {"required": required, "outlets_without_area": 0.0, "suffices_for": np.nan}
    return found | head | {"state": state}


def _per_residents(asked: Requirement, supply: _Supply, people: _People) -> dict[str, object]:
    counts = supply.counting(asked)
    amount = np.nan_to_num(supply.area_m2) if asked.kind == "area" else np.ones(len(counts))
    lacking = counts & np.isnan(supply.area_m2) & (asked.kind == "area")
    actual = _in_areas(counts * amount, supply, people.groups)
    without = _in_areas(lacking, supply, people.groups)
    required = asked.value * people.residents / asked.per
    missing = np.maximum(0.0, required - actual)
    if asked.kind == "outlets":
        # A hair below a whole outlet is arithmetic noise, not another outlet.
        missing = np.ceil(missing - 1e-9)
    all_told = set(asked.counted) <= supply.on_record
    none_told = not set(asked.counted) & supply.on_record
    met = (missing == 0) & (people.missing == 0)
    short = (missing > 0) & (without == 0) & all_told
    state = np.select([met & (not none_told), short], [MET, SHORT], UNKNOWN)
    state = np.where((required == 0) & (people.missing == 0), MET, state)
    bounded = people.missing == 0
    actual = np.full(len(actual), np.nan) if none_told else actual
    return {
        "required": required,
        "actual": actual,
        "outlets_without_area": without,
        "state": state,
        "suffices_for": actual * asked.per / asked.value if asked.value else np.nan,
        "shortfall": np.where(state == UNKNOWN, np.nan, missing),
        "shortfall_at_most": np.where(bounded, missing, np.nan),
        "short_communities": np.nan,
    }
