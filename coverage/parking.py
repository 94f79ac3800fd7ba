"""Night parking gap: vehicles that find no space where they live.

For each community *c*, with *i* its residential points::

    vehicles_i = vehicles given, else households_i x cars per household    (vehicles)
    spaces_c   = sum over its lots open to residents of (spaces - spaces shared)
    gap_c      = max(0, sum_i vehicles_i - spaces_c)                       (vehicles, at night)
    gap_i      = gap_c x vehicles_i / sum_i vehicles_i

A surplus of one community does not fill the gap of another, so gaps add up to the city's. Spaces a
lot hands out by sharing are left out here: they count in `quarterhour.coverage.parking_sharing`.
The gap is **unknown** where vehicles are not known of some points and the known ones find room, in
points without a community, and where the register names no lot of the community (unless the study
says that the register is complete). Definition: counted after 22:00, as Beijing's 2016 census did;
which lots residents may use is a project choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.opening_hours import WORKDAYS, Window

from .by_level import ratio, sum_by_level
from .errors import QueryError, raise_all
from .states import State

Floats = npt.NDArray[np.float64]

#: 22:00–07:00 (the start from the 2016 census, the end a project choice).
NIGHT: Final = Window(22 * 60, 31 * 60)

#: Columns of `parking_table` with their units.
PARKING_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "communities": "communities",
    "communities_unknown": "communities whose gap is not known",
    "points_without_vehicles": "points",
    "vehicles": "vehicles known",
    "spaces": "spaces open to residents at night",
    "gap": "vehicles without a space, of communities whose gap is known",
    "unknown": "vehicles of communities whose gap is not known",
    "surplus": "spaces left over at night, of communities whose gap is known",
    "spaces_per_vehicle": "spaces per vehicle",
}


@dataclass(frozen=True, slots=True)
class Need:
    """When a share of the vehicles needs a space.

    Attributes
    ----------
    window
        From coming home to leaving.
    share
        Share of the vehicles, above 0 to 1.
    """

    window: Window = NIGHT
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class ParkingRule:
    """What the parking gap and its sharing are measured by.

    Attributes
    ----------
    cars_per_household
        For points whose vehicles are not given; None leaves them unknown.
    usable_kinds
        Kinds of lots (`quarterhour.data.parking.LOT_KINDS`) that residents may use at night.
    complete
        Whether the register names every lot: a community without any then has no spaces.
    needs
        When vehicles need a space; the shares add up to 1. A shared lot must be open for the
        whole of a need.
    days
        Weekdays (Monday 0) on which the needs begin.
    subsidy
        Yuan for each shared space in use and month; None where the study states no rate.

    Raises
    ------
    QueryError
        Listing every figure out of range.
    """

    cars_per_household: float | None = None
    usable_kinds: tuple[str, ...] = ("residential", "street")
    complete: bool = False
    needs: tuple[Need, ...] = (Need(),)
    days: tuple[int, ...] = WORKDAYS
    subsidy: float | None = None

    def __post_init__(self) -> None:
        raise_all(QueryError, self._breaches())

    def _breaches(self) -> Iterable[str]:
        for name in ("cars_per_household", "subsidy"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < np.inf:
                yield f"{name} is {value}, expected 0 or more"
        if not all(0 < need.share <= 1 for need in self.needs):
            yield "a need's share is not above 0 and at most 1"
        if abs(sum(need.share for need in self.needs) - 1) > 1e-9:
            yield "the shares of the needs do not add up to 1"
        if not self.days or not set(self.days) <= set(range(7)):
            yield f"days are {self.days}, expected some of 0 to 6"


@dataclass(frozen=True, slots=True, eq=False)
class ParkingGap:
    """The night gap of n residential points in c communities.

    Attributes
    ----------
    demand
        The table measured.
    rule
        What it was measured by.
    vehicles
        float64 (n,): vehicles of each point, NaN unknown.
    point_gap
        float64 (n,): its part of its community's gap; NaN where that is not known.
    communities
        One row a community: ``community, street, district, vehicles, spaces, gap`` (NaN unknown)
        ``, missing`` (points whose vehicles are not known)`, state`` (`State`).
    """

    demand: gpd.GeoDataFrame
    rule: ParkingRule
    vehicles: Floats
    point_gap: Floats
    communities: pd.DataFrame


def measure_parking(
    demand: gpd.GeoDataFrame, lots: gpd.GeoDataFrame, rule: ParkingRule
) -> ParkingGap:
    """Measure the night gap of every community.

    Parameters
    ----------
    demand
        Canonical demand; ``vehicles``, ``households`` and ``community`` are used.
    lots
        The register (`quarterhour.data.parking.read_parking`), with the community of each lot.
    rule
        What it is measured by.
    """
    vehicles = _vehicles(demand, rule)
    usable = lots[lots["kind"].isin(rule.usable_kinds)]
    keys = sorted(set(demand["community"]) | set(usable["community"]))
    position = {key: row for row, key in enumerate(keys)}
    home = np.array([position[key] for key in demand["community"]], np.int64)
    there = np.array([position[key] for key in usable["community"]], np.int64)
    own = usable["spaces"].to_numpy(float) - np.nan_to_num(usable["share_spaces"].to_numpy(float))
    table = pd.DataFrame(
        {
            "community": keys,
            "street": _label(keys, demand, lots, "street"),
            "district": _label(keys, demand, lots, "district"),
            "vehicles": np.bincount(home, np.nan_to_num(vehicles), len(keys)),
            "spaces": np.bincount(there, own, len(keys)),
            "missing": np.bincount(home, np.isnan(vehicles), len(keys)).astype(np.int64),
        }
    )
    lots_known = (np.bincount(there, minlength=len(keys)) > 0) | rule.complete
    state = _states(table, lots_known)
    short = np.maximum(0.0, table["vehicles"] - table["spaces"])
    table["gap"] = np.where(state == State.UNKNOWN, np.nan, short)
    table["state"] = state
    share = np.nan_to_num(ratio(vehicles, table["vehicles"].to_numpy()[home]))
    point_gap = np.where(np.isnan(vehicles), np.nan, table["gap"].to_numpy()[home] * share)
    return ParkingGap(demand, rule, vehicles, point_gap, table)


def parking_table(gap: ParkingGap, areas: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Return the night gap by city, district, street and community; units in `PARKING_UNITS`."""
    table = gap.communities
    unknown = table["state"].to_numpy() == State.UNKNOWN
    surplus = np.maximum(0.0, table["spaces"] - table["vehicles"])
    values = {
        "communities": np.ones(len(table)),
        "communities_unknown": unknown,
        "points_without_vehicles": table["missing"],
        "vehicles": table["vehicles"],
        "spaces": table["spaces"],
        "gap": table["gap"],
        "unknown": np.where(unknown, table["vehicles"], 0.0),
        "surplus": np.where(unknown, 0.0, surplus),
    }
    sums = sum_by_level(table, values, areas)
    sums["spaces_per_vehicle"] = ratio(sums["spaces"], sums["vehicles"])
    for name in ("communities", "communities_unknown", "points_without_vehicles"):
        sums[name] = sums[name].astype(np.int64)
    return sums[list(PARKING_UNITS)]


def _vehicles(demand: gpd.GeoDataFrame, rule: ParkingRule) -> Floats:
    """Return the vehicles given, else households × cars per household, else NaN."""
    given: Floats = demand["vehicles"].to_numpy(float)
    if rule.cars_per_household is None:
        return given
    estimated: Floats = demand["households"].to_numpy(float) * rule.cars_per_household
    return np.where(np.isnan(given), estimated, given)


def _states(table: pd.DataFrame, lots_known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """Return the state of each community; a gap is one whatever the missing vehicles are."""
    short = (table["vehicles"] > table["spaces"]).to_numpy()
    told = lots_known & (table["community"] != "").to_numpy()
    enough = ~short & (table["missing"] == 0).to_numpy()
    states = np.where(short, State.GAP, np.where(enough, State.COVERED, State.UNKNOWN))
    return np.where(told, states, State.UNKNOWN).astype(np.int8)


def _label(keys: list[str], demand: pd.DataFrame, lots: pd.DataFrame, level: str) -> list[str]:
    """Return the street or district of each community: of its first point, else of its lots."""
    found: dict[str, str] = {}
    for table in (demand, lots):
        if level in table:
            for key, area in zip(table["community"], table[level], strict=True):
                if area and key:
                    found.setdefault(str(key), str(area))
    return [found.get(key, "") for key in keys]
