"""Breakfast gap: who finds a place at an open breakfast outlet within walking reach.

For a morning window (default 06:00–09:00 on working days)::

    demand_i   = residents_i x share of residents who breakfast out        (persons)
    capacity_j = rate_j x hours open within the window                     (persons served)
    rate_j     = meals per hour, or seats x guests a seat takes per hour   (persons / h)

Demand is assigned to outlets within the walking threshold (`quarterhour.coverage.assignment`):
each person is served once and no outlet beyond its capacity. An outlet whose hours or capacity are
not known might serve anybody near it; what only such outlets could serve is **unknown**, so::

    served + gap + unknown = demand                                        (persons)

where ``gap`` is the least number unserved whatever the unknown figures are, and ``served`` the
most that the known outlets can serve. Of such assignments the one with least walking is given.
Unserved people at points the data cannot tell about (`quarterhour.coverage.knowledge`) are unknown.
Definition and default window: project choice; the share has no default, as no source was seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.opening_hours import WORKDAYS, Window, minutes_open, parse_hours

from .assignment import Assignment, assign_flows
from .by_level import ratio, sum_by_level
from .circles import TOLERANCE, ServiceCircles, ServiceType
from .errors import QueryError, raise_all
from .network import StreetNetwork
from .pairs import Pairs, pairs

Floats = npt.NDArray[np.float64]

#: 06:00–09:00 (project choice).
MORNING = Window(6 * 60, 9 * 60)

#: Columns of `breakfast_table` with their units.
BREAKFAST_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "points": "points",
    "points_without_residents": "points",
    "residents": "persons",
    "demand": "persons who breakfast out in the window",
    "served": "persons",
    "gap": "persons no outlet can serve",
    "unknown": "persons of whom the data cannot tell",
    "share": "0-1, served of served and gap",
    "walk": "m, mean walk of those served",
}

#: Columns of `outlet_table` with their units.
OUTLET_UNITS = {
    "id": "id",
    "name": "",
    "state": "",
    "minutes_open": "min within the window",
    "rate": "persons per hour",
    "capacity": "persons in the window",
    "used": "persons in the window",
    "share_used": "0-1 of capacity",
}


class OutletState(StrEnum):
    """What is known of an outlet in the morning."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN_HOURS = "unknown_hours"
    UNKNOWN_CAPACITY = "unknown_capacity"
    OFF_STREETS = "off_streets"


@dataclass(frozen=True, slots=True)
class BreakfastRule:
    """What the breakfast gap is measured by.

    Attributes
    ----------
    out_share
        Share of residents who breakfast out, 0 to 1: a figure the study must state.
    window, days
        Morning window, and the weekdays (Monday 0) on all of which an outlet must be open.
    capacity
        What the facilities' ``capacity`` counts: ``meals`` an hour, or ``seats``.
    guests_per_seat
        Guests a seat takes per hour; only for ``seats`` (project choice: 3, twenty minutes each).
    type
        Id of the facility type that serves breakfast.

    Raises
    ------
    QueryError
        Listing every figure out of range.
    """

    out_share: float
    window: Window = MORNING
    days: tuple[int, ...] = WORKDAYS
    capacity: Literal["meals", "seats"] = "meals"
    guests_per_seat: float = 3.0
    type: str = "breakfast"

    def __post_init__(self) -> None:
        raise_all(QueryError, self._breaches())

    def _breaches(self) -> Iterable[str]:
        if not 0 <= self.out_share <= 1:
            yield f"out_share is {self.out_share}, expected 0 to 1"
        if not 0 < self.guests_per_seat < np.inf:
            yield f"guests_per_seat is {self.guests_per_seat}, expected above 0"
        if self.capacity not in {"meals", "seats"}:
            yield f"capacity is {self.capacity!r}, expected meals or seats"

    @property
    def rate(self) -> float:
        """Persons per hour for each unit of ``capacity``."""
        return self.guests_per_seat if self.capacity == "seats" else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class BreakfastGap:
    """Breakfast of n residential points at m outlets.

    Attributes
    ----------
    demand, outlets
        The tables measured; ``outlets`` are the existing ones of the rule's type, RangeIndex.
    rule
        What it was measured by.
    persons
        float64 (n,): persons who breakfast out; NaN where residents are not known.
    served, gap, unknown
        float64 (n,): ``persons`` by state; 0 where residents are not known.
    walk
        float64 (n,): mean walk of those served in m, NaN where none is.
    state
        object (m,): `OutletState`.
    minutes
        float64 (m,): minutes open in the window; NaN where the hours are not known.
    capacity, used
        float64 (m,): persons that can be served in the window (NaN unknown), and that are.
    assignment
        Flows with their proof; targets are rows of ``outlets``.
    """

    demand: gpd.GeoDataFrame
    outlets: gpd.GeoDataFrame
    rule: BreakfastRule
    persons: Floats
    served: Floats
    gap: Floats
    unknown: Floats
    walk: Floats
    state: npt.NDArray[np.object_]
    minutes: Floats
    capacity: Floats
    used: Floats
    assignment: Assignment


def measure_breakfast(
    network: StreetNetwork, circles: ServiceCircles, rule: BreakfastRule
) -> BreakfastGap:
    """Measure who finds breakfast.

    Parameters
    ----------
    network
        The streets the circles were measured on.
    circles
        Service circles with the rule's type among them: they give points, outlets, threshold and
        walker.
    rule
        What it is measured by.

    Raises
    ------
    QueryError
        If the circles do not judge the rule's type, or were measured on another network.
    AssignmentError
        If the assignment is not proven optimal.
    """
    column = _column(circles, rule.type)
    kind = circles.types[column]
    rows = np.flatnonzero(circles.facilities["type"].to_numpy() == kind.id)
    outlets = circles.facilities.iloc[rows].reset_index(drop=True)
    minutes = _minutes(outlets, rule)
    capacity = outlets["capacity"].to_numpy(float) * rule.rate * minutes / 60.0
    capacity[minutes == 0] = 0.0
    persons = circles.demand["residents"].to_numpy(float) * rule.out_share
    reach = _reach(network, circles, kind, rows)
    found, walks = _assigned(reach, np.nan_to_num(persons), capacity)
    known = np.isfinite(capacity)
    served = _by_point(found, known[found.target])
    walked = _by_point(found, known[found.target] * walks)
    doubtful = circles.knowledge.reason(kind.id, kind.radius(circles.criterion, circles.profile))
    left = found.unserved
    gap = np.where(doubtful == "", left, 0.0)
    unknown = _by_point(found, ~known[found.target]) + left - gap
    state = _states(outlets, minutes, circles.facility_placed[rows])
    return BreakfastGap(
        circles.demand, outlets, rule, persons, served, gap, unknown, ratio(walked, served),
        state, minutes, capacity, found.used, found,
    )  # fmt: skip


def breakfast_table(gap: BreakfastGap, areas: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Return breakfast by city, district, street and community.

    Parameters
    ----------
    gap
        The measure.
    areas
        Canonical areas, for names and for areas without points.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area), columns and units as in `BREAKFAST_UNITS`;
        ``served + gap + unknown = demand`` in every row.
    """
    residents = gap.demand["residents"].to_numpy(float)
    values = {
        "points": np.ones(len(residents)),
        "points_without_residents": np.isnan(residents),
        "residents": residents,
        "demand": gap.persons,
        "served": gap.served,
        "gap": gap.gap,
        "unknown": gap.unknown,
        "walk": np.nan_to_num(gap.walk) * gap.served,
    }
    table = sum_by_level(gap.demand, values, areas)
    table["walk"] = ratio(table["walk"], table["served"])
    table["share"] = ratio(table["served"], table["served"] + table["gap"])
    for name in ("points", "points_without_residents"):
        table[name] = table[name].astype(np.int64)
    return table[list(BREAKFAST_UNITS)]


def breakfast_points(gap: BreakfastGap) -> gpd.GeoDataFrame:
    """Return one row a residential point: the demand table and what was found.

    Returns
    -------
    geopandas.GeoDataFrame
        With ``breakfast_demand``, ``breakfast_served``, ``breakfast_gap``, ``breakfast_unknown``
        (persons) and ``breakfast_walk`` (m).
    """
    return gap.demand.assign(
        breakfast_demand=gap.persons,
        breakfast_served=gap.served,
        breakfast_gap=gap.gap,
        breakfast_unknown=gap.unknown,
        breakfast_walk=np.round(gap.walk, 1),
    )


def outlet_table(gap: BreakfastGap) -> gpd.GeoDataFrame:
    """Return one row an outlet with its state, capacity and use; units in `OUTLET_UNITS`."""
    frame = gap.outlets[["id", "name", "geometry"]].copy()
    frame.insert(2, "state", gap.state)
    frame.insert(3, "minutes_open", gap.minutes)
    frame.insert(4, "rate", gap.outlets["capacity"].to_numpy(float) * gap.rule.rate)
    frame.insert(5, "capacity", gap.capacity)
    frame.insert(6, "used", gap.used)
    frame.insert(7, "share_used", ratio(gap.used, np.nan_to_num(gap.capacity)))
    return frame


def count_outlets(gap: BreakfastGap) -> dict[str, int]:
    """Return how many outlets are in each `OutletState`; they add up to all of them."""
    return {state.value: int((gap.state == state.value).sum()) for state in OutletState}


def _column(circles: ServiceCircles, kind: str) -> int:
    ids = [judged.id for judged in circles.types]
    if kind not in ids:
        raise QueryError(f"the circles judge {', '.join(ids)}, not {kind!r}")
    return ids.index(kind)


def _minutes(outlets: gpd.GeoDataFrame, rule: BreakfastRule) -> Floats:
    hours = (parse_hours(str(text)) for text in outlets["hours"])
    return np.array([minutes_open(h, rule.window, rule.days) for h in hours], np.float64)


def _reach(
    network: StreetNetwork, circles: ServiceCircles, kind: ServiceType, rows: npt.NDArray[np.int64]
) -> Pairs | None:
    """Return points × outlets within the threshold, None where there are no outlets."""
    if circles.outlets is None or not len(rows):
        return None
    return pairs(
        network,
        circles.locations,
        circles.outlets.take(rows),
        limit=kind.limit(circles.criterion) + TOLERANCE,
        by="metres" if circles.criterion == "metres" else "seconds",
        profile=circles.profile,
    )


def _assigned(reach: Pairs | None, persons: Floats, capacity: Floats) -> tuple[Assignment, Floats]:
    """Return the assignment, known outlets first, and the metres of its pairs."""
    if reach is None:
        nothing = np.zeros(0)
        return assign_flows(nothing, nothing, nothing, persons, capacity), nothing
    source = np.repeat(np.arange(len(persons)), np.diff(reach.indptr))
    target = reach.indices.astype(np.int64)
    metres = reach.metres.astype(np.float64)
    useful = (persons[source] > 0) & ~(capacity[target] == 0)
    source, target, metres = source[useful], target[useful], metres[useful]
    known = np.isfinite(capacity)
    room = np.where(known, capacity, np.inf)
    preferred = None if known.all() else known[target]
    found = assign_flows(source, target, metres, persons, room, preferred=preferred)
    return found, metres


def _by_point(found: Assignment, weights: npt.ArrayLike) -> Floats:
    flows = found.flow * np.asarray(weights, np.float64)
    sums = np.bincount(found.source, weights=flows, minlength=len(found.demand))
    return sums.astype(np.float64)


def _states(
    outlets: gpd.GeoDataFrame, minutes: Floats, placed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Return what is known of each outlet; the first that applies in the order of the list."""
    empty = outlets["capacity"].isna().to_numpy()
    cases = [minutes == 0, ~placed, np.isnan(minutes), empty]
    words = [
        OutletState.CLOSED, OutletState.OFF_STREETS, OutletState.UNKNOWN_HOURS,
        OutletState.UNKNOWN_CAPACITY,
    ]  # fmt: skip
    values = [word.value for word in words]
    chosen = np.select(cases, values, default=OutletState.OPEN.value)
    return np.asarray(chosen, dtype=object)
